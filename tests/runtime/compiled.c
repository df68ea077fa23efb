/*
 * The allocations of compiled code: after the first round there are none, for awaits, for joins and
 * selects whose branches are ready or suspend, and for tasks that are spawned, run, joined and
 * freed.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/testing.h>

enum { ROUNDS = 100 };

static async int ready(int n)
{
    return n + 1;
}

static async int later(int n)
{
    await bide_yield();
    return n + 1;
}

static async int awaits(void)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++)
        n = await later(await ready(n));
    return n;
}

static async int joins(void)
{
    int a = 0, b = 0, rc = 0;
    for (int i = 0; i < ROUNDS; i++) {
        await bide_join(a = ready(a), b = ready(b));
        await bide_join(a = later(a), b = later(b));
        rc += await bide_try_join(a = later(a), b = ready(b));
    }
    return rc + a + b;
}

static async int selects(void)
{
    int a = 0, b = 0, both = 0;
    for (int i = 0; i < ROUNDS; i++) {
        both += await bide_select(a = ready(a), b = ready(b));
        both += await bide_select_biased(a = later(a), bide_sleep(BIDE_S(1)));
        both += await bide_timeout(BIDE_S(1), b = later(b));
    }
    return both <= ROUNDS && a + b >= 2 * ROUNDS;
}

static async int tasks(void)
{
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        bide_task(int) first = bide_spawn(ready(n));
        bide_task(int) second = bide_spawn(later(n));
        int rc = await bide_task_join(first, &n);
        rc += await bide_task_join(second, &n);
        CHECK_EQ(rc, 0);
    }
    return n;
}

/* After the first time. Each of two workers has a first time, now or later, in which it allocates 4
 * times. */
TEST(compiled_code_does_not_allocate)
{
    int64_t all = 0;
    for (int round = 0; round < 3; round++) {
        bide_test_watch();
        CHECK_EQ(bide_block_on(awaits()), 2 * ROUNDS);
        CHECK_EQ(bide_block_on(joins()), 6 * ROUNDS);
        CHECK_EQ(bide_block_on(selects()), 1);
        CHECK_EQ(bide_block_on(tasks()), ROUNDS);
        int64_t calls = bide_test_calls("alloc");
        if (!check_has_workers())
            CHECK(round == 0 || calls == 0);
        all += calls;
    }
    if (check_has_workers())
        CHECK(all <= 2 * 4);
}
