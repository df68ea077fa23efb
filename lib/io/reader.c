/*
 * lib/io/reader.c: the object of buffered reading, and its buffer. See reader.h.
 *
 * [start, end) of the buffer holds what has been read from the stream and not yet handed out.
 * [start, scanned) was looked through by the last search, which need not do so again. Nothing
 * suspends between the read from the stream and the update of the buffer, so a cancelled call
 * leaves everything that has arrived to the next one.
 *
 * A line, or another piece, that is too long is reported as soon as that is certain. Nothing of it
 * is thrown away at that moment: the next call decides. A call for a piece skips it, other calls
 * hand out its bytes. So the reader remembers where in such a piece it stands: the state (reader.h)
 * and `matched`, since the delimiter may be taken in parts.
 *
 * What happens to the state (change_state makes each transition):
 *
 *             DELIMITER  DRAINED  ENDED  ENDED_WITHIN  TOO_LONG  TOO_LONG_AT_END
 *   LINE      -          -        LINE   LINE          LONG      LAST
 *   LONG      LINE       LONG     LINE   LAST          -         -
 *   LAST      LINE       LINE     -      LAST          -         -
 *
 *   DELIMITER     the end of what is sought was taken
 *   DRAINED       the whole buffer was taken, and it had none
 *   ENDED         a read found the end of the stream, and nothing is buffered
 *   ENDED_WITHIN  the same, and something is
 *
 * A piece that is too long is LONG even if all of it is in the buffer. Errors and cancellations
 * change nothing: a call that fails has taken nothing.
 *
 * If a reader is freed during a call, that call frees it when the stream's read has ended.
 */
#include "lib/io/reader.h"

#include "lib/io/stream.h"

#include "lib/sync/wait.h"

enum { FIRST_SIZE = 1024, HUNGRY_SIZE_MAX = 16384 };

enum { STATES = BIDE__READER_LAST + 1 };
enum event { DELIMITER, DRAINED, ENDED, ENDED_WITHIN, TOO_LONG, TOO_LONG_AT_END, EVENTS };

static void change_state(bide_reader *r, enum event event)
{
    enum {
        LINE = BIDE__READER_LINE,
        LONG = BIDE__READER_LONG,
        LAST = BIDE__READER_LAST,
        NEVER = STATES,
    };
    static const unsigned char next[STATES][EVENTS] = {
        [BIDE__READER_LINE] = {NEVER, NEVER, LINE, LINE, LONG, LAST},
        [BIDE__READER_LONG] = {LINE, LONG, LINE, LAST, NEVER, NEVER},
        [BIDE__READER_LAST] = {LINE, LINE, NEVER, LAST, NEVER, NEVER},
    };
    unsigned after = next[r->state][event];
    if (after == NEVER)
        __builtin_trap();
    r->state = (enum bide__reader_state)after;
    if (after == LINE || event >= TOO_LONG)
        r->matched = 0;
}

/* ---- the object ---- */

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

int bide__reader_begin(bide_reader *r)
{
    lock_take(&r->lock);
    bool busy = r->busy;
    r->busy = true;
    lock_give(&r->lock);
    return busy ? -EBUSY : 0;
}

bide_stream *bide__reader_stream(bide_reader *r)
{
    if (!r->holds)
        bide__stream_hold(r->stream);
    r->holds = true;
    return r->stream;
}

void bide__reader_end(bide_reader *r)
{
    if (r->holds)
        bide__stream_let_go(r->stream);
    r->holds = false;
    lock_take(&r->lock);
    r->busy = false;
    bool last = r->freed;
    lock_give(&r->lock);
    if (last)
        free_reader(r);
}

bool bide__reader_is_freed(bide_reader *r)
{
    lock_take(&r->lock);
    bool freed = r->freed;
    lock_give(&r->lock);
    return freed;
}

bool bide__reader_is_busy(bide_reader *r)
{
    lock_take(&r->lock);
    bool busy = r->busy;
    lock_give(&r->lock);
    return busy;
}

/* ---- the buffer ---- */

static void move_to_front(bide_reader *r)
{
    size_t length = r->end - r->start;
    if (r->start == 0)
        return;
    memmove(r->buffer, r->buffer + r->start, length);
    r->scanned -= r->start;
    r->start = 0;
    r->end = length;
}

