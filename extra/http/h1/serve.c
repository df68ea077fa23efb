/*
 * h1/serve.c: a connection serves one request after another.
 *
 * After a response with which the connection ends, while the client may still be sending, its
 * sending half is ended, and what comes is read and dropped for a while: a close with unread bytes
 * would reset the connection, and the client might lose the response (RFC 9112, 9.6).
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

/* ---- a request ---- */

static void fill_request(struct bide__h1 *h, bide_http_exchange *x)
{
    const struct bide__http_head *head = &h->kit->head;

    x->request.fields = head->fields;
    x->request.method_text = head->method_text;
    x->request.target = head->target;
    x->request.path = head->path;
    x->request.query = head->query;
    x->request.has_query = head->has_query;
    x->request.host = head->host;
    x->request.method = head->method;
    x->request.upgrades = head->upgrade;
    x->request.version = head->minor == 0 ? BIDE_HTTP_1_0 : BIDE_HTTP_1_1;
}

static void fill_body(struct bide__h1 *h, bide_http_exchange *x)
{
    const struct bide__http_head *head = &h->kit->head;

    h->chunked = head->body == BIDE__HTTP_CHUNKED;
    h->left = head->body == BIDE__HTTP_LENGTH ? (uint64_t)head->length : 0;
    x->body.length = h->chunked ? -1 : (int64_t)h->left;
    x->body.ended = !h->chunked && h->left == 0;
    h->expects = head->expects && !x->body.ended;
    h->spent_ns = 0;
    h->piece_size = 0;
    h->body_at = h->kit->begin;
    if (h->chunked)
        bide__http_chunks_begin(&h->kit->chunks, &h->settings->limits, h->kit->trailers,
                                BIDE__H1_TRAILERS);
}

static bide_http_exchange *begin(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    bide_http_exchange *x = &kit->x;

    bide__http_exchange_begin(x, &bide__h1_ops, h, h->settings, kit->room, sizeof kit->room);
    x->home = h->c->home;
    x->request.stream = h->c->stream;
    x->request.transport = h->c->transport;
    x->request.is_secure = h->c->is_secure;
    x->request.version = BIDE_HTTP_1_1;
    h->has_exchange = true;
    h->begun = false;
    h->chunks_out = false;
    bide__http_meter_begin(x);
    return x;
}

static bide_http_exchange *begin_request(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    bide_http_exchange *x = begin(h);

    kit->begin += kit->head.size;
    h->keeps = kit->head.keep_alive;
    h->served++;
    atomic_fetch_add_explicit(&h->c->home->requests, 1, memory_order_relaxed);
    fill_request(h, x);
    fill_body(h, x);
    return x;
}

/* The exchange has run. True: the next request may come. */
static bool goes_on(struct bide__h1 *h, const bide_http_exchange *x, int rc)
{
    if (rc < 0 || x->reply.stage != BIDE__HTTP_ENDED) {
        h->cut = x->reply.stage != BIDE__HTTP_UPGRADED;
        return false;
    }
    h->incomplete = !x->body.ended;
    return h->keeps;
}

/* Also when it was cancelled. */
static void end_request(struct bide__h1 *h)
{
    if (h->has_exchange)
        bide__http_exchange_end(&h->kit->x);
    h->has_exchange = false;
}

static bide_async int refuse(struct bide__h1 *h)
{
    bide_http_exchange *x = begin(h);

    h->refused = true;
    h->keeps = false;
    h->incomplete = true;
    x->body.why = h->kit->head.why;
    int rc = bide_await bide__http_exchange_refuse(x, -EBADMSG, h->kit->head.refused);
    return rc < 0 ? rc : bide_await bide__h1_flush(h);
}

/* ---- the end ---- */

/* Reads and drops what comes, up to the end. */
static bide_async void drop_input(struct bide__h1 *h)
{
    uint64_t most = h->settings->o.unread_bytes_max;
    ssize_t n;
    if (bide_stream_shutdown(h->c->stream) < 0)
        return;
    do {
        n = bide_await bide_stream_read(h->c->stream, h->kit->in, h->kit->in_room);
        if (n > 0)
            most = (uint64_t)n < most ? most - (uint64_t)n : 0;
    } while (n > 0 && most > 0);
}

static bool lingers(const struct bide__h1 *h)
{
    return h->kit != NULL && !h->cut && h->c->stream != NULL &&
           h->settings->o.linger.ns != BIDE__HTTP_NEVER &&
           (h->incomplete || h->kit->begin < h->kit->end);
}

static bide_async void end(struct bide__h1 *h)
{
    if (h->c->stream == NULL || h->cut)
        return;
    if (bide_await bide__h1_flush(h) < 0)
        return;
    if (lingers(h))
        (void)bide_await bide_timeout(h->settings->o.linger, (void)drop_input(h));
}

static int hand_over(struct bide__h1 *h)
{
    struct bide__h1_kit *kit = h->kit;
    size_t size = kit->end - kit->begin;
    h->c->ahead = bide__alloc(size);
    if (h->c->ahead == NULL)
        return -ENOMEM;
    memcpy(h->c->ahead, kit->in + kit->begin, size);
    h->c->ahead_size = size;
    return 1;
}

static void free_all(struct bide__h1 *h)
{
    end_request(h);
    bide__h1_idle_end(h);
    bide__h1_kit_drop(h);
    bide__free(h, sizeof *h);
}

/* Not in a frame, so that what a handler awaits finds room in the memory that its task has. */
static struct bide__h1 *make(struct bide__http_connection *c)
{
    struct bide__h1 *h = bide__alloc(sizeof *h);
    if (h == NULL)
        return NULL;
    *h = (struct bide__h1){.c = c, .settings = c->settings};
    bide__h1_idle_begin(h);
    return h;
}

/* Answers the request whose head is there. 1: the next one may come. */
static bide_async int serve_rest(struct bide__h1 *h)
{
    bide_http_exchange *x = &h->kit->x;
    int rc = h->incomplete ? bide_await bide__h1_body_skip(h, x) : 1;
    h->incomplete = !x->body.ended;
    end_request(h);
    return rc;
}

bide_async int bide__h1_serve(struct bide__http_connection *c)
{
    struct bide__h1 *h = make(c);
    int rc;

    if (h == NULL)
        return -ENOMEM;
    bide_defer {
        free_all(h);
    }
    while ((rc = bide_await bide__h1_receive(h)) == BIDE__H1_REQUEST) {
        bide_http_exchange *x = begin_request(h);
        rc = bide_await bide__http_exchange_run(x);
        if (!goes_on(h, x, rc))
            break;
        if (!h->incomplete)
            end_request(h);
        else if (bide_await serve_rest(h) != 1)
            break;
    }
    if (rc == BIDE__H1_PREFACE)
        return hand_over(h);
    if (rc == BIDE__H1_REFUSED) {
        rc = bide_await refuse(h);
        h->cut = rc < 0;
    }
    end_request(h);
    bide_await end(h);
    return rc == -ENOMEM ? -ENOMEM : 0;
}
