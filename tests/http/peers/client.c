/*
 * tests/http/peers/client.c: clients that behave badly, and many that behave well, for the server
 * beside this file. Prints what it has done; exit status 1 and a line if something was wrong.
 *
 *   client many PORT N      N connections at once, with three requests on each
 *   client leave PORT STEP  leaves at every byte of requests and responses, or at one in STEP, with
 *                           FIN and with RST
 *   client slow PORT PID    heads, bodies and readers that are slow, beside clients that are not
 *   client cut PORT         the same, until an impatient server has cut them
 *
 * The server's process is PID. /count tells how many connections it has.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static uint16_t port;

static _Noreturn void fail(const char *what)
{
    printf("FAILED: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) < 0)
        fail("the server is gone");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- one connection ---- */

static int open_conn(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Sends all; false if the server has closed the connection. */
static bool send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* Receives at most `size` bytes; 0: the server has closed. */
static size_t receive(int fd, char *data, size_t size)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, PATIENCE_MS) <= 0)
        fail("the server is silent");
    ssize_t n = recv(fd, data, size, 0);
    return n < 0 ? 0 : (size_t)n;
}

/* Receives one response with a Content-Length. Returns its status, or 0: it has not come whole. */
static int receive_response(int fd)
{
    char data[8192];
    size_t size = 0, n;
    char *end = NULL;
    while (end == NULL) {
        n = receive(fd, data + size, sizeof data - 1 - size);
        if (n == 0)
            return 0;
        size += n;
        data[size] = '\0';
        end = strstr(data, "\r\n\r\n");
    }
    char *length = strcasestr(data, "\r\nContent-Length: ");
    size_t whole = (size_t)(end + 4 - data) + (length != NULL ? strtoul(length + 18, NULL, 10) : 0);
    for (; size < whole; size += n)
        if ((n = receive(fd, data, sizeof data)) == 0)
            return 0;
    return size == whole ? atoi(strchr(data, ' ')) : 0;
}

#define HELLO "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void ask_hello(int fd)
{
    if (!send_all(fd, HELLO, sizeof HELLO - 1) || receive_response(fd) != 200)
        fail("a good client is not served");
}

static void leave(int fd, bool resets)
{
    struct linger hard = {1, 0};
    if (resets)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* How many connections the server has, without this one. */
static int connections(void)
{
    char data[1024];
    size_t size = 0, n;
    static const char request[] =
        "GET /count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = open_conn();
    if (!send_all(fd, request, sizeof request - 1))
        fail("send");
    while (size < sizeof data - 1 && (n = receive(fd, data + size, sizeof data - 1 - size)) > 0)
        size += n;
    close(fd);
    data[size] = '\0';
    char *body = strstr(data, "\r\n\r\n");
    if (body == NULL)
        fail("the number of connections");
    return atoi(body + 4) - 1;
}

/* Waits until the server has `count` connections at most. */
static void until_connections(int count, const char *what)
{
    int64_t end = now_ms() + PATIENCE_MS;
    while (connections() > count) {
        if (now_ms() > end) {
            printf("%d connections are left\n", connections());
            fail(what);
        }
        usleep(2000);
    }
}

/* ---- many ---- */

static void many(int count)
{
    int *fds = calloc((size_t)count, sizeof *fds);
    if (fds == NULL)
        fail("calloc");
    for (int i = 0; i < count; i++)
        fds[i] = open_conn();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < count; i++)
            if (!send_all(fds[i], HELLO, sizeof HELLO - 1))
                fail("send");
        for (int i = 0; i < count; i++)
            if (receive_response(fds[i]) != 200)
                fail("one of many is not served");
    }
    if (connections() != count)
        fail("the server has another number of connections");
    for (int i = 0; i < count; i++)
        leave(fds[i], i % 2);
    until_connections(0, "connections that were left");
    printf("%d connections\n", count);
    free(fds);
}

/* ---- leaving ---- */

static const char *const requests[] = {
    "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
    "5;a=b\r\n01234\r\n5\r\n56789\r\n0\r\nX: y\r\n\r\n",
    "POST /all HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
    "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
};

/* Receives `size` bytes of the responses. False: there are fewer, within 20 ms. */
static bool receive_a_part(int fd, size_t size)
{
    char data[256];
    while (size > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        size_t most = size < sizeof data ? size : sizeof data;
        ssize_t n = poll(&wait, 1, 20) > 0 ? recv(fd, data, most, 0) : 0;
        if (n <= 0)
            return false;
        size -= (size_t)n;
    }
    return true;
}

static void leave_everywhere(size_t step)
{
    int left = 0;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        size_t size = strlen(requests[i]);
        bool answers = true;
        for (size_t at = i % step; answers; at += step) {
            int fd = open_conn();
            if (!send_all(fd, requests[i], at < size ? at : size))
                fail("send");
            if (at > size)
                answers = receive_a_part(fd, at - size);
            leave(fd, left % 2);
            left++;
        }
        int good = open_conn();
        ask_hello(good);
        close(good);
        until_connections(0, "a client has left");
    }
    printf("%d clients left\n", left);
}

/* ---- slow ones ---- */

enum { HEADS = 200, BODIES = 50, READERS = 50, SLOW = HEADS + BODIES + READERS, GOOD = 8 };
enum { WINDOWS = 5, WINDOW_MS = 100, DRIP_MS = 50, TRIES = 3 };

