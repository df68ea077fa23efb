/*
 * bench/net/load/loop.c: closed loops: each connection has one message under way, and sends the
 * next one when the answer is there. The first tenth of the messages is not measured.
 */
#define _GNU_SOURCE
#include "kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, SILENCE_MAX_MS = 5000, STORM_AT_ONCE = 64 };

struct conn {
    int fd;
    int received;
    int64_t sent_ns;
};

struct loop {
    struct load *load;
    struct conn *conns;
    int ep;
    long warm, total; /* operations before the measurement; in all */
    long begun, ended;
    int64_t *latencies_ns;
    int64_t cpu_from_ns;
};

static const char message[MESSAGE_SIZE] = "a message";

static void *zeroes(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (p == NULL)
        die("calloc");
    return p;
}

static struct loop loop_new(struct load *load)
{
    struct loop loop = {.load = load, .warm = load->n / 10};
    loop.total = loop.warm + load->n;
    loop.latencies_ns = zeroes((size_t)load->n, sizeof *loop.latencies_ns);
    loop.conns = zeroes((size_t)load->conns, sizeof *loop.conns);
    loop.ep = epoll_create1(EPOLL_CLOEXEC);
    if (loop.ep < 0)
        die("epoll_create1");
    return loop;
}

static void watch(struct loop *loop, struct conn *conn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        die("epoll_ctl");
}

static void send_message(struct loop *loop, struct conn *conn)
{
    conn->received = 0;
    conn->sent_ns = clock_ns();
    loop->begun++;
    if (send(conn->fd, message, sizeof message, MSG_NOSIGNAL) != sizeof message)
        die("send");
}

/* Takes what has come. Returns true when that is the whole answer, which it counts. */
static bool receive_answer(struct loop *loop, struct conn *conn)
{
    char buffer[MESSAGE_SIZE];
    ssize_t n = recv(conn->fd, buffer, sizeof buffer - (size_t)conn->received, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        die("recv");
    conn->received += (int)n;
    if (conn->received < MESSAGE_SIZE)
        return false;
    if (loop->ended == loop->warm)
        loop->cpu_from_ns = server_cpu_ns(loop->load);
    if (loop->ended >= loop->warm)
        loop->latencies_ns[loop->ended - loop->warm] = clock_ns() - conn->sent_ns;
    loop->ended++;
    return true;
}

static void run(struct loop *loop, void (*next)(struct loop *loop, struct conn *conn))
{
    struct epoll_event events[EVENTS_MAX];
    while (loop->ended < loop->total) {
        int count = epoll_wait(loop->ep, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (count == 0)
            errno = ETIMEDOUT;
        if (count <= 0)
            die("epoll_wait");
        for (int i = 0; i < count && loop->ended < loop->total; i++)
            if (receive_answer(loop, events[i].data.ptr))
                next(loop, events[i].data.ptr);
    }
    loop->load->figure =
        (double)(server_cpu_ns(loop->load) - loop->cpu_from_ns) / 1e3 / (double)loop->load->n;
    set_latencies(loop->load, loop->latencies_ns, loop->load->n);
    free(loop->latencies_ns);
    free(loop->conns);
    close(loop->ep);
}

/* ---- echo ---- */

static void send_again(struct loop *loop, struct conn *conn)
{
    if (loop->begun < loop->total)
        send_message(loop, conn);
}

static void echo(struct load *load, int type)
{
    struct loop loop = loop_new(load);
    int *fds = connect_all(load, load->conns, type);
    for (long i = 0; i < load->conns; i++) {
        loop.conns[i].fd = fds[i];
        watch(&loop, &loop.conns[i]);
    }
    for (long i = 0; i < load->conns; i++)
        send_again(&loop, &loop.conns[i]);
    run(&loop, send_again);
    free(fds);
}

void load_echo(struct load *load)
{
    echo(load, SOCK_STREAM);
}

void load_udp(struct load *load)
{
    echo(load, SOCK_DGRAM);
}

/* ---- storm ---- */

/* A connection for one message. On one machine connect(2) does not wait as long as the server's
 * queue has room. */
static void begin(struct loop *loop, struct conn *conn)
{
    if (loop->begun == loop->total)
        return;
    conn->fd = connect_to_server(loop->load, SOCK_STREAM);
    watch(loop, conn);
    send_message(loop, conn);
}

static void end_and_begin(struct loop *loop, struct conn *conn)
{
    close(conn->fd);
    begin(loop, conn);
}

void load_storm(struct load *load)
{
    if (load->conns > STORM_AT_ONCE)
        load->conns = STORM_AT_ONCE;
    struct loop loop = loop_new(load);
    for (long i = 0; i < load->conns; i++)
        begin(&loop, &loop.conns[i]);
    run(&loop, end_and_begin);
}
