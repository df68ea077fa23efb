/*
 * inside.h: what only the files of task/ share: the transitions of a task's state, the rings of
 * joins and children, and the states of a future.
 *
 * The state is one atomic word:
 *
 *   SCHEDULED  it is in a run queue; with RUNNING: it goes there after this poll
 *   RUNNING    it is being polled; or with MULTI it is in a queue, to be polled again
 *   DONE       it has ended; result and error are there. Final
 *   CANCEL     a request to cancel that was not yet passed on to the chain
 *   FORCE      the request is meant for shielded leaves too
 *   HANDLE     somebody owns its handle
 *   SHARED     wakers were cloned: other threads may change the word at any time
 *   FUTURE     it is a future: it does not run by itself, and is in a queue only to pass on a wake
 *              from another thread
 *   LOCK       multi: somebody reads or writes the ring of joins; held for a moment only
 *   WAITED     multi: something was in the ring
 *   PINNED     multi: it is polled by the worker that made it alone
 *   MULTI      it is on a multi_thread runtime. Never changes
 *   LOW        it has low priority
 *   OWNER_ASKED, RUNTIME_ASKED   who has asked it to cancel: its scope or set, a shutdown. They
 *              stay, to tell why it ended
 *   LOCALS     it has values of its own (local.c)
 *   the rest   a count of references: one of the executor until DONE (of a future: from its first
 *              poll on), one of each cloned waker and one of each waiting join. The block is freed
 *              when the count is 0 and HANDLE and LOCK are
 *              clear
 *
 * With MULTI a yield costs no locked instruction: the task stays RUNNING while it is in the queue,
 * and the poll that follows only clears what others have set meanwhile.
 *
 * A task is in at most one queue: whoever sets SCHEDULED while it is neither RUNNING nor DONE puts
 * it there, by bide__schedule. What was written before a wake is seen by the poll that follows it.
 *
 * A waker reaches other threads only by being cloned, and the owner makes the first clone, from the
 * borrowed waker that a poll is given. So while SHARED is clear nobody else writes the word, and
 * the owner's transitions are a load and a store; so they are while the process has one thread.
 * SHARED is cleared at a poll that finds all clones gone.
 *
 * With MULTI, "owner" in this file means any thread, and every change is an atomic
 * read-modify-write. The end of a task is then two steps, with the joins woken between them under
 * LOCK, so that a join either is in the ring in time or sees DONE.
 *
 * Functions with `_remote` are for other threads, and for all threads with MULTI; they are always
 * atomic read-modify-writes.
 */
#ifndef BIDE_RUNTIME_TASK_INSIDE_H
#define BIDE_RUNTIME_TASK_INSIDE_H

#include "runtime/task/task.h"

#include "core/assert.h"

#include <bide/abi.h>
#include <bide/runtime.h>
#include <bide/task.h>

/* ---- the state: no other code touches `wake.state` after bide__state_init ---- */

/* A new task: in a queue, referred to by the executor and by its handle. */
static inline void bide__state_init(bide__state *state, uintptr_t flags)
{
    atomic_init(state, flags | BIDE__SCHEDULED | BIDE__HANDLE | BIDE__REF);
}

/* The same, but it is polled at once, before it was in a queue. */
static inline void bide__state_init_running(bide__state *state)
{
    atomic_init(state, (uintptr_t)(BIDE__RUNNING | BIDE__HANDLE | BIDE__REF));
}

/* Owner, after that first poll: nothing has happened to it. Nobody but the executor and the owner
 * of the handle knows of it. */
static inline bool bide__state_is_alone(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) ==
           (BIDE__RUNNING | BIDE__HANDLE | BIDE__REF);
}

/* A new future: nobody but its handle refers to it. */
static inline void bide__state_init_future(bide__state *state, uintptr_t flags)
{
    atomic_init(state, flags | BIDE__HANDLE | BIDE__FUTURE);
}

