/*
 * A runtime inside a loop of the test: the descriptor is readable exactly when a turn has something
 * to do, whoever brings that about, and a turn has a bound.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wbide-fork"

/* ---- the loop ---- */

static bide_runtime *rt;
static int fd, turns;

static void begin(void)
{
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    fd = bide_runtime_fd(rt);
    CHECK(fd >= 0);
    CHECK_EQ(bide_runtime_fd(rt), fd);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static bool readable(void)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n = poll(&p, 1, 0);
    CHECK(n == 0 || p.revents == POLLIN);
    return n == 1;
}

static int turn(void)
{
    turns++;
    return bide_runtime_turn(rt, 0);
}

/* The descriptor asked for a turn, and after it for none. */
static void turn_asked_for(void)
{
    CHECK(readable());
    CHECK_EQ(turn(), 0);
    CHECK(!readable());
}

/* Waits on the descriptor alone, and turns, until no task is left. */
static void loop(void)
{
    while (bide_runtime_tasks(rt) > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, -1);
        CHECK(n == 1 || (n < 0 && errno == EINTR));
        turn();
    }
}

/* ---- what a task waits for ---- */

static int ran;

static async void counts(void)
{
    ran++;
}

static async void sleeps(bide_duration duration)
{
    await bide_sleep(duration);
    ran++;
}

static async void unwinds_at_once(void)
{
    defer {
        ran++;
    }
    await bide_sleep(BIDE_S(3600));
}

static async void yields(int times)
{
    for (int i = 0; i < times; i++) {
        ran++;
        await bide_yield();
    }
}

TEST(a_spawned_task_runs_in_the_next_turn)
{
    begin();
    CHECK(!readable());
    bide_task_detach(bide_spawn(counts()));
    CHECK_EQ(ran, 0);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    CHECK_EQ(turn(), 0);
    CHECK_EQ(ran, 1);
    end();
}

TEST(what_was_spawned_before_the_descriptor_was_asked_for_is_seen)
{
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    bide_task_detach(bide_spawn(counts()));
    fd = bide_runtime_fd(rt);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    end();
}

/* In a task the descriptor may be asked for, too. */
static async int asks(void)
{
    fd = bide_runtime_fd(rt);
    bide_task_detach(bide_spawn(sleeps(BIDE_MS(1))));
    return fd;
}

TEST(a_task_may_ask_for_the_descriptor)
{
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK(bide_block_on(asks()) >= 0);
    CHECK(readable()); /* the task that was spawned */
    loop();
    CHECK_EQ(ran, 1);
    end();
}

TEST(timers_fire_on_time_and_no_turn_is_made_for_nothing)
{
    begin();
    bide_instant since = bide_now();
    for (int i = 1; i <= 5; i++)
        bide_task_detach(bide_spawn(sleeps(BIDE_MS(15 * i))));
    CHECK(readable());
    turn();
    turns = 0;
    for (int i = 1; i <= 5; i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (ran < i) {
            CHECK_EQ(poll(&p, 1, -1), 1);
            turn();
        }
        CHECK(bide_elapsed(since).ns >= BIDE_MS(15 * i).ns);
    }
    CHECK(turns <= 5);
    CHECK(!readable());
    end();
}

TEST(a_nearer_timer_replaces_the_alarm_and_a_cancelled_one_leaves_none)
{
    struct pollfd p;
    begin();
    bide_task(void) far = bide_spawn(sleeps(BIDE_S(3600)));
    turn_asked_for();
    bide_task(void) near = bide_spawn(sleeps(BIDE_MS(5)));
    turn();
    p = (struct pollfd){.fd = fd, .events = POLLIN};
    while (!bide_task_finished(near)) {
        CHECK_EQ(poll(&p, 1, -1), 1);
        turn();
    }
    CHECK(!readable());

    bide_task(void) other = bide_spawn(sleeps(BIDE_MS(20)));
    turn();
    bide_task_abort(other);
    turn();
    CHECK(bide_task_finished(other));
    p.revents = 0;
    CHECK_EQ(poll(&p, 1, 40), 0);

    bide_task_abort(far);
    turn_asked_for();
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    end();
}

