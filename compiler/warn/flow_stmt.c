/*
 * The events of statements, and of a whole function.
 *
 * A deferred block is in the row once for each way out of its scope. If it has labels of its own,
 * the row would be wrong, so the function is marked as unknown.
 *
 * Requires a checked function. Establishes the row of its events, and flow_index of its variables.
 */
#include "inside.h"

#include <string.h>

enum { EVENTS_MAX = 1 << 20 };

/* A deferred block, or a variable with a cleanup, that runs when `scope`, a block of statements, is
 * left. */
struct due {
    struct due *outer;
    const struct stmt *scope;
    struct stmt *defer;
    struct symbol *symbol;
};

/* The target of the jumps to a label, or of the break and continue of a loop or switch. */
struct jump_target {
    uint32_t label, label_continue;
};

/* A case of a switch. */
struct case_target {
    const struct stmt *stmt;
    uint32_t label;
};

struct switch_cases {
    struct switch_cases *outer;
    const struct stmt *stmt;
    struct list labels; /* struct case_target * */
    bool has_default;
    uint32_t label_default;
};

static void statement(struct flow *f, struct stmt *s);

static struct jump_target *target_of(struct flow *f, const struct stmt *s)
{
    void **known = map_at(f->arena, &f->targets, s);
    if (*known)
        return *known;
    struct jump_target *t = *known = arena_alloc(f->arena, sizeof *t);
    t->label = flow_new_label(f);
    t->label_continue = flow_new_label(f);
    return t;
}

/* ---- what is due ---- */

static void push_due(struct flow *f, const struct stmt *scope, struct stmt *defer,
                     struct symbol *symbol)
{
    struct due *d = arena_alloc(f->arena, sizeof *d);
    *d = (struct due){.outer = f->due, .scope = scope, .defer = defer, .symbol = symbol};
    f->due = d;
}

static bool encloses(const struct stmt *outer, const struct stmt *s)
{
    while (s && s != outer)
        s = s->parent;
    return s != NULL;
}

/* Runs what is due on the way to a statement, or (NULL) out of the function. */
static void run_due(struct flow *f, const struct stmt *to)
{
    struct due *kept = f->due;
    while (f->due && !(to && encloses(f->due->scope, to))) {
        struct due *d = f->due;
        f->due = d->outer;
        if (f->count > EVENTS_MAX)
            break;
        f->deferred++;
        if (d->defer)
            statement(f, d->defer->body);
        else
            flow_add(f, EV_CLEANUP, d->symbol->token)->symbol = d->symbol;
        f->deferred--;
    }
    f->due = kept;
}

/* The innermost block of statements round s. */
static const struct stmt *scope_of(const struct stmt *s)
{
    do
        s = s->parent;
    while (s && s->kind != S_COMPOUND);
    return s;
}

static void compound(struct flow *f, struct stmt *s)
{
    struct due *before = f->due;
    for (int i = 0; i < s->count && f->count <= EVENTS_MAX; i++)
        statement(f, s->list[i]);
    while (f->due != before) {
        struct due *d = f->due;
        f->due = d->outer;
        f->deferred++;
        if (d->defer)
            statement(f, d->defer->body);
        else
            flow_add(f, EV_CLEANUP, d->symbol->token)->symbol = d->symbol;
        f->deferred--;
    }
}

void flow_body(struct flow *f, struct stmt *s)
{
    const struct stmt *outer = f->value;
    f->value = value_statement(s);
    compound(f, s);
    f->value = outer;
}

/* ---- declarations ---- */

static void declaration(struct flow *f, struct stmt *s)
{
    for (int i = 0; i < s->decl_count; i++) {
        struct decl *d = s->decl[i];
        struct symbol *v = d->symbol;
        if (!v || v->kind != SYM_VAR || !flow_has(f, v))
            continue;
        if (d->init)
            flow_expr(f, d->init);
        struct event *e = flow_add(f, d->init ? EV_DEF : EV_DECLARE, v->token);
        e->symbol = v;
        e->value = d->init;
        if (v->cleanup)
            push_due(f, scope_of(s), NULL, v);
    }
}

/* ---- branches and loops ---- */

