/*
 * The options of a runtime: each does what bide/runtime.h says, and is refused out of its range.
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
#include <stdlib.h>

#include "check.h"

static bide_runtime *new_runtime(const bide_runtime_options *options)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(options, &rt), 0);
    CHECK(bide_runtime_enter(rt) == NULL);
    return rt;
}

static void end_runtime(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK(bide_runtime_enter(NULL) == NULL);
}

/* ---- ranges ---- */

static const char sixty_three[] = "123456789 123456789 123456789 123456789 123456789 123456789 123";

TEST(what_is_out_of_range_is_refused_and_nothing_is_made)
{
    const bide_runtime_options refused[] = {
        {.flavour = (bide_flavour)3},
        {.flavour = (bide_flavour)-1},
        {.workers = 2},
        {.flavour = BIDE_MULTI_THREAD, .workers = 1025},
        {.flavour = BIDE_THREAD_PER_CORE, .workers = 1025},
        {.flavour = BIDE_MULTI_THREAD, .start_paused = true},
        {.flavour = BIDE_THREAD_PER_CORE, .start_paused = true},
        {.name = ""},
        {.name = "two\nlines"},
        {.name = "1234567890123456789012345678901234567890123456789012345678901234"},
        {.thread_name = ""},
        {.thread_name = "1234567890"},
        {.thread_name = "tab\t"},
        {.thread_stack_size = 65535},
        {.thread_stack_size = ((size_t)1 << 30) + 1},
        {.blocking_threads_max = 32769},
        {.blocking_idle = BIDE_NS(-1)},
        {.event_interval = 1000001},
        {.injector_interval = 1000001},
        {.io_events_max = 65537},
    };
    bide_test_watch();
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        bide_runtime *rt = (bide_runtime *)&rt;
        CHECK_ERR(bide_runtime_new(&refused[i], &rt), -EINVAL);
        CHECK(rt == NULL);
    }
    CHECK_EQ(bide_test_calls("alloc"), bide_test_calls("free"));
    CHECK_EQ(bide_test_calls("epoll_create1"), 0);
    CHECK_EQ(bide_test_calls("thread_create"), 0);
}

TEST(the_ends_of_each_range_are_taken)
{
    const bide_runtime_options taken[] = {
        {.workers = 1},
        {.name = "n"},
        {.name = sixty_three},
        {.thread_name = "t"},
        {.thread_name = "123456789"},
        {.thread_stack_size = 65536},
        {.thread_stack_size = (size_t)1 << 30},
        {.blocking_threads_max = 1},
        {.blocking_threads_max = 32768},
        {.blocking_idle = BIDE_NS(1)},
        {.blocking_idle = BIDE_NS(INT64_MAX)},
        {.event_interval = 1},
        {.event_interval = 1000000},
        {.injector_interval = 1},
        {.injector_interval = 1000000},
        {.io_events_max = 1},
        {.io_events_max = 65536},
        {.lifo_slot_off = true},
        {.seed = UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
        bide_runtime *rt = new_runtime(&taken[i]);
        CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0);
        end_runtime(rt);
    }
}

TEST(the_defaults_are_those_of_the_header)
{
    struct bide__options o;
    CHECK_EQ(bide__options_read(&o, NULL), 0);
    CHECK_EQ(o.flavour, BIDE_CURRENT_THREAD);
    CHECK_EQ(o.workers, 1);
    CHECK_EQ(o.event_interval, 61);
    CHECK_EQ(o.event_interval, BIDE__TURNS);
    CHECK_EQ(o.injector_interval, 61);
    CHECK_EQ(o.io_events_max, 256);
    CHECK_EQ(o.blocking_threads_max, 512);
    CHECK_EQ(o.blocking_idle_ns, INT64_C(10000000000));
    CHECK_EQ(o.thread_stack_size, 0);
    CHECK_EQ(o.seed, 0);
    CHECK_STR(o.name, "");
    CHECK_STR(o.thread_name, "bide");
    CHECK(!o.lifo_slot_off && !o.start_paused && !o.task_hooks);
    const bide_runtime_options often = {.event_interval = 7};
    CHECK_EQ(bide__options_read(&o, &often), 0);
    CHECK_EQ(o.injector_interval, 7);
}

/* ---- workers ---- */

static uint32_t workers_with(const char *environment, uint32_t asked)
{
    const bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = asked};
    struct bide__options o;
    if (environment != NULL)
        setenv("BIDE_WORKERS", environment, 1);
    else
        unsetenv("BIDE_WORKERS");
    int r = bide__options_read(&o, &options);
    CHECK(r == 0 || r == -EINVAL);
    return r == 0 ? o.workers : 0;
}

