/*
 * The types of owners, bide_task(T) and bide_future(T), for what a form gives.
 */
#include "inside.h"

#include <string.h>

struct type *type_owner(struct parser *p, const char *tag, struct type *result)
{
    const char *name = intern(p->arena, tag, strlen(tag));
    struct tag *t = tag_find(name);
    if (!t || t->kind != TY_STRUCT)
        t = tag_new(p, TY_STRUCT, name);
    struct type *f = type_function(p->unit, result);
    f->param = arena_alloc(p->arena, sizeof(struct param));
    f->param_count = 1;
    f->param[0].type = type_pointer(p->unit, tag_type(p, t));
    return type_pointer(p->unit, type_pointer(p->unit, f));
}
