/*
 * file.c: a file as a response: which of its forms, what is told of it, and whether it has to be
 * sent at all.
 *
 * The ETag is made of the time of the last change, in nanoseconds, and the size; a compressed form
 * has its coding in it as well, so that no two forms have the same one.
 */
#include "lib/async.h"

#include "extra/http/layer/condition.h"
#include "extra/http/layer/file.h"
#include "extra/http/layer/media.h"
#include "extra/http/message/date.h"

#include <stdio.h>

enum { ETAG_MOST = 48 };

/* ---- forms ---- */

static const char *const suffixes[] = {
    [CODING_NONE] = "", [CODING_GZIP] = ".gz", [CODING_BROTLI] = ".br"};

/* The place of another form; NULL: no memory. */
static const char *form_path(bide_http_exchange *x, const char *path, enum http_coding coding)
{
    size_t size = strlen(path), more = strlen(suffixes[coding]);
    char *copy = bide_http_alloc(x, size + more + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, path, size);
    memcpy(copy + size, suffixes[coding], more + 1);
    return copy;
}

/* Opens the compressed form that the client likes best, in the place of the file, if there is one.
 */
static bide_async int open_form(bide_http_exchange *x, const struct file_place *place,
                                struct file_open *open)
{
    unsigned weights[CODINGS], offered = (1U << CODINGS) - 1;
    struct file_open other;
    enum http_coding coding;
    bide__http_accepted(x, weights);
    while ((coding = bide__http_coding_choose(weights, offered)) != CODING_NONE) {
        offered &= ~(1U << coding);
        const struct file_place form = {place->folder, form_path(x, place->path, coding)};
        if (form.path == NULL)
            return -ENOMEM;
        int r = bide_await bide__http_file_open(&form, &other);
        if (r < 0 || other.file == NULL)
            continue;
        bide_file_free(open->file);
        *open = other;
        open->coding = coding;
        break;
    }
    return 0;
}

/* The file itself must be there, too: it decides whether it is a file. */
static bide_async int open_best(bide_http_exchange *x, const struct file_place *place,
                                const bide_http_file_options *o, struct file_open *open)
{
    open->coding = CODING_NONE;
    int r = bide_await bide__http_file_open(place, open);
    if (r < 0 || open->file == NULL || !o->precompressed)
        return r;
    return bide_await open_form(x, place, open);
}

/* ---- what is told of it ---- */

static int64_t modified_s(const struct file_open *open, int64_t now_s)
{
    int64_t s = open->status.st_mtim.tv_sec;
    return s > now_s ? now_s : s;
}

static void make_etag(const struct file_open *open, char etag[ETAG_MOST])
{
    static const char *const marks[] = {
        [CODING_NONE] = "", [CODING_GZIP] = "-gz", [CODING_BROTLI] = "-br"};
    const struct timespec *t = &open->status.st_mtim;

    snprintf(etag, ETAG_MOST, "\"%llx.%lx-%llx%s\"", (unsigned long long)t->tv_sec,
             (unsigned long)t->tv_nsec, (unsigned long long)open->status.st_size,
             marks[open->coding]);
}

/* What a 304 has, too (RFC 9110, 15.4.5): the rest describes a body, which the client has, and with
 * an ETag it needs no Last-Modified. */
static int set_kept_headers(bide_http_exchange *x, const bide_http_file_options *o,
                            const struct validators *v)
{
    int r = bide_http_header_set(x, "ETag", v->etag);

    if (r == 0 && o->cache_control != NULL)
        r = bide_http_header_set(x, "Cache-Control", o->cache_control);
    if (r == 0 && o->precompressed)
        r = bide__http_vary(x, "Accept-Encoding");
    return r;
}

static int set_headers(bide_http_exchange *x, const struct file_open *open,
                       const bide_http_file_options *o, const struct validators *v)
{
    char date[BIDE__HTTP_DATE_SIZE + 1] = "";
    int r = set_kept_headers(x, o, v);

    bide__http_date_write(date, v->modified_s);
    if (r == 0)
        r = bide_http_header_set(x, "Last-Modified", date);
    if (r == 0)
        r = bide_http_header_set(x, "Accept-Ranges", "bytes");
    if (r == 0 && o->attachment != NULL)
        r = bide_http_attachment(x, o->attachment, false);
    if (r == 0 && open->coding != CODING_NONE)
        r = bide_http_header_set(x, "Content-Encoding", bide__http_coding_name(open->coding));
    return r;
}

static int reply_not_modified(bide_http_exchange *x, const bide_http_file_options *o,
                              const struct validators *v)
{
    int r = bide_http_reply_status(x, 304);
    return r < 0 ? r : set_kept_headers(x, o, v);
}

/* The answer is no form of the file: it is neither coded like one, nor to be kept as long. */
static void forget_headers(bide_http_exchange *x, const bide_http_file_options *o)
{
    static const char *const names[] = {"ETag", "Last-Modified", "Content-Disposition",
                                        "Content-Encoding"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)bide_http_header_remove(x, names[i]);
    if (o->cache_control != NULL)
        (void)bide_http_header_remove(x, "Cache-Control");
}

static int refuse_range(bide_http_exchange *x, uint64_t whole)
{
    char text[48];

    snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)whole);
    int r = bide__http_reply_failure(x, 416, NULL);
    return r < 0 ? r : bide_http_header_set(x, "Content-Range", text);
}

static const char *type_of(const struct file_place *place, const bide_http_file_options *o)
{
    return o->type != NULL ? o->type : bide__http_type_of(place->path, strlen(place->path));
}

bide_async int bide__http_file_reply(bide_http_exchange *x, const struct file_place *place,
                                     const bide_http_file_options *options)
{
    char etag[ETAG_MOST];
    struct file_open open;
    open.file = NULL;
    bide_defer {
        bide_file_free(open.file);
    }
    int r = bide_await open_best(x, place, options, &open);
    if (r < 0 || open.file == NULL)
        return r < 0 ? r : 1;
    make_etag(&open, etag);
    int64_t now_s = bide__door.date();
    const struct validators v = {etag, modified_s(&open, now_s), now_s};
    enum condition condition = bide__http_condition(x, &v);
    if (condition == CONDITION_FAILED)
        return bide_http_fail(x, 412, NULL);
    if (condition == CONDITION_NOT_MODIFIED)
        return reply_not_modified(x, options, &v);
    r = set_headers(x, &open, options, &v);
    bool may_range = x->request.method == BIDE__METHOD_GET && bide__http_if_range(x, &v);
    if (r == 0)
        r = bide_await bide__http_file_send(x, &open, type_of(place, options), may_range);
    if (r == 0 || x->reply.stage != BIDE__HTTP_OPEN)
        return r;
    forget_headers(x, options);
    return r > 0 ? refuse_range(x, (uint64_t)open.status.st_size) : r;
}

bide_async int bide_http_reply_file(bide_http_exchange *x, const char *path,
                                    const bide_http_file_options *options)
{
    static const bide_http_file_options none = {0};
    const struct file_place place = {-1, path};
    int r = bide_await bide__http_file_reply(x, &place, options != NULL ? options : &none);
    return r > 0 ? -ENOENT : r;
}
