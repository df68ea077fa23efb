/*
 * What HTTP says in text: percent coding, paths, query strings (extra/http/message/text.h), dates
 * (date.h), cookies (cookie.h), media types and weights (media.h).
 */
#include "extra/http/message/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "extra/http/message/cookie.h"
#include "extra/http/message/date.h"
#include "extra/http/message/media.h"

#include "check.h"

/* A copy that ends where the text ends. */
static char *exact(const char *s)
{
    size_t size = strlen(s);
    char *copy = malloc(size + (size == 0));
    memcpy(copy, s, size);
    return copy;
}

/* ---- percent coding ---- */

static ssize_t decode(const char *s, unsigned flags, const char *expected)
{
    char *copy = exact(s);
    ssize_t n = bide__http_percent_decode(copy, copy, strlen(s), flags);
    if (n >= 0) {
        CHECK_EQ(n, strlen(expected));
        CHECK(memcmp(copy, expected, (size_t)n) == 0);
    }
    free(copy);
    return n;
}

TEST(percent_codes_are_read)
{
    CHECK_EQ(decode("", 0, ""), 0);
    CHECK_EQ(decode("a%20b+c", 0, "a b+c"), 5);
    CHECK_EQ(decode("a%20b+c%2B", BIDE__HTTP_PLUS, "a b c+"), 6);
    CHECK_EQ(decode("%c3%A4%25", 0, "\xc3\xa4%"), 3);
    CHECK_EQ(decode("%2F/", 0, "//"), 2);
    CHECK_ERR(decode("%2F/", BIDE__HTTP_NO_SLASH, ""), -EILSEQ);
    CHECK_EQ(decode("a/b", BIDE__HTTP_NO_SLASH, "a/b"), 3);
    CHECK_ERR(decode("%00", BIDE__HTTP_NO_NUL, ""), -EILSEQ);
    for (const char **bad = (const char *[]){"%", "a%", "%1", "%g0", "%0g", "%%20", "%-1", NULL};
         *bad != NULL; bad++)
        CHECK_ERR(decode(*bad, 0, ""), -EILSEQ);
    char zero[1];
    CHECK_EQ(bide__http_percent_decode(zero, "%00", 3, 0), 1);
    CHECK_EQ(zero[0], 0);
}

TEST(what_is_coded_is_read_again)
{
    char all[256], coded[3 * 256], back[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    size_t n = bide__http_percent_encode(coded, all, 256, false);
    CHECK_EQ(bide__http_percent_decode(back, coded, n, BIDE__HTTP_PLUS), 256);
    CHECK(memcmp(all, back, 256) == 0);
    n = bide__http_percent_encode(coded, "/a-._~ \xc3/", 9, true);
    CHECK(n == 13 && memcmp(coded, "/a-._~%20%C3/", n) == 0);
    n = bide__http_percent_encode(coded, "/", 1, false);
    CHECK(n == 3 && memcmp(coded, "%2F", n) == 0);
}

/* ---- paths ---- */

static void resolves(const char *path, const char *expected)
{
    char *copy = exact(path);
    ssize_t n = bide__http_path_resolve(copy, copy, strlen(path));
    if (expected == NULL) {
        CHECK_ERR(n, -EINVAL);
    } else {
        char got[100];
        snprintf(got, sizeof got, "%.*s", (int)n, copy);
        CHECK_STR(got, expected);
        bool is_plain = strcmp(path, expected) == 0 && strchr(path, '%') == NULL;
        CHECK_EQ(bide__http_path_is_plain(path, strlen(path)), is_plain);
    }
    free(copy);
}

TEST(dot_segments_leave_paths_and_nothing_leaves_the_root)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"//", "//"},
        {"//a//b", "//a//b"},
        {"/.", "/"},
        {"/./", "/"},
        {"/a/.", "/a/"},
        {"/a/./b", "/a/b"},
        {"/a/..", "/"},
        {"/a/../", "/"},
        {"/a/b/../c", "/a/c"},
        {"/a/b/../../c", "/c"},
        {"/a//../c", "/a/c"},
        {"//../a", "/a"},
        {"/...", "/..."},
        {"/a./.b/..c/d..", "/a./.b/..c/d.."},
        {"/.a/..", "/"},
        {"/%2e", "/"},
        {"/a/%2E%2e/b", "/b"},
        {"/a/.%2e", "/"},
        {"/%2e%2e%2e", "/%2e%2e%2e"},
        {"/%2e%2f", "/%2e%2f"},
        {"/%2", "/%2"},
        {"/a%2f..%2fb", "/a%2f..%2fb"},
        {"/..", NULL},
        {"/../a", NULL},
        {"/./..", NULL},
        {"/a/../..", NULL},
        {"/a/../../a", NULL},
        {"/%2e%2e/a", NULL},
        {"", NULL},
        {"a", NULL},
        {"..", NULL},
        {"*", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        resolves(cases[i][0], cases[i][1]);
    CHECK(!bide__http_path_is_plain("", 0) && !bide__http_path_is_plain("a", 1));
    CHECK(!bide__http_path_is_plain("/..", 3));
}

