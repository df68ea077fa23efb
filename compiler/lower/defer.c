/*
 * Deferred blocks: bide_defer, variables with a cleanup, owners of tasks and futures. A bide_scope
 * has one, too (scope.c).
 *
 * A deferred block is printed once, at the end of its scope, after a label. Each way out of the
 * scope stores in the scope's selector where to go on, and jumps to the label of the innermost
 * block that is due; 0 is the end of the scope. The blocks of one scope follow each other from the
 * last to the first. After each comes an `if (selector == n)` for the ways out that have no more
 * blocks of this scope to run. A way that leads further out goes to the next scope in the same
 * manner.
 *
 * A block with awaits is shielded. At a resume label where something is due, unwinding is one more
 * way out. Inside a shielded block it is not: there the core answers a request to cancel, in place
 * of the await.
 */
#include "inside.h"

void defers_begin(struct lower *l, struct link *link)
{
    struct defers *scope = link->scope;
    if (!scope->selector) {
        scope->selector = var_new(l, "next", type_basic(l->unit, TY_INT), l->fn->first);
        code_thing(l, l->at->out, PC_SELECTOR, scope);
    }
    l->at->links = link;
}

void append_finish(struct lower *l)
{
    code_text(l, l->at->out, "\nreturn bide_frame_finish(%s, &%s->h);\n", l->cx, l->frame);
    code_flow(l, l->at->out, PC_END, 0);
}

/* Everything due has run: returns the kept result. */
static void append_return(struct lower *l)
{
    struct var *v = l->returned;
    bool has_value = l->fn->result->kind != TY_VOID;
    if (l->is_async) {
        if (has_value) {
            code_begin_store(l, l->at->out, l->fn->result, NULL);
            code_var(l, l->at->out, v);
            code_end_store(l, l->at->out, l->fn->result, NULL);
        }
        append_finish(l);
        return;
    }
    code_text(l, l->at->out, has_value ? "\nreturn " : "\nreturn");
    if (has_value)
        code_var(l, l->at->out, v);
    code_text(l, l->at->out, ";\n");
    code_flow(l, l->at->out, PC_END, 0);
}

/* Goes to the target when nothing is due on the way. */
static void leave_now(struct lower *l, enum exit_kind kind, struct stmt *target)
{
    struct stmt_info *info = target ? info_of(l, target) : NULL;
    switch (kind) {
    case EXIT_RETURN: append_return(l); break;
    case EXIT_UNWIND: append_finish(l); break;
    case EXIT_BREAK:
        code_text(l, l->at->out, "\nbreak;\n");
        code_flow(l, l->at->out, PC_JUMP, info->flow_break);
        break;
    case EXIT_CONTINUE:
        if (info->continue_label)
            code_text(l, l->at->out, "\ngoto %s;\n", info->continue_label);
        else
            code_text(l, l->at->out, "\ncontinue;\n");
        info->continue_used = true;
        code_flow(l, l->at->out, PC_JUMP, info->flow_continue);
        break;
    case EXIT_GOTO:
        code_text(l, l->at->out, "\ngoto %s;\n", target->name);
        code_flow(l, l->at->out, PC_JUMP, info->flow_label);
        break;
    }
}

static int exit_value(struct lower *l, struct defers *scope, enum exit_kind kind,
                      struct stmt *target, struct link *to)
{
    for (int i = 0; i < scope->exit_count; i++)
        if (scope->exit[i].kind == kind && scope->exit[i].target == target)
            return scope->exit[i].value;
    if (scope->exit_count == scope->exit_room) {
        int room = scope->exit_room ? 2 * scope->exit_room : 4;
        struct exit *more = arena_alloc(l->arena, (size_t)room * sizeof *more);
        for (int i = 0; i < scope->exit_count; i++)
            more[i] = scope->exit[i];
        scope->exit = more;
        scope->exit_room = room;
    }
    int value = scope->exit_count + 1;
    scope->exit[scope->exit_count++] =
        (struct exit){.kind = kind, .target = target, .to = to, .value = value};
    return value;
}

static void select(struct lower *l, struct defers *scope, int value)
{
    code_thing(l, l->at->out, PC_SELECT, scope);
    l->at->out->piece[l->at->out->count - 1].first = (uint32_t)value;
    code_add(l, l->at->out, PC_DEF, scope->selector);
}

void leave(struct lower *l, enum exit_kind kind, struct stmt *target, struct link *to)
{
    struct link *link = l->at->links;
    if (link == to) {
        leave_now(l, kind, target);
        return;
    }
    struct defers *scope = link->scope;
    int value = exit_value(l, scope, kind, target, to);
    if (!link->label)
        link->label = name_new(l, "defer");
    link->is_target = true;
    select(l, scope, value);
    code_text(l, l->at->out, "\ngoto %s;\n", link->label);
    code_flow(l, l->at->out, PC_JUMP, link->flow);
}

/* ---- running them ---- */

static void run_block(struct lower *l, struct stmt *s)
{
    struct link *links = l->at->links;
    bool awaits = s->body->has_await;

    if (awaits)
        code_text(l, l->at->out, "\nbide__shield(%s);\n", l->cx);
    code_text(l, l->at->out, "\n");
    l->at->links = NULL;
    l->at->shield++;
    if (s->body->kind == S_COMPOUND) {
        lower_stmt(l, s->body);
    } else {
        code_text(l, l->at->out, "{\n");
        lower_stmt(l, s->body);
        code_text(l, l->at->out, "\n}");
    }
    l->at->shield--;
    l->at->links = links;
    code_text(l, l->at->out, "\n");
    if (awaits)
        code_text(l, l->at->out, "\nbide__unshield(%s);\n", l->cx);
}

