/*
 * The leaves of bide/sync.h, polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/sync.h>
#include <bide/abi.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_notify_wait;

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
