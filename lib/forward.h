/*
 * lib/forward.h: async functions that start another one in their own place.
 *
 * Such a function has a start function written by hand, which may be done at once
 * (bide_frame_skip), or starts another function for the awaiting frame. So awaiting it costs no
 * frame of its own. It has one only where that must exist before the call is made (when the call is
 * a task of its own); that frame then awaits the other function like compiled code.
 *
 *     enum bide_poll bide__start_f(struct bide_cx *, struct bide_frame *parent, T *result, A a);
 *     BIDE__FORWARD(T, f, bide__desc_other, (A, a));
 *
 * makes the plain function and the descriptor of f. Tasks have a reserve for `other`.
 */
#ifndef BIDE_LIB_FORWARD_H
#define BIDE_LIB_FORWARD_H

#include "lib/leaf.h"

enum { BIDE__FORWARD_AWAITS = 1 };

#define BIDE__FORWARD_ARGUMENT(A, a) a_.a

#define BIDE__FORWARD(T, fn_, callee_, ...)                                                      \
    BIDE__LEAF_ARGS(fn_, __VA_ARGS__)                                                            \
    BIDE__LEAF_BLOCKING(T, fn_, __VA_ARGS__)                                                     \
                                                                                                 \
    struct fn_##_forward {                                                                       \
        struct bide_frame h;                                                                     \
        T result;                                                                                \
    };                                                                                           \
                                                                                                 \
    static enum bide_poll fn_##_poll(struct bide_cx *cx, struct bide_frame *h)                   \
    {                                                                                            \
        struct fn_##_forward *f = (struct fn_##_forward *)(void *)h;                             \
        if (h->state == 0) {                                                                     \
            struct fn_##_args a_ = *(struct fn_##_args *)bide__args(cx, h);                      \
            h->state = BIDE__FORWARD_AWAITS;                                                     \
            if (bide__start_##fn_(cx, h,                                                         \
                                  &f->result BIDE__MORE(BIDE__FORWARD_ARGUMENT, __VA_ARGS__)) == \
                BIDE_PENDING)                                                                    \
                return BIDE_PENDING;                                                             \
        }                                                                                        \
        return bide__leaf_finish(cx, h, f->result);                                              \
    }                                                                                            \
                                                                                                 \
    static const struct bide_callee fn_##_callees[] = {{&callee_, 0}};                           \
    static uint32_t fn_##_need;                                                                  \
    static const struct bide_fn_info fn_##_info = {.name = #fn_,                                 \
                                                   .file = __FILE__,                             \
                                                   .callees = fn_##_callees,                     \
                                                   .need = &fn_##_need,                          \
                                                   .line = __LINE__,                             \
                                                   .callee_count = 1};                           \
                                                                                                 \
    const struct bide_fn bide__desc_##fn_ = {                                                    \
        .blocking = (void (*)(void))fn_,                                                         \
        .start = (void (*)(void))bide__start_##fn_,                                              \
        .poll = fn_##_poll,                                                                      \
        .info = &fn_##_info,                                                                     \
        .frame_size = sizeof(struct fn_##_forward),                                              \
        .args_size = sizeof(struct fn_##_args),                                                  \
        .result_size = sizeof(T),                                                                \
        .frame_align_log2 = 3,                                                                   \
        .args_align_log2 = __builtin_ctz(_Alignof(struct fn_##_args)),                           \
        .flags = BIDE_FN_RESULT_SIGNED | BIDE_FN_FORWARDS,                                       \
        .version = BIDE_FN_VERSION,                                                              \
    }

#endif
