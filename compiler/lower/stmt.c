/*
 * Statements: the walk that appends the pieces.
 *
 * Requires a scanned function. Establishes the code of the body, the suspensions, the result slots
 * and the definitions round the body. A statement is copied as it is if it has no await, no way out
 * past a deferred block and no declaration that moves to the frame; its flow is noted in any case.
 */
#include "inside.h"

#include <string.h>

static void flow(struct lower *l, enum piece_kind kind, uint32_t label)
{
    code_flow(l, l->at->out, kind, label);
}

static bool is_jump_over_defers(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = s->target ? info_of(l, s->target) : NULL;
    if (!info)
        return false;
    return info->links != l->at->links || (s->kind == S_CONTINUE && info->continue_label) ||
           loses_held(l, s->target);
}

/* True if its lowered form may have several statements, or begin with a declaration. */
static bool is_many(struct lower *l, struct stmt *s)
{
    switch (s->kind) {
    case S_COMPOUND: return false;
    case S_RETURN: return l->is_async || l->at->links;
    case S_BREAK:
    case S_CONTINUE:
    case S_GOTO: return is_jump_over_defers(l, s);
    case S_LABEL:
    case S_CASE:
    case S_DEFAULT: return s->body->has_await || is_many(l, s->body);
    case S_DEFER:
    case S_DECL: return true;
    case S_GOTO_COMPUTED:
    case S_EXPR: return s->has_await;
    case S_IF:
    case S_SWITCH:
    case S_WHILE: return s->expr->has_await;
    case S_FOR: return s->has_await;
    default: return false;
    }
}

void lower_body(struct lower *l, struct stmt *s)
{
    bool shows = shows_in_body(l, s);
    if (!shows && !is_many(l, s)) {
        lower_stmt(l, s);
        return;
    }
    code_text(l, l->at->out, " {\n");
    lower_stmt(l, s);
    if (shows)
        show_after(l, s, s->last);
    code_text(l, l->at->out, "\n}\n");
}

static bool mentions(struct lower *l, const struct stmt *s, const char *name)
{
    for (uint32_t i = s->first; i <= s->last; i++)
        if (l->unit->token[i].text == name)
            return true;
    return false;
}

/* Nothing may be put before a case, where compilers look for a break or a fallthrough, nor before
 * the declaration of a block's labels. */
static bool stays_first(struct lower *l, const struct stmt *s)
{
    return s->kind == S_CASE || s->kind == S_DEFAULT || is_label_decl(l, s);
}

/* Is it the body of an async block whose declarations hide captures? Those stand round it. */
static bool hides_captures(struct lower *l, const struct stmt *s)
{
    for (uint32_t i = 0; i < l->vars.count && s == l->fn->body && !l->fn->symbol; i++) {
        const struct var *v = l->vars.item[i];
        if (v->is_param && is_shadowed(l, v, s->last))
            return true;
    }
    return false;
}

void lower_items(struct lower *l, struct stmt *s)
{
    struct link *outer = l->at->links;
    struct stmt_info *info = info_of(l, s);
    bool in_block = hides_captures(l, s);

    if (s->count > 0 && !stays_first(l, s->list[0]) && !(s->parent && s->parent->kind == S_SWITCH))
        show_at_block(l, s);
    if (in_block)
        code_text(l, l->at->out, "\n{\n");
    for (int i = 0; i < s->count; i++) {
        struct stmt *item = s->list[i];
        struct link *before = l->at->links;
        if (item->kind == S_DEFER) {
            code_sync(l, l->at->out, item->first);
            defers_begin(l, info_of(l, item)->defer);
        } else {
            lower_stmt(l, item);
        }
        if (i + 1 < s->count && !stays_first(l, s->list[i + 1]))
            show_after(l, item, item->last + 1);
        if (l->at->links != before && needs_block(l, s, i + 1)) {
            l->at->links->in_block = true;
            code_text(l, l->at->out, "\n{\n");
        }
    }
    show_at_end(l, s);
    if (info->scope && l->unit->options->pretty && ends_in_if_or_loop(s) &&
        may_reach_end(l, l->at->out)) /* else what follows would belong to the `if` */
        code_sync(l, l->at->out, s->last);
    if (info->scope) {
        defers_end(l, info->scope);
        show_after_defers(l, s);
    }
    if (in_block)
        code_text(l, l->at->out, "\n}\n");
    l->at->links = outer;
}

static void lower_compound(struct lower *l, struct stmt *s)
{
    if (s->is_locked)
        code_text(l, l->at->out, "\n{\n");
    else
        code_tokens(l, l->at->out, s->first, s->word);
    lower_items(l, s);
    if (s->is_locked)
        code_text(l, l->at->out, "\n}\n");
    else
        code_tokens(l, l->at->out, s->last, s->last);
}

