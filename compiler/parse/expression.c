/*
 * Expressions with operators (ISO C 6.5.2 to 6.5.17), by precedence climbing. The operands are
 * parsed in primary.c; operator.c makes the nodes and gives them types.
 */
#include "inside.h"

/* ---- postfix ---- */

/* arguments = (assignment ("," assignment)*)? ")" */
void parse_arguments(struct parser *p, struct list *args)
{
    while (!at(p, ')')) {
        struct expr *e = parse_assignment(p);
        use_value(p, e);
        list_add(p->arena, args, e);
        if (!accept(p, ','))
            break;
    }
    expect(p, ')');
}

static struct type *called_type(struct parser *p, struct expr *call)
{
    struct expr *f = skip_parens(call->a);
    if (f->kind == EX_IDENT && !f->symbol)
        return builtin_result(p, f->name, call->arg, call->arg_count);
    struct type *t = call->a->type;
    if (t->kind == TY_POINTER)
        t = t->base;
    return t->kind == TY_FUNCTION ? type_unqualified(p->unit, t->base) : type_error_;
}

/* call = "(" arguments */
static struct expr *parse_call(struct parser *p, struct expr *f)
{
    struct expr *e = expr_new(p, EX_CALL, f->first);
    struct list args = {0};
    e->a = f;
    advance(p);
    parse_arguments(p, &args);
    e->arg = (struct expr **)args.item;
    e->arg_count = (int)args.count;
    e->type = called_type(p, e);
    expr_close(p, e);
    if (f->kind == EX_IDENT && !f->symbol && builtin_is_constant(f->name))
        e->is_ice = true;
    return e;
}

/* index = "[" expression "]" */
static struct expr *parse_index(struct parser *p, struct expr *a)
{
    advance(p);
    struct expr *b = parse_expression(p);
    expect(p, ']');
    return make_index(p, a, b);
}

/* member = ("." | "->") identifier */
static struct expr *parse_member(struct parser *p, struct expr *a)
{
    bool arrow = at(p, P_ARROW);
    advance(p);
    if (peek(p)->kind != TK_IDENT)
        fail(p);
    const char *name = peek(p)->text;
    advance(p);
    return make_member(p, a, arrow, name);
}

/* increment = "++" | "--" */
static struct expr *parse_increment(struct parser *p, struct expr *a)
{
    struct expr *e = expr_new(p, EX_POST, a->first);
    e->op = peek(p)->punct;
    e->a = a;
    e->type = value_type(p, a);
    advance(p);
    expr_close(p, e);
    return e;
}

/* postfix = primary (call | index | member | increment)*        after the primary */
static struct expr *parse_postfix(struct parser *p, struct expr *e)
{
    for (;;) {
        switch (peek(p)->punct) {
        case '(': e = parse_call(p, e); break;
        case '[': e = parse_index(p, e); break;
        case '.':
        case P_ARROW: e = parse_member(p, e); break;
        case P_INC:
        case P_DEC: e = parse_increment(p, e); break;
        default: return e;
        }
    }
}

/* ---- casts and unary operators ---- */

/* A struct that only typeof of an expression can name. */
static bool is_unnameable(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return t->tag && !t->tag->name && !t->tag->witness && !t->tag->outer;
}

/* after-type = list (call | index | member | increment)*       a compound literal
 *            | cast                                              the operand of a cast
 * The "(" type-name ")" before it has been read. */
static struct expr *parse_after_type(struct parser *p, struct type *to, uint32_t first)
{
    struct expr *e;
    if (at(p, '{')) {
        e = expr_new(p, EX_COMPOUND, first);
        e->a = parse_initializer(p, &to);
        e->to = to;
        e->type = is_unnameable(to) ? type_error_ : to;
        e->is_lvalue = true;
        expr_close(p, e);
        return parse_postfix(p, e);
    }
    e = expr_new(p, EX_CAST, first);
    e->to = to;
    e->a = parse_cast(p);
    use_value(p, e->a);
    e->type = type_unqualified(p->unit, to);
    expr_close(p, e);
    return e;
}

/* sizeof = ("sizeof" | "_Alignof") (unary | "(" type-name ")")
 * The operand is not evaluated. */
static struct expr *parse_sizeof(struct parser *p)
{
    struct expr *e = expr_new(p, EX_SIZEOF, p->pos);
    e->op = peek_keyword(p) == KW_SIZEOF ? OP_SIZEOF : OP_ALIGNOF;
    advance(p);
    p->unevaluated++;
    if (at(p, '(') && starts_type(peek_next(p))) {
        uint32_t first = p->pos;
        advance(p);
        e->to = parse_type_name(p);
        expect(p, ')');
        if (at(p, '{')) {
            e->a = parse_after_type(p, e->to, first);
            e->to = NULL;
        }
    } else {
        e->a = parse_cast(p);
    }
    p->unevaluated--;
    e->type = type_basic(p->unit, p->unit->target.size_type);
    expr_close(p, e);
    return e;
}

