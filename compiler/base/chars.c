/*
 * Words, lines and endings of raw text, before it is cut into tokens: files on disk, names of
 * files, and compilers' messages.
 */
#define _GNU_SOURCE
#include "compiler/base/base.h"

#include <string.h>

bool has_word(const char *text, size_t length, const char *word)
{
    size_t n = strlen(word);
    const char *end = text + length, *p = text;
    while ((p = memmem(p, (size_t)(end - p), word, n))) {
        bool begins = p == text || !is_word_char(p[-1]);
        bool ends = p + n == end || !is_word_char(p[n]);
        if (begins && ends)
            return true;
        p += n;
    }
    return false;
}

bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), n = strlen(ending);
    return length >= n && !strcmp(text + length - n, ending);
}

const char *line_end(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline ? newline + 1 : end;
}

const char *comment_end(const char *p, const char *end)
{
    if (p[1] == '/') {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        return newline ? newline : end;
    }
    const char *star = p + 1;
    while (++star < end && (star = memchr(star, '*', (size_t)(end - star))))
        if (star + 1 < end && star[1] == '/')
            return star + 2;
    return end;
}

const char *quoted_end(const char *p, const char *end)
{
    const char *close = p + 1;
    while (close < end && *close != *p && *close != '\n')
        close += *close == '\\' ? 2 : 1;
    return close < end ? close + 1 : end;
}

size_t word_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), front = 0, back = 0;
    while (front < n && front < m && a[front] == b[front])
        front++;
    while (back < n - front && back < m - front && a[n - 1 - back] == b[m - 1 - back])
        back++;
    return (n > m ? n : m) - front - back;
}
