/*
 * bide/http_route.h: what a handler takes out of a request as values, what a bad one is answered,
 * and what it puts into a response: JSON, cookies, names of files.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/http_route.h>
#include <bide/json.h>
#include <bide/testing.h>

#include <errno.h>
#include <locale.h>

#include "cancel.h"
#include "fake.h"

static struct fake fake;
static bide_http_router *router;

static void serve(const bide_http_route *routes, size_t count)
{
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){.routes = routes, .route_count = count}, &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
}

static void end(void)
{
    bide_http_router_drop(router);
    fake_free(&fake);
}

static int ask(const char *method, const char *target, const char *headers, const char *body)
{
    static char head[8192];

    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n%s", method, target, headers,
             body);
    fake.head = head;
    fake.body_data = NULL;
    fake_run(&fake);
    return fake.status;
}

static int get(const char *target)
{
    return ask("GET", target, "", "");
}

/* ---- numbers and texts of the path and the query ---- */

static async int show_path(bide_http_exchange *x)
{
    const char *text;
    int64_t i;
    uint64_t u;
    double d;
    bool b;
    int r = bide_http_path_text(x, "t", &text);
    if (r == 0)
        r = bide_http_path_i64(x, "i", &i);
    if (r == 0)
        r = bide_http_path_u64(x, "u", &u);
    if (r == 0)
        r = bide_http_path_double(x, "d", &d);
    if (r == 0)
        r = bide_http_path_bool(x, "b", &b);
    if (r < 0)
        return r;
    return bide_http_reply_format(x, 200, "%s %lld %llu %g %d", text, (long long)i,
                                  (unsigned long long)u, d, b);
}

static async int show_missing(bide_http_exchange *x)
{
    const char *text;
    return bide_http_path_text(x, "other", &text);
}

TEST(parameters_of_a_path_have_types)
{
    static const bide_http_route routes[] = {
        {"GET", "/p/{t}/{i}/{u}/{d}/{b}", bide_ref(show_path), 0, NULL, 0, NULL},
        {"GET", "/m/{x}", bide_ref(show_missing), 0, NULL, 0, NULL}};
    static const struct {
        const char *path;
        int status;
        const char *body;
    } cases[] = {
        {"/p/a/-7/7/1.5/true", 200, "a -7 7 1.5 1"},
        {"/p/a%20b%2Fc/0/0/-1e3/0", 200, "a b/c 0 0 -1000 0"},
        {"/p/%C3%A4/-9223372036854775808/18446744073709551615/0/yes", 200,
         "\xc3\xa4 -9223372036854775808 18446744073709551615 0 1"},
        {"/p/%ff/1/1/1/1", 400, "400 Bad Request: t: this is no UTF-8\n"},
        {"/p/%00/1/1/1/1", 400, "400 Bad Request: t: a percent code is wrong\n"},
        {"/p/%4/1/1/1/1", 400, "400 Bad Request: t: a percent code is wrong\n"},
        {"/p/a/9223372036854775808/1/1/1", 400,
         "400 Bad Request: i: this is no whole number of 64 bits\n"},
        {"/p/a/+1/1/1/1", 400, "400 Bad Request: i: this is no whole number of 64 bits\n"},
        {"/p/a/1x/1/1/1", 400, "400 Bad Request: i: this is no whole number of 64 bits\n"},
        {"/p/a/-/1/1/1", 400, "400 Bad Request: i: this is no whole number of 64 bits\n"},
        {"/p/a/%201/1/1/1", 400, "400 Bad Request: i: this is no whole number of 64 bits\n"},
        {"/p/a/1/-1/1/1", 400,
         "400 Bad Request: u: this is no whole number of 0 to 18446744073709551615\n"},
        {"/p/a/1/18446744073709551616/1/1", 400,
         "400 Bad Request: u: this is no whole number of 0 to 18446744073709551615\n"},
        {"/p/a/1/1/1./1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/.5/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/01/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/1e999/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/nan/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/0x1/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/1e/1", 400, "400 Bad Request: d: this is no number\n"},
        {"/p/a/1/1/1/2", 400, "400 Bad Request: b: this is neither true nor false\n"},
        {"/m/1", 500, "500 Internal Server Error\n"},
    };
    serve(routes, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(get(cases[i].path), cases[i].status);
        CHECK_STR(fake.body, cases[i].body);
    }
    end();
}

