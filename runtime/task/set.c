/*
 * set.c: task sets (bide/set.h): children of a scope that lies in memory of its own, whose ends are
 * told one after another.
 *
 * A set begins with a scope, which has the lock, the ring of the children that have not ended, and
 * the waker of the close that waits for them. A child is a task with the additional data of a child
 * of a scope, and the set owns its handle. It is
 *
 *   held       over the limit: it was made, but is in no run queue, only in `held`; in the ring
 *   running    in the ring
 *   ended      in `done`, linked by `next` of its additional data, until its end is told
 *   detached   it has no handle any more; in the ring `detached` until it ends
 *
 * So nothing is allocated but the task, and each step takes constant time.
 *
 * A child that could not be made is counted by its error; its end is told after those that have
 * happened.
 *
 * The set is freed by its close, or, when nobody waits, by the last child to end: ORPHAN.
 *
 * Threads: what is after the scope is read and written under the scope's lock. The end of a child
 * takes it before it looks at anything, and gives it back as the last thing; the handle of a child
 * is given back under it, while the executor's reference keeps the block, or when the child has
 * left the ring. What drops a result is the program's and may use the set, so it is called without
 * the lock: while its child is still in the ring, or when that has left the set.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>
#include <bide/set.h>

enum {
    CLOSING = 32, /* in scope.flags: ends are not kept */
    ORPHAN = 64,  /* nobody has the set: who empties it frees it */
    ERRORS = 4,   /* reasons for which a child is not made */
};

struct bide__task_set {
    struct bide__scope scope;
    size_t limit;   /* of how many run; SIZE_MAX: none */
    size_t running; /* in the ring and not held, or detached */
    size_t length;  /* children whose end was not told, those that were not made too */
    struct bide__queue held;
    struct bide__task *done, *done_last;
    void *detached;   /* a ring */
    const void *next; /* the leaf that waits for an end; NULL: none */
    bide_waker waker; /* its waker; bits 0: it was woken */
    struct {
        int error;
        size_t count;
    } unmade[ERRORS];
};

static void lock(struct bide__task_set *set)
{
    bide__scope_lock(&set->scope);
}

static void unlock(struct bide__task_set *set)
{
    bide__scope_unlock(&set->scope);
}

/* The worker of the set that runs on this thread, or NULL. */
static struct bide__worker *worker_of(const struct bide__task_set *set)
{
    struct bide__worker *worker = bide__thread.running;
    return set != NULL && worker != NULL && worker->runtime == set->scope.runtime ? worker : NULL;
}

/* ---- the reason of an end ---- */

bide_end_reason bide__end_reason(uintptr_t state, int error)
{
    if (error == 0)
        return BIDE_END_RETURNED;
    if (error != -ECANCELED)
        return BIDE_END_FAILED;
    if (state & BIDE__RUNTIME_ASKED)
        return BIDE_END_SHUTDOWN;
    return state & BIDE__OWNER_ASKED ? BIDE_END_OWNER : BIDE_END_ABORTED;
}

static void describe(bide_task_end *end, const struct bide__task *task)
{
    const struct bide_fn_info *info = task->end.fn->info;
    uintptr_t state = atomic_load_explicit(&task->wake.state, memory_order_relaxed);

    *end = (bide_task_end){
        .id = (uint64_t)(uintptr_t)task,
        .function = info != NULL ? info->name : "?",
        .file = info != NULL ? info->file : NULL,
        .line = info != NULL ? info->line : 0,
        .reason = bide__end_reason(state, task->end.error),
        .error = task->end.error,
    };
}

static void describe_unmade(bide_task_end *end, int error)
{
    *end = (bide_task_end){.function = "?", .reason = BIDE_END_NOT_MADE, .error = error};
}

bool bide__task_is_unmade(const void *handle)
{
    return bide__handle_error(handle) != 0;
}

int bide__task_end(const void *handle, bide_task_end *end)
{
    const struct bide__task *task = handle;
    int error = bide__handle_error(handle);

    describe_unmade(end, error != 0 ? error : -EINVAL);
    if (handle == NULL)
        return -EINVAL;
    if (error != 0)
        return 1;
    if (!bide__state_done(&task->wake.state))
        return -EAGAIN;
    describe(end, task);
    return 1;
}

