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

int bide_stream_fd(const bide_stream *stream)
{
    return stream->ops->fd(stream);
}

int bide_stream_shutdown(bide_stream *stream)
{
    return stream->ops->shutdown(stream);
}

/* Defines T fn_ params, which starts the operation `member`; callee is that of streams on
 * descriptors. */
#define FORWARD(T, fn_, member, params, members, names, from, callee)                          \
    typedef enum bide_poll start_##member(struct bide_cx *, struct bide_frame *, T *,          \
                                          BIDE__BARE params);                                  \
    start_##member bide__start_##fn_;                                                          \
    extern const struct bide_fn bide__desc_##fn_;                                              \
                                                                                               \
    struct member##_args {                                                                     \
        BIDE__BARE members                                                                     \
    };                                                                                         \
                                                                                               \
    struct member {                                                                            \
        struct bide_frame h;                                                                   \
        T result;                                                                              \
    };                                                                                         \
                                                                                               \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx, struct bide_frame *parent, T *result, \
                                     BIDE__BARE params)                                        \
    {                                                                                          \
        start_##member *start = (start_##member *)stream->ops->member->start;                  \
        return start(cx, parent, result, BIDE__BARE names);                                    \
    }                                                                                          \
                                                                                               \
    static enum bide_poll member##_poll(struct bide_cx *cx, struct bide_frame *h)              \
    {                                                                                          \
        struct member *f = (struct member *)(void *)h;                                         \
        if (h->state == 0) {                                                                   \
            struct member##_args a = *(struct member##_args *)bide__args(cx, h);               \
            h->state = AWAITING;                                                               \
            if (bide__start_##fn_(cx, h, &f->result, BIDE__BARE from) == BIDE_PENDING)         \
                return BIDE_PENDING;                                                           \
        }                                                                                      \
        return bide__leaf_finish(cx, h, f->result);                                            \
    }                                                                                          \
                                                                                               \
    T fn_ params                                                                               \
    {                                                                                          \
        struct member##_args args = {BIDE__BARE names};                                        \
        T result = 0;                                                                          \
        bide__block_on(&bide__desc_##fn_, &args, &result);                                     \
        return result;                                                                         \
    }                                                                                          \
                                                                                               \
    static const struct bide_callee member##_callees[] = {{&callee, 0}};                       \
    static uint32_t member##_need;                                                             \
    static const struct bide_fn_info member##_info = {.name = #fn_,                            \
                                                      .file = __FILE_NAME__,                   \
                                                      .callees = member##_callees,             \
                                                      .need = &member##_need,                  \
                                                      .line = __LINE__,                        \
                                                      .callee_count = 1};                      \
                                                                                               \
    const struct bide_fn bide__desc_##fn_ = {                                                  \
        .blocking = (void (*)(void))fn_,                                                       \
        .start = (void (*)(void))bide__start_##fn_,                                            \
        .poll = member##_poll,                                                                 \
        .info = &member##_info,                                                                \
        .frame_size = sizeof(struct member),                                                   \
        .args_size = sizeof(struct member##_args),                                             \
        .result_size = sizeof(T),                                                              \
        .frame_align_log2 = 3,                                                                 \
        .args_align_log2 = __builtin_ctz(_Alignof(struct member##_args)),                      \
        .flags = BIDE_FN_RESULT_SIGNED | BIDE_FN_FORWARDS,                                     \
        .version = BIDE_FN_VERSION,                                                            \
    }

#define ONCE(fn_, member, pointer, name, callee)                                      \
    FORWARD(ssize_t, fn_, member, (bide_stream * stream, pointer name, size_t size),  \
            (bide_stream * stream; pointer name; size_t size;), (stream, name, size), \
            (a.stream, a.name, a.size), callee)
#define ALL(fn_, member, pointer, name, callee)                                                 \
    FORWARD(int, fn_, member, (bide_stream * stream, pointer name, size_t size, size_t * done), \
            (bide_stream * stream; pointer name; size_t size; size_t * done;),                  \
            (stream, name, size, done), (a.stream, a.name, a.size, a.done), callee)

ONCE(bide_stream_read, read, void *, buffer, bide__desc_bide__fd_stream_read);
ONCE(bide_stream_write, write, const void *, data, bide__desc_bide__fd_stream_write);
ALL(bide_stream_read_exactly, read_exactly, void *, buffer,
    bide__desc_bide__fd_stream_read_exactly);
ALL(bide_stream_write_all, write_all, const void *, data, bide__desc_bide__fd_stream_write_all);
