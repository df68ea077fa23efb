/*
 * core/inside.h: what the files of the core share, beyond the contract in bide/core.h.
 *
 * The core is freestanding: it includes only the compiler's own headers and calls only memcpy and
 * memset. So the error numbers that it returns itself are defined here. They are those of Linux; a
 * port to another system overrides them on the command line.
 */
#ifndef BIDE_CORE_INSIDE_H
#define BIDE_CORE_INSIDE_H

#include "core/assert.h"

#include <bide/core.h>

#ifndef BIDE__EPERM
#define BIDE__EPERM 1
#endif
#ifndef BIDE__ENOMEM
#define BIDE__ENOMEM 12
#endif
#ifndef BIDE__ENOENT
#define BIDE__ENOENT 2
#endif
#ifndef BIDE__ETIMEDOUT
#define BIDE__ETIMEDOUT 110
#endif
#ifndef BIDE__ECANCELED
#define BIDE__ECANCELED 125
#endif

#define bide__likely(condition)   __builtin_expect(!!(condition), 1)
#define bide__unlikely(condition) __builtin_expect(!!(condition), 0)

static inline size_t bide__round_up(size_t size, size_t unit)
{
    return (size + unit - 1) & ~(unit - 1);
}

static inline char *bide__align_up(char *p, size_t align)
{
    return p + (size_t)(-(uintptr_t)p & (align - 1));
}

/* The awaiting frame of the top frame; NULL at the root. */
static inline struct bide_frame *bide__parent(const struct bide_chain *c, struct bide_frame *f)
{
    if (bide__likely(f->parent != 0))
        return (struct bide_frame *)(void *)((char *)f - (size_t)f->parent * BIDE_FRAME_UNIT);
    const struct bide_segment *segment = bide_chain_segment(c);
    return segment != NULL ? segment->parent : NULL;
}

/* The end of a chain's own memory. */
static inline char *bide__own_end(const struct bide_chain *c)
{
    const union bide__place *own = &c->place;

    if (bide__unlikely(c->flags & (BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR))) {
        if (c->flags & BIDE_CHAIN_SEGMENT)
            own = &c->place.segment->own;
        if (c->flags & BIDE_CHAIN_FAR)
            return own->far->end;
    }
    return (char *)(uintptr_t)c + own->near.end;
}

/* The end of the memory, the chain's own or that of its last segment, in which `top` is the top
 * frame. Nothing is put above a giant frame. */
static inline char *bide__memory_end(const struct bide_chain *c, const struct bide_frame *top)
{
    if (bide__unlikely(top->fn->frame_size > BIDE_NEAR_MAX))
        return bide__frame_end(top);
    if (bide__likely(!(c->flags & (BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR))))
        return (char *)(uintptr_t)c + c->place.near.end;
    if (c->flags & BIDE_CHAIN_SEGMENT)
        return (char *)c->place.segment + c->place.segment->size;
    return bide__own_end(c);
}

/* chain.c: does what bide__place_set does, if a distance does not fit. */
__attribute__((visibility("hidden"))) bool bide__place_far(struct bide_chain *c, char **room,
                                                           char *end, void *result);

/* Sets the end of the chain's own memory and the result slot of its first frame. *room is the free
 * memory, some of which may be used up for that. Returns false if it is too small. */
static inline bool bide__place_set(struct bide_chain *c, char **room, char *end, void *result)
{
    intptr_t to_end = end - (char *)c, to_result = result != NULL ? (char *)result - (char *)c : 0;

    if (bide__unlikely(to_end != (int32_t)to_end || to_result != (int32_t)to_result ||
                       c->flags & BIDE_CHAIN_FAR))
        return bide__place_far(c, room, end, result);
    c->place.near.end = (int32_t)to_end;
    c->place.near.result = (int32_t)to_result;
    return true;
}

static inline void bide__chain_make(struct bide_chain *chain, char *room, size_t size, void *result)
{
    *chain = (struct bide_chain){0};
    bide__must(bide__place_set(chain, &room, room + size, result),
               "chain: init: no room for a place");
    chain->leaf = (struct bide_frame *)(void *)room;
}

/* The most padding that aligning a frame or an argument block can cost, given that everything is
 * aligned to BIDE_FRAME_UNIT anyway. */
