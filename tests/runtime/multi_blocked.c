/*
 * Workers of a multi_thread runtime that block in C: what the others do meanwhile, what the
 * watchdog says, what a dump and a shutdown do, and bide_block_in_place.
 */
#include "check.h"

#include "runtime/schedule/multi.h"
#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wbide-borrow"

static struct bide_runtime *rt;

static void begin(unsigned workers)
{
    struct bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = workers};
    CHECK_EQ(bide_runtime_new(&rt, &o), 0);
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
    const char *line = strstr(text, "the task of blocks (");
    CHECK(line != NULL);
    CHECK(strstr(line, "multi_blocked.c:") != NULL);
    CHECK(strstr(line, " has not come to an await for 1") != NULL);
    CHECK(strstr(text, "blocks_in_place") == NULL);
    CHECK(strchr(strchr(text, '\n') + 1, '\n') == NULL);
    bide_task_detach(t);
    bide_task_detach(u);
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
    CHECK(strstr(dumped, "has run the task of blocks (") != NULL);
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

TEST_LIMIT(a_call_in_place_gives_the_tasks_to_others, 30)
{
    begin(2);
    for (int i = 0; i < 20; i++) {
        atomic_store(&done, 0);
        CHECK_EQ(bide_block_on(spawns_and_blocks(i * 20)), i * 20);
    }
    end();
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
    begin(2);
    CHECK_EQ(bide_block_on(blocks_beside_timers()), 0);
    end();
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
    begin(2);
    CHECK_EQ(bide_block_on(spawns_in_place(1)), 0);
    CHECK_EQ(bide_block_on(spawns_in_place(300)), 0);
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
    struct bide_runtime *on = argument;
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

static async int spins_a_while(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return n;
}

TEST_LIMIT(several_runtimes_at_once, 60)
{
    struct bide_runtime *all[4];
    bide_task(int) t[4];
    for (int i = 0; i < 4; i++) {
        struct bide_runtime_options o = {.flavour = (enum bide_flavour)(i % 3)};
        o.workers = o.flavour == BIDE_CURRENT_THREAD ? 0 : 2;
        CHECK_EQ(bide_runtime_new(&all[i], &o), 0);
        t[i] = bide_spawn_on(all[i], spins_a_while(1000));
    }
    for (int i = 0; i < 4; i++) {
        struct bide_runtime *before = bide_runtime_enter(all[i]);
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
