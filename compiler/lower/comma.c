/*
 * `a, b` with an await: evaluates a. Chains lean to the left, and the operands of a long one are
 * taken one by one: each of the chains in it would look at all before it again.
 */
#include "inside.h"

/* The objects that it points to live to the end of the whole expression. */
static void discard_operand(struct lower *l, struct expr *e)
{
    if (!holds_temporary(e)) {
        discard(l, e);
        return;
    }
    mark_unused(l, e);
    prepare(l, e);
    keep_temporaries(l, e);
    code_text(l, l->at->out, "\n(void)(");
    copy_expr(l, l->at->out, e);
    code_text(l, l->at->out, ");\n");
}

static bool continues_chain(struct expr *e)
{
    return e->kind == EX_COMMA && e->has_await && !expr_code(e);
}

void discard_first(struct lower *l, struct expr *comma)
{
    struct expr *first = comma->a;
    uint32_t count = 0;
    for (; continues_chain(first); first = first->a)
        count++;
    struct expr **rest = arena_alloc(l->arena, (count + 1) * sizeof(struct expr *));
    uint32_t at = count;
    for (struct expr *e = comma->a; e != first; e = e->a)
        rest[--at] = e->b;
    discard_operand(l, first);
    for (; at < count; at++)
        discard_operand(l, rest[at]);
}