static void if_statement(struct flow *f, struct stmt *s)
{
    uint32_t yes = flow_new_label(f), no = flow_new_label(f), end = flow_new_label(f);
    flow_condition(f, s->expr, yes, no);
    flow_jump(f, EV_LABEL, yes);
    statement(f, s->body);
    flow_jump(f, EV_JUMP, end);
    flow_jump(f, EV_LABEL, no);
    if (s->orelse)
        statement(f, s->orelse);
    flow_jump(f, EV_LABEL, end);
}

static void loop(struct flow *f, struct stmt *s)
{
    struct jump_target *t = target_of(f, s);
    uint32_t test = s->kind == S_FOR ? flow_new_label(f) : t->label_continue;
    uint32_t body = flow_new_label(f);
    if (s->init)
        statement(f, s->init);
    if (s->kind != S_DO) {
        flow_jump(f, EV_LABEL, test);
        if (s->expr)
            flow_condition(f, s->expr, body, t->label);
    }
    flow_jump(f, EV_LABEL, body);
    statement(f, s->body);
    if (test != t->label_continue || s->kind == S_DO)
        flow_jump(f, EV_LABEL, t->label_continue);
    if (s->expr2)
        flow_expr(f, s->expr2);
    if (s->kind == S_DO)
        flow_condition(f, s->expr, body, t->label);
    else
        flow_jump(f, EV_JUMP, test);
    flow_jump(f, EV_LABEL, t->label);
}

/* Goes to the case; with any other value, goes on. */
static void dispatch_case(struct flow *f, struct event subject, const struct case_target *t)
{
    const struct stmt *s = t->stmt;
    uint32_t other = flow_new_label(f);
    bool is_known = s->expr->is_constant && !s->expr2;
    flow_jump(f, EV_BRANCH, other);
    flow_test(f, subject, is_known ? P_EQ : 0, s->expr->value);
    flow_jump(f, EV_JUMP, t->label);
    flow_jump(f, EV_LABEL, other);
    if (is_known)
        flow_test(f, subject, P_NE, s->expr->value);
}

static void switch_statement(struct flow *f, struct stmt *s)
{
    struct switch_cases cases = {.outer = f->cases, .stmt = s};
    struct jump_target *t = target_of(f, s);
    uint32_t dispatch = flow_new_label(f);
    struct event subject = flow_subject(f, s->expr);
    flow_expr(f, s->expr);
    flow_jump(f, EV_JUMP, dispatch);
    f->cases = &cases;
    statement(f, s->body);
    f->cases = cases.outer;
    flow_jump(f, EV_JUMP, t->label);
    flow_jump(f, EV_LABEL, dispatch);
    for (uint32_t i = 0; i < cases.labels.count; i++)
        dispatch_case(f, subject, cases.labels.item[i]);
    flow_jump(f, EV_JUMP, cases.has_default ? cases.label_default : t->label);
    flow_jump(f, EV_LABEL, t->label);
}

static void case_label(struct flow *f, struct stmt *s)
{
    struct switch_cases *c = f->cases;
    while (c && c->stmt != s->target)
        c = c->outer;
    if (!c) {
        f->unknown = true;
        return;
    }
    struct case_target *t = arena_alloc(f->arena, sizeof *t);
    *t = (struct case_target){.stmt = s, .label = flow_new_label(f)};
    flow_jump(f, EV_LABEL, t->label);
    if (s->kind == S_CASE) {
        list_add(f->arena, &c->labels, t);
    } else {
        c->has_default = true;
        c->label_default = t->label;
    }
}

/* ---- jumps ---- */

static void jump(struct flow *f, struct stmt *s)
{
    if (!s->target) {
        f->unknown = true;
        return;
    }
    run_due(f, s->target);
    struct jump_target *t = target_of(f, s->target);
    flow_jump(f, EV_JUMP, s->kind == S_CONTINUE ? t->label_continue : t->label);
}

static void return_statement(struct flow *f, struct stmt *s)
{
    if (s->expr) {
        flow_expr(f, s->expr);
        flow_add(f, EV_RETURN, s->first)->value = s->expr;
    }
    run_due(f, NULL);
    flow_add(f, EV_END, s->first);
}

static void asm_statement(struct flow *f, struct stmt *s)
{
    if (s->expr)
        flow_expr(f, s->expr);
    for (uint32_t i = s->word; i < s->word + 4 && i < s->last; i++)
        f->unknown |= token_keyword(&f->unit->token[i]) == KW_GOTO;
}

