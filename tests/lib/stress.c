/*
 * Stress of all that coordinates tasks, together: channels, locks, sets, tokens. Tasks do random
 * things with the same objects, with time limits, and are aborted at random; plain threads, and
 * a thread with a runtime of its own, do the same meanwhile. Whatever goes into a channel or a
 * oneshot is counted and summed up, and so is what comes out: nothing is lost or doubled. At the
 * end every object is free.
 *
 * How long, and with which seed: harness/stress.h.
 */
#include "check.h"
#include "stress.h"

#include <bide/bide.h>
#include <bide/core.h>
#include <bide/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { ACTS = 20, CHILD_ACTS = 17 }; /* the first ones are those of children, too */
enum { WORKERS_MAX = 24, THREADS = 2, CAPACITY = 3, PERMITS = 4, ONCES = 64, DEFAULT_MS = 700 };

/* What goes in and what comes out, with a sum that tells two different items apart. */
struct tally {
    _Atomic uint64_t in, out, in_sum, out_sum;
};

static void goes_in(struct tally *t, uint64_t number)
{
    atomic_fetch_add(&t->in, 1);
    atomic_fetch_add(&t->in_sum, mix(number));
}

static void comes_out(struct tally *t, uint64_t number)
{
    atomic_fetch_add(&t->out, 1);
    atomic_fetch_add(&t->out_sum, mix(number));
}

static void check_tally(const struct tally *t)
{
    CHECK_EQ(t->out, t->in);
    CHECK(t->out_sum == t->in_sum);
    CHECK(t->in > 0);
}

/* What is sent through the channels. */
struct item {
    uint64_t number;
    bide_oneshot_sender(uint64_t) answer; /* NULL: none is wanted */
};

/* A value of more than one word, which must not be torn. */
struct news {
    uint64_t number, same[3];
};

/* The objects; new ones in each round. */
static struct world {
    bide_sender(struct item) tx[2]; /* a bounded channel and one without bound */
    bide_receiver(struct item) rx[2];
    struct tally items[2], answers;
    _Atomic uint64_t numbers;

    bide_mutex mutex;
    bide_rwlock rwlock;
    bide_semaphore semaphore;
    bide_notify notify;
    bide_barrier barrier;
    bide_condition condition;
    bide_once once[ONCES];
    long under_mutex, queued, written[2]; /* under the locks */
    int made[ONCES];
    atomic_long did_mutex, did_queue, did_dequeue, did_write;
    atomic_int permits, passed, led;

    bide_broadcast(struct news) news;
    bide_watch(struct news) watch;
    bide_token *token;
    bide_tracker tracker;
    atomic_long begun, ended; /* tasks, and children of sets */
    atomic_bool no_more;      /* threads and feeder are to end */
} w;

static atomic_long actions[ACTS];

/* ---- channels and oneshots ---- */

static void answer_dropped(void *value)
{
    comes_out(&w.answers, *(uint64_t *)value);
}

/* Whoever has the item answers, or does not. */
static void has_item(unsigned c, struct item *item)
{
    comes_out(&w.items[c], item->number);
    if (item->answer == NULL)
        return;
    if (item->number % 4 == 0) {
        bide_oneshot_sender_drop(item->answer);
        return;
    }
    uint64_t number = item->number;
    goes_in(&w.answers, number);
    if (bide_oneshot_send(item->answer, &number) == -EPIPE)
        comes_out(&w.answers, number);
}

static void item_dropped(void *item)
{
    struct item *i = item;
    has_item(i->number & 1, i);
}

/* The lowest bit of an item's number tells its channel. */
static struct item new_item(unsigned c)
{
    return (struct item){atomic_fetch_add(&w.numbers, 2) | c, NULL};
}

