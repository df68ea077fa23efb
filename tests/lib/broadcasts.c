/*
 * Broadcasts (bide/channel.h), polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/channel.h>
#include <bide/abi.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_subscriber_recv;

static bide_broadcast(int) news;
static bide_subscriber(int) one, two;

static void begin(size_t capacity)
{
    CHECK_EQ(bide_broadcast_new(capacity, &news), 0);
    CHECK_EQ(bide_broadcast_subscribe(news, &one), 0);
}

static void end(void)
{
    bide_subscriber_drop(one);
    bide_broadcast_drop(news);
}

static void begin_recv(struct hand *h, void *subscriber, int *item)
{
    struct {
        void *subscriber;
        void *item;
    } args = {subscriber, item};
    hand_begin(h, &bide__desc_bide_subscriber_recv, &args);
}

TEST(a_broadcast_wants_room)
{
    CHECK_ERR(bide_broadcast_new(0, &news), -EINVAL);
    CHECK(news == NULL);
    CHECK_ERR(bide_broadcast_new(((size_t)1 << 28) + 1, &news), -EINVAL);
}

TEST(each_item_goes_to_every_subscriber_from_when_it_came)
{
    int v;
    begin(4);
    CHECK_EQ(bide_broadcast_send(news, &(int){1}), 1);
    CHECK_EQ(bide_broadcast_subscribe(news, &two), 0);
    CHECK_EQ(bide_broadcast_send(news, &(int){2}), 2);
    CHECK_EQ(bide_broadcast_subscribers(news), 2);
    for (int i = 1; i <= 2; i++) {
        CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
        CHECK_EQ(v, i);
    }
    CHECK_EQ(bide_subscriber_try_recv(two, &v), 1);
    CHECK_EQ(v, 2);
    CHECK_ERR(bide_subscriber_try_recv(one, &v), -EAGAIN);
    CHECK_ERR(bide_subscriber_try_recv(two, &v), -EAGAIN);
    bide_subscriber_drop(two);
    CHECK_EQ(bide_broadcast_send(news, &v), 1);
    end();
}

TEST(a_broadcast_to_nobody_says_so)
{
    int v = 1;
    begin(1);
    bide_subscriber_drop(one);
    CHECK_ERR(bide_broadcast_send(news, &v), -EPIPE);
    bide_broadcast_drop(news);
}

TEST(a_slow_subscriber_is_told_what_it_missed_and_goes_on_with_the_oldest)
{
    int v;
    begin(3); /* rounded up to 4 */
    for (int i = 0; i < 4; i++)
        CHECK_EQ(bide_broadcast_send(news, &i), 1);
    CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
    CHECK_EQ(v, 0);
    for (int i = 4; i < 14; i++)
        CHECK_EQ(bide_broadcast_send(news, &i), 1);
    CHECK_ERR(bide_subscriber_try_recv(one, &v), -EOVERFLOW);
    CHECK_EQ(bide_subscriber_missed(one), 9);
    for (int i = 10; i < 14; i++) {
        CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
        CHECK_EQ(v, i);
    }
    CHECK_ERR(bide_subscriber_try_recv(one, &v), -EAGAIN);
    end();
}

TEST(a_receive_waits_and_is_woken)
{
    enum { WAITS = 40 };
    static struct hand h[WAITS];
    static bide_subscriber(int) s[WAITS];
    static int v[WAITS];
    begin(2);
    for (int i = 0; i < WAITS; i++) {
        CHECK_EQ(bide_broadcast_subscribe(news, &s[i]), 0);
        begin_recv(&h[i], s[i], &v[i]);
        CHECK(!hand_poll(&h[i]));
        CHECK(!hand_poll(&h[i]));
    }
    CHECK_EQ(bide_broadcast_send(news, &(int){7}), WAITS + 1);
    for (int i = 0; i < WAITS; i++) {
        CHECK_EQ(h[i].wakes, 1);
        CHECK(hand_poll(&h[i]));
        CHECK_EQ(h[i].result, 1);
        CHECK_EQ(v[i], 7);
        hand_end(&h[i]);
        bide_subscriber_drop(s[i]);
    }
    end();
}

TEST(a_wait_that_is_polled_late_may_have_missed_items)
{
    int v = 0;
    struct hand r;
    begin(2);
    begin_recv(&r, one, &v);
    CHECK(!hand_poll(&r));
    for (int i = 1; i <= 5; i++)
        CHECK_EQ(bide_broadcast_send(news, &i), 1);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EOVERFLOW);
    CHECK_EQ(bide_subscriber_missed(one), 3);
    CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
    CHECK_EQ(v, 4);
    hand_end(&r);
    end();
}

