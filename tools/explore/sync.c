/*
 * sync.c: what the system offers to threads: mutexes, conditions, futexes, threads. The linker puts
 * these functions in the place of libc's (--wrap).
 *
 * A lock synchronizes with the unlock before it. A futex is a word, so its value is an atomic's;
 * the system's calls have the effect of seq_cst fences.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

/* A mutex, a condition, an event or a thing that is done once; known by its address. */
struct object {
    struct object *next;
    uintptr_t address;
    struct thread *owner;
    struct clock clock; /* of the last unlock */
    uint64_t id;        /* and which one that was */
    bool done, pending;
};

static struct object *objects;
static unsigned keys;

void sync_begin(void)
{
    objects = NULL;
    keys = 0;
}

void sync_save(void)
{
    snapshot_add(&objects, sizeof(objects));
    snapshot_add(&keys, sizeof(keys));
}

static struct object *object_at(const void *p)
{
    for (struct object *o = objects; o != NULL; o = o->next)
        if (o->address == (uintptr_t)p)
            return o;
    struct object *o = run_alloc(sizeof(*o));
    *o = (struct object){.next = objects, .address = (uintptr_t)p};
    return objects = o;
}

static struct object *use(const void *p, const char *what, uintptr_t pc)
{
    heap_check((uintptr_t)p, 8, what, pc);
    return object_at(p);
}

static void forget(const void *p)
{
    struct object *o = object_at(p);
    struct object *next = o->next;
    uintptr_t address = o->address;
    *o = (struct object){.next = next, .address = address};
}

static uint64_t here_and_now(void)
{
    const struct thread *t = run.current;
    return mix(t->history, (uint64_t)thread_id(t) << 32 | t->steps);
}

/* ---- mutexes ---- */

static void take(struct object *m)
{
    m->owner = run.current;
    clock_join(&run.current->now, &m->clock);
}

static void give(struct object *m)
{
    m->owner = NULL;
    m->clock = run.current->now;
    m->id = here_and_now();
}

static bool is_free(const struct thread *t)
{
    return ((const struct object *)t->object)->owner == NULL;
}

static int lock(pthread_mutex_t *mutex, uintptr_t pc)
{
    struct thread *t = run.current;
    struct object *m = use(mutex, "a lock", pc);
    if (m->owner == t)
        fail("thread %d locks %s again at %s", thread_id(t), name_of((uintptr_t)mutex), place(pc));
    t->object = m;
    wait_until(is_free, "a mutex", pc);
    use(mutex, "a lock", pc);
    trace(pc, "locks %s", name_of((uintptr_t)mutex));
    spin_forget(t);
    take(m);
    step_done(m->id);
    return 0;
}

static int unlock(pthread_mutex_t *mutex, uintptr_t pc)
{
    point(pc);
    struct object *m = use(mutex, "an unlock", pc);
    if (m->owner != run.current)
        fail("unlock of %s, which thread %d does not have, at %s", name_of((uintptr_t)mutex),
             thread_id(run.current), place(pc));
    trace(pc, "unlocks %s", name_of((uintptr_t)mutex));
    give(m);
    step_done(0);
    return 0;
}

static int trylock(pthread_mutex_t *mutex, uintptr_t pc)
{
    point(pc);
    struct object *m = use(mutex, "a lock", pc);
    bool can = m->owner == NULL;
    trace(pc, "tries to lock %s: %s", name_of((uintptr_t)mutex), can ? "yes" : "no");
    uint64_t id = can ? m->id : mix(m->id, (uint64_t)thread_id(m->owner) + 1);
    if (can)
        take(m);
    step_done(id);
    return can ? 0 : EBUSY;
}

/* ---- conditions ---- */

static bool is_signalled(const struct thread *t)
{
    const struct object *m = t->object2;
    return t->signalled && m->owner == NULL;
}

static bool mutex_is_free(const struct thread *t)
{
    return ((const struct object *)t->object2)->owner == NULL;
}

