/*
 * The room warn: warnings about a unit without errors: -Wbide-leak-on-cancel, -Wbide-blocking-call
 * and the others of docs/diagnostics.md. They would rather miss a mistake than blame correct code.
 *
 * Requires checked functions. Changes nothing in them but symbol->flow_index, which is this room's
 * own.
 */
#ifndef BIDE_COMPILER_WARN_WARN_H
#define BIDE_COMPILER_WARN_WARN_H

#include "compiler/check/check.h"

/* ---- warn.c ---- */

void warn(struct unit *);

#endif
