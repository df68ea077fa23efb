/*
 * Expressions with awaits, made flat. Requires an expression that has not been prepared;
 * establishes that it can be copied (copy.c) at this place in the code.
 *
 * Evaluation is from left to right. Operands before an await are evaluated before it and kept,
 * unless reading them later gives the same (a constant, an address, a local that nothing in between
 * can change). In `a = b` and `a op= b` the object a is located first, then b is evaluated, and
 * only then a's old value is read; a bit-field stays object and member.
 *
 * && || ?: and statement expressions with awaits become statements that store to a temporary.
 */
#include "inside.h"

/* What is evaluated between an operand and its use. */
struct later {
    struct operand *operand;
    int count;
    bool always; /* anything at all may run in between */
    const struct later *next;
};

static void prepare_place(struct lower *, struct expr *, const struct later *);
static void prepare_cond(struct lower *, struct expr *, bool unused);
static void stand_for(struct lower *, struct expr *, struct expr *value);

struct code *expr_code(struct expr *e)
{
    struct expr_info *info = e->lower;
    return info ? info->code : NULL;
}

void set_code(struct lower *l, struct expr *e, struct code *code)
{
    expr_info_of(l, e)->code = code;
}

struct var *value_new(struct lower *l, const struct expr *e)
{
    unsigned bits = 0;
    struct type *t = bit_field_type(l->unit, e);
    if (!t)
        t = wide_field_type(l->unit, e, &bits);
    if (!t)
        t = type_decay(l->unit, e->type);
    struct var *v =
        var_new(l, "value", t->kind == TY_ERROR || t->kind == TY_VOID ? NULL : t, e->first);
    v->bits = bits;
    return v;
}

void code_value(struct lower *l, struct code *to, struct var *v)
{
    if (!v->bits) {
        code_var(l, to, v);
        return;
    }
    const char *type = type_print(l->unit, v->type, "");
    code_text(l, to, "((union { %s all; struct { ", type);
    if (l->unit->target.big_endian)
        code_text(l, to, "%s : sizeof(%s) * 8 - %u; ", type, type, v->bits);
    code_text(l, to, "%s some : %u; } part; }){", type, v->bits);
    code_var(l, to, v);
    code_text(l, to, "}.part.some)");
}

struct code *keep(struct lower *l, const struct code *value, struct type *type, uint32_t token)
{
    struct var *v = var_new(l, "value", type, token);
    struct code *read = code_new(l);
    code_temp(l, l->at->out, v, value);
    code_var(l, read, v);
    return read;
}

/* ---- what may be evaluated later ---- */

static bool later_awaits(const struct later *later)
{
    for (; later; later = later->next) {
        if (later->always)
            return true;
        for (int i = 0; i < later->count; i++)
            if (later->operand[i].expr->has_await)
                return true;
    }
    return false;
}

struct store {
    struct lower *l;
    struct var *v;
};

/* True if e may store to the variable. */
static bool stores(struct expr *e, void *store)
{
    struct lower *l = ((struct store *)store)->l;
    struct var *v = ((struct store *)store)->v;

    if (e->kind == EX_BLOCK)
        return false;
    bool is_store = e->kind == EX_ASSIGN || e->kind == EX_POST ||
                    (e->kind == EX_UNARY && (e->op == P_INC || e->op == P_DEC));
    if (e->kind == EX_STMT || (is_store && base_var(l, e->a) == v))
        return true;
    if (e->kind == EX_FORM && e->arg_count && base_var(l, e->arg[0]) == v)
        return true;
    return expr_each_child(e, stores, store);
}

static bool later_stores(struct lower *l, const struct later *later, struct var *v)
{
    struct store store = {l, v};
    for (; later; later = later->next)
        for (int i = 0; i < later->count; i++)
            if (stores(later->operand[i].expr, &store))
                return true;
    return false;
}

static bool is_stable(struct lower *, struct expr *, const struct later *);

/* True if e names the same object when it is evaluated later. */
static bool is_stable_place(struct lower *l, struct expr *e, const struct later *later)
{
    if (expr_code(e))
        return false;
    switch (e->kind) {
    case EX_IDENT: return true;
    case EX_PAREN:
    case EX_MEMBER: return e->a->is_lvalue && is_stable_place(l, e->a, later);
    case EX_ARROW: return is_stable(l, e->a, later);
    case EX_INDEX:
        return (e->a->type->kind == TY_VECTOR ? is_stable_place(l, e->a, later)
                                              : is_stable(l, e->a, later)) &&
               is_stable(l, e->b, later);
    case EX_UNARY: return e->op == '*' && is_stable(l, e->a, later);
    case EX_STRING: return true;
    default: return false;
    }
}

