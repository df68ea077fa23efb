/* bench/http/http.h: the parts of bide's server for `./x bench http`. */
#ifndef BENCH_HTTP_HTTP_H
#define BENCH_HTTP_HTTP_H

#include <bide/bide.h>

#include <stdbool.h>

struct bide_http_exchange;

/* websocket.c: sends back the messages of a WebSocket. */
bide_async int websocket(struct bide_http_exchange *x);

extern const bool has_websocket; /* bide is built with libbide-websocket */

#endif
