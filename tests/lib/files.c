/*
 * bide/fs.h: open files: what is read, written and told, what each option means, positions, locks,
 * closes, streams.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "check.h"
#include "failing.h"
#include "files.h"

#if __has_include(<liburing.h>)
#include "runtime/io/inside.h"
#endif

static const bide_file_options writes = {.write = true, .create = true, .truncate = true};
static const bide_file_options both = {.read = true, .write = true, .create = true};

static async bide_file *opened(const char *path, const bide_file_options *options)
{
    bide_file *f;
    CHECK_EQ(await bide_file_open(path, options, &f), 0);
    return f;
}

/* ---- content ---- */

static async int writes_and_reads(void)
{
    char text[16] = "";
    bide_file *f = await opened(in_folder("a"), &both);
    defer {
        bide_file_free(f);
    }
    CHECK_EQ(await bide_file_write(f, "hello", 5), 5);
    CHECK_EQ(bide_file_seek(f, 0, SEEK_CUR), 5);
    CHECK_EQ(await bide_file_write_at(f, 10, "there", 5), 5);
    CHECK_EQ(bide_file_seek(f, 0, SEEK_CUR), 5);
    CHECK_EQ(bide_file_seek(f, 1, SEEK_SET), 1);
    CHECK_EQ(await bide_file_read(f, text, 3), 3);
    CHECK_STR(text, "ell");
    CHECK_EQ(await bide_file_read_at(f, 10, text, sizeof text), 5);
    CHECK_EQ(memcmp(text, "there", 5), 0);
    CHECK_EQ(await bide_file_read_at(f, 15, text, sizeof text), 0);
    CHECK_EQ(await bide_file_read_at(f, 100, text, sizeof text), 0);
    CHECK_ERR(await bide_file_read_at(f, (uint64_t)INT64_MAX + 1, text, 1), -EINVAL);
    CHECK_ERR(await bide_file_read_at(f, UINT64_MAX, text, 1), -EINVAL);
    CHECK_ERR(await bide_file_write_at(f, UINT64_MAX, "x", 1), -EINVAL);
    CHECK_EQ(await bide_file_read_at(f, INT64_MAX - 1, text, 1), 0);
    CHECK_EQ(await bide_file_read(f, text, 0), 0);
    CHECK_EQ(bide_file_seek(f, -5, SEEK_END), 10);
    size_t done = 0;
    CHECK_ERR(await bide_file_read_exactly(f, text, 6, &done), -ENODATA);
    CHECK_EQ(done, 5);
    CHECK_EQ(await bide_file_read_exactly_at(f, 0, text, 15, NULL), 0);
    CHECK_EQ(memcmp(text, "hello\0\0\0\0\0there", 15), 0);
    CHECK_EQ(await bide_file_write_all(f, "!", 1, NULL), 0);
    CHECK_EQ(await bide_file_write_all_at(f, 0, "J", 1, NULL), 0);
    CHECK_EQ(await bide_file_sync_data(f), 0);
    CHECK_EQ(await bide_file_sync(f), 0);
    struct stat status;
    CHECK_EQ(await bide_file_stat(f, &status), 0);
    CHECK_EQ(status.st_size, 16);
    CHECK_EQ(await bide_file_set_size(f, 5), 0);
    CHECK_EQ(await bide_file_set_mode(f, 0640), 0);
    CHECK_EQ(await bide_file_close(f), 0);
    CHECK_STR(get_file("a"), "Jello");
    CHECK_EQ(stat(in_folder("a"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0640);
    return 0;
}

static async int names(void)
{
    CHECK_EQ(await bide_path_rename(in_folder("a"), in_folder("b")), 0);
    CHECK_EQ(await bide_folder_make(in_folder("d"), 0), 0);
    CHECK_EQ(await bide_folder_remove(in_folder("d")), 0);
    CHECK_EQ(await bide_path_exists(in_folder("b")), 1);
    CHECK_EQ(await bide_path_remove(in_folder("b")), 0);
    return 0;
}

TEST(what_is_written_is_read)
{
    files_begin();
    CHECK_EQ(bide_block_on(writes_and_reads()), 0);
}

static async int many_pieces(void)
{
    char one[3], two[5], text[9] = "";
    struct iovec out[] = {{"abc", 3}, {"defgh", 5}}, in[] = {{one, 3}, {two, 5}};
    bide_file *f = await opened(in_folder("p"), &both);
    defer {
        bide_file_free(f);
    }
    CHECK_EQ(await bide_file_write_pieces_at(f, 2, out, 2), 8);
    CHECK_EQ(await bide_file_read_pieces_at(f, 2, in, 2), 8);
    memcpy(text, one, 3);
    memcpy(text + 3, two, 5);
    CHECK_STR(text, "abcdefgh");
    CHECK_ERR(await bide_file_read_pieces_at(f, 0, in, 1025), -EINVAL);
    CHECK_ERR(await bide_file_read_pieces_at(f, 0, in, -1), -EINVAL);
    return 0;
}

TEST(pieces_are_one_transfer)
{
    files_begin();
    CHECK_EQ(bide_block_on(many_pieces()), 0);
}

enum { LARGE = 3 << 20 };

static async int large(void)
{
    char *data = malloc(LARGE), *back = malloc(LARGE);
    defer {
        free(data);
        free(back);
    }
    for (size_t i = 0; i < LARGE; i++)
        data[i] = (char)(i * 7 + i / 4096);
    bide_file *f = await opened(in_folder("large"), &both);
    defer {
        bide_file_free(f);
    }
    CHECK_EQ(await bide_file_write_all(f, data, LARGE, NULL), 0);
    CHECK_EQ(bide_file_seek(f, 0, SEEK_SET), 0);
    CHECK_EQ(await bide_file_read_exactly(f, back, LARGE, NULL), 0);
    CHECK_EQ(memcmp(data, back, LARGE), 0);
    memset(back, 0, LARGE);
    /* Not from the page cache. */
    CHECK_EQ(await bide_file_sync(f), 0);
    posix_fadvise(bide_file_fd(f), 0, 0, POSIX_FADV_DONTNEED);
    CHECK_EQ(await bide_file_read_exactly_at(f, 0, back, LARGE, NULL), 0);
    CHECK_EQ(memcmp(data, back, LARGE), 0);
    return 0;
}

TEST(large_files)
{
    files_begin();
    CHECK_EQ(bide_block_on(large()), 0);
}

/* Each part of io_uring may be missing. */
TEST(each_call_of_the_driver_may_be_hidden)
{
    static const char *const words[] = {"file",  "read",     "write",    "fsync",   "openat",
                                        "statx", "renameat", "unlinkat", "mkdirat", "close"};
    const bide_runtime_options options = {.io = BIDE_IO_URING};
    files_begin();
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        bide_runtime *rt;
        CHECK_EQ(setenv("BIDE_URING_MASK", words[i], 1), 0);
        if (bide_runtime_new(&options, &rt) < 0)
            SKIP("no io_uring");
        bide_runtime *before = bide_runtime_enter(rt);
        CHECK_EQ(bide_block_on(writes_and_reads()), 0);
        CHECK_EQ(bide_block_on(names()), 0);
        bide_runtime_enter(before);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

/* ---- many at once ---- */

enum { TASKS = 100 };

static bide_file *shared;

static async int one_of_many(int i)
{
    int back = -1, r = 0;
    uint64_t offset = (uint64_t)i * sizeof i;
    CHECK_EQ(await bide_file_write_all_at(shared, offset, &i, sizeof i, NULL), 0);
    CHECK_EQ(await bide_file_read_exactly_at(shared, offset, &back, sizeof back, NULL), 0);
    CHECK_EQ(back, i);
    return r;
}

static async int many(void)
{
    shared = await opened(in_folder("many"), &both);
    bide_scope(s) {
        for (int i = 0; i < TASKS; i++)
            bide_scope_spawn(s, one_of_many(i));
    }
    struct stat status;
    CHECK_EQ(await bide_file_stat(shared, &status), 0);
    CHECK_EQ(status.st_size, TASKS * sizeof(int));
    bide_file_free(shared);
    return 0;
}

TEST(a_hundred_tasks_use_one_file)
{
    files_begin();
    CHECK_EQ(bide_block_on(many()), 0);
}

/* ---- options ---- */

static async int open_error(const char *name, const bide_file_options *o)
{
    bide_file *f = (bide_file *)&folder;
    int r = await bide_file_open(in_folder(name), o, &f);
    CHECK((r == 0) == (f != NULL));
    bide_file_free(f);
    return r;
}

static async int options(void)
{
    CHECK_ERR(await open_error("none", NULL), -ENOENT);
    CHECK_ERR(await open_error("none", &(bide_file_options){.write = true}), -ENOENT);
    CHECK_ERR(await open_error("none", &(bide_file_options){.create = true}), -EINVAL);
    CHECK_ERR(await open_error("none", &(bide_file_options){.create_new = true}), -EINVAL);
    CHECK_ERR(await open_error("none", &(bide_file_options){.truncate = true}), -EINVAL);
    CHECK_ERR(await open_error("none/x", &writes), -ENOENT);
    CHECK_ERR(await open_error(".", &writes), -EISDIR);

    umask(022);
    CHECK_EQ(await open_error("new", &(bide_file_options){.write = true, .create_new = true}), 0);
    CHECK_ERR(await open_error("new", &(bide_file_options){.write = true, .create_new = true}),
              -EEXIST);
    struct stat status;
    CHECK_EQ(await bide_path_stat(in_folder("new"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0644);
    CHECK_EQ(await open_error("private",
                              &(bide_file_options){.write = true, .create = true, .mode = 0600}),
             0);
    CHECK_EQ(await bide_path_stat(in_folder("private"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0600);

    CHECK_EQ(symlink("new", in_folder("link")), 0);
    CHECK_EQ(await open_error("link", NULL), 0);
    CHECK_ERR(await open_error("link", &(bide_file_options){.no_follow = true}), -ELOOP);
    return 0;
}

TEST(each_option_means_what_it_says)
{
    files_begin();
    CHECK_EQ(bide_block_on(options()), 0);
}

static async int appends(void)
{
    bide_file *one =
        await opened(in_folder("log"), &(bide_file_options){.append = true, .create = true});
    bide_file *other = await opened(in_folder("log"), &(bide_file_options){.append = true});
    defer {
        bide_file_free(one);
        bide_file_free(other);
    }
    char byte;
    CHECK_EQ(await bide_file_write(one, "1", 1), 1);
    CHECK_EQ(await bide_file_write(other, "2", 1), 1);
    CHECK_EQ(await bide_file_write(one, "3", 1), 1);
    CHECK_ERR(await bide_file_read(one, &byte, 1), -EBADF);
    CHECK_STR(get_file("log"), "123");
    bide_file *cut = await opened(in_folder("log"), &writes);
    CHECK_ERR(await bide_file_read(cut, &byte, 1), -EBADF);
    bide_file_free(cut);
    CHECK_STR(get_file("log"), "");
    return 0;
}

TEST(who_appends_writes_at_the_end)
{
    files_begin();
    CHECK_EQ(bide_block_on(appends()), 0);
}

static async int direct(void)
{
    static _Alignas(4096) char data[8192], back[8192];
    const bide_file_options o = {.read = true, .write = true, .create = true, .direct = true};
    bide_file *f;
    int r = await bide_file_open(in_folder("direct"), &o, &f);
    if (r == -EINVAL)
        return r;
    CHECK_EQ(r, 0);
    defer {
        bide_file_free(f);
    }
    memset(data, 'x', sizeof data);
    CHECK_EQ(await bide_file_write_at(f, 0, data, sizeof data), sizeof data);
    CHECK_EQ(await bide_file_read_at(f, 0, back, sizeof back), sizeof back);
    CHECK_EQ(memcmp(data, back, sizeof data), 0);
    CHECK_ERR(await bide_file_read_at(f, 1, back, 10), -EINVAL);
    return 0;
}

TEST(direct_files)
{
    files_begin();
    if (bide_block_on(direct()) == -EINVAL)
        SKIP("this filesystem has no O_DIRECT");
}

static async int unnamed(void)
{
    char text[4] = "";
    bide_file *f;
    CHECK_EQ(bide_test_fail("openat", 1, -EINTR, 1), 0);
    CHECK_EQ(await bide_file_temporary(folder, &f), 0);
    CHECK_EQ(await bide_file_write(f, "abc", 3), 3);
    CHECK_EQ(await bide_file_read_at(f, 0, text, 3), 3);
    CHECK_STR(text, "abc");
    bide_file_free(f);
    CHECK_EQ(rmdir(folder), 0); /* nothing is in it */
    CHECK_ERR(await bide_file_temporary(folder, &f), -ENOENT);
    CHECK(f == NULL);
    return 0;
}

TEST(a_temporary_file_has_no_name)
{
    files_begin();
    CHECK_EQ(bide_block_on(unnamed()), 0);
}

static int refuses_temporary(int at, const char *path, int flags, mode_t mode)
{
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    int fd = openat(at, path, flags, mode);
    return fd < 0 ? -errno : fd;
}

TEST(nor_has_it_one_where_the_filesystem_wants_a_name)
{
    files_begin();
    CHECK(bide_test_replace("openat", (void (*)(void))refuses_temporary) != NULL);
    CHECK_EQ(bide_block_on(unnamed()), 0);
}

/* ---- what is no regular file ---- */

static async int devices(void)
{
    char bytes[16];
    bide_file *f = await opened("/dev/zero", NULL);
    memset(bytes, 1, sizeof bytes);
    CHECK_EQ(await bide_file_read(f, bytes, sizeof bytes), sizeof bytes);
    CHECK_EQ(bytes[15], 0);
    bide_file_free(f);
    f = await opened("/dev/full", &(bide_file_options){.write = true});
    CHECK_ERR(await bide_file_write(f, "x", 1), -ENOSPC);
    bide_file_free(f);
    CHECK_EQ(mkfifo(in_folder("fifo"), 0600), 0);
    f = await opened(in_folder("fifo"), &(bide_file_options){.read = true, .write = true});
    CHECK_ERR(await bide_file_read(f, bytes, 1), -EAGAIN);
    CHECK_ERR(await bide_file_read_at(f, 0, bytes, 1), -ESPIPE);
    CHECK_ERR(bide_file_seek(f, 0, SEEK_SET), -ESPIPE);
    bide_file_free(f);
    CHECK_ERR(await open_error("fifo", &(bide_file_options){.write = true}), -ENXIO);
    return 0;
}

TEST(devices_and_fifos)
{
    files_begin();
    CHECK_EQ(bide_block_on(devices()), 0);
}

/* ---- the end ---- */

static async int closes(void)
{
    char byte;
    struct stat status;
    bide_file *f = await opened(in_folder("c"), &both);
    CHECK(bide_file_fd(f) >= 0);
    CHECK_EQ(bide_test_fail("close", 1, -EDQUOT, 1), 0);
    CHECK_ERR(await bide_file_close(f), -EDQUOT);
    CHECK_EQ(bide_test_fail("close", 0, 0, 0), 0);
    CHECK_ERR(bide_file_fd(f), -EBADF);
    CHECK_ERR(await bide_file_close(f), -EBADF);
    CHECK_ERR(await bide_file_read(f, &byte, 1), -EBADF);
    CHECK_ERR(await bide_file_write_at(f, 0, "x", 1), -EBADF);
    CHECK_ERR(await bide_file_sync(f), -EBADF);
    CHECK_ERR(await bide_file_stat(f, &status), -EBADF);
    CHECK_ERR(bide_file_seek(f, 0, SEEK_SET), -EBADF);
    CHECK_ERR(bide_file_unlock(f), -EBADF);
    bide_file_free(f);
    bide_file_free(NULL);
    return 0;
}

TEST(a_close_tells_its_error_and_nothing_goes_after_it)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK_EQ(bide_block_on(closes()), 0);
}

#if __has_include(<liburing.h>)
/* A filesystem whose close is interrupted. The descriptor is free all the same, and somebody else
 * gets it. */
static int closed_fd, reused_fd = -1;
static int (*get_events)(struct io_uring *ring);
static int (*wait_for_events)(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                              struct __kernel_timespec *limit, sigset_t *mask);

static void interrupt_close(struct io_uring *ring)
{
    if (reused_fd >= 0 || fcntl(closed_fd, F_GETFD) >= 0)
        return;
    for (unsigned at = *ring->cq.khead; at != *ring->cq.ktail; at++) {
        struct io_uring_cqe *cqe = &ring->cq.cqes[at & ring->cq.ring_mask];
        if (bide__uring_kind(cqe->user_data) == BIDE__OP_FILE && cqe->res == 0) {
            cqe->res = -EINTR;
            reused_fd = fcntl(0, F_DUPFD, closed_fd);
        }
    }
}

static int get_events_interrupted(struct io_uring *ring)
{
    int r = get_events(ring);
    interrupt_close(ring);
    return r;
}

static int wait_interrupted(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                            struct __kernel_timespec *limit, sigset_t *mask)
{
    int r = wait_for_events(ring, cqe, count, limit, mask);
    interrupt_close(ring);
    return r;
}

static async int closes_interrupted(void)
{
    bide_file *f = await opened(in_folder("i"), &both);
    closed_fd = bide_file_fd(f);
    get_events = (__typeof__(get_events))bide_test_replace("io_uring_submit_and_get_events",
                                                           (void (*)(void))get_events_interrupted);
    wait_for_events = (__typeof__(wait_for_events))bide_test_replace(
        "io_uring_submit_and_wait_timeout", (void (*)(void))wait_interrupted);
    CHECK_EQ(await bide_file_close(f), 0);
    bide_test_reset();
    bide_file_free(f);
    if (reused_fd < 0)
        check_skip("files are not closed by io_uring here");
    CHECK_EQ(reused_fd, closed_fd);
    CHECK(fcntl(reused_fd, F_GETFD) >= 0);
    return 0;
}

TEST(a_close_is_not_made_twice)
{
    files_begin();
    setenv("BIDE_IO", "uring", 0);
    CHECK_EQ(bide_block_on(closes_interrupted()), 0);
}
#endif

static async int of_descriptors(void)
{
    bide_file *f = (bide_file *)&folder;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERR(bide_file_of(ends[0], &f), -EINVAL);
    CHECK(f == NULL);
    CHECK_EQ(close(ends[0]) | close(ends[1]), 0);
    CHECK_ERR(bide_file_of(ends[0], &f), -EBADF);
    static int fd;
    fd = open(in_folder("x"), O_RDWR | O_CREAT, 0600);
    CHECK_EQ(write(fd, "before", 6), 6);
    CHECK_EQ(bide_file_of(fd, &f), 0);
    CHECK_EQ(await bide_file_write(f, " after", 6), 6);
    CHECK_EQ(bide_file_fd(f), fd);
    bide_file_free(f);
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    CHECK_STR(get_file("x"), "before after");
    return 0;
}

TEST(a_file_of_a_descriptor_shares_its_position)
{
    files_begin();
    CHECK_EQ(bide_block_on(of_descriptors()), 0);
}

/* A read of the pool that waits until it may go on. */
static int held[2];

static ssize_t held_read(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    char byte;
    if (flags != 0)
        return -EAGAIN;
    while (read(held[0], &byte, 1) != 1)
        continue;
    ssize_t n = preadv2(fd, pieces, count, offset, flags);
    return n < 0 ? -errno : n;
}

static ssize_t held_write(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    char byte;
    if (flags != 0)
        return -EAGAIN;
    while (read(held[0], &byte, 1) != 1)
        continue;
    ssize_t n = pwritev2(fd, pieces, count, offset, flags);
    return n < 0 ? -errno : n;
}

static async ssize_t slow_read(bide_file *f, char *byte)
{
    return await bide_file_read(f, byte, 1);
}

static async int busy(void)
{
    static char one;
    char two = 0;
    ssize_t n = 0;
    put_file("b", "xy");
    bide_file *f = await opened(in_folder("b"), &(bide_file_options){.read = true, .write = true});
    int fd = bide_file_fd(f);
    bide_task(ssize_t) task = bide_spawn(slow_read(f, &one));
    while (bide_file_seek(f, 0, SEEK_CUR) >= 0)
        await bide_yield();
    CHECK_ERR(bide_file_seek(f, 0, SEEK_CUR), -EBUSY);
    CHECK_ERR(await bide_file_read(f, &two, 1), -EBUSY);
    CHECK_ERR(await bide_file_close(f), -EBUSY);
    bide_file_free(f); /* the read goes on */
    CHECK(fcntl(fd, F_GETFD) >= 0);
    CHECK_EQ(write(held[1], "g", 1), 1);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(one, 'x');
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    return 0;
}

static async ssize_t slow_write(bide_file *f)
{
    return await bide_file_write(f, "z", 1);
}

static async int busy_writing(void)
{
    ssize_t n = 0;
    put_file("b", "xy");
    bide_file *f = await opened(in_folder("b"), &(bide_file_options){.read = true, .write = true});
    bide_task(ssize_t) task = bide_spawn(slow_write(f));
    while (bide_file_seek(f, 0, SEEK_CUR) >= 0)
        await bide_yield();
    CHECK_ERR(bide_file_seek(f, 0, SEEK_SET), -EBUSY);
    CHECK_ERR(await bide_file_write(f, "w", 1), -EBUSY);
    CHECK_ERR(await bide_file_close(f), -EBUSY);
    CHECK_EQ(write(held[1], "g", 1), 1);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 1);
    CHECK_EQ(bide_file_seek(f, 0, SEEK_CUR), 1);
    bide_file_free(f);
    return 0;
}

TEST(one_write_at_the_position_at_a_time)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK_EQ(pipe(held), 0);
    CHECK(bide_test_replace("pwritev2", (void (*)(void))held_write) != NULL);
    CHECK_EQ(bide_block_on(busy_writing()), 0);
}

TEST(one_read_at_the_position_at_a_time)
{
    files_begin();
    CHECK_EQ(pipe(held), 0);
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK(bide_test_replace("preadv2", (void (*)(void))held_read) != NULL);
    CHECK_EQ(bide_block_on(busy()), 0);
}

/* ---- locks ---- */

static int order;

static async int waits_for_lock(bide_file *f)
{
    CHECK_EQ(await bide_file_lock(f, BIDE_FILE_EXCLUSIVE), 0);
    CHECK_EQ(order, 1);
    return 0;
}

static async int locks(void)
{
    bide_file *one = await opened(in_folder("l"), &both);
    bide_file *other = await opened(in_folder("l"), &both);
    CHECK_EQ(await bide_file_lock(one, BIDE_FILE_SHARED), 0);
    CHECK_EQ(await bide_file_try_lock(other, BIDE_FILE_SHARED), 0);
    CHECK_ERR(await bide_file_try_lock(other, BIDE_FILE_EXCLUSIVE), -EAGAIN);
    CHECK_EQ(bide_file_unlock(other), 0);
    bide_task(int) task = bide_spawn(waits_for_lock(other));
    await bide_sleep(BIDE_MS(300));
    order = 1;
    CHECK_EQ(bide_file_unlock(one), 0);
    CHECK_EQ(await bide_task_wait(task), 0);
    CHECK_ERR(await bide_file_try_lock(one, BIDE_FILE_SHARED), -EAGAIN);
    bide_file_free(other);
    CHECK_EQ(await bide_file_lock(one, BIDE_FILE_EXCLUSIVE), 0);
    bide_file_free(one);
    return 0;
}

TEST(a_lock_is_waited_for)
{
    files_begin();
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(locks()), 0);
}

/* ---- streams ---- */

static async int lines(void)
{
    char *line;
    bide_reader *reader;
    put_file("lines", "one\ntwo\nthree");
    bide_file *f = await opened(in_folder("lines"), NULL);
    CHECK_EQ(bide_reader_new(bide_file_stream(f), 80, &reader), 0);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "one");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "three");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 0);
    bide_reader_free(reader);
    CHECK_EQ(bide_stream_fd(bide_file_stream(f)), bide_file_fd(f));
    CHECK_ERR(bide_stream_shutdown(bide_file_stream(f)), -ENOTSOCK);
    CHECK_ERR(bide_stream_shutdown_read(bide_file_stream(f)), -ENOTSOCK);
    bide_stream_close(bide_file_stream(f));
    return 0;
}

