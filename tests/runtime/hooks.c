/*
 * The hooks of a runtime, and what it counts: each is called when bide/runtime.h says, for each way
 * in which a task ends.
 */
#include "runtime/options.h"
#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"

/* ---- a journal of what the hooks are told ---- */

enum { TASKS_MAX = 64 };

struct seen {
    uint64_t id;
    char function[32];
    unsigned spawned, begun, polled, ended;
};

static struct seen seen[TASKS_MAX];
static unsigned seen_count;
static uint64_t polling; /* the task between task_poll_begin and task_poll_end */
static int argument;

/* The latest task with this address: a block may be used again. */
static struct seen *find(const bide_task_info *task)
{
    for (unsigned i = seen_count; i > 0; i--)
        if (seen[i - 1].id == task->id)
            return &seen[i - 1];
    return NULL;
}

static struct seen *named(const char *function)
{
    for (unsigned i = 0; i < seen_count; i++)
        if (strcmp(seen[i].function, function) == 0)
            return &seen[i];
    CHECK(false);
    return NULL;
}

static void spawned(void *a, const bide_task_info *task)
{
    CHECK(a == &argument);
    CHECK(task->id != 0);
    const struct seen *before = find(task);
    CHECK(before == NULL || before->ended == 1);
    CHECK(seen_count < TASKS_MAX);
    struct seen *s = &seen[seen_count++];
    s->id = task->id;
    s->spawned = 1;
    snprintf(s->function, sizeof(s->function), "%s", task->function);
    /* The library's own functions are of other files. */
    const char *file = task->file;
    CHECK(file == NULL || task->line > 0);
    if (strncmp(task->function, "bide", 4) != 0)
        CHECK(file != NULL && strstr(file, "hooks.c") != NULL);
}

static void begins(void *a, const bide_task_info *task)
{
    struct seen *s = find(task);
    CHECK(a == &argument && s != NULL && s->ended == 0);
    CHECK_STR(task->function, s->function);
    CHECK_EQ(polling, 0);
    CHECK_EQ(bide_task_id(), 0);
    s->begun++;
    polling = task->id;
}

static void polled(void *a, const bide_task_info *task)
{
    struct seen *s = find(task);
    CHECK(a == &argument && s != NULL && s->ended == 0);
    CHECK_STR(task->function, s->function);
    CHECK_EQ(polling, task->id);
    s->polled++;
    CHECK_EQ(s->begun, s->polled);
    polling = 0;
}

static void ends(void *a, const bide_task_info *task)
{
    struct seen *s = find(task);
    CHECK(a == &argument && s != NULL && s->ended == 0);
    CHECK_STR(task->function, s->function);
    CHECK_EQ(polling, 0);
    CHECK(s->polled > 0);
    s->ended++;
}

static const bide_runtime_options all_task_hooks = {
    .hooks = {.argument = &argument,
              .task_spawn = spawned,
              .task_poll_begin = begins,
              .task_poll_end = polled,
              .task_end = ends},
};

static bide_runtime *new_runtime(const bide_runtime_options *options)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(options, &rt), 0);
    bide_runtime_enter(rt);
    return rt;
}

