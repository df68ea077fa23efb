/*
 * Compression: what a client is sent is what the handler wrote, whatever the pieces; what is left
 * alone; Accept-Encoding; and the compressors by themselves.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/testing.h>

#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>

#include "extra/http/layer/accept.h"
#include "extra/http/layer/media.h"
#include "extra/http/layer/squeeze.h"

#include "fake.h"

/* ---- Accept-Encoding ---- */

TEST(the_coding_that_is_liked_best_is_chosen)
{
    static const struct {
        const char *field;
        enum http_coding coding;
    } cases[] = {
        {NULL, CODING_NONE},
        {"", CODING_NONE},
        {"gzip", CODING_GZIP},
        {"GZIP", CODING_GZIP},
        {"x-gzip", CODING_GZIP},
        {"br", CODING_BROTLI},
        {"gzip, br", CODING_BROTLI},
        {"br;q=0.9, gzip;q=1.0", CODING_GZIP},
        {"br;q=0.9, gzip;q=0.901", CODING_GZIP},
        {"gzip;q=0", CODING_NONE},
        {"gzip;q=0.0, br;q=0.000", CODING_NONE},
        {"*", CODING_BROTLI},
        {"*;q=0", CODING_NONE},
        {"br;q=0, *;q=0.5", CODING_GZIP},
        {"identity", CODING_NONE},
        {"identity;q=0.5, gzip;q=0.4", CODING_NONE},
        {"identity;q=0, gzip;q=0.1", CODING_GZIP},
        {"deflate, zstd", CODING_NONE},
        {"gzip ; q=0.5 , br ; Q=0.6", CODING_BROTLI},
        {"gzipped", CODING_NONE},
        {"gzip;q=2", CODING_NONE}, /* malformed: passed over */
        {"gzip;q=a, br", CODING_BROTLI},
        {",,gzip,,", CODING_GZIP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned weights[CODINGS];
        bide__http_accept_encoding(cases[i].field,
                                   cases[i].field != NULL ? strlen(cases[i].field) : 0, weights);
        CHECK_EQ(bide__http_coding_choose(weights, (1U << CODINGS) - 1), cases[i].coding);
        CHECK_EQ(bide__http_coding_choose(weights, 1U << CODING_NONE), CODING_NONE);
    }
}

TEST(types_are_known_by_name_and_shrink_or_not)
{
    static const struct {
        const char *name, *type;
        bool shrinks;
    } cases[] = {
        {"a.html", "text/html; charset=utf-8", true},
        {"a.HTML", "text/html; charset=utf-8", true},
        {"a.min.js", "text/javascript; charset=utf-8", true},
        {"a.json", "application/json", true},
        {"a.svg", "image/svg+xml", true},
        {"a.png", "image/png", false},
        {"a.7z", "application/x-7z-compressed", false},
        {"a.zst", "application/zstd", false},
        {"a.woff2", "font/woff2", false},
        {"a", "application/octet-stream", false},
        {"a.", "application/octet-stream", false},
        {"", "application/octet-stream", false},
        {"a.verylongextension", "application/octet-stream", false},
        {".html", "text/html; charset=utf-8", true},
        {"a.htmlx", "application/octet-stream", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *type = bide__http_type_of(cases[i].name, strlen(cases[i].name));
        CHECK_STR(type, cases[i].type);
        CHECK_EQ(bide__http_type_shrinks(type, strlen(type)), cases[i].shrinks);
    }
}

/* ---- decoding ---- */

static char decoded[400000];

/* Decodes what there is; the stream need not have ended. */
static size_t decode(const char *coding, const char *data, size_t size, bool *is_over)
{
    if (strcmp(coding, "gzip") == 0) {
        z_stream z = {.next_in = (Bytef *)(uintptr_t)data,
                      .avail_in = (uInt)size,
                      .next_out = (Bytef *)decoded,
                      .avail_out = sizeof decoded};
        CHECK_EQ(inflateInit2(&z, 15 + 16), Z_OK);
        int r = inflate(&z, Z_SYNC_FLUSH);
        CHECK(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);
        *is_over = r == Z_STREAM_END;
        size_t n = z.total_out;
        inflateEnd(&z);
        return n;
    }
    BrotliDecoderState *s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    size_t room = sizeof decoded, total = 0;
    uint8_t *to = (uint8_t *)decoded;
    const uint8_t *from = (const uint8_t *)data;
    BrotliDecoderResult r = BrotliDecoderDecompressStream(s, &size, &from, &room, &to, &total);
    CHECK(r != BROTLI_DECODER_RESULT_ERROR);
    *is_over = r == BROTLI_DECODER_RESULT_SUCCESS;
    BrotliDecoderDestroyInstance(s);
    return total;
}

/* ---- responses ---- */

static struct fake fake;
static bide_http_router *router;
static char text[300000];
static size_t text_size, piece;
static const char *type = "text/plain", *extra_name, *extra_value;
static int status = 200;
static bool released;

static void release(void *argument)
{
    CHECK(argument == (void *)text && !released);
    released = true;
}

/* What was sent up to now is enough to read as much of the text. */
static void check_readable(size_t size)
{
    const char *coding = fake_header(&fake, "Content-Encoding");
    bool is_over;
    if (coding != NULL)
        CHECK_EQ(decode(coding, fake.body, fake.size, &is_over), size);
}

static async int handler(bide_http_exchange *x)
{
    if (extra_name != NULL)
        CHECK_ERR(bide_http_header_set(x, extra_name, extra_value), 0);
    if (piece == 0)
        return bide_http_reply_owned(x, status, type, text, text_size, release, text);
    CHECK_ERR(bide_http_header_set(x, "Content-Type", type), 0);
    if (piece == 1000) {
        char length[24];
        snprintf(length, sizeof length, "%zu", text_size);
        CHECK_ERR(bide_http_header_set(x, "Content-Length", length), 0);
    }
    int r = await bide_http_send_begin(x, status);
    for (size_t at = 0; r == 0 && at < text_size; at += piece) {
        size_t n = text_size - at < piece ? text_size - at : piece;
        r = await bide_http_send_data(x, text + at, n);
        if (r == 0 && extra_name == NULL && x->request.method == BIDE__METHOD_GET)
            check_readable(at + n);
    }
    return r;
}

static void begin(const bide_http_compress_options *options)
{
    const bide_http_layer layers[] = {{bide_ref(bide_http_layer_compress), options},
                                      {bide_ref(bide_http_layer_compress), NULL}};
    static const bide_http_route route = {"GET", "/", bide_ref(handler), 0, NULL, 0, NULL};
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){
                      .routes = &route, .route_count = 1, .layers = layers, .layer_count = 2},
                  &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "abcdefgh\n"[(i * i + i / 7) % 9];
    text_size = 5000;
}

static void end(void)
{
    bide_http_router_drop(router);
    fake_free(&fake);
}

static const char *ask(const char *method, const char *accept)
{
    static char head[512];
    snprintf(head, sizeof head, "%s / HTTP/1.1\r\nHost: a\r\n%s%s\r\n", method,
             accept != NULL ? "Accept-Encoding: " : "", accept != NULL ? accept : "");
    if (accept != NULL)
        strcpy(head + strlen(head) - 2, "\r\n\r\n");
    fake.head = head;
    fake.body_data = NULL;
    released = false;
    fake_run(&fake);
    CHECK_EQ(fake.result, 0);
    CHECK(released == (piece == 0));
    return fake_header(&fake, "Content-Encoding");
}

static void check_decoded(const char *coding)
{
    bool is_over;
    CHECK_STR(fake_header(&fake, "Content-Encoding"), coding);
    CHECK_EQ(decode(coding, fake.body, fake.size, &is_over), text_size);
    CHECK(is_over && memcmp(decoded, text, text_size) == 0);
    CHECK(fake_header(&fake, "Content-Length") == NULL);
    CHECK_STR(fake_header(&fake, "Vary"), "Accept-Encoding");
}

TEST(whole_responses_and_pieces_arrive_as_they_were)
{
    static const size_t pieces[] = {0, 700, 1000, 65536}, sizes[] = {1024, 5000, 70000, 300000};
    begin(NULL);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            piece = pieces[i];
            text_size = sizes[j];
            if (piece == 700 && text_size > 70000)
                continue;
            CHECK_STR(ask("GET", "gzip"), "gzip");
            check_decoded("gzip");
            CHECK_STR(ask("GET", "br"), "br");
            check_decoded("br");
            CHECK(ask("GET", NULL) == NULL);
            CHECK(fake.size == text_size && memcmp(fake.body, text, text_size) == 0);
            CHECK_STR(ask("HEAD", "gzip"), "gzip");
            CHECK_EQ(fake.size, 0);
        }
    end();
}

