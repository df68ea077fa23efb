/*
 * lib/leaf.h: the common part of futures written by hand.
 *
 * A leaf is a frame (a struct whose first member is `struct bide_frame h`, with a member for each
 * parameter), a poll and a cancel function. BIDE__LEAF_n, at the end of its file, makes the rest:
 *
 *     BIDE__LEAF_2(int, bide_x_read, struct read, read_poll, read_cancel, bide_x *, x, void *, out)
 *
 * defines bide__start_bide_x_read, bide__desc_bide_x_read and the plain function that blocks. The
 * result is a signed integer. At the first poll, h.state is 0 and only the parameters in the frame
 * are set; the poll sets h.state to BIDE__BEGUN before it suspends. The cancel function is called
 * only after that.
 *
 * Include this header before all others: leaves define as plain functions what the public headers
 * declare async, so bide_async vanishes in their files, even for `bide cc`.
 */
#ifndef BIDE_LIB_LEAF_H
#define BIDE_LIB_LEAF_H

#define bide_async

#include "runtime/leaf.h"

#include <bide/abi.h>

enum { BIDE__BEGUN = 1 };

/* Finishes a leaf with its result `value`. Its poll must return what this returns. */
#define bide__leaf_finish(cx, frame, value)                               \
    __extension__({                                                       \
        *(__typeof__(value) *)bide_frame_result((cx), (frame)) = (value); \
        bide_frame_finish((cx), (frame));                                 \
    })

#define BIDE__BARE(...) __VA_ARGS__

#define BIDE__LEAF_MAKE(T, leaf_, frame_, poll_, cancel_, params, names, members, load, copy, now) \
    struct leaf_##_args {                                                                          \
        BIDE__BARE members                                                                         \
    };                                                                                             \
    enum bide_poll bide__start_##leaf_(struct bide_cx *, struct bide_frame *, T *,                 \
                                       BIDE__BARE params);                                         \
    extern const struct bide_fn bide__desc_##leaf_;                                                \
                                                                                                   \
    enum bide_poll bide__start_##leaf_(struct bide_cx *cx_, struct bide_frame *parent_,            \
                                       T *result_, BIDE__BARE params)                              \
    {                                                                                              \
        BIDE__BARE now frame_ *f_ =                                                                \
            bide_frame_push(cx_, sizeof(frame_), &bide__desc_##leaf_, parent_, result_);           \
        if (f_ == NULL)                                                                            \
            return BIDE_PENDING;                                                                   \
        BIDE__BARE load return poll_(cx_, &f_->h);                                                 \
    }                                                                                              \
                                                                                                   \
    static enum bide_poll leaf_##_resume(struct bide_cx *cx_, struct bide_frame *h_)               \
    {                                                                                              \
        if (h_->state == 0) {                                                                      \
            frame_ *f_ = (frame_ *)(void *)h_;                                                     \
            const struct leaf_##_args *a_ = bide__args(cx_, h_);                                   \
            BIDE__BARE copy                                                                        \
        }                                                                                          \
        return poll_(cx_, h_);                                                                     \
    }                                                                                              \
                                                                                                   \
    T leaf_ params                                                                                 \
    {                                                                                              \
        struct leaf_##_args args_ = {BIDE__BARE names};                                            \
        T result_ = 0;                                                                             \
        bide__block_on(&bide__desc_##leaf_, &args_, &result_);                                     \
        return result_;                                                                            \
    }                                                                                              \
                                                                                                   \
    static const struct bide_fn_info leaf_##_info = {                                              \
        .name = #leaf_, .file = __FILE_NAME__, .line = __LINE__};                                  \
                                                                                                   \
    const struct bide_fn bide__desc_##leaf_ = {                                                    \
        .blocking = (void (*)(void))leaf_,                                                         \
        .start = (void (*)(void))bide__start_##leaf_,                                              \
        .poll = leaf_##_resume,                                                                    \
        .cancel = (cancel_),                                                                       \
        .info = &leaf_##_info,                                                                     \
        .frame_size = sizeof(frame_),                                                              \
        .args_size = sizeof(struct leaf_##_args),                                                  \
        .result_size = sizeof(T),                                                                  \
        .frame_align_log2 = __builtin_ctz(_Alignof(frame_)),                                       \
        .args_align_log2 = __builtin_ctz(_Alignof(struct leaf_##_args)),                           \
        .flags = BIDE_FN_RESULT_SIGNED,                                                            \
        .version = BIDE_FN_VERSION,                                                                \
    };                                                                                             \
    _Static_assert(_Alignof(frame_) <= BIDE_FRAME_UNIT, "a leaf's frame is not over-aligned")

#define BIDE__LEAF_1(T, leaf_, frame_, poll_, cancel_, A, a)                            \
    BIDE__LEAF_MAKE(T, leaf_, frame_, poll_, cancel_, (A a), (a), (A a;), (f_->a = a;), \
                    (f_->a = a_->a;), ())

#define BIDE__LEAF_2(T, leaf_, frame_, poll_, cancel_, A, a, B, b)                     \
    BIDE__LEAF_MAKE(T, leaf_, frame_, poll_, cancel_, (A a, B b), (a, b), (A a; B b;), \
                    (f_->a = a; f_->b = b;), (f_->a = a_->a; f_->b = a_->b;), ())

/* now_(cx, a, b, &result) returns true if it did the operation at once, without a frame, and stored
 * the result. */
#define BIDE__LEAF_2_NOW(T, leaf_, frame_, poll_, cancel_, now_, A, a, B, b)           \
    BIDE__LEAF_MAKE(T, leaf_, frame_, poll_, cancel_, (A a, B b), (a, b), (A a; B b;), \
                    (f_->a = a; f_->b = b;), (f_->a = a_->a; f_->b = a_->b;),          \
                    (T now_result_; if (now_(cx_, a, b, &now_result_)) {               \
                        if (result_ != NULL)                                           \
                            *result_ = now_result_;                                    \
                        return bide_frame_skip(cx_, parent_, result_);                 \
                    }))

#define BIDE__LEAF_3(T, leaf_, frame_, poll_, cancel_, A, a, B, b, C, c)          \
    BIDE__LEAF_MAKE(T, leaf_, frame_, poll_, cancel_, (A a, B b, C c), (a, b, c), \
                    (A a; B b; C c;), (f_->a = a; f_->b = b; f_->c = c;),         \
                    (f_->a = a_->a; f_->b = a_->b; f_->c = a_->c;), ())

#endif
