/*
 * lib/sync/once.h: the two halves of bide_once_make: who makes the value (once.c), and how
 * (make.c).
 */
#ifndef BIDE_LIB_SYNC_ONCE_H
#define BIDE_LIB_SYNC_ONCE_H

#include <bide/lock.h>

/*
 * Waits until the value has been made, or is to be made by the caller. Returns 0 or 1 for these; or
 * -EDEADLK, if the caller is already making it.
 * Cancelled: if it was the caller's turn, the turn has been passed on.
 */
bide_async int bide__once_begin(bide_once *once, const char *place);

/* After a 1: the value has been made; or not, and it is another's turn. */
void bide__once_end(bide_once *once, bool made);

#endif
