/*
 * Registrations and streams over a driver with operations of its own (runtime/io/driver.h). The
 * driver is simulated (harness/sim.h), and each test says what happens when: so all orders of
 * events are here, also those that a kernel rarely makes.
 */
#include "sim.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/stream.h"

static bide_stream *stream;
static int ours, peer;

static void begin(void)
{
    int fds[2];
    sim_begin(0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    ours = fds[0];
    peer = fds[1];
    CHECK_EQ(bide__fd_stream_new(ours, BIDE__STREAM_TCP, &stream), 0);
}

/* The runtime looks at its driver. */
static void look(void)
{
    sim.rt->worker->driver->ops->wait(sim.rt->worker->driver, sim.rt->fds, 0);
}

static void end(void)
{
    bide_stream_close(stream);
    if (sim_find(BIDE__OP_RECEIVE, ours) != NULL)
        sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    if (sim_find(BIDE__OP_READY, ours) != NULL)
        sim_tell(BIDE__OP_READY, ours, -ECANCELED, true);
    look();
    close(peer);
    sim_end();
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static char text[65536];
static size_t count;

static async ssize_t reads(size_t size)
{
    memset(text, 0, sizeof text);
    return await bide_stream_read(stream, text, size);
}

static async int let_run(void)
{
    for (int i = 0; i < 4; i++)
        await bide_yield();
    return 0;
}

/* A task that reads, and waits. */
static bide_task(ssize_t) reader(size_t size)
{
    bide_task(ssize_t) task = bide_spawn(reads(size));
    bide_block_on(let_run());
    CHECK(!bide_task_finished(task));
    return task;
}

static async ssize_t joins(bide_task(ssize_t) * task)
{
    ssize_t n = 0;
    int r = await bide_task_join(bide_move(*task), &n);
    return r < 0 ? r : n;
}

static ssize_t result_of(bide_task(ssize_t) * task)
{
    return bide_block_on(joins(task));
}

static void end_by_abort(bide_task(ssize_t) * task)
{
    bide_task_abort(*task);
    CHECK_ERR(result_of(task), -ECANCELED);
}

static void read_cancelled(size_t size)
{
    bide_task(ssize_t) task = reader(size);
    end_by_abort(&task);
}

/* ---- receiving ---- */

TEST(a_connection_that_reads_and_writes_has_no_poll)
{
    begin();
    CHECK_EQ(bide_block_on(bide_stream_write(stream, "hello", 5)), 5);
    CHECK_EQ(sim.submits[BIDE__OP_READY] + sim.submits[BIDE__OP_RECEIVE], 0);
    bide_task(ssize_t) task = reader(100);
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
    sim_bytes(ours, "abc", false);
    CHECK_EQ(result_of(&task), 3);
    CHECK_STR(text, "abc");
    CHECK_EQ(sim_free_buffers(), sim.buffers); /* at once */
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
    CHECK_EQ(sim.submits[BIDE__OP_READY], 0);
    CHECK_EQ(sim.submits[BIDE__OP_RECEIVE], 1);
    end();
}

TEST(a_buffer_is_read_in_pieces_and_buffers_together)
{
    begin();
    read_cancelled(1);
    sim_bytes(ours, "abcdef", false);
    look();
    CHECK_EQ(bide_block_on(reads(2)), 2);
    CHECK_STR(text, "ab");
    sim_bytes(ours, "gh", false);
    sim_bytes(ours, "ij", false);
    look();
    CHECK_EQ(bide_block_on(reads(5)), 5);
    CHECK_STR(text, "cdefg");
    CHECK_EQ(sim_free_buffers(), sim.buffers - 2);
    CHECK_EQ(bide_block_on(bide_stream_read_exactly(stream, text, 3, NULL)), 0);
    CHECK_EQ(memcmp(text, "hij", 3), 0);
    end();
}

TEST(a_cancelled_read_touches_no_operation_and_loses_nothing)
{
    begin();
    for (int i = 0; i < 100; i++) {
        bide_task(ssize_t) task = reader(10);
        sim_bytes(ours, "x", false); /* it comes just when the request is delivered */
        end_by_abort(&task);
        look();
        CHECK_EQ(bide_block_on(reads(10)), 1);
    }
    CHECK_EQ(sim.submits[BIDE__OP_RECEIVE], 1);
    CHECK_EQ(sim.cancels[BIDE__OP_RECEIVE], 0);
    end();
}

TEST(what_is_received_ahead_is_bounded)
{
    begin();
    read_cancelled(1);
    for (int i = 0; i < 8; i++) {
        CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
        sim_bytes(ours, "12345", false);
        look();
    }
    CHECK(!sim_is_armed(BIDE__OP_RECEIVE, ours));
    sim_bytes(ours, "678", false); /* comes after the cancel, */
    look();
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true); /* before its end */
    look();
    CHECK_EQ(bide_block_on(reads(42)), 42);
    CHECK(sim_find(BIDE__OP_RECEIVE, ours) == NULL);
    CHECK_EQ(bide_block_on(reads(42)), 1);
    CHECK_STR(text, "8");
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours)); /* the reader has caught up */
    end();
}

