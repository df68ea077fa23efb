/*
 * pump.c: bodies in pieces, in async C on top of stream.c.
 */
#include <bide/http_stream.h>

#include "internal.h"

enum { PIECE = 16 * 1024 };

bide_async int bide_http_open(bide_http_client *client, const bide_http_request *request,
                              bide_http_response **response)
{
    bide_http_response *r = NULL;
    *response = NULL;
    if (request->body_streamed)
        return -EINVAL;
    bide_defer {
        bide_http_response_free(r);
    }
    int n = bide_http_start(client, request, &r);
    if (n == 0)
        n = bide_await bide_http_answer(r);
    *response = r;
    r = NULL;
    return n;
}

bide_async int bide_http_upload_all(bide_http_response *response, const void *data, size_t size,
                                    size_t *done)
{
    size_t none;
    done = done != NULL ? done : &none;
    *done = 0;
    while (*done < size) {
        ssize_t n = bide_await bide_http_upload(response, (const char *)data + *done, size - *done);
        if (n < 0)
            return (int)n;
        *done += (size_t)n;
    }
    return 0;
}

bide_async int bide_http_response_copy(bide_http_response *response, bide_stream *to,
                                       uint64_t *written)
{
    char *piece = bide__alloc(PIECE);
    uint64_t none;
    written = written != NULL ? written : &none;
    *written = 0;
    if (piece == NULL)
        return -ENOMEM;
    bide_defer {
        bide__free(piece, PIECE);
    }
    for (;;) {
        ssize_t n = bide_await bide_http_response_read(response, piece, PIECE);
        if (n <= 0)
            return (int)n;
        for (size_t done = 0; done < (size_t)n;) {
            ssize_t w = bide_await bide_stream_write(to, piece + done, (size_t)n - done);
            if (w < 0)
                return (int)w;
            done += (size_t)w;
            *written += (uint64_t)w;
        }
    }
}

/* Gives the stream to the request, `size` bytes of it, or all if that is 0. */
static bide_async int give(bide_http_response *r, bide_stream *from, uint64_t size, char *piece)
{
    bool all = size == 0;
    while (all || size > 0) {
        size_t part = all || size > PIECE ? PIECE : (size_t)size;
        ssize_t n = bide_await bide_stream_read(from, piece, part);
        if (n < 0)
            return (int)n;
        if (n == 0 && !all)
            return -ENODATA;
        if (n == 0)
            break;
        size -= all ? 0 : (uint64_t)n;
        int e = bide_await bide_http_upload_all(r, piece, (size_t)n, NULL);
        if (e < 0)
            return e;
    }
    return bide_http_upload_end(r);
}

/* Gives the stream as long as it is wanted. */
static bide_async int give_what_is_wanted(bide_http_response *r, bide_stream *from, uint64_t size,
                                          char *piece)
{
    int n = 0;
    (void)bide_await bide_select_biased((void)bide__http_unwanted(r),
                                        n = give(r, from, size, piece));
    return n == -EPIPE ? 0 : n;
}

bide_async int bide_http_send_from(bide_http_client *client, const bide_http_request *request,
                                   bide_stream *from, bide_http_response **response)
{
    bide_http_response *r = NULL;
    char *piece = bide__alloc(PIECE);
    *response = NULL;
    bide_defer {
        bide_http_response_free(r);
        bide__free(piece, PIECE);
    }
    if (piece == NULL)
        return -ENOMEM;
    bide_http_request streamed = *request;
    streamed.body_streamed = true;
    int n = bide_http_start(client, &streamed, &r);
    if (n == 0)
        n = bide_await give_what_is_wanted(r, from, request->body_size, piece);
    if (n == 0)
        n = bide_await bide_http_answer(r);
    *response = r;
    r = NULL;
    return n;
}
