/*
 * The passes over one function, and its frame of code: parameters, statements, the end of the body.
 */
#include "inside.h"

#include <string.h>

static const char *name_or(struct lower *l, const char *wanted)
{
    if (!is_reserved(l, wanted))
        return wanted;
    return arena_printf(l->arena, "bide__%s", wanted);
}

static struct lower *lower_new(struct unit *u, struct function *fn, struct lower *outer)
{
    struct lower *l = arena_alloc(u->arena, sizeof *l);
    l->unit = u;
    l->arena = u->arena;
    l->fn = fn;
    l->at = arena_alloc(u->arena, sizeof *l->at);
    l->work = arena_alloc(u->arena, sizeof *l->work);
    l->head = code_new(l);
    l->body = l->at->out = code_new(l);
    l->name = fn->name;
    l->is_async = fn->is_async;
    l->returns = fn->symbol && file_symbol(fn->symbol)->cancel_returns;
    l->cx = name_or(l, "cx");
    l->frame = name_or(l, "frame");
    l->args = name_or(l, "args");
    l->func = name_or(l, "func");
    l->outer = outer;
    l->outer_name = name_or(l, "outer");
    return l;
}

/* ---- the body ---- */

/* True if the evaluation of the expression has no effect. */
static bool is_idle(const struct expr *e)
{
    if (!e)
        return true;
    if (e->type->quals & (Q_VOLATILE | Q_ATOMIC) || e->type->variable)
        return false;
    switch (e->kind) {
    case EX_NUMBER:
    case EX_CHAR:
    case EX_IDENT:
    case EX_OFFSETOF:
    case EX_TYPES_COMPATIBLE: return true;
    case EX_SIZEOF: return e->is_ice;
    case EX_UNARY:
        if (e->op == P_INC || e->op == P_DEC || e->op == '*')
            return false;
        break;
    case EX_PAREN:
    case EX_CAST:
    case EX_BINARY:
    case EX_LOGIC:
    case EX_COND:
    case EX_COMMA:
    case EX_MEMBER: break;
    default: return false;
    }
    return is_idle(e->a) && is_idle(e->b) && is_idle(e->c);
}

/* Appends the lengths of arrays that are evaluated when the parameters before `param` are known. */
static void lower_lengths(struct lower *l, uint32_t *at, int param)
{
    for (; *at < l->fn->lengths.count; ++*at) {
        const struct length *length = l->fn->lengths.item[*at];
        struct expr *e = length->stmt->expr;
        if (length->param > param)
            return;
        if (is_idle(e))
            continue;
        code_sync(l, l->at->out, e->first);
        prepare(l, e);
        code_text(l, l->at->out, "\n(void)(");
        copy_expr(l, l->at->out, e);
        code_text(l, l->at->out, ");\n");
    }
}

static int param_index(const struct function *fn, const struct symbol *s)
{
    int i = 0;
    while (i < fn->param_count && fn->param[i] != s)
        i++;
    return i;
}

static void lower_params(struct lower *l)
{
    uint32_t lengths = 0;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->is_param)
            continue;
        lower_lengths(l, &lengths, param_index(l->fn, v->symbol));
        bool used = v->used;
        if (l->is_async)
            code_add(l, l->at->out, PC_PARAM, v);
        code_add(l, l->at->out, PC_DEF, v);
        v->used = used;
        if (v->link)
            defers_begin(l, v->link);
    }
    lower_lengths(l, &lengths, l->fn->param_count);
}

bool ends_in_if_or_loop(const struct stmt *block)
{
    const struct stmt *last = block->count ? block->list[block->count - 1] : NULL;
    while (last && (last->kind == S_LABEL || last->kind == S_CASE || last->kind == S_DEFAULT))
        last = last->body;
    return last && (last->kind == S_IF || last->kind == S_FOR || last->kind == S_WHILE);
}

static void lower_body_of(struct lower *l)
{
    struct stmt *last = value_statement(l->fn->body);
    bool has_value = l->fn->result->kind != TY_VOID;

    if (!l->fn->symbol && (has_value || l->fn->is_branch))
        l->work->value_stmt = last;
    if (has_value) {
        l->returned =
            var_new(l, "returned", type_unqualified(l->unit, l->fn->result), l->fn->first);
        code_add(l, l->at->out, PC_DECLARE, l->returned);
    }
    lower_params(l);
    lower_items(l, l->fn->body);
    /* on the line of the brace: after `if (x) goto y;` a compiler would call it misleading */
    if (l->is_async && (!l->unit->options->pretty || ends_in_if_or_loop(l->fn->body)) &&
        reaches_end(l, l->at->out))
        code_sync(l, l->at->out, l->fn->body->last);
    if (l->fn->is_main && l->is_async && has_value && reaches_end(l, l->at->out))
        code_text(l, l->at->out, "\n*(int *)bide_frame_result(%s, &%s->h) = 0;\n", l->cx, l->frame);
    if (l->work->param_scope)
        defers_end(l, l->work->param_scope);
    if (l->is_async && reaches_end(l, l->at->out)) {
        if (has_value && !l->fn->is_main && !(l->fn->symbol && l->fn->symbol->is_noreturn)) {
            diag_range(l->unit, SEV_WARNING, l->fn->last, l->fn->last, "return-type",
                       "control reaches end of non-void function");
            store_zero(l, NULL);
        }
        append_finish(l);
    } else if (l->is_async && seems_to_reach_end(l, l->at->out)) {
        append_finish(l);
    }
}

static void find_args(struct lower *l)
{
    l->has_args = l->fn->uses_outer;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->is_param)
            continue;
        l->has_args = true;
        l->uses_args |= v->used || v->in_frame;
    }
}

struct lower *lower_function(struct unit *u, struct function *fn, struct lower *outer)
{
    struct lower *l = lower_new(u, fn, outer);
    scan_function(l);
    lower_body_of(l);
    return l;
}

void lower_finish(struct lower *l)
{
    find_args(l);
    hoist_for_branches(l, l->fn);
    settle_tokens(l);
}
