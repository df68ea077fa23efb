/* bench/io/peers/libuv/inside.h: the parts of the peer on libuv. */
#ifndef BENCH_IO_LIBUV_H
#define BENCH_IO_LIBUV_H

#include "run.h"

#include <stdbool.h>
#include <uv.h>

/* What a server does with its connections. */
struct server {
    const char *what;
    /* Begins to read. `conn` is initialized, and freed with free() when it is closed. */
    void (*serve)(uv_tcp_t *conn);
};

extern const struct server servers[];     /* serve.c; the last one has no name */
extern const struct server tls_servers[]; /* tls.c */

/* One of the operations that run at the same time. */
struct operation {
    uv_fs_t fs;
    long i;
    int fd;
    size_t done;
    char *buffer; /* of PIECE_SIZE bytes */
    void *more;   /* of spawn.c, and the folders that files.c has yet to read */
};

/* What a row does: `width` of these at once. */
struct row {
    const char *what;
    /* Begins an operation, which ends with a call of run_next. */
    void (*begin)(struct operation *op);
};

extern const struct row file_rows[];  /* files.c; the last one has no name */
extern const struct row spawn_rows[]; /* spawn.c */

extern struct run run; /* main.c */

/* Ends an operation: begins the next one, if there is one. */
void run_next(struct operation *op);

/* Ends the program if r is an error of libuv. */
void check(int64_t r, const char *what);

void *zeroes(size_t size);

const char *data_path(const char *name); /* in IO_DATA */

/* ---- streams (serve.c) ---- */

void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf); /* one buffer for all */
void close_stream(uv_stream_t *stream);

/* Sends at once what goes, copies the rest and sends it later; then calls `then`, if it is not
 * NULL. Returns true if all is sent already; then it has not called. */
bool send_or_copy(uv_stream_t *to, const char *data, size_t size, void (*then)(uv_stream_t *to));

#endif
