/*
 * h1.h: a connection of HTTP/1.1, on the server's side (RFC 9112). Room h1.
 *
 * Requires a connection (exchange/exchange.h) and the parser (message/parse.h). Establishes that
 * requests are answered one after another, in their order, each by an exchange.
 */
#ifndef BIDE_EXTRA_HTTP_H1_H
#define BIDE_EXTRA_HTTP_H1_H

#include "extra/http/exchange/exchange.h"

/*
 * Serves the connection until it has ended. It closes no stream; c->stream is NULL afterwards if it
 * was handed to a handler. Returns 0, -ENOMEM, or 1 if the client speaks HTTP/2 by prior knowledge
 * (RFC 9113, 3.3): then nothing was sent, and c->ahead has what was read, the preface first.
 * Cancelled: what is under way is cancelled, and the connection is to be closed.
 */
bide_async int bide__h1_serve(struct bide__http_connection *c);

/* Frees the memory that the home keeps for connections. */
void bide__h1_kits_free(struct bide__http_home *home);

#endif
