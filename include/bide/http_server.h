/*
 * bide/http_server.h: an HTTP server. Link with -lbide-http-server.
 *
 *     if (bide_http_server_new(bide_ref(hello), NULL, &server) == 0) {
 *         defer { bide_http_server_free(server); }
 *         rc = bide_http_server_listen(server, NULL, 8080);
 *         if (rc == 0)
 *             rc = await bide_http_server_run(server, &stop);
 *     }
 *
 * where hello(x) is an async function that returns bide_http_reply_text(x, 200, "hello"), say.
 *
 * bide/http_route.h has routes, so that a server has many handlers, and bide/http_layer.h what is
 * put around handlers.
 *
 * An exchange is a request and its response. A handler is an async function that gets one. It reads
 * what it wants of the request and fills in the response by one of the bide_http_reply_ functions,
 * which is sent when the handler returns 0. Or it sends the response in pieces, while it runs
 * (bide_http_send_begin). A handler that returns a negative errno has failed: the error becomes a
 * response in one place, see `error` in bide_http_server_options.
 *
 * HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112), and HTTP/2 (RFC 9113) over TLS by ALPN, or by prior
 * knowledge. Of one connection of HTTP/1 one request at a time is served, in order; requests that
 * come meanwhile wait. Of one connection of HTTP/2 up to `h2_streams_max` are served at the same
 * time, all in one task, and so on one core at a time; they take turns where they wait: a handler
 * that computes for long gives that to others (bide_blocking, bide_spawn). Priorities are not
 * heeded; responses that are sent at the same time take turns, frame by frame. Nothing is pushed.
 *
 * A client that goes away while a handler waits: handlers of GET and HEAD are cancelled, others run
 * to their end; see bide_http_gone_set. What a handler awaits of its exchange returns an error
 * then.
 *
 * Faults of the program: a call that a handler gets wrong, whatever the client has sent (a status
 * that is none, a name that no header may have, a part that is sent before its head, ...), returns
 * -ENXIO; a handler that returns a number above 0 is as bad. `complain` of the server's options is
 * told at once which route it was and what is wrong, and the answer is 500: for -ENXIO, and also if
 * the handler goes on, returns 0 and has filled in nothing.
 *
 * Threads: an exchange is for the task that runs its handler, with its joins, selects and time
 * limits. Other tasks give the handler what they have (bide/channel.h). Pointers that functions of
 * an exchange return are valid until its handler returns, unless it is said otherwise.
 */
#ifndef BIDE_HTTP_SERVER_H
#define BIDE_HTTP_SERVER_H

#include <bide/address.h>
#include <bide/io.h>
#include <bide/lang.h>
#include <bide/net.h>
#include <bide/shutdown.h>
#include <bide/tls.h>
#include <bide/unix.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_http_exchange bide_http_exchange;

/* Returns 0 or a negative errno. */
typedef bide_async_fn(int, bide_http_exchange *) bide_http_handler;

/* ---- the request ---- */

typedef enum bide_http_version {
    BIDE_HTTP_1_0 = 10,
    BIDE_HTTP_1_1 = 11,
    BIDE_HTTP_2 = 20,
} bide_http_version;

/* A header or trailer. Both are text with a zero byte after it. */
typedef struct bide_http_field {
    const char
        *name; /* as it came; in small letters with HTTP/2. Names are compared without case */
    const char *value; /* without blanks round it */
} bide_http_field;

/* "GET". Methods are compared with case (RFC 9110, 9.1). */
const char *bide_http_method(const bide_http_exchange *x);

/* The target as it came: "/users/7?full=1", "*" or "http://host/path". */
const char *bide_http_target(const bide_http_exchange *x);

/* The path of the target as it came, with its percent codes, and the query behind the first "?",
 * without that; "" if there is none. The path begins with "/", or is "*" (OPTIONS) or "" (CONNECT).
 */
const char *bide_http_path(const bide_http_exchange *x);
const char *bide_http_query(const bide_http_exchange *x);

/* The host that is asked for, with its port if the client has named one; "" if it has named none
 * (HTTP/1.0). It comes from the target or from Host or :authority, and was not checked otherwise.
 * */
