/*
 * lib/time/interval.c: ticks at equal distances, with the rules of Tokio's Interval.
 *
 * The timer's deadline is when the next tick is due. Taking a tick sets it to the next one.
 */
#include "lib/time/timer.h"

enum { LATE_NS = 5000000 }; /* a tick that is taken later than this counts as missed */

bide_interval bide_interval_every_from(bide_instant start, bide_duration period, bide_missed missed)
{
    return (bide_interval){
        .timer_ = bide_timer_at(start), .period_ns_ = period.ns, .missed = missed};
}

bide_interval bide_interval_every(bide_duration period, bide_missed missed)
{
    return bide_interval_every_from(bide_now(), period, missed);
}

bide_instant bide_interval_ticked(bide_interval *interval)
{
    return (bide_instant){interval->ticked_ns_};
}

bide_duration bide_interval_period(const bide_interval *interval)
{
    return (bide_duration){interval->period_ns_};
}

void bide_interval_reset_at(bide_interval *interval, bide_instant deadline)
{
    bide_timer_reset_at(&interval->timer_, deadline);
}

void bide_interval_reset_after(bide_interval *interval, bide_duration after)
{
    bide_timer_reset(&interval->timer_, after);
}

void bide_interval_reset(bide_interval *interval)
{
    bide_interval_reset_after(interval, bide_interval_period(interval));
}

void bide_interval_reset_immediately(bide_interval *interval)
{
    bide_interval_reset_at(interval, bide_now());
}

/* ---- ticks ---- */

/* When the next tick is due, after one that was due at due_ns and is taken at now_ns. */
static int64_t next_ns(const bide_interval *interval, int64_t due_ns, int64_t now_ns)
{
    int64_t period_ns = interval->period_ns_;
    int64_t late_ns = bide_instant_sub((bide_instant){now_ns}, (bide_instant){due_ns}).ns;

    if (late_ns > LATE_NS && interval->missed == BIDE_MISSED_DELAY)
        return bide__time_add(now_ns, period_ns);
    if (late_ns > LATE_NS && interval->missed == BIDE_MISSED_SKIP)
        return bide__time_add(now_ns - late_ns % period_ns, period_ns);
    return bide__time_add(due_ns, period_ns);
}

static void take_tick(void *object)
{
    bide_interval *interval = object;
    int64_t due_ns = interval->timer_.deadline_ns_;

    interval->ticked_ns_ = due_ns;
    interval->timer_.deadline_ns_ = next_ns(interval, due_ns, bide__clock_ns());
}

static enum bide_poll tick_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct bide__timer_wait *f = (struct bide__timer_wait *)(void *)h;
    const bide_interval *interval = f->object;

    if (h->state == 0 && interval->period_ns_ <= 0)
        return bide__leaf_finish(cx, h, -EINVAL);
    return bide__timer_poll(cx, f, take_tick);
}

BIDE__LEAF(int, bide_interval_tick, struct bide__timer_wait, tick_poll, bide__timer_cancel,
           (bide_interval *, object));
