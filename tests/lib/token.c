/*
 * Tokens of cancellation: for ever, downwards only, waits that lose nothing; and trackers.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"
#include "hand.h"

static bide_token *token_new(void)
{
    bide_token *t;
    CHECK_EQ(bide_token_new(&t), 0);
    return t;
}

static bide_token *child_of(bide_token *parent)
{
    bide_token *t;
    CHECK_EQ(bide_token_child(parent, &t), 0);
    return t;
}

/* ---- the tree ---- */

TEST(a_token_cancels_what_is_below_it_and_not_what_is_above)
{
    bide_token *root = token_new(), *a = child_of(root), *b = child_of(root), *aa = child_of(a);
    CHECK(!bide_token_is_cancelled(root) && !bide_token_is_cancelled(aa));
    bide_token_cancel(a);
    CHECK(bide_token_is_cancelled(a) && bide_token_is_cancelled(aa));
    CHECK(!bide_token_is_cancelled(root) && !bide_token_is_cancelled(b));
    bide_token *late = child_of(a);
    CHECK(bide_token_is_cancelled(late)); /* for ever, and for those that come later */
    bide_token_cancel(a);
    bide_token_cancel(root);
    CHECK(bide_token_is_cancelled(b));
    bide_token_drop(root);
    bide_token_drop(a);
    bide_token_drop(b);
    bide_token_drop(aa);
    bide_token_drop(late);
    bide_token_drop(NULL);
}

TEST(handles_are_counted)
{
    bide_token *root = token_new(), *middle = child_of(root), *leaf = child_of(middle);
    bide_token *again = bide_token_clone(root);
    CHECK(again == root);
    bide_token_drop(middle); /* it lives on, below it is another one */
    bide_token_drop(root);
    bide_token_cancel(again);
    CHECK(bide_token_is_cancelled(leaf));
    bide_token_drop(again);
    bide_token_drop(leaf);
    for (int i = 0; i < 3; i++) { /* a drop cancels nothing */
        root = token_new();
        leaf = child_of(root);
        bide_token_drop(i == 0 ? root : leaf);
        CHECK(!bide_token_is_cancelled(i == 0 ? leaf : root));
        bide_token_drop(i == 0 ? leaf : root);
    }
}

static bide_token *made;

static int make_child(void)
{
    bide_token *root;
    int rc = bide_token_new(&root);
    if (rc < 0)
        return rc;
    rc = bide_token_child(root, &made);
    CHECK((rc == 0) == (made != NULL));
    bide_token_drop(root);
    return rc;
}

static void drop_made(void)
{
    bide_token_drop(made);
}

TEST(no_memory_at_any_site)
{
    CHECK_EQ(fails_everywhere(make_child, drop_made), 2);
}

/* ---- waits ---- */

static atomic_int woken;

static async int waits(bide_token *t)
{
    int rc = await bide_token_wait(t);
    woken++;
    return rc;
}

static async int all_wait(void)
{
    bide_token *root = token_new(), *below = child_of(root);
    bide_task(int) tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = bide_spawn(waits(i % 2 ? root : below));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(woken, 0);
    bide_token_cancel(root);
    for (int i = 0; i < 4; i++) {
        int rc = -1;
        CHECK_EQ(await bide_task_join(tasks[i], &rc), 0);
        CHECK_EQ(rc, 0);
    }
    CHECK_EQ(await bide_token_wait(below), 0); /* at once */
    bide_token_drop(root);
    bide_token_drop(below);
    return woken;
}

TEST(all_waits_end)
{
    bide_test_time_virtual();
    woken = 0;
    CHECK_EQ(bide_block_on(all_wait()), 4);
}

static async int value_later(int ms)
{
    await bide_sleep(BIDE_MS(ms));
    return ms;
}

static async int cancels_later(bide_token *t, int ms)
{
    await bide_sleep(BIDE_MS(ms));
    bide_token_cancel(t);
    return 0;
}

static async int until_cancelled(void)
{
    bide_token *t = token_new();
    int n = 0;
    CHECK_EQ(await bide_until_cancelled(t, n = value_later(5)), 1);
    CHECK_EQ(n, 5);
    bide_scope(s) {
        bide_scope_spawn(s, cancels_later(t, 10));
        CHECK_EQ(await bide_until_cancelled(t, n = value_later(1000)), 0);
    }
    CHECK_EQ(n, 5);
    CHECK_EQ(await bide_until_cancelled(t, n = value_later(0)), 0); /* it does not begin */
    bide_token_drop(t);
    return n;
}

