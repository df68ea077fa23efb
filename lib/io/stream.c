/*
 * lib/io/stream.c: the calls through a stream.
 *
 * They are forwarders: their start functions start the stream's own function for the awaiting
 * frame, so that awaiting through a stream costs an indirect call and no frame. They have a frame
 * only where it must exist before the call is made (when the call is a task of its own); that frame
 * then awaits the stream's function like compiled code.
 *
 * Their descriptors name the functions of streams on descriptors as callees, so tasks have a
 * reserve for those. A pair in memory needs more, so it uses a segment while it waits.
 */
#include "lib/leaf.h"

#include "lib/io/stream.h"

enum { AWAITING = 1 };

void bide_stream_close(bide_stream *stream)
{
    if (stream != NULL)
        stream->ops->close(stream);
}

int bide__stream_fd(const bide_stream *stream)
{
    return stream->ops->fd(stream);
}

struct bide__fd *bide__stream_registration(const bide_stream *stream)
{
    return bide__fd_stream_registration(bide__stream_whole(stream));
}

int bide_stream_fd(const bide_stream *stream)
{
    struct bide__fd *registration = bide__stream_registration(stream);
    if (registration != NULL)
        bide__fd_show(registration);
    return bide__stream_fd(stream);
}

int bide_stream_shutdown(bide_stream *stream)
{
    return stream->ops->shutdown(stream);
}

int bide_stream_shutdown_read(bide_stream *stream)
{
    return stream->ops->shutdown_read(stream);
}

/*
 * T fn_(parameters), which starts the operation `member` of its stream; that of streams on
 * descriptors is `callee`. The macros that take a list of parameters are those of runtime/leaf.h.
 */
#define FORWARD(T, fn_, member, callee, ...)                                              \
    typedef enum bide_poll start_##member(struct bide_cx *, struct bide_frame *,          \
                                          T *BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__));   \
    start_##member bide__start_##fn_;                                                     \
    BIDE__LEAF_ARGS(fn_, __VA_ARGS__)                                                     \
    BIDE__LEAF_BLOCKING(T, fn_, __VA_ARGS__)                                              \
                                                                                          \
    struct member {                                                                       \
        struct bide_frame h;                                                              \
        T result;                                                                         \
    };                                                                                    \
                                                                                          \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx_, struct bide_frame *parent_,     \
                                     T *result_ BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__)) \
    {                                                                                     \
        start_##member *start_ = (start_##member *)stream->ops->member->start;            \
        return start_(cx_, parent_, result_ BIDE__MORE(BIDE__NAME, __VA_ARGS__));         \
    }                                                                                     \
                                                                                          \
    static enum bide_poll member##_poll(struct bide_cx *cx, struct bide_frame *h)         \
    {                                                                                     \
        struct member *f = (struct member *)(void *)h;                                    \
        if (h->state == 0) {                                                              \
            struct fn_##_args a_ = *(struct fn_##_args *)bide__args(cx, h);               \
            h->state = AWAITING;                                                          \
            if (bide__start_##fn_(cx, h, &f->result BIDE__MORE(ARGUMENT, __VA_ARGS__)) == \
                BIDE_PENDING)                                                             \
                return BIDE_PENDING;                                                      \
        }                                                                                 \
        return bide__leaf_finish(cx, h, f->result);                                       \
    }                                                                                     \
                                                                                          \
    static const struct bide_callee member##_callees[] = {{&callee, 0}};                  \
    static uint32_t member##_need;                                                        \
    static const struct bide_fn_info member##_info = {.name = #fn_,                       \
                                                      .file = __FILE__,                   \
                                                      .callees = member##_callees,        \
                                                      .need = &member##_need,             \
                                                      .line = __LINE__,                   \
                                                      .callee_count = 1};                 \
                                                                                          \
    const struct bide_fn bide__desc_##fn_ = {                                             \
        .blocking = (void (*)(void))fn_,                                                  \
        .start = (void (*)(void))bide__start_##fn_,                                       \
        .poll = member##_poll,                                                            \
        .info = &member##_info,                                                           \
        .frame_size = sizeof(struct member),                                              \
        .args_size = sizeof(struct fn_##_args),                                           \
        .result_size = sizeof(T),                                                         \
        .frame_align_log2 = 3,                                                            \
        .args_align_log2 = __builtin_ctz(_Alignof(struct fn_##_args)),                    \
        .flags = BIDE_FN_RESULT_SIGNED | BIDE_FN_FORWARDS,                                \
        .version = BIDE_FN_VERSION,                                                       \
    }

#define ARGUMENT(A, a) a_.a

FORWARD(ssize_t, bide_stream_read, read, bide__desc_bide__fd_stream_read, (bide_stream *, stream),
        (void *, buffer), (size_t, size));
FORWARD(ssize_t, bide_stream_write, write, bide__desc_bide__fd_stream_write,
        (bide_stream *, stream), (const void *, data), (size_t, size));
FORWARD(int, bide_stream_read_exactly, read_exactly, bide__desc_bide__fd_stream_read_exactly,
        (bide_stream *, stream), (void *, buffer), (size_t, size), (size_t *, done));
FORWARD(int, bide_stream_write_all, write_all, bide__desc_bide__fd_stream_write_all,
        (bide_stream *, stream), (const void *, data), (size_t, size), (size_t *, done));
