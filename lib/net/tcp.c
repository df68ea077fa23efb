/*
 * lib/net/tcp.c: what only TCP connections have: their addresses, and their end by a reset. Reading
 * and writing are in lib/io, options in option.c.
 */
#include "lib/async.h"

#include <bide/net.h>

#include "lib/io/stream.h"
#include "lib/net/address.h"

int bide_tcp_local_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide__stream_fd(stream), bide__door.getsockname, address);
}

int bide_tcp_peer_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide__stream_fd(stream), bide__door.getpeername, address);
}

int bide_tcp_local(const bide_stream *stream, char *text, size_t size)
{
    bide_address address;
    int r = bide_tcp_local_address(stream, &address);
    return r < 0 ? r : bide_address_text(&address, text, size);
}

int bide_tcp_peer(const bide_stream *stream, char *text, size_t size)
{
    bide_address address;
    int r = bide_tcp_peer_address(stream, &address);
    return r < 0 ? r : bide_address_text(&address, text, size);
}

/* connect(2) to no address sends the reset at once, also while another half is open, and ends what
 * waits there. Before the close, since that would end what the peer reads in the ordinary way. */
void bide_tcp_abort(bide_stream *stream)
{
    static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    if (stream == NULL)
        return;
    int fd = bide__stream_fd(stream);
    if (fd >= 0 && bide__door.connect(fd, &nowhere, sizeof nowhere) < 0) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        (void)bide__door.setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    bide_stream_close(stream);
}

/* A stream that was accepted is not lost: nothing is awaited before it is the caller's. */
bide_async int bide_tcp_accept_from(bide_tcp_listener *listener, bide_address *peer,
                                    bide_stream **stream)
{
    for (;;) {
        *peer = (bide_address)BIDE_ADDRESS_INIT;
        int r = bide_await bide_tcp_accept(listener, stream);
        if (r < 0 || bide_tcp_peer_address(*stream, peer) == 0)
            return r;
        bide_stream_close(*stream);
        *stream = NULL;
    }
}
