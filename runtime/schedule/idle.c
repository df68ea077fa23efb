/*
 * idle.c: which workers search for work and which sleep, and who is woken when there is work.
 *
 * The idle word has the number of workers that search, of those that are awake (which search, or
 * run tasks), and of those that can be woken. At most half of the workers search at once, so that
 * they do not get in each other's way. A searcher that finds something, and was the last one, looks
 * whether there is more, and then wakes another: so workers come as long as there is work, and the
 * wake of one task wakes one worker. A worker that goes to sleep while nobody searches looks once
 * more, also if it did not search itself since others did: they may have found something that keeps
 * them, while it counted as awake. See multi.h for the rule about lost wakes.
 *
 * A worker that sleeps is in the list of sleepers, unless it was chosen to be woken; then it counts
 * as awake and searching from that moment on. It sleeps in the driver if nobody else has it, and
 * otherwise on its own futex; in both cases not longer than to its next timer. A spare that
 * rests (spare.c) is not in the list, and leaves the driver to the others. Where each worker has a
 * ring of its own (`rings`), all of them always sleep there.
 *
 * The last worker to fall asleep tells a shutdown that all is quiet, and moves a virtual clock on,
 * or has it moved by the one that sleeps in the driver. With rings, an event may be in any of them.
 * So each worker has to look first, in one *round*, during which nobody awakes: one that has not
 * looked is sent for, and the last one moves the clock.
 */
#include "runtime/schedule/multi.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/trace/census.h"
#include "runtime/trace/trace.h"

/* ThreadSanitizer does not know fences. No access that it looks at is ordered by one alone. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wtsan"
#endif

static const uint64_t SEARCHING = 1, UNPARKED = UINT64_C(1) << 16, LISTED = UINT64_C(1) << 32;

static unsigned searching(uint64_t idle)
{
    return (uint16_t)idle;
}

static unsigned awake(uint64_t idle)
{
    return (uint16_t)(idle >> 16);
}

/* ---- to wake ---- */

void bide__unpark(struct bide__peer *peer)
{
    struct bide__driver *driver = peer->worker.driver;

    switch (atomic_exchange_explicit(&peer->parker, BIDE__NOTIFIED, memory_order_seq_cst)) {
    case BIDE__IN_FUTEX: bide__door.futex_wake(&peer->parker, 1); break;
    case BIDE__IN_DRIVER: driver->ops->wake(driver); break;
    default: break;
    }
}

static bool wants_searcher(uint64_t idle)
{
    return searching(idle) == 0 && idle >= LISTED;
}

/* A sleeper, which counts as awake and searching now; NULL: none is to be woken. */
static struct bide__peer *choose(struct bide__workers *all)
{
    struct bide__peer *peer = NULL;

    pthread_mutex_lock(&all->sleepers_mutex);
    if (wants_searcher(atomic_load_explicit(&all->idle, memory_order_seq_cst)))
        peer = all->sleepers;
    if (peer != NULL) {
        all->sleepers = peer->next_sleeper;
        atomic_store_explicit(&peer->is_asleep, false, memory_order_relaxed);
        atomic_fetch_add_explicit(&all->idle, UNPARKED + SEARCHING - LISTED, memory_order_seq_cst);
    }
    pthread_mutex_unlock(&all->sleepers_mutex);
    return peer;
}

