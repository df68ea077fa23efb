/*
 * text.h: percent coding (RFC 3986, 2.1), the segments of paths (3.3), query strings and forms of
 * the type application/x-www-form-urlencoded.
 *
 * Requires C. Any thread; nothing here has a state or allocates.
 */
#ifndef BIDE_EXTRA_HTTP_MESSAGE_TEXT_H
#define BIDE_EXTRA_HTTP_MESSAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    BIDE__HTTP_PLUS = 1,     /* "+" is a blank, as in queries and forms */
    BIDE__HTTP_NO_NUL = 2,   /* a zero byte is refused: the result will be a string of C */
    BIDE__HTTP_NO_SLASH = 4, /* "/" that was coded is refused: the result is one segment */
};

/*
 * Decodes `size` bytes to `to`, which may be s itself; the result is never longer. Returns its
 * size, or -EILSEQ for "%" without two hexadecimal digits and for what the flags refuse.
 */
ssize_t bide__http_percent_decode(char *to, const char *s, size_t size, unsigned flags);

/*
 * Codes everything but letters, digits and "-._~", and "/" if `keep_slash`. `to` has room for 3 *
 * size bytes. Returns the number of bytes.
 */
size_t bide__http_percent_encode(char *to, const char *s, size_t size, bool keep_slash);

/* True for a path that is already as bide__http_path_resolve leaves it, and has no "%" at all. Most
 * are: they need no copy. */
bool bide__http_path_is_plain(const char *path, size_t size);

/*
 * Takes the segments "." and ".." out of a path that begins with "/", as RFC 3986, 5.2.4, does,
 * also where their dots are coded. Nothing else is decoded, and empty segments stay. `to` may be
 * the path itself; the result is never longer. Returns its size, or -EINVAL for a path that does
 * not begin with "/", and for "..", where there is nothing left to go back to: who sends that wants
 * out.
 */
ssize_t bide__http_path_resolve(char *to, const char *path, size_t size);

/*
 * Takes the next pair from *s and *size: what is before the next "&", cut at its first "=". Nothing
 * is decoded, and empty pairs are skipped; without "=" the value is empty. False: there is none.
 */
bool bide__http_pair(const char **s, size_t *size, const char **name, size_t *name_size,
                     const char **value, size_t *value_size);

#endif
