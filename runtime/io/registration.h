/*
 * registration.h: what the files of io share: the lock of a registration, and what is armed.
 *
 * fd.c has the table, and the life of a registration from its beginning to its end; arm.c decides
 * which operations of the driver it needs; leaf.c, receive.c, accept.c and send.c have the leaves;
 * by leave.c a descriptor goes back to the caller.
 */
#ifndef BIDE_RUNTIME_IO_REGISTRATION_H
#define BIDE_RUNTIME_IO_REGISTRATION_H

#include "runtime/io/io.h"

#include "core/assert.h"
#include "runtime/io/driver.h"
#include "runtime/thread.h"

/* In `flags`, beside BIDE__FD_OWNED, _RECEIVES, _ACCEPTS, _LINGERS and _SHARED. */
enum {
    FD_LAZY = 16,    /* its driver is */
    FD_ASKED = 32,   /* somebody has waited to read, so it may receive or accept ahead */
    FD_CLOSED = 64,  /* and kept until its end */
    FD_DRAINS = 128, /* a short read leaves nothing: see BIDE__DRAINED */
    FD_GONE = 256,   /* the number is another file's already, or nobody's */
    /* 512: BIDE__FD_LINGERS, 2048: BIDE__FD_SHARED */
    FD_LISTENS = 1024, /* counted in `listeners`: it is closed, and keeps its address */
};

/* In `end`, beside 0, the end of the stream, and a negative errno. */
enum { NOT_ENDED = 1 };

/* How many reads go without RECEIVE after the driver had no buffer free, and how many after a read
 * that is large. That one does, too, and so all as long as each fourth is large: who reads much in
 * pieces of a protocol has small ones between the large ones. */
enum { PLAIN_BUFFERS = 16, PLAIN_LARGE = 4 };

/* A read of this size goes without the driver's buffers, if nothing is under way. When it gets so
 * much, those that follow do, too. */
enum { LARGE_BYTES = 32768, MUCH_BYTES = 8192 };

/* So much is received or accepted ahead; then the operation is cancelled until all was taken. */
enum { BUFFERS_MAX = 8, ACCEPTED_MAX = 16 };

static inline unsigned waiter_of(uint32_t direction)
{
    return direction == BIDE__WRITE;
}

/* In `armed` and `ending`. */
enum { BITS = 15 };

static inline unsigned bit_of(enum bide__op_kind kind)
{
    return 1U << kind & BITS;
}

/* The kind of the operation by which it reads, if the driver has that. */
static inline enum bide__op_kind reading_kind(const struct bide__fd *f)
{
    return f->flags & BIDE__FD_ACCEPTS ? BIDE__OP_ACCEPT : BIDE__OP_RECEIVE;
}

static inline bool reads_by_op(const struct bide__fd *f)
{
    return f->flags & (BIDE__FD_RECEIVES | BIDE__FD_ACCEPTS);
}

/* Such an operation has bytes or connections, or will have them: so nobody calls recv(2). */
static inline bool is_reading(const struct bide__fd *f)
{
    return f->armed & (bit_of(BIDE__OP_RECEIVE) | bit_of(BIDE__OP_ACCEPT));
}

/* ---- several threads ---- */

static inline void lock(struct bide__fd *f)
{
    if (__builtin_expect(f->runtime->multi, 0))
        for (unsigned n = 0; atomic_exchange_explicit(&f->lock, 1, memory_order_acquire); n++)
            bide__spin(n);
}

static inline void unlock(struct bide__fd *f)
{
    if (__builtin_expect(f->runtime->multi, 0))
        atomic_store_explicit(&f->lock, 0, memory_order_release);
}

/* With the lock of one registration. */
static inline void count_waiting(struct bide__fds *fds, uint32_t n)
{
    uint32_t before = atomic_load_explicit(&fds->waiting, memory_order_relaxed);
    if (__builtin_expect(fds->multi, 0))
        atomic_fetch_add_explicit(&fds->waiting, n, memory_order_relaxed);
    else
        atomic_store_explicit(&fds->waiting, before + n, memory_order_relaxed);
}

/* ---- with the lock of the registration ---- */

/* fd.c: an event; the waiter of read (0) or write (1) is woken and leaves. */
void bide__fd_wake(struct bide__fd *f, unsigned n);

/* arm.c */
struct bide__op bide__fd_op(const struct bide__fd *f, enum bide__op_kind kind, int fd);
int bide__fd_arm(struct bide__fd *f, enum bide__op_kind kind);
void bide__fd_disarm(struct bide__fd *f, enum bide__op_kind kind, int fd);

/* Submits and cancels what a lazy driver, or one with operations that read, has to know now. 0, or
 * why readiness, for which somebody waits, cannot be watched; then no event will come. */
int bide__fd_settle(struct bide__fd *f);

/* fd.c: how many registrations a page has. */
uint32_t bide__fd_page_size(unsigned page);

/* fd.c: readiness, with the lock. */
void bide__fd_become_ready(struct bide__fd *f, uint32_t ready);

/* It is closed, and nothing of it is under way: whoever sees this, once, calls bide__fd_finish
 * without the lock. */
static inline bool is_at_end(const struct bide__fd *f)
{
    return f->flags & FD_CLOSED && f->armed == 0 && f->sends == 0;
}

/* Whoever will finish it, with the lock, if it was not the close. */
static inline void count_end(struct bide__fd *f)
{
    atomic_fetch_sub_explicit(&f->driver->closing, 1, memory_order_release);
    count_waiting(f->runtime->fds, (uint32_t)-1);
}

void bide__fd_finish(struct bide__fd *f);

/* ---- leaf.c, with the lock ---- */

bool bide__fd_stands(struct bide__fd_leaf *leaf);
bool bide__fd_is_of(const struct bide__fd_leaf *leaf);
void bide__fd_stand(struct bide_cx *cx, struct bide__fd_leaf *leaf);
void bide__fd_stop(struct bide__fd_leaf *leaf);
int bide__fd_look(struct bide_cx *cx, struct bide__fd_leaf *leaf, bool calls);
void bide__fd_call_begin(struct bide__fd_leaf *leaf, struct bide__fd_call *call);

/* ---- receive.c, accept.c: events, with the lock ---- */

/* Puts what was received into the queue. */
void bide__fd_received(struct bide__fd *f, const struct bide__event *event);
void bide__fd_was_accepted(struct bide__fd *f, const struct bide__event *event);

/* All buffers of the queue, a ring; and what gives them back, which needs no lock. */
struct bide__buffer *bide__fd_take_buffers(struct bide__fd *f);
void bide__fd_give_back(struct bide__driver *driver, struct bide__buffer *last);

/* The first descriptor of a queue that has one. */
int bide__fd_pop(struct bide__fd *f);

#endif
