/*
 * The law of the HTTP/1.1 parser: what it accepts, other servers refuse or frame in the same way.
 *
 *   law COUNT SEED TABLE... -- NAME=SOCKET...
 *
 * makes COUNT mutants of the tables' requests. Each that the parser accepts is sent to each peer,
 * with the body that the parser sees, and followed by a *sentinel*, a plain request with a number
 * as its target. The peer agrees if it answers the mutant and then the sentinel: it thinks that the
 * next request begins where we think. It may also refuse the mutant: an error, and the connection
 * ends. Peers that say how large the body was must say what we say. Many pairs go over one
 * connection; what goes wrong is repeated alone before it counts.
 *
 * After some mutants we end the connection; then there is no sentinel, and only the body is compared.
 * What explain.c knows by name is not sent to that peer. Every other disagreement is printed, and
 * the exit status is 1.
 */
#include "tests/http/law/law.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PEERS = 8, BATCH = 32, WAIT_MS = 3000, LIST = 200, OUT_ROOM = BATCH * (MESSAGE_MOST + 200) };

static struct peer {
    const char *name, *path;
    unsigned long agreed, refused, ended, explained, failed;
} peers[PEERS];
static int peer_count;

/* ---- a connection ---- */

struct connection {
    int fd;
    const char *out;
    size_t out_size;
    char in[1 << 17];
    size_t begin, end; /* of what has arrived and was not read */
    bool ended;
};

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void begin(struct connection *c, const struct peer *peer, const char *out, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", peer->path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    long until = now_ms() + WAIT_MS;
    while (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (errno != EAGAIN || now_ms() > until) {
            fprintf(stderr, "%s: %s\n", peer->name, strerror(errno));
            exit(2);
        }
        poll(NULL, 0, 1);
    }
    c->out = out;
    c->out_size = size;
    c->begin = c->end = 0;
    c->ended = false;
}

/* Sends and receives what is possible now. False: nothing came in time, or the end. */
static bool more(struct connection *c)
{
    if (c->begin > 0) {
        memmove(c->in, c->in + c->begin, c->end - c->begin);
        c->end -= c->begin;
        c->begin = 0;
    }
    long until = now_ms() + WAIT_MS;
    while (!c->ended && c->end < sizeof c->in) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (c->out_size > 0)
            p.events |= POLLOUT;
        long left = until - now_ms();
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return false;
        if ((p.revents & POLLOUT) != 0 && c->out_size > 0) {
            ssize_t n = send(c->fd, c->out, c->out_size, MSG_NOSIGNAL);
            c->out += n > 0 ? n : 0;
            c->out_size -= n > 0 ? (size_t)n : c->out_size; /* it does not listen any more */
        }
        if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            ssize_t n = recv(c->fd, c->in + c->end, sizeof c->in - c->end, 0);
            if (n > 0) {
                c->end += (size_t)n;
                return true;
            }
            c->ended = n == 0 || (errno != EAGAIN && errno != EINTR);
        }
    }
    return false;
}

/* ---- responses ---- */

struct response {
    int status; /* 0: none came, and the connection has ended; -1: none came */
    bool keep_alive;
    char target[100]; /* X-T */
    long body;        /* X-B; -1: it was not said */
};

static void field_of(const struct bide__http_head *h, const char *name, char *to, size_t size)
{
    const struct bide__http_field *f = bide__http_fields_find(&h->fields, NULL, name, strlen(name));
    to[0] = '\0';
    if (f != NULL)
        snprintf(to, size, "%.*s", (int)f->value_size, bide__http_field_value(&h->fields, f));
}

