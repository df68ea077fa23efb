/*
 * plain.c: `grep -rnF` as one writes it: walk the tree, and search each file in its turn. While the
 * disk looks for one, nothing else happens. main.c is the same with many on their way at once.
 *
 *     build/examples/grep_plain bide_await src
 */
#define _GNU_SOURCE
#include "search.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void search_tree(struct output *output, const char *path, const char *text);

/* Most filesystems tell it with the name. */
static mode_t kind_of(const struct dirent *entry, const char *path)
{
    struct stat status;

    if (entry->d_type != DT_UNKNOWN)
        return DTTOIF(entry->d_type);
    return lstat(path, &status) == 0 ? status.st_mode : 0;
}

static void search_entry(struct output *output, const char *folder, const struct dirent *entry,
                         const char *text)
{
    char *path;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return;
    if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
        output_fail(output, folder, -ENOMEM);
        return;
    }
    mode_t kind = kind_of(entry, path);
    if (S_ISDIR(kind))
        search_tree(output, path, text);
    else if (S_ISREG(kind))
        output_add(output, search_file(path, text));
    free(path);
}

static void search_tree(struct output *output, const char *path, const char *text)
{
    const struct dirent *entry;
    DIR *folder = opendir(path);

    if (folder == NULL) {
        if (errno == ENOTDIR)
            output_add(output, search_file(path, text));
        else
            output_fail(output, path, -errno);
        return;
    }
    while ((errno = 0, entry = readdir(folder)) != NULL)
        search_entry(output, path, entry, text);
    if (errno != 0)
        output_fail(output, path, -errno);
    closedir(folder);
}

int main(int argc, char **argv)
{
    struct command command;

    if (!command_read(&command, argc, argv))
        return 2;
    struct output output = {.is_sorted = command.is_sorted};
    search_tree(&output, command.path, command.text);
    return output_end(&output);
}
