/*
 * fuzz: sources extra/http/message
 * fuzz: libraries bide-http-server
 *
 * Heads of requests and responses. An input is parsed whole, byte by byte, and in two pieces, in
 * memory that ends where the piece ends; all say the same. What is accepted is read a second time
 * by the plain code below, which only splits lines, and must find the same fields and the same end
 * of the body.
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
    fprintf(stderr, "heads: %s\n", what);
    abort();
}

static bool is_text(char c)
{
    return c == '\t' || !iscntrl((unsigned char)c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int feed(struct bide__http_head *h, const char *data, size_t size)
{
    char *piece = malloc(size + (size == 0));
    expect(piece != NULL, "no memory");
    memcpy(piece, data, size);
    int rc = bide__http_head_parse(h, piece, size);
    h->fields.base = data;
    free(piece);
    return rc;
}

static int parse(struct bide__http_head *h, struct bide__http_field *list,
                 enum bide__http_kind kind, const char *data, size_t size, size_t first,
                 size_t step)
{
    int rc = 0;
    bide__http_head_begin(h, kind, &bide__http_limits_default, list, ROOM);
    for (size_t at = first; rc == 0 && at < size; at += step)
        rc = feed(h, data, at);
    return rc == 0 ? feed(h, data, size) : rc;
}

/* The members before `fields`, and those behind it up to `why`, are plain values. */
static void same(const struct bide__http_head *a, int a_rc, const struct bide__http_head *b,
                 int b_rc)
{
    expect(a_rc == b_rc, "another result in pieces");
    if (a_rc < 0)
        expect(a->refused == b->refused, "another status in pieces");
    if (a_rc != 1)
        return;
    expect(a->size == b->size && a->body == b->body && a->length == b->length, "another end");
    expect(a->keep_alive == b->keep_alive && a->upgrade == b->upgrade && a->expects == b->expects,
           "another connection");
    expect(a->method == b->method && a->form == b->form && a->path.size == b->path.size &&
               a->query.size == b->query.size && a->host.at == b->host.at &&
               a->host.size == b->host.size,
           "another target");
    expect(a->fields.count == b->fields.count && a->fields.has == b->fields.has &&
               a->fields.twice == b->fields.twice,
           "other fields");
    for (uint32_t i = 0; i < a->fields.count; i++) {
        const struct bide__http_field *f = &a->fields.list[i], *g = &b->fields.list[i];
        expect(f->name == g->name && f->value == g->value && f->value_size == g->value_size &&
                   f->name_size == g->name_size && f->known == g->known,
               "another field");
    }
}

struct plain {
    unsigned lengths, codings, hosts, fields;
    long long length;
};

static bool begins(const char *line, size_t size, const char *name)
{
    size_t n = strlen(name);
    return size > n && line[n] == ':' && bide__http_same(line, n, name, n);
}

/* Splits the lines behind the first one. */
static void split(const struct bide__http_head *h, const char *data, struct plain *p)
{
    const char *at = data, *end = data + h->size;
    if (h->kind == BIDE__HTTP_REQUEST && at[0] == '\r')
        at += 2;
    for (const char *line = at; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        expect(stop != NULL, "a line without an end");
        size_t size = (size_t)(stop - line);
        for (const char *s = line; s < stop; s++)
            expect(is_text(*s), "a control byte");
        if (line != at && size > 0) {
            p->fields++;
            expect(!is_blank(*line), "a folded line");
            p->codings += begins(line, size, "transfer-encoding");
            p->hosts += begins(line, size, "host");
            if (begins(line, size, "content-length")) {
                const char *value = line + 15;
                while (is_blank(*value))
                    value++;
                for (p->length = 0; *value >= '0' && *value <= '9'; value++)
                    p->length = p->length * 10 + (*value - '0');
                p->lengths++;
            }
        }
        expect(size > 0 || stop + 2 == end, "an empty line inside");
        line = stop + 2;
    }
}

static void check(const struct bide__http_head *h, const char *data, size_t size)
{
    struct plain p = {0};
    expect(h->size <= size && h->size >= 4, "the size");
    split(h, data, &p);
    expect(p.fields == h->fields.count, "the number of fields");
    expect(p.lengths <= 1 && p.codings <= 1 && p.lengths + p.codings <= 1, "two lengths");
    if (h->kind == BIDE__HTTP_REQUEST) {
        expect(p.hosts == 1 || (p.hosts == 0 && h->minor == 0), "Host");
        expect(h->body == (p.codings   ? BIDE__HTTP_CHUNKED
                           : p.lengths ? BIDE__HTTP_LENGTH
                                       : BIDE__HTTP_NO_BODY),
               "the body");
        expect(h->host.size > 0 || h->minor == 0, "the host");
        expect(bide__http_is_token(data + h->method_text.at, h->method_text.size), "the method");
    }
    if (h->body == BIDE__HTTP_LENGTH)
        expect(p.length == h->length, "the length");
    for (uint32_t i = 0; i < h->fields.count; i++) {
        const struct bide__http_field *f = &h->fields.list[i];
        expect(bide__http_is_token(data + f->name, f->name_size), "a name");
        expect(bide__http_is_value(data + f->value, f->value_size), "a value");
        expect(f->known == bide__http_name_of(data + f->name, f->name_size), "a number");
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    const char *data = (const char *)bytes;
    size_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    for (int kind = 0; kind < 2; kind++) {
        struct bide__http_head whole, other;
        struct bide__http_field list[ROOM], other_list[ROOM];
        int rc = parse(&whole, list, (enum bide__http_kind)kind, data, size, size, 1);
        int other_rc = parse(&other, other_list, (enum bide__http_kind)kind, data, size,
                             sum % (size + 1), size + 1);
        same(&whole, rc, &other, other_rc);
        if (size < 600) {
            other_rc = parse(&other, other_list, (enum bide__http_kind)kind, data, size, 0, 1);
            same(&whole, rc, &other, other_rc);
        }
        if (rc == 1)
            check(&whole, data, size);
    }
    return 0;
}
