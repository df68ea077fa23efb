/*
 * lib/net/tcp.c: what only TCP connections have. Reading and writing are in lib/io.
 */
#include "lib/net/address.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <bide/net.h>

typedef int name_of(int fd, struct sockaddr *address, socklen_t *size);

static int text_of(const bide_stream *stream, name_of *name, char *text, size_t size)
{
    struct sockaddr_storage address;
    socklen_t address_size = sizeof address;
    int fd = bide_stream_fd(stream);
    if (fd < 0)
        return -ENOTSOCK;
    int r = name(fd, (struct sockaddr *)&address, &address_size);
    return r < 0 ? r : bide__address_text((struct sockaddr *)&address, text, size);
}

int bide_tcp_local(const bide_stream *stream, char *text, size_t size)
{
    return text_of(stream, bide__door.getsockname, text, size);
}

int bide_tcp_peer(const bide_stream *stream, char *text, size_t size)
{
    return text_of(stream, bide__door.getpeername, text, size);
}

int bide_tcp_set_nodelay(bide_stream *stream, bool on)
{
    int value = on;
    int fd = bide_stream_fd(stream);
    if (fd < 0)
        return -ENOTSOCK;
    return bide__door.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}
