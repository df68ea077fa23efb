/*
 * tests/http/peers/server.c: what the peers talk to. Prints the number of its port, and serves until
 * a signal of the end.
 *
 *   server plain|tls [impatient]
 *
 *   /hello   a text                    /echo    the body, as it comes
 *   /large   8 MiB, in pieces          /all     how many bytes the body had, and their sum
 *   /slow    a text, after 5 ms        /count   how many connections there are
 *   /body    4 KiB that are counted up  /file    the file `ten` in the working folder
 *
 * The certificate is in the working folder. `impatient` has timeouts of a third of a second.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/http_server.h>
#include <bide/tls.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16384, LARGE = 8 << 20, SMALL = 4096 };

static bide_http_server *server;

static async int send_large(bide_http_exchange *x)
{
    static const char piece[PIECE] = "large";
    int rc = await bide_http_send_begin(x, 200);
    for (int sent = 0; rc == 0 && sent < LARGE; sent += PIECE)
        rc = await bide_http_send_data(x, piece, sizeof piece);
    return rc;
}

static async int echo(bide_http_exchange *x)
{
    char piece[PIECE];
    ssize_t n;
    int64_t length = bide_http_body_length(x);
    char digits[32];
    int rc = 0;
    if (length >= 0) {
        snprintf(digits, sizeof digits, "%lld", (long long)length);
        rc = bide_http_header_set(x, "Content-Length", digits);
    }
    if (rc == 0)
        rc = await bide_http_send_begin(x, 200);
    while (rc == 0 && (n = await bide_http_body_read(x, piece, sizeof piece)) != 0)
        rc = n < 0 ? (int)n : await bide_http_send_data(x, piece, (size_t)n);
    return rc;
}

static async int sum_all(bide_http_exchange *x)
{
    char *data;
    size_t size;
    unsigned long sum = 0;
    int rc = await bide_http_body_all(x, &data, &size);
    for (size_t i = 0; rc == 0 && i < size; i++)
        sum += (unsigned char)data[i];
    return rc < 0 ? rc : bide_http_reply_format(x, 200, "%zu %lu\n", size, sum);
}

static async int say_later(bide_http_exchange *x)
{
    await bide_sleep(BIDE_MS(5));
    return bide_http_reply_text(x, 200, "later\n");
}

static int say_count(bide_http_exchange *x)
{
    bide_http_server_metrics metrics;
    bide_http_server_metrics_read(server, &metrics);
    return bide_http_reply_format(x, 200, "%u\n", (unsigned)metrics.connections);
}

static int say_body(bide_http_exchange *x)
{
    static char body[SMALL];
    for (int i = 0; i < SMALL; i++)
        body[i] = (char)('0' + i % 10);
    return bide_http_reply_borrowed(x, 200, "text/plain", body, sizeof body);
}

static async int serve(bide_http_exchange *x)
{
    const char *path = bide_http_path(x);
    if (strcmp(path, "/hello") == 0)
        return bide_http_reply_text(x, 200, "hello\n");
    if (strcmp(path, "/large") == 0)
        return await send_large(x);
    if (strcmp(path, "/echo") == 0)
        return await echo(x);
    if (strcmp(path, "/all") == 0)
        return await sum_all(x);
    if (strcmp(path, "/file") == 0)
        return await bide_http_reply_file(x, "ten", NULL);
    if (strcmp(path, "/slow") == 0)
        return await say_later(x);
    if (strcmp(path, "/count") == 0)
        return say_count(x);
    return strcmp(path, "/body") == 0 ? say_body(x) : -ENOENT;
}

static bide_tls_context *context_new(void)
{
    static const char *const alpn[] = {"h2", "http/1.1"};
    const bide_tls_identity identity = {.certificate_file = "cert.pem", .key_file = "key.pem"};
    const bide_tls_options options = {
        .identities = &identity, .identity_count = 1, .alpn = alpn, .alpn_count = 2};
    bide_tls_context *context;
    return bide_tls_server_new(&options, &context) == 0 ? context : NULL;
}

static int make(int argc, char **argv, bide_tls_context *context)
{
    bide_http_server_options options = {
        .tls = context, .body_bytes_max = 64 << 20, .connections_max = 20000};
    if (argc > 2 && strcmp(argv[2], "impatient") == 0) {
        options.head_timeout = options.body_timeout = options.write_timeout = BIDE_MS(300);
        options.linger = BIDE_MS(100);
    }
    int rc = bide_http_server_new(bide_ref(serve), &options, &server);
    return rc < 0 ? rc : bide_http_server_listen(server, "127.0.0.1", 0);
}

async int main(int argc, char **argv)
{
    static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
    bide_tls_context *context = NULL;
    defer {
        bide_http_server_free(server);
        bide_tls_context_drop(context);
    }
    if (argc > 1 && strcmp(argv[1], "tls") == 0 && (context = context_new()) == NULL)
        return 1;
    int rc = make(argc, argv, context);
    if (rc < 0)
        return 1;
    printf("%d\n", bide_http_server_port(server));
    fflush(stdout);
    bide_task(int) serving = bide_spawn(bide_http_server_run(server, &stop));
    rc = await bide_shutdown_on_signals(&stop, NULL, NULL);
    if (rc < 0)
        fprintf(stderr, "server: %s\n", strerror(-rc));
    rc = await bide_task_cancel(serving);
    return rc < 0 && rc != -ECANCELED;
}
