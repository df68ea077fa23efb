/*
 * bide/fs.h: paths, folders, trees, whole files, copies, replacement.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <limits.h>

#include "check.h"
#include "failing.h"
#include "files.h"

/* ---- paths ---- */

static async int paths(void)
{
    char text[64];
    struct stat status;
    put_file("a", "x");
    CHECK_EQ(await bide_path_exists(in_folder("a")), 1);
    CHECK_EQ(await bide_path_exists(in_folder("b")), 0);
    CHECK_EQ(await bide_path_exists(in_folder("a/b")), 0);
    CHECK_EQ(await bide_path_rename(in_folder("a"), in_folder("b")), 0);
    CHECK_ERR(await bide_path_rename(in_folder("a"), in_folder("b")), -ENOENT);
    CHECK_EQ(await bide_path_link(in_folder("b"), in_folder("c")), 0);
    CHECK_EQ(await bide_path_stat(in_folder("c"), &status), 0);
    CHECK_EQ(status.st_nlink, 2);
    CHECK_EQ(await bide_path_symlink("b", in_folder("s")), 0);
    CHECK_ERR(await bide_path_symlink("b", in_folder("s")), -EEXIST);
    CHECK_EQ(await bide_path_lstat(in_folder("s"), &status), 0);
    CHECK(S_ISLNK(status.st_mode));
    CHECK_EQ(await bide_path_stat(in_folder("s"), &status), 0);
    CHECK(S_ISREG(status.st_mode));
    CHECK_EQ(await bide_path_read_link(in_folder("s"), text, sizeof text), 1);
    CHECK_STR(text, "b");
    CHECK_ERR(await bide_path_read_link(in_folder("s"), text, 1), -ENAMETOOLONG);
    CHECK_ERR(await bide_path_read_link(in_folder("s"), text, 0), -ENAMETOOLONG);
    CHECK_ERR(await bide_path_read_link(in_folder("b"), text, sizeof text), -EINVAL);
    CHECK_EQ(await bide_path_canonical(in_folder("s"), text, sizeof text),
             (ssize_t)strlen(in_folder("b")));
    CHECK_STR(text, in_folder("b"));
    CHECK_ERR(await bide_path_canonical(in_folder("s"), text, strlen(in_folder("b"))),
              -ENAMETOOLONG);
    CHECK_ERR(await bide_path_canonical(in_folder("no"), text, sizeof text), -ENOENT);
    CHECK_EQ(await bide_path_set_mode(in_folder("b"), 0604), 0);
    CHECK_EQ(await bide_path_stat(in_folder("b"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0604);
    CHECK_EQ(await bide_path_remove(in_folder("b")), 0);
    CHECK_ERR(await bide_path_remove(in_folder("b")), -ENOENT);
    CHECK_ERR(await bide_path_remove(folder), -EISDIR);
    return 0;
}

TEST(paths_are_told_and_changed)
{
    files_begin();
    CHECK_EQ(bide_block_on(paths()), 0);
}

static async int folders(void)
{
    char path[PATH_MAX];
    struct stat status;
    umask(022);
    CHECK_EQ(await bide_folder_make(in_folder("d"), 0), 0);
    CHECK_ERR(await bide_folder_make(in_folder("d"), 0), -EEXIST);
    CHECK_EQ(await bide_path_stat(in_folder("d"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0755);
    CHECK_ERR(await bide_folder_make(in_folder("x/y"), 0), -ENOENT);
    CHECK_EQ(await bide_folder_make_all(in_folder("x/y//z/"), 0700), 0);
    CHECK_EQ(await bide_folder_make_all(in_folder("x/y/z"), 0), 0);
    CHECK_EQ(await bide_path_stat(in_folder("x/y/z"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0700);
    put_file("f", "");
    CHECK_ERR(await bide_folder_make_all(in_folder("f"), 0), -EEXIST);
    CHECK_ERR(await bide_folder_make_all(in_folder("f/g"), 0), -ENOTDIR);
    CHECK_EQ(chdir(folder), 0);
    CHECK_EQ(await bide_folder_make_all("r/s", 0), 0);
    CHECK_EQ(await bide_path_exists(in_folder("r/s")), 1);
    CHECK_ERR(await bide_folder_make_all("", 0), -ENOENT);
    /* Where nothing can be made, that does not exist. */
    CHECK_ERR(await bide_folder_make_all("/proc/none/x/y", 0), -ENOENT);
    CHECK_ERR(await bide_folder_remove("r"), -ENOTEMPTY);
    CHECK_EQ(await bide_folder_remove("r/s"), 0);
    ssize_t size = await bide_folder_temporary(folder, path, sizeof path);
    CHECK_EQ(size, strlen(path));
    CHECK_EQ(stat(path, &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0700);
    CHECK_ERR(await bide_folder_temporary(folder, path, 10), -ENAMETOOLONG);
    CHECK_ERR(await bide_folder_temporary(in_folder("none"), path, sizeof path), -ENOENT);
    return 0;
}

TEST(folders_are_made_and_removed)
{
    files_begin();
    CHECK_EQ(bide_block_on(folders()), 0);
}

/* ---- trees removed ---- */

static void put_tree(const char *name, int depth, int width)
{
    char path[256];
    CHECK_EQ(mkdir(in_folder(name), 0700), 0);
    for (int i = 0; i < width; i++) {
        snprintf(path, sizeof path, "%s/file-%d", name, i);
        put_file(path, "x");
    }
    snprintf(path, sizeof path, "%s/link", name);
    CHECK_EQ(symlink("/", in_folder(path)), 0);
    for (int i = 0; depth > 0 && i < 2; i++) {
        snprintf(path, sizeof path, "%s/%d", name, i);
        put_tree(path, depth - 1, width);
    }
}

static async int removes(void)
{
    put_tree("t", 4, 70);
    CHECK_EQ(await bide_tree_remove(in_folder("t")), 0);
    CHECK_EQ(await bide_path_exists(in_folder("t")), 0);
    CHECK_EQ(await bide_tree_remove(in_folder("t")), 0);
    put_file("f", "x");
    CHECK_EQ(mkdir(in_folder("kept"), 0700), 0);
    CHECK_EQ(symlink("kept", in_folder("l")), 0);
    CHECK_EQ(await bide_tree_remove(in_folder("l")), 0);
    CHECK_EQ(await bide_tree_remove(in_folder("f")), 0);
    CHECK_EQ(await bide_path_exists(in_folder("kept")), 1);
    return 0;
}

TEST(a_tree_is_removed)
{
    files_begin();
    CHECK_EQ(bide_block_on(removes()), 0);
}

static int unlinks_but_one(int at, const char *path, int flags)
{
    if (strcmp(path, "file-3") == 0)
        return -EACCES;
    return unlinkat(at, path, flags) < 0 ? -errno : 0;
}

TEST(a_removal_goes_on_behind_an_error)
{
    files_begin();
    put_tree("t", 1, 5);
    CHECK(bide_test_replace("unlinkat", (void (*)(void))unlinks_but_one) != NULL);
    CHECK_ERR(bide_block_on(bide_tree_remove(in_folder("t"))), -EACCES);
    CHECK_EQ(access(in_folder("t/file-3"), F_OK), 0);
    CHECK_EQ(access(in_folder("t/1/file-3"), F_OK), 0);
    CHECK_EQ(access(in_folder("t/file-4"), F_OK), -1);
    CHECK_EQ(access(in_folder("t/1/file-4"), F_OK), -1);
    bide_test_reset();
    CHECK_EQ(bide_block_on(bide_tree_remove(in_folder("t"))), 0);
}

/* Deeper than there may be descriptors, and than a path may be long. */
static void put_deep(int depth)
{
    char name[101] = "deep";
    int at = open(folder, O_RDONLY);
    for (int i = 0; i <= depth; i++) {
        CHECK_EQ(mkdirat(at, name, 0700), 0);
        int below = openat(at, name, O_RDONLY);
        CHECK(below >= 0);
        CHECK_EQ(close(openat(below, "file", O_CREAT | O_WRONLY, 0600)), 0);
        CHECK_EQ(mkdirat(below, "empty", 0700), 0);
        close(at);
        at = below;
        memset(name, 'd', sizeof name - 1);
    }
    close(at);
}

static async int removes_deep(void)
{
    int depth = getenv("FULL") != NULL ? 5000 : 60;
    put_deep(depth);
    CHECK_EQ(await bide_path_write(in_folder("x"), "", 0), 0); /* all is made that is needed */
    int before = open_descriptors();
    CHECK_EQ(bide_test_fail("openat", 40, -EMFILE, 1), 0);
    CHECK_EQ(await bide_tree_remove(in_folder("deep")), 0);
    CHECK_EQ(bide_test_failed("openat"), 1);
    CHECK_EQ(await bide_path_exists(in_folder("deep")), 0);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}

static int most_open;

static int counts_open(int at, const char *path, int flags, mode_t mode)
{
    int fd = openat(at, path, flags, mode), other = dup(0);
    if (other > most_open)
        most_open = other;
    close(other);
    return fd < 0 ? -errno : fd;
}

TEST_LIMIT(a_tree_is_removed_however_deep_it_is, 100)
{
    files_begin();
    CHECK_EQ(bide_block_on(removes_deep()), 0);
    put_deep(60);
    most_open = 0;
    int first = dup(0);
    close(first);
    CHECK(bide_test_replace("openat", (void (*)(void))counts_open) != NULL);
    CHECK_EQ(bide_block_on(bide_tree_remove(in_folder("deep"))), 0);
    bide_test_reset();
    CHECK(most_open > first);
    CHECK(most_open < first + 50);
}

/* Others move the folder that the removal is in. */
static int moves_deep(int at, const char *path, int flags, mode_t mode)
{
    if (strcmp(path, "..") == 0) {
        static bool is_moved;
        char link[64], inner[PATH_MAX] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        CHECK(readlink(link, inner, sizeof inner - 1) > 0);
        if (!is_moved)
            CHECK_EQ(rename(inner, in_folder("away")), 0);
        is_moved = true;
    }
    int fd = openat(at, path, flags, mode);
    return fd < 0 ? -errno : fd;
}

TEST(a_removal_does_not_go_astray)
{
    files_begin();
    put_file("kept", "x");
    put_deep(60);
    CHECK_EQ(bide_block_on(bide_path_write(in_folder("x"), "", 0)), 0);
    int before = open_descriptors();
    CHECK(bide_test_replace("openat", (void (*)(void))moves_deep) != NULL);
    CHECK_ERR(bide_block_on(bide_tree_remove(in_folder("deep"))), -ESTALE);
    bide_test_reset();
    CHECK_EQ(open_descriptors(), before);
    CHECK_STR(get_file("kept"), "x");
    CHECK_EQ(access(in_folder("deep"), F_OK), 0);
    CHECK_EQ(bide_block_on(bide_tree_remove(in_folder("deep"))), 0);
}

/* ---- whole files ---- */

static async int whole(void)
{
    static char large[300000];
    bide_content *b = (bide_content *)large;
    CHECK_ERR(await bide_path_read(in_folder("w"), 100, &b), -ENOENT);
    CHECK(b == NULL);
    CHECK_EQ(await bide_path_write(in_folder("w"), "hello", 5), 0);
    CHECK_EQ(await bide_path_read(in_folder("w"), 5, &b), 0);
    CHECK_EQ(b->size, 5);
    CHECK_STR(b->data, "hello");
    bide_content_free(b);
    CHECK_ERR(await bide_path_read(in_folder("w"), 4, &b), -EFBIG);
    CHECK(b == NULL);
    CHECK_EQ(await bide_path_write(in_folder("w"), "", 0), 0);
    CHECK_EQ(await bide_path_read(in_folder("w"), 0, &b), 0);
    CHECK_EQ(b->size, 0);
    CHECK_STR(b->data, "");
    bide_content_free(b);
    memset(large, 'l', sizeof large);
    CHECK_EQ(await bide_path_write(in_folder("w"), large, sizeof large), 0);
    CHECK_EQ(await bide_path_read(in_folder("w"), SIZE_MAX, &b), 0);
    CHECK_EQ(b->size, sizeof large);
    CHECK_EQ(memcmp(b->data, large, sizeof large), 0);
    bide_content_free(b);
    CHECK_ERR(await bide_path_read(in_folder("w"), sizeof large - 1, &b), -EFBIG);
    CHECK_ERR(await bide_path_read(folder, 100, &b), -EISDIR);
    /* Files that do not tell how large they are. */
    CHECK_EQ(await bide_path_read("/proc/self/maps", SIZE_MAX, &b), 0);
    CHECK(b->size > 100 && b->data[b->size] == '\0');
    bide_content_free(b);
    CHECK_ERR(await bide_path_read("/dev/zero", 100000, &b), -EFBIG);
    return 0;
}

/* One that would wait for the other end could not be cancelled. */
static async int fifos(void)
{
    bide_content *b;
    CHECK_EQ(mkfifo(in_folder("fifo"), 0600), 0);
    CHECK_ERR(await bide_path_write(in_folder("fifo"), "x", 1), -ENXIO);
    CHECK_EQ(await bide_path_read(in_folder("fifo"), 1, &b), 0);
    CHECK_EQ(b->size, 0);
    bide_content_free(b);
    int fd = open(in_folder("fifo"), O_RDWR);
    defer {
        close(fd);
    }
    CHECK_ERR(await bide_path_read(in_folder("fifo"), 1, &b), -EAGAIN);
    CHECK(b == NULL);
    return 0;
}

TEST(whole_fifos_are_not_waited_for)
{
    files_begin();
    CHECK_EQ(bide_block_on(fifos()), 0);
    CHECK_EQ(unlink(in_folder("fifo")), 0);
    CHECK_EQ(bide_test_fail("open_cached", 1, -ENOSYS, 0), 0);
    CHECK_EQ(bide_block_on(fifos()), 0);
}

TEST(whole_files)
{
    files_begin();
    CHECK_EQ(bide_block_on(whole()), 0);
}

static async int copies(void)
{
    struct stat status;
    bide_content *b;
    put_file("from", "content");
    CHECK_EQ(chmod(in_folder("from"), 0640), 0);
    put_file("to", "something longer than that");
    CHECK_EQ(await bide_path_copy(in_folder("from"), in_folder("to")), 7);
    CHECK_STR(get_file("to"), "content");
    CHECK_EQ(stat(in_folder("to"), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0640);
    CHECK_EQ(await bide_path_copy(in_folder("from"), in_folder("new")), 7);
    CHECK_STR(get_file("new"), "content");
    CHECK_ERR(await bide_path_copy(in_folder("from"), in_folder("from")), -EINVAL);
    CHECK_STR(get_file("from"), "content");
    CHECK_ERR(await bide_path_copy(folder, in_folder("x")), -EISDIR);
    CHECK_ERR(await bide_path_copy(in_folder("none"), in_folder("x")), -ENOENT);
    CHECK_ERR(await bide_path_copy(in_folder("from"), "/dev/null"), -EINVAL);
    CHECK(await bide_path_copy("/proc/self/maps", in_folder("maps")) > 100);
    CHECK_EQ(await bide_path_read(in_folder("maps"), SIZE_MAX, &b), 0);
    CHECK(b->size > 100);
    bide_content_free(b);
    return 0;
}

TEST(copies_are_made)
{
    files_begin();
    CHECK_EQ(bide_block_on(copies()), 0);
}

/* Not one that wakes a thread. */
static int write_error;

static ssize_t failing_write(int fd, const void *data, size_t size)
{
    struct stat status;
    int error = write_error;
    if (error != 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        write_error = 0;
        return error;
    }
    ssize_t n = write(fd, data, size);
    return n < 0 ? -errno : n;
}

static void write_fails(int error)
{
    write_error = error;
    CHECK(bide_test_replace("write", (void (*)(void))failing_write) != NULL);
}

static async int copies_large(void)
{
    enum { SIZE = 20 << 20 };
    CHECK_EQ(truncate(in_folder("from"), SIZE), 0);
    CHECK_EQ(await bide_path_copy(in_folder("from"), in_folder("to")), SIZE);
    struct stat status;
    CHECK_EQ(stat(in_folder("to"), &status), 0);
    CHECK_EQ(status.st_size, SIZE);
    return 0;
}

TEST(large_copies_are_made_by_each_way)
{
    files_begin();
    put_file("from", "");
    CHECK_EQ(bide_block_on(copies_large()), 0);
    CHECK_EQ(bide_test_fail("ioctl", 1, -EOPNOTSUPP, 0), 0);
    CHECK_EQ(bide_block_on(copies_large()), 0);
    CHECK_EQ(bide_test_fail("copy_file_range", 1, -EXDEV, 0), 0);
    CHECK_EQ(bide_block_on(copies_large()), 0);
    write_fails(-ENOSPC);
    CHECK_ERR(bide_block_on(bide_path_copy(in_folder("from"), in_folder("to"))), -ENOSPC);
    bide_test_reset();
}

/* ---- replaced ---- */

static int names_in_folder(void)
{
    int count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return count;
}

static async int replaces(void)
{
    struct stat status;
    umask(022);
    CHECK_EQ(await bide_path_replace(in_folder("r"), "one", 3), 0);
    CHECK_STR(get_file("r"), "one");
    CHECK_EQ(stat(in_folder("r"), &status), 0);
    CHECK_EQ(status.st_mode & 07777, 0644);
    CHECK_EQ(chmod(in_folder("r"), 0751), 0);
    CHECK_EQ(await bide_path_replace(in_folder("r"), "two", 3), 0);
    CHECK_STR(get_file("r"), "two");
    CHECK_EQ(stat(in_folder("r"), &status), 0);
    CHECK_EQ(status.st_mode & 07777, 0751);
    CHECK_EQ(symlink("r", in_folder("l")), 0);
    CHECK_EQ(await bide_path_replace(in_folder("l"), "link", 4), 0);
    CHECK_EQ(lstat(in_folder("l"), &status), 0);
    CHECK(S_ISREG(status.st_mode));
    CHECK_STR(get_file("r"), "two");
    CHECK_ERR(await bide_path_replace(folder, "x", 1), -EISDIR);
    CHECK_ERR(await bide_path_replace(in_folder("r/"), "x", 1), -EISDIR);
    CHECK_ERR(await bide_path_replace(in_folder("none/r"), "x", 1), -ENOENT);
    CHECK_ERR(await bide_path_replace("", "x", 1), -ENOENT);
    char slashes[PATH_MAX + 2] = "";
    memset(slashes, '/', PATH_MAX - 1);
    slashes[PATH_MAX - 1] = 'r';
    CHECK_ERR(await bide_path_replace(slashes, "x", 1), -ENAMETOOLONG);
    CHECK_EQ(chdir(folder), 0);
    CHECK_EQ(await bide_path_replace("r", "three", 5), 0);
    CHECK_STR(get_file("r"), "three");
    return 0;
}

TEST(a_file_is_replaced_as_a_whole)
{
    files_begin();
    CHECK_EQ(bide_block_on(replaces()), 0);
    CHECK_EQ(names_in_folder(), 2);
}

TEST(a_replacement_that_fails_leaves_the_old_file)
{
    static const char *const calls[] = {"getrandom", "openat", "fchmod",
                                        "fsync",     "close",  "renameat"};
    files_begin();
    put_file("r", "old");
    write_fails(-ENOSPC);
    CHECK_ERR(bide_block_on(bide_path_replace(in_folder("r"), "new", 3)), -ENOSPC);
    CHECK_STR(get_file("r"), "old");
    CHECK_EQ(names_in_folder(), 1);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(bide_test_fail(calls[i], 1, -ENOSPC, 1), 0);
        CHECK_ERR(bide_block_on(bide_path_replace(in_folder("r"), "new", 3)), -ENOSPC);
        CHECK_EQ(bide_test_failed(calls[i]), 1);
        CHECK_EQ(bide_test_fail(calls[i], 0, 0, 0), 0);
        CHECK_STR(get_file("r"), "old");
        CHECK_EQ(names_in_folder(), 1);
    }
    CHECK_EQ(bide_test_fail("fsync", 2, -EIO, 1), 0); /* that of the folder */
    CHECK_ERR(bide_block_on(bide_path_replace(in_folder("r"), "new", 3)), -EIO);
    CHECK_EQ(bide_test_fail("fsync", 0, 0, 0), 0);
    CHECK_STR(get_file("r"), "new");
    CHECK_EQ(names_in_folder(), 1);
    write_fails(-EINTR);
    CHECK_EQ(bide_block_on(bide_path_replace(in_folder("r"), "newer", 5)), 0);
    CHECK_STR(get_file("r"), "newer");
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i], "fchmod") == 0 || strcmp(calls[i], "renameat") == 0)
            continue; /* these are never interrupted */
        CHECK_EQ(bide_test_fail(calls[i], 1, -EINTR, 1), 0);
        CHECK_EQ(bide_block_on(bide_path_replace(in_folder("r"), "newer", 5)), 0);
        CHECK_EQ(bide_test_fail(calls[i], 0, 0, 0), 0);
        CHECK_STR(get_file("r"), "newer");
    }
}
