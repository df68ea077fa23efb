/*
 * task.h: tasks and futures: their state, their memory, who is woken and how.
 *
 * Requires chains (core/), blocks of memory (memory/), and a worker that takes tasks from its run
 * queue and runs them (schedule/). Establishes that a task that is woken is polled afterwards, that
 * it is in at most one queue, and that its block is freed when nobody refers to it any more.
 *
 * A task is one block of the slab:
 *
 *     +0   wake      what wakers refer to, and the state
 *     +32  chain     while it runs; afterwards `end`
 *     +64  waiters   joins that wait for the end; of a future: first the leaf that drives it
 *     +72  room      frames of the chain: the root frame, its arguments, the reserve
 *          result    at the end of the block, if it has more than 8 bytes or it is a future's
 *          child     after that, if it is the child of a scope
 *
 * A root frame that is aligned to more than 8 is at +96, and a pointer to its descriptor at +72, as
 * in every frame.
 *
 * A future (bide_future(T), future.c) is such a block too.
 *
 * A handle (bide_task(T)) is the task's address. The handle of a task that could not be made is an
 * odd number that holds the negative errno, so that reporting the failure needs no memory.
 *
 * Threads: on a current_thread runtime only the owner (worker.h) uses a task, except that wakers,
 * an abort and a release come from other threads through the hub. On a multi_thread runtime the
 * state says MULTI, and then any thread may do all of this at any time: each transition is an
 * atomic read-modify-write, and the ring of joins, and what drives a future, are read and written
 * under LOCK, a bit of the state. A task's block stays with the worker that made it.
 */
#ifndef BIDE_RUNTIME_TASK_H
#define BIDE_RUNTIME_TASK_H

#include "runtime/fiber.h"
#include "runtime/memory/memory.h"
#include "runtime/thread.h"

#include <limits.h>
#include <stdatomic.h>

struct bide__joiner;
struct bide__driver;
struct bide__probes;

/* ---- the block ---- */

/* Bits of the state; inside.h says what they mean. */
enum {
    BIDE__SCHEDULED = 1,
    BIDE__RUNNING = 2,
    BIDE__DONE = 4,
    BIDE__CANCEL = 8,
    BIDE__FORCE = 16,
    BIDE__HANDLE = 32,
    BIDE__SHARED = 64,
    BIDE__FUTURE = 128,
    BIDE__LOCK = 256,
    BIDE__WAITED = 512,
    BIDE__PINNED = 1024,
    BIDE__MULTI = 2048,
    BIDE__LOW = 4096,
    BIDE__OWNER_ASKED = 1 << 13,
    BIDE__RUNTIME_ASKED = 1 << 14,
    BIDE__LOCALS = 1 << 15,
    BIDE__REF = 1 << 16,
};

/* How a task is asked to cancel, and by whom: at most one of the last two. 0: by its handle. */
enum {
    BIDE__ASK_FORCE = 1,   /* below shields too */
    BIDE__ASK_OWNER = 2,   /* its scope or set */
    BIDE__ASK_RUNTIME = 4, /* a shutdown */
};

typedef _Atomic uintptr_t bide__state;

/* Any thread. */
/* It is being polled. */
static inline bool bide__state_runs(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_acquire) & BIDE__RUNNING;
}

static inline bool bide__state_done(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_acquire) & BIDE__DONE;
}

static inline bool bide__state_is_future(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__FUTURE;
}

/* Nobody refers to the block any more: it goes back to its owner, or is on its way there. What is
 * in it stays until the owner takes it (memory.h). */
static inline bool bide__state_is_left(const bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);
    return s < BIDE__REF && !(s & (BIDE__HANDLE | BIDE__LOCK));
}

static inline bool bide__state_is_low(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__LOW;
}

struct bide__task {
    struct bide_wakeable wake;
    union {
        struct bide_chain chain;
        struct {
            const struct bide_fn *fn;
            const void *result; /* NULL: nobody took it, and it was dropped */
            uint64_t value;     /* the result, if it has no other place */
            int error;          /* 0, or why there is no result */
        } end;                  /* once it is DONE */
    };
    struct bide__joiner *waiters; /* a ring, at its oldest. Or the child, see inside.h */
#ifdef BIDE__FIBERS
    void *fiber; /* fiber.h; NULL: it runs under the name of its worker's home */
#endif
    char room[];
};
#ifndef BIDE__FIBERS
_Static_assert(offsetof(struct bide__task, room) == 72, "the head of a task has grown");
#endif

