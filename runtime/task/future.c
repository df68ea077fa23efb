/*
 * future.c: futures as values: how one is made, woken, and goes from state to state.
 *
 * A future is a block like a task's, with a chain of its own, but marked FUTURE (state.h): a wake
 * does not put it into the run queue, but is passed on to its *driver*, the leaf of the get or drop
 * that polls it. It is a wakeable of its own, so the leaves in it hold wakers of the future and not
 * of a task: it may be polled by one task, lose a select, and be polled on by another, and what a
 * leaf left with a timer or another thread stays good. `wake.woken` keeps the wakes that come while
 * nobody drives it; bit 0 is any wake of its main chain, so 0 means that there is nothing to poll.
 *
 * The leaves that have to do with a future stand in its ring, each with a reference, so that the
 * block stays until each has seen the end. The first drives it; if it has become a task, none does.
 * All that happens on the owner's thread. A wake of another one goes through the hub, as with
 * tasks: the future is then in the run queue for a moment, and the owner passes the wake on when it
 * comes to it.
 *
 * A future that is suspended and loses its handle has to be unwound, which may await. In async code
 * the drop drives it to its end, and a get that drove it until then waits for that end and says
 * -ECANCELED. Elsewhere the future *is detached*: it becomes a task in place, with a request to
 * cancel, which needs no memory and cannot fail. A drop inside the future itself, or inside what
 * that drives, would wait for itself: there it only asks.
 *
 * The table: rows are states, columns events (future.h, which says what each is); `=`: the state
 * stays, `-`: the pair cannot be. bide__future_step makes every transition; it checks the pair and
 * the state that it leads to in all builds but release.
 *
 *                        GET POLL PEND END TAKE KEEP LEAVE DROP DEEP RELEASE MOVE CLOSE BY_FORCE
 *   F  FRESH              D   -    -    -   -    -     -    -    -      G      =     =      -
 *   D  DRIVEN             -   P    -    -   -    -     I    U    -      X      =     =      -
 *   P  POLLED             -   -    D    E   -    -     -    -    -      XP     =     -      -
 *   I  IDLE               D   -    -    -   -    -     -    U    -      T      =     C      -
 *   X  DROPPED            -   XP   -    -   -    -     T    -    T      -      -     =      -
 *   XP DROPPED_POLLED     -   -    X    G   -    -     -    -    -      -      -     -      -
 *   U  UNWINDING          -   UP   -    -   -    -     =    -    T      -      -     =      =
 *   UP UNWINDING_POLLED   -   -    U    G   -    -     =    -    -      -      -     -      -
 *   C  CLOSED             =   -    -    E   -    -     =    T    -      T      =     -      -
 *   T  DETACHED           -   -    -    G   -    -     =    -    -      -      -     -      =
 *   E  ENDED              =   -    -    -   G    K     -    -    -      G      =     -      -
 *   K  TAKEN              -   -    -    -   -    -     =    -    -      G      =     =      -
 *   G  GONE               -   -    -    -   -    -     =    -    -      -      -     =      -
 *
 * What is not there by its own name: the end of an owner's frame is a DROP, or a RELEASE in a plain
 * function, or where there is no memory, or of what need not be unwound. A get is refused, and
 * nothing happens, in D and P, in C and E while another one waits or where it would wait for itself
 * (-EBUSY), and in K (-EINVAL). The END of C and T, which are tasks, is task.c's. After shutdown's
 * deadline CLOSE asks with force. A failed allocation inside a future is an END with an error.
 *
 * References: the executor's one is there from the first poll to the end, and one of each leaf.
 * Who finds the future in the run queue when it ends leaves the executor's to whoever takes it from
 * there.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>
#include <bide/future.h>

#include <stdlib.h>

/* ---- made ---- */

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

/* ---- wakes ---- */

static void note_wake(struct bide__task *future, unsigned branch)
{
    atomic_fetch_or_explicit(&future->wake.woken, UINT32_C(1) << branch, memory_order_release);
}

