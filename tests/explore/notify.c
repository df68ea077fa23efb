/*
 * Notifications (lib/sync/notify.c): none is lost, neither to a wait that begins at the same time
 * nor to one that is cancelled.
 */
#include "lock.h"

#include "hand.h"

static bide_notify notify;
static int value;

static void notifies(void)
{
    value = 1;
    bide_notify_one(&notify);
}

static void waits(void)
{
    explore_check(bide_notify_wait(&notify) == 0);
    explore_check(value == 1);
}

/* ---- one wait is cancelled, the other gets the notification ---- */

static struct hand hand;

static void gives_up(void)
{
    struct {
        bide_notify *notify;
    } args = {&notify};
    hand_begin(&hand, &bide__desc_bide_notify_wait, &args);
    if (hand_poll(&hand) || hand_cancel(&hand))
        bide_notify_one(&notify); /* it was this one's */
    explore_check(hand.references == 0);
}

/* ---- a wait that begins before the look ---- */

static _Atomic int changed;

static void changes(void)
{
    atomic_store_explicit(&changed, 1, memory_order_relaxed);
    bide_notify_all(&notify);
}

static void looks(void)
{
    bide_notified d;
    bide_notify_listen(&notify, &d);
    if (!atomic_load_explicit(&changed, memory_order_relaxed))
        explore_check(bide_notified_wait(&d) == 0);
    bide_notified_drop(&d);
}

static void end_changed(void)
{
    explore_check(notify.permit_ == 0 && notify.waiting_.first == NULL);
}

static void end(void)
{
    explore_check(notify.waiting_.first == NULL);
}

const struct explore_model explore_models[] = {
    {.name = "notify: two", .begin = begin_threads, .threads = {notifies, waits}, .end = end},
    {.name = "notify: a request",
     .begin = begin_threads,
     .threads = {notifies, gives_up, waits},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "notify: all",
     .begin = begin_threads,
     .threads = {changes, looks, looks},
     .end = end_changed,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
