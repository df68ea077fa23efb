/*
 * join, try_join, select and timeout. The operands of the branches (guards, places to assign to,
 * then arguments) are evaluated first, from left to right, and kept. Then the group is pushed, each
 * branch is started, and the group is awaited as a leaf. The operands of a branch with a guard are
 * evaluated only if the guard holds; they are kept in the frame, where compilers do not warn that
 * they may have no value. Results stay in slots of the group until it is done. Then the results of
 * all branches that returned are assigned, also if the awaiting function unwinds and has deferred
 * blocks that may read them.
 *
 * A timeout is a biased select of the branch and bide_sleep or bide_sleep_until. A branch that is
 * a statement expression is a function of its own, which works on this function's frame
 * (branch.c). A group that is a branch is the leaf of the branch's chain. Its slots are inside the
 * slots of the outer group, and its descriptor only lists its branches, so that their room is
 * known.
 */
#include "group.h"

static const char *const kinds[] = {
    [FORM_JOIN] = "BIDE_JOIN",       [FORM_TRY_JOIN] = "BIDE_TRY_JOIN",
    [FORM_SELECT] = "BIDE_SELECT",   [FORM_SELECT_BIASED] = "BIDE_SELECT_BIASED",
    [FORM_TIMEOUT] = "BIDE_TIMEOUT", [FORM_TIMEOUT_AT] = "BIDE_TIMEOUT",
};

static const char *const stems[] = {
    [FORM_JOIN] = "join",       [FORM_TRY_JOIN] = "try_join",
    [FORM_SELECT] = "select",   [FORM_SELECT_BIASED] = "select",
    [FORM_TIMEOUT] = "timeout", [FORM_TIMEOUT_AT] = "timeout",
};

/* ---- branches ---- */

static struct group *parse_group(struct lower *, struct expr *form);

static bool is_group(const struct expr *e)
{
    return e->kind == EX_FORM && e->form >= FORM_JOIN && e->form <= FORM_TIMEOUT_AT;
}

static bool parse_branch(struct group *g, struct expr *e)
{
    struct lower *l = g->l;
    struct branch *b = &g->branch[g->count];

    e = skip_parens(e);
    if (e->kind == EX_FORM && e->form == FORM_IF && e->arg_count == 2) {
        b->guard = e->arg[0];
        e = skip_parens(e->arg[1]);
    }
    if (e->kind == EX_ASSIGN && e->op == '=') {
        b->place = e->a;
        e = skip_parens(e->b);
    }
    if (e->kind == EX_AWAIT)
        e = skip_parens(e->a);
    if (e->kind == EX_BLOCK && e->block->is_branch) {
        b->body = e->block;
        list_add(l->arena, &l->branches, e->block);
        g->count++;
        return true;
    }
    if (e->kind != EX_CALL && e->kind != EX_FORM) {
        diag(l->unit, SEV_ERROR, e->first,
             "a branch is a call, a statement expression, or an assignment from one");
        return false;
    }
    if (is_group(e)) {
        b->nested = parse_group(l, e);
        if (!b->nested)
            return false;
        b->nested->is_nested = true;
    } else if (!awaitable_of(l, e, &b->call)) {
        return false;
    }
    g->count++;
    return true;
}

static struct group *parse_group(struct lower *l, struct expr *form)
{
    struct group *g = arena_alloc(l->arena, sizeof *g);
    int first = form_is_timeout(form->form) ? 1 : 0;

    g->l = l;
    g->form = form->form;
    g->number = ++l->work->groups;
    g->name = arena_printf(l->arena, "%s_%u", stems[g->form], g->number);
    g->descriptor = arena_printf(l->arena, "%s_%s", l->name, g->name);
    if (first && form->arg_count)
        g->limit = form->arg[0];
    if (form->arg_count - first > BRANCHES_MAX) {
        diag(l->unit, SEV_ERROR, form->first, "more than %d branches", BRANCHES_MAX);
        return NULL;
    }
    for (int i = first; i < form->arg_count; i++)
        if (!parse_branch(g, form->arg[i]))
            return NULL;
    return g->count ? g : NULL;
}

/* ---- operands ---- */

