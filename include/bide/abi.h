/*
 * bide/abi.h: what generated code calls in the runtime. Not for users: the forms of bide/lang.h
 * become calls of these functions. Names with two underscores may change with BIDE_FN_VERSION.
 *
 * A handle (bide_task(T)) is a pointer to the runtime's task, seen here as void *. The variable
 * that holds it owns one reference. A NULL handle owns nothing and is legal everywhere.
 */
#ifndef BIDE_ABI_H
#define BIDE_ABI_H

#include <bide/core.h>
#include <bide/lang.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

/*
 * Makes a task that runs fn with a copy of its arguments, and queues it on the current runtime.
 * Plain C outside any runtime uses the thread's default one, which runs inside bide_block_on.
 * Returns an owning handle, never NULL: without memory, a join of the handle returns -ENOMEM. So
 * does a runtime with several threads with -EPERM, if fn is bound to one thread (core/bound.h) or
 * has BIDE_FN_THREAD_PASSED; the reason is reported on stderr, once for fn.
 */
void *bide__spawn(const struct bide_fn *fn, const void *args);

/*
 * Called right before each of these functions, with the place of the form in the source,
 * "FILE:LINE", for bide_task_info (bide/runtime.h). A caller compiled with NDEBUG leaves it out,
 * and so does one for a machine without an operating system, which may have no thread-local
 * variables.
 */
#ifdef __unix__
extern _Thread_local const char *bide__spawn_place;
#endif
static __inline__ void bide__spawned_at(const char *place)
{
#if defined NDEBUG || !defined __unix__
    (void)place;
#else
    bide__spawn_place = place;
#endif
}

/* The same before bide__lazy, with the place of the bide_lazy. If the future is dropped before
 * anybody has polled it, that is reported on stderr. */
#ifdef __unix__
extern _Thread_local const char *bide__lazy_place;
#endif
static __inline__ void bide__made_at(const char *place)
{
#if defined NDEBUG || !defined __unix__
    (void)place;
#else
    bide__lazy_place = place;
#endif
}

/*
 * The same on the runtime `rt`, from any thread (NULL: a join returns -EINVAL). If the runtime has
 * been shut down, a join of the handle returns -ESHUTDOWN.
 */
void *bide__spawn_on(struct bide_runtime *rt, const struct bide_fn *fn, const void *args);

/* The same on the core with this number, from a task of a thread_per_core runtime. Elsewhere, or
 * if there is no such core, a join returns -EINVAL. */
void *bide__spawn_at(uint32_t core, const struct bide_fn *fn, const void *args);

/* Like bide__spawn, for a task that stays on the worker that spawned it. */
void *bide__spawn_local(const struct bide_fn *fn, const void *args);

/* Like bide__spawn, for a task of low priority. */
void *bide__spawn_low(const struct bide_fn *fn, const void *args);

/* The same for a child of a task set (bide/set.h). Returns its number, or 0: it was not made. */
uint64_t bide__task_set_spawn(void *set, const struct bide_fn *fn, const void *args);

/* The same for a child of a task map: `key` points to `size` bytes, or to a string. */
uint64_t bide__task_map_spawn(void *map, const void *key, size_t size, int is_text,
                              const struct bide_fn *fn, const void *args);

/*
 * The same for a task with a name (bide_named), which is copied; NULL or "": it has none. If there
 * is no memory for the name, the task is made without.
 */
void *bide__spawn_named(const char *name, const struct bide_fn *fn, const void *args);
void *bide__spawn_on_named(const char *name, struct bide_runtime *rt, const struct bide_fn *fn,
                           const void *args);
void *bide__spawn_at_named(const char *name, uint32_t core, const struct bide_fn *fn,
                           const void *args);
void *bide__spawn_local_named(const char *name, const struct bide_fn *fn, const void *args);
void *bide__spawn_low_named(const char *name, const struct bide_fn *fn, const void *args);
void *bide__scope_spawn_named(const char *name, struct bide__scope *scope, const struct bide_fn *fn,
                              const void *args);
uint64_t bide__task_set_spawn_named(const char *name, void *set, const struct bide_fn *fn,
                                    const void *args);
uint64_t bide__task_map_spawn_named(const char *name, void *map, const void *key, size_t size,
                                    int is_text, const struct bide_fn *fn, const void *args);