static int three_cores(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    memset(set, 0, size);
    for (int i = 5; i < 8; i++)
        CPU_SET(i, set);
    return 0;
}

TEST(workers_are_asked_for_or_in_the_environment_or_the_cores)
{
    bide_test_replace("sched_getaffinity", (void (*)(void))three_cores);
    CHECK_EQ(workers_with(NULL, 0), 3);
    CHECK_EQ(workers_with("", 0), 3);
    CHECK_EQ(workers_with("7", 0), 7);
    CHECK_EQ(workers_with("1024", 0), 1024);
    CHECK_EQ(workers_with("7", 5), 5);
    bide_test_fail("sched_getaffinity", 1, -EINVAL, 0);
    CHECK(workers_with(NULL, 0) >= 1);
}

static char written[400];

static ssize_t write_down(int fd, const void *text, size_t size)
{
    CHECK_EQ(fd, STDERR_FILENO);
    CHECK(strlen(written) + size < sizeof(written));
    strncat(written, text, size);
    return (ssize_t)size;
}

TEST(a_bad_number_of_workers_in_the_environment_is_a_clear_error)
{
    static const char *const bad[] = {
        "0", "-1", "two", "4 ", " 4", "1025", "4x", "0x10", "99999999999999999999"};
    bide_test_replace("write", (void (*)(void))write_down);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char expected[200];
        written[0] = '\0';
        CHECK_EQ(workers_with(bad[i], 0), 0);
        snprintf(expected, sizeof(expected), "bide: BIDE_WORKERS=%s: not a number from 1 to 1024\n",
                 bad[i]);
        CHECK_STR(written, expected);
        CHECK_EQ(workers_with(bad[i], 2), 2); /* it is not looked at */
    }
    /* Nor is it where there are no workers to count. */
    written[0] = '\0';
    end_runtime(new_runtime(NULL));
    CHECK_STR(written, "");
}

/* ---- the threads of the pool ---- */

static char seen_name[16];
static size_t seen_stack;

static int look_at_thread(void)
{
    pthread_attr_t attributes;
    CHECK_EQ(pthread_getname_np(pthread_self(), seen_name, sizeof(seen_name)), 0);
    CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQ(pthread_attr_getstacksize(&attributes, &seen_stack), 0);
    pthread_attr_destroy(&attributes);
    return 0;
}

static async int look(void)
{
    return await bide_blocking(look_at_thread());
}

static void look_with(bide_runtime_options options)
{
    bide_runtime *rt = new_runtime(&options);
    CHECK_EQ(bide_block_on(look()), 0);
    end_runtime(rt);
}

TEST(threads_of_the_pool_have_a_name)
{
    look_with((bide_runtime_options){0});
    CHECK_STR(seen_name, "bide-b0");
    look_with((bide_runtime_options){.thread_name = "mail"});
    CHECK_STR(seen_name, "mail-b0");
    look_with((bide_runtime_options){.thread_name = "123456789"});
    CHECK_STR(seen_name, "123456789-b0");
}

TEST(the_next_thread_has_the_next_number)
{
    /* Each thread leaves before the next call. */
    bide_runtime_options options = {.blocking_idle = BIDE_NS(1)};
    bide_runtime *rt = new_runtime(&options);
    for (int i = 0; i < 12; i++) {
        char expected[32];
        CHECK_EQ(bide_block_on(look()), 0);
        snprintf(expected, sizeof(expected), "bide-b%d", i);
        CHECK_STR(seen_name, expected);
        bide_runtime_metrics m;
        do {
            sched_yield();
            CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
        } while (m.blocking_threads > 0);
    }
    end_runtime(rt);
}

TEST(threads_have_the_stack_that_was_asked_for)
{
    look_with((bide_runtime_options){.thread_stack_size = 1 << 20});
    CHECK_EQ(seen_stack, 1 << 20);
    look_with((bide_runtime_options){.thread_stack_size = 3 << 20});
    CHECK_EQ(seen_stack, 3 << 20);
}

TEST(a_runtime_has_a_name)
{
    char name[] = "mail";
    bide_runtime *named = new_runtime(&(bide_runtime_options){.name = name});
    bide_runtime *other;
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    name[0] = 'x';
    CHECK_STR(bide_runtime_name(named), "mail");
    CHECK_STR(bide_runtime_name(other), "");
    CHECK_EQ(bide_runtime_free(other), 0);
    end_runtime(named);
}

