/*
 * lib/async.h: what files in async C need from the runtime. They include it first, as files of
 * leaves include lib/leaf.h first.
 */
#ifndef BIDE_LIB_ASYNC_H
#define BIDE_LIB_ASYNC_H

#include "lib/runtime.h"

#include <bide/lang.h>

/* Leaves of runtime/io/io.h and runtime/leaf.h. */
bide_async int bide__fd_wait(struct bide__fd *fd, uint32_t direction);

/* bide_fd_readable of a pidfd or an eventfd that was not ready a moment ago: nothing is asked
 * before the wait. */
bide_async int bide__event_readable(int fd);
bide_async void bide__turn(void);

/* The leaf of runtime/blocking/detached.h. */
bide_async int bide__detached_run(struct bide__detached_job *job);

#endif
