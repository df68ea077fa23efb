/*
 * multipart/form-data: what is accepted and refused, in pieces of every size; limits; reading with
 * back-pressure; cancelled at every suspension; without memory.
 */
#include <bide/bide.h>
#include <bide/http_route.h>
#include <bide/testing.h>

#include <errno.h>

#include "extra/http/exchange/multipart.h"

#include "cancel.h"
#include "fake.h"

static struct fake fake;
static bide_http_multipart_options limits;
static char seen[4096]; /* "name|filename|type=content;" for each part */
static bool skips;      /* the content of parts is not read */
static size_t step;     /* that is read at a time; 0: all */

static async int read_part(bide_http_multipart *m, char *out, size_t room)
{
    char *data;
    size_t size, n = 0;
    if (step == 0) {
        int r = await bide_http_multipart_all(m, room - 1, &data, &size);
        if (r == 0)
            memcpy(out, data, size + 1);
        return r;
    }
    for (ssize_t got; (got = await bide_http_multipart_read(m, out + n, step)) != 0;) {
        if (got < 0)
            return (int)got;
        n += (size_t)got;
    }
    out[n] = '\0';
    return 0;
}

static async int collect(bide_http_exchange *x)
{
    bide_http_multipart *m;
    bide_http_part part;
    char content[600];
    size_t n = 0;
    int r = bide_http_multipart_begin(x, &limits, &m);
    seen[0] = '\0';
    while (r == 0 && (r = await bide_http_multipart_next(m, &part)) > 0) {
        content[0] = '\0';
        r = skips ? 0 : await read_part(m, content, sizeof content);
        if (r == 0)
            n += (size_t)snprintf(seen + n, sizeof seen - n, "%s|%s|%s=%s;", part.name,
                                  part.filename != NULL ? part.filename : "-", part.type, content);
    }
    if (r < 0 && m != NULL)
        CHECK_ERR(await bide_http_multipart_next(m, &part), r);
    return r < 0 ? r : bide_http_reply_text(x, 200, seen);
}

static void post(const char *type, const char *body, size_t size)
{
    static char head[512];
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n\r\n", type);
    fake.handler = bide_ref(collect);
    fake.head = head;
    fake_body(&fake, body, size);
    fake_run(&fake);
}

#define TYPE        "multipart/form-data; boundary=B"
#define FIELD(name) "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE(a, b, t)                                                               \
    "--B\r\nContent-Disposition: form-data; name=\"" a "\"; filename=\"" b "\"\r\n" \
    "Content-Type: " t "\r\n\r\n"