const char *bide_http_host(const bide_http_exchange *x);

/* "http" or "https": how this connection is made. */
const char *bide_http_scheme(const bide_http_exchange *x);

/* Which version the client speaks. */
bide_http_version bide_http_version_of(const bide_http_exchange *x);

/* The value of the first header with this name, or NULL. */
const char *bide_http_request_header(const bide_http_exchange *x, const char *name);

/*
 * Returns 1 and stores the next header, in the order in which they came, or 0 at the end. *at is 0
 * at first.
 *
 *     size_t at = 0;
 *     for (bide_http_field field; bide_http_request_header_next(x, &at, &field) > 0;)
 *         printf("%s: %s\n", field.name, field.value);
 */
int bide_http_request_header_next(const bide_http_exchange *x, size_t *at, bide_http_field *field);

/* The value of the first trailer of the body with this name, or NULL. They are there when the body
 * has been read to its end. */
const char *bide_http_request_trailer(const bide_http_exchange *x, const char *name);

/* Returns 1 and stores the next trailer, or 0 at the end, as bide_http_request_header_next. */
int bide_http_request_trailer_next(const bide_http_exchange *x, size_t *at, bide_http_field *field);

/* The peer's address. -ENOTCONN, -EOPNOTSUPP: the connection has none (a pair in memory); then
 * address->size is 0. */
bide_must_use int bide_http_peer(const bide_http_exchange *x, bide_address *address);

/* The connection, for questions (bide/tls.h, bide/unix.h). Do not read, write or close it. NULL:
 * it is the handler's (bide_http_upgrade). */
const bide_stream *bide_http_connection(const bide_http_exchange *x);

/* `state` of the server's options. */
void *bide_http_state(const bide_http_exchange *x);

/* Memory that lives as long as the exchange: until its response was sent. Aligned for any type.
 * NULL: no memory. */
void *bide_http_alloc(bide_http_exchange *x, size_t size);

/* ---- the body of the request ---- */

/*
 * Reads at most `size` bytes of the body. Returns how many, at least 1, or 0 at its end. While the
 * client waits for it (Expect: 100-continue), the first call tells it to go on. Errors: -EMSGSIZE
 * (it is larger than allowed: 413), -EBADMSG (it is malformed: 400), -ETIMEDOUT (it comes too
 * slowly: 408), -ECONNRESET (the client has gone). They end the connection after the response; each
 * further call returns the same. -EBUSY: another branch of the handler reads it; nothing was done.
 * Cancelled: nothing was read.
 */
bide_must_use bide_async ssize_t bide_http_body_read(bide_http_exchange *x, void *buffer,
                                                     size_t size);

/*
 * Reads the rest of the body; *data is where it is, with a zero byte after it, in memory of the
 * exchange, and *size how much (NULL is allowed). Returns 0; an error of bide_http_body_read; or
 * -ENOMEM. Further calls return the same bytes.
 * Cancelled: what has come is kept; the next call goes on.
 */
bide_must_use bide_async int bide_http_body_all(bide_http_exchange *x, char **data, size_t *size);

/* The length that the client has told; -1: it has not (chunked). 0: there is no body. */
int64_t bide_http_body_length(const bide_http_exchange *x);

/* From now on a body of at most `size_max` bytes is allowed, instead of `body_bytes_max` of the
 * options. UINT64_MAX: of any size. */
void bide_http_body_limit(bide_http_exchange *x, uint64_t size_max);

/* ---- the headers of the response ---- */

/*
 * Set a header of the response in the place of all that have its name, add one more, or remove all
 * of this name. Name and value are copied. Date, Server, Content-Length, Transfer-Encoding and
 * Connection are set by the server as they are needed; what a handler sets of the first two is
 * kept, a Content-Length is what the handler promises to send (bide_http_send_begin), the others
 * are refused, but for "Connection: close".
 * Return 0; -EINVAL: the value has bytes that no header may have (RFC 9110, 5.5); -ENXIO: the name
 * is no token, or the header is the server's (see "Faults of the program"); -EALREADY: the head was
 * sent; -ENOMEM; -E2BIG: more than 1,000 headers.
 */
