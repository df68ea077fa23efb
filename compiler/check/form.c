/*
 * Checks of await and of the call-like forms: their operands, and the number and types of their
 * arguments. One mistake gets one message; the operands are checked in any case.
 *
 * Requires the forms as parsed: any number of arguments of any kind. Establishes, if nothing is
 * reported, that each form has its number of arguments, that it has a call of an async function
 * where it needs one, and that forms that wait are under an await or are branches.
 */
#include "inside.h"

#include <string.h>

enum { BRANCHES_MAX = 32 };

static const struct {
    uint8_t least, most;
    bool awaited; /* it suspends: only under await or as a branch */
} rules[FORM_COUNT] = {
    [FORM_SPAWN] = {1, 1, false},
    [FORM_SPAWN_ON] = {2, 2, false},
    [FORM_SPAWN_AT] = {2, 2, false},
    [FORM_SPAWN_LOCAL] = {1, 1, false},
    [FORM_SPAWN_LOW] = {1, 1, false},
    [FORM_SPAWN_BLOCKING] = {1, 1, false},
    [FORM_NAMED] = {2, 2, false},
    [FORM_TASK_JOIN] = {2, 2, true},
    [FORM_TASK_WAIT] = {1, 1, true},
    [FORM_TASK_CANCEL] = {1, 1, true},
    [FORM_TASK_DETACH] = {1, 1, false},
    [FORM_TASK_ABORT] = {1, 1, false},
    [FORM_TASK_FINISHED] = {1, 1, false},
    [FORM_MOVE] = {1, 1, false},
    [FORM_LAZY] = {1, 1, false},
    [FORM_GET] = {1, 1, true},
    [FORM_DROP] = {1, 1, false},
    [FORM_JOIN] = {1, BRANCHES_MAX, true},
    [FORM_TRY_JOIN] = {1, BRANCHES_MAX, true},
    [FORM_SELECT] = {1, BRANCHES_MAX, true},
    [FORM_SELECT_BIASED] = {1, BRANCHES_MAX, true},
    [FORM_TIMEOUT] = {2, 2, true},
    [FORM_TIMEOUT_AT] = {2, 2, true},
    [FORM_IF] = {2, 2, false},
    [FORM_BLOCKING] = {1, 1, true},
    [FORM_BLOCK_IN_PLACE] = {1, 1, true},
    [FORM_BLOCK_ON] = {1, 1, false},
    [FORM_SCOPE_SPAWN] = {2, 2, false},
    [FORM_SCOPE_CANCEL] = {1, 1, false},
    [FORM_TASK_SET_SPAWN] = {2, 2, false},
    [FORM_TASK_MAP_SPAWN] = {3, 3, false},
    [FORM_FUTURE_SET_ADD] = {2, 2, false},
    [FORM_REF] = {1, 1, false},
    [FORM_CALLER] = {1, 1, false},
};

static void error(struct checker *c, const struct expr *e, const char *message)
{
    diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL, "%s", message);
}

/* A call of an async function, by name or through a reference. */
static bool can_be_awaited(const struct expr *call)
{
    return is_async_call(call) || called_reference(call);
}

/* Reports each name once, as compilers do. */
static void report_undeclared(struct checker *c, const struct expr *f)
{
    void **said = map_at(c->unit->arena, &c->unit->undeclared, f->name);
    const char *near = *said ? NULL : nearest_function(c->unit, f->name);
    if (!*said)
        diag(c->unit, SEV_ERROR, f->first,
             near ? "'%s' is not declared; did you mean '%s'?" : "'%s' is not declared", f->name,
             near);
    *said = c->unit;
}

/* Reports a call to a non-async function where an async call is required. */
static void report_not_async(struct checker *c, struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    struct expr *f = skip_parens(call->a);
    if (s) {
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "'%s' is not async; call it as it is, or in bide_blocking if it blocks",
                   s->name);
        note_declared(c, s);
    } else if (type_reference_target(type_decay(c->unit, f->type))) {
        error(c, call, "a call through a bide_async_fn is written '(*h)(...)'");
        diag_fixit_insert(c->unit, f->first, "(*");
        diag_fixit_insert(c->unit, f->last + 1, ")");
    } else if (f->kind == EX_IDENT && !f->symbol) {
        report_undeclared(c, f);
    } else if (type_is_error(f->type)) {
        give_up(c, call->first);
    } else {
        error(
            c, call,
            "a call through a plain function pointer is not async; a pointer to an async function "
            "is a bide_async_fn(T, P...)");
    }
}

