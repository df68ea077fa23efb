/*
 * The life of a call on a handle (extra/sqlite/life.h): no call holds up others because nobody
 * drives it; every stage of a call with every end, driven or not, which covers all pairs of the
 * table that can occur; the pairs that cannot; and handles that several runtimes share. Time is
 * virtual.
 */
#include "extra/sqlite/internal.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "full.h"

static bide_sql *db;

/* ---- pairs that cannot occur ---- */

static bool is_fatal(enum bide__sql_state state, enum bide__sql_event event)
{
    int status;
    bide_sql *own = bide__sql_handle_new(NULL);
    struct bide__sql_call call = {.db = own, .state = state};
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        bide__sql_happens(&call, event);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    bide__reserve_free(own->close_memory);
    bide__free(own, sizeof *own);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

enum { PAIRS = 23 };

TEST_LIMIT(what_cannot_be_is_fatal, 60)
{
    int impossible = 0;
    for (int s = 0; s < BIDE__SQL_STATES; s++)
        for (int e = 0; e < BIDE__SQL_EVENTS; e++)
            if (bide__sql_next(s, e) < 0) {
                CHECK(is_fatal(s, e));
                impossible++;
            }
    CHECK_EQ(impossible, BIDE__SQL_STATES * BIDE__SQL_EVENTS - PAIRS);
}

/* ---- statements that wait for the test: SELECT act('...') ---- */

static bide_notify arrived; /* notified when a statement reaches the gate */
static atomic_bool is_open, is_locked;
static atomic_int busy_left;

static void gate(void)
{
    bide_notify_one(&arrived);
    while (!is_open)
        usleep(100);
}

static void act(sqlite3_context *cx, int count, sqlite3_value **values)
{
    const char *what = (const char *)sqlite3_value_text(values[0]);
    (void)count;
    if (strncmp(what, "gate", 4) == 0)
        gate();
    if (strstr(what, "fails") != NULL)
        sqlite3_result_error(cx, "it failed", -1);
    else if ((strstr(what, "busy") != NULL && busy_left-- > 0) ||
             (strstr(what, "locked") != NULL && is_locked))
        sqlite3_result_error_code(cx, SQLITE_BUSY);
    else
        sqlite3_result_int(cx, 1);
}

static async int open_handle(bide_sql **handle)
{
    CHECK_EQ(await bide_sql_open(":memory:", NULL, handle), 0);
    CHECK_EQ(sqlite3_create_function((*handle)->connection, "act", 1, SQLITE_UTF8, NULL, act, NULL,
                                     NULL),
             SQLITE_OK);
    return await bide_sql_exec(*handle, "CREATE TABLE t (a)");
}

static void reset(void)
{
    arrived = (bide_notify){0};
    is_open = false;
    is_locked = true;
    busy_left = 1;
}

static void open_all(void)
{
    is_open = true;
    is_locked = false;
}

static async int open_later(void)
{
    for (int i = 0; i < 5; i++)
        await bide_yield();
    open_all();
    return 0;
}

static void *open_much_later(void *unused)
{
    usleep(2000);
    open_all();
    return unused;
}

/* ---- every stage, and every end ---- */

/* Where the call is when it is ended. */
enum stage {
    QUEUED,      /* behind a call that is at work */
    POOLED,      /* at work, but all threads of the pool are busy */
    GATE,        /* at work */
    GATE_FAILS,  /* the same, and will fail */
    GATE_BUSY,   /* the same, and will find a lock */
    ENDLESS,     /* at work, until it is interrupted */
    PAUSED,      /* another connection has the lock */
    CALLED,      /* the call before it has just left */
    DONE,        /* it has ended */
    DONE_FAILED, /* it has failed */
    STAGES,
};

enum end { FINISH, ELSEWHERE, STOP, CLOSE, SHUT_DOWN, FORCED, ENDS };

struct life {
    enum stage stage;
    enum end end;
    bool driven; /* by a task */
};

static const char *statement_of(enum stage stage)
{
    switch (stage) {
    case GATE: return "SELECT act('gate')";
    case GATE_FAILS: return "SELECT act('gate fails')";
    case GATE_BUSY: return "SELECT act('gate busy')";
    case ENDLESS:
        return "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
               "INSERT INTO t SELECT x FROM c WHERE x < 0";
    case PAUSED: return "SELECT act('locked')";
    case DONE_FAILED: return "SELECT act('fails')";
    default: return "SELECT act('nothing')";
    }
}

static int outcome_of(enum stage stage)
{
    return stage == GATE_FAILS || stage == DONE_FAILED ? -EINVAL : 0;
}

static async int exec(const char *sql)
{
    return await bide_sql_exec(db, sql);
}

static async int exec_on(bide_sql *other, const char *sql)
{
    return await bide_sql_exec(other, sql);
}

static async int result_of(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(bide_move(task), &n), 0);
    return n;
}