/* Owner: clears and sets bits and adds to the count; returns the word as it was. */
static inline uintptr_t bide__state_change(bide__state *state, uintptr_t clear, uintptr_t set,
                                           uintptr_t add)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    if (__builtin_expect(!(s & (BIDE__SHARED | BIDE__MULTI)), 1) || bide__thread_is_alone()) {
        atomic_store_explicit(state, ((s & ~clear) | set) + add, memory_order_release);
        return s;
    }
    /* All are constants, and so is which of these it is. */
    if (set == 0 && add == 0)
        return atomic_fetch_and_explicit(state, ~clear, memory_order_acq_rel);
    if (clear == 0 && add == 0)
        return atomic_fetch_or_explicit(state, set, memory_order_acq_rel);
    if (clear == 0 && set == 0)
        return atomic_fetch_add_explicit(state, add, memory_order_acq_rel);
    while (!atomic_compare_exchange_weak_explicit(state, &s, ((s & ~clear) | set) + add,
                                                  memory_order_acq_rel, memory_order_relaxed))
        ;
    return s;
}

static inline bool bide__state_unreferenced(uintptr_t s)
{
    return s < BIDE__REF && !(s & (BIDE__HANDLE | BIDE__LOCK));
}

static inline bool bide__state_is_multi(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__MULTI;
}

/* For transitions that only a holder of a reference may make; s is the word before it. */
#define BIDE__ASSERT_ALIVE(s, transition) \
    BIDE__ASSERT(!bide__state_unreferenced(s), transition ": nobody refers to it, it was freed")

/* The life of a task. */

/* bide__state_begin where others write the word, which is `s`. */
static inline uintptr_t bide__state_begin_shared(bide__state *state, uintptr_t s)
{
    uintptr_t ask = BIDE__CANCEL | BIDE__FORCE;

    if (!(s & BIDE__MULTI)) {
        /* No clone is left, and a clone's drop is the last thing that its thread did here. */
        if (s < 2 * BIDE__REF)
            atomic_store_explicit(state, s & ~(uintptr_t)BIDE__SHARED, memory_order_relaxed);
        return bide__state_change(state, BIDE__SCHEDULED | ask, BIDE__RUNNING, 0);
    }
    if (s & BIDE__RUNNING) {
        /* It was requeued. What comes after this load is for the next poll. */
        if (__builtin_expect(s & (BIDE__SCHEDULED | ask), 0))
            s = atomic_fetch_and_explicit(state, ~(BIDE__SCHEDULED | ask), memory_order_acq_rel);
        return (s | BIDE__SCHEDULED) & ~(uintptr_t)BIDE__RUNNING;
    }
    s = atomic_fetch_add_explicit(state, (uintptr_t)BIDE__RUNNING - BIDE__SCHEDULED,
                                  memory_order_acq_rel);
    if (__builtin_expect(s & ask, 0))
        s |= atomic_fetch_and_explicit(state, ~ask, memory_order_acq_rel) & ask;
    return s;
}

/* Owner: the task was taken from the queue and is polled now. Returns the requests to pass on, and
 * FUTURE if it is one. */
static inline uintptr_t bide__state_begin(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);
    uintptr_t clear = BIDE__SCHEDULED | BIDE__CANCEL | BIDE__FORCE;
    if (__builtin_expect(s & (BIDE__SHARED | BIDE__MULTI), 0))
        s = bide__state_begin_shared(state, s);
    else
        atomic_store_explicit(state, (s & ~clear) | BIDE__RUNNING, memory_order_release);
    BIDE__ASSERT_ALIVE(s, "task: begin");
    BIDE__ASSERT(s & BIDE__SCHEDULED, "task: begin: it is in no queue");
    BIDE__ASSERT(!(s & BIDE__RUNNING), "task: begin: it runs already");
    BIDE__ASSERT(!(s & BIDE__DONE) || s & BIDE__FUTURE, "task: begin: it has ended");
    return s & (BIDE__CANCEL | BIDE__FORCE | BIDE__FUTURE);
}