static bool is_stable_name(struct lower *l, struct expr *e, const struct later *later)
{
    struct symbol *s = e->symbol;
    if (!s || s->kind == SYM_FUNCTION || s->kind == SYM_ENUMERATOR)
        return true;
    if (e->type->kind == TY_ARRAY || e->type->kind == TY_FUNCTION)
        return true;
    struct var *v = var_of(l, s);
    if (v && v->tracked && !v->by_address && !(v->type->quals & (Q_VOLATILE | Q_ATOMIC)))
        return !later_stores(l, later, v);
    return s->type->quals & Q_CONST && !(s->type->quals & Q_VOLATILE);
}

static bool is_stable_operator(int op)
{
    switch (op) {
    case '+':
    case '-':
    case '*':
    case '&':
    case '|':
    case '^':
    case '<':
    case '>':
    case P_LE:
    case P_GE:
    case P_EQ:
    case P_NE: return true;
    default: return false;
    }
}

static bool is_stable_list(struct lower *l, struct expr *e, const struct later *later)
{
    for (int i = 0; i < e->arg_count; i++) {
        struct expr *value = e->arg[i]->kind == EX_INIT_ITEM ? e->arg[i]->a : e->arg[i];
        if (value->kind == EX_INIT_LIST ? !is_stable_list(l, value, later)
                                        : !is_stable(l, value, later))
            return false;
    }
    return true;
}

/* True if the type has a length that must be evaluated at its place. */
static bool names_variable_type(const struct expr *e)
{
    const struct type *t = e->kind == EX_SIZEOF && e->a ? e->a->type : e->to;
    return t && t->variable;
}

/* True if e has the same value when it is evaluated later, and its evaluation has no effect. */
static bool is_stable(struct lower *l, struct expr *e, const struct later *later)
{
    if (expr_code(e))
        return false;
    if (e->type->kind == TY_ARRAY && e->kind != EX_IDENT)
        return is_stable_place(l, e, later);
    switch (e->kind) {
    case EX_NUMBER:
    case EX_CHAR:
    case EX_STRING:
    case EX_LABEL_ADDR:
    case EX_OFFSETOF:
    case EX_TYPES_COMPATIBLE: return true;
    case EX_FORM: return e->form == FORM_REF;
    case EX_SIZEOF: return !names_variable_type(e);
    case EX_COMPOUND:
        return !expr_info_of(l, e)->is_object && e->a && is_stable_list(l, e->a, later);
    case EX_IDENT: return is_stable_name(l, e, later);
    case EX_PAREN: return is_stable(l, e->a, later);
    case EX_CAST: return !names_variable_type(e) && is_stable(l, e->a, later);
    case EX_MEMBER:
        return !(e->member && e->member->type->quals & (Q_VOLATILE | Q_ATOMIC)) &&
               is_stable(l, e->a, later);
    case EX_UNARY:
        if (e->op == '&')
            return is_stable_place(l, e->a, later);
        if (e->op == '*' || e->op == P_INC || e->op == P_DEC)
            return e->op == '*' && e->type->kind == TY_FUNCTION && is_stable(l, e->a, later);
        return is_stable(l, e->a, later);
    case EX_BINARY:
        return is_stable_operator(e->op) && is_stable(l, e->a, later) && is_stable(l, e->b, later);
    default: return false;
    }
}

/* The last token of the operands that are evaluated later. */
static uint32_t end_of(const struct later *later, uint32_t last)
{
    for (; later; later = later->next)
        for (int i = 0; i < later->count; i++)
            if (later->operand[i].expr->last > last)
                last = later->operand[i].expr->last;
    return last;
}

/* Evaluates e to a temporary, which stands for it from now on. */
static struct code *keep_value(struct lower *l, struct expr *e, bool in_frame)
{
    struct code *value = code_new(l);
    bool before = l->at->keeps_in_frame;
    copy_argument(l, value, e);
    l->at->keeps_in_frame |= in_frame;
    struct var *v = value_new(l, e);
    struct code *read = code_new(l);
    code_temp(l, l->at->out, v, value);
    code_value(l, read, v);
    l->at->keeps_in_frame = before;
    set_code(l, e, read);
    return read;
}

