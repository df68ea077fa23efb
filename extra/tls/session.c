/*
 * session.c: the sessions that a client keeps, by host and port: a list of hosts, those that got
 * one last first, and for each its sessions, the newest first.
 *
 * There are at most sessions_max. When there are more, a host that has the most of them loses its
 * oldest; if there are several, the one that has got none for the longest time. So a host that
 * hands out many leaves to each of the others the one that its next connection takes.
 *
 * A session of TLS 1.3 is taken out when it is used, since two connections with one ticket can be
 * told to be of one client (RFC 8446, C.4); the server sends new tickets on each. One of TLS 1.2 is
 * used again and again.
 *
 * OpenSSL hands a session over while it reads, under the mutex of the stream; the mutex of the
 * context is taken inside that one. Nothing of OpenSSL is called under it but what counts and asks.
 */
#include "extra/tls/internal.h"

#include <string.h>
#include <strings.h>

struct session {
    struct session *older;
    SSL_SESSION *ssl; /* NULL: it was taken out */
};

struct bide__tls_host {
    struct bide__tls_host *next;
    struct session *newest; /* there is always one */
    size_t count;
    size_t size; /* of this block */
    unsigned port;
    char name[];
};

static void free_session(struct session *e)
{
    if (e == NULL)
        return;
    SSL_SESSION_free(e->ssl);
    bide__free(e, sizeof *e);
}

static void free_host(struct bide__tls_host *h)
{
    if (h != NULL)
        bide__free(h, h->size);
}

/* ---- with the mutex of the context ---- */

/* The link to the host, or the one at the end. */
static struct bide__tls_host **find(bide_tls_context *c, const char *name, unsigned port)
{
    struct bide__tls_host **at = &c->hosts;
    while (*at != NULL && ((*at)->port != port || strcasecmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

/* The link to the last of those that have the most. */
static struct bide__tls_host **find_richest(bide_tls_context *c)
{
    struct bide__tls_host **most = &c->hosts;
    for (struct bide__tls_host **at = most; *at != NULL; at = &(*at)->next)
        if ((*at)->count >= (*most)->count)
            most = at;
    return most;
}

/* Takes a session out of the host at this link. *gone: the host, if that was its last one; the
 * caller frees both without the mutex. */
static struct session *take_out(bide_tls_context *c, struct bide__tls_host **at,
                                struct session **link, struct bide__tls_host **gone)
{
    struct bide__tls_host *h = *at;
    struct session *e = *link;
    *link = e->older;
    c->sessions--;
    *gone = NULL;
    if (--h->count == 0) {
        *at = h->next;
        *gone = h;
    }
    return e;
}

static struct session *take_oldest(bide_tls_context *c, struct bide__tls_host **gone)
{
    struct bide__tls_host **at = find_richest(c);
    struct session **link = &(*at)->newest;
    while ((*link)->older != NULL)
        link = &(*link)->older;
    return take_out(c, at, link, gone);
}

/* Puts the session into its host, which comes first then. Returns the host that is not needed: this
 * one, if there is one already. */
static struct bide__tls_host *put_in(bide_tls_context *c, struct bide__tls_host *fresh,
                                     struct session *e)
{
    struct bide__tls_host **at = find(c, fresh->name, fresh->port), *h = *at;
    if (h == NULL)
        h = fresh;
    else
        *at = h->next;
    h->next = c->hosts;
    c->hosts = h;
    e->older = h->newest;
    h->newest = e;
    h->count++;
    c->sessions++;
    return h == fresh ? NULL : fresh;
}

/* ---- kept and taken ---- */

static struct bide__tls_host *new_host(const char *name, unsigned port)
{
    size_t length = strlen(name) + 1;
    struct bide__tls_host *h = bide__alloc(sizeof *h + length);
    if (h == NULL)
        return NULL;
    *h = (struct bide__tls_host){.size = sizeof *h + length, .port = port};
    memcpy(h->name, name, length);
    return h;
}

/* 1: the session is ours now. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    const struct bide__tls *s = SSL_get_app_data(ssl);
    struct bide__tls_host *gone = NULL;
    struct session *old = NULL;

    if (s == NULL || s->host == NULL)
        return 0;
    bide_tls_context *c = s->context;
    struct bide__tls_host *fresh = new_host(s->host, s->port);
    struct session *e = fresh != NULL ? bide__alloc(sizeof *e) : NULL;
    if (e == NULL) {
        free_host(fresh);
        return 0;
    }
    *e = (struct session){.ssl = session};
    pthread_mutex_lock(&c->mutex);
    fresh = put_in(c, fresh, e);
    if (c->sessions > c->sessions_max)
        old = take_oldest(c, &gone);
    pthread_mutex_unlock(&c->mutex);
    free_host(fresh);
    free_host(gone);
    free_session(old);
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
    struct bide__tls_host *gone = NULL;
    struct session *used = NULL;

    pthread_mutex_lock(&c->mutex);
    struct bide__tls_host **at = find(c, host, port);
    SSL_SESSION *newest = *at != NULL ? (*at)->newest->ssl : NULL;
    if (newest != NULL && SSL_SESSION_get_protocol_version(newest) >= TLS1_3_VERSION) {
        used = take_out(c, at, &(*at)->newest, &gone);
        session = newest;
        used->ssl = NULL;
    } else if (newest != NULL && SSL_SESSION_up_ref(newest)) {
        session = newest;
    }
    pthread_mutex_unlock(&c->mutex);
    free_host(gone);
    free_session(used);
    return session;
}

void bide__tls_sessions_free(bide_tls_context *c)
{
    struct bide__tls_host *h, *next;
    struct session *e, *older;

    for (h = c->hosts; h != NULL; h = next) {
        next = h->next;
        for (e = h->newest; e != NULL; e = older) {
            older = e->older;
            free_session(e);
        }
        free_host(h);
    }
}
