/*
 * parts.h: a form with files, between parts.c and parts_send.c.
 */
#ifndef BIDE_EXTRA_HTTP_PARTS_H
#define BIDE_EXTRA_HTTP_PARTS_H

#include "internal.h"

#include <bide/http_form.h>

struct part {
    struct part *next;
    size_t room;         /* what was allocated */
    const void *data;    /* the bytes; of a file, its path */
    int64_t size;        /* of the bytes, or of the stream; -1: nobody knows. Not of a file */
    bool is_file;        /* `data` is its path */
    bide_stream *stream; /* or NULL */
    size_t head_size;
    char head[];
};

struct bide_http_parts {
    struct part *first, **end;
    char boundary[5 + 32 + 1];
};

#endif
