/*
 * The first pass: the variables of a function, its awaits, and what is due where.
 *
 * Requires a checked function without errors. Establishes
 *
 *     lower->vars     a variable for each parameter, capture and local, by symbol in work->var_of;
 *                     those that must live in the frame have been marked
 *     work->awaits    the places where something may be awaited
 *     stmt->lower     of each statement: the deferred blocks that are due there, its flow labels
 *     expr->lower     of compound literals: whether they must be objects, and in the frame
 *     lower->subst    which token means which variable
 *     work->names     which names blocks give another meaning (shadow.c)
 *
 * A variable lives in the frame all the time if its address is taken (also by a cleanup, by joining
 * the task that it names, or because it is an array that decays) and an await may happen while it
 * exists. In C its lifetime is its block: so that is an await in the block after its declaration,
 * or anywhere in the block if a label before the declaration lets control come back. A deferred
 * block counts as a part of the end of its scope. Compound literals whose address is needed
 * follow the same rule. An array of which only elements are named is left to frame/live.c like any
 * other variable, unless a debugger must find it after each await.
 */
#include "inside.h"

#include <string.h>

static void scan_stmt(struct lower *, struct stmt *);
static void scan_expr(struct lower *, struct expr *);

struct expr_info *expr_info_of(struct lower *l, struct expr *e)
{
    if (!e->lower)
        e->lower = arena_alloc(l->arena, sizeof(struct expr_info));
    return e->lower;
}

struct stmt_info *info_of(struct lower *l, struct stmt *s)
{
    if (!s->lower)
        s->lower = arena_alloc(l->arena, sizeof(struct stmt_info));
    return s->lower;
}

struct var *base_var(struct lower *l, struct expr *e)
{
    for (e = skip_parens(e); e; e = skip_parens(e->a)) {
        if (e->kind == EX_IDENT)
            return var_of(l, e->symbol);
        if (e->kind == EX_INDEX) {
            if (e->a->type->kind == TY_ARRAY || e->a->type->kind == TY_VECTOR)
                continue;
            return NULL;
        }
        if (e->kind != EX_MEMBER &&
            !(e->kind == EX_UNARY && (e->op == OP_REAL || e->op == OP_IMAG)))
            return NULL;
    }
    return NULL;
}

bool is_seen_outside(struct lower *l, struct expr *e)
{
    const struct var *v = base_var(l, e);
    return !v || v->home != l || v->by_address;
}

/* ---- awaits ---- */

static uint32_t end_of_block(struct stmt *s)
{
    for (s = s->parent; s; s = s->parent)
        if (s->kind == S_COMPOUND)
            return s->last;
    return 0;
}

/* What is inside a deferred block may run at the end of the block's scope. */
static uint32_t end_of_run(struct stmt *at, uint32_t last)
{
    for (; at; at = at->parent)
        if (at->kind == S_DEFER && end_of_block(at) > last)
            last = end_of_block(at);
    return last;
}

/* The last token of the full expression of the statement that contains the token. */
static uint32_t end_of_expression(const struct stmt *at, uint32_t token)
{
    const struct expr *part[2] = {at ? at->expr : NULL, at ? at->expr2 : NULL};
    for (int i = 0; i < 2; i++)
        if (part[i] && part[i]->first <= token && token <= part[i]->last)
            return part[i]->last;
    return at ? at->last : token;
}

static void note_await_span(struct lower *l, uint32_t first, uint32_t last, struct stmt *at)
{
    struct span *span = arena_alloc(l->arena, sizeof *span);
    span->first = first;
    span->last = end_of_run(at, last);
    span->read = end_of_expression(at, last);
    list_add(l->arena, &l->work->awaits, span);
    void **longest = map_at(l->arena, &l->work->await_at, &l->unit->token[first]);
    if (!*longest || ((struct span *)*longest)->last < span->last)
        *longest = span;
}

/* Notes an await at the end of the block (NULL: of the function), for what is declared at the
 * token. */
static void note_scope_end(struct lower *l, uint32_t token, const struct stmt *block)
{
    if (l->is_async)
        note_await_span(l, token, block ? block->last : l->fn->last, l->at->scanning);
}

