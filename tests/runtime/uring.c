/*
 * The driver over io_uring by itself: each kind of operation, what it does when its rings and
 * buffers are full, the kernel refuses or forgets, another thread calls it, and its own thread
 * changes. Its events are caught here (tests/CMakeLists.txt wraps the functions that get them).
 */
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#if __has_include(<liburing.h>) /* or else all is skipped */
#include "runtime/io/inside.h"
#define HAS_RINGS
#endif
#include "runtime/thread.h"

#include "check.h"

#include <bide/testing.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { KEY = 5, EVENTS = 4096 };

/* ---- what the driver reports ---- */

static struct bide__event seen[EVENTS];
static int count; /* of what was seen */
static char text[65536];
static size_t text_size;                  /* received so far */
static bool keeps;                        /* buffers are not given back, but */
static struct bide__buffer *kept[EVENTS]; /* kept */
static int kept_count;
static struct bide__driver *driver;
static void (*on_report)(void); /* called once, in the next report */

void __wrap_bide__fd_report(struct bide__fds *fds, const struct bide__event *event);
void __wrap_bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready);

void __wrap_bide__fd_report(struct bide__fds *fds, const struct bide__event *event)
{
    (void)fds;
    CHECK(count < EVENTS);
    seen[count++] = *event;
    if (on_report != NULL) {
        void (*f)(void) = on_report;
        on_report = NULL;
        f();
    }
    if (event->buffer == NULL)
        return;
    CHECK_EQ(event->result, (int)event->buffer->size);
    CHECK(text_size + event->buffer->size <= sizeof(text));
    memcpy(text + text_size, event->buffer->data, event->buffer->size);
    text_size += event->buffer->size;
    if (keeps)
        kept[kept_count++] = event->buffer;
    else
        driver->ops->give_back(driver, event->buffer);
}

void __wrap_bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    struct bide__event event = {.kind = BIDE__OP_READY, .key = key, .result = (int)ready};
    __wrap_bide__fd_report(fds, &event);
}

static void forget(void)
{
    count = 0;
    text_size = 0;
}

/* ---- the driver ---- */

/* It runs on this thread, so what is submitted goes with the next wait. */
static struct bide__worker worker;

static void begin_with(struct bide__driver_options options)
{
    options.events_max = options.events_max != 0 ? options.events_max : 256;
    int r = bide__driver_uring.begin(&driver, &options);
    if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP)
        check_skip("no io_uring here");
    CHECK_EQ(r, 0);
    forget();
    worker.driver = driver;
    bide__thread.running = &worker;
}

static void begin(void)
{
    begin_with((struct bide__driver_options){0});
}

static void end(void)
{
    driver->ops->end(driver);
}

static int look(void)
{
    return driver->ops->wait(driver, NULL, 0);
}

/* Waits until `n` events have been seen. */
static void wait_for(int n)
{
    while (count < n)
        driver->ops->wait(driver, NULL, -1);
}

static struct bide__op op_of(enum bide__op_kind kind, int fd, uint64_t key)
{
    return (struct bide__op){.kind = kind, .fd = fd, .key = key};
}

static int submit(enum bide__op_kind kind, int fd, uint64_t key)
{
    struct bide__op op = op_of(kind, fd, key);
    return driver->ops->submit(driver, &op);
}

static int cancel(enum bide__op_kind kind, int fd, uint64_t key)
{
    struct bide__op op = op_of(kind, fd, key);
    return driver->ops->cancel(driver, &op);
}

static void pair(int fds[2])
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void put(int fd, const char *what)
{
    CHECK_EQ(write(fd, what, strlen(what)), (int)strlen(what));
}

static void check_seen(int i, enum bide__op_kind kind, uint64_t key, int result, bool last)
{
    CHECK(i < count);
    CHECK_EQ(seen[i].kind, kind);
    CHECK_EQ(seen[i].key, key);
    CHECK_EQ(seen[i].result, result);
    CHECK_EQ(seen[i].last, last);
}

/* ---- each kind ---- */