static async int show_query(bide_http_exchange *x)
{
    const char *q, *sort;
    int64_t page;
    bide_http_pair tag;
    size_t at = 0;
    char all[200] = "";
    int r = bide_http_query_text(x, "q", &q);
    if (r == 0)
        r = bide_http_query_i64_or(x, "page", 1, &page);
    if (r == 0)
        r = bide_http_query_text_or(x, "sort", "name", &sort);
    while (r == 0 && (r = bide_http_query_next(x, "tag", &at, &tag)) > 0) {
        strcat(strcat(all, ","), tag.value);
        r = 0;
    }
    return r < 0 ? r
                 : bide_http_reply_format(x, 200, "%s %lld %s%s", q, (long long)page, sort, all);
}

static async int show_all(bide_http_exchange *x)
{
    bide_http_pair pair;
    size_t at = 0;
    char all[400] = "";
    int r;
    while ((r = bide_http_query_next(x, NULL, &at, &pair)) > 0)
        sprintf(all + strlen(all), "[%s=%s]", pair.name, pair.value);
    return r < 0 ? r : bide_http_reply_text(x, 200, all);
}

TEST(fields_of_a_query_may_be_missing_or_come_again)
{
    static const bide_http_route routes[] = {{"GET", "/s", bide_ref(show_query), 0, NULL, 0, NULL},
                                             {"GET", "/all", bide_ref(show_all), 0, NULL, 0, NULL}};
    static const struct {
        const char *target;
        int status;
        const char *body;
    } cases[] = {
        {"/s?q=a+b%26c", 200, "a b&c 1 name"},
        {"/s?q=", 200, " 1 name"},
        {"/s?q", 200, " 1 name"},
        {"/s?x=1&%71=a&page=7&sort=-id", 200, "a 7 -id"},
        {"/s?q=a&q=b", 200, "a 1 name"},
        {"/s?q=a&tag=1&tag=2&t%61g=3", 200, "a 1 name,1,2,3"},
        {"/s", 400, "400 Bad Request: q: it is missing\n"},
        {"/s?", 400, "400 Bad Request: q: it is missing\n"},
        {"/s?qq=1", 400, "400 Bad Request: q: it is missing\n"},
        {"/s?q=1&page=x", 400, "400 Bad Request: page: this is no whole number of 64 bits\n"},
        {"/s?q=1&page=", 400, "400 Bad Request: page: this is no whole number of 64 bits\n"},
        {"/s?q=%zz", 400, "400 Bad Request: q: a percent code is wrong\n"},
        {"/s?q=1&tag=%00", 400, "400 Bad Request: tag: a percent code is wrong\n"},
        {"/all?a=1&&b=&=c&d&a=2=3&", 200, "[a=1][b=][=c][d=][a=2=3]"},
        {"/all", 200, ""},
    };
    serve(routes, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(get(cases[i].target), cases[i].status);
        CHECK_STR(fake.body, cases[i].body);
    }
    end();
}

/* ---- forms ---- */

static async int show_form(bide_http_exchange *x)
{
    const char *name;
    uint64_t age;
    bool news;
    double size;
    CHECK_ERR(bide_http_form_text(x, "name", &name), -ENXIO);
    int r = await bide_http_form_read(x);
    if (r == 0)
        r = await bide_http_form_read(x);
    if (r == 0)
        r = bide_http_form_text(x, "name", &name);
    if (r == 0)
        r = bide_http_form_u64(x, "age", &age);
    if (r == 0)
        r = bide_http_form_bool_or(x, "news", false, &news);
    if (r == 0)
        r = bide_http_form_double_or(x, "size", 0.5, &size);
    if (r < 0)
        return r;
    return bide_http_reply_format(x, 200, "%s %llu %d %g", name, (unsigned long long)age, news,
                                  size);
}

