/*
 * bide/lock.h among tasks: bide_locked and its like, cancellation at every suspension, memory that
 * fails, futures that nobody polls, circles of waits.
 *
 * On several workers tasks run at once, so what they share is under the lock, or atomic.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "check.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

enum { TASKS = 8, ROUNDS = 20 };

static bide_mutex mutex;
static bide_rwlock rwlock;
static bide_semaphore semaphore;
static bide_notify notify;
static bide_barrier barrier;
static bide_condition condition;
static bide_once once;

/* Waits until what other tasks do is done. */
static async void until(atomic_int *value, int wanted)
{
    while (atomic_load(value) != wanted)
        await bide_yield();
}

/* ---- exclusion ---- */

static int inside, total; /* under the lock */

static async int add(void)
{
    for (int i = 0; i < ROUNDS; i++)
        bide_locked(&mutex) {
            CHECK_EQ(inside++, 0);
            await bide_yield();
            inside--;
            total++;
        }
    return 0;
}

static async int all_of(bide_async_fn(int, void) f)
{
    bide_task(int) task[TASKS];
    for (int i = 0; i < TASKS; i++)
        task[i] = bide_spawn((*f)());
    for (int i = 0; i < TASKS; i++) {
        int r = 1;
        CHECK_EQ(await bide_task_join(task[i], &r), 0);
        CHECK_EQ(r, 0);
    }
    return 0;
}

TEST(tasks_hold_a_mutex_one_after_another)
{
    CHECK_EQ(bide_block_on(all_of(bide_ref(add))), 0);
    CHECK_EQ(total, TASKS * ROUNDS);
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
}

static atomic_int readers, writers;

static async int read_and_write(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        bide_read_locked(&rwlock) {
            atomic_fetch_add(&readers, 1);
            await bide_yield();
            CHECK_EQ(atomic_load(&writers), 0);
            atomic_fetch_sub(&readers, 1);
        }
        bide_write_locked(&rwlock) {
            CHECK_EQ(atomic_fetch_add(&writers, 1), 0);
            await bide_yield();
            CHECK_EQ(atomic_load(&readers), 0);
            atomic_fetch_sub(&writers, 1);
            total++;
        }
        if (i % 4 != 0)
            continue;
        CHECK_EQ(await bide_rwlock_write(&rwlock), 0);
        total++;
        bide_rwlock_downgrade(&rwlock);
        await bide_yield();
        CHECK_EQ(atomic_load(&writers), 0);
        bide_rwlock_read_unlock(&rwlock);
    }
    return 0;
}

TEST(readers_exclude_writers)
{
    CHECK_EQ(bide_block_on(all_of(bide_ref(read_and_write))), 0);
    CHECK_EQ(total, TASKS * ROUNDS * 5 / 4);
    CHECK_EQ(bide_rwlock_try_write(&rwlock), 0);
}

static atomic_int taken;

static async int take_some(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        size_t count = (size_t)i % 4;
        bide_permit permit = BIDE_PERMIT_INIT;
        CHECK_EQ(await bide_permit_acquire(&semaphore, count, &permit), 0);
        defer {
            bide_permit_drop(&permit);
        }
        CHECK(atomic_fetch_add(&taken, (int)count) + (int)count <= 5);
        await bide_yield();
        atomic_fetch_sub(&taken, (int)count);
    }
    return 0;
}

TEST(no_more_permits_than_there_are)
{
    bide_semaphore_release(&semaphore, 5);
    CHECK_EQ(bide_block_on(all_of(bide_ref(take_some))), 0);
    CHECK_EQ(bide_semaphore_available(&semaphore), 5);
}

static atomic_int leaders, come;

static async int meet(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&come, 1);
        if (await bide_barrier_wait(&barrier) == 1)
            atomic_fetch_add(&leaders, 1);
        CHECK(atomic_load(&come) >= (i + 1) * TASKS);
    }
    return 0;
}

TEST(each_round_of_a_barrier_has_one_leader)
{
    barrier = (bide_barrier)BIDE_BARRIER_INIT(TASKS);
    CHECK_EQ(bide_block_on(all_of(bide_ref(meet))), 0);
    CHECK_EQ(atomic_load(&leaders), ROUNDS);
}

static int queue_length; /* under the mutex */