struct span await_at(struct lower *l, uint32_t token)
{
    const struct span *found = *map_at(l->arena, &l->work->await_at, &l->unit->token[token]);
    return found ? *found : (struct span){0, UINT32_MAX, 0};
}

/* The place from which on a variable that is declared at `from` may be in use: a label before it in
 * the block lets control come back with a pointer to it. */
static uint32_t begin_of_life(struct lower *l, uint32_t block_first, uint32_t from)
{
    for (uint32_t i = 0; i < l->fn->labels.count; i++) {
        struct stmt *label = l->fn->labels.item[i];
        if (label->first >= block_first && label->first < from)
            return block_first;
    }
    return from;
}

static bool awaits_in_scope(struct lower *l, uint32_t block_first, uint32_t block_last,
                            uint32_t from)
{
    from = begin_of_life(l, block_first, from);
    for (uint32_t i = 0; i < l->work->awaits.count; i++) {
        struct span *span = l->work->awaits.item[i];
        if (span->first <= block_last && span->last >= from && span->first >= block_first)
            return true;
    }
    return false;
}

/* ---- expressions ---- */

/* A compound literal, and the statement that contains it. */
struct literal {
    struct expr *expr;
    struct stmt *stmt;
};

static struct literal *literal_new(struct lower *l, struct expr *e)
{
    struct literal *n = arena_alloc(l->arena, sizeof *n);
    n->expr = e;
    n->stmt = l->at->scanning;
    return n;
}

/* The compound literal that an lvalue is a part of must be an object in one place. */
static void need_object(struct lower *l, struct expr *e)
{
    for (e = skip_parens(e); e && (e->kind == EX_MEMBER || e->kind == EX_INDEX);
         e = skip_parens(e->a))
        continue;
    if (e && e->kind == EX_COMPOUND)
        expr_info_of(l, e)->is_object = true;
}

static void take_address_of(struct lower *l, struct expr *e)
{
    struct var *v = base_var(l, e);
    if (v)
        v->address_taken = true;
    need_object(l, e);
}

/* An array that is not indexed at once decays to a pointer that may outlive the expression. */
static void scan_decay(struct lower *l, struct expr *e)
{
    if (e && e->type && e->type->kind == TY_ARRAY)
        take_address_of(l, e);
    scan_expr(l, e);
}

static void scan_form(struct lower *l, struct expr *e)
{
    if ((e->form == FORM_TASK_JOIN || e->form == FORM_GET) && e->arg_count > 0)
        take_address_of(l, e->arg[0]);
    for (int i = 0; i < e->arg_count; i++) {
        const struct expr *branch = skip_parens(e->arg[i]);
        if (e->form >= FORM_JOIN && e->form <= FORM_IF && branch->kind == EX_ASSIGN &&
            is_seen_outside(l, branch->a))
            l->unwinds = l->is_async;
        scan_decay(l, e->arg[i]);
    }
    if (e->a)
        scan_decay(l, e->a);
    if (e->form == FORM_DROP)
        note_await_span(l, e->first, e->last, l->at->scanning);
}

static bool scan_child(struct expr *e, void *l)
{
    scan_decay(l, e);
    return false;
}

static void scan_expr(struct lower *l, struct expr *e)
{
    if (!e)
        return;
    /* its value may be held over an await */
    if (type_is_owner(e->type) && !e->is_lvalue && l->at->scanning && l->at->scanning->has_await)
        l->unwinds = l->is_async;
    switch (e->kind) {
    case EX_SIZEOF:
    case EX_TYPES_COMPATIBLE:
    case EX_OFFSETOF:
    case EX_BLOCK: return;
    case EX_GENERIC: scan_decay(l, e->b); return;
    case EX_UNARY:
        if (e->op == '&')
            take_address_of(l, e->a);
        if (e->op == '&')
            scan_expr(l, e->a);
        else
            scan_decay(l, e->a);
        return;
    case EX_INDEX: {
        /* a[i] of an array variable names an element, and takes no address */
        bool element = skip_parens(e->a)->type->kind == TY_ARRAY && base_var(l, e->a);
        if (element)
            scan_expr(l, e->a);
        else
            scan_decay(l, e->a);
        scan_decay(l, e->b);
        return;
    }
    case EX_PAREN:
    case EX_MEMBER: scan_expr(l, e->a); return;
    case EX_FORM: scan_form(l, e); return;
    case EX_COMPOUND: list_add(l->arena, &l->work->literals, literal_new(l, e)); break;
    case EX_ASSIGN:
        if (e->b->has_await)
            need_object(l, e->a);
        if (e->op == '=' && type_future_result(e->type))
            note_await_span(l, e->first, e->last, l->at->scanning);
        break;
    default: break;
    }
    expr_each_child(e, scan_child, l);
    if (e->kind == EX_AWAIT)
        note_await_span(l, e->first, e->last, l->at->scanning);
    if (e->body)
        scan_stmt(l, e->body);
}

