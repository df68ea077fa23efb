/*
 * multi_thread.c: the executor of many threads: where tasks that are ready go, and what a worker
 * does. multi.h lists the parts.
 *
 * A task that a worker wakes goes into the worker's *slot* and runs next: what a task has just
 * written is still in the cache. The task that was in the slot goes to the end of the worker's
 * ring, and so does a task that was woken while it was polled (a yield). A full ring gives half of
 * its tasks to the shared queue; and a task that has used up its budget, while others wait here,
 * goes there: for whoever is free first. So does a task that yields while few wait here and some
 * wait there: those come before it, as those in the ring do. After BIDE__LIFO_POLLS turns of the
 * slot in a row, the ring comes first: two tasks that wake each other do not keep the others
 * waiting. Another worker takes the task in a slot too, but only as the last of what it looks for,
 * and only if the poll of its owner lasts: otherwise it would take the task away from the cache
 * that it is in.
 *
 * A worker looks for a task, in this order: in the shared queue, once in a while and after a yield,
 * so that a worker which feeds itself does not keep the others from starting; in its slot; in its
 * ring; in the shared queue; among the tasks of low priority; in the rings of others, of which it
 * takes half. Of the shared queue it takes its share, which goes to the end of its ring. After a
 * yield it does so only if the ring is less than half full. Tasks that are bound to it (PINNED)
 * take turns with the rest.
 *
 * The only worker of a runtime has a list in place of the ring, which is never full, and it takes
 * all of the shared queue at once.
 *
 * Fairness: if the number of tasks is bounded and each poll is, every task that was woken is polled
 * within a bounded time: a ring is first in, first out; the slot has a limit; the shared queue and
 * the tasks of low priority have their turn after a number of others. Timers, descriptors and
 * messages have theirs after `event_interval` polls, and the shared queue has its after
 * `injector_interval`: both are options, and the default is BIDE__TURNS.
 */
#include "runtime/schedule/multi.h"

#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/task/gauge.h"
#include "runtime/task/meter.h"
#include "runtime/thread.h"
#include "runtime/trace/census.h"
#include "runtime/trace/trace.h"

/* ---- where tasks go ---- */

/* A task that is bound to a worker, or of low priority: where it goes. NULL: neither. */
static struct bide__inject *special(struct bide__workers *all, const struct bide__task *task,
                                    struct bide__peer **home)
{
    uintptr_t s = atomic_load_explicit(&task->wake.state, memory_order_relaxed);

    *home = NULL;
    if (__builtin_expect(!(s & (BIDE__PINNED | BIDE__LOW)), 1))
        return NULL;
    if (!(s & BIDE__PINNED))
        return &all->low;
    *home = bide__peer_at(all, bide__chunk_of(task)->slab->home);
    return &(*home)->pinned;
}

static void push_special(struct bide__workers *all, struct bide__inject *to,
                         struct bide__peer *home, struct bide__task *task, bool again)
{
    bide__inject_push(to, task);
    if (home != NULL && home != bide__peer_of(bide__thread.running))
        bide__unpark(home);
    else if (home == NULL && !again)
        bide__notify(all);
}

/* To the end of its ring. */
static inline void push(struct bide__peer *peer, struct bide__task *task)
{
    struct bide__queue half;

    if (peer->alone) {
        if (peer->worker.queue.first == NULL)
            atomic_store_explicit(&peer->has_queue, true, memory_order_release);
        bide__queue_push(&peer->worker.queue, task);
        return;
    }
    if (__builtin_expect(bide__ring_push(&peer->ring, task, &half), 1))
        return;
    size_t n = half.first != NULL ? BIDE__RING / 2 + 1 : 1;
    bide__queue_push(&half, task);
    bide__inject_append(&peer->all->inject, &half, n);
}

/* Its oldest one. */
static struct bide__task *pop(struct bide__peer *peer)
{
    if (!peer->alone)
        return bide__ring_pop(&peer->ring);
    struct bide__task *task = bide__queue_pop(&peer->worker.queue);
    if (task != NULL && peer->worker.queue.first == NULL)
        atomic_store_explicit(&peer->has_queue, false, memory_order_relaxed);
    return task;
}

/* Puts the task into its slot, and returns the one that was there. Others only take it out, so a
 * slot that is empty stays so. */
static struct bide__task *swap_slot(struct bide__peer *peer, struct bide__task *task)
{
    struct bide__task *before = atomic_load_explicit(&peer->lifo, memory_order_relaxed);

