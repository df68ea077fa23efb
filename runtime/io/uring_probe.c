/*
 * uring_probe.c: what the kernel can do for the driver over io_uring, and what BIDE_URING_MASK
 * hides of it; see inside.h.
 *
 * The kernel tells which operations it knows, but not which of their flags. So a small ring tries
 * the multishot ones on an eventfd: what is known fails with -ENOTSOCK, what is not, with -EINVAL,
 * and a poll that is known tells nothing. That is done once in a process. A refusal is not kept.
 *
 * Needed: waits with a timeout (EXT_ARG, 5.11), completions that are not dropped (NODROP), and
 * multishot polls (5.13). Used where they are: COOP_TASKRUN (5.19), DEFER_TASKRUN (6.1),
 * CQE_SKIP (5.17), multishot accept (5.19; tried once more before the first one, uring_trial.c) and
 * receive (6.0), buffer rings (5.19; tried when the first receive is submitted), the calls on files
 * (5.1 to 5.15).
 */
#ifdef BIDE__URING

#include "runtime/io/inside.h"

#include <stdio.h>
#include <stdlib.h>

enum { KNOWN = 1 << 30, ENTRIES = 8, OPCODES = 256 };

static _Atomic int known; /* bits, and KNOWN */

/* ---- the mask ---- */

static const struct {
    const char *name;
    unsigned bits;
} names[] = {
    {"poll", 1 << BIDE__OP_READY},
    {"receive", 1 << BIDE__OP_RECEIVE},
    {"accept", 1 << BIDE__OP_ACCEPT},
    {"send", 1 << BIDE__OP_SEND},
    {"defer_taskrun", BIDE__URING_DEFER},
    {"coop_taskrun", BIDE__URING_COOP},
    {"cqe_skip", BIDE__URING_SKIP},
    {"file", 1 << BIDE__OP_FILE},
    {"read", BIDE__URING_FILE << BIDE__FILE_READ},
    {"write", BIDE__URING_FILE << BIDE__FILE_WRITE},
    {"fsync", BIDE__URING_FILE << BIDE__FILE_SYNC},
    {"openat", BIDE__URING_FILE << BIDE__FILE_OPEN},
    {"statx", BIDE__URING_FILE << BIDE__FILE_STAT},
    {"renameat", BIDE__URING_FILE << BIDE__FILE_RENAME},
    {"unlinkat", BIDE__URING_FILE << BIDE__FILE_UNLINK},
    {"mkdirat", BIDE__URING_FILE << BIDE__FILE_MKDIR},
    {"close", BIDE__URING_FILE << BIDE__FILE_CLOSE},
};

static int unknown(const char *mask)
{
    char text[320];
    snprintf(
        text, sizeof(text),
        "bide: BIDE_URING_MASK=%.64s: not a list, with commas, of poll, receive, accept, send, "
        "defer_taskrun, coop_taskrun, cqe_skip, file, read, write, fsync, openat, statx, "
        "renameat, unlinkat, mkdirat, close\n",
        mask);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    return -EINVAL;
}

/* The bits that the mask hides; -EINVAL. */
static int hidden(void)
{
    const char *mask = getenv("BIDE_URING_MASK"), *at = mask;
    unsigned bits = 0;

    while (at != NULL && *at != '\0') {
        size_t size = strcspn(at, ","), i = 0;
        while (i < sizeof(names) / sizeof(names[0]) &&
               (strlen(names[i].name) != size || strncmp(names[i].name, at, size) != 0))
            i++;
        if (i == sizeof(names) / sizeof(names[0]))
            return unknown(mask);
        bits |= names[i].bits;
        at += size + (at[size] == ',');
    }
    return (int)bits;
}

/* ---- the trial ---- */

