/* Private to the room check. */
#ifndef BIDE_COMPILER_CHECK_INSIDE_H
#define BIDE_COMPILER_CHECK_INSIDE_H

#include "compiler/check/check.h"

/* What becomes of the value of an expression. */
enum use {
    USE_VALUE,
    USE_CALLED,  /* the left side of a call */
    USE_AWAITED, /* the operand of await */
    USE_BRANCH,  /* of join, select... */
    USE_STARTED, /* in bide_spawn or bide_block_on */
};

struct checker {
    struct unit *unit;
    struct function *function;     /* NULL: an initialiser at file scope */
    int await_loops;               /* enclosing loops that have an await */
    bool in_length;                /* of a parameter, where nothing can await */
    uint32_t last_await;           /* where it ends */
    struct list allocas;           /* struct expr *: calls of alloca */
    const struct stmt *value_stmt; /* the last of a statement expression: its value */
};

/* ownership.c */
enum transfer { TO_VARIABLE, TO_ARGUMENT, TO_RESULT };

/* ---- stack.c ---- */

/* check_stack.c */
/* Something awaits, in an async function, that is done with this token. */
void note_await(struct checker *, uint32_t token);
void check_stack_use(struct checker *, struct expr *call);
void check_allocas(struct checker *); /* at the function's end */

/* ---- check.c ---- */

/* check.c */
void check_expr(struct checker *, struct expr *, enum use);
/* The user's compiler is to say what is wrong here. */
void give_up(struct checker *, uint32_t token);
void note_declared(struct checker *, const struct symbol *);

/* check.c: the value of the call goes; `at` is what is marked */
void check_dropped_call(struct checker *, const struct expr *at, const struct expr *call);

/* ---- form.c ---- */

/* check_form.c */
void check_await(struct checker *, struct expr *);
void check_form(struct checker *, struct expr *, enum use);
/* False: `what` is in a function that is not async, which has been said. */
bool can_await(struct checker *, uint32_t token, const char *what);

/* ---- owner.c ---- */

void check_transfer(struct checker *, struct expr *, enum transfer);
/* An operator or a condition only looks at e, which nobody could let go of then. */
void refuse_lost_owner(struct checker *, struct expr *);
/* e goes to an object of type `to`. */
void check_owner_type(struct checker *, const struct type *to, struct expr *e);
void check_store(struct checker *, struct expr *object);
void check_captures(struct checker *, struct function *block);

/* ---- scope.c ---- */

/* check_scope.c */
void check_scope_copy(struct checker *, struct expr *, enum transfer);
void check_scope_store(struct checker *, struct expr *object);
void check_scope_address(struct checker *, const struct expr *address);
void check_scope_form(struct checker *, struct expr *form);
/* `started`: the call or block of a bide_spawn or bide_scope_spawn. */
void check_borrows(struct checker *, const struct expr *form, struct expr *started);

/* ---- jump.c ---- */

/* jump.c */
void check_jumps(struct unit *, struct function *);

#endif
