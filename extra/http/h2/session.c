/*
 * session.c: nghttp2's session and its callbacks.
 *
 * The callbacks only note what has happened. They call functions of nghttp2 that queue a frame, but
 * none that sends or receives.
 */
#include "extra/http/h2/inside.h"

#include <pthread.h>

enum {
    TABLE_MAX = 4096,    /* of HPACK, for what we send */
    FRAMES_PER_DATA = 4, /* that a client may send for each that it gets */
};

/* ---- heads ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    struct bide__h2 *c = data;
    int32_t id = frame->hd.stream_id;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        if (s != NULL) {
            s->is_trailer = true;
            s->list_bytes = 0;
        }
        return 0;
    }
    bide__h2_guard_opened(c, (uint32_t)id);
    if (c->ends)
        return 0;
    if (c->busy >= c->settings->o.h2_streams_max) { /* handlers of streams that were reset run on */
        if (nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM) < 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    s = bide__h2_stream_take(c, id);
    if (s == NULL || nghttp2_session_set_stream_user_data(session, id, s) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

/* The message is malformed (RFC 9113, 8.1.1). */
static int malformed(nghttp2_session *session, int32_t id)
{
    if (nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    if (s == NULL)
        return 0;
    bool is_good = bide__h2_head_field(s, name, name_size, value, value_size);
    if (c->error != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return is_good ? 0 : malformed(session, frame->hd.stream_id);
}

/* nghttp2 would ignore the field. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_size, const uint8_t *value,
                             size_t value_size, uint8_t flags, void *data)
{
    (void)name, (void)name_size, (void)value, (void)value_size, (void)flags, (void)data;
    return malformed(session, frame->hd.stream_id);
}

/* ---- frames ---- */

static void request_ends(struct bide__h2_stream *s)
{
    if (s->in_ended)
        return;
    s->in_ended = true;
    s->c->bodies--;
    bide_notify_one(&s->in_news);
}

static int on_headers(nghttp2_session *session, const nghttp2_frame *frame,
                      struct bide__h2_stream *s)
{
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

    if (s->is_reset)
        return 0;
    if (!bide__h2_head_end(s, ends)) {
        s->is_reset = true;
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id,
                                         NGHTTP2_PROTOCOL_ERROR) < 0
                   ? NGHTTP2_ERR_CALLBACK_FAILURE
                   : 0;
    }
    if (s->c->error != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (ends)
        request_ends(s);
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        bide__h2_stream_serve(s);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS: return s == NULL ? 0 : on_headers(session, frame, s);
    case NGHTTP2_DATA:
        if (s != NULL && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            request_ends(s);
        return 0;
    case NGHTTP2_SETTINGS:
        c->is_acked = c->is_acked || frame->hd.flags & NGHTTP2_FLAG_ACK;
        return 0;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK && c->is_draining)
            bide__h2_session_shut_at(c);
        return 0;
    default: return 0;
    }
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t size, void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    if (s == NULL || s->drops_in)
        return nghttp2_session_consume(session, id, size) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    if (bide__h2_buffer_add(&s->in, bytes, size) < 0) {
        c->error = -ENOMEM;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    bide_notify_one(&s->in_news);
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s;

    if (frame->hd.type == NGHTTP2_DATA)
        bide__h2_guard_worked(c, FRAMES_PER_DATA);
    /* nghttp2 also refuses streams by itself, until the client knows the limit. */
    if (frame->hd.type == NGHTTP2_RST_STREAM &&
        frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM)
        bide__http_refused(c->of->home, BIDE__HTTP_REFUSED_H2_STREAMS);
    /* Once the client has answered this, it has seen the first GOAWAY (RFC 9113, 6.8). It must not
     * be queued with that, since nghttp2 sends PINGs first. */
    if (frame->hd.type == NGHTTP2_GOAWAY && c->is_draining && !c->is_last &&
        nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (s == NULL)
        return 0;
    s->is_sent = true;
    bide_notify_one(&s->out_news);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
    bool is_served = s == NULL ? code == NGHTTP2_NO_ERROR : s->is_sent;

    /* Whoever has reset it, the client may have sent more before it knew, unless it has sent the
     * end, or RST_STREAM, which is why `resets_id` was set. */
    bool has_ended = (s != NULL && s->in_ended) || c->resets_id == id;
    bide__h2_guard_closed(c, (uint32_t)id, !has_ended);
    if (is_served)
        bide__h2_guard_served(c);
    else
        bide__h2_guard_reset(c);
    if (s != NULL)
        bide__h2_stream_closed(s, code);
    return 0;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *data)
{
    struct bide__h2 *c = data;

    (void)session;
    c->resets_id = head->type == NGHTTP2_RST_STREAM ? head->stream_id : 0;
    return 0;
}

/* ---- the session ---- */

/*
 * The same for all sessions. nghttp2 takes the memory of these two from the heap by itself, so they
 * are made once for the process, and stay.
 */
static struct {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
} shared;

/* In Debian's 1.52, and from 1.57 on. The limit is ours; nghttp2's own cannot be chosen. */
void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *option, uint64_t burst,
                                                uint64_t rate) __attribute__((__weak__));

static void shared_make(void)
{
    nghttp2_session_callbacks *b;
    nghttp2_option *p;

    if (nghttp2_session_callbacks_new(&b) < 0)
        return;
    if (nghttp2_option_new(&p) < 0) {
        nghttp2_session_callbacks_del(b);
        return;
    }
    nghttp2_session_callbacks_set_on_begin_frame_callback(b, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(b, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(b, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(b, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(b, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(b, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(b, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(b, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(b, bide__h2_send_data);
    nghttp2_option_set_no_auto_window_update(p, 1);
    nghttp2_option_set_no_closed_streams(p, 1);
    nghttp2_option_set_max_deflate_dynamic_table_size(p, TABLE_MAX);
    if (nghttp2_option_set_stream_reset_rate_limit != NULL)
        nghttp2_option_set_stream_reset_rate_limit(p, UINT64_MAX, UINT64_MAX);
    shared.callbacks = b;
    shared.option = p;
}

static int submit_settings(struct bide__h2 *c)
{
    const bide_http_server_options *o = &c->settings->o;
    nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, o->h2_streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, o->h2_stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, o->head_bytes_max},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };

    if (nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, entries,
                                sizeof entries / sizeof *entries) < 0)
        return -ENOMEM;
    if (nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0,
                                              (int32_t)o->h2_window) < 0)
        return -ENOMEM;
    return 0;
}

int bide__h2_session_begin(struct bide__h2 *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (bide__h2_memory_begin(&c->memory, c->settings->o.h2_streams_max) < 0)
        return -ENOMEM;
    pthread_once(&once, shared_make);
    if (shared.option == NULL || nghttp2_session_server_new3(&c->session, shared.callbacks, c,
                                                             shared.option, &c->memory.mem) < 0) {
        c->session = NULL;
        return -ENOMEM;
    }
    return submit_settings(c);
}

int bide__h2_session_receive(struct bide__h2 *c, const void *data, size_t size)
{
    c->inside++;
    ssize_t n = nghttp2_session_mem_recv(c->session, data, size);
    c->inside--;
    if (c->error != 0)
        return c->error;
    if (n >= 0)
        return 0;
    return n == NGHTTP2_ERR_NOMEM || n == NGHTTP2_ERR_CALLBACK_FAILURE ? -ENOMEM : -EPROTO;
}

void bide__h2_session_fail(struct bide__h2 *c, uint32_t code, const char *why)
{
    c->why = why;
    c->ends = true;
    if (nghttp2_session_terminate_session(c->session, code) < 0)
        c->error = -ENOMEM;
}

void bide__h2_session_shut(struct bide__h2 *c)
{
    if (c->is_draining || c->ends)
        return;
    c->is_draining = true;
    c->drain_since = bide_now();
    if (c->busy == 0) {
        bide__h2_session_shut_at(c);
        return;
    }
    if (nghttp2_submit_shutdown_notice(c->session) < 0)
        c->error = -ENOMEM;
}

void bide__h2_session_shut_at(struct bide__h2 *c)
{
    if (c->is_last || c->ends)
        return;
    c->is_last = true;
    if (nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(c->session), NGHTTP2_NO_ERROR,
                              NULL, 0) < 0)
        c->error = -ENOMEM;
    bide__h2_session_look(c);
}

void bide__h2_session_look(struct bide__h2 *c)
{
    if (c->is_last && c->busy == 0)
        c->ends = true;
    if (!nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session))
        c->ends = true;
    if (c->ends)
        bide_notify_one(&c->news);
}
