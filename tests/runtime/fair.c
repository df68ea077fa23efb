/*
 * Fairness: a task that is always ready starves neither other tasks, nor timers, nor descriptors,
 * nor the wakes of other threads.
 */
#include "frames.h"

#include "runtime/io/io.h"
#include "runtime/task/task.h"

static bool stop;
static unsigned long turns;

/* ---- async void spins(void): yields until `stop` ---- */

struct spins {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

HAND(spins, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(spins);
    while (!stop) {
        turns++;
        AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    }
    HAND_END;
}

/* ---- async void greedy(void **done): awaits something that is always ready until `stop` ---- */

struct greedy {
    struct bide_frame h;
    struct {
        void *done;
    } a;
    int r;
};

HAND(greedy, 0, 0, CALLEES({&bide__desc_bide_task_wait, 0}))
{
    HAND_BEGIN(greedy);
    while (!stop) {
        turns++;
        AWAIT(1, bide__start_bide_task_wait(cx, h, &f->r, f->a.done));
        CHECK_EQ(f->r, 0);
    }
    HAND_END;
}

/* ---- async void stops(void): sleeps, then sets `stop` ---- */

struct stops {
    struct bide_frame h;
    struct {
        bide_duration d;
    } a;
    int r;
};

HAND(stops, 0, 0, CALLEES({&bide__desc_bide_sleep, 0}))
{
    HAND_BEGIN(stops);
    AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, f->a.d));
    stop = true;
    HAND_END;
}

/* ---- async void stops_on_read(struct bide__fd *fd) ---- */

struct stops_on_read {
    struct bide_frame h;
    struct {
        struct bide__fd *fd;
    } a;
    int r;
};

HAND(stops_on_read, 0, 0, CALLEES({&bide__desc_bide__fd_wait, 0}))
{
    HAND_BEGIN(stops_on_read);
    AWAIT(1, bide__start_bide__fd_wait(cx, h, &f->r, f->a.fd, BIDE__READ));
    stop = true;
    HAND_END;
}

/* ---- async void stops_after_call(void): a call on the blocking pool ---- */

