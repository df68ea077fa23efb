/*
 * Every combination of what a task can meet: the flavour of its runtime, who spawned it, how it
 * ends and what becomes of its handle. Each is a test of its own, made by a loop: the table says
 * what a join of the handle returns. The task always begins, its deferred block runs once, and
 * nothing is left.
 *
 * flavour   current_thread, multi_thread with 1 and with 4 workers, thread_per_core with 2 cores
 * spawner   a task, a scope, a thread outside (bide_spawn_on)
 * end       it returns; it waits for ever until it is cancelled; it blocks in C, while its handle
 *           meets its fate, and then returns; it does so and then fails for memory
 * handle    kept and joined, dropped, aborted and joined, joined by another task
 *
 * A task that waits for ever is cancelled by its abort, by its scope, or by the shutdown.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

/* Blocking is what it is about. */
#pragma GCC diagnostic ignored "-Wbide-blocking-call"

enum flavour { CURRENT, MULTI_1, MULTI_4, CORES, FLAVOURS };
enum spawner { BY_TASK, BY_SCOPE, BY_OUTSIDE, SPAWNERS };
enum end { RETURNS, WAITS, BLOCKS, NO_MEMORY, ENDS };
enum fate { KEPT, DROPPED, ABORTED, GIVEN, FATES };

static const char *const flavour_names[] = {"current", "multi 1", "multi 4", "cores"};
static const char *const spawner_names[] = {"task", "scope", "outside"};
static const char *const end_names[] = {"returns", "waits", "blocks", "no memory"};
static const char *const fate_names[] = {"kept", "dropped", "aborted", "given"};

static bide_runtime *rt;
static enum spawner spawner;
static enum end end;
static enum fate fate;
static atomic_int begun, unwound, got; /* got: what the join returned, or NOT_JOINED */
static sem_t in_c, may_go_on;

enum { NOT_JOINED = 1, RESULT = 42, BIG_BYTES = 300000 };

/* ---- the task ---- */

static async int needs_much(void)
{
    volatile char big[BIG_BYTES];
    big[0] = 1;
    await bide_yield();
    return big[0];
}

static async int subject(void)
{
    atomic_fetch_add(&begun, 1);
    defer {
        if (end == NO_MEMORY)
            bide_test_fail("alloc", 0, 0, 0);
        await bide_yield();
        atomic_fetch_add(&unwound, 1);
    }
    if (end == BLOCKS || end == NO_MEMORY) {
        sem_post(&in_c);
        while (sem_wait(&may_go_on) != 0)
            ;
    }
    switch (end) {
    case RETURNS:
    case BLOCKS: await bide_yield(); break;
    case WAITS: await bide_sleep(BIDE_S(1000000)); break;
    case NO_MEMORY: {
        bide_async_fn(int, void) f = bide_ref(needs_much);
        bide_test_fail("alloc", 1, -ENOMEM, 0);
        await (*f)();
        break;
    }
    case ENDS: break;
    }
    return RESULT;
}

/* ---- its handle ---- */

static async void joins(bide_task(int) task)
{
    int n = 0, error = await bide_task_join(task, &n);
    if (error == 0)
        CHECK_EQ(n, RESULT);
    atomic_store(&got, error);
}

/* A thread waits until the task is in C, so that what happens to its handle does so meanwhile. */
static void meets_its_fate(bide_task(int) task, bide_task(void) * joiner, bide_task(int) * kept)
{
    if (end == BLOCKS || end == NO_MEMORY)
        while (sem_wait(&in_c) != 0)
            ;
    switch (fate) {
    case KEPT: *kept = bide_move(task); break;
    case DROPPED: bide_task_detach(task); break;
    case ABORTED:
        bide_task_abort(task);
        *kept = bide_move(task);
        break;
    case GIVEN: *joiner = bide_spawn_on(rt, joins(bide_move(task))); break;
    case FATES: break;
    }
    if (end == BLOCKS || end == NO_MEMORY)
        sem_post(&may_go_on);
}

static bide_task(int) handle;
static bide_task(int) kept;
static bide_task(void) joiner;
static sem_t spawned, done;

static void *outside(void *argument)
{
    (void)argument;
    if (spawner == BY_OUTSIDE)
        handle = bide_spawn_on(rt, subject());
    else
        while (sem_wait(&spawned) != 0)
            ;
    meets_its_fate(bide_move(handle), &joiner, &kept);
    sem_post(&done);
    return NULL;
}

