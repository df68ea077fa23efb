/*
 * blocking_server: a server with two handlers that do not come back for a while, and what that
 * costs the other clients: first with the calls in the task, then on the pool.
 *
 *     bide run examples/blocking_server.c
 *
 * The server and its clients are in this one program. One client asks for something slow, another
 * one sends "ping" all the time and looks at the clock.
 */
#include <bide/bide.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE_MAX = 100 };

static atomic_long pings; /* that were answered */

/* ---- the server ---- */

/* What the slow handlers do: they count, and they read from a file. Both return the number of pings
 * that were answered meanwhile. */
static long count(void)
{
    long before = pings;
    for (volatile long n = 0; n < 50000000; n++)
        continue;
    return pings - before;
}

/* A pipe stands for a file that is far away, or on a disk that sleeps: the first byte takes 300 ms.
 */
static long read_file(void)
{
    long before = pings;
    char text[100];
    FILE *far = popen("sleep 0.3; echo text", "r");
    if (far == NULL)
        return -errno;
    ssize_t n = read(fileno(far), text, sizeof(text));
    pclose(far);
    return n > 0 ? pings - before : -EIO;
}

/* One word is the difference between a server that stands still and one that does not. */
static async long answer(const char *request, bool right)
{
    if (strcmp(request, "count") == 0)
        return right ? await bide_blocking(count()) : count();
    if (strcmp(request, "read") == 0)
        return right ? await bide_blocking(read_file()) : read_file();
    return ++pings;
}

static async int serve_client(bide_stream *client, bool right)
{
    defer {
        bide_stream_close(client);
    }
    bide_reader *reader = NULL;
    int r = bide_reader_new(client, LINE_SIZE_MAX, &reader);
    if (r < 0)
        return r;
    defer {
        bide_reader_free(reader);
    }

    char *request, text[LINE_SIZE_MAX];
    while ((r = await bide_reader_line(reader, &request, NULL)) > 0) {
        long n = await answer(request, right);
        snprintf(text, sizeof(text), "%ld\n", n);
        r = await bide_stream_write_all(client, text, strlen(text), NULL);
        if (r < 0)
            return r;
    }
    return r;
}

static async int serve(bide_tcp_listener *listener, bool right)
{
    int r = 0;
    bide_scope(clients) {
        bide_stream *client;
        while ((r = await bide_tcp_accept(listener, &client)) == 0)
            bide_scope_spawn(clients, serve_client(client, right));
    }
    return r;
}

/* ---- the clients ---- */

struct client {
    bide_stream *stream;
    bide_reader *reader;
};

static async int begin(struct client *c, int port)
{
    int r = await bide_tcp_connect("127.0.0.1", (uint16_t)port, &c->stream);
    return r < 0 ? r : bide_reader_new(c->stream, LINE_SIZE_MAX, &c->reader);
}

static void end(struct client *c)
{
    bide_reader_free(c->reader);
    bide_stream_close(c->stream);
}

/* Sends a request, and stores the number that comes back. Returns 0, or a negative errno. */
static async int ask(struct client *c, const char *request, long *number)
{
    char text[LINE_SIZE_MAX], *line;
    snprintf(text, sizeof(text), "%s\n", request);
    int r = await bide_stream_write_all(c->stream, text, strlen(text), NULL);
    if (r < 0)
        return r;
    r = await bide_reader_line(c->reader, &line, NULL);
    if (r <= 0)
        return r < 0 ? r : -EPIPE;
    *number = atol(line);
    return *number < 0 ? (int)*number : 0;
}

/* Asks until it is cancelled; remembers for how long an answer took at most. */
static async int ask_all_the_time(struct client *c, double *longest_ms)
{
    for (;;) {
        long number;
        bide_instant start = bide_now();
        defer {
            double ms = (double)bide_elapsed(start).ns / 1e6;
            if (ms > *longest_ms)
                *longest_ms = ms;
        }
        int r = await ask(c, "ping", &number);
        if (r < 0)
            return r;
    }
}

static async int compare(int port, const char *way)
{
    static const char *const requests[] = {"count", "read"};
    struct client quick = {0}, slow = {0};
    defer {
        end(&quick);
        end(&slow);
    }
    int r = await begin(&quick, port);
    if (r == 0)
        r = await begin(&slow, port);
    for (int i = 0; i < 2 && r == 0; i++) {
        double longest_ms = 0;
        long meanwhile = 0;
        /* The first one never ends by itself, unless there is an error. */
        await bide_select(r = ask_all_the_time(&quick, &longest_ms),
                          r = ask(&slow, requests[i], &meanwhile));
        printf("%s, \"%s\": %ld pings were answered meanwhile, the slowest after %.1f ms\n", way,
               requests[i], meanwhile, longest_ms);
    }
    return r;
}

/* ---- both ---- */

static async int run(bool right)
{
    bide_tcp_listener *listener = NULL;
    int r = bide_tcp_listen("127.0.0.1", 0, &listener);
    if (r < 0)
        return r;
    defer {
        bide_tcp_listener_close(listener);
    }
    await bide_select(r = serve(listener, right),
                      r = compare(bide_tcp_port(listener), right ? "right" : "wrong"));
    return r;
}

async int main(void)
{
    int r = await run(false);
    return r < 0 ? r : await run(true);
}