/* If e is an array in a struct that is a value: that struct; otherwise NULL. The array decays to a
 * pointer into an object without a name, which lives to the end of the full expression. */
static struct expr *array_root(struct expr *e)
{
    if (e->type->kind != TY_ARRAY || e->is_lvalue)
        return NULL;
    for (e = skip_parens(e); e->kind == EX_MEMBER && !e->is_lvalue; e = skip_parens(e->a))
        continue;
    return e->type->kind == TY_STRUCT || e->type->kind == TY_UNION ? e : NULL;
}

static bool child_holds_temporary(struct expr *, void *);

bool holds_temporary(struct expr *e)
{
    if (!e || expr_code(e))
        return false;
    if (array_root(e))
        return true;
    switch (e->kind) {
    case EX_COND:
        if (type_is_arithmetic(e->type))
            return false;
        break;
    case EX_PAREN:
    case EX_CAST:
    case EX_MEMBER:
    case EX_ARROW:
    case EX_INDEX:
    case EX_UNARY:
    case EX_BINARY:
    case EX_ASSIGN:
    case EX_CALL:
    case EX_COMMA:
    case EX_COMPOUND:
    case EX_INIT_LIST:
    case EX_INIT_ITEM: break;
    case EX_GENERIC:
    case EX_CHOOSE: return holds_temporary(e->b);
    default: return false;
    }
    return expr_each_child(e, child_holds_temporary, NULL);
}

static bool child_holds_temporary(struct expr *e, void *unused)
{
    (void)unused;
    return holds_temporary(e);
}

void keep_temporaries(struct lower *l, struct expr *e)
{
    if (!holds_temporary(e))
        return;
    struct expr *root = array_root(e);
    if (root) {
        keep_value(l, root, true);
        return;
    }
    switch (e->kind) {
    case EX_COND:
        keep_temporaries(l, e->a);
        if (holds_temporary(e->b) || holds_temporary(e->c))
            prepare_cond(l, e, false);
        break;
    case EX_COMMA:
        discard_first(l, e);
        keep_temporaries(l, e->b);
        stand_for(l, e, e->b);
        break;
    case EX_GENERIC:
    case EX_CHOOSE:
        keep_temporaries(l, e->b);
        stand_for(l, e, e->b);
        break;
    default:
        keep_temporaries(l, e->a);
        keep_temporaries(l, e->b);
        for (int i = 0; i < e->arg_count; i++)
            keep_temporaries(l, e->arg[i]);
        break;
    }
}

/* Makes sure that e's value can be read after `later`. */
static void fix(struct lower *l, struct expr *e, const struct later *later)
{
    if (!later_awaits(later) || is_stable(l, e, later))
        return;
    if (e->type->kind == TY_VOID)
        return;
    keep_temporaries(l, e);
    if (array_root(e))
        return;
    struct code *read = keep_value(l, e, expr_info_of(l, e)->has_address);
    if (l->is_async && type_is_owner(e->type) && is_owned_value(e))
        hold_owner(l, read, e->type, e->last + 1, end_of(later, e->last));
}

/* ---- operands ---- */

static void prepare_all(struct lower *l, struct operand *o, int count, const struct later *after)
{
    struct held *held = l->at->held;
    for (int i = 0; i < count; i++) {
        struct later later = {.operand = o + i + 1, .count = count - i - 1, .next = after};
        if (o[i].is_place) {
            prepare_place(l, o[i].expr, &later);
        } else {
            prepare(l, o[i].expr);
            fix(l, o[i].expr, &later);
        }
    }
    if (!after)
        l->at->held = held;
}

void prepare_operands(struct lower *l, struct operand *operands, int count, bool fix_all)
{
    struct later always = {.always = true};
    prepare_all(l, operands, count, fix_all ? &always : NULL);
}

void prepare_some(struct lower *l, struct operand *operands, int count, int total)
{
    struct later always = {.always = true};
    struct later rest = {.operand = operands + count, .count = total - count, .next = &always};
    prepare_all(l, operands, count, &rest);
}

/* Keeps the address of the place, if nothing simpler keeps the place. */
static void keep_address(struct lower *l, struct expr *e)
{
    struct code *address = code_new(l), *read = code_new(l);
    struct var *v = var_new(l, "place", type_pointer(l->unit, e->type), e->first);
    code_text(l, address, "&(");
    copy_expr(l, address, e);
    code_text(l, address, ")");
    code_temp(l, l->at->out, v, address);
    code_text(l, read, "(*");
    code_var(l, read, v);
    code_text(l, read, ")");
    set_code(l, e, read);
}

