/*
 * A multi_thread runtime whose workers have a ring each (BIDE_IO_URING): who looks at the ring of a
 * worker that does not come, operations of one ring that tasks on another worker cancel, and a
 * virtual clock that waits for what is in all of them.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bide_runtime *rt;

static void begin(uint32_t workers)
{
    bide_runtime_options options = {
        .flavour = BIDE_MULTI_THREAD, .workers = workers, .io = BIDE_IO_URING};
    int r = bide_runtime_new(&options, &rt);
    if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP)
        check_skip("no io_uring here");
    CHECK_EQ(r, 0);
    CHECK_EQ(bide_runtime_io(rt), BIDE_IO_URING);
    CHECK(bide_runtime_enter(rt) == NULL);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- a worker that does not come to its ring ---- */

static atomic_int got, may_go, busy;
static int ends[2];

static async int reads_all(void)
{
    bide_stream *in;
    char c;
    CHECK_EQ(bide_stream_open(ends[0], &in), 0);
    while (await bide_stream_read(in, &c, 1) == 1)
        atomic_fetch_add(&got, 1);
    bide_stream_close(in);
    return 0;
}

static int spins(void)
{
    atomic_fetch_add(&busy, 1);
    while (!atomic_load(&may_go))
        sched_yield();
    return 0;
}

static async int spins_in_place(void)
{
    return await bide_block_in_place(spins());
}

static async int spins_in_c(void)
{
    return spins();
}

static async int starts(bool in_place)
{
    bide_task(int) t = in_place ? bide_spawn(spins_in_place()) : bide_spawn(spins_in_c());
    bide_task_detach(t);
    return 0;
}

static void put_one(void)
{
    int before = atomic_load(&got);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    while (atomic_load(&got) == before)
        sched_yield();
}

/* All workers are blocked, but for `free` of them; those in place have spares. */
static void serves_blocked(uint32_t workers, int blocked, bool in_place)
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    begin(workers);
    bide_task(int) reader = bide_spawn(reads_all());
    put_one();
    for (int i = 0; i < blocked; i++)
        CHECK_EQ(bide_block_on(starts(in_place)), 0);
    while (atomic_load(&busy) < blocked)
        sched_yield();
    for (int i = 0; i < 20; i++)
        put_one();
    atomic_store(&may_go, 1);
    put_one();
    close(ends[1]);
    while (!bide_task_finished(reader))
        sched_yield();
    bide_task_detach(reader);
    end();
}

TEST_LIMIT(a_call_in_place_holds_up_no_descriptor, 30)
{
    serves_blocked(1, 1, true);
}

TEST_LIMIT(calls_in_place_of_all_workers_hold_up_no_descriptor, 30)
{
    serves_blocked(2, 2, true);
}

TEST_LIMIT(a_poll_that_does_not_end_holds_up_no_descriptor, 30)
{
    serves_blocked(2, 1, false);
}

/* ---- operations that another worker cancels ---- */

enum { PAIRS = 8, ROUNDS = 40 };

static bide_tcp_listener *listener;

static async int fills(bide_stream *stream)
{
    static char zeroes[1 << 20];
    for (;;) {
        ssize_t n = await bide_stream_write(stream, zeroes, sizeof(zeroes));
        if (n < 0)
            return (int)n;
    }
}

static async int one_byte(bide_stream *stream)
{
    char c;
    return (int)await bide_stream_read(stream, &c, 1);
}

static async void yields(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        await bide_yield();
}

/* A send that waits for room, and a read, are cancelled after some turns, wherever their tasks, and
 * the workers on whose rings they are, are then. */
static async int cancels(unsigned seed, bide_stream *near)
{
    int r = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bide_task(int) writer = bide_spawn(fills(near));
        bide_task(int) reader = bide_spawn(one_byte(near));
        await yields((seed + i) % 7);
        if ((seed + i) % 5 == 0)
            await bide_sleep(BIDE_US(50));
        bide_task_abort(writer);
        bide_task_abort(reader);
        CHECK_ERR(await bide_task_join(writer, &r), -ECANCELED);
        CHECK_ERR(await bide_task_join(reader, &r), -ECANCELED);
    }
    bide_stream_close(near);
    return 0;
}