static void check_arguments(struct checker *c, struct expr *e)
{
    for (int i = 0; i < e->arg_count; i++)
        check_expr(c, e->arg[i], USE_VALUE);
}

/* ---- await ---- */

/* The call at the left end of `f()->k[1]`, or NULL. */
static struct expr *leading_call(struct expr *e)
{
    while (e->kind == EX_MEMBER || e->kind == EX_ARROW || e->kind == EX_INDEX ||
           e->kind == EX_POST || (e->kind == EX_CALL && !can_be_awaited(e)))
        e = e->a;
    return e->kind == EX_CALL && can_be_awaited(e) ? e : NULL;
}

static void report_operand(struct checker *c, const struct expr *e, struct expr *operand)
{
    struct unit *u = c->unit;
    const struct symbol *s = operand->kind == EX_IDENT ? operand->symbol : NULL;
    if (s && s->kind == SYM_FUNCTION) {
        diag_range(u, SEV_ERROR, e->first, e->last, NULL,
                   "'await %s' is not a call; its arguments are missing", s->name);
        note_declared(c, s);
    } else if (type_task_result(operand->type)) {
        error(c, e,
              "a task is awaited with bide_task_join(task, &result) or "
              "bide_task_wait(task)");
    } else if (type_future_result(operand->type)) {
        error(c, e, "a future is awaited with bide_get(future)");
    } else if (operand->kind == EX_AWAIT) {
        error(c, e, "'await' of a value: the call is awaited already");
    } else if (type_is_error(operand->type) && operand->kind == EX_IDENT) {
        give_up(c, operand->first);
    } else {
        error(c, e, "'await' of something that is not a call of an async function");
    }
}

/* Reports an operand that cannot be awaited. True: it is a call or a form nevertheless, and is
 * checked as if it were awaited. */
static bool check_operand(struct checker *c, struct expr *e, struct expr *operand)
{
    struct unit *u = c->unit;
    struct expr *call = leading_call(operand);
    if (operand->kind == EX_CALL && can_be_awaited(operand))
        return true;
    if (call) {
        const struct symbol *s = called_symbol(call);
        diag_range(u, SEV_ERROR, e->first, e->last, NULL,
                   "'await' takes all of what follows; only the call%s%s%s can be awaited",
                   s ? " of '" : "", s ? s->name : "", s ? "'" : "");
        diag_fixit_insert(u, e->first, "(");
        diag_fixit_insert(u, call->last + 1, ")");
        check_expr(c, call, USE_AWAITED);
        return false;
    }
    if (operand->kind == EX_CALL) {
        report_not_async(c, operand);
        return true;
    }
    if (operand->kind == EX_FORM) {
        if (rules[operand->form].awaited)
            return true;
        if (operand->form == FORM_BLOCK_ON)
            error(c, operand, "'bide_block_on' blocks; await the call itself");
        else if (operand->form == FORM_DROP)
            error(c, e, "'bide_drop' is not awaited: it waits by itself while the future unwinds");
        else
            diag_range(u, SEV_ERROR, e->first, e->last, NULL,
                       "'%s' does not wait for anything, so it is not awaited",
                       form_name(operand->form));
        return true;
    }
    report_operand(c, e, operand);
    return false;
}

/* The token of the name in a function's definition. (symbol->token may be in an earlier
 * declaration.) */
static uint32_t name_in_definition(const struct unit *u, const struct function *f)
{
    for (uint32_t i = f->first; f->body && i < f->body->first; i++)
        if (u->token[i].text == f->symbol->name)
            return i;
    return f->symbol->token;
}

bool can_await(struct checker *c, uint32_t token, const char *what, bool is_call)
{
    struct function *f = c->function;
    if (!f || f->is_async)
        return true;
    diag(c->unit, SEV_ERROR, token, "%s in '%s', which is not async", what, f->name);
    if (f->symbol)
        diag(c->unit, SEV_NOTE, name_in_definition(c->unit, f),
             is_call ? "make '%s' async, or use bide_block_on"
                     : "make '%s' async, or write an async function for this, and run that with "
                       "bide_block_on",
             f->name);
    return false;
}

