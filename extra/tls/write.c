/*
 * write.c: bide_stream_write on a TLS stream, a leaf written by hand.
 *
 * It encrypts and sends; mostly the stream below has room for that, and there is no wait. Otherwise
 * it drives bide__tls_send in a chain of its own, which is on the heap only then. From the moment
 * the bytes are encrypted a request to cancel cannot undo them: then the send is cancelled, and the
 * write returns how many bytes it took, which a function in async C could not do.
 *
 *   START   nothing has happened
 *   BEFORE  what was left by others is sent first, or input that OpenSSL wants is waited for
 *   AFTER   the bytes are encrypted; they are being sent
 *   TOLD    the same; the wait has ended, and `taken` is the result
 */
#include "lib/leaf.h"

#include "extra/tls/internal.h"

#include "extra/tls/stream.h"

enum phase { START = BIDE__BEGUN, BEFORE, AFTER, TOLD };

struct wait {
    struct bide_chain chain;
    size_t size; /* of this block */
    int result;
    _Alignas(16) char room[];
};

struct write {
    struct bide_frame h;
    bide_stream *stream;
    const void *data;
    size_t size;
    ssize_t taken;
    struct wait *wait;
};

static struct bide__tls *of(const struct write *f)
{
    return (struct bide__tls *)(void *)f->stream;
}

/* ---- the wait ---- */

static bool begin_wait(struct write *f, const struct bide_fn *fn)
{
    size_t room = (bide_fn_room(fn) + 15) & ~(size_t)15, size = sizeof(struct wait) + room;
    struct wait *w = bide__alloc(size);

    if (w == NULL)
        return false;
    w->size = size;
    w->result = 0;
    bide_chain_init(&w->chain, w->room, room, &w->result);
    struct bide__tls **args = bide_chain_begin(&w->chain, fn);
    *args = of(f);
    f->wait = w;
    return true;
}

static bool poll_wait(struct bide_cx *cx, struct write *f)
{
    struct bide_cx sub = {
        .chain = &f->wait->chain, .waker = cx->waker, .turn = cx->turn, .depth = cx->depth + 1};
    f->wait->chain.branch = cx->chain->branch & (BIDE_BRANCHES - 1);
    bool is_over = bide_chain_poll(&sub) == BIDE_READY;
    cx->chain->ids = is_over ? 0 : f->wait->chain.ids;
    return is_over;
}

/* The wait is over. What it has returned, or why it was unwound. */
static int end_wait(struct write *f)
{
    struct wait *w = f->wait;
    int error = bide_chain_error(&w->chain), r = error != 0 ? error : w->result;

    f->wait = NULL;
    bide__free(w, w->size);
    return r;
}

/* ---- the leaf ---- */

static enum bide_poll finish(struct bide_cx *cx, struct write *f, ssize_t n)
{
    if (f->size > 0)
        bide__tls_end(of(f), BIDE__TLS_WRITES);
    return bide__leaf_finish(cx, &f->h, n);
}

/* Encrypts, once nothing is left to be sent before that. True: it is done, with *n; false: there is
 * something to wait for. */
static bool put(struct write *f, ssize_t *n)
{
    bool waits = bide__tls_has_unsent(of(f));

    *n = waits ? -EAGAIN : bide__tls_put(of(f), f->data, f->size);
    if (*n == -EAGAIN) {
        if (begin_wait(f, waits ? &bide__desc_bide__tls_send : &bide__desc_bide__tls_fill))
            f->h.state = BEFORE;
        else
            *n = -ENOMEM;
        return *n != -EAGAIN;
    }
    if (*n < 0 || !bide__tls_has_unsent(of(f)))
        return true;
    f->taken = *n;
    if (!begin_wait(f, &bide__desc_bide__tls_send))
        return true; /* the next call sends the rest */
    f->h.state = AFTER;
    return false;
}

static enum bide_poll write_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct write *f = (struct write *)(void *)h;
    ssize_t n = 0;

    if (h->state == 0) {
        n = f->size == 0 ? 0 : bide__tls_begin(of(f), BIDE__TLS_WRITES);
        if (f->size == 0 || n < 0)
            return bide__leaf_finish(cx, h, n);
        h->state = START;
    }
    if (h->state == TOLD)
        return finish(cx, f, f->taken);
    if (h->state == START && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    while (h->state == START || poll_wait(cx, f)) {
        int r = h->state == START ? 0 : end_wait(f);
        if (h->state == AFTER) /* unwound for want of memory: the next call sends the rest */
            return finish(cx, f, r == 0 || r == -ENOMEM ? f->taken : r);
        if (r < 0)
            return finish(cx, f, r);
        if (put(f, &n))
            return finish(cx, f, n);
    }
    return bide_frame_suspend(cx, h);
}

static enum bide_answer write_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct write *f = (struct write *)(void *)h;

    if (h->state == BEFORE || h->state == AFTER) {
        bool force = cx->chain->flags & BIDE_CHAIN_FORCE;
        bide_chain_cancel(&f->wait->chain, cx->chain->request, force);
        if (!poll_wait(cx, f)) {
            bide_frame_suspend(cx, h);
            return BIDE_WAIT;
        }
        bool unwound = bide_chain_error(&f->wait->chain) != 0;
        int r = end_wait(f);
        if (h->state == AFTER) {
            if (!unwound && r < 0)
                f->taken = r;
            h->state = TOLD;
        }
    }
    if (h->state == TOLD)
        return BIDE_COMPLETED;
    bide__tls_end(of(f), BIDE__TLS_WRITES);
    return BIDE_CANCELLED;
}

ssize_t bide__tls_write(bide_stream *stream, const void *data, size_t size);

BIDE__LEAF(ssize_t, bide__tls_write, struct write, write_poll, write_cancel,
           (bide_stream *, stream), (const void *, data), (size_t, size));
