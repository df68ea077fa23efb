/*
 * Files as responses: conditions, ranges, compressed forms; folders that are not left; and the
 * arithmetic of ranges and tags by itself.
 */
#include <bide/bide.h>
#include <bide/fs.h>
#include <bide/http_layer.h>
#include <bide/testing.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extra/http/layer/condition.h"
#include "extra/http/layer/range.h"

#include "cancel.h"
#include "fake.h"

/* ---- ranges by themselves ---- */

TEST(ranges_are_read)
{
    static const struct {
        const char *field;
        uint64_t whole;
        const char *ranges; /* "first+size ..." */
        int result;         /* if it is not the number of these */
    } cases[] = {
        {"bytes=0-499", 10000, "0+500", 0},
        {"bytes=500-999", 10000, "500+500", 0},
        {"bytes=-500", 10000, "9500+500", 0},
        {"bytes=9500-", 10000, "9500+500", 0},
        {"bytes=0-0,-1", 10000, "0+1 9999+1", 0},
        {"BYTES=0-0", 10, "0+1", 0},
        {"bytes= 0-0 ,\t2-2 ,, 4-4", 10, "0+1 2+1 4+1", 0},
        {"bytes=0-99", 10, "0+10", 0},
        {"bytes=-99", 10, "0+10", 0},
        {"bytes=9-9", 10, "9+1", 0},
        {"bytes=5-5,20-30", 10, "5+1", 0},
        {"bytes=0-99999999999999999999999", 10, "0+10", 0},
        {"bytes=5-4", 10, "", 0},
        {"bytes=", 10, "", 0},
        {"bytes=,", 10, "", 0},
        {"bytes=-", 10, "", 0},
        {"bytes=a-b", 10, "", 0},
        {"bytes=0-1x", 10, "", 0},
        {"bytes=0 - 1", 10, "", 0},
        {"bytes=0--1", 10, "", 0},
        {"bytes 0-1", 10, "", 0},
        {"items=0-1", 10, "", 0},
        {"bytes=0-1;2-3", 10, "", 0},
        {"bytes=0-5,1-6", 10, "", 0}, /* more than there is */
        {"bytes=0-5,6-9", 10, "0+6 6+4", 0},
        {"bytes=10-", 10, "", -ERANGE},
        {"bytes=10-20,30-40", 10, "", -ERANGE},
        {"bytes=-0", 10, "", -ERANGE},
        {"bytes=99999999999999999999999-", 10, "", -ERANGE},
        {"bytes=0-", 0, "", -ERANGE},
        {"bytes=-5", 0, "", 0},
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15", 99,
         "0+1 1+1 2+1 3+1 4+1 5+1 6+1 7+1 8+1 9+1 10+1 11+1 12+1 13+1 14+1 15+1", 0},
        {"bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
         99, "", 0}, /* one too many */
        {"bytes=99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,0-0", 99, "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct range ranges[RANGES_MOST];
        char text[400] = "";
        int count = 0, n = bide__http_ranges(cases[i].field, strlen(cases[i].field), cases[i].whole,
                                             ranges, RANGES_MOST);
        for (int j = 0; j < n; j++)
            sprintf(text + strlen(text), "%s%llu+%llu", j > 0 ? " " : "",
                    (unsigned long long)ranges[j].first, (unsigned long long)ranges[j].size);
        CHECK_STR(text, cases[i].ranges);
        for (const char *p = cases[i].ranges; *p != '\0'; p++)
            count += *p == '+';
        CHECK_EQ(n, count > 0 ? count : cases[i].result);
    }
}

