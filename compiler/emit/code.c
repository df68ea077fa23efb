/*
 * Prints codes (lower/) as text. Requires that frame/ has decided where each variable lives. Pieces
 * that only describe the flow print nothing.
 */
#include "inside.h"

#include <string.h>

const char *var_text(struct lower *l, const struct var *v)
{
    if (v->by_address)
        return arena_printf(l->arena, "(*%s)", v->name);
    if (v->home != l) {
        const char *path = arena_printf(l->arena, "%s->%s", l->frame, l->outer_name);
        for (const struct lower *o = l->outer; o != v->home; o = o->outer)
            path = arena_printf(l->arena, "%s->%s", path, o->outer_name);
        return arena_printf(l->arena, "%s%s->%s", v->is_scope ? "&" : "", path, v->member);
    }
    if (v->in_frame)
        return arena_printf(l->arena, "%s%s->%s", v->is_scope ? "&" : "", l->frame, v->member);
    return v->name;
}

/* ---- declarations ---- */

static bool is_zero_list(const struct expr *e)
{
    if (e->kind != EX_INIT_LIST || e->arg_count > 1)
        return false;
    if (e->arg_count == 0)
        return true;
    const struct expr *item = e->arg[0];
    const struct expr *value = item->kind == EX_INIT_ITEM ? item->a : item;
    return (item->kind != EX_INIT_ITEM || item->op == 0) && value->kind == EX_NUMBER &&
           value->is_constant && value->value == 0;
}

static bool fits_string(const struct type *t, struct expr *init)
{
    struct expr *e = skip_parens(init);
    return e->kind == EX_STRING && e->type->kind == TY_ARRAY && t->kind == TY_ARRAY &&
           t->length == e->type->length;
}

/* The type without qualifiers; for an array, the elements without qualifiers. */
static struct type *plain_type(struct lower *l, struct type *t)
{
    if (t->kind != TY_ARRAY)
        return type_unqualified(l->unit, t);
    struct type *copy = arena_alloc(l->arena, sizeof *copy);
    *copy = *t;
    copy->base = plain_type(l, t->base);
    return copy;
}

/* An array, or a struct with a const member, is initialised as memory. */
static void print_memory_init(struct lower *l, struct output *o, struct var *v, struct expr *init,
                              const struct code *code)
{
    const char *place = var_text(l, v);
    const char *cast = needs_cast(v->type) ? "(void *)" : "";
    const char *ref = v->type->kind == TY_ARRAY ? "" : "&";
    const char *type = type_print(l->unit, plain_type(l, v->type), "");

    if (is_zero_list(init)) {
        output_printf(o, "\n__builtin_memset(%s%s%s, 0, sizeof %s);\n", cast, ref, place, place);
        return;
    }
    output_printf(o, "\n__builtin_memcpy(%s%s%s, ", cast, ref, place);
    if (fits_string(v->type, init)) {
        print_code(l, o, code);
    } else if (init->kind == EX_INIT_LIST) {
        output_printf(o, "&(%s)", type);
        print_code(l, o, code);
    } else {
        output_printf(o, v->type->kind == TY_ARRAY ? "&(%s){" : "&(%s[1]){", type);
        print_code(l, o, code);
        output_text(o, "}");
    }
    output_printf(o, ", sizeof %s);\n", place);
}

