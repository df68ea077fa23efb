/*
 * bide/sync.h between threads, each of which blocks on its own runtime.
 */
#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sched.h>

#include "check.h"

enum { SENDERS = 4, ITEMS = 5000, ROUNDS = 3000 };

struct item {
    int sender, number;
};

static bide_sender *tx;
static bide_receiver *rx;

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static async int send_all(int sender, bide_sender *to)
{
    for (int i = 0; i < ITEMS; i++) {
        struct item item = {sender, i};
        if (i % 3 == 0) {
            CHECK_EQ(await bide_channel_reserve(to), 0);
            CHECK_EQ(bide_channel_send_reserved(to, &item), 0);
        } else {
            CHECK_EQ(await bide_channel_send(to, &item), 0);
        }
    }
    return 0;
}

static void *sender(void *argument)
{
    CHECK_EQ(bide_block_on(send_all((int)(intptr_t)argument, tx)), 0);
    bide_sender_drop(tx);
    return NULL;
}

static async int receive_all(int next[SENDERS])
{
    struct item item;
    int r;
    while ((r = await bide_channel_recv(rx, &item)) == 0) {
        CHECK_EQ(item.number, next[item.sender]);
        next[item.sender]++;
    }
    return r;
}

TEST_LIMIT(a_channel_of_many_threads_keeps_each_order, 60)
{
    pthread_t thread[SENDERS];
    int next[SENDERS] = {0};
    CHECK_EQ(bide_channel_new(sizeof(struct item), 8, NULL, &tx, &rx), 0);
    for (int i = 0; i < SENDERS; i++) {
        bide_sender_clone(tx);
        thread[i] = start(sender, (void *)(intptr_t)i);
    }
    bide_sender_drop(tx);
    CHECK_ERR(bide_block_on(receive_all(next)), -EPIPE);
    for (int i = 0; i < SENDERS; i++) {
        CHECK_EQ(next[i], ITEMS);
        pthread_join(thread[i], NULL);
    }
    bide_receiver_drop(rx);
}

/* Requests that carry the oneshot for their answer. */
struct request {
    int value;
    bide_oneshot *answer;
};

static async int serve(void)
{
    struct request request;
    while (await bide_channel_recv(rx, &request) == 0) {
        int answer = 2 * request.value;
        if (request.value % 7 == 0)
            bide_oneshot_drop_sender(request.answer);
        else
            (void)bide_oneshot_send(request.answer, &answer);
    }
    return 0;
}

static void *server(void *argument)
{
    (void)argument;
    CHECK_EQ(bide_block_on(serve()), 0);
    return NULL;
}

static async int ask(int value, int *answer)
{
    struct request request = {value, NULL};
    CHECK_EQ(bide_oneshot_new(sizeof *answer, NULL, &request.answer), 0);
    defer {
        bide_oneshot_drop_receiver(request.answer);
    }
    CHECK_EQ(await bide_channel_send(tx, &request), 0);
    if (value % 5 == 0)
        return -EAGAIN; /* leaves while the answer is under way */
    return await bide_oneshot_recv(request.answer, answer);
}

static async int ask_all(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        int answer = 0, r = await ask(i, &answer);
        if (i % 5 == 0)
            continue;
        CHECK_ERR(r, i % 7 == 0 ? -EPIPE : 0);
        CHECK_EQ(answer, i % 7 == 0 ? 0 : 2 * i);
    }
    return 0;
}

TEST_LIMIT(requests_are_answered_across_threads, 60)
{
    CHECK_EQ(bide_channel_new(sizeof(struct request), 2, NULL, &tx, &rx), 0);
    pthread_t thread = start(server, NULL);
    CHECK_EQ(bide_block_on(ask_all()), 0);
    bide_sender_drop(tx);
    pthread_join(thread, NULL);
    bide_receiver_drop(rx);
}

static bide_notify ping, pong;

static async int bounce(bide_notify *wait_for, bide_notify *then)
{
    for (int i = 0; i < ROUNDS; i++) {
        await bide_notify_wait(wait_for);
        bide_notify_one(then);
    }
    return 0;
}

static void *bouncer(void *argument)
{
    (void)argument;
    CHECK_EQ(bide_block_on(bounce(&ping, &pong)), 0);
    return NULL;
}

TEST_LIMIT(notifications_cross_threads, 60)
{
    pthread_t thread = start(bouncer, NULL);
    bide_notify_one(&ping);
    CHECK_EQ(bide_block_on(bounce(&pong, &ping)), 0);
    pthread_join(thread, NULL);
}

/* A race against a value on its way from another thread: it is received once, or not at all. */
static void *late(void *argument)
{
    for (int i = 0; i < ROUNDS; i++)
        while (bide_channel_try_send(argument, &i) == -EAGAIN)
            sched_yield();
    bide_sender_drop(argument);
    return NULL;
}

static async int take_with_cancellations(void)
{
    int expected = 0;
    for (;;) {
        int value = -1, r = -EAGAIN;
        int which = await bide_select(r = bide_channel_recv(rx, &value), bide_yield());
        if (r == 0)
            CHECK_EQ(value, expected++);
        else if (which == 0)
            break;
    }
    return expected;
}

TEST_LIMIT(a_receive_cancelled_while_another_thread_sends_loses_nothing, 60)
{
    CHECK_EQ(bide_channel_new(sizeof(int), 1, NULL, &tx, &rx), 0);
    pthread_t thread = start(late, tx);
    CHECK_EQ(bide_block_on(take_with_cancellations()), ROUNDS);
    pthread_join(thread, NULL);
    bide_receiver_drop(rx);
}
