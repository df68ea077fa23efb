/*
 * lib/io/reader_run.c: calls on a reader that have to read from its stream. See reader.h.
 *
 * The call is marked as under way from the beginning to the end, and holds the stream from its
 * first read on. Between the end of a read and the next look nothing suspends.
 */
#include "lib/async.h"

#include "lib/io/reader.h"

bide_async int bide__reader_run(bide_reader *reader, struct bide__wish wish);
bide_async int bide__reader_line(bide_reader *reader, char **line, size_t *size);
bide_async ssize_t bide__reader_read(bide_reader *reader, void *buffer, size_t size);

bide_async int bide__reader_run(bide_reader *reader, struct bide__wish wish)
{
    uint64_t own = 0;
    size_t most;
    char *to = NULL;
    int r = bide__reader_begin(reader);
    if (r < 0)
        return r;
    bide_defer {
        bide__reader_end(reader);
    }
    if (wish.kind == BIDE__WISH_SKIP && wish.wide_count == NULL)
        wish.wide_count = &own;
    bide_await bide__turn();
    while (!bide__reader_is_freed(reader)) {
        r = bide__reader_look(reader, &wish, false, &most);
        if (r != -EAGAIN)
            return r;
        size_t room = bide__wish_direct(reader, &wish, &to);
        bool is_direct = room > 0;
        if (!is_direct) {
            r = bide__reader_make_room(reader, most);
            if (r < 0)
                return r;
            to = reader->buffer + reader->end;
            room = reader->size - reader->end;
        }
        ssize_t n = bide_await bide_stream_read(bide__reader_stream(reader), to, room);
        if (n < 0)
            return (int)n;
        if (bide__reader_is_freed(reader))
            break;
        if (n == 0) {
            bide__reader_ended(reader);
            return bide__reader_look(reader, &wish, true, &most);
        }
        if (is_direct)
            bide__wish_passed(reader, &wish, (size_t)n);
        else
            bide__reader_got(reader, (size_t)n);
    }
    return -EBADF;
}

/* ---- a line: as above, in a smaller frame, since many connections spend their lives here ---- */

static int look_for_line(bide_reader *r, char **line, size_t *size, bool at_end)
{
    struct bide__wish wish = {
        .kind = BIDE__WISH_PIECE, .limit = r->line_max, .data = line, .count = size};
    size_t most;
    int result = bide__reader_look(r, &wish, at_end, &most);
    if (result != -EAGAIN)
        return result;
    result = bide__reader_make_room(r, most);
    return result < 0 ? result : -EAGAIN;
}

bide_async int bide__reader_line(bide_reader *reader, char **line, size_t *size)
{
    int r = bide__reader_begin(reader);
    if (r < 0)
        return r;
    bide_defer {
        bide__reader_end(reader);
    }
    bide_await bide__turn();
    while (!bide__reader_is_freed(reader)) {
        r = look_for_line(reader, line, size, false);
        if (r != -EAGAIN)
            return r;
        ssize_t n = bide_await bide_stream_read(
            bide__reader_stream(reader), reader->buffer + reader->end, reader->size - reader->end);
        if (n < 0)
            return (int)n;
        if (bide__reader_is_freed(reader))
            break;
        if (n == 0) {
            bide__reader_ended(reader);
            return look_for_line(reader, line, size, true);
        }
        bide__reader_got(reader, (size_t)n);
    }
    return -EBADF;
}

/* Some bytes; the buffer had none. */
bide_async ssize_t bide__reader_read(bide_reader *reader, void *buffer, size_t size)
{
    int r = bide__reader_begin(reader);
    if (r < 0)
        return r;
    bide_defer {
        bide__reader_end(reader);
    }
    bide_await bide__turn();
    if (bide__reader_is_freed(reader))
        return -EBADF;
    size_t n = reader->end - reader->start;
    if (n == 0 && size > 0) {
        ssize_t got = bide_await bide_stream_read(reader->stream, buffer, size);
        if (got >= 0 && !bide__reader_is_freed(reader))
            bide__reader_passed(reader, buffer, (size_t)got);
        return got;
    }
    if (n > size)
        n = size;
    if (n > 0)
        memcpy(buffer, reader->buffer + reader->start, n);
    bide__reader_take(reader, n);
    return (ssize_t)n;
}
