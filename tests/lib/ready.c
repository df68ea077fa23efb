/*
 * bide_fd_readable and bide_fd_writable: descriptors that stay the caller's.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int ends[2];

static void make_pair(void)
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void close_pair(void)
{
    close(ends[0]);
    close(ends[1]);
}

static int descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static async int read_one(int fd, char *byte)
{
    int r = await bide_fd_readable(fd);
    return r < 0 ? r : (int)read(fd, byte, 1);
}

static async int waits_for_a_byte(void)
{
    static char byte;
    int n = 0;
    bide_task(int) reader = bide_spawn(read_one(ends[0], &byte));
    await bide_yield();
    CHECK(!bide_task_finished(reader));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(byte, 'x');
    return 0;
}

TEST(a_wait_ends_when_there_is_something)
{
    make_pair();
    int before = descriptors(), flags = fcntl(ends[0], F_GETFL);
    CHECK_EQ(bide_block_on(waits_for_a_byte()), 0);
    CHECK_EQ(fcntl(ends[0], F_GETFL), flags); /* still blocking */
    CHECK_EQ(descriptors(), before + 2);      /* the runtime's */
    close_pair();
}

static async int readable(int fd)
{
    return await bide_fd_readable(fd);
}

static async int writable(int fd)
{
    return await bide_fd_writable(fd);
}

TEST(what_is_ready_costs_one_call)
{
    make_pair();
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(bide_block_on(writable(ends[0])), 0);
    bide_test_watch();
    CHECK_EQ(bide_block_on(readable(ends[0])), 0);
    CHECK_EQ(bide_test_calls("poll"), 1);
    CHECK_EQ(bide_test_calls("epoll_ctl"), 0);
    bide_test_reset();
    close_pair();
}

TEST(the_end_of_the_other_side_is_something_to_read)
{
    make_pair();
    close(ends[1]);
    CHECK_EQ(bide_block_on(readable(ends[0])), 0);
    close(ends[0]);
}

TEST(a_regular_file_is_ready)
{
    FILE *f = tmpfile();
    CHECK(f != NULL);
    CHECK_EQ(bide_block_on(readable(fileno(f))), 0);
    CHECK_EQ(bide_block_on(writable(fileno(f))), 0);
    fclose(f);
}

TEST(what_is_no_descriptor_is_an_error)
{
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0); /* the runtime has its descriptors */
    make_pair();
    close_pair();
    CHECK_ERR(bide_block_on(readable(ends[0])), -EBADF);
    CHECK_ERR(bide_block_on(writable(-1)), -EBADF);
}

/* ---- several ---- */

static void fill(int fd)
{
    static const char block[4096];
    while (send(fd, block, sizeof block, MSG_DONTWAIT) > 0)
        ;
}

static void drain(int fd)
{
    char block[4096];
    while (recv(fd, block, sizeof block, MSG_DONTWAIT) > 0)
        ;
}

static async int reader_and_writer(void)
{
    int before = descriptors();
    fill(ends[0]);
    bide_task(int) one = bide_spawn(readable(ends[0]));
    bide_task(int) two = bide_spawn(readable(ends[0]));
    bide_task(int) out = bide_spawn(writable(ends[0]));
    await bide_yield();
    CHECK_EQ(descriptors(), before + 2); /* duplicates */
    CHECK(!bide_task_finished(one) && !bide_task_finished(out));
    drain(ends[1]);
    CHECK_EQ(await bide_task_wait(out), 0);
    CHECK(!bide_task_finished(one));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(await bide_task_wait(one), 0);
    CHECK_EQ(await bide_task_wait(two), 0);
    CHECK_EQ(descriptors(), before);
    return 0;
}

TEST(tasks_wait_for_the_same_descriptor)
{
    make_pair();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0); /* the runtime has its descriptors */
    CHECK_EQ(bide_block_on(reader_and_writer()), 0);
    close_pair();
}