TEST(readiness_tells_directions_and_what_stays)
{
    int fds[2];
    const uint64_t key = UINT64_C(0xFFFFFFFF00000000) | ((1U << 28) - 1);

    begin();
    pair(fds);
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], key), 0);
    CHECK_EQ(look(), 1);
    check_seen(0, BIDE__OP_READY, key, BIDE__WRITE, false);
    put(fds[1], "x");
    wait_for(2);
    CHECK_EQ(seen[1].result & BIDE__READ, BIDE__READ);
    close(fds[1]);
    wait_for(3);
    CHECK_EQ(seen[count - 1].result, BIDE__READ | BIDE__WRITE | BIDE__STAYS);
    forget();
    CHECK_EQ(cancel(BIDE__OP_READY, fds[0], key), 1);
    wait_for(1);
    check_seen(0, BIDE__OP_READY, key, -ECANCELED, true);
    close(fds[0]);
    end();
}

TEST(what_cannot_be_watched_ends_at_once)
{
    begin();
    CHECK_EQ(submit(BIDE__OP_READY, 999, KEY), 0);
    wait_for(1);
    check_seen(0, BIDE__OP_READY, KEY, -EBADF, true);
    end();
}

TEST(what_is_received_comes_in_buffers)
{
    enum { MESSAGES = 1000 };
    int fds[2];

    begin();
    pair(fds);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    for (int i = 0; i < MESSAGES; i++) {
        put(fds[1], "hello");
        wait_for(i + 1);
        check_seen(i, BIDE__OP_RECEIVE, KEY, 5, false);
        CHECK(memcmp(text + text_size - 5, "hello", 5) == 0);
    }
    CHECK_EQ(text_size, 5 * MESSAGES);
    close(fds[1]);
    wait_for(MESSAGES + 1);
    check_seen(MESSAGES, BIDE__OP_RECEIVE, KEY, 0, true);
    close(fds[0]);
    end();
}

TEST(a_receive_that_is_cancelled_takes_nothing)
{
    enum { TIMES = 2000 };
    int fds[2];
    char c;

    begin();
    pair(fds);
    for (int i = 0; i < TIMES; i++) {
        forget();
        CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
        if (i % 2 == 0)
            CHECK_EQ(look(), 0);
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, fds[0], KEY), 1);
        wait_for(1);
        check_seen(0, BIDE__OP_RECEIVE, KEY, -ECANCELED, true);
        put(fds[1], "x");
        CHECK_EQ(look(), 0);
        CHECK_EQ(recv(fds[0], &c, 1, 0), 1);
    }
    close_pair(fds);
    end();
}

TEST(buffers_become_more_and_then_run_out)
{
    int fds[2];

    begin_with((struct bide__driver_options){.buffers_first = 2, .buffers_at_most = 8});
    pair(fds);
    keeps = true;
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    for (int i = 0; i < 8; i++) {
        put(fds[1], "abc");
        wait_for(i + 1);
        if (seen[count - 1].result == -ENOBUFS) { /* it has grown too late */
            count--;
            CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
            wait_for(i + 1);
        }
        check_seen(i, BIDE__OP_RECEIVE, KEY, 3, false);
    }
    put(fds[1], "def");
    wait_for(9);
    check_seen(8, BIDE__OP_RECEIVE, KEY, -ENOBUFS, true);
    for (int i = 0; i < 8; i++)
        CHECK(memcmp(kept[i]->data, "abc", 3) == 0);
    driver->ops->give_back(driver, kept[3]);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    wait_for(10);
    check_seen(9, BIDE__OP_RECEIVE, KEY, 3, false);
    CHECK(kept[8] == kept[3]);
    CHECK(memcmp(kept[8]->data, "def", 3) == 0);
    close_pair(fds);
    end();
}