/* True for a call of a function that does not return. */
static bool never_returns(struct expr *e)
{
    static const char *const builtins[] = {"__builtin_unreachable", "__builtin_trap",
                                           "__builtin_abort", "__builtin_exit"};
    e = skip_parens(e);
    if (e->kind == EX_CAST)
        return never_returns(e->a);
    if (e->kind == EX_COMMA)
        return never_returns(e->a) || never_returns(e->b);
    if (e->kind == EX_COND && e->b)
        return never_returns(e->b) && never_returns(e->c);
    const struct expr *f = e->kind == EX_CALL ? skip_parens(e->a) : NULL;
    if (!f || f->kind != EX_IDENT)
        return false;
    for (unsigned i = 0; !f->symbol && i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(f->name, builtins[i]) == 0)
            return true;
    return f->symbol && f->symbol->is_noreturn && !f->symbol->is_async;
}

/* True for `0`, and for `!"text"` as in assert(!"text"). */
static bool is_surely_false(struct expr *e)
{
    if (e->has_await)
        return false;
    if (e->is_constant)
        return e->value == 0;
    e = skip_parens(e);
    return e->kind == EX_UNARY && e->op == '!' && skip_parens(e->a)->kind == EX_STRING;
}

static void lower_expr_stmt(struct lower *l, struct stmt *s)
{
    struct expr *e = s->expr;
    struct expr_info *info = expr_info_of(l, e);

    if (info->value_to) {
        assign_value(l, info->value_to, e);
        append_moved(l, info->value_to, e);
    } else if (s == l->work->value_stmt && l->fn->result->kind != TY_VOID) {
        lower_return(l, s, e);
    } else if (s == l->work->value_stmt) {
        discard(l, e);
    } else if (e->has_await) {
        discard(l, e);
    } else {
        if (!info->is_value)
            mark_unused(l, e);
        copy_around(l, l->at->out, s->first, e, s->last);
        if (never_returns(e))
            code_flow(l, l->at->out, PC_END, 0);
    }
}

static void lower_label(struct lower *l, struct stmt *s)
{
    struct stmt *body = s->body;
    code_open_label(l, l->at->out, info_of(l, s)->flow_label);
    code_tokens(l, l->at->out, s->first, body->first - 1);
    if (body->has_await || body->kind == S_DECL || body->kind == S_DEFER)
        code_text(l, l->at->out, ";");
    if (body->last >= body->first)
        lower_stmt(l, body);
}

static void lower_if(struct lower *l, struct stmt *s)
{
    uint32_t other = flow_label(l), end = flow_label(l);

    prepare(l, s->expr);
    copy_around(l, l->at->out, s->first, s->expr, s->body->first - 1);
    if (is_surely_false(s->expr))
        flow(l, PC_JUMP, other);
    else if (!(s->expr->is_constant && s->expr->value && !s->expr->has_await))
        flow(l, PC_BRANCH, other);
    lower_body(l, s->body);
    flow(l, PC_JUMP, end);
    flow(l, PC_LABEL, other);
    if (s->orelse) {
        code_tokens(l, l->at->out, s->body->last + 1, s->orelse->first - 1);
        lower_body(l, s->orelse);
    } else {
        show_otherwise(l, s);
    }
    flow(l, PC_LABEL, end);
}

static void lower_switch(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    bool has_default = false;

    prepare(l, s->expr);
    copy_around(l, l->at->out, s->first, s->expr, s->body->first - 1);
    for (uint32_t i = 0; i < info->cases.count; i++) {
        struct stmt *label = info->cases.item[i];
        flow(l, PC_BRANCH, info_of(l, label)->flow_label);
        has_default |= label->kind == S_DEFAULT;
    }
    if (has_default)
        code_flow(l, l->at->out, PC_END, 0);
    else
        flow(l, PC_JUMP, info->flow_break);
    lower_body(l, s->body);
    flow(l, PC_LABEL, info->flow_break);
}

static void lower_jump(struct lower *l, struct stmt *s)
{
    static const enum exit_kind kinds[] = {
        [S_BREAK] = EXIT_BREAK, [S_CONTINUE] = EXIT_CONTINUE, [S_GOTO] = EXIT_GOTO};
    if (!s->target) {
        code_tokens(l, l->at->out, s->first, s->last);
        code_flow(l, l->at->out, PC_END, 0);
        return;
    }
    struct stmt_info *info = info_of(l, s->target);
    if (is_jump_over_defers(l, s)) {
        release_held(l, s->target);
        leave(l, kinds[s->kind], s->target, info->links);
        return;
    }
    code_tokens(l, l->at->out, s->first, s->last);
    flow(l, PC_JUMP,
         s->kind == S_BREAK      ? info->flow_break
         : s->kind == S_CONTINUE ? info->flow_continue
                                 : info->flow_label);
}

