/*
 * inside.h: how the parts of the room fit together.
 *
 *   memory.c    the memory of nghttp2, and buffers
 *   guard.c     what comes, frame by frame: what nghttp2 lets pass, and how much there may be of it
 *   streams.c   the objects for streams: made, found, used again
 *   head.c      the head of a request, and its trailers, field by field
 *   session.c   nghttp2's session and its callbacks
 *   output.c    what is to be sent, collected into one buffer
 *   reply.c     a response is given to nghttp2
 *   ops.c       the operations of an exchange, in async C
 *   serve.c     the parts of a connection that wait, in async C
 *
 * Invariants
 *  - nghttp2 makes no system call and waits for nothing. Its functions mem_recv and mem_send are
 *    never called within its callbacks, and neither within each other: `inside` counts.
 *  - A stream object is *received* (its head is coming), *served* (it is its lane's, a child of the
 *    set that runs one handler after another) or *free*. While nghttp2 has the stream open, `id` is
 *    its number and nghttp2 knows the object; from its close on, `id` is 0.
 *  - A handler runs on when its stream is closed; its operations return an error then.
 *  - Two buffers for output: `out` is filled, `sending` is being written. Nobody changes `sending`
 *    but the child that writes.
 */
#ifndef BIDE_EXTRA_HTTP_H2_INSIDE_H
#define BIDE_EXTRA_HTTP_H2_INSIDE_H

#include "extra/http/h2/h2.h"

#include <bide/lock.h>
#include <bide/set.h>
#include <bide/time.h>

#include <nghttp2/nghttp2.h>

enum {
    BIDE__H2_IN_SMALL = 4096,       /* a connection reads so much at once */
    BIDE__H2_IN_LARGE = 16384 + 9,  /* and so much while bodies come */
    BIDE__H2_OUT_MAX = 47 * 1024,   /* DATA is added to a buffer that is smaller than this, so that
                                       all fits into 64 KiB */
    BIDE__H2_QUEUE_MAX = 128,       /* frames that wait to be sent; then nothing more is read */
    BIDE__H2_CONTINUATIONS_MAX = 8, /* in one block of fields */
    BIDE__H2_RECENT = 512,          /* so many streams are remembered after their end */
    BIDE__H2_ROOM = 1024,           /* an exchange's first memory */
};

/* ---- memory.c ---- */

struct bide__h2_free {
    struct bide__h2_free *next;
};

enum { BIDE__H2_CLASSES = 8 }; /* 64 bytes, 128, ... 8192 */

/* The memory of one session: blocks that nghttp2 has given back are kept for the next request. */
struct bide__h2_memory {
    nghttp2_mem mem;
    struct bide__h2_free *spare[BIDE__H2_CLASSES];
    size_t spare_bytes;
    void *reserve;
    bool is_reserved; /* it is not in use */
};

/* 0 or -ENOMEM. */
int bide__h2_memory_begin(struct bide__h2_memory *m, uint32_t streams_max);
void bide__h2_memory_end(struct bide__h2_memory *m);

/* Gives back what is kept. */
void bide__h2_memory_trim(struct bide__h2_memory *m);

/* Bytes from `begin` to `end`; zeroes are an empty one. */
struct bide__h2_buffer {
    char *data;
    size_t begin, end, room;
};

static inline size_t bide__h2_buffer_size(const struct bide__h2_buffer *b)
{
    return b->end - b->begin;
}

/* Room for `size` more bytes behind the end. 0 or -ENOMEM. */
int bide__h2_buffer_reserve(struct bide__h2_buffer *b, size_t size);

int bide__h2_buffer_add(struct bide__h2_buffer *b, const void *data, size_t size);
void bide__h2_buffer_free(struct bide__h2_buffer *b);

/* ---- guard.c ---- */

/* How often something may happen: `left` times now, and `per_s` times more for each second. */
struct bide__h2_bucket {
    int64_t left, max, per_s; /* max < 0: any number of times */
    int64_t filled_ns;
};

