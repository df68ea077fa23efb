/*
 * core/frame.c: pushing and popping the frames that the inline functions of bide/core.h cannot.
 *
 * The first frame of a chain and the first of each segment have 0 in `parent`; the chain, or the
 * segment's header, tells where their result goes. A frame larger than BIDE_NEAR_MAX is always the
 * last in its memory, so the frame above it begins a segment and refers to it by pointers too.
 */
#include "core/inside.h"

#ifdef BIDE__ASAN
const char bide__poisons = 1;
#endif

/* Begins the chain; `result` may differ from the slot that the chain was made with. Returns false
 * if the chain's memory is too small to store the pointer; a segment can. */
static bool begin(struct bide_cx *cx, void *result)
{
    struct bide_chain *c = cx->chain;

    bide__must(!(c->flags & BIDE_CHAIN_LIVE), "chain: start: it lives already");
    cx->top = (char *)c->leaf;
    cx->end = bide__own_end(c);
    c->leaf = NULL;
    return bide__first_slot(c) == result || bide__place_set(c, &cx->top, cx->end, result);
}

void bide__first_result(struct bide_cx *cx, void *result)
{
    begin(cx, result);
    cx->chain->leaf = (struct bide_frame *)(void *)cx->top;
}

/* Finds memory for a frame of fn and `tail` bytes above it, and sets the frame's header. Returns
 * NULL if there is no memory. */
static struct bide_frame *place(struct bide_cx *cx, const struct bide_fn *fn, size_t size,
                                size_t align, size_t tail, struct bide_frame *parent, void *result)
{
    struct bide_chain *c = cx->chain;
    bool fits = parent != NULL || begin(cx, result);
    char *at = bide__align_up(cx->top, align);
    bool giant = size > BIDE_NEAR_MAX;
    uint16_t parent_units = 0, result_bytes = 0;

    bide__must(align != 0 && (align & (align - 1)) == 0 && align <= BIDE_NEAR_MAX,
               "chain: push: no such alignment");
    fits = fits && at <= cx->end && size + tail <= (size_t)(cx->end - at);
    if (fits && (parent == NULL || !giant)) {
        if (parent != NULL) {
            parent_units = (uint16_t)((size_t)(at - (char *)parent) / BIDE_FRAME_UNIT);
            result_bytes = (uint16_t)(result != NULL ? (char *)result - (char *)parent : 0);
        }
    } else {
        if (!bide__segment_push(cx, fn, size + tail + bide__pad_max(align), parent, result))
            return NULL;
        at = bide__align_up(cx->top, align);
    }
    if (parent == NULL)
        c->flags |= BIDE_CHAIN_LIVE;
    cx->top = at + size;
    if (giant)
        cx->end = cx->top;
    bide__fresh(at, size);
    bide__unpoison(cx->top, cx->top + tail);
    struct bide_frame *f = (struct bide_frame *)(void *)at;
    *f = (struct bide_frame){.fn = fn, .parent = parent_units, .result = result_bytes};
    return f;
}

static void fail_without_memory(struct bide_cx *cx, const struct bide_fn *fn,
                                struct bide_frame *parent, void *result)
{
    bide_fn_fail(fn, -BIDE__ENOMEM, result);
    bide_frame_fail(cx, parent, -BIDE__ENOMEM);
}

static __attribute__((noinline)) void *push(struct bide_cx *cx, size_t size, size_t align,
                                            const struct bide_fn *fn, struct bide_frame *parent,
                                            void *result)
{
    struct bide_frame *f = place(cx, fn, size, align, 0, parent, result);

    if (f == NULL)
        fail_without_memory(cx, fn, parent, result);
    return f;
}

/* The first frame of a chain, where nothing is special about it; NULL: it must be placed. */
static inline struct bide_frame *place_first(struct bide_cx *cx, const struct bide_fn *fn,
                                             size_t size, void *result)
{
    struct bide_chain *c = cx->chain;
    char *top = (char *)c->leaf, *end = (char *)c + c->place.near.end;
    intptr_t to_result = result != NULL ? (char *)result - (char *)c : 0;

    if (c->flags & (BIDE_CHAIN_LIVE | BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR) ||
        size > (size_t)(end - top) || size > BIDE_NEAR_MAX || to_result != (int32_t)to_result)
        return NULL;
    c->place.near.result = (int32_t)to_result;
    c->leaf = NULL;
    c->flags |= BIDE_CHAIN_LIVE;
    cx->top = top + size;
    cx->end = end;
    bide__fresh(top, size);
    struct bide_frame *f = (struct bide_frame *)(void *)top;
    f->fn = fn;
    f->state = 0;
    f->parent = f->result = 0;
    return f;
}

void *bide__push_slow(struct bide_cx *cx, size_t size, size_t align, const struct bide_fn *fn,
                      struct bide_frame *parent, void *result)
{
    size = bide__round_up(size, BIDE_FRAME_UNIT);
    if (parent == NULL && align == BIDE_FRAME_UNIT) {
        struct bide_frame *f = place_first(cx, fn, size, result);
        if (bide__likely(f != NULL))
            return f;
    }
    return push(cx, size, align, fn, parent, result);
}

enum bide_poll bide__later(struct bide_cx *cx, const struct bide_fn *fn, struct bide_frame *parent,
                           void *result, const void *args)
{
    size_t size = bide__round_up(fn->frame_size, BIDE_FRAME_UNIT);
    size_t align = (size_t)1 << fn->frame_align_log2;
    struct bide_frame *f = place(cx, fn, size, align, bide__args_room(fn), parent, result);

    if (f == NULL) {
        if (fn->release != NULL)
            fn->release(args, NULL);
        fail_without_memory(cx, fn, parent, result);
        return BIDE_PENDING;
    }
    if (fn->args_size != 0) {
        char *to = bide__align_up((char *)f + size, (size_t)1 << fn->args_align_log2);
        __builtin_memcpy(to, args, fn->args_size);
    }
    cx->chain->leaf = f;
    cx->chain->flags |= BIDE_CHAIN_RUN;
    return BIDE_PENDING;
}

enum bide_poll bide__finish_slow(struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;

    if (c->flags & BIDE_CHAIN_SEGMENT) {
        bool root = c->place.segment->parent == NULL;
        bide__segment_pop(cx);
        if (!root)
            return BIDE_READY;
    }
    bide__unpoison(cx->top, bide__own_end(c));
    c->leaf = (struct bide_frame *)(void *)cx->top;
    c->flags &= (uint8_t)~BIDE_CHAIN_LIVE;
    return BIDE_READY;
}

struct bide_frame *bide_frame_below(struct bide_frame *frame, struct bide_segment **segment)
{
    if (frame->parent != 0)
        return (struct bide_frame *)(void *)((char *)frame -
                                             (size_t)frame->parent * BIDE_FRAME_UNIT);
    if (*segment == NULL)
        return NULL;
    struct bide_frame *below = (*segment)->parent;
    *segment = (*segment)->previous;
    return below;
}
