/*
 * future.c: futures as values: bide_lazy, bide_get, bide_drop.
 *
 * A future is a block like a task's, with a chain of its own, but marked FUTURE (state.h): a wake
 * does not put it into the run queue, but is passed on to its *driver*, whoever awaits it just now.
 * It is a wakeable of its own, so the leaves in it hold wakers of the future and not of a task: it
 * may be polled by one task, lose a select, and be polled on by another, and what a leaf left with
 * a timer or another thread stays good. `wake.woken` keeps the wakes that come while nobody drives
 * it; bit 0 is any wake of its main chain, so 0 means that there is nothing to poll.
 *
 * A driver is the leaf of a get or of a drop. It leaves its own waker in `driver`, borrowed, and
 * takes it out when it is cancelled. All that happens on the owner's thread. A wake of another one
 * goes through the hub, as with tasks: the future is then in the run queue for a moment, and the
 * owner passes the wake on when it comes to it.
 *
 * A future that is suspended and loses its handle has to be unwound, which may await. In async code
 * the drop waits for that. Elsewhere the future *is detached*: it becomes a task in place, with a
 * request to cancel, which needs no memory and cannot fail.
 *
 * References: the executor's one is there from the first poll to the end. Who finds the future in
 * the run queue when it ends leaves that reference to whoever takes it from there.
 */
#include "scheduler.h"

#include <bide/abi.h>
#include <bide/future.h>

enum { NEST_MAX = 1000 }; /* futures polled inside each other: each costs C stack */

/* ---- a future ---- */

void *bide__lazy(const struct bide_fn *fn, const void *args)
{
    int error = 0;
    struct bide_runtime *rt = bide__runtime_here();
    struct bide__task *future = NULL;

    if (rt == NULL)
        rt = bide__runtime_need(&error);
    if (rt != NULL)
        future = bide__future_new(rt, fn, args, &error);
    if (future == NULL) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    return future;
}

static bool is_future(const void *handle)
{
    return handle != NULL && bide__handle_error(handle) == 0;
}

static void note_wake(struct bide__task *future, unsigned branch)
{
    atomic_fetch_or_explicit(&future->wake.woken, UINT32_C(1) << branch, memory_order_release);
}

static void pass_on(struct bide_runtime *rt, struct bide__task *future)
{
    if (!bide__state_is_future(&future->wake.state)) {
        if (bide__state_wake(&future->wake.state))
            bide__queue_push(&rt->queue, future);
    } else if (future->driver.bits != 0) {
        bide_waker_wake_by_ref(future->driver);
    }
}

static void wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *future = (struct bide__task *)(void *)w;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(future));

    note_wake(future, branch);
    if (rt != NULL)
        pass_on(rt, future);
    else
        bide__hub_wake(future);
}

static void wake(struct bide_wakeable *w, unsigned branch)
{
    wake_by_ref(w, branch);
    bide__waker_drop(w);
}

const struct bide_waker_vtable bide__future_vtable = {bide__waker_clone, wake, wake_by_ref,
                                                      bide__waker_drop};

void bide__future_woken(struct bide_runtime *rt, struct bide__task *future)
{
    bool again = bide__state_suspend(&future->wake.state);

    if (bide__state_done(&future->wake.state)) {
        if (bide__state_unref(&future->wake.state))
            bide__task_free(future);
        return;
    }
    if (again)
        bide__queue_push(&rt->queue, future);
    pass_on(rt, future);
}

static void ask(struct bide__task *future, bool force)
{
    bide_chain_cancel(&future->chain, -ECANCELED, force);
    note_wake(future, 0);
}

static void detach(struct bide_runtime *rt, struct bide__task *future)
{
    future->waiters = NULL;
    bide__state_detach(&future->wake.state);
    rt->futures--;
    rt->alive++;
    bide__task_cancel(rt, future, rt->forcing);
}

bool bide__future_is_fresh(const struct bide__task *future)
{
    return bide__state_is_future(&future->wake.state) && !bide__state_done(&future->wake.state) &&
           !bide__future_has_begun(future);
}

void bide__future_drop_args(const struct bide__task *future)
{
    const struct bide_chain *c = &future->chain;
    if (bide__future_is_fresh(future))
        bide__args_release(c->leaf->fn, bide__args_above(c->leaf));
}

void bide__future_let_go(struct bide_runtime *rt, struct bide__task *future)
{
    bool ended = bide__state_done(&future->wake.state);

    bide__future_drop_args(future);

    if (bide__state_release(&future->wake.state)) {
        bide__task_free(future);
    } else if (ended || !bide__state_is_future(&future->wake.state)) {
        return;
    } else if (future->driver.bits != 0) {
        ask(future, false);
        bide_waker_wake_by_ref(future->driver);
    } else {
        detach(rt, future);
    }
}

