/*
 * bench/net/load/bulk.c: bytes through one connection, there and back, as fast as they go. And the
 * memory of connections that do nothing.
 */
#define _GNU_SOURCE
#include "kinds.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, SILENCE_MAX_MS = 5000, WARM_CONNS = 100 };

/* Adds what the call has moved to *done; `n` is its result. */
static void moved(ssize_t n, int64_t *done, const char *what)
{
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die(what);
    *done += n;
}

void load_bulk(struct load *load)
{
    static char piece[PIECE];
    int64_t total = load->n << 20, sent = 0, received = 0;
    int *fds = connect_all(load, 1, SOCK_STREAM);
    int64_t cpu_from_ns = server_cpu_ns(load);
    while (received < total) {
        struct pollfd wait = {.fd = fds[0], .events = POLLIN};
        if (sent < total)
            wait.events |= POLLOUT;
        if (poll(&wait, 1, SILENCE_MAX_MS) <= 0)
            die("nothing moves");
        if (wait.revents & POLLOUT) {
            size_t size = total - sent < PIECE ? (size_t)(total - sent) : PIECE;
            moved(send(fds[0], piece, size, MSG_DONTWAIT | MSG_NOSIGNAL), &sent, "send");
        }
        if (wait.revents & ~POLLOUT)
            moved(recv(fds[0], piece, sizeof piece, MSG_DONTWAIT), &received, "recv");
    }
    load->figure = (double)(server_cpu_ns(load) - cpu_from_ns) / 1e3 / (double)load->n;
    free(fds);
}

/* ---- idle ---- */

/* What the server has in memory, without its files. */
static double server_bytes(const struct load *load)
{
    char path[64], line[200];
    long kib, sum = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)load->server);
    FILE *status = fopen(path, "r");
    if (status == NULL)
        die(path);
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "RssAnon: %ld", &kib) == 1 || sscanf(line, "RssShmem: %ld", &kib) == 1)
            sum += kib;
    fclose(status);
    return (double)sum * 1024;
}

void load_idle(struct load *load)
{
    int *warm = connect_all(load, WARM_CONNS, SOCK_STREAM);
    double before = server_bytes(load);
    int *fds = connect_all(load, load->conns, SOCK_STREAM);
    load->figure = (server_bytes(load) - before) / (double)load->conns;
    free(fds);
    free(warm);
}
