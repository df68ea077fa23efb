/*
 * lib/io/writer.c: the object of buffered writing, and its buffer. See writer.h.
 *
 * [start, end) of the buffer is what the writer has taken and not yet written. What fits into the
 * buffer is taken as a whole, once there is room for it; larger data goes to the stream from where
 * it lies, in one call with what is buffered, and *done of the caller counts it. Between the end of
 * a write and these updates nothing suspends, so a cancelled call leaves everything right.
 *
 * If a writer is freed during a call, that call frees it when the stream's write has ended.
 */
#include "lib/io/writer.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

int bide_writer_new(bide_stream *stream, size_t size, bide_writer **writer)
{
    *writer = NULL;
    if (size == 0 || size > PTRDIFF_MAX / 4)
        return -EINVAL;
    bide_writer *w = bide__alloc(sizeof *w);
    char *buffer = bide__alloc(size);
    if (w == NULL || buffer == NULL) {
        bide__free(w, sizeof *w);
        bide__free(buffer, size);
        return -ENOMEM;
    }
    *w = (bide_writer){.stream = stream, .buffer = buffer, .size = size, .room = size};
    *writer = w;
    return 0;
}

static void free_writer(bide_writer *w)
{
    bide__free(w->buffer, w->room);
    bide__free(w, sizeof *w);
}

void bide_writer_free(bide_writer *writer)
{
    if (writer == NULL)
        return;
    lock_take(&writer->lock);
    writer->freed = true;
    bool last = !writer->busy;
    lock_give(&writer->lock);
    if (last)
        free_writer(writer);
}

int bide__writer_begin(bide_writer *w)
{
    lock_take(&w->lock);
    bool busy = w->busy;
    w->busy = true;
    lock_give(&w->lock);
    return busy ? -EBUSY : 0;
}

bide_stream *bide__writer_stream(bide_writer *w)
{
    if (!w->holds)
        bide__stream_hold(w->stream);
    w->holds = true;
    return w->stream;
}

void bide__writer_end(bide_writer *w)
{
    if (w->holds)
        bide__stream_let_go(w->stream);
    w->holds = false;
    lock_take(&w->lock);
    w->busy = false;
    bool last = w->freed;
    lock_give(&w->lock);
    if (last)
        free_writer(w);
}

bool bide__writer_is_freed(bide_writer *w)
{
    lock_take(&w->lock);
    bool freed = w->freed;
    lock_give(&w->lock);
    return freed;
}

bool bide__writer_is_busy(bide_writer *w)
{
    lock_take(&w->lock);
    bool busy = w->busy;
    lock_give(&w->lock);
    return busy;
}

size_t bide_writer_buffered(const bide_writer *writer)
{
    return writer->end - writer->start;
}

size_t bide__writer_size(const bide_writer *w)
{
    return w->size;
}

void bide_writer_commit(bide_writer *writer, size_t size)
{
    writer->end += size < writer->reserved ? size : writer->reserved;
    writer->reserved = 0;
}

/* ---- the buffer ---- */

/* Room for `size` bytes in one piece behind what is buffered, if there is so much at all. */
static bool has_room(bide_writer *w, size_t size)
{
    size_t length = w->end - w->start;
    if (w->size < length || w->size - length < size)
        return false;
    if (w->room - w->end < size) {
        memmove(w->buffer, w->buffer + w->start, length);
        w->start = 0;
        w->end = length;
    }
    return true;
}

/* The data of a call, as pieces. */
static const struct iovec *pieces_of(struct bide__put *put, size_t *count)
{
    *count = put->kind == BIDE__PUT_PIECES ? put->count : 1;
    if (put->kind == BIDE__PUT_NUMBER)
        put->one.iov_base = put->number;
    return put->kind == BIDE__PUT_PIECES ? put->pieces : &put->one;
}

