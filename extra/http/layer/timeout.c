/*
 * timeout.c: a time limit for what is inside.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <bide/time.h>

bide_async int bide_http_layer_timeout(bide_http_exchange *x)
{
    const bide_http_timeout_options *o = bide_http_layer_data(x);
    bide_duration after = o != NULL && o->after.ns != 0 ? o->after : BIDE_S(30);
    int status = o != NULL && o->status != 0 ? o->status : 503;
    int r = 0;
    if (bide_await bide_timeout(after, r = bide_http_next(x)) == 0)
        return r;
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -ETIMEDOUT;
    return bide_http_fail(x, status, "the time for this request is over");
}
