/* Values of one thread that no task carries to another. */
/* exit: 0, flags: -fbide-multi-thread */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bide_thread_bound window {
    int width;
};
struct owner {
    struct window *window; /* it may belong to another thread than the owner */
};
struct window *window_get(void);
void window_show(const struct window *);
static _Thread_local int counter;

static async int gone_before(void)
{
    struct window *w = window_get();
    window_show(w);
    await bide_yield();
    return 0;
}

static async int got_after(void)
{
    struct window *w;
    await bide_yield();
    w = window_get();
    window_show(w);
    return 0;
}

static async int got_anew(int n)
{
    struct window *w = window_get();
    while (n-- > 0) {
        window_show(w);
        await bide_yield();
        w = window_get();
    }
    return 0;
}

static async int null_until_then(void)
{
    struct window *w = NULL;
    await bide_yield();
    if (!w)
        w = window_get();
    window_show(w);
    return 0;
}

static async int tested(void)
{
    struct window *w = window_get();
    if (w)
        return w->width;
    await bide_yield();
    return w == NULL;
}

static async int errno_between_awaits(const char *text)
{
    await bide_yield();
    errno = 0;
    long n = strtol(text, NULL, 10);
    int error = errno;
    await bide_yield();
    counter++;
    await bide_yield();
    return n && error ? -error : counter;
}

static async int a_copy(int rc)
{
    char *text = strdup(strerror(rc));
    defer free(text);
    await bide_yield();
    puts(text);
    return 0;
}

static async int through_its_owner(struct owner *owner)
{
    await bide_yield();
    return owner->window != NULL;
}

static async int size_alone(void)
{
    struct window *w = window_get();
    window_show(w);
    await bide_yield();
    return (int)sizeof *w;
}

static async int in_the_result(int rc)
{
    await bide_yield();
    return printf("%d %s\n", await bide_sleep(BIDE_MS(1)), strerror(rc));
}

static async int before_the_await_of_a_branch(void)
{
    struct window *w = window_get();
    await bide_join(bide_yield(), ({
                        window_show(w);
                        await bide_yield();
                        w = window_get();
                        window_show(w);
                    }));
    return 0;
}

static async int meant(void)
{
    char *home = getenv("HOME");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbide-thread-bound"
    await bide_yield(); /* nobody calls setenv */
#pragma GCC diagnostic pop
    puts(home);
    return 0;
}

static async int draw(struct window *w)
{
    await bide_yield();
    return w->width;
}

async int main(void)
{
    struct window *mine = window_get();
    struct owner owner = {mine};
    bide_spawn(gone_before());
    bide_spawn(got_after());
    bide_spawn(got_anew(1));
    bide_spawn(null_until_then());
    bide_spawn(tested());
    bide_spawn(errno_between_awaits("1"));
    bide_spawn(a_copy(1));
    bide_spawn(size_alone());
    bide_spawn(in_the_result(1));
    bide_spawn(before_the_await_of_a_branch());
    bide_spawn(meant());
    bide_scope(s)
    {
        bide_scope_spawn(s, through_its_owner(&owner));
    }
    await draw(mine); /* main stays on its thread */
    return mine->width;
}
