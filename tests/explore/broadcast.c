/*
 * Broadcasts (lib/sync/broadcast.c): an item that is overwritten while it is copied counts as
 * missed and is never seen torn; a wait ends; what came before the end is received.
 */
/* The threads call the plain functions, which block. */
#define bide_async

#include "hand.h"

#include <bide/abi.h>
#include <bide/channel.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_subscriber_recv;

struct item {
    long number, same;
};

static bide_broadcast(struct item) news;
static bide_subscriber(struct item) one, two;
static struct hand h;

static void begin(size_t capacity)
{
    __libc_single_threaded = 0;
    explore_check(bide_broadcast_new(capacity, &news) == 0);
    explore_check(bide_broadcast_subscribe(news, &one) == 0);
    explore_check(bide_broadcast_subscribe(news, &two) == 0);
}

static void one_place(void)
{
    begin(1);
}

static void two_places(void)
{
    begin(2);
}

static void send(long n)
{
    struct item item = {n, n};
    explore_check(bide_broadcast_send(news, &item) > 0);
}

static void sends_two(void)
{
    send(1);
    send(2);
}

static void sends_two_and_goes(void)
{
    sends_two();
    bide_broadcast_drop(news);
}

/* All items up to the second, but for those that are said to be missed. */
static void follow(void *subscriber)
{
    bide_subscriber(struct item) s = subscriber;
    for (long next = 1; next <= 2;) {
        struct item item;
        int r = bide_subscriber_recv(s, &item);
        if (r == -EOVERFLOW) {
            next += (long)bide_subscriber_missed(s);
            continue;
        }
        explore_check(r == 1 && item.number == next && item.same == next);
        next++;
    }
}

static void follows(void)
{
    follow(one);
}

static void follows_to_the_end(void)
{
    struct item item;
    follow(one);
    explore_check(bide_subscriber_recv(one, &item) == 0);
    bide_subscriber_drop(one);
    bide_subscriber_drop(two);
}

static void follows_too(void)
{
    follow(two);
}

static void end(void)
{
    explore_check(h.references == 0);
    bide_subscriber_drop(one);
    bide_subscriber_drop(two);
    bide_broadcast_drop(news);
}

static void gives_up(void)
{
    struct item item = {0, 0};
    struct {
        void *subscriber;
        void *item;
    } args = {one, &item};
    hand_begin(&h, &bide__desc_bide_subscriber_recv, &args);
    long next = 1;
    if (hand_poll(&h) || hand_cancel(&h)) {
        explore_check(h.result == 1 ? item.same == 1 : h.result == -EOVERFLOW);
        next += h.result == 1 ? 1 : (long)bide_subscriber_missed(one);
    }
    for (int r; (r = bide_subscriber_try_recv(one, &item)) != -EAGAIN;)
        if (r == 1)
            explore_check(item.number == next && item.same == next++);
        else
            next += (long)bide_subscriber_missed(one);
}

const struct explore_model explore_models[] = {
    {.name = "broadcast: one place",
     .begin = one_place,
     .threads = {sends_two, follows},
     .end = end,
     .stale = 1,
     .timeouts = -1},
    {.name = "broadcast: the end",
     .begin = two_places,
     .threads = {sends_two_and_goes, follows_to_the_end},
     .stale = 1,
     .timeouts = -1},
    {.name = "broadcast: two subscribers",
     .begin = two_places,
     .threads = {sends_two, follows, follows_too},
     .end = end,
     .stale = EXPLORE_NONE,
     .bound = 1,
     .timeouts = -1},
    {.name = "broadcast: a subscriber gives up",
     .begin = one_place,
     .threads = {sends_two, gives_up},
     .end = end,
     .stale = 1},
    {0},
};
