/*
 * One await. The call becomes
 *
 *     if (bide__start_f(cx, &frame->h, &frame->result_f, arguments) == BIDE_PENDING) {
 *         (save, state, return; resume label, load)
 *         (if something is due here: unwind)
 *     }
 *
 * and `frame->result_f` stands for its value. That slot is valid until the next await;
 * `prepare_operands` keeps the value longer where it must. A scalar that nobody reads has no slot.
 *
 * In a function marked bide_cancel_returns nothing is due at an await. Instead each await asks
 * first whether it may start anything: `if (!bide__refused(cx, &frame->result_f, ...) && ...` A
 * call through a pointer asks likewise, with bide__refused_through.
 *
 * bide_blocking(f(x)) puts a job with f's arguments and room for its result into such a slot. The
 * pool calls a generated function that calls f.
 */
#include "inside.h"

#include <string.h>

/* ---- slots and callees ---- */

static struct slot *slot_of(struct lower *l, const char *name, const char *declaration)
{
    for (uint32_t i = 0; i < l->slots.count; i++) {
        struct slot *slot = l->slots.item[i];
        if (strcmp(slot->declaration, declaration) == 0)
            return slot;
    }
    struct slot *slot = arena_alloc(l->arena, sizeof *slot);
    slot->name = name;
    slot->declaration = declaration;
    list_add(l->arena, &l->slots, slot);
    return slot;
}

/* Notes that the await that is being lowered uses the slot. */
static const char *use_slot(struct lower *l, struct slot *slot)
{
    struct span *span = arena_alloc(l->arena, sizeof *span);
    *span = l->at->awaiting ? await_at(l, l->at->awaiting->first) : (struct span){0, UINT32_MAX, 0};
    if (span->read > span->last)
        span->last = span->read;
    list_add(l->arena, &slot->uses, span);
    return arena_printf(l->arena, "%s->%s", l->frame, slot->name);
}

const char *result_member(struct lower *l, const char *name, const char *declaration)
{
    return use_slot(l, slot_of(l, name, declaration));
}

static bool is_other_slot(struct lower *l, const char *name, const char *declaration)
{
    for (uint32_t i = 0; i < l->slots.count; i++) {
        const struct slot *slot = l->slots.item[i];
        if (strcmp(slot->name, name) == 0 && strcmp(slot->declaration, declaration) != 0)
            return true;
    }
    return false;
}

static const char *result_slot(struct lower *l, const char *name, struct type *type)
{
    struct type *t = file_type(l, type_unqualified(l->unit, type));
    const char *stem = arena_printf(l->arena, "result_%s", name), *member = stem;
    const char *declaration = type_print(l->unit, t, member);
    for (int n = 2; is_other_slot(l, member, declaration); n++) {
        member = arena_printf(l->arena, "%s_%d", stem, n);
        declaration = type_print(l->unit, t, member);
    }
    struct slot *slot = slot_of(l, member, declaration);
    slot->type = t;
    note_result_limit(l, l->at->awaiting ? l->at->awaiting->first : l->fn->first, t);
    return use_slot(l, slot);
}

bool needs_slot(struct unit *u, const struct type *result, bool unused)
{
    if (!unused || type_is_owner(result)) /* an owner that nobody takes is released */
        return true;
    switch (result->kind) {
    case TY_LDOUBLE:
    case TY_INT128:
    case TY_UINT128:
    case TY_BITINT:
    case TY_UBITINT:
    case TY_FLOATN:
    case TY_COMPLEX: return true;
    default: return !type_is_scalar(result) || type_may_align(u, result);
    }
}

void add_callee(struct lower *l, const char *name, unsigned group)
{
    for (uint32_t i = 0; i < l->callees.count; i++) {
        struct callee *c = l->callees.item[i];
        if ((group == 0 || group == GROUP_UNKNOWN) && c->group == group &&
            strcmp(c->name, name) == 0)
            return;
    }
    struct callee *c = arena_alloc(l->arena, sizeof *c);
    c->name = name;
    c->group = group;
    list_add(l->arena, &l->callees, c);
}