static async void reads(bide_stream *stream)
{
    char byte;
    while (await bide_stream_read(stream, &byte, 1) == 1)
        ran++;
}

TEST(a_descriptor_that_a_task_waits_for)
{
    int ends[2];
    bide_stream *stream;
    begin();
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &stream), 0);
    bide_task_detach(bide_spawn(reads(stream)));
    CHECK(readable());
    while (turn() > 0 || readable())
        ;
    for (int i = 1; i <= 3; i++) {
        CHECK_EQ(write(ends[1], "x", 1), 1);
        turn_asked_for();
        CHECK_EQ(ran, i);
    }
    close(ends[1]);
    turn_asked_for();
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    bide_stream_close(stream);
    end();
}

/* ---- callbacks of the loop, between two turns ---- */

static bide_notify notify;

static async void waits(void)
{
    CHECK_EQ(await bide_notify_wait(&notify), 0);
    ran++;
}

static async void receives(bide_receiver(int) from)
{
    int item;
    while (await bide_recv(from, &item) > 0)
        ran += item;
}

static async int fails_to_read(bide_stream *stream)
{
    char byte;
    int n = (int)await bide_stream_read(stream, &byte, 1);
    ran++;
    return n;
}

TEST(what_the_thread_of_the_loop_wakes_runs_in_the_next_turn)
{
    bide_sender(int) sender;
    bide_receiver(int) receiver;
    int item = 10;
    begin();
    CHECK_EQ(bide_channel_new(1, &sender, &receiver), 0);
    bide_task_detach(bide_spawn(waits()));
    bide_task_detach(bide_spawn(receives(receiver)));
    turn_asked_for();
    bide_notify_one(&notify);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    CHECK_EQ(bide_try_send(sender, &item), 0);
    turn_asked_for();
    CHECK_EQ(ran, 11);
    bide_sender_drop(sender);
    turn_asked_for();
    CHECK_EQ(bide_runtime_tasks(rt), 0);
    bide_receiver_drop(receiver);
    end();
}

TEST(a_stream_that_a_callback_closes_ends_its_read)
{
    int ends[2];
    bide_stream *stream;
    begin();
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &stream), 0);
    bide_task(int) h = bide_spawn(fails_to_read(stream));
    while (turn() > 0 || readable())
        ;
    bide_stream_close(stream);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    CHECK(bide_task_finished(h));
    close(ends[1]);
    end();
}

static async int suspends_for_ever(void)
{
    defer {
        ran++;
    }
    return await bide_sleep(BIDE_S(3600));
}

static async int drives_for_a_while(bide_future(int) * future)
{
    return await bide_timeout(BIDE_MS(1), bide_get(*future));
}

/* A future that nobody drives: dropped in plain code, it becomes a task that unwinds. */
TEST(a_future_that_a_callback_drops_unwinds_in_the_next_turn)
{
    begin();
    bide_future(int) future = bide_lazy(suspends_for_ever());
    CHECK_ERR(bide_block_on(drives_for_a_while(&future)), -ETIMEDOUT);
    while (readable())
        turn();
    CHECK_EQ(ran, 0);
    bide_drop(future);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    end();
}

TEST(a_handle_that_moves_between_turns)
{
    begin();
    bide_task(void) one = bide_spawn(waits());
    turn_asked_for();
    bide_task(void) other = bide_move(one);
    bide_notify_one(&notify);
    while (readable())
        turn();
    CHECK(bide_task_finished(other));
    end();
}

/* A blocking call in a callback runs the executor, which fetches wakes and alarms. */
TEST(a_blocking_call_between_turns_takes_nothing_away)
{
    begin();
    bide_task_detach(bide_spawn(sleeps(BIDE_MS(400))));
    bide_task_detach(bide_spawn(waits()));
    turn_asked_for();
    bide_notify_one(&notify);
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(5))), 0);
    CHECK_EQ(ran, 1);
    CHECK(!readable());
    bide_task_detach(bide_spawn(yields(3)));
    CHECK(readable());
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(5))), 0);
    CHECK_EQ(ran, 4);
    loop();
    CHECK_EQ(ran, 5);
    end();
}

