/*
 * Statements of ISO C 6.8, of GNU C (case ranges, computed goto, local labels, asm), and defer and
 * scopes, which are the language's own.
 *
 * p->parent is the statement that is being read, so that a statement expression knows where it
 * stands. Chains of labels and of else-ifs are read in loops, not by recursion.
 */
#include "inside.h"

static struct stmt *parse_statement(struct parser *p);

struct stmt *stmt_new(struct parser *p, enum stmt_kind kind, uint32_t first)
{
    struct stmt *s = arena_alloc(p->arena, sizeof *s);
    s->kind = kind;
    s->first = s->word = first;
    s->parent = p->parent;
    p->parent = s;
    return s;
}

static void inherit(struct stmt *s, bool has_await, uint16_t height)
{
    s->has_await |= has_await;
    if (height >= s->height)
        s->height = (uint16_t)(height + 1);
}

static bool inherit_expr(struct expr *child, void *parent)
{
    inherit(parent, child->has_await, child->height);
    return false;
}

static bool inherit_stmt(struct stmt *child, void *parent)
{
    inherit(parent, child->has_await, child->height);
    return false;
}

struct stmt *stmt_close(struct parser *p, struct stmt *s)
{
    s->last = p->pos - 1;
    p->parent = s->parent;
    stmt_each_child(s, inherit_expr, inherit_stmt, s);
    check_height(p, s->height);
    return s;
}

static struct expr *parse_value(struct parser *p)
{
    struct expr *e = parse_expression(p);
    use_value(p, e);
    return e;
}

/* ---- blocks ---- */

/* items = statement*, up to "}" */
static void parse_items(struct parser *p, struct stmt *block)
{
    struct list items = {0};
    while (!at(p, '}')) {
        if (peek(p)->kind == TK_EOF)
            fail(p);
        list_add(p->arena, &items, parse_statement(p));
    }
    block->list = (struct stmt **)items.item;
    block->count = (int)items.count;
}

/* compound = "{" items "}" */
struct stmt *parse_compound(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_COMPOUND, p->pos);
    expect(p, '{');
    scope_enter(p);
    parse_items(p, s);
    scope_leave(p);
    expect(p, '}');
    return stmt_close(p, s);
}

/* ---- loops and branches ---- */

static struct stmt *parse_loop_body(struct parser *p, struct stmt *loop)
{
    struct stmt *outer_loop = p->loop, *outer_breakable = p->breakable;
    p->loop = p->breakable = loop;
    struct stmt *body = parse_statement(p);
    p->loop = outer_loop;
    p->breakable = outer_breakable;
    return body;
}

/* condition = "(" expression ")" */
static struct expr *parse_condition(struct parser *p)
{
    expect(p, '(');
    struct expr *e = parse_value(p);
    expect(p, ')');
    return e;
}

/* if = "if" condition statement ("else" statement)? */
static struct stmt *parse_if(struct parser *p)
{
    struct stmt *outermost = stmt_new(p, S_IF, p->pos), *s = outermost;
    for (;;) {
        advance(p);
        s->expr = parse_condition(p);
        s->body = parse_statement(p);
        if (!accept_keyword(p, KW_ELSE))
            break;
        if (peek_keyword(p) != KW_IF) {
            s->orelse = parse_statement(p);
            break;
        }
        s->orelse = stmt_new(p, S_IF, p->pos);
        s = s->orelse;
    }
    while (s != outermost) {
        stmt_close(p, s);
        s = s->parent;
    }
    return stmt_close(p, s);
}

/* while = "while" condition statement */
static struct stmt *parse_while(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_WHILE, p->pos);
    advance(p);
    s->expr = parse_condition(p);
    s->body = parse_loop_body(p, s);
    return stmt_close(p, s);
}

/* do = "do" statement "while" condition ";" */
static struct stmt *parse_do(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_DO, p->pos);
    advance(p);
    s->body = parse_loop_body(p, s);
    expect_keyword(p, KW_WHILE);
    s->expr = parse_condition(p);
    expect(p, ';');
    return stmt_close(p, s);
}

