/*
 * bide/fs.h: folders and trees as iterators: all entries once, in their order, errors among them,
 * links, limits, races, memory.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <limits.h>
#include <sys/resource.h>

#include "check.h"
#include "failing.h"
#include "files.h"

/* The paths of a walk below the folder, sorted, with what they are and a space behind each. */
static char told[4096];
static const char *rows[1024];
static size_t count;

static const char *row_of(const bide_entry *e)
{
    static const char kinds[] = "?fdlpscb";
    static char text[1024][128];
    size_t root = strlen(folder) + 1;
    CHECK(strncmp(e->path, folder, root - 1) == 0);
    CHECK(strlen(e->path) >= strlen(e->name));
    CHECK_STR(e->path + strlen(e->path) - strlen(e->name), e->name);
    snprintf(text[count], sizeof text[0], "%s:%c%u", e->path + root, kinds[e->kind], e->depth);
    if (e->error != 0)
        snprintf(text[count] + strlen(text[count]), 16, "!%d", -e->error);
    return text[count];
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void begin_rows(void)
{
    count = 0;
    told[0] = '\0';
}

static const char *join_rows(bool sorts)
{
    if (sorts)
        qsort(rows, count, sizeof *rows, by_text);
    for (size_t i = 0; i < count; i++) {
        strcat(told, rows[i]);
        strcat(told, " ");
    }
    return told;
}

static async int walk_all(bide_iter(bide_entry *) all, const char *skips)
{
    int r;
    defer {
        await bide_iter_close(all);
    }
    for (bide_entry *e; (r = await bide_next(all, &e)) > 0; bide_entry_free(e)) {
        rows[count] = row_of(e);
        count++;
        if (skips != NULL && strcmp(e->name, skips) == 0)
            bide_entry_skip(e);
    }
    return r;
}

static const char *walk(const bide_tree_options *o, const char *skips)
{
    begin_rows();
    CHECK_EQ(bide_block_on(walk_all(bide_iter_of_tree(folder, o), skips)), 0);
    return join_rows(o == NULL || !o->folders_last);
}

static void put_small_tree(void)
{
    files_begin();
    put_file("a", "");
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    put_file("d/b", "");
    CHECK_EQ(mkdir(in_folder("d/e"), 0700), 0);
    put_file("d/e/c", "");
    CHECK_EQ(mkdir(in_folder("empty"), 0700), 0);
    CHECK_EQ(symlink("d", in_folder("l")), 0);
    CHECK_EQ(mkfifo(in_folder("p"), 0600), 0);
}

TEST(each_entry_comes_once)
{
    put_small_tree();
    CHECK_STR(walk(NULL, NULL), "a:f1 d/b:f2 d/e/c:f3 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
    begin_rows();
    CHECK_EQ(bide_block_on(walk_all(bide_iter_of_folder(folder), NULL)), 0);
    CHECK_STR(join_rows(true), "a:f1 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_STR(walk(&(bide_tree_options){.depth_most = 2}, NULL),
              "a:f1 d/b:f2 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_STR(walk(NULL, "d"), "a:f1 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_STR(walk(NULL, "e"), "a:f1 d/b:f2 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_STR(walk(&(bide_tree_options){.one_device = true}, NULL),
              "a:f1 d/b:f2 d/e/c:f3 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
}

static size_t place(const char *text, const char *row)
{
    const char *at = strstr(text, row);
    CHECK(at != NULL);
    return (size_t)(at - text);
}

TEST(a_folder_comes_before_or_after_what_is_in_it)
{
    put_small_tree();
    const char *text = walk(&(bide_tree_options){.folders_last = true}, NULL);
    CHECK_EQ(count, 8);
    CHECK(place(text, "d/b:") < place(text, "d:d1"));
    CHECK(place(text, "d/e/c:") < place(text, "d/e:d2"));
    CHECK(place(text, "d/e:d2") < place(text, "d:d1"));
}

TEST(links_are_followed_if_that_is_asked_for)
{
    put_small_tree();
    CHECK_EQ(symlink("..", in_folder("d/up")), 0);
    CHECK_EQ(symlink("nowhere", in_folder("d/lost")), 0);
    CHECK_STR(walk(&(bide_tree_options){.follow_links = true}, NULL),
              "a:f1 d/b:f2 d/e/c:f3 d/e:d2 d/lost:l2 d/up:d2 d/up:d2!40 d:d1 empty:d1 l/b:f2 "
              "l/e/c:f3 l/e:d2 l/lost:l2 l/up:d2 l/up:d2!40 l:d1 p:p1 ");
}

enum { MANY = 800 };

TEST(a_large_folder_takes_many_jobs)
{
    char name[64];
    static bool seen[MANY];
    files_begin();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "a-name-that-is-rather-long-%d", i);
        put_file(name, "");
    }
    bide_iter(bide_entry *) all = bide_iter_of_folder(folder);
    bide_entry *e;
    int n = 0;
    for (; bide_block_on(bide_next(all, &e)) > 0; n++) {
        int i = atoi(strrchr(e->name, '-') + 1);
        CHECK(!seen[i]);
        seen[i] = true;
        bide_entry_free(e);
    }
    CHECK_EQ(n, MANY);
    bide_iter_drop(all);
}

/* ---- entries ---- */

static async int entries(void)
{
    bide_entry *e = NULL;
    bide_file *f;
    char text[8] = "";
    struct stat status;
    put_file("one", "1");
    bide_iter(bide_entry *) all = bide_iter_of_folder(folder);
    CHECK_EQ(await bide_next(all, &e), 1);
    await bide_iter_close(all); /* the entry has its folder */
    CHECK_EQ(rename(folder, "/tmp/bide-files-moved"), 0);
    CHECK_EQ(await bide_entry_stat(e, &status), 0);
    CHECK_EQ(status.st_size, 1);
    CHECK_EQ(await bide_entry_open(e, NULL, &f), 0);
    CHECK_EQ(await bide_file_read(f, text, 8), 1);
    CHECK_STR(text, "1");
    bide_file_free(f);
    CHECK_EQ(rename("/tmp/bide-files-moved", folder), 0);
    CHECK_EQ(unlink(in_folder("one")), 0);
    CHECK_EQ(symlink("/etc/passwd", in_folder("one")), 0);
    CHECK_ERR(await bide_entry_open(e, NULL, &f), -ELOOP);
    bide_entry_free(e);
    bide_entry_free(NULL);
    return 0;
}

TEST(an_entry_is_opened_in_its_folder)
{
    files_begin();
    walk(NULL, NULL);
    int before = open_descriptors();
    CHECK_EQ(bide_block_on(entries()), 0);
    CHECK(descriptors_become(before));
}

/* ---- errors ---- */

static int opens_no_e(int at, const char *path, int flags, mode_t mode)
{
    if (strcmp(path, "e") == 0)
        return -EACCES;
    int fd = openat(at, path, flags, mode);
    return fd < 0 ? -errno : fd;
}

TEST(what_cannot_be_read_is_an_entry)
{
    put_small_tree();
    CHECK(bide_test_replace("openat", (void (*)(void))opens_no_e) != NULL);
    CHECK_STR(walk(NULL, NULL), "a:f1 d/b:f2 d/e:d2 d/e:d2!13 d:d1 empty:d1 l:l1 p:p1 ");
    const char *text = walk(&(bide_tree_options){.folders_last = true}, NULL);
    CHECK_EQ(count, 7);
    CHECK(place(text, "d/e:d2!13 ") < place(text, "d:d1"));
    bide_test_reset();
    CHECK_EQ(bide_test_fail("getdents64", 3, -EIO, 1), 0);
    CHECK(strstr(walk(NULL, NULL), "!5 ") != NULL);
    CHECK_EQ(bide_test_fail("getdents64", 0, 0, 0), 0);
    CHECK_EQ(bide_test_fail("getdents64", 2, -EINTR, 2), 0);
    CHECK_STR(walk(NULL, NULL), "a:f1 d/b:f2 d/e/c:f3 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
}

static ssize_t names_without_types(int fd, void *buffer, size_t size)
{
    ssize_t n = getdents64(fd, buffer, size);
    for (ssize_t at = 0; at < n;) {
        struct dirent64 *d = (struct dirent64 *)(void *)((char *)buffer + at);
        d->d_type = DT_UNKNOWN;
        at += d->d_reclen;
    }
    return n < 0 ? -errno : n;
}

TEST(a_filesystem_may_not_tell_types)
{
    put_small_tree();
    CHECK(bide_test_replace("getdents64", (void (*)(void))names_without_types) != NULL);
    CHECK_STR(walk(NULL, NULL), "a:f1 d/b:f2 d/e/c:f3 d/e:d2 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_EQ(bide_block_on(bide_tree_remove(folder)), 0);
    CHECK_EQ(access(folder, F_OK), -1);
}

static async int begins(const char *path)
{
    bide_entry *e;
    bide_iter(bide_entry *) all = bide_iter_of_tree(path, NULL);
    defer {
        bide_iter_drop(all);
    }
    int r = await bide_next(all, &e);
    if (r == 1)
        bide_entry_free(e);
    CHECK_EQ(await bide_next(all, &e), 0);
    return r;
}

TEST(the_path_itself_may_fail)
{
    files_begin();
    put_file("f", "");
    CHECK_ERR(bide_block_on(begins(in_folder("none"))), -ENOENT);
    CHECK_ERR(bide_block_on(begins(in_folder("f"))), -ENOTDIR);
    CHECK_ERR(bide_block_on(begins("")), -ENOENT);
    CHECK_EQ(bide_block_on(begins(folder)), 1); /* and the end */
}

/* A folder is replaced by a link while the walk is on its way to it. */
static async int races(void)
{
    bide_entry *e;
    int entries = 0, errors = 0;
    bide_iter(bide_entry *) all = bide_iter_of_tree(folder, NULL);
    defer {
        bide_iter_drop(all);
    }
    while (await bide_next(all, &e) > 0) {
        entries++;
        errors += e->error == -ENOTDIR || e->error == -ELOOP;
        if (e->error == 0 && strcmp(e->name, "trap") == 0) {
            CHECK_EQ(rmdir(in_folder("trap")), 0);
            CHECK_EQ(symlink("/", in_folder("trap")), 0);
        }
        bide_entry_free(e);
    }
    CHECK_EQ(entries, 2);
    CHECK_EQ(errors, 1);
    return 0;
}

TEST(a_race_does_not_lead_out_of_the_tree)
{
    files_begin();
    CHECK_EQ(mkdir(in_folder("trap"), 0700), 0);
    CHECK_EQ(bide_block_on(races()), 0);
}

TEST(a_path_may_become_too_long)
{
    char name[256];
    int deep = 0;
    files_begin();
    memset(name, 'n', 250);
    name[250] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(mkdirat(fd, name, 0700), 0);
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    close(fd);
    bide_iter(bide_entry *) all = bide_iter_of_tree(folder, NULL);
    bide_entry *e;
    int error = 0;
    for (; bide_block_on(bide_next(all, &e)) > 0; bide_entry_free(e)) {
        deep++;
        CHECK_EQ(error, 0);
        error = e->error;
    }
    bide_iter_drop(all);
    CHECK_ERR(error, -ENAMETOOLONG);
    CHECK_EQ(deep, 17);
    CHECK_EQ(bide_block_on(bide_tree_remove(folder)), 0);
    CHECK_EQ(access(folder, F_OK), -1);
}

TEST(without_descriptors_the_walk_goes_on)
{
    struct rlimit few, before;
    put_small_tree();
    walk(NULL, NULL);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    int fd = dup(0);
    close(fd);
    few.rlim_cur = (rlim_t)fd + 2;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    CHECK_STR(walk(NULL, NULL), "a:f1 d/b:f2 d/e:d2 d/e:d2!24 d:d1 empty:d1 l:l1 p:p1 ");
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* ---- memory ---- */

static async int patient(void)
{
    int r, failures = 0;
    bide_iter(bide_entry *) all = bide_iter_of_tree(folder, NULL);
    defer {
        bide_iter_drop(all);
    }
    for (bide_entry *e;;) {
        r = await bide_next(all, &e);
        if (r == -ENOMEM && failures++ == 0)
            continue;
        if (r <= 0)
            break;
        count++;
        bide_entry_free(e);
    }
    return r == 0 && failures > 0 ? -ENOMEM : r;
}

TEST(without_memory_no_entry_is_lost)
{
    unsigned nth = 1;
    put_small_tree();
    bide_block_on(patient());
    int before = open_descriptors();
    for (bool more = true; more; nth++) {
        count = 0;
        alloc_fails(nth);
        more = alloc_has_failed(bide_block_on(patient()));
        CHECK(descriptors_become(before));
        if (!more)
            CHECK_EQ(count, 8);
    }
    CHECK(nth > 10);
}

static async int drops_early(void)
{
    bide_entry *e;
    bide_iter(bide_entry *) all = bide_iter_of_tree(folder, NULL);
    CHECK_EQ(await bide_next(all, &e), 1);
    bide_entry_free(e);
    bide_iter_drop(all);
    bide_iter_drop(bide_iter_of_tree(folder, NULL));
    all = bide_iter_skip(bide_iter_of_tree(folder, NULL), 3); /* these are freed */
    CHECK_EQ(await bide_next(all, &e), 1);
    bide_entry_free(e);
    await bide_iter_close(all);
    return 0;
}

TEST(a_walk_may_end_early)
{
    put_small_tree();
    walk(NULL, NULL);
    int before = open_descriptors();
    CHECK_EQ(bide_block_on(drops_early()), 0);
    CHECK(descriptors_become(before));
}