/* ---- deferred blocks ---- */

static struct link *link_new(struct lower *l, struct defers *scope, struct link *outer)
{
    struct link *k = arena_alloc(l->arena, sizeof *k);
    k->outer = outer;
    k->scope = scope;
    k->flow = flow_label(l);
    scope->last = k;
    l->unwinds = l->is_async;
    return k;
}

bool is_in_scope(const struct lower *l, const struct var *v, uint32_t token)
{
    const struct stmt *block = v->stmt ? block_round(v->stmt) : NULL;
    (void)l;
    return !block || (block->first <= token && token <= block->last);
}

struct span life_of(struct lower *l, const struct var *v)
{
    const struct stmt *block = v->stmt ? block_round(v->stmt) : NULL;
    if (!block)
        return (struct span){0, UINT32_MAX, 0};
    return (struct span){begin_of_life(l, block->first, v->token), end_of_run(v->stmt, block->last),
                         0};
}

/* A declaration may make variables due: owners of tasks and those with a cleanup. */
static struct link *scan_decl(struct lower *l, struct stmt *s, struct defers **scope,
                              struct link *links)
{
    note_enumerators(l, s);
    for (int i = 0; i < s->decl_count; i++) {
        struct decl *d = s->decl[i];
        struct var *v = d->symbol ? var_of(l, d->symbol) : NULL;
        if (d->symbol)
            note_name(l, s, d->symbol->name, d->symbol->token);
        if (v)
            v->stmt = s;
        if (d->symbol && d->symbol->type->kind == TY_ARRAY)
            scan_expr(l, d->init);
        else
            scan_decay(l, d->init);
        if (!v || !(v->is_owner || v->symbol->cleanup))
            continue;
        if (!*scope)
            *scope = arena_alloc(l->arena, sizeof **scope);
        links = v->link = link_new(l, *scope, links);
        links->symbol = v->symbol;
        if (v->is_owner && type_holds_future(v->type))
            note_scope_end(l, d->first, block_round(s));
    }
    return links;
}

static void scan_compound(struct lower *l, struct stmt *s)
{
    struct link *outer = l->at->links;
    struct stmt_info *info = info_of(l, s);

    for (int i = 0; i < s->count; i++) {
        struct stmt *item = s->list[i];
        scan_stmt(l, item);
        if (item->kind == S_DECL || item->kind == S_TYPE_DECL) {
            l->at->scanning = item;
            l->at->links = scan_decl(l, item, &info->scope, l->at->links);
        } else if (item->kind == S_DEFER) {
            if (!info->scope)
                info->scope = arena_alloc(l->arena, sizeof *info->scope);
            l->at->links = link_new(l, info->scope, l->at->links);
            l->at->links->defer = item;
            info_of(l, item)->defer = l->at->links;
        }
    }
    l->at->links = outer;
}

static void scan_for(struct lower *l, struct stmt *s)
{
    struct link *outer = l->at->links;
    struct stmt_info *info = info_of(l, s);

    if (s->init && s->init->kind == S_DECL) {
        info_of(l, s->init)->links = outer;
        l->at->scanning = s->init;
        l->at->links = scan_decl(l, s->init, &info->scope, outer);
        info->links = l->at->links;
    } else if (s->init) {
        scan_stmt(l, s->init);
    }
    l->at->scanning = s;
    scan_expr(l, s->expr);
    scan_expr(l, s->expr2);
    scan_stmt(l, s->body);
    l->at->links = outer;
}

