/*
 * bide_stream_open: descriptors that others opened, and share. Their flags never change, and yet no
 * call waits: opened once more where that is possible, else asked first. Each scenario runs in both
 * ways.
 */
#define _GNU_SOURCE 1 /* posix_openpt, O_DIRECT */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static void no_proc(void)
{
    CHECK_EQ(bide_test_fail("open", 1, -ENOENT, 0), 0);
}

static bide_stream *stream_of(int fd)
{
    bide_stream *s;
    CHECK_EQ(bide_stream_open(fd, &s), 0);
    CHECK_EQ(bide_stream_fd(s), fd);
    return s;
}

static async int starts(void)
{
    return 0;
}

/* The runtime has its descriptors. */
static int descriptors(void)
{
    CHECK_EQ(bide_block_on(starts()), 0);
    return open_descriptors();
}

static void make_pipe(int ends[2])
{
    CHECK_EQ(pipe(ends), 0);
}

/* ends[0]: the terminal, raw; ends[1]: its master. */
static void make_terminal(int ends[2])
{
    struct termios raw;
    ends[1] = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(ends[1] >= 0 && grantpt(ends[1]) == 0 && unlockpt(ends[1]) == 0);
    ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY);
    CHECK(ends[0] >= 0);
    CHECK_EQ(tcgetattr(ends[0], &raw), 0);
    cfmakeraw(&raw);
    CHECK_EQ(tcsetattr(ends[0], TCSANOW, &raw), 0);
}

/* ---- the flags stay, and calls do not wait ---- */

/* A read that has to wait, a read that finds something, and the end of the stream's life. */
static async int reads_from(int fd, int other)
{
    static char byte;
    ssize_t n = 0;
    int copy = dup(fd), flags = fcntl(fd, F_GETFL);
    defer {
        close(copy);
    }
    bide_stream *in = stream_of(fd);
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    bide_task(ssize_t) reader = bide_spawn(bide_stream_read(in, &byte, 1));
    for (int i = 0; i < 10; i++)
        await bide_yield();
    CHECK(!bide_task_finished(reader));
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    CHECK_EQ(write(other, "ab", 2), 2);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK(n == 1 && byte == 'a');
    CHECK_EQ(await bide_stream_read(in, &byte, 1), 1);
    CHECK_EQ(byte, 'b');
    CHECK_ERR(await bide_timeout(BIDE_MS(1), (void)bide_stream_read(in, &byte, 1)), -ETIMEDOUT);
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    bide_stream_close(in);
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    CHECK(!(flags & O_NONBLOCK));
    return 0;
}

/* Writes more than there is room for. */
static async int writes_to(int fd)
{
    static char data[1 << 20];
    size_t done = 0;
    int copy = dup(fd), flags = fcntl(fd, F_GETFL);
    defer {
        close(copy);
    }
    bide_stream *out = stream_of(fd);
    CHECK_ERR(
        await bide_timeout(BIDE_MS(1), (void)bide_stream_write_all(out, data, sizeof data, &done)),
        -ETIMEDOUT);
    CHECK(done > 0 && done < sizeof data);
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    bide_stream_close(out);
    CHECK_EQ(fcntl(copy, F_GETFL), flags);
    CHECK(!(flags & O_NONBLOCK));
    return 0;
}

