/*
 * watchdog.c: a thread that sees what a worker leaves undone whose poll does not end; see multi.h.
 *
 * While a worker is awake the watchdog looks every 2 ms. If a worker's epoch is the same as at the
 * last look, its poll lasts. Then its tasks go to the shared queue: a worker that has tasks of its
 * own looks there too, but steals only when it has none. Its timers are advanced here; and if its
 * poll lasts PATIENCE_NS, a line on stderr names the function, once for each poll. A worker that is
 * woken goes to the driver too, if nobody else is there. So a poll that blocks holds up nothing but
 * its own task for more than some 4 ms.
 *
 * It also answers SIGQUIT when no worker does. When all workers have been asleep for a while, the
 * watchdog sleeps too, until one awakes. Before that, it asks whether one ever will.
 */
#include "runtime/schedule/multi.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/task/task.h"
#include "runtime/thread.h"
#include "runtime/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t TICK_NS = INT64_C(2000000);
static const int64_t PATIENCE_NS = INT64_C(1000000000);
static const int64_t JUDGE_NS = INT64_C(100000000), JUDGE_MAX_NS = INT64_C(10000000000);
enum { QUIET_TICKS = 10, ANSWER_TICKS = 50 };

static void report(const struct bide__peer *peer, int64_t ms)
{
    const struct bide_fn *fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
    const struct bide_fn_info *info = fn != NULL ? fn->info : NULL;
    char text[384], label[BIDE__TASK_LABEL];

    if (info == NULL)
        return;
    bide__task_label(peer->worker.hub,
                     atomic_load_explicit(&peer->worker.named, memory_order_relaxed), label);
    snprintf(text, sizeof(text),
             "bide: worker %u: the task%s of %s (%s:%u) has not come to an await for %lld ms; "
             "use bide_blocking or bide_yield\n",
             peer->index, label, info->name, info->file, (unsigned)info->line, (long long)ms);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
}

/* Its timers and its ring. What they wake is in no queue for a moment. */
static void advance(struct bide__peer *peer)
{
    bool is_virtual = bide__time_is_virtual();

    if (is_virtual)
        bide__helper_begin(peer->all);
    bide__wheel_help(peer->worker.wheel, bide__clock_ns());
    bide__look_for(peer);
    if (is_virtual)
        bide__helper_end(peer->all);
}

/* What it will not come to goes to the others, if there are any, before all that came later. For a
 * moment it is in no queue. */
static void give_tasks(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    struct bide__queue given = {NULL, NULL};
    size_t n = 0, half;

    if (all->count == 1 || (bide__ring_count(&peer->ring) == 0 &&
                            atomic_load_explicit(&peer->lifo, memory_order_relaxed) == NULL))
        return;
    bide__quiet_begin(true); /* as the scheduler is */
    bide__helper_begin(all);
    while ((half = bide__ring_give(&peer->ring, &given)) > 0)
        n += half;
    struct bide__task *task = atomic_exchange_explicit(&peer->lifo, NULL, memory_order_acq_rel);
    if (task != NULL) {
        bide__queue_push(&given, task);
        n++;
    }
    bide__inject_prepend(&all->inject, &given, n);
    bide__helper_end(all);
    bide__quiet_end(true);
}

/* The worker's poll lasts. */
static void help(struct bide__peer *peer, int64_t now_ns)
{
    struct bide__watched *w = &peer->watched;

    give_tasks(peer);
    advance(peer);
    if (now_ns - w->since_ns >= PATIENCE_NS && !w->reported &&
        !atomic_load_explicit(&peer->in_place, memory_order_relaxed)) {
        w->reported = true;
        report(peer, (now_ns - w->since_ns) / 1000000);
    }
}

static void look(struct bide__peer *peer, int64_t now_ns)
{
    struct bide__watched *w = &peer->watched;
    uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_relaxed);
    bool polls = atomic_load_explicit(&peer->function, memory_order_relaxed) != NULL;

    if (epoch != w->epoch || !polls) {
        *w = (struct bide__watched){.epoch = epoch};
        return;
    }
    if (w->since_ns == 0)
        w->since_ns = now_ns - TICK_NS;
    help(peer, now_ns);
}

/* ---- does a program hang? ---- */

/* The number of polls that workers have begun. */
static uint64_t polls(struct bide__workers *all)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < bide__peers(all); i++)
        sum += atomic_load_explicit(&bide__peer_at(all, i)->epoch, memory_order_seq_cst);
    return sum;
}

/*
 * All workers sleep, no task is ready, and no timer, descriptor or call on the pool is waited for.
 * The order matters: what ends such a wait has made its task ready before it is counted off. Such a
 * task is seen in a queue, or the worker that has taken it is awake, or has begun a poll since.
 */
