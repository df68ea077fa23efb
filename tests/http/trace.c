/*
 * bide/trace_http.h: the spans of requests that a server handles, whose child they are, what they
 * are told at the end; and the headers of a client.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/trace_http.h>

#include <errno.h>

#include "../extra/trace_log.h"
#include "fake.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static struct fake fake;
static bide_http_router *router;
static bide_trace_context seen;

static async int handler(bide_http_exchange *x)
{
    await bide_yield();
    bide_info("handled");
    CHECK_EQ(bide_trace_context_current(&seen), 0);
    return bide_http_reply_text(x, 200, "ok");
}

static async int fails(bide_http_exchange *x)
{
    (void)x;
    return -EIO;
}

static void told_end(void *argument, const bide_trace_record *r)
{
    size_t at = 0;
    const bide_field *f;
    log_told(argument, r);
    if (r->what != BIDE_TRACE_SPAN_END)
        return;
    while ((f = bide_trace_span_field(r->span, &at)) != NULL)
        if (f->kind == BIDE_FIELD_INT)
            log_print(" %s=%lld\n", f->name, (long long)f->value.i);
        else
            log_print(" %s=%.*s\n", f->name, (int)f->size, f->value.text);
}

static int ask(const char *target, const char *headers, const bide_http_trace_options *options)
{
    const bide_http_layer layers[] = {{bide_ref(bide_http_layer_trace), options}};
    static const bide_http_route routes[] = {
        {"GET", "/items/{id}", bide_ref(handler), 0, NULL, 0, NULL},
        {"GET", "/fails", bide_ref(fails), 0, NULL, 0, NULL}};
    char head[1000];
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){
                      .routes = routes, .route_count = 2, .layers = layers, .layer_count = 1},
                  &router),
              0);
    fake = (struct fake){.handler = bide_ref(bide_http_serve_router), .room = 8192};
    fake.options.state = router;
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", target, headers);
    fake.head = head;
    fake_run(&fake);
    int status = fake.status;
    bide_http_router_drop(router);
    fake_free(&fake);
    return status;
}

static void begin(void)
{
    CHECK_EQ(
        bide_trace_sink_new(told_end, NULL, &(bide_trace_options){.filter = "trace"}, &log_output),
        0);
}

TEST(a_request_of_another_process)
{
    begin();
    CHECK_EQ(
        ask("/items/7?x=1", "traceparent: 00-" TRACE "-" PARENT "-01\r\ntracestate: a=b\r\n", NULL),
        200);
    log_is("> request method=GET path=/items/7\nrequest: handled\n< request\n method=GET\n"
           " path=/items/7\n route=/items/{id}\n status=200\n");
    char parent[BIDE_TRACEPARENT_SIZE];
    bide_trace_context_format(&seen, parent);
    CHECK(strncmp(parent, "00-" TRACE "-", 36) == 0);
    CHECK(strstr(parent, PARENT) == NULL);
    CHECK_STR(seen.state, "a=b");
    CHECK_EQ(ask("/items/7", "traceparent: 00-" TRACE "-" PARENT "-01\r\n",
                 &(bide_http_trace_options){.distrust = true}),
             200);
    bide_trace_context_format(&seen, parent);
    CHECK(strstr(parent, TRACE) == NULL);
    log_end();
}

TEST(errors_and_what_is_not_there)
{
    begin();
    CHECK_EQ(ask("/fails", "traceparent: nonsense\r\n", NULL), 500);
    log_is("> request method=GET path=/fails\nrequest: request failed error=-5\n< request\n"
           " method=GET\n path=/fails\n route=/fails\n status=500\n");
    CHECK_EQ(ask("/nothing", "", NULL), 404);
    log_is("> request method=GET path=/nothing\n< request\n method=GET\n path=/nothing\n"
           " status=404\n");
    log_end();
}

TEST(headers_of_a_client)
{
    bide_trace_headers h;
    bide_trace_context c;
    CHECK_EQ(bide_trace_header(&h), 0);
    begin();
    {
        bide_span("asks");
        CHECK_EQ(bide_trace_header(&h), 1);
        CHECK_STR(h.header[0].name, "traceparent");
        CHECK_EQ(bide_trace_context_parse(h.header[0].value, NULL, &c), 0);
        CHECK(memcmp(c.span_id, h.context.span_id, sizeof c.span_id) == 0);
    }
    CHECK_EQ(bide_trace_context_parse("00-" TRACE "-" PARENT "-01", "k=v", &c), 0);
    bide_span_remote(&c, "asks");
    CHECK_EQ(bide_trace_header(&h), 2);
    CHECK_STR(h.header[1].name, "tracestate");
    CHECK_STR(h.header[1].value, "k=v");
    log_end();
}
