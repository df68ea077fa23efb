/*
 * Oneshots (bide/channel.h), polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/channel.h>
#include <bide/abi.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_oneshot_recv;

static bide_oneshot_sender(int) tx;
static bide_oneshot_receiver(int) rx;

static int dropped;

static void drop_item(void *item)
{
    dropped += *(int *)item;
}

static void begin_recv(struct hand *h, int *item)
{
    struct {
        void *oneshot;
        void *item;
    } args = {rx, item};
    hand_begin(h, &bide__desc_bide_oneshot_recv, &args);
}

TEST(a_oneshot_gives_its_value_before_and_after_the_wait)
{
    for (int late = 0; late < 2; late++) {
        int a = 5, v = 0;
        struct hand r;
        CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
        CHECK_ERR(bide_oneshot_try_recv(rx, &v), -EAGAIN);
        begin_recv(&r, &v);
        if (late) {
            CHECK(!hand_poll(&r));
            CHECK(!hand_poll(&r));
        }
        CHECK_EQ(bide_oneshot_send(tx, &a), 0);
        CHECK_EQ(r.wakes, late);
        CHECK(hand_poll(&r));
        CHECK_EQ(r.result, 1);
        CHECK_EQ(v, 5);
        hand_end(&r);
        CHECK_EQ(bide_oneshot_try_recv(rx, &v), 0);
        bide_oneshot_receiver_drop(rx);
    }
}

TEST(a_sender_that_goes_ends_the_wait)
{
    int v;
    struct hand r;
    CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_oneshot_sender_drop(tx);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    hand_end(&r);
    bide_oneshot_receiver_drop(rx);
}

TEST(a_value_for_nobody_comes_back)
{
    int a = 5;
    CHECK_EQ(bide_oneshot_new_with(drop_item, &tx, &rx), 0);
    bide_oneshot_receiver_drop(rx);
    CHECK_ERR(bide_oneshot_send(tx, &a), -EPIPE);
    CHECK_EQ(dropped, 0);
    CHECK_EQ(bide_oneshot_new_with(drop_item, &tx, &rx), 0);
    bide_oneshot_receiver_drop(rx);
    bide_oneshot_sender_drop(tx);
}

TEST(a_value_that_nobody_took_is_dropped)
{
    int a = 5, v;
    CHECK_EQ(bide_oneshot_new_with(drop_item, &tx, &rx), 0);
    CHECK_EQ(bide_oneshot_send(tx, &a), 0);
    bide_oneshot_receiver_drop(rx);
    CHECK_EQ(dropped, 5);
    CHECK_EQ(bide_oneshot_new_with(drop_item, &tx, &rx), 0);
    CHECK_EQ(bide_oneshot_send(tx, &a), 0);
    CHECK_EQ(bide_oneshot_try_recv(rx, &v), 1);
    bide_oneshot_receiver_drop(rx);
    CHECK_EQ(dropped, 5);
}

TEST(a_cancelled_oneshot_can_be_received_again)
{
    int a = 5, v = 0;
    struct hand r, busy;
    CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    begin_recv(&busy, &v);
    CHECK(hand_poll(&busy));
    CHECK_ERR(busy.result, -EBUSY);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    hand_end(&r);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_oneshot_send(tx, &a), 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.error, 0);
    CHECK_EQ(v, 5);
    bide_oneshot_receiver_drop(rx);
}

/* The receive is polled with the waker of another task than before. */
TEST(a_oneshot_wakes_whoever_polled_it_last)
{
    int a = 5, v = 0;
    struct hand r, other;
    CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    begin_recv(&other, &v);
    CHECK(!hand_poll_as(&r, &other));
    CHECK_EQ(bide_oneshot_send(tx, &a), 0);
    CHECK_EQ(r.wakes, 0);
    CHECK_EQ(other.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 5);
    hand_end(&r);
    CHECK(hand_poll(&other));
    CHECK_EQ(other.result, 0);
    hand_end(&other);
    bide_oneshot_receiver_drop(rx);
}

/* A task that only waits for a oneshot fits into 128 bytes. */
TEST(a_wait_for_a_oneshot_is_small)
{
    CHECK_EQ(bide__desc_bide_oneshot_recv.frame_size, 32);
}

static bide_oneshot(int) in_place = BIDE_ONESHOT_INIT;

