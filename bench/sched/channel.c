/*
 * bench/sched/channel.c: channels: one task alone, one sender and one receiver, several senders,
 * and messages that go to and fro. Oneshots are in talk.c too.
 */
#include "rows.h"

#include <bide/bide.h>

enum { ROUND = 5000, WIDE = 1000, NARROW = 100, SENDERS = 4, RECEIVERS = 4, MANY = 1000 };

static bide_sender(long) to;
static bide_receiver(long) from;

static void open_channel(size_t capacity)
{
    expect("bide_channel_new", bide_channel_new(capacity, &to, &from), 0);
}

static void close_channel(void)
{
    bide_sender_drop(to);
    bide_receiver_drop(from);
}

/* ---- one task sends 5,000 and then receives them ---- */

static async void alone(long n, bool many)
{
    long items[MANY];
    for (long left = n; left > 0; left -= ROUND) {
        long count = left < ROUND ? left : ROUND;
        for (long i = 0; i < count; i++)
            expect("send", await bide_send(to, &i), 0);
        for (long i = 0; i < count;)
            if (many)
                i += await bide_recv_many(from, items, MANY);
            else
                i += await bide_recv(from, &items[0]);
    }
}

static void run_alone(struct run *run, size_t capacity, bool many)
{
    run_begin(run);
    open_channel(capacity);
    bide_block_on(alone(run->n, many));
    close_channel();
    run_end(run);
}

static void mpsc_alone(struct run *run)
{
    run_alone(run, 2 * ROUND, false);
}

static void mpsc_alone_many(struct run *run)
{
    run_alone(run, 2 * ROUND, true);
}

static void mpsc_alone_unbounded(struct run *run)
{
    run_alone(run, BIDE_UNBOUNDED, false);
}

/* ---- some tasks send and some receive ---- */

static async void sends(bide_sender(long) tx, long n)
{
    for (long i = 0; i < n; i++)
        expect("send", await bide_send(tx, &i), 0);
    bide_sender_drop(tx);
}

static async long receives(bide_receiver(long) rx, bool many)
{
    static long items[MANY]; /* one receives many */
    long count = 0, item;
    if (many)
        for (int r; (r = await bide_recv_many(rx, items, MANY)) > 0;)
            count += r;
    else
        while (await bide_recv(rx, &item) > 0)
            count++;
    bide_receiver_drop(rx);
    return count;
}

static async long talk(long n, long senders, long receivers, bool many)
{
    bide_task(long) tasks[RECEIVERS];
    long sum = 0;
    for (long i = 0; i < receivers; i++)
        tasks[i] = bide_spawn(receives(bide_receiver_clone(from), many));
    for (long i = 0; i < senders; i++)
        bide_spawn(sends(bide_sender_clone(to), n / senders + (i < n % senders)));
    close_channel();
    for (long i = 0; i < receivers; i++) {
        long x = 0;
        await bide_task_join(tasks[i], &x);
        sum += x;
    }
    return sum;
}

static void run_talk(struct run *run, size_t capacity, long senders, long receivers, bool many)
{
    run_begin(run);
    open_channel(capacity);
    long sum = bide_block_on(talk(run->n, senders, receivers, many));
    run_end(run);
    expect("talk", sum, run->n);
}

static void mpsc_1(struct run *run)
{
    run_talk(run, WIDE, 1, 1, false);
}

static void mpsc_4(struct run *run)
{
    run_talk(run, WIDE, SENDERS, 1, false);
}

static void mpsc_4_full(struct run *run)
{
    run_talk(run, NARROW, SENDERS, 1, false);
}

static void mpsc_4_many(struct run *run)
{
    run_talk(run, WIDE, SENDERS, 1, true);
}

static void mpsc_4_unbounded(struct run *run)
{
    run_talk(run, BIDE_UNBOUNDED, SENDERS, 1, false);
}

static void mpmc_4_4(struct run *run)
{
    run_talk(run, WIDE, SENDERS, RECEIVERS, false);
}

/* ---- to and fro, over channels of one place ---- */

static async void echo(bide_receiver(long) rx, bide_sender(long) tx)
{
    long item;
    while (await bide_recv(rx, &item) > 0)
        expect("echo", await bide_send(tx, &item), 0);
    bide_receiver_drop(rx);
    bide_sender_drop(tx);
}

