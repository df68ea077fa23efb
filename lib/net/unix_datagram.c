/*
 * lib/net/unix_datagram.c: Unix sockets for datagrams: making them, and their names.
 * message_leaf.c sends and receives.
 */
#include "lib/runtime.h"

#include "lib/net/address.h"
#include "lib/net/message.h"
#include "lib/net/unix_place.h"

enum { TYPE = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

/* The socket is its own from now on, or stays the caller's after an error. */
static int make(int fd, bide_unix_datagram **datagram)
{
    bide_unix_datagram *d = bide__alloc(sizeof *d);
    if (d == NULL)
        return -ENOMEM;
    *d = (bide_unix_datagram){.messages.fd = fd};
    int r = bide__fd_open(&d->messages.registration, fd);
    if (r < 0) {
        bide__free(d, sizeof *d);
        return r;
    }
    *datagram = d;
    return 0;
}

/* Bound last: then nothing can fail once there is a file. */
int bide_unix_datagram_bind(const char *name, const bide_unix_options *options,
                            bide_unix_datagram **datagram)
{
    *datagram = NULL;
    int fd = bide__door.socket(AF_UNIX, TYPE, 0);
    if (fd < 0)
        return fd;
    int r = make(fd, datagram);
    if (r < 0) {
        bide__door.close(fd);
        return r;
    }
    if (name != NULL)
        r = bide__unix_bind(fd, name, options, &(*datagram)->place);
    if (r < 0) {
        bide_unix_datagram_close(*datagram);
        *datagram = NULL;
    }
    return r;
}

/* It has no place: whoever made the file removes it. */
int bide_unix_datagram_from_fd(int fd, bide_unix_datagram **datagram)
{
    int domain = 0, type = 0;
    socklen_t size = sizeof domain, type_size = sizeof type;

    *datagram = NULL;
    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (r == 0)
        r = bide__door.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
    if (r < 0)
        return r;
    if (domain != AF_UNIX)
        return -EAFNOSUPPORT;
    return type == SOCK_DGRAM ? make(fd, datagram) : -EPROTOTYPE;
}

int bide_unix_datagram_pair(bide_unix_datagram **one, bide_unix_datagram **other)
{
    int fds[2];
    *one = *other = NULL;
    int r = bide__door.socketpair(AF_UNIX, TYPE, 0, fds);
    if (r < 0)
        return r;
    r = make(fds[0], one);
    if (r < 0)
        bide__door.close(fds[0]);
    else
        r = make(fds[1], other);
    if (r == 0)
        return 0;
    bide__door.close(fds[1]);
    bide_unix_datagram_close(*one);
    *one = NULL;
    return r;
}

int bide_unix_datagram_connect(bide_unix_datagram *datagram, const char *name)
{
    bide_address address;
    if (name == NULL) {
        memset(&address, 0, sizeof address);
        bide__to_of(&address)->any.sa_family = AF_UNSPEC;
        address.size = sizeof(struct sockaddr);
    } else {
        int r = bide_address_of_path(name, &address);
        if (r < 0)
            return r;
    }
    return bide__door.connect(bide_unix_datagram_fd(datagram), &bide__to_of(&address)->any,
                              address.size);
}

void bide_unix_datagram_close(bide_unix_datagram *datagram)
{
    if (datagram == NULL)
        return;
    bide__unix_remove(datagram->place);
    bide__fd_close(datagram->messages.registration);
    bide__door.close(datagram->messages.fd);
    bide__free(datagram, sizeof *datagram);
}

int bide_unix_datagram_fd(const bide_unix_datagram *datagram)
{
    return datagram->messages.fd;
}

int bide_unix_datagram_local_address(const bide_unix_datagram *datagram, bide_address *address)
{
    return bide__address_of_fd(bide_unix_datagram_fd(datagram), bide__door.getsockname, address);
}

int bide_unix_datagram_peer_address(const bide_unix_datagram *datagram, bide_address *address)
{
    return bide__address_of_fd(bide_unix_datagram_fd(datagram), bide__door.getpeername, address);
}
