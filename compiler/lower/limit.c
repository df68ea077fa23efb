/*
 * What must not be aligned to more than BIDE_ALIGN_MAX: lowering notes it here, and emit/limit.c
 * has the target's compiler test it.
 */
#include "inside.h"

#include <string.h>

void note_limit(struct lower *l, uint32_t token, const char *of, const char *what)
{
    struct limit *limit = arena_alloc(l->arena, sizeof *limit);
    for (uint32_t i = 0; i < l->limits.count; i++)
        if (strcmp(((struct limit *)l->limits.item[i])->of, of) == 0)
            return;
    *limit = (struct limit){.token = token, .of = of, .what = what};
    list_add(l->arena, &l->limits, limit);
}

void note_result_limit(struct lower *l, uint32_t token, struct type *result)
{
    struct type *t = file_type(l, type_unqualified(l->unit, result));
    if (type_may_align(l->unit, t))
        note_limit(l, token, type_print(l->unit, t, ""), "the result of this call");
}

void note_job_limit(struct lower *l, uint32_t token, const char *job_type)
{
    note_limit(l, token, job_type, "an argument or the result of this call");
}
