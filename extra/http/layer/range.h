/*
 * range.h: parts of a representation (RFC 9110 §14.1.2, §14.2), as arithmetic.
 *
 * A Range field is a request that a server may ignore. It is ignored if it is malformed or in
 * another unit than bytes, and where it would cost more than the whole: with more ranges than
 * `most`, or with ranges that have more bytes together than there are.
 */
#ifndef BIDE_HTTP_RANGE_H
#define BIDE_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum { RANGES_MOST = 16 };

struct range {
    uint64_t first, size; /* size > 0, and first + size <= that of the whole */
};

/* The ranges that can be satisfied, in the order in which they were asked for. Returns how many, at
 * most `most`; 0: the field is ignored; -ERANGE: none can be satisfied (416). */
int bide__http_ranges(const char *field, size_t size, uint64_t whole, struct range *ranges,
                      unsigned most);

#endif