static async int pass_on(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        bide_locked(&mutex) {
            queue_length++;
            bide_condition_signal(&condition);
        }
        await bide_yield();
        bide_locked(&mutex) {
            while (queue_length == 0)
                await bide_condition_wait(&condition, &mutex);
            queue_length--;
        }
    }
    return 0;
}

TEST(a_condition_is_waited_for_with_the_mutex)
{
    CHECK_EQ(bide_block_on(all_of(bide_ref(pass_on))), 0);
    CHECK_EQ(queue_length, 0);
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
}

/* ---- once ---- */

struct config {
    int value;
};
static struct config config;
static atomic_int makes;

static async int load(struct config *to)
{
    await bide_yield();
    int n = atomic_fetch_add(&makes, 1);
    if (n < 2)
        return -EIO;
    to->value = 7;
    return 0;
}

static async int use_config(void)
{
    int r = await bide_once_make(&once, bide_ref(load), &config);
    if (r < 0) {
        CHECK_ERR(r, -EIO);
        return 0;
    }
    CHECK_EQ(config.value, 7);
    return 0;
}

TEST(a_value_is_made_once_by_the_first_that_can)
{
    CHECK_EQ(bide_block_on(all_of(bide_ref(use_config))), 0);
    CHECK_EQ(atomic_load(&makes), 3);
    CHECK(bide_once_is_made(&once));
}

static async int never(struct config *to)
{
    while (to != NULL)
        await bide_yield();
    return 0;
}

static async int gives_up(void)
{
    return await bide_once_make(&once, bide_ref(never), &config);
}

static async int takes_over(void)
{
    atomic_store(&makes, 2);
    bide_task(int) first = bide_spawn(gives_up());
    while (__atomic_load_n(&once.state_, __ATOMIC_RELAXED) == 0)
        await bide_yield();
    bide_task(int) second = bide_spawn(use_config());
    for (int i = 0; i < 5; i++)
        await bide_yield();
    bide_task_abort(first);
    CHECK_ERR(await bide_task_join(first, &(int){0}), -ECANCELED);
    int r = 1;
    CHECK_EQ(await bide_task_join(second, &r), 0);
    return r;
}

TEST(a_waiter_takes_over_from_a_maker_that_is_cancelled)
{
    CHECK_EQ(bide_block_on(takes_over()), 0);
    CHECK(bide_once_is_made(&once));
}

static async int makes_itself(struct config *to)
{
    return await bide_once_make(&once, bide_ref(makes_itself), to);
}

static async int make_in_a_circle(void)
{
    return await bide_once_make(&once, bide_ref(makes_itself), &config);
}

TEST(a_value_that_is_made_of_itself_is_edeadlk)
{
    CHECK_ERR(bide_block_on(make_in_a_circle()), -EDEADLK);
    CHECK(!bide_once_is_made(&once));
}

/* ---- cancelled at every suspension, and at every wake ---- */

/* Another task that holds what the scenario wants, now and then. */
static atomic_int stop;

static async int disturb(void)
{
    while (atomic_load(&stop) == 0) {
        bide_locked(&mutex)
            await bide_yield();
        bide_read_locked(&rwlock)
            await bide_yield();
        bide_write_locked(&rwlock)
            await bide_yield();
        CHECK_EQ(await bide_semaphore_acquire(&semaphore, 2), 0);
        await bide_yield();
        bide_semaphore_release(&semaphore, 2);
        bide_notify_one(&notify);
        bide_condition_broadcast(&condition);
        await bide_yield();
    }
    return 0;
}

static void everything_is_free(void *state)
{
    (void)state;
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
    bide_mutex_unlock(&mutex);
    CHECK_EQ(bide_rwlock_try_write(&rwlock), 0);
    bide_rwlock_write_unlock(&rwlock);
    CHECK_EQ(bide_semaphore_available(&semaphore), 2);
    CHECK(notify.waiting_.first == NULL && condition.waiting_.first == NULL);
}

static void after_all(void *state, const struct cancel_run *run)
{
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    CHECK(run->requested || run->error == 0);
    everything_is_free(state);
}

