/*
 * server/connection.c: one connection: the handshake of TLS, which protocol is spoken, its end.
 */
#include "lib/async.h"

#include "extra/http/h1/h1.h"
#include "extra/http/h2/h2.h"
#include "extra/http/server/async.h"

#include <bide/time.h>
#include <bide/tls.h>

/* Not in a frame, so that what a handler awaits finds room in the memory that its task has. */
static struct bide__http_connection *begin(bide_http_server *server, bide_stream *stream)
{
    struct bide__http_connection *c = bide__alloc(sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (struct bide__http_connection){.settings = &server->settings,
                                        .home = bide__http_home_here(server),
                                        .stream = stream,
                                        .transport = stream,
                                        .is_secure = bide_tls_alpn(stream) != NULL};
    bide__http_home_enter(server, c);
    atomic_fetch_add_explicit(&server->accepted, 1, memory_order_relaxed);
    return c;
}

static void end(bide_http_server *server, struct bide__http_connection *c, bide_stream *stream,
                bool accepted)
{
    if (c != NULL) {
        bide__http_home_leave(server, c);
        bide__free(c->ahead, c->ahead_size);
        stream = c->stream;
        bide__free(c, sizeof *c);
    }
    bide_stream_close(stream);
    if (accepted)
        bide_semaphore_release(&server->places, 1);
}

/* 0: the handshake is done. */
static bide_async int shake_hands(bide_http_server *server, struct bide__http_connection *c)
{
    bide_stream *tls = NULL;
    int rc = 0;
    int late =
        bide_await bide_timeout(server->settings.o.handshake_timeout,
                                rc = bide_tls_accept(server->settings.o.tls, c->stream, &tls));
    if (late < 0 || rc < 0)
        return late < 0 ? late : rc;
    c->stream = tls;
    c->is_secure = true;
    return 0;
}

/* TLS has chosen HTTP/2 (RFC 9113, 3.2). */
static bool speaks_h2(const struct bide__http_connection *c)
{
    const char *chosen = bide_tls_alpn(c->stream);
    return chosen != NULL && strcmp(chosen, "h2") == 0;
}

bide_async int bide__http_connection_serve(bide_http_server *server, bide_stream *stream,
                                           bool accepted)
{
    struct bide__http_connection *c = begin(server, stream);
    bide_defer {
        end(server, c, stream, accepted);
    }
    if (c == NULL)
        return -ENOMEM;
    if (accepted && server->settings.o.tls != NULL && bide_await shake_hands(server, c) < 0) {
        bide__http_refused(c->home, BIDE__HTTP_REFUSED_HANDSHAKE);
        return 0;
    }
    int rc = speaks_h2(c) ? 1 : bide_await bide__h1_serve(c);
    if (rc == 1)
        rc = bide_await bide__h2_serve(c);
    return rc < 0 ? rc : 0;
}

bide_async int bide_http_server_serve_stream(bide_http_server *server, bide_stream *stream);

bide_async int bide_http_server_serve_stream(bide_http_server *server, bide_stream *stream)
{
    return bide_await bide__http_connection_serve(server, stream, false);
}
