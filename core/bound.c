/*
 * core/bound.c: is a function bound to a thread?
 *
 * It is if it has BIDE_FN_THREAD_BOUND, or if a function that it awaits is bound. The callees form
 * a graph with cycles, and the question is whether a function with the flag can be reached. A
 * depth-first search marks the functions that it has met, and looks at each of them once. When it
 * finds nothing, all that it has met is free. When it finds a function with the flag, the functions
 * on the path to it are bound, and the others that it has met have no answer yet.
 *
 * Marks and answers are bits in the word of `need`, which other threads read, and write for the
 * sake of bide_fn_room. So each change is atomic. No order is needed: an answer stands for itself.
 */
#include "core/bound.h"

#include "core/inside.h"

enum {
    DEPTH_MAX = 2000,
    PATH_MAX = sizeof(((struct bide_culprit *)0)->path) / sizeof(struct bide_fn *),
};

static uint32_t bits_of(const struct bide_fn_info *info)
{
    return __atomic_load_n(info->need, __ATOMIC_RELAXED);
}

static void set_bits(const struct bide_fn_info *info, uint32_t bits)
{
    __atomic_fetch_or(info->need, bits, __ATOMIC_RELAXED);
}

static void clear_bits(const struct bide_fn_info *info, uint32_t bits)
{
    __atomic_fetch_and(info->need, ~bits, __ATOMIC_RELAXED);
}

static void put_on_path(struct bide_culprit *culprit, const struct bide_fn *fn, unsigned depth)
{
    if (depth < PATH_MAX - 1)
        culprit->path[depth] = fn;
}

static void found(struct bide_culprit *culprit, const struct bide_fn *fn, unsigned depth)
{
    unsigned last = depth < PATH_MAX ? depth : PATH_MAX - 1;

    culprit->path[last] = fn;
    culprit->count = last + 1;
    culprit->value = fn->info != NULL ? fn->info->bound : NULL;
}

/* Can a function with the flag be reached? With a culprit, known answers `yes` are gone into too,
 * to find the path. */
static bool reaches(const struct bide_fn *fn, unsigned depth, struct bide_culprit *culprit)
{
    const struct bide_fn_info *info = fn->info;

    if (fn->flags & BIDE_FN_THREAD_BOUND) {
        if (culprit != NULL)
            found(culprit, fn, depth);
        return true;
    }
    if (info == NULL || info->need == NULL || depth == DEPTH_MAX)
        return false;
    uint32_t bits = bits_of(info);
    if (bits & BIDE__BOUND_KNOWN && (culprit == NULL || !(bits & BIDE__BOUND)))
        return bits & BIDE__BOUND;
    if (bits & BIDE__BOUND_MET)
        return false;
    set_bits(info, BIDE__BOUND_MET);
    for (unsigned i = 0; i < info->callee_count; i++) {
        if (!reaches(info->callees[i].fn, depth + 1, culprit))
            continue;
        set_bits(info, BIDE__BOUND | BIDE__BOUND_KNOWN);
        if (culprit != NULL)
            put_on_path(culprit, fn, depth);
        return true;
    }
    return false;
}

/* Takes the marks away, and sets the bits. */
static void forget(const struct bide_fn *fn, uint32_t bits)
{
    const struct bide_fn_info *info = fn->info;

    if (info == NULL || info->need == NULL || !(bits_of(info) & BIDE__BOUND_MET))
        return;
    set_bits(info, bits);
    clear_bits(info, BIDE__BOUND_MET);
    for (unsigned i = 0; i < info->callee_count; i++)
        forget(info->callees[i].fn, bits);
}

bool bide_fn_bound(const struct bide_fn *fn, struct bide_culprit *culprit)
{
    int known = bide_fn_bound_known(fn);

    if (known == 0 || (known == 1 && culprit == NULL))
        return known;
    bool bound = reaches(fn, 0, culprit);
    forget(fn, bound ? 0 : BIDE__BOUND_KNOWN);
    return bound;
}

bool bide__refuse_through(const struct bide_cx *cx, const struct bide_fn *fn, void *result)
{
    if (!cx->turn->refuses(fn))
        return false;
    bide_fn_fail(fn, -BIDE__EPERM, result);
    return true;
}
