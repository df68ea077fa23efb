/*
 * exchange.h: one request and its response, whatever the protocol.
 *
 * An exchange lies between a handler, which calls the functions of bide/http_server.h, and a
 * connection, which has received the request and sends the response. The connection is a table of
 * operations, so HTTP/1, HTTP/2 and a test can each be one.
 *
 *   memory.c   memory that lives as long as the exchange
 *   request.c  questions about the request
 *   header.c   the headers and trailers of the response
 *   reply.c    responses at once
 *   body.c     the body of the request, in async C
 *   send.c     responses in pieces, in async C; what is checked of them
 *   run.c      a handler runs, its errors become responses, its client may go away; in async C
 *   status.c   statuses, their texts, and errors
 *   settings.c the options of a server, with their defaults
 *   meter.c    what is counted of requests, for metrics; in meter.h
 *
 *   fail.c     errors with words; typed.h has what these share:
 *   decode.c convert.c pairs.c cookies.c client.c json.c attachment.c
 *              what a handler takes out of a request, and puts into a response, as values
 *   multipart.c multipart_read.c  the parts of a body
 *
 * What a connection does for each request:
 *
 *     bide__http_exchange_begin(x, ...);     all is empty
 *     fill in x->request and x->body
 *     rc = bide_await bide__http_exchange_run(x);
 *     bide__http_exchange_end(x);            its memory is given back
 *
 * Invariants
 *  - An exchange is used by the task of its handler and by nobody else. (A connection whose
 *    handlers run in other tasks sees to that itself.)
 *  - Pointers into the request stay valid until bide__http_exchange_end: the connection does not
 *    move the bytes of the head.
 *  - The operations are called in this order, each when the one before has returned: any number of
 *    `inform`; then `begin`, any number of `send`, and `finish`; or only `finish`; or only
 *    `upgrade`. `read` may be called between any of them. `gone` runs beside all of them.
 *  - After an operation has failed only the end of the connection (of the stream) can follow.
 */
#ifndef BIDE_EXTRA_HTTP_EXCHANGE_H
#define BIDE_EXTRA_HTTP_EXCHANGE_H

#include "lib/runtime.h"

#include "extra/http/exchange/meter.h"
#include "extra/http/message/date.h"
#include "extra/http/message/fields.h"
#include "extra/http/message/parse.h"

#include "lib/net/pause.h"

#include <bide/http_server.h>
#include <bide/lock.h>
#include <bide/token.h>

/* ---- settings ---- */

/* The options of a server with the defaults filled in: durations are positive or BIDE__HTTP_NEVER,
 * numbers are limits. */
struct bide__http_settings {
    bide_http_server_options o;
    struct bide__http_limits limits;
    bide_http_handler handler;
    char server_line[128]; /* "Server: bide\r\n", or "" */
    uint32_t server_line_size;
};

#define BIDE__HTTP_NEVER INT64_MAX

/* 0, or -EINVAL. */
int bide__http_settings_fill(struct bide__http_settings *s, bide_http_handler handler,
                             const bide_http_server_options *options);

/* ---- the connection's side ---- */

/* `x` is the exchange; errors are those of bide/http_server.h. */
struct bide__http_ops {
    /* Reads some of the body: at least a byte, or 0 at its end, when the trailers are in
     * x->request.trailers. `size` is not 0. Limits in bytes are checked above it; time limits are
     * its own. The first call answers an Expect. After -EBADMSG x->body.why tells the reason.
     * Cancelled: nothing was read. */
    bide_async_fn(ssize_t, bide_http_exchange *x, void *buffer, size_t size) read;

    /* Takes the head of the response: x->reply.status, its headers, and x->reply.length. May hold
     * it back until there is something of the body, or until `send` of no bytes. */
    bide_async_fn(int, bide_http_exchange *x) begin;

    /* Sends a part of the body, of at most as many bytes as were promised; returns when it has
     * taken them. `size` 0: what was held back. Not called if the response has no body
     * (bide__http_has_body). */
    bide_async_fn(int, bide_http_exchange *x, const void *data, size_t size) send;

