/*
 * rate.c: how many requests a client may make in a time.
 *
 * The generic cell rate algorithm: a client has one number, the time at which it will have used up
 * what it is owed. A request moves that on by the time of one request, and is refused if it would
 * then lie more than a burst ahead of now. So there is nothing to fill up, no timer, and a number
 * in the past is as good as none.
 *
 * The numbers are in a table, whose places are chosen by a hash with a secret, so that nobody can
 * choose whom to share a place with. Requests change them by compare-and-exchange: no lock.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <stdatomic.h>
#include <stdio.h>

enum { REQUESTS_DEFAULT = 60, CLIENTS_DEFAULT = 4096, CLIENTS_MOST = 1 << 24 };

struct bide_http_rate {
    size_t size; /* of this block */
    uint64_t secret[2];
    int64_t step_ns, ahead_ns; /* of one request; that are allowed */
    size_t mask;
    const bide_http_proxies *proxies;
    bool all;
    _Atomic int64_t used_up_ns[];
};

static int get_secret(uint64_t secret[2])
{
    ssize_t n;
    do
        n = bide__door.getrandom(secret, 2 * sizeof *secret, 0);
    while (n == -EINTR);
    return n < 0 ? (int)n : 0;
}

static size_t power_of_two(size_t n)
{
    size_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

int bide_http_rate_new(const bide_http_rate_options *options, bide_http_rate **rate)
{
    static const bide_http_rate_options none = {0};
    const bide_http_rate_options *o = options != NULL ? options : &none;
    uint32_t requests = o->requests != 0 ? o->requests : REQUESTS_DEFAULT;
    int64_t period_ns = o->period.ns != 0 ? o->period.ns : BIDE_S(60).ns;
    uint32_t burst = o->burst != 0 ? o->burst : requests;
    size_t places =
        o->all ? 1 : power_of_two(o->clients_max != 0 ? o->clients_max : CLIENTS_DEFAULT);
    int64_t step_ns = period_ns / requests;

    *rate = NULL;
    if (period_ns < 0 || step_ns == 0 || places > CLIENTS_MOST || step_ns > INT64_MAX / 4 / burst)
        return -EINVAL;
    size_t size = sizeof **rate + places * sizeof(*rate)->used_up_ns[0];
    bide_http_rate *r = bide__alloc(size);
    if (r == NULL)
        return -ENOMEM;
    memset(r, 0, size);
    r->size = size;
    r->step_ns = step_ns;
    r->ahead_ns = step_ns * burst;
    r->mask = places - 1;
    r->proxies = o->proxies;
    r->all = o->all;
    for (size_t i = 0; i < places; i++)
        atomic_init(&r->used_up_ns[i], INT64_MIN);
    int e = get_secret(r->secret);
    if (e < 0) {
        bide__free(r, size);
        return e;
    }
    *rate = r;
    return 0;
}

void bide_http_rate_free(bide_http_rate *rate)
{
    if (rate != NULL)
        bide__free(rate, rate->size);
}

/* A mixture of the secret and the address; each byte of that reaches all bits. */
static size_t place_of(const bide_http_rate *r, const bide_http_exchange *x)
{
    unsigned char key[8] = {0};
    uint64_t h = r->secret[0], word;

    if (r->all)
        return 0;
    size_t n = bide__http_client_key(x, r->proxies, key);
    memcpy(&word, key, sizeof word);
    h ^= word + n;
    for (int i = 0; i < 3; i++) {
        h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
        h ^= r->secret[1];
    }
    return (size_t)(h ^ h >> 32) & r->mask;
}

/* 0: it may go on; otherwise the time until it may. */
static int64_t spend(bide_http_rate *r, _Atomic int64_t *used_up, int64_t now_ns)
{
    int64_t before = atomic_load_explicit(used_up, memory_order_relaxed), after;
    do {
        after = (before > now_ns ? before : now_ns) + r->step_ns;
        if (after - now_ns > r->ahead_ns)
            return after - now_ns - r->ahead_ns;
    } while (!atomic_compare_exchange_weak_explicit(used_up, &before, after, memory_order_relaxed,
                                                    memory_order_relaxed));
    return 0;
}

static int check(bide_http_exchange *x, bide_http_rate *r)
{
    int64_t wait_ns = spend(r, &r->used_up_ns[place_of(r, x)], bide__clock_ns());
    char text[24];

    if (wait_ns == 0)
        return 0;
    snprintf(text, sizeof text, "%lld", (long long)((wait_ns + 999999999) / 1000000000));
    int e = bide_http_header_set(x, "Retry-After", text);
    return e < 0 ? e : bide_http_fail(x, 429, "too many requests in too short a time");
}

bide_async int bide_http_layer_rate(bide_http_exchange *x)
{
    bide_http_rate *rate = (bide_http_rate *)(uintptr_t)bide_http_layer_data(x);
    int r = rate != NULL
                ? check(x, rate)
                : bide__http_misused(x, "bide_http_layer_rate has no data: a rate is needed");
    return r < 0 ? r : bide_await bide_http_next(x);
}
