/*
 * internal.h: how the parts of libbide-websocket fit together.
 *
 *   utf8.c       text, checked as it comes
 *   mask.c       masking, a word at a time; keys
 *   frame.c      the head of a frame, read and written; codes
 *   deflate.c    zlib, with the door's memory
 *   extension.c  Sec-WebSocket-Extensions: offers and answers of permessage-deflate
 *   sha1.c       SHA-1 and Base64, for Sec-WebSocket-Accept
 *   handshake.c  what both sides of the handshake check and write
 *   life.c       options, made and freed, what can be asked
 *   input.c      what was received: frames to messages
 *   output.c     what is to be sent: messages to frames; who may write
 *   transfer.c   waiting, in async C: receive and send bytes
 *   message.c    receiving and sending messages, pings, the end
 *   url.c        ws:// and wss://
 *   client.c     connects
 *   server.c     accepts, from an exchange
 *
 * Invariants
 *  - A connection has two halves. `in` is touched only by the call that receives (`receiving`), of
 *    which there is one; `out` only by the call that writes (`writing`), of which there is one at a
 *    time. What they share is in `shared`, under the lock, which is never held over an await.
 *  - Frames that have been put into `out` are sent, in that order, by whoever writes next. Nothing
 *    is put there while a write is under way, so what is being written does not move.
 *  - Pongs, pings and the end wait in `shared` until a writer puts them into `out`: between frames,
 *    never within one. There is a place for a few pongs, so a peer cannot make them pile up: a new
 *    one replaces those that were not sent (RFC 6455, 5.5.3).
 *  - The turn (`turn`, a semaphore of one) is held for a message: by the call that sends it, or
 *    from its first part to its last.
 *  - After an error of the receiving half `in.failed` stays; after one of the sending half,
 *    `shared.unsent`.
 *  - Each call holds the connection (`holders`); the last one frees it.
 */
#ifndef BIDE_EXTRA_WEBSOCKET_INTERNAL_H
#define BIDE_EXTRA_WEBSOCKET_INTERNAL_H

#include "lib/runtime.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

#include <bide/lock.h>
#include <bide/token.h>
#include <bide/websocket.h>

struct z_stream_s;

/* ---- utf8.c ---- */

/* The state of a text of which a part was checked: 0 between characters. */
typedef uint32_t bide__utf8;

enum { BIDE__UTF8_BAD = 12 };

/* The state after these bytes; BIDE__UTF8_BAD as soon as no bytes could make it good. */
bide__utf8 bide__utf8_check(bide__utf8 state, const unsigned char *data, size_t size);

/* ---- mask.c ---- */

/* XORs `size` bytes with the key, beginning with its byte `at`, 0 to 3 (RFC 6455, 5.3). `to` may be
 * `from`. */
void bide__ws_mask(unsigned char *to, const unsigned char *from, size_t size,
                   const unsigned char key[4], unsigned at);

/* ---- frame.c ---- */

enum {
    BIDE__WS_MORE = 0, /* opcodes */
    BIDE__WS_TEXT = 1,
    BIDE__WS_BINARY = 2,
    BIDE__WS_CLOSE = 8,
    BIDE__WS_PING = 9,
    BIDE__WS_PONG = 10,

    BIDE__WS_HEAD_MAX = 14,
    BIDE__WS_CONTROL_MAX = 125,
};

struct bide__ws_head {
    uint64_t size; /* of the payload */
    unsigned char opcode;
    bool is_last, is_compressed, is_masked; /* FIN, RSV1, MASK */
    unsigned char key[4];
};

/* Reads a head of which `size` bytes are there. How many it has; 0: more are needed; -EPROTO: bits
 * or opcodes without a meaning, or a length that has too many bytes. */
int bide__ws_head_read(const unsigned char *data, size_t size, struct bide__ws_head *head);

/* Writes a head; how many bytes it has. */
size_t bide__ws_head_write(unsigned char *to, const struct bide__ws_head *head);

