/* bide_timeout_at: the deadline is evaluated once and first; with a place, in loops, in groups and
 * round them; through a reference, round a block. */
#include "../step.h"

#include <errno.h>

static int asked;

/* Far away or past. */
static bide_instant at(bool far)
{
    printf("[%d]", ++asked);
    return far ? bide_instant_add(bide_now(), BIDE_S(1000))
               : bide_instant_add(bide_now(), BIDE_S(-1));
}

static int noted(int x)
{
    printf("(%d)", x);
    return x;
}

static async int never(void)
{
    defer {
        printf("gone ");
    }
    await bide_sleep(BIDE_S(1000000));
    return 1;
}

static async int alone(void)
{
    int n = -1;
    int r = await bide_timeout_at(at(true), n = step(noted(7)));
    printf(" %d %d; ", r, n);
    r = await bide_timeout_at(at(false), n = never());
    printf("%d %d; ", r == -ETIMEDOUT, n);
    bide_async_fn(int, int) f = bide_ref(step);
    r = await bide_timeout_at(at(true), n = (*f)(noted(8)));
    return r + n;
}

static async int shared(void)
{
    bide_instant deadline = at(true);
    int n = 0, sum = 0;
    for (int i = 0; i < 3; i++)
        if (await bide_timeout_at(deadline, n = step(i)) == 0)
            sum += n;
    sum += await bide_timeout_at(deadline, ({
                                     n = await step(10);
                                     n += await step(20);
                                 }));
    return sum + n;
}

static async int in_groups(void)
{
    int a = 0, b = 0, r = 9, s = 9;
    await bide_join(r = bide_timeout_at(at(true), a = step(1)),
                    s = bide_timeout_at(at(false), never()), b = step(noted(2)));
    printf("%d %d %d %d; ", a, b, r, s == -ETIMEDOUT);
    r = await bide_timeout_at(at(true), bide_join(a = step(3), b = step(4)));
    s = await bide_timeout_at(at(false), bide_timeout(BIDE_S(9), never()));
    return a * 100 + b * 10 + r + (s == -ETIMEDOUT);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d\n", await alone());
        printf("%d\n", await shared());
        printf("%d\n", await in_groups());
    }
    return 0;
}
