/*
 * choose.c: what a server chooses while OpenSSL reads the client's first message: the identity by
 * the name that the client asks for (RFC 6066), then the application protocol (RFC 7301).
 */
#include "extra/tls/internal.h"

#include <string.h>
#include <strings.h>

/* Does the host of an identity, perhaps with "*." before it, cover the name? */
static bool covers(const char *host, const char *name)
{
    if (host[0] != '*' || host[1] != '.')
        return strcasecmp(host, name) == 0;
    const char *dot = strchr(name, '.');
    return dot != NULL && dot != name && strcasecmp(host + 1, dot) == 0;
}

/* An identity of just this host comes before one with a wildcard. */
static SSL_CTX *find(const bide_tls_context *c, const char *name)
{
    for (int wild = 0; wild < 2; wild++)
        for (size_t i = 0; i < c->name_count; i++) {
            const char *host = c->names[i].host;
            if (host != NULL && (host[0] == '*') == wild && covers(host, name))
                return c->names[i].ssl;
        }
    return c->ssl;
}

static int choose_identity(SSL *ssl, int *alert, void *context)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX *chosen = find(context, name);
    if (chosen != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, chosen) == NULL)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

void bide__tls_choose_by_name(SSL_CTX *ssl, bide_tls_context *context)
{
    SSL_CTX_set_tlsext_servername_callback(ssl, choose_identity);
    SSL_CTX_set_tlsext_servername_arg(ssl, context);
}

const char *bide__tls_protocol(const bide_tls_context *context, const unsigned char *name,
                               size_t size)
{
    for (size_t i = 0; i < context->alpn_count; i++)
        if (strlen(context->alpn[i]) == size && memcmp(context->alpn[i], name, size) == 0)
            return context->alpn[i];
    return NULL;
}

/* `offered` is a row of names, each with its length before it; OpenSSL has checked it. */
static bool is_offered(const char *name, const unsigned char *offered, size_t size)
{
    size_t length = strlen(name);

    for (size_t at = 0; at < size; at += 1 + (size_t)offered[at])
        if (offered[at] == length && memcmp(offered + at + 1, name, length) == 0)
            return true;
    return false;
}

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size,
                           const unsigned char *offered, unsigned size, void *context)
{
    const bide_tls_context *c = context;

    (void)ssl;
    for (size_t i = 0; i < c->alpn_count; i++)
        if (is_offered(c->alpn[i], offered, size)) {
            *chosen = (const unsigned char *)c->alpn[i];
            *chosen_size = (unsigned char)strlen(c->alpn[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void bide__tls_choose_protocol(SSL_CTX *ssl, bide_tls_context *context)
{
    if (context->alpn_count > 0)
        SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, context);
}
