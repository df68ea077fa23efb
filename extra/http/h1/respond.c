/*
 * h1/respond.c: the head of a response, how its body is framed (RFC 9112, 6), and the operations of
 * an exchange that send.
 *
 * A head goes to `out`, and a small body behind it, so that both are one send; a large body is sent
 * from where it is, by the same call as the head. Only a head that is larger than `out` is made in
 * the memory of the exchange.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

bide_async int bide__h1_begin(bide_http_exchange *x);
bide_async int bide__h1_send_part(bide_http_exchange *x, const void *data, size_t size);
bide_async int bide__h1_finish(bide_http_exchange *x);
bide_async int bide__h1_inform(bide_http_exchange *x, int status);

static struct bide__h1 *of(const bide_http_exchange *x)
{
    return x->connection;
}

/* ---- whether the connection goes on ---- */

/* The rest of the body could be skipped, so that the next request can be read. */
static bool can_skip(const struct bide__h1 *h, const bide_http_exchange *x)
{
    if (x->body.ended)
        return true;
    if (x->body.error != 0 || h->expects)
        return false;
    return h->chunked || h->left <= h->settings->o.unread_bytes_max;
}

static void decide_end(struct bide__h1 *h, bide_http_exchange *x)
{
    bool drains = atomic_load_explicit(&h->c->home->drains, memory_order_relaxed);
    if (drains || x->reply.wants_close || h->refused || !can_skip(h, x) ||
        h->served >= h->settings->o.requests_max)
        h->keeps = false;
    h->chunks_out = false;
    if (x->reply.length < 0 && bide__http_may_have_body(x->reply.status)) {
        h->chunks_out = x->request.version != BIDE_HTTP_1_0;
        if (!h->chunks_out)
            h->keeps = false;
    }
}

/* ---- heads ---- */

static char *put(char *to, const void *data, size_t size)
{
    memcpy(to, data, size);
    return to + size;
}

#define PUT(to, text) put(to, text, sizeof(text) - 1)

static char *put_number(char *to, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(to, digits + i, sizeof digits - i);
}

static char *put_headers(char *to, const struct bide__http_headers *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        const struct bide__http_header *header = &h->list[i];
        to = put(to, header->name, header->name_size);
        to = PUT(to, ": ");
        to = put(to, header->value, header->value_size);
        to = PUT(to, "\r\n");
    }
    return to;
}

static size_t headers_size(const struct bide__http_headers *h)
{
    size_t size = 0;
    for (uint32_t i = 0; i < h->count; i++)
        size += (size_t)h->list[i].name_size + h->list[i].value_size + 4;
    return size;
}

/* What the rest of a head takes at most. */
enum { REST_MAX = 256 };

static char *put_status(char *to, int status)
{
    if (status == 200)
        return PUT(to, "HTTP/1.1 200 OK\r\n");
    const char *reason = bide_http_reason(status);
    to = PUT(to, "HTTP/1.1 ");
    to = put_number(to, (uint64_t)status);
    to = PUT(to, " ");
    to = put(to, reason, strlen(reason));
    return PUT(to, "\r\n");
}

static bool has(const bide_http_exchange *x, enum bide__http_name name)
{
    return bide__http_headers_known(&x->reply.headers, name) != NULL;
}

static char *put_framing(char *to, const struct bide__h1 *h, const bide_http_exchange *x)
{
    if (h->chunks_out)
        to = PUT(to, "Transfer-Encoding: chunked\r\n");
    else if (x->reply.length >= 0 && bide__http_may_have_body(x->reply.status) &&
             !has(x, BIDE__FIELD_CONTENT_LENGTH))
        to = PUT(put_number(PUT(to, "Content-Length: "), (uint64_t)x->reply.length), "\r\n");
    if (!h->keeps)
        to = PUT(to, "Connection: close\r\n");
    else if (x->request.version == BIDE_HTTP_1_0)
        to = PUT(to, "Connection: keep-alive\r\n");
    return to;
}

static char *put_head(char *to, const struct bide__h1 *h, const bide_http_exchange *x)
{
    to = put_status(to, x->reply.status);
    if (!has(x, BIDE__FIELD_DATE)) {
        to = PUT(to, "Date: ");
        bide__http_date_now(to);
        to = PUT(to + BIDE__HTTP_DATE_SIZE, "\r\n");
    }
    if (!has(x, BIDE__FIELD_SERVER))
        to = put(to, h->settings->server_line, h->settings->server_line_size);
    to = put_headers(to, &x->reply.headers);
    to = put_framing(to, h, x);
    return PUT(to, "\r\n");
}

/* Makes room for so many bytes: in `out`, or, if they are many, in the memory of the exchange. */
static char *head_room(struct bide__h1 *h, bide_http_exchange *x, size_t size)
{
    struct bide__h1_kit *kit = h->kit;
    if (size <= BIDE__H1_OUT - kit->out_end)
        return kit->out + kit->out_end;
    return bide_http_alloc(x, size);
}

/* What head_room has made room for was written up to `end`. *big: it is not in `out`. */
static void head_done(struct bide__h1 *h, char *begin, const char *end, struct iovec *big)
{
    struct bide__h1_kit *kit = h->kit;
    *big = (struct iovec){begin, 0};
    if (begin == kit->out + kit->out_end)
        kit->out_end += (size_t)(end - begin);
    else
        big->iov_len = (size_t)(end - begin);
}

