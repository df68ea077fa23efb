/*
 * internal.h: how the parts of libbide-tls fit together.
 *
 *   context.c    contexts: made of options, counted
 *   identity.c   certificates, keys and authorities, read from files and strings
 *   choose.c     what a server chooses: the identity by name, the application protocol
 *   session.c    the sessions that a client keeps
 *   errors.c     what OpenSSL's errors mean
 *   bio.c        the encrypted bytes: buffers, and the BIO that OpenSSL reads and writes
 *   stream.c     the life of a stream, who may do what, and its operations that do not wait
 *   engine.c     the calls of OpenSSL that do the work
 *   transfer.c   waiting, in async C: receive, send, read, the handshake, flush
 *   write.c      the leaf that writes
 *   info.c       questions about a connection
 *
 * Invariants
 *  - OpenSSL never waits and makes no system call: its BIO takes what has been received, and keeps
 *    what is to be sent. So no call of OpenSSL ends in the middle of a record.
 *  - Everything of a stream is under its mutex, also while OpenSSL is called. The mutex is never
 *    held over an await, or while the stream below is called.
 *  - One call at a time reads the stream below (`filling`), and one writes it (`sending`), whatever
 *    it was begun for. Who sends, sends all there is, also what others leave meanwhile.
 *  - What is being sent stays where it is, so it is a list of blocks, which never move.
 *  - A buffer for received bytes is filled only when it is empty.
 *  - Before and after each call of OpenSSL the error queue of the thread is empty.
 *  - A close ends what calls wait for by shutting the stream below down, or, if that would not do
 *    (a pipe, another TLS stream), by `gone`, for which they wait as well. The stream below is
 *    closed when there is no call any more: so none ever begins on one that is gone.
 *  - A stream and each call on it hold it (`holders`); the last one frees it and closes the stream
 *    below. So a call may go on after the stream was closed, and then returns -EBADF.
 */
#ifndef BIDE_EXTRA_TLS_INTERNAL_H
#define BIDE_EXTRA_TLS_INTERNAL_H

#include "lib/runtime.h"

#include "lib/io/stream.h"

#include <bide/lock.h>
#include <bide/tls.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
    BIDE__TLS_RECORD = 16384,               /* the most plain bytes in a record */
    BIDE__TLS_OVERHEAD = 64,                /* the most that a record is longer, of our ciphers */
    BIDE__TLS_SMALL = 512,                  /* of the buffer in which a stream waits */
    BIDE__TLS_LARGE = 32 * 1024,            /* of the one for the rest of a record, and more */
    BIDE__TLS_WRITE = 4 * BIDE__TLS_RECORD, /* the most that one write takes */
};

/* ---- context.c ---- */

struct bide__tls_host;

/* A name of the server and what it shows then. */
struct bide__tls_name {
    char *host; /* NULL: for all others */
    SSL_CTX *ssl;
};

struct bide_tls_context {
    _Atomic unsigned handles; /* of the user, and of streams */
    bool is_server;
    bool verifies; /* a client that does needs to know the host */
    SSL_CTX *ssl;  /* one of those below; of a client, its own */
    struct bide__tls_name *names;
    size_t name_count;
    char **alpn; /* names, each with a zero byte */
    size_t alpn_count;
    pthread_mutex_t mutex; /* of the rest, session.c */
    struct bide__tls_host *hosts;
    size_t sessions, sessions_max; /* 0: none are kept */
};

/* ---- identity.c ---- */

/* What the callback for passwords works with, and what has become of it. */
struct bide__tls_password {
    const bide_tls_options *options;
    bool is_asked; /* there is a password */
    int error;     /* of the callback of the options; 0: it has given one */
};

/* Give ssl the certificate and the key. 0, or an error with its text in *failure. */
int bide__tls_identity_use(SSL_CTX *ssl, const bide_tls_identity *identity,
                           bide_tls_failure *failure);

/* Adds the authorities of a file or string to the store; `names`, unless NULL, gets theirs. */
int bide__tls_trust(X509_STORE *store, STACK_OF(X509_NAME) * names, const char *file,
                    const char *text, bide_tls_failure *failure);