int bide_http_header_set(bide_http_exchange *x, const char *name, const char *value);
int bide_http_header_add(bide_http_exchange *x, const char *name, const char *value);
int bide_http_header_remove(bide_http_exchange *x, const char *name);

/* The value of the first header of the response with this name, or NULL. */
const char *bide_http_header_get(const bide_http_exchange *x, const char *name);

/* Returns 1 and stores the next header of the response, or 0 at the end, as
 * bide_http_request_header_next. Do not change headers meanwhile. */
int bide_http_header_next(const bide_http_exchange *x, size_t *at, bide_http_field *field);

/* Adds a trailer, which is sent behind the body of a response that is sent in pieces without a
 * length. Errors as above; -EALREADY: the end was sent. The trailers are left out where the
 * protocol has none (HTTP/1.0) or a length was told. */
int bide_http_trailer_add(bide_http_exchange *x, const char *name, const char *value);

/* ---- the response at once ---- */

/*
 * Fill in the response; a later one replaces it, with its body, its Content-Type and its
 * Content-Length, but other headers stay. It is sent when the handler returns. `status` is 200 to
 * 599, or -ENXIO (see "Faults of the program"). Return 0, so a handler may return what they return;
 * -EINVAL: the type or the location has bytes that no header may have; -EALREADY: the response was
 * begun; -ENOMEM.
 *
 * bide_http_reply           a copy of `size` bytes, also of those of an earlier response;
 *                           `type` is the Content-Type, NULL: none
 * bide_http_reply_borrowed  the bytes themselves, which must stay until the response was sent: in
 *                           static memory, in that of bide_http_alloc or bide_http_body_all
 * bide_http_reply_owned     the same, and `release` is called with `argument` as soon as they are
 *                           not needed any more, also after an error of this call
 * bide_http_reply_text      a copy of the text, as "text/plain; charset=utf-8"
 * bide_http_reply_format    the same, as printf(3) makes it
 * bide_http_reply_html      a copy of the text, as "text/html; charset=utf-8"
 * bide_http_reply_status    no body
 * bide_http_reply_redirect  a Location; the status is 301, 302, 303, 307 or 308
 *
 * A response to HEAD has the headers that one to GET would have, and its body is not sent. Those of
 * status 204 and 304 have no body.
 */
int bide_http_reply(bide_http_exchange *x, int status, const char *type, const void *data,
                    size_t size);
int bide_http_reply_borrowed(bide_http_exchange *x, int status, const char *type, const void *data,
                             size_t size);
int bide_http_reply_owned(bide_http_exchange *x, int status, const char *type, const void *data,
                          size_t size, void (*release)(void *argument), void *argument);
int bide_http_reply_text(bide_http_exchange *x, int status, const char *text);
int bide_http_reply_format(bide_http_exchange *x, int status, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));
int bide_http_reply_html(bide_http_exchange *x, int status, const char *html);
int bide_http_reply_status(bide_http_exchange *x, int status);
int bide_http_reply_redirect(bide_http_exchange *x, int status, const char *location);

/* The response as it is filled in: its status (0: there is none yet), and its body, NULL and 0 if
 * there is none. For what stands around handlers. */
int bide_http_reply_status_of(const bide_http_exchange *x);
const void *bide_http_reply_body(const bide_http_exchange *x, size_t *size);

/* ---- the response in pieces ---- */

/*
 * Sends the head of a response. If the header Content-Length was set, that many bytes are to
 * follow; otherwise they are sent as chunks (HTTP/1.1), or until the connection is closed
 * (HTTP/1.0). The end is sent when the handler returns 0, or by bide_http_send_end.
 *
 * Once this was called, an error of the handler cuts the connection, so that the client sees that
 * the response is not whole. So does a handler that has sent less than it promised.
 *
 * Return 0; -ENXIO: the status, or it has not begun (data, end); -EALREADY: it was begun (end:
 * ended) before; -EPROTO: more bytes than promised, or an operation has failed before; -ETIMEDOUT:
 * the client does not read; -ECONNRESET or another error of the connection.
 * Cancelled: what was sent is unknown; only an end of the connection can follow.
 */
