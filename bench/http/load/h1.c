/*
 * bench/http/load/h1.c: HTTP/1.1 with keep-alive, and the messages of WebSockets. The first answer
 * of a load is looked at in full. All others must be as long, and begin and end in the same way;
 * those in chunks have no fixed length, and end with the last chunk.
 */
#define _GNU_SOURCE
#include "load_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_MAX = 4096, WS_HEAD = 2, WS_MASK = 4 };

/* What has come of a first answer; a NUL follows. */
struct text {
    char *data;
    size_t size, room;
};

static void receive_more(struct conn *conn, struct text *text)
{
    if (text->room - text->size < HEAD_MAX) {
        text->room = 2 * text->room + 2 * (size_t)HEAD_MAX;
        text->data = realloc(text->data, text->room);
        if (text->data == NULL)
            die("realloc");
    }
    text->size += receive_some(conn, text->data + text->size, text->room - text->size - 1);
    text->data[text->size] = '\0';
}

static size_t receive_head(struct conn *conn, struct text *text)
{
    char *end = NULL;
    do
        receive_more(conn, text);
    while ((end = strstr(text->data, "\r\n\r\n")) == NULL);
    return (size_t)(end - text->data) + 4;
}

/* The value of a header, or NULL. */
static const char *header(const char *head, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = strstr(head, "\r\n"); at != NULL && at[2] != '\r';
         at = strstr(at + 2, "\r\n"))
        if (strncasecmp(at + 2, name, size) == 0 && at[2 + size] == ':')
            return at + 3 + size + strspn(at + 3 + size, " ");
    return NULL;
}

/* ---- requests ---- */

static void build_request(struct loop *loop)
{
    const struct shape *shape = loop->shape;
    char head[HEAD_MAX], body[128] = "";
    int size = snprintf(head, sizeof head,
                        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: load/1.0\r\n"
                        "Accept: */*\r\n",
                        shape->method, shape->path, loop->load->port);
    if (shape->content_type != NULL)
        size += snprintf(head + size, sizeof head - (size_t)size,
                         "Content-Type: %s\r\nContent-Length: %zu\r\n", shape->content_type,
                         shape->body_size);
    size += snprintf(head + size, sizeof head - (size_t)size, "\r\n");
    snprintf(body, sizeof body, "{\"name\":\"Ada\",\"age\":36,\"tags\":[\"a\",\"b\"]}");
    size_t one = (size_t)size + shape->body_size;
    loop->turn_size = one * (size_t)shape->depth;
    loop->turn = zeroes(1, loop->turn_size);
    for (int i = 0; i < shape->depth; i++) {
        char *at = loop->turn + (size_t)i * one;
        memcpy(at, head, (size_t)size);
        memset(at + size, 'x', shape->body_size);
        if (shape->body_size == strlen(body))
            memcpy(at + size, body, shape->body_size);
    }
}

static void whole_turn(struct loop *loop, struct conn *conn)
{
    conn->out = loop->turn;
    conn->out_size = loop->turn_size;
}

/* ---- answers ---- */

/* All that a server of users has to say. */
static void check_head(const char *head, const struct shape *shape, bool is_chunked)
{
    const char *length = header(head, "Content-Length");
    const char *coding = header(head, "Transfer-Encoding");
    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0)
        die_of_answer("not 200");
    if (header(head, "Date") == NULL || header(head, "Server") == NULL)
        die_of_answer("there is no Date or no Server");
    if (header(head, "Content-Type") == NULL)
        die_of_answer("there is no Content-Type");
    if (is_chunked ? coding == NULL || strncasecmp(coding, "chunked", 7) != 0
                   : length == NULL || strtoul(length, NULL, 10) != shape->answer_size)
        die_of_answer("the length");
}

/* The first answer of a load: what all others are compared with. */
static void learn(struct loop *loop, struct conn *conn)
{
    const struct shape *shape = loop->shape;
    struct text text = {0};
    size_t head = receive_head(conn, &text);
    check_head(text.data, shape, false);
    while (text.size < head + shape->answer_size)
        receive_more(conn, &text);
    if (text.size != head + shape->answer_size)
        die_of_answer("more than the answer");
    if (shape->answer != NULL && memcmp(text.data + head, shape->answer, shape->answer_size) != 0)
        die_of_answer("the body");
    loop->answer_size = text.size;
    loop->first_size = 13;
    memcpy(loop->first, text.data, loop->first_size);
    memcpy(loop->last, text.data + text.size - sizeof loop->last, sizeof loop->last);
    free(text.data);
}

/* Takes an answer of the length that is known. */
static void receive_known(struct conn *conn, size_t size)
{
    char piece[4096];
    while (size > 0)
        size -= receive_some(conn, piece, size < sizeof piece ? size : sizeof piece);
}

static void h1_begin(struct loop *loop, struct conn *conn)
{
    if (loop->turn == NULL)
        build_request(loop);
    send_all(conn, loop->turn, loop->turn_size / (size_t)loop->shape->depth);
    if (loop->answer_size == 0)
        learn(loop, conn);
    else
        receive_known(conn, loop->answer_size);
}