TEST(a_reader_waits_for_an_operation_that_is_being_cancelled)
{
    begin();
    read_cancelled(1);
    for (int i = 0; i < 8; i++)
        sim_bytes(ours, "1", false);
    look();
    CHECK_EQ(bide_block_on(reads(8)), 8);
    CHECK_EQ(write(peer, "late", 4),
             4); /* nobody calls recv: the operation may have bytes before it */
    bide_task(ssize_t) task = reader(40000);
    sim_bytes(ours, "early", false);
    CHECK_EQ(result_of(&task), 5);
    CHECK_STR(text, "early");
    task = reader(40000);
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    look();
    /* It waits again, by the same means: a read that is large but has begun is not changed. */
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
    end_by_abort(&task);
    end();
}

TEST(the_end_comes_after_the_data_and_stays)
{
    begin();
    read_cancelled(1);
    sim_bytes(ours, "abc", false);
    sim_tell(BIDE__OP_RECEIVE, ours, 0, true);
    look();
    CHECK_EQ(bide_block_on(reads(10)), 3);
    CHECK_EQ(bide_block_on(reads(10)), 0);
    CHECK_EQ(bide_block_on(reads(10)), 0);
    CHECK_EQ(sim.submits[BIDE__OP_RECEIVE], 1);
    end();
}

TEST(an_error_comes_after_the_data_and_is_told_once)
{
    begin();
    read_cancelled(1);
    sim_bytes(ours, "abc", false);
    sim_tell(BIDE__OP_RECEIVE, ours, -ECONNRESET, true);
    look();
    CHECK_EQ(bide_block_on(reads(2)), 2);
    CHECK_EQ(bide_block_on(reads(2)), 1);
    CHECK_ERR(bide_block_on(reads(2)), -ECONNRESET);
    bide_task(ssize_t) task = reader(10);
    sim_tell(BIDE__OP_RECEIVE, ours, 0, true);
    CHECK_EQ(result_of(&task), 0);
    end();
}

TEST(an_operation_that_ends_by_itself_goes_on)
{
    begin();
    bide_task(ssize_t) task = reader(10);
    sim_bytes(ours, "a", true);
    CHECK_EQ(result_of(&task), 1);
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
    CHECK_EQ(sim.submits[BIDE__OP_RECEIVE], 2);
    end();
}

TEST(without_buffers_it_reads_by_a_call)
{
    begin();
    bide_task(ssize_t) task = reader(10);
    CHECK_EQ(write(peer, "abc", 3), 3);
    sim_tell(BIDE__OP_RECEIVE, ours, -ENOBUFS, true);
    CHECK_EQ(result_of(&task), 3);
    CHECK_STR(text, "abc");
    CHECK_EQ(sim.submits[BIDE__OP_READY], 0);
    task = reader(10); /* the call would block, so it waits for readiness */
    CHECK(sim_is_armed(BIDE__OP_READY, ours));
    CHECK(sim_find(BIDE__OP_RECEIVE, ours) == NULL);
    CHECK_EQ(write(peer, "de", 2), 2);
    CHECK_EQ(result_of(&task), 2);
    int more = 0;
    while (sim_find(BIDE__OP_RECEIVE, ours) == NULL && ++more < 20)
        read_cancelled(1);
    CHECK(more > 2 && more < 20); /* after a while it tries the driver again */
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours));
    CHECK(!sim_is_armed(BIDE__OP_READY, ours)); /* which would tell the same */
    end();
}

TEST(a_large_read_goes_without_buffers)
{
    begin();
    CHECK_EQ(write(peer, "abc", 3), 3);
    CHECK_EQ(bide_block_on(reads(40000)), 3);
    bide_task(ssize_t) task = reader(40000);
    CHECK(sim_find(BIDE__OP_RECEIVE, ours) == NULL);
    CHECK_EQ(write(peer, "def", 3), 3);
    CHECK_EQ(result_of(&task), 3);
    int small = 0; /* the first small ones between large ones do, too */
    while (sim_find(BIDE__OP_RECEIVE, ours) == NULL && ++small < 20)
        read_cancelled(100);
    CHECK(small > 1 && small < 20);
    end();
}