static int cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, bool timed, uintptr_t pc)
{
    struct thread *t = run.current;
    point(pc);
    struct object *c = use(cond, "a wait", pc), *m = use(mutex, "a wait", pc);
    if (m->owner != t)
        fail("wait at %s without the mutex", place(pc));
    trace(pc, "waits for condition %s", name_of((uintptr_t)cond));
    give(m);
    step_done(0);
    t->object = c;
    t->object2 = m;
    t->signalled = false;
    t->timed = timed;
    wait_until(is_signalled, "a condition", pc);
    bool timed_out = t->timed_out;
    t->object = NULL; /* no signal is for it any more */
    t->timed = false;
    if (timed_out)
        wait_until(mutex_is_free, "a mutex", pc);
    trace(pc, "%s, and locks %s", timed_out ? "has waited long enough" : "was woken",
          name_of((uintptr_t)mutex));
    spin_forget(t);
    take(m);
    step_done(mix(m->id, timed_out));
    return timed_out ? ETIMEDOUT : 0;
}

/* Lists the threads that wait for the object. */
static unsigned waiters(const struct object *o, bool (*ready)(const struct thread *),
                        struct thread **list)
{
    unsigned n = 0;
    for (int i = 0; i < run.thread_count; i++) {
        struct thread *t = &run.threads[i];
        if (t->status == WAITING && t->ready == ready && t->object == o && !t->signalled)
            list[n++] = t;
    }
    return n;
}

static int signal_some(pthread_cond_t *cond, bool all, uintptr_t pc)
{
    struct thread *list[THREADS];
    point(pc);
    struct object *c = use(cond, "a signal", pc);
    unsigned n = waiters(c, is_signalled, list), one = !all && n > 1 ? choose(n) : 0;
    trace(pc, "signals condition %s, for which %u wait", name_of((uintptr_t)cond), n);
    uint64_t input = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!all && i != one)
            continue;
        list[i]->signalled = true;
        input += mix((uint64_t)thread_id(list[i]) + 1, list[i]->steps);
    }
    step_done(input);
    return 0;
}

/* ---- futexes ---- */

static bool is_woken(const struct thread *t)
{
    return t->signalled;
}

static long futex_wait(uint32_t *word, uint32_t value, bool timed, uintptr_t pc)
{
    struct thread *t = run.current;
    point(pc);
    use(word, "a futex wait", pc);
    memory_full_fence();
    uint32_t now = memory_newest((uintptr_t)word, pc);
    trace(pc, "futex wait on %s for another value than %#x: it is %#x", name_of((uintptr_t)word),
          value, now);
    spin_forget(t);
    step_done(now != value);
    if (now != value) {
        errno = EAGAIN;
        return -1;
    }
    t->object = object_at(word);
    t->signalled = false;
    t->timed = timed;
    wait_until(is_woken, "a futex", pc);
    bool timed_out = t->timed_out;
    t->object = NULL;
    t->timed = false;
    memory_full_fence();
    trace(pc, "futex wait ends%s", timed_out ? " by time" : "");
    step_done(timed_out);
    if (!timed_out)
        return 0;
    errno = ETIMEDOUT;
    return -1;
}

static long futex_wake(uint32_t *word, uint32_t count, uintptr_t pc)
{
    struct thread *list[THREADS];
    point(pc);
    memory_full_fence();
    unsigned n = waiters(object_at(word), is_woken, list), woken = 0;
    trace(pc, "futex wake of %u of %u on %s", count, n, name_of((uintptr_t)word));
    uint64_t input = 0;
    while (n > 0 && woken < count) {
        unsigned i = n > 1 && count < n ? choose(n) : 0;
        list[i]->signalled = true;
        input = mix(input, (uint64_t)thread_id(list[i]) << 32 | list[i]->steps);
        list[i] = list[--n];
        woken++;
    }
    step_done(input);
    return woken;
}

