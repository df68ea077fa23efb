/*
 * bide/http_layer.h: what is put around handlers, files, and streams of events. Link with
 * -lbide-http-server.
 *
 *     static const bide_http_timeout_options limit = {.after = BIDE_S(10)};
 *     static const bide_http_layer layers[] = {
 *         {bide_ref(bide_http_layer_log), NULL},
 *         {bide_ref(bide_http_layer_timeout), &limit},
 *         {bide_ref(bide_http_layer_compress), NULL},
 *     };
 *     bide_http_router_options options = {.layers = layers, .layer_count = 3};
 *     return bide_http_router_new(&options, &router);
 *
 * A layer is an async function like a handler, with data of its own; the data of those here may be
 * NULL, unless it is said otherwise (then NULL is answered with 500, and `complain` of the server's
 * options is told), is read only, and must live as long as the router. Zero in a member of it means
 * the default. What each of them does when it is cancelled: what is inside was cancelled, and the
 * layer leaves nothing behind.
 *
 * Their order matters. From outside: log, request id, timing, secure headers, CORS, limits, time
 * limits, authorisation, compression.
 *
 * Threads: as an exchange (bide/http_server.h); the objects with a constructor here may be used by
 * any thread.
 */
#ifndef BIDE_HTTP_LAYER_H
#define BIDE_HTTP_LAYER_H

#include <bide/http_route.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- log ---- */

typedef enum bide_http_log_format {
    BIDE_HTTP_LOG_SHORT,    /* GET /users/7 200 512 1.204ms 192.0.2.1 */
    BIDE_HTTP_LOG_COMMON,   /* the common log format of web servers */
    BIDE_HTTP_LOG_COMBINED, /* the same with Referer and User-Agent */
    BIDE_HTTP_LOG_JSON,     /* an object in a line, with the matched path and the request id */
} bide_http_log_format;

/* Zero in a member means the default. */
typedef struct bide_http_log_options {
    bide_http_log_format format;
    /* Is given each line, with its newline and a zero byte, and must not wait. NULL: to stderr,
     * which may block when nobody reads it. */
    void (*write)(const char *line, size_t size, void *argument);
    void *argument;
    const bide_http_proxies *proxies; /* for the client's address */
} bide_http_log_options;

/*
 * Writes a line when a request has been handled. What the client has sent is in it with other bytes
 * than printable ASCII, quotes and backslashes escaped as \xHH, cut at 1,000 bytes each. The status
 * is that of the response, or of the error, 499 if the handler was cancelled since the client has
 * gone; the size is that of the body, before it is compressed.
 */
bide_async int bide_http_layer_log(bide_http_exchange *x);

/* ---- timing ---- */

/* Zero in a member means the default. */
typedef struct bide_http_timing_options {
    /* Is told the time from the layer to its end, also after an error (`error`, else 0). */
    void (*tell)(const bide_http_exchange *x, bide_duration time, int error, void *argument);
    void *argument;
    bool no_header;
} bide_http_timing_options;

/* Adds "Server-Timing: app;dur=1.204" (milliseconds) to the response, unless its head has been sent
 * already, and tells the time. */
bide_async int bide_http_layer_timing(bide_http_exchange *x);

/* ---- time limits ---- */

/* Zero in a member means the default. */
typedef struct bide_http_timeout_options {
    bide_duration after; /* default 30 s */
    int status;          /* default 503; 504 for a service that waits for others */
} bide_http_timeout_options;

/* Cancels what is inside when the time is over. The response is then this status; if one has begun,
 * it is cut off. */
bide_async int bide_http_layer_timeout(bide_http_exchange *x);

/* ---- limits ---- */

/* How many requests may be inside at a time, over all threads; the rest waits in a queue. */
typedef struct bide_http_gate bide_http_gate;

/* Zero in a member means the default. */
typedef struct bide_http_gate_options {
    uint32_t inside_max;        /* default 100 */
    uint32_t waiting_max;       /* default 0: nobody waits */
    bide_duration waiting_time; /* the longest; default 10 s */
    uint32_t retry_after_s;     /* default 1 */
} bide_http_gate_options;

/* -ENOMEM; then *gate is NULL. The gate must live as long as the routers that have it. NULL is
 * ignored by the free. */
bide_must_use int bide_http_gate_new(const bide_http_gate_options *options,
                                     bide_http_gate **gate bide_gives(bide_http_gate_free));
void bide_http_gate_free(bide_http_gate *gate);

