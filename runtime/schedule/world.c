/*
 * world.c: all workers of a runtime stand, so that one thread may look at everything; see multi.h.
 *
 * A worker runs, or it stands: it sleeps, or it has seen between two polls that somebody wants it
 * to stand. While all stand, no task is polled, made or freed by them; wakes from other threads and
 * events of the driver still put tasks into queues. Used for a dump and for a shutdown.
 *
 * One thread at a time wants that; a worker that waits for its turn stands. A worker whose poll
 * does not end cannot stand, so the wait for it has a limit.
 */
#include "runtime/schedule/multi.h"

#include "runtime/thread.h"

void bide__world_enter(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->world_mutex);
    while (atomic_load_explicit(&all->stop, memory_order_relaxed))
        bide__door.cond_wait(&all->go_on, &all->world_mutex, -1);
    peer->stands = false;
    all->running++;
    pthread_mutex_unlock(&all->world_mutex);
}

void bide__world_leave(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;

    pthread_mutex_lock(&all->world_mutex);
    peer->stands = true;
    all->running--;
    if (atomic_load_explicit(&all->stop, memory_order_relaxed))
        pthread_cond_broadcast(&all->all_stand);
    pthread_mutex_unlock(&all->world_mutex);
}

bool bide__world_stands(struct bide__peer *peer)
{
    pthread_mutex_lock(&peer->all->world_mutex);
    bool stands = peer->stands;
    pthread_mutex_unlock(&peer->all->world_mutex);
    return stands;
}

/* The worker that this thread runs, if it is one of these. */
static struct bide__peer *self(struct bide__workers *all)
{
    struct bide__worker *worker = bide__thread.running;
    return worker != NULL && worker->runtime == all->runtime ? bide__peer_of(worker) : NULL;
}

bool bide__world_stop(struct bide_runtime *rt, int64_t patience_ns)
{
    struct bide__workers *all = rt->workers;
    int64_t left_ns = patience_ns, begun_ns = bide__door_real.clock();
    struct bide__peer *peer;

    if (all == NULL)
        return true;
    peer = self(all);
    if (peer != NULL)
        bide__world_leave(peer);
    pthread_mutex_lock(&all->stopper);
    pthread_mutex_lock(&all->world_mutex);
    atomic_store_explicit(&all->stop, true, memory_order_relaxed);
    while (all->running > 0 && left_ns > 0) {
        bide__door.cond_wait(&all->all_stand, &all->world_mutex, left_ns);
        left_ns = patience_ns - (bide__door_real.clock() - begun_ns);
    }
    bool stand = all->running == 0;
    pthread_mutex_unlock(&all->world_mutex);
    return stand;
}

void bide__world_go(struct bide_runtime *rt)
{
    struct bide__workers *all = rt->workers;
    struct bide__peer *peer;

    if (all == NULL)
        return;
    peer = self(all);
    pthread_mutex_lock(&all->world_mutex);
    atomic_store_explicit(&all->stop, false, memory_order_relaxed);
    pthread_cond_broadcast(&all->go_on);
    pthread_mutex_unlock(&all->world_mutex);
    pthread_mutex_unlock(&all->stopper);
    if (peer != NULL)
        bide__world_enter(peer);
}
