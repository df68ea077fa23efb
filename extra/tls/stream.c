/*
 * stream.c: the life of a TLS stream, who may do what on it, and what it does without waiting.
 *
 * holders is 1 for the owner of an open stream, and 1 for each call, and for who holds it (`held`).
 * A close with calls under way ends what they wait for; when only those are left who hold it, the
 * stream below is closed, and the last one to go frees everything.
 */
#include "extra/tls/internal.h"

#include "extra/tls/stream.h"

#include <bide/address.h>
#include <bide/net.h>

#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <string.h>

/* ---- memory ---- */

static void free_stream(struct bide__tls *s)
{
    /* A session stays good when its connection ends in whatever way, but for a failure. */
    if (s->ssl != NULL && s->failed == 0)
        SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(s->ssl);
    ERR_clear_error();
    bide__tls_buffers_free(s);
    bide_stream_close(s->below);
    if (s->host != NULL)
        bide__free(s->host, strlen(s->host) + 1);
    bide__free(s->failure, sizeof *s->failure);
    bide_tls_context_drop(s->context);
    pthread_mutex_destroy(&s->mutex);
    bide__free(s, sizeof *s);
}

/* With the lock, which it releases. */
static void let_go_locked(struct bide__tls *s)
{
    bide_stream *below = NULL;
    bool last = --s->holders == 0;

    if (!last && s->closed && s->holders == s->held) {
        below = s->below;
        s->below = NULL;
    }
    bide__tls_unlock(s);
    bide_stream_close(below);
    if (last)
        free_stream(s);
}

static void let_go(struct bide__tls *s)
{
    bide__tls_lock(s);
    let_go_locked(s);
}

void bide__tls_abandon(struct bide__tls *s)
{
    s->below = NULL;
    let_go(s);
}

/* ---- the peer ---- */