TEST(a_oneshot_in_memory_of_the_caller)
{
    int a = 5, v = 0;
    struct hand r;
    for (int round = 0; round < 2; round++) {
        bide_oneshot_ends(&in_place, &tx, &rx);
        begin_recv(&r, &v);
        CHECK(!hand_poll(&r));
        CHECK_EQ(bide_oneshot_send(tx, &a), 0);
        CHECK(hand_poll(&r));
        CHECK_EQ(r.result, 1);
        CHECK_EQ(v, 5);
        hand_end(&r);
        bide_oneshot_receiver_drop(rx);
        memset(&in_place, 0, sizeof in_place);
    }
}

struct large {
    long long numbers[9];
};

static long long large_dropped;

static void drop_large(void *item)
{
    large_dropped += ((struct large *)item)->numbers[8];
}

/* The function that drops lies behind the value, whatever the size of that is. */
TEST(values_of_all_sizes_are_kept_and_dropped)
{
    bide_oneshot_sender(struct large) large_tx;
    bide_oneshot_receiver(struct large) large_rx;
    bide_oneshot_sender(char) small_tx;
    bide_oneshot_receiver(char) small_rx;
    struct large large = {{[8] = 77}}, got;
    char c = 'c', d = 0;
    CHECK_EQ(bide_oneshot_new_with(drop_large, &large_tx, &large_rx), 0);
    CHECK_EQ(bide_oneshot_send(large_tx, &large), 0);
    bide_oneshot_receiver_drop(large_rx);
    CHECK_EQ(large_dropped, 77);
    CHECK_EQ(bide_oneshot_new_with(drop_large, &large_tx, &large_rx), 0);
    CHECK_EQ(bide_oneshot_send(large_tx, &large), 0);
    CHECK_EQ(bide_oneshot_try_recv(large_rx, &got), 1);
    CHECK_EQ(got.numbers[8], 77);
    bide_oneshot_receiver_drop(large_rx);
    CHECK_EQ(large_dropped, 77);
    CHECK_EQ(bide_oneshot_new_with(drop_item, &small_tx, &small_rx), 0);
    CHECK_EQ(bide_oneshot_send(small_tx, &c), 0);
    CHECK_EQ(bide_oneshot_try_recv(small_rx, &d), 1);
    CHECK_EQ(d, 'c');
    bide_oneshot_receiver_drop(small_rx);
}

TEST(a_sender_can_ask_whether_anybody_waits_for_its_answer)
{
    CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
    CHECK(!bide_oneshot_is_closed(tx));
    bide_oneshot_receiver_drop(rx);
    CHECK(bide_oneshot_is_closed(tx));
    bide_oneshot_sender_drop(tx);
}

TEST(a_task_without_budget_suspends_before_it_takes)
{
    int a = 5, v = 0;
    struct hand r;
    CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
    CHECK_EQ(bide_oneshot_send(tx, &a), 0);
    begin_recv(&r, &v);
    r.budget = 0;
    CHECK(!hand_poll(&r));
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(v, 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    hand_end(&r);
    CHECK_EQ(bide_oneshot_try_recv(rx, &v), 1);
    bide_oneshot_receiver_drop(rx);
}

/* ---- wakers that come back in ---- */

static void use_oneshot(void *unused)
{
    int v;
    (void)unused;
    (void)bide_oneshot_is_closed(tx);
    CHECK(bide_oneshot_try_recv(rx, &v) <= 0);
}

/* The word of the wait belongs to one of two wakers, is given up, and at last woken. */
TEST(wakers_may_use_the_oneshot_that_calls_them)
{
    for (int end = 0; end < 3; end++) {
        int a = 5, v = 0;
        struct hand r, other;
        CHECK_EQ(bide_oneshot_new(&tx, &rx), 0);
        begin_recv(&r, &v);
        begin_recv(&other, &v);
        hand_calls_back(&r, use_oneshot, NULL);
        hand_calls_back(&other, use_oneshot, NULL);
        CHECK(!hand_poll(&r));
        CHECK(!hand_poll_as(&r, &other));
        CHECK_EQ(r.references, 0);
        if (end == 0)
            hand_cancel(&r);
        else if (end == 1)
            bide_oneshot_sender_drop(tx);
        r.use = other.use = end == 2 ? NULL : use_oneshot; /* a try would take the value */
        if (end == 2)
            CHECK_EQ(bide_oneshot_send(tx, &a), 0);
        CHECK(hand_poll(&r));
        CHECK_ERR(r.error, end == 0 ? -ECANCELED : 0);
        CHECK_EQ(v, end == 2 ? 5 : 0);
        hand_end(&r);
        CHECK_EQ(other.references, 0);
        CHECK(r.calls >= 2 && other.calls >= 1);
        bide_oneshot_receiver_drop(rx);
        if (end == 0)
            bide_oneshot_sender_drop(tx);
    }
}
