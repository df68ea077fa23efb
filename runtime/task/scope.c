/*
 * scope.c: scopes, whose block ends when its children have ended (structured concurrency; see
 * Nathaniel J. Smith, "Notes on structured concurrency", 2018).
 *
 * The scope is part of its function's frame. Its children are ordinary tasks with ordinary handles,
 * but each has 32 bytes more (struct bide__child), which link those that have not ended into a
 * ring. So a task becomes a child, and stops being one, in constant time, and nothing is allocated
 * but the task. What happens to the handle does not matter to the scope.
 *
 * The leaf that waits for the children is in the scope too, and so inside its parent's frame, where
 * no other leaf is. Waiting must not need memory: the children borrow from that frame, which could
 * not end without waiting. So the leaf must neither end with bide_frame_finish, which would give
 * away the chain's memory from there on, nor be dropped by the chain: it never answers
 * BIDE_CANCELLED. When it is asked to cancel, it passes the request on and answers BIDE_WAIT; when
 * the children are gone, it answers BIDE_COMPLETED and then fails its parent by bide_frame_fail,
 * which has the same effect.
 *
 * A try scope has *failed* when a child has returned a negative result, has ended for a reason
 * other than a request to cancel (no memory), or could not be made. The first failure is kept, and
 * cancels the children. Aborting a single child by its handle fails nothing.
 *
 * Threads: the scope and the links of its children are the owner's (task.h). On a multi_thread
 * runtime they are read and written under the scope's lock: in bide__scope_add, in
 * bide__scope_child_ended from the unlinking to the wake, in the walk of cancel_children, and where
 * the leaf looks at `first` and leaves its waker. The wake is inside, so that a parent that sees no
 * child cannot have gone before it. To unlock is the last thing that a child does with its scope.
 *
 * A task set (set.c) is a scope of which less is asked, and of whose children more is kept: the end
 * of a child is told to it.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>

enum {
    TRY = BIDE__SCOPE_TRY,
    CANCELLED = 2, /* the children have been asked to cancel, */
    FORCED = 4,    /* with force */
    ASKED = 8,     /* the leaf has been asked to cancel */
};

_Static_assert(offsetof(struct bide__scope, wait) == 0, "the leaf is the scope");

/* ---- the lock; it does nothing on a current_thread runtime ---- */

static inline bool is_shared(const struct bide__scope *scope)
{
    return scope->runtime != NULL && ((const struct bide_runtime *)scope->runtime)->multi;
}

inline void bide__scope_lock(struct bide__scope *scope)
{
    if (__builtin_expect(!is_shared(scope), 1))
        return;
    for (unsigned n = 0; __atomic_exchange_n(&scope->lock, scope, __ATOMIC_ACQUIRE) != NULL; n++)
        bide__spin(n);
}

inline void bide__scope_unlock(struct bide__scope *scope)
{
    if (__builtin_expect(is_shared(scope), 0))
        __atomic_store_n(&scope->lock, NULL, __ATOMIC_RELEASE);
}

/* ---- children ---- */

void bide__scope_cancel_children(struct bide__worker *worker, struct bide__scope *scope, bool force)
{
    uint32_t flags = force ? CANCELLED | FORCED : CANCELLED;
    struct bide__task *first = scope->first, *task = first;

    if ((scope->flags & flags) == flags)
        return;
    scope->flags |= flags;
    if (first == NULL)
        return;
    do {
        bide__task_cancel(worker, task, BIDE__ASK_OWNER | force);
        task = bide__task_child(task)->next;
    } while (task != first);
}

/* With the lock. */
static void fail(struct bide__worker *worker, struct bide__scope *scope, int error)
{
    if (!(scope->flags & TRY) || scope->error != 0)
        return;
    scope->error = error;
    bide__scope_cancel_children(worker, scope, false);
}

/* 0, or why the child has failed. */
static int failure_of(const struct bide__task *task)
{
    const struct bide_fn *fn = task->end.fn;
    const void *result = task->end.result;
    int64_t value = 0;

    if (task->end.error != 0)
        return task->end.error == -ECANCELED ? 0 : task->end.error;
    if (!(fn->flags & BIDE_FN_RESULT_SIGNED))
        return 0;
    switch (fn->result_size) {
    case 1: value = *(const int8_t *)result; break;
    case 2: value = *(const int16_t *)result; break;
    case 4: value = *(const int32_t *)result; break;
    case 8: value = *(const int64_t *)result; break;
    default: break;
    }
    if (value >= 0)
        return 0;
    return value < INT32_MIN ? INT32_MIN : (int)value;
}

/* With the lock: at the end of the ring. */
void bide__child_link(void **ring, struct bide__task *task)
{
    struct bide__child *child = bide__task_child(task);
    struct bide__task *first = *ring;

    if (first == NULL) {
        *ring = child->next = child->previous = task;
    } else {
        struct bide__child *head = bide__task_child(first);
        child->next = first;
        child->previous = head->previous;
        bide__task_child(head->previous)->next = task;
        head->previous = task;
    }
}

