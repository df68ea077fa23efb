/*
 * lib/async.h: what the files in async C need of the runtime. It comes first in them, as lib/leaf.h
 * does in the files of leaves.
 */
#ifndef BIDE_LIB_ASYNC_H
#define BIDE_LIB_ASYNC_H

#include "runtime/internal.h"

#include <bide/lang.h>

/* The leaves that runtime/internal.h describes. */
bide_async int bide__fd_wait(struct bide__fd *fd, uint32_t direction);
bide_async void bide__turn(void);

#endif
