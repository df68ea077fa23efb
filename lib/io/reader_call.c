/*
 * lib/io/reader_call.c: the public functions of readers. What the buffer has is handed out at once,
 * without a frame; otherwise they start bide__reader_run in their place (lib/forward.h).
 */
#include "lib/forward.h"

#include "lib/io/reader.h"
#include "lib/io/stream.h"

enum bide_poll bide__start_bide__reader_run(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_reader *reader,
                                            struct bide__wish wish);
enum bide_poll bide__start_bide__reader_read(struct bide_cx *cx, struct bide_frame *parent,
                                             ssize_t *result, bide_reader *reader, void *buffer,
                                             size_t size);
extern const struct bide_fn bide__desc_bide__reader_run, bide__desc_bide__reader_read;

/* What is buffered needs no call of the stream, but is no more for another runtime than the stream.
 * 0, or why this call cannot be made here or now. */
static int refusal(bide_reader *r, const char *name)
{
    const struct bide__fd *registration = bide__fd_stream_registration(r->stream);
    int refused = registration != NULL ? bide__fd_refusal(registration, name) : 0;
    if (refused == 0 && bide__reader_is_busy(r))
        refused = -EBUSY;
    return refused;
}

static int look_now(bide_reader *r, struct bide__wish *w)
{
    size_t most;
    uint64_t skipped = 0;
    if (w->kind != BIDE__WISH_SKIP || w->wide_count != NULL)
        return bide__reader_look(r, w, false, &most);
    w->wide_count = &skipped;
    int result = bide__reader_look(r, w, false, &most);
    w->wide -= skipped;
    w->wide_count = NULL;
    return result;
}

/* True: the call is done, with *result. */
static bool is_done(struct bide_cx *cx, bide_reader *r, struct bide__wish *w, const char *name,
                    int *result)
{
    *result = bide__wish_check(w);
    if (*result == 0)
        *result = refusal(r, name);
    if (*result < 0)
        return true;
    if (cx->turn->budget == 0)
        return false;
    *result = look_now(r, w);
    if (*result == -EAGAIN)
        return false;
    cx->turn->budget--;
    return true;
}

static enum bide_poll start(struct bide_cx *cx, struct bide_frame *parent, int *result,
                            const char *name, bide_reader *reader, struct bide__wish wish)
{
    int r;
    if (!is_done(cx, reader, &wish, name, &r))
        return bide__start_bide__reader_run(cx, parent, result, reader, wish);
    if (result != NULL)
        *result = r;
    return bide_frame_skip(cx, parent, result);
}