    /* Ends the response. If it was not begun, x->reply has all of it: head and body. */
    bide_async_fn(int, bide_http_exchange *x) finish;

    /* Sends an informational response with the headers of x->reply. */
    bide_async_fn(int, bide_http_exchange *x, int status) inform;

    /* As bide_http_upgrade. NULL: the protocol has no upgrades. */
    bide_async_fn(int, bide_http_exchange *x, const char *protocol, bide_stream **stream) upgrade;

    /* Begins when the handler waits for the first time, and returns when the client has gone. It
     * sends what was held back. Cancelled when the handler has returned. */
    bide_async_fn(int, bide_http_exchange *x) gone;

    /* As `send`, of at most `size` bytes of a file, which is not 0, from `at` on: how many were
     * sent. If nothing was: 0: the file ends there; -EAGAIN: it is not in memory, so it has to be
     * read; -EOPNOTSUPP: this response is not sent in this way. NULL: none is. */
    bide_async_fn(ssize_t, bide_http_exchange *x, int fd, uint64_t at, size_t size) send_file;
};

/* ---- an exchange ---- */

/* A field of the response. The texts have zero bytes after them. */
struct bide__http_header {
    const char *name, *value;
    uint32_t name_size, value_size;
    uint8_t known; /* enum bide__http_name */
};

struct bide__http_headers {
    struct bide__http_header *list;
    uint32_t count, room;
    uint64_t has; /* bit 1 << known, for each in the list; bit 0, of unusual names, may stay */
};

struct bide__http_chunk;  /* memory.c */
struct bide__http_at_end; /* there, too */

enum bide__http_stage {
    BIDE__HTTP_OPEN,     /* nothing was sent but informational responses */
    BIDE__HTTP_BEGUN,    /* the head was given to the connection */
    BIDE__HTTP_ENDED,    /* the whole response was */
    BIDE__HTTP_UPGRADED, /* the connection is the handler's */
    BIDE__HTTP_CUT,      /* no good end is possible */
};

struct bide_http_exchange {
    const struct bide__http_ops *ops; /* a layer may put its own table here, which calls this one */
    void *connection;                 /* for the operations */
    const struct bide__http_settings *settings;
    struct bide__http_home *home;   /* NULL: nobody drains it */
    struct bide__http_meter *meter; /* NULL: it is not counted */
    int64_t begun_ns;               /* with a meter */

    /* Filled in by the connection. Texts are spans of `fields.base`, with a byte behind each that
     * may be overwritten, once the head has been read: it is made a zero byte when the text is
     * asked for. */
    struct {
        struct bide__http_fields fields;   /* of the head */
        struct bide__http_fields trailers; /* with a base of its own */
        struct bide__http_span method_text, target, path, query, host;
        uint8_t method; /* enum bide__http_method */
        bool has_query;
        bool is_secure; /* the connection is TLS */
        bool upgrades;  /* an upgrade is asked for and possible */
        bide_http_version version;
        bide_stream *stream,
            *transport;           /* of the connection, for questions; may be NULL. The second
                                            one is below TLS */
        const bide_address *peer; /* who it is, if the connection knows that by itself;
                                                NULL: `transport` is asked */
        const char *target_text;  /* once it was asked for */
        const char *host_text;
    } request;

    struct {
        int64_t length;  /* told by the client; -1: unknown; 0: there is no body */
        uint64_t max;    /* as many bytes are allowed */
        uint64_t got;    /* have been read by the handler */
        bool ended;      /* the end has been read; set at the beginning if there is no body */
        bool is_read;    /* a call reads it */
        int error;       /* why it cannot be read any more; 0: it can */
        const char *why; /* may be NULL */
        char *whole;     /* where bide_http_body_all reads to: memory of the exchange, */
        char *all;       /* or memory of its own; both NULL: it was not called */
        size_t all_size, all_room;
    } body;

