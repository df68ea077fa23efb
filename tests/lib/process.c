/*
 * bide/process.h: what a child is given, what it tells, and how it ends.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "children.h"

/* ---- what it is given ---- */

TEST(a_child_gets_its_arguments)
{
    CHECK_STR(printed(ARGV("printf", "%s,", "a b", "", "c"), NULL), "a b,,c,");
    CHECK_STR(
        printed(ARGV("no/such/sh", "-c", "echo $0"), &(bide_process_options){.program = "sh"}),
        "no/such/sh\n"); /* of busybox the last part must be a shell's */
    check_no_child();
}

TEST(the_environment_is_inherited_changed_or_cleared)
{
    const char *const changes[] = {"ONE=1", "TWO=2", "KEPT", "ONE=uno", "TWO", NULL};
    bide_process_options options = {.env = changes};
    setenv("KEPT", "yes", 1);
    setenv("OTHER", "too", 1);
    const char *show = "echo \"${KEPT-no} ${OTHER-no} ${ONE-no} ${TWO-no}\"";
    CHECK_STR(printed(SH(show), NULL), "yes too no no\n");
    CHECK_STR(printed(SH(show), &options), "no too uno no\n");
    options.env_clear = true;
    CHECK_STR(printed(SH(show), &options), "no no uno no\n");
    CHECK_STR(printed(ARGV("env"), &options), "ONE=uno\n");
    options.env = NULL;
    CHECK_STR(printed(ARGV("env"), &options), "");
    CHECK_STR(getenv("KEPT"), "yes");
}

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][96];
    static int n;
    n = (n + 1) % 4;
    snprintf(path[n], sizeof path[n], "%s/%s", folder, name);
    return path[n];
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/bide-process-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(in_folder(name), "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    CHECK_EQ(chmod(in_folder(name), mode), 0);
}

TEST(a_program_is_looked_for_in_the_path_of_the_child)
{
    char path[128], text[160];
    make_folder();
    write_file("bide-there", "#!/bin/sh\necho found\n", 0755);
    write_file("bide-not", "#!/bin/sh\necho found\n", 0644);
    CHECK_EQ(mkdir(in_folder("bide-dir"), 0755), 0);
    snprintf(path, sizeof path, "PATH=/nonexistent::%s", folder);
    const char *const env[] = {path, NULL};
    bide_process_options options = {.env = env, .why = text, .why_size = sizeof text};
    bide_process *process;
    CHECK_STR(printed(ARGV("bide-there"), &options), "found\n");
    CHECK_STR(text, "");
    CHECK_ERR(bide_process_spawn(ARGV("bide-there"), NULL, &process), -ENOENT);
    CHECK_ERR(bide_process_spawn(ARGV("bide-not"), &options, &process), -EACCES);
    CHECK(process == NULL);
    CHECK_STR(text, "cannot run \"bide-not\": Permission denied");
    CHECK_ERR(bide_process_spawn(ARGV("bide-dir"), &options, &process), -EACCES);
    /* An empty entry is the directory of the child, and so are relative ones. */
    options.dir = folder;
    options.env = ARGV("PATH=/nonexistent:");
    CHECK_STR(printed(ARGV("bide-there"), &options), "found\n");
    options.env = ARGV("PATH=.");
    CHECK_STR(printed(ARGV("bide-there"), &options), "found\n");
    CHECK_STR(printed(ARGV("./bide-there"), &options), "found\n");
    snprintf(text, sizeof text, "%s\n", folder);
    CHECK_STR(printed(ARGV("pwd"), &(bide_process_options){.dir = folder}), text);
}

