/*
 * response.c: what has come of a request. It is its owner's; nothing here knows curl's handles.
 */
#include "internal.h"

#include <strings.h>

/* Makes room for `size` more bytes and a NUL. 0 or -ENOMEM. */
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
    if (b->size > 0)
        memcpy(data, b->data, b->size);
    bide__free(b->data, b->capacity);
    b->data = data;
    b->capacity = capacity;
    return 0;
}

/* Room was made before. */
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
        *r = (bide_http_response){0};
    return r;
}

void bide_http_response_free(bide_http_response *response)
{
    if (response == NULL)
        return;
    bide__free(response->body.data, response->body.capacity);
    bide__free(response->headers.data, response->headers.capacity);
    bide__free(response, sizeof *response);
}

int bide__http_response_add_body(bide_http_response *r, const char *data, size_t size)
{
    int n = buffer_reserve(&r->body, size);
    if (n == 0)
        buffer_add(&r->body, data, size);
    return n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int bide__http_response_add_header(bide_http_response *r, const char *line, size_t size)
{
    /* A status line begins an answer; what came before was a redirection, or 100 Continue. */
    if (size >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        r->headers.size = 0;
        return 0;
    }
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
    if (size > BIDE__HTTP_HEADERS_MAX - r->headers.size)
        return -EMSGSIZE;
    int n = buffer_reserve(&r->headers, size + 2);
    if (n < 0)
        return n;
    buffer_add(&r->headers, line, (size_t)(colon - line));
    buffer_add(&r->headers, "", 1);
    buffer_add(&r->headers, value, (size_t)(end - value));
    buffer_add(&r->headers, "", 1);
    return 0;
}

int bide_http_status(const bide_http_response *response)
{
    return response == NULL ? 0 : response->status;
}

const char *bide_http_body(const bide_http_response *response)
{
    return response == NULL || response->body.data == NULL ? "" : response->body.data;
}

size_t bide_http_body_size(const bide_http_response *response)
{
    return response == NULL ? 0 : response->body.size;
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
