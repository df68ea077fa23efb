/*
 * bide/tls.h: TLS over any stream, on OpenSSL 3. Link with -lbide-tls.
 *
 * A context holds what many connections have in common: certificates, whom to trust, protocols. A
 * connection is made of a stream that exists already, and is a bide_stream (bide/io.h) again: it is
 * read, written, split and closed like any other.
 *
 *     bide_stream *tls = NULL;
 *     bide_tls_failure why = {0};
 *     bide_tls_stream_options options = {.host = "example.org", .failure = &why};
 *     int rc = await bide_tls_connect_with(context, stream, &options, &tls);
 *     if (rc < 0)
 *         printf("no connection: %s\n", why.text);
 *
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446) without renegotiation, compression and early data. Clients
 * check the server's certificate unless they are told not to.
 *
 * Threads: a context may be used by any thread, also by several at once. A stream follows the rules
 * of the stream below it. Computing, some microseconds for each 16 KiB, and for a handshake up to
 * some milliseconds, is done on the thread of the call; docs/tls.md tells how much.
 *
 * Each call leaves the thread's error queue of OpenSSL empty, also when it fails or was cancelled;
 * what was in it before is dropped.
 */
#ifndef BIDE_TLS_H
#define BIDE_TLS_H

#include <bide/io.h>
#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct ssl_st;     /* SSL of OpenSSL */
struct ssl_ctx_st; /* SSL_CTX */

typedef struct bide_tls_context bide_tls_context;

/* ---- why something failed ---- */

/* Filled in by a call that fails; a call that succeeds leaves it as it is. */
typedef struct bide_tls_failure {
    int error;             /* what the call returned */
    int certificate_error; /* what is wrong with the peer's certificate, as one of OpenSSL's
                              X509_V_ERR_ numbers; 0: it was not that */
    char text[200];        /* for people; never empty */
} bide_tls_failure;

/* ---- contexts ---- */

typedef enum bide_tls_version {
    BIDE_TLS_ANY = 0, /* the default: at least 1.2, at most what OpenSSL has */
    BIDE_TLS_1_2 = 2,
    BIDE_TLS_1_3 = 3,
} bide_tls_version;

/* Whether the other side has to have a certificate that holds. */
typedef enum bide_tls_verify {
    BIDE_TLS_VERIFY_DEFAULT, /* a client: REQUIRE; a server: NONE, it asks for no certificate */
    BIDE_TLS_VERIFY_NONE,    /* a client is then open to everybody on the way */
    BIDE_TLS_VERIFY_ASK,     /* a server: a client may have none, but not a bad one */
    BIDE_TLS_VERIFY_REQUIRE,
} bide_tls_verify;

/*
 * A certificate with its key, in PEM. Each of the two is in a file, or in a string. The certificate
 * comes first, and then those that lead from it to the root, which itself may be left out. NULL for
 * the key: it is in the same file or string.
 */
typedef struct bide_tls_identity {
    const char *host; /* a server: for clients that ask for this name; "*.example.org" is for all
                         names with one more label. NULL: for all others */
    const char *certificate_file, *key_file;
    const char *certificate, *key;
} bide_tls_identity;

/* What all connections of a context have in common. Zero in a member means the default. */
typedef struct bide_tls_options {
    /* Who we are. A server has at least one, a client has at most one. Clients that name no host,
     * or one that is not here, get the first one without a host, or else the first. */
    const bide_tls_identity *identities;
    size_t identity_count;
    /* Stores the password of an encrypted key in `buffer`, without a zero byte, and returns its
     * length, or a negative errno, with which the context is not made then. Called while it is
     * made. NULL: keys are plain; one that has a password is -EINVAL. */
    int (*password)(char *buffer, size_t size, void *argument);
    void *password_argument;
    /* Whom we trust: certificates of authorities in PEM. Without either, those of the system
     * (OpenSSL's default places; SSL_CERT_FILE and SSL_CERT_DIR change them). */
    const char *ca_file, *ca;
    bide_tls_verify verify;
    /* Application protocols, the best one first, such as "h2" and "http/1.1" (RFC 7301). A server
     * takes the first of its own that the client offers, and refuses one that offers none of
     * them. */
    const char *const *alpn;
    size_t alpn_count;
    bide_tls_version version_min, version_max;
    const char *ciphers;       /* of TLS 1.2, in OpenSSL's words; NULL: ECDHE with AES-GCM or
                                  ChaCha20 */
    bool no_resumption;        /* each handshake is a full one */
    size_t sessions_max;       /* that a client keeps, over all servers; 0: 256. When
                                  there are more, a server that has the most loses one */
    bide_tls_failure *failure; /* why the context could not be made; may be NULL */
} bide_tls_options;