/* Where the room for frames begins. */
static inline size_t bide__room_offset(const struct bide_fn *fn)
{
    size_t offset = offsetof(struct bide__task, room);
    return fn->frame_align_log2 > 3
               ? (offset + BIDE__SLAB_UNIT - 1) / BIDE__SLAB_UNIT * BIDE__SLAB_UNIT
               : offset;
}

/* The root's function, while the task runs; also when the frame is popped. */
static inline const struct bide_fn *bide__task_fn(const struct bide__task *task)
{
    return ((const struct bide_frame *)(const void *)task->room)->fn;
}

/* The root's frame, while the task runs. */
static inline const struct bide_frame *bide__task_root(const struct bide__task *task)
{
    return (const struct bide_frame *)((const char *)task + bide__room_offset(bide__task_fn(task)));
}

/* ---- the hub: what other threads may touch of a runtime ---- */

/* Memory that tasks which have ended refer to. It begins with this, and goes with the hub. */
struct bide__kept {
    struct bide__kept *next;
    size_t size;
};

/*
 * Wakes, dropped wakers, aborts, released handles and messages (struct bide__post) from other
 * threads come together in the hub, under one mutex, and the owner takes them over between two
 * tasks. If the owner sleeps in the driver it is woken, once for each sleep.
 *
 * The hub owns the memory of the tasks. It outlives its runtime while anything refers to a task: a
 * handle, or a waker on another thread. It is then *closed*: its tasks have all ended, and the last
 * reference to go frees it.
 *
 * An abort from another thread must not write the task's state (see SHARED in inside.h) and has no
 * node to queue. So it sets the bit of the task's block in the chunk, and the owner then looks at
 * the bits of all chunks. The same holds for a handle that is released on another thread.
 *
 * A task that another thread spawns has its block in a slab of its own, `outside`, which is under
 * the mutex. The owner takes it over, and only then it counts as a task that is alive; until then
 * it is in `spawned`, and nobody can have woken it (outside.c).
 */
struct bide__hub {
    pthread_mutex_t mutex;
    _Atomic bool pending;    /* there is something to take over; written under the mutex */
    _Atomic unsigned waking; /* threads that wake the owner now, after they gave the mutex back */

    /* Under the mutex. */
    struct bide__queue woken;
    struct bide__queue spawned;
    struct bide__slab outside;
    struct bide__task *dead;               /* to be freed */
    struct bide__post *posts, **posts_end; /* messages, in their order */
    bool asked;                            /* a chunk is marked */
    bool reading;                          /* multi_thread: a worker reads the messages */
    bool sleeping;                         /* the owner is, or is about to be, in the driver */
    bool refuses;                          /* no task may be spawned from outside (-ESHUTDOWN) */
    bool closed;                           /* there is no owner any more */
    struct bide__flock *flocks;            /* the first of a ring */
    struct bide__locals *_Atomic locals;   /* the values of tasks; NULL: there never was one */
    void (*wake)(struct bide__driver *driver);
    struct bide__driver *driver;

    /* multi_thread: puts a task that is ready where a worker finds it; any thread. NULL: one
     * thread. Constant until the hub is closed. */
    void (*inject)(struct bide_runtime *rt, struct bide__task *task);
    struct bide_runtime *runtime;
    struct bide__slab *slabs; /* of the workers; `tasks` then serves the other threads */
    unsigned slab_count;
    struct bide__slab *more; /* of workers that came later, linked by `next` */

    struct bide__probes *probes; /* meter.h; NULL: waits are not measured. Constant likewise */

    _Atomic uint32_t spares_all; /* memory.h; of the slabs here, and those of segments */

    /* Tasks that are not DONE (see bide__hub_alive), and futures that have begun and not ended; see
     * bide__count. */
    _Atomic size_t alive, futures;
    _Atomic size_t made;         /* tasks that were ever counted in `alive` */
    struct bide__tally *tallies; /* of the workers */

