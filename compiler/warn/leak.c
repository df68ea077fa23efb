/*
 * What a cancelled task would lose: memory, a file or another resource that only a local variable
 * holds while the function waits, if no deferred block mentions the variable and it has no cleanup
 * function. A cancelled task leaves the function at the await, and only these run.
 *
 * On every path to the await, the variable, or the element of an array, must hold the result of an
 * allocator or a gift, which a function stored through its address (gift.c). The function owns the
 * resource as long as it is stored nowhere else. Once the resource was given to a function that may
 * keep it, only a release by this function after the await shows that this function still owns it.
 * Ignored are main, whose process ends; functions marked bide_cancel_returns; and variables whose
 * address is taken for other reasons.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

/* A variable that may hold something, or an element of an array. */
struct resource {
    struct symbol *symbol;
    int64_t element;     /* -1: the variable as a whole */
    struct expr *from;   /* the call that it has come from, for the message */
    const char *release; /* NULL: no allocator is ever assigned to it */
    bool reported;
};

/* The sets of resources in a state, forward: what holds on all paths to a place. */
enum {
    HELD,    /* it holds something, unless the call that gave it failed */
    OWN,     /* and nothing else may keep that */
    SETTLED, /* the call did not fail, whatever its result is compared with later */
    FAILED,  /* the call failed */
    SETS
};
/* Backward: what is released, and used, on some path from a place. */
enum { RELEASED = 0, USED = 1 };

struct leaks {
    uint32_t words; /* first: for merges */
    uint32_t set;   /* words of one set */
    struct flow *flow;
    struct gifts *gifts;
    struct resource *resource; /* by flow_index, then the elements of arrays */
    uint32_t count;
    uint32_t **later; /* at awaits, by event: what is released, then what is used, after */
};

/* ---- resources ---- */

/* Is the resource the variable, or the element, or one of all elements (-1)? */
static bool is_of(const struct resource *r, const struct symbol *s, int64_t element)
{
    return r->symbol == s && (element < 0 || r->element < 0 || r->element == element);
}

static void put(struct leaks *l, const struct symbol *s, int64_t element, uint32_t *set)
{
    if (flow_has(l->flow, s))
        set_put(set, (uint32_t)s->flow_index);
    for (uint32_t i = l->flow->var_count; i < l->count; i++)
        if (is_of(&l->resource[i], s, element))
            set_put(set, i);
}

static void take(struct leaks *l, const struct symbol *s, int64_t element, uint32_t *set)
{
    if (flow_has(l->flow, s))
        set_take(set, (uint32_t)s->flow_index);
    for (uint32_t i = l->flow->var_count; i < l->count; i++)
        if (is_of(&l->resource[i], s, element))
            set_take(set, i);
}

/* The first of the resources that get a gift: as many as it has elements, or one. */
static uint32_t gift_begin(const struct leaks *l, const struct gift *g)
{
    uint32_t i = l->flow->var_count;
    if (!g->elements)
        return (uint32_t)g->symbol->flow_index;
    while (i < l->count && l->resource[i].symbol != g->symbol)
        i++;
    return i;
}

static uint32_t gift_end(const struct leaks *l, const struct gift *g)
{
    return gift_begin(l, g) + (g->elements ? (uint32_t)g->elements : 1);
}

/* The array of which e is an element, and the index (-1: unknown); or NULL. */
static struct symbol *element_of(struct expr *e, int64_t *element)
{
    e = skip_parens(e);
    if (e->kind != EX_INDEX)
        return NULL;
    const struct expr *array = skip_parens(e->a);
    *element = e->b->is_constant ? e->b->value : -1;
    return array->kind == EX_IDENT && array->type->kind == TY_ARRAY ? array->symbol : NULL;
}

/* ---- what is an allocator ---- */

/* The function that takes back the result of a call; NULL: there is no such function. */
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

/* Does the value of e contain the value of the resource? */
static bool carries(struct expr *e, const struct resource *r)
{
    int64_t element;
    if (!e)
        return false;
    switch (e->kind) {
    case EX_IDENT: return e->symbol == r->symbol;
    case EX_INDEX:
        return r->element >= 0 && element_of(e, &element) == r->symbol &&
               is_of(r, r->symbol, element);
    case EX_PAREN:
    case EX_CAST:
    case EX_INIT_ITEM: return carries(e->a, r);
    case EX_UNARY: return e->op == OP_EXTENSION && carries(e->a, r);
    case EX_COND: return carries(e->b, r) || carries(e->c, r) || (!e->b && carries(e->a, r));
    case EX_COMMA:
    case EX_ASSIGN: return carries(e->b, r);
    case EX_BINARY: return (e->op == '+' || e->op == '-') && (carries(e->a, r) || carries(e->b, r));
    case EX_INIT_LIST:
    case EX_COMPOUND:
        for (int i = 0; i < e->arg_count; i++)
            if (carries(e->arg[i], r))
                return true;
        return carries(e->a, r);
    case EX_STMT: {
        struct stmt *last = value_statement(e->body);
        return last && carries(last->expr, r);
    }
    default: return false;
    }
}