    if (before != NULL && !peer->alone)
        return atomic_exchange_explicit(&peer->lifo, task, memory_order_acq_rel);
    atomic_store_explicit(&peer->lifo, task, memory_order_release);
    return before;
}

/* It has made work visible to the others. */
static void tell(struct bide__peer *peer)
{
    if (!peer->alone)
        bide__notify(peer->all);
}

/* A task that was woken while it was polled, by itself: does it go to the shared queue? */
static bool goes_behind_all(struct bide__peer *peer)
{
    enum { FEW = BIDE__RING / 4 };
    if (peer->alone)
        return false;
    unsigned here = bide__ring_count(&peer->ring);
    if (peer->worker.turn.budget == 0 && here > 0)
        return true;
    return here < FEW && bide__inject_any(&peer->all->inject);
}

static void schedule_here(struct bide__worker *worker, struct bide__task *task, bool again)
{
    struct bide__peer *peer = bide__peer_of(worker), *home;
    struct bide__inject *to = special(peer->all, task, &home);

    if (__builtin_expect(to != NULL, 0)) {
        push_special(peer->all, to, home, task, again);
        return;
    }
    if (again && goes_behind_all(peer)) {
        peer->has_yielded = true;
        bide__inject_push(&peer->all->inject, task);
        tell(peer);
        return;
    }
    if (again || peer->lifo_off) {
        peer->has_yielded |= again;
        push(peer, task);
        if (!again)
            tell(peer);
        return;
    }
    task = swap_slot(peer, task);
    if (task == NULL)
        return;
    push(peer, task);
    tell(peer);
}

void bide__peer_schedule(struct bide__worker *worker, struct bide__task *task, bool again)
{
    bide__quiet_begin(true);
    schedule_here(worker, task, again);
    bide__quiet_end(true);
}

void bide__peer_schedule_measured(struct bide__worker *worker, struct bide__task *task, bool again)
{
    bide__quiet_begin(true);
    bide__probe_wake(worker->hub->probes, worker, task);
    schedule_here(worker, task, again);
    bide__quiet_end(true);
}

static void inject(struct bide__workers *all, struct bide__task *task)
{
    struct bide__peer *home;
    struct bide__inject *to = special(all, task, &home);
    struct bide__probes *probes = all->runtime->hub->probes;

    if (__builtin_expect(probes != NULL, 0))
        bide__probe_wake(probes, NULL, task);

    if (to != NULL) {
        push_special(all, to, home, task, false);
        return;
    }
    bide__inject_push(&all->inject, task);
    bide__notify(all);
}

void bide__runtime_inject(struct bide_runtime *rt, struct bide__task *task)
{
    bide__quiet_begin(true);
    if (task != NULL)
        inject(rt->workers, task);
    else
        bide__notify(rt->workers);
    bide__quiet_end(true);
}

void bide__outside_schedule(struct bide__worker *worker, struct bide__task *task, bool again)
{
    (void)again;
    bide__runtime_inject(worker->runtime, task);
}

static struct bide__task *take_slot(struct bide__peer *peer)
{
    if (atomic_load_explicit(&peer->lifo, memory_order_relaxed) == NULL)
        return NULL;
    return swap_slot(peer, NULL);
}

bool bide__give_all(struct bide__peer *peer)
{
    struct bide__queue given = {NULL, NULL};
    struct bide__task *task;
    size_t n = 0;

    for (; (task = pop(peer)) != NULL; n++)
        bide__queue_push(&given, task);
    task = take_slot(peer);
    if (task != NULL) {
        bide__queue_push(&given, task);
        n++;
    }
    bide__inject_prepend(&peer->all->inject, &given, n);
    return n > 0;
}

/* ---- where a worker finds one ---- */

/* Its own, from the slot or the ring. */
static struct bide__task *take_own(struct bide__peer *peer)
{
    struct bide__task *task = take_slot(peer);

    if (task != NULL && peer->lifo_polls < BIDE__LIFO_POLLS) {
        peer->lifo_polls++;
        return task;
    }
    peer->lifo_polls = 0;
    if (task != NULL)
        push(peer, task);
    return pop(peer);
}

/* The shared queue, if there is nobody to share it with; behind others, as take_share. */
static struct bide__task *take_everything(struct bide__peer *peer, bool behind)
{
    struct bide__queue rest = {NULL, NULL};
    struct bide__task *task = bide__inject_take(&peer->all->inject, 1, SIZE_MAX, &rest);

