/*
 * lib/net/listen.c: listening and accepting.
 *
 * The driver may accept ahead: then connections wait in a queue of the registration, and an accept
 * takes one of them. Otherwise it waits until there is one, and calls accept4(2). The listener
 * keeps a connection that it has taken until its stream is made, so a lack of memory or a
 * cancellation in between does not lose it. One task accepts at a time. If the listener is closed
 * meanwhile, that task frees it, and does so at once: the close ends its pause, too. So does a
 * shutdown, on any thread: then accepts take what is there, and do not wait. What is there is known
 * only when the driver accepts ahead no more, so they wait for that.
 *
 * All that changes is under the listener's lock, also while a connection is accepted, which does
 * not block: the close may come from another thread. Before it the accepting task has noted the
 * generation of the registration, so that it does not wait for the next user of that.
 *
 * A listener that others have made may be blocking, and stays so, since the flag is that of all who
 * share the open file. io_uring accepts without blocking all the same, one connection at a time and
 * only while somebody waits for it, for the others may want the next one. Without io_uring,
 * poll(2) is asked right before accept4(2), which has no flag for a call that does not wait.
 */
#include "lib/async.h"

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>

#include <bide/net.h>
#include <bide/shutdown.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"
#include "lib/net/listen.h"
#include "lib/net/option.h"
#include "lib/net/pause.h"
#include "lib/sync/wait.h"

enum { BACKLOG = 1024, PAUSE_FIRST_MS = 5, PAUSE_MAX_MS = 1000 };

struct bide_tcp_listener {
    struct bide__fd *registration;
    uint32_t lock;
    int fd;       /* -1: closed */
    int accepted; /* a connection without a stream; -1: none */
    bool accepting;
    bool is_closed; /* and the close will not touch it again */
    bool lingers;   /* connections may have a linger time from it */
    bool is_unix;
    bool blocks;
    bool is_shared; /* perhaps: what waits to be accepted may be for another process */
    bool is_stopped;
    unsigned last;               /* once it is stopped: connections that are still accepted */
    struct bide__pause pause;    /* between two attempts to accept, and while it waits */
    struct bide__accepted queue; /* of the registration */
    bide_shutdown_hook hook;
};

bide_async int bide__pause_wait(struct bide__pause *pause, bide_duration duration);
bide_async int bide__pause_fd_wait(struct bide__pause *pause, struct bide__fd *fd,
                                   uint32_t generation);
bide_async void bide__fd_look_again(unsigned n);

/* ---- making one ---- */

int bide__listener_bind(int fd, const bide_address *address)
{
    unsigned n = 0;
    int r;
    do
        r = bide__door.bind(fd, &bide__to_of(address)->any, address->size);
    while (r == -EADDRINUSE && bide__fd_retry_bind(n++));
    return r;
}