/* expression-statement = expression ";" */
static struct stmt *parse_expression_statement(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_EXPR, p->pos);
    s->expr = parse_expression(p);
    expect(p, ';');
    return stmt_close(p, s);
}

/* for = "for" "(" (block-declaration | expression? ";") expression? ";" expression? ")"
 *       statement */
static struct stmt *parse_for(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_FOR, p->pos);
    advance(p);
    expect(p, '(');
    scope_enter(p);
    if (at_declaration(p))
        s->init = parse_block_declaration(p);
    else if (!accept(p, ';'))
        s->init = parse_expression_statement(p);
    if (!at(p, ';'))
        s->expr = parse_value(p);
    expect(p, ';');
    if (!at(p, ')'))
        s->expr2 = parse_expression(p);
    expect(p, ')');
    s->body = parse_loop_body(p, s);
    scope_leave(p);
    return stmt_close(p, s);
}

/* switch = "switch" condition statement */
static struct stmt *parse_switch(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_SWITCH, p->pos);
    struct stmt *outer_switch = p->switch_, *outer_breakable = p->breakable;
    advance(p);
    s->expr = parse_condition(p);
    p->switch_ = p->breakable = s;
    s->body = parse_statement(p);
    p->switch_ = outer_switch;
    p->breakable = outer_breakable;
    return stmt_close(p, s);
}

/* ---- labels ---- */

static bool at_label(struct parser *p)
{
    unsigned k = peek_keyword(p);
    if (k == KW_CASE || k == KW_DEFAULT)
        return true;
    return peek(p)->kind == TK_IDENT && k == KW_NONE && peek_next(p)->punct == ':';
}

/* label = identifier ":" gnu-attributes
 *       | "case" constant ("..." constant)? ":"
 *       | "default" ":" */
static struct stmt *parse_label(struct parser *p)
{
    struct attributes ignored = {0};
    unsigned k = peek_keyword(p);
    struct stmt *s = stmt_new(p,
                              k == KW_CASE      ? S_CASE
                              : k == KW_DEFAULT ? S_DEFAULT
                                                : S_LABEL,
                              p->pos);
    if (s->kind == S_LABEL) {
        s->name = peek(p)->text;
        list_add(p->arena, &p->function->labels, s);
    } else {
        if (!p->switch_)
            fail(p);
        s->target = p->switch_;
    }
    advance(p);
    if (s->kind == S_CASE) {
        s->expr = parse_constant(p);
        if (accept(p, P_ELLIPSIS))
            s->expr2 = parse_constant(p);
    }
    expect(p, ':');
    /* __attribute__ belongs to the label, [[...]] to what follows it */
    if (s->kind == S_LABEL)
        parse_gnu_attributes(p, &ignored);
    return s;
}

/* labelled = label+ statement?       without the statement only before "}" */
static struct stmt *parse_labelled(struct parser *p)
{
    struct stmt *outermost = parse_label(p), *s = outermost;
    while (at_label(p)) {
        s->body = parse_label(p);
        s = s->body;
    }
    if (at(p, '}')) {
        s->body = stmt_new(p, S_NULL, p->pos);
        stmt_close(p, s->body);
    } else {
        s->body = parse_statement(p);
    }
    while (s != outermost) {
        stmt_close(p, s);
        s = s->parent;
    }
    return stmt_close(p, s);
}

/* ---- jumps ---- */

/* goto = "goto" (identifier | "*" expression) ";" */
static struct stmt *parse_goto(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_GOTO, p->pos);
    advance(p);
    if (accept(p, '*')) {
        s->kind = S_GOTO_COMPUTED;
        s->expr = parse_value(p);
    } else {
        if (peek(p)->kind != TK_IDENT)
            fail(p);
        s->name = peek(p)->text;
        advance(p);
        list_add(p->arena, &p->gotos, s);
    }
    expect(p, ';');
    return stmt_close(p, s);
}

/* Reports a break or continue outside a loop. In the plain reading, scopes and deferred blocks are
 * loops, so that the user's compiler would not report it there. */
