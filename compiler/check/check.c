/*
 * The walk over all functions, which finds async calls without an await, async functions used as
 * values, and results that are dropped. It asks form.c about await and the forms, owner.c about
 * owners and captures, scope.c about scopes, lost.c about results that are overwritten, stack.c
 * about alloca and setjmp; jump.c has a walk of its own.
 *
 * Operands that C does not evaluate are not checked. An expression of an unknown type (TY_ERROR)
 * causes no message; if the emitter would need its type, the user's compiler is asked what is wrong
 * (give_up).
 *
 * Requires a parsed unit. Establishes, if nothing is reported, that every async call has a place in
 * which it can run: under an await or in a form.
 */
#include "inside.h"

#include <string.h>

static void check_stmt(struct checker *c, struct stmt *s);

void give_up(struct checker *c, uint32_t token)
{
    if (c->unit->parse_failed)
        return;
    c->unit->parse_failed = true;
    c->unit->parse_failed_token = token;
}

void note_declared(struct checker *c, const struct symbol *s)
{
    diag(c->unit, SEV_NOTE, s->token, "'%s' is declared here", said_name(c->unit->arena, s->name));
}

/* ---- calls ---- */

static void report_not_awaited(struct checker *c, const struct expr *call, const char *name)
{
    struct unit *u = c->unit;
    const struct function *f = c->function;
    name = said_name(u->arena, name);
    if (!f) {
        diag_range(u, SEV_ERROR, call->first, call->last, NULL,
                   "call of async function '%s' outside a function", name);
    } else if (c->in_length) {
        diag_range(u, SEV_ERROR, call->first, call->last, NULL,
                   "call of async function '%s' in the length of a parameter", name);
    } else if (f->is_async) {
        diag_range(u, SEV_ERROR, call->first, call->last, NULL,
                   "call of async function '%s' without 'await'", name);
        diag_fixit_insert(u, call->first, "await ");
    } else {
        diag_range(u, SEV_ERROR, call->first, call->last, NULL,
                   "call of async function '%s' in '%s', which is not async", name, f->name);
        diag_fixit_insert(u, call->first, "bide_block_on(");
        diag_fixit_insert(u, call->last + 1, ")");
    }
}

/* A call through a bide_async_fn. A plain function may make it without an await: it blocks. */
static void check_called_reference(struct checker *c, struct expr *call, enum use use)
{
    const struct expr *ref = called_reference(call);
    const struct type *f = ref ? type_reference_target(ref->type) : NULL;
    if (!f)
        return;
    if ((use == USE_VALUE || use == USE_CALLED) && f->is_async && c->function &&
        c->function->is_async) {
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "call through a bide_async_fn without 'await'");
        diag_fixit_insert(c->unit, call->first, "await ");
    } else if (use != USE_VALUE && use != USE_CALLED && f->oldstyle && call->arg_count) {
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "the types of the parameters are not known; write them as "
                   "bide_async_fn(T, P...)");
    }
}

/* The result of a bide_try_join has the errors of the branches whose results go nowhere. */
static void check_dropped_try_join(struct checker *c, const struct expr *form)
{
    for (int i = 0; i < form->arg_count; i++) {
        const struct expr *branch = skip_parens(form->arg[i]);
        if (branch->kind == EX_FORM && branch->form == FORM_IF && branch->arg_count == 2)
            branch = skip_parens(branch->arg[1]);
        check_dropped_call(c, branch, branch);
    }
}

void check_dropped_call(struct checker *c, const struct expr *at, const struct expr *call)
{
    if (call->kind == EX_FORM && call->form == FORM_TRY_JOIN && !call->is_void)
        check_dropped_try_join(c, call);
    const struct symbol *f = call->kind == EX_CALL ? called_symbol(call) : NULL;
    if (!f || !f->warn_unused || call->is_void)
        return;
    const char *word = c->unit->token[f->warn_unused].text;
    int length = (int)strlen(word), bars = strncmp(word, "__", 2) ? 0 : 2;
    diag_range(c->unit, SEV_WARNING, at->first, at->last, "unused-result",
               "ignoring return value of '%s' declared with attribute '%.*s'",
               said_name(c->unit->arena, f->name), length - 2 * bars, word + bars);
    note_declared(c, f);
}

/* Nothing takes the value of e. `(void)await f()` says that this is meant. */
static void check_dropped(struct checker *c, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_AWAIT) {
        check_dropped_call(c, e, skip_parens(e->a));
    } else if (e->kind == EX_COMMA) { /* check_binary checks the operand before the comma */
        check_dropped(c, e->b);
    } else if (e->kind == EX_COND) {
        if (e->b)
            check_dropped(c, e->b);
        check_dropped(c, e->c);
    } else if (e->kind == EX_UNARY && e->op == OP_EXTENSION) {
        check_dropped(c, e->a);
    } else if (e->kind == EX_STMT) {
        struct stmt *last = value_statement(e->body);
        if (last)
            check_dropped(c, last->expr);
    }
}

