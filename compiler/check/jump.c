/*
 * Checks of jumps, and of arrays of variable length.
 *
 * Errors are: jumps and case labels past a defer, an owner or a variable with a cleanup, into a
 * bide_scope, or into a statement expression that awaits (which clang would allow); jumps and
 * returns out of a deferred block; computed jumps out of a bide_scope; and an array of variable
 * length that would live over an await.
 *
 * What is *active* at a place is a list that grows inwards: the deferred blocks, owners, scopes and
 * so on that have begun and not ended. A jump is right if the list at its label is a tail of the
 * list at the jump, and no inside of a deferred block lies between them.
 *
 * Requires parsed functions, whose jumps know their targets. Establishes, if nothing is reported,
 * that every jump leaves whole scopes, so that what runs at their ends is known.
 */
#include "inside.h"

enum reason { DEFERRED, CLEANUP, LOCK, OWNER, VARIABLE_LENGTH, INSIDE, SCOPE, EXPRESSION };

struct active {
    struct active *outer;
    enum reason reason;
    uint32_t token;
    const char *name; /* of the variable */
    const char *over; /* what awaits where the scope ends; or NULL */
    bool reported;    /* that it would live over an await */
};

/* Where a jump comes from or goes to. */
struct place {
    struct stmt *stmt;
    struct active *active;
};

struct walk {
    struct unit *unit;
    struct function *function;
    struct active *active;
    struct list jumps;    /* struct place *: goto */
    struct list places;   /* struct place *: labels, and statements that break and continue leave */
    struct map active_at; /* of the statement of each place */
    struct list addressed; /* struct place *: labels whose address is taken, if they are known */
    bool addressed_known;
};

static void push(struct walk *w, enum reason reason, uint32_t token, const char *name)
{
    struct active *a = arena_alloc(w->unit->arena, sizeof *a);
    a->outer = w->active;
    a->reason = reason;
    a->token = token;
    a->name = name;
    w->active = a;
}

static void place_add(struct walk *w, struct list *list, struct stmt *s)
{
    struct place *place = arena_alloc(w->unit->arena, sizeof *place);
    place->stmt = s;
    place->active = w->active;
    list_add(w->unit->arena, list, place);
    if (list == &w->places)
        *map_at(w->unit->arena, &w->active_at, s) = w->active;
}

/* What was active at a statement that encloses the current one. */
static struct active *active_at(struct walk *w, const struct stmt *s)
{
    return s ? *map_at(w->unit->arena, &w->active_at, s) : NULL;
}

/* ---- messages ---- */

static void note_active(struct unit *u, const struct active *a)
{
    if (a->reason == DEFERRED)
        diag(u, SEV_NOTE, a->token,
             "the deferred block is here; braces round it and what needs it end before the label");
    else if (a->reason == INSIDE)
        diag(u, SEV_NOTE, a->token, "the deferred block is here");
    else if (a->reason == SCOPE)
        diag(u, SEV_NOTE, a->token, "the scope is here");
    else if (a->reason == LOCK)
        diag(u, SEV_NOTE, a->token, "the lock is taken here");
    else if (a->reason == EXPRESSION)
        diag(u, SEV_NOTE, a->token, "the statement expression is here");
    else
        diag(u, SEV_NOTE, a->token, "'%s' is declared here", a->name);
}

static void report_past(struct unit *u, uint32_t token, const char *what, const struct active *a)
{
    switch (a->reason) {
    case INSIDE: diag(u, SEV_ERROR, token, "%s into a deferred block", what); break;
    case DEFERRED: diag(u, SEV_ERROR, token, "%s past a 'defer'", what); break;
    case SCOPE: diag(u, SEV_ERROR, token, "%s into a scope", what); break;
    case EXPRESSION: diag(u, SEV_ERROR, token, "%s into a statement expression", what); break;
    case LOCK: diag(u, SEV_ERROR, token, "%s into a locked block", what); break;
    case CLEANUP:
        diag(u, SEV_ERROR, token, "%s past '%s', which has a cleanup function", what, a->name);
        break;
    case OWNER:
        diag(u, SEV_ERROR, token, "%s past '%s', which owns a task or a future", what, a->name);
        break;
    case VARIABLE_LENGTH: return; /* the user's compiler reports that */
    }
    note_active(u, a);
}

