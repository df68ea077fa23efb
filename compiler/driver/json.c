/*
 * json.c: reads JSON, piece by piece: timelines, and what a program tells `bide top`.
 *
 * The text may come from anywhere. The first mistake in it sets `failed`; from then on nothing is
 * taken, and every value is empty. Strings are not checked to be UTF-8.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

/* ---- signs ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char json_peek(struct json *r)
{
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
    return r->at < r->end && !r->failed ? *r->at : '\0';
}

bool json_takes(struct json *r, char c)
{
    if (json_peek(r) != c || c == '\0')
        return false;
    r->at++;
    return true;
}

void json_expect(struct json *r, char c)
{
    if (!json_takes(r, c))
        r->failed = true;
}

bool json_opens(struct json *r, char open)
{
    json_expect(r, open);
    return !r->failed && !json_takes(r, open == '{' ? '}' : ']');
}

bool json_goes_on(struct json *r, char close)
{
    if (json_takes(r, ','))
        return true;
    json_expect(r, close);
    return false;
}

/* ---- strings ---- */

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* The number of four hexadecimal digits; what is no digit counts as 0. */
static unsigned read_hex(const char *at)
{
    char digits[5] = {at[0], at[1], at[2], at[3], '\0'};
    return (unsigned)strtoul(digits, NULL, 16);
}

/* A character of \u, after the u; two of them if it is large. NUL and halves become U+FFFD. */
static char *read_code(struct json *r, const char *close, char *to)
{
    if (close - r->at < 4) {
        r->failed = true;
        return to;
    }
    unsigned code = read_hex(r->at);
    r->at += 4;
    if (code >= 0xD800 && code < 0xDC00 && close - r->at >= 6 && memcmp(r->at, "\\u", 2) == 0) {
        unsigned low = read_hex(r->at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            r->at += 6;
            return put_utf8(to, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
        }
    }
    return put_utf8(to, code == 0 || (code >= 0xD800 && code < 0xE000) ? 0xFFFD : code);
}

/* What follows a backslash. It is never longer than what it is written as. */
static char *read_escape(struct json *r, const char *close, char *to)
{
    static const char from[] = "nrtbf", into[] = "\n\r\t\b\f";
    char c = *r->at++;

    if (c == 'u')
        return read_code(r, close, to);
    const char *known = c != '\0' ? strchr(from, c) : NULL;
    *to++ = known != NULL ? into[known - from] : c;
    return to;
}

/* After the first quote: the last one, or NULL. */
static const char *closing_quote(struct json *r)
{
    const char *close = r->at;

    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (r->failed || close >= r->end) {
        r->failed = true;
        return NULL;
    }
    return close;
}

const char *json_read_string(struct json *r)
{
    json_expect(r, '"');
    const char *close = closing_quote(r);
    if (close == NULL)
        return "";
    char *text = arena_alloc(r->arena, (size_t)(close - r->at) + 1), *to = text;
    while (r->at < close && !r->failed) {
        const char *plain = r->at;
        while (r->at < close && *r->at != '\\' && *r->at != '\0')
            r->at++;
        memcpy(to, plain, (size_t)(r->at - plain));
        to += r->at - plain;
        if (r->at == close)
            break;
        if (*r->at++ == '\\')
            to = read_escape(r, close, to);
        else
            *to++ = '?'; /* a NUL would end the text */
    }
    *to = '\0';
    r->at = close + 1;
    return text;
}

const char *json_read_key(struct json *r)
{
    size_t size = 0;

    json_expect(r, '"');
    const char *close = closing_quote(r);
    if (close != NULL && (size_t)(close - r->at) < sizeof r->key) {
        size = (size_t)(close - r->at);
        memcpy(r->key, r->at, size);
    }
    r->key[size] = '\0';
    r->at = close != NULL ? close + 1 : r->at;
    json_expect(r, ':');
    return r->failed ? "" : r->key;
}

/* ---- other values ---- */

/* Sets the size of a number, true, false or null. */
static const char *read_word(struct json *r, size_t *size)
{
    (void)json_peek(r);
    const char *from = r->at;
    while (r->at < r->end && !is_blank(*r->at) && memchr(",:]}[{\"", *r->at, 7) == NULL)
        r->at++;
    *size = (size_t)(r->at - from);
    r->failed |= *size == 0;
    return from;
}

const char *json_read_word(struct json *r)
{
    size_t size;
    const char *word = read_word(r, &size);
    return arena_strndup(r->arena, word, size);
}

bool json_read_null(struct json *r)
{
    const char *from = r->at;
    size_t size;

    if (json_peek(r) != 'n')
        return false;
    const char *word = read_word(r, &size);
    if (size == 4 && memcmp(word, "null", 4) == 0)
        return true;
    r->at = from;
    return false;
}

bool json_read_bool(struct json *r)
{
    size_t size;
    const char *word = read_word(r, &size);
    bool is_true = size == 4 && memcmp(word, "true", 4) == 0;

    r->failed |= !is_true && !(size == 5 && memcmp(word, "false", 5) == 0);
    return is_true && !r->failed;
}

static size_t count_digits(const char *s, const char *end)
{
    size_t n = 0;

    while (s + n < end && s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

static bool is_number(const char *s, size_t size)
{
    const char *end = s + size;

    s += s < end && *s == '-';
    size_t whole = count_digits(s, end), digits;
    if (whole == 0 || (whole > 1 && *s == '0'))
        return false;
    s += whole;
    if (s < end && *s == '.') {
        digits = count_digits(++s, end);
        if (digits == 0)
            return false;
        s += digits;
    }
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        s += s < end && (*s == '+' || *s == '-');
        digits = count_digits(s, end);
        if (digits == 0)
            return false;
        s += digits;
    }
    return s == end;
}

int64_t json_read_count(struct json *r)
{
    size_t size;
    const char *word = read_word(r, &size);
    int64_t count = 0;
    char copy[40];

    if (r->failed || size >= sizeof copy || !is_number(word, size)) {
        r->failed = true;
        return 0;
    }
    for (size_t i = 0; i <= size; i++) {
        if (i == size)
            return count;
        if (word[i] < '0' || word[i] > '9' || count > (INT64_MAX - 9) / 10)
            break;
        count = count * 10 + (word[i] - '0');
    }
    memcpy(copy, word, size); /* a sign, a fraction, an exponent, or a huge number */
    copy[size] = '\0';
    double value = strtod(copy, NULL);
    if (!(value > 0))
        return 0;
    return value < 9e18 ? (int64_t)value : INT64_MAX;
}

/* Is it what JSON has for a number or a name? */
static bool is_value(const char *word, size_t size)
{
    static const char *const names[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && memcmp(word, names[i], size) == 0)
            return true;
    return is_number(word, size);
}

static void skip(struct json *r, unsigned depth)
{
    char open = json_peek(r), close = open == '{' ? '}' : ']';
    size_t size;

    if (open == '"') {
        r->at++;
        const char *end = closing_quote(r);
        r->at = end != NULL ? end + 1 : r->at;
    } else if (open == '{' || open == '[') {
        if (depth >= DEPTH_MAX)
            r->failed = true;
        if (!json_opens(r, open))
            return;
        do {
            if (open == '{')
                (void)json_read_key(r);
            if (!r->failed)
                skip(r, depth + 1);
        } while (json_goes_on(r, close));
    } else {
        const char *word = read_word(r, &size);
        r->failed |= !is_value(word, size);
    }
}

void json_skip(struct json *r)
{
    skip(r, 0);
}
