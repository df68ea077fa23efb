/*
 * bide/trace_http.h: the spans of HTTP requests. Link with -lbide-trace-http for the layer; the
 * function for clients is in line.
 *
 *   static const bide_http_layer layers[] = {{bide_ref(bide_http_layer_trace), NULL}};
 *
 * Put the layer outermost, so that what the other layers trace is in the request's span.
 */
#ifndef BIDE_TRACE_HTTP_H
#define BIDE_TRACE_HTTP_H

#include <bide/http.h>
#include <bide/http_route.h>
#include <bide/trace.h>

/* Zero in a member means the default. */
typedef struct bide_http_trace_options {
    bool distrust; /* traceparent is not read: each request is the first span of a new trace */
} bide_http_trace_options;

/*
 * A layer that opens a span "request" of the target "http" for each request. Its parent is what the
 * headers traceparent and tracestate name; if they are missing or wrong, it begins a new trace.
 * Fields: method, path (without the query), and, at the end, route (the pattern that has matched)
 * and status: that of the response, or of the error. A status from 500 on is an event of the level
 * error too, with the error. Cancelled: the span ends without a status.
 */
bide_async int bide_http_layer_trace(bide_http_exchange *x);

/* Headers, and what they point to. */
typedef struct bide_trace_headers {
    bide_http_header header[2];
    char traceparent[BIDE_TRACEPARENT_SIZE];
    bide_trace_context context;
} bide_trace_headers;

/*
 * Headers for a request to another process, of the innermost span that is open:
 *
 *   bide_trace_headers h;
 *   bide_http_request r = {.url = url, .headers = h.header, .header_count = bide_trace_header(&h)};
 *
 * The struct must stay until the request has been sent. Returns how many headers there are: 0 if no
 * span is open, 1, or 2 with tracestate.
 */
static __inline__ size_t bide_trace_header(bide_trace_headers *headers)
{
    if (bide_trace_context_current(&headers->context) < 0)
        return 0;
    bide_trace_context_format(&headers->context, headers->traceparent);
    headers->header[0].name = "traceparent";
    headers->header[0].value = headers->traceparent;
    headers->header[1].name = "tracestate";
    headers->header[1].value = headers->context.state;
    return headers->context.state[0] != '\0' ? 2 : 1;
}

#endif