static async void sends(uint64_t *seed)
{
    unsigned c = below(seed, 2);
    struct item item = new_item(c);
    int r = below(seed, 3) == 0 ? bide_try_send(w.tx[c], &item) : await bide_send(w.tx[c], &item);
    CHECK(r == 0 || r == -EAGAIN);
    if (r == 0)
        goes_in(&w.items[c], item.number);
}

static async void reserves(uint64_t *seed)
{
    size_t left = 1 + below(seed, CAPACITY);
    CHECK_EQ(await bide_reserve(w.tx[0], left), 0);
    defer {
        bide_unreserve(w.tx[0], left);
    }
    while (left > 0 && below(seed, 4) > 0) {
        struct item item = new_item(0);
        CHECK_EQ(bide_send_reserved(w.tx[0], &item), 0);
        left--;
        goes_in(&w.items[0], item.number);
        if (below(seed, 2) == 0)
            await bide_yield();
    }
}

static async void receives(uint64_t *seed)
{
    struct item items[4];
    unsigned c = below(seed, 2);
    int r;
    switch (below(seed, 3)) {
    case 0: r = bide_try_recv(w.rx[c], &items[0]); break;
    case 1: r = await bide_recv_many(w.rx[c], items, 4); break;
    default: r = await bide_recv(w.rx[c], &items[0]); break;
    }
    CHECK(r > 0 || r == -EAGAIN);
    for (int i = 0; i < r; i++)
        has_item(c, &items[i]);
}

static async void asks(uint64_t *seed)
{
    unsigned c = below(seed, 2);
    uint64_t answer = 0;
    struct item item = new_item(c);
    bide_oneshot_receiver(uint64_t) rx;
    CHECK_EQ(bide_oneshot_new_with(answer_dropped, &item.answer, &rx), 0);
    bool sent = false;
    defer {
        if (!sent)
            bide_oneshot_sender_drop(item.answer);
        bide_oneshot_receiver_drop(rx);
    }
    CHECK_EQ(await bide_send(w.tx[c], &item), 0);
    sent = true;
    goes_in(&w.items[c], item.number);
    int r = await bide_oneshot_recv(rx, &answer);
    if (r == 1)
        comes_out(&w.answers, answer);
    CHECK(r == 0 || (r == 1 && answer == item.number));
}

/* ---- locks ---- */

static async void locks(uint64_t *seed)
{
    bide_locked(&w.mutex) {
        w.under_mutex++;
        atomic_fetch_add(&w.did_mutex, 1);
        if (below(seed, 2) == 0)
            await bide_yield();
    }
}

static async void reads(uint64_t *seed)
{
    bide_read_locked(&w.rwlock) {
        CHECK_EQ(w.written[0], w.written[1]);
        if (below(seed, 2) == 0)
            await bide_yield();
    }
}

static async void writes(uint64_t *seed)
{
    CHECK_EQ(await bide_rwlock_write(&w.rwlock), 0);
    bool is_reader = false;
    defer {
        is_reader ? bide_rwlock_read_unlock(&w.rwlock) : bide_rwlock_write_unlock(&w.rwlock);
    }
    w.written[0]++;
    defer {
        CHECK_EQ(w.written[0], w.written[1]);
    }
    bool both = false;
    defer {
        if (!both)
            w.written[1]++;
    }
    atomic_fetch_add(&w.did_write, 1);
    if (below(seed, 2) == 0)
        await bide_yield();
    w.written[1]++;
    both = true;
    if (below(seed, 3) == 0) {
        is_reader = true;
        bide_rwlock_downgrade(&w.rwlock);
        await bide_yield();
    }
}

static async void takes_permits(uint64_t *seed)
{
    bide_permit permit = BIDE_PERMIT_INIT;
    int n = 1 + (int)below(seed, 3);
    if (await bide_permit_acquire(&w.semaphore, (size_t)n, &permit) < 0)
        return;
    defer {
        atomic_fetch_sub(&w.permits, n);
        bide_permit_drop(&permit);
    }
    CHECK(atomic_fetch_add(&w.permits, n) + n <= PERMITS);
    if (below(seed, 2) == 0)
        await bide_yield();
}

