/*
 * tell.h: what a walk (census.h) writes of one task.
 */
#ifndef BIDE_RUNTIME_TRACE_TELL_H
#define BIDE_RUNTIME_TRACE_TELL_H

#include "runtime/trace/scroll.h"

#include "runtime/worker.h"

struct bide__teller {
    const struct bide_runtime *runtime;
    struct bide__worker *worker; /* that walks; NULL: another thread, under the hub's mutex */
    struct bide__scroll *text;
};

/* Writes a task or a future as an object of JSON, with a comma before it unless the text is empty;
 * one that has ended is left out. The caller sees to it that its block is not freed. */
void bide__tell_task(struct bide__teller *teller, struct bide__task *task);

#endif
