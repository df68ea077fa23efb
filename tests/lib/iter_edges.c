/*
 * Iterators and sets at their edges: nested deep, used from within, with wrong or odd arguments, at
 * the end of their runtime.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { DEEP = 200 }; /* more than the budget of a turn */

static async int nested_calls(int n)
{
    if (n == 0)
        return 0;
    int m = n - 1, x = 0;
    bide_iter(int) it = bide_iter_then(bide_iter_of_array(&m, 1), bide_ref(nested_calls));
    defer {
        await bide_iter_close(it);
    }
    int rc = await bide_next(it, &x);
    return rc < 0 ? rc : x + 1;
}

static async int nested_sets(int n)
{
    if (n == 0)
        return 0;
    bide_future_set(int) set;
    int x = 0, rc = bide_future_set_new(0, &set);
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set);
    }
    bide_future_set_add(set, nested_sets(n - 1));
    rc = await bide_future_set_next(set, &x);
    return rc < 0 ? rc : x + 1;
}

TEST(calls_may_nest_deeper_than_the_budget)
{
    CHECK_EQ(bide_block_on(nested_calls(DEEP)), DEEP);
    CHECK_EQ(bide_block_on(nested_sets(DEEP)), DEEP);
}

static async int twice(int n)
{
    await bide_yield();
    return 2 * n;
}

static bide_iter(int) outlives;

static async int look(void)
{
    int x, rc = 0;
    return await bide_timeout(BIDE_MS(1), rc = bide_next(outlives, &x)) == -ETIMEDOUT ? rc : -1;
}

static void *looks(void *unused)
{
    CHECK_EQ(bide_block_on(look()), 0);
    return unused;
}

TEST(an_iterator_may_be_dropped_after_the_runtime_that_used_it)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    pthread_t thread;
    CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
    outlives = bide_iter_buffered(bide_iter_of(rx), 2, bide_ref(twice));
    CHECK_EQ(pthread_create(&thread, NULL, looks, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    bide_iter_drop(outlives);
    bide_sender_drop(tx);
}

static async int flushes(bide_giver(int) out, int *flushed)
{
    int last = -7;
    defer {
        *flushed = await bide_give(out, &last);
    }
    for (int i = 0; i < 3; i++)
        await bide_give(out, &i);
    return 0;
}

static async int flush(int most, int *flushed)
{
    int x, count = 0;
    bide_iter(int) it = bide_iter_of_stage(int, bide_ref(flushes), flushed);
    while (count < most && await bide_next(it, &x) > 0)
        count++;
    await bide_iter_close(it);
    return count;
}

TEST(a_give_in_a_deferred_block_fails_when_the_iterator_is_closed)
{
    int flushed = 1;
    CHECK_EQ(bide_block_on(flush(10, &flushed)), 4);
    CHECK_EQ(flushed, 0);
    CHECK_EQ(bide_block_on(flush(1, &flushed)), 1);
    CHECK_EQ(flushed, -EPIPE);
}

static async void feed(bide_sender(int) tx)
{
    await bide_yield();
    CHECK_EQ(await bide_send(tx, &(int){7}), 0);
    bide_sender_drop(tx);
}

static async int turns_of_no_time(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    int x = 0, rc, turns = 0;
    CHECK_EQ(bide_channel_new(2, &tx, &rx), 0);
    bide_iter(int) it = bide_iter_timeout(bide_iter_of(rx), BIDE_MS(0));
    bide_task_detach(bide_spawn(feed(tx)));
    while ((rc = await bide_next(it, &x)) == -ETIMEDOUT && turns < 1000000)
        turns++;
    bide_iter_drop(it);
    return rc == 1 ? x : rc;
}

TEST(a_timeout_of_no_time_lets_others_run)
{
    CHECK_EQ(bide_block_on(turns_of_no_time()), 7);
}

static void free_text(void *item)
{
    free(*(char **)item);
}

static char *copy(char *text)
{
    return strdup(text);
}

static async int mixes(void)
{
    static char *texts[] = {"a", "b"};
    char *item;
    bide_iter(char *) own = bide_iter_map(bide_iter_of_array(texts, 2), copy);
    bide_iter(char *) it =
        bide_iter_merge(bide_iter_owned(own, free_text), bide_iter_of_array(texts, 2));
    int rc = await bide_next(it, &item);
    bide_iter_drop(it);
    return rc;
}

TEST(a_merge_of_owned_and_other_items_is_refused)
{
    CHECK_EQ(bide_block_on(mixes()), -EINVAL);
}

static async int many(int *at, int *item)
{
    *item = ++*at;
    return *at > 3 ? 0 : 2;
}

struct batch {
    size_t count;
    int items[4];
};

static bool is_even(int n)
{
    return n % 2 == 0;
}

static async int odd_items(void)
{
    static const int numbers[] = {2, 4, 7, 9};
    int at = 0, item = 0, sum = 0;
    struct batch batch;
    bide_iter(int) it = bide_iter_of_steps(int, bide_ref(many), &at);
    while (await bide_next(it, &item) > 0)
        sum += item;
    bide_iter_drop(it);
    bide_iter(struct batch) batches =
        bide_iter_chunks(bide_iter_filter(bide_iter_of_array(numbers, 4), is_even), struct batch);
    CHECK_EQ(await bide_next(batches, &batch), 1);
    CHECK_EQ(batch.count, 2);
    CHECK(batch.items[0] == 2 && batch.items[1] == 4 && batch.items[2] == 0 && batch.items[3] == 0);
    bide_iter_drop(batches);
    return sum;
}

static async int chunks_at_once(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    struct batch batch = {0};
    int rc = 0;
    CHECK_EQ(bide_channel_new(4, &tx, &rx), 0);
    CHECK_EQ(bide_try_send(tx, &(int){5}), 0);
    bide_iter(struct batch) it =
        bide_iter_chunks_timeout(bide_iter_of(rx), struct batch, BIDE_MS(-5));
    CHECK_EQ(await bide_timeout(BIDE_S(1), rc = bide_next(it, &batch)), 0);
    bide_iter_drop(it);
    bide_sender_drop(tx);
    return rc == 1 ? (int)batch.count : rc;
}

TEST(odd_results_and_times)
{
    CHECK_EQ(bide_block_on(odd_items()), 6);
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(chunks_at_once()), 1);
}

static int taken, first_begun, inner;
static bide_iter(int) again;

static int take_one(int n)
{
    taken++;
    return n;
}

static async int begins(int n)
{
    int x;
    if (first_begun == 0) {
        first_begun = taken;
        inner = await bide_next(again, &x);
    }
    return n;
}

static async int begins_soon(void)
{
    static int numbers[10000];
    int x;
    again = bide_iter_unordered(bide_iter_map(bide_iter_of_array(numbers, 10000), take_one), 10000,
                                bide_ref(begins));
    int rc = await bide_next(again, &x);
    bide_iter_drop(again);
    return rc;
}

TEST(calls_begin_before_all_is_taken_and_may_not_ask_for_more)
{
    CHECK_EQ(bide_block_on(begins_soon()), 1);
    CHECK(first_begun <= 64);
    CHECK_EQ(inner, -EBUSY);
}
