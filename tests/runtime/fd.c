/*
 * The reactor: registrations of descriptors and the leaf that waits for them.
 */
#include "join.h"

#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/thread.h"

#include <stdio.h>

/* ---- async int waits(struct bide__fd *fd, uint32_t direction) ---- */

struct waits {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
        uint32_t direction;
    } a;
    int r;
};
typedef __typeof__(((struct waits *)0)->a) waits_args;

HAND(waits, sizeof(int), 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(waits);
    AWAIT(1, bide__start_bide__fd_wait(cx, h, &f->r, f->a.fd, f->a.direction));
    HAND_RETURN(int, f->r);
}

/* ---- async int reads(struct bide__fd *fd, char *buffer, size_t size): exactly ---- */

struct reads {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
        char *buffer;
        size_t size;
    } a;
    size_t done;
    int r;
};
typedef __typeof__(((struct reads *)0)->a) reads_args;

HAND(reads, sizeof(int), 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(reads);
    f->done = 0;
    while (f->done < f->a.size) {
        ssize_t n = read(f->a.fd->fd, f->a.buffer + f->done, f->a.size - f->done);
        if (n >= 0) {
            f->done += (size_t)n;
            if (n == 0)
                break;
            continue;
        }
        CHECK_EQ(errno, EAGAIN);
        bide__fd_clear(f->a.fd, BIDE__READ, bide__fd_seen(f->a.fd, BIDE__READ));
        AWAIT(1, bide__start_bide__fd_wait(cx, h, &f->r, f->a.fd, BIDE__READ));
        if (f->r < 0) {
            *(int *)bide_frame_result(cx, h) = f->r;
            return bide_frame_finish(cx, h);
        }
    }
    HAND_RETURN(int, (int)f->done);
}

/* ---- async int writes(struct bide__fd *fd, size_t size) ---- */

struct writes {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
        size_t size;
    } a;
    size_t done;
    int r;
};
typedef __typeof__(((struct writes *)0)->a) writes_args;

HAND(writes, sizeof(int), 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(writes);
    static char zeros[65536];
    f->done = 0;
    while (f->done < f->a.size) {
        size_t size = f->a.size - f->done < sizeof(zeros) ? f->a.size - f->done : sizeof(zeros);
        ssize_t n = write(f->a.fd->fd, zeros, size);
        if (n >= 0) {
            f->done += (size_t)n;
            continue;
        }
        CHECK_EQ(errno, EAGAIN);
        bide__fd_clear(f->a.fd, BIDE__WRITE, bide__fd_seen(f->a.fd, BIDE__WRITE));
        AWAIT(1, bide__start_bide__fd_wait(cx, h, &f->r, f->a.fd, BIDE__WRITE));
    }
    HAND_RETURN(int, (int)f->done);
}

static struct bide__fd *open_pair(int fds[2])
{
    struct bide__fd *fd = NULL;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    CHECK_EQ(bide__fd_open(&fd, fds[0]), 0);
    return fd;
}

static void close_pair(struct bide__fd *fd, int fds[2])
{
    bide__fd_close(fd);
    close(fds[0]);
    close(fds[1]);
}

static void let_run(void)
{
    for (int i = 0; i < 3; i++)
        bide_yield();
}

TEST(a_wait_ends_when_there_is_something_to_read)
{
    int fds[2], out = -1;
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    let_run();
    CHECK_EQ(bide__task_finished(h), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 0);
    CHECK(fd->ready & BIDE__READ);
    /* Not everything was read, so the readiness is kept. */
    CHECK_EQ(block_int(&waits, &(waits_args){fd, BIDE__READ}), 0);
    close_pair(fd, fds);
}

TEST(what_is_ready_before_the_registration_is_seen)
{
    int fds[2];
    struct bide__fd *fd = NULL;
    CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(bide__fd_open(&fd, fds[0]), 0);
    CHECK_EQ(block_int(&waits, &(waits_args){fd, BIDE__READ}), 0);
    close_pair(fd, fds);
}

TEST(both_directions_wait_at_once)
{
    int fds[2], out = -1;
    enum { SIZE = 1000000 };
    static char buffer[SIZE];
    struct bide__fd *a = open_pair(fds), *b = NULL;
    CHECK_EQ(bide__fd_open(&b, fds[1]), 0);
    void *w1 = bide__spawn(&writes, &(writes_args){a, SIZE});
    void *w2 = bide__spawn(&writes, &(writes_args){b, SIZE});
    void *r1 = bide__spawn(&reads, &(reads_args){a, buffer, SIZE});
    void *r2 = bide__spawn(&reads, &(reads_args){b, buffer, SIZE});
    void **all[] = {&w1, &w2, &r1, &r2};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(join(all[i], &out), 0);
        CHECK_EQ(out, SIZE);
    }
    CHECK_EQ(bide__thread.own->fds->waiting, 0);
    bide__fd_close(b);
    close_pair(a, fds);
}

