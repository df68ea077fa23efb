/* bench/io/tls.c: the echo server of TLS. BENCH_TLS is defined if libbide-tls is built. */
#include "io.h"

#ifdef BENCH_TLS

#include <bide/tls.h>

#include <stdlib.h>

struct bide_tls_context *tls_context_new(void)
{
    char certificate[PATH_SIZE];
    bide_tls_context *context;
    bide_tls_failure why = {0};
    snprintf(certificate, sizeof certificate, "%s", data_path("cert.pem"));
    const bide_tls_identity identity = {.certificate_file = certificate,
                                        .key_file = data_path("key.pem")};
    const bide_tls_options options = {
        .identities = &identity, .identity_count = 1, .failure = &why};
    expect_good(bide_tls_server_new(&options, &context), why.text);
    return context;
}

async void tls_echo(struct bide_tls_context *context, bide_stream *stream, size_t size)
{
    bide_stream *tls;
    if (await bide_tls_accept(context, stream, &tls) < 0) {
        bide_stream_close(stream);
        return;
    }
    char *buffer = malloc(size);
    ssize_t n;
    defer {
        free(buffer);
        bide_stream_close(tls);
    }
    run_expect(buffer != NULL, "malloc");
    while ((n = await bide_stream_read(tls, buffer, size)) > 0)
        if (await bide_stream_write_all(tls, buffer, (size_t)n, NULL) < 0)
            return;
}

#else

struct bide_tls_context *tls_context_new(void)
{
    return NULL;
}

async void tls_echo(struct bide_tls_context *context, bide_stream *stream, size_t size)
{
    (void)context, (void)size;
    bide_stream_close(stream);
}

#endif
