/*
 * exchange/send.c: responses in pieces: what order is kept, and that a handler sends as many bytes
 * as it has promised. The connection is called only when that is so.
 *
 * While an operation of the connection is under way the stage is CUT, and it becomes what it is to
 * be when that has succeeded. So after an error or a cancellation nothing more is sent.
 */
#include "lib/async.h"

#include "extra/http/exchange/exchange.h"

bide_async int bide_http_send_begin(bide_http_exchange *x, int status);
bide_async int bide_http_send_data(bide_http_exchange *x, const void *data, size_t size);
bide_async int bide_http_send_end(bide_http_exchange *x);
bide_async ssize_t bide__http_send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size);
bide_async int bide_http_send_informational(bide_http_exchange *x, int status);
bide_async int bide_http_upgrade(bide_http_exchange *x, const char *protocol, bide_stream **stream);

bool bide__http_may_have_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

bool bide__http_has_body(const bide_http_exchange *x)
{
    return x->request.method != BIDE__METHOD_HEAD && bide__http_may_have_body(x->reply.status);
}

static int64_t promised(const bide_http_exchange *x)
{
    const struct bide__http_header *header =
        bide__http_headers_known(&x->reply.headers, BIDE__FIELD_CONTENT_LENGTH);
    int64_t n = 0;
    if (header == NULL)
        return -1;
    for (uint32_t i = 0; i < header->value_size; i++)
        n = n * 10 + (header->value[i] - '0');
    return n;
}

static int leave(bide_http_exchange *x, int rc, enum bide__http_stage stage)
{
    if (rc == 0)
        x->reply.stage = (uint8_t)stage;
    return rc;
}

bide_async int bide_http_send_begin(bide_http_exchange *x, int status)
{
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    if (status < 200 || status > 599)
        return bide__http_misused(x, "bide_http_send_begin: %d is no status from 200 to 599",
                                  status);
    if (x->reply.release != NULL)
        x->reply.release(x->reply.release_argument);
    x->reply.release = NULL;
    x->reply.data = NULL;
    x->reply.size = 0;
    x->reply.status = status;
    x->reply.length = promised(x);
    x->reply.stage = BIDE__HTTP_CUT;
    int rc = bide_await (*x->ops->begin)(x);
    return leave(x, rc, BIDE__HTTP_BEGUN);
}

/* The handler does not keep what it has told the client. */
static int broken(bide_http_exchange *x, const char *text)
{
    x->reply.stage = BIDE__HTTP_CUT;
    bide__http_complain(x->settings, x, -EPROTO, text);
    return -EPROTO;
}

/* 1: the bytes are to be sent. 0: they are not. */
static int count(bide_http_exchange *x, size_t size)
{
    if (x->reply.stage == BIDE__HTTP_OPEN)
        return bide__http_misused(x, "bide_http_send_data: bide_http_send_begin comes first");
    if (x->reply.stage != BIDE__HTTP_BEGUN)
        return -EPROTO;
    if (!bide__http_may_have_body(x->reply.status) && size > 0)
        return broken(x, "a body was sent with a status that has none");
    if (x->reply.length >= 0 && size > (uint64_t)x->reply.length - x->reply.sent)
        return broken(x, "more was sent than Content-Length has promised");
    x->reply.sent += size;
    return bide__http_has_body(x) || size == 0;
}

bide_async int bide_http_send_data(bide_http_exchange *x, const void *data, size_t size)
{
    int rc = count(x, size);
    if (rc <= 0)
        return rc;
    x->reply.stage = BIDE__HTTP_CUT;
    rc = bide_await (*x->ops->send)(x, data, size);
    return leave(x, rc, BIDE__HTTP_BEGUN);
}

bide_async ssize_t bide__http_send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size)
{
    if (x->ops->send_file == NULL || x->reply.stage != BIDE__HTTP_BEGUN || !bide__http_has_body(x))
        return -EOPNOTSUPP;
    if (x->reply.length >= 0 && size > (uint64_t)x->reply.length - x->reply.sent)
        return broken(x, "more was sent than Content-Length has promised");
    x->reply.stage = BIDE__HTTP_CUT;
    ssize_t n = bide_await (*x->ops->send_file)(x, fd, at, size);
    if (n >= 0 || n == -EAGAIN || n == -EOPNOTSUPP)
        x->reply.stage = BIDE__HTTP_BEGUN;
    if (n > 0)
        x->reply.sent += (uint64_t)n;
    return n;
}

bide_async int bide_http_send_end(bide_http_exchange *x)
{
    if (x->reply.stage == BIDE__HTTP_OPEN)
        return bide__http_misused(x, "bide_http_send_end: bide_http_send_begin comes first");
    if (x->reply.stage != BIDE__HTTP_BEGUN)
        return x->reply.stage == BIDE__HTTP_ENDED ? -EALREADY : -EPROTO;
    if (x->reply.length >= 0 && x->reply.sent < (uint64_t)x->reply.length && bide__http_has_body(x))
        return broken(x, "less was sent than Content-Length has promised");
    x->reply.stage = BIDE__HTTP_CUT;
    int rc = bide_await (*x->ops->finish)(x);
    return leave(x, rc, BIDE__HTTP_ENDED);
}

/* A Content-Length is of the response that follows (RFC 9110, 8.6). */
bide_async int bide_http_send_informational(bide_http_exchange *x, int status)
{
    struct bide__http_headers *h = &x->reply.headers;
    struct bide__http_header length = {0}, *at;

    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    if (status < 102 || status > 199)
        return bide__http_misused(
            x, "bide_http_send_informational: %d is no status from 102 to 199", status);
    if ((at = bide__http_headers_known(h, BIDE__FIELD_CONTENT_LENGTH)) != NULL) {
        length = *at;
        bide__http_headers_remove(h, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
    }
    x->reply.stage = BIDE__HTTP_CUT;
    int rc = bide_await (*x->ops->inform)(x, status);
    if (rc == 0 && length.name != NULL) /* there is the room that it has left */
        rc = bide__http_headers_add(x, h, BIDE__FIELD_CONTENT_LENGTH, length.name, length.name_size,
                                    length.value, length.value_size);
    return leave(x, rc, BIDE__HTTP_OPEN);
}

bide_async int bide_http_upgrade(bide_http_exchange *x, const char *protocol, bide_stream **stream)
{
    *stream = NULL;
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    if (!bide_http_wants_upgrade(x, protocol))
        return -EOPNOTSUPP;
    if (!x->body.ended)
        return -EPROTO;
    x->reply.stage = BIDE__HTTP_CUT;
    int rc = bide_await (*x->ops->upgrade)(x, protocol, stream);
    return leave(x, rc, BIDE__HTTP_UPGRADED);
}
