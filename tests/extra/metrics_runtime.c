/*
 * What a runtime does, in a registry: each flavour, both drivers.
 */
#include <bide/bide.h>
#include <bide/metrics.h>
#include <bide/runtime.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bide_metrics *registry;
static bide_metrics_text *made;

static const char *text(void)
{
    bide_metrics_text_free(made);
    CHECK_EQ(bide_metrics_text_new(registry, &made), 0);
    return bide_metrics_text_data(made, NULL);
}

/* The value of a sample; -1: there is none. */
static double value(const char *name, const char *labels)
{
    char line[200];
    snprintf(line, sizeof line, "\n%s{%s} ", name, labels);
    const char *at = strstr(text(), line);
    return at != NULL ? strtod(at + strlen(line), NULL) : -1;
}

static async int child(int n)
{
    await bide_yield();
    return n;
}

static void count_up(int *n)
{
    ++*n;
}

static async int work(void)
{
    bide_scope(s) {
        for (int i = 0; i < 10; i++)
            bide_scope_spawn(s, child(i));
    }
    int n = 0;
    for (int i = 0; i < 3; i++)
        await bide_blocking(count_up(&n));
    await bide_sleep(BIDE_MS(1));
    return n;
}

static double sum_of_polls(void)
{
    double sum = 0;
    char labels[64];
    for (unsigned i = 0; i < 8; i++) {
        snprintf(labels, sizeof labels, "runtime=\"r\",worker=\"%u\"", i);
        double one = value("bide_worker_polls_total", labels);
        sum += one > 0 ? one : 0;
    }
    return sum;
}

static void check_flavour(const bide_runtime_options *options, unsigned workers)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(options, &rt), 0);
    CHECK_EQ(bide_metrics_new(&registry), 0);
    CHECK_EQ(bide_metrics_add_runtime(registry, rt, "r"), 0);
    CHECK_EQ(bide_metrics_add_runtime(registry, rt, "other"), -EEXIST);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(work()), 3);
    bide_runtime_enter(NULL);
    CHECK_EQ((int)value("bide_runtime_workers", "runtime=\"r\""), workers);
    double spawned = value("bide_runtime_tasks_spawned_total", "runtime=\"r\"");
    CHECK(spawned >= 11);
    CHECK(value("bide_runtime_tasks_ended_total", "runtime=\"r\"") +
              value("bide_runtime_tasks", "runtime=\"r\"") ==
          spawned);
    CHECK(sum_of_polls() >= 20);
    CHECK(value("bide_blocking_calls_total", "runtime=\"r\"") == 3);
    CHECK(value("bide_blocking_threads", "runtime=\"r\"") >= 1);
    CHECK(value("bide_blocking_queued", "runtime=\"r\"") == 0);
    CHECK(value("bide_blocking_wait_seconds_total", "runtime=\"r\"") > 0);
    CHECK(value("bide_worker_busy_seconds_total", "runtime=\"r\",worker=\"0\"") >= 0);
    CHECK(value("bide_worker_queue_depth", "runtime=\"r\",worker=\"0\"") == 0);
    CHECK(value("bide_runtime_info", bide_runtime_io(rt) == BIDE_IO_URING
                                         ? "runtime=\"r\",driver=\"io_uring\""
                                         : "runtime=\"r\",driver=\"epoll\"") == 1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK(value("bide_runtime_tasks", "runtime=\"r\"") == 0);
    CHECK_EQ(bide_metrics_remove(registry, rt), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK(value("bide_runtime_workers", "runtime=\"r\"") == -1);
    bide_metrics_text_free(made);
    made = NULL;
    bide_metrics_free(registry);
}

TEST(a_runtime_of_one_thread)
{
    check_flavour(NULL, 1);
}

TEST(a_runtime_of_several_workers)
{
    check_flavour(&(bide_runtime_options){.flavour = BIDE_MULTI_THREAD, .workers = 3}, 3);
}

TEST(a_runtime_of_one_worker)
{
    check_flavour(&(bide_runtime_options){.flavour = BIDE_MULTI_THREAD, .workers = 1}, 1);
}

TEST(a_runtime_of_cores)
{
    check_flavour(&(bide_runtime_options){.flavour = BIDE_THREAD_PER_CORE, .workers = 2}, 2);
}

/* ---- what waits ---- */

static async void sleeps(void)
{
    await bide_sleep(BIDE_S(1000));
}

static async int looks(void)
{
    bide_runtime *rt = bide_runtime_current();
    bide_task(void) timer = bide_spawn(sleeps());
    bide_task(void) other = bide_spawn(sleeps());
    await bide_yield();
    await bide_yield();
    bide_runtime_metrics m;
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.timers, 2);
    CHECK_EQ(m.alive_tasks, 3);
    CHECK_EQ(m.spawned_tasks, 3);
    CHECK_EQ(m.descriptors, 0);
    bide_stream *a, *b;
    CHECK_EQ(bide_unix_pair(&a, &b), 0);
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.descriptors, 2);
    bide_stream_close(a);
    bide_stream_close(b);
    (void)await bide_task_cancel(timer);
    (void)await bide_task_cancel(other);
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.timers, 0);
    CHECK_EQ(m.descriptors, 0);
    return 0;
}

TEST(timers_and_descriptors_are_counted)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(looks()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* Polls are exact once the worker has looked round. */
static async int polls(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return 0;
}

TEST(polls_are_counted_exactly)
{
    bide_runtime *rt;
    bide_runtime_metrics m, before;
    CHECK_EQ(bide_runtime_new(&(bide_runtime_options){.event_interval = 1}, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(polls(10)), 0);
    CHECK_EQ(bide_runtime_metrics_read(rt, &before), 0);
    CHECK_EQ(bide_block_on(polls(1000)), 0);
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.polls - before.polls, 1001);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- histograms ---- */

TEST(times_of_polls_are_a_histogram)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&(bide_runtime_options){.histograms.interval = 1}, &rt), 0);
    CHECK_EQ(bide_metrics_new(&registry), 0);
    CHECK_EQ(bide_metrics_add_runtime(registry, rt, "r"), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(polls(100)), 0);
    bide_runtime_enter(NULL);
    double count = value("bide_runtime_poll_seconds_count", "runtime=\"r\"");
    CHECK(count >= 100);
    CHECK(value("bide_runtime_poll_seconds_bucket", "runtime=\"r\",le=\"+Inf\"") == count);
    CHECK(value("bide_runtime_poll_seconds_bucket", "runtime=\"r\",le=\"1.28e-07\"") >= 0);
    CHECK(value("bide_runtime_poll_seconds_sum", "runtime=\"r\"") > 0);
    CHECK(value("bide_runtime_wake_delay_seconds_count", "runtime=\"r\"") > 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_metrics_text_free(made);
    made = NULL;
    bide_metrics_free(registry);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
