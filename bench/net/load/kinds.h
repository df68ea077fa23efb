/* bench/net/load/kinds.h: the loads of `./x bench net`, each in a file of its own. */
#ifndef BENCH_NET_KINDS_H
#define BENCH_NET_KINDS_H

#include "load.h"

void load_echo(struct load *load);  /* CPU microseconds of the server for a request */
void load_udp(struct load *load);   /* the same for a datagram */
void load_storm(struct load *load); /* the same for a connection with one request */
void load_bulk(struct load *load);  /* the same for a MiB, there and back */
void load_idle(struct load *load);  /* bytes of the server for a connection */
void load_stuck(
    struct load *load); /* p99 in ms, of what is sent while a worker does not come back */

#endif
