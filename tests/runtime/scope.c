/*
 * Scopes: no child is left when the block has ended, whichever way it ends, and no child that
 * borrows from the function outlives it.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "cancel.h"
#include "check.h"

/* Counts what the children of a test did. */
static struct {
    atomic_int begun, alive, ended; /* ended: returned without being cancelled */
} seen;

static void begin(void)
{
    bide_test_time_virtual();
    memset(&seen, 0, sizeof seen);
}

static async int leave(int ms)
{
    if (ms > 0)
        await bide_sleep(BIDE_MS(ms));
    return 0;
}

/* Works on what it borrows, and takes `cleanup_ms` to clean up. */
static async int child(atomic_int *borrowed, int ms, int result, int cleanup_ms)
{
    seen.begun++;
    seen.alive++;
    defer {
        await leave(cleanup_ms);
        ++*borrowed;
        seen.alive--;
    }
    await bide_sleep(BIDE_MS(ms));
    ++*borrowed;
    seen.ended++;
    return result;
}

static async void for_ever(void)
{
    await bide_sleep(BIDE_S(1000000));
}

static void check_seen(int begun, int ended)
{
    CHECK_EQ(seen.begun, begun);
    CHECK_EQ(seen.ended, ended);
    CHECK_EQ(seen.alive, 0);
}

/* ---- the end of the block ---- */

static async int waits(int n)
{
    atomic_int local = 0;
    bide_scope(s) {
        for (int i = 0; i < n; i++)
            bide_scope_spawn(s, child(&local, 10 + i, 0, i));
        CHECK_EQ(local, 0);
    }
    return local;
}

static async int through_a_reference(int n)
{
    static const bide_async_fn(int, atomic_int *, int, int, int) work = bide_ref(child);
    atomic_int local = 0;
    bide_scope(s) {
        for (int i = 0; i < n; i++)
            bide_scope_spawn(s, (*work)(&local, await leave(i), 0, i));
    }
    return local;
}

TEST(a_scope_waits_for_its_children)
{
    begin();
    CHECK_EQ(bide_block_on(waits(5)), 10);
    check_seen(5, 5);
    CHECK_EQ(bide_block_on(waits(0)), 0);
    CHECK_EQ(bide_block_on(through_a_reference(3)), 6);
}

static async void more(bide_scope_handle s, atomic_int *count, int depth)
{
    await bide_sleep(BIDE_MS(1));
    ++*count;
    if (depth > 0) {
        bide_scope_spawn(s, more(s, count, depth - 1));
        bide_scope_spawn(s, more(s, count, depth - 1));
    }
}

static async int grows(void)
{
    atomic_int count = 0;
    bide_scope(s) {
        bide_scope_spawn(s, more(s, &count, 4));
    }
    return count;
}

TEST(children_spawn_children_while_the_scope_waits)
{
    begin();
    CHECK_EQ(bide_block_on(grows()), 31);
}

static async int keeps_handles(void)
{
    atomic_int local = 0;
    int out = -1;
    bide_scope(s) {
        bide_task(int) joined = bide_scope_spawn(s, child(&local, 5, 7, 0));
        bide_task(int) detached = bide_scope_spawn(s, child(&local, 20, 0, 0));
        bide_task(int) dropped = bide_scope_spawn(s, child(&local, 30, 0, 0));
        bide_task(int) aborted = bide_scope_spawn(s, child(&local, 1000, 0, 1));
        bide_task_detach(detached);
        (void)bide_task_finished(dropped);
        CHECK_ERR(await bide_task_join(joined, &out), 0);
        bide_task_abort(aborted);
        CHECK_ERR(await bide_task_join(aborted, &out), -ECANCELED);
        CHECK_EQ(seen.alive, 2);
    }
    check_seen(4, 3);
    CHECK_EQ(local, 7);
    return out;
}

TEST(what_becomes_of_a_handle_does_not_matter_to_the_scope)
{
    begin();
    CHECK_EQ(bide_block_on(keeps_handles()), 7);
}

