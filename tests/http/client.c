/*
 * The client of bide/http.h with the server of bide/http_server.h: HTTP/2 with prior knowledge and
 * by ALPN, certificates of all kinds, a client's own certificate, versions of TLS, the key log, and
 * compressed bodies that grow beyond a limit. Time is virtual.
 */
#include <bide/fs.h>
#include <bide/http_server.h>
#include <bide/http_stream.h>
#include <bide/tls.h>

#include <brotli/encode.h>
#include <limits.h>
#include <unistd.h>
#include <zlib.h>

#include "counted.h"
#include "peer.h"

#include "../extra/tls_certs.h"

enum { BOMB = 16 << 20, LARGE = 8 << 20 };

static bide_shutdown stop;
static bide_task(int) running;
static bide_http_client *client;
static char folder[PATH_MAX];
static struct cert ca, other_ca, good, wrong_name, late, stranger, user;
static char *bomb[3];
static size_t bomb_size[3];
static const char *const codings[] = {"gzip", "deflate", "br"};

/* ---- what the server does ---- */

static async int large_body(bide_http_exchange *x)
{
    static char piece[10000];
    int n = await bide_http_send_begin(x, 200);
    for (size_t left = LARGE; left > 0 && n == 0;) {
        size_t part = left < sizeof piece ? left : sizeof piece;
        n = await bide_http_send_data(x, piece, part);
        left -= part;
    }
    return n;
}

static async int count_body(bide_http_exchange *x)
{
    static char piece[10000];
    size_t size = 0;
    ssize_t n;
    while ((n = await bide_http_body_read(x, piece, sizeof piece)) > 0)
        size += (size_t)n;
    return n < 0 ? (int)n : bide_http_reply_format(x, 200, "%zu", size);
}

static async int handle(bide_http_exchange *x)
{
    const char *path = bide_http_path(x);
    for (int i = 0; i < 3; i++)
        if (strcmp(path + 1, codings[i]) == 0) {
            CHECK_EQ(bide_http_header_set(x, "Content-Encoding", codings[i]), 0);
            return bide_http_reply_borrowed(x, 200, "text/plain", bomb[i], bomb_size[i]);
        }
    if (strcmp(path, "/large") == 0)
        return await large_body(x);
    if (strcmp(path, "/count") == 0)
        return await count_body(x);
    return bide_http_reply_text(x, 200, "hello");
}

/* ---- certificates ---- */

static const char *save(const char *name, const char *text, const char *more)
{
    static char paths[12][PATH_MAX + 32];
    static unsigned used;
    char *path = paths[used++ % 12];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0 && fputs(more, f) >= 0);
    CHECK_EQ(fclose(f), 0);
    return path;
}

static void make_certificates(void)
{
    ca = cert_new("the authority", NULL, &(struct cert_kind){.is_ca = true});
    other_ca = cert_new("another one", NULL, &(struct cert_kind){.is_ca = true});
    good = cert_new("localhost", &ca, &(struct cert_kind){.names = "IP:127.0.0.1,DNS:localhost"});
    wrong_name = cert_new("elsewhere", &ca, &(struct cert_kind){.names = "DNS:elsewhere.test"});
    late = cert_new("late", &ca,
                    &(struct cert_kind){.names = "IP:127.0.0.1", .from_s = -20, .to_s = -10});
    stranger = cert_new("stranger", &other_ca, &(struct cert_kind){.names = "IP:127.0.0.1"});
    user = cert_new("user", &ca, &(struct cert_kind){.names = "DNS:user"});
}

static void free_certificates(void)
{
    struct cert *all[] = {&ca, &other_ca, &good, &wrong_name, &late, &stranger, &user};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cert_free(all[i]);
}

static bide_tls_context *context_of(const struct cert *cert, bide_tls_options options)
{
    static const char *const protocols[] = {"h2", "http/1.1"};
    bide_tls_context *context;
    bide_tls_identity identity = {.certificate = cert->certificate, .key = cert->key};
    options.identities = &identity;
    options.identity_count = 1;
    options.alpn = protocols;
    options.alpn_count = 2;
    CHECK_EQ(bide_tls_server_new(&options, &context), 0);
    return context;
}

/* ---- a run: one server, one client ---- */

