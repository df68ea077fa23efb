/*
 * bench/io/load/copy.c: bytes that a server sends from a file, or moves from one connection to
 * another, and lines that it reads.
 */
#define _GNU_SOURCE
#include "kinds.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, SILENCE_MAX_MS = 10000, LINE_LEAST = 8, LINE_MOST = 120 };

static char piece[PIECE];

static double cpu_since_us(const struct load *load, int64_t from_ns)
{
    return (double)(server_cpu_ns(load) - from_ns) / 1e3;
}

/* Receives until the server ends the stream; returns how many bytes those were. */
static int64_t receive_all(int fd)
{
    int64_t sum = 0;
    ssize_t n;
    while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
        sum += n;
    if (n < 0)
        die("recv");
    return sum;
}

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        data += n;
        size -= (size_t)n;
    }
}

static void request_file(const struct load *load)
{
    int fd = connect_to_server(load, SOCK_STREAM);
    send_all(fd, "f", 1);
    if (receive_all(fd) != (int64_t)FILE_MIB << 20) {
        errno = EPROTO;
        die("the size of the file");
    }
    close(fd);
}

void load_file(struct load *load)
{
    long requests = (load->n + FILE_MIB - 1) / FILE_MIB;
    request_file(load);
    int64_t from_ns = server_cpu_ns(load);
    for (long i = 0; i < requests; i++)
        request_file(load);
    load->figure = cpu_since_us(load, from_ns) / (double)(requests * FILE_MIB);
}

/* The server joins each two connections, in the order in which it accepts them. */
void load_relay(struct load *load)
{
    int64_t total = load->n << 20, sent = 0, received = 0;
    int in = connect_to_server(load, SOCK_STREAM);
    int out = connect_to_server(load, SOCK_STREAM);
    int64_t from_ns = server_cpu_ns(load);
    while (received < total) {
        struct pollfd wait[] = {{.fd = out, .events = POLLIN}, {.fd = in, .events = POLLOUT}};
        if (poll(wait, sent < total ? 2 : 1, SILENCE_MAX_MS) <= 0)
            die("nothing moves");
        if (sent < total && wait[1].revents != 0) {
            size_t size = total - sent < PIECE ? (size_t)(total - sent) : PIECE;
            ssize_t n = send(in, piece, size, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN)
                die("send");
            sent += n > 0 ? n : 0;
            if (sent == total)
                shutdown(in, SHUT_WR);
        }
        if (wait[0].revents != 0) {
            ssize_t n = recv(out, piece, sizeof piece, MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN))
                die("recv");
            received += n > 0 ? n : 0;
        }
    }
    if (receive_all(out) != 0)
        die("more than was sent");
    shutdown(out, SHUT_WR);
    if (receive_all(in) != 0)
        die("bytes that nobody has sent");
    load->figure = cpu_since_us(load, from_ns) / (double)load->n;
}

/* ---- lines ---- */

/* Fills `piece` with lines of different lengths; returns how many, and the bytes in *size. */
static long make_lines(size_t *size)
{
    unsigned seed = 1;
    long lines = 0;
    for (*size = 0; *size + LINE_MOST < PIECE; lines++) {
        seed = seed * 1103515245 + 12345;
        size_t length = LINE_LEAST + (seed >> 16) % (LINE_MOST - LINE_LEAST);
        memset(piece + *size, 'a' + (int)(lines % 26), length);
        piece[*size + length] = '\n';
        *size += length + 1;
    }
    return lines;
}

void load_lines(struct load *load)
{
    char answer[32] = "";
    size_t size;
    long lines = make_lines(&size), pieces = (load->n + lines - 1) / lines;
    int fd = connect_to_server(load, SOCK_STREAM);
    int64_t from_ns = server_cpu_ns(load);
    for (long i = 0; i < pieces; i++)
        send_all(fd, piece, size);
    shutdown(fd, SHUT_WR);
    if (recv(fd, answer, sizeof answer - 1, MSG_WAITALL) < 0)
        die("recv");
    if (atol(answer) != pieces * lines) {
        fprintf(stderr, "load: %ld lines were sent, the server says %s\n", pieces * lines, answer);
        exit(1);
    }
    load->figure = cpu_since_us(load, from_ns) * 1e3 / (double)(pieces * lines);
    close(fd);
}