static const bide_http_route form_route = {"POST", "/f", bide_ref(show_form), 0, NULL, 0, NULL};

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

TEST(a_form_is_read_and_its_type_checked)
{
    serve(&form_route, 1);
    CHECK_EQ(ask("POST", "/f", FORM, "name=J%C3%B6+X&age=7&news=on"), 200);
    CHECK_STR(fake.body, "J\xc3\xb6 X 7 1 0.5");
    CHECK_EQ(ask("POST", "/f", "Content-Type: Application/X-WWW-Form-URLencoded;charset=utf-8\r\n",
                 "name=a&age=1"),
             200);
    fake.piece = 1;
    fake.is_chunked = true;
    CHECK_EQ(ask("POST", "/f", FORM, "name=J%C3%B6+X&age=7&size=2"), 200);
    CHECK_STR(fake.body, "J\xc3\xb6 X 7 0 2");
    fake.piece = 0;
    fake.is_chunked = false;
    CHECK_EQ(ask("POST", "/f", FORM, "name=a"), 400);
    CHECK_STR(fake.body, "400 Bad Request: age: it is missing\n");
    CHECK_EQ(ask("POST", "/f", "", "name=a"), 415);
    CHECK_EQ(ask("POST", "/f", "Content-Type: text/plain\r\n", "name=a"), 415);
    CHECK_STR(fake.body, "415 Unsupported Media Type: Content-Type: "
                         "application/x-www-form-urlencoded is needed\n");
    fake.options.body_bytes_max = 4;
    CHECK_EQ(ask("POST", "/f", FORM, "name=a&age=1"), 413);
    fake.is_chunked = true;
    CHECK_EQ(ask("POST", "/f", FORM, "name=a&age=1"), 413);
    end();
}

/* ---- JSON ---- */

static async int double_it(bide_http_exchange *x)
{
    const bide_json *j, *again;
    bide_json_failure why = {0};
    const char *name;
    int64_t n;
    int r = await bide_http_body_json(x, &j);
    if (r < 0) {
        CHECK(j == NULL);
        return r;
    }
    CHECK(await bide_http_body_json(x, &again) == 0 && again == j);
    if (bide_json_unpack(j, &why, bide_json_need("name", &name), bide_json_need("n", &n)) < 0)
        return bide_http_fail(x, 422, "%s", why.text);
    return bide_http_reply_json(x, 201, "{s:s, s:I}", "name", name, "n", (int64_t)(2 * n));
}

static async int echo_tree(bide_http_exchange *x)
{
    const bide_json *j;
    int r = await bide_http_body_json(x, &j);
    return r < 0 ? r : bide_http_reply_tree(x, 200, j);
}

static async int bad_json(bide_http_exchange *x)
{
    return bide_http_reply_json(x, 200, "{s:s", "a", "b");
}

/* An argument of another type than its letter. */
static async int mistyped_json(bide_http_exchange *x)
{
    return bide_http_reply_json(x, 200, "{s:i}", "a", "b");
}

/* Any whole number goes with any letter for one. */
static async int wide_json(bide_http_exchange *x)
{
    return bide_http_reply_json(x, 200, "{s:i}", "a", INT64_MAX);
}

static unsigned complaints;
static char complaint[300];

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)argument;
    CHECK_ERR(error, -ENXIO);
    snprintf(complaint, sizeof complaint, "%s", text);
    complaints++;
}

