/*
 * The hook task_spawn is told the line of each spawn, for each form that makes a task, and only
 * that of the task itself.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static char last[64]; /* the place that was told last, without its folders; "" : none */
static unsigned told;

static void spawned(void *argument, const bide_task_info *task)
{
    (void)argument;
    const char *place = task->place != NULL ? task->place : "";
    const char *slash = strrchr(place, '/');
    snprintf(last, sizeof(last), "%s", slash != NULL ? slash + 1 : place);
    told++;
}

static void polled(void *argument, const bide_task_info *task)
{
    (void)argument;
    CHECK(task->place == NULL);
}

static async int twice(int n)
{
    await bide_yield();
    return 2 * n;
}

static int plain(int n)
{
    return n + 1;
}

/* The spawn before it, on the line above, was told. */
#define CHECK_LINE() check_line(__LINE__ - 1)

static void check_line(int line)
{
    char expected[64];
    snprintf(expected, sizeof(expected), "place.c:%d", line);
    CHECK_STR(last, expected);
    last[0] = '\0';
}

static async int every_form(void)
{
    int n = 0;
    CHECK_STR(last, ""); /* what blocks is no spawn */
    bide_task(int) task = bide_spawn(twice(1));
    CHECK_LINE();
    bide_task(int) low = bide_spawn_low(twice(1));
    CHECK_LINE();
    bide_task(int) local = bide_spawn_local(twice(1));
    CHECK_LINE();
    bide_task(int) pool = bide_spawn_blocking(plain(1));
    CHECK_LINE();
    bide_task(int) block = bide_spawn(async({ await twice(1); }));
    CHECK_LINE();
    bide_spawn_on(bide_runtime_current(), twice(n));
    CHECK_LINE();
    bide_scope(s) {
        bide_scope_spawn(s, twice(1));
        CHECK_LINE();
    }
    n += await bide_task_wait(task) + await bide_task_wait(low) + await bide_task_wait(local);
    n += await bide_task_wait(pool) + await bide_task_wait(block);
    CHECK_EQ(n, 0);
    return 0;
}

/* A future that is dropped where nothing can wait becomes a task, whatever was spawned before. */
static void drops(bide_future(int) future)
{
    bide_drop(future);
}

static async int becomes_a_task(void)
{
    bide_future(int) future = bide_lazy(twice(1));
    CHECK_EQ(await bide_timeout(BIDE_NS(0), (void)bide_get(future)), -ETIMEDOUT);
    drops(bide_move(future));
    CHECK_STR(last, "");
    return 0;
}

TEST(each_spawn_has_its_line)
{
    bide_runtime_options options = {.hooks = {.task_spawn = spawned, .task_poll_begin = polled}};
    bide_runtime *rt;

    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_task_detach(bide_spawn(twice(1))); /* on another runtime, which has no hooks */
    CHECK_EQ(told, 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(every_form()), 0);
    CHECK_EQ(told, 8);
    CHECK_EQ(bide_block_on(becomes_a_task()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
