/*
 * core/poll.h: the beginning and the poll of a chain in the usual case, in line, for executors
 * whose loop is short.
 *
 * The usual case is a chain that is suspended, or begins, in its own memory, and has nothing asked
 * of it. Then its leaf is polled and after it each parent whose callee is done. Everything else is
 * bide_chain_poll's. What holds of a chain is said in bide/core.h and core/chain.c.
 */
#ifndef BIDE_CORE_POLL_H
#define BIDE_CORE_POLL_H

#include "core/assert.h"

#include <bide/core.h>

/* chain.c: goes on with a chain that the poll has left with a request, a frame to be polled at once
 * or a value of its own (ambient.h); and with the awaiting frame of one that is done. */
enum bide_poll bide__chain_poll_on(struct bide_cx *cx);
enum bide_poll bide__chain_poll_from(struct bide_cx *cx, struct bide_frame *f);

/* `unwinding`, `flags` and `branch` of a chain are one word; this is that of a chain that unwinds
 * nowhere and has these flags. A constant. */
static inline uint32_t bide__chain_word(uint16_t unwinding, uint8_t flags)
{
    const struct {
        uint16_t unwinding;
        uint8_t flags, branch;
    } as_stored = {unwinding, flags, 0};
    uint32_t word;

    _Static_assert(offsetof(struct bide_chain, flags) == offsetof(struct bide_chain, unwinding) + 2,
                   "unwinding, flags and branch are one word");
    __builtin_memcpy(&word, &as_stored, sizeof(word));
    return word;
}

/* The flags among `looked_at` are those in `flags`, and no level unwinds. */
static inline bool bide__chain_is(const struct bide_chain *c, uint8_t looked_at, uint8_t flags)
{
    uint32_t word;
    __builtin_memcpy(&word, &c->unwinding, sizeof(word));
    return (word & bide__chain_word(UINT16_MAX, looked_at)) == bide__chain_word(0, flags);
}

/* fn has ordinary alignment, and is of this version. */
static inline bool bide__fn_is_plain(const struct bide_fn *fn)
{
    static const struct {
        uint8_t frame_align_log2, args_align_log2, flags, version;
    } looked_at = {0xFC, 0xFC, BIDE_FN_RESULT_ALIGNED, 0xFF}, plain = {0, 0, 0, BIDE_FN_VERSION};
    uint32_t word, mask, wanted;

    _Static_assert(offsetof(struct bide_fn, version) ==
                       offsetof(struct bide_fn, frame_align_log2) + 3,
                   "these four are one word");
    __builtin_memcpy(&word, &fn->frame_align_log2, sizeof(word));
    __builtin_memcpy(&mask, &looked_at, sizeof(mask));
    __builtin_memcpy(&wanted, &plain, sizeof(wanted));
    return (word & mask) == wanted;
}

/* bide_chain_init, without a slot for the result, and bide_chain_begin, for a plain fn, in line.
 * The room follows the chain, and has less than 2 GiB. */
static inline void *bide__chain_begin_plain(struct bide_chain *c, char *room, size_t size,
                                            const struct bide_fn *fn)
{
    size_t frame = ((size_t)fn->frame_size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    struct bide_frame *f = (struct bide_frame *)(void *)room;

    if (__builtin_expect(frame + fn->args_size > size, 0))
        return NULL;
    *c = (struct bide_chain){.leaf = f, .flags = BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN};
    c->place.near.end = (int32_t)(room + size - (char *)c);
    bide__fresh(f, frame);
    f->fn = fn;
    f->state = 0;
    f->parent = f->result = 0;
    return room + frame;
}

/* The same for a chain with segments and nothing else that is unusual: polls its leaf, which mostly
 * suspends again. */
static inline __attribute__((always_inline)) enum bide_poll bide__chain_poll_high(
    struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;
    struct bide_frame *f = c->leaf;
    struct bide_segment *segment = c->place.segment;
    size_t up = f->parent;
    struct bide_frame *parent =
        __builtin_expect(up != 0, 1)
            ? (struct bide_frame *)(void *)((char *)f - up * BIDE_FRAME_UNIT)
            : segment->parent;

    cx->top = bide__frame_end(f);
    cx->end = __builtin_expect(f->fn->frame_size > BIDE_NEAR_MAX, 0)
                  ? cx->top
                  : (char *)segment + segment->size;
    c->leaf = NULL;
    if (f->fn->poll(cx, f) == BIDE_READY)
        return parent != NULL ? bide__chain_poll_from(cx, parent) : BIDE_READY;
    bide__must(c->leaf != NULL || c->flags & BIDE_CHAIN_RUN, "chain: suspend: no leaf");
    if (__builtin_expect(c->flags & (BIDE_CHAIN_CANCEL | BIDE_CHAIN_RUN | BIDE_CHAIN_FAR), 0))
        return bide__chain_poll_on(cx);
    return BIDE_PENDING;
}

/* bide_chain_poll, in line. */
static inline __attribute__((always_inline)) enum bide_poll bide__chain_poll(struct bide_cx *cx)
{
    enum {
        UNUSUAL = BIDE_CHAIN_CANCEL | BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR,
        LEFT = BIDE_CHAIN_CANCEL | BIDE_CHAIN_RUN | BIDE_CHAIN_FAR
    };
    struct bide_chain *c = cx->chain;
    struct bide_frame *f = c->leaf;
    size_t up;

    if (__builtin_expect(
            !bide__chain_is(c, UNUSUAL | BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN, BIDE_CHAIN_LIVE), 0)) {
        if (bide__chain_is(c, UNUSUAL | BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN,
                           BIDE_CHAIN_LIVE | BIDE_CHAIN_SEGMENT))
            return bide__chain_poll_high(cx);
        if (!bide__chain_is(c, UNUSUAL | BIDE_CHAIN_LIVE, BIDE_CHAIN_LIVE))
            return bide_chain_poll(cx);
        c->flags &= (uint8_t)~BIDE_CHAIN_RUN;
    }
    cx->top = bide__frame_end(f);
    cx->end = __builtin_expect(f->fn->frame_size > BIDE_NEAR_MAX, 0)
                  ? cx->top /* nothing is put above it */
                  : (char *)c + c->place.near.end;
    c->leaf = NULL;
    do {
        /* Without a segment, 0 is the root. And what is above the frame is gone when it is done. */
        up = f->parent;
        if (f->fn->poll(cx, f) == BIDE_PENDING) {
            if (__builtin_expect(c->flags & LEFT, 0)) {
                bide__must(c->leaf != NULL || c->flags & BIDE_CHAIN_RUN, "chain: suspend: no leaf");
                return bide__chain_poll_on(cx);
            }
            bide__must(c->leaf != NULL, "chain: suspend: no leaf");
            return BIDE_PENDING;
        }
        f = (struct bide_frame *)(void *)((char *)f - up * BIDE_FRAME_UNIT);
    } while (up != 0);
    BIDE__ASSERT(!(c->flags & BIDE_CHAIN_LIVE), "chain: end: a frame is left");
    return BIDE_READY;
}

#endif
