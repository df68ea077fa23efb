/*
 * exchange/header.c: the headers and trailers of the response: set, added, removed, asked for.
 *
 * Names and values are copied to the memory of the exchange, and checked: none can end its line and
 * begin another one. What frames the response is the connection's; see bide/http_server.h.
 */
#include "extra/http/exchange/exchange.h"

enum { HEADERS_MAX = 1000, HEADERS_FIRST = 8 };

/* ---- lists ---- */

static int make_room(bide_http_exchange *x, struct bide__http_headers *h)
{
    uint32_t room = h->room == 0 ? HEADERS_FIRST : h->room * 2;
    struct bide__http_header *list = bide_http_alloc(x, room * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    if (h->count > 0)
        memcpy(list, h->list, h->count * sizeof *list);
    h->list = list;
    h->room = room;
    return 0;
}

int bide__http_headers_add(bide_http_exchange *x, struct bide__http_headers *h,
                           enum bide__http_name known, const char *name, size_t name_size,
                           const char *value, size_t value_size)
{
    if (h->count >= HEADERS_MAX)
        return -E2BIG;
    if (h->count == h->room) {
        int rc = make_room(x, h);
        if (rc < 0)
            return rc;
    }
    h->list[h->count++] = (struct bide__http_header){name, value, (uint32_t)name_size,
                                                     (uint32_t)value_size, (uint8_t)known};
    h->has |= (uint64_t)1 << known;
    return 0;
}

struct bide__http_header *bide__http_headers_known(const struct bide__http_headers *h,
                                                   enum bide__http_name name)
{
    if (!(h->has & (uint64_t)1 << name))
        return NULL;
    for (uint32_t i = 0; i < h->count; i++)
        if (h->list[i].known == name)
            return &h->list[i];
    return NULL;
}

static bool is_named(const struct bide__http_header *header, const char *name, size_t size,
                     enum bide__http_name known)
{
    if (known != BIDE__FIELD_OTHER || header->known != BIDE__FIELD_OTHER)
        return header->known == known;
    return bide__http_same(header->name, header->name_size, name, size);
}

void bide__http_headers_remove(struct bide__http_headers *h, enum bide__http_name known,
                               const char *name, size_t size)
{
    uint32_t kept = 0;

    if (!(h->has & (uint64_t)1 << known))
        return;
    for (uint32_t i = 0; i < h->count; i++)
        if (!is_named(&h->list[i], name, size, known))
            h->list[kept++] = h->list[i];
    h->count = kept;
    if (known != BIDE__FIELD_OTHER)
        h->has &= ~((uint64_t)1 << known);
}

/* ---- what a handler may set ---- */

static bool is_length(const char *value)
{
    int64_t n = 0;
    if (*value == 0)
        return false;
    for (; *value != 0; value++) {
        if (*value < '0' || *value > '9' || n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*value - '0');
    }
    return true;
}

/* Names are the program's, and values may be the client's: only those are the program's fault. */
static int misused(bide_http_exchange *x, const char *name, const char *what)
{
    char shown[44];
    size_t n = 0;
    for (; name[n] != 0 && n < sizeof shown - 1; n++)
        shown[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    shown[n] = 0;
    return bide__http_misused(x, "a header of the response, '%s': %s", shown, what);
}

static const char no_name[] = "this is no name of a header";
static const char own_header[] = "the server sets it, as it is needed";

/* 0: it may be added. 1: there is nothing to add. Or an error. */
static int check(bide_http_exchange *x, enum bide__http_name known, const char *name, size_t size,
                 const char *value, size_t value_size)
{
    if (size > BIDE__HTTP_NAME_MAX || !bide__http_is_token(name, size))
        return misused(x, name, no_name);
    if (value_size > INT32_MAX || !bide__http_is_value(value, value_size))
        return -EINVAL;
    switch (known) {
    case BIDE__FIELD_CONNECTION:
        if (!bide__http_same(value, value_size, "close", 5))
            return misused(x, name, own_header);
        x->reply.wants_close = true;
        return 1;
    case BIDE__FIELD_TRANSFER_ENCODING:
    case BIDE__FIELD_KEEP_ALIVE:
    case BIDE__FIELD_PROXY_CONNECTION:
    case BIDE__FIELD_HTTP2_SETTINGS: return misused(x, name, own_header);
    case BIDE__FIELD_CONTENT_LENGTH:
        return is_length(value) ? 0 : misused(x, name, "this is no length");
    default: return 0;
    }
}

static int add(bide_http_exchange *x, struct bide__http_headers *h, const char *name,
               const char *value, bool replaces)
{
    size_t size = strlen(name), value_size = strlen(value);
    enum bide__http_name known = bide__http_name_of(name, size);
    int rc = check(x, known, name, size, value, value_size);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    char *name_copy = bide__http_copy(x, name, size);
    char *value_copy = name_copy == NULL ? NULL : bide__http_copy(x, value, value_size);
    if (value_copy == NULL)
        return -ENOMEM;
    if (replaces)
        bide__http_headers_remove(h, known, name, size);
    return bide__http_headers_add(x, h, known, name_copy, size, value_copy, value_size);
}

int bide__http_type_add(bide_http_exchange *x, const char *type)
{
    size_t size = strlen(type);
    if (size > INT32_MAX || !bide__http_is_value(type, size))
        return -EINVAL;
    char *copy = bide__http_copy(x, type, size);
    if (copy == NULL)
        return -ENOMEM;
    return bide__http_headers_add(x, &x->reply.headers, BIDE__FIELD_CONTENT_TYPE, "Content-Type",
                                  12, copy, size);
}

int bide_http_header_set(bide_http_exchange *x, const char *name, const char *value)
{
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    return add(x, &x->reply.headers, name, value, true);
}

int bide_http_header_add(bide_http_exchange *x, const char *name, const char *value)
{
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    bool once = bide__http_same(name, strlen(name), "content-length", 14);
    return add(x, &x->reply.headers, name, value, once);
}

int bide_http_header_remove(bide_http_exchange *x, const char *name)
{
    if (x->reply.stage != BIDE__HTTP_OPEN)
        return -EALREADY;
    size_t size = strlen(name);
    if (!bide__http_is_token(name, size))
        return misused(x, name, no_name);
    if (bide__http_same(name, size, "connection", 10))
        x->reply.wants_close = false;
    bide__http_headers_remove(&x->reply.headers, bide__http_name_of(name, size), name, size);
    return 0;
}

int bide_http_trailer_add(bide_http_exchange *x, const char *name, const char *value)
{
    if (x->reply.stage > BIDE__HTTP_BEGUN)
        return -EALREADY;
    if (!bide__http_may_trail(name, strlen(name)))
        return misused(x, name, "it may not be a trailer");
    return add(x, &x->reply.trailers, name, value, false);
}

/* ---- questions ---- */

const char *bide_http_header_get(const bide_http_exchange *x, const char *name)
{
    const struct bide__http_headers *h = &x->reply.headers;
    size_t size = strlen(name);
    enum bide__http_name known = bide__http_name_of(name, size);

    for (uint32_t i = 0; i < h->count; i++)
        if (is_named(&h->list[i], name, size, known))
            return h->list[i].value;
    return NULL;
}

int bide_http_header_next(const bide_http_exchange *x, size_t *at, bide_http_field *field)
{
    const struct bide__http_headers *h = &x->reply.headers;
    if (*at >= h->count)
        return 0;
    field->name = h->list[*at].name;
    field->value = h->list[*at].value;
    ++*at;
    return 1;
}