static async int spawns_and_returns(void)
{
    bide_task_detach(bide_spawn(counts()));
    return 0;
}

TEST(a_blocking_call_leaves_a_task_that_is_ready)
{
    begin();
    CHECK_EQ(bide_block_on(spawns_and_returns()), 0);
    CHECK_EQ(ran, 0);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    end();
}

/* ---- bounds ---- */

TEST(a_turn_makes_no_more_polls_than_it_may)
{
    begin();
    for (int i = 0; i < 10; i++)
        bide_task_detach(bide_spawn(yields(1000)));
    CHECK_EQ(bide_runtime_turn(rt, 7), 1);
    CHECK_EQ(ran, 7);
    CHECK(readable());
    CHECK_EQ(bide_runtime_turn(rt, 70), 1);
    CHECK_EQ(ran, 77);
    CHECK(readable());
    CHECK_EQ(turn(), 1);
    CHECK_EQ(ran, 77 + 256);
    loop();
    CHECK_EQ(ran, 10000);
    CHECK(!readable());
    end();
}

static async void spawns_for_ever(int *left)
{
    ran++;
    if (--*left > 0)
        bide_task_detach(bide_spawn(spawns_for_ever(left)));
}

TEST(a_task_that_spawns_another_does_not_make_a_turn_longer)
{
    static int left = 1000;
    begin();
    bide_task_detach(bide_spawn(spawns_for_ever(&left)));
    CHECK_EQ(turn(), 1);
    CHECK_EQ(ran, 256);
    loop();
    CHECK_EQ(ran, 1000);
    end();
}

/* Each edge of the descriptor leads to one turn. If a turn that leaves something did not make a new
 * edge, this would wait for ever. */
TEST(an_edge_triggered_loop_misses_nothing)
{
    int outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    begin();
    CHECK(outer >= 0);
    CHECK_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, fd, &event), 0);
    for (int i = 0; i < 10; i++) {
        bide_task_detach(bide_spawn(yields(500)));
        bide_task_detach(bide_spawn(sleeps(BIDE_MS(i))));
    }
    while (bide_runtime_tasks(rt) > 0) {
        int n = epoll_wait(outer, &event, 1, -1);
        CHECK(n == 1 || (n < 0 && errno == EINTR)); /* as io_uring may do: bide_io */
        if (n == 1)
            bide_runtime_turn(rt, 100);
    }
    CHECK_EQ(ran, 5010);
    close(outer);
    end();
}

TEST(turns_without_a_descriptor)
{
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_runtime_turn(rt, 0), 0);
    bide_task_detach(bide_spawn(yields(3)));
    CHECK_EQ(bide_runtime_turn(rt, 1), 1);
    CHECK_EQ(ran, 1);
    CHECK_EQ(bide_runtime_turn(rt, 0), 0);
    CHECK_EQ(ran, 3);
    end();
}

TEST(two_runtimes_in_one_loop)
{
    bide_runtime *other;
    begin();
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    int other_fd = bide_runtime_fd(other);
    CHECK(other_fd >= 0 && other_fd != fd);
    bide_task_detach(bide_spawn(waits()));
    turn_asked_for();
    CHECK(bide_runtime_enter(other) == rt);
    bide_task_detach(bide_spawn(counts()));
    CHECK(!readable());
    bide_notify_one(&notify); /* from the thread that has entered the other one */
    turn_asked_for();
    CHECK_EQ(ran, 1);
    CHECK_EQ(bide_runtime_turn(other, 0), 0);
    CHECK_EQ(ran, 2);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_runtime_free(other), 0);
    end();
}

