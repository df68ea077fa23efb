/*
 * bide/fs.h: files, folders, trees of them, and what changes in them.
 *
 *     bide_file *log;
 *     const bide_file_options appends = {.append = true, .create = true};
 *     int r = await bide_file_open("log", &appends, &log);
 *     if (r == 0) {
 *         defer { bide_file_free(log); }
 *         r = await bide_file_write_all(log, "begun\n", 6, NULL);
 *     }
 *
 * How the calls are made. A read first asks for what is in memory already, which takes one system
 * call and no thread; in a filesystem that is in memory alone (tmpfs), a write does so, too.
 * Everything else goes to io_uring, where the runtime has that and it serves,
 * or to the blocking pool. No call blocks the thread of a runtime, except where a comment says so.
 * docs/io.md tells what each way costs.
 *
 * Cancellation. A call that has not begun is taken back: nothing has happened. One that a thread or
 * the kernel has begun is waited for, since nobody can tell how far it has come; then the call
 * returns its result as if nobody had asked, and what awaits it is cancelled at its next await. So
 * every call has either happened or not, and if it has, its result says so. Functions of several
 * steps (those of whole files and of trees) may stop between two; their comments tell what is left.
 *
 * Failures are returned as negative errno. A path is as in open(2): relative to the working
 * directory of the process, at most PATH_MAX bytes with its zero byte. Paths and buffers must stay
 * until the call has ended. With `size` 0 nothing is read or written.
 *
 * Runtimes and threads. A file belongs to no runtime: its functions may be called on any thread,
 * and in any runtime or none. Positioned operations may run at the same time, in any number.
 */
#ifndef BIDE_FS_H
#define BIDE_FS_H

#include <bide/io.h>
#include <bide/iter.h>
#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct iovec;

/* ---- files ---- */

typedef struct bide_file bide_file;

/* For what a file is opened. Zero in a member means the default; {0}: to read what exists. */
typedef struct bide_file_options {
    bool read;       /* also if neither `write` nor `append` is set */
    bool write;      /* also to change its size */
    bool append;     /* to write at its end, whatever others write there */
    bool create;     /* if there is none */
    bool create_new; /* there must be none, not even a link: -EEXIST */
    bool truncate;   /* to no bytes; needs `write` */
    bool direct;     /* O_DIRECT: past the memory of the system. Buffers, sizes and offsets must be
                        aligned as the filesystem wants it, mostly to 4096 bytes */
    bool no_follow;  /* the last part of the path must be no link: -ELOOP */
    mode_t mode;     /* of a new file, less the umask of the process; 0: 0666 */
} bide_file_options;

/*
 * Opens a file. It is closed on exec. NULL stands for {0}.
 *
 * This never waits for the other end of a FIFO, nor for a terminal: such files are opened without
 * blocking, and the calls here return -EAGAIN where they would have to wait. Use bide_fifo_open and
 * bide_stream_open for them. /dev/null and its like are files.
 * Errors: those of open(2), such as -ENOENT, -EACCES, -EEXIST, -ENOSPC, -EMFILE; -EISDIR: a folder
 * was to be written; -EINVAL: `truncate` without `write`, or `create` and its like without `write`
 * or `append`; -ENOMEM. Then *file is NULL.
 * Cancelled: either the file is open and this returns 0, or nothing has happened.
 */
bide_must_use bide_async int bide_file_open(const char *path, const bide_file_options *options,
                                            bide_file **file bide_gives(bide_file_free));

/*
 * Makes a file of a descriptor, which it owns from now on. Its flags stay as they are.
 * Errors: -EINVAL (a FIFO, a socket or a terminal: see bide_stream_open), -EBADF, -ENOMEM; then
 * the descriptor stays the caller's and *file is NULL.
 */
bide_must_use int bide_file_of(int fd, bide_file **file bide_gives(bide_file_free));

/*
 * Opens a file that has no name and vanishes when it is freed, to read and to write, in a folder;
 * NULL: in that of the environment's TMPDIR, or /tmp. Errors and cancellation as bide_file_open.
 */
bide_must_use bide_async int bide_file_temporary(const char *folder,
                                                 bide_file **file bide_gives(bide_file_free));