static const struct {
    const char *body;
    int status;
    const char *seen;
} cases[] = {
    {FIELD("a") "1\r\n--B--\r\n", 200, "a|-|text/plain=1;"},
    {FIELD("a") "1\r\n--B--", 200, "a|-|text/plain=1;"},
    {FIELD("a") "\r\n--B--\r\n", 200, "a|-|text/plain=;"},
    {FIELD("a") "1\r\n" FIELD("b") "2\r\n--B--\r\nepilogue", 200,
     "a|-|text/plain=1;b|-|text/plain=2;"},
    {"preamble\r\n" FIELD("a") "1\r\n--B--", 200, "a|-|text/plain=1;"},
    {"\r\n" FIELD("a") "1\r\n--B--", 200, "a|-|text/plain=1;"},
    {"--B--\r\n", 200, ""},
    {FILE("f", "x.txt", "text/csv") "1,2\r\n3\r\n--B--", 200, "f|x.txt|text/csv=1,2\r\n3;"},
    {FILE("f", "", "a/b") "\r\n--B--", 200, "f||a/b=;"},
    {FILE("f", "C:\\dir\\x.txt", "a/b") "1\r\n--B--", 200, "f|x.txt|a/b=1;"},
    {FILE("f", "../../x", "a/b") "1\r\n--B--", 200, "f|x|a/b=1;"},
    {FILE("f", "..", "a/b") "1\r\n--B--", 200, "f||a/b=1;"},
    {FILE("f", "a\\\"b", "a/b") "1\r\n--B--", 200, "f|a\"b|a/b=1;"},
    {FILE("f", "na\xc3\xafve", "a/b") "1\r\n--B--", 200, "f|na\xc3\xafve|a/b=1;"},
    /* what looks like a delimiter, and is none */
    {FIELD("a") "--B\r\n--C\r\n-B\r\n--\r\r\n--B--", 200,
     "a|-|text/plain=--B\r\n--C\r\n-B\r\n--\r;"},
    {FIELD("a") "1\r\n\r\n--B--", 200, "a|-|text/plain=1\r\n;"},
    {FIELD("a") "1\n--B--\r\n--B--", 200, "a|-|text/plain=1\n--B--;"},
    /* blanks behind a delimiter */
    {"--B \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--", 200,
     "a|-|text/plain=1;"},
    {"--B\r\ncontent-disposition:FORM-DATA;NAME=a ;\r\nX-Y: z\r\n\r\n1\r\n--B--", 200,
     "a|-|text/plain=1;"},
    /* cut off */
    {"", 400, NULL},
    {"--B", 400, NULL},
    {"--B\r\n", 400, NULL},
    {FIELD("a"), 400, NULL},
    {FIELD("a") "1", 400, NULL},
    {FIELD("a") "1\r\n--B", 400, NULL},
    {FIELD("a") "1\r\n--B-", 400, NULL},
    {FIELD("a") "1\r\n--B\r\nContent-Disposition: form-data; name=b\r\n", 400, NULL},
    {"no delimiter at all", 400, NULL},
    /* malformed */
    {FIELD("a") "1\r\n--Bx\r\n--B--", 400, NULL},
    {FIELD("a") "1\r\n--B\n", 400, NULL},
    {"--B\r\n\r\n1\r\n--B--", 400, NULL}, /* no fields */
    {"--B\r\nContent-Type: a/b\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=a b\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
     "name=b\r\n\r\n1\r\n--B--",
     400, NULL},
    {"--B\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--B--", 400, NULL}, /* folded */
    {"--B\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\n: x\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B\r\nno colon\r\n\r\n1\r\n--B--", 400, NULL},
    {"--B                                    \r\n", 400, NULL},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static void check_case(size_t i)
{
    post(TYPE, cases[i].body, strlen(cases[i].body));
    CHECK_EQ(fake.status, cases[i].status);
    if (cases[i].seen != NULL)
        CHECK_STR(fake.body, cases[i].seen);
}

TEST(bodies_are_read_or_refused_in_pieces_of_every_size)
{
    for (step = 0; step < 3; step++)
        for (fake.piece = 0; fake.piece < 9; fake.piece++)
            for (size_t i = 0; i < CASES; i++)
                check_case(i);
    fake_free(&fake);
}

TEST(parts_that_nobody_reads_are_passed_over)
{
    static const char body[] = FIELD("a") "123\r\n" FIELD("b") "45678\r\n--B--";
    skips = true;
    for (fake.piece = 1; fake.piece < 50; fake.piece += 7) {
        post(TYPE, body, sizeof body - 1);
        CHECK_STR(seen, "a|-|text/plain=;b|-|text/plain=;");
        CHECK_EQ(fake.status, 200);
    }
    fake_free(&fake);
}

TEST(the_type_needs_a_good_boundary)
{
    static const struct {
        const char *type;
        int status;
    } types[] = {
        {"multipart/form-data; boundary=B", 200},
        {"Multipart/Form-Data;charset=x;BOUNDARY=\"B\"", 200},
        {"multipart/form-data", 400},
        {"multipart/form-data; boundary=", 415}, /* that is no media type */
        {"multipart/form-data; boundary=\"\"", 400},
        {"multipart/form-data; boundary=\"B \"", 400},
        {"multipart/form-data; boundary=\"a\\\"b\"", 400},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         400},
        {"multipart/mixed; boundary=B", 415},
        {"text/plain", 415},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        post(types[i].type, cases[0].body, strlen(cases[0].body));
        CHECK_EQ(fake.status, types[i].status);
    }
    fake_free(&fake);
}

/* ---- limits ---- */

