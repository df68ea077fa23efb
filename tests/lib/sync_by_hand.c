/*
 * The leaves of bide/sync.h, polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/sync.h>
#include <bide/abi.h>

#include <stdlib.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_channel_send, bide__desc_bide_channel_reserve,
    bide__desc_bide_channel_recv, bide__desc_bide_oneshot_recv, bide__desc_bide_notify_wait;

/* ---- channels ---- */

static bide_sender *tx;
static bide_receiver *rx;

static void channel(size_t capacity)
{
    CHECK_EQ(bide_channel_new(sizeof(int), capacity, NULL, &tx, &rx), 0);
}

static void drop_channel(void)
{
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

static void begin_send(struct hand *h, const int *item)
{
    struct {
        bide_sender *sender;
        const void *item;
    } args = {tx, item};
    hand_begin(h, &bide__desc_bide_channel_send, &args);
}

static void begin_recv(struct hand *h, int *item)
{
    struct {
        bide_receiver *receiver;
        void *item;
    } args = {rx, item};
    hand_begin(h, &bide__desc_bide_channel_recv, &args);
}

static void begin_reserve(struct hand *h)
{
    hand_begin(h, &bide__desc_bide_channel_reserve, &tx);
}

TEST(a_channel_wants_room)
{
    CHECK_ERR(bide_channel_new(1, 0, NULL, &tx, &rx), -EINVAL);
    CHECK_ERR(bide_channel_new(SIZE_MAX / 2, 3, NULL, &tx, &rx), -EINVAL);
    CHECK_ERR(bide_channel_new(SIZE_MAX / 2, 1, NULL, &tx, &rx), -EINVAL);
}

TEST(items_come_out_in_order)
{
    channel(3);
    int v;
    CHECK_ERR(bide_channel_try_recv(rx, &v), -EAGAIN);
    for (int round = 0, next = 0, expected = 0; round < 5; round++) {
        while (bide_channel_try_send(tx, &next) == 0)
            next++;
        CHECK_EQ(next - expected, 3);
        CHECK_EQ(bide_channel_count(rx), 3);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
            CHECK_EQ(v, expected++);
        }
        CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    CHECK_EQ(v, 1);
    CHECK_EQ(s2.wakes, 1);
    CHECK_EQ(bide_channel_count(rx), 1);
    CHECK(hand_poll(&s2));
    CHECK_EQ(s2.result, 0);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
        CHECK_ERR(bide_channel_try_send(tx, &item[0]), -EAGAIN);
        CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
    CHECK_EQ(bide_channel_try_send(tx, &item[0]), 0);
    begin_send(&s, &item[1]);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    hand_cancel(&s);
    CHECK(hand_poll(&s));
    CHECK_EQ(s.error, 0);
    CHECK_EQ(s.result, 0);
    hand_end(&s);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(bide_channel_count(rx), 0);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
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
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    CHECK_EQ(v, 0);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
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
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.error, 0);
    CHECK_EQ(r.result, 0);
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
        CHECK_EQ(bide_channel_try_send(tx, &next), 0);
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
    bide_sender *second = bide_sender_clone(tx);
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    bide_sender_drop(tx);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_sender_drop(second);
    CHECK_EQ(r.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    hand_end(&r);
    CHECK_ERR(bide_channel_try_recv(rx, &v), -EPIPE);
    bide_receiver_drop(rx);
}

TEST(a_closed_channel_drains)
{
    channel(1);
    int a = 1, b = 2, v;
    struct hand s, r;
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    bide_channel_close(rx);
    CHECK(hand_poll(&s));
    CHECK_ERR(s.result, -EPIPE);
    CHECK_ERR(bide_channel_try_send(tx, &b), -EPIPE);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 1);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    drop_channel();
}

TEST(closing_ends_a_receive_that_waits)
{
    channel(1);
    int v;
    struct hand r;
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_channel_close(rx);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    drop_channel();
}

static int dropped;

static void drop_item(void *item)
{
    dropped += *(int *)item;
}

