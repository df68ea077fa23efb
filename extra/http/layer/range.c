/*
 * range.c: reads the Range field; range.h specifies it.
 */
#include "lib/runtime.h"

#include "extra/http/layer/range.h"

#include <stdbool.h>
#include <strings.h>

struct reading {
    const char *at, *end;
};

static void skip_blanks(struct reading *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

/* A number that is too large for the type is larger than any file, too. False: there is none. */
static bool number(struct reading *r, uint64_t *n)
{
    const char *begin = r->at;
    uint64_t sum = 0;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        unsigned digit = (unsigned)(*r->at - '0');
        sum = sum > (UINT64_MAX - digit) / 10 ? UINT64_MAX : sum * 10 + digit;
    }
    if (r->at > begin)
        *n = sum;
    return r->at > begin;
}

/* A range-spec. 1: it is in *range; 0: it cannot be satisfied; -1: it is none. */
static int one_range(struct reading *r, uint64_t whole, struct range *range)
{
    uint64_t first = 0, last = UINT64_MAX;

    if (number(r, &first)) {
        if (r->at == r->end || *r->at++ != '-')
            return -1;
        if (number(r, &last) && last < first)
            return -1;
        if (first >= whole)
            return 0;
        if (last >= whole)
            last = whole - 1;
        *range = (struct range){first, last - first + 1};
        return 1;
    }
    if (r->at == r->end || *r->at++ != '-' || !number(r, &last))
        return -1;
    if (last > 0 && whole == 0) /* no part of nothing can be named in a Content-Range */
        return -1;
    if (last > whole)
        last = whole;
    *range = (struct range){whole - last, last};
    return last > 0;
}

int bide__http_ranges(const char *field, size_t size, uint64_t whole, struct range *ranges,
                      unsigned most)
{
    static const char unit[] = "bytes=";
    struct reading r = {field, field + size};
    struct range range;
    unsigned count = 0, asked = 0;
    uint64_t sum = 0;

    if (size < sizeof unit - 1 || strncasecmp(field, unit, sizeof unit - 1) != 0)
        return 0;
    r.at += sizeof unit - 1;
    for (;;) {
        skip_blanks(&r);
        if (r.at < r.end && *r.at != ',') {
            int is_there = one_range(&r, whole, &range);
            if (is_there < 0 || ++asked > most)
                return 0;
            if (is_there > 0) {
                sum += range.size;
                ranges[count++] = range;
            }
            skip_blanks(&r);
        }
        if (r.at == r.end)
            break;
        if (*r.at++ != ',')
            return 0;
    }
    if (asked == 0)
        return 0;
    if (count == 0)
        return -ERANGE;
    return sum > whole ? 0 : (int)count;
}
