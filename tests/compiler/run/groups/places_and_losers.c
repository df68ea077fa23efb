/* Groups: variables that get no value, places to assign to, results that deferred blocks see, tasks
 * as branches, groups in loops and in conditions. */
#include "../step.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}

static async bool yes(int turns)
{
    await after(turns, 0);
    return true;
}

struct pair {
    int a, b;
};

static async struct pair make(int turns, int a)
{
    return (struct pair){await after(turns, a), turns};
}

/* Only one of the two has a value afterwards. */
static async int left_unset(int t)
{
    int a, b;
    bool flag;
    struct pair p;
    switch (await bide_select_biased(a = after(t, 5), b = after(1, 7), flag = yes(3), p = make(3, 1))) {
    case 0: return a;
    case 1: return b;
    case 2: return flag;
    default: return p.a + p.b;
    }
}

static async int places(int x)
{
    int array[3] = {0}, i = 0, *q = array;
    struct pair p = {1, 1};
    long wide = 0;
    static int kept;
    await bide_join(array[i++] = after(2, x), array[i++] = after(1, x + 1), *(q + i) = after(3, 9),
                    p.b = after(0, 4), wide = after(1, -1), kept = after(1, 8));
    return array[0] * 10000 + array[1] * 1000 + array[2] * 100 + p.b * 10 + kept + (int)wide + i;
}

static char seen[80];

static atomic_int first_is_done;

static async int first(int value)
{
    await bide_yield();
    first_is_done = 1;
    return value;
}

static async int asleep(int value)
{
    await bide_sleep(BIDE_S(1000));
    return value;
}

static async int seen_by_deferred(void)
{
    int a = -1, b = -1;
    defer { snprintf(seen, sizeof seen, "a %d, b %d", a, b); }
    await bide_join(a = first(11), b = asleep(12));
    return a + b;
}

/* A task that ends after its handle was used in two branches. */
static atomic_int may_end;

static async int held(int value)
{
    while (!may_end)
        await bide_yield();
    return value;
}

static async int lets_end(int value)
{
    await bide_yield();
    may_end = 1;
    return value;
}

static async int tasks(void)
{
    bide_task(int) h = bide_spawn(held(30)), k = bide_spawn(asleep(1));
    int out = 0, err = -1, wait = -1, a = 0;
    await bide_join(err = bide_task_join(h, &out), a = lets_end(2), wait = bide_task_wait(h));
    printf("%d %d %d %d ", err, out, a, wait);
    int winner = await bide_select(err = bide_task_join(k, &out), a = after(4, 3));
    printf("%d %d %d ", winner, a, bide_task_finished(k));
    bide_task_abort(k);
    return await bide_task_join(k, &out) == -ECANCELED;
}

static async int in_loops(void)
{
    int n = 0, rounds = 0, err;
    while (await bide_select_biased(n = after(rounds, rounds), after(3, 0)) == 0 && rounds < 10)
        rounds++;
    for (int i = 0; (err = await bide_try_join(n = after(i, i - 5), after(1, 0))) < 0; i++)
        rounds++;
    do
        n--;
    while (await bide_timeout(BIDE_S(100), err = after(1, n)) == 0 && err > -3);
    return rounds * 100 + n + (await bide_select_biased(after(9, 0), after(8, 0)) ? 50 : 0);
}

static async int twice(int x)
{
    int a = 0, b = 0, c = 0;
    int r = await bide_try_join(a = after(1, x), b = after(2, x)) +
            await bide_select_biased(after(5, 0), c = after(3, 4));
    return r * 100 + a + b + c;
}

/* Groups as branches of groups. */
static async int nested(int t)
{
    int a = -1, b = -1, c = -1, d = -1, e = -1, r = 9;
    int err = await bide_timeout(BIDE_S(100), r = bide_select_biased(a = after(2, 1), b = after(t, 2)));
    printf("%d %d %d %d: ", err, r, a, b);
    int winner = await bide_select_biased(
        bide_join(c = after(t, 3), d = after(1, 4)), r = bide_try_join(after(2, 0), e = after(3, -5)),
        err = bide_timeout(BIDE_S(100), after(50, 1)));
    printf("%d %d %d %d %d %d; ", winner, c, d, r, e, err);
    await bide_join(bide_join(a = after(1, 6), b = after(0, 7)), c = after(2, 8));
    err = await bide_timeout(BIDE_MS(1), bide_join(a = after(0, 9), bide_sleep(BIDE_S(9))));
    return err == -ETIMEDOUT ? a * 100 + b * 10 + c : err;
}

async int main(void)
{
    for (int t = 0; t < 6; t += 2)
        printf("%d\n", await nested(t));
    for (int t = 0; t < 3; t++)
        printf("%d ", await left_unset(t));
    printf("%d\n", await places(1));
    bide_task(int) h = bide_spawn(seen_by_deferred());
    while (!first_is_done)
        await bide_yield();
    bide_task_abort(h);
    printf("%d ", await bide_task_wait(h) == -ECANCELED);
    printf("%s\n", seen);
    printf("%d\n", await tasks());
    printf("%d %d\n", await in_loops(), await twice(3));
    return 0;
}