TEST(a_start_that_fails_says_why)
{
    char text[160];
    bide_process_options options = {.why = text, .why_size = sizeof text};
    bide_process *process = (bide_process *)1;
    make_folder();
    write_file("script", "#!/nonexistent/sh\n", 0755);
    write_file("nothing", "neither\n", 0755);
    CHECK_ERR(bide_process_spawn(ARGV("bide-none"), &options, &process), -ENOENT);
    CHECK(process == NULL);
    CHECK_STR(text, "cannot run \"bide-none\": No such file or directory");
    CHECK_ERR(bide_process_spawn(ARGV("/bide-none/x"), &options, &process), -ENOENT);
    CHECK_STR(text, "cannot run \"/bide-none/x\": No such file or directory");
    CHECK_ERR(bide_process_spawn(ARGV(in_folder("script")), &options, &process), -ENOENT);
    CHECK(strstr(text, "its interpreter is missing") != NULL);
    CHECK_ERR(bide_process_spawn(ARGV(in_folder("nothing")), &options, &process), -ENOEXEC);
    CHECK_ERR(bide_process_spawn(ARGV(folder), &options, &process), -EACCES);
    CHECK_ERR(bide_process_spawn(ARGV(""), &options, &process), -ENOENT);
    options.dir = "/bide-none";
    CHECK_ERR(bide_process_spawn(ARGV("true"), &options, &process), -ENOENT);
    CHECK_STR(text, "cannot enter the directory \"/bide-none\" to run \"true\": "
                    "No such file or directory");
    options.dir = in_folder("script");
    CHECK_ERR(bide_process_spawn(ARGV("true"), &options, &process), -ENOTDIR);
    options.why_size = 8;
    CHECK_ERR(bide_process_spawn(ARGV("true"), &options, &process), -ENOTDIR);
    CHECK_STR(text, "cannot ");
    check_no_child();
}

TEST(bad_options_are_refused)
{
    bide_process *p;
    CHECK_ERR(bide_process_spawn(NULL, NULL, &p), -EINVAL);
    CHECK_ERR(bide_process_spawn((const char *const[]){NULL}, NULL, &p), -EINVAL);
#define REFUSED(error, ...) \
    CHECK_ERR(bide_process_spawn(ARGV("true"), &(bide_process_options){__VA_ARGS__}, &p), error)
    REFUSED(-EINVAL, .env = ARGV("=x"));
    REFUSED(-EINVAL, .out = {BIDE_PROCESS_OUT, 0});
    REFUSED(-EINVAL, .in = {(bide_process_stdio_kind)9, 0});
    REFUSED(-EINVAL, .group = -7);
    REFUSED(-EINVAL, .group = BIDE_PROCESS_GROUP_NEW, .session = true);
    REFUSED(-EINVAL, .fds = &(bide_process_fd){0, 2}, .fd_count = 1);
    REFUSED(-EINVAL, .fds = (bide_process_fd[]){{0, 4}, {1, 4}}, .fd_count = 2);
    REFUSED(-EBADF, .fds = &(bide_process_fd){-1, 4}, .fd_count = 1);
    REFUSED(-EBADF, .fds = &(bide_process_fd){999, 4}, .fd_count = 1);
    REFUSED(-EBADF, .fds = &(bide_process_fd){0, INT_MAX}, .fd_count = 1);
    REFUSED(-EBADF, .fds = (bide_process_fd[]){{0, INT_MAX}, {INT_MAX, 3}}, .fd_count = 2);
    REFUSED(-EBADF, .in = {BIDE_PROCESS_FD, -1});
    REFUSED(-EBADF, .in = {BIDE_PROCESS_FD, 999});
    REFUSED(-EPERM, .group = INT_MAX);
    check_no_child();
}

/* ---- its descriptors ---- */