/* What is received ahead in pieces is copied twice. */
TEST(a_large_read_that_gets_much_is_the_last_by_buffers)
{
    char page[4097] = "";
    memset(page, 'p', sizeof page - 1);
    begin();
    read_cancelled(1);
    sim_bytes(ours, page, false);
    look();
    CHECK_EQ(bide_block_on(reads(40000)), 4096);
    CHECK(sim_is_armed(BIDE__OP_RECEIVE, ours)); /* that was not much */
    sim_bytes(ours, page, false);
    sim_bytes(ours, page, false);
    look();
    CHECK_EQ(bide_block_on(reads(40000)), 8192);
    CHECK(!sim_is_armed(BIDE__OP_RECEIVE, ours));
    sim_bytes(ours, "early", false); /* before the cancel */
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    CHECK_EQ(write(peer, "late", 4), 4);
    look();
    CHECK_EQ(bide_block_on(reads(40000)), 5);
    CHECK_EQ(bide_block_on(reads(40000)), 4);
    CHECK_STR(text, "late");
    CHECK(sim_find(BIDE__OP_RECEIVE, ours) == NULL);
    end();
}

TEST(a_driver_that_does_not_receive)
{
    sim.lacks = 1U << BIDE__OP_RECEIVE | 1U << BIDE__OP_SEND;
    begin();
    bide_task(ssize_t) task = reader(10);
    CHECK(sim_is_armed(BIDE__OP_READY, ours));
    CHECK_EQ(write(peer, "abc", 3), 3);
    CHECK_EQ(result_of(&task), 3);
    end();
}

TEST(a_driver_that_cannot_be_asked_now)
{
    begin();
    sim.submit_error = -ENOMEM;
    bide_task(ssize_t) task = reader(10);
    CHECK(sim_is_armed(BIDE__OP_READY, ours));
    CHECK_EQ(write(peer, "abc", 3), 3);
    CHECK_EQ(result_of(&task), 3);
    end();
}

TEST(readiness_that_cannot_be_asked_for_is_an_error)
{
    sim.lacks = 1U << BIDE__OP_RECEIVE;
    begin();
    sim.submit_error = -ENOMEM;
    CHECK_ERR(bide_block_on(reads(10)), -ENOMEM);
    CHECK_EQ(sim.rt->fds->waiting, 0);
    end();
}

/* ---- the close ---- */

TEST(a_close_returns_at_once_and_the_descriptor_stays_until_the_last_event)
{
    begin();
    bide_task(ssize_t) task = reader(10);
    struct bide__fd *f = bide__fd_stream_registration(stream);
    uint32_t generation = f->generation;
    bide_stream_close(stream);
    CHECK_ERR(result_of(&task), -EBADF);
    CHECK(is_open(ours));
    CHECK_EQ(f->generation, generation);
    sim_bytes(ours, "late", false);
    look();
    CHECK(is_open(ours));
    CHECK_EQ(sim_free_buffers(), sim.buffers);
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    look();
    CHECK(!is_open(ours));
    CHECK_EQ(f->generation, generation + 1);
    close(peer);
    sim_end();
}

TEST(the_last_event_brings_a_buffer_after_the_close)
{
    begin();
    read_cancelled(10);
    sim_bytes(ours, "held", false);
    look();
    CHECK_EQ(sim_free_buffers(), sim.buffers - 1);
    bide_stream_close(stream);
    CHECK_EQ(sim_free_buffers(), sim.buffers);
    sim_bytes(ours, "late", true);
    look();
    CHECK(!is_open(ours));
    close(peer);
    sim_end();
}

TEST(the_last_event_comes_before_the_close)
{
    begin();
    read_cancelled(10);
    sim_bytes(ours, "abc", false);
    sim_tell(BIDE__OP_RECEIVE, ours, 0, true);
    look();
    bide_stream_close(stream);
    CHECK(!is_open(ours));
    close(peer);
    sim_end();
}

TEST(a_cancel_that_is_over_at_once)
{
    sim.cancels_at_once = true;
    begin();
    read_cancelled(10);
    bide_stream_close(stream);
    CHECK(!is_open(ours));
    close(peer);
    sim_end();
}

