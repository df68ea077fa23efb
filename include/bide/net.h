/*
 * bide/net.h: TCP.
 *
 * A connection is a bide_stream (bide/io.h). Listeners and connections belong to the runtime on
 * which they were made, and all functions are for its thread: elsewhere the async ones return
 * -EXDEV, and outside any runtime -ENXIO. Results are 0 or a negative errno.
 */
#ifndef BIDE_NET_H
#define BIDE_NET_H

#include <bide/io.h>
#include <bide/lang.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the longest text of an address, with its zero byte. */
enum { BIDE_ADDRESS_MAX = 80 };

/*
 * Connects to a host: a numeric address ("127.0.0.1", "::1"), at once, or a name, which is looked
 * up on the blocking pool. Its addresses are tried in order; *stream is the first connection that
 * is made.
 * Errors: -ENOENT (no such host), -EAGAIN (the name servers do not answer), -ECONNREFUSED and
 * others of connect(2) for the last address tried, -EMFILE, -ENFILE, -ENOMEM; *stream is NULL
 * then.
 * Cancelled: nothing stays open. A look-up that has begun cannot be stopped and is waited for.
 */
bide_must_use bide_async int bide_tcp_connect(const char *host, uint16_t port,
                                              bide_stream **stream bide_gives(bide_stream_close));

typedef struct bide_tcp_listener bide_tcp_listener;

/*
 * Listens on a numeric address; NULL: on all, IPv6 and IPv4. Port 0: one that is free, see
 * bide_tcp_port. The address may be one that was in use a moment ago (SO_REUSEADDR).
 * Errors: -EINVAL (not numeric), -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENOMEM; *listener
 * is NULL then.
 */
bide_must_use int bide_tcp_listen(const char *host, uint16_t port,
                                  bide_tcp_listener **listener bide_gives(bide_tcp_listener_close));

/*
 * Waits for the next connection. While descriptors or memory are short (EMFILE, ENFILE, ENOBUFS,
 * ENOMEM) it tries again after a pause, of 5 ms at first and never more than 1 s; a connection
 * that is gone before it was taken is passed over. So an error is one of the listener's: -EBADF
 * (it was closed), -EBUSY (another accept has not ended, be it in a future that nobody drives),
 * -EXDEV, -ENXIO.
 * Cancelled: no connection is lost; it stays for the next accept.
 */
bide_must_use bide_async int bide_tcp_accept(bide_tcp_listener *listener,
                                             bide_stream **stream bide_gives(bide_stream_close));

/* Closes and frees a listener; connections that nobody has accepted are reset. NULL is ignored. An
 * accept that waits ends with -EBADF, at once, even in a pause. */
void bide_tcp_listener_close(bide_tcp_listener *listener);

/* The port on which it listens, 1 to 65535, or a negative errno. */
int bide_tcp_port(const bide_tcp_listener *listener);

/*
 * The two ends of a connection as text, such as "127.0.0.1:80" or "[::1]:80". `size` is that of
 * `text`; BIDE_ADDRESS_MAX is always enough.
 * Errors: -ENOTCONN, -ENOTSOCK, -EAFNOSUPPORT (not an internet address), -ENOSPC.
 */
bide_must_use int bide_tcp_local(const bide_stream *stream, char *text, size_t size);
bide_must_use int bide_tcp_peer(const bide_stream *stream, char *text, size_t size);

/* true: what is written goes out at once, false (as it is at first): small pieces may be collected
 * while others are on the way (TCP_NODELAY). */
int bide_tcp_set_nodelay(bide_stream *stream, bool on);

/*
 * Takes "HOST:PORT", "[ADDRESS]:PORT" or ":PORT" apart; host is "" in the last. 0; -EINVAL: it is
 * none of these, or the port is not a number up to 65535; -ENOSPC: host has too little room.
 */
bide_must_use int bide_address_split(const char *text, char *host, size_t host_size,
                                     uint16_t *port);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
