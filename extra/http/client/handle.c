/*
 * handle.c: easy handles. A client keeps those of finished requests: to make one, and to tell it
 * the options of the client, takes as long as a fifth of a request.
 *
 * A kept handle has the client's options, its callbacks, and nothing of a request:
 *  - What request.c has set it also takes back, before the handle is kept.
 *  - What transfer.c sets, it sets for each request; the addresses that names.c has found are taken
 *    back.
 *  - A handle is kept only if its request was answered, so curl has left none in the middle, and if
 *    it was no stream: these ask for more, and may have forbidden to keep their connection.
 *  - Nor is it kept if the request had a header Host, whose name curl would take for the host of
 *    all that follow when it looks for cookies; if the request was sent again, since curl counts
 *    that for the life of a handle, up to 5; or if the head of the answer was large, since curl
 *    keeps it.
 *  - Some errors of curl are told apart by the last error of the system that the handle has seen,
 *    so that must be none.
 * Connections, names, cookies, and sessions of TLS are the multi handle's or shared anyway.
 */
#include "internal.h"

int bide__http_handle_take(struct bide__http_transfer *t)
{
    bide_http_client *client = t->owner;
    if (client->handle_count > 0) {
        t->easy = client->handles[--client->handle_count];
        return 0;
    }
    t->easy = curl_easy_init();
    if (t->easy == NULL || !bide__http_transfer_callbacks(t->easy, client))
        return -ENOMEM;
    return bide__http_setup(t->easy, client) ? 0 : -EINVAL;
}

static bool is_clean(struct bide__http_transfer *t)
{
    long error = 0;
    return t->answered && !t->spoils_handle && !t->stream.is_on &&
           curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error) == CURLE_OK && error == 0 &&
           bide__http_request_unset(t->easy) &&
           curl_easy_setopt(t->easy, CURLOPT_RESOLVE, NULL) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_PRIVATE, NULL) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL) == CURLE_OK;
}

void bide__http_handle_give(struct bide__http_transfer *t)
{
    bide_http_client *client = t->owner;
    if (client->handle_count < BIDE__HTTP_HANDLES_MAX && is_clean(t))
        client->handles[client->handle_count++] = t->easy;
    else
        curl_easy_cleanup(t->easy);
    t->easy = NULL;
}

void bide__http_handles_free(bide_http_client *client)
{
    while (client->handle_count > 0)
        curl_easy_cleanup(client->handles[--client->handle_count]);
}
