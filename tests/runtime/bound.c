/*
 * Tasks that may move between threads hold nothing that belongs to one: what the compiler cannot
 * see is refused when it begins, with -EPERM and one report. The runtime of these tests says that
 * it has several workers, although it has one.
 */
#include "check.h"

#include "runtime/task/task.h"

#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bide_thread_bound window {
    int width;
};

static struct window the_window = {10};
static int begun;

/* ---- what the tasks run ---- */

enum { DRAW_LINE = __LINE__ }; /* the value is declared 4 lines after this, and held 6 after it */

static async int draw(void)
{
    struct window *w = &the_window;
    begun++;
    await bide_yield();
    return w->width;
}

static async int outer(int n)
{
    begun++;
    return n > 0 ? await outer(n - 1) : await draw();
}

static async int in_a_branch(void)
{
    int n = 0;
    await bide_join(bide_yield(), ({ n = await draw(); }));
    return n;
}

static async int beside_a_pointer(bide_async_fn(int, void) f)
{
    int a = 0, b = 0;
    await bide_join(a = (*f)(), b = draw());
    return a + b;
}

static async int inside_groups(bide_async_fn(int, void) f)
{
    int a = 0, b = 0;
    await bide_select(bide_join(a = (*f)(), bide_join(bide_yield(), b = draw())),
                      bide_sleep(BIDE_S(100)));
    return a + b;
}

static async int given(struct window *w)
{
    begun++;
    return w->width;
}

static async struct window *returns(void)
{
    begun++;
    return &the_window;
}

static async int free_one(void)
{
    begun++;
    await bide_yield();
    return 3;
}

static async void without_result(void)
{
    struct window *w = &the_window;
    await bide_yield();
    begun += w->width;
}

static async unsigned without_sign(void)
{
    struct window *w = &the_window;
    await bide_yield();
    return (unsigned)w->width;
}

/* It is given the task, and so has to drop it. */
static async int takes(bide_task(int) task)
{
    struct window *w = &the_window;
    await bide_task_wait(task);
    return w->width;
}

/* ---- */

