/*
 * Children of fork(): a child that awaits is stopped with a message, and its parent does not
 * notice; and what a child may do.
 */
#include "check.h"

#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wbide-fork"

/* ---- a child, and what it prints ---- */

struct child {
    pid_t pid;
    int said; /* a pipe from its stderr */
};

/* Forks; in the child, pid is 0. */
static struct child child_new(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct child c = {fork(), ends[0]};
    CHECK(c.pid >= 0);
    if (c.pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        alarm(20);
    }
    close(ends[1]);
    return c;
}

/* Returns the child's status; `text` gets what it printed. */
static int child_end(struct child c, char *text, size_t size)
{
    int status = 0;
    size_t have = 0;
    for (ssize_t n; have + 1 < size && (n = read(c.said, text + have, size - have - 1)) > 0;)
        have += (size_t)n;
    text[have] = '\0';
    close(c.said);
    CHECK(waitpid(c.pid, &status, 0) == c.pid);
    return status;
}

static void check_refused(struct child c)
{
    char text[400];
    int status = child_end(c, text, sizeof(text));
    CHECK(strstr(text, "bide: await in a child of fork()") != NULL);
    CHECK(strstr(text, "exec or _exit") != NULL);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- awaits ---- */

static int others;

static async int other_task(void)
{
    for (int i = 0; i < 5; i++) {
        others++;
        await bide_yield();
    }
    return 0;
}

/* No other task of the parent is polled in the child; such a task would make the child exit. */
static async int waits(int how)
{
    bide_task(int) task = bide_spawn(other_task());
    await bide_yield();
    int before = others;
    pid_t me = getpid();
    struct child c = child_new();
    if (c.pid == 0) {
        alarm(20);
        if (how == 0)
            await bide_sleep(BIDE_MS(1));
        else if (how == 1)
            await bide_yield();
        else
            await bide_task_wait(task);
        _exit(me == getpid() ? 1 : 2);
    }
    check_refused(c);
    CHECK_EQ(await bide_task_wait(task), 0);
    CHECK_EQ(others, before + 4);
    return 0;
}

TEST(an_await_in_a_child_is_refused)
{
    for (int how = 0; how < 3; how++) {
        others = 0;
        CHECK_EQ(bide_block_on(waits(how)), 0);
    }
}

static async int tells(void)
{
    static const char text[] = "other\n";
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    return 0;
}

static async int is_first(void)
{
    bide_task_detach(bide_spawn(tells()));
    struct child c = child_new();
    if (c.pid == 0) {
        await bide_yield();
        _exit(1);
    }
    char text[400];
    CHECK(WIFSIGNALED(child_end(c, text, sizeof(text))));
    CHECK(strstr(text, "other") == NULL);
    return 0;
}

TEST(no_other_task_runs_in_the_child)
{
    CHECK_EQ(bide_block_on(is_first()), 0);
}

static async int nothing(void)
{
    return 7;
}

static int blocking(void)
{
    return bide_block_on(nothing());
}

static async int blocks(void)
{
    struct child c = child_new();
    if (c.pid == 0) {
        (void)blocking();
        _exit(1);
    }
    check_refused(c);
    return 0;
}

TEST(a_blocking_call_inside_a_task_is_refused)
{
    CHECK_EQ(bide_block_on(blocks()), 0);
}

/* ---- on a worker ---- */

static bide_runtime *begin_workers(void)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    return rt;
}

static void end_workers(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* A task in the child would say something. The other worker blocks, so that none is stolen. */
static bool is_child, may_end;

static async int tells_in_the_child(void)
{
    static const char text[] = "other\n";
    if (__atomic_load_n(&is_child, __ATOMIC_RELAXED))
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    return 0;
}

static async int holds_the_other(void)
{
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE))
        bide__spin(100);
    return 0;
}

static async int forks_on_a_worker(int how)
{
    char text[400];
    bide_task(int) holds = bide_spawn(holds_the_other());
    bide_task(int) local[10];
    __atomic_store_n(&may_end, false, __ATOMIC_RELEASE);
    await bide_sleep(BIDE_MS(10)); /* the other worker has taken it, or none */
    for (int i = 0; i < 10; i++)
        local[i] = bide_spawn_local(tells_in_the_child());
    struct child c = child_new();
    if (c.pid == 0) {
        alarm(20);
        __atomic_store_n(&is_child, true, __ATOMIC_RELAXED);
        if (how == 0)
            await bide_sleep(BIDE_MS(1));
        else if (how == 1)
            await bide_yield();
        else if (how == 2)
            await bide_task_wait(local[0]);
        else
            return 0;
        _exit(1);
    }
    int status = child_end(c, text, sizeof(text));
    __atomic_store_n(&may_end, true, __ATOMIC_RELEASE);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, "bide: await in a child of fork()") != NULL);
    CHECK(strstr(text, "other") == NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(await bide_task_wait(local[i]), 0);
    CHECK_EQ(await bide_task_wait(holds), 0);
    return 0;
}

