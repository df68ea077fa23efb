/*
 * send.c: the thread of an exporter. It waits until there is a batch, or the oldest span has waited
 * long enough, or the exporter ends; and sends. Its calls of the HTTP client are the blocking ones,
 * on a runtime of its own.
 */
#include "inside.h"

#include <bide/http.h>

#include <errno.h>

enum { TRIES = 3, PAUSE_MS = 500, ANSWER_MAX = 65536 };

/* With the mutex. True: the exporter ends. */
static bool wait_for_batch(struct bide_trace_otlp *o)
{
    int64_t until_ns = bide__door.clock() + o->interval_ns;

    while (!o->ends && o->count < OTLP_BATCH_MAX) {
        int64_t left_ns = until_ns - bide__door.clock();
        if (left_ns <= 0 && o->count > 0)
            break;
        if (left_ns <= 0)
            left_ns = o->interval_ns;
        if (bide__door.cond_wait(&o->changed, &o->mutex, left_ns) == -ETIMEDOUT && o->count > 0)
            break;
    }
    return o->ends;
}

/* With the mutex. Takes a batch out of the queue. */
static struct otlp_item *take(struct bide_trace_otlp *o, unsigned *count)
{
    struct otlp_item *first = o->first, **at = &o->first;

    for (*count = 0; *at != NULL && *count < OTLP_BATCH_MAX; at = &(*at)->next) {
        o->bytes -= (*at)->size;
        ++*count;
    }
    o->count -= *count;
    o->first = *at;
    *at = NULL;
    if (o->first == NULL)
        o->last = &o->first;
    return *count > 0 ? first : NULL;
}

static void drop(struct otlp_item *item)
{
    while (item != NULL) {
        struct otlp_item *next = item->next;
        bide__free(item, item->size);
        item = next;
    }
}

/* Of the next request. */
static int64_t timeout_ns(struct bide_trace_otlp *o)
{
    int64_t most_ns = o->timeout_ns;

    pthread_mutex_lock(&o->mutex);
    if (o->ends) {
        int64_t left_ns = o->until_ns - bide__door.clock();
        if (left_ns < most_ns)
            most_ns = left_ns > 1000000 ? left_ns : 1000000;
    }
    pthread_mutex_unlock(&o->mutex);
    return most_ns;
}

/* 0; -EAGAIN: it may be tried again; or another error. */
static int post(struct bide_trace_otlp *o, bide_http_client *client, const struct bide__text *body)
{
    const bide_http_header headers[] = {{"Content-Type", "application/json"},
                                        {"Authorization", o->authorization}};
    const bide_http_request request = {.url = o->url,
                                       .headers = headers,
                                       .header_count = o->authorization != NULL ? 2 : 1,
                                       .body = body->data,
                                       .body_size = body->size,
                                       .timeout = {timeout_ns(o)},
                                       .response_max_bytes = ANSWER_MAX};
    bide_http_response *response = NULL;
    int r = bide_block_on(bide_http_send(client, &request, &response));
    int status = r == 0 ? bide_http_status(response) : 0;

    bide_http_response_free(response);
    if (r < 0)
        return r == -ECONNREFUSED || r == -ECONNRESET || r == -ENOENT || r == -EHOSTUNREACH ||
                       r == -ENETUNREACH
                   ? -EAGAIN
                   : r;
    if (status >= 200 && status < 300)
        return 0;
    return status == 429 || (status >= 502 && status <= 504) ? -EAGAIN : -EPROTO;
}

/* The exporter ends: there is no pause. */
static bool pauses(struct bide_trace_otlp *o, int64_t ns)
{
    int64_t until_ns = bide__door.clock() + ns;

    pthread_mutex_lock(&o->mutex);
    while (!o->ends && bide__door.clock() < until_ns)
        (void)bide__door.cond_wait(&o->changed, &o->mutex, until_ns - bide__door.clock());
    bool ends = o->ends;
    pthread_mutex_unlock(&o->mutex);
    return !ends;
}

/* True: the collector has it. */
static bool send_batch(struct bide_trace_otlp *o, bide_http_client *client,
                       const struct otlp_item *first, uint64_t dropped)
{
    struct bide__text body;
    int r = -ENOMEM;

    bide__text_begin(&body);
    otlp_put_batch(&body, o->service, dropped, first);
    for (int n = 0; !body.failed && n < TRIES; n++) {
        r = post(o, client, &body);
        pthread_mutex_lock(&o->mutex);
        o->counts.requests++;
        o->counts.failed += r < 0;
        pthread_mutex_unlock(&o->mutex);
        if (r != -EAGAIN || !pauses(o, (int64_t)PAUSE_MS * 1000000 << n))
            break;
    }
    bide__text_end(&body);
    return r == 0;
}

/* Sends what there is. False: it could not be sent. */
static bool send_all(struct bide_trace_otlp *o, bide_http_client *client)
{
    bool is_sent = true;
    unsigned count;

    pthread_mutex_lock(&o->mutex);
    struct otlp_item *batch = take(o, &count);
    uint64_t dropped = o->counts.dropped;
    pthread_mutex_unlock(&o->mutex);
    if (batch == NULL)
        return false;
    is_sent = client != NULL && send_batch(o, client, batch, dropped);
    drop(batch);
    pthread_mutex_lock(&o->mutex);
    *(is_sent ? &o->counts.sent : &o->counts.dropped) += count;
    pthread_mutex_unlock(&o->mutex);
    return is_sent;
}

void *otlp_run(void *argument)
{
    struct bide_trace_otlp *o = argument;
    bide_http_client *client = NULL;
    bool ends = false;

    (void)bide__door.thread_name("bide-otlp");
    while (!ends) {
        pthread_mutex_lock(&o->mutex);
        ends = wait_for_batch(o);
        bool has_some = o->count > 0;
        pthread_mutex_unlock(&o->mutex);
        if (client == NULL && has_some && bide_http_client_new(NULL, &client) < 0)
            client = NULL;
        if (!ends)
            (void)send_all(o, client);
    }
    while (bide__door.clock() < o->until_ns && send_all(o, client))
        continue;
    bide_http_client_free(client);
    return NULL;
}
