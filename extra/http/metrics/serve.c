/*
 * metrics/serve.c: the handler that answers with the text of a registry.
 */
#include "lib/async.h"

#include "extra/http/exchange/exchange.h"

#include <bide/http_metrics.h>
#include <bide/http_route.h>

bide_async int bide_http_serve_metrics(bide_http_exchange *x);

static void release(void *text)
{
    bide_metrics_text_free(text);
}

static int reply(bide_http_exchange *x)
{
    bide_metrics *metrics = (bide_metrics *)(uintptr_t)bide_http_layer_data(x);
    bide_metrics_text *text;
    size_t size;

    if (metrics == NULL)
        return bide__http_misused(x, "bide_http_serve_metrics: its route has no data");
    int rc = bide_metrics_text_new(metrics, &text);
    if (rc < 0)
        return rc;
    const char *data = bide_metrics_text_data(text, &size);
    return bide_http_reply_owned(x, 200, BIDE_METRICS_CONTENT_TYPE, data, size, release, text);
}

bide_async int bide_http_serve_metrics(bide_http_exchange *x)
{
    return reply(x);
}