/* Found once for the function: the label after each unary && in it. */
static bool is_addressed(struct lower *l, const char *label)
{
    const struct token *t = l->unit->token;
    struct map *map = &l->work->addressed;
    for (uint32_t i = l->fn->first + 1; i <= l->fn->last && !l->work->addressed_known; i++)
        if (t[i].text && t[i - 1].punct == P_ANDAND)
            *map_at(l->arena, map, t[i].text) = l;
    l->work->addressed_known = true;
    return *map_at(l->arena, map, label);
}

/* Jumps to the labels whose address is taken, or to the labels that an asm goto names. */
static void flow_to_labels(struct lower *l, const struct stmt *s)
{
    for (uint32_t i = 0; i < l->fn->labels.count; i++) {
        struct stmt *label = l->fn->labels.item[i];
        if (s->kind == S_ASM ? mentions(l, s, label->name) : is_addressed(l, label->name))
            flow(l, PC_BRANCH, info_of(l, label)->flow_label);
    }
}

/* All of a function go to the same labels, so control flows there by way of the first one: their
 * number times that of the labels would be too many branches. */
static void lower_computed_goto(struct lower *l, struct stmt *s)
{
    prepare(l, s->expr);
    copy_around(l, l->at->out, s->first, s->expr, s->last);
    if (l->work->has_computed) {
        flow(l, PC_JUMP, l->work->computed);
        return;
    }
    l->work->has_computed = true;
    l->work->computed = flow_label(l);
    code_open_label(l, l->at->out, l->work->computed);
    flow_to_labels(l, s);
    code_flow(l, l->at->out, PC_END, 0);
}

static void lower_asm(struct lower *l, struct stmt *s)
{
    uses_in_tokens(l, l->at->out, s->first, s->last);
    if (s->expr)
        copy_around(l, l->at->out, s->first, s->expr, s->last);
    else
        code_tokens(l, l->at->out, s->first, s->last);
    for (uint32_t i = s->first; i <= s->last; i++)
        if (l->subst[i - l->fn->first].kind == SUBST_VAR)
            code_add(l, l->at->out, PC_DEF, l->subst[i - l->fn->first].var);
    flow_to_labels(l, s);
}

bool is_label_decl(struct lower *l, const struct stmt *s)
{
    const char *text = l->unit->token[s->first].text;
    return s->kind == S_TYPE_DECL && text && strcmp(text, "__label__") == 0;
}

/* A declaration of async functions goes to file scope; __label__ at the head of a body stays
 * first. */
static void lower_type_decl(struct lower *l, struct stmt *s)
{
    struct symbol *fn = s->decl_count ? s->decl[0]->symbol : NULL;
    if (fn && fn->kind == SYM_FUNCTION && fn->is_async) {
        for (int i = 0; i < s->decl_count; i++)
            list_add(l->arena, &l->async_decls, s->decl[i]->symbol);
        return;
    }
    uses_in_tokens(l, l->at->out, s->first, s->last);
    code_thing(l, l->at->out, PC_TYPE_DECL, s);
}

/* True for a loop that awaits, or whose variable lives in the frame. */
static bool is_rewritten(struct lower *l, const struct stmt *s)
{
    bool rewritten = s->has_await;
    for (int i = 0; s->kind == S_FOR && s->init && i < s->init->decl_count; i++) {
        const struct var *v = var_of(l, s->init->decl[i]->symbol);
        rewritten |= v && v->in_frame;
    }
    return rewritten;
}

void lower_stmt(struct lower *l, struct stmt *s)
{
    if (s->last >= s->first)
        settle_pragmas(l, s, is_rewritten(l, s));
    if (s->kind != S_COMPOUND)
        code_sync(l, l->at->out, s->first);
    switch (s->kind) {
    case S_COMPOUND: lower_compound(l, s); break;
    case S_EXPR: lower_expr_stmt(l, s); break;
    case S_DECL: lower_decl(l, s); break;
    case S_IF: lower_if(l, s); break;
    case S_WHILE: lower_while(l, s); break;
    case S_DO: lower_do(l, s); break;
    case S_FOR: lower_for(l, s); break;
    case S_SWITCH: lower_switch(l, s); break;
    case S_CASE:
    case S_DEFAULT:
    case S_LABEL: lower_label(l, s); break;
    case S_BREAK:
    case S_CONTINUE:
    case S_GOTO: lower_jump(l, s); break;
    case S_GOTO_COMPUTED: lower_computed_goto(l, s); break;
    case S_RETURN: lower_return(l, s, s->expr); break;
    case S_ASM: lower_asm(l, s); break;
    case S_SCOPE: lower_scope(l, s); break;
    case S_DEFER: /* of an if, a loop or a label */
        diag(l->unit, SEV_ERROR, s->first,
             "a 'defer' must be a statement of a block { ... }; it runs when the block is left");
        break;
    case S_TYPE_DECL: lower_type_decl(l, s); break;
    case S_NULL: code_tokens(l, l->at->out, s->first, s->last); break;
    }
}