TEST(some_responses_are_left_alone)
{
    static const struct {
        int status;
        const char *type, *name, *value;
        size_t size;
    } cases[] = {
        {200, "image/png", NULL, NULL, 5000},
        {200, "text/plain", NULL, NULL, 1023},
        {200, "text/plain", "Content-Encoding", "zstd", 5000},
        {200, "text/plain", "Cache-Control", "max-age=1, no-transform", 5000},
        {206, "text/plain", "Content-Range", "bytes 0-4999/9999", 5000},
        {200, "application/x-unknown", NULL, NULL, 5000},
    };
    begin(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        status = cases[i].status;
        type = cases[i].type;
        extra_name = cases[i].name;
        extra_value = cases[i].value;
        text_size = cases[i].size;
        for (piece = 0; piece <= 1000; piece += 1000) {
            ask("GET", "gzip, br");
            CHECK_EQ(fake.status, cases[i].status);
            CHECK(fake.size == text_size && memcmp(fake.body, text, text_size) == 0);
            /* A part is none of what is compressed, but without Range it would be. */
            CHECK_STR(fake_header(&fake, "Vary"), status == 206 ? "Accept-Encoding" : NULL);
        }
    }
    end();
}

static async int not_modified(bide_http_exchange *x)
{
    CHECK_ERR(bide_http_header_set(x, "ETag", "\"x\""), 0);
    return bide_http_reply_status(x, 304);
}

