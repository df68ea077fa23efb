/*
 * Values that belong to one thread: which of them an async function holds across an await, where
 * its task may go on on another thread, and which ones it hands to tasks.
 *
 * A local variable holds such a value if its type is marked bide_thread_bound (or points to such a
 * type, or has a member of it), or if its value may have come from the address of a _Thread_local
 * variable, from `&errno`, or from a function that returns memory of the thread. It is held across
 * the await if it may be read after it. So is a value in an expression whose later operands await.
 *
 * A warning flag or pragma that names -Wbide-thread-bound and ignores it, at the await or at the
 * parameter, takes the value out: it does not count, here or in the function's descriptor.
 *
 * Requires the events of a function. Establishes function->thread_values; changes nothing else.
 */
#include "inside.h"

#include <string.h>

static const char option[] = "bide-thread-bound";

struct held {
    struct expr *from; /* the value that it got, for the message */
    const char *why;
    bool by_type, noted;
};

struct bound {
    uint32_t words; /* first: for merges */
    struct flow *flow;
    struct list *given; /* struct given *: to add to, or NULL */
    struct held *held;  /* by flow_index */
    uint32_t **live;    /* at awaits, by event: what is read after */
};

/* ---- types ---- */

static bool tag_is_bound(struct unit *u, const struct tag *tag, int depth);

/* The mark of `struct bide_thread_bound name;`, which may be all that is known of the type. */
static bool name_is_marked(struct unit *u, const struct tag *tag)
{
    for (uint32_t i = 0; tag->name && tag->depth == 0 && i < u->marks.count; i++) {
        const struct mark *m = u->marks.item[i];
        const struct token *t = &u->token[m->token];
        enum keyword kind = tag->kind == TY_UNION ? KW_UNION : KW_STRUCT;
        if (!strcmp(m->word, "bide_thread_bound") && t->text && !strcmp(t->text, tag->name) &&
            token_keyword(t - 1) == kind)
            return true;
    }
    return false;
}

static bool tag_is_marked(struct unit *u, const struct tag *tag)
{
    return tag_mark(u, tag, "bide_thread_bound") || name_is_marked(u, tag);
}

static bool alias_is_marked(struct unit *u, const struct type *t)
{
    for (const struct symbol *a = t->alias; a; a = a->type->alias)
        if (symbol_mark(u, a, "bide_thread_bound"))
            return true;
    return false;
}

static bool type_is_bound(struct unit *u, const struct type *t, int depth)
{
    for (; depth < TYPE_DEPTH_MAX; t = t->base, depth++) {
        if (alias_is_marked(u, t))
            return true;
        if (t->kind == TY_STRUCT || t->kind == TY_UNION)
            return tag_is_bound(u, t->tag, depth + 1);
        if (t->kind != TY_POINTER && t->kind != TY_ARRAY)
            return false;
        /* A pointer counts if the struct is marked. A member that is marked may belong to another
         * thread, which owns the struct. */
        const struct type *to = t->base;
        if (t->kind == TY_POINTER && (to->kind == TY_STRUCT || to->kind == TY_UNION))
            return alias_is_marked(u, to) || tag_is_marked(u, to->tag);
    }
    return false;
}

static bool tag_is_bound(struct unit *u, const struct tag *tag, int depth)
{
    if (tag_is_marked(u, tag))
        return true;
    for (int i = 0; i < tag->member_count; i++)
        if (type_is_bound(u, tag->member[i].type, depth + 1))
            return true;
    return false;
}

/* Most units have no such mark. */
static bool has_mark(const struct unit *u)
{
    for (uint32_t i = 0; i < u->marks.count; i++)
        if (!strcmp(((const struct mark *)u->marks.item[i])->word, "bide_thread_bound"))
            return true;
    return false;
}

