/*
 * The HTTP/1.1 parser (extra/http/message/parse.h) over the tables refused.txt and accepted.txt:
 * each case whole, byte by byte, and in two pieces, cut at every byte, in memory that ends where
 * the piece ends. The answer is always the same. Then the limits, and what is called from outside.
 */
#include "extra/http/message/parse.h"

#include <errno.h>
#include <stdint.h>

#include "check.h"
#include "full.h"
#include "table.h"

enum { FIELDS = 120 };

static struct bide__http_field list[FIELDS];

static struct table read_cases(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/http/%s", getenv("SRC"), name);
    return table_read(path);
}

/* ---- text of what was read ---- */

static char out[20000];
static size_t out_size;

static void put(const char *s, size_t size)
{
    for (size_t i = 0; i < size && out_size < sizeof out - 8; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c > 0x7e)
            out_size += (size_t)snprintf(out + out_size, 8, "\\x%02x", c);
        else
            out[out_size++] = s[i];
    }
    out[out_size] = '\0';
}

static void put_text(const char *s)
{
    put(s, strlen(s));
}

/* A long one is its size only. */
static void put_span(const char *name, const char *base, struct bide__http_span span)
{
    char size[32];
    put_text(name);
    snprintf(size, sizeof size, "(%u bytes)", span.size);
    if (span.size > 100)
        put_text(size);
    else
        put(base + span.at, span.size);
}

static void put_fields(const struct bide__http_fields *f)
{
    char number[32];
    snprintf(number, sizeof number, " fields=%u", f->count);
    put_text(number);
    for (uint32_t i = 0; i < f->count && i < 4; i++) {
        const struct bide__http_field *field = &f->list[i];
        put_span(" ", f->base, (struct bide__http_span){field->name, field->name_size});
        put_span("=", f->base, (struct bide__http_span){field->value, field->value_size});
        put_text(";");
    }
}

static void put_head(const struct bide__http_head *h)
{
    static const char *const forms[] = {"origin", "absolute", "authority", "asterisk"};
    static const char *const bodies[] = {"none", "length", "chunked", "close"};
    const char *base = h->fields.base;
    char text[100];
    if (h->kind == BIDE__HTTP_REQUEST) {
        put_span("", base, h->method_text);
        snprintf(text, sizeof text, " (%d) %s", h->method, forms[h->form]);
        put_text(text);
        put_span(" target=", base, h->target);
        put_span(" path=", base, h->path);
        if (h->has_query)
            put_span(" query=", base, h->query);
        put_span(" host=", base, h->host);
        put_text(h->secure ? " secure" : "");
    } else {
        snprintf(text, sizeof text, "%d", h->status);
        put_text(text);
        put_span(" reason=", base, h->reason);
    }
    snprintf(text, sizeof text, " 1.%d body=%s", h->minor, bodies[h->body]);
    put_text(text);
    snprintf(text, sizeof text, ":%lld", (long long)h->length);
    put_text(h->body == BIDE__HTTP_LENGTH ? text : "");
    put_text(h->keep_alive ? " keep-alive" : "");
    put_text(h->upgrade ? " upgrade" : "");
    put_text(h->expects ? " expects" : "");
    put_fields(&h->fields);
    snprintf(text, sizeof text, " size=%u", h->size);
    put_text(text);
}

/* ---- one case in pieces ---- */

/* A copy of the bytes that ends where they end. */
static char *exact(const char *s, size_t size)
{
    char *copy = malloc(size + (size == 0));
    memcpy(copy, s, size);
    return copy;
}

/* Parses the bytes in pieces that end at each of `cuts`, and at the end; returns the status, 0 for
 * a whole head, or -1 for one that is not; `out` is the text of it. */
