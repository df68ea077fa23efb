/*
 * bide/shutdown.h: what a drain waits for, who is cancelled, what is reported, and what cuts it
 * short. Who is told is in shutdown_told.c, the end of the process in shutdown_ends.sh.
 */
#include "shutdown.h"

#include <signal.h>

/* The report has this function, at this line of this file. */
static bool names(const char *function, int line)
{
    char at[64];
    const char *place = strstr(report, function);
    snprintf(at, sizeof at, "shutdown.c:%d)", line);
    return place != NULL && strstr(place, at) != NULL;
}

/* ---- the tasks ---- */

static _Atomic int finished, unwound;

/* Has something to finish. */
static async void finishes(bide_duration time)
{
    CHECK_EQ(await bide_shutdown_wait(&stop), 0);
    await bide_sleep(time);
    finished++;
}

enum { DEAF_LINE = __LINE__ + 7 }; /* of its last await */
static async void is_deaf(void)
{
    defer {
        if (await bide_sleep(BIDE_MS(30)) == 0)
            unwound++;
    }
    await bide_sleep(BIDE_S(3600));
}

static void spawn_all(void)
{
    told = finished = unwound = 0;
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn(ends()));
    for (int i = 0; i < 2; i++)
        bide_task_detach(bide_spawn(finishes(BIDE_MS(20))));
}

/* ---- drain ---- */

static async int drained(void)
{
    spawn_all();
    await bide_sleep(BIDE_MS(1));
    CHECK(!bide_shutdown_begun(&stop));
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK(bide_shutdown_begun(&stop));
    CHECK_EQ(told, 3);
    CHECK_EQ(finished, 2);
    CHECK_EQ(result.drained, 5);
    CHECK_EQ(result.cancelled, 0);
    CHECK_EQ(result.left, 0);
    CHECK(result.took.ns >= BIDE_MS(20).ns && result.took.ns < BIDE_S(5).ns);
    CHECK_STR(report, "");
    return 0;
}

TEST(tasks_that_are_told_end_by_themselves)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, drained());
    RUN(BIDE_MULTI_THREAD, drained());
}

/* No limit is reached before its time because it is added to others. */
static async int has_all_the_time(void)
{
    const bide_shutdown_options patient = {.drain = {INT64_MAX}, .unwind = {INT64_MAX}};
    spawn_all();
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &patient, &result), 0);
    CHECK_EQ(result.drained, 5);
    return 0;
}

TEST(limits_may_be_as_long_as_can_be)
{
    RUN(BIDE_CURRENT_THREAD, has_all_the_time());
}

TEST(tasks_of_cores_end_by_themselves)
{
    RUN(BIDE_THREAD_PER_CORE, drained());
}

static async int nobody(void)
{
    CHECK_EQ(await bide_shutdown_run(&stop, NULL, NULL), 0);
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result),
             0); /* again: there is nothing to do */
    CHECK_EQ(result.drained + result.cancelled + result.left, 0);
    return 0;
}

TEST(a_program_without_tasks_ends_at_once)
{
    bide_test_time_virtual();
    bide_instant before = bide_now();
    RUN(BIDE_CURRENT_THREAD, nobody());
    CHECK_EQ(bide_elapsed(before).ns, 0);
}

/* ---- the rest ---- */

static async int rest_cancelled(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_MS(100);
    spawn_all();
    for (int i = 0; i < 2; i++)
        bide_task_detach(bide_spawn(is_deaf()));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    CHECK_EQ(told, 3);
    CHECK_EQ(finished, 2);
    CHECK_EQ(unwound, 2); /* their deferred blocks have awaited */
    CHECK_EQ(result.drained, 5);
    CHECK_EQ(result.cancelled, 2);
    CHECK_EQ(result.left, 0);
    CHECK(result.took.ns >= BIDE_MS(130).ns);
    CHECK(says("bide: shutdown: 2 tasks are cancelled, which have not ended after 1"));
    CHECK(names("is_deaf", DEAF_LINE));
    CHECK(!says("rest_cancelled")); /* the one that ends the others is not among them */
    CHECK(!says("have not unwound"));
    return 0;
}

