/*
 * bide/websocket.h: WebSocket (RFC 6455) with permessage-deflate (RFC 7692), as client and server.
 * Link with -lbide-websocket. docs/websocket.md is the guide.
 *
 * A connection sends and receives messages, of text or of bytes. A handler of a server gets one
 * from its exchange:
 *
 *     bide_websocket *ws;
 *     bide_websocket_message m;
 *     int rc = await bide_websocket_accept(x, NULL, &ws);
 *     if (rc <= 0)
 *         return rc;
 *     defer { bide_websocket_free(ws); }
 *     while ((rc = await bide_websocket_recv(ws, &m)) > 0)
 *         if ((rc = await bide_websocket_send(ws, m.kind, m.data, m.size)) < 0)
 *             break;
 *     return rc;
 *
 * Pings are answered, the end is said and answered, text is checked to be UTF-8, and broken frames
 * end the connection, all inside these calls. A connection has no task of its own: answers, pings
 * that keep it alive, and the shutdown of the program are seen to while a task waits in
 * bide_websocket_recv. So let one task receive all the time.
 *
 * One task may receive while any number of others send: messages go out one after another, in the
 * order of the calls, and pings, pongs and the end between the frames of a long message.
 *
 * A connection follows the rules of the stream below it (bide/io.h), also those about threads: on a
 * runtime with several workers, one may receive while another sends.
 *
 * Failures are returned as negative errno.
 */
#ifndef BIDE_WEBSOCKET_H
#define BIDE_WEBSOCKET_H

#include <bide/http_server.h>
#include <bide/io.h>
#include <bide/lang.h>
#include <bide/shutdown.h>
#include <bide/tls.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bide_websocket bide_websocket;

typedef enum bide_websocket_kind {
    BIDE_WEBSOCKET_TEXT = 1, /* UTF-8 */
    BIDE_WEBSOCKET_BINARY = 2,
} bide_websocket_kind;

/* Status codes of an end (RFC 6455, 7.4.1, and the registry of IANA). Applications have 4000 to
 * 4999 for themselves. */
typedef enum bide_websocket_code {
    BIDE_WEBSOCKET_NORMAL = 1000,
    BIDE_WEBSOCKET_GOING_AWAY = 1001, /* a server that ends, a page that is left */
    BIDE_WEBSOCKET_PROTOCOL = 1002,
    BIDE_WEBSOCKET_UNSUPPORTED = 1003, /* data of a kind that it does not take */
    BIDE_WEBSOCKET_NO_CODE = 1005,     /* never sent: the peer has said the end without a code */
    BIDE_WEBSOCKET_CUT = 1006,         /* never sent: the connection has ended without that */
    BIDE_WEBSOCKET_NOT_TEXT = 1007,    /* text that is not UTF-8 */
    BIDE_WEBSOCKET_POLICY = 1008,
    BIDE_WEBSOCKET_TOO_LARGE = 1009,
    BIDE_WEBSOCKET_NO_EXTENSION = 1010,
    BIDE_WEBSOCKET_SERVER_ERROR = 1011,
    BIDE_WEBSOCKET_RESTART = 1012,
    BIDE_WEBSOCKET_TRY_LATER = 1013,
} bide_websocket_code;

/* ---- options ---- */

/* Compression. It is used if both sides have it on. Zero in a member means the default. */
typedef struct bide_websocket_deflate_options {
    bool on;
    /*
     * The window of each direction is 2^bits bytes, 9 to 15; default 15. What we send is compressed
     * with `send_bits` at most, and the peer is asked for `receive_bits` at most: a server can ask
     * only a client that has offered that, and otherwise does not compress.
     *
     * Memory of a connection that compresses: to send, 2^(send_bits + 2) + 2^(memory_level + 9)
     * bytes and 6 KiB, 262 KiB with the defaults; to receive, 2^receive_bits bytes and 10 KiB,
     * 42 KiB. Each is allocated with the first message that needs it, and kept.
     */
    unsigned send_bits, receive_bits;
    unsigned memory_level; /* 1 to 9, of zlib; default 8 */
    unsigned level;        /* 1, fast, to 9, small; default 6 */
    size_t size_min;       /* shorter messages are sent as they are; default 64 */
    /* Each message is compressed by itself, not with the ones before it as context. */
    bool send_alone, receive_alone;
} bide_websocket_deflate_options;

