/*
 * Task sets: results in the order of the ends, the limit, the reason of each end, and a close that
 * leaves nobody behind; whoever is cancelled, and wherever memory ends.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "cancel.h"
#include "failing.h"
#include "sets.h"

static bide_task_set(int) set_new(size_t limit)
{
    bide_task_set(int) set;
    CHECK_EQ(bide_task_set_new(limit, &set), 0);
    CHECK(set != NULL);
    return set;
}

/* ---- results ---- */

static async int in_order(void)
{
    bide_task_set(int) set = set_new(0);
    defer {
        await bide_task_set_close(set);
    }
    int n = 0, expected = 1;
    for (int ms = 5; ms > 0; ms--)
        CHECK(bide_task_set_spawn(set, child(ms, ms, 0)) != 0);
    CHECK_EQ(bide_task_set_length(set), 5);
    for (int rc; (rc = await bide_task_set_next(set, &n)) != 0; expected++) {
        CHECK_EQ(rc, 1);
        CHECK_EQ(n, expected);
    }
    CHECK_EQ(expected, 6);
    CHECK_EQ(bide_task_set_length(set), 0);
    return 0;
}

TEST(results_come_in_the_order_of_the_ends)
{
    begin();
    CHECK_EQ(bide_block_on(in_order()), 0);
    CHECK_EQ(seen.most, 5);
}

static async int limited(size_t limit)
{
    bide_task_set(int) set = set_new(limit);
    defer {
        await bide_task_set_close(set);
    }
    int sum = 0;
    for (int i = 1; i <= 20; i++)
        bide_task_set_spawn(set, child(i % 3, i, 0));
    for (int rc, n; (rc = await bide_task_set_next(set, &n)) != 0;)
        sum += n;
    return sum;
}

TEST(the_limit_holds)
{
    for (size_t limit = 1; limit < 6; limit++) {
        begin();
        CHECK_EQ(bide_block_on(limited(limit)), 210);
        CHECK_EQ(seen.begun, 20);
        CHECK(seen.most <= (int)limit);
    }
    begin();
    CHECK_EQ(bide_block_on(limited(0)), 210);
}

static async int without_waiting(void)
{
    bide_task_set(int) set = set_new(0);
    defer {
        await bide_task_set_close(set);
    }
    int n = 0;
    CHECK_EQ(bide_task_set_try_next(set, &n), 0);
    CHECK_EQ(await bide_task_set_next(set, &n), 0);
    uint64_t id = bide_task_set_spawn(set, child(1, 7, 0));
    CHECK_EQ(bide_task_set_try_next(set, &n), -EAGAIN);
    await bide_sleep(BIDE_MS(50));
    bide_task_end end;
    CHECK_EQ(bide_task_set_try_next_end(set, &n, &end), 1);
    CHECK_EQ(n, 7);
    CHECK_EQ(end.id, id);
    CHECK_EQ(bide_task_set_try_next(set, &n), 0);
    return 0;
}

TEST(an_end_can_be_asked_for_without_waiting)
{
    begin();
    CHECK_EQ(bide_block_on(without_waiting()), 0);
}

static async int of_any_type(void)
{
    bide_task_set(struct big) bigs;
    bide_task_set(void) nothings;
    struct big big = {{0}};
    CHECK_EQ(bide_task_set_new(0, &bigs), 0);
    CHECK_EQ(bide_task_set_new(0, &nothings), 0);
    bide_task_set_spawn(bigs, make_big('x'));
    bide_task_set_spawn(nothings, make_nothing());
    bide_task_set_spawn(nothings, async({ await bide_yield(); }));
    CHECK_EQ(await bide_task_set_next(bigs, &big), 1);
    CHECK(big.text[0] == 'x' && big.text[127] == 'x');
    CHECK_EQ(await bide_task_set_next(nothings, NULL), 1);
    CHECK_EQ(await bide_task_set_next(nothings, NULL), 1);
    CHECK_EQ(await bide_task_set_next(nothings, NULL), 0);
    await bide_task_set_close(bigs);
    await bide_task_set_close(nothings);
    return 0;
}

TEST(results_are_of_any_type)
{
    CHECK_EQ(bide_block_on(of_any_type()), 0);
}

