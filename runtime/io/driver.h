/*
 * driver.h: the interface to the part that waits for the kernel. epoll.c is one driver, uring.c is
 * another.
 *
 * A driver is given *operations*. From within `wait` it reports what happens to them, as events.
 * There are two classes:
 *
 *  - *Stream-owned* operations go on until they end by themselves or are cancelled, and may report
 *    any number of events. They belong to a descriptor's object (a registration of fd.c), not to a
 *    task, and are known by the registration's key and their kind. So a read that is cancelled has
 *    nothing to do with the driver: what comes later waits in the object.
 *  - *Frame-owned* operations complete once. Their memory (the data, and the struct bide__io that
 *    knows the operation) is in a frame, or is lent to it, and stays until then. So the unwind of
 *    the frame waits for the completion.
 *
 * Readiness (BIDE__OP_READY) is all that a driver must know. For a kind that it cannot do, `submit`
 * returns -ENOSYS, and nothing has happened; the caller then waits for readiness and makes the call
 * itself.
 *
 * An operation that was submitted has exactly one *last* event, unless `cancel` returned 0. After
 * that nothing is heard of it, and its key may be used again. No event is reported from within
 * `submit` or `cancel`.
 *
 * The caller owns the op, which may go as soon as `submit` or `cancel` returns: a driver copies
 * what it needs. A driver may keep the open file of an operation until the last event, so that
 * close(2) before that does not end a connection.
 *
 * Threads: `wake` may be called by any thread at any time. For all else it depends on who the owner
 * of the driver is (enum bide__owner), which is the thread that waits in it:
 *
 *  - VARIES, a runtime of one thread that was made as an object: one thread after another has it,
 *    and what they do is ordered from outside, by whoever hands the runtime over. Whoever has it
 *    makes all calls; nothing here is locked.
 *  - FIXED, the runtime of async int main, or of a core: the thread that first waits owns it for
 *    ever, and makes all calls from then on. Before that, the thread that has made it may submit
 *    and cancel. After bide__fds_stop, when the owner has left, there is nothing to submit or to
 *    cancel any more; another thread may still give buffers back, and end it.
 *  - SHARED, a multi_thread runtime: `submit`, `cancel`, `give_back` and `has_events` may be called
 *    by any thread, at the same time as anything else. What only the owner can do is handed over to
 *    it, and it is woken. Either all workers have one driver (epoll), and whoever calls `wait` has
 *    taken it before (schedule/idle.c); or each has one (io_uring), in which it alone sleeps, while
 *    any other thread may wait for no time, that is, look.
 *
 * `begin`, `end`, `watch` and `alarm` are for the owner, or while there is none.
 */
#ifndef BIDE_RUNTIME_DRIVER_H
#define BIDE_RUNTIME_DRIVER_H

#include "runtime/leaf.h"

#include <bide/runtime.h>

struct bide__fds;
struct bide__io;
struct bide__driver_ops;

struct bide__driver {
    const struct bide__driver_ops *ops;
    /* fd.c: registrations of it that are closed and not yet at their end. */
    _Atomic uint32_t closing;
    /* Operations that the kernel does not know of yet. While it is not 0 somebody has to call
     * `wait`, also at the end of a blocking call. */
    _Atomic uint32_t unsent;
};

/* A buffer of the driver with what was received. It is the registration's from its event until it
 * is given back. So what was received can always be put into a queue, without more memory. */
struct bide__buffer {
    struct bide__buffer *next; /* the registration's */
    const char *data;
    uint32_t size;   /* in bytes, of what is there; the registration changes both */
    uint32_t number; /* the driver's */
};

/* Who waits in a driver, and calls it. */
enum bide__owner {
    BIDE__OWNER_VARIES, /* one thread after another */
    BIDE__OWNER_FIXED,  /* the thread that waits first, and no other */
    BIDE__OWNER_SHARED, /* one thread, but any others call `submit`, `cancel` and `give_back` */
};

/* 0 stands for the default. */
struct bide__driver_options {
    enum bide__owner owner;
    uint32_t events_max; /* it takes at most so many events from the system at a time */
    /* io_uring. For tests: */
    uint32_t submissions, completions;       /* entries of its rings */
    uint32_t buffers_first, buffers_at_most; /* powers of two; of 4 KiB each */
};

enum bide__op_kind {
    /* Stream-owned. Readiness in both directions, edge-triggered. The first event tells of what is
     * ready already. After bide__fd_clear, the driver reports a direction again only when something
     * has changed. */
    BIDE__OP_READY = 1,
    /* Stream-owned. Each event brings what was received, in one of the driver's buffers. */
    BIDE__OP_RECEIVE,
    /* Stream-owned. Each event brings a descriptor, which is non-blocking and closed on exec. */
    BIDE__OP_ACCEPT,
    /* Frame-owned: send(2) with MSG_NOSIGNAL; it completes when some or all was sent. */
    BIDE__OP_SEND,
    /* Frame-owned: a call of file.h. */
    BIDE__OP_FILE,
};

struct bide__file_op; /* file.h */

struct bide__op {
    enum bide__op_kind kind;
    int fd;
    uint64_t key; /* stream-owned: of the registration. Bits 28 to 31 are 0, and the driver's. */
    struct bide__io *io; /* frame-owned */
    const void *data;    /* of a send */
    size_t size;
    const struct bide__file_op *file; /* of FILE: stays, and what it refers to, until the end */
};

