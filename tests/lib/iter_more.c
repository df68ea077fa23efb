/*
 * Iterators: what one adaptor or source promises beyond giving its items: times, fairness, limits,
 * who is asked for what, whose items are dropped, and how the functions in a chain end.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <string.h>

#include "check.h"

static const int upto_8[] = {1, 2, 3, 4, 5, 6, 7, 8};

static int64_t since_ms(bide_instant begin)
{
    return bide_elapsed(begin).ns / 1000000;
}

static int same(int n)
{
    return n;
}

static bool is_odd(int n)
{
    return n % 2 != 0;
}

/* ---- time ---- */

static async int slow(const int *ms, int *item)
{
    static int at;

    await bide_sleep(BIDE_MS(ms[at]));
    *item = ms[at++];
    return *item > 0;
}

static async int timeouts(void)
{
    static const int ms[] = {10, 120, 10, 0};
    bide_iter(int) it = bide_iter_timeout(bide_iter_of_steps(int, bide_ref(slow), ms), BIDE_MS(50));
    defer {
        bide_iter_drop(it);
    }
    bide_instant begin = bide_now();
    int n;

    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(await bide_next(it, &n), -ETIMEDOUT);
    CHECK_EQ(since_ms(begin), 60);
    CHECK_EQ(await bide_next(it, &n), -ETIMEDOUT); /* as long again */
    CHECK_EQ(since_ms(begin), 110);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(since_ms(begin), 130);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(await bide_next(it, &n), 0);
    return 0;
}

TEST(a_timeout_tells_and_waits_on)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(timeouts()), 0);
}

static async int counts_cancelled_waits(void)
{
    static const int ms[] = {1000, 0};
    bide_iter(int) it = bide_iter_timeout(bide_iter_of_steps(int, bide_ref(slow), ms), BIDE_MS(50));
    defer {
        bide_iter_drop(it);
    }
    bide_instant begin = bide_now();
    int n, rc = 0, cancelled = 0;

    while (await bide_timeout(BIDE_MS(20), rc = bide_next(it, &n)) == -ETIMEDOUT)
        cancelled++;
    CHECK_EQ(rc, -ETIMEDOUT);
    CHECK_EQ(cancelled, 2);
    CHECK_EQ(since_ms(begin), 50);
    return 0;
}

TEST(a_timeout_counts_cancelled_waits)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(counts_cancelled_waits()), 0);
}

static async int throttles(void)
{
    bide_iter(int) it = bide_iter_throttle(bide_iter_of_array(upto_8, 3), BIDE_MS(20));
    defer {
        bide_iter_drop(it);
    }
    bide_instant begin = bide_now();
    int n;

    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await bide_next(it, &n), 1);
        CHECK_EQ(since_ms(begin), i == 2 ? 50 : i * 20);
        if (i == 1)
            await bide_sleep(BIDE_MS(30)); /* longer than the pause */
    }
    CHECK_EQ(await bide_next(it, &n), 0);
    return 0;
}

TEST(a_throttle_keeps_a_distance)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(throttles()), 0);
}

struct batch {
    size_t count;
    int items[4];
};

static async int chunks(void)
{
    bide_interval tick = bide_interval_every(BIDE_MS(10), BIDE_MISSED_BURST);
    bide_iter(int) ready = bide_iter_of_array(upto_8, 6);
    bide_iter(struct batch) it = bide_iter_chunks_timeout(ready, struct batch, BIDE_NS(0));
    struct batch b;

    CHECK_EQ(await bide_next(it, &b), 1); /* full */
    CHECK_EQ(b.count, 4);
    CHECK_EQ(await bide_next(it, &b), 1);
    CHECK_EQ(b.count, 2);
    CHECK_EQ(b.items[1], 6);
    CHECK_EQ(b.items[2], 0);
    CHECK_EQ(await bide_next(it, &b), 0);
    bide_iter_drop(it);

    bide_iter(bide_instant) ticks = bide_iter_of_interval(tick);
    struct times {
        size_t count;
        bide_instant items[4];
    } t;
    bide_iter(struct times) timed = bide_iter_chunks_timeout(ticks, struct times, BIDE_MS(25));
    defer {
        bide_iter_drop(timed);
    }
    bide_instant begin = bide_now();
    CHECK_EQ(await bide_next(timed, &t), 1);
    CHECK_EQ(t.count, 3); /* 0, 10, 20 */
    CHECK_EQ(since_ms(begin), 25);
    CHECK_EQ(await bide_next(timed, &t), 1);
    CHECK_EQ(since_ms(begin), 30 + 25);
    CHECK_EQ(t.count, 3);
    return 0;
}

