/*
 * lib/net/option.h: options of TCP sockets; those of bide_tcp_options that a socket takes.
 */
#ifndef BIDE_LIB_NET_OPTION_H
#define BIDE_LIB_NET_OPTION_H

#include "runtime/leaf.h"

#include <bide/net.h>

/* Sets those from nodelay to reuse_port that are not zero. `family` is the socket's. 0, -EINVAL for
 * what no socket takes, or an error of setsockopt. */
int bide__tcp_options_set(int fd, int family, const bide_tcp_options *options);

/* Binds a socket that will connect. */
int bide__tcp_bind(int fd, const bide_address *local, const bide_tcp_options *options);

/* Switches one on or off. */
int bide__tcp_option_switch(int fd, int level, int option, bool on);

#endif
