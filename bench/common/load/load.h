/*
 * bench/common/load/load.h: a load generator, the same for all servers of a benchmark.
 *
 * main.c starts the server and prints what was measured; process.c has what it takes to measure a
 * process; the folders `load` of the benchmarks have the kinds of load, and a table of them. The
 * generator is one thread. It knows of the server only the port and the process.
 */
#ifndef BENCH_COMMON_LOAD_H
#define BENCH_COMMON_LOAD_H

#include "process.h"

#include <sys/socket.h>
#include <sys/types.h>

enum { MESSAGE_SIZE = 64 };

struct load {
    const char *kind; /* its name in load_kinds */
    uint16_t port;    /* of the server, on 127.0.0.1 */
    pid_t server;     /* its process */
    long conns, n;    /* connections; operations, MiB (bulk) or milliseconds (stuck) */
    double figure;    /* what is compared */
    double p50, p99;  /* of the latencies, in microseconds; 0: it has none */
};

/* A load fills in `figure`, and `p50` and `p99` where it measures them. */
struct load_kind {
    const char *name;
    void (*run)(struct load *load);
};

extern const struct load_kind load_kinds[]; /* the last one has no name */

/* ---- for the loads ---- */

int64_t server_cpu_ns(const struct load *load);

/* A connected socket; for datagrams, one that is connected to the server's port. */
int connect_to_server(const struct load *load, int type);

/* Connects, and sends and receives one message on each connection, so that the server has accepted
 * all of them. Returns an array for free(). */
int *connect_all(const struct load *load, long count, int type);

/* Sets p50 and p99. Sorts the array. */
void set_latencies(struct load *load, int64_t *latencies_ns, long count);

#endif