TEST(a_chunk_is_given_when_its_time_has_come)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(chunks()), 0);
}

/* ---- several iterators ---- */

static async int merges(void)
{
    static const int many[100] = {0}, others[100] = {[0] = 1, [99] = 1};
    bide_iter(int) it =
        bide_iter_merge(bide_iter_of_array(many, 100), bide_iter_of_array(others, 100));
    defer {
        bide_iter_drop(it);
    }
    int n, count = 0, first = 0, last = 0;

    for (; await bide_next(it, &n) > 0; count++)
        if (n == 1 && count < 2)
            first = count;
        else if (n == 1)
            last = count;
    CHECK_EQ(first, 1); /* they take turns */
    CHECK_EQ(last, 199);
    CHECK_EQ(count, 200);
    return 0;
}

TEST(a_merge_is_fair)
{
    CHECK_EQ(bide_block_on(merges()), 0);
}

/* Each of `most` arrays has its own number, 10 times. */
static async int merges_all(void)
{
    enum { MOST = 9, EACH = 10 };
    static int items[MOST][EACH];

    for (size_t most = 0; most <= MOST; most++) {
        bide_iter(int) iters[MOST];
        for (size_t i = 0; i < most; i++) {
            for (int k = 0; k < EACH; k++)
                items[i][k] = (int)i;
            iters[i] = bide_iter_of_array(items[i], EACH);
        }
        bide_iter(int) it = bide_iter_merge_all(iters, most);
        defer {
            bide_iter_drop(it);
        }
        for (int round = 0; round < EACH; round++) {
            int n, seen[MOST] = {0};
            for (size_t i = 0; i < most; i++) {
                CHECK_EQ(await bide_next(it, &n), 1);
                CHECK_EQ(seen[n]++, 0); /* one of each in a round */
            }
        }
        int none;
        CHECK_EQ(await bide_next(it, &none), 0);
    }
    return 0;
}

TEST(a_merge_of_many_is_fair)
{
    CHECK_EQ(bide_block_on(merges_all()), 0);
}

/* Of three, one is slow and one has ended. */
static async int merges_while_it_waits(void)
{
    static const int ms[] = {5, 5, 0}, one[] = {1};
    bide_iter(int) iters[] = {bide_iter_of_steps(int, bide_ref(slow), ms),
                              bide_iter_of_array(one, 1), bide_iter_of_array(one, 0)};
    bide_iter(int) it = bide_iter_merge_all(iters, 3);
    defer {
        await bide_iter_close(it);
    }
    int n;
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(n, 1);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(n, 5);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(await bide_next(it, &n), 0);
    return 0;
}

TEST(a_merge_of_many_waits_for_those_that_are_left)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(merges_while_it_waits()), 0);
}

static async int merges_what_fails(void)
{
    static const int one[] = {1};
    int n;
    for (int empty = 0; empty < 3; empty++) {
        bide_iter(int) iters[3];
        for (int i = 0; i < 3; i++)
            iters[i] = i == empty ? NULL : bide_iter_of_array(one, 1);
        bide_iter(int) it = bide_iter_merge_all(iters, 3);
        defer {
            bide_iter_drop(it);
        }
        CHECK_ERR(await bide_next(it, &n), -EINVAL);
    }
    for (unsigned nth = 1; nth <= 5; nth++) { /* three sources and two merges */
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        bide_iter(int) iters[3];
        for (int i = 0; i < 3; i++)
            iters[i] = bide_iter_of_array(one, 1);
        bide_iter(int) it = bide_iter_merge_all(iters, 3);
        defer {
            bide_iter_drop(it);
        }
        CHECK_EQ(bide_test_failed("alloc"), 1);
        CHECK_ERR(await bide_next(it, &n), -ENOMEM);
    }
    return 0;
}

