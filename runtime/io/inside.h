/*
 * inside.h: what the files of the driver over io_uring share.
 *
 *   uring.c         the driver: begun, ended, waited in, woken
 *   uring_op.c      operations: submitted, cancelled, handed over by other threads; their ends
 *   uring_buffer.c  the buffers into which the kernel receives
 *   uring_probe.c   what the kernel can do, and what BIDE_URING_MASK hides
 *   uring_trial.c   whether it can accept without a fault
 *
 * What comes back with a completion (`user_data`) is a name: of a stream-owned operation its key,
 * with the kind in the bits 28 to 31; of a frame-owned one its slot, the kind, and the slot's
 * generation in the upper half. So no completion is taken for that of another operation, however
 * late it comes.
 *
 * An operation becomes an entry of the submission ring, which goes to the kernel with the next
 * wait. Where that cannot be, because another thread submits, or because the ring is full and the
 * kernel takes nothing now, it is *late*: it is noted, and the next wait takes it over. The memory
 * for a late cancel is there from the operation's beginning, since a cancel cannot fail.
 *
 * With several threads (`shared`) what is late, the sends and the buffers belong to the mutex. Each
 * of the two rings belongs to whoever has entered it: `in_sq` to note and to submit, `in_cq` to
 * take completions. The worker sleeps in both. Who finds the first one taken is late, and wakes the
 * worker. While a worker does not come to its ring, another thread may do a look in its place.
 */
#ifndef BIDE_RUNTIME_IO_INSIDE_H
#define BIDE_RUNTIME_IO_INSIDE_H

#include "runtime/io/driver.h"

#include "runtime/io/file.h"
#include "runtime/io/io.h"

#include <liburing.h>

/* Kinds of names beside those of operations. 0: of nobody, as that of a cancel. */
enum { BIDE__URING_WAKE = 14, BIDE__URING_ALARM = 13 };

static inline uint64_t bide__uring_name(unsigned kind, uint64_t key)
{
    return key | (uint64_t)kind << 28;
}

static inline unsigned bide__uring_kind(uint64_t name)
{
    return name >> 28 & 15;
}

static inline uint64_t bide__uring_key(uint64_t name)
{
    return name & ~(UINT64_C(15) << 28);
}

/* ---- uring_probe.c ---- */

/* What kernel and mask allow, as bits. Kinds of operations are 1 << kind. */
enum {
    BIDE__URING_COOP = 1 << 16,  /* completions interrupt no thread */
    BIDE__URING_DEFER = 1 << 17, /* nor does anybody but the owner do their work */
    BIDE__URING_SKIP = 1 << 18,  /* a cancel that succeeds need not be told of */
    BIDE__URING_FILE = 1 << 19,  /* and so on: one bit for each call of file.h, in their order */
};

/* The bits; or why there is no driver over io_uring: an error of io_uring_setup(2), -EDQUOT for
 * its -ENOMEM; -EOPNOTSUPP: the kernel is too old; -EINVAL: the mask has an unknown name, which is
 * reported. */
int bide__uring_probe(void);

/* ---- uring_trial.c ---- */

/* The multishot accept of this kernel has no fault. False also if that cannot be tried now. */
bool bide__uring_can_accept(void);

/* ---- uring_buffer.c ---- */

enum { BIDE__URING_BUFFER = 4096, BIDE__URING_CHUNKS = 16 };

/* So many buffers at a time: what is said of each, and behind that, all of them. */
struct bide__uring_chunk {
    struct bide__buffer *buffer; /* an array; NULL: there is no such chunk */
    char *data;
};

struct bide__uring_buffers {
    struct io_uring_buf_ring *ring; /* NULL: nothing was received yet */
    uint32_t first, at_most;        /* how many there are at first, and may be; powers of two */
    uint32_t count;                 /* how many there are */
    uint32_t out;                   /* of them, passed on and not given back */
    /* The first ones, then each as many as all before it. */
    struct bide__uring_chunk chunk[BIDE__URING_CHUNKS];
};

struct bide__uring;

