/*
 * lib/net/address.h: addresses as the library's own files need them: of a host and of a
 * descriptor. bide/address.h is the rest; resolve.c looks names up.
 */
#ifndef BIDE_LIB_NET_ADDRESS_H
#define BIDE_LIB_NET_ADDRESS_H

#include "runtime/leaf.h"

#include <bide/address.h>

#include <netinet/in.h>

/* What is in the bytes of an address. */
typedef union bide__to {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
} __attribute__((may_alias)) bide__to;

_Static_assert(sizeof(bide__to) == sizeof((bide_address *)0)->bytes, "all kinds have room");

static inline bide__to *bide__to_of(const bide_address *address)
{
    return (bide__to *)(uintptr_t)address->bytes;
}

/* Reads a numeric host: "1.2.3.4", "::1", "fe80::1%eth0". 0, or an error of bide_address_parse, and
 * then address->size is 0. */
int bide__address_of_host(const char *host, uint16_t port, bide_address *address);

/* The number of a network interface that is given by name or number. 0, -EINVAL (""), -ENODEV, or
 * why a name cannot be looked up. */
int bide__address_interface(const char *text, uint32_t *number);

/* All addresses: "::" for AF_INET6, "0.0.0.0" for AF_INET. */
void bide__address_of_any(int family, uint16_t port, bide_address *address);

/* What a system call has returned; `size` may be more than there is room for, or 0. */
void bide__address_of(const struct sockaddr *from, socklen_t size, bide_address *address);

/* What getsockname or getpeername tells of fd; -ENOTSOCK if it is negative. After an error,
 * address->size is 0. */
typedef int bide__address_call(int fd, struct sockaddr *address, socklen_t *size);
int bide__address_of_fd(int fd, bide__address_call *call, bide_address *address);

#endif
