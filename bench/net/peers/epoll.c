/*
 * bench/net/peers/epoll.c: the floor of `./x bench net`: an echo server that does only what must be
 * done, by epoll. One wait for all connections, and for each message one recv and one send.
 *
 *   epoll echo|lean|bulk|udp
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, BUFFER_SIZE = 65536 };

struct conn {
    int fd;
    size_t pending; /* bytes that could not be sent yet, in `rest` */
    char *rest;
};

static char buffer[BUFFER_SIZE];
static int ep;

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void watch(int op, int fd, uint32_t events, void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};
    check(epoll_ctl(ep, op, fd, &event) == 0, "epoll_ctl");
}

static void accept_all(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN)
            return;
        check(fd >= 0, "accept4");
        struct conn *conn = calloc(1, sizeof *conn);
        check(conn != NULL, "calloc");
        conn->fd = fd;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, conn);
    }
}

static void end(struct conn *conn)
{
    close(conn->fd);
    free(conn->rest);
    free(conn);
}

/* Sends; keeps what does not go. Returns false if the connection is broken. */
static bool send_back(struct conn *conn, const char *data, size_t size)
{
    ssize_t n = send(conn->fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        return false;
    size_t sent = n > 0 ? (size_t)n : 0;
    if (sent < size) {
        if (conn->rest == NULL)
            conn->rest = malloc(BUFFER_SIZE);
        check(conn->rest != NULL, "malloc");
        memmove(conn->rest, data + sent, size - sent);
    }
    if ((conn->pending > 0) != (sent < size))
        watch(EPOLL_CTL_MOD, conn->fd, sent < size ? EPOLLOUT : EPOLLIN, conn);
    conn->pending = size - sent;
    return true;
}

static void serve(struct conn *conn)
{
    bool good;
    if (conn->pending > 0) {
        good = send_back(conn, conn->rest, conn->pending);
    } else {
        ssize_t n = recv(conn->fd, buffer, sizeof buffer, 0);
        good = n > 0 ? send_back(conn, buffer, (size_t)n) : n < 0 && errno == EAGAIN;
    }
    if (!good)
        end(conn);
}

static void serve_datagrams(int fd)
{
    struct sockaddr_in from;
    for (;;) {
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size);
        if (n < 0)
            return;
        sendto(fd, buffer, (size_t)n, 0, (struct sockaddr *)&from, size);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct epoll_event events[EVENTS_MAX];
    bool udp = argc > 1 && strcmp(argv[1], "udp") == 0;
    if (argc > 1 && strcmp(argv[1], "stuck") == 0)
        return 77;
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              (udp || listen(fd, 4096) == 0) && getsockname(fd, (struct sockaddr *)&at, &size) == 0,
          "a socket");
    ep = epoll_create1(EPOLL_CLOEXEC);
    check(ep >= 0, "epoll_create1");
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(ep, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr != NULL)
                serve(events[i].data.ptr);
            else if (udp)
                serve_datagrams(fd);
            else
                accept_all(fd);
    }
}
