/*
 * bide/signal.h: waiting for signals.
 *
 * The first wait for a signal installs a handler for it, for the life of the process: its default
 * action does not come back, except for a second Ctrl-C (bide_ctrl_c). Other threads need no
 * preparation. Tasks of any runtime may wait.
 */
#ifndef BIDE_SIGNAL_H
#define BIDE_SIGNAL_H

#include <bide/lang.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Waits until `signo` is delivered to the process and returns 0. A delivery ends all waits for the
 * signal. Deliveries coalesce: if there were any since the last wait for the signal returned (or
 * since the handler was installed), the next wait returns at once, and they count as one.
 * Errors: -EINVAL (there is no such signal, or it cannot be caught), -ENOMEM, -EMFILE, -ENFILE,
 * -ENXIO (there is no runtime).
 * Cancelled: nothing is lost; a delivery that has ended no wait is kept for the next one.
 */
bide_async int bide_signal_wait(int signo);

/*
 * Waits for Ctrl-C at the terminal (SIGINT) as bide_signal_wait does, except that a second Ctrl-C
 * ends the program: if SIGINT arrives and no bide_ctrl_c has begun since the one before, the
 * default action is taken. So a user who presses Ctrl-C again gets out of a shutdown that takes too
 * long, and out of a program whose executor is stuck in C code. Waiting again, as in a loop, makes
 * the next Ctrl-C a first one.
 *
 * A program that wants every Ctrl-C for itself waits with bide_signal_wait(SIGINT): after its first
 * call, no Ctrl-C ends this process by itself.
 * Errors and cancellation: as bide_signal_wait.
 */
bide_async int bide_ctrl_c(void);

#ifdef __cplusplus
}
#endif

#endif
