/*
 * utf8.c: text, checked as it comes (RFC 3629).
 *
 * The states follow table 3-7 of the Unicode Standard, "Well-Formed UTF-8 Byte Sequences": each
 * says which bytes may come next. A text is bad with the first byte that cannot come, not when its
 * character would be complete: RFC 6455, 8.1, lets a receiver fail at once.
 *
 * Runs of ASCII are passed over eight bytes at a time.
 */
#include "extra/websocket/internal.h"

#include <string.h>

enum state {
    GOOD = 0,     /* between characters */
    ONE = 1,      /* one more byte 80..BF */
    TWO = 2,      /* two more */
    THREE = 3,    /* three more */
    AFTER_E0 = 4, /* A0..BF and one more: no overlong forms */
    AFTER_ED = 5, /* 80..9F and one more: no surrogates */
    AFTER_F0 = 6, /* 90..BF and two more */
    AFTER_F4 = 7, /* 80..8F and two more: nothing above U+10FFFF */
};

static bide__utf8 first(unsigned char c)
{
    if (c < 0x80)
        return GOOD;
    if (c < 0xc2)
        return BIDE__UTF8_BAD;
    if (c < 0xe0)
        return ONE;
    if (c < 0xf0)
        return c == 0xe0 ? AFTER_E0 : c == 0xed ? AFTER_ED : TWO;
    return c == 0xf0 ? AFTER_F0 : c < 0xf4 ? THREE : c == 0xf4 ? AFTER_F4 : BIDE__UTF8_BAD;
}

static bide__utf8 next(bide__utf8 state, unsigned char c)
{
    static const struct {
        unsigned char least, most, then;
    } table[] = {
        [ONE] = {0x80, 0xbf, GOOD},     [TWO] = {0x80, 0xbf, ONE},
        [THREE] = {0x80, 0xbf, TWO},    [AFTER_E0] = {0xa0, 0xbf, ONE},
        [AFTER_ED] = {0x80, 0x9f, ONE}, [AFTER_F0] = {0x90, 0xbf, TWO},
        [AFTER_F4] = {0x80, 0x8f, TWO},
    };
    if (state == GOOD)
        return first(c);
    return c >= table[state].least && c <= table[state].most ? table[state].then : BIDE__UTF8_BAD;
}

bide__utf8 bide__utf8_check(bide__utf8 state, const unsigned char *data, size_t size)
{
    size_t i = 0;

    while (i < size && state != BIDE__UTF8_BAD) {
        uint64_t word;
        while (state == GOOD && size - i >= sizeof word) {
            memcpy(&word, data + i, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            i += sizeof word;
        }
        if (i < size)
            state = next(state, data[i++]);
    }
    return state;
}
