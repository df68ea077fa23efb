/*
 * timing.c: how long a request takes, for the client (Server-Timing) and for the program.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <bide/time.h>

#include <stdio.h>

static void add_header(bide_http_exchange *x, bide_duration time)
{
    char text[48];

    if (x->reply.stage != BIDE__HTTP_OPEN)
        return;
    snprintf(text, sizeof text, "app;dur=%lld.%03lld", (long long)(time.ns / 1000000),
             (long long)(time.ns / 1000 % 1000));
    (void)bide_http_header_add(x, "Server-Timing", text); /* it is only a hint */
}

bide_async int bide_http_layer_timing(bide_http_exchange *x)
{
    const bide_http_timing_options *o = bide_http_layer_data(x);
    bide_instant begin = bide_now();
    int r = -ECANCELED;
    bide_defer {
        if (o != NULL && o->tell != NULL)
            o->tell(x, bide_elapsed(begin), r, o->argument);
    }
    r = bide_await bide_http_next(x);
    if (o == NULL || !o->no_header)
        add_header(x, bide_elapsed(begin));
    return r;
}
