/*
 * trace.h: what a runtime can report about itself: a dump of its tasks, on demand or by SIGQUIT,
 * and whether anything can still wake one of them.
 *
 * Requires tasks (task/), the driver (io/) and the pool (blocking/), which it only looks at.
 * Establishes that a dump changes nothing, and that a runtime is called stuck only if it is.
 */
#ifndef BIDE_RUNTIME_TRACE_H
#define BIDE_RUNTIME_TRACE_H

#include "runtime/worker.h"

/* ---- dump.c ---- */

/* What bide_runtime_dump writes of the tasks. No other thread runs one of them meanwhile. */
void bide__dump_tasks(const struct bide_runtime *rt,
                      void (*write)(void *argument, const char *text, size_t size), void *argument);

/* One line of what is told of a chain. file NULL: no place is known. False: that is enough. */
typedef bool bide__dump_line(void *argument, int indent, const char *text, const char *file,
                             uint32_t line);

/* The same for one chain, which nobody polls meanwhile, the leaf first, in little time: sets that
 * it polls are left out, and so are futures on a multi_thread runtime, whose other workers run. */
void bide__dump_chain(const struct bide_runtime *rt, const struct bide_chain *chain,
                      bide__dump_line *line, void *argument);

/* The line of the await at which the function last waited, or that of its beginning; 0: unknown. */
uint32_t bide__frame_line(const struct bide_frame *frame);

/* ---- quit_signal.c ---- */

/*
 * From now on, and until the end, SIGQUIT asks rt, which runs on this thread, for its dump. Nothing
 * happens if the environment has BIDE_DUMP_SIGNAL=0, if the signal is ignored or has a handler
 * already, or if the system has no timer left.
 */
void bide__quit_signal_begin(struct bide_runtime *rt);
void bide__quit_signal_end(struct bide_runtime *rt);

/* Owner: true if a dump was asked for and is not printed yet. */
bool bide__quit_signal_has_asked(const struct bide_runtime *rt);

/* Owner: true once for each question: the dump is to be printed. */
bool bide__quit_signal_asks(const struct bide_runtime *rt);

/* Any thread: if the signal asks this runtime, its handler says on stderr, soon and on the thread
 * of the runtime, what runs there. */
void bide__quit_signal_tell(const struct bide_runtime *rt);

/* ---- stuck.c ---- */

/* This handler of the signal belongs to bide: it wakes tasks only through descriptors. Any
 * thread. */
void bide__signal_is_ours(int signo, uintptr_t handler);

/* Threads of consoles (runtime/console), which wake no task. */
extern _Atomic unsigned bide__console_threads;

enum bide__stuck { BIDE__NOT_STUCK, BIDE__STUCK_PERHAPS, BIDE__STUCK };

/*
 * Owner, while no task is ready and rt waits for no timer, descriptor or call on the pool. STUCK is
 * right if no wake from another thread is found afterwards. PERHAPS: not at the moment, or it
 * cannot be decided. NOT_STUCK: only a task could change that. `others`: threads of rt that sleep,
 * besides the one that blocks on it and the pool's.
 */
enum bide__stuck bide__is_stuck(struct bide_runtime *rt, unsigned others);

#endif
