/*
 * spare.c: spare workers of a multi_thread runtime, which work in the place of those that call a
 * function that blocks (block_in_place.c); see multi.h.
 *
 * A spare is a worker with a thread, a ring, a slab, a wheel and a number of its own. It *stands
 * in* for one blocked worker (`stands_for`), and then does all that a worker does. It also looks
 * after the wheel of the blocked one: it does not sleep for longer than to the next timer there,
 * and fires it. So as many workers work as before.
 *
 * When the call has ended the spare *rests*, from its next turn on. Then it runs nothing but what
 * is bound to it: tasks that were spawned with bide_spawn_local on it. Timers that were armed on it
 * still fire there, but what they wake is given to the others. If it sleeps as a worker it may go
 * on sleeping so; when it is chosen to search it wakes another one, and if all others are awake
 * then, each of them looks at everything before it sleeps, whether or not it was a searcher.
 *
 * Spares are made when they are needed, BIDE__SPARES at most, and live until the runtime is shut
 * down. A call that finds none is made nevertheless; the runtime then has one worker less.
 *
 * What is made here is seen by others through `spares`, which is written last. The worker that
 * blocks sets `stands_for`, and then looks at `rests`; the spare sets `rests`, and then looks at
 * `stands_for`. So one of the two sees the other.
 */
#include "runtime/schedule/multi.h"

#include "runtime/options.h"
#include "runtime/task/meter.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"

static bool stands_in(struct bide__peer *peer)
{
    return atomic_load_explicit(&peer->stands_for, memory_order_acquire) != NULL;
}

/* ---- its thread ---- */

/* One turn of a spare that stands in for nobody. */
static void rest(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    if (++peer->worker.turns >= peer->events_max)
        bide__look_around_shared(peer);
    bide__world_pause(peer);
    if (peer->is_searching)
        bide__search_end(peer);
    if (bide__give_all(peer))
        bide__notify(all);
    struct bide__task *task = bide__inject_pop(&peer->pinned);
    if (task != NULL) {
        bide__worker_run(peer, task);
        return;
    }
    atomic_store_explicit(&peer->function, NULL, memory_order_relaxed);
    bide__look_around_shared(peer);
    if (!bide__has_own_work(peer))
        bide__rest_spare(peer);
    peer->worker.turns = peer->events_max;
}

static void *spare_main(void *argument)
{
    struct bide__peer *peer = argument;

    bide__awake_spare(peer);
    bide__worker_begin(peer);
    while (!atomic_load_explicit(&peer->all->quit, memory_order_relaxed)) {
        if (stands_in(peer))
            bide__worker_turn(peer);
        else
            rest(peer);
    }
    bide__worker_end(peer);
    return NULL;
}

/* ---- made ---- */

struct spare {
    struct bide__peer peer; /* the first member: a pointer to it is one to the whole */
    struct bide__wheel wheel;
};

static struct bide__peer *make(struct bide__workers *all, struct bide__worker *by)
{
    struct bide_runtime *rt = all->runtime;
    unsigned n = atomic_load_explicit(&all->spares, memory_order_relaxed);
    unsigned number = all->count + n;

    if (n == BIDE__SPARES)
        return NULL;
    struct spare *spare = bide__door.alloc(sizeof(*spare), BIDE__LINE);
    if (spare == NULL)
        return NULL;
    memset(spare, 0, sizeof(*spare));
    rt->wheels[number] = &spare->wheel;
    bide__peer_init(&spare->peer, all, number);
    spare->peer.worker.closing = by->closing;
    spare->peer.worker.slab = bide__hub_add_slab(rt->hub, number);
    if (spare->peer.worker.slab != NULL) {
        if (bide__meter_new(&spare->peer.worker, rt->options) == 0 &&
            bide__peer_driver(&spare->peer) == 0 &&
            bide__door.thread_create(&spare->peer.thread, rt->options->thread_stack_size,
                                     spare_main, &spare->peer) == 0) {
            all->spare[n] = &spare->peer;
            atomic_store_explicit(&all->spares, n + 1, memory_order_release);
            return &spare->peer;
        }
        bide__hub_remove_slab(rt->hub);
    }
    bide__peer_end(&spare->peer);
    bide__door.free(spare, sizeof(*spare));
    return NULL;
}

struct bide__peer *bide__spare_take(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->spares_mutex);
    struct bide__peer *spare = all->free_spares;
    if (spare != NULL)
        all->free_spares = spare->next_spare;
    else
        spare = make(all, &peer->worker);
    pthread_mutex_unlock(&all->spares_mutex);
    if (spare == NULL)
        return NULL;
    peer->alone = false;
    atomic_store_explicit(&spare->stands_for, peer, memory_order_seq_cst);
    /* If it sleeps as a worker, it has to look at these timers. */
    if (atomic_load_explicit(&spare->rests, memory_order_seq_cst) ||
        atomic_load_explicit(&peer->worker.wheel->count, memory_order_relaxed) > 0)
        bide__unpark(spare);
    return spare;
}

void bide__spare_let_go(struct bide__peer *spare)
{
    struct bide__workers *all = spare->all;

    atomic_store_explicit(&spare->stands_for, NULL, memory_order_release);
    pthread_mutex_lock(&all->spares_mutex);
    spare->next_spare = all->free_spares;
    all->free_spares = spare;
    pthread_mutex_unlock(&all->spares_mutex);
}

/* ---- ended ---- */

void bide__spares_stop(struct bide__workers *all)
{
    unsigned count = atomic_load_explicit(&all->spares, memory_order_acquire);

    for (unsigned i = all->spares_ended; i < count; i++)
        bide__unpark(all->spare[i]);
    for (unsigned i = all->spares_ended; i < count; i++)
        bide__door.thread_join(all->spare[i]->thread);
    all->spares_ended = count;
}

void bide__spares_free(struct bide__workers *all)
{
    unsigned count = atomic_load_explicit(&all->spares, memory_order_relaxed);

    for (unsigned i = 0; i < count; i++) {
        bide__peer_end(all->spare[i]);
        bide__door.free(all->spare[i], sizeof(struct spare));
    }
}
