/*
 * What a user may do to the objects of bide/lock.h, channel.h, set.h and token.h although it is
 * unusual: no object where one is expected, sizes and alignments of all kinds, numbers that are too
 * small or too large, ends that come twice, early or in a callback.
 */
#include <bide/bide.h>
#include <bide/abi.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "hand.h"

extern const struct bide_fn bide__desc_bide_notified_wait, bide__desc_bide_recv,
    bide__desc_bide_semaphore_acquire;

/* ---- no object ---- */

TEST(ends_ignore_null)
{
    bide_sender(int) tx = NULL;
    bide_receiver(int) rx = NULL;
    bide_weak_sender(int) weak = NULL;
    bide_oneshot_sender(int) one_tx = NULL;
    bide_oneshot_receiver(int) one_rx = NULL;
    bide_broadcast(int) broadcast = NULL;
    bide_subscriber(int) subscriber = NULL;
    bide_watch(int) watch = NULL;
    bide_watcher(int) watcher = NULL;
    bide_sender_drop(tx);
    bide_receiver_drop(rx);
    bide_weak_sender_drop(weak);
    bide_oneshot_sender_drop(one_tx);
    bide_oneshot_receiver_drop(one_rx);
    bide_broadcast_drop(broadcast);
    bide_subscriber_drop(subscriber);
    bide_watch_drop(watch);
    bide_watcher_drop(watcher);
    bide_token_drop(NULL);
    bide_permit permit = BIDE_PERMIT_INIT;
    bide_permit_drop(&permit);
    bide_notified notified = BIDE_NOTIFIED_INIT;
    bide_notified_drop(&notified);
}

static async int seven(void)
{
    return 7;
}

static async int uses_no_set(void)
{
    bide_task_set(int) tasks = NULL;
    bide_task_map(int, int) map = NULL;
    bide_future_set(int) futures = NULL;
    int n = 0, key = 1, out[2];
    CHECK_EQ(bide_task_set_spawn(tasks, seven()), 0);
    CHECK_ERR(await bide_task_set_next(tasks, &n), -EINVAL);
    CHECK_ERR(bide_task_set_try_next(tasks, &n), -EINVAL);
    CHECK_EQ(bide_task_set_length(tasks), 0);
    bide_task_set_abort_all(tasks);
    CHECK(bide_task_set_abort(tasks, 1) < 0);
    bide_task_set_detach_all(tasks);
    await bide_task_set_close(tasks);
    bide_task_set_free(tasks);
    CHECK_EQ(bide_task_map_spawn(map, &key, seven()), 0);
    CHECK_ERR(await bide_task_map_next(map, &key, &n), -EINVAL);
    CHECK_ERR(bide_task_map_try_next(map, &key, &n), -EINVAL);
    CHECK_EQ(bide_task_map_length(map), 0);
    CHECK_EQ(bide_task_map_find(map, &key), 0);
    CHECK(bide_task_map_abort(map, &key) < 0);
    bide_task_map_abort_all(map);
    bide_task_map_detach_all(map);
    await bide_task_map_close(map);
    bide_task_map_free(map);
    CHECK_EQ(bide_future_set_add(futures, seven()), 0);
    CHECK_ERR(await bide_future_set_next(futures, &n), -EINVAL);
    CHECK_EQ(bide_future_set_length(futures), 0);
    bide_future_set_unconstrain(futures);
    CHECK_ERR(await bide_join_all(futures, out, 2), -EINVAL);
    await bide_future_set_close(futures);
    CHECK_EQ(bide_future_set_free(futures), 0);
    return 0;
}

TEST(sets_that_are_null_do_nothing)
{
    CHECK_EQ(bide_block_on(uses_no_set()), 0);
}

/* ---- sizes and alignments ---- */

struct nothing {
};
struct odd {
    char bytes[13];
};
struct wide {
    _Alignas(64) long value;
};
struct page {
    _Alignas(4096) long value;
};

/* Where the library gives out a pointer to an item, it is aligned as the type wants. */
static int dropped;

