/*
 * sockets.c: the epoll set of a client, and which descriptors are in it. curl often says twice that
 * it is done with a socket; the set is asked once.
 *
 * libcurl 7.88 closes a socket that is not yet connected, and says only then that it is done with
 * it. The kernel has taken it out of the set, and its number may be somebody else's. So a socket
 * that is not yet connected when it comes into the set is known by its cookie (SO_COOKIE,
 * socket(7)).
 */
#include "internal.h"

enum { SURELY = 1 }; /* in the place of a cookie */

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    int n = bide__door.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size);
    return n == 0 ? cookie : SURELY;
}

/* Makes room for the cookie of a descriptor. */
static int have_room(bide_http_client *client, int fd)
{
    size_t size = (size_t)fd + 1, old = client->in_set_size;
    if (size <= old)
        return 0;
    if (size < 2 * old)
        size = 2 * old;
    uint64_t *larger = bide__alloc(size * sizeof *larger);
    if (larger == NULL)
        return -ENOMEM;
    memset(larger, 0, size * sizeof *larger);
    if (old > 0)
        memcpy(larger, client->in_set, old * sizeof *larger);
    bide__free(client->in_set, old * sizeof *larger);
    client->in_set = larger;
    client->in_set_size = size;
    return 0;
}

static void forget(bide_http_client *client, int fd)
{
    client->in_set[fd] = 0;
    client->sockets--;
}

int bide__http_socket_watch(bide_http_client *client, int fd, uint32_t events, bool is_new)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    int n = have_room(client, fd);
    if (n < 0)
        return n;
    if (client->in_set[fd] != 0) {
        n = bide__door.epoll_ctl(client->set_fd, EPOLL_CTL_MOD, fd, &event);
        if (n != -ENOENT)
            return n;
        forget(client, fd); /* it was another one, which is closed */
    }
    n = bide__door.epoll_ctl(client->set_fd, EPOLL_CTL_ADD, fd, &event);
    if (n == -EEXIST) /* it could not be taken out */
        n = bide__door.epoll_ctl(client->set_fd, EPOLL_CTL_MOD, fd, &event);
    if (n < 0)
        return n;
    client->in_set[fd] = is_new ? cookie_of(fd) : SURELY;
    client->sockets++;
    return 0;
}

void bide__http_socket_leave(bide_http_client *client, int fd)
{
    struct epoll_event event = {0};
    uint64_t cookie = (size_t)fd < client->in_set_size ? client->in_set[fd] : 0;
    if (cookie == 0)
        return;
    if (cookie == SURELY || cookie_of(fd) == cookie)
        bide__door.epoll_ctl(client->set_fd, EPOLL_CTL_DEL, fd, &event);
    forget(client, fd);
}

void bide__http_sockets_free(bide_http_client *client)
{
    bide__free(client->in_set, client->in_set_size * sizeof *client->in_set);
    client->in_set = NULL;
    client->in_set_size = 0;
}
