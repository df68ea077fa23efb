/*
 * bench/sched/whole.c: what is not the time of an operation: memory, the CPU time of idle workers,
 * and how soon a task runs that was woken.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <bide/bide.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- memory ---- */

typedef bide_oneshot_sender(long) sender;

static async void parked_on_oneshot(sender *to)
{
    bide_oneshot_receiver(long) from;
    expect("bide_oneshot_new", bide_oneshot_new(to, &from), 0);
    defer
        bide_oneshot_receiver_drop(from);
    long x = 0;
    expect("parked_oneshot", await bide_oneshot_recv(from, &x), 0);
}

static sender *senders;

static async void park(long n, bool on_oneshot)
{
    for (long i = 0; i < n; i++)
        if (on_oneshot)
            bide_spawn(parked_on_oneshot(&senders[i]));
        else
            bide_spawn(bide_sleep(BIDE_S(1000))); /* itself, as Tokio's side */
    await bide_sleep(BIDE_MS(100)); /* until all of them wait, on the other workers too */
}

/* The resident bytes of a task that waits. The caller's own list of senders is there before. */
static void parked(struct run *run, bool on_oneshot)
{
    senders = malloc((size_t)run->n * sizeof *senders);
    memset(senders, 1, (size_t)run->n * sizeof *senders);
    bide_block_on(bide_yield());
    double before = resident_bytes();
    bide_block_on(park(run->n, on_oneshot));
    run->value = (resident_bytes() - before) / (double)run->n;
    if (run->value == 0) /* too few tasks for a page */
        run->value = 1;
    for (long i = 0; on_oneshot && i < run->n; i++)
        bide_oneshot_sender_drop(senders[i]);
    free(senders);
}

static void parked_sleep(struct run *run)
{
    parked(run, false);
}

static void parked_oneshot(struct run *run)
{
    parked(run, true);
}

static async void come_and_go(void)
{
    await bide_yield();
    crowd_leave();
}

static async void come_and_go_all(long n)
{
    crowd_begin(n);
    for (long i = 0; i < n; i++)
        bide_spawn(come_and_go());
    await crowd_wait();
    await bide_sleep(BIDE_MS(100)); /* for workers that free what they no longer need */
}

/* How much more is resident, in MiB, after n tasks were alive at once and have ended. */
static void rss_after(struct run *run)
{
    bide_block_on(come_and_go_all(run->n < 1000 ? run->n : 1000));
    double before = resident_bytes();
    bide_block_on(come_and_go_all(run->n));
    double more = (resident_bytes() - before) / 1048576;
    run->value = more > 0.01 ? more : 0.01;
}

/* ---- idle workers ---- */

