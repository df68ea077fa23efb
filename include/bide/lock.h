/*
 * bide/lock.h: tasks and threads that wait for each other: mutex, lock for readers and writers,
 * semaphore, notification, barrier, condition variable, and what is made once.
 *
 * All of them are plain structs in the caller's memory. BIDE_X_INIT initialises one, also at file
 * scope; memory of zeroes is good, too. Nothing is allocated and nothing has to be freed: an object
 * may go when nobody waits for it or holds it, and no other thread is in a call that ends several
 * waits. It must not be copied or moved while it is in use. The members are private.
 *
 * All functions may be called from any thread, on any executor or none, but not in signal handlers.
 * Those that are not async never wait. In plain code an async function blocks its thread, and makes
 * no runtime for that; if the thread runs a runtime of its own, the tasks of that run meanwhile,
 * and only then can the function fail with -ENOMEM. What is free costs one atomic operation.
 *
 * Who waits is served in the order in which it came, and nobody overtakes: what becomes free is
 * handed to the one that has waited longest.
 *
 * Errors are negative errno. Cancelled, a wait leaves its place and has changed nothing, unless its
 * comment says more. If it was handed something before the request, it keeps that: it returns 0 and
 * the task runs on to its next suspension, so that nothing is lost. A wait in a future
 * (bide/future.h) is handed its lock even while nobody drives the future; then the others wait
 * until somebody does, or drops it. bide_runtime_dump names such a future, and tasks that wait for
 * each other in a circle.
 */
#ifndef BIDE_LOCK_H
#define BIDE_LOCK_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- private ---- */

struct bide__parked; /* one that waits */

struct bide__parking {
    struct bide__parked *first, *last;
};

/* Who has locked something, and where. */
struct bide__holder {
    uintptr_t owner;
    const void *chain;
    const char *place;
};

#define BIDE__PLACE_(line)  #line
#define BIDE__PLACE__(line) BIDE__PLACE_(line)
#define BIDE__PLACE         __FILE__ ":" BIDE__PLACE__(__LINE__)

/* ---- mutex ---- */

/*
 * A lock that one task or thread holds at a time, also over awaits. It belongs to the task that
 * locked it (in plain code, to the thread), and that task unlocks it.
 */
typedef struct bide_mutex {
    uint32_t word_, lock_;
    struct bide__holder holder_;
    struct bide__parking waiting_;
} bide_mutex;

#define BIDE_MUTEX_INIT  \
    {                    \
        0, 0, {0, 0, 0}, \
        {                \
            0, 0         \
        }                \
    }

/*
 * Waits until the mutex is free, and locks it. Returns 0; or -EDEADLK if the caller holds it
 * already and would wait for itself. That is found if the function that waits, or one that awaits
 * it, has locked the mutex, or the task itself outside its joins and selects; a branch may wait for
 * a mutex that another branch of the same task holds.
 * Cancelled: it is not locked. (If it was locked before the request, this returns 0.)
 */
bide_must_use bide_async int bide_mutex_lock(bide_mutex *mutex);

/* The same without waiting: returns -EAGAIN if the mutex is locked. */
bide_must_use int bide_mutex_try_lock(bide_mutex *mutex);

/* Unlocks it; whoever has waited longest has it then. Only for the one that has locked it. */
void bide_mutex_unlock(bide_mutex *mutex);

/*
 * In an async function,
 *
 *     static bide_mutex mutex = BIDE_MUTEX_INIT;
 *     static int balance;
 *     bide_locked(&mutex) {
 *         balance++;
 *     }
 *
 * waits, runs the block with the mutex locked, and unlocks it however the block is left: at its
 * end, by break, continue, return or goto, or by a cancellation. It is no loop: break and continue
 * are those of the loop round it. The wait is that of bide_mutex_lock. If that fails, the function
 * is left as by a cancellation: with -EDEADLK, which is also reported on stderr, as with -ENOMEM.
 * In a deferred block, and in a function marked bide_cancel_returns, the block is skipped instead.
 */
#define bide_locked(mutex) bide__locked(bide_mutex, bide__mutex_enter, bide__mutex_leave, mutex)

/* ---- lock for readers and writers ---- */

/*
 * A lock that many readers, or one writer, hold at a time. Writers do not starve: while one waits,
 * new readers wait behind it. So a task that reads must not wait to read the same lock again.
 */
typedef struct bide_rwlock {
    uint64_t word_;
    uint32_t lock_;
    struct bide__holder holder_; /* the writer */
    struct bide__parking waiting_;
} bide_rwlock;