struct stops_after_call {
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

HAND(stops_after_call, 0, 0, CALLEES({&bide__desc_bide_blocking, 0}))
{
    HAND_BEGIN(stops_after_call);
    f->job.run = no_work;
    AWAIT(1, bide__start_bide_blocking(cx, h, NULL, &f->job));
    stop = true;
    HAND_END;
}

static const char none;

TEST(timers_fire_beside_a_busy_task)
{
    bide_duration d = BIDE_MS(20); /* an emulated machine is slow */
    bide__task_release(bide__spawn(&stops, &d));
    bide__block_on(&spins, &none, NULL);
    CHECK(turns > 100);
}

/* ---- async void naps(bide_instant until): the last one sets `stop` ---- */

enum { NAPS = 1000 };

static int napped;
static unsigned long turns_of_first;

struct naps {
    struct bide_frame h;
    struct {
        bide_instant until;
    } a;
    int r;
};

HAND(naps, 0, 0, CALLEES({&bide__desc_bide_sleep_until, 0}))
{
    HAND_BEGIN(naps);
    AWAIT(1, bide__start_bide_sleep_until(cx, h, &f->r, f->a.until));
    if (napped++ == 0)
        turns_of_first = turns;
    stop = napped == NAPS;
    HAND_END;
}

TEST(of_many_timers_one_fires_for_every_four_polls)
{
    bide_instant until = bide_instant_add(bide_now(), BIDE_MS(50));
    for (int i = 0; i < NAPS; i++)
        bide__task_release(bide__spawn(&naps, &until));
    bide__block_on(&spins, &none, NULL);
    CHECK_EQ(napped, NAPS);
    CHECK(turns - turns_of_first <= 4 * NAPS + 2 * 61);
}

TEST(descriptors_are_seen_beside_a_busy_task)
{
    int fds[2];
    struct bide__fd *fd = NULL;
    CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
    CHECK_EQ(bide__fd_open(&fd, fds[0]), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    bide__task_release(bide__spawn(&stops_on_read, &fd));
    bide__block_on(&spins, &none, NULL);
    CHECK(turns <= 2 * BIDE__TURNS);
    bide__fd_close(fd);
    close(fds[0]);
    close(fds[1]);
}

TEST(other_threads_wake_beside_a_busy_task)
{
    bide__task_release(bide__spawn(&stops_after_call, &none));
    bide__block_on(&spins, &none, NULL);
}

TEST(short_runs_do_not_starve_the_rest)
{
    bide_duration d = BIDE_US(200);
    bide__task_release(bide__spawn(&stops, &d));
    while (!stop)
        bide_yield();
}

/* ---- many short runs ---- */

struct ready {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

HAND(ready, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(ready);
    HAND_END;
}

/* async void stops_on_wake(void): stops when its waker, which another thread may use, is woken. */
struct stops_on_wake {
    struct bide_frame h;
    struct {
        char pad;
    } a;
};

struct kept {
    struct bide_frame h;
};

static bide_waker kept_waker;

static enum bide_poll kept_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state++ > 1)
        return bide_frame_finish(cx, h);
    kept_waker = bide_waker_clone(cx->waker);
    return bide_frame_suspend(cx, h);
}

static const struct bide_fn kept_fn = {.poll = kept_poll,
                                       .frame_size = sizeof(struct kept),
                                       .frame_align_log2 = 3,
                                       .version = BIDE_FN_VERSION};

static enum bide_poll start_kept(struct bide_cx *cx, struct bide_frame *parent)
{
    struct kept *f = bide_frame_push(cx, sizeof(*f), &kept_fn, parent, NULL);
    if (f == NULL)
        return BIDE_PENDING;
    f->h.state = 1;
    return kept_poll(cx, &f->h);
}

HAND(stops_on_wake, 0, 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(stops_on_wake);
    AWAIT(1, start_kept(cx, h));
    stop = true;
    HAND_END;
}

static void *wakes(void *unused)
{
    bide_waker_wake(kept_waker);
    return unused;
}

/* The ways in which a plain loop may block again and again on something that is ready at once. */
static void block_shortly(unsigned how)
{
    if (how == 0)
        bide__block_on(&ready, &none, NULL);
    if (how == 1)
        bide_yield();
    if (how == 2) { /* and leave tasks behind */
        bide__task_release(bide__spawn(&ready, &none));
        bide__block_on(&ready, &none, NULL);
    }
}

/* `stop` is set within the number of polls that runtime.h states; each call makes one poll of its
 * own. */
static void stops_soon(unsigned how)
{
    unsigned calls = 0;
    for (; !stop && calls < 1000; calls++)
        block_shortly(how);
    CHECK(stop);
    CHECK(calls <= BIDE__TURNS + 2);
    stop = false;
}

TEST(short_runs_do_not_starve_timers)
{
    bide_duration d = BIDE_MS(5);
    bide_test_time_virtual();
    for (unsigned how = 0; how < 3; how++) {
        bide__task_release(bide__spawn(&stops, &d));
        block_shortly(how);
        bide_test_time_advance(BIDE_MS(6));
        stops_soon(how);
    }
}

TEST(short_runs_do_not_starve_descriptors)
{
    for (unsigned how = 0; how < 3; how++) {
        int fds[2];
        struct bide__fd *fd = NULL;
        CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
        CHECK_EQ(bide__fd_open(&fd, fds[0]), 0);
        bide__task_release(bide__spawn(&stops_on_read, &fd));
        for (int i = 0; i < 5; i++)
            block_shortly(how);
        CHECK(!stop);
        CHECK_EQ(write(fds[1], "x", 1), 1);
        stops_soon(how);
        bide__fd_close(fd);
        close(fds[0]);
        close(fds[1]);
    }
}

TEST(short_runs_do_not_starve_wakes_of_other_threads)
{
    for (unsigned how = 0; how < 3; how++) {
        pthread_t thread;
        bide__task_release(bide__spawn(&stops_on_wake, &none));
        block_shortly(how);
        CHECK(!stop);
        CHECK_EQ(pthread_create(&thread, NULL, wakes, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        stops_soon(how);
    }
}

/* That another thread has pending news is not enough: it may have let go of an earlier task. */
static bool is_woken(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    bool woken = hub->woken.first != NULL;
    pthread_mutex_unlock(&hub->mutex);
    return woken;
}

TEST(short_runs_do_not_starve_the_blocking_pool)
{
    for (unsigned how = 0; how < 3; how++) {
        bide__task_release(bide__spawn(&stops_after_call, &none));
        block_shortly(how);
        struct bide__worker *worker = bide__runtime_here()->worker;
        while (!stop && !is_woken(worker->hub))
            block_shortly(how);
        if (!stop)
            stops_soon(how);
        stop = false;
    }
}

TEST(an_await_that_is_always_ready_lets_others_run)
{
    bide_duration at_once = BIDE_NS(0);
    void *done = bide__spawn(&stops, &at_once);
    while (!bide__task_finished(done))
        bide_yield();
    stop = false;
    turns = 0;
    void *h = bide__spawn(&greedy, &done);
    bide_yield();
    CHECK(turns <= 2 * (BIDE__BUDGET + 1)); /* a yield is polled twice */
    bide_yield();
    CHECK(turns <= 4 * (BIDE__BUDGET + 1));
    stop = true;
    while (!bide__task_finished(h))
        bide_yield();
    bide__task_release(h);
    bide__task_release(done);
}
