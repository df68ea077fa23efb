/*
 * thread_per_core: tasks on other cores, what comes back of them, mail that does not fit, the end
 * of all cores together.
 */
#include "check.h"

#include "runtime/schedule/cores.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CORES = 3 };

static bide_runtime *rt;
static _Atomic int begun, ended, undone;

static void make(uint32_t cores)
{
    const bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = cores};
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    CHECK_EQ(bide_runtime_cores(rt), cores);
    bide_runtime_enter(rt);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(30)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- one call ---- */

static async int where(uint32_t core)
{
    begun++;
    CHECK_EQ(bide_core(), core);
    await bide_yield();
    CHECK_EQ(bide_core(), core);
    await bide_sleep(BIDE_US(1));
    CHECK_EQ(bide_core(), core);
    ended++;
    return (int)core * 10;
}

static async int get(bide_task(int) task)
{
    int n = 0, r = await bide_task_join(task, &n);
    return r < 0 ? r : n;
}

static async int everywhere(void)
{
    for (uint32_t i = 0; i < CORES; i++)
        CHECK_EQ(await get(bide_spawn_at(i, where(i))), (int)i * 10);
    CHECK_ERR(await get(bide_spawn_at(CORES, where(0))), -EINVAL);
    CHECK_ERR(await get(bide_spawn_at(~0u, where(0))), -EINVAL);
    return 0;
}

TEST(a_task_runs_on_its_core_and_its_result_comes_back)
{
    make(CORES);
    CHECK_EQ(bide_block_on(everywhere()), 0);
    CHECK_EQ(begun, CORES);
    CHECK_EQ(ended, CORES);
    end();
}

TEST(one_core_is_like_one_thread)
{
    make(1);
    CHECK_EQ(bide_block_on(get(bide_spawn_at(0, where(0)))), 0);
    CHECK_ERR(bide_block_on(get(bide_spawn_at(1, where(0)))), -EINVAL);
    end();
}

TEST(elsewhere_there_are_no_cores)
{
    CHECK_ERR(bide_block_on(get(bide_spawn_at(0, where(0)))), -EINVAL);
    CHECK_EQ(bide_core(), 0);
}

/* ---- arguments and results of all kinds ---- */

struct large {
    char bytes[20000];
};
struct lines {
    _Alignas(64) char bytes[64];
};

static async struct large grow(char c, int n)
{
    struct large l;
    await bide_yield();
    memset(l.bytes, c + n, sizeof l.bytes);
    return l;
}

static async struct lines turned(struct lines l, struct large const by)
{
    CHECK_EQ((uintptr_t)&l % 64, 0);
    await bide_yield();
    for (size_t i = 0; i < sizeof l.bytes; i++)
        l.bytes[i] = (char)(l.bytes[i] + by.bytes[i]);
    return l;
}

static async void nothing(void)
{
    ended++;
}

static async char tiny(char c)
{
    return c;
}

static async int kinds(void)
{
    static struct large l;
    struct lines line = {"abc"};
    char c = 0;
    bide_async_fn(char, char) ref = bide_ref(tiny);
    bide_task(struct large) large = bide_spawn_at(1, grow('a', 2));
    CHECK_EQ(await bide_task_join(large, &l), 0);
    CHECK(l.bytes[0] == 'c' && l.bytes[19999] == 'c');
    memset(&l, 1, sizeof l);
    bide_task(struct lines) lines = bide_spawn_at(2, turned(line, l));
    CHECK_EQ(await bide_task_join(lines, &line), 0);
    CHECK(memcmp(line.bytes, "bcd\1", 4) == 0);
    bide_task(void) none = bide_spawn_at(1, nothing());
    CHECK_EQ(await bide_task_join(none, NULL), 0);
    bide_task(char) one = bide_spawn_at(2, (*ref)('x'));
    CHECK_EQ(await bide_task_join(one, &c), 0);
    CHECK_EQ(c, 'x');
    int base = 40;
    CHECK_EQ(await get(bide_spawn_at(1, async({ await bide_yield(); base + 2; }))), 42);
    return 0;
}

TEST(arguments_and_results_of_all_kinds)
{
    make(CORES);
    CHECK_EQ(bide_block_on(kinds()), 0);
    CHECK_EQ(ended, 1);
    end();
}

/* ---- cancelled, detached, failed ---- */

static async int waits(void)
{
    begun++;
    defer {
        await bide_yield();
        undone++;
    }
    return await bide_sleep(BIDE_S(1000000));
}

static async int fails(void)
{
    return -EIO;
}

