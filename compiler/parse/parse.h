/*
 * The room parse: from tokens to trees with types.
 *
 * It requires a unit that lex() has filled. It establishes unit->items and unit->functions, with a
 * tree for each body that has a word of the language in it; all other bodies are skipped unread.
 * Labels and names are resolved, and each expression has its type. Mistakes in the form of async
 * code are reported here, mistakes in its meaning by the room check.
 *
 * Plain C that does not parse gives no message: the parser gives up on that declaration. If it has
 * async words, unit->parse_failed is set, and the driver lets the user's compiler say what is
 * wrong.
 */
#ifndef BIDE_COMPILER_PARSE_PARSE_H
#define BIDE_COMPILER_PARSE_PARSE_H

#include "compiler/diag/diag.h"

/* ---- parse.c: the translation unit ---- */

void parse(struct unit *);

/* ---- unclosed.c: messages about a file on which the parser gave up ---- */

/* The first parenthesis that is not closed, and in `*due` the token before which its `)` was due; 0
 * if all are closed. */
uint32_t find_unclosed(struct unit *, uint32_t *due);
/* Reports an async word at which, or right after which, the parser gave up. False: there is no such
 * word, and nothing has been reported. */
bool report_misplaced(struct unit *);

/* ---- form.c: the words of the language in expressions ---- */

/* Reports async blocks in an operand that is not evaluated: such an operand is printed as it is. */
void refuse_blocks(struct unit *, struct expr *);

#endif
