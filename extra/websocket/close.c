/*
 * close.c: the closing handshake (RFC 6455, 7).
 *
 * All of it has the time close_timeout. What comes meanwhile is dropped here, unless another call
 * receives; then this one waits for that. When both sides have said the end, the server ends the
 * stream, and the client waits for that, so that the port is not kept busy on the side of the
 * server's many clients (7.1.1).
 */
#include "lib/async.h"

#include "extra/websocket/receive.h"
#include "extra/websocket/transfer.h"

#include <string.h>

static int check(unsigned code, const char *reason, size_t size)
{
    if (code == 0 ? size > 0 : !bide__ws_code_is_good(code) || size > BIDE__WS_CONTROL_MAX - 2)
        return -EINVAL;
    return bide__utf8_check(0, (const unsigned char *)reason, size) != 0 ? -EILSEQ : 0;
}

/* A message that is being sent comes first; but one in parts may wait for whoever calls this. */
static bide_async int say(bide_websocket *ws, unsigned code, const char *reason, size_t size)
{
    bide__ws_lock(ws);
    bool waits = !ws->shared.in_parts && !ws->shared.end_is_said;
    bide__ws_unlock(ws);
    if (waits) {
        int r = bide_await bide_semaphore_acquire(&ws->turn, 1);
        if (r < 0)
            return r == -EPIPE ? -EBADF : r;
        bide_semaphore_release(&ws->turn, 1);
    }
    bide__ws_say_end(ws, code, reason, size);
    return bide_await bide__ws_flush(ws);
}

static bide_async int drain(bide_websocket *ws)
{
    bide_websocket_message part;
    int r;

    while ((r = bide_await bide__ws_receive(ws, true, &part)) > 0)
        bide_await bide__turn();
    return r;
}

/* Waits until nothing more is received, by this call or another. */
static bide_async int wait_for_end(bide_websocket *ws)
{
    int r;

    while ((r = bide__ws_receive_begin(ws, true)) == 1 || r == -EBUSY) {
        r = bide_await bide__ws_receive_wait(ws);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    bide_defer {
        bide__ws_receive_end(ws);
    }
    return bide_await drain(ws);
}

/* For the call that receives. */
static bide_async int wait_for_stream(bide_websocket *ws)
{
    unsigned char dropped[64];
    ssize_t n;

    do
        n = bide_await bide_stream_read(ws->stream, dropped, sizeof dropped);
    while (n > 0 && !bide__ws_is_closed(ws));
    return 0;
}

static bide_async int shake_hands(bide_websocket *ws, unsigned code, const char *reason,
                                  size_t size)
{
    int said = bide_await say(ws, code, reason, size);
    int r = bide_await wait_for_end(ws);

    return r < 0 && said < 0 ? said : r;
}

static bide_async int see_the_end(bide_websocket *ws)
{
    int r = bide__ws_receive_begin(ws, true);

    if (r != 0)
        return r;
    bide_defer {
        bide__ws_receive_end(ws);
    }
    return bide_await wait_for_stream(ws);
}

static bide_async int close_in_time(bide_websocket *ws, unsigned code, const char *reason,
                                    size_t size)
{
    int r = 0, late = 0;
    bool is_timed = ws->close_timeout_ns < INT64_MAX;
    bide_instant end = {bide__ws_after(bide__clock_ns(), ws->close_timeout_ns)};

    if (is_timed)
        late = bide_await bide_timeout_at(end, r = shake_hands(ws, code, reason, size));
    else
        r = bide_await shake_hands(ws, code, reason, size);
    if (bide__ws_is_closed(ws))
        return -EBADF;
    if (!ws->shared.end_has_come)
        return late < 0 ? late : r;
    if (ws->is_client && is_timed)
        (void)bide_await bide_timeout_at(end, see_the_end(ws));
    else if (ws->is_client)
        (void)bide_await see_the_end(ws);
    return 0;
}

bide_async int bide_websocket_close(bide_websocket *ws, unsigned code, const char *reason)
{
    size_t size = reason != NULL ? strlen(reason) : 0;
    int r = bide__ws_hold(ws, "bide_websocket_close");

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_let_go(ws);
    }
    r = check(code, reason, size);
    if (r < 0)
        return r;
    bide_await bide__turn();
    return bide_await close_in_time(ws, code, reason, size);
}