    /* The owner's; once closed, or with several workers, under the mutex. */
    struct bide__slab tasks;
    struct bide__task *drops;          /* to be dropped, and may own others; see hub.c */
    struct bide__post *due, **due_end; /* messages taken over, to be read between two polls */
    struct bide__kept *kept;
};

/*
 * Of a worker of a multi_thread runtime: the tasks that it has made, and those whose end it has
 * seen to. Only the worker writes them: a count that all workers write would cost each spawn and
 * each end more than all the rest. `alive` of the hub then has the tasks that others have made
 * (threads that run no worker, and spares), less those that spares have ended.
 */
struct bide__tally {
    _Alignas(64) _Atomic size_t begun; /* a cache line */
    _Atomic size_t ended;
};

static inline void bide__tally_add(_Atomic size_t *count)
{
    size_t n = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, n + 1, memory_order_release);
}

/* `wake` makes the owner return from the driver; any thread calls it. 0 or -ENOMEM. */
int bide__hub_new(struct bide__hub **out, struct bide__driver *driver,
                  void (*wake)(struct bide__driver *driver));

/* Before a worker runs: makes a slab and a tally for each of `count` workers. 0 or -ENOMEM. */
int bide__hub_add_slabs(struct bide__hub *hub, unsigned count);

/* A worker: makes a slab for one that comes later, with this number; NULL: no memory. Or removes
 * the one that was made last, which has not been used. */
struct bide__slab *bide__hub_add_slab(struct bide__hub *hub, unsigned home);
void bide__hub_remove_slab(struct bide__hub *hub);

/* Owner: gives memory of this size to the hub, which frees it at its end. */
void bide__hub_keep(struct bide__hub *hub, struct bide__kept *kept, size_t size);

/* Calls f for every block of a task or a future. The workers, if there are several, must stand. */
void bide__hub_each(struct bide__hub *hub, void (*f)(void *block, void *argument), void *argument);

/* Owner, or any worker: adds to one of the counts of the hub; returns it as it was before. */
static inline size_t bide__count(const struct bide__hub *hub, _Atomic size_t *count, size_t n)
{
    if (__builtin_expect(hub->inject != NULL, 0))
        return atomic_fetch_add_explicit(count, n, memory_order_acq_rel);
    size_t before = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, before + n, memory_order_release); /* what the task did */
    return before;
}

/* Owner, or any worker: a task begins its life that no worker's tally counts. */
static inline void bide__count_alive(struct bide__hub *hub)
{
    bide__count(hub, &hub->alive, 1);
    bide__count(hub, &hub->made, 1);
}

/* How many tasks were ever made. Any thread. */
uint64_t bide__hub_made(const struct bide__hub *hub);

/* How many tasks are not DONE. Any thread, which then sees what those did that are. 0 is exact:
 * there was a moment at which none was. */
size_t bide__hub_alive(const struct bide__hub *hub);

/* Owner: a task begins its life; on a multi_thread runtime, one has ended. */
static inline void bide__count_begun(struct bide__worker *worker)
{
    if (__builtin_expect(worker->tally != NULL, 0))
        bide__tally_add(&worker->tally->begun);
    else
        bide__count_alive(worker->hub);
}

static inline void bide__count_ended(struct bide__worker *worker)
{
    if (__builtin_expect(worker->tally != NULL, 1))
        bide__tally_add(&worker->tally->ended);
    else
        bide__count(worker->hub, &worker->hub->alive, (size_t)-1);
}

/* The owner leaves: all tasks are DONE. Frees the hub, now or with the last reference. */
void bide__hub_close(struct bide__hub *hub);

/* Owner: takes over what other threads have left; may be called anywhere. And reads the messages;
 * only between two polls. */
void bide__hub_take(struct bide__hub *hub, struct bide__worker *worker);
void bide__hub_read(struct bide__hub *hub);

/* Owner: from now on other threads cannot spawn (-ESHUTDOWN), or they can. Those that have spawned
 * are taken over. */
void bide__hub_refuse(struct bide__hub *hub, struct bide__worker *worker, bool refuse);

/* Are there tasks that are still to be taken over? */
bool bide__hub_has_spawned(struct bide__hub *hub);

/* A worker of a multi_thread runtime: reads the messages, unless another worker does. */
void bide__hub_read_shared(struct bide__hub *hub);