/* ---- other ways out ---- */

static async int leaves_by(int way, int *unwound)
{
    atomic_int local = 0;
    int rounds = 0;
    defer {
        *unwound = seen.alive == 0 && local == 2 * seen.ended + (seen.begun - seen.ended);
    }
    for (int i = 0; i < 3; i++) {
        rounds++;
        bide_scope(s) {
            bide_scope_spawn(s, child(&local, 10, 0, 5));
            bide_scope_spawn(s, child(&local, 1000000, 0, 7));
            await bide_sleep(BIDE_MS(20));
            if (way == 'r')
                return 10 + rounds + seen.alive;
            if (way == 'b')
                break;
            if (way == 'c')
                continue;
            if (way == 'g')
                goto out;
            bide_scope_cancel(s);
        }
        CHECK_EQ(way, 'e');
        CHECK_EQ(seen.alive, 0);
    }
out:
    CHECK_EQ(seen.alive, 0);
    return rounds;
}

TEST(leaving_the_block_cancels_the_children_and_waits)
{
    static const char ways[] = "rbcge";
    static const int results[] = {12, 1, 3, 1, 3};
    for (int i = 0; i < 5; i++) {
        int unwound = 0;
        begin();
        CHECK_EQ(bide_block_on(leaves_by(ways[i], &unwound)), results[i]);
        CHECK_EQ(unwound, 1);
        int rounds = results[i] == 3 ? 3 : 1;
        check_seen(2 * rounds, rounds);
    }
}

static async int nested(int way)
{
    atomic_int outer_local = 0, inner_local = 0;
    bide_scope(outer) {
        bide_scope_spawn(outer, child(&outer_local, 50, 0, 0));
        bide_scope(inner) {
            bide_scope_spawn(inner, child(&inner_local, 10, 0, 0));
            bide_scope_spawn(outer, child(&outer_local, 1000, 0, 0));
            if (way == 1)
                return -1;
            if (way == 2)
                bide_scope_cancel(outer);
        }
        CHECK_EQ(inner_local, 2);
        if (way == 0)
            CHECK_EQ(seen.alive, 2);
    }
    CHECK_EQ(seen.alive, 0);
    return inner_local * 10 + outer_local;
}

TEST(scopes_nest)
{
    begin();
    CHECK_EQ(bide_block_on(nested(0)), 24);
    begin();
    CHECK_EQ(bide_block_on(nested(1)), -1);
    check_seen(3, 0);
    begin();
    CHECK_EQ(bide_block_on(nested(2)), 22);
}

/* The last declared goes first: first what the block defers, then the children. */
static async void trace(char *to, char what)
{
    defer {
        to[strlen(to)] = what;
    }
    await for_ever();
}

static async int orders(char *text)
{
    defer {
        strcat(text, "4");
    }
    bide_scope(s) {
        bide_scope_spawn(s, trace(text, '3'));
        defer {
            strcat(text, "2");
        }
        defer {
            await bide_yield();
            strcat(text, "1");
        }
        return 0;
    }
}

TEST(the_blocks_own_defers_run_before_the_children_go)
{
    char text[10] = "";
    begin();
    CHECK_EQ(bide_block_on(orders(text)), 0);
    CHECK_STR(text, "1234");
}

/* ---- cancelled children ---- */

static async int spawns_after_cancel(void)
{
    atomic_int local = 0;
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 1, 0, 0));
        bide_scope_cancel(s);
        bide_scope_cancel(s);
        bide_task(int) late = bide_scope_spawn(s, child(&local, 1, 0, 0));
        CHECK_ERR(await bide_task_wait(late), -ECANCELED);
        bide_task(int) child = bide_scope_spawn(s, leave(0));
        CHECK_EQ(child != 0, 1);
    }
    check_seen(2, 0);
    return local;
}

