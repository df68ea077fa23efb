/*
 * Every wait of bide/lock.h, channel.h and token.h is cancelled at every suspension, and has no
 * memory at every call (waits.h). The other tests of these primitives have more, and longer,
 * scenarios.
 */
#include "waits.h"

/* ---- mutex ---- */

static bide_mutex mutex;

static void hold_mutex(void)
{
    CHECK_EQ(bide_mutex_try_lock(&mutex), 0);
}

static async void wait_mutex(void)
{
    CHECK_EQ(await bide_mutex_lock(&mutex), 0);
}

static async void release_mutex(void)
{
    bide_mutex_unlock(&mutex);
}

static async void check_mutex(void)
{
    CHECK_ERR(bide_mutex_try_lock(&mutex), -EAGAIN);
    bide_mutex_unlock(&mutex);
    CHECK(mutex.word_ == 0 && mutex.waiting_.first == NULL);
}

/* ---- rwlock ---- */

static bide_rwlock rwlock;

static void hold_write(void)
{
    CHECK_EQ(bide_rwlock_try_write(&rwlock), 0);
}

static void hold_read(void)
{
    CHECK_EQ(bide_rwlock_try_read(&rwlock), 0);
}

static async void wait_read(void)
{
    CHECK_EQ(await bide_rwlock_read(&rwlock), 0);
}

static async void wait_write(void)
{
    CHECK_EQ(await bide_rwlock_write(&rwlock), 0);
}

static async void release_write(void)
{
    bide_rwlock_write_unlock(&rwlock);
}

static async void release_read(void)
{
    bide_rwlock_read_unlock(&rwlock);
}

static async void check_read(void)
{
    CHECK_ERR(bide_rwlock_try_write(&rwlock), -EAGAIN);
    bide_rwlock_read_unlock(&rwlock);
    CHECK(rwlock.word_ == 0 && rwlock.waiting_.first == NULL);
}

static async void check_write(void)
{
    CHECK_ERR(bide_rwlock_try_read(&rwlock), -EAGAIN);
    bide_rwlock_write_unlock(&rwlock);
    CHECK(rwlock.word_ == 0 && rwlock.waiting_.first == NULL);
}

/* ---- semaphore ---- */

static bide_semaphore semaphore;
static bide_permit permit;

static async void wait_acquire(void)
{
    CHECK_EQ(await bide_semaphore_acquire(&semaphore, 2), 0);
}

static async void wait_permit(void)
{
    CHECK_EQ(bide_permit_count(&permit), 0);
    CHECK_EQ(await bide_permit_acquire(&semaphore, 2, &permit), 0);
}

static async void release_permits(void)
{
    bide_semaphore_release(&semaphore, 1);
    await bide_yield();
    bide_semaphore_release(&semaphore, 1);
}

static async void check_acquire(void)
{
    CHECK_EQ(bide_semaphore_available(&semaphore), 0);
    CHECK(semaphore.waiting_.first == NULL);
}

static async void check_permit(void)
{
    CHECK_EQ(bide_semaphore_available(&semaphore), 0);
    bide_permit_drop(&permit);
    CHECK_EQ(bide_semaphore_forget(&semaphore, 9), 2);
}

/* ---- notify ---- */

static bide_notify notify;
static bide_notified notified;

static void prepare_notified(void)
{
    bide_notify_listen(&notify, &notified);
}

static async void wait_notify(void)
{
    CHECK_EQ(await bide_notify_wait(&notify), 0);
}

static async void wait_notified(void)
{
    CHECK_EQ(await bide_notified_wait(&notified), 0);
}

static async void release_notify(void)
{
    bide_notify_one(&notify);
}

static async void check_notify(void)
{
    CHECK(notify.permit_ == 0 && notify.waiting_.first == NULL);
}

static async void check_notified(void)
{
    bide_notified_drop(&notified);
    await check_notify();
}

/* ---- barrier ---- */

static bide_barrier barrier = BIDE_BARRIER_INIT(2);
static atomic_int led;

static async void wait_barrier(void)
{
    int leads = await bide_barrier_wait(&barrier);
    led += leads;
}

static async void check_barrier(void)
{
    CHECK_EQ(led, 1);
    led = 0;
    CHECK(barrier.arrived_ == 0 && barrier.waiting_.first == NULL);
}

/* ---- condition variable ---- */

static bide_condition condition;
static bool is_set; /* under the mutex */

static void prepare_condition(void)
{
    is_set = false;
    hold_mutex();
}

static async void wait_condition(void)
{
    while (!is_set)
        CHECK_EQ(await bide_condition_wait(&condition, &mutex), 0);
}

static async void release_condition(void)
{
    CHECK_EQ(await bide_mutex_lock(&mutex), 0);
    is_set = true;
    bide_mutex_unlock(&mutex);
    bide_condition_signal(&condition);
}

static async void check_condition(void)
{
    CHECK(condition.waiting_.first == NULL);
    await check_mutex();
}

