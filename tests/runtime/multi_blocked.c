/*
 * Workers of a multi_thread runtime that block in C: what the others do meanwhile, what the
 * watchdog says, what a dump and a shutdown do, and bide_block_in_place.
 */
#include "check.h"

#include "runtime/schedule/multi.h"
#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wbide-borrow"

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
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- what is said on stderr ---- */

static int said;

static void listen_to_stderr(void)
{
    int ends[2];
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    CHECK(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    said = ends[0];
}

static void hear(char *text, size_t size)
{
    ssize_t n = read(said, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
}

/* ---- a task that does not come to an await until it may go ---- */

static atomic_int busy, may_go, done;

static void spin(void)
{
    atomic_fetch_add(&busy, 1);
    for (unsigned n = 0; !atomic_load(&may_go); n++)
        bide__spin(n);
}

static async int blocks(void)
{
    CHECK_EQ(bide_task_name_set("busy bee"), 0);
    spin();
    return 0;
}

static async int blocks_in_place(void)
{
    await bide_block_in_place(spin());
    return 0;
}

static void wait_until_busy(int n)
{
    while (atomic_load(&busy) < n)
        bide__spin(100);
}

static async int waits_for(bide_task(int) task)
{
    return await bide_task_wait(task);
}

static async int sleeps_ms(int ms)
{
    return await bide_sleep(BIDE_MS(ms));
}

/* Both workers are awake, but only one is idle after a second: the other one is reported, by name
 * and place. The one that sleeps is not, nor is the one that blocks in place. */
TEST_LIMIT(a_poll_that_lasts_is_reported_once, 30)
{
    char text[4000];
    listen_to_stderr();
    begin(3);
    bide_task(int) t = bide_spawn(blocks());
    bide_task(int) u = bide_spawn(blocks_in_place());
    wait_until_busy(2);
    CHECK_EQ(bide_block_on(sleeps_ms(1300)), 0);
    hear(text, sizeof(text));
    atomic_store(&may_go, 1);
    const char *line = strstr(text, "the task \"busy bee\" of blocks (");
    CHECK(line != NULL);
    CHECK(strstr(line, "multi_blocked.c:") != NULL);
    CHECK(strstr(line, " has not come to an await for 1") != NULL);
    CHECK(strstr(text, "blocks_in_place") == NULL);
    CHECK(strchr(strchr(text, '\n') + 1, '\n') == NULL);
    bide_task_detach(t);
    bide_task_detach(u);
    end();
}

/* ---- what waits behind a poll that lasts ---- */

static async void yields_until_done(void)
{
    atomic_fetch_add(&busy, 1);
    while (!atomic_load(&done))
        await bide_yield();
}

static async void counts_done(atomic_int *count)
{
    atomic_fetch_add(count, 1);
}

/* The other worker has always tasks of its own, so it does not steal. One of those that are spawned
 * here goes into the slot, the rest into the ring. */
static async int blocks_until_they_ran(int n)
{
    static atomic_int ran;
    for (int i = 0; i < n; i++)
        bide_task_detach(bide_spawn(counts_done(&ran)));
    for (unsigned k = 0; atomic_load(&ran) < n; k++)
        bide__spin(k);
    return 0;
}

TEST_LIMIT(others_that_have_tasks_of_their_own_take_what_waits_behind_it, 30)
{
    begin(2);
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn(yields_until_done()));
    wait_until_busy(3);
    CHECK_EQ(bide_block_on(blocks_until_they_ran(50)), 0);
    atomic_store(&done, 1);
    end();
}

/* ---- the driver ---- */

enum { ROUNDS = 200 };

static int event_pipe[2];
static atomic_int bytes;

static async void reads_bytes(void)
{
    char c;
    while (bytes < 2 * ROUNDS) {
        while (read(event_pipe[0], &c, 1) != 1)
            CHECK_EQ(await bide_fd_readable(event_pipe[0]), 0);
        bytes++;
    }
}

/* The watchdog, which also looks after the driver, does not come. */
static int no_tick(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ns)
{
    return bide__door_real.cond_wait(cond, mutex, timeout_ns == 2000000 ? -1 : timeout_ns);
}

static async void does_nothing(void)
{
}

static void wait_for_sleep(struct bide__workers *all)
{
    for (unsigned n = 0; !bide__all_sleep(all) || !atomic_load(&all->driver_taken); n++)
        bide__spin(n);
}

static void sends_byte(void)
{
    int before = bytes;
    CHECK_EQ(write(event_pipe[1], "x", 1), 1);
    for (unsigned n = 0; bytes == before; n++)
        bide__spin(n);
}

/* The worker that slept in the driver is woken for a task that blocks; the other one sleeps. */
TEST_LIMIT(an_event_is_seen_though_the_worker_in_the_driver_took_a_task, 30)
{
    CHECK_EQ(pipe2(event_pipe, O_NONBLOCK), 0);
    bide_test_replace("cond_wait", (void (*)(void))no_tick);
    begin(2);
    bide_task(void) reader = bide_spawn(reads_bytes());
    for (int i = 0; i < ROUNDS; i++) {
        struct bide__workers *all = rt->workers;
        sends_byte();
        wait_for_sleep(all);
        for (int j = 0; j < i % 4; j++) { /* either worker may be in the driver, and sleep last */
            bide_task_detach(bide_spawn(does_nothing()));
            wait_for_sleep(all);
        }
        busy = may_go = 0;
        bide_task_detach(bide_spawn(blocks()));
        for (unsigned n = 0; busy == 0; n++)
            bide__spin(n);
        sends_byte();
        may_go = 1;
    }
    for (unsigned n = 0; !bide_task_finished(reader); n++)
        bide__spin(n);
    bide_task_detach(reader);
    end();
}

/* ---- a dump ---- */

static char dumped[20000];

static void add_text(void *argument, const char *text, size_t size)
{
    (void)argument;
    size_t have = strlen(dumped);
    CHECK(have + size < sizeof(dumped));
    memcpy(dumped + have, text, size);
    dumped[have + size] = '\0';
}

static void dump(void)
{
    dumped[0] = '\0';
    bide_runtime_dump(rt, add_text, NULL);
}

TEST_LIMIT(a_dump_beside_a_worker_that_blocks_names_it, 30)
{
    listen_to_stderr();
    begin(2);
    bide_task(int) sleeper = bide_spawn(sleeps_ms(1000000));
    bide_task(int) t = bide_spawn(blocks());
    wait_until_busy(1);
    dump();
    CHECK(strstr(dumped, "has run the task \"busy bee\" of blocks (") != NULL);
    CHECK(strstr(dumped, "the tasks are left out") != NULL);
    CHECK(strstr(dumped, "sleeps_ms") == NULL);
    atomic_store(&may_go, 1);
    bide_task_detach(t);
    dump();
    CHECK(strstr(dumped, "sleeps_ms (") != NULL);
    CHECK(strstr(dumped, "left out") == NULL);
    bide_task_detach(sleeper);
    end();
}

static async int dumps(void)
{
    await bide_yield();
    dump();
    return 0;
}

TEST_LIMIT(a_task_makes_a_dump, 30)
{
    begin(2);
    bide_task(int) sleeper = bide_spawn(sleeps_ms(1000000));
    CHECK_EQ(bide_block_on(dumps()), 0);
    CHECK(strstr(dumped, "sleeps_ms (") != NULL);
    CHECK(strstr(dumped, " runs\n  dumps (") != NULL);
    bide_task_detach(sleeper);
    end();
}

static void drop_text(void *argument, const char *text, size_t size)
{
    (void)argument, (void)text, (void)size;
}

static async int spawns_and_dumps(int n)
{
    bide_task(int) t[8];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 8; k++)
            t[k] = bide_spawn(sleeps_ms(k % 2));
        bide_runtime_dump(rt, drop_text, NULL);
        for (int k = 0; k < 8; k++) {
            if (k % 3 == 0)
                bide_task_abort(t[k]);
            bide_task_detach(t[k]);
        }
        await bide_yield();
    }
    return 0;
}

