/*
 * compile.c: makes one tree of a router and of all that are nested in it.
 *
 * A *level* is a router on the way in: its prefix, and what it passes on to those inside, its state
 * and its fallback. Each route of each level becomes an end, with the layers of all levels from the
 * outermost one, and an entry of the tree; each level that does not merge becomes a zone.
 */
#include "extra/http/route/inside.h"

#include <stdio.h>

enum { LEVELS_MOST = 32, LAYERS_MOST = 16 };

struct level {
    const struct level *outer;
    const bide_http_router_options *definition;
    unsigned depth;
    void *state;
    bide_http_handler fallback;
    const void *fallback_data;
    size_t prefix_size;
    char prefix[TREE_PATTERN_MOST];
};

/* An entry of the tree whose pattern still moves. */
struct place {
    size_t at, size;
    int method, value;
    bool is_zone;
};

struct compile {
    bide_http_router *router;
    struct route__row patterns, places;
};

static int fails(struct compile *c, int error, const char *method, const char *path,
                 const char *why)
{
    bide_http_router_failure *f = c->router->definition.failure;
    if (f != NULL) {
        f->error = error;
        snprintf(f->text, sizeof f->text, "%s%s%.200s: %s", method, *method == '\0' ? "" : " ",
                 path, why);
    }
    return error;
}

static int no_memory(struct compile *c)
{
    return fails(c, -ENOMEM, "", "router", "there is no memory");
}

static const char *method_name(const char *method)
{
    return method != NULL ? method : "*";
}

static bool is_token(const char *text)
{
    static const char bytes[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return *text != '\0' && text[strspn(text, bytes)] == '\0';
}

/* The number of a method, which is given one if it has none. */
static int method_number(bide_http_router *r, const char *method)
{
    for (unsigned i = 0; i < r->method_count; i++)
        if (strcmp(r->methods[i], method) == 0)
            return (int)i;
    if (r->method_count == TREE_METHODS_MOST)
        return -E2BIG;
    r->methods[r->method_count] = method;
    return (int)r->method_count++;
}

static int add_layers(struct compile *c, const struct level *level)
{
    const bide_http_router_options *d = level->definition;
    int r = level->outer != NULL ? add_layers(c, level->outer) : 0;
    return r < 0 ? r
                 : bide__http_route_append(&c->router->layers, d->layers,
                                           d->layer_count * sizeof *d->layers);
}

/* The path of a route below a prefix, as it is written. */
static int join(const struct level *level, const char *path, char *out, size_t room)
{
    bool is_prefix = level->prefix_size > 0 && strcmp(path, "/") == 0;
    int n = snprintf(out, room, "%.*s%s", (int)level->prefix_size, level->prefix,
                     is_prefix ? "" : path);
    return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : n;
}

/* Adds an end with the layers of all levels and some of its own, and its entry in the tree. */
static int add_end(struct compile *c, const struct level *level, struct route_end *end,
                   const char *path, int method, const bide_http_layer *layers, size_t count,
                   const char **why)
{
    bide_http_router *router = c->router;
    struct route__row *row = method == -EXDEV ? &router->zones : &router->ends;
    struct place place = {.at = c->patterns.size,
                          .method = method,
                          .value = (int)(row->size / sizeof *end),
                          .is_zone = row == &router->zones};

    end->text = (uint32_t)router->texts.size;
    end->text_size = (uint32_t)strlen(path);
    end->first_name = (uint32_t)(router->names.size / sizeof(struct route_name));
    end->first_layer = (uint32_t)(router->layers.size / sizeof *layers);
    int r = bide__http_route_append(&router->texts, path, end->text_size + 1);
    if (r == 0)
        r = bide__http_route_pattern(path, end->text, &c->patterns, &router->names, why);
    if (r == 0)
        r = add_layers(c, level);
    if (r == 0)
        r = bide__http_route_append(&router->layers, layers, count * sizeof *layers);
    if (r < 0)
        return r;
    place.size = c->patterns.size - place.at;
    end->name_count = (uint32_t)(router->names.size / sizeof(struct route_name)) - end->first_name;
    end->layer_count = (uint32_t)(router->layers.size / sizeof *layers) - end->first_layer;
    r = bide__http_route_append(row, end, sizeof *end);
    return r < 0 ? r : bide__http_route_append(&c->places, &place, sizeof place);
}

static const char *route_fault(const bide_http_route *route)
{
    if (route->path == NULL || route->path[0] != '/')
        return "a path begins with /";
    if (route->handler == NULL)
        return "it has no handler";
    if (route->method != NULL && !is_token(route->method))
        return "the method is no token";
    if (route->layer_count > LAYERS_MOST)
        return "it has more than 16 layers";
    return NULL;
}

static int add_route(struct compile *c, const struct level *level, const bide_http_route *route)
{
    const char *method = method_name(route->method), *why = route_fault(route);
    struct route_end end = {.handler = route->handler,
                            .data = route->data,
                            .state = level->state,
                            .flags = route->flags};
    char path[TREE_PATTERN_MOST];

    if (why != NULL)
        return fails(c, -EINVAL, method, route->path != NULL ? route->path : "", why);
    if (join(level, route->path, path, sizeof path) < 0)
        return fails(c, -EINVAL, method, route->path, "it is longer than 1000 bytes");
    int number = route->method != NULL ? method_number(c->router, route->method) : TREE_NONE;
    if (number == -E2BIG)
        return fails(c, -E2BIG, method, path, "there are more than 32 methods");
    int r = add_end(c, level, &end, path, number, route->layers, route->layer_count, &why);
    return r == -ENOMEM ? no_memory(c) : r < 0 ? fails(c, r, method, path, why) : 0;
}

static int add_zone(struct compile *c, const struct level *level)
{
    struct route_end end = {
        .handler = level->fallback, .data = level->fallback_data, .state = level->state};
    const char *why = "";
    char prefix[TREE_PATTERN_MOST];

    snprintf(prefix, sizeof prefix, "%.*s", (int)level->prefix_size, level->prefix);
    int r = add_end(c, level, &end, prefix, -EXDEV, NULL, 0, &why);
    return r == -ENOMEM ? no_memory(c) : r < 0 ? fails(c, r, "", prefix, why) : 0;
}

static int add_level(struct compile *c, const struct level *level, bool is_zone);

static int add_nest(struct compile *c, const struct level *outer, const bide_http_nest *nest)
{
    const bide_http_router_options *d = nest->router != NULL ? &nest->router->definition : NULL;
    const char *prefix = nest->prefix != NULL ? nest->prefix : "", *why = NULL;
    size_t size = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);
    struct level level = {.outer = outer, .definition = d, .depth = outer->depth + 1};

    if (d == NULL)
        why = "there is no router";
    else if (size > 0 && (prefix[0] != '/' || prefix[size - 1] == '/'))
        why = "a prefix begins with /, and does not end with it";
    else if (strstr(prefix, "{*") != NULL)
        why = "a prefix has no rest";
    else if (outer->prefix_size + size >= sizeof level.prefix - 24)
        why = "it is longer than 1000 bytes";
    else if (level.depth > LEVELS_MOST)
        why = "it is nested in more than 32 routers";
    else if (size == 0 && d->fallback != NULL)
        why = "the router that is merged has a fallback";
    if (why != NULL)
        return fails(c, -EINVAL, "", prefix, why);
    memcpy(level.prefix, outer->prefix, outer->prefix_size);
    memcpy(level.prefix + outer->prefix_size, prefix, size);
    level.prefix_size = outer->prefix_size + size;
    level.state = d->state != NULL ? d->state : outer->state;
    level.fallback = d->fallback != NULL ? d->fallback : outer->fallback;
    level.fallback_data = d->fallback != NULL ? d->fallback_data : outer->fallback_data;
    return add_level(c, &level, size > 0);
}

