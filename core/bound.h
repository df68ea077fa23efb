/*
 * core/bound.h: the answers of bide_fn_bound that descriptors keep, for the core and for executors.
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

/* bide_fn_bound if the answer is known already: 0 or 1, otherwise -1. Any thread, at any time. */
static inline int bide_fn_bound_known(const struct bide_fn *fn)
{
    if (fn->flags & BIDE_FN_THREAD_BOUND)
        return 1;
    if (fn->info == NULL || fn->info->need == NULL)
        return 0;
    uint32_t word = __atomic_load_n(fn->info->need, __ATOMIC_RELAXED);
    return word & BIDE__BOUND_KNOWN ? (word & BIDE__BOUND) != 0 : -1;
}

#endif
