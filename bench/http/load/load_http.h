/*
 * bench/http/load/load_http.h: clients of HTTP, the same for all servers of `./x bench http`.
 *
 * loop.c has the connections, with TLS or without, and closed loops over them: a connection sends
 * the requests of one turn (`depth` of them) in one piece, and those of the next turn when all
 * answers are there. A protocol says how a connection begins, what it sends, and where an answer
 * ends. Each answer is looked at, and a wrong one ends the program.
 */
#ifndef BENCH_HTTP_LOAD_H
#define BENCH_HTTP_LOAD_H

#include "load.h"

#include <openssl/ssl.h>

enum { DEPTH_MAX = 16 };

struct loop;
struct protocol;

/* What a kind of load asks for. The answer has the status 200, and this body. */
struct shape {
    const char *name;
    const struct protocol *protocol;
    bool is_tls;
    int depth;
    const char *method, *path;
    const char *content_type; /* of the request's body, or NULL */
    size_t body_size;         /* of the request, or of a WebSocket's message */
    const char *answer;       /* the body; NULL: `answer_size` bytes that are not looked at */
    size_t answer_size;
};

struct conn {
    int fd;
    SSL *ssl;
    bool wants_out;     /* epoll watches for room */
    int asked, waiting; /* requests of this turn; their answers that have yet to come */
    int64_t sent_ns;
    const char *out; /* what has yet to be sent of this turn */
    size_t out_size;
    size_t seen;                /* fixed, chunked: bytes of this answer that have come */
    uint32_t stream;            /* h2: the next one to open */
    unsigned char head[16];     /* h2: what has come of a frame's head and its first bytes */
    size_t head_size, to_skip;  /* h2: of that; bytes of the frame that are not looked at */
    size_t body_seen, consumed; /* h2: bytes of DATA of this answer; since the window was opened */
    char tail[8];               /* the last bytes of an answer */
};

struct protocol {
    const char *alpn; /* in TLS */
    /* Makes a new connection ready, so that the server has accepted it, and checks one answer. */
    void (*begin)(struct loop *loop, struct conn *conn);
    /* Makes what one turn sends, out and out_size, or sends it. */
    void (*turn)(struct loop *loop, struct conn *conn);
    /* Takes bytes that have come, and calls loop_answered for each answer that ends in them. */
    void (*take)(struct loop *loop, struct conn *conn, const char *data, size_t size);
};

extern const struct protocol protocol_h1, protocol_chunked, protocol_h2, protocol_ws;

struct loop {
    struct load *load;
    const struct shape *shape;
    struct conn *conns;
    SSL_CTX *context;
    int ep;
    char *turn; /* fixed, chunked: what every turn sends */
    size_t turn_size;
    size_t answer_size;      /* fixed: of a whole answer, as the first one was */
    char first[16], last[8]; /* fixed: the first and the last bytes of one */
    size_t first_size;
    bool runs;               /* all connections have begun */
    long warm, total, ended; /* operations before the measurement; in all; done */
    int64_t *latencies_ns;
    int64_t cpu_from_ns, until_ns;
};

/* ---- loop.c ---- */

void loop_run(struct load *load, const struct shape *shape);
void loop_answered(struct loop *loop, struct conn *conn);

/* These wait. `receive_some` returns how many bytes have come, at least one. */
void send_all(struct conn *conn, const void *data, size_t size);
size_t receive_some(struct conn *conn, void *data, size_t size);

/* Ends the program with what was wrong with an answer. */
_Noreturn void die_of_answer(const char *what);

void *zeroes(size_t count, size_t size);

#endif
