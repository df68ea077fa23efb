/*
 * Awaits in a child of fork(), which cannot use its parent's runtime (bide/runtime.h).
 *
 * The result of fork is negative, zero or positive. For a variable that has the result, or the
 * value of a comparison of it (`bool child = fork() == 0`), all three are possible at first, and
 * each test of the variable removes some. Where only zero is left on every path, or where the
 * result itself was compared so, the child runs, until its exec or _exit. A place that both parent
 * and child reach is ignored: a function that is called only for the child may never return. From
 * daemon() only the child returns, unless daemon failed.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

/* Sets of results, as bits. */
enum { NEGATIVE = 1, ZERO = 2, POSITIVE = 4, ALL = NEGATIVE | ZERO | POSITIVE };

/* What a variable knows about the last fork: the results that are still possible; FORKED, without
 * which it knows nothing; and, if it has the value of a comparison, COMPARED and the results that
 * make the comparison true. */
enum { FORKED = 8, COMPARED = 16, TRUE_SHIFT = 5 };

struct forks {
    uint32_t words;
    struct flow *flow;
    struct expr **call; /* by flow_index: the fork whose result it has */
};

/* The state: the number of the event after which the child runs, from 1 (0: it may be the parent),
 * then what each variable knows. */

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

/* The results for which `result op n` is true. */
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

static bool is_true(int op, int64_t value, int64_t n)
{
    switch (op) {
    case P_EQ: return value == n;
    case P_NE: return value != n;
    case '<': return value < n;
    case P_LE: return value <= n;
    case '>': return value > n;
    case P_GE: return value >= n;
    default: return true;
    }
}

static uint32_t results_if_true(uint32_t known)
{
    return known & COMPARED ? known >> TRUE_SHIFT & ALL : NEGATIVE | POSITIVE;
}

static uint32_t compared(uint32_t known, uint32_t if_true)
{
    return (known & (ALL | FORKED)) | COMPARED | if_true << TRUE_SHIFT;
}

/* The results of fork for which `variable op n` is true, for a variable that knows `known`. */
static uint32_t possible_results(uint32_t known, int op, int64_t n)
{
    uint32_t if_true = results_if_true(known);
    if (!(known & COMPARED))
        return possible(op, n);
    return (is_true(op, 1, n) ? if_true : 0) | (is_true(op, 0, n) ? ALL & ~if_true : 0);
}

/* True if both know about a fork, and have its result or the same comparison of it. */
static bool is_same_value(uint32_t a, uint32_t b)
{
    return a & b & FORKED && (a & ~(uint32_t)ALL) == (b & ~(uint32_t)ALL);
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
            to[i] = is_same_value(to[i], from[i]) ? to[i] | from[i] : 0;
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
        uint32_t *known = &state[1 + e->symbol->flow_index];
        if (!(*known & FORKED))
            return;
        *known &= possible_results(*known, e->op, e->number) | ~(uint32_t)ALL;
        if ((*known & ALL) == ZERO && !state[0])
            state[0] = number;
        else if (!(*known & ZERO))
            daemon_failed(f, state);
    } else if (is_daemon(f->flow->unit, e->expr) && !(possible(e->op, e->number) & ZERO)) {
        daemon_failed(f, state);
    } else if (is_fork(f->flow->unit, e->expr) && possible(e->op, e->number) == ZERO) {
        state[0] = state[0] ? state[0] : number;
    }
}

/* What a value knows, and in *call the fork that it knows about; 0: nothing. */
static uint32_t known_of(struct forks *f, struct expr *e, const uint32_t *state,
                         struct expr **call);

/* `e op constant`, or `constant op e`. */
static uint32_t known_of_comparison(struct forks *f, struct expr *e, const uint32_t *state,
                                    struct expr **call)
{
    struct expr *operand;
    int64_t n;
    int op = comparison_with_constant(e, &operand, &n);
    uint32_t known = op ? known_of(f, operand, state, call) : 0;
    return known ? compared(known, possible_results(known, op, n)) : 0;
}

static uint32_t known_of_choice(struct forks *f, struct expr *e, const uint32_t *state,
                                struct expr **call)
{
    if (!e->b || !e->b->is_constant || !e->c->is_constant)
        return 0;
    uint32_t known = known_of(f, e->a, state, call), if_true = results_if_true(known);
    bool yes = e->b->value != 0, no = e->c->value != 0;
    return known && yes != no ? compared(known, yes ? if_true : ALL & ~if_true) : 0;
}

static uint32_t known_of(struct forks *f, struct expr *e, const uint32_t *state, struct expr **call)
{
    uint32_t known = 0;
    e = skip_parens(e);
    switch (e->kind) {
    case EX_CALL:
        *call = e;
        return is_fork(f->flow->unit, e) || is_daemon(f->flow->unit, e) ? ALL | FORKED : 0;
    case EX_IDENT:
        if (!flow_has(f->flow, e->symbol))
            return 0;
        *call = f->call[e->symbol->flow_index];
        return state[1 + e->symbol->flow_index];
    case EX_CAST:
        known = known_of(f, e->a, state, call);
        return known && e->type->kind == TY_BOOL ? compared(known, results_if_true(known)) : known;
    case EX_COMMA:
    case EX_ASSIGN: return e->op == '=' || e->kind == EX_COMMA ? known_of(f, e->b, state, call) : 0;
    case EX_UNARY:
        known = e->op == '!' ? known_of(f, e->a, state, call) : 0;
        return known ? compared(known, ALL & ~results_if_true(known)) : 0;
    case EX_BINARY: return known_of_comparison(f, e, state, call);
    case EX_COND: return known_of_choice(f, e, state, call);
    default: return 0;
    }
}

static void step_value(struct forks *f, const struct event *e, uint32_t *state)
{
    struct expr *call = NULL;
    uint32_t known = e->value ? known_of(f, e->value, state, &call) : 0;
    if (known && e->symbol->type->kind == TY_BOOL)
        known = compared(known, results_if_true(known));
    state[1 + e->symbol->flow_index] = known;
    if (known)
        f->call[e->symbol->flow_index] = call;
}

static void step(void *context, const struct event *e, uint32_t *state)
{
    struct forks *f = context;
    if (e->kind == EV_TEST)
        step_test(f, e, state);
    else if (e->kind == EV_CALL && is_daemon(f->flow->unit, e->expr))
        state[0] = (uint32_t)(e - f->flow->event) + 1;
    else if (e->kind == EV_DECLARE)
        state[1 + e->symbol->flow_index] = 0;
    else if (e->kind == EV_DEF)
        step_value(f, e, state);
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
