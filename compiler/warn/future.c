/*
 * Warnings about owners that are empty, and futures that never run.
 *
 * -Wbide-unused-future: a future whose value is dropped where it is made, or that is kept in a
 * local variable which nothing ever gets, moves, returns or passes on: the call in it never runs. A
 * mention as `(void)f` silences the warning, as with C's unused variables.
 *
 * -Wbide-use-after-move: a get, join, wait, move or return of a local owner that is certainly
 * empty: on every path to that place it was moved, dropped or detached, or its value was taken, and
 * it was not set again. The walk follows the statements, and keeps for each owner what has emptied
 * it. Where paths meet, an owner stays empty if it is empty on all of them; a label forgets
 * everything. Owners whose address is taken are ignored.
 *
 * Requires a checked function. Changes nothing.
 */
#include "inside.h"

/* A local owner. */
struct owner {
    struct symbol *symbol;
    struct expr *gone; /* what has emptied it; NULL: it may hold something */
    uint32_t mentions; /* in the function */
    uint32_t idle;     /* how many of these only drop it or assign to it */
    bool unknown;      /* its address is taken */
};

struct watch {
    struct unit *unit;
    struct function *fn;
    struct owner *owner;
    uint32_t count;
    const struct stmt *value; /* its expression is the value of the ({ }) or block round it */
    bool dead;                /* no path leads here */
};

static void watch_expr(struct watch *, struct expr *);
static void watch_stmt(struct watch *, struct stmt *);

/* ---- owners ---- */

static struct owner *owner_of(struct watch *w, const struct symbol *s)
{
    for (uint32_t i = 0; s && i < w->count; i++)
        if (w->owner[i].symbol == s)
            return &w->owner[i];
    return NULL;
}

/* The owner that e names as a whole. */
static struct owner *named(struct watch *w, struct expr *e)
{
    e = skip_parens(e);
    return e && e->kind == EX_IDENT ? owner_of(w, e->symbol) : NULL;
}

/* The owner that e names, or of which e names an element. */
static struct owner *named_in(struct watch *w, struct expr *e)
{
    e = skip_parens(e);
    while (e->kind == EX_INDEX && e->a->type->kind == TY_ARRAY)
        e = skip_parens(e->a);
    return named(w, e);
}

/* Owners that branches mention are ignored: a branch may use them at any time. */
static void leave_to_branches(struct watch *w, const struct function *fn)
{
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        const struct function *branch = fn->branches.item[i];
        for (uint32_t k = 0; k < branch->idents.count; k++) {
            struct owner *o = owner_of(w, ((struct expr *)branch->idents.item[k])->symbol);
            if (!o)
                continue;
            o->mentions++;
            o->unknown = true;
        }
        leave_to_branches(w, branch);
    }
}

static void find_owners(struct watch *w)
{
    struct function *fn = w->fn;
    w->owner = arena_alloc(w->unit->arena, (fn->locals.count + 1) * sizeof *w->owner);
    for (uint32_t i = 0; i < fn->locals.count; i++) {
        struct symbol *s = fn->locals.item[i];
        if (type_holds_owner(s->type) && s->storage != ST_STATIC && s->storage != ST_EXTERN &&
            !s->is_thread_local)
            w->owner[w->count++].symbol = s;
    }
    for (uint32_t i = 0; w->count && i < fn->idents.count; i++) {
        struct owner *o = owner_of(w, ((struct expr *)fn->idents.item[i])->symbol);
        if (o)
            o->mentions++;
    }
    if (w->count)
        leave_to_branches(w, fn);
}

/* ---- states: what has emptied each owner ---- */

static struct expr **save(struct watch *w)
{
    struct expr **s = arena_alloc(w->unit->arena, (w->count + 1) * sizeof(struct expr *));
    for (uint32_t i = 0; i < w->count; i++)
        s[i] = w->owner[i].gone;
    return s;
}

static void restore(struct watch *w, struct expr **s)
{
    for (uint32_t i = 0; i < w->count; i++)
        w->owner[i].gone = s[i];
}

static void forget(struct watch *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        w->owner[i].gone = NULL;
}

/* The current path meets another one, which ended with the state `s` (dead: it did not get
 * here). */
static void meet(struct watch *w, struct expr **s, bool dead)
{
    if (w->dead)
        restore(w, s);
    else if (!dead)
        for (uint32_t i = 0; i < w->count; i++)
            if (!s[i])
                w->owner[i].gone = NULL;
    w->dead &= dead;
}

/* ---- what is done with an owner ---- */

static const char *how(const struct expr *gone)
{
    if (gone->kind == EX_AWAIT)
        return "its value was taken";
    return gone->form == FORM_DROP          ? "it was dropped"
           : gone->form == FORM_TASK_DETACH ? "it was detached"
                                            : "it was moved";
}

