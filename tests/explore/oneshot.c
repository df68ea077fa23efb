/*
 * Oneshots (lib/sync/oneshot.c): the value comes whole or not at all, a wait ends, the block is
 * freed once, and a receive that is cancelled while the value comes loses neither.
 */
/* The threads call the plain functions, which block. */
#define bide_async

#include "hand.h"

#include <bide/abi.h>
#include <bide/channel.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_oneshot_recv;

struct value {
    int one, two;
};

static bide_oneshot_sender(struct value) tx;
static bide_oneshot_receiver(struct value) rx;
static int sent, dropped;
static struct hand h;

static void drop(void *item)
{
    dropped += ((struct value *)item)->two;
}

static void begin(void)
{
    __libc_single_threaded = 0;
    explore_check(bide_oneshot_new_with(drop, &tx, &rx) == 0);
}

static void sends(void)
{
    struct value v = {1, 2};
    sent = bide_oneshot_send(tx, &v) == 0;
}

static void goes(void)
{
    bide_oneshot_sender_drop(tx);
}

static void receives(void)
{
    struct value v = {0, 0};
    explore_check(bide_oneshot_recv(rx, &v) == 1);
    explore_check(v.one == 1 && v.two == 2);
    bide_oneshot_receiver_drop(rx);
}

static void receives_the_end(void)
{
    struct value v;
    explore_check(bide_oneshot_recv(rx, &v) == 0);
    bide_oneshot_receiver_drop(rx);
}

static void leaves(void)
{
    bide_oneshot_receiver_drop(rx);
}

static void all_is_dropped_once(void)
{
    explore_check(dropped == (sent ? 2 : 0));
}

/* ---- a receive that is cancelled ---- */

static void gives_up(void)
{
    struct value v = {0, 0};
    struct {
        void *rx;
        void *item;
    } args = {rx, &v};
    hand_begin(&h, &bide__desc_bide_oneshot_recv, &args);
    bool got = hand_poll(&h) || hand_cancel(&h);
    explore_check(!got || (h.result == 1 && v.two == 2));
    dropped += got ? v.two : 0;
    bide_oneshot_receiver_drop(rx);
}

static void no_clone_is_left(void)
{
    explore_check(h.references == 0);
    all_is_dropped_once();
}

const struct explore_model explore_models[] = {
    {.name = "oneshot: a value",
     .begin = begin,
     .threads = {sends, receives},
     .bound = 3,
     .timeouts = -1},
    {.name = "oneshot: no value",
     .begin = begin,
     .threads = {goes, receives_the_end},
     .bound = 3,
     .timeouts = -1},
    {.name = "oneshot: the receiver leaves",
     .begin = begin,
     .threads = {sends, leaves},
     .end = all_is_dropped_once,
     .bound = 3},
    {.name = "oneshot: the receiver gives up",
     .begin = begin,
     .threads = {sends, gives_up},
     .end = no_clone_is_left,
     .bound = 3},
    {0},
};