/* ---- what can be awaited ---- */

static bool is_function_name(struct expr *e)
{
    e = skip_parens(e);
    return e->kind == EX_IDENT &&
           (!e->symbol || (e->symbol->kind == SYM_FUNCTION && e->symbol->depth == 0));
}

static void add_operand(struct awaitable *a, struct expr *e, bool is_place)
{
    a->operand[a->operand_count++] = (struct operand){e, is_place};
}

static bool awaitable_call(struct lower *l, struct expr *call, struct awaitable *a)
{
    struct symbol *fn = async_callee(call);
    a->function = async_callee_type(call);
    if (!a->function) {
        diag(l->unit, SEV_ERROR, call->first, "only a call of an async function can be awaited");
        return false;
    }
    a->name = fn ? fn->name : "call";
    a->result = a->function->base->kind == TY_VOID ? NULL : a->function->base;
    a->calls_through = !fn;
    if (!fn)
        add_operand(a, called_reference(call), false);
    for (int i = 0; i < call->arg_count; i++)
        add_operand(a, call->arg[i], false);
    return true;
}

static bool awaitable_form(struct lower *l, struct expr *e, struct awaitable *a)
{
    struct expr *inner = e->arg_count ? skip_parens(e->arg[0]) : NULL;
    a->result = type_basic(l->unit, TY_INT);
    switch (e->form) {
    case FORM_TASK_JOIN:
        a->name = "bide_task_join";
        a->borrows = is_owned_value(e->arg[0]);
        add_operand(a, e->arg[0], e->arg[0]->is_lvalue);
        add_operand(a, e->arg[1], false);
        expr_info_of(l, e->arg[0])->has_address = true;
        return true;
    case FORM_TASK_WAIT:
    case FORM_TASK_CANCEL:
        a->name = e->form == FORM_TASK_WAIT ? "bide_task_wait" : "bide_task_cancel";
        a->borrows = is_owned_value(e->arg[0]);
        add_operand(a, e->arg[0], false);
        return true;
    case FORM_BLOCKING:
    case FORM_BLOCK_IN_PLACE:
    case FORM_SPAWN_BLOCKING:
        if (!inner || inner->kind != EX_CALL)
            break;
        a->name = e->form == FORM_BLOCK_IN_PLACE ? "bide_block_in_place" : "bide_blocking";
        a->result = NULL;
        a->calls_through = !is_function_name(inner->a);
        if (a->calls_through)
            add_operand(a, inner->a, false);
        for (int i = 0; i < inner->arg_count; i++)
            add_operand(a, inner->arg[i], false);
        return true;
    case FORM_GET: future_get(l, e, a); return true;
    default: break;
    }
    diag(l->unit, SEV_ERROR, e->first, "this cannot be awaited here yet");
    return false;
}

bool awaitable_of(struct lower *l, struct expr *call, struct awaitable *a)
{
    call = skip_parens(call);
    struct expr *inner = call->arg_count ? skip_parens(call->arg[0]) : NULL;
    int count = call->arg_count + (inner ? inner->arg_count : 0) + 2;
    *a = (struct awaitable){.call = call};
    a->operand = arena_alloc(l->arena, (size_t)count * sizeof *a->operand);
    if (call->kind == EX_FORM)
        return awaitable_form(l, call, a);
    return awaitable_call(l, call, a);
}

/* ---- owners among the arguments ---- */

bool makes_job(const struct expr *e)
{
    return e->kind == EX_FORM && (e->form == FORM_BLOCKING || e->form == FORM_BLOCK_IN_PLACE);
}

