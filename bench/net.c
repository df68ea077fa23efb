/*
 * bench/net.c: the server of `./x bench net` on bide: a task for each connection, which sends back
 * what it reads. bench/net/peers, tokio and go have the same server, with the same arguments.
 *
 *   net echo     a buffer of 1 KiB in each task
 *   net lean     no buffer in a task: all read into the same one, and copy what does not go at once
 *   net bulk     a buffer of 64 KiB
 *   net udp      a socket for datagrams, each of which goes back to its sender
 *   net stuck    echo on two workers; "S" is answered after a second of computing
 *
 * It prints the number of its port and serves until it is killed. The exit status is 77 if this
 * build cannot do what was asked for.
 */
#include "bench/common/driver.h"

#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SMALL = 1024, LARGE = 65536 };

static bool is_stuck_wanted;

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void compute_a_second(void)
{
    for (int64_t end_ns = clock_ns() + 1000000000; clock_ns() < end_ns;)
        continue;
}

static async void echo(bide_stream *stream)
{
    char buffer[SMALL];
    ssize_t n;
    defer {
        bide_stream_close(stream);
    }
    while ((n = await bide_stream_read(stream, buffer, sizeof buffer)) > 0) {
        if (is_stuck_wanted && buffer[0] == 'S')
            compute_a_second();
        if (await bide_stream_write_all(stream, buffer, (size_t)n, NULL) < 0)
            return;
    }
}

static async void bulk(bide_stream *stream)
{
    char *buffer = malloc(LARGE);
    ssize_t n;
    defer {
        free(buffer);
        bide_stream_close(stream);
    }
    while (buffer != NULL && (n = await bide_stream_read(stream, buffer, LARGE)) > 0)
        if (await bide_stream_write_all(stream, buffer, (size_t)n, NULL) < 0)
            return;
}

/* Sends what does not block, and returns how much that was, or -1. */
static ssize_t send_now(bide_stream *stream, const char *data, size_t size)
{
    ssize_t n = send(bide_stream_fd(stream), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Between the end of a read and the next wait no other task runs, so what was read is still there.
 */
static async void lean(bide_stream *stream)
{
    static char shared[LARGE];
    defer {
        bide_stream_close(stream);
    }
    for (ssize_t n; (n = await bide_stream_read(stream, shared, sizeof shared)) > 0;) {
        ssize_t sent = send_now(stream, shared, (size_t)n);
        if (sent == n)
            continue;
        char *rest = sent < 0 ? NULL : malloc((size_t)(n - sent));
        if (rest == NULL)
            return;
        memcpy(rest, shared + sent, (size_t)(n - sent));
        int r = await bide_stream_write_all(stream, rest, (size_t)(n - sent), NULL);
        free(rest);
        if (r < 0)
            return;
    }
}

static async int serve_connections(const char *what)
{
    bide_tcp_listener *listener;
    bide_stream *stream;
    int r = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (r < 0)
        return r;
    defer {
        bide_tcp_listener_close(listener);
    }
    printf("%d\n", bide_tcp_port(listener));
    fflush(stdout);
    while ((r = await bide_tcp_accept(listener, &stream)) == 0)
        if (what[0] == 'l')
            bide_task_detach(bide_spawn(lean(stream)));
        else if (what[0] == 'b')
            bide_task_detach(bide_spawn(bulk(stream)));
        else
            bide_task_detach(bide_spawn(echo(stream)));
    return r;
}

static async int serve_datagrams(void)
{
    char buffer[2048];
    bide_address from;
    bide_udp *udp;
    ssize_t n = bide_udp_bind("127.0.0.1", 0, &udp);
    if (n < 0)
        return (int)n;
    defer {
        bide_udp_close(udp);
    }
    printf("%d\n", bide_udp_port(udp));
    fflush(stdout);
    while ((n = await bide_udp_receive(udp, buffer, sizeof buffer, &from)) >= 0)
        (void)await bide_udp_send_to(udp, buffer, (size_t)n, &from); /* a lost one is a lost one */
    return (int)n;
}

/* Two workers, in the place of the program's runtime. */
static int serve_stuck(void)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_runtime *rt;
    int r = bide_runtime_new(&options, &rt);
    if (r < 0)
        return r;
    bide_runtime_enter(rt);
    return bide_block_on(serve_connections("stuck"));
}

async int main(int argc, char **argv)
{
    static const char *const known[] = {"echo", "lean", "bulk", "udp", "stuck"};
    const char *what = argc == 2 ? argv[1] : "";
    size_t i = 0;
    while (i < sizeof known / sizeof *known && strcmp(known[i], what) != 0)
        i++;
    if (i == sizeof known / sizeof *known) {
        fputs("net echo|lean|bulk|udp|stuck\n", stderr);
        return 2;
    }
    int r;
    is_stuck_wanted = what[0] == 's';
    if (is_stuck_wanted)
        r = await bide_blocking(serve_stuck());
    else
        r = what[0] == 'u' ? await serve_datagrams() : await serve_connections(what);
    fprintf(stderr, "net: %s\n", strerror(-r));
    return 1;
}
