/*
 * Owners that are moved to a blocking call: whether the call is made, is taken back before a thread
 * has begun it, or never gets as far, they are let go of, once. A future that has begun shows it:
 * its deferred block runs.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "check.h"
#include "owned.h"

static atomic_int called, held;
static sem_t go;

static async void drops(bide_future(int) f)
{
    bide_drop(f);
}

/* For threads of the pool. */
static bide_future(int) passes_on(bide_future(int) f)
{
    called++;
    return f;
}

static int holds_the_thread(void)
{
    held++;
    while (sem_wait(&go) < 0)
        ;
    return 0;
}

/* ---- the ways to a call ---- */

static async void awaits(bide_future(int) f)
{
    bide_future(int) back = await bide_blocking(passes_on(bide_move(f)));
    await drops(bide_move(back));
}

static async void awaits_in_place(bide_future(int) f)
{
    bide_future(int) back = await bide_block_in_place(passes_on(bide_move(f)));
    await drops(bide_move(back));
}

static async bide_cancel_returns int awaits_and_returns(bide_future(int) f)
{
    (void)await bide_yield();
    bide_future(int) back = await bide_blocking(passes_on(bide_move(f)));
    await drops(bide_move(back));
    return 0;
}

static async void joins(bide_future(int) f)
{
    bide_future(int) back = NULL;
    await bide_join(back = bide_blocking(passes_on(bide_move(f))), bide_sleep(BIDE_NS(1)));
    await drops(bide_move(back));
}

/* The call is made; taken back, since another one holds the only thread of the pool; or the task is
 * asked to cancel before it begins. */
#define WAYS_OF(name, T, call)                                          \
    static async void name##_is_called(void)                            \
    {                                                                   \
        bide_future(int) f = await begun();                             \
        bide_task(T) t = bide_spawn(call);                              \
        CHECK_EQ(await bide_task_wait(t), 0);                           \
        CHECK_EQ(called, 1);                                            \
    }                                                                   \
    static async void name##_is_taken_back(void)                        \
    {                                                                   \
        bide_future(int) f = await begun();                             \
        bide_task(int) first = bide_spawn_blocking(holds_the_thread()); \
        while (held == 0)                                               \
            await bide_sleep(BIDE_US(10));                              \
        bide_task(T) t = bide_spawn(call);                              \
        await bide_sleep(BIDE_MS(1));                                   \
        bide_task_abort(t);                                             \
        (void)await bide_task_wait(t);                                  \
        sem_post(&go);                                                  \
        CHECK_EQ(await bide_task_wait(first), 0);                       \
        CHECK_EQ(called, 0);                                            \
    }                                                                   \
    static async void name##_is_too_late(void)                          \
    {                                                                   \
        bide_future(int) f = await begun();                             \
        bide_task(T) t = bide_spawn(call);                              \
        bide_task_abort(t);                                             \
        (void)await bide_task_wait(t);                                  \
    }

WAYS_OF(await, void, awaits(bide_move(f)))
WAYS_OF(await_and_return, int, awaits_and_returns(bide_move(f)))
WAYS_OF(join, void, joins(bide_move(f)))

static async void in_place_is_called(void)
{
    await awaits_in_place(await begun());
    CHECK_EQ(called, 1);
}

static async void in_place_is_too_late(void)
{
    bide_future(int) f = await begun();
    bide_task(void) t = bide_spawn(awaits_in_place(bide_move(f)));
    bide_task_abort(t);
    CHECK_ERR(await bide_task_wait(t), -ECANCELED);
    CHECK_EQ(called, 0);
}

static async void task_is_taken_back(void)
{
    bide_future(int) f = await begun();
    bide_task(int) first = bide_spawn_blocking(holds_the_thread());
    while (held == 0)
        await bide_sleep(BIDE_US(10));
    bide_task(bide_future(int)) t = bide_spawn_blocking(passes_on(bide_move(f)));
    await bide_sleep(BIDE_MS(1));
    bide_task_abort(t);
    CHECK_ERR(await bide_task_wait(t), -ECANCELED);
    sem_post(&go);
    CHECK_EQ(await bide_task_wait(first), 0);
    CHECK_EQ(called, 0);
}

static async int at_once(void)
{
    return 1;
}

/* The first branch to begin may end at once; then the other one never begins. */
static async void select_begins_one(void)
{
    int n = 0;
    bide_future(int) f = await begun(), back = NULL;
    (void)await bide_select(n = at_once(), back = bide_blocking(passes_on(bide_move(f))));
    await drops(bide_move(back));
    CHECK_EQ(n, 1);
}

static async void guard_is_false(void)
{
    int n = 0;
    bide_future(int) f = await begun(), back = NULL;
    await bide_join(n = at_once(),
                    bide_if(dropped > 0, back = bide_blocking(passes_on(bide_move(f)))));
    CHECK_EQ(n, 1);
    CHECK_EQ(called, 0);
    await drops(bide_move(back));
}

static void run(bide_async_fn(void, void) f)
{
    static const bide_runtime_options options = {.blocking_threads_max = 1};
    bide_runtime *rt;
    bide_test_watch();
    int64_t blocks = bide_test_calls("alloc") - bide_test_calls("free");
    made = dropped = called = held = 0;
    CHECK_EQ(sem_init(&go, 0, 0), 0);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    bide_block_on((*f)());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(made, 1);
    CHECK_EQ(dropped, 1);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(bide_test_calls("alloc") - bide_test_calls("free"), blocks);
}

TEST(an_await)
{
    run(bide_ref(await_is_called));
    run(bide_ref(await_is_taken_back));
    run(bide_ref(await_is_too_late));
}

TEST(an_await_whose_cancellation_is_an_error)
{
    run(bide_ref(await_and_return_is_called));
    run(bide_ref(await_and_return_is_taken_back));
    run(bide_ref(await_and_return_is_too_late));
}

TEST(a_branch)
{
    run(bide_ref(join_is_called));
    run(bide_ref(join_is_taken_back));
    run(bide_ref(join_is_too_late));
}

TEST(a_branch_that_never_begins)
{
    for (int i = 0; i < 10; i++) /* the order is random */
        run(bide_ref(select_begins_one));
    run(bide_ref(guard_is_false));
}

TEST(in_place)
{
    run(bide_ref(in_place_is_called));
    run(bide_ref(in_place_is_too_late));
}

TEST(a_task_of_the_pool)
{
    run(bide_ref(task_is_taken_back));
}
