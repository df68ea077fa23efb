/*
 * layer.h: what the room layer does.
 *
 *   log.c timing.c timeout.c gate.c rate.c cors.c compress.c id.c auth.c secure.c   middleware
 *   file.c folder.c events.c                       files, folders, streams of events
 *   condition.c range.c media.c accept.c           what files and compression rest on, without I/O
 *   squeeze.c                                      zlib and brotli
 *
 * Requires the rooms exchange and route. Nothing is above it but servers; its public face is
 * bide/http_layer.h. Layers have no state but in the objects that have a constructor there, and in
 * the memory of exchanges.
 */
#ifndef BIDE_HTTP_LAYER_INNER_H
#define BIDE_HTTP_LAYER_INNER_H

#include "extra/http/exchange/exchange.h"
#include "extra/http/exchange/typed.h"
#include "extra/http/layer/accept.h"

#include <bide/http_layer.h>

/* The bytes of the client's address that limits and tables count by: 4, or 8 of IPv6; 0: it has
 * none. */
size_t bide__http_client_key(const bide_http_exchange *x, const bide_http_proxies *proxies,
                             unsigned char key[8]);

/* Adds a name to Vary, unless it is there. */
int bide__http_vary(bide_http_exchange *x, const char *name);

/* A header of the response has this token in its list. */
bool bide__http_header_has(const bide_http_exchange *x, enum bide__http_name name,
                           const char *token);

/* How much the client likes each coding, as bide__http_accept_encoding: all lines together say so;
 * of two weights of a coding the greater one counts. */
void bide__http_accepted(const bide_http_exchange *x, unsigned weights[CODINGS]);

#endif