static async int all_dump(void)
{
    bide_task(int) t[4];
    for (int i = 0; i < 4; i++)
        t[i] = bide_spawn(spawns_and_dumps(10));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    return 0;
}

TEST_LIMIT(tasks_on_all_workers_make_dumps, 60)
{
    begin(4);
    CHECK_EQ(bide_block_on(all_dump()), 0);
    end();
}

/* ---- a shutdown ---- */

TEST_LIMIT(a_shutdown_beside_a_worker_that_blocks_times_out, 30)
{
    listen_to_stderr();
    begin(2);
    bide_task(int) t = bide_spawn(blocks());
    wait_until_busy(1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_MS(20)), -ETIMEDOUT);
    CHECK_EQ(bide_runtime_free(rt), -EBUSY);
    atomic_store(&may_go, 1);
    bide_task_detach(t);
    end();
}

/* ---- in place ---- */

static void count_done(void)
{
    atomic_fetch_add(&done, 1);
}

static async int counts(void)
{
    count_done();
    return 0;
}

/* Looks whether the worker on this thread has given its tasks away, and waits until they are run.
 * */
static void wait_for_the_others(int n, struct bide__peer *peer)
{
    CHECK_EQ(bide__ring_count(&peer->ring), 0);
    CHECK(atomic_load(&peer->lifo) == NULL);
    CHECK(atomic_load(&peer->in_place));
    for (unsigned k = 0; atomic_load(&done) < n; k++)
        bide__spin(k);
}