/* ---- query strings ---- */

static void pairs(const char *text, const char *expected)
{
    char *copy = exact(text), got[200];
    const char *s = copy, *name, *value;
    size_t size = strlen(text), name_size, value_size;
    int n = 0;
    got[0] = '\0';
    while (bide__http_pair(&s, &size, &name, &name_size, &value, &value_size))
        n += snprintf(got + n, sizeof got - (size_t)n, "%.*s=%.*s;", (int)name_size, name,
                      (int)value_size, value);
    CHECK_STR(got, expected);
    free(copy);
}

TEST(pairs_of_a_query)
{
    pairs("", "");
    pairs("&&", "");
    pairs("a", "a=;");
    pairs("a=", "a=;");
    pairs("=b", "=b;");
    pairs("=", "=;");
    pairs("a=b=c&d", "a=b=c;d=;");
    pairs("&a=1&&b=2&", "a=1;b=2;");
    pairs("a%26b=c;d", "a%26b=c;d;");
}

/* ---- dates ---- */

static const int64_t y2026 = 1767225600;

static int parse_date(const char *s, int64_t *seconds)
{
    char *copy = exact(s);
    int rc = bide__http_date_parse(copy, strlen(s), y2026, seconds);
    free(copy);
    return rc;
}

TEST(dates_are_read_in_their_three_forms)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Wed Nov 16 08:49:37 1994", 784975777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Mon, 01 Jan 0001 00:00:00 GMT", -62135596800},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799},
        {"Wednesday, 01-Jan-76 00:00:00 GMT", 3345062400}, /* 2076: 50 years after 2026 */
        {"Saturday, 01-Jan-77 00:00:00 GMT", 220924800},   /* 1977 */
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t seconds = 1;
        if (parse_date(good[i].text, &seconds) != 0 || seconds != good[i].seconds)
            check_fail(__FILE__, __LINE__, good[i].text);
    }
}

TEST(what_is_no_date_is_refused)
{
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, ",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2026 08:49:37 GMT",
        "Thu, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "784111777",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds;
        if (parse_date(bad[i], &seconds) != -EINVAL)
            check_fail(__FILE__, __LINE__, bad[i]);
    }
}

TEST(dates_are_written_as_libc_writes_them_and_read_again)
{
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t seconds = (int64_t)(seed >> 16) % 315537897600 - 62135596800, back;
        time_t t = (time_t)seconds;
        struct tm tm;
        char text[100], got[BIDE__HTTP_DATE_SIZE], again[BIDE__HTTP_DATE_SIZE];
        gmtime_r(&t, &tm);
        strftime(text, sizeof text, "%a, %d %b ", &tm);
        snprintf(text + 12, sizeof text - 12, "%04d", tm.tm_year + 1900);
        strftime(text + 16, sizeof text - 16, " %H:%M:%S GMT", &tm);
        bide__http_date_write(got, seconds);
        CHECK(memcmp(got, text, sizeof got) == 0);
        bide__http_date_copy(again, seconds);
        CHECK(memcmp(got, again, sizeof got) == 0);
        bide__http_date_copy(again, seconds); /* from the copy */
        CHECK(memcmp(got, again, sizeof got) == 0);
        CHECK_EQ(bide__http_date_parse(got, sizeof got, y2026, &back), 0);
        CHECK_EQ(back, seconds);
    }
    char got[BIDE__HTTP_DATE_SIZE];
    bide__http_date_write(got, INT64_MAX);
    CHECK(memcmp(got, "Fri, 31 Dec 9999 23:59:59 GMT", sizeof got) == 0);
    bide__http_date_write(got, INT64_MIN);
    CHECK(memcmp(got, "Mon, 01 Jan 0001 00:00:00 GMT", sizeof got) == 0);
}

