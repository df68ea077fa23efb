/*
 * exchange/request.c: questions about the request.
 *
 * The texts lie in the connection's buffer, without zero bytes. The byte behind each is part of the
 * head, which nobody reads again: the colon behind a name, the blank or the line end behind a
 * value. So it becomes a zero byte when somebody asks for the text. Only the target and, in the
 * target, the host have a byte behind them that is part of another text; they are copied.
 */
#include "extra/http/exchange/exchange.h"

#include "lib/io/stream.h"

const char *bide__http_request_text(const bide_http_exchange *x,
                                    const struct bide__http_fields *fields, uint32_t at,
                                    uint32_t size)
{
    (void)x;
    if (fields->base == NULL)
        return "";
    char *text = (char *)(uintptr_t)fields->base + at;
    if (text[size] != 0)
        text[size] = 0;
    return text;
}

static const char *span(const bide_http_exchange *x, struct bide__http_span s)
{
    return s.size == 0 ? "" : bide__http_request_text(x, &x->request.fields, s.at, s.size);
}

static bide_http_exchange *of(const bide_http_exchange *x)
{
    return (bide_http_exchange *)(uintptr_t)x;
}

const char *bide_http_method(const bide_http_exchange *x)
{
    return span(x, x->request.method_text);
}

/* The "?" may have become the end of the path. */
const char *bide_http_target(const bide_http_exchange *x)
{
    struct bide__http_span target = x->request.target, query = x->request.query;
    if (x->request.target_text != NULL)
        return x->request.target_text;
    if (target.size == 0)
        return "";
    char *copy = bide__http_copy(of(x), x->request.fields.base + target.at, target.size);
    if (copy == NULL)
        return "";
    if (x->request.has_query)
        copy[query.at - target.at - 1] = '?';
    of(x)->request.target_text = copy;
    return copy;
}

/* Before the byte behind the path, or the host, is overwritten, the target is kept if it is needed
 * to copy the host from it. */
static bool host_is_in_target(const bide_http_exchange *x)
{
    struct bide__http_span target = x->request.target, host = x->request.host;
    return host.size > 0 && host.at >= target.at && host.at < target.at + target.size;
}

const char *bide_http_host(const bide_http_exchange *x)
{
    struct bide__http_span host = x->request.host;
    if (!host_is_in_target(x))
        return span(x, host);
    if (x->request.host_text == NULL)
        of(x)->request.host_text =
            bide__http_copy(of(x), x->request.fields.base + host.at, host.size);
    return x->request.host_text == NULL ? "" : x->request.host_text;
}

const char *bide__http_request_path(const bide_http_exchange *x, size_t *size)
{
    struct bide__http_span path = x->request.path;
    *size = path.size;
    if (path.size > 0)
        return x->request.fields.base + path.at;
    *size = x->request.target.size > 0 && x->request.method != BIDE__METHOD_CONNECT;
    if (*size == 0)
        return "";
    return x->request.method == BIDE__METHOD_OPTIONS && !x->request.has_query ? "*" : "/";
}

const char *bide_http_path(const bide_http_exchange *x)
{
    size_t size;
    return x->request.path.size > 0 ? span(x, x->request.path) : bide__http_request_path(x, &size);
}

const char *bide_http_query(const bide_http_exchange *x)
{
    return span(x, x->request.query);
}

const char *bide_http_scheme(const bide_http_exchange *x)
{
    return x->request.is_secure ? "https" : "http";
}

bide_http_version bide_http_version_of(const bide_http_exchange *x)
{
    return x->request.version;
}

/* ---- fields ---- */

static const char *value_of(const bide_http_exchange *x, const struct bide__http_fields *fields,
                            const char *name)
{
    size_t size = strlen(name);
    const struct bide__http_field *field;
    enum bide__http_name known = bide__http_name_of(name, size);

    field = known != BIDE__FIELD_OTHER ? bide__http_fields_known(fields, known)
                                       : bide__http_fields_find(fields, NULL, name, size);
    return field == NULL ? NULL
                         : bide__http_request_text(x, fields, field->value, field->value_size);
}

static int next_of(const bide_http_exchange *x, const struct bide__http_fields *fields, size_t *at,
                   bide_http_field *field)
{
    if (*at >= fields->count)
        return 0;
    const struct bide__http_field *f = &fields->list[(*at)++];
    field->name = bide__http_request_text(x, fields, f->name, f->name_size);
    field->value = bide__http_request_text(x, fields, f->value, f->value_size);
    return 1;
}

const char *bide_http_request_header(const bide_http_exchange *x, const char *name)
{
    return value_of(x, &x->request.fields, name);
}

int bide_http_request_header_next(const bide_http_exchange *x, size_t *at, bide_http_field *field)
{
    return next_of(x, &x->request.fields, at, field);
}

const char *bide_http_request_trailer(const bide_http_exchange *x, const char *name)
{
    return value_of(x, &x->request.trailers, name);
}

int bide_http_request_trailer_next(const bide_http_exchange *x, size_t *at, bide_http_field *field)
{
    return next_of(x, &x->request.trailers, at, field);
}

/* ---- the connection ---- */

int bide_http_peer(const bide_http_exchange *x, bide_address *address)
{
    const bide_stream *transport = x->request.transport;
    address->size = 0;
    if (x->request.peer != NULL) {
        *address = *x->request.peer;
        return address->size > 0 ? 0 : -ENOTCONN;
    }
    if (transport == NULL || bide__fd_stream_socket(transport) == NULL)
        return -ENOTCONN;
    return bide_tcp_peer_address(transport, address);
}

const bide_stream *bide_http_connection(const bide_http_exchange *x)
{
    return x->request.stream;
}

void *bide_http_state(const bide_http_exchange *x)
{
    return x->state;
}

bool bide_http_wants_upgrade(const bide_http_exchange *x, const char *protocol)
{
    return x->request.upgrades && x->ops->upgrade != NULL &&
           bide__http_fields_has_token(&x->request.fields, BIDE__FIELD_UPGRADE, protocol);
}

int64_t bide_http_body_length(const bide_http_exchange *x)
{
    return x->body.length;
}

void bide_http_body_limit(bide_http_exchange *x, uint64_t size_max)
{
    x->body.max = size_max;
}

void bide_http_gone_set(bide_http_exchange *x, bide_http_gone gone)
{
    x->gone_policy = (uint8_t)gone;
    if (x->is_gone)
        bide_notify_one(&x->gone_policy_news);
}

bool bide_http_is_gone(const bide_http_exchange *x)
{
    return x->is_gone;
}

bool bide_http_drains(const bide_http_exchange *x)
{
    return x->home != NULL && atomic_load_explicit(&x->home->drains, memory_order_relaxed);
}
