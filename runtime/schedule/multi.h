/*
 * multi.h: what the files of the multi_thread scheduler share.
 *
 *   ring.c          the run queue of a worker
 *   inject.c        queues that any thread may push to
 *   idle.c          which workers search and sleep, and who is woken
 *   world.c         all workers stand, so that one thread may look at everything
 *   watchdog.c      a thread that sees what a worker that does not return leaves undone
 *   multi_thread.c  where tasks that are ready go, and what a worker does
 *   block_in_place.c, spare.c   a worker calls a function that blocks; who works in its place
 *   workers.c       workers begin and end; a runtime of them is shut down
 *
 * The rule that keeps wakes from being lost: whoever makes work visible (to a ring, a slot or a
 * queue) calls bide__notify afterwards, which looks at the idle word; a worker that goes to sleep
 * changes the idle word first and then, if nobody searches, looks at all places where work can be.
 * Each has a sequentially consistent fence between the two, so one of the two sees the other. There
 * are two exceptions: a worker that fills its own empty slot, or queues the task that it has just
 * polled, tells nobody, since it will look there itself. If its poll does not end, the watchdog
 * tells the others.
 */
#ifndef BIDE_RUNTIME_MULTI_H
#define BIDE_RUNTIME_MULTI_H

#include "runtime/memory/memory.h"
#include "runtime/schedule/ring.h"
#include "runtime/schedule/schedule.h"
#include "runtime/time/time.h"

enum {
    BIDE__LINE = 64,      /* bytes of a cache line */
    BIDE__LIFO_POLLS = 3, /* of the slot, one after another */
    BIDE__LOW_TURNS = 16, /* a task of low priority is taken at least this often */
    BIDE__SPARES = 64,    /* workers that stand in for others, at most */
};

/* ---- inject.c ---- */

/* First in, first out; linked by wake.next. */
struct bide__inject {
    _Atomic uintptr_t incoming; /* pushed, and not yet in the queue; 0: there is no task at all */
    pthread_mutex_t mutex;
    struct bide__queue queue; /* under the mutex, */
    size_t queued;            /* as is the number of its tasks */
};

void bide__inject_init(struct bide__inject *inject);
void bide__inject_end(struct bide__inject *inject);
void bide__inject_push(struct bide__inject *inject, struct bide__task *task);

/* Pushes the `n` tasks of a list, which becomes empty; behind all others, or before them: those
 * that a worker has taken and does not come to. */
void bide__inject_append(struct bide__inject *inject, struct bide__queue *list, size_t n);
void bide__inject_prepend(struct bide__inject *inject, struct bide__queue *list, size_t n);

/* Takes the oldest task, and further ones into the empty list `rest`: one of `parts` equal parts of
 * what is there, and no more than `most`. `rest` may be NULL if `most` is 0. NULL: there is
 * none. */
struct bide__task *bide__inject_take(struct bide__inject *inject, size_t parts, size_t most,
                                     struct bide__queue *rest);

static inline struct bide__task *bide__inject_pop(struct bide__inject *inject)
{
    return bide__inject_take(inject, 1, 0, NULL);
}

/* Not 0: there is a task. */
static inline uintptr_t bide__inject_word(struct bide__inject *inject)
{
    return atomic_load_explicit(&inject->incoming, memory_order_acquire);
}

static inline bool bide__inject_any(struct bide__inject *inject)
{
    return bide__inject_word(inject) != 0;
}

/* How many there are; it waits for the mutex. */
size_t bide__inject_count(struct bide__inject *inject);

/* ---- a worker ---- */

/* Where a worker sleeps; a futex. */
enum { BIDE__AWAKE, BIDE__IN_FUTEX, BIDE__IN_DRIVER, BIDE__NOTIFIED };

/* One of the workers. */
struct bide__peer {
    struct bide__worker worker; /* the first member: a pointer to it is one to the whole */
    struct bide__workers *all;
    unsigned index;

    /* Its own. */
    unsigned ticks;        /* tasks that it took */
    unsigned events_max;   /* after how many polls it looks around, */
    unsigned stop;         /* and after how many turns it does that, or measures a poll (gauge.h) */
    unsigned injector_max; /* and at the shared queue though it has others: options */
    unsigned lifo_polls;   /* of the slot, one after another */
    bool lifo_off;         /* it uses no slot: an option, or in a call in place */
    unsigned round;        /* idle.c: in which it has last looked at its ring */
    bool alone;            /* there is no other worker: nobody takes anything from it */
    bool has_yielded;      /* a task, since others had their turn */
    bool is_searching;     /* it counts as such in the idle word */
    bool stands;           /* world.c */
    uint32_t random;
    struct bide__segments segments;
    pthread_t thread;

