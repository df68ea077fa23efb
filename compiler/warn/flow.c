/*
 * The events of expressions, in the order in which bide evaluates them: left to right.
 *
 * A condition goes to one of two labels. Events after each label tell what is known there about the
 * variable that was tested: `if (!p)`, `if (fd < 0)`, `if ((f = fopen(...)) == NULL)`.
 *
 * Requires checked expressions of the function for which the row is made. Establishes that a path
 * through the row is an order in which the function may run.
 */
#include "inside.h"

#include <string.h>

struct event *flow_add(struct flow *f, enum event_kind kind, uint32_t token)
{
    if (f->count == f->room) {
        uint32_t room = f->room ? 2 * f->room : 64;
        struct event *more = arena_alloc(f->arena, room * sizeof *more);
        if (f->count)
            memcpy(more, f->event, f->count * sizeof *more);
        f->event = more;
        f->room = room;
    }
    struct event *e = &f->event[f->count++];
    *e = (struct event){.kind = kind, .token = token, .deferred = f->deferred > 0};
    return e;
}

void flow_jump(struct flow *f, enum event_kind kind, uint32_t label)
{
    flow_add(f, kind, 0)->label = label;
}

uint32_t flow_new_label(struct flow *f)
{
    return f->labels++;
}

bool flow_has(const struct flow *f, const struct symbol *s)
{
    return s && (s->kind == SYM_VAR || s->kind == SYM_PARAM) && s->flow_index >= 0 &&
           (uint32_t)s->flow_index < f->var_count && f->var[s->flow_index] == s;
}

/* ---- variables ---- */

static void use(struct flow *f, struct expr *ident)
{
    if (!flow_has(f, ident->symbol))
        return;
    struct event *e = flow_add(f, EV_USE, ident->first);
    e->symbol = ident->symbol;
    e->expr = ident;
}

static void define(struct flow *f, struct symbol *s, uint32_t token, struct expr *value)
{
    struct event *e = flow_add(f, EV_DEF, token);
    e->symbol = s;
    e->value = value;
}

static struct symbol *plain_variable(struct flow *f, struct expr *e)
{
    e = skip_parens(e);
    return e->kind == EX_IDENT && flow_has(f, e->symbol) ? e->symbol : NULL;
}

/* The events of finding an object: indices and pointers are evaluated. A variable that the object
 * is a part of is not read. */
static void place(struct flow *f, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_IDENT)
        return;
    if (e->kind == EX_MEMBER) {
        place(f, e->a);
    } else if (e->kind == EX_INDEX && e->a->type->kind == TY_ARRAY) {
        place(f, e->a);
        flow_expr(f, e->b);
    } else {
        flow_expr(f, e);
    }
}

/* The event for an assignment whose operands have been evaluated. */
static void store(struct flow *f, struct expr *assignment, struct expr *to, struct expr *value)
{
    struct symbol *s = plain_variable(f, to);
    if (s) {
        define(f, s, to->first, value);
        return;
    }
    struct event *e = flow_add(f, EV_STORE, to->first);
    e->expr = assignment;
    e->value = value;
}

/* The assignment that a branch of a form makes. */
static void store_result(struct flow *f, struct expr *assignment)
{
    struct symbol *s = plain_variable(f, assignment->a);
    struct expr *call = skip_parens(assignment->b);
    store(f, assignment, assignment->a, NULL);
    if (s && call->kind == EX_CALL)
        f->event[f->count - 1].expr = call;
}

void flow_scope_end(struct flow *f, struct stmt *s)
{
    struct symbol *error = s->expr ? plain_variable(f, s->expr) : NULL;
    struct expr *await = arena_alloc(f->arena, sizeof *await);
    await->kind = EX_AWAIT;
    await->first = await->last = s->first;
    await->type = type_basic(f->unit, TY_VOID);
    await->symbol = s->scope;
    flow_add(f, EV_AWAIT, s->last)->expr = await;
    if (error)
        define(f, error, s->expr->first, NULL);
}

static void assign(struct flow *f, struct expr *e)
{
    bool simple = e->op == '=';
    if (simple)
        place(f, e->a);
    else
        flow_expr(f, e->a);
    flow_expr(f, e->b);
    store(f, e, e->a, simple ? e->b : NULL);
    if (e->op == P_ADD_ASSIGN || e->op == P_SUB_ASSIGN)
        f->event[f->count - 1].op = P_INC;
}

/* ---- calls, awaits, forms ---- */

static void arguments(struct flow *f, struct expr *e)
{
    for (int i = 0; i < e->arg_count; i++)
        flow_expr(f, e->arg[i]);
}