/*
 * Closes the descriptor and returns what close(2) does: a filesystem over a network may tell only
 * now that what was written has not arrived, for instance by -EDQUOT, -ENOSPC or -EIO. A local one
 * tells that by bide_file_sync. After this all calls return -EBADF, and the file is still to be
 * freed.
 * Errors: -EBUSY (another call on the file has not ended; it stays open), -EBADF (it is closed).
 * Cancelled: the file is still open.
 */
bide_async int bide_file_close(bide_file *file);

/*
 * Frees the file, and closes its descriptor if bide_file_close has not. NULL is ignored. Calls that
 * are under way go on to their end, and the last one closes the descriptor; none may begin. The
 * close is made on this thread: it may take a moment on a filesystem over a network, or for a large
 * file without a name.
 */
void bide_file_free(bide_file *file);

/* Returns the descriptor, which stays the file's; -EBADF: it is closed. */
int bide_file_fd(const bide_file *file);

/*
 * The file as a stream, for bide_reader and its like: it reads and writes at the file's position.
 * It is a part of the file and ends with it: bide_stream_close frees the file. The halves of a
 * connection do not exist here: bide_stream_shutdown returns -ENOTSOCK.
 */
bide_stream *bide_file_stream(bide_file *file);

/*
 * Read or write at the file's position, which moves on by what was done. At most `size` bytes;
 * return how many: for a read, 0 at the end of the file, and maybe fewer than there are. The
 * position is that of the descriptor: who has inherited it shares it. A call that asks for more
 * than 256 KiB may read that much and return, so that other tasks have their turn.
 * Errors: those of read(2) and write(2), such as -ENOSPC, -EDQUOT, -EIO (also if a write takes
 * nothing), -EFBIG; -EBUSY: another read (or another write) at the position has not ended; -EBADF.
 * Cancelled: nothing was read or written, or this returns how much was.
 */
bide_must_use bide_async ssize_t bide_file_read(bide_file *file, void *buffer, size_t size);
bide_must_use bide_async ssize_t bide_file_write(bide_file *file, const void *data, size_t size);

/*
 * The same at an offset in bytes from the beginning; the position is neither used nor changed. Any
 * number of these may run at the same time. A file that was opened to append is written at its end,
 * whatever the offset is. -ESPIPE: the file has no positions.
 */
bide_must_use bide_async ssize_t bide_file_read_at(bide_file *file, uint64_t offset, void *buffer,
                                                   size_t size);
bide_must_use bide_async ssize_t bide_file_write_at(bide_file *file, uint64_t offset,
                                                    const void *data, size_t size);

/*
 * The same from and to several buffers at once, in their order: `count` pieces (at most 1024, else
 * -EINVAL).
 */
bide_must_use bide_async ssize_t bide_file_read_pieces_at(bide_file *file, uint64_t offset,
                                                          const struct iovec *pieces, int count);
bide_must_use bide_async ssize_t bide_file_write_pieces_at(bide_file *file, uint64_t offset,
                                                           const struct iovec *pieces, int count);

/*
 * Read `size` bytes, or write them. *done counts how many are there already; set it to 0 at first,
 * or pass NULL. The count is right at all times, even after an error or a cancellation, and a
 * second call with the same arguments continues there. The offset is that of the whole, not of the
 * rest. Return 0; -ENODATA: the file ended first; or an error of a read or a write.
 * Cancelled: *done bytes were read or written.
 */
bide_must_use bide_async int bide_file_read_exactly(bide_file *file, void *buffer, size_t size,
                                                    size_t *done);
bide_must_use bide_async int bide_file_write_all(bide_file *file, const void *data, size_t size,
                                                 size_t *done);
bide_must_use bide_async int bide_file_read_exactly_at(bide_file *file, uint64_t offset,
                                                       void *buffer, size_t size, size_t *done);
bide_must_use bide_async int bide_file_write_all_at(bide_file *file, uint64_t offset,
                                                    const void *data, size_t size, size_t *done);

/*
 * Moves the position as lseek(2) does, with SEEK_SET, SEEK_CUR or SEEK_END, and returns the new
 * one. It does not wait. Errors: -ESPIPE, -EINVAL, -EBUSY (a read or a write at the position has
 * not ended), -EBADF.
 */
int64_t bide_file_seek(bide_file *file, int64_t offset, int whence);

