/*
 * The disk is full: each function that writes to a file, with room for none, one, or almost all of
 * its bytes. It says -ENOSPC; what it counts as written is in the file, and what it does not count
 * is not lost: there is room again, the call is made again, and then all is there. No temporary
 * file and no descriptor is left.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

enum { SIZE = 10000, BUFFER = 600 };

static char text[SIZE];
static size_t room;

/* ---- a disk with little room ---- */

static bool is_on_disk(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* As write(2) does: what there is room for, and an error only if there is none. */
static ssize_t take_room(int fd, size_t size)
{
    if (!is_on_disk(fd) || size == 0)
        return (ssize_t)size;
    size_t n = size < room ? size : room;
    room -= n;
    return n > 0 ? (ssize_t)n : -ENOSPC;
}

static ssize_t result_of(ssize_t n)
{
    return n < 0 ? -errno : n;
}

static ssize_t write_little(int fd, const void *data, size_t size)
{
    ssize_t n = take_room(fd, size);
    return n < 0 ? n : result_of(write(fd, data, (size_t)n));
}

static ssize_t pwritev2_little(int fd, const struct iovec *pieces, int count, off_t offset,
                               int flags)
{
    (void)count, (void)flags;
    ssize_t n = take_room(fd, pieces->iov_len);
    if (n < 0)
        return n;
    return result_of(offset < 0 ? write(fd, pieces->iov_base, (size_t)n)
                                : pwrite(fd, pieces->iov_base, (size_t)n, offset));
}

static bool kernel_copies;

static ssize_t copy_little(int from, off_t *from_offset, int to, off_t *to_offset, size_t size,
                           unsigned flags)
{
    if (!kernel_copies)
        return -EXDEV;
    if (size > SIZE / 3)
        size = SIZE / 3;
    ssize_t n = room > 0 ? result_of(copy_file_range(from, from_offset, to, to_offset,
                                                     size < room ? size : room, flags))
                         : -ENOSPC;
    room -= n > 0 ? (size_t)n : 0;
    return n;
}

static int no_clone(int fd, unsigned long request, void *argument)
{
    (void)fd, (void)request, (void)argument;
    return -EOPNOTSUPP;
}

/* ---- files ---- */

static char folder[] = "full.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int names(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    CHECK(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

static void put(const char *name, const char *data, size_t size)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

/* The file begins with the text's first `size` bytes, and has no others. */
static void check_file(const char *name, size_t size)
{
    static char data[2 * SIZE];
    int fd = open(path_of(name), O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, data, sizeof data);
    close(fd);
    CHECK_EQ(n, (ssize_t)size);
    CHECK(memcmp(data, text, size) == 0);
}

static void begin(void)
{
    for (int i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 23);
    CHECK(mkdtemp(folder) != NULL);
    bide_test_replace("write", (void (*)(void))write_little);
    bide_test_replace("pwritev2", (void (*)(void))pwritev2_little);
    bide_test_replace("copy_file_range", (void (*)(void))copy_little);
    bide_test_replace("ioctl", (void (*)(void))no_clone);
}

/* ---- the functions: each returns how many bytes it says that it has written; *r is its result,
 * and a second call goes on behind the first ---- */

struct work {
    bide_file *file;
    bide_writer *writer;
    bide_copy *copy;
    bide_reader *reader;
    bide_stream *from;
    uint64_t done;
    size_t count;
};

static async size_t file_write(struct work *w, int *r)
{
    while (w->count < SIZE) {
        ssize_t n = await bide_file_write(w->file, text + w->count, SIZE - w->count);
        *r = n < 0 ? (int)n : 0;
        if (n < 0)
            break;
        w->count += (size_t)n;
    }
    return w->count;
}

static async size_t file_write_at(struct work *w, int *r)
{
    while (w->count < SIZE) {
        ssize_t n = await bide_file_write_at(w->file, w->count, text + w->count, SIZE - w->count);
        *r = n < 0 ? (int)n : 0;
        if (n < 0)
            break;
        w->count += (size_t)n;
    }
    return w->count;
}

static async size_t file_write_pieces_at(struct work *w, int *r)
{
    while (w->count < SIZE) {
        const struct iovec pieces[] = {{text + w->count, SIZE - w->count}, {text, 0}};
        ssize_t n = await bide_file_write_pieces_at(w->file, w->count, pieces, 2);
        *r = n < 0 ? (int)n : 0;
        if (n < 0)
            break;
        w->count += (size_t)n;
    }
    return w->count;
}

static async size_t file_write_all(struct work *w, int *r)
{
    *r = await bide_file_write_all(w->file, text, SIZE, &w->count);
    return w->count;
}

static async size_t file_write_all_at(struct work *w, int *r)
{
    *r = await bide_file_write_all_at(w->file, 0, text, SIZE, &w->count);
    return w->count;
}

static async size_t stream_write_all(struct work *w, int *r)
{
    *r = await bide_stream_write_all(bide_file_stream(w->file), text, SIZE, &w->count);
    return w->count;
}

static async size_t stream_writev_all(struct work *w, int *r)
{
    const struct iovec pieces[] = {
        {text, 1}, {text + 1, SIZE / 2}, {text + 1 + SIZE / 2, SIZE / 2 - 1}};
    *r = await bide_stream_writev_all(bide_file_stream(w->file), pieces, 3, &w->count);
    return w->count;
}

/* What the writer has taken and not written is still in it. */
static async size_t writer(struct work *w, int *r)
{
    if (w->writer == NULL)
        CHECK_EQ(bide_writer_new(bide_file_stream(w->file), BUFFER, &w->writer), 0);
    *r = 0;
    while (w->count < SIZE && *r == 0) {
        size_t left = SIZE - w->count, size = left < 77 ? left : 77, done = 0;
        *r = await bide_writer_write(w->writer, text + w->count, size, &done);
        w->count += done;
    }
    if (*r == 0)
        *r = await bide_writer_flush(w->writer);
    return w->count - bide_writer_buffered(w->writer);
}

static async size_t large_write(struct work *w, int *r)
{
    if (w->writer == NULL)
        CHECK_EQ(bide_writer_new(bide_file_stream(w->file), BUFFER, &w->writer), 0);
    *r = w->count < 10 ? await bide_writer_write(w->writer, text, 10, &w->count) : 0;
    size_t done = w->count - 10;
    if (*r == 0)
        *r = await bide_writer_write(w->writer, text + 10, SIZE - 10, &done);
    w->count = 10 + done;
    if (*r == 0)
        *r = await bide_writer_flush(w->writer);
    return w->count - bide_writer_buffered(w->writer);
}

static async size_t copy(struct work *w, int *r)
{
    if (w->copy == NULL) {
        CHECK_EQ(bide_stream_of_bytes(text, SIZE, &w->from), 0);
        CHECK_EQ(bide_copy_new(w->from, bide_file_stream(w->file), &w->copy), 0);
    }
    *r = await bide_copy_run(w->copy, BIDE_COPY_ALL);
    return (size_t)bide_copy_written(w->copy);
}

static async size_t reader_copy(struct work *w, int *r)
{
    if (w->reader == NULL) {
        CHECK_EQ(bide_stream_of_bytes(text, SIZE, &w->from), 0);
        CHECK_EQ(bide_reader_new(w->from, BUFFER, &w->reader), 0);
    }
    *r = await bide_reader_copy(w->reader, bide_file_stream(w->file), BIDE_COPY_ALL, &w->done);
    return (size_t)w->done;
}

static async size_t reader_copy_to_writer(struct work *w, int *r)
{
    if (w->reader == NULL) {
        CHECK_EQ(bide_stream_of_bytes(text, SIZE, &w->from), 0);
        CHECK_EQ(bide_reader_new(w->from, BUFFER, &w->reader), 0);
        CHECK_EQ(bide_writer_new(bide_file_stream(w->file), BUFFER, &w->writer), 0);
    }
    *r = await bide_reader_copy_to_writer(w->reader, w->writer, BIDE_COPY_ALL, &w->done);
    return (size_t)w->done - bide_writer_buffered(w->writer);
}

typedef bide_async_fn(size_t, struct work *, int *) function;

static const struct {
    const char *name;
    function call;
} functions[] = {
    {"bide_file_write", bide_ref(file_write)},
    {"bide_file_write_at", bide_ref(file_write_at)},
    {"bide_file_write_pieces_at", bide_ref(file_write_pieces_at)},
    {"bide_file_write_all", bide_ref(file_write_all)},
    {"bide_file_write_all_at", bide_ref(file_write_all_at)},
    {"bide_stream_write_all", bide_ref(stream_write_all)},
    {"bide_stream_writev_all", bide_ref(stream_writev_all)},
    {"bide_writer_write, flush", bide_ref(writer)},
    {"bide_writer_write of much", bide_ref(large_write)},
    {"bide_copy_run", bide_ref(copy)},
    {"bide_reader_copy", bide_ref(reader_copy)},
    {"bide_reader_copy_to_writer", bide_ref(reader_copy_to_writer)},
};

static const size_t rooms[] = {0, 1, BUFFER - 1, BUFFER, SIZE / 2, SIZE - 1};

static async int fill(function call, size_t here)
{
    static const bide_file_options options = {.write = true, .create = true, .truncate = true};
    struct work w = {.file = NULL};
    int r = 0;
    CHECK_EQ(await bide_file_open(path_of("file"), &options, &w.file), 0);
    room = here;
    size_t n = await (*call)(&w, &r);
    CHECK_ERR(r, -ENOSPC);
    CHECK_EQ(n, here);
    check_file("file", here);
    n = await (*call)(&w, &r); /* it is still full */
    CHECK_ERR(r, -ENOSPC);
    CHECK_EQ(n, here);
    room = 2 * SIZE;
    n = await (*call)(&w, &r);
    CHECK_EQ(r, 0);
    CHECK_EQ(n, SIZE);
    check_file("file", SIZE);
    bide_writer_free(w.writer);
    bide_reader_free(w.reader);
    bide_copy_free(w.copy);
    bide_stream_close(w.from);
    bide_file_free(w.file);
    return 0;
}

TEST(what_is_not_written_is_told_and_can_be_written_later)
{
    begin();
    bide_block_on(bide_sleep(BIDE_MS(1)));
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        for (size_t k = 0; k < sizeof rooms / sizeof *rooms; k++) {
            fprintf(stderr, "%s, room for %zu\n", functions[i].name, rooms[k]);
            CHECK_EQ(bide_block_on(fill(functions[i].call, rooms[k])), 0);
        }
    CHECK_EQ(open_descriptors(), before);
    CHECK_EQ(names(), 1);
}

/* ---- whole files ---- */

static async int whole(size_t here)
{
    room = here;
    CHECK_ERR(await bide_path_write(path_of("written"), text, SIZE), -ENOSPC);
    check_file("written", here);
    room = here;
    CHECK_ERR(await bide_path_replace(path_of("new"), text, SIZE), -ENOSPC);
    CHECK(access(path_of("new"), F_OK) < 0);
    room = here;
    CHECK_ERR(await bide_path_replace(path_of("old"), text, SIZE), -ENOSPC);
    check_file("old", 3);
    for (int i = 0; i < 2; i++) {
        char from[100];
        strcpy(from, path_of("from"));
        kernel_copies = i == 1;
        room = here;
        CHECK_ERR((int)await bide_path_copy(from, path_of("copied")), -ENOSPC);
        check_file("copied", here);
    }
    CHECK_EQ(names(), 4);
    return 0;
}

TEST(whole_files)
{
    begin();
    bide_block_on(bide_sleep(BIDE_MS(1)));
    put("old", text, 3);
    put("from", text, SIZE);
    put("written", "", 0);
    put("copied", "", 0);
    int before = open_descriptors();
    for (size_t k = 0; k < sizeof rooms / sizeof *rooms; k++)
        CHECK_EQ(bide_block_on(whole(rooms[k])), 0);
    CHECK_EQ(open_descriptors(), before);
}

/* ---- what a filesystem tells only later, or before ---- */

/* The result of a function one of whose calls fails with -ENOSPC. */
static async int make(void)
{
    return await bide_folder_make(path_of("folder"), 0);
}

static async int temporary(void)
{
    char path[200];
    return await bide_folder_temporary(folder, path, sizeof path);
}

static async int linked(void)
{
    return await bide_path_link(path_of("old"), "full-linked");
}

static async int symlinked(void)
{
    return await bide_path_symlink("nowhere", path_of("symlink"));
}

static async int renamed(void)
{
    return await bide_path_rename(path_of("old"), "full-renamed");
}

static async int replaced(void)
{
    return await bide_path_replace(path_of("old"), "new", 3);
}

static async int written(void)
{
    return await bide_path_write(path_of("old"), text, 3);
}

static async int copied(void)
{
    char from[100];
    strcpy(from, path_of("from"));
    return (int)await bide_path_copy(from, path_of("old"));
}

/* A file that is opened, and one call on it. */
static async int on_file(int what)
{
    static const bide_file_options options = {.write = true, .create = true};
    bide_file *file;
    int r = await bide_file_open(path_of("old"), &options, &file);
    if (r < 0)
        return r;
    defer {
        bide_file_free(file);
    }
    switch (what) {
    case 0: r = await bide_file_sync(file); break;
    case 1: r = await bide_file_sync_data(file); break;
    case 2: r = await bide_file_set_size(file, 3); break;
    default: r = await bide_file_close(file); break;
    }
    return r;
}

static async int synced(void)
{
    return await on_file(0);
}

static async int data_synced(void)
{
    return await on_file(1);
}

static async int sized(void)
{
    return await on_file(2);
}

static async int closed(void)
{
    return await on_file(3);
}

typedef bide_async_fn(int, void) simple;

static const struct {
    const char *name, *call;
    simple run;
} late[] = {
    {"bide_folder_make", "mkdirat", bide_ref(make)},
    {"bide_folder_temporary", "mkdirat", bide_ref(temporary)},
    {"bide_path_link", "link", bide_ref(linked)},
    {"bide_path_symlink", "symlink", bide_ref(symlinked)},
    {"bide_path_rename", "renameat", bide_ref(renamed)},
    {"bide_path_replace", "openat", bide_ref(replaced)},
    {"bide_path_replace", "fchmod", bide_ref(replaced)},
    {"bide_path_replace", "fsync", bide_ref(replaced)},
    {"bide_path_replace", "close", bide_ref(replaced)},
    {"bide_path_replace", "renameat", bide_ref(replaced)},
    {"bide_path_write", "close", bide_ref(written)},
    {"bide_path_copy", "openat", bide_ref(copied)},
    {"bide_path_copy", "ftruncate", bide_ref(copied)},
    {"bide_path_copy", "close", bide_ref(copied)},
    {"bide_file_open", "openat", bide_ref(synced)},
    {"bide_file_sync", "fsync", bide_ref(synced)},
    {"bide_file_sync_data", "fdatasync", bide_ref(data_synced)},
    {"bide_file_set_size", "ftruncate", bide_ref(sized)},
    {"bide_file_close", "close", bide_ref(closed)},
};

/* In the place of a file that the test makes itself. */
static void restore(void)
{
    put("old", text, 3);
    put("from", text, SIZE);
    room = 2 * SIZE;
}

TEST(an_error_that_comes_late_or_early)
{
    begin();
    bide_block_on(bide_sleep(BIDE_MS(1)));
    restore();
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
        int calls = 0;
        bool is_told = false; /* but for the close of what was only read, say */
        for (unsigned nth = 1; calls == (int)nth - 1; nth++) {
            fprintf(stderr, "%s, %u. %s\n", late[i].name, nth, late[i].call);
            CHECK_EQ(bide_test_fail(late[i].call, nth, -ENOSPC, 1), 0);
            int there = names(), r = bide_block_on((*late[i].run)());
            bool has_failed = bide_test_failed(late[i].call) > 0;
            CHECK_EQ(bide_test_fail(late[i].call, 0, 0, 0), 0);
            calls += has_failed;
            CHECK(r >= 0 || has_failed);
            if (r < 0)
                CHECK_ERR(r, -ENOSPC);
            is_told |= r == -ENOSPC;
            if (strcmp(late[i].call, "close") == 0)
                before = open_descriptors(); /* it was not made */
            CHECK_EQ(open_descriptors(), before);
            if (r < 0)
                CHECK_EQ(names(), there);
            (void)rmdir(path_of("folder"));
            (void)unlink(path_of("symlink"));
            (void)unlink("full-linked");
            (void)unlink("full-renamed");
            restore();
        }
        CHECK(is_told);
    }
}