/* The data is a gate, not NULL. Who finds no place, or waits too long, is answered with 503 and
 * Retry-After. Requests that wait are let in in their order. */
bide_async int bide_http_layer_gate(bide_http_exchange *x);

/* How many requests a client may make. */
typedef struct bide_http_rate bide_http_rate;

/* Zero in a member means the default. */
typedef struct bide_http_rate_options {
    uint32_t requests;    /* in `period`; default 60 */
    bide_duration period; /* default 60 s */
    uint32_t burst;       /* so many may come at once; default: `requests` */
    uint32_t clients_max; /* that are told apart; default 4,096. Two clients that happen to share a
                              place in the table share its rate */
    bool all;             /* one rate for all clients together */
    const bide_http_proxies *proxies; /* for the client's address; IPv6 counts by its /64 */
} bide_http_rate_options;

/* -EINVAL, -ENOMEM, or an error of getrandom(2); then *rate is NULL. It must live as long as the
 * routers that have it. */
bide_must_use int bide_http_rate_new(const bide_http_rate_options *options,
                                     bide_http_rate **rate bide_gives(bide_http_rate_free));
void bide_http_rate_free(bide_http_rate *rate);

/* The data is a rate, not NULL. Who is too fast is answered with 429 and Retry-After. */
bide_async int bide_http_layer_rate(bide_http_exchange *x);

/* The data is a uint64_t, not NULL: bodies of requests have at most as many bytes, instead of those
 * of the server's options. */
bide_async int bide_http_layer_body_limit(bide_http_exchange *x);

/* ---- CORS ---- */

/*
 * Which other sites may use this one from a browser (the Fetch standard, 3.2). A list that is empty
 * is its default. Zero in a member means the default.
 */
typedef struct bide_http_cors_options {
    /* "https://example.org", or "null"; compared byte by byte. Default: none. One that is "*":
     * all. */
    const char *const *origins;
    size_t origin_count;
    bool (*allows)(const char *origin, void *argument); /* asked if the list has it not; or NULL */
    void *argument;
    /* Besides GET, HEAD and POST; "*": all. Default: none. */
    const char *const *methods;
    size_t method_count;
    /* Of requests, besides the safe ones; "*": all that are asked for. Default: none. */
    const char *const *headers;
    size_t header_count;
    const char *const *exposed; /* headers of responses that scripts may read; default: none */
    size_t exposed_count;
    bool credentials;     /* cookies and the like may be sent. With all origins or `allows`
                                   every site that is allowed acts with the user's rights */
    bool private_network; /* public sites may use it though it is in a private network */
    uint32_t max_age_s;   /* a browser keeps the answer; default 600 */
} bide_http_cors_options;

/*
 * Answers preflights (OPTIONS with Origin and Access-Control-Request-Method) with 204, whatever the
 * routes are, and adds the headers to other responses. An origin that is not allowed gets none of
 * them, and is served otherwise: it is the browser that protects its user. With `credentials` no
 * star is sent. Vary is set where the answer depends on the request.
 */
bide_async int bide_http_layer_cors(bide_http_exchange *x);

/* ---- compression ---- */

/* Zero in a member means the default. */
typedef struct bide_http_compress_options {
    uint32_t size_min;     /* bytes; default 1,024. Smaller responses are left alone */
    unsigned gzip_level;   /* 1 to 9; default 6 */
    unsigned brotli_level; /* 1 to 11; default 4 */
    bool no_gzip, no_brotli;
} bide_http_compress_options;

/*
 * Compresses responses as Accept-Encoding asks (RFC 9110, 12.5.3), whole ones and those that are
 * sent in pieces, of which each piece can be read at once by the client. Left alone
 * are those that have a Content-Encoding, a Content-Range or "Cache-Control: no-transform", or that
 * are of a type which is compressed already or unknown; and 204, 206 and 304. A strong ETag becomes
 * a weak one. Vary is set where Accept-Encoding decides, also on a 206 and a 304 in the place of
 * what would be compressed; a 304 has the weak ETag if that is what the client has.
 * Computing is done on the thread of the handler: some 20 microseconds for a KiB with gzip. A
 * secret in the same response as what a client chooses can be guessed from its size (BREACH); leave
 * such routes out.
 */
bide_async int bide_http_layer_compress(bide_http_exchange *x);

/* ---- request ids ---- */

/* Zero in a member means the default. */
typedef struct bide_http_id_options {
    bool trust; /* take the id of the request, if it has a good one; else always a new one */
} bide_http_id_options;