/* Makes the file `size` bytes long: cuts it off, or adds zeroes. Errors: those of ftruncate(2).
 * Cancelled: it has happened and this returns 0, or nothing has. */
bide_must_use bide_async int bide_file_set_size(bide_file *file, uint64_t size);

/*
 * Wait until what was written is on the disk: everything, or only the data and what is needed to
 * find it. An error (-EIO, -ENOSPC) is told once; the data may be lost then.
 * Cancelled: it may be there or not.
 */
bide_must_use bide_async int bide_file_sync(bide_file *file);
bide_must_use bide_async int bide_file_sync_data(bide_file *file);

/* Tells what fstat(2) does. Cancelled: nothing has happened. */
bide_must_use bide_async int bide_file_stat(bide_file *file, struct stat *status);

/* Sets the permissions as fchmod(2) does. Cancelled: as bide_file_set_size. */
bide_must_use bide_async int bide_file_set_mode(bide_file *file, mode_t mode);

/* How a file is locked. */
typedef enum bide_file_lock_mode {
    BIDE_FILE_SHARED,    /* beside others who share it */
    BIDE_FILE_EXCLUSIVE, /* alone */
} bide_file_lock_mode;

/*
 * Lock the file among all who do so, as flock(2) does: the lock belongs to the open file, so a
 * second lock of the same one replaces the first, and the end of the file gives it back. The first
 * form waits: the system tells nobody of a lock that is free, so it tries again after a pause, of
 * 1 ms at first and never more than 100 ms. The second one returns -EAGAIN in place of that.
 * Errors: -ENOLCK, -EINVAL, -EBADF; the first one needs a runtime: -ENXIO.
 * Cancelled: it is not locked, except by a lock that it had before.
 */
bide_must_use bide_async int bide_file_lock(bide_file *file, bide_file_lock_mode mode);
bide_must_use bide_async int bide_file_try_lock(bide_file *file, bide_file_lock_mode mode);

/* Gives the lock back, and returns 0 or -EBADF. It does not wait. */
int bide_file_unlock(bide_file *file);

/* ---- paths ---- */

/*
 * stat(2), and lstat(2), which tells of a link itself. bide_path_exists returns 1 if stat(2) finds
 * something, 0 if there is nothing (-ENOENT, -ENOTDIR), or another error.
 * Cancelled: nothing has happened.
 */
bide_must_use bide_async int bide_path_stat(const char *path, struct stat *status);
bide_must_use bide_async int bide_path_lstat(const char *path, struct stat *status);
bide_must_use bide_async int bide_path_exists(const char *path);

/*
 * rename(2); unlink(2), for files and links; chmod(2); link(2) and symlink(2), where `target` is
 * what the new name means. Errors: those of the system calls.
 * Cancelled: it has happened and the call returns 0, or nothing has.
 */
bide_must_use bide_async int bide_path_rename(const char *from, const char *to);
bide_must_use bide_async int bide_path_remove(const char *path);
bide_must_use bide_async int bide_path_set_mode(const char *path, mode_t mode);
bide_must_use bide_async int bide_path_link(const char *target, const char *path);
bide_must_use bide_async int bide_path_symlink(const char *target, const char *path);

/*
 * What a link says; and the absolute path without links, as realpath(3). The text has a zero byte.
 * Return its length without that; -ENAMETOOLONG: it does not fit in `size` bytes; or an error of
 * readlink(2) or realpath(3). Cancelled: nothing has happened.
 */
bide_must_use bide_async ssize_t bide_path_read_link(const char *path, char *buffer, size_t size);
bide_must_use bide_async ssize_t bide_path_canonical(const char *path, char *buffer, size_t size);

/*
 * Copies the content of a file and its permissions to another, which is made, or replaced in place.
 * Where the filesystem can share the data, or copy by itself, that is used. Returns the number of
 * bytes.
 * Errors: -EISDIR, -EINVAL (it is the same file, or no regular one), and those of open, read and
 * write; then the copy may have a part of the content. Cancelled: the same; the copy stops within
 * 8 MiB.
 */
bide_must_use bide_async int64_t bide_path_copy(const char *from, const char *to);

/* ---- folders and trees ---- */

