/*
 * task.c: the life of a task: made, polled, woken, cancelled, ended, freed. See task.h, which also
 * has the transitions of the state.
 */
#include "runtime/task/inside.h"

#include "runtime/task/meter.h"

#include "core/ambient.h"
#include "core/poll.h"

/* ---- making ---- */

/* A result is aligned as its size allows, up to this, unless the flag asks for more. */
enum { RESULT_ALIGN_MAX = 64 };

/* A small result of a task needs no place: it goes from the context of the last poll to `end`. */
static bool has_place(const struct bide_fn *fn, bool is_future)
{
    if (__builtin_expect(fn->flags & BIDE_FN_RESULT_ALIGNED, 0))
        return true;
    return fn->result_size > sizeof(uint64_t) || (is_future && fn->result_size > 0);
}

static size_t result_align(const struct bide_fn *fn)
{
    size_t size = fn->result_size, align = size & -size;

    if (__builtin_expect(fn->flags & BIDE_FN_RESULT_ALIGNED, 0))
        return (size_t)1 << fn->frame_align_log2;
    return align < RESULT_ALIGN_MAX ? align : RESULT_ALIGN_MAX;
}

/* Puts the result at the end of the block, and the room for frames before it. */
static void lay_out(struct bide__task *task, size_t block_size, const struct bide_fn *fn,
                    bool is_future)
{
    char *end = (char *)task + block_size;
    char *room = (char *)task + bide__room_offset(fn);
    void *result = NULL;

    if (__builtin_expect(room != task->room, 0))
        ((struct bide_frame *)(void *)task->room)->fn = fn;
    if (has_place(fn, is_future)) {
        uintptr_t align = result_align(fn);
        end = (char *)((uintptr_t)(end - fn->result_size) & ~(align - 1));
        result = end;
        end = (char *)((uintptr_t)end & ~(uintptr_t)(BIDE_FRAME_UNIT - 1));
    }
    bide_chain_init(&task->chain, room, (size_t)(end - room), result);
}

/* The size of the block of a task of fn. A future may need a place for a small result in addition.
 * */
static size_t size_of(const struct bide_fn *fn)
{
    size_t unit = BIDE_FRAME_UNIT;
    size_t result = ((size_t)fn->result_size + unit - 1) & ~(unit - 1);
    size_t size = bide__room_offset(fn) + bide_fn_room(fn);

    if (!has_place(fn, false))
        return size;
    /* The end of the block is aligned to BIDE__SLAB_UNIT. */
    size_t align = result_align(fn), whole = fn->result_size & (align - 1) ? 0 : BIDE__SLAB_UNIT;
    size += result;
    if (align > whole)
        size += align - whole;
    return size;
}

/* Puts struct bide__child at the end of the block. Returns the size of what is before it. */
static size_t lay_out_child(struct bide__task *task, size_t size)
{
    size -= sizeof(struct bide__child);
    struct bide__child *child = (struct bide__child *)(void *)((char *)task + size);
    child->waiters = NULL;
    task->waiters = (struct bide__joiner *)((uintptr_t)child + 1);
    return size;
}

/* The alignment that the frame of fn wants, and where. */
static inline size_t offset_of(const struct bide_fn *fn, size_t *align)
{
    *align = (size_t)1 << fn->frame_align_log2;
    return *align > BIDE_FRAME_UNIT ? bide__room_offset(fn) : 0;
}

size_t bide__task_size(const struct bide_fn *fn, size_t *align, size_t *offset)
{
    *offset = offset_of(fn, align);
    return size_of(fn);
}

inline bool bide__task_lay_out(struct bide__task *task, size_t size, struct bide__scope *scope,
                               const struct bide_fn *fn, const void *args, bool is_future)
{
    task->wake.branches = 0;
    atomic_init(&task->wake.woken, 0);
    task->waiters = NULL;
    if (scope != NULL)
        size = lay_out_child(task, size);
    lay_out(task, size, fn, is_future);
    void *to = bide_chain_begin(&task->chain, fn);
    if (__builtin_expect(to == NULL, 0))
        return false;
    bide__copy(to, args, fn->args_size);
    return true;
}

/* There was another function at this address, in a shared object that is gone. */
static __attribute__((noinline, cold)) void lay_out_failed(struct bide__worker *worker,
                                                           struct bide__task *task, int *error)
{
    bide__slab_free(worker->slab, task);
    worker->made = NULL;
    *error = -EAGAIN;
}