bide_must_use bide_async int bide_http_send_begin(bide_http_exchange *x, int status);

/* Sends a part of the body. Returns when the connection has taken it, so who produces fast waits
 * for a client that reads slowly. `size` 0 sends what has been held back (the head), and no end. */
bide_must_use bide_async int bide_http_send_data(bide_http_exchange *x, const void *data,
                                                 size_t size);

/* Sends the end of the body, and the trailers. */
bide_must_use bide_async int bide_http_send_end(bide_http_exchange *x);

/* Sends an informational response, 102 to 199, with the headers that have been set so far, but for
 * a Content-Length: 103 (Early Hints, RFC 8297) and the like. The headers stay, for the response.
 * Nothing for HTTP/1.0. Errors as above. */
bide_must_use bide_async int bide_http_send_informational(bide_http_exchange *x, int status);

/* ---- other protocols ---- */

/*
 * Answers a request for an upgrade: sends status 101 with the headers that were set, "Connection:
 * upgrade" and "Upgrade: `protocol`", and stores in *stream the connection, with what has been read
 * ahead. The caller closes it; the handler goes on with it, and returns when it is done. What it
 * returns then is not answered. While the server drains, bide_http_drains is true.
 * Errors: -EOPNOTSUPP (HTTP/1.0, HTTP/2, or the client has not asked for this protocol), -EPROTO
 * (the request has a body that was not read), -EALREADY, -ENOMEM, or those of sending; then
 * *stream is NULL.
 * Cancelled: the connection is closed.
 */
bide_must_use bide_async int bide_http_upgrade(bide_http_exchange *x, const char *protocol,
                                               bide_stream **stream bide_gives(bide_stream_close));

/* True if the client has asked for an upgrade to this protocol, compared without case, on a
 * connection where that is possible. */
bool bide_http_wants_upgrade(const bide_http_exchange *x, const char *protocol);

/* ---- clients that go away, servers that end ---- */

typedef enum bide_http_gone {
    BIDE_HTTP_GONE_DEFAULT, /* the handlers of GET and HEAD are cancelled, others run on */
    BIDE_HTTP_GONE_CANCEL,
    BIDE_HTTP_GONE_RUN,
} bide_http_gone;

/*
 * What happens to the handler when its client goes away: resets or closes the connection, or, with
 * HTTP/2, cancels the request. A client that only ends its sending half counts as gone, unless the
 * options say half_close. It is noticed while the handler waits, and only once the request has been
 * read or has come completely; before that the next read of the body fails. So a handler of a GET
 * that has a body, and does not read it, is not cancelled. It is not noticed behind more requests
 * that have been sent ahead than the server reads ahead (`head_bytes_max`).
 */
void bide_http_gone_set(bide_http_exchange *x, bide_http_gone gone);

/* True if the client is known to have gone. */
bool bide_http_is_gone(const bide_http_exchange *x);

/* True if the server is to end: a handler that would go on for long, such as a stream of events,
 * ends then. */
bool bide_http_drains(const bide_http_exchange *x);

/* Waits for that; returns 0. Cancelled: nothing has happened. */
bide_async int bide_http_drain_wait(bide_http_exchange *x);

/* ---- errors ---- */

/*
 * The status for an error:
 *
 *   400  -EINVAL -EBADMSG -EDOM -ERANGE -EILSEQ -EOVERFLOW -EPROTO
 *   401  -EKEYREJECTED -ENOKEY -EKEYEXPIRED
 *   403  -EACCES -EPERM -EROFS
 *   404  -ENOENT -ENODATA -ENOTDIR -ESRCH
 *   409  -EEXIST -ENOTEMPTY -EALREADY
 *   412  -ESTALE
 *   413  -EMSGSIZE -E2BIG -EFBIG
 *   414  -ENAMETOOLONG
 *   415  -EPROTONOSUPPORT -EMEDIUMTYPE
 *   501  -ENOSYS -EOPNOTSUPP
 *   502  -ECONNREFUSED -ECONNRESET -ECONNABORTED -EPIPE -EHOSTUNREACH -ENETUNREACH
 *   503  -EAGAIN -EBUSY -ENOMEM -EMFILE -ENFILE -ENOBUFS -ESHUTDOWN -ECANCELED -EDEADLK
 *   504  -ETIMEDOUT
 *   507  -ENOSPC -EDQUOT
 *   500  all others
 */
