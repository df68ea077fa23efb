/*
 * The room emit: the translation unit as plain C. Text outside async code is copied, async
 * declarations and functions that need it are replaced.
 *
 * It requires a checked unit without errors. One function at a time is lowered, laid out and printed.
 */
#ifndef BIDE_COMPILER_EMIT_EMIT_H
#define BIDE_COMPILER_EMIT_EMIT_H

#include "compiler/frame/frame.h"

/* What emit_layout.c tells of a frame. */
struct frame_part {
    const char *name; /* of the member */
    const char *type; /* NULL: a struct of ours */
    uint32_t token;   /* where it is declared, or the await whose result it takes */
    bool is_slot;     /* that */
};

struct frame_info {
    const char *name, *file; /* of the function, as its descriptor has them */
    uint32_t line;
    uint32_t token; /* of its name; or where the block or branch begins */
    bool is_named;
    struct list parts; /* struct frame_part * */
};

/* ---- unit.c ---- */

/* Writes the translation unit as plain C. `frames` gets a struct frame_info * for each async
 * function. */
void emit(struct unit *, FILE *out, struct list *frames);

#endif
