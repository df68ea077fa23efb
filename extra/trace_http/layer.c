/*
 * layer.c: the span of a request that a server handles.
 *
 * What the client has sent goes into fields, whose outputs escape what is not text.
 */
#include "lib/async.h"

#include "extra/http/exchange/exchange.h"

#include <bide/http_server.h>

#define BIDE_TRACE_TARGET "http"
#include <bide/trace_http.h>

/* The context of the client's headers. False: there is none. */
static bool context_of(const bide_http_exchange *x, bide_trace_context *context)
{
    const bide_http_trace_options *o = bide_http_layer_data(x);

    if (o != NULL && o->distrust)
        return false;
    return bide_trace_context_parse(bide_http_request_header(x, "traceparent"),
                                    bide_http_request_header(x, "tracestate"), context) == 0;
}

/* The fields go to the span of the request, and to none round it, which may stay for ever. */
static void record_end(const bide_http_exchange *x, int error, bool is_open)
{
    const char *route = bide_http_matched_path(x);
    int status = error < 0              ? bide__http_status_due(x, error)
                 : x->reply.status != 0 ? x->reply.status
                                        : 204;

    if (is_open && route != NULL)
        bide_span_record(BIDE_F("route", route), BIDE_F("status", status));
    else if (is_open)
        bide_span_record(BIDE_F("status", status));
    if (status >= 500)
        bide_error("request failed", BIDE_F_ERROR("error", error));
}

/* Only to be compared. */
static const void *current(void)
{
    bide_trace_span *span = bide_trace_span_current();
    bide_trace_span_drop(span);
    return span;
}

bide_async int bide_http_layer_trace(bide_http_exchange *x)
{
    bide_trace_context context;
    bool has_context = context_of(x, &context);
    const void *around = current();
    bide_span_remote(has_context ? &context : NULL, "request",
                     BIDE_F("method", bide_http_method(x)), BIDE_F("path", bide_http_path(x)));
    bool is_open = current() != around;
    int r = bide_await bide_http_next(x);
    record_end(x, r, is_open);
    return r;
}