SCENARIO(run_all)
{
    (void)state;
    atomic_store(&stop, 0);
    bide_task(int) other = bide_spawn(disturb());
    defer {
        atomic_store(&stop, 1);
        CHECK_EQ(await bide_task_wait(other), 0);
    }
    bide_locked(&mutex) {
        await bide_yield();
        await bide_condition_wait(&condition, &mutex);
        bide_read_locked(&rwlock)
            await bide_yield();
    }
    bide_write_locked(&rwlock) {
        await bide_yield();
        bide_permit permit = BIDE_PERMIT_INIT;
        int r = await bide_permit_acquire(&semaphore, 1, &permit);
        defer {
            bide_permit_drop(&permit);
        }
        if (r == 0)
            await bide_yield();
    }
    await bide_notify_wait(&notify);
    bide_notified change;
    bide_notify_listen(&notify, &change);
    defer {
        bide_notified_drop(&change);
    }
    await bide_notified_wait(&change);
    return 0;
}

TEST_LIMIT(everything_is_given_back_when_a_task_is_cancelled, 60)
{
    bide_semaphore_release(&semaphore, 2);
    unsigned n = cancel_everywhere(&bide__desc_run_all, NULL, everything_is_free, after_all);
    fprintf(stderr, "%u suspensions\n", n);
    CHECK(n >= 6);
}

static async int arrives(void)
{
    return await bide_barrier_wait(&barrier) < 0;
}

SCENARIO(run_barrier)
{
    (void)state;
    bide_task(int) other = bide_spawn(arrives());
    bool met = false;
    defer {
        if (!met)
            await bide_barrier_wait(&barrier);
        CHECK_EQ(await bide_task_wait(other), 0);
    }
    await bide_barrier_wait(&barrier);
    met = true;
    return 0;
}

static void after_barrier(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(barrier.arrived_, 0);
}

TEST(who_is_cancelled_at_a_barrier_has_not_come)
{
    barrier = (bide_barrier)BIDE_BARRIER_INIT(2);
    cancel_everywhere(&bide__desc_run_barrier, NULL, NULL, after_barrier);
}

static async int slow(struct config *to)
{
    for (int i = 0; i < 3; i++)
        await bide_yield();
    to->value = 7;
    return 0;
}

static async int makes_slowly(void)
{
    return await bide_once_make(&once, bide_ref(slow), &config);
}

SCENARIO(run_once)
{
    (void)state;
    bide_task(int) other = bide_spawn(makes_slowly());
    defer {
        CHECK_EQ(await bide_task_wait(other), 0);
        CHECK(bide_once_is_made(&once));
    }
    await bide_yield();
    return await bide_once_make(&once, bide_ref(slow), &config);
}

static void before_once(void *state)
{
    (void)state;
    once = (bide_once)BIDE_ONCE_INIT;
}

static void after_once(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK(bide_once_is_made(&once));
}

TEST(a_value_is_made_whoever_is_cancelled)
{
    CHECK(cancel_everywhere(&bide__desc_run_once, NULL, before_once, after_once) >=
          cancel_least(2));
}

/* ---- memory that fails ---- */

/* Deep enough that frames need segments. */
static async int deep(int depth)
{
    char fill[200];
    memset(fill, depth, sizeof fill);
    if (depth > 0)
        return await deep(depth - 1) + (fill[7] != depth);
    bide_locked(&mutex) {
        bide_write_locked(&rwlock)
            await bide_yield();
        await bide_condition_wait(&condition, &mutex);
    }
    CHECK_EQ(await bide_semaphore_acquire(&semaphore, 1), 0);
    bide_semaphore_release(&semaphore, 1);
    await bide_notify_wait(&notify);
    return await bide_once_make(&once, bide_ref(slow), &config);
}

static async int with_failures(unsigned nth)
{
    atomic_store(&stop, 0);
    bide_task(int) other = bide_spawn(disturb());
    int r = 0, depth_result = -ENOMEM;
    await bide_yield();
    bide_test_fail("alloc", nth, -ENOMEM, 1);
    bide_task(int) task = bide_spawn(deep(6));
    r = await bide_task_join(task, &depth_result);
    atomic_store(&stop, 1);
    bide_notify_one(&notify);
    int stopped = await bide_task_wait(other);
    if (r == 0)
        CHECK_EQ(depth_result, 0);
    return r != 0 ? r : stopped;
}

