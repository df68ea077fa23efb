/*
 * lib/fs/entry.c: calls on an entry of a folder, in the folder that it came from.
 */
#include "lib/fs/async.h"

#include "lib/fs/walk.h"

bide_async int bide_entry_open(const bide_entry *entry, const bide_file_options *options,
                               bide_file **file)
{
    const struct walk_folder *folder = entry->folder_;
    bide_file_options o = {.no_follow = true};
    if (options != NULL) {
        o = *options;
        o.no_follow = true;
    }
    return bide_await bide__fs_open_in(folder->fd, entry->name, &o, file);
}

struct look {
    int fd;
    const char *name;
    struct stat *status;
};

static int64_t stat_now(void *argument)
{
    const struct look *l = argument;
    int r;
    do
        r = bide__door.fstatat(l->fd, l->name, l->status, AT_SYMLINK_NOFOLLOW);
    while (r == -EINTR);
    return r;
}

bide_async int bide_entry_stat(const bide_entry *entry, struct stat *status)
{
    const struct walk_folder *folder = entry->folder_;
    struct look l = {folder->fd, entry->name, status};
    return (int)bide_await bide__fs_call(stat_now, &l);
}
