/* bench/io/files.c: files and folders. */
#include "io.h"

#include <stdlib.h>

static async void read_small(struct run *run, long i)
{
    char path[PATH_SIZE];
    bide_content *bytes;
    run_path(run, "small/", i, SMALL_FILES, path);
    expect_good(await bide_path_read(path, LARGE_SIZE, &bytes), path);
    run_expect(bytes->size == SMALL_SIZE, "the size of a file");
    bide_content_free(bytes);
}

static async void write_small(struct run *run, long i)
{
    static const char data[SMALL_SIZE];
    char path[PATH_SIZE];
    run_path(run, "out/", i, SMALL_FILES, path);
    expect_good(await bide_path_write(path, data, sizeof data), path);
}

static async void read_large(struct run *run, long i)
{
    char path[PATH_SIZE], *buffer = malloc(PIECE_SIZE);
    bide_file *file;
    ssize_t n, sum = 0;
    defer {
        free(buffer);
    }
    run_expect(buffer != NULL, "malloc");
    run_path(run, "large/", i, LARGE_FILES, path);
    expect_good(await bide_file_open(path, NULL, &file), path);
    defer {
        bide_file_free(file);
    }
    while ((n = await bide_file_read(file, buffer, PIECE_SIZE)) > 0)
        sum += n;
    run_expect(sum == LARGE_SIZE, "the size of a file");
}

static async void write_large(struct run *run, long i)
{
    static const char data[PIECE_SIZE];
    static const bide_file_options options = {.write = true, .create = true, .truncate = true};
    char path[PATH_SIZE];
    bide_file *file;
    run_path(run, "out/large", i, LARGE_FILES, path);
    expect_good(await bide_file_open(path, &options, &file), path);
    defer {
        bide_file_free(file);
    }
    for (int done = 0; done < LARGE_SIZE; done += PIECE_SIZE)
        expect_good(await bide_file_write_all(file, data, PIECE_SIZE, NULL), path);
}

static async void read_at(struct run *run, long i)
{
    static bide_file *file;
    char buffer[SMALL_SIZE];
    if (file == NULL) {
        bide_file *opened;
        char path[PATH_SIZE];
        run_path(run, "at", 0, 1, path);
        expect_good(await bide_file_open(path, NULL, &opened), path);
        if (file == NULL)
            file = opened; /* kept: all operations read from it */
        else
            bide_file_free(opened);
    }
    ssize_t n = await bide_file_read_at(file, run_offset(i), buffer, sizeof buffer);
    run_expect(n == SMALL_SIZE, "the size of a piece");
}

static async void walk(struct run *run)
{
    char path[PATH_SIZE];
    bide_entry *entry;
    long entries = 0;
    int r;
    snprintf(path, sizeof path, "%s/tree", run->data);
    bide_iter(bide_entry *) all = bide_iter_of_tree(path, NULL);
    defer {
        await bide_iter_close(all);
    }
    while ((r = await bide_next(all, &entry)) > 0) {
        entries++;
        bide_entry_free(entry);
    }
    expect_good(r, path);
    run_expect(entries == TREE_ENTRIES, "the entries of the tree");
}

async bool operate_on_files(struct run *run, long i)
{
    if (strcmp(run->what, "read_small") == 0)
        await read_small(run, i);
    else if (strcmp(run->what, "write_small") == 0)
        await write_small(run, i);
    else if (strcmp(run->what, "read_large") == 0)
        await read_large(run, i);
    else if (strcmp(run->what, "write_large") == 0)
        await write_large(run, i);
    else if (strcmp(run->what, "read_at") == 0)
        await read_at(run, i);
    else if (strcmp(run->what, "walk") == 0)
        await walk(run);
    else
        return false;
    return true;
}