EXPORT long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number != SYS_futex || run.current == NULL)
        return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: return futex_wait((uint32_t *)a[0], (uint32_t)a[2], a[3] != 0, HERE);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET: return futex_wake((uint32_t *)a[0], (uint32_t)a[2], HERE);
    default: fail("futex operation %ld", a[1]);
    }
}

/* ---- events ---- */

static bool is_pending(const struct thread *t)
{
    return ((const struct object *)t->object)->pending;
}

/* The wake is taken. */
static void take_wake(struct object *o)
{
    clock_join(&run.current->now, &o->clock);
    o->pending = false;
    spin_forget(run.current);
}

EXPORT bool explore_wait(void *event, bool timed)
{
    struct object *o = object_at(event);
    struct thread *t = run.current;
    t->object = o;
    t->timed = timed;
    wait_until(is_pending, "an event", HERE);
    bool timed_out = t->timed_out;
    t->timed = false;
    trace(HERE, timed_out ? "has waited long enough for event %s" : "was woken by event %s",
          name_of((uintptr_t)event));
    if (!timed_out)
        take_wake(o);
    step_done(mix(o->id, timed_out));
    return !timed_out;
}

EXPORT bool explore_look(void *event)
{
    point(HERE);
    struct object *o = object_at(event);
    bool pending = o->pending;
    if (pending)
        take_wake(o);
    step_done(mix(o->id, pending));
    return pending;
}

EXPORT void explore_wake(void *event)
{
    point(HERE);
    struct object *o = object_at(event);
    trace(HERE, "wakes event %s", name_of((uintptr_t)event));
    clock_join(&o->clock, &run.current->now);
    o->pending = true;
    o->id += here_and_now();
    step_done(0);
}

/* ---- threads ---- */

static struct thread *thread_at(pthread_t handle)
{
    return &run.threads[(uintptr_t)handle - 1];
}

static bool is_over(const struct thread *t)
{
    return ((const struct thread *)t->object)->status == OVER;
}

EXPORT int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                                 void *(*function)(void *), void *argument);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    (void)attributes;
    point(HERE);
    struct thread *t = thread_new(function, argument);
    trace(HERE, "makes thread %d", thread_id(t));
    plain_access((uintptr_t)out, sizeof(*out), PLAIN_WRITE, HERE);
    *out = (pthread_t)(thread_id(t) + 1);
    step_done((uint64_t)thread_id(t));
    return 0;
}

EXPORT int __wrap_pthread_join(pthread_t handle, void **result);
int __wrap_pthread_join(pthread_t handle, void **result)
{
    struct thread *t = thread_at(handle);
    if (t->joined)
        fail("thread %d is joined twice", thread_id(t));
    run.current->object = t;
    wait_until(is_over, "a thread to end", HERE);
    trace(HERE, "joins thread %d", thread_id(t));
    t->joined = true;
    clock_join(&run.current->now, &t->now);
    if (result != NULL)
        *result = t->result;
    step_done(0);
    return 0;
}

EXPORT int __wrap_pthread_detach(pthread_t handle);
int __wrap_pthread_detach(pthread_t handle)
{
    thread_at(handle)->joined = true;
    return 0;
}

EXPORT pthread_t __wrap_pthread_self(void);
pthread_t __wrap_pthread_self(void)
{
    return run.current != NULL ? (pthread_t)(thread_id(run.current) + 1) : pthread_self();
}

EXPORT int __wrap_sched_yield(void);
int __wrap_sched_yield(void)
{
    explore_yield();
    return 0;
}

/* ---- what is done once; variables of a thread ---- */

static bool may_begin(const struct thread *t)
{
    const struct object *o = t->object;
    return o->done || o->owner == NULL;
}

EXPORT int __wrap_pthread_once(pthread_once_t *once, void (*function)(void));
int __wrap_pthread_once(pthread_once_t *once, void (*function)(void))
{
    struct object *o = use(once, "a call of pthread_once", HERE);
    run.current->object = o;
    wait_until(may_begin, "a function that is called once", HERE);
    if (!o->done) {
        o->owner = run.current;
        function();
        point(HERE);
        give(o);
        o->done = true;
        step_done(0);
    }
    clock_join(&run.current->now, &o->clock);
    step_done(o->id);
    return 0;
}

