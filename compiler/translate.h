/*
 * From the text of one translation unit to plain C: the order of the rooms.
 *
 *   lex -> parse -> check -> warn -> emit (which lowers and lays out one function at a time)
 *
 * It requires a unit with its text, options and target. It establishes either generated text, or
 * errors in the unit, which wait for diag_flush.
 */
#ifndef BIDE_COMPILER_TRANSLATE_H
#define BIDE_COMPILER_TRANSLATE_H

#include "compiler/emit/emit.h"

enum translate_outcome {
    TRANSLATE_DONE,
    TRANSLATE_MISTAKES, /* errors wait in the unit; the generated text is not complete */
    TRANSLATE_GAVE_UP,  /* the file is not correct C, or not understood; nothing is written */
};

/* Writes the generated text to `out`, and fills in what emit reports about it. */
enum translate_outcome translate(struct unit *, FILE *out, struct emitted *);

#endif