static const char *url(const char *path)
{
    static char texts[4][200];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof texts[0], "%s127.0.0.1:%d%s", path[0] == '/' ? "http://" : "https://",
             bide_http_server_port(server), path[0] == '/' ? path : path + 1);
    return text;
}

static async int fetch(bide_http_options options, const char *path, const char *text, int *version)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
        bide_http_client_free(client);
    }
    options.proxy = "";
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    int n = await bide_http_get(client, url(path), &r);
    if (version != NULL)
        *version = bide_http_response_version(r);
    if (n < 0) {
        fprintf(stderr, "%s: %s\n", path, bide_http_error(r));
        CHECK(strstr(bide_http_error(r), text) != NULL);
        return n;
    }
    CHECK_STR(bide_http_body(r), text);
    return bide_http_status(r);
}

static async int temporary(void)
{
    CHECK(await bide_folder_temporary(NULL, folder, sizeof folder) >= 0);
    return 0;
}

static void begin(bide_tls_context *tls)
{
    serve_with(bide_ref(handle),
               &(bide_http_server_options){.tls = tls,
                                           .body_bytes_max = (uint64_t)1 << 30,
                                           /* each pause of a slow reader moves the window */
                                           .h2_frames_max = 1 << 20});
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    if (folder[0] == '\0')
        CHECK_EQ(bide_block_on(temporary()), 0);
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    running = bide_spawn(bide_http_server_run(server, &stop));
}

static async int finish(void)
{
    int n = -1;
    bide_shutdown_begin(&stop);
    CHECK_EQ(await bide_task_join(running, &n), 0);
    return n;
}

static void end(void)
{
    CHECK_EQ(bide_block_on(finish()), 0);
    serve_end();
}

/* ---- HTTP/2 ---- */

static async int two(void)
{
    int version;
    CHECK_EQ(await fetch((bide_http_options){.protocol = BIDE_HTTP_ONLY_2}, "/", "hello", &version),
             200);
    CHECK_EQ(version, 20);
    CHECK_EQ(await fetch((bide_http_options){0}, "/", "hello", &version), 200);
    CHECK_EQ(version, 11);
    return 0;
}

static async int get_by_2(void)
{
    bide_http_response *r;
    int n = await bide_http_get(client, url("/"), &r);
    if (n < 0)
        fprintf(stderr, "%s\n", bide_http_error(r));
    CHECK_EQ(n, 0);
    CHECK_EQ(bide_http_response_version(r), 20);
    CHECK_STR(bide_http_body(r), "hello");
    bide_http_response_free(r);
    return 0;
}

/* One after another, and at once. */
static async int several_by_2(void)
{
    bide_http_options options = {.proxy = "", .protocol = BIDE_HTTP_ONLY_2};
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    for (int i = 0; i < 3; i++)
        await get_by_2();
    for (int round = 0; round < 2; round++) {
        bide_scope(s) {
            for (int i = 0; i < 10; i++)
                bide_scope_spawn(s, get_by_2());
        }
    }
    bide_http_client_free(client);
    return 0;
}

TEST(several_requests_by_prior_knowledge)
{
    begin(NULL);
    CHECK_EQ(bide_block_on(several_by_2()), 0);
    end();
}

TEST(http_2_by_prior_knowledge)
{
    begin(NULL);
    CHECK_EQ(bide_block_on(two()), 0);
    end();
}

static async int by_alpn(const char *trusted)
{
    int version;
    bide_http_options options = {.ca_file = trusted};
    CHECK_EQ(await fetch(options, "s/", "hello", &version), 200);
    CHECK_EQ(version, 20);
    options.protocol = BIDE_HTTP_ONLY_1_1;
    CHECK_EQ(await fetch(options, "s/", "hello", &version), 200);
    CHECK_EQ(version, 11);
    return 0;
}

TEST(http_2_by_alpn)
{
    make_certificates();
    bide_tls_context *tls = context_of(&good, (bide_tls_options){0});
    begin(tls);
    CHECK_EQ(bide_block_on(by_alpn(save("ca.pem", ca.certificate, ""))), 0);
    end();
    bide_tls_context_drop(tls);
    free_certificates();
}

static async ssize_t read_all(bide_http_response *r)
{
    char piece[5000];
    ssize_t n, size = 0;
    while ((n = await bide_http_response_read(r, piece, sizeof piece)) > 0)
        size += n;
    return n < 0 ? n : size;
}

