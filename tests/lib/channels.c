/*
 * Channels (bide/channel.h), polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/channel.h>
#include <bide/abi.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_send, bide__desc_bide_reserve, bide__desc_bide_recv,
    bide__desc_bide_recv_many, bide__desc_bide_sender_closed;

static bide_sender(int) tx;
static bide_receiver(int) rx;

static void channel(size_t capacity)
{
    CHECK_EQ(bide_channel_new(capacity, &tx, &rx), 0);
}

static void drop_channel(void)
{
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

static void begin_send(struct hand *h, const int *item)
{
    struct {
        void *sender;
        const void *item;
    } args = {tx, item};
    hand_begin(h, &bide__desc_bide_send, &args);
}

static void begin_recv(struct hand *h, int *item)
{
    struct {
        void *receiver;
        void *item;
    } args = {rx, item};
    hand_begin(h, &bide__desc_bide_recv, &args);
}

static void begin_reserve(struct hand *h, size_t count)
{
    struct {
        void *sender;
        size_t count;
    } args = {tx, count};
    hand_begin(h, &bide__desc_bide_reserve, &args);
}

TEST(a_channel_wants_room)
{
    CHECK_ERR(bide_channel_new(0, &tx, &rx), -EINVAL);
    CHECK(tx == NULL && rx == NULL);
    CHECK_ERR(bide_channel_new((size_t)1 << 28, &tx, &rx), -EINVAL);
    CHECK_ERR((bide_channel_new_with)(SIZE_MAX / 2, 3, NULL, &tx, &rx), -EINVAL);
    CHECK_ERR((bide_channel_new_with)(SIZE_MAX / 2, 1, NULL, &tx, &rx), -EINVAL);
}

TEST(items_come_out_in_order)
{
    channel(3);
    int v;
    CHECK_ERR(bide_try_recv(rx, &v), -EAGAIN);
    for (int round = 0, next = 0, expected = 0; round < 5; round++) {
        while (bide_try_send(tx, &next) == 0)
            next++;
        CHECK_EQ(next - expected, 3);
        CHECK_EQ(bide_receiver_count(rx), 3);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(bide_try_recv(rx, &v), 1);
            CHECK_EQ(v, expected++);
        }
        CHECK_EQ(bide_try_recv(rx, &v), 1);
        CHECK_EQ(v, expected++);
    }
    drop_channel();
}

TEST(a_send_waits_for_room)
{
    channel(1);
    int a = 1, b = 2, v;
    struct hand s1, s2;
    begin_send(&s1, &a);
    CHECK(hand_poll(&s1));
    CHECK_EQ(s1.result, 0);
    begin_send(&s2, &b);
    CHECK(!hand_poll(&s2));
    CHECK(!hand_poll(&s2)); /* a spurious poll */
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 1);
    CHECK_EQ(s2.wakes, 1);
    CHECK_EQ(bide_receiver_count(rx), 1);
    CHECK(hand_poll(&s2));
    CHECK_EQ(s2.result, 0);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 2);
    hand_end(&s1);
    hand_end(&s2);
    drop_channel();
}

TEST(senders_are_served_in_order_and_not_overtaken)
{
    channel(1);
    int item[4] = {0, 1, 2, 3}, v;
    struct hand s[4];
    for (int i = 0; i < 4; i++) {
        begin_send(&s[i], &item[i]);
        hand_poll(&s[i]);
    }
    for (int i = 0; i < 4; i++) {
        CHECK_ERR(bide_try_send(tx, &item[0]), -EAGAIN);
        CHECK_EQ(bide_try_recv(rx, &v), 1);
        CHECK_EQ(v, i);
    }
    for (int i = 1; i < 4; i++)
        CHECK(hand_poll(&s[i]));
    drop_channel();
}

