/*
 * The results of a group, which lie in its slots when it is done: they are assigned to the places
 * of its branches, or released if nobody takes them. See group.c.
 */
#include "group.h"

/* `place = slot`, of one branch; `if_done`: only if the branch has returned. */
static void append_result(struct group *g, int k, bool if_done)
{
    struct lower *l = g->l;
    struct branch *b = &g->branch[k];
    struct var *v = base_var(l, b->place);
    bool whole = skip_parens(b->place)->kind == EX_IDENT;
    struct code *old = NULL;
    uint32_t end = flow_label(l);

    if (if_done) {
        code_text(l, l->at->out, "\nif (%s.group.branch_done & 1u << %d) {\n", g->prefix, k);
        code_flow(l, l->at->out, PC_BRANCH, end);
    } else {
        code_text(l, l->at->out, "\n");
    }
    if (v && v->is_owner) { /* what it owned before */
        struct code *place = code_new(l);
        copy_place(l, place, b->place);
        code_add(l, place, PC_USE, v);
        old = keep(l, place, type_unqualified(l->unit, b->place->type), b->place->first);
    }
    if (v && whole && !v->by_address)
        code_add(l, l->at->out, PC_VAR, v);
    else
        copy_place(l, l->at->out, b->place);
    code_text(l, l->at->out, " = %s;\n", b->slot);
    if (v && whole && !v->by_address)
        code_add(l, l->at->out, PC_SEEN, v);
    if (v)
        code_add(l, l->at->out,
                 v->by_address ? PC_USE
                 : !whole      ? PC_TOUCH
                 : if_done     ? PC_MAYBE
                               : PC_DEF,
                 v);
    if (old)
        release_value(l, old, b->place->type, b->place->first);
    code_text(l, l->at->out, if_done ? "}\n" : "\n");
    code_flow(l, l->at->out, PC_LABEL, end);
}

static void release_result(struct group *g, int k)
{
    struct lower *l = g->l;
    const struct branch *b = &g->branch[k];
    struct code *read = code_new(l);
    uint32_t end = flow_label(l);

    code_text(l, read, "%s", b->slot);
    code_text(l, l->at->out, "\nif (%s.group.branch_done & 1u << %d) {\n", g->prefix, k);
    code_flow(l, l->at->out, PC_BRANCH, end);
    release_value(l, read, b->call.result, b->call.call->first);
    code_text(l, l->at->out, "\n}\n");
    code_flow(l, l->at->out, PC_LABEL, end);
}

static bool drops_owner(const struct branch *b)
{
    return b->slot && !b->place && !b->nested && b->call.result && type_is_owner(b->call.result);
}

void group_append_results(struct group *g, bool if_done)
{
    for (int k = 0; k < g->count; k++) {
        struct branch *b = &g->branch[k];
        bool may_miss = if_done || b->guard;
        if (b->nested)
            group_append_results(b->nested, may_miss || b->nested->form != FORM_JOIN);
        else if (!b->body)
            release_arguments(g->l, &b->call);
        if (b->place && b->slot)
            append_result(g, k, may_miss);
        else if (drops_owner(b))
            release_result(g, k);
    }
}

bool group_has_results(const struct group *g)
{
    for (int k = 0; k < g->count; k++) {
        const struct branch *b = &g->branch[k];
        if ((b->place && is_seen_outside(g->l, b->place)) || drops_owner(b))
            return true;
        if (b->nested ? group_has_results(b->nested) : !b->body && takes_owner(&b->call))
            return true;
    }
    return false;
}

void group_fail_missing(struct group *g)
{
    struct lower *l = g->l;
    if (g->form != FORM_JOIN)
        return;
    for (int k = 0; k < g->count; k++) {
        const struct branch *b = &g->branch[k];
        const char *slot = b->slot;
        if (b->nested)
            group_fail_missing(b->nested);
        if (!b->place || !slot)
            continue;
        if (b->nested)
            slot = arena_printf(l->arena, "%s.group.value", b->nested->prefix);
        code_text(l, l->at->out, "\nif (!(%s.group.branch_done & 1u << %d))\n    (void)%s;\n",
                  g->prefix, k,
                  refused_text(l, slot, b->nested ? type_basic(l->unit, TY_INT) : b->place->type));
    }
}