/* Reads over the body of a response. False: it does not end. */
static bool read_body(struct connection *c, const struct bide__http_head *h)
{
    if (h->body == BIDE__HTTP_CHUNKED) {
        struct bide__http_chunks chunks;
        const char *piece;
        size_t piece_size, used;
        bide__http_chunks_begin(&chunks, &bide__http_limits_default, NULL, 0);
        for (;;) {
            int rc = bide__http_chunks_next(&chunks, c->in + c->begin, c->end - c->begin, &piece,
                                            &piece_size, &used);
            c->begin += rc < 0 ? 0 : used;
            if (rc < 0 || rc == BIDE__HTTP_END)
                return rc == BIDE__HTTP_END;
            if (rc == BIDE__HTTP_MORE && !more(c))
                return false;
        }
    }
    if (h->body == BIDE__HTTP_UNTIL_CLOSE) {
        do
            c->begin = c->end;
        while (more(c));
        return true;
    }
    size_t left = h->body == BIDE__HTTP_LENGTH ? (size_t)h->length : 0;
    while (left > c->end - c->begin) {
        left -= c->end - c->begin;
        c->begin = c->end;
        if (!more(c))
            return false;
    }
    c->begin += left;
    return true;
}

/* The next final response. `method` is that of the request. */
static struct response next(struct connection *c, int method)
{
    static struct bide__http_field list[LIST];
    struct response r = {.status = -1};
    struct bide__http_head h;
    char number[100];
    for (;;) {
        int rc;
        bide__http_head_begin(&h, BIDE__HTTP_RESPONSE, &bide__http_limits_default, list, LIST);
        h.answers = (uint8_t)method;
        while ((rc = bide__http_head_parse(&h, c->in + c->begin, c->end - c->begin)) == 0)
            if (!more(c)) {
                r.status = c->ended ? 0 : -1;
                return r;
            }
        if (rc < 0)
            return r;
        if (h.status / 100 == 1 && h.status != 101) {
            c->begin += h.size;
            continue;
        }
        r.status = h.status;
        r.keep_alive = h.keep_alive;
        field_of(&h, "X-T", r.target, sizeof r.target);
        field_of(&h, "X-B", number, sizeof number);
        r.body = number[0] ? atol(number) : -1;
        c->begin += h.size;
        if (!read_body(c, &h))
            r.keep_alive = false;
        return r;
    }
}

/* ---- judging ---- */

enum verdict { AGREED, REFUSED, ENDED, SKIPPED, SWALLOWED, WAITED, OTHER_BODY, VERDICTS };
static const char *const verdicts[] = {
    "agrees", "refuses",          "ends the connection", "skips it", "frames it in another way",
    "waits",  "sees another body"};

static bool is_error(const struct response *r)
{
    return r->status >= 400;
}

/* What the peer makes of the next message on the connection. */
static enum verdict judge(struct connection *c, const struct message *m)
{
    char sentinel[40];
    snprintf(sentinel, sizeof sentinel, "/s%u", m->number);
    struct response r = next(c, m->method);
    if (r.status == -1)
        return WAITED;
    if (r.status == 0)
        return REFUSED;
    if (strcmp(r.target, sentinel) == 0)
        return SKIPPED;
    if (r.body >= 0 && !is_error(&r) && r.body != (long)m->body_size)
        return OTHER_BODY;
    if (!r.keep_alive || !m->keep_alive)
        return is_error(&r) ? REFUSED : ENDED;
    struct response s = next(c, BIDE__METHOD_GET);
    if (strcmp(s.target, sentinel) == 0)
        return AGREED;
    if (s.status == -1)
        return WAITED;
    return s.status == 0 && is_error(&r) ? REFUSED : SWALLOWED;
}

/* What looks like a refusal may be the answer to the sentinel, taken for a part of the mutant. So
 * the mutant is sent again, and nothing behind it: whoever refuses it has seen enough. */
static enum verdict refuses_alone(const struct peer *peer, const struct message *m)
{
    static struct connection c;
    begin(&c, peer, m->bytes, m->size);
    struct response r = next(&c, m->method);
    close(c.fd);
    if (r.status == -1)
        return WAITED;
    return r.status == 0 || is_error(&r) ? REFUSED : SWALLOWED;
}

static void print_bytes(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\r' || c == '\n')
            printf(c == '\r' ? "\\r" : "\\n");
        else if (c < 0x20 || c > 0x7e || c == '\\')
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    printf("\n");
}

