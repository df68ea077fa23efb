/*
 * Can control reach the end of a code? The code may be incomplete.
 */
#include "inside.h"

#include <string.h>

/* The answer for a whole code. `resumes`: a suspension resumes even if control never reaches it, as
 * a compiler must assume of a `case`. */
static bool ends_alive(struct lower *l, const struct code *code, bool resumes)
{
    bool *target = arena_alloc(l->arena, l->flow_labels + 1), live = true;
    for (bool again = true; again;) {
        again = false;
        live = true;
        for (uint32_t i = 0; i < code->count; i++) {
            const struct piece *p = &code->piece[i];
            if (p->kind == PC_LABEL)
                live |= target[p->first];
            if (live && (p->kind == PC_JUMP || p->kind == PC_BRANCH) && !target[p->first])
                again = target[p->first] = true;
            if (p->kind == PC_JUMP || p->kind == PC_END)
                live = false;
            if (p->kind == PC_SUSPEND)
                live |= resumes;
        }
    }
    return live;
}

bool reaches_end(struct lower *l, const struct code *code)
{
    return ends_alive(l, code, false);
}

/* How far may_reach_end has come in a code. */
struct reach {
    uint32_t at; /* a piece */
    bool live;   /* control comes there */
    bool *target;
    uint32_t room;
};

static void mark_target(struct lower *l, struct reach *r, uint32_t label)
{
    if (label >= r->room) {
        uint32_t room = 2 * l->flow_labels;
        bool *more = arena_alloc(l->arena, room);
        if (r->room)
            memcpy(more, r->target, r->room);
        r->target = more;
        r->room = room;
    }
    r->target[label] = true;
}

/* Only open labels may be jumped to from later code, so the pieces that have been read need not be
 * read again when more have been appended. */
bool may_reach_end(struct lower *l, struct code *code)
{
    struct reach *r = code->reach;
    if (!r) {
        r = code->reach = arena_alloc(l->arena, sizeof *r);
        r->live = true;
    }
    for (; r->at < code->count; r->at++) {
        const struct piece *p = &code->piece[r->at];
        if (p->kind == PC_LABEL)
            r->live |= p->last == LABEL_OPEN || (p->first < r->room && r->target[p->first]);
        if (r->live && (p->kind == PC_JUMP || p->kind == PC_BRANCH))
            mark_target(l, r, p->first);
        if (p->kind == PC_JUMP || p->kind == PC_END)
            r->live = false;
    }
    return r->live;
}

bool seems_to_reach_end(struct lower *l, const struct code *code)
{
    return ends_alive(l, code, true);
}
