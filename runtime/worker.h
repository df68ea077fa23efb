/*
 * scheduler.h: struct bide_runtime, and what its files offer each other.
 *
 * A runtime is run by one thread at a time, its owner, and all of it but the hub and the blocking
 * pool is the owner's alone.
 */
#ifndef BIDE_RUNTIME_SCHEDULER_H
#define BIDE_RUNTIME_SCHEDULER_H

#include "runtime/task/hub.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

/* The run queue: first in, first out; linked by wake.next. */
struct bide__queue {
    struct bide__task *first, *last;
};

/* fd.c: registrations, in pages that never move. */
struct bide__fds {
    struct bide__fd **pages;
    uint32_t page_count, page_room;
    uint32_t open;    /* registrations in use */
    uint32_t waiting; /* leaves that wait for one */
    struct bide__fd *free;
};

/* blocking.c */
struct bide__pool {
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a job was queued, or it closes */
    pthread_cond_t gone; /* the last thread has left */
    struct bide_job *first, *last;
    uint32_t queued, threads, idle, threads_max;
    int64_t idle_ns;
    bool closing;
    bool to_join; /* `left` is a thread that has left and has joined the one before it */
    pthread_t left;
    _Atomic uint32_t in_flight; /* jobs that have not ended, and told that */
    struct bide__hub *hub;
};

enum { BIDE__BIG_SEGMENTS = 16 };

struct bide_runtime {
    struct bide_runtime *next, *previous; /* for debuggers: bide__runtimes; under its mutex */
    struct bide__queue queue;
    struct bide__task *current; /* being polled */
    struct bide_turn turn;
    unsigned turns; /* tasks run since the last look at the driver, the timers and the hub */
    unsigned forks; /* bide__forks of the process that made it */
    struct bide__hub *hub;
    size_t alive;               /* tasks that are not DONE */
    const struct bide_fn *made; /* the function of the last task that was made, */
    size_t made_size;           /* and the size of its block: mostly the next one is of the same */
    size_t futures;             /* that have begun and not ended */
    bool closing;               /* tasks that are made now are cancelled at once */
    bool forcing;               /* with force */
    bool ended;                 /* shut down: no tasks are made any more */
    bool is_program;            /* of `async int main`: it ends when it is stuck */
    bool is_stuck;              /* no task can ever be woken */
    int64_t judge_after_ns;     /* of waiting for nothing it asks whether it is; 0: it does not */

    struct bide__driver *driver;
    struct bide__fds fds;
    struct bide__wheel wheel;
    struct bide__pool pool;

    struct bide__slab segments;
    struct {
        void *p;
        size_t size;
    } big[BIDE__BIG_SEGMENTS]; /* segments too large for the slab, kept */
    uint32_t big_count;
};

extern struct bide_runtime *bide__runtimes; /* runtime.c */

enum {
    BIDE__BUDGET = 128, /* operations a turn */
    BIDE__TURNS = 61,   /* tasks between two looks at the driver, the timers and the hub */
};

/* A program that waits for nothing asks after such a time whether it is stuck, and while it may
 * become so (a thread may leave) again, after twice the time and so on, up to the second. */
static const int64_t BIDE__JUDGE_NS = INT64_C(100000000), BIDE__JUDGE_MAX_NS = INT64_C(10000000000);

/* ---- current_thread.c ---- */

static inline void bide__queue_push(struct bide__queue *q, struct bide__task *task)
{
    task->wake.next = NULL;
    if (q->last != NULL)
        q->last->wake.next = task;
    else
        q->first = task;
    q->last = task;
}

/* A linked list of tasks. */
static inline void bide__queue_append(struct bide__queue *q, struct bide__task *first,
                                      struct bide__task *last)
{
    if (q->last != NULL)
        q->last->wake.next = first;
    else
        q->first = first;
    q->last = last;
}

