/*
 * What a cancelled task would lose: memory, a file or another resource that only a local variable
 * knows while the function waits, with neither a deferred block that mentions the variable nor a
 * cleanup. A task that is cancelled leaves at the await, and runs nothing but those.
 *
 * The variable must hold the result of an allocator on every way to the await. It is the function's
 * own as long as it is stored nowhere else; once it was given to a function that may keep it, only
 * a release by this function after the await shows that it is still its own. Not looked at: main,
 * whose process ends; functions that are bide_cancel_returns; variables whose address is taken.
 */
#include "warn.h"

#include <string.h>

struct resource {
    struct symbol *symbol;
    struct expr *from;   /* the call that it has come from, for the message */
    const char *release; /* NULL: no allocator is ever assigned to it */
    bool reported;
};

struct leaks {
    uint32_t words; /* first: for merges */
    struct flow *flow;
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

/* Bits: held (on all ways), in the first half; not given away (on all ways), in the second. */
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
    if (release) {
        set_put(state, i);
        set_put(state + l->words / 2, i);
        l->resource[i].from = call;
    }
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
        else if (!k || !(k->what & FN_OWNS_NOTHING))
            set_take(state + l->words / 2, i);
    }
}

static void step_forward(void *context, const struct event *e, uint32_t *state)
{
    struct leaks *l = context;
    switch (e->kind) {
    case EV_DEF: step_value(l, e->symbol, e->value, state); break;
    case EV_STORE: step_value(l, NULL, e->value, state); break;
    case EV_DECLARE:
    case EV_INVALID: set_take(state, (uint32_t)e->symbol->flow_index); break;
    case EV_USE:
        if (e->expr->kind == EX_BLOCK)
            set_take(state, (uint32_t)e->symbol->flow_index);
        break;
    case EV_CALL:
    case EV_PASS: step_call(l, e, state); break;
    default: break;
    }
}

/* ---- backward: what is released, and used, later ---- */

static void step_backward(void *context, const struct event *e, uint32_t *state)
{
    struct leaks *l = context;
    uint32_t *used = state + l->words / 2;
    if (e->kind == EV_DEF || e->kind == EV_DECLARE) {
        set_take(state, (uint32_t)e->symbol->flow_index);
        set_take(used, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_USE) {
        set_put(used, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_CALL) {
        for (uint32_t i = 0; i < l->flow->var_count; i++)
            if (releases(e->expr, &l->resource[i]))
                set_put(state, i);
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

static bool is_covered(const struct flow *f, const struct symbol *s)
{
    for (uint32_t i = 0; i < f->defers.count; i++) {
        const struct stmt *d = f->defers.item[i];
        if (tokens_mention(f->unit, d->first, d->last, s->name))
            return true;
    }
    return s->cleanup || s->address_taken || s->captured;
}

static void report_leak(struct leaks *l, const struct event *e, struct resource *r)
{
    struct unit *u = l->flow->unit;
    r->reported = true;
    diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-leak-on-cancel",
               "'%s' of type '%s' leaks if the task is cancelled at this 'await'", r->symbol->name,
               type_print(u, r->symbol->type, ""));
    diag_range(u, SEV_NOTE, r->from->first, r->from->last, NULL,
               "it has come from '%s' here; release it in a deferred block: defer { %s(%s); }",
               call_name(r->from), r->release, r->symbol->name);
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
        bool kept = set_has(state + l->words / 2, i) && set_has(later + l->words / 2, i);
        if (r->reported || !set_has(state, i) || !(set_has(later, i) || kept))
            continue;
        if (!is_covered(l->flow, r->symbol))
            report_leak(l, e, r);
    }
}

void warn_leaks(struct flow *f)
{
    struct leaks l = {.flow = f, .words = 2 * set_words(f->var_count)};
    const struct symbol *s = f->fn->symbol;
    bool any = false;
    if (f->fn->is_main || (s && s->cancel_returns))
        return;
    l.resource = arena_alloc(f->arena, (f->var_count + 1) * sizeof *l.resource);
    for (uint32_t i = 0; i < f->var_count; i++)
        l.resource[i].symbol = f->var[i];
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        struct expr *call = e->kind == EV_DEF && e->value ? value_call(e->value) : NULL;
        const char *release = call ? release_of(f->unit, call) : NULL;
        if (!release)
            continue;
        l.resource[e->symbol->flow_index].release = release;
        any = true;
    }
    if (!any)
        return;
    l.later = arena_alloc(f->arena, f->count * sizeof *l.later);
    flow_backward(f, &(struct question){l.words, &l, merge_may, step_backward, keep_later});
    flow_forward(f, &(struct question){l.words, &l, merge_must, step_forward, visit});
}
