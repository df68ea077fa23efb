/*
 * exchange/convert.c: texts of requests become values. The forms are narrow, so that what two
 * programs could read in two ways is a fault of the client.
 */
#include "extra/http/exchange/typed.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

/* Digits of a number, without a sign; leading zeroes are allowed. False: it is none, or has no
 * room.
 */
static bool digits(const char *text, uint64_t most, uint64_t *value)
{
    uint64_t n = 0;

    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *value = n;
    return *text == '\0';
}

int bide_http_as_u64(bide_http_exchange *x, const char *field, const char *text, uint64_t *value)
{
    return digits(text, UINT64_MAX, value)
               ? 0
               : bide__http_fail_at(x, -EINVAL, 400, field,
                                    "this is no whole number of 0 to 18446744073709551615");
}

int bide_http_as_i64(bide_http_exchange *x, const char *field, const char *text, int64_t *value)
{
    bool is_negative = text[0] == '-';
    uint64_t n;

    if (!digits(text + is_negative, (uint64_t)INT64_MAX + is_negative, &n))
        return bide__http_fail_at(x, -EINVAL, 400, field, "this is no whole number of 64 bits");
    *value = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return 0;
}

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

/* number of RFC 8259, 6. strtod(3) would take more, and a comma in some locales. */
static bool is_number(const char *text)
{
    text += *text == '-';
    const char *end = skip_digits(text);
    if (end == text || (*text == '0' && end > text + 1))
        return false;
    if (*end == '.') {
        text = end + 1;
        end = skip_digits(text);
        if (end == text)
            return false;
    }
    if (*end == 'e' || *end == 'E') {
        text = end + 1;
        text += *text == '-' || *text == '+';
        end = skip_digits(text);
        if (end == text)
            return false;
    }
    return *end == '\0';
}

/* In the locale of C whatever the program has chosen; that of glibc is static. */
static double to_double(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double n = c != (locale_t)0 ? strtod_l(text, NULL, c) : HUGE_VAL;

    if (c != (locale_t)0)
        freelocale(c);
    return n;
}

int bide_http_as_double(bide_http_exchange *x, const char *field, const char *text, double *value)
{
    double n = is_number(text) ? to_double(text) : HUGE_VAL;

    if (!isfinite(n))
        return bide__http_fail_at(x, -EINVAL, 400, field, "this is no number");
    *value = n;
    return 0;
}

int bide_http_as_bool(bide_http_exchange *x, const char *field, const char *text, bool *value)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"0", "1"}, {"off", "on"}, {"no", "yes"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (int j = 0; j < 2; j++)
            if (strcmp(text, words[i][j]) == 0) {
                *value = j != 0;
                return 0;
            }
    return bide__http_fail_at(x, -EINVAL, 400, field, "this is neither true nor false");
}