/* True if the indexed expression is the object itself, not its value. */
static bool is_indexed_place(const struct expr *e)
{
    return (e->type->kind == TY_ARRAY || e->type->kind == TY_VECTOR) && e->is_lvalue;
}

static void prepare_index(struct lower *l, struct expr *e, const struct later *later)
{
    struct operand operand[2] = {{e->a, is_indexed_place(e->a)}, {e->b, is_indexed_place(e->b)}};
    prepare_all(l, operand, 2, later);
}

/* Makes sure that e can be copied after `later` and then names the same object. */
static void prepare_place(struct lower *l, struct expr *e, const struct later *later)
{
    if (expr_code(e))
        return;
    switch (e->kind) {
    case EX_IDENT: return;
    case EX_PAREN: prepare_place(l, e->a, later); return;
    case EX_MEMBER:
        if (e->a->is_lvalue) {
            prepare_place(l, e->a, later);
            return;
        }
        break;
    case EX_INDEX: prepare_index(l, e, later); return;
    case EX_ARROW:
        prepare(l, e->a);
        fix(l, e->a, later);
        return;
    case EX_UNARY:
        if (e->op == '*') {
            prepare(l, e->a);
            fix(l, e->a, later);
            return;
        }
        if (e->op == OP_REAL || e->op == OP_IMAG) {
            prepare_place(l, e->a, later);
            return;
        }
        break;
    default: break;
    }
    prepare(l, e);
    if (!later_awaits(later))
        return;
    if (e->is_lvalue)
        keep_address(l, e);
    else
        fix(l, e, later);
}

/* ---- control flow inside expressions ---- */

/* A temporary for e's value that more than one place stores to. */
static struct var *declare_value(struct lower *l, struct expr *e)
{
    struct var *v = value_new(l, e);
    if (!v->type) {
        diag(l->unit, SEV_ERROR, e->first,
             "the type of this expression is not known; store it in a variable first");
        l->unit->lacks_type = true;
        v->type = type_basic(l->unit, TY_INT);
    }
    code_add(l, l->at->out, PC_DECLARE, v);
    return v;
}

void assign_value(struct lower *l, struct var *v, struct expr *e)
{
    prepare(l, e);
    if (!v->type)
        return; /* an error: nobody knows it */
    if (!type_is_arithmetic(v->type))
        keep_temporaries(l, e);
    code_begin_store(l, l->at->out, v->type, v);
    copy_argument(l, l->at->out, e);
    code_end_store(l, l->at->out, v->type, v);
}

static void read_var(struct lower *l, struct expr *e, struct var *v)
{
    struct code *read = code_new(l);
    code_value(l, read, v);
    set_code(l, e, read);
}

/* a && b: `int value = 0; if (a) { value = (b) != 0; }` */
static void prepare_logic(struct lower *l, struct expr *e, bool unused)
{
    uint32_t end = flow_label(l);
    bool is_and = e->op == P_ANDAND;
    struct var *v = NULL;
    struct code *start = code_new(l);

    prepare(l, e->a);
    if (!unused) {
        v = var_new(l, "value", type_basic(l->unit, TY_INT), e->first);
        code_text(l, start, is_and ? "0" : "1");
        code_temp(l, l->at->out, v, start);
    }
    code_text(l, l->at->out, is_and ? "\nif (" : "\nif (!(");
    copy_expr(l, l->at->out, e->a);
    code_text(l, l->at->out, is_and ? ") {\n" : ")) {\n");
    code_flow(l, l->at->out, PC_BRANCH, end);
    if (unused) {
        discard(l, e->b);
    } else {
        prepare(l, e->b);
        code_text(l, l->at->out, "\n");
        code_add(l, l->at->out, PC_VAR, v);
        code_text(l, l->at->out, " = (");
        copy_expr(l, l->at->out, e->b);
        code_text(l, l->at->out, ") != 0;\n");
        code_add(l, l->at->out, PC_DEF, v);
        read_var(l, e, v);
    }
    code_text(l, l->at->out, "\n}\n");
    code_flow(l, l->at->out, PC_LABEL, end);
}

