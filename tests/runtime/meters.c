/*
 * What a runtime tells of itself in numbers: of each worker, of all cores, and the histograms of
 * how long polls take and how long tasks wait for them.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "check.h"

static bide_runtime *rt;

static void make(bide_runtime_options options)
{
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static bide_histogram polls(void)
{
    bide_histogram h;
    CHECK_EQ(bide_runtime_poll_times_read(rt, &h), 0);
    return h;
}

static bide_histogram delays(void)
{
    bide_histogram h;
    CHECK_EQ(bide_runtime_wake_delays_read(rt, &h), 0);
    return h;
}

/* The bucket of a time, by the documented rule alone. */
static uint32_t bucket_of(const bide_histogram *h, int64_t ns)
{
    uint32_t i = 0;
    while (i + 1 < h->buckets && bide_histogram_start(h, i + 1).ns <= ns)
        i++;
    return i;
}

static uint64_t count_of(const bide_histogram *h, int64_t ns)
{
    return h->count[bucket_of(h, ns)];
}

/* ---- workers and cores ---- */

static async void sleeps(int ms)
{
    await bide_sleep(BIDE_MS(ms));
}

static async void on_each_core(void)
{
    for (uint32_t i = 0; i < bide_runtime_cores(rt); i++)
        bide_task_detach(bide_spawn_at(i, sleeps(20)));
    await bide_sleep(BIDE_MS(1));
    bide_runtime_metrics m;
    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.alive_tasks, bide_runtime_tasks(rt));
    CHECK(m.alive_tasks >= 3);
    await bide_sleep(BIDE_MS(40));
}

static void check_sums(uint32_t workers)
{
    bide_runtime_metrics m, later;
    bide_worker_metrics one;
    uint64_t parks = 0, unparks = 0;
    int64_t busy_ns = 0;

    CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    CHECK_EQ(m.workers, workers);
    for (uint32_t i = 0; i < m.workers + m.spare_workers; i++) {
        CHECK_EQ(bide_runtime_worker_metrics_read(rt, i, &one), 0);
        CHECK(one.parks >= one.unparks && one.parks <= one.unparks + 1);
        CHECK(one.busy.ns >= 0); /* 0: its thread has not begun */
        parks += one.parks;
        unparks += one.unparks;
        busy_ns += one.busy.ns;
    }
    CHECK(busy_ns > 0);
    CHECK_EQ(bide_runtime_metrics_read(rt, &later), 0);
    CHECK(m.parks <= parks && parks <= later.parks);
    CHECK(m.unparks <= unparks && unparks <= later.unparks);
    CHECK(m.busy.ns <= busy_ns && busy_ns <= later.busy.ns);
    CHECK_ERR(bide_runtime_worker_metrics_read(rt, m.workers + m.spare_workers, &one), -EINVAL);
    CHECK_ERR(bide_runtime_worker_metrics_read(rt, 0, NULL), -EINVAL);
    CHECK_ERR(bide_runtime_worker_metrics_read(NULL, 0, &one), -EINVAL);
}

TEST(each_worker_is_counted)
{
    make((bide_runtime_options){.flavour = BIDE_CURRENT_THREAD});
    bide_block_on(sleeps(1));
    check_sums(1);
    end();
    make((bide_runtime_options){.flavour = BIDE_MULTI_THREAD, .workers = 3});
    bide_block_on(sleeps(1));
    check_sums(3);
    end();
}

TEST(the_numbers_are_of_all_cores)
{
    bide_worker_metrics one;
    make((bide_runtime_options){.flavour = BIDE_THREAD_PER_CORE, .workers = 2});
    bide_block_on(on_each_core());
    check_sums(2);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(bide_runtime_worker_metrics_read(rt, i, &one), 0);
        CHECK(one.unparks >= 1); /* from the sleep of its task */
    }
    end();
}

static atomic_bool stop;

static void *reads(void *argument)
{
    (void)argument;
    while (!stop) {
        bide_runtime_metrics m;
        bide_histogram h;
        CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
        CHECK(m.parks >= m.unparks);
        for (uint32_t i = 0; i < m.workers; i++) {
            bide_worker_metrics one;
            CHECK_EQ(bide_runtime_worker_metrics_read(rt, i, &one), 0);
        }
        CHECK_EQ(bide_runtime_poll_times_read(rt, &h), 0);
        CHECK_EQ(bide_runtime_wake_delays_read(rt, &h), 0);
    }
    return NULL;
}

static async void yields(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
}

static async void many_yield(void)
{
    bide_scope(s) {
        for (int i = 0; i < 20; i++)
            bide_scope_spawn(s, yields(200));
    }
    bide_scope(s) {
        for (int i = 0; i < 4; i++)
            bide_scope_spawn(s, sleeps(1));
    }
    await bide_blocking(sched_yield());
}