/* Owner, without MULTI: the same for a task of normal priority of which nothing was asked, and that
 * is no future. False: it is not such a task, or that is not known; nothing has changed. */
static inline bool bide__state_begin_plain(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);
    uintptr_t others = BIDE__CANCEL | BIDE__FORCE | BIDE__FUTURE | BIDE__LOW | BIDE__MULTI;
    if (__builtin_expect(s & (others | BIDE__SHARED), 0)) {
        if (s & others || (s >= 2 * BIDE__REF && !bide__thread_is_alone()))
            return false;
        if (s < 2 * BIDE__REF)
            s &= ~(uintptr_t)BIDE__SHARED; /* see bide__state_begin_shared */
    }
    BIDE__ASSERT_ALIVE(s, "task: begin");
    BIDE__ASSERT(s & BIDE__SCHEDULED, "task: begin: it is in no queue");
    BIDE__ASSERT(!(s & BIDE__RUNNING), "task: begin: it runs already");
    BIDE__ASSERT(!(s & BIDE__DONE), "task: begin: it has ended");
    atomic_store_explicit(state, s ^ (BIDE__SCHEDULED | BIDE__RUNNING), memory_order_release);
    return true;
}

/* Owner: the poll returned BIDE_PENDING. True: it was woken meanwhile, put it into the queue. */
static inline bool bide__state_suspend(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__RUNNING, 0, 0);
    BIDE__ASSERT(s & BIDE__RUNNING, "task: suspend: it does not run");
    BIDE__ASSERT(!(s & BIDE__DONE) || s & BIDE__FUTURE, "task: suspend: it has ended");
    return s & BIDE__SCHEDULED;
}

/* Owner: the poll returned BIDE_PENDING, and a leaf asked for another one: put it into the queue.
 */
static inline void bide__state_requeue(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    if (__builtin_expect(!(s & (BIDE__SHARED | BIDE__MULTI)), 1))
        atomic_store_explicit(state, (s & ~(uintptr_t)BIDE__RUNNING) | BIDE__SCHEDULED,
                              memory_order_release);
    else if (!(s & BIDE__MULTI))
        s = bide__state_change(state, BIDE__RUNNING, BIDE__SCHEDULED, 0);
    /* Else it stays RUNNING: a wake from now on is one for a task that runs. It leaves SCHEDULED,
     * for the poll to come or for the one after that. */
    BIDE__ASSERT(s & BIDE__RUNNING, "task: requeue: it does not run");
    BIDE__ASSERT(!(s & (BIDE__DONE | BIDE__FUTURE)), "task: requeue: it has ended, or is a future");
    (void)s;
}

/*
 * Any thread, with MULTI: if it is a task that only waits, nobody polls it until
 * bide__state_suspend. Then the caller may look at its chain. A wake meanwhile is one of a task
 * that runs: suspend tells it.
 */
static inline bool bide__state_claim(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    do
        if (s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE | BIDE__FUTURE))
            return false;
    while (!atomic_compare_exchange_weak_explicit(state, &s, s | BIDE__RUNNING,
                                                  memory_order_acq_rel, memory_order_relaxed));
    return true;
}

/* Owner, without MULTI: the poll returned BIDE_READY. True: nobody refers to the task, free it.
 * False: another thread may have freed it already. */
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

/* The same, and a reference is dropped. *last: that was the last one, free the task. */
static inline bool bide__state_wake_unref(bide__state *state, bool *last)
{
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED, -(uintptr_t)BIDE__REF);
    BIDE__ASSERT(s >= BIDE__REF, "task: wake: it has no reference");
    *last = bide__state_unreferenced(s - BIDE__REF);
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