/* Lets the others run; the thread outside needs no task, so it always comes to its end. */
static async void until_done(void)
{
    while (sem_trywait(&done) != 0)
        await bide_yield();
}

static async void spawns(void)
{
    switch (spawner) {
    case BY_TASK:
        handle = bide_spawn(subject());
        sem_post(&spawned);
        await until_done();
        break;
    case BY_SCOPE:
        bide_scope(s) {
            handle = bide_scope_spawn(s, subject());
            sem_post(&spawned);
            await until_done();
            if (end == WAITS && fate != ABORTED)
                bide_scope_cancel(s);
        }
        break;
    default: await until_done(); break;
    }
    if (kept != NULL && !(end == WAITS && fate == KEPT && spawner != BY_SCOPE))
        await joins(bide_move(kept));
}

static async int waits_for(bide_task(void) * task)
{
    return await bide_task_wait(*task);
}

/* ---- one combination ---- */

static int expected(void)
{
    if (fate == DROPPED)
        return NOT_JOINED;
    if (end == WAITS && fate == KEPT && spawner != BY_SCOPE)
        return NOT_JOINED; /* nobody ends it before the shutdown */
    if (end == WAITS)
        return -ECANCELED;
    if (end == BLOCKS && fate == ABORTED)
        return -ECANCELED; /* at the await that follows */
    return end == NO_MEMORY ? -ENOMEM : 0;
}

/* An abort may come after the end, or before the memory is asked for; a runtime of one thread reads
 * the aborts of others once in a while. A join that waits for a task that nobody ends is cancelled
 * by the shutdown, as the task is, in either order. */
static bool is_right(enum flavour flavour, int result)
{
    bool one_thread = flavour == CURRENT || flavour == CORES;
    if (fate == ABORTED && end == BLOCKS && one_thread && result == 0)
        return true;
    if (fate == ABORTED && (end == RETURNS || end == NO_MEMORY) && result == -ECANCELED)
        return true;
    if (fate == GIVEN && end == WAITS && spawner != BY_SCOPE && result == NOT_JOINED)
        return true;
    return result == expected();
}

static void combination(enum flavour flavour)
{
    static const bide_runtime_options options[] = {
        [CURRENT] = {.flavour = BIDE_CURRENT_THREAD},
        [MULTI_1] = {.flavour = BIDE_MULTI_THREAD, .workers = 1},
        [MULTI_4] = {.flavour = BIDE_MULTI_THREAD, .workers = 4},
        [CORES] = {.flavour = BIDE_THREAD_PER_CORE, .workers = 2}};
    pthread_t thread;

    fprintf(stderr, "%s, %s, %s, %s\n", flavour_names[flavour], spawner_names[spawner],
            end_names[end], fate_names[fate]);
    begun = unwound = 0;
    got = NOT_JOINED;
    sem_init(&in_c, 0, 0), sem_init(&may_go_on, 0, 0), sem_init(&spawned, 0, 0);
    sem_init(&done, 0, 0);
    CHECK_EQ(bide_runtime_new(&options[flavour], &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(pthread_create(&thread, NULL, outside, NULL), 0);
    bide_block_on(spawns());
    pthread_join(thread, NULL);
    if (joiner != NULL && end != WAITS)
        bide_block_on(waits_for(&joiner));
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    bide_task_detach(joiner);
    bide_task_detach(kept);
    joiner = NULL;
    kept = NULL;
    CHECK_EQ(begun, 1);
    CHECK_EQ(unwound, 1);
    if (!is_right(flavour, got))
        CHECK_EQ(got, expected());
    CHECK_EQ(bide_runtime_free(rt), 0);
    bide_runtime_enter(NULL);
}

static void all(enum flavour flavour)
{
    bide_test_watch(); /* tasks make calls fail while threads run */
    for (spawner = 0; spawner < SPAWNERS; spawner++)
        for (end = 0; end < ENDS; end++)
            for (fate = 0; fate < FATES; fate++)
                combination(flavour);
}

TEST_LIMIT(current_thread, 60)
{
    all(CURRENT);
}

TEST_LIMIT(multi_thread_with_one_worker, 60)
{
    all(MULTI_1);
}

TEST_LIMIT(multi_thread_with_four_workers, 60)
{
    all(MULTI_4);
}

TEST_LIMIT(thread_per_core, 60)
{
    all(CORES);
}
