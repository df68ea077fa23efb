/* bench/io/io.h: the parts of bide's program for `./x bench io`. */
#ifndef BENCH_IO_IO_H
#define BENCH_IO_IO_H

#include "run.h"

#include <bide/bide.h>

#include <stdbool.h>

struct bide_tls_context;

/* files.c: does operation i of a row. False: there is no such row. */
bide_async bool operate_on_files(struct run *run, long i);

/* children.c: the same. */
bide_async bool operate_on_children(struct run *run, long i);

/* tls.c: the server's context, or NULL if bide is built without TLS. */
struct bide_tls_context *tls_context_new(void);

/* Sends back what it reads, with a buffer of `size` bytes. Closes the stream. */
bide_async void tls_echo(struct bide_tls_context *context, bide_stream *stream, size_t size);

/* Ends the program if r is a negative errno. */
void expect_good(int64_t r, const char *what);

const char *data_path(const char *name); /* in IO_DATA; memory that the next call overwrites */

#endif
