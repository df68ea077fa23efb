/*
 * A multi_thread runtime: tasks, joins, scopes, futures, timers, blocking calls, aborts and wakes
 * with several workers; shutdown; what other threads may do.
 */
#include "check.h"

#include "runtime/schedule/multi.h"
#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* All that is lent here is joined, or static. */
#pragma GCC diagnostic ignored "-Wbide-borrow"
#pragma GCC diagnostic ignored "-Wbide-unused-future"

enum { WORKERS = 4 };

static bide_runtime *rt;

static void begin(unsigned workers)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = workers};
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    CHECK(bide_runtime_enter(rt) == NULL);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    rt = NULL;
}

/* ---- tasks ---- */

static async int answer(int n)
{
    return n;
}

static async int yields(int times)
{
    for (int i = 0; i < times; i++)
        await bide_yield();
    return times;
}

static async long tree(int depth)
{
    long a = 0, b = 0;
    if (depth == 0)
        return 1;
    bide_task(long) left = bide_spawn(tree(depth - 1));
    bide_task(long) right = bide_spawn(tree(depth - 1));
    if (depth % 3 == 0)
        await bide_yield();
    CHECK_EQ(await bide_task_join(left, &a), 0);
    CHECK_EQ(await bide_task_join(right, &b), 0);
    return a + b;
}

TEST(a_call_is_run_by_a_worker)
{
    begin(WORKERS);
    CHECK_EQ(bide_block_on(answer(42)), 42);
    CHECK_EQ(bide_block_on(yields(1000)), 1000);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    end();
}

TEST_LIMIT(a_tree_of_tasks_is_joined, 60)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        begin(workers);
        CHECK_EQ(bide_block_on(tree(10)), 1024);
        end();
    }
}

/* More tasks than fit into a ring. */
static async int many(int n)
{
    bide_task(int) *all = malloc((size_t)n * sizeof(*all));
    defer {
        free(all);
    }
    int sum = 0, out = 0;
    for (int i = 0; i < n; i++)
        all[i] = bide_spawn(yields(i % 5));
    for (int i = 0; i < n; i++) {
        CHECK_EQ(await bide_task_join(all[i], &out), 0);
        sum += out;
    }
    return sum;
}

TEST_LIMIT(more_tasks_than_a_ring_holds, 60)
{
    begin(WORKERS);
    CHECK_EQ(bide_block_on(many(5000)), 10000);
    end();
}

/* ---- work is shared ---- */

static atomic_int held, came;
static atomic_bool released;

/* Keeps a worker from all others, until they have been spawned. */
static async int holds(void)
{
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&released))
        sched_yield();
    await bide_yield();
    return atomic_load(&came);
}

static async int comes(void)
{
    atomic_fetch_add(&came, 1);
    return 0;
}

static async int least_of(bide_task(int) one, bide_task(int) other)
{
    int a = 0, b = 0;
    CHECK_EQ(await bide_task_join(one, &a), 0);
    CHECK_EQ(await bide_task_join(other, &b), 0);
    return a < b ? a : b;
}

/* But for those that a worker has taken and has yet to run. */
TEST_LIMIT(what_waits_in_the_shared_queue_comes_before_a_task_that_yields, 60)
{
    enum { MANY = 2000 };
    begin(2);
    bide_task(int) one = bide_spawn_on(rt, holds());
    bide_task(int) other = bide_spawn_on(rt, holds());
    while (atomic_load(&held) < 2)
        sched_yield();
    for (int i = 0; i < MANY; i++)
        bide_task_detach(bide_spawn_on(rt, comes()));
    atomic_store(&released, true);
    CHECK(bide_block_on(least_of(bide_move(one), bide_move(other))) >= MANY - 2 * BIDE__RING);
    end();
}

static atomic_int turns;
static atomic_bool begun, over;

static async int yields_until_one_came(void)
{
    while (atomic_load(&came) == 0 && atomic_fetch_add(&turns, 1) < 10000)
        await bide_yield();
    atomic_store(&over, true);
    return 0;
}

