/*
 * lib/net/listen.c: listening and accepting.
 *
 * The listener keeps a connection that the kernel has handed out until its stream is made, so a
 * lack of memory or a cancellation in between does not lose it. One task accepts at a time. If the
 * listener is closed meanwhile, that task frees it, and does so at once: the close ends its pause,
 * too.
 */
#include "lib/async.h"

#include <netinet/in.h>

#include <bide/net.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"
#include "lib/net/pause.h"

enum { BACKLOG = 1024, PAUSE_FIRST_MS = 5, PAUSE_MAX_MS = 1000 };

struct bide_tcp_listener {
    struct bide__fd *registration;
    int fd;       /* -1: closed */
    int accepted; /* a connection without a stream; -1: none */
    bool accepting;
    struct bide__pause pause; /* between two attempts to accept */
};

bide_async int bide__pause_wait(struct bide__pause *pause, bide_duration duration);

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t size)
{
    int yes = 1, no = 0;
    int r = bide__door.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (r == 0 && address->sa_family == AF_INET6)
        r = bide__door.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (r == 0)
        r = bide__door.bind(fd, address, size);
    return r < 0 ? r : bide__door.listen(fd, BACKLOG);
}

static int listen_on(const char *host, uint16_t port, bide_tcp_listener *l)
{
    struct addrinfo *list;
    int r = bide__address_find(host, true, &list);
    if (r < 0)
        return r == -ENOENT ? -EINVAL : r;
    bide__address_set_port(list->ai_addr, port);
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = r = bide__door.socket(list->ai_family, type, 0);
    if (r >= 0)
        r = bind_and_listen(fd, list->ai_addr, list->ai_addrlen);
    if (r >= 0)
        r = bide__fd_open(&l->registration, fd);
    bide__address_free(list);
    if (r >= 0)
        l->fd = fd;
    else if (fd >= 0)
        bide__door.close(fd);
    return r;
}

int bide_tcp_listen(const char *host, uint16_t port, bide_tcp_listener **listener)
{
    *listener = NULL;
    bide_tcp_listener *l = bide__alloc(sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    *l = (bide_tcp_listener){.fd = -1, .accepted = -1};
    int r = listen_on(host != NULL ? host : "::", port, l);
    if (host == NULL && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL))
        r = listen_on("0.0.0.0", port, l);
    if (r < 0) {
        bide__free(l, sizeof *l);
        return r;
    }
    *listener = l;
    return 0;
}

void bide_tcp_listener_close(bide_tcp_listener *listener)
{
    if (listener == NULL)
        return;
    bide__fd_close(listener->registration);
    bide__door.close(listener->fd);
    listener->fd = -1;
    if (listener->accepted >= 0)
        bide__door.close(listener->accepted);
    listener->accepted = -1;
    bide__pause_end(&listener->pause);
    if (!listener->accepting)
        bide__free(listener, sizeof *listener);
}

int bide_tcp_port(const bide_tcp_listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int r = bide__door.getsockname(listener->fd, (struct sockaddr *)&address, &size);
    return r < 0 ? r : bide__address_port((struct sockaddr *)&address);
}

static void end_accept(bide_tcp_listener *l)
{
    l->accepting = false;
    if (l->fd < 0)
        bide__free(l, sizeof *l);
}

/* Takes a connection and makes its stream. Returns 0, -EAGAIN if there is none, or another
 * error. */
static int try_accept(bide_tcp_listener *l, bide_stream **stream)
{
    if (l->accepted < 0) {
        int r = bide__door.accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (r < 0)
            return r;
        l->accepted = r;
    }
    int r = bide__fd_stream_new(l->accepted, true, stream);
    if (r == 0)
        l->accepted = -1;
    return r;
}

/* True for a shortage, which passes when something else is closed or freed. */
static bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM ||
           error == -ENOSPC;
}

/* True for an error of one connection, which is gone; see accept(2). */
static bool is_passing(int error)
{
    switch (error) {
    case -EINTR:
    case -ECONNABORTED:
    case -EPROTO:
    case -EPERM:
    case -ENETDOWN:
    case -ENOPROTOOPT:
    case -EHOSTDOWN:
    case -ENONET:
    case -EHOSTUNREACH:
    case -EOPNOTSUPP:
    case -ENETUNREACH: return true;
    default: return false;
    }
}

bide_async int bide_tcp_accept(bide_tcp_listener *listener, bide_stream **stream)
{
    int pause_ms = PAUSE_FIRST_MS;
    *stream = NULL;
    int refusal = bide__fd_refusal(listener->registration, "bide_tcp_accept");
    if (refusal < 0)
        return refusal;
    if (listener->accepting)
        return -EBUSY;
    listener->accepting = true;
    bide_defer {
        end_accept(listener);
    }
    for (;;) {
        int r = 0;
        if (listener->accepted < 0)
            r = bide_await bide__fd_wait(listener->registration, BIDE__READ);
        if (listener->fd < 0)
            return -EBADF;
        if (r == 0)
            r = try_accept(listener, stream);
        if (r == -EAGAIN) {
            bide__fd_clear(listener->registration, BIDE__READ);
        } else if (is_shortage(r)) {
            r = bide_await bide__pause_wait(&listener->pause, BIDE_MS(pause_ms));
            if (r < 0)
                return r;
            pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
        } else if (!is_passing(r)) {
            return r;
        }
        if (listener->fd < 0)
            return -EBADF;
    }
}