/* How many bytes a head has. */
size_t bide__ws_head_size(uint64_t size, bool is_masked);

/* True if a peer may send this code, and we may. */
bool bide__ws_code_is_good(unsigned code);

/* ---- deflate.c ---- */

/* What was agreed upon, for each direction. bits 0: no compression that way. */
struct bide__ws_way {
    unsigned char bits;
    bool alone;
};

struct bide__ws_agreed {
    bool on;
    struct bide__ws_way client, server; /* what each of them sends */
};

/* Each makes its state when there is none. 0 or -ENOMEM. */
int bide__ws_inflate_begin(struct z_stream_s **z, unsigned bits);
int bide__ws_deflate_begin(struct z_stream_s **z, unsigned bits, unsigned memory_level,
                           unsigned level);
void bide__ws_inflate_free(struct z_stream_s *z);
void bide__ws_deflate_free(struct z_stream_s *z);

/*
 * Inflates from *data, *size to `to`, of `room` bytes, which is more than 0. Moves *data and *size
 * on. How many bytes it has written; fewer than `room` means that it needs more input. -EPROTO: no
 * such data; -ENOMEM.
 */
ssize_t bide__ws_inflate(struct z_stream_s *z, const unsigned char **data, size_t *size,
                         unsigned char *to, size_t room);

/*
 * The same for deflating. With `flush`, all of the input comes out, up to the four bytes that end
 * it (RFC 7692, 7.2.1); it is done when fewer bytes than `room` were written.
 */
size_t bide__ws_deflate(struct z_stream_s *z, const unsigned char **data, size_t *size,
                        unsigned char *to, size_t room, bool flush);

/* The next message has nothing to do with the ones before it. */
void bide__ws_inflate_reset(struct z_stream_s *z);
void bide__ws_deflate_reset(struct z_stream_s *z);

/* ---- a connection ---- */

/* A control frame that waits to be sent. */
struct bide__ws_control {
    bool is_due;
    unsigned char size;
    unsigned char data[BIDE__WS_CONTROL_MAX];
};

enum { BIDE__WS_PONGS = 512 }; /* bytes for pongs that wait */

/* A buffer. Its bytes from begin to end are there. */
struct bide__ws_buffer {
    unsigned char *data;
    size_t begin, end, room; /* of `data` there is a byte more, for a zero */
};

enum bide__ws_way_in {
    BIDE__WS_AT_HEAD,    /* the head of a frame comes next */
    BIDE__WS_IN_DATA,    /* `head.size` bytes of payload are still to come, from `at` on */
    BIDE__WS_IN_CONTROL, /* the same, of a control frame */
    BIDE__WS_AT_TAIL,    /* the message is compressed, and is whole but for its last four bytes */
};

struct bide__ws_in {
    enum bide__ws_way_in state;
    int failed;                     /* what all further calls return; 0: nothing */
    struct bide__ws_buffer bytes;   /* as they came; not unmasked from begin on */
    struct bide__ws_buffer message; /* as it grows, if it does not lie in `bytes` as a whole */
    bool is_direct;                 /* the fill that is under way goes to `message` */
    size_t direct;                  /* bytes at its end that came there, and are not checked yet */
    bool wants_parts;               /* the call that waits */
    bool was_full;                  /* the last fill has used all of the room */
    bool is_new;                    /* something has come since heard_ns was set */

    struct bide__ws_head head;
    unsigned at; /* of the key */

    bool in_message, in_parts, is_first; /* of a message; parts of it are handed out */
    bool is_compressed;
    bide_websocket_kind kind;
    uint64_t fragments;
    bide__utf8 text;
    struct z_stream_s *inflate;
    const unsigned char *piece; /* unmasked and not inflated */
    size_t piece_size;
    bool holds_more; /* zlib may: it has filled all the room that it was given */

