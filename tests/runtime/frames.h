/*
 * frames.h: async functions written by hand, as the compiler would write them, but with all locals
 * in the frame.
 *
 *   struct nap {
 *       struct bide_frame h;
 *       struct nap_args a;      its arguments
 *       int r;
 *   };
 *   HAND(nap, sizeof(int), 0, CALLEES({&bide__desc_bide_sleep, 0}))
 *   {
 *       HAND_BEGIN(nap);
 *       AWAIT(1, bide__start_bide_sleep(cx, h, &f->r, f->a.duration));
 *       HAND_RETURN(int, f->r);
 *   }
 *
 * defines the descriptor `nap` and its poll function. The third argument is flags (BIDE_FN_...); a
 * function with BIDE_FN_UNWINDS must check bide__unwinding(cx) after each AWAIT.
 */
#ifndef BIDE_TESTS_FRAMES_H
#define BIDE_TESTS_FRAMES_H

/* The tests call the public headers' async functions as plain functions, too. */
#define bide_async

#include "runtime/entry.h"

#include "check.h"

#include <bide/abi.h>
#include <bide/runtime.h>
#include <bide/task.h>
#include <bide/testing.h>
#include <bide/time.h>

#define CALLEES(...) \
    {                \
        __VA_ARGS__  \
    }

#define HAND(name_, result_size_, flags_, callees_)                               \
    static enum bide_poll name_##_poll(struct bide_cx *cx, struct bide_frame *h); \
    static uint32_t name_##_need;                                                 \
    static const struct bide_callee name_##_callees[] = callees_;                 \
    static const struct bide_fn_info name_##_info = {                             \
        .name = #name_,                                                           \
        .file = "frames.c",                                                       \
        .line = __LINE__,                                                         \
        .callees = name_##_callees,                                               \
        .callee_count = sizeof(name_##_callees) / sizeof(struct bide_callee),     \
        .need = &name_##_need,                                                    \
    };                                                                            \
    static const struct bide_fn name_ = {                                         \
        .poll = name_##_poll,                                                     \
        .info = &name_##_info,                                                    \
        .frame_size = sizeof(struct name_),                                       \
        .args_size = sizeof(((struct name_ *)0)->a),                              \
        .result_size = (result_size_),                                            \
        .frame_align_log2 = __builtin_ctz(_Alignof(struct name_)),                \
        .args_align_log2 = 3,                                                     \
        .flags = (flags_) | BIDE_FN_AWAITS |                                      \
                 ((result_size_) == sizeof(int) ? BIDE_FN_RESULT_SIGNED : 0),     \
        .version = BIDE_FN_VERSION,                                               \
    };                                                                            \
    static enum bide_poll name_##_poll(struct bide_cx *cx, struct bide_frame *h)

#define HAND_BEGIN(name_)                          \
    struct name_ *f = (struct name_ *)(void *)h;   \
    if (h->state == 0) {                           \
        const void *args_ = bide__args(cx, h);     \
        __typeof__(f->a) a_;                       \
        memcpy(&a_, args_, sizeof(a_));            \
        f->a = a_;                                 \
    }                                              \
    switch (h->state & ~(uint32_t)BIDE_SHIELDED) { \
    case 0:

#define AWAIT(n, call)            \
    h->state = (n);               \
    if ((call) == BIDE_PENDING)   \
        return BIDE_PENDING;      \
    __attribute__((fallthrough)); \
    case (n) & ~(uint32_t)BIDE_SHIELDED:

#define HAND_RETURN(T, value)            \
    }                                    \
    T *slot_ = bide_frame_result(cx, h); \
    if (slot_ != NULL)                   \
        *slot_ = (value);                \
    return bide_frame_finish(cx, h)

#define HAND_END \
    }            \
    return bide_frame_finish(cx, h)

/* Start functions that no public header declares. */
enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result);
extern const struct bide_fn bide__desc_bide_yield;

/* Blocks on a function whose result is an int, and returns it. */
static inline int block_int(const struct bide_fn *fn, const void *args)
{
    int result = -1;
    bide__block_on(fn, args, &result);
    return result;
}

#endif
