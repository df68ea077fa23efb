/*
 * leaf.h: how a leaf is written by hand, for the runtime, lib/ and extra/. Not installed.
 *
 * Include it first: it asks for the GNU declarations that the door needs.
 *
 * A leaf is the innermost frame of a chain: the one that waits. It is a struct whose first member
 * is `struct bide_frame h`, with a member for each parameter, plus a poll and a cancel function.
 * One macro at the end of its file makes the rest:
 *
 *     BIDE__LEAF(int, bide_x_read, struct read, read_poll, read_cancel,
 *                (bide_x *, x), (void *, out));
 *
 * defines bide__start_bide_x_read, bide__desc_bide_x_read and the plain function bide_x_read, which
 * blocks. The result is a signed integer, a pointer or void.
 *
 *  - The poll finds h.state 0 at the first call, with the parameters in the frame and nothing else
 *    set. It makes the state BIDE__BEGUN, or another value, before it suspends.
 *  - To finish at once it asks bide_budget_spend(cx) first. If that returns false, the leaf
 *    suspends; it has been woken already.
 *  - To suspend it leaves cx->waker where its event will find it and returns bide_frame_suspend.
 *    A waker that is woken only on the runtime's own thread (by a timer, a registration, or an
 *    object of one runtime) is *borrowed*: it is valid until the leaf has finished or was
 *    cancelled. If another thread may wake it, clone it, and drop or consume the clone.
 *  - Its cancel undoes the suspension and answers; see enum bide_answer. It is called only after
 *    the leaf has suspended. A leaf that is cancelled loses nothing.
 *  - A leaf must tolerate spurious polls. It then keeps the waker of the latest poll, which may
 *    differ from the one before.
 *
 * Threads: every function here is for the thread that runs the runtime, unless its comment says
 * otherwise.
 */
#ifndef BIDE_RUNTIME_LEAF_H
#define BIDE_RUNTIME_LEAF_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "runtime/door/door.h"

#include <bide/core.h>
#include <bide/lang.h>

#include <errno.h>
#include <string.h>

struct bide_runtime;

/* The runtime whose executor runs on this thread. NULL if there is none; a leaf that needs one then
 * returns bide__no_runtime, with the name of its function. */
struct bide_runtime *bide__runtime_running(void);

/* -ENXIO. In all builds but release the first call says on stderr which function it was. */
int bide__no_runtime(const char *name);

/* ---- memory and time, through the door ---- */

static inline void *bide__alloc(size_t size)
{
    return bide__door.alloc(size, 0);
}

/* size is what was asked for. p may be NULL. */
static inline void bide__free(void *p, size_t size)
{
    if (p)
        bide__door.free(p, size);
}

/* Monotonic nanoseconds; what bide_now() returns. Any thread. */
static inline int64_t bide__clock_ns(void)
{
    return bide__door.clock();
}

/* ---- messages to a runtime ---- */

/*
 * Any thread: calls post->run on the runtime's thread, between two polls of tasks, when the runtime
 * next runs. Messages run in the order in which they were posted. `run` may free the post or use it
 * again. The caller makes sure that the runtime lives until then: a task or a future of it waits
 * for the message.
 */
struct bide__post {
    struct bide__post *next;
    void (*run)(struct bide__post *post);
};

void bide__runtime_post(struct bide_runtime *rt, struct bide__post *post);

/* On a multi_thread runtime, where any worker calls it. Any thread: takes a post back. False: it is
 * not under way, or a worker calls it now. */
bool bide__runtime_unpost(struct bide_runtime *rt, struct bide__post *post);

/* ---- processes ---- */

/* The number of forks between the process that was started and this one, counted from the first
 * runtime on. An object with another number is shared with a parent process. */
extern unsigned bide__forks;

/* ---- fairness ---- */

/*
 * Leaf: `async void bide__turn(void)`. For functions in async C that may finish without awaiting
 * anything: spends one operation of the task's budget, and lets the other tasks run when the budget
 * is used up. Cancelled: nothing has happened.
 */
enum bide_poll bide__start_bide__turn(struct bide_cx *cx, struct bide_frame *parent, void *result);
extern const struct bide_fn bide__desc_bide__turn;

/* ---- helpers for leaves ---- */

enum { BIDE__BEGUN = 1 }; /* a value for h.state */

/* The chain will ask its leaf to cancel as soon as the leaf suspends. */
static inline bool bide__will_ask(const struct bide_chain *chain)
{
    return chain->flags & BIDE_CHAIN_CANCEL && chain->shield == 0;
}

/* The leaf is done: its poll returns what this returns. */
#define bide__leaf_finish(cx, frame, value)                               \
    __extension__({                                                       \
        *(__typeof__(value) *)bide_frame_result((cx), (frame)) = (value); \
        bide_frame_finish((cx), (frame));                                 \
    })

/* ---- lists of parameters: up to five pairs (type, name) ---- */

#define BIDE__JOIN(a, b)                    BIDE__JOIN_(a, b)
#define BIDE__JOIN_(a, b)                   a##b
#define BIDE__COUNT(...)                    BIDE__NTH(0, ##__VA_ARGS__, 5, 4, 3, 2, 1, 0)
#define BIDE__NTH(z, a, b, c, d, e, n, ...) n

