/*
 * What a cancelled task would lose: memory, a file or another resource that only a local variable
 * knows while the function waits, with neither a deferred block that mentions the variable nor a
 * cleanup. A task that is cancelled leaves at the await, and runs nothing but those.
 *
 * The variable must hold the result of an allocator on every way to the await, or what a function
 * gave it through its address (warn_gift.c). It is the function's own as long as it is stored
 * nowhere else; once it was given to a function that may keep it, only a release by this function
 * after the await shows that it is still its own. Not looked at: main, whose process ends;
 * functions that are bide_cancel_returns; variables whose address is taken otherwise.
 */
#include "inside.h"

#include <string.h>

struct resource {
    struct symbol *symbol;
    struct expr *from;   /* the call that it has come from, for the message */
    const char *release; /* NULL: no allocator is ever assigned to it */
    bool reported;
};

/* The sets of a state, forward, each of what is so on all ways: held, unless the call that gave it
 * failed; not given away; known to be held, whatever its result is compared with later; known to
 * have failed. Backward: released, and used, later. */
enum { HELD, OWN, SETTLED, FAILED, SETS, RELEASED = 0, USED = 1 };

struct leaks {
    uint32_t words; /* first: for merges */
    uint32_t set;   /* words of one set */
    struct flow *flow;
    struct gifts *gifts;
    struct resource *resource; /* by flow_index */
    uint32_t **later;          /* at awaits, by event: what is released, then what is used, after */
};

/* ---- what is an allocator ---- */

/* What takes back the result of a call; NULL: it is no allocator. */
static const char *release_of(struct unit *u, const struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    if (!s)
        return NULL;
    const struct mark *m = symbol_mark(u, s, "bide_allocates");
    if (m)
        return m->argument;
    const struct known *k = known_function(u, s);
    return k ? k->release : NULL;
}

/* Does the value of e carry that of the variable? */
static bool carries(struct expr *e, const struct symbol *s)
{
    if (!e)
        return false;
    switch (e->kind) {
    case EX_IDENT: return e->symbol == s;
    case EX_PAREN:
    case EX_CAST:
    case EX_INIT_ITEM: return carries(e->a, s);
    case EX_UNARY: return e->op == OP_EXTENSION && carries(e->a, s);
    case EX_COND: return carries(e->b, s) || carries(e->c, s) || (!e->b && carries(e->a, s));
    case EX_COMMA:
    case EX_ASSIGN: return carries(e->b, s);
    case EX_BINARY: return (e->op == '+' || e->op == '-') && (carries(e->a, s) || carries(e->b, s));
    case EX_INIT_LIST:
    case EX_COMPOUND:
        for (int i = 0; i < e->arg_count; i++)
            if (carries(e->arg[i], s))
                return true;
        return carries(e->a, s);
    case EX_STMT: {
        struct stmt *last = value_statement(e->body);
        return last && carries(last->expr, s);
    }
    default: return false;
    }
}

static bool is_passed(const struct expr *call, const struct symbol *s)
{
    for (int i = 0; i < call->arg_count; i++)
        if (carries(call->arg[i], s))
            return true;
    return false;
}

static bool releases(const struct expr *call, const struct resource *r)
{
    const char *name = call_name(call);
    return name && r->release && strcmp(name, r->release) == 0 && is_passed(call, r->symbol);
}

/* ---- forward: what is held, and what was given away ---- */

static void hold(struct leaks *l, const struct symbol *s, struct expr *from, uint32_t *state)
{
    uint32_t i = (uint32_t)s->flow_index;
    set_put(state + HELD * l->set, i);
    set_put(state + OWN * l->set, i);
    set_take(state + SETTLED * l->set, i);
    set_take(state + FAILED * l->set, i);
    l->resource[i].from = from;
}

