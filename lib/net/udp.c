/*
 * lib/net/udp.c: UDP sockets: making them, and their options. message_leaf.c sends and receives.
 *
 * An IPv6 socket that also takes IPv4 has the options of both, and each is set for both.
 */
#include "lib/net/message.h"

#include <net/if.h>
#include <netinet/in.h>

#include "lib/net/address.h"
#include "lib/runtime.h"

/* ---- making one ---- */

/* The socket is its own from now on, or stays the caller's after an error. */
static int make(int fd, int family, bide_udp **udp)
{
    bide_udp *u = bide__alloc(sizeof *u);
    if (u == NULL)
        return -ENOMEM;
    *u = (bide_udp){.messages.fd = fd, .family = family};
    int r = bide__fd_open(&u->messages.registration, fd);
    if (r < 0) {
        bide__free(u, sizeof *u);
        return r;
    }
    *udp = u;
    return 0;
}

static int set(int fd, int level, int option, int value)
{
    return bide__door.setsockopt(fd, level, option, &value, sizeof value);
}

static int prepare(int fd, int family, const bide_udp_options *options)
{
    int r = 0;
    if (family == AF_INET6)
        r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    if (r == 0 && options->reuse_address)
        r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (r == 0 && options->reuse_port)
        r = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (r == 0 && options->interface != NULL)
        r = bide__door.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
                                  (socklen_t)strlen(options->interface));
    return r;
}

/* With `local` NULL it is not bound. */
static int open_for(int family, const bide_udp_options *options, const bide_address *local,
                    bide_udp **udp)
{
    int fd = bide__door.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int r = prepare(fd, family, options);
    if (r == 0 && local != NULL)
        r = bide__door.bind(fd, &bide__to_of(local)->any, local->size);
    if (r == 0)
        r = make(fd, family, udp);
    if (r < 0)
        bide__door.close(fd);
    return r;
}

