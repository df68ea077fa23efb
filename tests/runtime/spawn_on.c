/*
 * bide_spawn_on: tasks that other threads spawn on a runtime, while it runs, sleeps, shuts down and
 * has ended, and without memory.
 */
#include "check.h"

#include "runtime/task/task.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

static bide_runtime *rt;
static _Atomic int begun, ended, undone;
static pthread_t owner;

static bide_runtime *make(void)
{
    bide_runtime *made;
    CHECK_EQ(bide_runtime_new(NULL, &made), 0);
    return made;
}

static void end(bide_runtime *made)
{
    CHECK_EQ(bide_runtime_shutdown(made, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(made), 0);
}

static pthread_t start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
    return thread;
}

static void run(void *(*body)(void *), void *argument)
{
    pthread_join(start(body, argument), NULL);
}

static int error_of(bide_task(int) * handle)
{
    void *h;
    memcpy(&h, handle, sizeof h);
    return bide__handle_error(h);
}

static async int answer(int n)
{
    CHECK(pthread_equal(pthread_self(), owner));
    begun++;
    await bide_yield();
    ended++;
    return n;
}

static async int waits(void)
{
    begun++;
    defer {
        undone++;
    }
    await bide_sleep(BIDE_S(1000000));
    return 0;
}

static async int get(bide_task(int) * task, int *out)
{
    return await bide_task_join(*task, out);
}

static async void nothing(void)
{
}

/* Runs until every task waits. */
static void settle(void)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(1))), 0);
}

static bide_task(int) task;

static void *spawn_answer(void *argument)
{
    task = bide_spawn_on(rt, answer((int)(intptr_t)argument));
    return NULL;
}

/* ---- one task ---- */

/* Of all tasks that there are, on the runtime's thread. */
static size_t blocks(void)
{
    pthread_mutex_lock(&rt->hub->mutex);
    bide__slab_drain(&rt->hub->outside);
    size_t n = rt->hub->tasks.blocks + rt->hub->outside.blocks;
    pthread_mutex_unlock(&rt->hub->mutex);
    return n;
}

TEST(a_task_from_another_thread_is_joined_on_its_runtime)
{
    int n = 0;
    rt = make();
    owner = pthread_self();
    bide_runtime_enter(rt);
    run(spawn_answer, (void *)7);
    CHECK_EQ(bide_task_finished(task), 0);
    CHECK_EQ(begun, 0);
    CHECK_EQ(bide_block_on(get(&task, &n)), 0);
    CHECK_EQ(n, 7);
    CHECK_EQ(blocks(), 0);
    end(rt);
}

TEST(on_the_runtimes_own_thread_it_is_a_spawn)
{
    int n = 0;
    rt = make();
    owner = pthread_self();
    bide_runtime_enter(rt);
    CHECK(bide_runtime_current() == rt);
    task = bide_spawn_on(rt, answer(8));
    CHECK_EQ(bide_runtime_tasks(rt), 1);
    CHECK_EQ(bide_block_on(get(&task, &n)), 0);
    CHECK_EQ(n, 8);
    end(rt);
}

static sem_t asleep;
static bide_notify come;

static async int sleeps(void)
{
    sem_post(&asleep);
    return await bide_notify_wait(&come);
}

static async int wakes(void)
{
    CHECK(pthread_equal(pthread_self(), owner));
    bide_notify_one(&come);
    return 0;
}

static void *spawn_wakes(void *unused)
{
    (void)unused;
    sem_wait(&asleep);
    bide_spawn_on(rt, wakes());
    return NULL;
}

TEST(it_wakes_a_runtime_that_sleeps)
{
    sem_init(&asleep, 0, 0);
    rt = make();
    owner = pthread_self();
    bide_runtime_enter(rt);
    pthread_t thread = start(spawn_wakes, NULL);
    CHECK_EQ(bide_block_on(sleeps()), 0);
    pthread_join(thread, NULL);
    end(rt);
}

