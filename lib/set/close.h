/*
 * lib/set/close.h: the poll and the cancel of the leaves that close a task set, or what is made of
 * one. Such a leaf begins with a struct close.
 */
#ifndef BIDE_LIB_SET_CLOSE_H
#define BIDE_LIB_SET_CLOSE_H

#include "lib/leaf.h"

#include "runtime/task/task.h"

#include <bide/set.h>

struct close {
    struct bide_frame h;
    struct bide__task_set *set; /* NULL: it is gone, or there was none */
    bool forced;
};

static inline enum bide_poll close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (h->state == 0) {
        f->forced = false;
        if (f->set != NULL)
            bide__set_close(f->set, false);
        h->state = BIDE__BEGUN;
    }
    if (f->set == NULL || bide__set_is_gone(f->set, cx->waker))
        return bide_frame_finish(cx, h);
    return bide_frame_suspend(cx, h);
}

/* The set is closed all the same. */
static inline enum bide_answer close_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct close *f = (struct close *)(void *)h;

    if (cx->chain->flags & BIDE_CHAIN_FORCE && !f->forced) {
        f->forced = true;
        bide__set_close(f->set, true);
    }
    if (!bide__set_is_gone(f->set, cx->waker))
        return BIDE_WAIT;
    f->set = NULL;
    return BIDE_COMPLETED;
}

#endif
