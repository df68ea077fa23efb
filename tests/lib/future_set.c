/*
 * Future sets: children run in the task that waits, are polled when they were woken and not
 * otherwise, may borrow, and are unwound in their order by the close.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "failing.h"
#include "hand.h"
#include "sets.h"

static bide_future_set(int) set_new(size_t limit)
{
    bide_future_set(int) set;
    CHECK_EQ(bide_future_set_new(limit, &set), 0);
    CHECK(set != NULL);
    return set;
}

static bide_future_set(int) set_new_ordered(size_t limit)
{
    bide_future_set(int) set;
    CHECK_EQ(bide_future_set_new_ordered(limit, &set), 0);
    return set;
}

/* ---- results ---- */

static async int in_the_order_of_ends(void)
{
    bide_future_set(int) set = set_new(0);
    defer {
        await bide_future_set_close(set);
    }
    int n = 0, expected = 1;
    uint64_t id = 0;
    for (int ms = 5; ms > 0; ms--)
        CHECK_EQ(bide_future_set_add(set, child(ms, ms, 0)), (uint64_t)(6 - ms));
    CHECK_EQ(seen.begun, 0); /* nothing runs before it is awaited */
    CHECK_EQ(bide_future_set_length(set), 5);
    for (int rc; (rc = await bide_future_set_next_id(set, &n, &id)) != 0; expected++) {
        CHECK_EQ(rc, 1);
        CHECK_EQ(n, expected);
        CHECK_EQ(id, (uint64_t)(6 - n));
    }
    CHECK_EQ(expected, 6);
    CHECK_EQ(bide_future_set_length(set), 0);
    return 0;
}

TEST(results_come_in_the_order_of_the_ends)
{
    begin();
    CHECK_EQ(bide_block_on(in_the_order_of_ends()), 0);
    CHECK_EQ(seen.most, 5);
}

static async int in_the_order_of_adds(void)
{
    bide_future_set(int) set = set_new_ordered(0);
    defer {
        await bide_future_set_close(set);
    }
    int n = 0, expected = 5;
    bide_instant from = bide_now();
    for (int ms = 5; ms > 0; ms--)
        bide_future_set_add(set, child(ms, ms, 0));
    for (int rc; (rc = await bide_future_set_next(set, &n)) != 0; expected--) {
        CHECK_EQ(rc, 1);
        CHECK_EQ(n, expected);
    }
    CHECK_EQ(expected, 0);
    return (int)(bide_elapsed(from).ns / 1000000);
}

TEST(an_ordered_set_keeps_the_order_and_runs_all_at_once)
{
    begin();
    CHECK_EQ(bide_block_on(in_the_order_of_adds()), 5);
}

static async int limited(int ordered, size_t limit)
{
    bide_future_set(int) set = ordered ? set_new_ordered(limit) : set_new(limit);
    defer {
        await bide_future_set_close(set);
    }
    int sum = 0;
    for (int i = 1; i <= 20; i++)
        bide_future_set_add(set, child(i % 3, i, 0));
    for (int n; await bide_future_set_next(set, &n) > 0;)
        sum += n;
    return sum;
}

TEST(the_limit_holds)
{
    for (size_t limit = 1; limit < 6; limit++)
        for (int ordered = 0; ordered < 2; ordered++) {
            begin();
            CHECK_EQ(bide_block_on(limited(ordered, limit)), 210);
            CHECK(seen.most <= (int)limit);
        }
}

static async int borrows(int *local)
{
    await bide_yield();
    ++*local;
    return 0;
}

static async int lends(void)
{
    int local = 0, n;
    bide_future_set(int) set = set_new(0);
    defer {
        await bide_future_set_close(set);
    }
    for (int i = 0; i < 10; i++)
        bide_future_set_add(set, borrows(&local));
    while (await bide_future_set_next(set, &n) > 0)
        continue;
    return local;
}

TEST(children_may_borrow)
{
    CHECK_EQ(bide_block_on(lends()), 10);
}

static async int of_any_type(void)
{
    bide_future_set(struct big) bigs;
    bide_future_set(void) nothings;
    struct big big = {{0}};
    CHECK_EQ(bide_future_set_new(0, &bigs), 0);
    CHECK_EQ(bide_future_set_new(0, &nothings), 0);
    bide_future_set_add(bigs, make_big('x'));
    bide_future_set_add(nothings, make_nothing());
    bide_future_set_add(nothings, async({ await bide_yield(); }));
    CHECK_EQ(await bide_future_set_next(bigs, &big), 1);
    CHECK(big.text[0] == 'x' && big.text[127] == 'x');
    CHECK_EQ(await bide_future_set_next(nothings, NULL), 1);
    CHECK_EQ(await bide_future_set_next(nothings, NULL), 1);
    CHECK_EQ(await bide_future_set_next(nothings, NULL), 0);
    await bide_future_set_close(bigs);
    await bide_future_set_close(nothings);
    return 0;
}

