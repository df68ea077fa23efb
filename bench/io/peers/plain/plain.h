/* bench/io/peers/plain/plain.h: the servers of the floor. */
#ifndef BENCH_IO_PLAIN_H
#define BENCH_IO_PLAIN_H

/* Serves until it is killed. Returns the exit status if that is impossible. */
int serve(const char *what);

_Noreturn void serve_tls(int listener, int buffer_size);

/* The path of a file in the folder IO_DATA; in memory that the next call overwrites. */
const char *data_path(const char *name);

#endif