static void release_owner(struct lower *l, struct var *v)
{
    struct type *t = v->type;
    if (type_holds_future(t) && l->is_async) {
        append_future_drop(l, v);
        return;
    }
    if (t->kind != TY_ARRAY) {
        code_text(l, l->at->out, "\n%s(", release_name(t));
        code_var(l, l->at->out, v);
        code_text(l, l->at->out, ");\n");
        return;
    }
    while (t->kind == TY_ARRAY)
        t = t->base;
    const char *i = name_new(l, "i");
    const char *element = type_print(l->unit, t, "");
    const char *array = type_print(l->unit, type_pointer(l->unit, t), "");
    code_text(l, l->at->out, "\n{\nsize_t %s;\nfor (%s = 0; %s < sizeof ", i, i, i);
    code_add(l, l->at->out, PC_VAR, v);
    code_text(l, l->at->out, " / sizeof(%s); %s++)\n    %s(((%s)", element, i, release_name(t),
              array);
    code_add(l, l->at->out, PC_VAR, v);
    code_text(l, l->at->out, ")[%s]);\n}\n", i);
}

static void run(struct lower *l, struct link *link, bool has_end)
{
    if (link->waits) {
        run_scope(l, link, has_end);
        return;
    }
    if (link->defer) {
        run_block(l, link->defer);
        return;
    }
    struct var *v = var_of(l, link->symbol);
    if (v->symbol->cleanup) {
        code_text(l, l->at->out, "\n%s(&", v->symbol->cleanup);
        code_add(l, l->at->out, PC_VAR, v);
        code_text(l, l->at->out, ");\n");
    } else {
        release_owner(l, v);
    }
}

/* After a block: the ways out that go on from there. After the last block of a scope whose end is
 * never reached, the last way out needs no test. */
static void dispatch(struct lower *l, struct defers *scope, bool is_last, bool has_end)
{
    for (int i = 0; i < scope->exit_count; i++) {
        struct exit *x = &scope->exit[i];
        if (!is_last && x->to != l->at->links)
            continue;
        if (is_last && !has_end && i == scope->exit_count - 1) {
            leave(l, x->kind, x->target, x->to);
            return;
        }
        uint32_t skip = flow_label(l);
        scope->is_read = true;
        code_text(l, l->at->out, "\nif (");
        code_var(l, l->at->out, scope->selector);
        code_text(l, l->at->out, " == %d) {\n", x->value);
        code_flow(l, l->at->out, PC_BRANCH, skip);
        leave(l, x->kind, x->target, x->to);
        code_text(l, l->at->out, "\n}\n");
        code_flow(l, l->at->out, PC_LABEL, skip);
    }
}

void defers_end(struct lower *l, struct defers *scope)
{
    bool has_end = may_reach_end(l, l->at->out);

    if (scope->exit_count && has_end)
        select(l, scope, 0);
    for (struct link *link = scope->last; link && link->scope == scope; link = link->outer) {
        if (link->in_block)
            code_text(l, l->at->out, "\n}\n");
        code_flow(l, l->at->out, PC_LABEL, link->flow);
        if (link->is_target)
            code_text(l, l->at->out, "\n%s:\n", link->label);
        l->at->links = link->outer;
        run(l, link, has_end);
        dispatch(l, scope, !link->outer || link->outer->scope != scope, has_end);
    }
}

/* ---- return ---- */

void store_zero(struct lower *l, struct var *kept)
{
    code_begin_store(l, l->at->out, l->fn->result, kept);
    code_text(l, l->at->out, "(");
    code_type(l, l->at->out, type_unqualified(l->unit, l->fn->result), "");
    code_text(l, l->at->out, "){0}");
    code_end_store(l, l->at->out, l->fn->result, kept);
}

void lower_return(struct lower *l, struct stmt *s, struct expr *value)
{
    bool has_value = value && l->fn->result->kind != TY_VOID;

    if (!l->is_async && !l->at->links) {
        if (value)
            copy_around(l, l->at->out, s->first, value, s->last);
        else
            code_tokens(l, l->at->out, s->first, s->last);
        code_flow(l, l->at->out, PC_END, 0);
        return;
    }
    if (has_value) {
        prepare(l, value);
        struct var *kept = l->at->links ? l->returned : NULL;
        code_begin_store(l, l->at->out, l->fn->result, kept);
        copy_argument(l, l->at->out, value);
        code_end_store(l, l->at->out, l->fn->result, kept);
        if (kept)
            append_moved(l, kept, value);
    } else if (value) {
        discard(l, value);
    } else if (l->fn->result->kind != TY_VOID && l->is_async) {
        diag_range(l->unit, SEV_WARNING, s->first, s->first, "return-type",
                   "'return' with no value, in function returning non-void");
        store_zero(l, l->at->links ? l->returned : NULL);
    }
    release_held(l, NULL);
    if (l->at->links)
        leave(l, EXIT_RETURN, NULL, NULL);
    else
        append_finish(l);
}
