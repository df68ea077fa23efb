/*
 * bench/client/load/serve.c: starts a client of HTTP, serves it, and prints one line:
 *
 *     FIGURE CLOCK 0 DRIVER
 *
 *   load [--pin] CONNECTIONS N small|large CLIENT ARGUMENT...
 *
 * It is one loop on epoll, which has its answers ready, and it is the same for all clients. A
 * client gets further arguments: the URL, the number of connections, and the size of the body. It
 * asks for the URL again and again, with one request at a time on each connection, until it is
 * killed. So it needs no clock of its own: FIGURE is the CPU time of its process for a request, and
 * CLOCK the time that passes, both in microseconds. They are taken from one request to the N-th
 * after it; the first tenth of the requests is not measured. A sample also ends after
 * SAMPLE_MAX_NS: a slow client makes fewer requests, and takes no more time.
 *
 * --pin puts the server on the first CPU and the client on the second one. DRIVER is `uring` if the
 * client has a ring of io_uring, else `epoll`. Exit status: 77 if the client ends with that, which
 * says that it cannot do this; 1 after any other failure, and if the client has opened fewer
 * connections than it was told, or another one for more than one request in a hundred. (Go ends one
 * if the goroutine that has sent a request is late to say so.)
 */
#define _GNU_SOURCE
#include "process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    SILENCE_MAX_MS = 5000,
    SMALL = 100,
    LARGE = 1 << 20,
    HEAD_MAX = 4096,
    WORDS_MAX = 20,
};
#define SAMPLE_MAX_NS 1000000000

struct conn {
    int fd;
    const char *out; /* what has yet to be sent of the answer */
    size_t out_size;
};

static struct {
    long conns, n, warm;   /* connections; requests that are measured, and before that */
    long accepted, served; /* connections; requests */
    pid_t client;
    int ep, listener, client_out;
    char *answer;
    size_t answer_size, body_size;
    int64_t from_ns, cpu_from_ns;
    double clock_us, cpu_us; /* of a request */
} run;

void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1); /* the client dies with us: PR_SET_PDEATHSIG */
}

static _Noreturn void die_of_client(const char *what)
{
    fprintf(stderr, "load: the client %s\n", what);
    exit(1);
}

static void make_answer(void)
{
    run.answer = malloc(HEAD_MAX + run.body_size);
    if (run.answer == NULL)
        die("malloc");
    int head = snprintf(run.answer, HEAD_MAX,
                        "HTTP/1.1 200 OK\r\nDate: Mon, 30 Nov 2026 03:40:00 GMT\r\nServer: loop\r\n"
                        "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n",
                        run.body_size);
    memset(run.answer + head, 'x', run.body_size);
    run.answer_size = (size_t)head + run.body_size;
}

/* ---- connections ---- */

static void watch(int fd, void *tag, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};
    if (epoll_ctl(run.ep, how, fd, &event) < 0)
        die("epoll_ctl");
}

