/*
 * runtime.h: the runtime that a thread has. The rest of runtime.c is declared in bide/runtime.h.
 */
#ifndef BIDE_RUNTIME_RUNTIME_H
#define BIDE_RUNTIME_RUNTIME_H

#include "runtime/thread.h"

#include <bide/runtime.h>

/* The runtime that plain code on this thread means; makes the thread's own if there is none. NULL:
 * *error says why. */
struct bide_runtime *bide__runtime_need(int *error);

/* bide_runtime_new of a current_thread runtime or of cores that is the calling thread's alone: no
 * other thread ever blocks on it, turns it, shuts it down or frees it, and no loop watches its
 * descriptor: the kernel may not tell a poll(2) of work that only the owner does. */
int bide__runtime_new_here(const struct bide_runtime_options *options, struct bide_runtime **out);

#endif