/* mkdir(2); the same with all folders above that are missing (0 if it is a folder already); and
 * rmdir(2). The mode is less the umask; 0: 0777. Cancelled: as bide_path_rename; of the second one
 * some folders may have been made. */
bide_must_use bide_async int bide_folder_make(const char *path, mode_t mode);
bide_must_use bide_async int bide_folder_make_all(const char *path, mode_t mode);
bide_must_use bide_async int bide_folder_remove(const char *path);

/*
 * Makes a new folder with the mode 0700 and a name that nobody can guess, in a folder (NULL: that
 * of TMPDIR, or /tmp), and stores its path. bide_tree_remove ends it. Returns the length of the
 * path; -ENAMETOOLONG: it does not fit in `size` bytes.
 * Cancelled: there is none, or this returns.
 */
bide_must_use bide_async int bide_folder_temporary(const char *folder, char *path, size_t size);

/*
 * Removes a file, or a folder with all that is in it. Links are removed, not followed, and no race
 * of others leads it out of the tree: each name is looked up in a folder that is open. 0 if there
 * is nothing. It goes on behind an error, and returns the first one; what could be removed is gone.
 * A tree may have any depth; but where it is more than 32 folders deep, and others move or remove
 * those while this is in them, it ends with -ESTALE.
 * Cancelled: a part of the tree is gone. It stops within some 1000 names.
 */
bide_must_use bide_async int bide_tree_remove(const char *path);

/* What an entry of a folder is. */
typedef enum bide_entry_kind {
    BIDE_ENTRY_UNKNOWN, /* of an entry with an error */
    BIDE_ENTRY_FILE,
    BIDE_ENTRY_FOLDER,
    BIDE_ENTRY_LINK,
    BIDE_ENTRY_FIFO,
    BIDE_ENTRY_SOCKET,
    BIDE_ENTRY_CHARACTER_DEVICE,
    BIDE_ENTRY_BLOCK_DEVICE,
} bide_entry_kind;

/*
 * An entry of a folder. Whoever gets it frees it, on any thread. It keeps its folder open, for
 * bide_entry_open; so no more should be kept than there may be descriptors.
 */
typedef struct bide_entry {
    const char *path; /* that of the folder, as it was given, with the names below it */
    const char *name; /* its last part */
    bide_entry_kind kind;
    unsigned depth; /* 1: in the folder that was given, and so on */
    int error;      /* 0, or why this folder could not be read (any further): a negative errno */
} bide_entry;

/* Frees an entry, and closes its folder, if nobody else has that. NULL is ignored. */
void bide_entry_free(bide_entry *entry);

/*
 * Opens the file of an entry in its folder, whatever has happened to the path meanwhile. A link is
 * not followed: -ELOOP. Otherwise as bide_file_open.
 */
bide_must_use bide_async int bide_entry_open(const bide_entry *entry,
                                             const bide_file_options *options,
                                             bide_file **file bide_gives(bide_file_free));

/* fstatat(2) of an entry, without following a link. Cancelled: nothing has happened. */
bide_must_use bide_async int bide_entry_stat(const bide_entry *entry, struct stat *status);

/* The walk, which has just given this folder, is not to go into it. Call it before the next
 * bide_next. */
void bide_entry_skip(const bide_entry *entry);

/* How a tree is walked. Zero in a member means the default. */
typedef struct bide_tree_options {
    unsigned depth_most; /* entries deeper than this are not given; 0: no limit */
    bool folders_last;   /* a folder comes after what is in it; else before that */
    bool follow_links;   /* links to folders are walked too, and an entry is what its link means.
                            One that leads back to a folder above is an entry with -ELOOP */
    bool one_device;     /* other filesystems are not entered */
} bide_tree_options;