TEST(a_merge_of_many_takes_all_when_it_fails)
{
    CHECK_EQ(bide_block_on(merges_what_fails()), 0);
}

static int asked;

static int note(int n)
{
    asked++;
    return n;
}

static async int takes(void)
{
    bide_iter(int) all = bide_iter_map(bide_iter_of_array(upto_8, 8), note);
    defer {
        bide_iter_drop(all);
    }
    int items[8];
    size_t count = 0;
    bide_iter(int) first = bide_iter_take(bide_iter_borrowed(all), 3);

    CHECK_EQ(await bide_iter_collect(first, items, 8, &count), 0);
    bide_iter_drop(first);
    CHECK_EQ(count, 3);
    CHECK_EQ(asked, 3); /* and not for one that it would not give */
    CHECK_EQ(await bide_iter_collect(all, items, 8, &count), 1); /* it is full */
    CHECK_EQ(count, 8);
    CHECK_EQ(items[3], 4);
    return 0;
}

TEST(a_take_asks_for_no_more_and_a_borrow_leaves_the_rest)
{
    CHECK_EQ(bide_block_on(takes()), 0);
}

/* ---- calls ---- */

static struct {
    int alive, most;
} calls;

static async int call(int ms)
{
    calls.alive++;
    calls.most = calls.most < calls.alive ? calls.alive : calls.most;
    defer {
        calls.alive--;
    }
    await bide_sleep(BIDE_MS(ms * 10));
    return ms;
}

static async int buffers(int limit, int ordered)
{
    static const int ms[] = {5, 1, 4, 2, 3, 6};
    bide_iter(int) it = bide_iter_of_array(ms, 6);
    it = ordered ? bide_iter_buffered(it, (size_t)limit, bide_ref(call))
                 : bide_iter_unordered(it, (size_t)limit, bide_ref(call));
    defer {
        await bide_iter_close(it);
    }
    int items[6];
    size_t count = 0;

    memset(&calls, 0, sizeof calls);
    CHECK_EQ(await bide_iter_collect(it, items, 6, &count), 1);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(items[i], ordered ? ms[i] : i + 1);
    return calls.most;
}

TEST(calls_run_at_once_up_to_the_limit)
{
    bide_test_time_virtual();
    bide_instant begin = bide_now();
    CHECK_EQ(bide_block_on(buffers(6, 0)), 6);
    CHECK_EQ(since_ms(begin), 60);
    CHECK_EQ(bide_block_on(buffers(6, 1)), 6);
    CHECK_EQ(since_ms(begin), 120);
    CHECK_EQ(bide_block_on(buffers(2, 1)), 2);
    CHECK_EQ(bide_block_on(buffers(1, 1)), 1);
}

static async int each_10_ms(int *n, int *item)
{
    await bide_sleep(BIDE_MS(10));
    *item = 10;
    return ++*n <= 3;
}

/* The next item is waited for while calls run. */
static async int overlap(int ordered)
{
    int n = 0, item;
    bide_iter(int) it = bide_iter_of_steps(int, bide_ref(each_10_ms), &n);
    it = ordered ? bide_iter_buffered(it, 3, bide_ref(call))
                 : bide_iter_unordered(it, 3, bide_ref(call));
    defer {
        bide_iter_drop(it);
    }
    bide_instant begin = bide_now();

    for (int i = 1; i <= 3; i++) {
        CHECK_EQ(await bide_next(it, &item), 1);
        CHECK_EQ(since_ms(begin), 100 + 10 * i);
    }
    CHECK_EQ(await bide_next(it, &item), 0);
    return 0;
}