TEST(a_file_is_a_stream)
{
    files_begin();
    CHECK_EQ(bide_block_on(lines()), 0);
}

/* ---- failures ---- */

static ssize_t one_byte_written(int fd, const struct iovec *p, int count, off_t offset, int flags)
{
    (void)count;
    if (flags != 0)
        return -EOPNOTSUPP;
    ssize_t n = offset < 0 ? write(fd, p->iov_base, 1) : pwrite(fd, p->iov_base, 1, offset);
    return n < 0 ? -errno : n;
}

static ssize_t one_byte_read(int fd, const struct iovec *p, int count, off_t offset, int flags)
{
    (void)count;
    if (flags != 0)
        return -EOPNOTSUPP;
    ssize_t n = offset < 0 ? read(fd, p->iov_base, 1) : pread(fd, p->iov_base, 1, offset);
    return n < 0 ? -errno : n;
}

TEST(short_reads_and_writes_go_on)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK(bide_test_replace("pwritev2", (void (*)(void))one_byte_written) != NULL);
    CHECK(bide_test_replace("preadv2", (void (*)(void))one_byte_read) != NULL);
    put_file("short", "");
    bide_file *f = bide_block_on(opened(in_folder("short"), &both));
    char back[6] = "";
    size_t done = 0;
    CHECK_EQ(bide_block_on(bide_file_write_all(f, "hello", 5, &done)), 0);
    CHECK_EQ(done, 5);
    CHECK_EQ(bide_block_on(bide_file_write_all_at(f, 1, "EL", 2, NULL)), 0);
    CHECK_EQ(bide_file_seek(f, 0, SEEK_SET), 0);
    CHECK_EQ(bide_block_on(bide_file_read_exactly(f, back, 5, NULL)), 0);
    CHECK_STR(back, "hELlo");
    CHECK_EQ(bide_block_on(bide_file_read_exactly_at(f, 0, back, 5, NULL)), 0);
    CHECK_STR(back, "hELlo");
    bide_file_free(f);
}

