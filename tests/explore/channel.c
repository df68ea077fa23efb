/*
 * Channels (lib/sync/channel.c, channel_leaf.c) between plain threads, which sleep while they wait:
 * each item is received once, nobody sleeps for ever, and what is cancelled or closed loses
 * nothing.
 */
/* The threads call the plain functions, which block. */
#define bide_async

#include "hand.h"

#include <bide/abi.h>
#include <bide/channel.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_recv, bide__desc_bide_send;

static bide_sender(int) tx;
static bide_receiver(int) rx;
static int got, given;
static _Atomic int sum, dropped;
static struct hand h;

static void drop(void *item)
{
    dropped += *(int *)item;
}

static void new_channel(size_t capacity)
{
    __libc_single_threaded = 0;
    explore_check(bide_channel_new_with(capacity, drop, &tx, &rx) == 0);
}

static void one_place(void)
{
    new_channel(1);
}

static void two_places(void)
{
    new_channel(2);
}

static void unbounded(void)
{
    new_channel(BIDE_UNBOUNDED);
}

static void send(int item)
{
    if (bide_send(tx, &item) == 0)
        sum += item;
}

static void receive(int expected)
{
    int item = 0;
    explore_check(bide_recv(rx, &item) == 1);
    explore_check(expected == 0 || item == expected);
    sum -= item;
}

static void all_is_received(void)
{
    explore_check(sum == 0);
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

/* ---- one to one, through one place ---- */

static void sends_two(void)
{
    send(1);
    send(2);
}

static void receives_two(void)
{
    receive(1);
    receive(2);
}

/* ---- several ---- */

static void sends_3(void)
{
    send(3);
}

static void sends_4(void)
{
    send(4);
}

static void receives_any_two(void)
{
    receive(0);
    receive(0);
}

static void receives_one(void)
{
    receive(0);
}

/* ---- beside the ring ---- */

static void sends_four(void)
{
    for (int i = 1; i <= 4; i++)
        send(i);
}

static void receives_four(void)
{
    for (int i = 1; i <= 4; i++)
        receive(i);
}

/* ---- the end ---- */

static void sends_and_goes(void)
{
    send(1);
    bide_sender_drop(tx);
}

static void receives_to_the_end(void)
{
    int item;
    explore_check(bide_recv(rx, &item) == 1);
    explore_check(bide_recv(rx, &item) == 0);
    bide_receiver_drop(rx);
}

static void receives_one_and_goes(void)
{
    int item;
    if (bide_try_recv(rx, &item) == 1)
        sum -= item;
    bide_receiver_drop(rx);
}

static void all_is_received_or_dropped(void)
{
    explore_check(sum == dropped);
    bide_sender_drop(tx);
}

/* ---- places that are given back, and that come free ---- */

static void full(void)
{
    one_place();
    send(1);
}

static void reserved(void)
{
    one_place();
    explore_check(bide_reserve(tx, 1) == 0);
}

static void gives_back(void)
{
    bide_unreserve(tx, 1);
}

static void sends_reserved(void)
{
    int item = 5;
    explore_check(bide_send_reserved(tx, &item) == 0);
    sum += item;
}

static void one_is_left(void)
{
    receive(3);
    all_is_received();
}

/* ---- cancelled ---- */

static void stops_receiving(void)
{
    int item = 0;
    struct {
        void *rx;
        void *item;
    } args = {rx, &item};
    hand_begin(&h, &bide__desc_bide_recv, &args);
    got = hand_poll(&h) || hand_cancel(&h) ? item : 0;
}

static void it_got_it_or_it_is_there(void)
{
    int item;
    explore_check(h.references == 0);
    explore_check(got == 3 ? bide_try_recv(rx, &item) == -EAGAIN : bide_try_recv(rx, &item) == 1);
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

static void stops_sending(void)
{
    int item = 2;
    struct {
        void *tx;
        const void *item;
    } args = {tx, &item};
    hand_begin(&h, &bide__desc_bide_send, &args);
    given = hand_poll(&h) || hand_cancel(&h);
}

static void it_was_sent_or_it_was_not(void)
{
    int item;
    explore_check(h.references == 0);
    explore_check(bide_try_recv(rx, &item) == (given ? 1 : -EAGAIN));
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

/* ---- polled without a wake ---- */

/* As a leaf is whose task another leaf has woken. */
static void finish_impatiently(void)
{
    if (!hand_poll(&h) && !hand_poll(&h))
        hand_finish(&h);
}

static void receives_impatiently(void)
{
    int item = 0;
    struct {
        void *rx;
        void *item;
    } args = {rx, &item};
    hand_begin(&h, &bide__desc_bide_recv, &args);
    finish_impatiently();
    explore_check(h.result == 1 && item == 1);
}

static void the_second_is_left(void)
{
    sum -= 1;
    receive(2);
    all_is_received();
}

static void sends_impatiently(void)
{
    int item = 2;
    struct {
        void *tx;
        const void *item;
    } args = {tx, &item};
    hand_begin(&h, &bide__desc_bide_send, &args);
    finish_impatiently();
    explore_check(h.result == 0);
}

static void it_was_sent_once(void)
{
    int item;
    explore_check(bide_try_recv(rx, &item) == 1 && item == 2);
    explore_check(bide_try_recv(rx, &item) == -EAGAIN);
    all_is_received();
}

const struct explore_model explore_models[] = {
    {.name = "channel: a receive is cancelled",
     .begin = one_place,
     .threads = {sends_3, stops_receiving},
     .end = it_got_it_or_it_is_there,
     .stale = 1},
    {.name = "channel: a send is cancelled",
     .begin = full,
     .threads = {receives_one, stops_sending},
     .end = it_was_sent_or_it_was_not,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: a place is given back",
     .begin = reserved,
     .threads = {gives_back, sends_3},
     .end = one_is_left,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: a place comes free",
     .begin = full,
     .threads = {receives_one, sends_3},
     .end = one_is_left,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: beside the ring",
     .begin = unbounded,
     .threads = {sends_four, receives_four},
     .end = all_is_received,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "channel: one place",
     .begin = one_place,
     .threads = {sends_two, receives_two},
     .end = all_is_received,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: two senders",
     .begin = one_place,
     .threads = {sends_3, sends_4, receives_any_two},
     .end = all_is_received,
     .stale = EXPLORE_NONE,
     .bound = 1,
     .timeouts = -1},
    {.name = "channel: two receivers",
     .begin = two_places,
     .threads = {sends_two, receives_one, receives_one},
     .end = all_is_received,
     .stale = EXPLORE_NONE,
     .bound = 1,
     .timeouts = -1},
    {.name = "channel: the sender goes",
     .begin = two_places,
     .threads = {sends_and_goes, receives_to_the_end},
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: the receiver goes",
     .begin = one_place,
     .threads = {sends_two, receives_one_and_goes},
     .end = all_is_received_or_dropped,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: a place is used",
     .begin = reserved,
     .threads = {sends_reserved, sends_3, receives_any_two},
     .end = all_is_received,
     .stale = EXPLORE_NONE,
     .bound = 1,
     .timeouts = -1},
    {.name = "channel: a receive is polled without a wake",
     .begin = two_places,
     .threads = {sends_two, receives_impatiently},
     .end = the_second_is_left,
     .stale = 1,
     .timeouts = -1},
    {.name = "channel: a send is polled without a wake",
     .begin = full,
     .threads = {receives_one, sends_impatiently},
     .end = it_was_sent_once,
     .stale = 1,
     .timeouts = -1},
    {0},
};