TEST(items_that_nobody_took_are_dropped)
{
    CHECK_EQ(bide_channel_new(sizeof(int), 3, drop_item, &tx, &rx), 0);
    int v, item[] = {1, 10, 100, 1000};
    struct hand s;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(bide_channel_try_send(tx, &item[i]), 0);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    CHECK_EQ(bide_channel_try_send(tx, &item[3]), 0);
    begin_send(&s, &item[0]);
    CHECK(!hand_poll(&s));
    bide_receiver_drop(rx);
    CHECK_EQ(dropped, 1110);
    CHECK(hand_poll(&s));
    CHECK_ERR(s.result, -EPIPE);
    CHECK_ERR(bide_channel_try_send(tx, &item[0]), -EPIPE);
    bide_sender_drop(tx);
    CHECK_EQ(dropped, 1110);
}

TEST(a_reservation_keeps_room)
{
    channel(1);
    int a = 1, b = 2, v;
    struct hand p, s;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    CHECK_EQ(p.result, 0);
    CHECK_ERR(bide_channel_try_send(tx, &a), -EAGAIN);
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_channel_send_reserved(tx, &a), 0);
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    CHECK_EQ(v, 1);
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    CHECK_EQ(v, 2);
    drop_channel();
}

TEST(a_reservation_given_back_goes_to_the_next)
{
    channel(1);
    int b = 2, v;
    struct hand p, q, s;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    begin_reserve(&q);
    CHECK(!hand_poll(&q));
    begin_send(&s, &b);
    CHECK(!hand_poll(&s));
    bide_channel_unreserve(tx);
    CHECK_EQ(q.wakes, 1);
    CHECK_EQ(s.wakes, 0);
    hand_cancel(&q);
    CHECK(hand_poll(&q));
    CHECK_EQ(q.error, 0);
    CHECK_EQ(q.result, 0);
    bide_channel_unreserve(tx);
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    drop_channel();
}

TEST(a_cancelled_reservation_keeps_nothing)
{
    channel(1);
    int a = 1;
    struct hand p, q;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    begin_reserve(&q);
    CHECK(!hand_poll(&q));
    hand_cancel(&q);
    CHECK(hand_poll(&q));
    CHECK_ERR(q.error, -ECANCELED);
    bide_channel_unreserve(tx);
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    drop_channel();
}

TEST(a_reservation_outlives_close)
{
    channel(2);
    int a = 1, v;
    struct hand p, r;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    bide_channel_close(rx);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_channel_send_reserved(tx, &a), 0);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    begin_recv(&r, &v);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    drop_channel();
}

TEST(the_last_reservation_given_back_ends_a_closed_channel)
{
    channel(2);
    int v;
    struct hand p, r;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    bide_channel_close(rx);
    begin_recv(&r, &v);
    CHECK(!hand_poll(&r));
    bide_channel_unreserve(tx);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    drop_channel();
}

TEST(a_reserved_send_to_nobody_says_so)
{
    channel(2);
    int a = 1;
    struct hand p;
    begin_reserve(&p);
    CHECK(hand_poll(&p));
    bide_receiver_drop(rx);
    CHECK_ERR(bide_channel_send_reserved(tx, &a), -EPIPE);
    bide_sender_drop(tx);
}

