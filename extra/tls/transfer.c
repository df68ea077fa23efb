/*
 * transfer.c: what waits, in async C: receiving and sending encrypted bytes, and on top of that
 * reading, the handshake, flush and shutdown.
 *
 * A wait for the stream below happens outside the mutex, in bide__tls_fill and bide__tls_send only.
 * What it brought is accounted for before the next await, so a cancellation finds nothing in
 * between. Nothing is decrypted unless the call returns it, and nothing that was encrypted is lost:
 * it is kept in the stream.
 */
#include "lib/async.h"

#include "extra/tls/internal.h"

bide_async int bide__tls_fill(struct bide__tls *s);
bide_async int bide__tls_send(struct bide__tls *s);
bide_async ssize_t bide__tls_read(bide_stream *stream, void *buffer, size_t size);

/* For a stream below whose calls no shutdown ends: they are given up when this one is closed. */
static bide_async ssize_t read_until_gone(struct bide__tls *s, struct bide__tls_part part)
{
    ssize_t n = -EBADF;
    bide_await bide_select_biased(n = bide_stream_read(part.below, part.data, part.size),
                                  bide_notify_wait(&s->gone[0]));
    return n;
}

static bide_async ssize_t write_until_gone(struct bide__tls *s, struct bide__tls_part part)
{
    ssize_t n = -EBADF;
    bide_await bide_select_biased(n = bide_stream_write(part.below, part.data, part.size),
                                  bide_notify_wait(&s->gone[1]));
    return n;
}

static bide_async void at_once(void)
{
}

static bide_async ssize_t read_part(struct bide__tls *s, struct bide__tls_part part)
{
    if (s->ends_by_shutdown)
        return bide_await bide_stream_read(part.below, part.data, part.size);
    return bide_await read_until_gone(s, part);
}

/* Receives once, or waits until another call has. 0, or an error. The end counts as received. */
bide_async int bide__tls_fill(struct bide__tls *s)
{
    struct bide__tls_part part;

    int r = bide__tls_fill_begin(s, &part);
    if (r < 0)
        return r;
    if (r == 1)
        return bide_await bide_notify_wait(&s->filled);
    if (r == 2)
        return 0;
    bide_defer {
        bide__tls_fill_end(s);
    }
    ssize_t n = -EAGAIN; /* a read that loses may have ended all the same */
    if (part.is_guess) {
        (void)bide_await bide_select_biased(n = read_part(s, part), at_once());
        if (n == -EAGAIN)
            bide__tls_fill_less(s, &part);
    }
    if (n == -EAGAIN)
        n = bide_await read_part(s, part);
    return bide__tls_fill_came(s, n);
}

