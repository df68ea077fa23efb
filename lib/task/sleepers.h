/*
 * lib/task/sleepers.h: those that wait for something that, once it is so, is so for all of them: a
 * cancelled token, an empty tracker.
 *
 * A sleeper is part of its leaf's frame, and is read and written under the lock of the object.
 * While it is in the list it has a clone of the waker. A clone is made before the lock is taken,
 * and whoever takes one out of a sleeper wakes or drops it after the lock was given back, since a
 * waker may call back into the object. Once a sleeper was taken out and the lock given back, nobody
 * else touches it: its leaf may be gone.
 *
 * Many are woken in portions, and between two of them the lock is free. So that the object stays
 * meanwhile, the last one that is to be woken is `due`: it does not leave before it is woken.
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
    list_unlink(list, s);
    s->is_listed = false;
}

static inline void sleepers_link(struct bide__sleepers *list, struct bide__sleeper *s)
{
    list_append(list, s);
    s->is_listed = true;
}

/* Without the lock, by the leaf's poll: true if it is so; false: the sleeper waits from now on. */
static inline bool sleeper_poll(struct bide_cx *cx, uint32_t *lock, struct bide__sleepers *list,
                                struct bide__sleeper *s, bool (*is_so)(const void *object),
                                const void *object)
{
    bide_waker mine = bide_waker_clone(cx->waker), old = {0};

    lock_take(lock);
    bool done = s->is_done || (list->due != s && is_so(object));
    if (s->is_listed)
        old = s->waker;
    if (s->is_listed && done)
        sleepers_unlink(list, s);
    if (!s->is_listed && !done)
        sleepers_link(list, s);
    if (!done) {
        s->waker = mine;
        mine.bits = 0;
    }
    lock_give(lock);
    waker_drop_any(mine);
    waker_drop_any(old);
    return done;
}

/* Without the lock, by the leaf's cancel. */
static inline enum bide_answer sleeper_leave(struct bide_cx *cx, uint32_t *lock,
                                             struct bide__sleepers *list, struct bide__sleeper *s)
{
    bide_waker mine = bide_waker_clone(cx->waker), old = {0};

    lock_take(lock);
    bool stays = s->is_listed && list->due == s;
    if (s->is_listed)
        old = s->waker;
    if (stays) {
        s->waker = mine;
        mine.bits = 0;
    } else if (s->is_listed) {
        sleepers_unlink(list, s);
    }
    lock_give(lock);
    waker_drop_any(mine);
    waker_drop_any(old);
    return stays ? BIDE_WAIT : BIDE_CANCELLED;
}

/* With the lock, which it gives back: wakes all that are in the list now. When the last of them is
 * out of it, this does not look at the object any more. */
static inline void sleepers_wake_unlock(uint32_t *lock, struct bide__sleepers *list)
{
    struct wakes wakes;
    bool more = list->due == NULL && list->last != NULL; /* else somebody else does it */

    wakes.count = 0;
    list->due = list->last;
    while (more) {
        while (more && !wakes_are_full(&wakes)) {
            struct bide__sleeper *s = list->first;
            more = s != list->due;
            sleepers_unlink(list, s);
            s->is_done = true;
            wakes_add(&wakes, s->waker);
        }
        if (!more)
            break;
        lock_give(lock);
        wakes_spend(&wakes);
        lock_take(lock);
    }
    if (wakes.count > 0)
        list->due = NULL;
    lock_give(lock);
    wakes_spend(&wakes);
}

#endif