static void step_value(struct leaks *l, struct symbol *to, struct expr *value, uint32_t *state)
{
    for (uint32_t i = 0; value && i < l->flow->var_count; i++)
        if (l->flow->var[i] != to && carries(value, l->flow->var[i]))
            set_take(state, i); /* somebody else knows it now */
    if (!to || !flow_has(l->flow, to))
        return;
    uint32_t i = (uint32_t)to->flow_index;
    struct expr *call = value ? value_call(value) : NULL;
    const char *release = call ? release_of(l->flow->unit, call) : NULL;
    set_take(state, i);
    if (release)
        hold(l, to, call, state);
}

/* Our own functions keep nothing that they are lent. */
static bool is_of_library(const struct symbol *s)
{
    return strncmp(s->name, "bide_", 5) == 0;
}

static void step_gifts(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g))
        if (gift_arrives(g, e))
            hold(l, g->symbol, g->call, state);
}

/* Something is known of the result of the call that gave it. */
static void step_test(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        uint32_t i = (uint32_t)g->symbol->flow_index;
        if (set_has(state + SETTLED * l->set, i) || !gift_is_told_by(g, e))
            continue;
        if (e->op == 0)
            set_take(state + HELD * l->set, i);
        else if (!gift_is_there(g, e))
            set_put(state + FAILED * l->set, i);
        else if (e->op != P_NE)
            set_put(state + SETTLED * l->set, i);
    }
}

/* The variable that had the result gets another value. */
static void step_status(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g))
        if (gift_ends_with(g, e))
            set_put(state + SETTLED * l->set, (uint32_t)g->symbol->flow_index);
}

static void step_call(struct leaks *l, const struct event *e, uint32_t *state)
{
    const struct symbol *s = called_symbol(e->expr);
    const struct known *k = s ? known_function(l->flow->unit, s) : NULL;
    for (uint32_t i = 0; i < l->flow->var_count; i++) {
        const struct resource *r = &l->resource[i];
        if (!r->release || !is_passed(e->expr, r->symbol))
            continue;
        if (releases(e->expr, r) || (k && k->release && !strncmp(k->name, "re", 2)))
            set_take(state, i); /* released, or handed to realloc */
        else if (!(k && k->what & FN_OWNS_NOTHING) && !(s && is_of_library(s)))
            set_take(state + OWN * l->set, i);
    }
}

static void step_forward(void *context, const struct event *e, uint32_t *state)
{
    struct leaks *l = context;
    switch (e->kind) {
    case EV_DEF:
        step_value(l, e->symbol, e->value, state);
        step_status(l, e, state);
        break;
    case EV_STORE:
    case EV_RETURN: step_value(l, NULL, e->value, state); break;
    case EV_TEST: step_test(l, e, state); break;
    case EV_AWAIT: step_gifts(l, e, state); break;
    case EV_DECLARE:
    case EV_INVALID: set_take(state, (uint32_t)e->symbol->flow_index); break;
    case EV_USE:
        if (e->expr->kind == EX_BLOCK)
            set_take(state, (uint32_t)e->symbol->flow_index);
        break;
    case EV_CALL:
    case EV_PASS:
        step_call(l, e, state);
        step_gifts(l, e, state);
        break;
    default: break;
    }
}

/* ---- backward: what is released, and used, later ---- */