/* Picks the macro of the list for this number of pairs. */
#define BIDE__OF(list, ...)                 BIDE__JOIN(list, BIDE__COUNT(__VA_ARGS__))

/* M(type, name) for each pair: one after the other; each after a comma; between commas, with
 * `void` for an empty list. */
#define BIDE__EACH(M, ...)                  BIDE__OF(BIDE__EACH_, ##__VA_ARGS__)(M, ##__VA_ARGS__)
#define BIDE__EACH_0(M)
#define BIDE__EACH_1(M, p)          M p
#define BIDE__EACH_2(M, p, q)       M p M q
#define BIDE__EACH_3(M, p, q, r)    M p M q M r
#define BIDE__EACH_4(M, p, q, r, s) M p M q M r M s
#define BIDE__MORE(M, ...)          BIDE__OF(BIDE__MORE_, ##__VA_ARGS__)(M, ##__VA_ARGS__)
#define BIDE__MORE_0(M)
#define BIDE__MORE_1(M, p)             , M p
#define BIDE__MORE_2(M, p, q)          , M p, M q
#define BIDE__MORE_3(M, p, q, r)       , M p, M q, M r
#define BIDE__MORE_4(M, p, q, r, s)    , M p, M q, M r, M s
#define BIDE__LIST(M, ...)             BIDE__OF(BIDE__LIST_, ##__VA_ARGS__)(M, ##__VA_ARGS__)
#define BIDE__LIST_0(M)                void
#define BIDE__LIST_1(M, p)             M p
#define BIDE__LIST_2(M, p, q)          M p, M q
#define BIDE__LIST_3(M, p, q, r)       M p, M q, M r
#define BIDE__LIST_4(M, p, q, r, s)    M p, M q, M r, M s
#define BIDE__EACH_5(M, p, q, r, s, t) M p M q M r M s M t
#define BIDE__MORE_5(M, p, q, r, s, t) , M p, M q, M r, M s, M t
#define BIDE__LIST_5(M, p, q, r, s, t) M p, M q, M r, M s, M t

#define BIDE__PARAMETER(A, a)          A a
#define BIDE__NAME(A, a)               a
#define BIDE__MEMBER(A, a)             A a;
#define BIDE__FILL(A, a)               .a = a,
#define BIDE__STORE(A, a)              f_->a = a;
#define BIDE__STORE_ARG(A, a)          f_->a = a_->a;

/* ---- a leaf ---- */

