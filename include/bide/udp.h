/*
 * bide/udp.h: UDP: sockets that send and receive datagrams.
 *
 * A datagram arrives whole or not at all, and may be empty. Datagrams may be lost, doubled, and
 * overtake one another.
 *
 * A socket belongs to the runtime on which it was made; call all functions on its thread. The async
 * ones return -EXDEV on another runtime, and -ENXIO outside any. One task may receive while another
 * sends. A second receiver or sender gets -EBUSY while the first one waits, even in a future
 * (bide/future.h) that nobody drives. Functions return 0 or a negative errno unless their comment
 * says otherwise.
 *
 * On a runtime with several workers all functions may be called by any of them, and those that are
 * not async by any thread. A socket may be closed while another task waits on it, but no call may
 * begin after that: end a task that receives in a loop before its socket is closed.
 *
 *     while ((n = await bide_udp_receive(udp, buf, sizeof buf, &from)) >= 0)
 *         n = await bide_udp_send_to(udp, buf, (size_t)n, &from); // an echo server
 */
#ifndef BIDE_UDP_H
#define BIDE_UDP_H

#include <bide/address.h>
#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_udp bide_udp;

/* Zero in a member means the default. */
typedef struct bide_udp_options {
    bool reuse_address;    /* others that want it too may have the same port (SO_REUSEADDR): for
                              several receivers of one multicast group */
    bool reuse_port;       /* sockets of one user share the port (SO_REUSEPORT): each datagram goes
                              to one of them, and those of one sender to the same */
    bool ipv6_only;        /* an IPv6 socket takes no IPv4 (IPV6_V6ONLY) */
    const char *interface; /* sends and receives only there, "eth0" (SO_BINDTODEVICE) */
} bide_udp_options;

/*
 * Makes a socket that receives at a numeric address, or at all addresses, IPv6 and IPv4, if `host`
 * is NULL. Port 0 chooses a free one; bide_udp_port returns it.
 *
 * A socket for IPv6 and IPv4 sees IPv4 senders as "[::ffff:1.2.3.4]:5", to which it can send; it
 * can also send to "1.2.3.4:5".
 * Errors: -EINVAL (not numeric), -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENOMEM, -ENODEV
 * (no such interface), and others of bind(2) and setsockopt(2); then *udp is NULL.
 */
bide_must_use int bide_udp_bind(const char *host, uint16_t port,
                                bide_udp **udp bide_gives(bide_udp_close));

/*
 * The same, with options, which may be NULL, and an address. With `local` NULL the socket is for
 * IPv6 and IPv4, and gets an address of its own when it first sends or is connected: that is for
 * clients.
 */
bide_must_use int bide_udp_open(const bide_udp_options *options, const bide_address *local,
                                bide_udp **udp bide_gives(bide_udp_close));

/*
 * Makes one of a descriptor of a UDP socket that exists, perhaps inherited. The object owns it from
 * now on; O_NONBLOCK is neither needed nor changed.
 * Errors: -ENOTSOCK, -EPROTOTYPE (not UDP), -EBADF, -EEXIST (it is in use here already), -ENOMEM,
 * -ENOSPC; then fd stays the caller's, and *udp is NULL.
 */
bide_must_use int bide_udp_from_fd(int fd, bide_udp **udp bide_gives(bide_udp_close));

/* Closes and frees a socket. NULL is ignored. Waiting calls end with -EBADF at once. */
void bide_udp_close(bide_udp *udp);

/* Returns the descriptor, for options that are not below; it stays the socket's. */
int bide_udp_fd(const bide_udp *udp);

/*
 * Chooses the peer: from now on bide_udp_send sends to it, what others send is dropped, and if
 * nobody listens there, calls can tell. Datagrams that have already arrived stay. Does not wait;
 * may be called again. NULL: there is no peer any more.
 * Errors: -ENETUNREACH, -EADDRNOTAVAIL, -EAFNOSUPPORT and others of connect(2).
 */
int bide_udp_connect(bide_udp *udp, const bide_address *to);

/* ---- datagrams ---- */

/*
 * Send one datagram, of 0 or more bytes: to the peer, or to `to`, which may differ from it. They
 * wait while the socket's buffer is full. Return `size`.
 *
 * Errors: -EMSGSIZE (it is larger than a datagram can be, 65507 bytes over IPv4), -EDESTADDRREQ (no
 * peer), -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast is off), -EPERM (a filter), and others of
 * send(2). With a peer, -ECONNREFUSED: an earlier datagram found nobody there; this one was not
 * sent. Each error is of one call: the socket goes on.
 * Cancelled: nothing was sent.
 */
bide_must_use bide_async ssize_t bide_udp_send(bide_udp *udp, const void *data, size_t size);
bide_must_use bide_async ssize_t bide_udp_send_to(bide_udp *udp, const void *data, size_t size,
                                                  const bide_address *to);