static void report_no_loop(struct parser *p, const char *what)
{
    const struct stmt *s = p->parent;
    while (s && s->kind != S_SCOPE && s->kind != S_DEFER)
        s = s->parent;
    if (!s && !p->function->outer)
        fail(p);
    if (s && s->kind == S_SCOPE) {
        diag(p->unit, SEV_ERROR, p->pos, "'%s' outside a loop; it does not leave a scope", what);
        diag(p->unit, SEV_NOTE, s->first, "the scope is here");
    } else if (s) {
        diag(p->unit, SEV_ERROR, p->pos, "'%s' outside a loop, in a deferred block", what);
    } else {
        diag(p->unit, SEV_ERROR, p->pos, "'%s' out of an async block", what);
    }
}

/* break = ("break" | "continue") ";" */
static struct stmt *parse_break(struct parser *p, enum stmt_kind kind)
{
    struct stmt *s = stmt_new(p, kind, p->pos);
    s->target = kind == S_BREAK ? p->breakable : p->loop;
    if (!s->target)
        report_no_loop(p, kind == S_BREAK ? "break" : "continue");
    advance(p);
    expect(p, ';');
    return stmt_close(p, s);
}

/* return = "return" expression? ";" */
static struct stmt *parse_return(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_RETURN, p->pos);
    advance(p);
    if (!at(p, ';'))
        s->expr = parse_value(p);
    expect(p, ';');
    return stmt_close(p, s);
}

static int ancestors(const struct stmt *s)
{
    int n = 0;
    for (; s; s = s->parent)
        n++;
    return n;
}

/* How many statements enclose both. */
static int common_ancestors(const struct stmt *a, const struct stmt *b)
{
    int na = ancestors(a), nb = ancestors(b);
    for (; na > nb; na--)
        a = a->parent;
    for (; nb > na; nb--)
        b = b->parent;
    for (; a != b; na--) {
        a = a->parent;
        b = b->parent;
    }
    return na;
}

/* With __label__ a name may mean several labels: the label in the innermost block round `from`
 * counts. */
static struct stmt *find_label(const struct list *of_name, const struct stmt *from)
{
    struct stmt *found = NULL;
    int best = -1;
    for (uint32_t i = 0; of_name && i < of_name->count; i++) {
        struct stmt *l = of_name->item[i];
        if (!found) {
            found = l;
            continue;
        }
        if (best < 0)
            best = common_ancestors(found, from);
        int n = common_ancestors(l, from);
        if (n > best) {
            best = n;
            found = l;
        }
    }
    return found;
}

static bool is_in_branches(const struct function *f, const char *label)
{
    for (uint32_t i = 0; i < f->branches.count; i++) {
        const struct function *branch = f->branches.item[i];
        for (uint32_t k = 0; k < branch->labels.count; k++)
            if (((struct stmt *)branch->labels.item[k])->name == label)
                return true;
        if (is_in_branches(branch, label))
            return true;
    }
    return false;
}

static struct map labels_by_name(struct parser *p, const struct function *f)
{
    struct map map = {0};
    for (uint32_t i = 0; i < f->labels.count; i++) {
        struct stmt *l = f->labels.item[i];
        void **list = map_at(p->arena, &map, l->name);
        if (!*list)
            *list = arena_alloc(p->arena, sizeof(struct list));
        list_add(p->arena, *list, l);
    }
    return map;
}

void resolve_labels(struct parser *p, struct function *f, uint32_t first)
{
    struct map labels = {0};
    if (first < p->gotos.count)
        labels = labels_by_name(p, f);
    for (uint32_t i = first; i < p->gotos.count; i++) {
        struct stmt *s = p->gotos.item[i];
        s->target = find_label(*map_at(p->arena, &labels, s->name), s);
        if (s->target)
            continue;
        bool inwards = is_in_branches(f, s->name);
        if (!f->outer && !inwards) {
            p->pos = s->word;
            fail(p);
        }
        diag_range(p->unit, SEV_ERROR, s->word, s->word + 1, NULL, "'goto %s' %s", s->name,
                   inwards        ? "into a branch"
                   : f->is_branch ? "out of a branch"
                                  : "out of an async block");
    }
    p->gotos.count = first;
}

