/*
 * future.c: futures as values: how a future is woken, and how it goes from state to state.
 *
 * A future is a block like a task's, with a chain of its own, but marked FUTURE (task.h): a wake
 * does not put it into the run queue, but is passed on to its *driver*, the leaf of the get or drop
 * that polls it. A future is its own wakeable, so the leaves in it hold wakers of the future and
 * not of a task. It may be polled by one task, lose a select, and then be polled by another task,
 * and the waker that a leaf left with a timer or another thread stays valid. `wake.woken` keeps the
 * wakes that come while nobody drives it. Bit 0 stands for any wake of its main chain, so 0 means
 * that there is nothing to poll.
 *
 * Every leaf that waits for a future is in its ring, with a reference, so that the block stays
 * until each of them has seen the end. The first one drives the future, unless it has become a
 * task. On a current_thread runtime all this happens on the owner's thread. A wake from another
 * thread goes through the hub, as it does for tasks: the future is then in the run queue for a
 * moment, and the owner passes the wake on when its turn comes. On a multi_thread runtime each step
 * is made under the future's lock (task.h), and so is the wake of the driver, which cannot go
 * meanwhile: to leave, its leaf needs the lock. Only one task at a time may use the handle there.
 *
 * A future that is suspended and loses its handle has to be unwound, which may await. In async code
 * the drop drives it to its end; a get that drove it until then waits for that end and returns
 * -ECANCELED. Elsewhere the future *is detached*: it becomes a task in place, with a request to
 * cancel, which needs no memory and cannot fail. A drop inside the future itself, or inside a
 * future that it drives, would wait for itself; it only asks to cancel.
 *
 * In the table, rows are states and columns are events (see inside.h). `=` means that the state
 * stays, `-` that the event cannot happen there. (KEEP in G: on another worker the handle was let
 * go of in between.) bide__future_step makes every transition; in all builds but release it checks
 * the pair and the state that it leads to.
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
 *   G  GONE               -   -    -    -   -    =     =    -    -      -      -     =      -
 *
 * Some things have no event of their own. The end of an owner's scope is a DROP; it is a RELEASE in
 * a plain function, without memory, or for a future that need not be unwound. A get is refused, and
 * nothing happens, in D and P, in C and E while another get waits or where it would wait for itself
 * (-EBUSY), and in K (-EINVAL). In C and T the future is a task, so task.c makes the END. After the
 * deadline of a shutdown, CLOSE asks with force. A failed allocation inside a future is an END with
 * an error.
 *
 * References: the executor has one from the first poll to the end, and so does each leaf. If the
 * future is in the run queue when it ends, the executor's reference is dropped by the code that
 * takes it from there.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>
#include <bide/future.h>

#include <stdio.h>

/* ---- before it begins ---- */

bool bide__future_is_fresh(const struct bide__task *future)
{
    return bide__state_is_future(&future->wake.state) && !bide__state_done(&future->wake.state) &&
           future->waiters == NULL && !bide__future_has_begun(future);
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

/* Passes a wake from driver to driver, up to a task: futures may be nested deep. */
static void pass_on(struct bide__worker *worker, struct bide__task *future)
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
        bide__schedule(worker, future);
}

static void wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct bide__task *future = (struct bide__task *)(void *)w;
    struct bide__worker *worker = bide__worker_awake(bide__task_hub(future));

    note_wake(future, branch);
    if (worker != NULL)
        pass_on(worker, future);
    else if (bide__state_wake_remote(&w->state))
        bide__schedule(NULL, future);
}

static void wake(struct bide_wakeable *w, unsigned branch)
{
    wake_by_ref(w, branch);
    bide__waker_drop(w);
}

const struct bide_waker_vtable bide__future_vtable = {bide__waker_clone, wake, wake_by_ref,
                                                      bide__waker_drop};

