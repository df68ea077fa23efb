/*
 * lib/net/address.h: internet addresses between text and sockaddr.
 */
#ifndef BIDE_LIB_NET_ADDRESS_H
#define BIDE_LIB_NET_ADDRESS_H

#include "runtime/internal.h"

/*
 * Finds the addresses of a host; `numeric` takes no other than a numeric one, and then it does
 * not block. The list is freed by bide__address_free. 0; -ENOENT: there are none; -EAGAIN: the
 * name servers do not answer; -ENOMEM; -EIO: else.
 */
int bide__address_find(const char *host, bool numeric, struct addrinfo **list);
void bide__address_free(struct addrinfo *list); /* NULL is ignored */

/* The port is in network order in both families. */
void bide__address_set_port(struct sockaddr *address, uint16_t port);
int bide__address_port(const struct sockaddr *address); /* -EAFNOSUPPORT */

/* "1.2.3.4:80", "[::1]:80". 0, -EAFNOSUPPORT, -ENOSPC. */
int bide__address_text(const struct sockaddr *address, char *text, size_t size);

#endif