TEST_LIMIT(a_child_of_a_worker_is_refused, 60)
{
    for (int how = 0; how < 4; how++) {
        bide_runtime *rt = begin_workers();
        CHECK_EQ(bide_block_on(forks_on_a_worker(how)), 0);
        end_workers(rt);
    }
}

TEST(a_child_of_a_thread_that_blocks_on_workers_is_refused)
{
    bide_runtime *rt = begin_workers();
    struct child c = child_new();
    if (c.pid == 0) {
        (void)bide_block_on(nothing());
        _exit(1);
    }
    check_refused(c);
    c = child_new();
    if (c.pid == 0) {
        (void)bide_runtime_shutdown(rt, BIDE_S(1));
        _exit(1);
    }
    check_refused(c);
    c = child_new();
    if (c.pid == 0)
        _exit(bide_runtime_free(rt) == -EBUSY ? 3 : 1);
    char text[400];
    int status = child_end(c, text, sizeof(text));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK_EQ(bide_block_on(nothing()), 7);
    end_workers(rt);
}

static async int sleeps(void)
{
    return await bide_sleep(BIDE_MS(1));
}

static async int ends_the_process(void)
{
    await bide_yield();
    exit(6);
}

/* The workers run until the process is gone. */
TEST(a_task_ends_the_process)
{
    struct child c = child_new();
    if (c.pid == 0) {
        bide_runtime *rt = begin_workers();
        bide_task_detach(bide_spawn_on(rt, sleeps()));
        bide_block_on(ends_the_process());
        _exit(1);
    }
    char text[4000];
    int status = child_end(c, text, sizeof(text));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 6);
    CHECK_STR(text, "");
}

/* ---- runtimes ---- */

TEST(an_entered_runtime_of_the_parent_is_refused)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(nothing()), 7);
    struct child c = child_new();
    if (c.pid == 0) {
        (void)bide_block_on(nothing());
        _exit(1);
    }
    check_refused(c);
    c = child_new();
    if (c.pid == 0) {
        (void)bide_runtime_shutdown(rt, BIDE_S(1));
        _exit(1);
    }
    check_refused(c);
    c = child_new();
    if (c.pid == 0) {
        int r = bide_runtime_free(rt);
        bide_runtime_enter(NULL);
        _exit(r == -EBUSY && bide_block_on(nothing()) == 7 ? 3 : 1);
    }
    char text[400];
    int status = child_end(c, text, sizeof(text));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 3);
    CHECK_EQ(bide_block_on(nothing()), 7);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* A thread's own runtime is made again in a child, and in a grandchild. */
TEST(plain_code_in_a_child_gets_a_runtime_of_its_own)
{
    CHECK_EQ(bide_block_on(sleeps()), 0);
    struct child c = child_new();
    if (c.pid == 0) {
        int r = bide_block_on(sleeps());
        struct child inner = child_new();
        if (inner.pid == 0)
            _exit(bide_block_on(sleeps()) == 0 ? 4 : 1);
        char text[400];
        int status = child_end(inner, text, sizeof(text));
        _exit(r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 4 ? 5 : 1);
    }
    char text[400];
    int status = child_end(c, text, sizeof(text));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK_EQ(bide_block_on(sleeps()), 0);
}

/* A descriptor that the child closes stays registered in the parent. */
static async int closes(void)
{
    int ends[2];
    bide_stream *stream;
    char byte = 0;
    CHECK(pipe(ends) == 0);
    defer {
        close(ends[1]);
    }
    CHECK_EQ(bide_stream_open(ends[0], &stream), 0);
    defer {
        bide_stream_close(stream);
    }
    CHECK_ERR(await bide_timeout(BIDE_MS(1), (void)bide_stream_read(stream, &byte, 1)), -ETIMEDOUT);
    struct child c = child_new();
    if (c.pid == 0) {
        bide_stream_close(stream);
        _exit(6);
    }
    char text[400];
    int status = child_end(c, text, sizeof(text));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 6);
    CHECK(write(ends[1], "x", 1) == 1);
    ssize_t n = 0;
    CHECK_EQ(await bide_timeout(BIDE_S(10), n = bide_stream_read(stream, &byte, 1)), 0);
    CHECK_EQ(n, 1);
    return 0;
}

TEST(a_stream_that_the_child_closes_stays_the_parents)
{
    CHECK_EQ(bide_block_on(closes()), 0);
}

/* ---- the blocking pool ---- */

/* A call on the pool that forks: in the child it would return to a pool thread. */
static int forks(struct child *c)
{
    *c = child_new();
    return 8;
}

static async int forks_on_the_pool(void)
{
    struct child c;
    CHECK_EQ(await bide_blocking(forks(&c)), 8);
    check_refused(c);
    return 0;
}

TEST(a_call_on_the_pool_does_not_return_in_a_child)
{
    CHECK_EQ(bide_block_on(forks_on_the_pool()), 0);
}