TEST(a_runtime_with_threads_of_its_own_needs_no_loop)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    CHECK_ERR(bide_runtime_fd(rt), -EINVAL);
    CHECK_ERR(bide_runtime_turn(rt, 0), -EINVAL);
    bide_task(void) task = bide_spawn_on(rt, unwinds_at_once());
    bide_runtime_cancel(rt);
    end();
    CHECK(bide_task_finished(task));
    CHECK_EQ(ran, 1);
}

/* ---- a task of low priority, and one that is spawned by name ---- */

TEST(a_task_of_low_priority_runs_beside_others_in_a_loop)
{
    begin();
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn(yields(100000)));
    bide_task(void) low = bide_spawn_low(counts());
    for (int i = 0; i < 2 && !bide_task_finished(low); i++)
        CHECK_EQ(turn(), 1);
    CHECK(bide_task_finished(low));
    bide_runtime_cancel(rt);
    loop();
    end();
}

TEST(only_tasks_of_low_priority_are_left)
{
    begin();
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn_low(counts()));
    CHECK_EQ(bide_runtime_turn(rt, 1), 1);
    CHECK_EQ(ran, 1);
    turn_asked_for();
    CHECK_EQ(ran, 3);
    end();
}

TEST(a_task_that_is_spawned_on_the_runtime_by_name)
{
    begin();
    bide_task_detach(bide_spawn_on(rt, counts()));
    turn_asked_for();
    CHECK_EQ(ran, 1);
    bide_runtime_enter(NULL);
    bide_task_detach(bide_spawn_on(rt, counts()));
    turn_asked_for();
    CHECK_EQ(ran, 2);
    end();
}

/* ---- other threads ---- */

static void *notifies(void *unused)
{
    (void)unused;
    bide_notify_one(&notify);
    return NULL;
}

TEST(a_wake_from_another_thread)
{
    pthread_t thread;
    begin();
    for (int i = 1; i <= 3; i++) {
        bide_task_detach(bide_spawn(waits()));
        turn_asked_for();
        CHECK_EQ(pthread_create(&thread, NULL, notifies, NULL), 0);
        loop();
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(ran, i);
        CHECK(!readable());
    }
    end();
}

static int job(void)
{
    usleep(2000);
    return 7;
}

static async void blocks(void)
{
    ran += await bide_blocking(job());
}

TEST(the_end_of_a_call_on_the_pool)
{
    begin();
    bide_task_detach(bide_spawn(blocks()));
    turn_asked_for();
    loop();
    CHECK_EQ(ran, 7);
    end();
}

enum { THREADS = 4, ITEMS = 2000 };

struct feeder {
    pthread_t thread;
    bide_sender(int) sender;
    unsigned seed;
};

/* Sends without waiting; when the channel is full, the loop is behind. */
static void *feeds(void *argument)
{
    struct feeder *f = argument;
    int one = 1;
    for (int i = 0; i < ITEMS;) {
        if (bide_try_send(f->sender, &one) == 0)
            i++;
        for (int spin = rand_r(&f->seed) % 200; spin > 0; spin--)
            __asm__ volatile("");
        if (rand_r(&f->seed) % 16 == 0)
            sched_yield();
    }
    bide_sender_drop(f->sender);
    return NULL;
}

/* Every item wakes the loop at a random moment of a turn or between two. A wake that is lost leaves
 * the loop waiting. */
TEST_LIMIT(many_turns_under_wakes_of_other_threads, 60)
{
    static struct feeder feeders[THREADS];
    bide_receiver(int) receivers[THREADS];
    begin();
    for (int i = 0; i < THREADS; i++) {
        struct feeder *f = &feeders[i];
        f->seed = (unsigned)i + 1;
        CHECK_EQ(bide_channel_new(4, &f->sender, &receivers[i]), 0);
        bide_task_detach(bide_spawn(receives(receivers[i])));
        CHECK_EQ(pthread_create(&f->thread, NULL, feeds, f), 0);
    }
    loop();
    CHECK_EQ(ran, THREADS * ITEMS);
    CHECK(turns > 10);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(feeders[i].thread, NULL), 0);
        bide_receiver_drop(receivers[i]);
    }
    end();
}

