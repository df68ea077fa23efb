/*
 * Files of a filesystem that is in memory alone (tmpfs): they are read and written on the thread of
 * the runtime, and no other is made; where a file does not tell that it is one, a thread of the
 * pool does it, with the same result. On io_uring some of that is the driver's, which makes no
 * thread either.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "check.h"

enum { TMPFS = 0x01021994, MUCH = 1 << 20, SMALL = 4096 };

static char folder[] = "/dev/shm/bide-test.XXXXXX", path[100];
static char data[MUCH], found[MUCH];

/* False: there is no such filesystem here. */
static bool begin(void)
{
    struct statfs status;
    if (statfs("/dev/shm", &status) < 0 || status.f_type != TMPFS || mkdtemp(folder) == NULL)
        return false;
    snprintf(path, sizeof path, "%s/file", folder);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 31 % 251);
    bide_test_watch();
    return true;
}

static void end(void)
{
    CHECK(unlink(path) == 0 || errno == ENOENT);
    CHECK_EQ(rmdir(folder), 0);
}

static void put(size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    CHECK_EQ(close(fd), 0);
}

static void check_file(size_t size)
{
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK_EQ(read(fd, found, sizeof found), (ssize_t)size);
    CHECK(memcmp(found, data, size) == 0);
    close(fd);
}

/* ---- whole files ---- */

static async void whole(void)
{
    bide_content *content;
    CHECK_EQ(await bide_path_read(path, MUCH, &content), 0);
    CHECK_EQ(content->size, SMALL);
    CHECK(memcmp(content->data, data, SMALL) == 0);
    bide_content_free(content);
}

TEST(small_whole_files)
{
    if (!begin())
        SKIP("no tmpfs in /dev/shm");
    put(SMALL);
    bide_block_on(whole());
    CHECK_EQ(bide_test_calls("thread_create"), 0);
    end();
}

TEST(small_whole_files_that_do_not_tell_it)
{
    if (!begin())
        SKIP("no tmpfs in /dev/shm");
    put(SMALL);
    CHECK_EQ(bide_test_fail("fcntl", 1, -EINVAL, 0), 0);
    bide_block_on(whole());
    CHECK(bide_test_failed("fcntl") >= 1);
    CHECK(bide_test_calls("thread_create") > 0);
    end();
}

/* To open a file for writing, and to truncate it, may take long, wherever it is. */
static async void others(void)
{
    CHECK_EQ(await bide_path_write(path, data, SMALL), 0);
    check_file(SMALL);
    CHECK_EQ(await bide_path_write(path, data, SMALL - 100), 0);
    check_file(SMALL - 100); /* what was behind it is gone */
    CHECK_EQ(await bide_path_write(path, data, 0), 0);
    check_file(0);
    CHECK_EQ(await bide_path_write(path, data, MUCH), 0);
    check_file(MUCH);
    CHECK_ERR(await bide_path_write(folder, data, 1), -EISDIR);
}

TEST(other_whole_files)
{
    if (!begin())
        SKIP("no tmpfs in /dev/shm");
    bide_block_on(others());
    end();
}

/* ---- open files ---- */

static async void read_and_write(bide_file *file)
{
    size_t done = 0;
    CHECK_EQ(await bide_file_write_all(file, data, MUCH, &done), 0);
    CHECK_EQ(done, MUCH);
    done = 0;
    CHECK_EQ(await bide_file_read_exactly_at(file, 0, found, MUCH, &done), 0);
    CHECK(memcmp(found, data, MUCH) == 0);
    CHECK_EQ(await bide_file_read_at(file, MUCH, found, 1), 0);
    CHECK_EQ(await bide_file_write_at(file, 2 * MUCH, data, SMALL), SMALL);
    CHECK_EQ(await bide_file_read_at(file, 2 * MUCH + 1, found, SMALL), SMALL - 1);
    CHECK(memcmp(found, data + 1, SMALL - 1) == 0);
    CHECK_EQ(await bide_file_read(file, found, 1), 1); /* the position is behind the first */
    CHECK_EQ(found[0], 0);
}

static async void of_memfd(void)
{
    bide_file *file;
    int fd = memfd_create("test", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(bide_file_of(fd, &file), 0);
    defer {
        bide_file_free(file);
    }
    await read_and_write(file);
}

TEST(an_open_file)
{
    bide_test_watch();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 31 % 251);
    bide_block_on(of_memfd());
    CHECK_EQ(bide_test_calls("thread_create"), 0);
}

TEST(an_open_file_that_does_not_tell_it)
{
    CHECK_EQ(bide_test_fail("fcntl", 1, -EINVAL, 0), 0);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 31 % 251);
    bide_block_on(of_memfd());
}