/*
 * Make the context of clients, or of servers. `options` may be NULL for a client. Everything is
 * copied. Files are read now, on this thread. A context never changes: for a new certificate make a
 * new context; the connections of the old one keep that.
 * Errors: -ENOENT, -EACCES and others of open(2) for a file; -EINVAL (no certificate in the file or
 * string, a key that does not belong to it or cannot be read, a protocol that is empty or longer
 * than 255 bytes, a server without an identity); -ENOMEM. Then *context is NULL. Any thread.
 */
bide_must_use int bide_tls_client_new(const bide_tls_options *options,
                                      bide_tls_context **context bide_gives(bide_tls_context_drop));
bide_must_use int bide_tls_server_new(const bide_tls_options *options,
                                      bide_tls_context **context bide_gives(bide_tls_context_drop));

/* Another handle of the context, for another owner. Returns `context`. Any thread. */
bide_tls_context *bide_tls_context_clone(bide_tls_context *context);

/* Ends one handle. The last one frees the context as soon as its connections are closed. NULL is
 * ignored. Any thread. */
void bide_tls_context_drop(bide_tls_context *context);

/* OpenSSL's object, that of the identity for other hosts, for settings that are not here. Change
 * them before the first connection. It stays the context's. */
struct ssl_ctx_st *bide_tls_context_ssl(const bide_tls_context *context);

/* ---- connections ---- */

/* Zero in a member means the default. */
typedef struct bide_tls_stream_options {
    const char *host;          /* a client: the name, or the address, of the server */
    bide_tls_failure *failure; /* filled in if the call fails; may be NULL */
} bide_tls_stream_options;

/*
 * Makes a TLS connection over `stream`, as the client: the handshake is done when this returns 0.
 * From then on `stream` belongs to *tls, which closes it. `host` is what the certificate is checked
 * for: a name (RFC 6125; wildcards stand for one whole label), which the server is also told
 * (SNI), or an IP address, also in brackets. It may be NULL only for a context that does not
 * verify.
 *
 * A session that this context has had with the same host and port (of a TCP connection) is taken
 * up again; that saves the server's certificate and its check. A ticket of TLS 1.3 is used once.
 *
 * Errors; then `stream` stays the caller's, who can only close it, and *tls is NULL:
 *   -EKEYREJECTED   the certificate of the peer does not hold: see bide_tls_failure
 *   -EACCES         the peer does not accept ours, or wants one
 *   -EPROTO         the peer does not speak TLS, or there is no version, cipher or protocol in
 *                   common
 *   -EBADMSG        what came was changed on its way
 *   -ECONNABORTED   the peer ended the connection in the handshake
 *   -EINVAL         no host, or an empty one; the context is a server's
 *   -ENOMEM, and those of bide_stream_read and bide_stream_write
 * A bide_timeout round it limits its time.
 * Cancelled: as after an error.
 */
bide_must_use bide_async int bide_tls_connect(bide_tls_context *context, bide_stream *stream,
                                              const char *host,
                                              bide_stream **tls bide_gives(bide_stream_close));

/* The same with options, which must stay until it returns. NULL: no host. */
bide_must_use bide_async int bide_tls_connect_with(bide_tls_context *context, bide_stream *stream,
                                                   const bide_tls_stream_options *options,
                                                   bide_stream **tls bide_gives(bide_stream_close));

/* The server's side of bide_tls_connect. */
bide_must_use bide_async int bide_tls_accept(bide_tls_context *context, bide_stream *stream,
                                             bide_stream **tls bide_gives(bide_stream_close));

