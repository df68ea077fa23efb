/*
 * An echo server over TLS, and a client. The certificate and its key are files in PEM; the client
 * trusts the certificate that it is given.
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
 *         -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
 *     tls_echo server 127.0.0.1 8443 cert.pem key.pem
 *     tls_echo client 127.0.0.1 8443 localhost cert.pem hello
 *
 * The server also answers `openssl s_client -connect 127.0.0.1:8443`.
 *
 * needs: bide-tls
 */
#include <bide/bide.h>
#include <bide/tls.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- server ---- */

static async void serve_one(bide_tls_context *context, bide_stream *client)
{
    char buffer[4096];
    bide_stream *tls = NULL;
    bide_tls_failure why = {0};
    bide_tls_stream_options options = {.failure = &why};
    int rc = -1;

    defer {
        bide_stream_close(tls != NULL ? tls : client);
    }
    /* A client has ten seconds to say hello. */
    if (await bide_timeout(BIDE_S(10), rc = bide_tls_accept_with(context, client, &options, &tls)) <
            0 ||
        rc < 0) {
        fprintf(stderr, "no handshake: %s\n", why.text[0] != '\0' ? why.text : "too slow");
        return;
    }
    ssize_t n;
    while ((n = await bide_stream_read(tls, buffer, sizeof buffer)) > 0)
        if (await bide_stream_write_all(tls, buffer, (size_t)n, NULL) < 0)
            return;
    if (n == 0)
        (void)await bide_timeout(BIDE_S(1), (void)bide_tls_shutdown(tls));
}

static async int serve(bide_tls_context *context, const char *host, uint16_t port)
{
    bide_tcp_listener *listener;
    int rc = bide_tcp_listen(host, port, &listener);
    if (rc < 0)
        return rc;
    defer {
        bide_tcp_listener_close(listener);
    }
    printf("listening on port %d\n", bide_tcp_port(listener));
    fflush(stdout);
    bide_scope(clients) {
        bide_stream *client;
        while ((rc = await bide_tcp_accept(listener, &client)) == 0)
            bide_scope_spawn(clients, serve_one(context, client));
    }
    return rc;
}

/* ---- client ---- */

static async int ask(bide_tls_context *context, const char *address, uint16_t port,
                     const char *host, const char *text)
{
    bide_stream *stream, *tls = NULL;
    char answer[4096];
    size_t size = strlen(text);
    bide_tls_failure why = {0};
    bide_tls_stream_options options = {.host = host, .failure = &why};

    int rc = await bide_tcp_connect(address, port, &stream);
    if (rc < 0)
        return rc;
    defer {
        bide_stream_close(tls != NULL ? tls : stream);
    }
    rc = await bide_tls_connect_with(context, stream, &options, &tls);
    if (rc < 0) {
        fprintf(stderr, "no handshake: %s\n", why.text);
        return rc;
    }
    if (size > sizeof answer)
        size = sizeof answer;
    rc = await bide_stream_write_all(tls, text, size, NULL);
    if (rc == 0)
        rc = await bide_stream_read_exactly(tls, answer, size, NULL);
    if (rc < 0) {
        fprintf(stderr, "%s\n", bide_tls_error(tls));
        return rc;
    }
    printf("%s, %s: %.*s\n", bide_tls_version_name(tls), bide_tls_cipher(tls), (int)size, answer);
    return await bide_tls_shutdown(tls);
}

/* ---- both ---- */

static int usage(void)
{
    fputs("usage: tls_echo server ADDRESS PORT CERTIFICATE KEY\n"
          "       tls_echo client ADDRESS PORT HOST CA TEXT\n",
          stderr);
    return 2;
}

async int main(int argc, char **argv)
{
    bide_tls_context *context = NULL;
    bide_tls_failure why = {0};
    bool is_server = argc == 6 && strcmp(argv[1], "server") == 0;

    if (!is_server && (argc != 7 || strcmp(argv[1], "client") != 0))
        return usage();
    uint16_t port = (uint16_t)strtoul(argv[3], NULL, 10);
    bide_tls_options options = {.failure = &why};
    bide_tls_identity identity = {0};
    int rc;
    if (is_server) {
        identity.certificate_file = argv[4];
        identity.key_file = argv[5];
        options.identities = &identity;
        options.identity_count = 1;
        rc = bide_tls_server_new(&options, &context);
    } else {
        options.ca_file = argv[5];
        rc = bide_tls_client_new(&options, &context);
    }
    if (rc < 0) {
        fprintf(stderr, "%s\n", why.text);
        return rc;
    }
    defer {
        bide_tls_context_drop(context);
    }
    if (is_server)
        return await serve(context, argv[2], port);
    return await ask(context, argv[2], port, argv[4], argv[6]);
}
