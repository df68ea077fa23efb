/*
 * The sisters of bide_spawn: bide_spawn_on, bide_spawn_local, bide_spawn_low and bide_spawn_at, with
 * calls, pointers to async functions and blocks, kept and not kept; and bide_block_in_place.
 * one thread: it prints the order in which tasks run.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <errno.h>
#include <stdio.h>

static int evaluated;

static struct bide_runtime *here(void)
{
    evaluated++;
    return bide_runtime_current();
}

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async void say(const char *text)
{
    puts(text);
}

static async int joined(bide_task(int) h)
{
    int n = 0, error = await bide_task_join(h, &n);
    return error != 0 ? error : n;
}

static async void spawns(void)
{
    bide_async_fn(int, int) ref = bide_ref(later);
    char text[] = "captured";
    int n = await joined(bide_spawn_on(here(), later(await later(1))));
    printf("on %d\n", n);
    n = await joined(bide_spawn_on(here(), (*ref)(2)));
    printf("on %d\n", n);
    n = await joined(bide_spawn_local(later(3)));
    printf("local %d\n", n);
    n = await joined(bide_spawn_local((*ref)(4)));
    printf("local %d\n", n);
    n = await joined(bide_spawn_low(later(5)));
    printf("low %d\n", n);
    bide_spawn_on(here(), say("not kept: on"));
    bide_spawn_local(say("not kept: local"));
    bide_spawn_low(say("not kept: low"));
    bide_spawn_on(here(), async({ printf("%s: on\n", text); }));
    bide_spawn_local(async({ printf("%s: local\n", text); }));
    bide_spawn_low(async({ printf("%s: low\n", text); }));
    for (int i = 0; i < 3; i++)
        await bide_yield();
    bide_scope(s) {
        bide_task(int) h = bide_spawn_on(here(), later(6));
        n = await joined(bide_move(h));
        bide_scope_spawn(s, say("child"));
    }
    printf("evaluated %d, %d\n", evaluated, n);
}

/* This runtime has no cores to choose from. */
static async void cores(void)
{
    int zero = 0;
    n_are_refused:;
    int n = await joined(bide_spawn_at(zero, later(7)));
    int m = await joined(bide_spawn_at(1u, async({ 8; })));
    printf("at %d %d\n", n == -EINVAL, m == -EINVAL);
    if (zero++ == 0)
        goto n_are_refused;
    n = await joined(bide_spawn_on(NULL, later(7)));
    printf("none %d\n", n == -EINVAL);
}

struct pair {
    const int a, b;
};

static struct pair swap(struct pair p)
{
    return (struct pair){p.b, p.a};
}

static int calls;

static void count(void)
{
    calls++;
}

static int add(int a, int b)
{
    return a + b;
}

static async void in_place(void)
{
    int (*f)(int, int) = add;
    int a = 0, b = 0;
    struct pair p = await bide_block_in_place(swap((struct pair){1, await later(2)}));
    printf("%d %d\n", p.a, p.b);
    await bide_block_in_place(count());
    int n = await bide_block_in_place(add(1, 2)) + await bide_block_in_place(f(3, 4));
    await bide_join(a = bide_block_in_place(add(n, 1)), b = later(5), bide_block_in_place(count()));
    printf("%d %d %d %d\n", n, a, b, calls);
}

/* A task that is to be cancelled does not make the call. */
static async void not_called(void)
{
    int n = 0;
    bide_task(void) h = bide_spawn(async({ await bide_block_in_place(count()); }));
    bide_task_abort(h);
    n = await bide_task_join(h, NULL);
    printf("%d %d\n", n == -ECANCELED, calls);
}

async int main(void)
{
    await spawns();
    await cores();
    await in_place();
    await not_called();
    return 0;
}
