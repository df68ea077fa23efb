/*
 * bide_sql_close without memory: it closes at any depth of the stack of frames, during other calls,
 * in deferred blocks, when cancelled, and in a shutdown past its deadline. If it cannot begin, it
 * returns an error and the handle is as good as before. The tests recognise a closed handle by its
 * descriptors, and by another connection, which can write.
 */
#include <bide/bide.h>
#include <bide/sqlite.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing.h"

static char path[] = "/tmp/bide-test-XXXXXX";
static bide_sql *db;
static int before;

static void begin(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    bide_test_watch();
}

static void end(void)
{
    static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
    char name[sizeof path + 16];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void no_memory(bool none)
{
    CHECK_EQ(bide_test_fail("alloc", none, -ENOMEM, 0), 0);
}

/* Opens a database, with a transaction that holds the lock. */
static async int open_db(void)
{
    before = open_descriptors();
    CHECK_EQ(await bide_sql_open(path, NULL, &db), 0);
    CHECK_EQ(await bide_sql_exec(db, "PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS t (x); "
                                     "BEGIN IMMEDIATE; "
                                     "INSERT INTO t VALUES (1)"),
             0);
    return 0;
}

/* Checks that the handle's descriptors are closed and its lock is free. */
static async int check_closed(void)
{
    bide_sql *other = NULL;
    bide_sql_options options = {.busy_timeout = BIDE_NS(-1)};
    CHECK_EQ(open_descriptors(), before);
    CHECK_EQ(await bide_sql_open(path, &options, &other), 0);
    CHECK_EQ(await bide_sql_exec(other, "PRAGMA synchronous = OFF; "
                                        "INSERT INTO t VALUES (2); DELETE FROM t"),
             0);
    CHECK_EQ(await bide_sql_close(other), 0);
    return 0;
}

/* ---- at every depth ---- */

static async int close_at_depth(int depth, size_t size)
{
    volatile char pad[200];
    pad[5] = (char)size;
    if (depth > 0) {
        int r = await close_at_depth(depth - 1, size);
        return r + (pad[5] != (char)size);
    }
    no_memory(true);
    int n = await bide_sql_close(db);
    no_memory(false);
    return n;
}

static async int result_of(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

static async int all_depths(void)
{
    for (int depth = 0; depth < 120; depth += 2) {
        CHECK_EQ(await open_db(), 0);
        bide_task(int) task = bide_spawn(close_at_depth(depth, 200));
        CHECK_EQ(await result_of(bide_move(task)), 0);
        CHECK_EQ(await check_closed(), 0);
    }
    return 0;
}

TEST_LIMIT(at_every_depth, 60)
{
    begin();
    CHECK_EQ(bide_block_on(all_depths()), 0);
    end();
}

/* ---- under calls ---- */

static const char endless[] = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                              "INSERT INTO t SELECT x FROM c WHERE x < 0";

static async int close_it(void)
{
    return await bide_sql_close(db);
}

static async int under_calls(void)
{
    for (int aborted = 0; aborted < 3; aborted++) {
        CHECK_EQ(await open_db(), 0);
        bide_task(int) call = bide_spawn(bide_sql_exec(db, endless));
        bide_task(int) closing = bide_spawn(close_it());
        no_memory(true);
        await bide_sleep(BIDE_MS(5));
        /* Whether it waits for its turn or is working, it closes all the same. */
        if (aborted == 1)
            bide_task_abort(closing);
        bide_task_abort(call);
        if (aborted == 2) {
            bide_task_abort(closing);
            await bide_yield();
            bide_task_abort(closing);
        }
        no_memory(false);
        CHECK_ERR(await bide_task_wait(call), -ECANCELED);
        CHECK_EQ(await result_of(bide_move(closing)), 0);
        CHECK_EQ(await check_closed(), 0);
    }
    return 0;
}

TEST_LIMIT(under_calls_and_cancelled, 30)
{
    begin();
    CHECK_EQ(bide_block_on(under_calls()), 0);
    end();
}

/* ---- in a deferred block, while the task is unwound for lack of memory ---- */

static async int deep(int depth)
{
    volatile char pad[1000];
    pad[7] = (char)depth;
    if (depth == 0)
        no_memory(true);
    int n = depth > -1000000 ? await deep(depth - 1) : 0; /* memory runs out first */
    return n + pad[7];
}

static async int unwound(int depth)
{
    defer {
        CHECK_EQ(await bide_sql_close(db), 0);
        no_memory(false);
    }
    return await deep(depth);
}

static async int in_deferred_blocks(void)
{
    for (int depth = 0; depth < 40; depth++) {
        CHECK_EQ(await open_db(), 0);
        CHECK_ERR(await bide_task_wait(bide_spawn(unwound(depth))), -ENOMEM);
        CHECK_EQ(await check_closed(), 0);
    }
    return 0;
}

TEST_LIMIT(in_a_deferred_block, 60)
{
    begin();
    CHECK_EQ(bide_block_on(in_deferred_blocks()), 0);
    end();
}

/* ---- where it cannot begin ---- */

static async int still_good(void)
{
    CHECK_EQ(await bide_sql_exec(db, "INSERT INTO t VALUES (3)"), 0);
    return 0;
}

TEST(what_cannot_begin_changes_nothing)
{
    begin();
    CHECK_EQ(bide_block_on(open_db()), 0);
    int said = 0;
    /* The first task may get a block of memory that was used before. */
    for (int i = 0; i < 2 && said == 0; i++) {
        bide_runtime *rt;
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        no_memory(true);
        said = bide_block_on(bide_sql_close(db));
        no_memory(false);
        CHECK_ERR(said, -ENOMEM);
        CHECK_EQ(bide_block_on(still_good()), 0);
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
    CHECK_EQ(bide_block_on(bide_sql_close(db)), 0);
    CHECK_EQ(bide_block_on(check_closed()), 0);
    end();
}

/* ---- a shutdown past its deadline ---- */

static async void holds_it(void)
{
    defer {
        CHECK_EQ(await bide_sql_close(db), 0);
        db = NULL;
    }
    await bide_sleep(BIDE_S(1000));
}

TEST(a_forced_shutdown)
{
    bide_runtime *rt;
    begin();
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(open_db()), 0);
    bide_spawn(holds_it());
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(1))), 0);
    bide_runtime_enter(NULL);
    for (int r = -ETIMEDOUT; r < 0;) {
        r = bide_runtime_shutdown(rt, BIDE_NS(0));
        CHECK(r == 0 || r == -ETIMEDOUT);
    }
    CHECK(db == NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(0))), 0); /* so another runtime exists */
    before = open_descriptors();
    CHECK_EQ(bide_block_on(check_closed()), 0);
    end();
}