bool is_owner_operand(const struct awaitable *a, int i)
{
    struct expr *e = a->operand[i].expr;
    if (!expr_code(e) || !type_is_owner(e->type))
        return false;
    return a->call->kind == EX_CALL || makes_job(a->call) ? is_owned_value(e)
                                                          : i == 0 && a->borrows;
}

/* The same for a call whose operands have no code yet. */
static bool is_given_owner(const struct expr *call)
{
    for (int i = 0; call->kind == EX_CALL && i < call->arg_count; i++)
        if (type_is_owner(call->arg[i]->type) && is_owned_value(call->arg[i]))
            return true;
    return false;
}

bool takes_owner(const struct awaitable *a)
{
    for (int i = 0; i < a->operand_count; i++)
        if (is_owner_operand(a, i))
            return true;
    return false;
}

void release_arguments(struct lower *l, const struct awaitable *a)
{
    for (int i = 0; i < a->operand_count; i++) {
        struct expr *e = a->operand[i].expr;
        if (is_owner_operand(a, i))
            release_value(l, expr_code(e), e->type, e->first);
    }
}

/* ---- bide_blocking and bide_block_in_place ---- */

static struct type *argument_type(struct lower *l, struct expr *call, int i)
{
    struct type *f = call->a->type;
    if (f->kind == TY_POINTER)
        f = f->base;
    struct type *t = f->kind == TY_FUNCTION && i < f->param_count
                         ? f->param[i].type
                         : type_promote(l->unit, type_decay(l->unit, call->arg[i]->type));
    return file_type(l, type_unqualified(l->unit, t));
}

/* Arguments of the call are owners. */
static bool job_owns(const struct awaitable *a)
{
    const struct expr *call = skip_parens(a->call->arg[0]);
    for (int i = 0; i < call->arg_count; i++)
        if (type_is_owner(call->arg[i]->type))
            return true;
    return false;
}

/* If the call is never made, what it was to get is let go of. */
static void append_forget(struct lower *l, struct code *to, const struct expr *call)
{
    code_text(l, to, "if (bide__job->owns == BIDE__JOB_FORGETS) {\n");
    for (int i = 0; i < call->arg_count; i++)
        if (type_is_owner(call->arg[i]->type))
            code_text(l, to, "%s(call->arg_%d);\n", release_name(call->arg[i]->type), i + 1);
    code_text(l, to, "return;\n}\n");
}

/* Writes the struct of the job, and the function that the pool calls. */
const char *job_declaration(struct lower *l, struct awaitable *a, const char *name)
{
    struct expr *call = skip_parens(a->call->arg[0]);
    const char *id = arena_printf(l->arena, "%s_%u", l->name, ++l->work->jobs);
    bool has_result = call->type->kind != TY_VOID;
    bool is_filled = has_result && type_has_const_member(call->type);
    bool aligns = type_may_align(l->unit, call->type);
    bool is_bare = !has_result && !a->calls_through && call->arg_count == 0;
    struct type *result = file_type(l, type_unqualified(l->unit, call->type));
    struct code *s = code_new(l), *body = code_new(l);

    a->job_id = id;
    a->job_type = arena_printf(l->arena, "struct bide__job_%s", id);
    code_text(l, s, "\n\n%s {\nstruct bide_job job;\n", a->job_type);
    code_text(l, body, "\n\nstatic void bide__run_%s(struct bide_job *bide__job)\n{\n", id);
    if (is_bare)
        code_text(l, body, "(void)bide__job;\n");
    else
        code_text(l, body, "%s *call = (%s *)bide__job;\n", a->job_type, a->job_type);
    if (job_owns(a))
        append_forget(l, body, call);
    if (is_filled) /* it cannot be assigned */
        code_text(l, body, "__builtin_memcpy(&call->result, &(%s){",
                  type_print(l->unit, type_array(l->unit, result, 1), ""));
    else if (has_result)
        code_text(l, body, "call->result = ");
    if (a->calls_through) {
        struct type *f = type_decay(l->unit, call->a->type);
        code_text(l, s, "%s;\n", type_print(l->unit, file_type(l, f), "function"));
        code_text(l, body, "call->function(");
    } else {
        code_text(l, body, "%s(", skip_parens(call->a)->name);
    }
    for (int i = 0; i < call->arg_count; i++) {
        const char *member = arena_printf(l->arena, "arg_%d", i + 1);
        struct type *t = argument_type(l, call, i);
        aligns |= type_may_align(l->unit, t);
        code_text(l, s, "%s;\n", type_print(l->unit, t, member));
        code_text(l, body, "%scall->%s", i ? ", " : "", member);
    }
    if (has_result)
        code_text(l, s, "%s;\n", type_print(l->unit, result, "result"));
    code_text(l, s, "};\n");
    code_text(l, body, is_filled ? ")}, sizeof call->result);\n}\n" : ");\n}\n");
    code_append(l, s, body);
    list_add(l->arena, &l->helpers, s);
    if (aligns)
        note_job_limit(l, call->first, a->job_type);
    a->job_run = arena_printf(l->arena, "bide__run_%s", id);
    return arena_printf(l->arena, "%s %s", a->job_type, name);
}

