/*
 * driver.h: the interface to what waits for the kernel. epoll.c is one.
 *
 * A driver tells readiness, edge-triggered: after bide__fd_clear it tells it again only when
 * something has changed. fd.c keeps the registrations; the driver sees a descriptor and a key, and
 * gives the key back with each event. An event may come late, when its key means nothing any more.
 *
 * Threads: the owner's, but for `wake`.
 */
#ifndef BIDE_RUNTIME_DRIVER_H
#define BIDE_RUNTIME_DRIVER_H

#include "runtime/leaf.h"

struct bide__driver_ops;

struct bide__driver {
    const struct bide__driver_ops *ops;
};

struct bide__driver_ops {
    const char *name;
    int (*begin)(struct bide__driver **out);
    void (*end)(struct bide__driver *driver);
    int (*add)(struct bide__driver *driver, int fd, uint64_t key);
    void (*remove)(struct bide__driver *driver, int fd);
    /*
     * Waits for events and passes each to bide__fd_event. timeout_ns 0: does not wait; negative:
     * for ever. Returns the number of events, 0 also when it was interrupted or woken.
     */
    int (*wait)(struct bide__driver *driver, struct bide_runtime *rt, int64_t timeout_ns);
    /* Makes a wait that runs, or else the next one, return. Any thread. */
    void (*wake)(struct bide__driver *driver);
};

extern const struct bide__driver_ops bide__driver_epoll;

enum { BIDE__KEY_MAX = INT32_MAX }; /* indexes of registrations are below; see fd.c */

/* fd.c: an event. `ready`: BIDE__READ, BIDE__WRITE; an error or a hang-up is both. */
void bide__fd_event(struct bide_runtime *rt, uint64_t key, uint32_t ready);

#endif