    unsigned char *zero; /* where a zero byte was put, and what was there */
    unsigned char under_zero;

    struct bide__ws_control control;

    int64_t heard_ns;   /* when something came last */
    int64_t asked_ns;   /* when the ping was sent that was not answered; 0: none is */
    int64_t message_ns; /* when a wait for more of the message began; 0: none did */
};

struct bide__ws_out {
    struct bide__ws_buffer bytes;
    struct z_stream_s *deflate;
    unsigned char tail[4]; /* compressed, and held back: it may be the end (RFC 7692, 7.2.1) */
    size_t tail_size;
    bool is_compressed;         /* the message that is being sent */
    bool has_begun;             /* a frame of it was put */
    bide__utf8 text, next_text; /* of a message in parts; after the part that is being sent */
    unsigned char keys[64];
    size_t keys_left;
};

struct bide__ws_shared {
    uint32_t lock;
    unsigned holders;
    bool closed; /* freed by its owner */
    bool receiving, draining, writing, sends_part;
    unsigned waiters; /* calls that wait for `written` */
    bool in_parts;    /* a message is being sent in parts */
    bool is_cut;      /* a message can not be finished */
    bool end_is_said; /* the end is to be sent, or was; nothing else is after it */
    bool end_is_put;  /* it is in `out` */
    bool end_has_come;
    bool shutdown_is_told;
    int unsent; /* why nothing can be sent any more; 0: it can */
    struct bide__ws_control ping, end;
    /* Pongs, the oldest first: a byte with the size of each, and what it returns. */
    unsigned char pongs[BIDE__WS_PONGS];
    size_t pongs_size;
    bide_websocket_kind part_kind;
    uint64_t sent;
    int64_t end_ns; /* when the end was said; 0: it was not */
};

struct bide_websocket {
    bide_stream *stream;
    bool is_client;
    struct bide__ws_agreed agreed;
    /* The options, with their defaults. */
    size_t message_max, send_max, size_min;
    uint64_t frame_max, fragments_max;
    int64_t message_timeout_ns, ping_interval_ns, pong_timeout_ns; /* INT64_MAX: none */
    int64_t send_timeout_ns, close_timeout_ns;
    unsigned memory_level, level;
    bide_token *stopping; /* cancelled when the program, or the server, is to end; NULL: never */
    bide_shutdown_hook hook;
    char *subprotocol; /* NULL: none */

    bide_semaphore turn;
    bide_notify written; /* the writer has ended */
    bide_notify over;    /* nobody receives any more */
    struct bide__ws_shared shared;
    struct bide__ws_in in;
    struct bide__ws_out out;

    unsigned end_code;
    char end_reason[BIDE__WS_CONTROL_MAX];
};

/* ---- life.c ---- */

/* Checks the options, which may be NULL: 0 or -EINVAL. */
int bide__ws_options_check(const bide_websocket_options *options);

/* Makes a connection, with what was agreed upon. The subprotocol is copied; "" or NULL: none. If
 * the token `above` is cancelled, the peer is told that we go away; it may be NULL. */
int bide__ws_new(bide_stream *stream, bool is_client, const bide_websocket_options *options,
                 const struct bide__ws_agreed *agreed, const char *subprotocol, bide_token *above,
                 bide_websocket **ws);

/* Bytes that were read before. 0 or -ENOMEM. */
int bide__ws_ahead(bide_websocket *ws, const void *data, size_t size);

/* The connection is not handed out: frees it, but not its stream. */
void bide__ws_abandon(bide_websocket *ws);

/* The call of this name begins, and holds the connection: 0, -EBADF, or -EXDEV or -ENXIO if it
 * cannot be made here, which must be found before anything is taken. It ends. */
int bide__ws_hold(bide_websocket *ws, const char *name);
void bide__ws_let_go(bide_websocket *ws);

/* Makes room in a buffer for `size` bytes behind its end, moving what is there to its front. If it
 * has to grow, it doubles, but not beyond `most` bytes if these are enough. 0 or -ENOMEM. */
