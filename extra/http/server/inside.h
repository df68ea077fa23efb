/*
 * inside.h: how the parts of a server fit together.
 *
 *   server.c      a server is made, gets listeners, and is freed
 *   home.c        connections come and go; the drain is told to all of them
 *   accept.c      the loops that accept
 *   connection.c  one connection: TLS, which protocol, its end
 *   run.c         a server runs, on each core, and ends
 *   metrics.c     what it does, for a registry
 *
 * Invariants
 *  - The server outlives its connections: run and serve_stream return when theirs have ended.
 *  - A connection is in the list of its home from its beginning to its end, and has a place of
 *    `places`.
 *  - `draining` is cancelled once, by whoever begins the drain, and then nothing is accepted.
 */
#ifndef BIDE_EXTRA_HTTP_SERVER_INSIDE_H
#define BIDE_EXTRA_HTTP_SERVER_INSIDE_H

#include "extra/http/exchange/exchange.h"

#include <bide/lock.h>

/* Where a server listens. With an address each core has a listener of its own. */
struct bide__http_place {
    struct bide__http_place *next;
    bide_address address;   /* size 0: the listener was given, or is on a Unix socket */
    uint32_t core;          /* that uses `tcp` or `of_unix` */
    bide_tcp_listener *tcp; /* NULL: it is `of_unix`, or was handed to its loop */
    bide_unix_listener *of_unix;
};

struct bide_http_server {
    struct bide__http_settings settings;
    struct bide__http_place *first, *last;
    int port;         /* of the first TCP listener; 0: there is none */
    atomic_bool runs; /* two tasks may try to run it */
    uint32_t core_count;
    bide_semaphore places; /* for connections */
    bide_token *draining;
    bide_shutdown *shutdown; /* while it runs; may be NULL */
    bide_shutdown_hook hook;
    _Atomic uint64_t accepted;
    _Atomic uint32_t connections;
    struct bide__http_home homes[]; /* one for each core */
};

/* ---- home.c ---- */

/* The home for connections that the caller accepts. */
struct bide__http_home *bide__http_home_here(bide_http_server *server);

void bide__http_home_enter(bide_http_server *server, struct bide__http_connection *c);
void bide__http_home_leave(bide_http_server *server, struct bide__http_connection *c);

/* Tells all connections, and the loops that accept. Any thread; may be called again. */
void bide__http_drain(bide_http_server *server);

#endif
