/*
 * head.c: the head of a request, and its trailers, field by field, as HPACK decodes them.
 *
 * nghttp2 has checked names and values (RFC 9113, 8.2), the order and number of pseudo-fields
 * (8.3), the fields of a connection, and content-length against DATA. What is left is checked here,
 * as strictly as HTTP/1 is (extra/http/message/parse.h): targets, hosts, and limits. What is beyond
 * a limit is decoded, or the client's table and ours would differ, but not kept; the request is
 * answered with the status that is due. A client that goes far beyond loses the connection.
 *
 * Texts are copied to one buffer of the stream, each with a zero byte behind it.
 */
#include "extra/http/h2/inside.h"

#include "extra/http/message/bytes.h"

enum {
    FIELD_OVERHEAD = 32, /* RFC 9113, 6.5.2 */
    FIELDS_FIRST = 16,
    FAR = 8, /* times the limit */
};

enum pseudo { HAS_AUTHORITY = 1, HAS_HOST = 2, HAS_LENGTH = 4, HAS_PATH = 8 };

static bool is_text(const uint8_t *s, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(s, text, size) == 0;
}

/* ---- keeping ---- */

/* Copies a text, with a zero byte behind it. */
static int keep(struct bide__h2_buffer *b, const void *text, size_t size,
                struct bide__http_span *at)
{
    int rc = bide__h2_buffer_reserve(b, size + 1);

    if (rc < 0)
        return rc;
    *at = (struct bide__http_span){(uint32_t)b->end, (uint32_t)size};
    memcpy(b->data + b->end, text, size);
    b->data[b->end + size] = 0;
    b->end += size + 1;
    return 0;
}

/* Room for one more in a list, whose array is the stream's. */
static int grow(struct bide__http_fields *f, struct bide__http_field **list, uint32_t *room)
{
    if (f->count < f->room)
        return 0;
    uint32_t more = *room == 0 ? FIELDS_FIRST : *room * 2;
    struct bide__http_field *bigger = bide__alloc(more * sizeof *bigger);
    if (bigger == NULL)
        return -ENOMEM;
    if (f->count > 0)
        memcpy(bigger, f->list, f->count * sizeof *bigger);
    bide__free(*list, *room * sizeof *bigger);
    *list = f->list = bigger;
    *room = f->room = more;
    return 0;
}

static int keep_field(struct bide__h2_stream *s, const uint8_t *name, size_t name_size,
                      const uint8_t *value, size_t value_size, struct bide__http_span *value_at)
{
    struct bide__h2_buffer *b = s->is_trailer ? &s->trailer_text : &s->text;
    struct bide__http_fields *f = s->is_trailer ? &s->trailer_fields : &s->head_fields;
    struct bide__http_span at;
    int rc = s->is_trailer ? grow(f, &s->trailers, &s->trailers_room)
                           : grow(f, &s->fields, &s->fields_room);

    if (rc == 0)
        rc = keep(b, name, name_size, &at);
    if (rc == 0)
        rc = keep(b, value, value_size, value_at);
    f->base = b->data;
    return rc < 0 ? rc : bide__http_fields_add(f, at.at, name_size, value_at->at, value_size);
}

/* ---- limits ---- */

static void refuse(struct bide__h2_stream *s, int status)
{
    if (s->refused == 0)
        s->refused = status;
}

/* False: the field is not kept. */
static bool count(struct bide__h2_stream *s, size_t name_size, size_t value_size)
{
    const bide_http_server_options *o = &s->c->settings->o;
    uint64_t bytes = (uint64_t)s->list_bytes + name_size + value_size + FIELD_OVERHEAD;
    uint32_t fields = s->is_trailer ? s->trailer_fields.count : s->head_fields.count;

    s->list_bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    if (bytes > (uint64_t)FAR * o->head_bytes_max)
        bide__h2_session_fail(s->c, NGHTTP2_ENHANCE_YOUR_CALM, "fields far beyond the limit");
    if (bytes <= o->head_bytes_max && fields < o->headers_max && name_size <= BIDE__HTTP_NAME_MAX)
        return true;
    refuse(s, 431);
    return false;
}