static void uses(struct watch *w, const struct owner *o, const struct expr *at)
{
    if (!o || !o->gone || o->unknown || w->dead)
        return;
    diag_range(w->unit, SEV_WARNING, at->first, at->last, "bide-use-after-move",
               "'%s' is used after %s", o->symbol->name, how(o->gone));
    diag_range(w->unit, SEV_NOTE, o->gone->first, o->gone->last, NULL,
               "%s here; it is empty until something is assigned to it", how(o->gone));
}

static void watch_form(struct watch *w, struct expr *e)
{
    struct expr *first = e->arg_count ? e->arg[0] : NULL;
    struct owner *o = first ? named(w, first) : NULL;

    struct expr **before = NULL;
    for (int i = 0; i < e->arg_count; i++) {
        if (e->form == FORM_IF && i == 1)
            before = save(w);
        watch_expr(w, e->arg[i]);
    }
    if (before)
        meet(w, before, w->dead);
    switch (e->form) {
    case FORM_GET:
    case FORM_TASK_JOIN:
    case FORM_TASK_WAIT:
    case FORM_TASK_CANCEL: uses(w, o, first); break;
    case FORM_MOVE:
        uses(w, o, first);
        if (o)
            o->gone = e;
        break;
    case FORM_DROP:
        if (first && named_in(w, first))
            named_in(w, first)->idle++;
        if (o)
            o->gone = e;
        break;
    case FORM_TASK_DETACH:
        if (o)
            o->gone = e;
        break;
    default: break;
    }
}

/* A bide_get by itself leaves the owner empty. (As a branch it may lose.) */
static void watch_await(struct watch *w, struct expr *e)
{
    struct expr *form = skip_parens(e->a);
    watch_expr(w, e->a);
    if (form->kind != EX_FORM || (form->form != FORM_GET && form->form != FORM_TASK_JOIN) ||
        !form->arg_count)
        return;
    struct owner *o = named(w, form->arg[0]);
    if (o)
        o->gone = e;
}

static void watch_assign(struct watch *w, struct expr *e)
{
    struct owner *o = e->op == '=' ? named(w, e->a) : NULL;
    watch_expr(w, e->b);
    watch_expr(w, e->a);
    if (e->op == '=' && type_is_owner(e->type) && named_in(w, e->a))
        named_in(w, e->a)->idle++;
    if (o)
        o->gone = NULL;
}

static void watch_body(struct watch *w, struct stmt *body)
{
    const struct stmt *outer = w->value;
    w->value = value_statement(body);
    watch_stmt(w, body);
    w->value = outer;
}

static bool watch_child(struct expr *e, void *watch)
{
    watch_expr(watch, e);
    return false;
}

static void watch_expr(struct watch *w, struct expr *e)
{
    struct owner *o;
    if (!e)
        return;
    switch (e->kind) {
    case EX_SIZEOF:
    case EX_OFFSETOF:
    case EX_TYPES_COMPATIBLE:
    case EX_BLOCK: return;
    case EX_GENERIC:
    case EX_CHOOSE: watch_expr(w, e->b); return;
    case EX_FORM: watch_form(w, e); return;
    case EX_AWAIT: watch_await(w, e); return;
    case EX_ASSIGN: watch_assign(w, e); return;
    case EX_STMT: watch_body(w, e->body); return;
    case EX_UNARY:
        o = e->op == '&' ? named(w, e->a) : NULL;
        if (o)
            o->unknown = true;
        break;
    case EX_LOGIC:
    case EX_COND: {
        watch_expr(w, e->a);
        struct expr **before = save(w);
        watch_expr(w, e->b);
        if (e->kind == EX_COND) {
            struct expr **after = save(w);
            restore(w, before);
            watch_expr(w, e->c);
            before = after;
        }
        meet(w, before, w->dead);
        return;
    }
    default: break;
    }
    expr_each_child(e, watch_child, w);
}

/* ---- statements ---- */

/* The value of an expression statement is dropped, and a future with it. */
static void watch_value(struct watch *w, const struct expr *e)
{
    const struct expr *made = e;
    while (made->kind == EX_PAREN || made->kind == EX_AWAIT)
        made = made->a;
    bool makes = made->kind == EX_CALL || (made->kind == EX_FORM && made->form == FORM_LAZY);
    if (!makes || !type_future_result(e->type))
        return;
    struct expr *call = made->kind == EX_FORM && made->arg_count ? skip_parens(made->arg[0]) : NULL;
    const struct symbol *s = call && call->kind == EX_CALL ? called_symbol(call) : NULL;
    if (s)
        diag_range(w->unit, SEV_WARNING, e->first, e->last, "bide-unused-future",
                   "unused future: '%s' never runs; use 'await %s(...)', or bide_spawn", s->name,
                   s->name);
    else
        diag_range(
            w->unit, SEV_WARNING, e->first, e->last, "bide-unused-future",
            "unused future: what it calls never runs; keep it in a variable and use bide_get");
}

