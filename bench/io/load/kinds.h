/* bench/io/load/kinds.h: the loads of `./x bench io`. */
#ifndef BENCH_IO_KINDS_H
#define BENCH_IO_KINDS_H

#include "load.h"

/* tls.c: of a server of TLS that sends back what it reads. */
void load_tls(struct load *load);         /* CPU microseconds of the server for a request */
void load_tls_full(struct load *load);    /* for a connection with a full handshake, one request */
void load_tls_resumed(struct load *load); /* the same, with the session of an earlier connection */
void load_tls_bulk(struct load *load);    /* for a MiB, there and back, on one connection */

/* copy.c: CPU microseconds of the server for a MiB */
void load_file(struct load *load);  /* of a file that it sends, FILE_MIB a request */
void load_relay(struct load *load); /* from one connection to another */

void load_lines(struct load *load); /* copy.c: CPU nanoseconds of the server for a line */

enum { FILE_MIB = 16 };

#endif
