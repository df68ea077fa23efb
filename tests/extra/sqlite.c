/*
 * bide/sqlite.h: statements, values, errors and their texts, locks, cancellation, shortages.
 */
#include <bide/bide.h>
#include <bide/sqlite.h>
#include <bide/testing.h>

#include <bide/abi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "counted.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

/* A test is an async function, run with an empty database in memory. */
#define SQL_TEST(name)                                                    \
    static async int run_##name(void);                                    \
    TEST(name)                                                            \
    {                                                                     \
        CHECK_EQ(bide_block_on(bide_sql_open(":memory:", NULL, &db)), 0); \
        CHECK_EQ(bide_block_on(run_##name()), 0);                         \
        end();                                                            \
    }                                                                     \
    static async int run_##name(void)

static bide_sql *db;
static bide_sql_rows *rows;
static char path[] = "/tmp/bide-test-XXXXXX";

static void forget(void)
{
    bide_sql_rows_free(rows);
    rows = NULL;
}

static void end(void)
{
    forget();
    CHECK_EQ(bide_block_on(bide_sql_close(db)), 0);
    db = NULL;
}

static async int exec(const char *sql)
{
    int n = await bide_sql_exec(db, sql);
    if (n < 0)
        fprintf(stderr, "%s: %s\n", sql, bide_sql_error(db));
    CHECK_EQ(n, 0);
    return n;
}

/* The single number that a statement returns. */
static async int64_t number(const char *sql)
{
    bide_sql_rows *one = NULL;
    CHECK_EQ(await bide_sql_query(db, sql, BIDE_SQL_NONE, &one), 0);
    CHECK_EQ(bide_sql_row_count(one), 1);
    int64_t value = bide_sql_get_int(one, 0, 0);
    bide_sql_rows_free(one);
    return value;
}

static async int fails(const char *sql, int error, const char *text)
{
    CHECK_ERR(await bide_sql_exec(db, sql), error);
    if (text != NULL)
        CHECK_STR(bide_sql_error(db), text);
    return 0;
}

/* ---- what works ---- */

SQL_TEST(rows_and_columns)
{
    await exec("CREATE TABLE t (a INTEGER, b TEXT); -- a comment\n"
               "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, NULL);");
    CHECK_EQ(await bide_sql_query(db, "SELECT a, b FROM t ORDER BY a", BIDE_SQL_NONE, &rows), 0);
    CHECK_EQ(bide_sql_row_count(rows), 3);
    CHECK_EQ(bide_sql_column_count(rows), 2);
    CHECK_STR(bide_sql_column_name(rows, 1), "b");
    CHECK_EQ(bide_sql_get_int(rows, 1, 0), 2);
    CHECK_STR(bide_sql_get_text(rows, 1, 1), "two");
    CHECK_STR(bide_sql_get_text(rows, 2, 1), NULL);
    CHECK_EQ(bide_sql_get(rows, 2, 1)->type, BIDE_SQL_NULL);
    CHECK_STR(bide_sql_get_text(rows, 0, 0), NULL);
    CHECK_EQ(bide_sql_get_int(rows, 0, 1), 0);
    forget();
    CHECK_EQ(await bide_sql_query(db, "SELECT a FROM t WHERE a > 3", BIDE_SQL_NONE, &rows), 0);
    CHECK_EQ(bide_sql_row_count(rows), 0);
    CHECK_EQ(bide_sql_column_count(rows), 1);
    return 0;
}

SQL_TEST(values_of_every_type)
{
    const char blob[] = {0, 1, '\'', 0};
    CHECK_EQ(
        await bide_sql_query(
            db, "SELECT ?, ?, ?, ?, ?, ?, ?",
            BIDE_SQL_VALUES(bide_sql_int(INT64_MIN), bide_sql_real(0.5), bide_sql_text(""),
                            bide_sql_text("it's \"quoted\"; DROP TABLE t; --"), bide_sql_null(),
                            bide_sql_blob(blob, sizeof blob), bide_sql_blob(NULL, 0)),
            &rows),
        0);
    CHECK_EQ(bide_sql_get_int(rows, 0, 0), INT64_MIN);
    CHECK(bide_sql_get_real(rows, 0, 1) == 0.5);
    CHECK_EQ(bide_sql_get_int(rows, 0, 1), 0);
    CHECK(bide_sql_get_real(rows, 0, 0) == -0x1p63);
    CHECK_STR(bide_sql_get_text(rows, 0, 2), "");
    CHECK_STR(bide_sql_get_text(rows, 0, 3), "it's \"quoted\"; DROP TABLE t; --");
    CHECK_EQ(bide_sql_get(rows, 0, 4)->type, BIDE_SQL_NULL);
    const bide_sql_value *v = bide_sql_get(rows, 0, 5);
    CHECK_EQ(v->type, BIDE_SQL_BLOB);
    CHECK_EQ(v->size, sizeof blob);
    CHECK_EQ(memcmp(v->data, blob, sizeof blob), 0);
    v = bide_sql_get(rows, 0, 6);
    CHECK_EQ(v->type, BIDE_SQL_BLOB);
    CHECK_EQ(v->size, 0);
    CHECK_EQ(bide_sql_text(NULL).type, BIDE_SQL_NULL);
    return 0;
}

SQL_TEST(what_a_change_did)
{
    await exec("CREATE TABLE t (a INTEGER PRIMARY KEY)");
    CHECK_EQ(await bide_sql_query(db, "INSERT INTO t VALUES (?), (?)",
                                  BIDE_SQL_VALUES(bide_sql_int(7), bide_sql_int(9)), &rows),
             0);
    CHECK_EQ(bide_sql_changes(rows), 2);
    CHECK_EQ(bide_sql_last_id(rows), 9);
    CHECK_EQ(bide_sql_row_count(rows), 0);
    CHECK_EQ(bide_sql_column_count(rows), 0);
    return 0;
}

SQL_TEST(many_rows)
{
    CHECK_EQ(await bide_sql_query(db,
                                  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c "
                                  "WHERE x < 5000) SELECT x, 'text ' || x FROM c",
                                  BIDE_SQL_NONE, &rows),
             0);
    CHECK_EQ(bide_sql_row_count(rows), 5000);
    for (size_t i = 0; i < 5000; i++) {
        char text[20];
        snprintf(text, sizeof text, "text %zu", i + 1);
        CHECK_EQ(bide_sql_get_int(rows, i, 0), (int64_t)i + 1);
        CHECK_STR(bide_sql_get_text(rows, i, 1), text);
    }
    return 0;
}

static async int append(int i)
{
    return await bide_sql_query(db, "INSERT INTO t VALUES (?)", BIDE_SQL_VALUES(bide_sql_int(i)),
                                NULL);
}

/* Tasks share a handle: their statements run in the order in which they came. */
SQL_TEST(first_come_first_served)
{
    bide_task(int) tasks[20];
    await exec("CREATE TABLE t (a)");
    for (int i = 0; i < 20; i++)
        tasks[i] = bide_spawn(append(i));
    for (int i = 0; i < 20; i++)
        CHECK_EQ(await bide_task_wait(tasks[i]), 0);
    CHECK_EQ(await bide_sql_query(db, "SELECT a FROM t ORDER BY rowid", BIDE_SQL_NONE, &rows), 0);
    CHECK_EQ(bide_sql_row_count(rows), 20);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQ(bide_sql_get_int(rows, i, 0), (int64_t)i);
    return 0;
}

/* ---- what goes wrong ---- */

SQL_TEST(errors_have_texts)
{
    await fails("SELEC 1", -EINVAL, "near \"SELEC\": syntax error");
    await fails("SELECT * FROM nowhere", -EINVAL, "no such table: nowhere");
    await exec("CREATE TABLE t (a PRIMARY KEY, b CHECK (b > 0)); INSERT INTO t VALUES (1, 1)");
    await fails("INSERT INTO t VALUES (1, 1)", -EEXIST, "UNIQUE constraint failed: t.a");
    await fails("INSERT INTO t VALUES (2, 0)", -EDOM, "CHECK constraint failed: b > 0");
    CHECK_EQ(await number("SELECT count(*) FROM t"), 1);
    CHECK_STR(bide_sql_error(NULL), "out of memory");
    return 0;
}

static async int query_fails(const char *sql, bide_sql_values values, const char *text)
{
    CHECK_ERR(await bide_sql_query(db, sql, values, &rows), -EINVAL);
    CHECK_STR(bide_sql_error(db), text);
    CHECK(rows == NULL);
    return 0;
}

SQL_TEST(a_query_is_one_statement_with_its_values)
{
    await query_fails("SELECT 1; SELECT 2", BIDE_SQL_NONE, "there is more than one statement");
    await query_fails(" -- nothing", BIDE_SQL_NONE, "there is no statement");
    await query_fails("SELECT ?, ?", BIDE_SQL_VALUES(bide_sql_int(1)),
                      "the statement has 2 parameters, but 1 values were given");
    CHECK_EQ(await bide_sql_query(db, "SELECT 1; -- and no more\n", BIDE_SQL_NONE, &rows), 0);
    return 0;
}

SQL_TEST(exec_stops_at_the_first_error)
{
    await fails("CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO u VALUES (1); "
                "INSERT INTO t VALUES (2)",
                -EINVAL, "no such table: u");
    CHECK_EQ(await number("SELECT count(*) FROM t"), 1);
    return 0;
}

SQL_TEST(a_full_disk)
{
    await exec("PRAGMA max_page_count = 10; CREATE TABLE t (a)");
    await fails("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) "
                "INSERT INTO t SELECT hex(randomblob(100)) FROM c",
                -ENOSPC, "database or disk is full");
    CHECK_EQ(await number("SELECT count(*) FROM t"), 0);
    await exec("INSERT INTO t VALUES (1)");
    return 0;
}

static async int too_large(void)
{
    const char *sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                      "SELECT x, 'some text' FROM c";
    bide_sql_options options = {.rows_max_bytes = 100000};
    CHECK_EQ(await bide_sql_open(":memory:", &options, &db), 0);
    CHECK_ERR(await bide_sql_query(db, sql, BIDE_SQL_NONE, &rows), -EMSGSIZE);
    CHECK_STR(bide_sql_error(db), "the result is larger than rows_max_bytes");
    CHECK(rows == NULL);
    CHECK_EQ(await number("SELECT 1"), 1);
    return 0;
}

TEST(a_result_too_large)
{
    CHECK_EQ(bide_block_on(too_large()), 0);
    end();
}

/* A result of many rows grows without copying rows. */
static async int many_rows(void)
{
    enum { ROWS = 100000 };
    const char *sql =
        "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c LIMIT 100000) "
        "SELECT x, x * x FROM c";
    CHECK_EQ(await bide_sql_open(":memory:", NULL, &db), 0);
    counted_reset();
    CHECK_EQ(await bide_sql_query(db, sql, BIDE_SQL_NONE, &rows), 0);
    CHECK(counted_most() < 2 * 2 * ROWS * (long)sizeof(bide_sql_value));
    CHECK_EQ(bide_sql_row_count(rows), ROWS);
    for (int64_t i = 0; i < ROWS; i++) {
        CHECK_EQ(bide_sql_get_int(rows, (size_t)i, 0), i);
        CHECK_EQ(bide_sql_get_int(rows, (size_t)i, 1), i * i);
    }
    return 0;
}

TEST(a_large_result_takes_no_more_than_twice_its_size)
{
    counted_begin();
    CHECK_EQ(bide_block_on(many_rows()), 0);
    end();
}

/* ---- files ---- */

static void make_file(const char *content)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static async int open_fails(const char *file, const bide_sql_options *options, int error)
{
    CHECK_ERR(await bide_sql_open(file, options, &db), error);
    CHECK(db != NULL);
    CHECK(bide_sql_error(db)[0] != '\0');
    CHECK_EQ(await bide_sql_close(db), 0);
    db = NULL;
    return 0;
}

static async int files(void)
{
    const bide_sql_options read_only = {.read_only = true};
    await open_fails("/nowhere/at.all", NULL, -ENOENT);
    await open_fails("/nowhere/at.all", &read_only, -ENOENT);
    make_file(
        "this is no database, and long enough to be sure of that at the first look, since the "
        "head of one has a hundred bytes");
    await open_fails(path, NULL, -EBADMSG);
    CHECK_EQ(truncate(path, 0), 0);

    CHECK_EQ(await bide_sql_open(path, NULL, &db), 0);
    await exec("CREATE TABLE t (a); INSERT INTO t VALUES (5)");
    CHECK_EQ(await bide_sql_close(db), 0);
    CHECK_EQ(await bide_sql_close(NULL), 0);
    db = NULL;
    CHECK_EQ(await bide_sql_open(path, &read_only, &db), 0);
    CHECK_EQ(await number("SELECT a FROM t"), 5);
    await fails("INSERT INTO t VALUES (6)", -EROFS, "attempt to write a readonly database");
    return 0;
}

TEST(files_that_are_there_and_not)
{
    CHECK_EQ(bide_block_on(files()), 0);
    end();
    unlink(path);
}

static async int let_go_after(bide_sql *holder, int ms)
{
    await bide_sleep(BIDE_MS(ms));
    return await bide_sql_exec(holder, "COMMIT");
}

static async int locks(void)
{
    bide_sql *holder = NULL;
    bide_sql_options options = {.busy_timeout = BIDE_MS(200)};
    make_file("");
    CHECK_EQ(await bide_sql_open(path, NULL, &holder), 0);
    CHECK_EQ(await bide_sql_exec(holder, "CREATE TABLE t (a); BEGIN EXCLUSIVE"), 0);

    /* The holder keeps its lock longer than we wait; the virtual clock shows how long we waited. */
    bide_instant start = bide_now();
    CHECK_EQ(await bide_sql_open(path, &options, &db), 0);
    await fails("INSERT INTO t VALUES (1)", -EBUSY, "database is locked");
    int64_t waited_ns = bide_elapsed(start).ns;
    CHECK(waited_ns >= 200000000 && waited_ns < 300000000);
    CHECK_EQ(await bide_sql_close(db), 0);

    db = NULL;
    options.busy_timeout = BIDE_NS(-1);
    CHECK_EQ(await bide_sql_open(path, &options, &db), 0);
    await fails("INSERT INTO t VALUES (1)", -EBUSY, "database is locked");
    CHECK_EQ(await bide_sql_close(db), 0);

    /* The holder lets go in time. The statement before the waiting one is run only once. */
    db = NULL;
    CHECK_EQ(await bide_sql_open(path, NULL, &db), 0);
    bide_task(int) task = bide_spawn(let_go_after(holder, 100));
    await exec("CREATE TEMP TABLE u (a); INSERT INTO u VALUES (1); INSERT INTO t VALUES (1)");
    CHECK_EQ(await number("SELECT count(*) FROM u"), 1);
    CHECK_EQ(await number("SELECT count(*) FROM t"), 1);
    CHECK_EQ(await bide_task_wait(task), 0);
    CHECK_EQ(await bide_sql_close(holder), 0);
    return 0;
}

TEST(another_connection_holds_the_lock)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(locks()), 0);
    end();
    unlink(path);
}

