/*
 * Intervals: the semantics of Tokio's, in virtual time.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>

#include "check.h"

static bide_interval interval;
static bide_instant start;

static int64_t ms_since_start(void)
{
    return bide_elapsed(start).ns / 1000000;
}

static void begin(bide_missed missed)
{
    bide_test_time_virtual();
    start = bide_now();
    interval = bide_interval_every(BIDE_MS(100), missed);
}

/* Takes a tick; returns when it was taken, in ms. */
static async int tick(void)
{
    CHECK_EQ(await bide_interval_tick(&interval), 0);
    return (int)ms_since_start();
}

/* When the last tick had been due. */
static int due(void)
{
    return (int)((bide_interval_ticked(&interval).ns - start.ns) / 1000000);
}

TEST(the_first_tick_is_at_once_and_the_others_at_equal_distances)
{
    begin(BIDE_MISSED_BURST);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(bide_block_on(tick()), i * 100);
        CHECK_EQ(due(), i * 100);
        bide_test_time_advance(BIDE_MS(i % 100)); /* work between them does not shift them */
    }
    CHECK_EQ(bide_interval_period(&interval).ns, 100000000);
}

TEST(an_interval_may_begin_later)
{
    begin(BIDE_MISSED_BURST);
    bide_instant first = bide_instant_add(start, BIDE_MS(30));
    interval = bide_interval_every_from(first, BIDE_MS(100), BIDE_MISSED_BURST);
    CHECK_EQ(bide_block_on(tick()), 30);
    CHECK_EQ(bide_block_on(tick()), 130);
}

TEST(a_period_that_is_not_positive_is_refused)
{
    static bide_interval zero;

    interval = bide_interval_every(BIDE_NS(0), BIDE_MISSED_SKIP);
    CHECK_ERR(bide_block_on(bide_interval_tick(&interval)), -EINVAL);
    interval = bide_interval_every_from(bide_now(), BIDE_S(-1), BIDE_MISSED_BURST);
    bide_interval_reset(&interval);
    CHECK_ERR(bide_block_on(bide_interval_tick(&interval)), -EINVAL);
    CHECK_ERR(bide_block_on(bide_interval_tick(&zero)), -EINVAL);
}

TEST(burst_makes_up_for_missed_ticks)
{
    begin(BIDE_MISSED_BURST);
    CHECK_EQ(bide_block_on(tick()), 0);
    bide_test_time_advance(BIDE_MS(350));
    CHECK_EQ(bide_block_on(tick()), 350);
    CHECK_EQ(due(), 100);
    CHECK_EQ(bide_block_on(tick()), 350);
    CHECK_EQ(due(), 200);
    CHECK_EQ(bide_block_on(tick()), 350);
    CHECK_EQ(due(), 300);
    CHECK_EQ(bide_block_on(tick()), 400);
}

TEST(delay_counts_from_the_late_tick)
{
    begin(BIDE_MISSED_DELAY);
    CHECK_EQ(bide_block_on(tick()), 0);
    bide_test_time_advance(BIDE_MS(350));
    CHECK_EQ(bide_block_on(tick()), 350);
    CHECK_EQ(due(), 100);
    CHECK_EQ(bide_block_on(tick()), 450);
    CHECK_EQ(bide_block_on(tick()), 550);
}

TEST(skip_goes_on_at_the_next_multiple)
{
    begin(BIDE_MISSED_SKIP);
    CHECK_EQ(bide_block_on(tick()), 0);
    bide_test_time_advance(BIDE_MS(350));
    CHECK_EQ(bide_block_on(tick()), 350);
    CHECK_EQ(due(), 100);
    CHECK_EQ(bide_block_on(tick()), 400);
    CHECK_EQ(due(), 400);
    bide_test_time_advance(BIDE_MS(200)); /* at a multiple, that one is skipped, too */
    CHECK_EQ(bide_block_on(tick()), 600);
    CHECK_EQ(due(), 500);
    CHECK_EQ(bide_block_on(tick()), 700);
}