void copy_job_literal(struct lower *l, struct code *to, struct awaitable *a)
{
    code_text(l, to, "(%s){.job.run = %s", a->job_type, a->job_run);
    if (job_owns(a))
        code_text(l, to, ", .job.owns = BIDE__JOB_OWNS");
    for (int i = 0; i < a->operand_count; i++) {
        int arg = i - a->calls_through;
        if (arg < 0)
            code_text(l, to, ", .function = ");
        else
            code_text(l, to, ", .arg_%d = ", arg + 1);
        copy_argument(l, to, a->operand[i].expr);
    }
    code_text(l, to, "}");
}

/* A struct with a const member cannot be assigned. */
static bool job_can_be_assigned(struct lower *l, struct awaitable *a)
{
    struct expr *call = skip_parens(a->call->arg[0]);
    bool has_const = type_has_const_member(call->type);
    for (int i = 0; i < call->arg_count && !has_const; i++)
        has_const = type_has_const_member(argument_type(l, call, i));
    return !has_const;
}

void set_up_job(struct lower *l, struct awaitable *a)
{
    bool assign = job_can_be_assigned(l, a);
    code_text(l, l->at->out, assign ? "\n%s = " : "\n__builtin_memcpy(&%s, &", a->job);
    copy_job_literal(l, l->at->out, a);
    if (!assign)
        code_text(l, l->at->out, ", sizeof %s)", a->job);
    code_text(l, l->at->out, ";\n");
}

/* ---- start and suspend ---- */

/* The start function that the descriptor names, cast to its type. */
static void append_start_of_reference(struct lower *l, struct code *to, struct awaitable *a)
{
    const struct type *f = a->function;
    struct type *result = file_type(l, type_unqualified(l->unit, f->base));
    code_text(l, to, "((enum bide_poll (*)(struct bide_cx *, struct bide_frame *, %s",
              type_print(l->unit, type_pointer(l->unit, result), ""));
    for (int i = 0; i < f->param_count; i++) {
        struct type *t = file_type(l, type_unqualified(l->unit, f->param[i].type));
        code_text(l, to, ", %s", type_print(l->unit, t, ""));
    }
    code_text(l, to, "))(");
    if (a->through)
        code_text(l, to, "%s", a->through);
    else
        copy_descriptor(l, to, a->call);
    code_text(l, to, ")->start)(");
}

void append_refused_through(struct lower *l, struct code *to, const struct awaitable *a,
                            const char *cx, const char *result)
{
    code_text(l, to, "bide__refused_through(%s, ", cx);
    if (a->through)
        code_text(l, to, "%s = ", a->through);
    copy_descriptor(l, to, a->call);
    code_text(l, to, ", %s%s)", result ? "&" : "", result ? result : null_text(l->unit));
}

