/*
 * bide/sync.h: how tasks and threads hand values to each other, and how they wait for each other.
 */
#ifndef BIDE_SYNC_H
#define BIDE_SYNC_H

#include <bide/channel.h>
#include <bide/lock.h>

#endif