static const bide_http_route json_routes[] = {
    {"POST", "/double", bide_ref(double_it), 0, NULL, 0, NULL},
    {"POST", "/echo", bide_ref(echo_tree), 0, NULL, 0, NULL},
    {"GET", "/bad", bide_ref(bad_json), 0, NULL, 0, NULL},
    {"GET", "/mistyped", bide_ref(mistyped_json), 0, NULL, 0, NULL},
    {"GET", "/wide", bide_ref(wide_json), 0, NULL, 0, NULL}};

#define JSON "Content-Type: application/json\r\n"

TEST(json_comes_in_and_goes_out)
{
    serve(json_routes, 5);
    CHECK_EQ(ask("POST", "/double", JSON, "{\"name\":\"a\",\"n\":21}"), 201);
    CHECK_STR(fake.body, "{\"name\":\"a\",\"n\":42}");
    CHECK_STR(fake_header(&fake, "Content-Type"), "application/json");
    CHECK_EQ(ask("POST", "/echo", "Content-Type: application/vnd.api+json\r\n", "[1, 2]"), 200);
    CHECK_STR(fake.body, "[1,2]");
    CHECK_EQ(ask("POST", "/double", JSON, "{\"name\":\"a\"}"), 422);
    CHECK(strstr(fake.body, "422 Unprocessable Content: n: ") == fake.body);
    CHECK_EQ(ask("POST", "/double", JSON, "{\"name\":"), 400);
    CHECK(strstr(fake.body, "400 Bad Request: the body: ") == fake.body);
    CHECK_EQ(ask("POST", "/double", JSON, ""), 400);
    CHECK_EQ(ask("POST", "/double", "", "{}"), 415);
    CHECK_EQ(ask("POST", "/double", "Content-Type: text/json\r\n", "{}"), 415);
    CHECK_EQ(ask("POST", "/double", "Content-Type: application/+json\r\n", "{}"), 415);
    fake.options.complain = complain;
    CHECK_EQ(get("/bad"), 500);
    CHECK_EQ(complaints, 1);
    CHECK_EQ(get("/mistyped"), 500);
    CHECK_EQ(complaints, 2);
    CHECK_STR(complaint, "a response is no good JSON: after 5 bytes, 1 deep: the format "
                         "\"{s:i}\", after 3 characters: this needs a whole number, and the "
                         "argument is a text");
    CHECK_EQ(get("/wide"), 200);
    CHECK_STR(fake.body, "{\"a\":9223372036854775807}");
    end();
}

static async int says_json(bide_http_exchange *x)
{
    return bide_http_reply_json(x, 200, "{s:s, s:[i, i]}", "name", "a", "n", 1, 2);
}

TEST(a_response_in_json_allocates_nothing_when_it_is_warm)
{
    static const bide_http_route route = {"GET", "/", bide_ref(says_json), 0, NULL, 0, NULL};
    serve(&route, 1);
    fake.room = 4096;
    get("/");
    CHECK_STR(fake.body, "{\"name\":\"a\",\"n\":[1,2]}");
    bide_test_watch();
    for (int i = 0; i < 10; i++)
        get("/");
    CHECK_EQ(bide_test_calls("alloc"), 0);
    end();
}

/* ---- errors ---- */

static async int fails_with_words(bide_http_exchange *x)
{
    return bide_http_fail(x, 409, "seat %d is taken", 7);
}

static async int fails_otherwise(bide_http_exchange *x)
{
    int64_t n;
    (void)!bide_http_as_i64(x, "n", "x", &n); /* looked at, and passed over */
    return -ENOENT;
}

static async int fails_without_words(bide_http_exchange *x)
{
    return bide_http_fail(x, 418, NULL);
}

/* The name of the field is cut within its 34th character, of three bytes. */
static async int fails_with_words_of_the_client(bide_http_exchange *x)
{
    size_t at = 0;
    bide_http_pair pair;
    int64_t n;
    int r = bide_http_query_next(x, NULL, &at, &pair);
    return r < 0 ? r : bide_http_as_i64(x, pair.name, pair.value, &n);
}

