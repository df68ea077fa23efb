/*
 * The room emit: the translation unit as plain C. Text outside async code is copied; async
 * declarations, and functions that need it, are replaced.
 *
 * It requires a checked unit without errors, and establishes the text for the compiler. If lowering
 * fails, the unit has an error and the text must not be used. The functions are lowered, laid out
 * and printed one at a time.
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
 * A frame holds what the function needs after a suspension: the results of awaits, and the
 * variables that are live at an await:
 *
 *     struct bide__args_add { int n; };
 *
 *     struct bide__frame_add {
 *         struct bide_frame h;         // state: 0 before the first suspension, then its number
 *         int result_twice;            // a slot: twice writes its result here
 *         int n, sum, i;               // saved at the await; members may share bytes (frame/)
 *     };
 *
 * The body runs until an await has to wait. Then it saves its variables and returns. When the
 * awaited function is done, the runtime calls the body again, and the switch jumps to the code
 * after the await:
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
 * Round the body there are
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
    const char *type; /* NULL: a generated struct */
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

/* What the driver must know about the text. */
struct emitted {
    struct list frames; /* struct frame_info *: of each async function, block and branch */
    struct list limits; /* struct limit *: of each static assertion */
};

/* ---- unit.c ---- */

/* Writes the translation unit as plain C. */
void emit(struct unit *, FILE *out, struct emitted *);

#endif
