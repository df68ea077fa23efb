/*
 * send.c: the future that waits for an answer: a leaf in plain C. It begins the request at its
 * first poll and takes the result when there is one; in between, the request does not depend on its
 * polls.
 */
#include "lib/leaf.h"

#include "internal.h"

struct send {
    struct bide_frame h;
    bide_http_client *client;
    const bide_http_request *request;
    bide_http_response **response;
    struct bide__http_transfer *transfer;
};

/* With the client's mutex. Returns false if there is no result yet. */
static bool look(struct bide_cx *cx, struct send *f, int *result)
{
    if (f->h.state == 0) {
        f->h.state = BIDE__BEGUN;
        *f->response = NULL;
        f->transfer = bide__http_begin(f->client, f->request, false, cx->waker);
        *result = -ENOMEM;
        if (f->transfer == NULL)
            return true;
    }
    struct bide__http_transfer *t = f->transfer;
    t->waker = cx->waker;
    if (t->state != BIDE__HTTP_DONE)
        return false;
    *result = t->result;
    *f->response = t->response;
    t->response = NULL;
    bide__http_happens(t, BIDE__HTTP_TAKEN, 0);
    return true;
}

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    int result;

    bide__http_lock(f->client);
    bool done = look(cx, f, &result);
    bide__http_unlock(f->client);
    return done ? bide__leaf_finish(cx, h, result) : bide_frame_suspend(cx, h);
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    (void)cx;
    bide__http_lock(f->client);
    bool gone = bide__http_happens(f->transfer, BIDE__HTTP_CANCELLED, 0) == BIDE__HTTP_GONE;
    bide__http_unlock(f->client);
    return gone ? BIDE_CANCELLED : BIDE_COMPLETED;
}

BIDE__LEAF(int, bide_http_send, struct send, send_poll, send_cancel, (bide_http_client *, client),
           (const bide_http_request *, request), (bide_http_response **, response));