/* ---- choose.c ---- */

/* For each SSL_CTX of a server. */
void bide__tls_choose_by_name(SSL_CTX *ssl, bide_tls_context *context);
void bide__tls_choose_protocol(SSL_CTX *ssl, bide_tls_context *context);

/* The name in the context's list that is these bytes; NULL: none is. */
const char *bide__tls_protocol(const bide_tls_context *context, const unsigned char *name,
                               size_t size);

/* ---- session.c ---- */

/* Has ssl, of a client, give its sessions to the context. */
void bide__tls_sessions_keep(SSL_CTX *ssl);

/* A session with this server, which is the caller's; NULL: there is none. */
SSL_SESSION *bide__tls_session_take(bide_tls_context *context, const char *host, unsigned port);

void bide__tls_sessions_free(bide_tls_context *context);

/* ---- errors.c ---- */

/*
 * Takes the errors of the thread's queue, which is empty then. Returns what they mean, or
 * `otherwise` if they do not tell; the text is in *failure, if that is not NULL. ssl, unless NULL,
 * tells what is wrong with the certificate of its peer.
 */
int bide__tls_error(const SSL *ssl, int otherwise, bide_tls_failure *failure);

/* Fills in *failure, unless it is NULL. Returns `error`. */
int bide__tls_fails(bide_tls_failure *failure, int error, const char *text);

/* The text for an error that the stream below has returned, or that is ours. */
const char *bide__tls_text(int error);

/* ---- a stream ---- */

/* Encrypted bytes that are to be sent. */
struct bide__tls_block {
    struct bide__tls_block *next;
    size_t begin, end, room; /* those from begin to end are there */
    unsigned char data[];
};

struct bide__tls {
    bide_stream base;
    pthread_mutex_t mutex;
    unsigned holders;
    unsigned held; /* those of them that hold its memory only */
    bide_stream *below;
    bide_tls_context *context;
    SSL *ssl;
    char *host;                /* of a client that may keep sessions */
    unsigned port;             /* 0: unknown */
    int failed;                /* why nothing works any more; 0: it does */
    int unsent;                /* why nothing can be sent any more; 0: it can */
    bide_tls_failure *failure; /* of the last call that failed; NULL: none did */

    /* Received and not decrypted, in `small`, or in `large` while that exists. */
    unsigned char *large;
    size_t in_begin, in_end;
    size_t wanted;   /* how many more bytes OpenSSL wants, at least */
    bool comes_more; /* the last receive has filled the large buffer */

    /* To be sent. */
    struct bide__tls_block *first, *last;
    struct bide__tls_block *spare; /* reserved, and not in the list yet */
    size_t out_size;

    bool is_open;                        /* the handshake is done */
    bool closed;                         /* by its owner */
    bool ended;                          /* we say that this is the end */
    bool owes_end;                       /* and have not been able to say it yet */
    bool deaf;                           /* the reading half was ended by its owner */
    bool cut;                            /* the stream below is at its end */
    bool reading, writing;               /* calls */
    bool filling, sending;               /* of the stream below */
    bool waits_for_fill, waits_for_send; /* a call waits for the end of one */
    bool lacks_memory;                   /* the BIO found none */
    bool ends_by_shutdown;               /* of the stream below: the calls on it */
    bide_notify filled, sent;
    bide_notify gone[2]; /* closed: for the call that receives, and the one that sends */
    unsigned char small[BIDE__TLS_SMALL];
};

/* ---- bio.c ---- */

/* A BIO of the stream; NULL: no memory. */
BIO *bide__tls_bio_new(struct bide__tls *s);

/* Under the mutex: reserves a block for so many bytes. 0 or -ENOMEM. Lets go of what was not
 * needed. */
int bide__tls_out_reserve(struct bide__tls *s, size_t size);
void bide__tls_out_unreserve(struct bide__tls *s);

/* Under the mutex: so many bytes of the first block were sent. */
void bide__tls_out_sent(struct bide__tls *s, size_t size);

/* Frees the buffers. */
void bide__tls_buffers_free(struct bide__tls *s);

