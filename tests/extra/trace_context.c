/*
 * W3C Trace Context in bide/trace.h: what is read, what is refused, what is written, and whose
 * child a span is.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdlib.h>

#include "trace_log.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static const struct {
    const char *text;
    int r;
} headers[] = {
    {"00-" TRACE "-" SPAN "-01", 0},
    {"00-" TRACE "-" SPAN "-00", 0},
    {"00-" TRACE "-" SPAN "-ff", 0},
    {"01-" TRACE "-" SPAN "-01", 0},
    {"cc-" TRACE "-" SPAN "-01-what-comes-later", 0},
    {NULL, -EBADMSG},
    {"", -EBADMSG},
    {"00", -EBADMSG},
    {"ff-" TRACE "-" SPAN "-01", -EBADMSG},
    {"00-" TRACE "-" SPAN "-01-more", -EBADMSG},
    {"cc-" TRACE "-" SPAN "-01.more", -EBADMSG},
    {"00-" TRACE "-" SPAN "-0", -EBADMSG},
    {"00-" TRACE "-" SPAN "-0g", -EBADMSG},
    {"00-" TRACE "-" SPAN "x01", -EBADMSG},
    {"00-" TRACE "x" SPAN "-01", -EBADMSG},
    {"00x" TRACE "-" SPAN "-01", -EBADMSG},
    {"0x-" TRACE "-" SPAN "-01", -EBADMSG},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", -EBADMSG},
    {"00-00000000000000000000000000000000-" SPAN "-01", -EBADMSG},
    {"00-" TRACE "-0000000000000000-01", -EBADMSG},
    {"00-" TRACE "-00f067aa0ba902b-01", -EBADMSG},
    {" 00-" TRACE "-" SPAN "-01", -EBADMSG},
};

TEST(headers_that_are_read_and_refused)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        bide_trace_context c;
        char again[BIDE_TRACEPARENT_SIZE];
        memset(&c, 0xA5, sizeof c);
        CHECK_EQ(bide_trace_context_parse(headers[i].text, NULL, &c), headers[i].r);
        if (headers[i].r < 0) {
            CHECK_EQ(c.trace_id[0] | c.span_id[7] | c.flags, 0);
            continue;
        }
        bide_trace_context_format(&c, again);
        CHECK(strncmp(again, "00-" TRACE "-" SPAN "-0", 54) == 0);
        CHECK_EQ(again[54] - '0', headers[i].text[54] == '0' ? 0 : 1);
        CHECK_EQ(strlen(again), BIDE_TRACEPARENT_SIZE - 1);
    }
}

TEST(a_state_that_is_too_long_or_odd_is_left_out)
{
    static char state[600];
    bide_trace_context c;
    const char *parent = "00-" TRACE "-" SPAN "-01";

    CHECK_EQ(bide_trace_context_parse(parent, "a=1,b=2", &c), 0);
    CHECK_STR(c.state, "a=1,b=2");
    CHECK_EQ(bide_trace_context_parse(parent, "a=1\r\nx: y", &c), 0);
    CHECK_STR(c.state, "");
    memset(state, 'x', 512);
    CHECK_EQ(bide_trace_context_parse(parent, state, &c), 0);
    CHECK_STR(c.state, state);
    state[512] = 'x';
    CHECK_EQ(bide_trace_context_parse(parent, state, &c), 0);
    CHECK_STR(c.state, "");
}

static async int serve(const bide_trace_context *from)
{
    bide_trace_context c;
    bide_span("around");
    bide_span_remote(from, "request", BIDE_F("n", 1));
    await bide_yield();
    bide_span("query");
    CHECK_EQ(bide_trace_context_current(&c), 0);
    if (from != NULL) {
        CHECK(memcmp(c.trace_id, from->trace_id, sizeof c.trace_id) == 0);
        CHECK_EQ(c.flags, from->flags);
        CHECK_STR(c.state, from->state);
    } else {
        CHECK_EQ(c.flags, 1);
        CHECK_STR(c.state, "");
    }
    bide_info("in it");
    return 0;
}

TEST(a_request_from_elsewhere_is_a_trace_of_its_own_here)
{
    bide_trace_context c, none;
    log_begin("trace");
    CHECK_EQ(bide_trace_context_current(&none), -ENOENT);
    CHECK_EQ(bide_trace_context_parse("00-" TRACE "-" SPAN "-01", "k=v", &c), 0);
    CHECK_EQ(bide_block_on(serve(&c)), 0);
    log_is("> around\n> request n=1\n> request.query\nrequest.query: in it\n< request.query\n"
           "< request\n< around\n");
    CHECK_EQ(bide_block_on(serve(NULL)), 0);
    c.flags = 0;
    CHECK_EQ(bide_block_on(serve(&c)), 0);
    log_end();
}

/* ---- ids ---- */

TEST(a_span_inside_another_is_of_its_trace)
{
    bide_trace_context a, b;
    log_begin("trace");
    bide_span("a");
    CHECK_EQ(bide_trace_context_current(&a), 0);
    bide_span("b");
    CHECK_EQ(bide_trace_context_current(&b), 0);
    CHECK(memcmp(a.trace_id, b.trace_id, sizeof a.trace_id) == 0);
    CHECK(memcmp(a.span_id, b.span_id, sizeof a.span_id) != 0);
}
