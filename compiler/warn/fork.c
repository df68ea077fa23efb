/*
 * Awaits in a child of fork(), which cannot use its parent's runtime (bide/runtime.h).
 *
 * A variable that has the result of fork may be negative, zero or positive; comparisons take of
 * that away. Where only zero is left, or the result itself was compared so, on every way, the child
 * runs, up to its exec or _exit. What parent and child both reach is not looked at: of a function
 * that is called for the child alone nobody knows whether it returns. From daemon() only the child
 * returns, unless it failed.
 */
#include "inside.h"

#include <string.h>

enum { NEGATIVE = 1, ZERO = 2, POSITIVE = 4, FORKED = 8, ALL = 15 };

struct forks {
    uint32_t words;
    struct flow *flow;
    struct expr **call; /* by flow_index: the fork whose result it has */
};

/* State: the event behind which the child runs, from 1 (0: not surely), then a mask for each
 * variable. */

static bool is_fork(const struct unit *u, const struct expr *call)
{
    static const char *const names[] = {"fork", "_Fork", "forkpty"};
    const struct symbol *s = call->kind == EX_CALL ? called_symbol(call) : NULL;
    for (size_t i = 0; s && i < sizeof names / sizeof *names; i++)
        if (!strcmp(s->name, names[i]) && u->token[s->token].in_system_header)
            return true;
    return false;
}

static bool is_daemon(const struct unit *u, const struct expr *call)
{
    const struct symbol *s = call->kind == EX_CALL ? called_symbol(call) : NULL;
    return s && !strcmp(s->name, "daemon") && u->token[s->token].in_system_header;
}

/* What a value is that compares so. */
static uint32_t possible(int op, int64_t n)
{
    uint32_t below = n <= 0 ? NEGATIVE : n == 1 ? NEGATIVE | ZERO : NEGATIVE | ZERO | POSITIVE;
    uint32_t above = n >= 0 ? POSITIVE : n == -1 ? ZERO | POSITIVE : NEGATIVE | ZERO | POSITIVE;
    uint32_t equal = n < 0 ? NEGATIVE : n == 0 ? ZERO : POSITIVE;
    switch (op) {
    case P_EQ: return equal;
    case P_NE: return n == 0 ? NEGATIVE | POSITIVE : NEGATIVE | ZERO | POSITIVE;
    case '<': return below;
    case P_LE: return below | equal;
    case '>': return above;
    case P_GE: return above | equal;
    default: return NEGATIVE | ZERO | POSITIVE;
    }
}

static bool merge(void *context, uint32_t *to, const uint32_t *from)
{
    const struct forks *f = context;
    bool changed = false;
    for (uint32_t i = 0; i < f->words; i++) {
        uint32_t old = to[i];
        if (i == 0)
            to[i] = to[i] && from[i] ? (to[i] < from[i] ? to[i] : from[i]) : 0;
        else
            to[i] = to[i] & from[i] & FORKED ? to[i] | from[i] : 0;
        changed |= to[i] != old;
    }
    return changed;
}

static void daemon_failed(const struct forks *f, uint32_t *state)
{
    if (state[0] && f->flow->event[state[0] - 1].kind == EV_CALL)
        state[0] = 0;
}

static void step_test(struct forks *f, const struct event *e, uint32_t *state)
{
    uint32_t number = (uint32_t)(e - f->flow->event) + 1;
    if (e->symbol) {
        uint32_t *mask = &state[1 + e->symbol->flow_index];
        if (!(*mask & FORKED))
            return;
        *mask &= possible(e->op, e->number) | FORKED;
        if (*mask == (ZERO | FORKED) && !state[0])
            state[0] = number;
        else if (!(*mask & ZERO))
            daemon_failed(f, state);
    } else if (is_daemon(f->flow->unit, e->expr) && !(possible(e->op, e->number) & ZERO)) {
        daemon_failed(f, state);
    } else if (is_fork(f->flow->unit, e->expr) && possible(e->op, e->number) == ZERO) {
        state[0] = state[0] ? state[0] : number;
    }
}

static void step(void *context, const struct event *e, uint32_t *state)
{
    struct forks *f = context;
    if (e->kind == EV_TEST) {
        step_test(f, e, state);
    } else if (e->kind == EV_CALL && is_daemon(f->flow->unit, e->expr)) {
        state[0] = (uint32_t)(e - f->flow->event) + 1;
    } else if (e->kind == EV_DECLARE) {
        state[1 + e->symbol->flow_index] = 0;
    } else if (e->kind == EV_DEF) {
        uint32_t *mask = &state[1 + e->symbol->flow_index];
        struct expr *call = e->value ? value_call(e->value) : NULL;
        struct symbol *from = e->value ? value_variable(e->value) : NULL;
        if (call && (is_fork(f->flow->unit, call) || is_daemon(f->flow->unit, call))) {
            *mask = ALL;
            f->call[e->symbol->flow_index] = call;
        } else if (from && flow_has(f->flow, from)) {
            *mask = state[1 + from->flow_index];
            f->call[e->symbol->flow_index] = f->call[from->flow_index];
        } else {
            *mask = 0;
        }
    }
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    const struct forks *f = context;
    struct unit *u = f->flow->unit;
    if (e->kind != EV_AWAIT || !state[0])
        return;
    const struct event *test = &f->flow->event[state[0] - 1];
    const struct expr *call = test->symbol ? f->call[test->symbol->flow_index] : test->expr;
    diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-fork",
               "'await' in a child of '%s', which cannot use its parent's runtime",
               call_name(call));
    diag_range(
        u, SEV_NOTE, call->first, call->last, NULL,
        "the child begins here; let it call exec or _exit, or fork before there is a runtime");
}

void warn_forks(struct flow *flow)
{
    struct forks f = {.flow = flow, .words = 1 + flow->var_count};
    bool any = false;
    for (uint32_t i = 0; i < flow->count && !any; i++)
        any = flow->event[i].kind == EV_CALL && (is_fork(flow->unit, flow->event[i].expr) ||
                                                 is_daemon(flow->unit, flow->event[i].expr));
    if (!any)
        return;
    f.call = arena_alloc(flow->arena, (flow->var_count + 1) * sizeof *f.call);
    flow_forward(flow, &(struct question){f.words, &f, merge, step, visit});
}