TEST(each_limit_is_kept)
{
    static char body[70000];
    static const char two[] = FIELD("a") "123\r\n" FIELD("b") "4\r\n--B--";
    limits = (bide_http_multipart_options){.parts_max = 1};
    post(TYPE, two, sizeof two - 1);
    CHECK_EQ(fake.status, 413);
    limits.parts_max = 2;
    post(TYPE, two, sizeof two - 1);
    CHECK_EQ(fake.status, 200);
    limits = (bide_http_multipart_options){.part_bytes_max = 2};
    post(TYPE, two, sizeof two - 1);
    CHECK_EQ(fake.status, 413);
    limits.part_bytes_max = 3;
    post(TYPE, two, sizeof two - 1);
    CHECK_EQ(fake.status, 200);
    /* The fields of a part: exactly as many, and one more. */
    int n = snprintf(body, sizeof body,
                     "--B\r\nContent-Disposition: form-data; name=a\r\nX: %0200d"
                     "\r\n\r\n1\r\n--B--",
                     7);
    limits = (bide_http_multipart_options){.head_bytes_max = 245};
    post(TYPE, body, (size_t)n);
    CHECK_EQ(fake.status, 200);
    limits.head_bytes_max = 244;
    post(TYPE, body, (size_t)n);
    CHECK_EQ(fake.status, 431);
    limits.head_bytes_max = 65537;
    post(TYPE, body, (size_t)n);
    CHECK_EQ(fake.status, 500); /* that is the program's fault */
    /* Without an end they do not fill the memory. */
    memset(body, 'x', sizeof body);
    memcpy(body, "--B\r\nA: ", 8);
    limits = (bide_http_multipart_options){0};
    post(TYPE, body, sizeof body);
    CHECK_EQ(fake.status, 431);
    /* The whole body has its limit, too. */
    fake.options.body_bytes_max = 60;
    fake.is_chunked = true;
    post(TYPE, two, sizeof two - 1);
    CHECK_EQ(fake.status, 413);
    fake_free(&fake);
}

static async int first_byte(bide_http_exchange *x)
{
    bide_http_multipart *m;
    bide_http_part part;
    char byte;
    int r = bide_http_multipart_begin(x, NULL, &m);
    if (r == 0)
        r = await bide_http_multipart_next(m, &part);
    CHECK_STR(bide_http_multipart_header(m, "x-own"), "v");
    CHECK(bide_http_multipart_header(m, "other") == NULL);
    if (r > 0)
        r = (int)await bide_http_multipart_read(m, &byte, 1);
    CHECK(x->body.got < 9000);
    return r < 0 ? r : bide_http_reply_status(x, 204);
}

TEST(what_is_not_asked_for_is_not_read)
{
    static char body[100000];
    memset(body, 'x', sizeof body);
    static const char begin[] = "--B\r\nContent-Disposition: form-data; name=a\r\nX-Own: v\r\n\r\n";
    memcpy(body, begin, sizeof begin - 1);
    fake.handler = bide_ref(first_byte);
    fake.head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " TYPE "\r\n\r\n";
    fake_body(&fake, body, sizeof body);
    fake_run(&fake);
    CHECK_EQ(fake.status, 204);
    fake_free(&fake);
}

/* ---- cancelled, and without memory ---- */

async int upload(void *state);
extern const struct bide_fn bide__desc_upload;

async int upload(void *state)
{
    static const char body[] = FIELD("a") "123\r\n" FILE("f", "x", "a/b") "4567\r\n--B--";
    (void)state;
    fake.handler = bide_ref(collect);
    fake.head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " TYPE "\r\n\r\n";
    fake_body(&fake, body, sizeof body - 1);
    fake.waits = true;
    fake.piece = 5;
    return await fake_serve(&fake);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error == 0)
        CHECK_STR(fake.body, "a|-|text/plain=123;f|x|a/b=4567;");
}

TEST(it_may_be_cancelled_everywhere)
{
    CHECK(cancel_everywhere(&bide__desc_upload, NULL, NULL, after) > 10);
    fake_free(&fake);
}

TEST(an_allocation_that_fails_becomes_503)
{
    uint64_t failed = 1;
    unsigned failures = 0;
    fake.room = 64;
    post(TYPE, cases[7].body, strlen(cases[7].body));
    for (unsigned nth = 1; failed > 0; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        post(TYPE, cases[7].body, strlen(cases[7].body));
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK_EQ(fake.status, failed > 0 ? 503 : 200);
        failures += failed > 0;
    }
    CHECK(failures > 0);
    fake_free(&fake);
}