TEST(results_are_of_any_type)
{
    CHECK_EQ(bide_block_on(of_any_type()), 0);
}

static async int joins(int n)
{
    bide_future_set(int) set = set_new(3);
    defer {
        await bide_future_set_close(set);
    }
    int results[8];
    for (int i = 0; i < n; i++)
        bide_future_set_add(set, child(n - i, 10 * i, 0));
    int rc = await bide_join_all(set, results, 8);
    for (int i = 0; i < n && rc == 0; i++)
        CHECK_EQ(results[i], 10 * i);
    return rc;
}

TEST(join_all_puts_each_result_in_its_place)
{
    begin();
    CHECK_EQ(bide_block_on(joins(0)), 0);
    CHECK_EQ(bide_block_on(joins(8)), 0);
    CHECK_EQ(seen.ended, 8);
    CHECK_ERR(bide_block_on(joins(9)), -ENOSPC);
}

/* ---- only what was woken ---- */

static long polls;

/* A leaf that counts its polls, and is woken by hand. */
static bide_waker wakers[1000];
static bool fired[1000];

struct counts {
    struct bide_frame h;
    int index;
};

static enum bide_poll counts_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct counts *f = (struct counts *)(void *)h;
    if (h->state == 0)
        f->index = *(int *)bide__args(cx, h);
    h->state = 1;
    polls++;
    if (fired[f->index]) {
        *(int *)bide_frame_result(cx, h) = f->index;
        return bide_frame_finish(cx, h);
    }
    if (wakers[f->index].bits == 0)
        wakers[f->index] = bide_waker_clone(cx->waker);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer counts_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct counts *f = (struct counts *)(void *)h;
    (void)cx;
    if (wakers[f->index].bits != 0)
        bide_waker_drop(wakers[f->index]);
    wakers[f->index].bits = 0;
    return BIDE_CANCELLED;
}

static const struct bide_fn_info counts_info = {.name = "counts", .file = __FILE__, .line = 1};
static const struct bide_fn counts_fn = {.poll = counts_poll,
                                         .cancel = counts_cancel,
                                         .info = &counts_info,
                                         .frame_size = sizeof(struct counts),
                                         .args_size = sizeof(int),
                                         .result_size = sizeof(int),
                                         .frame_align_log2 = 3,
                                         .args_align_log2 = 2,
                                         .flags = BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static void fire(int i)
{
    bide_waker waker = wakers[i];
    wakers[i].bits = 0;
    fired[i] = true;
    bide_waker_wake(waker);
}

static async int wakes_some(int count)
{
    bide_future_set(int) set = set_new(0);
    defer {
        await bide_future_set_close(set);
    }
    int n = -1;
    memset(fired, 0, sizeof fired);
    for (int i = 0; i < count; i++)
        bide__future_set_add((void *)set, &counts_fn, &i);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n)), -ETIMEDOUT);
    CHECK_EQ(polls, count);
    for (int i = 0; i < 10; i++) {
        fire(i * 7);
        CHECK_EQ(await bide_future_set_next(set, &n), 1);
        CHECK_EQ(n, i * 7);
    }
    CHECK_EQ(polls, count + 10); /* whatever the count is */
    return 0;
}

TEST(only_woken_children_are_polled)
{
    begin();
    polls = 0;
    CHECK_EQ(bide_block_on(wakes_some(100)), 0);
    polls = 0;
    CHECK_EQ(bide_block_on(wakes_some(1000)), 0);
}

/* ---- fairness ---- */

static int others;

static async int other(int *stop)
{
    while (!*stop) {
        others++;
        await bide_yield();
    }
    return 0;
}

static async int ready_at_once(int i)
{
    if (i < 0)
        await bide_yield();
    return 1;
}

static async int lets_others_run(int ordered)
{
    int stop = 0, sum = 0, n;
    bide_future_set(int) set = ordered ? set_new_ordered(0) : set_new(0);
    bide_scope(s) {
        bide_scope_spawn(s, other(&stop));
        for (int i = 0; i < 5000; i++)
            bide_future_set_add(set, ready_at_once(i));
        while (await bide_future_set_next(set, &n) > 0)
            sum += n;
        stop = 1;
    }
    await bide_future_set_close(set);
    return sum;
}