/* Gathers the operands in order; with `to` NULL it only counts them. */
static int operands_of(const struct group *g, struct operand *to)
{
    int n = 0;
    if (g->limit) {
        if (to)
            to[n] = (struct operand){g->limit, false};
        n++;
    }
    for (int i = 0; i < g->count; i++) {
        const struct branch *b = &g->branch[i];
        if (b->guard) {
            if (to)
                to[n] = (struct operand){b->guard, false};
            n++;
        }
        if (b->place) {
            if (to)
                to[n] = (struct operand){b->place, true};
            n++;
        }
        if (b->nested)
            n += operands_of(b->nested, to ? to + n : NULL);
        for (int k = 0; k < b->call.operand_count; k++, n++)
            if (to)
                to[n] = b->call.operand[k];
    }
    return n;
}

/* `int guard_1 = (condition) != 0;` */
static void keep_guard(struct lower *l, struct branch *b)
{
    struct code *value = code_new(l);

    prepare(l, b->guard);
    code_text(l, value, "(");
    copy_expr(l, value, b->guard);
    code_text(l, value, ") != 0");
    b->holds = var_new(l, "guard", type_basic(l->unit, TY_INT), b->guard->first);
    code_temp(l, l->at->out, b->holds, value);
}

/* `if (guard_1) {`, up to end_guarded: what is evaluated for the branch. */
static void begin_guarded(struct lower *l, const struct branch *b, uint32_t end)
{
    code_text(l, l->at->out, "\nif (");
    code_var(l, l->at->out, b->holds);
    code_text(l, l->at->out, ") {\n");
    code_flow(l, l->at->out, PC_BRANCH, end);
}

static void end_guarded(struct lower *l, uint32_t end)
{
    code_text(l, l->at->out, "\n}\n");
    code_flow(l, l->at->out, PC_LABEL, end);
}

/* Between the two: `} else {`, and null for the owners, which are not evaluated in this case. */
static void clear_owners(struct lower *l, const struct operand *o, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++) {
        if (!type_is_owner(o[i].expr->type) || o[i].is_place || !expr_code(o[i].expr))
            continue;
        code_text(l, l->at->out, any ? "" : "\n} else {\n");
        copy_argument(l, l->at->out, o[i].expr);
        code_text(l, l->at->out, " = 0;\n");
        any = true;
    }
}

static int prepare_group(struct group *g, struct operand *o, int total);

/* o: the operands of b after its guard, then the operands of what follows, `total` in all. Returns
 * the number of b's operands. */
static int prepare_branch(struct lower *l, struct branch *b, struct operand *o, int total)
{
    int n = (b->place != NULL) + b->call.operand_count;
    prepare_some(l, o, n, total);
    return b->nested ? n + prepare_group(b->nested, o + n, total - n) : n;
}

static int prepare_guarded(struct lower *l, struct branch *b, struct operand *o, int total)
{
    uint32_t end = flow_label(l);
    bool in_frame = l->at->keeps_in_frame;

    keep_guard(l, b);
    if (!b->place && b->call.operand_count == 0 && !b->nested)
        return 0;
    l->at->keeps_in_frame = true;
    begin_guarded(l, b, end);
    int n = prepare_branch(l, b, o, total);
    clear_owners(l, o, n);
    end_guarded(l, end);
    l->at->keeps_in_frame = in_frame;
    return n;
}

/* o: the operands of g, then the operands of what follows, `total` in all. Returns the number of
 * g's operands. */
static int prepare_group(struct group *g, struct operand *o, int total)
{
    int n = g->limit != NULL;

    prepare_some(g->l, o, n, total);
    for (int i = 0; i < g->count; i++) {
        struct branch *b = &g->branch[i];
        if (b->guard) {
            n++;
            n += prepare_guarded(g->l, b, o + n, total - n);
        } else {
            n += prepare_branch(g->l, b, o + n, total - n);
        }
    }
    return n;
}

