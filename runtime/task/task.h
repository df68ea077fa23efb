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
 *          child     behind that, if it is the child of a scope
 *
 * A root frame that is aligned to more than 8 is at +96, and a pointer to its descriptor at +72, as
 * in every frame.
 *
 * A future (bide_future(T), future.c) is such a block too.
 *
 * A handle (bide_task(T)) is the task's address. The handle of a task that could not be made is an
 * odd number that holds the negative errno, so that reporting the failure needs no memory.
 *
 * The state is one atomic word:
 *
 *   SCHEDULED  it is in a run queue; with RUNNING: it goes there after this poll
 *   RUNNING    it is being polled
 *   DONE       it has ended; result and error are there. Final
 *   CANCEL     a request to cancel that was not yet passed on to the chain
 *   FORCE      the request is meant for shielded leaves too
 *   HANDLE     somebody owns its handle
 *   SHARED     wakers were cloned: other threads may change the word at any time
 *   FUTURE     it is a future: it does not run by itself, and is in a queue only to pass on a wake
 *              from another thread
 *   the rest   a count of references: one of the executor until DONE (of a future: from its first
 *              poll on), one of each cloned waker and one of each waiting join. The block is freed
 *              when the count is 0 and HANDLE is clear
 *
 * A task is in at most one queue: whoever sets SCHEDULED while it is neither RUNNING nor DONE puts
 * it there, by bide__schedule. What was written before a wake is seen by the poll that follows it.
 *
 * *The owner* is the thread that runs the task's worker. A waker reaches other threads only by
 * being cloned, and the owner makes the first clone, from the borrowed waker that a poll is given.
 * So while SHARED is clear nobody else writes the word, and the owner's transitions are a load and
 * a store. SHARED is cleared at a poll that finds all clones gone.
 *
 * Functions with `_remote` are for other threads; they are always atomic read-modify-writes. Apart
 * from wakers, an abort and a release, which other threads hand over through the hub, a task is its
 * owner's alone.
 */
#ifndef BIDE_RUNTIME_TASK_H
#define BIDE_RUNTIME_TASK_H

#include "core/assert.h"
#include "runtime/memory/memory.h"
#include "runtime/thread.h"

#include <stdatomic.h>

struct bide__joiner;
struct bide__driver;

/* ---- the state: no other code touches `wake.state` after bide__state_init ---- */

enum {
    BIDE__SCHEDULED = 1,
    BIDE__RUNNING = 2,
    BIDE__DONE = 4,
    BIDE__CANCEL = 8,
    BIDE__FORCE = 16,
    BIDE__HANDLE = 32,
    BIDE__SHARED = 64,
    BIDE__FUTURE = 128,
    BIDE__REF = 256,
};

typedef _Atomic uintptr_t bide__state;

/* A new task: in a queue, referred to by the executor and by its handle. */
static inline void bide__state_init(bide__state *state)
{
    atomic_init(state, (uintptr_t)(BIDE__SCHEDULED | BIDE__HANDLE | BIDE__REF));
}

/* A new future: nobody but its handle refers to it. */
static inline void bide__state_init_future(bide__state *state)
{
    atomic_init(state, (uintptr_t)(BIDE__HANDLE | BIDE__FUTURE));
}

/* Owner: clears and sets bits and adds to the count; returns the word as it was. */
static inline uintptr_t bide__state_change(bide__state *state, uintptr_t clear, uintptr_t set,
                                           uintptr_t add)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    if (__builtin_expect(!(s & BIDE__SHARED), 1)) {
        atomic_store_explicit(state, ((s & ~clear) | set) + add, memory_order_release);
        return s;
    }
    while (!atomic_compare_exchange_weak_explicit(state, &s, ((s & ~clear) | set) + add,
                                                  memory_order_acq_rel, memory_order_relaxed))
        ;
    return s;
}

static inline bool bide__state_unreferenced(uintptr_t s)
{
    return s < BIDE__REF && !(s & BIDE__HANDLE);
}

/* The word before a transition that anybody who refers to the task may make. */
#define BIDE__ASSERT_ALIVE(s, transition) \
    BIDE__ASSERT(!bide__state_unreferenced(s), transition ": nobody refers to it, it was freed")

/* The life of a task. */

/* Owner: the task was taken from the queue and is polled now. Returns the requests to pass on, and
 * FUTURE if it is one. */