TEST(a_call_runs_until_the_token_is_cancelled)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(until_cancelled()), 5);
}

/* ---- cancelled at every suspension ---- */

static bide_token *shared;

async int wait_twice(void *state);
extern const struct bide_fn bide__desc_wait_twice;

async int wait_twice(void *state)
{
    (void)state;
    bide_token *below = child_of(shared);
    defer {
        bide_token_drop(below);
    }
    bide_task(int) other = bide_spawn(cancels_later(shared, 5));
    defer {
        CHECK_EQ(await bide_task_wait(other), 0);
    }
    await bide_join(bide_token_wait(shared), bide_token_wait(below), bide_token_wait(below));
    return 0;
}

static void new_shared(void *state)
{
    (void)state;
    shared = token_new();
}

static void drop_shared(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    CHECK(bide_token_is_cancelled(shared));
    bide_token_drop(shared);
}

TEST(cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_wait_twice, NULL, new_shared, drop_shared) >=
          cancel_least(1));
}

/* ---- a waker that calls back ---- */

static void uses_token(void *token)
{
    (void)bide_token_is_cancelled(token);
    bide_token_drop(bide_token_clone(token));
    bide_token_drop(child_of(token));
}

static void uses_tracker(void *tracker)
{
    bide_tracker_enter(tracker);
    bide_tracker_leave(tracker);
    (void)bide_tracker_close(tracker);
}

/* Waits with two wakers; then it is cancelled, or `release` ends it. */
static void wait_and_call_back(const struct bide_fn *fn, void *object, void (*use)(void *),
                               void (*release)(void *))
{
    struct hand h, other;
    hand_begin(&other, fn, &object);
    hand_begin(&h, fn, &object);
    hand_calls_back(&other, use, object);
    hand_calls_back(&h, use, object);
    for (int i = 0; i < 3; i++)
        CHECK(!hand_poll(&h));
    CHECK(!hand_poll_as(&h, &other));
    CHECK_EQ(h.references, 0);
    if (release == NULL)
        hand_cancel(&h);
    else
        release(object);
    CHECK_EQ(other.wakes, release != NULL);
    CHECK(hand_poll(&h));
    hand_end(&h);
    CHECK_EQ(other.references, 0);
    CHECK(h.calls >= 4 && other.calls >= 2);
}

static void cancel_it(void *token)
{
    bide_token_cancel(token);
}

TEST(a_waker_may_call_back_into_the_token)
{
    extern const struct bide_fn bide__desc_bide_token_wait;
    for (int i = 0; i < 2; i++) {
        bide_token *t = token_new();
        wait_and_call_back(&bide__desc_bide_token_wait, t, uses_token, i == 0 ? NULL : cancel_it);
        bide_token_drop(t);
    }
}

static void leave_it(void *tracker)
{
    bide_tracker_leave(tracker);
}

TEST(a_waker_may_call_back_into_the_tracker)
{
    extern const struct bide_fn bide__desc_bide_tracker_wait;
    for (int i = 0; i < 2; i++) {
        bide_tracker t = BIDE_TRACKER_INIT;
        bide_tracker_enter(&t);
        wait_and_call_back(&bide__desc_bide_tracker_wait, &t, uses_tracker,
                           i == 0 ? NULL : leave_it);
        CHECK(t.waiting_.first == NULL && t.waiting_.due == NULL);
    }
}

/* A wake of many comes in portions; one of them cancels the last, which is to be woken, too. */
enum { CROWD = 100 };
static struct hand crowd[CROWD];
static bool is_over;

static void cancels_the_last(void *unused)
{
    (void)unused;
    if (!is_over)
        return;
    hand_cancel(&crowd[CROWD - 1]);
    hand_cancel(&crowd[CROWD - 2]);
    if (!crowd[CROWD - 2].done)
        CHECK(hand_poll(&crowd[CROWD - 2]));
    if (!crowd[CROWD - 1].done)
        CHECK(!hand_poll(&crowd[CROWD - 1]));
}