static async void meets(void)
{
    int r = await bide_barrier_wait(&w.barrier);
    w.passed++;
    w.led += r;
}

static async void is_notified(uint64_t *seed)
{
    bide_notified change;
    if (below(seed, 2) == 0) {
        await bide_notify_wait(&w.notify);
        return;
    }
    bide_notify_listen(&w.notify, &change);
    defer {
        bide_notified_drop(&change);
    }
    if (below(seed, 2) == 0)
        await bide_yield();
    CHECK_EQ(await bide_notified_wait(&change), 0);
}

static async void enqueues(void)
{
    bide_locked(&w.mutex) {
        w.queued++;
        atomic_fetch_add(&w.did_queue, 1);
    }
    bide_condition_signal(&w.condition);
}

static async void dequeues(void)
{
    bide_locked(&w.mutex) {
        while (w.queued == 0)
            await bide_condition_wait(&w.condition, &w.mutex);
        w.queued--;
        atomic_fetch_add(&w.did_dequeue, 1);
    }
}

static async int makes(int *made)
{
    await bide_yield();
    if (*made == 0 && mix((uint64_t)(uintptr_t)made) % 3 == 0)
        await bide_yield();
    return ++*made == 1 ? 0 : -EINVAL;
}

static async void makes_once(uint64_t *seed)
{
    unsigned i = below(seed, ONCES);
    CHECK_EQ(await bide_once_make(&w.once[i], bide_ref(makes), &w.made[i]), 0);
    CHECK_EQ(w.made[i], 1);
}

/* ---- broadcasts and watches ---- */

static void check_news(const struct news *n)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQ(n->same[i], n->number);
}

static async void subscribes(uint64_t *seed)
{
    bide_subscriber(struct news) s;
    CHECK_EQ(bide_broadcast_subscribe(w.news, &s), 0);
    defer {
        bide_subscriber_drop(s);
    }
    uint64_t next = 0;
    for (unsigned i = below(seed, 6); i > 0; i--) {
        struct news n;
        int r = await bide_subscriber_recv(s, &n);
        if (r == -EOVERFLOW) {
            next += next > 0 ? bide_subscriber_missed(s) : 0;
            continue;
        }
        CHECK_EQ(r, 1);
        check_news(&n);
        CHECK(next == 0 || n.number == next);
        next = n.number + 1;
    }
}

static async void watches(uint64_t *seed)
{
    bide_watcher(struct news) s;
    CHECK_EQ(bide_watch_subscribe(w.watch, &s), 0);
    defer {
        bide_watcher_drop(s);
    }
    struct news n;
    bide_watcher_get(s, &n);
    for (unsigned i = below(seed, 4); i > 0; i--) {
        uint64_t before = n.number;
        CHECK_EQ(await bide_watcher_changed(s, &n), 1);
        check_news(&n);
        CHECK(n.number > before);
    }
    const struct news *borrowed = bide_watcher_borrow(s);
    defer {
        bide_watcher_return(s, borrowed);
    }
    uint64_t number = borrowed->number;
    CHECK(number >= n.number);
    await bide_yield();
    CHECK_EQ(borrowed->number, number);
    check_news(borrowed);
}

/* ---- sets and tokens ---- */

static async void act(uint64_t *seed, bool is_child);

static async int child(uint64_t seed)
{
    atomic_fetch_add(&w.begun, 1);
    defer {
        atomic_fetch_add(&w.ended, 1);
    }
    (void)await bide_timeout(BIDE_US(below(&seed, 300)), act(&seed, true));
    return 7;
}

