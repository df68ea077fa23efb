/*
 * An HTTP server over TLS: requests, idle connections, and clients that do not finish the
 * handshake.
 */
#include <bide/http_server.h>
#include <bide/net.h>
#include <bide/tls.h>

#include "peer.h"

#include "../extra/tls_certs.h"

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
static bide_tls_context *client_tls, *server_tls;
static bide_task(int) running;

static async int tell(bide_http_exchange *x)
{
    bide_address peer;
    char *data;
    size_t size;
    int rc = await bide_http_body_all(x, &data, &size);
    if (rc < 0)
        return rc;
    CHECK_EQ(bide_http_peer(x, &peer), 0);
    CHECK_STR(bide_tls_version_name((bide_stream *)(uintptr_t)bide_http_connection(x)), "TLSv1.3");
    return bide_http_reply_format(x, 200, "%s %zu", bide_http_scheme(x), size);
}

static void begin(void)
{
    struct cert cert = cert_new("localhost", NULL, &(struct cert_kind){.names = "DNS:localhost"});
    bide_tls_identity identity = {.certificate = cert.certificate, .key = cert.key};
    CHECK_EQ(bide_tls_server_new(&(bide_tls_options){.identities = &identity, .identity_count = 1},
                                 &server_tls),
             0);
    CHECK_EQ(bide_tls_client_new(&(bide_tls_options){.verify = BIDE_TLS_VERIFY_NONE}, &client_tls),
             0);
    cert_free(&cert);
    serve_with(bide_ref(tell), &(bide_http_server_options){.tls = server_tls});
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
}

static void end(void)
{
    serve_end();
    bide_tls_context_drop(client_tls);
    bide_tls_context_drop(server_tls);
}

static async int finish(void)
{
    int rc = -1;
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &rc), 0);
    return rc;
}

static async int connect_plain(bide_stream **stream)
{
    return await bide_tcp_connect("127.0.0.1", (uint16_t)bide_http_server_port(server), stream);
}

static async int talk(const char *data, size_t size)
{
    bide_stream *plain, *tls;
    running = bide_spawn(bide_http_server_run(server, &stop));
    CHECK_EQ(await connect_plain(&plain), 0);
    CHECK_EQ(await bide_tls_connect(client_tls, plain, "localhost", &tls), 0);
    await bide_join((void)peer_send(tls, data, size, false), (void)peer_receive(tls));
    bide_stream_close(tls);
    return await finish();
}

#define TOLD(size, text) HEAD("200 OK", TEXT "Content-Length: " size "\r\n") text

TEST(requests_are_served_over_tls)
{
    static char request[200000];
    begin();
    int n = sprintf(request, GET("/") GET("/") "POST / HTTP/1.1\r\nHost: a\r\n"
                                               "Content-Length: 100000\r\n\r\n");
    memset(request + n, 'b', 100000);
    CHECK_EQ(bide_block_on(talk(request, (size_t)n + 100000)), 0);
    CHECK_STR(peer_answer, TOLD("7", "https 0") TOLD("7", "https 0") TOLD("12", "https 100000"));
    end();
}

/* It says nothing, or something else; and one that is served meanwhile. */
static async int stall(void)
{
    bide_stream *silent, *other;
    char byte;
    bide_instant begun = bide_now();
    running = bide_spawn(bide_http_server_run(server, &stop));
    CHECK_EQ(await connect_plain(&silent), 0);
    CHECK_EQ(await connect_plain(&other), 0);
    CHECK_EQ(await peer_send(other, GET("/"), strlen(GET("/")), false), 0);
    while (await bide_stream_read(other, &byte, 1) > 0)
        continue; /* an alert */
    CHECK(bide_elapsed(begun).ns < BIDE_S(1).ns);
    CHECK(await bide_stream_read(silent, &byte, 1) <= 0);
    CHECK_EQ(bide_elapsed(begun).ns, BIDE_S(10).ns);
    bide_stream_close(silent);
    bide_stream_close(other);
    return await finish();
}

TEST(a_handshake_has_so_much_time)
{
    begin();
    CHECK_EQ(bide_block_on(stall()), 0);
    end();
}