/* ---- a device that takes nothing ---- */

static ssize_t takes_nothing(int fd, const void *data, size_t size)
{
    bool wakes = size == sizeof(uint64_t); /* a driver, whose eventfd that is */
    return wakes ? write(fd, data, size) : 0;
}

static ssize_t takes_no_pieces(int fd, const struct iovec *p, int count)
{
    (void)fd, (void)p, (void)count;
    return 0;
}

static ssize_t takes_nothing_at(int fd, const struct iovec *p, int count, off_t offset, int flags)
{
    (void)fd, (void)p, (void)count, (void)offset, (void)flags;
    return 0;
}

/* Whoever writes all would else try for ever. */
TEST(a_write_that_takes_nothing_is_an_error)
{
    struct iovec pieces[] = {{(void *)(uintptr_t) "he", 2}, {(void *)(uintptr_t) "llo", 3}};
    bide_stream *reader, *writer;
    size_t done = 0;
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    put_file("none", "");
    bide_file *f = bide_block_on(opened(in_folder("none"), &both));
    CHECK_EQ(bide_pipe_new(&reader, &writer), 0);
    CHECK(bide_test_replace("pwritev2", (void (*)(void))takes_nothing_at) != NULL);
    CHECK(bide_test_replace("write", (void (*)(void))takes_nothing) != NULL);
    CHECK(bide_test_replace("write_quiet", (void (*)(void))takes_nothing) != NULL);
    CHECK(bide_test_replace("writev_quiet", (void (*)(void))takes_no_pieces) != NULL);
    CHECK_ERR(bide_block_on(bide_file_write_all(f, "hello", 5, &done)), -EIO);
    CHECK_ERR(bide_block_on(bide_file_write_all_at(f, 7, "hello", 5, &done)), -EIO);
    CHECK_EQ(bide_block_on(bide_file_write(f, "", 0)), 0);
    CHECK_ERR(bide_block_on(bide_path_write(in_folder("new"), "x", 1)), -EIO);
    CHECK_ERR(bide_block_on(bide_path_replace(in_folder("none"), "x", 1)), -EIO);
    CHECK_ERR(bide_block_on(bide_stream_write_all(writer, "hello", 5, &done)), -EIO);
    CHECK_ERR(bide_block_on(bide_stream_writev_all(writer, pieces, 2, &done)), -EIO);
    CHECK_EQ(done, 0);
    bide_stream_close(reader);
    bide_stream_close(writer);
    bide_file_free(f);
}