static async int spawns_and_blocks(int n)
{
    for (int i = 0; i < n; i++)
        bide_task_detach(bide_spawn(counts()));
    await bide_block_in_place(wait_for_the_others(n, bide__peer_of(bide__thread.running)));
    struct bide__peer *peer = bide__peer_of(bide__thread.running);
    CHECK(!atomic_load(&peer->in_place));
    return n;
}

static void give_the_tasks_away(unsigned workers)
{
    begin(workers);
    for (int i = 0; i < 20; i++) {
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(spawns_and_blocks(i * 20)), i * 20);
    }
    end();
}

TEST_LIMIT(a_call_in_place_gives_the_tasks_to_others, 30)
{
    give_the_tasks_away(2);
}

TEST_LIMIT(a_call_in_place_of_the_only_worker_gives_the_tasks_to_a_spare, 30)
{
    give_the_tasks_away(1);
}

static async int counts_later(void)
{
    await bide_sleep(BIDE_MS(1));
    count_done();
    return 0;
}

/* Their timers are on the wheel of the worker that blocks. */
static async int blocks_beside_timers(void)
{
    enum { N = 50 };
    for (int i = 0; i < N; i++)
        bide_task_detach(bide_spawn(counts_later()));
    await bide_yield();
    await bide_block_in_place(wait_for_the_others(N, bide__peer_of(bide__thread.running)));
    return 0;
}

TEST_LIMIT(a_call_in_place_holds_up_no_timer, 30)
{
    for (unsigned workers = 1; workers < 3; workers++) {
        atomic_store(&done, 0);
        begin(workers);
        CHECK_EQ(bide_block_on(blocks_beside_timers()), 0);
        end();
    }
}

static void wake_others(int n)
{
    for (int i = 0; i < n; i++)
        bide_task_detach(bide_spawn(counts()));
    for (unsigned k = 0; atomic_load(&done) < n; k++)
        bide__spin(k);
}

static async int spawns_in_place(int n)
{
    await bide_block_in_place(wake_others(n));
    return 0;
}