/* ---- reasons ---- */

static async int reasons(void)
{
    bide_task_set(int) set = set_new(2);
    defer {
        await bide_task_set_close(set);
    }
    bide_task_end end;
    int n = 0;
    uint64_t returns = bide_task_set_spawn(set, child(1, 5, 0));
    uint64_t aborted = bide_task_set_spawn(set, child(1000, 0, 0));
    uint64_t held = bide_task_set_spawn(set, child(1000, 0, 0));
    CHECK_EQ(bide_task_set_abort(set, held), 0);
    CHECK_EQ(await bide_task_set_next_end(set, &n, &end), 1);
    CHECK_EQ(end.id, returns);
    CHECK_EQ(end.reason, BIDE_END_RETURNED);
    CHECK_EQ(end.error, 0);
    CHECK_STR(end.function, "child");
    CHECK(strstr(end.file, "sets.h") != NULL && end.line > 0);
    CHECK_EQ(n, 5);
    CHECK_ERR(await bide_task_set_next_end(set, &n, &end), -ECANCELED);
    CHECK_EQ(end.id, held);
    CHECK_EQ(end.reason, BIDE_END_ABORTED);
    CHECK_EQ(bide_task_set_abort(set, aborted), 0);
    CHECK_ERR(await bide_task_set_next_end(set, &n, &end), -ECANCELED);
    CHECK_EQ(end.id, aborted);
    CHECK_EQ(end.reason, BIDE_END_ABORTED);
    CHECK_ERR(bide_task_set_abort(set, aborted), -ENOENT);
    bide_task_set_spawn(set, child(1000, 0, 0));
    bide_task_set_abort_all(set);
    CHECK_ERR(await bide_task_set_next_end(set, &n, &end), -ECANCELED);
    CHECK_EQ(end.reason, BIDE_END_OWNER);
    /* the set goes on */
    bide_task_set_spawn(set, child(1, 6, 0));
    CHECK_EQ(await bide_task_set_next_end(set, &n, &end), 1);
    CHECK_EQ(n, 6);
    CHECK_EQ(seen.begun, 5);
    return 0;
}

TEST(each_end_has_its_reason)
{
    begin();
    CHECK_EQ(bide_block_on(reasons()), 0);
}

static async int deep(int depth)
{
    return depth > 0 ? await deep(depth - 1) : 0;
}

static async int runs_out_of_memory(void)
{
    bide_task_set(int) set = set_new(0);
    defer {
        await bide_task_set_close(set);
    }
    bide_task_end end;
    int n;
    bide_task_set_spawn(set, deep(1000));
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    CHECK_ERR(await bide_task_set_next_end(set, &n, &end), -ENOMEM);
    CHECK_EQ(end.reason, BIDE_END_FAILED);
    /* what is left of the memory of the slab goes to tasks, until there is none */
    int made = 0;
    while (bide_task_set_spawn(set, child(1, 1, 0)) != 0)
        made++;
    CHECK_EQ(bide_task_set_length(set), (size_t)made + 1);
    int unmade = 0;
    for (int rc; (rc = await bide_task_set_next_end(set, &n, &end)) != 0;) {
        /* on another worker, a child has no memory for its chain */
        made -= rc == 1 || (check_has_workers() && end.reason == BIDE_END_FAILED);
        unmade += rc == -ENOMEM && end.reason == BIDE_END_NOT_MADE && end.id == 0;
    }
    bide_test_fail("alloc", 0, 0, 0);
    CHECK_EQ(made, 0);
    CHECK_EQ(unmade, 1);
    return 0;
}

TEST(a_child_without_memory_is_told_of)
{
    begin();
    CHECK_EQ(bide_block_on(runs_out_of_memory()), 0);
}