/* The initialiser of a variable in the frame, as a statement. */
static void print_frame_init(struct lower *l, struct output *o, struct var *v, struct expr *init,
                             const struct code *code)
{
    bool aggregate = v->type->kind == TY_ARRAY || type_has_const_member(v->type);
    if (!init) {
        if (v->is_owner && v->type->kind == TY_ARRAY)
            output_printf(o, "\n__builtin_memset(%s, 0, sizeof %s);\n", var_text(l, v),
                          var_text(l, v));
        else if (v->is_owner)
            output_printf(o, "\n%s = 0;\n", var_text(l, v));
        return;
    }
    if (aggregate) {
        print_memory_init(l, o, v, init, code);
        return;
    }
    if (v->type->quals & Q_CONST)
        output_printf(
            o, "\n*(%s)&%s = ",
            type_print(l->unit, type_pointer(l->unit, type_unqualified(l->unit, v->type)), ""),
            var_text(l, v));
    else
        output_printf(o, "\n%s = ", var_text(l, v));
    if (init->kind == EX_INIT_LIST)
        output_printf(o, "(%s)", type_print(l->unit, type_unqualified(l->unit, v->type), ""));
    print_code(l, o, code);
    output_text(o, ";\n");
}

static bool any_in_frame(struct lower *l, const struct declaration *d)
{
    for (int i = 0; i < d->count; i++) {
        struct var *v = var_of(l, d->stmt->decl[d->from + i]->symbol);
        if (v && v->in_frame)
            return true;
    }
    return false;
}

static void print_owner_init(struct lower *l, struct output *o, const struct decl *decl)
{
    struct var *v = var_of(l, decl->symbol);
    if (v && v->is_owner && !decl->init)
        output_text(o, v->type->kind == TY_ARRAY ? " = {0}" : " = 0");
}

/* The declaration as the user wrote it, from token `first` to the end of the statement. */
static void print_whole(struct lower *l, struct output *o, const struct declaration *d,
                        uint32_t first)
{
    for (int i = 0; i < d->count; i++) {
        struct decl *decl = d->stmt->decl[d->from + i];
        output_tokens(o, l, first, decl->last);
        first = decl->last + 1;
        print_owner_init(l, o, decl);
        if (!decl->init || !d->init[i])
            continue;
        output_tokens(o, l, first, decl->init->first - 1);
        print_code(l, o, d->init[i]);
        first = decl->init->last + 1;
    }
    output_tokens(o, l, first, d->stmt->last);
}

/* An anonymous struct is defined with its first variable, any other tag by itself. */
static bool print_definition_apart(const struct tag *tag)
{
    return !tag->hoisted_name && (tag->name || tag->kind == TY_ENUM);
}

/* Specifiers that define a tag may be printed only once: here, by themselves. */
static void print_definition(struct lower *l, struct output *o, const struct declaration *d)
{
    struct tag *tag = d->stmt->decl[0]->defines;
    if (d->from > 0 || !tag || !print_definition_apart(tag))
        return;
    output_text(o, "\n");
    output_tokens(o, l, tag->first, tag->last);
    output_text(o, ";\n");
}

static void print_one(struct lower *l, struct output *o, const struct declaration *d, int i)
{
    struct decl *decl = d->stmt->decl[d->from + i];
    struct var *v = var_of(l, decl->symbol);
    struct tag *tag = d->stmt->decl[0]->defines;

    if (v && v->in_frame) {
        print_frame_init(l, o, v, decl->init, d->init[i]);
        return;
    }
    output_text(o, "\n");
    if (tag && (d->from + i > 0 || print_definition_apart(tag))) {
        struct type *t = decl->symbol->type;
        if (tag->kind == TY_ENUM && !tag->name)
            t = file_type(l, t);
        output_text(o, type_print(l->unit, t, decl->symbol->name));
    } else {
        output_tokens(o, l, decl->spec_first, decl->spec_last);
        output_text(o, " ");
        output_tokens(o, l, decl->first, decl->last);
    }
    print_owner_init(l, o, decl);
    if (decl->init) {
        output_text(o, " = ");
        if (d->init[i])
            print_code(l, o, d->init[i]);
        else
            output_tokens(o, l, decl->init->first, decl->init->last);
    }
    output_text(o, ";\n");
}

static void print_apart(struct lower *l, struct output *o, const struct declaration *d)
{
    print_definition(l, o, d);
    for (int i = 0; i < d->count; i++)
        print_one(l, o, d, i);
}