static void prepare_branches(struct group *g)
{
    int count = operands_of(g, NULL);
    struct operand *o = arena_alloc(g->l->arena, (size_t)(count + 1) * sizeof *o);
    operands_of(g, o);
    prepare_group(g, o, count);
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

static const char *make_slots(struct group *g, const char *in);

/* The declaration of the member for a branch, "" if it needs no member; sets where its result
 * is. */
static const char *branch_slot(struct group *g, struct branch *b)
{
    struct lower *l = g->l;
    struct expr *call = b->call.call;

    if (b->nested) {
        const char *members = make_slots(b->nested, arena_printf(l->arena, "%s.", g->prefix));
        if (b->nested->form != FORM_JOIN)
            b->slot = arena_printf(l->arena, "%s.group.value", b->nested->prefix);
        return arena_printf(l->arena, " %s;", members);
    }
    if (!b->body && makes_job(call)) {
        const char *name = member_name(g, "blocking");
        const char *member = job_declaration(l, &b->call, name);
        b->call.job = arena_printf(l->arena, "%s.%s", g->prefix, name);
        if (call->type->kind != TY_VOID)
            b->slot = arena_printf(l->arena, "%s.result", b->call.job);
        return arena_printf(l->arena, " %s;", member);
    }
    struct type *result = b->body ? b->body->result : b->call.result;
    bool unused = !b->place && g->form != FORM_TRY_JOIN;
    if (!result || result->kind == TY_VOID || !needs_slot(l->unit, result, unused))
        return "";
    struct expr *place = b->place ? skip_parens(b->place) : NULL;
    const char *wanted = place && place->kind == EX_IDENT ? place->name
                         : b->body                        ? "value"
                         : b->call.slot                   ? b->call.slot
                                                          : b->call.name;
    const char *name = member_name(g, wanted);
    struct type *t = file_type(l, type_unqualified(l->unit, result));
    note_result_limit(l, b->body ? b->body->first : call->first, t);
    b->slot = arena_printf(l->arena, "%s.%s", g->prefix, name);
    return arena_printf(l->arena, " %s;", type_print(l->unit, t, name));
}

/* The declaration of the group's slots as a member; `in`: the beginning of their expression. */
static const char *make_slots(struct group *g, const char *in)
{
    struct lower *l = g->l;
    g->prefix = arena_printf(l->arena, "%s%s", in, g->name);
    char *s =
        arena_printf(l->arena, "struct { struct bide_group_result %s;", member_name(g, "group"));
    for (int i = 0; i < g->count; i++)
        s = arena_printf(l->arena, "%s%s", s, branch_slot(g, &g->branch[i]));
    return arena_printf(l->arena, "%s } %s", s, g->name);
}

static void set_up_jobs(struct group *g)
{
    for (int i = 0; i < g->count; i++) {
        struct branch *b = &g->branch[i];
        uint32_t end = flow_label(g->l);
        if (!b->nested && !b->call.job)
            continue;
        if (b->guard)
            begin_guarded(g->l, b, end);
        if (b->nested)
            set_up_jobs(b->nested);
        else
            set_up_job(g->l, &b->call);
        if (b->guard)
            end_guarded(g->l, end);
    }
}

/* ---- starting ---- */

/* The variables of a group in the output. */
struct names {
    const char *fns, *rooms, *site, *sub, *poll, *from, *group;
    const char *branch;        /* of a select: the one that was started last */
    const char *failed, *done; /* of a try_join: the result of the group, while it is a fork */
};

static const char *append_starts(struct group *g, const char *cx, const char *parent);

/* The number of branches, with the sleep of a timeout, which comes last. */
static int branch_count(const struct group *g)
{
    return g->count + (g->limit != NULL);
}

/* What the last branch of a timeout calls. */
static const char *sleep_of(const struct group *g)
{
    return g->form == FORM_TIMEOUT_AT ? "bide_sleep_until" : "bide_sleep";
}

/* The descriptor of the call or block that the i-th branch is. */
static const char *branch_fn(const struct group *g, int i)
{
    const struct branch *b = &g->branch[i];
    if (i == g->count)
        return sleep_of(g);
    if (b->nested)
        return b->nested->descriptor ? b->nested->descriptor : "bide_sleep";
    return b->body ? b->body->name : b->call.name;
}

static bool is_unknown(const struct branch *b)
{
    return b->call.calls_through && !b->call.job;
}

/* A call through a reference, or a group that has such a branch. */
static bool lacks_descriptor(const struct branch *b)
{
    return is_unknown(b) || (b->nested && !b->nested->descriptor);
}

/* A group that is a branch has no function; its descriptor has only its room. The room is not known
 * if a call through a reference is among its branches. */
static void describe_nested(struct group *g)
{
    struct lower *l = g->l;
    struct code *to = code_new(l);
    const char *name = g->descriptor;
    int count = branch_count(g);

    for (int i = 0; i < g->count; i++) {
        if (g->branch[i].nested)
            describe_nested(g->branch[i].nested);
        if (is_unknown(&g->branch[i]))
            g->descriptor = NULL;
    }
    if (!g->descriptor)
        return;
    code_text(l, to, "\n\nstatic const struct bide_callee bide__callees_%s[] = {", name);
    for (int i = 0; i < count; i++)
        code_text(l, to, "%s{&bide__desc_%s, 1}", i ? ", " : "", branch_fn(g, i));
    code_text(l, to, "};\nstatic uint32_t bide__need_%s;\n", name);
    code_text(l, to,
              "static const struct bide_fn_info bide__info_%s = {\n.name = \"%s\",\n"
              ".file = \"%s\",\n.callees = bide__callees_%s,\n.need = &bide__need_%s,\n"
              ".callee_count = %d,\n};\n",
              name, name, file_text(l->unit, l->fn->first), name, name, count);
    code_text(l, to,
              "static const struct bide_fn bide__desc_%s = {\n.info = &bide__info_%s,\n"
              ".result_size = sizeof(int32_t),\n.flags = BIDE_FN_RESULT_SIGNED,\n"
              ".version = BIDE_FN_VERSION,\n};\n",
              name, name);
    list_add(l->arena, &l->tables, to);
}

/* The code in which a group's variables are declared. For gdb this is not a block of its own: gdb
 * would find one place for a breakpoint of the line in the block, and another one after it. */
static struct code *declarations(struct lower *l)
{
    return l->unit->options->debug_locals ? l->head : l->at->out;
}

/* The table of what the branches call, and the site of the group. With a call through a reference
 * both are known only when the group begins. */
static void append_site(struct group *g, const struct names *n)
{
    struct lower *l = g->l;
    bool known = true;
    for (int i = 0; i < g->count; i++)
        known &= !is_unknown(&g->branch[i]);
    l->calls_through |= !known;
    struct code *to = known ? declarations(l) : l->at->out;
    const char *is_static = known ? "static " : "";
    code_text(l, to, "\n%sconst struct bide_fn *const %s[] = {", is_static, n->fns);
    for (int i = 0; i < branch_count(g); i++) {
        code_text(l, to, i ? ", " : "");
        if (i < g->count && is_unknown(&g->branch[i]))
            copy_descriptor(l, to, g->branch[i].call.call);
        else
            code_text(l, to, "&bide__desc_%s", branch_fn(g, i));
        if (known ? !g->is_nested : !(i < g->count && lacks_descriptor(&g->branch[i])))
            add_callee(l, branch_fn(g, i), known ? g->number : GROUP_UNKNOWN);
    }
    code_text(l, to, "};\n%suint32_t %s[%d];\n", is_static, n->rooms, branch_count(g));
    code_text(l, to, "%sstruct bide__site %s = {%s, %s, -1u, %s, %d};\n", is_static, n->site,
              n->fns, n->rooms, kinds[g->form], branch_count(g));
}

/* `bide__start_f_branch_1(cx, from, slot, frame, pointers to static variables)` */
static void append_start_body(struct lower *l, const struct branch *b, const char *cx,
                              const char *from)
{
    code_text(l, l->at->out, "bide__start_%s(%s, %s, %s%s", b->body->name, cx, from,
              b->slot ? "&" : "", b->slot ? b->slot : null_text(l->unit));
    if (b->body->uses_outer)
        code_text(l, l->at->out, ", %s", l->frame);
    for (uint32_t i = 0; i < b->body->captures.count; i++) {
        code_text(l, l->at->out, ", ");
        copy_capture(l, l->at->out, b->body->captures.item[i]);
    }
    code_text(l, l->at->out, ")");
}

/* A call that has begun owns the owners among its arguments. Those of calls that never begin are
 * released when the group is done. */
static void append_taken(struct lower *l, const struct awaitable *a)
{
    for (int i = 0; i < a->operand_count; i++) {
        struct expr *e = a->operand[i].expr;
        if (!is_owner_operand(a, i) || a->borrows)
            continue;
        copy_argument(l, l->at->out, e);
        code_text(l, l->at->out, " = 0;\n");
    }
}

/* `poll_1 = bide__start_f(...);`, or what else the branch is. `cx`, `from`: where it begins. */
static void append_start_of(struct group *g, int i, const struct names *n, const char *cx,
                            const char *from)
{
    struct lower *l = g->l;
    struct code *out = l->at->out;
    struct branch *b = &g->branch[i];
    const char *null = null_text(l->unit);

    if (i == g->count) {
        code_text(l, out, "%s = bide__start_%s(%s, %s, %s, ", n->poll, sleep_of(g), cx, from, null);
        copy_argument(l, out, g->limit);
        code_text(l, out, ");\n");
        return;
    }
    if (b->nested) {
        const char *end = append_starts(b->nested, cx, from);
        code_text(l, out, "%s = %s;\n", n->poll, end);
        return;
    }
    if (is_unknown(b)) { /* if it is refused, it is done at once */
        code_text(l, out, "if (");
        append_refused_through(l, out, &b->call, cx, b->slot);
        code_text(l, out, ") {\n%s = bide_frame_skip(%s, %s, %s%s);\n} else {\n", n->poll, cx, from,
                  b->slot ? "&" : "", b->slot ? b->slot : null);
    }
    code_text(l, out, "%s = ", n->poll);
    if (b->body)
        append_start_body(l, b, cx, from);
    else
        append_start(l, out, &b->call, cx, from, b->call.job ? NULL : b->slot);
    code_text(l, out, ";\n");
    if (!b->body)
        append_taken(l, &b->call);
    if (is_unknown(b))
        code_text(l, out, "}\n");
}

/* Leaves out the branches whose guard does not hold. */
static void append_guards(struct group *g, const char *group, const char *cx)
{
    struct lower *l = g->l;
    bool any = false;

    for (int i = 0; i < g->count; i++) {
        if (!g->branch[i].guard)
            continue;
        if (!any)
            code_text(l, l->at->out, "bide__group_leave_out(%s, %s, ", group, cx);
        code_text(l, l->at->out, any ? " | (uint32_t)!" : "(uint32_t)!");
        code_var(l, l->at->out, g->branch[i].holds);
        code_text(l, l->at->out, " << %d", i);
        any = true;
    }
    if (any)
        code_text(l, l->at->out, ");\n");
}

static bool has_guards(const struct group *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->branch[i].guard)
            return true;
    return false;
}

