/*
 * lib/fs/entry.c: calls on an entry of a folder, in the folder that it came from.
 */
#include "lib/fs/async.h"

#include "lib/fs/walk.h"

bide_async int bide_entry_open(const bide_entry *entry, const bide_file_options *options,
                               bide_file **file)
{
    const struct walk_folder *folder = ((const struct walk_entry *)(const void *)entry)->folder;
    bide_file_options o = {.no_follow = true};
    if (options != NULL) {
        o = *options;
        o.no_follow = true;
    }
    return bide_await bide__fs_open_in(folder->fd, entry->name, &o, file);
}

bide_async int bide_entry_stat(const bide_entry *entry, struct stat *status)
{
    const struct walk_folder *folder = ((const struct walk_entry *)(const void *)entry)->folder;
    return bide_await bide__fs_stat(folder->fd, entry->name, AT_SYMLINK_NOFOLLOW, status);
}
