/*
 * compress.c: responses that are compressed on their way out.
 *
 * A whole response is compressed when the handler has returned, in the place of what it has filled
 * in. One that is sent in pieces goes through a table of operations that lies before the
 * connection's: its `begin` decides by the head, its `send` compresses a piece and flushes it, and
 * its `finish` sends what is left; its `send_file` leaves a file that is compressed to `send`. The
 * other operations are the connection's own.
 *
 * The table and its state are in the memory of the exchange; the compressor is freed at its end. A
 * few of these are kept with their memory, in the home, so that a response allocates nothing.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include "extra/http/layer/accept.h"
#include "extra/http/layer/media.h"
#include "extra/http/layer/squeeze.h"

#include <strings.h>

enum { SIZE_MIN = 1024, PIECE = 16 << 10 };

/* What x->layers is. */
struct compress {
    struct bide__http_ops ops; /* with four of ours */
    const struct bide__http_ops *inner;
    const bide_http_compress_options *options;
    struct squeeze *squeeze; /* of a response in pieces; NULL: it goes as it is */
    char *piece;
};

/* ---- what is compressed ---- */

static bool is_status_with_content(int status)
{
    return status >= 200 && status != 204 && status != 205 && status != 206 && status != 304;
}

/* It would become smaller, and may be changed. */
static bool may_shrink(const bide_http_exchange *x)
{
    const struct bide__http_headers *h = &x->reply.headers;
    const struct bide__http_header *type = bide__http_headers_known(h, BIDE__FIELD_CONTENT_TYPE);

    return is_status_with_content(x->reply.status) && type != NULL &&
           bide__http_type_shrinks(type->value, type->value_size) &&
           bide__http_headers_known(h, BIDE__FIELD_CONTENT_ENCODING) == NULL &&
           bide__http_headers_known(h, BIDE__FIELD_CONTENT_RANGE) == NULL &&
           !bide__http_header_has(x, BIDE__FIELD_CACHE_CONTROL, "no-transform");
}

/* It stands for a response that might be compressed: in its place, and on the same condition, the
 * client would get that (RFC 9110, 15.3.7 and 15.4.5). */
static bool stands_for_another(const bide_http_exchange *x)
{
    const struct bide__http_headers *h = &x->reply.headers;
    const struct bide__http_header *type = bide__http_headers_known(h, BIDE__FIELD_CONTENT_TYPE);

    if ((x->reply.status != 206 && x->reply.status != 304) ||
        bide__http_headers_known(h, BIDE__FIELD_CONTENT_ENCODING) != NULL ||
        bide__http_header_has(x, BIDE__FIELD_CACHE_CONTROL, "no-transform"))
        return false;
    return type == NULL || bide__http_type_shrinks(type->value, type->value_size) ||
           strncasecmp(type->value, "multipart/byteranges", 20) == 0;
}

static enum http_coding wanted(const bide_http_exchange *x, const bide_http_compress_options *o)
{
    unsigned weights[CODINGS], offered = 1U << CODING_NONE;

    bide__http_accepted(x, weights);
    if (!o->no_gzip)
        offered |= 1U << CODING_GZIP;
    if (!o->no_brotli)
        offered |= 1U << CODING_BROTLI;
    return bide__http_coding_choose(weights, offered);
}

static unsigned level_of(const bide_http_compress_options *o, enum http_coding coding)
{
    return coding == CODING_GZIP ? o->gzip_level : o->brotli_level;
}

/* ---- the head ---- */

/* The same bytes no more: a strong ETag becomes a weak one. */
static int weaken(bide_http_exchange *x)
{
    struct bide__http_header *tag = bide__http_headers_known(&x->reply.headers, BIDE__FIELD_ETAG);

    if (tag == NULL || tag->value[0] != '"')
        return 0;
    char *weak = bide_http_alloc(x, tag->value_size + 3);
    if (weak == NULL)
        return -ENOMEM;
    memcpy(weak, "W/", 2);
    memcpy(weak + 2, tag->value, tag->value_size + 1);
    tag->value = weak;
    tag->value_size += 2;
    return 0;
}

