/*
 * What drops a result or arguments (`release` of a descriptor) is the program's, and may use the
 * runtime: it is called while no lock of the runtime is held. Here it uses the set or the map from
 * which the value comes, or looks whether the task or future is locked.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "runtime/task/inside.h"

static atomic_int results, arguments, ended;
static bide_task_set(int) the_set;
static bide_task_map(int, int) the_map;
static const struct bide__task *_Atomic the_task;

/* It may be called on any worker. It is counted at its end: then the set or map may go. */
static void hook(const void *args, const void *result)
{
    const struct bide__task *task = the_task;

    if (the_set != NULL) {
        (void)bide_task_set_length(the_set);
        bide_task_set_abort_all(the_set);
    }
    if (the_map != NULL)
        (void)bide_task_map_length(the_map);
    if (task != NULL)
        CHECK_EQ(atomic_load(&task->wake.state) & BIDE__LOCK, 0);
    arguments += args != NULL;
    results += result != NULL;
}

static async int value(int n)
{
    await bide_yield();
    ended++;
    return n;
}

/* It begins and ends even if it was cancelled before. */
static async int at_once(int n)
{
    ended++;
    return n;
}

static struct bide_fn hooked_value, hooked_at_once;

/* What async functions whose results have a hook look like. */
static void make_functions(void)
{
    hooked_value = *(const struct bide_fn *)(const void *)bide_ref(value);
    hooked_at_once = *(const struct bide_fn *)(const void *)bide_ref(at_once);
    hooked_value.release = hooked_at_once.release = hook;
    results = arguments = ended = 0;
    the_set = NULL;
    the_map = NULL;
    the_task = NULL;
}

static void spawn(const struct bide_fn *fn, int n)
{
    CHECK(bide__task_set_spawn((void *)the_set, fn, &n) != 0);
}

static async void until(const atomic_int *count, int n)
{
    while (*count < n)
        await bide_sleep(BIDE_MS(1));
    for (int i = 0; i < 3; i++)
        await bide_yield();
}

#define ON_EACH_FLAVOUR(call)                                                            \
    do {                                                                                 \
        static const bide_flavour flavours[] = {BIDE_CURRENT_THREAD, BIDE_MULTI_THREAD}; \
        for (int flavour = 0; flavour < 2; flavour++) {                                  \
            bide_runtime_options options = {.flavour = flavours[flavour],                \
                                            .workers = flavour > 0 ? 2 : 0};             \
            bide_runtime *rt;                                                            \
            make_functions();                                                            \
            CHECK_EQ(bide_runtime_new(&options, &rt), 0);                                \
            bide_runtime *before = bide_runtime_enter(rt);                               \
            bide_block_on(call);                                                         \
            CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);                          \
            bide_runtime_enter(before);                                                  \
            CHECK_EQ(bide_runtime_free(rt), 0);                                          \
        }                                                                                \
    } while (0)

/* ---- sets ---- */

/* Three have ended, and three have yet to begin, at least on one thread. */
static async void fill(void)
{
    CHECK_EQ(bide_task_set_new(0, &the_set), 0);
    for (int n = 0; n < 3; n++)
        spawn(&hooked_value, n);
    await until(&ended, 3);
    for (int n = 0; n < 3; n++)
        spawn(&hooked_at_once, n);
}

static async void closes(void)
{
    await fill();
    await bide_task_set_close(the_set);
    the_set = NULL;
    CHECK_EQ(results, 6);
}

TEST(a_set_is_closed)
{
    ON_EACH_FLAVOUR(closes());
}

static async void detaches(void)
{
    await fill();
    bide_task_set_detach_all(the_set);
    CHECK_EQ(bide_task_set_length(the_set), 0);
    await bide_task_set_close(the_set);
    await until(&results, 6);
    the_set = NULL;
}

TEST(the_children_of_a_set_are_detached)
{
    ON_EACH_FLAVOUR(detaches());
}

/* They end on one worker while another detaches them. */
static async void detaches_in_between(void)
{
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(bide_task_set_new(0, &the_set), 0);
        for (int n = 0; n < 4; n++)
            spawn(&hooked_value, n);
        for (int n = 0; n < i % 5; n++)
            await bide_yield();
        bide_task_set_detach_all(the_set);
        await bide_task_set_close(the_set);
        await until(&results, 4 * (i + 1));
        the_set = NULL;
    }
    CHECK_EQ(results, 800);
}

TEST(children_end_while_they_are_detached)
{
    ON_EACH_FLAVOUR(detaches_in_between());
}

static async void frees(void)
{
    await fill();
    bide_task_set(int) set = the_set;
    the_set = NULL; /* it must not be used any more */
    bide_task_set_free(set);
    await until(&ended, 6);
    await until(&results, 6);
}

TEST(a_set_is_freed)
{
    ON_EACH_FLAVOUR(frees());
}

/* ---- maps ---- */

static async void spawns_without_memory(void)
{
    unsigned nth = 0, failed = 0;
    CHECK_EQ(bide_task_map_new(0, &the_map), 0);
    for (;;) {
        int key = (int)nth, n = 1;
        bide_test_fail("alloc", ++nth, -ENOMEM, 1);
        uint64_t id = bide__task_map_spawn((void *)the_map, &key, sizeof key, 0, &hooked_value, &n);
        if (bide_test_failed("alloc") == 0)
            break;
        bide_test_reset();
        failed += id == 0;
        CHECK_EQ(arguments, (int)failed);
    }
    bide_test_reset();
    CHECK(failed > 0);
    bide_task_map_detach_all(the_map);
    await bide_task_map_close(the_map);
    the_map = NULL;
}

TEST(a_child_of_a_map_cannot_be_made)
{
    ON_EACH_FLAVOUR(spawns_without_memory());
}

static async void detaches_from_map(void)
{
    CHECK_EQ(bide_task_map_new(0, &the_map), 0);
    for (int n = 0; n < 3; n++)
        CHECK(bide__task_map_spawn((void *)the_map, &n, sizeof n, 0, &hooked_value, &n) != 0);
    await until(&ended, 3);
    bide_task_map_detach_all(the_map);
    CHECK_EQ(bide_task_map_length(the_map), 0);
    await until(&results, 3);
    await bide_task_map_close(the_map);
    the_map = NULL;
}

TEST(the_children_of_a_map_are_detached)
{
    ON_EACH_FLAVOUR(detaches_from_map());
}

/* ---- tasks and futures ---- */

static bide_task(int) waited_for;

static async int waits(void)
{
    return await bide_task_wait(waited_for);
}

/* Nobody has the handle any more, but somebody waits. */
static async void ends_without_handle(void)
{
    int n = 1;
    void *task = bide__spawn(&hooked_value, &n);
    the_task = task;
    memcpy(&waited_for, &task, sizeof task);
    bide_task(int) waiting = bide_spawn_local(waits());
    await bide_yield();
    memset(&waited_for, 0, sizeof waited_for);
    bide__task_release(task);
    await until(&results, 1);
    (void)await bide_task_wait(waiting);
    the_task = NULL;
}

TEST(a_task_ends_without_its_handle)
{
    ON_EACH_FLAVOUR(ends_without_handle());
}

static async void drops_a_future(void)
{
    int n = 1;
    bide_future(int) fresh;
    void *future = bide__lazy(&hooked_value, &n);
    the_task = future;
    memcpy(&fresh, &future, sizeof future);
    bide_drop(fresh);
    CHECK_EQ(arguments, 1);
    the_task = NULL;
}

TEST(a_future_that_never_began_is_dropped)
{
    ON_EACH_FLAVOUR(drops_a_future());
}