/* The variables of the group, and `group_1 = bide__fork(...);`. */
static void append_fork(struct group *g, const struct names *n, const char *cx, const char *parent)
{
    struct lower *l = g->l;
    struct code *to = declarations(l), *out = l->at->out;

    append_site(g, n);
    code_text(l, to,
              "\nstruct bide_cx %s;\nenum bide_poll %s;\nstruct bide_frame *%s;\n"
              "struct bide_group *%s;\n",
              n->sub, n->poll, n->from, n->group);
    if (g->form == FORM_SELECT)
        code_text(l, to, "int %s;\n", n->branch);
    if (g->form == FORM_TRY_JOIN)
        code_text(l, to, "int32_t %s = 0;\nuint32_t %s = 0;\n", n->failed, n->done);
    if (g->form == FORM_TRY_JOIN && to != out)
        code_text(l, out, "%s = 0;\n%s = 0;\n", n->failed, n->done);
    if (has_guards(g)) {
        code_text(l, out, "%s = %s;\n%s = bide__fork_slow(%s, &%s, %s, &%s.group);\n", n->from,
                  null_text(l->unit), n->group, cx, n->site, parent, g->prefix);
        append_guards(g, n->group, cx);
        return;
    }
    code_text(l, out, "%s = %s;\n%s = bide__fork(%s, &%s, %d, &%s, &%s.group);\n", n->from, parent,
              n->group, cx, n->site, branch_count(g), n->from, g->prefix);
}

