/*
 * Async blocks and branches: what they use of the functions round them.
 *
 * Requires checked functions; runs before the functions round them are lowered. Establishes their
 * captures of static variables, and for each branch whether it needs a pointer to the frame
 * outside.
 */
#include "inside.h"

static bool is_automatic(const struct symbol *s)
{
    return s->kind == SYM_PARAM || (s->kind == SYM_VAR && s->storage != ST_STATIC &&
                                    s->storage != ST_EXTERN && !s->is_thread_local);
}

/* A block or branch captures pointers to the static variables of the functions round it. */
void capture_statics(struct unit *u, struct function *fn)
{
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        struct symbol *s = ((struct expr *)fn->idents.item[i])->symbol;
        if (!s || s->kind != SYM_VAR || s->depth == 0 || !s->function || s->function == fn ||
            is_automatic(s))
            continue;
        for (struct function *f = fn; f && f != s->function; f = f->outer) {
            bool known = false;
            for (uint32_t k = 0; k < f->captures.count; k++)
                known |= f->captures.item[k] == s;
            if (!known)
                list_add(u->arena, &f->captures, s);
        }
    }
}

/* A branch mentions a variable. Marks every branch between this one and the function that owns the
 * variable: each needs a pointer to its outer frame. */
static void lead_outwards(struct function *branch, const struct symbol *s)
{
    if (!s || s->depth == 0 || !s->function || !is_automatic(s))
        return;
    for (struct function *f = branch; f->is_branch && f != s->function; f = f->outer)
        f->uses_outer = true;
}

void study_branch(struct unit *u, struct function *branch)
{
    capture_statics(u, branch);
    for (uint32_t i = 0; i < branch->idents.count; i++)
        lead_outwards(branch, ((struct expr *)branch->idents.item[i])->symbol);
    for (uint32_t i = 0; i < branch->blocks.count; i++) {
        const struct function *block = branch->blocks.item[i];
        for (uint32_t k = 0; k < block->captures.count; k++)
            lead_outwards(branch, block->captures.item[k]);
    }
    for (uint32_t i = 0; i < branch->typedef_uses.count; i++) {
        struct typedef_use *use = branch->typedef_uses.item[i];
        use->symbol->captured |= use->symbol->function != branch;
    }
}

void hoist_for_branches(struct lower *l, const struct function *fn)
{
    for (uint32_t i = 0; i < fn->branches.count; i++) {
        const struct function *branch = fn->branches.item[i];
        for (uint32_t k = 0; k < branch->tag_uses.count; k++) {
            const struct tag_use *use = branch->tag_uses.item[k];
            if (use->tag->first < branch->first && use->tag->kind != TY_ENUM)
                hoist_tag(l, use->tag);
        }
        for (uint32_t k = 0; k < branch->typedef_uses.count; k++) {
            const struct typedef_use *use = branch->typedef_uses.item[k];
            if (use->symbol->function != branch)
                file_type(l, use->symbol->type);
        }
        for (uint32_t k = 0; k < branch->captures.count; k++)
            file_type(l, ((struct symbol *)branch->captures.item[k])->type);
        hoist_for_branches(l, branch);
    }
}
