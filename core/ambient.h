/*
 * core/ambient.h: a value that is current while a chain is polled, for whoever runs in it.
 *
 * bide__here.value is the current value of this thread, for example the innermost open span of
 * libbide-trace. What a chain opens (bide__ambient_push) is its own: it is current while the chain
 * is polled, also when it is polled on another thread, and not while anything else runs. So two
 * branches of a select, or two futures, do not see each other's values; and they see the value of
 * whoever polls them, as long as they have opened none.
 *
 * A value lies in memory of who opens it, in the frame of an async function for example, and values
 * are closed in the reverse order. A chain with values is marked as far (union bide__place in
 * bide/core.h): its place points to the struct of the value that was opened last. So there is no
 * table, and a chain without values pays nothing: what is far goes another way already.
 *
 *     chain.place.far --> the last value --below--> the value before it --below--> NULL
 *                         place, was_far: what the chain had before
 *
 * A value that is given to a chain from outside (bide__ambient_attach with `release`) stays to the
 * end of the chain.
 *
 * Establishes: bide_chain_poll and what polls a chain in line leave bide__here as they found it.
 *
 * Threads: a value belongs to whoever polls its chain.
 */
#ifndef BIDE_CORE_AMBIENT_H
#define BIDE_CORE_AMBIENT_H

#include <bide/core.h>

struct bide__ambient {
    struct bide__far far;     /* what the place of its chain points to meanwhile */
    union bide__place place;  /* what that was before */
    struct bide_chain *chain; /* NULL: it was opened where no chain is polled */
    const void *owner;        /* of one without a chain: whoever carries it says for what */
    struct bide__ambient *below;
    void *value;
    void *around; /* of the last one of a chain that is polled: the value of who polls it */
    /* It stays to the end of its chain, and then this is called. NULL: it is closed. */
    void (*release)(struct bide__ambient *ambient);
    bool was_far;
};

/* Of the calling thread. */
struct bide__here {
    struct bide_cx *cx; /* of the innermost poll; NULL: there is none. What has ended may still be
                           here while an executor is between two polls */
    void *value;        /* NULL: there is none */
};

/* Where there is no system there may be no thread-local variables: then all threads share it, and
 * values may be opened on one thread only. */
#if defined __unix__ && __STDC_HOSTED__
extern _Thread_local struct bide__here bide__here __attribute__((tls_model("initial-exec")));
#else
extern struct bide__here bide__here;
#endif

/* Called, unless it is NULL, when a value becomes current because its chain is polled, or no longer
 * is; not when it is opened or closed. Set once, before the first value. */
extern void (*bide__ambient_turned)(struct bide__ambient *ambient, bool in);

/* Makes what a new chain inherits of `value`, to be attached; NULL: nothing. Set likewise. */
extern struct bide__ambient *(*bide__ambient_heir)(void *value);

/* Opens a value, which becomes current; `cx`: of the innermost poll, or NULL. And closes it: it is
 * the one that was opened last. */
void bide__ambient_push(struct bide__ambient *ambient, void *value, struct bide_cx *cx);
void bide__ambient_pop(struct bide__ambient *ambient);

/* Gives a value to a chain that is not polled. Its `value` and `release` are set. */
void bide__ambient_attach(struct bide_chain *chain, struct bide__ambient *ambient);

/* The value that the chain has opened last; NULL: it has none. */
static inline struct bide__ambient *bide__ambient_of(const struct bide_chain *c)
{
    if (!(c->flags & BIDE_CHAIN_FAR))
        return NULL;
    return c->flags & BIDE_CHAIN_SEGMENT ? c->place.segment->own.far->ambient
                                         : c->place.far->ambient;
}

/* The chain is polled from now on, or no longer; for one that is far. */
void bide__ambient_enter_far(struct bide_chain *chain);
void bide__ambient_leave_far(struct bide_chain *chain, enum bide_poll poll);

static inline void bide__ambient_enter(struct bide_chain *chain)
{
    if (__builtin_expect(chain->flags & BIDE_CHAIN_FAR, 0))
        bide__ambient_enter_far(chain);
}

static inline void bide__ambient_leave(struct bide_chain *chain, enum bide_poll poll)
{
    if (__builtin_expect(chain->flags & BIDE_CHAIN_FAR, 0))
        bide__ambient_leave_far(chain, poll);
}

/* What inherits the current value; NULL: nothing does. */
static inline struct bide__ambient *bide__ambient_heir_here(void)
{
    if (__builtin_expect(bide__here.value == NULL, 1))
        return NULL;
    return bide__ambient_heir(bide__here.value);
}

/* A chain has been made in which the current value goes on. */
static inline void bide__ambient_inherit(struct bide_chain *chain)
{
    struct bide__ambient *heir = bide__ambient_heir_here();
    if (__builtin_expect(heir != NULL, 0))
        bide__ambient_attach(chain, heir);
}

#endif
