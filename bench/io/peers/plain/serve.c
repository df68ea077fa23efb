/*
 * bench/io/peers/plain/serve.c: servers that block, for one client after another: a file sent by
 * sendfile(2), bytes moved between two connections by splice(2), lines counted by memchr(3).
 */
#define _GNU_SOURCE
#include "plain.h"

#include "run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const char *data_path(const char *name)
{
    static char path[PATH_SIZE];
    const char *data = getenv("IO_DATA");
    snprintf(path, sizeof path, "%s/%s", data != NULL ? data : ".", name);
    return path;
}

static int accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    run_expect(fd >= 0, "accept4");
    return fd;
}

static void send_file(int to)
{
    char request;
    struct stat status;
    int fd = open(data_path("send"), O_RDONLY | O_CLOEXEC);
    run_expect(recv(to, &request, 1, 0) == 1, "recv");
    run_expect(fd >= 0 && fstat(fd, &status) == 0, "the file");
    for (off_t at = 0; at < status.st_size;)
        run_expect(sendfile(to, fd, &at, (size_t)(status.st_size - at)) > 0, "sendfile");
    close(fd);
    close(to);
}

/* Moves everything, and then the end. */
static void move(int from, int to, const int pipe_ends[2])
{
    ssize_t n;
    while ((n = splice(from, NULL, pipe_ends[1], NULL, PIECE_SIZE, SPLICE_F_MOVE)) > 0)
        for (ssize_t out, left = n; left > 0; left -= out) {
            out = splice(pipe_ends[0], NULL, to, NULL, (size_t)left, SPLICE_F_MOVE);
            run_expect(out > 0, "splice");
        }
    run_expect(n == 0, "splice");
    shutdown(to, SHUT_WR);
}

static void relay(int one, int other)
{
    int ends[2];
    run_expect(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    move(one, other, ends);
    move(other, one, ends);
    close(ends[0]);
    close(ends[1]);
    close(one);
    close(other);
}

static void count_lines(int fd)
{
    static char buffer[PIECE_SIZE];
    long lines = 0;
    ssize_t n;
    char answer[32];
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        for (char *at = buffer; (at = memchr(at, '\n', (size_t)(buffer + n - at))) != NULL; at++)
            lines++;
    int size = snprintf(answer, sizeof answer, "%ld\n", lines);
    run_expect(send(fd, answer, (size_t)size, MSG_NOSIGNAL) == size, "send");
    close(fd);
}

int serve(const char *what)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    run_expect(listener >= 0 && bind(listener, (struct sockaddr *)&at, size) == 0 &&
                   listen(listener, 4096) == 0 &&
                   getsockname(listener, (struct sockaddr *)&at, &size) == 0,
               "a socket");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    if (strcmp(what, "tls") == 0)
        serve_tls(listener, 1024);
    if (strcmp(what, "tls_bulk") == 0)
        serve_tls(listener, PIECE_SIZE);
    for (;;) {
        int fd = accept_one(listener);
        if (strcmp(what, "file") == 0)
            send_file(fd);
        else if (strcmp(what, "relay") == 0)
            relay(fd, accept_one(listener));
        else if (strcmp(what, "lines") == 0)
            count_lines(fd);
        else
            return NOT_BUILT;
    }
}
