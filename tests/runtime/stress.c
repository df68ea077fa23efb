/*
 * Stress: a random mix of all that tasks can do, on several runtimes of all flavours, for some
 * time. Tasks yield, sleep, spawn, join, abort, leave scopes, race futures, block in C and call the
 * blocking pool; threads outside block, spawn, abort, drop and dump meanwhile; then all is shut
 * down, with and without time. What began is unwound once, and nothing is left.
 *
 * How long, and with which seed: harness/stress.h.
 */
#include "check.h"
#include "stress.h"

#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

/* What is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"
#pragma GCC diagnostic ignored "-Wbide-unused-future"

enum { RUNTIMES = 3, OUTSIDERS = 3, SLOTS = 16, LIVE_MAX = 1500, DEPTH_MAX = 4 };
enum { DEFAULT_MS = 2000 };

static bide_runtime *runtimes[RUNTIMES];
static unsigned runtimes_count, cores; /* cores: of the last runtime */
static atomic_long live, begun, unwound, actions[24];
static atomic_bool is_over;

/* ---- handles that everybody may take, abort and drop ---- */

static struct {
    pthread_mutex_t lock;
    bide_task(int) task;
} slots[SLOTS];

/* Puts the handle there and drops the one that was there. */
static void slot_put(unsigned i, bide_task(int) task)
{
    bide_task(int) old = {0};
    pthread_mutex_lock(&slots[i].lock);
    old = bide_move(slots[i].task);
    slots[i].task = bide_move(task);
    pthread_mutex_unlock(&slots[i].lock);
    bide_task_detach(old);
}

static bide_task(int) slot_take(unsigned i)
{
    bide_task(int) task = {0};
    pthread_mutex_lock(&slots[i].lock);
    task = bide_move(slots[i].task);
    pthread_mutex_unlock(&slots[i].lock);
    return bide_move(task);
}

static void slot_drop(unsigned i)
{
    bide_task(int) task = slot_take(i);
    bide_task_detach(task);
}

static void slot_abort(unsigned i)
{
    pthread_mutex_lock(&slots[i].lock);
    if (slots[i].task != NULL) {
        bide_task_abort(slots[i].task);
        int finished = bide_task_finished(slots[i].task);
        CHECK(finished == 0 || finished == 1);
    }
    pthread_mutex_unlock(&slots[i].lock);
}

/* ---- the tasks ---- */

static async int node(uint64_t seed, int depth);

static async void acts(uint64_t *seed, int depth, int times);

/* The results of a task that ended in any way. */
static void check_end(int error)
{
    if (error != 0 && error != -ECANCELED && error != -ESHUTDOWN && error != -EXDEV &&
        error != -EDEADLK)
        CHECK_EQ(error, 0);
}

static bool may_spawn(int depth)
{
    return depth < DEPTH_MAX && atomic_load(&live) < LIVE_MAX && !atomic_load(&is_over);
}

static async void sleeps(uint64_t *seed)
{
    await bide_sleep(BIDE_US(below(seed, 4) == 0 ? below(seed, 3000) : below(seed, 100)));
}

static async void joins(uint64_t *seed, bide_task(int) task)
{
    int n = 0, error = 0;
    switch (below(seed, 6)) {
    case 0:
        if (await bide_timeout(BIDE_US(below(seed, 500)), error = bide_task_wait(task)) == 0)
            check_end(error);
        break;
    case 1: bide_task_abort(task); break;
    case 2: bide_task_detach(task); return;
    case 3: slot_put(below(seed, SLOTS), bide_move(task)); return;
    }
    /* A task may wait for itself by way of others, so none waits for ever. */
    if (await bide_timeout(BIDE_MS(20), error = bide_task_join(task, &n)) != 0)
        return;
    check_end(error);
    if (error == 0)
        CHECK_EQ(n, 7);
}

static async void joins_from_a_slot(uint64_t *seed)
{
    bide_task(int) task = slot_take(below(seed, SLOTS));
    if (task != NULL)
        await joins(seed, bide_move(task));
}

static async void spawns(uint64_t *seed, int depth)
{
    uint64_t child = mix(*seed);
    bide_task(int) task = {0};
    bool has_cores = bide_runtime_cores(bide_runtime_current()) > 1;
    switch (below(seed, has_cores ? 8 : 4)) {
    case 0: task = bide_spawn_low(node(child, depth)); break;
    case 1: task = bide_spawn_local(node(child, depth)); break;
    case 2:
    case 3: task = bide_spawn(node(child, depth)); break;
    default: task = bide_spawn_at(below(seed, cores), node(child, depth)); break;
    }
    await joins(seed, bide_move(task));
}

