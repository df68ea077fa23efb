/*
 * The room parse: from tokens to trees, and to types, which typeof and sizeof need at once.
 *
 * It requires a lexed unit. It establishes unit->items and unit->functions, with a tree for each body
 * that has a word of the language in it; all other bodies are skipped unread. Mistakes in the form of
 * async code are reported. Where plain C does not parse, the parser gives up on that function or
 * declaration without a message and sets unit->parse_failed: the driver then lets the user's compiler
 * say what is wrong.
 */
#ifndef BIDE_COMPILER_PARSE_PARSE_H
#define BIDE_COMPILER_PARSE_PARSE_H

#include "compiler/diag/diag.h"

/* ---- unclosed.c ---- */

/* unclosed.c: the first parenthesis that is not closed, and the token before which that was due; 0:
 * there is none. */
uint32_t find_unclosed(struct unit *, uint32_t *due);
/* The parser gave up at a word of ours or behind one: says so, or returns false. */
bool report_misplaced(struct unit *);

/* ---- parse.c ---- */

/* parse.c (declarations), statement.c, expression.c: fills unit->items and functions. Bodies of
 * functions without async words are skipped unread. Reports async mistakes of form only; where
 * plain
 * C does not parse it gives up on that function or declaration silently (unit->parse_failed is
 * set) and
 * the driver lets the user's compiler say what is wrong. */
void parse(struct unit *);

/* ---- form.c ---- */

/* Says that no async block can be in an operand that is not evaluated: it is printed as it is. */
void refuse_blocks(struct unit *, struct expr *);

#endif