/* What this process was started with, and has no name here, stays out of the children. */
static void hide_descriptors(void)
{
    for (int fd = 3; fd < 1024; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

TEST(no_descriptor_of_ours_is_in_the_child)
{
    hide_descriptors();
    bide_stream *a, *b, *c, *d;
    bide_process *other;
    bide_signals *signals;
    CHECK_EQ(bide_pipe_new(&a, &b), 0);
    CHECK_EQ(bide_pipe_new(&c, &d), 0);
    CHECK_EQ(bide_signals_new((int[]){SIGUSR1}, 1, &signals), 0);
    bide_process_options piped = {.in = {BIDE_PROCESS_PIPE, 0}, .out = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(ARGV("cat"), &piped, &other), 0);
    /* 3 is the folder that ls reads. */
    CHECK_STR(printed(ARGV("ls", "/proc/self/fd"), NULL), "0\n1\n2\n3\n");
    CHECK_STR(
        printed(ARGV("ls", "/proc/self/fd"),
                &(bide_process_options){.fds = (bide_process_fd[]){{0, 7}, {1, 5}}, .fd_count = 2}),
        "0\n1\n2\n3\n5\n7\n");
    bide_process_free(other);
    bide_signals_free(signals);
    bide_stream_close(a);
    bide_stream_close(b);
    bide_stream_close(c);
    bide_stream_close(d);
    check_no_child();
}

/* A file with this text, as descriptor `number`, or any if that is 0. */
static int file_with(const char *text, int number)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    if (number == 0)
        return fd;
    CHECK_EQ(dup3(fd, number, O_CLOEXEC), number);
    close(fd);
    return number;
}

TEST(descriptors_may_change_places)
{
    hide_descriptors();
    file_with("twenty\n", 20);
    file_with("more\n", 21);
    const bide_process_fd fds[] = {{20, 21}, {21, 20}, {20, 22}};
    const bide_process_options options = {.fds = fds, .fd_count = 3};
    CHECK_STR(printed(ARGV("cat", "/proc/self/fd/20", "/proc/self/fd/21"), &options),
              "more\ntwenty\n");
    CHECK_STR(printed(ARGV("ls", "/proc/self/fd"), &options), "0\n1\n2\n20\n21\n22\n3\n");
    CHECK_STR(printed(ARGV("cat"), &(bide_process_options){.in = {BIDE_PROCESS_FD, 20}}),
              "twenty\n");
    const bide_process_fd same = {21, 21};
    CHECK_STR(printed(ARGV("cat", "/proc/self/fd/21"),
                      &(bide_process_options){.fds = &same, .fd_count = 1}),
              "more\n");
    CHECK(fcntl(20, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(21, F_GETFD) & FD_CLOEXEC);
}

/* A process that was started without descriptors gives these numbers to its pipes. */
TEST(a_parent_without_stdio_makes_children_with_it)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    const bide_collect_options input = {.input = "text", .input_size = 4};
    bide_output *output;
    close(0);
    close(1);
    close(2);
    int r = bide_block_on(bide_process_output(SH("cat; echo err >&2"), NULL, &input, &output));
    CHECK_EQ(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    CHECK_EQ(r, 0);
    CHECK_STR(output->out, "text");
    CHECK_STR(output->err, "err\n");
    bide_output_free(output);
}

TEST(stderr_goes_where_stdout_goes)
{
    CHECK_STR(printed(SH("echo a; echo b >&2; echo c"),
                      &(bide_process_options){.err = {BIDE_PROCESS_OUT, 0}}),
              "a\nb\nc\n");
    int file = file_with("", 0);
    bide_process_exit exit;
    const bide_process_options options = {.out = {BIDE_PROCESS_FD, file},
                                          .err = {BIDE_PROCESS_OUT, 0}};
    CHECK_EQ(bide_block_on(bide_process_run(SH("echo a; echo b >&2"), &options, &exit)), 0);
    char text[8] = "";
    CHECK_EQ(pread(file, text, sizeof text, 0), 4);
    CHECK_STR(text, "a\nb\n");
}

TEST(null_is_empty_and_takes_all)
{
    const bide_process_stdio null = {BIDE_PROCESS_NULL, 0};
    const bide_process_options options = {.in = null, .out = null, .err = null};
    bide_process_exit exit;
    CHECK_EQ(bide_block_on(bide_process_run(SH("read -r x || exit 7"), &options, &exit)), 0);
    CHECK_EQ(exit.number, 7);
    CHECK_EQ(bide_block_on(bide_process_run(SH("echo x && echo y >&2"), &options, &exit)), 0);
    CHECK_EQ(exit.number, 0);
}

/* ---- signals, groups ---- */

/* The signals that are blocked in a child, and those of the first 16 that are ignored. */
static void check_signals(const bide_process_options *options, unsigned long blocked,
                          unsigned long ignored)
{
    unsigned long has_blocked, has_ignored;
    const char *const argv[] = {"grep", "^Sig[BI]", "/proc/self/status", NULL};
    const char *text = printed(argv, options);
    CHECK_EQ(sscanf(text, "SigBlk: %lx SigIgn: %lx", &has_blocked, &has_ignored), 2);
    CHECK_EQ(has_blocked, blocked);
    CHECK_EQ(has_ignored & 0xffff, ignored);
}

static void *spawn_with_blocked_signals(void *argument)
{
    sigset_t all;
    (void)argument;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    /* USR1 is bit 9, USR2 bit 11, PIPE bit 12, HUP bit 0. */
    check_signals(NULL, 0, 0xa00);
    sigset_t mask, usr1;
    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    check_signals(&(bide_process_options){.mask = &mask, .default_signals = &usr1}, 1, 0x800);
    return NULL;
}

TEST(signals_are_as_at_the_start_of_a_program)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, spawn_with_blocked_signals, NULL), 0);
    pthread_join(thread, NULL);
}

