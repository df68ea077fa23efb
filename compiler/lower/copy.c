/*
 * Copies expressions into codes: the user's tokens, with the codes of prepared nodes in place of
 * these nodes, and the flow of values. Where C leaves the order of operands open, the flow follows
 * the source.
 *
 * Requires a prepared expression. What needs no statement of its own is lowered here: compound
 * literals that live in the frame, forms without an await, assignments to owners.
 */
#include "inside.h"

struct copier {
    struct lower *l;
    struct code *to;
    uint32_t next; /* token not yet copied */
    bool began;    /* something was copied */
};

static void walk(struct copier *, struct expr *);
static void walk_place(struct copier *, struct expr *);

static void copy_until(struct copier *c, uint32_t token)
{
    if (token > c->next) {
        code_tokens(c->l, c->to, c->next, token - 1);
        c->next = token;
        c->began = true;
    }
}

/* Skips the tokens of e; the caller appends something in their place. */
static void replace(struct copier *c, struct expr *e)
{
    const struct token *t = &c->l->unit->token[e->first];
    copy_until(c, e->first);
    if (c->began && (t->space || t->at_bol))
        code_text(c->l, c->to, " ");
    c->next = e->last + 1;
    c->began = true;
}

static void use(struct copier *c, struct var *v, enum piece_kind kind)
{
    if (v)
        code_add(c->l, c->to, v->by_address ? PC_USE : kind, v);
}

void uses_in_tokens(struct lower *l, struct code *to, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last && i >= l->fn->first && i <= l->fn->last; i++)
        if (l->subst[i - l->fn->first].kind == SUBST_VAR)
            code_add(l, to, PC_USE, l->subst[i - l->fn->first].var);
}

static void walk_modify(struct copier *c, struct expr *place, bool reads)
{
    struct var *v = base_var(c->l, place);
    bool whole = skip_parens(place)->kind == EX_IDENT;

    walk_place(c, place);
    if (reads)
        use(c, v, PC_USE);
    use(c, v, whole ? PC_DEF : PC_TOUCH);
}

static void walk_assign(struct copier *c, struct expr *e)
{
    struct var *v = base_var(c->l, e->a);
    bool whole = skip_parens(e->a)->kind == EX_IDENT;

    if (v && v->is_owner && e->op == '=' && type_is_owner(e->type)) {
        replace(c, e);
        copy_owner_assign(c->l, c->to, e, expr_info_of(c->l, e)->unused);
        return;
    }
    walk_place(c, e->a);
    if (e->op != '=')
        use(c, v, PC_USE);
    if (e->op == '=' && skip_parens(e->b)->kind == EX_FORM)
        expr_info_of(c->l, skip_parens(e->b))->is_converted = true;
    walk(c, e->b);
    use(c, v, whole ? PC_DEF : PC_TOUCH);
}

static void walk_logic(struct copier *c, struct expr *e)
{
    uint32_t end = flow_label(c->l);
    walk(c, e->a);
    code_flow(c->l, c->to, PC_BRANCH, end);
    walk(c, e->b);
    code_flow(c->l, c->to, PC_LABEL, end);
}

static void walk_cond(struct copier *c, struct expr *e)
{
    uint32_t other = flow_label(c->l), end = flow_label(c->l);
    walk(c, e->a);
    code_flow(c->l, c->to, PC_BRANCH, other);
    if (e->b)
        walk(c, e->b);
    code_flow(c->l, c->to, PC_JUMP, end);
    code_flow(c->l, c->to, PC_LABEL, other);
    walk(c, e->c);
    code_flow(c->l, c->to, PC_LABEL, end);
}

/* The operand is evaluated only if it has variable length. */
static void walk_sizeof(struct copier *c, struct expr *e)
{
    struct type *t = e->a ? e->a->type : e->to;
    if (t && t->variable)
        uses_in_tokens(c->l, c->to, e->first, e->last);
}

static bool holds_await(const struct expr *);

static bool child_holds_await(struct expr *e, void *unused)
{
    (void)unused;
    return holds_await(e);
}

/* Also in operands that are not evaluated. */
static bool holds_await(const struct expr *e)
{
    if (e->kind == EX_AWAIT || e->has_await)
        return true;
    if (e->kind == EX_BLOCK)
        return false;
    return expr_each_child(e, child_holds_await, NULL) || (e->body && e->body->has_await);
}

/* _Generic and __builtin_choose_expr: only the selected operand is evaluated. */
static void walk_generic(struct copier *c, struct expr *e)
{
    if (!e->b)
        return;
    if (!holds_await(e)) {
        walk(c, e->b);
        return;
    }
    replace(c, e);
    code_text(c->l, c->to, "(");
    copy_expr(c->l, c->to, e->b);
    code_text(c->l, c->to, ")");
}

/* (T){...} whose address is needed over an await: `(*(T *)memcpy(&frame->literal, &(T){...},
 * size))` */
static void walk_literal(struct copier *c, struct expr *e)
{
    struct lower *l = c->l;
    struct expr_info *info = e->lower;
    struct var *v = info ? info->literal : NULL;

    if (!v) {
        if (e->to && e->to->variable)
            uses_in_tokens(l, c->to, e->first, e->a->first);
        walk(c, e->a);
        return;
    }
    replace(c, e);
    code_text(l, c->to, "(*(");
    code_type(l, c->to, type_pointer(l->unit, v->type), "");
    code_text(l, c->to, ")__builtin_memcpy(%s&", needs_cast(v->type) ? "(void *)" : "");
    code_add(l, c->to, PC_VAR, v);
    code_text(l, c->to, needs_cast(v->type) ? ", (const void *)&" : ", &");
    struct copier inner = {.l = l, .to = c->to, .next = e->first};
    walk(&inner, e->a);
    copy_until(&inner, e->last + 1);
    code_text(l, c->to, ", sizeof ");
    code_add(l, c->to, PC_VAR, v);
    code_text(l, c->to, "))");
}

