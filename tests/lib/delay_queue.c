/*
 * Delay queues: against a sorted list, keys, several that wait, the end. Time is virtual.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

static bide_delay_queue *queue;
static bide_instant start;

static void begin(void)
{
    bide_test_time_virtual();
    start = bide_now();
    CHECK_EQ(bide_delay_queue_new(sizeof(int), NULL, &queue), 0);
}

static bide_delay_key insert(int item, bide_duration after)
{
    bide_delay_key key;
    CHECK_EQ(bide_delay_queue_insert(queue, &item, after, &key), 0);
    CHECK(key.bits != 0);
    return key;
}

static int64_t ms_since_start(void)
{
    return bide_elapsed(start).ns / 1000000;
}

enum { END = -1000000 };

/* The next item, END or a negative error. */
static async int next(void)
{
    int item = -1, n = await bide_delay_queue_next(queue, &item);
    CHECK(n <= 1);
    return n == 1 ? item : n == 0 ? END : n;
}

TEST(items_come_out_when_their_time_has_come)
{
    begin();
    insert(3, BIDE_MS(30));
    insert(1, BIDE_MS(10));
    insert(2, BIDE_MS(20));
    insert(4, BIDE_MS(30));
    insert(0, BIDE_NS(0));
    CHECK_EQ(bide_delay_queue_count(queue), 5);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(bide_block_on(next()), i);
        CHECK_EQ(ms_since_start(), i < 4 ? 10 * i : 30);
    }
    CHECK_EQ(bide_delay_queue_count(queue), 0);
    bide_delay_queue_free(queue);
}

TEST(a_key_finds_its_item_until_it_is_out)
{
    begin();
    bide_instant deadline;
    int item = 0;
    bide_delay_key one = insert(1, BIDE_MS(10)), two = insert(2, BIDE_MS(20));
    CHECK(one.bits != two.bits);
    CHECK_EQ(bide_delay_queue_deadline(queue, two, &deadline), 0);
    CHECK_EQ(deadline.ns, start.ns + 20000000);
    CHECK_EQ(bide_delay_queue_remove(queue, one, &item), 0);
    CHECK_EQ(item, 1);
    CHECK_ERR(bide_delay_queue_remove(queue, one, &item), -ENOENT);
    bide_delay_key three = insert(3, BIDE_MS(5)); /* in the same place */
    CHECK_ERR(bide_delay_queue_remove(queue, one, &item), -ENOENT);
    CHECK_ERR(bide_delay_queue_reset(queue, one, BIDE_MS(1)), -ENOENT);
    CHECK_ERR(bide_delay_queue_deadline(queue, one, &deadline), -ENOENT);
    CHECK_EQ(bide_block_on(next()), 3);
    CHECK_ERR(bide_delay_queue_remove(queue, three, &item), -ENOENT);
    CHECK_ERR(bide_delay_queue_remove(queue, (bide_delay_key){0}, &item), -ENOENT);
    CHECK_ERR(bide_delay_queue_remove(queue, (bide_delay_key){UINT64_MAX}, &item), -ENOENT);
    CHECK_EQ(bide_block_on(next()), 2);
    CHECK_EQ(ms_since_start(), 20);
    bide_delay_queue_free(queue);
}

TEST(an_item_can_be_put_off_and_brought_forward)
{
    begin();
    bide_delay_key one = insert(1, BIDE_MS(10)), two = insert(2, BIDE_MS(20));
    CHECK_EQ(bide_delay_queue_reset(queue, one, BIDE_MS(40)), 0);
    CHECK_EQ(bide_block_on(next()), 2);
    CHECK_EQ(ms_since_start(), 20);
    two = insert(2, BIDE_MS(100));
    CHECK_EQ(bide_delay_queue_reset_at(queue, two, bide_instant_add(start, BIDE_MS(30))), 0);
    CHECK_EQ(bide_block_on(next()), 2);
    CHECK_EQ(ms_since_start(), 30);
    CHECK_EQ(bide_block_on(next()), 1);
    CHECK_EQ(ms_since_start(), 40);
    insert(5, BIDE_MS(1));
    one = insert(6, BIDE_MS(1));
    insert(7, BIDE_MS(1));
    CHECK_EQ(bide_delay_queue_reset(queue, one, BIDE_MS(1)), 0); /* now the last of the three */
    CHECK_EQ(bide_block_on(next()), 5);
    CHECK_EQ(bide_block_on(next()), 7);
    CHECK_EQ(bide_block_on(next()), 6);
    bide_delay_queue_free(queue);
}

/* ---- against a list ---- */

enum { ITEMS = 500, ROUNDS = 20000 };

static struct {
    bide_delay_key key;
    int64_t deadline_ns;
    uint64_t order;
    bool present;
} list[ITEMS];