/* Without the brackets of an address, and the dot at the end of a name. */
static char *copy_host(const char *host)
{
    size_t size = strlen(host);

    if (size > 1 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (size > 1 && host[size - 1] == '.') {
        size--;
    }
    char *copy = bide__alloc(size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, host, size);
    copy[size] = '\0';
    return copy;
}

/* Tells OpenSSL for whom the certificate must be, and the server whom we want. An address is no
 * name that a server may be asked for (RFC 6066). */
static bool set_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip(param, address, sizeof(struct in_addr)) == 1;
    if (inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip(param, address, sizeof(struct in6_addr)) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

static unsigned port_of(const bide_stream *below)
{
    bide_address address;
    return bide_tcp_peer_address(below, &address) < 0 ? 0 : bide_address_port(&address);
}

static int use_session(struct bide__tls *s)
{
    if (s->context->sessions_max == 0)
        return 0;
    s->port = port_of(s->below);
    SSL_SESSION *session = bide__tls_session_take(s->context, s->host, s->port);
    if (session == NULL)
        return 0;
    bool ok = SSL_set_session(s->ssl, session) == 1;
    SSL_SESSION_free(session);
    return ok ? 0 : -ENOMEM;
}

static int begin_client(struct bide__tls *s, const char *host, bide_tls_failure *failure)
{
    if (host == NULL && !s->context->verifies) {
        SSL_set_connect_state(s->ssl);
        return 0;
    }
    s->host = copy_host(host != NULL ? host : "");
    if (s->host == NULL)
        return bide__tls_fails(failure, -ENOMEM, NULL);
    /* ".example.org" would stand for all names below it. */
    if (s->host[0] == '\0' || s->host[0] == '.')
        return bide__tls_fails(failure, -EINVAL, "the name of the server is missing");
    if (!set_host(s->ssl, s->host) || use_session(s) < 0)
        return bide__tls_error(NULL, -EINVAL, failure);
    SSL_set_connect_state(s->ssl);
    return 0;
}

static int begin_ssl(struct bide__tls *s, const char *host, bide_tls_failure *failure)
{
    s->ssl = SSL_new(s->context->ssl);
    BIO *bio = s->ssl == NULL ? NULL : bide__tls_bio_new(s);

    if (bio == NULL)
        return bide__tls_error(NULL, -ENOMEM, failure);
    SSL_set_bio(s->ssl, bio, bio);
    if (SSL_set_app_data(s->ssl, s) != 1)
        return bide__tls_error(NULL, -ENOMEM, failure);
    if (!s->context->is_server)
        return begin_client(s, host, failure);
    SSL_set_accept_state(s->ssl);
    return 0;
}

/* ---- who may do what ---- */

int bide__tls_refusal(const bide_stream *below, const char *name)
{
    const struct bide__tls *upper;
    while ((upper = bide__tls_of(below)) != NULL)
        below = upper->below;
    const struct bide__fd *fd = bide__stream_registration(below);
    return fd != NULL ? bide__fd_refusal(fd, name) : 0;
}

int bide__tls_begin(struct bide__tls *s, enum bide__tls_call call)
{
    bool *is_busy = call == BIDE__TLS_READS ? &s->reading : &s->writing;
    const char *name = call == BIDE__TLS_READS ? "bide_stream_read" : "bide_stream_write";
    bide__tls_lock(s);
    int r = s->closed ? -EBADF : bide__tls_refusal(s->below, name);
    if (r == 0 && *is_busy)
        r = -EBUSY;
    if (r == 0) {
        *is_busy = true;
        s->holders++;
    }
    bide__tls_unlock(s);
    return r;
}

void bide__tls_end(struct bide__tls *s, enum bide__tls_call call)
{
    bide__tls_lock(s);
    if (call == BIDE__TLS_READS)
        s->reading = false;
    else
        s->writing = false;
    let_go_locked(s);
}

/* ---- receiving ---- */

int bide__tls_fill_begin(struct bide__tls *s, struct bide__tls_part *part)
{
    int r = 0;

    bide__tls_lock(s);
    if (s->closed)
        r = -EBADF;
    else if (s->in_begin < s->in_end)
        r = 2;
    else if (s->filling)
        r = 1;
    s->waits_for_fill |= r == 1;
    if (r == 0) {
        s->filling = true;
        if ((s->wanted > sizeof s->small || s->comes_more) && s->large == NULL)
            s->large = bide__alloc(BIDE__TLS_LARGE); /* else it takes more steps */
        part->below = s->below;
        part->data = s->large != NULL ? s->large : s->small;
        part->size = s->large != NULL ? BIDE__TLS_LARGE : sizeof s->small;
        part->is_guess = s->large != NULL && s->wanted <= sizeof s->small;
    }
    bide__tls_unlock(s);
    return r;
}

void bide__tls_fill_less(struct bide__tls *s, struct bide__tls_part *part)
{
    bide__tls_lock(s);
    bide__free(s->large, BIDE__TLS_LARGE);
    s->large = NULL;
    part->data = s->small;
    part->size = sizeof s->small;
    bide__tls_unlock(s);
}

int bide__tls_fill_came(struct bide__tls *s, ssize_t n)
{
    bide__tls_lock(s);
    s->comes_more = n == BIDE__TLS_LARGE;
    if (n > 0)
        s->in_end = (size_t)n;
    else if (n == 0 || s->deaf)
        s->cut = true;
    int r = s->closed ? -EBADF : n < 0 && !s->deaf ? bide__tls_note(s, (int)n, NULL) : 0;
    bide__tls_unlock(s);
    return r;
}

void bide__tls_fill_end(struct bide__tls *s)
{
    bide__tls_lock(s);
    bool waits = s->waits_for_fill;
    s->filling = s->waits_for_fill = false;
    if (s->in_end == 0) {
        bide__free(s->large, BIDE__TLS_LARGE);
        s->large = NULL;
    }
    bide__tls_unlock(s);
    if (waits)
        bide_notify_one(&s->filled);
}

/* ---- sending ---- */

bool bide__tls_has_unsent(struct bide__tls *s)
{
    bide__tls_lock(s);
    bool has = s->first != NULL;
    bide__tls_unlock(s);
    return has;
}

bool bide__tls_must_send(struct bide__tls *s)
{
    bide__tls_lock(s);
    bool must = s->first != NULL && !s->sending && s->unsent == 0;
    bide__tls_unlock(s);
    return must;
}

bool bide__tls_is_full(struct bide__tls *s)
{
    bide__tls_lock(s);
    bool is_full = s->out_size > BIDE__TLS_WRITE && s->unsent == 0;
    bide__tls_unlock(s);
    return is_full;
}

int bide__tls_unsent(struct bide__tls *s)
{
    bide__tls_lock(s);
    int r = s->unsent;
    bide__tls_unlock(s);
    return r;
}

bide_stream *bide__tls_below(struct bide__tls *s)
{
    bide__tls_lock(s);
    bide_stream *below = s->closed ? NULL : s->below;
    bide__tls_unlock(s);
    return below;
}

/* Under the mutex. */
static void first_part(const struct bide__tls *s, struct bide__tls_part *part)
{
    part->below = s->below;
    part->data = s->first->data + s->first->begin;
    part->size = s->first->end - s->first->begin;
}

int bide__tls_send_begin(struct bide__tls *s, struct bide__tls_part *part)
{
    int r = 0;

    bide__tls_lock(s);
    if (s->closed)
        r = -EBADF;
    else if (s->unsent != 0)
        r = s->unsent;
    else if (s->sending)
        r = 1;
    else if (s->first == NULL)
        r = 2;
    s->waits_for_send |= r == 1;
    if (r == 0) {
        s->sending = true;
        first_part(s, part);
    }
    bide__tls_unlock(s);
    return r;
}

/* Under the mutex. */
static int count_sent(struct bide__tls *s, ssize_t n)
{
    if (n > 0)
        bide__tls_out_sent(s, (size_t)n);
    if (s->closed)
        return -EBADF;
    if (n < 0)
        s->unsent = bide__tls_note(s, (int)n, NULL);
    return n < 0 ? (int)n : 0;
}

int bide__tls_send_came(struct bide__tls *s, ssize_t n)
{
    bide__tls_lock(s);
    int r = count_sent(s, n);
    bide__tls_unlock(s);
    return r;
}

void bide__tls_send_end(struct bide__tls *s)
{
    bide__tls_lock(s);
    bool waits = s->waits_for_send;
    s->sending = s->waits_for_send = false;
    bide__tls_unlock(s);
    if (waits)
        bide_notify_one(&s->sent);
}

void bide__tls_send_now(struct bide__tls *s)
{
    struct bide__tls_part part;

    bide__tls_lock(s);
    if (s->sending || s->first == NULL || s->unsent != 0) {
        bide__tls_unlock(s);
        return;
    }
    s->sending = true;
    for (bool more = true; more && s->first != NULL;) {
        first_part(s, &part);
        bide__tls_unlock(s);
        ssize_t n = bide__stream_try_write(part.below, part.data, part.size);
        bide__tls_lock(s);
        more = n == (ssize_t)part.size;
        if (n != -EAGAIN)
            (void)count_sent(s, n);
    }
    bide__tls_unlock(s);
    bide__tls_send_end(s);
}

/* ---- operations that do not wait ---- */

static struct bide__tls *of(const bide_stream *stream)
{
    return (struct bide__tls *)(uintptr_t)stream;
}

static int tls_shutdown(bide_stream *stream)
{
    int r = bide__tls_say_end(of(stream));
    return r == -EAGAIN ? 0 : r;
}

static int tls_shutdown_read(bide_stream *stream)
{
    struct bide__tls *s = of(stream);

    bide__tls_lock(s);
    s->deaf = true;
    bide__tls_unlock(s);
    int r = bide_stream_shutdown_read(s->below);
    if (r < 0 && r != -ENOTCONN) {
        bide__tls_lock(s);
        s->deaf = false;
        bide__tls_unlock(s);
        return r;
    }
    return 0;
}

static int tls_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

/* Ends what calls wait for. Those that wait for another call get on when that one has ended. */
static void disturb(struct bide__tls *s)
{
    if (s->ends_by_shutdown) {
        (void)bide_stream_shutdown_read(s->below);
        (void)bide_stream_shutdown(s->below);
    } else {
        bide_notify_one(&s->gone[0]);
        bide_notify_one(&s->gone[1]);
    }
}

/* A TLS stream below cannot say that it has room, since it keeps what has none. But it is closed
 * next, and then sends what it can. */
static void pass_end_down(struct bide__tls *s)
{
    struct bide__tls *below = bide__tls_of(s->below);
    struct bide__tls_part part;

    if (below == NULL || bide__tls_has_unsent(below))
        return;
    bide__tls_lock(s);
    bool has = s->first != NULL && !s->sending && s->unsent == 0;
    if (has)
        first_part(s, &part);
    s->sending |= has;
    bide__tls_unlock(s);
    if (!has)
        return;
    (void)bide__tls_send_came(s, bide__tls_put(below, part.data, part.size));
    bide__tls_send_end(s);
}

static void tls_close(bide_stream *stream)
{
    struct bide__tls *s = of(stream);

    bide__tls_lock(s);
    bool whole = s->first == NULL && !s->writing;
    bide__tls_unlock(s);
    if (whole) {
        (void)bide__tls_say_end(s);
        pass_end_down(s);
    }
    bide__tls_lock(s);
    s->closed = true;
    bool others = s->holders > 1;
    bide__tls_unlock(s);
    if (others)
        disturb(s);
    let_go(s);
}

static void tls_hold(bide_stream *stream)
{
    struct bide__tls *s = of(stream);
    bide__tls_lock(s);
    s->holders++;
    s->held++;
    bide__tls_unlock(s);
}

static void tls_let_go(bide_stream *stream)
{
    struct bide__tls *s = of(stream);
    bide__tls_lock(s);
    s->held--;
    let_go_locked(s);
}

static const struct bide__stream_ops tls_ops = {
    .read = &bide__desc_bide__tls_read,
    .write = &bide__desc_bide__tls_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__any_writev,
    .shutdown = tls_shutdown,
    .shutdown_read = tls_shutdown_read,
    .close = tls_close,
    .hold = tls_hold,
    .let_go = tls_let_go,
    .fd = tls_fd,
};

struct bide__tls *bide__tls_of(const bide_stream *stream)
{
    return stream != NULL && stream->ops == &tls_ops ? of(stream) : NULL;
}

int bide__tls_new(bide_tls_context *context, bide_stream *below, const char *host,
                  bide_tls_failure *failure, struct bide__tls **stream)
{
    struct bide__tls *s = bide__alloc(sizeof *s);

    ERR_clear_error();
    if (s == NULL)
        return bide__tls_fails(failure, -ENOMEM, NULL);
    memset(s, 0, offsetof(struct bide__tls, small));
    s->base.ops = &tls_ops;
    s->holders = 1;
    s->below = below;
    s->ends_by_shutdown = bide__stream_shutdown_ends(below);
    s->context = bide_tls_context_clone(context);
    pthread_mutex_init(&s->mutex, NULL);
    int r = begin_ssl(s, host, failure);
    if (r < 0) {
        bide__tls_abandon(s);
        return r;
    }
    ERR_clear_error();
    *stream = s;
    return 0;
}
