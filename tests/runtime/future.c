/*
 * Futures as values: when they run, what a losing get leaves, what a drop unwinds and where, wakes
 * while nobody polls, futures that move, memory that runs out.
 */
#include "cancel.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

static _Atomic int begun, ended, unwound;

static int64_t passed_ms(bide_instant since)
{
    return bide_elapsed(since).ns / 1000000;
}

/* Sleeps `times` times; its deferred block sleeps too. */
static async int sleeps(int times, int ms)
{
    int n = 0;
    begun++;
    defer {
        if (n < times) {
            await bide_sleep(BIDE_MS(50));
            unwound++;
        }
        ended++;
    }
    for (; n < times; n++)
        await bide_sleep(BIDE_MS(ms));
    return times;
}

static async int poll_once(bide_future(int) * f)
{
    return await bide_timeout(BIDE_NS(0), bide_get(*f));
}

static void check_counts(int expected_begun, int expected_unwound)
{
    CHECK_EQ(begun, expected_begun);
    CHECK_EQ(ended, begun);
    CHECK_EQ(unwound, expected_unwound);
}

/* ---- when it runs ---- */

static async int never(void)
{
    bide_future(int) f = bide_lazy(sleeps(1, 1)), g = bide_lazy(sleeps(1, 1));
    await bide_sleep(BIDE_S(1));
    bide_drop(f);
    (void)f, (void)g;
    return begun;
}

TEST(nothing_runs_that_is_never_polled)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(never()), 0);
}

static async int raced(void)
{
    bide_instant start = bide_now();
    bide_future(int) f = bide_lazy(sleeps(4, 250));
    int value = 0, rounds = 0;
    while (await bide_timeout(BIDE_MS(300), value = bide_get(f)) < 0)
        rounds++;
    CHECK_EQ(passed_ms(start), 1000);
    CHECK_EQ(rounds, 3);
    CHECK_ERR(await bide_get(f), -EINVAL);
    return value;
}

TEST(a_get_that_loses_is_repeated)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(raced()), 4);
    check_counts(1, 0);
}

static async int left_alone(void)
{
    bide_future(int) f = bide_lazy(sleeps(2, 100));
    CHECK_ERR(await poll_once(&f), -ETIMEDOUT);
    await bide_sleep(BIDE_MS(500));
    bide_instant start = bide_now();
    CHECK_EQ(await bide_get(f), 2);
    return (int)passed_ms(start); /* the first sleep was over, the second had not begun */
}

TEST(what_happens_while_nobody_polls_is_not_lost)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(left_alone()), 100);
}

/* ---- drops ---- */

static async int dropped(int how)
{
    bide_instant start = bide_now();
    int ended_before = ended;
    {
        bide_future(int) f = bide_lazy(sleeps(1, 1000));
        await poll_once(&f);
        if (how == 0)
            bide_drop(f);
        if (how == 1)
            f = bide_lazy(sleeps(1, 1));
        if (how < 2)
            CHECK_EQ(ended, ended_before + 1);
        CHECK_EQ(await bide_get(f), how == 0 ? -EINVAL : 1);
    }
    return (int)passed_ms(start);
}

static async int dropped_together(void)
{
    bide_instant start = bide_now();
    {
        bide_future(int) f[3] = {bide_lazy(sleeps(1, 1000)), bide_lazy(sleeps(1, 1000))};
        bide_future(int) g = bide_lazy(sleeps(1, 1000));
        for (int i = 0; i < 2; i++)
            await poll_once(&f[i]);
        await poll_once(&g);
        CHECK_EQ(begun - ended, 3);
    }
    return (int)passed_ms(start);
}

TEST(a_drop_waits_until_the_future_has_unwound)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(dropped(0)), 50);
    check_counts(1, 1);
    CHECK_EQ(bide_block_on(dropped(1)), 51);
    check_counts(3, 2);
    CHECK_EQ(bide_block_on(dropped(2)), 1000);
    check_counts(4, 2);
    CHECK_EQ(bide_block_on(dropped_together()), 150);
    check_counts(7, 5);
}

static async void holds(void)
{
    bide_future(int) f = bide_lazy(sleeps(1, 1000));
    await poll_once(&f);
    await bide_sleep(BIDE_S(10));
}