TEST(another_thread_reads_while_they_run)
{
    static const bide_flavour flavours[] = {BIDE_CURRENT_THREAD, BIDE_MULTI_THREAD,
                                            BIDE_THREAD_PER_CORE};
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        make((bide_runtime_options){
            .flavour = flavours[i], .workers = i == 0 ? 0 : 2, .histograms = {.interval = 1}});
        stop = false;
        CHECK_EQ(pthread_create(&thread, NULL, reads, NULL), 0);
        bide_block_on(many_yield());
        stop = true;
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK(polls().total >= 20 * 201);
        CHECK(delays().total > 0);
        CHECK(delays().total <= polls().total);
        end();
    }
}

/* ---- histograms ---- */

TEST(without_being_asked_for_there_are_none)
{
    bide_histogram h;
    make((bide_runtime_options){.histograms = {.resolution = BIDE_US(1)}});
    CHECK_ERR(bide_runtime_poll_times_read(rt, &h), -ENODATA);
    CHECK_EQ(h.total, 0);
    CHECK_EQ(h.buckets, 0);
    CHECK_EQ(bide_histogram_percentile(&h, 50).ns, 0);
    CHECK_ERR(bide_runtime_wake_delays_read(rt, &h), -ENODATA);
    CHECK_ERR(bide_runtime_poll_times_read(NULL, &h), -EINVAL);
    CHECK_ERR(bide_runtime_poll_times_read(rt, NULL), -EINVAL);
    CHECK_ERR(bide_runtime_wake_delays_read(NULL, &h), -EINVAL);
    CHECK_ERR(bide_runtime_wake_delays_read(rt, NULL), -EINVAL);
    end();
}