static int slow[SLOW];

static void begin_attack(void)
{
    static const char head[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
    static const char body[] =
        "POST /all HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n";
    static const char reader[] = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int few = 4096;
    for (int i = 0; i < SLOW; i++) {
        const char *text = i < HEADS ? head : i < HEADS + BODIES ? body : reader;
        slow[i] = open_conn();
        if (text == reader && setsockopt(slow[i], SOL_SOCKET, SO_RCVBUF, &few, sizeof few) < 0)
            fail("SO_RCVBUF");
        if (!send_all(slow[i], text, strlen(text)))
            fail("send");
    }
}

/* One in ten sends or reads a byte, so each does every half second. The server may
 * have closed the connection. */
static void drip(void)
{
    static int turn;
    char byte;
    for (int i = turn++ % 10; i < SLOW; i += 10)
        if (i < HEADS + BODIES)
            (void)!send(slow[i], turn % 2 ? "x" : "y", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            (void)!recv(slow[i], &byte, 1, MSG_DONTWAIT);
}

/* Waits until the server has done what new connections, or their ends, cost. On a loaded machine it
 * may not run at all for a while, so each look is behind an answer. */
static void until_quiet(clockid_t server, int good)
{
    int64_t end = now_ms() + PATIENCE_MS, before_ns, after_ns = clock_ns(server);
    int quiet = 0;
    while (quiet < 3) {
        before_ns = after_ns;
        usleep(5000);
        ask_hello(good);
        after_ns = clock_ns(server);
        quiet = after_ns - before_ns < 500000 ? quiet + 1 : 0;
        if (now_ms() > end)
            fail("the server is never quiet");
    }
}

static void end_attack(void)
{
    for (int i = 0; i < SLOW; i++)
        leave(slow[i], i % 2);
}

/* Requests of good clients a second of the server's time, over a window. */
static double service(clockid_t server, const int *good, bool attacked, double *slowest_ms)
{
    long served = 0;
    int64_t cpu_ns = clock_ns(server), end = now_ms() + WINDOW_MS, next_drip = 0;
    while (now_ms() < end) {
        int64_t from_ns = clock_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < GOOD; i++)
            if (!send_all(good[i], HELLO, sizeof HELLO - 1))
                fail("send");
        for (int i = 0; i < GOOD; i++)
            if (receive_response(good[i]) != 200)
                fail("a good client is not served");
        served += GOOD;
        double ms = (double)(clock_ns(CLOCK_MONOTONIC) - from_ns) / 1e6;
        *slowest_ms = ms > *slowest_ms ? ms : *slowest_ms;
        if (attacked && now_ms() >= next_drip) {
            drip();
            next_drip = now_ms() + DRIP_MS;
        }
    }
    return (double)served / ((double)(clock_ns(server) - cpu_ns) / 1e9);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The server cuts those that are slow: heads and bodies after their timeouts, readers too. */
static void until_cut(void)
{
    int64_t end = now_ms() + PATIENCE_MS;
    int good = open_conn();
    ask_hello(good);
    begin_attack();
    while (connections() > 1) {
        if (now_ms() > end)
            fail("slow clients are not cut");
        drip();
        usleep(DRIP_MS * 1000);
    }
    ask_hello(good);
    printf("%d slow clients are cut\n", SLOW);
}

/* The median of the service that is left beside the attack. */
static double service_left(clockid_t server, const int *good)
{
    double ratios[WINDOWS], slowest_ms = 0;
    for (int i = 0; i < WINDOWS; i++) {
        double quiet = service(server, good, false, &slowest_ms);
        begin_attack();
        while (connections() < GOOD + SLOW)
            usleep(2000);
        until_quiet(server, good[0]);
        ratios[i] = service(server, good, true, &slowest_ms) / quiet;
        end_attack();
        until_connections(GOOD, "slow clients have left");
        until_quiet(server, good[0]);
    }
    qsort(ratios, WINDOWS, sizeof *ratios, by_size);
    printf("%.2f of the service is left (%.2f to %.2f); the slowest answer took %.1f ms\n",
           ratios[WINDOWS / 2], ratios[0], ratios[WINDOWS - 1], slowest_ms);
    return ratios[WINDOWS / 2];
}

/* A machine that does other things as well may be wrong once or twice. */
static void attack(pid_t pid)
{
    int good[GOOD], tries = 1;
    clockid_t server;
    if (clock_getcpuclockid(pid, &server) != 0)
        fail("the server's clock");
    for (int i = 0; i < GOOD; i++)
        ask_hello(good[i] = open_conn());
    while (service_left(server, good) < 0.9)
        if (tries++ == TRIES)
            fail("service");
    for (int i = 0; i < GOOD; i++) {
        ask_hello(good[i]);
        close(good[i]);
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const char *what = argc > 2 ? argv[1] : "";
    port = (uint16_t)(argc > 2 ? atoi(argv[2]) : 0);
    if (strcmp(what, "many") == 0 && argc == 4)
        many(atoi(argv[3]));
    else if (strcmp(what, "leave") == 0 && argc == 4 && atoi(argv[3]) > 0)
        leave_everywhere((size_t)atoi(argv[3]));
    else if (strcmp(what, "slow") == 0 && argc == 4)
        attack((pid_t)atoi(argv[3]));
    else if (strcmp(what, "cut") == 0)
        until_cut();
    else
        return 2;
    return 0;
}