static async int group_of(pid_t group, bool session, pid_t *id, int *got)
{
    bide_process *p;
    char text[64];
    const bide_process_options options = {
        .group = group, .session = session, .out = {BIDE_PROCESS_PIPE, 0}};
    int r = bide_process_spawn(SH("cut -d' ' -f5,6 </proc/self/stat; exec sleep 60"), &options, &p);
    if (r < 0)
        return r;
    defer {
        bide_process_free(p);
    }
    ssize_t n = await bide_stream_read(bide_process_out(p), text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = '\0';
    CHECK_EQ(sscanf(text, "%d %d", &got[0], &got[1]), 2);
    *id = bide_process_id(p);
    if (group == BIDE_PROCESS_GROUP_NEW) {
        pid_t second_id;
        int second[2];
        CHECK_EQ(await group_of(*id, false, &second_id, second), 0);
        CHECK_EQ(second[0], *id);
    }
    return 0;
}

TEST(a_child_is_in_the_group_that_was_asked_for)
{
    pid_t id;
    int got[2]; /* the group, the session */
    CHECK_EQ(bide_block_on(group_of(0, false, &id, got)), 0);
    CHECK_EQ(got[0], getpgrp());
    CHECK_EQ(bide_block_on(group_of(BIDE_PROCESS_GROUP_NEW, false, &id, got)), 0);
    CHECK_EQ(got[0], id);
    CHECK_EQ(got[1], getsid(0));
    CHECK_EQ(bide_block_on(group_of(0, true, &id, got)), 0);
    CHECK_EQ(got[0], id);
    CHECK_EQ(got[1], id);
    check_no_child();
}

/* ---- its end ---- */

static bide_process_exit end_of(const char *text)
{
    bide_process_exit exit;
    CHECK_EQ(bide_block_on(bide_process_run(SH(text), NULL, &exit)), 0);
    return exit;
}

TEST(an_end_is_a_value_with_a_type)
{
    char text[64];
    bide_process_exit exit = end_of("exit 0");
    CHECK(bide_process_exit_ok(exit));
    exit = end_of("exit 200");
    CHECK(!bide_process_exit_ok(exit));
    CHECK_EQ(exit.kind, BIDE_PROCESS_EXITED);
    CHECK_EQ(exit.number, 200);
    CHECK_STR(bide_process_exit_text(exit, text, sizeof text), "exited with status 200");
    exit = end_of("kill -TERM $$");
    CHECK_EQ(exit.kind, BIDE_PROCESS_KILLED);
    CHECK_EQ(exit.number, SIGTERM);
    CHECK_STR(bide_process_exit_text(exit, text, sizeof text), "killed by SIGTERM");
    CHECK_STR(bide_process_exit_text((bide_process_exit){BIDE_PROCESS_DUMPED, SIGSEGV}, text, 64),
              "killed by SIGSEGV, core dumped");
    CHECK_STR(bide_process_exit_text((bide_process_exit){BIDE_PROCESS_KILLED, 40}, text, 64),
              "killed by signal 40");
    CHECK_STR(bide_process_exit_text(exit, text, 7), "killed");
}

static async int tries_and_waits(void)
{
    bide_process *p;
    bide_process_exit exit = {BIDE_PROCESS_KILLED, 99};
    const bide_process_options options = {.in = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(SH("read -r line; exit 5"), &options, &p), 0);
    defer {
        bide_process_free(p);
    }
    CHECK(bide_process_id(p) > 0);
    CHECK(bide_process_out(p) == NULL);
    CHECK_ERR(bide_process_try_wait(p, &exit), -EAGAIN);
    CHECK_EQ(exit.number, 99);
    CHECK_EQ(bide_process_kill(p, 0), 0);
    CHECK_ERR(bide_process_kill(p, 1000), -EINVAL);
    CHECK_ERR(bide_process_kill_group(p, SIGKILL), -EINVAL);
    /* The wait closes its stdin, or it would wait for ever. */
    CHECK_EQ(await bide_process_wait(p, &exit), 0);
    CHECK(bide_process_in(p) == NULL);
    CHECK_EQ(exit.kind, BIDE_PROCESS_EXITED);
    CHECK_EQ(exit.number, 5);
    exit.number = 99;
    CHECK_EQ(await bide_process_wait(p, &exit), 0);
    CHECK_EQ(exit.number, 5);
    CHECK_EQ(bide_process_try_wait(p, NULL), 0);
    CHECK_ERR(bide_process_kill(p, SIGKILL), -ESRCH);
    return 0;
}

TEST(a_wait_closes_the_stdin_and_keeps_the_end)
{
    CHECK_EQ(bide_block_on(tries_and_waits()), 0);
    CHECK(has_no_child());
}

static async int wait_for(bide_process *p)
{
    bide_process_exit exit;
    int r = await bide_process_wait(p, &exit);
    return r < 0 ? r : (int)exit.kind * 1000 + exit.number;
}

/* Their waits begin at the same time on several workers, and each closes the stdin. */
static async int several_wait(void)
{
    const bide_process_options options = {.in = {BIDE_PROCESS_PIPE, 0}};
    bide_process *p;
    bide_task(int) waits[5];
    int r;
    CHECK_EQ(bide_process_spawn(SH("read x; exit 3"), &options, &p), 0);
    for (int i = 0; i < 5; i++)
        waits[i] = bide_spawn(wait_for(p));
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(await bide_task_join(waits[i], &r), 0);
        CHECK_EQ(r, 1000 * BIDE_PROCESS_EXITED + 3);
    }
    bide_process_free(p);
    return 0;
}

