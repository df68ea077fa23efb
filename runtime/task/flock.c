/*
 * flock.c: the list of the flocks of a runtime, which is read by dumps. It is written under the
 * hub's mutex, and so are `next` and `previous`, since other workers change them, too.
 */
#include "runtime/task/inside.h"

void bide__flock_add(struct bide__flock *flock)
{
    struct bide__worker *worker = bide__thread.running;

    flock->hub = worker != NULL ? worker->hub : NULL;
    if (worker == NULL)
        return;
    struct bide__hub *hub = flock->hub;
    pthread_mutex_lock(&hub->mutex);
    if (hub->flocks == NULL) {
        hub->flocks = flock->next = flock->previous = flock;
    } else {
        flock->next = hub->flocks;
        flock->previous = hub->flocks->previous;
        flock->previous->next = hub->flocks->previous = flock;
    }
    pthread_mutex_unlock(&hub->mutex);
}

void bide__flock_remove(struct bide__flock *flock)
{
    struct bide__hub *hub = flock->hub;

    if (hub == NULL)
        return;
    pthread_mutex_lock(&hub->mutex);
    if (hub->flocks == flock)
        hub->flocks = flock->next == flock ? NULL : flock->next;
    flock->next->previous = flock->previous;
    flock->previous->next = flock->next;
    flock->hub = NULL;
    pthread_mutex_unlock(&hub->mutex);
}

const struct bide__flock *bide__flock_next(const struct bide_runtime *rt,
                                           const struct bide__flock *flock)
{
    const struct bide__flock *first = rt->hub->flocks;

    if (flock == NULL)
        return first;
    return flock->next != first ? flock->next : NULL;
}
