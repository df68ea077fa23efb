/* The values of owners: an operator that chooses a value moves it out of the one variable that had
 * it; a result that a branch stores through a pointer is there when the group was cancelled;
 * arguments are evaluated although the await is refused. */
#include "../step.h"
#include <bide/testing.h>

static async int work(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return n;
}

static async bide_task(int) chosen(int c)
{
    bide_task(int) h = bide_spawn(work(3)), k = bide_spawn(work(4));
    await step(1);
    return c ? h : k;
}

static bide_task(int) chosen_plainly(int c)
{
    bide_task(int) h = bide_spawn(work(5)), k = bide_spawn(work(6)), more = bide_spawn(work(7));
    return c > 1 ? (c++, h) : (c > 0 ? (k) : ({ c++; more; }));
}

static async bide_task(int) of_a_statement(int c)
{
    bide_task(int) h = bide_spawn(work(8));
    return ({
        await step(1);
        c++;
        (h);
    });
}

static async bide_task(int) of_its_own(int c)
{
    bide_task(int) h = bide_spawn(work(9));
    return ({
        bide_task(int) inner = bide_spawn(work(10));
        await step(1);
        c ? inner : h;
    });
}

static bide_task(int) of_its_own_plainly(int c)
{
    return ({
        bide_task(int) inner = bide_spawn(work(c));
        inner;
    });
}

static async bide_future(int) of_futures(int c)
{
    bide_future(int) f = bide_lazy(work(11)), g = bide_lazy(work(12));
    return c ? f : bide_move(g);
}

static async int of(bide_task(int) h)
{
    int out = -1;
    for (int i = 0; i < 20; i++) /* it has ended */
        await bide_yield();
    return await bide_task_join(h, &out) == 0 ? out : -2;
}

/* ---- results through pointers ---- */

static async int later(int seconds)
{
    await bide_sleep(BIDE_S(seconds));
    return seconds;
}

static async void join_into(int *p)
{
    await bide_join(*p = step(9), later(100));
}

static async void join_in_a_branch(int *p)
{
    await bide_join(({ await bide_join(*p = step(8), later(100)); }), later(100));
}

static async void join_in_a_join(int *p)
{
    await bide_join(bide_join(bide_if(p, *p = step(7)), later(100)), later(100));
}

static async int looks(bide_async_fn(void, int *) f)
{
    int got = -1;
    defer { printf("got %d\n", got); }
    await (*f)(&got);
    return 0;
}

static async int looks_itself(void)
{
    int got = -1;
    defer { printf("got %d\n", got); }
    await bide_join(({ await bide_join(got = step(6), later(100)); }), later(100));
    return 0;
}

/* ---- refused ---- */

async bide_cancel_returns int refused(void);

async int refused(void)
{
    int i = 0, counted = 0;
    int r = await later(100);
    printf("%d ", r < 0);
    r = await step(i++);
    printf("%d ", r < 0);
    r = await step(({
        counted++;
        3;
    }));
    printf("%d %d %d\n", r < 0, i, counted);
    return r;
}

static async void end(bide_task(int) h)
{
    int out = 0;
    await bide_sleep(BIDE_S(1));
    bide_task_abort(h);
    printf("%d\n", await bide_task_join(h, &out) < 0);
}

async int main(void)
{
    bide_test_time_virtual();
    for (suspends = 0; suspends < 2; suspends++) {
        for (int c = 0; c < 3; c++) {
            bide_future(int) f = await of_futures(c);
            int n = await bide_get(f);
            printf("%d %d %d ", await of(await chosen(c)), await of(chosen_plainly(c)), n);
            printf("%d %d ", await of(await of_a_statement(c)), await of(await of_its_own(c)));
            printf("%d\n", await of(of_its_own_plainly(c)));
        }
        await end(bide_spawn(looks(bide_ref(join_into))));
        await end(bide_spawn(looks(bide_ref(join_in_a_branch))));
        await end(bide_spawn(looks(bide_ref(join_in_a_join))));
        await end(bide_spawn(looks_itself()));
        await end(bide_spawn(refused()));
    }
    return 0;
}