/* ---- cancellation ---- */

static const char endless[] = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                              "INSERT INTO t SELECT x FROM c WHERE x < 0";

SQL_TEST(a_long_statement_is_interrupted)
{
    await exec("CREATE TABLE t (a)");
    CHECK_EQ(await bide_timeout(BIDE_MS(50), (void)bide_sql_exec(db, endless)), -ETIMEDOUT);
    CHECK_EQ(await number("SELECT count(*) FROM t"), 0);
    CHECK_EQ(
        await bide_timeout(BIDE_MS(50), (void)bide_sql_query(db, endless, BIDE_SQL_NONE, &rows)),
        -ETIMEDOUT);
    CHECK(rows == NULL);

    /* Statements that wait for their turn are not interrupted, and run afterwards. */
    bide_task(int) task = bide_spawn(bide_sql_exec(db, endless));
    await bide_sleep(BIDE_MS(20));
    bide_task(int) next = bide_spawn(append(3));
    await bide_yield();
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    CHECK_EQ(await bide_task_wait(next), 0);
    CHECK_EQ(await number("SELECT a FROM t"), 3);
    return 0;
}

static int taken, deferred;

static void before(void *state)
{
    (void)state;
    taken = deferred = 0;
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    CHECK(run->error != 0 || run->result == 0);
    CHECK_EQ(deferred, 2);
    CHECK(db == NULL);
}

