/*
 * internal.h: what the runtime offers to the library (lib/, extra/). Not installed.
 *
 * Include it first: it asks for the GNU declarations that the door needs.
 *
 * How a leaf written by hand works here (timer.c, fd.c, join.c and blocking.c are examples):
 *
 *  - Its start function pushes a frame with bide_frame_push and then does what its poll does.
 *  - To go on at once it asks bide_budget_spend(cx) first; false: it suspends, it has been woken.
 *  - To suspend it leaves cx->waker where its event will find it and returns bide_frame_suspend.
 *    A waker that is only woken on the runtime's own thread (timers, registrations, a primitive
 *    that is used on one runtime only) is *borrowed*: it is good until the leaf has finished or was
 *    cancelled. If another thread may wake it, clone it, and drop or consume the clone.
 *  - Its cancel undoes the suspension and answers; see enum bide_answer. A leaf loses nothing.
 *  - Every leaf bears a poll for which nothing has happened, and then leaves the waker of that
 *    poll, which may be another one.
 *
 * Threads: all functions here are for the thread that runs the runtime, unless they say otherwise.
 */
#ifndef BIDE_RUNTIME_INTERNAL_H
#define BIDE_RUNTIME_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "runtime/door/door.h"

#include <bide/core.h>
#include <bide/lang.h>

#include <errno.h>
#include <string.h>

struct bide_runtime;
struct bide__task;

/* ---- the current runtime ---- */

/* What a thread knows of runtimes. Only runtime.c writes it, but for what is future.c's. */
struct bide__thread {
    struct bide_runtime *running;  /* its executor is on this thread's stack now */
    struct bide_runtime *entered;  /* by bide_runtime_enter */
    struct bide_runtime *own;      /* the default one, kept until the thread exits */
    struct bide__task *to_release; /* future.c: futures that never began, to be let go of */
    bool releases;                 /* future.c: that is being done */
};
extern _Thread_local struct bide__thread bide__thread __attribute__((tls_model("initial-exec")));

/* The runtime that is polling on this thread. NULL: none, and the leaf's result is -ENXIO. */
static inline struct bide_runtime *bide__runtime_running(void)
{
    return bide__thread.running;
}

/* ---- memory, through the door ---- */

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

/* ---- time ---- */

/* Monotonic nanoseconds; what bide_now() returns. Any thread. */
static inline int64_t bide__clock_ns(void)
{
    return bide__door.clock();
}

/* now + duration, saturating; never in the past. */
int64_t bide__deadline(struct bide_duration duration);

/*
 * A timer, in the frame of the leaf that waits for it: 32 bytes. It wakes `waker` once, at
 * `deadline_ns` or later, never earlier; timers of the same deadline in the order in which they
 * were armed. Afterwards it is not armed.
 */
struct bide__timer {
    struct bide__link {
        struct bide__link *next, *previous;
    } link; /* in a slot of the wheel; next is NULL: not armed */
    int64_t deadline_ns;
    bide_waker waker; /* borrowed */
};

void bide__timer_arm(struct bide_runtime *rt, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker);

/* Nothing happens if it is not armed. The runtime is the one that it was armed on. */
void bide__timer_disarm(struct bide_runtime *rt, struct bide__timer *timer);

static inline bool bide__timer_armed(const struct bide__timer *timer)
{
    return timer->link.next != NULL;
}

/* ---- file descriptors: the reactor ---- */

/*
 * A registration of a non-blocking descriptor with the driver of one runtime. Edge-triggered, and
 * the readiness is cached. "Ready" may be wrong: when the system call says EAGAIN, call
 * bide__fd_clear and wait. "Not ready" may be late: the event that says otherwise is still to be
 * fetched, so waiting before the first call is right and trying before the first wait is quicker.
 * One waiter a direction, known by its frame: two leaves of one task may have the same waker
 * (branch ids run out), but not the same place. The object lives in the runtime's table; after
 * bide__fd_close its generation has changed, so that neither a late event nor a late waiter takes
 * the next user of the slot for it.
 */