static bool is_passed(const struct expr *call, const struct resource *r)
{
    for (int i = 0; i < call->arg_count; i++)
        if (carries(call->arg[i], r))
            return true;
    return false;
}

static bool releases(const struct expr *call, const struct resource *r)
{
    const char *name = call_name(call);
    return name && r->release && strcmp(name, r->release) == 0 && is_passed(call, r);
}

/* ---- forward: what is held, and what was given away ---- */

static void hold(struct leaks *l, uint32_t i, struct expr *from, uint32_t *state)
{
    set_put(state + HELD * l->set, i);
    set_put(state + OWN * l->set, i);
    set_take(state + SETTLED * l->set, i);
    set_take(state + FAILED * l->set, i);
    l->resource[i].from = from;
}

/* The value goes to a variable, or (NULL) to any other place. */
static void step_value(struct leaks *l, struct symbol *to, struct expr *value, uint32_t *state)
{
    for (uint32_t i = 0; value && i < l->count; i++)
        if (l->resource[i].symbol != to && carries(value, &l->resource[i]))
            set_take(state, i); /* somebody else knows it now */
    if (!to || !flow_has(l->flow, to))
        return;
    struct expr *call = value ? value_call(value) : NULL;
    const char *release = call ? release_of(l->flow->unit, call) : NULL;
    take(l, to, -1, state);
    if (release)
        hold(l, (uint32_t)to->flow_index, call, state);
}

static void step_store(struct leaks *l, const struct event *e, uint32_t *state)
{
    int64_t element;
    const struct symbol *array = e->expr ? element_of(e->expr->a, &element) : NULL;
    step_value(l, NULL, e->value, state);
    if (array)
        take(l, array, element, state);
}

/* bide's own functions keep no argument that they borrow; but a stream owns its descriptor. */
static bool is_of_library(const struct symbol *s)
{
    return strncmp(s->name, "bide_", 5) == 0 && strcmp(s->name, "bide_stream_open") != 0;
}

static void step_gifts(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        if (!gift_arrives(g, e))
            continue;
        for (uint32_t i = gift_begin(l, g); i < gift_end(l, g); i++)
            hold(l, i, g->call, state);
    }
}

/* The result of the call that gave the resource was tested. */
static void step_status_test(struct leaks *l, const struct gift *g, const struct event *e,
                             uint32_t i, uint32_t *state)
{
    if (set_has(state + SETTLED * l->set, i))
        return;
    if (e->op == 0)
        set_take(state + HELD * l->set, i);
    else if (!gift_is_there(g, e))
        set_put(state + FAILED * l->set, i);
    else if (e->op != P_NE)
        set_put(state + SETTLED * l->set, i);
}

static void step_test(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        if (!gift_is_tested(g, e))
            continue;
        for (uint32_t i = gift_begin(l, g); i < gift_end(l, g); i++)
            step_status_test(l, g, e, i, state);
    }
}

/* On a way on which the call failed another variable gets a value: that may tell where the call
 * failed when the ways have joined. */
static void step_flag(struct leaks *l, const struct symbol *flag, uint32_t *state)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (set_has(state + FAILED * l->set, i) && l->resource[i].symbol != flag)
            set_take(state + HELD * l->set, i);
}

/* The variable that had the result gets another value. */
static void step_status(struct leaks *l, const struct event *e, uint32_t *state)
{
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g))
        if (gift_ends_with(g, e))
            put(l, g->symbol, -1, state + SETTLED * l->set);
}

static void step_call(struct leaks *l, const struct event *e, uint32_t *state)
{
    const struct symbol *s = called_symbol(e->expr);
    const struct known *k = s ? known_function(l->flow->unit, s) : NULL;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct resource *r = &l->resource[i];
        if (!r->release || !is_passed(e->expr, r))
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
        step_flag(l, e->symbol, state);
        step_status(l, e, state);
        break;
    case EV_STORE:
        step_store(l, e, state);
        step_flag(l, NULL, state);
        break;
    case EV_RETURN: step_value(l, NULL, e->value, state); break;
    case EV_TEST: step_test(l, e, state); break;
    case EV_AWAIT: step_gifts(l, e, state); break;
    case EV_DECLARE:
    case EV_INVALID: take(l, e->symbol, -1, state); break;
    case EV_USE:
        if (e->expr->kind == EX_BLOCK)
            take(l, e->symbol, -1, state);
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

/* The resource gets another value. */
static void forget_later(struct leaks *l, const struct symbol *s, int64_t element, uint32_t *state)
{
    take(l, s, element, state + RELEASED * l->set);
    take(l, s, element, state + USED * l->set);
}

static void step_backward(void *context, const struct event *e, uint32_t *state)
{
    struct leaks *l = context;
    int64_t element = -1;
    if (e->kind == EV_DEF || e->kind == EV_DECLARE) {
        forget_later(l, e->symbol, -1, state);
    } else if (e->kind == EV_STORE) {
        const struct symbol *array = e->expr ? element_of(e->expr->a, &element) : NULL;
        if (array && element >= 0)
            forget_later(l, array, element, state);
    } else if (e->kind == EV_USE) {
        if (!gift_takes(l->gifts, e->expr))
            put(l, e->symbol, index_after(l->flow->unit, e->expr->last), state + USED * l->set);
    } else if (e->kind == EV_CALL || e->kind == EV_PASS) {
        for (uint32_t i = 0; i < l->count; i++)
            if (releases(e->expr, &l->resource[i]))
                set_put(state + RELEASED * l->set, i);
    }
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g))
        if (gift_arrives(g, e) && g->failure != FAILS_NEVER)
            forget_later(l, g->symbol, -1, state);
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