TEST(children_of_a_cancelled_scope_begin_and_are_cancelled)
{
    begin();
    CHECK_EQ(bide_block_on(spawns_after_cancel()), 2);
}

static async void cancels_all(struct bide__scope *s, atomic_int *local)
{
    await bide_sleep(BIDE_MS(3));
    bide_scope_cancel(s);
    ++*local;
    await for_ever();
}

static async int cancelled_by_a_child(void)
{
    atomic_int local = 0;
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 1000, 0, 2));
        bide_scope_spawn(s, cancels_all(s, &local));
    }
    check_seen(1, 0);
    return local;
}

TEST(a_child_may_cancel_the_scope_it_is_in)
{
    begin();
    CHECK_EQ(bide_block_on(cancelled_by_a_child()), 2);
}

/* ---- bide_try_scope ---- */

static async int tries(int first, int second, int *out)
{
    atomic_int local = 0;
    int error = 1;
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 30, first, 0));
        bide_scope_spawn(s, child(&local, 20, second, 5));
        bide_scope_spawn(s, child(&local, 10, 0, 0));
    }
    *out = local;
    return error;
}

TEST(the_first_failure_of_a_try_scope_cancels_the_others)
{
    int local;
    begin();
    CHECK_EQ(bide_block_on(tries(0, 0, &local)), 0);
    CHECK_EQ(local, 6);
    begin();
    CHECK_EQ(bide_block_on(tries(-EIO, 3, &local)), -EIO);
    check_seen(3, 3);
    begin();
    CHECK_EQ(bide_block_on(tries(-EIO, -EPIPE, &local)), -EPIPE);
    check_seen(3, 2);
    CHECK_EQ(local, 5);
}

/* Both have slept when the first fails, so the second is done when the request comes. */
static async int fail_together(void)
{
    atomic_int local = 0;
    int error = 1;
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 10, -EIO, 0));
        bide_scope_spawn(s, child(&local, 10, -EPIPE, 0));
    }
    if (!check_has_workers())
        check_seen(2, 2);
    return error;
}

TEST(the_first_of_two_failures_counts)
{
    begin();
    int error = bide_block_on(fail_together());
    /* On several workers either may be the first, and may meet the other one in its sleep. */
    if (!check_has_workers() || error != -EPIPE)
        CHECK_ERR(error, -EIO);
    CHECK_EQ(seen.begun, 2);
}

static async long long wide(long long value)
{
    await bide_yield();
    return value;
}

static async signed char narrow(void)
{
    return -7;
}

static async unsigned not_signed(void)
{
    return 0xffffffffu;
}

static async int of_other_types(int what)
{
    int error = 1;
    bide_try_scope(s, error) {
        if (what == 0)
            bide_scope_spawn(s, narrow());
        else if (what == 1)
            bide_scope_spawn(s, not_signed());
        else
            bide_scope_spawn(s, wide(what == 2 ? -9 : -5000000000));
    }
    return error;
}

TEST(results_of_other_types_fail_too)
{
    CHECK_EQ(bide_block_on(of_other_types(0)), -7);
    CHECK_EQ(bide_block_on(of_other_types(1)), 0);
    CHECK_EQ(bide_block_on(of_other_types(2)), -9);
    CHECK_EQ(bide_block_on(of_other_types(3)), INT32_MIN);
}

static async int aborts_one(void)
{
    atomic_int local = 0;
    int error = 1;
    bide_try_scope(s, error) {
        bide_task(int) one = bide_scope_spawn(s, child(&local, 100, 0, 0));
        bide_scope_spawn(s, child(&local, 200, 0, 0));
        await bide_sleep(BIDE_MS(1));
        bide_task_abort(one);
    }
    check_seen(2, 1);
    return error;
}

TEST(an_aborted_child_is_no_failure)
{
    begin();
    CHECK_EQ(bide_block_on(aborts_one()), 0);
}