static async int holder_is_aborted(void)
{
    bide_task(void) task = bide_spawn(holds());
    await bide_sleep(BIDE_MS(1));
    bide_instant start = bide_now();
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    return (int)passed_ms(start);
}

TEST(unwinding_waits_too)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(holder_is_aborted()), 50);
    check_counts(1, 1);
}

static bide_future(int) kept;

static async int keep(bide_future(int) f)
{
    await poll_once(&f);
    kept = bide_move(f);
    return 0;
}

static async int sleeping(int ms)
{
    await bide_sleep(BIDE_MS(ms));
    return 0;
}

TEST(a_plain_drop_leaves_the_unwinding_to_a_task)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(keep(bide_lazy(sleeps(1, 1000)))), 0);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_EQ(bide_runtime_free(rt), -EBUSY);
    bide_drop(kept);
    CHECK(kept == 0);
    CHECK_EQ(bide_runtime_tasks(rt), 1);
    CHECK_EQ(bide_block_on(sleeping(40)), 0);
    CHECK_EQ(ended, 0);
    CHECK_EQ(bide_block_on(sleeping(20)), 0);
    check_counts(1, 1);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(shutdown_unwinds_what_nobody_drops)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(keep(bide_lazy(sleeps(1, 1000)))), 0);
    bide_future(int) never_begun = bide_lazy(sleeps(1, 1));
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    check_counts(1, 1);
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_drop(kept);
    bide_drop(never_begun);
    bide_future(int) elsewhere = bide_lazy(sleeps(1, 1));
    bide_drop(elsewhere);
    (void)never_begun, (void)elsewhere;
}

static async int insists(void)
{
    int r = 0;
    defer {
        while (r == 0)
            r = await bide_sleep(BIDE_S(1));
        ended += r == -ECANCELED;
    }
    await bide_sleep(BIDE_S(1));
    return 0;
}

static async void drops_for_ever(void)
{
    bide_future(int) f = bide_lazy(insists());
    await poll_once(&f);
}

TEST(force_reaches_the_deferred_blocks_of_a_future)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    bide_task(void) task = bide_spawn(drops_for_ever());
    bide_block_on(sleeping(5000));
    CHECK_EQ(ended, 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(ended, 1);
    bide_task_detach(task);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static async int takes_too(bide_future(int) f)
{
    return await bide_get(f);
}

static void *drop_here(void *f)
{
    bide__future_release(f);
    return NULL;
}

TEST(another_thread_may_drop)
{
    bide_runtime *rt;
    pthread_t thread;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(keep(bide_lazy(sleeps(1, 1000)))), 0);
    bide_future(int) more[] = {bide_move(kept), bide_lazy(sleeps(1, 1)),
                               bide_lazy(takes_too(bide_lazy(sleeps(1, 1)))),
                               bide_lazy(takes_too(bide_lazy(sleeps(1, 1))))};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, drop_here, (void *)bide_move(more[i])), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        if (i < 2)
            CHECK_EQ(bide_block_on(sleeping(100)), 0);
    }
    check_counts(1, 1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_drop(more[3]); /* the runtime is gone */
}

/* ---- gets that fail ---- */

static async int gets(bide_future(int) * f)
{
    return await bide_get(*f);
}

static async double gets_half(bide_future(double) * f)
{
    return await bide_get(*f);
}

#pragma GCC diagnostic ignored "-Wbide-borrow" /* these tasks end before their functions do */

static async int misused(void)
{
    bide_future(int) f = bide_lazy(sleeps(1, 10)), *shared = &f;
    bide_future(double) empty;
    int first = 0, second = 0;
    CHECK_ERR(await bide_try_join(first = bide_get(f), second = gets(&f)), -EBUSY);
    CHECK_EQ(first, 0);
    CHECK_ERR(second, -EBUSY);
    bide_task(int) task = bide_spawn(gets(shared));
    await bide_sleep(BIDE_MS(1)); /* it waits now */
    CHECK_ERR(await bide_get(f), -EBUSY);
    CHECK_EQ(await bide_task_join(task, &first), 0);
    CHECK_EQ(first, 1);
    CHECK_ERR(await bide_get(f), -EINVAL);
    CHECK(await gets_half(&empty) == 0);
    return 0;
}

