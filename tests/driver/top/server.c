/*
 * server SOCKET|FOLDER FILE: a program that `bide top` looks at, for tests. It listens on the
 * socket, prints the number of its process, and goes on in the background.
 *
 * Each line "tasks" is answered with the next line of FILE; the last one is used again and again.
 * In a folder there is a socket for each line of FILE, 1.bide, 2.bide and so on, that knows only
 * this line. Lines that begin with @ are no answers:
 *
 *   @close       closes the connection
 *   @part TEXT   sends the text without an end, and closes the connection
 *   @twice TEXT  sends the text as two lines
 *   @first TEXT  sends the text when a client comes, before it has asked (only as the first line)
 *   @long N      sends N MiB without an end
 *   @wait NAME   answers with the line after it when there is a file NAME
 *   @big N STATE LINE
 *                sends the line with its word TASKS replaced by N tasks in this state, which are
 *                two seconds older each time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIFE_S = 300, LINES_MAX = 256 };

static char *lines[LINES_MAX];
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
    char *line, task[400], state[20];
    static long long age_ns = 5000;
    long tasks = strtol(text, &line, 10);
    int skip = 0;

    if (sscanf(line, " %19s %n", state, &skip) != 1)
        exit(1);
    line += skip;
    const char *from = strstr(line, "TASKS");

    send_all(fd, line, (size_t)(from - line));
    for (long i = 1; i <= tasks; i++) {
        int n =
            snprintf(task, sizeof task,
                     "%s{\"id\":\"%lx\",\"kind\":\"task\",\"name\":\"number %06ld\",\"function\":"
                     "\"serve\",\"file\":\"shop.c\",\"line\":12,\"state\":\"%s\",\"age_ns\":"
                     "%lld,\"polls\":%ld,\"busy_ns\":7,\"at\":[{\"indent\":0,\"text\":\"serve\","
                     "\"file\":\"shop.c\",\"line\":20}]}",
                     i > 1 ? "," : "", i, i, state, age_ns, i);
        send_all(fd, task, (size_t)n);
    }
    age_ns += 2000000000;
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
    for (; count < LINES_MAX; count++) {
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
static void accept_one(int listener, int line)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        die("accept");
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(LIFE_S);
        if (line >= 0) {
            lines[0] = lines[line];
            count = 1;
        }
        serve(fd);
    }
    close(fd);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path)
        exit(2);
    strcpy(address.sun_path, path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
        die(path);
    return fd;
}

int main(int argc, char **argv)
{
    struct pollfd p[LINES_MAX];
    struct stat st;
    char path[120];
    int sockets = 1;

    if (argc != 3)
        return 2;
    read_lines(argv[2]);
    bool is_folder = stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode);
    if (is_folder)
        sockets = count;
    for (int i = 0; i < sockets; i++) {
        snprintf(path, sizeof path, is_folder ? "%s/%d.bide" : "%s", argv[1], i + 1);
        p[i] = (struct pollfd){listen_at(path), POLLIN, 0};
    }
    pid_t child = fork();
    if (child != 0) {
        printf("%ld\n", (long)child);
        return 0;
    }
    signal(SIGCHLD, SIG_IGN);
    if (!freopen("/dev/null", "w", stdout))
        return 1;
    alarm(LIFE_S);
    while (poll(p, (nfds_t)sockets, -1) > 0)
        for (int i = 0; i < sockets; i++)
            if (p[i].revents != 0)
                accept_one(p[i].fd, is_folder ? i : -1);
    return 1;
}
