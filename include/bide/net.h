/*
 * bide/net.h: TCP.
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

/*
 * Connects to a host: a numeric address ("127.0.0.1", "::1") directly, or a name, which is looked
 * up on the blocking pool. The addresses of the host are tried in order; *stream is the first
 * connection that succeeds, which the caller closes.
 * Errors: -ENOENT (no such host), -EAGAIN (the name servers do not answer), -ECONNREFUSED and
 * others of connect(2) for the last address tried, -EMFILE, -ENFILE, -ENOMEM; then *stream is NULL.
 * Cancelled: nothing stays open. A look-up that has begun cannot be stopped, so the cancelled call
 * waits for it.
 */
bide_must_use bide_async int bide_tcp_connect(const char *host, uint16_t port,
                                              bide_stream **stream bide_gives(bide_stream_close));

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
 * Waits for the next connection and stores it in *stream, which the caller closes. While
 * descriptors or memory are short (EMFILE, ENFILE, ENOBUFS, ENOMEM), it tries again after a pause,
 * of 5 ms at first and never more than 1 s. A connection that is lost before it can be accepted is
 * skipped. So every error concerns the listener: -EBADF (it was closed), -EBUSY (another accept has
 * not ended, perhaps in a future that nobody drives), -EXDEV, -ENXIO; then *stream is NULL.
 * Cancelled: no connection is lost; it stays for the next accept.
 */
bide_must_use bide_async int bide_tcp_accept(bide_tcp_listener *listener,
                                             bide_stream **stream bide_gives(bide_stream_close));

/* Closes and frees a listener; connections that nobody has accepted are reset. NULL is ignored. A
 * waiting accept ends with -EBADF at once, even during a pause. */
void bide_tcp_listener_close(bide_tcp_listener *listener);

/* Returns the port on which it listens, 1 to 65535, or a negative errno. */
int bide_tcp_port(const bide_tcp_listener *listener);

/* The address on which it listens. After an error, address->size is 0. */
bide_must_use int bide_tcp_listener_address(const bide_tcp_listener *listener,
                                            bide_address *address);

/*
 * The local and the peer's address of a connection. Errors: -ENOTCONN, -ENOTSOCK; then
 * address->size is 0.
 */
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

/* TCP_NODELAY. With true, what is written goes out at once; with false, the default, small pieces
 * may be collected while others are on their way. Errors: -ENOTSOCK and others of setsockopt(2). */
int bide_tcp_set_nodelay(bide_stream *stream, bool on);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