static bool waits_for_nothing(struct bide__workers *all)
{
    struct bide_runtime *rt = all->runtime;
    uint64_t before = polls(all);

    if (atomic_load(&rt->pool->in_flight) != 0 || atomic_load(&rt->fds->waiting) != 0)
        return false;
    for (unsigned i = 0; i < bide__peers(all); i++)
        if (atomic_load(&bide__peer_at(all, i)->worker.wheel->count) != 0 ||
            bide__inject_any(&bide__peer_at(all, i)->pinned))
            return false;
    return !bide__has_work(all) && bide__all_sleep(all) && polls(all) == before;
}

/*
 * With the mutex. Returns when to ask again, in ns; -1: only a task could change the answer. The
 * threads of the process are counted first: one that is gone has left its wake before.
 */
static int64_t judge(struct bide__workers *all, int64_t after_ns)
{
    struct bide_runtime *rt = all->runtime;
    unsigned others = bide__peers(all) + 1;

    if (!rt->is_program || bide__time_is_virtual() || !waits_for_nothing(all))
        return -1;
    switch (bide__is_stuck(rt, others)) {
    case BIDE__NOT_STUCK: return -1;
    case BIDE__STUCK_PERHAPS: return 2 * after_ns < JUDGE_MAX_NS ? 2 * after_ns : JUDGE_MAX_NS;
    default: break;
    }
    /* A thread of the program that does not wait may just bring a task, or have seen the last
     * end. */
    pthread_mutex_lock(&rt->hub->mutex);
    if (bide__task_is_awaited(rt) && waits_for_nothing(all) && bide__hub_alive(rt->hub) > 0)
        bide__task_stuck(rt);
    pthread_mutex_unlock(&rt->hub->mutex);
    return -1;
}

/* With the mutex: sleeps until a worker awakes. */
static void sleep_too(struct bide__workers *all)
{
    int64_t after_ns = JUDGE_NS;

    atomic_store_explicit(&all->watch_sleeps, true, memory_order_seq_cst);
    while (bide__all_sleep(all) && !atomic_load_explicit(&all->quit, memory_order_relaxed)) {
        int r = bide__door.cond_wait(&all->watch_wake, &all->watch_mutex, after_ns);
        /* Whoever awoke may be asleep again by now, and what the tasks wait for another thing. */
        after_ns = r != -ETIMEDOUT ? JUDGE_NS : judge(all, after_ns);
    }
    atomic_store_explicit(&all->watch_sleeps, false, memory_order_relaxed);
}

/* ---- its thread ---- */

/* With the mutex. SIGQUIT asks for a dump: wakes a worker, and if none answers, does it itself.
 * `ticks`: for how long it has asked. */
static unsigned see_quit_signal(struct bide__workers *all, unsigned ticks)
{
    struct bide_runtime *rt = all->runtime;

    if (!bide__quit_signal_has_asked(rt))
        return 0;
    if (ticks < ANSWER_TICKS) {
        bide__notify(all);
        return ticks + 1;
    }
    pthread_mutex_unlock(&all->watch_mutex); /* the dump asks for how long polls have lasted */
    if (bide__quit_signal_asks(rt))
        bide__dump_to_stderr(rt);
    pthread_mutex_lock(&all->watch_mutex);
    return 0;
}

static void *watchdog_main(void *argument)
{
    struct bide__workers *all = argument;
    unsigned quiet = 0, asked = 0;

    bide__options_thread_name(all->runtime->options, 'd', 0);
    pthread_mutex_lock(&all->watch_mutex);
    while (!atomic_load_explicit(&all->quit, memory_order_relaxed)) {
        quiet = bide__all_sleep(all) ? quiet + 1 : 0;
        if (quiet >= QUIET_TICKS)
            sleep_too(all);
        bide__door.cond_wait(&all->watch_wake, &all->watch_mutex, TICK_NS);
        asked = see_quit_signal(all, asked);
        int64_t now_ns = bide__door_real.clock();
        for (unsigned i = 0; i < bide__peers(all); i++)
            look(bide__peer_at(all, i), now_ns);
        if (all->runtime->fds->waiting > 0 && !bide__all_sleep(all) && bide__driver_is_left(all))
            bide__notify(all);
    }
    pthread_mutex_unlock(&all->watch_mutex);
    return NULL;
}

int64_t bide__watchdog_busy_ns(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->watch_mutex);
    bool same = atomic_load_explicit(&peer->epoch, memory_order_relaxed) == peer->watched.epoch;
    int64_t since_ns = same ? peer->watched.since_ns : 0;
    pthread_mutex_unlock(&all->watch_mutex);
    return since_ns != 0 ? bide__door_real.clock() - since_ns : 0;
}

int bide__watchdog_begin(struct bide__workers *all)
{
    return bide__door.thread_create(&all->watchdog, all->runtime->options->thread_stack_size,
                                    watchdog_main, all);
}

void bide__watchdog_end(struct bide__workers *all)
{
    bide__watchdog_wake_slow(all);
    bide__door.thread_join(all->watchdog);
}

void bide__watchdog_wake_slow(struct bide__workers *all)
{
    pthread_mutex_lock(&all->watch_mutex);
    pthread_cond_signal(&all->watch_wake);
    pthread_mutex_unlock(&all->watch_mutex);
}
