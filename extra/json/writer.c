/*
 * writer.c: the writer's states, its buffer and its errors.
 *
 *   where it is         may come                        then
 *   top, no value       a value                         top, a value
 *   top, a value        nothing; with `lines` a value   top, a value
 *   object              a key, end                      object, a key; out of it
 *   object, a key       a value                         object
 *   array               a value, end                    array; out of it
 *
 * `depth`, `has_key` and `has_items` are that state; a value may also begin an object or array.
 * What fits nowhere is -EPROTO. The first error stays, and whoever has it writes nothing more.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 256, INDENT_MAX = 16, SLACK = 64 };

/* ---- errors ---- */

int bide__json_writer_fails(bide_json_writer *w, int error, const char *text)
{
    if (w->error == 0) {
        w->error = error;
        bide__json_fails(&w->failure, error, "after %llu bytes, %u deep: %s",
                         (unsigned long long)(w->consumed + w->size), w->depth, text);
    }
    return w->error;
}

const char *bide_json_writer_error(const bide_json_writer *w)
{
    return w->failure.text;
}

/* ---- the buffer ---- */

/* A room that has more than `least` bytes; 0: there is none. */
static size_t next_room(const bide_json_writer *w, size_t least)
{
    size_t room = w->room > 0 ? w->room : FIRST_ROOM;
    while (room <= least) {
        if (room > SIZE_MAX / 4)
            return 0;
        room *= 2;
    }
    return room;
}

int bide__json_writer_grow(bide_json_writer *w, size_t size)
{
    /* What is asked for may be a little more than what comes; the end of the value tells. */
    size_t most = w->options.size_max + SLACK + (size_t)w->depth * w->options.indent;
    if (size > most || w->size > most - size)
        return bide__json_writer_fails(w, -EMSGSIZE, "the text is too large");
    size_t room = next_room(w, w->size + size);
    char *data = room > 0 ? bide__alloc(room) : NULL;
    if (data == NULL)
        return bide__json_writer_fails(w, -ENOMEM, "out of memory");
    if (w->size > 0)
        memcpy(data, w->data, w->size);
    bide__free(w->data, w->room);
    w->data = data;
    w->room = room;
    return 0;
}

const char *bide_json_writer_data(const bide_json_writer *w, size_t *size)
{
    if (size != NULL)
        *size = w->size;
    if (w->data == NULL)
        return "";
    w->data[w->size] = 0;
    return w->data;
}

void bide_json_writer_consume(bide_json_writer *w, size_t size)
{
    if (size > w->size)
        size = w->size;
    if (size == 0)
        return;
    memmove(w->data, w->data + size, w->size - size);
    w->size -= size;
    w->consumed += size;
}

/* ---- its life ---- */

int bide_json_writer_new(const bide_json_writer_options *options, bide_json_writer **writer)
{
    bide_json_writer_options o = options != NULL ? *options : (bide_json_writer_options){0};
    *writer = NULL;
    if (o.depth_max == 0)
        o.depth_max = BIDE__JSON_DEPTH;
    if (o.size_max == 0 || o.size_max > SIZE_MAX / 8)
        o.size_max = SIZE_MAX / 8;
    if (o.depth_max > BIDE__JSON_DEPTH_MAX || o.indent > INDENT_MAX)
        return -EINVAL;
    bide_json_writer *w = bide__alloc(sizeof *w);
    if (w == NULL)
        return -ENOMEM;
    *w = (bide_json_writer){.options = o};
    *writer = w;
    return 0;
}

void bide_json_writer_free(bide_json_writer *w)
{
    if (w == NULL)
        return;
    bide__free(w->data, w->room);
    bide__free(w, sizeof *w);
}

void bide_json_writer_reset(bide_json_writer *w)
{
    w->size = 0;
    w->consumed = 0;
    w->depth = 0;
    w->has_key = w->has_items = false;
    w->error = 0;
    w->failure.text[0] = 0;
}

/* ---- before and after a value ---- */

/* A newline, and the blanks of a level. */
static void new_line(bide_json_writer *w, unsigned depth)
{
    w->data[w->size++] = '\n';
    memset(w->data + w->size, ' ', (size_t)depth * w->options.indent);
    w->size += (size_t)depth * w->options.indent;
}

/* A comma, if one is due, and the place for the next item of an object or array. */
static int begin_item(bide_json_writer *w, size_t size)
{
    size_t before = 2 + (size_t)w->depth * w->options.indent;
    int rc = bide__json_writer_room(w, before + size);
    if (rc < 0)
        return rc;
    if (w->has_items)
        w->data[w->size++] = ',';
    if (w->options.indent > 0)
        new_line(w, w->depth);
    w->has_items = true;
    return 0;
}

int bide__json_writer_begin_value(bide_json_writer *w, size_t size)
{
    if (w->error != 0)
        return w->error;
    if (w->depth == 0) {
        if (w->has_items && !w->options.lines)
            return bide__json_writer_fails(w, -EPROTO, "a second value after the end of the first");
        w->has_items = true;
        return bide__json_writer_room(w, size + 1);
    }
    if (!bide__json_writer_in_object(w))
        return begin_item(w, size + 1);
    if (!w->has_key)
        return bide__json_writer_fails(w, -EPROTO, "a value without a key, in an object");
    w->has_key = false;
    return bide__json_writer_room(w, size + 1);
}

int bide__json_writer_end_value(bide_json_writer *w)
{
    if (w->depth == 0 && w->options.lines)
        w->data[w->size++] = '\n'; /* begin_value has made room for it */
    if (w->size > w->options.size_max)
        return bide__json_writer_fails(w, -EMSGSIZE, "the text is too large");
    return 0;
}

