/*
 * The waits of bide/channel.h, each cancelled at each of its suspensions and at each wake: nothing
 * is lost or seen twice. (tests/lib/cancelled.c has send, reserve, recv and the oneshot.)
 *
 * A deferred block, which no request reaches, goes on where the cancelled wait was.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

enum { ITEMS = 5 };

static bide_sender(int) tx;
static bide_receiver(int) rx;
static bide_broadcast(int) news;
static bide_subscriber(int) mine;
static bide_watch(int) watch;
static bide_watcher(int) watcher;
static int taken;
static atomic_int given;

static void check_end(const struct cancel_run *run)
{
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    else
        CHECK_EQ(run->result, 0);
    CHECK(run->requested || run->error == 0);
}

/* ---- many at once ---- */

static void new_channel(void *state)
{
    (void)state;
    taken = 0;
    given = 0;
    CHECK_EQ(bide_channel_new(2, &tx, &rx), 0);
}

static async int produce(void)
{
    defer {
        bide_sender_drop(tx);
    }
    for (int i = 0; i < ITEMS; i++) {
        CHECK_EQ(await bide_send(tx, &i), 0);
        if (i % 2 == 0)
            await bide_yield();
    }
    return 0;
}

static async int take_all(void)
{
    int items[3], r;
    while ((r = await bide_recv_many(rx, items, 3)) > 0)
        for (int i = 0; i < r; i++)
            CHECK_EQ(items[i], taken++);
    return r;
}

SCENARIO(run_receive_many)
{
    (void)state;
    int items[3], r;
    bide_task(int) producer = bide_spawn(produce());
    defer {
        CHECK_EQ(await take_all(), 0);
        CHECK_EQ(await bide_task_wait(producer), 0);
    }
    while ((r = await bide_recv_many(rx, items, 3)) > 0)
        for (int i = 0; i < r; i++)
            CHECK_EQ(items[i], taken++);
    return r;
}

static void after_receive(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(taken, ITEMS);
    bide_receiver_drop(rx);
}

TEST(a_receive_of_many)
{
    CHECK(cancel_everywhere(&bide__desc_run_receive_many, NULL, new_channel, after_receive) >=
          cancel_least(1));
}

static async int consume(void)
{
    for (int item; await bide_recv(rx, &item) > 0; taken++) {
        CHECK_EQ(item, taken);
        await bide_yield();
    }
    return 0;
}

SCENARIO(run_reserve_two)
{
    (void)state;
    bide_task(int) consumer = bide_spawn(consume());
    defer {
        bide_sender_drop(tx);
        CHECK_EQ(await bide_task_wait(consumer), 0);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await bide_reserve(tx, 2), 0);
        int left = 2;
        defer {
            bide_unreserve(tx, (size_t)left);
        }
        await bide_yield();
        int item = given;
        CHECK_EQ(bide_send_reserved(tx, &item), 0);
        given++;
        left--;
    }
    return 0;
}

static void after_send(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(taken, given);
    bide_receiver_drop(rx);
}

TEST(a_reservation_of_several_places)
{
    CHECK(cancel_everywhere(&bide__desc_run_reserve_two, NULL, new_channel, after_send) >=
          cancel_least(3));
}

/* ---- several receivers ---- */

static atomic_int shared;

static async int consume_beside(bide_receiver(int) from)
{
    defer {
        bide_receiver_drop(from);
    }
    for (int item; await bide_recv(from, &item) > 0;)
        shared++;
    return 0;
}

SCENARIO(run_one_of_two_receivers)
{
    (void)state;
    shared = 0;
    bide_task(int) beside = bide_spawn(consume_beside(bide_receiver_clone(rx)));
    bide_task(int) producer = bide_spawn(produce());
    int item;
    defer {
        CHECK_EQ(await bide_task_wait(producer), 0);
        CHECK_EQ(await bide_task_wait(beside), 0);
    }
    while (await bide_recv(rx, &item) > 0)
        taken++;
    return 0;
}

static void after_two_receivers(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(taken + shared, ITEMS);
    bide_receiver_drop(rx);
}

TEST(one_of_several_receivers)
{
    CHECK(cancel_everywhere(&bide__desc_run_one_of_two_receivers, NULL, new_channel,
                            after_two_receivers) >= cancel_least(1));
}

/* ---- until it is closed ---- */

static async int close_later(void)
{
    await bide_yield();
    await bide_yield();
    bide_receiver_close(rx);
    return 0;
}

SCENARIO(run_closed)
{
    (void)state;
    bide_task(int) closer = bide_spawn(close_later());
    defer {
        CHECK_EQ(await bide_sender_closed(tx), 0);
        CHECK_EQ(await bide_task_wait(closer), 0);
        bide_sender_drop(tx);
        bide_receiver_drop(rx);
    }
    return await bide_sender_closed(tx);
}

static void after_any(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
}

TEST(a_wait_for_the_end_of_the_receivers)
{
    CHECK(cancel_everywhere(&bide__desc_run_closed, NULL, new_channel, after_any) >=
          cancel_least(1));
}