TEST(the_slot_of_a_closed_stream_is_nobodys_until_its_end)
{
    begin();
    read_cancelled(10);
    struct bide__fd *f = bide__fd_stream_registration(stream), *next, *again;
    bide_stream_close(stream);
    CHECK_EQ(bide__fd_open(&next, peer), 0);
    CHECK(next != f);
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    look();
    int other = dup(peer);
    CHECK_EQ(bide__fd_open(&again, other), 0);
    CHECK(again == f);
    bide__fd_close(next);
    bide__fd_close(again);
    close(other);
    close(peer);
    sim_end();
}

TEST(a_shutdown_waits_for_the_last_events)
{
    begin();
    read_cancelled(10);
    bide_stream_close(stream);
    CHECK(is_open(ours));
    sim_tell(BIDE__OP_RECEIVE, ours, -ECANCELED, true);
    CHECK_EQ(bide_runtime_shutdown(sim.rt, BIDE_S(1)), 0);
    CHECK(!is_open(ours));
    close(peer);
    sim_end();
}

TEST(what_cannot_be_registered)
{
    struct bide__fd *fd = NULL;
    begin();
    int file = open("/dev/null", O_RDWR), regular = open("/proc/self/exe", O_RDONLY);
    CHECK_ERR(bide__fd_open(&fd, file), -EPERM);
    CHECK_ERR(bide__fd_open(&fd, regular), -EPERM);
    CHECK_ERR(bide__fd_open(&fd, 999), -EBADF);
    CHECK_ERR(bide__fd_open(&fd, -1), -EBADF);
    CHECK_ERR(bide__fd_open(&fd, ours), -EEXIST);
    CHECK(fd == NULL);
    CHECK_EQ(sim.rt->fds->open, 1);
    CHECK_EQ(bide__fd_open(&fd, peer), 0);
    bide__fd_close(fd);
    CHECK_EQ(bide__fd_open(&fd, peer), 0); /* the number is free again */
    bide__fd_close(fd);
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    int high = fcntl(peer, F_DUPFD, 5000);
    CHECK_ERR(bide__fd_open(&fd, high), -ENOMEM);
    CHECK_EQ(bide__fd_open(&fd, high), 0);
    bide__fd_close(fd);
    close(high);
    close(file);
    close(regular);
    end();
}

/* ---- sends ---- */

static char big[1 << 20];

static async ssize_t writes_once(void)
{
    return await bide_stream_write(stream, big, sizeof big);
}

static async ssize_t writes_all(void)
{
    return await bide_stream_write_all(stream, big, sizeof big, &count);
}

/* Nothing more goes into the socket. */
static void fill(void)
{
    while (write(ours, big, sizeof big) > 0)
        ;
}

static bide_task(ssize_t) writer(void)
{
    fill();
    bide_task(ssize_t) task = bide_spawn(writes_once());
    bide_block_on(let_run());
    CHECK(sim_is_armed(BIDE__OP_SEND, ours));
    return task;
}

TEST(a_send_that_would_block_is_the_drivers)
{
    begin();
    bide_task(ssize_t) task = writer();
    CHECK_ERR(bide_block_on(bide_stream_write(stream, "x", 1)), -EBUSY);
    CHECK_EQ(sim.submits[BIDE__OP_READY], 0);
    sim_tell(BIDE__OP_SEND, ours, 1000, true);
    CHECK_EQ(result_of(&task), 1000);
    CHECK_EQ(sim.rt->fds->waiting, 0);
    end();
}

TEST(a_send_may_fail)
{
    begin();
    bide_task(ssize_t) task = writer();
    sim_tell(BIDE__OP_SEND, ours, -EPIPE, true);
    CHECK_ERR(result_of(&task), -EPIPE);
    end();
}

TEST(a_cancelled_write_waits_for_the_kernel)
{
    begin();
    bide_task(ssize_t) task = writer();
    bide_task_abort(task);
    bide_block_on(let_run());
    CHECK(!bide_task_finished(task));
    CHECK_EQ(sim.cancels[BIDE__OP_SEND], 1);
    sim_tell(BIDE__OP_SEND, ours, -ECANCELED, true);
    CHECK_ERR(result_of(&task), -ECANCELED);
    end();
}

TEST(a_cancelled_write_that_is_over_at_once)
{
    sim.cancels_at_once = true;
    begin();
    bide_task(ssize_t) task = writer();
    end_by_abort(&task);
    CHECK_EQ(sim.rt->fds->waiting, 0);
    end();
}

