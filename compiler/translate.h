/*
 * From the text of one translation unit to plain C: the order of the rooms.
 *
 *   lex -> parse -> check -> warn -> emit (which lowers and lays out one function at a time)
 */
#ifndef BIDE_COMPILER_TRANSLATE_H
#define BIDE_COMPILER_TRANSLATE_H

#include "compiler/emit/emit.h"

enum translate_outcome {
    TRANSLATE_DONE,
    TRANSLATE_MISTAKES, /* errors wait in the unit to be printed; nothing is written */
    TRANSLATE_GAVE_UP,  /* the file is no correct C, or C that we do not know */
};

/* The unit has its text, its options and its target. Writes the generated text to `out`; Messages
 * are kept in the unit until diag_flush. */
enum translate_outcome translate(struct unit *, FILE *out, struct emitted *);

#endif
