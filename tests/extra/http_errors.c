/*
 * What may be wrong with a server, a proxy or a request, and the errno that the caller gets:
 * bide/http.h and extra/http/client/errors.c. The server follows a script and hangs up. Also: the
 * memory that bodies take. Time is virtual.
 */
#include "extra/http/client/internal.h"

#include <bide/bide.h>
#include <bide/http.h>
#include <bide/testing.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "counted.h"

/* ---- a server that follows a script ---- */

struct script {
    const char *what;
    const char *head;  /* written first */
    const char *again; /* written after it, many times; NULL: nothing */
    size_t head_size;  /* 0: up to the zero byte */
    int reset;         /* ends with a reset */
    int error;         /* the client's error */
    const char *text;  /* part of the text of bide_http_error; NULL: any text */
};

enum { AGAIN = 20000 };

static const struct script *script;
static bide_tcp_listener *listener;

static async int write_script(bide_stream *s)
{
    size_t size = script->head_size > 0 ? script->head_size : strlen(script->head);
    int n = await bide_stream_write_all(s, script->head, size, NULL);
    for (int i = 0; script->again != NULL && i < AGAIN && n == 0; i++)
        n = await bide_stream_write_all(s, script->again, strlen(script->again), NULL);
    if (script->reset) {
        struct linger linger = {1, 0};
        await bide_sleep(BIDE_MS(10)); /* a reset would discard what the client has not read yet */
        setsockopt(bide_stream_fd(s), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    return n;
}

/* Reads one request and answers. Anything else gets the same answer. */
static async void serve(bide_stream *s)
{
    char text[4096];
    size_t size = 0;
    defer {
        bide_stream_close(s);
    }
    CHECK_EQ(bide_tcp_set_nodelay(s, true), 0);
    while (memmem(text, size, "\r\n\r\n", 4) == NULL && (size == 0 || text[0] != 0x16)) {
        ssize_t n = await bide_stream_read(s, text + size, sizeof text - size);
        if (n <= 0)
            return;
        size += (size_t)n;
    }
    await write_script(s);
}

static async void accept_all(void)
{
    bide_stream *s;
    while (await bide_tcp_accept(listener, &s) == 0)
        bide_spawn(serve(s));
}

static char *url_of(const char *scheme, const char *path)
{
    static char texts[4][256];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof texts[0], "%s127.0.0.1:%d%s", scheme, bide_tcp_port(listener), path);
    return text;
}

static void begin(void)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_spawn(accept_all());
}

static bide_http_client *new_client(const bide_http_options *options)
{
    bide_http_client *client = NULL;
    CHECK_EQ(bide_http_client_new(options, &client), 0);
    return client;
}

static async int fails(bide_http_client *client, const bide_http_request *q, int error,
                       const char *text)
{
    bide_http_response *r = NULL;
    int n = await bide_http_send(client, q, &r);
    fprintf(stderr, "  %d: %s\n", n, bide_http_error(r));
    CHECK_ERR(n, error);
    CHECK_EQ(bide_http_status(r), n == 0 ? 200 : 0);
    CHECK((bide_http_error(r)[0] == '\0') == (n == 0));
    if (n < 0)
        CHECK_EQ(bide_http_body_size(r), 0);
    if (text != NULL)
        CHECK(strstr(bide_http_error(r), text) != NULL);
    bide_http_response_free(r);
    return 0;
}

/* ---- answers ---- */

#define OK "HTTP/1.1 200 OK\r\n"
#define K8 "aaaaaaaabbbbbbbbccccccccddddddddaaaaaaaabbbbbbbbccccccccdddddddd"
#define K  K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8 K8

