/*
 * task.h: the task, one block of the slab.
 *
 *     +0   wake      what wakers refer to, and the state (state.h)
 *     +32  chain     while it runs; afterwards `end`
 *     +64  waiters   joins that wait for the end; a future: first who drives it
 *     +72  room      frames of the chain: the root frame, its arguments, the reserve
 *          result    at the end of the block, if it has more than 8 bytes or it is a future's
 *          child     behind that, if it is the child of a scope
 *
 * A root frame that is aligned to more than 8 is at +96, and a pointer to its descriptor at +72, as
 * in every frame.
 *
 * A future (bide_future(T), future.c) is such a block too.
 *
 * A handle (bide_task(T)) is the task's address. A handle of a task that could not be made is an
 * odd number with the negative errno in it, so nothing has to be allocated to say so.
 *
 * Threads: all is the owner's (state.h), but for the wakers, an abort and a release, which other
 * threads hand to the owner through the hub.
 */
#ifndef BIDE_RUNTIME_TASK_H
#define BIDE_RUNTIME_TASK_H

#include "runtime/leaf.h"
#include "runtime/memory/memory.h"
#include "runtime/task/state.h"

struct bide_runtime;
struct bide__joiner;

/* What the child of a scope has more than another task. `waiters` of the task points here then, one
 * byte further, and the ring of joins hangs here. Scope.c says who may touch the rest. */
struct bide__child {
    struct bide__joiner *waiters;
    struct bide__scope *scope;
    struct bide__task *next, *previous; /* in the ring of the scope */
};

struct bide__task {
    struct bide_wakeable wake;
    union {
        struct bide_chain chain;
        struct {
            const struct bide_fn *fn;
            const void *result;
            uint64_t value; /* the result, if it has no other place */
            int error;      /* 0, or why there is no result */
        } end;              /* once it is DONE */
    };
    struct bide__joiner *waiters; /* a ring; the first to come. Or the child, see above */
    char room[];
};
_Static_assert(offsetof(struct bide__task, room) == 72, "the head of a task has grown");

/* Where the room for frames begins. */
static inline size_t bide__room_offset(const struct bide_fn *fn)
{
    size_t offset = offsetof(struct bide__task, room);
    return fn->frame_align_log2 > 3
               ? (offset + BIDE__SLAB_UNIT - 1) / BIDE__SLAB_UNIT * BIDE__SLAB_UNIT
               : offset;
}

/* The root's function, while the task runs; also when the frame is popped. */
static inline const struct bide_fn *bide__task_fn(const struct bide__task *task)
{
    return ((const struct bide_frame *)(const void *)task->room)->fn;
}

/* The root's frame, while the task runs. */
static inline const struct bide_frame *bide__task_root(const struct bide__task *task)
{
    return (const struct bide_frame *)((const char *)task + bide__room_offset(bide__task_fn(task)));
}

/* For dumps: the line of the await at which the function last waited, else that of its beginning;
 * 0: not known. */
uint32_t bide__frame_line(const struct bide_frame *frame);

/* In the frame of a join, or of a get or drop of a future: its place in the ring. */
struct bide__joiner {
    struct bide__joiner *next, *previous; /* next NULL: not in the ring */
    struct bide__task *task;              /* with a reference; NULL: not waiting */
    bide_waker waker;
};

/* Runs the task until it suspends or ends. It was taken out of the run queue. */
void bide__task_run(struct bide_runtime *rt, struct bide__task *task);

/* `scope`: whose child it will be, or NULL. NULL: no memory (-ENOMEM) or another *error. It is in
 * the run queue. */
struct bide__task *bide__task_new(struct bide_runtime *rt, struct bide__scope *scope,
                                  const struct bide_fn *fn, const void *args, int *error);

/* The same, not begun and in no queue. */
struct bide__task *bide__future_new(struct bide_runtime *rt, const struct bide_fn *fn,
                                    const void *args, int *error);

/* A call that cannot be made, or a future that never began, drops the owners in its arguments. */
static inline void bide__args_release(const struct bide_fn *fn, const void *args)
{
    if (__builtin_expect(fn->release != NULL, 0))
        fn->release(args);
}

/* Owner: gives the block back; nobody refers to the task any more. */
void bide__task_free(struct bide__task *task);

/* Owner: asks to cancel, with `force` below shields too. */
void bide__task_cancel(struct bide_runtime *rt, struct bide__task *task, bool force);

/* Owner: the handle is gone. */
void bide__task_let_go(struct bide_runtime *rt, struct bide__task *task);

/* Parts of the vtables. */
void bide__waker_clone(struct bide_wakeable *w);
void bide__waker_drop(struct bide_wakeable *w);

/* ---- future.c ---- */

/* Owner: the handle is gone. */
void bide__future_let_go(struct bide_runtime *rt, struct bide__task *future);

/* It has not begun. The one who has the handle may ask. */
bool bide__future_is_fresh(const struct bide__task *future);

/* If it has not begun: drops what its arguments own, which may be futures and tasks of the same
 * hub. */
void bide__future_drop_args(const struct bide__task *future);

/* Owner: it was taken out of the run queue, into which a wake of another thread had put it. */
void bide__future_woken(struct bide_runtime *rt, struct bide__task *future);

/* Owner: makes tasks, with a request to cancel, of the futures that are suspended and that nobody
 * drives. Their handles stay. */
void bide__futures_close(struct bide_runtime *rt);

/* For dumps (future_await.c): the chain that the leaf `frame` drives, or NULL. */
const struct bide_chain *bide__future_chain(const struct bide_frame *frame);

static inline bool bide__future_has_begun(const struct bide__task *future)
{
    return !(future->chain.flags & BIDE_CHAIN_RUN);
}

/* ---- joins ---- */

void bide__joiner_add(struct bide__task *task, struct bide__joiner *w, bide_waker waker);
void bide__joiner_remove(struct bide__joiner *w);

/* The task has ended. They stay in the ring until they have seen it. */
void bide__joiners_wake(struct bide__task *task);

extern const struct bide_waker_vtable bide__task_vtable, bide__future_vtable;

static inline struct bide__hub *bide__task_hub(const struct bide__task *task)
{
    return bide__chunk_of(task)->hub;
}

/* NULL: it is in no scope. */
static inline struct bide__child *bide__task_child(const struct bide__task *task)
{
    uintptr_t waiters = (uintptr_t)task->waiters;
    return waiters & 1 ? (struct bide__child *)(waiters - 1) : NULL;
}

static inline struct bide__joiner **bide__task_waiters(struct bide__task *task)
{
    struct bide__child *child = bide__task_child(task);
    return child != NULL ? &child->waiters : &task->waiters;
}

/* scope.c: a child is made; a child has ended, its `end` is there. */
void bide__scope_add(struct bide__scope *scope, struct bide__task *task);
void bide__scope_child_ended(struct bide__task *task);

/* memcpy for what is an int or a word in general: without a call then. */
static inline void bide__copy(void *to, const void *from, size_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size > 0)
        memcpy(to, from, size);
}

/* Copies the result of a task that has ended with one. */
static inline void bide__copy_result(void *out, const struct bide__task *task)
{
    bide__copy(out, task->end.result, task->end.fn->result_size);
}

/* Handles of tasks that could not be made. */
static inline void *bide__handle_failed(int error)
{
    return (void *)((uintptr_t)(-error) << 1 | 1);
}

static inline int bide__handle_error(const void *handle)
{
    return (uintptr_t)handle & 1 ? -(int)((uintptr_t)handle >> 1) : 0;
}

#endif
