/*
 * Names: bide_resolve, and what a look-up that never ends holds up: nothing.
 */
#include "lib/net/address.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

/* ---- a resolver ---- */

enum { ADDRESSES_MAX = 8 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stuck;         /* look-ups of "slow.test" do not end */
    _Atomic int asked;  /* look-ups that have begun, */
    _Atomic int ended;  /* and ended */
    int lists;          /* that were not freed */
    _Atomic int family; /* of the last hints */
} resolver = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct fake {
    struct addrinfo info;
    bide_address address;
};

static struct addrinfo *fake_address(const char *text, struct addrinfo *next)
{
    struct fake *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    CHECK_EQ(bide_address_parse(text, &f->address), 0);
    f->info = (struct addrinfo){.ai_family = bide__to_of(&f->address)->any.sa_family,
                                .ai_addr = &bide__to_of(&f->address)->any,
                                .ai_addrlen = f->address.size,
                                .ai_next = next};
    return &f->info;
}

static int answer(const char *host, struct addrinfo **list)
{
    if (strcmp(host, "both.test") == 0)
        *list = fake_address("[::1]:0", fake_address("127.0.0.1:0", NULL));
    else if (strcmp(host, "strange.test") == 0) {
        *list = fake_address("127.0.0.1:0", NULL);
        (*list)->ai_family = AF_UNIX;
    } else if (strcmp(host, "slow.test") == 0)
        *list = fake_address("127.0.0.1:0", NULL);
    else if (strcmp(host, "silent.test") == 0)
        return -EAI_AGAIN;
    else if (strcmp(host, "broken.test") == 0)
        return -EAI_FAIL;
    else if (strcmp(host, "starved.test") == 0)
        return -ENOMEM;
    else
        return -EAI_NONAME;
    return 0;
}

static int fake_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                            struct addrinfo **list)
{
    (void)service;
    pthread_mutex_lock(&resolver.mutex);
    resolver.asked++;
    resolver.family = hints->ai_family;
    pthread_cond_broadcast(&resolver.changed);
    while (resolver.stuck && strcmp(host, "slow.test") == 0)
        pthread_cond_wait(&resolver.changed, &resolver.mutex);
    int r = answer(host, list);
    resolver.lists += r == 0;
    resolver.ended++;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.mutex);
    return r;
}

static void fake_freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
    pthread_mutex_lock(&resolver.mutex);
    resolver.lists--;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.mutex);
}

static void begin(bool stuck)
{
    bide_test_replace("getaddrinfo", (void (*)(void))fake_getaddrinfo);
    bide_test_replace("freeaddrinfo", (void (*)(void))fake_freeaddrinfo);
    resolver.stuck = stuck;
}

static void let_go(void)
{
    pthread_mutex_lock(&resolver.mutex);
    resolver.stuck = false;
    pthread_cond_broadcast(&resolver.changed);
    pthread_mutex_unlock(&resolver.mutex);
}

/* Waits until all look-ups that have begun have ended and freed what they found. */
static void wait_for_lists(void)
{
    pthread_mutex_lock(&resolver.mutex);
    while (resolver.ended < resolver.asked || resolver.lists > 0)
        pthread_cond_wait(&resolver.changed, &resolver.mutex);
    pthread_mutex_unlock(&resolver.mutex);
}

static void wait_until_asked(int n)
{
    pthread_mutex_lock(&resolver.mutex);
    while (resolver.asked < n)
        pthread_cond_wait(&resolver.changed, &resolver.mutex);
    pthread_mutex_unlock(&resolver.mutex);
}

/* ---- what is found ---- */

static void check_address(const bide_address *address, const char *expected)
{
    char text[BIDE_ADDRESS_MAX];
    CHECK_EQ(bide_address_text(address, text, sizeof text), 0);
    CHECK_STR(text, expected);
}

static async int resolves(const char *host, int family, bide_address_list **list)
{
    bide_resolve_options options = {.family = family};
    *list = (bide_address_list *)1;
    int r = await bide_resolve(host, 80, &options, list);
    CHECK(r == 0 || *list == NULL);
    return r;
}