/* The last statement of a statement expression is its value. */
static void check_unused(struct checker *c, const struct stmt *s)
{
    if (s != c->value_stmt)
        check_dropped(c, s->expr);
}

static void check_deprecated(struct checker *c, const struct expr *e)
{
    const struct symbol *s = e->symbol, *in = c->function ? c->function->symbol : NULL;
    if (!s->deprecated || (in && in->deprecated) || c->unit->token[e->first].in_system_header)
        return;
    const struct token *t = &c->unit->token[s->deprecated];
    const struct token *text = t[1].punct == '(' && t[2].kind == TK_STRING ? &t[2] : NULL;
    bool is_error = strstr(t->text, "unavailable") != NULL;
    diag_range(c->unit, is_error ? SEV_ERROR : SEV_WARNING, e->first, e->last,
               is_error ? NULL : "deprecated-declarations", "'%s' is %s%s%.*s", s->name,
               is_error ? "unavailable" : "deprecated", text ? ": " : "",
               text ? (int)text->length - 2 : 0, text ? text->start + 1 : "");
    note_declared(c, s);
}

/* Before C23, plain compilers let a function that is declared with `()` take any arguments. An
 * async one takes those of its definition. */
static void check_argument_count(struct checker *c, const struct expr *call, const struct symbol *s)
{
    const struct symbol *file = scope_find(s->name);
    bool known = file && file->kind == SYM_FUNCTION && file->is_async;
    int count = known ? file->type->param_count : s->type->param_count;
    if (call->arg_count == count || !(s->no_prototype || (known && file->no_prototype)))
        return;
    if (count == 0)
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "async function '%s' takes no arguments; its '()' means '(void)'", s->name);
    else
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "async function '%s' takes %d argument%s, not %d", s->name, count,
                   count == 1 ? "" : "s", call->arg_count);
    note_declared(c, known ? file : s);
}

/* An adaptor of <bide/iter.h> is given an async function, which it cannot call: bide__caller is its
 * word for a plain one. */
static bool refuse_async_step(struct checker *c, const struct expr *call)
{
    const struct symbol *adaptor = called_symbol(call), *s = NULL;
    struct expr *f = NULL;
    for (int i = 0; i < call->arg_count && !s; i++) {
        struct expr *e = skip_parens(call->arg[i]);
        bool is_caller = e->kind == EX_FORM && e->form == FORM_CALLER && e->arg_count == 1;
        f = is_caller ? skip_parens(e->arg[0]) : NULL;
        s = f && f->kind == EX_IDENT && f->symbol && f->symbol->is_async ? f->symbol : NULL;
    }
    if (!s || !adaptor)
        return false;
    diag_range(c->unit, SEV_ERROR, f->first, f->last, NULL,
               "'%s' is async, and '%s' calls plain functions; "
               "bide_iter_then(iterator, bide_ref(%s)) calls async ones",
               s->name, adaptor->name, s->name);
    note_declared(c, s);
    return true;
}

static void check_call(struct checker *c, struct expr *e, enum use use)
{
    const struct symbol *s = called_symbol(e);
    if (refuse_async_step(c, e))
        return;
    if (s && s->is_async)
        check_argument_count(c, e, s);
    if (s && s->is_async && (use == USE_VALUE || use == USE_CALLED))
        report_not_awaited(c, e, s->name);
    check_called_reference(c, e, use);
    check_stack_use(c, e);
    check_expr(c, e->a, USE_CALLED);
    const struct type *type = e->a->type;
    while (type->kind == TY_POINTER)
        type = type->base;
    for (int i = 0; i < e->arg_count; i++) {
        check_transfer(c, e->arg[i], TO_ARGUMENT);
        if (type->kind == TY_FUNCTION && i < type->param_count)
            check_owner_type(c, type->param[i].type, e->arg[i]);
        check_expr(c, e->arg[i], USE_VALUE);
    }
}

/* ---- expressions ---- */

static void check_ident(struct checker *c, struct expr *e, enum use use)
{
    const struct symbol *s = e->symbol;
    if (!s || s->kind != SYM_FUNCTION || !s->is_async)
        return;
    check_deprecated(c, e);
    if (use == USE_CALLED)
        return;
    diag(c->unit, SEV_ERROR, e->first,
         "async function '%s' is used without a call; a pointer to it is bide_ref(%s)", e->name,
         e->name);
}

