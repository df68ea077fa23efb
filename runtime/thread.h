/*
 * thread.h: what belongs to the calling thread: which worker runs on it, which runtime its plain
 * code means, and what it must not do.
 */
#ifndef BIDE_RUNTIME_THREAD_H
#define BIDE_RUNTIME_THREAD_H

#include "runtime/worker.h"

#include <stdatomic.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define BIDE__SINGLE_THREADED
#endif
#endif

struct bide__thread {
    struct bide__worker *running;  /* its loop is on this thread's stack now */
    struct bide_runtime *entered;  /* by bide_runtime_enter */
    struct bide_runtime *own;      /* the default runtime, kept until the thread exits */
    struct bide__task *to_release; /* task/future.c: futures that never began, to be let go of */
    const char *name;              /* task/local.c: of the task that is made now, or NULL */
    bool releases;                 /* task/future.c: it is letting go of them now */
    bool forgives;                 /* futures that never began go for good reasons now */
};
extern _Thread_local struct bide__thread bide__thread __attribute__((tls_model("initial-exec")));

/* The runtime that plain code on this thread means: the running one, else the entered one, else the
 * thread's own. NULL if there is none. */
static inline struct bide_runtime *bide__runtime_here(void)
{
    const struct bide__thread *t = &bide__thread;
    if (t->running != NULL)
        return t->running->runtime;
    return t->entered != NULL ? t->entered : t->own;
}

/* The worker of this hub whose state this thread may read and write without atomics. NULL: there is
 * none, the thread is a stranger to the hub. */
static inline struct bide__worker *bide__worker_owned(const struct bide__hub *hub)
{
    const struct bide__thread *t = &bide__thread;
    if (__builtin_expect(t->running != NULL && t->running->hub == hub, 1))
        return t->running;
    if (t->entered != NULL && t->entered->hub == hub)
        return t->entered->multi ? NULL : t->entered->worker;
    return t->own != NULL && t->own->hub == hub ? t->own->worker : NULL;
}

/* The same for what puts a task into the run queue. NULL also if a foreign loop turns the runtime,
 * and makes no turn now: the loop notices what comes through the hub, but not what is in a queue.
 */
static inline struct bide__worker *bide__worker_awake(const struct bide__hub *hub)
{
    const struct bide__thread *t = &bide__thread;
    if (__builtin_expect(t->running != NULL && t->running->hub == hub, 1))
        return t->running;
    if (t->entered != NULL && t->entered->hub == hub)
        return t->entered->is_turned || t->entered->multi ? NULL : t->entered->worker;
    return t->own != NULL && t->own->hub == hub ? t->own->worker : NULL;
}

/* True before the process has made its first thread: then nobody is there to compete with. */
static inline bool bide__thread_is_alone(void)
{
#ifdef BIDE__SINGLE_THREADED
    return __libc_single_threaded;
#else
    return false;
#endif
}

/* Reports on stderr that `name` was called on a thread that runs an executor, and aborts. */
void bide__misuse_blocking(const char *name) __attribute__((noreturn));

/* The same for a turn of a loop, which runs an executor itself. */
void bide__misuse_turn(void) __attribute__((noreturn));

/* A handle of a task that its owner has let go of is let go of once more. In all builds: what
 * follows would be a task that is freed too early. */
void bide__misuse_handle(void) __attribute__((noreturn, cold));

/* Reports on stderr why nobody can wait for anything any more, and aborts. */
void bide__driver_is_broken(const char *driver, const char *why) __attribute__((noreturn, cold));

/* A turn of a loop that waits for what another thread is about to do. */
static inline void bide__pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

/* The n-th turn of a loop that waits for a lock which is held for a moment. */
static inline void bide__spin(unsigned n)
{
    if (n >= 100)
        bide__door.sched_yield();
    else
        bide__pause();
}

/* ---- to wait awake ---- */

#ifndef BIDE__PATIENCE
#define BIDE__PATIENCE 1000 /* turns of a loop; none in the models of tools/explore */
#endif

/*
 * For how many turns of a loop it pays to look whether something has come, before the thread goes
 * to sleep: what comes soon costs less than a sleep and a wake. It is learned from how it went
 * before, so that waits which are in vain are short. 0 where there is one processor: then what is
 * waited for needs that. Any thread may use it.
 */
struct bide__patience {
    _Atomic uint32_t turns;
};

static inline void bide__patience_begin(struct bide__patience *p)
{
    atomic_store_explicit(&p->turns, BIDE__PATIENCE / 4, memory_order_relaxed);
}

/* It has come in turn n; or it has not come, and n is BIDE__PATIENCE. */
static inline void bide__patience_learn(struct bide__patience *p, uint32_t n)
{
    uint32_t turns = atomic_load_explicit(&p->turns, memory_order_relaxed);

    if (n >= BIDE__PATIENCE)
        turns = turns / 2 + 5;
    else
        turns = (3 * turns + 2 * n + 50) / 4;
    if (turns > BIDE__PATIENCE)
        turns = BIDE__PATIENCE;
    atomic_store_explicit(&p->turns, turns, memory_order_relaxed);
}

/* ---- fork.c ---- */

/* From now on forks are counted. 0 or -ENOMEM. */
int bide__fork_watch(void);

/* Any thread: if forks are counted, this function is called in each child, which has one thread: it
 * renews what other threads of the parent may have held. */
typedef void bide__fork_teller(void);
void bide__fork_tells(bide__fork_teller *tell);

/* True if another process made the runtime and this process is a child of that one. */
static inline bool bide__runtime_forked(const struct bide_runtime *rt)
{
    return rt->forks != bide__forks;
}

/* Reports the use of a parent's runtime on stderr, and aborts. */
void bide__misuse_forked(void) __attribute__((noreturn));

static inline void bide__refuse_forked(const struct bide_runtime *rt)
{
    if (__builtin_expect(bide__runtime_forked(rt), 0))
        bide__misuse_forked();
}

#endif