#define BIDE_RWLOCK_INIT \
    {                    \
        0, 0, {0, 0, 0}, \
        {                \
            0, 0         \
        }                \
    }

/*
 * Waits until nobody writes and no writer has waited longer, and locks it for reading. Returns 0,
 * or -EDEADLK if the caller has locked it for writing (as bide_mutex_lock says).
 * Cancelled: it is not locked. (If it was locked before the request, this returns 0.)
 */
bide_must_use bide_async int bide_rwlock_read(bide_rwlock *rwlock);

/* The same for writing: waits until nobody reads or writes. */
bide_must_use bide_async int bide_rwlock_write(bide_rwlock *rwlock);

/* Both without waiting: -EAGAIN if they would have to. */
bide_must_use int bide_rwlock_try_read(bide_rwlock *rwlock);
bide_must_use int bide_rwlock_try_write(bide_rwlock *rwlock);

/* Each ends what one of the functions above began. */
void bide_rwlock_read_unlock(bide_rwlock *rwlock);
void bide_rwlock_write_unlock(bide_rwlock *rwlock);

/* Turns the writer into a reader, without a moment at which another one could write. The readers
 * that wait at the head of the queue read then, too. */
void bide_rwlock_downgrade(bide_rwlock *rwlock);

/* Blocks as that of bide_locked, with the lock for reading and for writing. A block for writing
 * must not downgrade. */
#define bide_read_locked(rwlock) \
    bide__locked(bide_rwlock, bide__rwlock_enter_read, bide__rwlock_leave_read, rwlock)
#define bide_write_locked(rwlock) \
    bide__locked(bide_rwlock, bide__rwlock_enter_write, bide__rwlock_leave_write, rwlock)

/* ---- semaphore ---- */

/*
 * A number of permits. Who asks for many is served in its turn, and those behind it wait even if
 * there are permits enough for them.
 */
typedef struct bide_semaphore {
    uint64_t word_;
    uint32_t lock_;
    struct bide__parking waiting_;
} bide_semaphore;

/* The most permits that a semaphore may have. */
#define BIDE_SEMAPHORE_MAX ((size_t)1 << 60)

/* With this number of permits; memory of zeroes has none. */
#define BIDE_SEMAPHORE_INIT(permits) \
    {                                \
        (uint64_t)(permits) << 2, 0, \
        {                            \
            0, 0                     \
        }                            \
    }

/*
 * Waits for `count` permits (0 or more) and takes them. Returns 0; -EPIPE if the semaphore is or
 * becomes closed; -EINVAL if `count` is more than BIDE_SEMAPHORE_MAX.
 * Cancelled: none were taken. (If they were taken before the request, this returns 0.)
 */
bide_must_use bide_async int bide_semaphore_acquire(bide_semaphore *semaphore, size_t count);

/* The same without waiting: returns -EAGAIN if there are too few, or somebody waits. */
bide_must_use int bide_semaphore_try_acquire(bide_semaphore *semaphore, size_t count);

/* Gives permits back, or adds new ones. */
void bide_semaphore_release(bide_semaphore *semaphore, size_t count);

/* Takes away up to `count` of the permits that nobody has, for good. Returns how many. */
size_t bide_semaphore_forget(bide_semaphore *semaphore, size_t count);

/* From now on waits end with -EPIPE, those that have begun, too. Permits may still be given
 * back. */
void bide_semaphore_close(bide_semaphore *semaphore);
bool bide_semaphore_is_closed(const bide_semaphore *semaphore);

/* How many permits nobody has. By the time the caller reads the number, it may have changed. */
size_t bide_semaphore_available(const bide_semaphore *semaphore);

/*
 * Permits that know their semaphore, to be handed on, and given back by whoever has them last. One
 * of zeroes holds none. It is a value: who copies it uses the copy alone. The semaphore must stay
 * until all are dropped.
 */
typedef struct bide_permit {
    bide_semaphore *semaphore_;
    size_t count_;
} bide_permit;

#define BIDE_PERMIT_INIT \
    {                    \
        0, 0             \
    }

/* As bide_semaphore_acquire, and stores the permits in *permit, which must hold none. After an
 * error, and cancelled, it holds none. */
bide_must_use bide_async int bide_permit_acquire(bide_semaphore *semaphore, size_t count,
                                                 bide_permit *permit);
bide_must_use int bide_permit_try_acquire(bide_semaphore *semaphore, size_t count,
                                          bide_permit *permit);