TEST(the_last_of_many_stays_until_it_is_woken)
{
    extern const struct bide_fn bide__desc_bide_tracker_wait;
    bide_tracker t = BIDE_TRACKER_INIT, *p = &t;
    bide_tracker_enter(&t);
    bide_tracker_close(&t);
    is_over = false;
    for (int i = 0; i < CROWD; i++) {
        hand_begin(&crowd[i], &bide__desc_bide_tracker_wait, &p);
        if (i == 0)
            hand_calls_back(&crowd[i], cancels_the_last, NULL);
        CHECK(!hand_poll(&crowd[i]));
    }
    is_over = true;
    bide_tracker_leave(&t);
    is_over = false;
    CHECK(!crowd[CROWD - 1].done);
    CHECK_EQ(crowd[CROWD - 1].wakes, 1);
    for (int i = 0; i < CROWD; i++) {
        if (!crowd[i].done)
            CHECK(hand_poll(&crowd[i]));
        CHECK_ERR(crowd[i].error, i < CROWD - 2 ? 0 : -ECANCELED);
        hand_end(&crowd[i]);
    }
}

/* ---- threads ---- */

enum { ROUNDS = 200 };

static bide_token *raced;

static void *cancels_it(void *argument)
{
    bide_token *t = argument;
    bide_token_cancel(t);
    bide_token_drop(t);
    return NULL;
}

static async int races(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        bide_token *below;
        raced = token_new();
        below = child_of(raced);
        CHECK_EQ(pthread_create(&thread, NULL, cancels_it, bide_token_clone(raced)), 0);
        CHECK_EQ(await bide_token_wait(below), 0);
        bide_token_drop(below);
        bide_token_drop(raced);
        CHECK_EQ(await bide_blocking(pthread_join(thread, NULL)), 0);
    }
    return 0;
}

TEST(another_thread_cancels)
{
    CHECK_EQ(bide_block_on(races()), 0);
}

/* ---- trackers ---- */

static bide_tracker tracker = BIDE_TRACKER_INIT;
static atomic_int served;

static async int serve(bide_tracker *t, int ms)
{
    defer {
        bide_tracker_leave(t);
    }
    await bide_sleep(BIDE_MS(ms));
    served++;
    return 0;
}

static async int tracks(void)
{
    CHECK_EQ(bide_tracker_count(&tracker), 0);
    CHECK(await bide_timeout(BIDE_MS(1), bide_tracker_wait(&tracker)) < 0); /* it is not closed */
    CHECK(bide_tracker_close(&tracker) && !bide_tracker_close(&tracker));
    CHECK_EQ(await bide_tracker_wait(&tracker), 0);
    CHECK(bide_tracker_reopen(&tracker) && !bide_tracker_is_closed(&tracker));
    bide_task(int) last;
    for (int i = 0; i < 5; i++) {
        bide_tracker_enter(&tracker);
        last = bide_spawn(serve(&tracker, 10 * (i + 1)));
        CHECK(!bide_task_is_unmade(last));
    }
    CHECK_EQ(bide_tracker_count(&tracker), 5);
    bide_task_abort(last);
    bide_tracker_close(&tracker);
    CHECK_EQ(await bide_tracker_wait(&tracker), 0);
    CHECK_EQ(bide_tracker_count(&tracker), 0);
    CHECK_EQ(served, 4);
    bide_tracker_reopen(&tracker);
    return 0;
}

TEST(a_tracker_waits_until_it_is_closed_and_empty)
{
    bide_test_time_virtual();
    served = 0;
    CHECK_EQ(bide_block_on(tracks()), 0);
}

async int track_wait(void *state);
extern const struct bide_fn bide__desc_track_wait;

async int track_wait(void *state)
{
    bide_tracker *t = state;
    bide_tracker_enter(t);
    bide_task(int) task = bide_spawn(serve(t, 5));
    defer {
        bide_tracker_close(t);
        CHECK_EQ(await bide_tracker_wait(t), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
        bide_tracker_reopen(t);
    }
    bide_tracker_close(t);
    await bide_join(bide_tracker_wait(t), bide_tracker_wait(t));
    return 0;
}

static void check_nothing(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
}

TEST(a_tracker_cancelled_at_every_suspension)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_track_wait, &tracker, NULL, check_nothing) >=
          cancel_least(1));
}
