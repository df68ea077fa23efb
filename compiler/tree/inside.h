/* Private to the room tree. */
#ifndef BIDE_COMPILER_TREE_INSIDE_H
#define BIDE_COMPILER_TREE_INSIDE_H

#include "compiler/tree/tree.h"

/* ---- ask.c ---- */

/* The bit-field whose value e is, also as the value of an assignment; or NULL. */
const struct member *bit_field_of(const struct unit *, const struct expr *);

#endif
