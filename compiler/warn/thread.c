/*
 * Values that belong to one thread, held across an await by a task that may continue on another
 * thread: in a function that the unit spawns, or that such a function awaits, if the program asks
 * for a runtime with several threads.
 *
 * A local variable holds such a value if its type is marked bide_thread_bound (or points to such a
 * type, or has a member of it), or if its value may have come from the address of a _Thread_local
 * variable, from `&errno`, or from a function that returns memory of the thread. It is held across
 * the await if it may be read after it.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

struct held {
    struct expr *from; /* the value that it got, for the message */
    const char *why;
    bool by_type, reported;
};

struct bound {
    uint32_t words; /* first: for merges */
    struct flow *flow;
    const struct spawned *spawned;
    struct held *held; /* by flow_index */
    uint32_t **live;   /* at awaits, by event: what is read after */
};

/* ---- types ---- */

static bool tag_is_bound(struct unit *u, const struct tag *tag, int depth);

static bool type_is_bound(struct unit *u, const struct type *t, int depth)
{
    for (; depth < TYPE_DEPTH_MAX; t = t->base, depth++) {
        if (t->alias && symbol_mark(u, t->alias, "bide_thread_bound"))
            return true;
        if (t->kind == TY_STRUCT || t->kind == TY_UNION)
            return tag_is_bound(u, t->tag, depth + 1);
        if (t->kind != TY_POINTER && t->kind != TY_ARRAY)
            return false;
        /* A pointer counts if the struct is marked. A member that is marked may belong to another
         * thread, which owns the struct. */
        const struct type *to = t->base;
        if (t->kind == TY_POINTER && (to->kind == TY_STRUCT || to->kind == TY_UNION))
            return (to->alias && symbol_mark(u, to->alias, "bide_thread_bound")) ||
                   tag_mark(u, to->tag, "bide_thread_bound");
    }
    return false;
}

static bool tag_is_bound(struct unit *u, const struct tag *tag, int depth)
{
    if (tag_mark(u, tag, "bide_thread_bound"))
        return true;
    for (int i = 0; i < tag->member_count; i++)
        if (type_is_bound(u, tag->member[i].type, depth + 1))
            return true;
    return false;
}

/* ---- values ---- */

static struct expr *object_of(struct expr *e)
{
    for (;;) {
        if (e->kind == EX_PAREN || e->kind == EX_MEMBER ||
            (e->kind == EX_INDEX && e->a->type->kind == TY_ARRAY))
            e = e->a;
        else
            return e;
    }
}

static bool is_thread_variable(const struct expr *e)
{
    return e->kind == EX_IDENT && e->symbol && e->symbol->is_thread_local;
}

/* Why the value belongs to the thread, or NULL. */
static const char *bound_value(struct unit *u, struct expr *e)
{
    struct expr *call = value_call(e);
    while (e->kind == EX_PAREN || e->kind == EX_CAST)
        e = e->a;
    if (e->kind == EX_COND) {
        const char *why = e->b ? bound_value(u, e->b) : NULL;
        return why ? why : bound_value(u, e->c);
    }
    if (call && call->type->kind == TY_POINTER && called_symbol(call)) {
        const struct known *k = known_function(u, called_symbol(call));
        if ((k && k->what & FN_STATIC) || symbol_mark(u, called_symbol(call), "bide_thread_bound"))
            return arena_printf(u->arena, "it has the result of '%s'", call_name(call));
    }
    if (e->kind == EX_UNARY && e->op == '&') {
        struct expr *object = object_of(e->a);
        if (is_thread_variable(object))
            return arena_printf(u->arena, "it points to the thread-local '%s'", object->name);
        if (object->kind == EX_UNARY && object->op == '*' && value_call(object->a) &&
            call_name(value_call(object->a)) &&
            strcmp(call_name(value_call(object->a)), "__errno_location") == 0)
            return "it points to 'errno'";
    }
    struct expr *array = object_of(e);
    if (e->type->kind == TY_ARRAY && is_thread_variable(array))
        return arena_printf(u->arena, "it points to the thread-local '%s'", array->name);
    return NULL;
}

