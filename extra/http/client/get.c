/*
 * get.c: the requests that most programs make, written in async C on top of bide_http_send.
 */
#include <bide/http.h>

bide_async int bide_http_get(bide_http_client *client, const char *url,
                             bide_http_response **response)
{
    const bide_http_request request = {.url = url};
    return bide_await bide_http_send(client, &request, response);
}

bide_async int bide_http_post(bide_http_client *client, const char *url, const char *content_type,
                              const void *body, size_t size, bide_http_response **response)
{
    if (content_type == NULL)
        content_type = "application/octet-stream";
    const bide_http_header headers[] = {{"Content-Type", content_type}};
    const bide_http_request request = {
        .url = url,
        .method = "POST",
        .headers = headers,
        .header_count = 1,
        .body = body,
        .body_size = size,
    };
    return bide_await bide_http_send(client, &request, response);
}
