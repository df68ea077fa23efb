/*
 * server/home.c: connections come and go, and are told when the server drains.
 */
#include "extra/http/server/inside.h"

#include "lib/sync/wait.h"

#include <bide/runtime.h>

struct bide__http_home *bide__http_home_here(bide_http_server *server)
{
    uint32_t core = bide_core();
    return &server->homes[core < server->core_count ? core : 0];
}

void bide__http_home_enter(bide_http_server *server, struct bide__http_connection *c)
{
    struct bide__http_home *home = c->home;
    lock_take(&home->lock);
    list_append(home, c);
    bool drains = atomic_load_explicit(&home->drains, memory_order_relaxed);
    lock_give(&home->lock);
    atomic_fetch_add_explicit(&server->connections, 1, memory_order_relaxed);
    if (drains)
        bide__pause_end(&c->pause);
}

void bide__http_home_leave(bide_http_server *server, struct bide__http_connection *c)
{
    struct bide__http_home *home = c->home;
    lock_take(&home->lock);
    list_unlink(home, c);
    lock_give(&home->lock);
    atomic_fetch_sub_explicit(&server->connections, 1, memory_order_relaxed);
}

/* A pause is ended under the lock, so that its connection is there; a wake only puts the task into
 * a queue. */
static void tell(struct bide__http_home *home)
{
    lock_take(&home->lock);
    atomic_store_explicit(&home->drains, true, memory_order_relaxed);
    for (struct bide__http_connection *c = home->first; c != NULL; c = c->next)
        bide__pause_end(&c->pause);
    lock_give(&home->lock);
}

void bide__http_drain(bide_http_server *server)
{
    for (uint32_t i = 0; i < server->core_count; i++)
        tell(&server->homes[i]);
    bide_token_cancel(server->draining);
}
