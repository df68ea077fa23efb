/*
 * lib/net/connect.c: connecting: find the addresses, try them in order.
 *
 * Deferred blocks release what is open during an await (the list of addresses, the stream whose
 * connection is not made yet), so a cancelled connect leaves nothing.
 */
#include "lib/async.h"

#include <bide/net.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"

/*
 * connect(2) is called again after each wait: it returns EALREADY while the connection is being
 * made, then 0 or EISCONN, or why it failed. This tolerates spurious readiness.
 */
static bide_async int finish_connect(bide_stream *stream, const bide_address *address)
{
    struct bide__fd *registration = bide__fd_stream_registration(stream);
    int fd = bide_stream_fd(stream);
    for (;;) {
        int r = bide_await bide__fd_wait(registration, BIDE__WRITE);
        if (r < 0)
            return r;
        uint32_t seen = bide__fd_seen(registration, BIDE__WRITE);
        r = bide__door.connect(fd, &address->to.any, address->size);
        if (r == 0 || r == -EISCONN)
            return 0;
        if (r != -EALREADY && r != -EINPROGRESS && r != -EINTR)
            return r;
        bide__fd_clear(registration, BIDE__WRITE, seen);
    }
}

static bide_async int connect_to(const bide_address *address, bide_stream **stream)
{
    bide_stream *s = NULL;
    bide_defer {
        bide_stream_close(s);
    }
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = bide__door.socket(address->to.any.sa_family, type, 0);
    if (fd < 0)
        return fd;
    int begun = bide__door.connect(fd, &address->to.any, address->size);
    bool pending = begun == -EINPROGRESS || begun == -EINTR;
    int r = begun == 0 || pending ? bide__fd_stream_new(fd, BIDE__STREAM_TCP, &s) : begun;
    if (r < 0) {
        bide__door.close(fd);
        return r;
    }
    if (pending)
        r = bide_await finish_connect(s, address);
    if (r == 0) {
        *stream = s;
        s = NULL;
    }
    return r;
}

static bide_async int connect_by_name(const char *host, uint16_t port, bide_stream **stream)
{
    struct addrinfo *list = NULL;
    bide_defer {
        bide__address_free(list);
    }
    int r = bide_await bide_blocking(bide__address_find(host, false, &list));
    if (r < 0)
        return r;
    r = -ENOENT;
    for (struct addrinfo *a = list; a != NULL && r < 0; a = a->ai_next) {
        bide_address address;
        bide__address_of(a->ai_addr, a->ai_addrlen, &address);
        if (bide_address_set_port(&address, port) == 0)
            r = bide_await connect_to(&address, stream);
    }
    return r;
}

bide_async int bide_tcp_connect(const char *host, uint16_t port, bide_stream **stream)
{
    *stream = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_tcp_connect");
    bide_address address;
    if (bide__address_of_host(host, port, &address) == 0)
        return bide_await connect_to(&address, stream);
    return bide_await connect_by_name(host, port, stream);
}
