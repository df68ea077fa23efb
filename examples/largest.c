/*
 * largest: the largest files of a tree. Shows a tree as an iterator, calls for each entry with a
 * bound, entries that are opened where they were found, and errors that do not end the walk.
 *
 *     bide run examples/largest.c DIRECTORY
 */
#include <bide/bide.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 16, MOST = 5 };

struct largest {
    int count;
    struct {
        long long size;
        bide_entry *entry;
    } files[MOST + 1];
};

/* Takes the entry, and keeps it if it is one of the largest. */
static void note(struct largest *l, bide_entry **entry, long long size)
{
    int i = l->count < MOST ? l->count++ : MOST;
    while (i > 0 && l->files[i - 1].size < size) {
        l->files[i] = l->files[i - 1];
        i--;
    }
    l->files[i].size = size;
    l->files[i].entry = *entry;
    *entry = NULL;
    if (l->count == MOST && l->files[MOST].entry != NULL) {
        bide_entry_free(l->files[MOST].entry);
        l->files[MOST].entry = NULL;
    }
}

/* Called for each entry, AT_ONCE at the same time; the entry is ours. */
static async int look(bide_entry *entry, struct largest *l)
{
    struct stat status;
    defer
        bide_entry_free(entry); /* unless it was kept */
    int rc = entry->error;
    if (rc == 0 && entry->kind == BIDE_ENTRY_FILE)
        rc = await bide_entry_stat(entry, &status);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", entry->path, strerror(-rc));
    if (rc < 0 || entry->kind != BIDE_ENTRY_FILE)
        return 0;
    note(l, &entry, status.st_size);
    return 0;
}

async int main(int argc, char **argv)
{
    static struct largest l;
    bide_iter(bide_entry *) all = bide_iter_of_tree(argc > 1 ? argv[1] : ".", NULL);
    defer {
        await bide_iter_close(all);
        for (int i = 0; i < l.count; i++)
            bide_entry_free(l.files[i].entry);
    }
    int rc = await bide_for_each_concurrent(all, AT_ONCE, bide_ref(look), &l);
    if (rc < 0)
        fprintf(stderr, "%s\n", strerror(-rc));
    for (int i = 0; i < l.count; i++)
        printf("%10lld  %s\n", l.files[i].size, l.files[i].entry->path);
    return rc;
}
