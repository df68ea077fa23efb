/*
 * The forms that need no statement of their own: spawn, lazy, block_on, and what is done to handles
 * (owner.c). They become calls of functions of bide/abi.h in place, also in plain functions.
 */
#include "inside.h"

#include <string.h>

struct symbol *async_callee(const struct expr *call)
{
    if (!call || call->kind != EX_CALL)
        return NULL;
    const struct expr *f = skip_parens(call->a);
    if (f->kind == EX_UNARY && (f->op == '*' || f->op == '&'))
        f = skip_parens(f->a);
    struct symbol *s = f->kind == EX_IDENT ? f->symbol : NULL;
    return s && s->kind == SYM_FUNCTION && s->is_async ? s : NULL;
}

struct type *async_callee_type(const struct expr *call)
{
    struct symbol *fn = async_callee(call);
    if (fn)
        return fn->type;
    struct expr *ref = call && call->kind == EX_CALL ? called_reference(call) : NULL;
    return ref ? type_reference_target(ref->type) : NULL;
}

static struct expr *first_argument(struct expr *form)
{
    return form->arg_count ? skip_parens(form->arg[0]) : NULL;
}

/* ---- references ---- */

const char *reference_text(struct unit *u, const struct expr *ref)
{
    const struct symbol *fn = skip_parens(ref->arg[0])->symbol;
    return arena_printf(u->arena, "((%s)&bide__desc_%s)", type_print(u, ref->type, ""), fn->name);
}

void copy_descriptor(struct lower *l, struct code *to, struct expr *call)
{
    struct symbol *fn = async_callee(call);
    struct expr *ref = fn ? NULL : called_reference(call);
    if (fn) {
        code_text(l, to, "&bide__desc_%s", fn->name);
        return;
    }
    bool name = skip_parens(ref)->kind == EX_IDENT;
    code_text(l, to, name ? "(const struct bide_fn *)" : "(const struct bide_fn *)(");
    copy_expr(l, to, ref);
    code_text(l, to, name ? "" : ")");
}

/* The arguments of a function of which only the type is known: a struct with the layout of struct
 * bide__args_f for every such f. */
static const char *args_type(struct lower *l, const struct type *fn)
{
    char *s = arena_printf(l->arena, "struct { ");
    for (int i = 0; i < fn->param_count; i++) {
        struct type *t = file_type(l, type_unqualified(l->unit, fn->param[i].type));
        s = arena_printf(l->arena, "%s%s; ", s,
                         type_print(l->unit, t, arena_printf(l->arena, "arg_%d", i + 1)));
    }
    return arena_printf(l->arena, "%s}", s);
}

/* The call or block that a form starts, or NULL. */
static struct expr *started_by(struct expr *e)
{
    int i = form_call(e->form);
    bool starts = form_spawns(e->form) || form_adds(e->form) || e->form == FORM_BLOCK_ON ||
                  e->form == FORM_LAZY;
    return starts && e->arg_count > i ? skip_parens(e->arg[i]) : NULL;
}

void prepare_form(struct lower *l, struct expr *e)
{
    struct expr *inner = started_by(e);
    bool is_call = inner && inner->kind == EX_CALL;
    struct expr *ref = is_call && !async_callee(inner) ? called_reference(inner) : NULL;
    int before = is_call ? form_call(e->form) : e->arg_count, count = before;
    int room = before + (is_call ? inner->arg_count : 0) + 2;
    struct operand *o = arena_alloc(l->arena, (size_t)room * sizeof *o);

    if (e->form == FORM_REF || e->form == FORM_CALLER)
        return;
    if (e->form == FORM_SPAWN_BLOCKING) {
        prepare_spawn_blocking(l, e);
        return;
    }
    for (int i = 0; i < before; i++)
        o[i] = (struct operand){e->arg[i], e->arg[i]->is_lvalue && i == 0 && !is_call};
    if (ref)
        o[count++] = (struct operand){ref, false};
    for (int i = 0; is_call && i < inner->arg_count; i++)
        o[count++] = (struct operand){inner->arg[i], false};
    if (e->a)
        o[count++] = (struct operand){e->a, false};
    prepare_operands(l, o, count, false);
}

/* ---- arguments ---- */

static void copy_args_literal(struct lower *l, struct code *to, struct expr *call)
{
    struct symbol *fn = async_callee(call);
    if (call->arg_count == 0) {
        code_text(l, to, "%s", null_text(l->unit));
        return;
    }
    if (fn)
        code_text(l, to, "&(struct bide__args_%s){", fn->name);
    else
        code_text(l, to, "&(%s){", args_type(l, async_callee_type(call)));
    for (int i = 0; i < call->arg_count; i++) {
        if (i)
            code_text(l, to, ", ");
        copy_argument(l, to, call->arg[i]);
    }
    code_text(l, to, "}");
}

