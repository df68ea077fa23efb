/*
 * bench/http/peers/epoll.c: the floor: a loop on epoll that does nothing but the calls. It takes
 * each request for one that came in one piece, knows the paths by one letter, and has its answers
 * ready, with as many headers as those of the others.
 *
 *   epoll plain|tls|ws
 *
 * ws answers every handshake with the key of RFC 6455, section 1.3, and sends back messages of less
 * than 126 bytes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answers.h"

enum { EVENTS_MAX = 256, PIECE = 65536, NOT_BUILT = 77 };

struct conn {
    int fd;
    SSL *ssl;
    bool is_upgraded;
};

static int ep;
static char in[PIECE], out[PIECE];

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void watch(int fd, void *tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    check(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void accept_all(int listener, SSL_CTX *context)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = calloc(1, sizeof *conn);
        check(conn != NULL, "calloc");
        conn->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (context != NULL) {
            conn->ssl = SSL_new(context);
            check(conn->ssl != NULL && SSL_set_fd(conn->ssl, fd), "SSL_new");
            SSL_set_accept_state(conn->ssl);
        }
        watch(fd, conn);
    }
}

static void end(struct conn *conn)
{
    if (conn->ssl != NULL)
        SSL_free(conn->ssl);
    ERR_clear_error();
    close(conn->fd);
    free(conn);
}

/* The size of the message that goes back, in `out`. */
static size_t echo_messages(size_t size)
{
    size_t done = 0, sent = 0;
    while (done < size) {
        size_t n = in[done + 1] & 0x7f;
        const char *mask = in + done + 2, *from = mask + 4;
        out[sent] = in[done];
        out[sent + 1] = (char)n;
        for (size_t i = 0; i < n; i++)
            out[sent + 2 + i] = from[i] ^ mask[i % 4];
        done += 6 + n;
        sent += 2 + n;
    }
    return sent;
}

/* What is sent for what has been read; -1: nothing is known of it. */
static ssize_t answer(struct conn *conn, size_t size, const char **data)
{
    *data = out;
    if (conn->is_upgraded)
        return (ssize_t)echo_messages(size);
    if (in[5] == 'w') {
        conn->is_upgraded = true;
        *data = answer_upgrade;
        return (ssize_t)strlen(answer_upgrade);
    }
    return answers_to(in, size, data);
}

static bool serve(struct conn *conn)
{
    const char *data;
    for (;;) {
        ssize_t n = conn->ssl != NULL ? SSL_read(conn->ssl, in, sizeof in)
                                      : recv(conn->fd, in, sizeof in, 0);
        if (n <= 0)
            return conn->ssl != NULL ? SSL_get_error(conn->ssl, (int)n) == SSL_ERROR_WANT_READ
                                     : n < 0 && errno == EAGAIN;
        ssize_t size = answer(conn, (size_t)n, &data);
        if (size < 0)
            return false;
        ssize_t sent = conn->ssl != NULL ? SSL_write(conn->ssl, data, (int)size)
                                         : send(conn->fd, data, (size_t)size, MSG_NOSIGNAL);
        if (sent != size)
            return false;
        if (conn->ssl == NULL || !SSL_has_pending(conn->ssl))
            return true;
    }
}

static SSL_CTX *context_new(void)
{
    char path[2][512];
    const char *data = getenv("HTTP_DATA");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    snprintf(path[0], sizeof path[0], "%s/cert.pem", data != NULL ? data : ".");
    snprintf(path[1], sizeof path[1], "%s/key.pem", data != NULL ? data : ".");
    check(context != NULL && SSL_CTX_use_certificate_chain_file(context, path[0]) == 1 &&
              SSL_CTX_use_PrivateKey_file(context, path[1], SSL_FILETYPE_PEM) == 1,
          "the certificate");
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_http1, NULL);
    return context;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct epoll_event events[EVENTS_MAX];
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "plain") != 0 && strcmp(what, "tls") != 0 && strcmp(what, "ws") != 0)
        return NOT_BUILT;
    SSL_CTX *context = what[0] == 't' ? context_new() : NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 4096) == 0 &&
              getsockname(fd, (struct sockaddr *)&at, &size) == 0,
          "a socket");
    ep = epoll_create1(EPOLL_CLOEXEC);
    check(ep >= 0, "epoll_create1");
    watch(fd, NULL);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(ep, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (conn == NULL)
                accept_all(fd, context);
            else if (!serve(conn))
                end(conn);
        }
    }
}
