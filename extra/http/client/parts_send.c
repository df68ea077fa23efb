/*
 * parts_send.c: sends a form with files, in async C on top of stream.c. First the sizes of all
 * files are asked for, so that the size of the whole can be announced; then each file is opened
 * when its turn comes.
 */
#include <bide/http_stream.h>

#include "parts.h"

#include <bide/fs.h>

#include <stdio.h>
#include <sys/stat.h>

enum { PIECE = 16 * 1024 };

/* What a request in progress needs; one piece of memory. */
struct sending {
    bide_http_response *response;
    const bide_http_parts *parts;
    int64_t *sizes; /* of the parts' contents; -1: nobody knows */
    size_t room;    /* what was allocated */
    char type[100];
    char piece[PIECE];
};

static size_t end_size(const bide_http_parts *parts)
{
    return strlen(parts->boundary) +
           sizeof "--"
                  "--\r\n" -
           1;
}

static struct sending *sending_new(const bide_http_parts *parts)
{
    size_t count = 0;
    for (const struct part *p = parts->first; p != NULL; p = p->next)
        count++;
    size_t room = sizeof(struct sending) + count * sizeof(int64_t);
    struct sending *s = bide__door.alloc(room, _Alignof(struct sending));
    if (s == NULL)
        return NULL;
    *s = (struct sending){.parts = parts, .room = room};
    s->sizes = (int64_t *)(void *)(s + 1);
    snprintf(s->type, sizeof s->type, "multipart/form-data; boundary=%s", parts->boundary);
    return s;
}

static bide_async int size_of(const struct part *part, int64_t *size)
{
    struct stat status;
    *size = part->size;
    if (!part->is_file)
        return 0;
    int n = bide_await bide_path_stat(part->data, &status);
    if (n < 0)
        return n;
    /* Others, such as pipes and devices, have no size. */
    *size = S_ISREG(status.st_mode) ? (int64_t)status.st_size : -1;
    return S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

/* Stores the size of the whole; 0: nobody knows. */
static bide_async int add_sizes(struct sending *s, size_t *total)
{
    size_t sum = end_size(s->parts), i = 0;
    bool is_known = true;
    for (const struct part *p = s->parts->first; p != NULL; p = p->next, i++) {
        int n = bide_await size_of(p, &s->sizes[i]);
        if (n < 0)
            return n;
        is_known = is_known && s->sizes[i] >= 0;
        sum += p->head_size + 2;
        if (is_known && __builtin_add_overflow(sum, (size_t)s->sizes[i], &sum))
            return -EMSGSIZE;
    }
    *total = is_known ? sum : 0;
    return 0;
}

static bide_async ssize_t next_piece(bide_file *file, bide_stream *stream, char *piece, size_t size)
{
    if (file != NULL)
        return bide_await bide_file_read(file, piece, size);
    return bide_await bide_stream_read(stream, piece, size);
}

/* Gives `left` bytes of a file or a stream; -1: all. */
static bide_async int give_source(struct sending *s, bide_file *file, bide_stream *stream,
                                  int64_t left)
{
    while (left != 0) {
        size_t size = left >= 0 && left < PIECE ? (size_t)left : PIECE;
        ssize_t n = bide_await next_piece(file, stream, s->piece, size);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return left > 0 ? -ENODATA : 0;
        int e = bide_await bide_http_upload_all(s->response, s->piece, (size_t)n, NULL);
        if (e < 0)
            return e;
        left -= left > 0 ? n : 0;
    }
    return 0;
}

static bide_async int give_file(struct sending *s, const char *path, int64_t size)
{
    bide_file *file = NULL;
    int n = bide_await bide_file_open(path, NULL, &file);
    if (n < 0)
        return n;
    bide_defer {
        bide_file_free(file);
    }
    return bide_await give_source(s, file, NULL, size);
}

static bide_async int give_part(struct sending *s, const struct part *part, int64_t size)
{
    int n = bide_await bide_http_upload_all(s->response, part->head, part->head_size, NULL);
    if (n < 0)
        return n;
    if (part->is_file)
        n = bide_await give_file(s, part->data, size);
    else if (part->stream != NULL)
        n = bide_await give_source(s, NULL, part->stream, size);
    else
        n = bide_await bide_http_upload_all(s->response, part->data, (size_t)size, NULL);
    return n < 0 ? n : bide_await bide_http_upload_all(s->response, "\r\n", 2, NULL);
}

static bide_async int give_parts(struct sending *s)
{
    char end[64];
    size_t i = 0;
    for (const struct part *p = s->parts->first; p != NULL; p = p->next, i++) {
        int n = bide_await give_part(s, p, s->sizes[i]);
        if (n < 0)
            return n;
    }
    snprintf(end, sizeof end, "--%s--\r\n", s->parts->boundary);
    int n = bide_await bide_http_upload_all(s->response, end, strlen(end), NULL);
    return n < 0 ? n : bide_http_upload_end(s->response);
}

static bide_async int send_all(struct sending *s, bide_http_client *client,
                               const bide_http_request *request)
{
    bide_http_request streamed = *request;
    int n = bide_await add_sizes(s, &streamed.body_size);
    if (n < 0)
        return n;
    streamed.body_streamed = true;
    streamed.content_type = s->type;
    n = bide_http_start(client, &streamed, &s->response);
    if (n < 0)
        return n;
    (void)bide_await bide_select_biased((void)bide__http_unwanted(s->response), n = give_parts(s));
    return n < 0 && n != -EPIPE ? n : bide_await bide_http_answer(s->response);
}

bide_async int bide_http_send_parts(bide_http_client *client, const bide_http_request *request,
                                    const bide_http_parts *parts, bide_http_response **response)
{
    *response = NULL;
    if (request->body != NULL || request->body_size > 0 || request->form_count > 0 ||
        request->content_type != NULL)
        return -EINVAL;
    struct sending *s = sending_new(parts);
    if (s == NULL)
        return -ENOMEM;
    bide_defer {
        bide_http_response_free(s->response);
        bide__free(s, s->room);
    }
    int n = bide_await send_all(s, client, request);
    *response = s->response;
    s->response = NULL;
    return n;
}
