/*
 * bench/net/peers/uring.c: the floor on io_uring: one ring, accepts and receives that go on by
 * themselves, into buffers that the ring provides, and one send for each of those, by the ring.
 *
 *   uring echo|lean|bulk|udp
 *
 * A buffer is given back when its bytes were sent. A connection sends one buffer at a time; those
 * that come meanwhile are queued. When no buffer is free, its receive ends, and begins again when
 * the queue is empty.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENTRIES = 4096, GROUP = 1, DATAGRAMS = 64, NONE = -1, EVENTS_MAX = 256 };
enum tag { ACCEPT, RECEIVE, SEND, DATAGRAM_IN, DATAGRAM_OUT }; /* the low bits of user_data */

struct conn {
    int fd;
    int under_way; /* operations */
    bool is_armed, is_broken;
    int first, last; /* buffers to send, in this order, or NONE */
    unsigned done;   /* bytes of the first that were sent */
};

struct datagram {
    struct sockaddr_in from;
    struct iovec data;
    struct msghdr head;
    char bytes[2048];
};

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static unsigned buffer_count, buffer_size;
static char *memory;
static struct queued {
    int next;
    unsigned size;
} * queued; /* of each buffer that is not free */

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static struct io_uring_sqe *entry(void *object, enum tag tag)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (sqe == NULL) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
        check(sqe != NULL, "io_uring_get_sqe");
    }
    sqe->user_data = (uintptr_t)object | tag;
    return sqe;
}

/* The functions that prepare an entry clear user_data, in some versions of liburing. */
static void name(struct io_uring_sqe *sqe, void *object, enum tag tag)
{
    sqe->user_data = (uintptr_t)object | tag;
}

