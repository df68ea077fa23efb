/*
 * lib/io/writer_call.c: the public functions of writers. What has room in the buffer is taken at
 * once, without a frame; otherwise they start bide__writer_run in their place (lib/forward.h).
 */
#include "lib/forward.h"

#include "lib/io/stream.h"
#include "lib/io/writer.h"

enum bide_poll bide__start_bide__writer_run(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, bide_writer *writer, struct bide__put put);
extern const struct bide_fn bide__desc_bide__writer_run;

/* 0, or why this call cannot be made here or now. */
static int refusal(bide_writer *w, const char *name)
{
    const struct bide__fd *registration = bide__fd_stream_registration(w->stream);
    int refused = registration != NULL ? bide__fd_refusal(registration, name) : 0;
    if (refused == 0 && bide__writer_is_busy(w))
        refused = -EBUSY;
    return refused;
}

/* True: the call is done, with *result. */
static bool is_done(struct bide_cx *cx, bide_writer *w, struct bide__put *put, const char *name,
                    int *result)
{
    size_t own = 0;
    bool counts = put->kind == BIDE__PUT_DATA || put->kind == BIDE__PUT_PIECES;
    bool is_own = counts && put->done == NULL;

    *result = refusal(w, name);
    if (*result < 0)
        return true;
    if (cx->turn->budget == 0)
        return false;
    if (is_own)
        put->done = &own;
    *result = bide__writer_put(w, put);
    if (is_own)
        put->done = NULL; /* nothing was taken, or all */
    if (*result == -EAGAIN)
        return false;
    cx->turn->budget--;
    return true;
}

static enum bide_poll start(struct bide_cx *cx, struct bide_frame *parent, int *result,
                            const char *name, bide_writer *writer, struct bide__put put)
{
    int r;
    if (!is_done(cx, writer, &put, name, &r))
        return bide__start_bide__writer_run(cx, parent, result, writer, put);
    if (result != NULL)
        *result = r;
    return bide_frame_skip(cx, parent, result);
}

static enum bide_poll refuse(struct bide_cx *cx, struct bide_frame *parent, int *result, int error)
{
    if (result != NULL)
        *result = error;
    return bide_frame_skip(cx, parent, result);
}

#define STARTS(fn_, ...)                                                             \
    enum bide_poll bide__start_##fn_(struct bide_cx *, struct bide_frame *,          \
                                     int *BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__)); \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx, struct bide_frame *parent,  \
                                     int *result BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__))

static struct iovec piece_of(const void *data, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)data, size};
}

STARTS(bide_writer_write, (bide_writer *, writer), (const void *, data), (size_t, size),
       (size_t *, done))
{
    struct bide__put put = {.kind = BIDE__PUT_DATA, .one = piece_of(data, size), .done = done};
    return start(cx, parent, result, "bide_writer_write", writer, put);
}

STARTS(bide_writer_writev, (bide_writer *, writer), (const struct iovec *, pieces), (size_t, count),
       (size_t *, done))
{
    struct bide__put put = {
        .kind = BIDE__PUT_PIECES, .pieces = pieces, .count = count, .done = done};
    return start(cx, parent, result, "bide_writer_writev", writer, put);
}

STARTS(bide_writer_frame, (bide_writer *, writer), (const bide_codec *, codec),
       (const void *, frame), (size_t, size))
{
    struct bide__put put = {.kind = BIDE__PUT_FRAME, .one = piece_of(frame, size), .codec = codec};
    return start(cx, parent, result, "bide_writer_frame", writer, put);
}

STARTS(bide_writer_reserve, (bide_writer *, writer), (size_t, size), (char **, room))
{
    struct bide__put put = {.kind = BIDE__PUT_RESERVE, .one = piece_of(NULL, size), .place = room};
    return start(cx, parent, result, "bide_writer_reserve", writer, put);
}

STARTS(bide_writer_flush, (bide_writer *, writer))
{
    struct bide__put put = {.kind = BIDE__PUT_FLUSH};
    return start(cx, parent, result, "bide_writer_flush", writer, put);
}

/* Neither unsigned nor signed. */
static bool is_too_wide(uint64_t value, unsigned width)
{
    if (width == sizeof value || value >> (8 * width) == 0)
        return false;
    return (int64_t)value >> (8 * width - 1) != -1;
}

static enum bide_poll start_number(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                   const char *name, bide_writer *writer, uint64_t value,
                                   unsigned width, bide_order order)
{
    struct bide__put put = {.kind = BIDE__PUT_NUMBER, .one = piece_of(NULL, width)};
    if (width == 0 || width > sizeof value)
        return refuse(cx, parent, result, -EINVAL);
    if (is_too_wide(value, width))
        return refuse(cx, parent, result, -ERANGE);
    bide_store(value, width, order, put.number);
    return start(cx, parent, result, name, writer, put);
}

STARTS(bide_writer_integer, (bide_writer *, writer), (uint64_t, value), (unsigned, width),
       (bide_order, order))
{
    return start_number(cx, parent, result, "bide_writer_integer", writer, value, width, order);
}

STARTS(bide_writer_float, (bide_writer *, writer), (float, value), (bide_order, order))
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return start_number(cx, parent, result, "bide_writer_float", writer, bits, sizeof bits, order);
}

STARTS(bide_writer_double, (bide_writer *, writer), (double, value), (bide_order, order))
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return start_number(cx, parent, result, "bide_writer_double", writer, bits, sizeof bits, order);
}

BIDE__FORWARD(int, bide_writer_write, bide__desc_bide__writer_run, (bide_writer *, writer),
              (const void *, data), (size_t, size), (size_t *, done));
BIDE__FORWARD(int, bide_writer_writev, bide__desc_bide__writer_run, (bide_writer *, writer),
              (const struct iovec *, pieces), (size_t, count), (size_t *, done));
BIDE__FORWARD(int, bide_writer_frame, bide__desc_bide__writer_run, (bide_writer *, writer),
              (const bide_codec *, codec), (const void *, frame), (size_t, size));
BIDE__FORWARD(int, bide_writer_reserve, bide__desc_bide__writer_run, (bide_writer *, writer),
              (size_t, size), (char **, room));
BIDE__FORWARD(int, bide_writer_flush, bide__desc_bide__writer_run, (bide_writer *, writer));
BIDE__FORWARD(int, bide_writer_integer, bide__desc_bide__writer_run, (bide_writer *, writer),
              (uint64_t, value), (unsigned, width), (bide_order, order));
BIDE__FORWARD(int, bide_writer_float, bide__desc_bide__writer_run, (bide_writer *, writer),
              (float, value), (bide_order, order));
BIDE__FORWARD(int, bide_writer_double, bide__desc_bide__writer_run, (bide_writer *, writer),
              (double, value), (bide_order, order));
