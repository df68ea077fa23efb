/*
 * mask.c: masking (RFC 6455, 5.3): byte i of the payload is XORed with byte i modulo 4 of the key.
 *
 * Here it is done for 32 bytes in a turn, as four words, which compilers turn into vectors. The key
 * is first turned so that it begins with the byte that is due.
 */
#include "extra/websocket/internal.h"

#include <string.h>

void bide__ws_mask(unsigned char *to, const unsigned char *from, size_t size,
                   const unsigned char key[4], unsigned at)
{
    unsigned char turned[8];
    uint64_t word, part[4];
    size_t i = 0;

    for (unsigned k = 0; k < sizeof turned; k++)
        turned[k] = key[(at + k) % 4];
    memcpy(&word, turned, sizeof word);
    for (; size - i >= sizeof part; i += sizeof part) {
        memcpy(part, from + i, sizeof part);
        for (int k = 0; k < 4; k++)
            part[k] ^= word;
        memcpy(to + i, part, sizeof part);
    }
    for (; size - i >= sizeof word; i += sizeof word) {
        memcpy(part, from + i, sizeof word);
        part[0] ^= word;
        memcpy(to + i, part, sizeof word);
    }
    for (; i < size; i++)
        to[i] = from[i] ^ turned[i % 4];
}
