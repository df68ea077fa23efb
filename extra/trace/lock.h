/*
 * lock.h: a lock for many who read and few who change. To read costs one atomic exchange, and
 * threads that read share no cache line.
 *
 * A reader takes a place: that of its thread, which another thread has too only if there are more
 * threads than places. If the place is taken, or the lock is closed, the reader waits until it is
 * open, and is counted under the mutex instead. Who changes something closes the lock, and waits
 * until nobody is counted and all places are free.
 *
 * A reader takes its place before it looks whether the lock is closed; who changes closes it before
 * looking at the places. These four are seq_cst, so one of the two sees the other.
 *
 * Nobody says that a place has become free: who waits for that looks again every millisecond.
 * Readers may wait for a reader that is slow, but only while somebody waits to change something.
 */
#ifndef BIDE_EXTRA_TRACE_LOCK_H
#define BIDE_EXTRA_TRACE_LOCK_H

#include "runtime/door/door.h"

#include <pthread.h>
#include <stdatomic.h>

#ifndef BIDE__TRACE_PLACES
#define BIDE__TRACE_PLACES 64
#endif

struct bide__trace_lock {
    struct {
        _Alignas(64) _Atomic bool is_taken;
    } place[BIDE__TRACE_PLACES];
    _Alignas(64) _Atomic bool is_closed;
    unsigned counted; /* readers without a place; with the mutex, as what follows */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

#define BIDE__TRACE_LOCK_INIT                                                   \
    {                                                                           \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER \
    }

/* What a reader that is counted has instead of a place. */
enum { BIDE__TRACE_COUNTED = BIDE__TRACE_PLACES };

static inline unsigned bide__trace_lock_wait(struct bide__trace_lock *l)
{
    pthread_mutex_lock(&l->mutex);
    while (atomic_load_explicit(&l->is_closed, memory_order_relaxed))
        pthread_cond_wait(&l->changed, &l->mutex);
    l->counted++;
    pthread_mutex_unlock(&l->mutex);
    return BIDE__TRACE_COUNTED;
}

/* To be read from now on; `place`: the thread's. Returns what bide__trace_lock_unread takes. */
static inline unsigned bide__trace_lock_read(struct bide__trace_lock *l, unsigned place)
{
    if (atomic_exchange_explicit(&l->place[place].is_taken, true, memory_order_seq_cst))
        return bide__trace_lock_wait(l);
    if (__builtin_expect(!atomic_load_explicit(&l->is_closed, memory_order_seq_cst), 1))
        return place;
    atomic_store_explicit(&l->place[place].is_taken, false, memory_order_release);
    return bide__trace_lock_wait(l);
}

static inline void bide__trace_lock_unread(struct bide__trace_lock *l, unsigned place)
{
    if (__builtin_expect(place != BIDE__TRACE_COUNTED, 1)) {
        atomic_store_explicit(&l->place[place].is_taken, false, memory_order_release);
        return;
    }
    pthread_mutex_lock(&l->mutex);
    if (--l->counted == 0)
        pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

/* To be changed from now on: nobody else has it. */
static inline void bide__trace_lock_change(struct bide__trace_lock *l)
{
    pthread_mutex_lock(&l->mutex);
    while (atomic_load_explicit(&l->is_closed, memory_order_relaxed))
        pthread_cond_wait(&l->changed, &l->mutex);
    atomic_store_explicit(&l->is_closed, true, memory_order_seq_cst);
    while (l->counted > 0)
        pthread_cond_wait(&l->changed, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
    for (unsigned i = 0; i < BIDE__TRACE_PLACES; i++)
        while (atomic_load_explicit(&l->place[i].is_taken, memory_order_seq_cst))
            bide__door.poll(NULL, 0, 1);
}

static inline void bide__trace_lock_changed(struct bide__trace_lock *l)
{
    pthread_mutex_lock(&l->mutex);
    atomic_store_explicit(&l->is_closed, false, memory_order_seq_cst);
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

#endif