TEST(no_runtime_is_an_error)
{
    int n = 0;
    bide_task(int) h = bide_spawn_on(NULL, answer(1));
    CHECK_EQ(bide_task_finished(h), 1);
    CHECK_ERR(bide_block_on(get(&h, &n)), -EINVAL);
}

TEST(a_join_on_another_runtime_is_refused)
{
    int n = 0;
    bide_runtime *other = make();
    rt = make();
    owner = pthread_self();
    bide_runtime_enter(other);
    task = bide_spawn_on(rt, answer(1)); /* other is the thread's, so rt is foreign to it */
    CHECK_ERR(bide_block_on(get(&task, &n)), -EXDEV);
    bide_task_detach(task);
    CHECK_EQ(begun, 0);
    bide_runtime_enter(rt);
    settle();
    CHECK_EQ(begun, 1);
    end(rt);
    end(other);
}

/* ---- handles ---- */

static void *spawn_and_let_go(void *unused)
{
    (void)unused;
    bide_spawn_on(rt, answer(1));
    bide_task(int) dropped = bide_spawn_on(rt, answer(2));
    bide_task(int) aborted = bide_spawn_on(rt, waits());
    CHECK_EQ(bide_task_finished(dropped), 0);
    bide_task_detach(dropped);
    bide_task_abort(aborted);
    bide_task_abort(aborted);
    return NULL;
}

TEST(handles_are_aborted_asked_and_dropped_before_the_runtime_runs)
{
    rt = make();
    owner = pthread_self();
    run(spawn_and_let_go, NULL);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_ERR(bide_runtime_free(rt), -EBUSY);
    bide_runtime_enter(rt);
    settle();
    CHECK_EQ(begun, 3); /* also the one that was aborted */
    CHECK_EQ(ended, 2);
    CHECK_EQ(undone, 1);
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    CHECK_EQ(blocks(), 0);
    end(rt);
}

static void *spawn_waits(void *unused)
{
    (void)unused;
    task = bide_spawn_on(rt, waits());
    return NULL;
}

TEST(the_owner_aborts_and_drops_what_it_has_not_taken_over)
{
    rt = make();
    bide_runtime_enter(rt);
    run(spawn_waits, NULL);
    bide_task_abort(task);
    bide_task_detach(task);
    settle();
    CHECK_EQ(undone, 1);
    CHECK_EQ(blocks(), 0);
    end(rt);
}

static void *look_and_drop(void *unused)
{
    (void)unused;
    CHECK_EQ(bide_task_finished(task), 1);
    bide_task_abort(task);
    bide_task_detach(task);
    return NULL;
}

TEST(a_handle_outlives_the_runtime)
{
    rt = make();
    owner = pthread_self();
    run(spawn_answer, (void *)1);
    end(rt);
    run(look_and_drop, NULL);
    CHECK_EQ(begun, 1);
}

/* ---- sizes ---- */

struct large {
    char bytes[20000];
};

static async int sum(struct large l)
{
    int n = 0;
    await bide_yield();
    for (size_t i = 0; i < sizeof l.bytes; i++)
        n += l.bytes[i];
    ended++;
    return n;
}

static async struct large copy(char c)
{
    struct large l;
    memset(l.bytes, c, sizeof l.bytes);
    await bide_yield();
    return l;
}

static async char last_of(bide_task(struct large) * h)
{
    static struct large l;
    CHECK_EQ(await bide_task_join(*h, &l), 0);
    return l.bytes[sizeof l.bytes - 1];
}

static bide_task(struct large) large_task;

static void *spawn_large(void *unused)
{
    struct large l;
    (void)unused;
    memset(l.bytes, 1, sizeof l.bytes);
    task = bide_spawn_on(rt, sum(l));
    bide_spawn_on(rt, sum(l));
    large_task = bide_spawn_on(rt, copy('c'));
    return NULL;
}

TEST(tasks_of_any_size)
{
    int n = 0;
    rt = make();
    bide_runtime_enter(rt);
    run(spawn_large, NULL);
    CHECK_EQ(bide_block_on(get(&task, &n)), 0);
    CHECK_EQ(n, 20000);
    CHECK_EQ(bide_block_on(last_of(&large_task)), 'c');
    CHECK_EQ(ended, 2);
    CHECK_EQ(blocks(), 0);
    CHECK(rt->hub->outside.chunks == NULL); /* each had a chunk of its own */
    end(rt);
}