void check_await(struct checker *c, struct expr *e)
{
    struct expr *operand = skip_parens(e->a);
    note_await(c, e->last);
    can_await(c, e->first, "'await'", operand->kind != EX_FORM);
    bool call = operand->kind == EX_CALL || operand->kind == EX_FORM;
    if (check_operand(c, e, operand) || operand->kind == EX_AWAIT)
        check_expr(c, operand, USE_AWAITED);
    else if (!call && operand->kind != EX_IDENT && !leading_call(operand))
        check_expr(c, operand, USE_VALUE);
}

static bool check_count(struct checker *c, const struct expr *e)
{
    int least = rules[e->form].least, most = rules[e->form].most;
    const char *name = form_name(e->form);
    if (e->arg_count >= least && e->arg_count <= most)
        return true;
    if (e->arg_count > BRANCHES_MAX)
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' has %d branches, at most %d are possible", name, e->arg_count,
                   BRANCHES_MAX);
    else
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' takes %s%d argument%s, not %d", name, least < most ? "at least " : "",
                   least, least == 1 ? "" : "s", e->arg_count);
    return false;
}

/* ---- what is started: spawn, block_on, blocking ---- */

/* The last argument of the spawns, of bide_lazy and of bide_block_on: a call or, except in
 * bide_block_on, an async block. */
static void check_started(struct checker *c, struct expr *form)
{
    struct expr *e = skip_parens(form->arg[form->arg_count - 1]);
    const char *name = form_name(form->form);
    if (e->kind == EX_CALL) {
        if (!can_be_awaited(e))
            report_not_async(c, e);
    } else if (e->kind == EX_AWAIT) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'await' in '%s', which makes the call itself", name);
        return;
    } else if (e->kind == EX_BLOCK && form->form == FORM_BLOCK_ON) {
        error(c, e, "an async block can only be used in bide_spawn or bide_lazy");
        return;
    } else if (e->kind == EX_FORM && rules[e->form].awaited && form->form == FORM_BLOCK_ON) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' runs a call of an async function; write one that awaits '%s', and block "
                   "on that",
                   name, form_name(e->form));
        check_expr(c, e, USE_AWAITED);
        return;
    } else if (e->kind == EX_FORM && e->form == FORM_NAMED) {
        if (check_count(c, e))
            diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                       form_makes_task(form->form) ? "the task of this '%s' has a name already"
                                                   : "'%s' makes no task that could have a name",
                       name);
        return;
    } else if (e->kind != EX_BLOCK) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   form->form == FORM_LAZY
                       ? "'%s' makes a future of a call of an async function or an async block"
                   : form->form != FORM_BLOCK_ON
                       ? "'%s' starts a call of an async function or an async block"
                       : "'%s' runs a call of an async function",
                   name);
    }
    /* a future goes with its owner, or its set */
    if (form->form != FORM_BLOCK_ON && form->form != FORM_LAZY && form->form != FORM_FUTURE_SET_ADD)
        check_borrows(c, form, e);
    check_expr(c, e, e->kind == EX_CALL || e->kind == EX_BLOCK ? USE_STARTED : USE_VALUE);
}

static void check_blocking(struct checker *c, struct expr *form)
{
    struct expr *e = skip_parens(form->arg[0]);
    const struct expr *ref = e->kind == EX_CALL ? called_reference(e) : NULL;
    bool is_async_ref = ref && type_reference_target(ref->type)->is_async;
    if (e->kind == EX_CALL && (is_async_call(e) || is_async_ref)) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' is async: %s, %s is for plain functions",
                   is_async_ref ? "(*h)()" : called_symbol(e)->name,
                   form->form != FORM_SPAWN_BLOCKING ? "it is awaited as it is" : "use bide_spawn",
                   form_name(form->form));
        check_expr(c, e, USE_STARTED);
        return;
    }
    if (e->kind != EX_CALL)
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' makes a call of a plain function", form_name(form->form));
    if (form->form == FORM_SPAWN_BLOCKING)
        check_borrows(c, form, e);
    check_expr(c, e, USE_VALUE);
}

/* ---- tasks ---- */

/* The name of a task. */
static void check_name(struct checker *c, struct expr *form)
{
    struct expr *e = form->a;
    if (!e)
        return;
    const struct type *t = type_decay(c->unit, e->type);
    bool is_text = t->kind == TY_POINTER && t->base->kind == TY_CHAR;
    if (!is_text && !is_null_constant(e) && !type_is_error(t))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'bide_named' expects a string here, not a value of type '%s'",
                   type_print(c->unit, e->type, ""));
    check_expr(c, e, USE_VALUE);
}