static inline struct bide__task *bide__queue_pop(struct bide__queue *q)
{
    struct bide__task *task = q->first;
    if (task != NULL) {
        q->first = task->wake.next;
        if (q->first != NULL) {
            /* With many tasks the next one has left the cache. */
            __builtin_prefetch(q->first);
            __builtin_prefetch(&q->first->waiters);
        } else {
            q->last = NULL;
        }
    }
    return task;
}

/*
 * Runs tasks until `until` is DONE (NULL: until no task is alive) or the clock reaches deadline_ns.
 * 0, -ETIMEDOUT, or -EDEADLK (of a program only): no task can ever be woken. The thread has said
 * that rt runs on it.
 */
int bide__run(struct bide_runtime *rt, const struct bide__task *until, int64_t deadline_ns);

/* Runs what is ready without ever waiting, at most so many polls. */
void bide__run_ready(struct bide_runtime *rt, size_t polls);

/* ---- runtime.c, entry.c ---- */

/* The runtime that plain code on this thread means: the running one, the entered one, its own. */
static inline struct bide_runtime *bide__runtime_here(void)
{
    const struct bide__thread *t = &bide__thread;
    return t->running ? t->running : t->entered ? t->entered : t->own;
}

/* Makes the thread's own runtime if there is none. NULL: *error says why. */
struct bide_runtime *bide__runtime_need(int *error);

/* The runtime of this hub, if this thread is its owner. */
static inline struct bide_runtime *bide__runtime_owned(const struct bide__hub *hub)
{
    const struct bide__thread *t = &bide__thread;
    if (__builtin_expect(t->running != NULL && t->running->hub == hub, 1))
        return t->running;
    if (t->entered != NULL && t->entered->hub == hub)
        return t->entered;
    return t->own != NULL && t->own->hub == hub ? t->own : NULL;
}

/* Writes the dump to stderr. */
void bide__dump_to_stderr(const struct bide_runtime *rt);

/* Says on stderr that `name` was called on a thread that runs an executor, and aborts. */
void bide__misuse_blocking(const char *name) __attribute__((noreturn));

/* Runs fn to its end and stores its result. 0, or why there is none. */
int bide__block(struct bide_runtime *rt, const struct bide_fn *fn, const void *args, void *result);

extern const struct bide_memory bide__memory;

/* ---- fork.c ---- */

/* From now on they are counted. 0 or -ENOMEM. */
int bide__fork_watch(void);

/* Was it made by another process, of which this one is a child? */
static inline bool bide__runtime_forked(const struct bide_runtime *rt)
{
    return rt->forks != bide__forks;
}

/* Says so on stderr, and aborts. */
void bide__misuse_forked(void) __attribute__((noreturn));

static inline void bide__refuse_forked(const struct bide_runtime *rt)
{
    if (__builtin_expect(bide__runtime_forked(rt), 0))
        bide__misuse_forked();
}

/* ---- fd.c ---- */

void bide__fds_end(struct bide_runtime *rt);

/* ---- blocking.c ---- */

void bide__pool_init(struct bide__pool *pool, struct bide__hub *hub, uint32_t threads_max,
                     int64_t idle_ns);

/* The number of threads that have not left; one that has may still be on its way out. */
uint32_t bide__pool_threads(struct bide__pool *pool);

/* Waits for the threads, which have nothing to do any more, and joins them. */
void bide__pool_end(struct bide__pool *pool);
void bide__pool_free(struct bide__pool *pool);

/* ---- stuck.c ---- */

enum bide__stuck { BIDE__NOT_STUCK, BIDE__STUCK_PERHAPS, BIDE__STUCK };

/* Owner, while no task is ready and rt waits for no timer, descriptor or call on the pool. STUCK is
 * right if there is no wake of another thread afterwards. PERHAPS: not now, or it cannot be told;
 * NOT: nothing but a task will change that. */
enum bide__stuck bide__is_stuck(struct bide_runtime *rt);

/* ---- virtual time, door/testing.c ---- */

/* The clock stands still and is to be advanced when all is idle. */
bool bide__time_is_virtual(void);
void bide__time_set(int64_t now_ns);

#endif