/* `bide__fork_started(...);`; i: the text of the branch's number. */
static void append_started(struct group *g, const struct names *n, const char *cx, const char *i)
{
    code_text(g->l, g->l->at->out, "bide__fork_started(&%s, &%s, %s, &%s, %s, &%s.group, %s);\n",
              n->group, n->from, cx, n->site, i, g->prefix, n->poll);
}

/* Does a negative result of this branch end the group? */
static bool may_fail(const struct group *g, int i)
{
    const struct branch *b = &g->branch[i];
    const struct type *t = b->body ? b->body->result : b->call.result;
    if (g->form != FORM_TRY_JOIN || !b->slot)
        return false;
    return b->nested || (t && type_is_signed(g->l->unit, t));
}

/* Join and try_join: each branch is ready, or there is a group from then on. */
static void append_joined(struct group *g, const struct names *n, const char *cx)
{
    struct lower *l = g->l;
    const char *at = arena_printf(l->arena, "bide__fork_cx(%s, %s, &%s)", n->from, cx, n->sub);

    for (int i = 0; i < g->count; i++) {
        code_text(l, l->at->out, "if (");
        if (g->form == FORM_TRY_JOIN && i)
            code_text(l, l->at->out, "%s == 0 && ", n->failed);
        code_text(l, l->at->out, "bide__fork_begin(%s, %s, &%s, %s, %d)) {\n", n->group, cx, n->sub,
                  n->from, i);
        append_start_of(g, i, n, at, n->from);
        append_started(g, n, cx, arena_printf(l->arena, "%d", i));
        if (may_fail(g, i))
            code_text(l, l->at->out, "%s = bide__fork_failure(%s, %s);\n", n->failed, n->from,
                      g->branch[i].slot);
        if (g->form == FORM_TRY_JOIN)
            code_text(l, l->at->out, "%s |= 1u << %d;\n", n->done, i);
        code_text(l, l->at->out, "}\n");
    }
}