/* The first argument of bide_spawn_on. */
static void check_runtime(struct checker *c, struct expr *form)
{
    struct expr *e = form->arg[0];
    const struct type *t = type_decay(c->unit, e->type);
    bool is_runtime = t->kind == TY_POINTER && t->base->kind == TY_STRUCT && t->base->tag->name &&
                      strcmp(t->base->tag->name, "bide_runtime") == 0;
    if (!is_runtime && !is_null_constant(e) && !type_is_error(t))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' expects a runtime (bide_runtime *) here, not a value of type '%s'",
                   form_name(form->form), type_print(c->unit, e->type, ""));
    check_expr(c, e, USE_VALUE);
}

/* The first argument of bide_spawn_at. */
static void check_core(struct checker *c, struct expr *form)
{
    struct expr *e = form->arg[0];
    if (!type_is_integer(e->type) && !type_is_error(e->type))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' expects the number of a core here, not a value of type '%s'",
                   form_name(form->form), type_print(c->unit, e->type, ""));
    check_expr(c, e, USE_VALUE);
}

static struct type *check_task(struct checker *c, struct expr *e)
{
    struct type *result = type_task_result(e->type);
    if (type_is_error(e->type))
        give_up(c, e->first);
    else if (!result)
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "a task is expected here, not a value of type '%s'",
                   type_print(c->unit, e->type, ""));
    return result;
}

static void check_task_join(struct checker *c, struct expr *e)
{
    struct unit *u = c->unit;
    struct type *result = check_task(c, e->arg[0]);
    struct expr *out = e->arg[1];
    if (!result || type_is_error(out->type))
        return;
    struct type *to = type_decay(u, out->type);
    if (is_null_constant(out) && result->kind == TY_VOID)
        return;
    if (to->kind == TY_POINTER && type_is_error(to->base))
        return;
    if (to->kind == TY_POINTER && !(to->base->quals & Q_CONST) &&
        type_compatible(type_unqualified(u, to->base), type_unqualified(u, result)))
        return;
    if (is_null_constant(out)) /* which pthread_join would take */
        diag_range(u, SEV_ERROR, out->first, out->last, NULL,
                   "the task has a result of type '%s'; to wait without it: bide_task_wait(h)",
                   type_print(u, result, ""));
    else
        diag_range(u, SEV_ERROR, out->first, out->last, NULL,
                   "the task's result has type '%s', but goes to a '%s'", type_print(u, result, ""),
                   type_print(u, to, ""));
}

static void check_future(struct checker *c, struct expr *e)
{
    struct expr *f = skip_parens(e->arg[0]);
    if (type_is_error(f->type))
        give_up(c, f->first);
    else if (!type_future_result(f->type))
        diag_range(c->unit, SEV_ERROR, f->first, f->last, NULL,
                   "a future is expected here, not a value of type '%s'",
                   type_print(c->unit, f->type, ""));
    else if (!f->is_lvalue)
        diag_range(c->unit, SEV_ERROR, f->first, f->last, NULL,
                   "'%s' of something that is not a variable", form_name(e->form));
    else
        check_store(c, f);
}

static void check_move(struct checker *c, struct expr *e)
{
    struct expr *owner = skip_parens(e->arg[0]);
    if (type_is_error(owner->type)) {
        give_up(c, owner->first);
    } else if (!type_is_owner(owner->type)) {
        diag_range(c->unit, SEV_ERROR, owner->first, owner->last, NULL,
                   "'bide_move' of a value of type '%s', which owns nothing",
                   type_print(c->unit, owner->type, ""));
    } else if (!owner->is_lvalue) {
        error(c, owner, "'bide_move' of something that is not a variable");
    } else {
        check_store(c, owner);
    }
}

/* ---- references ---- */

static void check_ref(struct checker *c, struct expr *form)
{
    struct expr *e = skip_parens(form->arg[0]);
    const struct symbol *s = e->kind == EX_IDENT ? e->symbol : NULL;
    if (!s || s->kind != SYM_FUNCTION) {
        error(c, e, "'bide_ref' takes the name of an async function");
    } else if (!s->is_async) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL, "'%s' is not async", s->name);
        note_declared(c, s);
    } else if (strcmp(s->name, "main") == 0) {
        error(c, e, "there is no pointer to 'main'");
    } else {
        check_expr(c, e, USE_CALLED);
    }
}