/* Keeps the last bytes of what has come, for answers that come in pieces. */
static void keep_tail(struct conn *conn, const char *data, size_t size)
{
    size_t room = sizeof conn->tail;
    if (size < room)
        memmove(conn->tail, conn->tail + size, room - size);
    else
        data += size - room, size = room;
    memcpy(conn->tail + room - size, data, size);
}

static void fixed_take(struct loop *loop, struct conn *conn, const char *data, size_t size)
{
    while (size > 0) {
        size_t n = loop->answer_size - conn->seen;
        n = n < size ? n : size;
        if (conn->seen == 0 &&
            memcmp(data, loop->first, n < loop->first_size ? n : loop->first_size) != 0)
            die_of_answer("how an answer begins");
        keep_tail(conn, data, n);
        conn->seen += n;
        data += n;
        size -= n;
        if (conn->seen < loop->answer_size)
            return;
        if (memcmp(conn->tail, loop->last, sizeof loop->last) != 0)
            die_of_answer("how an answer ends");
        conn->seen = 0;
        loop_answered(loop, conn);
    }
}

const struct protocol protocol_h1 = {"http/1.1", h1_begin, whole_turn, fixed_take};

/* ---- chunks ---- */

static bool is_last_chunk(const struct conn *conn)
{
    return memcmp(conn->tail + 1, "\r\n0\r\n\r\n", 7) == 0;
}

/* Adds up the chunks of a body that is there in full. */
static size_t chunks_size(const char *at)
{
    size_t sum = 0, size;
    char *end;
    while ((size = strtoul(at, &end, 16)) > 0) {
        if (memcmp(end, "\r\n", 2) != 0)
            die_of_answer("the head of a chunk");
        sum += size;
        at = end + 2 + size + 2;
    }
    return sum;
}

static void chunked_begin(struct loop *loop, struct conn *conn)
{
    struct text text = {0};
    if (loop->turn == NULL)
        build_request(loop);
    send_all(conn, loop->turn, loop->turn_size);
    size_t head = receive_head(conn, &text);
    check_head(text.data, loop->shape, true);
    while (keep_tail(conn, text.data, text.size), !is_last_chunk(conn))
        receive_more(conn, &text);
    if (chunks_size(text.data + head) != loop->shape->answer_size)
        die_of_answer("the sum of the chunks");
    free(text.data);
}

/* One answer at a time: nothing follows the last chunk. */
static void chunked_take(struct loop *loop, struct conn *conn, const char *data, size_t size)
{
    keep_tail(conn, data, size);
    conn->seen += size;
    if (!is_last_chunk(conn))
        return;
    if (conn->seen < loop->shape->answer_size)
        die_of_answer("the length");
    conn->seen = 0;
    loop_answered(loop, conn);
}

const struct protocol protocol_chunked = {"http/1.1", chunked_begin, whole_turn, chunked_take};

/* ---- WebSocket ---- */

/* A masked message of less than 126 bytes, which comes back without the mask. The handshake is the
 * example of RFC 6455, section 1.3. */
static void ws_build(struct loop *loop)
{
    size_t size = loop->shape->body_size;
    loop->turn_size = WS_HEAD + WS_MASK + size;
    loop->turn = zeroes(1, loop->turn_size);
    loop->turn[0] = (char)0x82;
    loop->turn[1] = (char)(0x80 | size);
    memcpy(loop->turn + WS_HEAD, "\x12\x34\x56\x78", WS_MASK);
    for (size_t i = 0; i < size; i++)
        loop->turn[WS_HEAD + WS_MASK + i] =
            (char)(('a' + i % 26) ^ (unsigned char)loop->turn[WS_HEAD + i % WS_MASK]);
    loop->answer_size = WS_HEAD + size;
    loop->first_size = WS_HEAD;
    loop->first[0] = (char)0x82;
    loop->first[1] = (char)size;
    for (size_t i = 0; i < sizeof loop->last; i++)
        loop->last[i] = (char)('a' + (size - sizeof loop->last + i) % 26);
}

static void ws_begin(struct loop *loop, struct conn *conn)
{
    char request[512];
    struct text text = {0};
    if (loop->turn == NULL)
        ws_build(loop);
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        loop->shape->path, loop->load->port);
    send_all(conn, request, (size_t)size);
    size_t head = receive_head(conn, &text);
    const char *accepted = header(text.data, "Sec-WebSocket-Accept");
    if (strncmp(text.data, "HTTP/1.1 101 ", 13) != 0 || text.size != head || accepted == NULL ||
        strncmp(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", 30) != 0)
        die_of_answer("the handshake of a WebSocket");
    free(text.data);
    send_all(conn, loop->turn, loop->turn_size);
    receive_known(conn, loop->answer_size);
}

const struct protocol protocol_ws = {"http/1.1", ws_begin, whole_turn, fixed_take};
