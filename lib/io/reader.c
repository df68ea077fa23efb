/*
 * lib/io/reader.c: buffered reading, and lines.
 *
 * [start, end) of the buffer holds what has been read from the stream and not yet handed out; there
 * is no "\n" in [start, scanned). The buffer grows up to line_max + 2, the longest line with
 * "\r\n". Nothing suspends between the read from the stream and the update of the buffer, so a
 * cancelled call leaves everything that has arrived to the next one.
 *
 * A line that is too long is reported as soon as that is certain. Nothing of it is thrown away at
 * that moment: the next call decides. bide_reader_line skips the line, bide_reader_read hands out
 * its bytes. This is the only thing to remember between calls, the state:
 *
 *   LINE   a line begins at `start`
 *   LONG   at `start` lies the rest of a line that was reported as too long; the line goes on to
 *          the next "\n", wherever that comes
 *   LAST   the same, but the stream, and so the line, ends with the buffer
 *
 * What happens to the state (change_state makes each transition):
 *
 *             NEWLINE   DRAINED   ENDED   TOO_LONG   TOO_LONG_AT_END
 *   LINE      LINE      LINE      LINE    LONG       LAST
 *   LONG      LINE      LONG      LINE    -          -
 *   LAST      -         LINE      -       -          -
 *
 *   NEWLINE   a "\n" was handed out or skipped
 *   DRAINED   the whole buffer was handed out or skipped, and it had no "\n"
 *   ENDED     a read found the end of the stream
 *
 * A line that is too long is LONG even if all of it, with its "\n", is in the buffer. Errors and
 * cancellations change nothing: a call that fails has taken nothing.
 *
 * One call at a time: a second one returns -EBUSY, since the first may be reading into the buffer.
 * If a reader is freed during a call, that call frees it when the stream's read has ended.
 */
#include "lib/async.h"

#include <bide/io.h>

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

enum { FIRST_SIZE = 1024 };

enum state { LINE, LONG, LAST, STATES };
enum event { NEWLINE, DRAINED, ENDED, TOO_LONG, TOO_LONG_AT_END, EVENTS };

struct bide_reader {
    bide_stream *stream;
    char *buffer;
    size_t size, line_max;
    size_t start, scanned, end;
    enum state state;
    uint32_t lock; /* of these two: another thread may free it */
    bool busy, freed;
};

static void change_state(bide_reader *r, enum event event)
{
    enum { NEVER = STATES };
    static const unsigned char next[STATES][EVENTS] = {
        [LINE] = {LINE, LINE, LINE, LONG, LAST},
        [LONG] = {LINE, LONG, LINE, NEVER, NEVER},
        [LAST] = {NEVER, LINE, NEVER, NEVER, NEVER},
    };
    unsigned after = next[r->state][event];
    if (after == NEVER)
        __builtin_trap();
    r->state = (enum state)after;
}