static async int cancel_all(void)
{
    bide_task(int) all[PAIRS];
    bide_stream *near, *far[PAIRS];
    int r = -1;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    for (unsigned i = 0; i < PAIRS; i++) {
        CHECK_EQ(await bide_tcp_connect("127.0.0.1", port, &near), 0);
        CHECK_EQ(await bide_tcp_accept(listener, &far[i]), 0);
        all[i] = bide_spawn(cancels(i, near));
        await yields(i);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        CHECK_EQ(await bide_task_join(all[i], &r), 0);
        CHECK_EQ(r, 0);
        bide_stream_close(far[i]);
    }
    bide_tcp_listener_close(listener);
    return 0;
}

TEST_LIMIT(what_one_ring_does_is_cancelled_from_other_workers, 60)
{
    begin(3);
    CHECK_EQ(bide_block_on(cancel_all()), 0);
    end();
}

/* ---- the address of a listener that was closed ---- */

/* Ends the accept that another branch of the task has begun, from the worker it has come to. */
static async int closes(bide_tcp_listener *l, unsigned after)
{
    await yields(after % 5);
    if (after % 7 == 0)
        await bide_sleep(BIDE_US(100));
    bide_tcp_listener_close(l);
    return 0;
}

/* The accept is in the ring of some worker, which sleeps or not; another one closes. */
static async int listens_again(unsigned times)
{
    bide_tcp_listener *l;
    bide_stream *stream;
    int port = 0, r = 0;
    for (unsigned i = 0; i < times; i++) {
        CHECK_EQ(bide_tcp_listen("127.0.0.1", (uint16_t)port, &l), 0);
        port = bide_tcp_port(l);
        await bide_join(r = bide_tcp_accept(l, &stream), closes(l, i));
        CHECK_ERR(r, -EBADF);
    }
    return 0;
}

static async int listens_again_by_name(const char *name, unsigned times)
{
    bide_unix_listener *l;
    bide_stream *near, *far;
    for (unsigned i = 0; i < times; i++) {
        CHECK_EQ(bide_unix_listen(name, NULL, &l), 0);
        CHECK_EQ(await bide_try_join(bide_unix_accept(l, &far), bide_unix_connect(name, &near)), 0);
        bide_stream_close(near);
        bide_stream_close(far);
        await yields(i % 3);
        bide_unix_listener_close(l);
    }
    return 0;
}

static atomic_int begun;

static async int begins(void)
{
    atomic_store(&begun, 1);
    return 0;
}

static async int accepts(bide_tcp_listener *l)
{
    bide_stream *stream;
    int r = 0;
    await bide_join(r = bide_tcp_accept(l, &stream), begins());
    return r;
}

static async int joined(bide_task(int) task, int *r)
{
    return await bide_task_join(task, r);
}

/* This thread has no ring, so the worker that sleeps in its own has to let go of the address. */
TEST_LIMIT(a_listener_that_no_worker_closes_gives_its_address_back, 60)
{
    bide_tcp_listener *l;
    int port = 0, r = 0;
    begin(2);
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(bide_tcp_listen("127.0.0.1", (uint16_t)port, &l), 0);
        port = bide_tcp_port(l);
        atomic_store(&begun, 0);
        bide_task(int) task = bide_spawn(accepts(l));
        while (!atomic_load(&begun))
            sched_yield();
        bide_tcp_listener_close(l);
        if (i % 2 == 0)
            CHECK_EQ(bide_block_on(joined(bide_move(task), &r)), 0);
        else
            bide_task_detach(task);
    }
    end();
}

