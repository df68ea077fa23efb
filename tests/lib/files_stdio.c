/*
 * bide/fs.h: stdin, stdout and stderr as streams, whatever they are: regular files, /dev/null,
 * pipes, terminals. Their flags stay, closes leave them open, and a read that waits holds up
 * nothing.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <sys/socket.h>

#include "check.h"
#include "failing.h"
#include "files.h"

static void become(int fd, int number)
{
    CHECK(fd >= 0);
    CHECK_EQ(dup2(fd, number), number);
    close(fd);
}

static async ssize_t reads(char *text, size_t size)
{
    bide_stream *in;
    int r = bide_stdin_open(&in);
    if (r < 0)
        return r;
    defer {
        bide_stream_close(in);
    }
    CHECK_EQ(bide_stream_fd(in), 0);
    return await bide_stream_read(in, text, size);
}

static async int writes(const char *text)
{
    bide_stream *out;
    int r = bide_stdout_open(&out);
    if (r < 0)
        return r;
    defer {
        bide_stream_close(out);
    }
    return await bide_stream_write_all(out, text, strlen(text), NULL);
}

TEST(a_regular_file)
{
    char text[8] = "";
    files_begin();
    put_file("in", "one two");
    become(open(in_folder("in"), O_RDONLY), 0);
    become(open(in_folder("out"), O_WRONLY | O_CREAT, 0600), 1);
    CHECK_EQ(bide_block_on(reads(text, 4)), 4);
    CHECK_EQ(memcmp(text, "one ", 4), 0);
    CHECK_EQ(bide_block_on(reads(text, 8)), 3); /* the position is shared, and nothing is lost */
    CHECK_EQ(bide_block_on(reads(text, 8)), 0);
    CHECK_EQ(bide_block_on(writes("hello ")), 0);
    CHECK_EQ(bide_block_on(writes("there")), 0);
    CHECK_STR(get_file("out"), "hello there");
    CHECK_EQ(fcntl(0, F_GETFD) | fcntl(1, F_GETFD), 0);
}

TEST(dev_null)
{
    char text[8];
    become(open("/dev/null", O_RDWR), 0);
    become(open("/dev/null", O_RDWR), 1);
    CHECK_EQ(bide_block_on(reads(text, 8)), 0);
    CHECK_EQ(bide_block_on(writes("hello")), 0);
    become(open("/dev/full", O_RDWR), 1);
    CHECK_ERR(bide_block_on(writes("hello")), -ENOSPC);
}

static async int waits_in_vain(void)
{
    char text[8];
    ssize_t n = 1;
    CHECK_ERR(await bide_timeout(BIDE_MS(20), n = reads(text, 8)), -ETIMEDOUT);
    return 0;
}

static void check_waits(int in, int other)
{
    char text[8] = "";
    become(in, 0);
    int flags = fcntl(0, F_GETFL);
    CHECK_EQ(bide_block_on(waits_in_vain()), 0);
    CHECK_EQ(write(other, "hi\n", 3), 3);
    CHECK_EQ(bide_block_on(reads(text, 8)), 3);
    CHECK_STR(text, "hi\n");
    CHECK_EQ(fcntl(0, F_GETFL), flags);
    CHECK_EQ(fcntl(0, F_GETFD), 0);
}

TEST(a_pipe)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    check_waits(ends[0], ends[1]);
}

TEST(a_socket)
{
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_waits(ends[0], ends[1]);
}

TEST(a_terminal)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        SKIP("no pseudo-terminals");
    check_waits(open(ptsname(master), O_RDWR | O_NOCTTY), master);
}

static async int leaves_a_reader(void)
{
    static char text[8];
    bide_task_detach(bide_spawn(reads(text, 8)));
    await bide_yield();
    return 0;
}

/* The runtime ends though a task of it waits for stdin. */
TEST(a_read_that_waits_does_not_hold_up_the_end)
{
    int ends[2];
    bide_runtime *rt;
    CHECK_EQ(pipe(ends), 0);
    become(ends[0], 0);
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime *before = bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(leaves_a_reader()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    char byte;
    CHECK_EQ(read(0, &byte, 1), 1); /* nobody has taken it */
}

TEST(what_cannot_be_opened)
{
    char text[8];
    bide_stream *s = (bide_stream *)&folder;
    int copy = dup(2);
    close(0);
    CHECK_ERR(bide_stdin_open(&s), -EBADF);
    CHECK(s == NULL);
    CHECK_EQ(open("/", O_RDONLY | O_DIRECTORY), 0);
    CHECK_ERR(bide_block_on(reads(text, 8)), -EISDIR);
    CHECK_EQ(bide_stderr_open(&s), 0);
    CHECK_EQ(bide_stream_fd(s), 2);
    bide_stream_close(s);
    CHECK_EQ(fcntl(2, F_GETFD), 0);
    become(copy, 2);
}
