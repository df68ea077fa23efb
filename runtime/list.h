/*
 * list.h: the runtimes of the process, for debuggers and for the console. Any thread.
 */
#ifndef BIDE_RUNTIME_LIST_H
#define BIDE_RUNTIME_LIST_H

#include "runtime/thread.h"

/* False: its time would be virtual, and there is a runtime in real time. */
bool bide__list_add(struct bide_runtime *rt);
void bide__list_remove(struct bide_runtime *rt);

/* It is whole now, and it is not a core of another one: from now on bide__list_each finds it. */
void bide__list_show(struct bide_runtime *rt);

/* Calls f for each runtime that is shown. None of them is freed meanwhile. */
void bide__list_each(void (*f)(struct bide_runtime *rt, void *argument), void *argument);

#endif