TEST(several_tasks_wait_for_one_child)
{
    CHECK_EQ(bide_block_on(several_wait()), 0);
    check_no_child();
}

static async int many_wait(void)
{
    bide_process *p;
    int r;
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "60"), NULL, &p), 0);
    bide_task(int) waits[5];
    for (int i = 0; i < 5; i++)
        waits[i] = bide_spawn(wait_for(p));
    for (int i = 0; i < 3; i++)
        await bide_yield();
    CHECK_ERR(await bide_task_cancel(waits[4]), -ECANCELED);
    bide_process_free(p); /* the waits go on, and see it killed */
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(await bide_task_join(waits[i], &r), 0);
        CHECK_EQ(r, 1000 * BIDE_PROCESS_KILLED + SIGKILL);
    }
    return 0;
}

TEST(waits_go_on_when_the_process_is_freed)
{
    CHECK_EQ(bide_block_on(many_wait()), 0);
    check_no_child();
}

/* It has waited for nothing yet, but for its turn. */
static async int spends_and_waits(bide_process *p)
{
    while (bide_budget_has_left())
        await bide_budget_consume();
    return await wait_for(p);
}

static async int freed_before_its_turn(void)
{
    bide_process *p;
    int r;
    CHECK_EQ(bide_process_spawn(ARGV("false"), NULL, &p), 0);
    CHECK_EQ(await wait_for(p), 1); /* so that nothing else keeps it */
    bide_task(int) task = bide_spawn(spends_and_waits(p));
    await bide_yield();
    bide_process_free(p);
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_EQ(r, 1000 * BIDE_PROCESS_EXITED + 1);
    return 0;
}

TEST(a_wait_goes_on_when_the_process_is_freed_before_its_turn)
{
    CHECK_EQ(bide_block_on(freed_before_its_turn()), 0);
    check_no_child();
}

static async int stop_for(bide_process *p)
{
    bide_process_exit exit;
    int r = await bide_process_stop(p, BIDE_MS(20), &exit);
    return r < 0 ? r : (int)exit.kind * 1000 + exit.number;
}

