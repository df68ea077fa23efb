/*
 * stream.c: requests whose answers are read in pieces, and whose bodies may be given in pieces: the
 * futures that wait for the head, for a piece, and for room for a piece. None of them drives
 * anything; each looks at what the callbacks of transfer.c have left, under the client's mutex.
 *
 * When a queue of which curl had too much or too little has changed, curl is told to go on. It may
 * call the callbacks in that call, so what it has found is settled at once.
 */
#include "lib/leaf.h"

#include "internal.h"

#include <bide/http_stream.h>

/* Curl goes on as soon as the queue of a slow reader is half empty. */
enum { RESUME_SIZE = BIDE__HTTP_QUEUE_MAX / 2 };

/* The answer was complete while it was paused: curl looks at no socket any more, waits for more of
 * the body of the request, and has no reason to call. A socket of HTTP/2 has other users. */
static bool has_ended(const struct bide__http_transfer *t)
{
    const struct bide__http_stream *s = &t->stream;
    long version = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    return version != 0 && version < CURL_HTTP_VERSION_2_0 && s->watched == 0 && s->out_paused &&
           !s->in_paused;
}

void bide__http_go_on(struct bide__http_transfer *t)
{
    bide_http_client *client = t->client;
    int bits =
        (t->stream.in_paused ? CURLPAUSE_RECV : 0) | (t->stream.out_paused ? CURLPAUSE_SEND : 0);
    CURLcode code = curl_easy_pause(t->easy, bits);
    /* An error of a callback was noted there. BAD_FUNCTION_ARGUMENT: curl is between two
     * connections, where nothing is paused. */
    if (code != CURLE_OK && code != CURLE_BAD_FUNCTION_ARGUMENT && t->state == BIDE__HTTP_ACTIVE) {
        bool lacks = code == CURLE_OUT_OF_MEMORY || bide__http_shortages() != t->shortages_before;
        bide__http_happens(t, BIDE__HTTP_NOTED, lacks ? -ENOMEM : -EIO);
    }
    if (code == CURLE_OK && has_ended(t))
        bide__http_unwanted_now(t);
    bide__http_client_settle(client);
}

static bool is_active(const struct bide__http_transfer *t)
{
    return t->state == BIDE__HTTP_ACTIVE;
}

int bide_http_start(bide_http_client *client, const bide_http_request *request,
                    bide_http_response **response)
{
    bide__http_lock(client);
    *response = NULL;
    struct bide__http_transfer *t = bide__http_begin(client, request, true, (bide_waker){0});
    int n = t == NULL ? -ENOMEM : 0;
    if (t != NULL) {
        bide_http_response *r = t->response;
        *response = r;
        n = t->state == BIDE__HTTP_DONE ? t->result : 0;
        if (n == 0)
            r->transfer = t;
        else
            t->response = NULL;
        if (n < 0)
            bide__http_happens(t, BIDE__HTTP_TAKEN, 0);
    }
    bide__http_unlock(client);
    return n;
}

/* With the client's mutex, at the first poll: the call is in the wrong place. Returns 0, -ENXIO or
 * -EXDEV. */
static int misplaced(const struct bide__http_transfer *t, const char *name)
{
    const struct bide_runtime *running = bide__runtime_running();
    if (running == NULL)
        return bide__no_runtime(name);
    return t->client != NULL && t->client->runtime != running ? -EXDEV : 0;
}

/* ---- the head ---- */

struct answer {
    struct bide_frame h;
    bide_http_response *response;
};

static enum bide_poll answer_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct answer *f = (struct answer *)(void *)h;
    struct bide__http_transfer *t = f->response != NULL ? f->response->transfer : NULL;
    bool is_first = h->state == 0;
    h->state = BIDE__BEGUN;
    if (is_first && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    if (t == NULL)
        return bide__leaf_finish(cx, h, f->response == NULL ? -ENOMEM : 0);
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    int result = is_first ? misplaced(t, "bide_http_answer") : 0;
    bool done = result < 0 || t->stream.has_head || t->state == BIDE__HTTP_DONE;
    if (result == 0 && done && !t->stream.has_head)
        result = t->result;
    t->waker = done ? (bide_waker){0} : cx->waker;
    bide__http_unlock(client);
    return done ? bide__leaf_finish(cx, h, result) : bide_frame_suspend(cx, h);
}

