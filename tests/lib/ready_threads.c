/*
 * bide_fd_readable and bide_fd_writable with many tasks, also on several workers: for one
 * descriptor, for one that a stream owns, and for numbers that are used again and again.
 */
#define _GNU_SOURCE 1 /* pipe2 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

enum { WAITERS = 8, TOKENS = 1000 };

static int ends[2];
static atomic_int waiters, taken, times[TOKENS];

/* ---- one descriptor ---- */

/* Takes numbers from ends[0], which is non-blocking, to the end. `patience`: how long it waits at a
 * time. */
static async int takes(bide_duration patience)
{
    for (;;) {
        int number = -1, r = 0;
        atomic_fetch_add(&waiters, 1);
        if (patience.ns == 0)
            r = await bide_fd_readable(ends[0]);
        else
            (void)await bide_timeout(patience, r = bide_fd_readable(ends[0]));
        CHECK_EQ(r, 0);
        ssize_t n = read(ends[0], &number, sizeof number);
        if (n == 0)
            return 0;
        if (n < 0) {
            CHECK_EQ(errno, EAGAIN);
            continue;
        }
        CHECK_EQ(n, sizeof number);
        atomic_fetch_add(&times[number], 1);
        atomic_fetch_add(&taken, 1);
    }
}

/* Each second number comes when the one before it was taken, so all wait again. */
static async int gives(void)
{
    for (int i = 0; i < TOKENS; i++) {
        CHECK_EQ(write(ends[1], &i, sizeof i), sizeof i);
        while (i % 2 == 1 && atomic_load(&taken) <= i)
            await bide_yield();
    }
    close(ends[1]);
    return 0;
}

static async int all_take(bool impatient)
{
    bide_scope(s) {
        for (int i = 0; i < WAITERS; i++)
            bide_scope_spawn(s, takes(impatient && i % 2 ? BIDE_US(20 * i) : BIDE_NS(0)));
        while (atomic_load(&waiters) < WAITERS)
            await bide_yield();
        bide_scope_spawn(s, gives());
    }
    for (int i = 0; i < TOKENS; i++)
        CHECK_EQ(atomic_load(&times[i]), 1);
    return 0;
}

static async int starts(void)
{
    return 0;
}

static int descriptors(void)
{
    CHECK_EQ(bide_block_on(starts()), 0);
    return open_descriptors();
}

static void check_taking(bool impatient)
{
    int before = descriptors();
    CHECK_EQ(pipe2(ends, O_NONBLOCK), 0);
    CHECK_EQ(bide_block_on(all_take(impatient)), 0);
    close(ends[0]);
    CHECK_EQ(open_descriptors(), before);
}

TEST(each_token_is_taken_once)
{
    check_taking(false);
}

TEST(each_token_is_taken_once_though_some_give_up)
{
    check_taking(true);
}

/* ---- one direction full, the other empty ---- */

static async int fills(int fd)
{
    static const char block[512];
    for (int i = 0; i < 200;) {
        CHECK_EQ(await bide_fd_writable(fd), 0);
        i += send(fd, block, sizeof block, MSG_DONTWAIT) > 0;
    }
    return 0;
}

static async int empties(int fd, atomic_int *left)
{
    char block[4096];
    while (atomic_load(left) > 0) {
        CHECK_EQ(await bide_fd_readable(fd), 0);
        ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
        if (n == 0)
            break;
        if (n > 0 && atomic_fetch_sub(left, (int)n) == n)
            CHECK_EQ(shutdown(fd, SHUT_RD), 0); /* the others go on */
    }
    return 0;
}

static async int both_ways(void)
{
    static atomic_int left[2];
    bide_scope(s) {
        for (int end = 0; end < 2; end++) {
            atomic_store(&left[end], WAITERS / 2 * 200 * 512);
            for (int i = 0; i < WAITERS / 2; i++) {
                bide_scope_spawn(s, fills(ends[1 - end]));
                bide_scope_spawn(s, empties(ends[end], &left[end]));
            }
        }
    }
    CHECK(left[0] == 0 && left[1] == 0);
    return 0;
}

