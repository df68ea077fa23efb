/*
 * parse.c: one page from bytes to tree, on whatever thread: which character set, its bytes as
 * UTF-8, gumbo's tree, and ours.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static const size_t size_default = (size_t)16 << 20, size_limit = (size_t)256 << 20;
static const size_t nodes_default = 500000, nodes_limit = 50000000;
static const size_t memory_default = (size_t)512 << 20;

enum { DEPTH = 512, DEPTH_LIMIT = 4000, ATTRIBUTES = 256, ATTRIBUTES_LIMIT = 4000 };

int bide__html_fails(bide_html_failure *failure, int error, const char *format, ...)
{
    if (failure != NULL) {
        va_list arguments;
        memset(failure, 0, sizeof *failure);
        failure->error = error;
        va_start(arguments, format);
        vsnprintf(failure->text, sizeof failure->text, format, arguments);
        va_end(arguments);
    }
    return error;
}

int bide__html_begin(struct bide__html_work *w, const bide_html_options *options)
{
    bide_html_options *o = &w->options;
    *o = options != NULL ? *options : (bide_html_options){0};
    if (o->size_max == 0)
        o->size_max = size_default;
    if (o->depth_max == 0)
        o->depth_max = DEPTH;
    if (o->nodes_max == 0)
        o->nodes_max = nodes_default;
    if (o->attributes_max == 0)
        o->attributes_max = ATTRIBUTES;
    if (o->memory_max == 0)
        o->memory_max = memory_default;
    if (o->size_max > size_limit || o->depth_max > DEPTH_LIMIT || o->nodes_max > nodes_limit ||
        o->attributes_max > ATTRIBUTES_LIMIT)
        return bide__html_fails(&w->failure, -EINVAL, "an option is too large");
    if (w->data == NULL && w->size > 0)
        return bide__html_fails(&w->failure, -EINVAL, "there is no data");
    if (w->size > o->size_max)
        return bide__html_fails(&w->failure, -EMSGSIZE, "the page is longer than %zu bytes",
                                o->size_max);
    return 0;
}

static int parse_bytes(struct bide__html_work *w, const struct bide__html_bytes *bytes)
{
    const GumboOutput *output = NULL;
    struct bide__html_memory *m = bide__html_memory_new(w);
    if (m == NULL)
        return -ENOMEM;
    int rc = bide__html_memory_parse(m, bytes, &output);
    if (rc == 0 && atomic_load_explicit(&w->cancelled, memory_order_relaxed))
        rc = -ECANCELED;
    if (rc == 0)
        rc = bide__html_tree(w, output);
    bide__html_memory_free(m);
    return rc;
}

void bide__html_do(struct bide__html_work *w)
{
    struct bide__html_bytes bytes;
    const char *data = w->data != NULL ? w->data : "";
    struct bide__html_charset charset = bide__html_charset_of(data, w->size, w->options.charset);
    w->failure = (bide_html_failure){0};
    w->data = data;
    w->html = NULL;
    w->result = bide__html_decode(w, &charset, &bytes);
    if (w->result == -EMSGSIZE)
        bide__html_fails(&w->failure, -EMSGSIZE,
                         "parsing the page takes more than %zu bytes of memory",
                         w->options.memory_max);
    if (w->result == 0) {
        w->result = parse_bytes(w, &bytes);
        bide__free(bytes.data, bytes.room);
    }
    if (w->result == 0) {
        w->html->charset = charset.name;
        w->html->source = charset.source;
    } else if (w->failure.error == 0) {
        bide__html_fails(&w->failure, w->result, "%s",
                         w->result == -ENOMEM ? "out of memory" : "the page cannot be converted");
    }
}