static int make_head(struct bide__h1 *h, bide_http_exchange *x, struct iovec *big)
{
    if (x->reply.status == 204) /* RFC 9110, 8.6 */
        bide__http_headers_remove(&x->reply.headers, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
    size_t size = REST_MAX + h->settings->server_line_size + headers_size(&x->reply.headers);
    char *to = head_room(h, x, size);
    if (to == NULL)
        return -ENOMEM;
    head_done(h, to, put_head(to, h, x), big);
    return 0;
}

/* ---- in pieces ---- */

bide_async int bide__h1_begin(bide_http_exchange *x)
{
    struct bide__h1 *h = of(x);
    struct iovec pieces[2];

    decide_end(h, x);
    h->begun = true;
    int rc = make_head(h, x, &pieces[1]);
    if (rc < 0 || pieces[1].iov_len == 0)
        return rc;
    return bide_await bide__h1_send(h, pieces, 2);
}

/* The part, with what frames it, is copied to `out` if it has room there. */
static bool put_part(struct bide__h1 *h, const char *line, size_t line_size, const void *data,
                     size_t size)
{
    struct bide__h1_kit *kit = h->kit;
    size_t whole = line_size + size + (line_size > 0 ? 2 : 0);
    if (whole > BIDE__H1_OUT - kit->out_end)
        return false;
    char *to = put(put(kit->out + kit->out_end, line, line_size), data, size);
    if (line_size > 0)
        PUT(to, "\r\n");
    kit->out_end += whole;
    return true;
}

static bide_async int flush(struct bide__h1 *h)
{
    int rc = bide__h1_flush_now(h);
    return rc != -EAGAIN ? rc : bide_await bide__h1_flush(h);
}

bide_async int bide__h1_send_part(bide_http_exchange *x, const void *data, size_t size)
{
    struct bide__h1 *h = of(x);
    char line[BIDE__HTTP_CHUNK_LINE_MAX];
    size_t line_size = h->chunks_out && size > 0 ? bide__http_chunk_line(line, size) : 0;

    if (size == 0 || put_part(h, line, line_size, data, size))
        return bide_await flush(h);
    struct iovec pieces[4] = {
        [1] = {line, line_size},
        [2] = {(void *)(uintptr_t)data, size},
        [3] = {(void *)(uintptr_t) "\r\n", line_size > 0 ? 2 : 0},
    };
    return bide_await bide__h1_send(h, pieces, 4);
}

static bide_async int end_chunks(struct bide__h1 *h, bide_http_exchange *x)
{
    struct iovec pieces[2];
    size_t size = headers_size(&x->reply.trailers) + 5;
    char *begin = head_room(h, x, size);
    if (begin == NULL)
        return -ENOMEM;
    char *to = PUT(begin, "0\r\n");
    to = PUT(put_headers(to, &x->reply.trailers), "\r\n");
    head_done(h, begin, to, &pieces[1]);
    return pieces[1].iov_len == 0 ? 0 : bide_await bide__h1_send(h, pieces, 2);
}

/* ---- at once ---- */

static bide_async int respond(struct bide__h1 *h, bide_http_exchange *x)
{
    struct iovec pieces[3];
    bool body = bide__http_has_body(x) && x->reply.size > 0;

    if (bide__http_has_body(x)) /* otherwise it tells what a response to GET would have */
        bide__http_headers_remove(&x->reply.headers, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
    x->reply.length = (int64_t)x->reply.size;
    decide_end(h, x);
    int rc = make_head(h, x, &pieces[1]);
    if (rc < 0)
        return rc;
    if (body && pieces[1].iov_len == 0 && bide__h1_put(h, x->reply.data, x->reply.size))
        body = false;
    if (!body && pieces[1].iov_len == 0)
        return 0;
    pieces[2] = (struct iovec){(void *)(uintptr_t)x->reply.data, body ? x->reply.size : 0};
    return bide_await bide__h1_send(h, pieces, 3);
}

bide_async int bide__h1_finish(bide_http_exchange *x)
{
    struct bide__h1 *h = of(x);
    if (!h->begun)
        return bide_await respond(h, x);
    if (!h->chunks_out || !bide__http_has_body(x))
        return 0;
    return bide_await end_chunks(h, x);
}

bide_async int bide__h1_inform(bide_http_exchange *x, int status)
{
    struct bide__h1 *h = of(x);
    struct iovec pieces[2];

    if (x->request.version == BIDE_HTTP_1_0)
        return 0;
    char *begin = head_room(h, x, REST_MAX + headers_size(&x->reply.headers));
    if (begin == NULL)
        return -ENOMEM;
    char *to = put_headers(put_status(begin, status), &x->reply.headers);
    head_done(h, begin, PUT(to, "\r\n"), &pieces[1]);
    return bide_await bide__h1_send(h, pieces, 2);
}

/* ---- an upgrade ---- */

int bide__h1_upgrade_head(struct bide__h1 *h, bide_http_exchange *x, const char *protocol,
                          struct iovec *big)
{
    struct bide__http_headers *list = &x->reply.headers;
    bide__http_headers_remove(list, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
    bide__http_headers_remove(list, BIDE__FIELD_UPGRADE, NULL, 0);
    size_t name = strlen(protocol);
    char *begin = head_room(h, x, REST_MAX + name + headers_size(list));
    if (begin == NULL)
        return -ENOMEM;
    char *to = PUT(put_status(begin, 101), "Connection: upgrade\r\nUpgrade: ");
    to = PUT(put(to, protocol, name), "\r\n");
    head_done(h, begin, PUT(put_headers(to, list), "\r\n"), big);
    return 0;
}

const struct bide__http_ops bide__h1_ops = {
    .read = bide_ref(bide__h1_body_read),
    .begin = bide_ref(bide__h1_begin),
    .send = bide_ref(bide__h1_send_part),
    .finish = bide_ref(bide__h1_finish),
    .inform = bide_ref(bide__h1_inform),
    .upgrade = bide_ref(bide__h1_upgrade),
    .gone = bide_ref(bide__h1_gone),
    .send_file = bide_ref(bide__h1_send_file),
};