static const struct script answers[] = {
    {.what = "good", .head = OK "Content-Length: 2\r\n\r\nok"},
    {.what = "until the end", .head = OK "\r\nok"},
    {.what = "trailers",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n"},
    {.what = "interim",
     .head = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" OK
             "Content-Length: 2\r\n\r\nok"},

    {.what = "nothing", .head = "", .error = -ECONNRESET},
    {.what = "cut body", .head = OK "Content-Length: 9\r\n\r\nok", .error = -ECONNRESET},
    {.what = "cut chunk",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
     .error = -ECONNRESET},
    {.what = "cut chunks",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
     .error = -ECONNRESET},
    {.what = "reset", .head = OK "Content-Length: 9\r\n\r\nok", .reset = 1, .error = -ECONNRESET},
    {.what = "reset at once", .head = "", .reset = 1, .error = -ECONNRESET},

    {.what = "no HTTP", .head = "what do you want?\r\n\r\n", .error = -EPROTO},
    {.what = "binary", .head = "\0\1\2\3\n\n", .head_size = 6, .error = -EPROTO},
    {.what = "HTTP/9", .head = "HTTP/9.9 200 OK\r\n\r\n", .error = -EPROTO},
    {.what = "no status", .head = "HTTP/1.1 abc\r\n\r\n", .error = -EPROTO},
    {.what = "bad chunk",
     .head = OK "Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc",
     .error = -EPROTO,
     .text = "chunk"},
    {.what = "bad chunk end",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nokXX",
     .error = -EPROTO},
    {.what = "huge chunk",
     .head = OK "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nok",
     .error = -EPROTO},
    {.what = "negative length", .head = OK "Content-Length: -5\r\n\r\nabc", .error = -EPROTO},
    {.what = "bad gzip",
     .head = OK "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789",
     .error = -EPROTO},
    {.what = "unknown encoding",
     .head = OK "Content-Encoding: nonsense\r\nContent-Length: 2\r\n\r\nok",
     .error = -EPROTO},
    {.what = "NUL",
     .head = OK "X: a\0b\r\nContent-Length: 2\r\n\r\nok",
     .head_size = 46,
     .error = -EPROTO},
    {.what = "no trailer",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nHTTP/1.1 200 OK\r\n\r\n",
     .error = -EPROTO},
    {.what = "to FTP",
     .head = "HTTP/1.1 302 F\r\nLocation: ftp://127.0.0.1/\r\n\r\n",
     .error = -EPROTO},
    {.what = "to nonsense",
     .head = "HTTP/1.1 302 F\r\nLocation: http://[1:2/\r\n\r\n",
     .error = -EPROTO},
    {.what = "to no port",
     .head = "HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:99999/\r\n\r\n",
     .error = -EPROTO},
    {.what = "to itself",
     .head = "HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
     .error = -ELOOP},

    {.what = "length of 2^80",
     .head = OK "Content-Length: 1208925819614629174706176\r\n\r\nabc",
     .error = -EMSGSIZE},
    {.what = "length of 2^62",
     .head = OK "Content-Length: 4611686018427387904\r\n\r\nabc",
     .error = -EMSGSIZE},
    {.what = "large line", .head = OK "X: ", .again = K, .error = -EMSGSIZE, .text = "too large"},
    {.what = "many headers", .head = OK, .again = "X: " K "\r\n", .error = -EMSGSIZE},
    {.what = "small headers",
     .head = OK,
     .again = "X: yzyzyzyzyzyzyzyzyzyz\r\n",
     .error = -EMSGSIZE},
    {.what = "no colons", .head = OK, .again = K "\r\n", .error = -EPROTO},
    {.what = "interim for ever",
     .head = "",
     .again = "HTTP/1.1 100 Continue\r\nX: " K "\r\n\r\n",
     .error = -EMSGSIZE},
    {.what = "small interims",
     .head = "",
     .again = "HTTP/1.1 100 Continue\r\n\r\n",
     .error = -EMSGSIZE},
    {.what = "many trailers",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
     .again = "X: " K "\r\n",
     .error = -EMSGSIZE},
    {.what = "status lines in the trailer",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n0\r\n",
     .again = "HTTP/1.1: 200\r\nX: " K "\r\n",
     .error = -EMSGSIZE},
    {.what = "a status among them",
     .head = OK,
     .again = "X: " K "\r\nHTTP/1.1: 1\r\n",
     .error = -EMSGSIZE},
    {.what = "large body", .head = OK "\r\n", .again = K K K K K K, .error = -EMSGSIZE},
    {.what = "large chunks",
     .head = OK "Transfer-Encoding: chunked\r\n\r\n",
     .again = "40\r\n" K8 "\r\n",
     .error = -EMSGSIZE},
};

static async int all_answers(void)
{
    bide_http_client *client =
        new_client(&(bide_http_options){.proxy = "", .response_max_bytes = 500000});
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        script = &answers[i];
        fprintf(stderr, "%s\n", script->what);
        bide_http_request q = {.url = url_of("http://", "/")};
        await fails(client, &q, script->error, script->text);
    }
    bide_http_client_free(client);
    return 0;
}

