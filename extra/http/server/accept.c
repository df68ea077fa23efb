/*
 * server/accept.c: the loop that accepts connections, each a task in the scope of the loop.
 *
 * A connection needs a place before it is accepted. While there is none, clients wait in the
 * backlog of the listener.
 */
#include "lib/async.h"

#include "extra/http/server/async.h"

#include <bide/task.h>

/* 0, or -ESHUTDOWN: the server drains. */
static bide_async int take_place(bide_http_server *server)
{
    int rc = bide_semaphore_try_acquire(&server->places, 1);
    if (rc != -EAGAIN)
        return rc;
    bide__http_refused(&server->homes[0], BIDE__HTTP_REFUSED_CONNECTIONS);
    int taken = -ECANCELED;
    bide_await bide_select_biased((void)bide_token_wait(server->draining),
                                  taken = bide_semaphore_acquire(&server->places, 1));
    return taken == 0 ? 0 : -ESHUTDOWN;
}

static bide_async int accept_one(struct bide__http_place *place, bide_stream **stream)
{
    return place->tcp != NULL ? bide_await bide_tcp_accept(place->tcp, stream)
                              : bide_await bide_unix_accept(place->of_unix, stream);
}

static void close_place(bide_http_server *server, struct bide__http_place *place, bool holds)
{
    bide_tcp_listener_close(place->tcp);
    bide_unix_listener_close(place->of_unix);
    place->tcp = NULL;
    place->of_unix = NULL;
    if (holds)
        bide_semaphore_release(&server->places, 1);
}

/* What a task that could not be made would have done. */
static void give_up(bide_http_server *server, bide_stream *stream)
{
    bide_stream_close(stream);
    bide_semaphore_release(&server->places, 1);
}

static int outcome(bide_http_server *server, int rc)
{
    if (rc == -ESHUTDOWN)
        return 0;
    bide__http_complain(&server->settings, NULL, rc, "a listener failed");
    return rc;
}

bide_async int bide__http_accept(bide_http_server *server, struct bide__http_place *place)
{
    bide_stream *stream;
    bool holds = false;
    int rc;
    bide_scope(connections) {
        bide_defer {
            close_place(server, place, holds);
        }
        while ((rc = bide_await take_place(server)) == 0) {
            holds = true;
            rc = bide_await accept_one(place, &stream);
            if (rc < 0)
                break;
            holds = false;
            bide_task(int) task =
                bide_scope_spawn(connections, bide__http_connection_serve(server, stream, true));
            if (bide_task_is_unmade(task))
                give_up(server, stream);
        }
    }
    return outcome(server, rc);
}