/* The number of wakes that the owner has not taken over. Any thread. */
size_t bide__hub_depth(struct bide__hub *hub);

/* Owner, before it waits in the driver. False: there is something to take over. True: from now on
 * the driver is woken for it. */
bool bide__hub_sleep(struct bide__hub *hub);
void bide__hub_awake(struct bide__hub *hub);

/* Other threads. */
void bide__hub_notify(struct bide__hub *hub); /* makes the owner look at everything once more */
void bide__hub_schedule(struct bide__task *task);
/* Makes a task, like bide__task_new. *error is -ENOMEM or -ESHUTDOWN. */
struct bide__task *bide__hub_spawn(struct bide__hub *hub, const struct bide_fn *fn,
                                   const void *args, int *error);

/* ---- the run queue ---- */

static inline void bide__queue_push(struct bide__queue *q, struct bide__task *task)
{
    task->wake.next = NULL;
    if (q->last != NULL)
        q->last->wake.next = task;
    else
        q->first = task;
    q->last = task;
}

/* Moves all of `from`, which is not empty, to the end of q. */
static inline void bide__queue_append(struct bide__queue *q, struct bide__queue *from)
{
    if (q->last != NULL)
        q->last->wake.next = from->first;
    else
        q->first = from->first;
    q->last = from->last;
    *from = (struct bide__queue){NULL, NULL};
}

/* Takes the first task out, which is `task`. */
static inline void bide__queue_drop(struct bide__queue *q, const struct bide__task *task)
{
    struct bide__task *next = q->first = task->wake.next;
    if (__builtin_expect(next != NULL, 1)) {
        /* With many tasks the next one has left the cache. */
        __builtin_prefetch(next);
        __builtin_prefetch(&next->waiters);
    } else {
        q->last = NULL;
    }
}

static inline struct bide__task *bide__queue_pop(struct bide__queue *q)
{
    struct bide__task *task = q->first;
    if (task != NULL)
        bide__queue_drop(q, task);
    return task;
}

/* Is there a task to run? */
static inline bool bide__has_ready(const struct bide__worker *worker)
{
    return worker->queue.first != NULL || worker->low.first != NULL;
}

/*
 * Puts a task where its worker will find it: the one way into a run queue, for a spawn and for
 * every wake. The caller has made the transition that asks for it. `worker` is the task's worker if
 * this thread owns it, else NULL.
 */
static inline void bide__schedule(struct bide__worker *worker, struct bide__task *task)
{
    if (__builtin_expect(worker == NULL, 0))
        bide__hub_schedule(task);
    else if (__builtin_expect(worker->schedule == NULL, 1))
        bide__queue_push(&worker->queue, task);
    else
        worker->schedule(worker, task, false);
}

/* The same for a task that was woken while it was polled: all that are ready go first. */
static inline void bide__schedule_again(struct bide__worker *worker, struct bide__task *task)
{
    if (__builtin_expect(worker->schedule == NULL, 1))
        bide__queue_push(&worker->queue, task);
    else
        worker->schedule(worker, task, true);
}

/* ---- the life of a task ---- */

/* Runs a task that was taken out of the run queue, until it suspends or ends. */
void bide__task_run(struct bide__worker *worker, struct bide__task *task);

/*
 * The worker of a current_thread runtime: runs the tasks of its queue, in their order, and counts
 * them in `turns`. True: `until` has ended. False: that is turns_max, or no task is ready, or the
 * next one has low priority.
 */
bool bide__task_run_row(struct bide__worker *worker, const struct bide__task *until,
                        unsigned turns_max);

/* The same as bide__task_run, with the hooks of the runtime; and the hook for a task that was
 * made. */
void bide__task_run_watched(struct bide__worker *worker, struct bide__task *task);
void bide__task_spawned(const struct bide_runtime *rt, const struct bide__task *task,
                        const char *place);

/*
 * For a leaf that is being polled: wakes it, like bide_waker_wake_by_ref(cx->waker). If it is a
 * leaf of the task that the worker polls now, this leaves only a mark, and bide__task_run puts the
 * task into the queue when the poll is over.
 */
