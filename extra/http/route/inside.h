/*
 * inside.h: what a router is, for the files of this room.
 *
 * A router keeps its definition, for the routers that it is nested in, and what was compiled of it
 * and of those that are nested in it: a tree of patterns, and an *end* for each route. An end has
 * all that serves a request: the handler, and a row of layers, those of the outermost router first.
 * A *zone* is the same for what has no route, one for each router that is nested (and the first one
 * for the router itself).
 */
#ifndef BIDE_HTTP_ROUTE_INSIDE_H
#define BIDE_HTTP_ROUTE_INSIDE_H

#include "lib/runtime.h"

#include "extra/http/route/tree.h"

#include <bide/http_route.h>

#include <stdatomic.h>

/* Bytes that grow. */
struct route__row {
    char *data;
    size_t size, room; /* bytes */
};

struct route_name {
    uint32_t at, size; /* in the texts */
};

struct route_end {
    uint32_t text, text_size; /* the path as it is written, in the texts, with a zero byte */
    uint32_t first_name, name_count;
    uint32_t first_layer, layer_count;
    bide_http_handler handler;
    const void *data;
    void *state;
    unsigned flags;
};

struct bide_http_router {
    atomic_uint refs;
    bide_http_router_options definition; /* the tables are copies */
    struct tree *tree;
    struct route__row texts, names, layers, ends, zones;
    unsigned method_count;
    const char *methods[TREE_METHODS_MOST];
    int get, head; /* their numbers, or TREE_NONE */
};

static inline const struct route_end *route_end_at(const bide_http_router *r, int i)
{
    return (const struct route_end *)(const void *)r->ends.data + i;
}

static inline const struct route_end *route_zone_at(const bide_http_router *r, int i)
{
    return (const struct route_end *)(const void *)r->zones.data + i;
}

static inline const bide_http_layer *route_layers(const bide_http_router *r,
                                                  const struct route_end *end)
{
    const bide_http_layer *all = (const bide_http_layer *)(const void *)r->layers.data;
    return end->layer_count > 0 ? all + end->first_layer : NULL;
}

/* compile.c: fills in the tree and the rows. 0, or an error that is told in the failure. */
int bide__http_route_compile(bide_http_router *router);

/* pattern.c: appends what the tree wants of a path to `row`, and its names, as places in `path`
 * behind `text_at`, to `names`. 0, -ENOMEM, or -EINVAL with the reason in *why. */
int bide__http_route_pattern(const char *path, size_t text_at, struct route__row *row,
                             struct route__row *names, const char **why);

/* The same for the path of a request: writes it with its percent codes in order, into as many
 * bytes, and returns how many it became. A path with a wrong code stays as it is. */
size_t bide__http_route_normal(const char *path, size_t size, char *out);

/* router.c */
int bide__http_route_append(struct route__row *row, const void *data, size_t size);
void bide__http_route_row_free(struct route__row *row);

#endif