/* ---- intervals ---- */

static unsigned yields;
static bool stop;

static async void yield_until_stop(void)
{
    for (; !stop; yields++)
        await bide_yield();
}

static async void stop_after(bide_duration d)
{
    await bide_sleep(d);
    stop = true;
}

static async int yield_n(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        await bide_yield();
    return 0;
}

/* The number of yields before a timer that is due is seen. */
static unsigned yields_before_a_timer(bide_runtime_options options)
{
    bide_test_time_virtual();
    bide_runtime *rt = new_runtime(&options);
    stop = false;
    yields = 0;
    bide_task_detach(bide_spawn(stop_after(BIDE_MS(1))));
    CHECK_EQ(bide_block_on(yield_n(2)), 0); /* now it sleeps */
    CHECK(!stop);
    bide_test_time_advance(BIDE_MS(2));
    bide_block_on(yield_until_stop());
    end_runtime(rt);
    return yields;
}

TEST(timers_are_seen_after_the_event_interval)
{
    unsigned n = yields_before_a_timer((bide_runtime_options){.event_interval = 1});
    CHECK(n <= 2);
    n = yields_before_a_timer((bide_runtime_options){.event_interval = 10});
    CHECK(n <= 10 && n >= 4);
    n = yields_before_a_timer((bide_runtime_options){0});
    CHECK(n <= 61 && n >= 50);
    n = yields_before_a_timer((bide_runtime_options){.event_interval = 1000});
    CHECK(n <= 1000 && n >= 990);
    /* The other interval changes nothing. */
    n = yields_before_a_timer(
        (bide_runtime_options){.event_interval = 100, .injector_interval = 7});
    CHECK(n <= 100 && n >= 90);
    n = yields_before_a_timer(
        (bide_runtime_options){.event_interval = 7, .injector_interval = 100});
    CHECK(n <= 7);
}

static sem_t may_end;

static int until_it_may_end(void)
{
    return sem_wait(&may_end);
}

static async void stop_after_call(void)
{
    await bide_blocking(until_it_may_end());
    stop = true;
}

/* The number of yields before a wake by another thread, which is there, is seen. */
static unsigned yields_before_a_wake(bide_runtime_options options)
{
    bide_runtime *rt = new_runtime(&options);
    bide_runtime_metrics m;
    stop = false;
    yields = 0;
    CHECK_EQ(sem_init(&may_end, 0, 0), 0);
    bide_task_detach(bide_spawn(stop_after_call()));
    CHECK_EQ(bide_block_on(yield_n(2)), 0); /* now it waits for the call */
    CHECK_EQ(sem_post(&may_end), 0);
    do {
        sched_yield();
        CHECK_EQ(bide_runtime_metrics_read(rt, &m), 0);
    } while (m.injector_depth == 0 && !stop);
    CHECK(!stop);
    bide_block_on(yield_until_stop());
    end_runtime(rt);
    return yields;
}

TEST(wakes_of_other_threads_are_seen_after_the_injector_interval)
{
    unsigned n = yields_before_a_wake(
        (bide_runtime_options){.event_interval = 1000, .injector_interval = 12});
    CHECK(n <= 12 && n >= 5);
    n = yields_before_a_wake((bide_runtime_options){.event_interval = 9, .injector_interval = 500});
    CHECK(n <= 500 && n >= 490);
    n = yields_before_a_wake((bide_runtime_options){.event_interval = 40});
    CHECK(n <= 40 && n >= 30);
}

/* ---- events ---- */

static int most_asked, calls;

static int asks(int ep, struct epoll_event *events, int max, int timeout_ms)
{
    calls++;
    if (max > most_asked)
        most_asked = max;
    return bide__door_real.epoll_wait(ep, events, max, timeout_ms);
}

static int no_pwait2(int ep, struct epoll_event *events, int max, int64_t timeout_ns)
{
    (void)ep, (void)events, (void)max, (void)timeout_ns;
    return -ENOSYS;
}

static async int read_one(bide_stream *from)
{
    char c;
    ssize_t n = await bide_stream_read(from, &c, 1);
    return n == 1 && c == 'x' ? 0 : -EIO;
}

enum { PIPES = 8 };