static inline void bide__task_again(const struct bide_cx *cx)
{
    struct bide__worker *worker = bide__thread.running;
    const struct bide_wakeable *task = bide_waker_task(cx->waker);

    if (__builtin_expect(worker != NULL && (uintptr_t)worker->current == cx->waker.bits, 1)) {
        bide__quiet_begin(worker->multi);
        worker->again |= 1; /* branch 0 */
        bide__quiet_end(worker->multi);
        return;
    }
    bool is_current = worker != NULL && (const void *)worker->current == task;
    if (__builtin_expect(!is_current, 0)) {
        bide_waker_wake_by_ref(cx->waker);
        return;
    }
    bide__quiet_begin(worker->multi);
    worker->again |= UINT32_C(1) << bide_waker_branch(cx->waker);
    bide__quiet_end(worker->multi);
}

/* Makes a task and queues it. `scope`: the scope whose child it will be, or NULL. `flags` are bits
 * of the state: 0, BIDE__PINNED, BIDE__LOW. NULL: *error says why, -ENOMEM for want of memory. */
struct bide__task *bide__task_new(struct bide__worker *worker, struct bide__scope *scope,
                                  uintptr_t flags, const struct bide_fn *fn, const void *args,
                                  int *error);

/* The same for a child that the caller puts into the queue when its time has come. Until then it is
 * marked as if it were there: nothing else puts it there. */
struct bide__task *bide__task_hold(struct bide__worker *worker, struct bide__scope *scope,
                                   const struct bide_fn *fn, const void *args, int *error);

/* The same for a thread that runs no worker of a multi_thread runtime, with `worker` the one that
 * stands for such threads and under the hub's mutex; but the caller calls the hook for it and puts
 * it into the queue. */
struct bide__task *bide__task_prepare(struct bide__worker *worker, uintptr_t flags,
                                      const struct bide_fn *fn, const void *args, int *error);

/*
 * Makes a task and polls it at once, on this thread, which runs the worker from then on. For a
 * caller who will wait for the task, while no task is ready that it would overtake. Returns the
 * task, with a handle; it is suspended, or has ended. Or NULL: it has ended and is gone, or could
 * not be made and its arguments were released. Then *error is 0 and its result is in *result
 * (unless that is NULL), or *error says why there is none.
 */
struct bide__task *bide__task_begin(struct bide__worker *worker, const struct bide_fn *fn,
                                    const void *args, void *result, int *error);

/* Makes a future, which has not begun and is in no queue. */
struct bide__task *bide__future_new(struct bide__worker *worker, const struct bide_fn *fn,
                                    const void *args, int *error);

/* multi.c: both, on a multi_thread runtime, by a thread that runs none of its workers. `flags` are
 * bits of the state: 0, BIDE__PINNED (it stays with the first worker). */
struct bide__task *bide__task_new_outside(struct bide_runtime *rt, uintptr_t flags,
                                          const struct bide_fn *fn, const void *args, int *error);
struct bide__task *bide__future_new_outside(struct bide_runtime *rt, const struct bide_fn *fn,
                                            const void *args, int *error);

/* bound.c: why a task of fn, which may move to another thread, must not be made on a multi_thread
 * runtime, or 0: -EPERM for a function that is bound to a thread. It is reported on stderr, once
 * for a function. */
int bide__refuse_task(const struct bide_fn *fn);

/* The same for a task that one thread makes for another, wherever it stays: -EPERM if something is
 * given to it, or comes from it, that belongs to a thread. */
int bide__refuse_passed(const struct bide_fn *fn);

/* Any thread: bide_fn_bound. */
bool bide__is_bound(const struct bide_fn *fn);

/* For `refuses` of struct bide_turn, while it polls a task that may move to another thread. True:
 * fn is bound to a thread; this is reported likewise. */
bool bide__refuses_bound(const struct bide_fn *fn);

/* For a call that cannot be made, or a future that never began: drops the owners among its
 * arguments. */
static inline void bide__args_release(const struct bide_fn *fn, const void *args)
{
    if (__builtin_expect(fn->release != NULL, 0)) {
        bool forgives = bide__thread.forgives;
        bide__thread.forgives = true;
        fn->release(args, NULL);
        bide__thread.forgives = forgives;
    }
}

/* For a call that has returned and whose result nobody takes: drops it, if it is an owner. */
static inline void bide__value_release(const struct bide_fn *fn, const void *result)
{
    if (__builtin_expect(fn->release != NULL, 0))
        fn->release(NULL, result);
}