/* ---- the end ---- */

static async void unwinds_slowly(void)
{
    defer {
        await bide_sleep(BIDE_MS(5));
        ran++;
    }
    await bide_sleep(BIDE_S(3600));
}

static async void cancels_all(void)
{
    bide_runtime_cancel(rt);
    CHECK_EQ(await bide_sleep(BIDE_S(3600)), 0);
    ran += 100;
}

TEST(a_loop_that_ends_the_tasks_without_blocking)
{
    begin();
    for (int i = 0; i < 3; i++)
        bide_task_detach(bide_spawn(unwinds_slowly()));
    turn_asked_for();
    CHECK_EQ(bide_runtime_free(rt), -EBUSY);
    bide_runtime_cancel(rt);
    CHECK(readable());
    turn();
    bide_runtime_cancel(rt); /* again */
    bide_task_detach(bide_spawn(unwinds_slowly()));
    CHECK_EQ(bide_runtime_free(rt), -EBUSY);
    CHECK(readable());
    loop();
    CHECK_EQ(ran, 4);
    end();
}

TEST(a_task_that_cancels_all_is_cancelled_too)
{
    begin();
    bide_task_detach(bide_spawn(unwinds_slowly()));
    bide_task_detach(bide_spawn(cancels_all()));
    loop();
    CHECK_EQ(ran, 1);
    end();
}

TEST(a_shutdown_that_gives_up_leaves_a_loop_that_can_go_on)
{
    begin();
    bide_task_detach(bide_spawn(blocks()));
    turn_asked_for();
    int r = bide_runtime_shutdown(rt, BIDE_NS(1));
    CHECK(r == 0 || r == -ETIMEDOUT);
    loop();
    end();
}

TEST(after_a_shutdown_a_turn_does_nothing)
{
    begin();
    bide_task_detach(bide_spawn(unwinds_slowly()));
    turn_asked_for();
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(ran, 1);
    bide_runtime_cancel(rt);
    CHECK_EQ(turn(), 0);
    CHECK(!readable());
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- virtual time ---- */

TEST(in_virtual_time_each_idle_turn_goes_to_the_next_timer)
{
    bide_test_time_virtual();
    begin();
    CHECK(!readable());
    bide_instant since = bide_now();
    for (int i = 1; i <= 3; i++)
        bide_task_detach(bide_spawn(sleeps(BIDE_S(3600 * i))));
    for (int i = 0; i <= 3; i++) {
        CHECK(readable());
        CHECK_EQ(turn(), i < 3);
        CHECK_EQ(ran, i);
        CHECK_EQ(bide_elapsed(since).ns, BIDE_S(3600 * i).ns);
    }
    CHECK(!readable());
    end();
}

/* While a call is on the pool, time stands still and the loop waits. */
TEST(virtual_time_waits_for_the_pool)
{
    bide_test_time_virtual();
    begin();
    bide_instant since = bide_now();
    bide_task_detach(bide_spawn(sleeps(BIDE_S(3600))));
    bide_task_detach(bide_spawn(blocks()));
    CHECK(readable());
    turn();
    while (ran < 7) {
        CHECK_EQ(bide_elapsed(since).ns, 0);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        CHECK_EQ(poll(&p, 1, -1), 1);
        turn();
    }
    CHECK(turns < 5);
    loop();
    CHECK_EQ(bide_elapsed(since).ns, BIDE_S(3600).ns);
    end();
}

/* ---- system calls that fail ---- */

TEST(no_descriptor_for_the_timer)
{
    static const struct {
        const char *call;
        int error;
    } faults[] = {{"timerfd_create", -EMFILE},
                  {"timerfd_create", -ENFILE},
                  {"timerfd_create", -ENOMEM},
                  {"epoll_ctl", -ENOSPC},
                  {"epoll_ctl", -ENOMEM}};
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        CHECK_EQ(bide_test_fail(faults[i].call, 1, faults[i].error, 1), 0);
        CHECK_ERR(bide_runtime_fd(rt), faults[i].error);
        CHECK_EQ(bide_test_failed(faults[i].call), 1);
    }
    bide_task_detach(bide_spawn(sleeps(BIDE_MS(2))));
    fd = bide_runtime_fd(rt);
    CHECK(fd >= 0);
    loop();
    CHECK_EQ(ran, 1);
    end();
}

