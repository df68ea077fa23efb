/*
 * text.c: percent coding, paths and query strings; text.h has the rules.
 */
#include "extra/http/message/text.h"

#include "extra/http/message/bytes.h"

#include <errno.h>
#include <string.h>

ssize_t bide__http_percent_decode(char *to, const char *s, size_t size, unsigned flags)
{
    const char *end = s + size;
    char *at = to;
    while (s < end) {
        char c = *s++;
        if (c == '%') {
            if (end - s < 2 || !byte_is(s[0], BYTE_HEX) || !byte_is(s[1], BYTE_HEX))
                return -EILSEQ;
            c = (char)(hex_of(s[0]) << 4 | hex_of(s[1]));
            s += 2;
            if (c == '/' && (flags & BIDE__HTTP_NO_SLASH))
                return -EILSEQ;
        } else if (c == '+' && (flags & BIDE__HTTP_PLUS)) {
            c = ' ';
        }
        if (c == '\0' && (flags & BIDE__HTTP_NO_NUL))
            return -EILSEQ;
        *at++ = c;
    }
    return at - to;
}

size_t bide__http_percent_encode(char *to, const char *s, size_t size, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = to;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)s[i];
        if (byte_is(s[i], BYTE_HOST) || (c == '/' && keep_slash)) { /* the unreserved bytes */
            *at++ = s[i];
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return (size_t)(at - to);
}

/* The number of dots of which a segment consists, if it has one or two and nothing else. */
static unsigned dots_of(const char *s, size_t size)
{
    unsigned dots = 0;
    for (size_t i = 0; i < size; dots++) {
        if (s[i] == '.')
            i++;
        else if (size - i >= 3 && s[i] == '%' && s[i + 1] == '2' && (s[i + 2] | 0x20) == 'e')
            i += 3;
        else
            return 0;
    }
    return dots <= 2 ? dots : 0;
}

bool bide__http_path_is_plain(const char *path, size_t size)
{
    if (size == 0 || path[0] != '/')
        return false;
    for (size_t i = 0; i < size; i++) {
        if (path[i] == '%')
            return false;
        if (path[i] == '.' && path[i - 1] == '/') {
            const char *next = memchr(path + i, '/', size - i);
            if (dots_of(path + i, next ? (size_t)(next - path) - i : size - i) > 0)
                return false;
        }
    }
    return true;
}

ssize_t bide__http_path_resolve(char *to, const char *path, size_t size)
{
    const char *s = path, *end = path + size;
    char *at = to;
    if (size == 0 || path[0] != '/')
        return -EINVAL;
    while (s < end) { /* *s is the slash before a segment; so is to[0], once there is one */
        const char *next = memchr(s + 1, '/', (size_t)(end - s - 1));
        size_t part = (size_t)((next ? next : end) - s);
        unsigned dots = dots_of(s + 1, part - 1);
        if (dots == 2) {
            if (at == to)
                return -EINVAL;
            do
                at--;
            while (*at != '/');
        }
        if (dots == 0) {
            memmove(at, s, part);
            at += part;
        } else if (next == NULL) {
            *at++ = '/';
        }
        s += part;
    }
    return at - to;
}

bool bide__http_pair(const char **s, size_t *size, const char **name, size_t *name_size,
                     const char **value, size_t *value_size)
{
    const char *at = *s, *end = *s + *size;
    while (at < end && *at == '&')
        at++;
    const char *stop = memchr(at, '&', (size_t)(end - at));
    stop = stop ? stop : end;
    const char *equal = memchr(at, '=', (size_t)(stop - at));
    *name = at;
    *name_size = (size_t)((equal ? equal : stop) - at);
    *value = equal ? equal + 1 : stop;
    *value_size = (size_t)(stop - *value);
    *s = stop;
    *size = (size_t)(end - stop);
    return at < stop;
}