static async int give(bide_http_response *r, size_t size)
{
    static char piece[10000];
    int n = 0;
    while (size > 0 && n == 0) {
        size_t part = size < sizeof piece ? size : sizeof piece;
        n = await bide_http_upload_all(r, piece, part, NULL);
        size -= part;
    }
    return n < 0 ? n : bide_http_upload_end(r);
}

/* After a stream that is left in the middle everything works. */
static async int left(void)
{
    bide_http_response *first, *second;
    bide_http_request q = {.url = url("/large")};
    bide_http_options options = {.proxy = "", .protocol = BIDE_HTTP_ONLY_2};
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    CHECK_EQ(await bide_http_open(client, &q, &first), 0);
    CHECK_EQ(bide_http_response_version(first), 20);
    bide_http_response_free(first);
    CHECK_EQ(await bide_http_open(client, &q, &second), 0);
    CHECK_EQ(await read_all(second), LARGE);
    bide_http_response_free(second);
    q = (bide_http_request){.url = url("/count"), .body_streamed = true};
    CHECK_EQ(bide_http_start(client, &q, &second), 0);
    CHECK_EQ(await give(second, LARGE), 0);
    CHECK_EQ(await bide_http_answer(second), 0);
    bide_http_response_free(second);
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(a_stream_of_http_2_that_is_left, 60)
{
    begin(NULL);
    CHECK_EQ(bide_block_on(left()), 0);
    end();
}

static async int upload(void)
{
    bide_http_response *r;
    char text[20] = "";
    bide_http_request q = {.url = url("/count"), .body_streamed = true};
    bide_http_options options = {.proxy = "", .protocol = BIDE_HTTP_ONLY_2};
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_EQ(await give(r, LARGE), 0);
    CHECK_EQ(await bide_http_answer(r), 0);
    CHECK_EQ(await bide_http_response_read(r, text, sizeof text - 1), 7);
    CHECK_STR(text, "8388608");
    bide_http_response_free(r);
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(an_upload_by_http_2, 60)
{
    begin(NULL);
    CHECK_EQ(bide_block_on(upload()), 0);
    end();
}

/* ---- TLS ---- */

static async int one_server(const struct cert *cert, int error, const char *text)
{
    bide_http_options options = {.ca_file = save("ca.pem", ca.certificate, "")};
    (void)cert;
    CHECK_ERR(await fetch(options, "s/", text, NULL), error);
    options.tls.danger_accept_invalid_certs = true;
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200);
    options.tls.danger_accept_invalid_certs = false;
    options.tls.danger_accept_invalid_hosts = true;
    CHECK_ERR(await fetch(options, "s/", cert == &wrong_name ? "hello" : text, NULL),
              cert == &wrong_name ? 200 : error);
    return 0;
}

TEST_LIMIT(bad_certificates, 60)
{
    make_certificates();
    const struct {
        const struct cert *cert;
        const char *text;
    } rows[] = {{&wrong_name, "127.0.0.1"}, {&late, "expired"}, {&stranger, "certificate"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bide_tls_context *tls = context_of(rows[i].cert, (bide_tls_options){0});
        begin(tls);
        CHECK_EQ(bide_block_on(one_server(rows[i].cert, -EPROTO, rows[i].text)), 0);
        end();
        bide_tls_context_drop(tls);
    }
    free_certificates();
}

static async int own_certificate(void)
{
    bide_http_options options = {.ca_file = save("ca.pem", ca.certificate, "")};
    CHECK_ERR(await fetch(options, "s/", "", NULL), -EPROTO);
    options.tls.cert_file = save("user.pem", user.certificate, "");
    options.tls.key_file = save("user.key", user.key, "");
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200);
    options.tls.cert_file = save("both.pem", user.certificate, user.key);
    options.tls.key_file = NULL;
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200);
    options.tls.cert_file = save("mixed.pem", user.certificate, good.key);
    CHECK_ERR(await fetch(options, "s/", "", NULL), -EPROTO);
    options.tls.cert_file = "/nowhere/at/all.pem";
    CHECK_ERR(await fetch(options, "s/", "", NULL), -EPROTO);
    return 0;
}

TEST_LIMIT(a_certificate_of_the_client, 60)
{
    make_certificates();
    bide_tls_context *tls = context_of(
        &good, (bide_tls_options){.ca = ca.certificate, .verify = BIDE_TLS_VERIFY_REQUIRE});
    begin(tls);
    CHECK_EQ(bide_block_on(own_certificate()), 0);
    end();
    bide_tls_context_drop(tls);
    free_certificates();
}

