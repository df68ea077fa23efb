/*
 * lib/signal/listener.h: what a signal handler records, and what it wakes.
 *
 * A listener is an eventfd that the handler of one signal writes to. Handlers may run on any thread
 * at any time, so listeners and their descriptors are never freed, only used again; a late write is
 * a spurious wake. Counters, not the eventfd, tell whether there was a delivery. All functions may
 * be called on any thread.
 */
#ifndef BIDE_LIB_SIGNAL_LISTENER_H
#define BIDE_LIB_SIGNAL_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

struct bide__listener;

/* Installs the handler, once for each signal. Returns 0 or -EINVAL. */
int bide__signal_install(int signo);

/* SIGINT: a bide_ctrl_c waits. So the next delivery counts as a first one. */
void bide__ctrl_c_await(void);

/* SIGINT: from now on the program handles every delivery. */
void bide__ctrl_c_keep(void);

/* The number of deliveries for which a wait has returned. */
uint32_t bide__signal_taken(int signo);

/* Returns true if there was a delivery after `taken`; then all deliveries up to now are taken. */
bool bide__signal_take(int signo, uint32_t taken);

/* Stores a listener whose descriptor becomes readable when the signal is delivered. Returns 0,
 * -ENOMEM, -EMFILE or -ENFILE. */
int bide__listener_open(int signo, struct bide__listener **listener);
void bide__listener_close(struct bide__listener *listener);

int bide__listener_fd(const struct bide__listener *listener);

/* Makes the descriptor unreadable again. */
void bide__listener_drain(struct bide__listener *listener);

#endif