/* A select that is not biased: if the first branch is not ready, there is a group. */
static void append_raced(struct group *g, const struct names *n, const char *cx)
{
    struct lower *l = g->l;
    const char *at = arena_printf(l->arena, "bide__fork_cx(%s, %s, &%s)", n->from, cx, n->sub);

    code_text(l, l->at->out,
              "%s = bide__fork_first(%s, %s, &%s, %s, %d);\nwhile (%s >= 0) {\nswitch (%s) {\n",
              n->branch, n->group, cx, n->sub, n->from, branch_count(g), n->branch, n->branch);
    for (int k = 0; k < branch_count(g); k++) {
        /* The last is the default too, so that the compiler sees a value of the poll. */
        code_text(l, l->at->out, "%scase %d:%s\n", k + 1 == branch_count(g) ? "default:\n" : "", k,
                  g->branch[k].nested ? " {" : "");
        append_start_of(g, k, n, at, n->from);
        code_text(l, l->at->out, "break;\n%s", g->branch[k].nested ? "}\n" : "");
    }
    code_text(l, l->at->out, "}\n");
    append_started(g, n, cx, arena_printf(l->arena, "(unsigned)%s", n->branch));
    code_text(l, l->at->out, "if (%s)\n    break;\n%s = bide__group_next(%s, %s, &%s);\n}\n",
              n->from, n->branch, n->group, cx, n->sub);
}

/* A biased select, or a timeout: the same, but the branches begin in order. */
static void append_in_order(struct group *g, const struct names *n, const char *cx)
{
    struct lower *l = g->l;
    const char *at = arena_printf(l->arena, "bide__fork_cx(%s, %s, &%s)", n->from, cx, n->sub);
    const char *sub = arena_printf(l->arena, "&%s", n->sub);

    code_text(l, l->at->out, "if (bide__fork_begin(%s, %s, &%s, %s, 0)) {\n", n->group, cx, n->sub,
              n->from);
    append_start_of(g, 0, n, at, n->from);
    append_started(g, n, cx, "0");
    code_text(l, l->at->out, "}\n");
    for (int i = 1; i < branch_count(g); i++) {
        code_text(l, l->at->out, "if (!%s && bide__group_begin(%s, %s, %s, %d)) {\n", n->from,
                  n->group, cx, sub, i);
        append_start_of(g, i, n, sub, null_text(l->unit));
        code_text(l, l->at->out, "bide__group_started(%s, %s);\n}\n", n->group, n->poll);
    }
}

