/*
 * lib/shutdown/guard.h: a thread that ends the process if it has not ended by itself in time.
 */
#ifndef BIDE_LIB_SHUTDOWN_GUARD_H
#define BIDE_LIB_SHUTDOWN_GUARD_H

#include "lib/runtime.h"

struct bide__guard;

/* From now on the process ends with this status after `limit` of real time, unless the guard is
 * dismissed. It says on stderr what keeps rt from going on. 0, -ENOMEM, -EAGAIN. Any thread. */
int bide__guard_new(struct bide__guard **guard, struct bide_runtime *rt, bide_duration limit,
                    int status);

/* The guard stays, for the rest of the process, which ends after `limit` from now on. rt may go. */
void bide__guard_leave(struct bide__guard *guard, bide_duration limit);

/* Ends the guard, unless it is NULL; waits for its thread, which does not block. */
void bide__guard_dismiss(struct bide__guard *guard);

#endif
