/*
 * response.c: the response to a request. It belongs to the caller; nothing here knows curl's
 * handles.
 */
#include "internal.h"

#include <bide/http_stream.h>

#include <strings.h>

/* Makes room for `size` more bytes and a zero byte. Returns 0 or -ENOMEM. */
static int buffer_reserve(struct bide__http_buffer *b, size_t size)
{
    if (b->data != NULL && size < b->capacity - b->size)
        return 0;
    size_t capacity = b->capacity > 0 ? b->capacity * 2 : 1024;
    while (capacity - b->size <= size)
        if (__builtin_mul_overflow(capacity, 2, &capacity))
            return -ENOMEM;
    char *data = bide__alloc(capacity);
    if (data == NULL)
        return -ENOMEM;
    if (b->data != NULL)
        memcpy(data, b->data, b->size);
    bide__free(b->data, b->capacity);
    b->data = data;
    b->capacity = capacity;
    return 0;
}

/* Room must have been made before. */
static void buffer_add(struct bide__http_buffer *b, const char *data, size_t size)
{
    memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

bide_http_response *bide__http_response_new(void)
{
    bide_http_response *r = bide__alloc(sizeof *r);
    if (r != NULL)
        *r = (bide_http_response){.length = -1};
    return r;
}

static void free_url(bide_http_response *r)
{
    if (r->url != NULL)
        bide__free(r->url, strlen(r->url) + 1);
    r->url = NULL;
}

int bide__http_response_from(bide_http_response *r, const char *url)
{
    size_t size = strlen(url) + 1;
    free_url(r);
    r->url = bide__alloc(size);
    if (r->url == NULL)
        return -ENOMEM;
    memcpy(r->url, url, size);
    return 0;
}

/* ---- the body ---- */

/*
 * The body arrives in pieces, each larger than the one before up to PIECE_MAX, and is copied into
 * one piece at the end. So at most twice its size is ever allocated, and hardly more than its size
 * is in use. A body whose size is known beforehand is one piece from the beginning.
 */
enum { PIECE_MIN = 4096, PIECE_MAX = 1 << 20 };

static size_t piece_bytes(const struct bide__http_piece *p)
{
    return sizeof *p + p->room + 1;
}

static int add_piece(bide_http_response *r, size_t room)
{
    struct bide__http_piece *p = NULL;
    if (room < SIZE_MAX - sizeof *p - 1)
        p = bide__alloc(sizeof *p + room + 1);
    if (p == NULL)
        return -ENOMEM;
    *p = (struct bide__http_piece){.room = room};
    *(r->last != NULL ? &r->last->next : &r->first) = p;
    r->last = p;
    return 0;
}

static void free_first_piece(bide_http_response *r)
{
    struct bide__http_piece *p = r->first;
    r->first = p->next;
    if (r->first == NULL)
        r->last = NULL;
    bide__free(p, piece_bytes(p));
}

int bide__http_response_expect(bide_http_response *r, size_t size)
{
    return add_piece(r, size);
}

int bide__http_response_add_body(bide_http_response *r, const char *data, size_t size)
{
    while (size > 0) {
        struct bide__http_piece *p = r->last;
        size_t part = p == NULL ? 0 : p->room - p->size;
        if (part == 0) {
            size_t room = r->body_size < PIECE_MIN   ? PIECE_MIN
                          : r->body_size < PIECE_MAX ? r->body_size
                                                     : PIECE_MAX;
            if (add_piece(r, room) < 0)
                return -ENOMEM;
            continue;
        }
        if (part > size)
            part = size;
        memcpy(p->data + p->size, data, part);
        p->size += part;
        r->body_size += part;
        data += part;
        size -= part;
    }
    return 0;
}

int bide__http_response_complete(bide_http_response *r)
{
    if (r->first != NULL && r->first->next != NULL) {
        bide_http_response whole = {0};
        if (add_piece(&whole, r->body_size) < 0)
            return -ENOMEM;
        for (; r->first != NULL; free_first_piece(r)) {
            memcpy(whole.last->data + whole.last->size, r->first->data, r->first->size);
            whole.last->size += r->first->size;
        }
        r->first = r->last = whole.first;
    }
    if (r->first != NULL)
        r->first->data[r->first->size] = '\0';
    return 0;
}

void bide__http_response_forget(bide_http_response *r)
{
    while (r->first != NULL)
        free_first_piece(r);
    r->body_size = r->headers.size = 0;
    r->status = r->version = 0;
    r->length = -1;
    free_url(r);
}

void bide_http_response_free(bide_http_response *response)
{
    if (response == NULL)
        return;
    if (response->transfer != NULL)
        bide__http_leave(response->transfer);
    bide__http_response_forget(response);
    bide__free(response->headers.data, response->headers.capacity);
    bide__free(response, sizeof *response);
}

/* ---- the head ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * True for the first line of a head, such as "HTTP/1.1 100 Continue". Inside a head, or in the
 * trailer after a body, such a line begins nothing and is not a valid header; but after a
 * redirection another answer begins.
 */
static bool is_status_line(const bide_http_response *r, long redirect, const char *line,
                           size_t size)
{
    bool may_begin = !r->in_head && (!r->is_final || redirect != r->redirect);
    return may_begin && size > 5 && strncasecmp(line, "HTTP/", 5) == 0 && line[5] >= '0' &&
           line[5] <= '9';
}

/* There may be any number of interim answers, so their heads count as part of the final
 * answer's. */
static void begin_head(bide_http_response *r, long redirect, const char *line, size_t size)
{
    const char *blank = memchr(line, ' ', size);
    if (redirect != r->redirect)
        r->head_size = 0;
    r->redirect = redirect;
    r->headers.size = 0;
    r->in_head = true;
    r->is_final = blank == NULL || blank + 1 == line + size || blank[1] != '1';
}

static int add_header(bide_http_response *r, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (colon == NULL || colon == line)
        return 0;
    if (memchr(line, '\0', size) != NULL)
        return -EPROTO;
    const char *value = colon + 1, *end = line + size;
    while (value < end && is_space(*value))
        value++;
    while (end > value && is_space(end[-1]))
        end--;
    int n = buffer_reserve(&r->headers, size + 2);
    if (n < 0)
        return n;
    buffer_add(&r->headers, line, (size_t)(colon - line));
    buffer_add(&r->headers, "", 1);
    buffer_add(&r->headers, value, (size_t)(end - value));
    buffer_add(&r->headers, "", 1);
    return 0;
}

int bide__http_response_add_line(bide_http_response *r, long redirect, const char *line,
                                 size_t size)
{
    bool is_status = is_status_line(r, redirect, line, size);
    if (is_status)
        begin_head(r, redirect, line, size);
    if (size > BIDE__HTTP_HEADERS_MAX - r->head_size)
        return -EMSGSIZE;
    r->head_size += size;
    if (line[0] == '\r' || line[0] == '\n')
        r->in_head = false;
    return is_status ? 0 : add_header(r, line, size);
}

/* ---- what the caller asks ---- */

int bide_http_status(const bide_http_response *response)
{
    return response == NULL ? 0 : response->status;
}

int bide_http_check(const bide_http_response *response)
{
    static const struct {
        int status, error;
    } errors[] = {
        {401, -EACCES},    {403, -EACCES}, {404, -ENOENT},    {407, -EACCES},
        {408, -ETIMEDOUT}, {410, -ENOENT}, {413, -EMSGSIZE},  {425, -EAGAIN},
        {429, -EAGAIN},    {503, -EAGAIN}, {504, -ETIMEDOUT},
    };
    int status = bide_http_status(response);
    if (status == 0)
        return -ENODATA;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].status == status)
            return errors[i].error;
    return status < 400 ? 0 : status < 500 ? -EINVAL : -EREMOTEIO;
}