TEST(a_task_without_budget_suspends_before_it_takes)
{
    channel(2);
    int a = 1, v = 0;
    struct hand r, s;
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    begin_recv(&r, &v);
    r.budget = 0;
    CHECK(!hand_poll(&r));
    CHECK_EQ(r.wakes, 1);
    CHECK_EQ(v, 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    CHECK_EQ(bide_channel_count(rx), 1);
    begin_send(&s, &a);
    s.budget = 0;
    CHECK(!hand_poll(&s));
    CHECK_EQ(bide_channel_count(rx), 1);
    s.budget = 1;
    CHECK(hand_poll(&s));
    CHECK_EQ(bide_channel_count(rx), 2);
    hand_end(&s);
    drop_channel();
}

TEST(items_may_have_no_size)
{
    CHECK_EQ(bide_channel_new(0, 2, NULL, &tx, &rx), 0);
    int a, v;
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    CHECK_EQ(bide_channel_try_send(tx, &a), 0);
    CHECK_ERR(bide_channel_try_send(tx, &a), -EAGAIN);
    CHECK_EQ(bide_channel_try_recv(rx, &v), 0);
    drop_channel();
}

/* ---- oneshot ---- */

static void begin_oneshot(struct hand *h, bide_oneshot *o, int *item)
{
    struct {
        bide_oneshot *oneshot;
        void *item;
    } args = {o, item};
    hand_begin(h, &bide__desc_bide_oneshot_recv, &args);
}

TEST(a_oneshot_gives_its_value_before_and_after_the_wait)
{
    for (int late = 0; late < 2; late++) {
        bide_oneshot *o;
        int a = 5, v = 0;
        struct hand r;
        CHECK_EQ(bide_oneshot_new(sizeof(int), NULL, &o), 0);
        CHECK_ERR(bide_oneshot_try_recv(o, &v), -EAGAIN);
        begin_oneshot(&r, o, &v);
        if (late) {
            CHECK(!hand_poll(&r));
            CHECK(!hand_poll(&r));
        }
        CHECK_EQ(bide_oneshot_send(o, &a), 0);
        CHECK_EQ(r.wakes, late);
        CHECK(hand_poll(&r));
        CHECK_EQ(r.result, 0);
        CHECK_EQ(v, 5);
        hand_end(&r);
        CHECK_ERR(bide_oneshot_try_recv(o, &v), -EPIPE);
        bide_oneshot_drop_receiver(o);
    }
}

TEST(a_sender_that_goes_ends_the_wait)
{
    bide_oneshot *o;
    int v;
    struct hand r;
    CHECK_EQ(bide_oneshot_new(sizeof(int), NULL, &o), 0);
    begin_oneshot(&r, o, &v);
    CHECK(!hand_poll(&r));
    bide_oneshot_drop_sender(o);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.result, -EPIPE);
    hand_end(&r);
    bide_oneshot_drop_receiver(o);
}

TEST(a_value_for_nobody_comes_back)
{
    bide_oneshot *o;
    int a = 5;
    CHECK_EQ(bide_oneshot_new(sizeof(int), drop_item, &o), 0);
    bide_oneshot_drop_receiver(o);
    CHECK_ERR(bide_oneshot_send(o, &a), -EPIPE);
    CHECK_EQ(dropped, 0);
    CHECK_EQ(bide_oneshot_new(sizeof(int), drop_item, &o), 0);
    bide_oneshot_drop_receiver(o);
    bide_oneshot_drop_sender(o);
}

TEST(a_value_that_nobody_took_is_dropped)
{
    bide_oneshot *o;
    int a = 5, v;
    CHECK_EQ(bide_oneshot_new(sizeof(int), drop_item, &o), 0);
    CHECK_EQ(bide_oneshot_send(o, &a), 0);
    bide_oneshot_drop_receiver(o);
    CHECK_EQ(dropped, 5);
    CHECK_EQ(bide_oneshot_new(sizeof(int), drop_item, &o), 0);
    CHECK_EQ(bide_oneshot_send(o, &a), 0);
    CHECK_EQ(bide_oneshot_try_recv(o, &v), 0);
    bide_oneshot_drop_receiver(o);
    CHECK_EQ(dropped, 5);
}

TEST(a_cancelled_oneshot_can_be_received_again)
{
    bide_oneshot *o;
    int a = 5, v = 0;
    struct hand r, busy;
    CHECK_EQ(bide_oneshot_new(sizeof(int), NULL, &o), 0);
    begin_oneshot(&r, o, &v);
    CHECK(!hand_poll(&r));
    begin_oneshot(&busy, o, &v);
    CHECK(hand_poll(&busy));
    CHECK_ERR(busy.result, -EBUSY);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_ERR(r.error, -ECANCELED);
    hand_end(&r);
    begin_oneshot(&r, o, &v);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_oneshot_send(o, &a), 0);
    hand_cancel(&r);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.error, 0);
    CHECK_EQ(v, 5);
    bide_oneshot_drop_receiver(o);
}