static async int fails_with_bytes_of_the_client(bide_http_exchange *x)
{
    return bide_http_fail(x, 400, "it is %s", bide_http_request_header(x, "X-Bytes"));
}

static void complains(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x;
    (void)error;
    (void)argument;
    check_fail(__FILE__, __LINE__, text);
}

TEST(words_of_the_client_do_not_break_an_error)
{
    static const bide_http_route routes[] = {
        {"GET", "/name", bide_ref(fails_with_words_of_the_client), 0, NULL, 0, NULL},
        {"GET", "/bytes", bide_ref(fails_with_bytes_of_the_client), 0, NULL, 0, NULL}};
    char target[600] = "/name?", expected[600] = "";
    serve(routes, 2);
    fake.options.error = bide_http_error_json;
    fake.options.complain = complains;
    for (int i = 0; i < 40; i++)
        strcat(target, "%E2%82%AC");
    strcat(target, "=x");
    CHECK_EQ(get(target), 400);
    for (int i = 0; i < 33; i++)
        strcat(expected, "\xE2\x82\xAC");
    CHECK(strstr(fake.body, expected) != NULL);
    fake.head = "GET /bytes HTTP/1.1\r\nHost: a\r\nX-Bytes: a\xFF\xE2\x82\r\n\r\n";
    fake_run(&fake);
    CHECK_EQ(fake.status, 400);
    CHECK_STR(fake.body, "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"it is a???\"}");
    end();
}

TEST(errors_become_responses_in_one_place)
{
    static const bide_http_route routes[] = {
        {"GET", "/words", bide_ref(fails_with_words), 0, NULL, 0, NULL},
        {"GET", "/other", bide_ref(fails_otherwise), 0, NULL, 0, NULL},
        {"GET", "/none", bide_ref(fails_without_words), 0, NULL, 0, NULL}};
    serve(routes, 3);
    CHECK_EQ(get("/words"), 409);
    CHECK_STR(fake.body, "409 Conflict: seat 7 is taken\n");
    CHECK_EQ(get("/other"), 404);
    CHECK_STR(fake.body, "404 Not Found\n");
    CHECK_EQ(get("/none"), 418);
    fake.options.error = bide_http_error_json;
    CHECK_EQ(get("/words"), 409);
    CHECK_STR(fake.body, "{\"title\":\"Conflict\",\"status\":409,\"detail\":\"seat 7 is taken\"}");
    CHECK_STR(fake_header(&fake, "Content-Type"), "application/problem+json");
    CHECK_EQ(get("/other"), 404);
    CHECK_STR(fake.body, "{\"title\":\"Not Found\",\"status\":404}");
    CHECK_EQ(get("/nowhere"), 404);
    CHECK_STR(fake.body, "{\"title\":\"Not Found\",\"status\":404}");
    end();
}

/* ---- cookies and headers ---- */

static async int cookies(bide_http_exchange *x)
{
    const char *a = bide_http_cookie(x, "a"), *b = bide_http_cookie(x, "b");
    int64_t n = -1;
    CHECK_ERR(bide_http_cookie_set(x, "plain", "v", NULL), 0);
    CHECK_ERR(
        bide_http_cookie_set(x, "all", "v",
                             &(bide_http_cookie_options){.path = "/p",
                                                         .domain = "example.org",
                                                         .max_age_s = 60,
                                                         .secure = true,
                                                         .for_scripts = true,
                                                         .same_site = BIDE_HTTP_SAME_SITE_NONE}),
        0);
    CHECK_ERR(bide_http_cookie_set(x, "gone", "", &(bide_http_cookie_options){.max_age_s = -1}), 0);
    CHECK_ERR(bide_http_cookie_set(x, "a b", "v", NULL), -ENXIO);
    CHECK_ERR(bide_http_cookie_set(x, "a", "v;Domain=x", NULL), -EINVAL);
    CHECK_ERR(bide_http_cookie_set(x, "a", "v\r\nX: y", NULL), -EINVAL);
    CHECK_ERR(bide_http_cookie_set(
                  x, "a", "v", &(bide_http_cookie_options){.same_site = BIDE_HTTP_SAME_SITE_NONE}),
              -ENXIO);
    CHECK_ERR(bide_http_cookie_set(x, "__Host-a", "v", NULL), -ENXIO);
    int r = bide_http_request_header_i64(x, "X-Count", &n);
    return r < 0 ? r
                 : bide_http_reply_format(x, 200, "%s %s %lld", a != NULL ? a : "-",
                                          b != NULL ? b : "-", (long long)n);
}