/* ---- asm ---- */

/* asm-operands = (asm-operand ("," asm-operand)*)?
 * asm-operand = ("[" identifier "]")? string "(" expression ")" */
static void parse_asm_operands(struct parser *p, struct list *operands)
{
    while (!at(p, ':') && !at(p, ')')) {
        if (at(p, '['))
            skip_balanced(p);
        if (peek(p)->kind != TK_STRING)
            fail(p);
        parse_string(p);
        expect(p, '(');
        struct expr *e = parse_expression(p);
        if (e->is_lvalue)
            take_address(p, e);
        list_add(p->arena, operands, e);
        expect(p, ')');
        if (!accept(p, ','))
            break;
    }
}

/* asm = "asm" ("volatile" | "inline" | "goto")*
 *       "(" string (":" asm-operands (":" asm-operands (":" clobbers (":" labels)?)?)?)? ")" ";" */
static struct stmt *parse_asm(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_ASM, p->pos);
    struct list operands = {0};
    while (peek(p)->kind == TK_IDENT)
        advance(p);
    expect(p, '(');
    uint32_t first = p->pos;
    if (peek(p)->kind == TK_STRING)
        parse_string(p);
    for (int section = 0; section < 2 && accept(p, ':'); section++)
        parse_asm_operands(p, &operands);
    /* clobbers and labels */
    while (!at(p, ')') && peek(p)->kind != TK_EOF)
        advance(p);
    if (operands.count) {
        s->expr = expr_new(p, EX_INIT_LIST, first);
        s->expr->arg = (struct expr **)operands.item;
        s->expr->arg_count = (int)operands.count;
        expr_close(p, s->expr);
    }
    expect(p, ')');
    expect(p, ';');
    return stmt_close(p, s);
}

/* ---- defer and scope ---- */

/* defer = "bide_defer" statement */
static struct stmt *parse_defer(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_DEFER, p->pos);
    advance(p);
    p->function->needs_lowering = true;
    s->body = parse_statement(p);
    if (p->unevaluated)
        diag(p->unit, SEV_ERROR, s->first, "'defer' in an operand that is not evaluated");
    return stmt_close(p, s);
}

static struct symbol *scope_symbol(struct parser *p)
{
    const char *name = intern(p->arena, "bide__scope", 11);
    struct tag *tag = tag_find(name);
    if (!tag || tag->kind != TY_STRUCT)
        tag = tag_new(p, TY_STRUCT, name);
    struct type *t = type_qualified(p->unit, type_pointer(p->unit, tag_type(p, tag)), Q_CONST);
    struct symbol *symbol = symbol_new(p, SYM_VAR, peek(p)->text, t, p->pos);
    symbol->storage = ST_AUTO;
    symbol->is_scope = true;
    list_add(p->arena, &p->function->locals, symbol);
    scope_bind(p, symbol);
    return symbol;
}

/* scope = ("bide_scope" "(" identifier | "bide_try_scope" "(" identifier ("," assignment)?) ")"
 *         statement
 * It awaits at its end. */
static struct stmt *parse_scope(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_SCOPE, p->pos);
    s->is_try = peek_keyword(p) == KW_TRY_SCOPE;
    advance(p);
    p->function->needs_lowering = true;
    expect(p, '(');
    if (peek(p)->kind != TK_IDENT)
        fail(p);
    scope_enter(p);
    s->scope = scope_symbol(p);
    advance(p);
    if (s->is_try && accept(p, ','))
        s->expr = parse_assignment(p);
    expect(p, ')');
    s->body = parse_statement(p);
    scope_leave(p);
    if (p->unevaluated)
        diag(p->unit, SEV_ERROR, s->first, "'%s' in an operand that is not evaluated",
             p->token[s->first].text);
    s->has_await = p->function->has_await = true;
    return stmt_close(p, s);
}