static inline uintptr_t bide__state_begin(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);
    uintptr_t clear = BIDE__SCHEDULED | BIDE__CANCEL | BIDE__FORCE;
    if (__builtin_expect(s & BIDE__SHARED, 0) && s < 2 * BIDE__REF) {
        /* No clone is left, and a clone's drop is the last thing that its thread did here. */
        atomic_store_explicit(state, s & ~(uintptr_t)BIDE__SHARED, memory_order_relaxed);
    }
    s = bide__state_change(state, clear, BIDE__RUNNING, 0);
    BIDE__ASSERT_ALIVE(s, "task: begin");
    BIDE__ASSERT(s & BIDE__SCHEDULED, "task: begin: it is in no queue");
    BIDE__ASSERT(!(s & BIDE__RUNNING), "task: begin: it runs already");
    BIDE__ASSERT(!(s & BIDE__DONE) || s & BIDE__FUTURE, "task: begin: it has ended");
    return s & (BIDE__CANCEL | BIDE__FORCE | BIDE__FUTURE);
}

/* Owner: the poll returned BIDE_PENDING. True: it was woken meanwhile, put it into the queue. */
static inline bool bide__state_suspend(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__RUNNING, 0, 0);
    BIDE__ASSERT(s & BIDE__RUNNING, "task: suspend: it does not run");
    BIDE__ASSERT(!(s & BIDE__DONE) || s & BIDE__FUTURE, "task: suspend: it has ended");
    return s & BIDE__SCHEDULED;
}

/* Owner: the poll returned BIDE_READY. True: nobody refers to the task, free it. False: another
 * thread may have freed it already. */
static inline bool bide__state_finish(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__RUNNING, BIDE__DONE, -(uintptr_t)BIDE__REF);
    BIDE__ASSERT(s & BIDE__RUNNING, "task: finish: it does not run");
    BIDE__ASSERT(!(s & (BIDE__DONE | BIDE__FUTURE)), "task: finish: it has ended, or is a future");
    BIDE__ASSERT(s >= BIDE__REF, "task: finish: the executor has no reference");
    return bide__state_unreferenced(s - BIDE__REF);
}

/* Owner. True: put it into the queue. */
static inline bool bide__state_wake(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED, 0);
    BIDE__ASSERT_ALIVE(s, "task: wake");
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

static inline bool bide__state_wake_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_or_explicit(state, BIDE__SCHEDULED, memory_order_acq_rel);
    BIDE__ASSERT_ALIVE(s, "task: wake on another thread");
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Owner: asks to cancel, with `force` also below shields. True: put it into the queue. */
static inline bool bide__state_cancel(bide__state *state, bool force)
{
    uintptr_t ask = BIDE__CANCEL | (force ? BIDE__FORCE : 0);
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED | ask, 0);
    BIDE__ASSERT_ALIVE(s, "task: cancel");
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Any thread. */
static inline bool bide__state_done(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_acquire) & BIDE__DONE;
}

/* Futures. */

static inline bool bide__state_is_future(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__FUTURE;
}

static inline bool bide__state_has_handle(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__HANDLE;
}

/* Owner: the future becomes a task like others. */
static inline void bide__state_detach(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__FUTURE, 0, 0);
    BIDE__ASSERT(s & BIDE__FUTURE, "future: detach: it is a task already");
    BIDE__ASSERT(!(s & (BIDE__DONE | BIDE__RUNNING)), "future: detach: it has ended, or runs");
    BIDE__ASSERT(s >= BIDE__REF, "future: detach: the executor has no reference");
    (void)s;
}

/* Owner: the future has ended. True: it is in no queue, drop the executor's reference; else whoever
 * takes it from the queue does that. */
static inline bool bide__state_end(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, BIDE__DONE, 0);
    BIDE__ASSERT(s & BIDE__FUTURE, "future: end: it is a task");
    BIDE__ASSERT(!(s & (BIDE__DONE | BIDE__RUNNING)), "future: end: it has ended, or runs");
    return !(s & BIDE__SCHEDULED);
}

/* References. */

/* Owner: one more, which no other thread will see. */
static inline void bide__state_ref(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, 0, BIDE__REF);
    BIDE__ASSERT_ALIVE(s, "task: refer");
    (void)s;
}

/* Owner: one more, for a waker that may go to another thread. */
static inline void bide__state_clone(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, BIDE__SHARED, BIDE__REF);
    BIDE__ASSERT_ALIVE(s, "task: clone a waker");
    (void)s;
}

static inline void bide__state_clone_remote(bide__state *state)
{
    atomic_fetch_add_explicit(state, BIDE__REF, memory_order_relaxed);
}

/* Owner. True: that was the last reference, free the task. */
static inline bool bide__state_unref(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, 0, -(uintptr_t)BIDE__REF);
    BIDE__ASSERT(s >= BIDE__REF, "task: drop a reference: it has none");
    return bide__state_unreferenced(s - BIDE__REF);
}

static inline bool bide__state_unref_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_sub_explicit(state, BIDE__REF, memory_order_acq_rel);
    BIDE__ASSERT(s >= BIDE__REF, "task: drop a reference on another thread: it has none");
    return bide__state_unreferenced(s - BIDE__REF);
}