/* make, for a function without a scope, of ordinary alignment and size, whose result needs no
 * place. */
static inline __attribute__((always_inline)) struct bide__task *make_plain(
    struct bide__worker *worker, const struct bide_fn *fn, const void *args, int *error)
{
    size_t size = worker->made_size;
    struct bide__task *task = bide__slab_new(worker->slab, &size, BIDE_FRAME_UNIT, 0);

    bide__quiet_end(worker->multi);
    if (__builtin_expect(task == NULL, 0)) {
        *error = -ENOMEM;
        return NULL;
    }
    if (worker->multi)
        bide__fiber_forget(task, size);
    task->wake.branches = 0;
    atomic_init(&task->wake.woken, 0);
    task->waiters = NULL;
    size -= offsetof(struct bide__task, room);
    void *to = bide__chain_begin_plain(&task->chain, task->room, size, fn);
    if (__builtin_expect(to == NULL, 0)) {
        lay_out_failed(worker, task, error);
        return NULL;
    }
    bide__copy(to, args, fn->args_size);
    return task;
}

/* A block with fn to begin in it; the state is still to be set. Each caller gets its own copy, in
 * which what it does not need is left out. */
static inline __attribute__((always_inline)) struct bide__task *make(struct bide__worker *worker,
                                                                     struct bide__scope *scope,
                                                                     const struct bide_fn *fn,
                                                                     const void *args,
                                                                     bool is_future, int *error)
{
    size_t align, offset = offset_of(fn, &align);

    if (__builtin_expect(worker->closing, 0) && worker->runtime->ended) {
        *error = -ESHUTDOWN;
        return NULL;
    }
    bide__quiet_begin(worker->multi);
    if (__builtin_expect(fn != worker->made, 0)) {
        worker->made = fn;
        worker->made_size = size_of(fn);
    }
    if (scope == NULL && !is_future && worker->made_size <= BIDE__SLAB_MAX &&
        bide__fn_is_plain(fn) && fn->result_size <= sizeof(uint64_t))
        return make_plain(worker, fn, args, error);
    size_t size = worker->made_size + (scope != NULL ? sizeof(struct bide__child) : 0);
    if (is_future && !has_place(fn, false))
        size += sizeof(uint64_t);
    struct bide__task *task = bide__slab_new(worker->slab, &size, align, offset);
    bide__quiet_end(worker->multi);
    if (task == NULL) {
        *error = -ENOMEM;
        return NULL;
    }
    if (worker->multi)
        bide__fiber_forget(task, size);
    if (!bide__task_lay_out(task, size, scope, fn, args, is_future)) {
        lay_out_failed(worker, task, error);
        return NULL;
    }
    return task;
}

/* Everything but the hook, the cancel request of a runtime that closes, and the queue. */
static inline __attribute__((always_inline)) struct bide__task *prepare(
    struct bide__worker *worker, struct bide__scope *scope, uintptr_t flags,
    const struct bide_fn *fn, const void *args, int *error)
{
    if (__builtin_expect(worker->multi, 0) && !(flags & BIDE__PINNED)) {
        *error = bide__refuse_task(fn);
        if (*error != 0)
            return NULL;
    }
    struct bide__task *task = make(worker, scope, fn, args, false, error);
    if (__builtin_expect(task == NULL, 0))
        return NULL;
    bide__ambient_inherit(&task->chain);
    task->wake.vtable = &bide__task_vtable;
    if (__builtin_expect(worker->multi, 0)) {
        task->wake.vtable = &bide__multi_task_vtable;
        flags |= BIDE__MULTI;
    }
    bide__state_init(&task->wake.state, flags);
    bide__quiet_begin(worker->multi);
    bide__count_begun(worker);
    bide__quiet_end(worker->multi);
    if (scope != NULL)
        bide__scope_add(worker, scope, task);
    bide__task_fiber_init(task, fn, (flags & (BIDE__MULTI | BIDE__PINNED)) == BIDE__MULTI);
    return task;
}

