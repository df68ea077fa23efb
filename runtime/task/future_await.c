/*
 * future_await.c: the leaves of bide_get and bide_drop. Everything that they do to a future is a
 * step in the table of future.c; this file decides when.
 *
 * A get keeps the address of the variable that has the handle, to empty it when the value is taken.
 * The variable may be gone by then: after a drop, when the future has no handle, and after a move,
 * of which the get is told. So it looks at the variable only if the handle must still be in it.
 *
 * Futures that are polled inside each other cost C stack, so there is a limit. Past it a get fails
 * as if there were no memory, and a drop leaves the unwinding to a task, for which it waits.
 */
#include "runtime/task/inside.h"

#include "runtime/task/gauge.h"

#include <bide/abi.h>

enum { NEST_MAX = 1000 }; /* futures polled inside each other; docs/language.md names it */

static enum bide_poll drop_poll(struct bide_cx *cx, struct bide_frame *frame);

static bool is_leaf(const struct bide_frame *frame)
{
    return frame->fn->poll == bide__get_poll || frame->fn->poll == drop_poll;
}

/* Only the leaf writes its waker, but whoever wakes or ends the future reads it, under the lock. */
static void change_waker(struct bide__future_leaf *leaf, bide_waker waker)
{
    struct bide__task *future = leaf->waiter.task;

    if (leaf->waiter.waker.bits == waker.bits)
        return;
    bide__task_lock(future);
    leaf->waiter.waker = waker;
    bide__task_unlock(future, 0);
}

enum driven { SUSPENDED, HAS_ENDED, TOO_DEEP };

/* Polls the future that the leaf drives, if it was woken or has not begun. */
static enum driven drive(struct bide__worker *worker, struct bide_cx *cx,
                         struct bide__future_leaf *leaf)
{
    struct bide__task *future = leaf->waiter.task;
    bool begun = bide__future_has_begun(future);
    uint32_t outer = cx->turn->woken;

    /* Before the look at `woken`, so that a wake which still finds the old waker is seen there. */
    change_waker(leaf, cx->waker);
    uint32_t woken = atomic_load_explicit(&future->wake.woken, memory_order_relaxed);
    if (begun && woken == 0)
        return SUSPENDED;
    if (cx->depth >= NEST_MAX)
        return TOO_DEEP;
    if (woken != 0)
        woken = atomic_exchange_explicit(&future->wake.woken, 0, memory_order_acquire);
    struct bide_cx sub = {.chain = &future->chain,
                          .waker = bide_waker_make(&future->wake, 0),
                          .turn = cx->turn,
                          .depth = cx->depth + 1};
    cx->turn->woken = woken & 1 ? UINT32_MAX : woken;
    bide__future_step(worker, future, BIDE__POLL, leaf);
    enum bide_poll poll = bide_chain_poll(&sub);
    if (bide__gauging())
        bide__gauge_future(future);
    bide__future_step(worker, future, poll == BIDE_READY ? BIDE__END : BIDE__PEND, leaf);
    cx->turn->woken = outer;
    return poll == BIDE_READY ? HAS_ENDED : SUSPENDED;
}

/* ---- get ---- */

_Static_assert(sizeof(struct bide__get) == BIDE__GET_SIZE, "the size that generated code knows");

const struct bide_fn_info bide__get_info = {.name = "bide_get", .file = __FILE__};

/* The get returns the error. */
static enum bide_poll get_returns(struct bide_cx *cx, struct bide__get *f, int error)
{
    bide_fn_fail(f->l.h.fn, error, bide_frame_result(cx, &f->l.h));
    return bide_frame_finish(cx, &f->l.h);
}

/* The awaiting function is unwound, as by a call that finds no memory. */
static enum bide_poll get_fails(struct bide_cx *cx, struct bide__get *f, int error)
{
    struct bide_segment *segment = bide_chain_segment(cx->chain);
    struct bide_frame *parent = bide_frame_below(&f->l.h, &segment);

    get_returns(cx, f, error);
    return bide_frame_fail(cx, parent, error);
}

/* The future was dropped, or cancelled by a shutdown: its get returns -ECANCELED. */
static bool was_asked(const struct bide__task *future)
{
    return !bide__state_has_handle(&future->wake.state) ||
           !bide__state_is_future(&future->wake.state);
}

static enum bide_poll get_ends(struct bide__worker *worker, struct bide_cx *cx, struct bide__get *f)
{
    struct bide__task *future = f->l.waiter.task;
    const struct bide_fn *fn = f->l.h.fn;

    /* Whoever has the handle, if the future was moved, may let go of it on another worker, and of
     * the value with it. */
    bide__task_lock(future);
    bool asked = was_asked(future);
    int error = future->end.error;
    if (error == 0 && fn->release != NULL && future->end.result == NULL)
        error = -ECANCELED; /* nobody had the handle any more: its result was dropped */
    if (error == 0)
        bide__copy(bide_frame_result(cx, &f->l.h), future->end.result, fn->result_size);
    if (fn->release != NULL)
        future->end.result = NULL;
    bide__task_unlock(future, 0);
    if (bide__state_has_handle(&future->wake.state)) {
        bool is_there = f->variable != NULL && *f->variable == future;
        if (is_there)
            *f->variable = NULL;
        bide__future_step(worker, future, is_there ? BIDE__TAKE : BIDE__KEEP, NULL);
    }
    bide__future_step(worker, future, BIDE__LEAVE, &f->l);
    if (error == 0)
        return bide_frame_finish(cx, &f->l.h);
    return asked ? get_returns(cx, f, -ECANCELED) : get_fails(cx, f, error);
}