/* The CPU time of all threads so far, from /proc. */
static double threads_ns(void)
{
    double sum = 0;
    DIR *tasks = opendir("/proc/self/task");
    expect("/proc/self/task", tasks != NULL, true);
    for (const struct dirent *one; (one = readdir(tasks)) != NULL;) {
        char path[sizeof "/proc/self/task//schedstat" + sizeof one->d_name];
        double ns = 0;
        if (one->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", one->d_name);
        FILE *f = fopen(path, "r");
        if (f == NULL) /* the thread has ended meanwhile */
            continue;
        expect(path, fscanf(f, "%lf", &ns), 1);
        fclose(f);
        sum += ns;
    }
    closedir(tasks);
    return sum;
}

static async void waits(long ms)
{
    await bide_sleep(BIDE_MS(ms));
}

static void pause_ns(long ns)
{
    nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}

/* The CPU time, in percent of one core, of a runtime whose tasks wait for n milliseconds. */
static void idle_cpu(struct run *run)
{
    bide_block_on(come_and_go_all(1000)); /* all workers have worked */
    int64_t from = clock_ns();
    double used = threads_ns();
    bide_block_on(waits(run->n));
    used = threads_ns() - used;
    run->value = 100 * used / (double)(clock_ns() - from);
}

/* ---- from the wake to the run ---- */

static bide_notify woken;
static _Atomic int64_t woke_ns;
static int64_t *latency_ns;
static atomic_long waiting; /* how often the woken task has been about to wait */

static async void woken_task(long n)
{
    for (long i = 0; i < n; i++) {
        atomic_store(&waiting, i + 1);
        expect("bide_notify_wait", await bide_notify_wait(&woken), 0);
        latency_ns[i] = clock_ns() - atomic_load(&woke_ns);
    }
}

static async void wakes_measured(long n)
{
    bide_task(void) task = bide_spawn(woken_task(n));
    expect("woken_task", await bide_task_join(task, NULL), 0);
}

/* Wakes the task n times, each time when it has waited for 50 us, so that its thread sleeps. */
static void *wake(void *argument)
{
    const struct run *run = argument;
    for (long i = 0; i < run->n; i++) {
        while (atomic_load(&waiting) <= i)
            sched_yield();
        pause_ns(50000);
        atomic_store(&woke_ns, clock_ns());
        bide_notify_one(&woken);
    }
    return NULL;
}

static void wake_latency(struct run *run, double part)
{
    pthread_t thread;
    latency_ns = calloc((size_t)run->n, sizeof *latency_ns);
    atomic_store(&waiting, 0);
    expect("pthread_create", pthread_create(&thread, NULL, wake, run), 0);
    bide_block_on(wakes_measured(run->n));
    pthread_join(thread, NULL);
    run->value = quantile(latency_ns, run->n, part);
    free(latency_ns);
}

static void wake_p50(struct run *run)
{
    wake_latency(run, 0.5);
}

static void wake_p99(struct run *run)
{
    wake_latency(run, 0.99);
}

/* ---- a task that blocks its thread ---- */

static sem_t began;
static atomic_bool second_waits;

static async int64_t second(void)
{
    atomic_store(&second_waits, true);
    expect("bide_notify_wait", await bide_notify_wait(&woken), 0);
    int64_t now = clock_ns();
    sem_post(&began);
    return now;
}

/* Blocks in C until the other task has begun, but for 1 s at the most. */
static void block(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    while (sem_timedwait(&began, &until) != 0 && errno == EINTR)
        ;
}

static async int64_t first(void)
{
    int64_t now = clock_ns();
    bide_notify_one(&woken);
    block();
    return now;
}

static async int64_t try_once(void)
{
    int64_t from = 0, to = 0;
    sem_init(&began, 0, 0);
    atomic_store(&second_waits, false);
    bide_task(int64_t) b = bide_spawn(second());
    while (!atomic_load(&second_waits))
        await bide_yield();
    await bide_sleep(BIDE_MS(5)); /* so that the workers sleep */
    bide_task(int64_t) a = bide_spawn(first());
    expect("first", await bide_task_join(a, &from), 0);
    expect("second", await bide_task_join(b, &to), 0);
    sem_destroy(&began);
    return to - from;
}

/* Milliseconds from the moment at which a task wakes another, and blocks, to the beginning of the
 * other: the median of n tries. */
static void blocked_wake(struct run *run)
{
    int64_t *ns = calloc((size_t)run->n, sizeof *ns);
    for (long i = 0; i < run->n; i++)
        ns[i] = bide_block_on(try_once());
    run->value = quantile(ns, run->n, 0.5) / 1e6;
    free(ns);
}

const struct row whole_rows[] = {
    {"parked_sleep", parked_sleep, true, false}, {"parked_oneshot", parked_oneshot, true, false},
    {"rss_after", rss_after, true, false},       {"idle_cpu", idle_cpu, true, false},
    {"wake_p50", wake_p50, true, false},         {"wake_p99", wake_p99, true, false},
    {"blocked_wake", blocked_wake, true, true},  {NULL, NULL, false, false},
};
