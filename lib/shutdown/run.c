/*
 * lib/shutdown/run.c: the steps of a shutdown; bide/shutdown.h says what they are.
 *
 * Nothing tells when a task ends, since that would cost every task. So the steps look at the number
 * of tasks again and again, first after 1 ms and at last every 20 ms, as Go's Server.Shutdown does.
 *
 * A step that ends late (a report waits for a worker that is stuck) does not move the next ones:
 * each deadline follows from the beginning, or from the hurry that ended the step before.
 */
#include "lib/async.h"

#include "lib/shutdown/guard.h"
#include "lib/shutdown/report.h"

#include <bide/runtime.h>
#include <bide/service.h>
#include <bide/shutdown.h>
#include <bide/signal.h>
#include <bide/time.h>

#include <signal.h>

enum { LOOK_FIRST_MS = 1, LOOK_LAST_MS = 20, ASK_AGAIN_MS = 100, SAME_MS = 40, EXIT_STATUS = 70 };

#define DRAIN  BIDE_S(5)
#define UNWIND BIDE_S(2)
#define FORCED BIDE_S(1)
#define GRACE  BIDE_S(1) /* between the end of all and that of the process */

struct run {
    bide_shutdown *shutdown;
    struct bide__report_to to;
    struct bide__guard *guard;
    bide_duration drain, unwind;
    enum step { DRAINS, UNWINDS, IS_FORCED } step;
};

static bide_duration duration_of(bide_duration given, bide_duration otherwise)
{
    return given.ns == 0 ? otherwise : given.ns < 0 ? BIDE_NS(0) : given;
}

/* Of the runtime, but this one. */
static size_t others(void)
{
    size_t all = bide_runtime_tasks(bide__runtime_running());
    return all > 0 ? all - 1 : 0;
}

/* Those of them for which a step waits; the drain waits for no helper. */
static size_t awaited(const struct run *run)
{
    size_t n = others();
    size_t helpers = __atomic_load_n(&run->shutdown->helpers_, __ATOMIC_RELAXED);

    if (run->step != DRAINS)
        return n;
    return n > helpers ? n - helpers : 0;
}

static bool is_hurried(const struct run *run)
{
    uint32_t hurries = __atomic_load_n(&run->shutdown->hurries_, __ATOMIC_RELAXED);
    return run->step != IS_FORCED && hurries > (uint32_t)run->step;
}

/* Waits for the others until the deadline, and returns how many are left. `asked`: they have been
 * asked to cancel, or are not to be; otherwise this tries again. */
static bide_async size_t wait_for_others(const struct run *run, bide_instant deadline, bool asked)
{
    int64_t pause_ms = LOOK_FIRST_MS;

    while (awaited(run) > 0 && !is_hurried(run)) {
        bide_duration left = bide_instant_sub(deadline, bide_now());
        if (left.ns <= 0)
            break;
        bide_duration pause = BIDE_MS(asked ? pause_ms : ASK_AGAIN_MS);
        bide_await bide_sleep(left.ns < pause.ns ? left : pause);
        pause_ms = pause_ms < LOOK_LAST_MS / 2 ? 2 * pause_ms : LOOK_LAST_MS;
        if (!asked)
            asked = bide__others_cancel(false);
    }
    return awaited(run);
}

/* What has become of those that are left, in the singular and the plural. */
static void say_left(const struct run *run, size_t n, const char *one, const char *more,
                     bide_instant since)
{
    if (n == 0)
        return;
    bide__report_say(&run->to, "%zu %s after %lld ms", n, n == 1 ? one : more,
                     (long long)(bide_elapsed(since).ns / 1000000));
    bide__report_tasks(&run->to);
}

/* After the drain: cancels the rest, and waits for it; then by force. */
static bide_async void end_others(struct run *run, bide_shutdown_result *result)
{
    bide_instant begin = bide_now();
    bool asked = bide__others_cancel(false);

    run->step = UNWINDS;
    size_t n = bide_await wait_for_others(run, bide_instant_add(begin, run->unwind), asked);
    if (n > 0) {
        say_left(run, n, "cancelled task has not unwound", "cancelled tasks have not unwound",
                 begin);
        bide_instant forced = bide_now();
        bide__others_cancel(true);
        run->step = IS_FORCED;
        n = bide_await wait_for_others(run, bide_instant_add(forced, FORCED), true);
    }
    result->left = n;
    say_left(run, n, "task cannot be ended", "tasks cannot be ended", begin);
}