/* A call that an await or a form makes, by name or through a pointer. */
static void started_call(struct flow *f, struct expr *e)
{
    if (!called_symbol(e))
        flow_expr(f, e->a);
    arguments(f, e);
    flow_add(f, EV_PASS, e->first)->expr = e;
}

static void call(struct flow *f, struct expr *e)
{
    const struct symbol *s = called_symbol(e);
    if (s && s->is_async) {
        started_call(f, e);
        return;
    }
    if (!s)
        flow_expr(f, e->a);
    arguments(f, e);
    flow_add(f, EV_CALL, e->first)->expr = e;
    const struct known *known = s ? known_function(f->unit, s) : NULL;
    if ((known && known->what & FN_ENDS) ||
        (s &&
         (symbol_has_word(f->unit, s, "noreturn") || symbol_has_word(f->unit, s, "__noreturn__") ||
          symbol_has_word(f->unit, s, "_Noreturn"))) ||
        (call_name(e) && !strcmp(call_name(e), "__builtin_unreachable")))
        flow_add(f, EV_END, e->first);
}

static void block_value(struct flow *f, struct expr *e)
{
    for (uint32_t i = 0; i < e->block->captures.count; i++) {
        struct symbol *s = e->block->captures.item[i];
        if (!flow_has(f, s))
            continue;
        struct event *ev = flow_add(f, EV_USE, e->first);
        ev->symbol = s;
        ev->expr = e;
    }
}

/* Is argument i of the form a call that it makes? */
static bool makes_call(const struct expr *form, int i)
{
    switch (form->form) {
    case FORM_SPAWN:
    case FORM_SPAWN_ON:
    case FORM_SPAWN_AT:
    case FORM_SPAWN_LOCAL:
    case FORM_SPAWN_LOW:
    case FORM_SPAWN_BLOCKING:
    case FORM_SCOPE_SPAWN:
    case FORM_TASK_SET_SPAWN:
    case FORM_TASK_MAP_SPAWN:
    case FORM_FUTURE_SET_ADD:
    case FORM_LAZY:
    case FORM_JOIN:
    case FORM_TRY_JOIN:
    case FORM_SELECT:
    case FORM_SELECT_BIASED:
    case FORM_TIMEOUT:
    case FORM_TIMEOUT_AT:
    case FORM_IF:
    case FORM_BLOCKING:
    case FORM_BLOCK_IN_PLACE:
    case FORM_BLOCK_ON: return i >= form_call(form->form);
    default: return false;
    }
}

/* The operands that a form evaluates first, and its calls. */
static void form_operands(struct flow *f, struct expr *e)
{
    if (e->a)
        flow_expr(f, e->a);
    for (int i = 0; i < e->arg_count; i++) {
        struct expr *arg = skip_parens(e->arg[i]);
        if (arg->kind == EX_ASSIGN) {
            place(f, arg->a);
            arg = skip_parens(arg->b);
        }
        if (arg->kind == EX_CALL && makes_call(e, i)) {
            started_call(f, arg);
        } else if (arg->kind == EX_FORM) {
            form_operands(f, arg);
        } else {
            flow_expr(f, arg);
        }
    }
    if (form_makes_task(e->form))
        flow_add(f, EV_SPAWN, e->first)->expr = e;
}

/* The assignments of its branches. */
static void form_results(struct flow *f, struct expr *e)
{
    for (int i = 0; i < e->arg_count; i++) {
        struct expr *arg = skip_parens(e->arg[i]);
        if (arg->kind == EX_ASSIGN) {
            store_result(f, arg);
            arg = skip_parens(arg->b);
        }
        if (arg->kind == EX_FORM)
            form_results(f, arg);
    }
}

static void await(struct flow *f, struct expr *e)
{
    struct expr *operand = skip_parens(e->a);
    if (operand->kind == EX_FORM)
        form_operands(f, operand);
    else if (operand->kind == EX_CALL)
        started_call(f, operand);
    else
        flow_expr(f, operand);
    flow_add(f, EV_AWAIT, e->first)->expr = e;
    if (operand->kind == EX_FORM)
        form_results(f, operand);
}

/* ---- conditions ---- */

/* The variable that a condition tests, also as the left side of an assignment; or NULL. */
static struct symbol *tested(struct flow *f, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_ASSIGN && e->op == '=')
        e = e->a;
    while (e->kind == EX_CAST || e->kind == EX_PAREN)
        e = e->a;
    return plain_variable(f, e);
}

static bool is_constant(const struct expr *e, int64_t value)
{
    return e->is_constant && e->value == value;
}