void append_start(struct lower *l, struct code *to, struct awaitable *a, const char *cx,
                  const char *parent, const char *slot)
{
    const char *null = null_text(l->unit);
    bool through = a->calls_through && !a->job;
    if (through)
        append_start_of_reference(l, to, a);
    else
        code_text(l, to, "bide__start_%s(", a->start ? a->start : a->name);
    code_text(l, to, "%s, %s, %s%s", cx, parent ? parent : null, slot ? "&" : "",
              slot ? slot : null);
    if (a->job) {
        code_text(l, to, ", &%s.job)", a->job);
        return;
    }
    bool is_get = a->call->kind == EX_FORM && a->call->form == FORM_GET;
    bool by_address = is_get || (a->call->kind == EX_FORM && a->call->form == FORM_TASK_JOIN);
    if (is_get)
        code_text(l, to, ", &bide__desc_%s", a->name);
    for (int i = through; i < a->operand_count; i++) {
        if (by_address && i == 0) {
            code_text(l, to, ", &");
            copy_expr(l, to, a->operand[i].expr);
        } else {
            code_text(l, to, ", ");
            copy_argument(l, to, a->operand[i].expr);
        }
    }
    code_text(l, to, ")");
}

bool may_unwind(const struct lower *l)
{
    return l->unwinds && !l->returns && l->at->shield == 0;
}

void append_suspend(struct lower *l, const struct code *call, uint32_t token,
                    const struct code *at_resume)
{
    struct suspend *s = arena_alloc(l->arena, sizeof *s);
    bool unwinds = may_unwind(l);

    list_add(l->arena, &l->suspends, s);
    s->state = l->suspends.count;
    s->token = token;
    s->line = l->unit->token[token].line;
    s->shielded = l->at->shield > 0;
    s->label = name_free(l, arena_printf(l->arena, "resume_%u", s->state));
    s->has_more = unwinds;
    code_text(l, l->at->out, "\nif (");
    code_append(l, l->at->out, call);
    code_text(l, l->at->out, " == BIDE_PENDING) {\n");
    code_thing(l, l->at->out, PC_SUSPEND, s);
    if (unwinds && !l->at->links && !l->at->held && !at_resume) {
        code_text(l, l->at->out,
                  "\nif (bide__unwinding(%s))\n    return bide_frame_finish(%s, &%s->h);\n", l->cx,
                  l->cx, l->frame);
    } else if (unwinds) {
        uint32_t skip = flow_label(l);
        code_text(l, l->at->out, "\nif (bide__unwinding(%s)) {\n", l->cx);
        code_flow(l, l->at->out, PC_BRANCH, skip);
        code_append(l, l->at->out, at_resume);
        release_held(l, NULL);
        leave(l, EXIT_UNWIND, NULL, NULL);
        code_text(l, l->at->out, "\n}\n");
        code_flow(l, l->at->out, PC_LABEL, skip);
    }
    code_text(l, l->at->out, "\n}\n");
}

bool may_refuse(const struct lower *l)
{
    return l->returns && l->at->shield == 0;
}

const char *refused_text(struct lower *l, const char *result, const struct type *type)
{
    if (!result)
        return arena_printf(l->arena, "bide__refused(%s, %s, 0, 0)", l->cx, null_text(l->unit));
    return arena_printf(l->arena, "bide__refused(%s, &%s, sizeof %s, %s)", l->cx, result, result,
                        type_is_signed(l->unit, type) ? "BIDE_FN_RESULT_SIGNED" : "0");
}

/* `if (refused) { release the arguments } else `. What follows is the `if` of the await. */
static void append_refusal(struct lower *l, const struct awaitable *a, const struct code *refused,
                           uint32_t end)
{
    uint32_t other = flow_label(l);

    code_text(l, l->at->out, "\nif (");
    code_append(l, l->at->out, refused);
    code_text(l, l->at->out, ") {\n");
    code_flow(l, l->at->out, PC_BRANCH, other);
    release_arguments(l, a);
    code_text(l, l->at->out, "\n} else ");
    code_flow(l, l->at->out, PC_JUMP, end);
    code_flow(l, l->at->out, PC_LABEL, other);
}