/* Its future is nested too deep. */
static enum bide_poll get_is_deep(struct bide__worker *worker, struct bide_cx *cx,
                                  struct bide__get *f)
{
    struct bide__task *future = f->l.waiter.task;

    if (bide__future_state(future) == BIDE__DROPPED) {
        bide__future_step(worker, future, BIDE__DEEP, NULL);
        return bide_frame_suspend(cx, &f->l.h);
    }
    bide__future_step(worker, future, BIDE__LEAVE, &f->l);
    return get_fails(cx, f, -ENOMEM);
}

enum bide_poll bide__get_poll(struct bide_cx *cx, struct bide_frame *frame)
{
    struct bide__get *f = (struct bide__get *)(void *)frame;
    struct bide__worker *worker = bide__thread.running;
    enum driven driven = SUSPENDED;

    if (bide__state_done(&f->l.waiter.task->wake.state))
        driven = HAS_ENDED;
    else if (bide__future_is_driver(&f->l))
        driven = drive(worker, cx, &f->l);
    else
        change_waker(&f->l, cx->waker);
    switch (driven) {
    case SUSPENDED: break;
    case HAS_ENDED: return get_ends(worker, cx, f);
    case TOO_DEEP: return get_is_deep(worker, cx, f);
    }
    return bide_frame_suspend(cx, frame);
}

enum bide_answer bide__get_cancel(struct bide_cx *cx, struct bide_frame *frame)
{
    struct bide__get *f = (struct bide__get *)(void *)frame;
    struct bide__task *future = f->l.waiter.task;
    (void)cx;

    if (bide__state_done(&future->wake.state))
        return BIDE_COMPLETED;
    bide__future_step(bide__thread.running, future, BIDE__LEAVE, &f->l);
    return BIDE_CANCELLED;
}

/* The future is being polled, so the caller runs inside it; or it waits for a future that is.
 * Futures that a shutdown has closed may wait for each other like this. */
static bool waits_for_this(const struct bide__task *future)
{
    while (future != NULL && !bide__state_done(&future->wake.state)) {
        const struct bide_frame *leaf = future->chain.leaf;
        if (leaf == NULL)
            return true;
        if (!is_leaf(leaf))
            return false;
        future = ((const struct bide__future_leaf *)(const void *)leaf)->waiter.task;
    }
    return false;
}

/* The future is bound to a thread, and must not run in a task that may move. */
static bool refuses(const struct bide__worker *worker, const struct bide__task *future)
{
    return worker->turn.refuses != NULL && worker->turn.refuses(bide__task_fn(future));
}

/* Why a get is refused, or 0. */
static int refusal(const struct bide__worker *worker, const struct bide__task *future)
{
    if (worker == NULL)
        return bide__no_runtime("bide_get");
    if (future == NULL)
        return -EINVAL;
    if (bide__task_hub(future) != worker->hub)
        return -EXDEV;
    switch (bide__future_state(future)) {
    case BIDE__FRESH:
    case BIDE__IDLE: return refuses(worker, future) ? -EPERM : 0;
    case BIDE__DRIVEN:
    case BIDE__POLLED: return -EBUSY;
    case BIDE__CLOSED:
    case BIDE__ENDED: return future->waiters != NULL || waits_for_this(future) ? -EBUSY : 0;
    default: return -EINVAL;
    }
}

