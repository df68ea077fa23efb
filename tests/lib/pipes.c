/*
 * bide/io.h: pipes and FIFOs that are made or opened here: their ends, writers that come and go,
 * whole writes, no SIGPIPE.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static bide_stream *reader, *writer;
static char folder[] = "/tmp/bide-pipe-XXXXXX", path[64];
static char bulk[1 << 18];

static void begin(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/fifo", folder);
    CHECK_EQ(mkfifo(path, 0600), 0);
}

static void end(void)
{
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(rmdir(folder), 0);
}

static void close_both(void)
{
    bide_stream_close(reader);
    bide_stream_close(writer);
}

/* ---- pipes ---- */

static async int write_bulk(size_t size)
{
    for (size_t i = 0; i < size; i++)
        bulk[i] = (char)(i / 1000);
    CHECK_EQ(await bide_stream_write_all(writer, bulk, size, NULL), 0);
    bide_stream_close(writer);
    return 0;
}

static async int read_bulk(size_t size)
{
    char part[3000];
    size_t done = 0;
    ssize_t n;
    for (; (n = await bide_stream_read(reader, part, sizeof part)) > 0; done += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(part[i], (char)((done + (size_t)i) / 1000));
    CHECK_EQ(n, 0);
    CHECK_EQ(done, size);
    bide_stream_close(reader);
    return 0;
}

static async int through_pipe(void)
{
    char buffer[8];
    CHECK_EQ(bide_pipe_new(&reader, &writer), 0);
    CHECK_EQ(fcntl(bide_stream_fd(reader), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(bide_stream_fd(writer), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(await bide_stream_write(writer, "ping", 4), 4);
    CHECK_EQ(await bide_stream_read(reader, buffer, sizeof buffer), 4);
    CHECK(memcmp(buffer, "ping", 4) == 0);
    CHECK_ERR(bide_stream_shutdown(writer), -ENOTSOCK);
    CHECK_EQ(await bide_try_join(write_bulk(sizeof bulk), read_bulk(sizeof bulk)), 0);
    return 0;
}

TEST(bytes_through_a_pipe)
{
    CHECK_EQ(bide_block_on(through_pipe()), 0);
}

/* Less than PIPE_BUF is written whole or not at all, even when there is a little room. */
static async int whole(void)
{
    static char piece[PIPE_BUF];
    CHECK_EQ(bide_pipe_new(&reader, &writer), 0);
    int size = fcntl(bide_stream_fd(writer), F_SETPIPE_SZ, 4 * PIPE_BUF);
    CHECK(size >= PIPE_BUF);
    for (int filled = 0; filled + 1000 <= size - PIPE_BUF; filled += 1000)
        CHECK_EQ(await bide_stream_write(writer, piece, 1000), 1000);
    ssize_t n = 0;
    int r = 0;
    while (r == 0) {
        n = -1;
        r = await bide_timeout(BIDE_MS(1), n = bide_stream_write(writer, piece, PIPE_BUF));
        CHECK_EQ(n, r == 0 ? PIPE_BUF : -1);
    }
    CHECK_ERR(r, -ETIMEDOUT);
    close_both();
    return 0;
}

TEST(small_writes_are_whole)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(whole()), 0);
}

static async int without_reader(void)
{
    CHECK_EQ(bide_pipe_new(&reader, &writer), 0);
    bide_stream_close(reader);
    CHECK_ERR(await bide_stream_write(writer, "x", 1), -EPIPE);
    CHECK_ERR(await bide_stream_write_all(writer, "x", 1, NULL), -EPIPE);
    bide_stream_close(writer);
    return 0;
}

static volatile sig_atomic_t signals;

static void count_signal(int signo)
{
    (void)signo;
    signals++;
}

/* By default the signal would kill the process. */
TEST(no_reader_is_an_error_and_no_signal)
{
    signal(SIGPIPE, SIG_DFL);
    CHECK_EQ(bide_block_on(without_reader()), 0);
    signal(SIGPIPE, count_signal);
    CHECK_EQ(bide_block_on(without_reader()), 0);
    CHECK_EQ(signals, 0);
}

/* A kernel that knows no RWF_NOSIGNAL: this is called in place of libc's. */
static bool knows_no_flag;

ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    ssize_t r =
        knows_no_flag ? -EOPNOTSUPP : syscall(SYS_pwritev2, fd, pieces, count, offset, 0, flags);
    if (knows_no_flag)
        errno = EOPNOTSUPP;
    return r < 0 ? -1 : r;
}

TEST(no_signal_on_an_old_kernel)
{
    sigset_t mask, pending;
    knows_no_flag = true;
    signal(SIGPIPE, SIG_DFL);
    CHECK_EQ(bide_block_on(without_reader()), 0);
    CHECK_EQ(bide_block_on(through_pipe()), 0);
    sigemptyset(&mask);
    CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK(!sigismember(&mask, SIGPIPE)); /* it was not left blocked */

    /* One that somebody has blocked, and that was there before, stays. */
    sigemptyset(&mask);
    sigaddset(&mask, SIGPIPE);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
    CHECK_EQ(bide_block_on(without_reader()), 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(!sigismember(&pending, SIGPIPE));
    CHECK_EQ(raise(SIGPIPE), 0);
    CHECK_EQ(bide_block_on(without_reader()), 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGPIPE));
}

static int make(void)
{
    reader = writer = (bide_stream *)(void *)bulk;
    int r = bide_pipe_new(&reader, &writer);
    CHECK((r == 0) == (reader != NULL) && (r == 0) == (writer != NULL));
    return r;
}

TEST(a_pipe_whose_making_fails)
{
    CHECK(fails_everywhere(make, close_both) >= 2);
    CHECK_EQ(bide_test_fail("pipe2", 1, -EMFILE, 1), 0);
    CHECK_ERR(make(), -EMFILE);
}

/* ---- FIFOs ---- */

static async int open_writer(bide_fifo_mode mode)
{
    return await bide_fifo_open(path, mode, &writer);
}

static async int open_reader_later(void)
{
    await bide_sleep(BIDE_S(10));
    return await bide_fifo_open(path, BIDE_FIFO_READ, &reader);
}

static async int writer_waits(void)
{
    CHECK_ERR(await open_writer(BIDE_FIFO_TRY_WRITE), -ENXIO);
    CHECK(writer == NULL);
    bide_instant start = bide_now();
    CHECK_EQ(await bide_try_join(open_writer(BIDE_FIFO_WRITE), open_reader_later()), 0);
    CHECK(bide_elapsed(start).ns >= BIDE_S(10).ns);
    CHECK(bide_elapsed(start).ns <= BIDE_MS(10100).ns);
    bide_stream_close(writer);
    CHECK_EQ(await open_writer(BIDE_FIFO_TRY_WRITE), 0);
    close_both();
    return 0;
}

TEST(a_writer_waits_for_a_reader)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(writer_waits()), 0);
    end();
}

