/*
 * Futures as values in async functions: bide_get, which is awaited, and the drops, which are awaits
 * that nobody wrote: bide_drop, an assignment over a future, the end of an owner's scope. A drop
 * suspends while the future unwinds. (Plain functions cannot wait: there owner.c and defer.c hand
 * the future to the runtime.)
 *
 * A get needs a descriptor for the type of its result, which the runtime does not know. Each
 * function has one for each type that it gets.
 */
#include "inside.h"

#include <string.h>

/* A descriptor for bide_get. */
struct get {
    const char *type;
    const char *name, *slot;
};

/* ---- get ---- */

static struct get *get_of(struct lower *l, struct type *result)
{
    struct type *t = file_type(l, type_unqualified(l->unit, result));
    const char *type = type_print(l->unit, t, "");
    for (uint32_t i = 0; i < l->work->gets.count; i++) {
        struct get *g = l->work->gets.item[i];
        if (strcmp(g->type, type) == 0)
            return g;
    }
    struct get *g = arena_alloc(l->arena, sizeof *g);
    struct code *s = code_new(l);
    list_add(l->arena, &l->work->gets, g);
    g->type = type;
    g->name = arena_printf(l->arena, "%s__get_%u", l->name, l->work->gets.count);
    g->slot = arena_printf(l->arena, "get_%u", l->work->gets.count);
    bool is_owner = type_is_owner(result);
    if (is_owner)
        code_text(l, s,
                  "\n\nstatic void bide__release_%s(const void *p, const void *result)\n{\n"
                  "%s(void)p;\n}\n",
                  g->name, release_result_text(l->arena, result));
    code_text(l, s,
              "\n\nstatic const struct bide_fn bide__desc_%s = {\n"
              ".poll = bide__get_poll,\n.cancel = bide__get_cancel,\n.info = &bide__get_info,\n"
              ".frame_size = BIDE__GET_SIZE,\n.frame_align_log2 = 3,\n",
              g->name);
    if (result->kind != TY_VOID)
        code_text(l, s, ".result_size = sizeof(%s),\n", type);
    if (type_is_signed(l->unit, result))
        code_text(l, s, ".flags = BIDE_FN_RESULT_SIGNED,\n");
    if (is_owner)
        code_text(l, s, ".release = bide__release_%s,\n", g->name);
    code_text(l, s, ".version = BIDE_FN_VERSION,\n};\n");
    list_add(l->arena, &l->helpers, s);
    return g;
}

void future_get(struct lower *l, struct expr *form, struct awaitable *a)
{
    struct expr *future = form->arg[0];
    struct type *result = type_future_result(future->type);
    const struct get *g = get_of(l, result);

    a->name = g->name;
    a->start = "bide_get";
    a->slot = g->slot;
    a->result = result->kind == TY_VOID ? NULL : result;
    a->operand[a->operand_count++] = (struct operand){future, true};
}

/* ---- drops ---- */

bool is_future_drop(struct lower *l, const struct expr *e)
{
    if (!l->is_async)
        return false;
    if (e->kind == EX_FORM)
        return e->form == FORM_DROP;
    if (e->kind != EX_ASSIGN || e->op != '=' || !type_future_result(e->type))
        return false;
    const struct var *v = base_var(l, e->a);
    return v && v->is_owner;
}

/* `if (bide__start_bide_drop_one(cx, &frame->h, NULL, OLD) == BIDE_PENDING) {...}`; in the place of
 * `one` something else if the drop is `meant`, as it is written. */
static void append_drop(struct lower *l, const struct code *old, bool meant, uint32_t token)
{
    struct code *call = code_new(l);
    code_text(l, call, "bide__start_bide_drop_%s(%s, &%s->h, %s, ", meant ? "meant" : "one", l->cx,
              l->frame, null_text(l->unit));
    code_append(l, call, old);
    code_text(l, call, ")");
    append_suspend(l, call, token, NULL);
    add_callee(l, "bide_drop", 0);
}

/* Takes the future out of its place and leaves `value` there; NULL: leaves it empty. */
static struct code *take(struct lower *l, struct expr *place, const struct code *value)
{
    struct type *t = type_unqualified(l->unit, place->type);
    struct var *v = skip_parens(place)->kind == EX_IDENT ? base_var(l, place) : NULL;
    struct code *old = code_new(l), *read;

    copy_expr(l, old, place);
    read = keep(l, old, t, place->first);
    code_text(l, l->at->out, "\n");
    if (v && !v->by_address)
        code_add(l, l->at->out, PC_VAR, v);
    else
        copy_place(l, l->at->out, place);
    code_text(l, l->at->out, " = ");
    if (value)
        code_append(l, l->at->out, value);
    else
        code_text(l, l->at->out, "0");
    code_text(l, l->at->out, ";\n");
    if (v)
        code_add(l, l->at->out, v->by_address ? PC_USE : PC_DEF, v);
    return read;
}

void lower_future_drop(struct lower *l, struct expr *e)
{
    struct expr *place = e->kind == EX_FORM ? e->arg[0] : e->a;
    struct operand o[2] = {{place, true}, {e->b, false}};
    struct code *done = code_new(l), *value = NULL;

    prepare_operands(l, o, e->kind == EX_FORM ? 1 : 2, false);
    if (e->kind == EX_ASSIGN) {
        struct code *new = code_new(l);
        if (skip_parens(e->b)->kind == EX_FORM)
            expr_info_of(l, skip_parens(e->b))->is_converted = true;
        copy_argument(l, new, e->b);
        value = keep(l, new, type_unqualified(l->unit, e->type), e->b->first);
    }
    append_drop(l, take(l, place, value), e->kind == EX_FORM, e->first);
    code_text(l, done, "(void)0");
    set_code(l, e, done);
}

static void begin_shield(struct lower *l)
{
    code_text(l, l->at->out, "\nbide__shield(%s);\n", l->cx);
    l->at->shield++;
}

static void end_shield(struct lower *l)
{
    l->at->shield--;
    code_text(l, l->at->out, "\nbide__unshield(%s);\n", l->cx);
}

void append_value_drop(struct lower *l, const struct code *future, uint32_t token)
{
    begin_shield(l);
    append_drop(l, future, false, token);
    end_shield(l);
}

void append_future_drop(struct lower *l, struct var *v)
{
    struct type *t = v->type;
    struct code *call = code_new(l);

    if (t->kind != TY_ARRAY) {
        code_var(l, call, v);
        append_value_drop(l, call, v->token);
        return;
    }
    while (t->kind == TY_ARRAY)
        t = t->base;
    code_text(l, call, "bide__start_bide_drop(%s, &%s->h, %s, ", l->cx, l->frame,
              null_text(l->unit));
    code_var(l, call, v);
    code_text(l, call, ", sizeof ");
    code_add(l, call, PC_VAR, v);
    code_text(l, call, " / sizeof(%s))", type_print(l->unit, t, ""));
    begin_shield(l);
    append_suspend(l, call, v->token, NULL);
    end_shield(l);
    add_callee(l, "bide_drop", 0);
}