/* ---- forward ---- */

static void step_forward(void *context, const struct event *e, uint32_t *state)
{
    struct bound *b = context;
    if (e->kind == EV_DECLARE)
        set_take(state, (uint32_t)e->symbol->flow_index);
    if (e->kind != EV_DEF)
        return;
    uint32_t i = (uint32_t)e->symbol->flow_index;
    struct held *h = &b->held[i];
    struct symbol *from = e->value ? value_variable(e->value) : NULL;
    const char *why = e->value && e->symbol->type->kind == TY_POINTER
                          ? bound_value(b->flow->unit, e->value)
                          : NULL;
    set_take(state, i);
    if (why) {
        h->why = why;
        h->from = e->value;
        set_put(state, i);
    } else if (from && flow_has(b->flow, from) && set_has(state, (uint32_t)from->flow_index)) {
        h->why = b->held[from->flow_index].why;
        h->from = e->value;
        set_put(state, i);
    } else if (h->by_type) {
        set_put(state, i);
    }
}

/* ---- backward ---- */

static void step_backward(void *context, const struct event *e, uint32_t *state)
{
    (void)context;
    if (e->kind == EV_DEF || e->kind == EV_DECLARE)
        set_take(state, (uint32_t)e->symbol->flow_index);
    else if (e->kind == EV_USE || e->kind == EV_CLEANUP)
        set_put(state, (uint32_t)e->symbol->flow_index);
}

static void keep_live(void *context, const struct event *e, const uint32_t *state)
{
    struct bound *b = context;
    if (e->kind != EV_AWAIT)
        return;
    uint32_t *copy = arena_alloc(b->flow->arena, b->words * sizeof *copy);
    memcpy(copy, state, b->words * sizeof *copy);
    b->live[e - b->flow->event] = copy;
}

/* ---- the verdict ---- */

static void note_spawn(struct unit *u, const struct spawned *s)
{
    if (s->awaiter)
        diag_range(u, SEV_NOTE, s->call->first, s->call->last, NULL, "'%s' is awaited by '%s' here",
                   s->fn->name, s->awaiter->name);
    diag_range(u, SEV_NOTE, s->spawn->first, s->spawn->last, NULL,
               "the task is spawned here; on a runtime with several threads it may continue on "
               "another");
}

static void report_bound(struct bound *b, const struct event *e, uint32_t i)
{
    struct unit *u = b->flow->unit;
    const struct symbol *s = b->flow->var[i];
    struct held *h = &b->held[i];
    const char *type = type_print(u, s->type, "");
    h->reported = true;
    diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-thread-bound",
               "'%s' of type '%s' is held across this 'await', but belongs to one thread", s->name,
               type);
    if (h->from)
        diag_range(u, SEV_NOTE, h->from->first, h->from->last, NULL,
                   "%s, here; get it anew after the 'await', or keep a copy", h->why);
    diag(u, SEV_NOTE, s->token,
         h->by_type ? "'%s' is declared here; its type is bide_thread_bound"
                    : "'%s' is declared here",
         s->name);
    note_spawn(u, b->spawned);
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct bound *b = context;
    const uint32_t *live = b->live[e - b->flow->event];
    if (e->kind != EV_AWAIT || !live)
        return;
    for (uint32_t i = 0; i < b->flow->var_count; i++)
        if (set_has(state, i) && set_has(live, i) && !b->held[i].reported)
            report_bound(b, e, i);
}

void warn_thread_bound(struct flow *f, const struct spawned *spawned)
{
    struct bound b = {.flow = f, .spawned = spawned, .words = set_words(f->var_count)};
    b.held = arena_alloc(f->arena, (f->var_count + 1) * sizeof *b.held);
    b.live = arena_alloc(f->arena, (f->count + 1) * sizeof *b.live);
    for (uint32_t i = 0; i < f->var_count; i++)
        b.held[i].by_type = type_is_bound(f->unit, f->var[i]->type, 0);
    flow_backward(f, &(struct question){b.words, &b, merge_may, step_backward, keep_live});
    flow_forward(f, &(struct question){b.words, &b, merge_may, step_forward, visit});
}
