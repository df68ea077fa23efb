/*
 * fuzz: sources runtime/door extra/http/message extra/http/exchange/multipart.c
 * fuzz: sources extra/http/layer/range.c extra/http/layer/accept.c extra/http/layer/condition.c
 * fuzz: sources extra/http/route/find.c extra/http/route/tree.c extra/http/route/pattern.c
 * fuzz: sources extra/http/route/router.c extra/http/route/compile.c
 * fuzz: libraries bide-http-server bide
 * fuzz: flags -luring
 *
 * What handlers and layers read of a request. The first byte chooses:
 *
 *   m  a multipart/form-data body with the boundary "B": its parts are the same whole and in pieces
 *   r  a path, for a fixed table of routes: what is found fits, its parameters are in the path
 *   b  a Range field: the ranges are inside the file, and no more than it together
 *   a  Accept-Encoding, and a list of tags
 *   q  a query or form, and cookies: pairs are inside the text, and decoded are no longer
 */
#include "extra/http/exchange/multipart.h"
#include "extra/http/layer/accept.h"
#include "extra/http/layer/condition.h"
#include "extra/http/layer/range.h"
#include "extra/http/message/cookie.h"
#include "extra/http/message/text.h"
#include "extra/http/route/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "app: %s\n", what);
    abort();
}

/* ---- multipart ---- */

enum { BUFFER = 700, FIELDS = 300, PARTS = 20 };

struct text {
    char data[16384];
    size_t size;
};

static void keep(struct text *t, const char *data, size_t size)
{
    if (size > sizeof t->data - t->size)
        size = sizeof t->data - t->size;
    if (size > 0)
        memcpy(t->data + t->size, data, size);
    t->size += size;
}

/* Gives the parser at most `step` bytes more. */
static void feed(struct multipart *m, const char **data, size_t *size, size_t step)
{
    size_t room, n = *size < step ? *size : step;
    char *to = bide__multipart_room(m, &room);

    expect(room > 0, "it wants more and has no room");
    if (n > room)
        n = room;
    memcpy(to, *data, n);
    bide__multipart_put(m, n);
    *data += n;
    *size -= n;
}

static void keep_fields(struct text *out, struct multipart_text lines)
{
    struct multipart_text name, value, own, filename;

    while (bide__multipart_field(&lines, &name, &value) > 0) {
        char *copy = malloc(value.size + 1);
        memcpy(copy, value.data, value.size);
        keep(out, name.data, name.size);
        if (bide__multipart_disposition(copy, value.size, &own, &filename) == 0) {
            keep(out, own.data, own.size);
            keep(out, filename.data, filename.size);
            for (size_t i = 0; i < filename.size; i++)
                expect(filename.data[i] != '/' && filename.data[i] != '\\', "a folder is left");
        }
        free(copy);
    }
}

static int content(struct multipart *m, struct text *out, const char **data, size_t *size,
                   size_t step)
{
    struct multipart_text piece;
    int r;

    while ((r = bide__multipart_piece(m, step, &piece)) != 0) {
        if (r == -EAGAIN)
            feed(m, data, size, step);
        else if (r < 0)
            return r;
        else
            keep(out, piece.data, piece.size);
    }
    return 0;
}

static int parts(struct text *out, const char *data, size_t size, size_t step)
{
    static char buffer[BUFFER];
    struct multipart m;
    struct multipart_text fields;
    int r;

    out->size = 0;
    expect(bide__multipart_begin(&m, "B", 1, buffer, BUFFER, FIELDS, PARTS) == 0, "no beginning");
    while ((r = bide__multipart_next(&m, &fields)) != 0) {
        if (r == -EAGAIN) {
            feed(&m, &data, &size, step);
            continue;
        }
        if (r < 0)
            return r;
        keep(out, "[", 1);
        keep_fields(out, fields);
        keep(out, "=", 1);
        r = content(&m, out, &data, &size, step);
        if (r < 0)
            return r;
    }
    return 0;
}

static void multipart(const char *data, size_t size)
{
    static const size_t steps[] = {1, 2, 7, 64};
    static struct text whole, pieces;
    int r = parts(&whole, data, size, BUFFER);

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        expect(parts(&pieces, data, size, steps[i]) == r, "another result in pieces");
        if (r == 0)
            expect(pieces.size == whole.size && memcmp(pieces.data, whole.data, whole.size) == 0,
                   "other parts in pieces");
    }
}

/* ---- routes ---- */