/* Gives each request an id: 1 to 64 letters, digits, "-", "_" and "."; new ones have 32 hexadecimal
 * digits. It is sent as X-Request-Id. */
bide_async int bide_http_layer_id(bide_http_exchange *x);

/* The id, or NULL. */
const char *bide_http_id(const bide_http_exchange *x);

/* ---- authorisation ---- */

/* What the client says who it is. */
typedef struct bide_http_credentials {
    const char *scheme;   /* "Basic" or "Bearer", in this case; NULL: there is nothing, or it is
                             malformed, or of another scheme */
    const char *user;     /* Basic */
    const char *password; /* Basic */
    const char *token;    /* Bearer */
} bide_http_credentials;

/* Reads Authorization (RFC 7617, RFC 6750). 0 or -ENOMEM. The texts are in the memory of the
 * exchange. */
int bide_http_credentials_of(bide_http_exchange *x, bide_http_credentials *credentials);

/* Whether two texts are the same. The time that it takes does not tell where they differ. */
bool bide_http_same_secret(const char *a, const char *b);

/* Zero in a member means the default. */
typedef struct bide_http_auth_options {
    /* Returns 0: go on; -EACCES: the client is known, and may not (403); another negative errno: it
     * is not known (401, with a challenge). It may await, say a database, and leave what it has
     * found for the handler (bide_http_user_set). */
    bide_async_fn(int, bide_http_exchange *x, const bide_http_credentials *credentials,
                  const void *data) check;
    const void *data;
    const char *scheme; /* of the challenge; default "Bearer" */
    const char *realm;  /* default "service" */
} bide_http_auth_options;

/* The data is not NULL, and has a `check`. */
bide_async int bide_http_layer_auth(bide_http_exchange *x);

/* A pointer that goes with the exchange, for layers that find out who the user is. NULL at
 * first. */
void bide_http_user_set(bide_http_exchange *x, void *user);
void *bide_http_user(const bide_http_exchange *x);

/* ---- headers for safety ---- */

/* Zero in a member means the default. */
typedef struct bide_http_secure_options {
    const char
        *content_policy;       /* Content-Security-Policy; default "default-src 'self'"; "": none */
    const char *frame_options; /* X-Frame-Options; default "DENY"; "": none */
    const char *referrer_policy;      /* default "no-referrer"; "": none */
    uint32_t hsts_s;                  /* Strict-Transport-Security over https; default 0: none */
    const bide_http_proxies *proxies; /* who may tell that it is https */
} bide_http_secure_options;

/* Sets these, and X-Content-Type-Options: nosniff. What is inside may set them otherwise. */
bide_async int bide_http_layer_secure(bide_http_exchange *x);

/* ---- files ---- */

/* Zero in a member means the default. */
typedef struct bide_http_file_options {
    const char *type;          /* Content-Type; default: by the end of the name */
    const char *cache_control; /* Cache-Control; default: none */
    const char *attachment;    /* the name under which it is to be saved (bide_http_attachment) */
    bool precompressed;        /* NAME.br and NAME.gz are sent in its place, to who takes them */
} bide_http_file_options;

/*
 * Answers with a file: GET and HEAD, with ETag and Last-Modified; preconditions (RFC 9110, 13: 304
 * and 412); ranges, one or several (206, multipart/byteranges, 416), with If-Range. A 304 has ETag,
 * Cache-Control and Vary. It is read as it is sent, or, over HTTP/1 without TLS, sent by the kernel
 * (sendfile(2)) as far as it is in memory; one that becomes shorter meanwhile cuts the connection.
 * The path is the program's, as for bide_file_open; never make it of what a client has sent, for
 * which there is bide_http_serve_folder. `options` may be NULL.
 * Returns 0; -ENOENT and other errors of opening (404, 403); -ENOENT also for what is no regular
 * file; errors of bide_http_send_data.
 * Cancelled: as bide_http_send_data.
 */
bide_must_use bide_async int bide_http_reply_file(bide_http_exchange *x, const char *path,
                                                  const bide_http_file_options *options);

/* A folder whose files are served. */
typedef struct bide_http_folder bide_http_folder;

/* Zero in a member means the default. */
typedef struct bide_http_folder_options {
    bide_http_file_options file; /* for all; without `type` and `attachment` */
    const char *index;           /* the file for a folder; default "index.html"; "": none */
    const char *fallback;        /* the file for what is not there, for programs in the browser that
                                    have paths of their own; default: 404 */
    bool hidden;                 /* names that begin with a dot are served, too */
} bide_http_folder_options;