/*
 * Waits for a datagram and takes it. Returns its size, which may be 0. *from is the sender; `from`
 * may be NULL.
 *
 * Errors: -EMSGSIZE: it is larger than `size`; its beginning is in the buffer, its sender in *from,
 * and the rest is lost. With a peer, -ECONNREFUSED: nobody is there; nothing was taken. Others of
 * recv(2). Each is of one call: the socket goes on. After all but -EMSGSIZE, from->size is 0.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async ssize_t bide_udp_receive(bide_udp *udp, void *buffer, size_t size,
                                                  bide_address *from);

/*
 * Waits for a datagram and leaves it there. Returns its size; if that is larger than `size`, only
 * the beginning is in the buffer. Counts as a receiver. Errors: as bide_udp_receive, but
 * never -EMSGSIZE.
 */
bide_must_use bide_async ssize_t bide_udp_peek(bide_udp *udp, void *buffer, size_t size,
                                               bide_address *from);

/* Do the same without waiting: -EAGAIN if they would wait. `to` may be NULL: to the peer. */
bide_must_use ssize_t bide_udp_try_send(bide_udp *udp, const void *data, size_t size,
                                        const bide_address *to);
bide_must_use ssize_t bide_udp_try_receive(bide_udp *udp, void *buffer, size_t size,
                                           bide_address *from);

/* One of several datagrams. */
typedef struct bide_udp_datagram {
    void *data;           /* to send it: its bytes. To receive one: room for it */
    size_t size;          /* of that */
    size_t length;        /* received: so many bytes are there, at most `size` */
    bool is_truncated;    /* received: it was larger, and the rest is lost */
    bide_address address; /* received: the sender. To send it: the receiver; size 0: the peer */
} bide_udp_datagram;

/*
 * Receive or send up to `count` datagrams with one system call for each 32. Wait as
 * bide_udp_receive and bide_udp_send do, for the first of them; then they take or send what can be
 * without waiting. Return how many that were, at least 1, or 0 if `count` is 0.
 * Errors: those of bide_udp_receive but -EMSGSIZE, and those of bide_udp_send, of the first
 * datagram; an error of a later one is that of the next call.
 * Cancelled: nothing was taken or sent.
 */
bide_must_use bide_async int bide_udp_receive_many(bide_udp *udp, bide_udp_datagram *datagrams,
                                                   size_t count);
bide_must_use bide_async int bide_udp_send_many(bide_udp *udp, const bide_udp_datagram *datagrams,
                                                size_t count);

/* ---- addresses ---- */

/* Returns the port to which it is bound, 0 if it is not bound yet, or a negative errno. */
int bide_udp_port(const bide_udp *udp);

/* The socket's own address and the peer's. Errors: -ENOTCONN (no peer); then address->size is 0. */
bide_must_use int bide_udp_local_address(const bide_udp *udp, bide_address *address);
bide_must_use int bide_udp_peer_address(const bide_udp *udp, bide_address *address);

/* ---- options: errors are those of setsockopt(2) ---- */

/* Whether it may send to broadcast addresses; at first not. */
int bide_udp_set_broadcast(bide_udp *udp, bool on);

/* How many routers what it sends may pass, 1 to 255; of multicasts see below. */
int bide_udp_set_hops(bide_udp *udp, int hops);

/* The field for the type of service, or traffic class, of what it sends, 0 to 255. */
int bide_udp_set_traffic_class(bide_udp *udp, int traffic_class);

/* How much the kernel may keep for it until it is received, or sent. Linux takes twice that, for
 * itself too, and at most net.core.rmem_max and wmem_max. */
int bide_udp_set_receive_buffer(bide_udp *udp, size_t size_bytes);
int bide_udp_set_send_buffer(bide_udp *udp, size_t size_bytes);

/* ---- multicast ---- */

/*
 * Join and leave a group, whose port does not count. `interface` is the name or number of a network
 * interface, "eth0"; with NULL it is that of the address ("[ff02::1%eth0]:0"), or the system
 * chooses. Only what is sent to the port of the socket is received.
 * Errors: -EINVAL (not a multicast address), -ENODEV (no such interface), -EADDRINUSE (it is in the
 * group), -EADDRNOTAVAIL (it is not), -ENOBUFS, -EAFNOSUPPORT.
 */
int bide_udp_join(bide_udp *udp, const bide_address *group, const char *interface);
int bide_udp_leave(bide_udp *udp, const bide_address *group, const char *interface);

/* Where multicasts go out; NULL: the system chooses. -ENODEV: there is no such interface. */
int bide_udp_set_multicast_interface(bide_udp *udp, const char *interface);

/* Whether members on this machine receive what it sends to a group, as at first. */
int bide_udp_set_multicast_loop(bide_udp *udp, bool on);

/* How many routers a multicast may pass, 0 to 255; at first 1: it stays in the local network. */
int bide_udp_set_multicast_hops(bide_udp *udp, int hops);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
