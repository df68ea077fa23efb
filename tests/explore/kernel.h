/*
 * kernel.h: a model of the kernel behind rings, for models of the driver over io_uring, which is
 * the shipped one: it consumes entries, keeps polls, ends those that are cancelled, and knows
 * eventfds.
 * There is a ring for each driver that is begun. An entry is consumed, and completions are made, by
 * whoever is in the ring (io/inside.h), or by kernel_ready, as in the system.
 */
#ifndef BIDE_TESTS_EXPLORE_KERNEL_H
#define BIDE_TESTS_EXPLORE_KERNEL_H

#include "tools/explore/explore.h"

#include "runtime/io/driver.h"

#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>

enum { KERNEL_RINGS = 4, WAKE_FD = 100, ENTRIES = 8, COMPLETIONS = 2 * ENTRIES, POLLS = 8 };

struct kernel_ring {
    struct io_uring_sqe sqes[ENTRIES];
    struct io_uring_cqe cqes[COMPLETIONS];
    unsigned sq_head, sq_flags, cq_head, cq_tail;
    pthread_mutex_t mutex; /* of the completions' tail, and of the polls */
    struct {
        uint64_t name; /* 0: none */
        int fd;
    } polls[POLLS];
    uint64_t wake_poll;
    _Atomic int written; /* somebody has written to the eventfd */
    int event;           /* a completion was made, or the eventfd was written to */
};

static struct kernel_ring kernel_rings[KERNEL_RINGS];
static int kernel_count;
static _Atomic int kernel_readable; /* a descriptor; 0: none */

static struct kernel_ring *kernel_of(const struct io_uring *ring)
{
    return &kernel_rings[ring->ring_fd];
}

static int kernel_init(unsigned entries, struct io_uring *ring, struct io_uring_params *p)
{
    (void)entries;
    explore_check(kernel_count < KERNEL_RINGS);
    struct kernel_ring *k = &kernel_rings[kernel_count];
    memset(k, 0, sizeof(*k));
    pthread_mutex_init(&k->mutex, NULL);
    *ring = (struct io_uring){
        .ring_fd = kernel_count++,
        .sq = {.khead = &k->sq_head,
               .kflags = &k->sq_flags,
               .sqes = k->sqes,
               .ring_mask = ENTRIES - 1,
               .ring_entries = ENTRIES},
        .cq = {.khead = &k->cq_head,
               .ktail = &k->cq_tail,
               .cqes = k->cqes,
               .ring_mask = COMPLETIONS - 1,
               .ring_entries = COMPLETIONS},
    };
    p->features = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP;
    return 0;
}

/* The trial of a probe is over: its ring is the next one's. */
static void kernel_exit(struct io_uring *ring)
{
    pthread_mutex_destroy(&kernel_of(ring)->mutex);
    if (ring->ring_fd == kernel_count - 1)
        kernel_count--;
}

static int kernel_probe(struct io_uring *ring, struct io_uring_probe *p, unsigned count)
{
    (void)ring, (void)count;
    p->last_op = IORING_OP_LAST - 1;
    for (unsigned i = 0; i < IORING_OP_LAST; i++)
        p->ops[i].flags = IO_URING_OP_SUPPORTED;
    return 0;
}

/* With the mutex. */
static void kernel_complete(struct kernel_ring *k, uint64_t name, int result, unsigned flags)
{
    k->cqes[k->cq_tail % COMPLETIONS] =
        (struct io_uring_cqe){.user_data = name, .res = result, .flags = flags};
    __atomic_store_n(&k->cq_tail, k->cq_tail + 1, __ATOMIC_RELEASE);
}

/* With the mutex. */
static void kernel_consume(struct kernel_ring *k, const struct io_uring_sqe *sqe)
{
    int i = 0;
    if (sqe->opcode == IORING_OP_POLL_ADD && sqe->fd >= WAKE_FD) {
        k->wake_poll = sqe->user_data;
    } else if (sqe->opcode == IORING_OP_POLL_ADD) {
        while (k->polls[i].name != 0)
            i++;
        k->polls[i].name = sqe->user_data;
        k->polls[i].fd = sqe->fd;
        if (atomic_load(&kernel_readable) == sqe->fd)
            kernel_complete(k, sqe->user_data, POLLIN, IORING_CQE_F_MORE);
    } else if (sqe->opcode == IORING_OP_ASYNC_CANCEL) {
        while (i < POLLS && k->polls[i].name != sqe->addr)
            i++;
        if (i == POLLS) {
            kernel_complete(k, sqe->user_data, -ENOENT, 0);
            return;
        }
        kernel_complete(k, k->polls[i].name, -ECANCELED, 0);
        k->polls[i].name = 0;
    }
}