static async int freed_in_its_grace(void)
{
    const bide_process_options options = {.detached = true, .out = {BIDE_PROCESS_PIPE, 0}};
    bide_process *p;
    char byte;
    int r;
    CHECK_EQ(bide_process_spawn(SH("trap '' TERM; echo; exec sleep 60"), &options, &p), 0);
    CHECK_EQ(await bide_stream_read(bide_process_out(p), &byte, 1), 1);
    bide_task(int) task = bide_spawn(stop_for(p));
    await bide_yield();
    bide_process_free(p); /* which leaves a detached one alone */
    CHECK_EQ(await bide_task_join(task, &r), 0);
    CHECK_EQ(r, 1000 * BIDE_PROCESS_KILLED + SIGKILL);
    return 0;
}

TEST(a_stop_goes_on_when_the_process_is_freed_in_its_grace)
{
    CHECK_EQ(bide_block_on(freed_in_its_grace()), 0);
    check_no_child();
}

static async int stop(const char *script, bide_duration grace, pid_t group)
{
    bide_process *p;
    bide_process_exit exit;
    char byte;
    const bide_process_options options = {.group = group, .out = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(SH(script), &options, &p), 0);
    defer {
        bide_process_free(p);
    }
    CHECK_EQ(await bide_stream_read(bide_process_out(p), &byte, 1), 1); /* it has begun */
    CHECK_EQ(await bide_process_stop(p, grace, &exit), 0);
    return (int)exit.kind * 1000 + exit.number;
}

TEST(a_child_is_stopped_politely_and_then_killed)
{
    enum { BY_SIGNAL = 1000 * BIDE_PROCESS_KILLED };
    const char *obeys = "echo; exec sleep 60", *ignores = "trap '' TERM; echo; exec sleep 60";
    const char *ends = "trap 'exit 3' TERM; echo; while :; do sleep 0.01; done";
    CHECK_EQ(bide_block_on(stop(obeys, BIDE_S(60), 0)), BY_SIGNAL + SIGTERM);
    CHECK_EQ(bide_block_on(stop(ends, BIDE_S(60), 0)), 3);
    CHECK_EQ(bide_block_on(stop(ignores, BIDE_MS(20), 0)), BY_SIGNAL + SIGKILL);
    CHECK_EQ(bide_block_on(stop(obeys, BIDE_MS(0), 0)), BY_SIGNAL + SIGKILL);
    CHECK_EQ(bide_block_on(stop(obeys, BIDE_S(60), BIDE_PROCESS_GROUP_NEW)), BY_SIGNAL + SIGTERM);
    check_no_child();
}

/* The pipe ends when all who have it are gone. */
static async int ends_with_group(bool child_has_ended)
{
    bide_process *p;
    char text[64];
    const bide_process_options options = {.group = BIDE_PROCESS_GROUP_NEW,
                                          .out = {BIDE_PROCESS_PIPE, 0}};
    const char *script = child_has_ended ? "sleep 60 & echo" : "sleep 60 & echo; exec sleep 60";
    CHECK_EQ(bide_process_spawn(SH(script), &options, &p), 0);
    bide_stream *out = bide_process_take_out(p);
    defer {
        bide_stream_close(out);
    }
    CHECK_EQ(await bide_stream_read(out, text, sizeof text), 1);
    if (child_has_ended) {
        CHECK_EQ(await bide_process_wait(p, NULL), 0);
        CHECK_EQ(bide_process_kill_group(p, 0), 0);
        CHECK_ERR(bide_process_kill(p, 0), -ESRCH);
    }
    bide_process_free(p);
    return (int)await bide_stream_read(out, text, sizeof text);
}

TEST(a_group_ends_with_its_process)
{
    CHECK_EQ(bide_block_on(ends_with_group(false)), 0);
    CHECK_EQ(bide_block_on(ends_with_group(true)), 0);
    check_no_child();
}

