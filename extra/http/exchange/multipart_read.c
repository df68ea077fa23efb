/*
 * exchange/multipart_read.c: the parts of a body as they come, with back-pressure: the body is read
 * only when a part is asked for and the buffer has too little. multipart.h has the parser.
 */
#include "lib/async.h"

#include "extra/http/exchange/multipart.h"
#include "extra/http/exchange/typed.h"

enum {
    PARTS_DEFAULT = 100,
    HEAD_DEFAULT = 4096,
    HEAD_MOST = 65536,
    BUFFER_MORE = 4096, /* beyond the head: what one read brings */
};

struct bide_http_multipart {
    struct multipart m;
    bide_http_exchange *x;
    uint64_t part_most, part_bytes;
    struct multipart_text fields; /* of this part, copied */
    int error;                    /* the first one; it stays */
    char buffer[];
};

/* ---- the beginning ---- */

static int no_boundary(bide_http_exchange *x)
{
    return bide__http_fail_at(x, -EBADMSG, 400, "Content-Type",
                              "a body of parts needs a boundary, which this one has not");
}

int bide_http_multipart_begin(bide_http_exchange *x, const bide_http_multipart_options *options,
                              bide_http_multipart **multipart)
{
    static const bide_http_multipart_options none = {0};
    const bide_http_multipart_options *o = options != NULL ? options : &none;
    size_t head = o->head_bytes_max != 0 ? o->head_bytes_max : HEAD_DEFAULT;
    char boundary[MULTIPART_BOUNDARY_MOST + 1];

    *multipart = NULL;
    if (head > HEAD_MOST)
        return bide__http_misused(x, "bide_http_multipart_begin: head_bytes_max is too large");
    if (!bide__http_has_type(x, "multipart/form-data"))
        return bide__http_fail_at(x, -EMEDIUMTYPE, 415, "Content-Type",
                                  "multipart/form-data is needed");
    ssize_t boundary_size = bide__http_type_parameter(x, "boundary", boundary, sizeof boundary);
    if (boundary_size <= 0)
        return no_boundary(x);
    bide_http_multipart *p = bide_http_alloc(x, sizeof *p + head + BUFFER_MORE);
    if (p == NULL)
        return -ENOMEM;
    memset(p, 0, sizeof *p);
    p->x = x;
    p->part_most = o->part_bytes_max != 0 ? o->part_bytes_max : UINT64_MAX;
    if (bide__multipart_begin(&p->m, boundary, (size_t)boundary_size, p->buffer, head + BUFFER_MORE,
                              head, o->parts_max != 0 ? o->parts_max : PARTS_DEFAULT) < 0)
        return no_boundary(x);
    *multipart = p;
    return 0;
}

/* ---- faults ---- */

static int fails(bide_http_multipart *p, int error)
{
    bide_http_exchange *x = p->x;

    if (p->error != 0)
        return p->error;
    p->error = error;
    if (error == -EBADMSG && x->body.error == 0)
        bide__http_note(x, error, 400, "the body is no multipart/form-data, or ends too early");
    else if (error == -EMSGSIZE && x->body.error == 0)
        bide__http_note(x, error, 431, "the headers of a part are too large");
    else if (error == -E2BIG)
        bide__http_note(x, error, 413, "the body has too many parts");
    else if (error == -EFBIG)
        bide__http_note(x, p->error = -EMSGSIZE, 413, "a part is too large");
    return p->error;
}

/* Reads on. 0 or an error. */
static bide_async int fill(bide_http_multipart *p)
{
    size_t size;
    char *to = bide__multipart_room(&p->m, &size);
    ssize_t n = bide_await bide_http_body_read(p->x, to, size);
    if (n < 0)
        return (int)n;
    bide__multipart_put(&p->m, (size_t)n);
    return 0;
}

/* ---- parts ---- */

static char *copy(bide_http_exchange *x, struct multipart_text text)
{
    return text.data != NULL ? bide__http_copy(x, text.data, text.size) : NULL;
}

/* The text has a zero byte in it, so what the caller sees would not be what was sent. */
static bool has_zero(struct multipart_text text)
{
    return text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
}