/* 1: the variable is invalid if the comparison is true; -1: if it is false; 0: nothing follows. */
static int invalid_if(const struct expr *e, const struct symbol *s)
{
    bool pointer = s->type->kind == TY_POINTER;
    bool zero = is_constant(e->b, 0) || is_null_constant(e->b);
    bool minus_one = is_constant(e->b, -1);
    switch (e->op) {
    case P_EQ: return (pointer && zero) || minus_one ? 1 : 0;
    case P_NE: return (pointer && zero) || minus_one ? -1 : 0;
    case '<': return zero ? 1 : 0;
    case P_GE: return zero ? -1 : 0;
    case P_LE: return minus_one ? 1 : 0;
    case '>': return minus_one || zero ? -1 : 0;
    default: return 0;
    }
}

/* ---- comparisons ---- */

/* The call, or the await of a form, whose result e is; or NULL. */
static struct expr *result_of(struct expr *e)
{
    struct expr *call = value_call(e);
    while (e->kind == EX_PAREN || e->kind == EX_CAST)
        e = e->a;
    return call ? call : e->kind == EX_AWAIT ? e : NULL;
}

struct event flow_subject(struct flow *f, struct expr *e)
{
    struct event subject = {.kind = EV_TEST};
    e = skip_parens(e);
    while (e->kind == EX_CAST || e->kind == EX_PAREN || e->kind == EX_COMMA)
        e = e->kind == EX_COMMA ? e->b : e->a;
    subject.token = e->first;
    subject.symbol = tested(f, e);
    if (subject.symbol) {
        subject.value = e->kind == EX_ASSIGN ? result_of(e->b) : NULL;
        return subject;
    }
    subject.expr = result_of(e);
    return subject;
}

void flow_test(struct flow *f, struct event subject, int op, int64_t number)
{
    if (!subject.symbol && !subject.expr)
        return;
    struct event *e = flow_add(f, EV_TEST, subject.token);
    e->symbol = subject.symbol;
    e->expr = subject.expr;
    e->op = op;
    e->number = number;
}

void flow_drop(struct flow *f, struct expr *e)
{
    struct event subject = flow_subject(f, e);
    if (!subject.expr)
        return;
    struct event *drop = flow_add(f, EV_DROP, subject.token);
    drop->expr = subject.expr;
    drop->value = e;
}

/* The condition, which compares the subject, was evaluated by the events from `first` on. Something
 * may now be known about everything else that it has read. */
static void test_others(struct flow *f, uint32_t first, const struct event *subject)
{
    uint32_t last = f->count;
    for (uint32_t i = first; i < last; i++) {
        struct event e = f->event[i];
        bool is_call = e.kind == EV_CALL || e.kind == EV_PASS || e.kind == EV_AWAIT;
        if (e.kind != EV_USE && !is_call)
            continue;
        struct event other = {
            .token = e.token, .symbol = e.symbol, .expr = is_call ? e.expr : NULL};
        if ((other.symbol && other.symbol == subject->symbol) ||
            (other.expr && (other.expr == subject->expr || other.expr == subject->value)))
            continue;
        if (e.kind == EV_AWAIT && e.expr->a) {
            const struct expr *call = skip_parens(e.expr->a);
            if (call == subject->expr || call == subject->value)
                continue;
        }
        flow_test(f, other, 0, 0);
    }
}

struct comparison {
    struct event subject;
    int op;
    int64_t number;
};

static int mirrored(int op)
{
    switch (op) {
    case '<': return '>';
    case '>': return '<';
    case P_LE: return P_GE;
    case P_GE: return P_LE;
    default: return op;
    }
}

static int negated(int op)
{
    switch (op) {
    case '<': return P_GE;
    case '>': return P_LE;
    case P_LE: return '>';
    case P_GE: return '<';
    case P_EQ: return P_NE;
    default: return P_EQ;
    }
}

int comparison_with_constant(const struct expr *e, struct expr **operand, int64_t *number)
{
    bool compares = e->op == '<' || e->op == '>' || e->op == P_LE || e->op == P_GE ||
                    e->op == P_EQ || e->op == P_NE;
    const struct expr *constant = e->b->is_constant ? e->b : e->a;
    if (!compares || !constant->is_constant)
        return 0;
    *operand = constant == e->b ? e->a : e->b;
    *number = constant->value;
    return constant == e->b ? e->op : mirrored(e->op);
}

/* The comparison in a condition: `e op constant`, or `e`, which is e != 0. */
static struct comparison comparison_of(struct flow *f, struct expr *e)
{
    struct comparison c = {.op = P_NE};
    if (e->kind == EX_BINARY) {
        int op = comparison_with_constant(e, &e, &c.number);
        if (!op)
            return c;
        c.op = op;
    }
    c.subject = flow_subject(f, e);
    return c;
}