TEST(a_304_has_the_headers_of_what_the_client_has)
{
    static const struct {
        const char *headers, *tag;
    } cases[] = {
        {"Accept-Encoding: gzip\r\nIf-None-Match: W/\"x\"\r\n", "W/\"x\""},
        {"Accept-Encoding: gzip\r\nIf-None-Match: \"y\", W/\"x\"\r\n", "W/\"x\""},
        {"Accept-Encoding: gzip\r\nIf-None-Match: \"x\", W/\"x\"\r\n", "W/\"x\""},
        {"Accept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\n", "\"x\""},
        {"Accept-Encoding: gzip\r\nIf-None-Match: *\r\n", "\"x\""},
        {"If-None-Match: W/\"x\"\r\n", "\"x\""},
        {"", "\"x\""},
    };
    const bide_http_layer layer = {bide_ref(bide_http_layer_compress), NULL};
    static const bide_http_route route = {"GET", "/", bide_ref(not_modified), 0, NULL, 0, NULL};
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){
                      .routes = &route, .route_count = 1, .layers = &layer, .layer_count = 1},
                  &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char head[200];
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].headers);
        fake.head = head;
        fake.body_data = NULL;
        fake_run(&fake);
        CHECK_EQ(fake.status, 304);
        CHECK_STR(fake_header(&fake, "Vary"), "Accept-Encoding");
        CHECK_STR(fake_header(&fake, "ETag"), cases[i].tag);
        CHECK(fake_header(&fake, "Content-Encoding") == NULL);
    }
    end();
}