/* Reports a jump from the list `from` to its tail `to` that leads out of a deferred block. */
static bool check_leaves(struct unit *u, uint32_t token, const char *what,
                         const struct active *from, const struct active *to)
{
    for (; from && from != to; from = from->outer) {
        if (from->reason != INSIDE)
            continue;
        diag(u, SEV_ERROR, token, "%s out of a deferred block", what);
        note_active(u, from);
        return false;
    }
    return true;
}

/* The outermost entry of `to` that is not in `from`; or NULL. */
static const struct active *entered(const struct active *from, const struct active *to)
{
    const struct active *found = NULL;
    for (; to; to = to->outer) {
        for (const struct active *a = from; a; a = a->outer)
            if (a == to)
                return found;
        found = to;
    }
    return found;
}

static void check_jump(struct unit *u, uint32_t token, const char *what, const struct active *from,
                       const struct active *to)
{
    const struct active *in = entered(from, to);
    if (in)
        report_past(u, token, what, in);
    else
        check_leaves(u, token, what, from, to);
}

/* ---- the walk ---- */

static void walk_stmt(struct walk *, struct stmt *);

static const char an_await[] = "an 'await'", a_drop[] = "the drop of a future, which may await";

/* Does it drop a future? In an async function that may await. */
static bool is_drop(const struct expr *e)
{
    return (e->kind == EX_FORM && e->form == FORM_DROP) ||
           (e->kind == EX_ASSIGN && e->op == '=' && type_future_result(e->type));
}

/* There is an await at the token; `over` names it. Reports the innermost array of variable length
 * that is active, up to `outer`. */
static void check_lengths(struct walk *w, uint32_t token, const struct active *outer,
                          const char *over)
{
    for (struct active *a = w->active; a != outer; a = a->outer) {
        if (a->reason != VARIABLE_LENGTH)
            continue;
        if (a->reported)
            return;
        a->reported = true;
        diag(w->unit, SEV_ERROR, token,
             "'%s' has a type of variable length and cannot live over %s", a->name, over);
        diag(w->unit, SEV_NOTE, a->token,
             "'%s' is declared here; give it a fixed length, or memory from malloc", a->name);
        return;
    }
}

/* At the end of a scope deferred blocks and drops run, innermost first. If one of them awaits, all
 * that was declared before it, up to `outer`, is still active. */
static void check_end(struct walk *w, const struct active *outer)
{
    for (struct active *a = w->active, *from = a; a != outer; a = a->outer) {
        if (!a->over)
            continue;
        w->active = from;
        check_lengths(w, a->token, a, a->over);
        from = a->outer;
    }
}

static void walk_statement_expression(struct walk *w, struct expr *e)
{
    struct active *before = w->active;
    if (e->has_await) /* the user's compiler reports jumps into others */
        push(w, EXPRESSION, e->first, NULL);
    walk_stmt(w, e->body);
    w->active = before;
}

/* Looks for awaits, and for the statements of statement expressions. */
static void walk_expr(struct walk *w, struct expr *e)
{
    for (; e; e = e->a) {
        bool skipped = e->kind == EX_SIZEOF || e->kind == EX_GENERIC || e->kind == EX_CHOOSE;
        if (e->kind == EX_BLOCK || !(e->has_stmt || e->has_await))
            return;
        if (e->kind == EX_AWAIT && w->function->is_async)
            check_lengths(w, e->first, NULL, an_await);
        if (w->function->is_async && is_drop(e))
            check_lengths(w, e->first, NULL, a_drop);
        if (e->kind == EX_STMT)
            walk_statement_expression(w, e);
        if (e->b)
            walk_expr(w, e->b);
        if (e->c)
            walk_expr(w, e->c);
        for (int i = 0; i < e->arg_count && !skipped; i++)
            walk_expr(w, e->arg[i]);
        if (skipped)
            return;
    }
}

