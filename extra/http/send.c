/*
 * send.c: the future that waits for an answer: a leaf in plain C.
 *
 * It begins the transfer at its first poll and drives the client at each. The transfer is a part of
 * its frame, which does not move. Cancelled or past its deadline it takes the transfer away from
 * curl at once: polls and cancels never run inside a callback of curl.
 */
#include "lib/leaf.h"

#include "internal.h"

struct send {
    struct bide_frame h;
    bide_http_client *client;
    const bide_http_request *request;
    bide_http_response **response;
    struct bide__http_transfer transfer;
    struct bide__timer timer; /* its deadline */
    struct bide_runtime *runtime;
};

static void arm_deadline(struct send *f, bide_duration timeout, bide_waker waker)
{
    f->runtime = f->transfer.client->runtime;
    if (timeout.ns >= 0)
        bide__timer_arm(f->runtime, &f->timer, bide__deadline(timeout), waker);
}

static int begin(struct send *f, bide_waker waker)
{
    struct bide__http_transfer *t = &f->transfer;
    *t = (struct bide__http_transfer){.waker = waker};
    f->timer = (struct bide__timer){0};
    f->runtime = NULL;
    *f->response = NULL;
    bide_duration timeout = f->request->timeout;
    if (timeout.ns == 0)
        timeout = f->client->options.timeout;
    int n = bide__http_transfer_init(t, f->client, f->request);
    if (n == 0)
        n = bide__http_client_add(f->client, t);
    if (n == 0)
        arm_deadline(f, timeout, waker);
    return n;
}

/* The transfer shall end with `error`, which is not curl's. */
static void fail(struct bide__http_transfer *t, int error)
{
    if (t->client != NULL)
        bide__http_client_remove(t);
    t->error = error;
    bide__http_transfer_finish(t, CURLE_OK);
}

static void release(struct send *f)
{
    if (f->runtime != NULL)
        bide__timer_disarm(f->runtime, &f->timer);
    bide__http_transfer_end(&f->transfer);
}

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    struct bide__http_transfer *t = &f->transfer;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        int n = begin(f, cx->waker);
        if (n < 0)
            fail(t, n);
    }
    t->waker = cx->waker;
    f->timer.waker = cx->waker;
    bide__http_client_drive(t->client, t);
    if (!t->done && f->timer.deadline_ns != 0 && !bide__timer_armed(&f->timer))
        fail(t, -ETIMEDOUT);
    if (!t->done)
        return bide_frame_suspend(cx, h);
    *f->response = t->response;
    release(f);
    return bide__leaf_finish(cx, h, t->result);
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    struct bide__http_transfer *t = &f->transfer;

    (void)cx;
    if (t->done)
        return BIDE_COMPLETED;
    bide__http_client_remove(t);
    release(f);
    bide_http_response_free(t->response);
    return BIDE_CANCELLED;
}

BIDE__LEAF_3(int, bide_http_send, struct send, send_poll, send_cancel, bide_http_client *, client,
             const bide_http_request *, request, bide_http_response **, response);