TEST(a_cancelled_send_has_not_happened)
{
    channel(1);
    int item[3] = {0, 1, 2}, v;
    struct hand s[3];
    for (int i = 0; i < 3; i++) {
        begin_send(&s[i], &item[i]);
        hand_poll(&s[i]);
    }
    hand_cancel(&s[1]);
    CHECK(hand_poll(&s[1]));
    CHECK_ERR(s[1].error, -ECANCELED);
    hand_end(&s[1]);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 2);
    CHECK(hand_poll(&s[2]));
    hand_end(&s[2]);
    drop_channel();
}

TEST(a_send_that_has_happened_says_so_when_it_is_cancelled)
{
    channel(1);
    int item[2] = {0, 1}, v;
    struct hand s;
    CHECK_EQ(bide_try_send(tx, &item[0]), 0);
    begin_send(&s, &item[1]);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    hand_cancel(&s);
    CHECK(hand_poll(&s));
    CHECK_EQ(s.error, 0);
    CHECK_EQ(s.result, 0);
    hand_end(&s);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 1);
    drop_channel();
}

TEST(a_receive_waits_and_is_handed_the_item)
{
    channel(2);
    int a = 7, v = 0;
    struct hand r;
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_try_send(tx, &a), 0);
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(bide_receiver_count(rx), 0);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 1);
    CHECK_EQ(v, 7);
    hand_end(&r);
    drop_channel();
}

TEST(a_cancelled_receive_takes_nothing)
{
    channel(2);
    int a = 7, v = 0;
    struct hand r;
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    hand_end(&r);
    CHECK_EQ(bide_try_send(tx, &a), 0);
    CHECK_EQ(v, 0);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 7);
    drop_channel();
}

TEST(an_item_that_was_handed_over_is_not_lost_to_a_cancellation)
{
    channel(2);
    int a = 7, v = 0;
    struct hand r;
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_try_send(tx, &a), 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.error, 0);
    CHECK_EQ(r.result, 1);
    CHECK_EQ(v, 7);
    hand_end(&r);
    drop_channel();
}

TEST(receivers_are_served_in_order)
{
    channel(2);
    int v[3] = {0}, next;
    struct hand r[3];
    for (int i = 0; i < 3; i++) {
        begin_recv(&r[i], &v[i]);
        CHECK(!hand_poll(&r[i]));
    }
    hand_cancel(&r[1]);
    CHECK(hand_poll(&r[1]));
    for (next = 1; next <= 2; next++)
        CHECK_EQ(bide_try_send(tx, &next), 0);
    CHECK(hand_poll(&r[2]));
    CHECK(hand_poll(&r[0]));
    CHECK_EQ(v[0], 1);
    CHECK_EQ(v[1], 0);
    CHECK_EQ(v[2], 2);
    drop_channel();
}

TEST(without_senders_the_rest_can_be_received)
{
    channel(2);
    int a = 1, v;
    struct hand r;
    bide_sender(int) second = bide_sender_clone(tx);
    CHECK_EQ(bide_try_send(tx, &a), 0);
    bide_sender_drop(tx);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_sender_drop(second);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    hand_end(&r);
    CHECK_EQ(bide_try_recv(rx, &v), 0);
    bide_receiver_drop(rx);
}

TEST(a_closed_channel_drains)
{
    channel(1);
    int a = 1, b = 2, v;
    struct hand s, r;
    CHECK_EQ(bide_try_send(tx, &a), 0);
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    bide_receiver_close(rx);
    CHECK(hand_poll(&s));
    CHECK_ERR(s.result, -EPIPE);
    CHECK_ERR(bide_try_send(tx, &b), -EPIPE);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 1);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    drop_channel();
}

TEST(closing_ends_a_receive_that_waits)
{
    channel(1);
    int v;
    struct hand r;
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_receiver_close(rx);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    drop_channel();
}

static int dropped;

static void drop_item(void *item)
{
    dropped += *(int *)item;
}

