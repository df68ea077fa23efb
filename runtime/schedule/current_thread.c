/*
 * current_thread.c: the executor of one thread.
 *
 * Tasks run in the order in which they were woken. Whenever no task is ready the worker looks
 * elsewhere: at the timers and the driver, and at wakes from other threads. It does so too after
 * `event_interval` tasks, for the first two, and after `injector_interval` tasks, for the last.
 * Both are options; the default is BIDE__TURNS. So if the number of tasks is bounded and each poll
 * is (the budget ensures that for awaits that are always ready), every task that was woken is
 * polled within a bounded time, and every timer and event is seen within one. Nothing else is
 * promised about the order. There is no slot for the task that was woken last: on one thread it
 * would save no hand-over to another, and the promise rests on first-in first-out.
 *
 * The task of a blocking call is polled at once if none is ready (bide__run_now), so a call that
 * does not wait never enters the queue.
 *
 * Tasks of low priority go through the run queue too, but when it is their turn they are put aside.
 * They run when no other task is ready, and one of them after each look elsewhere. So while such a
 * task waits, at least one poll of the tasks between two such looks is of one; and a task of normal
 * priority pays one test of its state.
 *
 * Tasks are counted over all runs, before each is polled, so that many short runs (bide_block_on of
 * calls that are ready at once) do not starve the rest. The driver is not asked while tasks are
 * ready and no leaf waits for a descriptor.
 *
 * A worker with hooks for tasks may run none in the loop for others (turns_max is 0), and has one
 * of its own. The clock is read for the metrics only where the worker sleeps or has looked
 * elsewhere.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/driver.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/task/gauge.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"
#include "runtime/trace/census.h"
#include "runtime/trace/trace.h"

/* A program that waits for nothing asks after this time whether it is stuck. As long as it may
 * become stuck (when a thread leaves) it asks again, after twice the time and so on, up to
 * JUDGE_MAX_NS. */
static const int64_t JUDGE_NS = INT64_C(100000000), JUDGE_MAX_NS = INT64_C(10000000000);

/* A timer that is due within this time leaves no time to wait for the pool without sleeping. */
static const int64_t SOON_NS = INT64_C(200000);

/* Takes wakes and messages from other threads. */
static void take_over(struct bide__worker *w)
{
    if (atomic_load_explicit(&w->hub->pending, memory_order_relaxed))
        bide__hub_take(w->hub, w);
    bide__hub_read(w->hub);
    if (__builtin_expect(w->core != NULL, 0))
        bide__core_receive(w->core);
    bide__census_look(w);
}

/*
 * Timers that are woken at a time: while no task is ready, and while others are, for every so many
 * polls. With a million that are due, the task of each would have left the cache when its turn
 * comes. And what is woken while others are ready only waits behind them.
 */
enum { WAKES_IDLE = 512, WAKES_POLLS = 4 };

/* Wakes tasks whose timers are due. */
static void pass_time(struct bide__worker *w)
{
    if (w->wheel->count == 0)
        return;
    size_t most = WAKES_IDLE;
    if (bide__has_ready(w))
        most = w->runtime->options->event_interval / WAKES_POLLS + 1;
    bide__wheel_advance(w->wheel, bide__clock_ns(), most);
}

/* ---- nothing is ready ---- */

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
 * Asking the driver consumes a wake from another thread, from SIGQUIT or of a console, so all are
 * checked. */
bool bide__pass_virtual_time(struct bide__worker *w, int64_t until_ns)
{
    if (poll_driver(w, 0) > 0 || bide__quit_signal_has_asked(w->runtime) ||
        atomic_load_explicit(&w->hub->pending, memory_order_relaxed) || bide__census_is_due(w))
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
    enum bide__stuck answer = bide__is_stuck(w->runtime, 0);
    int64_t next_ns = 2 * w->judge_after_ns;
    w->judge_after_ns = answer != BIDE__STUCK_PERHAPS ? 0
                        : next_ns < JUDGE_MAX_NS      ? next_ns
                                                      : JUDGE_MAX_NS;
    if (answer != BIDE__STUCK)
        return;
    bide__hub_take(w->hub, w); /* from threads that left meanwhile */
    w->runtime->is_stuck = is_idle(w);
}