/* ---- cookies ---- */

static void cookies(const char *text, const char *expected)
{
    char *copy = exact(text), got[200];
    const char *s = copy, *name, *value;
    size_t size = strlen(text), name_size, value_size;
    int n = 0;
    got[0] = '\0';
    while (bide__http_cookie_next(&s, &size, &name, &name_size, &value, &value_size))
        n += snprintf(got + n, sizeof got - (size_t)n, "%.*s=%.*s|", (int)name_size, name,
                      (int)value_size, value);
    CHECK_STR(got, expected);
    free(copy);
}

TEST(cookies_are_read_and_what_is_none_is_skipped)
{
    cookies("", "");
    cookies("a=b", "a=b|");
    cookies("a=b; c=d;e=f ;\tg=", "a=b|c=d|e=f|g=|");
    cookies("a=\"b\"; c=d=e", "a=\"b\"|c=d=e|");
    cookies(";;a=b; ;", "a=b|");
    cookies("a; =b; c d=e; f=g h; i=\"; j=k,l; m=\\; n=\xc3; o=p", "o=p|");
}

static ssize_t written(const struct bide__http_set_cookie *c, char *got, size_t size)
{
    ssize_t n = bide__http_set_cookie_write(got, size - 1, c);
    got[n > 0 ? n : 0] = '\0';
    return n;
}

TEST(set_cookie_is_written)
{
    char got[300];
    struct bide__http_set_cookie c = {.name = "a", .value = "b"};
    CHECK(written(&c, got, sizeof got) > 0);
    CHECK_STR(got, "a=b");
    c = (struct bide__http_set_cookie){
        .name = "__Host-id",
        .path = "/",
        .has_max_age = true,
        .max_age_s = -5,
        .expires_s = 784111777,
        .secure = true,
        .http_only = true,
        .same_site = BIDE__HTTP_SAME_SITE_STRICT,
        .partitioned = true,
    };
    ssize_t n = written(&c, got, sizeof got);
    CHECK_STR(got, "__Host-id=; Path=/; Max-Age=-5; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; "
                   "HttpOnly; SameSite=Strict; Partitioned");
    for (size_t room = 0; room < (size_t)n; room++) {
        char *exactly = malloc(room + (room == 0));
        CHECK_ERR(bide__http_set_cookie_write(exactly, room, &c), -ENOSPC);
        free(exactly);
    }
    CHECK_EQ(bide__http_set_cookie_write(got, (size_t)n, &c), n);
    c = (struct bide__http_set_cookie){.name = "a", .domain = "b.c", .path = "/d e"};
    CHECK(written(&c, got, sizeof got) > 0);
    CHECK_STR(got, "a=; Path=/d e; Domain=b.c");
}

TEST(cookies_that_would_say_something_else_are_refused)
{
    static const struct bide__http_set_cookie bad[] = {
        {.name = NULL},
        {.name = ""},
        {.name = "a b"},
        {.name = "a=b"},
        {.name = "a;"},
        {.name = "a\r\n"},
        {.name = "a", .value = "b; Secure"},
        {.name = "a", .value = "b c"},
        {.name = "a", .value = "b\r\nX: y"},
        {.name = "a", .value = "\""},
        {.name = "a", .value = "\xc3\xa4"},
        {.name = "a", .path = "/; Domain=b"},
        {.name = "a", .path = ""},
        {.name = "a", .path = "/\n"},
        {.name = "a", .domain = "b; c"},
        {.name = "a", .domain = "b c"},
        {.name = "a", .same_site = BIDE__HTTP_SAME_SITE_NONE},
        {.name = "a", .same_site = (enum bide__http_same_site)4},
        {.name = "a", .partitioned = true},
        {.name = "__Secure-a"},
        {.name = "__secure-a"},
        {.name = "__Host-a", .path = "/"},
        {.name = "__Host-a", .secure = true},
        {.name = "__Host-a", .secure = true, .path = "/b"},
        {.name = "__Host-a", .secure = true, .path = "/", .domain = "b"},
    };
    char got[300];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(bide__http_set_cookie_write(got, sizeof got, &bad[i]), -EINVAL);
}