static void check_initializer(struct checker *c, struct expr *list)
{
    for (int i = 0; i < list->arg_count; i++) {
        struct expr *value = list->arg[i]->a;
        check_transfer(c, value, TO_VARIABLE);
        check_expr(c, value, USE_VALUE);
    }
}

static bool check_operand(struct expr *e, void *checker)
{
    check_expr(checker, e, USE_VALUE);
    return false;
}

static void check_operands(struct checker *c, const struct expr *e)
{
    expr_each_child(e, check_operand, c);
}

static void check_unary(struct checker *c, struct expr *e, enum use use)
{
    if (e->op == P_INC || e->op == P_DEC)
        check_store(c, e->a);
    if (e->op == '&')
        check_scope_address(c, e);
    if (e->op == '!')
        refuse_lost_owner(c, e->a);
    bool passes = e->op == OP_EXTENSION || (use == USE_CALLED && (e->op == '*' || e->op == '&'));
    check_expr(c, e->a, passes ? use : USE_VALUE);
}

static void check_block(struct checker *c, struct expr *e, enum use use)
{
    if (e->block->is_branch)
        return; /* a function of its own */
    if (use != USE_STARTED)
        diag(c->unit, SEV_ERROR, e->first, "an async block can only be used in bide_spawn");
    check_captures(c, e->block);
}

/* The value of an async block or a branch is its last expression. Unlike a return, it does not move
 * a local owner. */
static void check_block_value(struct checker *c, const struct function *f)
{
    const struct stmt *last = value_statement(f->body);
    if (last && f->result->kind != TY_VOID)
        check_transfer(c, last->expr, TO_VARIABLE);
}

/* Chains of binary operators lean to the left: the loop follows them without recursion. */
static void check_binary(struct checker *c, struct expr *e)
{
    while (e->kind == EX_BINARY || e->kind == EX_LOGIC || e->kind == EX_COMMA) {
        if (e->kind != EX_COMMA) {
            refuse_lost_owner(c, e->a);
            refuse_lost_owner(c, e->b);
        } else {
            check_dropped(c, e->a);
        }
        check_expr(c, e->b, USE_VALUE);
        e = e->a;
    }
    check_expr(c, e, USE_VALUE);
}

void check_expr(struct checker *c, struct expr *e, enum use use)
{
    switch (e->kind) {
    case EX_IDENT: check_ident(c, e, use); break;
    case EX_PAREN: check_expr(c, e->a, use); break;
    case EX_CALL: check_call(c, e, use); break;
    case EX_UNARY: check_unary(c, e, use); break;
    case EX_BINARY:
    case EX_LOGIC:
    case EX_COMMA: check_binary(c, e); break;
    case EX_POST:
        check_store(c, e->a);
        check_expr(c, e->a, USE_VALUE);
        break;
    case EX_ASSIGN:
        if (type_future_result(e->type))
            note_await(c, e->last);
        check_store(c, e->a);
        check_transfer(c, e->b, TO_VARIABLE);
        check_owner_type(c, e->a->type, e->b);
        if (e->op == '=')
            check_lost_results(c, e->a, e->b);
        check_operands(c, e);
        break;
    case EX_COND:
        if (e->b) /* in `a ?: c`, a may be the value */
            refuse_lost_owner(c, e->a);
        check_operands(c, e);
        break;
    case EX_SIZEOF: refuse_blocks(c->unit, e->a); break;
    case EX_GENERIC:
    case EX_CHOOSE:
        if (e->b)
            check_expr(c, e->b, use);
        break;
    case EX_STMT: {
        const struct stmt *outer = c->value_stmt;
        c->value_stmt = value_statement(e->body);
        check_stmt(c, e->body);
        c->value_stmt = outer;
        break;
    }
    case EX_INIT_LIST: check_initializer(c, e); break;
    case EX_AWAIT: check_await(c, e); break;
    case EX_FORM: check_form(c, e, use); break;
    case EX_BLOCK: check_block(c, e, use); break;
    default: check_operands(c, e); break;
    }
}

/* ---- statements ---- */

/* A local future is dropped at the end of its block, and the drop may await. */
static void check_owner_end(struct checker *c, const struct stmt *s)
{
    for (int i = 0; i < s->decl_count; i++)
        if (s->parent && type_holds_future(s->decl[i]->symbol->type))
            note_await(c, s->parent->last);
}