/*
 * with = "bide__with" "(" block-declaration ")" statement
 * What bide_locked (bide/lock.h) becomes: a block of these two. The declared variable holds a lock
 * and has a cleanup function that gives it back.
 */
static struct stmt *parse_with(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_COMPOUND, p->pos);
    struct list items = {0};
    s->is_locked = true;
    advance(p);
    p->function->needs_lowering = true;
    expect(p, '(');
    scope_enter(p);
    if (!at_declaration(p))
        fail(p);
    list_add(p->arena, &items, parse_block_declaration(p));
    expect(p, ')');
    list_add(p->arena, &items, parse_statement(p));
    scope_leave(p);
    s->list = (struct stmt **)items.item;
    s->count = (int)items.count;
    return stmt_close(p, s);
}

/* ---- the rest ---- */

/* empty = attributes ("__label__" identifier ("," identifier)*)? ";" */
static struct stmt *parse_empty(struct parser *p)
{
    struct stmt *s = stmt_new(p, S_NULL, p->pos);
    struct attributes ignored = {0};
    parse_attributes(p, &ignored);
    if (accept_keyword(p, KW_LABEL)) {
        s->kind = S_TYPE_DECL;
        while (!at(p, ';') && peek(p)->kind != TK_EOF)
            advance(p);
    }
    expect(p, ';');
    return stmt_close(p, s);
}

/* plain-statement = compound | empty | if | while | do | for | switch | goto | break | return
 *                 | defer | scope | with | asm | block-declaration | expression-statement */
static struct stmt *parse_plain_statement(struct parser *p)
{
    if (at(p, '{'))
        return parse_compound(p);
    if (at(p, ';'))
        return parse_empty(p);
    switch (peek_keyword(p)) {
    case KW_IF: return parse_if(p);
    case KW_WHILE: return parse_while(p);
    case KW_DO: return parse_do(p);
    case KW_FOR: return parse_for(p);
    case KW_SWITCH: return parse_switch(p);
    case KW_GOTO: return parse_goto(p);
    case KW_BREAK: return parse_break(p, S_BREAK);
    case KW_CONTINUE: return parse_break(p, S_CONTINUE);
    case KW_RETURN: return parse_return(p);
    case KW_LABEL: return parse_empty(p);
    case KW_DEFER: return parse_defer(p);
    case KW_SCOPE:
    case KW_TRY_SCOPE: return parse_scope(p);
    case KW_WITH: return parse_with(p);
    case KW_ASM: return parse_asm(p);
    default: break;
    }
    if (at_declaration(p))
        return parse_block_declaration(p);
    return parse_expression_statement(p);
}

/* Reports musttail: a frame must stay until the call that it made returns, since the result goes
 * there. */
static void refuse_musttail(struct parser *p, uint32_t first)
{
    for (uint32_t i = first; i < p->pos && p->function->is_async; i++)
        if (attribute_is(&p->token[i], "musttail"))
            diag(p->unit, SEV_ERROR, i,
                 "attribute 'musttail' in an async function, of which each "
                 "call has a frame that the result comes back to");
}

/* attributed = attributes (labelled | plain-statement)
 * The attributes of a declaration or of an empty statement are a part of it. They are not a part of
 * any other statement. */
static struct stmt *parse_attributed(struct parser *p)
{
    struct attributes ignored = {0};
    uint32_t first = p->pos;
    parse_attributes(p, &ignored);
    if (at(p, ';') || (starts_type(peek(p)) && !at_label(p))) {
        bool empty = at(p, ';');
        p->pos = first;
        return empty ? parse_empty(p) : parse_block_declaration(p);
    }
    refuse_musttail(p, first);
    struct stmt *s = at_label(p) ? parse_labelled(p) : parse_plain_statement(p);
    s->first = first;
    return s;
}

/* statement = attributed | labelled | plain-statement */
static struct stmt *parse_statement(struct parser *p)
{
    nest_enter(p);
    struct stmt *s = at_attribute(p) ? parse_attributed(p)
                     : at_label(p)   ? parse_labelled(p)
                                     : parse_plain_statement(p);
    nest_leave(p);
    return s;
}
