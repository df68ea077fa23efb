/*
 * context.c: contexts. One has an SSL_CTX for each identity, all set up alike: OpenSSL takes
 * another SSL_CTX for a connection when it knows the name that a client asks for.
 *
 * A context does not change once it is made, but for its count and the sessions.
 */
#include "extra/tls/internal.h"

#include <string.h>

enum { SESSIONS = 256, PROTOCOL_MAX = 255 };

/* Forward secrecy and authenticated encryption only; every client of TLS 1.2 that is not older than
 * 2013 has one of these. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* ---- memory ---- */

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = bide__alloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static void free_text(char *text)
{
    if (text != NULL)
        bide__free(text, strlen(text) + 1);
}

static void free_context(bide_tls_context *c)
{
    bide__tls_sessions_free(c);
    for (size_t i = 0; i < c->name_count; i++) {
        free_text(c->names[i].host);
        SSL_CTX_free(c->names[i].ssl);
    }
    for (size_t i = 0; i < c->alpn_count; i++)
        free_text(c->alpn[i]);
    bide__free(c->names, c->name_count * sizeof *c->names);
    bide__free(c->alpn, c->alpn_count * sizeof *c->alpn);
    pthread_mutex_destroy(&c->mutex);
    bide__free(c, sizeof *c);
}

bide_tls_context *bide_tls_context_clone(bide_tls_context *context)
{
    atomic_fetch_add_explicit(&context->handles, 1, memory_order_relaxed);
    return context;
}

void bide_tls_context_drop(bide_tls_context *context)
{
    if (context != NULL &&
        atomic_fetch_sub_explicit(&context->handles, 1, memory_order_acq_rel) == 1) {
        free_context(context);
        ERR_clear_error();
    }
}

struct ssl_ctx_st *bide_tls_context_ssl(const bide_tls_context *context)
{
    return context->ssl;
}

/* ---- settings ---- */

static int number_of(bide_tls_version version)
{
    return version == BIDE_TLS_1_2 ? TLS1_2_VERSION : version == BIDE_TLS_1_3 ? TLS1_3_VERSION : 0;
}

static int set_versions(SSL_CTX *ssl, const bide_tls_options *o)
{
    int least = o->version_min == BIDE_TLS_ANY ? TLS1_2_VERSION : number_of(o->version_min);
    int most = number_of(o->version_max);

    if (least == 0 || (o->version_max != BIDE_TLS_ANY && most == 0) || (most != 0 && most < least))
        return bide__tls_fails(o->failure, -EINVAL, "no such versions of TLS");
    if (!SSL_CTX_set_min_proto_version(ssl, least) || !SSL_CTX_set_max_proto_version(ssl, most) ||
        !SSL_CTX_set_cipher_list(ssl, o->ciphers != NULL ? o->ciphers : CIPHERS))
        return bide__tls_error(NULL, -EINVAL, o->failure);
    return 0;
}

static int mode_of(const bide_tls_context *c, bide_tls_verify verify)
{
    switch (verify) {
    case BIDE_TLS_VERIFY_DEFAULT: return c->is_server ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    case BIDE_TLS_VERIFY_ASK: return SSL_VERIFY_PEER;
    case BIDE_TLS_VERIFY_REQUIRE: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    default: return SSL_VERIFY_NONE;
    }
}

/* Those whom all connections trust. A server also tells its clients the names of its own list. */
static int set_trust(SSL_CTX *ssl, const bide_tls_context *c, const bide_tls_options *o)
{
    int mode = mode_of(c, o->verify), r = 0;

    SSL_CTX_set_verify(ssl, mode, NULL);
    if (mode == SSL_VERIFY_NONE)
        return 0;
    if (o->ca_file == NULL && o->ca == NULL) {
        if (!SSL_CTX_set_default_verify_paths(ssl))
            return bide__tls_error(NULL, -ENOMEM, o->failure);
        return 0;
    }
    STACK_OF(X509_NAME) *names = c->is_server ? sk_X509_NAME_new_null() : NULL;
    if (c->is_server && names == NULL)
        return bide__tls_error(NULL, -ENOMEM, o->failure);
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    if (o->ca_file != NULL)
        r = bide__tls_trust(store, names, o->ca_file, NULL, o->failure);
    if (r == 0 && o->ca != NULL)
        r = bide__tls_trust(store, names, NULL, o->ca, o->failure);
    if (names != NULL)
        SSL_CTX_set_client_CA_list(ssl, names); /* which owns it */
    return r;
}

static int copy_protocols(bide_tls_context *c, const bide_tls_options *o)
{
    if (o->alpn_count == 0)
        return 0;
    c->alpn = bide__alloc(o->alpn_count * sizeof *c->alpn);
    if (c->alpn == NULL)
        return bide__tls_fails(o->failure, -ENOMEM, NULL);
    c->alpn_count = o->alpn_count;
    memset(c->alpn, 0, c->alpn_count * sizeof *c->alpn);
    for (size_t i = 0; i < c->alpn_count; i++) {
        size_t size = o->alpn[i] == NULL ? 0 : strlen(o->alpn[i]);
        if (size == 0 || size > PROTOCOL_MAX)
            return bide__tls_fails(o->failure, -EINVAL, "a protocol of 1 to 255 bytes is wanted");
        if ((c->alpn[i] = copy_text(o->alpn[i])) == NULL)
            return bide__tls_fails(o->failure, -ENOMEM, NULL);
    }
    return 0;
}