/* Gives them back; *permit holds none then. It may hold none. */
void bide_permit_drop(bide_permit *permit);

/* They are never given back; *permit holds none then. Returns how many they were. */
size_t bide_permit_forget(bide_permit *permit);

/* How many it holds. */
size_t bide_permit_count(const bide_permit *permit);

/* Moves `count` of them to *to, which holds none or permits of the same semaphore. Returns 0, or
 * -EINVAL if it holds fewer, or *to others; then nothing has changed. */
bide_must_use int bide_permit_move(bide_permit *permit, size_t count, bide_permit *to);

/* ---- notify ---- */

/*
 * Wakes tasks that wait for something to change. A wait may come before the look at what is to
 * change, so that nothing is missed:
 *
 *     static bide_notify news = BIDE_NOTIFY_INIT;
 *     static bool has_changed;
 *     bide_notified change;
 *     bide_notify_listen(&news, &change); // it waits from now on
 *     defer { bide_notified_drop(&change); }
 *     if (!has_changed)
 *         await bide_notified_wait(&change);
 */
typedef struct bide_notify {
    uint32_t lock_, permit_;
    uint64_t round_;
    struct bide__parking waiting_;
} bide_notify;

#define BIDE_NOTIFY_INIT \
    {                    \
        0, 0, 0,         \
        {                \
            0, 0         \
        }                \
    }

/* Ends the wait that has lasted longest. If nobody waits, the next wait ends at once; several such
 * calls before it count once. */
void bide_notify_one(bide_notify *notify);

/* Ends all waits that have begun; later ones wait. */
void bide_notify_all(bide_notify *notify);

/*
 * Waits for a notification and returns 0.
 * Cancelled: if bide_notify_one had already ended this wait, its notification goes to the next
 * waiter or is kept for the next wait. (If bide_notify_all had, this returns 0.)
 */
bide_async int bide_notify_wait(bide_notify *notify);

/* Private: one that waits. */
struct bide__parked {
    struct bide__parked *next, *previous;
    uintptr_t waker;
    uint32_t state;
    int32_t result;
    union {
        uint64_t need;
        const char *place;
    } as;
};

/* A wait that has begun. It lies in the caller's memory, and does not move until it is dropped.
 * With BIDE_NOTIFIED_INIT it is one that has been dropped. */
typedef struct bide_notified {
    bide_notify *notify_;
    struct bide__parked parked_;
} bide_notified;

#define BIDE_NOTIFIED_INIT \
    {                      \
        0,                 \
        {                  \
            0              \
        }                  \
    }

/* Begins a wait: it counts from now on, and in its turn. *notified is uninitialised, or dropped. */
void bide_notify_listen(bide_notify *notify, bide_notified *notified);

/*
 * Waits until the wait that has begun is ended by a notification, takes that, and returns 0. After
 * that, or if it never began, -EINVAL: a wait ends once. One task at a time.
 * Cancelled: the wait goes on, at its place in the queue, and may be waited for again.
 */
bide_async int bide_notified_wait(bide_notified *notified);

/* Ends the wait. A notification of bide_notify_one that was not taken is passed on. To drop it once
 * more does nothing, whatever has become of the bide_notify. No task may be waiting for it. */
void bide_notified_drop(bide_notified *notified);

/* ---- barrier ---- */

/* A place where a number of tasks wait for each other, again and again. */
typedef struct bide_barrier {
    uint32_t lock_, size_, arrived_;
    uint64_t round_;
    struct bide__parking waiting_;
} bide_barrier;

/* For this number of tasks; 0 counts as 1. */
#define BIDE_BARRIER_INIT(tasks) \
    {                            \
        0, (tasks), 0, 0,        \
        {                        \
            0, 0                 \
        }                        \
    }

/*
 * Waits until as many have come as the barrier is for. Returns 1 to the one that came last, the
 * leader, and 0 to the others.
 * Cancelled: it does not count as having come, and the others wait for another one. (If the last
 * one had come before the request, this returns 0.)
 */
bide_async int bide_barrier_wait(bide_barrier *barrier);

/* ---- condition variable ---- */

/* Something that tasks wait for with a mutex locked, which protects what they look at. */
typedef struct bide_condition {
    uint32_t lock_;
    uint64_t round_;
    struct bide__parking waiting_;
} bide_condition;

#define BIDE_CONDITION_INIT \
    {                       \
        0, 0,               \
        {                   \
            0, 0            \
        }                   \
    }

