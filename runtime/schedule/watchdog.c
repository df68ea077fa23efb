/*
 * watchdog.c: a thread that sees what a worker leaves undone whose poll does not end; see multi.h.
 *
 * While a worker is awake the watchdog looks every 2 ms. If a worker's epoch is the same as at the
 * last look, its poll lasts. Then its tasks are for the others, one of which is woken; its timers
 * are advanced here; and if its poll lasts PATIENCE_NS, a line on stderr names the function, once
 * for each poll. A worker that is woken goes to the driver too, if nobody else is there. So a poll
 * that blocks holds up nothing but its own task for more than some 4 ms.
 *
 * When all workers have been asleep for a while, the watchdog sleeps too, until one awakes.
 */
#include "runtime/schedule/multi.h"

#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/thread.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t TICK_NS = INT64_C(2000000);
static const int64_t PATIENCE_NS = INT64_C(1000000000);
enum { QUIET_TICKS = 10 };

static void report(const struct bide__peer *peer, int64_t ms)
{
    const struct bide_fn *fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
    const struct bide_fn_info *info = fn != NULL ? fn->info : NULL;
    char text[320];

    if (info == NULL)
        return;
    snprintf(text, sizeof(text),
             "bide: worker %u: the task of %s (%s:%u) has not come to an await for %lld ms; "
             "use bide_blocking or bide_yield\n",
             peer->index, info->name, info->file, (unsigned)info->line, (long long)ms);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
}

/* The worker's poll lasts. */
static void help(struct bide__peer *peer, int64_t now_ns)
{
    struct bide__workers *all = peer->all;
    struct bide__watched *w = &peer->watched;

    if (bide__ring_count(&peer->ring) > 0 ||
        atomic_load_explicit(&peer->lifo, memory_order_relaxed) != NULL)
        bide__notify(all);
    bide__wheel_help(peer->worker.wheel, bide__clock_ns());
    if (now_ns - w->since_ns >= PATIENCE_NS && !w->reported) {
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

static bool all_sleep(struct bide__workers *all)
{
    return atomic_load_explicit(&all->idle, memory_order_seq_cst) == 0;
}

/* With the mutex: sleeps until a worker awakes. */
static void sleep_too(struct bide__workers *all)
{
    atomic_store_explicit(&all->watch_sleeps, true, memory_order_seq_cst);
    while (all_sleep(all) && !atomic_load_explicit(&all->quit, memory_order_relaxed))
        bide__door.cond_wait(&all->watch_wake, &all->watch_mutex, -1);
    atomic_store_explicit(&all->watch_sleeps, false, memory_order_relaxed);
}

static void *watchdog_main(void *argument)
{
    struct bide__workers *all = argument;
    unsigned quiet = 0;

    bide__options_thread_name(all->runtime->options, 'd', 0);
    pthread_mutex_lock(&all->watch_mutex);
    while (!atomic_load_explicit(&all->quit, memory_order_relaxed)) {
        quiet = all_sleep(all) ? quiet + 1 : 0;
        if (quiet >= QUIET_TICKS)
            sleep_too(all);
        bide__door.cond_wait(&all->watch_wake, &all->watch_mutex, TICK_NS);
        int64_t now_ns = bide__door_real.clock();
        for (unsigned i = 0; i < all->count; i++)
            look(&all->peers[i], now_ns);
        if (all->runtime->fds->waiting > 0 && !all_sleep(all) &&
            !atomic_load_explicit(&all->driver_taken, memory_order_relaxed))
            bide__notify(all);
    }
    pthread_mutex_unlock(&all->watch_mutex);
    return NULL;
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