static ssize_t kept;

static async ssize_t writes_and_keeps(void)
{
    kept = await bide_stream_write(stream, big, sizeof big);
    await bide_yield();
    return 0;
}

TEST(what_was_sent_before_the_cancel_is_the_result)
{
    begin();
    fill();
    bide_task(ssize_t) task = bide_spawn(writes_and_keeps());
    bide_block_on(let_run());
    bide_task_abort(task);
    bide_block_on(let_run());
    sim_tell(BIDE__OP_SEND, ours, 77, true);
    CHECK_ERR(result_of(&task), -ECANCELED);
    CHECK_EQ(kept, 77);
    end();
}

TEST(write_all_counts_what_was_sent_when_it_is_cancelled)
{
    begin();
    fill();
    bide_task(ssize_t) task = bide_spawn(writes_all());
    bide_block_on(let_run());
    bide_task_abort(task);
    bide_block_on(let_run());
    sim_tell(BIDE__OP_SEND, ours, 77, true);
    CHECK_ERR(result_of(&task), -ECANCELED);
    CHECK_EQ(count, 77);

    /* All of it: then it returns. */
    int r = -1;
    task = bide_spawn(writes_all());
    bide_block_on(let_run());
    bide_task_abort(task);
    bide_block_on(let_run());
    sim_tell(BIDE__OP_SEND, ours, (int)(sizeof big - 77), true);
    r = (int)result_of(&task);
    CHECK_EQ(r, 0);
    CHECK_EQ(count, sizeof big);
    end();
}

TEST(a_close_ends_a_send)
{
    begin();
    bide_task(ssize_t) task = writer();
    bide_stream_close(stream);
    bide_block_on(let_run());
    CHECK_EQ(sim.cancels[BIDE__OP_SEND], 1);
    CHECK(is_open(ours));
    CHECK(!bide_task_finished(task));
    sim_tell(BIDE__OP_SEND, ours, -ECANCELED, true);
    CHECK_ERR(result_of(&task), -EBADF);
    CHECK(!is_open(ours));
    close(peer);
    sim_end();
}

TEST(a_send_without_memory_waits_for_readiness)
{
    begin();
    fill();
    bide_task(ssize_t) task = bide_spawn(writes_once());
    bide_block_on(let_run());
    sim_tell(BIDE__OP_SEND, ours, -EAGAIN, true); /* it has to try again */
    look();
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    bide_block_on(let_run());
    CHECK(bide_test_failed("alloc") > 0);
    bide_test_reset();
    CHECK(sim_is_armed(BIDE__OP_READY, ours));
    end_by_abort(&task);
    end();
}

/* ---- accepts ---- */

static bide_tcp_listener *listener;
static int listening;

static async ssize_t accepts(bide_stream **out)
{
    return await bide_tcp_accept(listener, out);
}

static int descriptor_of(uint16_t port)
{
    struct sockaddr_in6 name;
    for (int fd = 3; fd < 100; fd++) {
        socklen_t size = sizeof name;
        if (getsockname(fd, (struct sockaddr *)&name, &size) == 0 && ntohs(name.sin6_port) == port)
            return fd;
    }
    return -1;
}

static void begin_listening(void)
{
    sim_begin(0);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    listening = descriptor_of((uint16_t)bide_tcp_port(listener));
    CHECK(listening >= 0);
}

static int connects(void)
{
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(getsockname(listening, (struct sockaddr *)&to, &size), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&to, size), 0);
    return fd;
}