/* ---- children ---- */

/* With the lock. */
static void start_held(struct bide__worker *worker, struct bide__task_set *set, size_t limit)
{
    while (set->held.first != NULL && set->running < limit) {
        struct bide__task *task = bide__queue_pop(&set->held);
        set->running++;
        bide__schedule(worker, task);
    }
}

/* With the lock. True: the caller frees it. */
static bool is_left(const struct bide__task_set *set)
{
    return set->scope.flags & ORPHAN && set->scope.first == NULL && set->detached == NULL;
}

static void set_free(struct bide__task_set *set)
{
    bide__free(set, sizeof(*set));
}

/* With the lock. */
static void wake_next(struct bide__task_set *set)
{
    bide_waker waker = set->waker;

    set->waker.bits = 0;
    if (waker.bits != 0)
        bide_waker_wake_by_ref(waker);
}

/* With the lock: the end of a child that has its handle. */
static void keep(struct bide__worker *worker, struct bide__task_set *set, struct bide__task *task)
{
    if (set->scope.flags & CLOSING) {
        set->length--;
        bide__task_let_go(worker, task);
        return;
    }
    bide__task_child(task)->next = NULL;
    if (set->done_last != NULL)
        bide__task_child(set->done_last)->next = task;
    else
        set->done = task;
    set->done_last = task;
    wake_next(set);
}

void bide__set_child_ended(struct bide__worker *worker, struct bide__scope *scope,
                           struct bide__task *task)
{
    struct bide__task_set *set = (struct bide__task_set *)(void *)scope;

    if (scope->flags & CLOSING || !bide__state_has_handle(&task->wake.state)) {
        unlock(set);
        bide__result_drop(task);
        lock(set);
    }
    bool is_kept = bide__state_has_handle(&task->wake.state);
    bide__child_unlink(is_kept ? &scope->first : &set->detached, task);
    set->running--;
    start_held(worker, set, set->limit);
    if (is_kept)
        keep(worker, set, task);
    bide_waker closes = scope->waker;
    if (scope->first == NULL && closes.bits != 0) {
        scope->waker.bits = 0;
        bide_waker_wake_by_ref(closes);
    }
    bool left = is_left(set);
    unlock(set);
    if (left)
        set_free(set);
}

/* With the lock. */
static void count_unmade(struct bide__task_set *set, int error)
{
    unsigned i = 0;

    while (i < ERRORS - 1 && set->unmade[i].count > 0 && set->unmade[i].error != error)
        i++;
    set->unmade[i].error = error;
    set->unmade[i].count++;
}

void bide__set_refuse(struct bide__task_set *set, int error)
{
    if (worker_of(set) == NULL)
        return;
    lock(set);
    set->length++;
    count_unmade(set, error);
    wake_next(set);
    unlock(set);
}

uint64_t bide__set_spawn(struct bide__task_set *set, const struct bide_fn *fn, const void *args)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide__task *task = NULL;
    int error = 0;

    if (worker == NULL)
        bide__no_runtime("bide_task_set_spawn");
    if (worker_of(set) == NULL)
        return 0;
    lock(set);
    set->length++; /* before another thread may detach it */
    unlock(set);
    task = bide__task_hold(worker, &set->scope, fn, args, &error);
    lock(set);
    if (task == NULL) {
        count_unmade(set, error);
        wake_next(set);
        unlock(set);
        return 0;
    }
    bide__queue_push(&set->held, task);
    start_held(worker, set, set->limit);
    unlock(set);
    return (uint64_t)(uintptr_t)task;
}

uint64_t bide__task_set_spawn(void *set, const struct bide_fn *fn, const void *args)
{
    uint64_t id = bide__set_spawn(set, fn, args);

    if (id == 0)
        bide__args_release(fn, args);
    return id;
}

/* ---- the ends ---- */

/* With the lock: an end that was not told. False: there is none now. *task NULL: that of a child
 * that was not made. */
