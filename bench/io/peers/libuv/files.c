/*
 * bench/io/peers/libuv/files.c: files and folders: a request to libuv's pool for each system call.
 */
#include "inside.h"

#include <fcntl.h>

/* The result of a request, whose memory is given back. */
static int64_t result(uv_fs_t *fs, const char *what)
{
    int64_t r = fs->result;
    check(r, what);
    uv_fs_req_cleanup(fs);
    return r;
}

static struct operation *of(uv_fs_t *fs)
{
    return (struct operation *)fs; /* its first member */
}

static void on_closed(uv_fs_t *fs)
{
    result(fs, "close");
    run_next(of(fs));
}

static void close_it(struct operation *op)
{
    check(uv_fs_close(uv_default_loop(), &op->fs, op->fd, on_closed), "uv_fs_close");
}

static void open_it(struct operation *op, const char *path, int flags, uv_fs_cb then)
{
    op->done = 0;
    check(uv_fs_open(uv_default_loop(), &op->fs, path, flags, 0666, then), "uv_fs_open");
}

static void read_piece(struct operation *op, size_t size, int64_t offset, uv_fs_cb then)
{
    uv_buf_t buf = uv_buf_init(op->buffer, (unsigned)size);
    check(uv_fs_read(uv_default_loop(), &op->fs, op->fd, &buf, 1, offset, then), "uv_fs_read");
}

static void write_piece(struct operation *op, size_t size, uv_fs_cb then)
{
    uv_buf_t buf = uv_buf_init(op->buffer, (unsigned)size);
    check(uv_fs_write(uv_default_loop(), &op->fs, op->fd, &buf, 1, -1, then), "uv_fs_write");
}

/* ---- reading ---- */

static void on_small_read(uv_fs_t *fs)
{
    run_expect(result(fs, "read") == SMALL_SIZE, "the size of a file");
    close_it(of(fs));
}

static void on_small_size(uv_fs_t *fs)
{
    size_t size = (size_t)fs->statbuf.st_size;
    result(fs, "fstat");
    read_piece(of(fs), size, -1, on_small_read);
}

static void on_small_open(uv_fs_t *fs)
{
    struct operation *op = of(fs);
    op->fd = (int)result(fs, "open");
    check(uv_fs_fstat(uv_default_loop(), fs, op->fd, on_small_size), "uv_fs_fstat");
}

static void read_small(struct operation *op)
{
    char path[PATH_SIZE];
    open_it(op, run_path(&run, "small/", op->i, SMALL_FILES, path), O_RDONLY, on_small_open);
}

static void on_piece(uv_fs_t *fs)
{
    struct operation *op = of(fs);
    int64_t n = result(fs, "read");
    op->done += (size_t)n;
    if (n > 0) {
        read_piece(op, PIECE_SIZE, -1, on_piece);
        return;
    }
    run_expect(op->done == LARGE_SIZE, "the size of a file");
    close_it(op);
}

static void on_large_open(uv_fs_t *fs)
{
    of(fs)->fd = (int)result(fs, "open");
    read_piece(of(fs), PIECE_SIZE, -1, on_piece);
}

static void read_large(struct operation *op)
{
    char path[PATH_SIZE];
    open_it(op, run_path(&run, "large/", op->i, LARGE_FILES, path), O_RDONLY, on_large_open);
}

static void on_read_at(uv_fs_t *fs)
{
    run_expect(result(fs, "read") == SMALL_SIZE, "the size of a piece");
    run_next(of(fs));
}

static void read_at(struct operation *op)
{
    static int fd = -1;
    if (fd < 0) {
        char path[PATH_SIZE];
        fd = open(run_path(&run, "at", 0, 1, path), O_RDONLY | O_CLOEXEC);
        run_expect(fd >= 0, path);
    }
    op->fd = fd;
    read_piece(op, SMALL_SIZE, (int64_t)run_offset(op->i), on_read_at);
}

/* ---- writing ---- */

static const int flags_to_write = O_WRONLY | O_CREAT | O_TRUNC;

static void on_small_written(uv_fs_t *fs)
{
    run_expect(result(fs, "write") == SMALL_SIZE, "write");
    close_it(of(fs));
}

static void on_small_made(uv_fs_t *fs)
{
    of(fs)->fd = (int)result(fs, "open");
    write_piece(of(fs), SMALL_SIZE, on_small_written);
}

static void write_small(struct operation *op)
{
    char path[PATH_SIZE];
    open_it(op, run_path(&run, "out/", op->i, SMALL_FILES, path), flags_to_write, on_small_made);
}

static void on_piece_written(uv_fs_t *fs)
{
    struct operation *op = of(fs);
    op->done += (size_t)result(fs, "write");
    if (op->done < LARGE_SIZE)
        write_piece(op, PIECE_SIZE, on_piece_written);
    else
        close_it(op);
}

static void on_large_made(uv_fs_t *fs)
{
    of(fs)->fd = (int)result(fs, "open");
    write_piece(of(fs), PIECE_SIZE, on_piece_written);
}

static void write_large(struct operation *op)
{
    char path[PATH_SIZE];
    open_it(op, run_path(&run, "out/large", op->i, LARGE_FILES, path), flags_to_write,
            on_large_made);
}

/* ---- folders ---- */

/* A folder that has yet to be read. */
struct folder {
    struct folder *next;
    char path[];
};

static void push(struct operation *op, const char *above, const char *name)
{
    size_t size = strlen(above) + strlen(name) + 2;
    struct folder *folder = zeroes(sizeof *folder + size);
    snprintf(folder->path, size, "%s/%s", above, name);
    folder->next = op->more;
    op->more = folder;
}

static void scan(struct operation *op);

static void on_scanned(uv_fs_t *fs)
{
    struct operation *op = of(fs);
    struct folder *folder = op->more;
    uv_dirent_t one;
    check(fs->result, "scandir");
    op->more = folder->next;
    while (uv_fs_scandir_next(fs, &one) != UV_EOF) {
        op->done++;
        if (one.type == UV_DIRENT_DIR)
            push(op, folder->path, one.name);
    }
    free(folder);
    uv_fs_req_cleanup(fs);
    scan(op);
}

static void scan(struct operation *op)
{
    struct folder *folder = op->more;
    if (folder != NULL) {
        check(uv_fs_scandir(uv_default_loop(), &op->fs, folder->path, 0, on_scanned), "scandir");
        return;
    }
    run_expect(op->done == TREE_ENTRIES, "the entries of the tree");
    run_next(op);
}

static void walk(struct operation *op)
{
    op->done = 0;
    push(op, run.data, "tree");
    scan(op);
}

const struct row file_rows[] = {
    {"read_small", read_small},
    {"write_small", write_small},
    {"read_large", read_large},
    {"write_large", write_large},
    {"read_at", read_at},
    {"walk", walk},
    {NULL, NULL},
};