/* A reader, or who waits for the head: nobody waits any more, and nothing has happened. */
static enum bide_answer forget_waker(struct bide__http_transfer *t, bide_waker *waker)
{
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    *waker = (bide_waker){0};
    bide__http_unlock(client);
    return BIDE_CANCELLED;
}

static enum bide_answer answer_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct answer *f = (struct answer *)(void *)h;
    (void)cx;
    if (f->response == NULL || f->response->transfer == NULL)
        return BIDE_CANCELLED;
    return forget_waker(f->response->transfer, &f->response->transfer->waker);
}

BIDE__LEAF(int, bide_http_answer, struct answer, answer_poll, answer_cancel,
           (bide_http_response *, response));

/* ---- the end of the request ---- */

static enum bide_poll unwanted_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct answer *f = (struct answer *)(void *)h;
    struct bide__http_transfer *t = f->response->transfer;
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    bool done = t->stream.out_unwanted || t->state == BIDE__HTTP_DONE;
    t->stream.over_waker = done ? (bide_waker){0} : cx->waker;
    bide__http_unlock(client);
    h->state = BIDE__BEGUN;
    return done ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer unwanted_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct answer *f = (struct answer *)(void *)h;
    (void)cx;
    return forget_waker(f->response->transfer, &f->response->transfer->stream.over_waker);
}

BIDE__LEAF(int, bide__http_unwanted, struct answer, unwanted_poll, unwanted_cancel,
           (bide_http_response *, response));

/* ---- a piece of the answer ---- */

struct receive {
    struct bide_frame h;
    bide_http_response *response;
    void *buffer;
    size_t size;
};

/* From a response that is complete. */
static ssize_t read_whole(bide_http_response *r, void *buffer, size_t size)
{
    size_t left = r->body_size - r->read;
    if (size > left)
        size = left;
    if (size > 0)
        memcpy(buffer, bide_http_body(r) + r->read, size);
    r->read += size;
    return (ssize_t)size;
}

/* With the client's mutex. Returns false if there is nothing yet. */
static bool receive(struct receive *f, struct bide__http_transfer *t, ssize_t *result)
{
    struct bide__http_stream *s = &t->stream;
    if (s->in.size > 0) {
        *result = (ssize_t)bide__http_queue_take(&s->in, f->buffer, f->size);
        if (s->in_paused && s->in.size <= RESUME_SIZE && is_active(t)) {
            s->in_paused = false;
            bide__http_go_on(t);
        }
        return true;
    }
    if (t->state != BIDE__HTTP_DONE)
        return false;
    *result = t->result;
    if (t->result < 0)
        memcpy(f->response->error, t->said, sizeof t->said);
    return true;
}

static enum bide_poll receive_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct receive *f = (struct receive *)(void *)h;
    struct bide__http_transfer *t = f->response != NULL ? f->response->transfer : NULL;
    ssize_t result = -EINVAL;
    bool is_first = h->state == 0;
    h->state = BIDE__BEGUN;
    if (is_first && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    if (f->response == NULL || f->size == 0)
        return bide__leaf_finish(cx, h, f->response == NULL ? result : (ssize_t)0);
    if (t == NULL)
        return bide__leaf_finish(cx, h, read_whole(f->response, f->buffer, f->size));
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    t->waker = (bide_waker){0};
    int n = is_first ? misplaced(t, "bide_http_response_read") : 0;
    bool done = n < 0 || receive(f, t, &result);
    if (n < 0)
        result = n;
    if (!done)
        t->waker = cx->waker;
    bide__http_unlock(client);
    return done ? bide__leaf_finish(cx, h, result) : bide_frame_suspend(cx, h);
}

