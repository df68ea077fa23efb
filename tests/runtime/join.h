/*
 * join.h: async int joins(void **handle, int *out), and a function that blocks on it.
 */
#ifndef BIDE_TESTS_JOIN_H
#define BIDE_TESTS_JOIN_H

#include "frames.h"

struct joins {
    struct bide_frame h;
    struct {
        void **handle;
        int *out;
    } a;
    int r;
};
typedef __typeof__(((struct joins *)0)->a) joins_args;

HAND(joins, sizeof(int), 0, CALLEES({&bide__desc_bide_task_join, 0}))
{
    HAND_BEGIN(joins);
    AWAIT(1, bide__start_bide_task_join(cx, h, &f->r, f->a.handle, f->a.out));
    HAND_RETURN(int, f->r);
}

static inline int join(void **handle, int *out)
{
    return block_int(&joins, &(joins_args){handle, out});
}

#endif