/* ---- stream.c ---- */

static inline void bide__tls_lock(struct bide__tls *s)
{
    pthread_mutex_lock(&s->mutex);
}

static inline void bide__tls_unlock(struct bide__tls *s)
{
    pthread_mutex_unlock(&s->mutex);
}

/* The TLS stream that this is; NULL: it is another kind. */
struct bide__tls *bide__tls_of(const bide_stream *stream);

/* Makes a stream, whose handshake has not begun, and which is not handed out yet. */
int bide__tls_new(bide_tls_context *context, bide_stream *below, const char *host,
                  bide_tls_failure *failure, struct bide__tls **stream);

/* Ends a stream that is not handed out; the stream below stays as it is. */
void bide__tls_abandon(struct bide__tls *s);

enum bide__tls_call { BIDE__TLS_READS, BIDE__TLS_WRITES };

/* 0, or why the call of this name cannot be made here, -EXDEV or -ENXIO: the descriptor below, in
 * whatever layer, is another runtime's. That must be found before anything is encrypted, which
 * could not be taken back. */
int bide__tls_refusal(const bide_stream *below, const char *name);

/* A call begins, which holds the stream: 0, -EBUSY, -EBADF, or a refusal. It ends. */
int bide__tls_begin(struct bide__tls *s, enum bide__tls_call call);
void bide__tls_end(struct bide__tls *s, enum bide__tls_call call);

/* Something is to be sent. And nobody is sending it, and it can be sent. */
bool bide__tls_has_unsent(struct bide__tls *s);
bool bide__tls_must_send(struct bide__tls *s);

/* So much is to be sent that nothing may be added. */
bool bide__tls_is_full(struct bide__tls *s);

/* Why nothing can be sent any more; 0: it can. */
int bide__tls_unsent(struct bide__tls *s);

/* The stream below; NULL: the stream was closed. */
bide_stream *bide__tls_below(struct bide__tls *s);

/* Sends what is to be sent as far as that needs no wait, if nobody else is sending. */
void bide__tls_send_now(struct bide__tls *s);

/* For transfer.c. The place for what the stream below gives, or what it gets. */
struct bide__tls_part {
    bide_stream *below;
    unsigned char *data;
    size_t size;
    bool is_guess; /* of a fill: more may be there. If it is not, bide__tls_fill_less, and wait */
};

/* 0: read into *part, and then tell what has come, and that the call is over. 1: another call does
 * it, wait for `filled`. 2: another call has done it just now. Or an error. */
int bide__tls_fill_begin(struct bide__tls *s, struct bide__tls_part *part);
void bide__tls_fill_less(struct bide__tls *s, struct bide__tls_part *part);
int bide__tls_fill_came(struct bide__tls *s, ssize_t n);
void bide__tls_fill_end(struct bide__tls *s);

/* 0: write *part, and so on. 1: another call does it, wait for `sent`. 2: nothing is left. Or an
 * error. */
int bide__tls_send_begin(struct bide__tls *s, struct bide__tls_part *part);
int bide__tls_send_came(struct bide__tls *s, ssize_t n);
void bide__tls_send_end(struct bide__tls *s);

/* ---- engine.c; each but the last sends afterwards what needs no wait ---- */

/* Goes on with the handshake. 1: it is done; -EAGAIN: it wants input; or an error. */
int bide__tls_shake(struct bide__tls *s);

/* Decrypts: how many bytes, 0 at the end, -EAGAIN, or an error. */
ssize_t bide__tls_take(struct bide__tls *s, void *buffer, size_t size);

/* Encrypts: how many bytes, -EAGAIN: it wants input; or an error. */
ssize_t bide__tls_put(struct bide__tls *s, const void *data, size_t size);

/* Says that this is the end. 0; -EAGAIN: it wants input before, and is said as soon as that has
 * come, whoever takes it; or an error. */
int bide__tls_say_end(struct bide__tls *s);

/* Under the mutex: remembers why a call failed. Returns `error`. */
int bide__tls_note(struct bide__tls *s, int error, const char *text);

#endif
