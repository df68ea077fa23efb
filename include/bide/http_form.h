/*
 * bide/http_form.h: forms with files (multipart/form-data, RFC 7578), for the client of
 * bide/http.h. Link with -lbide-http. Forms of short texts are a member of bide_http_request:
 * `form`.
 *
 *     bide_http_parts *parts = NULL;
 *     defer { bide_http_parts_free(parts); }
 *     int n = bide_http_parts_new(&parts);
 *     if (n == 0)
 *         n = bide_http_parts_add_text(parts, "title", "A cat");
 *     if (n == 0)
 *         n = bide_http_parts_add_file(parts, "picture", "cat.png", NULL, "image/png");
 *     bide_http_request request = {.url = "https://example.org/pictures"};
 *     bide_http_response *page = NULL;
 *     defer { bide_http_response_free(page); }
 *     if (n == 0)
 *         n = await bide_http_send_parts(client, &request, parts, &page);
 *
 * Files and streams are read while they are sent: of each request at most about 64 KiB are in
 * memory.
 */
#ifndef BIDE_HTTP_FORM_H
#define BIDE_HTTP_FORM_H

#include <bide/http.h>
#include <bide/io.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* A form that is put together. It is for one thread at a time. */
typedef struct bide_http_parts bide_http_parts;

/* Makes an empty form, with a boundary that nobody can guess. Returns 0; -ENOMEM; or an error of
 * getrandom(2). */
bide_must_use int bide_http_parts_new(bide_http_parts **parts bide_gives(bide_http_parts_free));

/* Frees a form that is not being sent. NULL is ignored. */
void bide_http_parts_free(bide_http_parts *parts);

/*
 * Add a part. Its name, its file's name and its type are copied. The `name` is that of the form's
 * field; `filename` is what the server is told (NULL: there is no file; of a path: its last
 * component), `type` its media type (NULL: none for texts and bytes, "application/octet-stream" for
 * the others). Quotes and line ends in names are coded as browsers do.
 *
 * bide_http_parts_add_text    a string, which is copied
 * bide_http_parts_add_bytes   bytes, which must stay until the form was sent
 * bide_http_parts_add_file    the file at `path`, as it is when the form is sent
 * bide_http_parts_add_stream  a stream, which is read when the form is sent, and stays the
 *                             caller's: `size` bytes of it, or all if that is negative. A form
 *                             with one can be sent once
 *
 * Return 0; -EINVAL: no name, no path, or a control character in the type; -ENOMEM.
 */
bide_must_use int bide_http_parts_add_text(bide_http_parts *parts, const char *name,
                                           const char *text);
bide_must_use int bide_http_parts_add_bytes(bide_http_parts *parts, const char *name,
                                            const void *data, size_t size, const char *filename,
                                            const char *type);
bide_must_use int bide_http_parts_add_file(bide_http_parts *parts, const char *name,
                                           const char *path, const char *filename,
                                           const char *type);
bide_must_use int bide_http_parts_add_stream(bide_http_parts *parts, const char *name,
                                             bide_stream *stream, int64_t size,
                                             const char *filename, const char *type);

/*
 * Sends a form and returns when the head of the answer is there, as bide_http_open
 * (bide/http_stream.h) does; the answer is read with bide_http_response_read. The request has no
 * body, form or content_type of its own; method NULL: POST. The size is announced unless a stream
 * has none. The form can be sent again, but for its streams.
 *
 * Errors: those of bide_http_send; of bide_file_open and bide_file_read for a file; of
 * bide_stream_read; -ENODATA: a file or stream is shorter than it was. Cancelled: as
 * bide_http_open.
 */
bide_must_use bide_async int bide_http_send_parts(
    bide_http_client *client, const bide_http_request *request, const bide_http_parts *parts,
    bide_http_response **response bide_gives(bide_http_response_free));

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