enum kind { COMMON, LOW, LOCAL };

/* Makes a task, and then yields with the others. */
static async int makes_one(enum kind kind)
{
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&begun))
        sched_yield();
    switch (kind) {
    case COMMON: bide_task_detach(bide_spawn(comes())); break;
    case LOW: bide_task_detach(bide_spawn_low(comes())); break;
    case LOCAL: bide_task_detach(bide_spawn_local(comes())); break;
    }
    return await yields_until_one_came();
}

/* One worker is free. `others` tasks yield through the shared queue beside the one that makes
 * another, which does not wait for them. Fewer of them than workers: then the queue is never
 * empty, and that worker never takes more than one. */
static void yields_beside(int others, enum kind kind)
{
    bide_task(int) all[2 * WORKERS];
    begin(WORKERS);
    all[0] = bide_spawn_on(rt, makes_one(kind));
    for (int i = 1; i < WORKERS; i++)
        all[i] = bide_spawn_on(rt, holds());
    while (atomic_load(&held) < WORKERS)
        sched_yield();
    for (int i = 0; i < others; i++)
        all[WORKERS + i] = bide_spawn_on(rt, yields_until_one_came());
    atomic_store(&begun, true);
    while (!atomic_load(&over))
        sched_yield();
    CHECK(atomic_load(&turns) < 100);
    atomic_store(&released, true);
    for (int i = 0; i < WORKERS + others; i++)
        bide_task_detach(bide_move(all[i]));
    end();
}

TEST_LIMIT(a_task_in_the_ring_does_not_wait_for_those_that_yield_through_the_shared_queue, 60)
{
    yields_beside(WORKERS - 1, COMMON);
}

TEST_LIMIT(a_task_in_the_slot_does_not_wait_for_those_that_yield_through_the_shared_queue, 60)
{
    yields_beside(WORKERS - 2, COMMON);
}

TEST_LIMIT(one_of_low_priority_does_not_wait_for_those_that_yield_through_the_shared_queue, 60)
{
    yields_beside(WORKERS - 2, LOW);
}

TEST_LIMIT(one_that_is_bound_does_not_wait_for_those_that_yield_through_the_shared_queue, 60)
{
    yields_beside(WORKERS - 2, LOCAL);
}

static atomic_int meeting;

static async int meets(int others)
{
    atomic_fetch_add(&meeting, 1);
    for (int n = 0; atomic_load(&meeting) < others; n++)
        bide__spin((unsigned)n); /* the others need workers of their own */
    return 0;
}