struct bide__h2_guard {
    unsigned char head[9]; /* of the frame that is coming */
    uint8_t head_size;
    uint8_t preface_left; /* bytes of the preface that have not come */
    uint8_t type, flags;
    uint32_t payload_left;
    uint32_t id;
    uint32_t block_id; /* the stream whose block of fields is coming; 0: none is */
    uint32_t continuations;
    uint32_t frames_seen;     /* heads of frames */
    unsigned char setting[6]; /* the entry of SETTINGS that is coming */
    uint8_t setting_size;
    bool reads_settings;
    uint32_t last_id;                    /* the highest stream that the client has used */
    uint8_t recent[BIDE__H2_RECENT / 4]; /* two bits for each of the streams before it */
    struct bide__h2_bucket frames, resets;
};

struct bide__h2;
struct bide__h2_stream;

void bide__h2_guard_begin(struct bide__h2 *c);

/* Takes bytes that have come. 0, or a negative errno: the connection is over. */
int bide__h2_guard_feed(struct bide__h2 *c, const void *data, size_t size);

/* nghttp2 has opened a stream, or closed one, which `ours` has ended if we sent RST_STREAM before
 * the client was done. */
void bide__h2_guard_opened(struct bide__h2 *c, uint32_t id);
void bide__h2_guard_closed(struct bide__h2 *c, uint32_t id, bool ours);

/* A stream has ended before its response: one more of those that may. */
void bide__h2_guard_reset(struct bide__h2 *c);

/* Something useful has been done, so the client may do more. */
void bide__h2_guard_worked(struct bide__h2 *c, unsigned frames);
void bide__h2_guard_served(struct bide__h2 *c);

/* True: a frame, or a block of fields, has come in part. */
bool bide__h2_guard_is_amid(const struct bide__h2 *c);

/* ---- streams ---- */

enum bide__h2_use { BIDE__H2_FREE, BIDE__H2_RECEIVED, BIDE__H2_SERVED };

struct bide__h2_stream {
    bide_http_exchange x; /* first */
    struct bide__h2 *c;
    struct bide__h2_stream *next, *previous; /* of all */
    struct bide__h2_stream *next_free;
    int32_t id;
    uint8_t use; /* enum bide__h2_use */
    bool has_lane;
    bool is_retired; /* its lane is to end */

    /* The head of the request; texts are in `text`, each with a zero byte behind. */
    struct bide__h2_buffer text, trailer_text;
    struct bide__http_field *fields;
    uint32_t fields_room, trailers_room;
    struct bide__http_field *trailers;
    struct bide__http_fields head_fields, trailer_fields;
    struct bide__http_span method, target, authority, host;
    uint32_t list_bytes; /* as RFC 9113, 6.5.2 counts them */
    uint16_t crumbs;     /* fields "cookie" */
    uint8_t has;         /* pseudo-fields */
    bool is_trailer;     /* the block that is coming */
    bool is_secure_scheme;
    int refused;  /* the status that is due instead of the handler's; 0: none */
    bool expects; /* the client waits for 100 (Continue) */
    int64_t length;

    /* The body of the request. */
    struct bide__h2_buffer in;
    bool in_ended;
    bool drops_in; /* nobody reads it any more */
    int64_t waited_ns;

    /* The response. */
    const char *out; /* what is to be sent next */
    size_t out_left;
    bool out_ended;    /* nothing follows it */
    bool is_submitted; /* nghttp2 has the head */
    bool is_deferred;  /* nghttp2 waits for more of the body */
    bool is_sent;      /* the end of the response has gone to the buffer */
    bool is_reset;     /* we have reset it */
    bool is_gone;      /* it was closed before its end */

    uint32_t code; /* why it was closed */
    bide_notify work, in_news, out_news, gone_news;
    _Alignas(max_align_t) char room[BIDE__H2_ROOM];
};

/* ---- a connection ---- */

typedef bide_future_set(int) bide__h2_set;

struct bide__h2 {
    const struct bide__http_settings *settings;
    struct bide__http_connection *of;
    bide_stream *stream;
    nghttp2_session *session;
    struct bide__h2_memory memory;
    struct bide__h2_guard guard;
    bide__h2_set set;

    struct bide__h2_stream *streams, *free_streams;
    uint32_t busy;   /* those that are not free */
    uint32_t made;   /* stream objects */
    uint32_t bodies; /* requests whose bodies have not come completely */
    uint64_t requests;

    struct bide__h2_buffer out, sending;
    char *large;      /* of BIDE__H2_IN_LARGE bytes, while bodies come; may be NULL */
    bool reads_large; /* the read that waits, or the last one, is to `large` */
    char small[BIDE__H2_IN_SMALL];
    nghttp2_nv *nv; /* the head of a response */
    size_t nv_room;
    struct bide__h2_buffer names;

