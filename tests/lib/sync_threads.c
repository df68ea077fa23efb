/*
 * bide/sync.h between threads, each of which blocks on its own runtime, and between tasks on
 * several workers of one.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

enum { SENDERS = 4, ITEMS = 5000, ROUNDS = 3000 };

struct item {
    int sender, number;
};

static bide_sender(struct item) tx;
static bide_receiver(struct item) rx;

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static async int send_all(int sender, bide_sender(struct item) to)
{
    for (int i = 0; i < ITEMS; i++) {
        struct item item = {sender, i};
        if (i % 3 == 0) {
            CHECK_EQ(await bide_reserve(to, 1), 0);
            CHECK_EQ(bide_send_reserved(to, &item), 0);
        } else {
            CHECK_EQ(await bide_send(to, &item), 0);
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
    while ((r = await bide_recv(rx, &item)) > 0) {
        CHECK_EQ(item.number, next[item.sender]);
        next[item.sender]++;
    }
    return r;
}

TEST_LIMIT(a_channel_of_many_threads_keeps_each_order, 60)
{
    pthread_t thread[SENDERS];
    int next[SENDERS] = {0};
    CHECK_EQ(bide_channel_new(8, &tx, &rx), 0);
    for (int i = 0; i < SENDERS; i++) {
        bide_sender_clone(tx);
        thread[i] = start(sender, (void *)(intptr_t)i);
    }
    bide_sender_drop(tx);
    CHECK_EQ(bide_block_on(receive_all(next)), 0);
    for (int i = 0; i < SENDERS; i++) {
        CHECK_EQ(next[i], ITEMS);
        pthread_join(thread[i], NULL);
    }
    bide_receiver_drop(rx);
}

/* Requests that carry the oneshot for their answer. */
struct request {
    int value;
    bide_oneshot_sender(int) answer;
};

static bide_sender(struct request) requests_tx;
static bide_receiver(struct request) requests_rx;

static async int serve(void)
{
    struct request request;
    while (await bide_recv(requests_rx, &request) > 0) {
        int answer = 2 * request.value;
        if (request.value % 7 == 0)
            bide_oneshot_sender_drop(request.answer);
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
    bide_oneshot_receiver(int) answers;
    CHECK_EQ(bide_oneshot_new(&request.answer, &answers), 0);
    defer {
        bide_oneshot_receiver_drop(answers);
    }
    CHECK_EQ(await bide_send(requests_tx, &request), 0);
    if (value % 5 == 0)
        return -EAGAIN; /* leaves while the answer is under way */
    return await bide_oneshot_recv(answers, answer);
}

static async int ask_all(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        int answer = 0, r = await ask(i, &answer);
        if (i % 5 == 0)
            continue;
        CHECK_EQ(r, i % 7 != 0);
        CHECK_EQ(answer, i % 7 == 0 ? 0 : 2 * i);
    }
    return 0;
}

TEST_LIMIT(requests_are_answered_across_threads, 60)
{
    CHECK_EQ(bide_channel_new(2, &requests_tx, &requests_rx), 0);
    pthread_t thread = start(server, NULL);
    CHECK_EQ(bide_block_on(ask_all()), 0);
    bide_sender_drop(requests_tx);
    pthread_join(thread, NULL);
    bide_receiver_drop(requests_rx);
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
static bide_sender(int) numbers_tx;
static bide_receiver(int) numbers_rx;

static void *late(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++)
        while (bide_try_send(numbers_tx, &i) == -EAGAIN)
            sched_yield();
    bide_sender_drop(numbers_tx);
    return NULL;
}

static async int take_with_cancellations(void)
{
    int expected = 0;
    for (;;) {
        int value = -1, r = -EAGAIN;
        int which = await bide_select(r = bide_recv(numbers_rx, &value), bide_yield());
        if (r == 1)
            CHECK_EQ(value, expected++);
        else if (which == 0)
            break;
    }
    return expected;
}

TEST_LIMIT(a_receive_cancelled_while_another_thread_sends_loses_nothing, 60)
{
    CHECK_EQ(bide_channel_new(1, &numbers_tx, &numbers_rx), 0);
    pthread_t thread = start(late, NULL);
    CHECK_EQ(bide_block_on(take_with_cancellations()), ROUNDS);
    pthread_join(thread, NULL);
    bide_receiver_drop(numbers_rx);
}

/* ---- on several workers of one runtime ---- */

enum { WORKERS = 4, PRODUCERS = 12, CONSUMERS = 3, MESSAGES = 300 };

static bide_sender(struct item) shared_tx;
static bide_receiver(struct item) shared_rx;
static atomic_int sent, received, passed_on;

