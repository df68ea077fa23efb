/*
 * What a multi_thread runtime makes of its options: threads with names and stacks, hooks on every
 * worker, what is counted, the slot and the intervals.
 */
#include "runtime/schedule/multi.h"
#include "runtime/options.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"

static bide_runtime *rt;

static void begin(bide_runtime_options o)
{
    o.flavour = BIDE_MULTI_THREAD;
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static bide_runtime_metrics metrics(void)
{
    bide_runtime_metrics m;
    memset(&m, 0xFF, sizeof(m));
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    return m;
}

/* ---- threads ---- */

static atomic_int started, stopped;

static void starts(void *a)
{
    CHECK(a == &started);
    atomic_fetch_add(&started, 1);
}

static void stops(void *a)
{
    CHECK(a == &started);
    atomic_fetch_add(&stopped, 1);
}

/* The number of threads of this process with this name. */
static int threads_named(const char *name)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;

    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        char path[300], text[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(text, sizeof(text), file) != NULL)
            text[strcspn(text, "\n")] = '\0';
        count += strcmp(text, name) == 0;
        fclose(file);
    }
    closedir(dir);
    return count;
}

TEST(each_worker_has_a_name_and_starts_and_stops)
{
    begin((bide_runtime_options){
        .workers = 3,
        .thread_name = "mill",
        .name = "the mill",
        .hooks = {.argument = &started, .thread_start = starts, .thread_stop = stops}});
    CHECK_STR(bide_runtime_name(rt), "the mill");
    while (atomic_load(&started) < 3)
        sched_yield();
    CHECK_EQ(threads_named("mill-w0"), 1);
    CHECK_EQ(threads_named("mill-w1"), 1);
    CHECK_EQ(threads_named("mill-w2"), 1);
    CHECK_EQ(threads_named("mill-w3"), 0);
    CHECK_EQ(atomic_load(&stopped), 0);
    end();
    CHECK_EQ(atomic_load(&started), 3);
    CHECK_EQ(atomic_load(&stopped), 3);
}

static async size_t stack_size(void)
{
    pthread_attr_t attributes;
    size_t size;
    CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQ(pthread_attr_getstacksize(&attributes, &size), 0);
    pthread_attr_destroy(&attributes);
    return size;
}

TEST(workers_have_the_stack_that_was_asked_for)
{
    begin((bide_runtime_options){.workers = 1, .thread_stack_size = 1 << 20});
    CHECK_EQ(bide_block_on(stack_size()), 1 << 20);
    end();
}

TEST(a_paused_clock_is_refused)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .start_paused = true};
    CHECK_ERR(bide_runtime_new(&o, &rt), -EINVAL);
    CHECK(rt == NULL);
    CHECK(!bide__time_is_virtual());
}

/* ---- hooks for tasks ---- */

static atomic_int spawned, begun, polled, ended, outside;
static _Thread_local uint64_t polling;

static void on_spawn(void *a, const bide_task_info *task)
{
    (void)a;
    CHECK(task->id != 0 && task->function != NULL);
    atomic_fetch_add(&spawned, 1);
    if (bide__thread.running == NULL)
        atomic_fetch_add(&outside, 1);
}

static void on_begin(void *a, const bide_task_info *task)
{
    (void)a;
    CHECK_EQ(polling, 0);
    CHECK(bide__thread.running != NULL);
    polling = task->id;
    atomic_fetch_add(&begun, 1);
}

static void on_polled(void *a, const bide_task_info *task)
{
    (void)a;
    CHECK_EQ(polling, task->id);
    polling = 0;
    atomic_fetch_add(&polled, 1);
}

static void on_end(void *a, const bide_task_info *task)
{
    (void)a;
    CHECK(task->id != 0);
    CHECK_EQ(polling, 0);
    atomic_fetch_add(&ended, 1);
}

static async int yields(int times)
{
    for (int i = 0; i < times; i++) {
        CHECK(polling == 0 || polling == bide_task_id());
        await bide_yield();
    }
    return times;
}

static async int spawns(int n)
{
    bide_task(int) all[64];
    int sum = 0, out = 0;
    for (int i = 0; i < n; i++)
        all[i] = bide_spawn(yields(i % 5));
    for (int i = 0; i < n; i++) {
        CHECK_EQ(await bide_task_join(all[i], &out), 0);
        sum += out;
    }
    return sum;
}

TEST_LIMIT(each_poll_on_any_worker_is_told, 30)
{
    begin((bide_runtime_options){.workers = 4,
                                 .hooks = {.task_spawn = on_spawn,
                                           .task_poll_begin = on_begin,
                                           .task_poll_end = on_polled,
                                           .task_end = on_end}});
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(bide_block_on(spawns(50)), 100);
        /* The end is told before anybody who waits for the task goes on. */
        CHECK_EQ(atomic_load(&ended), (i + 1) * 51);
    }
    CHECK_EQ(atomic_load(&outside), 50);
    bide_task(int) one = bide_spawn_on(rt, yields(3));
    bide_task_abort(one);
    bide_task_detach(one);
    end();
    CHECK_EQ(atomic_load(&spawned), 50 * 51 + 1);
    CHECK_EQ(atomic_load(&ended), 50 * 51 + 1);
    CHECK_EQ(atomic_load(&begun), atomic_load(&polled));
    CHECK(atomic_load(&begun) >= 50 * 51);
}