static void end_runtime(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* Every task has ended, with a spawn and an end. */
static void check_all_ended(void)
{
    for (unsigned i = 0; i < seen_count; i++) {
        CHECK_EQ(seen[i].spawned, 1);
        CHECK_EQ(seen[i].ended, 1);
        CHECK_EQ(seen[i].begun, seen[i].polled);
    }
}

/* ---- tasks ---- */

static async int yields_twice(void)
{
    CHECK(seen_count == 0 || bide_task_id() == polling);
    await bide_yield();
    CHECK(seen_count == 0 || bide_task_id() == polling);
    await bide_yield();
    return 3;
}

static async int joins_one(void)
{
    int out = 0;
    bide_task(int) h = bide_spawn(yields_twice());
    int r = await bide_task_join(h, &out);
    return r < 0 ? r : out;
}

TEST(a_task_is_spawned_polled_and_ended)
{
    bide_runtime *rt = new_runtime(&all_task_hooks);
    CHECK_EQ(bide_block_on(joins_one()), 3);
    CHECK_EQ(seen_count, 2);
    CHECK_EQ(named("yields_twice")->polled, 3);
    CHECK_EQ(named("joins_one")->polled, 2);
    check_all_ended();
    end_runtime(rt);
}

static async void sleeps(void)
{
    defer {
        await bide_sleep(BIDE_MS(1));
    }
    await bide_sleep(BIDE_S(1000000));
}

static async void scope_of_two(void)
{
    bide_scope(s) {
        bide_scope_spawn(s, sleeps());
        bide_scope_spawn(s, sleeps());
        await bide_yield();
        bide_scope_cancel(s);
    }
}

TEST(however_a_task_ends_its_end_is_told_once)
{
    bide_test_time_virtual();
    bide_runtime *rt = new_runtime(&all_task_hooks);
    bide_task(void) aborted = bide_spawn(sleeps());
    bide_task(void) aborted_at_once = bide_spawn(sleeps());
    bide_task_abort(aborted_at_once);
    bide_task_detach(bide_spawn(sleeps())); /* the shutdown ends it */
    bide_block_on(bide_yield());
    bide_task_abort(aborted);
    bide_block_on(scope_of_two());
    unsigned before = seen_count;
    CHECK_EQ(bide_runtime_tasks(rt), 1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    check_all_ended();
    bide_task_detach(bide_spawn(sleeps())); /* no task is made any more */
    CHECK_EQ(seen_count, before);
    bide_task_detach(aborted);
    bide_task_detach(aborted_at_once);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(a_task_without_a_handle_may_end_in_its_first_poll)
{
    bide_runtime *rt = new_runtime(&all_task_hooks);
    for (int i = 0; i < 20; i++)
        bide_task_detach(bide_spawn(joins_one()));
    while (bide_runtime_tasks(rt) > 0)
        bide_block_on(bide_yield());
    check_all_ended();
    end_runtime(rt);
}

/* ---- futures ---- */

static async void dropped_where_nothing_can_wait(bide_future(void) * out)
{
    bide_future(void) f = bide_lazy(sleeps());
    int r = await bide_timeout(BIDE_MS(1), bide_get(f));
    CHECK_ERR(r, -ETIMEDOUT);
    *out = bide_move(f);
}

TEST(a_future_is_a_task_once_nothing_can_wait_for_it)
{
    bide_test_time_virtual();
    bide_future(void) f = NULL;
    bide_runtime *rt = new_runtime(&all_task_hooks);
    bide_block_on(dropped_where_nothing_can_wait(&f));
    CHECK_EQ(seen_count, 1);
    bide_drop(f);
    CHECK_EQ(seen_count, 2);
    CHECK_STR(seen[1].function, "sleeps");
    while (bide_runtime_tasks(rt) > 0)
        bide_block_on(bide_sleep(BIDE_MS(1)));
    check_all_ended();
    end_runtime(rt);
}

/* ---- one hook alone ---- */

static unsigned told;

static void count(void *a, const bide_task_info *task)
{
    (void)a;
    CHECK(task->id != 0);
    told++;
}

TEST(any_hook_may_be_the_only_one)
{
    static const unsigned expected[4] = {2, 5, 5, 2};
    for (int i = 0; i < 4; i++) {
        bide_runtime_options options = {0};
        *(i == 0   ? &options.hooks.task_spawn
          : i == 1 ? &options.hooks.task_poll_begin
          : i == 2 ? &options.hooks.task_poll_end
                   : &options.hooks.task_end) = count;
        told = 0;
        bide_runtime *rt = new_runtime(&options);
        CHECK_EQ(bide_block_on(joins_one()), 3);
        CHECK_EQ(told, expected[i]);
        end_runtime(rt);
    }
}

/* ---- a clock that stands, but for waits ---- */

static int64_t now_ns;

static int64_t stepped_clock(void)
{
    return now_ns;
}

/* Every wait takes 5 s. */
static int stepped_wait(int ep, struct epoll_event *events, int max, int64_t timeout_ns)
{
    (void)ep, (void)events, (void)max;
    CHECK(timeout_ns > 0);
    now_ns += INT64_C(5000000000);
    return 0;
}

static void step_time(void)
{
    now_ns = bide__door_real.clock();
    bide_test_replace("clock", (void (*)(void))stepped_clock);
    bide_test_replace("epoll_pwait2", (void (*)(void))stepped_wait);
}

/* ---- threads ---- */

static atomic_int started, stopped;
static _Thread_local int hook_thread;

static void thread_starts(void *a)
{
    char name[16];
    CHECK(a == &argument);
    hook_thread = 1;
    CHECK_EQ(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
    CHECK(strncmp(name, "bide-b", 6) == 0);
    started++;
}

static void thread_stops(void *a)
{
    CHECK(a == &argument);
    CHECK_EQ(hook_thread, 1);
    stopped++;
}

static int started_here(void)
{
    return hook_thread;
}

static async int calls_on_the_pool(void)
{
    int a = 0, b = 0;
    await bide_join(a = bide_blocking(started_here()), b = bide_blocking(started_here()));
    return a + b;
}

TEST(each_thread_of_the_pool_starts_and_stops)
{
    const bide_runtime_options options = {.hooks = {.argument = &argument,
                                                    .thread_start = thread_starts,
                                                    .thread_stop = thread_stops}};
    bide_runtime *rt = new_runtime(&options);
    CHECK_EQ(started, 0);
    CHECK_EQ(bide_block_on(calls_on_the_pool()), 2);
    CHECK_EQ(hook_thread, 0);
    CHECK(started >= 1 && started <= 2);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(stopped, started);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static int parked, unparked;
static bide_task(void) to_abort;

static void parks(void *a)
{
    CHECK(a == &argument);
    CHECK_EQ(parked, unparked);
    parked++;
    if (to_abort != NULL)
        bide_task_abort(to_abort);
}

static void unparks(void *a)
{
    CHECK(a == &argument);
    unparked++;
    CHECK_EQ(parked, unparked);
}

static const bide_runtime_options park_hooks = {
    .hooks = {.argument = &argument, .thread_park = parks, .thread_unpark = unparks}};

TEST(a_thread_with_nothing_to_do_parks)
{
    step_time();
    bide_runtime *rt = new_runtime(&park_hooks);
    CHECK_EQ(bide_block_on(joins_one()), 3);
    CHECK_EQ(parked, 0);
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_S(1))), 0);
    CHECK_EQ(parked, 1);
    CHECK_EQ(unparked, 1);
    end_runtime(rt);
}

static async int waits_for_the_abort(void)
{
    return await bide_task_wait(to_abort);
}

static async void sleeps_for_ever(void)
{
    await bide_sleep(BIDE_S(1000000));
}

TEST(a_wake_in_the_hook_is_not_slept_over)
{
    bide_runtime *rt = new_runtime(&park_hooks);
    to_abort = bide_spawn(sleeps_for_ever());
    CHECK_ERR(bide_block_on(waits_for_the_abort()), -ECANCELED);
    CHECK_EQ(parked, 1);
    CHECK_EQ(unparked, 1);
    bide_task_detach(to_abort);
    to_abort = NULL;
    end_runtime(rt);
}

/* ---- metrics ---- */

static bide_runtime_metrics metrics(bide_runtime *rt)
{
    bide_runtime_metrics m;
    memset(&m, 0xFF, sizeof(m));
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    return m;
}

TEST(a_new_runtime_has_done_nothing)
{
    bide_runtime *rt = new_runtime(NULL);
    bide_runtime_metrics m = metrics(rt);
    CHECK_EQ(m.workers, 1);
    CHECK_EQ(m.alive_tasks, 0);
    CHECK_EQ(m.injector_depth, 0);
    CHECK_EQ(m.busy.ns, 0);
    CHECK_EQ(m.parks, 0);
    CHECK_EQ(m.unparks, 0);
    CHECK_EQ(m.blocking_threads, 0);
    CHECK_EQ(m.blocking_idle, 0);
    CHECK_EQ(m.blocking_queued, 0);
    CHECK_ERR(bide_runtime_metrics_read(NULL, &m), -EINVAL);
    CHECK_ERR(bide_runtime_metrics_read(rt, NULL), -EINVAL);
    end_runtime(rt);
}

static sem_t begun, go;

static int waits_for_go(void)
{
    sem_post(&begun);
    sem_wait(&go);
    return 0;
}

static async int calls(void)
{
    return await bide_blocking(waits_for_go());
}

TEST(tasks_and_the_pool_are_counted)
{
    sem_init(&begun, 0, 0);
    sem_init(&go, 0, 0);
    bide_runtime *rt = new_runtime(&(bide_runtime_options){.blocking_threads_max = 1});
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn(calls()));
    CHECK_EQ(metrics(rt).alive_tasks, 3);
    bide_block_on(bide_yield());
    sem_wait(&begun);
    CHECK_EQ(metrics(rt).blocking_threads, 1);
    CHECK_EQ(metrics(rt).blocking_idle, 0);
    CHECK_EQ(metrics(rt).blocking_queued, 2);
    CHECK_EQ(metrics(rt).injector_depth, 0);
    sem_post(&go);
    sem_post(&go);
    sem_wait(&begun);
    sem_wait(&begun);
    while (metrics(rt).injector_depth < 2)
        sched_yield();
    CHECK_EQ(metrics(rt).alive_tasks, 3);
    sem_post(&go);
    while (metrics(rt).alive_tasks > 0)
        bide_block_on(bide_sleep(BIDE_US(1)));
    CHECK_EQ(metrics(rt).injector_depth, 0);
    CHECK_EQ(metrics(rt).blocking_queued, 0);
    end_runtime(rt);
}

static async void works(int seconds)
{
    await bide_sleep(BIDE_NS(1));
    now_ns += seconds * INT64_C(1000000000);
}

TEST(the_time_in_which_tasks_run_is_counted_and_that_of_waits_is_not)
{
    step_time();
    bide_runtime *rt = new_runtime(NULL);
    bide_block_on(works(3));
    bide_runtime_metrics m = metrics(rt);
    CHECK_EQ(m.parks, 1);
    CHECK_EQ(m.unparks, 1);
    CHECK_EQ(m.busy.ns, INT64_C(3000000000));
    now_ns += INT64_C(100000000000); /* nothing runs */
    bide_block_on(works(4));
    m = metrics(rt);
    CHECK_EQ(m.parks, 2);
    CHECK_EQ(m.busy.ns, INT64_C(7000000000));
    end_runtime(rt);
}

static async int64_t busy_inside(bide_runtime *rt)
{
    await bide_sleep(BIDE_NS(1));
    now_ns += INT64_C(2000000000);
    return metrics(rt).busy.ns;
}

TEST(metrics_may_be_asked_for_in_a_task)
{
    step_time();
    bide_runtime *rt = new_runtime(NULL);
    CHECK_EQ(bide_block_on(busy_inside(rt)), INT64_C(2000000000));
    end_runtime(rt);
}
