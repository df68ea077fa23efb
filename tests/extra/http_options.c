/*
 * bide/http.h: what a client's options and a request's members do on the wire: limits of time,
 * credentials, queries and forms, cookies, proxies, addresses. Time is virtual.
 */
#include <bide/fs.h>
#include <bide/testing.h>
#include <bide/unix.h>

#include <limits.h>
#include <unistd.h>

#include "http_wire.h"

static bide_http_client *client;

/* Sends, and returns the status or the error, whose text has `text`. */
static async int ask(bide_http_request q, const char *text)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    if (q.url == NULL)
        q.url = wire_url("/a");
    int n = await bide_http_send(client, &q, &r);
    if (n < 0 && strstr(bide_http_error(r), text) == NULL)
        CHECK_STR(bide_http_error(r), text);
    return n < 0 ? n : bide_http_status(r);
}

static void run(wire_answer answer, bide_async_fn(int, void) test)
{
    bide_test_time_virtual();
    wire_start(answer);
    CHECK_EQ(bide_block_on((*test)()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

static bide_duration since(bide_instant begin)
{
    return bide_elapsed(begin);
}

/* ---- limits of time ---- */

/* /drip: a body of five bytes, one each 900 ms; /stop: the head, and nothing for a minute; /mute:
 * nothing at all for a minute. */
static async int slowly(bide_stream *s)
{
    if (wire_has(" /mute "))
        await bide_sleep(BIDE_S(60));
    int n = await wire_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    if (wire_has(" /stop "))
        await bide_sleep(BIDE_S(60));
    for (int i = 0; i < 5 && n == 0; i++) {
        await bide_sleep(BIDE_MS(900));
        n = await wire_say(s, "x");
    }
    return n;
}

static async int read_limit(void)
{
    client = wire_client((bide_http_options){.read_timeout = BIDE_S(1)});
    bide_instant begin = bide_now();
    CHECK_EQ(await ask((bide_http_request){.url = wire_url("/drip")}, ""), 200);
    CHECK_EQ(since(begin).ns, BIDE_MS(4500).ns);
    begin = bide_now();
    CHECK_ERR(await ask((bide_http_request){.url = wire_url("/stop")}, "nothing was received"),
              -ETIMEDOUT);
    CHECK_EQ(since(begin).ns, BIDE_S(1).ns);
    CHECK_ERR(await ask((bide_http_request){.url = wire_url("/mute")}, "nothing was received"),
              -ETIMEDOUT);
    CHECK_EQ(since(begin).ns, BIDE_S(2).ns);
    /* The limit of the whole request is another one. */
    CHECK_ERR(await ask((bide_http_request){.url = wire_url("/drip"), .timeout = BIDE_S(3)},
                        "no complete answer"),
              -ETIMEDOUT);
    CHECK_EQ(since(begin).ns, BIDE_S(5).ns);
    bide_http_client_free(client);
    return 0;
}

TEST(an_answer_that_keeps_silent)
{
    run(bide_ref(slowly), bide_ref(read_limit));
}

/* The server takes the connection, and never answers the handshake of TLS. */
static async int connect_limit(void)
{
    client = wire_client((bide_http_options){.connect_timeout = BIDE_S(2)});
    const char *url = wire_url_of("https://", "127.0.0.1", "/");
    bide_instant begin = bide_now();
    CHECK_ERR(await ask((bide_http_request){.url = url}, "no connection in time"), -ETIMEDOUT);
    CHECK_EQ(since(begin).ns, BIDE_S(2).ns);
    /* It is over when the request is sent. */
    CHECK_EQ(await ask((bide_http_request){.url = wire_url("/drip")}, ""), 200);
    bide_http_client_free(client);
    return 0;
}

TEST(a_connection_that_is_not_made)
{
    run(bide_ref(slowly), bide_ref(connect_limit));
}

/* ---- credentials, queries, forms ---- */

static async int hello_or_move(bide_stream *s)
{
    char text[400];
    if (!wire_has(" /move "))
        return await wire_hello(s);
    snprintf(text, sizeof text, "HTTP/1.1 302 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             wire_url_of("http://", "localhost", "/there"));
    return await wire_say(s, text);
}

static async int credentials(void)
{
    client = wire_client((bide_http_options){0});
    bide_http_request q = {.username = "Aladdin", .password = "open sesame"};
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    CHECK_EQ(await ask((bide_http_request){.bearer = "t0ken"}, ""), 200);
    CHECK(wire_has("Authorization: Bearer t0ken\r\n"));
    /* Another host gets neither of them. */
    bide_http_pin pin = {"localhost", (uint16_t)bide_tcp_port(wire.listener), "127.0.0.1"};
    bide_http_client_free(client);
    client = wire_client((bide_http_options){.pins = &pin, .pin_count = 1});
    q.url = wire_url("/move");
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("GET /there ") && !wire_has("Authorization"));
    CHECK_EQ(await ask((bide_http_request){.url = q.url, .bearer = "t0ken"}, ""), 200);
    CHECK(wire_has("GET /there ") && !wire_has("Authorization"));

    CHECK_ERR(await ask((bide_http_request){.username = "a:b"}, "colon"), -EINVAL);
    CHECK_ERR(await ask((bide_http_request){.password = "b"}, "without a name"), -EINVAL);
    CHECK_ERR(await ask((bide_http_request){.username = "a", .bearer = "b"}, "bearer too"),
              -EINVAL);
    CHECK_ERR(await ask((bide_http_request){.bearer = "b\r\nX: y"}, "control"), -EINVAL);
    CHECK_ERR(await ask((bide_http_request){.username = "a", .password = "\n"}, "control"),
              -EINVAL);
    bide_http_client_free(client);
    return 0;
}

TEST(credentials_go_to_one_host)
{
    run(bide_ref(hello_or_move), bide_ref(credentials));
}

static async int pairs(void)
{
    static const bide_http_header some[] = {{"a b", "1&2"}, {"\xc3\xa9", "x=y+z"}, {"n", ""}};
    client = wire_client((bide_http_options){0});
    bide_http_request q = {.query = some, .query_count = 3};
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("GET /a?a%20b=1%262&%C3%A9=x%3Dy%2Bz&n= HTTP/1.1\r\n"));
    q.url = wire_url("/a?k=v#end");
    q.query_count = 1;
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("GET /a?k=v&a%20b=1%262 HTTP/1.1\r\n"));
    q.url = wire_url("/a?");
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("GET /a?a%20b=1%262 HTTP/1.1\r\n"));

    q = (bide_http_request){.form = some, .form_count = 3};
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("POST /a ") && wire_has("Content-Type: application/x-www-form-urlencoded\r\n"));
    CHECK_STR(wire.body, "a+b=1%262&%C3%A9=x%3Dy%2Bz&n=");
    q = (bide_http_request){.body = "{}", .body_size = 2, .content_type = "application/json"};
    CHECK_EQ(await ask(q, ""), 200);
    CHECK(wire_has("Content-Type: application/json\r\n"));

    q.form = some;
    q.form_count = 1;
    CHECK_ERR(await ask(q, "twice"), -EINVAL);
    static const bide_http_header half[] = {{"a", NULL}};
    CHECK_ERR(await ask((bide_http_request){.query = half, .query_count = 1}, "pair"), -EINVAL);
    CHECK_ERR(await ask((bide_http_request){.form_count = 1}, "pair"), -EINVAL);
    bide_http_client_free(client);
    return 0;
}