/* ---- broadcast ---- */

static void new_broadcast(void *state)
{
    (void)state;
    taken = 0;
    CHECK_EQ(bide_broadcast_new(8, &news), 0);
    CHECK_EQ(bide_broadcast_subscribe(news, &mine), 0);
}

static async int tell(void)
{
    defer {
        bide_broadcast_drop(news);
    }
    for (int i = 0; i < ITEMS; i++) {
        CHECK_EQ(bide_broadcast_send(news, &i), 1);
        await bide_yield();
    }
    return 0;
}

SCENARIO(run_subscriber)
{
    (void)state;
    int item;
    bide_task(int) teller = bide_spawn(tell());
    defer {
        while (await bide_subscriber_recv(mine, &item) > 0)
            CHECK_EQ(item, taken++);
        CHECK_EQ(await bide_task_wait(teller), 0);
    }
    while (await bide_subscriber_recv(mine, &item) > 0)
        CHECK_EQ(item, taken++);
    return 0;
}

static void after_subscriber(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(taken, ITEMS);
    bide_subscriber_drop(mine);
}

TEST(a_receive_of_a_subscriber)
{
    CHECK(cancel_everywhere(&bide__desc_run_subscriber, NULL, new_broadcast, after_subscriber) >=
          cancel_least(1));
}

/* ---- watch ---- */

static void new_watch(void *state)
{
    (void)state;
    taken = 0;
    CHECK_EQ(bide_watch_new(&(int){0}, &watch), 0);
    CHECK_EQ(bide_watch_subscribe(watch, &watcher), 0);
}

static async int change(void)
{
    defer {
        bide_watch_drop(watch);
    }
    for (int i = 1; i <= ITEMS; i++) {
        CHECK_EQ(bide_watch_set(watch, &i), 0);
        await bide_yield();
    }
    return 0;
}

SCENARIO(run_watcher)
{
    (void)state;
    int value;
    bide_task(int) changer = bide_spawn(change());
    defer {
        while (await bide_watcher_changed(watcher, &value) > 0) {
            CHECK(value > taken);
            taken = value;
        }
        CHECK_EQ(await bide_task_wait(changer), 0);
    }
    while (await bide_watcher_changed(watcher, &value) > 0) {
        CHECK(value > taken);
        taken = value;
    }
    return 0;
}

static void after_watcher(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run);
    CHECK_EQ(taken, ITEMS);
    bide_watcher_drop(watcher);
}

TEST(a_wait_for_a_change)
{
    CHECK(cancel_everywhere(&bide__desc_run_watcher, NULL, new_watch, after_watcher) >=
          cancel_least(1));
}

static async int leave_later(void)
{
    await bide_yield();
    await bide_yield();
    bide_watcher_drop(watcher);
    return 0;
}

SCENARIO(run_unwatched)
{
    (void)state;
    bide_task(int) leaver = bide_spawn(leave_later());
    defer {
        CHECK_EQ(await bide_watch_unwatched(watch), 0);
        CHECK_EQ(await bide_task_wait(leaver), 0);
        bide_watch_drop(watch);
    }
    return await bide_watch_unwatched(watch);
}

TEST(a_wait_until_nobody_watches)
{
    CHECK(cancel_everywhere(&bide__desc_run_unwatched, NULL, new_watch, after_any) >=
          cancel_least(1));
}

/* ---- memory ---- */

/* Each allocation fails in turn: the caller is told, and nothing is lost. */
static async int all_kinds(void)
{
    int v = 0, sum = 0, r = bide_channel_new(BIDE_UNBOUNDED, &tx, &rx);
    if (r < 0)
        return r;
    defer {
        bide_sender_drop(tx);
        bide_receiver_drop(rx);
    }
    for (int i = 0; i < 200; i++) {
        r = await bide_send(tx, &(int){1});
        if (r < 0)
            break;
        sum++;
    }
    while (bide_try_recv(rx, &v) == 1)
        sum--;
    CHECK_EQ(sum, 0);
    if (r < 0)
        return r;
    r = bide_broadcast_new(2, &news);
    if (r < 0)
        return r;
    defer {
        bide_broadcast_drop(news);
    }
    r = bide_broadcast_subscribe(news, &mine);
    if (r < 0)
        return r;
    bide_subscriber_drop(mine);
    r = bide_watch_new(&v, &watch);
    if (r < 0)
        return r;
    defer {
        bide_watch_drop(watch);
    }
    r = bide_watch_subscribe(watch, &watcher);
    if (r < 0)
        return r;
    const int *borrowed = bide_watcher_borrow(watcher);
    r = bide_watch_set(watch, &(int){1});
    bide_watcher_return(watcher, borrowed);
    bide_watcher_drop(watcher);
    return r;
}

TEST(no_memory_at_any_place)
{
    unsigned nth = 0;
    for (bool more = true; more;) {
        alloc_fails(++nth);
        more = alloc_has_failed(bide_block_on(all_kinds()));
    }
    CHECK(nth > 7);
}