TEST(items_are_waited_for_while_calls_run)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(overlap(0)), 0);
    CHECK_EQ(bide_block_on(overlap(1)), 0);
}

static async int no_limit(void)
{
    int n;
    bide_iter(int) it = bide_iter_buffered(bide_iter_of_array(upto_8, 8), 0, bide_ref(call));
    CHECK_EQ(await bide_next(it, &n), -EINVAL);
    CHECK_EQ(await bide_next(it, &n), -EINVAL);
    bide_iter(int) on_top = bide_iter_map(bide_iter_take(it, 3), same);
    CHECK_EQ(await bide_next(on_top, &n), -EINVAL);
    bide_iter_drop(on_top);
    it = NULL;
    CHECK_EQ(await bide_next(it, &n), -EINVAL);
    bide_iter_drop(it);
    await bide_iter_close(it);
    return 0;
}

TEST(a_limit_of_0_is_an_error)
{
    CHECK_EQ(bide_block_on(no_limit()), 0);
}

struct each {
    int sum, fails_at, begun;
};

static async int each(int n, struct each *e)
{
    e->begun++;
    calls.alive++;
    defer {
        calls.alive--;
    }
    calls.most = calls.most < calls.alive ? calls.alive : calls.most;
    await bide_sleep(BIDE_MS(10 * n));
    if (n == e->fails_at)
        return -EDOM;
    e->sum += n;
    return 0;
}

static async int for_each(size_t limit, struct each *e, int *rest)
{
    bide_iter(int) it = bide_iter_of_array(upto_8, 8);
    defer {
        bide_iter_drop(it);
    }
    int rc, n;

    memset(&calls, 0, sizeof calls);
    rc = await bide_for_each_concurrent(it, limit, bide_ref(each), e);
    CHECK_EQ(calls.alive, 0);
    *rest = 0;
    while (await bide_next(it, &n) > 0)
        ++*rest;
    return rc;
}

TEST(for_each_concurrent)
{
    struct each all = {0}, fails = {.fails_at = 3};
    int rest;

    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(for_each(3, &all, &rest)), 0);
    CHECK_EQ(all.sum, 36);
    CHECK_EQ(calls.most, 3);
    CHECK_EQ(rest, 0);
    CHECK_EQ(bide_block_on(for_each(2, &fails, &rest)), -EDOM);
    CHECK_EQ(fails.sum, 1 + 2); /* the call of 4 was cancelled */
    CHECK_EQ(fails.begun, 4);
    CHECK_EQ(rest, 4);
    CHECK_EQ(bide_block_on(for_each(0, &all, &rest)), -EINVAL);
    CHECK_EQ(rest, 8);
}

static long plus(long sum, int n)
{
    return sum * 10 + n;
}

static async int folds(void)
{
    bide_iter(int) it = bide_iter_of_array(upto_8, 4);
    defer {
        bide_iter_drop(it);
    }
    long all = 9;

    CHECK_EQ(await bide_iter_fold(it, plus, &all), 0);
    CHECK_EQ(all, 91234);
    return 0;
}

TEST(a_fold)
{
    CHECK_EQ(bide_block_on(folds()), 0);
}

/* ---- what may be a function ---- */

struct fixed {
    const int n;
    double half;
};

static struct fixed fix(int n)
{
    return (struct fixed){n, n / 2.0};
}

static char letter(struct fixed f, const char *const *alphabet)
{
    return (*alphabet)[f.n];
}

static async int functions(int (*pointer)(int))
{
    int (*const table[])(int) = {note, pointer};
    const char *alphabet = "abcdefghi", *const *at = &alphabet;
    bide_iter(int) it = bide_iter_map(bide_iter_of_array(upto_8, 3), *table[1]);
    bide_iter(struct fixed) fixed = bide_iter_map(it, fix);
    bide_iter(char) chars = bide_iter_map_with(fixed, letter, at);
    defer {
        bide_iter_drop(chars);
    }
    char text[4] = "";
    size_t count = 0;

    CHECK_EQ(await bide_iter_collect(chars, text, 3, &count), 1);
    CHECK_STR(text, "bcd");
    return 0;
}