/* From driver to driver, up to a task: futures may be many deep. */
static void pass_on(struct bide_runtime *rt, struct bide__task *future)
{
    while (bide__state_is_future(&future->wake.state)) {
        if (future->waiters == NULL)
            return;
        bide_waker waker = future->waiters->waker;
        struct bide_wakeable *driver = bide_waker_task(waker);
        if (driver->vtable != &bide__future_vtable) {
            bide_waker_wake_by_ref(waker);
            return;
        }
        future = (struct bide__task *)(void *)driver;
        note_wake(future, bide_waker_branch(waker));
    }
    if (bide__state_wake(&future->wake.state))
        bide__queue_push(&rt->queue, future);
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

/* ---- states ---- */

enum bide__future_state bide__future_state(const struct bide__task *future)
{
    const bide__state *state = &future->wake.state;
    bool has_handle = bide__state_has_handle(state);

    if (!has_handle && (bide__state_done(state) || bide__future_is_fresh(future)))
        return BIDE__GONE;
    if (bide__state_done(state))
        return future->end.fn == NULL ? BIDE__TAKEN : BIDE__ENDED;
    if (!bide__state_is_future(state))
        return has_handle ? BIDE__CLOSED : BIDE__DETACHED;
    if (future->waiters == NULL)
        return bide__future_has_begun(future) ? BIDE__IDLE : BIDE__FRESH;
    uint32_t leaf = bide__future_leaf_of(future->waiters)->h.state;
    bool polls = leaf & BIDE__LEAF_POLLS;
    if (leaf & BIDE__LEAF_DROP)
        return polls ? BIDE__UNWINDING_POLLED : BIDE__UNWINDING;
    if (has_handle)
        return polls ? BIDE__POLLED : BIDE__DRIVEN;
    return polls ? BIDE__DROPPED_POLLED : BIDE__DROPPED;
}

enum bide__future_state bide__future_next(enum bide__future_state state,
                                          enum bide__future_event event)
{
#define NO   0
#define SAME 255
    static const uint8_t next[BIDE__FUTURE_STATES][BIDE__FUTURE_EVENTS] = {
        [BIDE__FRESH] = {[BIDE__GET] = BIDE__DRIVEN,
                         [BIDE__RELEASE] = BIDE__GONE,
                         [BIDE__MOVE] = SAME,
                         [BIDE__CLOSE] = SAME},
        [BIDE__DRIVEN] = {[BIDE__POLL] = BIDE__POLLED,
                          [BIDE__LEAVE] = BIDE__IDLE,
                          [BIDE__DROP] = BIDE__UNWINDING,
                          [BIDE__RELEASE] = BIDE__DROPPED,
                          [BIDE__MOVE] = SAME,
                          [BIDE__CLOSE] = SAME},
        [BIDE__POLLED] = {[BIDE__PEND] = BIDE__DRIVEN,
                          [BIDE__END] = BIDE__ENDED,
                          [BIDE__RELEASE] = BIDE__DROPPED_POLLED,
                          [BIDE__MOVE] = SAME},
        [BIDE__IDLE] = {[BIDE__GET] = BIDE__DRIVEN,
                        [BIDE__DROP] = BIDE__UNWINDING,
                        [BIDE__RELEASE] = BIDE__DETACHED,
                        [BIDE__MOVE] = SAME,
                        [BIDE__CLOSE] = BIDE__CLOSED},
        [BIDE__DROPPED] = {[BIDE__POLL] = BIDE__DROPPED_POLLED,
                           [BIDE__LEAVE] = BIDE__DETACHED,
                           [BIDE__DEEP] = BIDE__DETACHED,
                           [BIDE__CLOSE] = SAME},
        [BIDE__DROPPED_POLLED] = {[BIDE__PEND] = BIDE__DROPPED, [BIDE__END] = BIDE__GONE},
        [BIDE__UNWINDING] = {[BIDE__POLL] = BIDE__UNWINDING_POLLED,
                             [BIDE__LEAVE] = SAME,
                             [BIDE__DEEP] = BIDE__DETACHED,
                             [BIDE__CLOSE] = SAME,
                             [BIDE__BY_FORCE] = SAME},
        [BIDE__UNWINDING_POLLED] =
            {[BIDE__PEND] = BIDE__UNWINDING, [BIDE__END] = BIDE__GONE, [BIDE__LEAVE] = SAME},
        [BIDE__CLOSED] = {[BIDE__GET] = SAME,
                          [BIDE__END] = BIDE__ENDED,
                          [BIDE__LEAVE] = SAME,
                          [BIDE__DROP] = BIDE__DETACHED,
                          [BIDE__RELEASE] = BIDE__DETACHED,
                          [BIDE__MOVE] = SAME},
        [BIDE__DETACHED] =
            {[BIDE__END] = BIDE__GONE, [BIDE__LEAVE] = SAME, [BIDE__BY_FORCE] = SAME},
        [BIDE__ENDED] = {[BIDE__GET] = SAME,
                         [BIDE__TAKE] = BIDE__GONE,
                         [BIDE__KEEP] = BIDE__TAKEN,
                         [BIDE__RELEASE] = BIDE__GONE,
                         [BIDE__MOVE] = SAME},
        [BIDE__TAKEN] = {[BIDE__LEAVE] = SAME,
                         [BIDE__RELEASE] = BIDE__GONE,
                         [BIDE__MOVE] = SAME,
                         [BIDE__CLOSE] = SAME},
        [BIDE__GONE] = {[BIDE__LEAVE] = SAME, [BIDE__CLOSE] = SAME},
    };
    uint8_t to = next[state][event];
    return to == SAME ? state : (enum bide__future_state)to;
}

/* ---- what happens ---- */

static void ask(struct bide__task *future, bool force)
{
    bide_chain_cancel(&future->chain, -ECANCELED, force);
    note_wake(future, 0);
}

/* It becomes a task. Whoever stands in its ring waits for the end. */
static void detach(struct bide_runtime *rt, struct bide__task *future)
{
    bide__state_detach(&future->wake.state);
    rt->futures--;
    rt->alive++;
    bide__task_cancel(rt, future, rt->forcing);
}

/* The first poll begins it, with a reference of the executor. */
static void polled(struct bide_runtime *rt, struct bide__task *future,
                   struct bide__future_leaf *leaf)
{
    leaf->h.state |= BIDE__LEAF_POLLS;
    if (bide__future_has_begun(future))
        return;
    bide__state_ref(&future->wake.state);
    rt->futures++;
}

/* Its chain has ended. The leaf that polled it, and those that waited, still refer to it. */
static void ended(struct bide_runtime *rt, struct bide__task *future,
                  struct bide__future_leaf *leaf)
{
    void *result = bide__first_slot(&future->chain);
    int error = bide_chain_error(&future->chain);

    leaf->h.state &= ~(uint32_t)BIDE__LEAF_POLLS;
    bide__joiner_remove(&leaf->waiter);
    future->end.fn = leaf->h.fn;
    future->end.result = result;
    future->end.error = error;
    bide__joiners_wake(future);
    rt->futures--;
    if (bide__state_end(&future->wake.state))
        bide__state_unref(&future->wake.state);
}

/* True: it is free. */
static bool released(struct bide_runtime *rt, struct bide__task *future,
                     enum bide__future_state from)
{
    if (from == BIDE__FRESH)
        bide__future_drop_args(future);
    if (bide__state_release(&future->wake.state)) {
        bide__task_free(future);
        return true;
    }
    if (from == BIDE__IDLE)
        detach(rt, future);
    if (from == BIDE__POLLED || from == BIDE__DRIVEN)
        ask(future, false);
    if (from == BIDE__DRIVEN)
        pass_on(rt, future);
    return false;
}

/* True: it is free. */
static bool left(struct bide_runtime *rt, struct bide__task *future, struct bide__future_leaf *leaf,
                 enum bide__future_state from)
{
    bide__joiner_remove(&leaf->waiter);
    leaf->waiter.task = NULL;
    if (from == BIDE__DROPPED)
        detach(rt, future);
    if (!bide__state_unref(&future->wake.state))
        return false;
    bide__task_free(future);
    return true;
}

/* A drop takes the handle, and comes before a get that drove it until now. */
static void dropped(struct bide__task *future, struct bide__future_leaf *leaf,
                    enum bide__future_state from)
{
    bide__joiner_add(future, &leaf->waiter, leaf->waiter.waker);
    bide__state_release(&future->wake.state);
    if (from == BIDE__CLOSED)
        return;
    future->waiters = &leaf->waiter;
    ask(future, false);
}

/* A get that is under way does not look at its variable any more. */
static void moved(struct bide__task *future)
{
    if (future->waiters != NULL)
        ((struct bide__get *)(void *)bide__future_leaf_of(future->waiters))->variable = NULL;
}

static void forced(struct bide_runtime *rt, struct bide__task *future, enum bide__future_state from)
{
    if (from == BIDE__DETACHED)
        bide__task_cancel(rt, future, true);
    else
        ask(future, true);
}

/* True: it is free. */
static bool act(struct bide_runtime *rt, struct bide__task *future, enum bide__future_state from,
                enum bide__future_event event, struct bide__future_leaf *leaf)
{
    switch (event) {
    case BIDE__GET: bide__joiner_add(future, &leaf->waiter, leaf->waiter.waker); break;
    case BIDE__POLL: polled(rt, future, leaf); break;
    case BIDE__PEND: leaf->h.state &= ~(uint32_t)BIDE__LEAF_POLLS; break;
    case BIDE__END: ended(rt, future, leaf); break;
    case BIDE__TAKE: return released(rt, future, from);
    case BIDE__KEEP: future->end.fn = NULL; break;
    case BIDE__LEAVE: return left(rt, future, leaf, from);
    case BIDE__DROP: dropped(future, leaf, from); break;
    case BIDE__DEEP: detach(rt, future); break;
    case BIDE__RELEASE: return released(rt, future, from);
    case BIDE__MOVE: moved(future); break;
    case BIDE__CLOSE:
        if (from == BIDE__IDLE)
            detach(rt, future);
        break;
    case BIDE__BY_FORCE: forced(rt, future, from); break;
    case BIDE__FUTURE_EVENTS: break;
    }
    return false;
}

#ifdef BIDE_CHECK_STATES
_Atomic(bool) bide__future_seen[BIDE__FUTURE_STATES][BIDE__FUTURE_EVENTS];

static void check(bool right)
{
    if (!right)
        abort();
}
#endif

void bide__future_step(struct bide_runtime *rt, struct bide__task *future,
                       enum bide__future_event event, struct bide__future_leaf *leaf)
{
    enum bide__future_state from = bide__future_state(future);
#ifdef BIDE_CHECK_STATES
    enum bide__future_state to = bide__future_next(from, event);
    check(to != 0);
    atomic_store_explicit(&bide__future_seen[from][event], true, memory_order_relaxed);
    bool is_free = act(rt, future, from, event, leaf);
    check((is_free ? BIDE__GONE : bide__future_state(future)) == to);
#else
    act(rt, future, from, event, leaf);
#endif
}

/* ---- the handle ---- */

void bide__future_let_go(struct bide_runtime *rt, struct bide__task *future)
{
    bide__future_step(rt, future, BIDE__RELEASE, NULL);
}

static void let_go_of(struct bide__task *future)
{
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(future));
    if (rt != NULL)
        bide__future_let_go(rt, future);
    else
        bide__hub_release(future);
}

/* One that never began may own another in its arguments, and so on: they go one after the other. */
void bide__future_release(void *handle)
{
    struct bide__task *future = handle;

    if (!bide__is_future(handle))
        return;
    if (!bide__future_is_fresh(future)) {
        let_go_of(future);
        return;
    }
    future->wake.next = bide__thread.to_release;
    bide__thread.to_release = future;
    if (bide__thread.releases)
        return;
    bide__thread.releases = true;
    while (bide__thread.to_release != NULL) {
        future = bide__thread.to_release;
        bide__thread.to_release = future->wake.next;
        let_go_of(future);
    }
    bide__thread.releases = false;
}

void bide__future_moved(void *handle)
{
    if (!bide__is_future(handle))
        return;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(handle));
    if (rt != NULL)
        bide__future_step(rt, handle, BIDE__MOVE, NULL);
}

/* ---- shutdown ---- */

static void close_block(void *block, void *argument)
{
    struct bide__task *future = block;
    if (bide__state_is_future(&future->wake.state))
        bide__future_step(argument, future, BIDE__CLOSE, NULL);
}

void bide__futures_close(struct bide_runtime *rt)
{
    bide__slab_each(&rt->hub->tasks, close_block, rt);
}
