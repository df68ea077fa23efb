/*
 * sleep.c: bide/time.h on the timer wheel.
 */
#include "lib/leaf.h"

#include "runtime/worker.h"

#include <bide/abi.h>
#include <bide/time.h>

/* ---- instants ---- */

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
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
    return (bide_instant){add(instant.ns, duration.ns)};
}

/* ---- timers ---- */

int64_t bide__deadline(struct bide_duration duration)
{
    return add(bide__clock_ns(), duration.ns > 0 ? duration.ns : 0);
}

void bide__timer_arm(struct bide_runtime *rt, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker)
{
    timer->deadline_ns = deadline_ns;
    timer->waker = waker;
    bide__wheel_add(&rt->wheel, timer);
}

void bide__timer_disarm(struct bide_runtime *rt, struct bide__timer *timer)
{
    if (bide__timer_armed(timer))
        bide__wheel_remove(&rt->wheel, timer);
}

/* ---- sleep ---- */

enum { NOT_BEGUN, WAITS, PASSED };

struct sleep {
    struct bide_frame h;
    struct bide__timer timer;
};

struct sleep_args {
    bide_duration duration;
};

struct sleep_until_args {
    bide_instant deadline;
};

static enum bide_poll sleep_go(struct bide_cx *cx, struct sleep *f)
{
    if (f->h.state == WAITS && bide__timer_armed(&f->timer)) {
        f->timer.waker = cx->waker;
        return bide_frame_suspend(cx, &f->h);
    }
    f->h.state = PASSED;
    if (!bide_budget_spend(cx))
        return bide_frame_suspend(cx, &f->h);
    return bide__finish_int(cx, &f->h, 0);
}

static enum bide_poll sleep_begin(struct bide_cx *cx, struct sleep *f, int64_t deadline_ns,
                                  bool passed)
{
    struct bide_runtime *rt = bide__runtime_running();

    f->timer.link.next = NULL;
    if (rt == NULL)
        return bide__finish_int(cx, &f->h, -ENXIO);
    f->h.state = passed ? PASSED : WAITS;
    if (!passed)
        bide__timer_arm(rt, &f->timer, deadline_ns, cx->waker);
    return sleep_go(cx, f);
}

static enum bide_poll begin_for(struct bide_cx *cx, struct sleep *f, bide_duration duration)
{
    bool passed = duration.ns <= 0;
    return sleep_begin(cx, f, passed ? 0 : bide__deadline(duration), passed);
}

static enum bide_poll begin_until(struct bide_cx *cx, struct sleep *f, bide_instant deadline)
{
    return sleep_begin(cx, f, deadline.ns, deadline.ns <= bide__clock_ns());
}

static enum bide_poll sleep_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    if (h->state != NOT_BEGUN)
        return sleep_go(cx, f);
    return begin_for(cx, f, ((const struct sleep_args *)bide__args(cx, h))->duration);
}

static enum bide_poll sleep_until_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    if (h->state != NOT_BEGUN)
        return sleep_go(cx, f);
    return begin_until(cx, f, ((const struct sleep_until_args *)bide__args(cx, h))->deadline);
}

static enum bide_answer sleep_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct sleep *f = (struct sleep *)(void *)h;
    (void)cx;
    if (!bide__timer_armed(&f->timer))
        return BIDE_COMPLETED;
    bide__timer_disarm(bide__runtime_running(), &f->timer);
    return BIDE_CANCELLED;
}

BIDE__LEAF_OF(bide_sleep, struct sleep, struct sleep_args, sizeof(int), BIDE_FN_RESULT_SIGNED,
              bide_sleep, sleep_poll, sleep_cancel);

enum bide_poll bide__start_bide_sleep(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                      struct bide_duration duration)
{
    struct sleep *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_sleep, parent, result);
    return f != NULL ? begin_for(cx, f, duration) : BIDE_PENDING;
}

enum bide_poll bide__start_bide_sleep_until(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_instant deadline);
extern const struct bide_fn bide__desc_bide_sleep_until;

BIDE__LEAF_OF(bide_sleep_until, struct sleep, struct sleep_until_args, sizeof(int),
              BIDE_FN_RESULT_SIGNED, bide_sleep_until, sleep_until_poll, sleep_cancel);

enum bide_poll bide__start_bide_sleep_until(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_instant deadline)
{
    struct sleep *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_sleep_until, parent, result);
    return f != NULL ? begin_until(cx, f, deadline) : BIDE_PENDING;
}

int bide_sleep(bide_duration duration)
{
    struct sleep_args args = {duration};
    int result = 0;
    bide__block_on(&bide__desc_bide_sleep, &args, &result);
    return result;
}

int bide_sleep_until(bide_instant deadline)
{
    struct sleep_until_args args = {deadline};
    int result = 0;
    bide__block_on(&bide__desc_bide_sleep_until, &args, &result);
    return result;
}
