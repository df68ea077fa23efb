/*
 * Every async function of bide/fs.h: outside any runtime, on another runtime, and at home. Files,
 * paths and trees belong to no runtime, so all gives the same, but for what has to wait by the
 * clock, or for the events of a watch.
 */
#define _GNU_SOURCE
#include "outside.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files.h"

static bide_file *file;
static bide_path_watch *watch;
static bide_iter(bide_entry *) all;
static bide_entry *entry;
static char buffer[4096];
static struct stat status;

static const bide_file_options both = {.read = true, .write = true};

static async int opens_the_objects(void)
{
    int r = await bide_file_open(in_folder("a"), &both, &file);
    if (r == 0)
        r = await bide_next(all, &entry);
    return r;
}

/* A file of 4 bytes, a link to it, and a folder with another one. */
static void prepare(void)
{
    files_begin();
    put_file("a", "text");
    CHECK_EQ(symlink("a", in_folder("link")), 0);
    CHECK_EQ(mkdir(in_folder("below"), 0777), 0);
    put_file("below/b", "more");
    all = bide_iter_of_folder(in_folder("below"));
    CHECK_EQ(bide_block_on(opens_the_objects()), 1);
}

static void clean(void)
{
    bide_file_free(file);
    bide_entry_free(entry);
    bide_block_on(bide_iter_close(all));
    files_end();
}

/* ---- files ---- */

static async int opens(void)
{
    bide_file *other;
    int r = await bide_file_open(in_folder("a"), NULL, &other);
    bide_file_free(other);
    return r;
}

static async int opens_temporary(void)
{
    bide_file *other;
    int r = await bide_file_temporary(folder, &other);
    bide_file_free(other);
    return r;
}

static async int closes(void)
{
    return await bide_file_close(file);
}

static async int reads(void)
{
    return (int)await bide_file_read(file, buffer, 3);
}

static async int writes(void)
{
    return (int)await bide_file_write(file, "abc", 3);
}

static async int reads_at(void)
{
    return (int)await bide_file_read_at(file, 2, buffer, 10);
}

static async int writes_at(void)
{
    return (int)await bide_file_write_at(file, 2, "abc", 3);
}

static async int reads_pieces(void)
{
    struct iovec pieces[] = {{buffer, 1}, {buffer + 1, 2}};
    return (int)await bide_file_read_pieces_at(file, 0, pieces, 2);
}

static async int writes_pieces(void)
{
    struct iovec pieces[] = {{buffer, 1}, {buffer + 1, 2}};
    return (int)await bide_file_write_pieces_at(file, 0, pieces, 2);
}

static async int reads_exactly(void)
{
    return await bide_file_read_exactly(file, buffer, 4, NULL);
}

static async int writes_all(void)
{
    return await bide_file_write_all(file, "abc", 3, NULL);
}

static async int reads_exactly_at(void)
{
    return await bide_file_read_exactly_at(file, 1, buffer, 3, NULL);
}

static async int writes_all_at(void)
{
    return await bide_file_write_all_at(file, 1, "abc", 3, NULL);
}

static async int sets_size(void)
{
    return await bide_file_set_size(file, 100);
}

static async int syncs(void)
{
    return await bide_file_sync(file);
}

static async int syncs_data(void)
{
    return await bide_file_sync_data(file);
}

static async int tells(void)
{
    return await bide_file_stat(file, &status);
}

static async int sets_mode(void)
{
    return await bide_file_set_mode(file, 0600);
}

static async int locks(void)
{
    return await bide_file_lock(file, BIDE_FILE_EXCLUSIVE);
}

static async int tries_to_lock(void)
{
    return await bide_file_try_lock(file, BIDE_FILE_EXCLUSIVE);
}

/* ---- paths ---- */

static async int tells_of_path(void)
{
    return await bide_path_stat(in_folder("link"), &status);
}

static async int tells_of_link(void)
{
    return await bide_path_lstat(in_folder("link"), &status);
}

