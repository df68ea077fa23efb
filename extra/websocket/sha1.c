/*
 * sha1.c: SHA-1 (FIPS 180-4) and Base64 (RFC 4648, 4), which Sec-WebSocket-Accept is made of. It
 * shows that the server speaks WebSocket, and protects nothing; so it need not be quick, and a
 * system whose libcrypto refuses SHA-1 is no hindrance.
 */
#include "extra/websocket/handshake.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void block(uint32_t h[5], const unsigned char data[64])
{
    uint32_t w[80], v[5];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
               (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999
                     : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1
                     : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc
                              : (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
        uint32_t next = rotate(v[0], 5) + f + v[4] + w[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (int i = 0; i < 5; i++)
        h[i] += v[i];
}

void bide__sha1(const void *data, size_t size, unsigned char digest[20])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const unsigned char *from = data;
    unsigned char last[128] = {0};
    size_t rest = size % 64, all = rest < 56 ? 64 : 128;

    for (size_t i = 0; i < size / 64; i++)
        block(h, from + 64 * i);
    if (rest > 0)
        memcpy(last, from + size - rest, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[all - 1 - i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
    block(h, last);
    if (all == 128)
        block(h, last + 64);
    for (int i = 0; i < 20; i++)
        digest[i] = (unsigned char)(h[i / 4] >> 8 * (3 - i % 4));
}

void bide__base64(const unsigned char *data, size_t size, char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        uint32_t n = (uint32_t)data[i] << 16;
        n |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
        n |= i + 2 < size ? data[i + 2] : 0;
        *text++ = letters[n >> 18];
        *text++ = letters[n >> 12 & 63];
        *text++ = i + 1 < size ? letters[n >> 6 & 63] : '=';
        *text++ = i + 2 < size ? letters[n & 63] : '=';
    }
    *text = '\0';
}