TEST(cookies_come_and_go)
{
    static const bide_http_route route = {"GET", "/", bide_ref(cookies), 0, NULL, 0, NULL};
    serve(&route, 1);
    CHECK_EQ(ask("GET", "/", "Cookie: x=1; a=2\r\nCookie: b=\"q\"; a=3\r\nX-Count: 5\r\n", ""),
             200);
    CHECK_STR(fake.body, "2 q 5");
    CHECK(strstr(fake.headers, "Set-Cookie: plain=v; Path=/; ") != NULL);
    CHECK(strstr(fake.headers, "HttpOnly") != NULL);
    CHECK(strstr(fake.headers, "SameSite=Lax") != NULL);
    CHECK(strstr(fake.headers, "Max-Age=60") != NULL);
    CHECK(strstr(fake.headers, "Max-Age=0") != NULL);
    CHECK_EQ(fake_count(&fake, "Set-Cookie"), 3);
    CHECK_EQ(ask("GET", "/", "", ""), 400);
    CHECK_STR(fake.body, "400 Bad Request: X-Count: it is missing\n");
    CHECK_EQ(ask("GET", "/", "X-Count: five\r\n", ""), 400);
    end();
}

/* ---- who the client is ---- */

static bide_http_proxies proxies;

static async int who(bide_http_exchange *x)
{
    bide_address address;
    char text[BIDE_ADDRESS_MAX] = "";
    int r = bide_http_client_address(x, &proxies, &address);
    if (r == -EINVAL)
        return bide_http_reply_text(x, 500, "bad network");
    if (r == 0)
        CHECK_ERR(bide_address_text(&address, text, sizeof text), 0);
    return bide_http_reply_format(x, 200, "%s %s %s", r == 0 ? text : "nobody",
                                  bide_http_client_scheme(x, &proxies),
                                  bide_http_client_host(x, &proxies));
}