static int listener(struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(fd, (struct sockaddr *)address, size), 0);
    CHECK_EQ(listen(fd, 16), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

TEST(what_is_accepted_is_nonblocking_and_closed_on_exec)
{
    struct sockaddr_in address;

    begin();
    int fd = listener(&address);
    CHECK_EQ(submit(BIDE__OP_ACCEPT, fd, KEY), 0);
    for (int i = 0; i < 5; i++) {
        int near = socket(AF_INET, SOCK_STREAM, 0);
        CHECK_EQ(connect(near, (struct sockaddr *)&address, sizeof(address)), 0);
        wait_for(i + 1);
        CHECK(seen[i].result >= 0 && !seen[i].last);
        CHECK(fcntl(seen[i].result, F_GETFL) & O_NONBLOCK);
        CHECK(fcntl(seen[i].result, F_GETFD) & FD_CLOEXEC);
        close(seen[i].result);
        close(near);
    }
    CHECK_EQ(cancel(BIDE__OP_ACCEPT, fd, KEY), 1);
    wait_for(6);
    check_seen(5, BIDE__OP_ACCEPT, KEY, -ECANCELED, true);
    close(fd);
    end();
}

/* A waker of nobody. */
static void nothing(bide_wakeable *w)
{
    (void)w;
}

static void no_wake(bide_wakeable *w, unsigned branch)
{
    (void)w, (void)branch;
}

static const bide_waker_vtable nobody_vtable = {nothing, no_wake, no_wake, nothing};
static bide_wakeable nobody = {.vtable = &nobody_vtable};

/* Writes until nothing fits. */
static void fill(int fd)
{
    static const char zeroes[4096];
    while (write(fd, zeroes, sizeof(zeroes)) > 0) {}
}

static void drain(int fd)
{
    static char any[65536];
    while (read(fd, any, sizeof(any)) > 0) {}
}

static int send_op(struct bide__io *io, int fd)
{
    struct bide__op op = {.kind = BIDE__OP_SEND, .fd = fd, .io = io, .data = "0123", .size = 4};
    bide__io_begin(io, driver, bide_waker_make(&nobody, 0));
    return driver->ops->submit(driver, &op);
}

static int cancel_send(struct bide__io *io)
{
    struct bide__op op = {.kind = BIDE__OP_SEND, .io = io};
    return driver->ops->cancel(driver, &op);
}

static void wait_until_done(struct bide__io *io)
{
    while (!bide__io_is_done(io))
        driver->ops->wait(driver, NULL, -1);
}

TEST(a_send_waits_for_room_and_may_be_cancelled)
{
    enum { SENDS = 40 };
    struct bide__io io[SENDS];
    int fds[2];

    begin();
    pair(fds);
    fill(fds[0]);
    for (int i = 0; i < SENDS; i++)
        CHECK_EQ(send_op(&io[i], fds[0]), 0);
    CHECK_EQ(look(), 0);
    for (int i = 1; i < SENDS; i++) {
        CHECK_EQ(cancel_send(&io[i]), 1);
        wait_until_done(&io[i]);
        CHECK_EQ(io[i].result, -ECANCELED);
        CHECK_EQ(cancel_send(&io[i]), 1); /* too late: nothing happens */
    }
    CHECK(!bide__io_is_done(&io[0]));
    drain(fds[1]);
    wait_until_done(&io[0]);
    CHECK_EQ(io[0].result, 4);
    close(fds[1]);
    CHECK_EQ(send_op(&io[0], fds[0]), 0);
    wait_until_done(&io[0]);
    CHECK_EQ(io[0].result, -EPIPE);
    close(fds[0]);
    end();
}

TEST(a_result_that_races_with_its_cancel_is_kept)
{
    struct bide__io io, next;
    int fds[2];
    char got[4];

    begin();
    pair(fds);
    CHECK_EQ(send_op(&io, fds[0]), 0); /* there is room */
    CHECK_EQ(cancel_send(&io), 1);
    wait_until_done(&io);
    CHECK_EQ(io.result, 4);
    CHECK_EQ(read(fds[1], got, 4), 4);
    /* A late cancel is not for the next user of the slot. */
    fill(fds[0]);
    CHECK_EQ(send_op(&next, fds[0]), 0);
    CHECK_EQ(next.slot, io.slot);
    CHECK_EQ(cancel_send(&io), 1);
    CHECK_EQ(look(), 0);
    CHECK_EQ(look(), 0);
    CHECK(!bide__io_is_done(&next));
    drain(fds[1]);
    wait_until_done(&next);
    CHECK_EQ(next.result, 4);
    close_pair(fds);
    end();
}

/* ---- full ---- */

enum { MANY = 100 };

static int many[MANY][2];

static void open_many(void)
{
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(pipe2(many[i], O_NONBLOCK), 0);
}

static void close_many(void)
{
    for (int i = 0; i < MANY; i++)
        close_pair(many[i]);
}

/* How often each was seen ready. */
static void count_ready(int times[MANY])
{
    memset(times, 0, MANY * sizeof(int));
    for (int i = 0; i < count; i++)
        if (seen[i].result >= 0 && seen[i].result & BIDE__READ)
            times[seen[i].key]++;
}

TEST(a_full_submission_ring_is_emptied)
{
    int times[MANY];

    begin_with((struct bide__driver_options){.submissions = 4});
    open_many();
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_READY, many[i][0], (uint64_t)i), 0);
    for (int i = 0; i < MANY; i++)
        put(many[i][1], "x");
    wait_for(MANY);
    count_ready(times);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(times[i], 1);
    close_many();
    end();
}

