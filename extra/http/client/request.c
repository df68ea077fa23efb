/*
 * request.c: what a request asks of curl: its URL with the query, its method, its headers, and its
 * body.
 *
 * The body is read from the caller's memory, or from a form that is put together here; curl may
 * read it twice, for a redirection or a repetition. The body of a stream comes from its queue.
 */
#include "internal.h"

#include "extra/http/message/text.h"

#include <stdio.h>
#include <strings.h>

/* ---- pairs ---- */

/* Room for the pairs, as they are coded, and a zero byte. SIZE_MAX: too much. */
static size_t pairs_room(const bide_http_header *pairs, size_t count, size_t before)
{
    size_t room = before + 1;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(pairs[i].name) + strlen(pairs[i].value);
        if (size > (PTRDIFF_MAX - room) / 3 - 2)
            return SIZE_MAX;
        room += 3 * size + 2;
    }
    return room;
}

/* Adds the pairs at `to`, "&" between them, and returns where they end. */
static char *add_pairs(char *to, const bide_http_header *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *to++ = '&';
        to += bide__http_percent_encode(to, pairs[i].name, strlen(pairs[i].name), false);
        *to++ = '=';
        to += bide__http_percent_encode(to, pairs[i].value, strlen(pairs[i].value), false);
    }
    return to;
}

/* Makes "+" of what was coded as a blank; forms have it so. Returns the new end. */
static char *blanks_to_plus(char *text, const char *end)
{
    char *to = text;
    for (const char *from = text; from < end; to++) {
        bool blank = end - from >= 3 && memcmp(from, "%20", 3) == 0;
        *to = blank ? '+' : *from;
        from += blank ? 3 : 1;
    }
    return to;
}

static bool text_new(struct bide__http_text *text, size_t room)
{
    text->data = room == SIZE_MAX ? NULL : bide__alloc(room);
    text->room = text->data == NULL ? 0 : room;
    return text->data != NULL;
}

/* The URL, with the query before its fragment. */
static int set_url(struct bide__http_transfer *t, const bide_http_request *request)
{
    const char *url = request->url;
    if (request->query_count > 0) {
        size_t before = strcspn(url, "#"), all = strlen(url);
        bool has_query = memchr(url, '?', before) != NULL;
        if (!text_new(&t->url, pairs_room(request->query, request->query_count, all + 1)))
            return -ENOMEM;
        memcpy(t->url.data, url, before);
        char *to = t->url.data + before;
        if (!has_query)
            *to++ = '?';
        else if (to[-1] != '?' && to[-1] != '&')
            *to++ = '&';
        to = add_pairs(to, request->query, request->query_count);
        memcpy(to, url + before, all - before + 1);
        url = t->url.data;
    }
    return curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK ? 0 : -EINVAL;
}

/* ---- headers ---- */

static bool has_body(const bide_http_request *request)
{
    return request->body_size > 0 || request->form_count > 0 || request->body_streamed;
}

/* To curl, these have a body, which may be empty. */
static bool sends_body(const bide_http_request *request)
{
    const char *method = request->method;
    return has_body(request) ||
           (method != NULL && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0));
}

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

static int add_content_type(struct bide__http_transfer *t, const bide_http_request *request)
{
    const char *type = request->content_type;
    if (type == NULL && request->form_count > 0)
        type = "application/x-www-form-urlencoded";
    if (has_header(request, "Content-Type"))
        return 0;
    if (type != NULL)
        return add_user_header(t, &(bide_http_header){"Content-Type", type});
    /* By default curl would call any body a form. */
    return sends_body(request) ? add_header(t, "Content-Type:") : 0;
}

/* curl does not send this one on to another host. */
static int add_bearer(struct bide__http_transfer *t, const bide_http_request *request)
{
    if (request->bearer == NULL || has_header(request, "Authorization"))
        return 0;
    size_t size = strlen(request->bearer) + sizeof "Authorization: Bearer ";
    char *line = bide__alloc(size);
    if (line == NULL)
        return -ENOMEM;
    snprintf(line, size, "Authorization: Bearer %s", request->bearer);
    int n = add_header(t, line);
    bide__free(line, size);
    return n;
}

