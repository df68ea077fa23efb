/*
 * lib/iter/iter.h: what the files of iterators share. bide/iter.h says what an iterator is.
 *
 * An iterator is a tree of *nodes*; each adaptor has its source, or two, below it. A node is polled
 * from the one above it, as a plain function (`poll`), and the root by the leaf bide_next. So an
 * item goes through any number of adaptors without a frame, a wake or an allocation. A poll stores
 * an item and returns 1, or returns 0, a negative errno, or ITER_WAITS: there is nothing now.
 *
 * What waits. A poll is a *look* if pull->may_wait is false: then a node only says what is there.
 * Otherwise it must, before it returns ITER_WAITS, arrange that cx->waker is woken, which is
 * borrowed: so whatever keeps it puts its `struct iter_wait` into the list of the pull. When
 * bide_next ends, with a result or cancelled, it has all of them undone. So between two calls of
 * bide_next nothing in the tree has a waker of the awaiting task, and the iterator may go to
 * another one. (A poll that returns ITER_WAITS because the budget is used up has woken the task.)
 *
 * What a node has taken and not given stays in it: an undo keeps an item that came at that moment.
 * Async functions are children of a future set in the node (lib/set), which have wakers of their
 * own, and so stay suspended.
 *
 * A node that could not be made is `bide__iter_failed`, without memory of its own.
 *
 * Threads: a tree belongs to whoever polls, closes or drops it, one at a time.
 */
#ifndef BIDE_LIB_ITER_H
#define BIDE_LIB_ITER_H

#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "lib/set/future_set.h"

#include <bide/iter.h>

enum { ITER_WAITS = INT_MAX };

enum { ITER_DEPTH_MAX = 1000 }; /* of adaptors: polls, drops nest on the C stack */

struct iter_wait {
    struct iter_wait *next;
    void (*undo)(struct iter_wait *wait, struct bide_cx *cx); /* NULL: it is in no list */
};

/* One poll of a tree. */
struct pull {
    struct bide_cx *cx;
    struct iter_wait **waits;      /* the list, in the leaf */
    const struct bide_frame *leaf; /* bide_next */
    bool may_wait;
    bool has_looked; /* a merge above has found nothing: those below need not look once more */
};

struct iter {
    const struct iter_kind *kind;
    struct iter *source, *second;  /* NULL: none */
    size_t size;                   /* of an item */
    size_t block;                  /* of the node's memory */
    void (*drop)(void *item);      /* NULL: its items own nothing */
    const struct bide_frame *leaf; /* the bide_next that is under way on this root */
    uint16_t depth;                /* of the tree below it, and itself */
    bool has_ended;                /* it has returned 0 */
};

struct iter_kind {
    int (*poll)(struct iter *node, struct pull *pull, void *item);
    /* Releases what is in the node, but for its sources. NULL: nothing is. */
    void (*end)(struct iter *node);
    /* The future set whose children must have ended before anything below the node does; it is not
     * the node's any more. NULL: there is none. */
    struct bide__future_set *(*take_set)(struct iter *node);
};

/* iter.c */

/* Nodes whose bide_next returns an error, for ever. */
struct iter *bide__iter_failed(int error);
bool bide__iter_is_failed(const struct iter *node);

/*
 * A node of `size` bytes over one or two sources, which it takes; NULL: none. All of it is zero but
 * for the head. If a source is an iterator that failed, or there is no memory, the sources are
 * dropped, *made is false, and the result is an iterator that fails.
 */
struct iter *bide__iter_new(const struct iter_kind *kind, size_t size, size_t item_size,
                            struct iter *source, struct iter *second, bool *made);

/* The wait is in the list of this pull from now on; it may be already. */
static inline void iter_waits(struct pull *p, struct iter_wait *w,
                              void (*undo)(struct iter_wait *, struct bide_cx *))
{
    if (w->undo != NULL)
        return;
    w->undo = undo;
    w->next = *p->waits;
    *p->waits = w;
}

static inline int iter_poll(struct iter *node, struct pull *p, void *item)
{
    if (node->has_ended)
        return 0;
    int r = node->kind->poll(node, p, item);
    if (r == 0)
        node->has_ended = true;
    return r;
}

/* Only what is there now: nothing begins to wait. */
static inline int iter_look(struct iter *node, struct pull *p, void *item)
{
    bool may_wait = p->may_wait;

    p->may_wait = false;
    int r = iter_poll(node, p, item);
    p->may_wait = may_wait;
    return r;
}

/* An item of this node will never be given. */
static inline void iter_lose(const struct iter *node, void *item)
{
    if (node->drop != NULL)
        node->drop(item);
}

/* ---- plain functions of the user (bide__caller) ---- */

struct iter_call {
    void (*f)(void);
    void (*caller)(void (*f)(void), void *const *args, void *result);
    void *state;
};

static inline void iter_call_init(struct iter_call *c, void (*f)(void), void (*caller)(void),
                                  void *state)
{
    c->f = f;
    c->caller = (void (*)(void (*)(void), void *const *, void *))caller;
    c->state = state;
}

/* f(*item), or f(*item, state). */
static inline void iter_call(struct iter_call *c, void *item, void *result)
{
    void *const args[] = {item, &c->state};
    c->caller(c->f, args, result);
}

static inline bool iter_test(struct iter_call *c, void *item)
{
    bool result;
    iter_call(c, item, &result);
    return result;
}

/* Gives nothing: *all = f(*all, item) for each item of `it`, which it takes. (adapt.c) */
void *bide__iter_folded(void *it, void (*f)(void), void (*caller)(void), void *all);

/* ---- timers of nodes ---- */

struct iter_timer {
    struct iter_wait wait;     /* first */
    struct bide__wheel *wheel; /* once it was armed, and for when: */
    int64_t armed_ns;
    struct bide__timer timer;
};

/* True: `deadline_ns` has passed. False: the task is woken then, if the pull may wait. *error is
 * -ENXIO if there is no runtime. */
bool bide__iter_timer_passed(struct iter_timer *timer, struct pull *p, int64_t deadline_ns,
                             int *error);

/* ---- sets of nodes (call.c) ---- */

struct iter_set {
    struct iter_wait wait; /* first */
    struct bide__future_set *set;
};

/* Makes the set if there is none. Returns 0 or -ENOMEM. */
int bide__iter_set_make(struct iter_set *s, size_t limit, bool is_ordered);

/* bide__future_set_poll, with the wait in the pull's list. */
int bide__iter_set_poll(struct iter_set *s, struct pull *p, void *out, const bool *stops);

/* For `take_set`. */
struct bide__future_set *bide__iter_set_take(struct iter_set *s);

#endif