void bide__scope_add(struct bide__worker *worker, struct bide__scope *scope,
                     struct bide__task *task)
{
    bide__scope_lock(scope);
    bide__task_child(task)->scope = scope;
    bide__child_link(&scope->first, task);
    if (scope->flags & CANCELLED)
        bide__task_cancel(worker, task, BIDE__ASK_OWNER | !!(scope->flags & FORCED));
    bide__scope_unlock(scope);
}

/* With the lock. */
void bide__child_unlink(void **ring, struct bide__task *task)
{
    struct bide__child *child = bide__task_child(task);

    BIDE__ASSERT(*ring != NULL, "scope: child ends: the scope has no child");
    if (*ring == task)
        *ring = child->next == task ? NULL : child->next;
    bide__task_child(child->next)->previous = child->previous;
    bide__task_child(child->previous)->next = child->next;
}

void bide__scope_child_ended(struct bide__worker *worker, struct bide__task *task)
{
    struct bide__scope *scope = bide__task_child(task)->scope;

    bide__scope_lock(scope);
    if (scope->flags & BIDE__SCOPE_SET) {
        bide__set_child_ended(worker, scope, task);
        return;
    }
    bide__child_unlink(&scope->first, task);
    int error = scope->flags & TRY ? failure_of(task) : 0;
    if (error != 0)
        fail(worker, scope, error);
    bide_waker waker = scope->waker;
    if (scope->first == NULL && waker.bits != 0) {
        scope->waker.bits = 0;
        bide_waker_wake_by_ref(waker);
    }
    bide__scope_unlock(scope);
}

/* ---- the leaf ---- */

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct bide__scope *scope = (struct bide__scope *)(void *)h;

    bide__scope_lock(scope);
    bool waits = scope->first != NULL;
    scope->waker.bits = 0;
    if (waits)
        scope->waker = cx->waker;
    bide__scope_unlock(scope);
    if (waits)
        return bide_frame_suspend(cx, h);
    bide__scope_fibers_end(scope);
    struct bide_segment *segment = bide_chain_segment(cx->chain);
    struct bide_frame *below = bide_frame_below(h, &segment);
    cx->top = bide__frame_end(below); /* this leaf is inside it */
    if (!(scope->flags & ASKED))
        return BIDE_READY;
    return bide_frame_fail(cx, below, cx->chain->request);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct bide__scope *scope = (struct bide__scope *)(void *)h;

    bide__scope_lock(scope);
    bool waits = scope->first != NULL;
    if (waits) {
        scope->flags |= ASKED;
        scope->waker = cx->waker;
        bide__scope_cancel_children(bide__thread.running, scope,
                                    cx->chain->flags & BIDE_CHAIN_FORCE);
    }
    bide__scope_unlock(scope);
    return waits ? BIDE_WAIT : BIDE_COMPLETED;
}

static const struct bide_fn_info info = {.name = "bide_scope", .file = __FILE__, .line = __LINE__};
static const struct bide_fn leaf = {
    .poll = wait_poll,
    .cancel = wait_cancel,
    .info = &info,
    .frame_size = sizeof(struct bide_frame),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

/* ---- for generated code ---- */

void bide__scope_begin(struct bide__scope *scope, uint32_t kind)
{
    *scope = (struct bide__scope){.runtime = bide__runtime_running(), .flags = kind};
}

void *bide__scope_spawn(struct bide__scope *scope, const struct bide_fn *fn, const void *args)
{
    struct bide__worker *worker = bide__thread.running;
    bool is_here = worker != NULL && worker->runtime == scope->runtime;
    struct bide__task *task = NULL;
    int error = worker == NULL ? bide__no_runtime("bide_scope_spawn") : -EXDEV;

    if (is_here)
        task = bide__task_new(worker, scope, 0, fn, args, &error);
    if (task != NULL)
        return task;
    bide__args_release(fn, args);
    if (is_here) {
        bide__scope_lock(scope);
        fail(worker, scope, error);
        bide__scope_unlock(scope);
    }
    return bide__handle_failed(error);
}

void bide__scope_cancel(struct bide__scope *scope)
{
    struct bide__worker *worker = bide__thread.running;

    if (worker == NULL || worker->runtime != scope->runtime)
        return;
    bide__scope_lock(scope);
    bide__scope_cancel_children(worker, scope, false);
    bide__scope_unlock(scope);
}

enum bide_poll bide__scope_wait(struct bide_cx *cx, struct bide_frame *parent,
                                struct bide__scope *scope)
{
    bide__scope_lock(scope);
    bool is_empty = scope->first == NULL;
    bide__scope_unlock(scope);
    if (is_empty) {
        bide__scope_fibers_end(scope);
        return BIDE_READY;
    }
    size_t distance = (size_t)((char *)scope - (char *)parent) / BIDE_FRAME_UNIT;
    scope->wait = (struct bide_frame){.fn = &leaf, .state = 1, .parent = (uint16_t)distance};
    return wait_poll(cx, &scope->wait);
}