TEST_LIMIT(everything_is_given_back_when_memory_fails, 60)
{
    bide_semaphore_release(&semaphore, 2);
    uint64_t failed = 1;
    int failures = 0;
    for (unsigned n = 1; failed > 0; n++) {
        once = (bide_once)BIDE_ONCE_INIT;
        int r = bide_block_on(with_failures(n));
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        if (r != 0)
            CHECK_ERR(r, -ENOMEM);
        failures += r != 0;
        everything_is_free(NULL);
    }
    CHECK(failures > 0);
}

/* ---- deadlocks ---- */

static async int locks_twice(atomic_int *unwound)
{
    bide_locked(&mutex) {
        defer {
            atomic_fetch_add(unwound, 1);
        }
        bide_locked(&mutex)
            CHECK(false);
        CHECK(false);
    }
    return 0;
}

static async int spawn_deadlock(void)
{
    atomic_int unwound = 0;
    int r = 0;
    bide_scope(s) {
        bide_task(int) task = bide_scope_spawn(s, locks_twice(&unwound));
        r = await bide_task_join(task, &(int){0});
    }
    CHECK_EQ(atomic_load(&unwound), 1);
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
    bide_mutex_unlock(&mutex);
    return r;
}

TEST(a_block_that_waits_for_its_own_task_is_unwound)
{
    CHECK_ERR(bide_block_on(spawn_deadlock()), -EDEADLK);
}

static async int branches(void)
{
    int a = 0, b = 0;
    CHECK_EQ(await bide_mutex_lock(&mutex), 0);
    await bide_join(a = bide_mutex_lock(&mutex), b = bide_mutex_lock(&mutex));
    CHECK_ERR(a, -EDEADLK);
    CHECK_ERR(b, -EDEADLK);
    bide_mutex_unlock(&mutex);
    /* One branch may wait for another. */
    await bide_join(({
                        bide_locked(&mutex)
                            await bide_yield();
                    }),
                    ({
                        bide_locked(&mutex)
                            await bide_yield();
                    }));
    /* What a branch has locked belongs to the task when the branch has ended. */
    CHECK_EQ(await bide_timeout(BIDE_S(9), a = bide_mutex_lock(&mutex)), 0);
    CHECK_EQ(a, 0);
    CHECK_ERR(await bide_mutex_lock(&mutex), -EDEADLK);
    bide_mutex_unlock(&mutex);
    return 0;
}

TEST(branches_wait_for_each_other_and_not_for_their_task)
{
    CHECK_EQ(bide_block_on(branches()), 0);
}

static async int deferred(int *skipped)
{
    bide_locked(&mutex) {
        defer {
            bide_locked(&mutex)
                CHECK(false);
            ++*skipped;
            await bide_yield();
        }
        await bide_yield();
    }
    return 0;
}

TEST(a_block_in_a_deferred_block_is_skipped)
{
    int skipped = 0;
    CHECK_EQ(bide_block_on(deferred(&skipped)), 0);
    CHECK_EQ(skipped, 1);
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
}

/* ---- dumps ---- */

static char text[8192];

static void keep_text(void *argument, const char *piece, size_t size)
{
    (void)argument;
    size_t used = strlen(text);
    CHECK(used + size < sizeof text);
    memcpy(text + used, piece, size);
    text[used + size] = '\0';
}

static const char *dump(void)
{
    text[0] = '\0';
    bide_runtime_dump(bide_runtime_current(), keep_text, NULL);
    return text;
}

static bool says(const char *what)
{
    if (strstr(text, what) != NULL)
        return true;
    fputs(text, stderr);
    return false;
}

static bide_mutex left, right;

/* Somebody waits for it. */
static bool is_wanted(const bide_mutex *m)
{
    return __atomic_load_n(&m->word_, __ATOMIC_RELAXED) & 2;
}

static atomic_int held;

static async int crosses(bide_mutex *first, bide_mutex *second)
{
    bide_locked(first) {
        atomic_fetch_add(&held, 1);
        await until(&held, 2);
        bide_locked(second)
            atomic_fetch_add(&held, 1);
    }
    return 0;
}