/* Only the type of the argument matters. An async function is reported where the form round this
 * one uses it as a value. */
static void check_caller(struct checker *c, const struct expr *form)
{
    const struct expr *f = form->arg[0];
    const struct type *t = type_callable(c->unit, f->type);
    if (t == NULL && !type_is_error(f->type))
        diag_range(c->unit, SEV_ERROR, f->first, f->last, NULL,
                   "a function with declared parameters is expected here, not a value of type '%s'",
                   type_print(c->unit, f->type, ""));
}

/* ---- branches ---- */

/* The name of a form as it was written: a select of two, the first of which waits for a shutdown or
 * a token, is a macro of the library. */
static const char *written_name(const struct expr *form)
{
    static const char *const macros[][2] = {
        {"bide_shutdown_wait", "bide_until_shutdown"},
        {"bide_token_wait", "bide_until_cancelled"},
    };
    bool is_two = form->form == FORM_SELECT_BIASED && form->arg_count == 2;
    const struct expr *first = is_two ? skip_parens(form->arg[0]) : form;
    const struct symbol *s = first->kind == EX_CALL ? called_symbol(first) : NULL;

    for (size_t i = 0; s != NULL && i < sizeof macros / sizeof macros[0]; i++)
        if (strcmp(s->name, macros[i][0]) == 0)
            return macros[i][1];
    return form_name(form->form);
}

static void report_branch(struct checker *c, const struct expr *branch, const struct expr *call,
                          const char *form)
{
    struct unit *u = c->unit;
    if (call->kind == EX_FORM && call->form == FORM_IF) {
        error(c, branch, "put the assignment inside 'bide_if': bide_if(condition, place = call)");
        return;
    }
    switch (call->kind) {
    case EX_AWAIT:
        diag_range(u, SEV_ERROR, call->first, call->last, NULL,
                   "'await' in a branch of '%s', which waits itself", form);
        break;
    case EX_COND:
    case EX_LOGIC:
        error(c, call, "a branch with a guard is written bide_if(condition, branch)");
        break;
    default:
        diag_range(u, SEV_ERROR, branch->first, branch->last, NULL,
                   "a branch of '%s' is a call of an async function, a statement expression, or "
                   "an assignment from one",
                   form);
        break;
    }
}

/* Branch i of a form. `by` is the form that gets its result: not a bide_if. */
static void check_branch(struct checker *c, const struct expr *form, int i, enum form by);

/* bide_if(condition, branch) */
static void check_guard(struct checker *c, const struct expr *form, struct expr *e)
{
    const struct expr *condition = e->arg_count ? e->arg[0] : NULL;
    if (form_is_timeout(form->form) || form->form == FORM_IF) {
        diag_range(c->unit, SEV_ERROR, e->first, e->first, NULL, "'bide_if' in '%s'; %s",
                   form_name(form->form),
                   form->form == FORM_IF ? "use one with '&&'" : "use an 'if' round the await");
        return;
    }
    if (!check_count(c, e))
        return;
    if (!type_is_error(condition->type) && !type_is_scalar(type_decay(c->unit, condition->type)))
        diag_range(c->unit, SEV_ERROR, condition->first, condition->last, NULL,
                   "the condition of 'bide_if' has type '%s'",
                   type_print(c->unit, condition->type, ""));
    check_expr(c, e->arg[0], USE_VALUE);
    check_branch(c, e, 1, form->form);
}

static void check_branch(struct checker *c, const struct expr *form, int i, enum form by)
{
    struct expr *e = skip_parens(form->arg[i]), *call = e;
    if (e->kind == EX_FORM && e->form == FORM_IF) {
        check_guard(c, form, e);
        return;
    }
    if (e->kind == EX_ASSIGN && e->op == '=') {
        check_store(c, e->a);
        check_expr(c, e->a, USE_VALUE);
        call = skip_parens(e->b);
        if (call->type->kind == TY_VOID && !(call->kind == EX_FORM && call->form == FORM_IF))
            error(c, e, "this branch has no value to be assigned");
        check_lost_results(c, e->a, call);
    }
    if (call->kind == EX_BLOCK && call->block->is_branch)
        return; /* a function of its own */
    bool is_form = call->kind == EX_FORM && rules[call->form].awaited;
    if (call->kind != EX_CALL && !is_form) {
        report_branch(c, e, call, written_name(form));
        return;
    }
    if (call->kind == EX_CALL && !can_be_awaited(call))
        report_not_async(c, call);
    if (call == e && by != FORM_TRY_JOIN)
        check_dropped_call(c, call, call);
    check_expr(c, call, USE_BRANCH);
}

