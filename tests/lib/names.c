/*
 * Names of tasks: set from inside, shown by dumps, hooks and messages; a task without one is as
 * before.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

/* ---- a dump ---- */

static char text[20000];
static size_t size;

static void append(void *argument, const char *piece, size_t n)
{
    (void)argument;
    if (size + n < sizeof text)
        memcpy(text + size, piece, n), size += n;
}

static void dump(void)
{
    size = 0;
    bide_runtime_dump(bide_runtime_current(), append, NULL);
    text[size] = 0;
}

static bool says(const char *what)
{
    if (strstr(text, what) != NULL)
        return true;
    fputs(text, stderr);
    return false;
}

/* ---- set and read ---- */

static const char *const longest =
    "123456789 123456789 123456789 123456789 123456789 123456789 123";

static async int child(const char *name)
{
    CHECK(bide_task_name() == NULL); /* it is not inherited */
    if (name != NULL)
        CHECK_EQ(bide_task_name_set(name), 0);
    CHECK_STR(bide_task_name(), name);
    return await bide_sleep(BIDE_S(1000));
}

static async void sets_and_reads(void)
{
    char name[8] = "first";
    CHECK(bide_task_name() == NULL);
    CHECK_EQ(bide_task_name_set(name), 0);
    strcpy(name, "gone"); /* it was copied */
    CHECK_STR(bide_task_name(), "first");
    await bide_yield();
    CHECK_ERR(bide_task_name_set(""), -EINVAL);
    CHECK_ERR(bide_task_name_set("two\nlines"), -EINVAL);
    CHECK_ERR(bide_task_name_set("\177"), -EINVAL);
    CHECK_ERR(bide_task_name_set("123456789 123456789 123456789 123456789 "
                                 "123456789 123456789 1234"),
              -EINVAL);
    CHECK_STR(bide_task_name(), "first");
    CHECK_EQ(bide_task_name_set(longest), 0);
    CHECK_STR(bide_task_name(), longest);
    bide_task(int) t = bide_spawn(child(NULL));
    await bide_sleep(BIDE_MS(1));
    dump();
    CHECK(says(longest));
    CHECK_EQ(bide_task_name_set(NULL), 0);
    CHECK(bide_task_name() == NULL);
    dump();
    CHECK(strstr(text, longest) == NULL);
    CHECK(strchr(text, '"') == NULL);
    CHECK_EQ(bide_task_name_set("at the end"), 0); /* it is freed with the task */
    bide_task_abort(t);
}

TEST(a_task_has_a_name_of_its_own)
{
    bide_test_time_virtual();
    CHECK_ERR(bide_task_name_set("plain C"), -ENXIO);
    CHECK(bide_task_name() == NULL);
    bide_block_on(sets_and_reads());
}

/* ---- at the spawn ---- */

static async int named(const char *name)
{
    CHECK_STR(bide_task_name(), name);
    await bide_yield();
    CHECK_STR(bide_task_name(), name);
    return 1;
}

static bide_notify dumped;

static async int named_until_dumped(const char *name)
{
    CHECK_EQ(await bide_notify_wait(&dumped), 0);
    return await named(name);
}

static async void at_the_spawn(void)
{
    bide_scope(s) {
        bide_scope_spawn(
            s, bide_named("from the beginning", named_until_dumped("from the beginning")));
        bide_scope_spawn(s, named(NULL));
        dump(); /* on one worker, none has been polled */
        CHECK(says(" \"from the beginning\" "));
        bide_notify_one(&dumped);
        bide_scope_spawn(s, bide_named("two\nlines\177", named("two?lines?")));
        bide_scope_spawn(s, bide_named("", named(NULL)));
        bide_scope_spawn(s, bide_named(longest, named(longest)));
        bide_scope_spawn(s, bide_named("123456789 123456789 123456789 123456789 "
                                       "123456789 123456789 12345",
                                       named(longest)));
        /* a character of three bytes would be cut in its middle */
        bide_scope_spawn(s, bide_named("123456789 123456789 123456789 123456789 "
                                       "123456789 123456789 1\xe2\x82\xac",
                                       named("123456789 123456789 123456789 123456789 "
                                             "123456789 123456789 1")));
    }
    dump();
    CHECK(strchr(text, '"') == NULL);
}

