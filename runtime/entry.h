/*
 * entry.h: the ways into a runtime from outside: to block on a call, to spawn, to register a
 * descriptor. Where the thread has no runtime, they make its own.
 */
#ifndef BIDE_RUNTIME_ENTRY_H
#define BIDE_RUNTIME_ENTRY_H

#include "runtime/leaf.h"

struct bide__fd;

/* The runtime that plain code on this thread means; makes the thread's own if there is none. NULL:
 * *error says why. */
struct bide_runtime *bide__runtime_need(int *error);

/* bide__fd_add (io/io.h) with the runtime that plain code on this thread means; also -ENXIO. */
int bide__fd_open(struct bide__fd **out, int fd);

#endif
