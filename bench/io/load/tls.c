/*
 * bench/io/load/tls.c: a client of TLS 1.3 with many connections. Closed loops: each connection has
 * one message under way. All servers are asked for the same cipher and group, so that they do the
 * same arithmetic. The first tenth of the operations is not measured.
 */
#define _GNU_SOURCE
#include "kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, SILENCE_MAX_MS = 5000, PIECE = 65536, SESSIONS_MAX = 1024 };

struct conn {
    int fd;
    SSL *ssl;
    bool is_sent;
    int received;
    int64_t begun_ns;
};

struct loop {
    struct load *load;
    struct conn *conns;
    int ep;
    long warm, total; /* operations before the measurement; in all */
    long begun, ended;
    int64_t *latencies_ns;
    int64_t cpu_from_ns;
    bool resumes;
};

static const char message[MESSAGE_SIZE] = "a message";
static SSL_CTX *context;
/* Sessions that the server has sent and no connection has used: each is good for one. */
static SSL_SESSION *sessions[SESSIONS_MAX];
static int session_count;

static _Noreturn void die_of_tls(const char *what)
{
    ERR_print_errors_fp(stderr);
    die(what);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    if (session_count == SESSIONS_MAX)
        return 0;
    sessions[session_count++] = session;
    return 1;
}

static void context_new(void)
{
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(context, "X25519"))
        die_of_tls("SSL_CTX_new");
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* A connection whose handshake has yet to begin. */
static void open_conn(const struct load *load, struct conn *conn, bool resumes)
{
    *conn = (struct conn){.fd = connect_to_server(load, SOCK_STREAM), .begun_ns = clock_ns()};
    if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) < 0)
        die("fcntl");
    conn->ssl = SSL_new(context);
    if (conn->ssl == NULL || !SSL_set_fd(conn->ssl, conn->fd))
        die_of_tls("SSL_new");
    if (resumes) {
        if (session_count == 0 || !SSL_set_session(conn->ssl, sessions[--session_count]))
            die_of_tls("the server sends too few sessions");
        SSL_SESSION_free(sessions[session_count]);
    }
    SSL_set_connect_state(conn->ssl);
}

static void close_conn(struct conn *conn)
{
    (void)SSL_shutdown(conn->ssl); /* sends the alert and does not wait for the server's */
    SSL_free(conn->ssl);
    close(conn->fd);
    ERR_clear_error();
}

/* True: done. False: what is needed is not there yet. */
static bool is_done(const struct conn *conn, int r, const char *what)
{
    if (r > 0)
        return true;
    int error = SSL_get_error(conn->ssl, r);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        die_of_tls(what);
    return false;
}

/* Goes on until it has to wait for the server. True: the answer is there. */
static bool go_on(struct conn *conn)
{
    char buffer[MESSAGE_SIZE];
    if (!SSL_is_init_finished(conn->ssl) &&
        !is_done(conn, SSL_do_handshake(conn->ssl), "the handshake"))
        return false;
    if (!conn->is_sent) {
        if (!is_done(conn, SSL_write(conn->ssl, message, sizeof message), "SSL_write"))
            return false;
        conn->is_sent = true;
        conn->received = 0;
    }
    int n = SSL_read(conn->ssl, buffer, MESSAGE_SIZE - conn->received);
    if (!is_done(conn, n, "SSL_read"))
        return false;
    conn->received += n;
    return conn->received == MESSAGE_SIZE;
}

/* ---- loops ---- */

static void *zeroes(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (p == NULL)
        die("calloc");
    return p;
}

static void watch(struct loop *loop, struct conn *conn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        die("epoll_ctl");
}

static struct loop loop_new(struct load *load)
{
    struct loop loop = {.load = load, .warm = load->n / 10 + 1};
    loop.total = loop.warm + load->n;
    loop.latencies_ns = zeroes((size_t)load->n, sizeof *loop.latencies_ns);
    loop.conns = zeroes((size_t)load->conns, sizeof *loop.conns);
    loop.ep = epoll_create1(EPOLL_CLOEXEC);
    if (loop.ep < 0)
        die("epoll_create1");
    return loop;
}

static void count(struct loop *loop, const struct conn *conn)
{
    if (loop->ended == loop->warm)
        loop->cpu_from_ns = server_cpu_ns(loop->load);
    if (loop->ended >= loop->warm)
        loop->latencies_ns[loop->ended - loop->warm] = clock_ns() - conn->begun_ns;
    loop->ended++;
}