TEST(items_that_nobody_took_are_dropped)
{
    CHECK_EQ(bide_channel_new_with(3, drop_item, &tx, &rx), 0);
    int v, item[] = {1, 10, 100, 1000};
    struct hand s;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(bide_try_send(tx, &item[i]), 0);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(bide_try_send(tx, &item[3]), 0);
    begin_send(&s, &item[0]);
    CHECK(!hand_poll(&s));
    bide_receiver_drop(rx);
    CHECK_EQ(dropped, 1110);
    CHECK(hand_poll(&s));
    CHECK_ERR(s.result, -EPIPE);
    CHECK_ERR(bide_try_send(tx, &item[0]), -EPIPE);
    bide_sender_drop(tx);
    CHECK_EQ(dropped, 1110);
}

TEST(a_reservation_keeps_room)
{
    channel(1);
    int a = 1, b = 2, v;
    struct hand p, s;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    CHECK_EQ(p.result, 0);
    CHECK_ERR(bide_try_send(tx, &a), -EAGAIN);
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_send_reserved(tx, &a), 0);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 1);
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(v, 2);
    drop_channel();
}

TEST(a_reservation_given_back_goes_to_the_next)
{
    channel(1);
    int b = 2, v;
    struct hand p, q, s;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    begin_reserve(&q, 1);
    CHECK(!hand_poll(&q));
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    bide_unreserve(tx, 1);
    CHECK_EQ(q.wakes, 1);
    CHECK_EQ(s.wakes, 0);
    hand_cancel(&q);
    CHECK(hand_poll(&q));
    CHECK_EQ(q.error, 0);
    CHECK_EQ(q.result, 0);
    bide_unreserve(tx, 1);
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    drop_channel();
}

TEST(a_cancelled_reservation_keeps_nothing)
{
    channel(1);
    int a = 1;
    struct hand p, q;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    begin_reserve(&q, 1);
    CHECK(!hand_poll(&q));
    hand_cancel(&q);
    CHECK(hand_poll(&q));
    CHECK_ERR(q.error, -ECANCELED);
    bide_unreserve(tx, 1);
    CHECK_EQ(bide_try_send(tx, &a), 0);
    drop_channel();
}

TEST(a_reservation_outlives_close)
{
    channel(2);
    int a = 1, v;
    struct hand p, r;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    bide_receiver_close(rx);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_send_reserved(tx, &a), 0);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 1);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    drop_channel();
}

TEST(the_last_reservation_given_back_ends_a_closed_channel)
{
    channel(2);
    int v;
    struct hand p, r;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    bide_receiver_close(rx);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_unreserve(tx, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    drop_channel();
}

TEST(a_reserved_send_to_nobody_says_so)
{
    channel(2);
    int a = 1;
    struct hand p;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    bide_receiver_drop(rx);
    CHECK_ERR(bide_send_reserved(tx, &a), -EPIPE);
    bide_sender_drop(tx);
}

TEST(a_task_without_budget_suspends_before_it_takes)
{
    channel(2);
    int a = 1, v = 0;
    struct hand r, s;
    CHECK_EQ(bide_try_send(tx, &a), 0);
    begin_recv(&r, &v);
    r.budget = 0;
    CHECK(!hand_poll(&r));
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(v, 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    CHECK_EQ(bide_receiver_count(rx), 1);
    begin_send(&s, &a);
    s.budget = 0;
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_receiver_count(rx), 1);
    s.budget = 1;
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_receiver_count(rx), 2);
    hand_end(&s);
    drop_channel();
}

/* ---- several at once ---- */

static void begin_recv_many(struct hand *h, int *items, size_t most)
{
    struct {
        void *receiver;
        void *items;
        size_t most;
    } args = {rx, items, most};
    hand_begin(h, &bide__desc_bide_recv_many, &args);
}

TEST(many_are_received_at_once)
{
    channel(8);
    int items[8] = {0};
    struct hand r;
    for (int i = 1; i <= 6; i++)
        CHECK_EQ(bide_try_send(tx, &i), 0);
    begin_recv_many(&r, items, 4);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 4);
    CHECK(items[0] == 1 && items[3] == 4 && items[4] == 0);
    begin_recv_many(&r, items, 8);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 2);
    CHECK(items[0] == 5 && items[1] == 6);
    begin_recv_many(&r, items, 8);
    CHECK(!hand_poll(&r));
    for (int i = 7; i <= 9; i++)
        CHECK_EQ(bide_try_send(tx, &i), 0);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 3);
    CHECK(items[0] == 7 && items[2] == 9);
    hand_end(&r);
    begin_recv_many(&r, items, 0);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EINVAL);
    bide_sender_drop(tx);
    begin_recv_many(&r, items, 8);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    bide_receiver_drop(rx);
}

