/*
 * Every wait of bide/set.h is cancelled at every suspension, and has no memory at every call
 * (waits.h).
 */
#include "waits.h"

/* What the children of the sets wait for. */
static bide_notify notify;

static async void release_notify(void)
{
    bide_notify_one(&notify);
}

static async void check_notify(void)
{
    CHECK(notify.permit_ == 0 && notify.waiting_.first == NULL);
}

/* ---- task set ---- */

/* A child that ends when it is told to; or, when it was asked to, unwinds until it is told to. */
static atomic_int unwound;

static async int waits_for_it(int result)
{
    CHECK_EQ(await bide_notify_wait(&notify), 0);
    return result;
}

static async int unwinds(void)
{
    static bide_notify never;
    defer {
        await bide_notify_wait(&notify);
        unwound++;
    }
    await bide_notify_wait(&never);
    return 0;
}

static bide_task_set(int) tasks;

static void prepare_tasks(void)
{
    unwound = 0;
    CHECK_EQ(bide_task_set_new(0, &tasks), 0);
}

static void prepare_tasks_next(void)
{
    prepare_tasks();
    CHECK(bide_task_set_spawn(tasks, waits_for_it(5)) > 0);
}

static void prepare_tasks_close(void)
{
    prepare_tasks();
    CHECK(bide_task_set_spawn(tasks, unwinds()) > 0);
}

static async void wait_tasks_next(void)
{
    int result = 0;
    CHECK_EQ(await bide_task_set_next(tasks, &result), 1);
    CHECK_EQ(result, 5);
}

static async void wait_tasks_close(void)
{
    bide_task_set(int) set = tasks;
    tasks = NULL; /* it is closed whatever happens */
    await bide_task_set_close(set);
}

static async void check_tasks(void)
{
    CHECK_EQ(await bide_task_set_next(tasks, &(int){0}), 0);
    await bide_task_set_close(tasks);
    await check_notify();
}

static async void check_unwound(void)
{
    while (unwound == 0) /* without memory for the wait nobody has waited */
        await bide_yield();
    await check_notify();
}

/* ---- task map ---- */

static bide_task_map(int, int) map;

static void prepare_map(void)
{
    unwound = 0;
    CHECK_EQ(bide_task_map_new(0, &map), 0);
}

static void prepare_map_next(void)
{
    prepare_map();
    CHECK(bide_task_map_spawn(map, &(int){3}, waits_for_it(5)) > 0);
}

static void prepare_map_close(void)
{
    prepare_map();
    CHECK(bide_task_map_spawn(map, &(int){3}, unwinds()) > 0);
}

static async void wait_map_next(void)
{
    int key = 0, result = 0;
    CHECK_EQ(await bide_task_map_next(map, &key, &result), 1);
    CHECK_EQ(key, 3);
    CHECK_EQ(result, 5);
}

static async void wait_map_close(void)
{
    bide_task_map(int, int) set = map;
    map = NULL;
    await bide_task_map_close(set);
}

static async void check_map(void)
{
    CHECK_EQ(await bide_task_map_next(map, &(int){0}, &(int){0}), 0);
    await bide_task_map_close(map);
    await check_notify();
}

/* ---- future set ---- */

static bide_future_set(int) futures;
static int results[2];

static void prepare_futures(void)
{
    unwound = 0;
    memset(results, 0, sizeof results);
    CHECK_EQ(bide_future_set_new(0, &futures), 0);
}

static async int at_once(void)
{
    return 4;
}

static void prepare_futures_next(void)
{
    prepare_futures();
    CHECK(bide_future_set_add(futures, waits_for_it(5)) > 0);
}

static void prepare_join_all(void)
{
    prepare_futures();
    CHECK(bide_future_set_add(futures, at_once()) > 0);
    CHECK(bide_future_set_add(futures, waits_for_it(5)) > 0);
}

/* The child has begun, and so has something to unwind. */
static async void begin_futures(void)
{
    CHECK_EQ(await bide_select_biased(bide_future_set_next(futures, &results[0]), at_once()), 1);
}

static void prepare_futures_close(void)
{
    prepare_futures();
    CHECK(bide_future_set_add(futures, unwinds()) > 0);
}

static async void wait_futures_next(void)
{
    int result = 0;
    CHECK_EQ(await bide_future_set_next(futures, &result), 1);
    CHECK_EQ(result, 5);
}

static async void wait_join_all(void)
{
    CHECK_EQ(await bide_join_all(futures, results, 2), 0);
}

static async void wait_futures_close(void)
{
    if (futures != NULL)
        await begin_futures();
    bide_future_set(int) set = futures;
    futures = NULL;
    await bide_future_set_close(set);
}

static async void check_futures(void)
{
    CHECK_EQ(await bide_future_set_next(futures, &(int){0}), 0);
    await bide_future_set_close(futures);
    await check_notify();
}

static async void check_join_all(void)
{
    CHECK_EQ(results[0], 4);
    CHECK_EQ(results[1], 5);
    await check_futures();
}

/* ---- the table ---- */

static const struct row rows[] = {
    ROW("bide_task_set_next", prepare_tasks_next, NULL, wait_tasks_next, release_notify,
        check_tasks),
    ROW("bide_task_set_close", prepare_tasks_close, NULL, wait_tasks_close, release_notify,
        check_unwound),
    ROW("bide_task_map_next", prepare_map_next, NULL, wait_map_next, release_notify, check_map),
    ROW("bide_task_map_close", prepare_map_close, NULL, wait_map_close, release_notify,
        check_unwound),
    ROW("bide_future_set_next", prepare_futures_next, NULL, wait_futures_next, release_notify,
        check_futures),
    ROW("bide_future_set_close", prepare_futures_close, NULL, wait_futures_close, release_notify,
        check_unwound),
    ROW("bide_join_all", prepare_join_all, NULL, wait_join_all, release_notify, check_join_all),
};

enum { ROWS = sizeof rows / sizeof *rows };

TEST_LIMIT(every_wait_is_cancelled_at_every_suspension, 30)
{
    cancel_rows(rows, ROWS);
}

TEST_LIMIT(every_wait_has_no_memory_at_every_call, 30)
{
    starve_rows(rows, ROWS);
}

TEST(every_async_function_of_the_header_has_a_row)
{
    check_header(rows, ROWS, "set.h");
}