static async void spawns_elsewhere(uint64_t *seed, int depth)
{
    bide_task(int) task = {0};
    bide_runtime *rt = runtimes[below(seed, runtimes_count)];
    task = bide_spawn_on(rt, node(mix(*seed), depth));
    if (below(seed, 2) == 0)
        bide_task_abort(task);
    slot_put(below(seed, SLOTS), bide_move(task));
}

static async void scoped(uint64_t *seed, int depth)
{
    bide_scope(s) {
        for (unsigned i = below(seed, 4); i > 0; i--)
            bide_scope_spawn(s, node(mix(*seed + i), depth));
        if (below(seed, 2) == 0)
            await acts(seed, depth, 1);
        if (below(seed, 3) == 0)
            bide_scope_cancel(s);
    }
}

static async int fails(uint64_t seed)
{
    await sleeps(&seed);
    return below(&seed, 3) == 0 ? -EIO : 0;
}

static async void tries(uint64_t *seed)
{
    int error = 0;
    bide_try_scope(s, error) {
        for (unsigned i = below(seed, 5); i > 0; i--)
            bide_scope_spawn(s, fails(mix(*seed + i)));
    }
    CHECK(error == 0 || error == -EIO);
}

static async void groups(uint64_t *seed, int depth)
{
    uint64_t a = mix(*seed), b = mix(*seed + 1);
    int error;
    switch (below(seed, 4)) {
    case 0: await bide_join(acts(&a, depth, 1), sleeps(&b)); break;
    case 1: (void)await bide_select(acts(&a, depth, 1), sleeps(&b)); break;
    case 2:
        error = await bide_timeout(BIDE_US(below(seed, 300)), fails(b));
        CHECK(error == 0 || error == -ETIMEDOUT);
        break;
    case 3:
        error = await bide_try_join(fails(a), fails(b));
        CHECK(error == 0 || error == -EIO);
        break;
    }
}

static async void futures(uint64_t *seed, int depth)
{
    int n = 7;
    bide_future(int) f = bide_lazy(node(mix(*seed), depth));
    switch (below(seed, 4)) {
    case 0: break; /* it never begins */
    case 1: (void)await bide_timeout(BIDE_US(below(seed, 200)), n = bide_get(f)); break;
    case 2:
        (void)await bide_timeout(BIDE_US(below(seed, 200)), n = bide_get(f));
        bide_drop(f);
        break;
    case 3: {
        (void)await bide_timeout(BIDE_US(below(seed, 200)), n = bide_get(f));
        bide_future(int) g = bide_move(f);
        if (n != 7)
            n = await bide_get(g);
        break;
    }
    }
    CHECK(n == 7 || n == -ECANCELED);
}

static async void act(uint64_t *seed, int depth)
{
    unsigned what = below(seed, 16);
    atomic_fetch_add_explicit(&actions[what], 1, memory_order_relaxed);
    switch (what) {
    case 0:
    case 1:
    case 2: await bide_yield(); break;
    case 3:
    case 4: await sleeps(seed); break;
    case 5: await joins_from_a_slot(seed); break;
    case 6: slot_abort(below(seed, SLOTS)); break;
    case 7: await tries(seed); break;
    case 8: {
        int us = (int)below(seed, 200);
        CHECK_EQ(await bide_blocking(pauses_us(us)), us);
        break;
    }
    case 9: pauses_us((int)below(seed, 50)); break;
    case 10: await groups(seed, depth); break;
    case 11: slot_drop(below(seed, SLOTS)); break;
    default:
        if (!may_spawn(depth))
            await bide_yield();
        else if (what == 12)
            await scoped(seed, depth + 1);
        else if (what == 13)
            await futures(seed, depth + 1);
        else if (what == 14)
            await spawns_elsewhere(seed, depth + 1);
        else
            await spawns(seed, depth + 1);
    }
}

static async void acts(uint64_t *seed, int depth, int times)
{
    for (; times > 0; times--)
        await act(seed, depth);
}

static async int node(uint64_t seed, int depth)
{
    atomic_fetch_add(&begun, 1);
    atomic_fetch_add(&live, 1);
    defer {
        if (below(&seed, 3) == 0)
            await bide_yield();
        if (below(&seed, 5) == 0)
            await sleeps(&seed);
        atomic_fetch_sub(&live, 1);
        atomic_fetch_add(&unwound, 1);
    }
    await acts(&seed, depth, 1 + (int)below(&seed, 6));
    return 7;
}

/* ---- the threads outside ---- */

static void ignore_line(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(size > 0 && text[size - 1] == '\n');
}

