/*
 * Memory comes back: what many tasks took is given back to the system when they have ended.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#include "runtime/memory/memory.h"
#include "runtime/thread.h"

static bide_task(int) * handles;

static async int waits(int n)
{
    await bide_yield();
    return n;
}

/* Needs blocks of another class. */
static async int waits_with_room(int n)
{
    volatile char room[500];
    room[n % 500] = 1;
    await bide_yield();
    return room[n % 500];
}

static void run_all(void)
{
    while (bide__thread.own == NULL || bide_runtime_tasks(bide__thread.own) > 0)
        bide_block_on(bide_yield());
}

/* All are alive at the same time. They end in the order in which they were made, and are joined
 * from the first, or from the last, or with a stride, so that chunks become empty in any order. */
static async int run_many(int count, int stride, int classes)
{
    for (int i = 0; i < count; i++)
        handles[i] = i % 2 < classes - 1 ? bide_spawn(waits_with_room(i)) : bide_spawn(waits(i));
    for (int i = 0, at = 0; i < count; i++, at = (int)(((long)at + stride) % count)) {
        int out;
        int r = await bide_task_join(handles[at], &out);
        if (r < 0)
            return r;
    }
    return 0;
}

static async int join_one(int at)
{
    int out = -1;
    int r = await bide_task_join(handles[at], &out);
    return r < 0 ? r : out;
}

/* ---- by counting ---- */

static long chunks_now, chunks_most;
static void *(*alloc_behind)(size_t size, size_t align);
static void (*free_behind)(void *p, size_t size);

static void *count_alloc(size_t size, size_t align)
{
    if (size == BIDE__CHUNK_SIZE && ++chunks_now > chunks_most)
        chunks_most = chunks_now;
    return alloc_behind(size, align);
}

static void count_free(void *p, size_t size)
{
    chunks_now -= size == BIDE__CHUNK_SIZE;
    free_behind(p, size);
}

static void count_chunks(void)
{
    alloc_behind =
        (void *(*)(size_t, size_t))bide_test_replace("alloc", (void (*)(void))count_alloc);
    free_behind = (void (*)(void *, size_t))bide_test_replace("free", (void (*)(void))count_free);
}

enum { MANY = 50000, CLASSES_USED = 3 };

static void comes_back(int stride, int classes)
{
    handles = calloc(MANY, sizeof(*handles));
    count_chunks();
    for (int round = 0; round < 2; round++) {
        chunks_most = 0;
        CHECK_EQ(bide_block_on(run_many(MANY, stride, classes)), 0);
        CHECK(chunks_most > 2 * BIDE__SLAB_SPARE);
        CHECK(chunks_now <= BIDE__SLAB_SPARE + CLASSES_USED);
        CHECK_EQ(bide_runtime_tasks(bide__thread.own), 0);
    }
    free(handles);
}

TEST_LIMIT(when_tasks_go_in_the_order_in_which_they_came, 20)
{
    comes_back(1, 1);
}

TEST_LIMIT(when_the_last_one_goes_first, 20)
{
    comes_back(MANY - 1, 1);
}

TEST_LIMIT(when_they_go_in_any_order, 20)
{
    comes_back(30011, 1);
}

TEST_LIMIT(of_tasks_of_several_sizes, 20)
{
    comes_back(30011, 2);
}

/* A class whose blocks are all in use or all free again and again, with few blocks: nothing is
 * asked of the system. */
TEST(a_few_thousand_tasks_that_come_and_go_ask_the_system_once)
{
    enum { FEW = 4000 };
    handles = calloc(FEW, sizeof(*handles));
    CHECK_EQ(bide_block_on(run_many(FEW, 1, 1)), 0);
    bide_test_watch();
    for (int round = 0; round < 10; round++)
        CHECK_EQ(bide_block_on(run_many(FEW, round % 2 ? 1 : FEW - 1, 1)), 0);
    CHECK_EQ(bide_test_calls("alloc"), 0);
    CHECK_EQ(bide_test_calls("free"), 0);
    free(handles);
}

/* Chunks in which some tasks live stay, and their free blocks are used before new chunks. */
TEST_LIMIT(what_lives_on_keeps_its_chunk_only, 20)
{
    enum { STEP = 2000 };
    handles = calloc(MANY, sizeof(*handles));
    count_chunks();
    for (int i = 0; i < MANY; i++)
        handles[i] = bide_spawn(waits(i));
    run_all();
    for (int i = 0; i < MANY; i++)
        if (i % STEP != 0)
            bide_task_detach(handles[i]);
    CHECK(chunks_now <= BIDE__SLAB_SPARE + CLASSES_USED + MANY / STEP);
    long before = chunks_now;
    for (int i = 0; i < 5000; i++)
        bide_task_detach(bide_spawn(waits(i)));
    CHECK_EQ(chunks_now, before);
    run_all();
    for (int i = 0; i < MANY; i += STEP)
        CHECK_EQ(bide_block_on(join_one(i)), i);
    free(handles);
}

/* ---- by what the system says ---- */

#if !defined BIDE__ASAN && !defined __SANITIZE_THREAD__

static long resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f != NULL);
    CHECK_EQ(fscanf(f, "%ld %ld", &pages, &resident), 2);
    fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

