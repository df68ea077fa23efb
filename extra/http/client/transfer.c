/*
 * transfer.c: what a request needs of curl, and the callbacks that carry its data.
 *
 * Timeouts are not left to curl, which does not use the door's clock: life.c and limits.c have
 * timers for them.
 *
 * A kept connection may end while a request is sent on it. curl then sends the request again, also
 * a POST that the server may have acted on. So curl is asked to call before_sending each time
 * before it sends; there a second time is refused, unless the request may be repeated, or it was
 * redirected in between.
 *
 * A stream's bytes wait in its queues. If the program does not keep up, the callback tells curl to
 * pause, and stream.c tells it when to go on.
 */
#include "internal.h"

#include <strings.h>

/* ---- callbacks: what is received ---- */

int64_t bide__http_expected_size(const struct bide__http_transfer *t,
                                 const bide_http_response *response)
{
    curl_off_t size = -1;
    bool decodes = !t->stream.is_on;
    if ((decodes && bide_http_header_value(response, "Content-Encoding") != NULL) ||
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) != CURLE_OK)
        return -1;
    return size;
}

/* Called before the first bytes of a body are added. */
static int begin_body(struct bide__http_transfer *t)
{
    int64_t size = bide__http_expected_size(t, t->response);
    if (size > 0 && (uint64_t)size > t->body_max)
        return -EMSGSIZE;
    return size > 0 ? bide__http_response_expect(t->response, (size_t)size) : 0;
}

static int add_whole(struct bide__http_transfer *t, const char *data, size_t size)
{
    int n = t->response->first == NULL ? begin_body(t) : 0;
    if (n == 0 && size > t->body_max - t->response->body_size)
        n = -EMSGSIZE;
    return n == 0 ? bide__http_response_add_body(t->response, data, size) : n;
}

/* A connection of HTTP/2 on which libcurl 7.88 has paused sometimes fails later ("Error in the
 * HTTP2 framing layer"). So it ends with its last stream. */
static void forbid_reuse_of_2(struct bide__http_transfer *t)
{
    long version = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (version == CURL_HTTP_VERSION_2_0)
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
}

/* Returns 1 if the program has to read first. */
static int add_piece(struct bide__http_transfer *t, const char *data, size_t size)
{
    struct bide__http_stream *s = &t->stream;
    if (t->body_max != 0 && size > t->body_max - s->in_total)
        return -EMSGSIZE;
    s->in_paused = s->in.size > 0 && s->in.size + size > BIDE__HTTP_QUEUE_MAX;
    if (s->in_paused) {
        forbid_reuse_of_2(t);
        return 1;
    }
    int n = bide__http_queue_add(&s->in, data, size);
    if (n == 0) {
        s->in_total += size;
        bide__http_wake(t);
    }
    return n;
}

static size_t on_body(char *data, size_t unit, size_t count, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    size_t size = unit * count;
    int n = t->stream.is_on ? add_piece(t, data, size) : add_whole(t, data, size);
    bide__http_heard(t);
    if (n < 0)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return n < 0 ? 0 : n == 1 ? CURL_WRITEFUNC_PAUSE : size;
}

/* The head of an answer is complete. True: it is the last one, and not one of those that curl reads
 * before it follows a redirection. */
static bool is_the_answer(const struct bide__http_transfer *t)
{
    const bide_http_response *r = t->response;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    const char *to = bide_http_header_value(r, "Location"); /* curl ignores an empty one */
    bool moved = status >= 300 && status < 400 && t->follows && to != NULL && *to != '\0';
    return r->is_final && !moved;
}

static int add_line(struct bide__http_transfer *t, const char *line, size_t size)
{
    bide_http_response *r = t->response;
    if (r == NULL) /* the trailer of a stream: the program has its response already */
        return 0;
    long redirect = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirect);
    int n = bide__http_response_add_line(r, redirect, line, size);
    bool is_end = size > 0 && (line[0] == '\r' || line[0] == '\n');
    if (n < 0 || !t->stream.is_on || !is_end || !is_the_answer(t))
        return n;
    n = bide__http_answered(t);
    if (n == 0)
        bide__http_head_is_there(t);
    return n;
}

static size_t on_header(char *line, size_t unit, size_t count, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    size_t size = unit * count;
    int n = add_line(t, line, size);
    bide__http_heard(t);
    if (n < 0)
        bide__http_happens(t, BIDE__HTTP_NOTED, n);
    return n < 0 ? 0 : size;
}

/* ---- callbacks: what is sent ---- */

static size_t on_upload(char *to, size_t unit, size_t count, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    struct bide__http_stream *s = &t->stream;
    size_t size = bide__http_queue_take(&s->out, to, unit * count);
    if (s->out_unwanted) { /* curl may ask all the same: no more comes */
        /* The server waits for what was announced: it must not take the next request for that. */
        if (!s->out_ended)
            curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
        return 0;
    }
    s->out_paused = size == 0 && !s->out_ended;
    if (size > 0 && s->out_waker.bits != 0)
        bide_waker_wake_by_ref(s->out_waker);
    if (size == 0 && s->out_ended && s->out_left > 0) {
        bide__http_happens(t, BIDE__HTTP_NOTED, -ENODATA);
        return CURL_READFUNC_ABORT;
    }
    bide__http_heard(t);
    return s->out_paused ? CURL_READFUNC_PAUSE : size;
}

/* ---- callbacks: connections ---- */