TEST_LIMIT(what_a_call_in_place_spawns_is_run_by_others, 30)
{
    for (unsigned workers = 1; workers < 3; workers++) {
        begin(workers);
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(spawns_in_place(1)), 0);
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(spawns_in_place(300)), 0);
        end();
    }
}

/* ---- spares ---- */

static bide_runtime_metrics metrics(void)
{
    bide_runtime_metrics m;
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    return m;
}

/* As many workers as there are, and more, are in calls in place at the same time; others run
 * nevertheless, and as many of them at once as there are workers. */
static async int meets(int n)
{
    atomic_fetch_add(&done, 1);
    for (unsigned k = 0; atomic_load(&done) < n; k++)
        bide__spin(k);
    return 0;
}

TEST_LIMIT(as_many_workers_work_as_before, 60)
{
    enum { WORKERS = 2, CALLS = 5 };
    bide_task(int) calls[CALLS], met[WORKERS];
    begin(WORKERS);
    for (int i = 0; i < CALLS; i++)
        calls[i] = bide_spawn(blocks_in_place());
    wait_until_busy(CALLS);
    CHECK_EQ(metrics().workers, WORKERS);
    CHECK_EQ(metrics().in_place, CALLS);
    CHECK_EQ(metrics().spare_workers, CALLS);
    for (int i = 0; i < WORKERS; i++)
        met[i] = bide_spawn(meets(WORKERS));
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(bide_block_on(waits_for(bide_move(met[i]))), 0);
    atomic_store(&may_go, 1);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(bide_block_on(waits_for(bide_move(calls[i]))), 0);
    CHECK_EQ(metrics().in_place, 0);
    end();
}

/* The only worker calls in place until tasks have run that sleep and wake each other. Then the
 * spare rests: it runs nothing any more, though timers were armed on it. */
static atomic_int here_only;

static async int sleeps_here_and_there(bide_notify *wake)
{
    for (int i = 0; i < 40; i++) {
        if (i == 10)
            count_done();
        await bide_sleep(BIDE_US(300));
        bide_notify_all(wake);
        if (atomic_load(&here_only))
            CHECK_EQ(bide__peer_of(bide__thread.running)->index, 0);
    }
    return 0;
}

static async int calls_beside(int n, bide_notify *wake)
{
    bide_task(int) t[8];
    for (int i = 0; i < n; i++)
        t[i] = bide_spawn(sleeps_here_and_there(wake));
    await bide_block_in_place(wait_for_the_others(n, bide__peer_of(bide__thread.running)));
    CHECK_EQ(bide__peer_of(bide__thread.running)->index, 0);
    /* It may be in the middle of a turn. */
    const struct bide__peer *spare = rt->workers->spare[0];
    for (unsigned k = 0; !atomic_load(&spare->rests) && !atomic_load(&spare->is_asleep); k++)
        bide__spin(k);
    atomic_store(&here_only, 1);
    for (int i = 0; i < n; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    atomic_store(&here_only, 0);
    return 0;
}

TEST_LIMIT(a_spare_rests_when_the_call_has_ended, 60)
{
    bide_notify wake = {0};
    begin(1);
    for (int i = 0; i < 20; i++) {
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(calls_beside(8, &wake)), 0);
        CHECK_EQ(metrics().spare_workers, 1);
    }
    end();
}

/* A task that is spawned on a spare, and is to stay there, does so when the spare rests. */
static async int stays_here(pthread_t *thread)
{
    *thread = pthread_self();
    for (int i = 0; i < 50; i++) {
        if (i == 5)
            count_done();
        if (i % 10 == 0)
            await bide_sleep(BIDE_MS(1));
        else
            await bide_yield();
        CHECK(pthread_equal(*thread, pthread_self()));
    }
    return 0;
}

static async int spawns_local(pthread_t *thread)
{
    return await bide_task_wait(bide_spawn_local(stays_here(thread)));
}

