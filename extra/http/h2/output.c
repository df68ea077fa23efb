/*
 * output.c: what is to be sent, collected into one buffer.
 *
 * nghttp2 makes one frame after another. They are copied to `out`, so that many small ones are one
 * write. DATA is copied straight from the handler's memory, without a copy in nghttp2. When `out`
 * is full, DATA waits, and with it the handlers that send; the other frames are few (see
 * BIDE__H2_QUEUE_MAX).
 */
#include "extra/http/h2/inside.h"

enum { FRAME_HEAD = 9, FRAME_MAX = 16384 };

static bool is_full(const struct bide__h2 *c)
{
    return bide__h2_buffer_size(&c->out) >= BIDE__H2_OUT_MAX;
}

int bide__h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                       size_t size, nghttp2_data_source *source, void *data)
{
    struct bide__h2 *c = data;
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)source;
    if (s == NULL || s->out_left < size) /* the handler has ended, or was cancelled */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (is_full(c))
        return NGHTTP2_ERR_WOULDBLOCK;
    if (bide__h2_buffer_reserve(&c->out, FRAME_HEAD + size) < 0) {
        c->error = -ENOMEM;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    bide__h2_buffer_add(&c->out, head, FRAME_HEAD);
    bide__h2_buffer_add(&c->out, s->out, size);
    if (size > 0)
        s->out += size;
    s->out_left -= size;
    bide_notify_one(&s->out_news); /* it proceeds, so its time begins anew */
    return 0;
}

static void collect(struct bide__h2 *c)
{
    const uint8_t *data;
    ssize_t n = 0;

    while (c->error == 0 && !is_full(c) && (n = nghttp2_session_mem_send(c->session, &data)) > 0)
        if (bide__h2_buffer_add(&c->out, data, (size_t)n) < 0)
            c->error = -ENOMEM;
    if (n < 0 && c->error == 0)
        c->error = -ENOMEM;
}

void bide__h2_pump(struct bide__h2 *c)
{
    if (c->inside || c->is_over)
        return;
    c->inside++;
    collect(c);
    c->inside--;
    bide__h2_session_look(c);
    if (c->error != 0 || c->ends || bide__h2_buffer_size(&c->out) > 0)
        bide_notify_one(&c->news);
}
