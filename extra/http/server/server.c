/*
 * server/server.c: a server is made, gets listeners, and is freed. See bide/http_server.h.
 */
#include "extra/http/server/inside.h"

#include "extra/http/h1/h1.h"

#include <bide/runtime.h>
#include <bide/tls.h>

static size_t server_size(uint32_t cores)
{
    return sizeof(bide_http_server) + cores * sizeof(struct bide__http_home);
}

static uint32_t cores_here(void)
{
    bide_runtime *rt = bide_runtime_current();
    return rt == NULL ? 1 : bide_runtime_cores(rt);
}

static int make(bide_http_server *s, bide_http_handler handler,
                const bide_http_server_options *options)
{
    int rc = bide__http_settings_fill(&s->settings, handler, options);
    if (rc == 0)
        rc = bide_token_new(&s->draining);
    if (rc < 0)
        return rc;
    s->places = (bide_semaphore)BIDE_SEMAPHORE_INIT(s->settings.o.connections_max);
    for (uint32_t i = 0; i < s->core_count; i++) {
        s->homes[i].settings = &s->settings;
        s->homes[i].draining = s->draining;
    }
    return 0;
}

int bide_http_server_new(bide_http_handler handler, const bide_http_server_options *options,
                         bide_http_server **server)
{
    uint32_t cores = cores_here();
    bide_http_server *s = bide__alloc(server_size(cores));
    *server = NULL;
    if (s == NULL)
        return -ENOMEM;
    memset(s, 0, server_size(cores));
    s->core_count = cores;
    int rc = make(s, handler, options);
    if (rc < 0) {
        bide__free(s, server_size(cores));
        return rc;
    }
    *server = s;
    return 0;
}

static void free_places(bide_http_server *s)
{
    for (struct bide__http_place *p = s->first, *next; p != NULL; p = next) {
        next = p->next;
        bide_tcp_listener_close(p->tcp);
        bide_unix_listener_close(p->of_unix);
        bide__free(p, sizeof *p);
    }
}

void bide_http_server_free(bide_http_server *s)
{
    if (s == NULL)
        return;
    free_places(s);
    for (uint32_t i = 0; i < s->core_count; i++) {
        bide__h1_kits_free(&s->homes[i]);
        if (s->homes[i].squeezes_free != NULL)
            s->homes[i].squeezes_free(s->homes[i].squeezes);
    }
    bide_token_drop(s->draining);
    bide__free(s->homes[0].meter, sizeof(struct bide__http_meter));
    bide__free(s, server_size(s->core_count));
}

/* ---- listeners ---- */

static int add(bide_http_server *s, const struct bide__http_place *what)
{
    struct bide__http_place *place = bide__alloc(sizeof *place);
    if (place == NULL)
        return -ENOMEM;
    *place = *what;
    place->core = bide_core();
    if (s->last != NULL)
        s->last->next = place;
    else
        s->first = place;
    s->last = place;
    if (place->tcp != NULL && s->port == 0)
        s->port = bide_tcp_port(place->tcp);
    return 0;
}

/* Each core has a listener of its own: the first one now, to see that it can be had. */
int bide_http_server_listen(bide_http_server *s, const char *host, uint16_t port)
{
    struct bide__http_place place = {0};
    bide_tcp_options options = {.nodelay = true, .reuse_port = s->core_count > 1};
    if (s->runs)
        return -EBUSY;
    int rc = bide_tcp_listen_with(host, port, &options, &place.tcp);
    if (rc == 0)
        rc = bide_tcp_listener_address(place.tcp, &place.address);
    if (rc == 0)
        rc = add(s, &place);
    if (rc < 0)
        bide_tcp_listener_close(place.tcp);
    return rc;
}

int bide_http_server_listen_unix(bide_http_server *s, const char *path)
{
    bide_unix_listener *listener;
    int rc = s->runs ? -EBUSY : bide_unix_listen(path, NULL, &listener);
    if (rc < 0)
        return rc;
    rc = bide_http_server_add_unix(s, listener);
    if (rc < 0)
        bide_unix_listener_close(listener);
    return rc;
}

int bide_http_server_add_tcp(bide_http_server *s, bide_tcp_listener *listener)
{
    struct bide__http_place place = {.tcp = listener};
    return s->runs ? -EBUSY : add(s, &place);
}

int bide_http_server_add_unix(bide_http_server *s, bide_unix_listener *listener)
{
    struct bide__http_place place = {.of_unix = listener};
    return s->runs ? -EBUSY : add(s, &place);
}

int bide_http_server_port(const bide_http_server *s)
{
    return s->port == 0 ? -ENOENT : s->port;
}

void bide_http_server_metrics_read(const bide_http_server *s, bide_http_server_metrics *metrics)
{
    *metrics = (bide_http_server_metrics){
        .accepted = atomic_load_explicit(&s->accepted, memory_order_relaxed),
        .connections = atomic_load_explicit(&s->connections, memory_order_relaxed),
    };
    for (uint32_t i = 0; i < s->core_count; i++)
        metrics->requests += atomic_load_explicit(&s->homes[i].requests, memory_order_relaxed);
}
