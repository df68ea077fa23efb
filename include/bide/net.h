/*
 * bide/net.h: TCP, and names of hosts.
 *
 * A connection is a bide_stream (bide/io.h). Listeners and connections belong to the runtime on
 * which they were made; call all functions on its thread. The async ones return -EXDEV on another
 * runtime, and -ENXIO outside any. Functions return 0 or a negative errno unless their comment says
 * otherwise.
 *
 * On a runtime with several workers all functions may be called by any of them, and those that are
 * not async by any thread. A listener may be closed while another task accepts, but no accept may
 * begin after that: end a task that accepts in a loop before its listener is closed.
 */
#ifndef BIDE_NET_H
#define BIDE_NET_H

#include <bide/address.h>
#include <bide/io.h>
#include <bide/lang.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- names ---- */

/* What bide_resolve looks for. Zero in a member means the default. */
typedef struct bide_resolve_options {
    int family; /* only addresses of this one, AF_INET or AF_INET6; 0: of both */
} bide_resolve_options;

typedef struct bide_address_list {
    size_t count; /* 1 or more */
    const bide_address *address;
} bide_address_list;

/*
 * Finds the addresses of a host, with this port, in the order in which they should be tried
 * (RFC 6724, as getaddrinfo(3) has it). A numeric host ("127.0.0.1", "fe80::1%eth0") has one
 * address, and no name server is asked. `options` may be NULL. The caller frees *list.
 * Errors: -ENOENT (there is no such host, or it has no address of the family), -EAGAIN (the name
 * servers do not answer, or there is no thread for the look-up), -EIO (they fail), -ENODEV (a
 * numeric host with an unknown interface), -EINVAL (another family, or host is NULL), -ENOMEM; then
 * *list is NULL.
 *
 * A look-up blocks a thread for as long as it takes, perhaps for a minute. At most 16 of a runtime
 * run at once, on threads of their own, which are not those of the blocking pool; more wait for
 * their turn. A bide_timeout round the call bounds both.
 * Cancelled: nothing has happened, and it returns at once. The look-up cannot be stopped: its
 * thread goes on until it ends, but neither the shutdown and the end of the runtime nor the exit of
 * the process waits for that.
 */
bide_must_use bide_async int bide_resolve(
    const char *host, uint16_t port, const bide_resolve_options *options,
    bide_address_list **list bide_gives(bide_address_list_free));

/* Frees a list. NULL is ignored. Any thread. */
void bide_address_list_free(bide_address_list *list);

/* ---- options ---- */

/*
 * Options of a connection or a listener. Zero in a member means the default, which is the system's
 * where nothing else is said. A connection that was accepted begins with the options of its
 * listener. A number or time that the system does not take is -EINVAL.
 */