TEST(functions_of_several_kinds)
{
    CHECK_EQ(bide_block_on(functions(same)), 0);
}

/* ---- who ends what ---- */

static int owned;

static void drop_int(void *item)
{
    owned -= *(int *)item;
}

static int sum_of(int a, int b)
{
    owned -= a + b;
    return a + b;
}

static async int owns(int kind)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    int n;

    owned = 0;
    CHECK_EQ(bide_channel_new_with(8, drop_int, &tx, &rx), 0);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(bide_try_send(tx, &upto_8[i]), 0);
        owned += upto_8[i];
    }
    bide_iter(int) it = bide_iter_of(rx);
    switch (kind) {
    case 0: it = bide_iter_filter(it, is_odd); break;
    case 1: it = bide_iter_skip(it, 3); break;
    case 2: it = bide_iter_take_while(it, is_odd); break;
    case 3: it = bide_iter_buffered(it, 4, bide_ref(call)); break;
    case 4: it = bide_iter_zip(it, bide_iter_of_array(upto_8, 1), sum_of); break;
    default: break;
    }
    if (kind == 4)
        owned++;
    int rc = await bide_next(it, &n);
    if (kind == 3)
        owned -= 1 + 2 + 3 + 4; /* the calls had them */
    else if (rc == 1 && kind != 4)
        owned -= n;
    if (kind == 0) { /* past one that is refused */
        CHECK_EQ(await bide_next(it, &n), 1);
        owned -= n;
        CHECK_EQ(owned, 36 - 1 - 2 - 3);
    }
    if (kind == 2 || kind == 4)
        CHECK_EQ(await bide_next(it, &n), 0);
    bide_iter_drop(it);
    bide_sender_drop(tx);
    return owned;
}

static async int batches(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    struct batch batch;
    int rc = 0;

    owned = 0;
    CHECK_EQ(bide_channel_new_with(8, drop_int, &tx, &rx), 0);
    defer {
        bide_sender_drop(tx);
    }
    bide_iter(struct batch) b = bide_iter_chunks(bide_iter_of(rx), struct batch);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(bide_try_send(tx, &upto_8[i]), 0);
        owned += upto_8[i];
    }
    CHECK_EQ(await bide_timeout(BIDE_MS(1), rc = bide_next(b, &batch)), -ETIMEDOUT);
    CHECK_EQ(owned, 6);
    bide_iter_drop(b);
    (void)rc;
    return owned;
}

TEST(items_that_nobody_gets_are_dropped)
{
    bide_test_time_virtual();
    for (int kind = 0; kind < 5; kind++)
        CHECK_EQ(bide_block_on(owns(kind)), 0);
    CHECK_EQ(bide_block_on(batches()), 0);
}

struct pause {
    int cleanup_ms, unwound;
};

static async int ever(bide_giver(int) out, struct pause *p)
{
    defer {
        if (p->cleanup_ms > 0)
            await bide_sleep(BIDE_MS(p->cleanup_ms));
        p->unwound++;
    }
    for (int i = 0;; i++)
        CHECK_EQ(await bide_give(out, &i), 0);
}

static async int through(bide_iter(int) in, bide_giver(int) out, struct pause *p)
{
    int n;

    defer {
        await bide_sleep(BIDE_MS(p->cleanup_ms));
        CHECK_EQ(await bide_next(in, &n), 1); /* it is still there */
        p->unwound++;
    }
    while (await bide_next(in, &n) > 0)
        await bide_give(out, &n);
    return 0;
}

static async int stages(int cleanup_ms, int closes)
{
    struct pause p = {.cleanup_ms = cleanup_ms};
    bide_iter(int) it = bide_iter_of_stage(int, bide_ref(ever), &p);
    int n, unwound;

    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await bide_next(it, &n), 1);
        CHECK_EQ(n, i);
    }
    if (closes)
        await bide_iter_close(it);
    else
        bide_iter_drop(it);
    unwound = p.unwound;
    await bide_sleep(BIDE_MS(2 * cleanup_ms));
    CHECK_EQ(p.unwound, 1);
    return unwound;
}