TEST_LIMIT(the_pages_of_a_million_tasks_come_back, 60)
{
    enum { MILLION = 1000000 };
    handles = calloc(MILLION, sizeof(*handles));
    memset(handles, 0xFF, MILLION * sizeof(*handles)); /* so that its pages are there before */
    CHECK_EQ(bide_block_on(waits(1)), 1);
    long before = resident_bytes();
    for (int i = 0; i < MILLION; i++)
        handles[i] = bide_spawn(waits(i));
    CHECK(resident_bytes() - before > 100L << 20);
    void *last = malloc(1000); /* the end of the heap is in use */
    for (int i = 0; i < MILLION; i++)
        bide_task_detach(handles[i]);
    run_all();
    CHECK_EQ(bide_runtime_tasks(bide__thread.own), 0);
    CHECK(resident_bytes() - before <= 4L << 20);
    free(last);
    free(handles);
}

/* ---- of several workers ---- */

enum { WORKERS = 4 };

static bide_notify gate;
static atomic_int met;

static bide_runtime *begin_workers(unsigned workers)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = workers};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    return rt;
}

static void end_workers(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* What is to be given back is so when those awake who have to do it; that takes a moment. */
static bool comes_back_to(long before)
{
    for (int i = 0; i < 1000 && resident_bytes() - before > 4L << 20; i++)
        usleep(1000);
    return resident_bytes() - before <= 4L << 20;
}

/* Comes to an await only when each worker has one of these. */
static void meet(int count)
{
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < count)
        bide__spin(100);
}

static async int waits_at_the_gate(int n)
{
    await bide_notify_wait(&gate);
    return n;
}

static async int spawns(int count)
{
    meet(WORKERS);
    for (int i = 0; i < count; i++)
        bide_task_detach(bide_spawn(waits_at_the_gate(i)));
    return 0;
}

/* Returns how much memory the process has while all are alive. */
static async long run_them(int count)
{
    atomic_store(&met, 0);
    bide_scope(s) {
        for (int i = 0; i < WORKERS; i++)
            bide_scope_spawn(s, spawns(count / WORKERS));
    }
    long most = resident_bytes();
    while (bide_runtime_tasks(bide_runtime_current()) > 1) {
        bide_notify_all(&gate);
        await bide_yield();
    }
    return most;
}

TEST_LIMIT(those_of_several_workers_too, 60)
{
    bide_runtime *rt = begin_workers(WORKERS);
    bide_block_on(run_them(1000));
    long before = resident_bytes();
    CHECK(bide_block_on(run_them(1000000)) - before > 100L << 20);
    CHECK(comes_back_to(before));
    end_workers(rt);
}

/* Blocks of a worker that sleeps: another one has the handles, and drops them. */
static bide_notify drop;
static atomic_bool dropped;

static async int drops_all(int count)
{
    meet(3);
    await bide_notify_wait(&drop);
    for (int i = 0; i < count; i++)
        bide_task_detach(handles[i]);
    atomic_store(&dropped, true);
    return 0;
}

/* Its child is bound to the worker on which this one is. */
static async int begins_to_drop(int count)
{
    meet(2);
    return await bide_task_wait(bide_spawn_local(drops_all(count)));
}

static async int makes_all(int count)
{
    meet(2);
    for (int i = 0; i < count; i++)
        handles[i] = bide_spawn(waits(i));
    for (int i = 0; i < count; i++)
        await bide_task_wait(handles[i]);
    meet(3);
    return 0;
}

static async int makes_for_another(int count)
{
    bide_task_detach(bide_spawn(begins_to_drop(count)));
    return await makes_all(count);
}

TEST_LIMIT(a_worker_that_sleeps_gives_back_what_others_freed, 60)
{
    enum { COUNT = 200000 };
    bide_runtime *rt = begin_workers(2);
    handles = calloc(COUNT, sizeof(*handles));
    memset(handles, 0xFF, COUNT * sizeof(*handles));
    long before = resident_bytes();
    CHECK_EQ(bide_block_on(makes_for_another(COUNT)), 0);
    CHECK(resident_bytes() - before > 20L << 20);
    usleep(20000); /* both sleep; if not, it is no test, but does not fail */
    bide_notify_one(&drop);
    while (!atomic_load(&dropped))
        usleep(1000);
    CHECK(comes_back_to(before));
    end_workers(rt);
    free(handles);
}

#endif

static void nothing(void *block, void *argument)
{
    (void)block, (void)argument;
}

/* A walk over all chunks, as that of a dump, leaves those alone that wait to be used again. */
TEST(a_walk_over_empty_chunks)
{
    enum { BLOCKS = 2000 };
    static void *blocks[BLOCKS];
    struct bide__slab slab = {0};
    size_t size;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            size = 256;
            blocks[i] = bide__slab_new(&slab, &size, 0, 0);
            *(void **)blocks[i] = &slab;
        }
        for (int i = 0; i < BLOCKS; i++)
            bide__slab_free(&slab, blocks[i]);
        uint32_t spares = slab.spares;
        CHECK(spares > 0);
        bide__slab_each(&slab, nothing, NULL);
        CHECK_EQ(slab.spares, spares);
    }
    bide__slab_end(&slab);
}
