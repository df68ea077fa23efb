/*
 * core/inside.h: what the files of the core share, beyond the contract in bide/core.h.
 *
 * The core is freestanding: no header but the compiler's own, no call but memcpy and memset. So the
 * error numbers that it makes up itself are defined here; they are those of Linux, which a port to
 * another system overrides on the command line.
 */
#ifndef BIDE_CORE_INSIDE_H
#define BIDE_CORE_INSIDE_H

#include <bide/core.h>

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

/* For mistakes of the program; kept in every build, since what follows one is a corrupted task. */
#define bide__assert(condition)   ((condition) ? (void)0 : __builtin_trap())

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

/* The end of the memory in which `top` is the top frame: that of the chain or of its last segment.
 * Nothing is put above a giant frame there. */
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

/* chain.c: the same as bide__place_set where a distance does not fit. */
__attribute__((visibility("hidden"))) bool bide__place_far(struct bide_chain *c, char **room,
                                                           char *end, void *result);

/* Sets the end of the chain's own memory and where the result of its first frame goes. `room` is
 * the free memory, of which some may be used for that. False: it is too small. */
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
    bide__assert(bide__place_set(chain, &room, room + size, result));
    chain->leaf = (struct bide_frame *)(void *)room;
}

/* The most bytes that alignment can cost a frame or a block of arguments: all else is aligned to
 * BIDE_FRAME_UNIT. */
static inline size_t bide__pad_max(size_t align)
{
    return align > BIDE_FRAME_UNIT ? align - BIDE_FRAME_UNIT : 0;
}

/* Bytes for the arguments of fn above its frame. */
static inline size_t bide__args_room(const struct bide_fn *fn)
{
    if (fn->args_size == 0)
        return 0;
    return bide__pad_max((size_t)1 << fn->args_align_log2) + fn->args_size;
}

/* fn.c: what the deepest path of awaits from fn takes with fn's own frame, without a limit; 0: that
 * cannot be told, or only by a long search. */
__attribute__((visibility("hidden"))) size_t bide__fn_ahead(const struct bide_fn *fn);

/* segment.c: makes a further segment with `need` bytes for frames, of which fn's is the first, the
 * current one; and drops the current one. Pushing returns false when there is no memory; nothing
 * has changed then. */
__attribute__((visibility("hidden"))) bool bide__segment_push(struct bide_cx *cx,
                                                              const struct bide_fn *fn, size_t need,
                                                              struct bide_frame *parent,
                                                              void *result);
__attribute__((visibility("hidden"))) void bide__segment_pop(struct bide_cx *cx);

/*
 * group.c: a join or select. A leaf of its chain; the branches' chains follow it, then the rooms
 * for their frames. Sets of branches are bit masks.
 */
struct bide_group {
    union {
        struct bide_frame h;
        struct { /* in its state; in no byte at the end the bit of BIDE_SHIELDED is used */
            const struct bide_fn *fn;
            uint8_t state; /* and the kind */
            uint8_t first; /* the branch to begin a round of polls with */
            uint8_t begun; /* branches that bide__group_next has given out; count: no more.
                              With DUE: a branch may be due */
            uint8_t count;
        };
    };
    uint32_t live; /* have begun and not ended */
    int32_t value; /* what bide_group_result says, or the error that it FAILED with; before it is
                      decided: a hash of the task whose branch ids it holds */
    struct bide_chain branch[];
};

#endif