    struct {
        int status; /* 0: there is no response yet */
        struct bide__http_headers headers, trailers;
        const void *data; /* of a response at once */
        size_t size;
        void (*release)(void *argument); /* of data; may be NULL */
        void *release_argument;
        int64_t length;   /* what Content-Length says; -1: it is not known before the end */
        uint64_t sent;    /* bytes of a body in pieces */
        uint8_t stage;    /* enum bide__http_stage */
        bool closes;      /* the connection is to end after it */
        bool wants_close; /* by the handler: "Connection: close" */
    } reply;

    uint8_t gone_policy;          /* bide_http_gone */
    bool is_gone;                 /* the client is known to have gone */
    bide_notify gone_policy_news; /* it was set after that */
    bool is_cancelled;            /* and therefore the handler was cancelled */
    bool is_misused;              /* the program has got a call wrong, and was told */

    void *state; /* bide_http_state: the server's, then that of the router */
    void *user;  /* bide_http_user */

    /* What bide_http_fail has noted: it counts for this error only. */
    struct {
        int error, status; /* 0: nothing */
        const char *text;  /* may be NULL */
    } problem;

    /* What was read of the body, in another form. */
    struct {
        const char *text; /* of bide_http_form_read */
        size_t size;
        bool is_read;
    } form;
    struct bide_json *json; /* NULL: it was not read */

    void *route;  /* the room route's: a struct bide__http_match */
    void *layers; /* the room layer's: what stands before `ops` */

    struct bide__http_at_end *at_end; /* the last one that was added */

    /* Memory: the piece that came with the exchange, and chunks. */
    char *room, *room_end;
    struct bide__http_chunk *chunks;

    const char *route_text; /* the path of the route as it is written; NULL: there is none */
};

/*
 * Empties an exchange. `room` is memory of the connection for what the exchange allocates first,
 * and the parts that are filled in by the connection are zero; body.ended is true, and body.length
 * 0.
 */
void bide__http_exchange_begin(bide_http_exchange *x, const struct bide__http_ops *ops,
                               void *connection, const struct bide__http_settings *settings,
                               void *room, size_t room_size);

/* Gives back its memory and what it owns. */
void bide__http_exchange_end(bide_http_exchange *x);

/*
 * Runs the handler, and sees to it that the response has been given to the connection when this
 * returns: that of the handler, or of its error. Returns 0, or a negative errno: the connection
 * (the stream) is to be cut, since no response or no whole one was sent. x->reply.stage tells
 * whether it was upgraded. Cancelled: it is to be cut, too.
 */
bide_async int bide__http_exchange_run(bide_http_exchange *x);

/* The same without a handler, for a request that cannot be served: a response for this error, with
 * this status. */
bide_async int bide__http_exchange_refuse(bide_http_exchange *x, int error, int status);

/* ---- for connections ---- */

/* True if the response, as x->reply.status says, may have a body: not with 1xx, 204 and 304, and
 * not to HEAD. */
bool bide__http_has_body(const bide_http_exchange *x);

/* The same without the question of HEAD: then there may be a Content-Length. */
bool bide__http_may_have_body(int status);

/* As bide_http_send_data, of a file: what `send_file` of the operations returns. */
bide_async ssize_t bide__http_send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size);

/* The date of now, as the header Date has it. */
static inline void bide__http_date_now(char to[BIDE__HTTP_DATE_SIZE])
{
    bide__http_date_copy(to, bide__door.date());
}

/* For how long the handler may still wait for the body, of which `x->body.got` bytes have come;
 * above 0. `spent_ns`: it has waited so long. BIDE__HTTP_NEVER: there is no limit. */
int64_t bide__http_body_time(const bide_http_exchange *x, int64_t spent_ns);

/* Tells the server's `complain`, or stderr, which is told the request, too. */
void bide__http_complain(const struct bide__http_settings *s, const bide_http_exchange *x,
                         int error, const char *text);

/* Complains of a call that the program has got wrong, and how. Returns -ENXIO, for which the answer
 * is 500, whatever the client has sent; so it is if the handler passes over that and fills in
 * nothing. */
