/*
 * bench/io/peers/libuv/tls.c: an echo server of TLS. libuv has none, so OpenSSL works between two
 * buffers in memory, which is what programs on libuv do.
 */
#include "inside.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct session {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    uv_stream_t *stream;
};

static char clear[PIECE_SIZE], sealed[PIECE_SIZE];

static void on_sealed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void end(struct session *session)
{
    uv_stream_t *stream = session->stream;
    uv_read_stop(stream);
    stream->data = NULL;
    SSL_free(session->ssl);
    ERR_clear_error();
    free(session);
    close_stream(stream);
}

static void read_again(uv_stream_t *stream)
{
    if (stream->data != NULL && uv_stream_get_write_queue_size(stream) == 0)
        uv_read_start(stream, on_alloc, on_sealed);
}

/* Sends what OpenSSL has written. It reads no more before that has gone. */
static void flush(struct session *session)
{
    int n;
    while ((n = BIO_read(session->out, sealed, sizeof sealed)) > 0)
        if (!send_or_copy(session->stream, sealed, (size_t)n, read_again))
            uv_read_stop(session->stream);
}

static void on_sealed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct session *session = stream->data;
    int got = 0;
    if (n < 0) {
        end(session);
        return;
    }
    run_expect(BIO_write(session->in, buf->base, (int)n) == n, "BIO_write");
    while ((got = SSL_read(session->ssl, clear, sizeof clear)) > 0)
        run_expect(SSL_write(session->ssl, clear, got) == got, "SSL_write");
    int error = SSL_get_error(session->ssl, got);
    if (error == SSL_ERROR_ZERO_RETURN)
        SSL_shutdown(session->ssl);
    flush(session);
    if (error != SSL_ERROR_WANT_READ)
        end(session);
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    run_expect(context != NULL, "SSL_CTX_new");
    run_expect(SSL_CTX_use_certificate_chain_file(context, data_path("cert.pem")) == 1 &&
                   SSL_CTX_use_PrivateKey_file(context, data_path("key.pem"), SSL_FILETYPE_PEM) ==
                       1,
               "the certificate");
    return context;
}

static void serve_tls(uv_tcp_t *conn)
{
    static SSL_CTX *context;
    struct session *session = zeroes(sizeof *session);
    if (context == NULL)
        context = context_new();
    session->stream = (uv_stream_t *)conn;
    session->ssl = SSL_new(context);
    session->in = BIO_new(BIO_s_mem());
    session->out = BIO_new(BIO_s_mem());
    run_expect(session->ssl != NULL && session->in != NULL && session->out != NULL, "SSL_new");
    SSL_set_bio(session->ssl, session->in, session->out);
    SSL_set_accept_state(session->ssl);
    conn->data = session;
    uv_read_start(session->stream, on_alloc, on_sealed);
}

const struct server tls_servers[] = {{"tls", serve_tls}, {"tls_bulk", serve_tls}, {NULL, NULL}};
