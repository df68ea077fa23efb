/*
 * inside.h: how the parts of an HTTP/1.1 connection fit together.
 *
 *   serve.c    the loop: a request, its response, the next one; how it ends
 *   kit.c      the memory of a connection that is not idle
 *   receive.c  a head is received, with its time limits
 *   idle.c     the leaf that waits for the next request
 *   body.c     the body of a request
 *   respond.c  heads of responses, framing
 *   write.c    what is to be sent is gathered, and sent
 *   file.c     a file is sent without a copy
 *   gone.c     the client goes away while a handler waits
 *   upgrade.c  the connection becomes a handler's
 *
 * Invariants
 *  - Everything is used by one task. Its two branches, the handler and `gone`, take turns.
 *  - `in` holds, in this order: what was used up; the head of the request and what of its body was
 *    used up; from `begin` to `end` what was received and not used. While there is an exchange,
 *    nothing in front of `begin` moves.
 *  - `out` holds what is to be sent before anything else. It is empty whenever the connection waits
 *    for input, but for the moment before `gone` sends it.
 *  - One call at a time reads the stream, and one writes it. `gone` reads only when the body of the
 *    request has come completely, and then the handler does not.
 *  - An idle connection has no kit.
 */
#ifndef BIDE_EXTRA_HTTP_H1_INSIDE_H
#define BIDE_EXTRA_HTTP_H1_INSIDE_H

#include "extra/http/h1/h1.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

#include <bide/lock.h>
#include <bide/time.h>

enum {
    BIDE__H1_IN = 8192, /* of a kit; a longer head has a buffer of its own */
    BIDE__H1_OUT = 4096,
    BIDE__H1_ROOM = 4096,    /* for the exchange */
    BIDE__H1_KITS_MAX = 256, /* that a home keeps */
    BIDE__H1_TRAILERS = 32,
};

/* What a connection needs while it is not idle. */
struct bide__h1_kit {
    struct bide__h1_kit *next; /* in the home's list */
    size_t size;               /* of all of it */
    struct bide__http_head head;
    struct bide__http_chunks chunks;
    bide_http_exchange x;
    char *in;
    size_t in_room, begin, end;
    size_t out_begin, out_end;
    _Alignas(16) char room[BIDE__H1_ROOM];
    char out[BIDE__H1_OUT];
    char in_own[BIDE__H1_IN];
    struct bide__http_field trailers[BIDE__H1_TRAILERS];
    struct bide__http_field fields[]; /* settings->o.headers_max */
};

struct bide__h1 {
    struct bide__http_connection *c;
    const struct bide__http_settings *settings;
    struct bide__h1_kit *kit; /* NULL: idle */
    uint64_t served;          /* requests */

    /* idle.c */
    struct bide__fd *fd; /* of a stream on a socket */
    struct bide__timer timer;
    struct bide__wheel *wheel; /* where the timer was armed; NULL: it was not */
    bide_waker waker;          /* of the timer */
    uint64_t seen;             /* of `served`, when the timer fired last */
    int64_t deadline_ns;

    /* of the present request */
    bool has_exchange; /* kit->x is one that has not ended */
    bool keeps;        /* the connection goes on after it */
    bool refused;      /* it could not be read */
    bool incomplete;   /* the client may still be sending it */
    bool cut;          /* no whole response was sent, and nothing more is */
    bool chunked;      /* its body */
    bool expects;      /* 100 (Continue) */
    uint64_t left;     /* of a body with a length: bytes that were not used */
    int64_t spent_ns;  /* waiting for the body */
    size_t body_at;    /* where it begins in `in` */
    const char *piece; /* of a chunk: what was found and not taken */
    size_t piece_size;

    /* of its response */
    bool begun;      /* its head was made before its body was known */
    bool chunks_out; /* its body is sent as chunks */
    bool writing;    /* a call writes */

    /* gone.c */
    bool gone_runs, gone_rests, takes_over;
    bide_notify gone_wake, gone_stopped, written;
};

/* ---- kit.c ---- */

/* Takes a kit, if there is none. 0 or -ENOMEM. */
int bide__h1_kit_take(struct bide__h1 *h);

/* Lets go of it if nothing is in it. */
void bide__h1_kit_leave(struct bide__h1 *h);

/* Frees it, with what is in it. */
void bide__h1_kit_drop(struct bide__h1 *h);

/* Makes room for more bytes of a head behind `end`: 0, -EMSGSIZE or -ENOMEM. Nothing refers to what
 * is in `in`. */
int bide__h1_make_room(struct bide__h1 *h);

/* Makes room for a chunked body behind the head that has been read, which may move. 0 or -ENOMEM.
 * */
int bide__h1_make_chunk_room(struct bide__h1 *h);

/* ---- idle.c ---- */

void bide__h1_idle_begin(struct bide__h1 *h);
void bide__h1_idle_end(struct bide__h1 *h);

/* ---- receive.c ---- */

enum {
    BIDE__H1_REQUEST = 1, /* kit->head is whole */
    BIDE__H1_CLOSE,       /* nothing more is to be said */
    BIDE__H1_REFUSED,     /* kit->head.refused is the status; nothing more can be read */
    BIDE__H1_PREFACE,     /* of HTTP/2 */
};

/* ---- respond.c ---- */

extern const struct bide__http_ops bide__h1_ops;

/* Puts the head of a response to an upgrade into `out`, or, if it has no room there, to *big, which
 * is empty otherwise. 0 or -ENOMEM. */
int bide__h1_upgrade_head(struct bide__h1 *h, bide_http_exchange *x, const char *protocol,
                          struct iovec *big);

/* ---- write.c ---- */

static inline size_t bide__h1_unsent(const struct bide__h1 *h)
{
    return h->kit == NULL ? 0 : h->kit->out_end - h->kit->out_begin;
}

/* Puts bytes into `out`. False: there is no room, and nothing was put. */
bool bide__h1_put(struct bide__h1 *h, const void *data, size_t size);

#endif
