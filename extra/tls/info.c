/*
 * info.c: questions about a connection. Its handshake is done, so the answers do not change, but
 * for the text of the last error.
 */
#include "extra/tls/internal.h"

#include <string.h>

const char *bide_tls_error(const bide_stream *tls)
{
    struct bide__tls *s = bide__tls_of(tls);

    if (s == NULL)
        return NULL;
    bide__tls_lock(s);
    const char *text = s->failure != NULL ? s->failure->text : "";
    bide__tls_unlock(s);
    return text;
}

const char *bide_tls_alpn(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    const unsigned char *name = NULL;
    unsigned size = 0;

    if (s == NULL)
        return NULL;
    SSL_get0_alpn_selected(s->ssl, &name, &size);
    const char *ours = size > 0 ? bide__tls_protocol(s->context, name, size) : NULL;
    return ours != NULL ? ours : "";
}

const char *bide_tls_version_name(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    return s == NULL ? NULL : SSL_get_version(s->ssl);
}

const char *bide_tls_cipher(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    return s == NULL ? NULL : SSL_get_cipher_name(s->ssl);
}

const char *bide_tls_server_name(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);

    if (s == NULL)
        return NULL;
    const char *name = SSL_get_servername(s->ssl, TLSEXT_NAMETYPE_host_name);
    return name != NULL ? name : "";
}

bool bide_tls_is_resumed(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    return s != NULL && SSL_session_reused(s->ssl);
}

ssize_t bide_tls_peer_certificate(const bide_stream *tls, void *buffer, size_t size)
{
    const struct bide__tls *s = bide__tls_of(tls);

    if (s == NULL)
        return -EINVAL;
    ERR_clear_error();
    const X509 *certificate = SSL_get0_peer_certificate(s->ssl);
    if (certificate == NULL)
        return 0;
    int n = i2d_X509(certificate, NULL);
    unsigned char *to = buffer;
    if (n > 0 && (size_t)n <= size)
        n = i2d_X509(certificate, &to);
    else if (n > 0)
        n = -ENOBUFS;
    else
        n = -ENOMEM;
    ERR_clear_error();
    return n;
}

int bide_tls_peer_name(const bide_stream *tls, char *text, size_t size)
{
    const struct bide__tls *s = bide__tls_of(tls);

    if (s == NULL)
        return -EINVAL;
    ERR_clear_error();
    const X509 *certificate = SSL_get0_peer_certificate(s->ssl);
    if (certificate == NULL)
        return -ENODATA;
    BIO *bio = BIO_new(BIO_s_mem());
    char *name = NULL;
    int r = -ENOMEM;
    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        long length = BIO_get_mem_data(bio, &name);
        size_t n = length < 0 || size == 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
        if (size > 0) {
            if (n > 0)
                memcpy(text, name, n);
            text[n] = '\0';
        }
        r = 0;
    }
    BIO_free(bio);
    ERR_clear_error();
    return r;
}

bide_stream *bide_tls_transport(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    return s == NULL ? NULL : s->below;
}

struct ssl_st *bide_tls_ssl(const bide_stream *tls)
{
    const struct bide__tls *s = bide__tls_of(tls);
    return s == NULL ? NULL : s->ssl;
}