/* Why a client has no connection. Filled in by a call that fails. */
typedef struct bide_websocket_failure {
    int error;      /* what the call returned */
    int status;     /* of the server's answer, if that was no 101; else 0 */
    char text[200]; /* for people; never empty */
} bide_websocket_failure;

/* A field of the client's request. */
typedef struct bide_websocket_header {
    const char *name, *value;
} bide_websocket_header;

/*
 * Zero in a member means the default; a time below 0 means that there is no limit. Everything is
 * used before the call returns, but for `shutdown`.
 */
typedef struct bide_websocket_options {
    /* ---- what the peer may do ---- */

    /* Bytes of a message for bide_websocket_recv, decompressed; default 1 MiB. One that is larger
     * ends the connection with 1009. */
    size_t message_max;
    uint64_t frame_max;     /* bytes of a frame as it is sent; default 16 MiB */
    uint64_t fragments_max; /* frames of a message; default 131072 */
    /* From the first byte of a message that bide_websocket_recv receives to its last one; default
     * 60 s. After it, the connection ends with 1008. */
    bide_duration message_timeout;
    /* If nothing has come for this time, it is asked for a sign of life (a ping); default 30 s. */
    bide_duration ping_interval;
    bide_duration pong_timeout;  /* for any sign of life then; default 30 s */
    bide_duration send_timeout;  /* for what is sent at once, up to send_max bytes; default 30 s */
    bide_duration close_timeout; /* for the peer's answer to our end; default 5 s */

    /* ---- what we do ---- */

    /* Bytes of a frame that we send, 126 or more; default 64 KiB. A larger message is sent in
     * several frames. This is also how much memory sending takes, once that much was sent. */
    size_t send_max;
    bide_websocket_deflate_options deflate;
    /* When this begins, the peer is told that we go away (1001). It must outlive the connection. */
    bide_shutdown *shutdown;

    /* ---- the handshake ---- */

    /* The client offers all; the server takes the first of its own that the client offers, and none
     * if there is none. */
    const char *const *subprotocols;
    size_t subprotocol_count;
    /* A server: the origins whose pages may connect, as "https://example.org", compared without
     * regard to case. Others are refused with 403, but not clients without an origin, which are no
     * browsers. Without a list all may: then what a page of others can do with the cookies of your
     * users must do no harm. */
    const char *const *origins;
    size_t origin_count;

    /* ---- only a client ---- */

    const bide_websocket_header *headers; /* more fields of the request */
    size_t header_count;
    const char *origin;              /* NULL: none is sent */
    bide_tls_context *tls;           /* for wss; NULL: one that trusts whom the system trusts */
    bide_duration connect_timeout;   /* for all up to the answer; default 30 s */
    bide_websocket_failure *failure; /* may be NULL */
} bide_websocket_options;

/* ---- beginning ---- */

/*
 * A server: answers a request that wants a WebSocket, in its handler, and takes the connection out
 * of HTTP. `options` may be NULL. The handler should return when the WebSocket has ended.
 *
 * Returns 1; or 0 if the client gets no WebSocket, since its request is no good or wants something
 * else: then the response is filled in (400, 403, 405, 426, or 501 with HTTP/2, as `error` of the
 * server's options makes it; bide_http_problem has the reason), for the handler to return 0.
 * Errors: -ENXIO (the options: a fault of the program, see bide/http_server.h), -ENOMEM, and those
 * of bide_http_upgrade. After 0 and errors *ws is NULL.
 *
 * When the server is to end, the peer is told that we go away, as with `shutdown` of the options.
 * Cancelled: the connection ends.
 */
bide_must_use bide_async int bide_websocket_accept(
    bide_http_exchange *x, const bide_websocket_options *options,
    bide_websocket **ws bide_gives(bide_websocket_free));