/* multi.c: blocks the calling thread, which runs no worker, until the task has ended. The caller
 * has its handle. False: it has not, the runtime of a program is stuck. */
bool bide__task_wait_outside(struct bide__task *task);

/* multi.c, with the hub's mutex: a thread waits for a task of the program, and has not been woken,
 * or it waits in a shutdown. */
bool bide__task_is_awaited(struct bide_runtime *rt);

/* multi.c, with the hub's mutex: the runtime of a program is stuck; wakes the thread that blocks on
 * it. */
void bide__task_stuck(struct bide_runtime *rt);

/* Owner: asks to cancel. `how` is of BIDE__ASK_...: true means with force. */
void bide__task_cancel(struct bide__worker *worker, struct bide__task *task, unsigned how);

/* The handle is gone, and the result with it: dropped, unless the task has not ended. Owner; with
 * MULTI, any thread. */
void bide__task_discard(struct bide__worker *worker, struct bide__task *task);

/* The same when the result was taken. */
void bide__task_let_go(struct bide__worker *worker, struct bide__task *task);

/* ---- who waits for the end ---- */

/* In the frame of a join, or of a get or drop of a future: its place in the ring. */
struct bide__joiner {
    struct bide__joiner *next, *previous; /* next NULL: not in the ring */
    struct bide__task *task;              /* with a reference; NULL: not waiting */
    bide_waker waker;
};

/* A join without a task that waits. */
struct bide__watch {
    struct bide_wakeable wake;
    struct bide__joiner joiner;
    struct bide__watch *next;                 /* for whoever was called */
    void (*ended)(struct bide__watch *watch); /* set by the user */
};

/*
 * Owner: takes over the handle of the task. When the task ends, `ended` is called, inside its last
 * poll. After that poll, bide__watch_end copies the result, lets go of the task, and returns 0 or
 * why there is no result. Until then the watch stays where it is.
 */
void bide__watch_begin(struct bide__watch *watch, struct bide__task *task);
int bide__watch_end(struct bide__worker *worker, struct bide__watch *watch, void *result);

/* ---- task sets (set.c): <bide/set.h> ---- */

struct bide__task_set;
struct bide_task_end;

enum { BIDE__SET_WAITS = INT_MAX };

/* Owner: returns 1 and the result of the child that ended first of those that were not told, 0 if
 * there is no child, or a negative errno; or BIDE__SET_WAITS: none has ended. `leaf` is then woken
 * by cx->waker, which is borrowed, until it leaves. cx NULL: nobody waits. */
int bide__set_next(struct bide__task_set *set, struct bide_cx *cx, const void *leaf, void *out,
                   struct bide_task_end *end);
/* True: it did wait. */
bool bide__set_leave(struct bide__task_set *set, const void *leaf);

/* Owner: asks a child to cancel, by its number; its end was not told. */
void bide__set_abort_child(struct bide__task_set *set, uint64_t id);

/* bide__task_set_spawn; but if it returns 0, the caller releases the arguments. */
uint64_t bide__set_spawn(struct bide__task_set *set, const struct bide_fn *fn, const void *args);

/* Owner: a child that cannot be made for this reason. */
void bide__set_refuse(struct bide__task_set *set, int error);

/* bide__task_set_detach_all in two steps. The second one drops the results of what has ended, and
 * so may call the program: the caller has no lock. */
struct bide__task *bide__set_detach_all(struct bide__task_set *set);
void bide__set_discard_all(struct bide__task *ended);

/* Owner: asks all children to cancel, and drops what has ended. Then, until it says true, which
 * frees the set: have all children ended? If not, the waker is woken when they have. */
void bide__set_close(struct bide__task_set *set, bool force);
bool bide__set_is_gone(struct bide__task_set *set, bide_waker waker);

/* ---- names (local.c) ---- */

enum { BIDE__TASK_NAME_MAX = 63, BIDE__TASK_LABEL = BIDE__TASK_NAME_MAX + 4 };

/* Any thread, in a signal handler too: a blank and the name of the task in quotes, or "" if it has
 * none. The task is only known by its address; it may be gone. Returns `label`. */
const char *bide__task_label(const struct bide__hub *hub, const void *task,
                             char label[BIDE__TASK_LABEL]);