static async void uses_tasks(uint64_t *seed)
{
    bide_task_set(int) set;
    CHECK_EQ(bide_task_set_new(below(seed, 3), &set), 0);
    defer {
        await bide_task_set_close(set);
    }
    int left = (int)below(seed, 5);
    for (int i = 0; i < left; i++)
        CHECK(bide_task_set_spawn(set, child(mix(*seed + (uint64_t)i))) > 0);
    while (below(seed, 6) > 0) {
        int n = 0, r = await bide_task_set_next(set, &n);
        if (r == 0)
            CHECK_EQ(left, 0);
        if (r == 0)
            break;
        CHECK(r == 1 && n == 7);
        left--;
    }
}

static async void uses_futures(uint64_t *seed)
{
    bide_future_set(int) set;
    CHECK_EQ(bide_future_set_new(below(seed, 3), &set), 0);
    defer {
        await bide_future_set_close(set);
    }
    int results[4] = {0}, count = (int)below(seed, 5);
    for (int i = 0; i < count; i++)
        CHECK(bide_future_set_add(set, child(mix(*seed + (uint64_t)i))) > 0);
    if (below(seed, 2) == 0) {
        CHECK_EQ(await bide_join_all(set, results, 4), 0);
        for (int i = 0; i < count; i++)
            CHECK_EQ(results[i], 7);
        return;
    }
    for (int n = 0; below(seed, 6) > 0 && await bide_future_set_next(set, &n) > 0; n = 0)
        CHECK_EQ(n, 7);
}

static async void uses_token(uint64_t *seed)
{
    bide_token *mine;
    CHECK_EQ(bide_token_child(w.token, &mine), 0);
    defer {
        bide_token_drop(mine);
    }
    bide_tracker_enter(&w.tracker);
    defer {
        bide_tracker_leave(&w.tracker);
    }
    if (below(seed, 2) == 0)
        bide_token_cancel(mine);
    (void)await bide_timeout(BIDE_US(below(seed, 200)), bide_token_wait(mine));
}

/* ---- one after another, at random ---- */

static async void act(uint64_t *seed, bool is_child)
{
    unsigned what = below(seed, is_child ? CHILD_ACTS : ACTS);
    atomic_fetch_add_explicit(&actions[what], 1, memory_order_relaxed);
    switch (what) {
    case 0:
    case 1: await sends(seed); break;
    case 2:
    case 3: await receives(seed); break;
    case 4: await reserves(seed); break;
    case 5: await asks(seed); break;
    case 6: await locks(seed); break;
    case 7: await reads(seed); break;
    case 8: await writes(seed); break;
    case 9: await takes_permits(seed); break;
    case 10: await meets(); break;
    case 11: await is_notified(seed); break;
    case 12: await enqueues(); break;
    case 13: await dequeues(); break;
    case 14: await makes_once(seed); break;
    case 15: await subscribes(seed); break;
    case 16: await watches(seed); break;
    case 17: await uses_tasks(seed); break;
    case 18: await uses_futures(seed); break;
    default: await uses_token(seed); break;
    }
}

static async int works(uint64_t seed)
{
    atomic_fetch_add(&w.begun, 1);
    defer {
        atomic_fetch_add(&w.ended, 1);
    }
    for (;;) {
        (void)await bide_timeout(BIDE_US(50 + below(&seed, 500)), act(&seed, false));
        if (below(&seed, 3) == 0)
            await bide_yield();
    }
}

/* Never aborted: what it sends has no gap. */
static async int feeds(void)
{
    for (uint64_t n = 1; !w.no_more; n++) {
        struct news news = {n, {n, n, n}};
        int r = bide_broadcast_send(w.news, &news);
        CHECK(r >= 0 || r == -EPIPE);
        CHECK_EQ(bide_watch_set(w.watch, &news), 0);
        n % 3 == 0 ? bide_notify_all(&w.notify) : bide_notify_one(&w.notify);
        if (n % 8 == 0)
            bide_condition_broadcast(&w.condition);
        await bide_yield();
    }
    return 0;
}

/* ---- the threads outside ---- */

