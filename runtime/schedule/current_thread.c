/*
 * current_thread.c: the executor of one thread.
 *
 * Tasks run in the order in which they were woken. After BIDE__TURNS tasks, and whenever no task is
 * ready, the worker looks elsewhere: at wakes from other threads, the timers, the driver. So if the
 * number of tasks is bounded and each poll is (the budget ensures that for awaits that are always
 * ready), every task that was woken is polled within a bounded time, and every timer and event is
 * seen within one. Nothing else is promised about the order. There is no slot for the task that was
 * woken last: on one thread it would save no hand-over to another, and the promise rests on
 * first-in first-out.
 *
 * The task of a blocking call is polled at once if none is ready (bide__run_now), so a call that
 * does not wait never enters the queue.
 *
 * Tasks of low priority go through the run queue too, but when it is their turn they are put aside.
 * They run when no other task is ready, and one of them after each look elsewhere. So while such a
 * task waits, at least one of BIDE__TURNS polls is of one; and a task of normal priority pays one
 * test of its state.
 *
 * Tasks are counted over all runs, before each is polled, so that many short runs (bide_block_on of
 * calls that are ready at once) do not starve the rest. The driver is not asked while tasks are
 * ready and no leaf waits for a descriptor.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"
#include "runtime/trace/trace.h"

/* A program that waits for nothing asks after this time whether it is stuck. As long as it may
 * become stuck (when a thread leaves) it asks again, after twice the time and so on, up to
 * JUDGE_MAX_NS. */
static const int64_t JUDGE_NS = INT64_C(100000000), JUDGE_MAX_NS = INT64_C(10000000000);

/* Takes wakes and messages from other threads. */
static void take_over(struct bide__worker *w)
{
    if (atomic_load_explicit(&w->hub->pending, memory_order_relaxed))
        bide__hub_take(w->hub, w);
    bide__hub_read(w->hub);
    if (__builtin_expect(w->core != NULL, 0))
        bide__core_receive(w->core);
}

/* Wakes the tasks whose timers are due. */
static void pass_time(struct bide__worker *w)
{
    if (w->wheel->count > 0)
        bide__wheel_advance(w->wheel, bide__clock_ns());
}

static int poll_driver(struct bide__worker *w, int64_t timeout_ns)
{
    return w->driver->ops->wait(w->driver, w->runtime->fds, timeout_ns);
}

/* No call is on the pool, and the owner knows of the end of every call: a call is counted off after
 * the owner was notified. */
bool bide__pool_is_idle(struct bide__worker *w)
{
    return atomic_load_explicit(&w->runtime->pool->in_flight, memory_order_acquire) == 0 &&
           !atomic_load_explicit(&w->hub->pending, memory_order_relaxed);
}

/* All is idle, and time is virtual. True: time has passed, or there was an event. False: wait.
 * Asking the driver consumes a wake from another thread or from SIGQUIT, so both are checked. */
bool bide__pass_virtual_time(struct bide__worker *w, int64_t until_ns)
{
    if (poll_driver(w, 0) > 0 || bide__quit_signal_has_asked(w->runtime) ||
        atomic_load_explicit(&w->hub->pending, memory_order_relaxed))
        return true;
    if (!bide__pool_is_idle(w) || until_ns == INT64_MAX)
        return false;
    bide__time_set(until_ns);
    return true;
}

/* The runtime waits for nothing; only other threads could wake a task. */
static bool waits_for_nothing(struct bide__worker *w)
{
    return w->runtime->is_program && w->wheel->count == 0 && w->runtime->fds->waiting == 0 &&
           bide__pool_is_idle(w);
}

/* No task is ready, and only another thread could change that. */
static bool is_idle(struct bide__worker *w)
{
    return !bide__has_ready(w) && waits_for_nothing(w);
}

/* It has waited for nothing for a while. Will that last for ever? */
static void judge(struct bide__worker *w)
{
    enum bide__stuck answer = bide__is_stuck(w->runtime);
    int64_t next_ns = 2 * w->judge_after_ns;
    w->judge_after_ns = answer != BIDE__STUCK_PERHAPS ? 0
                        : next_ns < JUDGE_MAX_NS      ? next_ns
                                                      : JUDGE_MAX_NS;
    if (answer != BIDE__STUCK)
        return;
    bide__hub_take(w->hub, w); /* from threads that left meanwhile */
    w->runtime->is_stuck = is_idle(w);
}