/* A worker of a multi_thread runtime, about to poll the task, which has values: others may want to
 * know its name while the poll lasts. NULL: it has none. */
static inline void bide__task_note_named(struct bide__worker *worker, const struct bide__task *task)
{
    worker->has_named = task != NULL;
    atomic_store_explicit(&worker->named, task, memory_order_relaxed);
}

/* The worker that polls it, or is about to or just has: its name or NULL, until it changes that. */
const char *bide__task_name(const struct bide__task *task);

/*
 * The one task that this thread makes between the two gets the name, if there is memory for it;
 * NULL or "": none. What is too long is cut off, and control characters become question marks.
 */
void bide__name_begin(const char *name);
void bide__name_end(void);

/* Owner, which is none of the thread's workers that bide__name_begin has found: the next task that
 * it makes may have a name. */
void bide__name_expect(struct bide__worker *worker);

/* ---- flocks (flock.c): futures in a set, which one leaf polls; for dumps ---- */

struct bide__flock {
    struct bide__flock *next, *previous; /* of the same hub */
    struct bide__hub *hub;               /* NULL: it is in no list */
    const struct bide_frame *leaf;       /* that polls them; NULL: nobody does */
    /* Calls f for each of its futures that has not ended, in their order. `state`: what it does,
     * " waits" for example. `chain`: of one that has begun; NULL: fn has not. */
    void (*each)(const struct bide__flock *flock,
                 void (*f)(void *argument, uint64_t id, const char *state,
                           const struct bide_chain *chain, const struct bide_fn *fn),
                 void *argument);
};

/* Any thread that runs tasks. Outside of tasks it is not listed. */
void bide__flock_add(struct bide__flock *flock);
void bide__flock_remove(struct bide__flock *flock);

/* While the tasks stand: the next flock of the runtime after `flock`, NULL: the first. NULL: there
 * is no more. */
const struct bide__flock *bide__flock_next(const struct bide_runtime *rt,
                                           const struct bide__flock *flock);

/* ---- futures ---- */

/* Owner; or while the workers stand, with the mutex of the hub: turns the futures that are
 * suspended and that nobody drives into tasks, with a request to cancel. Their handles stay. */
void bide__futures_close(struct bide__worker *worker);

/*
 * claim.c: for a console, which looks at tasks while other threads poll them. On a multi_thread
 * runtime, any thread that knows that the block is in use: if the task only waits, nobody polls it
 * until it is given back; `worker` is this thread's, or NULL. And of a future: does nobody poll it,
 * and has it begun? That is as it was a moment ago: no lock is taken, since whoever unlocks a
 * future may have to free it.
 */
bool bide__task_claim(struct bide__task *task);
void bide__task_unclaim(struct bide__worker *worker, struct bide__task *task);
bool bide__future_is_unpolled(const struct bide__task *future, bool *has_begun);

/* For a console (join.c): the task for whose end the leaf waits; NULL: it is no such leaf, or does
 * not wait. Nobody polls the leaf. */
const struct bide__task *bide__join_of(const struct bide_frame *leaf);

/* For dumps (future_await.c): the chain that the leaf `frame` drives, or NULL. */
const struct bide_chain *bide__future_chain(const struct bide_frame *frame);

static inline bool bide__future_has_begun(const struct bide__task *future)
{
    return !(future->chain.flags & BIDE_CHAIN_RUN);
}

/* ---- results and handles ---- */

/* memcpy for what is mostly an int or a word, and then without a call. */
static inline void bide__copy(void *to, const void *from, size_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size > 0)
        memcpy(to, from, size);
}

/* Copies the result of a task that has ended with one. It then is the caller's. */
static inline void bide__copy_result(void *out, const struct bide__task *task)
{
    bide__copy(out, task->end.result, task->end.fn->result_size);
}

/* Why there is no task; 0: the handle is that of a task, or NULL. */
static inline int bide__handle_error(const void *handle)
{
    return (uintptr_t)handle & 1 ? -(int)((uintptr_t)handle >> 1) : 0;
}

/* The handle of a task that could not be made. */
static inline void *bide__handle_failed(int error)
{
    return (void *)((uintptr_t)(-error) << 1 | 1);
}

#endif