static enum bide_answer receive_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct receive *f = (struct receive *)(void *)h;
    (void)cx;
    if (f->response == NULL || f->response->transfer == NULL)
        return BIDE_CANCELLED;
    return forget_waker(f->response->transfer, &f->response->transfer->waker);
}

BIDE__LEAF(ssize_t, bide_http_response_read, struct receive, receive_poll, receive_cancel,
           (bide_http_response *, response), (void *, buffer), (size_t, size));

/* ---- a piece of the request ---- */

struct upload {
    struct bide_frame h;
    bide_http_response *response;
    const void *data;
    size_t size;
};

/* With the client's mutex. Returns false if there is no room yet. */
static bool upload(struct upload *f, struct bide__http_transfer *t, ssize_t *result)
{
    struct bide__http_stream *s = &t->stream;
    size_t room = BIDE__HTTP_QUEUE_MAX - s->out.size;
    *result = -EINVAL;
    if (!s->gives_body || s->out_ended)
        return true;
    *result = t->result < 0 ? t->result : -EPIPE;
    if (t->state == BIDE__HTTP_DONE || s->out_unwanted)
        return true;
    *result = -EMSGSIZE;
    if (s->out_left >= 0 && f->size > (uint64_t)s->out_left)
        return true;
    if (room == 0 && f->size > 0)
        return false;
    size_t size = f->size < room ? f->size : room;
    *result = bide__http_queue_add(&s->out, f->data, size);
    if (*result < 0)
        return true;
    *result = (ssize_t)size;
    if (s->out_left >= 0)
        s->out_left -= (int64_t)size;
    if (s->out_paused && size > 0 && is_active(t)) {
        s->out_paused = false;
        bide__http_go_on(t);
    }
    return true;
}

static enum bide_poll upload_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct upload *f = (struct upload *)(void *)h;
    struct bide__http_transfer *t = f->response != NULL ? f->response->transfer : NULL;
    ssize_t result = -EINVAL;
    bool is_first = h->state == 0;
    h->state = BIDE__BEGUN;
    if (is_first && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    if (t == NULL)
        return bide__leaf_finish(cx, h, result);
    bide_http_client *client = t->owner;
    bide__http_lock(client);
    t->stream.out_waker = (bide_waker){0};
    int n = is_first ? misplaced(t, "bide_http_upload") : 0;
    bool done = n < 0 || upload(f, t, &result);
    if (n < 0)
        result = n;
    if (!done)
        t->stream.out_waker = cx->waker;
    bide__http_unlock(client);
    return done ? bide__leaf_finish(cx, h, result) : bide_frame_suspend(cx, h);
}

static enum bide_answer upload_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct upload *f = (struct upload *)(void *)h;
    (void)cx;
    if (f->response == NULL || f->response->transfer == NULL)
        return BIDE_CANCELLED;
    return forget_waker(f->response->transfer, &f->response->transfer->stream.out_waker);
}

BIDE__LEAF(ssize_t, bide_http_upload, struct upload, upload_poll, upload_cancel,
           (bide_http_response *, response), (const void *, data), (size_t, size));

int bide_http_upload_end(bide_http_response *response)
{
    struct bide__http_transfer *t = response != NULL ? response->transfer : NULL;
    if (t == NULL)
        return -EINVAL;
    bide_http_client *client = t->owner;
    struct bide__http_stream *s = &t->stream;
    bide__http_lock(client);
    int n = !s->gives_body || s->out_ended ? -EINVAL : s->out_left > 0 ? -ENODATA : 0;
    if (n != -EINVAL)
        s->out_ended = true;
    if (n != -EINVAL && s->out_paused && is_active(t)) {
        s->out_paused = false;
        bide__http_go_on(t);
    }
    bide__http_unlock(client);
    return n;
}