static async int handles(void)
{
    bide_task_end end;
    bide_task(int) none = 0, task = bide_spawn(child(1, 3, 0));
    CHECK_EQ(bide_task_end(none, &end), -EINVAL);
    CHECK_EQ(bide_task_end(task, &end), -EAGAIN);
    CHECK_EQ(await bide_task_wait(task), 0);
    CHECK_EQ(bide_task_end(task, &end), 1);
    CHECK_EQ(end.reason, BIDE_END_RETURNED);
    CHECK_STR(end.function, "child");
    bide_task(int) aborted = bide_spawn(child(1000, 3, 0));
    bide_task_abort(aborted);
    CHECK_ERR(await bide_task_wait(aborted), -ECANCELED);
    CHECK_EQ(bide_task_end(aborted, &end), 1);
    CHECK_EQ(end.reason, BIDE_END_ABORTED);
    int error = 0;
    bide_task(int) in_scope;
    bide_try_scope(s, error) {
        in_scope = bide_scope_spawn(s, child(1000, 3, 0));
        bide_scope_cancel(s);
    }
    CHECK_EQ(bide_task_end(in_scope, &end), 1);
    CHECK_EQ(end.reason, BIDE_END_OWNER);
    return error;
}

TEST(a_handle_tells_why_its_task_ended)
{
    begin();
    CHECK_EQ(bide_block_on(handles()), 0);
}

static bide_task(int) left_over;

static async int leaves_a_task(void)
{
    left_over = bide_spawn(child(100000, 3, 0));
    await bide_yield();
    return 0;
}

TEST(a_shutdown_is_a_reason)
{
    bide_runtime *rt;
    bide_task_end end;
    begin();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(leaves_a_task()), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_task_end(left_over, &end), 1);
    CHECK_EQ(end.reason, BIDE_END_SHUTDOWN);
    CHECK_ERR(end.error, -ECANCELED);
    bide_task_detach(left_over);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- the end ---- */

static async int closes(void)
{
    bide_task_set(int) set = set_new(2);
    for (int i = 0; i < 5; i++)
        bide_task_set_spawn(set, child(i == 0 ? 1 : 1000, 0, 10));
    await bide_sleep(BIDE_MS(30)); /* one has ended, and nobody took that */
    bide_instant from = bide_now();
    await bide_task_set_close(set);
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(seen.begun, 5);
    CHECK_EQ(seen.ended, 1);
    return bide_elapsed(from).ns >= BIDE_MS(20).ns;
}

TEST(a_close_cancels_and_waits)
{
    begin();
    CHECK_EQ(bide_block_on(closes()), 1);
}

static async int spawner(bide_task_set(int) set)
{
    defer {
        /* while the set is being closed: it begins, and is cancelled where it waits */
        bide_task_set_spawn(set, child(1000, 0, 5));
    }
    await bide_sleep(BIDE_S(1000));
    return 0;
}

static async int closes_what_is_spawned(void)
{
    bide_task_set(int) set = set_new(0);
    bide_task_set_spawn(set, spawner(set));
    await bide_sleep(BIDE_MS(1));
    await bide_task_set_close(set);
    CHECK_EQ(seen.begun, 1);
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(seen.ended, 0);
    await bide_task_set_close((bide_task_set(int))NULL);
    return 0;
}

TEST(a_close_waits_for_what_its_children_spawn)
{
    begin();
    CHECK_EQ(bide_block_on(closes_what_is_spawned()), 0);
}

static async int detaches(void)
{
    bide_task_set(int) set = set_new(2);
    int n;
    for (int i = 0; i < 5; i++)
        bide_task_set_spawn(set, child(i * 10, 0, 0));
    await bide_sleep(BIDE_MS(5));
    bide_task_set_detach_all(set);
    CHECK_EQ(bide_task_set_length(set), 0);
    CHECK_EQ(await bide_task_set_next(set, &n), 0);
    bide_task_set_spawn(set, child(1, 4, 0));
    CHECK_EQ(await bide_task_set_next(set, &n), 1);
    CHECK_EQ(n, 4);
    await bide_task_set_close(set);
    await bide_sleep(BIDE_MS(200));
    CHECK_EQ(seen.ended, 6);
    return 0;
}

TEST(detached_children_run_on)
{
    begin();
    CHECK_EQ(bide_block_on(detaches()), 0);
}

static async int frees(void)
{
    bide_task_set(int) set = set_new(1);
    for (int i = 0; i < 3; i++)
        bide_task_set_spawn(set, child(1000, 0, 10));
    await bide_sleep(BIDE_MS(5));
    bide_task_set_free(set);
    set = set_new(1);
    bide_task_set_free(set);
    bide_task_set_free((bide_task_set(int))NULL);
    CHECK_EQ(seen.alive, 1);
    await bide_sleep(BIDE_MS(100));
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(seen.begun, 3);
    CHECK_EQ(seen.ended, 0);
    return 0;
}

