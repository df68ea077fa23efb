/*
 * What the outputs of bide/trace.h write, byte for byte: the clocks and the random numbers are the
 * test's. And what they do with descriptors that do not take it.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static bide_instant begun;

static int64_t wall(void) /* at first 2026-11-30T07:22:35.123456789Z */
{
    return INT64_C(1796023355123456789) + bide_elapsed(begun).ns;
}

static ssize_t counts(void *buffer, size_t size, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)buffer)[i] = (uint8_t)(i + 1);
    return (ssize_t)size;
}

static int pipe_fd[2];
static bide_trace_output *output;

static void begin(int (*make)(int fd, const bide_trace_options *, bide_trace_output **),
                  bide_trace_options options)
{
    bide_test_time_virtual();
    begun = bide_now();
    CHECK(bide_test_replace("wall", (void (*)(void))wall) != NULL);
    CHECK(bide_test_replace("getrandom", (void (*)(void))counts) != NULL);
    CHECK_EQ(pipe(pipe_fd), 0);
    CHECK(fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK_EQ(make(pipe_fd[1], &options, &output), 0);
}

static void wrote(const char *expected)
{
    static char text[20000];
    ssize_t n = read(pipe_fd[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    CHECK_STR(text, expected);
}

static void all_values(void)
{
    const char *none = NULL;
    char array[] = "array";
    int object = 1;
    (void)object;
    bide_info("values", BIDE_F("char", (char)'a'), BIDE_F("short", (short)-2), BIDE_F("int", -3),
              BIDE_F("long", 4L), BIDE_F("llong", -9223372036854775807LL - 1),
              BIDE_F("uchar", (unsigned char)200), BIDE_F("uint", 4000000000U),
              BIDE_F("ullong", 18446744073709551615ULL), BIDE_F("float", 0.5F),
              BIDE_F("double", 0.1), BIDE_F("third", 1.0 / 3), BIDE_F("big", 1e300),
              BIDE_F("yes", (bool)true), BIDE_F("no", (bool)false),
              BIDE_F("text", "a \"b\"\n\t\x01\\ \xc3\xa9"), BIDE_F("none", none),
              BIDE_F("array", array), BIDE_F("pointer", (void *)16),
              BIDE_F_BYTES("bytes", "abcdef", 3), BIDE_F_ERROR("error", -ENOENT),
              BIDE_F_ERROR("fine", 3), BIDE_F_ERROR("odd", -100000));
}

static async int run(void)
{
    bide_span("request", BIDE_F("path", "/x y"), BIDE_F("n", 1));
    await bide_sleep(BIDE_MS(2));
    {
        bide_span_at(BIDE_TRACE_DEBUG, "query");
        await bide_sleep(BIDE_US(1500));
        bide_span_record(BIDE_F("rows", 3));
        bide_warn("slow", BIDE_F_ERROR("why", -ETIMEDOUT));
    }
    await bide_sleep(BIDE_S(2));
    return 0;
}

TEST(lines_of_text)
{
    begin(bide_trace_text_new, (bide_trace_options){.filter = "trace"});
    CHECK_EQ(bide_block_on(run()), 0);
    bide_error("end");
    wrote("2026-11-30T07:22:35.126956Z  WARN request{path=\"/x y\" n=1}:query{rows=3}: "
          "trace_output: slow why=\"Connection timed out\"\n"
          "2026-11-30T07:22:37.126956Z ERROR trace_output: end\n");
    bide_trace_output_free(output);
}

TEST(lines_of_text_about_spans)
{
    begin(bide_trace_text_new,
          (bide_trace_options){.filter = "trace",
                               .spans = BIDE_TRACE_SPANS_BEGIN | BIDE_TRACE_SPANS_END,
                               .time = BIDE_TRACE_TIME_SINCE,
                               .no_target = true});
    CHECK_EQ(bide_block_on(run()), 0);
    wrote("  0.000000s  INFO request{path=\"/x y\" n=1}: begin\n"
          "  0.002000s DEBUG request{path=\"/x y\" n=1}:query: begin\n"
          "  0.003500s  WARN request{path=\"/x y\" n=1}:query{rows=3}: slow "
          "why=\"Connection timed out\"\n"
          "  0.003500s DEBUG request{path=\"/x y\" n=1}:query{rows=3}: end busy=0ns idle=1.5ms\n"
          "  2.003500s  INFO request{path=\"/x y\" n=1}: end busy=0ns idle=2.003s\n");
    bide_trace_output_free(output);
}

TEST(colours)
{
    begin(bide_trace_text_new, (bide_trace_options){.filter = "info",
                                                    .time = BIDE_TRACE_TIME_SINCE,
                                                    .colour = BIDE_TRACE_COLOUR_ALWAYS});
    bide_warn("hot", BIDE_F("n", 1));
    wrote("\033[2m  0.000000s\033[0m  \033[33mWARN\033[0m \033[2mtrace_output\033[0m: hot "
          "\033[3mn\033[0m=1\n");
    bide_trace_output_free(output);
}

TEST(all_types_as_text)
{
    begin(bide_trace_text_new,
          (bide_trace_options){.filter = "info", .time = BIDE_TRACE_TIME_NONE, .no_target = true});
    all_values();
    wrote(" INFO values char=97 short=-2 int=-3 long=4 llong=-9223372036854775808 uchar=200 "
          "uint=4000000000 ullong=18446744073709551615 float=0.5 double=0.1 "
          "third=0.3333333333333333 big=1e+300 yes=true no=false "
          "text=\"a \\\"b\\\"\\n\\t\\x01\\\\ \xc3\xa9\" none=\"(null)\" array=\"array\" "
          "pointer=0x10 bytes=\"abc\" error=\"No such file or directory\" fine=3 odd=-100000\n");
    bide_trace_output_free(output);
}

TEST(lines_of_json)
{
    begin(bide_trace_json_new, (bide_trace_options){.filter = "trace", .spans = 3});
    CHECK_EQ(bide_block_on(run()), 0);
    bide_error("bad", BIDE_F_BYTES("bytes", "\xff\xe2\x82\xac\xed\xa0\x80", 7),
               BIDE_F("nan", 0.0 / 0.0));
#define IDS(span) "\"trace_id\":\"8032cb61f88e25bc121c1ee30e3c012d\",\"span_id\":\"" span "\""
#define REQUEST   "{\"name\":\"request\",\"path\":\"/x y\",\"n\":1}"
#define QUERY     "{\"name\":\"query\"}"
#define ROWS      "{\"name\":\"query\",\"rows\":3}"
    /* clang-format off */
    wrote(
        "{\"timestamp\":\"2026-11-30T07:22:35.123456Z\",\"level\":\"INFO\","
        "\"target\":\"trace_output\",\"message\":\"begin\",\"span\":" REQUEST ",\"spans\":[" REQUEST
        "]," IDS(
        "e8cb61f88e25bc52") "}\n"
        "{\"timestamp\":\"2026-11-30T07:22:35.125456Z\",\"level\":\"DEBUG\","
        "\"target\":\"trace_output\",\"message\":\"begin\",\"span\":" QUERY
        ",\"spans\":[" REQUEST "," QUERY "]," IDS(
        "07ace91480e90625") "}\n"
        "{\"timestamp\":\"2026-11-30T07:22:35.126956Z\",\"level\":\"WARN\","
        "\"target\":\"trace_output\",\"message\":\"slow\",\"fields\":"
        "{\"why\":\"Connection timed out\"},\"span\":" ROWS
        ",\"spans\":[" REQUEST "," ROWS "]," IDS(
        "07ace91480e90625") "}\n"
        "{\"timestamp\":\"2026-11-30T07:22:35.126956Z\",\"level\":\"DEBUG\","
        "\"target\":\"trace_output\",\"message\":\"end\",\"busy_ns\":0,\"idle_ns\":1500000,"
        "\"span\":" ROWS
        ",\"spans\":[" REQUEST
        "," ROWS "]," IDS(
        "07ace91480e90625") "}\n"
        "{\"timestamp\":\"2026-11-30T07:22:37.126956Z\",\"level\":\"INFO\","
        "\"target\":\"trace_output\",\"message\":\"end\",\"busy_ns\":0,"
        "\"idle_ns\":2003500000,\"span\":" REQUEST
        ",\"spans\":[" REQUEST
        "]," IDS(
        "e8cb61f88e25bc52") "}\n"
        "{\"timestamp\":\"2026-11-30T07:22:37.126956Z\",\"level\":\"ERROR\","
        "\"target\":\"trace_output\",\"message\":\"bad\",\"fields\":"
        "{\"bytes\":\"\xEF\xBF\xBD\xe2\x82\xac\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\","
        "\"nan\":null}}\n");
    /* clang-format on */
    bide_trace_output_free(output);
}

TEST(all_types_as_json)
{
    begin(bide_trace_json_new,
          (bide_trace_options){.filter = "info", .time = BIDE_TRACE_TIME_NONE});
    all_values();
    wrote("{\"level\":\"INFO\",\"target\":\"trace_output\",\"message\":\"values\",\"fields\":{"
          "\"char\":97,\"short\":-2,\"int\":-3,\"long\":4,\"llong\":-9223372036854775808,"
          "\"uchar\":200,\"uint\":4000000000,\"ullong\":18446744073709551615,\"float\":0.5,"
          "\"double\":0.1,\"third\":0.3333333333333333,\"big\":1e+300,\"yes\":true,"
          "\"no\":false,\"text\":\"a \\\"b\\\"\\u000a\\u0009\\u0001\\\\ \xc3\xa9\","
          "\"none\":\"(null)\",\"array\":\"array\",\"pointer\":\"0x10\",\"bytes\":\"abc\","
          "\"error\":\"No such file or directory\",\"fine\":3,\"odd\":-100000}}\n");
    bide_trace_output_free(output);
}

TEST(a_timeline)
{
    begin(bide_trace_timeline_new, (bide_trace_options){.filter = "trace"});
    bide_info("outside");
    wrote("");
    {
        bide_span("outer", BIDE_F("n", 1));
        bide_test_time_advance(BIDE_US(2));
        bide_span("inner");
        bide_info("in it", BIDE_F("s", "x"));
        bide_test_time_advance(BIDE_NS(1500));
    }
    bide_trace_output_free(output);
#define HEAD(name, ts) \
    "\"name\":\"" name "\",\"cat\":\"trace_output\",\"ts\":17960233551234" ts ",\"pid\":1,\"tid\":0"
#define OUTER "\"0xe8cb61f88e25bc52\""
#define INNER "\"0x07ace91480e90625\""
    /* clang-format off */
    wrote(
        "{\"traceEvents\":[\n"
        "{\"ph\":\"i\"," HEAD(
        "outside",
        "56.789") ",\"s\":\"t\",\"args\":{\"level\":\"INFO\"}}"
        ",\n{\"ph\":\"b\"," HEAD(
        "outer",
        "56.789") ",\"id\":" OUTER ",\"args\":{\"level\":\"INFO\",\"span\":" OUTER
        ",\"n\":1}}"
        ",\n{\"ph\":\"b\"," HEAD(
        "inner",
        "58.789") ",\"id\":" OUTER
        ",\"args\":{\"level\":\"INFO\",\"span\":" INNER
        ",\"parent\":" OUTER "}}"
        ",\n{\"ph\":\"n\"," HEAD(
        "in it",
        "58.789") ",\"id\":" OUTER
        ",\"args\":{\"level\":\"INFO\",\"span\":" INNER
        ",\"s\":\"x\"}}"
        ",\n{\"ph\":\"e\"," HEAD(
        "inner",
        "60.289") ",\"id\":" OUTER
        ",\"args\":{\"level\":\"INFO\",\"span\":" INNER
        ",\"busy_us\":1.500,\"idle_us\":0.000}}"
        ",\n{\"ph\":\"e\"," HEAD(
        "outer",
        "60.289") ",\"id\":" OUTER
        ",\"args\":{\"level\":\"INFO\",\"span\":" OUTER
        ",\"busy_us\":3.500,\"idle_us\":0.000,\"n\":1}}\n]}\n");
    /* clang-format on */
}

TEST(an_empty_timeline)
{
    begin(bide_trace_timeline_new, (bide_trace_options){.filter = "trace"});
    bide_trace_output_free(output);
    wrote("{\"traceEvents\":[]}\n");
}

TEST(a_descriptor_that_takes_nothing)
{
    begin(bide_trace_text_new, (bide_trace_options){.filter = "info"});
    close(pipe_fd[0]); /* no SIGPIPE */
    bide_info("one");
    bide_info("two");
    CHECK_EQ(bide_trace_dropped(output), 2);
    bide_trace_output_free(output);
}

static int polls;

static int never_ready(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    (void)fds, (void)count;
    CHECK_EQ(timeout_ms, 1000);
    polls++;
    return 0;
}

TEST(a_descriptor_that_is_full)
{
    static char block[4096];
    begin(bide_trace_text_new, (bide_trace_options){.filter = "info"});
    CHECK(fcntl(pipe_fd[1], F_SETFL, O_NONBLOCK) == 0);
    while (write(pipe_fd[1], block, sizeof block) > 0)
        continue;
    CHECK(bide_test_replace("poll", (void (*)(void))never_ready) != NULL);
    bide_info("lost");
    CHECK_EQ(polls, 1);
    CHECK_EQ(bide_trace_dropped(output), 1);
    bide_trace_output_free(output);
}

TEST(the_environment_has_the_filter)
{
    setenv("BIDE_TRACE", "warn", 1);
    begin(bide_trace_text_new, (bide_trace_options){.time = BIDE_TRACE_TIME_NONE});
    bide_info("no");
    bide_warn("yes");
    wrote(" WARN trace_output: yes\n");
    bide_trace_output_free(output);
    setenv("BIDE_TRACE", "net=loud", 1);
    begin(bide_trace_text_new, (bide_trace_options){.time = BIDE_TRACE_TIME_NONE});
    bide_info("the default");
    bide_debug("no");
    wrote(" INFO trace_output: the default\n");
    bide_trace_output_free(output);
    CHECK_EQ(bide_trace_text_new(1, &(bide_trace_options){.filter = "net=loud"}, &output), -EINVAL);
    CHECK(output == NULL);
}
