/*
 * multi.c: tasks and futures of a multi_thread runtime, where any thread may touch any of them.
 *
 * Most transitions are those of inside.h, which are atomic here. What differs:
 *
 *  - *Wakes.* The thread that makes the transition to SCHEDULED hands the task to the scheduler,
 *    whichever thread it is. A future is never in a queue: the thread that wakes it passes the wake
 *    on at once, under the future's lock. While that is held, the leaf that drives the future
 *    cannot leave, so its task stays. Locks are taken from an inner future to the one that drives
 *    it, never the other way round.
 *  - *The end.* DONE and the wakes of the joins happen under the lock. What drops a result that
 *    nobody takes is the program's and is called without it. The scope comes next, and
 *    the executor's reference last. If nobody has ever joined, and there is no scope, it is one
 *    step.
 *  - *Memory.* A block goes back to the worker that made it. Threads that run no worker use the
 *    slab of the hub, under its mutex; so does everybody once the hub is closed.
 */
#include "runtime/task/inside.h"

/* ---- the lock ---- */

void bide__state_lock_slow(bide__state *state)
{
    for (unsigned n = 0;
         atomic_fetch_or_explicit(state, BIDE__LOCK, memory_order_acquire) & BIDE__LOCK; n++)
        bide__spin(n);
}

void bide__task_unlock_slow(struct bide__task *task, uintptr_t clear, uintptr_t set, uintptr_t add)
{
    bide__state *state = &task->wake.state;
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed), unlocked;

    do
        unlocked = ((s & ~(BIDE__LOCK | clear)) | set) + add;
    while (!atomic_compare_exchange_weak_explicit(state, &s, unlocked, memory_order_acq_rel,
                                                  memory_order_relaxed));
    BIDE__ASSERT(s & BIDE__LOCK, "task: unlock: it is not locked");
    if (__builtin_expect(clear & ~s & BIDE__HANDLE, 0))
        bide__misuse_handle();
    BIDE__ASSERT((s & clear) == clear, "task: unlock: it does not run");
    if (bide__state_unreferenced(unlocked))
        bide__task_free(task);
}

/* ---- blocks ---- */

static void give_back(struct bide__task *task, struct bide__slab *slab)
{
    struct bide__hub *hub = slab->hub;
    struct bide__worker *worker = bide__thread.running;
    bool last = false;

    if (worker != NULL && worker->slab == slab) {
        bide__slab_free(slab, task);
        return;
    }
    if (worker != NULL && worker->hub == hub) {
        worker->gave_back += bide__block_bytes(task);
        bide__slab_free_remote(task);
        return;
    }
    pthread_mutex_lock(&hub->mutex);
    if (hub->closed)
        last = bide__hub_free_closed(hub, task);
    else if (slab == &hub->tasks)
        bide__slab_free(slab, task);
    else
        bide__slab_free_remote(task);
    pthread_mutex_unlock(&hub->mutex);
    if (last)
        bide__hub_free(hub);
}

void bide__multi_task_free(struct bide__task *task, struct bide__slab *slab)
{
    bide__quiet_begin(true);
    give_back(task, slab);
    bide__quiet_end(true);
}

/* Whichever comes later, this or the end of the task, drops the result. */
void bide__multi_task_discard(struct bide__task *task)
{
    bide__state *state = &task->wake.state;
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);

    while (!(s & BIDE__DONE))
        if (atomic_compare_exchange_weak_explicit(state, &s, s & ~(uintptr_t)BIDE__HANDLE,
                                                  memory_order_acq_rel, memory_order_acquire)) {
            if (__builtin_expect(!(s & BIDE__HANDLE), 0))
                bide__misuse_handle();
            return;
        }
    bide__result_drop(task);
    if (bide__state_release_remote(state))
        bide__task_free(task);
}

/* ---- made by threads that run no worker ---- */

/* With the mutex. */
static void drain(struct bide__hub *hub)
{
    bide__quiet_begin(true);
    bide__slab_drain(&hub->tasks);
    bide__quiet_end(true);
}