static uint64_t seed = 88172645463325252u;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int first_of_list(void)
{
    int first = -1;
    for (int i = 0; i < ITEMS; i++)
        if (list[i].present &&
            (first < 0 || list[i].deadline_ns < list[first].deadline_ns ||
             (list[i].deadline_ns == list[first].deadline_ns && list[i].order < list[first].order)))
            first = i;
    return first;
}

static void change_one(uint64_t order)
{
    int i = (int)(any() % ITEMS), item = -1;
    bide_instant at = bide_instant_add(bide_now(), BIDE_NS(any() % 1000));
    if (!list[i].present) {
        CHECK_EQ(bide_delay_queue_insert_at(queue, &i, at, &list[i].key), 0);
        list[i].present = true;
    } else if (any() % 2 == 0) {
        CHECK_EQ(bide_delay_queue_remove(queue, list[i].key, &item), 0);
        CHECK_EQ(item, i);
        list[i].present = false;
    } else {
        CHECK_EQ(bide_delay_queue_reset_at(queue, list[i].key, at), 0);
    }
    list[i].deadline_ns = at.ns;
    list[i].order = order;
}

static async int against_the_list(void)
{
    for (uint64_t n = 0; n < ROUNDS; n++) {
        if (any() % 4 != 0) {
            change_one(n);
        } else if (bide_delay_queue_count(queue) > 0) {
            int i = await next(), first = first_of_list();
            CHECK_EQ(i, first);
            CHECK(list[i].deadline_ns <= bide_now().ns);
            list[i].present = false;
        }
    }
    return 0;
}

TEST(the_queue_agrees_with_a_list)
{
    begin();
    CHECK_EQ(bide_block_on(against_the_list()), 0);
    bide_delay_queue_free(queue);
}

/* ---- those that wait ---- */

static async int waits(void)
{
    int item = 0;
    bide_task(int) task = bide_spawn(next()); /* for an empty queue */
    await bide_sleep(BIDE_MS(10));
    bide_delay_key late = insert(1, BIDE_MS(100));
    await bide_sleep(BIDE_MS(10));
    insert(2, BIDE_MS(10)); /* earlier than what it waits for */
    CHECK_EQ(await bide_task_join(task, &item), 0);
    CHECK_EQ(item, 2);
    CHECK_EQ(ms_since_start(), 30);
    task = bide_spawn(next());
    await bide_sleep(BIDE_MS(10));
    CHECK_EQ(bide_delay_queue_reset(queue, late, BIDE_MS(5)), 0);
    CHECK_EQ(await bide_task_join(task, &item), 0);
    CHECK_EQ(item, 1);
    CHECK_EQ(ms_since_start(), 45);
    return 0;
}

TEST(a_wait_sees_what_happens_meanwhile)
{
    begin();
    CHECK_EQ(bide_block_on(waits()), 0);
    bide_delay_queue_free(queue);
}

static _Atomic int taken;

static async int take_all(void)
{
    int n;
    while ((n = await next()) >= 0) {
        CHECK_EQ(ms_since_start(), n / 3); /* three a millisecond */
        taken++;
    }
    return n;
}

static async int many_wait(void)
{
    bide_task(int) tasks[5] = {0};
    for (int i = 0; i < 5; i++)
        tasks[i] = bide_spawn(take_all());
    await bide_yield();
    for (int i = 89; i >= 0; i--)
        insert(i, BIDE_MS(i / 3));
    bide_delay_queue_close(queue);
    for (int i = 0; i < 5; i++) {
        int r = 0;
        CHECK_EQ(await bide_task_join(tasks[i], &r), 0);
        CHECK_EQ(r, END);
    }
    CHECK_EQ(taken, 90);
    CHECK_EQ(ms_since_start(), 29);
    return 0;
}

TEST(each_item_goes_to_one_of_those_that_wait)
{
    begin();
    CHECK_EQ(bide_block_on(many_wait()), 0);
    bide_delay_queue_free(queue);
}

static async int cancelled(void)
{
    insert(1, BIDE_MS(100));
    for (int i = 0; i < 5; i++)
        CHECK_ERR(await bide_timeout(BIDE_MS(15), next()), -ETIMEDOUT);
    int n = -1, r = await bide_select_biased(bide_sleep(BIDE_MS(25)), n = next());
    CHECK_EQ(r, 0);
    CHECK(n == 1 || bide_delay_queue_count(queue) == 1); /* taken, or still there */
    if (n != 1)
        CHECK_EQ(await next(), 1);
    CHECK_EQ(ms_since_start(), 100);
    return 0;
}