static void both_directions(void)
{
    int ends[2], before = descriptors();
    bide_test_time_virtual();

    make_pipe(ends);
    CHECK_EQ(bide_block_on(reads_from(ends[0], ends[1])), 0);
    close(ends[1]);
    make_pipe(ends);
    CHECK_EQ(bide_block_on(writes_to(ends[1])), 0);
    close(ends[0]);
    make_terminal(ends);
    CHECK_EQ(bide_block_on(reads_from(ends[0], ends[1])), 0);
    close(ends[1]);
    make_terminal(ends);
    CHECK_EQ(bide_block_on(writes_to(ends[0])), 0);
    close(ends[1]);
    make_terminal(ends);
    CHECK_EQ(bide_block_on(reads_from(ends[1], ends[0])), 0); /* the master */
    close(ends[0]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQ(bide_block_on(reads_from(ends[0], ends[1])), 0);
    close(ends[1]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQ(bide_block_on(writes_to(ends[0])), 0);
    close(ends[1]);
    CHECK_EQ(open_descriptors(), before);
}

TEST(flags_stay_and_nothing_waits)
{
    bide_test_watch();
    both_directions();
    CHECK_EQ(bide_test_calls("open"), 4); /* not the master, no socket */
}

TEST(flags_stay_and_nothing_waits_without_proc)
{
    no_proc();
    both_directions();
    CHECK_EQ(bide_test_failed("open"), 4);
}

static async int pumps(int fd[2])
{
    enum { SIZE = 1 << 20 };
    static char data[SIZE], copy[SIZE];
    int r = 1;
    bide_stream *in = stream_of(fd[0]), *out = stream_of(fd[1]);
    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i * 31 + i / 1000);
    bide_task(int) writer = bide_spawn(bide_stream_write_all(out, data, SIZE, NULL));
    CHECK_EQ(await bide_stream_read_exactly(in, copy, SIZE, NULL), 0);
    CHECK_EQ(await bide_task_join(writer, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(memcmp(data, copy, SIZE), 0);
    bide_stream_close(out);
    CHECK_EQ(await bide_stream_read(in, copy, 1), 0);
    bide_stream_close(in);
    return 0;
}

TEST(no_byte_is_lost_without_proc)
{
    int ends[2];
    no_proc();
    make_pipe(ends);
    CHECK_EQ(bide_block_on(pumps(ends)), 0);
}

/* A blocking write of more than there is room for would wait for ever. */
static async int writes_a_piece(int fd)
{
    static char data[4 * PIPE_BUF];
    bide_stream *out = stream_of(fd);
    CHECK_EQ(await bide_stream_write(out, data, sizeof data), PIPE_BUF);
    bide_stream_close(out);
    return 0;
}

TEST(a_pipe_with_room_for_a_page_takes_a_page)
{
    static char page[PIPE_BUF];
    int ends[2];
    no_proc();
    make_pipe(ends);
    int size = fcntl(ends[1], F_GETPIPE_SZ);
    for (int i = 0; i < size / PIPE_BUF - 1; i++)
        CHECK_EQ(write(ends[1], page, sizeof page), sizeof page);
    CHECK_EQ(bide_block_on(writes_a_piece(ends[1])), 0);
    close(ends[0]);
}

TEST(a_descriptor_that_is_non_blocking_is_used_as_it_is)
{
    int ends[2], before = descriptors();
    CHECK_EQ(pipe2(ends, O_NONBLOCK), 0);
    bide_test_watch();
    bide_stream *in = stream_of(ends[0]), *out = stream_of(ends[1]), *again;
    CHECK_EQ(bide_test_calls("open"), 0);
    CHECK_EQ(open_descriptors(), before + 2);
    CHECK_ERR(bide_stream_open(ends[0], &again), -EEXIST);
    bide_stream_close(in);
    bide_stream_close(out);
    CHECK_EQ(open_descriptors(), before);
}

/* ---- what is opened is the same object ---- */

static int another_pipe[2];

static int open_another(const char *path, int flags)
{
    (void)path;
    (void)flags;
    return dup(another_pipe[0]);
}

TEST(another_file_in_proc_is_not_taken)
{
    int ends[2];
    make_pipe(another_pipe);
    make_pipe(ends);
    bide_test_time_virtual();
    int before = descriptors();
    bide_test_replace("open", (void (*)(void))open_another);
    CHECK_EQ(bide_block_on(reads_from(ends[0], ends[1])), 0);
    CHECK_EQ(open_descriptors(), before - 1); /* ends[0] */
    bide_test_replace("open", NULL);
    close(ends[1]);
}

static async int says(int fd, const char *text)
{
    bide_stream *s = stream_of(fd);
    int r = await bide_stream_write_all(s, text, strlen(text), NULL);
    bide_stream_close(s);
    return r;
}

static void make_controlling(int fd)
{
    CHECK(setsid() > 0);
    CHECK_EQ(ioctl(fd, TIOCSCTTY, 0), 0);
}

/* /dev/tty was opened in one session, and is used in another one, which has another terminal. */
TEST(the_terminal_of_another_session_stays_the_one)
{
    int one[2], two[2], status;
    char buffer[4] = "";
    make_terminal(one);
    make_terminal(two);
    pid_t child = fork();
    if (child == 0) {
        make_controlling(one[0]);
        int fd = open("/dev/tty", O_RDWR);
        CHECK(fd >= 0);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            signal(SIGHUP, SIG_IGN);
            make_controlling(two[0]);
            CHECK_EQ(bide_block_on(says(fd, "one")), 0);
            _exit(0);
        }
        CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
        _exit(status != 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(fcntl(one[1], F_SETFL, O_RDWR | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(two[1], F_SETFL, O_RDWR | O_NONBLOCK), 0);
    CHECK_EQ(read(one[1], buffer, sizeof buffer), 3);
    CHECK_STR(buffer, "one");
    CHECK(read(two[1], buffer, sizeof buffer) < 0 && errno == EAGAIN);
}

/* ---- FIFOs ---- */

static char folder[] = "/tmp/bide-foreign-XXXXXX", fifo[64];

static void make_fifo(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    CHECK_EQ(mkfifo(fifo, 0600), 0);
}

static void remove_fifo(void)
{
    unlink(fifo);
    rmdir(folder);
}

static async int reads_the_end(int fd)
{
    char byte;
    bide_stream *in = stream_of(fd);
    CHECK_EQ(await bide_stream_read(in, &byte, 1), 0);
    bide_stream_close(in);
    return 0;
}

TEST(a_fifo_whose_writer_has_left_is_at_its_end)
{
    make_fifo();
    int both = open(fifo, O_RDWR), fd = open(fifo, O_RDONLY);
    close(both);
    CHECK_EQ(bide_block_on(reads_the_end(fd)), 0);
    remove_fifo();
}

TEST(a_fifo_that_was_removed_is_read)
{
    make_fifo();
    int both = open(fifo, O_RDWR), fd = open(fifo, O_RDONLY);
    remove_fifo();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(reads_from(fd, both)), 0);
    close(both);
}

static async int is_broken(int fd)
{
    bide_stream *out = stream_of(fd);
    CHECK_ERR(await bide_stream_write(out, "x", 1), -EPIPE);
    bide_stream_close(out);
    return 0;
}

TEST(a_fifo_without_readers_is_broken)
{
    signal(SIGPIPE, SIG_IGN);
    make_fifo();
    int both = open(fifo, O_RDWR), fd = open(fifo, O_WRONLY);
    close(both);
    CHECK_EQ(bide_block_on(is_broken(fd)), 0);
    remove_fifo();
}

TEST(the_end_of_a_pipe_comes_though_both_descriptors_were_its_writers)
{
    int ends[2];
    char byte;
    make_pipe(ends);
    bide_stream_close(stream_of(ends[1]));
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

static async int writes_packets(int fd)
{
    bide_stream *out = stream_of(fd);
    CHECK_EQ(await bide_stream_write(out, "one", 3), 3);
    CHECK_EQ(await bide_stream_write(out, "two", 3), 3);
    bide_stream_close(out);
    return 0;
}

TEST(packets_stay_packets)
{
    int ends[2];
    char buffer[16];
    CHECK_EQ(pipe2(ends, O_DIRECT), 0);
    CHECK_EQ(bide_block_on(writes_packets(ends[1])), 0);
    CHECK_EQ(read(ends[0], buffer, sizeof buffer), 3);
    CHECK_EQ(read(ends[0], buffer, sizeof buffer), 3);
    close(ends[0]);
}

/* ---- what cannot be opened again ---- */

/* The stream belongs to the caller. */
static async int reads_some(bide_stream *in, size_t size)
{
    char buffer[512];
    return (int)await bide_stream_read(in, buffer, size);
}

static async int waits_and_reads(int fd, size_t size, void (*happens)(int fd))
{
    int n = 0, flags = fcntl(fd, F_GETFL);
    bide_stream *in = stream_of(fd);
    bide_task(int) reader = bide_spawn(reads_some(in, size));
    for (int i = 0; i < 10; i++)
        await bide_yield();
    CHECK(!bide_task_finished(reader));
    CHECK_EQ(fcntl(fd, F_GETFL), flags);
    happens(fd);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    bide_stream_close(in);
    return n;
}

static void adds_one(int fd)
{
    CHECK_EQ(write(fd, &(uint64_t){1}, 8), 8);
}

static void expires(int fd)
{
    struct itimerspec now = {.it_value = {0, 1}};
    CHECK_EQ(timerfd_settime(fd, 0, &now, NULL), 0);
}

static void is_changed(int fd)
{
    make_fifo();
    CHECK(inotify_add_watch(fd, folder, IN_DELETE) >= 0);
    remove_fifo();
}

TEST(an_eventfd_a_timer_and_inotify_are_waited_for)
{
    int before = descriptors();
    CHECK_EQ(bide_block_on(waits_and_reads(eventfd(0, 0), 8, adds_one)), 8);
    CHECK_EQ(bide_block_on(waits_and_reads(timerfd_create(CLOCK_MONOTONIC, 0), 8, expires)), 8);
    CHECK(bide_block_on(waits_and_reads(inotify_init(), 512, is_changed)) > 0);
    CHECK_EQ(open_descriptors(), before);
}

TEST(a_process_is_told_by_its_descriptor)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0)
        SKIP("no pidfd_open");
    bide_stream *in = stream_of(fd);
    CHECK_ERR(bide_block_on(reads_some(in, 8)), -EINVAL);
    bide_stream_close(in);
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

TEST(files_are_always_ready_and_folders_are_refused)
{
    bide_stream *s;
    int fds[] = {memfd_create("foreign", 0), open("/dev/null", O_RDWR), open("/", O_RDONLY)};
    int before = descriptors();
    for (int i = 0; i < 2; i++) {
        int flags = fcntl(fds[i], F_GETFL);
        CHECK(flags >= 0);
        CHECK_EQ(bide_stream_open(fds[i], &s), 0);
        CHECK_EQ(bide_block_on(bide_stream_write_all(s, "x", 1, NULL)), 0);
        CHECK_EQ(fcntl(fds[i], F_GETFL), flags);
        bide_stream_close(s);
    }
    CHECK_ERR(bide_stream_open(fds[2], &s), -EISDIR);
    CHECK(s == NULL);
    CHECK_EQ(open_descriptors(), before - 2);
}

/* ---- failures, signals ---- */

TEST(a_signal_between_does_not_end_the_wait)
{
    int ends[2];
    no_proc();
    make_pipe(ends);
    bide_test_time_virtual();
    for (unsigned nth = 1; nth < 6; nth++) {
        CHECK_EQ(bide_test_fail("poll", nth, -EINTR, 1), 0);
        CHECK_EQ(bide_block_on(reads_from(dup(ends[0]), ends[1])), 0);
    }
}

TEST(what_asking_says_is_told)
{
    int ends[2];
    no_proc();
    make_pipe(ends);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    bide_stream *in = stream_of(ends[0]);
    CHECK_EQ(bide_test_fail("poll", 1, -ENOMEM, 1), 0);
    CHECK_ERR(bide_block_on(reads_some(in, 1)), -ENOMEM);
    CHECK_EQ(bide_block_on(reads_some(in, 1)), 1);
    bide_stream_close(in);
}

/* A program that is killed leaves the flags. */
TEST(flags_stay_after_a_kill)
{
    int ends[2], told[2], status;
    char byte;
    make_terminal(ends);
    make_pipe(told);
    int flags = fcntl(ends[0], F_GETFL);
    pid_t child = fork();
    if (child == 0) {
        stream_of(ends[0]);
        CHECK_EQ(write(told[1], "x", 1), 1);
        for (;;)
            pause();
    }
    CHECK_EQ(read(told[0], &byte, 1), 1);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(fcntl(ends[0], F_GETFL), flags);
}