static void accept_all(void)
{
    int fd, on = 1;
    while ((fd = accept4(run.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = calloc(1, sizeof *conn);
        if (conn == NULL)
            die("calloc");
        run.accepted++;
        conn->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(fd, conn, EPOLLIN, EPOLL_CTL_ADD);
    }
}

/* Watches for room if there is none. */
static void send_rest(struct conn *conn, bool is_watched)
{
    ssize_t n = send(conn->fd, conn->out, conn->out_size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        die_of_client("does not wait for an answer");
    conn->out += n > 0 ? n : 0;
    conn->out_size -= n > 0 ? (size_t)n : 0;
    if ((conn->out_size > 0) != is_watched)
        watch(conn->fd, conn, conn->out_size > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

/* Returns true if the sample is over. */
static bool count(void)
{
    int64_t now = clock_ns();
    long measured = ++run.served - run.warm;
    if (measured == 0) {
        run.from_ns = now;
        run.cpu_from_ns = process_cpu_ns(run.client);
    }
    if (measured <= 0 || (measured < run.n && now - run.from_ns < SAMPLE_MAX_NS))
        return false;
    run.clock_us = (double)(now - run.from_ns) / 1e3 / (double)measured;
    run.cpu_us = (double)(process_cpu_ns(run.client) - run.cpu_from_ns) / 1e3 / (double)measured;
    return true;
}

/* A head comes in one piece: it is small, and each client sends it with one call. Returns true if
 * the sample is over. */
static bool serve(struct conn *conn, uint32_t events)
{
    char head[HEAD_MAX];
    if (conn->out_size > 0) {
        if (events & EPOLLOUT)
            send_rest(conn, true);
        return false;
    }
    ssize_t n = recv(conn->fd, head, sizeof head, 0);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        close(conn->fd);
        free(conn);
        return false;
    }
    const char *end = memmem(head, (size_t)n, "\r\n\r\n", 4);
    if (n < 9 || memcmp(head, "GET /get ", 9) != 0 || end == NULL || end + 4 != head + n)
        die_of_client("has not sent one request");
    if (count())
        return true;
    conn->out = run.answer;
    conn->out_size = run.answer_size;
    send_rest(conn, false);
    return false;
}

/* ---- the sample ---- */

static void run_loop(void)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(run.ep, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready <= 0)
            die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == &run.client_out)
                process_failed(run.client); /* it ends only if it has failed */
            else if (events[i].data.ptr == &run.listener)
                accept_all();
            else if (serve(events[i].data.ptr, events[i].events))
                return;
        }
    }
}

static int listen_anywhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    run.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (run.listener < 0 || bind(run.listener, (struct sockaddr *)&at, size) < 0 ||
        listen(run.listener, 4096) < 0 ||
        getsockname(run.listener, (struct sockaddr *)&at, &size) < 0)
        die("a socket");
    return ntohs(at.sin_port);
}

/* With the further arguments. */
static void start_client(char **command, int cpu)
{
    char *words[WORDS_MAX + 4] = {NULL};
    char url[100], conns[20], size[20];
    int count = 0;
    for (; count < WORDS_MAX && command[count] != NULL; count++)
        words[count] = command[count];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/get", listen_anywhere());
    snprintf(conns, sizeof conns, "%ld", run.conns);
    snprintf(size, sizeof size, "%zu", run.body_size);
    words[count] = url;
    words[count + 1] = conns;
    words[count + 2] = size;
    run.ep = epoll_create1(EPOLL_CLOEXEC);
    if (run.ep < 0)
        die("epoll_create1");
    watch(run.listener, &run.listener, EPOLLIN, EPOLL_CTL_ADD);
    run.client = process_start(words, cpu, &run.client_out);
    watch(run.client_out, &run.client_out, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int argc, char **argv)
{
    bool pinned = argc > 1 && strcmp(argv[1], "--pin") == 0;
    argc -= pinned;
    argv += pinned;
    const char *size = argc >= 5 ? argv[3] : "";
    run.conns = argc >= 5 ? atol(argv[1]) : 0;
    run.n = argc >= 5 ? atol(argv[2]) : 0;
    run.body_size = strcmp(size, "small") == 0 ? SMALL : strcmp(size, "large") == 0 ? LARGE : 0;
    if (run.conns < 1 || run.n < 1 || run.body_size == 0) {
        fputs("load [--pin] CONNECTIONS N small|large CLIENT ARGUMENT...\n", stderr);
        return 2;
    }
    /* Each connection has asked at least once when the measurement begins. */
    run.warm = run.n / 10 > 2 * run.conns ? run.n / 10 : 2 * run.conns;
    make_answer();
    allow_descriptors();
    start_client(argv + 4, pinned ? 1 : -1);
    if (pinned)
        pin(0);
    run_loop();
    if (run.accepted < run.conns)
        die_of_client("has fewer connections");
    if (run.accepted > run.conns + run.served / 100)
        die_of_client("does not keep its connections");
    const char *driver = process_has_ring(run.client) ? "uring" : "epoll";
    kill(run.client, SIGKILL);
    waitpid(run.client, NULL, 0);
    printf("%.4f %.4f 0 %s\n", run.cpu_us, run.clock_us, driver);
    free(run.answer);
    return 0; /* the connections end with the process */
}
