/*
 * The lock of libbide-trace (extra/trace/lock.h, with two places): who changes has it alone; who
 * reads sees each change whole, also without a place; and nobody waits for ever.
 */
#include "tools/explore/explore.h"

#define BIDE__TRACE_PLACES 2
#include "extra/trace/lock.h"

#include "runtime/door/door.h"

static struct bide__trace_lock world = BIDE__TRACE_LOCK_INIT;
static int first, second; /* always the same, but while they are changed */

/* Time stands still: who waits for a place looks again at once. */
static int no_time(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    (void)fds, (void)count, (void)timeout_ms;
    return 0;
}

static void begin(void)
{
    bide__door.poll = no_time;
}

static void read_at(unsigned place)
{
    unsigned taken = bide__trace_lock_read(&world, place);
    explore_check(first == second);
    bide__trace_lock_unread(&world, taken);
}

static void reads(void)
{
    read_at(0);
}

static void reads_elsewhere(void)
{
    read_at(1);
}

static void reads_twice(void)
{
    read_at(0);
    read_at(0);
}

static void changes(void)
{
    bide__trace_lock_change(&world);
    first++;
    second++;
    bide__trace_lock_changed(&world);
}

static void end(void)
{
    read_at(0);
    read_at(1);
    explore_check(world.counted == 0);
}

const struct explore_model explore_models[] = {
    {.name = "reading: a change",
     .begin = begin,
     .threads = {reads_twice, changes},
     .end = end,
     .bound = 3},
    {.name = "reading: two readers, and a change",
     .begin = begin,
     .threads = {reads, reads_elsewhere, changes},
     .end = end,
     .bound = 2},
    {.name = "reading: two with the same place",
     .begin = begin,
     .threads = {reads, reads, changes},
     .end = end,
     .bound = 2},
    {.name = "reading: two changes",
     .begin = begin,
     .threads = {changes, changes, reads},
     .end = end,
     .bound = 2},
    {0},
};