void bide__notify(struct bide__workers *all)
{
    /* The look comes after the stores that made the work visible. It only reads: the word is in the
     * caches of all workers. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!wants_searcher(atomic_load_explicit(&all->idle, memory_order_relaxed)))
        return;
    struct bide__peer *peer = choose(all);
    if (peer != NULL)
        bide__unpark(peer);
}

/* ---- to search ---- */

bool bide__search_begin(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    if (peer->is_searching)
        return true;
    if (2 * searching(atomic_load_explicit(&all->idle, memory_order_seq_cst)) >= all->count)
        return false;
    atomic_fetch_add_explicit(&all->idle, SEARCHING, memory_order_seq_cst);
    peer->is_searching = true;
    return true;
}

/* Leaves wait for descriptors, and the worker that slept in the driver has left it. */
static bool lacks_driver(struct bide__workers *all)
{
    return atomic_load_explicit(&all->runtime->fds->waiting, memory_order_relaxed) > 0 &&
           bide__driver_is_left(all);
}

void bide__search_end(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    peer->is_searching = false;
    uint64_t before = atomic_fetch_sub_explicit(&all->idle, SEARCHING, memory_order_seq_cst);
    if (searching(before) > 1)
        return;
    /* What was made visible while it searched is for another one, and so is the driver, if this one
     * was woken in it. */
    atomic_thread_fence(memory_order_seq_cst);
    if (bide__has_work(all) || lacks_driver(all))
        bide__notify(all);
}

/* ---- the driver ---- */

/* With rings each has its own, and none is given back. */
static bool take_driver(struct bide__workers *all)
{
    if (all->rings)
        return true;
    return !atomic_load_explicit(&all->driver_taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&all->driver_taken, true, memory_order_acquire);
}

static void give_driver(struct bide__workers *all)
{
    if (!all->rings)
        atomic_store_explicit(&all->driver_taken, false, memory_order_release);
}

static int wait_in_driver(struct bide__peer *peer, int64_t timeout_ns)
{
    struct bide__driver *driver = peer->worker.driver;
    return driver->ops->wait(driver, peer->worker.runtime->fds, timeout_ns);
}

void bide__look_at_driver(struct bide__peer *peer)
{
    if (!take_driver(peer->all))
        return;
    wait_in_driver(peer, 0);
    give_driver(peer->all);
}

void bide__look_for(struct bide__peer *peer)
{
    struct bide__driver *driver = peer->worker.driver;
    if (peer->all->rings && driver->ops->has_events(driver))
        wait_in_driver(peer, 0);
}

/* ---- to sleep ---- */

/* It does not count as awake any more. True: nobody searches now, so somebody has to look whether
 * there is work. */
static bool count_off(struct bide__peer *peer, uint64_t less, bool *all_asleep)
{
    if (peer->is_searching)
        less += SEARCHING;
    uint64_t before = atomic_fetch_sub_explicit(&peer->all->idle, less, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst); /* what it looks at next comes after this */
    peer->is_searching = false;
    *all_asleep = awake(before) == 1;
    return searching(before - less) == 0;
}

/* True: nobody searches now, so it has to look. */
static bool fall_asleep(struct bide__peer *peer, bool *all_asleep)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->sleepers_mutex);
    bool last = count_off(peer, UNPARKED - LISTED, all_asleep);
    peer->next_sleeper = all->sleepers;
    all->sleepers = peer;
    atomic_store_explicit(&peer->is_asleep, true, memory_order_relaxed);
    pthread_mutex_unlock(&all->sleepers_mutex);
    return last;
}

/* It awakes by itself, unless it was chosen meanwhile; then it has to search. */
static void awake_again(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->sleepers_mutex);
    peer->is_searching = !atomic_load_explicit(&peer->is_asleep, memory_order_relaxed);
    if (!peer->is_searching) {
        struct bide__peer **at = &all->sleepers;
        while (*at != peer)
            at = &(*at)->next_sleeper;
        *at = peer->next_sleeper;
        atomic_store_explicit(&peer->is_asleep, false, memory_order_relaxed);
        atomic_fetch_add_explicit(&all->idle, UNPARKED - LISTED, memory_order_seq_cst);
    }
    pthread_mutex_unlock(&all->sleepers_mutex);
}

static void wait_on_futex(struct bide__peer *peer, int64_t timeout_ns)
{
    uint32_t state = BIDE__AWAKE;

    if (atomic_compare_exchange_strong_explicit(&peer->parker, &state, BIDE__IN_FUTEX,
                                                memory_order_seq_cst, memory_order_seq_cst))
        bide__door.futex_wait(&peer->parker, BIDE__IN_FUTEX, timeout_ns);
    atomic_exchange_explicit(&peer->parker, BIDE__AWAKE, memory_order_seq_cst);
}

