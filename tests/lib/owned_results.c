/*
 * Results that are owners, tasks and futures, and that nobody takes: wherever a task, a future or a
 * child of a set ends and its result is forgotten, what the result owns is let go of. A future that
 * has begun shows it: its deferred block runs. All is done on each flavour, on a runtime that is
 * freed, and then no memory may be left.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "owned.h"

/* ---- what is owned ---- */

static async bide_future(int) begun_later(int ms)
{
    bide_future(int) f = await begun();
    await bide_sleep(BIDE_MS(ms));
    return f;
}

static async int quick(void)
{
    await bide_yield();
    return 7;
}

static async bide_task(int) starts(void)
{
    bide_task(int) t = bide_spawn(quick());
    return t;
}

static async bide_task(bide_task(int)) starts_two(void)
{
    bide_task(bide_task(int)) t = bide_spawn(starts());
    await bide_yield();
    return t;
}

static async bide_task(bide_future(int)) starts_future(void)
{
    bide_task(bide_future(int)) t = bide_spawn(begun());
    (void)await bide_task_wait(t);
    return t;
}

static bide_runtime *home;

/* For a thread of the pool. */
static bide_task(int) makes_task(void)
{
    bide_task(int) t = bide_spawn_on(home, quick());
    return t;
}

/* ---- the ways to forget a result ---- */

static async void detached(void)
{
    bide_task_detach(bide_spawn(begun()));
    bide_task_detach(bide_spawn(starts()));
    bide_task_detach(bide_spawn(starts_two()));
    bide_task_detach(bide_spawn(starts_future()));
    await bide_sleep(BIDE_MS(5));
}

static async void waited_for(void)
{
    bide_task(bide_future(int)) f = bide_spawn(begun());
    bide_task(bide_task(int)) t = bide_spawn(starts());
    bide_task(bide_task(bide_task(int))) two = bide_spawn(starts_two());
    bide_task(bide_task(bide_future(int))) future = bide_spawn(starts_future());
    CHECK_EQ(await bide_task_wait(f), 0);
    CHECK_EQ(await bide_task_wait(t), 0);
    CHECK_EQ(await bide_task_wait(two), 0);
    CHECK_EQ(await bide_task_wait(future), 0);
    CHECK_EQ(dropped, 0);
    CHECK_EQ(made, 2);
    bide_task_detach(f);
    bide_task_abort(t);
}

static async void taken(void)
{
    bide_task(bide_future(int)) t = bide_spawn(begun());
    bide_task(bide_task(int)) s = bide_spawn(starts());
    bide_future(int) f;
    bide_task(int) inner;
    int seven = 0;
    CHECK_EQ(await bide_task_join(t, &f), 0);
    CHECK_EQ(await bide_task_join(s, &inner), 0);
    CHECK_EQ(await bide_task_join(inner, &seven), 0);
    CHECK_EQ(seven, 7);
    CHECK_EQ(dropped, 0);
}

static async void in_a_scope(void)
{
    bide_scope(s) {
        bide_scope_spawn(s, begun());
        bide_scope_spawn(s, starts());
        bide_task(bide_future(int)) t = bide_scope_spawn(s, begun_later(1));
        (void)t;
    }
}

static async void in_a_set(void)
{
    bide_task_set(bide_future(int)) set;
    CHECK_EQ(bide_task_set_new(0, &set), 0);
    for (int i = 0; i < 5; i++)
        bide_task_set_spawn(set, begun());
    bide_task_set_spawn(set, begun_later(1000)); /* is cancelled: its own variable is dropped */
    bide_future(int) f;
    CHECK_EQ(await bide_task_set_next(set, &f), 1);
    await bide_sleep(BIDE_MS(1));
    bide_task_set_detach_all(set);
    for (int i = 0; i < 3; i++)
        bide_task_set_spawn(set, begun_later(i));
    await bide_sleep(BIDE_MS(1));
    await bide_task_set_close(set);
    bide_task_set(bide_task(int)) freed;
    CHECK_EQ(bide_task_set_new(1, &freed), 0);
    for (int i = 0; i < 3; i++)
        bide_task_set_spawn(freed, starts());
    await bide_yield();
    bide_task_set_free(freed);
}

static async void in_a_map(void)
{
    bide_task_map(int, bide_future(int)) map;
    CHECK_EQ(bide_task_map_new(0, &map), 0);
    int key = 3;
    bide_task_map_spawn(map, &key, begun());
    await bide_sleep(BIDE_MS(1));
    bide_task_map_spawn(map, &key, begun()); /* takes its place */
    await bide_sleep(BIDE_MS(1));
    await bide_task_map_close(map);
}

