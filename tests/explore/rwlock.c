/*
 * Locks for readers and writers (lib/sync/rwlock.c): writers are alone, readers see what was
 * written before, and nobody is forgotten.
 */
#include "lock.h"

#include "hand.h"

static bide_rwlock rwlock;
static int value, seen[2];

static void writes(void)
{
    explore_check(bide_rwlock_write(&rwlock) == 0);
    value++;
    bide_rwlock_write_unlock(&rwlock);
}

static void reads(void)
{
    explore_check(bide_rwlock_read(&rwlock) == 0);
    seen[explore_thread() % 2] = value;
    bide_rwlock_read_unlock(&rwlock);
}

static void reads_then_writes(void)
{
    reads();
    writes();
}

static void writes_then_reads(void)
{
    explore_check(bide_rwlock_write(&rwlock) == 0);
    value++;
    bide_rwlock_downgrade(&rwlock);
    seen[explore_thread() % 2] = value;
    bide_rwlock_read_unlock(&rwlock);
}

static void end(void)
{
    explore_check(rwlock.word_ == 0 && rwlock.waiting_.first == NULL);
}

/* ---- a writer gives up, and a reader waits behind it ---- */

static struct hand hand;

static void begin_cancel(void)
{
    begin_threads();
    explore_check(bide_rwlock_try_read(&rwlock) == 0);
}

static void stops_reading(void)
{
    bide_rwlock_read_unlock(&rwlock);
}

static void gives_up(void)
{
    struct {
        bide_rwlock *rwlock;
        const char *place;
    } args = {&rwlock, "here"};
    hand_begin(&hand, &bide__desc_bide__rwlock_write, &args);
    if (hand_poll(&hand) || hand_cancel(&hand)) {
        value++;
        bide_rwlock_write_unlock(&rwlock);
    }
    explore_check(hand.references == 0);
}

const struct explore_model explore_models[] = {
    {.name = "rwlock: two",
     .begin = begin_threads,
     .threads = {writes, reads_then_writes},
     .end = end,
     .stale = 1},
    {.name = "rwlock: three",
     .begin = begin_threads,
     .threads = {writes, reads, reads},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "rwlock: a downgrade",
     .begin = begin_threads,
     .threads = {writes_then_reads, writes},
     .end = end},
    {.name = "rwlock: a request",
     .begin = begin_cancel,
     .threads = {stops_reading, gives_up, reads},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