static async int calls_beside_local(void)
{
    pthread_t here = pthread_self(), there;
    bide_task(int) t = bide_spawn(spawns_local(&there));
    await bide_block_in_place(wait_for_the_others(1, bide__peer_of(bide__thread.running)));
    int r = await bide_task_wait(t);
    CHECK(!pthread_equal(here, there));
    return r;
}

TEST_LIMIT(a_local_task_stays_on_a_spare, 60)
{
    begin(1);
    for (int i = 0; i < 5; i++) {
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(calls_beside_local()), 0);
    }
    end();
}

static void says_done(void)
{
    count_done();
}

static async int calls_only(void)
{
    await bide_block_in_place(says_done());
    return 0;
}

TEST(without_a_thread_for_a_spare_the_call_is_made)
{
    /* After the watchdog and two workers. */
    CHECK_EQ(bide_test_fail("thread_create", 4, -EAGAIN, 1), 0);
    begin(2);
    CHECK_EQ(bide_block_on(calls_only()), 0);
    CHECK_EQ(atomic_load(&done), 1);
    CHECK_EQ(metrics().spare_workers, 0);
    CHECK_EQ(bide_test_failed("thread_create"), 1);
    CHECK_EQ(bide_block_on(calls_only()), 0);
    CHECK_EQ(metrics().spare_workers, 1);
    end();
}

/* The clock stands still during a call, as it does during one on the pool. */
static async int sleeps_an_hour(void)
{
    int r = await bide_sleep(BIDE_S(3600));
    count_done();
    return r;
}

static void nobody_wakes(void)
{
    usleep(20000);
    CHECK_EQ(atomic_load(&done), 0);
}

static async int calls_in_virtual_time(void)
{
    bide_task(int) t = bide_spawn(sleeps_an_hour());
    await bide_yield();
    await bide_block_in_place(nobody_wakes());
    CHECK_EQ(await bide_task_wait(t), 0);
    return atomic_load(&done);
}

TEST(virtual_time_does_not_pass_during_a_call)
{
    bide_test_time_virtual();
    begin(1);
    CHECK_EQ(bide_block_on(calls_in_virtual_time()), 1);
    end();
}

/* ---- tasks that are bound to a worker ---- */

static async int stays(bide_notify *wake)
{
    pthread_t here = pthread_self();
    for (int i = 0; i < 200; i++) {
        if (i % 2 == 0)
            await bide_notify_wait(wake);
        else
            await bide_yield();
        CHECK(pthread_equal(here, pthread_self()));
    }
    return 0;
}

static async int wakes_it(bide_notify *wake, atomic_bool *ends)
{
    while (!atomic_load(ends)) {
        bide_notify_one(wake);
        await bide_yield();
    }
    return 0;
}

static async int is_home(void)
{
    bide_notify wake = {0};
    atomic_bool ends = false;
    bide_task(int) other = bide_spawn(wakes_it(&wake, &ends));
    bide_task(int) local = bide_spawn_local(stays(&wake));
    CHECK_EQ(await bide_task_wait(local), 0);
    atomic_store(&ends, true);
    CHECK_EQ(await bide_task_wait(other), 0);
    return 0;
}

static async int are_home(void)
{
    bide_task(int) t[8];
    for (int i = 0; i < 8; i++)
        t[i] = bide_spawn(is_home());
    for (int i = 0; i < 8; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    return 0;
}

TEST_LIMIT(local_tasks_stay_on_their_thread, 60)
{
    begin(4);
    CHECK_EQ(bide_block_on(are_home()), 0);
    end();
}

/* ---- shutdowns, spawns and ends at the same time ---- */

static void *spawns_until_it_ends(void *argument)
{
    bide_runtime *on = argument;
    for (int i = 0; !atomic_load(&done); i++) {
        bide_task_detach(bide_spawn_on(on, sleeps_ms(i % 3)));
        bide__spin(100); /* there is a moment when no task is alive */
    }
    return NULL;
}

TEST_LIMIT(other_threads_spawn_while_it_shuts_down, 60)
{
    pthread_t threads[3];
    for (int round = 0; round < 5; round++) {
        begin(2);
        bide_runtime_enter(NULL);
        atomic_store(&done, 0);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, spawns_until_it_ends, rt), 0);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(20)), 0);
        atomic_store(&done, 1);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

