/*
 * lib/net/pause.c: see pause.h. The timer or bide__pause_end ends the pause, whichever comes first.
 *
 * The waker is borrowed. It is woken under the pause's lock, or that of the wheel, and the leaf
 * takes both before it ends.
 */
#include "lib/leaf.h"

#include "lib/net/pause.h"
#include "lib/sync/wait.h"

struct waiting {
    struct bide_frame h;
    struct bide__pause *pause;
    bide_duration duration;
    struct bide__timer timer;
    struct bide__wheel *wheel;
};

void bide__pause_end(struct bide__pause *pause)
{
    lock_take(&pause->lock);
    pause->ended = true;
    if (pause->waker.bits != 0)
        bide_waker_wake_by_ref(pause->waker);
    lock_give(&pause->lock);
}

bool bide__pause_leave(struct bide__pause *pause, bool waits, bide_waker waker)
{
    lock_take(&pause->lock);
    waits = waits && !pause->ended;
    pause->waker = waits ? waker : (bide_waker){0};
    lock_give(&pause->lock);
    return waits;
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct waiting *f = (struct waiting *)(void *)h;
    bool waits = true;

    if (h->state == 0) {
        f->wheel = bide__wheel_running();
        f->timer = (struct bide__timer){0};
        if (f->wheel == NULL)
            return bide__leaf_finish(cx, h, bide__no_runtime(h->fn->info->name));
        h->state = BIDE__BEGUN;
        bide__timer_arm(f->wheel, &f->timer, bide__deadline(f->duration), cx->waker);
    } else {
        waits = bide__timer_waits(f->wheel, &f->timer, cx->waker);
    }
    if (bide__pause_leave(f->pause, waits, cx->waker))
        return bide_frame_suspend(cx, h);
    bide__timer_disarm(f->wheel, &f->timer);
    return bide__leaf_finish(cx, h, (int)0);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct waiting *f = (struct waiting *)(void *)h;
    (void)cx;
    bide__timer_disarm(f->wheel, &f->timer);
    bide__pause_leave(f->pause, false, (bide_waker){0});
    return BIDE_CANCELLED;
}

int bide__pause_wait(struct bide__pause *pause, bide_duration duration);

BIDE__LEAF(int, bide__pause_wait, struct waiting, wait_poll, wait_cancel,
           (struct bide__pause *, pause), (bide_duration, duration));

/* ---- a descriptor ---- */

struct fd_waiting {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *fd;
        };
    };
    struct bide__pause *pause;
    uint32_t generation;
};

static enum bide_poll fd_wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_waiting *f = (struct fd_waiting *)(void *)h;

    if (h->state == 0)
        bide__fd_leaf_begin_for(&f->leaf, f->fd, BIDE__READ, f->generation);
    int r = bide__fd_leaf_look(cx, &f->leaf, NULL);
    if (bide__pause_leave(f->pause, r > 0, cx->waker))
        return bide_frame_suspend(cx, h);
    if (r > 0) {
        bide__fd_leaf_stop(&f->leaf);
        if (!bide_budget_spend(cx))
            return bide_frame_suspend(cx, h);
        r = 0;
    }
    return bide__leaf_finish(cx, h, r);
}

static enum bide_answer fd_wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_waiting *f = (struct fd_waiting *)(void *)h;
    (void)cx;
    bide__fd_leaf_stop(&f->leaf);
    bide__pause_leave(f->pause, false, (bide_waker){0});
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide__pause_fd_wait, struct fd_waiting, BIDE__NOT_NOW, fd_wait_poll,
                 fd_wait_cancel, (struct bide__pause *, pause), (struct bide__fd *, fd),
                 (uint32_t, generation));
