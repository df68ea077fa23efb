/*
 * bide/trace.h and bide/trace_otlp.h: options that are filled with zeroes byte by byte, and none at
 * all.
 */
#include <bide/bide.h>
#include <bide/trace.h>
#include <bide/trace_otlp.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static void ignore(void *argument, const bide_trace_record *record)
{
    (void)argument, (void)record;
}

TEST(outputs)
{
    bide_trace_options options;
    bide_trace_output *output;
    int fd = open("/dev/null", O_WRONLY);

    memset(&options, 0, sizeof options);
    for (int i = 0; i < 2; i++) {
        const bide_trace_options *o = i == 0 ? &options : NULL;
        CHECK_EQ(bide_trace_text_new(fd, o, &output), 0);
        bide_info("something");
        bide_trace_output_free(output);
        CHECK_EQ(bide_trace_json_new(fd, o, &output), 0);
        bide_info("something");
        bide_trace_output_free(output);
        CHECK_EQ(bide_trace_timeline_new(fd, o, &output), 0);
        bide_info("something");
        CHECK_EQ(bide_trace_dropped(output), 0);
        bide_trace_output_free(output);
        CHECK_EQ(bide_trace_sink_new(ignore, NULL, o, &output), 0);
        bide_trace_output_free(output);
    }
    CHECK_EQ(bide_trace_text_new(fd, NULL, &output), 0);
    bide_trace_output_free(output);
    bide_trace_output_free(NULL);
    close(fd);
}

/* The URL is the default one; nothing is sent, since there are no spans. */
TEST(an_exporter)
{
    bide_trace_otlp_options options;
    bide_trace_otlp_counts counts;
    bide_trace_otlp *otlp;

    unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    unsetenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    memset(&options, 0, sizeof options);
    CHECK_EQ(bide_trace_otlp_new(&options, &otlp), 0);
    bide_trace_otlp_count(otlp, &counts);
    CHECK_EQ(counts.sent + counts.dropped + counts.requests, 0);
    bide_trace_otlp_free(otlp);
    CHECK_EQ(bide_trace_otlp_new(NULL, &otlp), 0);
    bide_trace_otlp_free(otlp);
}