/* ---- once ---- */

static bide_once once;
static int value;

static void prepare_once(void)
{
    once = (bide_once)BIDE_ONCE_INIT;
    value = 0;
}

static async int makes(int *to)
{
    CHECK_EQ(*to, 0);
    await bide_yield();
    await bide_yield();
    CHECK_EQ(*to, 0);
    *to = 7;
    return 0;
}

static async void wait_once(void)
{
    CHECK_EQ(await bide_once_make(&once, bide_ref(makes), &value), 0);
}

static async void check_once(void)
{
    CHECK(bide_once_is_made(&once) && once.waiting_.first == NULL);
    CHECK_EQ(value, 7);
}

/* ---- channels ---- */

static bide_sender(int) tx;
static bide_receiver(int) rx;
static int taken;

static void channel_of(size_t capacity, int items)
{
    taken = 0;
    CHECK_EQ(bide_channel_new(capacity, &tx, &rx), 0);
    for (int i = 0; i < items; i++)
        CHECK_EQ(bide_try_send(tx, &i), 0);
}

static void prepare_full(void)
{
    channel_of(1, 1);
}

static void prepare_half(void)
{
    channel_of(2, 1);
}

static void prepare_empty(void)
{
    channel_of(4, 0);
}

static async void wait_send(void)
{
    int item = 5;
    CHECK_EQ(await bide_send(tx, &item), 0);
}

static async void wait_reserve(void)
{
    CHECK_EQ(await bide_reserve(tx, 2), 0);
}

static async void wait_recv(void)
{
    int item = 0;
    CHECK_EQ(await bide_recv(rx, &item), 1);
    CHECK_EQ(item, 5);
}

static async void wait_recv_many(void)
{
    while (taken < 3) {
        int items[3], r = await bide_recv_many(rx, items, 3);
        CHECK(r > 0);
        for (int i = 0; i < r; i++)
            CHECK_EQ(items[i], 5 + taken++);
    }
}

static async void wait_sender_closed(void)
{
    CHECK_EQ(await bide_sender_closed(tx), 0);
}

static async void release_room(void)
{
    int item;
    CHECK_EQ(bide_try_recv(rx, &item), 1);
    CHECK_EQ(item, 0);
}

static async void release_item(void)
{
    int item = 5;
    CHECK_EQ(bide_try_send(tx, &item), 0);
}

static async void release_items(void)
{
    for (int item = 5; item < 8; item++) {
        CHECK_EQ(bide_try_send(tx, &item), 0);
        await bide_yield();
    }
}

static async void release_receiver(void)
{
    bide_receiver_close(rx);
}

static async void check_channel(void)
{
    int item;
    CHECK(bide_try_recv(rx, &item) <= 0);
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
}

static async void check_send(void)
{
    int item;
    CHECK_EQ(bide_try_recv(rx, &item), 1);
    CHECK_EQ(item, 5);
    await check_channel();
}

static async void check_reserve(void)
{
    int item = 0;
    CHECK_ERR(bide_try_send(tx, &item), -EAGAIN);
    bide_unreserve(tx, 2);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(bide_try_send(tx, &item), 0);
    CHECK_ERR(bide_try_send(tx, &item), -EAGAIN);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(bide_try_recv(rx, &item), 1);
    await check_channel();
}

/* ---- oneshot, broadcast, watch ---- */

static bide_oneshot_sender(int) one_tx;
static bide_oneshot_receiver(int) one_rx;

static void prepare_oneshot(void)
{
    CHECK_EQ(bide_oneshot_new(&one_tx, &one_rx), 0);
}

static async void wait_oneshot(void)
{
    int item = 0;
    CHECK_EQ(await bide_oneshot_recv(one_rx, &item), 1);
    CHECK_EQ(item, 5);
}

static async void release_oneshot(void)
{
    int item = 5;
    CHECK_EQ(bide_oneshot_send(one_tx, &item), 0);
}

static async void check_oneshot(void)
{
    CHECK_EQ(bide_oneshot_try_recv(one_rx, &(int){0}), 0);
    bide_oneshot_receiver_drop(one_rx);
}

static bide_broadcast(int) news;
static bide_subscriber(int) subscriber;

static void prepare_broadcast(void)
{
    CHECK_EQ(bide_broadcast_new(2, &news), 0);
    CHECK_EQ(bide_broadcast_subscribe(news, &subscriber), 0);
}

static async void wait_subscriber(void)
{
    int item = 0;
    CHECK_EQ(await bide_subscriber_recv(subscriber, &item), 1);
    CHECK_EQ(item, 5);
}

static async void release_broadcast(void)
{
    int item = 5;
    CHECK_EQ(bide_broadcast_send(news, &item), 1);
}

static async void check_broadcast(void)
{
    CHECK_ERR(bide_subscriber_try_recv(subscriber, &(int){0}), -EAGAIN);
    bide_subscriber_drop(subscriber);
    bide_broadcast_drop(news);
}

