/*
 * Gifts: what a function stores for its caller through a pointer, if it does not fail. The
 * parameter is marked bide_gives, as that of bide_tcp_connect(host, port, &stream), or the function
 * is a known one of the C library, as asprintf(&text, ...) and pipe(ends).
 *
 * The result of the call shows whether it failed, so the result is followed: into variables and
 * their copies, into the conditions and switches that test it, or until it is dropped. If it goes
 * anywhere else (into a member, to another call, into what a comparison or a choice makes of it),
 * the gift is ignored. For a branch of a timeout or a join the form's own result counts too.
 * Branches of a select are ignored: all but one lose.
 *
 * Gifts to `&variable` of a local variable are seen, and gifts to the elements of local arrays;
 * gifts to members and through other pointers are not.
 *
 * Requires the events of an async function. Changes nothing.
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

/* The mention of the variable that an argument lets the function set: `&variable` or `array`. */
static struct expr *pointed_to(const struct flow *f, struct expr *argument)
{
    struct expr *e = without_casts(argument);
    bool is_address = e->kind == EX_UNARY && e->op == '&';
    if (is_address)
        e = skip_parens(e->a);
    if (e->kind != EX_IDENT || !flow_has(f, e->symbol))
        return NULL;
    return (is_address ? type_is_scalar(e->type) : e->type->kind == TY_ARRAY) ? e : NULL;
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
        struct giver giver;
        if (!to || is_found(g, call, to) || !known_giver(f->unit, s, i, &giver) ||
            (giver.elements > 0) != (to->type->kind == TY_ARRAY))
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
            .elements = giver.elements,
            .release = giver.release,
            .failure = giver.failure,
            .is_known = call->type->kind == TY_VOID || giver.failure == FAILS_NEVER,
        };
    }
}

/* The calls of an await, or of the branches of a form in it. */
static void add_awaited(struct gifts *g, struct expr *e, struct expr *await)
{
    e = skip_parens(e);
    if (e->kind == EX_ASSIGN)
        e = skip_parens(e->b);
    if (e->kind == EX_CALL)
        add_gifts(g, e, await);
    if (e->kind != EX_FORM ||
        (!form_is_timeout(e->form) && e->form != FORM_JOIN && e->form != FORM_TRY_JOIN &&
         e->form != FORM_BLOCKING && e->form != FORM_BLOCK_IN_PLACE))
        return;
    for (int i = form_is_timeout(e->form); i < e->arg_count; i++)
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

/* Is the value the result of the call, or of the form that the call is a branch of? */
static bool is_result(const struct gift *g, struct expr *e)
{
    if (!e)
        return false;
    if (e == g->call || value_call(e) == g->call)
        return true;
    e = without_casts(e);
    return g->await && e == g->await;
}

/* Is the value what a comparison or a choice makes of the result? */
static bool is_judgement(struct unit *u, const struct gift *g, struct expr *value)
{
    value = without_casts(value);
    if (value->kind != EX_BINARY && value->kind != EX_LOGIC && value->kind != EX_COND &&
        (value->kind != EX_UNARY || value->op != '!'))
        return false;
    if (value->first <= g->call->first && g->call->last <= value->last)
        return true;
    for (uint32_t i = 0; i < g->status.count; i++)
        if (tokens_mention(u, value->first, value->last,
                           ((struct symbol *)g->status.item[i])->name))
            return true;
    return false;
}

static void follow(struct gifts *all, struct gift *g, const struct event *e)
{
    if (g->failure == FAILS_NEVER)
        return;
    if ((e->kind == EV_DEF || e->kind == EV_STORE) && e->value &&
        is_judgement(all->flow->unit, g, e->value))
        g->is_unknown = true;
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

bool gift_is_tested(const struct gift *g, const struct event *e)
{
    return (e->symbol && has_status(g, e->symbol)) || (e->expr && is_result(g, e->expr));
}

/* If a result means failure when it is negative, and only "not 0" is known, the answer is open. */
bool gift_is_there(const struct gift *g, const struct event *e)
{
    int64_t n = e->number;
    switch (g->failure) {
    case FAILS_NEVER: return true;
    case FAILS_ZERO: return (e->op == P_NE && n == 0) || (e->op == P_EQ && n != 0);
    case FAILS_NOT_ZERO: return (e->op == P_EQ && n == 0) || (e->op == P_NE && n != 0);
    case FAILS_NEGATIVE: break;
    }
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
        bool decays = s->type->kind == TY_ARRAY && f->unit->token[e->last + 1].punct != '[';
        if (e->symbol == s && !gift_takes(all, e) && (decays || is_address_taken(f->unit, e)))
            return false;
    }
    return !branches_mention(f->fn, s);
}