/* The plain functions, as other C files see them. */
extern const struct bide_fn bide__desc_bide_mutex_lock, bide__desc_bide_rwlock_write,
    bide__desc_bide_semaphore_acquire, bide__desc_bide_send, bide__desc_bide_recv;

#define PLAIN(type, name) ((type)bide__desc_##name.blocking)

static void plain_act(uint64_t *seed)
{
    unsigned c = below(seed, 2);
    struct item item = new_item(c);
    switch (below(seed, 5)) {
    case 0:
        CHECK_EQ(PLAIN(int (*)(bide_mutex *), bide_mutex_lock)(&w.mutex), 0);
        w.under_mutex++;
        atomic_fetch_add(&w.did_mutex, 1);
        bide_mutex_unlock(&w.mutex);
        break;
    case 1:
        CHECK_EQ(PLAIN(int (*)(bide_rwlock *), bide_rwlock_write)(&w.rwlock), 0);
        w.written[0]++;
        w.written[1]++;
        atomic_fetch_add(&w.did_write, 1);
        bide_rwlock_write_unlock(&w.rwlock);
        break;
    case 2:
        CHECK_EQ(PLAIN(int (*)(bide_semaphore *, size_t), bide_semaphore_acquire)(&w.semaphore, 2),
                 0);
        CHECK(atomic_fetch_add(&w.permits, 2) + 2 <= PERMITS);
        atomic_fetch_sub(&w.permits, 2);
        bide_semaphore_release(&w.semaphore, 2);
        break;
    case 3:
        CHECK_EQ(PLAIN(int (*)(void *, const void *), bide_send)(w.tx[c], &item), 0);
        goes_in(&w.items[c], item.number);
        break;
    default:
        CHECK_EQ(PLAIN(int (*)(void *, void *), bide_recv)(w.rx[c], &item), 1);
        has_item(c, &item);
        break;
    }
}

static void *outside(void *argument)
{
    uint64_t seed = *(uint64_t *)argument;
    while (!w.no_more)
        plain_act(&seed);
    return NULL;
}

static async int some_acts(uint64_t seed)
{
    for (int i = 0; i < 5; i++)
        (void)await bide_timeout(BIDE_US(50 + below(&seed, 300)), act(&seed, false));
    return 0;
}

/* A runtime of its own. */
static void *blocks(void *argument)
{
    uint64_t seed = *(uint64_t *)argument;
    while (!w.no_more)
        CHECK_EQ(bide_block_on(some_acts(mix(seed++))), 0);
    return NULL;
}

/* ---- a round ---- */

static void begin_world(void)
{
    memset(&w, 0, sizeof w);
    CHECK_EQ(bide_channel_new_with(CAPACITY, item_dropped, &w.tx[0], &w.rx[0]), 0);
    CHECK_EQ(bide_channel_new_with(BIDE_UNBOUNDED, item_dropped, &w.tx[1], &w.rx[1]), 0);
    CHECK_EQ(bide_broadcast_new(4, &w.news), 0);
    CHECK_EQ(bide_watch_new(&(struct news){0}, &w.watch), 0);
    CHECK_EQ(bide_token_new(&w.token), 0);
    bide_semaphore_release(&w.semaphore, PERMITS);
    w.barrier = (bide_barrier)BIDE_BARRIER_INIT(2);
}

static void check_locks(void)
{
    CHECK_EQ(w.under_mutex, w.did_mutex);
    CHECK_EQ(w.did_queue, w.did_dequeue + w.queued);
    CHECK_EQ(w.written[0], w.did_write);
    CHECK_EQ(w.written[1], w.did_write);
    CHECK_EQ(bide_mutex_try_lock(&w.mutex), 0);
    CHECK_EQ(bide_rwlock_try_write(&w.rwlock), 0);
    CHECK_EQ(bide_semaphore_available(&w.semaphore), PERMITS);
    CHECK(w.semaphore.waiting_.first == NULL && w.notify.waiting_.first == NULL);
    CHECK(w.condition.waiting_.first == NULL && w.barrier.waiting_.first == NULL);
    CHECK_EQ(w.barrier.arrived_, 0);
    CHECK_EQ(w.passed, 2 * w.led);
    for (int i = 0; i < ONCES; i++)
        CHECK_EQ(w.made[i], bide_once_is_made(&w.once[i]));
}

