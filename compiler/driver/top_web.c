/*
 * top_web.c: bide top --web: the page for a browser, and the newest answer of the program, over
 * HTTP/1.1 on the loopback interface.
 *
 * Each connection serves one request and is closed. Nothing waits for a client: all sockets are in
 * one poll(), a request has to be complete within a time, a response has to go on, and when there
 * are too many clients the first one is dropped. A response keeps the answer that it sends, which
 * others may share, until it is sent; an answer may be large, so that few are kept.
 *
 * A page of another site must not read the answers. It cannot ask this server under its own name,
 * since the Host is checked, which a name that is made to point to 127.0.0.1 does not pass; and
 * there is no CORS header, so that it cannot read what it asks for under ours.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 32, ANSWERS_MAX = 8, REQUEST_MAX = 8192, HEAD_MAX = 1024 };

enum { REQUEST_S = 10, IDLE_S = 20, LINGER_S = 2, REFUSED_S = 1 };

static const int64_t second_ns = 1000000000;

/* What is sent; several responses may send the same. */
struct body {
    int users, *count; /* count: of those that there are; or NULL */
    struct buffer text;
};

enum phase { READS, WRITES, LINGERS };

struct client {
    int fd;
    enum phase phase;
    int64_t since_ns; /* of this phase, or of the last bytes that were written */
    size_t got, head_size, body_size, sent;
    char request[REQUEST_MAX + 1], head[HEAD_MAX];
    struct body *body; /* or NULL */
};

struct server {
    struct top_link *link;
    struct top_snapshot *snapshot;
    struct body *page, *answer;           /* answer NULL: none has come yet */
    int64_t every_ns, next_ns, accept_ns; /* accept_ns: no client is taken before */
    int listener, answers;                /* answers: bodies that are kept */
    unsigned port;
    struct client *clients[CLIENTS_MAX]; /* in the order in which they came */
    size_t count;
};

/* ---- bodies ---- */

static struct body *body_new(void)
{
    struct body *b = calloc(1, sizeof *b);

    if (b == NULL)
        out_of_memory();
    b->users = 1;
    return b;
}

static void body_leave(struct body *b)
{
    if (b == NULL || --b->users > 0)
        return;
    if (b->count != NULL)
        --*b->count;
    buffer_free(&b->text);
    free(b);
}

/* The answer with the warnings as one more member. */
static struct body *body_of_answer(const struct top_snapshot *s, const char *text, size_t size)
{
    struct body *b = body_new();

    while (text[size - 1] != '}')
        size--;
    top_add_json(&b->text, text, size - 1);
    buffer_add(&b->text, ",\"warnings\":", 12);
    top_warnings_json(s, &b->text);
    buffer_add(&b->text, "}\n", 2);
    return b;
}

/* ---- requests ---- */

/* Is it this server's own name, with its port? */
static bool is_own_host(const char *host, size_t size, unsigned port)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char own[32];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int n = snprintf(own, sizeof own, "%s:%u", names[i], port);
        if (size == (size_t)n && strncasecmp(own, host, size) == 0)
            return true;
        if (port == 80 && size == strlen(names[i]) && strncasecmp(names[i], host, size) == 0)
            return true;
    }
    return false;
}

/* There is one Host, and it is ours. */
static bool has_own_host(const char *request, unsigned port)
{
    int count = 0;
    bool is_own = false;

    for (const char *line = strstr(request, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, "host:", 5) != 0)
            continue;
        const char *host = line + 5 + strspn(line + 5, " \t");
        size_t size = strcspn(host, "\r\n");
        while (size > 0 && (host[size - 1] == ' ' || host[size - 1] == '\t'))
            size--;
        is_own = is_own_host(host, size, port);
        count++;
    }
    return count == 1 && is_own;
}

static void respond(struct client *c, int status, const char *reason, const char *type,
                    struct body *body)
{
    static const char *const always =
        "Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "frame-ancestors 'none'\r\n";

    body->users++;
    int n = snprintf(c->head, sizeof c->head,
                     "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
                     "%s%s\r\n",
                     status, reason, type, body->text.length, always,
                     status == 405 ? "Allow: GET\r\n" : "");
    c->head_size = (size_t)n;
    c->body_size = strncmp(c->request, "HEAD ", 5) != 0 ? body->text.length : 0;
    c->body = body;
    c->phase = WRITES;
}