/* Waits in the driver, unless there is something to do. */
static void wait_in_driver(struct bide__worker *w, int64_t now_ns, int64_t timeout_ns)
{
    if (w->core != NULL && !bide__core_sleep(w->core))
        return;
    bool answers = (timeout_ns < 0 || timeout_ns > SOON_NS) && bide__pool_answers(w->runtime);
    if (!answers && bide__hub_sleep(w->hub)) {
        bide__count_up(&w->parks);
        bide__busy_end(w, now_ns);
        poll_driver(w, timeout_ns);
        bide__count_up(&w->unparks);
        bide__busy_begin(w, bide__clock_ns());
        bide__hub_awake(w->hub);
    }
    if (w->core != NULL)
        bide__core_awake(w->core);
    take_over(w);
    pass_time(w);
}

static void park(struct bide__worker *w, int64_t now_ns, int64_t timeout_ns)
{
    bide__options_park(w->runtime->options);
    if (!bide__has_ready(w)) /* the hook may have woken a task */
        wait_in_driver(w, now_ns, timeout_ns);
    bide__options_unpark(w->runtime->options);
}

/* No task is ready: waits until something happens, or until deadline_ns. */
static void wait_for_something(struct bide__worker *w, int64_t deadline_ns)
{
    bool is_virtual = bide__time_is_virtual();
    int64_t until_ns = bide__wheel_next(w->wheel, is_virtual);
    int64_t timeout_ns = -1, now_ns = bide__clock_ns();

    if (deadline_ns < until_ns)
        until_ns = deadline_ns;
    if (is_virtual) {
        if (bide__pass_virtual_time(w, until_ns))
            return;
    } else if (until_ns != INT64_MAX) {
        timeout_ns = until_ns - now_ns;
        if (timeout_ns < 0)
            timeout_ns = 0;
    }
    bool judges = w->judge_after_ns > 0 && waits_for_nothing(w) &&
                  (timeout_ns < 0 || timeout_ns > w->judge_after_ns);
    if (judges)
        timeout_ns = w->judge_after_ns;
    park(w, now_ns, timeout_ns);
    if (judges && is_idle(w))
        judge(w);
}

/* ---- looking elsewhere ---- */

static void look_at_injector(struct bide__worker *w)
{
    w->since_injector = 0;
    take_over(w);
}

static void look_at_events(struct bide__worker *w, int64_t deadline_ns)
{
    w->since_events = 0;
    pass_time(w);
    if (!bide__has_ready(w))
        wait_for_something(w, deadline_ns);
    else if (w->runtime->fds->waiting > 0)
        poll_driver(w, 0);
}

void bide__turns_begin(struct bide__worker *w)
{
    unsigned events = w->runtime->options->event_interval - w->since_events;
    unsigned injector = w->runtime->options->injector_interval - w->since_injector;
    unsigned max = events < injector ? events : injector, polls = w->turns;
    bide__count_more(&w->polls, w->turns);
    w->turns = 0;
    w->turns_max = w->watched ? 0 : max;
    w->watched_max = max;
    if (bide__gauging()) {
        unsigned next = bide__gauge_round(w, polls, max);
        if (!w->watched)
            w->turns_max = next < max ? next : max;
    }
}

void bide__look_around(struct bide__worker *w)
{
    w->since_events = w->since_injector = 0;
    take_over(w);
    pass_time(w);
    poll_driver(w, 0);
    bide__turns_begin(w);
}

static void drive(struct bide__worker *w, int64_t deadline_ns)
{
    if (__builtin_expect(bide__quit_signal_asks(w->runtime), 0))
        bide__dump_to_stderr(w->runtime);
    bide__refuse_forked(w->runtime);
    if (!bide__is_busy(w))
        bide__busy_begin(w, bide__clock_ns());
    if (!bide__has_ready(w) || w->since_injector >= w->runtime->options->injector_interval)
        look_at_injector(w);
    if (!bide__has_ready(w) || w->since_events >= w->runtime->options->event_interval)
        look_at_events(w, deadline_ns);
    bide__turns_begin(w);
}