typedef struct bide_tcp_options {
    /* TCP_NODELAY: what is written goes out at once, instead of being collected while other data is
     * on its way. */
    bool nodelay;
    /* Above 0: when nothing has come for so long (SO_KEEPALIVE, TCP_KEEPIDLE), the peer is asked,
     * after this interval again (TCP_KEEPINTVL), and the connection ends with -ETIMEDOUT when so
     * many probes (TCP_KEEPCNT) have no answer. In seconds, rounded up. */
    bide_duration keepalive, keepalive_interval;
    uint32_t keepalive_probes;
    /* TCP_USER_TIMEOUT: the connection ends with -ETIMEDOUT when what was sent is not acknowledged
     * for so long. In milliseconds, rounded up. */
    bide_duration unacknowledged;
    /* SO_LINGER: the descriptor is closed only when what was written has been acknowledged, or
     * after this time; in seconds, rounded up. bide_stream_close returns at once: a thread of the
     * blocking pool waits, and so do the shutdown and the end of the runtime. You hardly ever want
     * this; see bide_stream_shutdown and bide_tcp_abort. */
    bide_duration linger;
    /* SO_SNDBUF, SO_RCVBUF. The system doubles them, has bounds of its own, and no longer adapts a
     * buffer whose size was set. */
    uint32_t send_buffer_bytes, receive_buffer_bytes;
    uint32_t hops;          /* IP_TTL, IPV6_UNICAST_HOPS: 1 to 255 */
    uint32_t traffic_class; /* IP_TOS, IPV6_TCLASS: 1 to 255 */
    const char *interface;  /* SO_BINDTODEVICE: only by this one, "eth0" */
    /* SO_REUSEPORT: several listeners of one user may have the same address, if all say so, and
     * each gets a share of the connections. See bide_tcp_listen_with. */
    bool reuse_port;

    /* ---- only to connect ---- */

    /* The address from which to connect: bound before. Only addresses of its family are tried. With
     * port 0 the system chooses one. It must live until the call returns. */
    const bide_address *local;
    /* SO_REUSEADDR: a local port is good if connections that had this option, too, were using it a
     * moment ago. */
    bool reuse_address;
    /* After this time the next address is tried as well. Default: 250 ms, as RFC 8305 says. */
    bide_duration attempt_delay;

    /* ---- only to listen ---- */

    uint32_t backlog; /* connections that wait for an accept. Default: 1024 */
    bool ipv6_only;   /* IPV6_V6ONLY: a listener on IPv6 addresses takes no IPv4 connections */
} bide_tcp_options;

/* ---- connections ---- */

/*
 * Connects to a host: a numeric address ("127.0.0.1", "::1") directly, or a name, which is looked
 * up as by bide_resolve. The addresses of the name are tried as RFC 8305 ("happy eyeballs") says:
 * those of IPv6 and IPv4 in turn, beginning with the first that was found; when an attempt has
 * failed the next one begins at once, and while one is under way after 250 ms. *stream is the first
 * connection that succeeds, which the caller closes; the others are closed.
 * Errors: those of bide_resolve, -ECONNREFUSED and others of connect(2), -EMFILE, -ENFILE, -ENOMEM;
 * then *stream is NULL. If all attempts have failed it is the error of the last one, but those that
 * say that this machine has no way there (such as -ENETUNREACH) only if there is no other.
 * Cancelled: nothing stays open, and it returns at once, also during the look-up.
 */
bide_must_use bide_async int bide_tcp_connect(const char *host, uint16_t port,
                                              bide_stream **stream bide_gives(bide_stream_close));

/* The same with options, which may be NULL. Errors also: those of setsockopt(2) and bind(2), such
 * as -EADDRNOTAVAIL, -EADDRINUSE, -EINVAL and -ENODEV. */
bide_must_use bide_async int bide_tcp_connect_with(
    const char *host, uint16_t port, const bide_tcp_options *options,
    bide_stream **stream bide_gives(bide_stream_close));

/* The same to one address. Errors also: -EAFNOSUPPORT (it is no internet address). */
bide_must_use bide_async int bide_tcp_connect_to(
    const bide_address *address, const bide_tcp_options *options,
    bide_stream **stream bide_gives(bide_stream_close));

/*
 * Waits until something can be read, as bide_stream_read does, and copies it without taking it: the
 * next read gets the same bytes. Returns how many, at least 1, or 0 at the end of the stream. It
 * counts as a reader. For a stream with a bide_reader, the bytes are those after what that has.
 * Errors: those of bide_stream_read, -ENOTSOCK.
 * Cancelled: nothing has happened.
 */
bide_must_use bide_async ssize_t bide_tcp_peek(bide_stream *stream, void *buffer, size_t size);

/* Closes a connection like bide_stream_close, but with a reset: what was written and is still on
 * its way is lost, and the peer's calls fail with -ECONNRESET. NULL is ignored. With a half of a
 * bide_stream_split, the reset is sent too, and calls on the other half fail; it must still be
 * closed. */
void bide_tcp_abort(bide_stream *stream);

/* The local and the peer's address of a connection. Errors: -ENOTCONN, -ENOTSOCK; then
 * address->size is 0. */