static int bind_and_listen(int fd, const bide_address *address, const bide_tcp_options *options)
{
    int r = bide__tcp_option_switch(fd, SOL_SOCKET, SO_REUSEADDR, true);
    if (r == 0 && bide__to_of(address)->any.sa_family == AF_INET6)
        r = bide__tcp_option_switch(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    if (r == 0)
        r = bide__tcp_options_set(fd, bide__to_of(address)->any.sa_family, options);
    if (r == 0)
        r = bide__listener_bind(fd, address);
    if (r < 0)
        return r;
    uint32_t backlog = options->backlog > 0 ? options->backlog : BACKLOG;
    return bide__door.listen(fd, backlog < INT_MAX ? (int)backlog : INT_MAX);
}

int bide__listener_new(int fd, enum bide__listener_origin origin, bide_tcp_listener **listener)
{
    static const unsigned how[] = {
        [BIDE__LISTENER_MADE] = BIDE__FD_OWNED | BIDE__FD_NEW | BIDE__FD_ACCEPTS,
        [BIDE__LISTENER_GIVEN] = BIDE__FD_OWNED,
        [BIDE__LISTENER_BLOCKS] = BIDE__FD_OWNED | BIDE__FD_ACCEPTS | BIDE__FD_SHARED,
    };
    bide_tcp_listener *l = bide__alloc(sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    *l = (bide_tcp_listener){.fd = fd,
                             .accepted = -1,
                             .lingers = origin != BIDE__LISTENER_MADE,
                             .blocks = origin == BIDE__LISTENER_BLOCKS,
                             .is_shared = origin != BIDE__LISTENER_MADE,
                             .last = BACKLOG};
    int r = bide__fd_open_as(&l->registration, fd, how[origin]);
    if (r < 0) {
        bide__free(l, sizeof *l);
        return r;
    }
    if (origin != BIDE__LISTENER_GIVEN)
        bide__fd_accepts(l->registration, &l->queue);
    *listener = l;
    return 0;
}

int bide__listener_of_unix(int fd, enum bide__listener_origin origin, bide_tcp_listener **listener)
{
    int r = bide__listener_new(fd, origin, listener);
    if (r == 0)
        (*listener)->is_unix = true;
    return r;
}

int bide_tcp_listen_on(const bide_address *address, const bide_tcp_options *options,
                       bide_tcp_listener **listener)
{
    static const bide_tcp_options none;

    if (options == NULL)
        options = &none;
    *listener = NULL;
    if (bide_address_port(address) < 0)
        return -EAFNOSUPPORT;
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = bide__door.socket(bide__to_of(address)->any.sa_family, type, 0);
    if (fd < 0)
        return fd;
    int r = bind_and_listen(fd, address, options);
    if (r == 0)
        r = bide__listener_new(fd, BIDE__LISTENER_MADE, listener);
    if (r == 0)
        (*listener)->lingers = options->linger.ns > 0;
    else
        bide__door.close(fd);
    return r;
}

/* On all addresses: IPv6 takes those of IPv4 too, if it is there. */
static int listen_everywhere(uint16_t port, const bide_tcp_options *options,
                             bide_tcp_listener **listener)
{
    bide_address address;
    bide__address_of_any(AF_INET6, port, &address);
    int r = bide_tcp_listen_on(&address, options, listener);
    if (r != -EAFNOSUPPORT && r != -EADDRNOTAVAIL)
        return r;
    bide__address_of_any(AF_INET, port, &address);
    return bide_tcp_listen_on(&address, options, listener);
}

int bide_tcp_listen_with(const char *host, uint16_t port, const bide_tcp_options *options,
                         bide_tcp_listener **listener)
{
    bide_address address;

    *listener = NULL;
    if (host == NULL)
        return listen_everywhere(port, options, listener);
    int r = bide__address_of_host(host, port, &address);
    return r < 0 ? r : bide_tcp_listen_on(&address, options, listener);
}

int bide_tcp_listen(const char *host, uint16_t port, bide_tcp_listener **listener)
{
    return bide_tcp_listen_with(host, port, NULL, listener);
}

int bide__listener_origin_of(int fd)
{
    int listens = 0;
    socklen_t size = sizeof listens;

    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    int flags = r < 0 ? r : bide__door.fcntl(fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    if (!listens)
        return -EINVAL;
    return flags & O_NONBLOCK ? BIDE__LISTENER_GIVEN : BIDE__LISTENER_BLOCKS;
}

int bide_tcp_listener_from_fd(int fd, bide_tcp_listener **listener)
{
    bide_address address;

    *listener = NULL;
    int origin = bide__listener_origin_of(fd);
    int r = origin < 0 && origin != -EINVAL
                ? origin
                : bide__address_of_fd(fd, bide__door.getsockname, &address);
    if (r < 0)
        return r;
    if (bide_address_port(&address) < 0)
        return -EAFNOSUPPORT;
    if (origin < 0)
        return origin;
    return bide__listener_new(fd, (enum bide__listener_origin)origin, listener);
}

void bide_tcp_listener_close(bide_tcp_listener *listener)
{
    if (listener == NULL)
        return;
    bide_shutdown_hook_remove(&listener->hook);
    lock_take(&listener->lock);
    listener->fd = -1;
    if (listener->accepted >= 0)
        bide__fd_reset(listener->accepted);
    listener->accepted = -1;
    bide__pause_end(&listener->pause);
    lock_give(&listener->lock);
    bide__fd_close(listener->registration); /* it may look at the driver */
    lock_take(&listener->lock);
    listener->is_closed = true;
    bool last = !listener->accepting;
    lock_give(&listener->lock);
    if (last)
        bide__free(listener, sizeof *listener);
}

int bide_tcp_listener_address(const bide_tcp_listener *listener, bide_address *address)
{
    return bide__address_of_fd(listener->fd, bide__door.getsockname, address);
}

int bide_tcp_port(const bide_tcp_listener *listener)
{
    bide_address address;
    int r = bide_tcp_listener_address(listener, &address);
    return r < 0 ? r : bide_address_port(&address);
}

/* Whoever gets to know the number may set its linger time. */
int bide_tcp_listener_fd(const bide_tcp_listener *listener)
{
    bide_tcp_listener *l = (bide_tcp_listener *)(uintptr_t)listener;
    lock_take(&l->lock);
    int fd = l->fd;
    l->lingers = true;
    lock_give(&l->lock);
    return fd;
}

/* ---- stopping ---- */

static void stop(void *listener)
{
    bide_tcp_listener *l = listener;

    lock_take(&l->lock);
    l->is_stopped = true;
    bide__pause_end(&l->pause);
    lock_give(&l->lock);
}

void bide_shutdown_add_tcp(bide_shutdown *shutdown, bide_tcp_listener *listener)
{
    listener->hook = (bide_shutdown_hook){.run = stop, .argument = listener};
    bide_shutdown_add_hook(shutdown, &listener->hook);
}

/* ---- accepting ---- */

/* What the accepting task knows of the listener. */
struct accepting {
    uint32_t generation; /* of the registration */
    bool has_one;        /* a connection without a stream */
    bool is_stopped;
};

static int begin_accept(bide_tcp_listener *l, struct accepting *a)
{
    lock_take(&l->lock);
    bool busy = l->accepting;
    l->accepting = true;
    *a = (struct accepting){l->registration->generation, l->accepted >= 0, l->is_stopped};
    lock_give(&l->lock);
    return busy ? -EBUSY : 0;
}

static void end_accept(bide_tcp_listener *l)
{
    lock_take(&l->lock);
    l->accepting = false;
    bool last = l->is_closed;
    lock_give(&l->lock);
    if (last)
        bide__free(l, sizeof *l);
}

/* 0; -EAGAIN: nobody waits to be accepted now; or another error. */
static int has_one(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    int r = bide__door.poll(&look, 1, 0);
    return r > 0 ? 0 : r == 0 ? -EAGAIN : r;
}

static int accept_one(bide_tcp_listener *l)
{
    uint32_t seen = bide__fd_seen(l->registration, BIDE__READ);
    int r = l->blocks ? has_one(l->fd) : 0;
    if (r == 0)
        r = bide__door.accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (r == -EAGAIN)
        bide__fd_clear(l->registration, BIDE__READ, seen);
    return r;
}

/* With the lock: takes a connection and makes its stream. Returns 0, -EAGAIN if there is none, or
 * another error. */
static int take_connection(bide_tcp_listener *l, bide_stream **stream)
{
    if (l->accepted < 0) {
        int r = bide__fd_take_accepted(l->registration);
        if (r == -ENOSYS)
            r = accept_one(l);
        if (r < 0)
            return r;
        l->accepted = r;
    }
    int r = bide__fd_stream_new(l->accepted, l->is_unix ? BIDE__STREAM_SOCKET : BIDE__STREAM_TCP,
                                stream);
    if (r == 0) {
        l->accepted = -1;
        if (l->lingers && !l->is_unix)
            bide__fd_may_linger(bide__fd_stream_registration(*stream));
    }
    return r;
}

/* True for a shortage, which passes when something else is closed or freed. */
static bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM ||
           error == -ENOSPC;
}

/* The same once the listener is stopped: takes what is there already; -EINPROGRESS: there may be
 * more soon. Of what is shared that is only what the driver has accepted. */
static int take_last(bide_tcp_listener *l, bide_stream **stream)
{
    if (l->accepted < 0) {
        bool ends = bide__fd_end_accepts(l->registration);
        if (l->last == 0)
            return -ESHUTDOWN;
        int r = bide__fd_take_accepted(l->registration);
        if (r < 0 && ends)
            return -EINPROGRESS;
        if (r < 0 && l->is_shared)
            return -ESHUTDOWN;
        l->accepted = r >= 0 ? r : -1;
    }
    if (l->last > 0)
        l->last--;
    int r = take_connection(l, stream);
    return r == -EAGAIN || is_shortage(r) ? -ESHUTDOWN : r;
}

/* The same, after a wait that ended with `waited`; -EBADF if the listener was closed meanwhile. */
static int try_accept(bide_tcp_listener *l, struct accepting *a, int waited, bide_stream **stream)
{
    lock_take(&l->lock);
    int r = l->fd < 0 ? -EBADF : waited;
    if (r == 0)
        r = l->is_stopped ? take_last(l, stream) : take_connection(l, stream);
    a->has_one = l->accepted >= 0;
    a->is_stopped = l->is_stopped;
    lock_give(&l->lock);
    return r;
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
    struct accepting a;
    refusal = begin_accept(listener, &a);
    if (refusal < 0)
        return refusal;
    bide_defer {
        end_accept(listener);
    }
    for (unsigned looks = 0;;) {
        int r = 0;
        if (a.is_stopped)
            bide_await bide__turn();
        else if (!a.has_one)
            r = bide_await bide__pause_fd_wait(&listener->pause, listener->registration,
                                               a.generation);
        r = try_accept(listener, &a, r, stream);
        if (is_shortage(r)) {
            r = bide_await bide__pause_wait(&listener->pause, BIDE_MS(pause_ms));
            if (r < 0)
                return r;
            pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
        } else if (r == -EINPROGRESS) {
            bide_await bide__fd_look_again(looks++);
        } else if (r != -EAGAIN && !is_passing(r)) {
            return r;
        }
    }
}