TEST(many_that_are_ready_let_others_run)
{
    for (int ordered = 0; ordered < 2; ordered++) {
        others = 0;
        CHECK_EQ(bide_block_on(lets_others_run(ordered)), 5000);
        CHECK(others > 20);
    }
}

/* ---- the close ---- */

static async int closes(void)
{
    bide_future_set(int) set = set_new(4);
    int n = 0;
    for (int i = 0; i < 6; i++)
        bide_future_set_add(set, child(i == 0 ? 1 : 1000, i, i > 0));
    CHECK_EQ(await bide_future_set_next(set, &n), 1);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n)), -ETIMEDOUT);
    CHECK_EQ(seen.begun, 5);
    bide_instant from = bide_now();
    await bide_future_set_close(set);
    CHECK_EQ(seen.alive, 0);
    CHECK_EQ(seen.begun, 5);                       /* the last one never began */
    CHECK_STR(seen.left, "abcde");                 /* in their order, */
    return (int)(bide_elapsed(from).ns / 1000000); /* but all at once */
}

TEST(a_close_cancels_in_order_and_waits)
{
    begin();
    CHECK_EQ(bide_block_on(closes()), 1);
}

static async int owns(bide_task(int) task)
{
    int n = 0;
    return await bide_task_join(task, &n) < 0 ? -1 : n;
}

static async int drops_unbegun(void)
{
    bide_task(int) left = bide_spawn(child(100, 2, 0));
    bide_future_set(int) set = set_new(0);
    bide_future_set_add(set, owns(bide_move(left)));
    await bide_future_set_close(set); /* detaches the task, which its argument owned */
    set = set_new(0);
    CHECK_EQ(bide_future_set_free(set), 0);
    CHECK_EQ(bide_future_set_free((bide_future_set(int))NULL), 0);
    await bide_future_set_close((bide_future_set(int))NULL);
    await bide_sleep(BIDE_MS(500));
    return seen.ended;
}

TEST(what_an_unbegun_child_owns_is_released)
{
    begin();
    CHECK_EQ(bide_block_on(drops_unbegun()), 1);
}

static async int frees(void)
{
    bide_future_set(int) set = set_new(0);
    int n;
    for (int i = 0; i < 3; i++)
        bide_future_set_add(set, child(1000, i, 5));
    (void)await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n));
    CHECK_EQ(bide_future_set_free(set), 0);
    CHECK_EQ(seen.alive, 3);
    await bide_sleep(BIDE_MS(50));
    return seen.alive;
}

TEST(a_free_leaves_the_unwinding_to_a_task)
{
    begin();
    CHECK_EQ(bide_block_on(frees()), 0);
}

/* ---- mistakes, and nests ---- */

static bide_future_set(int) nested;

static async int asks_its_own_set(void)
{
    int n;
    await bide_yield();
    return await bide_future_set_next(nested, &n) == -EBUSY;
}

static async int adds_to_its_own_set(int depth)
{
    await bide_yield();
    if (depth > 0) {
        bide_future_set_add(nested, adds_to_its_own_set(depth - 1));
        bide_future_set_add(nested, adds_to_its_own_set(depth - 1));
    }
    return 1;
}

static async int nests(void)
{
    int n = 0, sum = 0;
    nested = set_new(0);
    bide_future_set_add(nested, asks_its_own_set());
    CHECK_EQ(await bide_future_set_next(nested, &n), 1);
    CHECK_EQ(n, 1);
    bide_future_set_add(nested, adds_to_its_own_set(4));
    while (await bide_future_set_next(nested, &n) > 0)
        sum += n;
    await bide_future_set_close(nested);
    CHECK_ERR(await bide_future_set_next((bide_future_set(int))NULL, &n), -EINVAL);
    return sum;
}

TEST(children_may_add_children_but_not_wait_for_them)
{
    CHECK_EQ(bide_block_on(nests()), 31);
}

static async int inside(int depth)
{
    bide_future_set(int) set = set_new(0);
    defer {
        await bide_future_set_close(set);
    }
    int n = 0;
    if (depth == 0) {
        await bide_join(bide_sleep(BIDE_MS(1)), bide_yield());
        return 1;
    }
    bide_future_set_add(set, inside(depth - 1));
    CHECK_EQ(await bide_future_set_next(set, &n), 1);
    return n + 1;
}

TEST(sets_lie_inside_each_other)
{
    begin();
    CHECK_EQ(bide_block_on(inside(50)), 51);
}

/* ---- the set goes from task to task ---- */

