/*
 * bench/sched/lock.c: locks, free and contended. An operation is one that takes and gives back, or
 * one notification.
 */
#include "rows.h"

#include <bide/bide.h>

enum { TASKS = 8, PERMITS = 5 };

static bide_mutex mutex;
static bide_rwlock rwlock;
static bide_semaphore semaphore;
static bide_notify to, back;
static long counter; /* under the mutex, or of one task */

/* ---- what one turn of a task is ---- */

static async long mutex_turns(long n, long busy)
{
    for (long i = 0; i < n; i++)
        bide_locked(&mutex) {
            counter++;
            if (busy)
                await bide_yield();
        }
    return n;
}

static async long read_turns(long n, long busy)
{
    for (long i = 0; i < n; i++)
        bide_read_locked(&rwlock)
            if (busy)
                await bide_yield();
    return n;
}

/* One write in eight turns. */
static async long rwlock_turns(long n, long busy)
{
    for (long i = 0; i < n; i++) {
        if (i % 8 != 0) {
            bide_read_locked(&rwlock)
                if (busy)
                    await bide_yield();
            continue;
        }
        bide_write_locked(&rwlock)
            if (busy)
                await bide_yield();
    }
    return n;
}

static async long semaphore_turns(long n, long busy)
{
    for (long i = 0; i < n; i++) {
        expect("acquire", await bide_semaphore_acquire(&semaphore, 1), 0);
        if (busy)
            await bide_yield();
        bide_semaphore_release(&semaphore, 1);
    }
    return n;
}

/* ---- who takes the turns ---- */

typedef bide_async_fn(long, long n, long busy) turns_of;

static async long one_task(turns_of turns, long n)
{
    return await (*turns)(n, 0);
}

static async long many_tasks(turns_of turns, long n)
{
    bide_task(long) task[TASKS];
    long sum = 0;
    for (long i = 0; i < TASKS; i++)
        task[i] = bide_spawn((*turns)(n / TASKS + (i < n % TASKS), 1));
    for (long i = 0; i < TASKS; i++) {
        long x = 0;
        await bide_task_join(task[i], &x);
        sum += x;
    }
    return sum;
}

static void run_turns(struct run *run, turns_of turns, bool busy)
{
    semaphore = (bide_semaphore)BIDE_SEMAPHORE_INIT(PERMITS);
    run_begin(run);
    long done =
        busy ? bide_block_on(many_tasks(turns, run->n)) : bide_block_on(one_task(turns, run->n));
    run_end(run);
    expect("turns", done, run->n);
}

static void mutex_free(struct run *run)
{
    run_turns(run, bide_ref(mutex_turns), false);
}

static void mutex_busy(struct run *run)
{
    run_turns(run, bide_ref(mutex_turns), true);
}

static void rwlock_free(struct run *run)
{
    run_turns(run, bide_ref(read_turns), false);
}

static void rwlock_busy(struct run *run)
{
    run_turns(run, bide_ref(rwlock_turns), true);
}

static void semaphore_free(struct run *run)
{
    run_turns(run, bide_ref(semaphore_turns), false);
}

static void semaphore_busy(struct run *run)
{
    run_turns(run, bide_ref(semaphore_turns), true);
}

/* ---- notifications ---- */

static async void answers(long n)
{
    for (long i = 0; i < n; i++) {
        await bide_notify_wait(&to);
        bide_notify_one(&back);
    }
}

static async void asks(long n)
{
    for (long i = 0; i < n; i++) {
        bide_notify_one(&to);
        await bide_notify_wait(&back);
    }
}

static async void talk(long n)
{
    bide_task(void) answering = bide_spawn(answers(n));
    bide_task(void) asking = bide_spawn(asks(n));
    await bide_task_join(asking, NULL);
    await bide_task_join(answering, NULL);
}

/* Two tasks that notify each other. */
static void notify_pair(struct run *run)
{
    run_begin(run);
    bide_block_on(talk(run->n));
    run_end(run);
}

static async void listens(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        bide_notified next;
        bide_notify_listen(&to, &next);
        crowd_leave();
        await bide_notified_wait(&next);
        bide_notified_drop(&next);
    }
}

enum { LISTENERS = 100 };

static async void tell_all(long rounds)
{
    bide_task(void) task[LISTENERS];
    crowd_begin(LISTENERS);
    for (long i = 0; i < LISTENERS; i++)
        task[i] = bide_spawn(listens(rounds));
    for (long i = 0; i < rounds; i++) {
        await crowd_wait();
        if (i + 1 < rounds)
            crowd_begin(LISTENERS);
        bide_notify_all(&to);
    }
    for (long i = 0; i < LISTENERS; i++)
        await bide_task_join(task[i], NULL);
}

/* A hundred tasks that wait for the same notification, again and again. */
static void notify_all(struct run *run)
{
    long rounds = (run->n + LISTENERS - 1) / LISTENERS;
    run_begin(run);
    bide_block_on(tell_all(rounds));
    run_end(run);
}

const struct row lock_rows[] = {
    {"mutex_free", mutex_free, false, false},
    {"mutex_busy", mutex_busy, false, false},
    {"rwlock_free", rwlock_free, false, false},
    {"rwlock_busy", rwlock_busy, false, false},
    {"semaphore_free", semaphore_free, false, false},
    {"semaphore_busy", semaphore_busy, false, false},
    {"notify_pair", notify_pair, false, false},
    {"notify_all", notify_all, false, false},
    {NULL, NULL, false, false},
};