static inline size_t bide__pad_max(size_t align)
{
    return align > BIDE_FRAME_UNIT ? align - BIDE_FRAME_UNIT : 0;
}

/* The bytes that the arguments of fn need above its frame. */
static inline size_t bide__args_room(const struct bide_fn *fn)
{
    if (fn->args_size == 0)
        return 0;
    return bide__pad_max((size_t)1 << fn->args_align_log2) + fn->args_size;
}

/* fn.c: what fn's frame and the deepest path of awaits from it take, without a limit; 0 if
 * descriptors do not tell, or only after a long search. */
__attribute__((visibility("hidden"))) size_t bide__fn_ahead(const struct bide_fn *fn);

/*
 * segment.c. Pushing makes a segment with `need` bytes for frames, of which fn's is the first, and
 * makes it the current one; it returns false if there is no memory, and then nothing has changed.
 * Popping drops the current segment.
 */
__attribute__((visibility("hidden"))) bool bide__segment_push(struct bide_cx *cx,
                                                              const struct bide_fn *fn, size_t need,
                                                              struct bide_frame *parent,
                                                              void *result);
__attribute__((visibility("hidden"))) void bide__segment_pop(struct bide_cx *cx);

/* ---- groups: group.c, and fork.c that makes one of a branch that has begun ---- */

/* In bide_group.state. */
enum {
    BIDE__GROUP_KIND = 7,
    BIDE__GROUP_DECIDED = 8, /* `value` is final */
    BIDE__GROUP_ASKED = 16,  /* a request has been passed on to the branches */
    BIDE__GROUP_FORCED = 32, /* the same with force */
    BIDE__GROUP_FAILED = 128 /* a branch was unwound without a request; the error is in `value` */
};

enum { BIDE__GROUP_DUE = 128, BIDE__GROUP_BEGUN = 63 }; /* in bide_group.begun */

/* In bide_chain.branch of a branch, above its id. */
enum {
    BIDE__BRANCH_FALLIBLE = 32,   /* its result may be an error; */
    BIDE__BRANCH_WIDTH_SHIFT = 6, /* log2 of the result's size */
};

enum {
    BIDE__SHARED_ID = BIDE_BRANCHES - 1,
    BIDE__GROUPS_MAX = 1000, /* groups nested in groups; each one costs C stack at every poll */
};

extern __attribute__((visibility("hidden"))) const struct bide_fn bide__group_fn;

/* The end of the rooms of a group. The branch that fork.c has adopted has the first room. */
static inline char *bide__group_end(const struct bide_group *g)
{
    char *end = bide__own_end(&g->branch[0]);

    for (unsigned i = 1; i < g->count; i++)
        if (bide__own_end(&g->branch[i]) > end)
            end = bide__own_end(&g->branch[i]);
    return end;
}

/* A number by which an assertion tells tasks apart. */
static inline int32_t bide__task_hash(const struct bide_wakeable *task)
{
    return (int32_t)((uintptr_t)task / BIDE_BRANCHES);
}

/* The bits of a branch that calls fn, above its id. */
static inline uint8_t bide__branch_bits(enum bide_group_kind kind, const struct bide_fn *fn)
{
    if (kind != BIDE_TRY_JOIN || !(fn->flags & BIDE_FN_RESULT_SIGNED) || fn->result_size == 0)
        return 0;
    return (uint8_t)(BIDE__BRANCH_FALLIBLE | __builtin_ctz(fn->result_size)
                                                 << BIDE__BRANCH_WIDTH_SHIFT);
}

/* fork.c: computes the rooms of a site. */
__attribute__((visibility("hidden"))) void bide__site_measure(struct bide__site *site);

/* Of a site that was measured: the room for the i-th branch, and for all. */
static inline size_t bide__site_room(const struct bide__site *site, unsigned i)
{
    return __atomic_load_n(&site->rooms[i], __ATOMIC_RELAXED);
}

static inline size_t bide__site_size(const struct bide__site *site)
{
    return __atomic_load_n(&site->size, __ATOMIC_RELAXED);
}

/* group.c: pushes the group of a site that was measured. */
__attribute__((visibility("hidden"))) struct bide_group *bide__group_make(
    struct bide_cx *cx, const struct bide__site *site, struct bide_frame *parent,
    struct bide_group_result *result);

#endif