static inline bool bide__state_wake_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_or_explicit(state, BIDE__SCHEDULED, memory_order_acq_rel);
    BIDE__ASSERT_ALIVE(s, "task: wake on another thread");
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Owner: asks to cancel. True: put it into the queue. */
static inline bool bide__state_cancel(bide__state *state, unsigned how)
{
    uintptr_t ask = BIDE__CANCEL;

    ask |= how & BIDE__ASK_FORCE ? BIDE__FORCE : 0;
    ask |= how & BIDE__ASK_OWNER ? BIDE__OWNER_ASKED : 0;
    ask |= how & BIDE__ASK_RUNTIME ? BIDE__RUNTIME_ASKED : 0;
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED | ask, 0);
    BIDE__ASSERT_ALIVE(s, "task: cancel");
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Futures. */

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

/* Owner: it has values, or none any more. */
static inline void bide__state_set_locals(bide__state *state, bool has)
{
    if (has)
        bide__state_change(state, 0, BIDE__LOCALS, 0);
    else
        bide__state_change(state, BIDE__LOCALS, 0, 0);
}

static inline bool bide__state_has_locals(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__LOCALS;
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

/* One more, unless the last one is gone, so that the block goes back. */
static inline bool bide__state_ref_if_any(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    do
        if (bide__state_unreferenced(s))
            return false;
    while (!atomic_compare_exchange_weak_explicit(state, &s, s + BIDE__REF, memory_order_relaxed,
                                                  memory_order_relaxed));
    return true;
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
    if (__builtin_expect(!(s & BIDE__HANDLE), 0))
        bide__misuse_handle();
    return bide__state_unreferenced(s & ~(uintptr_t)BIDE__HANDLE);
}

static inline bool bide__state_release_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_and_explicit(state, ~(uintptr_t)BIDE__HANDLE, memory_order_acq_rel);
    if (__builtin_expect(!(s & BIDE__HANDLE), 0))
        bide__misuse_handle();
    return bide__state_unreferenced(s & ~(uintptr_t)BIDE__HANDLE);
}

/* Owner, without MULTI: a reference is gone, and the handle, if `handle` is BIDE__HANDLE. True:
 * free the task. */
static inline bool bide__state_unref_handle(bide__state *state, uintptr_t handle)
{
    uintptr_t s = bide__state_change(state, handle, 0, -(uintptr_t)BIDE__REF);
    BIDE__ASSERT(s >= BIDE__REF, "task: drop a reference: it has none");
    BIDE__ASSERT((s & handle) == handle, "task: release: it has no handle");
    return bide__state_unreferenced((s & ~handle) - BIDE__REF);
}

/* The task has ended, and nobody will take its result: drops it, if it is an owner. For whoever saw
 * to it that the handle is gone, or holds it. */
void bide__result_release(struct bide__task *task);
static inline void bide__result_drop(struct bide__task *task)
{
    const struct bide_fn *fn = task->end.fn;
    if (__builtin_expect(fn != NULL && fn->release != NULL, 0))
        bide__result_release(task);
}

/* Owner: gives the block back; nobody refers to the task any more. */
void bide__task_free(struct bide__task *task);

/* ---- the lock; without MULTI it does nothing ---- */

void bide__state_lock_slow(bide__state *state);

static inline void bide__task_lock(struct bide__task *task)
{
    if (__builtin_expect(bide__state_is_multi(&task->wake.state), 0))
        bide__state_lock_slow(&task->wake.state);
}

/* `waited` 0 or BIDE__WAITED. Whoever holds the lock need not hold a reference: if the last one
 * went meanwhile, this frees the task. */
void bide__task_unlock_slow(struct bide__task *task, uintptr_t clear, uintptr_t set, uintptr_t add);

static inline void bide__task_unlock(struct bide__task *task, uintptr_t waited)
{
    if (__builtin_expect(bide__state_is_multi(&task->wake.state), 0))
        bide__task_unlock_slow(task, 0, waited, 0);
}

/* The same, with changes of the state in one step. */
static inline void bide__task_unlock_waiting(struct bide__task *task)
{
    if (__builtin_expect(bide__state_is_multi(&task->wake.state), 0))
        bide__task_unlock_slow(task, 0, BIDE__WAITED, BIDE__REF);
    else
        bide__state_ref(&task->wake.state);
}

