/*
 * bench/http/load/loop.c: the connections and the loops over them. The first tenth of the
 * operations is not measured. A sample ends after the operations that were asked for or after
 * SAMPLE_MAX_NS, whichever is first: a slow server takes fewer of them, and no more time.
 */
#define _GNU_SOURCE
#include "load_http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, SILENCE_MAX_MS = 5000, PIECE = 256 * 1024 };
#define SAMPLE_MAX_NS 400000000

void *zeroes(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (p == NULL)
        die("calloc");
    return p;
}

void die_of_answer(const char *what)
{
    errno = EPROTO;
    die(what);
}

static _Noreturn void die_of_tls(const char *what)
{
    ERR_print_errors_fp(stderr);
    die_of_answer(what);
}

/* ---- one connection ---- */

/* All servers are asked for the same cipher and group, so that they do the same arithmetic. */
static SSL_CTX *context_new(const char *alpn)
{
    unsigned char wire[16];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    wire[0] = (unsigned char)strlen(alpn);
    memcpy(wire + 1, alpn, wire[0]);
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(context, "X25519") ||
        SSL_CTX_set_alpn_protos(context, wire, wire[0] + 1U) != 0)
        die_of_tls("SSL_CTX_new");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    return context;
}

static void begin_tls(struct loop *loop, struct conn *conn)
{
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    const char *alpn = loop->shape->protocol->alpn;
    conn->ssl = SSL_new(loop->context);
    if (conn->ssl == NULL || !SSL_set_fd(conn->ssl, conn->fd) || SSL_connect(conn->ssl) != 1)
        die_of_tls("the handshake");
    SSL_get0_alpn_selected(conn->ssl, &chosen, &size);
    if (size != strlen(alpn) || memcmp(chosen, alpn, size) != 0)
        die_of_answer("ALPN");
}

/* The result of a call on the connection: how many bytes, 0 if it has to wait. Else it is over. */
static size_t moved(struct conn *conn, ssize_t n, const char *what)
{
    if (n > 0)
        return (size_t)n;
    if (conn->ssl != NULL) {
        int error = SSL_get_error(conn->ssl, (int)n);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            die_of_tls(what);
    } else if (n == 0) {
        die_of_answer("the server has closed a connection");
    } else if (errno != EAGAIN) {
        die(what);
    }
    return 0;
}

static size_t try_send(struct conn *conn, const void *data, size_t size)
{
    ssize_t n = conn->ssl != NULL ? SSL_write(conn->ssl, data, (int)size)
                                  : send(conn->fd, data, size, MSG_NOSIGNAL);
    return moved(conn, n, "send");
}

static size_t try_receive(struct conn *conn, void *data, size_t size)
{
    ssize_t n =
        conn->ssl != NULL ? SSL_read(conn->ssl, data, (int)size) : recv(conn->fd, data, size, 0);
    return moved(conn, n, "recv");
}

static void wait_for(const struct conn *conn, short events)
{
    struct pollfd wait = {.fd = conn->fd, .events = events};
    errno = ETIMEDOUT;
    if (poll(&wait, 1, SILENCE_MAX_MS) <= 0)
        die("the server is silent");
}

void send_all(struct conn *conn, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        size_t n = try_send(conn, at, size);
        at += n;
        size -= n;
        if (n == 0)
            wait_for(conn, POLLOUT);
    }
}

size_t receive_some(struct conn *conn, void *data, size_t size)
{
    size_t n;
    while ((n = try_receive(conn, data, size)) == 0)
        wait_for(conn, POLLIN);
    return n;
}

static void open_conn(struct loop *loop, struct conn *conn)
{
    int on = 1;
    conn->fd = connect_to_server(loop->load, SOCK_STREAM);
    if (setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        die("TCP_NODELAY");
    if (loop->shape->is_tls)
        begin_tls(loop, conn);
    if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) < 0)
        die("fcntl");
    loop->shape->protocol->begin(loop, conn);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        die("epoll_ctl");
}

