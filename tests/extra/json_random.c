/*
 * bide/json.h over mutants of texts: the law of json_law.h holds. The long tier does more of them,
 * and `./x fuzz http` finds its own.
 */
#include "json_law.h"

#include "check.h"
#include "full.h"

static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static size_t below(size_t n)
{
    return (size_t)(next_random() % n);
}

static const char *const seeds[] = {
    "{\"a\":[1,-2.5e3,\"x\\n\\u00e9\\ud83d\\ude00\",true,false,null,{\"b\":{}}],\"a\":[]}",
    "[9223372036854775807,-9223372036854775808,1e308,5e-324,0.1,1E+2,-0,-0.0]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    "[[[[[[[[]]]]]]],{\"k\":{\"k\":{\"k\":[{}]}}}]",
    "a.b[0].'c.d'[-1].''",
    " { \"x\" : [ 1 , 2 , 3 ] , \"y\" : \"\" }\n",
};

static const char *const pieces[] = {"\"",    "\\", "\\u", "[", "]", "{",    "}",    ",",
                                     ":",     "0",  "-",   "e", ".", "null", "\xC3", "\xED\xA0\x80",
                                     "1e400", "[]"};

/* A seed with a few changes; its first byte chooses the options. */
static size_t mutant(uint8_t *out, size_t room)
{
    const char *seed = seeds[below(sizeof seeds / sizeof *seeds)];
    size_t size = strlen(seed) + 1;
    out[0] = (uint8_t)next_random();
    memcpy(out + 1, seed, size - 1);
    for (size_t changes = below(6); changes > 0; changes--) {
        size_t at = 1 + below(size), n;
        const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
        switch (below(4)) {
        case 0: /* another byte */
            if (at < size)
                out[at] = (uint8_t)next_random();
            break;
        case 1: /* cut */
            n = at < size ? below(size - at) : 0;
            memmove(out + at, out + at + n, size - at - n);
            size -= n;
            break;
        case 2: /* a piece more */
            n = strlen(piece);
            if (size + n <= room) {
                memmove(out + at + n, out + at, size - at);
                memcpy(out + at, piece, n);
                size += n;
            }
            break;
        default: /* twice */
            n = at < size ? below(size - at) : 0;
            if (size + n <= room) {
                memmove(out + at + n, out + at, size - at);
                size += n;
            }
        }
    }
    return size;
}

TEST_LIMIT(the_law_holds_for_mutants, 120)
{
    uint8_t data[1000];
    long count = is_full() ? 1000000 : 5000;
    for (long i = 0; i < count; i++) {
        size_t size = mutant(data, sizeof data);
        uint8_t *copy = malloc(size); /* so that the sanitizer sees a read behind it */
        memcpy(copy, data, size);
        json_law(copy, size);
        free(copy);
    }
}
