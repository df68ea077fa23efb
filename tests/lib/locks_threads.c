/*
 * bide/lock.h between threads without a runtime, which block on futexes.
 *
 * This file is plain C, so the async functions of the library are the plain ones, which block.
 * locks_mixed.c has threads and tasks that use the same objects.
 */
#define bide_async

#include <bide/lock.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

enum { THREADS = 4, ROUNDS = 2000 };

static bide_mutex mutex;
static bide_rwlock rwlock;
static bide_semaphore semaphore;
static bide_notify notify;
static bide_barrier barrier;
static bide_condition condition;
static long total; /* under a lock */

static void together(void *(*run)(void *))
{
    pthread_t thread[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, run, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

static void *add(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(bide_mutex_lock(&mutex), 0);
        total++;
        bide_mutex_unlock(&mutex);
        if (i % 3 == 0 && bide_mutex_try_lock(&mutex) == 0)
            bide_mutex_unlock(&mutex);
    }
    return argument;
}

TEST_LIMIT(threads_hold_a_mutex_one_after_another, 60)
{
    together(add);
    CHECK_EQ(total, THREADS * ROUNDS);
    CHECK(mutex.word_ == 0);
}

static void *read_and_write(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(bide_rwlock_read(&rwlock), 0);
        long before = total;
        CHECK_EQ(total, before);
        bide_rwlock_read_unlock(&rwlock);
        CHECK_EQ(bide_rwlock_write(&rwlock), 0);
        total++;
        if (i % 2)
            bide_rwlock_write_unlock(&rwlock);
        else {
            bide_rwlock_downgrade(&rwlock);
            before = total;
            bide_rwlock_read_unlock(&rwlock);
        }
    }
    return argument;
}

TEST_LIMIT(threads_read_and_write, 60)
{
    together(read_and_write);
    CHECK_EQ(total, THREADS * ROUNDS);
    CHECK(rwlock.word_ == 0);
}

static atomic_int taken;

static void *take_permits(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        int count = i % 3;
        CHECK_EQ(bide_semaphore_acquire(&semaphore, (size_t)count), 0);
        CHECK(atomic_fetch_add(&taken, count) + count <= 3);
        atomic_fetch_sub(&taken, count);
        bide_semaphore_release(&semaphore, (size_t)count);
    }
    return argument;
}

TEST_LIMIT(threads_take_no_more_permits_than_there_are, 60)
{
    bide_semaphore_release(&semaphore, 3);
    together(take_permits);
    CHECK_EQ(bide_semaphore_available(&semaphore), 3);
}

static atomic_int come, leaders;

static void *meet(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&come, 1);
        int r = bide_barrier_wait(&barrier);
        CHECK(r == 0 || r == 1);
        atomic_fetch_add(&leaders, r);
        CHECK(atomic_load(&come) >= (i + 1) * THREADS);
    }
    return argument;
}

TEST_LIMIT(threads_meet_at_a_barrier, 60)
{
    barrier = (bide_barrier)BIDE_BARRIER_INIT(THREADS);
    together(meet);
    CHECK_EQ(atomic_load(&leaders), ROUNDS);
}

static int length; /* under the mutex */

static void *give_or_take(void *argument)
{
    bool gives = (intptr_t)argument % 2;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(bide_mutex_lock(&mutex), 0);
        while (gives ? length == 2 : length == 0)
            CHECK_EQ(bide_condition_wait(&condition, &mutex), 0);
        length += gives ? 1 : -1;
        bide_condition_broadcast(&condition);
        bide_mutex_unlock(&mutex);
    }
    return argument;
}

TEST_LIMIT(threads_wait_for_a_condition, 60)
{
    together(give_or_take);
    CHECK_EQ(length, 0);
}

static bide_notify back;

static void *answer(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(bide_notify_wait(&notify), 0);
        total++;
        bide_notify_one(&back);
    }
    return argument;
}

TEST_LIMIT(threads_notify_each_other, 60)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, answer, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        bide_notified d;
        bide_notify_listen(&back, &d);
        bide_notify_one(&notify);
        CHECK_EQ(bide_notified_wait(&d), 0);
        CHECK_EQ(total, i + 1);
        bide_notified_drop(&d);
    }
    pthread_join(thread, NULL);
}

/* ---- no runtime is made ---- */

static atomic_int locked;

static void *unlock_later(void *argument)
{
    CHECK_EQ(bide_mutex_lock(&mutex), 0);
    atomic_store(&locked, 1);
    while (!(__atomic_load_n(&mutex.word_, __ATOMIC_ACQUIRE) & 2)) /* somebody waits */
        sched_yield();
    bide_mutex_unlock(&mutex);
    return argument;
}

TEST(a_thread_that_waits_makes_no_runtime_and_allocates_nothing)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, unlock_later, NULL), 0);
    while (atomic_load(&locked) == 0)
        sched_yield();
    bide_test_fail("alloc", 1, -ENOMEM, 1000);
    bide_test_fail("epoll_create1", 1, -ENFILE, 1000);
    CHECK_EQ(bide_mutex_lock(&mutex), 0);
    CHECK_EQ(bide_test_failed("alloc") + bide_test_failed("epoll_create1"), 0);
    CHECK(bide_runtime_current() == NULL);
    bide_test_fail("alloc", 0, 0, 0);
    bide_test_fail("epoll_create1", 0, 0, 0);
    pthread_join(thread, NULL);
    bide_mutex_unlock(&mutex);
}

/* ---- the last one that holds a lock frees it ---- */

struct object {
    bide_mutex mutex;
    int users;
};

static void *drop(void *argument)
{
    struct object *o = argument;
    CHECK_EQ(bide_mutex_lock(&o->mutex), 0);
    bool last = --o->users == 0;
    bide_mutex_unlock(&o->mutex);
    if (last)
        free(o);
    return NULL;
}

TEST_LIMIT(the_last_one_frees_the_mutex, 60)
{
    for (int i = 0; i < 300; i++) {
        pthread_t thread[2];
        struct object *o = malloc(sizeof *o);
        *o = (struct object){BIDE_MUTEX_INIT, 2};
        for (int k = 0; k < 2; k++)
            CHECK_EQ(pthread_create(&thread[k], NULL, drop, o), 0);
        for (int k = 0; k < 2; k++)
            pthread_join(thread[k], NULL);
    }
}
