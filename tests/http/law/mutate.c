/*
 * Mutants of requests. Most have one change, so that about a third is accepted: only these say
 * something about the peers.
 */
#include "tests/http/law/law.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/http/table.h"

enum { SEEDS = 1000, LIST = 100 };

static struct {
    char *bytes;
    size_t size;
} seeds[SEEDS];
static unsigned seed_count;
static uint64_t state;

static uint32_t below(uint64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return n == 0 ? 0 : (uint32_t)((state >> 33) % n);
}

void seeds_begin(uint64_t seed)
{
    state = seed;
}

static void seed_add(const char *head, const char *bytes, size_t size)
{
    size_t n = strlen(head);
    if (n + size > MESSAGE_MOST / 2 || seed_count >= SEEDS)
        return;
    char *copy = malloc(n + size);
    memcpy(copy, head, n);
    memcpy(copy + n, bytes, size);
    seeds[seed_count].bytes = copy;
    seeds[seed_count++].size = n + size;
}

void seeds_read(const char *path)
{
    static const char chunked[] =
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct table t = table_read(path);
    for (size_t i = 0; i < t.count; i++) {
        const struct table_case *c = &t.cases[i];
        const char *head = strcmp(c->kind, "chunks") == 0 ? chunked : "";
        /* Those that are accepted more often, since their mutants are. */
        for (int times = c->status == 0 ? 9 : 1; times > 0 && strcmp(c->kind, "response") != 0;
             times--)
            seed_add(head, c->bytes, c->size);
    }
    table_free(&t);
}

/* Lines that matter to some server. */
static const char *const lines[] = {
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: CHUNKED\t",
    "Transfer-Encoding:chunked",
    "transfer-encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: x",
    "Transfer-Encoding: identity",
    "Transfer_Encoding: chunked",
    "Transfer-Encodin: chunked",
    "X-Transfer-Encoding: chunked",
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: 00",
    "Content-Length:\t27 ",
    "Content-Length: 0000000000000000011",
    "content-length: 1",
    "Content_Length: 5",
    "Content-Length: +5",
    "Content-Length: 5,5",
    "Content-Length: 0x5",
    "Connection: keep-alive",
    "Connection: close",
    "Connection: Transfer-Encoding",
    "Connection: Content-Length, Host",
    "Connection: ,,keep-alive , x,",
    "Connection: Upgrade, HTTP2-Settings",
    "Connection: upgrade",
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Upgrade: TLS/1.0, HTTP/1.1",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Proxy-Connection: keep-alive",
    "Proxy-Connection: close",
    "Keep-Alive: timeout=5, max=100",
    "Expect: 100-continue",
    "TE: trailers, deflate",
    "Trailer: X-Sum",
    "Host: b",
    "Host:a",
    "X-Forwarded-Host: b",
    "X-Original-URL: /b",
    "X-HTTP-Method-Override: HEAD",
    "Range: bytes=0-0",
    "If-Range: x",
    "If-Match: \"a\"",
    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Encoding: gzip",
    "Accept-Encoding: gzip, br",
    "Cookie: a=b; c",
    "Authorization: Basic YTpi",
    "Max-Forwards: 0",
    "Via: 1.0 a",
    "Forwarded: host=b",
    "X: \xff\xfe",
    "X:\t\ty\t",
    "X:",
    "!#$%&'*+-.^_`|~: y",
    "GET: /",
    "HTTP/1.1: 200",
};

static const char *const methods[] = {"GET",   "HEAD",  "POST",    "PUT",   "DELETE", "OPTIONS",
                                      "PATCH", "TRACE", "CONNECT", "PURGE", "get",    "PROPFIND"};

static const char *const targets[] = {
    "/",          "/?",    "//a",       "/a/../b",  "/%2e%2e/b",    "/%",         "/%00",
    "/a;b=c",     "/a?b#", "http://a/", "http://a", "HTTP://a/b?c", "https://a/", "http://a?b",
    "/http://b/", "/*",    "*",         "a:80",     "/a|b^c`d{e}",  "/[a]"};

/* Chunked bodies; some are refused. */
static const char *const bodies[] = {
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "005\r\nhello\r\n0000\r\n\r\n",
    "0000000000000005\r\nhello\r\n0\r\n\r\n",
    "A\r\n0123456789\r\n0\r\n\r\n",
    "5;a\r\nhello\r\n0;b\r\n\r\n",
    "5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n",
    "5;a=\"\\\"\"\r\nhello\r\n0\r\n\r\n",
    "5;a=\";\t 0\"\r\nhello\r\n0\r\n\r\n",
    "5;\xff\r\nhello\r\n0\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "0\r\nX-Sum:\t1 \r\nEtag: \"a\"\r\n\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "2\r\n\r\n\r\n0\r\n\r\n",
    "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n",
};

#define PICK(list) list[below(sizeof list / sizeof *list)]

/* Replaces `old` bytes at a place by others, if there is room. */
static size_t splice(char *data, size_t size, size_t at, size_t old, const char *with, size_t n)
{
    if (at > size || old > size - at || size - old + n > MESSAGE_MOST / 2)
        return size;
    memmove(data + at + n, data + at + old, size - at - old);
    memcpy(data + at, with, n);
    return size - old + n;
}

