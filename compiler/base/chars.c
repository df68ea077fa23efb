/*
 * Words, lines and endings of raw text, which is no tokens yet: files as they lie on disk, names of
 * files, and what compilers say.
 */
#define _GNU_SOURCE
#include "compiler/base/base.h"

#include <ctype.h>
#include <string.h>

bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

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
    const char *close = memmem(p + 2, (size_t)(end - p - 2), "*/", 2);
    return close ? close + 2 : end;
}

const char *quoted_end(const char *p, const char *end)
{
    const char *close = p + 1;
    while (close < end && *close != *p && *close != '\n')
        close += *close == '\\' ? 2 : 1;
    return close < end ? close + 1 : end;
}