TEST(queries_and_forms)
{
    run(bide_ref(hello_or_move), bide_ref(pairs));
}

/* ---- statuses ---- */

static async int status_in_path(bide_stream *s)
{
    char text[100];
    int status = atoi(strstr(wire.head, " /") + 2);
    snprintf(text, sizeof text, "HTTP/1.1 %d S\r\nContent-Length: 0\r\n\r\n", status);
    return await wire_say(s, text);
}

static async int statuses(void)
{
    static const struct {
        int status, error;
    } rows[] = {{200, 0},          {204, 0},          {304, 0},         {400, -EINVAL},
                {401, -EACCES},    {403, -EACCES},    {404, -ENOENT},   {407, -EACCES},
                {408, -ETIMEDOUT}, {410, -ENOENT},    {413, -EMSGSIZE}, {418, -EINVAL},
                {429, -EAGAIN},    {500, -EREMOTEIO}, {503, -EAGAIN},   {504, -ETIMEDOUT}};
    client = wire_client((bide_http_options){0});
    CHECK_EQ(bide_http_check(NULL), -ENODATA);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[16];
        bide_http_response *r = NULL;
        snprintf(path, sizeof path, "/%d", rows[i].status);
        const char *url = wire_url(path);
        CHECK_EQ(await bide_http_get(client, url, &r), 0);
        CHECK_EQ(bide_http_status(r), rows[i].status);
        CHECK_ERR(bide_http_check(r), rows[i].error);
        CHECK_STR(bide_http_response_url(r), url);
        CHECK_EQ(bide_http_response_version(r), 11);
        bide_http_response_free(r);
    }
    CHECK_STR(bide_http_response_url(NULL), "");
    CHECK_EQ(bide_http_response_version(NULL), 0);
    bide_http_client_free(client);
    return 0;
}

