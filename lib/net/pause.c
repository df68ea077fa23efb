/*
 * lib/net/pause.c: see pause.h. The timer or bide__pause_end ends the pause, whichever comes first.
 */
#include "lib/leaf.h"

#include "lib/net/pause.h"

struct waiting {
    struct bide_frame h;
    struct bide__pause *pause;
    bide_duration duration;
    struct bide__timer timer;
};

void bide__pause_end(struct bide__pause *pause)
{
    pause->ended = true;
    if (pause->waker.bits != 0)
        bide_waker_wake_by_ref(pause->waker);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct waiting *f = (struct waiting *)(void *)h;
    struct bide_runtime *rt = bide__runtime_running();

    if (rt == NULL)
        return bide__leaf_finish(cx, h, (int)-ENXIO);
    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        f->timer = (struct bide__timer){0};
        bide__timer_arm(rt, &f->timer, bide__deadline(f->duration), cx->waker);
    }
    if (!f->pause->ended && bide__timer_armed(&f->timer)) {
        f->timer.waker = f->pause->waker = cx->waker;
        return bide_frame_suspend(cx, h);
    }
    bide__timer_disarm(rt, &f->timer);
    f->pause->waker = (bide_waker){0};
    return bide__leaf_finish(cx, h, (int)0);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct waiting *f = (struct waiting *)(void *)h;
    (void)cx;
    bide__timer_disarm(bide__runtime_running(), &f->timer);
    f->pause->waker = (bide_waker){0};
    return BIDE_CANCELLED;
}

int bide__pause_wait(struct bide__pause *pause, bide_duration duration);

BIDE__LEAF(int, bide__pause_wait, struct waiting, wait_poll, wait_cancel,
           (struct bide__pause *, pause), (bide_duration, duration));
