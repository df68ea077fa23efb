/*
 * bide/shutdown.h: who is told that it begins: those that wait, hooks, listeners.
 */
#include "shutdown.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- waits ---- */

static async int until(void)
{
    int r = 1;
    CHECK_EQ(await bide_until_shutdown(&stop, r = bide_sleep(BIDE_MS(1))), 1);
    CHECK_EQ(r, 0);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_shutdown_wait(&stop)), -ETIMEDOUT);
    CHECK(stop.waiting_.first == NULL); /* a wait that is cancelled leaves no trace */
    CHECK(bide_shutdown_begin(&stop));
    CHECK(!bide_shutdown_begin(&stop));
    r = 1;
    CHECK_EQ(await bide_until_shutdown(&stop, r = bide_sleep(BIDE_MS(1))), 0);
    CHECK_EQ(r, 1);
    CHECK_EQ(await bide_shutdown_wait(&stop), 0);
    return 0;
}

TEST(a_branch_runs_until_the_shutdown)
{
    bide_test_time_virtual();
    RUN(BIDE_CURRENT_THREAD, until());
    RUN(BIDE_MULTI_THREAD, until());
}

/* ---- hooks ---- */

static char called[16];

static void call(void *argument)
{
    strcat(called, argument);
}

static bide_shutdown_hook hooks[4] = {{.run = call, .argument = "a"},
                                      {.run = call, .argument = "b"},
                                      {.run = call, .argument = "c"},
                                      {.run = call, .argument = "d"}};

TEST(hooks_are_called_once_in_their_order)
{
    bide_shutdown_hook_remove(&hooks[0]); /* it is in none */
    for (int i = 0; i < 3; i++)
        bide_shutdown_add_hook(&stop, &hooks[i]);
    bide_shutdown_hook_remove(&hooks[1]);
    CHECK_STR(called, "");
    bide_shutdown_begin(&stop);
    CHECK_STR(called, "ac");
    bide_shutdown_begin(&stop);
    bide_shutdown_hook_remove(&hooks[0]);
    bide_shutdown_add_hook(&stop, &hooks[3]); /* late */
    CHECK_STR(called, "acd");
    bide_shutdown_hook_remove(&hooks[3]);
}

TEST(hooks_are_removed_from_any_place)
{
    for (int out = 0; out < 4; out++) {
        static const char *const left[] = {"bcd", "acd", "abd", "abc"};
        memset(&stop, 0, sizeof stop);
        called[0] = '\0';
        for (int i = 0; i < 4; i++)
            bide_shutdown_add_hook(&stop, &hooks[i]);
        bide_shutdown_hook_remove(&hooks[out]);
        bide_shutdown_hook_remove(&hooks[out]);
        bide_shutdown_begin(&stop);
        CHECK_STR(called, left[out]);
    }
}

static void remove_itself(void *argument)
{
    bide_shutdown_hook *hook = argument;
    bide_shutdown_hook_remove(hook);
    memset(hook, 0x55, sizeof *hook); /* its memory is gone */
    strcat(called, "x");
}

TEST(a_hook_may_remove_itself)
{
    bide_shutdown_hook self = {.run = remove_itself, .argument = &self};
    bide_shutdown_add_hook(&stop, &self);
    bide_shutdown_add_hook(&stop, &hooks[0]);
    bide_shutdown_begin(&stop);
    CHECK_STR(called, "xa");
}

static _Atomic int slow_runs;

static void be_slow(void *argument)
{
    (void)argument;
    slow_runs = 1;
    for (int i = 0; i < 50; i++)
        sched_yield();
    slow_runs = 2;
}

static void *begin_it(void *argument)
{
    bide_shutdown_begin(argument);
    return NULL;
}

TEST(who_removes_a_hook_that_runs_waits_for_its_return)
{
    for (int i = 0; i < 20; i++) {
        bide_shutdown_hook slow = {.run = be_slow};
        bide_shutdown shutdown = BIDE_SHUTDOWN_INIT;
        pthread_t thread;
        slow_runs = 0;
        bide_shutdown_add_hook(&shutdown, &slow);
        CHECK_EQ(pthread_create(&thread, NULL, begin_it, &shutdown), 0);
        while (slow_runs == 0 && i % 2 == 0)
            sched_yield();
        bide_shutdown_hook_remove(&slow);
        CHECK(slow_runs == 0 || slow_runs == 2);
        CHECK(i % 2 == 1 || slow_runs == 2);
        int runs = slow_runs;
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(slow_runs, runs); /* never afterwards */
    }
}

/* ---- listeners ---- */

static const char host[] = "127.0.0.1";

static _Atomic int count; /* connections that were accepted */

static async int accept_all(bide_tcp_listener *listener)
{
    bide_stream *s;
    int r;
    while ((r = await bide_tcp_accept(listener, &s)) == 0) {
        count++;
        bide_stream_close(s);
    }
    CHECK(s == NULL);
    return r;
}

