/*
 * The members of a function's frame: one for each variable that is saved or lives in the frame. The
 * target's compiler computes sizes and offsets; emit/frame.c prints the members.
 *
 * Requires live_function: var->in_frame and var->saved. Establishes var->member, a name that no
 * other member has, and var->frame_type, a type that can be printed at file scope. A variable that
 * cannot be a member is an error.
 *
 * If a member's type is a struct or union that a block declares, the struct moves to file scope
 * under another name (file_type), which replaces the old one in the body. An enum stays in its
 * block, together with its constants: the member has its integer type.
 */
#include "compiler/frame/frame.h"

#include <string.h>

/* A name that is taken. `number`: the last number that was tried after it. */
struct member_name {
    unsigned number;
};

/* Takes the name. False if it is taken already. */
static bool take_member(struct lower *l, struct map *taken, const char *name)
{
    void **known = map_at(l->arena, taken, intern(l->arena, name, strlen(name)));
    if (*known)
        return false;
    struct member_name *m = *known = arena_alloc(l->arena, sizeof *m);
    m->number = 1;
    return true;
}

static const char *new_member(struct lower *l, struct map *taken, const char *name)
{
    if (take_member(l, taken, name))
        return name;
    struct member_name *m = *map_at(l->arena, taken, intern(l->arena, name, strlen(name)));
    const char *member;
    do
        member = arena_printf(l->arena, "%s_%u", name, ++m->number);
    while (!take_member(l, taken, member));
    return member;
}

static void check_member(struct lower *l, struct var *v)
{
    if (!v->type) {
        diag(l->unit, SEV_ERROR, v->token,
             "the type of this expression is not known; store it in a variable first");
        l->unit->lacks_type = true;
        v->type = type_basic(l->unit, TY_INT);
    } else if (v->type->variable && !v->symbol) {
        diag(l->unit, SEV_ERROR, v->token,
             "this has a type of variable length and cannot live over an 'await'");
    } else if (v->type->variable) {
        diag(l->unit, SEV_ERROR, v->token, "'%s' has variable length and lives over an await",
             v->name);
    } else if (v->in_frame && !alignment_text(l, v->symbol, v->type)) {
        diag(l->unit, SEV_ERROR, v->token,
             "the alignment of '%s', which lives over an await, uses names of its block; write it "
             "as a number, or declare these names at file scope",
             v->name);
    }
}

void frame_layout(struct lower *l)
{
    struct map taken = {0};
    take_member(l, &taken, "h");
    take_member(l, &taken, l->outer_name);
    for (uint32_t i = 0; i < l->slots.count; i++)
        take_member(l, &taken, ((struct slot *)l->slots.item[i])->name);
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->in_frame && !v->saved)
            continue;
        if (v->in_frame && !v->used && v->tracked) {
            v->in_frame = false;
            continue;
        }
        check_member(l, v);
        v->member = new_member(l, &taken, v->name);
        v->frame_type = file_type(l, v->is_scope ? v->type->base
                                     : v->saved  ? type_unqualified(l->unit, v->type)
                                                 : v->type);
    }
}
