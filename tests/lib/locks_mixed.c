/*
 * bide/lock.h between threads without a runtime and the tasks of a runtime with several workers,
 * all on the same objects. Tasks are cancelled at random, and what they did is counted.
 */
#include <bide/bide.h>
#include <bide/core.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "check.h"

enum { TASKS = 6, THREADS = 2, ROUNDS = 300 };

static bide_mutex mutex;
static bide_rwlock rwlock;
static bide_semaphore semaphore;
static bide_notify notify;

static long under_mutex, under_rwlock; /* under the locks */
static atomic_long did_mutex, did_rwlock;
static atomic_int taken, stop;

static async int work(void)
{
    for (;;) {
        bide_locked(&mutex) {
            under_mutex++;
            atomic_fetch_add(&did_mutex, 1);
            await bide_yield();
        }
        bide_read_locked(&rwlock)
            await bide_yield();
        bide_write_locked(&rwlock) {
            under_rwlock++;
            atomic_fetch_add(&did_rwlock, 1);
            await bide_yield();
        }
        bide_permit permit = BIDE_PERMIT_INIT;
        if (await bide_permit_acquire(&semaphore, 2, &permit) < 0)
            return -1;
        defer {
            bide_permit_drop(&permit);
        }
        CHECK(atomic_fetch_add(&taken, 2) + 2 <= 3);
        defer {
            atomic_fetch_sub(&taken, 2);
        }
        await bide_notify_wait(&notify);
    }
}

static async int feed(void)
{
    while (atomic_load(&stop) == 0) {
        bide_notify_one(&notify);
        await bide_yield();
        bide_notify_all(&notify);
        await bide_yield();
    }
    return 0;
}

static async int supervise(uint32_t seed)
{
    bide_task(int) task[TASKS];
    bide_task(int) feeder = bide_spawn(feed());
    for (int i = 0; i < TASKS; i++)
        task[i] = bide_spawn(work());
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525 + 1013904223;
        int i = (int)(seed >> 24) % TASKS;
        for (uint32_t k = seed >> 16 & 3; k > 0; k--)
            await bide_yield();
        bide_task_abort(task[i]);
        CHECK_ERR(await bide_task_join(task[i], &(int){0}), -ECANCELED);
        task[i] = bide_spawn(work());
    }
    for (int i = 0; i < TASKS; i++) {
        bide_task_abort(task[i]);
        CHECK_ERR(await bide_task_join(task[i], &(int){0}), -ECANCELED);
    }
    atomic_store(&stop, 1);
    return await bide_task_join(feeder, &(int){0});
}

/* The plain functions, as other C files see them. */
extern const struct bide_fn bide__desc_bide_mutex_lock, bide__desc_bide_rwlock_write;

static void *outside(void *argument)
{
    int (*lock)(bide_mutex *) = (int (*)(bide_mutex *))bide__desc_bide_mutex_lock.blocking;
    int (*write)(bide_rwlock *) = (int (*)(bide_rwlock *))bide__desc_bide_rwlock_write.blocking;
    while (atomic_load(&stop) == 0) {
        CHECK_EQ(lock(&mutex), 0);
        under_mutex++;
        atomic_fetch_add(&did_mutex, 1);
        bide_mutex_unlock(&mutex);
        CHECK_EQ(write(&rwlock), 0);
        under_rwlock++;
        atomic_fetch_add(&did_rwlock, 1);
        bide_rwlock_write_unlock(&rwlock);
    }
    return argument;
}

static void mix(bide_flavour flavour)
{
    bide_runtime_options options = {.flavour = flavour,
                                    .workers = flavour == BIDE_MULTI_THREAD ? 2 : 0};
    bide_runtime *rt;
    pthread_t thread[THREADS];

    bide_semaphore_release(&semaphore, 3);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, outside, NULL), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(supervise(1)), 0);
    bide_runtime_enter(NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(under_mutex, atomic_load(&did_mutex));
    CHECK_EQ(under_rwlock, atomic_load(&did_rwlock));
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
    CHECK_EQ(bide_rwlock_try_write(&rwlock), 0);
    CHECK_EQ(bide_semaphore_available(&semaphore), 3);
    CHECK(notify.waiting_.first == NULL);
}

TEST_LIMIT(threads_and_tasks_of_one_thread, 60)
{
    mix(BIDE_CURRENT_THREAD);
}

TEST_LIMIT(threads_and_tasks_of_two_workers, 60)
{
    mix(BIDE_MULTI_THREAD);
}
