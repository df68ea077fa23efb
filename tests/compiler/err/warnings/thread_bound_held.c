/* Every way to hold a value of one thread across an await; each function has one value. */
/* flags: -fbide-multi-thread */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct bide_thread_bound window {
    int width;
};
struct bide_thread_bound opaque; /* all that a library tells */
union bide_thread_bound either {
    int n;
    float f;
};
typedef int handle bide_thread_bound;
typedef handle second_name;
struct holder {
    struct {
        second_name inner;
    } part;
};
struct window *window_get(void);
struct opaque *opaque_get(void);
void window_fill(struct window *);
void window_show(const struct window *);
void opaque_show(struct opaque *);
void use(int);
handle handle_get(void);
static _Thread_local struct window own;

static async int opaque_type(void)
{
    struct opaque *o = opaque_get();
    await bide_yield();
    opaque_show(o);
    return 0;
}

static async int typedef_of_typedef(void)
{
    second_name h = handle_get();
    await bide_yield();
    use(h);
    return 0;
}

static async int member_of_member(void)
{
    struct holder holder;
    holder.part.inner = handle_get();
    await bide_yield();
    use(holder.part.inner);
    return 0;
}

static async int array_that_a_call_fills(void)
{
    struct window windows[2];
    window_fill(windows);
    await bide_yield();
    window_show(&windows[1]);
    return 0;
}

static async int filled_through_its_address(void)
{
    union either e;
    memset(&e, 0, sizeof e);
    await bide_yield();
    use(e.n);
    return 0;
}

static async int pointer_to_pointer(struct window **list)
{
    await bide_yield();
    window_show(list[0]);
    return 0;
}

static async int on_one_way(int n)
{
    struct window *w = NULL;
    if (n)
        w = window_get();
    await bide_yield();
    if (n)
        window_show(w);
    return 0;
}

static async int in_a_loop(int n)
{
    struct window *w = NULL;
    for (int i = 0; i < n; i++) {
        if (i > 0)
            window_show(w);
        w = window_get();
        await bide_yield();
    }
    return 0;
}

static async int in_a_deferred_block(void)
{
    struct window *w = window_get();
    defer window_show(w);
    await bide_yield();
    return 0;
}

static async int awaited_in_a_deferred_block(void)
{
    struct window *w = window_get();
    defer
    {
        await bide_yield();
        window_show(w);
    }
    return 0;
}

static async int in_a_statement_expression(void)
{
    return ({
        struct window *w = window_get();
        await bide_yield();
        w->width;
    });
}

static async int in_an_argument(int rc)
{
    return printf("%s %d\n", strerror(rc), await bide_sleep(BIDE_MS(1)));
}

int width_of(const struct window *, int);

static async int in_an_argument_too(void)
{
    struct window *w = window_get();
    return width_of(w, await bide_sleep(BIDE_MS(1)));
}

static async int in_a_scope(void)
{
    struct window *w = window_get();
    bide_scope(s)
    {
        (void)s;
    }
    window_show(w);
    return 0;
}

static async int a_part_of_a_text(int rc)
{
    const char *text = strerror(rc) + 1, *tail = text;
    tail++;
    await bide_yield();
    puts(tail);
    return 0;
}

static async int the_address_of_a_member(void)
{
    int *width = &own.width;
    await bide_yield();
    return *width;
}

static async int joined_with_another(void)
{
    int *where = &errno;
    await bide_join(bide_yield(), bide_sleep(BIDE_MS(1)));
    return *where;
}

static async int in_a_branch(void)
{
    struct window *w = window_get();
    await bide_join(bide_yield(), ({
                        await bide_yield();
                        window_show(w);
                    }));
    return 0;
}

static async int third(void)
{
    struct window *w = window_get();
    await bide_yield();
    window_show(w);
    return 0;
}
static async int second(int n)
{
    return n ? await second(n - 1) : await third();
}
static async int first(void)
{
    int r = 0;
    await bide_select(r = second(1), ({ await bide_sleep(BIDE_MS(1)); }));
    return r;
}

async int main(void)
{
    static struct window *list[1];
    bide_spawn(opaque_type());
    bide_spawn(typedef_of_typedef());
    bide_spawn(member_of_member());
    bide_spawn(array_that_a_call_fills());
    bide_spawn(filled_through_its_address());
    bide_spawn(pointer_to_pointer(list));
    bide_spawn(on_one_way(1));
    bide_spawn(in_a_loop(1));
    bide_spawn(in_a_deferred_block());
    bide_spawn(awaited_in_a_deferred_block());
    bide_spawn(in_a_statement_expression());
    bide_spawn(in_an_argument(1));
    bide_spawn(in_an_argument_too());
    bide_spawn(in_a_scope());
    bide_spawn(a_part_of_a_text(1));
    bide_spawn(the_address_of_a_member());
    bide_spawn(joined_with_another());
    bide_spawn(in_a_branch());
    bide_scope(s)
    {
        bide_scope_spawn(s, first());
    }
    return 0;
}