TEST(readers_and_writers_wait_for_both_ends)
{
    int before = descriptors();
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQ(bide_block_on(both_ways()), 0);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ(open_descriptors(), before);
}

/* ---- a stream owns it ---- */

static async int watches(int fd, atomic_int *seen)
{
    CHECK_EQ(await bide_fd_readable(fd), 0);
    atomic_fetch_add(seen, 1);
    return 0;
}

static async int beside_a_stream(void)
{
    static atomic_int seen;
    bide_stream *in;
    char byte = 0;
    CHECK_EQ(bide_stream_open(ends[0], &in), 0);
    defer {
        bide_stream_close(in);
    }
    for (int round = 0; round < 200; round++) {
        atomic_store(&seen, 0);
        bide_scope(s) {
            for (int i = 0; i < WAITERS; i++)
                bide_scope_spawn(s, watches(ends[0], &seen));
            await bide_yield();
            CHECK_EQ(write(ends[1], "x", 1), 1);
        }
        CHECK_EQ(atomic_load(&seen), WAITERS);
        CHECK_EQ(await bide_stream_read(in, &byte, 1), 1);
    }
    return 0;
}

TEST(a_stream_that_owns_it_loses_nothing)
{
    int before = descriptors();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(i == 0 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        CHECK_EQ(bide_block_on(beside_a_stream()), 0);
        close(ends[1]);
    }
    CHECK_EQ(open_descriptors(), before);
}

/* ---- numbers come back ---- */

/* Makes a descriptor, waits for it, and closes it; another task's may have its number at once. */
static async int makes_and_closes(int me)
{
    for (int i = 0; i < 200; i++) {
        uint64_t number = 0;
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        CHECK(fd >= 0);
        defer {
            close(fd);
        }
        uint64_t mine = (uint64_t)(me * 1000 + i + 1);
        bide_scope(s) {
            bide_scope_spawn(s, watches(fd, &taken));
            bide_scope_spawn(s, watches(fd, &taken));
            if (i % 3 != 0)
                await bide_yield();
            CHECK_EQ(write(fd, &mine, sizeof mine), sizeof mine);
        }
        CHECK_EQ(read(fd, &number, sizeof number), sizeof number);
        CHECK_EQ(number, mine);
    }
    return 0;
}

static async int all_make_and_close(void)
{
    bide_scope(s) {
        for (int i = 0; i < WAITERS; i++)
            bide_scope_spawn(s, makes_and_closes(i));
    }
    CHECK_EQ(atomic_load(&taken), 2 * WAITERS * 200);
    return 0;
}

TEST(a_number_that_is_used_again_is_another_descriptor)
{
    int before = descriptors();
    CHECK_EQ(bide_block_on(all_make_and_close()), 0);
    CHECK_EQ(open_descriptors(), before);
}

/* ---- signals ---- */

/* poll(2) is interrupted when the wait asks whether the event has left something. */
static async int is_interrupted(unsigned nth)
{
    static atomic_int seen;
    atomic_store(&seen, 0);
    CHECK_EQ(bide_test_fail("poll", nth, -EINTR, 1), 0);
    bide_task(int) waiter = bide_spawn(watches(ends[0], &seen));
    while (bide_test_calls("poll") < 1)
        await bide_yield();
    for (int i = 0; i < 10; i++)
        await bide_yield();
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(await bide_task_wait(waiter), 0);
    return 0;
}

TEST(a_signal_does_not_lose_the_event)
{
    char byte;
    CHECK_EQ(pipe(ends), 0);
    for (unsigned nth = 1; nth < 4; nth++) {
        bide_test_watch();
        CHECK_EQ(bide_block_on(is_interrupted(nth)), 0);
        CHECK_EQ(read(ends[0], &byte, 1), 1);
    }
    close(ends[0]);
    close(ends[1]);
}