TEST(tags_are_compared)
{
    static const struct {
        const char *list, *tag;
        int strong, weak;
    } cases[] = {
        {"\"a\"", "\"a\"", 1, 1},
        {"W/\"a\"", "\"a\"", 0, 1},
        {"\"a\"", "W/\"a\"", 0, 1},
        {"W/\"a\"", "W/\"a\"", 0, 1},
        {"\"b\"", "\"a\"", 0, 0},
        {"\"b\", W/\"c\" ,\"a\"", "\"a\"", 1, 1},
        {",, \"a\",", "\"a\"", 1, 1},
        {"\"a,b\"", "\"a,b\"", 1, 1},
        {"\"a\\\"", "\"a\\\"", 1, 1}, /* a backslash is no escape */
        {"\"\"", "\"\"", 1, 1},
        {"a", "\"a\"", -1, -1},
        {"\"a", "\"a\"", -1, -1},
        {"w/\"a\"", "\"a\"", -1, -1},
        {"\"b\" \"a\"", "\"a\"", -1, -1},
        {"", "\"a\"", 0, 0},
        {"\"a\"", NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].list);
        CHECK_EQ(bide__http_tag_in(cases[i].list, size, cases[i].tag, true), cases[i].strong);
        CHECK_EQ(bide__http_tag_in(cases[i].list, size, cases[i].tag, false), cases[i].weak);
    }
}

/* ---- files ---- */

static char root[64];
static struct fake fake;
static bide_http_router *router;
static bide_http_folder *folder;
static bide_http_file_options file_options;
static char file_path[128];