static int unary_operator(struct parser *p)
{
    unsigned punct = peek(p)->punct;
    switch (punct) {
    case '+':
    case '-':
    case '!':
    case '~':
    case '&':
    case '*':
    case P_INC:
    case P_DEC: return (int)punct;
    default: break;
    }
    switch (peek_keyword(p)) {
    case KW_EXTENSION: return OP_EXTENSION;
    case KW_REAL: return OP_REAL;
    case KW_IMAG: return OP_IMAG;
    default: return 0;
    }
}

/* label-address = "&&" identifier */
static struct expr *parse_label_address(struct parser *p)
{
    struct expr *e = expr_new(p, EX_LABEL_ADDR, p->pos);
    advance(p);
    if (peek(p)->kind != TK_IDENT)
        fail(p);
    e->name = peek(p)->text;
    e->type = type_pointer(p->unit, type_basic(p->unit, TY_VOID));
    advance(p);
    expr_close(p, e);
    return e;
}

/* unary = unary-operator cast | label-address | sizeof | await | postfix
 * unary-operator = "+" | "-" | "!" | "~" | "&" | "*" | "++" | "--"
 *                | "__extension__" | "__real__" | "__imag__" */
static struct expr *parse_unary(struct parser *p)
{
    uint32_t first = p->pos;
    int op = unary_operator(p);
    if (op) {
        advance(p);
        return make_unary(p, op, first, parse_cast(p));
    }
    if (at(p, P_ANDAND))
        return parse_label_address(p);
    if (at(p, '^')) { /* a block of clang, with -fblocks */
        diag(p->unit, SEV_ERROR, p->pos, "a block '^' beside async code; make it a function");
        fail(p);
    }
    unsigned k = peek_keyword(p);
    if (k == KW_SIZEOF || k == KW_ALIGNOF)
        return parse_sizeof(p);
    if (k == KW_AWAIT)
        return parse_await(p);
    return parse_postfix(p, parse_primary(p));
}

/* cast = "(" type-name ")" after-type | unary */
struct expr *parse_cast(struct parser *p)
{
    struct expr *e;
    nest_enter(p);
    if (at(p, '(') && starts_type(peek_next(p))) {
        uint32_t first = p->pos;
        advance(p);
        struct type *to = parse_type_name(p);
        expect(p, ')');
        e = parse_after_type(p, to, first);
    } else {
        e = parse_unary(p);
    }
    nest_leave(p);
    return e;
}

/* ---- binary operators ---- */

static int precedence(unsigned punct)
{
    switch (punct) {
    case P_OROR: return 1;
    case P_ANDAND: return 2;
    case '|': return 3;
    case '^': return 4;
    case '&': return 5;
    case P_EQ:
    case P_NE: return 6;
    case '<':
    case '>':
    case P_LE:
    case P_GE: return 7;
    case P_SHL:
    case P_SHR: return 8;
    case '+':
    case '-': return 9;
    case '*':
    case '/':
    case '%': return 10;
    default: return 0;
    }
}

/* binary = cast (binary-operator cast)*
 * The left operand has been read. Operators that bind less tightly than `least` are left to the
 * caller. */
static struct expr *parse_binary(struct parser *p, struct expr *left, int least)
{
    for (;;) {
        unsigned op = peek(p)->punct;
        int level = precedence(op);
        if (level < least || level == 0)
            return left;
        advance(p);
        struct expr *right = parse_cast(p);
        while (precedence(peek(p)->punct) > level)
            right = parse_binary(p, right, level + 1);
        left = make_binary(p, level <= 2 ? EX_LOGIC : EX_BINARY, (int)op, left, right);
    }
}

/* conditional = binary ("?" expression? ":" conditional)? */
static struct expr *parse_conditional(struct parser *p)
{
    struct expr *test = parse_binary(p, parse_cast(p), 1);
    if (!at(p, '?'))
        return test;
    nest_enter(p);
    advance(p);
    struct expr *then = at(p, ':') ? NULL : parse_expression(p);
    expect(p, ':');
    struct expr *other = parse_conditional(p);
    nest_leave(p);
    return make_conditional(p, test, then, other);
}

static bool is_assignment(unsigned punct)
{
    return punct == '=' || (punct >= P_MUL_ASSIGN && punct <= P_OR_ASSIGN);
}

/* assignment = conditional (assignment-operator assignment)?
 * assignment-operator = "=" | "*=" | "/=" | "%=" | "+=" | "-=" | "<<=" | ">>=" | "&=" | "^="
 *                     | "|=" */
struct expr *parse_assignment(struct parser *p)
{
    struct expr *a = parse_conditional(p);
    unsigned op = peek(p)->punct;
    if (!is_assignment(op))
        return a;
    nest_enter(p);
    advance(p);
    struct expr *b = parse_assignment(p);
    nest_leave(p);
    return make_assign(p, (int)op, a, b);
}

/* expression = assignment ("," assignment)* */
struct expr *parse_expression(struct parser *p)
{
    struct expr *e = parse_assignment(p);
    while (accept(p, ','))
        e = make_binary(p, EX_COMMA, ',', e, parse_assignment(p));
    return e;
}

/* constant = conditional */
struct expr *parse_constant(struct parser *p)
{
    p->unevaluated++;
    struct expr *e = parse_conditional(p);
    p->unevaluated--;
    return e;
}
