/*
 * lib/net/tcp.c: what only TCP connections have. Reading and writing are in lib/io.
 */
#include "lib/net/address.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <bide/net.h>

int bide_tcp_local_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide_stream_fd(stream), bide__door.getsockname, address);
}

int bide_tcp_peer_address(const bide_stream *stream, bide_address *address)
{
    return bide__address_of_fd(bide_stream_fd(stream), bide__door.getpeername, address);
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

int bide_tcp_set_nodelay(bide_stream *stream, bool on)
{
    int value = on;
    int fd = bide_stream_fd(stream);
    if (fd < 0)
        return -ENOTSOCK;
    return bide__door.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}