TEST(the_rest_is_cancelled_and_may_await)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, rest_cancelled());
    RUN(BIDE_MULTI_THREAD, rest_cancelled());
}

static async int rest_of_cores(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_MS(50);
    unwound = 0;
    bide_task(void) far = bide_spawn_at(1, is_deaf());
    bide_task_detach(bide_spawn(is_deaf()));
    await bide_sleep(BIDE_MS(5));
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    CHECK_EQ(unwound, 2);
    CHECK_EQ(result.left, 0);
    CHECK(result.cancelled >= 2); /* the task at the other core counts on both */
    CHECK(says("core 1:") && names("is_deaf", DEAF_LINE));
    CHECK_ERR(await bide_task_wait(far), -ECANCELED);
    return 0;
}

TEST(the_rest_is_cancelled_on_every_core)
{
    RUN(BIDE_THREAD_PER_CORE, rest_of_cores());
}

static async int late_comers(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_NS(-1);
    unwound = 0;
    bide_task_detach(bide_spawn(is_deaf()));
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    CHECK_EQ(unwound, 1);
    bide_task_detach(bide_spawn(is_deaf())); /* cancelled from the start */
    bide_instant before = bide_now();
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(unwound, 2);
    CHECK(bide_elapsed(before).ns < BIDE_S(1).ns);
    return 0;
}

TEST(who_comes_later_is_cancelled_too)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, late_comers());
    RUN(BIDE_MULTI_THREAD, late_comers());
}

/* ---- deferred blocks that do not end ---- */

static _Atomic int forced;
static _Atomic bool let_go;

enum { HANGS_LINE = __LINE__ + 4 };
static async void hangs(void)
{
    defer {
        forced += await bide_sleep(BIDE_S(3600)) == -ECANCELED;
    }
    await bide_sleep(BIDE_S(3600));
}

static async int force(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_MS(100);
    options.unwind = BIDE_MS(200);
    forced = 0;
    bide_task_detach(bide_spawn(hangs()));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    CHECK_EQ(forced, 1);
    CHECK_EQ(result.cancelled, 1);
    CHECK_EQ(result.left, 0);
    CHECK(result.took.ns >= BIDE_MS(300).ns && result.took.ns < BIDE_MS(500).ns);
    CHECK(says("bide: shutdown: 1 cancelled task has not unwound after 2"));
    CHECK(names("hangs", HANGS_LINE));
    return 0;
}

TEST(a_deferred_block_that_waits_for_ever_is_cancelled_too)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, force());
    RUN(BIDE_MULTI_THREAD, force());
}

enum { NEVER_LINE = __LINE__ + 5 };
static async void never_ends(void)
{
    defer {
        while (!let_go)
            await bide_sleep(BIDE_MS(1));
    }
    await bide_sleep(BIDE_S(3600));
}

static async int refuse(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_MS(10);
    options.unwind = BIDE_MS(10);
    let_go = false;
    bide_task_detach(bide_spawn(never_ends()));
    await bide_sleep(BIDE_MS(1));
    CHECK_ERR(await bide_shutdown_run(&stop, &options, &result), -ETIMEDOUT);
    CHECK_EQ(result.left, 1);
    CHECK(result.took.ns >= BIDE_MS(1020).ns);
    CHECK(says("bide: shutdown: 1 task cannot be ended after 1"));
    CHECK(names("never_ends", NEVER_LINE));
    let_go = true;
    return 0;
}

/* In real time: after the force its awaits do not wait, so a clock that stands still would not go
 * on any more. */
TEST(a_deferred_block_that_never_ends_is_reported_and_the_call_returns)
{
    RUN(BIDE_CURRENT_THREAD, refuse());
    RUN(BIDE_MULTI_THREAD, refuse());
    RUN(BIDE_THREAD_PER_CORE, refuse());
}

/* ---- helpers ---- */

static _Atomic int helped;

static async void help(void)
{
    bide_shutdown_helper_enter(&stop);
    defer {
        bide_shutdown_helper_leave(&stop);
    }
    for (;; helped++)
        await bide_sleep(BIDE_MS(1));
}