static void walk_stmt_expr(struct copier *c, struct expr *e)
{
    struct lower *l = c->l;
    struct stmt *body = e->body;
    struct stmt *last = value_statement(body);
    struct code *out = l->at->out;
    bool has_value = e->type->kind != TY_VOID && last;
    struct defers *scope = info_of(l, body)->scope;

    l->at->out = c->to;
    if (has_value && scope) {
        /* the deferred blocks run after the last expression, whose value must stay the last */
        struct var *v = value_new(l, e);
        replace(c, e);
        expr_info_of(l, last->expr)->value_to = v;
        code_text(l, c->to, "({ ");
        code_add(l, c->to, PC_DECLARE, v);
        code_text(l, c->to, "{\n");
        lower_items(l, body);
        code_text(l, c->to, "\n} ");
        code_value(l, c->to, v);
        code_text(l, c->to, "; })");
    } else {
        if (has_value)
            expr_info_of(l, last->expr)->is_value = true;
        copy_until(c, body->first);
        lower_stmt(l, body);
        c->next = body->last + 1;
    }
    l->at->out = out;
}

static void walk_unary(struct copier *c, struct expr *e)
{
    if (e->op == P_INC || e->op == P_DEC)
        walk_modify(c, e->a, true);
    else if (e->op == '&')
        walk_place(c, e->a);
    else
        walk(c, e->a);
}

static bool walk_child(struct expr *e, void *c)
{
    walk(c, e);
    return false;
}

static void walk_all(struct copier *c, struct expr *e)
{
    if (e->kind == EX_CAST && e->to && e->to->variable)
        uses_in_tokens(c->l, c->to, e->first, e->a->first);
    expr_each_child(e, walk_child, c);
}

static bool put_code(struct copier *c, struct expr *e)
{
    struct code *code = expr_code(e);
    if (!code)
        return false;
    replace(c, e);
    code_append(c->l, c->to, code);
    return true;
}

static void walk(struct copier *c, struct expr *e)
{
    if (put_code(c, e))
        return;
    switch (e->kind) {
    case EX_IDENT: use(c, var_of(c->l, e->symbol), PC_USE); break;
    case EX_POST: walk_modify(c, e->a, true); break;
    case EX_UNARY: walk_unary(c, e); break;
    case EX_LOGIC: walk_logic(c, e); break;
    case EX_COND: walk_cond(c, e); break;
    case EX_ASSIGN: walk_assign(c, e); break;
    case EX_SIZEOF: walk_sizeof(c, e); break;
    case EX_CHOOSE:
    case EX_GENERIC: walk_generic(c, e); break;
    case EX_COMPOUND: walk_literal(c, e); break;
    case EX_STMT: walk_stmt_expr(c, e); break;
    case EX_OFFSETOF:
    case EX_TYPES_COMPATIBLE:
    case EX_LABEL_ADDR: break;
    case EX_INIT_ITEM: walk(c, e->a); break;
    case EX_FORM:
        if (e->form == FORM_REF)
            break; /* its tokens are replaced */
        replace(c, e);
        copy_form(c->l, c->to, e, expr_info_of(c->l, e)->unused);
        break;
    case EX_CALL:
        if (e->lower && expr_info_of(c->l, e)->unused) {
            copy_until(c, e->first);
            code_text(c->l, c->to, "%s(", release_name(e->type));
            walk_all(c, e);
            copy_until(c, e->last + 1);
            code_text(c->l, c->to, ")");
            break;
        }
        walk_all(c, e);
        break;
    default: walk_all(c, e); break;
    }
}

/* e is located, not read. */
static void walk_place(struct copier *c, struct expr *e)
{
    if (put_code(c, e))
        return;
    switch (e->kind) {
    case EX_IDENT: {
        struct var *v = var_of(c->l, e->symbol);
        if (v && v->by_address)
            use(c, v, PC_USE);
        break;
    }
    case EX_PAREN:
    case EX_MEMBER: walk_place(c, e->a); break;
    case EX_INDEX:
        if (e->a->type->kind == TY_ARRAY)
            walk_place(c, e->a);
        else
            walk(c, e->a);
        walk(c, e->b);
        break;
    default: walk(c, e); break;
    }
}

void copy_expr(struct lower *l, struct code *to, struct expr *e)
{
    copy_around(l, to, e->first, e, e->last);
}

void copy_place(struct lower *l, struct code *to, struct expr *e)
{
    struct copier c = {.l = l, .to = to, .next = e->first};
    walk_place(&c, e);
    copy_until(&c, e->last + 1);
}

void copy_around(struct lower *l, struct code *to, uint32_t first, struct expr *e, uint32_t last)
{
    struct copier c = {.l = l, .to = to, .next = first};
    walk(&c, e);
    copy_until(&c, last + 1);
}

struct code *value_code(struct lower *l, struct expr *e)
{
    struct code *code = code_new(l);
    copy_argument(l, code, e);
    return code;
}

void copy_argument(struct lower *l, struct code *to, struct expr *e)
{
    bool comma = e->kind == EX_COMMA && !expr_code(e);
    if (comma)
        code_text(l, to, "(");
    copy_expr(l, to, e);
    if (comma)
        code_text(l, to, ")");
}
