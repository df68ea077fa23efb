/*
 * reply.c: a response is given to nghttp2.
 *
 * Names are in small letters (RFC 9113, 8.2.1), so those that a handler has written otherwise are
 * copied. nghttp2 copies all fields when they are submitted.
 */
#include "extra/http/h2/inside.h"

#include <stdio.h>

enum { EXTRA = 6 }; /* :status, date, server, content-length, and two to spare */

#define SERVER_PREFIX "Server: "

/* ---- fields ---- */

static int make_room(struct bide__h2 *c, size_t count)
{
    if (count <= c->nv_room)
        return 0;
    nghttp2_nv *nv = bide__alloc(2 * count * sizeof *nv);
    if (nv == NULL)
        return -ENOMEM;
    bide__free(c->nv, c->nv_room * sizeof *nv);
    c->nv = nv;
    c->nv_room = 2 * count;
    return 0;
}

static nghttp2_nv field(const char *name, size_t name_size, const char *value, size_t value_size)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, name_size,
                        value_size, NGHTTP2_NV_FLAG_NONE};
}

static bool is_lower(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            return false;
    return true;
}

/* The name in small letters; room for it is in c->names. */
static const char *lower(struct bide__h2 *c, const struct bide__http_header *h)
{
    char *to = c->names.data + c->names.end;

    if (h->known != BIDE__FIELD_OTHER)
        return bide__http_name_text(h->known);
    if (is_lower(h->name, h->name_size))
        return h->name;
    for (uint32_t i = 0; i < h->name_size; i++)
        to[i] = (char)(h->name[i] >= 'A' && h->name[i] <= 'Z' ? h->name[i] | 0x20 : h->name[i]);
    c->names.end += h->name_size;
    return to;
}

/* What belongs to a connection of HTTP/1, and what we add by ourselves. */
static bool is_left_out(const struct bide__http_header *h)
{
    switch (h->known) {
    case BIDE__FIELD_CONNECTION:
    case BIDE__FIELD_KEEP_ALIVE:
    case BIDE__FIELD_PROXY_CONNECTION:
    case BIDE__FIELD_TRANSFER_ENCODING:
    case BIDE__FIELD_UPGRADE:
    case BIDE__FIELD_HTTP2_SETTINGS:
    case BIDE__FIELD_CONTENT_LENGTH: return true;
    case BIDE__FIELD_TE: return h->value_size != 8;
    default: return h->name_size == 0;
    }
}

/* Puts a list behind the first `n` fields of c->nv. Returns how many there are then. */
static ssize_t add_list(struct bide__h2 *c, const struct bide__http_headers *list, size_t n)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < list->count; i++)
        bytes += list->list[i].name_size;
    c->names.begin = c->names.end = 0;
    if (bide__h2_buffer_reserve(&c->names, bytes) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct bide__http_header *h = &list->list[i];
        if (!is_left_out(h))
            c->nv[n++] = field(lower(c, h), h->name_size, h->value, h->value_size);
    }
    return (ssize_t)n;
}

/* ---- the body ---- */

static int submit_trailers(struct bide__h2_stream *s)
{
    struct bide__h2 *c = s->c;
    const struct bide__http_headers *list = &s->x.reply.trailers;

    if (make_room(c, list->count) < 0)
        return -ENOMEM;
    ssize_t n = add_list(c, list, 0);
    return n < 0 ? (int)n : nghttp2_submit_trailer(c->session, s->id, c->nv, (size_t)n);
}

/* nghttp2_data_source_read_callback: how much of the body comes next. */
static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
                       uint32_t *flags, nghttp2_data_source *source, void *data)
{
    struct bide__h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)source, (void)buffer, (void)data;
    if (s == NULL) /* its handler has ended */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t n = s->out_left < size ? s->out_left : size;
    if (n == 0 && !s->out_ended) {
        s->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (n < s->out_left || !s->out_ended)
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->x.reply.trailers.count > 0 && s->x.reply.length < 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (submit_trailers(s) < 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)n;
}

/* ---- the head ---- */

/* The length that the response has or would have, for Content-Length; -1: none is told. */
static int64_t length_of(const bide_http_exchange *x)
{
    return bide__http_may_have_body(x->reply.status) ? x->reply.length : -1;
}

static ssize_t head(struct bide__h2_stream *s, char *status, char *length, char *date)
{
    struct bide__h2 *c = s->c;
    const bide_http_exchange *x = &s->x;
    const struct bide__http_headers *list = &x->reply.headers;
    const struct bide__http_settings *settings = c->settings;
    size_t n = 0, prefix = strlen(SERVER_PREFIX);

    if (make_room(c, list->count + EXTRA) < 0)
        return -ENOMEM;
    sprintf(status, "%03d", x->reply.status);
    c->nv[n++] = field(":status", 7, status, 3);
    ssize_t rc = add_list(c, list, n);
    if (rc < 0)
        return rc;
    n = (size_t)rc;
    if (length_of(x) >= 0)
        c->nv[n++] = field("content-length", 14, length,
                           (size_t)sprintf(length, "%lld", (long long)length_of(x)));
    if (bide__http_headers_known(list, BIDE__FIELD_DATE) == NULL) {
        bide__http_date_now(date);
        c->nv[n++] = field("date", 4, date, BIDE__HTTP_DATE_SIZE);
    }
    if (settings->server_line_size > prefix + 2 &&
        bide__http_headers_known(list, BIDE__FIELD_SERVER) == NULL)
        c->nv[n++] = field("server", 6, settings->server_line + prefix,
                           settings->server_line_size - prefix - 2);
    return (ssize_t)n;
}

int bide__h2_reply(struct bide__h2_stream *s, bool ends)
{
    struct bide__h2 *c = s->c;
    char status[16], length[24], date[BIDE__HTTP_DATE_SIZE];
    nghttp2_data_provider body = {.read_callback = on_read};
    nghttp2_extpri fair = {NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};

    if (s->id == 0)
        return -ECONNRESET;
    ssize_t n = head(s, status, length, date);
    if (n < 0)
        return (int)n;
    s->is_submitted = true;
    if (nghttp2_submit_response(c->session, s->id, c->nv, (size_t)n, ends ? NULL : &body) < 0)
        return -ENOMEM;
    /* Streams take turns, frame by frame; or a large response would hold up the small ones. */
    if (!ends && nghttp2_session_change_extpri_stream_priority(c->session, s->id, &fair, 1) < 0)
        return -ENOMEM;
    return 0;
}

int bide__h2_inform(struct bide__h2_stream *s, int status, bool with_headers)
{
    struct bide__h2 *c = s->c;
    char text[16];
    ssize_t n = 1;

    if (s->id == 0)
        return -ECONNRESET;
    if (make_room(c, s->x.reply.headers.count + EXTRA) < 0)
        return -ENOMEM;
    sprintf(text, "%03d", status);
    c->nv[0] = field(":status", 7, text, 3);
    if (with_headers && (n = add_list(c, &s->x.reply.headers, 1)) < 0)
        return (int)n;
    return nghttp2_submit_headers(c->session, NGHTTP2_FLAG_NONE, s->id, NULL, c->nv, (size_t)n,
                                  NULL) < 0
               ? -ENOMEM
               : 0;
}