static async int with_helpers(void)
{
    spawn_all();
    helped = 0;
    for (int i = 0; i < 2; i++)
        bide_task_detach(bide_spawn(help()));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(finished, 2);
    CHECK(helped >= 20); /* to the end of the others */
    CHECK_EQ(result.drained, 5);
    CHECK_EQ(result.cancelled, 0);
    CHECK(result.took.ns < BIDE_MS(200).ns);
    CHECK_STR(report, "");
    return 0;
}

TEST(the_drain_does_not_wait_for_helpers)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, with_helpers());
    RUN(BIDE_MULTI_THREAD, with_helpers());
}

/* ---- hurry, and signals ---- */

static async void hurry_after(int ms, int times)
{
    bide_shutdown_helper_enter(&stop);
    defer {
        bide_shutdown_helper_leave(&stop);
    }
    await bide_sleep(BIDE_MS(ms));
    while (times-- > 0)
        bide_shutdown_hurry(&stop);
    await bide_sleep(BIDE_S(3600));
}

static async int hurried(int times)
{
    forced = unwound = 0;
    bide_task_detach(bide_spawn(hangs()));
    bide_task_detach(bide_spawn(is_deaf()));
    bide_task_detach(bide_spawn(hurry_after(100, times)));
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(forced, 1);
    CHECK_EQ(unwound, times < 2); /* that takes 30 ms */
    return 0;
}

TEST(a_hurry_ends_a_step)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, hurried(0));
    CHECK(result.took.ns >= BIDE_S(7).ns);
    RUN(BIDE_CURRENT_THREAD, hurried(1));
    CHECK(result.took.ns >= BIDE_MS(2100).ns && result.took.ns < BIDE_MS(2300).ns);
    RUN(BIDE_CURRENT_THREAD, hurried(2));
    CHECK(result.took.ns >= BIDE_MS(100).ns && result.took.ns < BIDE_MS(200).ns);
    RUN(BIDE_CURRENT_THREAD, hurried(100)); /* more change nothing */
}

/* Helpers are cancelled after the drain; so all of it is in a deferred block. */
static async void send_signals(const int *signals)
{
    bide_shutdown_helper_enter(&stop);
    defer {
        for (; *signals != 0; signals++) {
            await bide_sleep(BIDE_MS(50));
            raise(*signals);
        }
        bide_shutdown_helper_leave(&stop);
    }
}

static async int on_signals(const int *signals)
{
    forced = unwound = 0;
    bide_task_detach(bide_spawn(hangs()));
    bide_task_detach(bide_spawn(send_signals(signals)));
    CHECK_EQ(await bide_shutdown_on_signals(&stop, &noted, &result), 0);
    CHECK_EQ(forced, 1);
    return 0;
}

TEST(a_signal_begins_and_the_next_ones_hurry)
{
    static const int one[] = {SIGTERM, 0}, two[] = {SIGINT, SIGTERM, 0},
                     three[] = {SIGTERM, SIGTERM, SIGINT, 0};
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, on_signals(one));
    CHECK(result.took.ns >= BIDE_S(7).ns);
    RUN(BIDE_CURRENT_THREAD, on_signals(two));
    CHECK(result.took.ns >= BIDE_S(2).ns && result.took.ns < BIDE_MS(2200).ns);
    RUN(BIDE_CURRENT_THREAD, on_signals(three));
    CHECK(result.took.ns < BIDE_MS(200).ns);
    RUN(BIDE_MULTI_THREAD, on_signals(three));
}

/* As timeout(1) does: to the process, and to its group. */
static async void send_twice(void)
{
    bide_shutdown_helper_enter(&stop);
    defer {
        for (int i = 0; i < 4; i++) {
            await bide_sleep(BIDE_MS(10));
            raise(SIGTERM);
        }
        bide_shutdown_helper_leave(&stop);
    }
}

static async int on_one_signal_twice(void)
{
    bide_task_detach(bide_spawn(hangs()));
    bide_task_detach(bide_spawn(send_twice()));
    CHECK_EQ(await bide_shutdown_on_signals(&stop, &noted, &result), 0);
    return 0;
}

TEST(a_signal_that_comes_twice_is_one)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, on_one_signal_twice());
    CHECK(result.took.ns >= BIDE_S(7).ns);
}