static void walk_decls(struct walk *w, const struct stmt *s)
{
    for (int i = 0; i < s->decl_count; i++) {
        const struct decl *d = s->decl[i];
        const struct symbol *v = d->symbol;
        walk_expr(w, d->init);
        bool automatic = v->kind == SYM_VAR && v->storage != ST_STATIC && v->storage != ST_EXTERN &&
                         !v->is_thread_local;
        if ((automatic || v->kind == SYM_TYPEDEF) && v->type->variable)
            push(w, VARIABLE_LENGTH, v->token, v->name);
        if (automatic && v->cleanup)
            push(w, s->parent && s->parent->is_locked ? LOCK : CLEANUP, v->token, v->name);
        if (automatic && type_holds_future(v->type) && w->function->is_async)
            check_lengths(w, v->token, NULL, a_drop);
        if (automatic && !v->cleanup && type_holds_owner(v->type))
            push(w, OWNER, v->token, v->name);
        if (automatic && type_holds_future(v->type) && w->function->is_async)
            w->active->over = a_drop;
    }
}

static void walk_defer(struct walk *w, struct stmt *s)
{
    struct active *before = w->active;
    push(w, INSIDE, s->first, NULL);
    walk_stmt(w, s->body);
    w->active = before;
    push(w, DEFERRED, s->first, NULL);
    if (s->has_await && w->function->is_async)
        w->active->over = an_await;
}

/* A bide_scope awaits at its end; walk_stmt checks its block's own variables there. */
static void walk_bide_scope(struct walk *w, struct stmt *s)
{
    struct active *before = w->active;
    check_lengths(w, s->first, NULL, an_await);
    push(w, SCOPE, s->first, NULL);
    walk_stmt(w, s->body);
    w->active = before;
}

/* Reports a break, continue or case in a branch whose loop or switch is outside of it. */
static bool leaves_branch(struct walk *w, const struct stmt *s)
{
    if (!w->function->is_branch || !s->target || s->target->first >= w->function->first)
        return false;
    const char *what = s->kind == S_BREAK      ? "'break' out of a branch"
                       : s->kind == S_CONTINUE ? "'continue' out of a branch"
                       : s->kind == S_CASE     ? "'case' in a branch, of a 'switch' outside"
                                               : "'default' in a branch, of a 'switch' outside";
    diag(w->unit, SEV_ERROR, s->first, "%s", what);
    return true;
}

static void walk_jump(struct walk *w, struct stmt *s)
{
    struct unit *u = w->unit;
    if (leaves_branch(w, s))
        return;
    switch (s->kind) {
    case S_GOTO:
    case S_GOTO_COMPUTED: place_add(w, &w->jumps, s); break;
    case S_RETURN: check_leaves(u, s->word, "'return'", w->active, NULL); break;
    case S_BREAK:
    case S_CONTINUE:
        if (s->target)
            check_leaves(u, s->word, s->kind == S_BREAK ? "'break'" : "'continue'", w->active,
                         active_at(w, s->target));
        break;
    case S_CASE:
    case S_DEFAULT:
        check_jump(u, s->word, s->kind == S_CASE ? "'case'" : "'default'", active_at(w, s->target),
                   w->active);
        break;
    default: break;
    }
}

static bool opens_scope(const struct stmt *s)
{
    switch (s->kind) {
    case S_COMPOUND:
    case S_IF:
    case S_WHILE:
    case S_DO:
    case S_FOR:
    case S_SWITCH:
    case S_SCOPE: return true;
    default: return false;
    }
}

static bool is_breakable(const struct stmt *s)
{
    return s->kind == S_WHILE || s->kind == S_DO || s->kind == S_FOR || s->kind == S_SWITCH;
}