/* There is no IPv6 here. */
static bool lacks_v6(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

int bide_udp_open(const bide_udp_options *options, const bide_address *local, bide_udp **udp)
{
    static const bide_udp_options defaults;
    *udp = NULL;
    if (options == NULL)
        options = &defaults;
    if (local != NULL) {
        int family = bide_address_port(local) < 0 ? AF_UNSPEC : bide__to_of(local)->any.sa_family;
        return family == AF_UNSPEC ? -EAFNOSUPPORT : open_for(family, options, local, udp);
    }
    int r = open_for(AF_INET6, options, NULL, udp);
    return lacks_v6(r) && !options->ipv6_only ? open_for(AF_INET, options, NULL, udp) : r;
}

int bide_udp_bind(const char *host, uint16_t port, bide_udp **udp)
{
    bide_address local;
    *udp = NULL;
    if (host != NULL) {
        int r = bide__address_of_host(host, port, &local);
        return r < 0 ? r : bide_udp_open(NULL, &local, udp);
    }
    bide__address_of_any(AF_INET6, port, &local);
    int r = bide_udp_open(NULL, &local, udp);
    if (!lacks_v6(r))
        return r;
    bide__address_of_any(AF_INET, port, &local);
    return bide_udp_open(NULL, &local, udp);
}

int bide_udp_from_fd(int fd, bide_udp **udp)
{
    bide_address local;
    int type = 0;
    socklen_t size = sizeof type;
    *udp = NULL;
    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (r == 0)
        r = bide__address_of_fd(fd, bide__door.getsockname, &local);
    if (r < 0)
        return r;
    if (type != SOCK_DGRAM || bide_address_port(&local) < 0)
        return -EPROTOTYPE;
    return make(fd, bide__to_of(&local)->any.sa_family, udp);
}

void bide_udp_close(bide_udp *udp)
{
    if (udp == NULL)
        return;
    bide__fd_close(udp->messages.registration);
    bide__door.close(udp->messages.fd);
    bide__free(udp, sizeof *udp);
}

int bide_udp_fd(const bide_udp *udp)
{
    return udp->messages.fd;
}

/* ---- without waiting ---- */

int bide_udp_connect(bide_udp *udp, const bide_address *to)
{
    static const struct sockaddr none = {.sa_family = AF_UNSPEC};
    return to != NULL ? bide__door.connect(bide_udp_fd(udp), &bide__to_of(to)->any, to->size)
                      : bide__door.connect(bide_udp_fd(udp), &none, sizeof none);
}

ssize_t bide_udp_try_send(bide_udp *udp, const void *data, size_t size, const bide_address *to)
{
    struct bide__message m = {{.data = data}, size, {.to = to}, {NULL}};
    ssize_t n;
    do
        n = bide__message_send(bide_udp_fd(udp), &m);
    while (n == -EINTR);
    return n;
}

ssize_t bide_udp_try_receive(bide_udp *udp, void *buffer, size_t size, bide_address *from)
{
    struct bide__message m = {{buffer}, size, {from}, {NULL}};
    ssize_t n;
    do
        n = bide__message_receive(bide_udp_fd(udp), &m, 0);
    while (n == -EINTR);
    return n;
}

/* ---- addresses ---- */

int bide_udp_local_address(const bide_udp *udp, bide_address *address)
{
    return bide__address_of_fd(bide_udp_fd(udp), bide__door.getsockname, address);
}

int bide_udp_peer_address(const bide_udp *udp, bide_address *address)
{
    return bide__address_of_fd(bide_udp_fd(udp), bide__door.getpeername, address);
}

int bide_udp_port(const bide_udp *udp)
{
    bide_address address;
    int r = bide_udp_local_address(udp, &address);
    return r < 0 ? r : bide_address_port(&address);
}

/* ---- options ---- */

/* The option of IPv4, and on an IPv6 socket that of IPv6 too. */
static int set_both(bide_udp *udp, int option_4, int option_6, int value)
{
    int fd = bide_udp_fd(udp);
    int r = udp->family == AF_INET6 ? set(fd, IPPROTO_IPV6, option_6, value) : 0;
    return r < 0 ? r : set(fd, IPPROTO_IP, option_4, value);
}

int bide_udp_set_broadcast(bide_udp *udp, bool on)
{
    return set(bide_udp_fd(udp), SOL_SOCKET, SO_BROADCAST, on);
}

/* The system takes -1 for its default. */
int bide_udp_set_hops(bide_udp *udp, int hops)
{
    return hops < 1 ? -EINVAL : set_both(udp, IP_TTL, IPV6_UNICAST_HOPS, hops);
}

int bide_udp_set_traffic_class(bide_udp *udp, int traffic_class)
{
    return traffic_class < 0 || traffic_class > 255
               ? -EINVAL
               : set_both(udp, IP_TOS, IPV6_TCLASS, traffic_class);
}

static int set_buffer(bide_udp *udp, int option, size_t size_bytes)
{
    return set(bide_udp_fd(udp), SOL_SOCKET, option,
               size_bytes > INT32_MAX ? INT32_MAX : (int)size_bytes);
}

int bide_udp_set_receive_buffer(bide_udp *udp, size_t size_bytes)
{
    return set_buffer(udp, SO_RCVBUF, size_bytes);
}

int bide_udp_set_send_buffer(bide_udp *udp, size_t size_bytes)
{
    return set_buffer(udp, SO_SNDBUF, size_bytes);
}

/* ---- multicast ---- */

static int change_group(bide_udp *udp, const bide_address *group, const char *interface, int option)
{
    struct group_req request = {0};
    if (bide_address_port(group) < 0)
        return -EAFNOSUPPORT;
    bool is_v6 = bide__to_of(group)->any.sa_family == AF_INET6;
    if (is_v6)
        request.gr_interface = bide__to_of(group)->in6.sin6_scope_id;
    int r = interface == NULL ? 0 : bide__address_interface(interface, &request.gr_interface);
    if (r < 0)
        return r;
    memcpy(&request.gr_group, group->bytes,
           is_v6 ? sizeof bide__to_of(group)->in6 : sizeof bide__to_of(group)->in);
    return bide__door.setsockopt(bide_udp_fd(udp), is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, option,
                                 &request, sizeof request);
}

int bide_udp_join(bide_udp *udp, const bide_address *group, const char *interface)
{
    return change_group(udp, group, interface, MCAST_JOIN_GROUP);
}

int bide_udp_leave(bide_udp *udp, const bide_address *group, const char *interface)
{
    return change_group(udp, group, interface, MCAST_LEAVE_GROUP);
}

int bide_udp_set_multicast_interface(bide_udp *udp, const char *interface)
{
    uint32_t number = 0;
    int fd = bide_udp_fd(udp);
    int r = interface == NULL ? 0 : bide__address_interface(interface, &number);
    if (r == 0 && udp->family == AF_INET6)
        r = set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)number);
    struct ip_mreqn request = {.imr_ifindex = (int)number};
    return r < 0 ? r
                 : bide__door.setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}

int bide_udp_set_multicast_loop(bide_udp *udp, bool on)
{
    return set_both(udp, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, on);
}

int bide_udp_set_multicast_hops(bide_udp *udp, int hops)
{
    return hops < 0 ? -EINVAL : set_both(udp, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, hops);
}
