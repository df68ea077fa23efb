/*
 * task_set.c: the leaves of a task set: `next`, and the close, which waits for the children. What a
 * set is, and how its children get into it and out, is in runtime/task/set.c.
 */
#include "lib/set/close.h"

#undef bide_task_set_next
#undef bide_task_set_close

/* ---- next ---- */

struct next {
    struct bide_frame h;
    struct bide__task_set *set;
    void *out;
    bide_task_end *end;
};

static enum bide_poll next_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    h->state = BIDE__BEGUN;
    int r = bide__set_next(f->set, cx, f, f->out, f->end);
    return r == BIDE__SET_WAITS ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, r);
}

static enum bide_answer next_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct next *f = (struct next *)(void *)h;

    (void)cx;
    bide__set_leave(f->set, f);
    return BIDE_CANCELLED;
}

BIDE__LEAF(int, bide_task_set_next, struct next, next_poll, next_cancel,
           (struct bide__task_set *, set), (void *, out), (bide_task_end *, end));

int bide__task_set_try_next(struct bide__task_set *set, void *out, bide_task_end *end)
{
    return bide__set_next(set, NULL, NULL, out, end);
}

/* ---- close ---- */

BIDE__LEAF_ARGS(bide_task_set_close, (struct bide__task_set *, set))

enum bide_poll bide__start_bide_task_set_close(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide__task_set *set);

/* Without memory for its frame nobody waits. */
enum bide_poll bide__start_bide_task_set_close(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide__task_set *set)
{
    struct close *f =
        bide_frame_push(cx, sizeof(*f), &bide__desc_bide_task_set_close, parent, result);

    if (f == NULL) {
        bide__task_set_free(set);
        return BIDE_PENDING;
    }
    f->set = set;
    return close_poll(cx, &f->h);
}

BIDE__LEAF_BLOCKING(void, bide_task_set_close, (struct bide__task_set *, set))
BIDE__LEAF_REST(void, bide_task_set_close, struct close, bide_task_set_close, close_poll,
                close_cancel, (struct bide__task_set *, set));
