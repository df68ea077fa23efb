/*
 * core/poll.h: the poll of a chain in the usual case, in line, for executors whose loop is short.
 *
 * The usual case is a chain that is suspended, or begins, in its own memory, and has nothing asked
 * of it. Then its leaf is polled and after it each parent whose callee is done. Everything else is
 * bide_chain_poll's. What holds of a chain is said in bide/core.h and core/chain.c.
 */
#ifndef BIDE_CORE_POLL_H
#define BIDE_CORE_POLL_H

#include "core/assert.h"

#include <bide/core.h>

/* chain.c: goes on with a chain that the poll has left with a request or a frame to be polled at
 * once. */
enum bide_poll bide__chain_poll_on(struct bide_cx *cx);

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

/* bide_chain_poll, in line. */
static inline __attribute__((always_inline)) enum bide_poll bide__chain_poll(struct bide_cx *cx)
{
    enum { UNUSUAL = BIDE_CHAIN_CANCEL | BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR };
    struct bide_chain *c = cx->chain;
    struct bide_frame *f = c->leaf;
    size_t up;

    if (__builtin_expect(
            !bide__chain_is(c, UNUSUAL | BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN, BIDE_CHAIN_LIVE), 0)) {
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
            bide__must(c->leaf != NULL || c->flags & BIDE_CHAIN_RUN, "chain: suspend: no leaf");
            if (__builtin_expect(c->flags & (BIDE_CHAIN_CANCEL | BIDE_CHAIN_RUN), 0))
                return bide__chain_poll_on(cx);
            return BIDE_PENDING;
        }
        f = (struct bide_frame *)(void *)((char *)f - up * BIDE_FRAME_UNIT);
    } while (up != 0);
    BIDE__ASSERT(!(c->flags & BIDE_CHAIN_LIVE), "chain: end: a frame is left");
    return BIDE_READY;
}

#endif
