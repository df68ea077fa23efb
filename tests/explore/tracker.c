/*
 * Trackers (lib/task/tracker.c): a wait ends when the tracker is closed and empty, and sees what
 * was written before each leave. Afterwards the tracker may go, also while whoever woke the wait is
 * still on its way back.
 */
#define bide_async /* plain functions, which block */

#include "hand.h"

#include <bide/token.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_tracker_wait;

enum { WAITS = 3 }; /* two are woken in one go */

static bide_tracker *tracker;
static int written[2];
static struct hand hand[WAITS];

static void begin(void)
{
    __libc_single_threaded = 0; /* the threads of the explorer are none to libc */
    tracker = malloc(sizeof *tracker);
    explore_check(tracker != NULL);
    *tracker = (bide_tracker)BIDE_TRACKER_INIT;
    bide_tracker_enter(tracker);
    bide_tracker_enter(tracker);
}

static void begin_wait(struct hand *h)
{
    hand_begin(h, &bide__desc_bide_tracker_wait, &tracker);
}

static void begin_waits(void)
{
    begin();
    bide_tracker_close(tracker);
    for (int i = 0; i < WAITS; i++) {
        begin_wait(&hand[i]);
        explore_check(!hand_poll(&hand[i]));
    }
}

static void leaves_0(void)
{
    written[0] = 1;
    bide_tracker_leave(tracker);
}

static void leaves_1(void)
{
    written[1] = 1;
    bide_tracker_leave(tracker);
}

static void waits(void)
{
    begin_wait(&hand[0]);
    bide_tracker_close(tracker);
    hand_finish(&hand[0]);
    explore_check(hand[0].result == 0 && written[0] == 1 && written[1] == 1);
    free(tracker);
}

/* The other waits are cancelled, and then nobody waits any more. Wakes may still be under way. */
static void waits_and_cancels(void)
{
    hand_finish(&hand[0]);
    for (int i = 1; i < WAITS; i++) {
        bide_chain_cancel(&hand[i].chain, -ECANCELED, false);
        hand_finish(&hand[i]);
    }
    free(tracker);
}

static void end(void)
{
    for (int i = 0; i < WAITS; i++)
        explore_check(hand[i].references == 0);
}

const struct explore_model explore_models[] = {
    {.name = "tracker: freed after a wait",
     .begin = begin,
     .threads = {leaves_0, leaves_1, waits},
     .end = end,
     .bound = 1,
     .stale = 1},
    {.name = "tracker: other waits are cancelled",
     .begin = begin_waits,
     .threads = {leaves_0, leaves_1, waits_and_cancels},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
