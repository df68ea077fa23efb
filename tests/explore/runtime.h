/*
 * runtime.h: what models of a whole runtime share: it is made and ended, tasks wait for signals of
 * other threads. Only what lies between is explored; the workers sleep when it begins.
 *
 * Waits do not end by time (timeouts -1), so that a wake that is lost is a deadlock, although the
 * watchdog would make up for it.
 */
#ifndef BIDE_TESTS_EXPLORE_RUNTIME_H
#define BIDE_TESTS_EXPLORE_RUNTIME_H

#include "tools/explore/explore.h"

#include <bide/bide.h>
#include <bide/runtime.h>

#include "runtime/leaf.h"
#include "runtime/task/task.h"

#include <pthread.h>

static struct bide_runtime *rt;

/* 0 workers: a current_thread runtime. */
static inline void runtime_begin(unsigned workers)
{
    struct bide_runtime_options o = {.flavour = workers > 0 ? BIDE_MULTI_THREAD : BIDE_CURRENT_THREAD,
                                     .workers = workers};
    explore_focus(false);
    explore_check(bide_runtime_new(&rt, &o) == 0);
    explore_settle();
    explore_focus(true);
}

static inline void begin_one_thread(void)
{
    runtime_begin(0);
}

static inline void begin_two_workers(void)
{
    runtime_begin(2);
}

static inline void runtime_end(void)
{
    explore_focus(false);
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
    explore_check(bide_runtime_free(rt) == 0);
}

/* ---- a signal, from any thread; one task waits for it ---- */

struct signal {
    pthread_mutex_t mutex;
    bool is_set;
    bide_waker waker; /* a clone */
};

#define SIGNAL_INIT            \
    {                          \
        .mutex = PTHREAD_MUTEX_INITIALIZER \
    }

static inline void signal_set(struct signal *s)
{
    pthread_mutex_lock(&s->mutex);
    bide_waker waker = s->waker;
    s->is_set = true;
    s->waker.bits = 0;
    pthread_mutex_unlock(&s->mutex);
    if (waker.bits != 0)
        bide_waker_wake(waker);
}

struct signal_wait {
    struct bide_frame h;
    struct signal *signal;
};

static inline bide_waker signal_leave(struct signal *s, bide_waker waker)
{
    pthread_mutex_lock(&s->mutex);
    bide_waker before = s->waker;
    s->waker = waker;
    pthread_mutex_unlock(&s->mutex);
    return before;
}

static enum bide_poll signal_wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct signal *s = ((struct signal_wait *)(void *)h)->signal;

    h->state = BIDE__BEGUN;
    pthread_mutex_lock(&s->mutex);
    bool is_set = s->is_set;
    bide_waker before = s->waker;
    s->waker.bits = 0;
    if (!is_set)
        s->waker = bide_waker_clone(cx->waker);
    pthread_mutex_unlock(&s->mutex);
    if (before.bits != 0)
        bide_waker_drop(before);
    return is_set ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer signal_wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    bide_waker waker = signal_leave(((struct signal_wait *)(void *)h)->signal, (bide_waker){0});
    (void)cx;
    if (waker.bits != 0)
        bide_waker_drop(waker);
    return BIDE_CANCELLED;
}

bide_async int signal_wait(struct signal *signal);
BIDE__LEAF(int, signal_wait, struct signal_wait, signal_wait_poll, signal_wait_cancel,
           (struct signal *, signal));

#endif