/* Connections that wait. */
static async void connect_many(bide_tcp_listener *listener, bide_stream **streams, int many)
{
    for (int i = 0; i < many; i++)
        CHECK_EQ(await bide_tcp_connect(host, (uint16_t)bide_tcp_port(listener), &streams[i]), 0);
}

static async int listeners(void)
{
    enum { WAITING = 5 };
    bide_tcp_listener *l;
    bide_stream *streams[WAITING];
    int r = 0;
    count = 0;
    CHECK_EQ(bide_tcp_listen(host, 0, &l), 0);
    bide_shutdown_add_tcp(&stop, l);
    /* While it waits. */
    bide_task(int) task = bide_spawn(accept_all(l));
    await connect_many(l, streams, 1);
    while (count == 0)
        await bide_sleep(BIDE_MS(1));
    bide_stream_close(streams[0]);
    CHECK(bide_shutdown_begin(&stop));
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_ERR(r, -ESHUTDOWN);
    CHECK_EQ(count, 1);
    /* What has come before is still accepted, and then no more. */
    await connect_many(l, streams, WAITING);
    CHECK_ERR(await accept_all(l), -ESHUTDOWN);
    CHECK_EQ(count, 1 + WAITING);
    CHECK_ERR(await accept_all(l), -ESHUTDOWN);
    for (int i = 0; i < WAITING; i++)
        bide_stream_close(streams[i]);
    bide_tcp_listener_close(l);
    return 0;
}

TEST(listeners_accept_what_has_come_and_no_more)
{
    RUN(BIDE_CURRENT_THREAD, listeners());
    RUN(BIDE_MULTI_THREAD, listeners());
}

static _Atomic int accepting;

static async int accept_at_core(void)
{
    bide_tcp_listener *l;
    count = 0;
    CHECK_EQ(bide_tcp_listen(host, 0, &l), 0);
    defer {
        bide_tcp_listener_close(l);
    }
    bide_shutdown_add_tcp(&stop, l);
    accepting++;
    return await accept_all(l);
}

static async int listeners_of_cores(void)
{
    bide_task(int) task[2];
    int r = 0;
    accepting = 0;
    for (uint32_t core = 0; core < 2; core++)
        task[core] = bide_spawn_at(core, accept_at_core());
    while (accepting < 2)
        await bide_sleep(BIDE_MS(1));
    await bide_sleep(BIDE_MS(1));
    CHECK(bide_shutdown_begin(&stop));
    for (int core = 0; core < 2; core++) {
        CHECK_EQ(await bide_task_join(task[core], &r), 0);
        CHECK_ERR(r, -ESHUTDOWN);
    }
    return 0;
}

TEST(listeners_of_other_cores_are_stopped)
{
    RUN(BIDE_THREAD_PER_CORE, listeners_of_cores());
}

static async int shared(void)
{
    bide_tcp_listener *l, *mine;
    bide_stream *stream;
    count = 0;
    CHECK_EQ(bide_tcp_listen(host, 0, &l), 0);
    int fd = dup(bide_tcp_listener_fd(l));
    CHECK(fd >= 0);
    CHECK_EQ(bide_tcp_listener_from_fd(fd, &mine), 0);
    bide_shutdown_add_tcp(&stop, mine);
    await connect_many(l, &stream, 1);
    CHECK(bide_shutdown_begin(&stop));
    CHECK_ERR(await accept_all(mine), -ESHUTDOWN);
    CHECK_EQ(count, 0); /* it stays for the others */
    bide_tcp_listener_close(mine);
    bide_stream *theirs;
    CHECK_EQ(await bide_tcp_accept(l, &theirs), 0);
    bide_stream_close(theirs);
    bide_stream_close(stream);
    bide_tcp_listener_close(l);
    return 0;
}

TEST(what_waits_at_a_shared_listener_stays_there)
{
    RUN(BIDE_CURRENT_THREAD, shared());
}

/* Connections of clients that the driver has not told of when it begins. */
enum { CLIENTS = 3 };

static void connect_at_once(int port, int *clients)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_EQ(connect(clients[i], (struct sockaddr *)&to, sizeof to), 0);
    }
}

/* Accepts while it begins. Returns how many have come. */
static async int accept_while_it_begins(bide_tcp_listener *listener)
{
    int clients[CLIENTS], r = 0;
    count = 0;
    bide_shutdown_add_tcp(&stop, listener);
    bide_task(int) task = bide_spawn(accept_all(listener));
    await bide_sleep(BIDE_MS(1));
    connect_at_once(bide_tcp_port(listener), clients);
    CHECK(bide_shutdown_begin(&stop));
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_ERR(r, -ESHUTDOWN);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    return count;
}

static async int just_come(void)
{
    bide_tcp_listener *l;
    CHECK_EQ(bide_tcp_listen(host, 0, &l), 0);
    CHECK_EQ(await accept_while_it_begins(l), CLIENTS);
    bide_tcp_listener_close(l);
    return 0;
}