static void wait_for_events(struct bide__peer *peer, int64_t timeout_ns)
{
    uint32_t state = BIDE__AWAKE;

    if (atomic_compare_exchange_strong_explicit(&peer->parker, &state, BIDE__IN_DRIVER,
                                                memory_order_seq_cst, memory_order_seq_cst))
        wait_in_driver(peer, timeout_ns);
    atomic_exchange_explicit(&peer->parker, BIDE__AWAKE, memory_order_seq_cst);
}

/* Waits until it is woken, something happens, or a timer of its own is due. */
static void sleep_once(struct bide__peer *peer)
{
    bool is_virtual = bide__time_is_virtual();
    int64_t until_ns = bide__next_timer_ns(peer), timeout_ns = -1;

    if (until_ns != INT64_MAX && !is_virtual) {
        timeout_ns = until_ns - bide__clock_ns();
        if (timeout_ns < 0)
            timeout_ns = 0;
    }
    bool rests = atomic_load_explicit(&peer->rests, memory_order_relaxed);
    if ((rests && !peer->all->rings) || !take_driver(peer->all)) {
        wait_on_futex(peer, timeout_ns);
        return;
    }
    wait_for_events(peer, timeout_ns);
    give_driver(peer->all);
}

/* ---- the last one ---- */

/* With the driver, or the clock's mutex: what has happened was taken. True: the clock has moved on,
 * or there is work. */
static bool move_clock(struct bide__peer *peer, unsigned round)
{
    struct bide__workers *all = peer->all;
    int64_t until_ns = atomic_load_explicit(&all->deadline_ns, memory_order_relaxed);

    /* First the times: a timer that is seen was armed before the worker that armed it fell asleep,
     * or that one is seen awake. */
    for (unsigned i = 0; i < bide__peers(all); i++) {
        int64_t next_ns = bide__wheel_next(bide__peer_at(all, i)->worker.wheel, true);
        if (next_ns < until_ns)
            until_ns = next_ns;
    }
    for (unsigned i = 0; i < bide__peers(all); i++)
        if (bide__inject_any(&bide__peer_at(all, i)->pinned))
            return true;
    if (bide__has_work(all) || bide__has_own_work(peer))
        return true;
    /* Work that is in no queue has a worker that is awake. */
    if (!bide__all_sleep(all) ||
        atomic_load_explicit(&all->runtime->pool->in_flight, memory_order_acquire) != 0)
        return false;
    if (until_ns == INT64_MAX || atomic_load(&all->round) != round)
        return false;
    bide__time_set(until_ns);
    for (unsigned i = 0; i < bide__peers(all); i++)
        bide__wheel_advance(bide__peer_at(all, i)->worker.wheel, until_ns, SIZE_MAX);
    return true;
}

/* With the clock's mutex: each worker has looked at its ring in this round, and found all that has
 * happened there: what the kernel still has to do on another thread, which submitted the operation,
 * can be seen. Whose ring is not done is woken, and tries this then. */
static bool all_have_looked(struct bide__workers *all, unsigned round)
{
    for (unsigned i = 0; i < bide__peers(all); i++) {
        struct bide__peer *peer = bide__peer_at(all, i);
        struct bide__driver *driver = peer->worker.driver;
        if (peer->round != round || driver->ops->has_events(driver)) {
            driver->ops->wake(driver);
            return false;
        }
    }
    return true;
}

static void pass_with_rings(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    bool moved = false;

    pthread_mutex_lock(&all->clock_mutex);
    unsigned round = atomic_load(&all->round);
    wait_in_driver(peer, 0);
    peer->round = round;
    if (all_have_looked(all, round)) {
        moved = move_clock(peer, round);
        atomic_fetch_add(&all->round, 1);
    }
    pthread_mutex_unlock(&all->clock_mutex);
    if (moved)
        bide__notify(all);
}

/*
 * All workers seem to sleep, and time is virtual. What has happened comes before the next timer,
 * and a worker that sleeps in the driver may just be told of it. So only who has the driver moves
 * the clock: another one sends for the worker that has it, which tries this when it is back.
 */
static void pass_virtual_time(struct bide__peer *peer)
{
    struct bide__driver *driver = peer->worker.driver;

    if (peer->all->rings) {
        pass_with_rings(peer);
        return;
    }
    if (!take_driver(peer->all)) {
        driver->ops->wake(driver);
        return;
    }
    wait_in_driver(peer, 0);
    bool moved = move_clock(peer, atomic_load(&peer->all->round));
    give_driver(peer->all);
    if (moved)
        bide__notify(peer->all);
}