/* No task is ready: waits until something happens, or until deadline_ns. */
static void wait_for_something(struct bide__worker *w, int64_t deadline_ns)
{
    bool is_virtual = bide__time_is_virtual();
    int64_t until_ns = bide__wheel_next(w->wheel, is_virtual);
    int64_t timeout_ns = -1;

    if (deadline_ns < until_ns)
        until_ns = deadline_ns;
    if (is_virtual) {
        if (bide__pass_virtual_time(w, until_ns))
            return;
    } else if (until_ns != INT64_MAX) {
        timeout_ns = until_ns - bide__clock_ns();
        if (timeout_ns < 0)
            timeout_ns = 0;
    }
    bool judges = w->judge_after_ns > 0 && waits_for_nothing(w) &&
                  (timeout_ns < 0 || timeout_ns > w->judge_after_ns);
    if (judges)
        timeout_ns = w->judge_after_ns;
    if (w->core != NULL && !bide__core_sleep(w->core))
        return;
    if (bide__hub_sleep(w->hub)) {
        poll_driver(w, timeout_ns);
        bide__hub_awake(w->hub);
    }
    if (w->core != NULL)
        bide__core_awake(w->core);
    take_over(w);
    pass_time(w);
    if (judges && is_idle(w))
        judge(w);
}

void bide__look_around(struct bide__worker *w)
{
    take_over(w);
    pass_time(w);
    poll_driver(w, 0);
}

static void drive(struct bide__worker *w, int64_t deadline_ns)
{
    if (__builtin_expect(bide__quit_signal_asks(w->runtime), 0))
        bide__dump_to_stderr(w->runtime);
    bide__refuse_forked(w->runtime);
    take_over(w);
    pass_time(w);
    if (!bide__has_ready(w))
        wait_for_something(w, deadline_ns);
    else if (w->runtime->fds->waiting > 0)
        poll_driver(w, 0);
}

/* The next task to run, after tasks of low priority; NULL: none is ready. */
static struct bide__task *next_task(struct bide__worker *w, struct bide__task *task)
{
    for (; task != NULL; task = bide__queue_pop(&w->queue)) {
        if (!bide__state_is_low(&task->wake.state))
            return task;
        bide__queue_push(&w->low, task);
    }
    return bide__queue_pop(&w->low);
}

/* The same, at the cost of one test if it is no task of low priority; a call would cost more. */
__attribute__((always_inline)) static inline struct bide__task *pop(struct bide__worker *w)
{
    struct bide__task *task = bide__queue_pop(&w->queue);
    if (__builtin_expect(task == NULL || bide__state_is_low(&task->wake.state), 0))
        return next_task(w, task);
    return task;
}

/* The turn of a task of low priority, however many others are ready. */
static void run_low(struct bide__worker *w)
{
    w->turns++;
    bide__task_run(w, bide__queue_pop(&w->low));
}

int bide__run(struct bide__worker *w, const struct bide__task *until, int64_t deadline_ns)
{
    for (;;) {
        while (w->turns < BIDE__TURNS) {
            struct bide__task *task = pop(w);
            if (task == NULL)
                break;
            w->turns++;
            bide__task_run(w, task);
            if (task == until && bide__state_done(&until->wake.state))
                return 0;
        }
        if (until == NULL && (w->core != NULL ? bide__core_returns(w->core) : w->hub->alive == 0))
            return 0;
        if (deadline_ns != INT64_MAX && bide__clock_ns() >= deadline_ns)
            return -ETIMEDOUT;
        if (w->runtime->is_stuck)
            return -EDEADLK;
        if (w->turns > 0)
            w->judge_after_ns = JUDGE_NS;
        w->turns = 0;
        drive(w, deadline_ns);
        if (__builtin_expect(w->low.first != NULL, 0))
            run_low(w);
    }
}

size_t bide__run_row(struct bide__worker *w, size_t polls)
{
    w->turns = 0;
    if (w->low.first != NULL && polls > 0)
        run_low(w);
    while (w->turns < BIDE__TURNS && w->turns < polls) {
        struct bide__task *task = pop(w);
        if (task == NULL)
            break;
        w->turns++;
        bide__task_run(w, task);
    }
    bide__refuse_forked(w->runtime);
    return w->turns;
}

void bide__run_ready(struct bide__worker *w, size_t polls)
{
    do {
        for (unsigned n = 0; n < BIDE__TURNS && polls > 0; n++, polls--) {
            struct bide__task *task = pop(w);
            if (task == NULL)
                break;
            bide__task_run(w, task);
            bide__refuse_forked(w->runtime);
        }
        bide__look_around(w);
    } while (polls > 0 && bide__has_ready(w));
}