static void refuse(struct client *c, int status, const char *reason)
{
    struct body *body = body_new();

    buffer_add(&body->text, reason, strlen(reason));
    buffer_add(&body->text, "\n", 1);
    respond(c, status, reason, "text/plain", body);
    body_leave(body);
}

static bool is_path(const char *target, const char *path)
{
    size_t size = strlen(path);
    return strncmp(target, path, size) == 0 && (target[size] == ' ' || target[size] == '?');
}

/* The head of the request is there. */
static void serve(struct server *s, struct client *c)
{
    const char *r = c->request;
    size_t line = strcspn(r, "\r\n"), method = strcspn(r, " \r\n");
    const char *target = r + method + 1, *version;

    if (r[method] != ' ' || (version = memmem(target, line - method - 1, " HTTP/1.", 8)) == NULL ||
        r + line != version + 9) {
        refuse(c, 400, "Bad Request");
    } else if (!has_own_host(r, s->port)) {
        refuse(c, 403, "Forbidden: this is no name of this server");
    } else if (method != 3 || memcmp(r, "GET", 3) != 0) {
        refuse(c, 405, "Method Not Allowed");
    } else if (is_path(target, "/")) {
        respond(c, 200, "OK", "text/html", s->page);
    } else if (!is_path(target, "/tasks.json")) {
        refuse(c, 404, "Not Found");
    } else if (s->answer == NULL) {
        refuse(c, 503, "Service Unavailable: the program has not answered yet");
    } else {
        respond(c, 200, "OK", "application/json", s->answer);
    }
}

/* ---- clients ---- */

static void drop(struct server *s, size_t i)
{
    struct client *c = s->clients[i];

    close(c->fd);
    body_leave(c->body);
    free(c);
    memmove(s->clients + i, s->clients + i + 1, (s->count - i - 1) * sizeof *s->clients);
    s->count--;
}

static void accept_client(struct server *s, int64_t now_ns)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) { /* there may be no more descriptors: the client stays in the queue */
        bool is_gone = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
        s->accept_ns = is_gone ? 0 : now_ns + REFUSED_S * second_ns;
        return;
    }
    if (s->count == CLIENTS_MAX)
        drop(s, 0);
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL)
        out_of_memory();
    c->fd = fd;
    c->since_ns = now_ns;
    s->clients[s->count++] = c;
}

/* False: it has gone. */
static bool read_request(struct server *s, struct client *c, int64_t now_ns)
{
    ssize_t n = recv(c->fd, c->request + c->got, REQUEST_MAX - c->got, 0);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    c->got += (size_t)n;
    if (memchr(c->request, '\0', c->got) != NULL)
        refuse(c, 400, "Bad Request");
    else if (strstr(c->request, "\r\n\r\n") != NULL)
        serve(s, c);
    else if (c->got == REQUEST_MAX)
        refuse(c, 431, "Request Header Fields Too Large");
    if (c->phase == WRITES)
        c->since_ns = now_ns;
    return true;
}

/* A client that still sends would lose the response if the socket were closed now. */
static void end_response(struct client *c, int64_t now_ns)
{
    body_leave(c->body);
    c->body = NULL;
    c->phase = LINGERS;
    c->since_ns = now_ns;
    (void)shutdown(c->fd, SHUT_WR);
}