static bool pop(struct bide__task_set *set, struct bide__task **task, int *error)
{
    *task = set->done;
    if (set->done != NULL) {
        set->done = bide__task_child(set->done)->next;
        if (set->done == NULL)
            set->done_last = NULL;
        set->length--;
        return true;
    }
    for (unsigned i = 0; i < ERRORS; i++) {
        if (set->unmade[i].count == 0)
            continue;
        set->unmade[i].count--;
        set->length--;
        *error = set->unmade[i].error;
        return true;
    }
    return false;
}

static int tell(struct bide__worker *worker, struct bide__task *task, void *out, bide_task_end *end)
{
    bide__fiber_acquire(&task->wake.state); /* the end of the child */
    int error = task->end.error;

    if (end != NULL)
        describe(end, task);
    if (error == 0)
        bide__copy_result(out, task);
    bide__task_let_go(worker, task);
    return error == 0 ? 1 : error;
}

/* With the lock: there is no end to be told. */
static int wait(struct bide__task_set *set, const struct bide_cx *cx, const void *leaf)
{
    if (set->length == 0)
        return 0;
    if (cx == NULL)
        return -EAGAIN;
    set->next = leaf;
    set->waker = cx->waker;
    return BIDE__SET_WAITS;
}

int bide__set_next(struct bide__task_set *set, struct bide_cx *cx, const void *leaf, void *out,
                   bide_task_end *end)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide__task *task;
    int error = 0;

    if (set == NULL)
        return -EINVAL;
    if (worker == NULL)
        return bide__no_runtime("bide_task_set_next");
    if (worker->runtime != set->scope.runtime)
        return -EXDEV;
    lock(set);
    if (set->next != NULL && set->next != leaf && cx != NULL) {
        unlock(set);
        return -EBUSY;
    }
    if (set->next == leaf)
        set->next = NULL, set->waker.bits = 0;
    bool may_pop = cx == NULL || cx->turn->budget > 0 || set->length == 0;
    if (!may_pop || !pop(set, &task, &error)) {
        int r = wait(set, cx, leaf);
        unlock(set);
        if (!may_pop)
            bide_budget_spend(cx); /* wakes the leaf */
        return r;
    }
    if (set->length == 0)
        wake_next(set); /* another leaf, which has nothing to wait for any more */
    unlock(set);
    if (cx != NULL)
        bide_budget_spend(cx);
    if (task != NULL)
        return tell(worker, task, out, end);
    if (end != NULL)
        describe_unmade(end, error);
    return error;
}

bool bide__set_leave(struct bide__task_set *set, const void *leaf)
{
    lock(set);
    bool waited = set->next == leaf;
    if (waited)
        set->next = NULL, set->waker.bits = 0;
    unlock(set);
    return waited;
}

size_t bide__task_set_length(struct bide__task_set *set)
{
    if (set == NULL)
        return 0;
    lock(set);
    size_t length = set->length;
    unlock(set);
    return length;
}

/* ---- all at once ---- */

/* Calls f for each child in the ring, with the lock; f may take its child out of the ring. */
static void each(struct bide__worker *worker, struct bide__task_set *set,
                 void (*f)(struct bide__worker *worker, struct bide__task_set *set,
                           struct bide__task *task))
{
    struct bide__task *task = set->scope.first;
    struct bide__task *last = task != NULL ? bide__task_child(task)->previous : NULL;

    while (task != NULL) {
        struct bide__task *next = task != last ? bide__task_child(task)->next : NULL;
        f(worker, set, task);
        task = next;
    }
}

static void abort_one(struct bide__worker *worker, struct bide__task_set *set,
                      struct bide__task *task)
{
    (void)set;
    bide__task_cancel(worker, task, BIDE__ASK_OWNER);
}

/* Its result is dropped by its end, which is still to come. */
static void detach_one(struct bide__worker *worker, struct bide__task_set *set,
                       struct bide__task *task)
{
    bide__child_unlink(&set->scope.first, task);
    bide__child_link(&set->detached, task);
    set->length--;
    bide__task_let_go(worker, task);
}

void bide__task_set_abort_all(struct bide__task_set *set)
{
    struct bide__worker *worker = worker_of(set);

    if (worker == NULL)
        return;
    lock(set);
    each(worker, set, abort_one);
    unlock(set);
}