static void print_declaration(struct lower *l, struct output *o, const struct declaration *d)
{
    if (d->count == d->stmt->decl_count && !any_in_frame(l, d) &&
        !(d->count > 0 && d->stmt->has_await))
        print_whole(l, o, d, d->stmt->first);
    else
        print_apart(l, o, d);
}

/* Is the token among the specifiers of variables that are all in the frame? Then it is not
 * printed. */
static bool specifies_frame_only(struct lower *l, uint32_t token)
{
    bool found = false;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        const struct var *v = l->vars.item[i];
        const struct decl *d = v->symbol ? v->symbol->decl : NULL;
        if (!d || token < d->spec_first || token > d->spec_last)
            continue;
        if (!v->in_frame)
            return false;
        found = true;
    }
    return found;
}

/* Is the block's typedef only used where it is not printed here: in a frame, in a struct that has
 * moved to file scope or in an async block? Compilers would warn of an unused one. */
static bool is_used_elsewhere(struct lower *l, const struct symbol *name)
{
    bool found = name->captured;
    for (uint32_t i = 0; i < l->fn->typedef_uses.count; i++) {
        const struct typedef_use *use = l->fn->typedef_uses.item[i];
        if (use->symbol != name)
            continue;
        if (l->subst[use->token - l->fn->first].kind != SUBST_SKIP &&
            !specifies_frame_only(l, use->token))
            return false;
        found = true;
    }
    return found;
}

/* `struct x;` alone would declare another x here. So it is left out when x has moved to file
 * scope. */
static void print_type_decl(struct lower *l, struct output *o, const struct stmt *s)
{
    uint32_t first = s->first, next;
    if (l->is_async && s->parent == l->fn->body && is_label_decl(l, s))
        return; /* printed at the head of the body */
    if (l->subst[first - l->fn->first].kind == SUBST_TEXT) {
        for (next = first + 1; l->subst[next - l->fn->first].kind == SUBST_SKIP; next++)
            continue;
        if (next == s->last)
            return;
    }
    output_tokens(o, l, first, s->last);
    for (int i = 0; i < s->decl_count; i++) {
        const struct symbol *name = s->decl[i]->symbol;
        if (name->kind == SYM_TYPEDEF && is_used_elsewhere(l, name))
            output_printf(o, "\n(void)(%s *)0;\n", name->name);
    }
}

static void print_for_open(struct lower *l, struct output *o, const struct declaration *d)
{
    if (any_in_frame(l, d)) {
        output_text(o, "\n{\n");
        print_apart(l, o, d);
        output_text(o, "\nfor (;");
    } else {
        output_tokens(o, l, d->stmt->parent->first, d->stmt->first - 1);
        print_whole(l, o, d, d->stmt->first);
    }
}

static void print_for_close(struct lower *l, struct output *o, struct stmt *s)
{
    struct declaration d = {.stmt = s, .count = s->decl_count};
    if (any_in_frame(l, &d))
        output_text(o, "\n}\n");
}

/* ---- temporaries and suspensions ---- */

static void print_temp(struct lower *l, struct output *o, const struct var *v)
{
    if (v->in_frame)
        output_printf(o, "%s = ", var_text(l, v));
    else if (v->type)
        output_printf(o, "%s = ", type_print(l->unit, v->type, v->name));
    else
        output_printf(o, "__auto_type %s = ", v->name);
}

static void print_suspend(struct lower *l, struct output *o, const struct suspend *s)
{
    for (uint32_t i = 0; i < s->live_count; i++)
        output_printf(o, "\n%s->%s = %s;\n", l->frame, s->live[i]->member, s->live[i]->name);
    output_printf(o, "\n%s->h.state = %s%u;\nreturn BIDE_PENDING;\n", l->frame,
                  s->shielded ? "BIDE_SHIELDED | " : "", s->state);
    output_printf(o, "\n%s:%s\n", s->label, s->live_count || s->has_more ? "" : ";");
    for (uint32_t i = 0; i < s->live_count; i++)
        output_printf(o, "\n%s = %s->%s;\n", s->live[i]->name, l->frame, s->live[i]->member);
}