TEST(a_task_is_named_at_its_spawn)
{
    bide_block_on(at_the_spawn());
}

static async int named_for_an_hour(const char *name)
{
    CHECK_STR(bide_task_name(), name);
    return await bide_sleep(BIDE_S(3600));
}

static bide_runtime *elsewhere;

static void *spawns_from_a_thread(void *argument)
{
    (void)argument;
    bide_task(int) t =
        bide_spawn_on(elsewhere, bide_named("from a thread", named_for_an_hour("from a thread")));
    bide_task_abort(t);
    bide_task_detach(t);
    bide_task_detach(bide_spawn_on(elsewhere, named(NULL)));
    return NULL;
}

static async void waits_for_a_thread(void)
{
    pthread_t thread;
    elsewhere = bide_runtime_current();
    CHECK_EQ(pthread_create(&thread, NULL, spawns_from_a_thread, NULL), 0);
    CHECK_EQ(await bide_blocking(pthread_join(thread, NULL)), 0);
    if (bide_task_name_set("me") == 0)
        dump();
    CHECK(says(" \"me\" "));
    for (int i = 0; i < 4; i++)
        await bide_yield();
}

TEST(a_task_of_another_thread_is_named_at_its_spawn)
{
    bide_block_on(waits_for_a_thread());
}

static async int on_the_other_core(void)
{
    return strcmp(bide_task_name(), "far") == 0 ? 7 : 1;
}

static async void core_main(void)
{
    int n = 0;
    bide_task(int) t = bide_spawn_at(1, bide_named("far", on_the_other_core()));
    dump();
    CHECK(says(" \"far\" "));
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(n, 7);
    t = bide_spawn_at(0, bide_named("far", on_the_other_core()));
    CHECK_EQ(await bide_task_join(t, &n), 0);
    CHECK_EQ(n, 7);
    t = bide_spawn_at(1, named(NULL));
    CHECK_EQ(await bide_task_join(t, &n), 0);
}