static bool has_array(struct lower *l, struct function *block)
{
    for (uint32_t i = 0; i < block->captures.count; i++) {
        struct var *v = var_of(l, block->captures.item[i]);
        if (v && v->type->kind == TY_ARRAY)
            return true;
    }
    return false;
}

void copy_capture(struct lower *l, struct code *to, struct symbol *s)
{
    struct var *v = var_of(l, s);
    if (!v)
        code_text(l, to, "&%s", s->name); /* a static variable, by address */
    else if (v->by_address)
        code_text(l, to, "%s", v->name);
    else
        code_add(l, to, PC_VAR, v);
    if (v)
        code_add(l, to, PC_USE, v);
}

/* The key of a child of a map, and what the map must know of it: its size, and whether it is a
 * string. */
static void copy_key(struct lower *l, struct code *to, struct expr *e)
{
    struct type *key = file_type(l, type_unqualified(l->unit, type_map_key(e->arg[0]->type)));
    bool is_text = key->kind == TY_POINTER && key->base->kind == TY_CHAR;

    copy_argument(l, to, e->arg[1]);
    code_text(l, to, ", sizeof(%s), %d, ", type_print(l->unit, key, ""), is_text);
}

void begin_named(struct lower *l, struct code *to, const char *spawn, struct expr *name)
{
    code_text(l, to, name ? "%s_named(" : "%s(", spawn);
    if (!name)
        return;
    copy_argument(l, to, name);
    code_text(l, to, ", ");
}

/* The same with where the task is made: `bide__scope_spawn(s, ` for example. */
static void begin_spawn(struct lower *l, struct code *to, struct expr *e)
{
    static const char *const names[FORM_COUNT] = {
        [FORM_SPAWN] = "bide__spawn",
        [FORM_SPAWN_ON] = "bide__spawn_on",
        [FORM_SPAWN_AT] = "bide__spawn_at",
        [FORM_SPAWN_LOCAL] = "bide__spawn_local",
        [FORM_SPAWN_LOW] = "bide__spawn_low",
        [FORM_LAZY] = "bide__lazy",
        [FORM_SCOPE_SPAWN] = "bide__scope_spawn",
        [FORM_TASK_SET_SPAWN] = "bide__task_set_spawn",
        [FORM_TASK_MAP_SPAWN] = "bide__task_map_spawn",
        [FORM_FUTURE_SET_ADD] = "bide__future_set_add",
    };
    begin_named(l, to, names[e->form], e->a);
    if (form_call(e->form) == 0)
        return;
    copy_argument(l, to, e->arg[0]);
    code_text(l, to, ", ");
    if (e->form == FORM_TASK_MAP_SPAWN)
        copy_key(l, to, e);
}

/* Arrays cannot be initialised from arrays: the arguments become a variable. */
static void spawn_with_arrays(struct lower *l, struct code *to, struct expr *e,
                              struct function *block)
{
    const char *args = name_new(l, "args");
    bool first = true;
    code_text(l, to, "__extension__({\nstruct bide__args_%s %s = {", block->name, args);
    for (uint32_t i = 0; i < block->captures.count; i++) {
        struct symbol *s = block->captures.item[i];
        struct var *v = var_of(l, s);
        if (v && v->type->kind == TY_ARRAY)
            continue;
        code_text(l, to, "%s.%s = ", first ? "" : ", ", s->name);
        copy_capture(l, to, s);
        first = false;
    }
    code_text(l, to, "%s};\n", first ? "0" : "");
    for (uint32_t i = 0; i < block->captures.count; i++) {
        struct symbol *s = block->captures.item[i];
        struct var *v = var_of(l, s);
        if (!v || v->type->kind != TY_ARRAY)
            continue;
        code_text(l, to, "__builtin_memcpy(&%s.%s, &", args, s->name);
        code_add(l, to, PC_VAR, v);
        code_text(l, to, ", sizeof %s.%s);\n", args, s->name);
    }
    begin_spawn(l, to, e);
    code_text(l, to, "&bide__desc_%s, &%s);\n})", block->name, args);
}

static void spawn_block(struct lower *l, struct code *to, struct expr *e, struct function *block)
{
    if (has_array(l, block)) {
        spawn_with_arrays(l, to, e, block);
        return;
    }
    begin_spawn(l, to, e);
    code_text(l, to, "&bide__desc_%s, ", block->name);
    if (block->captures.count == 0) {
        code_text(l, to, "%s)", null_text(l->unit));
        return;
    }
    code_text(l, to, "&(struct bide__args_%s){", block->name);
    for (uint32_t i = 0; i < block->captures.count; i++) {
        if (i)
            code_text(l, to, ", ");
        copy_capture(l, to, block->captures.item[i]);
    }
    code_text(l, to, "})");
}

/* ---- spawn, lazy and block_on ---- */

