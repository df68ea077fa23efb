/*
 * coordination: tasks that work together, one short function for each way: sets, a lock, channels,
 * an interval, an iterator. docs/sync.md, locks.md, streams.md and choosing.md say which one to
 * take when.
 *
 *     bide run examples/coordination.c
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct job {
    int id;
};

/* As if it fetched a page and returned its length: a longer one takes longer. */
static async int fetch_length(const char *url)
{
    int length = 100 * (int)strlen(url);
    await bide_sleep(BIDE_MS(length / 10));
    return strcmp(url, "/gone") == 0 ? -ENOENT : length;
}

static const char *const urls[] = {"/index.html", "/a", "/gone", "/about"};
enum { URLS = sizeof urls / sizeof *urls };

/* ---- 1. a task set: many calls as tasks, results in the order of their ends ---- */

static async int lengths(void)
{
    bide_task_set(int) set;
    int rc = bide_task_set_new(2, &set); /* 2 at a time; 0: no limit */
    if (rc < 0)
        return rc;
    defer {
        await bide_task_set_close(set); /* cancels what is left, and waits for it */
    }
    for (int i = 0; i < URLS; i++)
        bide_task_set_spawn(set, fetch_length(urls[i]));
    for (int length; (rc = await bide_task_set_next(set, &length)) > 0;)
        length >= 0 ? printf("  %d bytes\n", length) : printf("  failed: %s\n", strerror(-length));
    return rc;
}

/* ---- 2. a future set: many calls inside this task, which may borrow its variables ---- */

static async int first_two(void)
{
    bide_future_set(int) set;
    int rc = bide_future_set_new(0, &set);
    if (rc < 0)
        return rc;
    defer {
        await bide_future_set_close(set);
    }
    for (int i = 0; i < URLS; i++)
        bide_future_set_add(set, fetch_length(urls[i]));
    int length, sum = 0;
    for (int i = 0; i < 2 && (rc = await bide_future_set_next(set, &length)) > 0; i++)
        sum += length > 0 ? length : 0;
    return rc < 0 ? rc : sum;
}

/* ---- 3. a mutex: one task at a time, over awaits ---- */

static bide_mutex account = BIDE_MUTEX_INIT;
static int balance = 130;

static async int save(int amount)
{
    await bide_sleep(BIDE_MS(5));
    balance = amount;
    return 0;
}