const char *bide_http_response_url(const bide_http_response *response)
{
    return response == NULL || response->url == NULL ? "" : response->url;
}

int bide_http_response_version(const bide_http_response *response)
{
    return response == NULL ? 0 : response->version;
}

int64_t bide_http_response_length(const bide_http_response *response)
{
    return response == NULL ? -1 : response->length;
}

const char *bide_http_body(const bide_http_response *response)
{
    return response == NULL || response->first == NULL ? "" : response->first->data;
}

size_t bide_http_body_size(const bide_http_response *response)
{
    return response == NULL ? 0 : response->body_size;
}

int bide_http_header_at(const bide_http_response *response, size_t i, bide_http_header *header)
{
    if (response == NULL || response->headers.size == 0)
        return -ENOENT;
    const char *p = response->headers.data, *end = p + response->headers.size;
    for (; p < end; i--) {
        const char *value = p + strlen(p) + 1;
        if (i == 0) {
            *header = (bide_http_header){p, value};
            return 0;
        }
        p = value + strlen(value) + 1;
    }
    return -ENOENT;
}

const char *bide_http_header_value(const bide_http_response *response, const char *name)
{
    bide_http_header header;
    for (size_t i = 0; bide_http_header_at(response, i, &header) == 0; i++)
        if (strcasecmp(header.name, name) == 0)
            return header.value;
    return NULL;
}

const char *bide_http_error(const bide_http_response *response)
{
    return response == NULL ? "out of memory" : response->error;
}