/* A bide_scope: its children may borrow what its block declares, so the wait at the end counts as
 * an await in the block. */
static void scan_bide_scope(struct lower *l, struct stmt *s)
{
    struct stmt_info *info = info_of(l, s);
    struct link *outer = l->at->links;
    struct var *v = var_of(l, s->scope);

    v->stmt = s;
    v->is_scope = true;
    info->scope = arena_alloc(l->arena, sizeof *info->scope);
    info->defer = link_new(l, info->scope, outer);
    info->defer->waits = s;
    note_await_span(l, s->body->first, s->last, s);
    scan_expr(l, s->expr);
    l->at->links = info->defer;
    scan_stmt(l, s->body);
    l->at->links = outer;
}

static void scan_stmt(struct lower *l, struct stmt *s)
{
    if (!s)
        return;
    struct stmt_info *info = info_of(l, s);
    struct stmt *before = l->at->scanning;
    struct link *links = l->at->links;

    l->at->scanning = s;
    info->links = links;
    info->flow_break = flow_label(l);
    info->flow_continue = flow_label(l);
    info->flow_label = flow_label(l);
    if ((s->kind == S_CASE || s->kind == S_DEFAULT) && s->target)
        list_add(l->arena, &info_of(l, s->target)->cases, s);
    if (s->kind == S_COMPOUND) {
        scan_compound(l, s);
    } else if (s->kind == S_FOR) {
        scan_for(l, s);
    } else if (s->kind == S_SCOPE) {
        scan_bide_scope(l, s);
    } else if (s->kind != S_DECL) {
        if (s->kind == S_DEFER)
            l->at->links = NULL;
        scan_decay(l, s->expr);
        scan_decay(l, s->expr2);
        scan_stmt(l, s->init);
        scan_stmt(l, s->body);
        scan_stmt(l, s->orelse);
        l->at->links = links;
    }
    l->at->scanning = before;
}

/* ---- variables ---- */

static struct type *const_type(struct lower *l, struct type *t)
{
    if (t->kind != TY_ARRAY)
        return type_qualified(l->unit, t, Q_CONST);
    struct type *copy = arena_alloc(l->arena, sizeof *copy);
    *copy = *t;
    copy->base = const_type(l, t->base);
    return copy;
}

static struct var *add_var(struct lower *l, struct symbol *s, bool is_param)
{
    bool outlives = s->storage == ST_STATIC || s->storage == ST_EXTERN || s->is_thread_local;
    if ((s->kind != SYM_VAR && s->kind != SYM_PARAM) || (outlives && !is_param) || !s->name)
        return NULL;
    struct var *v = arena_alloc(l->arena, sizeof *v);
    v->home = l;
    v->symbol = s;
    v->name = v->member = s->name;
    v->type = s->type;
    v->token = s->token;
    v->is_param = is_param;
    v->by_address = outlives;
    v->address_taken = s->address_taken;
    v->index = l->vars.count;
    *map_at(l->arena, &l->work->var_of, s) = v;
    list_add(l->arena, &l->vars, v);
    return v;
}

static void make_vars(struct lower *l)
{
    struct function *fn = l->fn;
    for (int i = 0; i < fn->param_count; i++) {
        struct var *v = add_var(l, fn->param[i], true);
        if (!v)
            continue;
        v->is_owner = type_holds_owner(v->type);
        v->arg = fn->symbol ? param_name(l->unit, fn->symbol, i) : v->name;
    }
    for (uint32_t i = 0; i < fn->captures.count; i++) {
        struct var *v = add_var(l, fn->captures.item[i], true);
        if (v)
            v->arg = v->name;
        if (v && v->by_address)
            v->type = type_pointer(l->unit, v->type);
        else if (v)
            v->type = const_type(l, file_type(l, v->type));
    }
    for (uint32_t i = 0; i < fn->locals.count; i++) {
        struct symbol *s = fn->locals.item[i];
        struct var *v = var_of(l, s) ? NULL : add_var(l, s, false);
        if (v)
            v->is_owner = type_holds_owner(v->type);
    }
}