TEST(what_does_not_shrink_is_left_alone)
{
    begin(NULL);
    unsigned seed = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = (char)(seed >> 16);
    }
    text_size = 20000;
    CHECK(ask("GET", "gzip") == NULL);
    CHECK(fake.size == text_size && memcmp(fake.body, text, text_size) == 0);
    end();
}

TEST(a_strong_tag_becomes_weak_and_options_are_kept)
{
    begin(&(bide_http_compress_options){.size_min = 2000, .gzip_level = 9, .no_brotli = true});
    extra_name = "ETag";
    extra_value = "\"x\"";
    CHECK_STR(ask("GET", "gzip, br"), "gzip");
    CHECK_STR(fake_header(&fake, "ETag"), "W/\"x\"");
    CHECK(ask("GET", "br") == NULL);
    CHECK_STR(fake_header(&fake, "ETag"), "\"x\"");
    extra_value = "W/\"x\"";
    CHECK_STR(ask("GET", "gzip"), "gzip");
    CHECK_STR(fake_header(&fake, "ETag"), "W/\"x\"");
    extra_name = "Vary";
    extra_value = "Origin, accept-encoding";
    CHECK_STR(ask("GET", "gzip"), "gzip");
    CHECK_EQ(fake_count(&fake, "Vary"), 1);
    text_size = 1999;
    CHECK(ask("GET", "gzip") == NULL);
    end();
}

/* ---- the compressors by themselves ---- */

TEST(every_room_and_every_mode_give_the_same_text)
{
    static char out[20000];
    for (int coding = CODING_GZIP; coding < CODINGS; coding++)
        for (size_t room = 16; room < 40; room += 3) {
            struct squeeze *s;
            const void *data = text;
            size_t size = 3000, n = 0;
            long got;
            bool is_over;
            for (size_t i = 0; i < size; i++)
                text[i] = "abc"[i * i % 3];
            CHECK_ERR(bide__http_squeeze_new(NULL, (enum http_coding)coding, 0, 0, &s), 0);
            for (int step = 0; step < 3; step++) {
                size_t part = 1000;
                do {
                    got = bide__http_squeeze_step(s, step == 2 ? SQUEEZE_FINISH : SQUEEZE_FLUSH,
                                                  &data, &part, out + n, room);
                    CHECK(got >= 0 && n + (size_t)got < sizeof out);
                    n += (size_t)got;
                } while (got == (long)room);
                CHECK_EQ(part, 0);
                CHECK_EQ(decode(bide__http_coding_name((enum http_coding)coding), out, n, &is_over),
                         1000 * (step + 1));
            }
            CHECK(is_over && memcmp(decoded, text, 3000) == 0);
            bide__http_squeeze_free(s);
        }
    bide__http_squeeze_free(NULL);
}

TEST(a_compressor_without_memory_leaves_nothing)
{
    for (int coding = CODING_GZIP; coding < CODINGS; coding++) {
        uint64_t failed = 1;
        unsigned failures = 0;
        for (unsigned nth = 1; failed > 0; nth++) {
            static char out[8000];
            struct squeeze *s;
            const void *data = text;
            size_t size = 3000;
            bide_test_fail("alloc", nth, -ENOMEM, 1);
            int r = bide__http_squeeze_new(NULL, (enum http_coding)coding, 0, 0, &s);
            if (r == 0) {
                long n = bide__http_squeeze_step(s, SQUEEZE_FINISH, &data, &size, out, sizeof out);
                r = n < 0 ? (int)n : 0;
            }
            failed = bide_test_failed("alloc");
            bide_test_fail("alloc", 0, 0, 0);
            CHECK_ERR(r, failed > 0 ? -ENOMEM : 0);
            failures += failed > 0;
            bide__http_squeeze_free(s);
        }
        CHECK(failures > 1);
    }
}
