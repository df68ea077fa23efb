/*
 * server/async.h: the async functions of the room.
 */
#ifndef BIDE_EXTRA_HTTP_SERVER_ASYNC_H
#define BIDE_EXTRA_HTTP_SERVER_ASYNC_H

#include "extra/http/server/inside.h"

/* ---- connection.c ---- */

/* Serves a connection, and closes the stream. `accepted`: it came from a listener, so it has a
 * place, and TLS is its business. 0 or -ENOMEM. */
bide_async int bide__http_connection_serve(bide_http_server *server, bide_stream *stream,
                                           bool accepted);

/* ---- accept.c ---- */

/* Accepts until the server drains, closes the listener of the place, and waits for the connections.
 * 0, or an error of the listener. */
bide_async int bide__http_accept(bide_http_server *server, struct bide__http_place *place);

#endif