static int head_of(const struct table_case *c, const size_t *cuts, size_t cut_count)
{
    struct bide__http_head h;
    bool is_request = strcmp(c->kind, "request") == 0;
    bide__http_head_begin(&h, is_request ? BIDE__HTTP_REQUEST : BIDE__HTTP_RESPONSE,
                          &bide__http_limits_default, list, FIELDS);
    for (size_t i = 0; i <= cut_count; i++) {
        size_t size = i < cut_count ? cuts[i] : c->size;
        char *piece = exact(c->bytes, size);
        int rc = bide__http_head_parse(&h, piece, size);
        if (rc == 1)
            put_head(&h);
        free(piece);
        if (rc == 1)
            return 0;
        if (rc < 0) {
            CHECK_ERR(rc, -EBADMSG);
            CHECK(h.why != NULL && *h.why != '\0');
            return h.refused;
        }
    }
    return -1;
}

/* The same for chunks. A piece is what arrives; bytes that are not used up stay before it. */
static int chunks_of(const struct table_case *c, const size_t *cuts, size_t cut_count)
{
    struct bide__http_chunks chunks;
    size_t begin = 0;
    bide__http_chunks_begin(&chunks, &bide__http_limits_default, list, FIELDS);
    put_text("data=");
    for (size_t i = 0; i <= cut_count; i++) {
        size_t end = i < cut_count ? cuts[i] : c->size;
        char *data = exact(c->bytes + begin, end - begin);
        size_t used = 0, at = 0, piece_size;
        const char *piece;
        int rc = BIDE__HTTP_PIECE;
        while (rc == BIDE__HTTP_PIECE) {
            rc = bide__http_chunks_next(&chunks, data + at, end - begin - at, &piece, &piece_size,
                                        &used);
            if (rc == BIDE__HTTP_PIECE) {
                CHECK(piece_size > 0 && piece >= data + at);
                CHECK(piece + piece_size <= data + at + used);
                if (chunks.data_bytes < 60)
                    put(piece, piece_size);
            }
            at += rc >= 0 ? used : 0;
        }
        begin += at;
        if (rc == BIDE__HTTP_END) {
            char text[60];
            put_fields(&chunks.trailers);
            snprintf(text, sizeof text, " bytes=%llu rest=%zu",
                     (unsigned long long)chunks.data_bytes, c->size - begin);
            put_text(text);
        }
        free(data);
        if (rc == BIDE__HTTP_END)
            return 0;
        if (rc < 0) {
            CHECK_ERR(rc, -EBADMSG);
            return chunks.refused;
        }
    }
    return -1;
}

static int status_of(const struct table_case *c, const size_t *cuts, size_t cut_count)
{
    out_size = 0;
    out[0] = '\0';
    return strcmp(c->kind, "chunks") == 0 ? chunks_of(c, cuts, cut_count)
                                          : head_of(c, cuts, cut_count);
}

static int failures;

static void expect(const struct table_case *c, const char *way, size_t cut, int status)
{
    bool same = status == c->status && (status != 0 || strcmp(out, c->expected) == 0);
    if (same || failures++ > 30)
        return;
    printf("%s %s, %s %zu: %d instead of %d\n= %s\n", c->kind, c->title, way, cut, status,
           c->status, status == 0 ? out : "");
}

static void check_case(const struct table_case *c)
{
    size_t step = c->size > 2000 && !is_full() ? c->size / 8 : 1, count = 0;
    size_t *all = malloc(c->size * sizeof *all);
    for (size_t cut = 0; cut < c->size; cut += step)
        all[count++] = cut;
    expect(c, "whole", 0, status_of(c, NULL, 0));
    expect(c, "in pieces of", step, status_of(c, all, count));
    for (size_t i = 0; i < count; i++)
        expect(c, "cut at", all[i], status_of(c, &all[i], 1));
    free(all);
}

static size_t check_table(const char *name)
{
    struct table t = read_cases(name);
    size_t count = t.count;
    failures = 0;
    for (size_t i = 0; i < t.count; i++)
        check_case(&t.cases[i]);
    table_free(&t);
    CHECK_EQ(failures, 0);
    return count;
}