static async void wait_for_state(enum bide__sql_state state)
{
    while (db->first == NULL || db->first->state != state)
        await bide_yield();
}

/* Waits until the call has reached its stage. */
static async void come_to(enum stage stage)
{
    if (stage == GATE || stage == GATE_FAILS || stage == GATE_BUSY)
        await bide_notify_wait(&arrived);
    if (stage == PAUSED)
        await wait_for_state(BIDE__SQL_PAUSED);
    if (stage == DONE || stage == DONE_FAILED)
        while (db->first != NULL)
            await bide_yield();
    if (stage == ENDLESS)
        CHECK_EQ(db->first->state, BIDE__SQL_AT_WORK);
    if (stage == QUEUED)
        CHECK_EQ(db->last->state, BIDE__SQL_QUEUED);
}

static async int close_it(void)
{
    return await bide_sql_close(db);
}

static void check_outcome(const struct life *life, int n)
{
    CHECK_ERR(n, outcome_of(life->stage));
    if (n < 0)
        CHECK_STR(bide_sql_error(db), "it failed");
}

static bide_notify at_stage;

static async void be_shut_down(void)
{
    bide_notify_one(&at_stage);
    await bide_sleep(BIDE_S(1000000));
}

/* Spawns the next call, which goes on whether or not anybody drives this one. */
static bide_task(int) spawn_next(const struct life *life)
{
    if (life->end == CLOSE)
        return bide_spawn(close_it());
    return bide_spawn(exec("INSERT INTO t VALUES (1)"));
}

static async int drive_in_task(const struct life *life, bide_task(int) before)
{
    bide_task(int) task = bide_spawn(exec(statement_of(life->stage)));
    await bide_yield();
    await come_to(life->stage);
    bide_task(int) next = spawn_next(life);
    await bide_yield();
    if (life->end == SHUT_DOWN || life->end == FORCED)
        await be_shut_down();
    if (life->stage == CALLED)
        bide_task_abort(before);
    if (life->end == STOP) {
        bide_task_abort(task);
        bide_spawn(open_later());
        await bide_yield();
        bide_task_abort(task); /* it is asked again */
        int n = 0, r = await bide_task_join(task, &n);
        if (life->stage == GATE_FAILS)
            CHECK_ERR(n, -EINVAL);
        else
            CHECK_ERR(r, -ECANCELED);
    } else {
        open_all();
        check_outcome(life, await result_of(bide_move(task)));
    }
    CHECK_ERR(await result_of(bide_move(next)), 0);
    return 0;
}

static async int take(bide_future(int) f)
{
    return await bide_get(f);
}

static async int drive_now_and_then(const struct life *life, bide_task(int) before)
{
    int n = 1;
    bide_future(int) f = bide_lazy(bide_sql_exec(db, statement_of(life->stage)));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(f)), -ETIMEDOUT);
    await come_to(life->stage);
    bide_task(int) next = spawn_next(life);
    await bide_yield();
    if (life->end == SHUT_DOWN || life->end == FORCED)
        await be_shut_down();
    if (life->stage == CALLED)
        bide_task_abort(before);
    await bide_yield();
    if (life->end == STOP) {
        bide_spawn(open_later());
        bide_drop(f);
        CHECK_ERR(await result_of(bide_move(next)), 0);
        return 0;
    }
    open_all();
    /* Nobody drives this call, but the next one goes on and ends. */
    CHECK_ERR(await result_of(bide_move(next)), 0);
    CHECK_EQ(n, 1);
    n = life->end == ELSEWHERE ? await result_of(bide_spawn(take(bide_move(f))))
                               : await bide_get(f);
    if (life->end != CLOSE)
        check_outcome(life, n);
    else
        CHECK_ERR(n, outcome_of(life->stage));
    return 0;
}