int bide__reader_make_room(bide_reader *r, size_t most)
{
    size_t length = r->end - r->start;
    if (r->end < r->size && length > 0)
        return 0;
    move_to_front(r);
    bool has_room = r->end < r->size, is_hungry = r->is_hungry && r->size < HUNGRY_SIZE_MAX;
    if (has_room && !is_hungry)
        return 0;
    if (is_hungry && most < HUNGRY_SIZE_MAX)
        most = HUNGRY_SIZE_MAX;
    if (most <= length)
        most = length + 1;
    size_t size = r->size < most / 2 ? 2 * r->size : most;
    char *buffer = bide__alloc(size);
    if (buffer == NULL)
        return has_room ? 0 : -ENOMEM;
    memcpy(buffer, r->buffer, length);
    bide__free(r->buffer, r->size);
    r->buffer = buffer;
    r->size = size;
    return 0;
}

void bide__reader_got(bide_reader *r, size_t size)
{
    r->end += size;
    r->is_hungry = r->end == r->size;
}

/* ---- what is taken ---- */

/* The longest beginning of `sought` that is also the end of its first n bytes, and shorter. */
static unsigned border_of(const bide_reader *r, unsigned n)
{
    for (unsigned k = n - 1; k > 0; k--)
        if (memcmp(r->sought, r->sought + n - k, k) == 0)
            return k;
    return 0;
}

/* Follows the rest of a LONG piece through bytes that are taken, from the state `matched` on.
 * Returns how many belong to it; *found: the delimiter ends with them. (The search of Knuth, Morris
 * and Pratt, one byte at a time.) */
static size_t follow(bide_reader *r, const char *data, size_t size, bool *found)
{
    size_t i = 0;
    *found = false;
    while (i < size && !*found) {
        if (r->matched == 0) {
            const char *p = memchr(data + i, r->sought[0], size - i);
            if (p == NULL)
                return size;
            i = (size_t)(p - data) + 1;
            r->matched = 1;
        } else {
            char c = data[i++];
            while (r->matched > 0 && r->sought[r->matched] != c)
                r->matched = border_of(r, r->matched);
            r->matched += r->sought[r->matched] == c;
        }
        *found = r->matched == r->sought_size;
    }
    return i;
}

static void advance(bide_reader *r, size_t size)
{
    r->start += size;
    if (r->scanned < r->start)
        r->scanned = r->start;
}

void bide__reader_take(bide_reader *r, size_t size)
{
    bool is_long = r->state != BIDE__READER_LINE, found = false;
    if (is_long)
        follow(r, r->buffer + r->start, size, &found);
    advance(r, size);
    if (found)
        change_state(r, DELIMITER);
    else if (is_long && r->start == r->end)
        change_state(r, DRAINED);
}

void bide__reader_skip_long(bide_reader *r)
{
    bool found;
    advance(r, follow(r, r->buffer + r->start, r->end - r->start, &found));
    change_state(r, found ? DELIMITER : DRAINED);
}

void bide__reader_passed(bide_reader *r, const void *data, size_t size)
{
    bool found = false;
    if (size == 0)
        change_state(r, ENDED);
    else if (r->state != BIDE__READER_LINE)
        follow(r, data, size, &found);
    if (found)
        change_state(r, DELIMITER);
}

void bide__reader_ended(bide_reader *r)
{
    change_state(r, r->start < r->end ? ENDED_WITHIN : ENDED);
}

void bide__reader_too_long(bide_reader *r, bool at_end)
{
    change_state(r, at_end ? TOO_LONG_AT_END : TOO_LONG);
}

void bide__reader_seek(bide_reader *r, const void *delimiter, size_t size)
{
    if (r->scanner == &r->sought && r->sought_size == size &&
        memcmp(r->sought, delimiter, size) == 0)
        return;
    memcpy(r->sought, delimiter, size);
    r->sought_size = (unsigned)size;
    r->scanner = &r->sought;
    r->scanned = r->start;
}

size_t bide_reader_buffered(bide_reader *reader, char **data)
{
    if (bide__reader_is_busy(reader))
        return 0;
    *data = reader->buffer + reader->start;
    return reader->end - reader->start;
}

size_t bide_reader_consume(bide_reader *reader, size_t size)
{
    if (bide__reader_is_busy(reader))
        return 0;
    size_t most = reader->end - reader->start;
    if (size > most)
        size = most;
    bide__reader_take(reader, size);
    return size;
}
