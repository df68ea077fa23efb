/*
 * close.c: the end of a handle: a leaf in plain C.
 *
 * A close must not fail, since its caller could do nothing else. So it needs no memory but its
 * frame, for which the handle has kept a reserve since it was opened. It is a call like the others,
 * the last on the list, and ends after them. A request to cancel, forced or not, does not change
 * the call; its leaf only answers BIDE_WAIT.
 */
#include "lib/leaf.h"

#include "internal.h"

struct closing {
    struct bide_frame h;
    bide_sql *db;
    struct bide__sql_call call;
};

size_t bide__sql_close_frame_size(void)
{
    return sizeof(struct closing);
}

static enum bide_poll close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct closing *f = (struct closing *)(void *)h;
    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        if (f->db == NULL)
            return bide__leaf_finish(cx, h, (int)0);
        f->call = (struct bide__sql_call){.run = bide__sql_close, .db = f->db, .closes = true};
        bide__sql_begin(&f->call, cx->waker);
    }
    if (!bide__sql_take(&f->call, cx->waker))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, (int)0);
}

static enum bide_answer close_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return bide__sql_cancel(&((struct closing *)(void *)h)->call);
}

/* Before there is a frame: lends it the reserve. */
static bool close_now(struct bide_cx *cx, bide_sql *db, int *result)
{
    (void)result;
    if (db != NULL)
        bide__reserve_lend(cx, &db->close_memory);
    return false;
}

BIDE__LEAF_NOW(int, bide_sql_close, struct closing, close_now, close_poll, close_cancel,
               (bide_sql *, db));