static async int live(const struct life *life)
{
    bool is_closed = life->end == CLOSE;
    bide_sql *other = NULL;
    bide_task(int) before = {0};
    defer {
        await bide_sql_close(other);
        if (!is_closed)
            CHECK_EQ(await bide_sql_close(db), 0);
    }
    CHECK_EQ(await open_handle(&db), 0);
    CHECK_EQ(await open_handle(&other), 0);
    if (life->stage == QUEUED || life->stage == CALLED) {
        before =
            bide_spawn(exec(life->stage == CALLED ? "SELECT act('locked')" : "SELECT act('gate')"));
        await bide_yield();
        if (life->stage == CALLED)
            await wait_for_state(BIDE__SQL_PAUSED);
        else
            await bide_notify_wait(&arrived);
    } else if (life->stage == POOLED) {
        before = bide_spawn(exec_on(other, "SELECT act('gate')"));
        await bide_yield();
        await bide_notify_wait(&arrived);
    }
    return life->driven ? await drive_in_task(life, bide_move(before))
                        : await drive_now_and_then(life, bide_move(before));
}

static async int wait_for_stage(void)
{
    return await bide_notify_wait(&at_stage);
}

static void shut_down(bide_runtime *rt, bool forced)
{
    pthread_t opener;
    CHECK_EQ(pthread_create(&opener, NULL, open_much_later, NULL), 0);
    int r;
    do
        r = bide_runtime_shutdown(rt, forced ? BIDE_NS(0) : BIDE_S(10));
    while (forced && r == -ETIMEDOUT);
    CHECK_EQ(r, 0);
    pthread_join(opener, NULL);
}

static void run(const struct life *life)
{
    bide_runtime *rt;
    const bide_runtime_options options = {.blocking_threads_max = 1};
    CHECK_EQ(bide_runtime_new(life->stage == POOLED ? &options : NULL, &rt), 0);
    bide_runtime_enter(rt);
    reset();
    bide_task(int) task = bide_spawn(live(life));
    if (life->end == SHUT_DOWN || life->end == FORCED)
        CHECK_EQ(bide_block_on(wait_for_stage()), 0);
    else
        CHECK_EQ(bide_block_on(result_of(bide_move(task))), 0);
    bide_runtime_enter(NULL);
    shut_down(rt, life->end == FORCED);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- what happens nowhere else ---- */

static async int asked_before(void)
{
    CHECK_EQ(await open_handle(&db), 0);
    bide_task(int) task = bide_spawn(exec("INSERT INTO t VALUES (1)"));
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    CHECK_EQ(db->calls, 0);
    return await close_it();
}

#ifdef BIDE_CHECK_STATES
/* A request to cancel meets a pause that is just over: its timer has fired on another worker. */
static bool is_of_workers(int state, int event)
{
    return (state == BIDE__SQL_PAUSED && event == BIDE__SQL_CANCELLED) ||
           (state == BIDE__SQL_STOPPING && event == BIDE__SQL_EXPIRED);
}
#endif

static void check_all_pairs(void)
{
#ifdef BIDE_CHECK_STATES
    for (int s = 0; s < BIDE__SQL_STATES; s++)
        for (int e = 0; e < BIDE__SQL_EVENTS; e++)
            if (bide__sql_next(s, e) >= 0 && !is_of_workers(s, e) && !bide__sql_seen[s][e]) {
                fprintf(stderr, "state %d, event %d never came\n", s, e);
                CHECK(false);
            }
#endif
}

static bool makes_sense(const struct life *life)
{
    bool is_done = life->stage == DONE || life->stage == DONE_FAILED;
    if (life->stage == ENDLESS && life->end < STOP)
        return false;
    if (life->stage == ENDLESS && life->end == CLOSE)
        return false;
    return !(life->driven && (is_done || life->end == ELSEWHERE));
}

TEST_LIMIT(every_pair, 120)
{
    int count = 0;
    bide_test_time_virtual();
    for (int i = 0; i < STAGES * ENDS * 2; i++) {
        struct life life = {i / 2 % STAGES, i / 2 / STAGES, i & 1};
        if (!makes_sense(&life))
            continue;
        fprintf(stderr, "stage %d, end %d, driven %d\n", life.stage, life.end, life.driven);
        run(&life);
        count++;
    }
    CHECK(count > 80);
    CHECK_ERR(bide_block_on(asked_before()), 0);
    check_all_pairs();
}

/* ---- a call that nobody drives ---- */

/* Nobody drives the first call, a task drives the second; and a future passes between two tasks. */
static async int undriven(void)
{
    bide_sql_rows *rows = NULL;
    int n = 1;
    defer {
        bide_sql_rows_free(rows);
        await bide_sql_close(db);
    }
    CHECK_EQ(await open_handle(&db), 0);
    bide_future(int) first =
        bide_lazy(bide_sql_query(db, "SELECT act('nothing')", BIDE_SQL_NONE, &rows));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(first)), -ETIMEDOUT);
    bide_instant start = bide_now();
    CHECK_ERR(await result_of(bide_spawn(exec("INSERT INTO t VALUES (1)"))), 0);

    bide_task(int) before = bide_spawn(exec("SELECT act('gate')"));
    await bide_notify_wait(&arrived);
    bide_future(int) second = bide_lazy(exec("INSERT INTO t SELECT max(a) + 1 FROM t"));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(second)), -ETIMEDOUT);
    bide_task(int) after = bide_spawn(exec("INSERT INTO t SELECT max(a) + 1 FROM t"));
    await bide_yield();
    open_all();
    CHECK_ERR(await result_of(bide_move(before)), 0);
    CHECK_ERR(await result_of(bide_move(after)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    CHECK_EQ(n, 1);
    CHECK(rows == NULL);

    /* The second has run before the one after it; the first one's result is there. */
    bide_drop(second);
    CHECK_ERR(await bide_get(first), 0);
    CHECK_EQ(bide_sql_get_int(rows, 0, 0), 1);
    bide_sql_rows_free(rows);
    CHECK_ERR(await bide_sql_query(db, "SELECT max(a) FROM t", BIDE_SQL_NONE, &rows), 0);
    CHECK_EQ(bide_sql_get_int(rows, 0, 0), 3);
    return 0;
}

TEST(undriven_calls_hold_up_no_other)
{
    bide_test_time_virtual();
    reset();
    CHECK_EQ(bide_block_on(undriven()), 0);
}

/* The text of its error waits with its result, whatever comes later. */
static async int errors_apart(void)
{
    int n = 1;
    CHECK_EQ(await open_handle(&db), 0);
    bide_future(int) first = bide_lazy(exec("SELECT act('fails')"));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(first)), -ETIMEDOUT);
    CHECK_ERR(await result_of(bide_spawn(exec("SELECT * FROM nowhere"))), -EINVAL);
    CHECK_STR(bide_sql_error(db), "no such table: nowhere");
    CHECK_ERR(await bide_get(first), -EINVAL);
    CHECK_STR(bide_sql_error(db), "it failed");

    /* A handle may be closed before the result of a call is taken. */
    first = bide_lazy(exec("SELECT act('fails')"));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(first)), -ETIMEDOUT);
    CHECK_EQ(await close_it(), 0);
    CHECK_ERR(await bide_get(first), -EINVAL);
    return n != 1;
}