TEST(a_timer_that_cannot_be_set_is_not_lost)
{
    begin();
    bide_task_detach(bide_spawn(sleeps(BIDE_MS(2))));
    CHECK_EQ(bide_test_fail("timerfd_settime", 1, -ECANCELED, 0), 0);
    CHECK_EQ(turn(), 1);
    CHECK(readable());
    loop();
    CHECK_EQ(ran, 1);
    CHECK(bide_test_failed("timerfd_settime") > 0);
    bide_test_reset();
    end();
}

TEST(a_turn_that_cannot_ask_for_events_is_made_again)
{
    int ends[2];
    bide_stream *stream;
    begin();
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &stream), 0);
    bide_task_detach(bide_spawn(reads(stream)));
    while (turn() > 0 || readable())
        ;
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(bide_test_fail("epoll_wait", 1, -EINTR, 1), 0);
    CHECK_EQ(turn(), 0);
    CHECK_EQ(ran, 0);
    turn_asked_for();
    CHECK_EQ(ran, 1);
    close(ends[1]);
    loop();
    bide_stream_close(stream);
    end();
}

/* A loop that has only waited once for a timer: one call sets it, and one disarms it at most. */
TEST(a_turn_sets_the_timer_only_when_it_changes)
{
    begin();
    bide_task_detach(bide_spawn(sleeps(BIDE_S(3600))));
    turn_asked_for();
    bide_test_watch();
    for (int i = 0; i < 10; i++) {
        bide_task_detach(bide_spawn(counts()));
        turn_asked_for();
    }
    CHECK_EQ(bide_test_calls("timerfd_settime"), 0);
    CHECK(bide_test_calls("epoll_wait") <= 10);
    bide_test_reset();
    end();
}

/* ---- misuse ---- */

/* Runs f in a child, which must end by SIGABRT after a message that contains `text`. */
static void check_aborts(void (*f)(void), const char *text)
{
    int ends[2], status;
    char said[512];
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        alarm(20);
        f();
        _exit(0);
    }
    close(ends[1]);
    size_t have = 0;
    for (ssize_t n;
         have + 1 < sizeof(said) && (n = read(ends[0], said + have, sizeof(said) - have - 1)) > 0;)
        have += (size_t)n;
    said[have] = '\0';
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(said, text) != NULL);
}

static async void turns_inside(void)
{
    bide_runtime_turn(rt, 0);
}

static void turn_in_a_task(void)
{
    begin();
    bide_task_detach(bide_spawn(turns_inside()));
    turn();
}

static void turn_in_a_child(void)
{
    turn();
}

static void descriptor_in_a_child(void)
{
    bide_runtime_fd(rt);
}

TEST(misuse_is_reported)
{
    check_aborts(turn_in_a_task,
                 "bide_runtime_turn: a turn on a thread that is running an executor");
    begin();
    check_aborts(turn_in_a_child, "a child of fork()");
    check_aborts(descriptor_in_a_child, "a child of fork()");
    end();
}

/* The child that a task makes in a turn polls no other task. */
static int fork_and_wait(void)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child > 0)
        CHECK(waitpid(child, &status, 0) == child);
    else
        signal(SIGABRT, SIG_DFL);
    return status;
}

static async void forks(int *status)
{
    *status = fork_and_wait();
}

static async void exits_in_a_child(pid_t parent)
{
    if (getpid() != parent)
        _exit(99);
}

TEST(a_child_made_in_a_turn_runs_no_other_task)
{
    static int status;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    begin();
    bide_task_detach(bide_spawn(forks(&status)));
    bide_task_detach(bide_spawn(exits_in_a_child(getpid())));
    loop();
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    end();
}