static const char nothing_[1];

static bide_http_router *table(void)
{
    static bide_http_router *router;
    const bide_http_handler handler = (bide_http_handler)(const void *)nothing_; /* not called */
    const bide_http_route routes[] = {
        {"GET", "/", .handler = handler},         {"GET", "/a", .handler = handler},
        {"GET", "/a/{x}", .handler = handler},    {"GET", "/a/{x}/b", .handler = handler},
        {"GET", "/a/b/b", .handler = handler},    {"GET", "/a/{*r}", .handler = handler},
        {"POST", "/a/b/{y}", .handler = handler}, {"GET", "/ab/{x}/{y}/{z}", .handler = handler},
    };
    if (router == NULL)
        expect(bide_http_router_new(
                   &(bide_http_router_options){.routes = routes,
                                               .route_count = sizeof routes / sizeof routes[0]},
                   &router) == 0,
               "no router");
    return router;
}

static void path(const char *data, size_t size)
{
    char *copy = malloc(size + 1), *again = malloc(size + 1);
    struct tree_found found;
    const bide_http_router *r = table();
    size_t n = bide__http_route_normal(data, size, copy);

    expect(n <= size, "it has become longer");
    expect(bide__http_route_normal(copy, n, again) == n && memcmp(copy, again, n) == 0,
           "it is not in order yet");
    bide__http_tree_find(r->tree, copy, n, r->get, TREE_NONE, &found);
    expect(found.value == TREE_NONE || found.has_path, "a route without its path");
    for (unsigned i = 0; i < found.count; i++)
        expect(found.values[i].at + found.values[i].size <= n, "a parameter is outside");
    free(copy);
    free(again);
}

/* ---- fields ---- */

static void ranges(const char *data, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
    struct range all[RANGES_MOST];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t sum = 0;
        int n = bide__http_ranges(data, size, sizes[i], all, RANGES_MOST);
        expect(n == -ERANGE || (n >= 0 && n <= RANGES_MOST), "another result");
        for (int j = 0; j < n; j++) {
            expect(all[j].size > 0 && all[j].first < sizes[i] &&
                       all[j].size <= sizes[i] - all[j].first,
                   "a range is outside");
            sum += all[j].size;
        }
        expect(n < 0 || i == 3 || sum <= sizes[i], "more than there is");
    }
}

static void lists(const char *data, size_t size)
{
    unsigned weights[CODINGS];

    bide__http_accept_encoding(data, size, weights);
    for (int i = 0; i < CODINGS; i++)
        expect(weights[i] <= 1000, "a weight is above 1");
    for (unsigned offered = 0; offered < 1U << CODINGS; offered++) {
        enum http_coding c = bide__http_coding_choose(weights, offered);
        expect(c == CODING_NONE || ((offered & 1U << c) != 0 && weights[c] > 0), "not offered");
    }
    int strong = bide__http_tag_in(data, size, "\"x\"", true);
    int weak = bide__http_tag_in(data, size, "\"x\"", false);
    expect(strong != 1 || weak == 1, "strong, but not weak");
}

static void pairs(const char *data, size_t size)
{
    const char *s = data, *name, *value, *end = data + size;
    size_t left = size, name_size, value_size;
    char *to = malloc(size + 1);

    while (bide__http_pair(&s, &left, &name, &name_size, &value, &value_size)) {
        expect(name >= data && value + value_size <= end, "a pair is outside");
        ssize_t n =
            bide__http_percent_decode(to, value, value_size, BIDE__HTTP_PLUS | BIDE__HTTP_NO_NUL);
        expect(n <= (ssize_t)value_size, "it has become longer");
        expect(n <= 0 || memchr(to, '\0', (size_t)n) == NULL, "a zero byte");
    }
    s = data;
    left = size;
    while (bide__http_cookie_next(&s, &left, &name, &name_size, &value, &value_size))
        expect(name_size > 0 && name >= data && value + value_size <= end, "a cookie is outside");
    free(to);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size < 1 || size > 8192)
        return 0;
    char *text = malloc(size); /* its end is where the memory ends */
    expect(text != NULL, "no memory");
    memcpy(text, data + 1, size - 1);
    switch (data[0]) {
    case 'm': multipart(text, size - 1); break;
    case 'r': path(text, size - 1); break;
    case 'b': ranges(text, size - 1); break;
    case 'a': lists(text, size - 1); break;
    default: pairs(text, size - 1);
    }
    free(text);
    return 0;
}
