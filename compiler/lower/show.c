/*
 * Where the copies for the debugger are due (emit/show.c), and on which line.
 *
 * They must not look like a step of the program: `next` stops wherever another line begins. So they
 * stand on the line of the statement that ran last. After an `if`, a loop or a switch that can be
 * any of several statements, so there the copies are taken inside: at the end of the body, and in
 * an added `else` for the condition. They are also needed after a loop or a switch whose head may
 * change something in the frame; those are on the line of the head.
 *
 * What the names mean is asked at a token of the place where the copy stands: an inner variable may
 * hide the name, and must not be written.
 */
#include "inside.h"

static bool is_jump(const struct stmt *s)
{
    return s->kind == S_RETURN || s->kind == S_BREAK || s->kind == S_CONTINUE ||
           s->kind == S_GOTO || s->kind == S_GOTO_COMPUTED;
}

static bool is_one_expression(const struct stmt *s)
{
    return s->kind == S_EXPR || s->kind == S_ASM;
}

/* Does a body have its copies inside? A body that is an `if` does not count: it might take the
 * `else` that is added. */
static bool is_covered(const struct stmt *body)
{
    return body->kind == S_COMPOUND || is_one_expression(body) || body->kind == S_NULL ||
           is_jump(body);
}

static bool is_covered_if(const struct stmt *s)
{
    return is_covered(s->body) && (!s->orelse || is_covered(s->orelse) ||
                                   (s->orelse->kind == S_IF && is_covered_if(s->orelse)));
}

static const struct stmt *behind_labels(const struct stmt *s)
{
    while (s->kind == S_LABEL || s->kind == S_CASE || s->kind == S_DEFAULT)
        s = s->body;
    return s;
}

struct head {
    struct lower *l;
    const struct stmt *init; /* its variables end with the loop */
};

static bool may_change(struct expr *e, void *context)
{
    const struct head *head = context;
    bool is_store = e->kind == EX_ASSIGN || e->kind == EX_POST ||
                    (e->kind == EX_UNARY && (e->op == P_INC || e->op == P_DEC));
    if (e->kind == EX_CALL || e->kind == EX_STMT || e->kind == EX_FORM)
        return true;
    if (is_store) {
        const struct var *v = base_var(head->l, e->a);
        if (!v || (v->in_frame && !(head->init && v->stmt == head->init)))
            return true;
    }
    return expr_each_child(e, may_change, context);
}

/* May the condition or the step change what is in the frame? With an await it is in the body. */
static bool head_may_change(struct lower *l, const struct stmt *s)
{
    struct head head = {l, s->kind == S_FOR ? s->init : NULL};
    bool has_step = s->kind == S_FOR && s->expr2 && !s->expr2->has_await;
    return (s->expr && !s->expr->has_await && may_change(s->expr, &head)) ||
           (has_step && may_change(s->expr2, &head));
}

static bool is_body_of(const struct stmt *s, const struct stmt *parent)
{
    switch (parent->kind) {
    case S_IF: return s == parent->body || s == parent->orelse;
    case S_WHILE:
    case S_DO:
    case S_FOR:
    case S_SWITCH:
    case S_LABEL:
    case S_CASE:
    case S_DEFAULT: return s == parent->body;
    case S_COMPOUND: return true;
    default: return false;
    }
}

void show_at_block(struct lower *l, struct stmt *block)
{
    const struct stmt *parent = block->parent;
    if (!parent || !is_body_of(block, parent)) {
        code_show(l, l->at->out, NULL, block->first, 0);
        return;
    }
    bool has_head = parent->kind == S_IF || parent->kind == S_WHILE || parent->kind == S_FOR;
    if (has_head ? parent->expr && (parent->expr->has_await || head_may_change(l, parent))
                 : parent->kind == S_DO && head_may_change(l, parent))
        code_show(l, l->at->out, NULL, block->first, parent->first);
}

void show_after(struct lower *l, struct stmt *item, uint32_t token)
{
    const struct stmt *s = behind_labels(item);
    uint32_t line = 0;

    switch (s->kind) {
    case S_RETURN:
    case S_BREAK:
    case S_CONTINUE:
    case S_GOTO:
    case S_GOTO_COMPUTED:
    case S_COMPOUND: return;
    case S_IF:
        if (is_covered_if(s))
            return;
        line = s->first;
        break;
    case S_WHILE:
    case S_FOR:
    case S_SWITCH:
    case S_DO:
        if (is_covered(s->body) && !head_may_change(l, s) &&
            !(s->kind == S_SWITCH && s->expr->has_await))
            return;
        line = s->kind == S_DO ? s->last : s->first;
        break;
    default: break;
    }
    code_show(l, l->at->out, item, token, line);
}

/* The token of the place behind a block's items. A block of bide_locked has no brace of its own:
 * its last token may end an inner block, whose names are gone. */
static uint32_t end_of(const struct stmt *block)
{
    return block->is_locked ? block->last + 1 : block->last;
}

void show_at_end(struct lower *l, struct stmt *block)
{
    struct stmt *last = block->count ? block->list[block->count - 1] : NULL;
    if (!last || !block->parent || !is_body_of(block, block->parent))
        return;
    show_after(l, last, end_of(block));
}

void show_after_defers(struct lower *l, struct stmt *block)
{
    if (block->parent && is_body_of(block, block->parent))
        code_show(l, l->at->out, block, end_of(block), block->last);
}

bool shows_in_body(struct lower *l, const struct stmt *body)
{
    return code_shows(l) && is_one_expression(body);
}

void show_otherwise(struct lower *l, struct stmt *s)
{
    if (is_covered(s->body))
        code_show_else(l, l->at->out, s);
}