static const char *in_root(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void put_file(const char *name, const char *data, size_t size)
{
    FILE *f = fopen(in_root(name), "w");
    CHECK(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

/* All files were changed at the same time, long ago. */
static void set_time(const char *name)
{
    struct timespec times[2] = {{784111777, 0}, {784111777, 0}};
    CHECK_EQ(utimensat(AT_FDCWD, in_root(name), times, 0), 0);
}

static char big[200000];

static void make_root(void)
{
    strcpy(root, "/tmp/bide-files-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i * 7 % 26);
    CHECK_EQ(mkdir(in_root("www"), 0777), 0);
    CHECK_EQ(mkdir(in_root("www/sub"), 0777), 0);
    CHECK_EQ(mkdir(in_root("www/none"), 0777), 0);
    put_file("www/small.txt", "0123456789", 10);
    put_file("www/empty.html", "", 0);
    put_file("www/big.bin", big, sizeof big);
    put_file("www/app.js", "plain", 5);
    put_file("www/app.js.gz", "gzipped", 7);
    put_file("www/app.js.br", "brotlied", 8);
    put_file("www/sub/index.html", "index", 5);
    put_file("www/spa.html", "spa", 3);
    put_file("www/.hidden", "h", 1);
    put_file("www/a b.txt", "blank", 5);
    put_file("secret", "secret", 6);
    CHECK_EQ(symlink("../secret", in_root("www/out")), 0);
    CHECK_EQ(symlink("..", in_root("www/up")), 0);
    CHECK_EQ(symlink("small.txt", in_root("www/link.txt")), 0);
    CHECK_EQ(mkfifo(in_root("www/fifo"), 0666), 0);
    static const char *const names[] = {"www/small.txt", "www/empty.html", "www/big.bin",
                                        "www/app.js",    "www/app.js.gz",  "www/app.js.br"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set_time(names[i]);
}

static void end(void)
{
    bide_http_router_drop(router);
    bide_http_folder_free(folder);
    fake_free(&fake);
    CHECK_ERR(bide_block_on(bide_tree_remove(root)), 0);
}

static async int show_file(bide_http_exchange *x)
{
    return await bide_http_reply_file(x, file_path, &file_options);
}

static void begin(const bide_http_folder_options *options)
{
    make_root();
    CHECK_ERR(bide_http_folder_new(in_root("www"), options, &folder), 0);
    const bide_http_route routes[] = {
        {"GET", "/f", bide_ref(show_file), 0, NULL, 0, NULL},
        {"POST", "/f", bide_ref(show_file), 0, NULL, 0, NULL},
        {NULL, "/s/{*path}", bide_ref(bide_http_serve_folder), 0, NULL, 0, folder}};
    CHECK_ERR(bide_http_router_new(&(bide_http_router_options){.routes = routes, .route_count = 3},
                                   &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
}

static int ask(const char *method, const char *target, const char *headers)
{
    static char head[4096];
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, headers);
    fake.head = head;
    fake.body_data = NULL;
    fake_run(&fake);
    return fake.status;
}

static int get(const char *name, const char *headers)
{
    strcpy(file_path, in_root(name));
    return ask("GET", "/f", headers);
}

#define OLD "Sun, 06 Nov 1994 08:49:37 GMT"

TEST(a_file_is_sent_with_what_is_known_of_it)
{
    begin(NULL);
    CHECK_EQ(get("www/small.txt", ""), 200);
    CHECK_STR(fake.body, "0123456789");
    CHECK_STR(fake_header(&fake, "Content-Type"), "text/plain; charset=utf-8");
    CHECK_STR(fake_header(&fake, "Last-Modified"), OLD);
    CHECK_STR(fake_header(&fake, "ETag"), "\"2ebc98a1.0-a\"");
    CHECK_STR(fake_header(&fake, "Accept-Ranges"), "bytes");
    CHECK_EQ(get("www/empty.html", ""), 200);
    CHECK_EQ(fake.size, 0);
    CHECK_EQ(get("www/big.bin", ""), 200);
    CHECK(fake.size == sizeof big && memcmp(fake.body, big, sizeof big) == 0);
    CHECK(fake.sends > 1);
    CHECK_STR(fake_header(&fake, "Content-Length"), "200000");
    strcpy(file_path, in_root("www/big.bin"));
    CHECK_EQ(ask("HEAD", "/f", ""), 200);
    CHECK_EQ(fake.size, 0);
    CHECK_STR(fake_header(&fake, "Content-Length"), "200000");
    file_options = (bide_http_file_options){
        .type = "text/x", .cache_control = "max-age=1", .attachment = "x.txt"};
    CHECK_EQ(get("www/small.txt", ""), 200);
    CHECK_STR(fake_header(&fake, "Content-Type"), "text/x");
    CHECK_STR(fake_header(&fake, "Cache-Control"), "max-age=1");
    CHECK_STR(fake_header(&fake, "Content-Disposition"), "attachment; filename=\"x.txt\"");
    CHECK_EQ(get("www/nothing", ""), 404);
    CHECK_EQ(get("www/sub", ""), 404);
    CHECK_EQ(get("www/fifo", ""), 404);
    CHECK_EQ(get("www/small.txt/x", ""), 404);
    end();
}

TEST(preconditions_are_kept_in_their_order)
{
    static const struct {
        const char *headers;
        int get, post;
    } cases[] = {
        {"If-None-Match: \"2ebc98a1.0-a\"\r\n", 304, 412},
        {"If-None-Match: W/\"2ebc98a1.0-a\"\r\n", 304, 412},
        {"If-None-Match: \"x\", \"2ebc98a1.0-a\"\r\n", 304, 412},
        {"If-None-Match: *\r\n", 304, 412},
        {"If-None-Match: \"x\"\r\n", 200, 200},
        {"If-None-Match: \"x\"\r\nIf-None-Match: \"2ebc98a1.0-a\"\r\n", 304, 412},
        {"If-None-Match: x\r\n", 200, 200},
        {"If-Modified-Since: " OLD "\r\n", 304, 200},
        {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304, 200},
        {"If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 304, 200},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 200, 200},
        {"If-Modified-Since: Sun, 06 Nov 2044 08:49:36 GMT\r\n", 304, 200},
        {"If-Modified-Since: yesterday\r\n", 200, 200},
        {"If-Modified-Since: " OLD "\r\nIf-Modified-Since: " OLD "\r\n", 200, 200},
        /* If-None-Match goes before it */
        {"If-None-Match: \"x\"\r\nIf-Modified-Since: " OLD "\r\n", 200, 200},
        {"If-Match: \"2ebc98a1.0-a\"\r\n", 200, 200},
        {"If-Match: *\r\n", 200, 200},
        {"If-Match: W/\"2ebc98a1.0-a\"\r\n", 412, 412},
        {"If-Match: \"x\"\r\n", 412, 412},
        {"If-Match: x\r\n", 412, 412},
        {"If-Unmodified-Since: " OLD "\r\n", 200, 200},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 412, 412},
        {"If-Unmodified-Since: never\r\n", 200, 200},
        /* If-Match goes before it */
        {"If-Match: \"2ebc98a1.0-a\"\r\nIf-Unmodified-Since: Sat, 05 Nov 1994 08:49:36 GMT\r\n",
         200, 200},
        {"If-Match: \"2ebc98a1.0-a\"\r\nIf-None-Match: \"2ebc98a1.0-a\"\r\n", 304, 412},
    };
    begin(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(get("www/small.txt", cases[i].headers), cases[i].get);
        if (fake.status == 304) {
            CHECK_STR(fake_header(&fake, "ETag"), "\"2ebc98a1.0-a\"");
            CHECK_EQ(fake.size, 0);
        }
        CHECK_EQ(ask("POST", "/f", cases[i].headers), cases[i].post);
    }
    end();
}

TEST(ranges_are_sent)
{
    begin(NULL);
    CHECK_EQ(get("www/small.txt", "Range: bytes=2-4\r\n"), 206);
    CHECK_STR(fake.body, "234");
    CHECK_STR(fake_header(&fake, "Content-Range"), "bytes 2-4/10");
    CHECK_EQ(get("www/small.txt", "Range: bytes=-3\r\n"), 206);
    CHECK_STR(fake.body, "789");
    CHECK_EQ(get("www/small.txt", "Range: bytes=10-\r\n"), 416);
    CHECK_STR(fake_header(&fake, "Content-Range"), "bytes */10");
    CHECK_EQ(get("www/small.txt", "Range: bytes=x\r\n"), 200);
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nRange: bytes=0-1\r\n"), 200);
    CHECK_EQ(get("www/big.bin", "Range: bytes=1-150000\r\n"), 206);
    CHECK(fake.size == 150000 && memcmp(fake.body, big + 1, 150000) == 0);
    CHECK_STR(fake_header(&fake, "Content-Length"), "150000");
    /* Only GET has ranges. */
    strcpy(file_path, in_root("www/small.txt"));
    CHECK_EQ(ask("HEAD", "/f", "Range: bytes=2-4\r\n"), 200);
    CHECK_EQ(ask("POST", "/f", "Range: bytes=2-4\r\n"), 200);
    /* If-Range: only with a strong tag, or the exact date. */
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nIf-Range: \"2ebc98a1.0-a\"\r\n"), 206);
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nIf-Range: W/\"2ebc98a1.0-a\"\r\n"), 200);
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"), 200);
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nIf-Range: " OLD "\r\n"), 206);
    CHECK_EQ(
        get("www/small.txt", "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
        200);
    /* 304 goes before 206. */
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1\r\nIf-None-Match: *\r\n"), 304);
    end();
}

TEST(several_ranges_are_parts)
{
    begin(NULL);
    CHECK_EQ(get("www/small.txt", "Range: bytes=0-1,5-5,-2\r\n"), 206);
    const char *type = fake_header(&fake, "Content-Type");
    CHECK(strncmp(type, "multipart/byteranges; boundary=", 31) == 0);
    char expected[1000], boundary[64];
    strcpy(boundary, type + 31);
    CHECK_EQ(strlen(boundary), 21);
    snprintf(
        expected, sizeof expected,
        "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n"
        "01\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Range: bytes 5-5/10\r\n\r\n5\r\n--%s\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n"
        "89\r\n--%s--\r\n",
        boundary, boundary, boundary, boundary);
    CHECK_STR(fake.body, expected);
    CHECK_EQ(atoi(fake_header(&fake, "Content-Length")), fake.size);
    CHECK(fake_header(&fake, "Content-Range") == NULL);
    end();
}

TEST(compressed_neighbours_are_sent_to_who_takes_them)
{
    static const struct {
        const char *accept, *body, *coding;
    } cases[] = {
        {"", "plain", NULL},
        {"Accept-Encoding: gzip\r\n", "gzipped", "gzip"},
        {"Accept-Encoding: gzip, br\r\n", "brotlied", "br"},
        {"Accept-Encoding: gzip;q=1, br;q=0.5\r\n", "gzipped", "gzip"},
        {"Accept-Encoding: *\r\n", "brotlied", "br"},
        {"Accept-Encoding: br;q=0, *\r\n", "gzipped", "gzip"},
        {"Accept-Encoding: identity;q=1, gzip;q=0.5\r\n", "plain", NULL},
        {"Accept-Encoding: deflate\r\n", "plain", NULL},
        {"Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n", "gzipped", "gzip"},
    };
    begin(NULL);
    file_options.precompressed = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(get("www/app.js", cases[i].accept), 200);
        CHECK_STR(fake.body, cases[i].body);
        CHECK_STR(fake_header(&fake, "Content-Encoding"), cases[i].coding);
        CHECK_STR(fake_header(&fake, "Vary"), "Accept-Encoding");
        CHECK_STR(fake_header(&fake, "Content-Type"), "text/javascript; charset=utf-8");
    }
    CHECK_EQ(get("www/app.js", "Accept-Encoding: gzip\r\nIf-None-Match: \"2ebc98a1.0-7-gz\"\r\n"),
             304);
    CHECK_EQ(get("www/small.txt", "Accept-Encoding: gzip\r\n"), 200);
    CHECK(fake_header(&fake, "Content-Encoding") == NULL);
    end();
}

static int tell(bide_http_exchange *x, int error, int status, void *argument)
{
    (void)argument;
    return bide_http_reply_format(x, status, "mine %d", error < 0);
}

TEST(an_error_of_a_range_is_one_of_the_server)
{
    begin(NULL);
    fake.options.error = tell;
    CHECK_EQ(get("www/small.txt", "Range: bytes=99-\r\n"), 416);
    CHECK_STR(fake.body, "mine 1");
    CHECK_STR(fake_header(&fake, "Content-Range"), "bytes */10");
    end();
}

/* What describes the file does not describe the text of an error, nor say how long that is good. */
TEST(an_error_has_nothing_of_the_file)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {{"Range: bytes=99-\r\n", 416}, {"If-Match: \"x\"\r\n", 412}};
    static const char *const names[] = {"Content-Encoding", "ETag", "Last-Modified",
                                        "Content-Disposition", "Cache-Control"};
    begin(NULL);
    file_options = (bide_http_file_options){
        .cache_control = "max-age=31536000", .attachment = "a.js", .precompressed = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, "Accept-Encoding: gzip\r\n%s", cases[i].headers);
        CHECK_EQ(get("www/app.js", headers), cases[i].status);
        CHECK(fake.size > 0);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            CHECK(fake_header(&fake, names[k]) == NULL);
    }
    end();
}

