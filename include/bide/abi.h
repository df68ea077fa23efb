/*
 * bide/abi.h: what generated code calls in the runtime. Not for users: the forms of bide/lang.h
 * become calls of these. Names with two underscores may change with BIDE_FN_VERSION.
 *
 * A handle (bide_task(T)) is a pointer to the runtime's task, seen here as void *. The variable
 * that
 * holds it owns one reference; a NULL handle owns nothing and is legal everywhere.
 */
#ifndef BIDE_ABI_H
#define BIDE_ABI_H

#include <bide/core.h>
#include <bide/lang.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

/*
 * Makes a task of fn with a copy of its arguments and queues it on the current runtime (from plain
 * C
 * outside any: the thread's default one, which runs inside bide_block_on). Returns an owning
 * handle;
 * never NULL: without memory it is one whose join says -ENOMEM.
 */
void *bide__spawn(const struct bide_fn *fn, const void *args);

/* Drops a handle; a task that still runs is detached, not cancelled. NULL is ignored. */
void bide__task_release(void *task);

/* Asks the task to cancel. Idempotent; NULL and finished tasks are ignored. Any thread. */
void bide__task_abort(void *task);

/* 1: the task has finished (or the handle is NULL), a join would not wait; 0: it has not. */
int bide__task_finished(const void *task);

/* The handle was taken out of a variable, to be put into another one: a join that is under way must
 * not look at the old one any more. NULL is ignored. */
void bide__task_moved(void *task);

/*
 * Leaf: waits for the task in the handle variable at `handle`, moves its result to `out`, drops the
 * handle and sets the variable to NULL. *result: 0, or negative: why the task ended otherwise
 * (-ECANCELED, -ENOMEM); -EINVAL: the handle is NULL (a second join); -EDEADLK: it is the caller's
 * own task. Cancelled: the task runs on, the handle stays as it was.
 */
enum bide_poll bide__start_bide_task_join(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *handle, void *out);
extern const struct bide_fn bide__desc_bide_task_join;

/* Leaf: the same without taking the result: the handle stays and may be waited for again. */
enum bide_poll bide__start_bide_task_wait(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *task);
extern const struct bide_fn bide__desc_bide_task_wait;

/* ---- futures as values: bide/future.h ---- */

/* Makes a future of fn with a copy of its arguments; nothing runs. Returns an owning handle, never
 * NULL: without memory it is one whose get fails. */
void *bide__lazy(const struct bide_fn *fn, const void *args);

/* Drops a future without waiting: if it has to be unwound, a task of its own does that. NULL is
 * ignored. Any thread. */
void bide__future_release(void *future);

/*
 * Leaf: drives the future in the variable at `handle` to its end, moves its result to `result`,
 * drops the handle and sets the variable to NULL. `fn` is the caller's own
 * descriptor of a get, for the type of its result. Cancelled: the future stays as it is.
 */
enum bide_poll bide__start_bide_get(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                    const struct bide_fn *fn, void *handle);
enum bide_poll bide__get_poll(struct bide_cx *cx, struct bide_frame *frame);
enum bide_answer bide__get_cancel(struct bide_cx *cx, struct bide_frame *frame);
extern const struct bide_fn_info bide__get_info;

enum { BIDE__GET_SIZE = 56 }; /* of its frame */

/* The handle was taken out of a variable, to be put into another one: a get that is under way must
 * not look at the old one any more. NULL is ignored. */
void bide__future_moved(void *future);

/* Leaf without a result: drops the futures of an array, one after the other, and waits while one
 * unwinds, whoever drove it before. Requests to cancel do not reach it, unless forced. */
enum bide_poll bide__start_bide_drop(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                     void *futures, size_t count);
/* The same for one. */
enum bide_poll bide__start_bide_drop_one(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, void *future);
extern const struct bide_fn bide__desc_bide_drop;

/*
 * A scope (bide_scope, bide_try_scope), in the frame of the function that has it, at most 512 KiB
 * from its beginning. All is the runtime's own; the size is fixed for ever.
 */
struct bide__scope {
    struct bide_frame wait; /* the leaf that waits for the children */
    bide_waker waker;       /* of the task that waits; bits 0: none does */
    void *runtime;
    void *first;   /* the children that have not ended */
    int32_t error; /* bide__scope_error */
    uint32_t flags;
    void *reserved;
};

enum { BIDE__SCOPE_TRY = 1 }; /* the first failure of a child cancels the others */

/* The block begins. `kind`: 0 or BIDE__SCOPE_TRY. */
void bide__scope_begin(struct bide__scope *scope, uint32_t kind);

/*
 * bide__spawn for a child of the scope, also while that waits. On another runtime than the scope's,
 * or outside any, the handle is one whose join says -EXDEV. After bide__scope_cancel the child is
 * cancelled from the start.
 */
void *bide__scope_spawn(struct bide__scope *scope, const struct bide_fn *fn, const void *args);

/* Asks all children to cancel, and those that are still to come. Idempotent; does nothing on
 * another thread than the runtime's. */
void bide__scope_cancel(struct bide__scope *scope);

/*
 * Waits until there is no child; `parent` is the frame that the scope is in. It pushes nothing, so
 * it cannot fail. A request to cancel is passed on to the children, a forced one with force, and
 * delivered to the parent when they are gone. Without such a request, and when that meets a shield,
 * the parent goes on. Afterwards the scope may go.
 */
enum bide_poll bide__scope_wait(struct bide_cx *cx, struct bide_frame *parent,
                                struct bide__scope *scope);

/* 0, or the first failure of a child of a try scope. */
static __inline__ int bide__scope_error(const struct bide__scope *scope)
{
    return scope->error;
}

/*
 * Runs fn to its end on this thread and stores its result: on the runtime that the thread has
 * entered, else on a default one that is kept until the thread exits. If it cannot run (-ENOMEM)
 * or is cancelled, the result is that of bide_fn_fail. On a thread that is running an executor it
 * stops the program with a message that names fn.
 */
void bide__block_on(const struct bide_fn *fn, const void *args, void *result);

/* `async int main`: makes a runtime, runs fn on it, shuts it down, returns the exit status. */
int bide__main(const struct bide_fn *fn, const void *args);

/*
 * A call that blocks, for the pool: the first member of a struct that holds the arguments and the
 * result, in the awaiting frame. `run` is called on a pool thread. The rest is the runtime's.
 */
struct bide_job {
    void (*run)(struct bide_job *job);
    struct bide_job *next, *previous;
    bide_waker waker;
    _Atomic uint32_t state;
    void *pool;
};

/* Leaf without a result: runs the job on the blocking pool. A request to cancel takes it back if no
 * thread has begun it; else the request waits until it is done. */
enum bide_poll bide__start_bide_blocking(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, struct bide_job *job);
extern const struct bide_fn bide__desc_bide_blocking;

/* Written by hand in the runtime, declared for bide_timeout; see bide/time.h. */
enum bide_poll bide__start_bide_sleep(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                      struct bide_duration duration);
extern const struct bide_fn bide__desc_bide_sleep;

#pragma pack(pop)

#endif
