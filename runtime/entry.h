/*
 * entry.h: the ways into a runtime from outside: to block on a call, to spawn, to register a
 * descriptor. Where the thread has no runtime, they make its own. Most of entry.c is declared in
 * bide/abi.h.
 */
#ifndef BIDE_RUNTIME_ENTRY_H
#define BIDE_RUNTIME_ENTRY_H

#include "runtime/leaf.h"

struct bide__fd;

/* bide__fd_add and bide__fd_add_as (io/io.h) with the runtime that plain code on this thread means;
 * or the reason why there is no such runtime. */
int bide__fd_open(struct bide__fd **out, int fd);
int bide__fd_open_as(struct bide__fd **out, int fd, unsigned how);

/* bide__fds_retry_bind (io/io.h) with the runtime that plain code on this thread means. False also
 * if there is none. */
bool bide__fd_retry_bind(unsigned n);

/*
 * Like bide__block_on, on a runtime that the thread has entered. Returns 0, or why there is no
 * result: -ECANCELED, -ENOMEM, -EPERM; -EDEADLK: it is the runtime of a program, and is stuck.
 */
int bide__block(struct bide_runtime *rt, const struct bide_fn *fn, const void *args, void *result);

/*
 * Blocks on a leaf that needs no runtime. If the thread has a runtime that runs on it, it runs
 * tasks meanwhile, as in bide__block_on; one of them may be what the leaf waits for. Otherwise the
 * thread sleeps on a futex, and no runtime is made.
 */
void bide__park_on(const struct bide_fn *fn, const void *args, void *result);

#endif
