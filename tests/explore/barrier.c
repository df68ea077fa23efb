/*
 * Barriers (lib/sync/barrier.c): who leaves one sees what the others wrote before they came, each
 * round has one leader, and one that is cancelled has come or has not.
 */
#include "lock.h"

#include "hand.h"

enum { TASKS = 3 };

static bide_barrier barrier;
static int came[TASKS], led[TASKS], size;

static int me(void)
{
    return explore_thread() - 1;
}

static void begin(int tasks)
{
    begin_threads();
    size = tasks;
    barrier = (bide_barrier)BIDE_BARRIER_INIT((uint32_t)tasks);
}

static void begin_two(void)
{
    begin(2);
}

static void begin_three(void)
{
    begin(3);
}

/* What the others wrote is ordinary memory. */
static void passes(int round, int result)
{
    explore_check(result == 0 || result == 1);
    led[me()] += result;
    for (int i = 0; i < size; i++)
        explore_check(came[i] >= round);
}

static void meets(void)
{
    came[me()] = 1;
    passes(1, bide_barrier_wait(&barrier));
}

/* The second wait keeps one from writing for the next round while another still reads. */
static void meets_twice(void)
{
    meets();
    explore_check(bide_barrier_wait(&barrier) >= 0);
    came[me()] = 2;
    passes(2, bide_barrier_wait(&barrier));
}

/* ---- one that waits is cancelled, and comes again ---- */

static struct hand hand;

static void gives_up(void)
{
    struct {
        bide_barrier *barrier;
    } args = {&barrier};
    came[me()] = 1;
    hand_begin(&hand, &bide__desc_bide_barrier_wait, &args);
    if (hand_poll(&hand) || hand_cancel(&hand))
        passes(1, hand.result);
    else
        passes(1, bide_barrier_wait(&barrier));
    explore_check(hand.references == 0);
}

static void end(int rounds)
{
    int sum = 0;
    for (int i = 0; i < size; i++)
        sum += led[i];
    explore_check(sum == rounds);
    explore_check(barrier.arrived_ == 0 && barrier.waiting_.first == NULL);
}

static void end_one(void)
{
    end(1);
}

static void end_two(void)
{
    end(2);
}

const struct explore_model explore_models[] = {
    {.name = "barrier: two rounds",
     .begin = begin_two,
     .threads = {meets_twice, meets_twice},
     .end = end_two,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "barrier: a request",
     .begin = begin_two,
     .threads = {meets, gives_up},
     .end = end_one,
     .stale = 1},
    {.name = "barrier: three",
     .begin = begin_three,
     .threads = {meets, gives_up, meets},
     .end = end_one,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