static async int names(void)
{
    bide_address_list *list;
    CHECK_EQ(await bide_resolve("both.test", 80, NULL, &list), 0);
    CHECK_EQ(list->count, 2);
    check_address(&list->address[0], "[::1]:80");
    check_address(&list->address[1], "127.0.0.1:80");
    bide_address_list_free(list);
    CHECK_EQ(resolver.family, AF_UNSPEC);
    CHECK_EQ(await resolves("both.test", AF_INET6, &list), 0);
    CHECK_EQ(resolver.family, AF_INET6);
    bide_address_list_free(list);

    CHECK_ERR(await resolves("none.test", 0, &list), -ENOENT);
    CHECK_ERR(await resolves("strange.test", 0, &list), -ENOENT);
    CHECK_ERR(await resolves("silent.test", 0, &list), -EAGAIN);
    CHECK_ERR(await resolves("broken.test", 0, &list), -EIO);
    CHECK_ERR(await resolves("starved.test", 0, &list), -ENOMEM);
    CHECK_ERR(await resolves("both.test", AF_UNIX, &list), -EINVAL);
    bide_address_list_free(NULL);
    return 0;
}

TEST(names_have_addresses)
{
    begin(false);
    CHECK_EQ(bide_block_on(names()), 0);
    wait_for_lists();
}

static async int numbers(void)
{
    bide_address_list *list;
    CHECK_EQ(await bide_resolve("192.0.2.7", 65535, NULL, &list), 0);
    CHECK_EQ(list->count, 1);
    check_address(&list->address[0], "192.0.2.7:65535");
    bide_address_list_free(list);
    CHECK_EQ(await resolves("2001:db8::1", AF_INET6, &list), 0);
    check_address(&list->address[0], "[2001:db8::1]:80");
    bide_address_list_free(list);
    CHECK_ERR(await resolves("2001:db8::1", AF_INET, &list), -ENOENT);
    CHECK_ERR(await resolves("fe80::1%no-such-if", 0, &list), -ENODEV);
    bide_stream *stream;
    CHECK_ERR(await resolves(NULL, 0, &list), -EINVAL);
    CHECK_ERR(await bide_tcp_connect(NULL, 80, &stream), -EINVAL);
    return 0;
}

TEST(numbers_need_no_look_up)
{
    begin(true);
    bide_test_watch();
    CHECK_EQ(bide_block_on(numbers()), 0);
    CHECK_EQ(resolver.asked, 0);
    CHECK_EQ(bide_test_calls("thread_create"), 0);
}

/* ---- look-ups that do not end ---- */

static async int connects_slowly(void)
{
    bide_stream *s;
    return await bide_timeout(BIDE_MS(100), (void)bide_tcp_connect("slow.test", 80, &s));
}