/* The table holds exactly what the calls that returned put there. */
SCENARIO(open_use_close)
{
    (void)state;
    defer {
        CHECK_EQ(await bide_sql_close(db), 0);
        db = NULL;
        deferred++;
    }
    CHECK_EQ(await bide_sql_open(":memory:", NULL, &db), 0);
    CHECK_EQ(await bide_sql_exec(db, "CREATE TABLE t (a)"), 0);
    defer {
        CHECK_EQ(await number("SELECT count(*) FROM t"), taken);
        deferred++;
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await append(i), 0);
        taken++;
    }
    return 0;
}

static void after_open(void *state, const struct cancel_run *run)
{
    /* If it was cancelled before there was a table, it did not reach its second deferred block. */
    if (run->error == -ECANCELED && deferred == 1)
        deferred++;
    after(state, run);
}

TEST_LIMIT(cancelled_at_every_suspension, 30)
{
    CHECK(cancel_everywhere(&bide__desc_open_use_close, NULL, before, after_open) >= 6);
}

/* A cancelled close closes all the same; the sanitizer would notice a leak. */
SCENARIO(close_cancelled)
{
    bide_sql *own = NULL;
    (void)state;
    CHECK_EQ(await bide_sql_open(":memory:", NULL, &own), 0);
    await bide_sql_close(own);
    return 0;
}