TEST(a_cancelled_receive_of_many_takes_nothing_or_says_what)
{
    channel(4);
    int items[4] = {0}, a = 3;
    struct hand r;
    begin_recv_many(&r, items, 4);
    CHECK(!hand_poll(&r));
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    hand_end(&r);
    begin_recv_many(&r, items, 4);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_try_send(tx, &a), 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.error, 0);
    CHECK_EQ(r.result, 1);
    CHECK_EQ(items[0], 3);
    drop_channel();
}

TEST(who_reserves_much_is_not_overtaken)
{
    channel(3);
    int a = 1, v;
    struct hand much, little, s;
    CHECK_EQ(bide_try_send(tx, &a), 0);
    begin_reserve(&much, 3);
    CHECK(!hand_poll(&much));
    begin_reserve(&little, 1);
    CHECK(!hand_poll(&little));
    begin_send(&s, &a);
    CHECK(!hand_poll(&s));
    CHECK_ERR(bide_try_send(tx, &a), -EAGAIN); /* although there is room for two */
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(much.wakes, 1);
    CHECK_EQ(little.wakes, 0);
    CHECK(hand_poll(&much));
    CHECK_EQ(much.result, 0);
    bide_unreserve(tx, 2);
    CHECK(hand_poll(&little));
    CHECK(hand_poll(&s));
    bide_unreserve(tx, 2);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    hand_end(&much);
    hand_end(&little);
    hand_end(&s);
    drop_channel();
}

TEST(who_gives_up_lets_those_behind_go_on)
{
    channel(3);
    int a = 1;
    struct hand much, little[2];
    CHECK_EQ(bide_try_send(tx, &a), 0);
    begin_reserve(&much, 3);
    CHECK(!hand_poll(&much));
    for (int i = 0; i < 2; i++) {
        begin_reserve(&little[i], 1);
        CHECK(!hand_poll(&little[i]));
    }
    hand_cancel(&much);
    CHECK(hand_poll(&much));
    CHECK_ERR(much.error, -ECANCELED);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(little[i].wakes, 1);
        CHECK(hand_poll(&little[i]));
        hand_end(&little[i]);
    }
    CHECK_ERR(bide_try_send(tx, &a), -EAGAIN);
    bide_unreserve(tx, 2);
    CHECK_EQ(bide_try_send(tx, &a), 0);
    drop_channel();
}

TEST(what_cannot_be_reserved_is_refused)
{
    struct hand p;
    channel(3);
    begin_reserve(&p, 0);
    CHECK(hand_poll(&p));
    CHECK_ERR(p.result, -EINVAL);
    begin_reserve(&p, 4);
    CHECK(hand_poll(&p));
    CHECK_ERR(p.result, -EINVAL);
    drop_channel();
    channel(BIDE_UNBOUNDED);
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    CHECK_ERR(p.result, -ENOTSUP);
    drop_channel();
}

/* A send and a receive wait for each other's neighbour: all room is reserved. */
TEST(senders_and_receivers_may_wait_at_once)
{
    channel(1);
    int a = 1, b = 2, v = 0, w = 0;
    struct hand p, s, r, q;
    begin_reserve(&p, 1);
    CHECK(hand_poll(&p));
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    begin_recv(&q, &w);
    CHECK(!hand_poll(&q));
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_send_reserved(tx, &a), 0);
    CHECK(hand_poll(&r));
    CHECK(hand_poll(&s));
    CHECK(hand_poll(&q));
    CHECK_EQ(v, 1);
    CHECK_EQ(w, 2);
    CHECK_EQ(bide_receiver_count(rx), 0);
    drop_channel();
}

/* ---- several receivers, weak senders, the end ---- */