/* a ?: b */
static void prepare_elvis(struct lower *l, struct expr *e)
{
    uint32_t end = flow_label(l);
    struct var *v = value_new(l, e);

    prepare(l, e->a);
    code_temp(l, l->at->out, v, value_code(l, e->a));
    code_text(l, l->at->out, "\nif (!");
    code_var(l, l->at->out, v);
    code_text(l, l->at->out, ") {\n");
    code_flow(l, l->at->out, PC_BRANCH, end);
    assign_value(l, v, e->c);
    code_text(l, l->at->out, "}\n");
    code_flow(l, l->at->out, PC_LABEL, end);
    read_var(l, e, v);
}

static void branch_value(struct lower *l, struct var *v, struct expr *e)
{
    if (v)
        assign_value(l, v, e);
    else
        discard(l, e);
}

static void prepare_cond(struct lower *l, struct expr *e, bool unused)
{
    uint32_t other = flow_label(l), end = flow_label(l);
    struct var *v = NULL;

    if (!e->b) {
        prepare_elvis(l, e);
        return;
    }
    prepare(l, e->a);
    if (!unused && e->type->kind != TY_VOID) {
        v = declare_value(l, e);
    }
    code_text(l, l->at->out, "\nif (");
    copy_expr(l, l->at->out, e->a);
    code_text(l, l->at->out, ") {\n");
    code_flow(l, l->at->out, PC_BRANCH, other);
    branch_value(l, v, e->b);
    code_text(l, l->at->out, "\n} else {\n");
    code_flow(l, l->at->out, PC_JUMP, end);
    code_flow(l, l->at->out, PC_LABEL, other);
    branch_value(l, v, e->c);
    code_text(l, l->at->out, "\n}\n");
    code_flow(l, l->at->out, PC_LABEL, end);
    if (v)
        read_var(l, e, v);
}

/* ---- statement expressions ---- */

static void prepare_stmt_expr(struct lower *l, struct expr *e, bool unused)
{
    struct stmt *body = e->body;
    struct stmt *last = value_statement(body);
    struct var *v = NULL;

    if (!unused && e->type->kind != TY_VOID && last) {
        v = declare_value(l, e);
        expr_info_of(l, last->expr)->value_to = v;
    }
    code_text(l, l->at->out, "\n{\n");
    lower_items(l, body);
    code_text(l, l->at->out, "\n}\n");
    if (v)
        read_var(l, e, v);
}

/* ---- all ---- */

static void prepare_call(struct lower *l, struct expr *e)
{
    struct operand *o = arena_alloc(l->arena, (size_t)(e->arg_count + 1) * sizeof *o);
    o[0].expr = e->a;
    for (int i = 0; i < e->arg_count; i++)
        o[i + 1].expr = e->arg[i];
    prepare_operands(l, o, e->arg_count + 1, false);
}

/* The values in an initialiser, with those in inner braces. */
static int list_values(struct expr *list, struct operand *to)
{
    int n = 0;
    for (int i = 0; i < list->arg_count; i++) {
        struct expr *e = list->arg[i]->kind == EX_INIT_ITEM ? list->arg[i]->a : list->arg[i];
        if (e->kind == EX_INIT_LIST)
            n += list_values(e, to ? to + n : NULL);
        else if (to)
            to[n++] = (struct operand){e, false};
        else
            n++;
    }
    return n;
}

static void prepare_list(struct lower *l, struct expr *e)
{
    int count = list_values(e, NULL);
    struct operand *o = arena_alloc(l->arena, (size_t)(count + 1) * sizeof *o);
    list_values(e, o);
    prepare_operands(l, o, count, false);
}

static void prepare_two(struct lower *l, struct expr *a, bool a_is_place, struct expr *b)
{
    struct operand operand[2] = {{a, a_is_place}, {b, false}};
    prepare_operands(l, operand, 2, false);
}

/* Another node's value stands for e. */
static void stand_for(struct lower *l, struct expr *e, struct expr *value)
{
    struct code *code = code_new(l);
    code_text(l, code, "(");
    copy_expr(l, code, value);
    code_text(l, code, ")");
    set_code(l, e, code);
}

