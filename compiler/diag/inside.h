/* Private to the room diag. */
#ifndef BIDE_COMPILER_DIAG_INSIDE_H
#define BIDE_COMPILER_DIAG_INSIDE_H

#include "compiler/diag/diag.h"

/* ---- plain.c ---- */

extern const char *const severity_names[]; /* by enum severity */

/* ---- place.c ---- */

/* How many bytes of the line are marked from the message's place on. */
size_t diag_mark_length(struct unit *, const struct message *, const struct spot *);
/* Where a fix-it is put in: the bytes in spot->line before it. False: nowhere. */
bool diag_fixit_place(struct unit *, const struct fixit *, struct spot *);
const struct function *diag_function_at(struct unit *, uint32_t token);

/* ---- json.c ---- */

void json_message(struct unit *, const struct message *, FILE *);

/* ---- warning.c ---- */

/* 0: off; 1: a warning; 2: an error. `option` without -W, NULL for one that has no name. */
int warning_level(const struct unit *, const char *option, uint32_t token);

#endif
