/*
 * embed.c: a runtime inside a foreign loop: bide_runtime_fd, bide_runtime_turn.
 *
 * Between two turns the worker is in the state in which it would wait in the driver: the hub takes
 * it for asleep, and the driver has an alarm for the next timer. So a wake from another thread, an
 * event and a timer all make the driver's descriptor readable, and the foreign loop waits in place
 * of the driver.
 *
 * Two things do not pass the driver: tasks that are still ready when a turn ends, and what the
 * owner's own thread does between two turns (a spawn, a wake by a callback of the host). For the
 * first the turn wakes the driver itself. For the second the thread wakes through the hub, as
 * another thread would (bide__worker_awake), and a spawn notifies it. The driver keeps a wake until
 * somebody asks it for events, and the first thing that a turn does is to ask. So the descriptor is
 * readable until the next turn, and not longer.
 *
 * A blocking call in a callback of the host runs the executor too, and leaves it in any state;
 * bide__rest brings it back into the state between two turns.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/io/driver.h"
#include "runtime/task/task.h"
#include "runtime/thread.h"
#include "runtime/time/time.h"
#include "runtime/trace/census.h"

#include <bide/runtime.h>

enum { POLLS_MAX = 256 }; /* unless the host gives another number */

/* Virtual time may pass in the next turn. If a call is on the pool, its end notifies the hub. */
static bool time_may_pass(struct bide__worker *w)
{
    return bide__time_is_virtual() && w->wheel->count > 0 && bide__pool_is_idle(w);
}

/* True: there is more to do, so the driver is to be asked again. An alarm that cannot be set counts
 * as one that is due: the loop turns without a pause, but no timer is lost. */
static bool has_more(struct bide__worker *w)
{
    bool more = bide__has_ready(w) || time_may_pass(w) || bide__census_is_due(w);
    if (!w->runtime->is_turned)
        return more || atomic_load_explicit(&w->hub->pending, memory_order_relaxed);
    int64_t next_ns = bide__time_is_virtual() ? INT64_MAX : bide__wheel_next(w->wheel, false);
    if (w->driver->ops->alarm(w->driver, next_ns) < 0)
        more = true;
    return !bide__hub_sleep(w->hub) || more;
}

bool bide__rest(struct bide__worker *w)
{
    bool more = has_more(w);
    if (more && w->runtime->is_turned)
        w->driver->ops->wake(w->driver);
    return more;
}

static void run(struct bide__worker *w, size_t polls)
{
    bide__look_around(w);
    if (!bide__has_ready(w) && bide__time_is_virtual() &&
        bide__pass_virtual_time(w, bide__wheel_next(w->wheel, true)))
        bide__look_around(w);
    for (;;) {
        polls -= bide__run_row(w, polls);
        if (polls == 0 || !bide__has_ready(w))
            return;
        bide__look_around(w);
    }
}

int bide_runtime_fd(struct bide_runtime *rt)
{
    struct bide__worker *w = rt->worker;

    bide__refuse_forked(rt);
    if (rt->multi)
        return -EINVAL;
    int fd = w->driver->ops->watch(w->driver);
    if (fd < 0 || rt->is_turned)
        return fd;
    rt->is_turned = true;
    if (bide__thread.running != w)
        bide__rest(w);
    return fd;
}

int bide_runtime_turn(struct bide_runtime *rt, size_t polls_max)
{
    struct bide__worker *w = rt->worker;

    bide__refuse_forked(rt);
    if (bide__thread.running != NULL)
        bide__misuse_turn();
    if (rt->multi)
        return -EINVAL;
    bide__thread.running = w;
    bide__busy_begin(w, bide__clock_ns());
    bide__hub_awake(w->hub);
    run(w, polls_max > 0 ? polls_max : POLLS_MAX);
    bide__busy_end(w, bide__clock_ns());
    bide__thread.running = NULL;
    return bide__rest(w);
}
