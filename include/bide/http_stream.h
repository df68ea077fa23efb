/*
 * bide/http_stream.h: bodies in pieces, for the client of bide/http.h. Link with -lbide-http.
 *
 *     bide_http_request request = {.url = "https://example.org/large"};
 *     bide_http_response *page = NULL;
 *     defer { bide_http_response_free(page); }
 *     char piece[4096];
 *     ssize_t n = await bide_http_open(client, &request, &page);
 *     while (n >= 0 && (n = await bide_http_response_read(page, piece, sizeof piece)) > 0)
 *         fwrite(piece, 1, (size_t)n, stdout);
 *     if (n < 0)
 *         printf("broken off: %s\n", bide_http_error(page));
 *
 * A response that was opened holds at most about 64 KiB of its body. If nobody reads, the server is
 * held up: by TCP, or by the window of HTTP/2. Memory does not grow with the size of the body, nor
 * with the time that a reader takes. In the other direction the same holds for what was written and
 * not yet sent.
 *
 * A body that is read in pieces is not compressed: the request does not ask for it. If it does so
 * by a header of its own, the program gets the bytes as they come, and Content-Encoding tells how
 * they are coded.
 *
 * Freeing a response ends it, wherever it is: a connection of HTTP/1.1 is closed unless the answer
 * was complete, a stream of HTTP/2 is reset, and its connection closed unless it has others.
 *
 * Time limits: `timeout` of the request, if it is not 0, bounds everything up to the end of the
 * body. If it is 0, the client's bounds the time until the head of the answer is there, and after
 * that only read_timeout counts. They go on to count while nobody awaits anything; read_timeout
 * does not while the program has to read or to write. The size of a body is bounded by the
 * request's response_max_bytes only; 0: it is not.
 *
 * At a time one task reads and one may write. Elsewhere than on the runtime of the request the
 * calls that wait return -EXDEV, and outside any runtime -ENXIO.
 */
#ifndef BIDE_HTTP_STREAM_H
#define BIDE_HTTP_STREAM_H

#include <bide/http.h>
#include <bide/io.h>

#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- answers in pieces ---- */

/*
 * Sends a request and returns when the head of the answer is there; its status and headers can then
 * be asked for, and the body is read with bide_http_response_read. Errors, and what becomes of
 * *response, are as with bide_http_send. Cancelled: as bide_http_send; *response is NULL. A request
 * with body_streamed is -EINVAL: see bide_http_start.
 */
bide_must_use bide_async int bide_http_open(
    bide_http_client *client, const bide_http_request *request,
    bide_http_response **response bide_gives(bide_http_response_free));

/*
 * Reads at most `size` bytes of the body. Returns how many, at least 1; or 0 at the end of the
 * body. Errors: those of bide_http_send that come late, such as -ECONNRESET, -ETIMEDOUT, -EMSGSIZE,
 * -EPROTO; bide_http_error has the text, and each further call returns the same. Of a response of
 * bide_http_send it reads the body that is there. Cancelled: nothing was read.
 */
bide_must_use bide_async ssize_t bide_http_response_read(bide_http_response *response, void *buffer,
                                                         size_t size);

/*
 * Reads the rest of the body and writes it to a stream. Returns 0, or an error of
 * bide_http_response_read or of bide_stream_write. *written, unless it is NULL, is how many bytes
 * the stream has taken, also after an error. Cancelled: so many bytes were written, and at most 16
 * KiB more were read.
 */
bide_must_use bide_async int bide_http_response_copy(bide_http_response *response, bide_stream *to,
                                                     uint64_t *written);

/* The size of the body as the server has announced it; -1: it has not, or bide_http_send has
 * decoded the body. */
int64_t bide_http_response_length(const bide_http_response *response);

/* ---- requests in pieces ---- */

/*
 * Begins a request and returns at once; the request goes on by itself. With body_streamed its body
 * is what is given to bide_http_upload until bide_http_upload_end. body_size is then the size of
 * all that; 0: it is not known, and HTTP/1.1 sends the body in chunks. The method NULL means POST.
 * A body that is streamed cannot be sent again, so redirects are not followed: the program gets the
 * answer.
 *
 * Returns 0, or an error of bide_http_send that is known at once: -EINVAL, -EPROTONOSUPPORT,
 * -ENOMEM, -ENXIO, -EXDEV. *response is as with bide_http_send, but has no answer yet:
 * bide_http_answer waits for that. Free it in any case; that ends the request.
 */
bide_must_use int bide_http_start(bide_http_client *client, const bide_http_request *request,
                                  bide_http_response **response
                                      bide_gives(bide_http_response_free));

/*
 * Gives the next bytes of the body to the request, at most `size`, and returns how many it has
 * taken, at least 1 unless size is 0. Waits while 64 KiB have not been sent. Errors: those of
 * bide_http_send; -EPIPE: the server has refused the request (its status is 300 or more), or its
 * answer is complete, and nobody wants the rest; -EMSGSIZE: that is more
 * than body_size, and nothing was taken; -EINVAL: the body has ended, or is not streamed.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async ssize_t bide_http_upload(bide_http_response *response, const void *data,
                                                  size_t size);

/* Gives all bytes. *done, unless it is NULL, counts those that were taken, also after an error or a
 * cancellation. Returns 0 or an error of bide_http_upload. */
bide_must_use bide_async int bide_http_upload_all(bide_http_response *response, const void *data,
                                                  size_t size, size_t *done);

/* The body is complete. Returns 0; -EINVAL: it has ended before, or is not streamed; -ENODATA: it
 * has less than body_size bytes, and the request fails with that error. */
int bide_http_upload_end(bide_http_response *response);

/*
 * Waits for the head of the answer, which may come before the body was sent. Returns 0, or an error
 * of bide_http_send. Cancelled: nothing has happened, and the request goes on.
 */
bide_must_use bide_async int bide_http_answer(bide_http_response *response);

/*
 * Sends a request with a body that is read from a stream until its end, and waits for the head of
 * the answer, as bide_http_open does. If request->body_size is not 0, so many bytes are read. If
 * the server refuses the request before it has all of it, the rest is not read. A server that
 * answers in pieces while it still reads waits for a reader of its answer; for that there are
 * bide_http_start and a task of its own for the upload. Errors: also those of bide_stream_read,
 * -ENODATA if the stream ends too early. Cancelled: as bide_http_open; some bytes of the stream may
 * have been read.
 */
bide_must_use bide_async int bide_http_send_from(
    bide_http_client *client, const bide_http_request *request, bide_stream *from,
    bide_http_response **response bide_gives(bide_http_response_free));

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