/* There is never a moment when no task is alive. */
static void *spawns_all_the_time(void *argument)
{
    bide_runtime *on = argument;
    while (!atomic_load(&done))
        bide_task_detach(bide_spawn_on(on, sleeps_ms(1)));
    return NULL;
}

TEST_LIMIT(a_shutdown_does_not_wait_for_threads_that_spawn_all_the_time, 60)
{
    pthread_t threads[3];
    begin(2);
    bide_runtime_enter(NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, spawns_all_the_time, rt), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(3600)), 0);
    atomic_store(&done, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- several threads shut it down ---- */

static async int unwinds_slowly(void)
{
    defer {
        await bide_sleep(BIDE_MS(50));
        count_done();
    }
    atomic_fetch_add(&busy, 1);
    await bide_sleep(BIDE_S(3600));
    return 0;
}

static bool rt_is_shut_down(void)
{
    pthread_mutex_lock(&rt->workers->world_mutex);
    bool is = rt->workers->shuts_down;
    pthread_mutex_unlock(&rt->workers->world_mutex);
    return is;
}

static void *shuts_down(void *limit)
{
    return (void *)(intptr_t)bide_runtime_shutdown(rt, BIDE_MS((intptr_t)limit));
}

TEST_LIMIT(several_threads_shut_it_down, 60)
{
    pthread_t threads[4];
    void *result;
    for (int round = 0; round < 5; round++) {
        begin(2);
        atomic_store(&busy, 0);
        atomic_store(&done, 0);
        for (int i = 0; i < 3; i++)
            bide_task_detach(bide_spawn(unwinds_slowly()));
        wait_until_busy(3);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, shuts_down, (void *)(intptr_t)50000), 0);
        for (int i = 0; i < 4; i++) {
            CHECK_EQ(pthread_join(threads[i], &result), 0);
            CHECK_EQ((intptr_t)result, 0);
            CHECK_EQ(atomic_load(&done), 3);
        }
        end();
    }
}

TEST_LIMIT(one_that_waits_for_another_has_its_own_limit, 60)
{
    pthread_t thread;
    void *result;
    listen_to_stderr();
    begin(2);
    bide_task(int) t = bide_spawn(blocks());
    wait_until_busy(1);
    CHECK_EQ(pthread_create(&thread, NULL, shuts_down, (void *)(intptr_t)50000), 0);
    while (!rt_is_shut_down())
        bide__spin(100);
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_MS(20)), -ETIMEDOUT);
    atomic_store(&may_go, 1);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((intptr_t)result, 0);
    bide_task_detach(t);
    end();
}

static async int spins_a_while(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return n;
}

TEST_LIMIT(several_runtimes_at_once, 60)
{
    bide_runtime *all[4];
    bide_task(int) t[4];
    for (int i = 0; i < 4; i++) {
        bide_runtime_options o = {.flavour = (bide_flavour)(i % 3)};
        o.workers = o.flavour == BIDE_CURRENT_THREAD ? 0 : 2;
        CHECK_EQ(bide_runtime_new(&o, &all[i]), 0);
        t[i] = bide_spawn_on(all[i], spins_a_while(1000));
    }
    for (int i = 0; i < 4; i++) {
        bide_runtime *before = bide_runtime_enter(all[i]);
        CHECK_EQ(bide_block_on(spins_a_while(100)), 100);
        bide_runtime_enter(before);
    }
    for (int i = 3; i >= 0; i--) {
        CHECK_EQ(bide_runtime_shutdown(all[i], BIDE_S(10)), 0);
        CHECK_EQ(bide_runtime_free(all[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        bide_task_detach(t[i]);
}