static async void in_a_future_set(void)
{
    bide_future_set(bide_future(int)) set;
    CHECK_EQ(bide_future_set_new_ordered(0, &set), 0);
    bide_future_set_add(set, begun_later(2));
    bide_future_set_add(set, begun());
    bide_future_set_add(set, begun_later(1000));
    bide_future(int) f;
    CHECK_EQ(await bide_future_set_next(set, &f), 1);
    await bide_future_set_close(set);
}

/* A request to cancel waits for the pool, and then there is nothing left to cancel. */
static async bide_future(int) gives_in_spite(void)
{
    bide_future(int) f = await begun();
    await bide_blocking(usleep(5000));
    return f;
}

static async void futures_of_owners(void)
{
    bide_future(bide_future(int)) outer = bide_lazy(begun());
    bide_future(bide_future(int)) spite = bide_lazy(gives_in_spite());
    bide_future(int) inner = await bide_get(outer);
    (void)await bide_timeout(BIDE_MS(1), bide_get(spite));
    (void)inner;
}

static async void in_the_pool(void)
{
    home = bide_runtime_current();
    bide_task(bide_task(int)) t = bide_spawn_blocking(makes_task());
    bide_task_detach(bide_spawn_blocking(makes_task()));
    CHECK_EQ(await bide_task_wait(t), 0);
}

static async void losers(void)
{
    (void)await bide_select(begun(), bide_yield());
    (void)await bide_timeout(BIDE_MS(50), begun());
}

static void *release(void *handle)
{
    bide_task(bide_future(int)) t = handle;
    bide_task_detach(t);
    return NULL;
}

static async void on_another_thread(void)
{
    for (int ms = 0; ms < 3; ms++) {
        pthread_t thread;
        bide_task(bide_future(int)) t = bide_spawn(begun_later(1));
        await bide_sleep(BIDE_MS(ms));
        CHECK_EQ(pthread_create(&thread, NULL, release, (void *)bide_move(t)), 0);
        await bide_blocking(pthread_join(thread, NULL));
    }
    await bide_sleep(BIDE_MS(3));
}

static async void everything(void)
{
    await bide_join(detached(), in_a_scope(), in_a_set(), in_a_map(), in_a_future_set());
    await bide_join(futures_of_owners(), in_the_pool(), losers());
}

/* ---- on each flavour ---- */

static const bide_runtime_options flavours[] = {
    {.flavour = BIDE_CURRENT_THREAD},
    {.flavour = BIDE_MULTI_THREAD, .workers = 2},
    {.flavour = BIDE_THREAD_PER_CORE, .workers = 2},
};

static void run(bide_async_fn(void, void) f)
{
    for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++) {
        bide_runtime *rt;
        bide_test_watch();
        int64_t blocks = bide_test_calls("alloc") - bide_test_calls("free");
        made = dropped = 0;
        CHECK_EQ(bide_runtime_new(&flavours[i], &rt), 0);
        bide_runtime_enter(rt);
        bide_block_on((*f)());
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        CHECK_EQ(dropped, made);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
        CHECK_EQ(bide_test_calls("alloc") - bide_test_calls("free"), blocks);
    }
}

TEST(of_detached_tasks)
{
    run(bide_ref(detached));
}

TEST(of_tasks_that_are_only_waited_for)
{
    run(bide_ref(waited_for));
}

TEST(one_that_is_taken_is_its_taker_s)
{
    run(bide_ref(taken));
}

TEST(of_children_of_a_scope)
{
    run(bide_ref(in_a_scope));
}

TEST(of_children_of_a_task_set)
{
    run(bide_ref(in_a_set));
}

TEST(of_children_of_a_task_map)
{
    run(bide_ref(in_a_map));
}

TEST(of_children_of_a_future_set)
{
    run(bide_ref(in_a_future_set));
}

TEST(of_futures)
{
    run(bide_ref(futures_of_owners));
}

TEST(of_calls_on_the_pool)
{
    run(bide_ref(in_the_pool));
}

TEST(of_branches_that_lose)
{
    run(bide_ref(losers));
}

TEST(of_handles_that_another_thread_drops)
{
    run(bide_ref(on_another_thread));
}

TEST(of_all_of_these_at_once)
{
    run(bide_ref(everything));
}

/* ---- where the runtime is gone, or another one ---- */

static async void on_core_1(void)
{
    bide_task_detach(bide_spawn_at(1, begun()));
    bide_task(bide_future(int)) t = bide_spawn_at(1, begun());
    CHECK_EQ(await bide_task_wait(t), 0);
    bide_task_detach(bide_spawn_at(1, starts()));
    await bide_sleep(BIDE_MS(5));
}