/* `handle` 0 or BIDE__HANDLE, which is dropped with a reference. */
static inline void bide__task_unlock_unref(struct bide__task *task, uintptr_t handle)
{
    bide__state *state = &task->wake.state;
    if (__builtin_expect(bide__state_is_multi(state), 0))
        bide__task_unlock_slow(task, handle, 0, -(uintptr_t)BIDE__REF);
    else if (bide__state_unref_handle(state, handle))
        bide__task_free(task);
}

/* ---- the branches that were woken ---- */

/* While SHARED and MULTI are clear only the owner writes them too, and needs no locked
 * instruction. */
static inline bool bide__woken_is_shared(const struct bide__task *task)
{
    return atomic_load_explicit(&task->wake.state, memory_order_relaxed) &
           (BIDE__SHARED | BIDE__MULTI);
}

/* `owned`: on the owner's thread. */
static inline void bide__woken_add(struct bide__task *task, uint32_t branches, bool owned)
{
    if (owned && !bide__woken_is_shared(task))
        atomic_store_explicit(&task->wake.woken,
                              atomic_load_explicit(&task->wake.woken, memory_order_relaxed) |
                                  branches,
                              memory_order_relaxed);
    else
        atomic_fetch_or_explicit(&task->wake.woken, branches, memory_order_release);
}

/* Owner: the branches to poll. */
static inline uint32_t bide__woken_take(struct bide__task *task)
{
    uint32_t woken = atomic_load_explicit(&task->wake.woken, memory_order_relaxed);
    if (__builtin_expect(woken == 0, 1))
        return UINT32_MAX;
    if (bide__woken_is_shared(task))
        return atomic_exchange_explicit(&task->wake.woken, 0, memory_order_acquire);
    atomic_store_explicit(&task->wake.woken, 0, memory_order_relaxed);
    return woken;
}

/* ---- blocks and handles ---- */

static inline struct bide__hub *bide__task_hub(const struct bide__task *task)
{
    return bide__chunk_of(task)->hub;
}

/* hooks.c: before and after a poll that is watched. `ended`: the task has. */
void bide__hooks_begin(struct bide__worker *worker, const struct bide__task *task,
                       struct bide_task_info *info);
void bide__hooks_end(struct bide__worker *worker, const struct bide__task *task,
                     struct bide_task_info *info, bool ended);

/* Owner, before the handle goes: takes what other threads ask of the task. A pending abort would
 * hit the next user of the block. worker NULL: the hub is being closed, which takes all that is
 * asked, and no task is left that could be aborted. */
static inline void bide__task_take_marks(struct bide__worker *worker, struct bide__task *task)
{
    if (__builtin_expect(
            atomic_load_explicit(&bide__chunk_of(task)->marked, memory_order_relaxed) != 0, 0) &&
        worker != NULL)
        bide__hub_take(worker->hub, worker);
}

/* multi.c: bide__task_free and bide__task_discard with MULTI, on any thread. */
void bide__multi_task_free(struct bide__task *task, struct bide__slab *slab);
void bide__multi_task_discard(struct bide__task *task);

/* The size of the block for a task of fn, and where in it `align` is wanted. Any thread. */
size_t bide__task_size(const struct bide_fn *fn, size_t *align, size_t *offset);

/* Lays out a block of `size` bytes, and begins fn in it; the table and the state are still to be
 * set. False: `size` is too small for fn. */
bool bide__task_lay_out(struct bide__task *task, size_t size, struct bide__scope *scope,
                        const struct bide_fn *fn, const void *args, bool is_future);

/* ---- local.c: values of tasks ---- */

/* The task has ended: drops its values. */
void bide__locals_drop(struct bide__task *task);

/* The name of bide__name_begin, if there is one, for a task that nobody else can see yet. The hub
 * has its table already (may be called with the mutex), or gets it. */
