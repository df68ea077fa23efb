/*
 * The console beside what could disturb it, or be disturbed by it: futures that other workers drop,
 * memory that is used again, time that is virtual, a loop of another library, processes that fork,
 * and no descriptors.
 */
#define _GNU_SOURCE
#define CONSOLE_SOCKET "console_races.socket"
#include "console_client.h"

#include "runtime/leaf.h"
#include "runtime/task/gauge.h"

#include <bide/testing.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

static bide_notify go_on;

static async void waits(void)
{
    await bide_notify_wait(&go_on);
}

static void begin_asking(pthread_t *thread)
{
    CHECK_EQ(pthread_create(thread, NULL, only_asks, (void *)(uintptr_t)path), 0);
}

static char *ask_with_console(void)
{
    CHECK_EQ(bide_console_begin(path), 0);
    char *text = ask_once(path);
    bide_console_end();
    return text;
}

/* ---- futures that others drop ---- */

enum { CELLS = 32, PAIRS = 2 };

static async int later(int n)
{
    await bide_notify_wait(&go_on);
    return n;
}

typedef bide_future(int) future;
static struct {
    atomic_bool is_full;
    future future;
} cells[PAIRS][CELLS];

static async void makes(int pair)
{
    for (; !stops; await bide_yield())
        for (int i = 0; i < CELLS; i++)
            if (!cells[pair][i].is_full) {
                cells[pair][i].future = bide_lazy(later(i));
                cells[pair][i].is_full = true;
            }
}

static void drop_all(int pair)
{
    for (int i = 0; i < CELLS; i++)
        if (cells[pair][i].is_full) {
            bide_drop(cells[pair][i].future);
            cells[pair][i].is_full = false;
        }
}

static async void drops(int pair)
{
    for (; !stops; await bide_yield())
        drop_all(pair);
}

/* A future that one worker has made is dropped by another one, while the first one tells of it. */
static async int drops_what_others_make(void)
{
    pthread_t thread;
    bide_scope(s) {
        for (int i = 0; i < 500; i++)
            bide_scope_spawn(s, waits());
        for (int i = 0; i < PAIRS; i++) {
            bide_scope_spawn(s, makes(i));
            bide_scope_spawn(s, drops(i));
        }
        begin_asking(&thread);
        while (answers < 20)
            await bide_sleep(BIDE_MS(1));
        stops = true;
        await bide_blocking(join(thread));
        bide_notify_all(&go_on);
    }
    for (int i = 0; i < PAIRS; i++)
        drop_all(i);
    return 0;
}

ON(futures_are_dropped_by_others_while_it_asks, 60, BIDE_MULTI_THREAD, 4, drops_what_others_make)

/* Its memory goes back with the worker's next message, so that it is there, and nobody's. */
static async int drops_what_is_given(bide_future(int) f)
{
    bide_drop(f);
    await bide_sleep(BIDE_MS(2));
    char *text = await bide_blocking(ask_once(path));
    CHECK(!strstr(text, "\"kind\":\"future\""));
    free(text);
    return 0;
}

TEST(a_future_of_no_worker_is_dropped_by_one)
{
    bide_runtime *rt;
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_console_begin(path), 0);
    bide_future(int) f = bide_lazy(later(1));
    CHECK_EQ(bide_block_on(drops_what_is_given(bide_move(f))), 0);
    bide_console_end();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- memory that is used again ---- */

static async void is_large(void)
{
    char bytes[6000];
    memset(bytes, 1, sizeof bytes);
    await bide_notify_wait(&go_on);
    CHECK_EQ(bytes[sizeof bytes - 1], 1);
}

/* Spare memory of large tasks, which had few gauges, becomes that of small ones. */
static async int changes_sizes(void)
{
    int fd = attach(path);
    for (int round = 0; round < 3; round++) {
        bide_scope(s) {
            for (int i = 0; i < 400; i++)
                bide_scope_spawn(s, is_large());
            await bide_yield();
            bide_notify_all(&go_on);
        }
        free(await bide_blocking(ask(fd))); /* the memory is looked at while nobody has it */
        bide_scope(s) {
            for (int i = 0; i < 6000; i++)
                bide_scope_spawn(s, waits());
            await bide_yield();
            char *text = await bide_blocking(ask(fd));
            CHECK_EQ(count_of(text, "\"function\":\"waits\""), 6000);
            free(text);
            await bide_sleep(BIDE_MS(1)); /* after a pause all polls are measured */
            bide_notify_all(&go_on);
        }
    }
    close(fd);
    return 0;
}

ON(spare_memory_has_gauges_of_its_new_size, 60, BIDE_CURRENT_THREAD, 1, changes_sizes)
ON(spare_memory_of_a_worker_has_gauges_of_its_new_size, 60, BIDE_MULTI_THREAD, 1, changes_sizes)

/* ---- answers come though nothing else happens ---- */

enum { MANY = 5000 };

static async int is_told(void)
{
    bide_scope(s) {
        for (int i = 0; i < MANY; i++)
            bide_scope_spawn(s, waits());
        await bide_yield();
        int fd = attach(path);
        for (int i = 0; i < 3; i++) {
            char *text = await bide_blocking(ask(fd));
            CHECK_EQ(count_of(text, "\"function\":\"waits\""), MANY);
            CHECK(!strstr(text, "\"answers\":false"));
            free(text);
        }
        close(fd);
        bide_notify_all(&go_on);
    }
    return 0;
}

TEST_LIMIT(it_answers_in_virtual_time, 60)
{
    bide_test_time_virtual();
    on(BIDE_CURRENT_THREAD, 1, bide_ref(is_told));
}

TEST_LIMIT(it_answers_in_virtual_time_of_workers, 60)
{
    bide_test_time_virtual();
    on(BIDE_MULTI_THREAD, 2, bide_ref(is_told));
}