static async int on_top(void)
{
    struct pause p = {.cleanup_ms = 10};
    bide_iter(int) it = bide_iter_of_array(upto_8, 8);
    int n;

    it = bide_iter_through(it, int, bide_ref(through), &p);
    it = bide_iter_through(bide_iter_map(it, same), int, bide_ref(through), &p);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(n, 1);
    bide_iter_drop(it);
    CHECK_EQ(p.unwound, 0);
    await bide_sleep(BIDE_MS(100));
    CHECK_EQ(p.unwound, 2);
    return 0;
}

TEST(stages_unwind_at_once_or_in_a_task_of_their_own)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(stages(0, 0)), 1);
    CHECK_EQ(bide_block_on(stages(0, 1)), 1);
    CHECK_EQ(bide_block_on(stages(10, 0)), 0);
    CHECK_EQ(bide_block_on(stages(10, 1)), 1);
    CHECK_EQ(bide_block_on(on_top()), 0);
}

/* In plain code, too: nothing to unwind in, so the next task that runs sees to it. */
TEST(a_plain_thread_uses_and_drops_one)
{
    struct pause p = {0};
    int n = -1;
    bide_iter(int) it = bide_iter_of_stage(int, bide_ref(ever), &p);
    CHECK_EQ(bide_block_on(bide_next(it, &n)), 1);
    CHECK_EQ(n, 0);
    bide_iter_drop(it);
    bide_block_on(bide_sleep(BIDE_NS(1)));
    CHECK_EQ(p.unwound, 1);
    it = bide_iter_of_stage(int, bide_ref(ever), &p);
    CHECK_EQ(bide_block_on(bide_next(it, &n)), 1);
    bide_block_on(bide_iter_close(it));
    CHECK_EQ(p.unwound, 2);
}

/* ---- one at a time ---- */

static async int forever(bide_iter(int) it)
{
    int n;
    return await bide_next(it, &n);
}

static async int second_reader(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    int n, rc = 1, first = 0;

    CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
    bide_iter(int) it = bide_iter_of(rx);
    defer {
        bide_iter_drop(it);
    }
    await bide_join(first = forever(it), ({
                        rc = await bide_next(it, &n);
                        bide_sender_drop(tx);
                    }));
    CHECK_EQ(rc, -EBUSY);
    CHECK_EQ(first, 0);
    return 0;
}

TEST(a_second_reader_is_refused)
{
    CHECK_EQ(bide_block_on(second_reader()), 0);
}

/* Depth is limited, not the stack. */
TEST(a_thousand_adaptors)
{
    bide_iter(int) it = bide_iter_of_array(upto_8, 8);
    int n;

    for (int i = 0; i < 900; i++)
        it = bide_iter_map(it, same);
    CHECK_EQ(bide_block_on(bide_next(it, &n)), 1);
    CHECK_EQ(n, 1);
    for (int i = 0; i < 200; i++)
        it = bide_iter_map(it, same);
    CHECK_EQ(bide_block_on(bide_next(it, &n)), -ENOMEM);
    bide_iter_drop(it);
}

/* A chain that is always ready lets others run. */
static async int other(int *turns)
{
    for (; *turns < 5; ++*turns)
        await bide_yield();
    return 0;
}

static async int busy(const int *turns)
{
    static int zeroes[100000];
    bide_iter(int) it = bide_iter_filter(bide_iter_of_array(zeroes, 100000), is_odd);
    defer {
        bide_iter_drop(it);
    }
    int n;

    CHECK_EQ(await bide_next(it, &n), 0);
    return *turns;
}

static async int share(void)
{
    int turns = 0, seen = 0;
    await bide_join(seen = busy(&turns), other(&turns));
    return seen;
}

TEST(a_filter_that_refuses_all_lets_others_run)
{
    CHECK_EQ(bide_block_on(share()), 5);
}

/* ---- memory ---- */