static void step_backward(void *context, const struct event *e, uint32_t *state)
{
    struct leaks *l = context;
    uint32_t *used = state + USED * l->set;
    if (e->kind == EV_DEF || e->kind == EV_DECLARE) {
        set_take(state, (uint32_t)e->symbol->flow_index);
        set_take(used, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_USE) {
        if (!gift_takes(l->gifts, e->expr))
            set_put(used, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_CALL || e->kind == EV_PASS) {
        for (uint32_t i = 0; i < l->flow->var_count; i++)
            if (releases(e->expr, &l->resource[i]))
                set_put(state, i);
    }
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        if (!gift_arrives(g, e))
            continue;
        set_take(state, (uint32_t)g->symbol->flow_index);
        set_take(used, (uint32_t)g->symbol->flow_index);
    }
}

static void keep_later(void *context, const struct event *e, const uint32_t *state)
{
    struct leaks *l = context;
    if (e->kind != EV_AWAIT)
        return;
    uint32_t *copy = arena_alloc(l->flow->arena, l->words * sizeof *copy);
    memcpy(copy, state, l->words * sizeof *copy);
    l->later[e - l->flow->event] = copy;
}

/* ---- the verdict ---- */

static bool is_covered(const struct leaks *l, const struct symbol *s)
{
    const struct flow *f = l->flow;
    for (uint32_t i = 0; i < f->defers.count; i++) {
        const struct stmt *d = f->defers.item[i];
        if (tokens_mention(f->unit, d->first, d->last, s->name))
            return true;
    }
    return s->cleanup || s->captured || (s->address_taken && !gifts_alone_point_to(l->gifts, s));
}

static bool is_async_name(const struct unit *u, const char *name)
{
    for (uint32_t i = 0; i < u->items.count; i++) {
        const struct item *item = u->items.item[i];
        const struct symbol *s = item->function ? item->function->symbol : NULL;
        if (s && s->is_async && !strcmp(s->name, name))
            return true;
        for (uint32_t k = 0; item->kind == ITEM_ASYNC_DECL && k < item->symbols.count; k++)
            if (!strcmp(((struct symbol *)item->symbols.item[k])->name, name))
                return true;
    }
    return false;
}

static void report_leak(struct leaks *l, const struct event *e, struct resource *r)
{
    struct unit *u = l->flow->unit;
    r->reported = true;
    diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-leak-on-cancel",
               "'%s' of type '%s' leaks if the task is cancelled at this 'await'", r->symbol->name,
               type_print(u, r->symbol->type, ""));
    diag_range(u, SEV_NOTE, r->from->first, r->from->last, NULL,
               "it has come from '%s' here; release it in a deferred block: defer { %s%s(%s); }",
               call_name(r->from), is_async_name(u, r->release) ? "await " : "", r->release,
               r->symbol->name);
    if (u->token[r->symbol->token].line != u->token[r->from->first].line)
        diag(u, SEV_NOTE, r->symbol->token, "'%s' is declared here", r->symbol->name);
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct leaks *l = context;
    const uint32_t *later = l->later[e - l->flow->event];
    if (e->kind != EV_AWAIT || e->deferred || !later)
        return;
    for (uint32_t i = 0; i < l->flow->var_count; i++) {
        struct resource *r = &l->resource[i];
        bool kept = set_has(state + OWN * l->set, i) && set_has(later + USED * l->set, i);
        bool has = set_has(state, i) && !set_has(state + FAILED * l->set, i);
        if (r->reported || !has || !(set_has(later, i) || kept))
            continue;
        if (!is_covered(l, r->symbol))
            report_leak(l, e, r);
    }
}

/* What takes back what a variable gets. */
static bool find_resources(struct leaks *l)
{
    struct flow *f = l->flow;
    bool any = false;
    l->resource = arena_alloc(f->arena, (f->var_count + 1) * sizeof *l->resource);
    for (uint32_t i = 0; i < f->var_count; i++)
        l->resource[i].symbol = f->var[i];
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        struct expr *call = e->kind == EV_DEF && e->value ? value_call(e->value) : NULL;
        const char *release = call ? release_of(f->unit, call) : NULL;
        if (!release)
            continue;
        l->resource[e->symbol->flow_index].release = release;
        any = true;
    }
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        l->resource[g->symbol->flow_index].release = g->release;
        any = true;
    }
    return any;
}

void warn_leaks(struct flow *f)
{
    struct leaks l = {.flow = f, .set = set_words(f->var_count)};
    const struct symbol *s = f->fn->symbol;
    l.words = SETS * l.set;
    if (f->fn->is_main || (s && s->cancel_returns))
        return;
    l.gifts = gifts_find(f);
    if (!find_resources(&l))
        return;
    l.later = arena_alloc(f->arena, f->count * sizeof *l.later);
    flow_backward(f, &(struct question){l.words, &l, merge_may, step_backward, keep_later});
    flow_forward(f, &(struct question){l.words, &l, merge_must, step_forward, visit});
}
