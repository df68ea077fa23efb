/*
 * Scopes: which declaration an identifier or a tag means.
 *
 * Each struct name points to its innermost binding, so that finding a declaration is one load. A
 * scope is the list of the bindings that end with it. Members and labels are found elsewhere.
 */
#include "inside.h"

#include <string.h>

struct scope {
    struct scope *outer;
    struct binding *bindings;
};

/* ---- scopes ---- */

void scope_enter(struct parser *p)
{
    struct scope *s = arena_alloc(p->arena, sizeof *s);
    s->outer = p->scope;
    p->depth += p->scope != NULL;
    p->scope = s;
}

void scope_leave(struct parser *p)
{
    for (struct binding *b = p->scope->bindings; b; b = b->next) {
        struct name *n = b->name;
        if (b->symbol)
            n->symbol = b->shadowed;
        else
            n->tag = b->shadowed;
    }
    p->scope = p->scope->outer;
    p->depth -= p->scope != NULL;
}

void scope_leave_to(struct parser *p, struct scope *scope)
{
    while (p->scope && p->scope != scope)
        scope_leave(p);
}

static struct binding *bind(struct parser *p, const char *name)
{
    struct binding *b = arena_alloc(p->arena, sizeof *b);
    b->name = name_of(name);
    b->depth = p->depth;
    b->next = p->scope->bindings;
    p->scope->bindings = b;
    return b;
}

struct symbol *symbol_new(struct parser *p, enum symbol_kind kind, const char *name,
                          struct type *type, uint32_t token)
{
    struct symbol *s = arena_alloc(p->arena, sizeof *s);
    s->kind = kind;
    s->name = name;
    s->type = type;
    s->token = token;
    s->depth = p->depth;
    s->function = p->function;
    return s;
}

void scope_bind(struct parser *p, struct symbol *symbol)
{
    if (!symbol->name)
        return;
    struct binding *b = bind(p, symbol->name);
    b->symbol = symbol;
    b->shadowed = b->name->symbol;
    b->name->symbol = b;
}

struct symbol *scope_find_here(struct parser *p, const char *name)
{
    struct binding *b = name_of(name)->symbol;
    return b && b->depth == p->depth ? b->symbol : NULL;
}

struct symbol *typedef_at(struct token *t)
{
    if (t->kind != TK_IDENT)
        return NULL;
    struct binding *b = name_of(t->text)->symbol;
    return b && b->symbol->kind == SYM_TYPEDEF ? b->symbol : NULL;
}

/* ---- tags ---- */

struct tag *tag_find(const char *name)
{
    struct binding *b = name_of(name)->tag;
    return b ? b->tag : NULL;
}

struct tag *tag_find_here(struct parser *p, const char *name)
{
    struct binding *b = name_of(name)->tag;
    return b && b->depth == p->depth ? b->tag : NULL;
}

struct tag *tag_new(struct parser *p, enum type_kind kind, const char *name)
{
    struct tag *t = arena_alloc(p->arena, sizeof *t);
    t->kind = kind;
    t->name = name;
    t->depth = p->depth;
    if (name) {
        struct binding *b = bind(p, name);
        b->tag = t;
        b->shadowed = b->name->tag;
        b->name->tag = b;
    }
    return t;
}

int tokens_depth(struct unit *u, uint32_t first, uint32_t last)
{
    int depth = 0;
    for (uint32_t i = first; i && i <= last; i++) {
        if (u->token[i].kind != TK_IDENT)
            continue;
        struct name *n = name_of(u->token[i].text);
        if (n->symbol && n->symbol->depth > depth)
            depth = n->symbol->depth;
        if (n->tag && n->tag->depth > depth)
            depth = n->tag->depth;
    }
    return depth;
}
