/*
 * bide/service.h: what a program and its service manager (systemd) tell each other, by the protocol
 * of sd_notify(3), without libsystemd. Sockets that it passes are in bide/net.h
 * (bide_activation_fd).
 *
 * All functions may be called on any thread. They read the environment, which no other thread may
 * change meanwhile. Without a service manager that wants to know they do nothing, and cost little.
 */
#ifndef BIDE_SERVICE_H
#define BIDE_SERVICE_H

#include <bide/lang.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Tells the manager something: lines like "READY=1\nSTATUS=42 clients". Sends one message to the
 * Unix socket that NOTIFY_SOCKET names, a path or "@NAME" for an abstract one; never waits.
 * Returns 1, or 0: nobody wants to know (NOTIFY_SOCKET is not set or empty).
 * Errors: -EINVAL (the name is neither; state is empty), -ENAMETOOLONG, -EAGAIN (the manager has
 * not read what came before), -ENOENT, -ECONNREFUSED, and others of socket(2) and sendmsg(2).
 */
int bide_service_notify(const char *state);

/* The program is ready: clients may come. Call it when all listeners listen. (READY=1, for units
 * with Type=notify.) Results as bide_service_notify. */
int bide_service_ready(void);

/* How long the manager waits for the next sign of life (WATCHDOG_USEC, for WATCHDOG_PID), for units
 * with WatchdogSec=. Returns 1 and stores the time, or 0 and stores 0: it does not wait for one. */
int bide_service_watchdog_interval(bide_duration *interval);

/*
 * Gives signs of life (WATCHDOG=1) twice as often as the manager wants them, until it is cancelled.
 * The manager restarts the program when they stay out: so run it in a task of its own on the
 * runtime that does the work, where it shows that tasks still run. Returns 0 at once if the manager
 * wants none; or the first error of bide_service_notify, but not -EAGAIN, after which it goes on.
 * Also -ENXIO: there is no runtime.
 * Cancelled: it gives no more signs.
 */
bide_async int bide_service_watchdog(void);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