TEST(a_future_is_got_once_and_by_one)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(misused()), 0);
}

static void drop_plainly(bide_future(int) * f)
{
    bide_drop(*f);
}

static async int dropped_while_got(void)
{
    bide_future(int) f = bide_lazy(sleeps(1, 1000)), *shared = &f;
    bide_task(int) task = bide_spawn(gets(shared));
    int out = 0;
    await bide_sleep(BIDE_MS(1));
    bide_instant start = bide_now();
    bide_drop(f); /* waits, although the get drove it */
    CHECK_EQ(ended, 1);
    CHECK_EQ(passed_ms(start), 50);
    CHECK_EQ(await bide_task_join(task, &out), 0);
    f = bide_lazy(sleeps(1, 1000));
    task = bide_spawn(gets(shared));
    await bide_sleep(BIDE_MS(1));
    drop_plainly(shared);
    bide_task_abort(task); /* and the get is cancelled before it notices */
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    await bide_sleep(BIDE_MS(100));
    return out;
}

TEST(a_get_hears_of_a_drop)
{
    bide_test_time_virtual();
    CHECK_ERR(bide_block_on(dropped_while_got()), -ECANCELED);
    check_counts(2, 2);
}

TEST(another_runtime_is_refused)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_future(int) f = bide_lazy(sleeps(1, 1));
    struct bide_runtime *before = bide_runtime_enter(rt);
    CHECK_ERR(bide_block_on(gets(&f)), -EXDEV);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_ERR(bide_block_on(gets(&f)), -ESHUTDOWN);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(bide_block_on(gets(&f)), 1);
}

/* ---- futures that move ---- */

static async int both(int a, int b)
{
    int x = 0, y = 0;
    await bide_join(x = sleeps(1, a), y = sleeps(2, b));
    return x + y;
}

static async int inner(int a, int b)
{
    bide_future(int) f = bide_lazy(both(a, b));
    CHECK_ERR(await poll_once(&f), -ETIMEDOUT);
    return await bide_get(f);
}

static async void first_driver(bide_future(int) f, bide_future(int) * to)
{
    await poll_once(&f);
    *to = bide_move(f);
}

static async int second_driver(bide_future(int) f)
{
    return await bide_get(f);
}

static async int moves(int depth)
{
    bide_future(int) f = {0}, *to = &f;
    bide_instant start = bide_now();
    int out = 0;
    bide_task(void) first = bide_spawn(
        first_driver(depth ? bide_lazy(inner(100, 200)) : bide_lazy(both(100, 200)), to));
    CHECK_EQ(await bide_task_join(first, NULL), 0);
    bide_task(int) filler = bide_spawn(sleeps(1, 1)); /* takes the memory of the first driver */
    await bide_sleep(BIDE_MS(150));                   /* one branch is woken meanwhile */
    bide_task(int) second = bide_spawn(second_driver(bide_move(f)));
    CHECK_EQ(await bide_task_join(second, &out), 0);
    CHECK_EQ(await bide_task_wait(filler), 0);
    CHECK_EQ(passed_ms(start), 400);
    return out;
}

TEST(a_future_moves_to_another_task)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(moves(0)), 3);
    CHECK_EQ(bide_block_on(moves(1)), 3);
    check_counts(6, 0);
}

/* ---- wakes of other threads ---- */

static sem_t go;

static int waits(int x)
{
    sem_wait(&go);
    return x + 1;
}

static async int on_the_pool(int x)
{
    x = await bide_blocking(waits(x));
    return await bide_blocking(waits(x));
}

static void post(void)
{
    sem_post(&go);
}

static async int from_the_pool(void)
{
    bide_future(int) f = bide_lazy(on_the_pool(1)), g = bide_lazy(on_the_pool(10));
    CHECK_ERR(await poll_once(&f), -ETIMEDOUT);
    CHECK_ERR(await poll_once(&g), -ETIMEDOUT);
    for (int i = 0; i < 10; i++) {
        await bide_blocking(post());
        await bide_sleep(BIDE_MS(1));
    }
    int a = await bide_get(f);
    int b = await bide_get(g);
    return a + b;
}

TEST(a_thread_wakes_what_nobody_polls)
{
    CHECK_EQ(sem_init(&go, 0, 0), 0);
    CHECK_EQ(bide_block_on(from_the_pool()), 3 + 12);
}