/*
 * Begins to wait, unlocks the mutex, which the caller holds, waits until it is signalled, and locks
 * the mutex again. Returns 0. What is waited for may have changed again: look in a loop.
 *
 *     static bide_mutex mutex = BIDE_MUTEX_INIT;
 *     static bide_condition changed = BIDE_CONDITION_INIT;
 *     static bool is_ready;
 *     bide_locked(&mutex) {
 *         while (!is_ready)
 *             await bide_condition_wait(&changed, &mutex);
 *     }
 *
 * Cancelled: the mutex is locked again first, so that the caller's deferred block may unlock it;
 * until it is free, the request waits. (If it was signalled before the request, this returns 0.)
 */
bide_async int bide_condition_wait(bide_condition *condition, bide_mutex *mutex);

/* Ends the wait that has lasted longest, if there is one; with or without the mutex. */
void bide_condition_signal(bide_condition *condition);

/* Ends all waits that have begun. */
void bide_condition_broadcast(bide_condition *condition);

/* ---- once ---- */

/* Says whether a value has been made. The value itself is the caller's, and lies beside it. */
typedef struct bide_once {
    uint32_t state_, lock_;
    struct bide__holder holder_;
    struct bide__parking waiting_;
} bide_once;

#define BIDE_ONCE_INIT   \
    {                    \
        0, 0, {0, 0, 0}, \
        {                \
            0, 0         \
        }                \
    }

/*
 * Makes the value if it has not been made:
 *
 *     static bide_once once = BIDE_ONCE_INIT;
 *     static struct config config;
 *     if (await bide_once_make(&once, bide_ref(load), &config) == 0)
 *         puts(config.name);
 *
 * where `load` is `async int load(struct config *)`.
 * Returns 0 when `*value` has been made, by this call or another. Only one call of `make` runs at a
 * time. If it returns a negative errno, so does the call that ran it; if it fails or is cancelled,
 * the one that has waited longest runs its own `make`. -EDEADLK: `make` waits for itself.
 * What `make` wrote is seen by all to whom 0 is returned.
 * Cancelled: while `make` runs, that is unwound first; the value counts as not made.
 *
 * In plain code `make` needs a runtime, as any async function.
 */
#define bide_once_make(once, make, value)                                                      \
    bide__once_make((once), (bide_async_fn(int, void *))bide__maker((make), (value)), (value), \
                    BIDE__PLACE)

/* Has it been made? What `make` wrote is seen if it has. */
bool bide_once_is_made(const bide_once *once);

/* ---- private ---- */

bide_must_use bide_async int bide__mutex_lock(bide_mutex *mutex, const char *place);
bide_must_use bide_async int bide__rwlock_write(bide_rwlock *rwlock, const char *place);
bide_async bide_mutex *bide__mutex_enter(bide_mutex *mutex, const char *place);
bide_async bide_rwlock *bide__rwlock_enter_read(bide_rwlock *rwlock, const char *place);
bide_async bide_rwlock *bide__rwlock_enter_write(bide_rwlock *rwlock, const char *place);
void bide__mutex_leave(bide_mutex **held);
void bide__rwlock_leave_read(bide_rwlock **held);
void bide__rwlock_leave_write(bide_rwlock **held);

/* A call says where it is, for dumps. A reference to the function does not. */
#define bide_mutex_lock(mutex)    bide__mutex_lock((mutex), BIDE__PLACE)
#define bide_rwlock_write(rwlock) bide__rwlock_write((rwlock), BIDE__PLACE)

#ifndef __cplusplus
bide_must_use bide_async int bide__once_make(bide_once *once, bide_async_fn(int, void *) make,
                                             void *value, const char *place);

#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define bide__maker(make, value) (make)
#define bide__locked(type, enter, leave, object)                                          \
    bide__with(type *bide__held __attribute__((__cleanup__(leave))) =                     \
                   bide_await enter((object), BIDE__PLACE);) if (bide__held == (type *)0) \
    {                                                                                     \
    }                                                                                     \
    else
#else
#define bide__maker(make, value)                                                                   \
    __extension__({                                                                                \
        _Static_assert(__builtin_types_compatible_p(__typeof__(**(make)), int(__typeof__(value))), \
                       "bide_once_make: the function is not one for this type of value");          \
        (make);                                                                                    \
    })
bide__needs void bide__erased_bide_mutex(bide_mutex *);
bide__needs void bide__erased_bide_rwlock(bide_rwlock *);
/* Not a loop, so that break, continue and what is set in the block are what they seem. */
#define bide__locked(type, enter, leave, object) if ((bide__erased_##type(object), 1))
#endif
#endif

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