static async int each_call(int error)
{
    char byte;
    struct stat status;
    bide_file *f = await opened(in_folder("e"), &both);
    defer {
        bide_file_free(f);
    }
    static const char *const calls[] = {"preadv2", "pwritev2",  "fsync",  "fdatasync",
                                        "statx",   "ftruncate", "fchmod", "flock"};
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(bide_test_fail(calls[i], 1, error, error == -EINTR ? 3 : 0), 0);
        int r = i == 0   ? (int)await bide_file_read_at(f, 0, &byte, 1)
                : i == 1 ? (int)await bide_file_write_at(f, 0, "x", 1)
                : i == 2 ? await bide_file_sync(f)
                : i == 3 ? await bide_file_sync_data(f)
                : i == 4 ? await bide_file_stat(f, &status)
                : i == 5 ? await bide_file_set_size(f, 1)
                : i == 6 ? await bide_file_set_mode(f, 0600)
                         : await bide_file_try_lock(f, BIDE_FILE_SHARED);
        if (error != -EINTR)
            CHECK_ERR(r, error);
        else if (i != 4 && i != 6) /* these are never interrupted */
            CHECK(r >= 0);
        CHECK(bide_test_failed(calls[i]) > 0);
        CHECK_EQ(bide_test_fail(calls[i], 0, 0, 0), 0);
    }
    return 0;
}