static async int handles(void)
{
    int n = 0;
    bide_task(int) early = bide_spawn_at(1, waits()), late = bide_spawn_at(2, waits());
    bide_task_abort(early); /* before it was sent: it begins all the same */
    while (begun < 2)
        await bide_yield();
    bide_task_abort(late);
    bide_task_abort(late);
    CHECK_ERR(await bide_task_join(early, &n), -ECANCELED);
    CHECK_ERR(await bide_task_join(late, &n), -ECANCELED);
    CHECK_EQ(undone, 2);
    CHECK_EQ(await get(bide_spawn_at(1, fails())), -EIO);
    bide_spawn_at(1, where(1));
    bide_task(int) dropped = bide_spawn_at(2, where(2));
    bide_task_detach(dropped);
    while (ended < 2)
        await bide_yield();
    bide_task(int) done = bide_spawn_at(1, where(1));
    CHECK_EQ(await bide_task_wait(done), 0);
    bide_task_abort(done);
    CHECK_EQ(await get(bide_move(done)), 10);
    return 0;
}

TEST(handles_are_used_as_always)
{
    make(CORES);
    CHECK_EQ(bide_block_on(handles()), 0);
    end();
}

/* ---- more than a ring holds ---- */

enum { MANY = 10 * BIDE__LANE };

static _Atomic bool hold;

static async int slow(int n)
{
    while (hold) {} /* its core reads no mail */
    ended++;
    return n;
}

static async int many(void)
{
    static bide_task(int) task[MANY];
    hold = true;
    for (int i = 0; i < MANY; i++)
        task[i] = bide_spawn_at(1, slow(i));
    for (int i = 0; i < 100; i++)
        await bide_yield(); /* all are sent */
    struct bide__lane *ring = &rt->worker->core->all->lane[1];
    CHECK(ring->over != NULL);
    hold = false;
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(await get(bide_move(task[i])), i);
    CHECK(ring->over == NULL);
    CHECK_EQ(rt->worker->core->over, 0);
    return 0;
}

TEST(mail_that_does_not_fit_is_not_lost)
{
    make(2);
    CHECK_EQ(bide_block_on(many()), 0);
    CHECK_EQ(ended, MANY);
    end();
}

/* ---- from outside ---- */

static bide_runtime *other;

static async int tell(void)
{
    other = bide_runtime_current();
    return 0;
}

static void *spawn_outside(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        bide_spawn_on(other, where(1));
    return NULL;
}

TEST(other_threads_spawn_on_a_core)
{
    pthread_t thread;
    make(2);
    CHECK_EQ(bide_block_on(get(bide_spawn_at(1, tell()))), 0);
    CHECK(other != rt);
    CHECK_EQ(pthread_create(&thread, NULL, spawn_outside, NULL), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(30)), 0);
    CHECK_EQ(begun, 1000);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- the end ---- */

TEST(a_shutdown_ends_the_tasks_of_all_cores)
{
    make(CORES);
    for (uint32_t i = 0; i < 30; i++)
        bide_spawn_at(i % CORES, waits());
    CHECK_ERR(bide_runtime_free(rt), -EBUSY);
    end();
    CHECK_EQ(begun, 30);
    CHECK_EQ(undone, 30);
}

static _Atomic bool relent;

static async int stubborn(void)
{
    defer {
        begun++;
        while (!relent)
            await bide_sleep(BIDE_MS(1));
    }
    return await bide_sleep(BIDE_S(1000000));
}

static bide_udp *udp;
static bide_tcp_listener *listener;
static bide_stream *client, *connection;

/* Each has something under way with the driver of its core when this ends. */
static async int opens(void)
{
    bide_stream *none;
    char c;
    ssize_t n = 0;
    int r = 0;

    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp), 0);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &client), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &connection), 0);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = bide_udp_receive(udp, &c, 1, NULL)), -ETIMEDOUT);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), r = bide_tcp_accept(listener, &none)), -ETIMEDOUT);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = bide_stream_read(connection, &c, 1)), -ETIMEDOUT);
    CHECK_EQ(n + r, 0);
    CHECK_EQ(await bide_stream_write(client, "x", 1), 1);
    return 1;
}

static async int opens_on_core(uint32_t core)
{
    return await get(bide_spawn_at(core, opens()));
}