bide_must_use int bide_tcp_local_address(const bide_stream *stream, bide_address *address);
bide_must_use int bide_tcp_peer_address(const bide_stream *stream, bide_address *address);

/*
 * Write the local or the peer's address of a connection to `text`, for example "127.0.0.1:80" or
 * "[::1]:80"; see bide_address_text. `size` is the size of `text`; BIDE_ADDRESS_MAX is always
 * enough.
 * Errors: -ENOTCONN, -ENOTSOCK, -EAFNOSUPPORT (an address that has no text), -ENOSPC.
 */
bide_must_use int bide_tcp_local(const bide_stream *stream, char *text, size_t size);
bide_must_use int bide_tcp_peer(const bide_stream *stream, char *text, size_t size);

/*
 * Changes the options of a connection that are not zero, from nodelay to traffic_class. The next
 * four functions switch single ones on and off: TCP_NODELAY; SO_KEEPALIVE, with the times as they
 * are; SO_LINGER, where a time of 0 switches it off; and TCP_QUICKACK, which lasts until the system
 * decides otherwise, so repeat it after reads.
 * Errors: -ENOTSOCK, -EINVAL and others of setsockopt(2). After an error of the first one, some may
 * have changed.
 */
int bide_tcp_set_options(bide_stream *stream, const bide_tcp_options *options);
int bide_tcp_set_nodelay(bide_stream *stream, bool on);
int bide_tcp_set_keepalive(bide_stream *stream, bool on);
int bide_tcp_set_linger(bide_stream *stream, bide_duration linger);
int bide_tcp_set_quickack(bide_stream *stream, bool on);

/* The options of a connection as they are now, from nodelay to traffic_class; zeroes for what is
 * off. Buffers have the sizes that the system has made of them. Errors: -ENOTSOCK and others of
 * getsockopt(2); then all are zero. */
bide_must_use int bide_tcp_get_options(const bide_stream *stream, bide_tcp_options *options);

/* Takes the error that has occurred on the connection and that no call has returned yet (SO_ERROR),
 * and returns it; 0: there is none. Also -ENOTSOCK. */
int bide_tcp_take_error(bide_stream *stream);

/* ---- listeners ---- */

typedef struct bide_tcp_listener bide_tcp_listener;

/*
 * Listens on a numeric address, or on all addresses, IPv6 and IPv4, if `host` is NULL. Port 0
 * chooses a free port; bide_tcp_port returns it. An address that was in use a moment ago can be
 * used again (SO_REUSEADDR).
 * Errors: -EINVAL (not numeric), -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENOMEM; then
 * *listener is NULL.
 */
bide_must_use int bide_tcp_listen(const char *host, uint16_t port,
                                  bide_tcp_listener **listener bide_gives(bide_tcp_listener_close));

/*
 * The same with options, which may be NULL. Errors also: those of setsockopt(2).
 *
 * A listener for each core of a runtime that has cores: each listens on the same address with
 * reuse_port, and the system gives each a share of the connections. The port must be known, so 0 is
 * for the first one only. On each core a task, serve(port), begins with
 *
 *     bide_tcp_options shared = {.reuse_port = true};
 *     rc = bide_tcp_listen_with(NULL, port, &shared, &listener);
 *
 * and goes on like any server. They are spawned by
 *
 *     for (uint32_t core = 0; core < bide_runtime_cores(bide_runtime_current()); core++)
 *         bide_task_detach(bide_spawn_at(core, serve(port)));
 *
 * A listener that is closed resets the connections that wait in it, so let all cores listen before
 * clients come, and until the end.
 */
bide_must_use int bide_tcp_listen_with(
    const char *host, uint16_t port, const bide_tcp_options *options,
    bide_tcp_listener **listener bide_gives(bide_tcp_listener_close));

/* The same on one address. Errors also: -EAFNOSUPPORT (it is no internet address). */
bide_must_use int bide_tcp_listen_on(const bide_address *address, const bide_tcp_options *options,
                                     bide_tcp_listener **listener
                                         bide_gives(bide_tcp_listener_close));