TEST_LIMIT(what_is_malformed_is_refused_however_it_arrives, 60)
{
    CHECK(check_table("refused.txt") >= 200);
}

TEST_LIMIT(what_is_well_formed_is_read_the_same_however_it_arrives, 60)
{
    CHECK(check_table("accepted.txt") >= 50);
}

/* A head that is cut off anywhere is not whole, and not refused. */
TEST(a_beginning_of_an_accepted_head_waits_for_more)
{
    struct table t = read_cases("accepted.txt");
    for (size_t i = 0; i < t.count; i++) {
        struct table_case part = t.cases[i];
        struct bide__http_head h;
        if (strcmp(part.kind, "request") != 0 || part.size > 2000)
            continue;
        bide__http_head_begin(&h, BIDE__HTTP_REQUEST, &bide__http_limits_default, list, FIELDS);
        CHECK_EQ(bide__http_head_parse(&h, part.bytes, part.size), 1);
        for (part.size = 0; part.size < h.size; part.size++)
            CHECK_EQ(status_of(&part, NULL, 0), -1);
    }
    table_free(&t);
}

/* ---- limits ---- */

static int with_limits(const char *bytes, size_t size, struct bide__http_limits limits,
                       uint32_t room)
{
    struct bide__http_head h;
    bide__http_head_begin(&h, BIDE__HTTP_REQUEST, &limits, list, room);
    int rc = bide__http_head_parse(&h, bytes, size);
    return rc < 0 ? h.refused : rc;
}

TEST(each_limit_is_crossed_by_one)
{
    static const char head[] = "GET /1234 HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    size_t size = sizeof head - 1;
    struct bide__http_limits good = {5, (uint32_t)size, 2, 0}, l = good;
    CHECK_EQ(with_limits(head, size, good, 2), 1);
    CHECK_EQ(with_limits(head, size, good, 1), 431);
    l.target_max--;
    CHECK_EQ(with_limits(head, size, l, 2), 414);
    l = good;
    l.fields_max--;
    CHECK_EQ(with_limits(head, size, l, 2), 431);
    l = good;
    l.head_max--;
    CHECK_EQ(with_limits(head, size, l, 2), 431);
    l.head_max = 7; /* in the target */
    CHECK_EQ(with_limits(head, size, l, 2), 414);
    l.head_max = 2; /* in the method */
    CHECK_EQ(with_limits(head, size, l, 2), 431);
}

TEST(what_is_not_data_in_a_chunked_body_is_bounded)
{
    /* A chunk of 4 bytes may spend 20, of which its size and two line ends take 5. What it does not
     * spend does not count for the next one; what it spends too much does. */
    struct bide__http_limits limits = {.head_max = 1000, .fields_max = 10, .excess_max = 10};
    static const struct {
        int first, second; /* bytes of the extensions */
        int rc;
    } cases[] = {{25, 0, BIDE__HTTP_END}, {26, 0, -EBADMSG},       {23, 17, BIDE__HTTP_END},
                 {23, 18, -EBADMSG},      {0, 25, BIDE__HTTP_END}, {0, 26, -EBADMSG}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char extension[] = ";aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        struct bide__http_chunks c;
        char body[200];
        size_t at = 0, used = 0, piece_size;
        const char *piece;
        int rc = BIDE__HTTP_PIECE;
        int size = snprintf(body, sizeof body, "4%.*s\r\nabcd\r\n4%.*s\r\nabcd\r\n0\r\n\r\n",
                            cases[i].first, extension, cases[i].second, extension);
        bide__http_chunks_begin(&c, &limits, NULL, 0);
        for (; rc == BIDE__HTTP_PIECE; at += used)
            rc = bide__http_chunks_next(&c, body + at, (size_t)size - at, &piece, &piece_size,
                                        &used);
        CHECK_EQ(rc, cases[i].rc);
    }
}