static int taken(void)
{
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

static bool is_reset(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    return n < 0 && errno == ECONNRESET;
}

static bide_task(ssize_t) acceptor(bide_stream **out)
{
    bide_task(ssize_t) task = bide_spawn(accepts(out));
    bide_block_on(let_run());
    CHECK(!bide_task_finished(task));
    return task;
}

static void accept_cancelled(void)
{
    bide_stream *s;
    bide_task(ssize_t) task = acceptor(&s);
    end_by_abort(&task);
}

static void accept_one(void)
{
    bide_stream *s;
    CHECK_EQ(bide_block_on(accepts(&s)), 0);
    bide_stream_close(s);
}

static void end_listening(void)
{
    bide_tcp_listener_close(listener);
    if (sim_find(BIDE__OP_ACCEPT, listening) != NULL)
        sim_tell(BIDE__OP_ACCEPT, listening, -ECANCELED, true);
    look();
    CHECK(!is_open(listening));
    sim_end();
}

TEST(connections_come_by_the_driver)
{
    bide_stream *s = NULL;
    int r = -1;
    begin_listening();
    bide_task(ssize_t) task = acceptor(&s);
    int client = connects();
    sim_tell(BIDE__OP_ACCEPT, listening, taken(), false);
    r = (int)result_of(&task);
    CHECK_EQ(r, 0);
    CHECK_EQ(sim.submits[BIDE__OP_READY], 0);
    bide_stream_close(s);
    close(client);
    end_listening();
}

TEST(a_cancelled_accept_leaves_the_connection_to_the_next)
{
    bide_stream *s;
    begin_listening();
    bide_task(ssize_t) task = acceptor(&s);
    int client = connects();
    sim_tell(BIDE__OP_ACCEPT, listening, taken(), false);
    bide_task_abort(task);
    CHECK_ERR(result_of(&task), -ECANCELED);
    accept_one();
    CHECK_EQ(sim.cancels[BIDE__OP_ACCEPT], 0);
    close(client);
    end_listening();
}

TEST(connections_that_are_accepted_ahead_are_bounded_and_reset_at_the_close)
{
    enum { MOST = 16, MORE = 40 }; /* more than the queue has room for at first */
    int client[MOST + MORE];
    begin_listening();
    accept_cancelled();
    for (int i = 0; i < MOST + MORE; i++) {
        client[i] = connects();
        CHECK_EQ(sim_is_armed(BIDE__OP_ACCEPT, listening), i < MOST);
        sim_tell(BIDE__OP_ACCEPT, listening, taken(), false);
        look();
    }
    for (int i = 0; i < MOST; i++)
        accept_one();
    bide_tcp_listener_close(listener);
    int late = connects();
    sim_tell(BIDE__OP_ACCEPT, listening, taken(), false);
    sim_tell(BIDE__OP_ACCEPT, listening, -ECANCELED, true);
    look();
    CHECK(is_reset(late));
    CHECK(!is_open(listening));
    for (int i = 0; i < MOST + MORE; i++) {
        CHECK_EQ(is_reset(client[i]), i >= MOST);
        close(client[i]);
    }
    close(late);
    sim_end();
}

TEST(a_listener_accepts_again_when_all_were_taken)
{
    enum { MOST = 16 };
    int client[MOST];
    begin_listening();
    accept_cancelled();
    for (int i = 0; i < MOST; i++) {
        client[i] = connects();
        sim_tell(BIDE__OP_ACCEPT, listening, taken(), false);
    }
    look();
    sim_tell(BIDE__OP_ACCEPT, listening, -ECANCELED, true);
    look();
    for (int i = 0; i < MOST; i++) {
        CHECK(sim_find(BIDE__OP_ACCEPT, listening) == NULL);
        accept_one();
        close(client[i]);
    }
    CHECK(sim_is_armed(BIDE__OP_ACCEPT, listening));
    end_listening();
}

static async int until_accepting(void)
{
    await let_run();
    while (sim_find(BIDE__OP_ACCEPT, listening) == NULL)
        await bide_sleep(BIDE_MS(1));
    return 0;
}

TEST(an_error_of_the_driver_is_that_of_a_call)
{
    bide_stream *s = NULL;
    int r = -1;
    bide_test_time_virtual();
    begin_listening();
    bide_task(ssize_t) task = acceptor(&s);
    int client = connects();
    bide_test_fail("accept4", 1, -EMFILE, 1);
    sim_tell(BIDE__OP_ACCEPT, listening, -EMFILE, true);
    bide_instant start = bide_now();
    look();
    CHECK_EQ(bide_block_on(until_accepting()), 0);
    CHECK(bide_elapsed(start).ns >= BIDE_MS(5).ns); /* it has paused */
    CHECK(!bide_task_finished(task));
    sim_tell(BIDE__OP_ACCEPT, listening, -ECONNABORTED, true);
    r = (int)result_of(&task); /* by a call */
    CHECK_EQ(r, 0);
    bide_stream_close(s);
    close(client);
    end_listening();
}

TEST(a_driver_that_does_not_accept)
{
    sim.lacks = 1U << BIDE__OP_ACCEPT;
    begin_listening();
    int client = connects();
    accept_one();
    close(client);
    bide_tcp_listener_close(listener);
    if (sim_find(BIDE__OP_READY, listening) != NULL)
        sim_tell(BIDE__OP_READY, listening, -ECANCELED, true);
    look();
    sim_end();
}
