/*
 * The opening handshake of bide/websocket.h: tables of requests that a server of ours gets, and of
 * answers that a client of ours gets, byte by byte; URLs; offers of permessage-deflate. Then a
 * server of bide/http_server.h and a client, over TCP and TLS, to the end of the server.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/websocket.h>

#include "extra/http/message/parse.h"
#include "extra/websocket/handshake.h"

#include <string.h>

#include "tls_peers.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- URLs ---- */

TEST(urls)
{
    static const struct {
        const char *url, *host, *path;
        int port;
        bool is_secure;
    } good[] = {
        {"ws://example.org", "example.org", "", 80, false},
        {"WSS://Example.org/", "Example.org", "/", 443, true},
        {"ws://127.0.0.1:8080/chat?room=1", "127.0.0.1", "/chat?room=1", 8080, false},
        {"ws://[::1]:9/x", "::1", "/x", 9, false},
        {"wss://[2001:db8::1]", "2001:db8::1", "", 443, true},
        {"ws://a.b?q", "a.b", "?q", 80, false},
    };
    static const char *const bad[] = {"",           "ws:/",         "ws://",     "http://a",
                                      "ws://a:0",   "ws://a:65536", "ws://a:b",  "ws://u@a/",
                                      "ws://a/b c", "ws://a/#x",    "ws://[::1", "ws://a/\r\nX: y",
                                      "wss:a",      "ws://a b/"};
    struct bide__ws_url u;
    for (size_t i = 0; i < COUNT(good); i++) {
        CHECK_EQ(bide__ws_url_read(good[i].url, &u), 0);
        CHECK(u.host_size == strlen(good[i].host) &&
              memcmp(u.host, good[i].host, u.host_size) == 0);
        CHECK(u.path_size == strlen(good[i].path) &&
              memcmp(u.path, good[i].path, u.path_size) == 0);
        CHECK_EQ(u.port, good[i].port);
        CHECK_EQ(u.is_secure, good[i].is_secure);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (bide__ws_url_read(bad[i], &u) != -EINVAL)
            check_fail(__FILE__, __LINE__, bad[i]);
    CHECK_ERR(bide__ws_url_read(NULL, &u), -EINVAL);
}

/* ---- SHA-1 and the key ---- */

TEST(the_accept_of_a_key)
{
    char accept[BIDE__WS_ACCEPT + 1], text[60];
    unsigned char digest[20];
    static const char *const letters = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    bide__ws_accept_of("dGhlIHNhbXBsZSBub25jZQ==", accept); /* of RFC 6455, 1.3 */
    CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    bide__sha1(letters, strlen(letters), digest); /* of FIPS 180 */
    bide__base64(digest, 20, text);
    CHECK_STR(text, "hJg+RBw70m66rkqh+VEp5eVGcPE=");
    bide__sha1("", 0, digest);
    bide__base64(digest, 20, text);
    CHECK_STR(text, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
}

/* ---- requests ---- */

#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"

struct greeted {
    struct bide__ws_greeting g;
    char text[2000];
};

static void greet(const char *fields, const bide_websocket_options *options, struct greeted *out)
{
    struct bide__http_head head;
    struct bide__http_field list[50];
    snprintf(out->text, sizeof out->text, "GET /chat HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
    bide__http_head_begin(&head, BIDE__HTTP_REQUEST, &bide__http_limits_default, list, 50);
    CHECK_EQ(bide__http_head_parse(&head, out->text, strlen(out->text)), 1);
    bide__ws_greet(&head.fields, options, &out->g);
}

TEST(requests)
{
    static const char *const origins[] = {"https://good.example", "https://also.example"};
    const bide_websocket_options options = {.origins = origins, .origin_count = 2};
    static const struct {
        const char *fields;
        unsigned status;
    } cases[] = {
        {UPGRADE KEY VERSION, 101},
        {"upgrade: h2c, WebSocket\r\nconnection: UPGRADE\r\n" KEY VERSION, 101},
        {UPGRADE KEY VERSION "Origin: https://good.example\r\n", 101},
        {UPGRADE KEY VERSION "Origin: HTTPS://Also.Example\r\n", 101},
        {UPGRADE KEY VERSION "Origin: https://good.example.evil\r\n", 403},
        {UPGRADE KEY VERSION "Origin: null\r\n", 403},
        {UPGRADE KEY VERSION "Origin: https://good.example\r\nOrigin: https://evil\r\n", 403},
        {"Connection: Upgrade\r\n" KEY VERSION, 426},
        {"Upgrade: websocket\r\n" KEY VERSION, 426},
        {"Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION, 426},
        {UPGRADE VERSION, 400},
        {UPGRADE KEY, 400},
        {UPGRADE KEY KEY VERSION, 400},
        {UPGRADE KEY VERSION VERSION, 400},
        {UPGRADE KEY "Sec-WebSocket-Version: 12\r\n", 426},
        {UPGRADE KEY "Sec-WebSocket-Version: 013\r\n", 426},
        {UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" VERSION, 400},
        {UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n" VERSION, 400},
        {UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQQQ\r\n" VERSION, 400},
    };
    static struct greeted out;
    for (size_t i = 0; i < COUNT(cases); i++) {
        greet(cases[i].fields, &options, &out);
        if (out.g.status != cases[i].status)
            check_fail(__FILE__, __LINE__, cases[i].fields);
    }
    greet(UPGRADE KEY VERSION "Origin: https://evil\r\n", NULL, &out);
    CHECK_EQ(out.g.status, 101);
    CHECK_STR(out.g.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(subprotocols)
{
    static const char *const mine[] = {"v2.chat", "v1.chat"};
    const bide_websocket_options options = {.subprotocols = mine, .subprotocol_count = 2};
    static struct greeted out;
    greet(UPGRADE KEY VERSION "Sec-WebSocket-Protocol: v1.chat, v2.chat\r\n", &options, &out);
    CHECK_STR(out.g.subprotocol, "v2.chat");
    greet(UPGRADE KEY VERSION "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: v1.chat\r\n",
          &options, &out);
    CHECK_STR(out.g.subprotocol, "v1.chat");
    greet(UPGRADE KEY VERSION "Sec-WebSocket-Protocol: V2.chat\r\n", &options, &out);
    CHECK(out.g.subprotocol == NULL && out.g.status == 101);
}

/* ---- permessage-deflate ---- */

TEST(offers)
{
    static const struct {
        bide_websocket_deflate_options o;
        const char *offer, *answer; /* NULL: it is declined */
    } cases[] = {
        {{.on = true}, "permessage-deflate", "permessage-deflate"},
        {{.on = true}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
        {{0}, "permessage-deflate", NULL},
        {{.on = true},
         "x-webkit-deflate-frame, permessage-deflate;client_max_window_bits = 12",
         "permessage-deflate; client_max_window_bits=12"},
        {{.on = true},
         "permessage-deflate; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover"},
        {{.on = true},
         "permessage-deflate; client_no_context_takeover",
         "permessage-deflate; client_no_context_takeover"},
        {{.on = true},
         "permessage-deflate; server_max_window_bits=\"10\"",
         "permessage-deflate; server_max_window_bits=10"},
        {{.on = true},
         "permessage-deflate; server_max_window_bits=15",
         "permessage-deflate; server_max_window_bits=15"},
        {{.on = true}, "permessage-deflate; server_max_window_bits=8", NULL},
        {{.on = true},
         "permessage-deflate; server_max_window_bits=8, permessage-deflate",
         "permessage-deflate"},
        {{.on = true}, "permessage-deflate; server_max_window_bits", NULL},
        {{.on = true}, "permessage-deflate; server_max_window_bits=16", NULL},
        {{.on = true}, "permessage-deflate; server_max_window_bits=010", NULL},
        {{.on = true}, "permessage-deflate; client_max_window_bits=7", NULL},
        {{.on = true}, "permessage-deflate; server_no_context_takeover=1", NULL},
        {{.on = true}, "permessage-deflate; unheard_of", NULL},
        {{.on = true},
         "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
         NULL},
        {{.on = true},
         "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
         NULL},
        {{.on = true}, "permessage-deflate;", NULL},
        {{.on = true, .send_bits = 9, .receive_bits = 10, .send_alone = true},
         "permessage-deflate; client_max_window_bits",
         "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; "
         "client_max_window_bits=10"},
        {{.on = true, .receive_bits = 10}, "permessage-deflate", NULL},
        {{.on = true, .receive_alone = true},
         "permessage-deflate",
         "permessage-deflate; client_no_context_takeover"},
    };
    char text[BIDE__WS_EXTENSION_MAX];
    struct bide__ws_agreed agreed;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool taken =
            bide__ws_answer(&cases[i].o, cases[i].offer, strlen(cases[i].offer), &agreed, text);
        if (taken != (cases[i].answer != NULL) || taken != agreed.on ||
            (taken && strcmp(text, cases[i].answer) != 0))
            check_fail(__FILE__, __LINE__, cases[i].offer);
    }
}

TEST(answers_to_an_offer)
{
    static const struct {
        bide_websocket_deflate_options o;
        const char *answer;
        bool is_good, is_on;
        int client_bits, server_bits;
    } cases[] = {
        {{.on = true}, "permessage-deflate", true, true, 15, 15},
        {{.on = true},
         "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
         true,
         true,
         10,
         9},
        {{.on = true}, "permessage-deflate; client_max_window_bits=8", true, true, 0, 15},
        {{.on = true}, "", true, false, 0, 0},
        {{0}, "permessage-deflate", false, false, 0, 0},
        {{.on = true}, "permessage-deflate, permessage-deflate", false, true, 15, 15},
        {{.on = true}, "x-other", false, false, 0, 0},
        {{.on = true}, "permessage-deflate; client_max_window_bits", false, false, 0, 0},
        {{.on = true, .receive_bits = 10}, "permessage-deflate", false, false, 0, 0},
        {{.on = true, .receive_bits = 10},
         "permessage-deflate; server_max_window_bits=11",
         false,
         false,
         0,
         0},
        {{.on = true, .send_bits = 10},
         "permessage-deflate; client_max_window_bits=11",
         false,
         false,
         0,
         0},
        {{.on = true, .receive_alone = true}, "permessage-deflate", false, false, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bide__ws_agreed agreed = {0};
        bool good =
            bide__ws_answered(&cases[i].o, cases[i].answer, strlen(cases[i].answer), &agreed);
        if (good != cases[i].is_good || agreed.on != cases[i].is_on ||
            (agreed.on && (agreed.client.bits != cases[i].client_bits ||
                           agreed.server.bits != cases[i].server_bits)))
            check_fail(__FILE__, __LINE__, cases[i].answer);
    }
}

/* ---- answers that a client gets ---- */

struct answer_case {
    const char *answer; /* "$" stands for the right Sec-WebSocket-Accept */
    int result, status;
};

static const struct answer_case *answered;
static size_t cut_at;
static bide_stream *raw;

/* A server that reads the request and gives the answer, in two pieces. */
static async int answers(void)
{
    char request[2000] = "", answer[2000] = "", accept[BIDE__WS_ACCEPT + 1];
    size_t size = 0;
    while (strstr(request, "\r\n\r\n") == NULL) {
        ssize_t n = await bide_stream_read(raw, request + size, sizeof request - 1 - size);
        if (n <= 0)
            return -EPROTO;
        size += (size_t)n;
    }
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    CHECK(key != NULL && strncmp(request, "GET /chat?a=b HTTP/1.1\r\nHost: a.b:77\r\n", 38) == 0);
    bide__ws_accept_of(key + 19, accept);
    for (const char *p = answered->answer; *p != '\0'; p++) {
        char one[2] = {*p, '\0'};
        strcat(answer, *p == '$' ? accept : one);
    }
    size_t all = strlen(answer), first = cut_at < all ? cut_at : all;
    (void)await bide_stream_write_all(raw, answer, first, NULL);
    await bide_sleep(BIDE_MS(1));
    (void)await bide_stream_write_all(raw, answer + first, all - first, NULL);
    (void)bide_stream_shutdown(raw);
    while (await bide_stream_read(raw, request, sizeof request) > 0)
        ;
    bide_stream_close(raw);
    return 0;
}

static async int asks(const bide_websocket_options *options)
{
    bide_websocket_message m;
    bide_websocket *ws;
    bide_stream *stream;
    CHECK_EQ(bide_stream_pair(4000, &raw, &stream), 0);
    bide_task(int) server = bide_spawn(answers());
    int r = await bide_websocket_connect_over(stream, "ws://a.b:77/chat?a=b", options, &ws), n;
    CHECK((r == 0) == (ws != NULL));
    if (r == 0) {
        CHECK_EQ(await bide_websocket_recv(ws, &m), 1); /* what came with the answer */
        CHECK_STR(m.data, "hello");
        bide_websocket_free(ws);
    } else {
        bide_stream_close(stream);
    }
    CHECK_EQ(await bide_task_join(server, &n), 0);
    return r;
}

TEST_LIMIT(answers_of_a_server, 30)
{
    static const char *const protocols[] = {"one", "two"};
#define GOOD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
    static const struct answer_case cases[] = {
        {GOOD "Sec-WebSocket-Accept: $\r\n\r\n\x81\x05hello", 0, 0},
        {GOOD "Sec-WebSocket-Accept: $\r\nSec-WebSocket-Protocol: two\r\n\r\n\x81\x05hello", 0, 0},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" GOOD
         "Sec-WebSocket-Accept: $\r\n\r\n\x81\x05hello",
         0, 0},
        {GOOD "Sec-WebSocket-Accept: $\r\nSec-WebSocket-Protocol: three\r\n\r\n", -EPROTO, 0},
        {GOOD "Sec-WebSocket-Accept: $\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         -EPROTO, 0},
        {GOOD "Sec-WebSocket-Accept: $$\r\n\r\n", -EPROTO, 0},
        {GOOD "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", -EPROTO, 0},
        {GOOD "\r\n", -EPROTO, 0},
        {"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\nSec-WebSocket-Accept: $\r\n\r\n",
         -EPROTO, 0},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", -EPROTO, 404},
        {"HTTP/1.1 302 Found\r\nLocation: ws://b/\r\nContent-Length: 0\r\n\r\n", -EPROTO, 302},
        {"SSH-2.0-OpenSSH_9.2\r\n", -EPROTO, 0},
        {"HTTP/1.1 101 Switching", -ECONNABORTED, 0},
        {"", -ECONNABORTED, 0},
    };
    bide_websocket_failure why;
    const bide_websocket_options options = {
        .subprotocols = protocols, .subprotocol_count = 2, .failure = &why};
    bide_test_time_virtual();
    for (size_t i = 0; i < COUNT(cases); i++) {
        answered = &cases[i];
        for (cut_at = 0; cut_at < 260; cut_at += 13) {
            why = (bide_websocket_failure){0};
            int r = bide_block_on(asks(&options));
            if (r != cases[i].result || why.status != cases[i].status || why.error != r ||
                (why.text[0] == '\0') != (r == 0)) {
                fprintf(stderr, "%d %d %s\n", r, why.status, why.text);
                check_fail(__FILE__, __LINE__, cases[i].answer);
            }
        }
    }
}

static async int asks_the_silent(void)
{
    bide_stream *one, *other;
    bide_websocket *ws;
    bide_websocket_failure why = {0};
    const bide_websocket_options options = {.failure = &why};
    CHECK_EQ(bide_stream_pair(4000, &one, &other), 0);
    bide_instant begin = bide_now();
    int r = await bide_websocket_connect_over(one, "ws://a", &options, &ws);
    CHECK(ws == NULL && why.error == -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(30).ns);
    bide_stream_close(one);
    bide_stream_close(other);
    return r;
}

TEST(a_server_that_is_silent_is_given_up)
{
    bide_test_time_virtual();
    CHECK_ERR(bide_block_on(asks_the_silent()), -ETIMEDOUT);
}

TEST(what_a_client_cannot_send_is_refused)
{
    static const char *const tokens[] = {"a b"};
    static const bide_websocket_header bad[] = {{"a b", "c"},
                                                {"a", "b\r\nc: d"},
                                                {"Host", "evil"},
                                                {"Upgrade", "x"},
                                                {"Sec-WebSocket-Key", "x"}};
    const bide_websocket_options token = {.subprotocols = tokens, .subprotocol_count = 1};
    const bide_websocket_options origin = {.origin = "https://a\n"};
    const bide_websocket_options good = {.headers = &(bide_websocket_header){"X-A", "b"},
                                         .header_count = 1,
                                         .origin = "https://a",
                                         .deflate.on = true};
    struct bide__ws_url url;
    char text[1000];
    CHECK_EQ(bide__ws_url_read("ws://a", &url), 0);
    CHECK_EQ(bide__ws_request(text, sizeof text, &url, "key", &token), 0);
    CHECK_EQ(bide__ws_request(text, sizeof text, &url, "key", &origin), 0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        const bide_websocket_options options = {.headers = &bad[i], .header_count = 1};
        CHECK_EQ(bide__ws_request(text, sizeof text, &url, "key", &options), 0);
    }
    size_t size = bide__ws_request(text, sizeof text, &url, "key", &good);
    CHECK_EQ(size, strlen(text));
    CHECK_STR(text, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: key\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                    "Origin: https://a\r\nX-A: b\r\n\r\n");
    CHECK_EQ(bide__ws_request(text, 10, &url, "key", &good), size);
}
