/*
 * bide/channel.h from threads that know nothing of runtimes: the plain functions block, and make no
 * runtime. Several threads at each end: each item is received once, and each order is kept.
 */
#define bide_async /* the functions are called as plain C calls them */

#include <bide/channel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "check.h"

struct bide_runtime;
extern bide_runtime *bide__runtimes; /* all that there are */

enum { SENDERS = 3, RECEIVERS = 3, ITEMS = 1000 };

struct item {
    int sender, number;
};

static bide_sender(struct item) tx;
static bide_receiver(struct item) rx;
static atomic_long received, sum;

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

/* ---- a channel ---- */

static void *sends(void *argument)
{
    for (int i = 0; i < ITEMS; i++) {
        struct item item = {(int)(intptr_t)argument, i};
        if (i % 4 == 3) {
            CHECK_EQ(bide_reserve(tx, 2), 0);
            CHECK_EQ(bide_send_reserved(tx, &item), 0);
            bide_unreserve(tx, 1);
        } else {
            CHECK_EQ(bide_send(tx, &item), 0);
        }
    }
    bide_sender_drop(tx);
    return NULL;
}

static void *receives(void *argument)
{
    struct item items[3];
    int next[SENDERS] = {0}, r;
    while ((r = argument != NULL ? bide_recv_many(rx, items, 3) : bide_recv(rx, items)) > 0)
        for (int i = 0; i < r; i++) {
            CHECK(items[i].number >= next[items[i].sender]);
            next[items[i].sender] = items[i].number + 1;
            atomic_fetch_add(&received, 1);
            atomic_fetch_add(&sum, items[i].number);
        }
    CHECK_EQ(r, 0);
    bide_receiver_drop(rx);
    return NULL;
}

static void run(size_t capacity)
{
    pthread_t sender[SENDERS], receiver[RECEIVERS];
    received = sum = 0;
    CHECK_EQ(bide_channel_new(capacity, &tx, &rx), 0);
    for (int i = 0; i < SENDERS; i++)
        (void)bide_sender_clone(tx);
    for (int i = 0; i < RECEIVERS; i++)
        (void)bide_receiver_clone(rx);
    for (int i = 0; i < RECEIVERS; i++)
        receiver[i] = start(receives, i == 0 ? &sum : NULL);
    for (int i = 0; i < SENDERS; i++)
        sender[i] = start(sends, (void *)(intptr_t)i);
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(sender[i], NULL);
    for (int i = 0; i < RECEIVERS; i++)
        pthread_join(receiver[i], NULL);
    CHECK_EQ(received, SENDERS * ITEMS);
    CHECK_EQ(sum, (long)SENDERS * ITEMS * (ITEMS - 1) / 2);
    CHECK(bide__runtimes == NULL);
}

TEST_LIMIT(a_channel_between_plain_threads, 60)
{
    run(2);
    run(64);
}

static void *sends_freely(void *argument)
{
    for (int i = 0; i < ITEMS; i++) {
        struct item item = {(int)(intptr_t)argument, i};
        CHECK_EQ(bide_send(tx, &item), 0);
    }
    bide_sender_drop(tx);
    return NULL;
}

TEST_LIMIT(an_unbounded_channel_between_plain_threads, 60)
{
    pthread_t sender[SENDERS];
    received = sum = 0;
    CHECK_EQ(bide_channel_new(BIDE_UNBOUNDED, &tx, &rx), 0);
    for (int i = 0; i < SENDERS; i++) {
        (void)bide_sender_clone(tx);
        sender[i] = start(sends_freely, (void *)(intptr_t)i);
    }
    bide_sender_drop(tx);
    receives(NULL);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(sender[i], NULL);
    CHECK_EQ(received, SENDERS * ITEMS);
    CHECK(bide__runtimes == NULL);
}

static void *closes(void *argument)
{
    (void)argument;
    bide_receiver_close(rx);
    bide_receiver_drop(rx);
    return NULL;
}

TEST_LIMIT(a_thread_waits_for_the_end_of_the_receivers, 60)
{
    CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
    pthread_t thread = start(closes, NULL);
    CHECK_EQ(bide_sender_closed(tx), 0);
    pthread_join(thread, NULL);
    bide_sender_drop(tx);
}

/* ---- broadcast and watch ---- */

static bide_broadcast(int) news;
static bide_watch(int) watch;
static bide_watcher(int) watcher;

static void *listens(void *argument)
{
    bide_subscriber(int) mine = argument;
    int next = 0, item, r;
    while ((r = bide_subscriber_recv(mine, &item)) != 0)
        if (r == 1) {
            CHECK_EQ(item, next);
            next++;
        } else {
            next += (int)bide_subscriber_missed(mine);
        }
    CHECK_EQ(next, ITEMS);
    bide_subscriber_drop(mine);
    return NULL;
}

TEST_LIMIT(a_broadcast_between_plain_threads, 60)
{
    pthread_t thread[RECEIVERS];
    CHECK_EQ(bide_broadcast_new(16, &news), 0);
    for (int i = 0; i < RECEIVERS; i++) {
        bide_subscriber(int) mine;
        CHECK_EQ(bide_broadcast_subscribe(news, &mine), 0);
        thread[i] = start(listens, mine);
    }
    for (int i = 0; i < ITEMS; i++)
        bide_broadcast_send(news, &i);
    bide_broadcast_drop(news);
    for (int i = 0; i < RECEIVERS; i++)
        pthread_join(thread[i], NULL);
    CHECK(bide__runtimes == NULL);
}

static void *follows(void *argument)
{
    int before = 0, value;
    (void)argument;
    while (bide_watcher_changed(watcher, &value) == 1) {
        CHECK(value > before);
        before = value;
        const int *borrowed = bide_watcher_borrow(watcher);
        CHECK(*borrowed >= value);
        before = *borrowed;
        bide_watcher_return(watcher, borrowed);
    }
    CHECK_EQ(before, ITEMS);
    bide_watcher_drop(watcher);
    return NULL;
}

TEST_LIMIT(a_watch_between_plain_threads, 60)
{
    CHECK_EQ(bide_watch_new(&(int){0}, &watch), 0);
    CHECK_EQ(bide_watch_subscribe(watch, &watcher), 0);
    pthread_t thread = start(follows, NULL);
    for (int i = 1; i <= ITEMS; i++)
        CHECK_EQ(bide_watch_set(watch, &i), 0);
    bide_watch_drop(watch);
    pthread_join(thread, NULL);
    CHECK(bide__runtimes == NULL);
}

/* ---- oneshots ---- */

static bide_oneshot_sender(int) one_tx;
static bide_oneshot_receiver(int) one_rx;

static void *answers(void *argument)
{
    if (argument != NULL)
        CHECK_EQ(bide_oneshot_send(one_tx, &(int){7}), 0);
    else
        bide_oneshot_sender_drop(one_tx);
    return NULL;
}

TEST_LIMIT(a_oneshot_between_plain_threads, 60)
{
    static int yes;
    for (int i = 0; i < 200; i++) {
        int v = 0;
        CHECK_EQ(bide_oneshot_new(&one_tx, &one_rx), 0);
        pthread_t thread = start(answers, i % 3 ? &yes : NULL);
        CHECK_EQ(bide_oneshot_recv(one_rx, &v), i % 3 ? 1 : 0);
        CHECK_EQ(v, i % 3 ? 7 : 0);
        bide_oneshot_receiver_drop(one_rx);
        pthread_join(thread, NULL);
    }
    CHECK(bide__runtimes == NULL);
}