static async int takes(bide_future_set(int) set)
{
    int n = 0;
    return await bide_future_set_next(set, &n) == 1 ? n : -1;
}

static async int moves(void)
{
    bide_future_set(int) set = set_new(0);
    int n = 0, first = 0, second = 0;
    bide_future_set_add(set, child(30, 3, 0));
    bide_future_set_add(set, child(60, 4, 0));
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n)), -ETIMEDOUT);
    bide_task(int) task = bide_spawn(takes(set));
    CHECK_EQ(await bide_task_join(task, &first), 0);
    task = bide_spawn(takes(set));
    CHECK_EQ(await bide_task_join(task, &second), 0);
    await bide_future_set_close(set);
    return first * 10 + second;
}

TEST(a_set_goes_from_task_to_task)
{
    begin();
    CHECK_EQ(bide_block_on(moves()), 34);
}

/* ---- woken by other threads ---- */

enum { THREADS = 4, EACH = 200 };

static bide_oneshot_sender(int) shots[THREADS * EACH];
static bide_oneshot_receiver(int) hits[THREADS * EACH];

static void *sends(void *argument)
{
    int from = *(int *)argument;
    for (int i = from; i < THREADS * EACH; i += THREADS)
        CHECK_EQ(bide_oneshot_send(shots[i], &i), 0);
    return NULL;
}

static async int receives(int i)
{
    int n = -1;
    CHECK_EQ(await bide_oneshot_recv(hits[i], &n), 1);
    bide_oneshot_receiver_drop(hits[i]);
    CHECK_EQ(n, i);
    return n;
}

static async int from_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], n;
    long sum = 0;
    bide_future_set(int) set = set_new(0);
    for (int i = 0; i < THREADS * EACH; i++) {
        CHECK_EQ(bide_oneshot_new(&shots[i], &hits[i]), 0);
        bide_future_set_add(set, receives(i));
    }
    (void)await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n));
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK_EQ(pthread_create(&threads[i], NULL, sends, &numbers[i]), 0);
    }
    while (await bide_future_set_next(set, &n) > 0)
        sum += n;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(await bide_blocking(pthread_join(threads[i], NULL)), 0);
    await bide_future_set_close(set);
    return sum == (long)THREADS * EACH * (THREADS * EACH - 1) / 2;
}

TEST(other_threads_wake_children)
{
    CHECK_EQ(bide_block_on(from_threads()), 1);
}

/* ---- dumps ---- */

static char dump[8192];
static size_t dump_size;

static void note(void *argument, const char *text, size_t size)
{
    (void)argument;
    if (dump_size + size < sizeof dump) {
        memcpy(dump + dump_size, text, size);
        dump_size += size;
    }
}

static async int is_dumped(void)
{
    bide_future_set(int) set = set_new(1);
    int n;
    bide_future_set_add(set, child(10, 0, 0));
    bide_future_set_add(set, child(10, 0, 0));
    (void)await bide_timeout(BIDE_MS(1), bide_future_set_next(set, &n));
    await bide_sleep(BIDE_MS(50)); /* the first child was woken, and nobody polls it */
    memset(dump, 0, sizeof dump);
    dump_size = 0;
    bide_runtime_dump(bide_runtime_current(), note, NULL);
    CHECK(strstr(dump, " is polled by nobody") != NULL);
    const char *first = strstr(dump, "child 1 was woken"),
               *second = strstr(dump, "child 2 has not");
    CHECK(first != NULL && second != NULL && first < second);
    CHECK(strstr(first, "child (") != NULL);
    await bide_future_set_close(set);
    return 0;
}

static async int dumps(bide_future_set(int) set)
{
    await bide_sleep(BIDE_MS(1));
    memset(dump, 0, sizeof dump);
    dump_size = 0;
    bide_runtime_dump(bide_runtime_current(), note, NULL);
    CHECK(strstr(dump, "polled by nobody") == NULL);
    const char *leaf = strstr(dump, "bide_future_set_next");
    CHECK(leaf != NULL && strstr(leaf, "child 1 waits") != NULL);
    (void)set;
    return 0;
}

static async int is_dumped_in_its_task(void)
{
    bide_future_set(int) set = set_new(0);
    int n;
    bide_future_set_add(set, child(10, 0, 0));
    bide_task(int) task = bide_spawn(dumps(set));
    CHECK_EQ(await bide_future_set_next(set, &n), 1);
    CHECK_EQ(await bide_task_wait(task), 0);
    await bide_future_set_close(set);
    return 0;
}

