/*
 * workers.c: the workers of a multi_thread runtime begin and end, and the runtime is shut down; see
 * multi.h.
 */
#include "runtime/schedule/multi.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/task/meter.h"
#include "runtime/thread.h"

#include <bide/runtime.h>

/* ---- made ---- */

void bide__peer_init(struct bide__peer *peer, struct bide__workers *all, unsigned index)
{
    struct bide_runtime *rt = all->runtime;
    const struct bide__worker *outside = rt->worker;
    const struct bide__options *o = rt->options;

    peer->all = all;
    peer->stands = true;
    peer->index = index;
    peer->random = bide__options_seed(o, index + 1) | 1;
    peer->worker = (struct bide__worker){
        .hub = rt->hub,
        .multi = true,
        .schedule = o->measure_interval > 0 ? bide__peer_schedule_measured : bide__peer_schedule,
        .runtime = rt,
        .wheel = rt->wheels[index],
        .segments = &peer->segments,
        .driver = outside->driver,
        .turn = {.memory = &bide__memory, .seed = peer->random},
        .watched = o->task_hooks,
        .observed = o->task_hooks || o->measure_interval > 0,
    };
    peer->segments.slab.spares_all = &rt->hub->spares_all;
    peer->events_max = peer->stop = peer->worker.turns = o->event_interval;
    peer->worker.watched_max = o->event_interval; /* of a forked child: it looks around at once */
    peer->injector_max = o->injector_interval;
    peer->lifo_off = o->lifo_slot_off;
    bide__wheel_init(peer->worker.wheel, bide__clock_ns(), true, index);
    bide__inject_init(&peer->pinned);
}

int bide__peer_driver(struct bide__peer *peer)
{
    const struct bide_runtime *rt = peer->worker.runtime;
    const struct bide__driver_options options = {BIDE__OWNER_SHARED,
                                                 .events_max = rt->options->io_events_max};
    struct bide__driver *first = rt->worker->driver;

    if (!peer->all->rings || peer->index == 0)
        return 0;
    peer->worker.driver = NULL;
    return first->ops->begin(&peer->worker.driver, &options);
}

void bide__peer_end(struct bide__peer *peer)
{
    struct bide__driver *driver = peer->worker.driver;

    if (driver != NULL && driver != peer->worker.runtime->worker->driver) {
        bide__fds_drain(peer->worker.runtime->fds, driver);
        driver->ops->end(driver);
    }
    bide__meter_free(&peer->worker);
    bide__wheel_end(peer->worker.wheel);
    bide__segments_end(&peer->segments);
    bide__inject_end(&peer->pinned);
}

static void monotonic_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void all_init(struct bide__workers *all, struct bide_runtime *rt, unsigned count)
{
    all->runtime = rt;
    all->count = count;
    atomic_store_explicit(&all->round, 1, memory_order_relaxed); /* in which none has looked */
    all->rings = rt->worker->driver->ops->is_lazy;
    pthread_sigmask(SIG_BLOCK, NULL, &all->signals);
    bide__inject_init(&all->inject);
    bide__inject_init(&all->low);
    pthread_mutex_init(&all->sleepers_mutex, NULL);
    pthread_mutex_init(&all->spares_mutex, NULL);
    pthread_mutex_init(&all->clock_mutex, NULL);
    pthread_mutex_init(&all->world_mutex, NULL);
    pthread_mutex_init(&all->stopper, NULL);
    pthread_mutex_init(&all->watch_mutex, NULL);
    monotonic_cond(&all->all_stand);
    monotonic_cond(&all->go_on);
    monotonic_cond(&all->quiet);
    monotonic_cond(&all->watch_wake);
    atomic_store_explicit(&all->deadline_ns, INT64_MAX, memory_order_relaxed);
}

static struct bide__workers *all_new(struct bide_runtime *rt, unsigned count)
{
    struct bide__workers *all = bide__door.alloc(sizeof(*all), BIDE__LINE);
    if (all == NULL)
        return NULL;
    memset(all, 0, sizeof(*all));
    size_t size = count * sizeof(*all->peers);
    all->peers = bide__door.alloc(size, BIDE__LINE);
    if (all->peers == NULL) {
        bide__free(all, sizeof(*all));
        return NULL;
    }
    memset(all->peers, 0, size);
    all_init(all, rt, count);
    for (unsigned i = 0; i < count; i++) {
        bide__peer_init(&all->peers[i], all, i);
        all->peers[i].worker.slab = &rt->hub->slabs[i];
        all->peers[i].worker.tally = &rt->hub->tallies[i];
        all->peers[i].alone = count == 1;
    }
    return all;
}