TEST(a_cancelled_wait_takes_nothing)
{
    begin();
    CHECK_EQ(bide_block_on(cancelled()), 0);
    bide_delay_queue_free(queue);
}

/* ---- the end ---- */

static async int closed(void)
{
    int item = 9;
    bide_task(int) one = bide_spawn(next()), two = bide_spawn(next());
    await bide_yield();
    bide_delay_queue_close(queue); /* it is empty: that wakes both */
    CHECK_EQ(await bide_task_join(one, &item), 0);
    CHECK_EQ(item, END);
    CHECK_EQ(await bide_task_join(two, &item), 0);
    CHECK_EQ(item, END);
    CHECK_ERR(bide_delay_queue_insert(queue, &item, BIDE_MS(1), NULL), -EPIPE);
    CHECK_EQ(await next(), END);
    CHECK_EQ(ms_since_start(), 0);
    return 0;
}

TEST(closing_wakes_those_that_wait)
{
    int item = 9;
    begin();
    CHECK_ERR(bide_delay_queue_pop(queue, &item), -EAGAIN);
    CHECK_EQ(bide_block_on(closed()), 0);
    CHECK_EQ(bide_delay_queue_pop(queue, &item), 0);
    CHECK_EQ(item, 9);
    bide_delay_queue_free(queue);
}

static async int emptied_after_the_close(bool pops)
{
    int item = 9;
    bide_delay_key key = insert(1, BIDE_S(1));
    bide_task(int) one = bide_spawn(next()), two = bide_spawn(next());
    await bide_yield();
    bide_delay_queue_close(queue);
    await bide_sleep(BIDE_MS(1));
    CHECK(!bide_task_finished(one) && !bide_task_finished(two));
    if (pops)
        CHECK_EQ(bide_delay_queue_pop(queue, &item), 1);
    else
        CHECK_EQ(bide_delay_queue_remove(queue, key, &item), 0);
    CHECK_EQ(item, 1);
    CHECK_EQ(await bide_task_join(one, &item), 0);
    CHECK_EQ(item, END);
    CHECK_EQ(await bide_task_join(two, &item), 0);
    CHECK_EQ(item, END);
    CHECK_EQ(ms_since_start(), 1);
    CHECK_EQ(bide_delay_queue_pop(queue, &item), 0);
    return 0;
}

TEST(a_closed_queue_that_becomes_empty_wakes_those_that_wait)
{
    for (int pops = 0; pops < 2; pops++) {
        begin();
        CHECK_EQ(bide_block_on(emptied_after_the_close(pops)), 0);
        bide_delay_queue_free(queue);
    }
}

static _Atomic int dropped;

static void drop(void *item)
{
    dropped += *(int *)item;
}

TEST(what_is_left_is_dropped)
{
    begin();
    bide_delay_queue_free(queue);
    bide_delay_queue_free(NULL);
    CHECK_EQ(bide_delay_queue_new(sizeof(int), drop, &queue), 0);
    for (int i = 1; i <= 20; i++)
        insert(i, BIDE_MS(i));
    CHECK_EQ(bide_block_on(next()), 1);
    bide_delay_queue_free(queue);
    CHECK_EQ(dropped, 209);
}

TEST(without_memory_nothing_changes)
{
    begin();
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_NS(1))), 0); /* the runtime has its memory */
    for (int i = 0; i < 8; i++)
        insert(i, BIDE_MS(i));
    int item = 8;
    bide_delay_key key = {7};
    CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 1), 0);
    CHECK_ERR(bide_delay_queue_insert(queue, &item, BIDE_NS(0), &key), -ENOMEM);
    CHECK_EQ(key.bits, 7);
    insert(8, BIDE_MS(8));
    for (int i = 0; i < 9; i++)
        CHECK_EQ(bide_block_on(next()), i);
    bide_delay_queue_free(queue);
}

/* ---- other threads ---- */

static void *put_in(void *argument)
{
    for (int i = 1; i <= 1000; i++) {
        int item = i;
        CHECK_EQ(bide_delay_queue_insert(queue, &item, BIDE_US(i % 7 * 100), NULL), 0);
    }
    bide_delay_queue_close(queue);
    return argument;
}

static async int sum_of_all(void)
{
    int sum = 0, n;
    while ((n = await next()) >= 0)
        sum += n;
    CHECK_EQ(n, END);
    return sum;
}

TEST(another_thread_puts_items_in)
{
    pthread_t thread;
    CHECK_EQ(bide_delay_queue_new(sizeof(int), NULL, &queue), 0);
    CHECK_EQ(pthread_create(&thread, NULL, put_in, NULL), 0);
    CHECK_EQ(bide_block_on(sum_of_all()), 500500);
    pthread_join(thread, NULL);
    bide_delay_queue_free(queue);
}
