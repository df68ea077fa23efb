/*
 * h1/body.c: the body of a request: bytes of a known number, or chunks.
 *
 * What has come with the head is in `in`, and is used first. Then bytes of a known number are read
 * straight to where they are wanted, and chunks through what is free of `in` behind the head.
 *
 * The time that counts is that in which the handler waits for bytes: body_timeout, and a second for
 * each body_bytes_per_s that have come.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

static struct bide__h1 *of(const bide_http_exchange *x)
{
    return x->connection;
}

bool bide__h1_body_is_here(const struct bide__h1 *h, const bide_http_exchange *x)
{
    if (x->body.ended)
        return true;
    return !h->chunked && !h->expects && h->left <= h->kit->end - h->kit->begin;
}

/* ---- the client's turn ---- */

/* Before the first read the client may be waiting for it; it gets none behind the head of the
 * response, whose body that would be. The line goes through `out`: what is left of it when the read
 * is cancelled is sent before anything else. */
static bide_async int say_continue(struct bide__h1 *h)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int rc = 0;
    while (rc == 0 && h->expects) {
        bool is_due = !h->begun && h->kit->begin == h->kit->end; /* or it has not waited */
        if (!is_due || (!h->writing && bide__h1_put(h, line, sizeof line - 1)))
            h->expects = false;
        if (is_due)
            rc = bide_await bide__h1_flush(h);
    }
    return rc;
}

/* Reads, with the time limit. 0 is an error here. While another branch of the handler writes, that
 * sends `out`, too, and the client may want to send before it reads. */
static bide_async ssize_t read_some(struct bide__h1 *h, bide_http_exchange *x, void *buffer,
                                    size_t size)
{
    ssize_t n = 0;
    int rc = h->writing ? 0 : bide__h1_flush_now(h);
    if (rc == -EAGAIN)
        rc = bide_await bide__h1_flush(h);
    if (rc < 0)
        return rc;
    bide_instant begin = bide_now();
    bide_duration left = {bide__http_body_time(x, h->spent_ns)};
    rc = bide_await bide_timeout(left, n = bide_stream_read(h->c->stream, buffer, size));
    h->spent_ns += bide_elapsed(begin).ns;
    if (n > 0)
        return n;
    return n < 0 ? n : rc < 0 ? rc : -ECONNRESET;
}

/* ---- a known number of bytes ---- */

static bide_async ssize_t read_length(struct bide__h1 *h, bide_http_exchange *x, void *buffer,
                                      size_t size)
{
    struct bide__h1_kit *kit = h->kit;
    size_t here = kit->end - kit->begin;
    if (size > h->left)
        size = (size_t)h->left;
    if (here > 0) {
        if (size > here)
            size = here;
        bide_await bide__turn(); /* nothing has been taken if the read is cancelled here */
        memcpy(buffer, kit->in + kit->begin, size);
        kit->begin += size;
        h->left -= size;
        return (ssize_t)size;
    }
    ssize_t n = bide_await read_some(h, x, buffer, size);
    if (n > 0)
        h->left -= (uint64_t)n;
    return n;
}

/* ---- chunks ---- */

/* What the parser has found and was not asked for is the rest of the piece. */
static ssize_t take_piece(struct bide__h1 *h, void *buffer, size_t size)
{
    if (size > h->piece_size)
        size = h->piece_size;
    memcpy(buffer, h->piece, size);
    h->piece += size;
    h->piece_size -= size;
    return (ssize_t)size;
}

static void take_trailers(struct bide__h1 *h, bide_http_exchange *x)
{
    x->request.trailers = h->kit->chunks.trailers;
}

/* Room for chunks behind what is there, which moves to the front if nothing in front of it is of
 * the request's head. */
static int make_chunk_room(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    if (kit->begin == kit->end)
        kit->begin = kit->end = h->body_at;
    if (kit->end < kit->in_room)
        return 0;
    if (kit->begin > h->body_at) {
        memmove(kit->in + h->body_at, kit->in + kit->begin, kit->end - kit->begin);
        kit->end -= kit->begin - h->body_at;
        kit->begin = h->body_at;
        return 0;
    }
    return -EMSGSIZE;
}

/* Looks for data in what has come. > 0: there is a piece; 0: the end; -EAGAIN: more is needed. */
static int look(struct bide__h1 *h, bide_http_exchange *x)
{
    struct bide__h1_kit *kit = h->kit;
    size_t used;
    int rc = bide__http_chunks_next(&kit->chunks, kit->in + kit->begin, kit->end - kit->begin,
                                    &h->piece, &h->piece_size, &used);
    if (rc < 0) {
        x->body.why = kit->chunks.why;
        return rc;
    }
    kit->begin += used;
    if (rc == BIDE__HTTP_END) {
        take_trailers(h, x);
        return 0;
    }
    return rc == BIDE__HTTP_PIECE ? 1 : -EAGAIN;
}

static bide_async ssize_t read_chunked(struct bide__h1 *h, bide_http_exchange *x, void *buffer,
                                       size_t size)
{
    struct bide__h1_kit *kit = h->kit;
    int rc = h->piece_size > 0 ? 1 : -EAGAIN;
    while (rc == -EAGAIN) {
        rc = kit->begin < kit->end ? look(h, x) : -EAGAIN;
        if (rc != -EAGAIN)
            break;
        int full = make_chunk_room(h);
        if (full < 0)
            return full;
        ssize_t n = bide_await read_some(h, x, kit->in + kit->end, kit->in_room - kit->end);
        if (n < 0)
            return n;
        kit->end += (size_t)n;
    }
    if (rc <= 0)
        return rc;
    bide_await bide__turn();
    return take_piece(h, buffer, size);
}

/* ---- both ---- */

bide_async ssize_t bide__h1_body_read(bide_http_exchange *x, void *buffer, size_t size)
{
    struct bide__h1 *h = of(x);
    ssize_t n = h->expects ? bide_await say_continue(h) : 0;
    if (n == 0)
        n = h->chunked ? bide_await read_chunked(h, x, buffer, size)
                       : bide_await read_length(h, x, buffer, size);
    if (h->gone_runs && (n == 0 || (!h->chunked && h->left <= h->kit->end - h->kit->begin)))
        bide_notify_one(&h->gone_wake);
    return n;
}

bide_async int bide__h1_body_skip(struct bide__h1 *h, bide_http_exchange *x)
{
    char dropped[1024];
    uint64_t most = h->settings->o.unread_bytes_max;
    uint64_t before = x->body.got;

    x->body.max = UINT64_MAX;
    while (!x->body.ended && x->body.got - before <= most) {
        ssize_t n = bide_await bide_http_body_read(x, dropped, sizeof dropped);
        if (n < 0)
            return 0;
    }
    return x->body.ended;
}
