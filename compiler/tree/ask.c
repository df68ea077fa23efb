/*
 * Questions about nodes and names that every later room asks.
 */
#include "inside.h"

#include <string.h>

struct symbol *scope_find(const char *name)
{
    struct binding *b = name_of(name)->symbol;
    return b ? b->symbol : NULL;
}

struct expr *called_reference(const struct expr *call)
{
    struct expr *f = skip_parens(call->a);
    while (f->kind == EX_UNARY && f->op == '*') {
        if (type_reference_target(f->a->type))
            return f->a;
        if (f->type->kind != TY_FUNCTION)
            return NULL;
        f = skip_parens(f->a);
    }
    return NULL;
}

struct type *type_callable(struct unit *u, struct type *t)
{
    struct type *p = type_decay(u, t);
    struct type *f = p->kind == TY_POINTER ? p->base : NULL;

    return f && f->kind == TY_FUNCTION && !f->oldstyle && !f->variadic ? f : NULL;
}

static struct member *member_of(const struct tag *tag, const char *name, int depth)
{
    for (int i = 0; i < tag->member_count; i++) {
        struct member *m = &tag->member[i];
        if (m->name == name)
            return m;
        if (!m->name && !m->bit_field && depth < TYPE_DEPTH_MAX &&
            (m->type->kind == TY_STRUCT || m->type->kind == TY_UNION)) {
            struct member *found = member_of(m->type->tag, name, depth + 1);
            if (found)
                return found;
        }
    }
    return NULL;
}

struct member *tag_member(const struct tag *tag, const char *name)
{
    return member_of(tag, name, 0);
}

struct expr *skip_parens(struct expr *e)
{
    while (e && (e->kind == EX_PAREN || (e->kind == EX_UNARY && e->op == OP_EXTENSION)))
        e = e->a;
    return e;
}

bool is_null_constant(const struct expr *e)
{
    while (e->kind == EX_PAREN ||
           (e->kind == EX_CAST && e->type->kind == TY_POINTER && !e->type->quals &&
            e->type->base->kind == TY_VOID && !e->type->base->quals))
        e = e->a;
    return e->is_constant && e->value == 0 && type_is_integer(e->type);
}

/* The compilers differ about whether x.field++ and ({ x.field; }) are bit-fields. */
const struct member *bit_field_of(const struct unit *u, const struct expr *e)
{
    while (e) {
        switch (e->kind) {
        case EX_PAREN:
        case EX_ASSIGN: e = e->a; break;
        case EX_POST: e = u->target.clang ? NULL : e->a; break;
        case EX_UNARY:
            e = e->op == P_INC || e->op == P_DEC || e->op == OP_EXTENSION || e->op == OP_REAL
                    ? e->a
                    : NULL;
            break;
        case EX_COMMA:
        case EX_GENERIC:
        case EX_CHOOSE: e = e->b; break;
        case EX_STMT: {
            const struct stmt *last = value_statement(e->body);
            e = last && !u->target.clang ? last->expr : NULL;
            break;
        }
        case EX_MEMBER:
        case EX_ARROW: return e->member && e->member->bit_field ? e->member : NULL;
        default: return NULL;
        }
    }
    return NULL;
}

struct type *bit_field_type(struct unit *u, const struct expr *e)
{
    const struct member *field = type_is_integer(e->type) ? bit_field_of(u, e) : NULL;
    int int_width = u->target.size_int * 8;
    if (!field || field->bit_width < 0 || field->bit_width > int_width)
        return NULL;
    bool is_unsigned = field->bit_width == int_width && type_is_unsigned(u, e->type);
    return type_basic(u, is_unsigned ? TY_UINT : TY_INT);
}

struct stmt *value_statement(const struct stmt *block)
{
    struct stmt *last = block->count ? block->list[block->count - 1] : NULL;
    while (last && (last->kind == S_LABEL || last->kind == S_CASE || last->kind == S_DEFAULT))
        last = last->body;
    return last && last->kind == S_EXPR ? last : NULL;
}

struct symbol *called_symbol(const struct expr *call)
{
    const struct expr *f = call->a;
    while (f->kind == EX_PAREN ||
           (f->kind == EX_UNARY && (f->op == '*' || f->op == '&' || f->op == OP_EXTENSION)))
        f = f->a;
    return f->kind == EX_IDENT && f->symbol && f->symbol->kind == SYM_FUNCTION ? f->symbol : NULL;
}

const char *said_name(struct arena *arena, const char *name)
{
    static const char private[] = "bide__";
    size_t size = sizeof private - 1;
    return strncmp(name, private, size) ? name : arena_printf(arena, "bide_%s", name + size);
}

bool is_async_call(const struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    return s && s->is_async;
}

struct expr *variable_of(struct expr *e)
{
    for (;;) {
        switch (e->kind) {
        case EX_IDENT: return e;
        case EX_PAREN:
        case EX_MEMBER: e = e->a; break;
        case EX_UNARY:
            if (e->op != OP_EXTENSION && e->op != OP_REAL && e->op != OP_IMAG)
                return NULL;
            e = e->a;
            break;
        case EX_INDEX:
        case EX_ARROW:
            if (e->a->type->kind != TY_ARRAY)
                return NULL;
            e = e->a;
            break;
        default: return NULL;
        }
    }
}