struct bide__fd {
    int fd; /* -1: the slot is free */
    uint32_t index;
    uint32_t generation;
    uint32_t ready; /* BIDE__READ, BIDE__WRITE */
    /* of read, of write */
    struct bide__fd_waiter {
        bide_waker waker;              /* borrowed; bits 0: none */
        const struct bide_frame *leaf; /* NULL: of bide__fd_set_waker */
    } waiters[2];
    struct bide_runtime *runtime;
    struct bide__fd *next_free;
};

enum { BIDE__READ = 1, BIDE__WRITE = 2 };

/*
 * Registers fd, for both directions, with the runtime that runs on this thread (or the one that it
 * has entered, or its default one, which is made). The descriptor stays the caller's: close it
 * after bide__fd_close. 0, -ENXIO (no runtime), -ENOMEM, -EPERM (a regular file), -ENOSPC, -EEXIST
 * (it is registered already), -EBADF.
 */
int bide__fd_open(struct bide__fd **out, int fd);

/* Ends the registration; a leaf that waits on it returns -EBADF. NULL is ignored. */
void bide__fd_close(struct bide__fd *fd);

/* The last call in this direction (BIDE__READ, BIDE__WRITE) would have blocked; also after a
 * hang-up, which may pass: another process opens the FIFO for writing. */
static inline void bide__fd_clear(struct bide__fd *fd, uint32_t direction)
{
    fd->ready &= ~direction;
}

/*
 * Leaves a waker where a leaf that waits for the direction would: for whoever drives a foreign
 * library. It is borrowed until it is woken or the registration is closed, which wakes it too.
 * Whether the direction is ready now is not looked at: call bide__fd_clear before.
 */
void bide__fd_set_waker(struct bide__fd *fd, uint32_t direction, bide_waker waker);

/*
 * Leaf: `async int bide__fd_wait(struct bide__fd *fd, uint32_t direction)`. Waits until the
 * direction is ready. 0; -EBUSY: another leaf waits for this direction; -EXDEV: it belongs to
 * another runtime; -ENXIO: there is no runtime; -EBADF: it was closed meanwhile. Cancelled: nothing
 * is lost, the readiness stays.
 */
enum bide_poll bide__start_bide__fd_wait(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                         struct bide__fd *fd, uint32_t direction);
extern const struct bide_fn bide__desc_bide__fd_wait;

/*
 * A leaf that waits for a direction in its own frame, which begins with this; its `state` is taken.
 * It calls bide__fd_leaf_begin once, then bide__fd_leaf_look until that says something else than 1:
 * 1: the leaf suspends; else as bide__fd_wait, and the leaf does not wait any more. fd->fd is good
 * as long as that was 0 at last. Its cancel calls bide__fd_leaf_stop. `mark`: 0 or BIDE__FD_MARK, a
 * bit of `state` that is its own.
 */
struct bide__fd_leaf {
    struct bide_frame h;
    struct bide__fd *fd;
};

enum { BIDE__FD_MARK = 8 };

void bide__fd_leaf_begin(struct bide__fd_leaf *leaf, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark);
int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *leaf);
void bide__fd_leaf_stop(struct bide__fd_leaf *leaf);

/* ---- the blocking pool, for those that are no leaf ---- */

struct bide_job;

/*
 * Gives the job to the pool. When it has run, a clone of `waker` is woken, on the pool's thread and
 * as the last that this does with the job. False: there is no thread to run it.
 */
bool bide__job_submit(struct bide_runtime *rt, struct bide_job *job, bide_waker waker);

/* True: no thread had begun it, and it never will run, nor wake anybody. */
bool bide__job_take_back(struct bide_job *job);

/* ---- messages to a runtime ---- */

/*
 * Any thread: has post->run called on the runtime's thread, between two polls of tasks, when that
 * runs next; in the order in which they were posted. `run` may free the post or use it again. The
 * runtime must not end before that: something that waits for it is in one of its tasks or futures.
 */