TEST(proxies_are_believed_only_if_they_are_trusted)
{
    static const char *const trusted[] = {"10.0.0.0/8", "::1", "2001:db8::/32", "unix"};
    static const struct {
        const char *peer, *headers, *says;
    } cases[] = {
        {"192.0.2.9:1", "", "192.0.2.9:1 http a"},
        {"192.0.2.9:1", "X-Forwarded-For: 1.1.1.1\r\n", "192.0.2.9:1 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 1.1.1.1\r\n", "1.1.1.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 6.6.6.6, 1.1.1.1\r\n", "1.1.1.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 6.6.6.6, 1.1.1.1 ,10.0.0.1\r\n", "1.1.1.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1, 10.0.0.1\r\n",
         "1.1.1.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 10.9.9.9\r\n", "10.9.9.9:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 1.1.1.1, unknown\r\n", "10.1.2.3:5 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 1.1.1.1, , 10.0.0.1\r\n", "10.0.0.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 1.1.1.1:99\r\n", "1.1.1.1:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: [2001:db9::1]:5\r\n", "[2001:db9::1]:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 2001:db9::1\r\n", "[2001:db9::1]:0 http a"},
        {"10.1.2.3:5", "X-Forwarded-For: 2001:db9::1, 2001:db8::7\r\n", "[2001:db9::1]:0 http a"},
        {"[::ffff:10.1.2.3]:5", "X-Forwarded-For: 1.1.1.1\r\n", "1.1.1.1:0 http a"},
        {"[::1]:5",
         "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
         "X-Forwarded-Host: example.org\r\n",
         "1.1.1.1:0 https example.org"},
        {"[::2]:5", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: example.org\r\n",
         "[::2]:5 http a"},
        {"[::1]:5", "X-Forwarded-Proto: http, gopher\r\nX-Forwarded-Host: a b\r\n",
         "[::1]:5 http a"},
        {"[::1]:5", "X-Forwarded-Proto: gopher, HTTPS\r\n", "[::1]:5 https a"},
        {NULL, "X-Forwarded-For: 1.1.1.1\r\n", "1.1.1.1:0 http a"},
        {NULL, "", "nobody http a"},
    };
    static const bide_http_route route = {"GET", "/", bide_ref(who), 0, NULL, 0, NULL};
    proxies = (bide_http_proxies){trusted, 4};
    serve(&route, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.peer.size = 0;
        if (cases[i].peer != NULL)
            CHECK_ERR(bide_address_parse(cases[i].peer, &fake.peer), 0);
        CHECK_EQ(ask("GET", "/", cases[i].headers, ""), 200);
        CHECK_STR(fake.body, cases[i].says);
    }
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "name", "::/129"};
    CHECK_ERR(bide_address_parse("10.0.0.1:1", &fake.peer), 0);
    for (size_t i = 0; i < 5; i++) {
        proxies = (bide_http_proxies){&bad[i], 1};
        CHECK_EQ(ask("GET", "/", "X-Forwarded-For: 1.1.1.1\r\n", ""), 500);
    }
    end();
}

/* ---- names of files ---- */

static const char *file_name;
static int file_result;

static async int download(bide_http_exchange *x)
{
    file_result = bide_http_attachment(x, file_name, false);
    return bide_http_reply_text(x, 200, "");
}

TEST(names_of_files_are_sent_in_both_forms)
{
    static const struct {
        const char *name, *header;
    } cases[] = {
        {"report.pdf", "attachment; filename=\"report.pdf\""},
        {"a b;c.txt", "attachment; filename=\"a b;c.txt\""},
        {"na\xc3\xafve.txt", "attachment; filename=\"na_ve.txt\"; "
                             "filename*=UTF-8''na%C3%AFve.txt"},
        {"\xe2\x82\xac rates", "attachment; filename=\"_ rates\"; "
                               "filename*=UTF-8''%E2%82%AC%20rates"},
        {"a\"b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"},
        {"50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"},
        {"a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
        {"../../etc/passwd", "attachment; filename=\"passwd\""},
        {"C:\\temp\\x.txt", "attachment; filename=\"x.txt\""},
        {"dir/", "attachment"},
        {"..", "attachment"},
    };
    static const bide_http_route route = {"GET", "/", bide_ref(download), 0, NULL, 0, NULL};
    serve(&route, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file_name = cases[i].name;
        CHECK_EQ(get("/"), 200);
        CHECK_ERR(file_result, 0);
        CHECK_STR(fake_header(&fake, "Content-Disposition"), cases[i].header);
    }
    file_name = "\xff";
    get("/");
    CHECK_ERR(file_result, -EILSEQ);
    static char large[300];
    memset(large, 'x', sizeof large - 1);
    file_name = large;
    get("/");
    CHECK_ERR(file_result, -EINVAL);
    end();
}

/* ---- cancelled everywhere, and without memory ---- */

async int form_and_json(void *state);
extern const struct bide_fn bide__desc_form_and_json;

async int form_and_json(void *state)
{
    (void)state;
    fake.waits = true;
    fake.piece = 3;
    fake.is_chunked = true;
    fake.head = "POST /f HTTP/1.1\r\nHost: a\r\n" FORM "\r\nname=abc&age=7";
    fake.body_data = NULL;
    int r = await fake_serve(&fake);
    fake.head = "POST /double HTTP/1.1\r\nHost: a\r\n" JSON "\r\n{\"name\":\"a\",\"n\":1}";
    fake.body_data = NULL;
    return r < 0 ? r : await fake_serve(&fake);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error == 0)
        CHECK_EQ(fake.status, 201);
}

