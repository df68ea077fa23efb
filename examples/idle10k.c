/*
 * idle10k: a server with ten thousand connections that hardly ever say anything, and what they cost
 * in memory. Each has a task of its own, which waits in an ordinary loop.
 *
 *     idle10k [PORT]               the server; it prints the port, and how it is when that changes
 *     idle10k --connect PORT N     in another terminal: N connections to it, each of which sends
 *                                  "ping" once in a while
 *     echo status | nc 127.0.0.1 PORT
 *
 * Ctrl-C ends both. The memory is that of the process; what the kernel has for a connection, some
 * KiB, comes on top, whoever serves it. More than one thread: `bide_runtime(multi_thread);` or
 * `bide_runtime(thread_per_core);` before main.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { REQUEST_SIZE_MAX = 16, CONNECTS_AT_ONCE = 100, PING_EVERY_MS_MAX = 60000 };

static atomic_int connections;
static long bytes_before; /* of the process, without connections */

/* ---- the server ---- */

/* What the process has in memory, without its files; 0 if /proc cannot be read. */
static long bytes_in_memory(void)
{
    long kib = 0;
    char line[100];
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "RssAnon: %ld", &kib) != 1)
        continue;
    fclose(status);
    return kib * 1024;
}

/* For a few connections the memory says nothing: it comes in pages, and in larger pieces. */
static void describe(char *text, size_t size)
{
    int count = connections;
    long bytes = bytes_in_memory(), more = bytes > bytes_before ? bytes - bytes_before : 0;
    int n = snprintf(text, size, "%d connections, %.1f MiB", count, (double)bytes / 1048576);
    if (count >= 100)
        n += snprintf(text + n, size - (size_t)n, ", %ld bytes a connection", more / count);
    snprintf(text + n, size - (size_t)n, "\n");
}

/* Reads a line of at most REQUEST_SIZE_MAX bytes. A bide_reader would be simpler, but has a buffer
 * of its own, and this is about memory. Returns 1, 0 at the end, or a negative errno. */
static async int read_request(bide_stream *stream, char request[REQUEST_SIZE_MAX + 1])
{
    for (size_t size = 0; size < REQUEST_SIZE_MAX;) {
        ssize_t n = await bide_stream_read(stream, request + size, REQUEST_SIZE_MAX - size);
        if (n <= 0)
            return (int)n;
        size += (size_t)n;
        request[size] = '\0';
        char *end = strpbrk(request, "\r\n");
        if (end != NULL) {
            *end = '\0'; /* what a client sends before it has its answer is lost */
            return 1;
        }
    }
    return -EMSGSIZE;
}

/* Not a part of `serve`, so that its buffer is in the frame only while there is an answer. */
static async int send_status(bide_stream *stream)
{
    char text[100];
    describe(text, sizeof text);
    return await bide_stream_write_all(stream, text, strlen(text), NULL);
}

static async int serve(bide_stream *stream)
{
    char request[REQUEST_SIZE_MAX + 1];
    int rc;
    connections++;
    defer {
        connections--;
        bide_stream_close(stream);
    }
    while ((rc = await read_request(stream, request)) > 0) {
        if (strcmp(request, "status") == 0)
            rc = await send_status(stream);
        else
            rc = await bide_stream_write_all(stream, "pong\n", 5, NULL);
        if (rc < 0)
            break;
    }
    return rc;
}

static async void report(void)
{
    char text[100];
    bide_interval second = bide_interval_every(BIDE_S(1), BIDE_MISSED_SKIP);
    for (int last = 0;; last = connections) {
        await bide_interval_tick(&second);
        if (connections == last)
            continue;
        describe(text, sizeof text);
        fputs(text, stdout);
    }
}

static async int accept_all(bide_tcp_listener *listener)
{
    int rc = 0;
    bide_scope(clients) {
        bide_stream *stream;
        while ((rc = await bide_tcp_accept(listener, &stream)) == 0)
            bide_scope_spawn(clients, serve(stream));
    }
    return rc;
}

/* With thread_per_core each core has a listener of its own at the same port, and the system gives
 * each a share of the connections. */
static int listen_at(uint16_t port, bide_tcp_listener **listener)
{
    bide_tcp_options options = {.reuse_port = bide_runtime_cores(bide_runtime_current()) > 1};
    return bide_tcp_listen_with("127.0.0.1", port, &options, listener);
}

