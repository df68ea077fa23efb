/*
 * lib/set/future_set.h: what the files of future sets share. bide/set.h says what a set is.
 *
 * A child is one block: its wakeable, its chain with room for frames, and its result. It is in the
 * set's row, in the order in which the children were added, until its end was told. It is
 *
 *   held     over the limit: it waits in `held`
 *   fresh    it has not begun, but is in the list of those that are ready (ready.h)
 *   begun    its chain lives; it is polled when it was woken
 *   ended    its result, or its error, is there. In an unordered set its end is told at once
 *
 * One leaf at a time polls the children: `flock.leaf`. Everything but `ready` belongs to the task
 * that uses the set. The set's memory stays until its handle is gone and every child has been
 * freed, since a wake by another thread may come at any time.
 */
#ifndef BIDE_LIB_SET_FUTURE_SET_H
#define BIDE_LIB_SET_FUTURE_SET_H

#include "lib/leaf.h"

#include "lib/set/ready.h"
#include "runtime/task/task.h"

#include <bide/set.h>

struct child {
    struct bide_wakeable wake; /* state: see ready.h */
    struct bide_chain chain;
    struct bide__future_set *set;
    const struct bide_fn *fn;
    struct child *older, *newer; /* in the row */
    void *result;                /* NULL: there is none */
    uint64_t id;
    size_t size; /* of the block, which begins `shift` bytes before */
    int error;   /* once it has ended: why there is no result, or 0 */
    bool is_begun, has_ended;
    uint8_t shift;
    char room[];
};

struct bide__future_set {
    struct bide__flock flock; /* first: `each` gets it */
    struct ready ready;
    _Atomic uintptr_t references; /* the handle, and each child */
    size_t limit;                 /* of how many run; SIZE_MAX: none */
    size_t running;               /* fresh or begun */
    size_t length; /* children whose end was not told, those that were not made too */
    size_t unmade; /* for want of memory */
    uint64_t ids;
    struct child *first, *last; /* the row */
    struct bide_wakeable *held, *held_last;
    bool is_ordered, is_closing;
    bool is_unconstrained; /* its children do not ask for the budget */
    /* For the sets of iterators, whose children are all calls of one function: */
    bool keeps_memory;                       /* of children that have ended, for those that come */
    struct child *spare;                     /* linked by `newer` */
    void *owner;                             /* the node; the first argument of these two: */
    void (*drop)(void *owner, void *result); /* for results that are not told */
    void (*drop_args)(void *owner, void *args); /* for the arguments of calls that never begin */
};

/* future_set.c, for other leaves that poll a set, without a `next`: */

/* Polls children until one has ended whose end is to be told, or until *stops is set (unless it is
 * NULL). Returns what `next` does, or BIDE__SET_WAITS. Then the set may keep a clone of cx->waker,
 * until bide__future_set_polled_by says that nobody polls. */
int bide__future_set_poll(struct bide__future_set *set, struct bide_cx *cx, void *out,
                          const bool *stops);

/* A leaf polls the set from now on; NULL: nobody does, and no waker is kept. */
void bide__future_set_polled_by(struct bide__future_set *set, const struct bide_frame *leaf);

/* Closes a set in two steps: asks the children to cancel, and may be called again with force; and
 * then, until it says true, which ends the set: polls them, as bide__future_set_poll does. */
void bide__future_set_ask(struct bide__future_set *set, bool force);
bool bide__future_set_unwind(struct bide__future_set *set, struct bide_cx *cx);

static inline bool bide__future_set_is_empty(const struct bide__future_set *set)
{
    return set->first == NULL;
}

/* No end is known, and no child was woken. */
static inline bool bide__future_set_is_quiet(struct bide__future_set *set)
{
    return set->first != NULL && !(set->is_ordered && set->first->has_ended) &&
           ready_is_empty(&set->ready);
}

/* Adds a child, as bide__future_set_add does. False: there is no memory, and nothing has
 * happened. */
bool bide__future_set_try_add(struct bide__future_set *set, const struct bide_fn *fn,
                              const void *args);

/* child.c */

extern const struct bide_waker_vtable bide__child_vtable;

void bide__future_set_unref(struct bide__future_set *set);

/* Takes the child, which has ended, out of the row, and lets go of it: its end is told; or it is
 * forgotten, and a result that is an owner is dropped. */
void bide__child_take(struct bide__future_set *set, struct child *c);
void bide__child_drop(struct bide__future_set *set, struct child *c);

/* A child that has not begun: it ends, and never will. */
void bide__child_forget(struct bide__future_set *set, struct child *c);

/* Polls a child that was woken. True: it has ended. */
bool bide__child_poll(struct bide__future_set *set, struct bide_cx *cx, struct child *c);

/* The next child that was woken and has not ended, with the list's reference. */
struct child *bide__child_pop(struct bide__future_set *set);

/* For the one that uses the set. */
void bide__child_unref(struct child *c);

/* Frees what was kept of children that have ended. */
void bide__child_memory_free(struct bide__future_set *set);

#endif