/* 5 ms late is not missed, 5 ms and 1 ns is. */
TEST(a_tick_is_missed_when_it_is_more_than_5_ms_late)
{
    for (int missed = BIDE_MISSED_DELAY; missed <= BIDE_MISSED_SKIP; missed++) {
        begin((bide_missed)missed);
        interval = bide_interval_every(BIDE_MS(2), (bide_missed)missed);
        CHECK_EQ(bide_block_on(tick()), 0);
        bide_test_time_advance(BIDE_MS(7));
        CHECK_EQ(bide_block_on(tick()), 7); /* due at 2 */
        CHECK_EQ(bide_block_on(tick()), 7); /* due at 4: not missed, so made up for */
        CHECK_EQ(due(), 4);
        CHECK_EQ(bide_block_on(tick()), 7);
        CHECK_EQ(due(), 6);
        CHECK_EQ(bide_block_on(tick()), 8);

        bide_test_time_advance(BIDE_NS(7000001)); /* 15.000001; due at 10 */
        CHECK_EQ(bide_block_on(tick()), 15);
        CHECK_EQ(due(), 10);
        CHECK_EQ(bide_block_on(tick()), missed == BIDE_MISSED_SKIP ? 16 : 17);
    }
}

/* ---- cancelled ---- */

static async int cancelled(void)
{
    CHECK_EQ(await tick(), 0);
    for (int i = 0; i < 5; i++)
        CHECK_ERR(await bide_timeout(BIDE_MS(15), tick()), -ETIMEDOUT);
    CHECK_EQ(await tick(), 100);
    /* The tick is due in the same moment: it is taken, or it stays. */
    int n = 0, r = await bide_select_biased(bide_sleep(BIDE_MS(100)), n = tick());
    CHECK_EQ(r, 0);
    CHECK_EQ(await tick(), n == 200 ? 300 : 200);
    return 0;
}

TEST(a_cancelled_tick_is_not_lost)
{
    begin(BIDE_MISSED_BURST);
    CHECK_EQ(bide_block_on(cancelled()), 0);
}

/* ---- reset ---- */

static async int resets(void)
{
    CHECK_EQ(await tick(), 0);
    await bide_sleep(BIDE_MS(60));
    bide_interval_reset(&interval);
    CHECK_EQ(await tick(), 160);
    bide_interval_reset_after(&interval, BIDE_MS(20));
    CHECK_EQ(await tick(), 180);
    CHECK_EQ(await tick(), 280);
    bide_interval_reset_immediately(&interval);
    CHECK_EQ(await tick(), 280);
    CHECK_EQ(await tick(), 380);
    bide_interval_reset_at(&interval, bide_instant_add(start, BIDE_MS(1000)));
    CHECK_EQ(await tick(), 1000);
    CHECK_EQ(await tick(), 1100);
    return 0;
}

TEST(an_interval_can_be_reset)
{
    begin(BIDE_MISSED_BURST);
    CHECK_EQ(bide_block_on(resets()), 0);
}

static async int reset_while_waiting(void)
{
    CHECK_EQ(await tick(), 0);
    int n = 0;
    bide_task(int) task = bide_spawn(tick());
    await bide_sleep(BIDE_MS(50));
    bide_interval_reset(&interval);
    CHECK_ERR(await bide_interval_tick(&interval), -EBUSY);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 150);
    task = bide_spawn(tick());
    await bide_sleep(BIDE_MS(10));
    bide_interval_reset_immediately(&interval);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 160);
    CHECK_EQ(await tick(), 260);
    return 0;
}

TEST(an_interval_can_be_reset_while_somebody_waits)
{
    begin(BIDE_MISSED_BURST);
    CHECK_EQ(bide_block_on(reset_while_waiting()), 0);
}

TEST(an_interval_far_away_does_not_overflow)
{
    begin(BIDE_MISSED_SKIP);
    interval = bide_interval_every(BIDE_NS(INT64_MAX), BIDE_MISSED_SKIP);
    CHECK_EQ(bide_block_on(tick()), 0);
    interval =
        bide_interval_every_from((bide_instant){INT64_MIN}, BIDE_NS(INT64_MAX), BIDE_MISSED_SKIP);
    CHECK_EQ(bide_block_on(tick()), 0);
}
