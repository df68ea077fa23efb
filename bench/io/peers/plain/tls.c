/*
 * bench/io/peers/plain/tls.c: an echo server of TLS, on epoll. OpenSSL reads from the socket by
 * itself, and as much as there is.
 */
#define _GNU_SOURCE
#include "plain.h"

#include "run.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

struct conn {
    int fd;
    bool writes; /* it waits until it can write */
    SSL *ssl;
    int size; /* bytes that were read and have yet to be written */
    char buffer[];
};

static int ep;

static void watch(int op, int fd, uint32_t events, void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};
    run_expect(epoll_ctl(ep, op, fd, &event) == 0, "epoll_ctl");
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    run_expect(context != NULL, "SSL_CTX_new");
    run_expect(SSL_CTX_use_certificate_chain_file(context, data_path("cert.pem")) == 1 &&
                   SSL_CTX_use_PrivateKey_file(context, data_path("key.pem"), SSL_FILETYPE_PEM) ==
                       1,
               "the certificate");
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

static void accept_all(SSL_CTX *context, int listener, int buffer_size)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = calloc(1, sizeof *conn + (size_t)buffer_size);
        run_expect(conn != NULL, "calloc");
        conn->fd = fd;
        conn->ssl = SSL_new(context);
        run_expect(conn->ssl != NULL && SSL_set_fd(conn->ssl, fd), "SSL_new");
        SSL_set_accept_state(conn->ssl);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, conn);
    }
}

static void end(struct conn *conn)
{
    SSL_shutdown(conn->ssl);
    SSL_free(conn->ssl);
    ERR_clear_error();
    close(conn->fd);
    free(conn);
}

static bool would_wait(struct conn *conn, int r)
{
    int error = SSL_get_error(conn->ssl, r);
    bool writes = error == SSL_ERROR_WANT_WRITE;
    if (!writes && error != SSL_ERROR_WANT_READ)
        return false;
    if (writes != conn->writes)
        watch(EPOLL_CTL_MOD, conn->fd, writes ? EPOLLOUT : EPOLLIN, conn);
    conn->writes = writes;
    return true;
}

/* Sends back what it reads, until it has to wait. Returns false at the end of the connection. */
static bool echo(struct conn *conn, int buffer_size)
{
    for (;;) {
        if (conn->size == 0) {
            int n = SSL_read(conn->ssl, conn->buffer, buffer_size);
            if (n <= 0)
                return would_wait(conn, n);
            conn->size = n;
        }
        int n = SSL_write(conn->ssl, conn->buffer, conn->size);
        if (n <= 0)
            return would_wait(conn, n);
        conn->size -= n;
        memmove(conn->buffer, conn->buffer + n, (size_t)conn->size);
        if (conn->size == 0 && !conn->writes && !SSL_has_pending(conn->ssl))
            return true;
    }
}

void serve_tls(int listener, int buffer_size)
{
    struct epoll_event events[EVENTS_MAX];
    SSL_CTX *context = context_new();
    ep = epoll_create1(EPOLL_CLOEXEC);
    run_expect(ep >= 0 && fcntl(listener, F_SETFL, O_NONBLOCK) == 0, "epoll_create1");
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        int count = epoll_wait(ep, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (conn == NULL)
                accept_all(context, listener, buffer_size);
            else if (!echo(conn, buffer_size))
                end(conn);
        }
    }
}
