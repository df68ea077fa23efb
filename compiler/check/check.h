/*
 * The room check: what the language forbids. Calls that are not awaited, await outside async code,
 * misused owners, jumps into and out of deferred blocks.
 *
 * It requires parsed functions and changes nothing in them. It establishes that a unit without errors
 * can be lowered.
 */
#ifndef BIDE_COMPILER_CHECK_CHECK_H
#define BIDE_COMPILER_CHECK_CHECK_H

#include "compiler/parse/parse.h"

/* Says what a variable, a member or an element holds the address of, or NULL. */
struct lender {
    struct expr *(*held)(void *context, struct expr *);
    void *context;
};

/* ---- check.c ---- */

/* check.c: un-awaited calls, await outside async, ownership, jumps past defer... */
void check(struct unit *);

/* ---- scope.c ---- */

/* The local variable (or compound literal) that a value holds the address of, as far as its
 * expression and the lender (NULL: none) say; or NULL. */
struct expr *borrowed_object(struct expr *, const struct lender *);
/* -Wbide-borrow: `at` is what the task of the form gets. */
void report_borrow(struct unit *, const struct expr *at, const struct expr *object,
                   const struct expr *form);
/* The same if the object ends before the form's scope; false: it does not. */
bool report_inner_borrow(struct unit *, const struct expr *form, const struct expr *at,
                         const struct expr *object);

#endif