    int32_t resets_id; /* the stream that the client is just resetting */
    const char *why;   /* the connection was ended by us; NULL: nothing was wrong */
    uint8_t inside;    /* a function of nghttp2 that calls back is running */
    int error;         /* why the connection ends: a negative errno; 0: it does not */
    bool ends;         /* what there is to send is sent, and then it is over */
    bool is_over;
    bool is_draining; /* GOAWAY was sent, or is about to be */
    bool is_last;     /* the last GOAWAY was submitted */
    bool is_acked;    /* the client has acknowledged our settings */
    bool is_amid;     /* a head is coming, since amid_since */
    bool is_deaf;     /* nothing is read any more */
    bool sleeps;      /* nothing but the end of an idle connection is watched */
    bide_instant begun, idle_since, amid_since, drain_since;
    bide_timer timer;
    bide_notify news, room_news; /* for the child that writes; for the one that reads */
};

/* ---- streams.c ---- */

/* An object for a new stream; NULL: no memory. */
struct bide__h2_stream *bide__h2_stream_take(struct bide__h2 *c, int32_t id);

/* It is used no more, by nobody. */
void bide__h2_stream_give(struct bide__h2_stream *s);

/* Its lane ends: it is freed. */
void bide__h2_stream_lane_ended(struct bide__h2_stream *s);

/* nghttp2 has closed the stream, or the connection is gone. */
void bide__h2_stream_closed(struct bide__h2_stream *s, uint32_t code);

/* A request is whole: its lane serves it. */
void bide__h2_stream_serve(struct bide__h2_stream *s);

/* All streams are closed: the client has gone. */
void bide__h2_streams_gone(struct bide__h2 *c);

/* Frees the objects that are free; all of them, at the end. */
void bide__h2_streams_trim(struct bide__h2 *c);
void bide__h2_streams_free(struct bide__h2 *c);

/* Resets the stream, unless that has been done. */
void bide__h2_stream_reset(struct bide__h2_stream *s, uint32_t code);

/* Some of the body has been read, or is dropped: the client may send as much more. */
void bide__h2_stream_consume(struct bide__h2_stream *s, size_t size);

/* ---- head.c ---- */

/* A field has come. False: the message is malformed. */
bool bide__h2_head_field(struct bide__h2_stream *s, const uint8_t *name, size_t name_size,
                         const uint8_t *value, size_t value_size);

/* The block is whole. False: it is malformed. */
bool bide__h2_head_end(struct bide__h2_stream *s, bool ends);

/* Gives it to the exchange, which has been begun. */
void bide__h2_head_give(struct bide__h2_stream *s);

/* ---- session.c ---- */

/* 0 or -ENOMEM. */
int bide__h2_session_begin(struct bide__h2 *c);

/* Gives bytes to nghttp2. 0, or a negative errno. */
int bide__h2_session_receive(struct bide__h2 *c, const void *data, size_t size);

/* Ends the connection with a GOAWAY of this code, once what is to be sent was sent. */
void bide__h2_session_fail(struct bide__h2 *c, uint32_t code, const char *why);

/* The client begins no more streams: it is told that, and then from which one on none was served.
 * */
void bide__h2_session_shut(struct bide__h2 *c);
void bide__h2_session_shut_at(struct bide__h2 *c);

/* Ends the connection if nothing is left to be done. */
void bide__h2_session_look(struct bide__h2 *c);

/* ---- output.c ---- */

/* Collects what is to be sent, as far as there is room, and tells the child that writes. */
void bide__h2_pump(struct bide__h2 *c);

/* nghttp2_send_data_callback */
int bide__h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                       size_t size, nghttp2_data_source *source, void *data);

/* ---- reply.c ---- */

/* Gives the head of a response to nghttp2; `ends`: it has no body. 0 or a negative errno. */
int bide__h2_reply(struct bide__h2_stream *s, bool ends);

/* An informational one. */
int bide__h2_inform(struct bide__h2_stream *s, int status, bool with_headers);

/* ---- serve.c ---- */

/* There is something to watch the time for. */
void bide__h2_wake(struct bide__h2 *c);

/* ---- ops.c ---- */

extern const struct bide__http_ops bide__h2_ops;

#endif
