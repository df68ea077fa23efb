/*
 * transfer.c: waiting, in async C: bytes from the stream and to it, and what else a call that
 * receives waits for.
 *
 * What a wait brought is accounted for before the next await, so a cancellation finds nothing in
 * between: what was received is in the buffers, and of what was to be sent the rest is.
 */
#include "lib/async.h"

#include "extra/websocket/transfer.h"

#include <bide/time.h>

static bide_async int become_writer(bide_websocket *ws)
{
    int r;

    while ((r = bide__ws_write_begin(ws)) == 1) {
        bide_defer {
            bide__ws_write_wait_is_over(ws);
        }
        r = bide_await bide_notify_wait(&ws->written);
        if (r < 0)
            return r;
    }
    return r;
}

/* For the writer: sends what is in the buffer. */
static bide_async int write_buffer(bide_websocket *ws)
{
    struct bide__ws_buffer *b = &ws->out.bytes;
    size_t done = 0;
    int n = 0, late = 0;

    {
        bide_defer {
            bide__ws_wrote(ws, done);
        }
        if (ws->send_timeout_ns == INT64_MAX)
            n = bide_await bide_stream_write_all(ws->stream, b->data + b->begin, b->end - b->begin,
                                                 &done);
        else
            late = bide_await bide_timeout(BIDE_NS(ws->send_timeout_ns),
                                           n = bide_stream_write_all(ws->stream, b->data + b->begin,
                                                                     b->end - b->begin, &done));
    }
    if (late < 0)
        n = late;
    if (n < 0)
        bide__ws_write_failed(ws, n);
    return bide__ws_is_closed(ws) ? -EBADF : n;
}

/* For the writer: sends what is in the buffer, and then what waits. */
static bide_async int write_all(bide_websocket *ws)
{
    int r = 0;

    while (r == 0 && bide__ws_put_controls(ws))
        r = bide_await write_buffer(ws);
    return r;
}

bide_async int bide__ws_flush(bide_websocket *ws)
{
    int r = bide_await become_writer(ws);

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_write_end(ws);
    }
    return bide_await write_all(ws);
}

bide_async int bide__ws_write_message(bide_websocket *ws, bide_websocket_kind kind,
                                      const void *from, size_t size, bool ends)
{
    const unsigned char *data = from;
    bool more = true, has_begun = false;
    int r = bide_await become_writer(ws);

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_write_end(ws);
    }
    bide_defer {
        if (more && has_begun)
            bide__ws_cut(ws);
    }
    while (r == 0 && more) {
        if (ws->out.bytes.begin < ws->out.bytes.end) /* what a cancelled call has left */
            r = bide_await write_buffer(ws);
        if (r == 0) {
            (void)bide__ws_put_controls(ws);
            r = bide__ws_unsendable(ws); /* asked last: another thread may say the end */
        }
        if (r == 0)
            r = bide__ws_put_frame(ws, kind, &data, &size, ends);
        more = r != 0;
        has_begun |= r >= 0;
        if (r >= 0)
            r = bide_await write_buffer(ws);
    }
    return r < 0 ? r : bide_await write_all(ws);
}

/* ---- receiving ---- */

static bide_async int fill(bide_websocket *ws)
{
    unsigned char *data;
    size_t size;

    int r = bide__ws_fill_begin(ws, &data, &size);
    if (r < 0)
        return r;
    ssize_t n = bide_await bide_stream_read(ws->stream, data, size);
    if (n > 0)
        bide__ws_fill_came(ws, (size_t)n);
    return bide__ws_is_closed(ws) ? -EBADF : n > 0 ? 0 : n == 0 ? -ECONNABORTED : (int)n;
}

/* When the wait has to end, if nothing comes. And what it is then: see is_late. */
static int64_t deadline_of(bide_websocket *ws)
{
    struct bide__ws_in *in = &ws->in;
    int64_t alive = ws->ping_interval_ns, message = ws->message_timeout_ns, end_ns;
    bool times_message = message < INT64_MAX && in->in_message && !in->wants_parts;

    bide__ws_lock(ws);
    end_ns = ws->shared.end_is_said ? ws->shared.end_ns : 0;
    bide__ws_unlock(ws);
    if (in->is_new && alive < INT64_MAX) {
        in->heard_ns = bide__clock_ns();
        in->asked_ns = 0;
    }
    in->is_new = false;
    if (times_message && in->message_ns == 0)
        in->message_ns = alive < INT64_MAX ? in->heard_ns : bide__clock_ns();
    int64_t first = in->asked_ns != 0 ? bide__ws_after(in->asked_ns, ws->pong_timeout_ns)
                                      : bide__ws_after(in->heard_ns, alive);
    if (times_message && bide__ws_after(in->message_ns, message) < first)
        first = bide__ws_after(in->message_ns, message);
    if (end_ns != 0 && bide__ws_after(end_ns, ws->close_timeout_ns) < first)
        first = bide__ws_after(end_ns, ws->close_timeout_ns);
    return first;
}

/* The deadline is over. 0: a ping was said; or why the connection has failed. */
static int is_late(bide_websocket *ws)
{
    struct bide__ws_in *in = &ws->in;
    int64_t now = bide__clock_ns();

    bide__ws_lock(ws);
    int64_t end_ns = ws->shared.end_is_said ? ws->shared.end_ns : 0;
    bide__ws_unlock(ws);
    if (end_ns != 0 && bide__ws_after(end_ns, ws->close_timeout_ns) <= now)
        return -ETIMEDOUT;
    if (in->in_message && !in->wants_parts && in->message_ns != 0 &&
        bide__ws_after(in->message_ns, ws->message_timeout_ns) <= now) {
        bide__ws_say_end(ws, BIDE_WEBSOCKET_POLICY, NULL, 0);
        return -ETIMEDOUT;
    }
    if (in->asked_ns != 0)
        return bide__ws_after(in->asked_ns, ws->pong_timeout_ns) <= now ? -ETIMEDOUT : 0;
    if (bide__ws_after(in->heard_ns, ws->ping_interval_ns) <= now) {
        in->asked_ns = now;
        bide__ws_say_ping(ws, NULL, 0);
        bide__ws_trim(ws);
    }
    return 0;
}

static bool waits_for_shutdown(bide_websocket *ws)
{
    bide__ws_lock(ws);
    bool waits = ws->stopping != NULL && !ws->shared.end_is_said;
    bide__ws_unlock(ws);
    return waits;
}

bide_async int bide__ws_wait(bide_websocket *ws)
{
    int filled = 0, wrote = 0;
    bool writes = bide__ws_must_write(ws), watches = waits_for_shutdown(ws);
    int64_t deadline = deadline_of(ws);

    if (!writes && !watches && deadline == INT64_MAX)
        return bide_await fill(ws);
    int which = bide_await bide_select_biased(
        bide_if(writes, wrote = bide__ws_flush(ws)), filled = fill(ws),
        bide_if(deadline < INT64_MAX, bide_sleep_until((bide_instant){deadline})),
        bide_if(watches, bide_token_wait(ws->stopping)));
    (void)wrote; /* who sends will be told; what the peer has sent can still be read */
    if (which == 2)
        return is_late(ws);
    if (which == 3)
        bide__ws_say_shutdown(ws);
    return filled;
}
