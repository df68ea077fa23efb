/*
 * Watches (bide/channel.h), polled by hand, without a runtime: what they do in each order of
 * events.
 */
#include <bide/channel.h>
#include <bide/abi.h>
#include <bide/testing.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_watcher_changed, bide__desc_bide_watch_unwatched;

static bide_watch(int) watch;
static bide_watcher(int) one;

static void begin(void)
{
    CHECK_EQ(bide_watch_new(&(int){10}, &watch), 0);
    CHECK_EQ(bide_watch_subscribe(watch, &one), 0);
}

static void end(void)
{
    bide_watcher_drop(one);
    bide_watch_drop(watch);
}

static void begin_changed(struct hand *h, void *watcher, int *value)
{
    struct {
        void *watcher;
        void *value;
    } args = {watcher, value};
    hand_begin(h, &bide__desc_bide_watcher_changed, &args);
}

TEST(the_first_value_counts_as_seen)
{
    int v = 0;
    begin();
    CHECK_ERR(bide_watcher_has_changed(one), -EAGAIN);
    bide_watch_get(watch, &v);
    CHECK_EQ(v, 10);
    bide_watcher_get(one, &v);
    CHECK_EQ(v, 10);
    end();
}

TEST(only_the_latest_value_is_seen_and_once)
{
    int v = 0;
    struct hand c;
    begin();
    for (int i = 1; i <= 3; i++)
        CHECK_EQ(bide_watch_set(watch, &i), 0);
    CHECK_EQ(bide_watcher_has_changed(one), 1);
    begin_changed(&c, one, &v);
    CHECK(hand_poll(&c));
    CHECK_EQ(c.result, 1);
    CHECK_EQ(v, 3);
    CHECK_ERR(bide_watcher_has_changed(one), -EAGAIN);
    CHECK_EQ(bide_watch_set(watch, &(int){4}), 0);
    bide_watcher_get(one, &v);
    CHECK_EQ(v, 4);
    CHECK_ERR(bide_watcher_has_changed(one), -EAGAIN);
    end();
}

TEST(all_who_wait_see_a_change)
{
    enum { WAITS = 40 };
    static struct hand h[WAITS];
    static bide_watcher(int) s[WAITS];
    static int v[WAITS];
    begin();
    for (int i = 0; i < WAITS; i++) {
        CHECK_EQ(bide_watch_subscribe(watch, &s[i]), 0);
        begin_changed(&h[i], s[i], &v[i]);
        CHECK(!hand_poll(&h[i]));
        CHECK(!hand_poll(&h[i]));
    }
    CHECK_EQ(bide_watch_watchers(watch), WAITS + 1);
    CHECK_EQ(bide_watch_set(watch, &(int){7}), 0);
    CHECK_EQ(bide_watch_set(watch, &(int){8}), 0);
    for (int i = 0; i < WAITS; i++) {
        CHECK_EQ(h[i].wakes, 1);
        CHECK(hand_poll(&h[i]));
        CHECK_EQ(h[i].result, 1);
        CHECK_EQ(v[i], 8);
        hand_end(&h[i]);
        bide_watcher_drop(s[i]);
    }
    end();
}

TEST(the_end_comes_after_the_latest_value)
{
    int v = 0;
    struct hand c;
    begin();
    bide_watch(int) clone = bide_watch_clone(watch);
    begin_changed(&c, one, &v);
    CHECK(!hand_poll(&c));
    bide_watch_drop(watch);
    CHECK(!hand_poll(&c));
    CHECK_EQ(bide_watch_set(clone, &(int){5}), 0);
    bide_watch_drop(clone);
    CHECK(hand_poll(&c));
    CHECK_EQ(c.result, 1);
    CHECK_EQ(v, 5);
    hand_end(&c);
    begin_changed(&c, one, &v);
    CHECK(hand_poll(&c));
    CHECK_EQ(c.result, 0);
    CHECK_EQ(bide_watcher_has_changed(one), 0);
    bide_watcher_drop(one);
}

TEST(the_end_ends_a_wait)
{
    int v = 0;
    struct hand c;
    begin();
    begin_changed(&c, one, &v);
    CHECK(!hand_poll(&c));
    bide_watch_drop(watch);
    CHECK_EQ(c.wakes, 1);
    CHECK(hand_poll(&c));
    CHECK_EQ(c.result, 0);
    hand_end(&c);
    bide_watcher_drop(one);
}

TEST(a_cancelled_wait_takes_no_value)
{
    int v = 0;
    struct hand c;
    begin();
    for (int set = 0; set < 2; set++) {
        begin_changed(&c, one, &v);
        CHECK(!hand_poll(&c));
        if (set)
            CHECK_EQ(bide_watch_set(watch, &(int){5}), 0);
        hand_cancel(&c);
        CHECK(hand_poll(&c));
        CHECK_ERR(c.error, -ECANCELED);
        CHECK_EQ(v, 0);
        hand_end(&c);
    }
    CHECK_EQ(bide_watcher_has_changed(one), 1);
    end();
}