struct outsider {
    pthread_t thread;
    uint64_t seed;
    bide_runtime *own; /* it blocks on this one */
    bool is_multi;
};

/* The others are there for spawns only: a runtime of one thread has one user. */
static void outsider_act(struct outsider *o)
{
    unsigned slot = below(&o->seed, SLOTS);
    switch (below(&o->seed, 8)) {
    case 0:
    case 1: {
        int n = bide_block_on(node(mix(o->seed), 0));
        CHECK(n == 7 || n == -ECANCELED);
        break;
    }
    case 2:
        if (atomic_load(&live) < LIVE_MAX)
            slot_put(slot, bide_spawn(node(mix(o->seed), 0)));
        break;
    case 3:
    case 4:
        if (atomic_load(&live) < LIVE_MAX)
            slot_put(slot, bide_spawn_on(runtimes[below(&o->seed, runtimes_count)],
                                         node(mix(o->seed), 0)));
        break;
    case 5: slot_abort(slot); break;
    case 6: slot_drop(slot); break;
    case 7:
        if (below(&o->seed, 8) == 0)
            bide_runtime_dump(o->own, ignore_line, NULL);
        break;
    }
}

static void *outsider_run(void *argument)
{
    struct outsider *o = argument;
    bide_runtime_enter(o->own);
    while (!atomic_load(&is_over))
        outsider_act(o);
    bide_runtime_enter(NULL);
    return NULL;
}

/* ---- a round ---- */

/* Its first runtimes are shared by several threads outside; the last one has one thread, or one for
 * each core, and one thread that blocks on it. */
static void make_runtimes(unsigned workers, uint64_t *seed)
{
    runtimes_count = 2 + below(seed, RUNTIMES - 1);
    for (unsigned i = 0; i < runtimes_count; i++) {
        bide_runtime_options o = {.blocking_threads_max = 4};
        if (i + 1 < runtimes_count)
            o.flavour = BIDE_MULTI_THREAD, o.workers = workers;
        else if (cores > 1)
            o.flavour = BIDE_THREAD_PER_CORE, o.workers = cores;
        CHECK_EQ(bide_runtime_new(&o, &runtimes[i]), 0);
    }
}

static void end_runtime(bide_runtime *rt, uint64_t *seed)
{
    int error = -ETIMEDOUT;
    bide_duration limit = below(seed, 3) == 0 ? BIDE_NS(0) : BIDE_MS(below(seed, 3) * 10);
    for (int i = 0; i < 100 && error == -ETIMEDOUT; i++) {
        error = bide_runtime_shutdown(rt, limit);
        limit = BIDE_MS(100);
    }
    CHECK_ERR(error, 0);
}

static void round_of(uint64_t seed, void *argument)
{
    unsigned workers = *(unsigned *)argument;
    struct outsider o[OUTSIDERS];
    atomic_store(&is_over, false);
    make_runtimes(workers, &seed);
    for (unsigned i = 0; i < OUTSIDERS; i++) {
        unsigned last = runtimes_count - 1;
        o[i].seed = mix(seed + i);
        o[i].own = runtimes[i == 0 ? last : i % last];
        CHECK_EQ(pthread_create(&o[i].thread, NULL, outsider_run, &o[i]), 0);
    }
    pauses_us(1000 * (int)(20 + below(&seed, 100)));
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < OUTSIDERS; i++)
        pthread_join(o[i].thread, NULL);
    for (unsigned i = 0; i < runtimes_count; i++)
        end_runtime(runtimes[i], &seed);
    for (unsigned i = 0; i < SLOTS; i++)
        slot_drop(i);
    CHECK_EQ(atomic_load(&unwound), atomic_load(&begun));
    CHECK_EQ(atomic_load(&live), 0);
    for (unsigned i = 0; i < runtimes_count; i++)
        CHECK_EQ(bide_runtime_free(runtimes[i]), 0);
}

static void stress(unsigned workers)
{
    int64_t limit_ms = stress_ms(DEFAULT_MS);

    for (unsigned i = 0; i < SLOTS; i++)
        pthread_mutex_init(&slots[i].lock, NULL);
    unsigned rounds = stress_rounds(limit_ms, round_of, &workers);
    fprintf(stderr, "%u rounds, %ld tasks and futures\n", rounds, atomic_load(&begun));
    for (unsigned i = 0; i < 16 && limit_ms >= DEFAULT_MS; i++)
        CHECK(atomic_load(&actions[i]) > 0);
}

TEST_LIMIT(two_workers, 3600)
{
    stress(2);
}

TEST_LIMIT(eight_workers, 3600)
{
    stress(8);
}

TEST_LIMIT(three_cores, 3600)
{
    cores = 3;
    stress(2);
}
