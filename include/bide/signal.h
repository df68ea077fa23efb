/*
 * bide/signal.h: waiting for signals.
 *
 * The first wait for a signal installs a handler for it, for the life of the process: its default
 * action (for Ctrl-C, to end the program) does not come back. Other threads need no preparation.
 */
#ifndef BIDE_SIGNAL_H
#define BIDE_SIGNAL_H

#include <bide/lang.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Waits until `signo` is delivered to the process and returns 0. All that wait for it at that
 * moment go on. Deliveries coalesce: those since the last wait for it returned (or since the
 * handler was installed) let the next wait return at once, and count as one.
 * Errors: -EINVAL (no such signal, or one that cannot be caught), -ENOMEM, -EMFILE, -ENFILE,
 * -ENXIO.
 * Cancelled: nothing is lost; a delivery that no wait has returned for is kept for the next one.
 */
bide_async int bide_signal_wait(int signo);

/* bide_signal_wait(SIGINT): Ctrl-C at the terminal. */
bide_async int bide_ctrl_c(void);

#ifdef __cplusplus
}
#endif

#endif