/* How many lines the key log has. */
static int log_lines(const char *path)
{
    char line[400];
    int count = 0;
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        CHECK(strncmp(line, "CLIENT_", 7) == 0 || strncmp(line, "SERVER_", 7) == 0 ||
              strncmp(line, "EXPORTER_", 9) == 0);
        count++;
    }
    fclose(f);
    return count;
}

static async int versions(void)
{
    char log[PATH_MAX + 16];
    bide_http_options options = {.ca_file = save("ca.pem", ca.certificate, "")};
    options.tls.version_max = 2; /* the server has nothing below 1.3 */
    CHECK_ERR(await fetch(options, "s/", "", NULL), -EPROTO);
    options.tls.version_max = 0;
    options.tls.version_min = 3;
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200);

    snprintf(log, sizeof log, "%s/keys.log", folder);
    options.tls.key_log_file = log;
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200);
    int lines = log_lines(log);
    CHECK(lines >= 4);
    CHECK_EQ(await fetch(options, "s/", "hello", NULL), 200); /* added, not begun anew */
    CHECK_EQ(log_lines(log), 2 * lines);
    return 0;
}

TEST_LIMIT(versions_and_key_log, 60)
{
    make_certificates();
    bide_tls_context *tls = context_of(&good, (bide_tls_options){.version_min = BIDE_TLS_1_3});
    begin(tls);
    CHECK_EQ(bide_block_on(versions()), 0);
    end();
    bide_tls_context_drop(tls);
    free_certificates();
}

/* ---- compressed bodies ---- */

static void make_bombs(void)
{
    char *zeroes = calloc(1, BOMB);
    for (int i = 0; i < 2; i++) {
        z_stream z = {.next_in = (unsigned char *)zeroes, .avail_in = BOMB};
        CHECK_EQ(deflateInit2(&z, 6, Z_DEFLATED, i == 0 ? 31 : 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        bomb_size[i] = deflateBound(&z, BOMB);
        bomb[i] = malloc(bomb_size[i]);
        z.next_out = (unsigned char *)bomb[i];
        z.avail_out = (unsigned)bomb_size[i];
        CHECK_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
        bomb_size[i] = z.total_out;
        deflateEnd(&z);
    }
    bomb_size[2] = BrotliEncoderMaxCompressedSize(BOMB);
    bomb[2] = malloc(bomb_size[2]);
    CHECK_EQ(BrotliEncoderCompress(4, 22, BROTLI_MODE_GENERIC, BOMB, (uint8_t *)zeroes,
                                   &bomb_size[2], (uint8_t *)bomb[2]),
             BROTLI_TRUE);
    free(zeroes);
}

static async int bombs(void)
{
    bide_http_options options = {.proxy = ""};
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    for (int i = 0; i < 3; i++) {
        char path[16];
        bide_http_response *r;
        snprintf(path, sizeof path, "/%s", codings[i]);
        bide_http_request q = {.url = url(path), .response_max_bytes = 1 << 20};
        fprintf(stderr, "%s: %zu bytes become %d\n", codings[i], bomb_size[i], BOMB);
        counted_reset();
        CHECK_ERR(await bide_http_send(client, &q, &r), -EMSGSIZE);
        bide_http_response_free(r);
        CHECK(counted_most() < 3 << 20);
        /* A stream does not ask for it, and if it comes all the same it is as it came. */
        q.response_max_bytes = 0;
        CHECK_EQ(await bide_http_open(client, &q, &r), 0);
        CHECK_STR(bide_http_header_value(r, "Content-Encoding"), codings[i]);
        CHECK_EQ(bide_http_response_length(r), (int64_t)bomb_size[i]);
        CHECK_EQ(await read_all(r), (ssize_t)bomb_size[i]);
        bide_http_response_free(r);
    }
    bide_http_client_free(client);
    return 0;
}

TEST_LIMIT(bombs_are_stopped_where_the_limit_is, 100)
{
    make_bombs();
    begin(NULL);
    counted_begin();
    CHECK_EQ(bide_block_on(bombs()), 0);
    end();
    for (int i = 0; i < 3; i++)
        free(bomb[i]);
}
