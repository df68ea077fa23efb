/*
 * Branches of joins and selects that are statement expressions. Each becomes a function of its own
 * (`is_branch`). It runs in the scope of the function round it: a variable of that function is the
 * variable itself, not a copy as in an async block.
 *
 * The parser reads a branch like any other expression, for only the complete form tells which
 * statement expressions are branches. Then everything that was gathered for the enclosing function
 * between the first and the last token of the branch (locals, labels, mentions...) moves to the
 * branch. Groups inside a branch are complete by then, and their branches move with it.
 */
#include "inside.h"

static bool is_inside(const struct function *f, uint32_t token)
{
    return token >= f->first && token <= f->last;
}

enum { LOCALS, STATEMENTS, IDENTS, DEAD_AWAITS, REFS, TYPEDEF_USES, TAG_USES, FUNCTIONS };

static uint32_t token_of(int what, void *item)
{
    switch (what) {
    case LOCALS: return ((struct symbol *)item)->token;
    case STATEMENTS: return ((struct stmt *)item)->first;
    case TYPEDEF_USES: return ((struct typedef_use *)item)->token;
    case TAG_USES: return ((struct tag_use *)item)->word;
    case FUNCTIONS: return ((struct function *)item)->first;
    default: return ((struct expr *)item)->first;
    }
}

/* Moves the items that are inside the function `to` from one list to the other. */
static void move(struct parser *p, int what, struct list *from, struct list *list,
                 const struct function *to)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        if (is_inside(to, token_of(what, from->item[i])))
            list_add(p->arena, list, from->item[i]);
        else
            from->item[kept++] = from->item[i];
    }
    from->count = kept;
}

static void adopt_symbol(struct function *f, struct symbol *s)
{
    if (s && s->function == f->outer && is_inside(f, s->token))
        s->function = f;
}

static void move_all(struct parser *p, struct function *f)
{
    struct function *from = f->outer;
    move(p, LOCALS, &from->locals, &f->locals, f);
    move(p, STATEMENTS, &from->labels, &f->labels, f);
    move(p, IDENTS, &from->idents, &f->idents, f);
    move(p, DEAD_AWAITS, &from->dead_awaits, &f->dead_awaits, f);
    move(p, REFS, &from->refs, &f->refs, f);
    move(p, TYPEDEF_USES, &from->typedef_uses, &f->typedef_uses, f);
    move(p, TAG_USES, &from->tag_uses, &f->tag_uses, f);
    move(p, FUNCTIONS, &from->blocks, &f->blocks, f);
    move(p, FUNCTIONS, &from->branches, &f->branches, f);
    for (uint32_t i = 0; i < f->locals.count; i++)
        adopt_symbol(f, f->locals.item[i]);
    for (uint32_t i = 0; i < f->idents.count; i++) {
        struct symbol *s = ((struct expr *)f->idents.item[i])->symbol;
        adopt_symbol(f, s);
        if (s && (s->kind == SYM_VAR || s->kind == SYM_PARAM) && s->depth > 0 && s->function != f)
            s->address_taken = true; /* only the run tells in which order branches use it */
    }
    for (uint32_t i = 0; i < f->typedef_uses.count; i++)
        adopt_symbol(f, ((struct typedef_use *)f->typedef_uses.item[i])->symbol);
    for (uint32_t i = 0; i < f->blocks.count; i++)
        ((struct function *)f->blocks.item[i])->outer = f;
    for (uint32_t i = 0; i < f->branches.count; i++)
        ((struct function *)f->branches.item[i])->outer = f;
}

static void resolve_gotos(struct parser *p, struct function *f)
{
    struct list inside = {0};
    move(p, STATEMENTS, &p->gotos, &inside, f);
    uint32_t first = p->gotos.count;
    for (uint32_t i = 0; i < inside.count; i++)
        list_add(p->arena, &p->gotos, inside.item[i]);
    resolve_labels(p, f, first);
}

static void make_function(struct parser *p, struct expr *e)
{
    struct function *f = arena_alloc(p->arena, sizeof *f), *root = p->function;
    while (root->outer)
        root = root->outer;
    f->outer = p->function;
    f->first = e->first;
    f->last = e->last;
    f->body = e->body;
    f->body->parent = NULL;
    f->is_async = f->is_branch = f->needs_lowering = true;
    f->has_await = f->body->has_await;
    f->result = e->type;
    f->type = type_function(p->unit, f->result);
    f->name = arena_printf(p->arena, "%s_branch_%d", root->name, ++p->branch_count);
    move_all(p, f);
    resolve_gotos(p, f);
    list_add(p->arena, &p->function->branches, f);
    e->kind = EX_BLOCK;
    e->block = f;
    e->has_await = false;
}

/* Makes a function of `({...})`, also of the one in `lvalue = ({...})`. */
static void take_branch(struct parser *p, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_ASSIGN && e->op == '=')
        e = skip_parens(e->b);
    if (e->kind == EX_STMT && p->function && !p->unevaluated)
        make_function(p, e);
}

/* Only a try_join needs the value of a branch that assigns it to nothing. */
static void drop_value(struct parser *p, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_FORM && e->form == FORM_IF && e->arg_count == 2)
        e = skip_parens(e->arg[1]);
    if (e->kind == EX_BLOCK && e->block->is_branch)
        e->block->result = type_basic(p->unit, TY_VOID);
}

/* `(void)f()` drops the result on purpose: the call without the cast, marked is_void. */
static struct expr *without_void(struct expr *branch)
{
    struct expr *cast = skip_parens(branch);
    if (cast->kind != EX_CAST || cast->to->kind != TY_VOID)
        return branch;
    struct expr *e = skip_parens(cast->a);
    if (e->kind != EX_CALL && e->kind != EX_FORM)
        return branch;
    e->is_void = true;
    return e;
}

void take_branches(struct parser *p, struct expr *form)
{
    if (form->form < FORM_JOIN || form->form > FORM_IF)
        return;
    for (int i = form_is_timeout(form->form) || form->form == FORM_IF; i < form->arg_count; i++) {
        if (form->form != FORM_TRY_JOIN)
            form->arg[i] = without_void(form->arg[i]);
        take_branch(p, form->arg[i]);
        if (form->form != FORM_IF && form->form != FORM_TRY_JOIN)
            drop_value(p, form->arg[i]);
    }
}
