/*
 * join, try_join, select and timeout. What the branches need (places to assign to, then arguments)
 * is
 * evaluated first, from left to right, and kept; then the group is pushed, each branch started, and
 * the group awaited as a leaf. Results stay in slots of the group's own until it is done: only then
 * are they assigned, to all branches that returned, also when the awaiting function unwinds and has
 * deferred blocks that may look.
 *
 * A timeout is a biased select of the branch and bide_sleep.
 */
#include "lower.h"

enum { BRANCHES_MAX = 32 };

struct branch {
    struct expr *place; /* NULL: the result is dropped */
    struct awaitable call;
    const char *slot; /* expression; NULL: no result */
};

struct group {
    struct lower *l;
    enum form form;
    struct branch branch[BRANCHES_MAX];
    int count;
    const char *name;   /* of its member in the union: join_1 */
    const char *prefix; /* frame->result.join_1 */
    struct code *members;
    struct list member_names;
    const char *variable; /* that points to it */
    struct expr *duration;
};

static const char *const kinds[] = {
    [FORM_JOIN] = "BIDE_JOIN",
    [FORM_TRY_JOIN] = "BIDE_TRY_JOIN",
    [FORM_SELECT] = "BIDE_SELECT",
    [FORM_SELECT_BIASED] = "BIDE_SELECT_BIASED",
    [FORM_TIMEOUT] = "BIDE_SELECT_BIASED",
};

static const char *const stems[] = {
    [FORM_JOIN] = "join",
    [FORM_TRY_JOIN] = "try_join",
    [FORM_SELECT] = "select",
    [FORM_SELECT_BIASED] = "select",
    [FORM_TIMEOUT] = "timeout",
};

static bool parse_branch(struct group *g, struct expr *e)
{
    struct lower *l = g->l;
    struct branch *b = &g->branch[g->count];

    e = bare(e);
    if (e->kind == EX_ASSIGN && e->op == '=') {
        b->place = e->a;
        e = bare(e->b);
    }
    if (e->kind == EX_AWAIT)
        e = bare(e->a);
    if (e->kind != EX_CALL && e->kind != EX_FORM) {
        diag(l->unit, SEV_ERROR, e->first, "a branch is a call or an assignment from one; "
                                           "anything else is not supported yet");
        return false;
    }
    if (!awaitable_of(l, e, &b->call))
        return false;
    g->count++;
    return true;
}

static bool parse_branches(struct group *g, struct expr *form)
{
    int first = form->form == FORM_TIMEOUT ? 1 : 0;

    if (first && form->arg_count)
        g->duration = form->arg[0];
    if (form->arg_count - first > BRANCHES_MAX) {
        diag(g->l->unit, SEV_ERROR, form->first, "more than %d branches", BRANCHES_MAX);
        return false;
    }
    for (int i = first; i < form->arg_count; i++)
        if (!parse_branch(g, form->arg[i]))
            return false;
    return true;
}

static void prepare_branches(struct group *g)
{
    struct lower *l = g->l;
    int count = 1, n = 0;

    for (int i = 0; i < g->count; i++)
        count += 1 + g->branch[i].call.operand_count;
    struct operand *o = arena_alloc(l->arena, (size_t)count * sizeof *o);
    if (g->duration)
        o[n++] = (struct operand){g->duration, false};
    for (int i = 0; i < g->count; i++) {
        struct branch *b = &g->branch[i];
        if (b->place)
            o[n++] = (struct operand){b->place, true};
        for (int k = 0; k < b->call.operand_count; k++)
            o[n++] = b->call.operand[k];
    }
    prepare_operands(l, o, n, true);
}

/* ---- slots ---- */

static const char *member_name(struct group *g, const char *wanted)
{
    for (int n = 1;; n++) {
        char *name = n == 1 ? arena_printf(g->l->arena, "%s", wanted)
                            : arena_printf(g->l->arena, "%s_%d", wanted, n);
        const char *text = intern(g->l->arena, name, __builtin_strlen(name));
        bool taken = false;
        for (uint32_t i = 0; i < g->member_names.count; i++)
            taken |= g->member_names.item[i] == text;
        if (taken)
            continue;
        list_add(g->l->arena, &g->member_names, (void *)(uintptr_t)text);
        return text;
    }
}

static void branch_slot(struct group *g, struct branch *b)
{
    struct lower *l = g->l;
    struct expr *call = b->call.call;

    if (call->kind == EX_FORM && call->form == FORM_BLOCKING) {
        const char *name = member_name(g, "blocking");
        code_text(l, g->members, " %s;", job_declaration(l, &b->call, name));
        b->call.job = arena_printf(l->arena, "%s.%s", g->prefix, name);
        if (call->type->kind != TY_VOID)
            b->slot = arena_printf(l->arena, "%s.result", b->call.job);
        return;
    }
    if (!b->call.result)
        return;
    struct expr *place = b->place ? bare(b->place) : NULL;
    const char *wanted = place && place->kind == EX_IDENT ? place->name : b->call.name;
    const char *name = member_name(g, wanted);
    struct type *t = file_type(l, type_unqualified(l->unit, b->call.result));
    l->slots_may_align |= type_may_align(l, t);
    code_text(l, g->members, " %s;", type_print(l->unit, t, name));
    b->slot = arena_printf(l->arena, "%s.%s", g->prefix, name);
}