/*
 * bide_iter(bide_entry *) bide_iter_of_folder(const char *path);
 * bide_iter(bide_entry *) bide_iter_of_tree(const char *path, const bide_tree_options *options);
 *
 * The entries of a folder, without `.` and `..`, in the order of the filesystem; and those of all
 * folders below it. The path is copied.
 *
 *     int r;
 *     bide_iter(bide_entry *) all = bide_iter_of_tree("src", NULL);
 *     defer { await bide_iter_close(all); }
 *     for (bide_entry *e; (r = await bide_next(all, &e)) > 0; bide_entry_free(e))
 *         puts(e->path);
 *
 * Links are not followed, unless that is asked for. Each folder is opened in the one above it, so
 * no race of others leads the walk out of the tree. A folder that cannot be read is an entry with
 * an error, and the walk goes on; only that of the path itself is an error of bide_next, once,
 * before the end. A path that becomes longer than PATH_MAX is an entry with -ENAMETOOLONG.
 *
 * One job of the pool reads a buffer full of names. Memory: for each folder on the way from the
 * path to where the walk is, a descriptor and 16 KiB at most. Entries that nobody takes are freed.
 * Errors of bide_next: those of opening the path, -ENOMEM (the entry comes with the next call).
 * Cancelled: nothing is lost.
 */
void *bide_iter_of_folder(const char *path);
void *bide_iter_of_tree(const char *path, const bide_tree_options *options);

/* ---- whole files ---- */

/* The content of a file. */
typedef struct bide_content {
    size_t size;
    char *data; /* with a zero byte behind it */
} bide_content;

/* Frees what bide_path_read has given. NULL is ignored. */
void bide_content_free(bide_content *content);

/*
 * Reads a whole file, in one go on a thread of the pool, or from memory. Like bide_file_open it
 * waits for no FIFO and no terminal. -EFBIG: it has more than `most` bytes. Other errors: those of
 * opening and reading, -EISDIR, -ENOMEM; then *content is NULL.
 * Cancelled: nothing has happened.
 */
bide_must_use bide_async int bide_path_read(const char *path, size_t most,
                                            bide_content **content bide_gives(bide_content_free));

/*
 * Writes a whole file, which is made with the mode 0666 less the umask, or replaced in place. If it
 * fails, a part is there. A FIFO is not waited for: -ENXIO if nobody reads it, -EAGAIN if it has no
 * room. Cancelled: it is written and this returns 0, or nothing has happened.
 */
bide_must_use bide_async int bide_path_write(const char *path, const void *data, size_t size);

/*
 * Replaces a file as a whole: whoever opens it, at any time and also after a loss of power, finds
 * the old content or the new. The data goes to a temporary file in the same folder, and that to the
 * disk; then it gets the name, and the folder goes to the disk. The new file has the mode of the
 * old one (0666 less the umask if there is none), and its owner and group where that is allowed. A
 * link is replaced, not followed.
 * Errors: those of opening, writing, fsync(2) and rename(2); then the old file is there, and no
 * temporary one, unless the last fsync(2) failed, of the folder: then the new file is there, but
 * maybe not on the disk.
 * Cancelled: it is replaced and this returns 0, or nothing has happened.
 */
bide_must_use bide_async int bide_path_replace(const char *path, const void *data, size_t size);

/* ---- watching ---- */

/* What has happened, in bide_path_event.what. */
enum {
    BIDE_PATH_MADE = 1,        /* there is a new name, or one was moved here */
    BIDE_PATH_REMOVED = 2,     /* a name is gone, or was moved away */
    BIDE_PATH_CHANGED = 4,     /* the content has changed */
    BIDE_PATH_CLOSED = 8,      /* whoever had it open to write has closed it */
    BIDE_PATH_ATTRIBUTES = 16, /* the mode, the owner, the times */
    BIDE_PATH_GONE = 32,       /* what was watched does not exist any more, or was moved */
    BIDE_PATH_LOST = 64,       /* events were lost, so anything may have happened anywhere */
    BIDE_PATH_MOVED = 128,     /* beside MADE or REMOVED: a move; both have the same `cookie` */
    BIDE_PATH_IS_FOLDER = 256, /* it happened to a folder */
};

typedef struct bide_path_watch bide_path_watch;

/* An event. The strings are the watch's, until the next call of bide_path_watch_next. */
typedef struct bide_path_event {
    int id;           /* what bide_path_watch_add returned; -1 with BIDE_PATH_LOST */
    unsigned what;    /* bits */
    const char *path; /* that was given to bide_path_watch_add, and below it */
    const char *name; /* in the folder that is watched; "": it happened to what is watched itself */
    uint32_t cookie;  /* of a move; else 0 */
} bide_path_event;