static async int run_core(uint16_t port)
{
    bide_tcp_listener *listener = NULL;
    int rc = listen_at(port, &listener);
    if (rc < 0)
        return rc;
    defer {
        bide_tcp_listener_close(listener);
    }
    return await accept_all(listener);
}

static async int run_server(uint16_t port)
{
    bide_tcp_listener *listener = NULL;
    int rc = listen_at(port, &listener);
    if (rc < 0)
        return rc;
    defer {
        bide_tcp_listener_close(listener);
    }
    port = (uint16_t)bide_tcp_port(listener);
    for (uint32_t core = 1; core < bide_runtime_cores(bide_runtime_current()); core++)
        bide_task_detach(bide_spawn_at(core, run_core(port))); /* end when main has returned */
    printf("listening on port %d\n", port);
    bytes_before = bytes_in_memory();
    if (await bide_select(rc = accept_all(listener), report(), bide_ctrl_c()) == 2)
        printf("stopping; %d connections left\n", connections);
    return rc;
}

/* ---- the client ---- */

static bide_semaphore connecting = BIDE_SEMAPHORE_INIT(CONNECTS_AT_ONCE);
static atomic_int answers;

/* Returns 0 when the server has closed the connection. */
static async int ping_now_and_then(bide_stream *stream, uint32_t random)
{
    char answer[8];
    for (;;) {
        random = random * 1664525 + 1013904223; /* each at another time */
        await bide_sleep(BIDE_MS(random % PING_EVERY_MS_MAX));
        int rc = await bide_stream_write_all(stream, "ping\n", 5, NULL);
        if (rc == 0)
            rc = await bide_stream_read_exactly(stream, answer, 5, NULL);
        if (rc < 0)
            return rc == -ENODATA ? 0 : rc;
        answers++;
    }
}

static async int connect_one(uint16_t port, int number)
{
    bide_stream *stream = NULL;
    defer {
        bide_stream_close(stream);
    }
    int rc = await bide_semaphore_acquire(&connecting, 1);
    if (rc == 0) {
        defer {
            bide_semaphore_release(&connecting, 1);
        }
        rc = await bide_tcp_connect("127.0.0.1", port, &stream);
    }
    if (rc < 0)
        return rc;
    connections++;
    defer {
        connections--;
    }
    return await ping_now_and_then(stream, (uint32_t)number);
}

/* Ends when all connections have ended. Returns why the first one has. */
static async int connect_all(uint16_t port, int count)
{
    bide_task_set(int) set;
    int rc = bide_task_set_new(0, &set);
    if (rc < 0)
        return rc;
    defer {
        await bide_task_set_close(set);
    }
    for (int i = 0; i < count; i++)
        bide_task_set_spawn(set, connect_one(port, i));
    int lost = 0, ended, first = 0;
    for (; (rc = await bide_task_set_next(set, &ended)) > 0; lost++)
        if (lost == 0) {
            first = ended;
            printf("a connection has ended: %s\n", ended < 0 ? strerror(-ended) : "closed");
        }
    return rc < 0 ? rc : first;
}

static async void report_connected(int count)
{
    while (connections < count)
        await bide_sleep(BIDE_MS(20));
    printf("%d connections\n", count);
    for (int last = 0;;) {
        await bide_sleep(BIDE_S(5));
        printf("%d connections, %d answers in 5 s\n", connections, answers - last);
        last = answers;
    }
}

/* -1: it is none. */
static int number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' ? atoi(text) : -1;
}

async int main(int argc, char **argv)
{
    bool is_client = argc == 4 && strcmp(argv[1], "--connect") == 0;
    int port = is_client ? number(argv[2]) : argc == 2 ? number(argv[1]) : 0, rc = 0;
    int count = is_client ? number(argv[3]) : 0;
    if (port < 0 || port > UINT16_MAX || (argc > 2 && count < 1)) {
        fputs("usage: idle10k [PORT]\n       idle10k --connect PORT N\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);

    /* As many descriptors as we may have; 1,024 is what a shell gives at first. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur < 10100)
            printf("only %d descriptors are allowed (ulimit -Hn)\n", (int)limit.rlim_cur);
    }
    if (!is_client)
        return await run_server((uint16_t)port);
    await bide_select(rc = connect_all((uint16_t)port, count), report_connected(count),
                      bide_ctrl_c());
    return rc;
}
