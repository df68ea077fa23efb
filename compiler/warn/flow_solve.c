/*
 * Solves questions over the events of a function: states flow through the basic blocks until
 * nothing changes (data-flow analysis, as in any textbook on compilers). A block that has not been
 * reached has no state. So a question about all paths need not begin with the set of everything.
 *
 * Requires a row of events that contains all their labels, and merges that only grow a state or
 * only shrink it. Establishes that `visit` sees states that hold on every path through the row.
 */
#include "inside.h"

#include <string.h>

#define NONE UINT32_MAX

struct block {
    uint32_t first, last; /* events; last exclusive */
    uint32_t next[2];     /* NONE */
    uint32_t *state;      /* forward: at its beginning; backward: at its end */
    bool reached;
};

struct solver {
    struct flow *flow;
    const struct question *q;
    struct block *block;
    uint32_t count;
    uint32_t *label_block;
    uint32_t *scratch;
};

static bool ends_block(enum event_kind k)
{
    return k == EV_JUMP || k == EV_BRANCH || k == EV_END;
}

static void find_blocks(struct solver *v)
{
    const struct flow *f = v->flow;
    v->block = arena_alloc(f->arena, (f->count + 2) * sizeof *v->block);
    v->label_block = arena_alloc(f->arena, (f->labels + 1) * sizeof(uint32_t));
    memset(v->label_block, 0xff, (f->labels + 1) * sizeof(uint32_t));
    uint32_t b = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->event[i].kind == EV_LABEL) {
            if (v->block[b].first != i) {
                v->block[b].last = i;
                v->block[++b].first = i;
            }
            v->label_block[f->event[i].label] = b;
        } else if (ends_block(f->event[i].kind)) {
            v->block[b].last = i + 1;
            v->block[++b].first = i + 1;
        }
    }
    v->block[b].last = f->count;
    v->count = b + 1;
    for (b = 0; b < v->count; b++) {
        struct block *k = &v->block[b];
        const struct event *end = k->last > k->first ? &f->event[k->last - 1] : NULL;
        k->state = arena_alloc(f->arena, v->q->words * sizeof(uint32_t));
        k->next[0] = b + 1 < v->count ? b + 1 : NONE;
        k->next[1] = NONE;
        if (end && end->kind == EV_JUMP)
            k->next[0] = v->label_block[end->label];
        else if (end && end->kind == EV_BRANCH)
            k->next[1] = v->label_block[end->label];
        else if (end && end->kind == EV_END)
            k->next[0] = NONE;
    }
}

static struct solver solver_new(struct flow *f, const struct question *q)
{
    struct solver v = {.flow = f, .q = q};
    v.scratch = arena_alloc(f->arena, q->words * sizeof(uint32_t));
    find_blocks(&v);
    return v;
}

/* True if the block's state changed. */
static bool flow_into(struct solver *v, struct block *k, const uint32_t *from)
{
    if (k->reached)
        return v->q->merge(v->q->context, k->state, from);
    memcpy(k->state, from, v->q->words * sizeof *from);
    k->reached = true;
    return true;
}

/* ---- forward ---- */

static void run_forward(struct solver *v, struct block *k, bool visits)
{
    const struct question *q = v->q;
    memcpy(v->scratch, k->state, q->words * sizeof *k->state);
    for (uint32_t i = k->first; i < k->last; i++) {
        if (visits)
            q->visit(q->context, &v->flow->event[i], v->scratch);
        q->step(q->context, &v->flow->event[i], v->scratch);
    }
}

void flow_forward(struct flow *f, const struct question *q)
{
    struct solver v = solver_new(f, q);
    v.block[0].reached = true;
    for (bool again = true; again;) {
        again = false;
        for (uint32_t b = 0; b < v.count; b++) {
            if (!v.block[b].reached)
                continue;
            run_forward(&v, &v.block[b], false);
            for (int s = 0; s < 2; s++) {
                uint32_t next = v.block[b].next[s];
                /* later blocks have their turn in this round */
                if (next != NONE && flow_into(&v, &v.block[next], v.scratch) && next <= b)
                    again = true;
            }
        }
    }
    for (uint32_t b = 0; q->visit && b < v.count; b++)
        if (v.block[b].reached)
            run_forward(&v, &v.block[b], true);
}

/* ---- backward ---- */

static void run_backward(struct solver *v, struct block *k, bool visits)
{
    const struct question *q = v->q;
    memcpy(v->scratch, k->state, q->words * sizeof *k->state);
    for (uint32_t i = k->last; i-- > k->first;) {
        if (visits)
            q->visit(q->context, &v->flow->event[i], v->scratch);
        q->step(q->context, &v->flow->event[i], v->scratch);
    }
}

/* All states begin empty, so a question must ask what holds on some path (merge_may). */
void flow_backward(struct flow *f, const struct question *q)
{
    struct solver v = solver_new(f, q);
    for (bool again = true; again;) {
        again = false;
        for (uint32_t b = v.count; b-- > 0;) {
            struct block *k = &v.block[b];
            for (int s = 0; s < 2; s++) {
                if (k->next[s] == NONE)
                    continue;
                run_backward(&v, &v.block[k->next[s]], false);
                if (q->merge(q->context, k->state, v.scratch))
                    again = true;
            }
        }
    }
    for (uint32_t b = 0; q->visit && b < v.count; b++)
        run_backward(&v, &v.block[b], true);
}

/* ---- sets ---- */

bool merge_may(void *context, uint32_t *to, const uint32_t *from)
{
    uint32_t words = *(const uint32_t *)context;
    bool changed = false;
    for (uint32_t w = 0; w < words; w++) {
        changed |= (from[w] & ~to[w]) != 0;
        to[w] |= from[w];
    }
    return changed;
}

bool merge_must(void *context, uint32_t *to, const uint32_t *from)
{
    uint32_t words = *(const uint32_t *)context;
    bool changed = false;
    for (uint32_t w = 0; w < words; w++) {
        changed |= (to[w] & ~from[w]) != 0;
        to[w] &= from[w];
    }
    return changed;
}