    if (task != NULL && (behind || peer->worker.queue.first != NULL)) {
        task->wake.next = rest.first;
        rest = (struct bide__queue){task, rest.first != NULL ? rest.last : task};
        task = NULL;
    }
    if (rest.first != NULL) {
        atomic_store_explicit(&peer->has_queue, true, memory_order_release);
        bide__queue_append(&peer->worker.queue, &rest);
    }
    return task;
}

/* Its share of the shared queue, which goes into its ring, behind those that wait there: tasks that
 * go through the shared queue by yielding must not keep them waiting. It returns the first one, to
 * be run now, only if there is none in the ring or the slot, or no room; and not if `behind`:
 * another one is run first, and there is room. If the ring has half of its tasks already the share
 * is less, or else they would soon go back, as half of a full ring. */
static struct bide__task *take_share(struct bide__peer *peer, bool behind)
{
    struct bide__workers *all = peer->all;
    struct bide__queue rest = {NULL, NULL};

    behind |= atomic_load_explicit(&peer->lifo, memory_order_relaxed) != NULL;
    if (peer->alone)
        return take_everything(peer, behind);
    size_t room = bide__ring_room(&peer->ring);
    behind = (behind || bide__ring_count(&peer->ring) > 0) && room > 0;
    room -= behind;
    size_t most = room > BIDE__RING / 2 ? BIDE__RING / 2 : BIDE__RING / 8;
    if (most > room)
        most = room;
    struct bide__task *task = bide__inject_take(&all->inject, all->count, most, &rest);
    bool several = rest.first != NULL;
    if (task != NULL && behind) {
        task->wake.next = rest.first;
        rest.first = task;
        task = NULL;
    }
    bide__ring_append(&peer->ring, &rest);
    if (several)
        bide__notify(all);
    return task;
}

/* Others before its own, once in a while. After a yield, the shared queue: the task that yielded is
 * in the ring and waits for what is ready, so the shared queue must not wait for it. That is so
 * often that those of low priority, and those that are bound, come before it when it is their
 * turn, if there is room for its tasks behind them. */
static __attribute__((noinline)) struct bide__task *turn_of_others(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    struct bide__task *task = NULL, *shared = NULL;

    bool shares = peer->ticks % peer->injector_max == 0 ||
                  (peer->has_yielded && bide__ring_count(&peer->ring) < BIDE__RING / 2);
    bool first = !shares || bide__ring_room(&peer->ring) > 0;
    if (first && peer->ticks % BIDE__LOW_TURNS == 0)
        task = bide__inject_pop(&all->low);
    if (first && task == NULL && peer->ticks % 2 == 0)
        task = bide__inject_pop(&peer->pinned);
    if (shares)
        shared = take_share(peer, task != NULL);
    peer->has_yielded = false;
    return task != NULL ? task : shared;
}

static struct bide__task *next_task(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    struct bide__task *task = NULL;

    peer->ticks++;
    /* Mostly there is nothing but its own. */
    bool others = (bide__inject_word(&all->inject) | bide__inject_word(&all->low) |
                   bide__inject_word(&peer->pinned)) != 0;
    if (__builtin_expect(others, 0))
        task = turn_of_others(peer);
    if (task == NULL)
        task = take_own(peer);
    if (__builtin_expect(task != NULL || !others, 1))
        return task;
    task = bide__inject_pop(&peer->pinned);
    if (task == NULL)
        task = take_share(peer, false);
    if (task == NULL)
        task = bide__inject_pop(&all->low);
    return task;
}

/* ---- stealing ---- */

static uint32_t random_below(struct bide__peer *peer, uint32_t n)
{
    uint32_t r = peer->random; /* xorshift; G. Marsaglia, 2003 */
    r ^= r << 13;
    r ^= r >> 17;
    r ^= r << 5;
    peer->random = r;
    return (uint32_t)((uint64_t)r * n >> 32);
}

/* Takes the task in the slot of a worker whose poll lasts: it has been the same one for a while. */
static struct bide__task *steal_slot(struct bide__peer *from)
{
    enum { A_WHILE = 100 };
    struct bide__task *task = atomic_load_explicit(&from->lifo, memory_order_acquire);
    uint32_t epoch = atomic_load_explicit(&from->epoch, memory_order_relaxed);

    if (task == NULL)
        return NULL;
    for (unsigned n = 0; n < A_WHILE; n++)
        bide__spin(n);
    if (atomic_load_explicit(&from->epoch, memory_order_relaxed) != epoch)
        return NULL;
    return atomic_exchange_explicit(&from->lifo, NULL, memory_order_acq_rel);
}

