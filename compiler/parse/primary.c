/*
 * Primary expressions (ISO C 6.5.1): names, literals, parentheses, _Generic, GNU's statement
 * expressions, and the builtins whose operands are types.
 */
#include "inside.h"

#include <string.h>

/* ---- names ---- */

static void type_of_symbol(struct parser *p, struct expr *e)
{
    struct symbol *s = e->symbol;
    e->type = s->type;
    e->is_lvalue = s->kind == SYM_VAR || s->kind == SYM_PARAM;
    if (s->kind == SYM_ENUMERATOR) {
        e->is_ice = true;
        e->is_constant = s->value_known;
        e->value = s->value;
    } else if (e->is_lvalue && p->function) {
        note_capture(p, e);
        /* va_start and va_copy write to a va_list that is passed like a value */
        if (s->type->kind == TY_BUILTIN)
            take_address(p, e);
    }
}

/* identifier, except the name of a typedef */
static struct expr *parse_identifier(struct parser *p)
{
    struct expr *e = expr_new(p, EX_IDENT, p->pos);
    e->name = peek(p)->text;
    e->symbol = scope_find(e->name);
    if (e->symbol && e->symbol->kind == SYM_TYPEDEF)
        fail(p);
    if (p->unevaluated)
        note_type_mentions(p, p->pos, p->pos);
    advance(p);
    if (e->symbol)
        type_of_symbol(p, e);
    if (e->symbol && p->function)
        list_add(p->arena, &p->function->idents, e);
    return e;
}

/* function-name = "__func__" | "__FUNCTION__" | "__PRETTY_FUNCTION__" */
static struct expr *parse_function_name(struct parser *p)
{
    struct expr *e = expr_new(p, EX_IDENT, p->pos);
    struct function *f = p->function;
    while (f && f->outer)
        f = f->outer;
    const char *name = f && f->symbol ? f->symbol->name : "";
    e->name = peek(p)->text;
    e->type = type_array(p->unit, type_qualified(p->unit, type_basic(p->unit, TY_CHAR), Q_CONST),
                         (int64_t)strlen(name) + 1);
    e->is_lvalue = true;
    advance(p);
    return e;
}

/* ---- literals ---- */

/* string = string-literal+ */
struct expr *parse_string(struct parser *p)
{
    struct expr *e = expr_new(p, EX_STRING, p->pos);
    while (peek(p)->kind == TK_STRING)
        advance(p);
    e->last = p->pos - 1;
    string_type(p, e);
    return e;
}

/* literal = number | character */
static struct expr *parse_literal(struct parser *p)
{
    bool is_char = peek(p)->kind == TK_CHAR;
    struct expr *e = expr_new(p, is_char ? EX_CHAR : EX_NUMBER, p->pos);
    advance(p);
    if (is_char)
        char_value(p, e);
    else
        number_value(p, e);
    return e;
}

/* ---- ( ... ) ---- */

static struct type *block_type(struct parser *p, const struct stmt *body)
{
    const struct stmt *last = value_statement(body);
    if (!last)
        return type_basic(p->unit, TY_VOID);
    use_value(p, last->expr);
    return value_type(p, last->expr);
}

/* statement-expression = "(" compound ")" */
struct expr *parse_statement_expression(struct parser *p, uint32_t first)
{
    struct expr *e = expr_new(p, EX_STMT, first);
    advance(p);
    if (!p->function)
        fail(p);
    e->body = parse_compound(p);
    expect(p, ')');
    e->type = block_type(p, e->body);
    e->has_stmt = true;
    e->has_await = e->body->has_await;
    e->height = e->body->height;
    expr_close(p, e);
    return e;
}

/* parentheses = "(" expression ")" | statement-expression */
static struct expr *parse_parentheses(struct parser *p)
{
    uint32_t first = p->pos;
    if (peek_next(p)->punct == '{')
        return parse_statement_expression(p, first);
    advance(p);
    struct expr *e = expr_new(p, EX_PAREN, first);
    e->a = parse_expression(p);
    expect(p, ')');
    e->type = e->a->type;
    e->is_lvalue = e->a->is_lvalue;
    expr_close(p, e);
    return e;
}

/* ---- _Generic ---- */