/* Owner: the handle is gone. True: free the task. */
static inline bool bide__state_release(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__HANDLE, 0, 0);
    BIDE__ASSERT(s & BIDE__HANDLE, "task: release: it has no handle");
    return s < BIDE__REF;
}

static inline bool bide__state_release_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_and_explicit(state, ~(uintptr_t)BIDE__HANDLE, memory_order_acq_rel);
    BIDE__ASSERT(s & BIDE__HANDLE, "task: release on another thread: it has no handle");
    return s < BIDE__REF;
}

/* ---- the block ---- */

/* What the child of a scope has in addition. Its task's `waiters` then points here, one byte
 * further, and the ring of joins hangs here. scope.c says who may touch the rest. */
struct bide__child {
    struct bide__joiner *waiters;
    struct bide__scope *scope;
    struct bide__task *next, *previous; /* in the ring of the scope */
};

struct bide__task {
    struct bide_wakeable wake;
    union {
        struct bide_chain chain;
        struct {
            const struct bide_fn *fn;
            const void *result;
            uint64_t value; /* the result, if it has no other place */
            int error;      /* 0, or why there is no result */
        } end;              /* once it is DONE */
    };
    struct bide__joiner *waiters; /* a ring, at its oldest. Or the child, see above */
    char room[];
};
_Static_assert(offsetof(struct bide__task, room) == 72, "the head of a task has grown");

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

/* In the frame of a join, or of a get or drop of a future: its place in the ring. */
struct bide__joiner {
    struct bide__joiner *next, *previous; /* next NULL: not in the ring */
    struct bide__task *task;              /* with a reference; NULL: not waiting */
    bide_waker waker;
};

/* ---- the hub: what other threads may touch of a runtime ---- */

/*
 * Wakes, dropped wakers, aborts, released handles and messages (struct bide__post) from other
 * threads come together in the hub, under one mutex, and the owner takes them over between two
 * tasks. If the owner sleeps in the driver it is woken, once for each sleep.
 *
 * The hub owns the memory of the tasks. It outlives its runtime while anything refers to a task: a
 * handle, or a waker on another thread. It is then *closed*: its tasks have all ended, and the last
 * reference to go frees it.
 *
 * An abort from another thread must not write the task's state (see SHARED above) and has no node
 * to queue. So it sets the bit of the task's block in the chunk, and the owner then looks at the
 * bits of all chunks. The same holds for a handle that is released on another thread.
 */
struct bide__hub {
    pthread_mutex_t mutex;
    _Atomic bool pending; /* there is something to take over; written under the mutex */

    /* Under the mutex. */
    struct bide__queue woken;
    struct bide__task *dead;               /* to be freed */
    struct bide__post *posts, **posts_end; /* messages, in their order */
    bool asked;                            /* a chunk is marked */
    bool sleeping;                         /* the owner is, or is about to be, in the driver */
    bool closed;                           /* there is no owner any more */
    void (*wake)(struct bide__driver *driver);
    struct bide__driver *driver;

    /* The owner's; once closed, under the mutex. */
    struct bide__slab tasks;
    size_t blocks;            /* of tasks in use */
    struct bide__task *fresh; /* futures to be dropped that never began, linked by wake.next */
    struct bide__post *due, **due_end; /* messages taken over, to be read between two polls */
};

/* `wake` makes the owner return from the driver; any thread calls it. 0 or -ENOMEM. */
int bide__hub_new(struct bide__hub **out, struct bide__driver *driver,
                  void (*wake)(struct bide__driver *driver));

/* The owner leaves: all tasks are DONE. Frees the hub, now or with the last reference. */
void bide__hub_close(struct bide__hub *hub);

/* Owner: takes over what other threads have left; may be called anywhere. And reads the messages;
 * only between two polls. */
void bide__hub_take(struct bide__hub *hub, struct bide__worker *worker);
void bide__hub_read(struct bide__hub *hub);

/* Owner, before it waits in the driver. False: there is something to take over. True: from now on
 * the driver is woken for it. */
bool bide__hub_sleep(struct bide__hub *hub);
void bide__hub_awake(struct bide__hub *hub);

/* Other threads. */
void bide__hub_notify(struct bide__hub *hub); /* makes the owner look at everything once more */
void bide__hub_schedule(struct bide__task *task);
void bide__hub_unref(struct bide__task *task);
void bide__hub_abort(struct bide__task *task);
void bide__hub_release(struct bide__task *task);

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

static inline struct bide__task *bide__queue_pop(struct bide__queue *q)
{
    struct bide__task *task = q->first;
    if (task != NULL) {
        q->first = task->wake.next;
        if (q->first != NULL) {
            /* With many tasks the next one has left the cache. */
            __builtin_prefetch(q->first);
            __builtin_prefetch(&q->first->waiters);
        } else {
            q->last = NULL;
        }
    }
    return task;
}

