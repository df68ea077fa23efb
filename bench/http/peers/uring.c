/*
 * bench/http/peers/uring.c: the floor on io_uring: one ring, accepts and receives that go on by
 * themselves, into buffers that the ring provides, and one send for each receive. It answers as
 * epoll.c does. The answers are constant and the clients wait for them, so nothing is queued.
 *
 *   uring plain
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

#include "answers.h"

enum { ENTRIES = 4096, GROUP = 1, BUFFERS = 1024, BUFFER_SIZE = 2048, EVENTS_MAX = 256 };
enum { NOT_BUILT = 77 };
enum tag { ACCEPT, RECEIVE, SEND }; /* the low bits of user_data; the others are the descriptor */

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static char memory[BUFFERS * BUFFER_SIZE];

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static struct io_uring_sqe *entry(void)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (sqe == NULL) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
        check(sqe != NULL, "io_uring_get_sqe");
    }
    return sqe;
}

static void give_back(int buffer)
{
    io_uring_buf_ring_add(free_buffers, memory + (size_t)buffer * BUFFER_SIZE, BUFFER_SIZE,
                          (unsigned short)buffer, io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(free_buffers, 1);
}

static void begin_accept(int listener)
{
    struct io_uring_sqe *sqe = entry();
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    sqe->user_data = ACCEPT;
}

static void begin_receive(int fd)
{
    struct io_uring_sqe *sqe = entry();
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    sqe->user_data = (uint64_t)fd << 2 | RECEIVE;
}

static void on_receive(int fd, const struct io_uring_cqe *cqe)
{
    if (cqe->res > 0) {
        int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        const char *data;
        ssize_t size = answers_to(memory + (size_t)buffer * BUFFER_SIZE, (size_t)cqe->res, &data);
        give_back(buffer);
        if (size > 0) {
            struct io_uring_sqe *sqe = entry();
            io_uring_prep_send(sqe, fd, data, (size_t)size, MSG_NOSIGNAL | MSG_WAITALL);
            sqe->user_data = (uint64_t)fd << 2 | SEND;
        } else {
            shutdown(fd, SHUT_RDWR);
        }
    }
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    if (cqe->res > 0 || cqe->res == -ENOBUFS)
        begin_receive(fd);
    else
        close(fd);
}

static void on_completion(const struct io_uring_cqe *cqe, int listener)
{
    int fd = (int)(cqe->user_data >> 2);
    switch ((enum tag)(cqe->user_data & 3)) {
    case ACCEPT:
        if (cqe->res >= 0)
            begin_receive(cqe->res);
        if (!(cqe->flags & IORING_CQE_F_MORE))
            begin_accept(listener);
        break;
    case RECEIVE: on_receive(fd, cqe); break;
    case SEND: break;
    }
}

static void make_ring(void)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
                                     .cq_entries = 32768};
    int r = io_uring_queue_init_params(ENTRIES, &ring, &params);
    void *pages = NULL;
    if (r == -ENOSYS || r == -EPERM)
        exit(NOT_BUILT);
    errno = -r;
    check(r == 0, "io_uring_queue_init_params");
    check(posix_memalign(&pages, 4096, BUFFERS * sizeof(struct io_uring_buf)) == 0, "malloc");
    free_buffers = pages;
    io_uring_buf_ring_init(free_buffers);
    struct io_uring_buf_reg reg = {
        .ring_addr = (uintptr_t)free_buffers, .ring_entries = BUFFERS, .bgid = GROUP};
    errno = -(r = io_uring_register_buf_ring(&ring, &reg, 0));
    check(r == 0, "io_uring_register_buf_ring");
    for (int i = 0; i < BUFFERS; i++)
        give_back(i);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct io_uring_cqe *cqe, *cqes[EVENTS_MAX];
    if (argc < 2 || strcmp(argv[1], "plain") != 0)
        return NOT_BUILT;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 4096) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &size) == 0,
          "a socket");
    make_ring();
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
