/*
 * Memory that runs out: a scenario that uses every part of the runtime runs with the 1st, 2nd, ...
 * allocation failing, and with all from the n-th on; then with every other call of the door that
 * can fail. Each time, everything that was begun ends, what fails returns an error, and nothing
 * leaks.
 */
#include "join.h"

#include "runtime/io/io.h"

/* ---- async int deep(int n): a recursion that needs segments ---- */

struct deep {
    struct bide_frame h;
    struct {
        int n;
    } a;
    char ballast[1000];
    int r;
};
typedef __typeof__(((struct deep *)0)->a) deep_args;

static enum bide_poll start_deep(struct bide_cx *cx, struct bide_frame *parent, int *result, int n);

HAND(deep, sizeof(int), 0, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(deep);
    if (f->a.n == 0) {
        AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, BIDE_MS(1)));
    } else {
        AWAIT(2, start_deep(cx, h, &f->r, f->a.n - 1));
    }
    HAND_RETURN(int, f->r < 0 ? f->r : f->a.n);
}

static enum bide_poll start_deep(struct bide_cx *cx, struct bide_frame *parent, int *result, int n)
{
    return bide__later(cx, &deep, parent, result, &(deep_args){n});
}

/* ---- async int calls(void): on the blocking pool ---- */

struct calls {
    struct bide_frame h;
    struct {
        char pad;
    } a;
    struct bide_job job;
};

static void no_work(struct bide_job *job)
{
    (void)job;
}

HAND(calls, sizeof(int), 0, CALLEES({&bide__desc_bide_blocking, 0}))
{
    HAND_BEGIN(calls);
    f->job.run = no_work;
    AWAIT(1, bide__start_bide_blocking(cx, h, NULL, &f->job));
    HAND_RETURN(int, 0);
}

/* ---- async int reads(struct bide__fd *fd) ---- */

struct reads {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
    } a;
    int r;
};
typedef __typeof__(((struct reads *)0)->a) reads_args;

HAND(reads, sizeof(int), 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(reads);
    AWAIT(1, bide__start_bide__fd_wait(cx, h, &f->r, f->a.fd, BIDE__READ));
    HAND_RETURN(int, f->r);
}

/* ---- the scenario ---- */

static const char none;
static int expected_error;

/* Returns 1 if it is as it should be without a failure. */
static int fine(int result, int value)
{
    if (result == value)
        return 1;
    CHECK_ERR(result, expected_error);
    return 0;
}

static void use_a_descriptor(void)
{
    int fds[2];
    struct bide__fd *fd = NULL;
    CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    if (fine(bide__fd_open(&fd, fds[0]), 0))
        fine(block_int(&reads, &(reads_args){fd}), 0);
    else
        CHECK(fd == NULL);
    bide__fd_close(fd);
    close(fds[0]);
    close(fds[1]);
}

static void use_everything(void)
{
    bide_runtime *rt;
    if (!fine(bide_runtime_new(NULL, &rt), 0)) {
        CHECK(rt == NULL);
        return;
    }
    CHECK(bide_runtime_enter(rt) == NULL);
    void *h[8] = {
        bide__spawn(&deep, &(deep_args){0}),  bide__spawn(&deep, &(deep_args){1}),
        bide__spawn(&deep, &(deep_args){5}),  bide__spawn(&deep, &(deep_args){30}),
        bide__spawn(&deep, &(deep_args){90}), bide__spawn(&calls, &none),
        bide__spawn(&calls, &none),           bide__spawn(&deep, &(deep_args){2}),
    };
    static const int values[8] = {0, 1, 5, 30, 90, 0, 0, 2};
    bide__task_release(h[7]);
    h[7] = NULL;
    for (int i = 0; i < 7; i++) {
        int out = -1;
        /* The join itself may fail to begin; then it returns -ENOMEM. */
        int r = block_int(&joins, &(joins_args){&h[i], &out});
        if (r == 0)
            fine(out, values[i]);
        else
            CHECK_ERR(r, -ENOMEM);
    }
    use_a_descriptor();
    fine(bide_sleep(BIDE_MS(1)), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    for (int i = 0; i < 8; i++)
        bide__task_release(h[i]);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static void check_nothing_leaked(void)
{
    CHECK_EQ(bide_test_calls("alloc") - (int64_t)bide_test_failed("alloc"),
             bide_test_calls("free"));
    CHECK_EQ(bide_test_calls("epoll_create1") + bide_test_calls("eventfd") -
                 (int64_t)bide_test_failed("epoll_create1") - (int64_t)bide_test_failed("eventfd"),
             bide_test_calls("close"));
    CHECK_EQ(bide_test_calls("thread_create") - (int64_t)bide_test_failed("thread_create"),
             bide_test_calls("thread_join"));
}

static unsigned fail_each(const char *call, int error, unsigned count)
{
    for (unsigned nth = 1;; nth++) {
        expected_error = error;
        bide_test_watch();
        CHECK_EQ(bide_test_fail(call, nth, error, count), 0);
        use_everything();
        check_nothing_leaked();
        if (bide_test_failed(call) == 0) {
            bide_test_fail(call, 0, 0, 0);
            return nth - 1;
        }
    }
}

TEST(the_scenario_works)
{
    bide_test_time_virtual();
    bide_test_watch();
    use_everything();
    check_nothing_leaked();
    CHECK(bide_test_calls("thread_create") > 0);
}

TEST_LIMIT(each_allocation_fails_in_turn, 60)
{
    bide_test_time_virtual();
    CHECK(fail_each("alloc", -ENOMEM, 1) > 8);
}

TEST_LIMIT(all_allocations_fail_from_some_point_on, 60)
{
    bide_test_time_virtual();
    CHECK(fail_each("alloc", -ENOMEM, 0) > 8);
}

TEST_LIMIT(each_system_call_fails_in_turn, 60)
{
    bide_test_time_virtual();
    CHECK_EQ(fail_each("epoll_create1", -EMFILE, 1), 1);
    CHECK_EQ(fail_each("eventfd", -ENFILE, 1), 1);
    CHECK(fail_each("epoll_ctl", -ENOSPC, 1) > 1);
    CHECK(fail_each("thread_create", -EAGAIN, 1) > 0);
    CHECK_EQ(fail_each("getrandom", -EAGAIN, 1), 1);
}

TEST(a_thread_without_memory_for_a_runtime)
{
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_ERR(bide_sleep(BIDE_NS(1)), -ENOMEM);
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    void *h = bide__spawn(&calls, &none);
    CHECK(h != NULL);
    CHECK_EQ(bide__task_finished(h), 1);
    bide__task_abort(h);
    int out = 7;
    CHECK_ERR(block_int(&joins, &(joins_args){&h, &out}), -ENOMEM);
    CHECK(h == NULL);
    CHECK_EQ(out, 7);
    bide_test_fail("epoll_create1", 1, -EMFILE, 1);
    CHECK_EQ(bide_sleep(BIDE_NS(1)), 0); /* now the thread has a runtime */
}

TEST(large_segments_are_kept)
{
    bide_test_time_virtual();
    CHECK_EQ(block_int(&deep, &(deep_args){300}), 300);
    bide_test_watch();
    for (int i = 0; i < 10; i++)
        CHECK_EQ(block_int(&deep, &(deep_args){300}), 300);
    CHECK_EQ(bide_test_calls("alloc"), 0);
}
