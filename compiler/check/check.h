/*
 * The room check: what the language forbids. Calls that are not awaited, await outside async code,
 * copied owners, scopes that leave their block, jumps past deferred blocks. Two warnings that need
 * no flow analysis are given here as well: -Wunused-result and the plain cases of -Wbide-borrow.
 *
 * Requires the functions and initialisers of a parsed unit. Changes nothing in them; it sets
 * unit->parse_failed where the user's compiler is to say what is wrong. Establishes that a unit
 * without errors can be lowered.
 */
#ifndef BIDE_COMPILER_CHECK_CHECK_H
#define BIDE_COMPILER_CHECK_CHECK_H

#include "compiler/parse/parse.h"

/* ---- check.c: the walk over all functions and initialisers ---- */

void check(struct unit *);

/* ---- scope.c: what an expression borrows, also for the room warn ---- */

/* Tells what a variable, a member or an element holds the address of; NULL: of nothing that is
 * known. */
struct lender {
    struct expr *(*held)(void *context, struct expr *);
    void *context;
};

/* The local variable (EX_IDENT) or compound literal (EX_COMPOUND) that a value holds the address
 * of, as far as its expression and the lender tell; or NULL. A scope counts as a local variable.
 * The lender may be NULL. */
struct expr *borrowed_object(struct expr *, const struct lender *);

/* Gives a -Wbide-borrow: the task that `form` starts is given the address of the object in the
 * argument `at`, and may outlive it. */
void report_borrow(struct unit *, const struct expr *at, const struct expr *object,
                   const struct expr *form);

/* Gives it for a bide_scope_spawn if the object ends before the scope. False: it does not. */
bool report_inner_borrow(struct unit *, const struct expr *form, const struct expr *at,
                         const struct expr *object);

#endif