TEST(an_unpolled_child_is_named_in_the_dump)
{
    begin();
    CHECK_EQ(bide_block_on(is_dumped()), 0);
    CHECK_EQ(bide_block_on(is_dumped_in_its_task()), 0);
}

/* ---- a waker that calls back ---- */

static bide_notify gates[2];
static bide_future_set(int) at_gates;

static async int waits_at(int i)
{
    return await bide_notify_wait(&gates[i]);
}

static async int begin_at_gates(void)
{
    int rc = bide_future_set_new(0, &at_gates);
    for (int i = 0; rc == 0 && i < 2; i++)
        bide_future_set_add(at_gates, waits_at(i));
    return rc;
}

static async int end_at_gates(void)
{
    await bide_future_set_close(at_gates);
    return 0;
}

static void wakes_the_second(void *unused)
{
    (void)unused;
    bide_notify_one(&gates[1]);
}

static void begin_next(struct hand *h, int *out, uint64_t *id)
{
    extern const struct bide_fn bide__desc_bide_future_set_next;
    struct {
        void *set, *out;
        size_t stride;
        uint64_t *id;
    } args = {at_gates, out, 0, id};
    hand_begin(h, &bide__desc_bide_future_set_next, &args);
    hand_calls_back(h, wakes_the_second, NULL);
}

TEST(a_waker_may_wake_a_child_of_the_set_that_calls_it)
{
    struct hand h;
    uint64_t id = 0;
    int out = -1;
    CHECK_EQ(bide_block_on(begin_at_gates()), 0);
    begin_next(&h, &out, &id);
    CHECK(hand_poll(&h)); /* the clone wakes the second child, and is dropped */
    CHECK_EQ(h.result, 1);
    CHECK_EQ(id, 2);
    hand_end(&h);
    for (int cancelled = 1; cancelled >= 0; cancelled--) {
        begin_next(&h, &out, &id);
        CHECK(!hand_poll(&h));
        CHECK(!hand_poll(&h));
        if (cancelled)
            hand_cancel(&h);
        else
            bide_notify_one(&gates[0]);
        CHECK(hand_poll(&h));
        CHECK_ERR(h.error, cancelled ? -ECANCELED : 0);
        CHECK_EQ(h.wakes, !cancelled);
        hand_end(&h);
        CHECK(h.calls >= 4);
    }
    CHECK_EQ(id, 1);
    CHECK_EQ(bide_block_on(end_at_gates()), 0);
}

/* ---- cancelled, and without memory ---- */

static int told;

async int scenario(void *state);
extern const struct bide_fn bide__desc_scenario;

async int scenario(void *state)
{
    bide_future_set(int) set;
    int rc = state != NULL ? bide_future_set_new_ordered(2, &set) : bide_future_set_new(2, &set);
    int n;
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set);
    }
    for (int i = 0; i < 4; i++)
        bide_future_set_add(set, child(i, i, i));
    while ((rc = await bide_future_set_next(set, &n)) > 0)
        told++;
    return rc;
}

static void before(void *state)
{
    (void)state;
    told = 0;
    memset(&seen, 0, sizeof seen);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_ERR(run->error, run->error != 0 ? -ECANCELED : 0);
    CHECK_EQ(seen.alive, 0);
    CHECK(told <= seen.ended);
    CHECK(run->error != 0 || told == 4);
}

TEST(cancelled_at_every_suspension)
{
    int ordered;
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_scenario, NULL, before, after) >= cancel_least(5));
    CHECK(cancel_everywhere(&bide__desc_scenario, &ordered, before, after) >= cancel_least(5));
}

static async int whole(void)
{
    return await scenario(NULL);
}

static async int deep(int depth)
{
    return depth > 0 ? await deep(depth - 1) : 0;
}

static async int runs_deep(void)
{
    bide_future_set(int) set;
    int rc = bide_future_set_new(0, &set), n = 0, sum = 0;
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set);
    }
    bide_future_set_add(set, deep(1000));
    bide_future_set_add(set, deep(1));
    while ((rc = await bide_future_set_next(set, &n)) != 0)
        sum += rc < 0 ? rc : 0;
    return sum;
}

TEST(no_memory_at_any_site)
{
    bide_test_time_virtual();
    for (int i = 0; i < 2; i++) {
        unsigned nth = 0;
        for (bool more = true; more;) {
            before(NULL);
            alloc_fails(++nth);
            more = alloc_has_failed(i == 0 ? bide_block_on(whole()) : bide_block_on(runs_deep()));
            CHECK_EQ(seen.alive, 0);
        }
        CHECK(nth > 2);
    }
}