static int kernel_submit(struct io_uring *ring)
{
    struct kernel_ring *k = kernel_of(ring);
    int n = 0;
    pthread_mutex_lock(&k->mutex);
    for (; k->sq_head != ring->sq.sqe_tail; n++) {
        kernel_consume(k, &k->sqes[k->sq_head % ENTRIES]);
        __atomic_store_n(&k->sq_head, k->sq_head + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&k->mutex);
    return n;
}

static void kernel_see_wakes(struct kernel_ring *k)
{
    pthread_mutex_lock(&k->mutex);
    if (k->wake_poll != 0 && atomic_exchange(&k->written, 0) > 0)
        kernel_complete(k, k->wake_poll, POLLIN, IORING_CQE_F_MORE);
    pthread_mutex_unlock(&k->mutex);
}

static int kernel_get_events(struct io_uring *ring)
{
    int n = kernel_submit(ring);
    kernel_see_wakes(kernel_of(ring));
    return n;
}

static int kernel_wait(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                       struct __kernel_timespec *timeout, sigset_t *mask)
{
    struct kernel_ring *k = kernel_of(ring);
    (void)cqe, (void)count, (void)mask;
    int n = kernel_get_events(ring);
    while (__atomic_load_n(&k->cq_tail, __ATOMIC_ACQUIRE) == k->cq_head) {
        if (!explore_wait(&k->event, timeout != NULL))
            return -ETIME;
        kernel_see_wakes(k);
    }
    return n;
}

/* The eventfd of a driver is made before its ring. */
static int kernel_eventfd(unsigned initial, int flags)
{
    (void)initial, (void)flags;
    return WAKE_FD + kernel_count;
}

static ssize_t kernel_write(int fd, const void *buffer, size_t size)
{
    (void)buffer;
    explore_check(fd >= WAKE_FD && fd < WAKE_FD + kernel_count);
    struct kernel_ring *k = &kernel_rings[fd - WAKE_FD];
    atomic_store(&k->written, 1);
    kernel_see_wakes(k); /* it may be anybody who takes the completion then */
    explore_wake(&k->event);
    return (ssize_t)size;
}

static int kernel_close(int fd)
{
    (void)fd;
    return 0;
}

/* The descriptor can be read, from now on. */
static inline void kernel_ready(int fd)
{
    atomic_store(&kernel_readable, fd);
    for (int r = 0; r < kernel_count; r++) {
        struct kernel_ring *k = &kernel_rings[r];
        bool any = false;
        pthread_mutex_lock(&k->mutex);
        for (int i = 0; i < POLLS; i++)
            if (k->polls[i].name != 0 && k->polls[i].fd == fd) {
                kernel_complete(k, k->polls[i].name, POLLIN, IORING_CQE_F_MORE);
                any = true;
            }
        pthread_mutex_unlock(&k->mutex);
        if (any)
            explore_wake(&k->event);
    }
}

static inline bool kernel_has_polls(void)
{
    for (int r = 0; r < kernel_count; r++)
        for (int i = 0; i < POLLS; i++)
            if (kernel_rings[r].polls[i].name != 0)
                return true;
    return false;
}

/* Drivers that are begun from now on are over this kernel. */
static inline void kernel_begin(void)
{
    bide__door.io_uring_queue_init_params = kernel_init;
    bide__door.io_uring_queue_exit = kernel_exit;
    bide__door.io_uring_register_probe = kernel_probe;
    bide__door.io_uring_submit = kernel_submit;
    bide__door.io_uring_submit_and_get_events = kernel_get_events;
    bide__door.io_uring_submit_and_wait_timeout = kernel_wait;
    bide__door.eventfd = kernel_eventfd;
    bide__door.write = kernel_write;
    bide__door.close = kernel_close;
}

#endif
