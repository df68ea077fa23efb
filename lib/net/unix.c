/*
 * lib/net/unix.c: Unix connections: listening, connecting, pairs, and who the peer is. The listener
 * is TCP's, with a file; message_leaf.c passes descriptors.
 */
#include "lib/async.h"

#include <limits.h>
#include <bide/shutdown.h>
#include <bide/time.h>
#include <bide/unix.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"
#include "lib/net/listen.h"
#include "lib/net/unix_place.h"

enum {
    BACKLOG = 1024,
    PAUSE_FIRST_MS = 1,
    PAUSE_MAX_MS = 100,
    TYPE = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
};

struct bide_unix_listener {
    bide_tcp_listener *base;
    struct bide__unix_place *place;
};

/* ---- listening ---- */

static int listen_at(int fd, const char *name, const bide_unix_options *options,
                     bide_unix_listener *l)
{
    int r = bide__unix_bind(fd, name, options, &l->place);
    if (r < 0)
        return r;
    uint32_t backlog = options != NULL && options->backlog > 0 ? options->backlog : BACKLOG;
    r = bide__door.listen(fd, backlog < INT_MAX ? (int)backlog : INT_MAX);
    if (r == 0)
        r = bide__listener_of_unix(fd, BIDE__LISTENER_MADE, &l->base);
    if (r == 0)
        return 0;
    if (options != NULL && options->keep && name[0] != '@')
        bide__door.unlink(name);
    bide__unix_remove(l->place);
    return r;
}

int bide_unix_listen(const char *name, const bide_unix_options *options,
                     bide_unix_listener **listener)
{
    *listener = NULL;
    bide_unix_listener *l = bide__alloc(sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    int fd = bide__door.socket(AF_UNIX, TYPE, 0);
    int r = fd < 0 ? fd : listen_at(fd, name, options, l);
    if (r == 0) {
        *listener = l;
        return 0;
    }
    if (fd >= 0)
        bide__door.close(fd);
    bide__free(l, sizeof *l);
    return r;
}

static int check_listener(int fd)
{
    int domain = 0, type = 0, origin = bide__listener_origin_of(fd);
    socklen_t size = sizeof domain, type_size = sizeof type;

    if (origin < 0 && origin != -EINVAL)
        return origin;
    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (r == 0)
        r = bide__door.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (r < 0)
        return r;
    return domain != AF_UNIX ? -EAFNOSUPPORT : type != SOCK_STREAM ? -EPROTOTYPE : origin;
}

/* It has no place: whoever made the file removes it. */
int bide_unix_listener_from_fd(int fd, bide_unix_listener **listener)
{
    *listener = NULL;
    int origin = check_listener(fd);
    if (origin < 0)
        return origin;
    bide_unix_listener *l = bide__alloc(sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    *l = (bide_unix_listener){.base = NULL};
    int r = bide__listener_of_unix(fd, (enum bide__listener_origin)origin, &l->base);
    if (r < 0) {
        bide__free(l, sizeof *l);
        return r;
    }
    *listener = l;
    return 0;
}

/* The listener may be closed meanwhile; what accepts holds on to its base. */
bide_async int bide_unix_accept(bide_unix_listener *listener, bide_stream **stream)
{
    *stream = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_unix_accept");
    return bide_await bide_tcp_accept(listener->base, stream);
}

/* The file goes first: who finds it can still connect. */
void bide_unix_listener_close(bide_unix_listener *listener)
{
    if (listener == NULL)
        return;
    bide__unix_remove(listener->place);
    bide_tcp_listener_close(listener->base);
    bide__free(listener, sizeof *listener);
}

void bide_shutdown_add_unix(bide_shutdown *shutdown, bide_unix_listener *listener)
{
    bide_shutdown_add_tcp(shutdown, listener->base);
}

int bide_unix_listener_fd(const bide_unix_listener *listener)
{
    return bide_tcp_listener_fd(listener->base);
}

/* ---- connecting ---- */

/* A Unix connection is made at once, unless the listener's queue is full; and nobody tells when it
 * is no longer. */
bide_async int bide_unix_connect(const char *name, bide_stream **stream)
{
    bide_address address;
    int fd = -1, pause_ms = PAUSE_FIRST_MS;
    bide_defer {
        if (fd >= 0)
            bide__door.close(fd);
    }
    *stream = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_unix_connect");
    int r = bide_address_of_path(name, &address);
    if (r < 0)
        return r;
    bide_await bide__turn();
    r = fd = bide__door.socket(AF_UNIX, TYPE, 0);
    if (r < 0)
        return r;
    while ((r = bide__door.connect(fd, &bide__to_of(&address)->any, address.size)) == -EAGAIN ||
           r == -EINTR) {
        bide_await bide_sleep(BIDE_MS(pause_ms));
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
    }
    if (r == 0)
        r = bide__fd_stream_new(fd, BIDE__STREAM_SOCKET, stream);
    if (r == 0)
        fd = -1;
    return r;
}

int bide_unix_pair(bide_stream **one, bide_stream **other)
{
    int fds[2];
    *one = *other = NULL;
    int r = bide__door.socketpair(AF_UNIX, TYPE, 0, fds);
    if (r < 0)
        return r;
    r = bide__fd_stream_new(fds[0], BIDE__STREAM_SOCKET, one);
    if (r < 0)
        bide__door.close(fds[0]);
    else
        r = bide__fd_stream_new(fds[1], BIDE__STREAM_SOCKET, other);
    if (r == 0)
        return 0;
    bide__door.close(fds[1]);
    bide_stream_close(*one);
    *one = NULL;
    return r;
}

/* ---- who it is ---- */

int bide_unix_peer_of(const bide_stream *stream, bide_unix_peer *peer)
{
    struct ucred who;
    int domain = 0;
    socklen_t size = sizeof domain, who_size = sizeof who;
    int fd = bide__stream_fd(stream);

    *peer = (bide_unix_peer){-1, (uid_t)-1, (gid_t)-1};
    if (fd < 0)
        return -ENOTSOCK;
    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (r == 0 && domain != AF_UNIX)
        r = -EAFNOSUPPORT;
    if (r == 0)
        r = bide__door.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_size);
    if (r == 0)
        *peer = (bide_unix_peer){who.pid, who.uid, who.gid};
    return r;
}

int bide_unix_local_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide__stream_fd(stream), bide__door.getsockname, address);
}

int bide_unix_peer_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide__stream_fd(stream), bide__door.getpeername, address);
}
