/*
 * lib/net/resolve.h: one look-up of a name, for who is no task and cannot await bide_resolve.
 */
#ifndef BIDE_LIB_NET_RESOLVE_H
#define BIDE_LIB_NET_RESOLVE_H

#include "runtime/blocking/detached.h"

#include <bide/net.h>

struct addrinfo;

/* To be submitted once (runtime/blocking/detached.h), and dropped by its job. */
struct bide__look_up {
    struct bide__detached_job job;
    struct addrinfo *found;
    int result; /* of getaddrinfo, as the door returns it */
    int family;
    size_t size; /* of this */
    char host[];
};

/* NULL: no memory. */
struct bide__look_up *bide__look_up_new(const char *host, int family);

/* Of one that has run: what bide_resolve returns. */
int bide__look_up_list(const struct bide__look_up *l, uint16_t port, bide_address_list **list);

#endif
