/*
 * serve.c: the thread of the console: takes those who attach, and answers them, one after another.
 *
 * The protocol: a line "tasks" is answered by a line of JSON; any other line by an error. Polls are
 * measured while somebody is attached. Who does not take its answer for PATIENCE_MS is left.
 *
 * A program that waits for its own end (runtime/trace/stuck.c) looks whether nothing moves for
 * 100 ms. A question wakes its workers, so there is a pause before the next one.
 */
#include "runtime/console/inside.h"

#include "runtime/leaf.h"
#include "runtime/task/gauge.h"

#include <stdio.h>

enum { CLIENTS_MAX = 8, LINE_MAX_SIZE = 64, PATIENCE_MS = 10000, RETRY_MS = 100 };

static const int64_t PAUSE_NS = INT64_C(200000000);

struct client {
    int fd; /* -1: none */
    size_t size;
    char line[LINE_MAX_SIZE];
};

struct server {
    const struct bide__console_fds *fds;
    unsigned count;
    bool has_no_descriptor; /* for those who wait to be accepted */
    int64_t answered_ns;    /* the last question */
    struct client client[CLIENTS_MAX];
};

/* There is one thread; what it has open must be found in a child of fork(). */
static struct server server;

static void leave(struct server *s, struct client *c)
{
    bide__door.shutdown(c->fd, SHUT_RDWR); /* a child of fork() may have the descriptor too */
    bide__door.close(c->fd);
    c->fd = -1;
    if (--s->count == 0)
        atomic_store_explicit(&bide__gauges_on, false, memory_order_relaxed);
}

/* The user of the program, or root; else the mode of the file has been changed. */
static bool is_welcome(int fd)
{
    struct ucred who;
    socklen_t size = sizeof(who);

    return bide__door.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

static void accept_one(struct server *s)
{
    int fd = bide__door.accept4(s->fds->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *c = s->client;

    s->has_no_descriptor = fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS;
    if (fd < 0)
        return;
    while (c < s->client + CLIENTS_MAX && c->fd >= 0)
        c++;
    if (c == s->client + CLIENTS_MAX || !is_welcome(fd)) {
        bide__door.close(fd);
        return;
    }
    *c = (struct client){.fd = fd};
    s->count++;
    atomic_store_explicit(&bide__gauges_on, true, memory_order_relaxed);
}

/* ---- to answer ---- */

/* False: the client is gone, or too slow, or the console ends. */
static bool can_send(const struct server *s, const struct client *c)
{
    struct pollfd fds[] = {{.fd = c->fd, .events = POLLOUT},
                           {.fd = s->fds->wake, .events = POLLIN}};
    int r;

    do
        r = bide__door.poll(fds, 2, PATIENCE_MS);
    while (r == -EINTR);
    return r > 0 && fds[1].revents == 0;
}

static bool send_all(const struct server *s, const struct client *c, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = bide__door.send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (n == -EAGAIN ? !can_send(s, c) : n < 0 && n != -EINTR)
            return false;
        if (n < 0)
            continue;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static bool send_text(const struct server *s, const struct client *c,
                      const struct bide__scroll *text)
{
    const struct bide__scroll_piece *at = NULL;
    const char *bytes;
    size_t size;

    while ((size = bide__scroll_next(text, &at, &bytes)) > 0)
        if (!send_all(s, c, bytes, size))
            return false;
    return true;
}

static bool send_error(const struct server *s, const struct client *c, const char *what)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "{\"error\":\"%s\"}\n", what);
    return send_all(s, c, text, (size_t)n);
}

/* False: the console ends. */
static bool have_pause(const struct server *s)
{
    struct pollfd wake = {.fd = s->fds->wake, .events = POLLIN};
    int64_t left_ns = PAUSE_NS - (bide__door_real.clock() - s->answered_ns);
    int left_ms = left_ns > 0 && bide__console_pauses() ? (int)(left_ns / 1000000) + 1 : 0;
    int r;

    do
        r = bide__door.poll(&wake, 1, left_ms);
    while (r == -EINTR);
    return r == 0;
}

static bool answer(struct server *s, const struct client *c, const char *line)
{
    struct bide__scroll text = {0};

    if (strcmp(line, "tasks") != 0)
        return send_error(s, c, "there is only the question: tasks");
    if (!have_pause(s))
        return false;
    bool done = bide__console_answer(&text) ? send_text(s, c, &text)
                                            : send_error(s, c, "the program has no memory left");
    bide__scroll_free(&text);
    s->answered_ns = bide__door_real.clock();
    return done;
}

/* False: it is gone. */
static bool read_lines(struct server *s, struct client *c)
{
    ssize_t n = bide__door.recv(c->fd, c->line + c->size, sizeof(c->line) - c->size, 0);
    char *end;

    if (n <= 0)
        return n == -EAGAIN || n == -EINTR;
    c->size += (size_t)n;
    while ((end = memchr(c->line, '\n', c->size)) != NULL) {
        *end = '\0';
        if (!answer(s, c, c->line))
            return false;
        c->size -= (size_t)(end + 1 - c->line);
        memmove(c->line, end + 1, c->size);
    }
    return c->size < sizeof(c->line); /* else it is no line */
}

/* ---- the loop ---- */

static unsigned gather(const struct server *s, struct pollfd *fds, unsigned who[CLIENTS_MAX])
{
    unsigned n = 0;

    fds[0] = (struct pollfd){.fd = s->fds->wake, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->has_no_descriptor ? -1 : s->fds->listener, .events = POLLIN};
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (s->client[i].fd >= 0) {
            fds[2 + n] = (struct pollfd){.fd = s->client[i].fd, .events = POLLIN};
            who[n++] = i;
        }
    return n;
}

/* False: the console ends. */
static bool turn(struct server *s)
{
    struct pollfd polled[2 + CLIENTS_MAX];
    unsigned who[CLIENTS_MAX], n = gather(s, polled, who);
    int r = bide__door.poll(polled, 2 + n, s->has_no_descriptor ? RETRY_MS : -1);

    s->has_no_descriptor = false;
    if (r < 0)
        return r == -EINTR; /* no memory: there is nobody to tell */
    if (polled[0].revents != 0)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (polled[2 + i].revents != 0 && !read_lines(s, &s->client[who[i]]))
            leave(s, &s->client[who[i]]);
    if (polled[1].revents != 0)
        accept_one(s);
    return true;
}

void bide__console_serve(const struct bide__console_fds *fds)
{
    server = (struct server){.fds = fds};
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        server.client[i].fd = -1;
    while (turn(&server))
        ;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (server.client[i].fd >= 0)
            leave(&server, &server.client[i]);
}

void bide__console_forget(void)
{
    for (unsigned i = 0; i < CLIENTS_MAX && server.count > 0; i++)
        if (server.client[i].fd >= 0)
            bide__door.close(server.client[i].fd);
    server.count = 0;
    atomic_store_explicit(&bide__gauges_on, false, memory_order_relaxed);
}
