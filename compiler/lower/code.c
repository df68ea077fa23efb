/*
 * Codes and variables: the small parts of lowering (lower.h explains what a code is).
 */
#include "inside.h"

#include <string.h>

struct code *code_new(struct lower *l)
{
    return arena_alloc(l->arena, sizeof(struct code));
}

static struct piece *add(struct lower *l, struct code *to, enum piece_kind kind)
{
    if (to->count == to->room) {
        uint32_t room = to->room ? 2 * to->room : 8;
        struct piece *more = arena_alloc(l->arena, room * sizeof *more);
        if (to->count)
            memcpy(more, to->piece, to->count * sizeof *more);
        to->piece = more;
        to->room = room;
    }
    struct piece *p = &to->piece[to->count++];
    *p = (struct piece){.kind = kind};
    return p;
}

void code_text(struct lower *l, struct code *to, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = arena_alloc(l->arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    add(l, to, PC_TEXT)->text = text;
}

void code_tokens(struct lower *l, struct code *to, uint32_t first, uint32_t last)
{
    if (last < first)
        return;
    struct piece *before = to->count ? &to->piece[to->count - 1] : NULL;
    if (before && before->kind == PC_TOKENS && before->last + 1 == first) {
        before->last = last;
        return;
    }
    struct piece *p = add(l, to, PC_TOKENS);
    p->first = first;
    p->last = last;
}

bool code_shows(const struct lower *l)
{
    const struct options *o = l->unit->options;
    return l->is_async && o->debug_locals && !o->no_debug_copies;
}

void code_show(struct lower *l, struct code *to, struct stmt *after, uint32_t token, uint32_t line)
{
    if (!code_shows(l))
        return;
    struct piece *p = add(l, to, PC_SHOW);
    p->thing = after;
    p->first = token;
    p->last = line;
}

void code_show_else(struct lower *l, struct code *to, struct stmt *s)
{
    if (!code_shows(l))
        return;
    struct piece *p = add(l, to, PC_SHOW_ELSE);
    p->first = s->expr->last + 1;
    p->last = s->first;
}

void code_sync(struct lower *l, struct code *to, uint32_t token)
{
    add(l, to, PC_SYNC)->first = token;
}

void code_var(struct lower *l, struct code *to, struct var *v)
{
    code_add(l, to, PC_VAR, v);
    code_add(l, to, PC_USE, v);
}

void code_add(struct lower *l, struct code *to, enum piece_kind kind, struct var *v)
{
    add(l, to, kind)->var = v;
    v->used |= kind != PC_DECLARE;
    v->is_read |= kind == PC_USE;
}

void code_flow(struct lower *l, struct code *to, enum piece_kind kind, uint32_t label)
{
    add(l, to, kind)->first = label;
}

void code_open_label(struct lower *l, struct code *to, uint32_t label)
{
    struct piece *p = add(l, to, PC_LABEL);
    p->first = label;
    p->last = LABEL_OPEN;
}

void code_thing(struct lower *l, struct code *to, enum piece_kind kind, void *thing)
{
    add(l, to, kind)->thing = thing;
}

void code_type(struct lower *l, struct code *to, const struct type *type, const char *name)
{
    struct piece *p = add(l, to, PC_TYPE);
    p->thing = (void *)(uintptr_t)type;
    p->text = name;
}

void code_append(struct lower *l, struct code *to, const struct code *from)
{
    for (uint32_t i = 0; from && i < from->count; i++) {
        const struct piece *p = &from->piece[i];
        if (p->kind == PC_TOKENS)
            code_tokens(l, to, p->first, p->last);
        else
            *add(l, to, p->kind) = *p;
    }
}

void code_append_flow(struct lower *l, struct code *to, const struct code *from)
{
    for (uint32_t i = 0; from && i < from->count; i++)
        if (from->piece[i].kind >= PC_USE)
            *add(l, to, from->piece[i].kind) = from->piece[i];
}

void code_append_print(struct lower *l, struct code *to, const struct code *from)
{
    for (uint32_t i = 0; from && i < from->count; i++)
        if (from->piece[i].kind < PC_USE)
            *add(l, to, from->piece[i].kind) = from->piece[i];
}

/* An object with const members cannot be assigned, but memcpy fills it in. */
void code_begin_store(struct lower *l, struct code *to, const struct type *type, struct var *v)
{
    bool fill = type_has_const_member(type);
    code_text(l, to, fill ? "\n__builtin_memcpy(" : "\n");
    if (v) {
        code_text(l, to, fill ? "&" : "");
        code_add(l, to, PC_VAR, v);
    } else {
        code_text(l, to, fill ? "" : "*(");
        if (!fill) {
            struct type *plain = type_unqualified(l->unit, (struct type *)type);
            code_type(l, to, type_pointer(l->unit, plain), "");
            code_text(l, to, ")");
        }
        code_text(l, to, "bide_frame_result(%s, &%s->h)", l->cx, l->frame);
    }
    code_text(l, to, fill ? ", &(" : " = ");
    if (fill) {
        code_type(l, to, type, "");
        code_text(l, to, "[1]){");
    }
}

void code_end_store(struct lower *l, struct code *to, const struct type *type, struct var *v)
{
    if (type_has_const_member(type)) {
        code_text(l, to, "}, sizeof(");
        code_type(l, to, type, "");
        code_text(l, to, "))");
    }
    code_text(l, to, ";\n");
    if (v)
        code_add(l, to, PC_DEF, v);
}

void code_temp(struct lower *l, struct code *to, struct var *v, const struct code *value)
{
    if (v->type && type_has_const_member(v->type)) {
        code_add(l, to, PC_DECLARE, v);
        code_begin_store(l, to, v->type, v);
        code_append(l, to, value);
        code_end_store(l, to, v->type, v);
        return;
    }
    code_text(l, to, "\n");
    code_add(l, to, PC_TEMP, v);
    code_append(l, to, value);
    code_text(l, to, ";\n");
    code_add(l, to, PC_DEF, v);
}

uint32_t flow_label(struct lower *l)
{
    return l->flow_labels++;
}

/* True if the type mentions a struct, union or enum of a block that is declared after the token. */
static bool is_declared_behind(const struct type *t, uint32_t token, int depth)
{
    if (!t || depth > 100)
        return false;
    if (t->tag && t->tag->depth > 0 && t->tag->first > token)
        return true;
    for (int i = 0; i < t->param_count; i++)
        if (is_declared_behind(t->param[i].type, token, depth + 1))
            return true;
    return is_declared_behind(t->base, token, depth + 1);
}

/* The type may be declared in a statement expression, before which the variable is declared. */
struct var *var_new(struct lower *l, const char *stem, struct type *type, uint32_t token)
{
    struct var *v = arena_alloc(l->arena, sizeof *v);
    v->home = l;
    v->type = is_declared_behind(type, token, 0) ? file_type(l, type) : type;
    v->token = token;
    v->name = name_new(l, stem);
    v->tracked = !l->at->keeps_in_frame;
    v->in_frame = l->at->keeps_in_frame;
    v->index = l->vars.count;
    list_add(l->arena, &l->vars, v);
    return v;
}

struct var *var_of(struct lower *l, const struct symbol *s)
{
    if (!s || (s->kind != SYM_VAR && s->kind != SYM_PARAM))
        return NULL;
    for (; l; l = l->outer) {
        struct var *v = *map_at(l->arena, &l->work->var_of, s);
        if (v)
            return v;
    }
    return NULL;
}