TEST(each_item_goes_to_one_of_several_receivers)
{
    channel(4);
    bide_receiver(int) other = bide_receiver_clone(rx);
    int v;
    for (int i = 0; i < 4; i++)
        CHECK_EQ(bide_try_send(tx, &i), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(bide_try_recv(i % 2 ? rx : other, &v), 1);
        CHECK_EQ(v, i);
    }
    bide_receiver_drop(other);
    CHECK(!bide_sender_is_closed(tx));
    CHECK_EQ(bide_try_send(tx, &v), 0);
    drop_channel();
}

TEST(a_weak_sender_does_not_keep_the_channel_open)
{
    channel(4);
    int v = 1;
    bide_weak_sender(int) weak = bide_sender_downgrade(tx);
    bide_sender(int) strong = bide_weak_sender_upgrade(weak);
    CHECK(strong == tx);
    bide_sender_drop(tx);
    CHECK_EQ(bide_try_send(strong, &v), 0);
    bide_sender_drop(strong);
    CHECK(bide_weak_sender_upgrade(weak) == NULL);
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK_EQ(bide_try_recv(rx, &v), 0);
    bide_receiver_drop(rx);
    bide_weak_sender_drop(weak);
}

TEST(a_sender_can_wait_for_the_end_of_the_receivers)
{
    for (int closes = 0; closes < 2; closes++) {
        struct hand c, given_up;
        channel(4);
        hand_begin(&c, &bide__desc_bide_sender_closed, &tx);
        CHECK(!hand_poll(&c));
        hand_begin(&given_up, &bide__desc_bide_sender_closed, &tx);
        CHECK(!hand_poll(&given_up));
        hand_cancel(&given_up);
        CHECK(hand_poll(&given_up));
        CHECK_ERR(given_up.error, -ECANCELED);
        hand_end(&given_up);
        if (closes)
            bide_receiver_close(rx);
        bide_receiver_drop(rx);
        CHECK_EQ(c.wakes, 1);
        CHECK(hand_poll(&c));
        CHECK_EQ(c.result, 0);
        hand_end(&c);
        hand_begin(&c, &bide__desc_bide_sender_closed, &tx);
        CHECK(hand_poll(&c));
        CHECK(bide_sender_is_closed(tx));
        bide_sender_drop(tx);
    }
}

/* More waits than one hold of the lock wakes. */
TEST(all_waits_end_when_a_channel_ends)
{
    enum { WAITS = 50 };
    static struct hand h[WAITS], c[WAITS];
    int a = 1, v;
    channel(1);
    CHECK_EQ(bide_try_send(tx, &a), 0);
    for (int i = 0; i < WAITS; i++) {
        begin_send(&h[i], &a);
        CHECK(!hand_poll(&h[i]));
        hand_begin(&c[i], &bide__desc_bide_sender_closed, &tx);
        CHECK(!hand_poll(&c[i]));
    }
    bide_receiver_close(rx);
    for (int i = 0; i < WAITS; i++) {
        CHECK(hand_poll(&h[i]));
        CHECK_ERR(h[i].result, -EPIPE);
        hand_end(&h[i]);
        CHECK(hand_poll(&c[i]));
        hand_end(&c[i]);
    }
    drop_channel();
    channel(1);
    for (int i = 0; i < WAITS; i++) {
        begin_recv(&h[i], &v);
        CHECK(!hand_poll(&h[i]));
    }
    bide_sender_drop(tx);
    for (int i = 0; i < WAITS; i++) {
        CHECK(hand_poll(&h[i]));
        CHECK_EQ(h[i].result, 0);
        hand_end(&h[i]);
    }
    bide_receiver_drop(rx);
}

/* ---- unbounded ---- */