static async int begun_otherwise(void)
{
    bide_task_detach(bide_spawn(ends()));
    CHECK(bide_shutdown_begin(&stop));
    CHECK_EQ(await bide_shutdown_on_signals(&stop, &noted, &result), 0);
    return 0;
}

TEST(no_signal_is_needed)
{
    RUN(BIDE_CURRENT_THREAD, begun_otherwise());
}

/* ---- misuse, failures, cancellation ---- */

static async int run_again(void)
{
    return await bide_shutdown_run(&stop, &noted, NULL);
}

static async int twice(void)
{
    bide_task(int) second = bide_spawn(run_again());
    int r = 0;
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(await bide_task_join(second, &r), 0);
    CHECK_ERR(r, -EBUSY);
    return 0;
}

TEST(one_call_at_a_time)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, twice());
}

static async int guarded(void)
{
    bide_shutdown_options options = {.report = note};
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    return 0;
}

TEST(without_a_guard_it_goes_on_and_says_so)
{
    bide_runtime *rt = begin(BIDE_CURRENT_THREAD);
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 1), 0);
    CHECK_EQ(bide_block_on(guarded()), 0);
    CHECK_EQ(bide_test_failed("thread_create"), 1);
    CHECK(says("bide: shutdown: no thread that ends the process if it does not end: "));
    end(rt);
    RUN(BIDE_CURRENT_THREAD, guarded());
    CHECK_STR(report, "");
}

/* With the first, second... allocation failing: either all have ended, or there was no memory to
 * begin. */
TEST(no_memory_at_any_allocation)
{
    uint64_t failed = 1;
    unsigned nth = 0;
    signal(SIGTERM, SIG_IGN); /* when nobody can wait for it */
    signal(SIGINT, SIG_IGN);
    bide_test_time_virtual();
    while (failed > 0) {
        static const int three[] = {SIGTERM, SIGTERM, SIGINT, 0};
        bide_runtime *rt = begin(BIDE_CURRENT_THREAD);
        forced = 0;
        bide_task_detach(bide_spawn(hangs()));
        bide_task_detach(bide_spawn(send_signals(three)));
        bide_test_fail("alloc", ++nth, -ENOMEM, 1);
        int r = bide_block_on(bide_shutdown_on_signals(&stop, &noted, &result));
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK(r == 0 || (failed > 0 && r == -ENOMEM));
        end(rt);
        CHECK_EQ(forced, 1);
    }
    CHECK(nth > 1);
}

static async int run_for(int ms)
{
    bide_shutdown_options options = {.drain = BIDE_MS(200), .unwind = BIDE_MS(200), .report = note};
    return await bide_timeout(BIDE_MS(ms), bide_shutdown_run(&stop, &options, &result));
}

/* The call is cancelled at each of its waits, in each step. */
TEST(the_call_is_cancelled_anywhere)
{
    int r = -ETIMEDOUT, runs = 0;
    bide_test_time_virtual();
    for (int ms = 0; r != 0; ms += 15, runs++) {
        bide_runtime *rt = begin(BIDE_CURRENT_THREAD);
        forced = 0;
        bide_task_detach(bide_spawn(hangs()));
        bide_block_on(bide_yield());
        r = bide_block_on(run_for(ms));
        CHECK_ERR(r, r < 0 ? -ETIMEDOUT : 0);
        CHECK(bide_shutdown_begun(&stop));
        CHECK_EQ(stop.runs_, 0);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_MS(1)), 0);
        CHECK_EQ(forced, 1);
        end(rt);
    }
    CHECK(runs >= 400 / 15 && runs <= 420 / 15);
}

/* ---- the report ---- */

static async int many(void)
{
    bide_shutdown_options options = noted;
    options.drain = BIDE_NS(-1);
    options.report_tasks_max = 3;
    for (int i = 0; i < 10; i++)
        bide_task_detach(bide_spawn(is_deaf()));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &options, &result), 0);
    int tasks = 0;
    for (const char *at = report; (at = strstr(at, "\ntask ")) != NULL; at++)
        tasks++;
    CHECK_EQ(tasks, 3);
    CHECK(says("bide: shutdown: and 7 tasks more\n"));
    return 0;
}

TEST(a_long_report_is_cut)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, many());
}