static bool write_response(struct client *c, int64_t now_ns)
{
    const struct buffer *text = &c->body->text;
    bool in_head = c->sent < c->head_size;
    const char *from = in_head ? c->head + c->sent : text->data + (c->sent - c->head_size);
    size_t left = in_head ? c->head_size - c->sent : c->head_size + c->body_size - c->sent;
    ssize_t n = send(c->fd, from, left, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->sent += (size_t)n;
    c->since_ns = now_ns;
    if (c->sent == c->head_size + c->body_size)
        end_response(c, now_ns);
    return true;
}

static bool linger(struct client *c)
{
    char rest[4096];
    ssize_t n = recv(c->fd, rest, sizeof rest, 0);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* False: the connection is done with. */
static bool go_on(struct server *s, struct client *c, short events, int64_t now_ns)
{
    static const int64_t limits_s[] = {
        [READS] = REQUEST_S, [WRITES] = IDLE_S, [LINGERS] = LINGER_S};
    bool is_there = true;

    if (events != 0 && c->phase == READS)
        is_there = read_request(s, c, now_ns);
    else if (events != 0 && c->phase == LINGERS)
        is_there = linger(c);
    if (is_there && c->phase == WRITES)
        is_there = write_response(c, now_ns);
    return is_there && now_ns - c->since_ns < limits_s[c->phase] * second_ns;
}

/* ---- the program ---- */

/* A client that takes its answer slowly keeps it in memory. */
static void limit_answers(struct server *s)
{
    for (size_t i = 0; s->answers > ANSWERS_MAX && i < s->count;) {
        const struct body *b = s->clients[i]->body;
        if (b != NULL && b != s->answer && b->count != NULL)
            drop(s, i);
        else
            i++;
    }
}

static const char *take_answer(struct server *s)
{
    const char *why;
    size_t size;

    if (!top_receive(s->link, &size, &why))
        return why;
    struct top_snapshot *now = top_read(s->link->in.data, size, &why);
    if (now != NULL) {
        top_compare(now, s->snapshot);
        body_leave(s->answer);
        s->answer = body_of_answer(now, s->link->in.data, size);
        s->answer->count = &s->answers;
        s->answers++;
        limit_answers(s);
        top_free(s->snapshot);
        s->snapshot = now;
    }
    top_answer_done(s->link);
    return why;
}

/* ---- the loop ---- */

static const char *turn(struct server *s)
{
    int64_t now_ns = top_now_ns(), left_ns = s->link->is_asked ? second_ns : s->next_ns - now_ns;
    struct pollfd p[CLIENTS_MAX + 2] = {{now_ns < s->accept_ns ? -1 : s->listener, POLLIN, 0},
                                        {s->link->fd, POLLIN, 0}};
    const char *why = NULL;
    size_t count = s->count;

    for (size_t i = 0; i < count; i++)
        p[i + 2] = (struct pollfd){s->clients[i]->fd,
                                   s->clients[i]->phase == WRITES ? POLLOUT : POLLIN, 0};
    left_ns = left_ns < 0 ? 0 : left_ns < second_ns ? left_ns : second_ns;
    if (poll(p, (nfds_t)count + 2, (int)(left_ns / 1000000) + 1) < 0)
        return NULL;
    now_ns = top_now_ns();
    for (size_t i = count; i > 0; i--)
        if (!go_on(s, s->clients[i - 1], p[i + 1].revents, now_ns))
            drop(s, i - 1);
    if (p[0].revents != 0)
        accept_client(s, now_ns);
    if (p[1].revents != 0)
        why = take_answer(s);
    if (why == NULL && !s->link->is_asked && now_ns >= s->next_ns) {
        s->next_ns = now_ns + s->every_ns;
        why = top_ask(s->link);
    }
    return why;
}

/* Listens, and sets the port. */
static bool listen_on(struct server *s, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int yes = 1;

    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listener < 0 ||
        setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(s->listener, (const struct sockaddr *)&address, size) < 0 ||
        listen(s->listener, CLIENTS_MAX) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &size) < 0) {
        diag_plain(SEV_ERROR, "cannot listen on 127.0.0.1:%u: %s", port, strerror(errno));
        return false;
    }
    s->port = ntohs(address.sin_port);
    return true;
}

int top_web(struct top_link *link, const char *path, int64_t every_ns, unsigned port)
{
    struct server s = {.link = link, .every_ns = every_ns, .page = body_new(), .listener = -1};
    const char *why = NULL;
    int status = 1;

    for (size_t i = 0; top_page[i] != NULL; i++)
        buffer_add(&s.page->text, top_page[i], strlen(top_page[i]));
    if (listen_on(&s, port)) {
        printf("http://127.0.0.1:%u/\n", s.port);
        (void)fflush(stdout);
        while (why == NULL)
            why = turn(&s);
        status = top_say_why(path, why);
    }
    while (s.count > 0)
        drop(&s, 0);
    if (s.listener >= 0)
        close(s.listener);
    body_leave(s.page);
    body_leave(s.answer);
    top_free(s.snapshot);
    return status;
}