/* A question is no reason to move the clock on: what can run comes first. */
static atomic_int woken;

static async void counts_wakes(void)
{
    for (;;) {
        await bide_notify_wait(&go_on);
        woken++;
    }
}

static async int wakes_before_time_passes(void)
{
    pthread_t thread;
    begin_asking(&thread);
    await bide_sleep(BIDE_MS(1));
    while (answers < 50) {
        int before = woken;
        bide_notify_one(&go_on);
        await bide_sleep(BIDE_MS(1));
        CHECK_EQ(woken, before + 1);
    }
    stops = true;
    await bide_blocking(join(thread));
    return 0;
}

/* The task belongs to no worker: the console's thread itself looks at it, and makes it ready if it
 * was woken meanwhile. */
TEST_LIMIT(virtual_time_does_not_pass_a_task_that_is_ready, 60)
{
    bide_runtime *rt;
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_test_time_virtual();
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_console_begin(path), 0);
    bide_task_detach(bide_spawn(counts_wakes()));
    CHECK_EQ(bide_block_on(wakes_before_time_passes()), 0);
    bide_console_end();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static atomic_bool has_asked;

static void *asks_three_times(void *unused)
{
    int fd = attach(path);
    for (int i = 0; i < 3; i++) {
        char *text = ask(fd);
        CHECK_EQ(count_of(text, "\"function\":\"waits\""), MANY);
        free(text);
    }
    close(fd);
    has_asked = true;
    return unused;
}

/* The loop turns the runtime only when its descriptor is ready. */
TEST_LIMIT(it_answers_in_the_loop_of_another_library, 60)
{
    pthread_t thread;
    bide_runtime *rt;
    bide_runtime_options o = {.flavour = BIDE_CURRENT_THREAD};
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_console_begin(path), 0);
    for (int i = 0; i < MANY; i++)
        bide_task_detach(bide_spawn(waits()));
    struct pollfd p = {.fd = bide_runtime_fd(rt), .events = POLLIN};
    CHECK(p.fd >= 0);
    for (int i = 0; i < MANY / 10; i++)
        bide_runtime_turn(rt, 0);
    CHECK_EQ(pthread_create(&thread, NULL, asks_three_times, NULL), 0);
    while (!has_asked)
        if (poll(&p, 1, 10) > 0)
            bide_runtime_turn(rt, 0);
    join(thread);
    bide_console_end();
    bide_notify_all(&go_on);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- fork ---- */

static atomic_bool waits_for_answers, has_forked;

/* With the mutex of the answers. */
static int waits_until_forked(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ns)
{
    waits_for_answers = true;
    while (!has_forked)
        sched_yield();
    return bide__door_real.cond_wait(cond, mutex, timeout_ns);
}

static int work_in_child(void)
{
    bide_runtime *rt;
    char of_child[] = "of the other child";
    if (bide__gauging() || bide_runtime_new(NULL, &rt) < 0 || bide_runtime_free(rt) < 0)
        return 1;
    if (bide_console_begin(of_child) < 0)
        return 2;
    char *text = ask_once(of_child);
    bool is_alone = strstr(text, "\"runtimes\":[]") != NULL;
    free(text);
    bide_console_end();
    return is_alone ? 0 : 3;
}

/* The console's thread holds what it holds while it waits for answers, of a runtime that does not
 * run. None of that, and nothing of what was measured, is the child's. */
TEST(a_child_of_a_program_that_is_asked_works)
{
#ifdef __SANITIZE_THREAD__
    check_skip("the thread sanitizer lets no child of fork() make threads");
#endif
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_test_watch();
    bide_test_replace("cond_wait", (void (*)(void))waits_until_forked);
    CHECK_EQ(bide_console_begin(path), 0);
    int fd = attach(path);
    say(fd, "tasks\n");
    while (!waits_for_answers)
        sched_yield();
    pid_t child = fork();
    has_forked = true;
    if (child == 0)
        _exit(work_in_child());
    char *text = hear(fd);
    CHECK(has(text, "\"answers\":false"));
    free(text);
    close(fd);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    bide_console_end();
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST(a_child_does_not_keep_a_client)
{
    int parent[2];
    CHECK_EQ(pipe(parent), 0);
    CHECK_EQ(bide_console_begin(path), 0);
    int fd = attach(path);
    free(ask(fd));
    pid_t child = fork();
    if (child == 0) {
        char c;
        close(fd);
        close(parent[1]);
        _exit(read(parent[0], &c, 1) == 0 ? 0 : 1); /* lives as long as its parent lets it */
    }
    close(parent[0]);
    bide_console_end();
    char c;
    CHECK(recv(fd, &c, 1, 0) <= 0);
    close(fd);
    close(parent[1]);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* ---- no descriptors ---- */

static atomic_int listener = -1, turned_away;

static int no_descriptor(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    if (turned_away == 3)
        return bide__door_real.accept4(fd, address, size, flags);
    turned_away++;
    listener = fd;
    return -EMFILE;
}

/* Just turned away, who waits is no reason to return at once. The pause is left out. */
static int looks_elsewhere(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (atomic_load(&listener) < 0)
        return bide__door_real.poll(fds, count, timeout_ms);
    for (nfds_t i = 0; i < count; i++)
        CHECK(fds[i].fd != listener);
    CHECK(timeout_ms > 0);
    listener = -1;
    return 0;
}

TEST(it_does_not_spin_without_descriptors)
{
    bide_test_watch();
    bide_test_replace("accept4", (void (*)(void))no_descriptor);
    bide_test_replace("poll", (void (*)(void))looks_elsewhere);
    free(ask_with_console());
    CHECK_EQ(turned_away, 3);
}