struct bide__post {
    struct bide__post *next;
    void (*run)(struct bide__post *post);
};

void bide__runtime_post(struct bide_runtime *rt, struct bide__post *post);

/* ---- processes ---- */

/* How many forks led from the process that was started to this one: what is of another number is
 * shared with a parent. Counted as soon as there has been a runtime. */
extern unsigned bide__forks;

/* ---- signals ---- */

/* This handler of the signal is one of bide: it wakes tasks only through descriptors. Any
 * thread. */
void bide__signal_is_ours(int signo, uintptr_t handler);

/* ---- fairness ---- */

/*
 * Leaf: `async void bide__turn(void)`. For functions in async C that can be ready at once without
 * awaiting anything: spends one operation of the task's budget, and lets others run when it is used
 * up. Cancelled: nothing has happened.
 */
enum bide_poll bide__start_bide__turn(struct bide_cx *cx, struct bide_frame *parent, void *result);
extern const struct bide_fn bide__desc_bide__turn;

/* ---- memory for a frame, kept in reserve ---- */

/*
 * For the leaf that ends an object: its await must not fail for want of memory. The object keeps a
 * segment for a frame of `frame_size` bytes from its beginning on; any thread; NULL: no memory. The
 * leaf's start lends it to the chain that awaits, before it pushes the frame, which then finds
 * room; *reserve is NULL if it was needed. What was not lent is freed with the object.
 */
struct bide_segment *bide__reserve_new(size_t frame_size);
void bide__reserve_lend(struct bide_cx *cx, struct bide_segment **reserve);
void bide__reserve_free(struct bide_segment *reserve);

/* ---- helpers for leaves ---- */

/* The chain will ask its leaf to cancel as soon as that suspends. */
static inline bool bide__will_ask(const struct bide_chain *chain)
{
    return chain->flags & BIDE_CHAIN_CANCEL && chain->shield == 0;
}

/* Writes an int result and pops the frame: a poll returns what it returns. */
static inline enum bide_poll bide__finish_int(struct bide_cx *cx, struct bide_frame *f, int value)
{
    *(int *)bide_frame_result(cx, f) = value;
    return bide_frame_finish(cx, f);
}

/*
 * The descriptor of a leaf with an int result. frame_ is its frame's struct, whose first member is
 * the header; args_ the struct of its parameters, in order (struct bide__no_args: none). In state 0
 * its poll was called by the chain's loop instead of by the start function: it takes its parameters
 * from bide__args(cx, f), as it does when it is the root of a task.
 */
#define BIDE__LEAF(name_, frame_, args_, poll_, cancel_) \
    BIDE__LEAF_OF(name_, frame_, args_, sizeof(int), BIDE_FN_RESULT_SIGNED, NULL, poll_, cancel_)

/* blocking_: the plain function of that name, which blocks; NULL: there is none. */
#define BIDE__LEAF_OF(name_, frame_, args_, result_size_, flags_, blocking_, poll_, cancel_) \
    static const struct bide_fn_info info_##name_ = {                                        \
        .name = #name_, .file = __FILE_NAME__, .line = __LINE__};                            \
    const struct bide_fn bide__desc_##name_ = {                                              \
        .blocking = (void (*)(void))(blocking_),                                             \
        .start = (void (*)(void))bide__start_##name_,                                        \
        .poll = (poll_),                                                                     \
        .cancel = (cancel_),                                                                 \
        .info = &info_##name_,                                                               \
        .frame_size = sizeof(frame_),                                                        \
        .args_size = sizeof(args_),                                                          \
        .result_size = (result_size_),                                                       \
        .frame_align_log2 = 3,                                                               \
        .args_align_log2 = 3,                                                                \
        .flags = (flags_),                                                                   \
        .version = BIDE_FN_VERSION,                                                          \
    }

struct bide__no_args {
};

/* gcc 12 and clang 14 have it; without it the descriptors say the path. */
#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

#endif
