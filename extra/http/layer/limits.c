/*
 * limits.c: how many requests are inside at a time, and how large their bodies may be.
 *
 * A gate is a semaphore with a count of those who wait for it: who would be one too many does not
 * begin to wait. The count is taken before the wait and given back after it, in whatever way it
 * ends, so it is never too small; the semaphore serves those who wait in their order.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <bide/lock.h>
#include <bide/time.h>

#include <stdatomic.h>
#include <stdio.h>

enum { INSIDE_DEFAULT = 100 };

struct bide_http_gate {
    bide_semaphore semaphore;
    _Atomic uint32_t waiting;
    uint32_t waiting_max, retry_after_s;
    bide_duration waiting_time;
};

int bide_http_gate_new(const bide_http_gate_options *options, bide_http_gate **gate)
{
    static const bide_http_gate_options none = {0};
    const bide_http_gate_options *o = options != NULL ? options : &none;
    bide_http_gate *g = bide__alloc(sizeof *g);
    size_t inside = o->inside_max != 0 ? o->inside_max : INSIDE_DEFAULT;

    *gate = g;
    if (g == NULL)
        return -ENOMEM;
    memset(g, 0, sizeof *g);
    g->semaphore = (bide_semaphore)BIDE_SEMAPHORE_INIT(inside);
    g->waiting_max = o->waiting_max;
    g->retry_after_s = o->retry_after_s != 0 ? o->retry_after_s : 1;
    g->waiting_time = o->waiting_time.ns != 0 ? o->waiting_time : BIDE_S(10);
    return 0;
}

void bide_http_gate_free(bide_http_gate *gate)
{
    bide__free(gate, sizeof *gate);
}

static int refuse(bide_http_exchange *x, const bide_http_gate *g)
{
    char text[16];

    snprintf(text, sizeof text, "%u", (unsigned)g->retry_after_s);
    int r = bide_http_header_set(x, "Retry-After", text);
    return r < 0 ? r : bide_http_fail(x, 503, "there are too many requests");
}

/* False: one too many would wait. */
static bool begin_wait(bide_http_gate *g)
{
    uint32_t n = atomic_load_explicit(&g->waiting, memory_order_relaxed);
    do
        if (n >= g->waiting_max)
            return false;
    while (!atomic_compare_exchange_weak(&g->waiting, &n, n + 1));
    return true;
}

/* 0: a place is taken. */
static bide_async int enter(bide_http_gate *g)
{
    int r = bide_semaphore_try_acquire(&g->semaphore, 1);
    if (r != -EAGAIN)
        return r;
    if (!begin_wait(g))
        return -EAGAIN;
    bide_defer {
        atomic_fetch_sub(&g->waiting, 1);
    }
    if (bide_await bide_timeout(g->waiting_time, r = bide_semaphore_acquire(&g->semaphore, 1)) < 0)
        return -EAGAIN;
    return r;
}

bide_async int bide_http_layer_gate(bide_http_exchange *x)
{
    bide_http_gate *g = (bide_http_gate *)(uintptr_t)bide_http_layer_data(x);
    if (g == NULL)
        return bide__http_misused(x, "bide_http_layer_gate has no data: a gate is needed");
    int r = bide_await enter(g);
    if (r < 0)
        return r == -EAGAIN ? refuse(x, g) : r;
    bide_defer {
        bide_semaphore_release(&g->semaphore, 1);
    }
    return bide_await bide_http_next(x);
}

bide_async int bide_http_layer_body_limit(bide_http_exchange *x)
{
    const uint64_t *size_max = bide_http_layer_data(x);
    if (size_max == NULL)
        return bide__http_misused(x,
                                  "bide_http_layer_body_limit has no data: a uint64_t is needed");
    bide_http_body_limit(x, *size_max);
    return bide_await bide_http_next(x);
}