/* A status line in the trailer does not begin another answer. */
static async int evil_trailer(void)
{
    script = &(struct script){.head = OK "X-Keep: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "2\r\nok\r\n0\r\nHTTP/1.1: 404\r\nX-Late: 2\r\n\r\n"};
    bide_http_response *r = NULL;
    bide_http_client *client = new_client(&(bide_http_options){.proxy = ""});
    CHECK_EQ(await bide_http_get(client, url_of("http://", "/"), &r), 0);
    CHECK_EQ(bide_http_status(r), 200);
    CHECK_STR(bide_http_header_value(r, "X-Keep"), "1");
    CHECK_STR(bide_http_header_value(r, "X-Late"), "2");
    CHECK_STR(bide_http_body(r), "ok");
    bide_http_response_free(r);
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(answers_that_are_wrong, 60)
{
    begin();
    CHECK_EQ(bide_block_on(all_answers()), 0);
    CHECK_EQ(bide_block_on(evil_trailer()), 0);
}

/* ---- TLS, certificates, proxies ---- */

static async int others(void)
{
    script = &(struct script){.head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"};
    bide_http_client *client = new_client(&(bide_http_options){.proxy = ""});
    bide_http_request q = {.url = url_of("https://", "/")};
    await fails(client, &q, -EPROTO, NULL);
    q.url = "http://127.0.0.1:99999/";
    await fails(client, &q, -EINVAL, NULL);
    bide_http_client_free(client);

    client = new_client(&(bide_http_options){.proxy = "", .ca_file = "/nowhere/at/all.pem"});
    q.url = url_of("https://", "/");
    await fails(client, &q, -ENOKEY, NULL);
    bide_http_client_free(client);

    client = new_client(&(bide_http_options){.proxy = url_of("http://", "")});
    q.url = "https://somewhere.test/";
    await fails(client, &q, -EACCES, NULL);
    bide_http_client_free(client);

    client = new_client(&(bide_http_options){.proxy = url_of("socks5://", "")});
    q.url = url_of("http://", "/");
    script = &(struct script){.head = "no socks"};
    q.timeout = BIDE_S(1);
    await fails(client, &q, -ETIMEDOUT, NULL);
    bide_http_client_free(client);

    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("http_proxy", "x://127.0.0.1:1", 1);
    client = new_client(NULL);
    await fails(client, &q, -EINVAL, NULL);
    bide_http_client_free(client);
    unsetenv("http_proxy");

    client = NULL;
    CHECK_ERR(bide_http_client_new(&(bide_http_options){.proxy = "x://127.0.0.1"}, &client),
              -EINVAL);
    CHECK(client == NULL);
    return 0;
}

TEST(tls_and_proxies)
{
    begin();
    CHECK_EQ(bide_block_on(others()), 0);
}

/* ---- requests that are not sent ---- */

static async int bad_urls(bide_http_client *client)
{
    static const struct {
        const char *url;
        int error;
    } urls[] = {
        {NULL, -EINVAL},
        {"", -EINVAL},
        {"/", -EINVAL},
        {"//127.0.0.1/", -EINVAL},
        {"http:", -EINVAL},
        {"http:/127.0.0.1/", -EINVAL},
        {"http://", -EINVAL},
        {"http:///path", -EINVAL},
        {"http://?a", -EINVAL},
        {"://127.0.0.1/", -EINVAL},
        {"1http://127.0.0.1/", -EINVAL},
        {"localhost:80/", -EINVAL},
        {"http ://127.0.0.1/", -EINVAL},
        {"ftp://127.0.0.1/", -EPROTONOSUPPORT},
        {"file:///etc/passwd", -EPROTONOSUPPORT},
        {"httpx://127.0.0.1/", -EPROTONOSUPPORT},
        {"gopher+x.y-z://127.0.0.1/", -EPROTONOSUPPORT},
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        bide_http_request q = {.url = urls[i].url};
        fprintf(stderr, "%s\n", q.url == NULL ? "(none)" : q.url);
        await fails(client, &q, urls[i].error, NULL);
    }
    /* A URL that begins with the host: curl would guess the scheme. */
    bide_http_request q = {.url = url_of("", "/")};
    await fails(client, &q, -EINVAL, "http://");
    q.url = url_of("HTTP://", "/");
    await fails(client, &q, 0, NULL);
    return 0;
}

/* Every control byte, everywhere. A tab may be in a value. */
static async int control_bytes(bide_http_client *client)
{
    for (int c = 1; c < 0x80; c++) {
        if (c >= 0x20 && c != 0x7f)
            continue;
        char text[] = "a?b", at[300];
        text[1] = (char)c;
        bide_http_header header = {"X-Test", text};
        bide_http_request q = {
            .url = url_of("http://", "/"), .headers = &header, .header_count = 1};
        await fails(client, &q, c == '\t' ? 0 : -EINVAL, NULL);
        header = (bide_http_header){text, "b"};
        await fails(client, &q, -EINVAL, NULL);
        q.header_count = 0;
        q.method = text;
        await fails(client, &q, -EINVAL, NULL);
        q.method = NULL;
        snprintf(at, sizeof at, "%s%s", url_of("http://", "/"), text);
        q.url = at;
        await fails(client, &q, -EINVAL, "URL");

        bide_http_client *none = NULL;
        const bide_http_options agent = {.user_agent = text}, proxy = {.proxy = text};
        CHECK_ERR(bide_http_client_new(&proxy, &none), -EINVAL);
        CHECK_ERR(bide_http_client_new(&agent, &none), c == '\t' ? 0 : -EINVAL);
        bide_http_client_free(none);
    }
    return 0;
}

static async int incomplete(bide_http_client *client)
{
    const bide_http_header headers[] = {{NULL, "a"}, {"a", NULL}};
    bide_http_request q = {.url = url_of("http://", "/"), .header_count = 1};
    await fails(client, &q, -EINVAL, NULL);
    for (int i = 0; i < 2; i++) {
        q.headers = &headers[i];
        await fails(client, &q, -EINVAL, NULL);
    }
    q.header_count = 0;
    q.body_size = 1;
    await fails(client, &q, -EINVAL, NULL);
    q.body = "x";
    q.method = "HEAD";
    await fails(client, &q, -EINVAL, NULL);
    return 0;
}

/* curl's own limits: 1 MiB for a request's head, 8 MB for a string. */
static async int large_requests(bide_http_client *client)
{
    size_t size = 9000000;
    char *text = malloc(size);
    memset(text, 'x', size);
    bide_http_header header = {"X-A", text};
    bide_http_request q = {.url = url_of("http://", "/"), .headers = &header, .header_count = 1};
    text[2000000] = '\0';
    await fails(client, &q, -EMSGSIZE, "too large");
    text[2000000] = 'x';
    text[size - 1] = '\0';
    memcpy(text, "http://127.0.0.1/", 17);
    q = (bide_http_request){.url = text};
    await fails(client, &q, -EINVAL, NULL);
    free(text);
    return 0;
}

static async int not_sent(void)
{
    static const struct script good = {.head = OK "Content-Length: 2\r\n\r\nok"};
    script = &good;
    bide_http_client *client = new_client(&(bide_http_options){.proxy = ""});
    await bad_urls(client);
    await control_bytes(client);
    await incomplete(client);
    await large_requests(client);
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(requests_that_are_not_sent, 60)
{
    begin();
    CHECK_EQ(bide_block_on(not_sent()), 0);
}

/* ---- memory for a body ---- */

static async int get_large(size_t expected, long limit)
{
    bide_http_response *r = NULL;
    bide_http_client *client = new_client(&(bide_http_options){.proxy = ""});
    counted_reset();
    CHECK_EQ(await bide_http_get(client, url_of("http://", "/"), &r), 0);
    fprintf(stderr, "%zu bytes take %ld\n", expected, counted_most());
    CHECK_EQ(bide_http_body_size(r), expected);
    CHECK(counted_most() < limit);
    for (size_t i = 0; i < expected; i++)
        CHECK(bide_http_body(r)[i] == K8[i % 64]);
    CHECK_EQ(bide_http_body(r)[expected], '\0');
    bide_http_response_free(r);
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(a_body_takes_little_more_than_its_size, 60)
{
    static const size_t size = (size_t)AGAIN * 1024;
    static const struct script unknown = {.head = OK "\r\n", .again = K};
    static const struct script known = {.head = OK "Content-Length: 20480000\r\n\r\n", .again = K};
    begin();
    counted_begin();
    script = &known;
    CHECK_EQ(bide_block_on(get_large(size, (long)size + (1 << 20))), 0);
    script = &unknown;
    CHECK_EQ(bide_block_on(get_large(size, 2 * (long)size + (2 << 20))), 0);
}

/* ---- all of curl's codes ---- */

TEST(every_code_has_an_errno)
{
    static const int documented[] = {
        EINVAL, EPROTONOSUPPORT, ENOENT, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EMSGSIZE,
        ELOOP,  EPROTO,          ENOKEY, EACCES,       ENOMEM,     EIO,
    };
    int others = 0;
    for (int code = 1; code < 200; code++) {
        bide_http_response *r = bide__http_response_new();
        struct bide__http_transfer t = {.response = r, .shortages_before = bide__http_shortages()};
        size_t i = 0;
        bide__http_conclude(&t, (CURLcode)code);
        while (i < sizeof documented / sizeof *documented && documented[i] != -t.result)
            i++;
        CHECK(i < sizeof documented / sizeof *documented);
        CHECK(bide_http_error(r)[0] != '\0');
        others += t.result != -EIO;
        bide_http_response_free(r);
    }
    CHECK_EQ(others, 41);
}