    /* Read by others. */
    _Alignas(BIDE__LINE) _Atomic uint32_t epoch; /* changes with every poll */
    _Atomic(const struct bide_fn *) function;    /* the root of what it polls; NULL: nothing */
    _Atomic bool in_place; /* its poll calls a function that may block: block_in_place.c */
    /* A spare: the worker in whose place it works; NULL: it rests, and for all that are none. */
    _Atomic(struct bide__peer *) stands_for;
    _Alignas(BIDE__LINE) _Atomic(struct bide__task *) lifo; /* woken last, to be run next */
    struct bide__ring ring;
    _Atomic bool has_queue; /* alone: there is a task in worker.queue, which stands for the ring */
    struct bide__inject pinned; /* tasks that only this worker may run */
    _Atomic uint32_t parker;    /* BIDE__AWAKE and so on */

    /* The watchdog's: since when the epoch has been the same; 0: it changes. */
    struct bide__watched {
        uint32_t epoch;
        bool reported;
        int64_t since_ns;
    } watched;

    /* spare.c */
    struct bide__peer *next_spare; /* under the mutex of the spares */
    _Atomic bool rests;            /* a spare: it sleeps until it is to stand in */
    _Atomic bool drains;           /* it is to take back the blocks that others gave back */

    /* Under the mutex of the sleepers. */
    struct bide__peer *next_sleeper;
    _Atomic bool is_asleep;
};

/* ---- what the workers share ---- */

struct bide__workers {
    struct bide_runtime *runtime;
    unsigned count;
    unsigned started; /* threads that run */
    struct bide__peer *peers;

    struct bide__inject inject; /* from threads that run no worker, and from full rings */
    struct bide__inject low;    /* tasks of low priority */

    /* idle.c */
    /* Workers: searching, awake << 16, and in the list of sleepers << 32. */
    _Alignas(BIDE__LINE) _Atomic uint64_t idle;
    pthread_mutex_t sleepers_mutex;
    struct bide__peer *sleepers;
    _Atomic bool driver_taken;
    bool rings; /* each worker has a driver of its own, in which it sleeps */
    /* With rings and virtual time: */
    pthread_mutex_t clock_mutex; /* held by whoever may move the clock */
    _Atomic unsigned round;      /* changes when a worker awakes, and when the clock has moved */

    /* spare.c */
    pthread_mutex_t spares_mutex;
    struct bide__peer *free_spares;         /* that stand in for nobody */
    struct bide__peer *spare[BIDE__SPARES]; /* all, from the first on; */
    _Atomic unsigned spares;                /* how many there are, */
    unsigned spares_ended;                  /* and how many threads of them have been joined */

    /* world.c */
    pthread_mutex_t world_mutex;
    pthread_cond_t all_stand; /* or fewer run than before */
    pthread_cond_t go_on;
    unsigned running;        /* workers that do not stand, under the mutex */
    _Atomic bool stop;       /* the workers are to stand; written under the mutex */
    pthread_mutex_t stopper; /* held by the thread that wants that */

    /* workers.c */
    sigset_t signals;            /* blocked where the runtime was made, and so in its workers */
    _Atomic bool quit;           /* the workers' threads are to end */
    _Atomic bool closing;        /* a shutdown waits for the tasks */
    _Atomic int64_t deadline_ns; /* of that shutdown, for a virtual clock */
    bool shuts_down;             /* a thread does; under world_mutex */
    pthread_cond_t quiet; /* with world_mutex: no worker is awake, or a shutdown has returned */

    /* watchdog.c */
    pthread_t watchdog;
    pthread_mutex_t watch_mutex;
    pthread_cond_t watch_wake;
    _Atomic bool watch_sleeps; /* written under the mutex */
    bool has_watchdog;
};

static inline struct bide__peer *bide__peer_of(struct bide__worker *worker)
{
    return (struct bide__peer *)(void *)worker;
}

/* The workers by number: those that the options ask for, and then the spares. */
static inline unsigned bide__peers(struct bide__workers *all)
{
    return all->count + atomic_load_explicit(&all->spares, memory_order_acquire);
}

static inline struct bide__peer *bide__peer_at(struct bide__workers *all, unsigned i)
{
    return __builtin_expect(i < all->count, 1) ? &all->peers[i] : all->spare[i - all->count];
}

/* ---- idle.c ---- */

/* Any thread: there is work to find. Wakes a worker to search for it, unless one searches already
 * or none sleeps. */
void bide__notify(struct bide__workers *all);

/* Any thread: wakes this worker, which looks at everything. */
void bide__unpark(struct bide__peer *peer);

/* Worker: begins to search, if not too many do already. */
bool bide__search_begin(struct bide__peer *peer);

/* Worker: it has found work. */
void bide__search_end(struct bide__peer *peer);

/* Worker: it has found none. Sleeps until there is something to do, or it is time to end. */
void bide__park(struct bide__peer *peer);