static async int beside_a_stream(void)
{
    bide_stream *s;
    char byte;
    CHECK_EQ(bide_stream_open(ends[0], &s), 0);
    defer {
        bide_stream_close(s);
    }
    bide_task(int) other = bide_spawn(readable(ends[0]));
    await bide_yield();
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(await bide_task_wait(other), 0);
    CHECK_EQ(await bide_stream_read(s, &byte, 1), 1);
    return 0;
}

TEST(a_stream_may_own_it)
{
    make_pair();
    CHECK_EQ(bide_block_on(beside_a_stream()), 0);
    close(ends[1]);
}

/* ---- spurious wakes, cancellation, failures ---- */

/* The driver reports a change that leaves nothing to read. */
static async int event_for_nothing(void)
{
    static char byte;
    int n = 0;
    bide_task(int) reader = bide_spawn(read_one(ends[0], &byte));
    await bide_yield();
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0); /* an edge, after which nothing is readable */
    for (int i = 0; i < 10; i++)
        await bide_yield();
    CHECK(!bide_task_finished(reader));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK_EQ(n, 1);
    return 0;
}

TEST(an_event_for_nothing_does_not_end_the_wait)
{
    make_pair();
    CHECK_EQ(bide_block_on(event_for_nothing()), 0);
    close_pair();
}

static async int cancelled_often(void)
{
    int before = descriptors();
    for (int i = 0; i < 100; i++) {
        int r = 1;
        CHECK_ERR(await bide_timeout(BIDE_US(1), r = bide_fd_readable(ends[0])), -ETIMEDOUT);
        CHECK_EQ(r, 1);
        bide_task(int) first = bide_spawn(readable(ends[0]));
        bide_task(int) second = bide_spawn(readable(ends[0]));
        await bide_yield();
        bide_task_abort(first);
        bide_task_abort(second);
        CHECK_ERR(await bide_task_wait(first), -ECANCELED);
        CHECK_ERR(await bide_task_wait(second), -ECANCELED);
    }
    CHECK_EQ(descriptors(), before);
    return 0;
}

TEST(a_cancelled_wait_keeps_nothing)
{
    bide_test_time_virtual();
    make_pair();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0);
    CHECK_EQ(bide_block_on(cancelled_often()), 0);
    close_pair();
    bide_test_reset();
}

static async int fails_as(const char *call, int error)
{
    int before = descriptors();
    bide_task(int) first = bide_spawn(readable(ends[0]));
    await bide_yield();
    int r = 0;
    bide_task(int) second = bide_spawn(readable(ends[0]));
    bide_test_fail(call, 1, error, 1);
    CHECK_EQ(await bide_task_join(second, &r), 0);
    CHECK_ERR(r, error);
    CHECK_EQ(bide_test_failed(call), 1);
    bide_task_abort(first);
    CHECK_ERR(await bide_task_wait(first), -ECANCELED);
    CHECK_EQ(descriptors(), before);
    return 0;
}

TEST(failures_are_told_and_leave_nothing)
{
    make_pair();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0);
    CHECK_EQ(bide_block_on(fails_as("poll", -ENOMEM)), 0);
    CHECK_EQ(bide_block_on(fails_as("fcntl", -EMFILE)), 0);
    CHECK_EQ(bide_block_on(fails_as("epoll_ctl", -ENOSPC)), 0);
    close_pair();
}

static async int always_ready(int *turns)
{
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(await bide_fd_writable(ends[0]), 0);
    return *turns;
}

static async int count_turns(int *turns)
{
    for (;; ++*turns)
        await bide_yield();
    return 0;
}

static async int beside_others(void)
{
    static int turns;
    int seen = 0;
    bide_task(int) counter = bide_spawn(count_turns(&turns));
    bide_task(int) writer = bide_spawn(always_ready(&turns));
    CHECK_EQ(await bide_task_join(writer, &seen), 0);
    bide_task_abort(counter);
    CHECK_ERR(await bide_task_wait(counter), -ECANCELED);
    return seen;
}

TEST(what_is_always_ready_lets_others_run)
{
    make_pair();
    CHECK(bide_block_on(beside_others()) >= 5);
    close_pair();
}