static async int leaves_it(void)
{
    bide_process *p;
    char text[8];
    const bide_process_options options = {
        .detached = true, .in = {BIDE_PROCESS_PIPE, 0}, .out = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(ARGV("cat"), &options, &p), 0);
    bide_stream *in = bide_process_take_in(p), *out = bide_process_take_out(p);
    bide_process_free(p);
    CHECK_EQ(await bide_stream_write_all(in, "lives", 5, NULL), 0);
    CHECK_EQ(await bide_stream_read(out, text, sizeof text), 5);
    bide_stream_close(in);
    CHECK_EQ(await bide_stream_read(out, text, sizeof text), 0);
    bide_stream_close(out);
    return 0;
}

TEST(a_detached_child_goes_on_and_is_reaped)
{
    CHECK_EQ(bide_block_on(leaves_it()), 0);
    check_no_child();
}

TEST(an_end_that_somebody_else_has_taken_is_not_told)
{
    bide_process *p;
    int status;
    CHECK_EQ(bide_process_spawn(ARGV("true"), NULL, &p), 0);
    CHECK_EQ(waitpid(bide_process_id(p), &status, 0), bide_process_id(p));
    CHECK_ERR(bide_block_on(bide_process_wait(p, NULL)), -ECHILD);
    CHECK_ERR(bide_block_on(bide_process_wait(p, NULL)), -ECHILD);
    CHECK_ERR(bide_process_kill(p, SIGKILL), -ESRCH);
    bide_process_free(p);
    signal(SIGCHLD, SIG_IGN);
    CHECK_ERR(bide_block_on(bide_process_run(ARGV("true"), NULL, NULL)), -ECHILD);
    check_no_child();
}

static _Atomic int reaper_polls;

static int counts_polls(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    atomic_fetch_add(&reaper_polls, fds == NULL);
    int n = poll(fds, count, timeout_ms);
    return n < 0 ? -errno : n;
}

/* The number of a leader stays its until it is freed, but not if somebody else reaps it. */
TEST(a_leader_that_somebody_else_has_reaped_is_let_go)
{
    bide_process *p;
    int status;
    const bide_process_options options = {.group = BIDE_PROCESS_GROUP_NEW};
    CHECK(bide_test_replace("poll", (void (*)(void))counts_polls) != NULL);
    CHECK_EQ(bide_process_spawn(ARGV("true"), &options, &p), 0);
    CHECK_EQ(bide_block_on(bide_process_wait(p, NULL)), 0);
    CHECK_EQ(waitpid(bide_process_id(p), &status, 0), bide_process_id(p));
    CHECK_ERR(bide_process_kill_group(p, 0), -ESRCH);
    bide_process_free(p);
    CHECK_EQ(bide_process_spawn(ARGV("true"), &options, &p), 0);
    CHECK_EQ(bide_block_on(bide_process_wait(p, NULL)), 0);
    CHECK_EQ(waitpid(bide_process_id(p), &status, 0), bide_process_id(p));
    bide_process_free(p);
    usleep(20000);
    CHECK(atomic_load(&reaper_polls) < 5);
}