static void on(int flavour, void (*f)(void))
{
    bide_runtime_options options = {.flavour = flavour, .workers = 2};
    bide_runtime *rt;
    if (flavour == BIDE_CURRENT_THREAD)
        options.workers = 0;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    f();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* The machine may be slow: of several runs, one must be in time. */
static void a_slow_connect(void)
{
    int64_t best_ms = INT64_MAX;
    for (int i = 0; i < 5 && best_ms >= 150; i++) {
        bide_instant start = bide_now();
        CHECK_ERR(bide_block_on(connects_slowly()), -ETIMEDOUT);
        int64_t ms = bide_elapsed(start).ns / 1000000;
        best_ms = ms < best_ms ? ms : best_ms;
    }
    CHECK(best_ms >= 100 && best_ms < 150);
}

/* Nothing lets go of the look-ups here: the process exits while they run. */
TEST(a_timeout_does_not_wait_for_the_resolver)
{
    begin(true);
    on(BIDE_CURRENT_THREAD, a_slow_connect);
}

TEST(a_timeout_does_not_wait_for_the_resolver_on_two_workers)
{
    begin(true);
    on(BIDE_MULTI_THREAD, a_slow_connect);
}

static async int looks_up_slowly(void)
{
    bide_address_list *list;
    int r = await bide_resolve("slow.test", 80, NULL, &list);
    bide_address_list_free(list);
    return r;
}

enum { STUCK = 100, THREADS = 16 };

static int begun_jobs;

static int a_job(void)
{
    return ++begun_jobs;
}

static async int among_the_stuck(void)
{
    bide_task_set(int) set;
    int r, done = 0;
    uint64_t last = 0;
    CHECK_EQ(bide_task_set_new(0, &set), 0);
    for (int i = 0; i < STUCK; i++)
        last = bide_task_set_spawn(set, looks_up_slowly());
    while (resolver.asked < THREADS)
        await bide_yield();
    bide_instant start = bide_now();
    CHECK_EQ(await bide_blocking(a_job()), begun_jobs);
    CHECK(bide_elapsed(start).ns < BIDE_S(1).ns);
    CHECK_EQ(resolver.asked, THREADS);
    if (begun_jobs > 1) {
        /* One that waits for a thread is cancelled, too. */
        CHECK_EQ(bide_task_set_abort(set, last), 0);
        CHECK_ERR(await bide_task_set_next(set, &r), -ECANCELED);
        let_go();
        while (await bide_task_set_next(set, &r) > 0)
            done += r == 0;
        CHECK_EQ(done, STUCK - 1);
        CHECK(resolver.asked >= STUCK - 1); /* it may have been among the first, on two workers */
    }
    await bide_task_set_close(set);
    return 0;
}

static void stuck_ones(void)
{
    CHECK_EQ(bide_block_on(among_the_stuck()), 0);
}

TEST_LIMIT(stuck_look_ups_leave_the_blocking_pool_free, 30)
{
    begin(true);
    begun_jobs = 1;
    on(BIDE_CURRENT_THREAD, stuck_ones);
    wait_for_lists();
}

TEST_LIMIT(stuck_look_ups_leave_the_blocking_pool_free_on_two_workers, 30)
{
    begin(true);
    begun_jobs = 1;
    on(BIDE_MULTI_THREAD, stuck_ones);
    wait_for_lists();
}

/* The runtime is freed while 16 threads are stuck; they end later. */
TEST_LIMIT(look_ups_outlive_their_runtime, 30)
{
    begin(true);
    on(BIDE_CURRENT_THREAD, stuck_ones);
    CHECK_EQ(resolver.ended, 0);
    let_go();
    wait_for_lists();
    CHECK_EQ(resolver.ended, THREADS);
}

static async int main_that_leaves_them(void)
{
    bide_task_detach(bide_spawn(looks_up_slowly()));
    while (resolver.asked == 0)
        await bide_yield();
    return 0;
}

static void leaves_them(void)
{
    CHECK_EQ(bide_block_on(main_that_leaves_them()), 0);
    bide_instant start = bide_now();
    CHECK_EQ(bide_runtime_shutdown(bide_runtime_current(), BIDE_S(10)), 0);
    CHECK(bide_elapsed(start).ns < BIDE_S(5).ns);
}

TEST_LIMIT(a_shutdown_does_not_wait_for_look_ups, 30)
{
    begin(true);
    on(BIDE_CURRENT_THREAD, leaves_them);
    on(BIDE_MULTI_THREAD, leaves_them);
}

/* ---- threads ---- */

TEST(a_thread_is_used_again_and_leaves)
{
    bide_runtime_options options = {.blocking_idle = BIDE_MS(1)};
    bide_runtime *rt;
    begin(false);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    for (int i = 0; i < 20; i++) {
        if (i % 5 == 4)
            usleep(3000);
        CHECK_EQ(bide_block_on(looks_up_slowly()), 0);
    }
    CHECK_EQ(resolver.asked, 20);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(1)), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_free(rt), 0);
    wait_for_lists();
}

TEST(without_a_thread_a_look_up_fails)
{
    begin(false);
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 1), 0);
    CHECK_ERR(bide_block_on(looks_up_slowly()), -EAGAIN);
    CHECK_EQ(resolver.asked, 0);
    CHECK_EQ(bide_block_on(looks_up_slowly()), 0);
    wait_for_lists();
}

static async int two_at_once(void)
{
    int a = 1, b = 1;
    await bide_join(a = looks_up_slowly(), ({
                        while (resolver.asked == 0)
                            await bide_yield();
                        bide_test_fail("thread_create", 1, -EAGAIN, 0);
                        await bide_join(b = looks_up_slowly(), ({
                                            await bide_yield();
                                            let_go();
                                        }));
                    }));
    return a < 0 ? a : b;
}