TEST(what_the_kernel_does_not_take_now_it_takes_later)
{
    int times[MANY];

    begin_with((struct bide__driver_options){.submissions = 4});
    CHECK_EQ(look(), 0);
    open_many();
    bide_test_fail("io_uring_submit", 1, -EBUSY, 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_READY, many[i][0], (uint64_t)i), 0);
    for (int i = 0; i < MANY; i += 2)
        CHECK_EQ(cancel(BIDE__OP_READY, many[i][0], (uint64_t)i), 1);
    CHECK(bide_test_failed("io_uring_submit") > 0);
    CHECK(driver->ops->has_events(driver));
    bide_test_fail("io_uring_submit", 1, -EAGAIN, 3);
    bide_test_fail("io_uring_submit_and_get_events", 1, -EAGAIN, 1);
    while (count < MANY / 2)
        look();
    CHECK_EQ(bide_test_failed("io_uring_submit"), 3);
    for (int i = 0; i < MANY; i++)
        put(many[i][1], "x");
    wait_for(MANY);
    count_ready(times);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(times[i], i % 2);
    close_many();
    end();
}

static void pair_many(void)
{
    for (int i = 0; i < MANY; i++)
        pair(many[i]);
}

/* Cancels that are late when their operations have ended take no room away from other ones. */
TEST(a_late_cancel_is_not_forgotten)
{
    begin_with((struct bide__driver_options){.submissions = 4});
    pair_many();
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_RECEIVE, many[i][0], (uint64_t)i), 0);
    CHECK_EQ(look(), 0);
    bide_test_fail("io_uring_submit", 1, -EBUSY, 0);
    bide_test_fail("io_uring_submit_and_get_events", 1, -EBUSY, 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, many[i][0], (uint64_t)i), 1);
    close_many();
    while (count < MANY)
        look();
    pair_many();
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_RECEIVE, many[i][0], (uint64_t)(MANY + i)), 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, many[i][0], (uint64_t)(MANY + i)), 1);
    bide_test_reset();
    wait_for(2 * MANY);
    for (int i = MANY; i < 2 * MANY; i++)
        CHECK_EQ(seen[i].result, -ECANCELED);
    close_many();
    end();
}

enum { NOTED = 8 };

static int late_fds[NOTED + 1][2];

/* As another thread may do between the end of an operation and its report: one more is submitted,
 * and all that are not known to have ended are cancelled, while the kernel takes nothing. */
static void cancel_all_from_a_report(void)
{
    CHECK_EQ(submit(BIDE__OP_RECEIVE, late_fds[NOTED][0], NOTED), 0);
    for (int i = 0; i <= NOTED; i++)
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, late_fds[i][0], (uint64_t)i), 1);
}

TEST(an_operation_has_room_for_its_cancel_until_its_end_was_reported)
{
    begin_with((struct bide__driver_options){.submissions = 4});
    for (int i = 0; i <= NOTED; i++)
        pair(late_fds[i]);
    for (int i = 0; i < NOTED; i++)
        CHECK_EQ(submit(BIDE__OP_RECEIVE, late_fds[i][0], (uint64_t)i), 0);
    CHECK_EQ(look(), 0);
    for (int i = 0; i < 4; i++) /* the ring is full of what does nothing */
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, late_fds[0][0], 99), 1);
    close(late_fds[0][1]);
    bide_test_fail("io_uring_submit", 1, -EBUSY, 0);
    bide_test_fail("io_uring_submit_and_get_events", 1, -EBUSY, 0);
    on_report = cancel_all_from_a_report;
    while (on_report != NULL)
        look();
    bide_test_reset();
    wait_for(NOTED + 1);
    for (int i = 0; i <= NOTED; i++)
        close_pair(late_fds[i]);
    end();
}

/* Takes all that is there. An operation that finds no room ends, and is submitted again. */
static void take_all(void)
{
    for (int at = 0; look() > 0 || driver->ops->has_events(driver) || driver->unsent > 0;)
        for (; at < count; at++) {
            int fd = many[seen[at].key][0];
            drain(fd);
            if (seen[at].last)
                CHECK_EQ(submit(BIDE__OP_READY, fd, seen[at].key), 0);
        }
}

