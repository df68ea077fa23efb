/*
 * For tls_tools.sh: a server that answers each HTTP request with one line that tells what was
 * negotiated.
 *
 *   https [require CA] CERT KEY [HOST CERT KEY]...
 *
 * It prints its port. The first certificate is for all hosts that have none.
 */
#include <bide/bide.h>
#include <bide/tls.h>

#include <stdio.h>
#include <string.h>

static async int answer(bide_stream *tls)
{
    char text[300], body[200], who[100] = "nobody", *line;
    bide_reader *reader;
    int rc = bide_reader_new(tls, 8192, &reader);
    if (rc < 0)
        return rc;
    defer {
        bide_reader_free(reader);
    }
    do
        rc = await bide_reader_line(reader, &line, NULL);
    while (rc > 0 && line[0] != '\0');
    if (rc <= 0)
        return rc;
    (void)bide_tls_peer_name(tls, who, sizeof who);
    snprintf(body, sizeof body, "%s alpn=%s host=%s resumed=%d peer=%s\n",
             bide_tls_version_name(tls), bide_tls_alpn(tls), bide_tls_server_name(tls),
             bide_tls_is_resumed(tls), who);
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=31536000\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        strlen(body), body);
    rc = await bide_stream_write_all(tls, text, (size_t)size, NULL);
    return rc < 0 ? rc : await bide_tls_shutdown(tls);
}

static async void serve_one(bide_tls_context *context, bide_stream *client)
{
    bide_stream *tls = NULL;
    int rc = -1;
    defer {
        bide_stream_close(tls != NULL ? tls : client);
    }
    if (await bide_timeout(BIDE_S(60), rc = bide_tls_accept(context, client, &tls)) == 0 && rc == 0)
        (void)await bide_timeout(BIDE_S(60), (void)answer(tls));
}

async int main(int argc, char **argv)
{
    static const char *const protocols[] = {"http/1.1"};
    bide_tls_identity identities[4] = {{NULL, NULL, NULL, NULL, NULL}};
    bide_tls_failure why = {0};
    bide_tls_options options = {
        .identities = identities, .alpn = protocols, .alpn_count = 1, .failure = &why};
    bide_tls_context *context;
    bide_tcp_listener *listener;
    int at = 1;

    if (argc > 3 && strcmp(argv[1], "require") == 0) {
        options.verify = BIDE_TLS_VERIFY_REQUIRE;
        options.ca_file = argv[2];
        at = 3;
    }
    for (; at + 1 < argc && options.identity_count < 4; options.identity_count++) {
        bide_tls_identity *one = &identities[options.identity_count];
        if (options.identity_count > 0)
            one->host = argv[at++];
        one->certificate_file = argv[at++];
        one->key_file = argv[at++];
    }
    int rc = bide_tls_server_new(&options, &context);
    if (rc < 0) {
        fprintf(stderr, "%s\n", why.text);
        return rc;
    }
    defer {
        bide_tls_context_drop(context);
    }
    if ((rc = bide_tcp_listen("127.0.0.1", 0, &listener)) < 0)
        return rc;
    defer {
        bide_tcp_listener_close(listener);
    }
    printf("%d\n", bide_tcp_port(listener));
    fflush(stdout);
    bide_scope(clients) {
        bide_stream *client;
        while ((rc = await bide_tcp_accept(listener, &client)) == 0)
            bide_scope_spawn(clients, serve_one(context, client));
    }
    return rc;
}