/* A 304 has what a cache updates what it keeps with, and nothing that describes a body (RFC 9110,
 * 15.4.5). */
TEST(a_304_has_only_what_a_cache_needs)
{
    static const char *const names[] = {"Content-Encoding", "Content-Disposition",
                                        "Content-Type",     "Last-Modified",
                                        "Accept-Ranges",    "Content-Length"};
    static const char *const tags[] = {"\"2ebc98a1.0-7-gz\"", "*"};
    begin(NULL);
    file_options = (bide_http_file_options){
        .cache_control = "max-age=1", .attachment = "a.js", .precompressed = true};
    for (size_t i = 0; i < 2; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
                 tags[i]);
        CHECK_EQ(get("www/app.js", headers), 304);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            CHECK(fake_header(&fake, names[k]) == NULL);
        CHECK_STR(fake_header(&fake, "ETag"), tags[0]);
        CHECK_STR(fake_header(&fake, "Cache-Control"), "max-age=1");
        CHECK_STR(fake_header(&fake, "Vary"), "Accept-Encoding");
        CHECK_EQ(fake_count(&fake, "Vary"), 1);
    }
    end();
}

/* ---- folders ---- */

static void check_folder(void)
{
    static const struct {
        const char *path;
        int status;
        const char *body;
    } cases[] = {
        {"/s/small.txt", 200, "0123456789"},
        {"/s/%73mall.txt", 200, "0123456789"},
        {"/s/a%20b.txt", 200, "blank"},
        {"/s/sub/", 200, "index"},
        {"/s/sub/index.html", 200, "index"},
        {"/s/", 404, NULL},
        {"/s/none/", 404, NULL},
        {"/s/nothing", 404, NULL},
        {"/s/small.txt/", 404, NULL},
        {"/s/small.txt/x", 404, NULL},
        {"/s/fifo", 404, NULL},
        {"/s/../secret", 404, NULL},
        {"/s/%2e%2e/secret", 404, NULL},
        {"/s/.%2e/secret", 404, NULL},
        {"/s/sub/../small.txt", 404, NULL},
        {"/s/..%2fsecret", 404, NULL},
        {"/s/sub%2findex.html", 404, NULL},
        {"/s/..%5csecret", 404, NULL},
        {"/s//small.txt", 404, NULL},
        {"/s//etc/passwd", 404, NULL},
        {"/s/%2fetc/passwd", 404, NULL},
        {"/s/./small.txt", 404, NULL},
        {"/s/small.txt%00.html", 404, NULL},
        {"/s/%", 404, NULL},
        {"/s/.hidden", 404, NULL},
        {"/s/out", 404, NULL},       /* a link to what is outside */
        {"/s/up/secret", 404, NULL}, /* a folder outside */
        {"/s/up/www/small.txt", 404, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(ask("GET", cases[i].path, ""), cases[i].status);
        if (cases[i].body != NULL)
            CHECK_STR(fake.body, cases[i].body);
    }
    CHECK_EQ(ask("GET", "/s/sub?a=b", ""), 308);
    CHECK_STR(fake_header(&fake, "Location"), "/s/sub/?a=b");
    CHECK_EQ(ask("HEAD", "/s/small.txt", ""), 200);
    CHECK_EQ(ask("PUT", "/s/small.txt", ""), 405);
    CHECK_STR(fake_header(&fake, "Allow"), "GET, HEAD");
}

TEST(a_folder_is_not_left)
{
    begin(NULL);
    check_folder();
    CHECK_EQ(ask("GET", "/s/link.txt", ""), 200); /* it stays inside */
    end();
}

TEST(a_folder_is_not_left_without_openat2)
{
    begin(NULL);
    bide_test_fail("open_beneath", 1, -ENOSYS, 0);
    check_folder();
    CHECK_EQ(ask("GET", "/s/link.txt", ""), 404); /* no links at all */
    bide_test_fail("open_beneath", 1, -EPERM, 0);
    CHECK_EQ(ask("GET", "/s/small.txt", ""), 200);
    CHECK_EQ(ask("GET", "/s/out", ""), 404);
    end();
}

TEST(a_folder_has_options)
{
    begin(&(bide_http_folder_options){
        .file = {.precompressed = true, .cache_control = "no-cache", .type = "not/this"},
        .fallback = "spa.html",
        .hidden = true});
    CHECK_EQ(ask("GET", "/s/app.js", "Accept-Encoding: gzip\r\n"), 200);
    CHECK_STR(fake.body, "gzipped");
    CHECK_STR(fake_header(&fake, "Cache-Control"), "no-cache");
    CHECK_STR(fake_header(&fake, "Content-Type"), "text/javascript; charset=utf-8");
    CHECK_EQ(ask("GET", "/s/.hidden", ""), 200);
    CHECK_EQ(ask("GET", "/s/..", ""), 404);
    CHECK_EQ(ask("GET", "/s/.", ""), 404);
    CHECK_EQ(ask("GET", "/s/view/7", ""), 200);
    CHECK_STR(fake.body, "spa");
    CHECK_EQ(ask("GET", "/s/nothing.js", ""), 404);
    bide_http_folder *no = folder;
    CHECK_ERR(bide_http_folder_new(in_root("nothing"), NULL, &no), -ENOENT);
    CHECK(no == NULL);
    CHECK_ERR(bide_http_folder_new(in_root("secret"), NULL, &no), -ENOTDIR);
    bide_http_folder_free(NULL);
    end();
}

/* ---- faults ---- */

static unsigned complaints;

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
    complaints++;
}

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

