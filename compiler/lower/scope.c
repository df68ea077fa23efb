/*
 * Scopes. `bide_scope(s) { ... }` becomes
 *
 *     {
 *         bide__scope_begin(&frame->s, 0);
 *         { ... }
 *         if (bide__scope_wait(cx, &frame->h, &frame->s) == BIDE_PENDING) {...}
 *         next = 0;
 *     defer:
 *         if (next) {
 *             bide__scope_cancel(&frame->s);
 *             bide__shield(cx);
 *             if (bide__scope_wait(cx, &frame->h, &frame->s) == BIDE_PENDING) {...}
 *             bide__unshield(cx);
 *         }
 *         error = bide__scope_error(&frame->s);
 *         (go on where `next` says)
 *     }
 *
 * So a scope has a deferred block (defer.c) that cancels the children and waits for them. At the
 * end of the user's block the children are only waited for, and a request to cancel may arrive
 * during that wait. After it no children are left, so unwinding goes on further out. Parts that no
 * way out leads to are not generated.
 *
 * A function marked bide_cancel_returns reaches the end of the block also when it is cancelled.
 * Then it must not wait there, so the first wait is `if (!bide__unwinding(cx) && ...wait...)`, and
 * the test below it is `if (next || bide__unwinding(cx))`.
 *
 * The scope's variable stands for the address of the object in the frame and has no place of its
 * own.
 */
#include "inside.h"

static void append_wait(struct lower *l, struct stmt *s, const struct code *at_resume)
{
    struct code *call = code_new(l);
    if (may_refuse(l))
        code_text(l, call, "!bide__unwinding(%s) && ", l->cx);
    code_text(l, call, "bide__scope_wait(%s, &%s->h, ", l->cx, l->frame);
    code_add(l, call, PC_VAR, var_of(l, s->scope));
    code_text(l, call, ")");
    append_suspend(l, call, s->first, at_resume);
    struct suspend *suspend = l->suspends.item[l->suspends.count - 1];
    suspend->line = l->unit->token[s->last].line;
}

/* Stores the error where the user wants it. */
static void append_error(struct lower *l, struct code *to, struct stmt *s)
{
    struct expr *place = s->expr;
    if (!place)
        return;
    struct var *v = base_var(l, place);
    bool whole = v && skip_parens(place)->kind == EX_IDENT && !v->by_address;
    code_text(l, to, "\n");
    if (whole)
        code_add(l, to, PC_VAR, v);
    else
        copy_place(l, to, place);
    code_text(l, to, " = bide__scope_error(");
    code_add(l, to, PC_VAR, var_of(l, s->scope));
    code_text(l, to, ");\n");
    if (whole)
        code_add(l, to, PC_SEEN, v);
    if (v)
        code_add(l, to, whole ? PC_DEF : v->by_address ? PC_USE : PC_TOUCH, v);
}

static void append_cancel(struct lower *l, struct stmt *s)
{
    struct link *links = l->at->links;

    code_text(l, l->at->out, "\nbide__scope_cancel(");
    code_add(l, l->at->out, PC_VAR, var_of(l, s->scope));
    code_text(l, l->at->out, ");\nbide__shield(%s);\n", l->cx);
    l->at->links = NULL;
    l->at->shield++;
    append_wait(l, s, NULL);
    l->at->shield--;
    l->at->links = links;
    code_text(l, l->at->out, "\nbide__unshield(%s);\n", l->cx);
}

void run_scope(struct lower *l, struct link *link, bool has_end)
{
    struct stmt *s = link->waits;
    uint32_t skip = flow_label(l);
    bool ends_cancelled = has_end && may_refuse(l);

    if (!has_end && link->is_target) {
        append_cancel(l, s);
    } else if (has_end && (link->is_target || ends_cancelled)) {
        code_text(l, l->at->out, "\nif (");
        if (link->is_target) {
            link->scope->is_read = true;
            code_var(l, l->at->out, link->scope->selector);
        }
        if (ends_cancelled)
            code_text(l, l->at->out, "%sbide__unwinding(%s)", link->is_target ? " || " : "", l->cx);
        code_text(l, l->at->out, ") {\n");
        code_flow(l, l->at->out, PC_BRANCH, skip);
        append_cancel(l, s);
        code_text(l, l->at->out, "\n}\n");
        code_flow(l, l->at->out, PC_LABEL, skip);
    }
    append_error(l, l->at->out, s);
}

void lower_scope(struct lower *l, struct stmt *s)
{
    struct link *link = info_of(l, s)->defer, *outer = l->at->links;

    code_text(l, l->at->out, "\n{\n");
    defers_begin(l, link);
    code_text(l, l->at->out, "\nbide__scope_begin(");
    code_add(l, l->at->out, PC_VAR, var_of(l, s->scope));
    code_text(l, l->at->out, ", %s);\n", s->is_try ? "BIDE__SCOPE_TRY" : "0");
    lower_body(l, s->body);
    l->at->links = outer;
    if (may_reach_end(l, l->at->out)) {
        struct code *error = code_new(l);
        code_sync(l, l->at->out, s->last);
        append_error(l, error, s);
        append_wait(l, s, error);
    }
    defers_end(l, link->scope);
    l->at->links = outer;
    code_text(l, l->at->out, "\n}\n");
}
