/*
 * Condition variables (lib/sync/condition.c): the unlock and the begin of the wait are one step, so
 * no signal is missed; one that meets a request goes on to another wait; and who returns, or was
 * cancelled, has the mutex.
 */
#include "lock.h"

#include "hand.h"

static bide_mutex mutex;
static bide_condition changed;
static int ready, used; /* under the mutex */

static void lock(void)
{
    explore_check(bide_mutex_lock(&mutex) == 0);
}

/* ---- one change, one wait ---- */

static void signals(void)
{
    lock();
    ready = 1;
    bide_mutex_unlock(&mutex);
    bide_condition_signal(&changed);
}

static void broadcasts(void)
{
    lock();
    ready = 1;
    bide_condition_broadcast(&changed);
    bide_mutex_unlock(&mutex);
}

static void waits(void)
{
    lock();
    while (!ready)
        explore_check(bide_condition_wait(&changed, &mutex) == 0);
    used++;
    bide_mutex_unlock(&mutex);
}

/* ---- two waits, one of which is cancelled: the signal is for one of them ---- */

static struct hand hand;

static void gives_up(void)
{
    struct {
        bide_condition *condition;
        bide_mutex *mutex;
    } args = {&changed, &mutex};
    lock();
    hand_begin(&hand, &bide__desc_bide_condition_wait, &args);
    if (!ready && !hand_poll(&hand) && hand_cancel(&hand))
        bide_condition_signal(&changed); /* it was this one's */
    used++;                              /* it has the mutex */
    bide_mutex_unlock(&mutex);
    explore_check(hand.references == 0);
}

static void end(void)
{
    explore_check(mutex.word_ == 0 && mutex.waiting_.first == NULL);
    explore_check(changed.waiting_.first == NULL);
}

static void end_one(void)
{
    explore_check(used == 1);
    end();
}

static void end_two(void)
{
    explore_check(used == 2);
    end();
}

const struct explore_model explore_models[] = {
    {.name = "condition: two",
     .begin = begin_threads,
     .threads = {signals, waits},
     .end = end_one,
     .stale = 1},
    {.name = "condition: all",
     .begin = begin_threads,
     .threads = {broadcasts, waits, waits},
     .end = end_two,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "condition: a request",
     .begin = begin_threads,
     .threads = {signals, gives_up, waits},
     .end = end_two,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