/*
 * Opens a folder. `options` may be NULL; its strings must live as long. Errors: those of open(2),
 * such as -ENOENT, -ENOTDIR, -EACCES; -ENOMEM; then *folder is NULL. It must live as long as the
 * routers that have it. This waits for the disk.
 */
bide_must_use int bide_http_folder_new(const char *path, const bide_http_folder_options *options,
                                       bide_http_folder **folder bide_gives(bide_http_folder_free));
void bide_http_folder_free(bide_http_folder *folder);

/*
 * The handler of a route whose last parameter is a rest, and whose data is a folder:
 *
 *     bide_http_route route = {.method = "GET", .path = "/static/{*path}",
 *                              .handler = bide_ref(bide_http_serve_folder), .data = folder};
 *     int rc = bide_http_router_new(
 *         &(bide_http_router_options){.routes = &route, .route_count = 1}, &router);
 *     if (rc < 0)
 *         return rc;
 *
 * Serves the file that the rest names, as bide_http_reply_file. It never leaves the folder: neither
 * by "..", however it is coded, nor by a link, a mount of magic links (/proc), or a race of others
 * (openat2(2) with RESOLVE_BENEATH; links that stay inside are followed. Where the system does not
 * have that, no links are followed). A coded slash, an empty segment, "." and "..", a backslash,
 * and names that begin with a dot are 404. A folder without a slash at its end is redirected to the
 * same path with one. `fallback` applies only to paths without a dot in their last segment.
 */
bide_async int bide_http_serve_folder(bide_http_exchange *x);

/* ---- events ---- */

/*
 * A stream of events (Server-Sent Events, as the HTML standard, 9.2, says), for EventSource.
 *
 *     bide_http_events *events;
 *     int rc = await bide_http_events_begin(x, NULL, &events);
 *     while (rc == 0) {
 *         int got = -1;
 *         char *text;
 *         await bide_select_biased(got = bide_recv(news, &text),
 *                                  rc = bide_http_events_idle(events));
 *         if (got == 0)
 *             break;
 *         if (got > 0)
 *             rc = await bide_http_events_send(events, &(bide_http_event){.data = text});
 *     }
 *     return rc == -ESHUTDOWN ? 0 : rc;
 */
typedef struct bide_http_events bide_http_events;

/* Zero in a member means the default. */
typedef struct bide_http_events_options {
    bide_duration keep_alive; /* a comment is sent when nothing else was for so long; default 15 s;
                                 below 0: none is */
    uint32_t retry_ms;        /* the browser is told to come back after this; default 0: nothing */
} bide_http_events_options;

/* An event. NULL: the part is left out. */
typedef struct bide_http_event {
    const char *event;   /* its name: no line end: -EINVAL */
    const char *id;      /* becomes the Last-Event-ID of a client that comes back; as `event` */
    const char *data;    /* any number of lines, which may end in LF, CR LF or CR */
    const char *comment; /* passed over by browsers; lines as in data */
    uint32_t retry_ms;   /* 0: none */
} bide_http_event;

/*
 * Sends the head of such a response. *events is a part of the exchange. Errors: those of
 * bide_http_send_begin, -ENOMEM; -ESHUTDOWN: the request was HEAD, so the head was all. Cancelled:
 * as that.
 */
bide_must_use bide_async int bide_http_events_begin(bide_http_exchange *x,
                                                    const bide_http_events_options *options,
                                                    bide_http_events **events);

/* The id of the last event that a client which comes back has got; NULL: it is new. */
const char *bide_http_last_event_id(const bide_http_exchange *x);

/* Sends an event; waits while the client reads slowly. Errors: -EINVAL, -ENOMEM, those of
 * bide_http_send_data. Cancelled: as that: only the end can follow. */
bide_must_use bide_async int bide_http_events_send(bide_http_events *events,
                                                   const bide_http_event *event);

/*
 * Waits, and sends a comment whenever nothing was sent for the time of keep_alive, so that what is
 * between does not close the connection, and a client that has gone is noticed. It never returns 0:
 * -ESHUTDOWN: the server drains, so the stream ends, and the browser comes back to another; or an
 * error of sending.
 * Cancelled: a comment that is being sent is sent first; then nothing has happened. So it may lose
 * a select, as above.
 */
bide_async int bide_http_events_idle(bide_http_events *events);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