/* The same with options, which must stay until it returns. NULL: none. */
bide_must_use bide_async int bide_tls_accept_with(bide_tls_context *context, bide_stream *stream,
                                                  const bide_tls_stream_options *options,
                                                  bide_stream **tls bide_gives(bide_stream_close));

/*
 * What the functions of bide/io.h do with a TLS stream:
 *
 * bide_stream_read returns 0 if the peer has said that this is the end (close_notify), and
 * -ECONNABORTED if the stream below has just ended: then somebody may have cut off the rest. Other
 * errors: -EPROTO, -EBADMSG, -EACCES (the peer sent such an alert), -ENOMEM, and those of the
 * stream below. After one of the first four the connection is broken, and all calls return that.
 * Cancelled: nothing was read.
 *
 * bide_stream_write encrypts up to 64 KiB, sends them, and returns how many it took. Errors: -EPIPE
 * after a shutdown, and as above.
 * Cancelled: nothing was written; or, once the bytes are encrypted, it returns how many, and what
 * is not sent yet is kept and sent by the next call on the stream, a read too.
 *
 * bide_stream_shutdown says that this is the end; reading goes on. If the stream below has no room
 * at once, or a session has come in part, the next call on the stream sends it; bide_tls_shutdown
 * waits for that.
 *
 * bide_stream_close says so too, if there is room at once, unless a write was cut off: then the
 * peer sees a connection that was cut off. It closes the stream below. If a call waits on the
 * stream, that call closes the stream below when it has ended, which is at once.
 *
 * bide_stream_fd returns -EBADF, so that nobody sends plain text: see bide_tls_transport.
 */

/* Waits until everything that was written, and whatever TLS itself has to send, has gone to the
 * stream below; if that is a TLS stream too, on to the one below it. Returns 0, -EINVAL (no TLS
 * stream), -EBUSY (another task writes), or an error of bide_stream_write. Cancelled: the rest is
 * kept. */
bide_must_use bide_async int bide_tls_flush(bide_stream *tls);

/* As bide_stream_shutdown, and then as bide_tls_flush. Cancelled: the end is said, but may not be
 * sent. */
bide_must_use bide_async int bide_tls_shutdown(bide_stream *tls);

/* ---- questions about a connection ---- */

/* All take the stream of bide_tls_connect or bide_tls_accept, not a half of it. What they return
 * belongs to the stream. For another stream they return NULL, false or -EINVAL. */

/* Why the last call that failed on the stream did so, for people; "" if none did. */
const char *bide_tls_error(const bide_stream *tls);

/* The application protocol; "" if there was none to choose. */
const char *bide_tls_alpn(const bide_stream *tls);

/* "TLSv1.2" or "TLSv1.3". */
const char *bide_tls_version_name(const bide_stream *tls);

/* The name of the cipher, in OpenSSL's words. */
const char *bide_tls_cipher(const bide_stream *tls);

/* The host that the client has asked for; "" if it has named none. */
const char *bide_tls_server_name(const bide_stream *tls);

/* True if an earlier session was taken up again. */
bool bide_tls_is_resumed(const bide_stream *tls);

/*
 * Stores the peer's certificate in DER, if `size` is large enough, and returns its size; 0 if it
 * has none. With BIDE_TLS_VERIFY_NONE it was not checked. Other errors: -ENOBUFS (it is larger),
 * -ENOMEM.
 */
bide_must_use ssize_t bide_tls_peer_certificate(const bide_stream *tls, void *buffer, size_t size);

/* Stores who the peer is according to its certificate, as text such as "CN=ada,O=Example" (RFC
 * 2253), with a zero byte, cut to `size`. Returns 0, -ENODATA if it has none, or -ENOMEM. */
bide_must_use int bide_tls_peer_name(const bide_stream *tls, char *text, size_t size);

/* The stream below. It stays the TLS stream's; do not read or write it. */
bide_stream *bide_tls_transport(const bide_stream *tls);

/* OpenSSL's object, for what is missing here, while no call on the stream is under way. */
struct ssl_st *bide_tls_ssl(const bide_stream *tls);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