/* ---- the loop ---- */

void loop_answered(struct loop *loop, struct conn *conn)
{
    if (conn->waiting == 0)
        die_of_answer("an answer to nothing");
    conn->waiting--;
    if (!loop->runs)
        return;
    if (loop->ended == loop->warm) {
        loop->cpu_from_ns = server_cpu_ns(loop->load);
        loop->until_ns = clock_ns() + SAMPLE_MAX_NS;
    }
    if (loop->ended >= loop->warm && loop->ended < loop->total)
        loop->latencies_ns[loop->ended - loop->warm] = clock_ns() - conn->sent_ns;
    loop->ended++;
}

static void watch_for_room(struct loop *loop, struct conn *conn, bool wanted)
{
    if (wanted == conn->wants_out)
        return;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = conn};
    if (epoll_ctl(loop->ep, EPOLL_CTL_MOD, conn->fd, &event) < 0)
        die("epoll_ctl");
    conn->wants_out = wanted;
}

static void send_rest(struct loop *loop, struct conn *conn)
{
    size_t n = 1;
    while (conn->out_size > 0 && n > 0) {
        n = try_send(conn, conn->out, conn->out_size);
        conn->out += n;
        conn->out_size -= n;
    }
    watch_for_room(loop, conn, conn->out_size > 0);
}

static void begin_turn(struct loop *loop, struct conn *conn)
{
    conn->asked = conn->waiting = loop->shape->depth;
    conn->sent_ns = clock_ns();
    loop->shape->protocol->turn(loop, conn);
    send_rest(loop, conn);
}

/* Without TLS, what is left after one recv is told by the next epoll_wait. */
static void serve(struct loop *loop, struct conn *conn)
{
    static char buffer[PIECE];
    size_t n;
    if (conn->out_size > 0)
        send_rest(loop, conn);
    while ((n = try_receive(conn, buffer, sizeof buffer)) > 0) {
        loop->shape->protocol->take(loop, conn, buffer, n);
        if (conn->waiting == 0 && conn->out_size == 0 && loop->ended < loop->total)
            begin_turn(loop, conn);
        if (conn->ssl == NULL)
            break;
    }
}

static void run(struct loop *loop)
{
    struct epoll_event events[EVENTS_MAX];
    bool is_over = false;
    for (long i = 0; i < loop->load->conns; i++)
        begin_turn(loop, &loop->conns[i]);
    while (loop->ended < loop->total && !is_over) {
        int count = epoll_wait(loop->ep, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (count == 0)
            errno = ETIMEDOUT;
        if (count <= 0)
            die("epoll_wait");
        for (int i = 0; i < count; i++)
            serve(loop, events[i].data.ptr);
        is_over = loop->ended > loop->warm && clock_ns() > loop->until_ns;
    }
}

void loop_run(struct load *load, const struct shape *shape)
{
    struct loop loop = {.load = load, .shape = shape, .warm = load->n / 10};
    loop.total = loop.warm + load->n;
    loop.latencies_ns = zeroes((size_t)load->n, sizeof *loop.latencies_ns);
    loop.conns = zeroes((size_t)load->conns, sizeof *loop.conns);
    loop.ep = epoll_create1(EPOLL_CLOEXEC);
    if (loop.ep < 0)
        die("epoll_create1");
    if (shape->is_tls)
        loop.context = context_new(shape->protocol->alpn);
    for (long i = 0; i < load->conns; i++)
        open_conn(&loop, &loop.conns[i]);
    loop.runs = true;
    run(&loop);
    if (loop.ended > loop.total)
        loop.ended = loop.total;
    long measured = loop.ended - loop.warm;
    load->figure = (double)(server_cpu_ns(load) - loop.cpu_from_ns) / 1e3 / (double)measured;
    set_latencies(load, loop.latencies_ns, measured);
    free(loop.latencies_ns);
    free(loop.turn);
    free(loop.conns); /* the server is killed */
}