/* ---- fields ---- */

static bool pseudo(struct bide__h2_stream *s, const uint8_t *name, size_t name_size,
                   const uint8_t *value, size_t value_size)
{
    struct bide__http_span *at = NULL;

    if (is_text(name, name_size, ":method")) {
        at = &s->method;
    } else if (is_text(name, name_size, ":path")) {
        at = &s->target;
        s->has |= HAS_PATH;
        if (value_size > s->c->settings->limits.target_max) {
            refuse(s, 414);
            return true;
        }
    } else if (is_text(name, name_size, ":authority")) {
        at = &s->authority;
        s->has |= HAS_AUTHORITY;
    }
    if (at != NULL && keep(&s->text, value, value_size, at) < 0)
        s->c->error = -ENOMEM;
    return true;
}

static bool length(struct bide__h2_stream *s, const uint8_t *value, size_t size)
{
    int64_t n = 0;

    for (size_t i = 0; i < size; i++) /* nghttp2 has seen that it is a number below 2^63 */
        n = n * 10 + (value[i] - '0');
    s->length = n;
    s->has |= HAS_LENGTH;
    return true;
}

/* A field that means something to us. False: it is malformed. */
static bool known(struct bide__h2_stream *s, const uint8_t *value, size_t value_size,
                  struct bide__http_span at)
{
    switch (s->head_fields.list[s->head_fields.count - 1].known) {
    case BIDE__FIELD_HOST:
        s->host = at;
        s->has |= HAS_HOST;
        return true;
    case BIDE__FIELD_CONTENT_LENGTH: return length(s, value, value_size);
    case BIDE__FIELD_COOKIE: s->crumbs++; return true;
    case BIDE__FIELD_EXPECT:
        s->expects = bide__http_same((const char *)value, value_size, "100-continue", 12);
        if (!s->expects)
            refuse(s, 417);
        return true;
    case BIDE__FIELD_HTTP2_SETTINGS: /* RFC 9113, 8.2.2: of a connection, as Upgrade is */
        return false;
    default: return true;
    }
}

bool bide__h2_head_field(struct bide__h2_stream *s, const uint8_t *name, size_t name_size,
                         const uint8_t *value, size_t value_size)
{
    struct bide__http_span at = {0, 0};

    if (!count(s, name_size, value_size))
        return true;
    if (name_size > 0 && name[0] == ':')
        return pseudo(s, name, name_size, value, value_size);
    int rc = keep_field(s, name, name_size, value, value_size, &at);
    if (rc < 0)
        s->c->error = -ENOMEM;
    return rc < 0 || s->is_trailer || known(s, value, value_size, at);
}

/* ---- the whole ---- */

/* Cookies may come in crumbs, which are one field to everybody else (RFC 9113, 8.2.3). */
static int join_cookies(struct bide__h2_stream *s)
{
    struct bide__http_fields *f = &s->head_fields;
    struct bide__http_field *first = NULL;
    size_t begin = s->text.end;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < f->count; i++) {
        struct bide__http_field *field = &f->list[i];
        if (field->known != BIDE__FIELD_COOKIE) {
            f->list[kept++] = *field;
            continue;
        }
        if (bide__h2_buffer_reserve(&s->text, field->value_size + 3) < 0)
            return -ENOMEM;
        if (first != NULL) {
            memcpy(s->text.data + s->text.end, "; ", 2);
            s->text.end += 2;
        } else {
            first = &f->list[kept++];
            *first = *field;
        }
        memcpy(s->text.data + s->text.end, s->text.data + field->value, field->value_size);
        s->text.end += field->value_size;
    }
    if (first != NULL) {
        first->value = (uint32_t)begin;
        first->value_size = (uint32_t)(s->text.end - begin);
        s->text.data[s->text.end++] = 0;
    }
    f->count = kept;
    f->twice &= ~((uint64_t)1 << BIDE__FIELD_COOKIE);
    return 0;
}

