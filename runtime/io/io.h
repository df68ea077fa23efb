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

struct bide__buffer;
struct bide__driver;
struct bide__fds;
struct bide__accepted;
struct bide__sending;

/*
 * A registration of a descriptor with a driver of one runtime.
 *
 * Readiness is edge-triggered, and it is cached. "Ready" may be wrong: when the system call returns
 * EAGAIN, call bide__fd_clear and wait. "Not ready" may be late, since the event may still have to
 * be fetched: waiting before the first call is correct, and trying before the first wait is faster.
 * An event may come between a call that would block and the bide__fd_clear after it. So events are
 * counted: who makes a call reads the number before it, and the readiness is cleared only if it is
 * still the same.
 *
 * There is one waiter for each direction. It is known by its frame, not by its waker: two leaves of
 * one task may have the same waker (branch ids run out), but not the same place.
 *
 * Stream-owned operations (driver.h) are armed as they are needed: with a driver that is not lazy,
 * readiness at once; with one that is, when somebody first waits for it. A connection receives, and
 * a listener accepts, by an operation of the driver if that has one. What comes is kept in a queue
 * here, in order, and after the data its end or the error. While such an operation is armed, nobody
 * makes a call that reads.
 *
 * The object lives in the runtime's table. It is the caller's until bide__fd_close; after that,
 * until the last event of each operation, it is only kept. Its generation then changes, so that
 * neither a late event nor a late waiter mistakes the next user of the slot for it.
 *
 * Threads: on a multi_thread runtime any worker may call the functions here, and threads that run
 * none may add, close and set a waker. Waiters are woken under the lock of the registration, which
 * a leaf takes to leave, so their wakers are borrowed there too.
 */
struct bide__fd {
    int fd; /* -1: it is closed, or the slot is free */
    uint32_t index;
    uint32_t generation;
    union {
        int end;    /* what comes after the queue; see receive.c */
        int number; /* after the close: the descriptor */
    };
    _Atomic uint8_t lock; /* with `multi`, of all else here */
    uint8_t ready;        /* BIDE__READ, BIDE__WRITE, BIDE__STAYS */
    uint8_t guess;        /* READ, WRITE: not known, so a call is tried before a wait */
    uint8_t plain;        /* so many reads go without the driver; see receive.c */
    uint16_t events[2];   /* of read, of write: so far, also for the users before */
    /* These are looked at together, so the lock is in another word: the compiler may read all of
     * one. */
    uint8_t armed : 4, ending : 4; /* bits by kind: the last event has not come; cancelled */
    uint8_t sends;                 /* frame-owned, under way */
    uint16_t flags;                /* see registration.h */
    uint16_t calls;                /* of leaves, under way */
    uint16_t held;                 /* buffers or descriptors in the queue */
    struct bide__fd_waiter {
        bide_waker waker;              /* borrowed; bits 0: nobody waits */
        const struct bide_frame *leaf; /* NULL: bide__fd_set_waker left the waker */
    } waiters[2];
    struct bide_runtime *runtime; /* constant */
    struct bide__driver *driver;  /* from its beginning to its end */
    union {
        struct bide__buffer *last; /* of a ring of those received, or NULL */
        struct bide__accepted *accepted;
        struct bide__fd *next_free; /* under the mutex of the table */
    };
};

/* How a descriptor is registered. */
enum {
    BIDE__FD_OWNED = 1,     /* it is closed at the end of the registration */
    BIDE__FD_NEW = 2,       /* a new socket or epoll set: it can be watched; nobody else does */
    BIDE__FD_RECEIVES = 4,  /* a TCP connection of ours: it may receive ahead */
    BIDE__FD_ACCEPTS = 8,   /* a listener: see bide__fd_accepts */
    BIDE__FD_LINGERS = 512, /* SO_LINGER may be set: see bide__fd_may_linger */
    BIDE__FD_SHARED = 2048, /* others have it, too: it accepts only while somebody waits for that */
};

