/* Private to the room tree. */
#ifndef BIDE_COMPILER_TREE_INSIDE_H
#define BIDE_COMPILER_TREE_INSIDE_H

#include "compiler/tree/tree.h"

/* ---- ask.c ---- */

/* operator.c: nodes with their types */
const struct member *bit_field_of(const struct unit *, const struct expr *);

#endif
