/*
 * lib/fs/async.h: what the files of lib/fs that are in async C include first.
 */
#ifndef BIDE_LIB_FS_ASYNC_H
#define BIDE_LIB_FS_ASYNC_H

#include "lib/async.h"

#include "lib/fs/file.h"

/* Leaves of op.c. What `file` refers to stays until the call has ended; of the struct there is a
 * copy. */
bide_async int64_t bide__fs_call(bide__fs_function *call, void *argument);
bide_async int64_t bide__fs_file_call(const struct bide__file_op *file);

/* open.c: as bide_file_open, in a folder. The result is a descriptor. */
bide_async int bide__fs_open(int folder, const char *path, int flags, mode_t mode);
bide_async int bide__fs_open_in(int folder, const char *path, const bide_file_options *options,
                                bide_file **file);

/* path.c: fstatat(2). */
bide_async int bide__fs_stat(int folder, const char *path, int flags, struct stat *status);

#endif