typedef void begin(struct loop *loop, struct conn *conn);

/* Goes on with a connection, operation after operation, until it has to wait for the server. */
static void advance(struct loop *loop, struct conn *conn, begin *next)
{
    while (loop->ended < loop->total && go_on(conn)) {
        count(loop, conn);
        if (loop->begun == loop->total)
            return;
        next(loop, conn);
    }
}

static void run(struct loop *loop, begin *next)
{
    struct epoll_event events[EVENTS_MAX];
    for (long i = 0; i < loop->load->conns && loop->begun < loop->total; i++) {
        next(loop, &loop->conns[i]);
        advance(loop, &loop->conns[i], next);
    }
    while (loop->ended < loop->total) {
        int ready = epoll_wait(loop->ep, events, EVENTS_MAX, SILENCE_MAX_MS);
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready <= 0)
            die("epoll_wait");
        for (int i = 0; i < ready; i++)
            advance(loop, events[i].data.ptr, next);
    }
    loop->load->figure =
        (double)(server_cpu_ns(loop->load) - loop->cpu_from_ns) / 1e3 / (double)loop->load->n;
    set_latencies(loop->load, loop->latencies_ns, loop->load->n);
    free(loop->latencies_ns);
    free(loop->conns); /* the server is killed */
    close(loop->ep);
}

/* Waits for what the server sends, or until it takes something if `writes`. */
static void wait_for(const struct conn *conn, bool writes)
{
    struct pollfd wait = {.fd = conn->fd, .events = POLLIN};
    if (writes)
        wait.events |= POLLOUT;
    if (poll(&wait, 1, SILENCE_MAX_MS) <= 0)
        die("the server is silent");
}

static void open_and_greet(const struct load *load, struct conn *conn)
{
    open_conn(load, conn, false);
    while (!go_on(conn))
        wait_for(conn, false);
}

static void send_again(struct loop *loop, struct conn *conn)
{
    conn->is_sent = false;
    conn->begun_ns = clock_ns();
    loop->begun++;
}

void load_tls(struct load *load)
{
    context_new();
    struct loop loop = loop_new(load);
    for (long i = 0; i < load->conns; i++) {
        open_and_greet(load, &loop.conns[i]);
        watch(&loop, &loop.conns[i]);
    }
    run(&loop, send_again);
}

static void connect_again(struct loop *loop, struct conn *conn)
{
    if (conn->ssl != NULL) {
        if ((SSL_session_reused(conn->ssl) != 0) != loop->resumes) {
            errno = EPROTO;
            die(loop->resumes ? "a session is not resumed" : "a session is resumed");
        }
        close_conn(conn);
    }
    open_conn(loop->load, conn, loop->resumes);
    watch(loop, conn);
    loop->begun++;
}

static void storm(struct load *load, bool resumes)
{
    struct loop loop = loop_new(load);
    loop.resumes = resumes;
    run(&loop, connect_again);
}

void load_tls_full(struct load *load)
{
    context_new();
    storm(load, false);
}

void load_tls_resumed(struct load *load)
{
    struct load first = *load;
    first.n = load->conns; /* each leaves a session */
    context_new();
    storm(&first, false);
    storm(load, true);
}

/* ---- bulk ---- */

/* Writes or reads a piece. Returns how many bytes. */
static int64_t moved(const struct conn *conn, int r, const char *what)
{
    return is_done(conn, r, what) ? r : 0;
}

void load_tls_bulk(struct load *load)
{
    static char piece[PIECE];
    struct conn conn;
    int64_t total = load->n << 20, sent = 0, received = 0;
    context_new();
    open_and_greet(load, &conn);
    int64_t cpu_from_ns = server_cpu_ns(load);
    while (received < total) {
        int64_t before = sent + received;
        if (sent < total) {
            int size = total - sent < PIECE ? (int)(total - sent) : PIECE;
            sent += moved(&conn, SSL_write(conn.ssl, piece, size), "SSL_write");
        }
        received += moved(&conn, SSL_read(conn.ssl, piece, PIECE), "SSL_read");
        if (sent + received == before)
            wait_for(&conn, sent < total);
    }
    load->figure = (double)(server_cpu_ns(load) - cpu_from_ns) / 1e3 / (double)load->n;
}