TEST(a_hang_up_wakes_both_directions)
{
    int fds[2], out = -1;
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    let_run();
    close(fds[1]);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 0);
    CHECK_EQ(block_int(&waits, &(waits_args){fd, BIDE__READ}), 0);
    CHECK_EQ(block_int(&waits, &(waits_args){fd, BIDE__WRITE}), 0);
    bide__fd_close(fd);
    close(fds[0]);
}

TEST(one_waiter_a_direction)
{
    int fds[2], out = -1;
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    let_run();
    CHECK_ERR(block_int(&waits, &(waits_args){fd, BIDE__READ}), -EBUSY);
    CHECK_EQ(bide__task_finished(h), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(out, 0);
    close_pair(fd, fds);
}

/* ---- async int twins(struct bide__fd *fd) ---- */

struct twins {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
    } a;
};
typedef __typeof__(((struct twins *)0)->a) twins_args;

struct twin {
    struct bide_chain chain;
    int result;
    _Alignas(16) char room[256];
};

static struct bide_cx twin_cx(const struct bide_cx *cx, struct twin *twin)
{
    struct bide_cx sub = *cx;
    sub.chain = &twin->chain;
    sub.top = sub.end = NULL; /* its first frame goes into the chain's memory */
    return sub;
}

static enum bide_poll twin_start(const struct bide_cx *cx, struct twin *twin, struct bide__fd *fd)
{
    struct bide_cx sub = twin_cx(cx, twin);
    bide_chain_init(&twin->chain, twin->room, sizeof twin->room, NULL);
    return bide__start_bide__fd_wait(&sub, NULL, &twin->result, fd, BIDE__READ);
}

static enum bide_poll twin_poll(const struct bide_cx *cx, struct twin *twin)
{
    struct bide_cx sub = twin_cx(cx, twin);
    return bide_chain_poll(&sub);
}

/* Two waits with the same waker, as two branches have when the ids have run out. When the first has
 * been woken, the second takes the place; the first neither keeps it nor takes it away. */
HAND(twins, sizeof(int), 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(twins);
    static struct twin a, b;
    bide_runtime *rt = bide__runtime_running();
    struct bide__fd *fd = f->a.fd;
    uint64_t key = (uint64_t)fd->generation << 32 | fd->index;

    CHECK_EQ(twin_start(cx, &a, fd), BIDE_PENDING);
    bide__fd_event(rt->fds, key, BIDE__READ);
    bide__fd_clear(fd, BIDE__READ, bide__fd_seen(fd, BIDE__READ));
    CHECK_EQ(twin_start(cx, &b, fd), BIDE_PENDING);
    CHECK_EQ(twin_poll(cx, &a), BIDE_READY);
    CHECK_ERR(a.result, -EBUSY);
    CHECK_EQ(fd->waiters[0].waker.bits, cx->waker.bits);

    bide__fd_event(rt->fds, key, BIDE__READ);
    CHECK_EQ(twin_poll(cx, &b), BIDE_READY);
    CHECK_EQ(b.result, 0);

    bide__fd_clear(fd, BIDE__READ, bide__fd_seen(fd, BIDE__READ));
    CHECK_EQ(twin_start(cx, &a, fd), BIDE_PENDING);
    bide__fd_event(rt->fds, key, BIDE__READ);
    bide__fd_clear(fd, BIDE__READ, bide__fd_seen(fd, BIDE__READ));
    CHECK_EQ(twin_start(cx, &b, fd), BIDE_PENDING);
    bide_chain_cancel(&a.chain, -ECANCELED, false);
    CHECK_EQ(twin_poll(cx, &a), BIDE_READY);
    CHECK_EQ(fd->waiters[0].waker.bits, cx->waker.bits);
    CHECK_EQ(rt->fds->waiting, 1);
    bide_chain_cancel(&b.chain, -ECANCELED, false);
    CHECK_EQ(twin_poll(cx, &b), BIDE_READY);
    CHECK_EQ(rt->fds->waiting, 0);
    HAND_RETURN(int, 1);
}

TEST(waits_with_the_same_waker_are_told_apart)
{
    int fds[2];
    struct bide__fd *fd = open_pair(fds);
    CHECK_EQ(block_int(&twins, &(twins_args){fd}), 1);
    close_pair(fd, fds);
}

TEST(a_cancelled_wait_leaves_nothing_and_loses_nothing)
{
    int fds[2], out = -1;
    char c = 0;
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&reads, &(reads_args){fd, &c, 1});
    let_run();
    CHECK_EQ(fd->waiters[0].waker.bits != 0, 1);
    bide__task_abort(h);
    CHECK_ERR(join(&h, &out), -ECANCELED);
    CHECK_EQ(fd->waiters[0].waker.bits, 0);
    CHECK_EQ(bide__thread.own->fds->waiting, 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(block_int(&reads, &(reads_args){fd, &c, 1}), 1);
    CHECK_EQ(c, 'x');

    /* The same, but the byte has arrived when the request is delivered. */
    h = bide__spawn(&reads, &(reads_args){fd, &c, 1});
    let_run();
    CHECK_EQ(write(fds[1], "y", 1), 1);
    bide__task_abort(h);
    CHECK_ERR(join(&h, &out), -ECANCELED);
    CHECK_EQ(block_int(&reads, &(reads_args){fd, &c, 1}), 1);
    CHECK_EQ(c, 'y');
    close_pair(fd, fds);
}