TEST(completions_for_which_there_is_no_room_are_not_lost)
{
    int times[MANY], ended = 0;

    begin_with((struct bide__driver_options){.submissions = 4, .completions = 8, .events_max = 3});
    open_many();
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_READY, many[i][0], (uint64_t)i), 0);
    CHECK_EQ(look(), 0);
    for (int round = 0; round < 3; round++) {
        forget();
        for (int i = 0; i < MANY; i++)
            put(many[i][1], "x");
        take_all();
        count_ready(times);
        for (int i = 0; i < MANY; i++)
            CHECK(times[i] > 0);
        for (int i = 0; i < count; i++)
            ended += seen[i].last;
    }
    CHECK(ended > 0);
    /* Nor is a wake. */
    driver->ops->wake(driver);
    driver->ops->wait(driver, NULL, -1);
    close_many();
    end();
}

TEST(bytes_for_which_there_is_no_room_are_not_lost)
{
    enum { SENT = 20000 };
    int fds[2], sent = 0, next = 0;

    begin_with((struct bide__driver_options){.submissions = 4, .completions = 8, .events_max = 2});
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    while (next < SENT) {
        while (sent < SENT && write(fds[1], &sent, sizeof(sent)) == (int)sizeof(sent))
            sent++;
        forget();
        wait_for(1);
        for (size_t at = 0; at < text_size; at += sizeof(int), next++) {
            int number;
            memcpy(&number, text + at, sizeof(number));
            CHECK_EQ(number, next);
        }
        if (seen[count - 1].last)
            CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    }
    close_pair(fds);
    end();
}

/* ---- refusals ---- */

TEST(a_wait_that_fails_is_made_again)
{
    int fds[2];

    begin();
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    put(fds[1], "x");
    static const int errors[] = {-EINTR, -EAGAIN, -EBUSY};
    for (int i = 0; i < 3; i++) {
        bide_test_fail("io_uring_submit_and_wait_timeout", 1, errors[i], 1);
        CHECK_EQ(driver->ops->wait(driver, NULL, -1), 0);
        CHECK_EQ(driver->unsent > 0, 1);
    }
    CHECK_EQ(driver->ops->wait(driver, NULL, -1), 1);
    CHECK_EQ(driver->unsent, 0);
    CHECK_EQ(driver->ops->wait(driver, NULL, 1000000), 0); /* -ETIME */
    close_pair(fds);
    end();
}

static struct bide__driver *masked(const char *mask, int error)
{
    struct bide__driver_options options = {.owner = BIDE__OWNER_FIXED, .events_max = 16};
    struct bide__driver *d = NULL;

    setenv("BIDE_URING_MASK", mask, 1);
    int r = bide__driver_uring.begin(&d, &options);
    if (r == -ENOSYS || r == -EPERM || (r == -EOPNOTSUPP && error == 0))
        check_skip("no io_uring here");
    CHECK_ERR(r, error);
    return d;
}

TEST(each_optional_kind_can_be_hidden)
{
    static const struct {
        const char *name;
        enum bide__op_kind kind;
    } kinds[] = {{"receive", BIDE__OP_RECEIVE},
                 {"accept", BIDE__OP_ACCEPT},
                 {"send", BIDE__OP_SEND},
                 {"receive,accept,send", BIDE__OP_ACCEPT}};
    struct bide__io io = {0};
    int fds[2];

    pair(fds);
    for (int i = 0; i < 4; i++) {
        driver = masked(kinds[i].name, 0);
        struct bide__op op = op_of(kinds[i].kind, fds[0], KEY);
        op.io = &io;
        CHECK_ERR(driver->ops->submit(driver, &op), -ENOSYS);
        CHECK_ERR(driver->ops->cancel(driver, &op), -ENOSYS);
        CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
        forget();
        wait_for(1);
        CHECK_ERR(submit((enum bide__op_kind)7, fds[0], KEY), -ENOSYS);
        end();
    }
    close_pair(fds);
}