/* True if an await may happen between the token and the end of the innermost block round the
 * statement. */
static bool awaits_after(struct lower *l, struct stmt *s, uint32_t from)
{
    for (; s; s = s->parent)
        if (s->kind == S_COMPOUND || s->kind == S_FOR)
            return awaits_in_scope(l, s->first, s->last, from);
    return l->work->awaits.count > 0;
}

static void share(struct lower *l, const struct symbol *s)
{
    struct var *v = var_of(l, s);
    if (v && v->home == l && !v->by_address)
        v->is_shared = true;
}

/* Variables that branches mention, and the blocks in them, are not tracked: a branch may run at any
 * suspension of the group. */
static void share_with_branches(struct lower *l, const struct function *fn)
{
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        const struct function *branch = fn->branches.item[i];
        for (uint32_t k = 0; k < branch->idents.count; k++)
            share(l, ((struct expr *)branch->idents.item[k])->symbol);
        for (uint32_t k = 0; k < branch->blocks.count; k++) {
            const struct function *block = branch->blocks.item[k];
            for (uint32_t n = 0; n < block->captures.count; n++)
                share(l, block->captures.item[n]);
        }
        share_with_branches(l, branch);
    }
}

static void place_vars(struct lower *l)
{
    share_with_branches(l, l->fn);
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        bool elements_only = v->type->kind == TY_ARRAY && !v->is_param && !v->is_owner &&
                             (v->type->variable || !l->unit->options->debug_locals);
        bool by_memory = (v->type->kind == TY_ARRAY && !elements_only) || v->address_taken ||
                         v->symbol->cleanup || v->is_shared;
        v->tracked = !by_memory || v->by_address;
        if (v->is_scope) {
            v->tracked = false;
            v->in_frame = true;
        } else if (by_memory && !v->by_address && l->is_async)
            v->in_frame =
                v->is_shared || awaits_after(l, v->stmt ? v->stmt->parent : NULL, v->token);
    }
    for (uint32_t i = 0; i < l->work->literals.count; i++) {
        struct literal *n = l->work->literals.item[i];
        struct expr_info *info = expr_info_of(l, n->expr);
        if (!info->is_object || !l->is_async || !awaits_after(l, n->stmt, n->expr->first))
            continue;
        info->literal = var_new(l, "literal", n->expr->type, n->expr->first);
        info->literal->stmt = n->stmt;
        info->literal->tracked = false;
        info->literal->in_frame = true;
    }
}

/* Notes which token means which variable, also in typeof, sizeof, lengths, attributes and asm. */
static void map_tokens(struct lower *l)
{
    struct function *fn = l->fn;
    l->subst = arena_alloc(l->arena, (fn->last - fn->first + 1) * sizeof *l->subst);
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        struct expr *e = fn->idents.item[i];
        struct var *v = var_of(l, e->symbol);
        if (!v || e->first < fn->first || e->first > fn->last)
            continue;
        v->used = true;
        l->subst[e->first - fn->first] = (struct subst){.kind = SUBST_VAR, .var = v};
    }
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (v->symbol && !v->is_param && v->token >= fn->first && v->token <= fn->last)
            l->subst[v->token - fn->first].kind = SUBST_NONE;
    }
}

/* Parameters that own a task are released like locals, when the body is left. */
static void link_params(struct lower *l)
{
    struct defers *scope = NULL;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->is_param || !v->is_owner)
            continue;
        if (!scope)
            scope = arena_alloc(l->arena, sizeof *scope);
        l->at->links = v->link = link_new(l, scope, l->at->links);
        v->link->symbol = v->symbol;
        if (type_holds_future(v->type))
            note_scope_end(l, l->fn->first, NULL);
    }
    l->work->param_scope = scope;
}

void scan_function(struct lower *l)
{
    make_vars(l);
    link_params(l);
    l->at->scanning = NULL;
    for (uint32_t i = 0; i < l->fn->lengths.count; i++)
        scan_stmt(l, ((struct length *)l->fn->lengths.item[i])->stmt);
    scan_stmt(l, l->fn->body);
    settle_names(l);
    place_vars(l);
    map_tokens(l);
    l->at->links = NULL;
}