/* *bits gets those of calls on files, which have no flags to be tried. */
static bool knows_opcodes(struct io_uring *ring, unsigned *bits)
{
    static const unsigned char needed[] = {IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL};
    static const unsigned char files[BIDE__FILE_CALLS] = {
        [BIDE__FILE_READ] = IORING_OP_READ,       [BIDE__FILE_WRITE] = IORING_OP_WRITE,
        [BIDE__FILE_SYNC] = IORING_OP_FSYNC,      [BIDE__FILE_OPEN] = IORING_OP_OPENAT,
        [BIDE__FILE_STAT] = IORING_OP_STATX,      [BIDE__FILE_RENAME] = IORING_OP_RENAMEAT,
        [BIDE__FILE_UNLINK] = IORING_OP_UNLINKAT, [BIDE__FILE_MKDIR] = IORING_OP_MKDIRAT,
        [BIDE__FILE_CLOSE] = IORING_OP_CLOSE,
    };
    union {
        struct io_uring_probe probe;
        char room[sizeof(struct io_uring_probe) + OPCODES * sizeof(struct io_uring_probe_op)];
    } u;

    memset(&u, 0, sizeof(u));
    if (bide__door.io_uring_register_probe(ring, &u.probe, OPCODES) < 0)
        return false;
    for (size_t i = 0; i < sizeof(needed); i++)
        if (!io_uring_opcode_supported(&u.probe, needed[i]))
            return false;
    *bits = 1U << BIDE__OP_FILE;
    for (size_t i = 0; i < sizeof(files); i++)
        if (io_uring_opcode_supported(&u.probe, files[i]))
            *bits |= (unsigned)BIDE__URING_FILE << i;
    return true;
}

static void note(const struct io_uring_cqe *cqe, unsigned *bits)
{
    unsigned bit = 1U << cqe->user_data;
    if (bit == 1U << BIDE__OP_READY)
        *bits &= ~bit; /* it should wait */
    else if (cqe->res == -ENOTSOCK)
        *bits |= bit;
}

/* The bits; 0: it cannot be told. */
static unsigned try_operations(struct io_uring *ring, int fd)
{
    unsigned bits = 1U << BIDE__OP_READY;
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    io_uring_prep_poll_multishot(sqe, fd, POLLIN);
    io_uring_sqe_set_data64(sqe, BIDE__OP_READY);
    sqe = io_uring_get_sqe(ring);
    io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, BIDE__OP_ACCEPT);
    sqe = io_uring_get_sqe(ring);
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    io_uring_sqe_set_data64(sqe, BIDE__OP_RECEIVE);
    sqe = io_uring_get_sqe(ring);
    io_uring_prep_send(sqe, fd, "", 0, MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe, BIDE__OP_SEND);

    /* An entry that fails may keep the next ones from being taken. */
    for (int i = 0; i < ENTRIES && io_uring_sq_ready(ring) > 0; i++)
        if (bide__door.io_uring_submit_and_get_events(ring) < 0)
            return 0;
    while (io_uring_cq_ready(ring) > 0) {
        note(&ring->cq.cqes[*ring->cq.khead & ring->cq.ring_mask], &bits);
        io_uring_cq_advance(ring, 1);
    }
    return io_uring_sq_ready(ring) == 0 ? bits : 0;
}

static int try_ring(struct io_uring *ring, const struct io_uring_params *params)
{
    const unsigned needed = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
    unsigned bits = 0, files;

    if ((params->features & needed) != needed || !knows_opcodes(ring, &files))
        return -EOPNOTSUPP;
    int fd = bide__door.eventfd(0, EFD_CLOEXEC);
    if (fd < 0)
        return fd;
    bits = try_operations(ring, fd);
    bide__door.close(fd);
    if ((bits & 1U << BIDE__OP_READY) == 0)
        return -EOPNOTSUPP;
    if (params->features & IORING_FEAT_CQE_SKIP)
        bits |= BIDE__URING_SKIP;
    /* Which flags it takes is seen when the ring is made. */
    return (int)(bits | files | BIDE__URING_COOP | BIDE__URING_DEFER | KNOWN);
}

static int try(void)
{
    struct io_uring ring;
    struct io_uring_params params = {0};
    int r = bide__door.io_uring_queue_init_params(ENTRIES, &ring, &params);

    if (r < 0)
        return r == -ENOMEM ? -EDQUOT : r == -EINVAL ? -EOPNOTSUPP : r;
    r = try_ring(&ring, &params);
    bide__door.io_uring_queue_exit(&ring);
    return r;
}

int bide__uring_probe(void)
{
    int less = hidden();
    int bits = atomic_load_explicit(&known, memory_order_relaxed);

    if (less < 0)
        return less;
    if (bits == 0) {
        bits = try();
        if (bits < 0)
            return bits;
        atomic_store_explicit(&known, bits, memory_order_relaxed);
    }
    bits &= ~(less | KNOWN);
    return bits & 1 << BIDE__OP_READY ? bits : -EOPNOTSUPP;
}

#endif