static int add_level(struct compile *c, const struct level *level, bool is_zone)
{
    const bide_http_router_options *d = level->definition;
    int r = 0;

    if (d->layer_count > LAYERS_MOST)
        return fails(c, -EINVAL, "", level->prefix, "the router has more than 16 layers");
    if (is_zone)
        r = add_zone(c, level);
    for (size_t i = 0; r == 0 && i < d->route_count; i++)
        r = add_route(c, level, &d->routes[i]);
    for (size_t i = 0; r == 0 && i < d->nest_count; i++)
        r = add_nest(c, level, &d->nests[i]);
    return r;
}

static const char *text_of(const bide_http_router *r, const struct tree_entry *e)
{
    const struct route_end *end =
        e->is_zone ? route_zone_at(r, e->value) : route_end_at(r, e->value);
    return r->texts.data + end->text;
}

static int conflict(struct compile *c, const struct tree_entry *a, const struct tree_entry *b)
{
    const bide_http_router *r = c->router;
    bide_http_router_failure *f = r->definition.failure;
    const char *method = a->method < 0 ? "*" : r->methods[a->method];

    if (f == NULL)
        return -EEXIST;
    f->error = -EEXIST;
    if (a->is_zone)
        snprintf(f->text, sizeof f->text, "two routers are nested at %.300s", text_of(r, a));
    else
        snprintf(f->text, sizeof f->text, "%s %.150s and %s %.150s are for the same requests",
                 method, text_of(r, a), method, text_of(r, b));
    return -EEXIST;
}

static int make_tree(struct compile *c)
{
    const struct place *places = (const struct place *)(const void *)c->places.data;
    size_t count = c->places.size / sizeof *places, size = count * sizeof(struct tree_entry), a, b;
    struct tree_entry *entries = bide__alloc(size);

    if (entries == NULL)
        return no_memory(c);
    bool none = c->patterns.size == 0; /* all are of no length */
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct tree_entry){.pattern = none ? "" : c->patterns.data + places[i].at,
                                         .size = places[i].size,
                                         .method = places[i].is_zone ? TREE_NONE : places[i].method,
                                         .value = places[i].value,
                                         .is_zone = places[i].is_zone};
    int r = bide__http_tree_new(entries, count, &a, &b, &c->router->tree);
    if (r == -EEXIST)
        r = conflict(c, &entries[a], &entries[b]);
    else if (r < 0)
        r = no_memory(c);
    bide__free(entries, size);
    return r;
}

static int number_or_none(const bide_http_router *r, const char *method)
{
    for (unsigned i = 0; i < r->method_count; i++)
        if (strcmp(r->methods[i], method) == 0)
            return (int)i;
    return TREE_NONE;
}

int bide__http_route_compile(bide_http_router *router)
{
    const bide_http_router_options *d = &router->definition;
    struct compile c = {.router = router};
    struct level level = {.definition = d,
                          .state = d->state,
                          .fallback = d->fallback,
                          .fallback_data = d->fallback_data};

    int r = add_level(&c, &level, true);
    if (r == 0)
        r = make_tree(&c);
    router->get = number_or_none(router, "GET");
    router->head = number_or_none(router, "HEAD");
    bide__http_route_row_free(&c.patterns);
    bide__http_route_row_free(&c.places);
    return r;
}
