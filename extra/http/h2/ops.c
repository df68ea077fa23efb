/*
 * ops.c: the operations of an exchange (extra/http/exchange/exchange.h) on a stream.
 *
 * A handler that sends lends its memory to the stream until the call returns, and takes it back
 * when it is cancelled. nghttp2 may have prepared a frame of it by then; bide__h2_send_data finds
 * that the bytes are gone, and the stream is reset.
 */
#include "lib/async.h"

#include "extra/http/h2/inside.h"

static struct bide__h2_stream *of(bide_http_exchange *x)
{
    return x->connection;
}

/* ---- the body of the request ---- */

static size_t take(struct bide__h2_stream *s, void *buffer, size_t size)
{
    size_t n = bide__h2_buffer_size(&s->in);

    n = n < size ? n : size;
    if (n == 0)
        return 0;
    memcpy(buffer, s->in.data + s->in.begin, n);
    s->in.begin += n;
    if (s->in.begin == s->in.end)
        s->in.begin = s->in.end = 0;
    bide__h2_stream_consume(s, n);
    bide__h2_pump(s->c);
    return n;
}

static bide_async int wait_for_body(struct bide__h2_stream *s)
{
    int64_t left = bide__http_body_time(&s->x, s->waited_ns);
    int rc = 0;

    if (left == BIDE__HTTP_NEVER)
        return bide_await bide_notify_wait(&s->in_news);
    bide_instant begin = bide_now();
    rc = bide_await bide_timeout((bide_duration){left}, (void)bide_notify_wait(&s->in_news));
    s->waited_ns += bide_elapsed(begin).ns;
    return rc;
}

/* The first read answers an Expect. */
static int let_come(struct bide__h2_stream *s)
{
    if (!s->expects)
        return 0;
    s->expects = false;
    if (s->is_submitted)
        return 0;
    int rc = bide__h2_inform(s, 100, false);
    if (rc == 0)
        bide__h2_pump(s->c);
    return rc;
}

static bide_async ssize_t op_read(bide_http_exchange *x, void *buffer, size_t size)
{
    struct bide__h2_stream *s = of(x);
    size_t n;

    while ((n = take(s, buffer, size)) == 0) {
        if (s->in_ended) {
            x->request.trailers = s->trailer_fields;
            return 0;
        }
        int rc = s->id == 0 ? -ECONNRESET : let_come(s);
        if (rc == 0)
            rc = bide_await wait_for_body(s);
        if (rc < 0)
            return rc;
    }
    return (ssize_t)n;
}

/* ---- the response ---- */

static void resume(struct bide__h2_stream *s)
{
    if (!s->is_deferred || s->id == 0)
        return;
    s->is_deferred = false;
    if (nghttp2_session_resume_data(s->c->session, s->id) < 0)
        s->c->error = -ENOMEM;
}

static void take_back(struct bide__h2_stream *s)
{
    s->out = NULL;
    s->out_left = 0;
}

/* Waits until more has gone. -ETIMEDOUT: nothing has for too long. */
static bide_async int wait_for_out(struct bide__h2_stream *s)
{
    bide_duration limit = s->c->settings->o.write_timeout;

    if (limit.ns == BIDE__HTTP_NEVER)
        return bide_await bide_notify_wait(&s->out_news);
    int rc = bide_await bide_timeout(limit, (void)bide_notify_wait(&s->out_news));
    if (rc == -ETIMEDOUT)
        bide__http_refused(s->c->of->home, BIDE__HTTP_REFUSED_WRITE_TIMEOUT);
    return rc;
}

static bide_async int op_begin(bide_http_exchange *x)
{
    return bide__h2_reply(of(x), !bide__http_has_body(x));
}

static bide_async int op_send(bide_http_exchange *x, const void *data, size_t size)
{
    struct bide__h2_stream *s = of(x);
    int rc = 0;

    if (s->id == 0)
        return -ECONNRESET;
    bide_defer {
        take_back(s);
    }
    s->out = data;
    s->out_left = size;
    if (size > 0)
        resume(s);
    bide__h2_pump(s->c);
    while (rc == 0 && s->out_left > 0 && s->id != 0)
        rc = bide_await wait_for_out(s);
    return s->id == 0 && s->out_left > 0 ? -ECONNRESET : rc;
}

/* The whole response, if it has not begun. */
static int submit(struct bide__h2_stream *s)
{
    bide_http_exchange *x = &s->x;
    bool has_body = bide__http_has_body(x) && x->reply.size > 0;

    if (s->is_submitted)
        return 0;
    x->reply.length = (int64_t)x->reply.size;
    if (has_body) {
        s->out = x->reply.data;
        s->out_left = x->reply.size;
    }
    return bide__h2_reply(s, !has_body);
}

static bide_async int op_finish(bide_http_exchange *x)
{
    struct bide__h2_stream *s = of(x);

    bide_defer {
        take_back(s);
    }
    s->out_ended = true;
    int rc = submit(s);
    if (rc == 0) {
        resume(s);
        bide__h2_pump(s->c);
    }
    while (rc == 0 && !s->is_sent && s->id != 0)
        rc = bide_await wait_for_out(s);
    return rc == 0 && !s->is_sent ? -ECONNRESET : rc;
}

static bide_async int op_inform(bide_http_exchange *x, int status)
{
    int rc = bide__h2_inform(of(x), status, true);

    if (rc == 0)
        bide__h2_pump(of(x)->c);
    return rc;
}

static bide_async int op_gone(bide_http_exchange *x)
{
    struct bide__h2_stream *s = of(x);
    int rc = 0;

    bide__h2_pump(s->c);
    while (!s->is_gone && rc == 0)
        rc = bide_await bide_notify_wait(&s->gone_news);
    return rc;
}

const struct bide__http_ops bide__h2_ops = {.read = bide_ref(op_read),
                                            .begin = bide_ref(op_begin),
                                            .send = bide_ref(op_send),
                                            .finish = bide_ref(op_finish),
                                            .inform = bide_ref(op_inform),
                                            .upgrade = NULL,
                                            .gone = bide_ref(op_gone)};