TEST(a_close_ends_the_wait)
{
    int fds[2], out = 0;
    struct bide__fd *fd = open_pair(fds), *next = NULL;
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    let_run();
    struct bide__driver *driver = fd->driver;
    bide__fd_close(fd);
    /* The slot is used again before the leaf looks, after the last event. */
    driver->ops->wait(driver, fd->runtime->fds, 0);
    CHECK_EQ(bide__fd_open(&next, fds[1]), 0);
    CHECK(next == fd);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_ERR(out, -EBADF);
    CHECK_EQ(next->waiters[0].waker.bits, 0);
    close_pair(next, fds);
}

TEST(a_late_event_is_not_for_the_next_user)
{
    int fds[2];
    struct bide__fd *fd = open_pair(fds), *next = NULL;
    bide_runtime *rt = bide__thread.own;
    uint64_t key = (uint64_t)fd->generation << 32 | fd->index;
    bide__fd_event(rt->fds, key, BIDE__READ);
    CHECK_EQ(fd->ready, BIDE__READ);
    bide__fd_close(fd);
    bide__fd_event(rt->fds, key, BIDE__READ);
    CHECK_EQ(bide__fd_open(&next, fds[1]), 0);
    CHECK(next == fd);
    bide__fd_event(rt->fds, key, BIDE__READ | BIDE__WRITE);
    CHECK_EQ(next->ready, 0);
    bide__fd_event(rt->fds, 77, BIDE__READ); /* a slot that was never used */
    bide__fd_event(rt->fds, UINT32_MAX, BIDE__READ);
    close_pair(next, fds);
}

TEST(what_cannot_be_registered)
{
    struct bide__fd *fd = NULL;
    int fds[2];
    FILE *file = tmpfile();
    CHECK(file != NULL);
    CHECK_ERR(bide__fd_open(&fd, fileno(file)), -EPERM);
    CHECK(fd == NULL);
    fclose(file);
    CHECK_ERR(bide__fd_open(&fd, 999), -EBADF);
    struct bide__fd *first = open_pair(fds);
    CHECK_ERR(bide__fd_open(&fd, fds[0]), -EEXIST);
    bide_test_fail("epoll_ctl", 1, -ENOSPC, 1);
    CHECK_ERR(bide__fd_open(&fd, fds[1]), -ENOSPC);
    CHECK_EQ(bide__thread.own->fds->open, 1);
    close_pair(first, fds);
    bide__fd_close(NULL);
}

TEST(many_registrations)
{
    enum { MANY = 200 };
    static struct bide__fd *fd[MANY];
    int fds[MANY][2], out = -1;
    void *h[MANY];
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(pipe2(fds[i], O_NONBLOCK), 0);
        CHECK_EQ(bide__fd_open(&fd[i], fds[i][0]), 0);
        h[i] = bide__spawn(&waits, &(waits_args){fd[i], BIDE__READ});
    }
    let_run();
    for (int i = MANY; i-- > 0;)
        CHECK_EQ(write(fds[i][1], "x", 1), 1);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(join(&h[i], &out), 0);
        CHECK_EQ(out, 0);
        close_pair(fd[i], fds[i]);
    }
}

TEST(a_registration_is_of_one_runtime)
{
    bide_runtime *rt;
    int fds[2];
    struct bide__fd *fd = open_pair(fds);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_ERR(block_int(&waits, &(waits_args){fd, BIDE__READ}), -EXDEV);
    struct bide__fd *other = NULL;
    CHECK_EQ(bide__fd_open(&other, fds[1]), 0);
    CHECK_ERR(bide_runtime_free(rt), -EBUSY);
    bide__fd_close(other);
    CHECK_EQ(bide_runtime_free(rt), 0);
    close_pair(fd, fds);
}

TEST(an_event_comes_before_the_virtual_clock_jumps)
{
    int fds[2], out = -1;
    bide_test_time_virtual();
    bide_instant start = bide_now();
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    close_pair(fd, fds);
}

TEST(an_interrupted_wait_goes_on)
{
    int fds[2], out = -1;
    struct bide__fd *fd = open_pair(fds);
    void *h = bide__spawn(&waits, &(waits_args){fd, BIDE__READ});
    bide_test_fail("epoll_wait", 1, -EINTR, 2);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(join(&h, &out), 0);
    CHECK_EQ(bide_test_failed("epoll_wait"), 2);
    CHECK_EQ(out, 0);
    close_pair(fd, fds);
}