/* On one thread too, a task from another thread is told of before its first poll. */
static void *spawns_there(void *argument)
{
    bide_task_detach(bide_spawn_on((bide_runtime *)argument, yields(2)));
    return NULL;
}

static async void until_ended(int n)
{
    while (atomic_load(&ended) < n)
        await bide_yield();
}

TEST(a_task_from_another_thread_is_told_of_by_the_thread_that_runs_it)
{
    bide_runtime_options o = {.hooks = {.task_spawn = on_spawn,
                                        .task_poll_begin = on_begin,
                                        .task_poll_end = on_polled,
                                        .task_end = on_end}};
    pthread_t thread;
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(pthread_create(&thread, NULL, spawns_there, rt), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(atomic_load(&spawned), 0);
    bide_block_on(until_ended(1));
    CHECK_EQ(atomic_load(&spawned), 2);
    CHECK_EQ(atomic_load(&ended), 2);
    end();
}

/* ---- sleep, and what is counted ---- */

static atomic_int parked, unparked;

static void parks(void *a)
{
    (void)a;
    atomic_fetch_add(&parked, 1);
}

static void unparks(void *a)
{
    (void)a;
    atomic_fetch_add(&unparked, 1);
}

TEST(workers_that_sleep_are_counted)
{
    begin((bide_runtime_options){.workers = 3,
                                 .hooks = {.thread_park = parks, .thread_unpark = unparks}});
    CHECK_EQ(metrics().workers, 3);
    while (metrics().parks - metrics().unparks < 3)
        sched_yield();
    CHECK_EQ(bide_block_on(yields(100)), 100);
    while (metrics().parks - metrics().unparks < 3)
        sched_yield();
    bide_runtime_metrics m = metrics();
    CHECK(m.unparks >= 1);
    CHECK(m.busy.ns > 0);
    CHECK_EQ(m.alive_tasks, 0);
    CHECK_EQ(m.injector_depth, 0);
    end();
    CHECK_EQ(atomic_load(&parked), atomic_load(&unparked));
    CHECK(atomic_load(&parked) >= 4);
}

/* ---- the slot and the intervals, with one worker ---- */

static char order[8];

static async void writes(const char *letter)
{
    strcat(order, letter);
}

static async int two_children(void)
{
    order[0] = '\0';
    bide_task(void) a = bide_spawn(writes("a"));
    bide_task(void) b = bide_spawn(writes("b"));
    CHECK_EQ(await bide_task_join(a, NULL), 0);
    return await bide_task_join(b, NULL);
}

TEST(without_the_slot_tasks_run_in_their_order)
{
    begin((bide_runtime_options){.workers = 1});
    CHECK_EQ(bide_block_on(two_children()), 0);
    CHECK_STR(order, "ba");
    end();
    begin((bide_runtime_options){.workers = 1, .lifo_slot_off = true});
    CHECK_EQ(bide_block_on(two_children()), 0);
    CHECK_STR(order, "ab");
    end();
}

static atomic_bool stop;

static async void stop_now(void)
{
    atomic_store(&stop, true);
}

static void *stops_from_outside(void *argument)
{
    (void)argument;
    bide_task_detach(bide_spawn_on(rt, stop_now()));
    return NULL;
}

static void spawn_from_outside(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, stops_from_outside, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* The number of yields before a task of another thread, which is there, runs. */
static async int yields_before_it(void)
{
    int n = 0;
    atomic_store(&stop, false);
    spawn_from_outside();
    for (; !atomic_load(&stop); n++)
        await bide_yield();
    return n;
}

/* The second time, the count has just begun again. */
static async int yields_twice(void)
{
    await yields_before_it();
    return await yields_before_it();
}

TEST(tasks_of_other_threads_are_seen_after_the_injector_interval)
{
    static const unsigned intervals[] = {1, 10, 61, 1000};
    for (size_t i = 0; i < sizeof(intervals) / sizeof(*intervals); i++) {
        int interval = (int)intervals[i];
        begin((bide_runtime_options){
            .workers = 1, .event_interval = 100, .injector_interval = intervals[i]});
        int n = bide_block_on(yields_twice());
        CHECK(n <= interval + 1);
        end();
    }
}

static async void stop_after(bide_duration after)
{
    await bide_sleep(after);
    atomic_store(&stop, true);
}

static async int yields_before_a_timer(void)
{
    int n = 0;
    atomic_store(&stop, false);
    bide_task_detach(bide_spawn(stop_after(BIDE_MS(1))));
    await bide_yield();
    await bide_yield();
    CHECK(!atomic_load(&stop));
    bide_test_time_advance(BIDE_MS(2));
    for (; !atomic_load(&stop); n++)
        await bide_yield();
    return n;
}

TEST(timers_are_seen_after_the_event_interval)
{
    bide_test_time_virtual();
    begin((bide_runtime_options){.workers = 1, .event_interval = 5});
    CHECK(bide_block_on(yields_before_a_timer()) <= 7);
    end();
}
