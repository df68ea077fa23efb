/*
 * lib/sync/mutex.h: what a condition variable needs of a mutex.
 */
#ifndef BIDE_LIB_SYNC_MUTEX_H
#define BIDE_LIB_SYNC_MUTEX_H

#include "lib/sync/park.h"

/* Under lock_: locks it, or notes that somebody is about to be queued. */
bool bide__mutex_take(bide_mutex *m);

/* Under lock_: takes a waiter off the queue. False: it is not in it. */
bool bide__mutex_leave_queue(bide_mutex *m, struct bide__parked *w);

#endif