static int64_t sum_of(int64_t a, int64_t b)
{
    return a < INT64_MAX - b ? a + b : INT64_MAX;
}

static void make_guard(struct run *run, int status)
{
    bide_duration limit = {sum_of(sum_of(run->drain.ns, run->unwind.ns), FORCED.ns + GRACE.ns)};

    if (status < 0)
        return;
    int r = bide__guard_new(&run->guard, bide__runtime_running(), limit,
                            status > 0 ? status : EXIT_STATUS);
    if (r < 0)
        bide__report_say(&run->to, "no thread that ends the process if it does not end: %s",
                         strerror(-r));
}

/* ---- the call ---- */

static bide_async void run_steps(struct run *run, bide_shutdown_result *result)
{
    bide_instant begin = bide_now();
    size_t before = awaited(run); /* other workers may end those that are told at once */

    bide_shutdown_begin(run->shutdown);
    (void)bide_service_notify("STOPPING=1");
    size_t n = bide_await wait_for_others(run, bide_instant_add(begin, run->drain), true);
    result->cancelled = n;
    result->drained = before > n ? before - n : 0;
    say_left(run, n, "task is cancelled, which has not ended",
             "tasks are cancelled, which have not ended", begin);
    bide_await end_others(run, result);
    result->took = bide_elapsed(begin);
}

bide_async int bide_shutdown_run(bide_shutdown *shutdown, const bide_shutdown_options *options,
                                 bide_shutdown_result *result)
{
    static const bide_shutdown_options none;
    bide_shutdown_result here;
    struct run run = {.shutdown = shutdown};

    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_shutdown_run");
    if (options == NULL)
        options = &none;
    if (result == NULL)
        result = &here;
    *result = (bide_shutdown_result){0};
    if (__atomic_exchange_n(&shutdown->runs_, 1, __ATOMIC_ACQUIRE))
        return -EBUSY;
    bide_defer {
        __atomic_store_n(&shutdown->runs_, 0, __ATOMIC_RELEASE);
    }
    run.to = bide__report_begin(options);
    run.drain = duration_of(options->drain, DRAIN);
    run.unwind = duration_of(options->unwind, UNWIND);
    make_guard(&run, options->exit_status);
    bide_defer {
        bide__guard_dismiss(run.guard);
        bide__others_end(result->left > 0);
    }
    bide_await run_steps(&run, result);
    if (result->left == 0)
        return 0;
    if (run.guard != NULL)
        bide__guard_leave(run.guard, GRACE);
    run.guard = NULL;
    return -ETIMEDOUT;
}

/* ---- signals ---- */

static bide_async int next_signal(void)
{
    int r = 0;

    (void)bide_await bide_select_biased(r = bide_signal_wait(SIGTERM),
                                        r = bide_signal_wait(SIGINT));
    return r;
}

/* Who sends a signal to a process and to its group sends it twice: make, npm, timeout(1). If there
 * is no memory to wait for a signal, the shutdown goes on without more signals. */
static bide_async void hurry_on_signals(bide_shutdown *shutdown)
{
    bide_instant last = bide_now();
    while (bide_await next_signal() == 0) {
        bool is_same = bide_elapsed(last).ns < BIDE_MS(SAME_MS).ns;
        last = bide_now();
        if (!is_same)
            bide_shutdown_hurry(shutdown);
    }
    for (;;)
        bide_await bide_sleep(BIDE_S(3600));
}

bide_async int bide_shutdown_on_signals(bide_shutdown *shutdown,
                                        const bide_shutdown_options *options,
                                        bide_shutdown_result *result)
{
    int r = 0;

    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_shutdown_on_signals");
    int told = bide_await bide_until_shutdown(shutdown, r = next_signal());

    if (told == 1 && r < 0)
        return r;
    (void)bide_await bide_select_biased(hurry_on_signals(shutdown),
                                        r = bide_shutdown_run(shutdown, options, result));
    return r;
}
