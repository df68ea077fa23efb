/*
 * Private to the room check: the state of the walk over one function, and what its files do for
 * each other. check.c walks; at each node it asks the others.
 */
#ifndef BIDE_COMPILER_CHECK_INSIDE_H
#define BIDE_COMPILER_CHECK_INSIDE_H

#include "compiler/check/check.h"

/* The place of an expression: what becomes of its value. */
enum use {
    USE_VALUE,   /* none of the below */
    USE_CALLED,  /* it is what a call calls */
    USE_AWAITED, /* it is the operand of await */
    USE_BRANCH,  /* it is a branch of join, select, timeout... */
    USE_STARTED, /* bide_spawn, bide_lazy or bide_block_on makes the call */
};

/* Where the value of an owner or a scope goes. */
enum transfer { TO_VARIABLE, TO_ARGUMENT, TO_RESULT };

struct checker {
    struct unit *unit;
    struct function *function;     /* NULL: an initialiser at file scope */
    int await_loops;               /* how many of the loops round the place await */
    bool in_length;                /* in the length of a parameter, which cannot await */
    uint32_t last_await;           /* the last token of the last await so far */
    struct list allocas;           /* struct expr *: calls of alloca */
    const struct stmt *value_stmt; /* its expression is the value of the ({ }) or block round it */
};

/* ---- check.c: the walk ---- */

void check_expr(struct checker *, struct expr *, enum use);
/* Notes a mistake that the user's compiler explains better: the compiler will be asked. */
void give_up(struct checker *, uint32_t token);
/* The note "declared here". */
void note_declared(struct checker *, const struct symbol *);
/* -Wunused-result: the value of a call, or of a form, goes nowhere. `at` is what is marked. */
void check_dropped_call(struct checker *, const struct expr *at, const struct expr *call);

/* ---- form.c: await and the forms ---- */

void check_await(struct checker *, struct expr *);
void check_form(struct checker *, struct expr *, enum use);
/* False if the function is not async, so that nothing in it can await; `what` has been reported.
 * `is_call`: it waits for a call, which bide_block_on can make. */
bool can_await(struct checker *, uint32_t token, const char *what, bool is_call);

/* ---- near.c ---- */

/* An async function, or one of the library, whose name is nearly this one, or NULL. */
const char *nearest_function(struct unit *, const char *name);

/* ---- owner.c: tasks and futures, and what async blocks capture ---- */

/* The value of e is copied to a place: an error for an owner that is not moved, and for a scope. */
void check_transfer(struct checker *, struct expr *e, enum transfer);
/* An operator or a condition reads e: an error if e makes a task or future, which would have no
 * owner. */
void refuse_lost_owner(struct checker *, struct expr *e);
/* The value of e goes to an object of the type `to`: owners and references keep their types. */
void check_owner_type(struct checker *, const struct type *to, struct expr *e);
/* The object is changed: an error for a captured variable and for a scope. */
void check_store(struct checker *, struct expr *object);
void check_captures(struct checker *, struct function *block);

/* ---- scope.c: scopes, and what tasks borrow ---- */

/* Three ways in which a scope would leave its block. */
void check_scope_copy(struct checker *, struct expr *, enum transfer);
void check_scope_store(struct checker *, struct expr *object);
void check_scope_address(struct checker *, const struct expr *address);
/* set.c: the set, and the key, of a form that adds a child; and the result of the child. */
void check_set_form(struct checker *, struct expr *form);

/* The first argument of bide_scope_spawn or bide_scope_cancel. */
void check_scope_form(struct checker *, struct expr *form);
/* -Wbide-borrow. `started` is the call or block that the form starts. */
void check_borrows(struct checker *, const struct expr *form, struct expr *started);

/* ---- lost.c: results that are overwritten ---- */

/* -Wunused-result: the value goes to `place`, and so does a result inside the value before. */
void check_lost_results(struct checker *, struct expr *place, struct expr *value);

/* ---- stack.c: what is gone from the C stack after an await ---- */

/* An await ends with this token. */
void note_await(struct checker *, uint32_t token);
void check_stack_use(struct checker *, struct expr *call);
/* At the function's end, when all awaits are known. */
void check_allocas(struct checker *);

/* ---- jump.c: jumps into and out of scopes that end with code of their own ---- */

void check_jumps(struct unit *, struct function *);

#endif
