/*
 * number.c: numbers as text, in the form that Prometheus reads (that of Go's ParseFloat).
 *
 * A double is written with as few digits as give the same double again. printf and strtod follow
 * the locale of the program, which may have another decimal point: both follow the same one, and it
 * is replaced at the end.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

size_t bide__metrics_put_u64(char *to, uint64_t value)
{
    return (size_t)snprintf(to, BIDE__METRICS_NUMBER, "%llu", (unsigned long long)value);
}

static size_t put_word(char *to, const char *word)
{
    size_t size = strlen(word);
    memcpy(to, word, size + 1);
    return size;
}

/* Replaces what is no digit, sign or exponent by a point. Some points have several bytes. */
static size_t set_point(char *text)
{
    char *to = text;

    for (const char *p = text; *p != 0; p++) {
        if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e')
            *to++ = *p;
        else if (to == text || to[-1] != '.')
            *to++ = '.';
    }
    *to = 0;
    return (size_t)(to - text);
}

size_t bide__metrics_put_double(char *to, double value)
{
    char text[2 * BIDE__METRICS_NUMBER];

    if (__builtin_isnan(value))
        return put_word(to, "NaN");
    if (__builtin_isinf(value))
        return put_word(to, value > 0 ? "+Inf" : "-Inf");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    size_t size = set_point(text);
    memcpy(to, text, size + 1);
    return size;
}

/* Exact: no double is between. */
size_t bide__metrics_put_time(char *to, int64_t ns)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, unit = 1000 * 1000 * 1000;
    int n = snprintf(to, BIDE__METRICS_NUMBER, "%s%llu.%09llu", ns < 0 ? "-" : "",
                     (unsigned long long)(size / unit), (unsigned long long)(size % unit));

    while (to[n - 1] == '0')
        n--;
    if (to[n - 1] == '.')
        n--;
    to[n] = 0;
    return (size_t)n;
}