static void give_back(int buffer)
{
    io_uring_buf_ring_add(free_buffers, memory + (size_t)buffer * buffer_size, buffer_size,
                          (unsigned short)buffer, io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void begin_receive(struct conn *c)
{
    struct io_uring_sqe *sqe = entry(c, RECEIVE);
    io_uring_prep_recv_multishot(sqe, c->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    name(sqe, c, RECEIVE);
    c->is_armed = true;
    c->under_way++;
}

static void begin_send(struct conn *c)
{
    struct io_uring_sqe *sqe = entry(c, SEND);
    io_uring_prep_send(sqe, c->fd, memory + (size_t)c->first * buffer_size + c->done,
                       queued[c->first].size - c->done, MSG_NOSIGNAL);
    name(sqe, c, SEND);
    c->under_way++;
}

static void begin_accept(int listener)
{
    struct io_uring_sqe *sqe = entry(NULL, ACCEPT);
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    name(sqe, NULL, ACCEPT);
}

static void on_accept(int fd)
{
    if (fd < 0)
        return;
    struct conn *c = calloc(1, sizeof *c);
    check(c != NULL, "calloc");
    *c = (struct conn){.fd = fd, .first = NONE, .last = NONE};
    begin_receive(c);
}

static void on_receive(struct conn *c, const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_MORE)) {
        c->is_armed = false;
        c->under_way--;
    }
    if (cqe->res > 0) {
        int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        queued[buffer] = (struct queued){NONE, (unsigned)cqe->res};
        if (c->first == NONE)
            c->first = buffer;
        else
            queued[c->last].next = buffer;
        c->last = buffer;
        if (c->first == buffer)
            begin_send(c);
    } else if (cqe->res != -ENOBUFS) {
        c->is_broken = true;
    }
}

static void on_send(struct conn *c, int result)
{
    c->under_way--;
    if (result < 0)
        c->is_broken = true;
    else
        c->done += (unsigned)result;
    if (!c->is_broken && c->done < queued[c->first].size) {
        begin_send(c);
        return;
    }
    do {
        int buffer = c->first;
        c->first = queued[buffer].next;
        c->done = 0;
        give_back(buffer);
    } while (c->is_broken && c->first != NONE);
    if (c->first != NONE)
        begin_send(c);
}

static void after(struct conn *c)
{
    if (!c->is_armed && !c->is_broken && c->first == NONE)
        begin_receive(c);
    if (c->is_broken && c->under_way == 0) {
        close(c->fd);
        free(c);
    }
}

/* ---- datagrams ---- */

static void begin_datagram(struct datagram *d, int fd, enum tag tag, size_t size)
{
    struct io_uring_sqe *sqe = entry(d, tag);
    d->data = (struct iovec){d->bytes, size};
    d->head = (struct msghdr){
        .msg_name = &d->from, .msg_namelen = sizeof d->from, .msg_iov = &d->data, .msg_iovlen = 1};
    if (tag == DATAGRAM_IN)
        io_uring_prep_recvmsg(sqe, fd, &d->head, 0);
    else
        io_uring_prep_sendmsg(sqe, fd, &d->head, 0);
    name(sqe, d, tag);
}

/* ---- the loop ---- */

static void on_completion(const struct io_uring_cqe *cqe, int fd)
{
    void *object = (void *)(uintptr_t)(cqe->user_data & ~7ULL);
    switch ((enum tag)(cqe->user_data & 7)) {
    case ACCEPT:
        on_accept(cqe->res);
        if (!(cqe->flags & IORING_CQE_F_MORE))
            begin_accept(fd);
        break;
    case RECEIVE:
        on_receive(object, cqe);
        after(object);
        break;
    case SEND:
        on_send(object, cqe->res);
        after(object);
        break;
    case DATAGRAM_IN:
        if (cqe->res >= 0)
            begin_datagram(object, fd, DATAGRAM_OUT, (size_t)cqe->res);
        else
            begin_datagram(object, fd, DATAGRAM_IN, 2048);
        break;
    case DATAGRAM_OUT: begin_datagram(object, fd, DATAGRAM_IN, 2048); break;
    }
}

static void make_ring(void)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
                                     .cq_entries = 32768};
    int r = io_uring_queue_init_params(ENTRIES, &ring, &params);
    if (r == -ENOSYS || r == -EPERM)
        exit(77);
    errno = -r;
    check(r == 0, "io_uring_queue_init_params");
    queued = calloc(buffer_count, sizeof *queued);
    memory = malloc((size_t)buffer_count * buffer_size);
    void *pages = NULL;
    check(queued != NULL && memory != NULL &&
              posix_memalign(&pages, 4096, buffer_count * sizeof(struct io_uring_buf)) == 0,
          "malloc");
    free_buffers = pages;
    io_uring_buf_ring_init(free_buffers);
    struct io_uring_buf_reg reg = {
        .ring_addr = (uintptr_t)free_buffers, .ring_entries = buffer_count, .bgid = GROUP};
    errno = -(r = io_uring_register_buf_ring(&ring, &reg, 0));
    check(r == 0, "io_uring_register_buf_ring");
    for (unsigned i = 0; i < buffer_count; i++)
        give_back((int)i);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct io_uring_cqe *cqe, *cqes[EVENTS_MAX];
    bool udp = argc > 1 && strcmp(argv[1], "udp") == 0;
    bool bulk = argc > 1 && strcmp(argv[1], "bulk") == 0;
    if (argc > 1 && strcmp(argv[1], "stuck") == 0)
        return 77;
    buffer_count = bulk ? 64 : 4096;
    buffer_size = bulk ? 65536 : 1024;
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              (udp || listen(fd, 4096) == 0) && getsockname(fd, (struct sockaddr *)&at, &size) == 0,
          "a socket");
    make_ring();
    struct datagram *datagrams = udp ? calloc(DATAGRAMS, sizeof *datagrams) : NULL;
    check(!udp || datagrams != NULL, "calloc");
    for (int i = 0; udp && i < DATAGRAMS; i++)
        begin_datagram(&datagrams[i], fd, DATAGRAM_IN, 2048);
    if (!udp)
        begin_accept(fd);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int r = io_uring_submit_and_wait_timeout(&ring, &cqe, 1, NULL, NULL);
        check(r >= 0 || r == -EINTR || r == -EBUSY, "io_uring_submit_and_wait");
        for (unsigned n; (n = io_uring_peek_batch_cqe(&ring, cqes, EVENTS_MAX)) > 0;) {
            for (unsigned i = 0; i < n; i++)
                on_completion(cqes[i], fd);
            io_uring_cq_advance(&ring, n);
        }
    }
}