static async int all_events_come(void)
{
    bide_stream *from[PIPES];
    bide_task(int) readers[PIPES];
    int to[PIPES];
    for (int i = 0; i < PIPES; i++) {
        int fds[2];
        CHECK_EQ(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
        CHECK_EQ(bide_stream_open(fds[0], &from[i]), 0);
        to[i] = fds[1];
        readers[i] = bide_spawn(read_one(from[i]));
    }
    await bide_yield();
    for (int i = 0; i < PIPES; i++)
        CHECK_EQ(write(to[i], "x", 1), 1);
    for (int i = 0; i < PIPES; i++) {
        int r = -1;
        CHECK_EQ(await bide_task_join(readers[i], &r), 0);
        CHECK_EQ(r, 0);
        bide_stream_close(from[i]);
        close(to[i]);
    }
    return 0;
}

TEST(events_are_taken_a_few_at_a_time)
{
    bide_test_replace("epoll_wait", (void (*)(void))asks);
    bide_test_replace("epoll_pwait2", (void (*)(void))no_pwait2);
    static const uint32_t asked[] = {1, 3, 65536, 0};
    for (int i = 0; i < 4; i++) {
        bide_runtime *rt = new_runtime(&(bide_runtime_options){.io_events_max = asked[i]});
        most_asked = calls = 0;
        CHECK_EQ(bide_block_on(all_events_come()), 0);
        end_runtime(rt);
        CHECK_EQ(most_asked, asked[i] == 0 ? 256 : asked[i]);
        CHECK(asked[i] != 1 || calls >= PIPES);
    }
}

/* ---- seed ---- */

static async int ready(int x)
{
    return x;
}

/* Which of two branches was polled first, 64 times. */
static async uint64_t order(void)
{
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) {
        int first = await bide_select(ready(1), ready(2));
        bits = bits << 1 | (unsigned)first;
    }
    return bits;
}

static uint64_t order_with(uint64_t seed)
{
    bide_runtime *rt = new_runtime(&(bide_runtime_options){.seed = seed});
    uint64_t bits = bide_block_on(order());
    CHECK(bits != 0 && bits != UINT64_MAX);
    CHECK(bide_block_on(order()) != bits);
    end_runtime(rt);
    return bits;
}

TEST(a_seed_decides_the_order_of_selects)
{
    uint64_t one = order_with(1);
    CHECK_EQ(order_with(1), one);
    CHECK(order_with(2) != one);
    CHECK(order_with(UINT64_C(1) << 63) != one);
    CHECK(order_with(0) != order_with(0));
    struct bide__options o = {.seed = 1};
    CHECK_EQ(bide__options_seed(&o, 3), bide__options_seed(&o, 3));
    CHECK(bide__options_seed(&o, 3) != bide__options_seed(&o, 4));
}

/* ---- paused clock ---- */

static async int within_a_minute(void)
{
    return await bide_timeout(BIDE_S(60), bide_sleep(BIDE_S(3600)));
}

TEST(a_paused_clock_jumps_when_nothing_can_run)
{
    const bide_runtime_options options = {.start_paused = true};
    int64_t before = bide__door_real.clock();
    bide_runtime *rt = new_runtime(&options), *second;
    bide_instant start = bide_now();
    CHECK_EQ(bide_block_on(yield_n(1000)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    CHECK_ERR(bide_block_on(within_a_minute()), -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(60000000000));
    bide_test_time_advance(BIDE_S(1));
    CHECK_EQ(bide_elapsed(start).ns, INT64_C(61000000000));
    /* One more runtime lives in the same time. */
    CHECK_EQ(bide_runtime_new(&options, &second), 0);
    CHECK_EQ(bide_runtime_free(second), 0);
    end_runtime(rt);
    CHECK(bide_elapsed(start).ns >= INT64_C(61000000000));
    CHECK(bide__door_real.clock() - before < INT64_C(50000000000));
    bide_test_reset();
    CHECK(!bide__time_is_virtual());
}

TEST(a_paused_clock_is_refused_beside_a_runtime_in_real_time)
{
    const bide_runtime_options options = {.start_paused = true};
    bide_runtime *rt = (bide_runtime *)&rt, *real;
    CHECK_EQ(bide_runtime_new(NULL, &real), 0);
    bide_test_watch();
    CHECK_ERR(bide_runtime_new(&options, &rt), -EBUSY);
    CHECK(rt == NULL);
    CHECK(!bide__time_is_virtual());
    CHECK_EQ(bide_test_calls("alloc"), bide_test_calls("free"));
    CHECK_EQ(bide_test_calls("epoll_create1") + bide_test_calls("eventfd"),
             bide_test_calls("close"));
    CHECK_EQ(bide_runtime_free(real), 0);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    CHECK(bide__time_is_virtual());
    CHECK_EQ(bide_runtime_free(rt), 0);
}