static async int asks(void)
{
    return await bide_path_exists(in_folder("link"));
}

static async int renames(void)
{
    return await bide_path_rename(in_folder("a"), in_folder("c"));
}

static async int removes(void)
{
    return await bide_path_remove(in_folder("a"));
}

static async int sets_mode_of_path(void)
{
    return await bide_path_set_mode(in_folder("a"), 0600);
}

static async int links(void)
{
    return await bide_path_link(in_folder("a"), in_folder("c"));
}

static async int links_by_name(void)
{
    return await bide_path_symlink("a", in_folder("c"));
}

static async int reads_link(void)
{
    return (int)await bide_path_read_link(in_folder("link"), buffer, sizeof buffer);
}

static async int finds_canonical(void)
{
    ssize_t n = await bide_path_canonical(in_folder("link"), buffer, sizeof buffer);
    return n > 0 ? 1 : (int)n;
}

static async int copies(void)
{
    return (int)await bide_path_copy(in_folder("a"), in_folder("c"));
}

static async int makes_folder(void)
{
    return await bide_folder_make(in_folder("c"), 0);
}

static async int makes_folders(void)
{
    return await bide_folder_make_all(in_folder("c/d/e"), 0);
}

static async int removes_folder(void)
{
    return await bide_folder_remove(in_folder("below"));
}

static async int makes_temporary(void)
{
    int n = await bide_folder_temporary(folder, buffer, sizeof buffer);
    return n > 0 ? 1 : n;
}

static async int removes_tree(void)
{
    return await bide_tree_remove(in_folder("below"));
}

static async int opens_entry(void)
{
    bide_file *other;
    int r = await bide_entry_open(entry, NULL, &other);
    bide_file_free(other);
    return r;
}

static async int tells_of_entry(void)
{
    return await bide_entry_stat(entry, &status);
}

static async int walks(void)
{
    int r, n = 0;
    bide_iter(bide_entry *) tree = bide_iter_of_tree(folder, NULL);
    defer {
        await bide_iter_close(tree);
    }
    for (bide_entry *e; (r = await bide_next(tree, &e)) > 0; bide_entry_free(e))
        n++;
    return r < 0 ? r : n;
}

static async int reads_path(void)
{
    bide_content *content;
    int r = await bide_path_read(in_folder("a"), 100, &content);
    bide_content_free(content);
    return r;
}

static async int writes_path(void)
{
    return await bide_path_write(in_folder("a"), "new", 3);
}

static async int replaces(void)
{
    return await bide_path_replace(in_folder("a"), "new", 3);
}

/* ---- watches ---- */

/* There is an event. */
static void prepare_watch(void)
{
    prepare();
    CHECK_EQ(bide_path_watch_new(&watch), 0);
    CHECK(bide_block_on(bide_path_watch_add(watch, folder)) > 0);
    put_file("event", "");
}

static void clean_watch(void)
{
    bide_path_watch_free(watch);
    clean();
}

static async int adds(void)
{
    int id = await bide_path_watch_add(watch, in_folder("below"));
    return id > 0 ? 1 : id;
}

static async int adds_tree(void)
{
    int id = await bide_path_watch_add_tree(watch, in_folder("below"));
    return id > 0 ? 1 : id;
}

static async int waits_for_event(void)
{
    bide_path_event event;
    return await bide_path_watch_next(watch, &event);
}

/* ---- the rows ---- */

