/*
 * Five protocols of a runtime with several workers, written out by hand: each as it must not be,
 * with the fault that the explorer has to find, and as it is right.
 */
#include "tools/explore/explore.h"

#include <stdatomic.h>

/* Bits of the state word. */
enum { SCHEDULED = 1, RUNNING = 2, DONE = 4, WAITED = 8, LOCK = 16 };

static void lock_take(atomic_uint *lock)
{
    while (atomic_exchange_explicit(lock, 1, memory_order_acquire) != 0)
        ;
}

static void lock_give(atomic_uint *lock)
{
    atomic_store_explicit(lock, 0, memory_order_release);
}

/* ---- 1: a poll against two wakes of other threads ---- */

static atomic_uint state, woken, pushed;
static atomic_int event[2];
static int seen[2];

static void word_begin(void)
{
    atomic_init(&state, SCHEDULED);
}

static void look(unsigned branches)
{
    for (int i = 0; i < 2; i++)
        if (branches >> i & 1 && atomic_load_explicit(&event[i], memory_order_relaxed))
            seen[i] = 1;
}

static void look_at_branches(void)
{
    unsigned w = atomic_exchange_explicit(&woken, 0, memory_order_acquire);
    look(w != 0 ? w : 3);
}

static void word_poll(void)
{
    do {
        atomic_fetch_add_explicit(&state, RUNNING - SCHEDULED, memory_order_acq_rel);
        look_at_branches();
    } while (atomic_fetch_and_explicit(&state, ~RUNNING, memory_order_acq_rel) & SCHEDULED);
}

/* The owner's plain loads and stores. */
static void word_poll_wrong(void)
{
    unsigned s;
    do {
        s = atomic_load_explicit(&state, memory_order_acquire);
        atomic_store_explicit(&state, (s & ~SCHEDULED) | RUNNING, memory_order_release);
        look_at_branches();
        s = atomic_load_explicit(&state, memory_order_acquire);
        atomic_store_explicit(&state, s & ~RUNNING, memory_order_release);
    } while (s & SCHEDULED);
}

static void word_wake(int branch)
{
    atomic_store_explicit(&event[branch], 1, memory_order_relaxed);
    atomic_fetch_or_explicit(&woken, 1u << branch, memory_order_release);
    unsigned s = atomic_fetch_or_explicit(&state, SCHEDULED, memory_order_acq_rel);
    if (!(s & (SCHEDULED | RUNNING)))
        atomic_fetch_add_explicit(&pushed, 1, memory_order_relaxed);
}

static void word_wake_0(void)
{
    word_wake(0);
}

static void word_wake_1(void)
{
    word_wake(1);
}

static void word_end(void)
{
    explore_check(atomic_load(&pushed) <= 1);
    if (atomic_load(&pushed) > 0) /* the poll that is owed */
        look(atomic_load(&woken) != 0 ? atomic_load(&woken) : 3);
    explore_check(seen[0] && seen[1]);
}

/* ---- 2: the end of a task against a join ---- */

static atomic_uint lock;
static int result, got, in_ring, was_woken;

static void drain(void)
{
    if (in_ring)
        was_woken = 1;
    in_ring = 0;
}

static void join_ends(void)
{
    result = 42;
    lock_take(&lock);
    atomic_store_explicit(&state, DONE, memory_order_release);
    drain();
    lock_give(&lock);
}

/* Wakes first, and sets DONE then. */
static void join_ends_wrong(void)
{
    result = 42;
    lock_take(&lock);
    drain();
    lock_give(&lock);
    atomic_store_explicit(&state, DONE, memory_order_release);
}

static void join_waits(void)
{
    lock_take(&lock);
    if (atomic_load_explicit(&state, memory_order_acquire) & DONE)
        got = result;
    else
        in_ring = 1;
    lock_give(&lock);
}

static void join_end(void)
{
    explore_check(got == 42 || was_woken);
}

/* ---- 3: a timer fires while its task ends ---- */

static int armed, *task;

static void timer_begin(void)
{
    static int block;
    block = 1;
    task = &block;
    armed = 1;
}