/* Adds a future to a future set. Returns its number, or 0: there was no memory. */
uint64_t bide__future_set_add(void *set, const struct bide_fn *fn, const void *args);

/* Drops a handle. A task that still runs is detached, not cancelled. NULL is ignored. Any
 * thread. */
void bide__task_release(void *task);

/* Asks the task to cancel. Idempotent; NULL and finished tasks are ignored. Any thread. */
void bide__task_abort(void *task);

/* Returns 1 if the task has finished or the handle is NULL, so that a join would not wait;
 * otherwise 0. Any thread. */
int bide__task_finished(const void *task);

/* Called when a handle is moved from one variable to another: a join that is waiting must not look
 * at the old variable any more. NULL is ignored. */
void bide__task_moved(void *task);

/*
 * Leaf: waits for the task in the handle variable at `handle`, moves its result to `out`, drops the
 * handle and sets the variable to NULL. *result is 0, or why there is no result: -ECANCELED or
 * -ENOMEM if the task ended so; -EINVAL: the handle is NULL (a second join); -EDEADLK: a task joins
 * itself; bide/task.h has them all. Cancelled: the task runs on and the handle stays as it was.
 */
enum bide_poll bide__start_bide_task_join(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *handle, void *out);
extern const struct bide_fn bide__desc_bide_task_join;

/* Leaf: the same without taking the result: the handle stays, and may be waited for again. */
enum bide_poll bide__start_bide_task_wait(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *task);
extern const struct bide_fn bide__desc_bide_task_wait;

/* Leaf: asks the task to cancel, and then does the same. */
enum bide_poll bide__start_bide_task_cancel(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, void *task);
extern const struct bide_fn bide__desc_bide_task_cancel;

/* ---- futures as values: bide/future.h ---- */

/* Makes a future of fn with a copy of its arguments; nothing runs yet. Returns an owning handle,
 * never NULL: without memory, a get of it fails. */
void *bide__lazy(const struct bide_fn *fn, const void *args);

/* Drops a future without waiting. If it has to be unwound, a new task does that. NULL is ignored.
 * Any thread. If it has never been polled, and bide__made_at has told the place of its
 * bide_lazy, that is reported on stderr. The second one is for drops that are written: they report
 * nothing. */
void bide__future_release(void *future);
void bide__future_drop(void *future);

/*
 * Leaf: drives the future in the variable at `handle` to its end, moves its result to `result`,
 * drops the handle and sets the variable to NULL. `fn` is the caller's own descriptor of a get,
 * which tells the type of the result. Cancelled: the future stays as it is.
 */
enum bide_poll bide__start_bide_get(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                    const struct bide_fn *fn, void *handle);
enum bide_poll bide__get_poll(struct bide_cx *cx, struct bide_frame *frame);
enum bide_answer bide__get_cancel(struct bide_cx *cx, struct bide_frame *frame);
extern const struct bide_fn_info bide__get_info;

enum { BIDE__GET_SIZE = 56 }; /* the size of its frame */

/* Called when a future is moved from one variable to another: a get that is waiting must not look
 * at the old variable any more. NULL is ignored. */
void bide__future_moved(void *future);

/* Leaf without a result: drops the futures of an array, one after another, and waits while each
 * unwinds, whoever drove it before. Only a forced request to cancel reaches this leaf. */
enum bide_poll bide__start_bide_drop(struct bide_cx *cx, struct bide_frame *parent, void *result,
                                     void *futures, size_t count);
/* The same for one future; and where the drop is written, as bide_drop. */
enum bide_poll bide__start_bide_drop_one(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, void *future);
enum bide_poll bide__start_bide_drop_meant(struct bide_cx *cx, struct bide_frame *parent,
                                           void *result, void *future);
extern const struct bide_fn bide__desc_bide_drop;

/*
 * A scope (bide_scope, bide_try_scope). It lies in the frame of its function, at most 512 KiB from
 * the beginning. All members are the runtime's; the size is fixed for ever.
 */
struct bide__scope {
    struct bide_frame wait; /* the leaf that waits for the children */
    bide_waker waker;       /* of the task that waits; bits 0: no task waits */
    void *runtime;
    void *first;   /* of the children that have not ended */
    int32_t error; /* bide__scope_error */
    uint32_t flags;
    void *lock;
};

