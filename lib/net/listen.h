/*
 * lib/net/listen.h: listeners on sockets that listen already.
 */
#ifndef BIDE_LIB_NET_LISTEN_H
#define BIDE_LIB_NET_LISTEN_H

#include <bide/net.h>

/* Where the socket of a listener comes from. */
enum bide__listener_origin {
    BIDE__LISTENER_MADE,  /* it was just made: connections are accepted ahead */
    BIDE__LISTENER_GIVEN, /* it may be shared with processes that want some of the connections */
    BIDE__LISTENER_BLOCKS /* and it is blocking */
};

/* bind(2). The address may be that of a listener of this runtime which was closed, and comes to its
 * end just now on another worker; that is waited for. Blocks, for a tenth of a second at most. */
int bide__listener_bind(int fd, const bide_address *address);

/* A listener that owns fd. An error: fd stays the caller's. */
int bide__listener_new(int fd, enum bide__listener_origin origin, bide_tcp_listener **listener);

/* The same for a Unix socket: its connections do not receive ahead, which would lose
 * descriptors. */
int bide__listener_of_unix(int fd, enum bide__listener_origin origin, bide_tcp_listener **listener);

/* Of a socket that others have made: its origin, one of the last two; or -EINVAL (it does not
 * listen) or another error. */
int bide__listener_origin_of(int fd);

#endif