/* STAYS, of an event: a short read does not mean that nothing is left, since the peer has hung up,
 * there is an error, or urgent data. */
enum { BIDE__READ = 1, BIDE__WRITE = 2, BIDE__STAYS = 4 };

/*
 * Register fd with rt, for both directions. It must be non-blocking, or all calls with it be so.
 * Unless it is to be BIDE__FD_OWNED, the descriptor stays the caller's: close it after
 * bide__fd_close. An owned one is the registration's if this returns 0. 0, -ENOMEM, -EPERM (a
 * regular file, /dev/null and the like), -ENOSPC, -EEXIST (it is registered already), -EBADF,
 * -EMFILE. See also bide__fd_open in entry.h.
 */
int bide__fd_add_as(struct bide_runtime *rt, struct bide__fd **out, int fd, unsigned how);
int bide__fd_add(struct bide_runtime *rt, struct bide__fd **out, int fd); /* as nothing of that */

/*
 * Ends the registration; a leaf that waits on it returns -EBADF. NULL is ignored. When this
 * returns, no leaf makes a call with the descriptor any more, and what was received and accepted
 * ahead is gone; connections are reset. The driver may still hold the file for a moment. An owned
 * descriptor is closed after that, which may be later. The pointer is not to be used any more.
 */
void bide__fd_close(struct bide__fd *fd);

/*
 * close(2) of a socket with a linger time above 0 blocks until the peer has all, or the time is
 * over. After this the close of the descriptor, if it is owned, looks at that time first, and lets
 * another thread do it (`close_elsewhere` below). Any thread.
 */
void bide__fd_may_linger(struct bide__fd *fd);

/*
 * Somebody gets to know the number, and may make another kind of socket of it: one that lingers, or
 * one of records (kTLS, which the kernel decrypts), of which a read returns one at a time. So from
 * now on a short read does not mean that nothing is left. Any thread.
 */
void bide__fd_show(struct bide__fd *fd);

/*
 * shutdown(2) of `fd`, which has this registration, for one that another task may close at any
 * time: -EBADF if its generation is no longer this one. While the call lasts the descriptor is not
 * closed. Any thread.
 */
int bide__fd_shutdown(struct bide__fd *registration, uint32_t generation, int fd, int how);

/*
 * A bind(2) has failed with -EADDRINUSE, n times before this one. False: it is no listener
 * of the runtime that has the address. True: one that was closed is just coming to its end, on
 * another worker's ring, or has come there meanwhile; try again. Waits for it for a millisecond;
 * gives up after BIDE__FD_BINDS times. Any thread.
 */
enum { BIDE__FD_BINDS = 100 };
bool bide__fds_retry_bind(struct bide__fds *fds, unsigned n);

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

/*
 * For a leaf that waits for a direction in its own frame, which begins with this struct and leaves
 * `state` to it. The leaf calls bide__fd_leaf_begin once, and bide__fd_leaf_look at each poll: if
 * that returns 1, the leaf suspends; any other result is that of bide__fd_wait, and ends the
 * waiting. After 0 the leaf makes its call, which does not block, with call->fd, and then calls
 * bide__fd_leaf_called; `blocks`: the call would have blocked. Until then the descriptor is not
 * closed. With `call` NULL it makes none. Its cancel calls bide__fd_leaf_stop. `mark` is within
 * BIDE__FD_MARKS, and these and BIDE__FD_SENDS are bits of `state` for the leaf's own use.
 */
struct bide__fd_leaf {
    struct bide_frame h;
    struct bide__fd *fd;
};

struct bide__fd_call {
    int fd;
    uint32_t seen; /* as bide__fd_seen */
};

enum { BIDE__FD_MARK = 8, BIDE__FD_MARKS = 7 * BIDE__FD_MARK, BIDE__FD_SENDS = 64 };

