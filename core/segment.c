/*
 * core/segment.c: further memory for a chain that has outgrown its own.
 *
 * Segments form a stack; only the last one has room for pushes. The first is small, each further
 * one is twice as large up to SEGMENT_MAX, so a recursion costs a constant amount of work a level.
 * One empty segment stays with the turn, so that a loop which crosses the boundary at each pass
 * does not allocate each time.
 */
#include "core/inside.h"

enum { SEGMENT_MIN = 512, SEGMENT_MAX = 65536 };

static struct bide_segment *take(struct bide_turn *turn, size_t size, size_t wanted)
{
    struct bide_segment *s = turn->spare;

    if (s != NULL && s->size >= size) {
        turn->spare = NULL;
        return s;
    }
    if (turn->memory == NULL)
        return NULL;
    size = size > wanted ? size : wanted;
    s = turn->memory->segment_new(&size);
    if (s != NULL)
        s->size = size;
    return s;
}

bool bide__segment_push(struct bide_cx *cx, size_t need, struct bide_frame *parent, void *result)
{
    struct bide_chain *c = cx->chain;
    size_t wanted = SEGMENT_MIN;

    if (c->segment != NULL)
        wanted = c->segment->size < SEGMENT_MAX / 2 ? c->segment->size * 2 : SEGMENT_MAX;
    struct bide_segment *s = take(cx->turn, sizeof(*s) + need, wanted);
    if (s == NULL)
        return false;
    s->previous = c->segment;
    s->previous_top = c->top;
    s->previous_end = c->end;
    s->parent = parent;
    s->result = result;
    c->segment = s;
    c->top = (char *)(s + 1);
    c->end = (char *)s + s->size;
    return true;
}

void bide__segment_pop(struct bide_cx *cx)
{
    struct bide_chain *c = cx->chain;
    struct bide_turn *turn = cx->turn;
    struct bide_segment *s = c->segment, *kept = turn->spare;

    bide__unpoison(s, (char *)s + s->size);
    c->top = s->previous_top;
    c->end = s->previous_end;
    c->segment = s->previous;
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