TEST(who_has_connected_just_before_is_accepted)
{
    RUN(BIDE_CURRENT_THREAD, just_come());
    RUN(BIDE_MULTI_THREAD, just_come());
}

/* io_uring may accept some before it is told to stop. No connection is lost. */
static async int just_come_to_a_blocking_one(void)
{
    bide_tcp_listener *l;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), left = 0;
    defer {
        close(fd);
    }
    CHECK_EQ(listen(fd, CLIENTS), 0);
    CHECK_EQ(bide_tcp_listener_from_fd(dup(fd), &l), 0);
    int n = await accept_while_it_begins(l);
    bide_tcp_listener_close(l);
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (int client; (client = accept(fd, NULL, NULL)) >= 0; left++)
        close(client);
    CHECK_EQ(n + left, CLIENTS);
    return 0;
}

TEST(a_blocking_listener_that_stops_loses_no_connection)
{
    RUN(BIDE_CURRENT_THREAD, just_come_to_a_blocking_one());
    RUN(BIDE_MULTI_THREAD, just_come_to_a_blocking_one());
}

static async int accept_unix(bide_unix_listener *listener)
{
    bide_stream *s;
    int r = await bide_unix_accept(listener, &s);
    return r;
}

static async int unix_and_closed(void)
{
    bide_unix_listener *u;
    bide_tcp_listener *closed;
    int r = 0;
    char name[40];
    snprintf(name, sizeof name, "@bide-shutdown-%d", (int)getpid());
    CHECK_EQ(bide_unix_listen(name, NULL, &u), 0);
    bide_shutdown_add_unix(&stop, u);
    CHECK_EQ(bide_tcp_listen(host, 0, &closed), 0);
    bide_shutdown_add_tcp(&stop, closed);
    bide_tcp_listener_close(closed); /* is taken out */
    bide_task(int) task = bide_spawn(accept_unix(u));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(result.drained, 1);
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_ERR(r, -ESHUTDOWN);
    bide_unix_listener_close(u);
    CHECK(stop.first_ == NULL);
    return 0;
}

TEST(unix_listeners_stop_and_closed_ones_are_forgotten)
{
    RUN(BIDE_CURRENT_THREAD, unix_and_closed());
    RUN(BIDE_MULTI_THREAD, unix_and_closed());
}

/* The pause after a lack of descriptors ends, and no other begins. */
static async int paused(void)
{
    bide_tcp_listener *l;
    bide_stream *stream;
    int r = 0;
    count = 0;
    CHECK_EQ(bide_tcp_listen(host, 0, &l), 0);
    bide_shutdown_add_tcp(&stop, l);
    bide_task(int) task = bide_spawn(accept_all(l));
    await bide_sleep(BIDE_MS(1));
    CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 0), 0);
    await connect_many(l, &stream, 1);
    while (bide_test_failed("accept4") < 3)
        await bide_sleep(BIDE_MS(1));
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_ERR(r, -ESHUTDOWN);
    CHECK_EQ(count, 0);
    CHECK_EQ(result.cancelled, 0);
    bide_stream_close(stream);
    bide_tcp_listener_close(l);
    return 0;
}

TEST(an_accept_that_pauses_ends)
{
    bide_runtime_options options = {.io = BIDE_IO_EPOLL};
    bide_runtime *rt = begin(BIDE_CURRENT_THREAD);
    end(rt);
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(paused()), 0);
    end(rt);
}

/* ---- threads ---- */

enum { TASKS = 100 };

static _Atomic int calls;

static void count_call(void *argument)
{
    (void)argument;
    calls++;
}

static async void hook_again(int n)
{
    for (int i = 0; !bide_shutdown_begun(&stop); i++) {
        bide_shutdown_hook hook = {.run = count_call};
        bide_shutdown_add_hook(&stop, &hook);
        if ((n + i) % 2 == 0)
            await bide_yield();
        bide_shutdown_hook_remove(&hook);
        await bide_yield();
    }
    told++;
}

static async int races(void)
{
    pthread_t thread;
    told = 0;
    for (int i = 0; i < TASKS; i++) {
        bide_task_detach(bide_spawn(hook_again(i)));
        bide_task_detach(bide_spawn(ends()));
    }
    await bide_sleep(BIDE_MS(20));
    CHECK_EQ(pthread_create(&thread, NULL, begin_it, &stop), 0);
    CHECK_EQ(await bide_shutdown_run(&stop, &noted, &result), 0);
    CHECK_EQ(await bide_blocking(pthread_join(thread, NULL)), 0);
    CHECK_EQ(told, 2 * TASKS);
    CHECK_EQ(result.cancelled, 0);
    return 0;
}

TEST_LIMIT(hooks_come_and_go_while_it_begins, 30)
{
    RUN(BIDE_MULTI_THREAD, races());
}
