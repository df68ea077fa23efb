/*
 * Future sets (lib/set/future_set.c, child.c) in a task of one thread, whose children are woken by
 * others: every end is told with what was written before it, whether a next is cancelled or the set
 * is closed meanwhile, and each child and the set are freed once.
 */
#include "hand.h"

#include <bide/bide.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_oneshot_recv, bide__desc_bide_future_set_next,
    bide__desc_bide_future_set_close;
uint64_t bide__future_set_add(void *set, const struct bide_fn *fn, const void *args);

enum { VALUES = 3 };

static struct bide__future_set *set;
static bide_oneshot_sender(int) tx[VALUES];
static bide_oneshot_receiver(int) rx[VALUES];
static int item[VALUES], told, sum, written[VALUES];
static struct hand hand;

/* The child with number i + 1 waits for value i. */
static void add(int i)
{
    struct {
        void *rx, *item;
    } args = {rx[i], &item[i]};
    explore_check(bide__future_set_add(set, &bide__desc_bide_oneshot_recv, &args) != 0);
}

static void begin(void)
{
    __libc_single_threaded = 0; /* the threads of the explorer are none to libc */
    explore_focus(false);
    explore_check(bide__future_set_new(0, 0, &set) == 0);
    for (int i = 0; i < VALUES; i++)
        explore_check(bide_oneshot_new(&tx[i], &rx[i]) == 0);
    explore_focus(true);
}

static void begin_two(void)
{
    begin();
    add(0);
    add(1);
}

/* One child, which both wake. */
async int both(void);
extern const struct bide_fn bide__desc_both;

async int both(void)
{
    int a = 0, b = 0;
    await bide_join(a = bide_oneshot_recv(rx[0], &item[0]), b = bide_oneshot_recv(rx[1], &item[1]));
    return a + b;
}

/* The first value ends it, while the other wake is under way. */
async int either(void);
extern const struct bide_fn bide__desc_either;

async int either(void)
{
    int r = 0;
    (void)await bide_select(r = bide_oneshot_recv(rx[0], &item[0]),
                            r = bide_oneshot_recv(rx[1], &item[1]));
    return r;
}

static void begin_both(void)
{
    begin();
    explore_check(bide__future_set_add(set, &bide__desc_both, NULL) == 1);
}

/* The second child waits longer. */
static void begin_either(void)
{
    begin();
    explore_check(bide__future_set_add(set, &bide__desc_either, NULL) == 1);
    add(2);
}

static void sends(int i)
{
    int value = 1 + i;
    written[i] = 1;
    bide_oneshot_send(tx[i], &value);
}

static void sends_0(void)
{
    sends(0);
}

static void sends_1(void)
{
    sends(1);
}

static void sends_1_and_2(void)
{
    sends(1);
    sends(2);
}

/* ---- the task that uses the set ---- */

static int out;
static uint64_t id;

static void begin_next(void)
{
    struct {
        void *set, *out;
        size_t stride;
        uint64_t *id;
    } args = {set, &out, 0, &id};
    hand_begin(&hand, &bide__desc_bide_future_set_next, &args);
}

static void is_told(void)
{
    explore_check(hand.result == 1 && out == 1 && id >= 1 && id <= 2);
    explore_check(written[id - 1] == 1 && item[id - 1] == (int)id);
    sum += (int)id;
    told++;
}

static void close_it(void)
{
    struct {
        void *set;
    } args = {set};
    hand_begin(&hand, &bide__desc_bide_future_set_close, &args);
    hand_finish(&hand);
}

static void uses(void)
{
    while (told < 2) {
        begin_next();
        hand_finish(&hand);
        is_told();
    }
    close_it();
}

/* The first call is cancelled, if it has not ended. */
static void gives_up_once(void)
{
    begin_next();
    if (hand_poll(&hand) || hand_cancel(&hand))
        is_told();
    uses();
}

/* The children have begun when they are cancelled. */
static void closes(void)
{
    begin_next();
    if (hand_poll(&hand) || hand_cancel(&hand))
        is_told();
    close_it();
}

static void next(int expected)
{
    begin_next();
    hand_finish(&hand);
    explore_check(hand.result == 1 && out == expected);
}

static void uses_both(void)
{
    next(2);
    explore_check(item[0] == 1 && item[1] == 2);
    close_it();
}

static void uses_either(void)
{
    next(1);
    next(1);
    explore_check((item[0] == 1 || item[1] == 2) && item[2] == 3);
    close_it();
}

static void end(void)
{
    explore_check(hand.references == 0);
    for (int i = 0; i < VALUES; i++)
        bide_oneshot_receiver_drop(rx[i]);
    if (written[2] == 0)
        bide_oneshot_sender_drop(tx[2]);
}

static void end_all(void)
{
    explore_check(sum == 3);
    end();
}

const struct explore_model explore_models[] = {
    {.name = "future set: all ends are told",
     .begin = begin_two,
     .threads = {sends_0, sends_1, uses},
     .end = end_all,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "future set: a next is cancelled",
     .begin = begin_two,
     .threads = {sends_0, sends_1, gives_up_once},
     .end = end_all,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "future set: it is closed",
     .begin = begin_two,
     .threads = {sends_0, sends_1, closes},
     .end = end,
     .stale = EXPLORE_NONE},
    {.name = "future set: two wake one child",
     .begin = begin_both,
     .threads = {sends_0, sends_1, uses_both},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "future set: a wake comes late",
     .begin = begin_either,
     .threads = {sends_0, sends_1_and_2, uses_either},
     .end = end,
     .stale = EXPLORE_NONE},
    {0},
};
