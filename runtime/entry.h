/*
 * entry.h: the ways into a runtime from outside: to block on a call, to spawn, to register a
 * descriptor. Where the thread has no runtime, they make its own. Most of entry.c is declared in
 * bide/abi.h.
 */
#ifndef BIDE_RUNTIME_ENTRY_H
#define BIDE_RUNTIME_ENTRY_H

#include "runtime/leaf.h"

struct bide__fd;

/* bide__fd_add (io/io.h) with the runtime that plain code on this thread means; or the reason why
 * there is no such runtime. */
int bide__fd_open(struct bide__fd **out, int fd);

#endif