/* A spare that stands in for nobody: sleeps until it is to, or has something of its own to do. Its
 * thread begins with the second: it counts as awake from then on. */
void bide__rest_spare(struct bide__peer *peer);
void bide__awake_spare(struct bide__peer *peer);

/* The watchdog, round what may wake tasks in virtual time: it counts as a worker that is awake, so
 * the clock stands still until these tasks are ready. */
void bide__helper_begin(struct bide__workers *all);
void bide__helper_end(struct bide__workers *all);

/* Do all workers sleep? Any thread. */
static inline bool bide__all_sleep(struct bide__workers *all)
{
    return (uint32_t)atomic_load_explicit(&all->idle, memory_order_seq_cst) == 0;
}

/* Nobody waits in the driver that all share. */
static inline bool bide__driver_is_left(struct bide__workers *all)
{
    return !all->rings && !atomic_load_explicit(&all->driver_taken, memory_order_relaxed);
}

/* The watchdog: looks at the ring of this worker, which does not come to it. */
void bide__look_for(struct bide__peer *peer);

/* Worker: looks at the driver without waiting, if nobody else has it. */
void bide__look_at_driver(struct bide__peer *peer);

/* ---- world.c ---- */

/* Worker: from here on it runs; from here on it stands (it touches no task). */
void bide__world_enter(struct bide__peer *peer);
void bide__world_leave(struct bide__peer *peer);

/* For the thread that wants all to stand: does this one? */
bool bide__world_stands(struct bide__peer *peer);

/* Worker, between two polls: stands as long as somebody wants that. */
static inline void bide__world_pause(struct bide__peer *peer)
{
    if (__builtin_expect(atomic_load_explicit(&peer->all->stop, memory_order_relaxed), 0)) {
        atomic_store_explicit(&peer->function, NULL, memory_order_relaxed);
        bide__world_leave(peer);
        bide__world_enter(peer);
    }
}

/* ---- watchdog.c ---- */

/* 0 or why there is no thread. */
int bide__watchdog_begin(struct bide__workers *all);
void bide__watchdog_end(struct bide__workers *all); /* `quit` is set */
void bide__watchdog_wake_slow(struct bide__workers *all);

/* How long the poll of this worker has lasted, as far as the watchdog has seen. */
int64_t bide__watchdog_busy_ns(struct bide__peer *peer);

/* A worker awakes. */
static inline void bide__watchdog_wake(struct bide__workers *all)
{
    if (atomic_load_explicit(&all->watch_sleeps, memory_order_seq_cst))
        bide__watchdog_wake_slow(all);
}

/* ---- workers.c ---- */

/* Its memory is all zeroes. The caller gives it its wheel and its slab; and a ring of its own, if
 * the others have one: 0 or a negative errno. */
void bide__peer_init(struct bide__peer *peer, struct bide__workers *all, unsigned index);
int bide__peer_driver(struct bide__peer *peer);
void bide__peer_end(struct bide__peer *peer);

/* ---- spare.c ---- */

/* Worker: another one works in its place from now on, until it is let go. NULL: there is none. */
struct bide__peer *bide__spare_take(struct bide__peer *peer);
void bide__spare_let_go(struct bide__peer *spare);

/* When the threads are to end, and have ended. */
void bide__spares_stop(struct bide__workers *all);
void bide__spares_free(struct bide__workers *all);

/* ---- multi_thread.c ---- */

void *bide__worker_main(void *peer);

/* A worker's thread begins and ends; and one turn of what it does in between: it runs a task, or
 * finds none and sleeps. */
void bide__worker_begin(struct bide__peer *peer);
void bide__worker_end(struct bide__peer *peer);
void bide__worker_turn(struct bide__peer *peer);

/* Worker: what has its turn once in a while; runs a task; gives all its tasks to the others. */
void bide__look_around_shared(struct bide__peer *peer);
void bide__worker_run(struct bide__peer *peer, struct bide__task *task);
bool bide__give_all(struct bide__peer *peer);

/* When the next timer is due for which this worker awakes; INT64_MAX: there is none. */
int64_t bide__next_timer_ns(struct bide__peer *peer);

/* Where tasks that are ready go: from a worker, and from other threads (task NULL: only a wake). */
void bide__peer_schedule(struct bide__worker *worker, struct bide__task *task, bool again);
void bide__peer_schedule_measured(struct bide__worker *worker, struct bide__task *task, bool again);
void bide__outside_schedule(struct bide__worker *worker, struct bide__task *task, bool again);
void bide__runtime_inject(struct bide_runtime *rt, struct bide__task *task);

/* Any thread: there is something in a place where a search finds it. */
bool bide__has_work(struct bide__workers *all);

/* Worker: something only this worker can run is there. */
bool bide__has_own_work(struct bide__peer *peer);

#endif