/* The limit of a timeout. */
static void check_limit(struct checker *c, enum form form, struct expr *e)
{
    const char *tag = form == FORM_TIMEOUT_AT ? "bide_instant" : "bide_duration";
    const struct type *t = e->type;
    bool fits = t->kind == TY_STRUCT && t->tag->name && strcmp(t->tag->name, tag) == 0;
    if (!fits && !type_is_error(t))
        error(c, e,
              form == FORM_TIMEOUT_AT ? "a point in time is expected here, of type bide_instant"
                                      : "a duration is expected here: BIDE_MS(n), BIDE_S(n)...");
    check_expr(c, e, USE_VALUE);
}

/* ---- forms ---- */

static void check_context(struct checker *c, const struct expr *e, enum use use)
{
    const char *name = written_name(e);
    if (e->form == FORM_REF)
        return;
    if (!c->function) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL, "'%s' outside a function", name);
    } else if (rules[e->form].awaited && use != USE_AWAITED && use != USE_BRANCH) {
        if (!can_await(c, e->first, arena_printf(c->unit->arena, "'%s'", name), false))
            return;
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL, "'%s' without 'await'", name);
        diag_fixit_insert(c->unit, e->first, "await ");
    } else if (e->form == FORM_BLOCK_ON && c->function->is_async && use != USE_AWAITED) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'bide_block_on' in an async function; await the call instead");
    }
}

/* The first argument of a spawn: where the task is made. */
static void check_place(struct checker *c, struct expr *form)
{
    if (form->form == FORM_SPAWN_ON)
        check_runtime(c, form);
    else if (form->form == FORM_SPAWN_AT)
        check_core(c, form);
    else if (form->form == FORM_SCOPE_SPAWN)
        check_scope_form(c, form);
    else if (form_adds(form->form))
        check_set_form(c, form);
}

/* A form that is only a part of another one. */
static void report_part(struct checker *c, const struct expr *e)
{
    error(c, e,
          e->form == FORM_IF ? "'bide_if' can only be a branch of join or select"
                             : "'bide_named' can only be the call of bide_spawn and the like: "
                               "bide_spawn(bide_named(name, call))");
}

void check_form(struct checker *c, struct expr *e, enum use use)
{
    check_context(c, e, use);
    if (!check_count(c, e)) {
        return;
    }
    check_name(c, e);
    if (form_spawns(e->form) || form_adds(e->form)) {
        check_place(c, e);
        check_started(c, e);
        return;
    }
    switch (e->form) {
    case FORM_LAZY:
    case FORM_BLOCK_ON: check_started(c, e); break;
    case FORM_SCOPE_CANCEL: check_scope_form(c, e); break;
    case FORM_REF: check_ref(c, e); break;
    case FORM_CALLER: check_caller(c, e); break;
    case FORM_SPAWN_BLOCKING:
    case FORM_BLOCK_IN_PLACE:
    case FORM_BLOCKING: check_blocking(c, e); break;
    case FORM_TASK_JOIN:
        check_task_join(c, e);
        check_store(c, e->arg[0]);
        check_arguments(c, e);
        break;
    case FORM_TASK_DETACH:
    case FORM_TASK_WAIT:
    case FORM_TASK_CANCEL:
    case FORM_TASK_ABORT:
    case FORM_TASK_FINISHED:
        check_task(c, e->arg[0]);
        check_arguments(c, e);
        break;
    case FORM_GET:
    case FORM_DROP:
        note_await(c, e->last);
        check_future(c, e);
        check_arguments(c, e);
        break;
    case FORM_MOVE:
        check_move(c, e);
        check_arguments(c, e);
        break;
    case FORM_TIMEOUT:
    case FORM_TIMEOUT_AT:
        check_limit(c, e->form, e->arg[0]);
        check_branch(c, e, 1, e->form);
        break;
    case FORM_NAMED:
    case FORM_IF:
        if (use != USE_AWAITED)
            report_part(c, e);
        break;
    default:
        for (int i = 0; i < e->arg_count; i++)
            check_branch(c, e, i, e->form);
        break;
    }
}
