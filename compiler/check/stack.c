/*
 * Checks of calls that leave something on the C stack, which is gone after an await.
 *
 * Memory from alloca should live until its function returns, so any await that ends after the call
 * takes the memory away: a later await, an await whose operands contain the call, an await at the
 * end of a scope round it. An await ends where its text ends, and the text is in the order of the
 * run, except for loops and jumps backwards. A branch is a function of its own for the C compiler,
 * but not for the user: the await of the group is round everything that the branch does.
 *
 * Requires that the walk visits a function in the order of its text, and notes each await.
 */
#include "inside.h"

#include <string.h>

void note_await(struct checker *c, uint32_t token)
{
    if (token > c->last_await)
        c->last_await = token;
}

/* The name of the function that is called, declared or not; NULL: a variable is called. */
static const char *callee_name(const struct expr *call)
{
    const struct expr *f = call->a;
    for (;;) {
        if (f->kind == EX_PAREN ||
            (f->kind == EX_UNARY && (f->op == '*' || f->op == '&' || f->op == OP_EXTENSION)))
            f = f->a;
        else if ((f->kind == EX_GENERIC || f->kind == EX_CHOOSE) && f->b)
            f = f->b;
        else
            break;
    }
    bool is_function = f->kind == EX_IDENT && (!f->symbol || f->symbol->kind == SYM_FUNCTION);
    return is_function ? f->name : NULL;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

void check_stack_use(struct checker *c, struct expr *call)
{
    static const char *const jumps[] = {"setjmp",  "_setjmp",          "sigsetjmp", "__sigsetjmp",
                                        "savectx", "__builtin_setjmp", "vfork",     NULL};
    static const char *const allocas[] = {"alloca",
                                          "__builtin_alloca",
                                          "__builtin_alloca_with_align",
                                          "__builtin_alloca_with_align_and_max",
                                          "__builtin_alloca_uninitialized",
                                          "__builtin_alloca_with_align_uninitialized",
                                          NULL};
    const char *name = callee_name(call);
    if (!name || !c->function || !c->function->is_async)
        return;
    if (is_one_of(name, jumps) && c->function->has_await) {
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "'%s' in an async function: the stack it remembers is gone after an 'await'; "
                   "call it in a plain function",
                   name + strspn(name, "_"));
    } else if (is_one_of(name, allocas)) {
        if (c->await_loops) /* an await of the loop comes after it */
            note_await(c, call->last + 1);
        list_add(c->unit->arena, &c->allocas, call);
    }
}

void check_allocas(struct checker *c)
{
    const struct list *labels = &c->function->labels;
    const struct stmt *label = labels->count ? labels->item[0] : NULL;
    for (uint32_t i = 0; i < c->allocas.count; i++) {
        const struct expr *call = c->allocas.item[i];
        bool is_repeated = label && label->first < call->first && c->last_await > label->first;
        if (c->last_await > call->last || is_repeated || c->function->is_branch)
            diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                       "memory from 'alloca' does not outlive an 'await'; use malloc, and "
                       "defer { free(...); }");
    }
}