enum { BIDE__SCOPE_TRY = 1 }; /* the first failure of a child cancels the others */

/* Begins the block. `kind` is 0 or BIDE__SCOPE_TRY. */
void bide__scope_begin(struct bide__scope *scope, uint32_t kind);

/*
 * Like bide__spawn, for a child of the scope; also while the scope waits. On another runtime than
 * the scope's, a join of the handle returns -EXDEV, and outside any, -ENXIO. After
 * bide__scope_cancel the child is cancelled from the start.
 */
void *bide__scope_spawn(struct bide__scope *scope, const struct bide_fn *fn, const void *args);

/* Asks all children to cancel, present and future ones. Idempotent. Only on the runtime's thread;
 * elsewhere it does nothing. */
void bide__scope_cancel(struct bide__scope *scope);

/*
 * Waits until there are no children. `parent` is the frame that holds the scope. It pushes nothing,
 * so it cannot fail. A request to cancel is passed on to the children (a forced one with force) and
 * is delivered to the parent when they are gone. Without a request, or if the request meets a
 * shield, the parent goes on. Afterwards the scope is no longer needed.
 */
enum bide_poll bide__scope_wait(struct bide_cx *cx, struct bide_frame *parent,
                                struct bide__scope *scope);

/* Returns 0, or the first failure of a child of a try scope. */
static __inline__ int bide__scope_error(const struct bide__scope *scope)
{
    return scope->error;
}

/*
 * Runs fn to its end on this thread and stores its result. It uses the runtime that the thread has
 * entered, otherwise a default one that is kept until the thread exits. If fn cannot run (-ENOMEM)
 * or is cancelled, the result is that of bide_fn_fail. On a thread that is running an executor, it
 * stops the program with a message that names fn.
 */
void bide__block_on(const struct bide_fn *fn, const void *args, void *result);

/* For `async int main`: makes a runtime, runs fn on it, shuts it down and returns the exit
 * status. */
int bide__main(const struct bide_fn *fn, const void *args);

/* The same on a runtime of this flavour: one of enum bide_flavour, of which these are two. */
enum { BIDE__MAIN_MULTI_THREAD = 1, BIDE__MAIN_THREAD_PER_CORE = 2 };
int bide__main_on(uint32_t flavour, const struct bide_fn *fn, const void *args);

/*
 * A blocking call, for the pool. It is the first member of a struct in the awaiting frame that
 * holds the arguments and the result. `run` is called on a pool thread. If arguments are owners,
 * `owns` is BIDE__JOB_OWNS; and if the call is never made, `run` is called with BIDE__JOB_FORGETS
 * there and only lets go of them. The other members are the runtime's.
 */
enum { BIDE__JOB_OWNS = 1, BIDE__JOB_FORGETS = 2 };
struct bide_job {
    void (*run)(struct bide_job *job);
    struct bide_job *next, *previous;
    bide_waker waker;
    _Atomic uint32_t state;
    uint32_t owns;
    void *pool;
};

/* The call of a job that has not been submitted, or was taken back, will not be made. */
void bide__job_forget(struct bide_job *job);

/* Leaf without a result: runs the job on the blocking pool. A request to cancel takes the job back
 * if no thread has begun it; otherwise the request waits until the job is done. */
enum bide_poll bide__start_bide_blocking(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, struct bide_job *job);
extern const struct bide_fn bide__desc_bide_blocking;

/* Leaf without a result: runs the job on this thread, while another thread takes over the worker's
 * other tasks, if the runtime can do that. */
enum bide_poll bide__start_bide_block_in_place(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide_job *job);
extern const struct bide_fn bide__desc_bide_block_in_place;

/* Declared here for bide_timeout and bide_timeout_at; see bide/time.h. */
enum bide_poll bide__start_bide_sleep(struct bide_cx *cx, struct bide_frame *parent, int *result,
                                      struct bide_duration duration);
extern const struct bide_fn bide__desc_bide_sleep;
enum bide_poll bide__start_bide_sleep_until(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, struct bide_instant deadline);
extern const struct bide_fn bide__desc_bide_sleep_until;

#pragma pack(pop)

#endif