bool type_is_thread_bound(struct unit *u, const struct type *t)
{
    return has_mark(u) && type_is_bound(u, t, 0);
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
    if (e->kind == EX_BINARY && e->type->kind == TY_POINTER) {
        const char *why = bound_value(u, e->a);
        return why ? why : bound_value(u, e->b);
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

/* The value that a definition gives the variable. */
static void step_def(struct bound *b, const struct event *e, uint32_t *state)
{
    uint32_t i = (uint32_t)e->symbol->flow_index;
    struct held *h = &b->held[i];
    struct symbol *from = e->value ? value_variable(e->value) : NULL;
    bool is_pointer = e->symbol->type->kind == TY_POINTER;
    const char *why = e->value && is_pointer ? bound_value(b->flow->unit, e->value) : NULL;
    if (e->op == P_INC && !e->value && set_has(state, i))
        return;
    set_take(state, i);
    if (why) {
        h->why = why;
        h->from = e->value;
        set_put(state, i);
    } else if (h->by_type) {
        if (!e->value || !is_null_constant(e->value))
            set_put(state, i);
    } else if (from && flow_has(b->flow, from) && set_has(state, (uint32_t)from->flow_index)) {
        h->why = b->held[from->flow_index].why;
        h->from = e->value;
        set_put(state, i);
    }
}

/* The variable that is stored into, as a whole or in part, not through a pointer. */
static struct symbol *stored_into(struct bound *b, const struct event *e)
{
    struct expr *object = e->expr ? object_of(e->expr->a) : NULL;
    return object && object->kind == EX_IDENT && flow_has(b->flow, object->symbol) ? object->symbol
                                                                                   : NULL;
}

static void step_forward(void *context, const struct event *e, uint32_t *state)
{
    struct bound *b = context;
    struct symbol *s = NULL;
    switch (e->kind) {
    case EV_DECLARE:
    case EV_INVALID: set_take(state, (uint32_t)e->symbol->flow_index); break;
    case EV_DEF: step_def(b, e, state); break;
    case EV_STORE: s = stored_into(b, e); break;
    case EV_USE: /* it may be filled in through its address */
        if (e->expr->kind == EX_IDENT &&
            (e->symbol->type->kind != TY_POINTER || is_address_taken(b->flow->unit, e->expr)))
            s = e->symbol;
        break;
    default: break;
    }
    if (s && b->held[s->flow_index].by_type)
        set_put(state, (uint32_t)s->flow_index);
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

/* ---- what is held ---- */

/* False: a flag or a pragma takes it out. */
static bool add_value(struct bound *b, const struct thread_value *value)
{
    struct unit *u = b->flow->unit;
    uint32_t at = value->await ? value->await->first : value->token;
    if (warning_is_ignored(u, option, at))
        return false;
    struct thread_value *v = arena_alloc(u->arena, sizeof *v);
    *v = *value;
    list_add(u->arena, &b->flow->fn->thread_values, v);
    return true;
}

static struct thread_value value_of(const struct bound *b, const struct symbol *s)
{
    struct unit *u = b->flow->unit;
    const struct held *h = flow_has(b->flow, s) ? &b->held[s->flow_index] : NULL;
    return (struct thread_value){.name = s->name,
                                 .type = type_print(u, s->type, ""),
                                 .symbol = s,
                                 .token = s->token,
                                 .from = h && !h->by_type ? h->from : NULL,
                                 .why = h && !h->by_type ? h->why : NULL};
}

static void note_await(struct bound *b, const struct event *e, const uint32_t *state)
{
    const uint32_t *live = b->live[e - b->flow->event];
    for (uint32_t i = 0; live && i < b->flow->var_count; i++) {
        if (!set_has(state, i) || !set_has(live, i) || b->held[i].noted)
            continue;
        struct thread_value value = value_of(b, b->flow->var[i]);
        value.await = e->expr;
        b->held[i].noted = add_value(b, &value);
    }
}

/* The value of an expression, of which no variable is made. */
static bool expression_value(struct unit *u, struct expr *e, struct thread_value *out)
{
    struct expr *inner = skip_parens(e);
    const char *why = bound_value(u, e);
    if (!why && (is_null_constant(inner) || !type_is_thread_bound(u, e->type)))
        return false;
    *out = (struct thread_value){.name = tokens_text(u, inner->first, inner->last),
                                 .type = type_print(u, type_decay(u, e->type), ""),
                                 .token = inner->first,
                                 .from = e,
                                 .why = why};
    return true;
}

static bool first_await(struct expr *e, void *found)
{
    if (e->kind == EX_AWAIT)
        *(struct expr **)found = e;
    return e->kind == EX_AWAIT || (e->has_await && expr_each_child(e, first_await, found));
}

/* The await in the arguments of a call from the i-th on. */
static struct expr *await_in_arguments(const struct expr *call, int i)
{
    struct expr *found = NULL;
    for (; i < call->arg_count && !found; i++)
        if (call->arg[i]->has_await)
            first_await(call->arg[i], &found);
    return found;
}

/* The value of an argument; `variable`: the variable that it is, or NULL. */
static bool argument_value(struct bound *b, struct expr *argument, const uint32_t *state,
                           struct symbol **variable, struct thread_value *out)
{
    *variable = value_variable(argument);
    if (!*variable || !flow_has(b->flow, *variable))
        return expression_value(b->flow->unit, argument, out);
    if (!set_has(state, (uint32_t)(*variable)->flow_index))
        return false;
    *out = value_of(b, *variable);
    return true;
}

/* `f(strerror(e), await g())` */
static void note_arguments(struct bound *b, const struct expr *call, const uint32_t *state)
{
    struct thread_value value;
    struct symbol *s;
    for (int i = 0; i + 1 < call->arg_count; i++) {
        struct expr *await = await_in_arguments(call, i + 1);
        if (!await)
            return;
        if (!argument_value(b, call->arg[i], state, &s, &value))
            continue;
        bool is_variable = s && flow_has(b->flow, s);
        if (is_variable && b->held[s->flow_index].noted)
            continue;
        value.await = await;
        bool added = add_value(b, &value);
        if (is_variable)
            b->held[s->flow_index].noted = added;
    }
}

/* ---- what is given to tasks ---- */

static void give(struct bound *b, struct expr *form, struct expr *argument, uint32_t token,
                 const struct symbol *param, const struct thread_value *value)
{
    struct unit *u = b->flow->unit;
    struct given *g = arena_alloc(u->arena, sizeof *g);
    *g = (struct given){.form = form,
                        .value = *value,
                        .param = param,
                        .first = argument ? argument->first : token,
                        .last = argument ? argument->last : token};
    if (!warning_is_ignored(u, option, g->first))
        list_add(u->arena, b->given, g);
}

static void note_given(struct bound *b, struct expr *form, const uint32_t *state)
{
    struct expr *started = form->arg_count ? skip_parens(form->arg[form->arg_count - 1]) : NULL;
    const struct symbol *fn = started && started->kind == EX_CALL ? called_symbol(started) : NULL;
    struct thread_value value;
    for (int i = 0; started && started->kind == EX_CALL && i < started->arg_count; i++) {
        const struct function *f = fn ? fn->function : NULL;
        const struct symbol *param = f && i < f->param_count ? f->param[i] : NULL;
        struct symbol *s;
        if (argument_value(b, started->arg[i], state, &s, &value))
            give(b, form, started->arg[i], 0, param, &value);
    }
    if (!started || started->kind != EX_BLOCK)
        return;
    for (uint32_t i = 0; i < started->block->captures.count; i++) {
        struct symbol *s = started->block->captures.item[i];
        if (!flow_has(b->flow, s) || !set_has(state, (uint32_t)s->flow_index))
            continue;
        value = value_of(b, s);
        give(b, form, NULL, started->first, s, &value);
    }
}

/* Its parameters, captures and result, by their types: they come from, or go to, another thread if
 * the function is a task. */
static void note_passed(struct bound *b)
{
    struct function *fn = b->flow->fn;
    struct unit *u = b->flow->unit;
    for (uint32_t i = 0; i < b->flow->var_count; i++) {
        const struct symbol *s = b->flow->var[i];
        bool is_capture = false;
        for (uint32_t k = 0; k < fn->captures.count; k++)
            is_capture |= fn->captures.item[k] == s;
        if (!b->held[i].by_type || (s->kind != SYM_PARAM && !is_capture))
            continue;
        struct thread_value value = value_of(b, s);
        add_value(b, &value);
    }
    if (fn->is_branch || !type_is_thread_bound(u, fn->result))
        return;
    struct thread_value value = {.name = fn->name,
                                 .type = type_print(u, fn->result, ""),
                                 .token = fn->symbol ? fn->symbol->token : fn->first,
                                 .is_result = true};
    add_value(b, &value);
}

/* ---- all of it ---- */

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct bound *b = context;
    bool is_async = b->flow->fn->is_async;
    if (e->kind == EV_AWAIT && is_async)
        note_await(b, e, state);
    if ((e->kind == EV_CALL || e->kind == EV_PASS) && is_async)
        note_arguments(b, e->expr, state);
    if (e->kind == EV_SPAWN && b->given && spawn_may_move(e->expr))
        note_given(b, e->expr, state);
}

/* Is there anything to look for? Most functions have nothing that belongs to a thread. */
static bool is_of_interest(struct bound *b)
{
    struct flow *f = b->flow;
    struct thread_value value;
    bool any = type_is_thread_bound(f->unit, f->fn->result);
    for (uint32_t i = 0; i < f->var_count; i++) {
        b->held[i].by_type = type_is_thread_bound(f->unit, f->var[i]->type);
        any |= b->held[i].by_type;
    }
    for (uint32_t i = 0; i < f->count && !any; i++) {
        const struct event *e = &f->event[i];
        if (e->kind == EV_DEF)
            any = e->value && e->symbol->type->kind == TY_POINTER && bound_value(f->unit, e->value);
        if (e->kind == EV_CALL || e->kind == EV_PASS)
            for (int k = 0; k < e->expr->arg_count && !any; k++)
                any = expression_value(f->unit, e->expr->arg[k], &value);
    }
    return any;
}

void find_thread_values(struct flow *f, struct list *given)
{
    struct bound b = {.flow = f, .given = given, .words = set_words(f->var_count)};
    b.held = arena_alloc(f->arena, (f->var_count + 1) * sizeof *b.held);
    if (!is_of_interest(&b))
        return;
    b.live = arena_alloc(f->arena, (f->count + 1) * sizeof *b.live);
    flow_backward(f, &(struct question){b.words, &b, merge_may, step_backward, keep_live});
    flow_forward(f, &(struct question){b.words, &b, merge_may, step_forward, visit});
    if (f->fn->is_async)
        note_passed(&b);
}