/* ---- media types ---- */

static int media(const char *text, const char *expected)
{
    char *copy = exact(text), got[300], value[100];
    struct bide__http_media m;
    struct bide__http_param p;
    int rc = bide__http_media_parse(copy, strlen(text), &m);
    if (rc == 0) {
        int n = snprintf(got, sizeof got, "%.*s %.*s", (int)m.type.size, m.type.at,
                         (int)m.subtype.size, m.subtype.at);
        while (bide__http_param_next(&m.params, &p) > 0)
            n += snprintf(got + n, sizeof got - (size_t)n, " %.*s=%.*s", (int)p.name.size,
                          p.name.at, (int)bide__http_param_value(value, &p), value);
        CHECK_STR(got, expected);
    }
    free(copy);
    return rc;
}

TEST(media_types_and_their_parameters)
{
    CHECK_EQ(media("text/html", "text html"), 0);
    CHECK_EQ(media(" text/html ; charset=utf-8;q=\"a\\\"b; c\" ;; d=e; ",
                   "text html charset=utf-8 q=a\"b; c d=e"),
             0);
    CHECK_EQ(media("a/b;c=\"\"", "a b c="), 0);
    static const char *const bad[] = {"",          "text",     "text/",      "/html",
                                      "a/b c",     "a/b;c",    "a/b;c=",     "a/b;=c",
                                      "a/b;c=d e", "a/b;c=\"", "a/b;c=\"\\", "a/b;c=\"\x01\"",
                                      "a/b, c/d",  "a/b;c =d", "a b/c",      "a/b;c=\"d\"e"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (media(bad[i], "") != -EINVAL)
            check_fail(__FILE__, __LINE__, bad[i]);
    struct bide__http_media m;
    struct bide__http_param p;
    CHECK_EQ(bide__http_media_parse("Multipart/Form-Data; Boundary=x", 31, &m), 0);
    CHECK(bide__http_media_is(&m, "multipart/form-data"));
    CHECK(!bide__http_media_is(&m, "multipart/form-dat") && !bide__http_media_is(&m, "multipart"));
    CHECK(bide__http_media_param(&m, "boundary", &p) && p.value.size == 1);
    CHECK(!bide__http_media_param(&m, "charset", &p));
}

TEST(values_are_quoted_where_they_must_be)
{
    char to[50];
    CHECK_EQ(bide__http_quote(to, "abc", 3), 3);
    CHECK(memcmp(to, "abc", 3) == 0);
    CHECK_EQ(bide__http_quote(to, "", 0), 2);
    CHECK_EQ(bide__http_quote(to, "a \"\\", 4), 8);
    CHECK(memcmp(to, "\"a \\\"\\\\\"", 8) == 0);
    CHECK_ERR(bide__http_quote(to, "a\n", 2), -EINVAL);
}

TEST(weights)
{
    static const struct {
        const char *accept, *type;
        unsigned weight;
    } cases[] = {
        {"", "text/html", 1000},
        {"text/html", "text/html", 1000},
        {"TEXT/HTML;q=0.5", "text/html", 500},
        {"text/html ; Q=0.123 , a/b", "text/html", 123},
        {"text/html;q=1.000", "text/html", 1000},
        {"text/html;q=0", "text/html", 0},
        {"text/html", "text/plain", 0},
        {"text/*;q=0.3", "text/plain", 300},
        {"*/*;q=0.1, text/*;q=0.3, text/plain;q=0.2", "text/plain", 200},
        {"*/*;q=0.1, text/*;q=0.3", "image/png", 100},
        {"text/html;q=2, */*;q=0.4", "text/html", 400},
        {"text/html;q=1.001, */*;q=0.4", "text/html", 400},
        {"text/html;q=0.1234", "text/html", 0},
        {"text/html;q=, a/b", "text/html", 0},
        {"text/html;level=1", "text/html", 0},
        {"text/html;q=.5", "text/html", 0},
        {"text", "text/html", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_EQ(bide__http_accept_weight(cases[i].accept, strlen(cases[i].accept), cases[i].type),
                 cases[i].weight);
}
