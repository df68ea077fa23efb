/*
 * h1/receive.c: a head is received: what has been read ahead comes first; before the connection
 * waits, everything is sent.
 *
 * Until the first byte of a head the connection is idle (idle.c). From then on there is
 * `head_timeout` for all of it.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

bide_async ssize_t bide__h1_idle_fd(struct bide__h1 *h1);
bide_async int bide__pause_wait(struct bide__pause *pause, bide_duration duration);

enum { FIRST_SIZE = 1024 };

/* ---- nothing has come ---- */

/* Over other streams: waits without a kit for a request, which seldom is larger than FIRST_SIZE. */
static bide_async ssize_t idle_other(struct bide__h1 *h)
{
    char first[FIRST_SIZE];
    ssize_t n = 0;
    bide_duration time = h->served == 0 ? h->settings->o.head_timeout : h->settings->o.idle_timeout;

    bide__h1_kit_leave(h);
    int which =
        bide_await bide_select_biased(n = bide_stream_read(h->c->stream, first, sizeof first),
                                      (void)bide__pause_wait(&h->c->pause, time));
    if (which != 0 && n == 0)
        return -ETIMEDOUT; /* or the server drains */
    if (n <= 0)
        return n;
    int rc = bide__h1_kit_take(h);
    if (rc < 0)
        return rc;
    memcpy(h->kit->in + h->kit->end, first, (size_t)n);
    h->kit->end += (size_t)n;
    return n;
}

/* ---- something has ---- */

static bool is_preface(const struct bide__h1 *h)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const struct bide__h1_kit *kit = h->kit;
    size_t size = kit->end - kit->begin;
    return h->served == 0 && size >= 24 && memcmp(kit->in + kit->begin, preface, 24) == 0;
}

/* So far it could be the preface of HTTP/2, which the parser refuses. */
static bool may_be_preface(const struct bide__h1 *h)
{
    const struct bide__h1_kit *kit = h->kit;
    size_t size = kit->end - kit->begin;
    return h->served == 0 && !h->settings->o.no_prior_knowledge && size > 0 && size < 24 &&
           memcmp(kit->in + kit->begin, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", size) == 0;
}

static void begin_head(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    bide__http_head_begin(&kit->head, BIDE__HTTP_REQUEST, &h->settings->limits, kit->fields,
                          h->settings->o.headers_max);
}

/* 0: more is needed; -ENOMEM. */
static int parse(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    if (is_preface(h) && !h->settings->o.no_prior_knowledge)
        return BIDE__H1_PREFACE;
    if (may_be_preface(h))
        return 0;
    int rc = bide__http_head_parse(&kit->head, kit->in + kit->begin, kit->end - kit->begin);
    if (rc == 1 && kit->head.body == BIDE__HTTP_CHUNKED) {
        rc = bide__h1_make_chunk_room(h);
        return rc < 0 ? rc : BIDE__H1_REQUEST;
    }
    return rc == 0 ? 0 : rc < 0 ? BIDE__H1_REFUSED : BIDE__H1_REQUEST;
}

static int refuse(struct bide__h1 *h, uint16_t status, const char *why)
{
    h->kit->head.refused = status;
    h->kit->head.why = why;
    return BIDE__H1_REFUSED;
}

/* A read of the head has ended. 0: some bytes have come. */
static int came(struct bide__h1 *h, int rc, ssize_t n)
{
    if (n > 0)
        return 0;
    if (rc == -ETIMEDOUT)
        return refuse(h, 408, "the head took too long");
    return BIDE__H1_CLOSE;
}

/* The head goes on: its first bytes are there. */
static bide_async int receive_rest(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    bide_instant deadline = bide_instant_add(bide_now(), h->settings->o.head_timeout);
    int rc;

    while ((rc = parse(h)) == 0) {
        rc = bide__h1_make_room(h);
        if (rc == -EMSGSIZE)
            return refuse(h, 431, "the head is too long");
        if (rc < 0)
            return rc;
        ssize_t n = 0;
        rc = bide_await bide_timeout_at(
            deadline,
            n = bide_stream_read(h->c->stream, kit->in + kit->end, kit->in_room - kit->end));
        if (n > 0)
            kit->end += (size_t)n;
        rc = came(h, rc, n);
        if (rc != 0)
            return rc;
    }
    return rc;
}

static bide_async int wait_for_some(struct bide__h1 *h)
{
    int rc = bide__h1_flush_now(h);
    if (rc == -EAGAIN)
        rc = bide_await bide__h1_flush(h);
    if (rc < 0)
        return rc;
    if (h->kit != NULL)
        h->kit->begin = h->kit->end = 0;
    ssize_t n = h->fd != NULL ? bide_await bide__h1_idle_fd(h) : bide_await idle_other(h);
    if (n > 0)
        begin_head(h);
    return n > 0 ? 1 : n == -ENOMEM ? -ENOMEM : 0;
}

bide_async int bide__h1_receive(struct bide__h1 *h)
{
    int rc;
    if (h->kit != NULL && h->kit->begin < h->kit->end) {
        bide_await bide__turn(); /* requests that came together, and handlers that do not wait */
        begin_head(h);
    } else {
        rc = bide_await wait_for_some(h);
        if (rc <= 0)
            return rc < 0 ? rc : BIDE__H1_CLOSE;
    }
    rc = parse(h);
    if (rc != 0)
        return rc;
    if (bide__h1_unsent(h) > 0 && (rc = bide_await bide__h1_flush(h)) < 0)
        return rc;
    return bide_await receive_rest(h);
}