/* The spawns and bide_lazy. */
static void copy_spawn(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    struct expr *inner = e->form == FORM_SPAWN_BLOCKING ? first_argument(e) : started_by(e);
    bool is_block = inner && inner->kind == EX_BLOCK, blocks = e->form == FORM_SPAWN_BLOCKING;

    if (!blocks && !is_block && !async_callee_type(inner)) {
        diag(l->unit, SEV_ERROR, e->first,
             "%s needs a call of an async function, or an async block",
             l->unit->token[e->first].text);
        return;
    }
    bool is_released = unused && type_is_owner(e->type);
    if (is_released)
        code_text(l, to, "%s(", release_name(e->type));
    else if (unused)
        code_text(l, to, "(void)");
    else if (!expr_info_of(l, e)->is_converted)
        code_text(l, to, "(%s)", type_print(l->unit, e->type, ""));
    bool is_placed = e->form != FORM_FUTURE_SET_ADD;
    if (is_placed)
        code_text(l, to, "(bide__%s_at(\"%s:%u\"), ", e->form == FORM_LAZY ? "made" : "spawned",
                  file_text(l->unit, e->first), l->unit->token[e->first].line);
    if (blocks) {
        copy_spawn_blocking(l, to, e);
    } else if (is_block) {
        spawn_block(l, to, e, inner->block);
    } else {
        begin_spawn(l, to, e);
        copy_descriptor(l, to, inner);
        code_text(l, to, ", ");
        copy_args_literal(l, to, inner);
        code_text(l, to, ")");
    }
    if (is_placed)
        code_text(l, to, ")");
    if (is_released)
        code_text(l, to, ")");
}

static void copy_block_on(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    struct expr *call = first_argument(e);
    struct type *fn = async_callee_type(call);
    if (!fn) {
        diag(l->unit, SEV_ERROR, e->first, "bide_block_on needs a call of an async function");
        return;
    }
    bool is_void = fn->base->kind == TY_VOID;
    const char *value = is_void ? NULL : name_new(l, "value");
    bool is_released = unused && type_is_owner(fn->base);
    if (is_released)
        code_text(l, to, "%s(", release_name(fn->base));
    if (!is_void)
        code_text(l, to, "%s__extension__({ %s; ", unused && !is_released ? "(void)" : "",
                  type_print(l->unit, type_unqualified(l->unit, fn->base), value));
    code_text(l, to, "bide__block_on(");
    copy_descriptor(l, to, call);
    code_text(l, to, ", ");
    copy_args_literal(l, to, call);
    if (is_void)
        code_text(l, to, ", %s)", null_text(l->unit));
    else
        code_text(l, to, ", &%s); %s; })%s", value, value, is_released ? ")" : "");
}

/* bide_task_abort, bide_task_finished. A task that no variable owns is released. */
static void copy_look(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    struct expr *task = e->arg[0];
    const char *what = e->form == FORM_TASK_ABORT ? "abort" : "finished";
    bool has_value = e->form != FORM_TASK_ABORT && !unused;
    if (task->is_constant || !is_owned_value(task)) {
        code_text(l, to, "bide__task_%s(", what);
        copy_argument(l, to, task);
        code_text(l, to, ")");
        return;
    }
    const char *name = name_new(l, "task"), *value = name_new(l, "value");
    code_text(l, to, "__extension__({ void *%s = ", name);
    copy_argument(l, to, task);
    code_text(l, to, "; ");
    if (has_value)
        code_text(l, to, "int %s = ", value);
    code_text(l, to, "bide__task_%s(%s); bide__task_release(%s); ", what, name, name);
    code_text(l, to, has_value ? "%s; })" : "})", value);
}

void copy_form(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    switch (e->form) {
    case FORM_SPAWN:
    case FORM_SPAWN_ON:
    case FORM_SPAWN_AT:
    case FORM_SPAWN_LOCAL:
    case FORM_SPAWN_LOW:
    case FORM_SPAWN_BLOCKING:
    case FORM_SCOPE_SPAWN:
    case FORM_TASK_SET_SPAWN:
    case FORM_TASK_MAP_SPAWN:
    case FORM_FUTURE_SET_ADD:
    case FORM_LAZY: copy_spawn(l, to, e, unused); break;
    case FORM_SCOPE_CANCEL:
        code_text(l, to, "bide__scope_cancel(");
        copy_argument(l, to, e->arg[0]);
        code_text(l, to, ")");
        break;
    case FORM_BLOCK_ON: copy_block_on(l, to, e, unused); break;
    case FORM_TASK_DETACH:
    case FORM_DROP: copy_release(l, to, e); break;
    case FORM_MOVE: copy_move(l, to, e, unused); break;
    case FORM_TASK_ABORT:
    case FORM_TASK_FINISHED: copy_look(l, to, e, unused); break;
    case FORM_CALLER: copy_caller(l, to, e); break;
    default: break; /* an await, or a branch */
    }
}