/*
 * A client: connects to a URL, "ws://host:port/path?query" or "wss:...", with no user and no
 * fragment. The port is 80 or 443 by default. A proxy is not used, and a redirection not followed.
 * `options` may be NULL.
 *
 * Errors: -EINVAL (the URL, the options), -EPROTO (the server's answer is no good, or no 101: the
 * failure has its status), -ETIMEDOUT, -ECONNABORTED (it ended before that), -ENOMEM, those of
 * bide_tcp_connect and bide_tls_connect. Then *ws is NULL.
 * Cancelled: nothing stays open.
 */
bide_must_use bide_async int bide_websocket_connect(
    const char *url, const bide_websocket_options *options,
    bide_websocket **ws bide_gives(bide_websocket_free));

/*
 * The same over a stream that exists. `url` gives the host and the path, and its scheme counts for
 * nothing. The stream belongs to *ws from then on; after an error it stays the caller's, who can
 * only close it.
 */
bide_must_use bide_async int bide_websocket_connect_over(
    bide_stream *stream, const char *url, const bide_websocket_options *options,
    bide_websocket **ws bide_gives(bide_websocket_free));

typedef enum bide_websocket_role {
    BIDE_WEBSOCKET_SERVER = 1,
    BIDE_WEBSOCKET_CLIENT = 2,
} bide_websocket_role;

/*
 * Makes a connection of a stream on which the handshake is done, or which needs none: for tests,
 * and for servers of your own. `ahead` are `size` bytes that were read from the stream already.
 * With options->deflate.on, compression is used as if just that had been agreed upon. The stream
 * belongs to *ws from then on.
 * Errors: -EINVAL, -ENOMEM; then it stays the caller's, and *ws is NULL.
 */
bide_must_use int bide_websocket_of_stream(bide_stream *stream, bide_websocket_role role,
                                           const void *ahead, size_t size,
                                           const bide_websocket_options *options,
                                           bide_websocket **ws bide_gives(bide_websocket_free));

/* ---- receiving ---- */

/* A message, or a part of one. The data is the connection's, valid until the next call that
 * receives, and yours to change. A zero byte follows it. */
typedef struct bide_websocket_message {
    bide_websocket_kind kind;
    bool is_first, is_last; /* of a message; a whole one is both */
    char *data;
    size_t size;
} bide_websocket_message;

/*
 * Waits for a message. Returns 1, or 0 if the peer has said that this is the end: then it has the
 * answer, and bide_websocket_end_code says why it ended. All messages that came before are returned
 * first, also after an end of ours.
 *
 * Errors, after which nothing more is received, and the same is returned again:
 *   -ECONNABORTED  the stream has ended, without an end of the peer
 *   -EPROTO        the peer has broken the protocol; it was told so (1002)
 *   -EILSEQ        text is not UTF-8, which is found at the first wrong byte (1007)
 *   -EMSGSIZE      a message, a frame or a number of frames exceeds its limit (1009)
 *   -ETIMEDOUT     a message did not come to its end in time (1008), the peer has given no sign of
 *                  life, or no answer to our end
 *   -ENOMEM        (1011), and those of bide_stream_read
 * Others: -EBUSY: another task receives, or bide_websocket_recv_part is in the middle of a message.
 * Cancelled: nothing was taken; what has come of a message is kept.
 */
bide_must_use bide_async int bide_websocket_recv(bide_websocket *ws,
                                                 bide_websocket_message *message);

/*
 * The same in parts, for messages of any size: returns 1 with what has come of a message, at least
 * 1 byte unless it is the last part. Parts do not follow the frames. The limits message_max and
 * message_timeout do not hold. Text is checked, but a part may end within a character.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_websocket_recv_part(bide_websocket *ws,
                                                      bide_websocket_message *part);

/* ---- sending ---- */