struct bide__event {
    enum bide__op_kind kind; /* stream-owned */
    uint64_t key;
    /*
     * READY: BIDE__READ, BIDE__WRITE; an error or a hang-up counts as both; BIDE__STAYS. RECEIVE:
     * the number of bytes, 0 at the end of the stream, -ENOBUFS if the driver has no buffer free,
     * or an error of recv(2). ACCEPT: a descriptor, or an error of accept4(2). Also -ECANCELED.
     *
     * An operation that nobody has cancelled may also end by itself with a result that is no error,
     * or with -ECANCELED (the thread that submitted it had exited); then it may be submitted again.
     */
    int result;
    bool last;
    struct bide__buffer *buffer; /* RECEIVE with a result above 0: must be given back */
};

/*
 * A frame-owned operation that is under way (io_op.c). Whoever submits it calls bide__io_begin
 * before, and touches nothing of it until `done`, but through bide__io_renew. The driver reports
 * its end by bide__io_end; after that it may be gone.
 */
struct bide__io {
    _Atomic uintptr_t waker;     /* bits, owned: a clone. 0: taken out by the end */
    struct bide__driver *driver; /* of `submit`: a cancel goes there from any worker */
    uint32_t slot, generation;   /* the driver's name for it, set by `submit` */
    int result;                  /* bytes, or a negative errno; -ECANCELED */
    _Atomic bool done;
};

struct bide__driver_ops {
    const char *name;
    /* READY costs little to submit: a registration does so when somebody first waits, and each
     * worker of a multi_thread runtime has a driver of its own. */
    bool is_lazy;
    /* 0 or a negative errno. -EDQUOT: the kernel refuses memory for a ring. */
    int (*begin)(struct bide__driver **out, const struct bide__driver_options *options);
    void (*end)(struct bide__driver *driver);
    /* 0; -ENOSYS: the driver has no such kind; or why the descriptor cannot be watched. */
    int (*submit)(struct bide__driver *driver, const struct bide__op *op);
    /* Ends an operation that was submitted. 0: it has ended, also if the descriptor was closed
     * before; 1: it will, and its last event comes (or is on its way); -ENOSYS. */
    int (*cancel)(struct bide__driver *driver, const struct bide__op *op);
    /* Owner: the kernel is to know now of all that was submitted and cancelled. True: it does.
     * NULL: it always does. Reports no event. */
    bool (*flush)(struct bide__driver *driver);
    /* Gives the buffer of an event back; NULL: the driver has none. */
    void (*give_back)(struct bide__driver *driver, struct bide__buffer *buffer);
    /*
     * Owner; with SHARED see above. Waits for events and passes each to
     * bide__fd_report or bide__io_end. timeout_ns 0: does not wait; negative: for ever. What was
     * submitted before is known to the kernel when it returns. Returns the number of events; 0 also
     * if it was interrupted or woken.
     */
    int (*wait)(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns);
    /* Any thread: a wait would not wait, or has something to submit. Without it: NULL. */
    bool (*has_events)(struct bide__driver *driver);
    /* Makes the current wait return, or else the next one. Any thread. */
    void (*wake)(struct bide__driver *driver);
    /*
     * For a foreign loop: a descriptor that is readable as long as `wait` would not wait. It stays
     * the driver's. Or why there is none: -EMFILE, -ENFILE, -ENOMEM, -ENOSPC, -ENOSYS; -EAGAIN:
     * the kernel takes nothing now.
     */
    int (*watch)(struct bide__driver *driver);
    /* After `watch`: at this time the descriptor becomes readable too; INT64_MAX: never. It
     * replaces the time that was set before. 0, or why it could not be set. */
    int (*alarm)(struct bide__driver *driver, int64_t at_ns);
};

extern const struct bide__driver_ops bide__driver_epoll;
extern const struct bide__driver_ops bide__driver_uring;

/* alarm.c, for drivers: a timerfd that is readable from a time on. `at_ns` is written by the driver
 * too: INT64_MAX once it has seen that. */
struct bide__alarm {
    int fd;        /* -1: nobody watches the driver's descriptor */
    int64_t at_ns; /* INT64_MAX: none is set */
};

#define BIDE__NO_ALARM ((struct bide__alarm){.fd = -1, .at_ns = INT64_MAX})

/* There is one from now on. 0, or why not. */
int bide__alarm_open(struct bide__alarm *alarm);
void bide__alarm_close(struct bide__alarm *alarm);

/* As `alarm` above. */
int bide__alarm_set(struct bide__alarm *alarm, int64_t at_ns);

/* driver.c: begins the driver that is asked for; AUTO: io_uring, or epoll where that cannot be had.
 * If io_uring is asked for and cannot be had, a message on stderr says why. */
int bide__driver_begin(struct bide__driver **out, enum bide_io io,
                       const struct bide__driver_options *options);

/* fd.c: what has happened to a stream-owned operation. */
void bide__fd_report(struct bide__fds *fds, const struct bide__event *event);

/* The same for readiness that is not the last. */
void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready);

/*
 * io_op.c, for whoever submits the operation. bide__io_begin: it wakes this waker when it has
 * completed. bide__io_is_done: it has; then `result` is there. bide__io_renew: while it is not
 * done, it is to wake this waker instead. bide__io_withdraw: `submit` has refused it, or `cancel`
 * has returned 0: it is done, with -ECANCELED, or with its result if that was just on its way.
 */
void bide__io_begin(struct bide__io *io, struct bide__driver *driver, bide_waker waker);
bool bide__io_is_done(const struct bide__io *io);
void bide__io_renew(struct bide__io *io, bide_waker waker);
void bide__io_withdraw(struct bide__io *io);

/* For the driver: a frame-owned operation has completed. */
void bide__io_end(struct bide__io *io, int result);

#endif
