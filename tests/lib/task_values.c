/*
 * What else tasks have: abort and wait in one, values of their own, the budget.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

/* ---- abort and wait ---- */

static atomic_int cleaned;

static async int slow(int ms, int cleanup_ms)
{
    defer {
        await bide_sleep(BIDE_MS(cleanup_ms));
        cleaned++;
    }
    await bide_sleep(BIDE_MS(ms));
    return 4;
}

static bide_task(int) own;

static async int cancels_itself(void)
{
    await bide_yield();
    return await bide_task_cancel(own);
}

static async int cancels(void)
{
    bide_task_end end;
    bide_task(int) task = bide_spawn(slow(1000, 20));
    await bide_sleep(BIDE_MS(1));
    bide_instant from = bide_now();
    CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    CHECK_EQ(cleaned, 1);
    CHECK(bide_elapsed(from).ns >= BIDE_MS(20).ns);
    CHECK_EQ(bide_task_end(task, &end), 1);
    CHECK_EQ(end.reason, BIDE_END_ABORTED);
    task = bide_spawn(slow(1, 0));
    await bide_sleep(BIDE_MS(50));
    CHECK_EQ(await bide_task_cancel(task), 0); /* it had a result */
    int n = 0;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 4);
    bide_task(int) none = 0;
    CHECK_ERR(await bide_task_cancel(none), -EINVAL);
    own = bide_spawn(cancels_itself());
    CHECK_EQ(await bide_task_join(own, &n), 0);
    CHECK_ERR(n, -EDEADLK);
    task = bide_spawn(slow(1000, 100));
    CHECK_ERR(await bide_timeout(BIDE_MS(10), bide_task_cancel(task)), -ETIMEDOUT);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED); /* it has unwound nevertheless */
    return cleaned;
}

TEST(a_task_is_aborted_and_waited_for)
{
    bide_test_time_virtual();
    cleaned = 0;
    CHECK_EQ(bide_block_on(cancels()), 3);
}

async int cancel_scenario(void *state);
extern const struct bide_fn bide__desc_cancel_scenario;

async int cancel_scenario(void *state)
{
    (void)state;
    bide_task(int) task = bide_spawn(slow(1000, 5));
    defer {
        CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    }
    await bide_yield();
    CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    return 0;
}

static void before(void *state)
{
    (void)state;
    cleaned = 0;
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    CHECK_EQ(cleaned, 1);
}

TEST(cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_cancel_scenario, NULL, before, after) >= cancel_least(2));
}

/* ---- values ---- */

static atomic_int dropped;

static void drop(void *value)
{
    dropped += (int)(uintptr_t)value;
}

static const bide_local one = {drop}, two = {drop}, plain = {NULL};

static async int has_none(void)
{
    await bide_yield();
    CHECK(bide_local_get(&one) == NULL);
    return 0;
}

static async int deep_below(uintptr_t expected)
{
    await bide_yield();
    CHECK_EQ((uintptr_t)bide_local_get(&one), expected);
    return 0;
}

static async int has_values(uintptr_t n)
{
    CHECK(bide_local_get(&one) == NULL);
    CHECK_EQ(bide_local_set(&one, (void *)n), 0);
    await bide_yield();
    CHECK_EQ(bide_local_set(&two, (void *)(10 * n)), 0);
    CHECK_EQ(bide_local_set(&plain, (void *)7), 0);
    await bide_join(deep_below(n), deep_below(n)); /* branches share them */
    bide_task(int) other = bide_spawn(has_none());
    CHECK_EQ(await bide_task_wait(other), 0);
    CHECK_EQ((uintptr_t)bide_local_get(&two), 10 * n);
    CHECK_EQ((uintptr_t)bide_local_take(&plain), 7);
    CHECK(bide_local_take(&plain) == NULL && bide_local_get(&plain) == NULL);
    return 0;
}

static async int values(void)
{
    bide_task(int) tasks[40];
    int sum = 0, rc;
    dropped = 0;
    CHECK_EQ(bide_local_set(&one, (void *)1), 0);
    CHECK_EQ(bide_local_set(&one, (void *)2), 0);
    CHECK_EQ(dropped, 1); /* another one took its place */
    CHECK_EQ(bide_local_set(&one, NULL), 0);
    CHECK_EQ(dropped, 3);
    CHECK(bide_local_get(&one) == NULL);
    dropped = 0;
    for (int i = 0; i < 40; i++) {
        tasks[i] = bide_spawn(has_values((uintptr_t)i + 1));
        sum += 11 * (i + 1);
    }
    for (int i = 0; i < 40; i++)
        CHECK_EQ(await bide_task_join(tasks[i], &rc), 0);
    CHECK_EQ(dropped, sum); /* before the joins */
    return 0;
}

TEST(each_task_has_values_of_its_own)
{
    CHECK_EQ(bide_block_on(values()), 0);
    CHECK(bide_local_get(&one) == NULL);
    CHECK_ERR(bide_local_set(&one, (void *)1), -ENXIO);
}

static async int aborted(void)
{
    CHECK_EQ(bide_local_set(&one, (void *)5), 0);
    await bide_sleep(BIDE_S(1000));
    return 0;
}

static async int aborts(void)
{
    dropped = 0;
    bide_task(int) task = bide_spawn(aborted());
    await bide_sleep(BIDE_MS(1));
    CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    return dropped;
}

TEST(a_cancelled_task_drops_its_values)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(aborts()), 5);
}

static async int sets(void)
{
    for (uintptr_t i = 1; i <= 3; i++) {
        int rc = bide_local_set(i == 2 ? &two : &one, (void *)i);
        if (rc < 0)
            return rc;
    }
    return 0;
}

TEST(no_memory_at_any_site)
{
    unsigned nth = 0;
    for (bool more = true; more;) {
        dropped = 0;
        alloc_fails(++nth);
        more = alloc_has_failed(bide_block_on(sets()));
        CHECK(more || dropped == 6);
    }
    CHECK(nth > 2);
}

/* ---- the budget ---- */

static atomic_int others;

static async int other(void)
{
    others++;
    return 0;
}

static async int consumes(void)
{
    others = 0;
    bide_task(int) task = bide_spawn(other());
    CHECK(bide_budget_has_left());
    int n = 0;
    for (; others == 0 && n < 10000; n++)
        await bide_budget_consume();
    CHECK_EQ(await bide_task_wait(task), 0);
    return n;
}

TEST(a_loop_that_consumes_budget_lets_others_run)
{
    int n = bide_block_on(consumes());
    CHECK(n > 0 && n < 10000);
    CHECK(bide_budget_has_left());
}

static async int loops(int n)
{
    for (int i = 0; i < n; i++)
        await bide_budget_consume();
    return others;
}

static async int unconstrained(void)
{
    bide_future_set(int) set;
    int n = -1;
    CHECK_EQ(bide_future_set_new(0, &set), 0);
    bide_future_set_unconstrain(set);
    others = 0;
    bide_task(int) task = bide_spawn(other());
    bide_future_set_add(set, loops(1000));
    CHECK_EQ(await bide_future_set_next(set, &n), 1);
    CHECK_EQ(await bide_task_wait(task), 0);
    await bide_future_set_close(set);
    return n;
}

TEST(unconstrained_children_are_not_interrupted)
{
    int n = bide_block_on(unconstrained());
    CHECK(n == 0 || (n == 1 && check_has_workers())); /* another one may have run the other task */
}