static async int at_once(int n)
{
    return n;
}

static async int give_all(bide_giver(int) out, int *n)
{
    for (; *n < 100; ++*n)
        CHECK_EQ(await bide_give(out, n), 0);
    return 0;
}

/* No memory is to be had after the first items, and none is wanted. */
static async int reads_without_memory(int kind)
{
    static int zeroes[100];
    int n, count = 0, from = 0;
    bide_iter(int) it = bide_iter_map(bide_iter_of_array(zeroes, 100), same);
    it = bide_iter_skip_while(it, is_odd);
    if (kind == 1)
        it = bide_iter_buffered(it, 3, bide_ref(at_once));
    if (kind == 2)
        it = bide_iter_chain(it, bide_iter_of_stage(int, bide_ref(give_all), &from));
    defer {
        bide_iter_drop(it);
    }
    for (; count < (kind == 2 ? 110 : 10); count++)
        CHECK_EQ(await bide_next(it, &n), 1);
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    for (; await bide_next(it, &n) > 0; count++)
        ;
    CHECK_EQ(bide_test_failed("alloc"), 0);
    bide_test_fail("alloc", 0, 0, 0);
    return count;
}

TEST(nothing_is_allocated_for_an_item)
{
    CHECK_EQ(bide_block_on(reads_without_memory(0)), 100);
    CHECK_EQ(bide_block_on(reads_without_memory(1)), 100);
    CHECK_EQ(bide_block_on(reads_without_memory(2)), 200);
}

/* ---- other sources ---- */

static async int broadcasts(void)
{
    bide_broadcast(int) b;
    bide_subscriber(int) s;
    int n, i;

    CHECK_EQ(bide_broadcast_new(2, &b), 0);
    CHECK_EQ(bide_broadcast_subscribe(b, &s), 0);
    bide_iter(int) it = bide_iter_map(bide_iter_of_subscriber(s), same);
    defer {
        bide_iter_drop(it);
    }
    for (i = 1; i <= 4; i++)
        CHECK_EQ(bide_broadcast_send(b, &i), 1);
    CHECK_EQ(await bide_next(it, &n), -EOVERFLOW);
    CHECK_EQ(await bide_next(it, &n), 1);
    CHECK_EQ(n, 3);
    CHECK_EQ(await bide_next(it, &n), 1);
    bide_broadcast_drop(b);
    CHECK_EQ(await bide_next(it, &n), 0);
    return 0;
}

static async int sets_later(bide_watch(int) w)
{
    for (int i = 1; i <= 3; i++) {
        await bide_sleep(BIDE_MS(10));
        CHECK_EQ(bide_watch_set(w, &i), 0);
    }
    bide_watch_drop(w);
    return 0;
}

static async int watches(void)
{
    bide_watch(int) w;
    bide_watcher(int) mine;
    int n = 0, sum = 0;

    CHECK_EQ(bide_watch_new(&n, &w), 0);
    CHECK_EQ(bide_watch_subscribe(w, &mine), 0);
    bide_iter(int) it = bide_iter_of_watcher(mine);
    defer {
        bide_iter_drop(it);
    }
    bide_scope(s) {
        bide_scope_spawn(s, sets_later(w));
        while (await bide_next(it, &n) > 0)
            sum += n;
    }
    return sum;
}

static async int writes(bide_stream *to)
{
    CHECK_EQ(await bide_stream_write_all(to, "one\ntwo\nthree\n", 14, NULL), 0);
    bide_stream_close(to);
    return 0;
}

static async int lines(void)
{
    bide_stream *here, *there;
    bide_reader *reader;
    char *line, all[32] = "";

    CHECK_EQ(bide_stream_pair(4, &here, &there), 0);
    CHECK_EQ(bide_reader_new(there, 80, &reader), 0);
    bide_iter(char *) it = bide_iter_of_lines(reader);
    bide_scope(s) {
        bide_scope_spawn(s, writes(here));
        while (await bide_next(it, &line) > 0)
            strcat(strcat(all, line), ";");
    }
    CHECK_STR(all, "one;two;three;");
    bide_iter_drop(it);
    bide_reader_free(reader);
    bide_stream_close(there);
    return 0;
}

