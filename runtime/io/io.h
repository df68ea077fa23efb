/*
 * io.h: the reactor: registrations of descriptors, and leaves that wait for one to be ready.
 *
 * Requires a driver (driver.h), which reports readiness, and wakers. Establishes that a leaf that
 * waits for a direction is woken when the driver has reported it, or when the registration is
 * closed.
 */
#ifndef BIDE_RUNTIME_IO_H
#define BIDE_RUNTIME_IO_H

#include "runtime/leaf.h"

#include <stdatomic.h>

/*
 * A registration of a non-blocking descriptor with the driver of one runtime. It is edge-triggered,
 * and the readiness is cached. "Ready" may be wrong: when the system call returns EAGAIN, call
 * bide__fd_clear and wait. "Not ready" may be late, since the event may still have to be fetched:
 * waiting before the first call is correct, and trying before the first wait is faster.
 *
 * There is one waiter for each direction. It is known by its frame, not by its waker: two leaves of
 * one task may have the same waker (branch ids run out), but not the same place. The object lives
 * in the runtime's table. bide__fd_close changes its generation, so that neither a late event nor a
 * late waiter mistakes the next user of the slot for it.
 *
 * An event may come between a call that would block and the bide__fd_clear after it. So events are
 * counted: who makes a call reads the number before it, and the readiness is cleared only if it is
 * still the same.
 *
 * Threads: on a multi_thread runtime any worker may call the functions here, and threads that run
 * none may add, close and set a waker. Waiters are woken under the lock of the registration, which
 * a leaf takes to leave, so their wakers are borrowed there too.
 */
struct bide__fd {
    int fd; /* -1: the slot is free */
    uint32_t index;
    uint32_t generation;
    _Atomic uint32_t lock; /* with `multi`, of all else here */
    uint16_t ready;        /* BIDE__READ, BIDE__WRITE */
    uint16_t calls;        /* of leaves, under way */
    uint32_t events[2];    /* of read, of write: so far, also for the users before */
    struct bide__fd_waiter {
        bide_waker waker;              /* borrowed; bits 0: nobody waits */
        const struct bide_frame *leaf; /* NULL: bide__fd_set_waker left the waker */
    } waiters[2];
    struct bide_runtime *runtime; /* constant */
    struct bide__fd *next_free;   /* under the mutex of the table */
};

/* STAYS, of an event: a short read does not mean that nothing is left, since the peer has hung up,
 * there is an error, or urgent data. */
enum { BIDE__READ = 1, BIDE__WRITE = 2, BIDE__STAYS = 4 };

/*
 * Registers fd with rt, for both directions. The descriptor stays the caller's: close it after
 * bide__fd_close. 0, -ENOMEM, -EPERM (a regular file), -ENOSPC, -EEXIST (it is registered already),
 * -EBADF. See also bide__fd_open in entry.h.
 */
int bide__fd_add(struct bide_runtime *rt, struct bide__fd **out, int fd);

/* Ends the registration; a leaf that waits on it returns -EBADF. NULL is ignored. When this
 * returns, no leaf makes a call with the descriptor any more. */
void bide__fd_close(struct bide__fd *fd);

/* The number of events in this direction (BIDE__READ, BIDE__WRITE): to be read before a call that
 * may block. */
uint32_t bide__fd_seen(struct bide__fd *fd, uint32_t direction);

/* A call in this direction, made after `seen` was read, would have blocked. If an event has come
 * since, nothing changes: it stays ready. Call it after a hang-up too: a hang-up may pass, when
 * another process opens the FIFO for writing. */
void bide__fd_clear(struct bide__fd *fd, uint32_t direction, uint32_t seen);

/*
 * Leaves a waker where a leaf that waits for the direction would: for code that drives a foreign
 * library. It is borrowed until it is woken or the registration is closed, which wakes it too. The
 * current readiness is not looked at: call bide__fd_clear first.
 */
void bide__fd_set_waker(struct bide__fd *fd, uint32_t direction, bide_waker waker);

/*
 * For a call that may have nothing to wait for: 0 if the registration, which is open, belongs to
 * the runtime that runs on this thread; -EXDEV if it belongs to another one; -ENXIO if none runs.
 * `name` is that of the function.
 */
int bide__fd_refusal(const struct bide__fd *fd, const char *name);

/*
 * Leaf: `async int bide__fd_wait(struct bide__fd *fd, uint32_t direction)`. Waits until the
 * direction is ready. 0; -EBUSY: another leaf waits for this direction; -EXDEV: it belongs to
 * another runtime; -ENXIO: there is no runtime; -EBADF: it was closed meanwhile. Cancelled: nothing
 * is lost, the readiness stays.
 */
enum bide_poll bide__start_bide__fd_wait(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                         struct bide__fd *fd, uint32_t direction);
extern const struct bide_fn bide__desc_bide__fd_wait;

/* The same for a registration that another task may close at any time: -EBADF if its generation is
 * no longer this one. */
enum bide_poll bide__start_bide__fd_wait_for(struct bide_cx *cx, struct bide_frame *parent,
                                             int *result, struct bide__fd *fd, uint32_t direction,
                                             uint32_t generation);
extern const struct bide_fn bide__desc_bide__fd_wait_for;

/*
 * For a leaf that waits for a direction in its own frame, which begins with this struct and leaves
 * `state` to it. The leaf calls bide__fd_leaf_begin once, and bide__fd_leaf_look at each poll: if
 * that returns 1, the leaf suspends; any other result is that of bide__fd_wait, and ends the
 * waiting. After 0 the leaf makes its call, which does not block, with call->fd, and then calls
 * bide__fd_leaf_called; `blocks`: the call would have blocked. Until then the descriptor is not
 * closed. With `call` NULL it makes none. Its cancel calls bide__fd_leaf_stop. `mark` is 0 or
 * BIDE__FD_MARK, a bit of `state` for the leaf's own use.
 */
struct bide__fd_leaf {
    struct bide_frame h;
    struct bide__fd *fd;
};

struct bide__fd_call {
    int fd;
    uint32_t seen; /* events before it */
};

enum { BIDE__FD_MARK = 8 };

void bide__fd_leaf_begin(struct bide__fd_leaf *leaf, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark);
int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *leaf, struct bide__fd_call *call);
void bide__fd_leaf_called(struct bide__fd_leaf *leaf, const struct bide__fd_call *call,
                          bool blocks);
void bide__fd_leaf_stop(struct bide__fd_leaf *leaf);

/* ---- for the scheduler ---- */

/* The registrations of a runtime, in pages that never move. */
enum { BIDE__FD_PAGES = 24 };

struct bide__fds {
    bool multi;                             /* several threads use them */
    _Atomic uint32_t waiting;               /* leaves and wakers that wait for one */
    _Atomic uint32_t used;                  /* registrations that were ever used; they have pages */
    struct bide__fd *pages[BIDE__FD_PAGES]; /* each twice as large as the one before */
    struct bide__driver *driver;            /* constant */
    pthread_mutex_t mutex;                  /* with `multi`, of the rest, and to add pages */
    struct bide__fd *free;
    uint32_t open; /* registrations in use */
};

void bide__fds_begin(struct bide__fds *fds, struct bide__driver *driver, bool multi);
void bide__fds_end(struct bide__fds *fds);

#endif
