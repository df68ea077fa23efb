/*
 * bide/process.h when something is lacking: memory, descriptors, threads, pidfds; and cancelled at
 * every suspension. No descriptor and no child is left.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cancel.h"
#include "check.h"
#include "children.h"
#include "failing.h"

static const struct {
    const char *call;
    int error;
} calls[] = {{"alloc", -ENOMEM},
             {"pipe2", -EMFILE},
             {"fcntl", -EMFILE},
             {"stat", -EACCES},
             {"access", -EACCES},
             {"posix_spawn", -EAGAIN},
             {"pidfd_open", -EMFILE},
             {"pidfd_open", -ENOSYS},
             {"thread_create", -EAGAIN},
             {"epoll_create1", -EMFILE},
             {"waitid", -EINTR},
             {"posix_spawn", -EINTR},
             {"read", -EINTR},
             {"write_quiet", -EINTR},
             {"pidfd_send_signal", -EPERM},
             {"pidfd_send_signal", -ENOSYS}};

/* The reaper may be closing what it had for the last child. */
static int settled_descriptors(void)
{
    int least = open_descriptors();
    for (int i = 0; i < 100; i++) {
        usleep(1000);
        int now = open_descriptors();
        if (now < least)
            least = now, i = 0;
    }
    return least;
}

/* Runs f with the 1st, 2nd... of each call failing, until none fails. It checks its own results,
 * which may be failures or not. */
static void with_each_failing(int (*f)(void))
{
    bide_test_watch(); /* before there is a reaper, whose thread reads the table of calls */
    CHECK_EQ(f(), 0);  /* makes what is made only once */
    bide_block_on(bide_sleep(BIDE_MS(1))); /* as do the waits of descriptors_become */
    check_no_child();
    int before = settled_descriptors();
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        bool more = true;
        for (unsigned nth = 1; more; nth++) {
            CHECK_EQ(bide_test_fail(calls[i].call, nth, calls[i].error, 1), 0);
            int r = f();
            more = bide_test_failed(calls[i].call) > 0;
            CHECK_EQ(bide_test_fail(calls[i].call, 0, 0, 0), 0);
            fprintf(stderr, "%s, the %u.: %d\n", calls[i].call, nth, r);
            CHECK(r == 0 || (more && r == calls[i].error));
            check_no_child();
            CHECK(descriptors_become(before));
        }
    }
}

/* ---- a child from its start to its end ---- */

static int cats(void)
{
    const char *const env[] = {"ONE=1", NULL};
    const bide_process_fd fds[] = {{0, 1000}, {1, 3}};
    const bide_process_options options = {
        .env = env, .dir = "/", .fds = fds, .fd_count = 2, .err = {BIDE_PROCESS_OUT, 0}};
    const bide_collect_options input = {.input = "text", .input_size = 4};
    bide_output *output = NULL;
    int r = bide_block_on(bide_process_output(ARGV("cat"), &options, &input, &output));
    CHECK((r == 0) == (output != NULL));
    if (r == 0)
        CHECK_STR(output->out, "text");
    bide_output_free(output);
    return r;
}

TEST_LIMIT(each_call_fails_in_turn, 60)
{
    with_each_failing(cats);
}

/* One that is killed, with its group, and left to the reaper. */
static int is_left(void)
{
    bide_process *p, *q;
    const bide_process_options options = {.group = BIDE_PROCESS_GROUP_NEW};
    int r = bide_process_spawn(ARGV("sleep", "60"), &options, &p);
    if (r < 0)
        return r;
    r = bide_process_spawn(ARGV("sleep", "60"), NULL, &q);
    bide_process_free(p);
    bide_process_free(q);
    /* What there was no thread for is reaped by the next one. */
    for (int i = 0; i < 1000 && !has_no_child(); i++) {
        usleep(1000);
        if (i == 100)
            (void)bide_block_on(bide_process_run(ARGV("true"), NULL, NULL));
    }
    return r;
}

TEST_LIMIT(each_call_fails_in_turn_where_nobody_waits, 60)
{
    with_each_failing(is_left);
}

static async int is_stopped(void)
{
    bide_process *p;
    int r = bide_process_spawn(ARGV("sleep", "60"), NULL, &p);
    if (r < 0)
        return r;
    defer {
        bide_process_free(p);
    }
    return await bide_process_stop(p, BIDE_S(5), NULL);
}

static int stops(void)
{
    return bide_block_on(is_stopped());
}

TEST_LIMIT(each_call_fails_in_turn_when_one_is_stopped, 60)
{
    with_each_failing(stops);
}

/* ---- no pidfd ---- */

static int no_pidfd(pid_t process, unsigned flags)
{
    (void)process, (void)flags;
    return -ENOSYS;
}

static async int without_pidfd(void)
{
    bide_process *p, *group;
    bide_process_exit exit;
    bide_process_options options = {.in = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(SH("read -r x; exit 6"), &options, &p), 0);
    CHECK_ERR(bide_process_try_wait(p, NULL), -EAGAIN);
    bide_stream *in = bide_process_take_in(p);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), (void)bide_process_wait(p, NULL)), -ETIMEDOUT);
    bide_stream_close(in);
    CHECK_EQ(await bide_process_wait(p, &exit), 0);
    CHECK_EQ(exit.number, 6);
    bide_process_free(p);
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "60"), NULL, &p), 0);
    CHECK_EQ(await bide_process_stop(p, BIDE_S(60), &exit), 0);
    CHECK_EQ(exit.number, SIGTERM);
    CHECK_ERR(bide_process_kill(p, SIGKILL), -ESRCH);
    bide_process_free(p);
    options = (bide_process_options){.group = BIDE_PROCESS_GROUP_NEW};
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "60"), &options, &group), 0);
    bide_process_free(group);
    options = (bide_process_options){.detached = true};
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "0.05"), &options, &p), 0);
    bide_process_free(p);
    return 0;
}