TEST(a_task_on_another_core_is_named_at_its_spawn)
{
    bide_runtime_options options = {.flavour = BIDE_THREAD_PER_CORE, .workers = 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    bide_block_on(core_main());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- children ---- */

static async void in_sets(void)
{
    bide_task_set(int) set;
    CHECK_EQ(bide_task_set_new(0, &set), 0);
    bide_task_set_spawn(set, child("of a set"));
    bide_scope(s) {
        bide_scope_spawn(s, child("of a scope"));
        bide_task_detach(bide_spawn(child("by itself")));
        await bide_sleep(BIDE_MS(1));
        dump();
        CHECK(says(" \"of a set\" waits\n"));
        CHECK(says(" \"of a scope\" waits\n"));
        CHECK(says(" \"by itself\" waits\n"));
        bide_scope_cancel(s);
    }
    await bide_task_set_close(set);
    dump();
    CHECK(strstr(text, "of a s") == NULL);
}

TEST(children_are_named_in_the_dump)
{
    bide_test_time_virtual();
    bide_block_on(in_sets());
}

static atomic_int finished;

static async void renames(int n)
{
    char name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%d of %d", i, n);
        CHECK_EQ(bide_task_name_set(name), 0);
        await bide_yield();
        CHECK_STR(bide_task_name(), name);
    }
    finished++;
}

static async void many_rename(void)
{
    bide_scope(s) {
        for (int i = 0; i < 50; i++)
            bide_scope_spawn(s, renames(i));
        while (finished < 50) {
            await bide_yield();
            if (finished % 10 == 0)
                dump();
        }
    }
}

TEST(names_change_while_others_look)
{
    finished = 0;
    bide_block_on(many_rename());
}

/* ---- locks ---- */

static bide_mutex left, right;
static atomic_int held;

static async int crosses(const char *name, bide_mutex *first, bide_mutex *second)
{
    CHECK_EQ(bide_task_name_set(name), 0);
    bide_locked(first) {
        held++;
        while (held < 2)
            await bide_yield();
        bide_locked(second)
            held++;
    }
    return 0;
}

static async void deadlock(void)
{
    bide_task(int) a = bide_spawn(crosses("ada", &left, &right));
    bide_task(int) b = bide_spawn(crosses("bob", &right, &left));
    await bide_sleep(BIDE_MS(20));
    dump();
    CHECK(says("deadlock: task "));
    CHECK(says(" \"ada\" waits in crosses ("));
    CHECK(says(" \"bob\" waits in crosses ("));
    CHECK(says(" \"ada\" has locked at "));
    CHECK(says(" \"bob\" has locked at "));
    bide_task_abort(a);
    CHECK_ERR(await bide_task_wait(a), -ECANCELED);
    CHECK_EQ(await bide_task_wait(b), 0);
}

TEST(a_deadlock_names_its_tasks)
{
    bide_block_on(deadlock());
}

/* ---- hooks ---- */

static char log_text[400];
static size_t log_size;

static void note(const char *what, const bide_task_info *task)
{
    if (strcmp(task->function, "hooked") == 0)
        log_size += (size_t)snprintf(log_text + log_size, sizeof log_text - log_size, "%s %s,",
                                     what, task->name != NULL ? task->name : "-");
}

static void on_spawn(void *argument, const bide_task_info *task)
{
    (void)argument;
    note("spawn", task);
}

static void on_begin(void *argument, const bide_task_info *task)
{
    (void)argument;
    note("begin", task);
}

static void on_poll_end(void *argument, const bide_task_info *task)
{
    (void)argument;
    note("pause", task);
}

static void on_end(void *argument, const bide_task_info *task)
{
    (void)argument;
    note("end", task);
}

static async void hooked(void)
{
    if (bide_task_name() != NULL)
        return;
    CHECK_EQ(bide_task_name_set("one"), 0);
    await bide_yield();
    CHECK_EQ(bide_task_name_set("two"), 0);
}

static async void spawns_hooked(void)
{
    CHECK_EQ(await bide_task_wait(bide_spawn(bide_named("first", hooked()))), 0);
}

TEST(hooks_are_told_the_name)
{
    bide_runtime_options options = {.hooks = {.task_spawn = on_spawn,
                                              .task_poll_begin = on_begin,
                                              .task_poll_end = on_poll_end,
                                              .task_end = on_end}};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    bide_block_on(hooked());
    CHECK_STR(log_text, "spawn -,begin -,pause one,begin one,pause two,end two,");
    log_size = 0;
    bide_block_on(spawns_hooked());
    CHECK_STR(log_text, "spawn first,begin first,pause first,end first,");
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- no memory ---- */

static uint64_t failed;

static async int named_without_memory(unsigned nth)
{
    bide_test_fail("alloc", nth, -ENOMEM, 1);
    int r = bide_task_name_set("named");
    failed = bide_test_failed("alloc");
    CHECK_ERR(r, failed > 0 ? -ENOMEM : 0);
    CHECK_STR(bide_task_name(), failed > 0 ? NULL : "named");
    return r;
}

TEST(no_memory_for_a_name)
{
    unsigned nth = 0;
    do {
        bide_runtime *rt;
        bide_test_reset();
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime *before = bide_runtime_enter(rt);
        (void)bide_block_on(named_without_memory(++nth));
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        bide_runtime_enter(before);
        CHECK_EQ(bide_runtime_free(rt), 0);
    } while (failed > 0);
    CHECK(nth > 3);
}

static async int named_or_not(void)
{
    if (bide_task_name() == NULL)
        return 0;
    CHECK_STR(bide_task_name(), "named");
    return 1;
}

static async int spawned_without_memory(unsigned nth)
{
    bide_test_fail("alloc", nth, -ENOMEM, 1);
    bide_task(int) t = bide_spawn(bide_named("named", named_or_not()));
    failed = bide_test_failed("alloc");
    int n = 0, error = await bide_task_join(t, &n);
    CHECK(error == 0 || (error == -ENOMEM && failed > 0));
    if (failed == 0)
        CHECK_EQ(n, 1);
    return error;
}

TEST(no_memory_for_a_name_at_the_spawn)
{
    unsigned nth = 0;
    do {
        bide_runtime *rt;
        bide_test_reset();
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime *before = bide_runtime_enter(rt);
        (void)bide_block_on(spawned_without_memory(++nth));
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        bide_runtime_enter(before);
        CHECK_EQ(bide_runtime_free(rt), 0);
    } while (failed > 0);
    CHECK(nth > 3);
}