/* Sends all that is to be sent, or waits until another call has. 0, or an error. */
bide_async int bide__tls_send(struct bide__tls *s)
{
    struct bide__tls_part part;
    int r;

    while ((r = bide__tls_send_begin(s, &part)) == 0 || r == 1) {
        if (r == 1) {
            r = bide_await bide_notify_wait(&s->sent);
            if (r < 0)
                return r;
            continue;
        }
        bide_defer {
            bide__tls_send_end(s);
        }
        ssize_t n = 0;
        if (s->ends_by_shutdown)
            n = bide_await bide_stream_write(part.below, part.data, part.size);
        else
            n = bide_await write_until_gone(s, part);
        r = bide__tls_send_came(s, n);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : 0;
}

/*
 * Receives, and meanwhile sends what is to be sent: an answer of TLS itself, or the rest of a write
 * that was cancelled. The peer may wait for just that, or may not read before it has written.
 */
static bide_async int fill_and_send(struct bide__tls *s)
{
    int filled = 0, sent = 0;

    bide_await bide_select(filled = bide__tls_fill(s), sent = bide__tls_send(s));
    (void)sent; /* a write will return it; what the peer has sent can still be read */
    return filled;
}

bide_async ssize_t bide__tls_read(bide_stream *stream, void *buffer, size_t size)
{
    struct bide__tls *s = (struct bide__tls *)(void *)stream;
    ssize_t n = size == 0 ? 0 : bide__tls_begin(s, BIDE__TLS_READS);

    if (size == 0 || n < 0)
        return n;
    bide_defer {
        bide__tls_end(s, BIDE__TLS_READS);
    }
    bide_await bide__turn();
    while ((n = bide__tls_take(s, buffer, size)) == -EAGAIN) {
        int r = 0;
        if (bide__tls_is_full(s)) /* of answers to a peer that does not read them */
            (void)bide_await bide__tls_send(s);
        else if (bide__tls_must_send(s))
            r = bide_await fill_and_send(s);
        else
            r = bide_await bide__tls_fill(s);
        if (r < 0)
            return r;
    }
    return n;
}

/* ---- the handshake ---- */

/*
 * When our side is done, the last of ours must have gone, since the peer waits for it: but for the
 * tickets of a server of TLS 1.3, for which nobody waits. A peer that writes before it reads would
 * wait for us, and we for it; one that has said all and gone has left what can still be read.
 */
static bool last_must_go(const struct bide__tls *s)
{
    return !s->context->is_server || SSL_version(s->ssl) < TLS1_3_VERSION;
}

/* A peer that has gone may have told us why before, so what it has sent is read first. */
static bool may_be_told(int error)
{
    return error == -EPIPE || error == -ECONNRESET;
}

static bide_async int shake(struct bide__tls *s)
{
    for (;;) {
        int r = bide__tls_shake(s);
        if (r < 0 && r != -EAGAIN)
            return r;
        if (bide__tls_must_send(s) && (r != 1 || last_must_go(s)))
            (void)bide_await bide__tls_send(s);
        int unsent = bide__tls_unsent(s);
        if (unsent < 0 && (r == 1 ? last_must_go(s) : !may_be_told(unsent)))
            return unsent;
        if (r == 1)
            return 0;
        r = bide_await bide__tls_fill(s);
        if (r < 0)
            return r;
    }
}

/* The caller, who has no stream, is told why. */
static void tell(const struct bide__tls *s, bide_tls_failure *failure, int error)
{
    if (failure == NULL)
        return;
    if (s->failure != NULL && s->failure->error == error)
        *failure = *s->failure;
    else
        bide__tls_fails(failure, error, NULL);
}

static bide_async int make(bide_tls_context *context, bide_stream *below,
                           const bide_tls_stream_options *options, bide_stream **tls)
{
    struct bide__tls *s = NULL;
    bide_tls_failure *failure = options != NULL ? options->failure : NULL;
    bool is_done = false;

    int r = bide__tls_refusal(below, context->is_server ? "bide_tls_accept" : "bide_tls_connect");
    if (r < 0)
        return bide__tls_fails(failure, r, NULL);
    r = bide__tls_new(context, below, options != NULL ? options->host : NULL, failure, &s);
    if (r < 0)
        return r;
    bide_defer {
        if (!is_done)
            bide__tls_abandon(s);
    }
    r = bide_await shake(s);
    is_done = r == 0;
    if (r < 0)
        tell(s, failure, r);
    else
        *tls = &s->base;
    return r;
}

bide_async int bide_tls_connect_with(bide_tls_context *context, bide_stream *stream,
                                     const bide_tls_stream_options *options, bide_stream **tls)
{
    *tls = NULL;
    if (context->is_server)
        return bide__tls_fails(options != NULL ? options->failure : NULL, -EINVAL,
                               "the context is one for servers");
    return bide_await make(context, stream, options, tls);
}

bide_async int bide_tls_connect(bide_tls_context *context, bide_stream *stream, const char *host,
                                bide_stream **tls)
{
    const bide_tls_stream_options options = {.host = host};
    return bide_await bide_tls_connect_with(context, stream, &options, tls);
}

bide_async int bide_tls_accept_with(bide_tls_context *context, bide_stream *stream,
                                    const bide_tls_stream_options *options, bide_stream **tls)
{
    *tls = NULL;
    if (!context->is_server)
        return bide__tls_fails(options != NULL ? options->failure : NULL, -EINVAL,
                               "the context is one for clients");
    return bide_await make(context, stream, options, tls);
}

bide_async int bide_tls_accept(bide_tls_context *context, bide_stream *stream, bide_stream **tls)
{
    return bide_await bide_tls_accept_with(context, stream, NULL, tls);
}

/* ---- sending what there is ---- */

/* Also what a TLS stream below has kept, since nobody else can have that sent. */
static bide_async int send_all(struct bide__tls *s)
{
    int r = bide_await bide__tls_send(s);
    bide_stream *below = r < 0 ? NULL : bide__tls_below(s);

    return below == NULL || bide__tls_of(below) == NULL ? r : bide_await bide_tls_flush(below);
}

bide_async int bide_tls_flush(bide_stream *tls)
{
    struct bide__tls *s = bide__tls_of(tls);
    int r = s == NULL ? -EINVAL : bide__tls_begin(s, BIDE__TLS_WRITES);

    if (r < 0)
        return r;
    bide_defer {
        bide__tls_end(s, BIDE__TLS_WRITES);
    }
    bide_await bide__turn();
    return bide_await send_all(s);
}

/* As bide__tls_say_end, but waits for the input. */
static bide_async int say_end(struct bide__tls *s)
{
    int r;

    while ((r = bide__tls_say_end(s)) == -EAGAIN) {
        if (bide__tls_must_send(s))
            r = bide_await fill_and_send(s);
        else
            r = bide_await bide__tls_fill(s);
        if (r < 0)
            break;
    }
    return r;
}

bide_async int bide_tls_shutdown(bide_stream *tls)
{
    struct bide__tls *s = bide__tls_of(tls);
    int r = s == NULL ? -EINVAL : bide__tls_begin(s, BIDE__TLS_WRITES);

    if (r < 0)
        return r;
    bide_defer {
        bide__tls_end(s, BIDE__TLS_WRITES);
    }
    bide_await bide__turn();
    r = bide_await say_end(s);
    return r < 0 ? r : bide_await send_all(s);
}