static async int returns_early(int *error)
{
    atomic_int local = 0;
    bide_try_scope(s, *error) {
        bide_scope_spawn(s, child(&local, 1, -EIO, 0));
        bide_scope_spawn(s, child(&local, 1000, 0, 0));
        await bide_sleep(BIDE_MS(5));
        return 3;
    }
    return 4;
}

static async int without_error(void)
{
    atomic_int local = 0;
    bide_try_scope(s) {
        bide_scope_spawn(s, child(&local, 1, -EIO, 0));
        bide_scope_spawn(s, child(&local, 1000, 0, 0));
    }
    return local;
}

TEST(the_error_is_known_whichever_way_the_block_ends)
{
    int error = 1;
    begin();
    CHECK_EQ(bide_block_on(returns_early(&error)), 3);
    CHECK_ERR(error, -EIO);
    check_seen(2, 1);
    CHECK_EQ(bide_block_on(without_error()), 3);
}

static async int plain_scope_with_errors(void)
{
    atomic_int local = 0;
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 1, -EIO, 0));
        bide_scope_spawn(s, child(&local, 10, 0, 0));
    }
    check_seen(2, 2);
    return 0;
}

TEST(in_a_plain_scope_an_error_is_the_handles_business)
{
    begin();
    CHECK_EQ(bide_block_on(plain_scope_with_errors()), 0);
}

/* ---- the function is cancelled ---- */

static int error_seen;

/* Suspends in the body, at the end of the block, and in a second block that is left early. */
static async int everything(void *state)
{
    atomic_int local = 0;
    int error = 1;
    (void)state;
    defer {
        await bide_yield();
        CHECK_EQ(seen.alive, 0);
        CHECK_EQ(local, seen.begun + seen.ended);
        error_seen = error;
    }
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 3, 0, 2));
        bide_scope_spawn(s, child(&local, 5, 0, 0));
        await bide_sleep(BIDE_MS(1));
        bide_scope_spawn(s, child(&local, 1, 0, 1));
        await bide_yield();
    }
    CHECK_EQ(seen.alive, 0);
    for (;;) {
        bide_scope(s) {
            bide_scope_spawn(s, child(&local, 100, 0, 3));
            await bide_yield();
            break;
        }
    }
    return 1;
}

static void before(void *state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    error_seen = 2;
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_EQ(seen.alive, 0);
    CHECK(error_seen == 0 || (error_seen == 1 && seen.begun == 0));
    if (run->requested)
        CHECK(run->error == -ECANCELED || (run->error == 0 && seen.begun == 4));
    if (run->error == 0)
        CHECK_EQ(run->result, 1);
}

TEST(cancelled_at_every_suspension)
{
    begin();
    unsigned n = cancel_everywhere(&bide__desc_everything, NULL, before, after);
    CHECK(n >= 5);
}

static async int just_a_scope(void *state)
{
    atomic_int local = 0;
    (void)state;
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 3, 0, 0));
        bide_scope_spawn(s, child(&local, 5, 0, 0));
    }
    return local;
}

/* A request that comes when no child is left has nothing to cancel. */
static void after_just_a_scope(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_EQ(seen.alive, 0);
    CHECK_ERR(run->error, seen.ended == 2 ? 0 : -ECANCELED);
    if (run->error == 0)
        CHECK_EQ(run->result, 4);
}

TEST(a_request_after_the_last_child_cancels_nothing)
{
    begin();
    CHECK_EQ(cancel_everywhere(&bide__desc_just_a_scope, NULL, before, after_just_a_scope), 1);
}

/* The function is not unwound, but its children are cancelled when it reaches the end of the
 * block. */
static async bide_cancel_returns int returns_errors(void *state)
{
    const int *ends = state;
    atomic_int local = 0;
    int r = 0, error = 1;
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 3, 0, 2));
        r = await bide_sleep(BIDE_MS(1));
        bide_scope_spawn(s, child(&local, 5, 0, 1));
        if (r < 0 && *ends)
            return r;
    }
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(error, 0);
    defer {
        bide_scope(s) {
            bide_scope_spawn(s, child(&local, 5, 0, 0));
        }
        CHECK_EQ(seen.alive, 0);
    }
    int last = await bide_sleep(BIDE_MS(1));
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 5, 0, 1));
    }
    CHECK_EQ(seen.alive, 0);
    return last < 0 ? last : local;
}