int bide__task_set_abort(struct bide__task_set *set, uint64_t id)
{
    struct bide__worker *worker = worker_of(set);
    struct bide__task *found = NULL;

    if (worker == NULL)
        return -EXDEV;
    lock(set);
    struct bide__task *first = set->scope.first, *task = first;
    while (task != NULL && found == NULL) {
        if ((uint64_t)(uintptr_t)task == id)
            found = task;
        task = bide__task_child(task)->next;
        if (task == first)
            task = NULL;
    }
    if (found != NULL)
        bide__task_cancel(worker, found, 0);
    unlock(set);
    return found != NULL ? 0 : -ENOENT;
}

void bide__set_abort_child(struct bide__task_set *set, uint64_t id)
{
    struct bide__worker *worker = worker_of(set);
    struct bide__task *task = (struct bide__task *)(uintptr_t)id;

    if (worker != NULL && !bide__state_done(&task->wake.state))
        bide__task_cancel(worker, task, 0);
}

/* With the lock: the ends that were not told are forgotten. The caller discards these tasks. */
static struct bide__task *forget(struct bide__task_set *set)
{
    struct bide__task *first = set->done, *task;
    int error;

    while (pop(set, &task, &error))
        continue;
    return first;
}

/* Without a lock. */
static void discard_all(struct bide__worker *worker, struct bide__task *first)
{
    for (struct bide__task *task = first, *next; task != NULL; task = next) {
        next = bide__task_child(task)->next;
        bide__task_discard(worker, task);
    }
}

struct bide__task *bide__set_detach_all(struct bide__task_set *set)
{
    struct bide__worker *worker = worker_of(set);

    if (worker == NULL)
        return NULL;
    lock(set);
    start_held(worker, set, SIZE_MAX);
    each(worker, set, detach_one);
    struct bide__task *ended = forget(set);
    wake_next(set);
    unlock(set);
    return ended;
}

void bide__set_discard_all(struct bide__task *ended)
{
    discard_all(bide__thread.running, ended);
}

void bide__task_set_detach_all(struct bide__task_set *set)
{
    bide__set_discard_all(bide__set_detach_all(set));
}

/* ---- its end ---- */

int bide__task_set_new(size_t limit, void *out)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide__task_set *set = NULL;
    int error = worker == NULL ? bide__no_runtime("bide_task_set_new") : 0;

    if (error == 0) {
        set = bide__alloc(sizeof(*set));
        error = set != NULL ? 0 : -ENOMEM;
    }
    if (set != NULL)
        *set =
            (struct bide__task_set){.scope = {.runtime = worker->runtime, .flags = BIDE__SCOPE_SET},
                                    .limit = limit > 0 ? limit : SIZE_MAX};
    memcpy(out, &set, sizeof(set));
    return error;
}

void bide__set_close(struct bide__task_set *set, bool force)
{
    struct bide__worker *worker = bide__thread.running;

    lock(set);
    set->scope.flags |= CLOSING;
    bide__scope_cancel_children(worker, &set->scope, force);
    struct bide__task *ended = forget(set);
    unlock(set);
    discard_all(worker, ended);
}

bool bide__set_is_gone(struct bide__task_set *set, bide_waker waker)
{
    lock(set);
    bool is_empty = set->scope.first == NULL;
    set->scope.waker = (bide_waker){is_empty ? 0 : waker.bits};
    BIDE__ASSERT(!is_empty || set->next == NULL, "task set: close: somebody waits for an end");
    if (is_empty)
        set->scope.flags |= ORPHAN;
    bool left = is_left(set);
    unlock(set);
    if (left)
        set_free(set);
    return is_empty;
}

void bide__task_set_free(struct bide__task_set *set)
{
    struct bide__worker *worker = worker_of(set);

    if (worker == NULL)
        return;
    lock(set);
    set->scope.flags |= CLOSING | ORPHAN;
    bide__scope_cancel_children(worker, &set->scope, false);
    each(worker, set, detach_one);
    struct bide__task *ended = forget(set);
    bool left = is_left(set);
    unlock(set);
    if (left)
        set_free(set);
    discard_all(worker, ended);
}
