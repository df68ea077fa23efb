/*
 * What io_uring answers: each error of its system calls passes, or ends the program with a message;
 * a ring that cannot be watched says so; and a kernel whose accept has a fault is found out.
 */
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/thread.h"
#if __has_include(<liburing.h>) /* or else all is skipped */
#include "runtime/io/inside.h"
#define HAS_RINGS
#endif

#include "check.h"

#include <bide/testing.h>

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum { KEY = 5 };

static struct bide__driver *driver;

/* It runs on this thread, so what is submitted goes with the next wait. */
static struct bide__worker worker;

static void begin_with(struct bide__driver_options options)
{
    options.events_max = 256;
    int r = bide__driver_uring.begin(&driver, &options);
    if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP)
        check_skip("no io_uring here");
    CHECK_EQ(r, 0);
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

static int submit(enum bide__op_kind kind, int fd, uint64_t key)
{
    struct bide__op op = {.kind = kind, .fd = fd, .key = key};
    return driver->ops->submit(driver, &op);
}

/* ---- errors ---- */

static bool is_linux(unsigned major, unsigned minor)
{
    struct utsname system;
    unsigned a = 0, b = 0;
    CHECK_EQ(uname(&system), 0);
    CHECK_EQ(sscanf(system.release, "%u.%u", &a, &b), 2);
    return a > major || (a == major && b >= minor);
}

/* Runs f in a child, which must end by SIGABRT after a message that contains `what`. */
static void check_breaks(void (*f)(void), const char *what)
{
    char said[512] = "";
    size_t size = 0;
    ssize_t n;
    int out[2], status;

    CHECK_EQ(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(out[1], STDERR_FILENO);
        f();
        _exit(0);
    }
    close(out[1]);
    while ((n = read(out[0], said + size, sizeof(said) - 1 - size)) > 0)
        size += (size_t)n;
    close(out[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (strstr(said, what) == NULL)
        fprintf(stderr, "it says \"%s\" instead of \"%s\"\n", said, what);
    CHECK(strstr(said, what) != NULL);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static const char *broken_call;
static int broken_by;

static void waits_in_a_broken_ring(void)
{
    begin();
    bide_test_fail(broken_call, 1, broken_by, 1);
    driver->ops->wait(driver, NULL, strcmp(broken_call, "io_uring_submit_and_get_events") != 0);
}

TEST(an_answer_that_does_not_pass_is_told_and_ends_the_program)
{
    static const struct {
        const char *call;
        int error;
        const char *says;
    } answers[] = {
        {"io_uring_submit_and_wait_timeout", -EEXIST,
         "io_uring cannot go on: it belongs to another"},
        {"io_uring_submit_and_wait_timeout", -EBADR, "has lost some"},
        {"io_uring_submit_and_wait_timeout", -EBADF, "its descriptor was closed"},
        {"io_uring_submit_and_wait_timeout", -EBADFD, "it was disabled"},
        {"io_uring_submit_and_get_events", -ENXIO, "its descriptor was closed"},
        {"io_uring_submit_and_get_events", -EPERM, "it was forbidden"},
        {"io_uring_submit_and_get_events", -EFAULT, "Bad address"},
    };
    begin(); /* or it is skipped */
    end();
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        broken_call = answers[i].call;
        broken_by = answers[i].error;
        check_breaks(waits_in_a_broken_ring, answers[i].says);
    }
}

static void *looks_too(void *argument)
{
    (void)argument;
    driver->ops->wait(driver, NULL, 1000000);
    return NULL;
}

static void waits_in_a_ring_of_another_thread(void)
{
    pthread_t thread;
    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_FIXED});
    look();
    pthread_create(&thread, NULL, looks_too, NULL);
    pthread_join(thread, NULL);
}

static void closes_its_descriptor(void)
{
    begin();
    look();
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    driver->ops->wait(driver, NULL, 1000000);
}