static void after_returns(void *state, const struct cancel_run *run)
{
    CHECK_EQ(seen.alive, 0);
    if (run->requested && run->at == 1 && !run->at_wake) {
        CHECK_EQ(seen.begun, *(int *)state ? 2 : 4);
        CHECK_EQ(seen.ended, *(int *)state ? 0 : 1);
    }
    CHECK(run->error == -ECANCELED || run->result == 6);
    CHECK(run->requested || run->error == 0);
}

TEST(a_function_that_returns_errors_has_scopes)
{
    for (int ends = 0; ends < 2; ends++) {
        begin();
        int state = ends;
        CHECK_EQ(cancel_everywhere(&bide__desc_returns_errors, &state, before, after_returns), 5);
    }
}

static int passed[5];

/* A request that comes while the end of the block waits goes on to the children. */
static async int asked_while_it_waits(void)
{
    atomic_int local = 0;
    int error = 1;
    defer {
        passed[0] = local;
        passed[1] = error;
        passed[4] = seen.alive;
    }
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 1000, 0, 10));
        bide_scope_spawn(s, child(&local, 2000, 0, 20));
    }
    passed[2] = 1;
    return 0;
}

static async int abort_after(int ms, int again_ms)
{
    bide_task(int) task = bide_spawn(asked_while_it_waits());
    await bide_sleep(BIDE_MS(ms));
    bide_task_abort(task);
    if (again_ms > 0) {
        await bide_sleep(BIDE_MS(again_ms));
        CHECK_EQ(bide_task_finished(task), 0);
        bide_task_abort(task);
    }
    return await bide_task_wait(task);
}

TEST(a_request_at_the_end_of_the_block_is_passed_on)
{
    for (int again = 0; again <= 15; again += 15) {
        begin();
        memset(passed, 0, sizeof passed);
        CHECK_ERR(bide_block_on(abort_after(5, again)), -ECANCELED);
        check_seen(2, 0);
        CHECK_EQ(passed[0], 2);
        CHECK_EQ(passed[1], 0);
        CHECK_EQ(passed[2], 0);
        CHECK_EQ(passed[4], 0);
    }
}

static async int late_request(int *result)
{
    atomic_int local = 0;
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 1000000, 0, 50));
        await bide_sleep(BIDE_MS(1));
        return local;
    }
    *result = 1;
    return 0;
}

static async int abort_late(void)
{
    int result = 0, out = -1;
    bide_task(int) task = 0;
    bide_scope(s) {
        task = bide_scope_spawn(s, late_request(&result));
        await bide_sleep(BIDE_MS(10));
        bide_task_abort(task);
        await bide_sleep(BIDE_MS(10));
        CHECK_EQ(seen.alive, 1);
    }
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(result, 0);
    CHECK_ERR(await bide_task_join(task, &out), 0);
    return out;
}

TEST(a_request_does_not_cut_short_the_wait_of_a_block_that_is_left)
{
    begin();
    CHECK_EQ(bide_block_on(abort_late()), 0);
}

static async int in_a_branch(void)
{
    atomic_int local = 0;
    int n = 0;
    int winner = await bide_select(n = waits(3), bide_sleep(BIDE_MS(11)));
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(winner, 1);
    CHECK_EQ(await bide_timeout(BIDE_MS(5), n = waits(2)), -ETIMEDOUT);
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(n, 0);
    await bide_join(n = waits(2), local = waits(1));
    return n * 10 + local;
}

TEST(scopes_in_branches)
{
    begin();
    CHECK_EQ(bide_block_on(in_a_branch()), 42);
}