TEST(reading_may_be_cancelled_everywhere)
{
    bide_http_route routes[] = {form_route, json_routes[0]};
    serve(routes, 2);
    CHECK(cancel_everywhere(&bide__desc_form_and_json, NULL, NULL, after) > 10);
    end();
}

TEST(an_allocation_that_fails_becomes_503)
{
    bide_http_route routes[] = {form_route, json_routes[0]};
    uint64_t failed = 1;
    unsigned failures = 0;
    serve(routes, 2);
    fake.room = 64;
    ask("POST", "/double", JSON, "{\"name\":\"a\",\"n\":1}");
    for (unsigned nth = 1; failed > 0; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        int status = ask("POST", "/double", JSON, "{\"name\":\"a\",\"n\":1}");
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        /* Without a frame for the handler there is no response. */
        bool none = failed > 0 && (status == 503 || (status == 0 && fake.result == -ENOMEM));
        CHECK(none || status == 201);
        failures += failed > 0;
    }
    CHECK(failures > 3);
    end();
}

/* ---- what a program gets wrong ---- */

static async int fails_with_success(bide_http_exchange *x)
{
    return bide_http_fail(x, 200, "fine");
}

static async int has_no_form(bide_http_exchange *x)
{
    const char *text;
    return bide_http_form_text(x, "a", &text);
}

TEST(misuse_is_a_500_and_is_told)
{
    static const bide_http_auth_options no_check = {.scheme = "Basic"};
    static const bide_http_layer layers[] = {{bide_ref(bide_http_layer_gate), NULL},
                                             {bide_ref(bide_http_layer_rate), NULL},
                                             {bide_ref(bide_http_layer_auth), NULL},
                                             {bide_ref(bide_http_layer_auth), &no_check},
                                             {bide_ref(bide_http_layer_body_limit), NULL}};
#define INSIDE(path, i)                                            \
    {                                                              \
        "GET", path, bide_ref(has_no_form), 0, &layers[i], 1, NULL \
    }
    static const bide_http_route routes[] = {
        INSIDE("/gate", 0),
        INSIDE("/rate", 1),
        INSIDE("/auth", 2),
        INSIDE("/check", 3),
        INSIDE("/limit", 4),
        {"GET", "/folder/{*path}", .handler = bide_ref(bide_http_serve_folder)},
        {"GET", "/fail", .handler = bide_ref(fails_with_success)},
        {"GET", "/form", .handler = bide_ref(has_no_form)},
        {"GET", "/path", .handler = bide_ref(show_missing)},
    };
    static const char *const cases[][2] = {
        {"/gate", "bide_http_layer_gate has no data: a gate is needed"},
        {"/rate", "bide_http_layer_rate has no data: a rate is needed"},
        {"/auth", "bide_http_layer_auth has no data with a check"},
        {"/check", "bide_http_layer_auth has no data with a check"},
        {"/limit", "bide_http_layer_body_limit has no data: a uint64_t is needed"},
        {"/folder/a", "bide_http_serve_folder has no data: a folder is needed"},
        {"/fail", "bide_http_fail: 200 is no status from 400 to 599"},
        {"/form", "there is no form: await bide_http_form_read before its fields"},
        {"/path", "the route has no parameter 'other'"},
    };
    serve(routes, sizeof routes / sizeof *routes);
    fake.options.complain = complain;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        complaints = 0;
        CHECK_EQ(get(cases[i][0]), 500);
        CHECK_EQ(complaints, 1);
        CHECK_STR(complaint, cases[i][1]);
    }
    fake.options.state = NULL;
    CHECK_EQ(get("/path"), 500);
    CHECK_STR(complaint, "bide_http_serve_router: the server's state is no router");
    end();
}