struct bide__task *bide__task_new_outside(struct bide_runtime *rt, uintptr_t flags,
                                          const struct bide_fn *fn, const void *args, int *error)
{
    struct bide__task *task = NULL;

    *error = bide__refuse_passed(fn);
    if (*error != 0)
        return NULL;
    pthread_mutex_lock(&rt->hub->mutex);
    drain(rt->hub);
    if (rt->hub->refuses)
        *error = -ESHUTDOWN;
    else
        task = bide__task_prepare(rt->worker, flags, fn, args, error);
    pthread_mutex_unlock(&rt->hub->mutex);
    if (task == NULL)
        return NULL;
    bide__name_need_table(rt->hub);
    bide__name_give(task);
    if (rt->worker->watched)
        bide__task_spawned(rt, task, bide__spawn_place);
    bide__schedule(rt->worker, task);
    return task;
}

struct bide__task *bide__future_new_outside(struct bide_runtime *rt, const struct bide_fn *fn,
                                            const void *args, int *error)
{
    pthread_mutex_lock(&rt->hub->mutex);
    drain(rt->hub);
    struct bide__task *future = bide__future_new(rt->worker, fn, args, error);
    pthread_mutex_unlock(&rt->hub->mutex);
    return future;
}

/* ---- the end ---- */

/* The end of a task that nobody has ever joined: one step, which drops `reference` too, 0 or
 * BIDE__REF. False: somebody has. */
static bool end_alone(struct bide__task *task, uintptr_t reference)
{
    bide__state *state = &task->wake.state;
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed), ended;

    do {
        if (s & (BIDE__WAITED | BIDE__LOCK))
            return false;
        if (!(s & BIDE__HANDLE))
            bide__result_drop(task);
        BIDE__ASSERT(s & BIDE__RUNNING && !(s & BIDE__DONE), "task: end: it does not run");
        ended = ((s & ~(uintptr_t)BIDE__RUNNING) | BIDE__DONE) - reference;
    } while (!atomic_compare_exchange_weak_explicit(state, &s, ended, memory_order_acq_rel,
                                                    memory_order_relaxed));
    if (bide__state_unreferenced(ended))
        bide__task_free(task);
    return true;
}

void bide__multi_task_ended(struct bide__worker *worker, struct bide__task *task)
{
    bool has_scope = bide__task_child(task) != NULL, drops = false;

    bool alone = end_alone(task, has_scope ? 0 : BIDE__REF);
    if (!alone) {
        bide__task_lock(task);
        uintptr_t s = bide__state_change(&task->wake.state, BIDE__RUNNING, BIDE__DONE, 0);
        bide__joiners_wake(task);
        drops = !(s & BIDE__HANDLE);
        bide__task_unlock_slow(task, 0, 0, has_scope || drops ? 0 : -(uintptr_t)BIDE__REF);
    }
    if (drops)
        bide__result_drop(task);
    if (has_scope)
        bide__scope_child_ended(worker, task);
    if ((has_scope || drops) && bide__state_unref(&task->wake.state))
        bide__task_free(task);
    /* Last: when none is left, a shutdown may go on. */
    bide__count_ended(worker);
}

/* ---- a thread waits for it ---- */

struct waiting_thread {
    struct bide_wakeable wake;
    _Atomic uint32_t woken; /* a futex */
};

static void thread_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct waiting_thread *thread = (struct waiting_thread *)(void *)w;
    (void)branch;
    /* From the store on the thread may be gone. */
    _Atomic uint32_t *woken = &thread->woken;
    atomic_store_explicit(woken, 1, memory_order_release);
    bide__door.futex_wake(woken, 1);
}

/* The waker is only ever borrowed, by the ring of joins. */
static const struct bide_waker_vtable thread_vtable = {.wake_by_ref = thread_wake_by_ref};

/* The thread that blocks on the runtime of a program is woken when that is stuck. Other threads,
 * while they are there, keep it from being stuck. */
static void set_waits(struct bide__task *task, struct bide_wakeable *from, struct bide_wakeable *to)
{
    struct bide__hub *hub = bide__task_hub(task);

    if (!hub->runtime->is_program)
        return;
    pthread_mutex_lock(&hub->mutex);
    if (hub->runtime->waits == from)
        hub->runtime->waits = to;
    pthread_mutex_unlock(&hub->mutex);
}

