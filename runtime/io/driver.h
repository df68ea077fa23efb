/*
 * driver.h: the interface to the part that waits for the kernel. epoll.c is one driver.
 *
 * A driver is given *operations*, each known by a key. From within `wait` it reports what happens
 * to them, with the key. There are two classes:
 *
 *  - *Stream-owned* operations go on until they are cancelled, and may report any number of events.
 *    They belong to a descriptor's object (a registration of fd.c), not to a task. The only kind is
 *    BIDE__OP_READY: readiness of a descriptor in both directions, edge-triggered. After
 *    bide__fd_clear, the driver reports a direction again only when something has changed.
 *  - *Frame-owned* operations (a transfer from or to memory in a frame) would complete once, and
 *    their memory would have to stay until then. epoll has none of them.
 *
 * The caller owns the op, which may go as soon as `submit` or `cancel` returns: a driver copies
 * what it needs. Neither of the two reports an event. For a kind that a driver cannot do, `submit`
 * returns -ENOSYS, and nothing has happened; the caller then waits for readiness and makes the call
 * itself. After `cancel` an event may still arrive that was on its way, so a key must be one that
 * fd.c can tell from later ones.
 *
 * Threads: only the owner (worker.h) calls a driver, but any thread may call `wake`. On a
 * multi_thread runtime any thread may call `submit` and `cancel` too, while a worker waits; one
 * worker at a time calls `wait`.
 */
#ifndef BIDE_RUNTIME_DRIVER_H
#define BIDE_RUNTIME_DRIVER_H

#include "runtime/leaf.h"

struct bide__fds;
struct bide__driver_ops;

struct bide__driver {
    const struct bide__driver_ops *ops;
};

enum bide__op_kind { BIDE__OP_READY = 1 };

struct bide__op {
    enum bide__op_kind kind;
    int fd;
    uint64_t key;
};

struct bide__driver_ops {
    const char *name;
    /* It takes at most events_max events from the system at a time. 0 or a negative errno. */
    int (*begin)(struct bide__driver **out, uint32_t events_max);
    void (*end)(struct bide__driver *driver);
    /* 0; -ENOSYS: the driver has no such kind; or why the descriptor cannot be watched. */
    int (*submit)(struct bide__driver *driver, const struct bide__op *op);
    /* Ends an operation that was submitted. 0, also if the descriptor was closed before; -ENOSYS.
     * */
    int (*cancel)(struct bide__driver *driver, const struct bide__op *op);
    /*
     * Waits for events and passes each to bide__fd_event. timeout_ns 0: does not wait; negative:
     * for ever. Returns the number of events; 0 also if it was interrupted or woken.
     */
    int (*wait)(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns);
    /* Makes the current wait return, or else the next one. Any thread. */
    void (*wake)(struct bide__driver *driver);
    /*
     * For a foreign loop: a descriptor that is readable as long as `wait` would not wait. It stays
     * the driver's. Or why there is none: -EMFILE, -ENFILE, -ENOMEM, -ENOSPC, -ENOSYS.
     */
    int (*watch)(struct bide__driver *driver);
    /* After `watch`: at this time the descriptor becomes readable too; INT64_MAX: never. It
     * replaces the time that was set before. 0, or why it could not be set. */
    int (*alarm)(struct bide__driver *driver, int64_t at_ns);
};

extern const struct bide__driver_ops bide__driver_epoll;

/* fd.c: the operation with this key is ready for `ready`: BIDE__READ, BIDE__WRITE; an error or a
 * hang-up counts as both. */
void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready);

#endif