/* The receive is polled with the waker of another task than before. */
TEST(a_oneshot_wakes_whoever_polled_it_last)
{
    bide_oneshot *o;
    int a = 5, v = 0;
    struct hand r, other;
    CHECK_EQ(bide_oneshot_new(sizeof(int), NULL, &o), 0);
    begin_oneshot(&r, o, &v);
    CHECK(!hand_poll(&r));
    begin_oneshot(&other, o, &v);
    CHECK(!hand_poll_as(&r, &other));
    CHECK_EQ(bide_oneshot_send(o, &a), 0);
    CHECK_EQ(r.wakes, 0);
    CHECK_EQ(other.wakes, 1);
    CHECK(hand_poll(&r));
    CHECK_EQ(v, 5);
    hand_end(&r);
    CHECK(hand_poll(&other));
    CHECK_ERR(other.result, -EPIPE);
    hand_end(&other);
    bide_oneshot_drop_receiver(o);
}

/* A task that only waits for a oneshot fits into 128 bytes. */
TEST(a_wait_for_a_oneshot_is_small)
{
    CHECK_EQ(bide__desc_bide_oneshot_recv.frame_size, 32);
}

TEST(a_oneshot_in_memory_of_the_caller)
{
    bide_oneshot o;
    int a = 5, slot = 0;
    struct hand r;
    bide_oneshot_init(&o, &slot, sizeof slot);
    begin_oneshot(&r, &o, NULL);
    CHECK(!hand_poll(&r));
    CHECK_EQ(bide_oneshot_send(&o, &a), 0);
    CHECK(hand_poll(&r));
    CHECK_EQ(r.result, 0);
    CHECK_EQ(slot, 5);
    bide_oneshot_init(&o, NULL, 0);
    CHECK_EQ(bide_oneshot_send(&o, NULL), 0);
    CHECK_EQ(bide_oneshot_try_recv(&o, NULL), 0);
}

/* ---- notify ---- */

static void begin_wait(struct hand *h, bide_notify *n)
{
    hand_begin(h, &bide__desc_bide_notify_wait, &n);
    CHECK(!hand_poll(h));
}

TEST(a_permit_is_kept_once)
{
    bide_notify n = {0}, *p = &n;
    struct hand w;
    bide_notify_one(&n);
    bide_notify_one(&n);
    hand_begin(&w, &bide__desc_bide_notify_wait, &p);
    CHECK(hand_poll(&w));
    CHECK_EQ(w.result, 0);
    begin_wait(&w, &n);
    bide_notify_one(&n);
    CHECK(hand_poll(&w));
    hand_end(&w);
}

TEST(one_wakes_the_first_and_all_wakes_all)
{
    bide_notify n = {0};
    struct hand w[4];
    bide_notify_all(&n); /* keeps nothing */
    for (int i = 0; i < 4; i++)
        begin_wait(&w[i], &n);
    bide_notify_one(&n);
    CHECK_EQ(w[0].wakes, 1);
    CHECK_EQ(w[1].wakes, 0);
    CHECK(!hand_poll(&w[1]));
    bide_notify_all(&n);
    for (int i = 0; i < 4; i++) {
        CHECK(hand_poll(&w[i]));
        hand_end(&w[i]);
    }
    begin_wait(&w[0], &n);
    hand_cancel(&w[0]);
    CHECK(hand_poll(&w[0]));
    CHECK_ERR(w[0].error, -ECANCELED);
    hand_end(&w[0]);
}

TEST(a_notification_of_a_cancelled_wait_goes_to_the_next)
{
    bide_notify n = {0}, *p = &n;
    struct hand w[3];
    for (int i = 0; i < 3; i++)
        begin_wait(&w[i], &n);
    bide_notify_one(&n);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(w[i].wakes, 1);
        hand_cancel(&w[i]);
        CHECK(hand_poll(&w[i]));
        CHECK_ERR(w[i].error, -ECANCELED);
        hand_end(&w[i]);
    }
    hand_begin(&w[0], &bide__desc_bide_notify_wait, &p);
    CHECK(hand_poll(&w[0]));
}

TEST(a_wait_that_was_ended_with_all_others_says_so_when_it_is_cancelled)
{
    bide_notify n = {0};
    struct hand w;
    begin_wait(&w, &n);
    bide_notify_all(&n);
    hand_cancel(&w);
    CHECK(hand_poll(&w));
    CHECK_EQ(w.error, 0);
    CHECK_EQ(w.result, 0);
    begin_wait(&w, &n);
    hand_cancel(&w);
    CHECK(hand_poll(&w));
}