struct bide__task *bide__task_prepare(struct bide__worker *worker, uintptr_t flags,
                                      const struct bide_fn *fn, const void *args, int *error)
{
    struct bide__task *task = prepare(worker, NULL, flags, fn, args, error);
    if (__builtin_expect(task == NULL, 0))
        return *error == -EAGAIN ? bide__task_prepare(worker, flags, fn, args, error) : NULL;
    if (worker->closing)
        bide__task_cancel(worker, task, BIDE__ASK_RUNTIME | worker->runtime->forcing);
    return task;
}

/* Not yet in a queue, but marked as if it were. */
static __attribute__((noinline)) void announce(struct bide__worker *worker, struct bide__task *task)
{
    if (worker->watched) {
        bide__name_need_table(worker->hub);
        bide__name_give(task);
        bide__task_spawned(worker->runtime, task, bide__spawn_place);
    }
    if (worker->closing)
        bide__task_cancel(worker, task, BIDE__ASK_RUNTIME | worker->runtime->forcing);
}

struct bide__task *bide__task_hold(struct bide__worker *worker, struct bide__scope *scope,
                                   const struct bide_fn *fn, const void *args, int *error)
{
    struct bide__task *task = prepare(worker, scope, 0, fn, args, error);
    if (__builtin_expect(task == NULL, 0))
        return *error == -EAGAIN ? bide__task_hold(worker, scope, fn, args, error) : NULL;
    if (worker->closing | worker->watched)
        announce(worker, task);
    return task;
}

struct bide__task *bide__task_new(struct bide__worker *worker, struct bide__scope *scope,
                                  uintptr_t flags, const struct bide_fn *fn, const void *args,
                                  int *error)
{
    struct bide__task *task = prepare(worker, scope, flags, fn, args, error);
    if (__builtin_expect(task == NULL, 0))
        return *error == -EAGAIN ? bide__task_new(worker, scope, flags, fn, args, error) : NULL;
    if (__builtin_expect(worker->closing | worker->watched, 0))
        announce(worker, task);
    bide__schedule(worker, task);
    return task;
}

struct bide__task *bide__future_new(struct bide__worker *worker, const struct bide_fn *fn,
                                    const void *args, int *error)
{
    struct bide__task *future = make(worker, NULL, fn, args, true, error);
    if (__builtin_expect(future == NULL, 0))
        return *error == -EAGAIN ? bide__future_new(worker, fn, args, error) : NULL;
    bool multi = worker->multi;
    future->wake.vtable = multi ? &bide__multi_future_vtable : &bide__future_vtable;
    bide__state_init_future(&future->wake.state, multi ? BIDE__MULTI : 0);
    bide__task_fiber_init(future, fn,
                          false); /* it runs under the name of the task that drives it */
    return future;
}

void bide__task_free(struct bide__task *task)
{
    struct bide__slab *slab = bide__chunk_of(task)->slab;
    BIDE__ASSERT(bide__state_unreferenced(atomic_load(&task->wake.state)),
                 "task: free: somebody refers to it");
    if (__builtin_expect(bide__state_is_multi(&task->wake.state), 0)) {
        bide__multi_task_free(task, slab);
    } else if (__builtin_expect(slab == &slab->hub->outside, 0)) {
        bide__slab_free_remote(task);
    } else {
        BIDE__ASSERT(slab->blocks > 0, "task: free: the slab has no task");
        bide__slab_free(slab, task);
    }
}

/* ---- joiners ---- */

void bide__joiner_add(struct bide__task *task, struct bide__joiner *w, bide_waker waker)
{
    bide__state_ref(&task->wake.state);
    bide__joiner_link(task, w, waker);
}

void bide__joiner_link(struct bide__task *task, struct bide__joiner *w, bide_waker waker)
{
    struct bide__joiner **ring = bide__task_waiters(task), *first = *ring;

    BIDE__ASSERT(w->next == NULL, "join: wait: it is in a ring already");
    w->task = task;
    w->waker = waker;
    if (first == NULL) {
        w->next = w->previous = w;
        __atomic_store_n(ring, w, __ATOMIC_RELAXED); /* see bide__task_child */
        return;
    }
    w->next = first;
    w->previous = first->previous;
    w->previous->next = w;
    first->previous = w;
}

void bide__joiner_remove(struct bide__joiner *w)
{
    if (w->next == NULL)
        return;
    struct bide__joiner **ring = bide__task_waiters(w->task);
    if (*ring == w)
        __atomic_store_n(ring, w->next == w ? NULL : w->next, __ATOMIC_RELAXED);
    w->next->previous = w->previous;
    w->previous->next = w->next;
    w->next = NULL;
}