static async int writer_gives_up(void)
{
    int before = open_descriptors();
    CHECK_ERR(await bide_timeout(BIDE_S(1), open_writer(BIDE_FIFO_WRITE)), -ETIMEDOUT);
    CHECK(writer == NULL);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}

TEST(a_writer_gives_up)
{
    begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(writer_gives_up()), 0);
    end();
}

static async int write_later(const char *word)
{
    for (int i = 0; i < 5; i++)
        await bide_yield();
    CHECK_EQ(await open_writer(BIDE_FIFO_WRITE), 0);
    for (int i = 0; i < 5; i++)
        await bide_yield();
    if (*word != '\0')
        CHECK_EQ(await bide_stream_write_all(writer, word, strlen(word), NULL), 0);
    bide_stream_close(writer);
    return 0;
}

static async int read_word(const char *word)
{
    char buffer[16] = "";
    CHECK_EQ(await bide_stream_read(reader, buffer, sizeof buffer - 1), (ssize_t)strlen(word));
    CHECK_STR(buffer, word);
    return 0;
}

static async int reader_waits(void)
{
    CHECK_EQ(await bide_fifo_open(path, BIDE_FIFO_READ, &reader), 0);
    /* Nobody has written yet: that is not the end. */
    CHECK_ERR(await bide_timeout(BIDE_MS(1), read_word("")), -ETIMEDOUT);
    CHECK_EQ(await bide_try_join(read_word("first"), write_later("first")), 0);
    CHECK_EQ(await read_word(""), 0); /* that one has left */
    CHECK_EQ(await read_word(""), 0);
    CHECK_EQ(await write_later("second"), 0);
    CHECK_EQ(await read_word("second"), 0);
    CHECK_EQ(await read_word(""), 0);
    bide_stream_close(reader);

    /* One that comes and says nothing ends the wait, too. */
    CHECK_EQ(await bide_fifo_open(path, BIDE_FIFO_READ, &reader), 0);
    CHECK_EQ(await bide_try_join(read_word(""), write_later("")), 0);
    bide_stream_close(reader);
    return 0;
}

