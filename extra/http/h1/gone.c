/*
 * h1/gone.c: the client goes away while a handler waits.
 *
 * This runs as a branch beside the handler, from the first time that that waits. It sends what has
 * been held back, and reads ahead, once the body of the request has come: then the next thing that
 * comes is another request, which is kept, or the end. It reads only as much as there is room
 * behind the request.
 *
 * When the handler takes the connection over, it has to read no more: takes_over.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

bide_async int bide__h1_gone(bide_http_exchange *x);

static void end(struct bide__h1 *h)
{
    h->gone_runs = false;
    h->gone_rests = false;
    bide_notify_one(&h->gone_stopped);
}

static bide_async void rest(struct bide__h1 *h)
{
    h->gone_rests = true;
    bide_notify_one(&h->gone_stopped);
    bide_await bide_notify_wait(&h->gone_wake);
    h->gone_rests = false;
}

/* True: the client has gone. */
static bool has_gone(struct bide__h1 *h, ssize_t n, bool *deaf)
{
    if (n > 0)
        h->kit->end += (size_t)n;
    *deaf = n == 0 && h->settings->o.half_close;
    return n < 0 || (n == 0 && !*deaf);
}

bide_async int bide__h1_gone(bide_http_exchange *x)
{
    struct bide__h1 *h = x->connection;
    struct bide__h1_kit *kit = h->kit;
    bool deaf = false;

    h->gone_runs = true;
    bide_defer {
        end(h);
    }
    if (!h->writing && bide_await bide__h1_flush(h) < 0)
        return 0;
    for (;;) {
        if (deaf || h->takes_over || kit->end == kit->in_room || !bide__h1_body_is_here(h, x)) {
            bide_await rest(h);
            continue;
        }
        ssize_t n = 0;
        int which = bide_await bide_select_biased(
            n = bide_stream_read(h->c->stream, kit->in + kit->end, kit->in_room - kit->end),
            (void)bide_notify_wait(&h->gone_wake));
        if ((which == 0 || n != 0) && has_gone(h, n, &deaf))
            return 0;
    }
}

bide_async int bide__h1_gone_stop(struct bide__h1 *h)
{
    h->takes_over = true;
    if (h->gone_runs)
        bide_notify_one(&h->gone_wake);
    while (h->gone_runs && !h->gone_rests)
        bide_await bide_notify_wait(&h->gone_stopped);
    return 0;
}
