/*
 * hub.h: what other threads may touch of a runtime.
 *
 * Wakes, dropped wakers, aborts, released handles and messages (struct bide__post) of other threads
 * come together here, under one mutex, and the owner takes them over between two tasks. When the
 * owner sleeps in the driver it is woken, once a sleep.
 *
 * The hub owns the memory of the tasks. It outlives its runtime as long as anything refers to a
 * task: a waker kept by another thread, a handle. Then it is *closed*, its tasks have all ended,
 * and the last reference to go frees it.
 *
 * An abort from another thread must not write the task's state (state.h says why) and has no node
 * to queue, so it sets the bit of the task's block in its chunk; the owner looks at the bits of all
 * chunks then. The same for a handle that is released on another thread.
 */
#ifndef BIDE_RUNTIME_HUB_H
#define BIDE_RUNTIME_HUB_H

#include "runtime/io/driver.h"
#include "runtime/task/task.h"

struct bide__hub {
    pthread_mutex_t mutex;
    _Atomic bool pending; /* there is something to take over; written under the mutex */

    /* Under the mutex. */
    struct bide__task *woken_first, *woken_last; /* linked by wake.next */
    struct bide__task *dead;                     /* to be freed */
    struct bide__post *posts, **posts_end;       /* messages, in their order */
    bool asked;                                  /* a chunk is marked */
    bool sleeping; /* the owner is, or is about to be, in the driver */
    bool closed;   /* there is no owner any more */
    struct bide__driver *driver;

    /* The owner's; once closed, under the mutex. */
    struct bide__slab tasks;
    size_t blocks;            /* of tasks in use */
    struct bide__task *fresh; /* futures to be dropped that never began, linked by wake.next */
    struct bide__post *due, **due_end; /* messages taken over, to be read between two polls */
};

int bide__hub_new(struct bide__hub **out, struct bide__driver *driver);

/* The owner's end: all tasks are DONE. Frees the hub, now or with the last reference. */
void bide__hub_close(struct bide__hub *hub);

/* Owner: takes over everything, anywhere; and reads the messages, between two polls. */
void bide__hub_take(struct bide__hub *hub, struct bide_runtime *rt);
void bide__hub_read(struct bide__hub *hub);

/* Owner: false: there is something to take over; true: from now on the driver is woken for it. */
bool bide__hub_sleep(struct bide__hub *hub);
void bide__hub_awake(struct bide__hub *hub);

/* Other threads. */
void bide__hub_notify(struct bide__hub *hub); /* the owner shall look at everything once more */
void bide__hub_wake(struct bide__task *task);
void bide__hub_unref(struct bide__task *task);
void bide__hub_abort(struct bide__task *task);
void bide__hub_release(struct bide__task *task);

#endif
