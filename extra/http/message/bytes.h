/*
 * bytes.h: which bytes may be where, as one table of bits, and a fast search for the end of a
 * value. For this room only.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_BYTES_H
#define BIDE_EXTRA_HTTP_MESSAGE_BYTES_H

#include "extra/http/message/fields.h"

enum {
    BYTE_TOKEN = 1,   /* RFC 9110, 5.6.2 */
    BYTE_PATH = 2,    /* in a path */
    BYTE_QUERY = 4,   /* in a query */
    BYTE_HOST = 8,    /* in a name of a host */
    BYTE_DIGIT = 16,  /* 0 to 9 */
    BYTE_HEX = 32,    /* 0 to 9, a to f, A to F */
    BYTE_VALUE = 64,  /* in the value of a field: no control byte but tab */
    BYTE_COOKIE = 128 /* in the value of a cookie (RFC 6265, 4.1.1) */
};

/* Hidden: the libraries of the client and of the server have one each. */
extern const uint8_t bide__http_bytes[256] __attribute__((__visibility__("hidden")));

static inline bool byte_is(char c, unsigned kinds)
{
    return (bide__http_bytes[(unsigned char)c] & kinds) != 0;
}

/* The first byte that is not of these kinds, or the end. Eight at a time: most of the time of a
 * head is spent here. */
static inline const char *bide__http_skip(const char *at, const char *end, unsigned kinds)
{
    for (; end - at >= 8; at += 8)
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            if (!byte_is(at[i], kinds))
                return at + i;
    while (at < end && byte_is(*at, kinds))
        at++;
    return at;
}

static inline char bide__http_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The value of a hexadecimal digit. */
static inline unsigned hex_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Puts a field at the end of a list that has room. */
static inline void bide__http_fields_put(struct bide__http_fields *f, struct bide__http_field field)
{
    uint64_t bit = field.known ? (uint64_t)1 << field.known : 0;
    f->twice |= f->has & bit;
    f->has |= bit;
    f->list[f->count++] = field;
}

/* The number of bytes at the beginning of s that may be in a value. */
size_t bide__http_value_size(const char *s, size_t size);

#endif