int bide_http_status_of_error(int error);

/* The reason phrase of a status; "" if it is unknown. */
const char *bide_http_reason(int status);

/* ---- servers ---- */

typedef struct bide_http_server bide_http_server;

/*
 * Zero in a member means the default. A duration below 0, or UINT32_MAX, UINT64_MAX: no limit.
 * What a client does beyond a limit is answered as told, and ends the connection.
 */
typedef struct bide_http_server_options {
    void *state; /* for handlers: bide_http_state */

    /* ---- the head of a request ---- */
    uint32_t head_bytes_max;    /* of the line and all headers; default 16 KiB. Beyond: 431, or 414
                                  if it is in the target */
    uint32_t headers_max;       /* their number; default 100. Beyond: 431 */
    bide_duration head_timeout; /* from its first byte to its end. Default 10 s. Beyond: 408. The
                                   first byte of the first one has so much time, too; then the
                                   connection is closed */

    /* ---- the body of a request ---- */
    uint64_t body_bytes_max;    /* default 2 MiB; see bide_http_body_limit. Beyond: 413 */
    bide_duration body_timeout; /* for a body to come: this time, and 1 s for each
                                   `body_bytes_per_s`. It counts while the handler waits for it.
                                   Default 20 s. Beyond: 408 */
    uint32_t body_bytes_per_s;  /* default 1 KiB */
    uint64_t unread_bytes_max;  /* of a body that the handler has not read, so much is read and
                                   dropped to keep the connection; default 256 KiB */

    /* ---- responses ---- */
    bide_duration write_timeout; /* of a write that does not proceed; default 20 s. Then the
                                    connection is cut */
    bide_duration linger;        /* after a response that ends the connection while the client
                                    still sends, what it sends is read and dropped for so long, so
                                    that the response is not lost to a reset. Default 2 s; below 0:
                                    it is closed at once */

    /* ---- connections ---- */
    bide_duration idle_timeout;      /* between two requests; default 60 s. Then it is closed */
    uint32_t requests_max;           /* of a connection; the last one is answered with Connection:
                                     close. Default 1,000,000 */
    uint32_t connections_max;        /* at a time, of all cores together; default 10,000. Beyond it
                                     nothing is accepted: clients wait in the backlog */
    bide_duration handshake_timeout; /* of TLS; default 10 s */
    bool half_close;                 /* a client that has ended its sending half is served */

    /* ---- HTTP/2 ---- */
    uint32_t h2_streams_max;   /* requests of one connection at a time, those whose client has
                                  cancelled them and whose handlers run on too; default 100. Beyond
                                  it they are refused, and the client may try again */
    uint32_t h2_stream_window; /* bytes of a body that may come before the handler reads them;
                                  default 64 KiB */
    uint32_t h2_window;        /* the same for all bodies of a connection together; default 1 MiB,
                                  at least 64 KiB */
    uint32_t h2_frames_max;    /* frames that bring nothing (PING, SETTINGS, WINDOW_UPDATE, empty
                                  ones, ...) at once, */
    uint32_t h2_frames_per_s;  /* and a second. Requests and responses add to them. Default 1,000
                                  and 100. Beyond it the connection is ended */
    uint32_t h2_resets_max;    /* requests that are cancelled, or malformed, before their response
                                  was sent, at once, */
    uint32_t h2_resets_per_s;  /* and a second; each response that is sent adds one. Default 200
                                  and 20. Beyond it the connection is ended */

    /* ---- */
    bide_tls_context *tls;     /* connections of listeners are TLS; borrowed, so it must live as
                                     long as the server. With "h2" in its ALPN, HTTP/2 is served */
    bool no_prior_knowledge;   /* without TLS only HTTP/1 is served */
    bide_duration drain;       /* when the server is to end, the time for connections to end by
                                     themselves; the rest is cancelled. Default: no limit, which is
                                     left to bide_shutdown_run */
    const char *server_header; /* "Server:"; NULL: "bide"; "": none */

    /*
     * Errors become responses here: of handlers (a negative errno), with the status that
     * bide_http_status_of_error gives, and of requests that cannot be served (-EBADMSG and others,
     * with the status that is due). It fills in the response, as a handler does; if it returns a
     * negative errno, or fills in nothing, there is a response without a body. NULL: the response
     * is the status and its reason as text.
     */
    int (*error)(bide_http_exchange *x, int error, int status, void *argument);
    void *error_argument;

    /* Is told what goes wrong and has no response that could tell: a handler that failed after it
     * had begun to send, that has sent less or more than it promised, a listener that fails; and
     * where a handler misuses a call, which is answered with 500 (-ENXIO). `x` may be NULL. The
     * text is valid during the call. It must not wait. NULL: a line on stderr, which also has the
     * method and the path of the route (or of the request, if it has none). */
    void (*complain)(const bide_http_exchange *x, int error, const char *text, void *argument);
    void *complain_argument;
} bide_http_server_options;