TEST(options_out_of_range_are_refused)
{
    static const bide_histogram_options bad[] = {
        {.interval = 1000001},
        {.steps = 3},
        {.steps = 32},
        {.resolution = {-1}},
        {.resolution = {1000000001}},
        {.longest = {-1}},
        {.resolution = {1000}, .longest = {999}},
        {.longest = {INT64_C(3600000000001)}},
        {.resolution = {1}, .longest = {INT64_C(60000000000)}, .steps = 16},
    };
    static const bide_histogram_options good[] = {
        {.interval = 1000000},
        {.steps = 1},
        {.steps = 16, .resolution = {1000000000}, .longest = {INT64_C(3600000000000)}},
        {.steps = 4, .resolution = {1}, .longest = {INT64_C(3600000000000)}},
        {.steps = 1, .resolution = {1}, .longest = {1}},
        {.steps = 8, .resolution = {1}, .longest = {INT64_C(4294967295)}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const bide_runtime_options options = {.histograms = bad[i]};
        CHECK_ERR(bide_runtime_new(&options, &rt), -EINVAL);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const bide_runtime_options options = {.histograms = good[i]};
        CHECK_EQ(bide_runtime_new(&options, &rt), 0);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

/* Polls that last exactly so long, by a clock that is moved by hand. */
static async void lasts(const int64_t *ns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        await bide_yield();
        bide_test_time_advance(BIDE_NS(ns[i]));
    }
}

TEST(buckets_are_log_linear)
{
    bide_test_time_virtual();
    for (uint32_t steps = 1; steps <= 16; steps *= 2) {
        make((bide_runtime_options){
            .histograms = {
                .interval = 1, .resolution = {100}, .longest = BIDE_MS(20), .steps = steps}});
        bide_histogram h = polls();
        CHECK(h.buckets > steps && h.buckets <= BIDE_HISTOGRAM_BUCKETS);
        for (uint32_t i = 0; i < h.buckets; i++) {
            int64_t start = bide_histogram_start(&h, i).ns;
            int64_t width = bide_histogram_start(&h, i + 1).ns - start;
            if (i < steps) /* 100 is rounded down */
                CHECK_EQ(start, 64 * (int64_t)i);
            if (i + 1 < h.buckets)
                CHECK(width == 64 || width * steps <= start);
            if (i >= 2 * steps && i + 1 < h.buckets)
                CHECK_EQ(bide_histogram_start(&h, i).ns,
                         2 * bide_histogram_start(&h, i - steps).ns);
        }
        CHECK(bide_histogram_start(&h, h.buckets - 1).ns <= BIDE_MS(20).ns);
        CHECK_EQ(bide_histogram_start(&h, h.buckets).ns, INT64_MAX);
        end();
    }
}

TEST(a_time_is_counted_in_its_bucket)
{
    static int64_t ns[3 * BIDE_HISTOGRAM_BUCKETS];
    uint64_t expected[BIDE_HISTOGRAM_BUCKETS] = {0};
    size_t n = 0;
    int64_t sum = 0;

    bide_test_time_virtual();
    make((bide_runtime_options){.histograms = {.interval = 1}});
    bide_histogram h = polls();
    for (uint32_t i = 1; i < h.buckets; i++)
        for (int64_t near = -1; near <= 1; near++)
            ns[n++] = bide_histogram_start(&h, i).ns + near;
    ns[n++] = BIDE_S(3600).ns; /* longer than the longest */
    bide_block_on(lasts(ns, n));
    h = polls();
    expected[0] += 1; /* its first poll */
    for (size_t i = 0; i < n; i++) {
        expected[bucket_of(&h, ns[i])]++;
        sum += ns[i];
    }
    CHECK_EQ(h.total, n + 1);
    for (uint32_t i = 0; i < BIDE_HISTOGRAM_BUCKETS; i++)
        CHECK_EQ(h.count[i], expected[i]);
    CHECK_EQ(h.sum.ns, sum);
    CHECK_EQ(h.most.ns, BIDE_S(3600).ns);
    CHECK_EQ(bide_histogram_percentile(&h, 100).ns, BIDE_S(3600).ns);
    CHECK_EQ(bide_histogram_percentile(&h, 0).ns, bide_histogram_start(&h, 1).ns);
    end();
}

TEST(percentiles_are_ends_of_buckets)
{
    int64_t ns[100];
    bide_test_time_virtual();
    make((bide_runtime_options){.histograms = {.interval = 1}});
    for (int i = 0; i < 100; i++)
        ns[i] = i < 90 ? 1000 : i < 99 ? 1000000 : 50000000;
    bide_block_on(lasts(ns, 100));
    bide_histogram h = polls();
    CHECK_EQ(bide_histogram_percentile(&h, 50).ns,
             bide_histogram_start(&h, bucket_of(&h, 1000) + 1).ns);
    CHECK_EQ(bide_histogram_percentile(&h, 95).ns,
             bide_histogram_start(&h, bucket_of(&h, 1000000) + 1).ns);
    CHECK_EQ(bide_histogram_percentile(&h, 99.9).ns, 50000000);
    end();
}

static bide_notify bell;

static async void waits(void)
{
    await bide_notify_wait(&bell);
}

static async void wakes_late(void)
{
    bide_task(void) t = bide_spawn(waits());
    bide_test_time_advance(BIDE_MS(5)); /* t waits for its first poll */
    await bide_yield();
    bide_notify_one(&bell);
    bide_test_time_advance(BIDE_MS(3)); /* and for its second one */
    CHECK_EQ(await bide_task_wait(t), 0);
}

TEST(a_delay_is_from_the_wake_to_the_poll)
{
    bide_test_time_virtual();
    for (int i = 0; i < 2; i++) {
        make((bide_runtime_options){.flavour = i == 0 ? BIDE_CURRENT_THREAD : BIDE_MULTI_THREAD,
                                    .workers = 1,
                                    .histograms = {.interval = 1}});
        bide_block_on(wakes_late());
        bide_histogram h = delays();
        CHECK_EQ(h.most.ns, BIDE_MS(5).ns);
        CHECK_EQ(count_of(&h, BIDE_MS(5).ns), 1);
        CHECK_EQ(count_of(&h, BIDE_MS(3).ns), 1);
        CHECK_EQ(h.sum.ns, BIDE_MS(8).ns);
        CHECK_EQ(h.count[0] + 2, h.total);
        CHECK_EQ(polls().sum.ns, BIDE_MS(8).ns);
        end();
    }
}

static async void calls_the_pool(int n)
{
    for (int i = 0; i < n; i++)
        await bide_blocking(sched_yield());
}

TEST(wakes_by_other_threads_are_measured)
{
    make((bide_runtime_options){.histograms = {.interval = 1}});
    bide_block_on(yields(1));
    uint64_t before = delays().total;
    bide_block_on(calls_the_pool(10));
    CHECK(delays().total >= before + 10);
    end();
}

TEST(one_of_so_many_is_measured)
{
    make((bide_runtime_options){.histograms = {.interval = 10}});
    bide_block_on(yields(999)); /* 1000 polls */
    CHECK_EQ(polls().total, 100);
    CHECK(delays().total >= 99 && delays().total <= 101);
    end();
}

/* More wakes at a time than can be measured. */
TEST(many_that_wait_are_left_out)
{
    make((bide_runtime_options){.histograms = {.interval = 1}});
    bide_block_on(many_yield());
    bide_block_on(yields(100));
    CHECK(delays().total >= 100);
    CHECK(delays().total <= polls().total);
    end();
}

TEST(no_memory_for_a_meter)
{
    static const bide_flavour flavours[] = {BIDE_CURRENT_THREAD, BIDE_MULTI_THREAD,
                                            BIDE_THREAD_PER_CORE};
    for (int i = 0; i < 3; i++) {
        const bide_runtime_options options = {
            .flavour = flavours[i], .workers = i == 0 ? 0 : 2, .histograms = {.interval = 1}};
        uint64_t failed = 1;
        unsigned nth = 0;
        while (failed > 0) {
            bide_test_reset();
            bide_test_fail("alloc", ++nth, -ENOMEM, 1);
            int64_t blocks = bide_test_calls("alloc") - bide_test_calls("free");
            int r = bide_runtime_new(&options, &rt);
            failed = bide_test_failed("alloc");
            CHECK_ERR(r, failed > 0 ? -ENOMEM : 0);
            if (r == 0) {
                CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
                CHECK_EQ(bide_runtime_free(rt), 0);
            }
            CHECK_EQ(bide_test_calls("alloc") - (int64_t)failed - bide_test_calls("free"), blocks);
        }
        CHECK(nth > 3);
    }
}
