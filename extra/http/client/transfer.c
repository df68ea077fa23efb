/*
 * transfer.c: one request's easy handle, and the callbacks that carry its data.
 *
 * Timeouts are not left to curl, which does not use the door's clock; life.c has a timer for them.
 */
#include "internal.h"

#include <stdio.h>
#include <strings.h>

/* ---- callbacks ---- */

/* The size of the body if the server announced it and the body is not encoded; otherwise -1. */
static curl_off_t expected_size(const struct bide__http_transfer *t)
{
    curl_off_t size = -1;
    if (bide_http_header_value(t->response, "Content-Encoding") != NULL ||
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) != CURLE_OK)
        return -1;
    return size;
}

/* Called before the first bytes of a body are added. */
static int begin_body(struct bide__http_transfer *t)
{
    curl_off_t size = expected_size(t);
    if (size > 0 && (uint64_t)size > t->body_max)
        return -EMSGSIZE;
    return size > 0 ? bide__http_response_expect(t->response, (size_t)size) : 0;
}

static size_t on_body(char *data, size_t unit, size_t count, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    size_t size = unit * count;
    int n = t->response->first == NULL ? begin_body(t) : 0;
    if (n == 0 && size > t->body_max - t->response->body_size)
        n = -EMSGSIZE;
    if (n == 0)
        n = bide__http_response_add_body(t->response, data, size);
    if (n < 0)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return n < 0 ? 0 : size;
}

static size_t on_header(char *line, size_t unit, size_t count, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    size_t size = unit * count;
    long redirect = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirect);
    int n = bide__http_response_add_line(t->response, redirect, line, size);
    if (n < 0)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return n < 0 ? 0 : size;
}

static curl_socket_t on_open_socket(void *transfer, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct bide__http_transfer *t = transfer;
    (void)purpose;
    int fd =
        bide__door.socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    t->socket_error = fd < 0 ? fd : 0;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- the request ---- */

static bool has_header(const bide_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

static int add_header(struct bide__http_transfer *t, const char *line)
{
    struct curl_slist *list = curl_slist_append(t->headers, line);
    if (list == NULL)
        return -ENOMEM;
    t->headers = list;
    return 0;
}

static int add_user_header(struct bide__http_transfer *t, const bide_http_header *header)
{
    /* To curl, "Name;" is a header without a value, and "Name:" means not to send that header. */
    size_t size = strlen(header->name) + strlen(header->value) + sizeof ": ";
    char *line = bide__alloc(size);
    if (line == NULL)
        return -ENOMEM;
    if (header->value[strspn(header->value, " \t")] == '\0')
        snprintf(line, size, "%s;", header->name);
    else
        snprintf(line, size, "%s: %s", header->name, header->value);
    int n = add_header(t, line);
    bide__free(line, size);
    return n;
}

static int set_headers(struct bide__http_transfer *t, const bide_http_request *request)
{
    int n = 0;
    for (size_t i = 0; i < request->header_count && n == 0; i++)
        n = add_user_header(t, &request->headers[i]);
    /* By default curl would ask before it sends a large body, and would call any body a form. */
    if (n == 0 && !has_header(request, "Expect"))
        n = add_header(t, "Expect:");
    if (n == 0 && !has_header(request, "Content-Type"))
        n = add_header(t, "Content-Type:");
    if (n == 0 && curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) != CURLE_OK)
        n = -ENOMEM;
    return n;
}

static int set_method(CURL *easy, const bide_http_request *request)
{
    bool has_body = request->body_size > 0;
    const char *method = request->method;
    if (method == NULL)
        method = has_body ? "POST" : "GET";
    bool get = strcmp(method, "GET") == 0, head = strcmp(method, "HEAD") == 0;
    bool post = strcmp(method, "POST") == 0;
    bool ok = true;
    if (has_body || post || strcmp(method, "PUT") == 0) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
        ok = ok && curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)request->body_size) == CURLE_OK;
        ok = ok &&
             curl_easy_setopt(easy, CURLOPT_POSTFIELDS, has_body ? request->body : "") == CURLE_OK;
    }
    /* A custom method survives redirections, so it is set only if curl has no option for the
     * method. */
    if (head && !has_body)
        ok = ok && curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    else if (!post && (!get || has_body))
        ok = ok && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    return ok ? 0 : -ENOMEM;
}

static bool set_callbacks(struct bide__http_transfer *t, bide_http_client *client)
{
    CURL *e = t->easy;
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->response->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           /* A connection outlives the transfer that opened it, but not the client. */
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, bide__http_close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, client) == CURLE_OK;
}

static bool set_options(CURL *e, const bide_http_options *options)
{
    bool ok = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
              /* A proxy's reply to CONNECT is not the answer. */
              curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
              /* With this, a Content-Length beyond 64 bits is an error instead of being ignored. */
              curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)INT64_MAX) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, options->redirects_max > 0 ? 1L : 0L) ==
                  CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)options->redirects_max) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok = ok && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    long http = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    ok = ok && curl_easy_setopt(e, CURLOPT_PROTOCOLS, http) == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS, http) == CURLE_OK;
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Without this, giving up during a look-up waits for the resolver's thread. */
    ok = ok && curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    if (options->user_agent != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_USERAGENT, options->user_agent) == CURLE_OK;
    if (options->proxy != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_PROXY, options->proxy) == CURLE_OK;
    if (options->ca_file != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_CAINFO, options->ca_file) == CURLE_OK;
    return ok;
}

/* The error when curl refuses a string: lack of memory, or a string of more than 8 MB. */
static int refused(const struct bide__http_transfer *t)
{
    bool lacks = !bide__http_counts_shortages() || bide__http_shortages() != t->shortages_before;
    return lacks ? -ENOMEM : -EINVAL;
}

int bide__http_transfer_init(struct bide__http_transfer *t, bide_http_client *client,
                             const bide_http_request *request)
{
    t->shortages_before = bide__http_shortages();
    t->response = bide__http_response_new();
    t->easy = curl_easy_init();
    if (t->response == NULL || t->easy == NULL)
        return -ENOMEM;
    t->body_max = request->response_max_bytes;
    if (t->body_max == 0)
        t->body_max = client->options.response_max_bytes;
    int n = bide__http_valid(request, &t->text);
    if (n < 0)
        return n;
    if (!set_callbacks(t, client))
        return -ENOMEM;
    if (!set_options(t->easy, &client->options) ||
        curl_easy_setopt(t->easy, CURLOPT_URL, request->url) != CURLE_OK)
        return refused(t);
    n = set_method(t->easy, request);
    return n < 0 ? n : set_headers(t, request);
}
