/*
 * lib/net/address.h: internet addresses between text and sockaddr.
 */
#ifndef BIDE_LIB_NET_ADDRESS_H
#define BIDE_LIB_NET_ADDRESS_H

#include "runtime/leaf.h"

/*
 * Finds the addresses of a host. With `numeric`, the host must be a numeric address, and the call
 * does not block. The caller frees the list with bide__address_free. Returns 0, -ENOENT (there are
 * none), -EAGAIN (the name servers do not answer), -ENOMEM, or -EIO for anything else.
 */
int bide__address_find(const char *host, bool numeric, struct addrinfo **list);
void bide__address_free(struct addrinfo *list); /* NULL is ignored */

/* For IPv4 and IPv6. `port` is in host byte order; bide__address_port returns it so too. */
void bide__address_set_port(struct sockaddr *address, uint16_t port);
int bide__address_port(const struct sockaddr *address); /* or -EAFNOSUPPORT */

/* Writes an address as "1.2.3.4:80" or "[::1]:80". Returns 0, -EAFNOSUPPORT or -ENOSPC. */
int bide__address_text(const struct sockaddr *address, char *text, size_t size);

#endif
