/*
 * task.c: the life of a task: made, polled, cancelled, ended, freed. See task.h; the state's
 * transitions are in state.h.
 */
#include "runtime/worker.h"

/* ---- making ---- */

/* A result is aligned to what its size allows, up to this, unless the flag says more. */
enum { RESULT_ALIGN_MAX = 64 };

/* A small result of a task has no place: it goes from the context of the last poll to `end`. */
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

/* Puts the result at the end of the block, and the room for frames between. */
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

/* What the block of a task of fn has to hold; that of a future may need a place for a small result
 * more. */
static size_t size_of(const struct bide_fn *fn)
{
    size_t unit = BIDE_FRAME_UNIT;
    size_t result = ((size_t)fn->result_size + unit - 1) & ~(unit - 1);
    size_t size = bide__room_offset(fn) + bide_fn_room(fn);

    if (!has_place(fn, false))
        return size;
    /* the end of the block is aligned to BIDE__SLAB_UNIT */
    size_t align = result_align(fn), whole = fn->result_size & (align - 1) ? 0 : BIDE__SLAB_UNIT;
    size += result;
    if (align > whole)
        size += align - whole;
    return size;
}

/* Puts what a child has more at the end of the block. Gives the size of what is before it. */
static size_t lay_out_child(struct bide__task *task, size_t size)
{
    size -= sizeof(struct bide__child);
    struct bide__child *child = (struct bide__child *)(void *)((char *)task + size);
    child->waiters = NULL;
    task->waiters = (struct bide__joiner *)((uintptr_t)child + 1);
    return size;
}

/* A block with fn to begin in it; the state is still to be set. */
static inline struct bide__task *make(struct bide_runtime *rt, struct bide__scope *scope,
                                      const struct bide_fn *fn, const void *args, bool is_future,
                                      int *error)
{
    size_t align = (size_t)1 << fn->frame_align_log2;

    if (__builtin_expect(rt->ended, 0)) {
        *error = -ESHUTDOWN;
        return NULL;
    }
    if (fn != rt->made) {
        rt->made = fn;
        rt->made_size = size_of(fn);
    }
    size_t size = rt->made_size + (scope != NULL ? sizeof(struct bide__child) : 0);
    if (is_future && !has_place(fn, false))
        size += sizeof(uint64_t);
    size_t offset = align > BIDE_FRAME_UNIT ? bide__room_offset(fn) : 0;
    struct bide__task *task = bide__slab_new(&rt->hub->tasks, &size, align, offset);
    if (task == NULL) {
        *error = -ENOMEM;
        return NULL;
    }
    task->wake.branches = 0;
    atomic_init(&task->wake.woken, 0);
    task->waiters = NULL;
    if (scope != NULL)
        size = lay_out_child(task, size);
    lay_out(task, size, fn, is_future);
    void *to = bide_chain_begin(&task->chain, fn);
    if (__builtin_expect(to == NULL, 0)) {
        /* It was another function at this address, in a shared object that is gone. */
        bide__slab_free(&rt->hub->tasks, task);
        rt->made = NULL;
        *error = -EAGAIN;
        return NULL;
    }
    rt->hub->blocks++;
    bide__copy(to, args, fn->args_size);
    return task;
}

struct bide__task *bide__task_new(struct bide_runtime *rt, struct bide__scope *scope,
                                  const struct bide_fn *fn, const void *args, int *error)
{
    struct bide__task *task = make(rt, scope, fn, args, false, error);
    if (__builtin_expect(task == NULL, 0))
        return *error == -EAGAIN ? bide__task_new(rt, scope, fn, args, error) : NULL;
    task->wake.vtable = &bide__task_vtable;
    bide__state_init(&task->wake.state);
    rt->alive++;
    bide__queue_push(&rt->queue, task);
    if (scope != NULL)
        bide__scope_add(scope, task);
    if (__builtin_expect(rt->closing, 0))
        bide__task_cancel(rt, task, rt->forcing);
    return task;
}

struct bide__task *bide__future_new(struct bide_runtime *rt, const struct bide_fn *fn,
                                    const void *args, int *error)
{
    struct bide__task *future = make(rt, NULL, fn, args, true, error);
    if (__builtin_expect(future == NULL, 0))
        return *error == -EAGAIN ? bide__future_new(rt, fn, args, error) : NULL;
    future->wake.vtable = &bide__future_vtable;
    bide__state_init_future(&future->wake.state);
    return future;
}

void bide__task_free(struct bide__task *task)
{
    struct bide__hub *hub = bide__task_hub(task);
    hub->blocks--;
    bide__slab_free(&hub->tasks, task);
}

/* ---- running ---- */