static async int dropped_on_the_pool(void)
{
    bide_future(int) f = bide_lazy(on_the_pool(1));
    CHECK_ERR(await poll_once(&f), -ETIMEDOUT);
    await bide_blocking(post());
    await bide_blocking(post());
    bide_drop(f); /* the job has ended, or this waits for it */
    return 0;
}

/* A call that has ended on the pool holds up nothing, even if nobody looks at it: time passes. */
static int work(void)
{
    usleep(1000);
    return 7;
}

static async int works(void)
{
    return await bide_blocking(work());
}

static async int time_passes(void)
{
    int n = 1;
    bide_future(int) f = bide_lazy(works());
    bide_instant start = bide_now();
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(f)), -ETIMEDOUT);
    await bide_sleep(BIDE_S(1));
    CHECK_EQ(passed_ms(start), 1000);
    CHECK_EQ(n, 1);
    return await bide_get(f);
}

TEST(virtual_time_passes_while_a_result_of_the_pool_waits)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(time_passes()), 7);
}

TEST(a_drop_races_with_a_wake)
{
    CHECK_EQ(sem_init(&go, 0, 0), 0);
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(bide_block_on(dropped_on_the_pool()), 0);
        while (sem_trywait(&go) == 0)
            continue;
    }
}

/* ---- a waker that is kept ---- */

struct keeper {
    struct bide_frame h;
};

static bide_waker kept_waker;

static enum bide_poll keeper_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (kept_waker.bits == 0)
        kept_waker = bide_waker_clone(cx->waker);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer keeper_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

static const struct bide_fn keeper_fn = {.poll = keeper_poll,
                                         .cancel = keeper_cancel,
                                         .frame_size = sizeof(struct keeper),
                                         .frame_align_log2 = 3,
                                         .version = BIDE_FN_VERSION};

static enum bide_poll keeper_root(struct bide_cx *cx, struct bide_frame *h)
{
    (void)bide__args(cx, h);
    h->state = 1;
    struct bide_frame *f = bide_frame_push(cx, sizeof(struct keeper), &keeper_fn, h, NULL);
    return f != NULL ? keeper_poll(cx, f) : BIDE_PENDING;
}

static const struct bide_fn keeper_root_fn = {.poll = keeper_root,
                                              .frame_size = sizeof(struct keeper),
                                              .frame_align_log2 = 3,
                                              .version = BIDE_FN_VERSION};

static void *wake_late(void *unused)
{
    (void)unused;
    bide_waker_wake_by_ref(kept_waker);
    bide_waker_wake(kept_waker);
    return NULL;
}

static async int dropped_with_a_waker(void)
{
    bide_future(int) f = {0};
    f = (bide_future(int))bide__lazy(&keeper_root_fn, NULL);
    await poll_once(&f);
    bide_drop(f);
    return 0;
}

TEST(a_waker_outlives_its_future)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        bide_runtime *rt;
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        kept_waker.bits = 0;
        CHECK_EQ(bide_block_on(dropped_with_a_waker()), 0);
        CHECK(kept_waker.bits != 0);
        if (i == 0)
            wake_late(NULL);
        if (i == 2)
            CHECK_EQ(bide_runtime_free(rt), 0);
        if (i > 0) {
            CHECK_EQ(pthread_create(&thread, NULL, wake_late, NULL), 0);
            CHECK_EQ(pthread_join(thread, NULL), 0);
        }
        if (i < 2)
            CHECK_EQ(bide_runtime_free(rt), 0);
        bide_runtime_enter(NULL);
    }
}

/* ---- cancelled everywhere ---- */

async int scenario(void *unused);
extern const struct bide_fn bide__desc_scenario;

async int scenario(void *unused)
{
    (void)unused;
    bide_future(int) f = bide_lazy(inner(10, 20)), g[2] = {bide_lazy(sleeps(2, 5))};
    int n = 0, value = 0;
    await poll_once(&g[0]);
    while (await bide_timeout(BIDE_MS(15), value = bide_get(f)) < 0)
        n++;
    g[0] = bide_lazy(sleeps(1, 3));
    await bide_select_biased(value = bide_get(g[0]), bide_yield());
    bide_drop(g[0]);
    g[1] = bide_lazy(sleeps(1, 7));
    return value * 10 + n;
}