/* ---- refused ---- */

static async int takes(bide_task(int) mine)
{
    int n = 0;
    return await bide_task_join(mine, &n);
}

static int refusal;

static void *spawn_refused(void *unused)
{
    bide_task(int) mine = bide_spawn(waits()); /* on this thread's own runtime */
    (void)unused;
    bide_task(int) h = bide_spawn_on(rt, takes(bide_move(mine)));
    refusal = error_of(&h);
    CHECK_EQ(bide_task_finished(h), 1);
    bide_block_on(nothing());
    /* Only the executor refers to the task that was given. */
    CHECK_EQ(bide__thread.own->hub->alive, 1);
    struct bide__chunk *chunk = bide__thread.own->hub->tasks.chunks;
    int found = 0;
    for (; chunk != NULL; chunk = chunk->next) {
        for (uint32_t i = 0; i < chunk->count; i++) {
            struct bide__task *t = bide__chunk_block(chunk, i);
            if (t->wake.vtable != NULL)
                found += atomic_load(&t->wake.state) & BIDE__HANDLE ? 100 : 1;
        }
    }
    CHECK_EQ(found, 1);
    return NULL;
}

TEST(after_the_shutdown_a_spawn_is_refused_and_releases_its_arguments)
{
    rt = make();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    run(spawn_refused, NULL);
    CHECK_ERR(refusal, -ESHUTDOWN);
    bide_task(int) h = bide_spawn_on(rt, waits());
    CHECK_ERR(error_of(&h), -ESHUTDOWN);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(without_memory_a_spawn_is_refused_and_releases_its_arguments)
{
    rt = make();
    bide_runtime *own = make();
    bide_runtime_enter(own);
    bide_task(int) mine = bide_spawn(waits());
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    bide_task(int) h = bide_spawn_on(rt, takes(bide_move(mine)));
    bide_test_reset();
    CHECK_ERR(error_of(&h), -ENOMEM);
    int n = 0;
    CHECK_ERR(bide_block_on(get(&h, &n)), -ENOMEM);
    end(rt);
    end(own);
    CHECK_EQ(undone, 1);
}

/* ---- shutdown ---- */

static sem_t closing, spawned;

static async int undoes(void)
{
    defer {
        sem_post(&closing);
        await bide_blocking(sem_wait(&spawned));
    }
    await bide_sleep(BIDE_S(1000000));
    return 0;
}

static void *spawn_while_closing(void *unused)
{
    (void)unused;
    sem_wait(&closing);
    task = bide_spawn_on(rt, waits());
    CHECK_EQ(error_of(&task), 0);
    sem_post(&spawned);
    return NULL;
}

TEST(while_it_shuts_down_a_new_task_is_cancelled)
{
    sem_init(&closing, 0, 0);
    sem_init(&spawned, 0, 0);
    rt = make();
    bide_runtime_enter(rt);
    pthread_t thread = start(spawn_while_closing, NULL);
    bide_spawn(undoes());
    bide_block_on(nothing());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(begun, 1);
    CHECK_EQ(undone, 1);
    CHECK_EQ(bide_task_finished(task), 1);
    bide_task_detach(task);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static async int stubborn(void)
{
    defer {
        while (!undone)
            await bide_sleep(BIDE_MS(1));
    }
    await bide_sleep(BIDE_S(1000000));
    return 0;
}

TEST(after_a_shutdown_that_timed_out_it_takes_tasks_again)
{
    rt = make();
    bide_runtime_enter(rt);
    bide_spawn(stubborn());
    bide_block_on(nothing());
    CHECK_ERR(bide_runtime_shutdown(rt, BIDE_MS(1)), -ETIMEDOUT);
    run(spawn_waits, NULL);
    CHECK_EQ(error_of(&task), 0);
    bide_task_detach(task);
    undone++;
    end(rt);
    CHECK_EQ(begun, 1);
    CHECK_EQ(undone, 2);
}

static unsigned lines;

static void count_tasks(void *argument, const char *text, size_t size)
{
    (void)argument;
    lines += size > 4 && memcmp(text, "task", 4) == 0;
}

TEST(they_are_seen_in_the_dump_and_by_shutdown)
{
    rt = make();
    bide_runtime_enter(rt);
    for (int i = 0; i < 100; i++) {
        run(spawn_waits, NULL);
        bide_task_detach(task);
    }
    settle();
    CHECK_EQ(bide_runtime_tasks(rt), 100);
    bide_runtime_dump(rt, count_tasks, NULL);
    CHECK_EQ(lines, 100);
    end(rt);
    CHECK_EQ(undone, 100);
}

/* ---- all at once ---- */

enum { THREADS = 3, SPAWNS = 4000, HANDLES = 16 };

static _Atomic int accepted, refused, starved;
static _Atomic bool fail_now;

static async int mixed(int n)
{
    begun++;
    defer {
        ended++;
    }
    switch (n % 4) {
    case 0: break;
    case 1: await bide_yield(); break;
    case 2: await bide_sleep(BIDE_US(10)); break;
    default: await bide_sleep(BIDE_S(1000000)); break;
    }
    return n;
}

static void *(*true_alloc)(size_t size, size_t align);

/* Every seventh allocation fails, on any thread. */
static void *poor_alloc(size_t size, size_t align)
{
    static _Atomic unsigned n;
    return fail_now && n++ % 7 == 0 ? NULL : true_alloc(size, align);
}

static void *spawner(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    bide_task(int) kept[HANDLES] = {NULL};
    for (int i = 0; i < SPAWNS; i++) {
        unsigned r = (unsigned)rand_r(&seed), slot = r / 16 % HANDLES;
        bide_task(int) h = bide_spawn_on(rt, mixed((int)r % 4));
        int error = error_of(&h);
        CHECK(error == 0 || error == -ESHUTDOWN || error == -ENOMEM);
        (*(error == 0 ? &accepted : error == -ENOMEM ? &starved : &refused))++;
        if (r / 1024 % 2)
            bide_task_abort(h);
        bide_task_detach(kept[slot]);
        kept[slot] = bide_move(h);
        bide_task_abort(kept[(slot + 1) % HANDLES]);
        if (bide_task_finished(kept[(slot + 2) % HANDLES]))
            bide_task_detach(kept[(slot + 2) % HANDLES]);
        if (r / 2048 % 64 == 0)
            sched_yield();
    }
    for (int i = 0; i < HANDLES; i++)
        bide_task_detach(kept[i]);
    return NULL;
}

static void storm(int polls, bool poor)
{
    pthread_t thread[THREADS];
    rt = make();
    bide_runtime_enter(rt);
    if (poor) {
        true_alloc =
            (void *(*)(size_t, size_t))bide_test_replace("alloc", (void (*)(void))poor_alloc);
        fail_now = true;
    }
    for (int i = 0; i < THREADS; i++)
        thread[i] = start(spawner, (void *)(uintptr_t)(i + 1));
    for (int i = 0; i < polls; i++) {
        int r = bide_block_on(bide_sleep(BIDE_US(20)));
        CHECK(r == 0 || r == -ENOMEM);
    }
    fail_now = false;
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(30)), 0);
    CHECK_EQ(ended, begun);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK_EQ(accepted + refused + starved, THREADS * SPAWNS);
    CHECK_EQ(begun, accepted);
    /* However late the threads were: now it refuses. */
    bide_task(int) late = bide_spawn_on(rt, mixed(0));
    CHECK_EQ(error_of(&late), -ESHUTDOWN);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST_LIMIT(many_threads_spawn_while_it_runs_and_ends, 60)
{
    storm(2000, false);
}

TEST_LIMIT(many_threads_spawn_while_it_ends_at_once, 60)
{
    storm(5, false);
}

TEST_LIMIT(many_threads_spawn_without_much_memory, 60)
{
    storm(200, true);
}
