/*
 * file_send.c: the bytes of a file go out: all, a range, or several in a multipart/byteranges body.
 *
 * A small one is read at once, and is a response like others. A large one is sent by the kernel, if
 * the connection can do that, and otherwise read and sent piece by piece: when the client reads
 * slowly, nothing is read ahead.
 */
#include "lib/async.h"

#include "extra/http/layer/file.h"
#include "extra/http/layer/range.h"

#include <stdio.h>

enum { SMALL = 16 << 10, PIECE = 64 << 10, HEAD_MOST = 512, BOUNDARY_MOST = 32 };

struct ranges {
    struct range list[RANGES_MOST];
    int count;
    uint64_t whole;
    const char *type;
    char boundary[BOUNDARY_MOST];
};

/* ---- pieces ---- */

/* A file on its way. */
struct sending {
    bide_http_exchange *x;
    bide_file *file;
    char *buffer;     /* of PIECE bytes; NULL: none was needed yet */
    bool is_read_out; /* the connection does not take files */
};

/* Reads a piece and sends it. How many bytes it had. */
static bide_async ssize_t send_read(struct sending *s, uint64_t at, uint64_t left)
{
    size_t size = left < PIECE ? (size_t)left : PIECE;
    if (s->buffer == NULL && (s->buffer = bide_http_alloc(s->x, PIECE)) == NULL)
        return -ENOMEM;
    ssize_t n = bide_await bide_file_read_at(s->file, at, s->buffer, size);
    if (n <= 0)
        return n;
    int r = bide_await bide_http_send_data(s->x, s->buffer, (size_t)n);
    return r < 0 ? r : n;
}

/* The kernel sends what it has in memory. */
static bide_async ssize_t send_some(struct sending *s, uint64_t at, uint64_t left)
{
    if (!s->is_read_out) {
        size_t size = left < SIZE_MAX / 2 ? (size_t)left : SIZE_MAX / 2;
        ssize_t n = bide_await bide__http_send_file(s->x, bide_file_fd(s->file), at, size);
        if (n != -EAGAIN && n != -EOPNOTSUPP)
            return n;
        s->is_read_out = n == -EOPNOTSUPP;
    }
    return bide_await send_read(s, at, left);
}

static bide_async int send_range(struct sending *s, const struct range *range)
{
    uint64_t done = 0;
    while (done < range->size) {
        ssize_t n = bide_await send_some(s, range->first + done, range->size - done);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO; /* it has become shorter */
        done += (uint64_t)n;
    }
    return 0;
}

static int set_length(bide_http_exchange *x, uint64_t size)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)size);
    return bide_http_header_set(x, "Content-Length", text);
}

static bide_async int reply_small(bide_http_exchange *x, bide_file *file, int status,
                                  const char *type, const struct range *range)
{
    char *data = bide_http_alloc(x, (size_t)range->size + 1);
    if (data == NULL)
        return -ENOMEM;
    int r = range->size == 0 ? 0
                             : bide_await bide_file_read_exactly_at(file, range->first, data,
                                                                    (size_t)range->size, NULL);
    if (r < 0)
        return r == -ENODATA ? -EIO : r;
    return bide_http_reply_borrowed(x, status, type, data, (size_t)range->size);
}

static bide_async int reply_one(bide_http_exchange *x, bide_file *file, int status,
                                const char *type, const struct range *range)
{
    if (range->size <= SMALL)
        return bide_await reply_small(x, file, status, type, range);
    struct sending s = {.x = x, .file = file};
    int r = bide_http_header_set(x, "Content-Type", type);
    if (r == 0)
        r = set_length(x, range->size);
    if (r == 0)
        r = bide_await bide_http_send_begin(x, status);
    if (r < 0 || x->request.method == BIDE__METHOD_HEAD)
        return r;
    return bide_await send_range(&s, range);
}

/* ---- several ranges ---- */

static int make_boundary(char boundary[BOUNDARY_MOST])
{
    uint64_t random;
    ssize_t n;
    do
        n = bide__door.getrandom(&random, sizeof random, 0);
    while (n == -EINTR);
    snprintf(boundary, BOUNDARY_MOST, "bide-%016llx", (unsigned long long)random);
    return n < 0 ? (int)n : 0;
}

/* What stands before a range; `count` itself: what stands behind the last one. */
static int part_head(const struct ranges *r, int i, char head[HEAD_MOST])
{
    const char *line = i > 0 ? "\r\n" : "";

    if (i == r->count)
        return snprintf(head, HEAD_MOST, "\r\n--%s--\r\n", r->boundary);
    return snprintf(head, HEAD_MOST,
                    "%s--%s\r\nContent-Type: %.200s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
                    line, r->boundary, r->type, (unsigned long long)r->list[i].first,
                    (unsigned long long)(r->list[i].first + r->list[i].size - 1),
                    (unsigned long long)r->whole);
}

static int begin_parts(bide_http_exchange *x, struct ranges *r)
{
    char text[HEAD_MOST];
    uint64_t size = 0;
    int e = make_boundary(r->boundary);

    if (e < 0)
        return e;
    for (int i = 0; i <= r->count; i++)
        size += (uint64_t)part_head(r, i, text) + (i < r->count ? r->list[i].size : 0);
    snprintf(text, sizeof text, "multipart/byteranges; boundary=%s", r->boundary);
    e = bide_http_header_set(x, "Content-Type", text);
    return e < 0 ? e : set_length(x, size);
}

static bide_async int reply_parts(bide_http_exchange *x, bide_file *file, struct ranges *ranges)
{
    struct sending s = {.x = x, .file = file};
    char head[HEAD_MOST];
    int r = begin_parts(x, ranges);
    if (r == 0)
        r = bide_await bide_http_send_begin(x, 206);
    for (int i = 0; r == 0 && i <= ranges->count; i++) {
        int size = part_head(ranges, i, head);
        r = bide_await bide_http_send_data(x, head, (size_t)size);
        if (r == 0 && i < ranges->count)
            r = bide_await send_range(&s, &ranges->list[i]);
    }
    return r;
}

/* ---- which of these ---- */

static int set_content_range(bide_http_exchange *x, const struct ranges *r)
{
    char text[80];

    snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)r->list[0].first,
             (unsigned long long)(r->list[0].first + r->list[0].size - 1),
             (unsigned long long)r->whole);
    return bide_http_header_set(x, "Content-Range", text);
}

/* The field, if it is there once: several lines are no range. */
static int read_ranges(const bide_http_exchange *x, struct ranges *r)
{
    const struct bide__http_fields *f = &x->request.fields;
    const struct bide__http_field *field = bide__http_fields_known(f, BIDE__FIELD_RANGE);

    if (field == NULL || bide__http_fields_find(f, field, "range", 5) != NULL)
        return 0;
    return bide__http_ranges(bide__http_field_value(f, field), field->value_size, r->whole, r->list,
                             RANGES_MOST);
}

bide_async int bide__http_file_send(bide_http_exchange *x, const struct file_open *open,
                                    const char *type, bool may_range)
{
    struct ranges ranges = {.whole = (uint64_t)open->status.st_size, .type = type};
    const struct range all = {0, ranges.whole};
    ranges.count = may_range ? read_ranges(x, &ranges) : 0;
    if (ranges.count < 0)
        return 1;
    if (ranges.count == 0)
        return bide_await reply_one(x, open->file, 200, type, &all);
    if (ranges.count > 1)
        return bide_await reply_parts(x, open->file, &ranges);
    int r = set_content_range(x, &ranges);
    return r < 0 ? r : bide_await reply_one(x, open->file, 206, type, &ranges.list[0]);
}
