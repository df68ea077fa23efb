/*
 * service.h: what the files of the service share, and what its tests use of it.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <bide/http_route.h>

/* What all handlers share: bide_http_state. Zeroes at first. */
struct service {
    uint64_t greetings;
};

/* The routes. The caller drops the router. */
int service_router(struct service *service, bide_http_router **router);

/* How the router is served. */
bide_http_server_options service_options(bide_http_router *router);

#endif