TEST(each_call_may_fail)
{
    static const struct {
        const char *call;
        int error, status;
    } cases[] = {
        {"fstat", -EIO, 500},           {"open_beneath", -EACCES, 403},
        {"open_beneath", -EMFILE, 503}, {"open_beneath", -ELOOP, 404},
        {"open_beneath", -EXDEV, 404},
    };
    begin(NULL);
    ask("GET", "/s/small.txt", "");
    unsigned before = open_files();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bide_test_fail(cases[i].call, 1, cases[i].error, 1);
        CHECK_EQ(ask("GET", "/s/small.txt", ""), cases[i].status);
        bide_test_fail(cases[i].call, 0, 0, 0);
        CHECK_EQ(open_files(), before);
    }
    /* The read of a large one fails in the middle: the connection is cut. */
    fake.options.complain = complain;
    bide_test_fail("preadv2", 2, -EIO, 0);
    ask("GET", "/s/big.bin", "");
    bide_test_fail("preadv2", 0, 0, 0);
    CHECK(fake.result < 0 && !fake.is_finished && complaints == 1);
    CHECK_EQ(open_files(), before);
    /* The client does not read. */
    fake.send_error = -ETIMEDOUT;
    ask("GET", "/s/big.bin", "");
    CHECK(fake.result < 0 && !fake.is_finished);
    CHECK_EQ(open_files(), before);
    end();
}

