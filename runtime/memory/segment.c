/*
 * segment.c: memory for chains that outgrow their task (struct bide_memory in bide/core.h), and
 * the reserves of leaves that must not fail.
 *
 * Segments come and go with the worker that runs: small ones are blocks of its slab, and of the
 * larger ones it keeps a few for the next time. A chain may have moved to another worker since; the
 * block then goes back to the slab that it came from.
 */
#include "runtime/memory/memory.h"

#include "runtime/fiber.h"
#include "runtime/thread.h"

/* The smallest of the kept ones that is large enough. */
static void *big_segment(struct bide__segments *s, size_t *size)
{
    uint32_t best = s->big_count;
    for (uint32_t i = 0; i < s->big_count; i++)
        if (s->big[i].size >= *size && (best == s->big_count || s->big[i].size < s->big[best].size))
            best = i;
    if (best == s->big_count)
        return bide__alloc(*size);
    void *p = s->big[best].p;
    *size = s->big[best].size;
    s->big[best] = s->big[--s->big_count];
    return p;
}

static void *segment_new(size_t *size)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide__segments *s = worker->segments;

    bide__quiet_begin(worker->multi);
    void *p = *size <= BIDE__SLAB_MAX ? bide__slab_new(&s->slab, size, 0, 0) : big_segment(s, size);
    bide__quiet_end(worker->multi);
    if (p != NULL && worker->multi)
        bide__fiber_forget(p, *size);
    return p;
}

static void give_back(struct bide__segments *s, void *segment, size_t size)
{
    if (size <= BIDE__SLAB_MAX) {
        if (bide__chunk_of(segment)->slab == &s->slab) {
            bide__slab_free(&s->slab, segment);
        } else {
            bide__thread.running->gave_back += bide__block_bytes(segment);
            bide__slab_free_remote(segment);
        }
    } else if (s->big_count < BIDE__BIG_SEGMENTS) {
        s->big[s->big_count].p = segment;
        s->big[s->big_count++].size = size;
    } else {
        bide__free(segment, size);
    }
}

static void segment_free(void *segment, size_t size)
{
    struct bide__worker *worker = bide__thread.running;

    bide__quiet_begin(worker->multi);
    give_back(worker->segments, segment, size);
    bide__quiet_end(worker->multi);
}

const struct bide_memory bide__memory = {segment_new, segment_free};

void bide__segments_end(struct bide__segments *s)
{
    for (uint32_t i = 0; i < s->big_count; i++)
        bide__free(s->big[i].p, s->big[i].size);
    bide__slab_end(&s->slab);
}

/* ---- reserves ---- */

/* Too large for a slab, so that it may come from one runtime and go to another. */
struct bide_segment *bide__reserve_new(size_t frame_size)
{
    size_t size = sizeof(struct bide_segment) + frame_size + BIDE_FRAME_UNIT;
    if (size <= BIDE__SLAB_MAX)
        size = BIDE__SLAB_MAX + 1;
    size = (size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    struct bide_segment *s = bide__alloc(size);
    if (s != NULL)
        s->size = size;
    return s;
}

void bide__reserve_lend(struct bide_cx *cx, struct bide_segment **reserve)
{
    struct bide_turn *turn = cx->turn;
    struct bide_segment *spare = turn->spare, *s = *reserve;
    if (s == NULL || turn->memory != &bide__memory || (spare != NULL && spare->size >= s->size))
        return;
    turn->spare = s;
    *reserve = NULL;
    if (spare != NULL)
        turn->memory->segment_free(spare, spare->size);
}

void bide__reserve_free(struct bide_segment *reserve)
{
    if (reserve != NULL)
        bide__free(reserve, reserve->size);
}
