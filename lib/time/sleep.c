/*
 * lib/time/sleep.c: instants and sleeps, on the timers of the runtime.
 */
#include "lib/time/timer.h"

/* ---- instants ---- */

int64_t bide__time_add(int64_t instant_ns, int64_t duration_ns)
{
    int64_t sum;
    if (!__builtin_add_overflow(instant_ns, duration_ns, &sum))
        return sum;
    return duration_ns < 0 ? INT64_MIN : INT64_MAX;
}

bide_instant bide_now(void)
{
    return (bide_instant){bide__clock_ns()};
}

bide_duration bide_instant_sub(bide_instant later, bide_instant earlier)
{
    int64_t difference;
    if (__builtin_sub_overflow(later.ns, earlier.ns, &difference))
        difference = earlier.ns < 0 ? INT64_MAX : INT64_MIN;
    return BIDE_NS(difference);
}

bide_duration bide_elapsed(bide_instant since)
{
    return bide_instant_sub(bide_now(), since);
}

bide_instant bide_instant_add(bide_instant instant, bide_duration duration)
{
    return (bide_instant){bide__time_add(instant.ns, duration.ns)};
}

/* ---- sleep ---- */

enum { PAST = 0 }; /* in place of a deadline */

/* The state, with the number of the timer's wheel above it. */
enum { NOT_BEGUN, WAITS, PASSED, STATE_BITS = 8, STATE = (1 << STATE_BITS) - 1 };

struct sleep {
    struct bide_frame h;
    union {
        struct bide__timer timer;
        bide_duration duration; /* before it begins */
        bide_instant deadline;
    };
};

/* Of a sleep that WAITS: where its timer was armed, though another worker may run it now. */
static struct bide__wheel *wheel_of(const struct sleep *f)
{
    return bide__wheel_numbered(f->h.state >> STATE_BITS);
}

static enum bide_poll go(struct bide_cx *cx, struct sleep *f)
{
    if ((f->h.state & STATE) == WAITS && bide__timer_waits(wheel_of(f), &f->timer, cx->waker))
        return bide_frame_suspend(cx, &f->h);
    /* It has let others run. To ask for the budget again would let a call that uses all of it hold
     * off its own time limit for ever. */
    f->h.state = PASSED;
    return bide__leaf_finish(cx, &f->h, (int)0);
}

static enum bide_poll begin(struct bide_cx *cx, struct sleep *f, int64_t deadline_ns)
{
    struct bide__wheel *wheel = bide__wheel_running();

    f->timer = (struct bide__timer){0};
    if (wheel == NULL)
        return bide__leaf_finish(cx, &f->h, bide__no_runtime(f->h.fn->info->name));
    if (deadline_ns == PAST) {
        f->h.state = PASSED;
        return bide_budget_spend(cx) ? bide__leaf_finish(cx, &f->h, (int)0)
                                     : bide_frame_suspend(cx, &f->h);
    }
    f->h.state = WAITS | wheel->number << STATE_BITS;
    bide__timer_arm(wheel, &f->timer, deadline_ns, cx->waker);
    return bide_frame_suspend(cx, &f->h);
}

static enum bide_poll sleep_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    if (h->state != NOT_BEGUN)
        return go(cx, f);
    return begin(cx, f, f->duration.ns <= 0 ? PAST : bide__deadline(f->duration));
}

static enum bide_poll sleep_until_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    if (h->state != NOT_BEGUN)
        return go(cx, f);
    return begin(cx, f, f->deadline.ns <= bide__clock_ns() ? PAST : f->deadline.ns);
}

static enum bide_answer sleep_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    (void)cx;
    if ((h->state & STATE) == WAITS && bide__timer_disarm(wheel_of(f), &f->timer))
        return BIDE_CANCELLED;
    return BIDE_COMPLETED;
}

BIDE__LEAF(int, bide_sleep, struct sleep, sleep_poll, sleep_cancel, (bide_duration, duration));
BIDE__LEAF(int, bide_sleep_until, struct sleep, sleep_until_poll, sleep_cancel,
           (bide_instant, deadline));