/* ---- objects and arrays ---- */

static int begin(bide_json_writer *w, bool object)
{
    if (w->error == 0 && w->depth >= w->options.depth_max)
        return bide__json_writer_fails(w, -EMSGSIZE, "it is nested too deep");
    int rc = bide__json_writer_begin_value(w, 1);
    if (rc < 0)
        return rc;
    w->data[w->size++] = object ? '{' : '[';
    w->depth++;
    w->has_items = false;
    uint64_t bit = (uint64_t)1 << w->depth % 64;
    if (object)
        w->is_object[w->depth / 64] |= bit;
    else
        w->is_object[w->depth / 64] &= ~bit;
    return 0;
}

int bide_json_writer_begin_object(bide_json_writer *w)
{
    return begin(w, true);
}

int bide_json_writer_begin_array(bide_json_writer *w)
{
    return begin(w, false);
}

int bide_json_writer_end(bide_json_writer *w)
{
    if (w->error != 0)
        return w->error;
    if (w->depth == 0)
        return bide__json_writer_fails(w, -EPROTO, "an end, and nothing has begun");
    if (w->has_key)
        return bide__json_writer_fails(w, -EPROTO, "the object ends after a key without a value");
    int rc = bide__json_writer_room(w, 3 + (size_t)w->depth * w->options.indent);
    if (rc < 0)
        return rc;
    bool object = bide__json_writer_in_object(w);
    w->depth--;
    if (w->has_items && w->options.indent > 0)
        new_line(w, w->depth);
    w->data[w->size++] = object ? '}' : ']';
    w->has_items = true;
    return bide__json_writer_end_value(w);
}

static int write_key(bide_json_writer *w, const char *key, size_t size)
{
    if (w->error != 0)
        return w->error;
    if (!bide__json_writer_in_object(w))
        return bide__json_writer_fails(
            w, -EPROTO, w->depth > 0 ? "a key, in an array" : "a key, and no object has begun");
    if (w->has_key)
        return bide__json_writer_fails(w, -EPROTO, "a second key, and no value between");
    if (memchr(key, 0, size) != NULL)
        return bide__json_writer_fails(w, -EILSEQ, "a key has a zero byte");
    size_t before = w->size;
    int rc = begin_item(w, size + 4);
    if (rc == 0)
        rc = bide__json_writer_quote(w, key, size);
    if (rc == 0)
        rc = bide__json_writer_room(w, 2);
    if (rc < 0) {
        w->size = before;
        return rc;
    }
    w->data[w->size++] = ':';
    if (w->options.indent > 0)
        w->data[w->size++] = ' ';
    w->has_key = true;
    return 0;
}

int bide_json_writer_key(bide_json_writer *w, const char *key)
{
    if (key == NULL)
        return bide__json_writer_fails(w, -EPROTO, "a key that is NULL");
    return write_key(w, key, strlen(key));
}

int bide_json_writer_finish(bide_json_writer *w)
{
    if (w->error == 0 && w->depth > 0)
        return bide__json_writer_fails(w, -EPROTO,
                                       bide__json_writer_in_object(w) ? "an object has not ended"
                                                                      : "an array has not ended");
    if (w->error == 0 && !w->has_items && !w->options.lines)
        return bide__json_writer_fails(w, -EPROTO, "there is no value");
    return w->error;
}

/* ---- formats ---- */

static int sink_begin(void *w, bool object)
{
    return begin(w, object);
}

static int sink_end(void *w)
{
    return bide_json_writer_end(w);
}

static int sink_key(void *w, const char *key, size_t size)
{
    return write_key(w, key, size);
}

static int sink_text(void *w, const char *text, size_t size)
{
    return text != NULL ? bide_json_writer_text_sized(w, text, size) : bide_json_writer_null(w);
}

static int sink_i64(void *w, int64_t value)
{
    return bide_json_writer_i64(w, value);
}

static int sink_u64(void *w, uint64_t value)
{
    return bide_json_writer_u64(w, value);
}

static int sink_real(void *w, double value)
{
    return bide_json_writer_double(w, value);
}

static int sink_boolean(void *w, bool value)
{
    return bide_json_writer_bool(w, value);
}

static int sink_tree(void *w, const bide_json *value)
{
    return bide_json_writer_json(w, value);
}

static const struct bide__json_sink sink = {sink_begin, sink_end,     sink_key,
                                            sink_text,  sink_i64,     sink_u64,
                                            sink_real,  sink_boolean, sink_tree};

int bide__json_writer_vpack(bide_json_writer *w, const char *letters, const char *format,
                            va_list arguments)
{
    bide_json_failure failure;
    if (w->error != 0)
        return w->error;
    int rc = bide__json_format(&sink, w, bide__json_writer_in_object(w) && !w->has_key, false,
                               letters, format, arguments, &failure);
    return rc == -EINVAL ? bide__json_writer_fails(w, rc, failure.text) : rc;
}

int bide_json_writer_vpack(bide_json_writer *w, const char *format, va_list arguments)
{
    return bide__json_writer_vpack(w, NULL, format, arguments);
}

int(bide_json_writer_pack)(bide_json_writer *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = bide__json_writer_vpack(w, NULL, format, arguments);
    va_end(arguments);
    return rc;
}

int bide__json_writer_pack(bide_json_writer *w, const char *letters, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = bide__json_writer_vpack(w, letters, format, arguments);
    va_end(arguments);
    return rc;
}
