/*
 * bench/http.c: the server of `./x bench http` on bide: a service as its users write it, with a
 * router and typed access. bench/http/peers, hyper and go have the same one, with the same
 * arguments.
 *
 *   http plain|bodies|file|tls|h2|h2tls|ws
 *
 *   GET  /plaintext              "Hello, World!", as text/plain
 *   GET  /json                   {"message":"Hello, World!"}, written by the library for JSON
 *   GET  /users/{id}/posts/{no}  "ID NO"
 *   POST /receive                "NAME AGE" of the JSON in the body
 *   POST /echo                   the body
 *   GET  /large                  1 MiB
 *   GET  /chunks                 100 KiB, sent in pieces of 1 KiB, without a length
 *   GET  /ws                     a WebSocket, which sends back its messages
 *
 * All have Date, Server, Content-Type and, but for the chunks, Content-Length. The argument says
 * over what: tls and h2tls are TLS with HTTP/1.1 or HTTP/2, as the client wants, with the
 * certificate in the folder HTTP_DATA; h2 is HTTP/2 without TLS.
 *
 * It prints the number of its port and serves until it is killed. The exit status is 77 if this
 * build cannot do what was asked for.
 */
#include "bench/common/driver.h"
#include "bench/http/http.h"

#include <bide/bide.h>

enum { NOT_BUILT = 77 };

#ifdef BENCH_HTTP

#include <bide/http_route.h>
#include <bide/http_server.h>
#include <bide/json.h>
#include <bide/tls.h>

enum { LARGE = 1 << 20, PIECE = 1024, PIECES = 100 };

static async int plaintext(bide_http_exchange *x)
{
    static const char hello[] = "Hello, World!";
    return bide_http_reply_borrowed(x, 200, "text/plain", hello, sizeof hello - 1);
}

static async int send_json(bide_http_exchange *x)
{
    return bide_http_reply_json(x, 200, "{s:s}", "message", "Hello, World!");
}

static async int show_post(bide_http_exchange *x)
{
    int64_t id, no;
    int rc = bide_http_path_i64(x, "id", &id);
    if (rc == 0)
        rc = bide_http_path_i64(x, "no", &no);
    return rc < 0 ? rc : bide_http_reply_format(x, 200, "%lld %lld", (long long)id, (long long)no);
}

static async int receive(bide_http_exchange *x)
{
    const bide_json *j;
    const char *person;
    int64_t age;
    int rc = await bide_http_body_json(x, &j);
    if (rc == 0)
        rc =
            bide_json_unpack(j, NULL, bide_json_need("name", &person), bide_json_need("age", &age));
    return rc < 0 ? rc : bide_http_reply_format(x, 200, "%s %lld", person, (long long)age);
}

static async int echo(bide_http_exchange *x)
{
    char *data;
    size_t size;
    int rc = await bide_http_body_all(x, &data, &size);
    return rc < 0 ? rc : bide_http_reply_borrowed(x, 200, "text/plain", data, size);
}

static async int send_large(bide_http_exchange *x)
{
    static const char large[LARGE];
    return bide_http_reply_borrowed(x, 200, "application/octet-stream", large, sizeof large);
}

static async int send_chunks(bide_http_exchange *x)
{
    static const char piece[PIECE];
    int rc = bide_http_header_set(x, "Content-Type", "text/plain");
    if (rc == 0)
        rc = await bide_http_send_begin(x, 200);
    for (int i = 0; rc == 0 && i < PIECES; i++)
        rc = await bide_http_send_data(x, piece, sizeof piece);
    return rc;
}

static const bide_http_route routes[] = {
    {.method = "GET", .path = "/plaintext", .handler = bide_ref(plaintext)},
    {.method = "GET", .path = "/json", .handler = bide_ref(send_json)},
    {.method = "GET", .path = "/users/{id}/posts/{no}", .handler = bide_ref(show_post)},
    {.method = "POST", .path = "/receive", .handler = bide_ref(receive)},
    {.method = "POST", .path = "/echo", .handler = bide_ref(echo)},
    {.method = "GET", .path = "/large", .handler = bide_ref(send_large)},
    {.method = "GET", .path = "/chunks", .handler = bide_ref(send_chunks)},
    {.method = "GET", .path = "/ws", .handler = bide_ref(websocket)},
};

static void expect_good(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "http: %s: %s\n", what, strerror(-r));
    exit(1);
}

static bide_tls_context *context_new(void)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    char certificate[500], key[500];
    const char *data = getenv("HTTP_DATA");
    bide_tls_context *context;
    bide_tls_failure why = {0};
    snprintf(certificate, sizeof certificate, "%s/cert.pem", data != NULL ? data : ".");
    snprintf(key, sizeof key, "%s/key.pem", data != NULL ? data : ".");
    const bide_tls_identity identity = {.certificate_file = certificate, .key_file = key};
    const bide_tls_options options = {.identities = &identity,
                                      .identity_count = 1,
                                      .alpn = protocols,
                                      .alpn_count = 2,
                                      .failure = &why};
    expect_good(bide_tls_server_new(&options, &context), why.text);
    return context;
}

static async int serve(bool is_tls)
{
    const bide_http_router_options table = {.routes = routes,
                                            .route_count = sizeof routes / sizeof *routes};
    bide_http_router *router;
    bide_http_server *server;
    expect_good(bide_http_router_new(&table, &router), "the router");
    const bide_http_server_options options = {
        .state = router, .tls = is_tls ? context_new() : NULL, .requests_max = UINT32_MAX};
    expect_good(bide_http_server_new(bide_ref(bide_http_serve_router), &options, &server),
                "the server");
    expect_good(bide_http_server_listen(server, "127.0.0.1", 0), "bide_http_server_listen");
    printf("%d\n", bide_http_server_port(server));
    fflush(stdout);
    expect_good(await bide_http_server_run(server, NULL), "bide_http_server_run");
    return 1;
}

async int main(int argc, char **argv)
{
    static const char *const known[] = {"plain", "bodies", "file", "tls", "h2", "h2tls", "ws"};
    const char *what = argc == 2 ? argv[1] : "";
    size_t i = 0;
    while (i < sizeof known / sizeof *known && strcmp(known[i], what) != 0)
        i++;
    if (i == sizeof known / sizeof *known) {
        fputs("http plain|bodies|file|tls|h2|h2tls|ws\n", stderr);
        return 2;
    }
    if (strcmp(what, "ws") == 0 && !has_websocket)
        return NOT_BUILT;
    return await serve(strstr(what, "tls") != NULL);
}

#else

async int main(void)
{
    return NOT_BUILT;
}

#endif