static void tell_shutdown(struct bide__workers *all)
{
    if (!atomic_load_explicit(&all->closing, memory_order_seq_cst))
        return;
    pthread_mutex_lock(&all->world_mutex);
    pthread_cond_broadcast(&all->quiet);
    pthread_mutex_unlock(&all->world_mutex);
}

static bool must_awake(struct bide__peer *peer)
{
    /* A spare that rests has nothing to search, but may be asked to stand in. */
    bool called = atomic_load_explicit(&peer->rests, memory_order_relaxed)
                      ? atomic_load_explicit(&peer->stands_for, memory_order_seq_cst) != NULL
                      : !atomic_load_explicit(&peer->is_asleep, memory_order_relaxed);
    return called || bide__has_own_work(peer) || bide__quit_signal_has_asked(peer->all->runtime) ||
           atomic_load_explicit(&peer->drains, memory_order_relaxed) ||
           bide__census_is_due(&peer->worker) ||
           atomic_load_explicit(&peer->all->quit, memory_order_relaxed);
}

/* It does not count as awake. */
static void sleep_long(struct bide__peer *peer, bool all_asleep)
{
    struct bide__workers *all = peer->all;

    bide__world_leave(peer);
    if (all_asleep)
        tell_shutdown(all);
    if (all_asleep && bide__time_is_virtual())
        pass_virtual_time(peer);
    bide__count_up(&peer->worker.parks);
    bide__busy_end(&peer->worker, bide__clock_ns());
    while (!must_awake(peer)) {
        sleep_once(peer);
        if (bide__time_is_virtual() && bide__all_sleep(all))
            pass_virtual_time(peer);
    }
    if (all->rings)
        atomic_fetch_add(&all->round, 1);
    bide__busy_begin(&peer->worker, bide__clock_ns());
    bide__count_up(&peer->worker.unparks);
}

static void sleep_until_needed(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    bool all_asleep;

    bide__slab_drain(peer->worker.slab);
    bool last = fall_asleep(peer, &all_asleep);
    if (last && bide__has_work(all))
        bide__notify(all);
    sleep_long(peer, all_asleep);
    awake_again(peer);
    bide__world_enter(peer);
    bide__watchdog_wake(all);
}

void bide__park(struct bide__peer *peer)
{
    const struct bide__options *options = peer->worker.runtime->options;

    bide__options_park(options);
    if (options->hooks.thread_park == NULL || !bide__has_own_work(peer))
        sleep_until_needed(peer); /* the hook may have woken a task */
    bide__options_unpark(options);
}

/* ---- the watchdog ---- */

void bide__helper_begin(struct bide__workers *all)
{
    atomic_fetch_add_explicit(&all->idle, UNPARKED, memory_order_seq_cst);
}

void bide__helper_end(struct bide__workers *all)
{
    atomic_fetch_sub_explicit(&all->idle, UNPARKED, memory_order_seq_cst);
    bide__notify(all); /* the last worker to fall asleep may have left the clock alone */
}

/* ---- a spare ---- */

void bide__awake_spare(struct bide__peer *peer)
{
    atomic_fetch_add_explicit(&peer->all->idle, UNPARKED, memory_order_seq_cst);
    bide__watchdog_wake(peer->all);
}

void bide__rest_spare(struct bide__peer *peer)
{
    const struct bide__options *options = peer->worker.runtime->options;
    struct bide__workers *all = peer->all;
    bool all_asleep;

    bide__options_park(options);
    bide__slab_drain(peer->worker.slab);
    /* It may have been woken to search, or have waited in the driver: now another one has to. */
    bide__notify(all);
    atomic_store_explicit(&peer->rests, true, memory_order_seq_cst);
    (void)count_off(peer, UNPARKED, &all_asleep);
    sleep_long(peer, all_asleep);
    atomic_store_explicit(&peer->rests, false, memory_order_relaxed);
    bide__awake_spare(peer);
    bide__world_enter(peer);
    bide__options_unpark(options);
}
