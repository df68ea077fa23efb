/*
 * top_link.c: the connection to a program. The client sends the line "tasks", the program answers
 * with a line, and so on; nothing comes unasked. Nothing here waits but top_look.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256 << 20, CHUNK = 1 << 16, READS_MAX = 256 };

int64_t top_now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- connecting ---- */

/* The path, or a shorter one through the open folder `*folder`. False: it has no such folder. */
static bool set_address(struct sockaddr_un *address, const char *path, int *folder)
{
    const char *name = base_name(path);
    size_t size = strlen(path);
    char parent[4096];

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size < sizeof address->sun_path) {
        memcpy(address->sun_path, path, size + 1);
        return true;
    }
    if ((size_t)(name - path) >= sizeof parent)
        return false;
    memcpy(parent, path, (size_t)(name - path));
    parent[name - path] = '\0';
    *folder = open(parent[0] != '\0' ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int n =
        snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder, name);
    return *folder >= 0 && n > 0 && (size_t)n < sizeof address->sun_path;
}

int top_connect(const char *path)
{
    struct sockaddr_un address;
    int folder = -1, error = -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (set_address(&address, path, &folder)) {
        int rc = connect(fd, (const struct sockaddr *)&address, sizeof address);
        error = rc == 0 ? 0 : -errno; /* EAGAIN: too many wait to be accepted */
    }
    if (folder >= 0)
        close(folder);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

void top_link_close(struct top_link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    buffer_free(&link->in);
}

/* ---- questions and answers ---- */

static const char *gone = "the program has ended, or has closed the connection";
static const char *unasked = "the program has sent what nobody asked for";

/* What lies there already is no answer to the next question. */
const char *top_ask(struct top_link *link)
{
    static const char question[] = "tasks\n";
    char early;

    if (recv(link->fd, &early, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        return unasked;
    ssize_t n = send(link->fd, question, sizeof question - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n == (ssize_t)sizeof question - 1) {
        link->is_asked = true;
        link->asked_ns = top_now_ns();
        return NULL;
    }
    return n < 0 && (errno == EPIPE || errno == ECONNRESET)
               ? gone
               : "the program does not read the question";
}

/* Is there a newline in what has come since the last call? */
static bool has_line(struct top_link *link, size_t *size)
{
    const char *from = link->in.data + link->seen;
    const char *line =
        link->in.length > link->seen ? memchr(from, '\n', link->in.length - link->seen) : NULL;
    link->seen = link->in.length;
    if (line != NULL)
        *size = (size_t)(line - link->in.data);
    return line != NULL;
}

bool top_receive(struct top_link *link, size_t *size, const char **why)
{
    static char chunk[CHUNK];

    *why = NULL;
    for (int i = 0; i < READS_MAX; i++) { /* others may have to be served, too */
        ssize_t n = recv(link->fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (n <= 0) {
            *why = link->in.length > 0 ? "the program has ended in the middle of an answer" : gone;
            return false;
        }
        if (!link->is_asked) {
            *why = unasked;
            return false;
        }
        if (link->in.length + (size_t)n > LINE_MAX_BYTES) {
            *why = "the answer is longer than 256 MiB";
            return false;
        }
        buffer_add(&link->in, chunk, (size_t)n);
        if (has_line(link, size)) {
            if (*size + 1 < link->in.length)
                *why = unasked;
            link->is_asked = *why != NULL;
            return *why == NULL;
        }
    }
    return false;
}

void top_answer_done(struct top_link *link)
{
    link->in.length = link->seen = 0;
}

struct top_snapshot *top_look(struct top_link *link, int64_t limit_ns, const char **why)
{
    size_t size, had = 0;
    int64_t heard_ns = top_now_ns();

    top_answer_done(link);
    *why = top_ask(link);
    while (*why == NULL) {
        if (top_receive(link, &size, why))
            return top_read(link->in.data, size, why);
        if (link->in.length > had) /* a long answer may take its time, as long as it goes on */
            heard_ns = top_now_ns();
        had = link->in.length;
        int64_t left_ns = heard_ns + limit_ns - top_now_ns();
        if (*why == NULL && left_ns <= 0)
            *why = "the program does not answer";
        struct pollfd p = {link->fd, POLLIN, 0};
        if (*why == NULL)
            (void)poll(&p, 1, (int)(left_ns / 1000000) + 1);
    }
    return NULL;
}
