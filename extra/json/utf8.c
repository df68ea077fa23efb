/*
 * utf8.c: UTF-8 as RFC 3629 has it: no longer forms than needed, no surrogates, nothing above
 * U+10FFFF.
 */
#include "internal.h"

static bool continues(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

unsigned bide__json_utf8(const unsigned char *p, size_t left)
{
    if (left >= 1 && p[0] < 0x80)
        return 1;
    if (left < 2 || p[0] < 0xC2 || p[0] > 0xF4 || !continues(p[1]))
        return 0;
    if (p[0] < 0xE0)
        return 2;
    if (left < 3 || !continues(p[2]))
        return 0;
    if (p[0] < 0xF0)
        return (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ? 0 : 3;
    if (left < 4 || !continues(p[3]))
        return 0;
    return (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F) ? 0 : 4;
}

bool bide__json_is_utf8(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t at = 0; at < size;) {
        unsigned n = bide__json_utf8(p + at, size - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}
