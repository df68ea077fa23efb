/*
 * bench/common/load/main.c: starts a server, loads it, and prints one line:
 *
 *     FIGURE P50 P99 DRIVER
 *
 *   load [--pin] KIND CONNECTIONS N SERVER ARGUMENT...
 *
 * KIND is one of load_kinds. --pin puts the server on the first CPU and the generator on the second
 * one. The server prints the number of its port, and serves until it is killed. DRIVER is `uring`
 * if the server has a ring of io_uring, else `epoll`. Exit status: 77 if the server ends with that,
 * which says that it cannot do this; 1 after any other failure.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1); /* the server dies with us: PR_SET_PDEATHSIG */
}

int64_t server_cpu_ns(const struct load *load)
{
    return process_cpu_ns(load->server);
}

int connect_to_server(const struct load *load, int type)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(load->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    return fd;
}

int *connect_all(const struct load *load, long count, int type)
{
    char message[MESSAGE_SIZE] = "hello";
    int *fds = calloc((size_t)count, sizeof *fds);
    if (fds == NULL)
        die("calloc");
    for (long i = 0; i < count; i++) {
        fds[i] = connect_to_server(load, type);
        if (send(fds[i], message, sizeof message, MSG_NOSIGNAL) != sizeof message ||
            recv(fds[i], message, sizeof message, MSG_WAITALL) != sizeof message)
            die("the first message of a connection");
    }
    return fds;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

void set_latencies(struct load *load, int64_t *latencies_ns, long count)
{
    if (count == 0)
        return;
    qsort(latencies_ns, (size_t)count, sizeof *latencies_ns, by_size);
    load->p50 = (double)latencies_ns[(count - 1) / 2] / 1e3;
    load->p99 = (double)latencies_ns[(count - 1) * 99 / 100] / 1e3;
}

/* ---- the server ---- */

/* Fills in the process and the port. */
static void start_server(struct load *load, char **command, bool pinned)
{
    int out, port = 0;
    load->server = process_start(command, pinned ? 0 : -1, &out);
    FILE *from = fdopen(out, "r");
    if (from == NULL || fscanf(from, "%d", &port) != 1)
        process_failed(load->server);
    load->port = (uint16_t)port; /* the pipe stays open, in case the server prints more */
}

int main(int argc, char **argv)
{
    bool pinned = argc > 1 && strcmp(argv[1], "--pin") == 0;
    argc -= pinned;
    argv += pinned;
    if (argc < 5) {
        fputs("load [--pin] KIND CONNECTIONS N SERVER ARGUMENT...\n", stderr);
        return 2;
    }
    struct load load = {.kind = argv[1], .conns = atol(argv[2]), .n = atol(argv[3])};
    const struct load_kind *kind = load_kinds;
    while (kind->name != NULL && strcmp(kind->name, argv[1]) != 0)
        kind++;
    if (kind->name == NULL || load.conns < 1 || load.n < 1) {
        fprintf(stderr, "load: %s %s %s?\n", argv[1], argv[2], argv[3]);
        return 2;
    }
    allow_descriptors();
    start_server(&load, argv + 4, pinned);
    if (pinned)
        pin(1);
    kind->run(&load);
    const char *driver = process_has_ring(load.server) ? "uring" : "epoll";
    kill(load.server, SIGKILL);
    waitpid(load.server, NULL, 0);
    printf("%.4f %.1f %.1f %s\n", load.figure, load.p50, load.p99, driver);
    return 0;
}
