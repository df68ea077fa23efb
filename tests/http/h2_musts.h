/*
 * h2_musts.h: what RFC 9113 demands of a server, in the order of its sections 3 to 8, as a table:
 * the frames that a client sends after the preface, and what has to come of it. h2_musts.c runs it.
 *
 * "An endpoint MAY choose to treat a stream error as a connection error" (5.4); the table pins
 * which of the two it is. Requests go to the paths of h2_server.h.
 */
#ifndef BIDE_TESTS_H2_MUSTS_H
#define BIDE_TESTS_H2_MUSTS_H

#include "h2_wire.h"

enum want {
    WANT_FINE,   /* the connection goes on; stream `id`, unless 0, has been answered with 200 */
    WANT_STREAM, /* stream `id` is reset with `code`, and the connection goes on */
    WANT_CONN,   /* GOAWAY with `code`, and the end */
    WANT_END,    /* the end, with or without a GOAWAY */
};

#define FINE(id)         WANT_FINE, 0, (id)
#define STREAM(code, id) WANT_STREAM, W_##code, (id)
#define CONN(code)       WANT_CONN, W_##code, 0
#define ENDS             WANT_END, 0, 0

enum step_kind {
    S_END, /* of the steps */
    S_FRAME,
    S_FIELDS, /* HEADERS, or another frame, with a block of fields */
    S_HEAD,   /* the head of a frame alone, which says that `size` bytes follow */
    S_RAW,
    S_DONE,    /* waits until the stream was answered, or reset */
    S_ACKED,   /* waits until all that was sent has been seen, by a PING */
    S_PREFACE, /* first: there is no preface but what follows */
};

struct step {
    enum step_kind kind;
    unsigned type, flags;
    uint32_t id;
    const char *data; /* NULL: zeroes */
    size_t size;
};

struct must {
    const char *name; /* begins with the section */
    enum want want;
    uint32_t code, id;
    struct step steps[10];
};

#define F(type, flags, id, bytes)                                  \
    {                                                              \
        S_FRAME, (type), (flags), (id), (bytes), sizeof(bytes) - 1 \
    }
#define ZEROES(type, flags, id, size)                \
    {                                                \
        S_FRAME, (type), (flags), (id), NULL, (size) \
    }
#define H(flags, id, fields)                            \
    {                                                   \
        S_FIELDS, W_HEADERS, (flags), (id), (fields), 0 \
    }
#define C(flags, id, fields)                                 \
    {                                                        \
        S_FIELDS, W_CONTINUATION, (flags), (id), (fields), 0 \
    }
#define HEAD(type, flags, id, size)                 \
    {                                               \
        S_HEAD, (type), (flags), (id), NULL, (size) \
    }
#define RAW(bytes)                                 \
    {                                              \
        S_RAW, 0, 0, 0, (bytes), sizeof(bytes) - 1 \
    }
#define DONE(id)                    \
    {                               \
        S_DONE, 0, 0, (id), NULL, 0 \
    }
#define ACKED                     \
    {                             \
        S_ACKED, 0, 0, 0, NULL, 0 \
    }
#define NO_PREFACE                  \
    {                               \
        S_PREFACE, 0, 0, 0, NULL, 0 \
    }

#define ES            W_END_STREAM
#define EH            W_END_HEADERS
#define ALL           (W_END_STREAM | W_END_HEADERS)

/* A whole request, and one without its body. */
#define GET(id)       H(ALL, (id), WIRE_GET("/"))
#define POST(id)      H(EH, (id), WIRE_POST("/"))
#define WAIT(id)      H(ALL, (id), WIRE_GET("/wait"))
#define GET_WITH(x)   H(ALL, 1, WIRE_GET("/") x)
#define POST_WITH(x)  H(EH, 1, WIRE_POST("/") x)
#define PSEUDO(lines) H(ALL, 1, lines)

/* Blocks by hand: ":method: GET", ":scheme: http", ":path: /", ":authority: a". */
#define B_GET              \
    "\x82\x86\x84\x01\x01" \
    "a"

#define SETTING(name, value) F(W_SETTINGS, 0, 0, "\0" name value)
#define S_TABLE              "\1"
#define S_PUSH               "\2"
#define S_STREAMS            "\3"
#define S_WINDOW             "\4"
#define S_FRAMES             "\5"
#define S_LIST               "\6"
#define S_CONNECT            "\x8"
#define S_PRIORITY           "\x9"