bool bide__task_is_awaited(struct bide_runtime *rt)
{
    struct waiting_thread *thread = (struct waiting_thread *)(void *)rt->waits;

    return rt->waits_for_all ||
           (thread != NULL && atomic_load_explicit(&thread->woken, memory_order_acquire) == 0);
}

void bide__task_stuck(struct bide_runtime *rt)
{
    rt->is_stuck = true;
    if (rt->waits != NULL)
        thread_wake_by_ref(rt->waits, 0);
}

bool bide__task_wait_outside(struct bide__task *task)
{
    struct waiting_thread thread = {.wake.vtable = &thread_vtable};
    struct bide__joiner joiner = {.next = NULL};

    bide__task_lock(task);
    bool waits = !bide__state_done(&task->wake.state);
    if (waits)
        bide__joiner_add(task, &joiner, bide_waker_make(&thread.wake, 0));
    bide__task_unlock(task, BIDE__WAITED);
    if (waits)
        set_waits(task, NULL, &thread.wake);
    while (waits && atomic_load_explicit(&thread.woken, memory_order_acquire) == 0)
        bide__door.futex_wait(&thread.woken, 0, -1);
    set_waits(task, &thread.wake, NULL);
    /* The lock is free when the end of the task is done with the waker. */
    bide__task_lock(task);
    bide__joiner_remove(&joiner);
    bool ended = bide__state_done(&task->wake.state);
    bide__task_unlock(task, 0);
    if (waits && bide__state_unref(&task->wake.state))
        bide__task_free(task);
    return ended;
}

/* ---- wakers ---- */

static void waker_clone(struct bide_wakeable *w)
{
    bide__state_clone_remote(&w->state);
}

static void waker_drop(struct bide_wakeable *w)
{
    if (bide__state_unref_remote(&w->state))
        bide__task_free((struct bide__task *)(void *)w);
}

static void schedule_if(bool wakes, struct bide__task *task)
{
    if (wakes)
        bide__schedule(bide__worker_owned(bide__task_hub(task)), task);
}

static void task_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    if (branch != 0)
        atomic_fetch_or_explicit(&w->woken, UINT32_C(1) << branch, memory_order_release);
    schedule_if(bide__state_wake_remote(&w->state), (struct bide__task *)(void *)w);
}

/* One step for the wake and the reference. */
static void task_wake(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *task = (struct bide__task *)(void *)w;

    if (branch != 0)
        atomic_fetch_or_explicit(&w->woken, UINT32_C(1) << branch, memory_order_release);
    uintptr_t s = atomic_load_explicit(&w->state, memory_order_relaxed), woken;
    do
        woken = (s | BIDE__SCHEDULED) - BIDE__REF;
    while (!atomic_compare_exchange_weak_explicit(&w->state, &s, woken, memory_order_acq_rel,
                                                  memory_order_relaxed));
    BIDE__ASSERT(s >= BIDE__REF, "task: wake: it has no reference");
    schedule_if(!(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE)), task);
    if (bide__state_unreferenced(woken))
        bide__task_free(task);
}

const struct bide_waker_vtable bide__multi_task_vtable = {waker_clone, task_wake, task_wake_by_ref,
                                                          waker_drop};

/* It recurs from future to future, as deep as futures are polled inside each other. */
void bide__multi_future_pass_on(struct bide__task *future)
{
    if (!bide__state_is_future(&future->wake.state))
        schedule_if(bide__state_wake_remote(&future->wake.state), future);
    else if (future->waiters != NULL)
        bide_waker_wake_by_ref(future->waiters->waker);
}

/* Bit 0 of `woken` stands for any wake of its main chain; see future.c. */
static void future_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *future = (struct bide__task *)(void *)w;

    atomic_fetch_or_explicit(&w->woken, UINT32_C(1) << branch, memory_order_release);
    bide__task_lock(future);
    bide__multi_future_pass_on(future);
    bide__task_unlock(future, 0);
}

static void future_wake(struct bide_wakeable *w, unsigned branch)
{
    future_wake_by_ref(w, branch);
    waker_drop(w);
}

const struct bide_waker_vtable bide__multi_future_vtable = {waker_clone, future_wake,
                                                            future_wake_by_ref, waker_drop};