static struct bide__task *search(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    struct bide__task *task = NULL;

    if (!bide__search_begin(peer))
        return NULL;
    unsigned count = bide__peers(all), start = random_below(peer, count);
    for (unsigned i = 0; i < count && task == NULL; i++) {
        struct bide__peer *from = bide__peer_at(all, (start + i) % count);
        if (from != peer)
            task = bide__ring_steal(&from->ring, &peer->ring);
    }
    if (task != NULL)
        bide__count_up(&peer->worker.steals);
    if (task == NULL)
        task = take_share(peer, false);
    for (unsigned i = 0; i < count && task == NULL; i++) {
        struct bide__peer *from = bide__peer_at(all, (start + i) % count);
        if (from != peer)
            task = steal_slot(from);
        if (task != NULL)
            bide__count_up(&peer->worker.steals);
    }
    return task;
}

bool bide__has_work(struct bide__workers *all)
{
    if (bide__inject_any(&all->inject) || bide__inject_any(&all->low) ||
        atomic_load_explicit(&all->runtime->hub->pending, memory_order_acquire))
        return true;
    unsigned count = bide__peers(all);
    for (unsigned i = 0; i < count; i++) {
        struct bide__peer *peer = bide__peer_at(all, i);
        if (bide__ring_count(&peer->ring) > 0 ||
            atomic_load_explicit(&peer->has_queue, memory_order_acquire) ||
            atomic_load_explicit(&peer->lifo, memory_order_acquire) != NULL)
            return true;
    }
    return false;
}

/* A spare also awakes for the timers of the worker in whose place it works. */
int64_t bide__next_timer_ns(struct bide__peer *peer)
{
    struct bide__peer *blocked = atomic_load_explicit(&peer->stands_for, memory_order_acquire);
    int64_t next_ns = bide__wheel_next(peer->worker.wheel, false);

    if (__builtin_expect(blocked != NULL, 0)) {
        int64_t its_ns = bide__wheel_next(blocked->worker.wheel, false);
        if (its_ns < next_ns)
            next_ns = its_ns;
    }
    return next_ns;
}

bool bide__has_own_work(struct bide__peer *peer)
{
    if (bide__inject_any(&peer->pinned) ||
        atomic_load_explicit(&peer->has_queue, memory_order_relaxed) ||
        atomic_load_explicit(&peer->lifo, memory_order_acquire) != NULL ||
        bide__ring_count(&peer->ring) > 0)
        return true;
    int64_t next_ns = bide__next_timer_ns(peer);
    return next_ns != INT64_MAX && next_ns <= bide__clock_ns();
}

/* ---- a worker ---- */

/* Wakes those who sleep on blocks that were given back to them. */
static __attribute__((noinline)) void have_drained(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    peer->worker.gave_back = 0;
    for (unsigned i = 0; i < bide__peers(all); i++) {
        struct bide__peer *other = bide__peer_at(all, i);
        if (atomic_load_explicit(&other->worker.slab->remote, memory_order_relaxed) == NULL &&
            atomic_load_explicit(&other->segments.slab.remote, memory_order_relaxed) == NULL)
            continue;
        atomic_store_explicit(&other->drains, true, memory_order_relaxed);
        bide__unpark(other);
    }
}

static void drain(struct bide__peer *peer)
{
    if (atomic_load_explicit(&peer->drains, memory_order_relaxed))
        atomic_store_explicit(&peer->drains, false, memory_order_relaxed);
    bide__slab_drain(peer->worker.slab);
    bide__slab_drain(&peer->segments.slab);
    if (peer->worker.gave_back >= BIDE__GAVE_BACK)
        have_drained(peer);
}

/* Who moves a virtual clock by hand wakes no worker that sleeps until a timer. */
static void help_all(struct bide__workers *all)
{
    for (unsigned i = 0; i < bide__peers(all); i++)
        bide__wheel_help(bide__peer_at(all, i)->worker.wheel, bide__clock_ns());
}

/* The poll to be measured is the next one, or one in this round, before which it stops. */
static void measure_after(struct bide__peer *peer, unsigned polls)
{
    unsigned stop = peer->worker.turns + polls;

    peer->worker.observed = polls == 0;
    peer->stop = polls > 0 && stop < peer->events_max ? stop : peer->events_max;
}

