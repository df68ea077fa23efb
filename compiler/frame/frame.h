/*
 * The room frame: what lives in a frame, and where.
 *
 * It requires a lowered function. live_function establishes what each suspension saves and which
 * variables live in the frame; frame_layout then names the members; overlap finds which of them may
 * share bytes.
 */
#ifndef BIDE_COMPILER_FRAME_FRAME_H
#define BIDE_COMPILER_FRAME_FRAME_H

#include "compiler/lower/lower.h"

enum box_kind { BOX_VAR, BOX_SLOT, BOX_STRUCT, BOX_UNION };

/* A part of a frame: one member, or an anonymous struct or union of parts. */
struct box {
    enum box_kind kind;
    struct var *var;
    struct slot *slot;
    struct box **part;
    uint32_t count;
    uint64_t size, align; /* estimates */
};

/* ---- live.c ---- */

void live_function(struct lower *, struct code *);

/* ---- overlap.c ---- */

struct box *overlap(struct lower *); /* a struct of all members but those with a flexible end */

/* ---- layout.c ---- */

void frame_layout(struct lower *);

#endif
