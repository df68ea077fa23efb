/*
 * Semaphores (lib/sync/semaphore.c): permits are neither lost nor made, what was done before a
 * release is seen after the acquire that it allows, and a semaphore may be freed then.
 */
#include "lock.h"

#include "hand.h"

static bide_semaphore semaphore;
static int value[2];

static void begin_two(void)
{
    begin_threads();
    semaphore = (bide_semaphore)BIDE_SEMAPHORE_INIT(2);
}

static void one(void)
{
    explore_check(bide_semaphore_acquire(&semaphore, 1) == 0);
    bide_semaphore_release(&semaphore, 1);
}

static void both(void)
{
    explore_check(bide_semaphore_acquire(&semaphore, 2) == 0);
    value[0]++; /* alone */
    bide_semaphore_release(&semaphore, 2);
}

static void one_of_two(void)
{
    one();
}

static void end_two(void)
{
    explore_check(bide_semaphore_available(&semaphore) == 2);
    explore_check(!(semaphore.word_ & 3) && semaphore.waiting_.first == NULL);
}

/* ---- a request to cancel ---- */

static struct hand hand;

static void releases(void)
{
    value[0] = 1;
    bide_semaphore_release(&semaphore, 1);
}

static void gives_up(void)
{
    struct {
        bide_semaphore *semaphore;
        size_t count;
    } args = {&semaphore, 2};
    hand_begin(&hand, &bide__desc_bide_semaphore_acquire, &args);
    if (hand_poll(&hand) || hand_cancel(&hand))
        explore_fail("there were never two");
    explore_check(hand.references == 0);
}

static void takes(void)
{
    explore_check(bide_semaphore_acquire(&semaphore, 1) == 0);
    explore_check(value[0] == 1);
}

static void end_none(void)
{
    explore_check(semaphore.word_ == 0 && semaphore.waiting_.first == NULL);
}

/* ---- the one that is woken frees it ---- */

static bide_semaphore *heap;

static void begin_heap(void)
{
    begin_threads();
    heap = malloc(sizeof *heap);
    *heap = (bide_semaphore)BIDE_SEMAPHORE_INIT(0);
}

static void releases_heap(void)
{
    bide_semaphore_release(heap, 1);
}

static void frees(void)
{
    explore_check(bide_semaphore_acquire(heap, 1) == 0);
    free(heap);
}

/* ---- closed ---- */

static void closes(void)
{
    bide_semaphore_close(&semaphore);
}

static void takes_or_not(void)
{
    int r = bide_semaphore_acquire(&semaphore, 1);
    explore_check(r == 0 || r == -EPIPE);
    if (r == 0)
        bide_semaphore_release(&semaphore, 1);
}

static void end_closed(void)
{
    explore_check(bide_semaphore_available(&semaphore) == 1 && semaphore.waiting_.first == NULL);
}

const struct explore_model explore_models[] = {
    {.name = "semaphore: two", .begin = begin_two, .threads = {both, one}, .end = end_two},
    {.name = "semaphore: three",
     .begin = begin_two,
     .threads = {both, both, one_of_two},
     .end = end_two,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "semaphore: a request",
     .begin = begin_threads,
     .threads = {releases, gives_up, takes},
     .end = end_none,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "semaphore: freed", .begin = begin_heap, .threads = {releases_heap, frees}},
    {.name = "semaphore: closed",
     .begin = begin_threads,
     .threads = {releases, closes, takes_or_not},
     .end = end_closed,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
