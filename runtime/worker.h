/*
 * worker.h: a runtime: what belongs to one worker, and what the workers share.
 *
 * A worker runs tasks, on one thread at a time: its *owner*. All state of a worker is its owner's
 * alone.
 *
 * A current_thread runtime has one worker, and its owner is the thread that blocks on the runtime.
 * The rest of the runtime is the owner's too, except two things that other threads may touch: the
 * hub (task/) and the blocking pool (blocking/), whose rooms say how.
 *
 * A multi_thread runtime (`multi`) has several workers, each on a thread of its own. What they
 * share says how it is locked. `worker` is then no thread's: it stands for the threads that run no
 * worker, and makes tasks for them under the hub's mutex (bide__task_new_outside in task/).
 *
 * Each room keeps the type of its own state to itself; here are only pointers to it. So this header
 * needs no room, and every room may include it.
 */
#ifndef BIDE_RUNTIME_WORKER_H
#define BIDE_RUNTIME_WORKER_H

#include "runtime/leaf.h"

#include <stdatomic.h>

struct bide__task;
struct bide__hub;
struct bide__slab;
struct bide__tally;
struct bide__workers;
struct bide__core;
struct bide__meter;
struct bide__options;
struct bide__census;

enum {
    BIDE__BUDGET = 128, /* operations a turn */
    BIDE__TURNS = 61,   /* polls of tasks between two looks at the rest, if not asked otherwise */
};

/* The run queue: first in, first out; linked by wake.next. */
struct bide__queue {
    struct bide__task *first, *last;
};

/* Tasks are fibers for ThreadSanitizer (fiber.h), but not in the explorer. */
#if defined __SANITIZE_THREAD__ && !defined BIDE__EXPLORE
#define BIDE__FIBERS 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer) && !defined BIDE__EXPLORE
#define BIDE__FIBERS 1
#endif
#endif

enum { BIDE__HOME_TLS = 8 };

/* fiber.c */
struct bide__home {
    void *thread, *fiber; /* NULL: it has none */
    unsigned tls_count;
    struct {
        void *from;
        size_t size;
    } tls[BIDE__HOME_TLS]; /* thread-local variables */
};

struct bide__worker {
    struct bide__queue queue;  /* of a current_thread runtime, and */
    struct bide__queue low;    /* tasks of low priority that were taken out of it */
    struct bide__hub *hub;     /* of its runtime */
    struct bide__slab *slab;   /* from which it makes tasks; in the hub */
    struct bide__tally *tally; /* of a worker of a multi_thread runtime; in the hub */
    /* NULL: tasks that are ready go to `queue`. `again`: the task has just been polled. */
    void (*schedule)(struct bide__worker *worker, struct bide__task *task, bool again);
    struct bide__task *current; /* the task that it polls now */
    uint32_t again; /* bits: the branches of `current` whose leaves asked for another poll */
    bool multi;     /* it is one of several workers, or stands for threads that run none */
    struct bide_turn turn;
    const struct bide_turn
        *copy;            /* with fibers (fiber.h): the turn of the task that it polls now */
    unsigned turns;       /* tasks run since the last look at anything else, */
    unsigned turns_max;   /* and how many may before the next; 0 if there are hooks for tasks, */
    unsigned watched_max; /* and then this many */
    bool closing;         /* new tasks are cancelled at once, or not made at all */
    bool watched;         /* there are hooks for tasks */
    bool observed;        /* multi_thread: it is watched, or its next poll is measured (gauge.h) */
    struct bide_runtime *runtime;
    const struct bide_fn *made; /* the function of the task that was made last, */
    size_t made_size;           /* and the size of its block: the next task is often alike */
    size_t gave_back; /* bytes of blocks of other workers that it gave back to them; see memory.h */
    struct bide__wheel *wheel;
    struct bide__segments *segments;
    struct bide__driver *driver;           /* in which it waits */
    struct bide__core *core;               /* of a thread_per_core runtime, or NULL */
    int64_t judge_after_ns;                /* see schedule/current_thread.c; 0: it does not */
    unsigned since_events, since_injector; /* turns since it looked at these */
    /* multi_thread: the task that it polls, or polled last, if that has values, and so perhaps a
     * name; any thread reads it. */
    _Atomic(const struct bide__task *) named;
    bool has_named;            /* that is not NULL */
    struct bide__meter *meter; /* task/meter.h; NULL: nothing is measured */
    /* For the metrics: the owner writes them, any thread reads. `busy`: twice the time in ns, while
     * it does not run; and while it does, twice the time less the clock, and 1. So one load gives
     * both. */
    _Atomic uint64_t parks, unparks;
    _Atomic uint64_t polls; /* of tasks, up to when it last looked round */
    _Atomic uint64_t steals;
    uint32_t polls_seen; /* multi_thread: the epoch (schedule/multi.h) up to which they count */
    struct bide__sampler {
        bool measures;      /* this poll */
        _Atomic bool exact; /* it measures all; any thread reads it, as the last two */
        uint32_t random;
        uint64_t weight;          /* for so many polls the one that is measured stands */
        int64_t round_ns, end_ns; /* when the round began; when the last poll ended */
        _Atomic int64_t since_ns; /* when the poll that is measured began, */
        _Atomic(const struct bide_fn *) function; /* and of what it is; NULL: there is none */
    } sampler;                                    /* task/gauge.h */
    _Atomic uint32_t asked; /* trace/census.h: to tell of its tasks; the number of the question */
    struct bide__census *census; /* its own: how far it has come; NULL: it has not begun */
    _Atomic int64_t busy;
#ifdef BIDE__FIBERS
    struct bide__home home;
#endif
};