static void leaf_condition(struct flow *f, struct expr *e, uint32_t if_true, uint32_t if_false)
{
    struct symbol *s = NULL;
    int invalid = 0;
    uint32_t first = f->count;
    struct comparison c = comparison_of(f, e);
    flow_expr(f, e);
    test_others(f, first, &c.subject);
    if (e->kind == EX_BINARY) {
        s = tested(f, e->a);
        invalid = s ? invalid_if(e, s) : 0;
    } else {
        s = tested(f, e);
        invalid = s && s->type->kind == TY_POINTER ? -1 : 0;
    }
    uint32_t yes = flow_new_label(f);
    flow_jump(f, EV_BRANCH, yes);
    if (invalid < 0)
        flow_add(f, EV_INVALID, e->first)->symbol = s;
    flow_test(f, c.subject, negated(c.op), c.number);
    flow_jump(f, EV_JUMP, if_false);
    flow_jump(f, EV_LABEL, yes);
    if (invalid > 0)
        flow_add(f, EV_INVALID, e->first)->symbol = s;
    flow_test(f, c.subject, c.op, c.number);
    flow_jump(f, EV_JUMP, if_true);
}

/* The e of __builtin_expect(e, c), which assertions and `likely` macros use; or NULL. */
static struct expr *expected(struct expr *e)
{
    const char *name = e->kind == EX_CALL ? call_name(e) : NULL;
    return name && !strcmp(name, "__builtin_expect") && e->arg_count ? e->arg[0] : NULL;
}

void flow_condition(struct flow *f, struct expr *e, uint32_t if_true, uint32_t if_false)
{
    e = skip_parens(e);
    struct expr *inner = expected(e);
    if (inner) {
        flow_condition(f, inner, if_true, if_false);
    } else if (e->kind == EX_UNARY && e->op == '!') {
        flow_condition(f, e->a, if_false, if_true);
    } else if (e->kind == EX_LOGIC) {
        uint32_t middle = flow_new_label(f);
        bool and = e->op == P_ANDAND;
        flow_condition(f, e->a, and? middle : if_true, and? if_false : middle);
        flow_jump(f, EV_LABEL, middle);
        flow_condition(f, e->b, if_true, if_false);
    } else if (e->is_constant) {
        flow_jump(f, EV_JUMP, e->value ? if_true : if_false);
    } else {
        leaf_condition(f, e, if_true, if_false);
    }
}

static void logic(struct flow *f, struct expr *e)
{
    uint32_t yes = flow_new_label(f), no = flow_new_label(f);
    flow_condition(f, e, yes, no);
    flow_jump(f, EV_LABEL, yes);
    flow_jump(f, EV_LABEL, no);
}

static void conditional(struct flow *f, struct expr *e)
{
    uint32_t yes = flow_new_label(f), no = flow_new_label(f), end = flow_new_label(f);
    flow_condition(f, e->a, yes, no);
    flow_jump(f, EV_LABEL, yes);
    if (e->b)
        flow_expr(f, e->b);
    flow_jump(f, EV_JUMP, end);
    flow_jump(f, EV_LABEL, no);
    flow_expr(f, e->c);
    flow_jump(f, EV_LABEL, end);
}

/* ---- expressions ---- */

static bool operand(struct expr *e, void *flow)
{
    flow_expr(flow, e);
    return false;
}

static void operands(struct flow *f, struct expr *e)
{
    expr_each_child(e, operand, f);
    if (e->kind == EX_INIT_ITEM) /* a member of what is initialised */
        flow_add(f, EV_STORE, e->first)->value = e->a;
}

static void step_by_one(struct flow *f, struct expr *e)
{
    struct symbol *s = plain_variable(f, e->a);
    flow_expr(f, e->a);
    if (!s)
        return;
    define(f, s, e->first, NULL);
    f->event[f->count - 1].op = P_INC;
}

void flow_expr(struct flow *f, struct expr *e)
{
    switch (e->kind) {
    case EX_IDENT: use(f, e); break;
    case EX_CALL: call(f, e); break;
    case EX_AWAIT: await(f, e); break;
    case EX_FORM: form_operands(f, e); break;
    case EX_BLOCK: block_value(f, e); break;
    case EX_ASSIGN: assign(f, e); break;
    case EX_LOGIC: logic(f, e); break;
    case EX_COND: conditional(f, e); break;
    case EX_POST: step_by_one(f, e); break;
    case EX_UNARY:
        if (e->op == P_INC || e->op == P_DEC)
            step_by_one(f, e);
        else
            flow_expr(f, e->a);
        break;
    case EX_STMT: flow_body(f, e->body); break;
    case EX_GENERIC:
    case EX_CHOOSE:
        if (e->b)
            flow_expr(f, e->b);
        break;
    case EX_SIZEOF:
    case EX_TYPES_COMPATIBLE:
    case EX_OFFSETOF: break;
    case EX_LABEL_ADDR: f->unknown = true; break;
    default: operands(f, e); break;
    }
}