/* The wheels of `count` workers, one after another; in front of them the array that has their
 * addresses, and those of the spares. */
static size_t wheels_size(unsigned count)
{
    return (count + BIDE__SPARES) * sizeof(struct bide__wheel *) +
           count * sizeof(struct bide__wheel);
}

static bool make_wheels(struct bide_runtime *rt, unsigned count)
{
    struct bide__wheel **wheels = bide__alloc(wheels_size(count));

    if (wheels == NULL)
        return false;
    struct bide__wheel *first = (struct bide__wheel *)(void *)(wheels + count + BIDE__SPARES);
    for (unsigned i = 0; i < count; i++)
        wheels[i] = first + i;
    rt->wheels = wheels;
    return true;
}

static void free_wheels(struct bide_runtime *rt, unsigned count)
{
    bide__free(rt->wheels, wheels_size(count));
    rt->wheels = &rt->worker->wheel;
}

int bide__workers_begin(struct bide_runtime *rt)
{
    unsigned count = rt->options->workers;
    bide__fibers_begin();
    int r = bide__hub_add_slabs(rt->hub, count);
    if (r < 0)
        return r;
    if (!make_wheels(rt, count))
        return -ENOMEM;
    struct bide__workers *all = rt->workers = all_new(rt, count);
    if (all == NULL) {
        free_wheels(rt, count);
        return -ENOMEM;
    }
    rt->multi = true;
    rt->hub->inject = bide__runtime_inject;
    rt->worker->multi = true;
    rt->worker->schedule = bide__outside_schedule;
    for (unsigned i = 0; i < count && r == 0; i++)
        r = bide__meter_new(&all->peers[i].worker, rt->options);
    for (unsigned i = 0; i < count && r == 0; i++)
        r = bide__peer_driver(&all->peers[i]);
    if (r < 0) {
        bide__workers_free(rt);
        return r;
    }
    /* All are awake: each counts itself off when it sleeps. */
    atomic_store_explicit(&all->idle, (uint64_t)count << 16, memory_order_relaxed);
    r = bide__watchdog_begin(all);
    all->has_watchdog = r == 0;
    if (r < 0) {
        bide__workers_free(rt);
        return r;
    }
    for (unsigned i = 0; i < count && r == 0; i++) {
        struct bide__peer *peer = &all->peers[i];
        r = bide__door.thread_create(&peer->thread, rt->options->thread_stack_size,
                                     bide__worker_main, peer);
        if (r == 0)
            all->started++;
    }
    if (r < 0) {
        bide__workers_stop(rt);
        bide__workers_free(rt);
        return r;
    }
    return 0;
}

/* ---- ended ---- */

void bide__workers_stop(struct bide_runtime *rt)
{
    struct bide__workers *all = rt->workers;

    atomic_store_explicit(&all->quit, true, memory_order_seq_cst);
    for (unsigned i = 0; i < all->started; i++)
        bide__unpark(&all->peers[i]);
    for (unsigned i = 0; i < all->started; i++)
        bide__door.thread_join(all->peers[i].thread);
    all->started = 0;
    bide__spares_stop(all);
    if (all->has_watchdog)
        bide__watchdog_end(all);
    all->has_watchdog = false;
}

void bide__workers_free(struct bide_runtime *rt)
{
    struct bide__workers *all = rt->workers;

    for (unsigned i = 0; i < all->count; i++)
        bide__peer_end(&all->peers[i]);
    bide__spares_free(all);
    bide__inject_end(&all->inject);
    bide__inject_end(&all->low);
    pthread_mutex_destroy(&all->sleepers_mutex);
    pthread_mutex_destroy(&all->spares_mutex);
    pthread_mutex_destroy(&all->world_mutex);
    pthread_mutex_destroy(&all->stopper);
    pthread_mutex_destroy(&all->watch_mutex);
    pthread_cond_destroy(&all->all_stand);
    pthread_cond_destroy(&all->go_on);
    pthread_cond_destroy(&all->quiet);
    pthread_cond_destroy(&all->watch_wake);
    free_wheels(rt, all->count);
    bide__free(all->peers, all->count * sizeof(*all->peers));
    bide__free(all, sizeof(*all));
    rt->workers = NULL;
    bide__fibers_end();
}