static int set_names(bide_http_multipart *p, struct multipart_text value, bide_http_part *part)
{
    struct multipart_text name, filename;
    char *text = bide__http_copy(p->x, value.data, value.size);

    if (text == NULL)
        return -ENOMEM;
    int r = bide__multipart_disposition(text, value.size, &name, &filename);
    if (r < 0)
        return r;
    if (has_zero(name) || has_zero(filename))
        return -EBADMSG;
    part->name = copy(p->x, name);
    part->filename = copy(p->x, filename);
    return part->name == NULL || (filename.data != NULL && part->filename == NULL) ? -ENOMEM : 0;
}

/* The fields of a part, which are still in the buffer. */
static int take_fields(bide_http_multipart *p, struct multipart_text fields, bide_http_part *part)
{
    struct multipart_text name, value, lines = fields;
    int r;

    *part = (bide_http_part){NULL, NULL, "text/plain"};
    p->part_bytes = 0;
    p->fields = (struct multipart_text){copy(p->x, fields), fields.size};
    if (p->fields.data == NULL)
        return -ENOMEM;
    while ((r = bide__multipart_field(&lines, &name, &value)) > 0) {
        if (bide__http_same(name.data, name.size, "content-disposition", 19)) {
            r = part->name != NULL ? -EBADMSG : set_names(p, value, part);
        } else if (bide__http_same(name.data, name.size, "content-type", 12)) {
            part->type = copy(p->x, value);
            r = part->type != NULL ? 0 : -ENOMEM;
        }
        if (r < 0)
            return r;
    }
    return r < 0 ? r : part->name == NULL ? -EBADMSG : 1;
}

bide_async int bide_http_multipart_next(bide_http_multipart *p, bide_http_part *part)
{
    struct multipart_text fields;
    int r = p->error;
    while (r == 0) {
        r = bide__multipart_next(&p->m, &fields);
        if (r == 0)
            return 0;
        if (r > 0)
            r = take_fields(p, fields, part);
        else if (r == -EAGAIN)
            r = bide_await fill(p);
    }
    return r > 0 ? r : fails(p, r);
}

const char *bide_http_multipart_header(const bide_http_multipart *p, const char *name)
{
    struct multipart_text key, value, lines = p->fields;

    while (bide__multipart_field(&lines, &key, &value) > 0)
        if (bide__http_same(key.data, key.size, name, strlen(name)))
            return bide__http_copy(p->x, value.data, value.size);
    return NULL;
}

/* ---- content ---- */

/* The next piece, in the buffer: 1, 0 at the end, or an error. */
static bide_async int next_piece(bide_http_multipart *p, size_t most, struct multipart_text *piece)
{
    int r = p->error;
    while (r == 0) {
        r = bide__multipart_piece(&p->m, most, piece);
        if (r == 0)
            return 0;
        if (r == -EAGAIN)
            r = bide_await fill(p);
    }
    if (r > 0) {
        p->part_bytes += piece->size;
        if (p->part_bytes > p->part_most)
            r = -EFBIG;
    }
    return r > 0 ? r : fails(p, r);
}

bide_async ssize_t bide_http_multipart_read(bide_http_multipart *p, void *buffer, size_t size)
{
    struct multipart_text piece;
    if (size == 0)
        return 0;
    int r = bide_await next_piece(p, size, &piece);
    if (r <= 0)
        return r;
    memcpy(buffer, piece.data, piece.size);
    return (ssize_t)piece.size;
}

/* Room for at least one more byte than there are, twice as large each time. */
static char *grow(bide_http_exchange *x, char *data, size_t size, size_t *room)
{
    *room = *room == 0 ? 256 : *room * 2;
    char *grown = bide_http_alloc(x, *room);
    if (grown != NULL && size > 0)
        memcpy(grown, data, size);
    return grown;
}

bide_async int bide_http_multipart_all(bide_http_multipart *p, size_t size_max, char **data,
                                       size_t *size)
{
    char *all = NULL;
    size_t room = 0, count = 0;
    ssize_t n = 1;
    *data = NULL;
    while (n > 0) {
        if (count + 1 >= room && (all = grow(p->x, all, count, &room)) == NULL)
            return -ENOMEM;
        n = bide_await bide_http_multipart_read(p, all + count, room - count - 1);
        if (n > 0)
            count += (size_t)n;
        if (count > size_max)
            n = fails(p, -EFBIG);
    }
    if (n < 0)
        return (int)n;
    all[count] = '\0';
    *data = all;
    if (size != NULL)
        *size = count;
    return 0;
}
