/*
 * inside.h: the states of a future and what may happen to it. future.c has the table of all pairs;
 * future_await.c has the leaves of bide_get and bide_drop.
 */
#ifndef BIDE_RUNTIME_TASK_INSIDE_H
#define BIDE_RUNTIME_TASK_INSIDE_H

#include "runtime/task/task.h"

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