TEST(with_one_thread_the_others_wait_for_it)
{
    begin(true);
    CHECK_EQ(bide_block_on(two_at_once()), 0);
    CHECK_EQ(resolver.asked, 2);
    wait_for_lists();
}

/* ---- virtual time, cancellation, memory ---- */

static void *lets_go_soon(void *unused)
{
    (void)unused;
    wait_until_asked(1);
    usleep(2000);
    let_go();
    return NULL;
}

static async int look_up_and_sleep(void)
{
    int r = 1;
    bide_instant start = bide_now();
    await bide_join(r = looks_up_slowly(), (void)bide_sleep(BIDE_S(60)));
    CHECK_EQ(bide_elapsed(start).ns, BIDE_S(60).ns);
    return r;
}

static async int short_sleep(void)
{
    int r = 1;
    bide_instant start = bide_now();
    int waited = await bide_timeout(BIDE_S(1), r = looks_up_slowly());
    CHECK_EQ(waited, 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    return r;
}

TEST(virtual_time_waits_for_look_ups)
{
    pthread_t thread;
    begin(true);
    bide_test_time_virtual();
    CHECK_EQ(pthread_create(&thread, NULL, lets_go_soon, NULL), 0);
    CHECK_EQ(bide_block_on(short_sleep()), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(bide_block_on(look_up_and_sleep()), 0);
    wait_for_lists();
}

/* ... but not for those that were given up. */
static async int gives_up_and_sleeps(void)
{
    bide_task(int) task = bide_spawn(looks_up_slowly());
    while (resolver.asked == 0)
        await bide_yield();
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    return await bide_sleep(BIDE_S(3600));
}

TEST(virtual_time_does_not_wait_for_what_was_given_up)
{
    begin(true);
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(gives_up_and_sleeps()), 0);
}

async int a_resolve(void *state);
extern const struct bide_fn bide__desc_a_resolve;

async int a_resolve(void *state)
{
    bide_address_list *list;
    (void)state;
    int r = await bide_resolve("both.test", 80, NULL, &list);
    bide_address_list_free(list);
    return r;
}

static void nothing(void *state)
{
    (void)state;
}

static void all_is_freed(void *state, const struct cancel_run *run)
{
    (void)state;
    wait_for_lists();
    if (run->error != 0)
        CHECK_ERR(run->error, run->room_size > 0 ? -ENOMEM : -ECANCELED);
    else
        CHECK_EQ(run->result, 0);
}

TEST(a_look_up_is_cancelled_anywhere)
{
    begin(false);
    CHECK(cancel_everywhere(&bide__desc_a_resolve, NULL, NULL, all_is_freed) >= cancel_least(1));
    CHECK(starve_everywhere(&bide__desc_a_resolve, NULL, nothing, all_is_freed) > 0);
}

TEST(no_memory_for_a_look_up)
{
    begin(false);
    CHECK_EQ(bide_block_on(a_resolve(NULL)), 0); /* the runtime and its pools are there */
    unsigned nth = 1;
    for (unsigned more = 1; more; nth++) {
        alloc_fails(nth);
        more = alloc_has_failed(bide_block_on(a_resolve(NULL)));
    }
    CHECK(nth > 3); /* the look-up, the list */
    wait_for_lists();
}

/* ---- a storm ---- */

static async int a_storm(void)
{
    enum { ROUNDS = 60, CALLS = 24 };
    int completed = 0, cancelled = 0;
    for (int round = 0; round < ROUNDS; round++) {
        bide_task(int) task[CALLS];
        for (int i = 0; i < CALLS; i++)
            task[i] = bide_spawn(a_resolve(NULL));
        for (int i = 0; i < round % 5; i++)
            await bide_yield();
        for (int i = round % 2; i < CALLS; i += 2)
            bide_task_abort(task[i]);
        for (int i = 0; i < CALLS; i++) {
            int out = -1, r = await bide_task_join(task[i], &out);
            CHECK(r == 0 ? out == 0 : r == -ECANCELED);
            completed += r == 0;
            cancelled += r != 0;
        }
    }
    CHECK(completed >= ROUNDS * CALLS / 2);
    return completed + cancelled;
}

TEST_LIMIT(a_storm_of_look_ups_and_cancellations, 60)
{
    begin(false);
    CHECK_EQ(bide_block_on(a_storm()), 60 * 24);
    wait_for_lists();
}