/* The children of a future run even while nobody drives it, and end with it. */
static async int in_a_future(void)
{
    int n = 0;
    {
        bide_future(int) one = bide_lazy(waits(1)), three = bide_lazy(waits(3));
        CHECK_EQ(await bide_select(n = bide_get(one), n = bide_get(three)), 0);
        CHECK_EQ(n, 2);
        await bide_sleep(BIDE_US(100)); /* all that is due at the same instant has run */
        CHECK_EQ(seen.alive, 2);
    }
    check_seen(4, 2);
    bide_future(int) late = bide_lazy(waits(2));
    CHECK_EQ(await bide_timeout(BIDE_MS(5), n = bide_get(late)), -ETIMEDOUT);
    await bide_sleep(BIDE_MS(100));
    check_seen(6, 4);
    return await bide_get(late);
}

TEST(scopes_in_futures)
{
    begin();
    CHECK_EQ(bide_block_on(in_a_future()), 4);
}

static async int cleans_up_with_children(atomic_int *local)
{
    defer {
        bide_scope(s) {
            bide_scope_spawn(s, child(local, 10, 0, 0));
            bide_scope_spawn(s, child(local, 20, 0, 0));
        }
        for (int i = 0; i < 2; i++) {
            bide_scope(s) {
                bide_scope_spawn(s, child(local, 1000000, 0, 0));
                await bide_yield();
                break;
            }
        }
    }
    await for_ever();
    return 0;
}

static async int defers_a_scope(void)
{
    atomic_int local = 0;
    bide_scope(s) {
        bide_scope_spawn(s, cleans_up_with_children(&local));
        await bide_sleep(BIDE_MS(1));
        bide_scope_cancel(s);
    }
    check_seen(3, 2);
    return local;
}

TEST(a_deferred_block_may_have_a_scope)
{
    begin();
    CHECK_EQ(bide_block_on(defers_a_scope()), 5);
}

/* ---- shutdown ---- */

static bide_runtime *rt;

static void shut_down(bide_duration limit)
{
    CHECK_EQ(bide_runtime_shutdown(rt, limit), 0);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static void spawn_on_runtime(void)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    memset(passed, 0, sizeof passed);
    bide_spawn(asked_while_it_waits());
    bide_spawn(defers_a_scope());
    bide_spawn(nested(0));
    bide_spawn(late_request(&passed[3]));
}

TEST(shutdown_cancels_parents_and_children)
{
    begin();
    spawn_on_runtime();
    CHECK_EQ(bide_block_on(leave(5)), 0);
    shut_down(BIDE_S(10));
    CHECK_EQ(passed[0], 2);
}

TEST(shutdown_before_anything_has_begun)
{
    begin();
    spawn_on_runtime();
    shut_down(BIDE_S(10));
}

/* The children's deferred blocks take longer than the limit, so they are forced, and so are the
 * waits of their parents. */
static async int stubborn_child(atomic_int *local)
{
    defer {
        await for_ever();
        ++*local;
    }
    await for_ever();
    return 0;
}

static async int stubborn(int way, int *result)
{
    atomic_int local = 0;
    defer {
        *result = local;
    }
    bide_scope(s) {
        bide_scope_spawn(s, stubborn_child(&local));
        bide_scope_spawn(s, stubborn_child(&local));
        await bide_sleep(BIDE_MS(1));
        if (way)
            return 0;
    }
    return 0;
}

TEST(a_forced_shutdown_passes_the_force_on)
{
    for (int way = 0; way < 2; way++) {
        static int result;
        result = -1;
        begin();
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        bide_task(int) task = bide_spawn(stubborn(way, &result));
        CHECK_EQ(bide_block_on(leave(5)), 0);
        bide_task_detach(task);
        shut_down(BIDE_MS(1));
        CHECK_EQ(result, 2);
    }
}

/* Only the parent is forced at first; the shutdown's other requests come later. */
static struct bide_chain *forced_chain;