static async void rounds(bide_sender(long) tx, bide_receiver(long) rx, long n)
{
    long item;
    for (long i = 0; i < n; i++) {
        expect("send", await bide_send(tx, &i), 0);
        expect("recv", await bide_recv(rx, &item), 1);
        expect("item", item, i);
    }
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

static async void to_and_fro(long n)
{
    bide_sender(long) there_tx, back_tx;
    bide_receiver(long) there_rx, back_rx;
    expect("bide_channel_new", bide_channel_new(1, &there_tx, &there_rx), 0);
    expect("bide_channel_new", bide_channel_new(1, &back_tx, &back_rx), 0);
    bide_task(void) one = bide_spawn(echo(there_rx, back_tx));
    bide_task(void) other = bide_spawn(rounds(there_tx, back_rx, n));
    await bide_task_join(other, NULL);
    await bide_task_join(one, NULL);
}

static void channel_ping_pong(struct run *run)
{
    run_begin(run);
    bide_block_on(to_and_fro(run->n));
    run_end(run);
}

/* ---- a oneshot that is there ---- */

static async void oneshots(long n)
{
    for (long i = 0; i < n; i++) {
        bide_oneshot_sender(long) tx;
        bide_oneshot_receiver(long) rx;
        long x;
        expect("bide_oneshot_new", bide_oneshot_new(&tx, &rx), 0);
        expect("send", bide_oneshot_send(tx, &i), 0);
        expect("recv", await bide_oneshot_recv(rx, &x), 1);
        bide_oneshot_receiver_drop(rx);
        expect("value", x, i);
    }
}

static void oneshot(struct run *run)
{
    run_begin(run);
    bide_block_on(oneshots(run->n));
    run_end(run);
}

/* ---- 10 tasks get each of 100 items, or see the latest of 100 values, again and again ---- */

enum { LISTENERS = 10, NEWS = 100 };

static async long listens(bide_subscriber(long) mine)
{
    long item, sum = 0;
    while (await bide_subscriber_recv(mine, &item) > 0)
        sum++;
    bide_subscriber_drop(mine);
    return sum;
}

static async long tell(long n)
{
    bide_broadcast(long) news;
    bide_subscriber(long) mine;
    bide_task(long) tasks[LISTENERS];
    long sum = 0;
    expect("bide_broadcast_new", bide_broadcast_new(WIDE, &news), 0);
    for (int i = 0; i < LISTENERS; i++) {
        expect("subscribe", bide_broadcast_subscribe(news, &mine), 0);
        tasks[i] = bide_spawn(listens(mine));
    }
    for (long i = 0; i < n; i++)
        expect("send", bide_broadcast_send(news, &i), LISTENERS);
    bide_broadcast_drop(news);
    for (int i = 0; i < LISTENERS; i++) {
        long x = 0;
        await bide_task_join(tasks[i], &x);
        sum += x;
    }
    return sum;
}

static async long tell_all(long n)
{
    long sum = 0;
    for (long left = n; left > 0; left -= NEWS)
        sum += await tell(left < NEWS ? left : NEWS);
    return sum;
}

/* A task does it, also on several workers. */
static async long told(long n)
{
    bide_task(long) task = bide_spawn(tell_all(n));
    long sum = 0;
    await bide_task_join(task, &sum);
    return sum;
}

static void broadcast(struct run *run)
{
    run_begin(run);
    long sum = bide_block_on(told(run->n));
    run_end(run);
    expect("broadcast", sum, LISTENERS * run->n);
}

static async long follows(bide_watcher(long) mine)
{
    long value = -1;
    while (await bide_watcher_changed(mine, &value) > 0)
        continue;
    bide_watcher_drop(mine);
    return value;
}

static async void change(long n)
{
    bide_watch(long) watch;
    bide_watcher(long) mine;
    bide_task(long) tasks[LISTENERS];
    expect("bide_watch_new", bide_watch_new(&(long){-1}, &watch), 0);
    for (int i = 0; i < LISTENERS; i++) {
        expect("subscribe", bide_watch_subscribe(watch, &mine), 0);
        tasks[i] = bide_spawn(follows(mine));
    }
    for (long i = 0; i < n; i++) {
        expect("set", bide_watch_set(watch, &i), 0);
        await bide_yield();
    }
    bide_watch_drop(watch);
    for (int i = 0; i < LISTENERS; i++) {
        long x = -1;
        await bide_task_join(tasks[i], &x);
        expect("watch", x, n - 1);
    }
}

static async void change_all(long n)
{
    for (long left = n; left > 0; left -= NEWS)
        await change(left < NEWS ? left : NEWS);
}

static async void changed(long n)
{
    bide_task(void) task = bide_spawn(change_all(n));
    await bide_task_join(task, NULL);
}

static void watch(struct run *run)
{
    run_begin(run);
    bide_block_on(changed(run->n));
    run_end(run);
}

const struct row channel_rows[] = {
    {"mpsc_alone", mpsc_alone, false, false},
    {"mpsc_alone_many", mpsc_alone_many, false, false},
    {"mpsc_alone_unbounded", mpsc_alone_unbounded, false, false},
    {"mpsc_1", mpsc_1, false, false},
    {"mpsc_4", mpsc_4, false, false},
    {"mpsc_4_full", mpsc_4_full, false, false},
    {"mpsc_4_many", mpsc_4_many, false, false},
    {"mpsc_4_unbounded", mpsc_4_unbounded, false, false},
    {"mpmc_4_4", mpmc_4_4, false, false},
    {"channel_ping_pong", channel_ping_pong, false, false},
    {"oneshot", oneshot, false, false},
    {"broadcast", broadcast, false, false},
    {"watch", watch, false, false},
    {NULL, NULL, false, false},
};