static async int pay(int amount)
{
    for (int i = 0; i < 3; i++) {
        bide_locked(&account) { /* waits; unlocked however the block is left */
            if (balance < amount)
                return -EDOM;
            int rc = await save(balance - amount);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* The same by hand, for what a block cannot express. */
static async int look(void)
{
    int rc = await bide_mutex_lock(&account);
    if (rc < 0)
        return rc;
    defer {
        bide_mutex_unlock(&account);
    }
    return balance;
}

/* ---- 4. a channel: jobs for another task; a full channel holds the sender back ---- */

static async int worker(bide_receiver(struct job) jobs)
{
    defer {
        bide_receiver_drop(jobs);
    }
    int sum = 0;
    for (struct job job; await bide_recv(jobs, &job) > 0;)
        sum += job.id;
    return sum;
}

static async int producer(void)
{
    bide_sender(struct job) tx;
    bide_receiver(struct job) rx;
    int rc = bide_channel_new(2, &tx, &rx), sum = 0;
    if (rc < 0)
        return rc;
    bide_task(int) task = bide_spawn(worker(rx));
    for (int id = 1; id <= 4 && rc == 0; id++)
        rc = await bide_send(tx, &(struct job){id});
    bide_sender_drop(tx); /* the last one: the worker sees the end */
    int error = await bide_task_join(task, &sum);
    return rc < 0 ? rc : error < 0 ? error : sum;
}

/* ---- 5. a broadcast: each item for all who listen ---- */

static async int listener(bide_subscriber(struct job) mine)
{
    defer {
        bide_subscriber_drop(mine);
    }
    struct job item;
    for (int rc; (rc = await bide_subscriber_recv(mine, &item)) != 0;)
        if (rc == -EOVERFLOW) /* it was too slow */
            printf("  missed %d\n", (int)bide_subscriber_missed(mine));
        else
            printf("  job %d\n", item.id);
    return 0;
}

static async int announce(void)
{
    bide_broadcast(struct job) news;
    bide_subscriber(struct job) subscriber;
    int rc = bide_broadcast_new(2, &news); /* keeps the last 2 */
    if (rc < 0)
        return rc;
    rc = bide_broadcast_subscribe(news, &subscriber);
    if (rc < 0) {
        bide_broadcast_drop(news);
        return rc;
    }
    for (int id = 1; id <= 5; id++)
        bide_broadcast_send(news, &(struct job){id}); /* never waits */
    bide_broadcast_drop(news);
    return await listener(subscriber);
}

/* ---- 6. a watch: only the latest value counts ---- */

static async int follow(bide_watcher(struct job) mine)
{
    defer {
        bide_watcher_drop(mine);
    }
    for (struct job now; await bide_watcher_changed(mine, &now) > 0;)
        printf("  now %d\n", now.id);
    return 0;
}

static async int configure(void)
{
    bide_watch(struct job) config;
    bide_watcher(struct job) watcher;
    int rc = bide_watch_new(&(struct job){1}, &config);
    if (rc < 0)
        return rc;
    rc = bide_watch_subscribe(config, &watcher);
    if (rc < 0) {
        bide_watch_drop(config);
        return rc;
    }
    rc = bide_watch_set(config, &(struct job){2}); /* nobody will see this one */
    if (rc == 0)
        rc = bide_watch_set(config, &(struct job){3});
    bide_task(int) task = bide_spawn(follow(watcher));
    await bide_sleep(BIDE_MS(5)); /* the watcher has its turn */
    if (rc == 0)
        rc = bide_watch_set(config, &(struct job){4});
    bide_watch_drop(config); /* it sees the end */
    int error = await bide_task_wait(task);
    return rc < 0 ? rc : error;
}

/* ---- 7. an interval: ticks at equal distances, however long the work takes ---- */

static async int ticking(void)
{
    bide_interval second = bide_interval_every(BIDE_S(1), BIDE_MISSED_SKIP);
    bide_instant start = bide_now();
    for (int i = 0; i < 3; i++) {
        await bide_interval_tick(&second); /* the first at once */
        printf("  tick after %d ms\n", (int)(bide_elapsed(start).ns / 1000000));
        await bide_sleep(BIDE_MS(300));
    }
    return 0;
}

/* ---- 8. an iterator: what a channel brings, as something else, and not all of it ---- */

static int job_id(struct job job)
{
    return job.id;
}

static bool is_even(int n)
{
    return n % 2 == 0;
}

static async int total(bide_receiver(struct job) jobs)
{
    bide_iter(int) ids = bide_iter_filter(bide_iter_map(bide_iter_of(jobs), job_id), is_even);
    defer {
        bide_iter_drop(ids);
    }
    int rc, sum = 0;
    for (int id; (rc = await bide_next(ids, &id)) > 0;)
        sum += id;
    return rc < 0 ? rc : sum;
}

static async int even_jobs(void)
{
    bide_sender(struct job) tx;
    bide_receiver(struct job) rx;
    int rc = bide_channel_new(4, &tx, &rx);
    if (rc < 0)
        return rc;
    for (int id = 1; id <= 4 && rc == 0; id++)
        rc = bide_try_send(tx, &(struct job){id});
    bide_sender_drop(tx);
    int sum = await total(rx); /* which takes the receiver */
    return rc < 0 ? rc : sum;
}

async int main(void)
{
    int rc, paid = 0, refused = 0;

    puts("1. lengths");
    if ((rc = await lengths()) < 0)
        return rc;
    printf("2. the first two: %d bytes\n", await first_two());

    await bide_join(paid = pay(20), refused = pay(30));
    printf("3. %s, %s, %d left\n", paid == 0 ? "paid" : "refused",
           refused == -EDOM ? "refused" : "paid", await look());

    printf("4. the sum of the jobs: %d\n", await producer());
    puts("5. news");
    if ((rc = await announce()) < 0)
        return rc;
    puts("6. configuration");
    if ((rc = await configure()) < 0)
        return rc;
    puts("7. ticks");
    if ((rc = await ticking()) < 0)
        return rc;
    printf("8. the sum of the even jobs: %d\n", await even_jobs());
    return 0;
}