static async int forced_parent(void *state)
{
    int *result = state;
    atomic_int local = 0;
    defer {
        *result = local;
    }
    bide_scope(s) {
        bide_scope_spawn(s, stubborn_child(&local));
        await bide_yield();
        return 0;
    }
    return 1;
}

static async int forces(void *state)
{
    (void)state;
    await bide_sleep(BIDE_MS(1));
    bide_chain_cancel(forced_chain, -ECANCELED, true);
    return 0;
}

/* Drives two chains in one task, so that a request can be forced on one of them. */
static enum bide_poll both_poll(struct bide_cx *cx, struct bide_frame *h)
{
    static struct bide_chain chains[2];
    static _Alignas(16) char rooms[2][1024];
    static const struct bide_fn *const fns[] = {&bide__desc_forced_parent, &bide__desc_forces};
    static int results[2], result;
    static bool live[2];

    if (h->state == 0) {
        (void)bide__args(cx, h);
        h->state = 1;
        result = -1;
        for (int i = 0; i < 2; i++) {
            bide_chain_init(&chains[i], rooms[i], sizeof rooms[i], &results[i]);
            *(int **)bide_chain_begin(&chains[i], fns[i]) = &result;
            live[i] = true;
        }
        forced_chain = &chains[0];
    }
    for (int i = 1; i >= 0; i--) {
        struct bide_cx sub = {.chain = &chains[i], .waker = cx->waker, .turn = cx->turn};
        if (live[i] && bide_chain_poll(&sub) == BIDE_READY)
            live[i] = false;
    }
    if (live[0] || live[1])
        return bide_frame_suspend(cx, h);
    CHECK_EQ(results[0], 0);
    CHECK_EQ(result, 1);
    return bide_frame_finish(cx, h);
}

TEST(a_forced_request_at_a_shielded_wait_is_passed_on)
{
    static const struct bide_fn both = {.poll = both_poll,
                                        .cancel = cancel__answer,
                                        .frame_size = sizeof(struct bide_frame),
                                        .frame_align_log2 = 3,
                                        .version = BIDE_FN_VERSION};
    begin();
    bide_instant start = bide_now();
    bide__block_on(&both, NULL, NULL);
    CHECK(bide_elapsed(start).ns < 1000000000);
}

/* ---- memory ---- */

static async int deep(atomic_int *local, int depth)
{
    char text[200];
    memset(text, depth, sizeof text);
    ++*local;
    if (depth > 0) {
        int error;
        bide_try_scope(s, error) {
            bide_scope_spawn(s, deep(local, depth - 1));
            int r = await deep(local, depth - 1);
            if (r < 0)
                return r;
        }
        if (error < 0)
            return error;
    }
    await bide_yield();
    return text[199] == depth ? 0 : -EINVAL;
}

static async int counted(int depth, int *out)
{
    atomic_int local = 0;
    int r = await deep(&local, depth);
    *out = local;
    return r;
}

TEST(each_allocation_fails_in_turn)
{
    uint64_t failed = 1;
    int failures = 0;
    for (unsigned n = 1; failed > 0; n++) {
        bide_runtime *fresh;
        int local = 0;
        CHECK_EQ(bide_runtime_new(NULL, &fresh), 0);
        bide_runtime_enter(fresh);
        bide_test_fail("alloc", n, -ENOMEM, n % 2 ? 1 : 3);
        int r = bide_block_on(counted(6, &local));
        failed = bide_test_failed("alloc");
        CHECK(r == 0 || (r == -ENOMEM && failed));
        if (r == 0)
            CHECK_EQ(local, 127);
        failures += r != 0;
        bide_test_fail("alloc", 0, 0, 0);
        CHECK_EQ(bide_runtime_tasks(fresh), 0);
        CHECK_EQ(bide_runtime_shutdown(fresh, BIDE_S(1)), 0);
        CHECK_EQ(bide_runtime_free(fresh), 0);
    }
    CHECK(failures > 0);
}

