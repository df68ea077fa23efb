/*
 * The ring of a channel (lib/sync/ring.h), with two places: each item is taken once, whole, and in
 * the order of its sender; what a flag says is seen in the same step as the counter beside it.
 */
#include "tools/explore/explore.h"

#include "lib/sync/ring.h"

#include <string.h>

enum { PLACES = 2, ITEMS = 8 };

struct item {
    int number, same;
};

static struct ring ring;
static _Atomic uint32_t turns[PLACES];
static struct item items[PLACES];
static int taken[ITEMS];
static int64_t pushed[3];

static void begin(void)
{
#ifdef BIDE__SINGLE_THREADED
    __libc_single_threaded = 0;
#endif
    memset(&ring, 0, sizeof ring);
    ring.capacity = PLACES;
    ring.mask = PLACES - 1;
    ring.item_size = sizeof(struct item);
    ring.turns = turns;
    ring.items = (char *)items;
    for (uint32_t i = 0; i < PLACES; i++)
        turns[i] = i;
}

static bool push(int n)
{
    struct item item = {n, n};
    int r = ring_push(&ring, &item);
    explore_check(r == 0 || r == -EAGAIN || r == -EPIPE);
    return r == 0;
}

static bool take(void)
{
    struct item item = {-1, -2};
    int r = ring_take(&ring, &item, false);
    explore_check(r == 1 || r == -EAGAIN);
    if (r == 1) {
        explore_check(item.number == item.same && item.number >= 0 && item.number < ITEMS);
        taken[item.number]++;
    }
    return r == 1;
}

static void sends_two(void)
{
    pushed[0] = push(0);
    pushed[1] = push(1);
}

static void sends_another(void)
{
    pushed[2] = push(2);
}

static void takes_two(void)
{
    take();
    take();
}

static void takes_one(void)
{
    take();
}

static void each_is_taken_once(void)
{
    while (take())
        ;
    for (int i = 0; i < 3; i++)
        explore_check(taken[i] == pushed[i]);
}

/* The ring is full, and its places go round. */
static void full(void)
{
    begin();
    push(4);
    push(5);
}

/* ---- a flag, and the counter beside it ---- */

static bool sleeps;

/* A receiver that would sleep: whoever sends afterwards sees the flag, and pushes nothing. */
static void would_sleep(void)
{
    uint64_t tail = ring_set(&ring.tail, RING_AWAITED);
    sleeps = (uint32_t)tail == (uint32_t)ring_load(&ring.head);
}

static void nothing_was_missed(void)
{
    explore_check(pushed[2] != sleeps);
}

static void closes(void)
{
    ring_set(&ring.tail, RING_CLOSED);
    sleeps = ring_is_over(&ring);
}

static void nothing_comes_after_the_end(void)
{
    explore_check(!(sleeps && pushed[2]));
}

const struct explore_model explore_models[] = {
    {.name = "places: two senders, a receiver",
     .begin = begin,
     .threads = {sends_two, sends_another, takes_two},
     .end = each_is_taken_once,
     .stale = 1},
    {.name = "places: a sender, two receivers",
     .begin = full,
     .threads = {sends_two, takes_two, takes_one},
     .end = each_is_taken_once,
     .stale = 1},
    {.name = "places: who waits is seen",
     .begin = begin,
     .threads = {sends_another, would_sleep},
     .end = nothing_was_missed,
     .bound = 3},
    {.name = "places: closed",
     .begin = begin,
     .threads = {sends_another, closes},
     .end = nothing_comes_after_the_end,
     .bound = 3},
    {0},
};
