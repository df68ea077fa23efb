/*
 * Buffered reading: lines.
 *
 * The buffer holds, at [start, end), what has come from the stream and has not been given out;
 * there is no "\n" in [start, scanned). It grows up to line_max + 2, which is the longest line
 * with "\r\n". Nothing suspends between the read of the stream and the moment when what it has read
 * is in the buffer, so a cancelled call leaves the partial line for the next one.
 *
 * A line that is too long is reported as soon as that is certain; `skipping` then says that what
 * comes up to the next "\n" belongs to it.
 */
#include "lib/async.h"

#include <bide/io.h>

enum { FIRST_SIZE = 1024 };

struct bide_reader {
    bide_stream *stream;
    char *buffer;
    size_t size, line_max;
    size_t start, scanned, end;
    bool skipping;
};

int bide_reader_new(bide_stream *stream, size_t line_max, bide_reader **reader)
{
    if (line_max == 0 || line_max > PTRDIFF_MAX / 4)
        return -EINVAL;
    size_t size = line_max + 2 < FIRST_SIZE ? line_max + 2 : FIRST_SIZE;
    bide_reader *r = bide__alloc(sizeof *r);
    char *buffer = bide__alloc(size);
    if (r == NULL || buffer == NULL) {
        bide__free(r, sizeof *r);
        bide__free(buffer, size);
        return -ENOMEM;
    }
    *r = (bide_reader){.stream = stream, .buffer = buffer, .size = size, .line_max = line_max};
    *reader = r;
    return 0;
}

void bide_reader_free(bide_reader *reader)
{
    if (reader == NULL)
        return;
    bide__free(reader->buffer, reader->size);
    bide__free(reader, sizeof *reader);
}

/* Gives out the line of `length` bytes at start; `next` is where the following one begins. */
static int give_line(bide_reader *r, size_t length, size_t next, char **line, size_t *size)
{
    char *text = r->buffer + r->start;
    r->start = r->scanned = next;
    if (length > r->line_max)
        return -EMSGSIZE;
    text[length] = '\0';
    *line = text;
    if (size != NULL)
        *size = length;
    return 1;
}

/* What the buffer says: as bide_reader_line, or -EAGAIN: more must be read. */
static int next_line(bide_reader *r, char **line, size_t *size)
{
    for (;;) {
        char *text = r->buffer + r->start;
        char *newline = memchr(r->buffer + r->scanned, '\n', r->end - r->scanned);
        if (newline == NULL)
            break;
        size_t length = (size_t)(newline - text), next = r->start + length + 1;
        if (r->skipping) {
            r->skipping = false;
            r->start = r->scanned = next;
            continue;
        }
        if (length > 0 && text[length - 1] == '\r')
            length--;
        return give_line(r, length, next, line, size);
    }
    r->scanned = r->end;
    if (r->skipping)
        r->start = r->end;
    if (r->end - r->start < r->line_max + 2)
        return -EAGAIN;
    r->start = r->end;
    r->skipping = true;
    return -EMSGSIZE;
}

/* The stream has ended: as bide_reader_line. */
static int last_line(bide_reader *r, char **line, size_t *size)
{
    r->skipping = false;
    if (r->start == r->end)
        return 0;
    return give_line(r, r->end - r->start, r->end, line, size);
}

/* Makes room behind `end`. 0 or -ENOMEM, and then nothing has changed. */
static int make_room(bide_reader *r)
{
    size_t length = r->end - r->start;
    if (r->end < r->size && length > 0)
        return 0;
    if (r->start > 0) {
        memmove(r->buffer, r->buffer + r->start, length);
        r->scanned -= r->start;
        r->start = 0;
        r->end = length;
    }
    if (r->end < r->size)
        return 0;
    size_t size = r->size < (r->line_max + 2) / 2 ? 2 * r->size : r->line_max + 2;
    char *buffer = bide__alloc(size);
    if (buffer == NULL)
        return -ENOMEM;
    memcpy(buffer, r->buffer, length);
    bide__free(r->buffer, r->size);
    r->buffer = buffer;
    r->size = size;
    return 0;
}

bide_async int bide_reader_line(bide_reader *reader, char **line, size_t *size)
{
    bide_await bide__turn();
    for (;;) {
        int r = next_line(reader, line, size);
        if (r != -EAGAIN)
            return r;
        r = make_room(reader);
        if (r < 0)
            return r;
        char *at = reader->buffer + reader->end;
        ssize_t n = bide_await bide_stream_read(reader->stream, at, reader->size - reader->end);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return last_line(reader, line, size);
        reader->end += (size_t)n;
    }
}

bide_async ssize_t bide_reader_read(bide_reader *reader, void *buffer, size_t size)
{
    bide_await bide__turn();
    size_t n = reader->end - reader->start;
    if (n == 0)
        return bide_await bide_stream_read(reader->stream, buffer, size);
    if (n > size)
        n = size;
    memcpy(buffer, reader->buffer + reader->start, n);
    reader->start += n;
    if (reader->scanned < reader->start)
        reader->scanned = reader->start;
    return (ssize_t)n;
}