TEST(without_what_is_optional_in_the_setup_it_works_too)
{
    static const char *const masks[] = {"defer_taskrun",
                                        "coop_taskrun,defer_taskrun",
                                        "cqe_skip",
                                        "defer_taskrun,coop_taskrun,cqe_skip",
                                        "",
                                        "cqe_skip,"};
    int fds[2];

    pair(fds);
    for (int i = 0; i < 6; i++) {
        driver = masked(masks[i], 0);
        forget();
        CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
        put(fds[1], "x");
        wait_for(1);
        check_seen(0, BIDE__OP_RECEIVE, KEY, 1, false);
        CHECK_EQ(cancel(BIDE__OP_RECEIVE, fds[0], KEY), 1);
        wait_for(2);
        CHECK_EQ(look(), 0);
        driver->ops->wake(driver);
        CHECK_EQ(driver->ops->wait(driver, NULL, -1), 0);
        end();
    }
    close_pair(fds);
}

TEST(a_mask_that_leaves_too_little_or_is_none)
{
    masked("poll", -EOPNOTSUPP);
    masked("recieve", -EINVAL);
    masked("receive send", -EINVAL);
}

TEST(no_buffer_ring)
{
    int fds[2];

    begin();
    pair(fds);
    bide_test_fail("io_uring_register_buf_ring", 1, -ENOMEM, 1);
    CHECK_ERR(submit(BIDE__OP_RECEIVE, fds[0], KEY), -ENOMEM);
    bide_test_fail("io_uring_register_buf_ring", 1, -EINVAL, 1);
    CHECK_ERR(submit(BIDE__OP_RECEIVE, fds[0], KEY), -ENOSYS);
    CHECK_ERR(submit(BIDE__OP_RECEIVE, fds[0], KEY), -ENOSYS);
    CHECK_EQ(bide_test_failed("io_uring_register_buf_ring"), 1);
    close_pair(fds);
    end();
}

/* Everything that a driver does once, with each allocation failing in turn. */
TEST(no_memory_at_any_site)
{
    struct bide__driver_options options = {.events_max = 16};
    struct bide__io io;
    int fds[2], failures = 0;

    begin();
    end();
    pair(fds);
    for (unsigned n = 1;; n++) {
        bide_test_fail("alloc", n, -ENOMEM, 1);
        int r = bide__driver_uring.begin(&driver, &options);
        if (r == 0) {
            int receive = submit(BIDE__OP_RECEIVE, fds[0], KEY), send = send_op(&io, fds[1]);
            CHECK(receive == 0 || receive == -ENOMEM);
            CHECK(send == 0 || send == -ENOMEM);
            r = receive < 0 ? receive : send;
            forget();
            if (send == 0)
                wait_until_done(&io);
            end();
        }
        drain(fds[0]);
        if (bide_test_failed("alloc") == 0)
            break;
        CHECK_ERR(r, -ENOMEM);
        failures++;
    }
    CHECK(failures >= 4);
    close_pair(fds);
}

TEST(system_calls_that_make_it_fail)
{
    static const struct {
        const char *call;
        int error, expected;
    } faults[] = {{"io_uring_queue_init_params", -ENOSYS, -ENOSYS},
                  {"io_uring_queue_init_params", -EPERM, -EPERM},
                  {"io_uring_queue_init_params", -ENOMEM, -EDQUOT},
                  {"io_uring_queue_init_params", -EINVAL, -EOPNOTSUPP},
                  {"io_uring_register_probe", -EINVAL, -EOPNOTSUPP},
                  {"eventfd", -EMFILE, -EMFILE}};
    struct bide__driver_options options = {.events_max = 16};
    struct bide__driver *d;

    for (int i = 0; i < 6; i++) {
        bide_test_fail(faults[i].call, 1, faults[i].error, 0);
        CHECK_ERR(bide__driver_uring.begin(&d, &options), faults[i].expected);
        bide_test_fail(faults[i].call, 0, 0, 0);
    }
    begin(); /* a refusal is not kept */
    end();
    bide_test_fail("io_uring_queue_init_params", 1, -ENOMEM, 0);
    CHECK_ERR(bide__driver_uring.begin(&d, &options), -EDQUOT);
}

/* ---- threads ---- */

static void *submits_and_exits(void *argument)
{
    int *fds = argument;
    static struct bide__io io;

    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[1], KEY), 0);
    CHECK_EQ(send_op(&io, fds[0]), 0);
    CHECK_EQ(look(), 0);
    return &io;
}