/*
 * Puts a task where its worker will find it: the one way into a run queue, for a spawn and for
 * every wake. The caller has made the transition that asks for it. `worker` is the task's worker if
 * this thread owns it, else NULL.
 */
static inline void bide__schedule(struct bide__worker *worker, struct bide__task *task)
{
    if (__builtin_expect(worker != NULL, 1))
        bide__queue_push(&worker->queue, task);
    else
        bide__hub_schedule(task);
}

/* ---- the life of a task ---- */

/* Runs a task that was taken out of the run queue, until it suspends or ends. */
void bide__task_run(struct bide__worker *worker, struct bide__task *task);

/* Makes a task and queues it. `scope`: the scope whose child it will be, or NULL. NULL: *error says
 * why, -ENOMEM for want of memory. */
struct bide__task *bide__task_new(struct bide__worker *worker, struct bide__scope *scope,
                                  const struct bide_fn *fn, const void *args, int *error);

/* Makes a future, which has not begun and is in no queue. */
struct bide__task *bide__future_new(struct bide__worker *worker, const struct bide_fn *fn,
                                    const void *args, int *error);

/* For a call that cannot be made, or a future that never began: drops the owners among its
 * arguments. */
static inline void bide__args_release(const struct bide_fn *fn, const void *args)
{
    if (__builtin_expect(fn->release != NULL, 0))
        fn->release(args);
}

/* Owner: gives the block back; nobody refers to the task any more. */
void bide__task_free(struct bide__task *task);

/* Owner: asks to cancel, with `force` below shields too. */
void bide__task_cancel(struct bide__worker *worker, struct bide__task *task, bool force);

/* Owner: the handle is gone. */
void bide__task_let_go(struct bide__worker *worker, struct bide__task *task);

/* Parts of the vtables. */
void bide__waker_clone(struct bide_wakeable *w);
void bide__waker_drop(struct bide_wakeable *w);

/* ---- future.c ---- */

/* Owner: the handle is gone. */
void bide__future_let_go(struct bide__worker *worker, struct bide__task *future);

/* It has not begun. For whoever has the handle. */
bool bide__future_is_fresh(const struct bide__task *future);

/* If it has not begun: drops what its arguments own, which may be futures and tasks of the same
 * hub. */
void bide__future_drop_args(const struct bide__task *future);

/* Owner: it was taken out of the run queue, where a wake from another thread had put it. */
void bide__future_woken(struct bide__worker *worker, struct bide__task *future);

/* Owner: turns the futures that are suspended and that nobody drives into tasks, with a request to
 * cancel. Their handles stay. */
void bide__futures_close(struct bide__worker *worker);

/* For dumps (future_await.c): the chain that the leaf `frame` drives, or NULL. */
const struct bide_chain *bide__future_chain(const struct bide_frame *frame);

static inline bool bide__future_has_begun(const struct bide__task *future)
{
    return !(future->chain.flags & BIDE_CHAIN_RUN);
}

/* ---- joins ---- */

void bide__joiner_add(struct bide__task *task, struct bide__joiner *w, bide_waker waker);
void bide__joiner_remove(struct bide__joiner *w);

/* The task has ended. The joiners stay in the ring until they have seen it. */
void bide__joiners_wake(struct bide__task *task);

extern const struct bide_waker_vtable bide__task_vtable, bide__future_vtable;

static inline struct bide__hub *bide__task_hub(const struct bide__task *task)
{
    return bide__chunk_of(task)->hub;
}

/* NULL: the task is not the child of a scope. */
static inline struct bide__child *bide__task_child(const struct bide__task *task)
{
    uintptr_t waiters = (uintptr_t)task->waiters;
    return waiters & 1 ? (struct bide__child *)(waiters - 1) : NULL;
}

static inline struct bide__joiner **bide__task_waiters(struct bide__task *task)
{
    struct bide__child *child = bide__task_child(task);
    return child != NULL ? &child->waiters : &task->waiters;
}

/* ---- scope.c: a child was made; a child has ended, its `end` is there ---- */

void bide__scope_add(struct bide__scope *scope, struct bide__task *task);
void bide__scope_child_ended(struct bide__task *task);

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

/* Copies the result of a task that has ended with one. */
static inline void bide__copy_result(void *out, const struct bide__task *task)
{
    bide__copy(out, task->end.result, task->end.fn->result_size);
}

/* The handle of a task that could not be made. */
static inline void *bide__handle_failed(int error)
{
    return (void *)((uintptr_t)(-error) << 1 | 1);
}

static inline int bide__handle_error(const void *handle)
{
    return (uintptr_t)handle & 1 ? -(int)((uintptr_t)handle >> 1) : 0;
}

#endif