void bide__future_release(void *handle)
{
    if (!is_future(handle))
        return;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(handle));
    if (rt != NULL)
        bide__future_let_go(rt, handle);
    else
        bide__hub_release(handle);
}

static void detach_block(void *block, void *argument)
{
    struct bide__task *future = block;
    if (bide__state_is_future(&future->wake.state) && !bide__state_done(&future->wake.state) &&
        bide__future_has_begun(future) && future->driver.bits == 0)
        detach(argument, future);
}

void bide__futures_detach(struct bide_runtime *rt)
{
    bide__slab_each(&rt->hub->tasks, detach_block, rt);
}

/* ---- driving ---- */

/* True: its chain has ended. */
static bool drive(struct bide_runtime *rt, struct bide_cx *cx, struct bide__task *future)
{
    bool begun = bide__future_has_begun(future);
    uint32_t woken = 0, outer = cx->turn->woken;

    if (atomic_load_explicit(&future->wake.woken, memory_order_relaxed) != 0)
        woken = atomic_exchange_explicit(&future->wake.woken, 0, memory_order_acquire);
    future->driver = cx->waker;
    if (begun && woken == 0)
        return false;
    if (!begun) {
        bide__state_ref(&future->wake.state);
        rt->futures++;
    }
    struct bide_cx sub = {.chain = &future->chain,
                          .waker = bide_waker_make(&future->wake, 0),
                          .turn = cx->turn,
                          .depth = cx->depth + 1};
    cx->turn->woken = woken & 1 ? UINT32_MAX : woken;
    enum bide_poll poll = bide_chain_poll(&sub);
    cx->turn->woken = outer;
    return poll == BIDE_READY;
}

/* Its chain has ended, and what it left has been taken. It is free if it has no handle. */
static void end(struct bide_runtime *rt, struct bide__task *future)
{
    future->driver = (bide_waker){0};
    rt->futures--;
    if (bide__state_end(&future->wake.state) && bide__state_unref(&future->wake.state))
        bide__task_free(future);
}

/* ---- get ---- */

struct get {
    struct bide_frame h;
    void **handle;
    struct bide__task *future;
};
_Static_assert(sizeof(struct get) == BIDE__GET_SIZE, "the size that generated code knows");

const struct bide_fn_info bide__get_info = {.name = "bide_get", .file = __FILE_NAME__};

/* The get returns what it returns for an error. */
static enum bide_poll get_returns(struct bide_cx *cx, struct get *f, int error)
{
    bide_fn_fail(f->h.fn, bide_frame_result(cx, &f->h), error);
    return bide_frame_finish(cx, &f->h);
}

/* The awaiting function is unwound, as by a call that finds no memory. */
static enum bide_poll get_fails(struct bide_cx *cx, struct get *f, int error)
{
    struct bide_segment *segment = bide_chain_segment(cx->chain);
    struct bide_frame *parent = bide_frame_below(&f->h, &segment);

    get_returns(cx, f, error);
    return bide_frame_fail(cx, parent, error);
}

static enum bide_poll get_ends(struct bide_runtime *rt, struct bide_cx *cx, struct get *f)
{
    struct bide__task *future = f->future;
    int error = bide_chain_error(&future->chain);
    bool dropped = true;
    void *result = bide_frame_result(cx, &f->h);

    if (error == 0 && result != NULL)
        bide__copy(result, bide__first_slot(&future->chain), f->h.fn->result_size);
    if (*f->handle == future) {
        *f->handle = NULL;
        bide__state_release(&future->wake.state);
        dropped = false;
    }
    end(rt, future);
    if (error == 0)
        return bide_frame_finish(cx, &f->h);
    return dropped ? get_returns(cx, f, error) : get_fails(cx, f, error);
}

enum bide_poll bide__get_poll(struct bide_cx *cx, struct bide_frame *frame)
{
    struct get *f = (struct get *)(void *)frame;
    struct bide_runtime *rt = bide__runtime_running();

    return drive(rt, cx, f->future) ? get_ends(rt, cx, f) : bide_frame_suspend(cx, frame);
}

enum bide_answer bide__get_cancel(struct bide_cx *cx, struct bide_frame *frame)
{
    struct get *f = (struct get *)(void *)frame;
    (void)cx;

