/*
 * The calls through a stream.
 *
 * bide_stream_read and bide_stream_write are forwarders: their start functions start what the
 * stream names, for the frame that awaits, so that awaiting through a stream costs an indirect
 * call and no frame. Only where a frame must exist before the call is made (as a task or a branch
 * of its own, or when starts are nested too deep) is there one, which then awaits that function
 * like compiled code.
 */
#include "lib/leaf.h"

#include "lib/io/stream.h"

enum { AWAITING = 1 };

void bide_stream_close(bide_stream *stream)
{
    if (stream != NULL)
        stream->ops->close(stream);
}

int bide_stream_fd(const bide_stream *stream)
{
    return stream->ops->fd(stream);
}

int bide_stream_shutdown(bide_stream *stream)
{
    return stream->ops->shutdown(stream);
}

#define FORWARD(fn_, member, pointer, callee_1, callee_2)                                         \
    typedef enum bide_poll start_##member(struct bide_cx *, struct bide_frame *, ssize_t *,       \
                                          bide_stream *, pointer, size_t);                        \
    start_##member bide__start_##fn_;                                                             \
    extern const struct bide_fn bide__desc_##fn_;                                                 \
                                                                                                  \
    struct member##_args {                                                                        \
        bide_stream *stream;                                                                      \
        pointer buffer;                                                                           \
        size_t size;                                                                              \
    };                                                                                            \
                                                                                                  \
    struct member {                                                                               \
        struct bide_frame h;                                                                      \
        ssize_t result;                                                                           \
    };                                                                                            \
                                                                                                  \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx, struct bide_frame *parent,               \
                                     ssize_t *result, bide_stream *stream, pointer buffer,        \
                                     size_t size)                                                 \
    {                                                                                             \
        start_##member *start = (start_##member *)stream->ops->member->start;                     \
        return start(cx, parent, result, stream, buffer, size);                                   \
    }                                                                                             \
                                                                                                  \
    static enum bide_poll member##_poll(struct bide_cx *cx, struct bide_frame *h)                 \
    {                                                                                             \
        struct member *f = (struct member *)(void *)h;                                            \
        if (h->state == 0) {                                                                      \
            struct member##_args a = *(struct member##_args *)bide__args(cx, h);                  \
            h->state = AWAITING;                                                                  \
            if (bide__start_##fn_(cx, h, &f->result, a.stream, a.buffer, a.size) == BIDE_PENDING) \
                return BIDE_PENDING;                                                              \
        }                                                                                         \
        return bide__leaf_finish(cx, h, f->result);                                               \
    }                                                                                             \
                                                                                                  \
    ssize_t fn_(bide_stream *stream, pointer buffer, size_t size)                                 \
    {                                                                                             \
        struct member##_args args = {stream, buffer, size};                                       \
        ssize_t result = 0;                                                                       \
        bide__block_on(&bide__desc_##fn_, &args, &result);                                        \
        return result;                                                                            \
    }                                                                                             \
                                                                                                  \
    static const struct bide_callee member##_callees[] = {{&callee_1, 0}, {&callee_2, 0}};        \
    static uint32_t member##_need;                                                                \
    static const struct bide_fn_info member##_info = {.name = #fn_,                               \
                                                      .file = __FILE_NAME__,                      \
                                                      .callees = member##_callees,                \
                                                      .need = &member##_need,                     \
                                                      .line = __LINE__,                           \
                                                      .callee_count = 2};                         \
                                                                                                  \
    const struct bide_fn bide__desc_##fn_ = {                                                     \
        .blocking = (void (*)(void))fn_,                                                          \
        .start = (void (*)(void))bide__start_##fn_,                                               \
        .poll = member##_poll,                                                                    \
        .info = &member##_info,                                                                   \
        .frame_size = sizeof(struct member),                                                      \
        .args_size = sizeof(struct member##_args),                                                \
        .result_size = sizeof(ssize_t),                                                           \
        .frame_align_log2 = 3,                                                                    \
        .args_align_log2 = __builtin_ctz(_Alignof(struct member##_args)),                         \
        .flags = BIDE_FN_RESULT_SIGNED,                                                           \
        .version = BIDE_FN_VERSION,                                                               \
    }

FORWARD(bide_stream_read, read, void *, bide__desc_bide__fd_stream_read,
        bide__desc_bide__pair_read);
FORWARD(bide_stream_write, write, const void *, bide__desc_bide__fd_stream_write,
        bide__desc_bide__pair_write);