void bide__joiner_add(struct bide__task *task, struct bide__joiner *w, bide_waker waker)
{
    struct bide__joiner **ring = bide__task_waiters(task), *first = *ring;

    bide__state_ref(&task->wake.state);
    w->task = task;
    w->waker = waker;
    if (first == NULL) {
        *ring = w->next = w->previous = w;
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
        *ring = w->next == w ? NULL : w->next;
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

/* A task that was woken without naming a branch polls them all, so bit 0 is not needed. */
static void name_branch(struct bide__task *task, unsigned branch)
{
    if (branch != 0)
        atomic_fetch_or_explicit(&task->wake.woken, UINT32_C(1) << branch, memory_order_release);
}

/* Wakes a task of this runtime, on its thread. */
static void wake_here(struct bide_runtime *rt, bide_waker waker)
{
    struct bide__task *task = (struct bide__task *)(void *)bide_waker_task(waker);

    name_branch(task, bide_waker_branch(waker));
    if (bide__state_wake(&task->wake.state))
        bide__queue_push(&rt->queue, task);
}

/* `value`: a result that has no place in the block. */
static void task_ended(struct bide_runtime *rt, struct bide__task *task, const struct bide_fn *fn,
                       uint64_t value)
{
    void *slot = bide__first_slot(&task->chain);
    int error = bide_chain_error(&task->chain);

    task->end.fn = fn;
    task->end.result = slot != NULL ? slot : &task->end.value;
    task->end.value = value;
    task->end.error = error;
    bide__joiners_wake(task);
    if (__builtin_expect(bide__task_child(task) != NULL, 0))
        bide__scope_child_ended(task);
    rt->alive--;
    if (bide__state_finish(&task->wake.state))
        bide__task_free(task);
}

void bide__task_run(struct bide_runtime *rt, struct bide__task *task)
{
    const struct bide_fn *fn = bide__task_fn(task);
    uintptr_t asked = bide__state_begin(&task->wake.state);
    uint32_t woken = UINT32_MAX;

    if (__builtin_expect(asked & BIDE__FUTURE, 0)) {
        bide__future_woken(rt, task);
        return;
    }
    if (atomic_load_explicit(&task->wake.woken, memory_order_relaxed) != 0)
        woken = atomic_exchange_explicit(&task->wake.woken, 0, memory_order_acquire);
    if (__builtin_expect(asked != 0, 0)) {
        bide_chain_cancel(&task->chain, -ECANCELED, asked & BIDE__FORCE);
        woken = UINT32_MAX;
    }
    rt->turn.woken = woken;
    rt->turn.budget = BIDE__BUDGET;
    struct bide_cx cx; /* top and end are the chain's business */
    cx.chain = &task->chain;
    cx.waker = bide_waker_make(&task->wake, 0);
    cx.turn = &rt->turn;
    cx.depth = 0;
    cx.nowhere = 0;
    rt->current = task;
    enum bide_poll poll = bide_chain_poll(&cx);
    rt->current = NULL;
    if (__builtin_expect(rt->turn.spare != NULL, 0))
        bide_turn_end(&rt->turn);
    if (poll == BIDE_READY)
        task_ended(rt, task, fn, cx.nowhere);
    else if (bide__state_suspend(&task->wake.state))
        bide__queue_push(&rt->queue, task);
}

void bide__task_cancel(struct bide_runtime *rt, struct bide__task *task, bool force)
{
    if (bide__state_cancel(&task->wake.state, force))
        bide__queue_push(&rt->queue, task);
}

void bide__task_let_go(struct bide_runtime *rt, struct bide__task *task)
{
    /* An abort from another thread would find the next user of the block. */
    if (atomic_load_explicit(&bide__chunk_of(task)->marked, memory_order_relaxed))
        bide__hub_take(rt->hub, rt);
    if (bide__state_release(&task->wake.state))
        bide__task_free(task);
}

/* ---- wakers ---- */

void bide__waker_clone(struct bide_wakeable *w)
{
    struct bide__task *task = (struct bide__task *)(void *)w;

    if (bide__runtime_owned(bide__task_hub(task)) != NULL)
        bide__state_clone(&w->state);
    else
        bide__state_clone_remote(&w->state);
}

static void waker_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *task = (struct bide__task *)(void *)w;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(task));

    if (__builtin_expect(rt != NULL, 1)) {
        wake_here(rt, bide_waker_make(w, branch));
        return;
    }
    name_branch(task, branch);
    bide__hub_wake(task);
}

void bide__waker_drop(struct bide_wakeable *w)
{
    struct bide__task *task = (struct bide__task *)(void *)w;

    if (bide__runtime_owned(bide__task_hub(task)) == NULL)
        bide__hub_unref(task);
    else if (bide__state_unref(&w->state))
        bide__task_free(task);
}

static void waker_wake(struct bide_wakeable *w, unsigned branch)
{
    waker_wake_by_ref(w, branch);
    bide__waker_drop(w);
}

const struct bide_waker_vtable bide__task_vtable = {bide__waker_clone, waker_wake,
                                                    waker_wake_by_ref, bide__waker_drop};