/* Both texts live long enough. */
static int add(bide_http_exchange *x, const char *name, const char *value)
{
    size_t size = strlen(name);
    return bide__http_headers_add(x, &x->reply.headers, bide__http_name_of(name, size), name, size,
                                  value, strlen(value));
}

static int set_head(bide_http_exchange *x, enum http_coding coding)
{
    struct bide__http_headers *h = &x->reply.headers;
    int r = add(x, "Content-Encoding", bide__http_coding_name(coding));

    bide__http_headers_remove(h, BIDE__FIELD_CONTENT_LENGTH, NULL, 0);
    bide__http_headers_remove(h, bide__http_name_of("Accept-Ranges", 13), "Accept-Ranges", 13);
    return r < 0 ? r : weaken(x);
}

static int vary(bide_http_exchange *x)
{
    return bide__http_header_has(x, BIDE__FIELD_VARY, "Accept-Encoding")
               ? 0
               : add(x, "Vary", "Accept-Encoding");
}

/* The tag in a 304 is that of the form which the client has: the weak one, if it has named that. */
static int weaken_as_asked(bide_http_exchange *x)
{
    const struct bide__http_fields *f = &x->request.fields;
    const struct bide__http_header *tag =
        bide__http_headers_known(&x->reply.headers, BIDE__FIELD_ETAG);

    for (uint32_t i = 0; tag != NULL && i < f->count; i++) {
        if (f->list[i].known != BIDE__FIELD_IF_NONE_MATCH)
            continue;
        const char *list = bide__http_field_value(f, &f->list[i]);
        const char *end = list + f->list[i].value_size, *at = list;
        size_t left = f->list[i].value_size;
        while ((at = memmem(at, left, tag->value, tag->value_size)) != NULL) {
            if (at - list >= 2 && memcmp(at - 2, "W/", 2) == 0)
                return weaken(x);
            left = (size_t)(end - ++at);
        }
    }
    return 0;
}

/* The coding for this response, whose size is known or -1; the head says already that it depends on
 * the request. */
static int choose(bide_http_exchange *x, const bide_http_compress_options *o, int64_t size,
                  enum http_coding *coding)
{
    uint32_t size_min = o->size_min != 0 ? o->size_min : SIZE_MIN;

    *coding = CODING_NONE;
    if (stands_for_another(x)) {
        int r = vary(x);
        if (r == 0 && x->reply.status == 304 && wanted(x, o) != CODING_NONE)
            r = weaken_as_asked(x);
        return r;
    }
    if (!may_shrink(x) || (size >= 0 && size < size_min))
        return 0;
    *coding = wanted(x, o);
    return vary(x);
}

/* ---- whole responses ---- */

/* Compresses into memory that is no larger than the input. Its size; 0: it has no room there. */
static bide_async ssize_t shrink(struct squeeze *s, const void *data, size_t size, char *out)
{
    size_t done = 0, room = size;
    for (;;) {
        size_t part = size < PIECE ? size : PIECE, left = part;
        long n = bide__http_squeeze_step(s, part == size ? SQUEEZE_FINISH : SQUEEZE_KEEP, &data,
                                         &left, out + done, room - done);
        if (n < 0)
            return n;
        done += (size_t)n;
        size -= part - left;
        if (done == room)
            return 0;
        if (size == 0)
            return (ssize_t)done;
        bide_await bide__turn();
    }
}

static void free_whole(void *squeeze)
{
    bide__http_squeeze_free(squeeze);
}

/* What comes out lies in the memory of the compressor, which goes when it was sent. */
static bide_async int replace_body(bide_http_exchange *x, const bide_http_compress_options *o,
                                   enum http_coding coding)
{
    size_t size = x->reply.size;
    struct squeeze *s = NULL;
    bide_defer {
        bide__http_squeeze_free(s);
    }
    int r = bide__http_squeeze_new(x->home, coding, level_of(o, coding), size, &s);
    char *out = r < 0 ? NULL : bide__http_squeeze_room(s, size);
    if (out == NULL)
        return -ENOMEM;
    ssize_t n = bide_await shrink(s, x->reply.data, size, out);
    if (n <= 0)
        return (int)n;
    r = set_head(x, coding);
    if (r < 0)
        return r;
    const char *type = bide_http_header_get(x, "Content-Type");
    struct squeeze *given = s;
    s = NULL;
    return bide_http_reply_owned(x, x->reply.status, type, out, (size_t)n, free_whole, given);
}