/*
 * Makes a server. Everything in `options` is copied, but not what its pointers refer to, except the
 * header. Errors: -EINVAL, -ENOMEM; then *server is NULL.
 */
bide_must_use int bide_http_server_new(bide_http_handler handler,
                                       const bide_http_server_options *options,
                                       bide_http_server **server bide_gives(bide_http_server_free));

/* Frees a server, which does not run, and closes its listeners. NULL is ignored. */
void bide_http_server_free(bide_http_server *server);

/*
 * Listens on an address, as bide_tcp_listen does; port 0 chooses a free one
 * (bide_http_server_port). On a runtime that has cores each core listens. May be called several
 * times, for several addresses, before the server runs. Errors: those of bide_tcp_listen; -EBUSY:
 * it runs.
 */
bide_must_use int bide_http_server_listen(bide_http_server *server, const char *host,
                                          uint16_t port);

/* The same at a path, for a Unix socket (bide_unix_listen). */
bide_must_use int bide_http_server_listen_unix(bide_http_server *server, const char *path);

/* Has the server accept from a listener, which is the server's from now on if this returns 0. On a
 * runtime that has cores only the core of the caller accepts from it. -ENOMEM, -EBUSY. */
bide_must_use int bide_http_server_add_tcp(bide_http_server *server, bide_tcp_listener *listener);
bide_must_use int bide_http_server_add_unix(bide_http_server *server, bide_unix_listener *listener);

/* The port of the first TCP listener, or -ENOENT. */
int bide_http_server_port(const bide_http_server *server);

/*
 * Accepts and serves connections, each in a task of its own, until the shutdown begins (`shutdown`
 * may be NULL: until it is cancelled). Then the server drains: it accepts no more, connections
 * without a request are closed at once, the responses that are under way are the last ones of their
 * connections (Connection: close), and handlers that ask are told (bide_http_drains). Returns 0
 * when all connections have ended; -EBUSY: it runs already; -ENOENT: it has no listener;
 * -ETIMEDOUT: the time for the drain (`drain` of the options) was over; -ENXIO: there is no
 * runtime; an error of a listener; -ENOMEM.
 * Cancelled: its connections are cancelled, and have ended.
 */
bide_must_use bide_async int bide_http_server_run(bide_http_server *server,
                                                  bide_shutdown *shutdown);

/*
 * Serves one connection, over any stream, which it closes: for tests, and for other ways to accept.
 * The server need not run. `options.tls` is not used: make the TLS stream first. Returns 0 when the
 * connection has ended in whatever way; -ENOMEM. Cancelled: the connection is cut.
 */
bide_async int bide_http_server_serve_stream(bide_http_server *server, bide_stream *stream);

/* What a server has done; counts are since it was made. */
typedef struct bide_http_server_metrics {
    uint64_t accepted;    /* connections */
    uint64_t requests;    /* with a head that could be read */
    uint32_t connections; /* now */
} bide_http_server_metrics;

/* Any thread. The numbers are read one after another. */
void bide_http_server_metrics_read(const bide_http_server *server,
                                   bide_http_server_metrics *metrics);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