static const struct row rows[] = {
    {"bide_file_open", CALL_OF(opens), 0, 0, 0},
    {"bide_file_temporary", CALL_OF(opens_temporary), 0, 0, 0},
    {"bide_file_close", CALL_OF(closes), 0, 0, 0},
    {"bide_file_read", CALL_OF(reads), 3, 3, 3},
    {"bide_file_write", CALL_OF(writes), 3, 3, 3},
    {"bide_file_read_at", CALL_OF(reads_at), 2, 2, 2},
    {"bide_file_write_at", CALL_OF(writes_at), 3, 3, 3},
    {"bide_file_read_pieces_at", CALL_OF(reads_pieces), 3, 3, 3},
    {"bide_file_write_pieces_at", CALL_OF(writes_pieces), 3, 3, 3},
    {"bide_file_read_exactly", CALL_OF(reads_exactly), 0, 0, 0},
    {"bide_file_write_all", CALL_OF(writes_all), 0, 0, 0},
    {"bide_file_read_exactly_at", CALL_OF(reads_exactly_at), 0, 0, 0},
    {"bide_file_write_all_at", CALL_OF(writes_all_at), 0, 0, 0},
    {"bide_file_set_size", CALL_OF(sets_size), 0, 0, 0},
    {"bide_file_sync", CALL_OF(syncs), 0, 0, 0},
    {"bide_file_sync_data", CALL_OF(syncs_data), 0, 0, 0},
    {"bide_file_stat", CALL_OF(tells), 0, 0, 0},
    {"bide_file_set_mode", CALL_OF(sets_mode), 0, 0, 0},
    {"bide_file_lock", CALL_OF(locks), -ENXIO, 0, 0},
    {"bide_file_try_lock", CALL_OF(tries_to_lock), 0, 0, 0},
    {"bide_path_stat", CALL_OF(tells_of_path), 0, 0, 0},
    {"bide_path_lstat", CALL_OF(tells_of_link), 0, 0, 0},
    {"bide_path_exists", CALL_OF(asks), 1, 1, 1},
    {"bide_path_rename", CALL_OF(renames), 0, 0, 0},
    {"bide_path_remove", CALL_OF(removes), 0, 0, 0},
    {"bide_path_set_mode", CALL_OF(sets_mode_of_path), 0, 0, 0},
    {"bide_path_link", CALL_OF(links), 0, 0, 0},
    {"bide_path_symlink", CALL_OF(links_by_name), 0, 0, 0},
    {"bide_path_read_link", CALL_OF(reads_link), 1, 1, 1},
    {"bide_path_canonical", CALL_OF(finds_canonical), 1, 1, 1},
    {"bide_path_copy", CALL_OF(copies), 4, 4, 4},
    {"bide_folder_make", CALL_OF(makes_folder), 0, 0, 0},
    {"bide_folder_make_all", CALL_OF(makes_folders), 0, 0, 0},
    {"bide_folder_remove", CALL_OF(removes_folder), -ENOTEMPTY, -ENOTEMPTY, -ENOTEMPTY},
    {"bide_folder_temporary", CALL_OF(makes_temporary), 1, 1, 1},
    {"bide_tree_remove", CALL_OF(removes_tree), 0, 0, 0},
    {"bide_entry_open", CALL_OF(opens_entry), 0, 0, 0},
    {"bide_entry_stat", CALL_OF(tells_of_entry), 0, 0, 0},
    {"bide_iter_of_tree", CALL_OF(walks), 4, 4, 4},
    {"bide_path_read", CALL_OF(reads_path), 0, 0, 0},
    {"bide_path_write", CALL_OF(writes_path), 0, 0, 0},
    {"bide_path_replace", CALL_OF(replaces), 0, 0, 0},
    {"bide_path_watch_add", CALL_OF(adds), 1, 1, 1},
    {"bide_path_watch_add_tree", CALL_OF(adds_tree), 1, 1, 1},
    {"bide_path_watch_next", CALL_OF(waits_for_event), -ENXIO, -EXDEV, 1},
};
enum { ROWS = sizeof rows / sizeof rows[0], OF_WATCHES = 3 /* the last ones */ };

TEST_LIMIT(files_outside_elsewhere_and_at_home, 60)
{
    check_rows(rows, ROWS - OF_WATCHES, prepare, clean);
    check_rows(rows + ROWS - OF_WATCHES, OF_WATCHES, prepare_watch, clean_watch);
}

TEST(every_async_function_of_files_has_a_row)
{
    CHECK_EQ(check_covers("fs", rows, ROWS), 44);
}
