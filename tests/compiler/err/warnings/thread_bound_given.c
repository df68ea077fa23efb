/* Values of one thread that are given to a task, or come from it. */
/* flags: -fbide-multi-thread */
#include <bide/bide.h>
#include <stdio.h>
#include <string.h>

struct bide_thread_bound window {
    int width;
};
struct window *window_get(void);

static async int width(struct window *w)
{
    return w->width;
}
static async int print(const char *text)
{
    return puts(text);
}
static async struct window *open_one(void)
{
    await bide_yield();
    return window_get();
}
static async int held(struct window *w)
{
    await bide_yield();
    return w->width;
}
async int elsewhere(struct window *w);

static void plain(void)
{
    struct window *w = window_get();
    bide_spawn(width(w));
}

async int main(void)
{
    struct window *mine = window_get();
    const char *text = strerror(1);
    bide_task(int) a = bide_spawn(print(text));
    bide_spawn(print(strerror(2)));
    bide_spawn(held(mine)); /* said once */
    bide_spawn(elsewhere(mine));
    bide_spawn(async ({ printf("%d\n", mine->width); }));
    bide_task(struct window *) b = bide_spawn(open_one());
    bide_scope(s)
    {
        bide_scope_spawn(s, width(window_get()));
    }
    plain();
    bide_spawn(width(NULL));
    await bide_task_wait(a);
    return await bide_task_wait(b);
}