void prepare(struct lower *l, struct expr *e)
{
    if (!e || !e->has_await || expr_code(e))
        return;
    if (is_future_drop(l, e)) {
        lower_future_drop(l, e);
        return;
    }
    switch (e->kind) {
    case EX_AWAIT: lower_await(l, e); break;
    case EX_CALL: prepare_call(l, e); break;
    case EX_INDEX: prepare_index(l, e, NULL); break;
    case EX_BINARY: prepare_two(l, e->a, false, e->b); break;
    case EX_ASSIGN: prepare_two(l, e->a, true, e->b); break;
    case EX_POST: prepare_place(l, e->a, NULL); break;
    case EX_UNARY:
        if (e->op == '&' || e->op == P_INC || e->op == P_DEC)
            prepare_place(l, e->a, NULL);
        else
            prepare(l, e->a);
        break;
    case EX_LOGIC:
        if (e->b->has_await)
            prepare_logic(l, e, false);
        else
            prepare(l, e->a);
        break;
    case EX_COND:
        if ((e->b && e->b->has_await) || e->c->has_await)
            prepare_cond(l, e, false);
        else
            prepare(l, e->a);
        break;
    case EX_COMMA:
        discard_first(l, e);
        prepare(l, e->b);
        stand_for(l, e, e->b);
        break;
    case EX_GENERIC:
    case EX_CHOOSE:
        prepare(l, e->b);
        stand_for(l, e, e->b);
        break;
    case EX_STMT: prepare_stmt_expr(l, e, false); break;
    case EX_INIT_LIST: prepare_list(l, e); break;
    case EX_FORM: prepare_form(l, e); break;
    case EX_SIZEOF:
    case EX_TYPES_COMPATIBLE:
    case EX_OFFSETOF: break;
    default: prepare(l, e->a); break;
    }
}

/* Without a cast to void, compilers warn that nobody reads its value. */
static bool needs_void(const struct expr *e)
{
    switch (e->kind) {
    case EX_ASSIGN:
    case EX_POST:
    case EX_CALL:
    case EX_FORM:
    case EX_STMT: return false;
    case EX_UNARY: return e->op != P_INC && e->op != P_DEC;
    default: return e->type->kind != TY_VOID;
    }
}

void discard(struct lower *l, struct expr *e)
{
    struct expr *inner = skip_parens(e);
    if (inner->kind == EX_CAST && inner->to && inner->to->kind == TY_VOID)
        inner = skip_parens(inner->a);
    mark_unused(l, inner);
    if (!inner->has_await) {
        bool cast = needs_void(inner);
        code_text(l, l->at->out, cast ? "\n(void)(" : "\n");
        copy_expr(l, l->at->out, inner);
        code_text(l, l->at->out, cast ? ");\n" : ";\n");
        return;
    }
    if (is_future_drop(l, inner)) {
        prepare(l, inner);
        return;
    }
    switch (inner->kind) {
    case EX_AWAIT:
        prepare(l, inner);
        if (type_is_owner(inner->type))
            release_value(l, expr_code(inner), inner->type, inner->first);
        return;
    case EX_COMMA:
        discard_first(l, inner);
        discard(l, inner->b);
        return;
    case EX_LOGIC:
        if (inner->b->has_await) {
            prepare_logic(l, inner, true);
            return;
        }
        break;
    case EX_COND:
        if (inner->b && (inner->b->has_await || inner->c->has_await)) {
            prepare_cond(l, inner, true);
            return;
        }
        break;
    case EX_STMT: prepare_stmt_expr(l, inner, true); return;
    default: break;
    }
    prepare(l, inner);
    code_text(l, l->at->out, "\n");
    bool cast = needs_void(inner) && skip_parens(e)->kind == EX_CAST;
    code_text(l, l->at->out, cast ? "(void)(" : "");
    copy_argument(l, l->at->out, inner);
    code_text(l, l->at->out, cast ? ");\n" : ";\n");
}

void mark_unused(struct lower *l, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_CAST && e->to && e->to->kind == TY_VOID) {
        mark_unused(l, e->a);
    } else if (e->kind == EX_COMMA) {
        mark_unused(l, e->a);
        mark_unused(l, e->b);
    } else if (e->kind == EX_COND && e->b) {
        mark_unused(l, e->b);
        mark_unused(l, e->c);
    } else if (e->kind == EX_STMT) {
        struct stmt *last = value_statement(e->body);
        if (last)
            mark_unused(l, last->expr);
    } else if (e->kind == EX_FORM || e->kind == EX_ASSIGN || e->kind == EX_AWAIT ||
               (e->kind == EX_CALL && type_is_owner(e->type))) {
        expr_info_of(l, e)->unused = true;
    }
}
