/*
 * dispatch.c: a request finds its route, and goes through the layers to its handler.
 *
 * What has no route goes through the layers of its zone to one of the handlers here, which answer
 * 404, 405 and OPTIONS. So CORS and logs see these too.
 */
#include "lib/async.h"

#include "extra/http/route/inside.h"
#include "extra/http/route/route.h"

#include <bide/task.h>

enum { ALLOW_MOST = TREE_METHODS_MOST * 34 };

static struct bide__http_match *match_of(const bide_http_exchange *x)
{
    return x->route;
}

/* ---- the answers of a router itself ---- */

static size_t put(char *out, size_t n, const char *text)
{
    size_t size = strlen(text);
    if (n > 0) {
        memcpy(out + n, ", ", 2);
        n += 2;
    }
    memcpy(out + n, text, size);
    return n + size;
}

static bool has_method(const bide_http_router *r, uint32_t methods, const char *name)
{
    for (unsigned i = 0; i < r->method_count; i++)
        if ((methods & UINT32_C(1) << i) != 0 && strcmp(r->methods[i], name) == 0)
            return true;
    return false;
}

/* HEAD comes with GET, and OPTIONS is always answered. */
static int set_allow(bide_http_exchange *x)
{
    const struct bide__http_match *m = match_of(x);
    const bide_http_router *r = m->router;
    char allow[ALLOW_MOST + 1];
    size_t n = 0;

    for (unsigned i = 0; i < r->method_count; i++) {
        if ((m->methods & UINT32_C(1) << i) == 0)
            continue;
        n = put(allow, n, r->methods[i]);
        if (strcmp(r->methods[i], "GET") == 0 && !has_method(r, m->methods, "HEAD"))
            n = put(allow, n, "HEAD");
    }
    if (!has_method(r, m->methods, "OPTIONS"))
        n = put(allow, n, "OPTIONS");
    allow[n] = '\0';
    return bide_http_header_set(x, "Allow", allow);
}

static bide_async int answer_options(bide_http_exchange *x)
{
    int r = match_of(x)->methods != 0 ? set_allow(x) : 0;
    return r < 0 ? r : bide_http_reply_status(x, 204);
}

static bide_async int answer_method(bide_http_exchange *x)
{
    int r = set_allow(x);
    return r < 0 ? r : bide_http_fail(x, 405, NULL);
}

static bide_async int answer_missing(bide_http_exchange *x)
{
    return bide_http_fail(x, 404, NULL);
}

/* ---- the lookup ---- */

static int number_of(const bide_http_router *r, const bide_http_exchange *x)
{
    const char *base = x->request.fields.base + x->request.method_text.at;
    size_t size = x->request.method_text.size;

    for (unsigned i = 0; i < r->method_count; i++)
        if (strncmp(r->methods[i], base, size) == 0 && r->methods[i][size] == '\0')
            return (int)i;
    return TREE_NONE;
}

/* The path in the form of the tree; the request's own, if that has no percent codes. */
static const char *normal_path(bide_http_exchange *x, size_t *size)
{
    const char *path = bide__http_request_path(x, size);

    if (*size == 0 || memchr(path, '%', *size) == NULL)
        return path;
    char *copy = bide_http_alloc(x, *size);
    if (copy != NULL)
        *size = bide__http_route_normal(path, *size, copy);
    return copy;
}

static void choose(bide_http_exchange *x, struct bide__http_match *m,
                   const struct tree_found *found)
{
    const bide_http_router *r = m->router;

    m->is_found = found->value != TREE_NONE;
    m->end = m->is_found ? route_end_at(r, found->value) : route_zone_at(r, found->zone);
    m->layers = route_layers(r, m->end);
    m->layer_count = m->end->layer_count;
    m->handler = m->end->handler;
    m->data = m->end->data;
    m->methods = found->methods;
    m->value_count = found->count;
    memcpy(m->values, found->values, found->count * sizeof m->values[0]);
    if (m->is_found)
        return;
    bool is_options = x->request.method == BIDE__METHOD_OPTIONS;
    bool is_server = m->path[0] == '*';
    if (is_options && (found->has_path || is_server))
        m->handler = bide_ref(answer_options);
    else if (found->has_path)
        m->handler = bide_ref(answer_method);
    else if (m->handler == NULL)
        m->handler = bide_ref(answer_missing);
}

static int look_up(bide_http_exchange *x, const bide_http_router *r)
{
    struct bide__http_match *m = bide_http_alloc(x, sizeof *m);
    struct tree_found found;
    size_t size;

    if (m == NULL)
        return -ENOMEM;
    *m = (struct bide__http_match){.router = r, .path = normal_path(x, &size)};
    if (m->path == NULL)
        return -ENOMEM;
    int method = number_of(r, x);
    int second = x->request.method == BIDE__METHOD_HEAD ? r->get : TREE_NONE;
    bide__http_tree_find(r->tree, m->path, size, method, second, &found);
    if (found.zone == TREE_NONE) /* the path does not begin with a slash */
        found.zone = 0;
    choose(x, m, &found);
    x->route = m;
    x->state = m->end->state;
    x->route_text = bide_http_matched_path(x);
    if ((m->end->flags & BIDE_HTTP_ROUTE_GONE_CANCEL) != 0)
        bide_http_gone_set(x, BIDE_HTTP_GONE_CANCEL);
    else if ((m->end->flags & BIDE_HTTP_ROUTE_GONE_RUN) != 0)
        bide_http_gone_set(x, BIDE_HTTP_GONE_RUN);
    return 0;
}

bide_async int bide_http_serve_router(bide_http_exchange *x)
{
    if (x->state == NULL)
        return bide__http_misused(x, "bide_http_serve_router: the server's state is no router");
    int r = look_up(x, x->state);
    if (r < 0)
        return r;
    const struct bide__http_match *m = match_of(x);
    bide_http_handler first = m->layer_count > 0 ? m->layers[0].run : m->handler;
    return bide_await (*first)(x);
}

/* ---- layers ---- */

bide_async int bide_http_next(bide_http_exchange *x)
{
    struct bide__http_match *m = match_of(x);

    if (m == NULL || m->at == m->layer_count)
        return bide__http_misused(x, "bide_http_next: it is called in a handler, not in a layer");
    if (m->inmost > m->at)
        return bide__http_misused(x, "bide_http_next: a layer calls it a second time");
    uint32_t mine = m->at;
    m->inmost = ++m->at;
    bide_defer {
        m->at = mine;
    }
    bide_http_handler inner = m->at < m->layer_count ? m->layers[m->at].run : m->handler;
    return bide_await (*inner)(x);
}

const void *bide_http_layer_data(const bide_http_exchange *x)
{
    const struct bide__http_match *m = match_of(x);

    if (m == NULL)
        return NULL;
    return m->at < m->layer_count ? m->layers[m->at].data : m->data;
}

const char *bide_http_matched_path(const bide_http_exchange *x)
{
    const struct bide__http_match *m = match_of(x);
    return m != NULL && m->is_found ? m->router->texts.data + m->end->text : NULL;
}

const char *bide__http_route_value(const bide_http_exchange *x, const char *name, size_t *size)
{
    const struct bide__http_match *m = match_of(x);

    for (unsigned i = 0; m != NULL && i < m->value_count; i++) {
        const struct route_name *names =
            (const struct route_name *)(const void *)m->router->names.data;
        const struct route_name *n = &names[m->end->first_name + i];
        if (strlen(name) == n->size && memcmp(m->router->texts.data + n->at, name, n->size) == 0) {
            *size = m->values[i].size;
            return m->path + m->values[i].at;
        }
    }
    return NULL;
}