static async int meet_all(int n)
{
    bide_task(int) t[WORKERS];
    for (int i = 0; i < n; i++)
        t[i] = bide_spawn(meets(n));
    for (int i = 0; i < n; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    return n;
}

TEST_LIMIT(tasks_that_block_are_on_all_workers, 30)
{
    begin(WORKERS);
    for (int i = 0; i < 20; i++) {
        atomic_store(&meeting, 0);
        CHECK_EQ(bide_block_on(meet_all(WORKERS)), WORKERS);
    }
    end();
}

static atomic_bool is_free;

static async int frees(void)
{
    atomic_store(&is_free, true);
    return 0;
}

/* It wakes a task, which is in its worker's slot, and then blocks until that task has run. */
static async int blocks_after_a_spawn(void)
{
    atomic_store(&is_free, false);
    bide_task(int) t = bide_spawn(frees());
    for (unsigned n = 0; !atomic_load(&is_free); n++)
        bide__spin(n);
    return await bide_task_wait(t);
}

TEST_LIMIT(a_task_in_the_slot_of_a_worker_that_blocks_is_taken, 30)
{
    begin(2);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(bide_block_on(blocks_after_a_spawn()), 0);
    end();
}

/* ---- scopes, groups, futures, timers ---- */

static async int adds(atomic_int *sum, int n)
{
    await bide_yield();
    atomic_fetch_add(sum, n);
    return 0;
}

static async int scope_sum(int n)
{
    atomic_int sum = 0;
    bide_scope(s) {
        for (int i = 1; i <= n; i++)
            bide_scope_spawn(s, adds(&sum, i));
    }
    return atomic_load(&sum);
}

static async int fails_at(int n)
{
    await bide_yield();
    if (n == 7)
        return -EIO;
    await bide_sleep(BIDE_S(1000));
    return 0;
}

static async int try_scope_fails(void)
{
    int error = 0;
    bide_try_scope(s, error) {
        for (int i = 0; i < 20; i++)
            bide_scope_spawn(s, fails_at(i));
    }
    return error;
}

TEST_LIMIT(scopes_wait_for_children_on_other_workers, 60)
{
    begin(WORKERS);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(bide_block_on(scope_sum(50)), 1275);
    end();
}

static async int joins_and_races(int n)
{
    int a = 0, b = 0, c = 0;
    await bide_join(a = yields(n), b = yields(2 * n), c = answer(1));
    CHECK_EQ(a + b + c, 3 * n + 1);
    switch (await bide_select(a = yields(n), bide_sleep(BIDE_S(1000)))) {
    case 0: return a;
    default: return -1;
    }
}

static async int all_groups(int n)
{
    bide_task(int) t[32];
    int out = 0;
    for (int i = 0; i < 32; i++)
        t[i] = bide_spawn(joins_and_races(n));
    for (int i = 0; i < 32; i++) {
        CHECK_EQ(await bide_task_join(t[i], &out), 0);
        CHECK_EQ(out, n);
    }
    return 0;
}

TEST_LIMIT(groups_run_on_all_workers, 60)
{
    begin(WORKERS);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(bide_block_on(all_groups(10)), 0);
    end();
}

static async int sleeps(int us)
{
    await bide_sleep(BIDE_US(us));
    return us;
}

static async int raced(int n)
{
    bide_future(int) f = bide_lazy(sleeps(2000));
    int out = 0, rounds = 0;
    while (await bide_timeout(BIDE_US(300), out = bide_get(f)) != 0)
        rounds++;
    CHECK_EQ(out, 2000);
    bide_future(int) g = bide_lazy(sleeps(1000 * n));
    if (await bide_timeout(BIDE_US(100), out = bide_get(g)) != 0)
        bide_drop(g);
    return rounds;
}

static async int all_raced(void)
{
    bide_task(int) t[32];
    for (int i = 0; i < 32; i++)
        t[i] = bide_spawn(raced(i));
    for (int i = 0; i < 32; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    return 0;
}

TEST_LIMIT(futures_are_raced_on_all_workers, 60)
{
    begin(WORKERS);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(bide_block_on(all_raced()), 0);
    end();
}

static async int all_sleep(int n)
{
    int sum = 0;
    bide_task(int) *t = malloc((size_t)n * sizeof(*t));
    defer {
        free(t);
    }
    for (int i = 0; i < n; i++)
        t[i] = bide_spawn(sleeps(i % 997));
    for (int i = 0; i < n; i++) {
        int out = 0;
        CHECK_EQ(await bide_task_join(t[i], &out), 0);
        sum += out == i % 997;
    }
    return sum;
}

TEST_LIMIT(timers_fire_on_all_workers, 60)
{
    begin(WORKERS);
    CHECK_EQ(bide_block_on(all_sleep(3000)), 3000);
    end();
}

TEST_LIMIT(a_failed_child_cancels_its_siblings, 60)
{
    begin(WORKERS);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(bide_block_on(try_scope_fails()), -EIO);
    end();
}

TEST(virtual_time_passes_when_all_workers_sleep)
{
    bide_test_time_virtual();
    begin(WORKERS);
    bide_instant before = bide_now();
    CHECK_EQ(bide_block_on(sleeps(1000000000)), 1000000000);
    CHECK(bide_elapsed(before).ns >= INT64_C(1000000000000));
    end();
    bide_test_reset();
}

/* ---- aborts ---- */

static atomic_int cleaned;

static async int cleans(void)
{
    defer {
        await bide_yield();
        atomic_fetch_add(&cleaned, 1);
    }
    await bide_sleep(BIDE_S(1000));
    return 0;
}

static async int aborts(int n)
{
    bide_task(int) *t = malloc((size_t)n * sizeof(*t));
    defer {
        free(t);
    }
    for (int i = 0; i < n; i++)
        t[i] = bide_spawn(cleans());
    await bide_yield();
    for (int i = 0; i < n; i++)
        bide_task_abort(t[i]);
    for (int i = 0; i < n; i++)
        CHECK_EQ(await bide_task_wait(t[i]), -ECANCELED);
    for (int i = 0; i < n; i++)
        bide_task_detach(t[i]);
    return 0;
}

TEST_LIMIT(aborts_unwind_on_all_workers, 60)
{
    begin(WORKERS);
    atomic_store(&cleaned, 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(bide_block_on(aborts(100)), 0);
    CHECK_EQ(atomic_load(&cleaned), 2000);
    end();
}

static async void leaves(int n)
{
    for (int i = 0; i < n; i++)
        bide_task_detach(bide_spawn(cleans()));
    await bide_yield();
}

TEST_LIMIT(shutdown_unwinds_all_tasks, 60)
{
    for (int i = 0; i < 20; i++) {
        atomic_store(&cleaned, 0);
        begin(WORKERS);
        bide_block_on(leaves(100));
        end();
        CHECK_EQ(atomic_load(&cleaned), 100);
    }
}

static async int never_ends(void)
{
    for (;;) {
        defer {
            await bide_sleep(BIDE_S(1000));
        }
        await bide_yield();
    }
    return 0;
}

TEST_LIMIT(shutdown_past_its_deadline_forces, 60)
{
    begin(WORKERS);
    bide_task_detach(bide_spawn(never_ends()));
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_MS(20)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- signals ---- */

static volatile sig_atomic_t raised;

static void on_signal(int signo)
{
    (void)signo;
    raised++;
}

static async int raises(void)
{
    await bide_yield();
    return raise(SIGUSR1);
}

TEST(a_signal_that_a_task_raises_is_delivered)
{
    struct sigaction action = {.sa_handler = on_signal};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    begin(2);
    CHECK_EQ(bide_block_on(raises()), 0);
    CHECK_EQ(raised, 1);
    end();
}

/* ---- other threads ---- */

static int square(int n)
{
    return n * n;
}

static async int blocking_sum(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += await bide_blocking(square(i));
    return sum;
}

TEST_LIMIT(blocking_calls_come_back, 60)
{
    begin(WORKERS);
    CHECK_EQ(bide_block_on(blocking_sum(50)), 40425);
    end();
}

static void *blocks_on_it(void *argument)
{
    bide_runtime_enter(argument);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(bide_block_on(tree(4)), 16);
    bide_task(int) t = bide_spawn(cleans());
    bide_task_abort(t);
    bide_task_detach(t);
    return NULL;
}

TEST_LIMIT(many_threads_block_on_one_runtime, 60)
{
    pthread_t threads[6];
    begin(WORKERS);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, blocks_on_it, rt), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    end();
}

static atomic_int lines;

static void count_lines(void *argument, const char *text, size_t size)
{
    (void)argument, (void)text, (void)size;
    atomic_fetch_add(&lines, 1);
}

TEST_LIMIT(a_dump_shows_what_all_workers_left, 60)
{
    begin(WORKERS);
    bide_block_on(leaves(100));
    bide_task(int) busy = bide_spawn(yields(100000));
    for (int i = 0; i < 20; i++) {
        atomic_store(&lines, 0);
        bide_runtime_dump(rt, count_lines, NULL);
        CHECK(atomic_load(&lines) >= 200);
    }
    bide_task_detach(busy);
    end();
}

TEST(handles_outlive_the_runtime)
{
    begin(2);
    bide_task(int) t = bide_spawn(answer(1));
    bide_task(int) u = bide_spawn(cleans());
    bide_future(int) f = bide_lazy(answer(2));
    end();
    bide_task_detach(t);
    bide_task_detach(u);
    bide_drop(f);
}
