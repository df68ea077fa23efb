/*
 * server/run.c: a server runs, on each core, and ends.
 *
 * The drain begins by a hook of the shutdown, which stops the loops that accept, ends idle
 * connections, and tells the others. The loops end when their connections have. If that takes
 * longer than the drain may last, everything is cancelled, as by a cancellation of the call.
 */
#include "lib/async.h"

#include "extra/http/server/async.h"

#include <bide/runtime.h>
#include <bide/task.h>
#include <bide/time.h>

bide_async int bide_http_server_run(bide_http_server *server, bide_shutdown *shutdown);

/* ---- a core ---- */

/* Another core listens on the same address. */
static int copy_place(bide_http_server *server, const struct bide__http_place *from,
                      struct bide__http_place *place)
{
    bide_tcp_options options = {.nodelay = true, .reuse_port = true};
    *place = (struct bide__http_place){0};
    int rc = bide_tcp_listen_on(&from->address, &options, &place->tcp);
    if (rc < 0)
        bide__http_complain(&server->settings, NULL, rc, "a core cannot listen");
    return rc;
}

static bide_async int accept_copy(bide_http_server *server, const struct bide__http_place *from)
{
    struct bide__http_place place;
    int rc = copy_place(server, from, &place);
    if (rc < 0)
        return rc;
    if (server->shutdown != NULL)
        bide_shutdown_add_tcp(server->shutdown, place.tcp);
    return bide_await bide__http_accept(server, &place);
}

static bide_async int accept_own(bide_http_server *server, struct bide__http_place *place)
{
    if (server->shutdown != NULL && place->tcp != NULL)
        bide_shutdown_add_tcp(server->shutdown, place->tcp);
    if (server->shutdown != NULL && place->of_unix != NULL)
        bide_shutdown_add_unix(server->shutdown, place->of_unix);
    return bide_await bide__http_accept(server, place);
}

/* All places of this core; the first one that fails ends the others. */
static bide_async int run_core(bide_http_server *server)
{
    uint32_t core = bide_core();
    int rc;
    bide_try_scope(loops, rc) {
        for (struct bide__http_place *p = server->first; p != NULL; p = p->next) {
            if (p->core == core)
                bide_scope_spawn(loops, accept_own(server, p));
            else if (p->address.size > 0)
                bide_scope_spawn(loops, accept_copy(server, p));
        }
    }
    return rc;
}

/* ---- all cores ---- */

/* The task on another core, which lives as long as this one. */
static bide_async int run_other(bide_http_server *server, uint32_t core)
{
    int rc = 0;
    bide_task(int) task = bide_spawn_at(core, run_core(server));
    bide_defer {
        (void)bide_await bide_task_cancel(task);
    }
    int error = bide_await bide_task_wait(task);
    if (error == 0)
        error = bide_await bide_task_join(task, &rc);
    return error < 0 ? error : rc;
}

static bide_async int run_all(bide_http_server *server)
{
    uint32_t core = bide_core();
    int rc;
    if (server->core_count == 1)
        return bide_await run_core(server);
    bide_try_scope(cores, rc) {
        for (uint32_t i = 0; i < server->core_count; i++)
            if (i != core)
                bide_scope_spawn(cores, run_other(server, i));
        bide_scope_spawn(cores, run_core(server));
    }
    return rc;
}

/* ---- its end ---- */

static void begin_drain(void *argument)
{
    bide__http_drain(argument);
}

static void end(bide_http_server *server)
{
    bide_shutdown_hook_remove(&server->hook);
    server->shutdown = NULL;
    server->runs = false;
}

/* Returns when the time for the drain is over. */
static bide_async int drain_limit(bide_http_server *server)
{
    bide_await bide_token_wait(server->draining);
    return bide_await bide_sleep(server->settings.o.drain);
}

bide_async int bide_http_server_run(bide_http_server *server, bide_shutdown *shutdown)
{
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_http_server_run");
    if (server->first == NULL)
        return -ENOENT;
    if (atomic_exchange(&server->runs, true))
        return -EBUSY;
    server->shutdown = shutdown;
    server->hook = (bide_shutdown_hook){.run = begin_drain, .argument = server};
    bide_defer {
        end(server);
    }
    if (shutdown != NULL)
        bide_shutdown_add_hook(shutdown, &server->hook);
    int rc = -ETIMEDOUT;
    bide_await bide_select_biased(rc = run_all(server), (void)drain_limit(server));
    return rc;
}
