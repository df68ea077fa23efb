/*
 * The room emit: the translation unit as plain C. Text outside async code is copied; async
 * declarations, and functions that need it, are replaced.
 *
 * It requires a checked unit without errors, and establishes the text for the compiler; a lowering
 * that fails adds an error to the unit, and then the text must not be used. One function at a time
 * is lowered, laid out and printed.
 *
 * What an async function becomes. The user writes
 *
 *     async int add(int n)
 *     {
 *         int sum = 0;
 *         for (int i = 0; i < n; i++)
 *             sum += await twice(i);
 *         return sum;
 *     }
 *
 * A frame holds what the function needs after it was suspended: the results of awaits, and what is
 * live at one:
 *
 *     struct bide__args_add { int n; };
 *
 *     struct bide__frame_add {
 *         struct bide_frame h;         // state: 0 before the first suspension, then its number
 *         int result_twice;            // a slot: twice writes its result here
 *         int n, sum, i;               // saved at the await; members may share bytes (frame/)
 *     };
 *
 * The body runs until an await has to wait: then it saves, and returns. When the awaited function
 * is done, the runtime calls the body again, and the switch goes to behind the await:
 *
 *     static enum bide_poll bide__body_add(struct bide_cx *cx, struct bide__frame_add *frame,
 *             const struct bide__args_add *args)
 *     {
 *         switch (frame->h.state) {
 *         case 1: goto resume_1;
 *         }
 *         int n = args->n;
 *         int sum = 0;
 *         for (int i = 0; i < n; i++) {
 *             if (bide__start_twice(cx, &frame->h, &frame->result_twice, i) == BIDE_PENDING) {
 *                 frame->n = n;
 *                 frame->sum = sum;
 *                 frame->i = i;
 *                 frame->h.state = 1;
 *                 return BIDE_PENDING;
 *             resume_1:
 *                 n = frame->n;
 *                 sum = frame->sum;
 *                 i = frame->i;
 *             }
 *             sum += frame->result_twice;
 *         }
 *         *(int *)bide_frame_result(cx, &frame->h) = sum;
 *         return bide_frame_finish(cx, &frame->h);
 *     }
 *
 * Round the body stand
 *
 *     bide__start_add(cx, parent, result, n)  pushes a frame and runs the body: what an await calls
 *     bide__poll_add(cx, h)                   runs the body again: what the runtime calls
 *     bide__desc_add                          the descriptor: sizes, the above, tables
 *     add(n)                                  the blocking function of the plain name
 */
#ifndef BIDE_COMPILER_EMIT_EMIT_H
#define BIDE_COMPILER_EMIT_EMIT_H

#include "compiler/frame/frame.h"

/* A member of a frame. */
struct frame_part {
    const char *name;
    const char *type; /* NULL: a struct of ours */
    uint32_t token;   /* where it is declared; of a slot: the await whose result it takes */
    bool is_slot;
};

/* What a frame is made of. */
struct frame_info {
    const char *name, *file; /* of the function, as its descriptor has them */
    uint32_t line;
    uint32_t token; /* of its name; or where the block or branch begins */
    bool is_named;
    struct list parts; /* struct frame_part * */
};

/* What the text does not tell of itself. */
struct emitted {
    struct list frames; /* struct frame_info *: of each async function, block and branch */
    struct list limits; /* struct limit *: of each static assertion */
};

/* ---- unit.c ---- */

/* Writes the translation unit as plain C. */
void emit(struct unit *, FILE *out, struct emitted *);

#endif