TEST(a_free_does_not_wait)
{
    begin();
    CHECK_EQ(bide_block_on(frees()), 0);
}

/* ---- several that use it ---- */

static bide_task_set(int) shared;

static async int takes_one(void)
{
    int n = 0;
    return await bide_task_set_next(shared, &n);
}

static async int two_wait(void)
{
    shared = set_new(0);
    bide_task_set_spawn(shared, child(10, 0, 0));
    bide_task(int) first = bide_spawn(takes_one());
    await bide_sleep(BIDE_MS(1));
    int n = 0, rc;
    CHECK_ERR(await bide_task_set_next(shared, &n), -EBUSY);
    CHECK_EQ(await bide_task_join(first, &rc), 0);
    CHECK_EQ(rc, 1);
    bide_task_set_spawn(shared, child(10, 0, 0));
    first = bide_spawn(takes_one());
    await bide_sleep(BIDE_MS(1));
    bide_task_set_detach_all(shared); /* there is nothing to wait for any more */
    CHECK_EQ(await bide_task_join(first, &rc), 0);
    CHECK_EQ(rc, 0);
    await bide_task_set_close(shared);
    return 0;
}

TEST(one_waits_at_a_time)
{
    begin();
    CHECK_EQ(bide_block_on(two_wait()), 0);
}

static async int times_out(void)
{
    bide_task_set(int) set = set_new(0);
    defer {
        await bide_task_set_close(set);
    }
    int n = 0, rc = 0, rounds = 0;
    bide_task_set_spawn(set, child(35, 9, 0));
    while (await bide_timeout(BIDE_MS(10), rc = bide_task_set_next(set, &n)) < 0)
        rounds++;
    CHECK_EQ(rc, 1);
    CHECK_EQ(n, 9);
    return rounds;
}

TEST(a_next_that_is_cancelled_loses_nothing)
{
    begin();
    CHECK_EQ(bide_block_on(times_out()), 3);
}

static async int much(int n)
{
    bide_task_set(int) set = set_new(16);
    defer {
        await bide_task_set_close(set);
    }
    int sum = 0, value;
    for (int i = 0; i < n; i++)
        bide_task_set_spawn(set, child(i % 2, 1, 0));
    while (await bide_task_set_next(set, &value) > 0)
        sum += value;
    return sum;
}

TEST(a_thousand_children)
{
    begin();
    CHECK_EQ(bide_block_on(much(1000)), 1000);
    CHECK(seen.most <= 16);
}

/* ---- cancelled, and without memory ---- */

static int told;

async int scenario(void *state);
extern const struct bide_fn bide__desc_scenario;

async int scenario(void *state)
{
    (void)state;
    bide_task_set(int) set;
    int rc = bide_task_set_new(2, &set), n;
    if (rc < 0)
        return rc;
    defer {
        await bide_task_set_close(set);
    }
    for (int i = 0; i < 4; i++)
        bide_task_set_spawn(set, child(i, 1, i));
    while ((rc = await bide_task_set_next(set, &n)) > 0)
        told += n;
    return rc;
}

static void before(void *state)
{
    (void)state;
    told = 0;
    memset(&seen, 0, sizeof seen);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_ERR(run->error, run->error != 0 ? -ECANCELED : 0);
    CHECK_EQ(seen.begun, 4);
    CHECK_EQ(seen.alive, 0);
    CHECK(told <= seen.ended);
    CHECK(run->error != 0 || told == 4);
}

TEST(cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_scenario, NULL, before, after) >= cancel_least(2));
}

static async int whole(void)
{
    return await scenario(NULL);
}

TEST(no_memory_at_any_site)
{
    unsigned nth = 0;
    bide_test_time_virtual();
    for (bool more = true; more;) {
        before(NULL);
        alloc_fails(++nth);
        more = alloc_has_failed(bide_block_on(whole()));
        CHECK(more || told == 4);
        CHECK_EQ(seen.alive, 0);
    }
    CHECK(nth > 1);
}