/*
 * How a call ended: something else; it would have blocked; or it read fewer bytes than there was
 * room for. Of a stream of bytes in one queue that means that nothing is left. So it counts only
 * for a TCP connection that we made and whose number nobody knows (bide__fd_show), unless the event
 * has said BIDE__STAYS: before urgent data a read stops. It does not count for what has records, of
 * which a read returns one (kTLS, SOCK_SEQPACKET, datagrams, a pipe of packets, a pseudo-terminal
 * in its packet mode), for a Unix stream, where a read ends at descriptors that were passed, for a
 * terminal, which returns a line, for an eventfd and its like, and for a pipe, whose buffers a read
 * may leave when it is interrupted.
 */
enum { BIDE__CALLED = 0, BIDE__BLOCKS = 1, BIDE__DRAINED = 2 };

void bide__fd_leaf_begin(struct bide__fd_leaf *leaf, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark);
/* The same for a registration that another task may close at any time: -EBADF if its generation is
 * no longer this one. */
void bide__fd_leaf_begin_for(struct bide__fd_leaf *leaf, struct bide__fd *fd, uint32_t direction,
                             uint32_t generation);
int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *leaf, struct bide__fd_call *call);
void bide__fd_leaf_called(struct bide__fd_leaf *leaf, const struct bide__fd_call *call,
                          int outcome);
void bide__fd_leaf_stop(struct bide__fd_leaf *leaf);

/* What the leaf waits for may have come without an event: the next look finds the direction ready.
 * For a call whose success also depends on something that the driver does not see. */
void bide__fd_leaf_retry(struct bide__fd_leaf *leaf);

/* ---- what is received, receive.c ---- */

/*
 * For a leaf that reads, in the place of bide__fd_leaf_look. 1: it suspends. 0: *n has the result:
 * the bytes in `buffer`, 0 at the end, or a negative errno. BIDE__FD_CALL: it makes the call
 * itself, as after bide__fd_leaf_look. Other results are that of bide__fd_wait. With `peek` nothing
 * is taken.
 */
enum { BIDE__FD_CALL = 2 };

struct bide__fd_read {
    void *buffer;
    size_t size;
    bool peek;
};

int bide__fd_leaf_receive(struct bide_cx *cx, struct bide__fd_leaf *leaf,
                          const struct bide__fd_read *read, ssize_t *n, struct bide__fd_call *call);

/* After bide__fd_leaf_receive has stored as many bytes as it had room for: what else has been
 * received. Returns how many bytes that are, or 0; it never waits. */
size_t bide__fd_leaf_receive_more(struct bide__fd_leaf *leaf, void *buffer, size_t size);

/* ---- a descriptor leaves, leave.c ---- */

/* Stops receiving ahead. 0: it has stopped; 1: look again later; -EBUSY: somebody waits, or his
 * data is under way. If bide__fd_leave does not follow, the next wait to read begins it again. */
int bide__fd_leave_begin(struct bide__fd *fd);

/* After a 0 of that: closes the registration, but not the descriptor, and stores what was received
 * and not read. Returns how many bytes; -ENOBUFS: there are more than `size`; -EBUSY; or the error
 * that the next read would return. After an error all is as before. */
ssize_t bide__fd_leave(struct bide__fd *fd, void *ahead, size_t size);

/* ---- what is accepted, accept.c ---- */

/* A queue of descriptors, in the listener: {0} at first. */
struct bide__accepted {
    int *fds; /* a ring, NULL: `room` */
    uint32_t first, size;
    int room[32];
};

/* Once, for a registration that BIDE__FD_ACCEPTS, before it waits: its queue, which must stay until
 * bide__fd_close. */
void bide__fd_accepts(struct bide__fd *fd, struct bide__accepted *queue);

/* After a wait to read: a descriptor, which is non-blocking and closed on exec, and the caller's;
 * -EAGAIN: there is none, wait; -ENOSYS: call accept4(2) yourself. */
int bide__fd_take_accepted(struct bide__fd *fd);

/* Ends that the driver accepts ahead; no leaf may wait to read from now on. 0: it accepts no more,
 * and what is not in the queue waits for accept4(2). 1: it does so soon; ask again. */