/* Starts the branches of the group. Returns the expression of the poll: whether all are done. */
static const char *append_starts(struct group *g, const char *cx, const char *parent)
{
    struct lower *l = g->l;
    struct names n = {.fns = name_new(l, "fns"),
                      .rooms = name_new(l, "rooms"),
                      .site = name_new(l, "site"),
                      .sub = name_new(l, "sub"),
                      .poll = name_new(l, "poll"),
                      .from = name_new(l, "from"),
                      .group = name_new(l, "group")};
    const char *value = "0", *done = arena_printf(l->arena, "%uu", UINT32_MAX >> (32 - g->count));

    if (g->form == FORM_SELECT) {
        n.branch = value = name_new(l, "branch");
        done = arena_printf(l->arena, "1u << (%s & 31)", value); /* it may be -1 */
    } else if (g->form == FORM_TRY_JOIN) {
        n.failed = value = name_new(l, "failed");
        n.done = done = name_new(l, "done");
    } else if (g->form != FORM_JOIN) {
        done = "1";
    }
    append_fork(g, &n, cx, parent);
    if (g->form == FORM_JOIN || g->form == FORM_TRY_JOIN)
        append_joined(g, &n, cx);
    else if (g->form == FORM_SELECT)
        append_raced(g, &n, cx);
    else
        append_in_order(g, &n, cx);
    return arena_printf(l->arena, "bide__fork_end(%s, %s, %s, &%s.group, %s, %s)", cx, n.group,
                        n.from, g->prefix, value, done);
}

/* A group in a branch that is never started has no results. */
static void clear_nested(struct group *g)
{
    for (int i = 0; i < g->count; i++) {
        struct group *nested = g->branch[i].nested;
        if (!nested)
            continue;
        code_text(g->l, g->l->at->out, "%s.group.branch_done = 0;\n", nested->prefix);
        clear_nested(nested);
    }
}

/* ---- the whole ---- */

/* Starts the branches and waits for them. */
static void append_run(struct group *g, const struct expr *await)
{
    struct lower *l = g->l;
    struct code *out = l->at->out, *run = code_new(l), *at_resume = NULL;
    const char *end = append_starts(g, l->cx, arena_printf(l->arena, "&%s->h", l->frame));

    code_text(l, run, "%s", end);
    if (may_unwind(l) && (l->at->links || group_has_results(g))) {
        l->at->out = at_resume = code_new(l);
        group_append_results(g, true);
        l->at->out = out;
    }
    append_suspend(l, run, await->first, at_resume);
}

/* In a function marked bide_cancel_returns, a group that is refused has no results. */
static void append_refusal(struct group *g)
{
    struct lower *l = g->l;
    const char *value = arena_printf(l->arena, "%s.group.value", g->prefix);
    code_text(l, l->at->out, "if (%s) {\n%s.group.branch_done = 0;\n}",
              refused_text(l, value, type_basic(l->unit, TY_INT)), g->prefix);
}

/* The block of the output in which the group runs. */
static void append_block(struct group *g, const struct expr *await)
{
    struct lower *l = g->l;

    code_text(l, l->at->out, "\n{\n");
    set_up_jobs(g);
    clear_nested(g);
    for (int i = 0; i < g->count; i++)
        if (g->branch[i].nested)
            describe_nested(g->branch[i].nested);
    if (may_refuse(l)) {
        append_refusal(g);
        code_text(l, l->at->out, " else {\n");
        append_run(g, await);
        code_text(l, l->at->out, "\n}");
    } else {
        append_run(g, await);
    }
    code_text(l, l->at->out, "\n}\n");
}

void lower_group(struct lower *l, struct expr *await, struct expr *form)
{
    struct code *value = code_new(l);
    struct held *held = l->at->held;
    struct group *g = parse_group(l, form);

    set_code(l, await, value);
    if (!g)
        return;
    prepare_branches(g);
    l->at->held = held;
    result_member(l, g->name, make_slots(g, arena_printf(l->arena, "%s->", l->frame)));
    append_block(g, await);
    if (may_refuse(l))
        group_fail_missing(g);
    group_append_results(g, g->form != FORM_JOIN);
    if (g->form == FORM_JOIN)
        code_text(l, value, "(void)0");
    else
        code_text(l, value, "%s.group.value", g->prefix);
}