/* A leaf and its plain function. */
#define BIDE__LEAF(T, leaf_, frame_, poll_, cancel_, ...) \
    BIDE__LEAF_ARGS(leaf_, ##__VA_ARGS__)                 \
    BIDE__LEAF_BLOCKING(T, leaf_, ##__VA_ARGS__)          \
    BIDE__LEAF_MAKE(T, leaf_, frame_, BIDE__NOT_NOW, leaf_, poll_, cancel_, ##__VA_ARGS__)

/* The same for a leaf that needs no runtime, whose plain function makes none: it sleeps until it is
 * woken (bide__park_on, park.c). now_ may be BIDE__NOT_NOW. */
#define BIDE__LEAF_PARKS(T, leaf_, frame_, now_, poll_, cancel_, ...) \
    BIDE__LEAF_ARGS(leaf_, ##__VA_ARGS__)                             \
    BIDE__LEAF_PLAIN(bide__park_on, T, leaf_, ##__VA_ARGS__)          \
    BIDE__LEAF_MAKE(T, leaf_, frame_, now_, leaf_, poll_, cancel_, ##__VA_ARGS__)

/* The same. now_(cx, a, b, &result) is called before there is a frame; if it returns true, the call
 * is done and the result is there. */
#define BIDE__LEAF_NOW(T, leaf_, frame_, now_, poll_, cancel_, ...) \
    BIDE__LEAF_ARGS(leaf_, ##__VA_ARGS__)                           \
    BIDE__LEAF_BLOCKING(T, leaf_, ##__VA_ARGS__)                    \
    BIDE__LEAF_MAKE(T, leaf_, frame_, now_, leaf_, poll_, cancel_, ##__VA_ARGS__)

/* Without a plain function, which needs the rooms above (entry.c). now_ may be BIDE__NOT_NOW. */
#define BIDE__LEAF_INNER(T, leaf_, frame_, now_, poll_, cancel_, ...) \
    BIDE__LEAF_ARGS(leaf_, ##__VA_ARGS__)                             \
    BIDE__LEAF_MAKE(T, leaf_, frame_, now_, NULL, poll_, cancel_, ##__VA_ARGS__)

#define BIDE__NOT_NOW(...) false

/* T as the type of a variable: char instead of void. */
#define BIDE__VALUE(T) \
    __typeof__(__builtin_choose_expr(__builtin_types_compatible_p(T, void), (char)0, (T)0))
#define BIDE__IS_VOID(T) __builtin_types_compatible_p(T, void)
#define BIDE__IS_POINTER(T) \
    (__builtin_classify_type((BIDE__VALUE(T))0) == __builtin_classify_type((void *)0))
#define BIDE__IS_INTEGER(T) (!BIDE__IS_VOID(T) && !BIDE__IS_POINTER(T))

#define BIDE__LEAF_ARGS(leaf_, ...)             \
    struct leaf_##_args {                       \
        BIDE__EACH(BIDE__MEMBER, ##__VA_ARGS__) \
    };                                          \
    extern const struct bide_fn bide__desc_##leaf_;

#define BIDE__LEAF_BLOCKING(T, leaf_, ...) BIDE__LEAF_PLAIN(bide__block_on, T, leaf_, ##__VA_ARGS__)

#define BIDE__LEAF_PLAIN(block_, T, leaf_, ...)                              \
    T leaf_(BIDE__LIST(BIDE__PARAMETER, ##__VA_ARGS__))                      \
    {                                                                        \
        struct leaf_##_args args_ = {BIDE__EACH(BIDE__FILL, ##__VA_ARGS__)}; \
        BIDE__VALUE(T) result_ = 0;                                          \
        block_(&bide__desc_##leaf_, &args_, &result_);                       \
        return (T)result_;                                                   \
    }

#define BIDE__LEAF_MAKE(T, leaf_, frame_, now_, blocking_, poll_, cancel_, ...) \
    BIDE__LEAF_START(T, leaf_, frame_, now_, poll_, ##__VA_ARGS__)              \
    BIDE__LEAF_REST(T, leaf_, frame_, blocking_, poll_, cancel_, ##__VA_ARGS__)

#define BIDE__LEAF_START(T, leaf_, frame_, now_, poll_, ...)                                      \
    enum bide_poll bide__start_##leaf_(struct bide_cx *, struct bide_frame *,                     \
                                       T *BIDE__MORE(BIDE__PARAMETER, ##__VA_ARGS__));            \
                                                                                                  \
    enum bide_poll bide__start_##leaf_(struct bide_cx *cx_, struct bide_frame *parent_,           \
                                       T *result_ BIDE__MORE(BIDE__PARAMETER, ##__VA_ARGS__))     \
    {                                                                                             \
        BIDE__VALUE(T) now_result_;                                                               \
        if (now_(cx_ BIDE__MORE(BIDE__NAME, ##__VA_ARGS__), &now_result_)) {                      \
            if (!BIDE__IS_VOID(T) && result_ != NULL)                                             \
                *(BIDE__VALUE(T) *)result_ = now_result_;                                         \
            return bide_frame_skip(cx_, parent_, result_);                                        \
        }                                                                                         \
        frame_ *f_ = bide_frame_push(cx_, sizeof(frame_), &bide__desc_##leaf_, parent_, result_); \
        if (f_ == NULL)                                                                           \
            return BIDE_PENDING;                                                                  \
        BIDE__EACH(BIDE__STORE, ##__VA_ARGS__)                                                    \
        return poll_(cx_, &f_->h);                                                                \
    }

#define BIDE__LEAF_REST(T, leaf_, frame_, blocking_, poll_, cancel_, ...)            \
    /* In state 0 the chain has begun it: its arguments are above the frame. */      \
    static enum bide_poll leaf_##_resume(struct bide_cx *cx_, struct bide_frame *h_) \
    {                                                                                \
        if (h_->state == 0) {                                                        \
            frame_ *f_ = (frame_ *)(void *)h_;                                       \
            const struct leaf_##_args *a_ = bide__args(cx_, h_);                     \
            (void)f_, (void)a_;                                                      \
            BIDE__EACH(BIDE__STORE_ARG, ##__VA_ARGS__)                               \
        }                                                                            \
        return poll_(cx_, h_);                                                       \
    }                                                                                \
                                                                                     \
    static const struct bide_fn_info leaf_##_info = {                                \
        .name = #leaf_, .file = __FILE__, .line = __LINE__};                         \
                                                                                     \
    const struct bide_fn bide__desc_##leaf_ = {                                      \
        .blocking = (void (*)(void))blocking_,                                       \
        .start = (void (*)(void))bide__start_##leaf_,                                \
        .poll = leaf_##_resume,                                                      \
        .cancel = (cancel_),                                                         \
        .info = &leaf_##_info,                                                       \
        .frame_size = sizeof(frame_),                                                \
        .args_size = sizeof(struct leaf_##_args),                                    \
        .result_size = BIDE__IS_VOID(T) ? 0 : sizeof(BIDE__VALUE(T)),                \
        .frame_align_log2 = __builtin_ctz(_Alignof(frame_)),                         \
        .args_align_log2 = __builtin_ctz(_Alignof(struct leaf_##_args)),             \
        .flags = BIDE__IS_INTEGER(T) ? BIDE_FN_RESULT_SIGNED : 0,                    \
        .version = BIDE_FN_VERSION,                                                  \
    };                                                                               \
    _Static_assert(_Alignof(frame_) <= BIDE_FRAME_UNIT, "a leaf's frame is not over-aligned")

#endif