TEST(what_is_open_after_a_shutdown_can_be_closed)
{
    for (uint32_t core = 0; core < 2; core++) {
        make(2);
        CHECK_EQ(bide_block_on(opens_on_core(core)), 1);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(30)), 0);
        CHECK_ERR(bide_runtime_free(rt), -EBUSY);
        bide_udp_close(udp);
        bide_tcp_listener_close(listener);
        bide_stream_close(client);
        bide_stream_close(connection);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

TEST(a_shutdown_that_times_out_can_be_repeated)
{
    make(CORES);
    bide_spawn_at(1, stubborn());
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_MS(1)), -ETIMEDOUT);
    CHECK_EQ(begun, 1);
    CHECK_ERR(bide_runtime_free(rt), -EBUSY);
    relent = true;
    end();
}

static async int calls_back(void)
{
    defer {
        /* While all shut down, another core still takes it, and cancels it. */
        int n = 0;
        bide_task(int) h = bide_spawn_at(2, waits());
        CHECK_ERR(await bide_task_join(h, &n), -ECANCELED);
        ended++;
    }
    return await bide_sleep(BIDE_S(1000000));
}

TEST(deferred_blocks_still_call_other_cores)
{
    make(CORES);
    bide_spawn_at(1, calls_back());
    end();
    CHECK_EQ(ended, 1);
    CHECK_EQ(begun, 1);
    CHECK_EQ(undone, 1);
}

TEST(without_memory_there_are_no_cores)
{
    const bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = CORES};
    for (unsigned i = 1;; i++) {
        bide_test_fail("alloc", i, -ENOMEM, 1);
        int r = bide_runtime_new(&options, &rt);
        bool is_past = bide_test_failed("alloc") == 0;
        CHECK_ERR(r, is_past ? 0 : -ENOMEM);
        if (is_past)
            end();
        else
            CHECK(rt == NULL);
        bide_test_reset();
        if (is_past)
            break;
    }
    bide_test_fail("thread_create", 2, -EAGAIN, 1);
    CHECK_ERR(bide_runtime_new(&options, &rt), -EAGAIN);
}

/* ---- all to all ---- */

static _Atomic int spawned, failed;

static async int spreads(unsigned seed, int depth)
{
    begun++;
    defer {
        ended++;
    }
    bide_task(int) kept = NULL;
    for (int i = 0; i < 4 && depth > 0; i++) {
        unsigned r = (unsigned)rand_r(&seed);
        spawned++;
        bide_task(int) h = bide_spawn_at(r % CORES, spreads(r, depth - 1));
        if (r / 16 % 4 == 0)
            bide_task_abort(h);
        if (r / 64 % 2)
            kept = bide_move(h);
        if (r / 128 % 4 == 0)
            await bide_yield();
    }
    int n = 0, r = 0;
    if (depth > 0 && seed % 2) {
        r = await bide_task_join(kept, &n);
        CHECK(r == 0 || r == -ECANCELED || r == -EINVAL || r == -ENOMEM || r == -ESHUTDOWN);
        failed += r == -ENOMEM || r == -ESHUTDOWN;
    }
    return depth + n;
}

static async int first(int depth)
{
    for (uint32_t i = 0; i < CORES; i++) {
        spawned++;
        bide_spawn_at(i, spreads(i, depth));
    }
    return 0;
}

TEST_LIMIT(all_cores_spawn_on_all, 60)
{
    make(CORES);
    CHECK_EQ(bide_block_on(first(6)), 0);
    while (begun < spawned || ended < begun)
        bide_block_on(bide_sleep(BIDE_MS(1)));
    end();
    CHECK_EQ(begun, spawned);
    CHECK_EQ(ended, begun);
    CHECK_EQ(failed, 0);
}

TEST_LIMIT(all_cores_end_while_they_spawn_on_all, 60)
{
    make(CORES);
    CHECK_EQ(bide_block_on(first(6)), 0);
    end();
    CHECK_EQ(begun, spawned);
    CHECK_EQ(ended, begun);
    CHECK_EQ(failed, 0);
}

/* ---- a dump, and the number of tasks, of all cores ---- */

static char dumped[20000];

static void add_text(void *argument, const char *text, size_t size)
{
    (void)argument;
    size_t have = strlen(dumped);
    CHECK(have + size < sizeof(dumped));
    CHECK(size > 0 && text[size - 1] == '\n');
    CHECK(memchr(text, '\n', size - 1) == NULL);
    memcpy(dumped + have, text, size);
    dumped[have + size] = '\0';
}

static async int sleeps_on_0(void)
{
    begun++;
    return await bide_sleep(BIDE_S(3600));
}

static async int sleeps_on_1(void)
{
    begun++;
    return await bide_sleep(BIDE_S(3600));
}