TEST(errors_are_told_and_interruptions_are_not)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK_EQ(bide_block_on(each_call(-EIO)), 0);
    CHECK_EQ(bide_block_on(each_call(-ENOSPC)), 0);
    CHECK_EQ(bide_block_on(each_call(-EDQUOT)), 0);
    CHECK_EQ(bide_block_on(each_call(-EINTR)), 0);
}

static async int is_interrupted_at_the_close(void)
{
    bide_file *f = await opened(in_folder("i"), &both);
    CHECK_EQ(bide_test_fail("close", 1, -EINTR, 0), 0);
    CHECK_EQ(await bide_file_close(f), 0);
    CHECK_EQ(bide_test_failed("close"), 1);
    CHECK_EQ(bide_test_fail("close", 0, 0, 0), 0);
    bide_file_free(f);
    return 0;
}

/* Linux has closed the descriptor then, and its number may be another file's. */
TEST(an_interrupted_close_is_not_made_again)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    CHECK_EQ(bide_block_on(is_interrupted_at_the_close()), 0);
}

/* An open that does not wait is refused while a lease is taken back. */
TEST(an_open_waits_for_a_lease)
{
    files_begin();
    setenv("BIDE_URING_MASK", "file", 1);
    put_file("d", "x");
    CHECK_EQ(bide_test_fail("openat", 1, -EWOULDBLOCK, 1), 0);
    CHECK_EQ(bide_block_on(open_error("d", &both)), 0);
    CHECK_EQ(bide_test_failed("openat"), 1);
    CHECK_EQ(bide_test_fail("openat", 1, -EWOULDBLOCK, 2), 0);
    CHECK_ERR(bide_block_on(open_error("d", &both)), -EWOULDBLOCK);
}