TEST(a_child_of_fork_leaves_the_child_alone)
{
    bide_process *p;
    CHECK_EQ(bide_process_spawn(ARGV("sleep", "60"), NULL, &p), 0);
    pid_t child = fork();
    if (child == 0) {
        bool ok =
            bide_process_kill(p, SIGKILL) == -ECHILD && bide_process_try_wait(p, NULL) == -ECHILD;
        bide_process_free(p);
        /* It may have children of its own. */
        bide_process_exit exit;
        ok = ok && bide_block_on(bide_process_run(SH("exit 4"), NULL, &exit)) == 0 &&
             exit.number == 4;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_ERR(bide_process_try_wait(p, NULL), -EAGAIN);
    bide_process_free(p);
    check_no_child();
}

/* ---- its output ---- */

TEST(input_goes_in_and_output_comes_out)
{
    enum { SIZE = 1 << 18 };
    static char input[SIZE];
    for (int i = 0; i < SIZE; i++)
        input[i] = (char)(i % 251);
    const bide_collect_options options = {.input = input, .input_size = SIZE};
    bide_output *output;
    CHECK_EQ(bide_block_on(bide_process_output(SH("tee /dev/stderr"), NULL, &options, &output)), 0);
    CHECK_EQ(output->out_size, SIZE);
    CHECK(memcmp(output->out, input, SIZE) == 0);
    CHECK_EQ(output->err_size, SIZE);
    CHECK(memcmp(output->err, input, SIZE) == 0);
    CHECK(!output->out_is_cut && !output->err_is_cut);
    bide_output_free(output);
    /* One that reads nothing is no error, whatever it leaves in the pipe. */
    CHECK_EQ(bide_block_on(bide_process_output(SH("echo no >&2; exit 2"), NULL, &options, &output)),
             0);
    CHECK_EQ(output->exit.number, 2);
    CHECK_STR(output->out, "");
    CHECK_STR(output->err, "no\n");
    bide_output_free(output);
    CHECK(has_no_child());
}

TEST(output_has_a_limit)
{
    bide_output *output;
    bide_collect_options options = {.out_max = 10, .err_max = 3};
    CHECK_EQ(bide_block_on(bide_process_output(SH("printf 0123456789; printf abc >&2"), NULL,
                                               &options, &output)),
             0);
    CHECK_STR(output->out, "0123456789");
    CHECK_STR(output->err, "abc");
    CHECK(!output->out_is_cut && !output->err_is_cut);
    bide_output_free(output);
    CHECK_ERR(bide_block_on(bide_process_output(SH("printf 0123456789a; exec sleep 60"), NULL,
                                                &options, &output)),
              -EMSGSIZE);
    CHECK(output == NULL);
    CHECK_ERR(bide_block_on(bide_process_output(SH("printf abcd >&2; exec sleep 60"), NULL,
                                                &options, &output)),
              -EMSGSIZE);
    check_no_child();
    options.cut = true;
    CHECK_EQ(bide_block_on(bide_process_output(SH("printf abcd >&2; yes | head -c 300000; exit 9"),
                                               NULL, &options, &output)),
             0);
    CHECK_STR(output->out, "y\ny\ny\ny\ny\n");
    CHECK_STR(output->err, "abc");
    CHECK(output->out_is_cut && output->err_is_cut);
    CHECK_EQ(output->exit.number, 9);
    bide_output_free(output);
    options = (bide_collect_options){.out_max = SIZE_MAX};
    CHECK_EQ(
        bide_block_on(bide_process_output(SH("yes | head -c 2000000"), NULL, &options, &output)),
        0);
    CHECK_EQ(output->out_size, 2000000);
    bide_output_free(output);
    /* The default. */
    CHECK_ERR(bide_block_on(bide_process_output(SH("yes | head -c 1048577"), NULL, NULL, &output)),
              -EMSGSIZE);
    CHECK_EQ(bide_block_on(bide_process_output(SH("yes | head -c 1048576"), NULL, NULL, &output)),
             0);
    bide_output_free(output);
    bide_output_free(NULL);
    check_no_child();
}

/* printf | sort: a pipe from child to child, in one group. */
static async int pipeline(void)
{
    int fds[2];
    bide_process *one, *two;
    bide_output *output;
    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    bide_process_options options = {.group = BIDE_PROCESS_GROUP_NEW,
                                    .out = {BIDE_PROCESS_FD, fds[1]}};
    CHECK_EQ(bide_process_spawn(ARGV("printf", "3\n1\n2\n"), &options, &one), 0);
    defer {
        bide_process_free(one);
    }
    options = (bide_process_options){.group = bide_process_id(one),
                                     .in = {BIDE_PROCESS_FD, fds[0]},
                                     .out = {BIDE_PROCESS_PIPE, 0}};
    CHECK_EQ(bide_process_spawn(ARGV("sort", "-n"), &options, &two), 0);
    defer {
        bide_process_free(two);
    }
    close(fds[0]);
    close(fds[1]);
    CHECK_EQ(await bide_process_collect(two, NULL, &output), 0);
    CHECK_STR(output->out, "1\n2\n3\n");
    bide_output_free(output);
    bide_process_exit exit;
    CHECK_EQ(await bide_process_wait(one, &exit), 0);
    CHECK(bide_process_exit_ok(exit));
    return 0;
}

TEST(two_children_are_a_pipeline)
{
    CHECK_EQ(bide_block_on(pipeline()), 0);
    check_no_child();
}