/* An operand of a selection: it is evaluated only if it is the selected one. */
static struct expr *parse_alternative(struct parser *p, bool selected)
{
    p->unevaluated += !selected;
    struct expr *e = parse_assignment(p);
    p->unevaluated -= !selected;
    return e;
}

/* association = ("default" | type-name) ":" assignment
 * `found`: an association before this one is selected. `*match`: this one is. */
static struct expr *parse_association(struct parser *p, struct type *control, bool found,
                                      bool *is_default, bool *match)
{
    *is_default = accept_keyword(p, KW_DEFAULT);
    *match = false;
    if (!*is_default) {
        struct type *t = parse_type_name(p);
        *match = !type_is_error(control) && !type_is_error(t) && type_compatible(control, t);
    }
    expect(p, ':');
    return parse_alternative(p, !found && (*is_default || *match || type_is_error(control)));
}

/* generic = "_Generic" "(" assignment ("," association)* ")" */
static struct expr *parse_generic(struct parser *p)
{
    struct expr *e = expr_new(p, EX_GENERIC, p->pos);
    struct list branches = {0};
    struct expr *otherwise = NULL;
    advance(p);
    expect(p, '(');
    p->unevaluated++;
    e->a = parse_assignment(p);
    p->unevaluated--;
    struct type *control = value_type(p, e->a);
    while (accept(p, ',')) {
        bool is_default, match;
        struct expr *branch = parse_association(p, control, e->b, &is_default, &match);
        list_add(p->arena, &branches, branch);
        if (is_default)
            otherwise = branch;
        if (match && !e->b)
            e->b = branch;
    }
    expect(p, ')');
    if (!e->b && !type_is_error(control))
        e->b = otherwise;
    e->arg = (struct expr **)branches.item;
    e->arg_count = (int)branches.count;
    if (e->b) {
        e->type = e->b->type;
        e->is_lvalue = e->b->is_lvalue;
    }
    expr_close(p, e);
    return e;
}

/* ---- builtins with types ---- */

static struct expr *open_builtin(struct parser *p, enum expr_kind kind)
{
    struct expr *e = expr_new(p, kind, p->pos);
    advance(p);
    expect(p, '(');
    return e;
}

static struct expr *close_builtin(struct parser *p, struct expr *e)
{
    expect(p, ')');
    expr_close(p, e);
    return e;
}

/* offset-path = identifier (("." | "->") identifier | "[" expression "]")*
 * The subscripts become the arguments of e. */
static void parse_offset_path(struct parser *p, struct expr *e)
{
    struct list subscripts = {0};
    bool ice = true;
    if (peek(p)->kind != TK_IDENT)
        fail(p);
    advance(p);
    for (;;) {
        if (accept(p, '.') || accept(p, P_ARROW)) {
            if (peek(p)->kind != TK_IDENT)
                fail(p);
            advance(p);
        } else if (accept(p, '[')) {
            struct expr *i = parse_expression(p);
            ice &= i->is_ice;
            list_add(p->arena, &subscripts, i);
            expect(p, ']');
        } else {
            break;
        }
    }
    e->arg = (struct expr **)subscripts.item;
    e->arg_count = (int)subscripts.count;
    e->is_ice = ice;
}

/* offsetof = "__builtin_offsetof" "(" type-name "," offset-path ")" */
static struct expr *parse_offsetof(struct parser *p)
{
    struct expr *e = open_builtin(p, EX_OFFSETOF);
    e->to = parse_type_name(p);
    expect(p, ',');
    parse_offset_path(p, e);
    e->type = type_basic(p->unit, p->unit->target.size_type);
    return close_builtin(p, e);
}

/* va-arg = "__builtin_va_arg" "(" assignment "," type-name ")" */
static struct expr *parse_va_arg(struct parser *p)
{
    struct expr *e = open_builtin(p, EX_VA_ARG);
    e->a = parse_assignment(p);
    take_address(p, e->a);
    expect(p, ',');
    e->to = parse_type_name(p);
    e->type = e->to;
    return close_builtin(p, e);
}

