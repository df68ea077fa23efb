/*
 * The room warn: what is likely wrong in a unit without errors: -Wbide-leak-on-cancel,
 * -Wbide-blocking-call and the other warnings of docs/diagnostics.md.
 *
 * It requires checked functions and changes nothing but symbol->flow_index, which is its own.
 */
#ifndef BIDE_COMPILER_WARN_WARN_H
#define BIDE_COMPILER_WARN_WARN_H

#include "compiler/check/check.h"

/* ---- warn.c ---- */

/* warn.c: what is likely wrong in a file without errors. */
void warn(struct unit *);

#endif