/* ---- counted ---- */

void bide__workers_count(const struct bide_runtime *rt, struct bide_runtime_metrics *out)
{
    struct bide__workers *all = rt->workers;

    out->injector_depth = bide__inject_count(&all->inject) + bide__inject_count(&all->low);
    out->spare_workers = atomic_load_explicit(&all->spares, memory_order_relaxed);
    for (unsigned i = 0; i < bide__peers(all); i++)
        out->in_place +=
            atomic_load_explicit(&bide__peer_at(all, i)->in_place, memory_order_relaxed);
}

const struct bide__worker *bide__workers_at(const struct bide_runtime *rt, unsigned i)
{
    return i < bide__peers(rt->workers) ? &bide__peer_at(rt->workers, i)->worker : NULL;
}

uint32_t bide__worker_depth(const struct bide__worker *worker)
{
    struct bide__peer *peer = (struct bide__peer *)(uintptr_t)(const void *)worker;

    if (peer->alone)
        return 0;
    bool next = atomic_load_explicit(&peer->lifo, memory_order_relaxed) != NULL;
    return bide__ring_count(&peer->ring) + next;
}

/* ---- shutdown ---- */

static const int64_t STEP_NS = INT64_C(10000000), GRACE_NS = INT64_C(1000000000);
static const int64_t ACCEPT_NS = INT64_C(1000000000); /* other threads may spawn for so long */

static void cancel_block(void *block, void *argument)
{
    const struct bide_runtime *rt = argument;
    struct bide__task *task = block;
    if (task != rt->spared && !bide__state_done(&task->wake.state) &&
        !bide__state_is_future(&task->wake.state))
        bide__task_cancel(NULL, task, BIDE__ASK_RUNTIME | rt->forcing);
}

/* Asks all tasks but `spared` to cancel, those to come too. False: a worker did not stand in time.
 */
static bool cancel_all(struct bide_runtime *rt, const struct bide__task *spared, bool force,
                       int64_t patience_ns)
{
    struct bide__workers *all = rt->workers;
    bool stand = bide__world_stop(rt, patience_ns);

    if (stand) {
        pthread_mutex_lock(&rt->hub->mutex);
        rt->worker->closing = true;
        rt->forcing = force;
        for (unsigned i = 0; i < bide__peers(all); i++)
            bide__peer_at(all, i)->worker.closing = true;
        rt->spared = spared;
        bide__hub_each(rt->hub, cancel_block, rt);
        rt->spared = NULL;
        pthread_mutex_unlock(&rt->hub->mutex);
    }
    bide__world_go(rt);
    return stand;
}

bool bide__workers_cancel(struct bide_runtime *rt, const struct bide__task *spared, bool force,
                          int64_t patience_ns)
{
    bide__quiet_begin(true);
    bool asked = cancel_all(rt, spared, force, patience_ns);
    bide__quiet_end(true);
    return asked;
}

static void close_futures(struct bide_runtime *rt, int64_t patience_ns)
{
    if (bide__world_stop(rt, patience_ns)) {
        pthread_mutex_lock(&rt->hub->mutex);
        bide__futures_close(rt->worker);
        pthread_mutex_unlock(&rt->hub->mutex);
    }
    bide__world_go(rt);
}

/* From now on threads that run no worker cannot spawn, or they can. */
static void refuse_others(struct bide_runtime *rt, bool refuse)
{
    pthread_mutex_lock(&rt->hub->mutex);
    rt->hub->refuses = refuse;
    pthread_mutex_unlock(&rt->hub->mutex);
}

/* It waits, and wakes nobody. */
static void set_waits(struct bide_runtime *rt, bool waits)
{
    pthread_mutex_lock(&rt->hub->mutex);
    rt->waits_for_all = waits;
    pthread_mutex_unlock(&rt->hub->mutex);
}

/* Waits until no task is alive. False: the time is over, or nothing can end them. Threads that
 * spawn without a pause could keep it from that, so they are refused a while after begun_ns. */
