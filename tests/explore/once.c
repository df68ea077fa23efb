/*
 * What is made once (lib/sync/once.c): one makes it at a time, all see it, and somebody takes over
 * from one that fails or is cancelled.
 */
#include "lock.h"

#include "lib/sync/once.h"

#include "hand.h"

static bide_once once;
static int value, fails;
static struct hand hand[4];

static int begin_once(struct hand *h)
{
    struct {
        bide_once *once;
        const char *place;
    } args = {&once, "here"};
    hand_begin(h, &bide__desc_bide__once_begin, &args);
    if (hand_poll(h))
        return h->result;
    hand_finish(h);
    return h->result;
}

/* What is made is an ordinary variable. */
static void uses(void)
{
    if (begin_once(&hand[explore_thread()]) == 1) {
        explore_check(value == 0);
        bool made = fails-- <= 0;
        if (made)
            value = 7;
        bide__once_end(&once, made);
        return;
    }
    explore_check(value == 7);
}

static void looks(void)
{
    if (bide_once_is_made(&once))
        explore_check(value == 7);
}

static void gives_up(void)
{
    struct hand *h = &hand[explore_thread()];
    struct {
        bide_once *once;
        const char *place;
    } args = {&once, "here"};
    hand_begin(h, &bide__desc_bide__once_begin, &args);
    if (!hand_poll(h) && !hand_cancel(h))
        return;
    if (h->result == 1)
        bide__once_end(&once, false);
}

static void begin_failing(void)
{
    begin_threads();
    fails = 1;
}

static void end_one(void)
{
    explore_check(value == 7 && once.waiting_.first == NULL);
}

const struct explore_model explore_models[] = {
    {.name = "once: two",
     .begin = begin_threads,
     .threads = {uses, uses, looks},
     .end = end_one,
     .bound = 1,
     .stale = 1},
    {.name = "once: it fails",
     .begin = begin_failing,
     .threads = {uses, uses},
     .end = end_one,
     .stale = 1},
    {.name = "once: a request",
     .begin = begin_failing,
     .threads = {uses, gives_up, uses},
     .end = end_one,
     .bound = 2,
     .stale = EXPLORE_NONE},
    {0},
};