void bide__joiners_wake(struct bide__task *task)
{
    const struct bide__joiner *first = *bide__task_waiters(task), *w = first;

    while (w != NULL) {
        bide_waker_wake_by_ref(w->waker);
        w = w->next != first ? w->next : NULL;
    }
}

/* ---- running ---- */

/* A wake that names no branch makes the task poll all of them, so bit 0 is not needed. */
static inline void name_branches(struct bide__task *task, uint32_t branches, bool owned)
{
    if (branches > 1)
        bide__woken_add(task, branches & ~UINT32_C(1), owned);
}

/* Leaves have marked the task, instead of waking it. */
static __attribute__((noinline)) void requeue(struct bide__worker *worker, struct bide__task *task)
{
    name_branches(task, worker->again, true);
    bide__state_requeue(&task->wake.state);
    bide__schedule_again(worker, task);
}

/* The same for the worker of a current_thread runtime, if no branch was named. */
static inline void requeue_plain(struct bide__worker *worker, struct bide__task *task)
{
    bide__state_requeue(&task->wake.state);
    bide__queue_push(&worker->queue, task);
}

/* `value`: a result that has no place in the block. */
static __attribute__((noinline)) void task_ended(struct bide__worker *worker,
                                                 struct bide__task *task, uint64_t value)
{
    const struct bide_fn *fn = bide__task_fn(task);
    void *slot = bide__first_slot(&task->chain);
    int error = bide_chain_error(&task->chain);

    BIDE__ASSERT(!(task->chain.flags & BIDE_CHAIN_LIVE), "task: end: its chain has a frame");
    if (__builtin_expect(bide__state_has_locals(&task->wake.state), 0))
        bide__locals_drop(task);
    task->end.fn = fn;
    task->end.result = slot != NULL ? slot : &task->end.value;
    task->end.value = value;
    task->end.error = error;
    if (__builtin_expect(worker->multi, 0)) {
        bide__multi_task_ended(worker, task);
        return;
    }
    if (task->waiters != NULL) {
        bide__joiners_wake(task);
        if (bide__task_child(task) != NULL)
            bide__scope_child_ended(worker, task);
    }
    /* Its set may have let go of it just now. */
    if (__builtin_expect(fn->release != NULL, 0) && !bide__state_has_handle(&task->wake.state))
        bide__result_release(task);
    bide__count(worker->hub, &worker->hub->alive, (size_t)-1);
    if (bide__state_finish(&task->wake.state))
        bide__task_free(task);
}

/* Passes on what was asked of it. True: it is polled now, in all branches. False: it is a future.
 */
static __attribute__((noinline)) bool pass_on(struct bide__worker *worker, struct bide__task *task,
                                              uintptr_t asked)
{
    if (asked & BIDE__FUTURE) {
        bide__future_woken(worker, task);
        return false;
    }
    bide_chain_cancel(&task->chain, -ECANCELED, asked & BIDE__FORCE);
    (void)bide__woken_take(task);
    return true;
}

/* The context of polls by this worker; the chain sets top and end, each poll the task. */
static inline void prepare_cx(struct bide_cx *cx, struct bide__worker *worker)
{
    cx->turn = &worker->turn;
    cx->nowhere = 0;
}

/* Polls its chain: the branches in `woken`. A result that has no place in the block is then in
 * cx->nowhere. */
static inline __attribute__((always_inline)) enum bide_poll poll_chain(struct bide__worker *worker,
                                                                       struct bide__task *task,
                                                                       uint32_t woken,
                                                                       struct bide_cx *cx)
{
    struct bide_turn *turn = &worker->turn;
    bide__quiet_begin(worker->multi);
#ifdef BIDE__FIBERS
    struct bide_turn own = *turn; /* that of the worker is not the task's */
    cx->turn = turn = &own;
    worker->copy = turn;
#endif
    worker->current = task;
    worker->again = 0;
    bide__quiet_end(worker->multi);
    turn->woken = woken;
    turn->budget = BIDE__BUDGET;
    cx->chain = &task->chain;
    cx->waker = bide_waker_make(&task->wake, 0);
    cx->depth = 0;
    enum bide_poll poll = bide__chain_poll(cx);
    if (__builtin_expect(turn->spare != NULL, 0))
        bide_turn_end(turn);
    bide__quiet_begin(worker->multi);
    worker->current = NULL;
#ifdef BIDE__FIBERS
    worker->turn = own;
    worker->copy = NULL;
#endif
    bide__quiet_end(worker->multi);
    return poll;
}

