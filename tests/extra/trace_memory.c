/*
 * bide/trace.h without memory: each allocation fails in turn. What was lost is counted, the rest
 * is told, and nothing leaks.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "trace_log.h"

static char long_text[3000];

static async int child(void)
{
    bide_span("child", BIDE_F("text", "abc"));
    await bide_yield();
    bide_info("in child", BIDE_F("long", long_text));
    return 0;
}

static int job(void)
{
    bide_info("job");
    return 0;
}

static async int work(void)
{
    bide_trace_context c;
    int r = bide_trace_context_parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "state=1", &c);
    bide_span_remote(&c, "request", BIDE_F("n", 1));
    bide_span_record(BIDE_F("more", long_text));
    bide_task(int) t = bide_spawn(child());
    await child();
    await bide_blocking(job());
    (void)await bide_task_wait(t);
    return r;
}

/* Runs it with the nth allocation failing. True: none did. */
static bool runs(unsigned nth, bide_trace_output **output)
{
    bide_test_fail("alloc", nth, -ENOMEM, 1);
    int r = bide_block_on(work());
    bool past = bide_test_failed("alloc") == 0;
    bide_test_fail("alloc", 0, 0, 0);
    CHECK(r == 0 || r == -ENOMEM);
    if (past) {
        CHECK_EQ(r, 0);
        CHECK_EQ(bide_trace_dropped(output[0]), 0);
    }
    return past;
}

static void try_all(int (*make)(int fd, const bide_trace_options *, bide_trace_output **))
{
    const bide_trace_options options = {.filter = "trace,[n=1]", .spans = 3};
    bide_trace_output *output;
    uint64_t lost = 0, before = bide_trace_dropped(NULL);
    int fd = open("/dev/null", O_WRONLY);
    unsigned nth = 1;

    memset(long_text, 'x', sizeof long_text - 1);
    CHECK_EQ(bide_block_on(work()), 0); /* what is made once */
    for (bool past = false; !past; nth++) {
        CHECK_EQ(make(fd, &options, &output), 0);
        past = runs(nth, &output);
        lost += bide_trace_dropped(output);
        bide_trace_output_free(output);
        CHECK(nth < 200);
    }
    CHECK(nth > 8);
    CHECK(lost + bide_trace_dropped(NULL) - before > 4);
    close(fd);
}

TEST(text)
{
    try_all(bide_trace_text_new);
}

TEST(json)
{
    try_all(bide_trace_json_new);
}

TEST(timeline)
{
    try_all(bide_trace_timeline_new);
}

TEST(an_output_that_cannot_be_made)
{
    const bide_trace_options options = {.filter = "info"};
    bide_trace_output *output = NULL;

    for (unsigned nth = 1; nth <= 2; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        CHECK_EQ(bide_trace_text_new(2, &options, &output), -ENOMEM);
        CHECK(output == NULL);
    }
    bide_test_fail("alloc", 0, 0, 0);
    CHECK_EQ(bide_trace_text_new(2, &options, &output), 0);
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_EQ(bide_trace_filter_set(output, "debug"), -ENOMEM);
    bide_test_fail("alloc", 0, 0, 0);
    bide_trace_output_free(output);
}

TEST(a_span_that_is_lost_leaves_no_hole)
{
    log_begin("trace");
    {
        bide_span("outer");
        bide_test_fail("alloc", 1, -ENOMEM, 1);
        bide_span("lost");
        bide_test_fail("alloc", 0, 0, 0);
        bide_info("inside");
    }
    CHECK_EQ(bide_trace_dropped(NULL), 1);
    log_is("> outer\nouter: inside\n< outer\n");
    log_end();
}