/* ---- running ---- */

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

/* The row has stopped before this poll, which is to be measured. */
static __attribute__((noinline)) void run_measured(struct bide__worker *w, struct bide__task *task)
{
    if (!bide__gauge_run(w, task)) {
        w->watched_max = w->turns; /* and it looks at everything else */
        w->since_events = w->runtime->options->event_interval;
        w->since_injector = w->runtime->options->injector_interval;
    }
    w->turns_max = w->sampler.exact ? w->turns : w->watched_max;
}

static void run_one(struct bide__worker *w, struct bide__task *task)
{
    if (w->watched)
        bide__task_run_watched(w, task);
    else if (w->turns > w->turns_max && bide__gauging())
        run_measured(w, task);
    else
        bide__task_run(w, task);
}

/* The turn of a task of low priority, however many others are ready. It counts, unless it would be
 * the only one. */
static void run_low(struct bide__worker *w)
{
    if (w->watched_max > 1)
        w->turns++;
    else
        bide__count_up(&w->polls);
    run_one(w, bide__queue_pop(&w->low));
}

/* Runs tasks until it is time to look elsewhere. True: `until` is DONE. */
static bool run_some(struct bide__worker *w, const struct bide__task *until)
{
    for (;;) {
        if (bide__task_run_row(w, until, w->turns_max))
            return true;
        struct bide__task *task = w->turns < w->watched_max ? pop(w) : NULL;
        if (task == NULL)
            return false;
        w->turns++;
        run_one(w, task);
        if (task == until && bide__state_done(&until->wake.state))
            return true;
    }
}

static int run(struct bide__worker *w, const struct bide__task *until, int64_t deadline_ns)
{
    for (;;) {
        if (run_some(w, until))
            return 0;
        if (until == NULL && (w->core != NULL ? bide__core_returns(w->core) : w->hub->alive == 0))
            return 0;
        if (deadline_ns != INT64_MAX && bide__clock_ns() >= deadline_ns)
            return -ETIMEDOUT;
        if (w->runtime->is_stuck)
            return -EDEADLK;
        if (w->turns > 0)
            w->judge_after_ns = JUDGE_NS;
        w->since_events += w->turns;
        w->since_injector += w->turns;
        drive(w, deadline_ns);
        if (__builtin_expect(w->low.first != NULL, 0))
            run_low(w);
    }
}

int bide__run(struct bide__worker *w, const struct bide__task *until, int64_t deadline_ns)
{
    int r = run(w, until, deadline_ns);
    /* A connection that was closed, say, is to be closed now, though nobody waits any more. */
    if (__builtin_expect(atomic_load_explicit(&w->driver->unsent, memory_order_relaxed) > 0, 0))
        poll_driver(w, 0);
    if (__builtin_expect(bide__is_busy(w), 0))
        bide__busy_end(w, bide__clock_ns());
    return r;
}

size_t bide__run_row(struct bide__worker *w, size_t polls)
{
    size_t done = 0;

    bide__count_more(&w->polls, w->turns);
    w->turns = 0;
    if (w->low.first != NULL && polls > 0) {
        run_low(w);
        done++;
    }
    for (; w->turns < w->watched_max && done < polls; done++) {
        struct bide__task *task = pop(w);
        if (task == NULL)
            break;
        w->turns++;
        run_one(w, task);
    }
    bide__refuse_forked(w->runtime);
    return done;
}

void bide__run_ready(struct bide__worker *w, size_t polls)
{
    do {
        for (unsigned n = 0; n < w->watched_max && polls > 0; n++, polls--) {
            struct bide__task *task = pop(w);
            if (task == NULL)
                break;
            bide__count_up(&w->polls);
            run_one(w, task);
            bide__refuse_forked(w->runtime);
        }
        bide__look_around(w);
    } while (polls > 0 && bide__has_ready(w));
}
