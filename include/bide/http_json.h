/*
 * bide/http_json.h: JSON in the bodies of bide/http.h. Link with -lbide-http and -lbide-json; a
 * program without this header needs only the first.
 *
 *     bide_json *answer;
 *     n = await bide_http_get(client, "https://example.org/users/7", &page);
 *     if (n == 0)
 *         n = bide_http_response_json(page, NULL, NULL, &answer);
 *
 *     bide_json_writer *text = NULL;
 *     defer { bide_json_writer_free(text); }
 *     n = bide_http_request_json(&request, value, &text);
 *     if (n == 0)
 *         n = await bide_http_send(client, &request, &page);
 */
#ifndef BIDE_HTTP_JSON_H
#define BIDE_HTTP_JSON_H

#include <bide/http.h>
#include <bide/json.h>

#include <errno.h>
#include <string.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Parses the body of a response of bide_http_send as bide_json_parse does; the caller frees *j. The
 * Content-Type is not looked at. Errors: those of bide_http_check for a status of 400 or more, and
 * of bide_json_parse; then *j is NULL.
 */
bide_must_use static inline int bide_http_response_json(const bide_http_response *response,
                                                        const bide_json_options *options,
                                                        bide_json_failure *failure,
                                                        bide_json **j bide_gives(bide_json_free))
{
    int n = bide_http_check(response);
    *j = NULL;
    return n < 0 ? n
                 : bide_json_parse(bide_http_body(response), bide_http_body_size(response), options,
                                   failure, j);
}

/*
 * Makes the JSON text of a value the body of a request, and "application/json" its content_type
 * unless it has one. The text is that of *writer, which the caller frees when the request has
 * ended. Errors: those of bide_json_dump; then the request is as before, and *writer is NULL.
 */
bide_must_use static inline int bide_http_request_json(
    bide_http_request *request, const bide_json *value,
    bide_json_writer **writer bide_gives(bide_json_writer_free))
{
    int n = bide_json_dump(value, NULL, writer);
    if (n < 0)
        return n;
    request->body = bide_json_writer_data(*writer, &request->body_size);
    if (request->content_type == NULL)
        request->content_type = "application/json";
    return 0;
}

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