/* The poll has left it suspended. */
static inline void suspend(struct bide__worker *worker, struct bide__task *task)
{
    if (worker->again != 0)
        requeue(worker, task);
    else if (bide__state_suspend(&task->wake.state))
        bide__schedule_again(worker, task);
}

static inline __attribute__((always_inline)) void run(struct bide__worker *worker,
                                                      struct bide__task *task, bool watched)
{
    void *fiber = bide__task_enter(worker, task, __builtin_frame_address(0));
    uintptr_t asked = bide__state_begin(&task->wake.state);
    struct bide_task_info info;
    struct bide_cx cx;

    if (watched && worker->meter != NULL)
        bide__meter_taken(worker, task);
    if (__builtin_expect(asked != 0, 0) && !pass_on(worker, task, asked)) {
        bide__task_leave(worker, task, fiber, false);
        bide__task_left(worker);
        return;
    }
    if (watched)
        bide__hooks_begin(worker, task, &info);
    uint32_t woken = bide__woken_take(task);
    prepare_cx(&cx, worker);
    struct bide__here here = bide__here;
    bide__here = (struct bide__here){&cx, NULL};
    enum bide_poll poll = poll_chain(worker, task, woken, &cx);
    bide__here = here;
    if (watched)
        bide__hooks_end(worker, task, &info, poll == BIDE_READY);
    bide__task_leave(worker, task, fiber, poll == BIDE_READY);
    if (poll == BIDE_READY)
        task_ended(worker, task, cx.nowhere);
    else
        suspend(worker, task);
    bide__task_left(worker);
}

void bide__task_run(struct bide__worker *worker, struct bide__task *task)
{
    run(worker, task, false);
}

void bide__task_run_watched(struct bide__worker *worker, struct bide__task *task)
{
    run(worker, task, true);
}

/* It is short, since a yield goes through it: what is unusual is left to bide__task_run. */
static inline __attribute__((always_inline)) bool run_row(struct bide__worker *worker,
                                                          const struct bide__task *until,
                                                          unsigned turns_max, struct bide_cx *cx)
{
    while (worker->turns < turns_max) {
        struct bide__task *task = worker->queue.first;
        if (task == NULL)
            return false;
        bool is_plain = bide__state_begin_plain(&task->wake.state);
        if (__builtin_expect(!is_plain, 0)) {
            if (bide__state_is_low(&task->wake.state))
                return false;
            bide__queue_drop(&worker->queue, task);
            worker->turns++;
            bide__task_run(worker, task);
            if (task == until && bide__state_done(&until->wake.state))
                return true;
            continue;
        }
        bide__queue_drop(&worker->queue, task);
        worker->turns++;
        uint32_t woken = bide__woken_take(task);
        if (poll_chain(worker, task, woken, cx) == BIDE_READY) {
            task_ended(worker, task, cx->nowhere);
            if (task == until)
                return true;
        } else if (__builtin_expect(worker->again == 1, 1)) {
            requeue_plain(worker, task);
        } else {
            suspend(worker, task);
        }
    }
    return false;
}

bool bide__task_run_row(struct bide__worker *worker, const struct bide__task *until,
                        unsigned turns_max)
{
    struct bide__here here = bide__here;
    struct bide_cx cx;

    prepare_cx(&cx, worker);
    bide__here = (struct bide__here){&cx, NULL};
    bool is_over = run_row(worker, until, turns_max, &cx);
    bide__here = here;
    return is_over;
}

