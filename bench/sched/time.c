/*
 * bench/sched/time.c: timers that are armed and dropped, and timers that really fire.
 */
#include "rows.h"

#include <bide/bide.h>

#include <stdint.h>

/* Ready at once, but the compiler does not know that. */
static async long add(long x)
{
    __asm__ volatile("" : "+r"(x));
    if (x < 0)
        await bide_yield();
    return x + 1;
}

static async long add_later(long x)
{
    await bide_yield();
    return x + 1;
}

static async long sleeps_dropped(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        expect("select", await bide_select_biased(bide_sleep(BIDE_S(1)), x = add(x)), 1);
    return x;
}

/* A sleep is armed; then the other branch is ready and the sleep is dropped. */
static void sleep_drop(struct run *run)
{
    run_begin(run);
    long x = bide_block_on(sleeps_dropped(run->n));
    run_end(run);
    expect("sleep_drop", x, run->n);
}

static async long timeouts(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        expect("timeout", await bide_timeout(BIDE_S(1), x = add_later(x)), 0);
    return x;
}

/* Time limits of calls that suspend once, so that each limit is armed and dropped. */
static void timeout_drop(struct run *run)
{
    run_begin(run);
    long x = bide_block_on(timeouts(run->n));
    run_end(run);
    expect("timeout_drop", x, run->n);
}

enum { MOST = 1000 };

static async long many_timeouts(long n)
{
    static bide_task(long) task[MOST];
    long sum = 0;
    for (long i = 0; i < MOST; i++)
        task[i] = bide_spawn(timeouts(n / MOST + (i < n % MOST)));
    for (long i = 0; i < MOST; i++) {
        long x = 0;
        await bide_task_join(task[i], &x);
        sum += x;
    }
    return sum;
}

/* The same by 1,000 tasks in turn, so that 1,000 limits are armed at a time. */
static void timeout_drop_1000(struct run *run)
{
    run_begin(run);
    long x = bide_block_on(many_timeouts(run->n));
    run_end(run);
    expect("timeout_drop_1000", x, run->n);
}

static async void sleeps(long ms)
{
    await bide_sleep(BIDE_MS(ms));
    crowd_leave();
}

static async void many_sleeps(long n)
{
    uint32_t seed = 1;
    crowd_begin(n);
    for (long i = 0; i < n; i++) {
        seed = seed * 747796405u + 2891336453u;
        bide_spawn(sleeps(1 + (seed >> 8) % 1000));
    }
    await crowd_wait();
}

/* As many tasks as operations; each sleeps once, 1 to 1,000 ms. */
static void timers_fire(struct run *run)
{
    run_begin(run);
    bide_block_on(many_sleeps(run->n));
    run_end(run);
}

const struct row time_rows[] = {
    {"sleep_drop", sleep_drop, false, false},
    {"timeout_drop", timeout_drop, false, false},
    {"timeout_drop_1000", timeout_drop_1000, false, false},
    {"timers_fire", timers_fire, true, false},
    {NULL, NULL, false, false},
};