static const char *code_string(struct lower *l, const struct code *code)
{
    char *s = arena_printf(l->arena, "%s", "");
    for (uint32_t i = 0; i < code->count; i++)
        if (code->piece[i].kind == PC_TEXT)
            s = arena_printf(l->arena, "%s%s", s, code->piece[i].text);
    return s;
}

static void make_slots(struct group *g)
{
    struct lower *l = g->l;

    g->name = arena_printf(l->arena, "%s_%u", stems[g->form], l->groups);
    g->prefix = arena_printf(l->arena, "%s->result.%s", l->frame, g->name);
    g->members = code_new(l);
    code_text(l, g->members, "struct { struct bide_group_result %s;", member_name(g, "group"));
    for (int i = 0; i < g->count; i++)
        branch_slot(g, &g->branch[i]);
    if (g->duration)
        code_text(l, g->members, " int %s;", member_name(g, "sleep"));
    code_text(l, g->members, " } %s", g->name);
    result_member(l, g->name, code_string(l, g->members));
}

/* ---- starting ---- */

static void append_starts(struct group *g)
{
    struct lower *l = g->l;
    const char *i = name_new(l, "branch"), *sub = name_new(l, "sub");
    const char *group = name_new(l, "group"), *fns = name_new(l, "fns");
    int count = g->count + (g->duration != NULL);
    struct code *out = l->out;

    code_text(l, out, "\nstatic const struct bide_fn *const %s[] = {", fns);
    for (int k = 0; k < g->count; k++) {
        code_text(l, out, "%s&bide__desc_%s", k ? ", " : "", g->branch[k].call.name);
        add_callee(l, g->branch[k].call.name, l->groups);
    }
    if (g->duration) {
        code_text(l, out, ", &bide__desc_bide_sleep");
        add_callee(l, "bide_sleep", l->groups);
    }
    code_text(l, out, "};\nstruct bide_cx %s;\n", sub);
    code_text(l, out, "struct bide_group *%s =\n    bide__group_push(%s, %s, %d, %s, &%s->h, &%s.group);\n",
              group, l->cx, kinds[g->form], count, fns, l->frame, g->prefix);
    code_text(l, out, "for (int %s; (%s = bide__group_next(%s, %s, &%s)) >= 0;) {\nswitch (%s) {\n", i,
              i, group, l->cx, sub, i);
    for (int k = 0; k < g->count; k++) {
        struct branch *b = &g->branch[k];
        code_text(l, out, "case %d:\nbide__group_started(%s, ", k, group);
        append_start(l, out, &b->call, arena_printf(l->arena, "&%s", sub), NULL,
                     b->call.job ? NULL : b->slot);
        code_text(l, out, ");\nbreak;\n");
    }
    if (g->duration) {
        code_text(l, out, "case %d:\nbide__group_started(%s, bide__start_bide_sleep(&%s, %s, &%s.sleep, ",
                  g->count, group, sub, null_text(l->unit), g->prefix);
        copy_argument(l, out, g->duration);
        code_text(l, out, "));\nbreak;\n");
    }
    code_text(l, out, "}\n}\n");
    g->variable = group;
}

/* ---- results ---- */

/* `place = slot`, of one branch; `bit`: only if the branch has returned. */
static void append_result(struct group *g, struct code *to, int k, bool if_done)
{
    struct lower *l = g->l;
    struct branch *b = &g->branch[k];
    struct var *v = base_var(l, b->place);
    bool whole = bare(b->place)->kind == EX_IDENT;

    if (if_done)
        code_text(l, to, "\nif (%s.group.branch_done & 1u << %d) {\n", g->prefix, k);
    else
        code_text(l, to, "\n");
    copy_expr(l, to, b->place);
    code_text(l, to, if_done ? " = %s;\n}\n" : " = %s;\n", b->slot);
    if (v)
        code_add(l, to, v->by_address ? PC_USE : !whole ? PC_TOUCH : if_done ? PC_MAYBE : PC_DEF, v);
}

static struct code *results(struct group *g, bool if_done)
{
    struct code *code = code_new(g->l);
    for (int k = 0; k < g->count; k++)
        if (g->branch[k].place && g->branch[k].slot)
            append_result(g, code, k, if_done);
    return code;
}

void lower_group(struct lower *l, struct expr *await, struct expr *form)
{
    struct group *g = arena_alloc(l->arena, sizeof *g);
    struct code *value = code_new(l), *run = code_new(l);

    set_code(l, await, value);
    g->l = l;
    g->form = form->form;
    if (!parse_branches(g, form) || g->count == 0)
        return;
    l->groups++;
    prepare_branches(g);
    make_slots(g);
    code_text(l, l->out, "\n{\n");
    for (int k = 0; k < g->count; k++)
        if (g->branch[k].call.job)
            set_up_job(l, &g->branch[k].call);
    append_starts(g);
    code_text(l, run, "bide__group_run(%s, %s)", l->cx, g->variable);
    append_suspend(l, run, await->first, results(g, true));
    code_text(l, l->out, "\n}\n");
    code_append(l, l->out, results(g, g->form != FORM_JOIN));
    if (g->form == FORM_TIMEOUT)
        code_text(l, value, "(%s.group.value == 0 ? 0 : %s)", g->prefix, timed_out_text(l->unit));
    else if (g->form == FORM_JOIN)
        code_text(l, value, "(void)0");
    else
        code_text(l, value, "%s.group.value", g->prefix);
}