TEST(statuses_as_errors)
{
    run(bide_ref(status_in_path), bide_ref(statuses));
}

/* ---- cookies ---- */

static async int set_cookie(bide_stream *s)
{
    if (!wire_has(" /set "))
        return await wire_hello(s);
    return await wire_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: id=7; Path=/\r\n"
                             "Set-Cookie: not here; Domain=example.org\r\n\r\n");
}

static async int cookies(void)
{
    client = wire_client((bide_http_options){.cookies = true});
    bide_http_client *other = wire_client((bide_http_options){.cookies = true}), *first = client;
    CHECK_EQ(await ask((bide_http_request){.url = wire_url("/set")}, ""), 200);
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(wire_has("Cookie: id=7\r\n"));
    client = other; /* each client has a jar of its own */
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(!wire_has("Cookie"));
    CHECK_EQ(bide_http_client_add_cookie(other, "mine=1; Domain=127.0.0.1; Path=/"), 0);
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(wire_has("Cookie: mine=1\r\n"));
    client = first;
    bide_http_client_clear_cookies(client);
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(!wire_has("Cookie"));
    CHECK_ERR(bide_http_client_add_cookie(client, "a=b\r\nX: y"), -EINVAL);
    bide_http_client_free(other);
    bide_http_client_free(client);

    client = wire_client((bide_http_options){0}); /* and by default there is none */
    CHECK_EQ(await ask((bide_http_request){.url = wire_url("/set")}, ""), 200);
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(!wire_has("Cookie"));
    CHECK_ERR(bide_http_client_add_cookie(client, "a=b"), -EINVAL);
    bide_http_client_clear_cookies(client);
    bide_http_client_free(client);
    return 0;
}

TEST(cookies_are_kept_if_asked)
{
    run(bide_ref(set_cookie), bide_ref(cookies));
}

/* ---- proxies, addresses ---- */

static async int proxies(void)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "127.0.0.1:%d", bide_tcp_port(wire.listener));
    client = wire_client((bide_http_options){.proxy = proxy,
                                             .proxy_user = "u",
                                             .proxy_password = "p",
                                             .no_proxy = "127.0.0.1,.inside.test"});
    CHECK_EQ(await ask((bide_http_request){.url = "http://far.test/x", .bearer = "t"}, ""), 200);
    CHECK(wire_has("GET http://far.test/x HTTP/1.1\r\n"));
    CHECK(wire_has("Proxy-Authorization: Basic dTpw\r\n"));
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    CHECK(wire_has("GET /a HTTP/1.1\r\n") && !wire_has("Proxy-Authorization"));
    bide_http_client_free(client);

    /* The environment's no_proxy is not for a proxy of the program. */
    setenv("no_proxy", "*", 1);
    client = wire_client((bide_http_options){.proxy = proxy});
    CHECK_EQ(await ask((bide_http_request){.url = "http://far.test/x"}, ""), 200);
    CHECK(wire_has("GET http://far.test/x HTTP/1.1\r\n"));
    unsetenv("no_proxy");
    bide_http_client_free(client);
    return 0;
}