EXPORT int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *))
{
    (void)end;
    if (keys == 16)
        return EAGAIN;
    *key = keys++;
    return 0;
}

EXPORT int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    run.current->specific[key] = (void *)(uintptr_t)value;
    return 0;
}

EXPORT void *__wrap_pthread_getspecific(pthread_key_t key);
void *__wrap_pthread_getspecific(pthread_key_t key)
{
    return run.current->specific[key];
}

/* ---- the names ---- */

EXPORT int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
EXPORT int __wrap_pthread_mutex_destroy(pthread_mutex_t *m);
EXPORT int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
EXPORT int __wrap_pthread_mutex_trylock(pthread_mutex_t *m);
EXPORT int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
EXPORT int __wrap_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a);
EXPORT int __wrap_pthread_cond_destroy(pthread_cond_t *c);
EXPORT int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
EXPORT int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
                                         const struct timespec *t);
EXPORT int __wrap_pthread_cond_signal(pthread_cond_t *c);
EXPORT int __wrap_pthread_cond_broadcast(pthread_cond_t *c);
EXPORT int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
EXPORT int __wrap_pthread_atfork(void (*a)(void), void (*b)(void), void (*c)(void));
EXPORT int __wrap_pthread_setname_np(pthread_t thread, const char *name);
EXPORT int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
EXPORT ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned flags);
EXPORT void __wrap_abort(void) __attribute__((noreturn));
EXPORT void __wrap___assert_fail(const char *text, const char *file, unsigned line,
                                 const char *function) __attribute__((noreturn));

int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
    (void)a;
    plain_access((uintptr_t)m, sizeof(*m), PLAIN_WRITE, HERE);
    forget(m);
    return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *m)
{
    const struct object *o = use(m, "the end of a mutex", HERE);
    if (o->owner != NULL)
        fail("a mutex that is locked is destroyed at %s", place(HERE));
    plain_access((uintptr_t)m, sizeof(*m), PLAIN_WRITE, HERE);
    forget(m);
    return 0;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    return lock(m, HERE);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *m)
{
    return trylock(m, HERE);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
    return unlock(m, HERE);
}

int __wrap_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{
    (void)a;
    plain_access((uintptr_t)c, sizeof(*c), PLAIN_WRITE, HERE);
    forget(c);
    return 0;
}

int __wrap_pthread_cond_destroy(pthread_cond_t *c)
{
    use(c, "the end of a condition", HERE);
    forget(c);
    return 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return cond_wait(c, m, false, HERE);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *t)
{
    (void)t;
    return cond_wait(c, m, true, HERE);
}

int __wrap_pthread_cond_signal(pthread_cond_t *c)
{
    return signal_some(c, false, HERE);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *c)
{
    return signal_some(c, true, HERE);
}

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how, (void)set;
    if (old != NULL)
        memset(old, 0, sizeof(*old));
    return 0;
}

int __wrap_pthread_atfork(void (*a)(void), void (*b)(void), void (*c)(void))
{
    (void)a, (void)b, (void)c;
    return 0;
}

int __wrap_pthread_setname_np(pthread_t thread, const char *name)
{
    (void)thread, (void)name;
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    int64_t ns = run.clock_ns + INT64_C(1000000000);
    *t = (struct timespec){ns / 1000000000, ns % 1000000000};
    return 0;
}

ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned flags)
{
    (void)flags;
    memset(buffer, 1, size);
    return (ssize_t)size;
}

void __wrap_abort(void)
{
    fail("thread %d aborts at %s", thread_id(run.current), place(HERE));
}

void __wrap___assert_fail(const char *text, const char *file, unsigned line, const char *function)
{
    fail("%s:%u: %s: assertion failed: %s", file, line, function, text);
}
