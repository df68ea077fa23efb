/* Mutual recursion and recursion through pointers, a million deep, ready at once or suspended at
 * the bottom; also in tasks, whose reserve is computed from such functions. */
#include "../step.h"

enum { DEPTH = 1000000 };

static async int odd(int n);

static async int even(int n)
{
    return n == 0 ? await step(1) : await odd(n - 1);
}

static async int odd(int n)
{
    return n == 0 ? await step(0) : await even(n - 1);
}

static async long through(long n);
static bide_async_fn(long, long) const self = bide_ref(through);

static async long through(long n)
{
    if (n == 0)
        return await step(1);
    return 1 + await (*self)(n - 1);
}

/* One call by name, one through a pointer, and sometimes a branch. */
static async long third(long n);

static async long second(long n)
{
    long sum = 0;
    if (n <= 0)
        return await step(0);
    if (n % 1000 != 0)
        return 1 + await third(n - 1);
    await bide_join(sum = third(n - 1), step(0));
    return 1 + sum;
}

static async long first(long n)
{
    bide_async_fn(long, long) next = bide_ref(second);
    return n == 0 ? 0 : 1 + await (*next)(n - 1);
}

static async long third(long n)
{
    return n == 0 ? 0 : 1 + await first(n - 1);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int is_even = -1;
        long deep = -1, mixed = -1;
        bide_task(int) a = bide_spawn(even(DEPTH + 1));
        bide_task(long) b = bide_spawn((*self)(DEPTH));
        bide_task(long) c = bide_spawn(first(9000));
        int error = await bide_task_join(a, &is_even);
        error += await bide_task_join(b, &deep);
        error += await bide_task_join(c, &mixed);
        printf("%d %d %ld %ld\n", error, is_even, deep, mixed);
    }
    return 0;
}