/* Owner: from now on its time counts as busy; or no longer. */
static inline bool bide__is_busy(const struct bide__worker *w)
{
    return atomic_load_explicit(&w->busy, memory_order_relaxed) & 1;
}

static inline void bide__busy_begin(struct bide__worker *w, int64_t now_ns)
{
    int64_t busy = atomic_load_explicit(&w->busy, memory_order_relaxed);
    atomic_store_explicit(&w->busy, busy - 2 * now_ns + 1, memory_order_relaxed);
}

static inline void bide__busy_end(struct bide__worker *w, int64_t now_ns)
{
    int64_t busy = atomic_load_explicit(&w->busy, memory_order_relaxed);
    atomic_store_explicit(&w->busy, busy - 1 + 2 * now_ns, memory_order_relaxed);
}

/* Any thread. */
static inline int64_t bide__busy_ns(const struct bide__worker *w)
{
    int64_t busy = atomic_load_explicit(&w->busy, memory_order_relaxed);
    return busy & 1 ? (busy - 1) / 2 + bide__clock_ns() : busy / 2;
}

static inline void bide__count_more(_Atomic uint64_t *count, uint64_t more)
{
    uint64_t n = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, n + more, memory_order_release);
}

static inline void bide__count_up(_Atomic uint64_t *count)
{
    bide__count_more(count, 1);
}

struct bide_runtime {
    struct bide_runtime *next, *previous; /* for debuggers: bide__runtimes; under its mutex */
    struct bide__worker *worker;
    struct bide__hub *hub; /* also the memory of the tasks */
    struct bide__fds *fds;
    struct bide__pool *pool;
    struct bide__workers *workers; /* of a multi_thread runtime; see schedule/ */
    struct bide__wheel **wheels;   /* an array: of each worker, by its number */
    const struct bide__options *options;
    bool multi;                  /* several workers; tasks move between threads */
    unsigned forks;              /* bide__forks of the process that made it */
    _Atomic bool forcing;        /* new tasks are cancelled by force */
    _Atomic bool ended;          /* shut down: no more tasks are made */
    _Atomic bool is_program;     /* that of `async int main`: it ends when it is stuck */
    _Atomic bool is_stuck;       /* nothing can ever wake a task */
    struct bide_wakeable *waits; /* multi: the thread of a program's main; under the hub's mutex, */
    bool waits_for_all;          /* as this: a shutdown waits for the end of the tasks */
    const struct bide__task *spared; /* of a walk that cancels all: not this one; others.c */
    _Atomic bool has_left; /* a task has ended all others, but for some that it has reported */
    bool is_turned;        /* by a foreign loop, which waits in its place: schedule/embed.c */
    bool is_shown;         /* it is whole, and a console may ask; under the mutex of the list */
};

#endif