TEST(without_descriptors_an_open_fails)
{
    struct rlimit none, before;
    files_begin();
    put_file("d", "x");
    bide_block_on(open_error("d", NULL));
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    int fd = dup(0);
    close(fd);
    none.rlim_cur = (rlim_t)fd;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_ERR(bide_block_on(open_error("d", NULL)), -EMFILE);
    CHECK_ERR(bide_block_on(open_error("new", &writes)), -EMFILE);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ(bide_block_on(open_error("d", NULL)), 0);
}

static async int all_calls(void)
{
    char byte;
    bide_file *f;
    struct stat status;
    int r = await bide_file_open(in_folder("m"), &both, &f);
    if (r < 0) {
        CHECK(f == NULL);
        return r;
    }
    defer {
        bide_file_free(f);
    }
    if ((r = await bide_file_write_all_at(f, 0, "x", 1, NULL)) < 0 ||
        (r = (int)await bide_file_read_at(f, 0, &byte, 1)) < 0 ||
        (r = await bide_file_stat(f, &status)) < 0 || (r = await bide_file_close(f)) < 0)
        return r;
    return 0;
}

TEST(without_memory_nothing_is_lost)
{
    unsigned nth = 1;
    files_begin();
    bide_block_on(all_calls());
    int before = open_descriptors();
    for (bool more = true; more; nth++) {
        alloc_fails(nth);
        more = alloc_has_failed(bide_block_on(all_calls()));
        CHECK(descriptors_become(before));
    }
    CHECK(nth > 2);
}
