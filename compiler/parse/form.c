/*
 * The words of the language in expressions: await, async blocks and the call-like forms. Here they
 * get their trees and types. The room check reports mistakes in their use.
 */
#include "inside.h"

#include <string.h>

/* ---- await ---- */

/* `await;` must be reported here: in the plain reading `await` is nothing and `;` is correct C. */
static void require_operand(struct parser *p)
{
    static const char ends[] = ";,:)]}=?";
    if (peek(p)->punct && peek(p)->punct < 128 && strchr(ends, peek(p)->punct)) {
        diag(p->unit, SEV_ERROR, p->pos - 1, "'await' without a call after it");
        fail(p);
    }
}

/* await = "bide_await" cast */
struct expr *parse_await(struct parser *p)
{
    struct expr *e = expr_new(p, EX_AWAIT, p->pos);
    advance(p);
    require_operand(p);
    e->a = parse_cast(p);
    e->type = value_type(p, e->a);
    expr_close(p, e);
    if (!p->function) {
        diag(p->unit, SEV_ERROR, e->first,
             p->lengths ? "'await' in the length of a parameter"
                        : "'await' outside an async function");
    } else if (!p->unevaluated) {
        e->has_await = true;
        p->function->has_await = true;
    } else {
        list_add(p->arena, &p->function->dead_awaits, e);
        if (!p->function->is_async)
            diag(p->unit, SEV_ERROR, e->first, "'await' in '%s', which is not async",
                 p->function->name);
    }
    return e;
}

/* ---- forms ---- */

/* An async function awaits a future that it drops, though no await is written there. */
void note_drop(struct parser *p, struct expr *e)
{
    if (!p->function || !p->function->is_async || p->unevaluated)
        return;
    e->has_await = true;
    p->function->has_await = true;
}

/* bide_task(T) or bide_future(T), by the tag in it. */
static struct type *type_owner(struct parser *p, const char *tag, struct type *result)
{
    const char *name = intern(p->arena, tag, strlen(tag));
    struct tag *t = tag_find(name);
    if (!t || t->kind != TY_STRUCT)
        t = tag_new(p, TY_STRUCT, name);
    struct type *f = type_function(p->unit, result);
    f->param = arena_alloc(p->arena, sizeof(struct param));
    f->param_count = 1;
    f->param[0].type = type_pointer(p->unit, tag_type(p, t));
    return type_pointer(p->unit, type_pointer(p->unit, f));
}

/* The owner of the result of the call or block that is argument `arg`. */
static struct type *task_type(struct parser *p, struct expr *e, int arg, const char *owner)
{
    if (e->arg_count <= arg || type_is_error(e->arg[arg]->type))
        return type_error_;
    return type_owner(p, owner, value_type(p, e->arg[arg]));
}

/* uint64_t, as the C libraries of the systems that are known define it. */
static struct type *number_type(struct parser *p)
{
    return type_basic(p->unit, p->unit->target.size_long == 8 ? TY_ULONG : TY_ULLONG);
}

static struct type *form_type(struct parser *p, struct expr *e)
{
    struct unit *u = p->unit;
    struct type *first = e->arg_count ? value_type(p, e->arg[0]) : type_error_;
    struct type *t;
    switch (e->form) {
    case FORM_SPAWN:
    case FORM_SPAWN_ON:
    case FORM_SPAWN_AT:
    case FORM_SPAWN_LOCAL:
    case FORM_SPAWN_LOW:
    case FORM_SPAWN_BLOCKING:
    case FORM_SCOPE_SPAWN: return task_type(p, e, form_call(e->form), "bide__task");
    case FORM_LAZY: return task_type(p, e, 0, "bide__future");
    case FORM_TASK_SET_SPAWN:
    case FORM_TASK_MAP_SPAWN:
    case FORM_FUTURE_SET_ADD: return number_type(p);
    case FORM_MOVE:
    case FORM_BLOCKING:
    case FORM_BLOCK_IN_PLACE:
    case FORM_BLOCK_ON: return first;
    case FORM_GET: return (t = type_future_result(first)) ? t : type_error_;
    case FORM_JOIN:
    case FORM_IF:
    case FORM_DROP:
    case FORM_SCOPE_CANCEL:
    case FORM_TASK_DETACH:
    case FORM_TASK_ABORT: return type_basic(u, TY_VOID);
    case FORM_REF:
        if (first->kind != TY_POINTER || first->base->kind != TY_FUNCTION)
            return type_error_;
        return type_reference(u, first->base);
    case FORM_CALLER: return type_pointer(u, type_function(u, type_basic(u, TY_VOID)));
    case FORM_NAMED: return e->arg_count > 1 ? value_type(p, e->arg[1]) : type_error_;
    default: return type_basic(u, TY_INT);
    }
}

/* Notes that a bide_ref names the function, for the emitter and the function's definition. */
static void note_reference(struct parser *p, struct expr *e)
{
    struct expr *name = e->arg_count ? skip_parens(e->arg[0]) : NULL;
    struct symbol *s = name && name->kind == EX_IDENT ? name->symbol : NULL;
    if (!s || s->kind != SYM_FUNCTION)
        return;
    name_of(s->name)->flags |= NAME_REF;
    if (p->function)
        list_add(p->arena, &p->function->refs, e);
    else
        item_reference(p, e, s);
}