TEST_LIMIT(a_closed_listener_gives_its_address_back, 60)
{
    begin(3);
    CHECK_EQ(bide_block_on(listens_again(300)), 0);
    CHECK_EQ(bide_block_on(listens_again_by_name("@bide/rings/again", 100)), 0);
    end();
}

/* Who has the address is somebody else: that is told at once. */
static async int listens_in_vain(void)
{
    bide_tcp_listener *l, *other;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &l), 0);
    bide_test_watch();
    CHECK_ERR(bide_tcp_listen("127.0.0.1", (uint16_t)bide_tcp_port(l), &other), -EADDRINUSE);
    CHECK_EQ(bide_test_calls("bind"), 1);
    bide_tcp_listener_close(l);
    return 0;
}

TEST(an_address_of_somebody_else_is_not_waited_for)
{
    bide_test_watch(); /* the first call, before there are threads */
    begin(2);
    CHECK_EQ(bide_block_on(listens_in_vain()), 0);
    end();
}

/* ---- virtual time ---- */

static async int waits_for_byte(bide_stream *in, bide_instant start)
{
    char c;
    CHECK_EQ(await bide_stream_read(in, &c, 1), 1);
    return bide_elapsed(start).ns == 0 ? 0 : 1;
}

static async int opened_here(int fd, bide_stream **stream)
{
    await bide_yield();
    return bide_stream_open(fd, stream);
}

/* The byte is in the ring of some worker when all sleep; the hour passes after it. */
static async int byte_before_hour(void)
{
    int fds[2], late = 0;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    bide_stream *in;
    CHECK_EQ(await opened_here(fds[0], &in), 0);
    for (int i = 0; i < 100; i++) {
        bide_task(int) reader = bide_spawn(waits_for_byte(in, bide_now()));
        await yields((unsigned)i % 4);
        CHECK_EQ(write(fds[1], "x", 1), 1);
        await bide_sleep(BIDE_S(3600));
        int r = -1;
        CHECK_EQ(await bide_task_join(reader, &r), 0);
        late += r;
    }
    bide_stream_close(in);
    close(fds[1]);
    return late;
}

static async int bytes_before_hours(void)
{
    bide_task(int) all[4];
    int late = 0;
    for (int i = 0; i < 4; i++) {
        all[i] = bide_spawn(byte_before_hour());
    }
    for (int i = 0; i < 4; i++) {
        int r = -1;
        CHECK_EQ(await bide_task_join(all[i], &r), 0);
        late += r;
    }
    return late;
}

TEST_LIMIT(a_virtual_clock_waits_for_what_is_in_any_ring, 60)
{
    bide_test_time_virtual();
    begin(3);
    CHECK_EQ(bide_block_on(bytes_before_hours()), 0);
    end();
}

/* ---- a spare without a ring ---- */

TEST_LIMIT(without_a_ring_there_is_no_spare, 30)
{
    bide_test_watch();
    begin(1);
    bide_test_fail("io_uring_queue_init_params", 1, -ENOMEM, 0);
    atomic_store(&may_go, 1);
    CHECK_EQ(bide_block_on(spins_in_place()), 0);
    CHECK(bide_test_failed("io_uring_queue_init_params") > 0);
    bide_test_fail("io_uring_queue_init_params", 0, 0, 0);
    CHECK_EQ(bide_block_on(spins_in_place()), 0);
    end();
}

TEST(without_rings_for_all_workers_there_is_no_runtime)
{
    bide_runtime_options options = {
        .flavour = BIDE_MULTI_THREAD, .workers = 3, .io = BIDE_IO_URING};
    begin(1);
    end();
    for (unsigned nth = 1; nth <= 3; nth++) {
        bide_test_fail("io_uring_queue_init_params", nth, -EMFILE, 1);
        CHECK_ERR(bide_runtime_new(&options, &rt), -EMFILE);
        bide_test_fail("io_uring_queue_init_params", 0, 0, 0);
    }
}