int bide__fd_end_accepts(struct bide__fd *fd);

/* Closes a connection that nobody takes: it is reset. */
void bide__fd_reset(int fd);

/* ---- a send by the driver, send.c ---- */

/*
 * For a leaf that writes to a socket, whose call would have blocked. True: the driver sends; the
 * leaf suspends, and *sending is there until the send has ended. Meanwhile the data must stay, and
 * the leaf is the one that waits. False: it cannot; wait until the direction is ready.
 */
bool bide__fd_leaf_send(struct bide_cx *cx, struct bide__fd_leaf *leaf, const void *data,
                        size_t size, struct bide__sending **sending);

/* What it sends. */
const void *bide__sending_data(const struct bide__sending *sending);

/* At a poll of that leaf. False: it suspends. True: the send has ended with *n: how many bytes were
 * sent, or a negative errno: -EBADF: the registration was closed meanwhile, -EAGAIN: try again. */
bool bide__fd_leaf_sent(struct bide_cx *cx, struct bide__fd_leaf *leaf,
                        struct bide__sending **sending, ssize_t *n);

/* When that leaf is asked to cancel. BIDE_COMPLETED: something has happened; *n is how many bytes
 * were sent, or an error, and bide__fd_leaf_sent will say that too. */
enum bide_answer bide__fd_leaf_send_cancel(struct bide__fd_leaf *leaf,
                                           struct bide__sending **sending, ssize_t *n);

/* ---- for dumps, tell.c ---- */

/* What the leaf waits for, in one line: the descriptor, the operation, and the driver. False: it is
 * none that waits for a descriptor. Meanwhile no thread may run the task. */
bool bide__fd_tell(const struct bide__fds *fds, const struct bide_frame *leaf, char *text,
                   size_t size);

/* How many descriptors are registered, and the driver. False: there are none. Any thread. */
bool bide__fds_tell(struct bide__fds *fds, char *text, size_t size);

/* ---- for the scheduler ---- */

/* The registrations of a runtime, in pages that never move. There are many of each size, so that
 * few registrations are unused. */
enum { BIDE__FD_PAGES = 320 };

struct bide__fds {
    bool multi; /* several threads use them */
    _Atomic uint32_t
        waiting;           /* leaves and wakers that wait for one, and registrations at their end */
    _Atomic uint32_t used; /* registrations that were ever used; they have pages */
    struct bide__fd *pages[BIDE__FD_PAGES];
    _Atomic uint32_t listeners;  /* that are closed and not yet at their end; a futex */
    struct bide__driver *driver; /* constant: of threads that run no worker */
    /* Closes a descriptor on another thread, which may block; the end of the runtime waits for
     * that. False: it cannot. NULL: nobody can. Any thread. */
    bool (*close_elsewhere)(struct bide_runtime *rt, int fd);
    pthread_mutex_t mutex; /* with `multi`, of the rest, and to add pages */
    struct bide__fd *free;
    _Atomic uint32_t open; /* registrations in use; any thread reads it */
    /* With a lazy driver, what epoll(7) would refuse: */
    uint64_t *numbers; /* bits: descriptors that are registered */
    uint32_t numbers_size;
};

void bide__fds_begin(struct bide__fds *fds, struct bide__driver *driver, bool multi);
void bide__fds_end(struct bide__fds *fds);

/*
 * Owner of the driver, when no task is left: waits until the registrations that were closed are at
 * their end. It waits for nobody but the kernel: readiness, a receive and an accept wait in a queue
 * of the socket, from which a cancel takes them at once, whatever the peer does.
 */
void bide__fds_drain(struct bide__fds *fds, struct bide__driver *driver);

/*
 * Owner of the driver, a thread that leaves for ever, when no task is left; not with `multi`: the
 * driver lets go of the registrations, also of those that are open. So these can be closed later,
 * by any thread, though nobody can wait in the driver any more.
 */
void bide__fds_stop(struct bide__fds *fds, struct bide__driver *driver);

#endif
