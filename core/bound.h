/*
 * core/bound.h: is a function bound to a thread? For executors whose tasks may move.
 */
#ifndef BIDE_CORE_BOUND_H
#define BIDE_CORE_BOUND_H

#include <bide/core.h>

/* In the word that a descriptor's `need` points to: the need itself is below BIDE__NEED_END, and
 * above it are the answers of bide_fn_bound. */
enum {
    BIDE__NEED_END = 1 << 24,
    BIDE__BOUND = 1 << 24,
    BIDE__BOUND_KNOWN = 1 << 25,
    BIDE__BOUND_MET = 1 << 26,  /* by the search that is going on */
    BIDE__BOUND_SAID = 1 << 27, /* for executors: it has been reported */
};

/* What makes a function bound to a thread. */
struct bide_culprit {
    const struct bide_bound *value; /* NULL: its function does not tell */
    const struct bide_fn *path[8];  /* the function asked about, who it awaits, and so on */
    unsigned count;                 /* of the path, whose last function holds the value; of a longer
                                       path, the first 7 functions and the last one */
};

/*
 * True if a task of fn must stay on its thread: fn, or a function that it awaits, has
 * BIDE_FN_THREAD_BOUND, as far as descriptors tell. Calls through pointers and of futures are not
 * followed, nor paths of more than 2000 functions. The first answer for a function takes a search
 * and is kept in the `need` of descriptors. Two threads must not call this at the same time; other
 * functions may be called meanwhile. *culprit may be NULL; filling it in takes a search.
 */
bool bide_fn_bound(const struct bide_fn *fn, struct bide_culprit *culprit);

/* The same if the answer is known already: 0 or 1, otherwise -1. Any thread, at any time. */
static __inline__ int bide_fn_bound_known(const struct bide_fn *fn)
{
    if (fn->flags & BIDE_FN_THREAD_BOUND)
        return 1;
    if (fn->info == NULL || fn->info->need == NULL)
        return 0;
    uint32_t word = __atomic_load_n(fn->info->need, __ATOMIC_RELAXED);
    return word & BIDE__BOUND_KNOWN ? (word & BIDE__BOUND) != 0 : -1;
}

#endif