static void after_close(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
}

TEST(a_close_that_is_cancelled)
{
    cancel_everywhere(&bide__desc_close_cancelled, NULL, NULL, after_close);
}

/* ---- shortages ---- */

static async int use(void)
{
    bide_sql_rows *some = NULL;
    bide_sql *own = NULL;
    defer {
        bide_sql_rows_free(some);
        await bide_sql_close(own);
    }
    int n = await bide_sql_open(":memory:", NULL, &own);
    if (n == 0)
        n = await bide_sql_exec(own, "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'one')");
    if (n == 0)
        n = await bide_sql_query(own, "SELECT a, b FROM t", BIDE_SQL_NONE, &some);
    if (n == 0)
        CHECK_STR(bide_sql_get_text(some, 0, 1), "one");
    return n;
}

TEST_LIMIT(each_allocation_fails_in_turn, 30)
{
    bide_test_watch(); /* replaces the calls now, while no threads make them */
    CHECK_EQ(bide_block_on(use()), 0);
    for (unsigned nth = 1;; nth++) {
        CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
        int n = bide_block_on(use());
        if (bide_test_failed("alloc") == 0) {
            CHECK_EQ(n, 0);
            CHECK(nth > 6);
            break;
        }
        CHECK(n == 0 || n == -ENOMEM);
    }
}

/* Without pool threads the work runs on the executor's thread. */
TEST(no_thread)
{
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 0), 0);
    CHECK_EQ(bide_block_on(use()), 0);
}