static void end_world(void)
{
    for (int c = 0; c < 2; c++) {
        bide_sender_drop(w.tx[c]);
        bide_receiver_drop(w.rx[c]); /* drops what is left */
        check_tally(&w.items[c]);
    }
    CHECK_EQ(w.answers.out, w.answers.in);
    CHECK(w.answers.out_sum == w.answers.in_sum);
    CHECK_EQ(bide_broadcast_subscribers(w.news), 0);
    CHECK_EQ(bide_watch_watchers(w.watch), 0);
    bide_broadcast_drop(w.news);
    bide_watch_drop(w.watch);
    bide_token_drop(w.token);
    check_locks();
    CHECK_EQ(w.ended, w.begun);
}

/* Workers are aborted and made anew; then the threads end while others still work; then all. */
static async int supervise(uint64_t seed, int count, pthread_t *threads)
{
    bide_task(int) task[WORKERS_MAX];
    bide_task(int) feeder = bide_spawn(feeds());
    int ignored;
    for (int i = 0; i < count; i++)
        task[i] = bide_spawn(works(mix(seed + (uint64_t)i)));
    for (int round = 0; round < 60; round++) {
        unsigned i = below(&seed, (unsigned)count);
        await bide_sleep(BIDE_US(below(&seed, 1000)));
        bide_task_abort(task[i]);
        CHECK_ERR(await bide_task_join(task[i], &ignored), -ECANCELED);
        task[i] = bide_spawn(works(mix(seed)));
    }
    w.no_more = true;
    for (int i = 0; i <= THREADS; i++) {
        pthread_t thread = threads[i];
        CHECK_EQ(await bide_blocking(pthread_join(thread, NULL)), 0);
    }
    CHECK_EQ(await bide_task_join(feeder, &ignored), 0);
    for (int i = 0; i < count; i++) {
        bide_task_abort(task[i]);
        CHECK_ERR(await bide_task_join(task[i], &ignored), -ECANCELED);
    }
    bide_tracker_close(&w.tracker);
    return await bide_tracker_wait(&w.tracker);
}

static void round_of(uint64_t seed, void *argument)
{
    unsigned workers = *(unsigned *)argument;
    struct bide_runtime_options options = {
        .flavour = workers > 0 ? BIDE_MULTI_THREAD : BIDE_CURRENT_THREAD, .workers = workers};
    struct bide_runtime *rt;
    pthread_t thread[THREADS + 1];
    uint64_t seeds[THREADS + 1];

    begin_world();
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    for (int i = 0; i <= THREADS; i++) {
        seeds[i] = mix(seed + 100 + (uint64_t)i);
        CHECK_EQ(pthread_create(&thread[i], NULL, i < THREADS ? outside : blocks, &seeds[i]), 0);
    }
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(supervise(seed, workers > 2 ? WORKERS_MAX : WORKERS_MAX / 2, thread)),
             0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    end_world();
}

static void stress(unsigned workers)
{
    unsigned rounds = stress_rounds(stress_ms(DEFAULT_MS), round_of, &workers);
    fprintf(stderr, "%u rounds\n", rounds);
    for (unsigned i = 0; i < ACTS; i++)
        CHECK(atomic_load(&actions[i]) > 0);
}

TEST_LIMIT(one_thread, 3600)
{
    stress(0);
}

TEST_LIMIT(two_workers, 3600)
{
    stress(2);
}

TEST_LIMIT(eight_workers, 3600)
{
    stress(8);
}