/* Counts an item only when its send has ended well, so it may be aborted at any moment. */
static async int produces(unsigned seed)
{
    for (int i = 0; i < MESSAGES; i++) {
        struct item item = {(int)seed, i};
        if (rand_r(&seed) % 3 == 0) {
            int r = 1;
            await bide_timeout(BIDE_US(rand_r(&seed) % 50), r = bide_reserve(shared_tx, 1));
            if (r != 0)
                continue;
            CHECK_EQ(bide_send_reserved(shared_tx, &item), 0);
        } else {
            CHECK_EQ(await bide_send(shared_tx, &item), 0);
        }
        atomic_fetch_add(&sent, 1);
        if (rand_r(&seed) % 4 == 0)
            await bide_yield();
    }
    return 0;
}

static async int consumes(unsigned seed)
{
    struct item item;
    for (;;) {
        /* The waits that are given up lose nothing. One may have got an item all the same, although
         * its time was over. */
        int r = 2;
        await bide_timeout(BIDE_US(rand_r(&seed) % 200), r = bide_recv(shared_rx, &item));
        if (r == 2)
            continue;
        if (r <= 0)
            return r;
        atomic_fetch_add(&received, 1);
    }
}

static async int through_a_channel(void)
{
    bide_task(int) consumers[CONSUMERS];
    CHECK_EQ(bide_channel_new(4, &shared_tx, &shared_rx), 0);
    for (unsigned i = 0; i < CONSUMERS; i++)
        consumers[i] = bide_spawn(consumes(i + 1));
    bide_scope(s) {
        for (unsigned i = 0; i < PRODUCERS; i++)
            bide_scope_spawn(s, produces(i + 100));
    }
    bide_sender_drop(shared_tx);
    for (int i = 0; i < CONSUMERS; i++) {
        int r = 1;
        CHECK_EQ(await bide_task_join(consumers[i], &r), 0);
        CHECK_EQ(r, 0);
    }
    bide_receiver_drop(shared_rx);
    return 0;
}

/* An answer from another worker, or from one that is aborted before it sends. */
static async int answers(bide_oneshot_sender(int) to, int value, bool aborted)
{
    bool is_sent = false;
    defer {
        if (!is_sent)
            bide_oneshot_sender_drop(to);
    }
    if (aborted)
        await bide_sleep(BIDE_S(1000));
    await bide_yield();
    is_sent = true;
    int r = bide_oneshot_send(to, &value);
    return r == -EPIPE ? 0 : r;
}

static async int asks(unsigned seed)
{
    for (int i = 0; i < 100; i++) {
        bide_oneshot_sender(int) to;
        bide_oneshot_receiver(int) from;
        bool aborted = rand_r(&seed) % 5 == 0;
        int value = 0, r = 2;
        CHECK_EQ(bide_oneshot_new(&to, &from), 0);
        bide_task(int) task = bide_spawn(answers(to, i, aborted));
        if (aborted)
            bide_task_abort(task);
        if (rand_r(&seed) % 3 == 0)
            await bide_timeout(BIDE_US(rand_r(&seed) % 30), r = bide_oneshot_recv(from, &value));
        if (r == 2 && rand_r(&seed) % 4 != 0)
            r = await bide_oneshot_recv(from, &value);
        CHECK(r == 2 || (r == 1 && value == i && !aborted) || (r == 0 && aborted));
        bide_oneshot_receiver_drop(from);
        CHECK_EQ(await bide_task_wait(task), aborted ? -ECANCELED : 0);
        bide_task_detach(task);
    }
    return 0;
}

/* A permit goes round: whoever has it passes it on, also when the wait was given up. */
static async int passes(bide_notify *permit, unsigned seed)
{
    for (int i = 0; i < 100; i++) {
        int timeout_us = rand_r(&seed) % 3 == 0 ? rand_r(&seed) % 50 : 60000000;
        int r = 1;
        await bide_timeout(BIDE_US(timeout_us), r = bide_notify_wait(permit));
        if (r != 0)
            continue;
        atomic_fetch_add(&passed_on, 1);
        bide_notify_one(permit);
    }
    return 0;
}

static async int all_ask(void)
{
    bide_notify permit = {0};
    bide_notify_one(&permit);
    bide_scope(s) {
        for (unsigned i = 0; i < 16; i++) {
            bide_scope_spawn(s, asks(i));
            bide_scope_spawn(s, passes(&permit, i));
        }
    }
    CHECK_EQ(await bide_timeout(BIDE_S(10), bide_notify_wait(&permit)), 0);
    return 0;
}

TEST_LIMIT(objects_of_several_workers, 120)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = WORKERS};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(through_a_channel()), 0);
    CHECK_EQ(sent, received);
    CHECK(sent > 0);
    CHECK_EQ(bide_block_on(all_ask()), 0);
    CHECK(passed_on > 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}