TEST(a_thread_that_exits_takes_no_operation_with_it)
{
    int fds[2], other[2];
    pthread_t thread;
    void *io;
    char c;

    begin();
    pair(fds);
    pair(other);
    fill(fds[0]);
    int of_both[2] = {fds[0], other[0]};
    CHECK_EQ(pthread_create(&thread, NULL, submits_and_exits, of_both), 0);
    CHECK_EQ(pthread_join(thread, &io), 0);
    /* The driver can still be woken. */
    for (int i = 0; i < 3; i++) {
        driver->ops->wake(driver);
        driver->ops->wait(driver, NULL, -1);
    }
    CHECK(!bide__io_is_done(io));
    CHECK_EQ(count, 0);
    /* What happens first ends an operation, but for a send, which goes on by itself. */
    put(other[1], "x");
    drain(fds[1]);
    wait_until_done(io);
    wait_for(2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(seen[i].result, -ECANCELED);
        CHECK(seen[i].last);
    }
    CHECK_EQ(recv(other[0], &c, 1, 0), 1);
    CHECK_EQ(((struct bide__io *)io)->result, 4);
    close_pair(fds);
    close_pair(other);
    end();
}

static void *owns(void *argument)
{
    int *fds = argument;

    bide_test_fail("io_uring_register", 1, -ENOMEM, 1);
    CHECK_EQ(look(), 0);
    CHECK_EQ(bide_test_failed("io_uring_register"), 1);
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    driver->ops->wait(driver, NULL, -1); /* it was woken before it began */
    wait_for(1);
    CHECK_EQ(cancel(BIDE__OP_READY, fds[0], KEY), 1);
    wait_for(2);
    return NULL;
}

TEST(a_ring_that_one_thread_makes_belongs_to_the_one_that_waits)
{
    int fds[2];
    pthread_t thread;

    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_FIXED});
    CHECK_EQ(pipe(fds), 0);
    driver->ops->wake(driver);
    CHECK_EQ(pthread_create(&thread, NULL, owns, fds), 0);
    sched_yield();
    put(fds[1], "x");
    pthread_join(thread, NULL);
    check_seen(1, BIDE__OP_READY, KEY, -ECANCELED, true);
    close_pair(fds);
    end();
}

static void *reads_many(void *argument)
{
    (void)argument;
    bide__thread.running = &worker;
    wait_for(MANY);
    return NULL;
}

TEST(what_its_maker_submits_does_not_take_the_ring_from_its_owner)
{
    pthread_t thread;
    int times[MANY];

    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_FIXED, .submissions = 4});
    open_many();
    bide__thread.running = NULL;
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(submit(BIDE__OP_READY, many[i][0], (uint64_t)i), 0);
    for (int i = 0; i < MANY; i++)
        put(many[i][1], "x");
    CHECK_EQ(pthread_create(&thread, NULL, reads_many, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    count_ready(times);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(times[i], 1);
    close_many();
    end();
}

static void *waits(void *argument)
{
    int *n = argument;

    bide__thread.running = &worker;
    wait_for(*n);
    bide__thread.running = NULL;
    return NULL;
}

TEST(other_threads_submit_and_cancel)
{
    int fds[2], filled[2], n = 2;
    struct bide__io io;
    pthread_t thread;

    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_SHARED});
    pair(fds);
    pair(filled);
    fill(filled[0]);
    bide__thread.running = NULL;
    CHECK_EQ(pthread_create(&thread, NULL, waits, &n), 0);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    CHECK_EQ(send_op(&io, filled[0]), 0);
    CHECK_EQ(cancel_send(&io), 1);
    while (!bide__io_is_done(&io))
        sched_yield();
    CHECK_EQ(io.result, -ECANCELED);
    put(fds[1], "x");
    CHECK_EQ(cancel(BIDE__OP_RECEIVE, fds[0], KEY), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    check_seen(0, BIDE__OP_RECEIVE, KEY, 1, false);
    check_seen(1, BIDE__OP_RECEIVE, KEY, -ECANCELED, true);
    close_pair(fds);
    close_pair(filled);
    end();
}

/* The watchdog looks at the ring of a worker that is on its way to sleep. */
TEST(a_wake_is_not_lost_to_a_look_by_another_thread)
{
    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_SHARED});
    CHECK_EQ(look(), 0);
    driver->ops->wake(driver);
    bide__thread.running = NULL;
    CHECK_EQ(look(), 0); /* takes the event of the wake */
    bide__thread.running = &worker;
    bide_test_watch();
    CHECK_EQ(driver->ops->wait(driver, NULL, INT64_C(5000000000)), 0);
    CHECK_EQ(bide_test_calls("io_uring_submit_and_wait_timeout"), 0);
    end();
}

