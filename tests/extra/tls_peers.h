/*
 * tls_peers.h: an authority, a server "localhost" of its, the contexts of both sides, and pairs of
 * connections.
 *
 *   peers_begin();                           makes the certificates and contexts
 *   await peers_meet(near, far, "localhost");     peers.client and peers.server are TLS streams
 *   ...
 *   peers_part();                            closes both
 *   peers_end();
 */
#ifndef BIDE_TESTS_TLS_PEERS_H
#define BIDE_TESTS_TLS_PEERS_H

#include <bide/bide.h>
#include <bide/tls.h>

#include <errno.h>

#include "check.h"
#include "tls_certs.h"

static struct {
    struct cert ca, cert;
    bide_tls_context *of_client, *of_server;
    bide_stream *client, *server; /* NULL: not open */
    bide_tls_failure client_failure, server_failure;
} peers;

/* No call leaves anything in the queue of the thread, which it has not left during the await. */
static inline void check_queue(const char *file, int line)
{
    check_eq(file, line, "ERR_peek_error()", (long long)ERR_peek_error(), 0);
}
#define CHECK_QUEUE() check_queue(__FILE__, __LINE__)

static inline bide_tls_context *peers_client(bide_tls_options options)
{
    bide_tls_context *context;
    options.ca = options.ca != NULL ? options.ca : peers.ca.certificate;
    CHECK_EQ(bide_tls_client_new(&options, &context), 0);
    CHECK_QUEUE();
    return context;
}

static inline bide_tls_context *peers_server(const struct cert *cert, bide_tls_options options)
{
    bide_tls_context *context;
    bide_tls_identity identity = {0};
    if (options.identity_count == 0) {
        identity.certificate = cert->certificate;
        identity.key = cert->key;
        options.identities = &identity;
        options.identity_count = 1;
    }
    CHECK_EQ(bide_tls_server_new(&options, &context), 0);
    CHECK_QUEUE();
    return context;
}

static inline void peers_begin(void)
{
    peers.ca = cert_new("the authority", NULL, &(struct cert_kind){.is_ca = true});
    peers.cert = cert_new("localhost", &peers.ca,
                          &(struct cert_kind){.names = "DNS:localhost,IP:127.0.0.1,IP:::1"});
    peers.of_client = peers_client((bide_tls_options){0});
    peers.of_server = peers_server(&peers.cert, (bide_tls_options){0});
}

static inline void peers_end(void)
{
    bide_tls_context_drop(peers.of_client);
    bide_tls_context_drop(peers.of_server);
    cert_free(&peers.ca);
    cert_free(&peers.cert);
}

static inline void peers_part(void)
{
    bide_stream_close(peers.client);
    bide_stream_close(peers.server);
    peers.client = peers.server = NULL;
}

static async int peers__connect(bide_tls_context *context, bide_stream *stream, const char *host)
{
    bide_tls_stream_options options = {.host = host, .failure = &peers.client_failure};
    int r = await bide_tls_connect_with(context, stream, &options, &peers.client);
    CHECK_QUEUE();
    CHECK((r == 0) == (peers.client != NULL));
    if (r < 0)
        bide_stream_close(stream); /* the other side learns of it */
    return r;
}

static async int peers__accept(bide_tls_context *context, bide_stream *stream)
{
    bide_tls_stream_options options = {.failure = &peers.server_failure};
    int r = await bide_tls_accept_with(context, stream, &options, &peers.server);
    CHECK_QUEUE();
    CHECK((r == 0) == (peers.server != NULL));
    if (r < 0)
        bide_stream_close(stream);
    return r;
}

/* What the two calls returned. The streams are closed if they fail. */
struct meeting {
    int client, server;
};

static async struct meeting peers_meet_on(bide_tls_context *client, bide_tls_context *server,
                                          bide_stream *near, bide_stream *far, const char *host)
{
    struct meeting m = {0, 0};
    peers.client_failure = peers.server_failure = (bide_tls_failure){0};
    await bide_join(m.client = peers__connect(client, near, host),
                    m.server = peers__accept(server, far));
    return m;
}

/* On a pair in memory. */
static inline async struct meeting peers_try(bide_tls_context *client, bide_tls_context *server,
                                             const char *host)
{
    bide_stream *near, *far;
    CHECK_EQ(bide_stream_pair(300, &near, &far), 0);
    return await peers_meet_on(client, server, near, far, host);
}

/* With the usual contexts, and success. */
static inline async void peers_meet(bide_stream *near, bide_stream *far)
{
    struct meeting m =
        await peers_meet_on(peers.of_client, peers.of_server, near, far, "localhost");
    CHECK_ERR(m.client, 0);
    CHECK_ERR(m.server, 0);
}

static inline async void peers_meet_in_memory(size_t capacity)
{
    bide_stream *near, *far;
    CHECK_EQ(bide_stream_pair(capacity, &near, &far), 0);
    await peers_meet(near, far);
}

/* The two ends of a TCP connection. */
static inline async void peers_tcp(bide_stream **near, bide_stream **far)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, far), 0);
    bide_tcp_listener_close(listener);
}

#endif