static int set_headers(struct bide__http_transfer *t, const bide_http_request *request)
{
    int n = 0;
    for (size_t i = 0; i < request->header_count && n == 0; i++)
        n = add_user_header(t, &request->headers[i]);
    t->spoils_handle |= has_header(request, "Host");
    /* By default curl would ask before it sends a large body. */
    if (n == 0 && sends_body(request) && !has_header(request, "Expect"))
        n = add_header(t, "Expect:");
    if (n == 0)
        n = add_content_type(t, request);
    if (n == 0)
        n = add_bearer(t, request);
    if (n == 0 && curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) != CURLE_OK)
        n = -ENOMEM;
    if (n < 0 || request->username == NULL)
        return n;
    const char *password = request->password != NULL ? request->password : "";
    return curl_easy_setopt(t->easy, CURLOPT_USERNAME, request->username) == CURLE_OK &&
                   curl_easy_setopt(t->easy, CURLOPT_PASSWORD, password) == CURLE_OK
               ? 0
               : -EINVAL;
}

/* ---- method and body ---- */

static int set_form(struct bide__http_transfer *t, const bide_http_request *request, size_t *size)
{
    if (!text_new(&t->form, pairs_room(request->form, request->form_count, 0)))
        return -ENOMEM;
    char *end = add_pairs(t->form.data, request->form, request->form_count);
    *size = (size_t)(blanks_to_plus(t->form.data, end) - t->form.data);
    return 0;
}

/* The body of a stream. curl calls that an upload; the method is said in words, unless it is
 * PUT. */
static int set_upload(struct bide__http_transfer *t, const bide_http_request *request)
{
    const char *method = request->method != NULL ? request->method : "POST";
    t->stream.out_left = request->body_size > 0 ? (int64_t)request->body_size : -1;
    bool ok = curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
              curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->stream.out_left) ==
                  CURLE_OK;
    if (ok && strcmp(method, "PUT") != 0)
        ok = curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    return ok ? 0 : -ENOMEM;
}

static int set_method(CURL *easy, const bide_http_request *request, const void *body, size_t size)
{
    bool has = has_body(request);
    const char *method = request->method;
    if (method == NULL)
        method = has ? "POST" : "GET";
    bool get = strcmp(method, "GET") == 0, head = strcmp(method, "HEAD") == 0;
    bool post = strcmp(method, "POST") == 0;
    bool ok = true;
    if (sends_body(request)) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
        ok =
            ok && curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size) == CURLE_OK;
        ok = ok && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, size > 0 ? body : "") == CURLE_OK;
    }
    /* A custom method survives redirections, so it is set only if curl has no option for the
     * method. */
    if (head && !has)
        ok = ok && curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    else if (!post && (!get || has))
        ok = ok && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    return ok ? 0 : -ENOMEM;
}

int bide__http_request_set(struct bide__http_transfer *t, const bide_http_request *request)
{
    const void *body = request->body;
    size_t size = request->body_size;
    int n = set_url(t, request);
    if (n == 0 && request->form_count > 0) {
        n = set_form(t, request, &size);
        body = t->form.data;
    }
    if (n == 0)
        n = request->body_streamed ? set_upload(t, request)
                                   : set_method(t->easy, request, body, size);
    if (n == 0 && curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, t->follows ? 1L : 0L))
        n = -ENOMEM;
    return n < 0 ? n : set_headers(t, request);
}

/* NULL needs no memory. What curl has for the method comes after the body, which makes it POST. */
bool bide__http_request_unset(CURL *e)
{
    return curl_easy_setopt(e, CURLOPT_URL, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERNAME, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PASSWORD, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK && /* ends NOBODY, too */
           curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK;
}

void bide__http_request_free(struct bide__http_transfer *t)
{
    curl_slist_free_all(t->headers);
    bide__free(t->url.data, t->url.room);
    bide__free(t->form.data, t->form.room);
}