#ifdef HAS_RINGS
/* So a look that finds nothing means that nothing has happened. */
TEST(a_look_sees_what_has_happened_while_another_thread_submits)
{
    int fds[2];

    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_SHARED});
    struct bide__uring *u = (struct bide__uring *)(void *)driver;
    pair(fds);
    CHECK_EQ(submit(BIDE__OP_RECEIVE, fds[0], KEY), 0);
    CHECK_EQ(look(), 0);
    put(fds[1], "x"); /* is received as this thread leaves the kernel */
    CHECK(bide__uring_enter_sq(u));
    CHECK_EQ(look(), 1);
    bide__uring_leave_sq(u);
    check_seen(0, BIDE__OP_RECEIVE, KEY, 1, false);
    close_pair(fds);
    end();
}

#endif

TEST(a_child_of_fork_leaves_the_ring_alone)
{
    int fds[2], status;

    CHECK_EQ(bide__fork_watch(), 0);
    begin();
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    CHECK_EQ(look(), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(submit(BIDE__OP_READY, fds[1], KEY + 1) == -EPERM &&
                      cancel(BIDE__OP_READY, fds[0], KEY) == 0
                  ? 0
                  : 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    put(fds[1], "x");
    wait_for(1);
    check_seen(0, BIDE__OP_READY, KEY, BIDE__READ, false);
    close_pair(fds);
    end();
}

/* ---- a foreign loop ---- */

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int r;
    do
        r = poll(&p, 1, timeout_ms);
    while (r < 0 && errno == EINTR);
    return r == 1;
}

TEST(its_descriptor_is_readable_while_there_is_something)
{
    int fds[2];

    begin();
    CHECK_EQ(pipe(fds), 0);
    int fd = driver->ops->watch(driver);
    CHECK(fd >= 0);
    CHECK_EQ(driver->ops->watch(driver), fd);
    CHECK(!is_readable(fd, 0));
    bide__thread.running = NULL;
    /* Nobody waits, so the kernel must know at once. */
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    CHECK_EQ(driver->unsent, 0);
    CHECK(!is_readable(fd, 0));
    put(fds[1], "x");
    CHECK(is_readable(fd, -1));
    CHECK(driver->ops->has_events(driver));
    CHECK_EQ(look(), 1);
    CHECK(!driver->ops->has_events(driver));
    CHECK(!is_readable(fd, 0));

    CHECK_EQ(driver->ops->alarm(driver, bide__clock_ns() + 1000000), 0);
    CHECK(is_readable(fd, -1));
    CHECK_EQ(look(), 0);
    CHECK(!is_readable(fd, 0));
    CHECK_EQ(driver->ops->alarm(driver, bide__clock_ns() + INT64_C(3600000000000)), 0);
    CHECK_EQ(driver->ops->alarm(driver, INT64_MAX), 0);
    CHECK(!is_readable(fd, 3));
    driver->ops->wake(driver);
    CHECK(is_readable(fd, -1));
    CHECK_EQ(look(), 0);
    CHECK(!is_readable(fd, 0));
    bide_test_fail("timerfd_settime", 1, -EINVAL, 1);
    CHECK_ERR(driver->ops->alarm(driver, bide__clock_ns() + 1000000), -EINVAL);
    close_pair(fds);
    end();
}

TEST(no_descriptor_for_the_alarm)
{
    begin();
    bide_test_fail("timerfd_create", 1, -EMFILE, 1);
    CHECK_ERR(driver->ops->watch(driver), -EMFILE);
    CHECK(driver->ops->watch(driver) >= 0);
    end();
}

/* ---- few system calls ---- */

TEST(a_look_at_nothing_is_no_system_call)
{
    int fds[2];

    begin();
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(submit(BIDE__OP_READY, fds[0], KEY), 0);
    CHECK_EQ(look(), 0);
    bide_test_watch();
    for (int i = 0; i < 100; i++)
        CHECK_EQ(look(), 0);
    CHECK_EQ(bide_test_calls("io_uring_submit_and_get_events"), 0);
    CHECK_EQ(bide_test_calls("io_uring_submit"), 0);
    CHECK_EQ(submit(BIDE__OP_READY, fds[1], KEY + 1), 0);
    CHECK_EQ(cancel(BIDE__OP_READY, fds[1], KEY + 1), 1);
    wait_for(1);
    close_pair(fds);
    end();
}