void bide__future_woken(struct bide__worker *worker, struct bide__task *future)
{
    bool again = bide__state_suspend(&future->wake.state);

    if (bide__state_done(&future->wake.state)) {
        if (bide__state_unref(&future->wake.state))
            bide__task_free(future);
        return;
    }
    if (again)
        bide__schedule(worker, future);
    pass_on(worker, future);
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
        [BIDE__GONE] = {[BIDE__KEEP] = SAME, [BIDE__LEAVE] = SAME, [BIDE__CLOSE] = SAME},
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

/* It becomes a task. The leaves in its ring wait for the end. */
static void detach(struct bide__worker *worker, struct bide__task *future)
{
    struct bide__hub *hub = bide__task_hub(future);
    bide__state_detach(&future->wake.state);
    bide__count_alive(hub);
    bide__count(hub, &hub->futures, (size_t)-1);
    if (__builtin_expect(hub->runtime->worker->watched, 0))
        bide__task_spawned(hub->runtime, future, NULL);
    bide__task_cancel(worker, future, hub->runtime->forcing);
}

/* The first poll begins it, and gives the executor a reference. */
static void polled(struct bide__task *future, struct bide__future_leaf *leaf)
{
    leaf->h.state |= BIDE__LEAF_POLLS;
    if (bide__future_has_begun(future))
        return;
    bide__state_ref(&future->wake.state);
    bide__count(bide__task_hub(future), &bide__task_hub(future)->futures, 1);
}

/* Its chain has ended. The leaf that polled it, and those that waited, still refer to it. */
static void ended(struct bide__task *future, struct bide__future_leaf *leaf)
{
    const struct bide_fn *fn = bide__task_fn(future);
    void *result = bide__first_slot(&future->chain);
    int error = bide_chain_error(&future->chain);

    leaf->h.state &= ~(uint32_t)BIDE__LEAF_POLLS;
    bide__joiner_remove(&leaf->waiter);
    future->end.fn = fn;
    future->end.result = result;
    future->end.error = error;
    bide__joiners_wake(future);
    bide__count(bide__task_hub(future), &bide__task_hub(future)->futures, (size_t)-1);
    if (bide__state_end(&future->wake.state))
        bide__state_unref(&future->wake.state);
}

/* True: nobody refers to it. */
static bool released(struct bide__worker *worker, struct bide__task *future,
                     enum bide__future_state from)
{
    if (bide__state_release(&future->wake.state))
        return true;
    if (from == BIDE__IDLE)
        detach(worker, future);
    bool is_multi = bide__state_is_multi(&future->wake.state);
    if (from == BIDE__DRIVEN || (from == BIDE__POLLED && !is_multi))
        ask(future, false);
    if (from == BIDE__DRIVEN && is_multi)
        bide__multi_future_pass_on(future);
    else if (from == BIDE__DRIVEN)
        pass_on(worker, future);
    return false;
}

/* If it lost its handle while it was polled, perhaps by another worker, it is asked now: nobody
 * else touches a chain that is polled. */
static void pends(struct bide__task *future, struct bide__future_leaf *leaf,
                  enum bide__future_state from)
{
    leaf->h.state &= ~(uint32_t)BIDE__LEAF_POLLS;
    if (from != BIDE__DROPPED_POLLED || !bide__state_is_multi(&future->wake.state))
        return;
    ask(future, false);
    bide__multi_future_pass_on(future);
}

/* True: nobody refers to it. */
static bool left(struct bide__worker *worker, struct bide__task *future,
                 struct bide__future_leaf *leaf, enum bide__future_state from)
{
    bide__joiner_remove(&leaf->waiter);
    leaf->waiter.task = NULL;
    if (from == BIDE__DROPPED)
        detach(worker, future);
    return bide__state_unref(&future->wake.state);
}

/* A drop takes the handle, and the first place in the ring from a get that drove it until now. */
static void dropped(struct bide__task *future, struct bide__future_leaf *leaf,
                    enum bide__future_state from)
{
    bide__joiner_add(future, &leaf->waiter, leaf->waiter.waker);
    bide__state_release(&future->wake.state);
    if (from == BIDE__CLOSED)
        return;
    __atomic_store_n(&future->waiters, &leaf->waiter, __ATOMIC_RELAXED);
    ask(future, false);
}

/* A get that waits must not look at its variable any more. */
static void moved(struct bide__task *future)
{
    if (future->waiters != NULL)
        ((struct bide__get *)(void *)bide__future_leaf_of(future->waiters))->variable = NULL;
}

static void forced(struct bide__worker *worker, struct bide__task *future,
                   enum bide__future_state from)
{
    if (from == BIDE__DETACHED)
        bide__task_cancel(worker, future, true);
    else
        ask(future, true);
}

/* True: nobody refers to it. */
static bool act(struct bide__worker *worker, struct bide__task *future,
                enum bide__future_state from, enum bide__future_event event,
                struct bide__future_leaf *leaf)
{
    switch (event) {
    case BIDE__GET: bide__joiner_add(future, &leaf->waiter, leaf->waiter.waker); break;
    case BIDE__POLL: polled(future, leaf); break;
    case BIDE__PEND: pends(future, leaf, from); break;
    case BIDE__END: ended(future, leaf); break;
    case BIDE__TAKE: return released(worker, future, from);
    case BIDE__KEEP:
        if (from == BIDE__ENDED)
            future->end.fn = NULL;
        break;
    case BIDE__LEAVE: return left(worker, future, leaf, from);
    case BIDE__DROP: dropped(future, leaf, from); break;
    case BIDE__DEEP: detach(worker, future); break;
    case BIDE__RELEASE: return released(worker, future, from);
    case BIDE__MOVE: moved(future); break;
    case BIDE__CLOSE:
        if (from == BIDE__IDLE)
            detach(worker, future);
        break;
    case BIDE__BY_FORCE: forced(worker, future, from); break;
    case BIDE__FUTURE_EVENTS: break;
    }
    return false;
}

#ifdef BIDE_CHECK_STATES
_Atomic(bool) bide__future_seen[BIDE__FUTURE_STATES][BIDE__FUTURE_EVENTS];

static void check(bool right, enum bide__future_state from, enum bide__future_event event,
                  const char *wrong)
{
    static const char *const states[] = {"-",
                                         "FRESH",
                                         "DRIVEN",
                                         "POLLED",
                                         "IDLE",
                                         "DROPPED",
                                         "DROPPED_POLLED",
                                         "UNWINDING",
                                         "UNWINDING_POLLED",
                                         "CLOSED",
                                         "DETACHED",
                                         "ENDED",
                                         "TAKEN",
                                         "GONE"};
    static const char *const events[] = {"GET",  "POLL",  "PEND",    "END",  "TAKE",
                                         "KEEP", "LEAVE", "DROP",    "DEEP", "RELEASE",
                                         "MOVE", "CLOSE", "BY_FORCE"};
    char text[96];

    _Static_assert(sizeof(states) / sizeof(states[0]) == BIDE__FUTURE_STATES, "a name for each");
    _Static_assert(sizeof(events) / sizeof(events[0]) == BIDE__FUTURE_EVENTS, "a name for each");
    if (right)
        return;
    snprintf(text, sizeof(text), "future: %s in %s: %s", events[event], states[from], wrong);
    bide__broken(text);
}
#endif

/* A result that nobody takes. What drops it is the program's, so it is taken out with the lock, and
 * dropped without. */
struct unwanted {
    const struct bide_fn *fn;
    const void *result; /* NULL: there is none */
};

/* With the lock. */
static struct unwanted take_result(struct bide__task *future)
{
    struct unwanted u = {.fn = future->end.fn};

    if (u.fn == NULL || u.fn->release == NULL)
        return u;
    u.result = future->end.error == 0 ? future->end.result : NULL;
    future->end.result = NULL;
    return u;
}

/* Without the lock. */
static void drop_result(struct unwanted u)
{
    if (u.result != NULL)
        u.fn->release(NULL, u.result);
}

/* Has it arguments, or a result, of which somebody else must hear that they go? */
static bool owns(const struct bide__task *future, enum bide__future_state state)
{
    if (state == BIDE__FRESH)
        return future->chain.leaf->fn->release != NULL;
    return state == BIDE__ENDED && future->end.fn->release != NULL;
}

/* With the lock, for who has the handle: what the future owns goes first. Returns the state after
 * that, since a get may have seen meanwhile that there is nothing to be had. */
static enum bide__future_state drop_owned(struct bide__task *future, enum bide__future_state from)
{
    struct unwanted u = {.fn = NULL};

    if (from == BIDE__ENDED)
        u = take_result(future);
    bide__task_unlock(future, 0);
    if (from == BIDE__FRESH)
        bide__future_drop_args(future);
    drop_result(u);
    bide__task_lock(future);
    return bide__future_state(future);
}

void bide__future_step(struct bide__worker *worker, struct bide__task *future,
                       enum bide__future_event event, struct bide__future_leaf *leaf)
{
    bide__task_lock(future);
    enum bide__future_state from = bide__future_state(future);
    if (event == BIDE__RELEASE && owns(future, from))
        from = drop_owned(future, from);
    struct unwanted unwanted = {.fn = NULL};
#ifdef BIDE_CHECK_STATES
    enum bide__future_state to = bide__future_next(from, event);
    check(to != 0, from, event, "the table has no such pair");
    atomic_store_explicit(&bide__future_seen[from][event], true, memory_order_relaxed);
    bool is_free = act(worker, future, from, event, leaf);
    check((is_free ? BIDE__GONE : bide__future_state(future)) == to, from, event,
          "it led to another state than the table says");
#else
    bool is_free = act(worker, future, from, event, leaf);
#endif
    if (event == BIDE__END && leaf->h.state & BIDE__LEAF_DROP) /* else a get takes it */
        unwanted = take_result(future);
    if (is_free)
        bide__task_free(future);
    else
        bide__task_unlock(future, 0);
    drop_result(unwanted); /* it is in the block, to which the leaf still refers */
}

/* ---- the handle ---- */

void bide__future_let_go(struct bide__worker *worker, struct bide__task *future)
{
    bide__future_step(worker, future, BIDE__RELEASE, NULL);
}

static void let_go_of(struct bide__task *future)
{
    struct bide__worker *worker = bide__worker_awake(bide__task_hub(future));
    if (worker != NULL || bide__state_is_multi(&future->wake.state))
        bide__future_let_go(worker, future);
    else
        bide__hub_release(future);
}

/* A future that nobody has polled is a forgotten await, unless its drop is written, or its owner is
 * unwound or never began itself. `wake.next` is the place of its bide_lazy, "FILE:LINE"; NULL: that
 * is not known, or need not be told. */
static void report_unpolled(const struct bide__task *future)
{
    const char *place = future->wake.next;
    const struct bide_fn_info *info = bide__task_fn(future)->info;
    char text[320];

    if (place == NULL || bide__thread.forgives || bide__thread.releases)
        return;
    int n = snprintf(text, sizeof(text),
                     "bide: %s: the future of '%s' that was made here is dropped, and nobody has "
                     "awaited it: nothing of it has run; if that is meant, write bide_drop\n",
                     place, info != NULL ? info->name : "?");
    if ((size_t)n < sizeof(text))
        (void)bide__door.write(STDERR_FILENO, text, (size_t)n);
}

/* For whoever has the handle: nobody has polled it. A get of another worker may be polling it just
 * now, and then nobody else looks at its chain. */
static bool is_unpolled(struct bide__task *future)
{
    bide__task_lock(future);
    bool is = bide__future_is_fresh(future);
    bide__task_unlock(future, 0);
    return is;
}

void bide__future_forgive(void *handle)
{
    struct bide__task *future = handle;

    if (bide__is_future(handle) && is_unpolled(future))
        future->wake.next = NULL;
}

void bide__future_drop(void *handle)
{
    bide__future_forgive(handle);
    bide__future_release(handle);
}

/* A future that never began may own another one in its arguments, and so on. They go one after the
 * other, not inside each other. */
void bide__future_release(void *handle)
{
    struct bide__task *future = handle;

    if (!bide__is_future(handle))
        return;
    if (!is_unpolled(future)) {
        let_go_of(future);
        return;
    }
    report_unpolled(future);
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
    struct bide__task *future = handle;
    struct bide__worker *worker = bide__worker_owned(bide__task_hub(future));
    if (worker != NULL || bide__state_is_multi(&future->wake.state))
        bide__future_step(worker, future, BIDE__MOVE, NULL);
}

/* ---- shutdown ---- */

/* Threads outside may drop a future meanwhile, so it is referred to; its end takes the mutex. */
static void close_multi(struct bide__worker *worker, struct bide__task *future)
{
    if (!bide__state_ref_if_any(&future->wake.state))
        return;
    pthread_mutex_unlock(&worker->hub->mutex);
    bide__future_step(worker, future, BIDE__CLOSE, NULL);
    if (bide__state_unref_remote(&future->wake.state))
        bide__task_free(future);
    pthread_mutex_lock(&worker->hub->mutex);
}

static void close_block(void *block, void *argument)
{
    struct bide__task *future = block;
    if (!bide__state_is_future(&future->wake.state))
        return;
    if (bide__state_is_multi(&future->wake.state))
        close_multi(argument, future);
    else
        bide__future_step(argument, future, BIDE__CLOSE, NULL);
}

void bide__futures_close(struct bide__worker *worker)
{
    bide__hub_each(worker->hub, close_block, worker);
}