static void is_refused_by_a_sandbox(void)
{
    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_FIXED});
    bide_test_fail("io_uring_register", 1, -EPERM, 0);
    look();
}

TEST(a_ring_that_is_used_wrongly_is_told)
{
    begin();
    end();
    check_breaks(closes_its_descriptor, "its descriptor was closed, by something else than bide");
    if (!is_linux(6, 1))
        return;
    check_breaks(waits_in_a_ring_of_another_thread, "it belongs to another thread");
    check_breaks(is_refused_by_a_sandbox, "it was forbidden after it had been made");
}

/* ---- for a foreign loop ---- */

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int r;
    do
        r = poll(&p, 1, -1);
    while (r < 0 && errno == EINTR);
    return r == 1;
}

TEST(a_ring_of_one_thread_cannot_be_watched)
{
    if (!is_linux(6, 1))
        check_skip("Linux has rings of one thread since 6.1");
    begin_with((struct bide__driver_options){.owner = BIDE__OWNER_FIXED});
    CHECK_ERR(driver->ops->watch(driver), -ENOSYS);
    end();
}

/* A foreign loop would wait for a descriptor that never becomes readable. */
TEST(a_ring_is_not_watched_before_the_kernel_knows_what_it_looks_at)
{
    begin();
    bide_test_fail("io_uring_submit_and_get_events", 1, -EBUSY, 2);
    CHECK_ERR(driver->ops->watch(driver), -EAGAIN);
    CHECK_ERR(driver->ops->watch(driver), -EAGAIN);
    int fd = driver->ops->watch(driver);
    CHECK(fd >= 0);
    driver->ops->wake(driver);
    CHECK(is_readable(fd));
    end();
}

/* ---- an accept ---- */

static int listening_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_EQ(listen(fd, 16), 0);
    return fd;
}

#ifdef HAS_RINGS
/* Linux 6.2 to 6.7: no room for the completion, so the accept ends with the mask of its poll. */
static int (*get_events)(struct io_uring *ring);

static int get_events_of_old(struct io_uring *ring)
{
    int r = get_events(ring);
    for (unsigned at = *ring->cq.khead; at != *ring->cq.ktail; at++) {
        struct io_uring_cqe *cqe = &ring->cq.cqes[at & ring->cq.ring_mask];
        if (cqe->user_data != BIDE__OP_ACCEPT || cqe->res < 0)
            continue;
        close(cqe->res);
        cqe->res = 195;
    }
    return r;
}

TEST(a_kernel_that_accepts_wrongly_is_not_asked_to)
{
    begin();
    while (dup(0) < 195) {} /* the wrong descriptor exists */
    get_events = bide__door.io_uring_submit_and_get_events;
    bide_test_replace("io_uring_submit_and_get_events", (void (*)(void))get_events_of_old);
    int fd = listening_socket();
    CHECK_ERR(submit(BIDE__OP_ACCEPT, fd, KEY), -ENOSYS);
    CHECK_ERR(submit(BIDE__OP_ACCEPT, fd, KEY), -ENOSYS);
    CHECK_EQ(fcntl(195, F_GETFD), 0);
    CHECK_EQ(submit(BIDE__OP_READY, fd, KEY), 0);
    close(fd);
    end();
}

#endif

TEST(where_an_accept_cannot_be_tried_it_is_not_made)
{
    static const char *const calls[] = {"socket",      "bind",    "listen",
                                        "getsockname", "connect", "io_uring_queue_init_params"};
    int fd = listening_socket();

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        begin();
        bide_test_fail(calls[i], 1, -EMFILE, 1);
        CHECK_ERR(submit(BIDE__OP_ACCEPT, fd, KEY), -ENOSYS);
        CHECK_EQ(bide_test_failed(calls[i]), 1);
        end();
    }
    begin(); /* that is not kept */
    CHECK_EQ(submit(BIDE__OP_ACCEPT, fd, KEY), 0);
    close(fd);
    end();
}