static void wake_task(void)
{
    explore_check(*task);
}

static void timer_fires(void)
{
    lock_take(&lock);
    if (armed)
        wake_task();
    armed = 0;
    lock_give(&lock);
}

/* Wakes when the lock is given back. */
static void timer_fires_wrong(void)
{
    lock_take(&lock);
    int fires = armed;
    armed = 0;
    lock_give(&lock);
    if (fires)
        wake_task();
}

static void timer_task_ends(void)
{
    lock_take(&lock);
    armed = 0;
    lock_give(&lock);
    *task = 0;
}

/* ---- 4: the last child of a scope against the parent that looks whether there is one ---- */

static struct scope {
    atomic_uint lock;
    atomic_int first;
    int alive;
} scope;

static void scope_begin(void)
{
    scope.first = scope.alive = 1;
}

static void scope_child_ends(void)
{
    lock_take(&scope.lock);
    atomic_store_explicit(&scope.first, 0, memory_order_relaxed);
    explore_check(scope.alive); /* the wake */
    lock_give(&scope.lock);
}

static void scope_parent(void)
{
    lock_take(&scope.lock);
    int first = atomic_load_explicit(&scope.first, memory_order_relaxed);
    lock_give(&scope.lock);
    if (!first)
        scope.alive = 0;
}

/* Looks without the lock. */
static void scope_parent_wrong(void)
{
    if (!atomic_load_explicit(&scope.first, memory_order_acquire))
        scope.alive = 0;
}

/* ---- 5: a wake of a future against its driver, who leaves ---- */

static atomic_int driver;
static int driver_alive;

static void future_begin(void)
{
    driver_alive = 1;
    atomic_init(&driver, 1);
}

static void future_wake(void)
{
    lock_take(&lock);
    if (atomic_load_explicit(&driver, memory_order_relaxed))
        explore_check(driver_alive);
    lock_give(&lock);
}

static void future_wake_wrong(void)
{
    if (atomic_load_explicit(&driver, memory_order_acquire))
        explore_check(driver_alive);
}

static void future_leave(void)
{
    lock_take(&lock);
    atomic_store_explicit(&driver, 0, memory_order_relaxed);
    lock_give(&lock);
    driver_alive = 0;
}

static void future_leave_wrong(void)
{
    atomic_store_explicit(&driver, 0, memory_order_release);
    driver_alive = 0;
}

const struct explore_model explore_models[] = {
    {.name = "state word",
     .begin = word_begin,
     .threads = {word_poll, word_wake_0, word_wake_1},
     .end = word_end,
     .bound = 3},
    {.name = "state word, by loads and stores",
     .begin = word_begin,
     .threads = {word_poll_wrong, word_wake_0, word_wake_1},
     .end = word_end,
     .fails_within = 100},
    {.name = "join",
     .threads = {join_ends, join_waits, join_waits},
     .end = join_end,
     .bound = EXPLORE_NO_BOUND},
    {.name = "join, woken before DONE",
     .threads = {join_ends_wrong, join_waits},
     .end = join_end,
     .fails_within = 20},
    {.name = "timer",
     .begin = timer_begin,
     .threads = {timer_fires, timer_task_ends},
     .bound = EXPLORE_NO_BOUND},
    {.name = "timer, woken behind the lock",
     .begin = timer_begin,
     .threads = {timer_fires_wrong, timer_task_ends},
     .fails_within = 20},
    {.name = "scope",
     .begin = scope_begin,
     .threads = {scope_child_ends, scope_parent},
     .bound = EXPLORE_NO_BOUND},
    {.name = "scope, looked at without the lock",
     .begin = scope_begin,
     .threads = {scope_child_ends, scope_parent_wrong},
     .fails_within = 20},
    {.name = "future",
     .begin = future_begin,
     .threads = {future_wake, future_leave},
     .bound = EXPLORE_NO_BOUND},
    {.name = "future, without a lock",
     .begin = future_begin,
     .threads = {future_wake_wrong, future_leave_wrong},
     .fails_within = 20},
    {0},
};
