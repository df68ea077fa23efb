/*
 * Initialisers (ISO C 6.7.9, with GNU's designators): their tree, and the length of an array that
 * is declared with `[]`.
 */
#include "inside.h"

/* designators = identifier ":"
 *             | (("." identifier | "[" constant ("..." constant)? "]")+ "="?)?
 * `item->op` counts them. `item->value` is the index in a first "[...]", or the last of a range. */
static void parse_designators(struct parser *p, struct expr *item)
{
    if (peek(p)->kind == TK_IDENT && peek_next(p)->punct == ':' && peek_keyword(p) == KW_NONE) {
        p->pos += 2;
        item->op = 1;
        return;
    }
    while (at(p, '.') || at(p, '[')) {
        if (accept(p, '.')) {
            if (peek(p)->kind != TK_IDENT)
                fail(p);
            advance(p);
        } else {
            advance(p);
            struct expr *e = parse_constant(p);
            if (accept(p, P_ELLIPSIS))
                e = parse_constant(p);
            expect(p, ']');
            if (item->op == 0) {
                item->is_constant = e->is_constant;
                item->value = e->value;
            }
        }
        item->op++;
    }
    if (item->op)
        accept(p, '=');
}

/* list = "{" (item ("," item)* ","?)? "}"
 * item = designators (list | assignment) */
static struct expr *parse_list(struct parser *p)
{
    struct expr *list = expr_new(p, EX_INIT_LIST, p->pos);
    struct list items = {0};
    nest_enter(p);
    expect(p, '{');
    while (!at(p, '}')) {
        struct expr *item = expr_new(p, EX_INIT_ITEM, p->pos);
        parse_designators(p, item);
        item->a = at(p, '{') ? parse_list(p) : parse_assignment(p);
        use_value(p, item->a);
        expr_close(p, item);
        list_add(p->arena, &items, item);
        if (!accept(p, ','))
            break;
    }
    expect(p, '}');
    nest_leave(p);
    list->arg = (struct expr **)items.item;
    list->arg_count = (int)items.count;
    expr_close(p, list);
    return list;
}

/* ---- the length of an array ---- */

static bool is_character(const struct type *t)
{
    return t->kind >= TY_CHAR && t->kind <= TY_ULLONG;
}

/* Does one item initialise a whole object of type t? */
static bool is_whole(const struct type *t, struct expr *value)
{
    if (value->kind == EX_INIT_LIST || !type_is_aggregate(t))
        return true;
    if (t->kind == TY_ARRAY)
        return is_character(t->base) && skip_parens(value)->kind == EX_STRING;
    return value->type->kind == t->kind && value->type->tag == t->tag;
}

/* A place in a list whose items are matched with objects; `steps` bounds the work. */
struct cursor {
    const struct expr *list;
    int at;
    int steps;
};

static bool exhausted(const struct cursor *c)
{
    return c->at >= c->list->arg_count || c->list->arg[c->at]->op || c->steps <= 0;
}

/* Takes the items for one object of type t, which may have no braces of its own. */
static void consume(struct cursor *c, const struct type *t, int depth)
{
    c->steps--;
    if (exhausted(c) || depth > TYPE_DEPTH_MAX)
        return;
    if (is_whole(t, c->list->arg[c->at]->a)) {
        c->at++;
        return;
    }
    int64_t count = t->kind == TY_ARRAY ? t->length : t->tag->member_count;
    for (int64_t k = 0; k < count && !exhausted(c); k++) {
        int before = c->at;
        if (t->kind == TY_ARRAY) {
            consume(c, t->base, depth + 1);
            if (c->at == before)
                return;
        } else if (t->tag->member[k].name || !t->tag->member[k].bit_field) {
            consume(c, t->tag->member[k].type, depth + 1);
            if (t->kind == TY_UNION)
                return;
        }
    }
}

/* The length of an array with these items; -1: not known. */
static int64_t list_length(const struct expr *list, const struct type *element)
{
    int64_t next = 0, length = 0;
    struct cursor c = {.list = list, .steps = 1000000};
    for (; c.at < list->arg_count && c.steps > 0; next++) {
        struct expr *item = list->arg[c.at];
        if (item->op) {
            if (!item->is_constant || item->value < 0)
                return -1;
            next = item->value;
            c.at++;
            if (item->op > 1 && !exhausted(&c))
                return -1;
        } else {
            int before = c.at;
            consume(&c, element, 0);
            c.at += c.at == before;
            c.steps++;
        }
        if (next == INT64_MAX)
            return -1;
        length = next >= length ? next + 1 : length;
    }
    return c.steps > 0 ? length : -1;
}

static struct type *complete_array(struct parser *p, struct type *t, struct expr *init)
{
    struct expr *value = skip_parens(init);
    int64_t length = -1;
    if (value->kind == EX_INIT_LIST && value->arg_count == 1 && !value->arg[0]->op &&
        is_character(t->base) && skip_parens(value->arg[0]->a)->kind == EX_STRING)
        value = skip_parens(value->arg[0]->a);
    if (value->kind == EX_INIT_LIST)
        length = list_length(value, t->base);
    else if (value->type->kind == TY_ARRAY)
        length = value->type->length;
    struct type *complete = type_array(p->unit, t->base, length);
    complete->variable = t->variable;
    return complete;
}

/* initializer = list | assignment */
struct expr *parse_initializer(struct parser *p, struct type **type)
{
    struct expr *e = at(p, '{') ? parse_list(p) : parse_assignment(p);
    use_value(p, e);
    if ((*type)->kind == TY_ARRAY && (*type)->incomplete)
        *type = complete_array(p, *type, e);
    return e;
}