TEST(an_error_waits_with_its_result)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(errors_apart()), 0);
}

/* ---- a close that nobody drives ---- */

static async int undriven_close(bool is_dropped)
{
    int n = 1;
    CHECK_EQ(await open_handle(&db), 0);
    bide_task(int) before = bide_spawn(exec("SELECT act('gate')"));
    await bide_notify_wait(&arrived);
    bide_future(int) waits = bide_lazy(exec("SELECT act('nothing')"));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(waits)), -ETIMEDOUT);
    bide_future(int) closing = bide_lazy(bide_sql_close(db));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(closing)), -ETIMEDOUT);
    CHECK(db->connection != NULL && !db->closed);
    open_all();
    CHECK_ERR(await result_of(bide_move(before)), 0);
    await bide_sleep(BIDE_S(1));
    CHECK(db->connection == NULL && db->closed);
    CHECK_EQ(n, 1);
    if (is_dropped) {
        bide_drop(closing);
        bide_drop(waits);
        return 0;
    }
    CHECK_EQ(await bide_get(closing), 0);
    return await bide_get(waits);
}

TEST(a_close_that_nobody_drives)
{
    bide_test_time_virtual();
    for (int is_dropped = 0; is_dropped < 2; is_dropped++) {
        reset();
        CHECK_EQ(bide_block_on(undriven_close(is_dropped)), 0);
    }
}

/* ---- without pool threads ---- */

