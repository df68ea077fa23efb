/*
 * core/segment.c: more memory for a chain that has outgrown its own.
 *
 * Segments form a stack; pushes go only to the last one. The first segment holds what the
 * descriptors foresee; each further one is larger by a half or a third (512, 768, 1024, 1536...) up
 * to SEGMENT_MAX. So a recursion costs a constant amount of work a level, and at most a third of
 * the memory is allocated before it is needed. The turn keeps one empty segment, so that a loop
 * that crosses the boundary on each pass does not allocate each time.
 */
#include "core/inside.h"

enum { SEGMENT_MIN = 512, SEGMENT_MAX = 65536 };

static size_t grown(size_t size)
{
    size = (size & (size - 1)) == 0 ? size + size / 2 : size / 3 * 4;
    return size < SEGMENT_MAX ? size : SEGMENT_MAX;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The size of a new segment, at least `size`: enough for what is known to come. If there is a
 * segment already, more came than was known, so the new one is also larger than the last. */
static size_t wanted_size(const struct bide_chain *c, const struct bide_fn *fn, size_t size)
{
    size_t ahead = bide__fn_ahead(fn);
    const struct bide_segment *last = bide_chain_segment(c);
    size_t wanted = last != NULL ? grown(last->size) : SEGMENT_MIN;

    if (ahead <= SEGMENT_MAX - sizeof(struct bide_segment))
        wanted = larger(wanted, ahead + sizeof(struct bide_segment));
    return larger(wanted, size);
}

static struct bide_segment *take(struct bide_cx *cx, const struct bide_fn *fn, size_t size)
{
    struct bide_turn *turn = cx->turn;
    struct bide_segment *s = turn->spare;

    if (s != NULL && s->size >= size) {
        turn->spare = NULL;
        return s;
    }
    if (turn->memory == NULL)
        return NULL;
    size = wanted_size(cx->chain, fn, size);
    s = turn->memory->segment_new(&size);
    if (s != NULL)
        s->size = size;
    return s;
}

bool bide__segment_push(struct bide_cx *cx, const struct bide_fn *fn, size_t need,
                        struct bide_frame *parent, void *result)
{
    struct bide_chain *c = cx->chain;
    struct bide_segment *s = take(cx, fn, sizeof(*s) + need);

    if (s == NULL)
        return false;
    s->previous = bide_chain_segment(c);
    s->previous_top = cx->top;
    s->own = s->previous != NULL ? s->previous->own : c->place;
    s->parent = parent;
    s->result = result;
    c->place.segment = s;
    c->flags |= BIDE_CHAIN_SEGMENT;
    cx->top = (char *)(s + 1);
    cx->end = (char *)s + s->size;
    return true;
}

void bide__segment_pop(struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;
    struct bide_turn *turn = cx->turn;
    struct bide_segment *s = c->place.segment, *kept = turn->spare;

    bide__unpoison(s, (char *)s + s->size);
    if (s->previous != NULL) {
        c->place.segment = s->previous;
    } else {
        c->place = s->own;
        c->flags &= (uint8_t)~BIDE_CHAIN_SEGMENT;
    }
    cx->top = s->previous_top;
    cx->end = s->parent != NULL ? bide__memory_end(c, s->parent) : bide__own_end(c);
    if (kept != NULL && kept->size >= s->size) {
        turn->memory->segment_free(s, s->size);
        return;
    }
    turn->spare = s;
    if (kept != NULL)
        turn->memory->segment_free(kept, kept->size);
}

void bide_turn_end(struct bide_turn *turn)
{
    struct bide_segment *s = turn->spare;

    if (s != NULL) {
        turn->spare = NULL;
        turn->memory->segment_free(s, s->size);
    }
}
