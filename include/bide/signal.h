/*
 * bide/signal.h: signals, as items that arrive.
 *
 *     static const int stops[] = {SIGTERM, SIGHUP};
 *     bide_signals *signals;
 *     if ((rc = bide_signals_new(stops, 2, &signals)) < 0)
 *         return rc;
 *     defer { bide_signals_free(signals); }
 *     bide_signal got;
 *     while ((rc = await bide_signals_next(signals, &got)) > 0 && got.signo == SIGHUP)
 *         reload();
 *
 * A *listener* gets all signals of its set. There may be any number of them, in tasks of any
 * runtimes, and each gets each signal. While a signal has a listener, the process has a handler for
 * it, one for all. When the last listener is freed, what was before comes back: as a rule the
 * default action, so that the next SIGTERM ends the program. For a wait in one place there are
 * bide_signal_wait and bide_ctrl_c, which need no object; they keep the handler until
 * bide_signal_restore.
 *
 * Deliveries coalesce, as the kernel's do: a signal that comes several times before a listener is
 * asked counts as one, so it says "something has happened since", and not how often. A SIGCHLD, for
 * example, may stand for several children. (Children of bide/process.h need no SIGCHLD, and do not
 * disturb those who listen to it.)
 *
 * Signals that are blocked in all threads come when one thread unblocks them; the threads of the
 * library block all. System calls of the program go on after a signal (SA_RESTART). The handler
 * does nothing but note the signal and write to a descriptor.
 *
 * In a child of fork(2) only its own listeners and waits count. A signal for which it has none does
 * what it did before the parent's handler was installed, so a child that waits for nothing is ended
 * by its first Ctrl-C. exec(3) takes all handlers away.
 *
 * All functions may be called on any thread.
 */
#ifndef BIDE_SIGNAL_H
#define BIDE_SIGNAL_H

#include <bide/lang.h>

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- listeners ---- */

typedef struct bide_signals bide_signals;

/* A signal that has come. */
typedef struct bide_signal {
    int signo;
    /* Who has sent it: the process of a kill(2) or its like, or the child that a SIGCHLD is about.
     * 0: the kernel (the terminal, a timer). Of several that count as one, the latest. */
    pid_t pid;
    uid_t uid;
} bide_signal;

/*
 * Makes a listener for `count` signals; those that come from now on are kept for it.
 * Errors: -EINVAL (no signal at all, or one that does not exist or cannot be caught; or one of a
 * fault, SIGSEGV, SIGBUS, SIGFPE or SIGILL, which would be met again and again), -ENOMEM, -EMFILE,
 * -ENFILE; then *signals is NULL, and no handler is left.
 */
bide_must_use int bide_signals_new(const int *signos, size_t count,
                                   bide_signals **signals bide_gives(bide_signals_free));

/*
 * Ends the listener, and what has come for it is gone. A signal that has no other listener and no
 * wait acts as before. NULL is ignored. No bide_signals_next may be under way.
 */
void bide_signals_free(bide_signals *signals);

/*
 * Waits for a signal of the set and stores it. If several have come, they are told one by one, by
 * their numbers, from the one after that which was told last. Several tasks may wait; each signal
 * goes to one of them.
 * Returns 1; -ECHILD: the listener is that of a parent, in a child of fork(2); or -ENOMEM, -ENOSPC,
 * -EMFILE, -ENXIO: it cannot wait now.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_signals_next(bide_signals *signals, bide_signal *got);

/* The same without waiting. Returns 1, -EAGAIN: none has come, or -ECHILD. */
bide_must_use int bide_signals_try_next(bide_signals *signals, bide_signal *got);

/* ---- waits ---- */

/*
 * Waits until `signo` is delivered to the process and returns 0. A delivery ends all waits for the
 * signal. The first wait installs the handler, which stays until bide_signal_restore, so that no
 * signal is missed between two waits: if there were any deliveries since the last wait for the
 * signal returned (or since the handler was installed), the next wait returns at once, and they
 * count as one.
 * Errors: -EINVAL (there is no such signal, it cannot be caught, or it is one of a fault),
 * -ENOMEM, -EMFILE, -ENFILE, -ENXIO (there is no runtime).
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
 * A program that wants every Ctrl-C for itself waits with bide_signal_wait(SIGINT), or has a
 * listener for it: after the first call, and while there is one, no Ctrl-C ends this process by
 * itself.
 * Errors and cancellation: as bide_signal_wait.
 */
bide_async int bide_ctrl_c(void);

/*
 * Takes back what the waits for this signal have installed. If it has no listener, it acts as
 * before the first wait, as a rule by its default action. Deliveries for which no wait has returned
 * are forgotten. A wait that is under way waits for ever, unless another one begins. Returns 0, or
 * -EINVAL: there is no such signal.
 */
int bide_signal_restore(int signo);

#ifdef __cplusplus
}
#endif

#endif