static async int sleeps_on_2(void)
{
    begun++;
    return await bide_sleep(BIDE_S(3600));
}

static async int dumps_here(void)
{
    dumped[0] = '\0';
    bide_runtime_dump(bide_runtime_current(), add_text, NULL);
    return 0;
}

static async int begins_all(void)
{
    bide_task_detach(bide_spawn(sleeps_on_0()));
    bide_task_detach(bide_spawn_at(1, sleeps_on_1()));
    bide_task_detach(bide_spawn_at(2, sleeps_on_2()));
    while (begun < CORES)
        await bide_yield();
    return 0;
}

/* `what` stands between the line of this core and that of the next one. */
static void check_shown(const char *what, unsigned core)
{
    char name[16], next[16];
    snprintf(name, sizeof(name), "core %u:\n", core);
    snprintf(next, sizeof(next), "core %u:\n", core + 1);
    const char *begin = strstr(dumped, name), *end = strstr(dumped, next);
    CHECK(begin != NULL);
    CHECK((end != NULL) == (core + 1 < CORES));
    const char *at = strstr(begin, what);
    CHECK(at != NULL && (end == NULL || at < end));
}

TEST(a_dump_shows_the_tasks_of_all_cores)
{
    make(CORES);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_EQ(bide_block_on(begins_all()), 0);
    /* What was spawned at other cores is a task of both. */
    CHECK_EQ(bide_runtime_tasks(rt), CORES + 2);
    CHECK_EQ(bide_block_on(dumps_here()), 0);
    check_shown("  sleeps_on_0 (", 0);
    check_shown(" runs\n  dumps_here (", 0);
    check_shown("  sleeps_on_1 (", 1);
    check_shown("  sleeps_on_2 (", 2);
    CHECK_EQ(bide_block_on(get(bide_spawn_at(2, dumps_here()))), 0);
    check_shown("  sleeps_on_0 (", 0);
    check_shown("  sleeps_on_1 (", 1);
    check_shown("  sleeps_on_2 (", 2);
    check_shown(" runs\n  dumps_here (", 2);
    end();
}

static atomic_int may_go;

static async int blocks(void)
{
    begun++;
    while (!may_go)
        sched_yield();
    return 0;
}

static async int dumps_beside_a_core_that_blocks(void)
{
    bide_task_detach(bide_spawn_at(1, blocks()));
    bide_task_detach(bide_spawn_at(2, sleeps_on_2()));
    while (begun < 2)
        await bide_yield();
    return await dumps_here();
}

TEST(a_core_that_does_not_come_to_an_await_is_left_out)
{
    make(CORES);
    CHECK_EQ(bide_block_on(dumps_beside_a_core_that_blocks()), 0);
    may_go = 1;
    CHECK(strstr(dumped, "core 1 does not come to an await; its tasks are left out\n") != NULL);
    CHECK(strstr(dumped, "core 2:\n") != NULL);
    CHECK(strstr(dumped, "  sleeps_on_2 (") != NULL);
    end();
}

static void drop_text(void *argument, const char *text, size_t size)
{
    (void)argument, (void)text, (void)size;
}

static async int dumps_often(int n)
{
    for (int i = 0; i < n; i++) {
        bide_runtime_dump(bide_runtime_current(), drop_text, NULL);
        await bide_yield();
    }
    return 0;
}

static async int all_dump(void)
{
    bide_task(int) t[CORES];
    for (uint32_t i = 0; i < CORES; i++)
        t[i] = bide_spawn_at(i, dumps_often(50));
    for (int i = 0; i < CORES; i++)
        CHECK_EQ(await bide_task_wait(t[i]), 0);
    return 0;
}

TEST_LIMIT(all_cores_make_dumps_at_once, 60)
{
    make(CORES);
    CHECK_EQ(bide_block_on(all_dump()), 0);
    end();
}

/* ---- threads that spawn without a pause ---- */

static atomic_bool stop;

static async int is_short(int n)
{
    await bide_yield();
    return n;
}

static void *spawns_on(void *argument)
{
    while (!stop)
        bide_task_detach(bide_spawn_on((bide_runtime *)argument, is_short(1)));
    return NULL;
}

TEST_LIMIT(a_shutdown_does_not_wait_for_threads_that_spawn_all_the_time, 60)
{
    pthread_t threads[2];
    make(CORES);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, spawns_on, rt), 0);
    CHECK_EQ(bide_block_on(is_short(1)), 1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(3600)), 0);
    stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    end();
}