static bide_watch(int) watch;
static bide_watcher(int) watcher;

static void prepare_watch(void)
{
    CHECK_EQ(bide_watch_new(&(int){1}, &watch), 0);
    CHECK_EQ(bide_watch_subscribe(watch, &watcher), 0);
}

static async void wait_changed(void)
{
    int item = 0;
    CHECK_EQ(await bide_watcher_changed(watcher, &item), 1);
    CHECK_EQ(item, 5);
}

static async void wait_unwatched(void)
{
    CHECK_EQ(await bide_watch_unwatched(watch), 0);
}

static async void release_watch(void)
{
    int item = 5;
    CHECK_EQ(bide_watch_set(watch, &item), 0);
}

static async void release_watcher(void)
{
    bide_watcher_drop(watcher);
    watcher = NULL;
}

static async void check_watch(void)
{
    CHECK(watcher == NULL || bide_watcher_has_changed(watcher) == -EAGAIN);
    bide_watcher_drop(watcher);
    bide_watch_drop(watch);
}

/* ---- tokens ---- */

static bide_token *token;
static bide_tracker tracker;

static void prepare_token(void)
{
    CHECK_EQ(bide_token_new(&token), 0);
}

static async void wait_token(void)
{
    CHECK_EQ(await bide_token_wait(token), 0);
}

static async void release_token(void)
{
    bide_token_cancel(token);
}

static async void check_token(void)
{
    CHECK(bide_token_is_cancelled(token));
    bide_token_drop(token);
}

static void prepare_tracker(void)
{
    bide_tracker_enter(&tracker);
    bide_tracker_close(&tracker);
}

static async void wait_tracker(void)
{
    CHECK_EQ(await bide_tracker_wait(&tracker), 0);
}

static async void release_tracker(void)
{
    bide_tracker_leave(&tracker);
}

static async void check_tracker(void)
{
    CHECK_EQ(bide_tracker_count(&tracker), 0);
    CHECK(tracker.waiting_.first == NULL && tracker.waiting_.due == NULL);
}

/* ---- the table ---- */

static const struct row rows[] = {
    ROW("bide_mutex_lock", NULL, hold_mutex, wait_mutex, release_mutex, check_mutex),
    ROW("bide_rwlock_read", NULL, hold_write, wait_read, release_write, check_read),
    ROW("bide_rwlock_write", NULL, hold_read, wait_write, release_read, check_write),
    ROW("bide_semaphore_acquire", NULL, NULL, wait_acquire, release_permits, check_acquire),
    ROW("bide_permit_acquire", NULL, NULL, wait_permit, release_permits, check_permit),
    ROW("bide_notify_wait", NULL, NULL, wait_notify, release_notify, check_notify),
    ROW("bide_notified_wait", prepare_notified, NULL, wait_notified, release_notify,
        check_notified),
    ROW("bide_barrier_wait", NULL, NULL, wait_barrier, wait_barrier, check_barrier),
    ROW("bide_condition_wait", prepare_condition, NULL, wait_condition, release_condition,
        check_condition),
    ROW("bide_once_make", prepare_once, NULL, wait_once, wait_once, check_once),
    ROW("bide_send", prepare_full, NULL, wait_send, release_room, check_send),
    ROW("bide_reserve", prepare_half, NULL, wait_reserve, release_room, check_reserve),
    ROW("bide_recv", prepare_empty, NULL, wait_recv, release_item, check_channel),
    ROW("bide_recv_many", prepare_empty, NULL, wait_recv_many, release_items, check_channel),
    ROW("bide_sender_closed", prepare_empty, NULL, wait_sender_closed, release_receiver,
        check_channel),
    ROW("bide_oneshot_recv", prepare_oneshot, NULL, wait_oneshot, release_oneshot, check_oneshot),
    ROW("bide_subscriber_recv", prepare_broadcast, NULL, wait_subscriber, release_broadcast,
        check_broadcast),
    ROW("bide_watcher_changed", prepare_watch, NULL, wait_changed, release_watch, check_watch),
    ROW("bide_watch_unwatched", prepare_watch, NULL, wait_unwatched, release_watcher, check_watch),
    ROW("bide_token_wait", prepare_token, NULL, wait_token, release_token, check_token),
    ROW("bide_tracker_wait", prepare_tracker, NULL, wait_tracker, release_tracker, check_tracker),
};

enum { ROWS = sizeof rows / sizeof *rows };

TEST_LIMIT(every_wait_is_cancelled_at_every_suspension, 30)
{
    cancel_rows(rows, ROWS);
}

TEST_LIMIT(every_wait_has_no_memory_at_every_call, 30)
{
    starve_rows(rows, ROWS);
}

TEST(every_async_function_of_the_headers_has_a_row)
{
    check_header(rows, ROWS, "lock.h");
    check_header(rows, ROWS, "channel.h");
    check_header(rows, ROWS, "token.h");
}