/* Behind the end of the connection there is no sentinel: nobody would read it. */
static size_t add(char *out, size_t size, const struct message *m)
{
    memcpy(out + size, m->bytes, m->size);
    size += m->size;
    if (!m->keep_alive)
        return size;
    return size + (size_t)sprintf(out + size, "GET /s%u HTTP/1.1\r\nHost: s\r\n\r\n", m->number);
}

static void count(struct peer *peer, const struct message *m, enum verdict verdict)
{
    peer->agreed += verdict == AGREED;
    peer->refused += verdict == REFUSED;
    peer->ended += verdict == ENDED;
    if (verdict < SKIPPED)
        return;
    if (peer->failed++ < 10) {
        printf("%s %s:\n    ", peer->name, verdicts[verdict]);
        print_bytes(m->bytes, m->size);
        fflush(stdout);
    }
}

/* Sends the messages from `at` on over one connection; returns the first one that is to be sent
 * over another one. */
static unsigned one_connection(struct peer *peer, const struct message *list, unsigned at,
                               unsigned end)
{
    static struct connection c;
    static char out[OUT_ROOM];
    size_t size = 0;
    unsigned first = at;
    for (unsigned i = at; i < end; i++) {
        size = add(out, size, &list[i]);
        if (!list[i].keep_alive)
            end = i + 1;
    }
    begin(&c, peer, out, size);
    enum verdict verdict = AGREED;
    for (; at < end && verdict == AGREED; at++) {
        verdict = judge(&c, &list[at]);
        /* What is not alone may suffer from what came before or comes behind: Node answers nothing
         * that it has read together with something malformed. */
        if (verdict != AGREED && verdict != ENDED && end - first > 1) {
            close(c.fd);
            if (at > first)
                return at;
            one_connection(peer, list, at, at + 1);
            return at + 1;
        }
        if (verdict == REFUSED) {
            close(c.fd);
            count(peer, &list[at], refuses_alone(peer, &list[at]));
            return at + 1;
        }
        count(peer, &list[at], verdict);
    }
    close(c.fd);
    return at;
}

static void send_all(const struct message *list, unsigned n)
{
    static struct message asked[BATCH];
    for (int i = 0; i < peer_count; i++) {
        unsigned count = 0;
        for (unsigned k = 0; k < n; k++) {
            if (explain(peers[i].name, &list[k]) != NULL)
                peers[i].explained++;
            else
                asked[count++] = list[k];
        }
        for (unsigned at = 0; at < count;)
            at = one_connection(&peers[i], asked, at, count);
    }
}

/* ---- the whole ---- */

static int report(unsigned long made, unsigned long accepted)
{
    unsigned long failed = 0;
    printf("%lu mutants, %lu accepted\n", made, accepted);
    for (int i = 0; i < peer_count; i++) {
        struct peer *p = &peers[i];
        printf("%-8s %8lu framed the same, %8lu refused, %8lu ended, %6lu explained, %lu failed\n",
               p->name, p->agreed, p->refused, p->ended, p->explained, p->failed);
        failed += p->failed;
        if (p->agreed < accepted / 10) {
            printf("%s agrees too rarely to say anything\n", p->name);
            failed++;
        }
    }
    print_explained();
    return failed > 0;
}

int main(int argc, char **argv)
{
    static struct message list[BATCH];
    unsigned long made = 0, accepted = 0, most = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned n = 0;
    int i = 3;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        seeds_read(argv[i]);
    for (i++; i < argc && peer_count < PEERS; i++) {
        char *equal = strchr(argv[i], '=');
        if (equal == NULL)
            return 2;
        *equal = '\0';
        peers[peer_count++] = (struct peer){.name = argv[i], .path = equal + 1};
    }
    if (peer_count == 0)
        return 2;
    seeds_begin(strtoull(argv[2], NULL, 10));
    for (; made < most; made++) {
        if (!message_make(&list[n]))
            continue;
        list[n].number = (unsigned)made;
        accepted++;
        if (++n == BATCH) {
            send_all(list, n);
            n = 0;
        }
    }
    send_all(list, n);
    return report(made, accepted);
}
