/*
 * Watches (lib/sync/watch.c): who waits sees the latest value, whole; a borrowed value stays; the
 * blocks are freed once.
 */
/* The threads call the plain functions, which block. */
#define bide_async

#include "hand.h"

#include <bide/abi.h>
#include <bide/channel.h>

#include <sys/single_threaded.h>

extern const struct bide_fn bide__desc_bide_watcher_changed;

struct value {
    long number, same;
};

static bide_watch(struct value) watch;
static bide_watcher(struct value) one;
static struct hand h;

static void begin(void)
{
    struct value first = {0, 0};
    __libc_single_threaded = 0;
    explore_check(bide_watch_new(&first, &watch) == 0);
    explore_check(bide_watch_subscribe(watch, &one) == 0);
}

static void set(long n)
{
    struct value value = {n, n};
    explore_check(bide_watch_set(watch, &value) == 0);
}

static void sets_two(void)
{
    set(1);
    set(2);
}

static void sets_and_goes(void)
{
    set(2);
    bide_watch_drop(watch);
}

static void follows(void)
{
    struct value value = {0, 0};
    for (long before = 0; before < 2; before = value.number) {
        explore_check(bide_watcher_changed(one, &value) == 1);
        explore_check(value.number > before && value.same == value.number);
    }
}

static void follows_to_the_end(void)
{
    struct value value;
    follows();
    explore_check(bide_watcher_changed(one, &value) == 0);
    bide_watcher_drop(one);
}

static void borrows(void)
{
    const struct value *v = bide_watcher_borrow(one);
    long number = v->number;
    explore_check(v->same == number);
    struct value now;
    bide_watcher_get(one, &now);
    explore_check(now.number >= number && v->number == number && v->same == number);
    bide_watcher_return(one, v);
}

static void goes(void)
{
    bide_watcher_drop(one);
}

static void waits_for_that(void)
{
    explore_check(bide_watch_unwatched(watch) == 0);
    bide_watch_drop(watch);
}

static void gives_up(void)
{
    struct value value = {0, 0};
    struct {
        void *watcher;
        void *value;
    } args = {one, &value};
    hand_begin(&h, &bide__desc_bide_watcher_changed, &args);
    if (!hand_poll(&h) && !hand_cancel(&h))
        explore_check(value.number == 0);
}

static void end(void)
{
    explore_check(h.references == 0);
    bide_watcher_drop(one);
    bide_watch_drop(watch);
}

const struct explore_model explore_models[] = {
    {.name = "watch: changes",
     .begin = begin,
     .threads = {sets_two, follows},
     .end = end,
     .stale = 1,
     .timeouts = -1},
    {.name = "watch: the end",
     .begin = begin,
     .threads = {sets_and_goes, follows_to_the_end},
     .stale = 1,
     .timeouts = -1},
    {.name = "watch: a borrow",
     .begin = begin,
     .threads = {sets_two, borrows},
     .end = end,
     .stale = 1},
    {.name = "watch: nobody watches",
     .begin = begin,
     .threads = {goes, waits_for_that},
     .stale = 1,
     .timeouts = -1},
    {.name = "watch: a watcher gives up",
     .begin = begin,
     .threads = {sets_two, gives_up},
     .end = end,
     .stale = 1},
    {0},
};