    f->future->driver = (bide_waker){0};
    if (!bide__state_has_handle(&f->future->wake.state))
        detach(bide__runtime_running(), f->future); /* dropped while this get drove it */
    return BIDE_CANCELLED;
}

/* What is wrong with the handle, or 0. */
static int check(const struct bide_runtime *rt, const struct bide__task *future)
{
    if (rt == NULL)
        return -ENXIO;
    if (future == NULL)
        return -EINVAL;
    if (bide__task_hub(future) != rt->hub)
        return -EXDEV;
    if (future->driver.bits != 0)
        return -EBUSY;
    return bide__state_done(&future->wake.state) ? -EINVAL : 0;
}

enum bide_poll bide__start_bide_get(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                    const struct bide_fn *fn, void *handle)
{
    struct get *f = bide_frame_push(cx, sizeof(*f), fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    f->h.state = 1;
    f->handle = handle;
    f->future = *f->handle;
    int error = bide__handle_error(f->future);
    if (error != 0)
        *f->handle = NULL;
    if (error == 0 && cx->depth >= NEST_MAX)
        error = -ENOMEM;
    if (error != 0)
        return get_fails(cx, f, error);
    error = check(bide__runtime_running(), f->future);
    return error != 0 ? get_returns(cx, f, error) : bide__get_poll(cx, &f->h);
}

const struct bide_chain *bide__future_chain(const struct bide_frame *frame)
{
    if (frame->fn->poll != bide__get_poll)
        return NULL;
    return &((const struct get *)(const void *)frame)->future->chain;
}

/* ---- drop ---- */

struct drop {
    struct bide_frame h;
    void **future; /* the next one to be dropped */
    size_t count;  /* from there on */
    void *one;
    struct bide__task *unwinding; /* NULL: none */
    bool forced;
};

/* NULL: it is dropped; else it has to be unwound, and is the caller's. */
static struct bide__task *let_go(struct bide_runtime *rt, void *handle)
{
    struct bide__task *future = handle;

    if (!is_future(handle))
        return NULL;
    if (rt == NULL || check(rt, future) != 0 || !bide__future_has_begun(future)) {
        bide__future_release(handle);
        return NULL;
    }
    bide__state_release(&future->wake.state);
    return future;
}

/* The futures from f->future on, until one has to be unwound. False: all are dropped. */
static bool next(struct bide_runtime *rt, struct drop *f)
{
    f->unwinding = NULL;
    while (f->unwinding == NULL && f->count > 0) {
        void *handle = *f->future;
        *f->future++ = NULL;
        f->count--;
        f->unwinding = let_go(rt, handle);
        if (f->unwinding != NULL)
            ask(f->unwinding, f->forced);
    }
    return f->unwinding != NULL;
}

/* True: all are gone. */
static bool drive_all(struct bide_cx *cx, struct drop *f)
{
    struct bide_runtime *rt = bide__runtime_running();

    while (f->unwinding != NULL) {
        if (!drive(rt, cx, f->unwinding))
            return false;
        end(rt, f->unwinding);
        next(rt, f);
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

    if (cx->chain->flags & BIDE_CHAIN_FORCE && !f->forced) {
        f->forced = true;
        ask(f->unwinding, true);
    }
    return drive_all(cx, f) ? BIDE_COMPLETED : BIDE_WAIT;
}

static const struct bide_fn_info drop_info = {.name = "bide_drop", .file = __FILE_NAME__};

const struct bide_fn bide__desc_bide_drop = {
    .poll = drop_poll,
    .cancel = drop_cancel,
    .info = &drop_info,
    .frame_size = sizeof(struct drop),
    .frame_align_log2 = 3,
    .version = BIDE_FN_VERSION,
};

static enum bide_poll drop_go(struct bide_cx *cx, struct bide_frame *parent, void *result,
                              struct drop *from)
{
    struct bide_runtime *rt = bide__runtime_running();

    if (!next(rt, from))
        return BIDE_READY;
    struct drop *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_drop, parent, result);
    if (f == NULL) {
        do
            detach(rt, from->unwinding);
        while (next(rt, from));
        return BIDE_PENDING;
    }
    from->h = f->h;
    from->h.state = 1;
    *f = *from;
    return drop_poll(cx, &f->h);
}

enum bide_poll bide__start_bide_drop(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                     void *futures, size_t count)
{
    return drop_go(cx, parent, result, &(struct drop){.future = futures, .count = count});
}

enum bide_poll bide__start_bide_drop_one(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, void *future)
{
    struct drop f = {.one = future, .count = 1};
    f.future = &f.one;
    return drop_go(cx, parent, result, &f);
}