/* What has its turn once in a while: timers, descriptors, messages, signals, memory. */
void bide__look_around_shared(struct bide__peer *peer)
{
    struct bide__worker *w = &peer->worker;
    struct bide_runtime *rt = w->runtime;

    w->turns = 0;
    uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_relaxed);
    uint32_t polls = epoch - w->polls_seen;
    bide__count_more(&w->polls, polls);
    w->polls_seen = epoch;
    bide__refuse_forked(rt);
    if (__builtin_expect(bide__quit_signal_asks(rt), 0))
        bide__dump_to_stderr(rt);
    if (atomic_load_explicit(&w->hub->pending, memory_order_relaxed))
        bide__hub_read_shared(w->hub);
    drain(peer);
    if (w->wheel->count > 0)
        bide__wheel_advance(w->wheel, bide__clock_ns(), SIZE_MAX);
    struct bide__peer *blocked = atomic_load_explicit(&peer->stands_for, memory_order_acquire);
    if (__builtin_expect(blocked != NULL, 0))
        bide__wheel_help(blocked->worker.wheel, bide__clock_ns());
    if (__builtin_expect(bide__time_is_virtual(), 0))
        help_all(peer->all);
    if (rt->fds->waiting > 0 || atomic_load_explicit(&w->driver->unsent, memory_order_relaxed) > 0)
        bide__look_at_driver(peer);
    bide__census_look(w);
    peer->stop = peer->events_max;
    if (bide__gauging()) {
        unsigned after = bide__gauge_round(w, polls, peer->events_max);
        if (!w->watched)
            measure_after(peer, after);
    }
}

static __attribute__((noinline)) void run_observed(struct bide__peer *peer, struct bide__task *task)
{
    struct bide__worker *w = &peer->worker;

    if (w->watched) {
        bide__task_run_watched(w, task);
        return;
    }
    w->observed = false;
    if (!bide__gauge_run(w, task))
        w->turns = peer->events_max;
    else if (w->sampler.exact)
        w->observed = true;
}

void bide__worker_run(struct bide__peer *peer, struct bide__task *task)
{
    if (peer->is_searching)
        bide__search_end(peer);
    uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_relaxed);
    atomic_store_explicit(&peer->function, bide__task_fn(task), memory_order_relaxed);
    atomic_store_explicit(&peer->epoch, epoch + 1, memory_order_relaxed);
    uintptr_t s = atomic_load_explicit(&task->wake.state, memory_order_relaxed);
    peer->worker.turn.refuses = s & BIDE__PINNED ? NULL : bide__refuses_bound;
    if (__builtin_expect(s & BIDE__LOCALS || peer->worker.has_named, 0))
        bide__task_note_named(&peer->worker, s & BIDE__LOCALS ? task : NULL);
    if (__builtin_expect(peer->worker.observed, 0))
        run_observed(peer, task);
    else
        bide__task_run(&peer->worker, task);
}

void bide__worker_begin(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    /* A thread of bide takes no signals, but a task that raises one is to get it. */
    pthread_sigmask(SIG_SETMASK, &all->signals, NULL);
    bide__options_thread_begin(all->runtime->options, 'w', peer->index);
    bide__busy_begin(&peer->worker, bide__clock_ns());
    bide__home_begin(&peer->worker);
    bide__thread.running = &peer->worker;
    bide__world_enter(peer);
}

void bide__worker_end(struct bide__peer *peer)
{
    bide__census_end(&peer->worker);
    bide__world_leave(peer);
    bide__thread.running = NULL;
    bide__home_end(&peer->worker);
    bide__busy_end(&peer->worker, bide__clock_ns());
    bide__options_thread_end(peer->all->runtime->options);
}

static __attribute__((noinline)) void stop(struct bide__peer *peer)
{
    if (peer->worker.turns >= peer->events_max) {
        bide__look_around_shared(peer);
    } else {
        peer->stop = peer->events_max;
        peer->worker.observed = true;
    }
}

static inline void turn(struct bide__peer *peer)
{
    /* First: in a child of fork() nobody lets go of a lock that another thread held. */
    if (++peer->worker.turns >= peer->stop)
        stop(peer);
    bide__world_pause(peer);
    struct bide__task *task = next_task(peer);
    if (task == NULL)
        task = search(peer);
    if (task != NULL) {
        bide__worker_run(peer, task);
        return;
    }
    atomic_store_explicit(&peer->function, NULL, memory_order_relaxed);
    bide__look_around_shared(peer);
    if (!bide__has_own_work(peer))
        bide__park(peer);
    peer->worker.turns = peer->events_max;
}

void bide__worker_turn(struct bide__peer *peer)
{
    turn(peer);
}

void *bide__worker_main(void *argument)
{
    struct bide__peer *peer = argument;

    bide__worker_begin(peer);
    while (!atomic_load_explicit(&peer->all->quit, memory_order_relaxed))
        turn(peer);
    bide__worker_end(peer);
    return NULL;
}