static async int without_threads(void)
{
    int n = 1;
    CHECK_EQ(await open_handle(&db), 0);
    bide_future(int) waits = bide_lazy(exec("SELECT act('locked')"));
    CHECK_ERR(await bide_timeout(BIDE_NS(0), n = bide_get(waits)), -ETIMEDOUT);
    bide_task(int) tasks[10];
    for (int i = 0; i < 10; i++)
        tasks[i] = bide_spawn(exec("INSERT INTO t VALUES (1)"));
    await bide_sleep(BIDE_MS(50));
    CHECK(db->first->state == BIDE__SQL_PAUSED);
    is_locked = false;
    for (int i = 0; i < 10; i++)
        CHECK_ERR(await result_of(bide_move(tasks[i])), 0);
    CHECK_EQ(n, 1);
    CHECK_ERR(await bide_get(waits), 0);
    return await close_it();
}

TEST(without_threads)
{
    bide_test_time_virtual();
    reset();
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 0), 0);
    CHECK_EQ(bide_block_on(without_threads()), 0);
}

/* ---- in random orders, on several runtimes ---- */

enum { THREADS = 3, CALLS = 60 };

static atomic_int inserted;

static const char *const statements[] = {
    "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)", "SELECT act('busy')",
    "SELECT act('fails')",      "INSERT INTO t VALUES (3)", "SELECT act('nothing')",
};

/* Begins a call, drives it now and then, and takes its result or drops it. */
static async int one_of_many(unsigned seed)
{
    int n = 1;
    size_t which = (unsigned)rand_r(&seed) % (sizeof statements / sizeof *statements);
    bide_future(int) f = bide_lazy(exec(statements[which]));
    for (int i = rand_r(&seed) % 3; i >= 0 && n == 1; i--) {
        await bide_timeout(BIDE_US(rand_r(&seed) % 100), n = bide_get(f));
        await bide_yield();
    }
    if (n == 1 && rand_r(&seed) % 6 == 0)
        return 0; /* drops f */
    if (n == 1)
        n = await bide_get(f);
    CHECK_ERR(n, strstr(statements[which], "fails") != NULL ? -EINVAL : 0);
    inserted += statements[which][0] == 'I';
    return 0;
}

static async int many(unsigned seed)
{
    bide_task(int) tasks[CALLS];
    for (int i = 0; i < CALLS; i++)
        tasks[i] = bide_spawn(one_of_many(seed + (unsigned)i));
    for (int i = 0; i < CALLS; i++)
        if (rand_r(&seed) % 6 == 0) {
            await bide_yield();
            bide_task_abort(tasks[i]);
        }
    for (int i = 0; i < CALLS; i++) {
        int n = await bide_task_wait(tasks[i]);
        CHECK(n == 0 || n == -ECANCELED);
    }
    return 0;
}

static void *run_many(void *seed)
{
    CHECK_EQ(bide_block_on(many((unsigned)(uintptr_t)seed)), 0);
    return NULL;
}

static async int count_and_close(void)
{
    bide_sql_rows *rows = NULL;
    CHECK_ERR(await bide_sql_query(db, "SELECT count(*) FROM t", BIDE_SQL_NONE, &rows), 0);
    /* Calls that were dropped after they ran have inserted too. */
    CHECK(bide_sql_get_int(rows, 0, 0) >= inserted);
    CHECK(inserted > 0);
    bide_sql_rows_free(rows);
    return await close_it();
}

TEST_LIMIT(of_several_runtimes, 60)
{
    for (unsigned round = 0; round < (is_full() ? 20 : 3); round++) {
        pthread_t threads[THREADS];
        inserted = 0;
        busy_left = 5;
        CHECK_EQ(bide_block_on(open_handle(&db)), 0);
        for (unsigned i = 0; i < THREADS; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, run_many,
                                    (void *)(uintptr_t)(round * THREADS + i)),
                     0);
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        CHECK_EQ(bide_block_on(count_and_close()), 0);
    }
}

/* ---- the same, on several workers of one runtime ---- */

enum { WORKERS = 4, MANY = 4 };

static async int many_at_once(unsigned seed)
{
    bide_scope(s) {
        for (unsigned i = 0; i < MANY; i++)
            bide_scope_spawn(s, many(seed + i * CALLS));
    }
    return 0;
}

TEST_LIMIT(of_several_workers, 60)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = WORKERS};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    CHECK(bide_runtime_enter(rt) == NULL);
    for (unsigned round = 0; round < (is_full() ? 20 : 3); round++) {
        inserted = 0;
        busy_left = 20;
        CHECK_EQ(bide_block_on(open_handle(&db)), 0);
        CHECK_EQ(bide_block_on(many_at_once(round * MANY * CALLS)), 0);
        CHECK_EQ(bide_block_on(count_and_close()), 0);
    }
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