enum bide_poll bide__start_bide_get(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                    const struct bide_fn *fn, void *handle)
{
    struct bide__get *f = bide_frame_push(cx, sizeof(*f), fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    f->l.h.state = BIDE__LEAF_GET;
    f->l.waiter.next = NULL;
    f->l.waiter.task = NULL;
    f->l.waiter.waker = cx->waker;
    f->variable = handle;
    struct bide__task *future = *f->variable;
    struct bide__worker *worker = bide__thread.running;
    int error = bide__handle_error(future);
    if (error != 0)
        *f->variable = NULL;
    if (error == 0 && cx->depth >= NEST_MAX)
        error = -ENOMEM;
    if (error != 0)
        return get_fails(cx, f, error);
    error = refusal(worker, future);
    if (error != 0)
        return get_returns(cx, f, error);
    bide__future_step(worker, future, BIDE__GET, &f->l);
    return bide__get_poll(cx, &f->l.h);
}

/* ---- drop ---- */

struct drop {
    struct bide__future_leaf l;
    void **next;  /* the next future to drop */
    size_t count; /* of futures from there on */
    bool forced;
};

/* The future has to be unwound, and can be waited for: this drop does not run inside it. */
static bool must_wait(const struct bide__worker *worker, const void *handle)
{
    if (!bide__is_future(handle) || worker == NULL || bide__task_hub(handle) != worker->hub)
        return false;
    switch (bide__future_state(handle)) {
    case BIDE__DRIVEN:
    case BIDE__IDLE: return true;
    case BIDE__CLOSED: return !waits_for_this(handle);
    default: return false;
    }
}

/* Drops the futures from f->next on, up to one that has to be waited for. NULL: all are dropped. */
static struct bide__task *next(const struct bide__worker *worker, struct drop *f)
{
    while (f->count > 0) {
        void *handle = *f->next;
        *f->next++ = NULL;
        f->count--;
        if (must_wait(worker, handle))
            return handle;
        bide__future_release(handle);
    }
    return NULL;
}

static void begin(struct bide__worker *worker, struct bide_cx *cx, struct drop *f,
                  struct bide__task *future)
{
    f->l.waiter.waker = cx->waker;
    bide__future_step(worker, future, BIDE__DROP, &f->l);
    if (f->forced)
        bide__future_step(worker, future, BIDE__BY_FORCE, NULL);
}

static void go_deep(struct bide__worker *worker, struct drop *f)
{
    struct bide__task *future = f->l.waiter.task;
    bide__future_step(worker, future, BIDE__DEEP, NULL);
    if (f->forced)
        bide__future_step(worker, future, BIDE__BY_FORCE, NULL);
}

/* True: all futures are gone. */
static bool drive_all(struct bide_cx *cx, struct drop *f)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide__task *future;

    while ((future = f->l.waiter.task) != NULL) {
        if (!bide__state_done(&future->wake.state)) {
            enum driven driven = SUSPENDED;
            change_waker(&f->l, cx->waker);
            if (bide__future_is_driver(&f->l))
                driven = drive(worker, cx, &f->l);
            if (driven == TOO_DEEP)
                go_deep(worker, f);
            if (driven != HAS_ENDED)
                return false;
        }
        bide__future_step(worker, future, BIDE__LEAVE, &f->l);
        future = next(worker, f);
        if (future != NULL)
            begin(worker, cx, f, future);
    }
    return true;
}

static enum bide_poll drop_poll(struct bide_cx *cx, struct bide_frame *frame)
{
    struct drop *f = (struct drop *)(void *)frame;
    return drive_all(cx, f) ? bide_frame_finish(cx, frame) : bide_frame_suspend(cx, frame);
}

static enum bide_answer drop_cancel(struct bide_cx *cx, struct bide_frame *frame)
{
    struct drop *f = (struct drop *)(void *)frame;
    struct bide__task *future = f->l.waiter.task;

    if (cx->chain->flags & BIDE_CHAIN_FORCE && !f->forced) {
        f->forced = true;
        if (!bide__state_done(&future->wake.state))
            bide__future_step(bide__thread.running, future, BIDE__BY_FORCE, NULL);
    }
    return drive_all(cx, f) ? BIDE_COMPLETED : BIDE_WAIT;
}

static const struct bide_fn_info drop_info = {.name = "bide_drop", .file = __FILE__};

const struct bide_fn bide__desc_bide_drop = {
    .poll = drop_poll,
    .cancel = drop_cancel,
    .info = &drop_info,
    .frame_size = sizeof(struct drop),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

static enum bide_poll drop_go(struct bide_cx *cx, struct bide_frame *parent, void *result,
                              void **futures, size_t count)
{
    struct bide__worker *worker = bide__thread.running;
    struct drop from = {.next = futures, .count = count};
    struct bide__task *future = next(worker, &from);

    if (future == NULL)
        return BIDE_READY;
    struct drop *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_drop, parent, result);
    if (f == NULL) {
        for (; future != NULL; future = next(worker, &from))
            bide__future_release(future);
        return BIDE_PENDING;
    }
    from.l.h = f->l.h;
    from.l.h.state = BIDE__LEAF_DROP;
    *f = from;
    begin(worker, cx, f, future);
    return drop_poll(cx, &f->l.h);
}

enum bide_poll bide__start_bide_drop(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                     void *futures, size_t count)
{
    for (size_t i = 0; i < count && cx->chain->unwinding; i++)
        bide__future_forgive(((void **)futures)[i]);
    return drop_go(cx, parent, result, futures, count);
}

enum bide_poll bide__start_bide_drop_one(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, void *future)
{
    if (cx->chain->unwinding)
        bide__future_forgive(future);
    return drop_go(cx, parent, result, &future, 1);
}

enum bide_poll bide__start_bide_drop_meant(struct bide_cx *cx, struct bide_frame *parent,
                                           void *result, void *future)
{
    bide__future_forgive(future);
    return drop_go(cx, parent, result, &future, 1);
}

/* ---- for dumps ---- */

const struct bide_chain *bide__future_chain(const struct bide_frame *frame)
{
    const struct bide__future_leaf *leaf = (const struct bide__future_leaf *)(const void *)frame;

    if (!is_leaf(frame) || leaf->waiter.task == NULL ||
        bide__state_done(&leaf->waiter.task->wake.state) || !bide__future_is_driver(leaf))
        return NULL;
    return &leaf->waiter.task->chain;
}
