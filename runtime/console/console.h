/*
 * console.h: bide/console.h for the rest of the runtime: the thread that listens, and what it
 * answers.
 *
 * Requires a list of the runtimes (runtime/list.h) and workers that answer (trace/census.h).
 * Establishes that no worker does more for it than write down its tasks.
 */
#ifndef BIDE_RUNTIME_CONSOLE_H
#define BIDE_RUNTIME_CONSOLE_H

/* So many runtimes more, or less: with the first one the console begins that BIDE_CONSOLE asks for,
 * and with the last one it ends. Any thread. */
void bide__console_runtimes(int more);

#endif