static void before(void *unused)
{
    (void)unused;
    begun = ended = 0;
}

static void after(void *unused, const struct cancel_run *run)
{
    (void)unused;
    CHECK_EQ(ended, begun);
    CHECK_EQ(run->error, run->requested && run->error ? -ECANCELED : 0);
    if (!run->requested)
        CHECK_EQ(run->result, 32);
}

TEST(cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_scenario, NULL, before, after) >= cancel_least(8));
}

/* ---- memory ---- */

static async int deep(int n)
{
    char ballast[1500];
    memset(ballast, n, sizeof ballast);
    begun++;
    defer {
        await bide_yield();
        ended++;
    }
    int r = n > 0 ? await deep(n - 1) : await bide_sleep(BIDE_MS(1));
    return r < 0 ? r : ballast[n];
}

static async int big(int n)
{
    char ballast[3000];
    memset(ballast, n, sizeof ballast);
    begun++;
    defer {
        ended++;
    }
    int r = await deep(n * 10);
    if (r < 0)
        return r;
    if (n > 0) {
        bide_future(int) f = bide_lazy(big(n - 1));
        await poll_once(&f);
        int below = await bide_get(f);
        return below < 0 ? below : ballast[7];
    }
    return ballast[n];
}

static async int takes(bide_future(int) f)
{
    return await bide_get(f);
}

static async int tries(void)
{
    bide_future(int) f = bide_lazy(takes(bide_lazy(big(3))));
    bide_future(int) never = bide_lazy(takes(bide_lazy(big(1))));
    bide_task(int) task = bide_spawn(takes(bide_lazy(deep(1))));
    int n = 0, r = await bide_task_join(task, &n);
    bide_drop(never);
    (void)never;
    return r < 0 ? r : await takes(bide_move(f));
}

static unsigned fail_each(unsigned count)
{
    for (unsigned nth = 1;; nth++) {
        bide_runtime *rt;
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        begun = ended = 0;
        bide_test_watch();
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, count), 0);
        int r = bide_block_on(tries());
        bool failed = bide_test_failed("alloc") > 0;
        bide_test_fail("alloc", 0, 0, 0);
        CHECK(r == 3 || (failed && r == -ENOMEM));
        CHECK_EQ(ended, begun);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
        if (!failed)
            return nth - 1;
    }
}

TEST(each_allocation_fails_in_turn)
{
    bide_test_time_virtual();
    CHECK(fail_each(1) >= 5);
    CHECK(fail_each(0) >= 5);
}

static async int rounds(void)
{
    int n = 0;
    for (int i = 0; i < 100; i++) {
        bide_future(int) f = bide_lazy(both(0, 0)), g = bide_lazy(both(1, 1));
        await poll_once(&g);
        n += await bide_get(f);
    }
    return n;
}

TEST(futures_use_the_same_memory_again)
{
    bide_test_time_virtual();
    for (int i = 0; i < 2; i++) {
        bide_test_watch();
        CHECK_EQ(bide_block_on(rounds()), 300);
        int64_t calls = bide_test_calls("alloc");
        /* Of two workers, one may have its first work now, for which it allocates. */
        if (i > 0 && !(check_has_workers() && calls <= 4))
            CHECK_EQ(calls, 0);
    }
}

/* ---- seen from outside ---- */

static char dump[4096];

static void add(void *argument, const char *text, size_t size)
{
    (void)argument;
    strncat(dump, text, size);
}

TEST(a_dump_shows_futures)
{
    bide_runtime *rt;
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(keep(bide_lazy(sleeps(1, 1000)))), 0);
    bide_future(int) fresh = bide_lazy(both(1, 1));
    bide_task(int) task = bide_spawn(inner(1000, 1000));
    bide_block_on(sleeping(1));
    bide_runtime_dump(rt, add, NULL);
    CHECK(strstr(dump, " is polled by nobody\n  bide_sleep (") != NULL);
    CHECK(strstr(dump, " has not begun\n  both (") != NULL);
    CHECK(strstr(dump, " waits\n  bide_get\n    join\n") != NULL);
    bide_drop(fresh);
    (void)fresh;
    bide_task_abort(task);
    bide_drop(kept);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
