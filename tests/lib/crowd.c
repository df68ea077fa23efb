/*
 * 1,000 connections at once, in the long tier 10,000, through a server of bide, on both drivers and
 * on one thread and several. The clients are plain C in a process of their own, since the number of
 * descriptors of a process is limited. Each sends numbered bytes in pieces of random sizes and
 * takes them back: none is lost, doubled or another connection's.
 */
#include <bide/bide.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "full.h"

enum {
    BYTES = 4096,     /* through each connection, */
    AHEAD_MAX = 1500, /* and so many at most on their way */
    PIECE_MAX = 700,
    EVENTS_MAX = 256,
    SPARE = 100 /* descriptors */
};

/* ---- the clients: a process of plain C; exit status 0: every byte has come back ---- */

struct client {
    int fd;
    unsigned number, sent, received;
    unsigned random;
};

_Noreturn static void give_up(const char *what, const struct client *c)
{
    fprintf(stderr, "client %u: %s after %u of %u bytes: %s\n", c->number, what, c->received,
            c->sent, strerror(errno));
    _exit(1);
}

/* The byte of this connection at this place. Two bytes in five tell the connection, the others the
 * place. */
static unsigned char byte_at(const struct client *c, unsigned place)
{
    switch (place % 5) {
    case 0: return (unsigned char)c->number;
    case 1: return (unsigned char)(c->number >> 8);
    case 2: return (unsigned char)(place >> 8);
    default: return (unsigned char)place;
    }
}

static unsigned next_random(struct client *c)
{
    c->random = c->random * 1664525 + 1013904223;
    return c->random >> 8;
}

static void send_more(struct client *c)
{
    unsigned char piece[PIECE_MAX];
    while (c->sent < BYTES && c->sent - c->received + PIECE_MAX <= AHEAD_MAX) {
        unsigned size = 1 + next_random(c) % PIECE_MAX;
        if (size > BYTES - c->sent)
            size = BYTES - c->sent;
        for (unsigned i = 0; i < size; i++)
            piece[i] = byte_at(c, c->sent + i);
        if (send(c->fd, piece, size, MSG_NOSIGNAL) != (ssize_t)size)
            give_up("send", c);
        c->sent += size;
        if (c->sent == BYTES)
            shutdown(c->fd, SHUT_WR);
    }
}

/* Returns true when the server has closed the connection, after the last byte. */
static bool receive_more(struct client *c)
{
    unsigned char piece[PIECE_MAX];
    errno = 0;
    ssize_t n = recv(c->fd, piece, 1 + next_random(c) % PIECE_MAX, MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN)
        give_up("recv", c);
    if (n == 0 && c->received != BYTES)
        give_up("it has ended", c);
    for (ssize_t i = 0; i < n; i++)
        if (piece[i] != byte_at(c, c->received++))
            give_up("another byte", c);
    return n == 0;
}

/* `from` brings the port. */
_Noreturn static void run_clients(int from, unsigned count)
{
    uint16_t port;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (read(from, &port, sizeof port) != sizeof port)
        _exit(1);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *clients = calloc(count, sizeof *clients);
    struct epoll_event events[EVENTS_MAX];
    int ep = epoll_create1(0);
    for (unsigned i = 0; i < count; i++) {
        struct client *c = &clients[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        *c = (struct client){.number = i, .random = i, .fd = socket(AF_INET, SOCK_STREAM, 0)};
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 ||
            epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &event) < 0)
            give_up("connect", c);
    }
    for (unsigned i = 0; i < count; i++)
        send_more(&clients[i]);
    for (unsigned left = count; left > 0;) {
        int n = epoll_wait(ep, events, EVENTS_MAX, -1); /* the test has a limit */
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (receive_more(c)) {
                close(c->fd);
                left--;
            } else {
                send_more(c);
            }
        }
    }
    _exit(0);
}

/* ---- the server ---- */

static atomic_int now, most, failures;

static async void echo(bide_stream *stream)
{
    char buffer[300];
    ssize_t n;
    int count = ++now, before = most;
    while (count > before && !atomic_compare_exchange_weak(&most, &before, count))
        continue;
    defer {
        now--;
        bide_stream_close(stream);
    }
    while ((n = await bide_stream_read(stream, buffer, sizeof buffer)) > 0) {
        n = await bide_stream_write_all(stream, buffer, (size_t)n, NULL);
        if (n < 0)
            break;
    }
    if (n < 0)
        failures++;
}

static async int serve(unsigned count, int to_clients)
{
    bide_tcp_listener *listener;
    int rc = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (rc < 0)
        return rc;
    defer {
        bide_tcp_listener_close(listener);
    }
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    CHECK_EQ(write(to_clients, &port, sizeof port), sizeof port);
    bide_scope(connections) {
        bide_stream *stream;
        for (unsigned i = 0; i < count; i++) {
            rc = await bide_tcp_accept(listener, &stream);
            if (rc < 0)
                return rc;
            bide_scope_spawn(connections, echo(stream));
        }
    }
    return rc;
}

static void run(const char *driver, const bide_runtime_options *options)
{
    unsigned count = is_full() ? 10000 : 1000;
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < count + SPARE)
        check_skip("too few descriptors are allowed");
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);

    int ends[2], status = 0;
    CHECK_EQ(pipe(ends), 0);
    pid_t clients = fork();
    CHECK(clients >= 0);
    if (clients == 0)
        run_clients(ends[0], count);

    bide_runtime *rt;
    CHECK_EQ(setenv("BIDE_IO", driver, 1), 0);
    int rc = bide_runtime_new(options, &rt);
    if (rc == -ENOSYS || rc == -EPERM || rc == -EOPNOTSUPP)
        check_skip("there is no such driver here");
    CHECK_EQ(rc, 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(serve(count, ends[1])), 0);
    CHECK_EQ(waitpid(clients, &status, 0), clients);
    CHECK_EQ(status, 0);
    CHECK_EQ(failures, 0);
    CHECK_EQ(now, 0);
    CHECK(most > (int)count / 2); /* the first ones end only when all are connected */
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST_LIMIT(one_thread_on_epoll, 60)
{
    run("epoll", NULL);
}

TEST_LIMIT(one_thread_on_io_uring, 60)
{
    run("uring", NULL);
}

static const bide_runtime_options several = {.flavour = BIDE_MULTI_THREAD, .workers = 2};

TEST_LIMIT(workers_on_epoll, 60)
{
    run("epoll", &several);
}

TEST_LIMIT(workers_on_io_uring, 60)
{
    run("uring", &several);
}
