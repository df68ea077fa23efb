/*
 * serve.c: a connection: the children of its set, which are the parts of it that wait.
 *
 *   read_all    reads, and gives what comes to the guard; it reads on, and drops that, when the
 *               connection ends by our will, so that the client gets our last words
 *   write_all   writes what the others have collected
 *   watch       looks at the time
 *   drain       waits for the end of the server
 *   lanes       run handlers, one request after another
 *
 * All are polled in one task, in the order in which they were woken: what has been read runs its
 * handlers, and what these send is written, in one turn.
 */
#include "lib/async.h"

#include "extra/http/h2/inside.h"

#include "lib/net/pause.h"

bide_async int bide__h2_serve(struct bide__http_connection *connection);
bide_async int bide__h2_lane(struct bide__h2_stream *s);
bide_async int bide__pause_wait(struct bide__pause *pause, bide_duration duration);

/* ---- requests ---- */

/* What is left of a request when its exchange has ended. */
static void settle(struct bide__h2_stream *s, int rc)
{
    struct bide__h2 *c = s->c;

    s->drops_in = true;
    if (!s->is_sent)
        bide__h2_stream_reset(s, rc == -ETIMEDOUT ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
    else if (!s->in_ended) /* RFC 9113, 8.1: the client need not send the rest */
        bide__h2_stream_reset(s, NGHTTP2_NO_ERROR);
    if (s->x.reply.wants_close || c->requests >= c->settings->o.requests_max)
        bide__h2_session_shut(c);
}

static int error_of(int status)
{
    return status == 414 ? -ENAMETOOLONG : status == 431 ? -E2BIG : -EINVAL;
}

static bide_async void serve_one(struct bide__h2_stream *s)
{
    bide_http_exchange *x = &s->x;
    int rc;

    bide__http_exchange_begin(x, &bide__h2_ops, s, s->c->settings, s->room, sizeof s->room);
    bide_defer {
        bide__http_exchange_end(x);
    }
    x->home = s->c->of->home;
    bide__http_meter_begin(x);
    bide__h2_head_give(s);
    if (s->refused != 0)
        rc = bide_await bide__http_exchange_refuse(x, error_of(s->refused), s->refused);
    else
        rc = bide_await bide__http_exchange_run(x);
    settle(s, rc);
}

bide_async int bide__h2_lane(struct bide__h2_stream *s)
{
    struct bide__h2 *c = s->c;

    bide_defer {
        bide__h2_stream_lane_ended(s);
    }
    while (!s->is_retired && !(c->is_over && s->use != BIDE__H2_SERVED)) {
        if (s->use == BIDE__H2_SERVED) {
            bide_await serve_one(s);
            bide__h2_stream_give(s);
            bide__h2_pump(c);
            continue;
        }
        bide_await bide_notify_wait(&s->work);
    }
    return 0;
}

/* ---- reading ---- */

static void end(struct bide__h2 *c, int error)
{
    if (c->error == 0)
        c->error = error;
    bide_notify_one(&c->news);
}

static char *place(struct bide__h2 *c, size_t *size, bool was_full)
{
    if (c->bodies > 0 && was_full && c->large == NULL)
        c->large = bide__alloc(BIDE__H2_IN_LARGE);
    c->reads_large = c->bodies > 0 && c->large != NULL;
    *size = c->reads_large ? BIDE__H2_IN_LARGE : sizeof c->small;
    return c->reads_large ? c->large : c->small;
}

/* Looks at the time when a frame begins that does not end. */
static void note_time(struct bide__h2 *c, uint32_t frames_before)
{
    if (!bide__h2_guard_is_amid(c)) {
        c->is_amid = false;
        return;
    }
    if (c->is_amid && c->guard.frames_seen == frames_before)
        return;
    c->is_amid = true;
    c->amid_since = bide_now();
    bide__h2_wake(c);
}

/* What has come. 0, or an error: the connection is over. */
static int feed(struct bide__h2 *c, const void *data, size_t size)
{
    uint32_t frames = c->guard.frames_seen;
    int rc = bide__h2_guard_feed(c, data, size);

    if (rc == 0)
        rc = c->error;
    if (rc < 0)
        return rc;
    note_time(c, frames);
    bide__h2_pump(c);
    return c->error;
}

/* The client makes us answer and does not read the answers. */
static bool is_behind(const struct bide__h2 *c)
{
    return !c->ends && c->error == 0 &&
           nghttp2_session_get_outbound_queue_size(c->session) > BIDE__H2_QUEUE_MAX;
}

static bide_async int read_some(struct bide__h2 *c)
{
    bool was_full = false;
    size_t size;
    int rc = feed(c, c->of->ahead, c->of->ahead_size);

    while (rc == 0) {
        char *to = place(c, &size, was_full);
        ssize_t n = bide_await bide_stream_read(c->stream, to, size);
        if (n <= 0)
            return n < 0 ? (int)n : 0;
        was_full = (size_t)n == size;
        rc = feed(c, to, (size_t)n);
        while (rc == 0 && is_behind(c))
            rc = bide_await bide_notify_wait(&c->room_news);
    }
    return rc;
}

static bide_async int read_all(struct bide__h2 *c)
{
    int rc = bide_await read_some(c);

    c->is_deaf = true;
    if (rc == 0 && c->settings->o.half_close && c->busy > 0)
        bide__h2_session_shut_at(c);
    else
        end(c, rc < 0 ? rc : -ECONNRESET);
    return 0;
}

/* ---- writing ---- */

/* Writes `sending`; each write that proceeds has the limit for itself. */
static bide_async int write_buffer(struct bide__h2 *c)
{
    struct bide__h2_buffer *b = &c->sending;
    bide_duration limit = c->settings->o.write_timeout;

    while (b->begin < b->end) {
        ssize_t n = 0;
        int rc = 0;
        if (limit.ns == BIDE__HTTP_NEVER)
            n = bide_await bide_stream_write(c->stream, b->data + b->begin, b->end - b->begin);
        else
            rc = bide_await bide_timeout(
                limit, n = bide_stream_write(c->stream, b->data + b->begin, b->end - b->begin));
        if (rc == -ETIMEDOUT)
            bide__http_refused(c->of->home, BIDE__HTTP_REFUSED_WRITE_TIMEOUT);
        if (rc < 0 || n < 0)
            return rc < 0 ? rc : (int)n;
        b->begin += (size_t)n;
    }
    b->begin = b->end = 0;
    return 0;
}

static bide_async int write_all(struct bide__h2 *c)
{
    int rc = 0;

    while (rc == 0) {
        if (bide__h2_buffer_size(&c->out) > 0) {
            struct bide__h2_buffer full = c->out;
            c->out = c->sending;
            c->sending = full;
            rc = bide_await write_buffer(c);
            bide_notify_one(&c->room_news);
            bide__h2_pump(c);
        } else if (c->ends) {
            break;
        } else {
            rc = bide_await bide_notify_wait(&c->news);
        }
        if (c->error != 0)
            rc = c->error;
    }
    end(c, rc);
    c->is_over = c->ends = true;
    return 0;
}

/* ---- time ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* While something is to be watched, it is looked at so often. */
static bide_duration tick(const struct bide__h2 *c)
{
    const bide_http_server_options *o = &c->settings->o;
    int64_t ns = least(o->head_timeout.ns, o->idle_timeout.ns);

    return (bide_duration){least(ns, BIDE_S(1).ns)};
}

void bide__h2_wake(struct bide__h2 *c)
{
    if (!c->sleeps)
        return;
    c->sleeps = false;
    bide_timer_reset(&c->timer, tick(c));
}

static bool is_past(bide_instant since, bide_duration limit)
{
    return limit.ns != BIDE__HTTP_NEVER && bide_elapsed(since).ns >= limit.ns;
}

static void trim(struct bide__h2 *c)
{
    bide__h2_streams_trim(c);
    bide__h2_memory_trim(&c->memory);
    bide__h2_buffer_free(&c->names);
    bide__free(c->nv, c->nv_room * sizeof *c->nv);
    c->nv = NULL;
    c->nv_room = 0;
    if (!c->reads_large) {
        bide__free(c->large, BIDE__H2_IN_LARGE);
        c->large = NULL;
    }
    if (bide__h2_buffer_size(&c->out) == 0)
        bide__h2_buffer_free(&c->out);
    if (bide__h2_buffer_size(&c->sending) == 0)
        bide__h2_buffer_free(&c->sending);
}

static void look_at_time(struct bide__h2 *c)
{
    const bide_http_server_options *o = &c->settings->o;
    bool is_idle = c->busy == 0 && !c->is_amid;

    if (!c->is_acked && is_past(c->begun, o->head_timeout))
        bide__h2_session_fail(c, NGHTTP2_SETTINGS_TIMEOUT, "settings were not acknowledged");
    else if (c->is_amid && is_past(c->amid_since, o->head_timeout))
        bide__h2_session_fail(c, NGHTTP2_ENHANCE_YOUR_CALM, "a head that comes too slowly");
    else if (c->requests == 0 && is_past(c->begun, o->head_timeout))
        bide__h2_session_shut_at(c);
    else if (is_idle && is_past(c->idle_since, o->idle_timeout))
        bide__h2_session_shut_at(c);
    else if (c->is_draining && is_past(c->drain_since, BIDE_S(1)))
        bide__h2_session_shut_at(c);
    else if (is_idle && is_past(c->idle_since, tick(c)))
        trim(c);
    else
        return;
    bide__h2_pump(c);
}

/* An idle connection whose memory was let go of is left alone until its time is up. */
static void set_timer(struct bide__h2 *c)
{
    bide_duration idle = c->settings->o.idle_timeout;

    c->sleeps = c->busy == 0 && c->made == 0 && !c->is_amid && c->is_acked && c->requests > 0 &&
                !c->is_draining;
    if (!c->sleeps)
        bide_timer_reset(&c->timer, tick(c));
    else if (idle.ns == BIDE__HTTP_NEVER)
        bide_timer_reset(&c->timer, BIDE_S(24 * 3600));
    else
        bide_timer_reset_at(&c->timer, bide_instant_add(c->idle_since, idle));
}

static bide_async int watch(struct bide__h2 *c)
{
    int rc = 0;

    while (rc == 0 && !c->ends && c->error == 0) {
        set_timer(c);
        rc = bide_await bide_timer_wait(&c->timer);
        if (rc == 0 && !c->ends)
            look_at_time(c);
    }
    return rc;
}

static bide_async int drain(struct bide__h2 *c)
{
    const struct bide__http_home *home = c->of->home;
    int rc = 0;

    while (rc == 0 && !atomic_load_explicit(&home->drains, memory_order_relaxed))
        rc = bide_await bide__pause_wait(&c->of->pause, BIDE_S(24 * 3600));
    if (rc == 0 && !c->ends) {
        bide__h2_session_shut(c);
        bide__h2_wake(c);
        bide__h2_pump(c);
    }
    return rc;
}

/* ---- a connection ---- */

static void connection_free(struct bide__h2 *c)
{
    bide__h2_streams_free(c);
    nghttp2_session_del(c->session);
    bide__h2_memory_end(&c->memory);
    bide__h2_buffer_free(&c->out);
    bide__h2_buffer_free(&c->sending);
    bide__h2_buffer_free(&c->names);
    bide__free(c->nv, c->nv_room * sizeof *c->nv);
    bide__free(c->large, BIDE__H2_IN_LARGE);
    bide__free(c, sizeof *c);
}

static int connection_new(struct bide__http_connection *of, struct bide__h2 **connection)
{
    struct bide__h2 *c = bide__alloc(sizeof *c);

    if (c == NULL)
        return -ENOMEM;
    memset(c, 0, sizeof *c);
    c->of = of;
    c->settings = of->settings;
    c->stream = of->stream;
    c->begun = c->idle_since = bide_now();
    bide__h2_guard_begin(c);
    int rc = bide__h2_session_begin(c);
    if (rc == 0)
        rc = bide_future_set_new(0, &c->set);
    if (rc < 0) {
        connection_free(c);
        return rc;
    }
    *connection = c;
    return 0;
}

static int add_children(struct bide__h2 *c)
{
    if (bide_future_set_add(c->set, read_all(c)) == 0 ||
        bide_future_set_add(c->set, write_all(c)) == 0 ||
        bide_future_set_add(c->set, watch(c)) == 0 || bide_future_set_add(c->set, drain(c)) == 0)
        return -ENOMEM;
    return 0;
}

/* Runs the children until the connection is over, or until no handler is left. */
static bide_async void run(struct bide__h2 *c, bool to_the_end)
{
    int rc = 1, result;

    while (rc != 0 && (to_the_end ? c->busy > 0 : !c->is_over))
        rc = bide_await bide_future_set_next(c->set, &result);
}

static bide_async void until_deaf(struct bide__h2 *c)
{
    int rc = 1, result;

    while (rc != 0 && !c->is_deaf)
        rc = bide_await bide_future_set_next(c->set, &result);
}

/* We have said our last: waits until the client has, too, or a reset could take it away. */
static bide_async void linger(struct bide__h2 *c)
{
    if (c->error != 0 || c->is_deaf)
        return;
    (void)bide_stream_shutdown(c->stream);
    (void)bide_await bide_timeout(c->settings->o.linger, until_deaf(c));
}

bide_async int bide__h2_serve(struct bide__http_connection *connection)
{
    struct bide__h2 *c = NULL;
    int rc = connection_new(connection, &c);

    if (rc < 0)
        return rc;
    bide_defer {
        bide_await bide_future_set_close(c->set);
        connection_free(c);
    }
    rc = add_children(c);
    if (rc < 0)
        return rc;
    bide_await run(c, false);
    bide__h2_streams_gone(c);
    bide_await linger(c);
    bide_await run(c, true);
    return c->error == -ENOMEM ? -ENOMEM : 0;
}