static async int no_memory(bool keep)
{
    atomic_int local = 0;
    int error = 1;
    bide_task(int) handle = 0;
    bide_try_scope(s, error) {
        bide_scope_spawn(s, child(&local, 1000000, 0, 0));
        await bide_yield();
        bide_test_fail("alloc", 1, -ENOMEM, 0);
        struct {
            char bytes[16000];
        } big = {{0}};
        handle = bide_scope_spawn(s, async({ (int)big.bytes[0]; }));
        bide_test_fail("alloc", 0, 0, 0);
        if (keep)
            CHECK_ERR(await bide_task_wait(handle), -ENOMEM);
    }
    check_seen(1, 0);
    return error;
}

TEST(a_child_that_cannot_be_made_is_a_failure)
{
    for (int keep = 0; keep < 2; keep++) {
        begin();
        CHECK_ERR(bide_block_on(no_memory(keep)), -ENOMEM);
    }
}

static async int rounds(void)
{
    atomic_int local = 0;
    for (int i = 0; i < 50; i++) {
        bide_scope(s) {
            for (int k = 0; k < 20; k++)
                bide_scope_spawn(s, child(&local, k, 0, 0));
        }
    }
    return local;
}

TEST(scopes_do_not_allocate)
{
    begin();
    CHECK_EQ(bide_block_on(rounds()), 2000);
    bide_test_watch();
    CHECK_EQ(bide_block_on(rounds()), 2000);
    /* Of two workers, one may have its first work now. For that it allocates at most 3 times. */
    int64_t calls = bide_test_calls("alloc");
    if (!(check_has_workers() && calls <= 3))
        CHECK_EQ(calls, 0);
}

/* ---- who may spawn ---- */

static void spawn_from_plain_code(bide_scope_handle s, atomic_int *local)
{
    bide_scope_spawn(s, child(local, 1, 0, 0));
}

static async int spawn_on_another(struct bide__scope *s)
{
    bide_task(int) task = bide_scope_spawn(s, leave(1));
    bide_scope_cancel(s);
    return await bide_task_wait(task);
}

static int spawn_elsewhere(struct bide__scope *s)
{
    bide_task(int) task = bide_scope_spawn(s, leave(1));
    bide_scope_cancel(s);
    CHECK_ERR(bide_block_on(spawn_on_another(s)), -EXDEV);
    return bide_task_finished(task);
}

static async int helped(void)
{
    atomic_int local = 0;
    bide_scope(s) {
        spawn_from_plain_code(s, &local);
        CHECK_EQ(await bide_blocking(spawn_elsewhere(s)), 1);
    }
    check_seen(1, 1);
    return local;
}

TEST(plain_functions_of_the_task_may_spawn_and_other_threads_may_not)
{
    begin();
    CHECK_EQ(bide_block_on(helped()), 2);
}

static async int far(void)
{
    char big[600000];
    atomic_int local = 0;
    memset(big, 1, sizeof big);
    bide_scope(s) {
        bide_scope_spawn(s, child(&local, 1, 0, 0));
    }
    return local + big[599999];
}

TEST(a_scope_in_a_giant_frame)
{
    begin();
    CHECK_EQ(bide_block_on(far()), 3);
}

/* ---- dump ---- */

static char dumped[4000];

static void collect(void *argument, const char *text, size_t size)
{
    (void)argument;
    strncat(dumped, text, size);
}

TEST(the_dump_shows_who_waits_for_a_scope)
{
    begin();
    spawn_on_runtime();
    CHECK_EQ(bide_block_on(leave(5)), 0);
    bide_runtime_dump(rt, collect, NULL);
    CHECK(strstr(dumped, "  bide_scope (runtime/task/scope.c:") != NULL);
    const char *parent = strstr(dumped, "asked_while_it_waits (");
    CHECK(parent != NULL && strstr(parent, "scope.c:") != NULL);
    shut_down(BIDE_S(10));
}
