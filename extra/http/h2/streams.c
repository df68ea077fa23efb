/*
 * streams.c: the objects for streams: made, found, used again.
 *
 * An object is made when a client has more streams open than ever before, and stays with the
 * connection until that is idle for a while. So a request on a connection that is warm allocates
 * nothing here. A lane, which is a child of the connection's set, comes with the first request that
 * an object serves, and then serves all that it gets.
 */
#include "lib/async.h"

#include "extra/http/h2/inside.h"

bide_async int bide__h2_lane(struct bide__h2_stream *s);

/* ---- objects ---- */

static struct bide__h2_stream *stream_new(struct bide__h2 *c)
{
    struct bide__h2_stream *s = bide__alloc(sizeof *s);

    if (s == NULL)
        return NULL;
    memset(s, 0, offsetof(struct bide__h2_stream, room));
    s->c = c;
    s->next = c->streams;
    if (c->streams != NULL)
        c->streams->previous = s;
    c->streams = s;
    c->made++;
    return s;
}

static void stream_free(struct bide__h2_stream *s)
{
    struct bide__h2 *c = s->c;

    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        c->streams = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;
    c->made--;
    bide__h2_buffer_free(&s->text);
    bide__h2_buffer_free(&s->trailer_text);
    bide__h2_buffer_free(&s->in);
    bide__free(s->fields, s->fields_room * sizeof *s->fields);
    bide__free(s->trailers, s->trailers_room * sizeof *s->trailers);
    bide__free(s, sizeof *s);
}

/* Nothing of the stream before is left, but its memory and its lane. */
static void stream_clear(struct bide__h2_stream *s)
{
    s->text.begin = s->text.end = 0;
    s->trailer_text.begin = s->trailer_text.end = 0;
    s->in.begin = s->in.end = 0;
    s->head_fields = (struct bide__http_fields){.list = s->fields, .room = s->fields_room};
    s->trailer_fields = (struct bide__http_fields){.list = s->trailers, .room = s->trailers_room};
    s->method = s->target = s->authority = s->host = (struct bide__http_span){0, 0};
    s->list_bytes = 0;
    s->crumbs = 0;
    s->has = 0;
    s->is_trailer = s->is_secure_scheme = s->expects = false;
    s->refused = 0;
    s->length = -1;
    s->in_ended = s->drops_in = false;
    s->waited_ns = 0;
    s->out = NULL;
    s->out_left = 0;
    s->out_ended = s->is_submitted = s->is_deferred = s->is_sent = s->is_reset = false;
    s->is_gone = false;
    s->code = 0;
    s->in_news = s->out_news = s->gone_news = (bide_notify)BIDE_NOTIFY_INIT;
}

struct bide__h2_stream *bide__h2_stream_take(struct bide__h2 *c, int32_t id)
{
    struct bide__h2_stream *s = c->free_streams;

    if (s != NULL)
        c->free_streams = s->next_free;
    else if ((s = stream_new(c)) == NULL)
        return NULL;
    stream_clear(s);
    s->id = id;
    s->use = BIDE__H2_RECEIVED;
    c->busy++;
    c->bodies++;
    bide__h2_wake(c);
    return s;
}

void bide__h2_stream_give(struct bide__h2_stream *s)
{
    struct bide__h2 *c = s->c;

    bide__h2_stream_consume(s, bide__h2_buffer_size(&s->in));
    if (s->id != 0)
        nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
    s->id = 0;
    if (!s->in_ended)
        c->bodies--;
    if (s->in.room > BIDE__H2_IN_SMALL)
        bide__h2_buffer_free(&s->in);
    s->use = BIDE__H2_FREE;
    s->next_free = c->free_streams;
    c->free_streams = s;
    if (--c->busy == 0)
        c->idle_since = bide_now();
    bide__h2_session_look(c);
}

/* Those that have a lane are the lane's, until the set has ended that. */
void bide__h2_streams_trim(struct bide__h2 *c)
{
    struct bide__h2_stream *s = c->free_streams;

    c->free_streams = NULL;
    while (s != NULL) {
        struct bide__h2_stream *next = s->next_free;
        s->is_retired = true;
        if (!s->has_lane)
            stream_free(s);
        else
            bide_notify_one(&s->work);
        s = next;
    }
}

void bide__h2_stream_lane_ended(struct bide__h2_stream *s)
{
    s->has_lane = false;
    stream_free(s);
}

void bide__h2_streams_free(struct bide__h2 *c)
{
    while (c->streams != NULL)
        stream_free(c->streams);
    c->free_streams = NULL;
}

/* ---- what becomes of them ---- */

void bide__h2_stream_serve(struct bide__h2_stream *s)
{
    struct bide__h2 *c = s->c;

    s->use = BIDE__H2_SERVED;
    c->requests++;
    atomic_fetch_add_explicit(&c->of->home->requests, 1, memory_order_relaxed);
    if (s->has_lane) {
        bide_notify_one(&s->work);
        return;
    }
    s->has_lane = true;
    s->work = (bide_notify)BIDE_NOTIFY_INIT;
    if (bide_future_set_add(c->set, bide__h2_lane(s)) != 0)
        return;
    s->has_lane = false;
    bide__h2_stream_reset(s, NGHTTP2_INTERNAL_ERROR);
    bide__h2_stream_give(s);
}

void bide__h2_stream_closed(struct bide__h2_stream *s, uint32_t code)
{
    if (s->id == 0)
        return;
    s->id = 0;
    s->code = code;
    s->is_gone = !s->is_sent || code != NGHTTP2_NO_ERROR;
    if (s->use == BIDE__H2_RECEIVED) { /* its head never became whole */
        bide__h2_stream_give(s);
        return;
    }
    bide_notify_one(&s->in_news);
    bide_notify_one(&s->out_news);
    bide_notify_one(&s->gone_news);
}

void bide__h2_streams_gone(struct bide__h2 *c)
{
    for (struct bide__h2_stream *s = c->streams, *next; s != NULL; s = next) {
        next = s->next;
        if (s->id != 0)
            nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
        bide__h2_stream_closed(s, NGHTTP2_CANCEL);
    }
}

void bide__h2_stream_reset(struct bide__h2_stream *s, uint32_t code)
{
    if (s->id == 0 || s->is_reset)
        return;
    s->is_reset = true;
    if (nghttp2_submit_rst_stream(s->c->session, NGHTTP2_FLAG_NONE, s->id, code) < 0)
        s->c->error = -ENOMEM;
}

void bide__h2_stream_consume(struct bide__h2_stream *s, size_t size)
{
    nghttp2_session *session = s->c->session;

    if (size == 0)
        return;
    int rc = s->id != 0 ? nghttp2_session_consume(session, s->id, size)
                        : nghttp2_session_consume_connection(session, size);
    if (rc < 0)
        s->c->error = -ENOMEM;
}
