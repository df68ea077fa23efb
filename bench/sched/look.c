/*
 * bench/sched/look.c: somebody who looks at this process through its console, as `bide top` does:
 * another process, which asks once a second, for the first time after half of one.
 *
 * It is made before there are threads. A line that is no question is answered at once: then it is
 * attached, and what is measured begins. It tells each answer to the process that it looks at.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int parent = -1; /* the parent's end of a pair */

static int attach(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("BIDE_CONSOLE");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || path == NULL || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* An answer is a line. False: the program has ended. */
static bool ask(int fd, const char *question)
{
    static char answer[65536];
    ssize_t n = send(fd, question, strlen(question), MSG_NOSIGNAL);

    while (n > 0) {
        n = read(fd, answer, sizeof answer);
        if (n > 0 && answer[n - 1] == '\n')
            return true;
    }
    return false;
}

static _Noreturn void look(int child)
{
    char go;
    int fd, wait_ms = 500;

    close(STDOUT_FILENO); /* the script reads it to its end */
    if (read(child, &go, 1) == 1 && (fd = attach()) >= 0 && ask(fd, "hello\n") &&
        write(child, &go, 1) == 1) {
        struct pollfd end = {.fd = fd, .events = POLLIN};
        while (poll(&end, 1, wait_ms) == 0 && ask(fd, "tasks\n") && write(child, &go, 1) == 1)
            wait_ms = 1000;
    }
    _exit(0);
}

void look_prepare(void)
{
    int pair[2];

    expect("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid_t pid = fork();
    expect("fork", pid >= 0, true);
    if (pid == 0) {
        close(pair[0]);
        look(pair[1]);
    }
    close(pair[1]);
    parent = pair[0];
}

void look_begin(void)
{
    char go = 1;

    if (parent >= 0)
        expect("attached", write(parent, &go, 1) == 1 && read(parent, &go, 1) == 1, true);
}

void look_end(void)
{
    char answered;

    if (parent >= 0)
        expect("answered", read(parent, &answered, 1), 1);
}