/* Bodies of if and loops are scopes even without braces. */
static void walk_scope(struct walk *w, struct stmt *s)
{
    struct active *before = w->active;
    walk_stmt(w, s);
    w->active = before;
}

static void walk_stmt(struct walk *w, struct stmt *s)
{
    struct active *before = w->active;
    bool scope = opens_scope(s);
    while (s) {
        struct stmt *next = NULL;
        if (is_breakable(s) || s->kind == S_LABEL)
            place_add(w, &w->places, s);
        if (s->init)
            walk_stmt(w, s->init);
        walk_expr(w, s->expr);
        walk_expr(w, s->expr2);
        walk_decls(w, s);
        walk_jump(w, s);
        for (int i = 0; i < s->count; i++)
            walk_stmt(w, s->list[i]);
        if (s->kind == S_COMPOUND && s->parent && s->parent->kind == S_SCOPE)
            check_lengths(w, s->last, before, an_await);
        if (s->kind == S_DEFER) {
            walk_defer(w, s);
        } else if (s->kind == S_SCOPE) {
            walk_bide_scope(w, s);
        } else if (s->kind == S_IF) {
            walk_scope(w, s->body);
            next = s->orelse;
        } else if (s->body && (opens_scope(s) || opens_scope(s->body))) {
            walk_scope(w, s->body);
        } else {
            next = s->body; /* of a label */
        }
        s = next;
    }
    if (!scope)
        return;
    check_end(w, before);
    w->active = before;
}

/* ---- labels ---- */

/* The labels for which there is an `&&name` in the function's text; once. */
static void find_addressed(struct walk *w)
{
    const struct token *t = w->unit->token;
    struct map names = {0};
    if (w->addressed_known)
        return;
    w->addressed_known = true;
    for (uint32_t i = w->function->first; i < w->function->last; i++)
        if (t[i].punct == P_ANDAND && t[i + 1].kind == TK_IDENT)
            *map_at(w->unit->arena, &names, t[i + 1].text) = w;
    for (uint32_t i = 0; i < w->places.count; i++) {
        struct place *label = w->places.item[i];
        if (label->stmt->kind == S_LABEL &&
            *map_at(w->unit->arena, &names, label->stmt->name) != NULL)
            list_add(w->unit->arena, &w->addressed, label);
    }
}

/* A computed jump cannot run the end of a scope, since its target is not known. */
static void check_stays(struct unit *u, uint32_t token, const struct active *from,
                        const struct active *to)
{
    for (; from && from != to; from = from->outer) {
        if (from->reason != SCOPE && from->reason != LOCK)
            continue;
        diag(u, SEV_ERROR, token, "a computed 'goto' out of a %s",
             from->reason == SCOPE ? "scope" : "locked block");
        note_active(u, from);
        return;
    }
}

static void check_computed(struct walk *w, const struct place *jump)
{
    find_addressed(w);
    for (uint32_t i = 0; i < w->addressed.count; i++) {
        const struct place *label = w->addressed.item[i];
        /* the compilers refuse that themselves */
        const struct active *in = entered(jump->active, label->active);
        if (in && in->reason == EXPRESSION)
            continue;
        check_jump(w->unit, jump->stmt->word, "'goto'", jump->active, label->active);
        check_stays(w->unit, jump->stmt->word, jump->active, label->active);
    }
}

void check_jumps(struct unit *u, struct function *f)
{
    struct walk w = {.unit = u, .function = f};
    walk_stmt(&w, f->body);
    for (uint32_t i = 0; i < w.jumps.count; i++) {
        const struct place *jump = w.jumps.item[i];
        if (jump->stmt->kind == S_GOTO_COMPUTED)
            check_computed(&w, jump);
        else if (jump->stmt->target)
            check_jump(u, jump->stmt->word, "'goto'", jump->active,
                       active_at(&w, jump->stmt->target));
    }
}
