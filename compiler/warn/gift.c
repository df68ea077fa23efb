/*
 * Gifts: what a function stores for its caller through a pointer that is marked bide_gives, as
 * bide_tcp_connect(host, port, &stream) does, if it does not fail.
 *
 * Whether it failed is told by its result, so the result is followed: into variables (and copies of
 * them), into the conditions and switches that look at it, or into nothing. Where it goes another
 * way (a member, another call), the gift is left out. Of a branch of a timeout or a join the form's
 * own result tells too; branches of a select, of which all but one lose, are left out.
 *
 * Seen is `&variable` for a local variable; not members, elements, and pointers to pointers.
 */
#include "inside.h"

#include <string.h>

struct gifts {
    struct flow *flow;
    struct gift *gift;
    uint32_t count;
};

/* ---- the calls that give ---- */

static struct expr *without_casts(struct expr *e)
{
    while (e->kind == EX_PAREN || e->kind == EX_CAST)
        e = e->a;
    return e;
}

/* The variable in `&variable`, as it is written there. */
static struct expr *pointed_to(const struct flow *f, struct expr *argument)
{
    struct expr *e = without_casts(argument);
    if (e->kind != EX_UNARY || e->op != '&')
        return NULL;
    e = skip_parens(e->a);
    return e->kind == EX_IDENT && flow_has(f, e->symbol) && type_is_scalar(e->type) ? e : NULL;
}

static bool is_found(const struct gifts *g, const struct expr *call, const struct expr *argument)
{
    for (uint32_t i = 0; i < g->count; i++)
        if (g->gift[i].call == call && g->gift[i].argument == argument)
            return true;
    return false;
}

static void add_gifts(struct gifts *g, struct expr *call, struct expr *await)
{
    struct flow *f = g->flow;
    const struct symbol *s = called_symbol(call);
    for (int i = 0; s && i < call->arg_count; i++) {
        struct expr *to = pointed_to(f, call->arg[i]);
        const struct mark *m = to ? param_mark(f->unit, s, i, "bide_gives") : NULL;
        if (!m || !m->argument || is_found(g, call, to))
            continue;
        struct gift *more = arena_alloc(f->arena, (g->count + 1) * sizeof *more);
        if (g->count)
            memcpy(more, g->gift, g->count * sizeof *more);
        g->gift = more;
        more[g->count++] = (struct gift){
            .call = call,
            .argument = to,
            .await = await,
            .symbol = to->symbol,
            .release = m->argument,
            .is_known = call->type->kind == TY_VOID,
            .zero_fails = call->type->kind == TY_BOOL,
        };
    }
}

/* Of an await, or of a form in it. */
static void add_awaited(struct gifts *g, struct expr *e, struct expr *await)
{
    e = skip_parens(e);
    if (e->kind == EX_ASSIGN)
        e = skip_parens(e->b);
    if (e->kind == EX_CALL)
        add_gifts(g, e, await);
    if (e->kind != EX_FORM || (e->form != FORM_TIMEOUT && e->form != FORM_JOIN &&
                               e->form != FORM_TRY_JOIN && e->form != FORM_BLOCKING))
        return;
    for (int i = e->form == FORM_TIMEOUT; i < e->arg_count; i++)
        add_awaited(g, e->arg[i], await);
}

/* ---- where results go ---- */

static bool has_status(const struct gift *g, const struct symbol *s)
{
    for (uint32_t i = 0; i < g->status.count; i++)
        if (g->status.item[i] == s)
            return true;
    return false;
}

/* Is it the call, or the await that it is a branch of? */
static bool is_result(const struct gift *g, struct expr *e)
{
    if (!e)
        return false;
    if (e == g->call || value_call(e) == g->call)
        return true;
    e = without_casts(e);
    return g->await && e == g->await;
}

static void follow(struct gifts *all, struct gift *g, const struct event *e)
{
    bool gets = e->kind == EV_DEF && (is_result(g, e->value) || e->expr == g->call);
    struct symbol *from = e->kind == EV_DEF && e->value ? value_variable(e->value) : NULL;
    if (gets || (from && has_status(g, from))) {
        if (!has_status(g, e->symbol))
            list_add(all->flow->arena, &g->status, e->symbol);
        g->is_known |= gets;
    } else if (e->kind == EV_TEST && is_result(g, e->expr)) {
        g->is_known = true;
        g->is_unknown |= e->op == 0;
    } else if (e->kind == EV_DROP && is_result(g, e->expr)) {
        g->is_known = true;
    }
}

struct gifts *gifts_find(struct flow *f)
{
    struct gifts *g = arena_alloc(f->arena, sizeof *g);
    *g = (struct gifts){.flow = f};
    if (!f->unit->marks.count)
        return g;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        if (e->kind == EV_CALL)
            add_gifts(g, e->expr, NULL);
        else if (e->kind == EV_AWAIT && e->expr->a)
            add_awaited(g, e->expr->a, e->expr);
    }
    uint32_t kept = 0;
    for (uint32_t k = 0; k < g->count; k++) {
        for (uint32_t i = 0; i < f->count; i++)
            follow(g, &g->gift[k], &f->event[i]);
        if (g->gift[k].is_known && !g->gift[k].is_unknown)
            g->gift[kept++] = g->gift[k];
    }
    g->count = kept;
    return g;
}

const struct gift *gift_first(const struct gifts *g)
{
    return g->count ? g->gift : NULL;
}

const struct gift *gift_next(const struct gifts *all, const struct gift *g)
{
    return g + 1 < all->gift + all->count ? g + 1 : NULL;
}

/* ---- events ---- */

bool gift_arrives(const struct gift *g, const struct event *e)
{
    return g->await ? e->kind == EV_AWAIT && e->expr == g->await
                    : e->kind == EV_CALL && e->expr == g->call;
}

bool gift_is_told_by(const struct gift *g, const struct event *e)
{
    return (e->symbol && has_status(g, e->symbol)) || (e->expr && is_result(g, e->expr));
}

/* A result of 0 or more says that it is. What only says that it is not 0 leaves that open. */
bool gift_is_there(const struct gift *g, const struct event *e)
{
    int64_t n = e->number;
    if (g->zero_fails)
        return (e->op == P_NE && n == 0) || (e->op == P_EQ && n != 0);
    switch (e->op) {
    case P_EQ: return n >= 0;
    case P_NE: return n != 0;
    case P_GE: return n >= 0;
    case '>': return n >= -1;
    default: return false;
    }
}

bool gift_ends_with(const struct gift *g, const struct event *e)
{
    return g->status.count == 1 && g->status.item[0] == e->symbol && !is_result(g, e->value) &&
           e->expr != g->call;
}

bool gift_takes(const struct gifts *all, const struct expr *e)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (all->gift[i].argument == e)
            return true;
    return false;
}

/* ---- addresses ---- */

bool gifts_alone_point_to(const struct gifts *all, const struct symbol *s)
{
    const struct flow *f = all->flow;
    for (uint32_t i = 0; i < f->fn->idents.count; i++) {
        const struct expr *e = f->fn->idents.item[i];
        if (e->symbol == s && !gift_takes(all, e) && is_address_taken(f->unit, e))
            return false;
    }
    return !branches_mention(f->fn, s);
}
