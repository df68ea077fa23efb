/*
 * router.c: the life of a router.
 *
 * Those that are nested in it are kept by it, since their routes and layers, and the strings of
 * them, are in what was compiled.
 */
#include "extra/http/route/inside.h"

/* ---- rows ---- */

int bide__http_route_append(struct route__row *row, const void *data, size_t size)
{
    if (size == 0)
        return 0;
    if (row->room - row->size < size) {
        size_t room = row->room * 2 + size + 64;
        char *grown = bide__alloc(room);
        if (grown == NULL)
            return -ENOMEM;
        if (row->size > 0)
            memcpy(grown, row->data, row->size);
        bide__free(row->data, row->room);
        row->data = grown;
        row->room = room;
    }
    memcpy(row->data + row->size, data, size);
    row->size += size;
    return 0;
}

void bide__http_route_row_free(struct route__row *row)
{
    bide__free(row->data, row->room);
    *row = (struct route__row){NULL, 0, 0};
}

/* ---- the definition ---- */

static int copy(const void *from, size_t size, const void **to)
{
    void *block = size > 0 ? bide__alloc(size) : NULL;

    *to = block;
    if (size > 0 && block == NULL)
        return -ENOMEM;
    if (size > 0)
        memcpy(block, from, size);
    return 0;
}

static int copy_definition(bide_http_router *r, const bide_http_router_options *o)
{
    bide_http_router_options *d = &r->definition;
    const void *routes, *layers, *nests;

    *d = *o;
    int a = copy(o->routes, o->route_count * sizeof *o->routes, &routes);
    int b = copy(o->layers, o->layer_count * sizeof *o->layers, &layers);
    int c = copy(o->nests, o->nest_count * sizeof *o->nests, &nests);
    d->routes = routes;
    d->layers = layers;
    d->nests = nests;
    for (size_t i = 0; nests != NULL && i < o->nest_count; i++)
        if (d->nests[i].router != NULL)
            bide_http_router_clone(d->nests[i].router);
    return a < 0 ? a : b < 0 ? b : c;
}

static void free_definition(bide_http_router_options *d)
{
    for (size_t i = 0; d->nests != NULL && i < d->nest_count; i++)
        bide_http_router_drop(d->nests[i].router);
    bide__free((void *)(uintptr_t)d->nests, d->nest_count * sizeof *d->nests);
    bide__free((void *)(uintptr_t)d->layers, d->layer_count * sizeof *d->layers);
    bide__free((void *)(uintptr_t)d->routes, d->route_count * sizeof *d->routes);
}

/* ---- the router ---- */

static void free_router(bide_http_router *r)
{
    free_definition(&r->definition);
    bide__http_tree_free(r->tree);
    bide__http_route_row_free(&r->texts);
    bide__http_route_row_free(&r->names);
    bide__http_route_row_free(&r->layers);
    bide__http_route_row_free(&r->ends);
    bide__http_route_row_free(&r->zones);
    bide__free(r, sizeof *r);
}

int bide_http_router_new(const bide_http_router_options *options, bide_http_router **router)
{
    static const bide_http_router_options none = {0};
    const bide_http_router_options *o = options != NULL ? options : &none;
    bide_http_router *r = bide__alloc(sizeof *r);

    *router = NULL;
    if (r == NULL) {
        if (o->failure != NULL)
            *o->failure = (bide_http_router_failure){-ENOMEM, "there is no memory"};
        return -ENOMEM;
    }
    memset(r, 0, sizeof *r);
    atomic_init(&r->refs, 1);
    int e = copy_definition(r, o);
    if (e < 0 && o->failure != NULL)
        *o->failure = (bide_http_router_failure){e, "there is no memory"};
    if (e == 0)
        e = bide__http_route_compile(r);
    r->definition.failure = NULL;
    if (e < 0) {
        free_router(r);
        return e;
    }
    *router = r;
    return 0;
}

bide_http_router *bide_http_router_clone(bide_http_router *router)
{
    atomic_fetch_add_explicit(&router->refs, 1, memory_order_relaxed);
    return router;
}

void bide_http_router_drop(bide_http_router *router)
{
    if (router != NULL && atomic_fetch_sub_explicit(&router->refs, 1, memory_order_acq_rel) == 1)
        free_router(router);
}
