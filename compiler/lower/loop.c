/*
 * Loops. A loop whose condition or step awaits becomes `for (;;)` with the test as an `if` in the
 * body; `continue` then jumps to a label before the test (do) or the step (for). Other loops are
 * copied.
 */
#include "inside.h"

static void flow(struct lower *l, enum piece_kind kind, uint32_t label)
{
    code_flow(l, l->at->out, kind, label);
}

static void branch_out(struct lower *l, struct expr *condition, uint32_t out)
{
    if (!(condition && condition->is_constant && condition->value && !condition->has_await))
        flow(l, PC_BRANCH, out);
}

/* `if (!(condition)) break;` */
static void break_unless(struct lower *l, struct stmt *s, uint32_t out)
{
    struct expr *condition = s->expr;
    prepare(l, condition);
    code_text(l, l->at->out, "\nif (!(");
    copy_expr(l, l->at->out, condition);
    code_text(l, l->at->out, ")) {\n");
    code_show(l, l->at->out, NULL, condition->last + 1, 0);
    code_text(l, l->at->out, "break;\n}\n");
    flow(l, PC_BRANCH, out);
}

static void continue_label(struct lower *l, struct stmt_info *info)
{
    if (info->continue_label && info->continue_used)
        code_text(l, l->at->out, "\n%s:;\n", info->continue_label);
}

/* It is inside a generated block. */
static void lower_awaiting_body(struct lower *l, struct stmt *body)
{
    lower_stmt(l, body);
    if (shows_in_body(l, body))
        show_after(l, body, body->last);
}

void lower_while(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);

    code_open_label(l, l->at->out, info->flow_continue);
    if (s->expr->has_await) {
        code_text(l, l->at->out, "\nfor (;;) {\n");
        break_unless(l, s, info->flow_break);
        if (s->body->kind == S_COMPOUND && s->body->count && !is_label_decl(l, s->body->list[0]))
            lower_items(l, s->body);
        else
            lower_awaiting_body(l, s->body);
        code_text(l, l->at->out, "\n}\n");
    } else {
        copy_around(l, l->at->out, s->first, s->expr, s->body->first - 1);
        branch_out(l, s->expr, info->flow_break);
        lower_body(l, s->body);
    }
    flow(l, PC_JUMP, info->flow_continue);
    flow(l, PC_LABEL, info->flow_break);
}

void lower_do(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    uint32_t top = flow_label(l);

    code_open_label(l, l->at->out, top);
    if (s->expr->has_await) {
        info->continue_label = name_new(l, "continue");
        code_text(l, l->at->out, "\nfor (;;) {\n");
        lower_awaiting_body(l, s->body);
        flow(l, PC_LABEL, info->flow_continue);
        continue_label(l, info);
        code_sync(l, l->at->out, s->expr->first);
        break_unless(l, s, info->flow_break);
        code_text(l, l->at->out, "\n}\n");
        flow(l, PC_JUMP, top);
    } else {
        code_tokens(l, l->at->out, s->first, s->body->first - 1);
        lower_body(l, s->body);
        flow(l, PC_LABEL, info->flow_continue);
        copy_around(l, l->at->out, s->body->last + 1, s->expr, s->last);
        if (!(s->expr->is_constant && !s->expr->value))
            flow(l, PC_BRANCH, top);
    }
    flow(l, PC_LABEL, info->flow_break);
}

/* ---- for ---- */

/* `for (` and its first clause with the semicolon. */
static void for_open(struct lower *l, struct stmt *s, bool init_is_done)
{
    if (init_is_done) {
        code_text(l, l->at->out, "\nfor (;");
    } else if (!s->init) {
        code_tokens(l, l->at->out, s->first, s->word + 2);
    } else if (s->init->kind == S_DECL) {
        struct declaration *d = declaration_new(l, s->init, 0, s->init->decl_count);
        code_thing(l, l->at->out, PC_FOR_OPEN, d);
        declaration_flow_end(l, d);
    } else if (s->init->kind == S_EXPR) {
        mark_unused(l, s->init->expr);
        copy_around(l, l->at->out, s->first, s->init->expr, s->init->last);
    } else {
        code_tokens(l, l->at->out, s->first, s->init->last);
    }
}

/* Nothing in the header awaits: copied. */
static void for_plain(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    struct code *step = code_new(l);
    uint32_t top = flow_label(l);
    uint32_t next = s->init ? s->init->last + 1 : s->word + 3;

    code_open_label(l, l->at->out, top);
    if (s->expr) {
        copy_around(l, l->at->out, next, s->expr, s->expr->last);
        next = s->expr->last + 1;
        branch_out(l, s->expr, info->flow_break);
    }
    if (s->expr2) {
        mark_unused(l, s->expr2);
        copy_around(l, step, next, s->expr2, s->body->first - 1);
        code_append_print(l, l->at->out, step);
    } else {
        code_tokens(l, l->at->out, next, s->body->first - 1);
    }
    lower_body(l, s->body);
    flow(l, PC_LABEL, info->flow_continue);
    code_append_flow(l, l->at->out, step);
    flow(l, PC_JUMP, top);
    flow(l, PC_LABEL, info->flow_break);
}

/* A condition or step that awaits goes into the body. */
static void for_awaiting(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    struct expr *condition = s->expr, *step = s->expr2;
    bool test_inside = condition && condition->has_await;
    bool step_inside = step && step->has_await;
    struct code *step_code = code_new(l);
    uint32_t top = flow_label(l);

    code_open_label(l, l->at->out, top);
    if (condition && !test_inside) {
        code_text(l, l->at->out, " ");
        copy_expr(l, l->at->out, condition);
        branch_out(l, condition, info->flow_break);
    }
    if (step && !step_inside) {
        mark_unused(l, step);
        copy_expr(l, step_code, step);
        code_text(l, l->at->out, "; ");
        code_append_print(l, l->at->out, step_code);
        code_text(l, l->at->out, ") {\n");
    } else {
        code_text(l, l->at->out, ";) {\n");
    }
    if (test_inside)
        break_unless(l, s, info->flow_break);
    if (step_inside)
        info->continue_label = name_new(l, "continue");
    lower_awaiting_body(l, s->body);
    flow(l, PC_LABEL, info->flow_continue);
    continue_label(l, info);
    if (step_inside) {
        code_sync(l, l->at->out, step->first);
        discard(l, step);
    }
    code_text(l, l->at->out, "\n}\n");
    code_append_flow(l, l->at->out, step_code);
    flow(l, PC_JUMP, top);
    flow(l, PC_LABEL, info->flow_break);
}

void lower_for(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    struct link *outer = l->at->links;
    bool in_block = s->init && (s->init->has_await || info->scope);
    bool has_decl = s->init && s->init->kind == S_DECL && !in_block;

    if (in_block) {
        code_text(l, l->at->out, "\n{\n");
        if (s->init->kind == S_DECL)
            lower_decl(l, s->init);
        else
            discard(l, s->init->expr);
    }
    for_open(l, s, in_block);
    if ((s->expr && s->expr->has_await) || (s->expr2 && s->expr2->has_await))
        for_awaiting(l, s);
    else
        for_plain(l, s);
    if (has_decl)
        code_thing(l, l->at->out, PC_FOR_CLOSE, s->init);
    if (info->scope)
        defers_end(l, info->scope);
    l->at->links = outer;
    if (in_block)
        code_text(l, l->at->out, "\n}\n");
}