void bide__name_give(struct bide__task *task);
void bide__name_need_table(struct bide__hub *hub);

/* The hub is being freed: no task has a value. */
void bide__locals_free(struct bide__hub *hub);

/* ---- outside.c: tasks that other threads have spawned ---- */

/* Owner, with the mutex: takes them over. worker NULL: the owner leaves, and there are none.
 * Returns how many there were; they are in the run queue, one after another from *first on. */
size_t bide__outside_take(struct bide__hub *hub, struct bide__worker *worker,
                          struct bide__task **first);

void bide__outside_each(struct bide__hub *hub, void (*f)(void *block, void *argument),
                        void *argument);

/* ---- the hub, for other threads ---- */

/* With the mutex: there is something for the owner to take over. Gives the mutex back before it
 * wakes the owner, who would else wait for this thread as soon as it runs. */
void bide__hub_notify_unlock(struct bide__hub *hub);

/* With the mutex: frees a block of a closed hub. True: the hub is to be freed too, by
 * bide__hub_free, without the mutex. */
bool bide__hub_free_closed(struct bide__hub *hub, struct bide__task *task);
void bide__hub_free(struct bide__hub *hub);

void bide__hub_unref(struct bide__task *task);
void bide__hub_abort(struct bide__task *task);
void bide__hub_release(struct bide__task *task);

/* ---- wakers ---- */

/* Parts of the tables of functions. */
void bide__waker_clone(struct bide_wakeable *w);
void bide__waker_drop(struct bide_wakeable *w);

extern const struct bide_waker_vtable bide__task_vtable, bide__future_vtable;

/* multi.c: those of a multi_thread runtime. */
extern const struct bide_waker_vtable bide__multi_task_vtable, bide__multi_future_vtable;

/* ---- joins ---- */

/* The additional data of a child of a scope. Its task's `waiters` then points here, plus one byte,
 * and the ring of joins begins here. scope.c says who may touch the rest. */
struct bide__child {
    struct bide__joiner *waiters;
    struct bide__scope *scope;
    struct bide__task *next, *previous; /* in the ring of the scope */
};

/* All with the lock of the task. To link is to add without a reference, which is the caller's to
 * take. */
void bide__joiner_link(struct bide__task *task, struct bide__joiner *w, bide_waker waker);
void bide__joiner_add(struct bide__task *task, struct bide__joiner *w, bide_waker waker);
void bide__joiner_remove(struct bide__joiner *w);

/* The task has ended. The joiners stay in the ring until they have seen it. */
void bide__joiners_wake(struct bide__task *task);

/* NULL: the task is not the child of a scope. */
static inline struct bide__child *bide__task_child(const struct bide__task *task)
{
    /* The end of a task looks here without the lock: joins may come and go at the same time. */
    uintptr_t waiters = (uintptr_t)__atomic_load_n(&task->waiters, __ATOMIC_RELAXED);
    return waiters & 1 ? (struct bide__child *)(waiters - 1) : NULL;
}

static inline struct bide__joiner **bide__task_waiters(struct bide__task *task)
{
    struct bide__child *child = bide__task_child(task);
    return child != NULL ? &child->waiters : &task->waiters;
}

/* ---- the fiber of a task; see fiber.h ---- */

#ifdef BIDE__FIBERS

/* Whoever made the task: it comes after that. */
static inline void bide__task_fiber_init(struct bide__task *task, const struct bide_fn *fn,
                                         bool has_fiber)
{
    task->fiber = has_fiber ? bide__fiber_new(fn->info != NULL ? fn->info->name : "?") : NULL;
    bide__fiber_release(&task->wake.state);
}

/* Returns the task's fiber. `frame`: of the caller. */
static inline __attribute__((always_inline)) void *bide__task_enter(struct bide__worker *worker,
                                                                    struct bide__task *task,
                                                                    void *frame)
{
    if (worker->home.fiber == NULL)
        return NULL;
    void *fiber = task->fiber;
    bide__fiber_enter(worker, fiber, frame);
    return fiber;
}

