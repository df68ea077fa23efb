/*
 * bench/http/load/h2.c: HTTP/2 (RFC 9113). A client that sends what all clients send after their
 * first request: a HEADERS frame whose fields are all in HPACK's tables. Of answers it reads the
 * heads of the frames, and that the status is 200: 0x88 in HPACK (RFC 7541, appendix A).
 */
#define _GNU_SOURCE
#include "load_http.h"

#include <stdio.h>
#include <string.h>

enum { FRAME_HEAD = 9, OPEN_AGAIN = 1 << 30, TURN_MAX = 16384 };
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

static void put_number(unsigned char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> (24 - 8 * i));
}

static size_t put_frame(unsigned char *at, int type, int flags, uint32_t stream,
                        const void *payload, size_t size)
{
    put_number(at, (uint32_t)size << 8 | (uint32_t)type); /* 24 bits of size */
    at[4] = (unsigned char)flags;
    put_number(at + 5, stream);
    if (size > 0)
        memcpy(at + FRAME_HEAD, payload, size);
    return FRAME_HEAD + size;
}

/* A literal with indexing; `index` of its name is in the static table. */
static size_t put_field(unsigned char *at, int index, const char *value)
{
    size_t size = strlen(value); /* less than 127 */
    at[0] = (unsigned char)(0x40 | index);
    at[1] = (unsigned char)size;
    memcpy(at + 2, value, size);
    return 2 + size;
}

/* The first request enters these four into the table; then the last one of them has index 62. */
static size_t first_block(const struct loop *loop, unsigned char *at)
{
    char authority[32];
    snprintf(authority, sizeof authority, "127.0.0.1:%d", loop->load->port);
    size_t size = 0;
    at[size++] = 0x82;                              /* :method GET */
    at[size++] = loop->shape->is_tls ? 0x87 : 0x86; /* :scheme */
    size += put_field(at + size, 4, loop->shape->path);
    size += put_field(at + size, 1, authority);
    size += put_field(at + size, 19, "*/*");
    size += put_field(at + size, 58, "load/1.0");
    return size;
}

static size_t put_request(struct loop *loop, struct conn *conn, unsigned char *at)
{
    unsigned char block[256] = {0x82, loop->shape->is_tls ? 0x87 : 0x86, 0xc1, 0xc0, 0xbf, 0xbe};
    size_t size = conn->stream == 1 ? first_block(loop, block) : 6;
    uint32_t stream = conn->stream;
    conn->stream += 2;
    return put_frame(at, HEADERS, END_STREAM | END_HEADERS, stream, block, size);
}

static void h2_turn(struct loop *loop, struct conn *conn)
{
    static unsigned char turn[TURN_MAX]; /* what is left of it is copied nowhere: it is small */
    size_t size = 0;
    if (conn->consumed >= OPEN_AGAIN) {
        unsigned char more[4];
        put_number(more, (uint32_t)conn->consumed);
        size += put_frame(turn, 8, 0, 0, more, sizeof more);
        conn->consumed = 0;
    }
    for (int i = 0; i < loop->shape->depth; i++)
        size += put_request(loop, conn, turn + size);
    send_all(conn, turn, size);
}

static void answer_control(struct conn *conn, int type, const unsigned char *payload, size_t size)
{
    unsigned char frame[64];
    send_all(conn, frame, put_frame(frame, type, ACK, 0, payload, size));
}

/* How many bytes after the head of the frame must be there before it is looked at. */
static size_t looked_at(int type, int flags, size_t size)
{
    if (type == PING)
        return 8;
    if (type != HEADERS)
        return 0;
    size_t most = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0) + 4U;
    return most > 16 - FRAME_HEAD ? 16 - FRAME_HEAD : most < size ? most : size;
}

static void check_status(int flags, const unsigned char *block, size_t size)
{
    size_t at = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0);
    if (at < size && (block[at] & 0xe0) == 0x20) /* a new size of the table comes first */
        return;
    if (at >= size || block[at] != 0x88)
        die_of_answer("not 200");
}

/* A frame of which `head` has the head and what is looked at. */
static void on_frame(struct loop *loop, struct conn *conn, size_t size)
{
    int type = conn->head[3], flags = conn->head[4];
    const unsigned char *payload = conn->head + FRAME_HEAD;
    if (type == GOAWAY || type == RST_STREAM)
        die_of_answer("the server has reset a stream or gone away");
    if (type == SETTINGS && !(flags & ACK))
        answer_control(conn, SETTINGS, NULL, 0);
    if (type == PING && !(flags & ACK))
        answer_control(conn, PING, payload, 8);
    if (type == HEADERS)
        check_status(flags, payload, conn->head_size - FRAME_HEAD);
    if (type == DATA) {
        conn->consumed += size;
        conn->body_seen += size;
    }
    if ((type == DATA || type == HEADERS) && flags & END_STREAM)
        loop_answered(loop, conn);
}

/* Bytes of DATA are added up over the answers of a turn. */
static void check_bodies(struct loop *loop, struct conn *conn)
{
    if (conn->waiting > 0 || conn->body_seen == 0)
        return;
    if (conn->body_seen != loop->shape->answer_size * (size_t)conn->asked)
        die_of_answer("the length");
    conn->body_seen = 0;
}

static void h2_take(struct loop *loop, struct conn *conn, const char *data, size_t size)
{
    while (size > 0) {
        size_t n = conn->to_skip < size ? conn->to_skip : size;
        conn->to_skip -= n;
        data += n;
        size -= n;
        if (size == 0)
            return;
        conn->head[conn->head_size++] = (unsigned char)*data++;
        size--;
        if (conn->head_size < FRAME_HEAD)
            continue;
        size_t whole = (size_t)conn->head[0] << 16 | (size_t)conn->head[1] << 8 | conn->head[2];
        if (conn->head_size < FRAME_HEAD + looked_at(conn->head[3], conn->head[4], whole))
            continue;
        on_frame(loop, conn, whole);
        conn->to_skip = whole - (conn->head_size - FRAME_HEAD);
        conn->head_size = 0;
        check_bodies(loop, conn);
    }
}

static void h2_begin(struct loop *loop, struct conn *conn)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /* No push; windows as large as they can be. */
    unsigned char first[256], settings[12] = {0, 2, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff};
    unsigned char more[4];
    char buffer[4096];
    size_t size = sizeof preface - 1;
    memcpy(first, preface, size);
    size += put_frame(first + size, SETTINGS, 0, 0, settings, sizeof settings);
    put_number(more, 0x7fffffff - 65535);
    size += put_frame(first + size, 8, 0, 0, more, sizeof more);
    conn->stream = 1;
    size += put_request(loop, conn, first + size);
    conn->asked = conn->waiting = 1;
    send_all(conn, first, size);
    while (conn->waiting > 0)
        h2_take(loop, conn, buffer, receive_some(conn, buffer, sizeof buffer));
}

const struct protocol protocol_h2 = {"h2", h2_begin, h2_turn, h2_take};