/* `bide_spawn(bide_named(name, call))` has the tree of `bide_spawn(call)`, with the name in `a`. */
static void take_name(struct expr *e)
{
    int i = form_call(e->form);
    struct expr *named =
        form_makes_task(e->form) && e->arg_count > i ? skip_parens(e->arg[i]) : NULL;
    if (!named || named->kind != EX_FORM || named->form != FORM_NAMED || named->arg_count != 2)
        return;
    e->a = named->arg[0];
    e->arg[i] = named->arg[1];
}

/* form = form-word "(" arguments        form-word: bide_spawn, bide_join, ... (enum form) */
struct expr *parse_form(struct parser *p, enum form form)
{
    struct expr *e = expr_new(p, EX_FORM, p->pos);
    struct list args = {0};
    e->form = form;
    p->pos += 2;
    parse_arguments(p, &args);
    e->arg = (struct expr **)args.item;
    e->arg_count = (int)args.count;
    take_name(e);
    e->type = form_type(p, e);
    take_branches(p, e);
    if ((form == FORM_TASK_JOIN || form == FORM_GET) && e->arg_count)
        take_address(p, e->arg[0]);
    for (struct function *f = p->function; f; f = f->outer)
        f->needs_lowering = true;
    expr_close(p, e);
    if (form == FORM_REF)
        note_reference(p, e);
    else if (p->function && p->unevaluated && !type_is_error(e->type))
        list_add(p->arena, &p->function->dead_awaits, e);
    if (form == FORM_DROP)
        note_drop(p, e);
    return e;
}

/* ---- async blocks ---- */

/* What the parser knows about the function it is in. It is set aside while a block is read. */
struct context {
    struct function *function;
    struct stmt *parent, *loop, *breakable, *switch_;
};

static struct context context_enter(struct parser *p, struct function *f)
{
    struct context c = {p->function, p->parent, p->loop, p->breakable, p->switch_};
    p->function = f;
    p->parent = p->loop = p->breakable = p->switch_ = NULL;
    return c;
}

static void context_leave(struct parser *p, const struct context *c)
{
    p->function = c->function;
    p->parent = c->parent;
    p->loop = c->loop;
    p->breakable = c->breakable;
    p->switch_ = c->switch_;
}

static struct function *block_new(struct parser *p, uint32_t first)
{
    struct function *f = arena_alloc(p->arena, sizeof *f);
    struct function *root = p->function;
    while (root->outer)
        root = root->outer;
    f->outer = p->function;
    f->first = first;
    f->is_async = f->needs_lowering = true;
    root->needs_lowering = true;
    f->name = arena_printf(p->arena, "%s_block_%d", root->name, ++p->block_count);
    list_add(p->arena, &p->function->blocks, f);
    return f;
}

/* async-block = "bide_async" statement-expression */
struct expr *parse_async_block(struct parser *p)
{
    struct expr *e = expr_new(p, EX_BLOCK, p->pos);
    advance(p);
    if (!at(p, '(') || peek_next(p)->punct != '{') {
        diag(p->unit, SEV_ERROR, e->first,
             "'async' belongs before a block ({ ... }), or among the words of a declaration");
        fail(p);
    }
    if (!p->function) {
        diag(p->unit, SEV_ERROR, e->first, "an async block outside a function");
        fail(p);
    }
    struct function *f = block_new(p, e->first);
    struct context outer = context_enter(p, f);
    uint32_t gotos = p->gotos.count;
    int unevaluated = p->unevaluated;
    p->unevaluated = 0;
    struct expr *value = parse_statement_expression(p, p->pos);
    resolve_labels(p, f, gotos);
    p->unevaluated = unevaluated;
    context_leave(p, &outer);
    f->body = value->body;
    f->last = p->pos - 1;
    f->result = value->type;
    f->type = type_function(p->unit, f->result);
    f->type->is_async = true;
    e->body = value->body;
    e->block = f;
    e->type = f->result;
    e->height = value->height;
    expr_close(p, e);
    return e;
}

static bool refuse_block(struct expr *e, void *unit)
{
    if (e->kind == EX_FORM)
        return false;
    if (e->kind == EX_BLOCK && !e->block->is_branch)
        diag(unit, SEV_ERROR, e->first, "an async block can only be used in bide_spawn");
    expr_each_child(e, refuse_block, unit);
    return false;
}

void refuse_blocks(struct unit *u, struct expr *e)
{
    if (e)
        refuse_block(e, u);
}

/* ---- captures ---- */

static bool is_automatic(const struct symbol *s)
{
    return s->kind == SYM_PARAM || (s->kind == SYM_VAR && s->storage != ST_STATIC &&
                                    s->storage != ST_EXTERN && !s->is_thread_local);
}

/* Inside an async block, the name of a variable outside means the block's own constant copy. */
void note_capture(struct parser *p, struct expr *e)
{
    struct symbol *s = e->symbol;
    if (!s->function || s->function == p->function || !is_automatic(s))
        return;
    for (struct function *f = p->function; f && f != s->function; f = f->outer) {
        bool known = false;
        for (uint32_t i = 0; i < f->captures.count && !known; i++)
            known = f->captures.item[i] == s;
        if (!known)
            list_add(p->arena, &f->captures, s);
    }
    s->captured = true;
    e->type = type_qualified(p->unit, e->type, Q_CONST);
}
