/*
 * lib/task/sleepers.h: those that wait for something that, once it is so, is so for all of them: a
 * cancelled token, an empty tracker.
 *
 * A sleeper is part of its leaf's frame, and is read and written under the lock of the object.
 * While it is in the list it has a clone of the waker. A clone is made before the lock is taken,
 * and whoever takes one out of a sleeper wakes or drops it after the lock was given back, since a
 * waker may call back into the object. Once a sleeper was taken out and the lock given back, nobody
 * else touches it: its leaf may be gone.
 */
#ifndef BIDE_LIB_TASK_SLEEPERS_H
#define BIDE_LIB_TASK_SLEEPERS_H

#include "lib/sync/wait.h"

#include <bide/token.h>

struct bide__sleeper {
    struct bide__sleeper *next, *previous;
    bide_waker waker;
    bool is_listed, is_done;
};

/* All with the lock. */

static inline void sleepers_unlink(struct bide__sleepers *list, struct bide__sleeper *s)
{
    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        list->first = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;
    else
        list->last = s->previous;
    s->is_listed = false;
}

static inline void sleepers_link(struct bide__sleepers *list, struct bide__sleeper *s)
{
    s->next = NULL;
    s->previous = list->last;
    if (list->last != NULL)
        list->last->next = s;
    else
        list->first = s;
    list->last = s;
    s->is_listed = true;
}

/* The first one is done. Returns its waker, which the caller wakes; bits 0: there was none. */
static inline bide_waker sleepers_take(struct bide__sleepers *list)
{
    struct bide__sleeper *s = list->first;

    if (s == NULL)
        return (bide_waker){0};
    sleepers_unlink(list, s);
    s->is_done = true;
    return s->waker;
}

static inline void waker_drop_if(bide_waker waker)
{
    if (waker.bits != 0)
        bide_waker_drop(waker);
}

/* Without the lock, by the leaf's poll: true if it is so; false: the sleeper waits from now on. */
static inline bool sleeper_poll(struct bide_cx *cx, uint32_t *lock, struct bide__sleepers *list,
                                struct bide__sleeper *s, bool (*is_so)(const void *object),
                                const void *object)
{
    bide_waker mine = bide_waker_clone(cx->waker), old = {0};

    lock_take(lock);
    bool done = s->is_done || is_so(object);
    if (s->is_listed) {
        old = s->waker;
        sleepers_unlink(list, s);
    }
    if (!done) {
        s->waker = mine;
        sleepers_link(list, s);
        mine.bits = 0;
    }
    lock_give(lock);
    waker_drop_if(mine);
    waker_drop_if(old);
    return done;
}

/* Without the lock, by the leaf's cancel: it does not wait any more. */
static inline void sleeper_leave(uint32_t *lock, struct bide__sleepers *list,
                                 struct bide__sleeper *s)
{
    bide_waker old = {0};

    lock_take(lock);
    if (s->is_listed) {
        old = s->waker;
        sleepers_unlink(list, s);
    }
    lock_give(lock);
    waker_drop_if(old);
}

/* With the lock, which it gives back: wakes all, one after another. After the last wake it does not
 * look at the object any more. */
static inline void sleepers_wake_unlock(uint32_t *lock, struct bide__sleepers *list)
{
    for (;;) {
        bide_waker waker = sleepers_take(list);
        bool more = list->first != NULL;
        lock_give(lock);
        if (waker.bits != 0)
            bide_waker_wake(waker);
        if (!more)
            return;
        lock_take(lock);
    }
}

#endif