/* The worker is quiet from here to bide__task_left. */
static inline __attribute__((always_inline)) void bide__task_leave(struct bide__worker *worker,
                                                                   struct bide__task *task,
                                                                   void *fiber, bool ended)
{
    if (worker->home.fiber == NULL)
        return;
    if (ended)
        bide__fiber_release(worker->hub); /* bide_runtime_tasks */
    if (ended && bide__task_child(task) != NULL)
        bide__fiber_release(bide__task_child(task)->scope);
    if (ended || fiber == NULL)
        bide__fiber_release(&task->wake.state);
    bide__fiber_leave(worker);
    bide__quiet_begin(true);
    if (ended)
        bide__fiber_free(fiber);
}

static inline void bide__task_left(const struct bide__worker *worker)
{
    bide__quiet_end(worker->home.fiber != NULL);
}

/* What waits for the scope: it comes after all children. */
static inline void bide__scope_fibers_end(struct bide__scope *scope)
{
    bide__fiber_acquire(scope);
}

#else

#define bide__task_fiber_init(task, fn, has_fiber)   ((void)0)
#define bide__task_enter(worker, task, frame)        NULL
#define bide__task_leave(worker, task, fiber, ended) ((void)(fiber))
#define bide__task_left(worker)                      ((void)0)
#define bide__scope_fibers_end(scope)                ((void)0)

#endif

/* ---- the end of a task ---- */

/* multi.c: a task of a multi_thread runtime has ended; its `end` is there. */
void bide__multi_task_ended(struct bide__worker *worker, struct bide__task *task);

/* multi.c, with the lock of the future: passes a wake on to what drives it. */
void bide__multi_future_pass_on(struct bide__task *future);

/* ---- scope.c: a child was made; a child has ended, its `end` is there ---- */

void bide__scope_add(struct bide__worker *worker, struct bide__scope *scope,
                     struct bide__task *task);
void bide__scope_child_ended(struct bide__worker *worker, struct bide__task *task);

enum { BIDE__SCOPE_SET = 16 }; /* in `flags`: it is the beginning of a task set */

void bide__scope_lock(struct bide__scope *scope);
void bide__scope_unlock(struct bide__scope *scope);

/* All with the lock. A ring is named by its first child. */
void bide__child_link(void **ring, struct bide__task *task);
void bide__child_unlink(void **ring, struct bide__task *task);
void bide__scope_cancel_children(struct bide__worker *worker, struct bide__scope *scope,
                                 bool force);

/* set.c: the same for a child of a set. With the lock of the scope, which it gives back. */
void bide__set_child_ended(struct bide__worker *worker, struct bide__scope *scope,
                           struct bide__task *task);

/* Why a task has ended, which has, or why it was not made. */
bide_end_reason bide__end_reason(uintptr_t state, int error);

/* ---- futures: future.c has the table of states and events, future_await.c the leaves ---- */

/* Owner: the handle is gone. */
void bide__future_let_go(struct bide__worker *worker, struct bide__task *future);

/* True if it has not begun. Only the owner of the handle may ask. */
bool bide__future_is_fresh(const struct bide__task *future);

/* If it has not begun: its drop will not be reported. Only the owner of the handle may ask. */
void bide__future_forgive(void *handle);

/* If it has not begun: drops what its arguments own, which may be futures and tasks of the same
 * hub. */
void bide__future_drop_args(const struct bide__task *future);

/* Owner: it was taken out of the run queue, where a wake from another thread had put it. */
void bide__future_woken(struct bide__worker *worker, struct bide__task *future);