#define ITEMS_OF(T, name)                                                    \
    static const T zero_##name;                                              \
    static void drop_##name(void *item)                                      \
    {                                                                        \
        CHECK((uintptr_t)item % _Alignof(T) == 0);                           \
        CHECK(memcmp(item, &zero_##name, sizeof(T)) == 0);                   \
        dropped++;                                                           \
    }                                                                        \
    static void channel_of_##name(size_t capacity, int count)                \
    {                                                                        \
        bide_sender(T) tx;                                                   \
        bide_receiver(T) rx;                                                 \
        T item = zero_##name, got;                                           \
        CHECK_EQ(bide_channel_new_with(capacity, drop_##name, &tx, &rx), 0); \
        for (int i = 0; i < count; i++)                                      \
            CHECK_EQ(bide_try_send(tx, &item), 0);                           \
        CHECK_EQ(bide_try_recv(rx, &got), 1);                                \
        CHECK(memcmp(&got, &item, sizeof item) == 0);                        \
        dropped = 0;                                                         \
        bide_receiver_drop(rx);                                              \
        bide_sender_drop(tx);                                                \
        CHECK_EQ(dropped, count - 1);                                        \
    }                                                                        \
    static void oneshot_of_##name(void)                                      \
    {                                                                        \
        bide_oneshot_sender(T) tx;                                           \
        bide_oneshot_receiver(T) rx;                                         \
        bide_oneshot(T) own = BIDE_ONESHOT_INIT;                             \
        T item = zero_##name, got;                                           \
        dropped = 0;                                                         \
        CHECK_EQ(bide_oneshot_new_with(drop_##name, &tx, &rx), 0);           \
        CHECK_EQ(bide_oneshot_send(tx, &item), 0);                           \
        bide_oneshot_receiver_drop(rx);                                      \
        CHECK_EQ(dropped, 1);                                                \
        CHECK_EQ(bide_oneshot_new_with(drop_##name, &tx, &rx), 0);           \
        bide_oneshot_receiver_drop(rx);                                      \
        CHECK_ERR(bide_oneshot_send(tx, &item), -EPIPE);                     \
        bide_oneshot_ends(&own, &tx, &rx);                                   \
        CHECK_EQ(bide_oneshot_send(tx, &item), 0);                           \
        CHECK_EQ(bide_oneshot_try_recv(rx, &got), 1);                        \
        CHECK(memcmp(&got, &item, sizeof item) == 0);                        \
        bide_oneshot_receiver_drop(rx);                                      \
    }                                                                        \
    static void broadcast_of_##name(void)                                    \
    {                                                                        \
        bide_broadcast(T) b;                                                 \
        bide_subscriber(T) s;                                                \
        T item = zero_##name, got;                                           \
        CHECK_EQ(bide_broadcast_new(3, &b), 0);                              \
        CHECK_EQ(bide_broadcast_subscribe(b, &s), 0);                        \
        CHECK_EQ(bide_broadcast_send(b, &item), 1);                          \
        CHECK_EQ(bide_subscriber_try_recv(s, &got), 1);                      \
        CHECK(memcmp(&got, &item, sizeof item) == 0);                        \
        bide_subscriber_drop(s);                                             \
        bide_broadcast_drop(b);                                              \
    }                                                                        \
    static void watch_of_##name(void)                                        \
    {                                                                        \
        bide_watch(T) w;                                                     \
        bide_watcher(T) s;                                                   \
        T item = zero_##name, got;                                           \
        const T *borrowed[3];                                                \
        CHECK_EQ(bide_watch_new(&item, &w), 0);                              \
        CHECK_EQ(bide_watch_subscribe(w, &s), 0);                            \
        for (int i = 0; i < 3; i++) {                                        \
            borrowed[i] = bide_watcher_borrow(s);                            \
            CHECK((uintptr_t)borrowed[i] % _Alignof(T) == 0);                \
            CHECK_EQ(bide_watch_set(w, borrowed[i]), 0);                     \
        }                                                                    \
        for (int i = 0; i < 3; i++)                                          \
            bide_watcher_return(s, borrowed[i]);                             \
        bide_watcher_get(s, &got);                                           \
        CHECK(memcmp(&got, &item, sizeof item) == 0);                        \
        bide_watcher_drop(s);                                                \
        bide_watch_drop(w);                                                  \
    }                                                                        \
    TEST(items_of_type_##name)                                               \
    {                                                                        \
        channel_of_##name(5, 5);                                             \
        channel_of_##name(BIDE_UNBOUNDED, 150);                              \
        oneshot_of_##name();                                                 \
        broadcast_of_##name();                                               \
        watch_of_##name();                                                   \
    }

ITEMS_OF(struct nothing, nothing)
ITEMS_OF(char, char)
ITEMS_OF(struct odd, odd)
ITEMS_OF(struct wide, wide)
ITEMS_OF(struct page, page)

/* ---- numbers ---- */

static async int asks_for_much(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    int items[2];
    bide_semaphore semaphore = BIDE_SEMAPHORE_INIT(BIDE_SEMAPHORE_MAX);
    bide_permit permit = BIDE_PERMIT_INIT;
    CHECK_EQ(bide_channel_new(2, &tx, &rx), 0);
    CHECK_ERR(await bide_reserve(tx, 0), -EINVAL);
    CHECK_ERR(await bide_reserve(tx, 3), -EINVAL);
    CHECK_ERR(await bide_reserve(tx, ((size_t)1 << 32) + 1), -EINVAL);
    CHECK_ERR(await bide_reserve(tx, SIZE_MAX), -EINVAL);
    bide_unreserve(tx, 0);
    CHECK_ERR(await bide_recv_many(rx, items, 0), -EINVAL);
    CHECK_ERR(await bide_recv_many(rx, items, SIZE_MAX), -EINVAL);
    bide_sender_drop(tx);
    CHECK_EQ(await bide_recv_many(rx, items, 2), 0);
    bide_receiver_drop(rx);
    CHECK_EQ(await bide_semaphore_acquire(&semaphore, 0), 0);
    CHECK_EQ(await bide_semaphore_acquire(&semaphore, BIDE_SEMAPHORE_MAX), 0);
    CHECK_ERR(await bide_semaphore_acquire(&semaphore, SIZE_MAX), -EINVAL);
    CHECK_ERR(await bide_permit_acquire(&semaphore, BIDE_SEMAPHORE_MAX + 1, &permit), -EINVAL);
    CHECK_EQ(await bide_permit_acquire(&semaphore, 0, &permit), 0);
    CHECK_EQ(bide_permit_move(&permit, 0, &permit), 0);
    bide_semaphore_release(&semaphore, BIDE_SEMAPHORE_MAX);
    CHECK_EQ(bide_semaphore_available(&semaphore), BIDE_SEMAPHORE_MAX);
    CHECK_EQ(bide_permit_try_acquire(&semaphore, 3, &permit), 0);
    CHECK_EQ(bide_permit_move(&permit, 2, &permit), 0);
    CHECK_EQ(bide_permit_count(&permit), 3);
    bide_permit_drop(&permit);
    CHECK_EQ(bide_semaphore_forget(&semaphore, SIZE_MAX), BIDE_SEMAPHORE_MAX);
    return 0;
}

TEST(too_much_is_refused)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    bide_broadcast(int) b;
    CHECK_ERR(bide_channel_new(0, &tx, &rx), -EINVAL);
    CHECK_ERR(bide_channel_new((size_t)1 << 28, &tx, &rx), -EINVAL);
    CHECK_ERR(bide_channel_new(SIZE_MAX - 1, &tx, &rx), -EINVAL);
    CHECK(tx == NULL && rx == NULL);
    CHECK_ERR(bide_broadcast_new(0, &b), -EINVAL);
    CHECK_ERR(bide_broadcast_new(((size_t)1 << 28) + 1, &b), -EINVAL);
    CHECK_ERR(bide_broadcast_new(SIZE_MAX, &b), -EINVAL);
    CHECK(b == NULL);
    CHECK_EQ(bide_block_on(asks_for_much()), 0);
}

/* ---- ends that come early or twice ---- */

static void begin_notified(struct hand *h, bide_notified *d)
{
    hand_begin(h, &bide__desc_bide_notified_wait, &d);
}

TEST(a_dropped_wait_looks_at_its_notification_no_more)
{
    bide_notify *n = malloc(sizeof *n);
    *n = (bide_notify)BIDE_NOTIFY_INIT;
    bide_notified d;
    struct hand h;
    bide_notify_listen(n, &d);
    bide_notified_drop(&d);
    free(n);
    bide_notified_drop(&d);
    begin_notified(&h, &d);
    CHECK(hand_poll(&h));
    CHECK_ERR(h.result, -EINVAL);
    hand_end(&h);
}

static bide_sender(int) last_tx;

static void drops_sender(void *item)
{
    (void)item;
    bide_sender_drop(last_tx);
    last_tx = NULL;
}

TEST(the_last_sender_goes_when_an_item_is_dropped)
{
    for (int unbounded = 0; unbounded < 2; unbounded++) {
        bide_receiver(int) rx;
        CHECK_EQ(bide_channel_new_with(unbounded ? BIDE_UNBOUNDED : 4, drops_sender, &last_tx, &rx),
                 0);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(bide_try_send(last_tx, &i), 0);
        bide_receiver_drop(rx);
        CHECK(last_tx == NULL);
    }
}

/* A task whose wake ends the channel. */
struct ending {
    struct hand hand;
    bide_sender(int) tx;
};

static void wake_and_end(struct bide_wakeable *w, unsigned branch)
{
    struct ending *e = (struct ending *)(void *)w;
    bide_sender_drop(e->tx);
    e->tx = NULL;
    hand_wake(w, branch);
}

TEST(the_last_sender_goes_when_a_receiver_is_woken)
{
    static const struct bide_waker_vtable vtable = {hand_clone, wake_and_end, hand_wake_by_ref,
                                                    hand_drop};
    static struct ending e[2];
    int item = 3, got[2] = {0};
    bide_receiver(int) rx;
    CHECK_EQ(bide_channel_new(1, &e[0].tx, &rx), 0);
    bide_sender(int) mine = bide_sender_clone(e[0].tx);
    for (int i = 0; i < 2; i++) {
        struct {
            void *rx, *item;
        } args = {rx, &got[i]};
        hand_begin(&e[i].hand, &bide__desc_bide_recv, &args);
        e[i].hand.wake.vtable = &vtable;
        CHECK(!hand_poll(&e[i].hand));
    }
    CHECK_EQ(bide_try_send(mine, &item), 0);
    CHECK(e[0].tx == NULL);
    CHECK(hand_poll(&e[0].hand));
    CHECK_EQ(got[0], 3);
    CHECK(!hand_poll(&e[1].hand));
    bide_sender_drop(mine);
    CHECK(hand_poll(&e[1].hand));
    CHECK_EQ(e[1].hand.result, 0);
    bide_receiver_drop(rx);
}

/* ---- outside of tasks ---- */

TEST(a_future_set_may_be_made_and_freed_in_plain_code)
{
    bide_future_set(int) set;
    CHECK_EQ(bide_future_set_new(0, &set), 0);
    CHECK_EQ(bide_future_set_length(set), 0);
    CHECK_EQ(bide_future_set_free(set), 0);
}

TEST(task_sets_are_refused_in_plain_code)
{
    bide_task_set(int) set;
    bide_task_map(int, int) map;
    CHECK_ERR(bide_task_set_new(0, &set), -ENXIO);
    CHECK(set == NULL);
    CHECK_ERR(bide_task_map_new(0, &map), -ENXIO);
    CHECK(map == NULL);
}

/* ---- a shutdown while all wait ---- */

static struct {
    bide_mutex mutex;
    bide_semaphore semaphore;
    bide_notify notify;
    bide_condition condition;
    bide_sender(int) tx;
    bide_receiver(int) rx;
    bide_token *token;
    int unwound;
} shut;

static async int waits(int what)
{
    int item = 1;
    defer {
        __atomic_fetch_add(&shut.unwound, 1, __ATOMIC_RELAXED);
    }
    switch (what) {
    case 0: return await bide_semaphore_acquire(&shut.semaphore, 2);
    case 1: return await bide_notify_wait(&shut.notify);
    case 2: return await bide_send(shut.tx, &item);
    case 3: return await bide_token_wait(shut.token);
    case 4: bide_locked(&shut.mutex) { await bide_condition_wait(&shut.condition, &shut.mutex);
        }
        return 0;
    default: bide_locked(&shut.mutex) { await bide_notify_wait(&shut.notify);
        }
        return 0;
    }
}

static async int all_wait(void)
{
    for (int i = 0; i < 8; i++)
        bide_task_detach(bide_spawn(waits(i)));
    await bide_yield();
    return 0;
}

static void shut_down(enum bide_flavour flavour)
{
    struct bide_runtime_options options = {.flavour = flavour, .workers = 2};
    struct bide_runtime *rt;
    int item = 0;
    if (flavour == BIDE_CURRENT_THREAD)
        options.workers = 0;
    shut.unwound = 0;
    CHECK_EQ(bide_channel_new(1, &shut.tx, &shut.rx), 0);
    CHECK_EQ(bide_try_send(shut.tx, &item), 0);
    CHECK_EQ(bide_token_new(&shut.token), 0);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(all_wait()), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(shut.unwound, 8);
    CHECK(shut.mutex.word_ == 0 && shut.semaphore.word_ == 0 && shut.notify.permit_ == 0);
    CHECK_EQ(bide_receiver_count(shut.rx), 1);
    bide_sender_drop(shut.tx);
    bide_receiver_drop(shut.rx);
    bide_token_drop(shut.token);
}

TEST(a_shutdown_ends_all_waits)
{
    shut_down(BIDE_CURRENT_THREAD);
    shut_down(BIDE_MULTI_THREAD);
}

/* ---- after a fork ---- */

static async int works_after_the_fork(void)
{
    int item = 4, got = 0;
    CHECK_EQ(await bide_send(shut.tx, &item), 0);
    CHECK_EQ(await bide_recv(shut.rx, &got), 1);
    CHECK_EQ(got, 4);
    CHECK_EQ(await bide_mutex_lock(&shut.mutex), 0);
    bide_mutex_unlock(&shut.mutex);
    return 0;
}

TEST(a_child_process_has_its_own_copy)
{
    CHECK_EQ(bide_channel_new(1, &shut.tx, &shut.rx), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(bide_block_on(works_after_the_fork()) == 0 ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(bide_block_on(works_after_the_fork()), 0);
    bide_sender_drop(shut.tx);
    bide_receiver_drop(shut.rx);
}
