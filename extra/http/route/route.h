/*
 * route.h: what the room route does, and what the rooms above may know of a request that was
 * routed.
 *
 *   pattern.c   the form in which paths are compared
 *   tree.c      a tree of them is made; find.c looks up in it
 *   compile.c   a router and all that are nested in it become one tree
 *   router.c    the life of a router
 *   dispatch.c  a request finds its route; layers; in async C
 *   path.c      the parameters of a path
 *
 * Requires the room exchange. Establishes that a lookup takes no memory and no lock, and that what
 * is kept for a request, a `struct bide__http_match`, is in its exchange's memory.
 */
#ifndef BIDE_HTTP_ROUTE_H_INNER
#define BIDE_HTTP_ROUTE_H_INNER

#include "extra/http/exchange/exchange.h"
#include "extra/http/route/tree.h"

#include <bide/http_route.h>

/* What x->route is. */
struct bide__http_match {
    const bide_http_router *router;
    const char *path;            /* in the form in which it was looked up */
    const struct route_end *end; /* of a route, or of a zone */
    const bide_http_layer *layers;
    uint32_t layer_count;
    uint32_t at;     /* the layer that runs; layer_count: the handler */
    uint32_t inmost; /* the largest value of `at` that there was */
    bool is_found;
    bide_http_handler handler;
    const void *data; /* its own */
    uint32_t methods; /* that are allowed, if there is no route */
    unsigned value_count;
    struct tree_span values[TREE_PARAMS_MOST];
};

/* The value of a parameter as it came, with its percent codes; NULL: there is none with this name.
 */
const char *bide__http_route_value(const bide_http_exchange *x, const char *name, size_t *size);

#endif