TEST(a_reader_waits_for_the_first_writer)
{
    begin();
    CHECK_EQ(bide_block_on(reader_waits()), 0);
    end();
}

static async int both_ends(void)
{
    CHECK_EQ(await bide_fifo_open(path, BIDE_FIFO_BOTH, &reader), 0);
    CHECK_EQ(await open_writer(BIDE_FIFO_TRY_WRITE), 0);
    CHECK_EQ(await bide_stream_write(writer, "one", 3), 3);
    bide_stream_close(writer);
    CHECK_EQ(await read_word("one"), 0);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), read_word("")), -ETIMEDOUT); /* no end */
    CHECK_EQ(await bide_try_join(read_word("two"), write_later("two")), 0);
    CHECK_EQ(await bide_stream_write(reader, "own", 3), 3);
    CHECK_EQ(await read_word("own"), 0);
    bide_stream_close(reader);
    return 0;
}

TEST(who_opens_both_ends_meets_no_end)
{
    begin();
    CHECK_EQ(bide_block_on(both_ends()), 0);
    end();
}

static async int no_fifos(void)
{
    static const bide_fifo_mode modes[] = {BIDE_FIFO_READ, BIDE_FIFO_WRITE, BIDE_FIFO_TRY_WRITE,
                                           BIDE_FIFO_BOTH};
    char file[80];
    int before = open_descriptors();
    for (int i = 0; i < 4; i++) {
        reader = (bide_stream *)(void *)bulk;
        CHECK_ERR(await bide_fifo_open("/dev/null", modes[i], &reader), -EINVAL);
        CHECK(reader == NULL);
    }
    snprintf(file, sizeof file, "%s/none", folder);
    CHECK_ERR(await bide_fifo_open(file, BIDE_FIFO_WRITE, &writer), -ENOENT);
    CHECK_ERR(await bide_fifo_open(folder, BIDE_FIFO_READ, &reader), -EINVAL);
    CHECK_ERR(await bide_fifo_open(folder, BIDE_FIFO_WRITE, &writer), -EISDIR);

    /* A socket cannot be opened: nobody will ever read there. */
    bide_unix_listener *listener;
    CHECK_EQ(bide_unix_listen(file, NULL, &listener), 0);
    CHECK_ERR(await bide_fifo_open(file, BIDE_FIFO_WRITE, &writer), -ENXIO);
    bide_unix_listener_close(listener);

    CHECK_EQ(bide_test_fail("open", 1, -EINTR, 1), 0);
    CHECK_EQ(await bide_fifo_open(path, BIDE_FIFO_READ, &reader), 0);
    bide_stream_close(reader);
    CHECK_EQ(bide_test_fail("fstat", 1, -EIO, 1), 0);
    CHECK_ERR(await bide_fifo_open(path, BIDE_FIFO_READ, &reader), -EIO);
    CHECK(reader == NULL);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}

TEST(what_is_no_fifo)
{
    begin();
    CHECK_EQ(bide_block_on(no_fifos()), 0);
    end();
}