static bool wait_for_tasks(struct bide_runtime *rt, int64_t begun_ns, int64_t deadline_ns)
{
    struct bide__workers *all = rt->workers;
    bool none;

    atomic_store_explicit(&all->deadline_ns, deadline_ns, memory_order_relaxed);
    set_waits(rt, true);
    while (!(none = bide__hub_alive(rt->hub) == 0) && bide__clock_ns() < deadline_ns &&
           !rt->is_stuck) {
        pthread_mutex_lock(&all->world_mutex);
        if (bide__hub_alive(rt->hub) > 0)
            bide__door.cond_wait(&all->quiet, &all->world_mutex, STEP_NS);
        pthread_mutex_unlock(&all->world_mutex);
        if (bide__door_real.clock() - begun_ns > ACCEPT_NS)
            refuse_others(rt, true);
    }
    set_waits(rt, false);
    atomic_store_explicit(&all->deadline_ns, INT64_MAX, memory_order_relaxed);
    return none; /* others may have brought one since */
}

static int64_t left_ns(int64_t deadline_ns)
{
    int64_t left = deadline_ns == INT64_MAX ? INT64_MAX / 2 : deadline_ns - bide__clock_ns();
    return left > 0 ? left : 0;
}

/* If no task is alive, none is made any more. False: another thread has brought one. */
static bool end_if_none(struct bide_runtime *rt)
{
    pthread_mutex_lock(&rt->hub->mutex);
    rt->ended = bide__hub_alive(rt->hub) == 0;
    pthread_mutex_unlock(&rt->hub->mutex);
    return rt->ended;
}

/* True: no task is alive, and no future that has begun, and the runtime has ended. */
static bool wait_for_all(struct bide_runtime *rt, int64_t deadline_ns)
{
    int64_t begun_ns = bide__door_real.clock();

    while (wait_for_tasks(rt, begun_ns, deadline_ns)) {
        bool none = atomic_load_explicit(&rt->hub->futures, memory_order_acquire) == 0;
        if (!none) {
            close_futures(rt, left_ns(deadline_ns));
            if (bide__hub_alive(rt->hub) > 0)
                continue;
            if (atomic_load_explicit(&rt->hub->futures, memory_order_acquire) > 0)
                return false;
        }
        if (end_if_none(rt))
            return true;
    }
    return false;
}

static bool shut_down(struct bide_runtime *rt, int64_t deadline_ns)
{
    struct bide__workers *all = rt->workers;

    atomic_store_explicit(&all->closing, true, memory_order_seq_cst);
    bool ended = cancel_all(rt, NULL, false, left_ns(deadline_ns)) && wait_for_all(rt, deadline_ns);
    rt->is_stuck = false;
    if (!ended && cancel_all(rt, NULL, true, GRACE_NS)) {
        close_futures(rt, GRACE_NS);
        ended = wait_for_all(rt, bide__deadline((struct bide_duration){GRACE_NS}));
        rt->forcing = false;
        rt->is_stuck = false;
    }
    atomic_store_explicit(&all->closing, false, memory_order_seq_cst);
    refuse_others(rt, false);
    if (!ended)
        return false;
    bide__pool_end(rt->pool);
    bide__workers_stop(rt);
    for (unsigned i = 0; i < bide__peers(all); i++)
        bide__fds_drain(rt->fds, bide__peer_at(all, i)->worker.driver);
    return true;
}

/* Waits for another thread that shuts the runtime down, and then has its turn. False: the time is
 * over. */
static bool have_turn(struct bide_runtime *rt, int64_t deadline_ns)
{
    struct bide__workers *all = rt->workers;

    pthread_mutex_lock(&all->world_mutex);
    while (all->shuts_down && bide__clock_ns() < deadline_ns)
        bide__door.cond_wait(&all->quiet, &all->world_mutex, STEP_NS);
    bool has = !all->shuts_down;
    all->shuts_down = true;
    pthread_mutex_unlock(&all->world_mutex);
    return has;
}

int bide__workers_shutdown(struct bide_runtime *rt, struct bide_duration limit)
{
    struct bide__workers *all = rt->workers;
    int64_t deadline_ns = bide__deadline(limit);

    if (!have_turn(rt, deadline_ns))
        return -ETIMEDOUT;
    bool ended = rt->ended || shut_down(rt, deadline_ns);
    pthread_mutex_lock(&all->world_mutex);
    all->shuts_down = false;
    pthread_cond_broadcast(&all->quiet);
    pthread_mutex_unlock(&all->world_mutex);
    return ended ? 0 : -ETIMEDOUT;
}