TEST(a_cancelled_receive_takes_nothing)
{
    int v = 0;
    struct hand r;
    begin(2);
    for (int sent = 0; sent < 2; sent++) {
        begin_recv(&r, one, &v);
        CHECK(!hand_poll(&r));
        if (sent)
            CHECK_EQ(bide_broadcast_send(news, &(int){5}), 1);
        hand_cancel(&r);
        CHECK(hand_poll(&r));
        CHECK_ERR(r.error, -ECANCELED);
        CHECK_EQ(v, 0);
        hand_end(&r);
    }
    CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
    CHECK_EQ(v, 5);
    end();
}

TEST(without_broadcasts_the_rest_can_be_received)
{
    int v;
    struct hand r;
    begin(2);
    bide_broadcast(int) clone = bide_broadcast_clone(news);
    CHECK_EQ(bide_broadcast_send(clone, &(int){3}), 1);
    bide_broadcast_drop(news);
    begin_recv(&r, one, &v);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 3);
    begin_recv(&r, one, &v);
    CHECK(!hand_poll(&r));
    bide_broadcast_drop(clone);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    hand_end(&r);
    CHECK_EQ(bide_subscriber_try_recv(one, &v), 0);
    bide_subscriber_drop(one);
}

TEST(a_task_without_budget_suspends_before_it_takes)
{
    int v = 0;
    struct hand r;
    begin(2);
    CHECK_EQ(bide_broadcast_send(news, &(int){3}), 1);
    begin_recv(&r, one, &v);
    r.budget = 0;
    CHECK(!hand_poll(&r));
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(v, 0);
    r.budget = 1;
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 3);
    hand_end(&r);
    end();
}

struct odd {
    char bytes[13];
};

TEST(items_of_any_size_come_whole)
{
    bide_broadcast(struct odd) b;
    bide_subscriber(struct odd) s;
    struct odd in = {"twelve bytes"}, out = {""};
    CHECK_EQ(bide_broadcast_new(2, &b), 0);
    CHECK_EQ(bide_broadcast_subscribe(b, &s), 0);
    CHECK_EQ(bide_broadcast_send(b, &in), 1);
    CHECK_EQ(bide_subscriber_try_recv(s, &out), 1);
    CHECK_STR(out.bytes, in.bytes);
    bide_subscriber_drop(s);
    bide_broadcast_drop(b);
}

/* ---- wakers that come back in ---- */

static bool poking, quiet; /* quiet: nothing is sent */
static int pokes;

static void poke(void *unused)
{
    bide_subscriber(int) s;
    (void)unused;
    if (poking)
        return;
    poking = true;
    pokes++;
    CHECK_EQ(bide_broadcast_subscribe(news, &s), 0);
    if (!quiet)
        CHECK(bide_broadcast_send(news, &pokes) > 0);
    bide_subscriber_drop(s);
    bide_broadcast_drop(bide_broadcast_clone(news));
    poking = false;
}

TEST(wakers_may_use_the_broadcast_that_calls_them)
{
    int v = 0;
    struct hand r, other;
    begin(64);
    begin_recv(&r, one, &v);
    hand_calls_back(&r, poke, NULL);
    CHECK(hand_poll(&r)); /* the clone sends, so there is nothing to wait for, and it is dropped */
    CHECK_EQ(v, 1);
    CHECK_EQ(bide_subscriber_try_recv(one, &v), 1);
    begin_recv(&r, one, &v);
    poking = true;
    hand_calls_back(&r, poke, NULL);
    CHECK(!hand_poll(&r));
    poking = false;
    begin_recv(&other, one, &v);
    hand_calls_back(&other, poke, NULL);
    quiet = true;
    CHECK(!hand_poll_as(&r, &other)); /* clone and drop */
    quiet = false;
    CHECK(bide_broadcast_send(news, &v) > 0); /* wake */
    CHECK(hand_poll(&r));
    CHECK_EQ(pokes, 5);
    while (bide_subscriber_try_recv(one, &v) == 1)
        ;
    poking = true;
    CHECK(!hand_poll(&other));
    poking = false;
    hand_cancel(&other);
    CHECK(hand_poll(&other));
    CHECK_EQ(pokes, 6);
    hand_end(&r);
    hand_end(&other);
    end();
}
