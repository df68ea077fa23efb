/*
 * session.c: the sessions that a client keeps, by host and port, the newest first. There are at
 * most sessions_max; the oldest goes.
 *
 * A session of TLS 1.3 is taken out when it is used, since two connections with one ticket can be
 * told to be of one client (RFC 8446, C.4); the server sends new tickets on each. One of TLS 1.2 is
 * used again and again.
 *
 * OpenSSL hands a session over while it reads, under the mutex of the stream; the mutex of the
 * context is taken inside that one.
 */
#include "extra/tls/internal.h"

#include <string.h>
#include <strings.h>

struct bide__tls_session {
    struct bide__tls_session *older, *newer;
    SSL_SESSION *session;
    size_t size; /* of this block */
    unsigned port;
    char host[];
};

static void unlink_session(bide_tls_context *c, struct bide__tls_session *e)
{
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        c->newest = e->older;
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        c->oldest = e->newer;
    c->sessions--;
}

static void free_session(struct bide__tls_session *e)
{
    SSL_SESSION_free(e->session);
    bide__free(e, e->size);
}

static void add(bide_tls_context *c, struct bide__tls_session *e)
{
    struct bide__tls_session *gone = NULL;

    pthread_mutex_lock(&c->mutex);
    e->older = c->newest;
    e->newer = NULL;
    if (c->newest != NULL)
        c->newest->newer = e;
    else
        c->oldest = e;
    c->newest = e;
    if (++c->sessions > c->sessions_max) {
        gone = c->oldest;
        unlink_session(c, gone);
    }
    pthread_mutex_unlock(&c->mutex);
    if (gone != NULL)
        free_session(gone);
}

/* 1: the session is ours now. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    const struct bide__tls *s = SSL_get_app_data(ssl);

    if (s == NULL || s->host == NULL)
        return 0;
    size_t length = strlen(s->host) + 1;
    struct bide__tls_session *e = bide__alloc(sizeof *e + length);
    if (e == NULL)
        return 0;
    e->session = session;
    e->size = sizeof *e + length;
    e->port = s->port;
    memcpy(e->host, s->host, length);
    add(s->context, e);
    return 1;
}

void bide__tls_sessions_keep(SSL_CTX *ssl)
{
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep);
}

SSL_SESSION *bide__tls_session_take(bide_tls_context *c, const char *host, unsigned port)
{
    SSL_SESSION *session = NULL;
    struct bide__tls_session *e, *used = NULL;

    pthread_mutex_lock(&c->mutex);
    for (e = c->newest; e != NULL; e = e->older)
        if (e->port == port && strcasecmp(e->host, host) == 0)
            break;
    if (e != NULL && SSL_SESSION_get_protocol_version(e->session) >= TLS1_3_VERSION) {
        unlink_session(c, e);
        used = e;
        session = e->session;
        e->session = NULL;
    } else if (e != NULL && SSL_SESSION_up_ref(e->session)) {
        session = e->session;
    }
    pthread_mutex_unlock(&c->mutex);
    if (used != NULL)
        free_session(used);
    return session;
}

void bide__tls_sessions_free(bide_tls_context *c)
{
    struct bide__tls_session *e, *older;

    for (e = c->newest; e != NULL; e = older) {
        older = e->older;
        free_session(e);
    }
}