int bide_reader_new(bide_stream *stream, size_t line_max, bide_reader **reader)
{
    *reader = NULL;
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

static void free_reader(bide_reader *r)
{
    bide__free(r->buffer, r->size);
    bide__free(r, sizeof *r);
}

void bide_reader_free(bide_reader *reader)
{
    if (reader == NULL)
        return;
    lock_take(&reader->lock);
    reader->freed = true;
    bool last = !reader->busy;
    lock_give(&reader->lock);
    if (last)
        free_reader(reader);
}

/* 0 or -EBUSY. */
static int begin_call(bide_reader *r)
{
    lock_take(&r->lock);
    bool busy = r->busy;
    r->busy = true;
    lock_give(&r->lock);
    return busy ? -EBUSY : 0;
}

/* Ends each call that did not return -EBUSY. */
static void end_call(bide_reader *r)
{
    lock_take(&r->lock);
    r->busy = false;
    bool last = r->freed;
    lock_give(&r->lock);
    if (last)
        free_reader(r);
}

static bool is_freed(bide_reader *r)
{
    lock_take(&r->lock);
    bool freed = r->freed;
    lock_give(&r->lock);
    return freed;
}

/* ---- the buffer ---- */

/* Removes `size` bytes at start, which are handed out or skipped. */
static void consume(bide_reader *r, size_t size)
{
    bool newline = memchr(r->buffer + r->start, '\n', size) != NULL;
    r->start += size;
    if (r->scanned < r->start)
        r->scanned = r->start;
    if (newline)
        change_state(r, NEWLINE);
    else if (r->start == r->end)
        change_state(r, DRAINED);
}

/* Hands out the line of `length` bytes at start, which `ending` bytes of line end follow. */
static int give_line(bide_reader *r, size_t length, size_t ending, char **line, size_t *size)
{
    char *text = r->buffer + r->start;
    if (length > r->line_max) {
        change_state(r, ending > 0 ? TOO_LONG : TOO_LONG_AT_END);
        return -EMSGSIZE;
    }
    consume(r, length + ending);
    text[length] = '\0';
    *line = text;
    if (size != NULL)
        *size = length;
    return 1;
}

/* Looks for a line in the buffer: returns what bide_reader_line does, or -EAGAIN if more must be
 * read. */
static int next_line(bide_reader *r, char **line, size_t *size)
{
    for (;;) {
        char *text = r->buffer + r->start;
        char *newline = memchr(r->buffer + r->scanned, '\n', r->end - r->scanned);
        if (r->state != LINE && r->start < r->end) {
            consume(r, newline != NULL ? (size_t)(newline - text) + 1 : r->end - r->start);
            continue;
        }
        if (newline == NULL)
            break;
        size_t length = (size_t)(newline - text), ending = 1;
        if (length > 0 && text[length - 1] == '\r') {
            length--;
            ending++;
        }
        return give_line(r, length, ending, line, size);
    }
    r->scanned = r->end;
    if (r->end - r->start < r->line_max + 2)
        return -EAGAIN;
    change_state(r, TOO_LONG);
    return -EMSGSIZE;
}

/* The stream has ended: as bide_reader_line. */
static int last_line(bide_reader *r, char **line, size_t *size)
{
    change_state(r, ENDED);
    if (r->start == r->end)
        return 0;
    return give_line(r, r->end - r->start, 0, line, size);
}

/* Makes room after `end`. Returns 0, or -ENOMEM, and then nothing has changed. */
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

/* ---- the calls ---- */

/* What is buffered needs no call of the stream, but is no more for another runtime than the
 * stream. 0, or why this call cannot be made here. */
static int refusal(const bide_reader *r, const char *name)
{
    const struct bide__fd *registration = bide__fd_stream_registration(r->stream);
    return registration != NULL ? bide__fd_refusal(registration, name) : 0;
}

bide_async int bide_reader_line(bide_reader *reader, char **line, size_t *size)
{
    int refused = refusal(reader, "bide_reader_line");
    if (refused == 0)
        refused = begin_call(reader);
    if (refused < 0)
        return refused;
    bide_defer {
        end_call(reader);
    }
    bide_await bide__turn();
    while (!is_freed(reader)) {
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
        if (is_freed(reader))
            break;
        if (n == 0)
            return last_line(reader, line, size);
        reader->end += (size_t)n;
    }
    return -EBADF;
}

/* Updates the state for `size` bytes that were read straight into the caller's buffer. */
static void pass(bide_reader *r, const char *data, size_t size)
{
    if (size == 0)
        change_state(r, ENDED);
    else if (memchr(data, '\n', size) != NULL)
        change_state(r, NEWLINE);
}

bide_async ssize_t bide_reader_read(bide_reader *reader, void *buffer, size_t size)
{
    int refused = refusal(reader, "bide_reader_read");
    if (refused == 0)
        refused = begin_call(reader);
    if (refused < 0)
        return refused;
    bide_defer {
        end_call(reader);
    }
    bide_await bide__turn();
    if (is_freed(reader))
        return -EBADF;
    size_t n = reader->end - reader->start;
    if (size == 0)
        return 0;
    if (n == 0) {
        ssize_t got = bide_await bide_stream_read(reader->stream, buffer, size);
        if (got >= 0)
            pass(reader, buffer, (size_t)got);
        return got;
    }
    if (n > size)
        n = size;
    memcpy(buffer, reader->buffer + reader->start, n);
    consume(reader, n);
    return (ssize_t)n;
}
