/*
 * websocket_peer.h: the other side of a WebSocket, in plain bytes: what it sends is written in a
 * small language, and what it has received is shown in the same.
 *
 * A script is words with blanks between. A word is a frame:
 *
 *     [FLAGS]OPCODE[@SIZE][:TEXT | #HEX | *N]
 *
 *   OPCODE  t text, b binary, c continuation, P ping, p pong, C close, o3 o7 o11 o15: by number
 *   FLAGS   - not the last frame of its message; ^4 ^2 ^1 ^7 RSV1, RSV2, RSV3, all of them;
 *           ! masked or not, as it should not be; ~ its length in more bytes than it needs; %N in
 *           frames of N bytes
 *   @SIZE   the head announces so many bytes, whatever follows
 *   TEXT    the payload; "_" stands for a blank. Of C, "1000" or "1000/reason"
 *   *N      N bytes, of which each N has its own
 *
 * Other words: =HEX bytes as they are; , a pause, in which the other side reads all that was sent.
 */
#ifndef BIDE_TESTS_WEBSOCKET_PEER_H
#define BIDE_TESTS_WEBSOCKET_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* ---- bytes ---- */

struct bytes {
    unsigned char *data;
    size_t size, room;
};

static inline void bytes_add(struct bytes *b, const void *data, size_t size)
{
    if (b->room - b->size < size) {
        b->room = (b->size + size) * 2;
        b->data = realloc(b->data, b->room);
        CHECK(b->data != NULL);
    }
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

/* N bytes of text that differ from those of another N. */
static inline unsigned char pattern(size_t n, size_t i)
{
    return (unsigned char)('a' + (i * 7 + i / 26 + n) % 26);
}

/* ---- frames ---- */

struct frame {
    unsigned opcode, rsv;
    bool is_last, is_masked, is_long;
    uint64_t announced;
    const unsigned char *data;
    size_t size;
};

static inline void frame_add(struct bytes *b, const struct frame *f)
{
    static const unsigned char key[4] = {0x5a, 0x00, 0xff, 0x37};
    unsigned char head[14], masked[256];
    size_t n = 2, width = f->announced < 126 ? 0 : f->announced < 65536 ? 2 : 8;

    if (f->is_long)
        width = width == 0 ? 2 : 8;
    head[0] = (unsigned char)((f->is_last ? 0x80u : 0) | f->rsv << 4 | f->opcode);
    head[1] = (unsigned char)((f->is_masked ? 0x80u : 0) | (width == 0   ? f->announced
                                                            : width == 2 ? 126u
                                                                         : 127u));
    for (size_t i = 0; i < width; i++)
        head[n++] = (unsigned char)(f->announced >> 8 * (width - 1 - i));
    if (f->is_masked) {
        memcpy(head + n, key, 4);
        n += 4;
    }
    bytes_add(b, head, n);
    for (size_t i = 0; i < f->size;) {
        size_t part = f->size - i < sizeof masked ? f->size - i : sizeof masked;
        for (size_t k = 0; k < part; k++)
            masked[k] = f->is_masked ? f->data[i + k] ^ key[(i + k) % 4] : f->data[i + k];
        bytes_add(b, masked, part);
        i += part;
    }
}

/* ---- scripts ---- */

static inline unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void hex_add(struct bytes *b, const char *text)
{
    for (; text[0] != '\0'; text += 2) {
        unsigned char byte = (unsigned char)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        bytes_add(b, &byte, 1);
    }
}

static inline void payload_read(struct bytes *payload, const char *text, bool is_close)
{
    if (*text == '#') {
        hex_add(payload, text + 1);
    } else if (*text == '*') {
        size_t n = strtoul(text + 1, NULL, 10);
        for (size_t i = 0; i < n; i++)
            bytes_add(payload, &(unsigned char){pattern(n, i)}, 1);
    } else if (is_close && *text != '\0') {
        char *rest;
        unsigned code = (unsigned)strtoul(text + (*text == ':'), &rest, 10);
        bytes_add(payload, &(unsigned char){(unsigned char)(code >> 8)}, 1);
        bytes_add(payload, &(unsigned char){(unsigned char)code}, 1);
        if (*rest == '/')
            bytes_add(payload, rest + 1, strlen(rest + 1));
    } else {
        for (text += *text == ':'; *text != '\0'; text++)
            bytes_add(payload, *text == '_' ? " " : text, 1);
    }
}

static inline unsigned opcode_read(char **at)
{
    static const char letters[] = "ctb.....CPp";
    if (**at == 'o') {
        return (unsigned)strtoul(*at + 1, at, 10);
    }
    const char *found = strchr(letters, **at);
    CHECK(**at != '\0' && found != NULL);
    ++*at;
    return (unsigned)(found - letters);
}

/* The payload in frames of `part` bytes. */
static inline void parts_add(struct bytes *b, struct frame f, size_t part)
{
    const unsigned char *data = f.data;
    size_t size = f.size;

    for (bool more = true; more; data += f.size, size -= f.size, f.opcode = 0) {
        more = size > part;
        f.data = data;
        f.announced = f.size = more ? part : size;
        f.is_last = !more;
        frame_add(b, &f);
    }
}

static inline void word_add(struct bytes *b, char *word, bool masked)
{
    struct frame f = {.is_last = true, .is_masked = masked};
    struct bytes payload = {0};
    bool announces = false;
    size_t part = 0;

    for (;; word++) {
        if (*word == '%') {
            part = strtoul(word + 1, &word, 10);
            word--;
        } else if (*word == '-')
            f.is_last = false;
        else if (*word == '^')
            f.rsv |= (unsigned)(*++word - '0');
        else if (*word == '!')
            f.is_masked = !masked;
        else if (*word == '~')
            f.is_long = true;
        else
            break;
    }
    f.opcode = opcode_read(&word);
    if (*word == '@') {
        f.announced = strtoull(word + 1, &word, 10);
        announces = true;
    }
    payload_read(&payload, word, f.opcode == 8);
    f.data = payload.data;
    f.size = payload.size;
    if (!announces)
        f.announced = f.size;
    if (part > 0)
        parts_add(b, f, part);
    else
        frame_add(b, &f);
    bytes_free(&payload);
}

/* The bytes of a script; `pauses` gets where it pauses, and how often. */
static inline void script_bytes(const char *script, bool masked, struct bytes *b, size_t *pauses,
                                size_t *pause_count)
{
    char *copy = strdup(script), *rest = copy;

    CHECK(copy != NULL);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        if (*word == ',')
            pauses[(*pause_count)++] = b->size;
        else if (*word == '=')
            hex_add(b, word + 1);
        else
            word_add(b, word, masked);
    }
    free(copy);
}

