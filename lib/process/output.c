/*
 * lib/process/output.c: feeding a child and collecting what it writes, all at the same time, since
 * a child may stop to read until somebody reads what it has written.
 */
#include "lib/async.h"

#include <bide/process.h>

#include "lib/io/stream.h"
#include "lib/process/wait.h"

enum { LIMIT = 1 << 20, FIRST = 4096, SPARE = 4096 };

static const bide_collect_options defaults;

/* The output object and the texts in it have memory of their own, whose sizes are here. */
struct output {
    bide_output shown;
    size_t out_room, err_room;
};

/* One stream that is read to its end. More than `most` bytes are read to know that there are more:
 * so the memory may have SPARE bytes behind them. */
struct text {
    bide_stream *stream;
    size_t most;
    bool cuts;
    char **data;
    size_t *size, *room;
    bool *is_cut;
};

static int grow(struct text *t)
{
    size_t limit = t->most < SIZE_MAX / 2 - SPARE ? t->most + SPARE : SIZE_MAX / 2;
    size_t room = *t->room == 0 ? FIRST : *t->room * 2;
    if (room > limit)
        room = limit;
    char *data = room > *t->room ? bide__alloc(room) : NULL;
    if (data == NULL)
        return -ENOMEM;
    if (*t->size > 0)
        memcpy(data, *t->data, *t->size);
    bide__free(*t->data, *t->room);
    *t->data = data;
    *t->room = room;
    return 0;
}

/* Looks at what is more than the limit. */
static int limit(struct text *t)
{
    if (*t->size <= t->most)
        return 0;
    if (!t->cuts)
        return -EMSGSIZE;
    *t->is_cut = true;
    *t->size = t->most;
    return 0;
}

static bide_async int read_text(struct text *t)
{
    if (t->stream != NULL)
        bide__stream_hold(t->stream);
    bide_defer {
        if (t->stream != NULL)
            bide__stream_let_go(t->stream);
    }
    for (;;) {
        ssize_t n = 0;
        if (*t->size == *t->room) {
            int r = grow(t);
            if (r < 0)
                return r;
        }
        if (t->stream != NULL)
            n = bide_await bide_stream_read(t->stream, *t->data + *t->size, *t->room - *t->size);
        if (n < 0)
            return (int)n;
        if (n == 0) {
            (*t->data)[*t->size] = '\0';
            return 0;
        }
        *t->size += (size_t)n;
        int r = limit(t);
        if (r < 0)
            return r;
    }
}

static bide_async int feed(bide_process *p, const void *input, size_t size)
{
    int r = 0;
    if (bide_process_in(p) != NULL && size > 0)
        r = bide_await bide_stream_write_all(bide_process_in(p), input, size, NULL);
    int closed = bide_process_close_in(p);
    return r == 0 || r == -EPIPE ? closed : r;
}

void bide_output_free(bide_output *shown)
{
    struct output *o = (struct output *)(void *)shown;
    if (o == NULL)
        return;
    bide__free(shown->out, o->out_room);
    bide__free(shown->err, o->err_room);
    bide__free(o, sizeof *o);
}

static struct text text_of(bide_stream *stream, size_t most, bool cuts)
{
    return (struct text){.stream = stream, .most = most > 0 ? most : LIMIT, .cuts = cuts};
}

static bide_async int collect(bide_process *p, const bide_collect_options *options,
                              struct output *o)
{
    struct text out = text_of(bide_process_out(p), options->out_max, options->cut);
    struct text err = text_of(bide_process_err(p), options->err_max, options->cut);
    out.data = &o->shown.out, out.size = &o->shown.out_size;
    out.room = &o->out_room, out.is_cut = &o->shown.out_is_cut;
    err.data = &o->shown.err, err.size = &o->shown.err_size;
    err.room = &o->err_room, err.is_cut = &o->shown.err_is_cut;
    int r = bide_await bide_try_join(feed(p, options->input, options->input_size), read_text(&out),
                                     read_text(&err));
    return r < 0 ? r : bide_await bide__process_wait_end(p, &o->shown.exit);
}

bide_async int bide_process_collect(bide_process *p, const bide_collect_options *options,
                                    bide_output **output)
{
    bool is_given = false;

    *output = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_process_collect");
    struct output *o = bide__alloc(sizeof *o);
    if (o == NULL)
        return -ENOMEM;
    *o = (struct output){.out_room = 0};
    bide_defer {
        if (!is_given)
            bide_output_free(&o->shown);
    }
    int r = bide_await collect(p, options != NULL ? options : &defaults, o);
    if (r < 0)
        return r;
    is_given = true;
    *output = &o->shown;
    return 0;
}

static bide_process_options for_output(const bide_process_options *options, bool has_input)
{
    bide_process_options o = {.program = NULL};
    if (options != NULL)
        o = *options;
    if (o.in.kind == BIDE_PROCESS_DEFAULT)
        o.in.kind = has_input ? BIDE_PROCESS_PIPE : BIDE_PROCESS_NULL;
    if (o.out.kind == BIDE_PROCESS_DEFAULT)
        o.out.kind = BIDE_PROCESS_PIPE;
    if (o.err.kind == BIDE_PROCESS_DEFAULT)
        o.err.kind = BIDE_PROCESS_PIPE;
    return o;
}

static int start(const char *const *argv, const bide_process_options *options, bool has_input,
                 bide_process **p)
{
    const bide_process_options o = for_output(options, has_input);
    return bide_process_spawn(argv, &o, p);
}

bide_async int bide_process_output(const char *const *argv, const bide_process_options *options,
                                   const bide_collect_options *collect_options,
                                   bide_output **output)
{
    bide_process *p;
    bool has_input = collect_options != NULL && collect_options->input_size > 0;

    *output = NULL;
    int r = start(argv, options, has_input, &p);
    if (r < 0)
        return r;
    bide_defer {
        bide_process_free(p);
    }
    return bide_await bide_process_collect(p, collect_options, output);
}
