/*
 * bench/net/load/stuck.c: what others notice of a handler that does not come back. Each connection
 * sends a message every 10 ms, whether or not the earlier ones were answered, so that a connection
 * that is held up counts with all that it would have sent. One more connection sends "S": its
 * handler computes for 1 s before it answers, on one of the server's two workers. Measured is what
 * is sent in the first `n` milliseconds after that.
 */
#define _GNU_SOURCE
#include "kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, WARM_MS = 200, ENDS_AFTER_MS = 5000 };
static const int64_t period_ns = 10000000;

struct pacer {
    int fd;
    int received;        /* bytes of the oldest answer */
    int64_t first_ns;    /* when its first message was due */
    long sent, answered; /* messages; message i is due at first_ns + i * period_ns */
};

struct measured {
    int64_t from_ns, to_ns; /* messages that are due in this time count */
    int64_t *latencies_ns;
    long count, count_max;
};

static int64_t due_ns(const struct pacer *p, long i)
{
    return p->first_ns + i * period_ns;
}

static void count(struct measured *m, int64_t due, int64_t now_ns)
{
    if (due >= m->from_ns && due < m->to_ns && m->count < m->count_max)
        m->latencies_ns[m->count++] = now_ns - due;
}

static void receive(struct pacer *p, struct measured *m)
{
    char buffer[MESSAGE_SIZE * 64];
    ssize_t n = recv(p->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("recv");
    int64_t now_ns = clock_ns();
    for (p->received += (int)n; p->received >= MESSAGE_SIZE; p->received -= MESSAGE_SIZE)
        count(m, due_ns(p, p->answered++), now_ns);
}

/* Sends what is due. Returns when the next message will be. */
static int64_t send_due(struct pacer *pacers, long conns, int64_t end_ns)
{
    static const char message[MESSAGE_SIZE] = "a message";
    int64_t now_ns = clock_ns(), next_ns = end_ns;
    for (long i = 0; i < conns; i++) {
        struct pacer *p = &pacers[i];
        for (; due_ns(p, p->sent) <= now_ns && due_ns(p, p->sent) < end_ns; p->sent++)
            if (send(p->fd, message, sizeof message, MSG_NOSIGNAL) != sizeof message)
                die("send");
        if (due_ns(p, p->sent) < next_ns)
            next_ns = due_ns(p, p->sent);
    }
    return next_ns;
}

static bool all_answered(const struct pacer *pacers, long conns)
{
    for (long i = 0; i < conns; i++)
        if (pacers[i].answered < pacers[i].sent)
            return false;
    return true;
}

static void run(struct pacer *pacers, long conns, int ep, int troublemaker, struct measured *m)
{
    static const char trouble[MESSAGE_SIZE] = "S";
    struct epoll_event events[EVENTS_MAX];
    bool is_stuck = false;
    while (!is_stuck || clock_ns() < m->to_ns || !all_answered(pacers, conns)) {
        if (clock_ns() > m->to_ns + ENDS_AFTER_MS * 1000000LL) {
            errno = ETIMEDOUT;
            die("no answers");
        }
        if (!is_stuck && clock_ns() >= m->from_ns) {
            is_stuck = true;
            if (send(troublemaker, trouble, sizeof trouble, MSG_NOSIGNAL) != sizeof trouble)
                die("send");
        }
        int64_t wait_ns = send_due(pacers, conns, m->to_ns) - clock_ns();
        int wait_ms = wait_ns <= 0 ? 1 : (int)(wait_ns / 1000000);
        int n = epoll_wait(ep, events, EVENTS_MAX, wait_ms);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr, m);
    }
}

void load_stuck(struct load *load)
{
    int *fds = connect_all(load, load->conns, SOCK_STREAM);
    int *troublemaker = connect_all(load, 1, SOCK_STREAM), ep = epoll_create1(EPOLL_CLOEXEC);
    struct pacer *pacers = calloc((size_t)load->conns, sizeof *pacers);
    struct measured m = {.from_ns = clock_ns() + WARM_MS * 1000000LL,
                         .count_max = load->conns * (load->n / 10 + 1)};
    m.to_ns = m.from_ns + load->n * 1000000;
    m.latencies_ns = calloc((size_t)m.count_max, sizeof *m.latencies_ns);
    if (pacers == NULL || m.latencies_ns == NULL || ep < 0)
        die("no memory");
    for (long i = 0; i < load->conns; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &pacers[i]};
        pacers[i] =
            (struct pacer){.fd = fds[i], .first_ns = clock_ns() + period_ns * i / load->conns};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &event) < 0)
            die("epoll_ctl");
    }
    run(pacers, load->conns, ep, *troublemaker, &m);
    set_latencies(load, m.latencies_ns, m.count);
    load->figure = load->p99 / 1e3;
    free(pacers);
    free(m.latencies_ns);
    free(troublemaker);
    free(fds);
    close(ep);
}
