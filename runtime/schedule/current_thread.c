/*
 * current_thread.c: the executor of one thread.
 *
 * Tasks run in the order in which they were woken. After BIDE__TURNS tasks, and whenever none is
 * ready, other things have their turn: wakes of other threads, timers, the driver. So if the number
 * of tasks is bounded and each poll is (the budget sees to that for awaits that are always ready),
 * every task that was woken is polled within a bounded time, and every timer and event is seen
 * within one. Nothing else is promised about order. There is no slot for the task that was woken
 * last: on one thread it saves no hand-over to another, and first-in first-out is what makes this
 * promise.
 *
 * They are counted over all runs, before each is polled, so that many short runs (bide_block_on of
 * what is ready at once) do not starve what else there is. The driver is not asked while tasks are
 * ready and no leaf waits for a descriptor.
 */
#include "runtime/trace/trace.h"

/* Wakes and messages of other threads. */
static void take_over(struct bide_runtime *rt)
{
    if (atomic_load_explicit(&rt->hub->pending, memory_order_relaxed))
        bide__hub_take(rt->hub, rt);
    bide__hub_read(rt->hub);
}

/* Wakes the tasks whose timers are due. */
static void pass_time(struct bide_runtime *rt)
{
    if (rt->wheel.count > 0)
        bide__wheel_advance(&rt->wheel, bide__clock_ns());
}

static int poll_driver(struct bide_runtime *rt, int64_t timeout_ns)
{
    return rt->driver->ops->wait(rt->driver, rt, timeout_ns);
}

/* No call is on the pool, and none has ended of which the owner is still to hear: it is told before
 * the call is not counted any more. */
static bool pool_is_idle(struct bide_runtime *rt)
{
    return atomic_load_explicit(&rt->pool.in_flight, memory_order_acquire) == 0 &&
           !atomic_load_explicit(&rt->hub->pending, memory_order_relaxed);
}

/* All is idle, and time is virtual. True: it has passed, or there was an event; false: wait. To ask
 * the driver takes a wake of another thread and of SIGQUIT away, so both are looked at. */
static bool pass_virtual_time(struct bide_runtime *rt, int64_t until_ns)
{
    if (poll_driver(rt, 0) > 0 || bide__quit_signal_has_asked(rt) ||
        atomic_load_explicit(&rt->hub->pending, memory_order_relaxed))
        return true;
    if (!pool_is_idle(rt) || until_ns == INT64_MAX)
        return false;
    bide__time_set(until_ns);
    return true;
}

/* Nothing that the runtime waits for can happen; only other threads could wake a task. */
static bool waits_for_nothing(struct bide_runtime *rt)
{
    return rt->is_program && rt->wheel.count == 0 && rt->fds.waiting == 0 && pool_is_idle(rt);
}

/* No task is ready, and none will be but by another thread. */
static bool is_idle(struct bide_runtime *rt)
{
    return rt->queue.first == NULL && waits_for_nothing(rt);
}

/* It has waited for nothing for a while: is that for ever? */
static void judge(struct bide_runtime *rt)
{
    enum bide__stuck answer = bide__is_stuck(rt);
    int64_t next_ns = 2 * rt->judge_after_ns;
    rt->judge_after_ns = answer != BIDE__STUCK_PERHAPS  ? 0
                         : next_ns < BIDE__JUDGE_MAX_NS ? next_ns
                                                        : BIDE__JUDGE_MAX_NS;
    if (answer != BIDE__STUCK)
        return;
    bide__hub_take(rt->hub, rt); /* of threads that left meanwhile */
    rt->is_stuck = is_idle(rt);
}

/* No task is ready: waits until something happens, or until deadline_ns. */
static void wait_for_something(struct bide_runtime *rt, int64_t deadline_ns)
{
    bool is_virtual = bide__time_is_virtual();
    int64_t until_ns = bide__wheel_next(&rt->wheel, is_virtual);
    int64_t timeout_ns = -1;

    if (deadline_ns < until_ns)
        until_ns = deadline_ns;
    if (is_virtual) {
        if (pass_virtual_time(rt, until_ns))
            return;
    } else if (until_ns != INT64_MAX) {
        timeout_ns = until_ns - bide__clock_ns();
        if (timeout_ns < 0)
            timeout_ns = 0;
    }
    bool judges = rt->judge_after_ns > 0 && waits_for_nothing(rt) &&
                  (timeout_ns < 0 || timeout_ns > rt->judge_after_ns);
    if (judges)
        timeout_ns = rt->judge_after_ns;
    if (!bide__hub_sleep(rt->hub))
        return;
    poll_driver(rt, timeout_ns);
    bide__hub_awake(rt->hub);
    take_over(rt);
    pass_time(rt);
    if (judges && is_idle(rt))
        judge(rt);
}

static void drive(struct bide_runtime *rt, int64_t deadline_ns)
{
    if (__builtin_expect(bide__quit_signal_asks(rt), 0))
        bide__dump_to_stderr(rt);
    bide__refuse_forked(rt);
    take_over(rt);
    pass_time(rt);
    if (rt->queue.first == NULL)
        wait_for_something(rt, deadline_ns);
    else if (rt->fds.waiting > 0)
        poll_driver(rt, 0);
}

int bide__run(struct bide_runtime *rt, const struct bide__task *until, int64_t deadline_ns)
{
    for (;;) {
        while (rt->turns < BIDE__TURNS) {
            struct bide__task *task = bide__queue_pop(&rt->queue);
            if (task == NULL)
                break;
            rt->turns++;
            bide__task_run(rt, task);
            if (task == until && bide__state_done(&until->wake.state))
                return 0;
        }
        if (until == NULL && rt->alive == 0)
            return 0;
        if (deadline_ns != INT64_MAX && bide__clock_ns() >= deadline_ns)
            return -ETIMEDOUT;
        if (rt->is_stuck)
            return -EDEADLK;
        if (rt->turns > 0)
            rt->judge_after_ns = BIDE__JUDGE_NS;
        rt->turns = 0;
        drive(rt, deadline_ns);
    }
}

void bide__run_ready(struct bide_runtime *rt, size_t polls)
{
    do {
        for (unsigned n = 0; n < BIDE__TURNS && polls > 0; n++, polls--) {
            struct bide__task *task = bide__queue_pop(&rt->queue);
            if (task == NULL)
                break;
            bide__task_run(rt, task);
            bide__refuse_forked(rt);
        }
        take_over(rt);
        pass_time(rt);
        poll_driver(rt, 0);
    } while (polls > 0 && rt->queue.first != NULL);
}
