/*
 * lib/fs/file.h: what a file is, for the files of lib/fs.
 *
 * `use` counts the handle, the calls that are under way, and who holds the file as a stream, in
 * steps of FILE_USE; below that are flags. The last of them closes the descriptor and frees the
 * file. So no call finds its descriptor closed, or that of another file, before it has ended. Once
 * the handle is FREED no call begins.
 */
#ifndef BIDE_LIB_FS_FILE_H
#define BIDE_LIB_FS_FILE_H

#include "lib/fs/op.h"
#include "lib/io/stream.h"

#include <limits.h>
#include <stdatomic.h>

/* Since Linux 4.14. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/* A read, or a write, at the position is under way. */
enum { FILE_CLOSED = 1, FILE_READS = 2, FILE_WRITES = 4, FILE_FREED = 8, FILE_USE = 16 };

struct bide_file {
    bide_stream base;
    _Atomic uint32_t use;
    int fd;
    bool writes;  /* it may have been written through this descriptor */
    bool is_kept; /* the descriptor is not closed at the end */
    bool is_direct;
    /* The filesystem does not tell whether a read, or a write, would wait. Set once, by anybody;
     * `in_memory` before. */
    _Atomic bool reads_blind, writes_blind;
    _Atomic bool in_memory; /* such a one waits for no disk, but for what was
                               swapped out */
    _Atomic uint8_t kind;   /* FILE_REGULAR or FILE_OTHER; 0: nobody has looked */
};

enum { FILE_REGULAR = 1, FILE_OTHER = 2 };

/* So much is copied at once on the thread of a runtime. */
enum { FILE_PIECE = 256 << 10 };

/* A call begins, with FILE_READS or FILE_WRITES for one at the position: 0, -EBADF, -EBUSY. After 0
 * bide__file_leave ends it, with the same flag. */
int bide__file_enter(bide_file *file, uint32_t flag);
void bide__file_leave(bide_file *file, uint32_t flag);

/* For one that may have been freed, and is held: see bide__stream_hold. */
void bide__file_hold(bide_file *file);

/* A file of `fd`, which it owns if this returns 0. */
int bide__file_new(int fd, bide_file **file);

/* The flags of open(2) for these; -EINVAL. */
int bide__file_flags(const bide_file_options *options);

/* A call that does not wait: its result, or -EAGAIN, and the call must be made elsewhere. */
ssize_t bide__file_now(bide_file *file, enum bide__file_call what, const struct iovec *pieces,
                       int count, uint64_t offset);

/* The file is in memory alone (tmpfs, memfd): a call on its data waits for no disk, though the
 * filesystem refuses RWF_NOWAIT. */
bool bide__fd_is_in_memory(int fd);

/* It is never waited for by the driver: a FIFO that was opened without blocking, and its like, for
 * which that would wait. */
bool bide__file_is_other(bide_file *file);

/* A file that opens in no time, or -EAGAIN. */
int bide__file_open_now(int folder, const char *path, int flags);

extern const struct bide__stream_ops bide__file_stream_ops;

/* ---- on a thread of the pool: now.c ---- */

/* A folder for what is temporary: this one, or, if it is NULL, that of the environment. */
const char *bide__fs_folder(const char *folder);

/* A new name that nobody can guess; and such a path in a folder. 0, -ENAMETOOLONG or an error of
 * getrandom(2). */
enum { FS_NAME = 32 };
int bide__fs_name_new(char name[FS_NAME]);
int bide__fs_path_new(const char *folder, char path[PATH_MAX]);

/* Write all, read until the buffer is full or the end has come; EINTR is no error. 0, the number of
 * bytes, or an error. */
int bide__fs_write_all(int fd, const void *data, size_t size);
ssize_t bide__fs_read_full(int fd, void *buffer, size_t size);

/* open(2) that is closed on exec, and goes on after EINTR. */
int bide__fs_open_now(int folder, const char *path, int flags, mode_t mode);

#endif