/* A function of a reader, which wants (...), in terms of its parameters. */
#define WISH(...) (__VA_ARGS__)
#define BARE(...) __VA_ARGS__
#define CALL(fn_, wish_, ...)                                                               \
    enum bide_poll bide__start_##fn_(struct bide_cx *, struct bide_frame *,                 \
                                     int *BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__));        \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx_, struct bide_frame *parent_,       \
                                     int *result_ BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__)) \
    {                                                                                       \
        return start(cx_, parent_, result_, #fn_, reader, (struct bide__wish){BARE wish_}); \
    }                                                                                       \
    BIDE__FORWARD(int, fn_, bide__desc_bide__reader_run, __VA_ARGS__)

CALL(bide_reader_until,
     WISH(.kind = BIDE__WISH_PIECE, .delimiter = delimiter != NULL ? delimiter : "",
          .size = delimiter_size, .limit = reader->line_max, .data = data, .count = size),
     (bide_reader *, reader), (const void *, delimiter), (size_t, delimiter_size), (char **, data),
     (size_t *, size));

CALL(bide_reader_frame,
     WISH(.kind = BIDE__WISH_FRAME, .codec = codec, .data = frame, .count = size),
     (bide_reader *, reader), (const bide_codec *, codec), (char **, frame), (size_t *, size));

CALL(bide_reader_read_exactly,
     WISH(.kind = BIDE__WISH_BYTES, .buffer = buffer, .size = size, .count = done),
     (bide_reader *, reader), (void *, buffer), (size_t, size), (size_t *, done));

CALL(bide_reader_peek, WISH(.kind = BIDE__WISH_PEEK, .size = least, .data = data, .count = size),
     (bide_reader *, reader), (size_t, least), (char **, data), (size_t *, size));

CALL(bide_reader_skip, WISH(.kind = BIDE__WISH_SKIP, .wide = size, .wide_count = done),
     (bide_reader *, reader), (uint64_t, size), (uint64_t *, done));

CALL(bide_reader_to_end,
     WISH(.kind = BIDE__WISH_ALL, .size = size_max, .data = data, .count = size),
     (bide_reader *, reader), (size_t, size_max), (char **, data), (size_t *, size));

CALL(bide_reader_unsigned,
     WISH(.kind = BIDE__WISH_UNSIGNED, .order = order, .buffer = value, .size = width),
     (bide_reader *, reader), (unsigned, width), (bide_order, order), (uint64_t *, value));

CALL(bide_reader_signed,
     WISH(.kind = BIDE__WISH_SIGNED, .order = order, .buffer = value, .size = width),
     (bide_reader *, reader), (unsigned, width), (bide_order, order), (int64_t *, value));

CALL(bide_reader_float,
     WISH(.kind = BIDE__WISH_FLOAT, .order = order, .buffer = value, .size = sizeof(float)),
     (bide_reader *, reader), (bide_order, order), (float *, value));

CALL(bide_reader_double,
     WISH(.kind = BIDE__WISH_FLOAT, .order = order, .buffer = value, .size = sizeof(double)),
     (bide_reader *, reader), (bide_order, order), (double *, value));

/* ---- lines ---- */

enum bide_poll bide__start_bide__reader_line(struct bide_cx *cx, struct bide_frame *parent,
                                             int *result, bide_reader *reader, char **line,
                                             size_t *size);
enum bide_poll bide__start_bide_reader_line(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_reader *reader, char **line,
                                            size_t *size);
extern const struct bide_fn bide__desc_bide__reader_line;

enum bide_poll bide__start_bide_reader_line(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_reader *reader, char **line,
                                            size_t *size)
{
    struct bide__wish wish = {
        .kind = BIDE__WISH_PIECE, .limit = reader->line_max, .data = line, .count = size};
    int r;
    if (!is_done(cx, reader, &wish, "bide_reader_line", &r))
        return bide__start_bide__reader_line(cx, parent, result, reader, line, size);
    if (result != NULL)
        *result = r;
    return bide_frame_skip(cx, parent, result);
}

BIDE__FORWARD(int, bide_reader_line, bide__desc_bide__reader_line, (bide_reader *, reader),
              (char **, line), (size_t *, size));

/* ---- some bytes ---- */

/* True: the call is done, with *result. */
static bool is_read(struct bide_cx *cx, bide_reader *r, void *buffer, size_t size, ssize_t *result)
{
    size_t n = r->end - r->start;
    *result = refusal(r, "bide_reader_read");
    if (*result < 0)
        return true;
    if (cx->turn->budget == 0 || (n == 0 && size > 0))
        return false;
    cx->turn->budget--;
    if (n > size)
        n = size;
    if (n > 0)
        memcpy(buffer, r->buffer + r->start, n);
    bide__reader_take(r, n);
    *result = (ssize_t)n;
    return true;
}

enum bide_poll bide__start_bide_reader_read(struct bide_cx *cx, struct bide_frame *parent,
                                            ssize_t *result, bide_reader *reader, void *buffer,
                                            size_t size);

enum bide_poll bide__start_bide_reader_read(struct bide_cx *cx, struct bide_frame *parent,
                                            ssize_t *result, bide_reader *reader, void *buffer,
                                            size_t size)
{
    ssize_t r;
    if (!is_read(cx, reader, buffer, size, &r))
        return bide__start_bide__reader_read(cx, parent, result, reader, buffer, size);
    if (result != NULL)
        *result = r;
    return bide_frame_skip(cx, parent, result);
}

BIDE__FORWARD(ssize_t, bide_reader_read, bide__desc_bide__reader_read, (bide_reader *, reader),
              (void *, buffer), (size_t, size));
