/*
 * quit_signal.h: the dump that SIGQUIT asks for; see quit_signal.c.
 */
#ifndef BIDE_RUNTIME_QUIT_SIGNAL_H
#define BIDE_RUNTIME_QUIT_SIGNAL_H

#include "runtime/worker.h"

/*
 * From now on, and until the end, SIGQUIT asks rt, which runs on this thread, for its dump. Nothing
 * happens where the environment has BIDE_DUMP_SIGNAL=0, where the signal is ignored or has a
 * handler already, or where the system has no timer left.
 */
void bide__quit_signal_begin(struct bide_runtime *rt);
void bide__quit_signal_end(struct bide_runtime *rt);

/* Owner: there is a question that has no answer yet. */
bool bide__quit_signal_has_asked(const struct bide_runtime *rt);

/* Owner: true, once a question: the dump is to be printed. */
bool bide__quit_signal_asks(const struct bide_runtime *rt);

#endif