TEST(of_tasks_on_another_core)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&flavours[2], &rt), 0);
    bide_runtime_enter(rt);
    bide_block_on(on_core_1());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(dropped, made);
    CHECK_EQ(made, 2);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(of_handles_that_outlive_the_runtime)
{
    for (size_t i = 0; i < 2; i++) {
        bide_runtime *rt;
        bide_test_watch();
        int64_t blocks = bide_test_calls("alloc") - bide_test_calls("free");
        CHECK_EQ(bide_runtime_new(&flavours[i], &rt), 0);
        bide_runtime_enter(rt);
        bide_task(bide_task(bide_task(int))) t = bide_spawn(starts_two());
        CHECK_EQ(bide_block_on(quick()), 7);
        while (!bide_task_finished(t))
            bide_block_on(quick());
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
        CHECK(bide_test_calls("alloc") - bide_test_calls("free") > blocks);
        bide_task_detach(t);
        CHECK_EQ(bide_test_calls("alloc") - bide_test_calls("free"), blocks);
    }
}

static bide_future(bide_future(int)) kept;

static async void keeps(void)
{
    kept = bide_lazy(gives_in_spite());
    (void)await bide_timeout(BIDE_MS(1), bide_get(kept));
}

/* The shutdown has made a task of it, which ended with a value. */
TEST(of_futures_that_outlive_the_runtime)
{
    for (size_t i = 0; i < 2; i++) {
        bide_runtime *rt;
        bide_test_watch();
        int64_t blocks = bide_test_calls("alloc") - bide_test_calls("free");
        made = dropped = 0;
        CHECK_EQ(bide_runtime_new(&flavours[i], &rt), 0);
        bide_runtime_enter(rt);
        bide_block_on(keeps());
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        CHECK_EQ(made, 1);
        bide_drop(kept);
        CHECK_EQ(dropped, 1);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
        CHECK_EQ(bide_test_calls("alloc") - bide_test_calls("free"), blocks);
    }
}

/* ---- a future that is moved while a get drives it, and dropped while it ends ---- */

static atomic_bool may_go, is_ready, is_driven;
static atomic_int round_now, rounds_stopped, taken_alive;

/* The tasks of earlier rounds stop too, though nobody may have taken them. */
static async int until_stop(int round)
{
    while (rounds_stopped < round)
        await bide_yield();
    return 7;
}

static async bide_task(int) gives_a_task(void)
{
    bide_task(int) t = bide_spawn(until_stop(round_now));
    is_driven = true;
    while (!may_go)
        await bide_yield();
    is_ready = true;
    return t;
}

static async void gets(bide_future(bide_task(int)) * f)
{
    bide_task(int) inner = await bide_get(*f);
    int value = 0;
    rounds_stopped = (int)round_now;
    if (inner == NULL)
        return;
    CHECK_EQ(await bide_task_join(inner, &value), 0);
    CHECK_EQ(value, 7);
    taken_alive++;
}

static void drop_when_ready(bide_future(bide_task(int)) * f, int spins)
{
    while (!is_ready)
        ;
    for (volatile int i = 0; i < spins; i++)
        ;
    bide_drop(*f);
}

static async void moves(bide_future(bide_task(int)) * f, int spins)
{
    bide_future(bide_task(int)) moved = bide_move(*f);
    may_go = true;
    drop_when_ready(&moved, spins);
}

static async void once(int spins)
{
    may_go = is_ready = is_driven = false;
    round_now++;
    bide_future(bide_task(int)) f = bide_lazy(gives_a_task());
    bide_scope(s) {
        bide_scope_spawn(s, gets(&f));
        while (!is_driven)
            await bide_yield();
        bide_scope_spawn(s, moves(&f, spins));
    }
}

static async int race(void)
{
    for (int i = 0; i < 300; i++)
        await once(i % 100 * 4);
    return 0;
}

TEST_LIMIT(of_a_future_that_another_worker_drops, 60)
{
    bide_runtime *rt;
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 3};
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(race()), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- the end of a runtime ---- */

static bide_task(bide_task(int)) outer;

static async bide_task(int) starts_and_waits(void)
{
    bide_task(int) t = bide_spawn(quick());
    await bide_task_wait(t);
    return t;
}

static async int waits_for_outer(void)
{
    return await bide_task_wait(outer);
}

static void *lets_go(void *unused)
{
    bide_task_detach(outer);
    return unused;
}

/* What another thread let go of is taken over at the end, and lets go of a task itself. */
TEST(of_a_runtime_that_ends)
{
    bide_runtime *rt;
    pthread_t thread;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    outer = bide_spawn(starts_and_waits());
    CHECK_EQ(bide_block_on(waits_for_outer()), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(pthread_create(&thread, NULL, lets_go, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(of_calls_that_block)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    bide_block_on(begun());
    bide_block_on(starts());
    (void)bide_block_on(starts());
    CHECK_EQ(bide_block_on(quick()), 7);
    CHECK_EQ(dropped, 1);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(made, 1);
    CHECK_EQ(dropped, 1);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