TEST(an_unbounded_channel_keeps_all_in_order)
{
    enum { MANY = 1000 };
    int v, next = 0, expected = 0;
    channel(BIDE_UNBOUNDED);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < MANY; i++, next++)
            CHECK_EQ(bide_try_send(tx, &next), 0);
        CHECK_EQ(bide_receiver_count(rx), next - expected);
        for (int i = 0; i < MANY - 100 * (round < 4); i++, expected++) {
            CHECK_EQ(bide_try_recv(rx, &v), 1);
            CHECK_EQ(v, expected);
        }
    }
    bide_sender_drop(tx);
    for (; bide_try_recv(rx, &v) == 1; expected++)
        CHECK_EQ(v, expected);
    CHECK_EQ(expected, next);
    bide_receiver_drop(rx);
}

TEST(an_unbounded_send_never_waits_and_its_receive_does)
{
    int v = 0, a = 4;
    struct hand r, s;
    channel(BIDE_UNBOUNDED);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    begin_send(&s, &a);
    CHECK(hand_poll(&s));
    CHECK_EQ(s.result, 0);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 4);
    hand_end(&r);
    bide_receiver_close(rx);
    begin_send(&s, &a);
    CHECK(hand_poll(&s));
    CHECK_ERR(s.result, -EPIPE);
    drop_channel();
}

TEST(what_is_left_in_an_unbounded_channel_is_dropped)
{
    int one = 1;
    dropped = 0;
    CHECK_EQ(bide_channel_new_with(BIDE_UNBOUNDED, drop_item, &tx, &rx), 0);
    for (int i = 0; i < 300; i++)
        CHECK_EQ(bide_try_send(tx, &one), 0);
    bide_receiver_drop(rx);
    CHECK_EQ(dropped, 300);
    CHECK_ERR(bide_try_send(tx, &one), -EPIPE);
    bide_sender_drop(tx);
}

/* ---- wakers that come back in ---- */

/* Each of the waker's functions uses the channel; were it locked then, this would hang. */
static int pokes;
static bool poking;

static void poke(void *unused)
{
    (void)unused;
    struct hand c;
    int v = 0;
    if (poking)
        return;
    poking = true;
    pokes++;
    hand_begin(&c, &bide__desc_bide_sender_closed, &tx); /* takes the lock twice */
    if (!hand_poll(&c)) {
        hand_cancel(&c);
        CHECK(hand_poll(&c));
    }
    hand_end(&c);
    (void)bide_receiver_count(rx);
    bide_sender_drop(bide_sender_clone(tx));
    if (bide_try_recv(rx, &v) == 1)
        CHECK(bide_try_send(tx, &v) != -EPIPE || bide_sender_is_closed(tx));
    poking = false;
}

static bool poll_poking(struct hand *h)
{
    hand_calls_back(h, poke, NULL);
    return hand_poll(h);
}

TEST(wakers_may_use_the_channel_that_calls_them)
{
    int a = 1, b = 2, v = 0, w = 0;
    struct hand s, r, other, p, c;
    channel(1);
    begin_recv(&r, &v); /* clone */
    CHECK(!poll_poking(&r));
    begin_recv(&other, &w);
    hand_calls_back(&other, poke, NULL);
    CHECK(!hand_poll_as(&r, &other));   /* clone and drop */
    CHECK_EQ(bide_try_send(tx, &a), 0); /* wake */
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 1);
    CHECK(!poll_poking(&other));
    hand_cancel(&other); /* drop */
    CHECK(hand_poll(&other));
    CHECK_EQ(bide_try_send(tx, &a), 0);
    begin_send(&s, &b);
    poking = true; /* only a receive may make room here */
    CHECK(!poll_poking(&s));
    poking = false;
    CHECK_EQ(bide_try_recv(rx, &v), 1);
    CHECK(hand_poll(&s));
    begin_reserve(&p, 1);
    poking = true;
    CHECK(!poll_poking(&p));
    poking = false;
    hand_cancel(&p);
    CHECK(hand_poll(&p));
    hand_begin(&c, &bide__desc_bide_sender_closed, &tx);
    CHECK(!poll_poking(&c));
    bide_receiver_close(rx);
    CHECK(hand_poll(&c));
    CHECK(pokes >= 6);
    hand_end(&r);
    hand_end(&other);
    hand_end(&s);
    hand_end(&p);
    hand_end(&c);
    drop_channel();
}
