/*
 * runtime.h: the runtime that a thread has. The rest of runtime.c is declared in bide/runtime.h.
 */
#ifndef BIDE_RUNTIME_RUNTIME_H
#define BIDE_RUNTIME_RUNTIME_H

#include "runtime/thread.h"

/* The runtime that plain code on this thread means; makes the thread's own if there is none. NULL:
 * *error says why. */
struct bide_runtime *bide__runtime_need(int *error);

#endif