/* ---- responses in pieces ---- */

static struct compress *compress_of(const bide_http_exchange *x)
{
    return x->layers;
}

static void free_squeeze(void *compress)
{
    struct compress *c = compress;
    bide__http_squeeze_free(c->squeeze);
}

static bide_async int begin(bide_http_exchange *x)
{
    struct compress *c = compress_of(x);
    enum http_coding coding;
    int r = choose(x, c->options, x->reply.length, &coding);
    if (r == 0 && coding != CODING_NONE) {
        r = bide__http_squeeze_new(x->home, coding, level_of(c->options, coding), 0, &c->squeeze);
        c->piece = r == 0 ? bide__http_squeeze_room(c->squeeze, PIECE) : NULL;
        if (r == 0)
            r = c->piece != NULL ? set_head(x, coding) : -ENOMEM;
        x->reply.length = -1;
    }
    return r < 0 ? r : bide_await (*c->inner->begin)(x);
}

static bide_async int put(bide_http_exchange *x, const void *data, size_t size,
                          enum squeeze_mode mode)
{
    struct compress *c = compress_of(x);
    long n = PIECE;
    while (n == PIECE) {
        n = bide__http_squeeze_step(c->squeeze, mode, &data, &size, c->piece, PIECE);
        if (n < 0)
            return (int)n;
        if (n > 0) {
            int r = bide_await (*c->inner->send)(x, c->piece, (size_t)n);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static bide_async int send_piece(bide_http_exchange *x, const void *data, size_t size)
{
    struct compress *c = compress_of(x);
    if (c->squeeze == NULL || size == 0)
        return bide_await (*c->inner->send)(x, data, size);
    return bide_await put(x, data, size, SQUEEZE_FLUSH);
}

/* What is compressed has to be read. */
static bide_async ssize_t send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size)
{
    struct compress *c = compress_of(x);
    if (c->squeeze != NULL || c->inner->send_file == NULL)
        return -EOPNOTSUPP;
    return bide_await (*c->inner->send_file)(x, fd, at, size);
}

static bide_async int finish(bide_http_exchange *x)
{
    struct compress *c = compress_of(x);
    if (c->squeeze != NULL && bide__http_has_body(x)) {
        int r = bide_await put(x, NULL, 0, SQUEEZE_FINISH);
        if (r < 0)
            return r;
    }
    return bide_await (*c->inner->finish)(x);
}

/* ---- the layer ---- */

static int stand_before(bide_http_exchange *x, const bide_http_compress_options *o)
{
    struct compress *c = bide_http_alloc(x, sizeof *c);

    if (c == NULL)
        return -ENOMEM;
    *c = (struct compress){.ops = *x->ops, .inner = x->ops, .options = o};
    int r = bide__http_at_end(x, free_squeeze, c);
    if (r < 0)
        return r;
    c->ops.begin = bide_ref(begin);
    c->ops.send = bide_ref(send_piece);
    c->ops.finish = bide_ref(finish);
    c->ops.send_file = bide_ref(send_file);
    x->layers = c;
    x->ops = &c->ops;
    return 0;
}

bide_async int bide_http_layer_compress(bide_http_exchange *x)
{
    static const bide_http_compress_options none = {0};
    const bide_http_compress_options *o = bide_http_layer_data(x);
    enum http_coding coding;
    if (o == NULL)
        o = &none;
    if (x->layers != NULL) /* there is one around this */
        return bide_await bide_http_next(x);
    int r = stand_before(x, o);
    if (r == 0)
        r = bide_await bide_http_next(x);
    if (r < 0 || x->reply.stage != BIDE__HTTP_OPEN)
        return r;
    r = choose(x, o, (int64_t)x->reply.size, &coding);
    return r < 0 || coding == CODING_NONE ? r : bide_await replace_body(x, o, coding);
}