TEST(a_borrowed_value_stays_and_holds_up_nobody)
{
    bide_watcher(int) two;
    begin();
    CHECK_EQ(bide_watch_subscribe(watch, &two), 0);
    const int *old = bide_watcher_borrow(one);
    for (int i = 11; i < 20; i++)
        CHECK_EQ(bide_watch_set(watch, &i), 0);
    CHECK_EQ(*old, 10);
    CHECK_EQ(bide_watcher_has_changed(one), 1);
    const int *newer = bide_watcher_borrow(one), *same = bide_watcher_borrow(two);
    CHECK(newer == same);
    CHECK_EQ(*newer, 19);
    CHECK_EQ(bide_watch_set(watch, &(int){20}), 0);
    bide_watcher_return(one, newer);
    CHECK_EQ(*same, 19);
    bide_watcher_return(two, old); /* any watcher of the same watch */
    bide_watcher_return(two, same);
    bide_watcher_drop(two);
    int v;
    bide_watch_get(watch, &v);
    CHECK_EQ(v, 20);
    end();
}

/* Memory is taken only while somebody borrows; without it the old value stays. */
TEST(a_set_without_memory_changes_nothing)
{
    int v;
    begin();
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    CHECK_EQ(bide_watch_set(watch, &(int){11}), 0);
    const int *borrowed = bide_watcher_borrow(one);
    CHECK_ERR(bide_watch_set(watch, &(int){12}), -ENOMEM);
    CHECK_ERR(bide_watcher_has_changed(one), -EAGAIN);
    CHECK_EQ(*borrowed, 11);
    bide_watcher_return(one, borrowed);
    CHECK_EQ(bide_watch_set(watch, &(int){12}), 0);
    bide_watcher_get(one, &v);
    CHECK_EQ(v, 12);
    end();
}

TEST(one_can_wait_until_nobody_watches)
{
    struct hand u, given_up;
    begin();
    hand_begin(&u, &bide__desc_bide_watch_unwatched, &watch);
    CHECK(!hand_poll(&u));
    hand_begin(&given_up, &bide__desc_bide_watch_unwatched, &watch);
    CHECK(!hand_poll(&given_up));
    hand_cancel(&given_up);
    CHECK(hand_poll(&given_up));
    CHECK_ERR(given_up.error, -ECANCELED);
    hand_end(&given_up);
    bide_watcher_drop(one);
    CHECK_EQ(u.wakes, 1);
    CHECK(hand_poll(&u));
    CHECK_EQ(u.result, 0);
    hand_end(&u);
    hand_begin(&u, &bide__desc_bide_watch_unwatched, &watch);
    CHECK(hand_poll(&u));
    CHECK_EQ(bide_watch_set(watch, &(int){1}), 0); /* whether anybody watches or not */
    bide_watch_drop(watch);
}

TEST(a_task_without_budget_suspends_before_it_takes)
{
    int v = 0;
    struct hand c;
    begin();
    CHECK_EQ(bide_watch_set(watch, &(int){3}), 0);
    begin_changed(&c, one, &v);
    c.budget = 0;
    CHECK(!hand_poll(&c));
    CHECK_EQ(c.wakes, 1);
    CHECK_EQ(v, 0);
    c.budget = 1;
    CHECK(hand_poll(&c));
    CHECK_EQ(v, 3);
    hand_end(&c);
    end();
}

/* ---- wakers that come back in ---- */

static bool poking, quiet; /* quiet: nothing is set */
static int pokes;

static void poke(void *unused)
{
    bide_watcher(int) s;
    int v;
    (void)unused;
    if (poking)
        return;
    poking = true;
    pokes++;
    CHECK_EQ(bide_watch_subscribe(watch, &s), 0);
    if (!quiet)
        CHECK_EQ(bide_watch_set(watch, &pokes), 0);
    bide_watcher_get(s, &v);
    bide_watcher_drop(s);
    bide_watch_drop(bide_watch_clone(watch));
    poking = false;
}

TEST(wakers_may_use_the_watch_that_calls_them)
{
    int v = 0;
    struct hand c, u;
    begin();
    begin_changed(&c, one, &v);
    hand_calls_back(&c, poke, NULL);
    CHECK(hand_poll(&c)); /* the clone sets, so there is nothing to wait for, and it is dropped */
    CHECK_EQ(v, 2);
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        begin_changed(&c, one, &v);
        hand_calls_back(&c, poke, NULL);
        poking = true;
        CHECK(!hand_poll(&c));
        poking = false;
        begin_changed(&u, one, &v);
        hand_calls_back(&u, poke, NULL);
        quiet = true;
        CHECK(!hand_poll_as(&c, &u)); /* clone and drop */
        quiet = false;
        if (cancelled)
            hand_cancel(&c); /* drop */
        else
            CHECK_EQ(bide_watch_set(watch, &v), 0); /* wake */
        CHECK(hand_poll(&c));
        hand_end(&c);
    }
    CHECK_EQ(pokes, 8);
    hand_begin(&u, &bide__desc_bide_watch_unwatched, &watch);
    hand_calls_back(&u, poke, NULL);
    poking = true;
    CHECK(!hand_poll(&u));
    poking = false;
    bide_watcher_drop(one);
    CHECK(hand_poll(&u));
    CHECK_EQ(pokes, 9);
    hand_end(&u);
    bide_watch_drop(watch);
}
