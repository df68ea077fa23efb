/*
 * lib/signal/listener.h: what a signal handler records, and what it wakes.
 *
 * A listener is an eventfd that the handler writes to, and a set of signals for which it does.
 * Handlers may run on any thread at any time, so listeners and their descriptors are never freed,
 * only used again; a late write is a spurious wake.
 *
 * A signal has a *user* while somebody has claimed it. The first one installs the handler, and what
 * the last one lets go of acts as before. Users are counted for each process: in a child of fork()
 * those of the parent do not count.
 *
 * All functions may be called on any thread.
 */
#ifndef BIDE_LIB_SIGNAL_LISTENER_H
#define BIDE_LIB_SIGNAL_LISTENER_H

#include <bide/signal.h>

#include <stdbool.h>
#include <stdint.h>

struct bide__listener;

/* Whether there can be such a signal. */
bool bide__signal_exists(int signo);

/* ---- users ---- */

/* BIDE__LISTENER: one more listener. The others are for good: BIDE__WAIT; BIDE__CTRL_C, which does
 * not keep a second SIGINT. */
enum bide__signal_user { BIDE__LISTENER, BIDE__WAIT, BIDE__CTRL_C };

/* Claims the signal, and installs the handler if it is the first user. 0, -EINVAL or -ENOMEM. */
int bide__signal_claim(int signo, enum bide__signal_user user);

/* Lets go of the signal: of one listener, or of all waits. */
void bide__signal_unclaim(int signo, enum bide__signal_user user);

/* SIGINT: a bide_ctrl_c waits. So the next delivery counts as a first one. */
void bide__ctrl_c_await(void);

/* ---- waits, which share what has come ---- */

/* The number of deliveries for which a wait has returned. */
uint32_t bide__signal_taken(int signo);

/* Returns true if there was a delivery after `taken`; then all deliveries up to now are taken. */
bool bide__signal_take(int signo, uint32_t taken);

/* ---- listeners ---- */

/* A set of signals: bit signo - 1. */
static inline uint64_t bide__signal_bit(int signo)
{
    return UINT64_C(1) << (signo - 1);
}

/* Stores a listener whose descriptor becomes readable when a signal of the set is delivered.
 * Returns 0, -ENOMEM, -EMFILE or -ENFILE. */
int bide__listener_open(uint64_t set, struct bide__listener **listener);
void bide__listener_close(struct bide__listener *listener);

/* True in a child of fork(): the descriptor is shared with the parent. */
bool bide__listener_is_parents(const struct bide__listener *listener);

int bide__listener_fd(const struct bide__listener *listener);

/* Makes the descriptor unreadable again. */
void bide__listener_drain(struct bide__listener *listener);

/* Takes a signal that has come for this listener: the first one after `last` in the order of their
 * numbers, or else the first. If more have come, the descriptor is readable. False: none has. */
bool bide__listener_take(struct bide__listener *listener, int last, bide_signal *got);

#endif