static async int find_circle(void)
{
    atomic_store(&held, 0);
    bide_task(int) a = bide_spawn(crosses(&left, &right)), b = bide_spawn(crosses(&right, &left));
    do
        await bide_yield();
    while (!is_wanted(&left) || !is_wanted(&right));
    dump();
    CHECK(says("deadlock: task "));
    CHECK(says("\n          task "));
    CHECK(says(" waits in crosses ("));
    CHECK(says("for the mutex "));
    CHECK(says(" has locked at "));
    CHECK(says("locks.c:"));
    CHECK(strstr(strstr(text, "deadlock:") + 1, "deadlock:") == NULL);
    bide_task_abort(a);
    CHECK_ERR(await bide_task_join(a, &(int){0}), -ECANCELED);
    CHECK_EQ(await bide_task_join(b, &(int){0}), 0);
    CHECK_EQ(atomic_load(&held), 3);
    dump();
    CHECK(strstr(text, "deadlock") == NULL);
    return 0;
}

TEST(a_dump_names_a_circle_of_waits)
{
    CHECK_EQ(bide_block_on(find_circle()), 0);
}

static async int locks(bide_mutex *m)
{
    bide_locked(m)
        await bide_yield();
    return 0;
}

/* The future of a task is a part of it. */
static async int locks_and_drives(bide_mutex *m, atomic_int *has)
{
    bide_locked(m) {
        atomic_store(has, 1);
        bide_future(int) f = bide_lazy(locks(m));
        return await bide_get(f);
    }
    return 0;
}

static async int find_own_circle(void)
{
    atomic_int has = 0;
    bide_scope(s) {
        bide_task(int) task = bide_scope_spawn(s, locks_and_drives(&left, &has));
        while (!is_wanted(&left))
            await bide_yield();
        dump();
        CHECK(says("deadlock: task "));
        bide_task_abort(task);
        CHECK_ERR(await bide_task_join(task, &(int){0}), -ECANCELED);
    }
    return 0;
}

TEST(a_dump_names_a_task_whose_future_waits_for_it)
{
    CHECK_EQ(bide_block_on(find_own_circle()), 0);
}

static async int find_futurelock(void)
{
    bide_future(int) f = bide_lazy(locks(&left));
    int r = 0;
    CHECK_EQ(await bide_mutex_lock(&left), 0);
    CHECK_EQ(await bide_select_biased(r = bide_get(f), bide_yield()), 1); /* f waits now */
    bide_mutex_unlock(&left);                                             /* f has it, unpolled */
    bide_task(int) waits = bide_spawn(locks(&left));
    while (!is_wanted(&left))
        await bide_yield();
    dump();
    CHECK(says("is polled by nobody"));
    CHECK(says("has been given the mutex "));
    CHECK(says("futurelock: future "));
    CHECK(says("futurelock: task "));
    CHECK(says(" and nobody polls that"));
    CHECK_EQ(await bide_get(f), 0);
    CHECK_EQ(await bide_task_join(waits, &r), 0);
    return r;
}

TEST(a_dump_names_a_lock_of_a_future_that_nobody_polls)
{
    CHECK_EQ(bide_block_on(find_futurelock()), 0);
}

static async int find_permit(void)
{
    bide_future(int) f = bide_lazy(bide_semaphore_acquire(&semaphore, 1));
    int r = 0;
    CHECK_EQ(await bide_select_biased(r = bide_get(f), bide_yield()), 1);
    dump();
    CHECK(strstr(text, "futurelock") == NULL);
    bide_semaphore_release(&semaphore, 1);
    dump();
    CHECK(says("futurelock: future "));
    CHECK(says("has been given the semaphore "));
    CHECK_EQ(r, 0);
    return await bide_get(f);
}

TEST(a_dump_names_a_permit_of_a_future_that_nobody_polls)
{
    CHECK_EQ(bide_block_on(find_permit()), 0);
}

static async int find_holder(void)
{
    CHECK_EQ(bide_mutex_try_lock(&left), 0);
    bide_task(int) waits = bide_spawn(locks(&left));
    while (!is_wanted(&left))
        await bide_yield();
    dump();
    CHECK(says("for the mutex "));
    CHECK(says(", which task "));
    CHECK(strstr(text, "deadlock") == NULL);
    bide_mutex_unlock(&left);
    int r = 1;
    CHECK_EQ(await bide_task_join(waits, &r), 0);
    return r;
}

TEST(a_dump_names_who_has_locked_what_a_task_waits_for)
{
    CHECK_EQ(bide_block_on(find_holder()), 0);
}