/* A line is being waited for, and the iterator goes all the same, and the reader after it. */
static async int lines_cancelled(void)
{
    bide_stream *here, *there;
    bide_reader *reader;
    char *line;
    int rc = 0;

    CHECK_EQ(bide_stream_pair(4, &here, &there), 0);
    CHECK_EQ(bide_reader_new(there, 80, &reader), 0);
    bide_iter(char *) it = bide_iter_of_lines(reader);
    CHECK_EQ(await bide_timeout(BIDE_MS(1), rc = bide_next(it, &line)), -ETIMEDOUT);
    bide_iter_drop(it);
    bide_reader_free(reader);
    bide_stream_close(here);
    bide_stream_close(there);
    return rc;
}

static async int connects(uint16_t port, int count)
{
    for (int i = 0; i < count; i++) {
        bide_stream *stream;
        CHECK_EQ(await bide_tcp_connect("127.0.0.1", port, &stream), 0);
        bide_stream_close(stream);
    }
    return 0;
}

static bool never(bide_stream *stream)
{
    return stream == NULL;
}

static async int accepts(void)
{
    bide_tcp_listener *listener;
    bide_stream *stream;
    int rc = 0;

    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    bide_iter(bide_stream *) it = bide_iter_take(bide_iter_of_listener(listener), 2);
    bide_scope(s) {
        bide_scope_spawn(s, connects(port, 2));
        while ((rc = await bide_next(it, &stream)) > 0)
            bide_stream_close(stream);
    }
    bide_iter_drop(it);
    /* Connections that a filter refuses are closed. */
    it = bide_iter_filter(bide_iter_of_listener(listener), never);
    bide_scope(s) {
        bide_scope_spawn(s, connects(port, 2));
        CHECK_EQ(await bide_timeout(BIDE_MS(50), rc = bide_next(it, &stream)), -ETIMEDOUT);
    }
    bide_iter_drop(it);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(other_sources)
{
    CHECK_EQ(bide_block_on(broadcasts()), 0);
    CHECK_EQ(bide_block_on(watches()), 6);
    CHECK_EQ(bide_block_on(lines()), 0);
    CHECK_EQ(bide_block_on(lines_cancelled()), 0);
    CHECK_EQ(bide_block_on(accepts()), 0);
}

/* ---- dumps ---- */

static char dump[4096];
static size_t dump_size;

static void add_to_dump(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(dump_size + size < sizeof dump);
    memcpy(dump + dump_size, text, size);
    dump_size += size;
}

static async int ends_slowly(int *state, int *item)
{
    (void)state;
    *item = 0;
    defer {
        await bide_sleep(BIDE_MS(10));
    }
    await bide_sleep(BIDE_S(1));
    return 1;
}

/* The function of the iterator is being unwound. */
static async int dumps(void)
{
    await bide_sleep(BIDE_MS(5));
    bide_runtime_dump(bide_runtime_current(), add_to_dump, NULL);
    CHECK(strstr(dump, "polled by nobody") == NULL);
    CHECK(strstr(dump, "child 1 ") != NULL);
    return 0;
}

static async int closes(bool drops)
{
    bide_iter(int) it = bide_iter_of_steps(int, bide_ref(ends_slowly), (int *)NULL);
    int n;
    (void)await bide_timeout(BIDE_MS(1), (void)bide_next(it, &n));
    dump_size = 0;
    memset(dump, 0, sizeof dump);
    bide_task(int) watcher = bide_spawn(dumps());
    if (drops)
        bide_iter_drop(it);
    else
        await bide_iter_close(it);
    CHECK_EQ(await bide_task_wait(watcher), 0);
    await bide_sleep(BIDE_MS(20));
    return 0;
}

TEST(what_an_end_unwinds_is_polled_by_it)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closes(false)), 0);
    CHECK_EQ(bide_block_on(closes(true)), 0);
}
