/*
 * output.c: outputs: made and freed, their filters, their descriptors.
 */
#include "internal.h"

#include "runtime/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 1000 };

static const char default_filter[] = "info";

/* ---- writing ---- */

/* Without SIGPIPE. A descriptor that does not block is waited for. */
void bide__output_write(bide_trace_output *output, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = bide__door.write_quiet(output->fd, bytes, size);
        if (n == -EINTR)
            continue;
        if (n == -EAGAIN) {
            struct pollfd p = {.fd = output->fd, .events = POLLOUT};
            if (bide__door.poll(&p, 1, PATIENCE_MS) > 0)
                continue;
        }
        if (n <= 0) {
            atomic_fetch_add_explicit(&output->dropped, 1, memory_order_relaxed);
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

bool bide__span_is_told(const bide_trace_output *output, const struct bide_trace_span *span)
{
    return span->mask >> output->number & 1;
}

const struct bide_trace_span *bide__span_for(const bide_trace_output *output,
                                             const struct bide_trace_span *span)
{
    while (span != NULL && !bide__span_is_told(output, span))
        span = span->parent;
    return span;
}

/* ---- made ---- */

/* The filter of the options, of BIDE_TRACE, or the default. */
static int first_filter(const char *text, struct bide__filter **filter)
{
    const char *environment = text == NULL ? getenv("BIDE_TRACE") : NULL;
    size_t place;
    int r;

    if (text != NULL)
        return bide__filter_new(text, filter, &place);
    if (environment != NULL) {
        r = bide__filter_new(environment, filter, &place);
        if (r != -EINVAL)
            return r;
        fprintf(stderr, "bide: BIDE_TRACE is no filter: it is wrong at '%s'\n",
                environment + place);
    }
    return bide__filter_new(default_filter, filter, &place);
}

static bool is_coloured(int fd, bide_trace_colour colour)
{
    const char *no_colour = getenv("NO_COLOR");

    if (colour != BIDE_TRACE_COLOUR_AUTO)
        return colour == BIDE_TRACE_COLOUR_ALWAYS;
    struct winsize size;
    return (no_colour == NULL || no_colour[0] == '\0') &&
           bide__door.ioctl(fd, TIOCGWINSZ, &size) == 0;
}

static int output_new(const struct bide__output_kind *kind, int fd,
                      const bide_trace_options *options, bide_trace_output *given,
                      bide_trace_output **output)
{
    *output = NULL;
    if (bide__trace_is_telling())
        return -EDEADLK;
    /* A child of fork() must not make the ids of its parent. */
    int r = bide__fork_watch();
    bide_trace_output *o = r == 0 ? bide__alloc(sizeof *o) : NULL;
    if (o == NULL)
        return -ENOMEM;
    *o = *given;
    o->kind = kind;
    o->fd = fd;
    o->is_first = true;
    if (options != NULL)
        o->options = *options;
    r = first_filter(o->options.filter, &o->filter);
    o->options.filter = NULL; /* it is the caller's */
    if (r == 0) {
        pthread_mutex_init(&o->mutex, NULL);
        bide__text_begin(&o->kept);
        o->coloured = kind == &bide__trace_text && is_coloured(fd, o->options.colour);
        r = bide__output_add(o);
    }
    if (r < 0) {
        bide__filter_free(o->filter);
        bide__free(o, sizeof *o);
        return r;
    }
    *output = o;
    return 0;
}

int bide_trace_text_new(int fd, const bide_trace_options *options, bide_trace_output **output)
{
    return output_new(&bide__trace_text, fd, options, &(bide_trace_output){.fd = fd}, output);
}

int bide_trace_json_new(int fd, const bide_trace_options *options, bide_trace_output **output)
{
    return output_new(&bide__trace_json, fd, options, &(bide_trace_output){.fd = fd}, output);
}

int bide_trace_timeline_new(int fd, const bide_trace_options *options, bide_trace_output **output)
{
    return output_new(&bide__trace_timeline, fd, options, &(bide_trace_output){.fd = fd}, output);
}

static void sink_told(bide_trace_output *o, const bide_trace_record *r)
{
    o->sink(o->argument, r);
}

static const struct bide__output_kind sink_kind = {sink_told, true};

int bide_trace_sink_new(void (*told)(void *argument, const bide_trace_record *record),
                        void *argument, const bide_trace_options *options,
                        bide_trace_output **output)
{
    return output_new(&sink_kind, -1, options,
                      &(bide_trace_output){.sink = told, .argument = argument}, output);
}

void bide_trace_output_free(bide_trace_output *output)
{
    if (output == NULL)
        return;
    bide__output_remove(output);
    if (output->kind == &bide__trace_timeline)
        bide__timeline_end(output);
    bide__text_end(&output->kept);
    bide__filter_free(output->filter);
    pthread_mutex_destroy(&output->mutex);
    bide__free(output, sizeof *output);
}

int bide_trace_filter_set(bide_trace_output *output, const char *filter)
{
    struct bide__filter *new;
    size_t place;
    int r = bide__trace_is_telling() ? -EDEADLK : bide__filter_new(filter, &new, &place);

    if (r == 0)
        bide__output_filter(output, new);
    return r;
}

uint64_t bide_trace_dropped(const bide_trace_output *output)
{
    return atomic_load_explicit(output != NULL ? &output->dropped : &bide__trace_lost,
                                memory_order_relaxed);
}

int bide_trace_stderr(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static bide_trace_output *output;

    pthread_mutex_lock(&mutex);
    int r = output != NULL ? 0 : bide_trace_text_new(STDERR_FILENO, NULL, &output);
    pthread_mutex_unlock(&mutex);
    return r;
}