/* ---- parameters ---- */

static void print_param(struct lower *l, struct output *o, struct var *v)
{
    const char *from = arena_printf(l->arena, "%s->%s", l->args, v->arg);
    struct type *t = v->type;
    if (!v->used && !v->in_frame)
        return;
    if (t->kind == TY_ARRAY && !v->in_frame)
        output_printf(o, "\n%s;\n", type_print(l->unit, t, v->name));
    if (!v->in_frame && t->kind != TY_ARRAY) {
        output_printf(o, "\n%s = %s;\n", type_print(l->unit, t, v->name), from);
    } else if (t->kind == TY_ARRAY || type_has_const_member(t)) {
        output_printf(o, "\n__builtin_memcpy((void *)&%s, &%s, sizeof %s);\n", var_text(l, v), from,
                      var_text(l, v));
    } else if (t->quals & Q_CONST) {
        t = type_pointer(l->unit, type_unqualified(l->unit, t));
        output_printf(o, "\n*(%s)&%s = %s;\n", type_print(l->unit, t, ""), var_text(l, v), from);
    } else {
        output_printf(o, "\n%s = %s;\n", var_text(l, v), from);
    }
}

/* ---- all ---- */

static void print_selector(struct lower *l, struct output *o, const struct defers *scope)
{
    if (scope->is_read && !scope->selector->in_frame)
        output_printf(o, "\n%s;\n",
                      type_print(l->unit, scope->selector->type, scope->selector->name));
}

static void print_select(struct lower *l, struct output *o, const struct piece *p)
{
    const struct defers *scope = p->thing;
    if (scope->is_read)
        output_printf(o, "\n%s = %u;\n", var_text(l, scope->selector), p->first);
}

bool is_returned_scalar(const struct lower *l, const struct var *v)
{
    return l->is_async && v == l->returned && v->used && !v->in_frame && type_is_scalar(v->type);
}

static void print_piece(struct lower *l, struct output *o, const struct piece *p)
{
    switch (p->kind) {
    case PC_TEXT: output_text(o, p->text); break;
    case PC_TOKENS: output_tokens(o, l, p->first, p->last); break;
    case PC_SYNC: output_sync(o, p->first); break;
    case PC_TYPE: output_text(o, type_print(l->unit, p->thing, p->text)); break;
    case PC_VAR: output_text(o, var_text(l, p->var)); break;
    case PC_SEEN:
        if (!p->var->in_frame && !p->var->is_read)
            output_printf(o, "\n(void)%s;\n", p->var->name);
        break;
    case PC_TEMP: print_temp(l, o, p->var); break;
    case PC_DECLARE:
        if (!p->var->in_frame && p->var->used && !is_returned_scalar(l, p->var))
            output_printf(o, "\n%s;\n", type_print(l->unit, p->var->type, p->var->name));
        break;
    case PC_TYPE_DECL: print_type_decl(l, o, p->thing); break;
    case PC_DECL: print_declaration(l, o, p->thing); break;
    case PC_PARAM: print_param(l, o, p->var); break;
    case PC_FOR_OPEN: print_for_open(l, o, p->thing); break;
    case PC_FOR_CLOSE: print_for_close(l, o, p->thing); break;
    case PC_SELECTOR: print_selector(l, o, p->thing); break;
    case PC_SELECT: print_select(l, o, p); break;
    case PC_SHOW:
    case PC_SHOW_ELSE: print_shown(l, o, p); break;
    case PC_SUSPEND: print_suspend(l, o, p->thing); break;
    default: break;
    }
}

void print_code(struct lower *l, struct output *o, const struct code *code)
{
    for (uint32_t i = 0; i < code->count; i++)
        print_piece(l, o, &code->piece[i]);
}