/* With the lock: the first buffers are there. 0, -ENOMEM; -ENOSYS: the kernel has no such ring. */
int bide__uring_buffers_need(struct bide__uring *u);

/* With the lock: twice as many, unless that is too many, or there is no memory. */
void bide__uring_buffers_grow(struct bide__uring *u);

/* With the lock: the kernel has filled this one. */
struct bide__buffer *bide__uring_buffer_take(struct bide__uring *u, uint32_t number, size_t size);

/* With the lock: it is free for the kernel again, also one that was never taken. */
void bide__uring_buffer_give_back(struct bide__uring *u, uint32_t number);
void bide__uring_buffers_end(struct bide__uring *u);

/* ---- uring_op.c ---- */

/* A frame-owned operation that is under way; of a free slot `io` is NULL and `fd` the next free
 * one. */
struct bide__uring_send {
    struct bide__io *io;
    const void *data; /* of FILE: the struct bide__file_op */
    uint32_t size, generation;
    int fd;
    bool cancelled;
};

/* An operation that the next wait submits. Of a send the rest is in its slot. */
struct bide__uring_late {
    uint64_t name;
    int fd;
};

struct bide__uring_ops {
    uint32_t in_flight; /* operations without a last event */
    struct bide__uring_send *sends;
    uint32_t sends_room;
    int free_send; /* -1: none */
    struct bide__uring_late *late;
    uint32_t late_count, late_room;
    uint64_t *cancels; /* names of what is to be cancelled; all that is in flight finds room */
    uint32_t cancels_count, cancels_room;
    _Atomic bool any_late; /* one of the two has something */
};

void bide__uring_ops_begin(struct bide__uring_ops *ops);
void bide__uring_ops_end(struct bide__uring_ops *ops);

int bide__uring_submit(struct bide__driver *driver, const struct bide__op *op);
int bide__uring_cancel(struct bide__driver *driver, const struct bide__op *op);

/* In the submission ring: puts what is late into it. False: not all. */
bool bide__uring_take_late(struct bide__uring *u);

/* In the completion ring: passes a completion on. True: it was an event of an operation. */
bool bide__uring_report(struct bide__uring *u, struct bide__fds *fds,
                        const struct io_uring_cqe *cqe);

/* ---- uring.c ---- */

struct bide__uring {
    struct bide__driver driver;
    struct io_uring ring;
    unsigned can; /* see bide__uring_probe */
    bool shared;
    bool enabled; /* the ring has its owner */
    bool accepts; /* that was tried */
    _Atomic bool in_sq, in_cq;
    _Atomic bool is_woken; /* since the owner last went to sleep */
    bool wake_armed;       /* the kernel looks at wake_fd; or at alarm_fd */
    bool alarm_armed;
    int wake_fd;
    struct bide__alarm alarm;
    uint32_t events_max;
    unsigned forks; /* bide__forks of the process that made it */
    struct bide__uring_ops ops;
    struct bide__uring_buffers buffers;
    pthread_mutex_t mutex;
};

static inline void bide__uring_lock(struct bide__uring *u)
{
    if (__builtin_expect(u->shared, 0))
        pthread_mutex_lock(&u->mutex);
}

static inline void bide__uring_unlock(struct bide__uring *u)
{
    if (__builtin_expect(u->shared, 0))
        pthread_mutex_unlock(&u->mutex);
}

/* The submission ring is this thread's. False: it is another one's. */
static inline bool bide__uring_enter_sq(struct bide__uring *u)
{
    return !u->shared || !atomic_exchange_explicit(&u->in_sq, true, memory_order_acquire);
}

static inline void bide__uring_leave_sq(struct bide__uring *u)
{
    if (u->shared)
        atomic_store_explicit(&u->in_sq, false, memory_order_release);
}

/* In it: an entry of the submission ring; NULL: it is full, and the kernel takes nothing now. */
struct io_uring_sqe *bide__uring_sqe(struct bide__uring *u);

/* Not shared: tells the kernel at once what it does not know yet. */
void bide__uring_send_off(struct bide__uring *u);

#endif
