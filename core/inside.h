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

/* Like BIDE__ASSERT, but for mistakes that a program can make: kept in every build, since what
 * follows one is a corrupted task. */
#ifdef BIDE_CHECK_STATES
#define bide__must(condition, transition) BIDE__ASSERT(condition, transition)
#else
#define bide__must(condition, transition) ((condition) ? (void)0 : __builtin_trap())
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

/*
 * group.c: a join or select. It is a leaf of its chain; the branches' chains follow it, then the
 * rooms for their frames. Sets of branches are bit masks.
 */
struct bide_group {
    union {
        struct bide_frame h;
        struct { /* the last four lie in h.state; neither the first nor the last may use the bit of
                    BIDE_SHIELDED */
            const struct bide_fn *fn;
            uint8_t state; /* flags, and the kind */
            uint8_t first; /* the branch to begin a round of polls with */
            uint8_t begun; /* how many branches bide__group_next has handed out; `count`: no more
                              will be. The flag DUE: a branch may be due */
            uint8_t count;
        };
    };
    uint32_t live; /* the branches that have begun and not ended */
    int32_t value; /* the value for bide_group_result, or the error that it FAILED with; before
                      that, the hash of the task whose branch ids it holds */
    struct bide_chain branch[];
};

#endif
