/*
 * fuzz: sources extra/http/message
 * fuzz: libraries bide-http-server
 *
 * Chunked bodies. An input is parsed whole, byte by byte, and in two pieces, in memory that ends
 * where the piece ends; all find the same data and the same end. What is accepted is decoded a
 * second time by the plain code below.
 */
#include "extra/http/message/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 100 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "chunks: %s\n", what);
    abort();
}

static bool is_text(char c)
{
    return c == '\t' || !iscntrl((unsigned char)c);
}

struct result {
    int rc, refused;
    size_t size, data_size; /* of the body, of its data */
    uint32_t trailers;
    char *data;
};

/* What arrives up to `end`; bytes that are not used up come again. */
static void feed(struct bide__http_chunks *c, const char *bytes, size_t end, struct result *r)
{
    size_t size = end - r->size, at = 0;
    char *piece_of = malloc(size + (size == 0));
    expect(piece_of != NULL, "no memory");
    memcpy(piece_of, bytes + r->size, size);
    do {
        const char *piece;
        size_t piece_size = 0, used = 0;
        r->rc = bide__http_chunks_next(c, piece_of + at, size - at, &piece, &piece_size, &used);
        if (r->rc == BIDE__HTTP_PIECE) {
            expect(piece_size > 0 && piece >= piece_of + at &&
                       piece + piece_size <= piece_of + at + used,
                   "a piece outside");
            memcpy(r->data + r->data_size, piece, piece_size);
            r->data_size += piece_size;
        }
        expect(used <= size - at, "too much used");
        at += r->rc < 0 ? 0 : used;
    } while (r->rc == BIDE__HTTP_PIECE);
    r->size += at;
    r->refused = r->rc < 0 ? c->refused : 0;
    r->trailers = c->trailers.count;
    free(piece_of);
}

static struct result parse(const char *bytes, size_t size, size_t first, size_t step)
{
    struct bide__http_chunks c;
    struct bide__http_field list[ROOM];
    struct result r = {.data = malloc(size + 1)};
    expect(r.data != NULL, "no memory");
    bide__http_chunks_begin(&c, &bide__http_limits_default, list, ROOM);
    for (size_t at = first; r.rc == BIDE__HTTP_MORE && at < size; at += step)
        feed(&c, bytes, at, &r);
    if (r.rc == BIDE__HTTP_MORE)
        feed(&c, bytes, size, &r);
    expect(r.rc < 0 || r.data_size == c.data_bytes, "the number of bytes");
    return r;
}

static void same(const struct result *a, struct result b)
{
    expect(a->rc == b.rc && a->refused == b.refused, "another result in pieces");
    if (a->rc >= 0)
        expect(a->data_size == b.data_size && memcmp(a->data, b.data, b.data_size) == 0,
               "other data in pieces");
    if (a->rc == BIDE__HTTP_END)
        expect(a->size == b.size && a->trailers == b.trailers, "another end in pieces");
    free(b.data);
}

/* Decodes an accepted body again: sizes by strtoull, lines by memmem. */
static void check(const struct result *r, const char *bytes)
{
    size_t at = 0, got = 0;
    for (;;) {
        const char *line_end = memmem(bytes + at, r->size - at, "\r\n", 2);
        expect(line_end != NULL && isxdigit((unsigned char)bytes[at]), "a line without a size");
        char digits[20] = "";
        size_t n = 0;
        while (n < 16 && isxdigit((unsigned char)bytes[at + n])) {
            digits[n] = bytes[at + n];
            n++;
        }
        expect(bytes + at + n == line_end || bytes[at + n] == ';', "a size and more");
        for (const char *b = bytes + at; b < line_end; b++)
            expect(is_text(*b), "a control byte");
        size_t size = strtoull(digits, NULL, 16);
        at = (size_t)(line_end - bytes) + 2;
        if (size == 0)
            break;
        expect(size <= r->size - at - 2 && memcmp(bytes + at + size, "\r\n", 2) == 0, "an end");
        expect(memcmp(bytes + at, r->data + got, size) == 0, "other data");
        got += size;
        at += size + 2;
    }
    expect(got == r->data_size, "less data");
    uint32_t trailers = 0;
    for (; memcmp(bytes + at, "\r\n", 2) != 0; trailers++) {
        const char *line_end = memmem(bytes + at, r->size - at, "\r\n", 2);
        expect(line_end != NULL, "a trailer without an end");
        at = (size_t)(line_end - bytes) + 2;
    }
    expect(trailers == r->trailers && at + 2 == r->size, "other trailers");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *bytes = (const char *)data;
    size_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    struct result whole = parse(bytes, size, size, 1);
    same(&whole, parse(bytes, size, sum % (size + 1), size + 1));
    if (size < 600)
        same(&whole, parse(bytes, size, 0, 1));
    if (whole.rc == BIDE__HTTP_END)
        check(&whole, bytes);
    free(whole.data);
    return 0;
}