TEST(without_a_pidfd_a_thread_waits)
{
    bide_test_replace("pidfd_open", (void (*)(void))no_pidfd);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(bide_block_on(without_pidfd()), 0);
    check_no_child();
}

TEST(without_a_pidfd_and_a_thread_the_child_is_gone)
{
    bide_process *p;
    CHECK_EQ(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)), 0);
    int before = open_descriptors();
    bide_test_replace("pidfd_open", (void (*)(void))no_pidfd);
    CHECK_EQ(bide_test_fail("thread_create", 1, -EAGAIN, 0), 0);
    const bide_process_options options = {.in = {BIDE_PROCESS_PIPE, 0}};
    CHECK_ERR(bide_process_spawn(ARGV("cat"), &options, &p), -EAGAIN);
    CHECK(p == NULL);
    CHECK(has_no_child());
    CHECK(descriptors_become(before));
}

TEST(without_descriptors_nothing_is_left)
{
    const struct rlimit few = {40, 40};
    const bide_process_stdio piped = {BIDE_PROCESS_PIPE, 0};
    const bide_process_options options = {.in = piped, .out = piped, .err = piped};
    bide_process *p[16];
    int n = 0, r = 0;
    CHECK_EQ(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)), 0);
    int before = open_descriptors();
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (n < 16 && (r = bide_process_spawn(ARGV("cat"), &options, &p[n])) == 0)
        n++;
    CHECK_ERR(r, -EMFILE);
    CHECK(n > 0 && n < 16);
    while (n-- > 0) {
        CHECK_EQ(bide_block_on(bide_process_wait(p[n], NULL)), 0);
        bide_process_free(p[n]);
    }
    CHECK(descriptors_become(before));
    check_no_child();
}

/* Not one more can be opened: its end is told all the same. */
TEST(without_any_descriptor_a_thread_waits)
{
    const struct rlimit few = {40, 40};
    bide_process_exit exit;
    CHECK_EQ(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)), 0);
    int before = open_descriptors();
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    int taken[40], n = 0;
    while ((taken[n] = fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 0)
        n++;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(bide_block_on(bide_process_run(SH("exit 6"), NULL, &exit)), 0);
    CHECK_EQ(exit.number, 6);
    while (n-- > 0)
        close(taken[n]);
    CHECK(descriptors_become(before));
    check_no_child();
}

/* ---- cancelled ---- */

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static void nothing_is_left(void *state, const struct cancel_run *run)
{
    int *before = state;
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    else
        CHECK_EQ(run->result, 0);
    check_no_child();
    CHECK(descriptors_become(*before));
}

static void count_descriptors(void *state)
{
    *(int *)state = open_descriptors();
}

SCENARIO(runs)
{
    bide_process_exit exit = {BIDE_PROCESS_EXITED, 1};
    (void)state;
    int r = await bide_process_run(ARGV("sleep", "0.01"), NULL, &exit);
    return r < 0 ? r : exit.number;
}

SCENARIO(runs_cat)
{
    static char input[70000];
    const bide_collect_options options = {.input = input, .input_size = sizeof input};
    bide_output *output;
    (void)state;
    int r = await bide_process_output(SH("tee /dev/stderr"), NULL, &options, &output);
    if (r < 0)
        return r;
    r = output->out_size == sizeof input && output->err_size == sizeof input ? 0 : -EIO;
    bide_output_free(output);
    return r;
}

SCENARIO(stops_two)
{
    bide_process *p, *q;
    (void)state;
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "60"), NULL, &p), 0);
    defer {
        bide_process_free(p);
    }
    CHECK_EQ(bide_process_spawn(SH("trap '' TERM; sleep 60"),
                                &(bide_process_options){.group = BIDE_PROCESS_GROUP_NEW}, &q),
             0);
    defer {
        bide_process_free(q);
    }
    return await bide_try_join(bide_process_stop(p, BIDE_S(9), NULL),
                               bide_process_stop(q, BIDE_MS(10), NULL));
}

static void everywhere(const struct bide_fn *fn)
{
    int before;
    CHECK_EQ(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)),
             0); /* the runtime is there */
    CHECK(cancel_everywhere(fn, &before, count_descriptors, nothing_is_left) >= cancel_least(1));
}

TEST(a_run_is_cancelled_everywhere)
{
    everywhere(&bide__desc_runs);
}

TEST_LIMIT(an_output_is_cancelled_everywhere, 60)
{
    everywhere(&bide__desc_runs_cat);
}

TEST(a_stop_is_cancelled_everywhere)
{
    everywhere(&bide__desc_stops_two);
}

static void nothing_is_left_without_memory(void *state, const struct cancel_run *run)
{
    int *before = state;
    (void)run;
    check_no_child();
    CHECK(descriptors_become(*before));
}

TEST_LIMIT(an_output_without_memory_for_a_call_leaves_nothing, 30)
{
    int before;
    CHECK_EQ(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)), 0);
    CHECK(starve_everywhere(&bide__desc_runs, &before, count_descriptors,
                            nothing_is_left_without_memory) > 0);
    CHECK(starve_everywhere(&bide__desc_runs_cat, &before, count_descriptors,
                            nothing_is_left_without_memory) > 0);
}