/* Why the await may start nothing: `bide__refused(...) || bide__refused_through(...)`. NULL: it
 * always may. */
static struct code *refusal_of(struct lower *l, struct awaitable *a, struct expr *await,
                               const char *result)
{
    bool through = a->calls_through && !a->job;
    struct code *refused = code_new(l);

    if (!may_refuse(l) && !through)
        return NULL;
    if (may_refuse(l))
        code_text(l, refused, "%s", refused_text(l, result, await->type));
    if (may_refuse(l) && through)
        code_text(l, refused, " || ");
    if (through) { /* the pointer is read once */
        a->through = name_new(l, "through");
        code_text(l, l->head, "\nconst struct bide_fn *%s;", a->through);
        append_refused_through(l, refused, a, l->cx, result);
    }
    return refused;
}

static void lower_one(struct lower *l, struct expr *await)
{
    struct expr *inner = skip_parens(await->a);
    struct awaitable a;
    struct code *call = code_new(l), *value = code_new(l), *refused;
    const char *slot = NULL;
    struct held *held = l->at->held;
    uint32_t end = flow_label(l);
    set_code(l, await, value);
    if (!awaitable_of(l, inner, &a))
        return;
    bool keeps = a.borrows || may_refuse(l) || (a.calls_through && is_given_owner(inner));
    prepare_operands(l, a.operand, a.operand_count, keeps);
    for (int i = 0; i < a.operand_count; i++)
        keep_temporaries(l, a.operand[i].expr);
    if (!a.borrows)
        l->at->held = held;
    if (makes_job(inner)) {
        const char *name = arena_printf(l->arena, "blocking_%u", l->work->jobs + 1);
        a.job = result_member(l, name, job_declaration(l, &a, name));
        set_up_job(l, &a);
        slot = NULL;
    } else if (a.result && needs_slot(l->unit, a.result, expr_info_of(l, await)->unused)) {
        slot = result_slot(l, a.slot ? a.slot : a.name, a.result);
    }
    const char *result = slot;
    if (a.job && await->type->kind != TY_VOID)
        result = arena_printf(l->arena, "%s.result", a.job);
    refused = refusal_of(l, &a, await, result);
    if (refused && takes_owner(&a) && !a.borrows) { /* what is borrowed is released below */
        append_refusal(l, &a, refused, end);
    } else if (refused) {
        code_text(l, call, "!(");
        code_append(l, call, refused);
        code_text(l, call, ") && ");
    }
    append_start(l, call, &a, l->cx, arena_printf(l->arena, "&%s->h", l->frame), slot);
    append_suspend(l, call, await->first, NULL);
    code_flow(l, l->at->out, PC_LABEL, end);
    l->at->held = held;
    if (a.borrows)
        release_arguments(l, &a);
    if (may_refuse(l) && result && !slot) /* a cancelled job leaves no result */
        code_text(l, l->at->out, "\n(void)%s;\n", refused_text(l, result, await->type));
    if (!a.calls_through || a.job)
        add_callee(l, a.name, 0);
    else
        l->calls_through = true;
    if (result)
        code_text(l, value, "%s", result);
    else
        code_text(l, value, "(void)0");
}

void lower_await(struct lower *l, struct expr *await)
{
    struct expr *inner = skip_parens(await->a), *outer = l->at->awaiting;

    l->at->awaiting = await;
    if (inner->kind == EX_FORM && inner->form >= FORM_JOIN && inner->form <= FORM_TIMEOUT_AT)
        lower_group(l, await, inner);
    else
        lower_one(l, await);
    l->at->awaiting = outer;
}