static void watch_if(struct watch *w, struct stmt *s)
{
    watch_expr(w, s->expr);
    struct expr **before = save(w);
    bool dead = w->dead;
    watch_stmt(w, s->body);
    struct expr **after = save(w);
    bool after_dead = w->dead;
    restore(w, before);
    w->dead = dead;
    watch_stmt(w, s->orelse);
    meet(w, after, after_dead);
}

/* Owners that are empty before a loop or a switch, and that it does not set, stay empty. Owners
 * that the body empties do not count as empty afterwards, since the body may not have run. */
static void watch_repeated(struct watch *w, struct stmt *s)
{
    struct expr **before = save(w);
    bool dead = w->dead;
    for (uint32_t i = 0; i < w->count; i++) {
        const struct owner *o = &w->owner[i];
        for (uint32_t t = s->first; t < s->last; t++)
            if (w->unit->token[t].text == o->symbol->name && w->unit->token[t + 1].punct == '=')
                before[i] = NULL;
    }
    restore(w, before);
    watch_stmt(w, s->init);
    watch_expr(w, s->expr);
    watch_stmt(w, s->body);
    watch_expr(w, s->expr2);
    restore(w, before);
    w->dead = dead;
}

static void watch_decl(struct watch *w, struct stmt *s)
{
    for (int i = 0; i < s->decl_count; i++) {
        watch_expr(w, s->decl[i]->init);
        struct owner *o = owner_of(w, s->decl[i]->symbol);
        if (o)
            o->gone = NULL;
    }
}

static void watch_return(struct watch *w, struct stmt *s)
{
    watch_expr(w, s->expr);
    if (s->expr)
        uses(w, named(w, s->expr), s->expr);
    w->dead = true;
}

static void watch_defer(struct watch *w, struct stmt *s)
{
    struct expr **before = save(w);
    bool dead = w->dead;
    forget(w);
    w->dead = false;
    watch_stmt(w, s->body);
    restore(w, before);
    w->dead = dead;
}

static void watch_stmt(struct watch *w, struct stmt *s)
{
    if (!s)
        return;
    switch (s->kind) {
    case S_COMPOUND:
        for (int i = 0; i < s->count; i++)
            watch_stmt(w, s->list[i]);
        break;
    case S_DECL: watch_decl(w, s); break;
    case S_EXPR:
        if (s != w->value)
            watch_value(w, s->expr);
        watch_expr(w, s->expr);
        break;
    case S_IF: watch_if(w, s); break;
    case S_WHILE:
    case S_DO:
    case S_FOR:
    case S_SWITCH:
    case S_SCOPE: watch_repeated(w, s); break;
    case S_LABEL:
    case S_CASE:
    case S_DEFAULT:
        forget(w);
        w->dead = false;
        watch_stmt(w, s->body);
        break;
    case S_RETURN: watch_return(w, s); break;
    case S_GOTO:
    case S_GOTO_COMPUTED:
        watch_expr(w, s->expr);
        w->dead = true;
        break;
    case S_BREAK:
    case S_CONTINUE: w->dead = true; break;
    case S_DEFER: watch_defer(w, s); break;
    default: watch_expr(w, s->expr); break;
    }
}

/* ---- futures that nobody awaits ---- */

/* The call in a bide_lazy, or NULL. */
static struct expr *lazy_call(struct expr *e)
{
    e = e ? skip_parens(e) : NULL;
    if (!e || e->kind != EX_FORM || e->form != FORM_LAZY || !e->arg_count)
        return NULL;
    e = skip_parens(e->arg[0]);
    return e->kind == EX_CALL ? e : NULL;
}

static void report_unused(struct watch *w, const struct owner *o)
{
    const struct symbol *s = o->symbol;
    struct expr *init = s->decl ? s->decl->init : NULL, *call = lazy_call(init);
    const struct symbol *callee = call ? called_symbol(call) : NULL;

    if (callee)
        diag_range(w->unit, SEV_WARNING, init->first, init->last, "bide-unused-future",
                   "future '%s' is never awaited, so '%s' never runs; use 'await bide_get(%s)'",
                   s->name, callee->name, s->name);
    else
        diag_range(w->unit, SEV_WARNING, s->token, s->token, "bide-unused-future",
                   "future '%s' is never awaited; use 'await bide_get(%s%s)'", s->name, s->name,
                   s->type->kind == TY_ARRAY ? "[i]" : "");
}

void warn_futures(struct unit *u, struct function *fn)
{
    struct watch w = {.unit = u, .fn = fn};
    find_owners(&w);
    if (fn->outer && fn->result->kind != TY_VOID)
        watch_body(&w, fn->body);
    else
        watch_stmt(&w, fn->body);
    for (uint32_t i = 0; i < w.count; i++) {
        const struct owner *o = &w.owner[i];
        if (o->symbol->kind == SYM_VAR && type_holds_future(o->symbol->type) &&
            o->mentions == o->idle)
            report_unused(&w, o);
    }
}