static curl_socket_t on_open_socket(void *transfer, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct bide__http_transfer *t = transfer;
    (void)purpose;
    if (t->phase != BIDE__HTTP_CONNECTING)
        bide__http_phase(t, BIDE__HTTP_CONNECTING);
    int fd =
        bide__door.socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    t->socket_error = fd < 0 ? fd : 0;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_look_up(void *state, void *unused, void *transfer)
{
    struct bide__http_transfer *t = transfer;
    (void)state;
    (void)unused;
    bide__http_phase(t, BIDE__HTTP_CONNECTING);
    t->asks_name = bide__http_look_up_is_ours(t);
    return t->asks_name;
}

#if LIBCURL_VERSION_NUM >= 0x075000
static int before_sending(void *transfer, char *there, char *here, int there_port, int here_port)
{
    struct bide__http_transfer *t = transfer;
    long redirect = 0;
    (void)there, (void)here, (void)there_port, (void)here_port;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirect);
    if (t->sent == redirect && !t->may_repeat) {
        bide__http_happens(t, BIDE__HTTP_NOTED, -ECONNRESET);
        return CURL_PREREQFUNC_ABORT;
    }
    t->spoils_handle |= t->sent == redirect;
    t->sent = redirect;
    bide__http_phase(t, BIDE__HTTP_ASKED);
    return CURL_PREREQFUNC_OK;
}
#endif

/* What a small piece of a compressed body becomes may be any size, and curl keeps it all while it
 * is paused, and copies it each time. So a stream asks for no compression, and gets what comes. */
static bool set_stream(struct bide__http_transfer *t)
{
    CURL *e = t->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, NULL) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK;
    if (ok && t->stream.gives_body)
        ok = curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_READDATA, t) == CURLE_OK;
    return ok;
}

bool bide__http_transfer_callbacks(CURL *e, bide_http_client *client)
{
#if LIBCURL_VERSION_NUM >= 0x075000
    if (curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_sending) != CURLE_OK)
        return false;
#endif
    return curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_RESOLVER_START_FUNCTION, on_look_up) == CURLE_OK &&
           /* A connection outlives the transfer that opened it, but not the client. */
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, bide__http_close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, client) == CURLE_OK;
}

/* libcurl 7.88 begins HTTP/2 without TLS anew with each request on a connection, and fails at the
 * second one. There each request has a connection of its own. */
static bool needs_own_connection(const struct bide__http_transfer *t, const char *url)
{
    return t->owner->options.protocol == BIDE_HTTP_ONLY_2 && strncasecmp(url, "http:", 5) == 0 &&
           curl_version_info(CURLVERSION_NOW)->version_num >> 8 == 0x0758;
}

static bool set_own_connection(struct bide__http_transfer *t)
{
    CURL *e = t->easy;
    t->spoils_handle = true;
    return curl_easy_setopt(e, CURLOPT_PIPEWAIT, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

/* The callbacks of its handle are for this transfer. A handle tells the multi handle of the pins
 * once, but that may be another one by now. */
static bool set_transfer(struct bide__http_transfer *t)
{
    CURL *e = t->easy;
    struct curl_slist *pins = t->owner->pins;
    if (pins != NULL && curl_easy_setopt(e, CURLOPT_RESOLVE, pins) != CURLE_OK)
        return false;
#if LIBCURL_VERSION_NUM >= 0x075000
    if (curl_easy_setopt(e, CURLOPT_PREREQDATA, t) != CURLE_OK)
        return false;
#else
    t->spoils_handle |= t->may_repeat; /* it may have been sent again */
    /* On a connection of its own nothing is sent twice. */
    if (curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, t->may_repeat ? 0L : 1L) != CURLE_OK)
        return false;
#endif
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->said) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_RESOLVER_START_DATA, t) == CURLE_OK;
}

/* The error when curl refuses a string: lack of memory, or a string of more than 8 MB. */
static int refused(const struct bide__http_transfer *t)
{
    bool lacks = !bide__http_counts_shortages() || bide__http_shortages() != t->shortages_before;
    return lacks ? -ENOMEM : -EINVAL;
}

static uint64_t body_max(const struct bide__http_transfer *t, const bide_http_request *request)
{
    if (request->response_max_bytes != 0 || t->stream.is_on)
        return request->response_max_bytes;
    return t->owner->options.response_max_bytes;
}

bool bide__http_is_repeatable(const bide_http_request *request)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    if (request->body_streamed)
        return false;
    if (request->may_repeat)
        return true;
    if (request->method == NULL)
        return request->body_size == 0 && request->form_count == 0;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(request->method, methods[i]) == 0)
            return true;
    return false;
}

int bide__http_transfer_init(struct bide__http_transfer *t, bide_http_client *client,
                             const bide_http_request *request)
{
    t->shortages_before = bide__http_shortages();
    t->response = bide__http_response_new();
    if (t->response == NULL)
        return -ENOMEM;
    t->body_max = body_max(t, request);
    t->may_repeat = bide__http_is_repeatable(request);
    t->stream.gives_body = request->body_streamed;
    t->follows = client->options.redirects_max > 0 && !request->body_streamed;
    int n = bide__http_valid(request, &t->text);
    if (n < 0)
        return n;
    n = bide__http_handle_take(t);
    if (n == 0 && (!set_transfer(t) || (t->stream.is_on && !set_stream(t))))
        n = -ENOMEM;
    if (n == 0 && needs_own_connection(t, request->url) && !set_own_connection(t))
        n = -ENOMEM;
    if (n == 0)
        n = bide__http_request_set(t, request);
    return n == -EINVAL ? refused(t) : n;
}