TEST(trailers_are_checked_also_where_there_is_no_room_for_them)
{
    struct bide__http_chunks c;
    const char *piece;
    size_t piece_size, used;
    static const char good[] = "0\r\nX: a\r\nY: b\r\n\r\n", bad[] = "0\r\nX: a\r\nHost: b\r\n\r\n";
    bide__http_chunks_begin(&c, &bide__http_limits_default, NULL, 0);
    CHECK_EQ(bide__http_chunks_next(&c, good, sizeof good - 1, &piece, &piece_size, &used),
             BIDE__HTTP_END);
    CHECK_EQ(used, sizeof good - 1);
    CHECK_EQ(c.trailers.count, 2);
    bide__http_chunks_begin(&c, &bide__http_limits_default, NULL, 0);
    CHECK_ERR(bide__http_chunks_next(&c, bad, sizeof bad - 1, &piece, &piece_size, &used),
              -EBADMSG);
    CHECK(bide__http_may_trail("X-Sum", 5) && bide__http_may_trail("etag", 4));
    CHECK(!bide__http_may_trail("HOST", 4) && !bide__http_may_trail("content-length", 14));
}

/* ---- the rest ---- */

TEST(a_head_is_untouched_until_its_first_byte)
{
    static const char head[] = "\r\nGET / HTTP/1.1\r\n";
    struct bide__http_head h;
    bide__http_head_begin(&h, BIDE__HTTP_REQUEST, &bide__http_limits_default, list, FIELDS);
    for (size_t size = 0; size < sizeof head; size++) {
        CHECK_EQ(bide__http_head_parse(&h, head, size), 0);
        CHECK_EQ(bide__http_head_is_untouched(&h), size <= 2);
    }
}

static int body_of(const char *text, enum bide__http_method answers, bool *keep_alive)
{
    struct bide__http_head h;
    bide__http_head_begin(&h, BIDE__HTTP_RESPONSE, &bide__http_limits_default, list, FIELDS);
    h.answers = (uint8_t)answers;
    CHECK_EQ(bide__http_head_parse(&h, text, strlen(text)), 1);
    *keep_alive = h.keep_alive;
    return h.body;
}

TEST(the_body_of_a_response_depends_on_the_request)
{
    bool keep_alive;
    static const char length[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    static const char neither[] = "HTTP/1.1 200 OK\r\n\r\n", no[] = "HTTP/1.1 204 OK\r\n\r\n";
    CHECK_EQ(body_of(length, BIDE__METHOD_GET, &keep_alive), BIDE__HTTP_LENGTH);
    CHECK_EQ(body_of(length, BIDE__METHOD_HEAD, &keep_alive), BIDE__HTTP_NO_BODY);
    CHECK_EQ(body_of(length, BIDE__METHOD_CONNECT, &keep_alive), BIDE__HTTP_NO_BODY);
    CHECK(keep_alive);
    CHECK_EQ(body_of(no, BIDE__METHOD_GET, &keep_alive), BIDE__HTTP_NO_BODY);
    CHECK(keep_alive);
    CHECK_EQ(body_of(neither, BIDE__METHOD_GET, &keep_alive), BIDE__HTTP_UNTIL_CLOSE);
    CHECK(!keep_alive);
}

TEST(lines_before_chunks)
{
    static const struct {
        uint64_t size;
        const char *line;
    } cases[] = {{0, "0\r\n"},
                 {1, "1\r\n"},
                 {15, "f\r\n"},
                 {16, "10\r\n"},
                 {0xabcdef, "abcdef\r\n"},
                 {UINT64_MAX, "ffffffffffffffff\r\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[BIDE__HTTP_CHUNK_LINE_MAX];
        CHECK_EQ(bide__http_chunk_line(line, cases[i].size), strlen(cases[i].line));
        CHECK(memcmp(line, cases[i].line, strlen(cases[i].line)) == 0);
    }
}