/* A client offers its protocols: each with its length before it. */
static int offer_protocols(SSL_CTX *ssl, const bide_tls_context *c, bide_tls_failure *failure)
{
    size_t size = 0, at = 0;

    for (size_t i = 0; i < c->alpn_count; i++)
        size += 1 + strlen(c->alpn[i]);
    if (size == 0)
        return 0;
    unsigned char *wire = size > UINT16_MAX ? NULL : bide__alloc(size);
    if (wire == NULL)
        return bide__tls_fails(failure, size > UINT16_MAX ? -EINVAL : -ENOMEM, NULL);
    for (size_t i = 0; i < c->alpn_count; i++) {
        size_t length = strlen(c->alpn[i]);
        wire[at] = (unsigned char)length;
        memcpy(wire + at + 1, c->alpn[i], length);
        at += 1 + length;
    }
    bool fails = SSL_CTX_set_alpn_protos(ssl, wire, (unsigned)size) != 0; /* 0: it has worked */
    bide__free(wire, size);
    return fails ? bide__tls_error(NULL, -ENOMEM, failure) : 0;
}

static int set_password(char *buffer, int size, int writes, void *password)
{
    struct bide__tls_password *p = password;
    const bide_tls_options *o = p->options;

    (void)writes;
    p->is_asked = true;
    if (o->password == NULL || size < 0)
        return -1;
    int n = o->password(buffer, (size_t)size, o->password_argument);
    p->error = n < 0 ? n : n > size ? -EINVAL : 0;
    return p->error == 0 ? n : -1;
}

static void set_ways(SSL_CTX *ssl, const bide_tls_context *c, const bide_tls_options *o)
{
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (c->is_server || c->sessions_max == 0)
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    else
        bide__tls_sessions_keep(ssl);
    if (o->no_resumption) {
        SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ssl, 0);
    }
}

/* What every SSL_CTX of the context has, and its identity, which may be NULL. */
static int set_up(SSL_CTX *ssl, bide_tls_context *c, const bide_tls_options *o,
                  const bide_tls_identity *identity)
{
    static const unsigned char name[] = "bide"; /* of sessions; clients with certificates need it */
    struct bide__tls_password password = {.options = o};
    int r = set_versions(ssl, o);

    if (r < 0)
        return r;
    set_ways(ssl, c, o);
    SSL_CTX_set_default_passwd_cb(ssl, set_password);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, &password);
    r = identity == NULL ? 0 : bide__tls_identity_use(ssl, identity, o->failure);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    SSL_CTX_set_default_passwd_cb(ssl, NULL);
    if (r == 0)
        r = set_trust(ssl, c, o);
    if (r < 0)
        return r;
    if (!c->is_server)
        return offer_protocols(ssl, c, o->failure);
    bide__tls_choose_by_name(ssl, c);
    bide__tls_choose_protocol(ssl, c);
    if (!SSL_CTX_set_session_id_context(ssl, name, sizeof name - 1))
        return bide__tls_error(NULL, -ENOMEM, o->failure);
    return 0;
}

/* ---- the whole ---- */

static int add(bide_tls_context *c, const bide_tls_options *o, const bide_tls_identity *identity)
{
    struct bide__tls_name *name = &c->names[c->name_count];

    *name = (struct bide__tls_name){NULL, NULL};
    c->name_count++;
    if (identity != NULL && identity->host != NULL && c->is_server &&
        (name->host = copy_text(identity->host)) == NULL)
        return bide__tls_fails(o->failure, -ENOMEM, NULL);
    name->ssl = SSL_CTX_new(c->is_server ? TLS_server_method() : TLS_client_method());
    if (name->ssl == NULL)
        return bide__tls_error(NULL, -ENOMEM, o->failure);
    return set_up(name->ssl, c, o, identity);
}

/* All its identities, of which one is for clients that ask for another name, or for none. */
static int fill_in(bide_tls_context *c, const bide_tls_options *o)
{
    size_t count = o->identity_count;
    int r = copy_protocols(c, o);

    if (r < 0)
        return r;
    if (c->is_server ? count == 0 : count > 1)
        return bide__tls_fails(o->failure, -EINVAL,
                               c->is_server ? "a server needs an identity"
                                            : "a client has at most one identity");
    struct bide__tls_name *names = bide__alloc((count + (count == 0)) * sizeof *names);
    if (names == NULL)
        return bide__tls_fails(o->failure, -ENOMEM, NULL);
    c->names = names;
    if (count == 0)
        r = add(c, o, NULL);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = add(c, o, &o->identities[i]);
    if (r < 0) { /* the memory is freed with its size */
        for (; c->name_count < count; c->name_count++)
            names[c->name_count] = (struct bide__tls_name){NULL, NULL};
        return r;
    }
    c->ssl = names[0].ssl;
    for (size_t i = count; i-- > 0;)
        if (names[i].host == NULL)
            c->ssl = names[i].ssl;
    return 0;
}

static int new_context(const bide_tls_options *options, bool is_server, bide_tls_context **context)
{
    static const bide_tls_options none;
    const bide_tls_options *o = options != NULL ? options : &none;

    *context = NULL;
    ERR_clear_error();
    bide_tls_context *c = bide__alloc(sizeof *c);
    if (c == NULL)
        return bide__tls_fails(o->failure, -ENOMEM, NULL);
    *c = (bide_tls_context){.handles = 1, .is_server = is_server};
    pthread_mutex_init(&c->mutex, NULL);
    c->verifies = mode_of(c, o->verify) != SSL_VERIFY_NONE;
    if (!o->no_resumption)
        c->sessions_max = o->sessions_max != 0 ? o->sessions_max : SESSIONS;
    int r = fill_in(c, o);
    if (r < 0) {
        free_context(c);
        ERR_clear_error();
        return r;
    }
    *context = c;
    return 0;
}

int bide_tls_client_new(const bide_tls_options *options, bide_tls_context **context)
{
    return new_context(options, false, context);
}

int bide_tls_server_new(const bide_tls_options *options, bide_tls_context **context)
{
    return new_context(options, true, context);
}
