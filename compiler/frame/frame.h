/*
 * The room frame: what lives in a frame, and where.
 *
 * It requires a lowered function, whose code tells how control and values flow. In this order,
 *
 *   live_function   establishes which variables live in the frame (var->in_frame), which are saved
 *                   (var->saved), and what each suspension saves (suspend->live);
 *   frame_layout    establishes the members' names and types (var->member, var->frame_type), and
 *                   reports variables that cannot be members;
 *   overlap         puts the members into structs and unions, so that some share bytes.
 */
#ifndef BIDE_COMPILER_FRAME_FRAME_H
#define BIDE_COMPILER_FRAME_FRAME_H

#include "compiler/lower/lower.h"

enum box_kind { BOX_VAR, BOX_SLOT, BOX_STRUCT, BOX_UNION };

/* A part of a frame: one member, or an anonymous struct or union of parts. */
struct box {
    enum box_kind kind;
    struct var *var;   /* BOX_VAR */
    struct slot *slot; /* BOX_SLOT */
    struct box **part; /* BOX_STRUCT, BOX_UNION */
    uint32_t count;
    uint64_t size, align; /* estimates */
};

/* ---- live.c ---- */

void live_function(struct lower *, struct code *);

/* ---- layout.c ---- */

void frame_layout(struct lower *);

/* ---- overlap.c ---- */

/* A box of all members except scopes and members with a flexible end; NULL: there are no others. */
struct box *overlap(struct lower *);

#endif