/* Runs `test` on a runtime with several workers, as a task that may move. */
static void run(bide_async_fn(int, void) test)
{
    const bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on((*test)()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* From now on stderr goes into a file. */
static void catch_stderr(void)
{
    FILE *file = tmpfile();
    CHECK(file != NULL && dup2(fileno(file), STDERR_FILENO) >= 0);
    fclose(file);
}

/* What has been written since. */
static const char *caught(void)
{
    static char text[8192];
    off_t size = lseek(STDERR_FILENO, 0, SEEK_CUR);
    CHECK(size >= 0 && size < (off_t)sizeof(text));
    CHECK_EQ(pread(STDERR_FILENO, text, (size_t)size, 0), size);
    text[size] = '\0';
    CHECK_EQ(ftruncate(STDERR_FILENO, 0), 0);
    lseek(STDERR_FILENO, 0, SEEK_SET);
    return text;
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* ---- tasks ---- */

static async int spawns(void)
{
    int n = 7;
    bide_task(int) task = bide_spawn(draw());
    CHECK(bide_task_finished(task));
    CHECK_ERR(await bide_task_wait(task), -EPERM);
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn(outer(2));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn(in_a_branch());
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn(beside_a_pointer(bide_ref(free_one)));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn(inside_groups(bide_ref(free_one)));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn(async ({
        char *home = getenv("HOME");
        await bide_yield();
        home != NULL;
    }));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    CHECK_EQ(begun, 0);
    task = bide_spawn(free_one());
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 3);
    return 0;
}

TEST(a_bound_function_is_not_spawned)
{
    run(bide_ref(spawns));
}

static async int spawns_what_is_given(void)
{
    int n = 0;
    struct window *w = NULL;
    bide_task(int) task = bide_spawn(given(&the_window));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    bide_task(struct window *) other = bide_spawn(returns());
    CHECK_ERR(await bide_task_join(other, &w), -EPERM);
    CHECK_EQ(begun, 0);
    CHECK_EQ(await given(&the_window), 10); /* here it stays on the thread */
    return 0;
}

TEST(nothing_bound_is_given_to_a_task_nor_comes_from_it)
{
    run(bide_ref(spawns_what_is_given));
}

static async int scopes(void)
{
    int error = 0, n = 0;
    bide_scope(s) {
        bide_task(int) task = bide_scope_spawn(s, outer(0));
        CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    }
    bide_try_scope(s, error) {
        bide_scope_spawn(s, outer(0));
    }
    CHECK_ERR(error, -EPERM);
    CHECK_EQ(begun, 0);
    return 0;
}

TEST(a_scope_does_not_spawn_it)
{
    run(bide_ref(scopes));
}

static async int loses(void)
{
    int n = 0;
    bide_task(int) task = bide_spawn(free_one());
    bide_task(int) outer_task = bide_spawn(takes(bide_move(task)));
    CHECK_ERR(await bide_task_join(outer_task, &n), -EPERM);
    return 0;
}

TEST(the_arguments_of_a_refused_spawn_are_dropped)
{
    run(bide_ref(loses)); /* else the task would leak */
}

/* ---- the report ---- */

static async int detaches(void)
{
    for (int i = 0; i < 3; i++)
        bide_spawn(outer(2));
    const char *said = caught();
    CHECK(strstr(said, "'w' of type 'struct window *' is held across this 'await', but belongs to "
                       "one thread\n"));
    char held[80], declared[80];
    snprintf(held, sizeof(held), "bound.c:%d: 'w' of", DRAW_LINE + 6);
    snprintf(declared, sizeof(declared), "bound.c:%d: 'w' is declared here, in 'draw'\n",
             DRAW_LINE + 4);
    CHECK(strstr(said, held) && strstr(said, declared));
    CHECK(strstr(said, "bide: 'draw' is awaited by 'outer'\n"));
    CHECK(strstr(said, "bide: 'outer' is refused (EPERM)"));
    CHECK_EQ(lines(said), 4);
    bide_spawn(outer(0)); /* the same function */
    CHECK_STR(caught(), "");
    bide_spawn(given(&the_window));
    bide_spawn(given(&the_window));
    said = caught();
    CHECK(strstr(said, "'w' of type 'struct window *' is given to 'given', but belongs to one "
                       "thread\nbide: 'given' is refused (EPERM)"));
    CHECK_EQ(lines(said), 2);
    bide_spawn(returns());
    said = caught();
    CHECK(strstr(said, "the result of 'returns', of type 'struct window *', belongs to one "
                       "thread\n"));
    CHECK_EQ(lines(said), 2);
    return 0;
}

TEST(a_refusal_is_reported_once)
{
    catch_stderr();
    run(bide_ref(detaches));
}

/* ---- calls through pointers ---- */

static async int through_pointers(void)
{
    bide_async_fn(int, void) bound = bide_ref(draw);
    bide_async_fn(int, int) deep = bide_ref(outer);
    bide_async_fn(void, void) nothing = bide_ref(without_result);
    bide_async_fn(unsigned, void) plain = bide_ref(without_sign);
    int n = 7, m = 7;
    CHECK_ERR(await (*bound)(), -EPERM);
    CHECK_ERR(await (*deep)(3), -EPERM);
    await (*nothing)();
    CHECK_EQ(await (*plain)(), 0);
    (void)await (*bound)();
    CHECK_EQ(await bide_select(n = (*bound)(), bide_sleep(BIDE_S(100))), 0);
    CHECK_ERR(n, -EPERM);
    CHECK_ERR(await bide_try_join(n = free_one(), (*bound)()), -EPERM);
    await bide_join(n = (*bound)(), m = free_one());
    CHECK_ERR(n, -EPERM);
    CHECK_EQ(m, 3);
    await bide_join(bide_try_join(n = (*bound)(), bide_join(bide_yield(), m = free_one())),
                    bide_yield());
    CHECK_ERR(n, -EPERM);
    bound = bide_ref(free_one);
    CHECK_EQ(await (*bound)(), 3);
    return 0;
}

static async int owners_through_pointers(void)
{
    bide_async_fn(int, bide_task(int)) taker = bide_ref(takes);
    bide_task(int) a = bide_spawn(free_one()), b = bide_spawn(free_one());
    int n = 0;
    CHECK_ERR(await (*taker)(bide_move(a)), -EPERM);
    await bide_join(n = (*taker)(bide_move(b)), bide_yield());
    CHECK_ERR(n, -EPERM);
    return 0;
}

static int looked_at;

static bide_async_fn(int, void) pointer_once(void)
{
    looked_at++;
    return bide_ref(draw);
}

static async int looks_once(void)
{
    CHECK_ERR(await (*pointer_once())(), -EPERM);
    CHECK_EQ(looked_at, 1);
    return 0;
}

static async int starts(bide_async_fn(int, void) f)
{
    return await (*f)();
}

static async int runs_in_tasks(void)
{
    int n = 0;
    static bide_async_fn(int, void) const all[] = {
        bide_ref(through_pointers), bide_ref(owners_through_pointers), bide_ref(looks_once)};
    for (int i = 0; i < 3; i++) {
        bide_task(int) task = bide_spawn(starts(all[i]));
        CHECK_EQ(await bide_task_join(task, &n), 0);
        CHECK_EQ(n, 0);
    }
    return 0;
}

TEST(a_call_through_a_pointer_is_refused)
{
    run(bide_ref(runs_in_tasks));
    CHECK(begun > 0);
}

/* With one thread it is begun. */
TEST(one_thread_refuses_nothing)
{
    bide_async_fn(int, void) bound = bide_ref(draw);
    CHECK_EQ(bide_block_on(starts(bound)), 10);
    CHECK_EQ(bide_block_on(beside_a_pointer(bound)), 20);
    CHECK_EQ(bide_block_on(in_a_branch()), 10);
    CHECK_EQ(bide_block_on(inside_groups(bound)), 20);
    CHECK_EQ(begun, 6);
}

/* ---- futures ---- */

static async int gets(void)
{
    bide_future(int) bound = bide_lazy(outer(1)), other = bide_lazy(free_one());
    CHECK_ERR(await bide_get(bound), -EPERM);
    CHECK_EQ(begun, 0);
    CHECK_EQ(await bide_get(other), 3);
    return 0;
}

TEST(a_future_of_it_does_not_begin)
{
    run(bide_ref(gets));
}

/* ---- tasks that stay ---- */

static _Thread_local int mine;

/* True if it has stayed on its thread all the time. */
static async int stays(int rounds)
{
    int *at_first = &mine;
    int moved = 0;
    for (int i = 0; i < rounds; i++) {
        await bide_yield();
        moved += at_first != &mine;
    }
    return !moved;
}

static async int spawns_local(void)
{
    enum { TASKS = 20 };
    bide_task(int) tasks[TASKS];
    int ok = 0, w = 0;
    for (int i = 0; i < TASKS; i++)
        tasks[i] = bide_spawn_local(stays(100));
    for (int i = 0; i < TASKS; i++) {
        CHECK_EQ(await bide_task_join(tasks[i], &ok), 0);
        CHECK(ok);
    }
    bide_task(int) task = bide_spawn_local(given(&the_window));
    CHECK_EQ(await bide_task_join(task, &w), 0);
    CHECK_EQ(w, 10);
    bide_async_fn(int, int) pointer = bide_ref(stays);
    task = bide_spawn_local(async ({ await (*pointer)(100); }));
    CHECK_EQ(await bide_task_join(task, &ok), 0);
    CHECK(ok);
    task = bide_spawn_low(stays(1));
    CHECK_ERR(await bide_task_join(task, &ok), -EPERM);
    return 0;
}

TEST(a_local_task_may_hold_it)
{
    run(bide_ref(spawns_local));
}

static async int root(void)
{
    bide_spawn(free_one());
    return !await stays(1000);
}

TEST(what_a_thread_blocks_on_stays_if_it_holds_it)
{
    run(bide_ref(root));
}

/* Another thread than that of the worker makes these. */
TEST(nothing_bound_is_given_to_another_thread)
{
    bide_runtime *rt;
    for (int multi = 0; multi < 2; multi++) {
        bide_runtime_options options = {.flavour = multi ? BIDE_MULTI_THREAD : BIDE_CURRENT_THREAD,
                                        .workers = 1};
        CHECK_EQ(bide_runtime_new(&options, &rt), 0);
        int n = 0;
        bide_task(int) task = bide_spawn_on(rt, given(&the_window));
        CHECK(bide_task_finished(task) == 1);
        bide_task_detach(task);
        if (multi) {
            bide_runtime *before = bide_runtime_enter(rt);
            CHECK_ERR(bide_block_on(given(&the_window)), -EPERM);
            task = bide_spawn_local(given(&the_window));
            CHECK(bide_task_finished(task) == 1);
            bide_task_detach(task);
            n = bide_block_on(draw());
            bide_runtime_enter(before);
            CHECK_EQ(n, 10);
        }
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

static async int spawns_at(void)
{
    int n = 0;
    bide_task(int) task = bide_spawn_at(1, given(&the_window));
    CHECK_ERR(await bide_task_join(task, &n), -EPERM);
    task = bide_spawn_at(1, draw()); /* a core keeps its tasks */
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 10);
    return 0;
}

TEST(nothing_bound_is_given_to_another_core)
{
    const bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(spawns_at()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
