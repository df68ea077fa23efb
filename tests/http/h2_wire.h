/*
 * h2_wire.h: a client of HTTP/2 that writes frames byte by byte, right ones and wrong ones, and
 * reads what comes back.
 *
 *   struct wire w;
 *   wire_begin(&w, stream);
 *   wire_preface(&w);
 *   wire_fields(&w, W_END_STREAM | W_END_HEADERS, 1, WIRE_GET("/"));
 *   await wire_flush(&w);
 *   while (await wire_next(&w, &frame) > 0)
 *       ...
 *   wire_end(&w);
 *
 * What is written is collected until wire_flush. Its HPACK (RFC 7541) is literals without indexing;
 * what the server sends is decoded by nghttp2.
 */
#ifndef BIDE_TESTS_H2_WIRE_H
#define BIDE_TESTS_H2_WIRE_H

#include <bide/bide.h>

#include <nghttp2/nghttp2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum {
    W_DATA = 0,
    W_HEADERS = 1,
    W_PRIORITY = 2,
    W_RST_STREAM = 3,
    W_SETTINGS = 4,
    W_PUSH_PROMISE = 5,
    W_PING = 6,
    W_GOAWAY = 7,
    W_WINDOW_UPDATE = 8,
    W_CONTINUATION = 9,
};

enum { W_ACK = 1, W_END_STREAM = 1, W_END_HEADERS = 4, W_PADDED = 8, W_PRIORITISED = 0x20 };

enum {
    W_NO_ERROR = 0,
    W_PROTOCOL = 1,
    W_INTERNAL = 2,
    W_FLOW_CONTROL = 3,
    W_SETTINGS_TIMEOUT = 4,
    W_STREAM_CLOSED = 5,
    W_FRAME_SIZE = 6,
    W_REFUSED = 7,
    W_CANCEL = 8,
    W_COMPRESSION = 9,
    W_CALM = 11,
};

/* Fields as wire_fields takes them. */
#define WIRE_REQUEST(method, path) \
    ":method: " method "\n:scheme: http\n:authority: a.example\n:path: " path "\n"
#define WIRE_GET(path)  WIRE_REQUEST("GET", path)
#define WIRE_POST(path) WIRE_REQUEST("POST", path)

enum { WIRE_FRAME_MAX = 16384 };

struct wire {
    bide_stream *stream;
    unsigned char *out;
    size_t size, room;
    nghttp2_hd_inflater *inflater;
    unsigned char in[WIRE_FRAME_MAX + 1];
};

struct wire_frame {
    unsigned type, flags;
    uint32_t id;
    size_t size;
    const unsigned char *data; /* until the next call */
};

static inline void wire_begin(struct wire *w, bide_stream *stream)
{
    *w = (struct wire){.stream = stream};
    CHECK_EQ(nghttp2_hd_inflate_new(&w->inflater), 0);
}

static inline void wire_end(struct wire *w)
{
    nghttp2_hd_inflate_del(w->inflater);
    free(w->out);
    bide_stream_close(w->stream);
    w->stream = NULL;
}

/* ---- writing ---- */

static inline void wire_raw(struct wire *w, const void *data, size_t size)
{
    if (w->size + size > w->room) {
        w->room = 2 * (w->size + size);
        w->out = realloc(w->out, w->room);
        CHECK(w->out != NULL);
    }
    if (data != NULL)
        memcpy(w->out + w->size, data, size);
    else
        memset(w->out + w->size, 0, size);
    w->size += size;
}