TEST(proxies_and_hosts_without)
{
    run(bide_ref(hello_or_move), bide_ref(proxies));
}

static async int pinned(void)
{
    uint16_t port = (uint16_t)bide_tcp_port(wire.listener);
    bide_http_pin pins[] = {{"pinned.test", port, "127.0.0.1"}, {"other.test", 0, "127.0.0.1"}};
    client = wire_client((bide_http_options){.pins = pins, .pin_count = 2});
    CHECK_EQ(await ask((bide_http_request){.url = wire_url_of("http://", "pinned.test", "/")}, ""),
             200);
    CHECK(wire_has("Host: pinned.test:"));
    bide_http_client_free(client);

    client = wire_client((bide_http_options){.local_address = "127.0.0.1"});
    CHECK_EQ(await ask((bide_http_request){0}, ""), 200);
    bide_http_client_free(client);
    client = wire_client((bide_http_options){.https_only = true});
    CHECK_ERR(await ask((bide_http_request){0}, ""), -EPROTONOSUPPORT);
    bide_http_client_free(client);
    return 0;
}

TEST(addresses_that_are_given)
{
    run(bide_ref(hello_or_move), bide_ref(pinned));
}

static async void accept_local(bide_unix_listener *listener)
{
    bide_stream *s;
    while (await bide_unix_accept(listener, &s) == 0)
        bide_spawn(wire_serve(s));
}

static async int local(const char *path)
{
    bide_unix_listener *listener;
    CHECK_EQ(bide_unix_listen(path, NULL, &listener), 0);
    bide_spawn(accept_local(listener));
    client = wire_client((bide_http_options){.unix_path = path});
    CHECK_EQ(await ask((bide_http_request){.url = "http://service.test/x"}, ""), 200);
    CHECK(wire_has("GET /x HTTP/1.1\r\nHost: service.test\r\n"));
    bide_http_client_free(client);
    bide_unix_listener_close(listener);
    return 0;
}

static async int unix_sockets(void)
{
    char folder[PATH_MAX], path[PATH_MAX + 8];
    CHECK(await bide_folder_temporary(NULL, folder, sizeof folder) >= 0);
    snprintf(path, sizeof path, "%s/sock", folder);
    CHECK_EQ(await local(path), 0);
    snprintf(path, sizeof path, "@bide-http-%d", (int)getpid());
    CHECK_EQ(await local(path), 0);
    return 0;
}

TEST(unix_sockets_instead_of_addresses)
{
    run(bide_ref(wire_hello), bide_ref(unix_sockets));
}

/* ---- options that are refused ---- */

TEST(options_that_make_no_sense)
{
    static const bide_http_pin no_host = {NULL, 1, "127.0.0.1"}, no_address = {"a", 1, NULL},
                               two_hosts = {"a:b", 1, "127.0.0.1"};
    static const bide_http_options wrong[] = {
        {.connections_max = -1},
        {.idle_max = -1},
        {.tls.version_min = 1},
        {.tls.version_max = 4},
        {.tls.version_min = 3, .tls.version_max = 2},
        {.tls.key_file = "k.pem"},
        {.tls.cert_file = "a\nb"},
        {.no_proxy = "a\rb"},
        {.proxy_user = "a\tb\n"},
        {.unix_path = ""},
        {.pin_count = 1},
        {.pins = &no_host, .pin_count = 1},
        {.pins = &no_address, .pin_count = 1},
        {.pins = &two_hosts, .pin_count = 1},
        {.protocol = (bide_http_protocol)7},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        client = (bide_http_client *)&client;
        CHECK_ERR(bide_http_client_new(&wrong[i], &client), -EINVAL);
        CHECK(client == NULL);
    }
    CHECK_ERR(
        bide_http_client_new(&(bide_http_options){.tls.key_log_file = "/nowhere/log"}, &client),
        -ENOENT);
}