/* How much of it was not yet taken. */
static size_t left_of(struct bide__put *put)
{
    size_t count, size = 0;
    const struct iovec *pieces = pieces_of(put, &count);
    for (size_t i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return *put->done < size ? size - *put->done : 0;
}

static int put_data(bide_writer *w, struct bide__put *put)
{
    struct iovec window[BIDE__WRITER_WINDOW];
    size_t left = left_of(put), count, n;
    const struct iovec *pieces = pieces_of(put, &count);
    if (left == 0)
        return 0;
    if (!has_room(w, left))
        return -EAGAIN;
    while ((n = bide__pieces_after(pieces, count, *put->done, window, BIDE__WRITER_WINDOW)) > 0)
        for (size_t i = 0; i < n; i++) {
            memcpy(w->buffer + w->end, window[i].iov_base, window[i].iov_len);
            w->end += window[i].iov_len;
            *put->done += window[i].iov_len;
        }
    return 0;
}

static int put_number(bide_writer *w, struct bide__put *put)
{
    if (!has_room(w, put->one.iov_len))
        return w->size < put->one.iov_len ? -EINVAL : -EAGAIN;
    memcpy(w->buffer + w->end, put->number, put->one.iov_len);
    w->end += put->one.iov_len;
    return 0;
}

static int reserve(bide_writer *w, struct bide__put *put)
{
    size_t size = put->one.iov_len;
    if (size > w->size)
        return -EINVAL;
    if (!has_room(w, size))
        return -EAGAIN;
    w->reserved = size;
    *put->place = w->buffer + w->end;
    return 0;
}

/* Nothing is buffered. */
static int grow(bide_writer *w, size_t room)
{
    char *buffer = bide__alloc(room);
    if (buffer == NULL)
        return -ENOMEM;
    bide__free(w->buffer, w->room);
    w->buffer = buffer;
    w->room = room;
    return 0;
}

static int put_frame(bide_writer *w, struct bide__put *put)
{
    if (put->codec->encode == NULL)
        return -EINVAL;
    for (int tries = 0; tries < 2; tries++) {
        size_t length = w->end - w->start, room = w->room - w->end;
        if (length >= w->size)
            return -EAGAIN;
        ssize_t n = put->codec->encode(put->codec, put->one.iov_base, put->one.iov_len,
                                       w->buffer + w->end, room);
        if (n < 0)
            return (int)n;
        if ((size_t)n <= room) {
            w->end += (size_t)n;
            return 0;
        }
        if (length > 0)
            return -EAGAIN;
        int r = grow(w, (size_t)n);
        if (r < 0)
            return r;
    }
    return -EINVAL; /* the codec did not keep its word */
}

int bide__writer_put(bide_writer *w, struct bide__put *put)
{
    if (w->start == w->end)
        w->start = w->end = 0;
    w->reserved = 0;
    switch (put->kind) {
    case BIDE__PUT_NUMBER: return put_number(w, put);
    case BIDE__PUT_FRAME: return put_frame(w, put);
    case BIDE__PUT_RESERVE: return reserve(w, put);
    case BIDE__PUT_FLUSH: return w->start == w->end ? 0 : -EAGAIN;
    default: return put_data(w, put);
    }
}

/* ---- writing ---- */

static bool is_data(const struct bide__put *put)
{
    return put->kind == BIDE__PUT_DATA || put->kind == BIDE__PUT_PIECES;
}

size_t bide__writer_pieces(bide_writer *w, struct bide__put *put, struct iovec *window)
{
    size_t n = 0, count;
    if (w->start < w->end)
        window[n++] = (struct iovec){w->buffer + w->start, w->end - w->start};
    if (is_data(put) && left_of(put) > w->size) {
        const struct iovec *pieces = pieces_of(put, &count);
        n += bide__pieces_after(pieces, count, *put->done, window + n, BIDE__WRITER_WINDOW - n);
    }
    return n;
}

void bide__writer_wrote(bide_writer *w, struct bide__put *put, size_t size)
{
    size_t length = w->end - w->start, n = size < length ? size : length;
    w->start += n;
    if (size > n)
        *put->done += size - n;
}