/*
 * Makes a watch (inotify(7)), which watches nothing yet. Its events belong to the runtime on which
 * it is made, as a stream does (bide/io.h): there bide_path_watch_next is called, and the free.
 * Paths may be added and removed on any thread, in any runtime or none. Errors: -EMFILE, -ENFILE,
 * -ENOMEM, -ENXIO; then *watch is NULL. bide_path_watch_free ends it; NULL is ignored, and no
 * bide_path_watch_next may wait.
 */
bide_must_use int bide_path_watch_new(bide_path_watch **watch bide_gives(bide_path_watch_free));
void bide_path_watch_free(bide_path_watch *watch);

/*
 * Watches a file, or a folder with the names in it, but not what is below. Returns its id, 1 or
 * more; the same one, if that file is watched already. What happens after this has returned is
 * told.
 * Errors: those of inotify_add_watch(2), such as -ENOENT, -EACCES, -ENOSPC (too many watches of
 * this user); -ENOMEM. Cancelled: it is watched and this returns, or nothing has happened.
 */
bide_must_use bide_async int bide_path_watch_add(bide_path_watch *watch, const char *path);

/*
 * The same for a folder and all folders below it, also those that will come. A folder that comes is
 * watched when bide_path_watch_next meets the event of its making; what happened in it before is
 * not told by events of the system, so for all names that are found in it then BIDE_PATH_MADE is
 * told. Such an event may come twice, if the name was made at that moment. Links are not followed.
 * A folder that is moved out of the tree is watched no longer. All have ids of their own; their
 * events have the whole path.
 * Errors: as bide_path_watch_add; then some may be watched.
 */
bide_must_use bide_async int bide_path_watch_add_tree(bide_path_watch *watch, const char *path);

/* Ends the watch of one path, and, if that is a tree, of the folders in it, but for what was given
 * itself, or belongs to another tree as well: that goes on. Events that were on their way are not
 * told. 0, or -EINVAL: there is no such id. */
int bide_path_watch_remove(bide_path_watch *watch, int id);

/*
 * Waits for the next event. Returns 1 and the event, or a negative errno; it never returns 0.
 * -EBUSY: another call waits; -EXDEV, -ENXIO: this is another runtime than that of the watch, or
 * none. If the system had no room for events (fs.inotify.max_queued_events), there is one event
 * BIDE_PATH_LOST in their place; look at everything anew. A folder of a tree that could not be
 * watched in time is an error of this call, and then the next one goes on.
 * Cancelled: nothing is lost.
 */
bide_must_use bide_async int bide_path_watch_next(bide_path_watch *watch, bide_path_event *event);

/*
 * bide_iter(bide_path_event) bide_iter_of_path_watch(bide_path_watch *watch);
 *
 * The events of a watch, which is borrowed. The strings of an item are valid until the next
 * bide_next.
 */
void *bide_iter_of_path_watch(bide_path_watch *watch);

/* ---- standard streams ---- */

/*
 * Streams of the descriptors 0, 1 and 2, whatever they are: pipes, sockets, terminals, regular
 * files, /dev/null. The flags of the descriptors stay as they are, and bide_stream_close leaves
 * them open. A read that waits for a terminal or a pipe holds up nobody: it can be cancelled, and
 * the program ends without it. (bide_stream_open does the same for a descriptor that is to be
 * closed.)
 *
 * Nothing is buffered. Several streams of the same descriptor may be open if it is not a socket.
 * Errors: -EBADF (it is closed), -EEXIST (it is a socket that has a stream), -EISDIR, -EMFILE,
 * -ENOMEM, -ENXIO; then *stream is NULL.
 */
bide_must_use int bide_stdin_open(bide_stream **stream bide_gives(bide_stream_close));
bide_must_use int bide_stdout_open(bide_stream **stream bide_gives(bide_stream_close));
bide_must_use int bide_stderr_open(bide_stream **stream bide_gives(bide_stream_close));

/* ---- the rest is for the macros ---- */

#ifndef BIDE__UNTYPED
#define bide_iter_of_folder(path) ((bide_iter(bide_entry *))(bide_iter_of_folder)(path))
#define bide_iter_of_tree(path, options) \
    ((bide_iter(bide_entry *))(bide_iter_of_tree)(path, options))
#define bide_iter_of_path_watch(watch) \
    ((bide_iter(bide_path_event))(bide_iter_of_path_watch)(watch))
#endif

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