static void statement(struct flow *f, struct stmt *s)
{
    switch (s->kind) {
    case S_EXPR:
        flow_expr(f, s->expr);
        if (s != f->value)
            flow_drop(f, s->expr);
        break;
    case S_COMPOUND: compound(f, s); break;
    case S_DECL: declaration(f, s); break;
    case S_IF: if_statement(f, s); break;
    case S_WHILE:
    case S_DO:
    case S_FOR: loop(f, s); break;
    case S_SWITCH: switch_statement(f, s); break;
    case S_LABEL:
        f->unknown |= f->deferred > 0;
        flow_jump(f, EV_LABEL, target_of(f, s)->label);
        statement(f, s->body);
        break;
    case S_CASE:
    case S_DEFAULT:
        case_label(f, s);
        statement(f, s->body);
        break;
    case S_GOTO:
    case S_BREAK:
    case S_CONTINUE: jump(f, s); break;
    case S_RETURN: return_statement(f, s); break;
    case S_ASM: asm_statement(f, s); break;
    case S_DEFER:
        push_due(f, scope_of(s), s, NULL);
        list_add(f->arena, &f->defers, s);
        break;
    case S_SCOPE:
        statement(f, s->body);
        flow_scope_end(f, s);
        break;
    case S_GOTO_COMPUTED: f->unknown = true; break;
    case S_NULL:
    case S_TYPE_DECL: break;
    }
}

/* ---- a function ---- */

static void add_variable(struct flow *f, struct symbol *s)
{
    bool own = s->storage != ST_STATIC && s->storage != ST_EXTERN && !s->is_thread_local;
    s->flow_index = -1;
    if (!own || s->type->kind == TY_FUNCTION)
        return;
    s->flow_index = (int)f->var_count;
    f->var[f->var_count++] = s;
}

/* The value of an async block or a branch is its last expression. */
static void body(struct flow *f)
{
    const struct function *fn = f->fn;
    struct stmt *value =
        fn->outer && fn->result->kind != TY_VOID ? value_statement(fn->body) : NULL;
    f->value = value;
    statement(f, fn->body);
    if (value && !fn->is_branch)
        flow_add(f, EV_RETURN, value->first)->value = value->expr;
}

/* The variables of outer functions that a branch mentions. */
static void add_outer_variables(struct flow *f)
{
    for (uint32_t i = 0; i < f->fn->idents.count; i++) {
        struct symbol *s = ((struct expr *)f->fn->idents.item[i])->symbol;
        bool is_local = s && (s->kind == SYM_VAR || s->kind == SYM_PARAM) && s->depth > 0;
        if (!is_local || flow_has(f, s))
            continue;
        add_variable(f, s);
        if (flow_has(f, s))
            flow_add(f, EV_DEF, s->token)->symbol = s;
    }
}

static struct flow *flow_of(struct unit *u, struct function *fn, bool with_outer)
{
    struct flow *f = arena_alloc(u->arena, sizeof *f);
    f->unit = u;
    f->arena = u->arena;
    f->fn = fn;
    uint32_t room = fn->locals.count + fn->captures.count + (with_outer ? fn->idents.count : 0);
    f->var = arena_alloc(u->arena, (room + 1) * sizeof *f->var);
    for (uint32_t i = 0; i < fn->captures.count; i++)
        add_variable(f, fn->captures.item[i]);
    for (uint32_t i = 0; i < fn->locals.count; i++)
        add_variable(f, fn->locals.item[i]);
    for (int i = 0; i < fn->param_count; i++) {
        if (!flow_has(f, fn->param[i]))
            continue;
        struct event *e = flow_add(f, EV_DEF, fn->param[i]->token);
        e->symbol = fn->param[i];
    }
    for (uint32_t i = 0; i < fn->captures.count; i++) {
        struct symbol *s = fn->captures.item[i];
        if (flow_has(f, s))
            flow_add(f, EV_DEF, s->token)->symbol = s;
    }
    if (with_outer)
        add_outer_variables(f);
    for (uint32_t i = 0; i < fn->lengths.count; i++)
        statement(f, ((struct length *)fn->lengths.item[i])->stmt);
    body(f);
    flow_add(f, EV_END, fn->last);
    f->unknown |= f->count > EVENTS_MAX;
    return f;
}

struct flow *flow_new(struct unit *u, struct function *fn)
{
    return flow_of(u, fn, false);
}

struct flow *flow_new_branch(struct unit *u, struct function *fn)
{
    return flow_of(u, fn, true);
}
