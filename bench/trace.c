/*
 * bench/trace.c: one workload of spans and events, measured once, for trace.sh: those that nobody
 * wants, those that go to a function which looks at each field, and lines to a file; and polls of a
 * task without and with an open span. trace/rust/ has those that it can have, name by name.
 *
 *   trace ROW N [FILE]   does N operations of ROW, and prints two numbers: nanoseconds of CPU time
 *                        of an operation, and by the clock. Lines go to FILE, or to /dev/null. The
 *                        exit status is 77 if there is no such row.
 *   trace --list         prints the names of the rows
 */
#include <bide/bide.h>
#include <bide/trace.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NO_SUCH_ROW = 77 };

static bide_trace_output *output;
static const char *file = "/dev/null";
static long records, numbers, texts; /* what the function has got */

static void expect(const char *what, long got, long expected)
{
    if (got == expected)
        return;
    fprintf(stderr, "trace: %s: %ld, expected %ld\n", what, got, expected);
    exit(1);
}

/* ---- who wants it ---- */

static void look(void *argument, const bide_trace_record *record)
{
    (void)argument;
    records++;
    for (const bide_field *f = record->fields; f->kind != BIDE_FIELD_NONE; f++) {
        if (f->kind == BIDE_FIELD_INT)
            numbers += f->value.i;
        else if (f->kind == BIDE_FIELD_TEXT)
            texts += f->size;
    }
}

static void to_nobody(void)
{
}

/* The function wants what there is none of. */
static void to_other(void)
{
    bide_trace_options options = {.filter = "elsewhere=info"};
    expect("bide_trace_sink_new", bide_trace_sink_new(look, NULL, &options, &output), 0);
}

static void to_sink(void)
{
    bide_trace_options options = {.filter = "info"};
    expect("bide_trace_sink_new", bide_trace_sink_new(look, NULL, &options, &output), 0);
}

static void to_file(int (*make)(int, const bide_trace_options *, bide_trace_output **))
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    expect(file, fd >= 0, true);
    expect("an output", make(fd, &(bide_trace_options){.filter = "info"}, &output), 0);
}

static void to_text(void)
{
    to_file(bide_trace_text_new);
}

static void to_json(void)
{
    to_file(bide_trace_json_new);
}

static void to_timeline(void)
{
    to_file(bide_trace_timeline_new);
}

/* ---- what is done ---- */

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

static void polls(long n)
{
    expect("bide_block_on", bide_block_on(yields(n)), 0);
}

static void polls_in_span(long n)
{
    expect("bide_block_on", bide_block_on(yields_in_span(n)), 0);
}

/* What the function gets of an operation; of polls_in_span, of all of them. */
static const struct row {
    const char *name;
    void (*prepare)(void);
    void (*work)(long n);
    int records, texts;
} rows[] = {
    {"event_off", to_nobody, events, 0, 0},
    {"span_off", to_nobody, spans, 0, 0},
    {"event_other", to_other, events, 0, 0},
    {"span_other", to_other, spans, 0, 0},
    {"event_sink", to_sink, events, 1, 3},
    {"span_sink", to_sink, spans, 2, 0},
    {"event_text", to_text, events, 0, 0},
    {"event_json", to_json, events, 0, 0},
    {"span_timeline", to_timeline, spans, 0, 0},
    {"yield", to_nobody, polls, 0, 0},
    /* The text output does not ask for the times of spans, the function does. */
    {"yield_span", to_text, polls_in_span, 0, 0},
    {"yield_timed", to_sink, polls_in_span, 2, 0},
};

static void run(const struct row *row, long n)
{
    bool once = row->work == polls_in_span;
    records = numbers = texts = 0;
    row->work(n);
    expect("records", records, row->records * (once ? 1 : n));
    expect("numbers", numbers, once ? 0 : row->records * (n * (n - 1) / 2));
    expect("texts", texts, row->texts * n);
}

static double now_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static int measure(const struct row *row, long n)
{
    row->prepare();
    run(row, n / 10 + 1); /* to warm up */
    double cpu_from_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID), from_ns = now_ns(CLOCK_MONOTONIC);
    run(row, n);
    double ns = now_ns(CLOCK_MONOTONIC) - from_ns;
    double cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_from_ns;
    printf("%.4f %.4f\n", cpu_ns / (double)n, ns / (double)n);
    expect("lost", (long)bide_trace_dropped(NULL), 0);
    if (output != NULL)
        expect("lost lines", (long)bide_trace_dropped(output), 0);
    bide_trace_output_free(output);
    return 0;
}

int main(int argc, char **argv)
{
    const size_t count = sizeof rows / sizeof rows[0];
    bool lists = argc == 2 && strcmp(argv[1], "--list") == 0;
    long n = argc == 3 || argc == 4 ? atol(argv[2]) : 0;
    if (!lists && n < 1) {
        fputs("trace ROW N [FILE]\n", stderr);
        return 2;
    }
    if (argc == 4)
        file = argv[3];
    for (size_t i = 0; i < count; i++) {
        if (lists)
            puts(rows[i].name);
        else if (strcmp(rows[i].name, argv[1]) == 0)
            return measure(&rows[i], n);
    }
    return lists ? 0 : NO_SUCH_ROW;
}