/* ---- what was received, in the same language ---- */

static inline void text_add(struct bytes *out, const char *text)
{
    bytes_add(out, text, strlen(text));
}

static inline bool is_pattern(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != pattern(size, i))
            return false;
    return size > 0;
}

static inline bool is_plain(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] < ' ' || data[i] >= 127 || data[i] == '_')
            return false;
    return true;
}

static inline void payload_add(struct bytes *out, unsigned opcode, const unsigned char *data,
                               size_t size)
{
    char text[80];

    if (opcode == 8 && size >= 2) {
        snprintf(text, sizeof text, ":%u%s", (unsigned)data[0] << 8 | data[1], size > 2 ? "/" : "");
        text_add(out, text);
        bytes_add(out, data + 2, size - 2);
    } else if (size > 20 && is_pattern(data, size)) {
        snprintf(text, sizeof text, "*%zu", size);
        text_add(out, text);
    } else if (size > 0 && is_plain(data, size)) {
        text_add(out, ":");
        for (size_t i = 0; i < size; i++)
            bytes_add(out, data[i] == ' ' ? (const unsigned char *)"_" : &data[i], 1);
    } else if (size > 0) {
        text_add(out, "#");
        for (size_t i = 0; i < size; i++) {
            snprintf(text, sizeof text, "%02x", data[i]);
            text_add(out, text);
        }
    }
}

/* Reads one frame at *at; false: it is not whole. The payload is unmasked in place. */
static inline bool frame_read(struct bytes *in, size_t *at, struct frame *f)
{
    size_t left = in->size - *at, width, need;

    if (left < 2)
        return false;
    unsigned char *p = in->data + *at;
    *f = (struct frame){.opcode = p[0] & 15,
                        .rsv = p[0] >> 4 & 7,
                        .is_last = p[0] & 0x80,
                        .is_masked = p[1] & 0x80};
    width = (p[1] & 127) == 126 ? 2 : (p[1] & 127) == 127 ? 8 : 0;
    need = 2 + width + (f->is_masked ? 4u : 0);
    if (left < need)
        return false;
    uint64_t size = width == 0 ? p[1] & 127u : 0;
    for (size_t i = 0; i < width; i++)
        size = size << 8 | p[2 + i];
    if (left - need < size)
        return false;
    for (size_t i = 0; f->is_masked && i < size; i++)
        p[need + i] ^= p[need - 4 + i % 4];
    f->data = p + need;
    f->size = (size_t)size;
    *at += need + f->size;
    return true;
}

/* Shows all frames, the messages whole, whose frames must be in order, and what is left over as
 * "+N". Ends with a zero byte. */
static inline void show(struct bytes *in, bool masked, struct bytes *out)
{
    static const char letters[] = "ctb.....CPp";
    struct bytes message = {0};
    unsigned kind = 0;
    struct frame f;
    size_t at = 0;

    while (frame_read(in, &at, &f)) {
        CHECK_EQ(f.is_masked, masked);
        CHECK(f.rsv == 0 || (f.rsv == 4 && f.opcode != 0 && f.opcode < 8));
        bool is_data = f.opcode < 8;
        if (is_data) {
            CHECK((f.opcode == 0) == (kind != 0));
            kind = f.opcode != 0 ? f.opcode : kind;
            bytes_add(&message, f.data, f.size);
            if (!f.is_last)
                continue;
        }
        if (out->size > 0)
            text_add(out, " ");
        if (f.rsv != 0)
            text_add(out, "^4");
        bytes_add(out, &letters[is_data ? kind : f.opcode], 1);
        payload_add(out, f.opcode, is_data ? message.data : f.data,
                    is_data ? message.size : f.size);
        if (is_data) {
            kind = 0;
            message.size = 0;
        }
    }
    if (at < in->size || kind != 0) {
        char text[40];
        snprintf(text, sizeof text, "%s+%zu", out->size > 0 ? " " : "", in->size - at);
        text_add(out, text);
    }
    bytes_add(out, "", 1);
    bytes_free(&message);
}

#endif