static unsigned fail_in_turn(const char *path, unsigned files)
{
    unsigned failures = 0;
    uint64_t failed = 1;

    for (unsigned nth = 1; failed > 0; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        ask("GET", path, "Accept-Encoding: gzip, br\r\nRange: bytes=0-0,2-2\r\n");
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK(failed > 0 || fake.status == 206);
        CHECK(fake.status == 206 || fake.status == 503 || fake.result < 0);
        failures += failed > 0;
        CHECK_EQ(open_files(), files);
    }
    return failures;
}

TEST(an_allocation_that_fails_becomes_503_or_a_cut)
{
    begin(&(bide_http_folder_options){.file = {.precompressed = true}});
    fake.room = 64;
    fake.options.complain = complain;
    ask("GET", "/s/app.js", "Accept-Encoding: gzip, br\r\n");
    unsigned before = open_files();
    CHECK(fail_in_turn("/s/app.js", before) > 2);
    CHECK(fail_in_turn("/s/big.bin", before) > 2);
    end();
}

async int all_kinds(void *state);
extern const struct bide_fn bide__desc_all_kinds;

async int all_kinds(void *state)
{
    static const char *const heads[] = {
        "GET /s/big.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-70000,80000-150000\r\n\r\n",
        "GET /s/app.js HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n"};
    (void)state;
    int r = 0;
    for (int i = 0; r == 0 && i < 2; i++) {
        fake.head = heads[i];
        fake.body_data = NULL;
        r = await fake_serve(&fake);
    }
    return r;
}

static unsigned files_before;

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error == 0)
        CHECK(fake.status == 200 && strcmp(fake.body, "brotlied") == 0);
    CHECK_EQ(open_files(), files_before);
}

TEST(sending_may_be_cancelled_everywhere)
{
    begin(&(bide_http_folder_options){.file = {.precompressed = true}});
    fake.waits = true;
    ask("GET", "/s/app.js", "");
    files_before = open_files();
    CHECK(cancel_everywhere(&bide__desc_all_kinds, NULL, NULL, after) > 5);
    end();
}
