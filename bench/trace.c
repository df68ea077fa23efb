/*
 * bench/trace.c: spans and events, in nanoseconds each: those that nobody wants, those that go to a
 * function which does nothing, and lines to /dev/null; and polls of a task without and with an open
 * span.
 *
 *   trace [--tsv] [PART OF A NAME]
 */
#include "common/measure.h"

#include <bide/bide.h>
#include <bide/trace.h>

#include <fcntl.h>
#include <stdlib.h>

static bide_trace_output *output;

static void ignore(void *argument, const bide_trace_record *record)
{
    (void)argument, (void)record;
}

static void must(int rc)
{
    if (rc < 0)
        abort();
}

static void to_nobody(void)
{
    bide_trace_output_free(output);
    output = NULL;
}

static void to_sink(void)
{
    to_nobody();
    must(bide_trace_sink_new(ignore, NULL, &(bide_trace_options){.filter = "info"}, &output));
}

static void to_file(int (*make)(int, const bide_trace_options *, bide_trace_output **))
{
    static int fd = -1;
    to_nobody();
    if (fd < 0)
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    must(make(fd, &(bide_trace_options){.filter = "info"}, &output));
}

static void events(long n)
{
    for (long i = 0; i < n; i++)
        bide_info("an event", BIDE_F("n", i), BIDE_F("text", "abc"));
}

static void spans(long n)
{
    for (long i = 0; i < n; i++) {
        bide_span("a span", BIDE_F("n", i));
    }
}

static void event_off(long n)
{
    to_nobody();
    events(n);
}

static void span_off(long n)
{
    to_nobody();
    spans(n);
}

static void event_sink(long n)
{
    to_sink();
    events(n);
}

static void span_sink(long n)
{
    to_sink();
    spans(n);
}

static void event_text(long n)
{
    to_file(bide_trace_text_new);
    events(n);
}

static void event_json(long n)
{
    to_file(bide_trace_json_new);
    events(n);
}

static void span_timeline(long n)
{
    to_file(bide_trace_timeline_new);
    spans(n);
    to_nobody();
}

static async int yields(long n)
{
    while (n-- > 0)
        await bide_yield();
    return 0;
}

static async int yields_in_span(long n)
{
    bide_span("yields");
    return await yields(n);
}

static void yield_bare(long n)
{
    to_nobody();
    must(bide_block_on(yields(n)));
}

/* The text output does not ask for the times of spans, the sink does. */
static void yield_span(long n)
{
    to_file(bide_trace_text_new);
    must(bide_block_on(yields_in_span(n)));
}

static void yield_timed(long n)
{
    to_sink();
    must(bide_block_on(yields_in_span(n)));
}

int main(int argc, char **argv)
{
    static const struct workload all[] = {
        {"event, nobody wants it", event_off, 20000000, CPU_TIME, NULL},
        {"span, nobody wants it", span_off, 20000000, CPU_TIME, NULL},
        {"event to a function", event_sink, 1000000, CPU_TIME, NULL},
        {"span to a function", span_sink, 300000, CPU_TIME, NULL},
        {"event as text", event_text, 200000, CPU_TIME, NULL},
        {"event as JSON", event_json, 200000, CPU_TIME, NULL},
        {"span in a timeline", span_timeline, 100000, CPU_TIME, NULL},
        {"yield", yield_bare, 2000000, CPU_TIME, NULL},
        {"yield in a span", yield_span, 2000000, CPU_TIME, "yield"},
        {"yield in a span that is timed", yield_timed, 1000000, CPU_TIME, "yield"},
    };
    return measure(all, sizeof all / sizeof all[0], argc, argv);
}
