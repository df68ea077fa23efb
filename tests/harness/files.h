/*
 * files.h: a folder of its own for a test of files, and a look at it with plain calls.
 */
#ifndef BIDE_TESTS_FILES_H
#define BIDE_TESTS_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bide/testing.h>

#include "check.h"

static char folder[64];

__attribute__((unused)) static const char *in_folder(const char *name)
{
    static char paths[8][320];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int files__remove(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)at;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

static void files_end(void)
{
    if (folder[0] != '\0')
        nftw(folder, files__remove, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

/* Threads of the pool may still run when a test asks for its first failure; then it is too late to
 * begin to watch the calls. */
__attribute__((unused)) static void files_begin(void)
{
    bide_test_watch();
    strcpy(folder, "/tmp/bide-files-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    atexit(files_end);
}

__attribute__((unused)) static void put_file(const char *name, const char *content)
{
    FILE *f = fopen(in_folder(name), "w");
    CHECK(f != NULL);
    CHECK(fputs(content, f) >= 0);
    CHECK_EQ(fclose(f), 0);
}

/* At most 255 bytes. */
__attribute__((unused)) static const char *get_file(const char *name)
{
    static char content[256];
    FILE *f = fopen(in_folder(name), "r");
    if (f == NULL)
        return "(none)";
    content[fread(content, 1, sizeof content - 1, f)] = '\0';
    fclose(f);
    return content;
}

#endif
