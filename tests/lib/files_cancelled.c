/*
 * bide/fs.h: every call on files cancelled at each suspension and at each wake. What was written is
 * counted, what has begun has a result, no descriptor stays open, no temporary file is left.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <limits.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"
#include "files.h"

static bide_file *file;
static size_t done;
static char text[64], back[64];
static int before_all;
static bool has_happened; /* the call has returned 0 or more */

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static const bide_file_options both = {.read = true, .write = true, .create = true};

/* Nothing is copied at once, so that all calls suspend. */
static ssize_t slow_preadv2(int fd, const struct iovec *p, int n, off_t offset, int flags)
{
    ssize_t r = flags != 0 ? -1 : preadv2(fd, p, n, offset, 0);
    return flags != 0 ? -EAGAIN : r < 0 ? -errno : r;
}

static ssize_t slow_pwritev2(int fd, const struct iovec *p, int n, off_t offset, int flags)
{
    ssize_t r = flags != 0 ? -1 : pwritev2(fd, p, n, offset, 0);
    return flags != 0 ? -EAGAIN : r < 0 ? -errno : r;
}

static int slow_open(int at, const char *path, int flags)
{
    (void)at, (void)path, (void)flags;
    return -EAGAIN;
}

static async int opens(void)
{
    return await bide_file_open(in_folder("file"), &both, &file);
}

static void begin(void)
{
    files_begin();
    CHECK(bide_test_replace("preadv2", (void (*)(void))slow_preadv2) != NULL);
    CHECK(bide_test_replace("pwritev2", (void (*)(void))slow_pwritev2) != NULL);
    CHECK(bide_test_replace("open_cached", (void (*)(void))slow_open) != NULL);
    memcpy(text, "what is written is counted, and the rest is not", 48);
    bide_block_on(opens());
    bide_file_free(file);
    file = NULL;
    before_all = open_descriptors();
}

static void prepare(void *state)
{
    (void)state;
    done = 0;
    has_happened = false;
    memset(back, 0, sizeof back);
    put_file("file", "");
    file = NULL;
}

static void with_file(void *state)
{
    prepare(state);
    CHECK_EQ(bide_block_on(opens()), 0);
}

static void nothing_open(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    bide_file_free(file);
    file = NULL;
    CHECK_EQ(open_descriptors(), before_all);
}

/* ---- an open file ---- */

SCENARIO(opens_it)
{
    (void)state;
    int r = await opens();
    has_happened = r == 0;
    await bide_yield();
    return r;
}

static void after_open(void *state, const struct cancel_run *run)
{
    CHECK((file != NULL) == has_happened);
    nothing_open(state, run);
}

TEST(an_open)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_opens_it, NULL, prepare, after_open) >= cancel_least(2));
}

SCENARIO(writes_it)
{
    (void)state;
    int r = 0;
    for (size_t i = 0; r == 0 && i < 4; i++) {
        size_t part = 12 * (i + 1);
        r = await bide_file_write_all_at(file, 0, text, part, &done);
    }
    return r;
}

static void after_write(void *state, const struct cancel_run *run)
{
    char content[64];
    ssize_t n = pread(bide_file_fd(file), content, sizeof content, 0);
    CHECK_EQ(n, done);
    CHECK_EQ(memcmp(content, text, done), 0);
    nothing_open(state, run);
}

TEST(a_write)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_writes_it, NULL, with_file, after_write) >=
          cancel_least(3));
}

SCENARIO(writes_at_position)
{
    (void)state;
    int r = 0;
    for (size_t i = 0; r == 0 && i < 4; i++)
        r = await bide_file_write_all(file, text, 12 * (i + 1), &done);
    return r;
}

static void after_position(void *state, const struct cancel_run *run)
{
    CHECK_EQ(bide_file_seek(file, 0, SEEK_CUR), done);
    after_write(state, run);
}

TEST(a_write_at_the_position)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_writes_at_position, NULL, with_file, after_position) >=
          cancel_least(3));
}

static void with_text(void *state)
{
    prepare(state);
    put_file("file", text);
    CHECK_EQ(bide_block_on(opens()), 0);
}

SCENARIO(reads_it)
{
    (void)state;
    int r = 0;
    for (size_t i = 0; r == 0 && i < 3; i++)
        r = await bide_file_read_exactly(file, back, 15 * (i + 1), &done);
    return r;
}

static void after_read(void *state, const struct cancel_run *run)
{
    CHECK_EQ(memcmp(back, text, done), 0);
    CHECK_EQ(bide_file_seek(file, 0, SEEK_CUR), done);
    nothing_open(state, run);
}

TEST(a_read)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_reads_it, NULL, with_text, after_read) >= cancel_least(3));
}

SCENARIO(calls_it)
{
    struct stat status;
    struct iovec pieces[] = {{back, 3}, {back + 3, 4}};
    int r = 0;
    (void)state;
    if ((r = await bide_file_stat(file, &status)) < 0 ||
        (r = await bide_file_set_size(file, 20)) < 0 || (r = await bide_file_sync(file)) < 0 ||
        (r = await bide_file_sync_data(file)) < 0 ||
        (r = await bide_file_set_mode(file, 0600)) < 0 ||
        (r = (int)await bide_file_write_pieces_at(file, 0, pieces, 2)) < 0 ||
        (r = (int)await bide_file_read_pieces_at(file, 0, pieces, 2)) < 0 ||
        (r = await bide_file_try_lock(file, BIDE_FILE_EXCLUSIVE)) < 0)
        return r;
    return await bide_file_lock(file, BIDE_FILE_SHARED);
}

