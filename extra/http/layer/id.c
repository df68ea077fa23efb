/*
 * id.c: an id for each request.
 *
 * New ids are unique, not secret. Each thread draws a random number once, and then counts: 64 bits
 * of the one and 64 of a mixture of the other, which hides the count from the eye. After a fork the
 * child draws anew.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <stdio.h>

enum { ID_MOST = 64 };

static const char header[] = "X-Request-Id";

struct source {
    bool is_drawn;
    unsigned forks;
    uint64_t random[2], count;
};

static __thread struct source source;

static int draw(void)
{
    ssize_t n;

    if (source.is_drawn && source.forks == bide__forks)
        return 0;
    do
        n = bide__door.getrandom(source.random, sizeof source.random, 0);
    while (n == -EINTR);
    source.is_drawn = n >= 0;
    source.forks = bide__forks;
    source.count = 0;
    return n < 0 ? (int)n : 0;
}

/* A permutation of all numbers of 64 bits. */
static uint64_t mix(uint64_t n)
{
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
    return n ^ n >> 31;
}

static bool is_good(const char *id)
{
    static const char bytes[] = "-_.0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t n = strspn(id, bytes);
    return n > 0 && n <= ID_MOST && id[n] == '\0';
}

static int set_id(bide_http_exchange *x, const bide_http_id_options *o)
{
    const char *sent = o != NULL && o->trust ? bide_http_request_header(x, header) : NULL;
    char id[33];

    if (sent != NULL && is_good(sent))
        return bide_http_header_set(x, header, sent);
    int r = draw();
    if (r < 0)
        return r;
    snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)source.random[0],
             (unsigned long long)mix(source.random[1] + ++source.count));
    return bide_http_header_set(x, header, id);
}

const char *bide_http_id(const bide_http_exchange *x)
{
    return bide_http_header_get(x, header);
}

bide_async int bide_http_layer_id(bide_http_exchange *x)
{
    int r = set_id(x, bide_http_layer_data(x));
    return r < 0 ? r : bide_await bide_http_next(x);
}
