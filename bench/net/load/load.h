/*
 * bench/net/load/load.h: the load generator of `./x bench net`, the same for all servers.
 *
 * main.c starts the server and prints what was measured; loop.c, bulk.c, idle.c and stuck.c each
 * have a kind of load. The generator is one thread with epoll. It knows of the server only the port
 * and the process.
 */
#ifndef BENCH_NET_LOAD_H
#define BENCH_NET_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { MESSAGE_SIZE = 64 };

struct load {
    uint16_t port;   /* of the server, on 127.0.0.1 */
    pid_t server;    /* its process */
    long conns, n;   /* connections; operations, MiB (bulk) or milliseconds (stuck) */
    double figure;   /* what is compared */
    double p50, p99; /* of the latencies, in microseconds; 0: it has none */
};

/* The loads, each of which fills in `figure`, and `p50` and `p99` where it measures them. */
void load_echo(struct load *load);  /* CPU microseconds of the server for a request */
void load_udp(struct load *load);   /* the same for a datagram */
void load_storm(struct load *load); /* the same for a connection with one request */
void load_bulk(struct load *load);  /* the same for a MiB, there and back */
void load_idle(struct load *load);  /* bytes of the server for a connection */
void load_stuck(
    struct load *load); /* p99 in ms, of what is sent while a worker does not come back */

/* ---- for the loads ---- */

/* Ends the program, and the server with it. */
_Noreturn void die(const char *what);

int64_t clock_ns(void);
int64_t server_cpu_ns(const struct load *load);

/* A connected socket; for datagrams, one that is connected to the server's port. */
int connect_to_server(const struct load *load, int type);

/* Connects, and sends and receives one message on each connection, so that the server has accepted
 * all of them. Returns an array for free(). */
int *connect_all(const struct load *load, long count, int type);

/* Sets p50 and p99. Sorts the array. */
void set_latencies(struct load *load, int64_t *latencies_ns, long count);

#endif