static bool is_mentioned(const struct unit *u, const struct stmt *s, const struct resource *r)
{
    for (uint32_t i = s->first; i <= s->last; i++)
        if (u->token[i].text && !strcmp(u->token[i].text, r->symbol->name) &&
            is_of(r, r->symbol, index_after(u, i)))
            return true;
    return false;
}

static bool is_covered(const struct leaks *l, const struct resource *r)
{
    const struct flow *f = l->flow;
    const struct symbol *s = r->symbol;
    for (uint32_t i = 0; i < f->defers.count; i++)
        if (is_mentioned(f->unit, f->defers.item[i], r))
            return true;
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
    const struct symbol *s = r->symbol;
    bool is_element = r->element >= 0;
    const char *name =
        is_element ? arena_printf(u->arena, "%s[%d]", s->name, (int)r->element) : s->name;
    r->reported = true;
    diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-leak-on-cancel",
               "'%s' of type '%s' leaks if the task is cancelled at this 'await'", name,
               type_print(u, is_element ? s->type->base : s->type, ""));
    diag_range(u, SEV_NOTE, r->from->first, r->from->last, NULL,
               "it comes from '%s' here; release it in a deferred block: defer { %s%s(%s); }",
               said_name(u->arena, call_name(r->from)),
               is_async_name(u, r->release) ? "await " : "", r->release, name);
    if (u->token[s->token].line != u->token[r->from->first].line)
        diag(u, SEV_NOTE, s->token, "'%s' is declared here", s->name);
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct leaks *l = context;
    const uint32_t *later = l->later[e - l->flow->event];
    if (e->kind != EV_AWAIT || e->deferred || !later)
        return;
    for (uint32_t i = 0; i < l->count; i++) {
        struct resource *r = &l->resource[i];
        bool kept = set_has(state + OWN * l->set, i) && set_has(later + USED * l->set, i);
        bool has = set_has(state, i) && !set_has(state + FAILED * l->set, i);
        if (r->reported || !has || !(set_has(later, i) || kept))
            continue;
        if (!is_covered(l, r))
            report_leak(l, e, r);
    }
}

static void find_allocated(struct leaks *l)
{
    const struct flow *f = l->flow;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        struct expr *call = e->kind == EV_DEF && e->value ? value_call(e->value) : NULL;
        const char *release = call ? release_of(f->unit, call) : NULL;
        if (release)
            l->resource[e->symbol->flow_index].release = release;
    }
}

/* Two gifts to one array have the same elements. */
static void add_elements(struct leaks *l, const struct gift *g)
{
    if (gift_begin(l, g) < l->count)
        return;
    for (int k = 0; k < g->elements; k++)
        l->resource[l->count++] =
            (struct resource){.symbol = g->symbol, .element = k, .release = g->release};
}

/* Finds the variables and elements, and the functions that take back what they get. False: nothing
 * takes anything back. */
static bool find_resources(struct leaks *l)
{
    const struct flow *f = l->flow;
    uint32_t room = f->var_count + 1;
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g))
        room += (uint32_t)g->elements;
    l->resource = arena_alloc(f->arena, room * sizeof *l->resource);
    for (; l->count < f->var_count; l->count++)
        l->resource[l->count] = (struct resource){.symbol = f->var[l->count], .element = -1};
    find_allocated(l);
    for (const struct gift *g = gift_first(l->gifts); g; g = gift_next(l->gifts, g)) {
        if (g->elements)
            add_elements(l, g);
        else
            l->resource[g->symbol->flow_index].release = g->release;
    }
    for (uint32_t i = 0; i < l->count; i++)
        if (l->resource[i].release)
            return true;
    return false;
}

void warn_leaks(struct flow *f)
{
    struct leaks l = {.flow = f};
    const struct symbol *s = f->fn->symbol;
    if (f->fn->is_main || (s && s->cancel_returns))
        return;
    l.gifts = gifts_find(f);
    if (!find_resources(&l))
        return;
    l.set = set_words(l.count);
    l.words = SETS * l.set;
    l.later = arena_alloc(f->arena, f->count * sizeof *l.later);
    flow_backward(f, &(struct question){l.words, &l, merge_may, step_backward, keep_later});
    flow_forward(f, &(struct question){l.words, &l, merge_must, step_forward, visit});
}
