/*
 * uring_trial.c: whether the kernel's multishot accept can be trusted; see inside.h.
 *
 * When such an accept finds no room for its completion it has to end, with the last connection as
 * its result. Linux 6.2 to 6.7, and the stable kernels that had got the same change (6.1 among
 * them), lose that connection, and tell of a descriptor that is none of theirs: 195, the mask of
 * the poll before (liburing issue 1062; mended by commit a37ee9e117ef in 6.8 and later ones of the
 * stable series). Whoever believes that closes what is another's. The version does not say who has
 * the mend. So before the first accept of the process a small ring gets into that state, with a
 * listener of its own, and the kernel has to name the right connection. If it does not, or if that
 * cannot be tried, listeners wait for readiness and call accept4(2).
 */
#ifdef BIDE__URING

#include "runtime/io/inside.h"

#include <sys/un.h>

enum { UNKNOWN, TRUSTED, DISTRUSTED };

static _Atomic int known;

struct trial {
    struct io_uring ring; /* whose completions have room for two */
    int listener, client;
    struct sockaddr_un address; /* a name that the kernel has chosen */
    socklen_t size;
};

enum { ROOM = 2, TYPE = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

static bool begin_sockets(struct trial *t)
{
    t->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    t->size = sizeof(t->address);
    t->listener = bide__door.socket(AF_UNIX, TYPE, 0);
    t->client = bide__door.socket(AF_UNIX, TYPE, 0);
    return t->listener >= 0 && t->client >= 0 &&
           bide__door.bind(t->listener, (const struct sockaddr *)&t->address,
                           sizeof(t->address.sun_family)) == 0 &&
           bide__door.listen(t->listener, 1) == 0 &&
           bide__door.getsockname(t->listener, (struct sockaddr *)&t->address, &t->size) == 0;
}

static void end_sockets(const struct trial *t)
{
    if (t->listener >= 0)
        bide__door.close(t->listener);
    if (t->client >= 0)
        bide__door.close(t->client);
}

/* A connection of the listener has its name. */
static bool is_ours(const struct trial *t, int fd)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    return bide__door.getsockname(fd, (struct sockaddr *)&address, &size) == 0 && size == t->size &&
           memcmp(&address, &t->address, size) == 0;
}

static bool submit(struct trial *t)
{
    while (io_uring_sq_ready(&t->ring) > 0)
        if (bide__door.io_uring_submit_and_get_events(&t->ring) <= 0)
            return false;
    return true;
}

/* The accept waits, and its completions are full of others. */
static bool fill(struct trial *t)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&t->ring);

    io_uring_prep_multishot_accept(sqe, t->listener, NULL, NULL, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, BIDE__OP_ACCEPT);
    if (!submit(t))
        return false;
    for (int i = 0; i < ROOM; i++) {
        sqe = io_uring_get_sqe(&t->ring);
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, 0);
    }
    return submit(t);
}

/* UNKNOWN: the accept says nothing. */
static int judge(struct trial *t)
{
    int verdict = UNKNOWN;

    /* Now the accept finds no room, and with the second look its completion comes. */
    bide__door.io_uring_submit_and_get_events(&t->ring);
    for (int look = 0; look < 2; look++) {
        while (io_uring_cq_ready(&t->ring) > 0) {
            struct io_uring_cqe cqe = t->ring.cq.cqes[*t->ring.cq.khead & t->ring.cq.ring_mask];
            io_uring_cq_advance(&t->ring, 1);
            if (cqe.user_data != BIDE__OP_ACCEPT)
                continue;
            verdict = cqe.res >= 0 && is_ours(t, cqe.res) ? TRUSTED : DISTRUSTED;
            if (verdict == TRUSTED)
                bide__door.close(cqe.res);
        }
        bide__door.io_uring_submit_and_get_events(&t->ring);
    }
    return verdict;
}

static int try_accept(struct trial *t)
{
    struct io_uring_params params = {.flags = IORING_SETUP_CQSIZE, .cq_entries = ROOM};

    if (!begin_sockets(t) || bide__door.io_uring_queue_init_params(ROOM, &t->ring, &params) < 0)
        return UNKNOWN;
    int verdict = UNKNOWN;
    if (fill(t) &&
        bide__door.connect(t->client, (const struct sockaddr *)&t->address, t->size) == 0)
        verdict = judge(t);
    bide__door.io_uring_queue_exit(&t->ring);
    return verdict;
}

bool bide__uring_can_accept(void)
{
    struct trial t;
    int verdict = atomic_load_explicit(&known, memory_order_relaxed);

    if (verdict == UNKNOWN) {
        verdict = try_accept(&t);
        end_sockets(&t);
        atomic_store_explicit(&known, verdict, memory_order_relaxed);
    }
    return verdict == TRUSTED;
}

#endif