/*
 * Sends a message. Returns 0 when the stream below has taken it.
 * Errors: -EILSEQ (text that is not UTF-8; nothing was sent), -EINVAL (the kind), -EPIPE (the end
 * was said, by either side, or a message was cut), -ESHUTDOWN (the shutdown of the options has
 * begun; the peer is told), -ETIMEDOUT (the peer does not take it), -ENOMEM, and those of
 * bide_stream_write. After those of the stream and -ETIMEDOUT nothing can be sent any more; what
 * has come can still be received.
 *
 * Cancelled: a message of up to send_max bytes either was not taken, and nothing of it is sent; or
 * it was taken, and goes out as a whole, what is left of it by the next call that sends or
 * receives. bide_websocket_sent tells which. A larger one may be cut between two of its frames: if
 * so, the connection is broken, further messages are -EPIPE, and bide_websocket_close can still say
 * the end.
 */
bide_must_use bide_async int bide_websocket_send(bide_websocket *ws, bide_websocket_kind kind,
                                                 const void *data, size_t size);

/* The same for a string, as text. */
bide_must_use bide_async int bide_websocket_send_text(bide_websocket *ws, const char *text);

/*
 * Sends a part of a message, which ends with the one that `is_last`. The first part tells the kind,
 * and begins the message: other messages wait until its end. An empty part is allowed. Parts may
 * end within a character. Errors as bide_websocket_send; -EILSEQ (of the text in all) leaves the
 * message as before the part. -EBUSY: another task is sending a part of it.
 * Cancelled: as bide_websocket_send; a part of up to send_max bytes is never cut, and the message
 * can go on.
 */
bide_must_use bide_async int bide_websocket_send_part(bide_websocket *ws, bide_websocket_kind kind,
                                                      const void *data, size_t size, bool is_last);

/*
 * Sends a ping, with up to 125 bytes. The answer is received and dropped by bide_websocket_recv.
 * Returns as bide_websocket_send; -EINVAL: it is too long. Of two pings at once, one may be sent.
 * Cancelled: it was sent, or is by the next call that sends or receives.
 */
bide_must_use bide_async int bide_websocket_ping(bide_websocket *ws, const void *data, size_t size);

/* ---- the end ---- */

/*
 * Says that this is the end, and waits until the peer has said so, too, at most close_timeout: the
 * closing handshake. A message that is being sent comes first. Messages that come are dropped,
 * unless another task receives: it gets them, and then 0. `code` is 1000 to 1014 but for 1004 to
 * 1006, or 3000 to 4999; 0: none is sent. `reason` is UTF-8 of at most 123 bytes, or NULL.
 * A client then also waits for the server to end the stream.
 *
 * Returns 0; -EINVAL or -EILSEQ (the code, the reason); -ETIMEDOUT, or another error of
 * bide_websocket_recv or _send: the end was not answered. If the peer has said it before, that is
 * no error. It does not free the connection.
 * Cancelled: the end may be sent, and another call goes on to wait.
 */
bide_async int bide_websocket_close(bide_websocket *ws, unsigned code, const char *reason);

/*
 * Ends the connection at once, and frees it. The peer notices a connection that was cut, unless the
 * end was said and answered before. NULL is ignored. A call that waits ends with -EBADF; none may
 * begin.
 */
void bide_websocket_free(bide_websocket *ws);

/* Why it ended: the peer's code; BIDE_WEBSOCKET_NO_CODE; or BIDE_WEBSOCKET_CUT if it has not said
 * the end (yet). */
unsigned bide_websocket_end_code(const bide_websocket *ws);

/* The peer's reason; "" if there is none. It is the connection's. */
const char *bide_websocket_end_reason(const bide_websocket *ws);

/* ---- questions ---- */

/* The subprotocol that was agreed upon; "" if there is none. */
const char *bide_websocket_subprotocol(const bide_websocket *ws);

/* True if messages may be compressed. */
bool bide_websocket_is_compressed(const bide_websocket *ws);

/* How many messages were taken to be sent, since the beginning; right at all times. One in parts
 * counts with its last part. */
uint64_t bide_websocket_sent(const bide_websocket *ws);

/* The stream below. It stays the connection's; do not read or write it. */
bide_stream *bide_websocket_stream(const bide_websocket *ws);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