/*
 * Makes a listener of a TCP socket that listens already. The listener owns it from now on. Nothing
 * about it is changed, since others may share it: O_NONBLOCK is neither needed nor set. Connections
 * are not accepted ahead, so that others who accept on it have their share.
 *
 * If it is blocking, io_uring accepts without blocking the thread, and a connection that it took in
 * just the moment of a cancellation is kept for the next accept. Without io_uring each accept first
 * asks poll(2). Then it blocks the thread if another process takes the only connection between the
 * two system calls, until the next one comes. So where several processes accept on one socket and
 * io_uring is not to be had, let its maker make it non-blocking (NonBlocking=yes in a unit of
 * systemd).
 * Errors: -EINVAL (it does not listen), -ENOTSOCK, -EAFNOSUPPORT (it is not TCP), -EEXIST (it has a
 * listener), -EBADF, -ENOMEM, -ENOSPC, -ENXIO; then fd stays the caller's, and *listener is NULL.
 */
bide_must_use int bide_tcp_listener_from_fd(
    int fd, bide_tcp_listener **listener bide_gives(bide_tcp_listener_close));

/*
 * Returns a descriptor that the service manager has passed to this process (systemd's socket
 * activation: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; see sd_listen_fds(3)). Of those with this
 * name (NULL: of all) it is the one with this number, counted from 0. It is closed on exec; nothing
 * else about it is changed, since the service manager has it too. A number gives the same
 * descriptor each time: it is the caller's business to open it once.
 *
 *     int fd = bide_activation_fd(NULL, 0);
 *     rc = fd >= 0 ? bide_tcp_listener_from_fd(fd, &listener)
 *                  : bide_tcp_listen(NULL, 80, &listener);
 *
 * Errors: -ENOENT (there is none; also if it was passed to another process), -EBADF. It reads the
 * environment, which no other thread may change meanwhile. Any thread.
 */
int bide_activation_fd(const char *name, unsigned number);

/*
 * Waits for the next connection and stores it in *stream, which the caller closes. While
 * descriptors or memory are short (EMFILE, ENFILE, ENOBUFS, ENOMEM), it tries again after a pause,
 * of 5 ms at first and never more than 1 s. A connection that is lost before it can be accepted is
 * skipped. So every error concerns the listener: -EBADF (it was closed), -ESHUTDOWN (a shutdown
 * has stopped it: bide_shutdown_add_tcp in bide/shutdown.h), -EBUSY (another accept has not ended,
 * perhaps in a future that nobody drives), -EXDEV, -ENXIO; then *stream is NULL.
 * Cancelled: no connection is lost; it stays for the next accept.
 *
 * Once there was an accept, up to 16 connections, and at times more, may be accepted ahead
 * (io_uring). They have descriptors, and wait for the next accepts.
 */
bide_must_use bide_async int bide_tcp_accept(bide_tcp_listener *listener,
                                             bide_stream **stream bide_gives(bide_stream_close));

/* The same, and stores the peer's address in *peer. A connection that the peer has reset already is
 * skipped, too. */
bide_must_use bide_async int bide_tcp_accept_from(bide_tcp_listener *listener, bide_address *peer,
                                                  bide_stream **stream
                                                      bide_gives(bide_stream_close));

/* Closes and frees a listener; connections that nobody has accepted are reset. NULL is ignored. A
 * waiting accept ends with -EBADF at once, even during a pause. */
void bide_tcp_listener_close(bide_tcp_listener *listener);

/* Returns the port on which it listens, 1 to 65535, or a negative errno. */
int bide_tcp_port(const bide_tcp_listener *listener);

/* The address on which it listens. After an error, address->size is 0. */
bide_must_use int bide_tcp_listener_address(const bide_tcp_listener *listener,
                                            bide_address *address);

/* Returns the descriptor, for setting options; it stays the listener's. */
int bide_tcp_listener_fd(const bide_tcp_listener *listener);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