/* types-compatible = "__builtin_types_compatible_p" "(" type-name "," type-name ")" */
static struct expr *parse_types_compatible(struct parser *p)
{
    struct expr *e = open_builtin(p, EX_TYPES_COMPATIBLE);
    e->to = parse_type_name(p);
    expect(p, ',');
    struct type *other = parse_type_name(p);
    e->type = type_basic(p->unit, TY_INT);
    e->is_ice = true;
    if (!type_is_error(e->to) && !type_is_error(other)) {
        e->is_constant = true;
        e->value =
            type_compatible(type_unqualified(p->unit, e->to), type_unqualified(p->unit, other));
    }
    return close_builtin(p, e);
}

/* choose = "__builtin_choose_expr" "(" constant "," assignment "," assignment ")" */
static struct expr *parse_choose(struct parser *p)
{
    struct expr *e = open_builtin(p, EX_CHOOSE);
    struct list branches = {0};
    e->a = parse_constant(p);
    for (int i = 0; i < 2; i++) {
        expect(p, ',');
        bool selected = !e->a->is_constant || (e->a->value != 0) == (i == 0);
        list_add(p->arena, &branches, parse_alternative(p, selected));
    }
    e->arg = (struct expr **)branches.item;
    e->arg_count = 2;
    if (e->a->is_constant) {
        e->b = e->arg[e->a->value ? 0 : 1];
        e->type = e->b->type;
        e->is_lvalue = e->b->is_lvalue;
    }
    return close_builtin(p, e);
}

/* cast-builtin = "__builtin_convertvector" "(" assignment "," type-name ")"
 *              | "__builtin_bit_cast" "(" type-name "," assignment ")"
 * The node is that of va_arg, which has the same operands. */
static struct expr *parse_cast_builtin(struct parser *p, bool type_first)
{
    struct expr *e = open_builtin(p, EX_VA_ARG);
    if (type_first) {
        e->to = parse_type_name(p);
        expect(p, ',');
    }
    e->a = parse_assignment(p);
    if (!type_first) {
        expect(p, ',');
        e->to = parse_type_name(p);
    }
    e->type = e->to;
    return close_builtin(p, e);
}

/* has-attribute = "__builtin_has_attribute" "(" ... ")"
 * A number that the user's compiler computes; its operands are skipped. */
static struct expr *parse_has_attribute(struct parser *p)
{
    struct expr *e = expr_new(p, EX_TYPES_COMPATIBLE, p->pos);
    advance(p);
    if (!at(p, '('))
        fail(p);
    skip_balanced(p);
    note_type_mentions(p, e->first, p->pos - 1);
    e->type = type_basic(p->unit, TY_INT);
    e->is_ice = true;
    expr_close(p, e);
    return e;
}

/* The primary expressions that begin with a keyword:
 * function-name | generic | offsetof | va-arg | types-compatible | choose | cast-builtin
 * | has-attribute | async-block | form */
static struct expr *parse_keyword_primary(struct parser *p, unsigned k)
{
    switch (k) {
    case KW_FUNC: return parse_function_name(p);
    case KW_GENERIC: return parse_generic(p);
    case KW_OFFSETOF: return parse_offsetof(p);
    case KW_VA_ARG: return parse_va_arg(p);
    case KW_TYPES_COMPATIBLE: return parse_types_compatible(p);
    case KW_CHOOSE: return parse_choose(p);
    case KW_CONVERT_VECTOR: return parse_cast_builtin(p, false);
    case KW_BIT_CAST: return parse_cast_builtin(p, true);
    case KW_HAS_ATTRIBUTE: return parse_has_attribute(p);
    case KW_ASYNC: return parse_async_block(p);
    case KW_RUNTIME:
        diag(p->unit, SEV_ERROR, p->pos, "'bide_runtime' belongs at file scope, before 'main'");
        break;
    default: break;
    }
    if (k >= KW_FORM && peek_next(p)->punct == '(')
        return parse_form(p, (enum form)(k - KW_FORM));
    fail(p);
}

/* primary = identifier | literal | string | parentheses | keyword-primary */
struct expr *parse_primary(struct parser *p)
{
    switch (peek(p)->kind) {
    case TK_IDENT: {
        unsigned k = peek_keyword(p);
        return k == KW_NONE ? parse_identifier(p) : parse_keyword_primary(p, k);
    }
    case TK_NUMBER:
    case TK_CHAR: return parse_literal(p);
    case TK_STRING: return parse_string(p);
    case TK_PUNCT:
        if (at(p, '('))
            return parse_parentheses(p);
        break;
    default: break;
    }
    fail(p);
}
