/*
 * server SOCKET FILE: a program that `bide top` looks at, for tests. It listens on the socket,
 * prints the number of its process, and goes on in the background.
 *
 * Each line "tasks" is answered with the next line of FILE; the last one is used again and again.
 * Lines that begin with @ are no answers:
 *
 *   @close       closes the connection
 *   @part TEXT   sends the text without an end, and closes the connection
 *   @twice TEXT  sends the text as two lines
 *   @first TEXT  sends the text when a client comes, before it has asked (only as the first line)
 *   @long N      sends N MiB without an end
 *   @silent      does not answer
 *   @wait NAME   answers with the line after it when there is a file NAME
 *   @big N LINE  sends the line with its word TASKS replaced by N tasks
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIFE_S = 300 };

static char *lines[64];
static int count;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            exit(0); /* the client has gone */
        text += n;
        size -= (size_t)n;
    }
}

static void send_line(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
    send_all(fd, "\n", 1);
}

static void send_long(int fd, int mib)
{
    static char block[1 << 20];

    memset(block, ' ', sizeof block);
    while (mib-- > 0)
        send_all(fd, block, sizeof block);
}

static void send_big(int fd, const char *text)
{
    char *line, task[400];
    long tasks = strtol(text, &line, 10);
    const char *from = strstr(line, "TASKS");

    send_all(fd, line, (size_t)(from - line));
    for (long i = 1; i <= tasks; i++) {
        int n =
            snprintf(task, sizeof task,
                     "%s{\"id\":\"%lx\",\"kind\":\"task\",\"name\":\"number %ld\",\"function\":"
                     "\"serve\",\"file\":\"shop.c\",\"line\":12,\"state\":\"waits\",\"age_ns\":"
                     "5000,\"polls\":%ld,\"busy_ns\":7,\"at\":[{\"indent\":0,\"text\":\"serve\","
                     "\"file\":\"shop.c\",\"line\":20}]}",
                     i > 1 ? "," : "", i, i, i);
        send_all(fd, task, (size_t)n);
    }
    send_line(fd, from + 5);
}

static void wait_for_file(const char *name)
{
    while (access(name, F_OK) < 0)
        usleep(10000);
}

static void answer(int fd, const char *line)
{
    if (strncmp(line, "@close", 6) == 0)
        exit(0);
    if (strncmp(line, "@silent", 7) == 0)
        return;
    if (strncmp(line, "@part ", 6) == 0) {
        send_all(fd, line + 6, strlen(line + 6));
        exit(0);
    }
    if (strncmp(line, "@twice ", 7) == 0) {
        char *both;
        if (asprintf(&both, "%s\n%s", line + 7, line + 7) < 0)
            die("memory");
        send_line(fd, both); /* in one piece, but for the last newline */
        free(both);
    } else if (strncmp(line, "@long ", 6) == 0) {
        send_long(fd, atoi(line + 6));
    } else if (strncmp(line, "@big ", 5) == 0) {
        send_big(fd, line + 5);
    } else {
        send_line(fd, line);
    }
}

static void serve(int fd)
{
    char question[6];
    int next = 0;

    if (strncmp(lines[0], "@first ", 7) == 0) {
        send_line(fd, lines[0] + 7);
        next += count > 1;
    }
    while (recv(fd, question, sizeof question, MSG_WAITALL) == (ssize_t)sizeof question) {
        if (memcmp(question, "tasks\n", sizeof question) != 0)
            exit(1);
        while (strncmp(lines[next], "@wait ", 6) == 0)
            wait_for_file(lines[next++] + 6);
        answer(fd, lines[next]);
        next += next + 1 < count;
    }
    exit(0);
}

static void read_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t room = 0;

    if (file == NULL)
        die(path);
    for (; count < (int)(sizeof lines / sizeof *lines); count++) {
        ssize_t n = getline(&lines[count], &room, file);
        if (n < 0)
            break;
        room = 0;
        if (n > 0 && lines[count][n - 1] == '\n')
            lines[count][n - 1] = '\0';
    }
    fclose(file);
    if (count == 0)
        die("no answers");
}

/* Each client gets a process, which begins with the first line. */
static void accept_all(int listener)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 && errno == EINTR)
            continue;
        if (fd < 0)
            die("accept");
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(LIFE_S);
            close(listener);
            serve(fd);
        }
        close(fd);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, argv[1]);
    read_lines(argv[2]);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0)
        die(argv[1]);
    pid_t child = fork();
    if (child != 0) {
        printf("%ld\n", (long)child);
        return 0;
    }
    signal(SIGCHLD, SIG_IGN);
    if (!freopen("/dev/null", "w", stdout))
        return 1;
    alarm(LIFE_S);
    accept_all(listener);
}
