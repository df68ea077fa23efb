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

/* The same for a Unix socket that was just made: its connections do not receive ahead, which would
 * lose descriptors. */
int bide__listener_of_unix(int fd, bide_tcp_listener **listener);

#endif