static void check_decl(struct checker *c, const struct decl *d)
{
    if (!d->init)
        return;
    const struct symbol *s = d->symbol;
    if (d->init->has_await && (s->storage == ST_STATIC || s->storage == ST_EXTERN))
        diag(c->unit, SEV_ERROR, d->first,
             "the initialiser of the static variable '%s' cannot await, it is set before the "
             "program runs; assign to it instead",
             s->name);
    check_transfer(c, d->init, TO_VARIABLE);
    check_owner_type(c, s->type, d->init);
    struct expr name = {.kind = EX_IDENT, .symbol = d->symbol};
    check_lost_results(c, &name, d->init);
    check_expr(c, d->init, USE_VALUE);
}

static void check_scope(struct checker *c, struct stmt *s)
{
    const char *name = c->unit->token[s->first].text;
    struct expr *e = s->expr;
    can_await(c, s->first, arena_printf(c->unit->arena, "'%s'", name), false);
    note_await(c, s->last);
    if (!e)
        return;
    if (e->has_await)
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'await' in what the error of '%s' is assigned to", name);
    else if (!type_is_error(e->type) &&
             (!e->is_lvalue || !type_is_integer(e->type) || e->type->quals & Q_CONST))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "the error of '%s' is assigned to an int variable, not to a%s of type '%s'",
                   name, e->is_lvalue ? " variable" : " value", type_print(c->unit, e->type, ""));
    check_store(c, e);
}

static void check_parts(struct checker *c, struct stmt *s)
{
    if (s->kind == S_SCOPE)
        check_scope(c, s);
    if (s->kind == S_DEFER && s->has_await && s->parent)
        note_await(c, s->parent->last);
    if (s->kind == S_ASM && s->expr && s->expr->has_await)
        diag(c->unit, SEV_ERROR, s->first,
             "'await' in an asm statement; await into a variable before it");
    if (s->kind == S_EXPR)
        check_unused(c, s);
    if (s->kind == S_RETURN && s->expr) {
        check_transfer(c, s->expr, TO_RESULT);
        if (c->function && !c->function->outer)
            check_owner_type(c, c->function->result, s->expr);
    }
    if (s->kind == S_RETURN && c->function && c->function->outer)
        diag(c->unit, SEV_ERROR, s->first, "'return' in %s, whose value is its last expression",
             c->function->is_branch ? "a branch" : "an async block");
    for (int i = 0; i < s->decl_count; i++)
        check_decl(c, s->decl[i]);
    check_owner_end(c, s);
    if (s->init)
        check_stmt(c, s->init);
    if (s->expr && s->kind == S_ASM)
        check_operands(c, s->expr);
    else if (s->expr && s->kind != S_CASE)
        check_expr(c, s->expr, USE_VALUE);
    if (s->expr && (s->kind == S_IF || s->kind == S_WHILE || s->kind == S_DO || s->kind == S_FOR))
        refuse_lost_owner(c, s->expr);
    if (s->expr2 && s->kind != S_CASE) {
        check_dropped(c, s->expr2); /* the step of a for */
        check_expr(c, s->expr2, USE_VALUE);
    }
}

static void check_stmt(struct checker *c, struct stmt *s)
{
    int loops = c->await_loops;
    while (s) {
        struct stmt *next = NULL;
        bool loop = s->kind == S_FOR || s->kind == S_WHILE || s->kind == S_DO;
        c->await_loops += loop && s->has_await;
        check_parts(c, s);
        for (int i = 0; i < s->count; i++)
            check_stmt(c, s->list[i]);
        if (s->body && s->orelse)
            check_stmt(c, s->body);
        next = s->orelse ? s->orelse : s->body;
        s = next;
    }
    c->await_loops = loops;
}

/* ---- functions ---- */

static void check_function(struct unit *u, struct function *f)
{
    struct checker c = {.unit = u, .function = f};
    if (f->outer)
        c.value_stmt = f->is_branch && f->result->kind == TY_VOID ? NULL : value_statement(f->body);
    c.in_length = true;
    for (uint32_t i = 0; i < f->lengths.count; i++)
        check_stmt(&c, ((struct length *)f->lengths.item[i])->stmt);
    c.in_length = false;
    check_stmt(&c, f->body);
    if (f->outer)
        check_block_value(&c, f);
    check_allocas(&c);
    check_jumps(u, f);
}

void check(struct unit *u)
{
    for (uint32_t i = 0; i < u->functions.count; i++)
        check_function(u, u->functions.item[i]);
    for (uint32_t i = 0; i < u->initializers.count; i++) {
        struct checker c = {.unit = u};
        check_owner_type(&c, ((struct symbol *)u->initialized.item[i])->type,
                         u->initializers.item[i]);
        check_expr(&c, u->initializers.item[i], USE_VALUE);
    }
}