/* The head of a frame; `size` may be a lie. */
static inline void wire_head(struct wire *w, unsigned type, unsigned flags, uint32_t id,
                             size_t size)
{
    unsigned char head[9] = {
        (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size,
        (unsigned char)type,         (unsigned char)flags,       (unsigned char)(id >> 24),
        (unsigned char)(id >> 16),   (unsigned char)(id >> 8),   (unsigned char)id};
    wire_raw(w, head, sizeof head);
}

/* `data` NULL: zeroes. */
static inline void wire_frame(struct wire *w, unsigned type, unsigned flags, uint32_t id,
                              const void *data, size_t size)
{
    wire_head(w, type, flags, id, size);
    wire_raw(w, data, size);
}

/* A frame whose payload is one number of four bytes: RST_STREAM, WINDOW_UPDATE. */
static inline void wire_number(struct wire *w, unsigned type, uint32_t id, uint32_t number)
{
    unsigned char bytes[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                              (unsigned char)(number >> 8), (unsigned char)number};
    wire_frame(w, type, 0, id, bytes, sizeof bytes);
}

static inline void wire_setting(struct wire *w, unsigned name, uint32_t value)
{
    unsigned char bytes[6] = {0,
                              (unsigned char)name,
                              (unsigned char)(value >> 24),
                              (unsigned char)(value >> 16),
                              (unsigned char)(value >> 8),
                              (unsigned char)value};
    wire_frame(w, W_SETTINGS, 0, 0, bytes, sizeof bytes);
}

static inline void wire_magic(struct wire *w)
{
    wire_raw(w, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

static inline void wire_preface(struct wire *w)
{
    wire_magic(w);
    wire_frame(w, W_SETTINGS, 0, 0, NULL, 0);
}

/* HPACK: a length of 7 bits or more, and the bytes. */
static inline size_t wire__string(unsigned char *to, const char *text, size_t size)
{
    size_t n = 0, rest = size;
    if (size < 127) {
        to[n++] = (unsigned char)size;
    } else {
        to[n++] = 127;
        for (rest -= 127; rest >= 128; rest >>= 7)
            to[n++] = (unsigned char)(rest | 128);
        to[n++] = (unsigned char)rest;
    }
    memcpy(to + n, text, size);
    return n + size;
}

/* Encodes one field as a literal without indexing; `to` has room. Returns how many bytes. */
static inline size_t wire_field(unsigned char *to, const char *name, size_t name_size,
                                const char *value, size_t value_size)
{
    size_t n = 1;
    to[0] = 0;
    n += wire__string(to + n, name, name_size);
    return n + wire__string(to + n, value, value_size);
}

/* Encodes lines like "name: value\n". */
static inline size_t wire_block(unsigned char *to, const char *text)
{
    size_t n = 0;
    for (const char *end; *text != '\0'; text = end + 1) {
        const char *colon = strstr(text + 1, ": ");
        end = strchr(text, '\n');
        CHECK(colon != NULL && end != NULL && colon < end);
        n += wire_field(to + n, text, (size_t)(colon - text), colon + 2, (size_t)(end - colon - 2));
    }
    return n;
}

/* A frame of fields, HEADERS if `type` is that. */
static inline void wire_fields_as(struct wire *w, unsigned type, unsigned flags, uint32_t id,
                                  const char *text)
{
    unsigned char *block = malloc(2 * strlen(text) + 16);
    CHECK(block != NULL);
    wire_frame(w, type, flags, id, block, wire_block(block, text));
    free(block);
}

static inline void wire_fields(struct wire *w, unsigned flags, uint32_t id, const char *text)
{
    wire_fields_as(w, W_HEADERS, flags, id, text);
}

/* Writes what was collected. An error: the server has closed, and the rest is dropped. */
static inline async int wire_flush(struct wire *w)
{
    int r = await bide_stream_write_all(w->stream, w->out, w->size, NULL);
    w->size = 0;
    return r;
}

/* ---- reading ---- */

static inline uint32_t wire_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next frame: 1, 0 at the end, or a negative errno. */
static inline async int wire_next(struct wire *w, struct wire_frame *frame)
{
    unsigned char head[9];
    size_t done = 0;
    int r = await bide_stream_read_exactly(w->stream, head, sizeof head, &done);
    if (r == -ENODATA && done == 0)
        return 0;
    if (r < 0)
        return r;
    frame->size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    frame->type = head[3];
    frame->flags = head[4];
    frame->id = wire_u32(head + 5);
    frame->data = w->in;
    CHECK(frame->size <= WIRE_FRAME_MAX && frame->id < 1u << 31);
    r = await bide_stream_read_exactly(w->stream, w->in, frame->size, NULL);
    return r < 0 ? r : 1;
}

/* The error code of RST_STREAM or GOAWAY. */
static inline uint32_t wire_code(const struct wire_frame *frame)
{
    return wire_u32(frame->data + (frame->type == W_GOAWAY ? 4 : 0));
}

/*
 * Decodes a whole block of fields into `text`, lines like "name: value\n". Each block that comes
 * must be decoded, or those after it are wrong. Returns its :status; 0: it has none.
 */
static inline int wire_decode(struct wire *w, const struct wire_frame *frame, char *text,
                              size_t room)
{
    const unsigned char *at = frame->data;
    size_t left = frame->size, n = 0;
    int status = 0, flags = 0;
    CHECK(frame->type == W_HEADERS && frame->flags & W_END_HEADERS);
    CHECK(!(frame->flags & (W_PADDED | W_PRIORITISED)));
    if (room > 0)
        text[0] = '\0';
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        ssize_t used = nghttp2_hd_inflate_hd2(w->inflater, &nv, &flags, at, left, 1);
        CHECK(used >= 0);
        at += used, left -= (size_t)used;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
            continue;
        if (nv.namelen == 7 && memcmp(nv.name, ":status", 7) == 0)
            status = atoi((const char *)nv.value);
        if (room > n)
            n += (size_t)snprintf(text + n, room - n, "%.*s: %.*s\n", (int)nv.namelen, nv.name,
                                  (int)nv.valuelen, nv.value);
    }
    nghttp2_hd_inflate_end_headers(w->inflater);
    return status;
}

#endif
