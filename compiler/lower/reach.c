/*
 * Whether control comes to the end of a code, which may be incomplete.
 */
#include "inside.h"

/* `whole`: no jump to a label of the code will be appended any more; `resumes`: a suspension resumes
 * even if control never comes to it, as a compiler must believe of a `case`. */
static bool ends_alive(struct lower *l, const struct code *code, bool whole, bool resumes)
{
    bool *target = arena_alloc(l->arena, l->flow_labels + 1), live = true;
    for (bool again = true; again;) {
        again = false;
        live = true;
        for (uint32_t i = 0; i < code->count; i++) {
            const struct piece *p = &code->piece[i];
            if (p->kind == PC_LABEL)
                live |= target[p->first] || (!whole && p->last == LABEL_OPEN);
            if (live && (p->kind == PC_JUMP || p->kind == PC_BRANCH) && !target[p->first])
                again = target[p->first] = true;
            if (p->kind == PC_JUMP || p->kind == PC_END)
                live = false;
            if (p->kind == PC_SUSPEND)
                live |= resumes;
        }
    }
    return live;
}

bool reaches_end(struct lower *l, const struct code *code)
{
    return ends_alive(l, code, true, false);
}

bool may_reach_end(struct lower *l, const struct code *code)
{
    return ends_alive(l, code, false, false);
}

bool seems_to_reach_end(struct lower *l, const struct code *code)
{
    return ends_alive(l, code, true, true);
}