int bide__http_misused(bide_http_exchange *x, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* ---- for rooms above ---- */

/* Has `call` called with `argument` when the exchange ends, before its memory goes; the last one
 * first. 0 or -ENOMEM. */
int bide__http_at_end(bide_http_exchange *x, void (*call)(void *argument), void *argument);

/* The status of the response for an error of the handler. */
int bide__http_status_due(const bide_http_exchange *x, int error);

/* Fills in the response for an error: there always is one. */
void bide__http_reply_error(bide_http_exchange *x, int error, int status);

/* Fills in at once what bide_http_fail would lead to, for who adds headers to it that an error
 * takes away, or must not lead to an error. `text` may be NULL. 0 or -EALREADY. */
int bide__http_reply_failure(bide_http_exchange *x, int status, const char *text);

/* A zero-terminated copy in the memory of the exchange; NULL: no memory. */
char *bide__http_copy(bide_http_exchange *x, const char *text, size_t size);

/* A header of the response whose texts live as long as the exchange, and are known to be valid. 0,
 * -ENOMEM, -E2BIG. */
int bide__http_headers_add(bide_http_exchange *x, struct bide__http_headers *h,
                           enum bide__http_name known, const char *name, size_t name_size,
                           const char *value, size_t value_size);

/* Takes all with this name out; a usual one is told by its number alone. */
void bide__http_headers_remove(struct bide__http_headers *h, enum bide__http_name known,
                               const char *name, size_t size);

/* Adds a Content-Type, of which there is none, with a copy of the value. 0, -EINVAL, -ENOMEM,
 * -E2BIG. */
int bide__http_type_add(bide_http_exchange *x, const char *type);

/* The first with this number. */
struct bide__http_header *bide__http_headers_known(const struct bide__http_headers *h,
                                                   enum bide__http_name name);

/* Takes away the response as it is filled in: its status, body, and the headers that describe the
 * body. */
void bide__http_reply_clear(bide_http_exchange *x);

/* What the request has, with a zero byte after it. */
const char *bide__http_request_text(const bide_http_exchange *x,
                                    const struct bide__http_fields *fields, uint32_t at,
                                    uint32_t size);

/* The path, without a zero byte. A target "http://host" has none: it means "/", or, with OPTIONS,
 * "*" (RFC 9110, 4.2.3; RFC 9112, 3.2.4). */
const char *bide__http_request_path(const bide_http_exchange *x, size_t *size);

/* ---- the part of a server in which a connection lives ---- */

/*
 * A server has one home for each core. On several workers it is shared: whoever changes anything
 * but the counters holds the lock, for a few instructions.
 */
struct bide__http_home {
    const struct bide__http_settings *settings;
    bide_token *draining; /* cancelled when the server drains */
    _Atomic bool drains;  /* the same, to be asked in each response */
    _Atomic uint64_t requests;
    _Atomic(struct bide__http_meter *) meter; /* of the server; NULL: it counts no more than that */
    uint32_t lock;
    void *kits; /* of connections of HTTP/1 that are not idle: a list of those that are free */
    uint32_t kit_count;
    struct bide__http_connection *first, *last; /* that are to be told when it drains */
    void *squeezes; /* the room layer's: compressors that are free, a list, */
    uint32_t squeeze_count;
    void (*squeezes_free)(void *list); /* and what frees them; NULL: there are none */
};

/* A connection, as the server hands it to the protocol. */
struct bide__http_connection {
    const struct bide__http_settings *settings;
    struct bide__http_home *home;
    bide_stream *stream;    /* NULL once it was handed to a handler */
    bide_stream *transport; /* below TLS, or the same */
    bool is_secure;
    char
        *ahead; /* what was read before the protocol was known; NULL: nothing. With bide__alloc; the
                    server frees it */
    size_t ahead_size;
    struct bide__pause pause; /* ended when the server drains: ends waits for the next request */
    struct bide__http_connection *next, *previous; /* under the lock of the home */
};

#endif