TEST(calls_on_a_file)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_calls_it, NULL, with_file, nothing_open) >=
          cancel_least(9));
}

SCENARIO(closes_it)
{
    (void)state;
    int r = await bide_file_close(file);
    has_happened = true;
    return r;
}

static void after_close(void *state, const struct cancel_run *run)
{
    CHECK((bide_file_fd(file) < 0) == has_happened);
    nothing_open(state, run);
}

TEST(a_close)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_closes_it, NULL, with_file, after_close) >=
          cancel_least(1));
}

/* ---- paths and whole files ---- */

SCENARIO(changes_paths)
{
    struct stat status;
    static char path[PATH_MAX];
    int r;
    (void)state;
    if ((r = await bide_path_stat(in_folder("file"), &status)) < 0 ||
        (r = await bide_path_exists(in_folder("file"))) < 0 ||
        (r = await bide_path_rename(in_folder("file"), in_folder("other"))) < 0 ||
        (r = await bide_path_link(in_folder("other"), in_folder("file"))) < 0 ||
        (r = await bide_path_remove(in_folder("other"))) < 0 ||
        (r = await bide_path_symlink("file", in_folder("link"))) < 0 ||
        (r = (int)await bide_path_read_link(in_folder("link"), path, sizeof path)) < 0 ||
        (r = (int)await bide_path_canonical(in_folder("link"), path, sizeof path)) < 0 ||
        (r = await bide_folder_make_all(in_folder("x/y"), 0)) < 0 ||
        (r = await bide_folder_remove(in_folder("x/y"))) < 0)
        return r;
    return (int)await bide_folder_temporary(folder, path, sizeof path);
}

static void again(void *state)
{
    files_end();
    strcpy(folder, "/tmp/bide-files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    prepare(state);
}

TEST(calls_on_paths)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_changes_paths, NULL, again, nothing_open) >=
          cancel_least(11));
}

static bide_content *bytes;

SCENARIO(reads_and_replaces)
{
    int r;
    (void)state;
    if ((r = await bide_path_write(in_folder("w"), "old", 3)) < 0 ||
        (r = await bide_path_read(in_folder("w"), 100, &bytes)) < 0)
        return r;
    bide_content_free(bytes);
    bytes = NULL;
    if ((r = await bide_path_replace(in_folder("w"), "new", 3)) < 0 ||
        (r = (int)await bide_path_copy(in_folder("w"), in_folder("copy"))) < 0)
        return r;
    return await bide_file_temporary(folder, &file);
}

static int names(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void after_whole(void *state, const struct cancel_run *run)
{
    const char *w = get_file("w");
    bide_content_free(bytes);
    bytes = NULL;
    CHECK(strcmp(w, "(none)") == 0 || strcmp(w, "old") == 0 || strcmp(w, "new") == 0);
    CHECK(names() <= 3);
    nothing_open(state, run);
}

TEST(whole_files)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_reads_and_replaces, NULL, again, after_whole) >=
          cancel_least(6));
}

/* ---- trees ---- */

enum { ENTRIES = 6 };

static bide_iter(bide_entry *) all;
static int entries;

static void with_tree(void *state)
{
    again(state);
    entries = 0;
    CHECK_EQ(mkdir(in_folder("d"), 0700), 0);
    CHECK_EQ(mkdir(in_folder("d/e"), 0700), 0);
    put_file("d/e/f", "");
    put_file("d/g", "");
    CHECK_EQ(mkdir(in_folder("h"), 0700), 0);
    all = bide_iter_of_tree(folder, NULL);
}

static async int walk(void)
{
    int r;
    for (bide_entry *e; (r = await bide_next(all, &e)) > 0; bide_entry_free(e))
        entries++;
    return r;
}

/* What was cancelled goes on. */
SCENARIO(walks)
{
    (void)state;
    defer {
        CHECK_EQ(await walk(), 0);
        await bide_iter_close(all);
    }
    return await walk();
}

static void after_walk(void *state, const struct cancel_run *run)
{
    CHECK_EQ(entries, ENTRIES);
    nothing_open(state, run);
}

TEST(a_walk)
{
    begin();
    cancel_everywhere(&bide__desc_walks, NULL, with_tree, after_walk); /* a job may be quick */
}

SCENARIO(walks_and_drops)
{
    (void)state;
    defer {
        bide_iter_drop(all);
    }
    return await walk();
}

static void after_drop(void *state, const struct cancel_run *run)
{
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    bide_file_free(file);
    file = NULL;
    CHECK(descriptors_become(before_all));
    (void)state;
}

TEST(a_walk_that_is_dropped)
{
    begin();
    cancel_everywhere(&bide__desc_walks_and_drops, NULL, with_tree, after_drop);
}

SCENARIO(removes)
{
    (void)state;
    return await bide_tree_remove(folder);
}

static void after_removal(void *state, const struct cancel_run *run)
{
    CHECK((access(folder, F_OK) < 0) == (run->error == 0));
    bide_iter_drop(all);
    nothing_open(state, run);
}

TEST(a_removal)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_removes, NULL, with_tree, after_removal) >=
          cancel_least(1));
}