enum bide__future_state {
    BIDE__FRESH = 1,        /* has not begun */
    BIDE__DRIVEN,           /* suspended; a get drives it */
    BIDE__POLLED,           /* that get polls it now */
    BIDE__IDLE,             /* suspended; nobody drives it */
    BIDE__DROPPED,          /* suspended, without a handle, asked to cancel; a get drives it */
    BIDE__DROPPED_POLLED,   /* that get polls it now */
    BIDE__UNWINDING,        /* suspended, without a handle, asked to cancel; a drop drives it */
    BIDE__UNWINDING_POLLED, /* that drop polls it now */
    BIDE__CLOSED,           /* shutdown made a task of it, asked to cancel; it has a handle */
    BIDE__DETACHED,         /* a task, asked to cancel, without a handle */
    BIDE__ENDED,            /* has a value, or the reason why there is none, and a handle */
    BIDE__TAKEN,            /* the value was taken; it still has a handle, elsewhere */
    BIDE__GONE,             /* ended, without a handle: free when nobody waits for it any more */
    BIDE__FUTURE_STATES,
};

enum bide__future_event {
    BIDE__GET,     /* a get begins: it drives the future, or waits for its end, or finds it ended */
    BIDE__POLL,    /* the leaf that drives it polls it; */
    BIDE__PEND,    /* the poll leaves it suspended, */
    BIDE__END,     /* or it ends; or the task that it has become ends */
    BIDE__TAKE,    /* the value is taken and the variable emptied */
    BIDE__KEEP,    /* the value is taken, but the handle has left the get's variable */
    BIDE__LEAVE,   /* a get that is cancelled or has returned, or a drop that is done, lets go */
    BIDE__DROP,    /* a drop that can wait takes the handle, and drives it or waits */
    BIDE__DEEP,    /* it cannot be polled here: futures are nested too deep */
    BIDE__RELEASE, /* the handle goes where nothing can wait */
    BIDE__MOVE,    /* the handle moves to another variable */
    BIDE__CLOSE,   /* shutdown */
    BIDE__BY_FORCE, /* the drop that unwinds it is cancelled by force */
    BIDE__FUTURE_EVENTS,
};

/* What the frames of bide_get and bide_drop begin with. The first leaf in the ring of a future
 * drives it, unless the future has become a task; the others wait for its end. */
struct bide__future_leaf {
    struct bide_frame h;
    struct bide__joiner waiter; /* task NULL: the leaf has let go */
};

/* In h.state of a leaf. */
enum { BIDE__LEAF_GET = 1, BIDE__LEAF_DROP = 2, BIDE__LEAF_POLLS = 4 };

struct bide__get {
    struct bide__future_leaf l;
    void **variable; /* NULL: the handle has left it, and it may be gone */
};

/* Owner. */
enum bide__future_state bide__future_state(const struct bide__task *future);

/* The state after the event; 0: the event cannot happen in this state. */
enum bide__future_state bide__future_next(enum bide__future_state state,
                                          enum bide__future_event event);

/*
 * Owner: the event happens. This function makes every transition. `leaf` is the leaf that begins,
 * polls or leaves, else NULL; for GET and DROP its waiter.waker is set. After an event that leads
 * to GONE, and after LEAVE, the future may have been freed.
 */
void bide__future_step(struct bide__worker *worker, struct bide__task *future,
                       enum bide__future_event event, struct bide__future_leaf *leaf);

#ifdef BIDE_CHECK_STATES
/* The pairs that have happened, for tests. */
extern _Atomic(bool) bide__future_seen[BIDE__FUTURE_STATES][BIDE__FUTURE_EVENTS];
#endif

static inline struct bide__future_leaf *bide__future_leaf_of(const struct bide__joiner *waiter)
{
    return (struct bide__future_leaf *)((uintptr_t)waiter -
                                        offsetof(struct bide__future_leaf, waiter));
}

static inline bool bide__future_is_driver(const struct bide__future_leaf *leaf)
{
    const struct bide__task *future = leaf->waiter.task;
    return bide__state_is_future(&future->wake.state) && future->waiters == &leaf->waiter;
}

/* The handle is that of a future: neither NULL nor that of a future that could not be made. */
static inline bool bide__is_future(const void *handle)
{
    return handle != NULL && bide__handle_error(handle) == 0;
}

#endif