static const struct must musts[] = {
    /* ---- 3.4: the preface ---- */
    {"3.4 a preface that is none", ENDS, {NO_PREFACE, RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")}},
    {"3.4 another protocol", ENDS, {NO_PREFACE, RAW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc")}},
    {"3.4 SETTINGS come first",
     CONN(PROTOCOL),
     {NO_PREFACE, RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), F(W_PING, 0, 0, "12345678")}},
    {"3.4 an acknowledgement is no SETTINGS",
     CONN(PROTOCOL),
     {NO_PREFACE, RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), F(W_SETTINGS, W_ACK, 0, "")}},
    {"3.4 a request may follow at once", FINE(1), {GET(1)}},

    /* ---- 4.1: the format of frames ---- */
    {"4.1 an unknown frame is ignored", FINE(1), {F(0xfa, 0xff, 0, "what"), GET(1)}},
    {"4.1 an unknown frame on an idle stream is ignored", FINE(1), {F(0x20, 0, 7, "what"), GET(1)}},
    {"4.1 an unknown frame on an open stream is ignored",
     FINE(1),
     {POST(1), F(0x21, 1, 1, "what"), F(W_DATA, ES, 1, "x")}},
    {"4.1 an unknown frame on a closed stream is ignored",
     FINE(1),
     {GET(1), DONE(1), F(0x21, 1, 1, "what")}},
    {"4.1 unknown flags of PING are ignored", FINE(0), {F(W_PING, 0xfe, 0, "12345678")}},
    {"4.1 unknown flags of DATA are ignored",
     FINE(1),
     {POST(1), F(W_DATA, 0xf6, 1, "xx"), F(W_DATA, ES, 1, "x")}},
    {"4.1 unknown flags of HEADERS are ignored", FINE(1), {H(ALL | 0xd2, 1, WIRE_GET("/"))}},
    {"4.1 unknown flags of SETTINGS are ignored", FINE(1), {F(W_SETTINGS, 0xfe, 0, ""), GET(1)}},
    {"4.1 the reserved bit is ignored", FINE(1), {H(ALL, 0x80000001, WIRE_GET("/"))}},
    {"4.1 the reserved bit of stream 0 too", FINE(1), {F(W_SETTINGS, 0, 0x80000000, ""), GET(1)}},

    /* ---- 4.2: sizes ---- */
    {"4.2 a frame of 16384 bytes", FINE(1), {POST(1), ZEROES(W_DATA, ES, 1, 16384)}},
    {"4.2 DATA that is too large", CONN(FRAME_SIZE), {POST(1), ZEROES(W_DATA, ES, 1, 16385)}},
    {"4.2 HEADERS that are too large", CONN(FRAME_SIZE), {ZEROES(W_HEADERS, ALL, 1, 16385)}},
    {"4.2 SETTINGS that are too large", CONN(FRAME_SIZE), {ZEROES(W_SETTINGS, 0, 0, 16386)}},
    {"4.2 an unknown frame that is too large", CONN(FRAME_SIZE), {HEAD(0xfa, 0, 0, 1 << 20)}},
    {"4.2 the largest size of all", CONN(FRAME_SIZE), {HEAD(W_DATA, 0, 1, 0xffffff)}},
    {"4.2 HEADERS too small for their priority",
     CONN(FRAME_SIZE),
     {F(W_HEADERS, ALL | W_PRIORITISED, 1, "\0\0\0\0")}},
    {"4.2 HEADERS too small for the length of their padding",
     CONN(FRAME_SIZE),
     {F(W_HEADERS, ALL | W_PADDED, 1, "")}},
    {"4.2 DATA too small for the length of its padding",
     CONN(FRAME_SIZE),
     {POST(1), F(W_DATA, ES | W_PADDED, 1, "")}},

    /* ---- 4.3: blocks of fields ---- */
    {"4.3 index 0", CONN(COMPRESSION), {F(W_HEADERS, ALL, 1, B_GET "\x80")}},
    {"4.3 an index that is not in the table",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\xbe")}},
    {"4.3 a name's index that is not in the table",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\x7f\x20\1x")}},
    {"4.3 a number without end",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")}},
    {"4.3 a string that is cut off", CONN(COMPRESSION), {F(W_HEADERS, ALL, 1, B_GET "\0\1x\5yy")}},
    {"4.3 a block that ends in a field", CONN(COMPRESSION), {F(W_HEADERS, ALL, 1, B_GET "\0")}},
    {"4.3 Huffman's end of string",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\0\1x\x84\xff\xff\xff\xff")}},
    {"4.3 padding of Huffman's that is too long",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\0\1x\x82\x1f\xff")}},
    {"4.3 padding of Huffman's that is not of ones",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\0\1x\x81\x18")}},
    {"4.3 a table that is larger than allowed",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, "\x3f\xe2\x1f" B_GET)}},
    {"4.3 a change of the table's size after a field",
     CONN(COMPRESSION),
     {F(W_HEADERS, ALL, 1, B_GET "\x20")}},
    {"4.3 changes of the table's size before the fields",
     FINE(1),
     {F(W_HEADERS, ALL, 1, "\x20\x3f\xe1\x1f" B_GET)}},
    {"4.3 the table is shared by all streams",
     FINE(3),
     {F(W_HEADERS, ALL, 1, "\x82\x86\x84\x41\1a"), F(W_HEADERS, ALL, 3, "\x82\x86\x84\xbe")}},
    {"4.3 the table is kept up by a block that is refused",
     FINE(3),
     {F(W_HEADERS, ALL, 1, "\x82\x86\x84\x41\1a\0\1X\1y"),
      F(W_HEADERS, ALL, 3, "\x82\x86\x84\xbe")}},
    {"4.3 and of a stream that was reset",
     FINE(3),
     {H(EH, 1, WIRE_POST("/") "X: y\n"), ACKED, F(W_HEADERS, ALL, 1, "\x41\1a"),
      F(W_HEADERS, ALL, 3, "\x82\x86\x84\xbe")}},
    {"4.3 a block in two frames is one",
     FINE(1),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), F(W_CONTINUATION, EH, 1, "\1a")}},
    {"4.3 fragments may be empty",
     FINE(1),
     {F(W_HEADERS, ES, 1, ""), F(W_CONTINUATION, 0, 1, ""), F(W_CONTINUATION, 0, 1, B_GET),
      F(W_CONTINUATION, EH, 1, "")}},
    {"4.3 nothing stands between the frames of a block",
     CONN(PROTOCOL),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), F(W_PING, 0, 0, "12345678")}},
    {"4.3 nor HEADERS of another stream",
     CONN(PROTOCOL),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), GET(3)}},
    {"4.3 nor an unknown frame",
     CONN(PROTOCOL),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), F(0xfa, 0, 1, "")}},
    {"4.3 nor the end of another block",
     CONN(PROTOCOL),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), F(W_CONTINUATION, EH, 3, "\1a")}},

    /* ---- 5.1: the states of streams ---- */
    {"5.1 DATA on an idle stream", CONN(PROTOCOL), {F(W_DATA, ES, 1, "x")}},
    {"5.1 RST_STREAM on an idle stream", CONN(PROTOCOL), {F(W_RST_STREAM, 0, 1, "\0\0\0\x8")}},
    {"5.1 WINDOW_UPDATE on an idle stream", CONN(PROTOCOL), {F(W_WINDOW_UPDATE, 0, 1, "\0\0\0\1")}},
    {"5.1 CONTINUATION on an idle stream", CONN(PROTOCOL), {F(W_CONTINUATION, EH, 1, B_GET)}},
    {"5.1 PRIORITY on an idle stream", FINE(1), {F(W_PRIORITY, 0, 9, "\0\0\0\0\x10"), GET(1)}},
    {"5.1 DATA after the end of the request",
     CONN(STREAM_CLOSED),
     {WAIT(1), F(W_DATA, ES, 1, "x")}},
    {"5.1 HEADERS after the end of the request",
     CONN(STREAM_CLOSED),
     {WAIT(1), H(ALL, 1, "a: b\n")}},
    {"5.1 CONTINUATION after the end of the request",
     CONN(PROTOCOL),
     {WAIT(1), F(W_CONTINUATION, EH, 1, "")}},
    {"5.1 WINDOW_UPDATE after the end of the request",
     FINE(3),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 1, "\0\0\0\1"), GET(3)}},
    {"5.1 PRIORITY after the end of the request",
     FINE(3),
     {WAIT(1), F(W_PRIORITY, 0, 1, "\0\0\0\0\x10"), GET(3)}},
    {"5.1 RST_STREAM after the end of the request",
     FINE(3),
     {WAIT(1), F(W_RST_STREAM, 0, 1, "\0\0\0\x8"), GET(3)}},
    {"5.1 DATA on a closed stream", CONN(STREAM_CLOSED), {GET(1), DONE(1), F(W_DATA, ES, 1, "x")}},
    {"5.1 HEADERS on a closed stream", CONN(STREAM_CLOSED), {GET(1), DONE(1), GET(1)}},
    {"5.1 CONTINUATION on a closed stream",
     CONN(PROTOCOL),
     {GET(1), DONE(1), F(W_CONTINUATION, EH, 1, "")}},
    {"5.1 WINDOW_UPDATE on a closed stream",
     FINE(3),
     {GET(1), DONE(1), F(W_WINDOW_UPDATE, 0, 1, "\0\0\0\1"), GET(3)}},
    {"5.1 RST_STREAM on a closed stream",
     FINE(3),
     {GET(1), DONE(1), F(W_RST_STREAM, 0, 1, "\0\0\0\x8"), GET(3)}},
    {"5.1 PRIORITY on a closed stream",
     FINE(3),
     {GET(1), DONE(1), F(W_PRIORITY, 0, 1, "\0\0\0\0\x10"), GET(3)}},
    {"5.1 DATA after the client's RST_STREAM",
     CONN(STREAM_CLOSED),
     {POST(1), F(W_RST_STREAM, 0, 1, "\0\0\0\x8"), F(W_DATA, ES, 1, "x")}},
    {"5.1 HEADERS after the client's RST_STREAM",
     CONN(STREAM_CLOSED),
     {POST(1), F(W_RST_STREAM, 0, 1, "\0\0\0\x8"), H(ALL, 1, "a: b\n")}},
    {"5.1 DATA after our RST_STREAM is on its way, and ignored",
     FINE(3),
     {H(EH, 1, WIRE_POST("/") "X: y\n"), ACKED, F(W_DATA, 0, 1, "x"), F(W_DATA, ES, 1, "x"),
      GET(3)}},
    {"5.1 trailers after our RST_STREAM too",
     FINE(3),
     {H(EH, 1, WIRE_POST("/") "X: y\n"), ACKED, H(ALL, 1, "a: b\n"), GET(3)}},
    {"5.1 and WINDOW_UPDATE",
     FINE(3),
     {H(EH, 1, WIRE_POST("/") "X: y\n"), ACKED, F(W_WINDOW_UPDATE, 0, 1, "\0\0\0\1"), GET(3)}},

    /* ---- 5.1.1: numbers of streams ---- */
    {"5.1.1 an even number", CONN(PROTOCOL), {GET(2)}},
    {"5.1.1 number 0", CONN(PROTOCOL), {GET(0)}},
    {"5.1.1 a number that was passed over", CONN(PROTOCOL), {GET(5), DONE(5), GET(3)}},
    {"5.1.1 DATA on a stream that was passed over",
     CONN(STREAM_CLOSED),
     {GET(5), F(W_DATA, ES, 3, "x")}},
    {"5.1.1 numbers may be passed over", FINE(9), {GET(1), GET(9)}},
    {"5.1.1 the last number", FINE(0x7fffffff), {GET(0x7fffffff)}},

    /* ---- 5.3: priorities ---- */
    {"5.3 the priority of HEADERS is ignored",
     FINE(1),
     {F(W_HEADERS, ALL | W_PRIORITISED, 1, "\x80\0\0\x0b\xff" B_GET)}},

    /* ---- 6.1: DATA ---- */
    {"6.1 DATA on stream 0", CONN(PROTOCOL), {F(W_DATA, 0, 0, "x")}},
    {"6.1 padding as long as the payload",
     CONN(PROTOCOL),
     {POST(1), F(W_DATA, ES | W_PADDED, 1, "\5\0\0\0\0")}},
    {"6.1 padding as long as it may be",
     FINE(1),
     {POST(1), F(W_DATA, ES | W_PADDED, 1, "\4\0\0\0\0")}},
    {"6.1 padding that is not zero", FINE(1), {POST(1), F(W_DATA, ES | W_PADDED, 1, "\2xab")}},
    {"6.1 empty DATA ends a request", FINE(1), {POST(1), F(W_DATA, ES, 1, "")}},

    /* ---- 6.2: HEADERS ---- */
    {"6.2 HEADERS with padding", FINE(1), {F(W_HEADERS, ALL | W_PADDED, 1, "\3" B_GET "\0\0\0")}},
    {"6.2 HEADERS with padding and priority",
     FINE(1),
     {F(W_HEADERS, ALL | W_PADDED | W_PRIORITISED, 1, "\3\0\0\0\0\x10" B_GET "\0\0\0")}},
    {"6.2 padding as long as the payload",
     CONN(PROTOCOL),
     {F(W_HEADERS, ALL | W_PADDED, 1, "\7" B_GET)}},
    {"6.2 padding longer than the payload",
     CONN(PROTOCOL),
     {F(W_HEADERS, ALL | W_PADDED, 1, "\xff" B_GET)}},

    /* ---- 6.3: PRIORITY ---- */
    {"6.3 PRIORITY on stream 0", CONN(PROTOCOL), {F(W_PRIORITY, 0, 0, "\0\0\0\0\x10")}},
    {"6.3 PRIORITY that is too short",
     CONN(FRAME_SIZE),
     {WAIT(1), F(W_PRIORITY, 0, 1, "\0\0\0\0")}},
    {"6.3 PRIORITY that is too long",
     CONN(FRAME_SIZE),
     {WAIT(1), F(W_PRIORITY, 0, 1, "\0\0\0\0\x10\0")}},
    {"6.3 PRIORITY changes nothing",
     FINE(1),
     {POST(1), F(W_PRIORITY, 0, 1, "\x80\0\0\x3\x10"), F(W_DATA, ES, 1, "x")}},

    /* ---- 6.4: RST_STREAM ---- */
    {"6.4 RST_STREAM on stream 0", CONN(PROTOCOL), {F(W_RST_STREAM, 0, 0, "\0\0\0\x8")}},
    {"6.4 RST_STREAM that is too short",
     CONN(FRAME_SIZE),
     {WAIT(1), F(W_RST_STREAM, 0, 1, "\0\0\0")}},
    {"6.4 RST_STREAM that is too long",
     CONN(FRAME_SIZE),
     {WAIT(1), F(W_RST_STREAM, 0, 1, "\0\0\0\0\0")}},
    {"6.4 an unknown code is no error",
     FINE(3),
     {WAIT(1), F(W_RST_STREAM, 0, 1, "\xff\xff\xff\xff"), GET(3)}},

    /* ---- 6.5: SETTINGS ---- */
    {"6.5 SETTINGS on a stream", CONN(PROTOCOL), {F(W_SETTINGS, 0, 1, "")}},
    {"6.5 an acknowledgement with a payload",
     CONN(FRAME_SIZE),
     {F(W_SETTINGS, W_ACK, 0, "\0\1\0\0\0\0")}},
    {"6.5 a size that is no multiple of 6", CONN(FRAME_SIZE), {F(W_SETTINGS, 0, 0, "\0\1\0")}},
    {"6.5.2 ENABLE_PUSH 2", CONN(PROTOCOL), {SETTING(S_PUSH, "\0\0\0\2")}},
    {"6.5.2 ENABLE_PUSH 0", FINE(1), {SETTING(S_PUSH, "\0\0\0\0"), GET(1)}},
    {"6.5.2 ENABLE_PUSH 1", FINE(1), {SETTING(S_PUSH, "\0\0\0\1"), GET(1)}},
    {"6.5.2 INITIAL_WINDOW_SIZE 2^31", CONN(FLOW_CONTROL), {SETTING(S_WINDOW, "\x80\0\0\0")}},
    {"6.5.2 INITIAL_WINDOW_SIZE 2^31 - 1",
     FINE(1),
     {SETTING(S_WINDOW, "\x7f\xff\xff\xff"), GET(1)}},
    {"6.5.2 MAX_FRAME_SIZE 16383", CONN(PROTOCOL), {SETTING(S_FRAMES, "\0\0\x3f\xff")}},
    {"6.5.2 MAX_FRAME_SIZE 2^24", CONN(PROTOCOL), {SETTING(S_FRAMES, "\1\0\0\0")}},
    {"6.5.2 MAX_FRAME_SIZE 2^24 - 1", FINE(1), {SETTING(S_FRAMES, "\0\xff\xff\xff"), GET(1)}},
    {"6.5.2 HEADER_TABLE_SIZE of any size",
     FINE(1),
     {SETTING(S_TABLE, "\xff\xff\xff\xff"), GET(1)}},
    {"6.5.2 HEADER_TABLE_SIZE 0, then 4096",
     FINE(1),
     {F(W_SETTINGS, 0, 0,
        "\0\1\0\0\0\0"
        "\0\1\0\0\x10\0"),
      GET(1)}},
    {"6.5.2 MAX_CONCURRENT_STREAMS 0 is for pushes",
     FINE(1),
     {SETTING(S_STREAMS, "\0\0\0\0"), GET(1)}},
    {"6.5.2 MAX_HEADER_LIST_SIZE is advice", FINE(1), {SETTING(S_LIST, "\0\0\0\1"), GET(1)}},
    {"6.5.2 unknown settings are ignored",
     FINE(1),
     {F(W_SETTINGS, 0, 0,
        "\xca\xfe\0\0\0\1"
        "\0\0\0\0\0\1"),
      GET(1)}},
    {"6.5.2 ENABLE_CONNECT_PROTOCOL 2 (RFC 8441)",
     CONN(PROTOCOL),
     {SETTING(S_CONNECT, "\0\0\0\2")}},
    {"6.5.2 NO_RFC7540_PRIORITIES 2 (RFC 9218)", CONN(PROTOCOL), {SETTING(S_PRIORITY, "\0\0\0\2")}},
    {"6.5.3 the last of several values counts",
     FINE(1),
     {F(W_SETTINGS, 0, 0,
        "\0\4\0\0\0\0"
        "\0\4\0\0\xff\xff"),
      GET(1)}},
    {"6.5.3 an acknowledgement that nobody waits for",
     CONN(PROTOCOL),
     {F(W_SETTINGS, W_ACK, 0, ""), F(W_SETTINGS, W_ACK, 0, ""), F(W_SETTINGS, W_ACK, 0, "")}},

    /* ---- 6.6: PUSH_PROMISE ---- */
    {"6.6 a client promises nothing",
     CONN(PROTOCOL),
     {WAIT(1), F(W_PUSH_PROMISE, EH, 1, "\0\0\0\2" B_GET)}},
    {"6.6 nor on an idle stream", CONN(PROTOCOL), {F(W_PUSH_PROMISE, EH, 1, "\0\0\0\2" B_GET)}},
    {"6.6 nor on stream 0", CONN(PROTOCOL), {F(W_PUSH_PROMISE, EH, 0, "\0\0\0\2" B_GET)}},

    /* ---- 6.7: PING ---- */
    {"6.7 PING on a stream", CONN(PROTOCOL), {WAIT(1), F(W_PING, 0, 1, "12345678")}},
    {"6.7 PING that is too short", CONN(FRAME_SIZE), {F(W_PING, 0, 0, "1234567")}},
    {"6.7 PING that is too long", CONN(FRAME_SIZE), {F(W_PING, 0, 0, "123456789")}},
    {"6.7 an acknowledgement that nobody waits for",
     FINE(1),
     {F(W_PING, W_ACK, 0, "12345678"), GET(1)}},

    /* ---- 6.8: GOAWAY ---- */
    {"6.8 GOAWAY on a stream", CONN(PROTOCOL), {F(W_GOAWAY, 0, 1, "\0\0\0\0\0\0\0\0")}},
    {"6.8 GOAWAY that is too short", CONN(FRAME_SIZE), {F(W_GOAWAY, 0, 0, "\0\0\0\0\0\0\0")}},

    /* ---- 6.9: windows ---- */
    {"6.9 an increment of 0", CONN(PROTOCOL), {F(W_WINDOW_UPDATE, 0, 0, "\0\0\0\0")}},
    {"6.9 an increment of 0 of a stream",
     CONN(PROTOCOL),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 1, "\0\0\0\0")}},
    {"6.9 the reserved bit of the increment is ignored",
     FINE(1),
     {F(W_WINDOW_UPDATE, 0, 0, "\x80\0\0\1"), GET(1)}},
    {"6.9 WINDOW_UPDATE that is too short", CONN(FRAME_SIZE), {F(W_WINDOW_UPDATE, 0, 0, "\0\0\1")}},
    {"6.9 WINDOW_UPDATE that is too long",
     CONN(FRAME_SIZE),
     {F(W_WINDOW_UPDATE, 0, 0, "\0\0\0\1\0")}},
    {"6.9.1 a window of more than 2^31 - 1 bytes",
     CONN(FLOW_CONTROL),
     {F(W_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff")}},
    {"6.9.1 a window of a stream of more than 2^31 - 1 bytes",
     STREAM(FLOW_CONTROL, 1),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 1, "\x7f\xff\xff\xff")}},
    {"6.9.1 windows of 2^31 - 1 bytes",
     FINE(3),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 0, "\x7f\xff\0\0"), F(W_WINDOW_UPDATE, 0, 1, "\x7f\xff\0\0"),
      GET(3)}},
    {"6.9.1 more DATA than the window of a stream has",
     STREAM(FLOW_CONTROL, 1),
     {H(EH, 1, WIRE_POST("/wait")), ZEROES(W_DATA, 0, 1, 16384), ZEROES(W_DATA, 0, 1, 16384),
      ZEROES(W_DATA, 0, 1, 16384), ZEROES(W_DATA, 0, 1, 16384), ZEROES(W_DATA, 0, 1, 1)}},
    {"6.9.1 padding counts",
     STREAM(FLOW_CONTROL, 1),
     {H(EH, 1, WIRE_POST("/wait")), ZEROES(W_DATA, 0, 1, 16384), ZEROES(W_DATA, 0, 1, 16384),
      ZEROES(W_DATA, 0, 1, 16384), ZEROES(W_DATA, 0, 1, 16383), F(W_DATA, W_PADDED, 1, "\1x\0")}},
    {"6.9.2 settings that make a window too large",
     CONN(FLOW_CONTROL),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 1, "\x7f\xff\0\0"), SETTING(S_WINDOW, "\0\2\0\0")}},
    {"6.9.2 settings that make it as large as it may be",
     FINE(3),
     {WAIT(1), F(W_WINDOW_UPDATE, 0, 1, "\x7f\xff\0\0"), SETTING(S_WINDOW, "\0\0\xff\xff"),
      GET(3)}},
    {"6.9.2 settings leave the window of the connection alone",
     FINE(1),
     {SETTING(S_WINDOW, "\x7f\xff\xff\xff"), F(W_WINDOW_UPDATE, 0, 0, "\x7f\xff\0\0"), GET(1)}},

    /* ---- 6.10: CONTINUATION ---- */
    {"6.10 CONTINUATION on stream 0", CONN(PROTOCOL), {F(W_CONTINUATION, EH, 0, B_GET)}},
    {"6.10 CONTINUATION of nothing", CONN(PROTOCOL), {POST(1), F(W_CONTINUATION, EH, 1, "")}},
    {"6.10 CONTINUATION after DATA",
     CONN(PROTOCOL),
     {POST(1), F(W_DATA, 0, 1, "x"), F(W_CONTINUATION, EH, 1, "")}},
    {"6.10 flags of CONTINUATION but the end are ignored",
     FINE(1),
     {F(W_HEADERS, ES, 1, "\x82\x86\x84\x01"), F(W_CONTINUATION, 0xff, 1, "\1a")}},

    /* ---- 8.1: messages ---- */
    {"8.1 trailers end the request", FINE(1), {POST(1), F(W_DATA, 0, 1, "x"), H(ALL, 1, "a: b\n")}},
    {"8.1 trailers without a body", FINE(1), {POST(1), H(ALL, 1, "a: b\n")}},
    {"8.1 trailers without the end",
     STREAM(PROTOCOL, 1),
     {POST(1), F(W_DATA, 0, 1, "x"), H(EH, 1, "a: b\n")}},
    {"8.1 pseudo-fields in trailers", STREAM(PROTOCOL, 1), {POST(1), H(ALL, 1, ":path: /\n")}},
    {"8.1 a name in upper case in trailers", STREAM(PROTOCOL, 1), {POST(1), H(ALL, 1, "A: b\n")}},
    {"8.1 a connection's field in trailers",
     STREAM(PROTOCOL, 1),
     {POST(1), H(ALL, 1, "connection: close\n")}},
    {"8.1.1 less DATA than content-length says",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 2\n"), F(W_DATA, ES, 1, "x")}},
    {"8.1.1 more DATA than content-length says",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 2\n"), F(W_DATA, ES, 1, "xyz")}},
    {"8.1.1 no DATA where content-length says some",
     STREAM(PROTOCOL, 1),
     {GET_WITH("content-length: 2\n")}},
    {"8.1.1 less DATA, and trailers",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 2\n"), F(W_DATA, 0, 1, "x"), H(ALL, 1, "a: b\n")}},
    {"8.1.1 padding is not part of the content",
     FINE(1),
     {POST_WITH("content-length: 2\n"), F(W_DATA, ES | W_PADDED, 1, "\2xy\0\0")}},
    {"8.1.1 content-length twice",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 1\ncontent-length: 1\n"), F(W_DATA, ES, 1, "x")}},
    {"8.1.1 content-length that is no number",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 1x\n"), F(W_DATA, ES, 1, "x")}},
    {"8.1.1 content-length below 0",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: -1\n"), F(W_DATA, ES, 1, "x")}},
    {"8.1.1 content-length that no number holds",
     STREAM(PROTOCOL, 1),
     {POST_WITH("content-length: 9223372036854775808\n"), F(W_DATA, ES, 1, "x")}},
    {"8.1.1 content-length 0 without DATA", FINE(1), {GET_WITH("content-length: 0\n")}},

    /* ---- 8.2: fields ---- */
    {"8.2.1 a name in upper case", STREAM(PROTOCOL, 1), {GET_WITH("X-Up: 1\n")}},
    {"8.2.1 an empty name", STREAM(PROTOCOL, 1), {F(W_HEADERS, ALL, 1, B_GET "\0\0\1x")}},
    {"8.2.1 a blank in a name", STREAM(PROTOCOL, 1), {GET_WITH("a b: 1\n")}},
    {"8.2.1 a control byte in a name",
     STREAM(PROTOCOL, 1),
     {F(W_HEADERS, ALL, 1, B_GET "\0\2a\1\1x")}},
    {"8.2.1 a byte above ASCII in a name",
     STREAM(PROTOCOL, 1),
     {F(W_HEADERS, ALL, 1, B_GET "\0\2a\xff\1x")}},
    {"8.2.1 a colon in a name", STREAM(PROTOCOL, 1), {F(W_HEADERS, ALL, 1, B_GET "\0\3a:b\1x")}},
    {"8.2.1 zero in a value", STREAM(PROTOCOL, 1), {F(W_HEADERS, ALL, 1, B_GET "\0\1a\3x\0y")}},
    {"8.2.1 the end of a line in a value",
     STREAM(PROTOCOL, 1),
     {F(W_HEADERS, ALL, 1, B_GET "\0\1a\3x\ny")}},
    {"8.2.1 a carriage return in a value",
     STREAM(PROTOCOL, 1),
     {F(W_HEADERS, ALL, 1, B_GET "\0\1a\3x\ry")}},
    {"8.2.1 a value that begins with a blank", STREAM(PROTOCOL, 1), {GET_WITH("a:  b\n")}},
    {"8.2.1 a value that ends in a tab", STREAM(PROTOCOL, 1), {GET_WITH("a: b\t\n")}},
    {"8.2.1 an empty value", FINE(1), {GET_WITH("a: \n")}},
    {"8.2.2 connection", STREAM(PROTOCOL, 1), {GET_WITH("connection: keep-alive\n")}},
    {"8.2.2 keep-alive", STREAM(PROTOCOL, 1), {GET_WITH("keep-alive: timeout=5\n")}},
    {"8.2.2 proxy-connection", STREAM(PROTOCOL, 1), {GET_WITH("proxy-connection: close\n")}},
    {"8.2.2 transfer-encoding",
     STREAM(PROTOCOL, 1),
     {POST_WITH("transfer-encoding: chunked\n"), F(W_DATA, ES, 1, "x")}},
    {"8.2.2 upgrade", STREAM(PROTOCOL, 1), {GET_WITH("upgrade: websocket\n")}},
    {"8.2.2 te: gzip", STREAM(PROTOCOL, 1), {GET_WITH("te: gzip\n")}},
    {"8.2.2 te: trailers, gzip", STREAM(PROTOCOL, 1), {GET_WITH("te: trailers, gzip\n")}},
    {"8.2.2 te: trailers", FINE(1), {GET_WITH("te: trailers\n")}},

    /* ---- 8.3: pseudo-fields ---- */
    {"8.3 a pseudo-field after a field",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: GET\n:scheme: http\n:authority: a\na: b\n:path: /\n")}},
    {"8.3 an unknown pseudo-field", STREAM(PROTOCOL, 1), {PSEUDO(":colour: red\n" WIRE_GET("/"))}},
    {"8.3 a pseudo-field of responses",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":status: 200\n" WIRE_GET("/"))}},
    {"8.3 :protocol, which was not offered",
     STREAM(PROTOCOL, 1),
     {PSEUDO(WIRE_REQUEST("CONNECT", "/") ":protocol: websocket\n")}},
    {"8.3 :method twice", STREAM(PROTOCOL, 1), {PSEUDO(":method: GET\n" WIRE_GET("/"))}},
    {"8.3 :scheme twice", STREAM(PROTOCOL, 1), {PSEUDO(":scheme: http\n" WIRE_GET("/"))}},
    {"8.3 :path twice", STREAM(PROTOCOL, 1), {PSEUDO(":path: /\n" WIRE_GET("/"))}},
    {"8.3 :authority twice", STREAM(PROTOCOL, 1), {PSEUDO(":authority: a\n" WIRE_GET("/"))}},
    {"8.3.1 no :method", STREAM(PROTOCOL, 1), {PSEUDO(":scheme: http\n:authority: a\n:path: /\n")}},
    {"8.3.1 no :scheme", STREAM(PROTOCOL, 1), {PSEUDO(":method: GET\n:authority: a\n:path: /\n")}},
    {"8.3.1 no :path",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: GET\n:scheme: http\n:authority: a\n")}},
    {"8.3.1 an empty :path", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_GET(""))}},
    {"8.3.1 a :path without a slash", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_GET("a"))}},
    {"8.3.1 a :path with a blank", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_GET("/a b"))}},
    {"8.3.1 a :path with a fragment", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_GET("/a#b"))}},
    {"8.3.1 a :path of * for GET", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_GET("*"))}},
    {"8.3.1 a :path of * for OPTIONS", FINE(1), {PSEUDO(WIRE_REQUEST("OPTIONS", "*"))}},
    {"8.3.1 an empty :method", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_REQUEST("", "/"))}},
    {"8.3.1 a :method that is no token", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_REQUEST("G T", "/"))}},
    {"8.3.1 a :scheme that is none",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: GET\n:scheme: ht tp\n:authority: a\n:path: /\n")}},
    {"8.3.1 a user in :authority",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: GET\n:scheme: http\n:authority: u@a\n:path: /\n")}},
    {"8.3.1 neither :authority nor host",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: GET\n:scheme: http\n:path: /\n")}},
    {"8.3.1 host instead of :authority",
     FINE(1),
     {PSEUDO(":method: GET\n:scheme: http\n:path: /\nhost: a\n")}},
    {"8.3.1 host the same as :authority", FINE(1), {GET_WITH("host: a.example\n")}},
    {"8.3.1 host other than :authority", STREAM(PROTOCOL, 1), {GET_WITH("host: b.example\n")}},
    {"8.3.1 host twice", STREAM(PROTOCOL, 1), {GET_WITH("host: a.example\nhost: a.example\n")}},

    /* ---- 8.5: CONNECT ---- */
    {"8.5 CONNECT with a :path", STREAM(PROTOCOL, 1), {PSEUDO(WIRE_REQUEST("CONNECT", "/"))}},
    {"8.5 CONNECT with a :scheme",
     STREAM(PROTOCOL, 1),
     {PSEUDO(":method: CONNECT\n:scheme: http\n:authority: a:80\n")}},
    {"8.5 CONNECT without :authority", STREAM(PROTOCOL, 1), {PSEUDO(":method: CONNECT\n")}},
};

#endif
