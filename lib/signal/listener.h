/*
 * lib/signal/listener.h: what a signal handler leaves, and what it wakes.
 *
 * A listener is an eventfd that the handler of one signal writes to. Handlers may run on any
 * thread at any time, so listeners and their descriptors are never freed but used again; a write
 * that comes late is a wake for nothing. Whether there was a delivery is told by counters, not by
 * the eventfd.
 */
#ifndef BIDE_LIB_SIGNAL_LISTENER_H
#define BIDE_LIB_SIGNAL_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

struct bide__listener;

/* Installs the handler, once a signal. 0, -EINVAL. */
int bide__signal_install(int signo);

/* SIGINT: a bide_ctrl_c waits; until the next delivery, which then is a first one. */
void bide__ctrl_c_await(void);

/* SIGINT: from now on every delivery is the program's. */
void bide__ctrl_c_keep(void);

/* The number of deliveries for which a wait has returned. */
uint32_t bide__signal_taken(int signo);

/* True: there was a delivery after `taken`, and now it is taken. */
bool bide__signal_take(int signo, uint32_t taken);

/* From now on deliveries of the signal make the listener's descriptor readable. 0, -ENOMEM,
 * -EMFILE, -ENFILE. */
int bide__listener_open(int signo, struct bide__listener **listener);
void bide__listener_close(struct bide__listener *listener);

int bide__listener_fd(const struct bide__listener *listener);

/* Makes it unreadable. */
void bide__listener_drain(struct bide__listener *listener);

#endif