struct bide__task *bide__task_begin(struct bide__worker *worker, const struct bide_fn *fn,
                                    const void *args, void *result, int *error)
{
    struct bide__task *task = make(worker, NULL, fn, args, false, error);
    struct bide_cx cx;

    if (__builtin_expect(task == NULL, 0)) {
        if (*error == -EAGAIN)
            return bide__task_begin(worker, fn, args, result, error);
        bide__args_release(fn, args);
        return NULL;
    }
    bide__ambient_inherit(&task->chain);
    task->wake.vtable = &bide__task_vtable;
    bide__state_init_running(&task->wake.state);
    bide__count_alive(worker->hub);
    bide__thread.running = worker;
    prepare_cx(&cx, worker);
    struct bide__here here = bide__here;
    bide__here = (struct bide__here){&cx, NULL};
    enum bide_poll poll = poll_chain(worker, task, UINT32_MAX, &cx);
    bide__here = here;
    if (poll == BIDE_PENDING) {
        suspend(worker, task);
        return task;
    }
    if (__builtin_expect(!bide__state_is_alone(&task->wake.state), 0)) {
        task_ended(worker, task, cx.nowhere);
        return task;
    }
    /* Nobody else has seen it. */
    const void *slot = bide__first_slot(&task->chain);
    *error = bide_chain_error(&task->chain);
    if (*error == 0 && result != NULL)
        bide__copy(result, slot != NULL ? slot : &cx.nowhere, fn->result_size);
    else if (*error == 0)
        bide__value_release(fn, slot != NULL ? slot : &cx.nowhere);
    bide__count(worker->hub, &worker->hub->alive, (size_t)-1);
    bide__slab_free(worker->slab, task);
    return NULL;
}

void bide__task_cancel(struct bide__worker *worker, struct bide__task *task, unsigned how)
{
    if (bide__state_cancel(&task->wake.state, how))
        bide__schedule(worker, task);
}

void bide__task_let_go(struct bide__worker *worker, struct bide__task *task)
{
    bide__task_take_marks(worker, task);
    if (bide__state_release(&task->wake.state))
        bide__task_free(task);
}

void bide__result_release(struct bide__task *task)
{
    const void *result = task->end.result;

    task->end.result = NULL;
    if (task->end.error == 0 && result != NULL)
        task->end.fn->release(NULL, result);
}

/* It has ended, or is on a multi_thread runtime. */
static __attribute__((noinline)) void discard(struct bide__worker *worker, struct bide__task *task)
{
    if (bide__state_is_multi(&task->wake.state)) {
        bide__multi_task_discard(task);
        return;
    }
    bide__result_drop(task);
    bide__task_let_go(worker, task);
}

void bide__task_discard(struct bide__worker *worker, struct bide__task *task)
{
    uintptr_t s = atomic_load_explicit(&task->wake.state, memory_order_relaxed);

    if (__builtin_expect(s & (BIDE__MULTI | BIDE__DONE), 0))
        discard(worker, task);
    else
        bide__task_let_go(worker, task);
}

/* ---- wakers ---- */

void bide__waker_clone(struct bide_wakeable *w)
{
    struct bide__task *task = (struct bide__task *)(void *)w;

    if (bide__worker_owned(bide__task_hub(task)) != NULL)
        bide__state_clone(&w->state);
    else
        bide__state_clone_remote(&w->state);
}

static void waker_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *task = (struct bide__task *)(void *)w;
    struct bide__worker *worker = bide__worker_awake(bide__task_hub(task));

    name_branches(task, UINT32_C(1) << branch, worker != NULL);
    if (__builtin_expect(worker != NULL, 1) ? bide__state_wake(&w->state)
                                            : bide__state_wake_remote(&w->state))
        bide__schedule(worker, task);
}

void bide__waker_drop(struct bide_wakeable *w)
{
    struct bide__task *task = (struct bide__task *)(void *)w;

    if (bide__worker_owned(bide__task_hub(task)) == NULL)
        bide__hub_unref(task);
    else if (bide__state_unref(&w->state))
        bide__task_free(task);
}

static void waker_wake(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *task = (struct bide__task *)(void *)w;
    struct bide__worker *worker = bide__worker_awake(bide__task_hub(task));
    bool last;

    if (__builtin_expect(worker == NULL, 0)) {
        waker_wake_by_ref(w, branch);
        bide__waker_drop(w);
        return;
    }
    name_branches(task, UINT32_C(1) << branch, true);
    if (bide__state_wake_unref(&w->state, &last))
        bide__schedule(worker, task);
    else if (last)
        bide__task_free(task);
}

const struct bide_waker_vtable bide__task_vtable = {bide__waker_clone, waker_wake,
                                                    waker_wake_by_ref, bide__waker_drop};