/* The beginning of the line after a random place. */
static size_t line_at(const char *data, size_t size)
{
    size_t at = below(size + 1);
    const char *end = at < size ? memmem(data + at, size - at, "\r\n", 2) : NULL;
    return end == NULL ? size : (size_t)(end - data) + 2;
}

static size_t line_size(const char *data, size_t size, size_t at)
{
    const char *end = at < size ? memmem(data + at, size - at, "\r\n", 2) : NULL;
    return end == NULL ? size - at : (size_t)(end - data) + 2 - at;
}

static size_t change_lines(char *data, size_t size)
{
    char line[256];
    size_t at = line_at(data, size), old = line_size(data, size, at);
    int n = snprintf(line, sizeof line, "%s\r\n", PICK(lines));
    switch (below(4)) {
    case 0: return splice(data, size, at, old, line, (size_t)n);
    case 1: return splice(data, size, at, old, "", 0);
    case 2:
        if (old > sizeof line)
            return size;
        memcpy(line, data + at, old);
        return splice(data, size, at, 0, line, old);
    default: return splice(data, size, at, 0, line, (size_t)n);
    }
}

static size_t change_bytes(char *data, size_t size)
{
    static const char special[] =
        "\r\n\t\0 :;,=\"\\/0159afAF-+.%&?#*()[]{}@_\x0b\x0c\x1f\x7f\x80\xa0\xff";
    size_t at = below(size + 1);
    char byte = below(3) ? special[below(sizeof special - 1)] : (char)below(256);
    switch (below(4)) {
    case 0: return splice(data, size, at, 1, &byte, 1);
    case 1: return splice(data, size, at, 1 + below(3), "", 0);
    case 2:
        if (at < size && ((data[at] | 0x20) >= 'a' && (data[at] | 0x20) <= 'z'))
            data[at] ^= 0x20;
        return size;
    default: return splice(data, size, at, 0, &byte, 1);
    }
}

static size_t change_start(char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n", 2);
    const char *first = end ? memchr(data, ' ', (size_t)(end - data)) : NULL;
    const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (second == NULL)
        return size;
    if (below(3) == 0) {
        const char *method = PICK(methods);
        return splice(data, size, 0, (size_t)(first - data), method, strlen(method));
    }
    if (below(3) == 0)
        return splice(data, size, (size_t)(second - data) + 6, 3, below(2) ? "1.0" : "1.1", 3);
    const char *target = PICK(targets);
    return splice(data, size, (size_t)(first - data) + 1, (size_t)(second - first) - 1, target,
                  strlen(target));
}

static size_t change_body(char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4), *body = PICK(bodies);
    size_t at = end ? (size_t)(end - data) + 4 : size;
    return splice(data, size, at, size - at, body, strlen(body));
}

static size_t mutate(char *data, size_t size)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2: return change_lines(data, size);
    case 3: return change_start(data, size);
    case 4: return change_body(data, size);
    default: return change_bytes(data, size);
    }
}

/* The body as the parser sees it: the rest of the mutant, or what the length asks for, which looks
 * like requests. 0: there is none. */
static bool add_body(struct message *m, const struct bide__http_head *h, size_t size)
{
    static const char text[] = "GET /body HTTP/1.1\r\nHost: x\r\n\r\n";
    m->body_size = 0;
    m->size = h->size;
    if (h->body == BIDE__HTTP_LENGTH) {
        if (h->length > MESSAGE_MOST / 2)
            return false;
        for (; m->body_size < (size_t)h->length; m->body_size++)
            m->bytes[m->size++] = text[m->body_size % (sizeof text - 1)];
    }
    if (h->body != BIDE__HTTP_CHUNKED)
        return true;
    struct bide__http_chunks c;
    const char *piece;
    size_t piece_size, used;
    int rc = BIDE__HTTP_PIECE;
    bide__http_chunks_begin(&c, &bide__http_limits_default, NULL, 0);
    for (; rc == BIDE__HTTP_PIECE; m->size += used)
        rc = bide__http_chunks_next(&c, m->bytes + m->size, size - m->size, &piece, &piece_size,
                                    &used);
    m->body_size = c.data_bytes;
    return rc == BIDE__HTTP_END;
}

bool message_make(struct message *m)
{
    static struct bide__http_field list[LIST];
    struct bide__http_head h;
    unsigned pick = below(seed_count);
    size_t size = seeds[pick].size;
    memcpy(m->bytes, seeds[pick].bytes, size);
    for (unsigned times = below(3) ? 1 : 1 + below(4); times > 0; times--)
        size = mutate(m->bytes, size);
    bide__http_head_begin(&h, BIDE__HTTP_REQUEST, &bide__http_limits_default, list, LIST);
    if (bide__http_head_parse(&h, m->bytes, size) != 1)
        return false;
    m->method = h.method;
    m->head_size = h.size;
    m->keep_alive = h.keep_alive;
    m->upgrade = bide__http_fields_has(&h.fields, BIDE__FIELD_UPGRADE) &&
                 bide__http_fields_has_token(&h.fields, BIDE__FIELD_CONNECTION, "upgrade");
    m->proxy = bide__http_fields_has(&h.fields, BIDE__FIELD_PROXY_CONNECTION);
    return add_body(m, &h, size);
}