int bide__ws_reserve(struct bide__ws_buffer *b, size_t size, size_t most);
void bide__ws_buffer_free(struct bide__ws_buffer *b);

/* ---- input.c, all for the call that receives ---- */

/*
 * Takes what was received. Returns 1: *m is a message, or a part; 0: more has to come; 2: the peer
 * has said the end; or an error, which stays. *code is what the peer has to be told then; 0:
 * nothing.
 */
int bide__ws_step(bide_websocket *ws, bool in_parts, bide_websocket_message *m, unsigned *code);

/* The place for what the stream gives next. 0 or -ENOMEM. Then how much came. */
int bide__ws_fill_begin(bide_websocket *ws, unsigned char **data, size_t *size);
void bide__ws_fill_came(bide_websocket *ws, size_t size);

/* Lets go of buffers that a silent connection does not need. */
void bide__ws_trim(bide_websocket *ws);

/* ---- output.c ---- */

/* Becomes the writer: 0; 1: another one writes, wait for `written`; or an error. */
int bide__ws_write_begin(bide_websocket *ws);
void bide__ws_write_wait_is_over(bide_websocket *ws);
void bide__ws_write_end(bide_websocket *ws);

/* True if something is to be sent, and nobody is sending it. */
bool bide__ws_must_write(bide_websocket *ws);

/* For the writer: puts pongs, pings and the end into the buffer if it is empty. Returns true if
 * there is something in it. */
bool bide__ws_put_controls(bide_websocket *ws);

/*
 * For the writer, with nothing in the buffer but what bide__ws_put_controls has put: puts the next
 * frame of a message there. *data and *size are what is left of it. Returns 1: more frames follow;
 * 0: this was the last; or an error. `ends`: the message ends with the data.
 */
int bide__ws_put_frame(bide_websocket *ws, bide_websocket_kind kind, const unsigned char **data,
                       size_t *size, bool ends);

/* Begins a message that is sent. 0 or -ENOMEM. */
int bide__ws_message_begin(bide_websocket *ws, size_t size);

/* So many bytes were written. An error: nothing can be sent any more. */
void bide__ws_wrote(bide_websocket *ws, size_t size);
void bide__ws_write_failed(bide_websocket *ws, int error);

/* Leaves something to be sent, by whoever writes next. The end: `code` 0 is none. */
void bide__ws_say_pong(bide_websocket *ws, const struct bide__ws_control *ping);
void bide__ws_say_ping(bide_websocket *ws, const void *data, size_t size);
void bide__ws_say_end(bide_websocket *ws, unsigned code, const char *reason, size_t size);

void bide__ws_say_shutdown(bide_websocket *ws);

/* Why no message can be sent; 0: one can. */
int bide__ws_unsendable(bide_websocket *ws);

/* The program, or the server, is to end. */
bool bide__ws_shutdown_begun(const bide_websocket *ws);

/* Either side has said the end. */
bool bide__ws_is_ended(bide_websocket *ws);

/* A message was left unfinished. */
void bide__ws_cut(bide_websocket *ws);

/* A time after another one, which is never too late to be told; INT64_MAX: never. */
static inline int64_t bide__ws_after(int64_t ns, int64_t time_ns)
{
    return time_ns == INT64_MAX || ns > INT64_MAX - time_ns ? INT64_MAX : ns + time_ns;
}

static inline void bide__ws_lock(bide_websocket *ws)
{
    lock_take(&ws->shared.lock);
}

static inline void bide__ws_unlock(bide_websocket *ws)
{
    lock_give(&ws->shared.lock);
}

/* By its owner. */
static inline bool bide__ws_is_closed(bide_websocket *ws)
{
    bide__ws_lock(ws);
    bool is = ws->shared.closed;
    bide__ws_unlock(ws);
    return is;
}

#endif
