/*
 * lib/net/listen.h: listeners on sockets that listen already.
 */
#ifndef BIDE_LIB_NET_LISTEN_H
#define BIDE_LIB_NET_LISTEN_H

#include <bide/net.h>

/*
 * A listener that owns fd, which is non-blocking. An error: fd stays the caller's. Only from a
 * socket that was just made are connections accepted ahead: another one may be shared with
 * processes that want some of them.
 */
int bide__listener_new(int fd, bool just_made, bide_tcp_listener **listener);

/* bind(2). The address may be that of a listener of this runtime which was closed, and comes to its
 * end just now on another worker; that is waited for. Blocks, for a tenth of a second at most. */
int bide__listener_bind(int fd, const bide_address *address);

/* bide__listener_new for a Unix socket that was just made: its connections do not receive ahead,
 * which would lose descriptors. */
int bide__listener_of_unix(int fd, bide_tcp_listener **listener);

#endif