/* A path, and perhaps a query; nghttp2 knows when "*" is allowed. */
static bool is_target(const char *text, size_t size)
{
    size_t i = 0;

    if (size == 1 && text[0] == '*')
        return true;
    if (size == 0 || text[0] != '/')
        return false;
    while (i < size && byte_is(text[i], BYTE_PATH))
        i++;
    if (i < size && text[i] == '?')
        for (i++; i < size && byte_is(text[i], BYTE_QUERY);)
            i++;
    return i == size;
}

/* The host, of :authority or of Host; they must not differ (RFC 9113, 8.3.1). */
static bool check_host(struct bide__h2_stream *s)
{
    const char *text = s->text.data;

    if (s->has & HAS_AUTHORITY && s->has & HAS_HOST &&
        !bide__http_same(text + s->authority.at, s->authority.size, text + s->host.at,
                         s->host.size))
        return false;
    if (s->has & HAS_AUTHORITY)
        s->host = s->authority;
    return bide__http_is_host(text + s->host.at, s->host.size);
}

static bool end_of_request(struct bide__h2_stream *s, bool ends)
{
    if (!(s->has & HAS_PATH)) /* CONNECT: nghttp2 has seen to it that it has no path */
        s->target = s->authority;
    else if (s->refused == 0 && !is_target(s->text.data + s->target.at, s->target.size))
        return false;
    if (s->refused == 0 && !check_host(s))
        return false;
    if (s->crumbs > 1 && join_cookies(s) < 0)
        s->c->error = -ENOMEM;
    if (!(s->has & HAS_LENGTH))
        s->length = ends ? 0 : -1;
    s->head_fields.base = s->text.data;
    return true;
}

bool bide__h2_head_end(struct bide__h2_stream *s, bool ends)
{
    if (s->c->error != 0)
        return true;
    if (!s->is_trailer)
        return end_of_request(s, ends);
    s->trailer_fields.base = s->trailer_text.data;
    return true;
}

static enum bide__http_method method_of(const char *text, size_t size)
{
    static const struct {
        const char *text;
        enum bide__http_method method;
    } names[] = {{"GET", BIDE__METHOD_GET},         {"POST", BIDE__METHOD_POST},
                 {"HEAD", BIDE__METHOD_HEAD},       {"PUT", BIDE__METHOD_PUT},
                 {"DELETE", BIDE__METHOD_DELETE},   {"PATCH", BIDE__METHOD_PATCH},
                 {"OPTIONS", BIDE__METHOD_OPTIONS}, {"CONNECT", BIDE__METHOD_CONNECT},
                 {"TRACE", BIDE__METHOD_TRACE}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_text((const uint8_t *)text, size, names[i].text))
            return names[i].method;
    return BIDE__METHOD_EXTENSION;
}

void bide__h2_head_give(struct bide__h2_stream *s)
{
    bide_http_exchange *x = &s->x;
    const char *text = s->text.data;
    struct bide__http_span target = s->target;

    x->request.fields = s->head_fields;
    x->request.method_text = s->method;
    x->request.method = (uint8_t)method_of(text + s->method.at, s->method.size);
    x->request.target = x->request.path = target;
    x->request.host = s->host;
    if (!(s->has & HAS_PATH))
        x->request.path.size = 0;
    const char *question = target.size == 0 ? NULL : memchr(text + target.at, '?', target.size);
    if (question != NULL && s->has & HAS_PATH) {
        x->request.has_query = true;
        x->request.path.size = (uint32_t)(question - text) - target.at;
        x->request.query.at = target.at + x->request.path.size + 1;
        x->request.query.size = target.size - x->request.path.size - 1;
    }
    x->request.is_secure = s->c->of->is_secure;
    x->request.version = BIDE_HTTP_2;
    x->request.stream = s->c->stream;
    x->body.length = s->length;
    x->body.ended = s->length == 0;
}
