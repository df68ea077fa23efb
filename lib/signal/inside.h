/*
 * lib/signal/inside.h: what handler.c and listener.c have of each other.
 */
#ifndef BIDE_LIB_SIGNAL_INSIDE_H
#define BIDE_LIB_SIGNAL_INSIDE_H

#include "lib/runtime.h"

#include <stdatomic.h>

#include "lib/signal/listener.h"

/* In the handler: the signal has come. */
void bide__listeners_tell(int signo);

/* Fills in who has sent the latest signal of this number. */
void bide__signal_sender(bide_signal *got);

#endif
