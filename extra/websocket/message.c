/*
 * message.c: the calls of the user that wait: receiving and sending messages, pings, the end.
 */
#include "lib/async.h"

#include "extra/websocket/receive.h"
#include "extra/websocket/transfer.h"

#include <string.h>

/* ---- receiving ---- */

int bide__ws_receive_begin(bide_websocket *ws, bool drains)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    int r = s->closed ? -EBADF : s->receiving ? (s->draining ? 1 : -EBUSY) : 0;
    if (r == 0) {
        s->receiving = true;
        s->draining = drains;
    }
    bide__ws_unlock(ws);
    return r;
}

void bide__ws_receive_end(bide_websocket *ws)
{
    bide__ws_lock(ws);
    ws->shared.receiving = ws->shared.draining = false;
    bide__ws_unlock(ws);
    bide_notify_all(&ws->over);
}

/* The peer has said the end: it gets the answer. */
static bide_async int answer_end(bide_websocket *ws)
{
    unsigned code = ws->end_code == BIDE_WEBSOCKET_NO_CODE ? 0 : ws->end_code;

    bide__ws_say_end(ws, code, NULL, 0);
    if (ws->close_timeout_ns == INT64_MAX)
        (void)bide_await bide__ws_flush(ws);
    else
        (void)bide_await bide_timeout(BIDE_NS(ws->close_timeout_ns), bide__ws_flush(ws));
    if (!ws->is_client && !bide__ws_is_closed(ws))
        (void)bide_stream_shutdown(ws->stream);
    return 0;
}

/* Nothing more is received: the peer is told why, if it can be. */
static bide_async int tell(bide_websocket *ws, int error, unsigned code)
{
    ws->in.failed = error;
    if (code != 0)
        bide__ws_say_end(ws, code, NULL, 0);
    if (bide__ws_must_write(ws)) {
        if (ws->close_timeout_ns == INT64_MAX)
            (void)bide_await bide__ws_flush(ws);
        else
            (void)bide_await bide_timeout(BIDE_NS(ws->close_timeout_ns), bide__ws_flush(ws));
    }
    return error;
}

bide_async int bide__ws_receive(bide_websocket *ws, bool in_parts, bide_websocket_message *m)
{
    unsigned code = 0;
    int r;

    ws->in.wants_parts = in_parts;
    while ((r = bide__ws_step(ws, in_parts, m, &code)) == 0) {
        r = bide_await bide__ws_wait(ws);
        if (r == -EBADF && bide__ws_is_closed(ws))
            return r;
        if (r < 0)
            return bide_await tell(ws, r, r == -ENOMEM ? BIDE_WEBSOCKET_SERVER_ERROR : 0);
    }
    if (r == 2)
        return bide_await answer_end(ws);
    return r < 0 && r != -EBUSY ? bide_await tell(ws, r, code) : r;
}

bide_async int bide__ws_receive_wait(bide_websocket *ws)
{
    bool waits = true;

    while (waits) {
        bide_notified change;
        bide_notify_listen(&ws->over, &change);
        bide_defer {
            bide_notified_drop(&change);
        }
        bide__ws_lock(ws);
        waits = ws->shared.receiving && !ws->shared.closed;
        bide__ws_unlock(ws);
        if (waits) {
            int r = bide_await bide_notified_wait(&change);
            if (r < 0)
                return r;
        }
    }
    return bide__ws_is_closed(ws) ? -EBADF : 0;
}

static bide_async int recv_any(bide_websocket *ws, bool in_parts, bide_websocket_message *m)
{
    int r = bide__ws_hold(ws, in_parts ? "bide_websocket_recv_part" : "bide_websocket_recv");

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_let_go(ws);
    }
    bide_await bide__turn();
    while ((r = bide__ws_receive_begin(ws, false)) == 1) {
        r = bide_await bide__ws_receive_wait(ws);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    bide_defer {
        bide__ws_receive_end(ws);
    }
    return bide_await bide__ws_receive(ws, in_parts, m);
}

bide_async int bide_websocket_recv(bide_websocket *ws, bide_websocket_message *message)
{
    return bide_await recv_any(ws, false, message);
}

bide_async int bide_websocket_recv_part(bide_websocket *ws, bide_websocket_message *part)
{
    return bide_await recv_any(ws, true, part);
}

/* ---- sending ---- */

static bool kind_is_good(bide_websocket_kind kind)
{
    return kind == BIDE_WEBSOCKET_TEXT || kind == BIDE_WEBSOCKET_BINARY;
}

/* Why it cannot be sent, and if that is the shutdown, the peer is told. */
static bide_async int refuse(bide_websocket *ws, int error)
{
    if (error == -ESHUTDOWN) {
        bide__ws_say_shutdown(ws);
        (void)bide_await bide__ws_flush(ws);
    }
    return error;
}

/* Waits for the turn. */
static bide_async int take_turn(bide_websocket *ws)
{
    int r = bide_await bide_semaphore_acquire(&ws->turn, 1);
    return r == -EPIPE ? -EBADF : r; /* it is closed with the connection */
}

static bide_async int send_whole(bide_websocket *ws, bide_websocket_kind kind, const void *data,
                                 size_t size)
{
    int r = bide_await take_turn(ws);

    if (r < 0)
        return r;
    bide_defer {
        bide_semaphore_release(&ws->turn, 1);
    }
    r = bide__ws_unsendable(ws);
    if (r == 0)
        r = bide__ws_message_begin(ws, size);
    if (r == 0)
        r = bide_await bide__ws_write_message(ws, kind, data, size, true);
    return r;
}

bide_async int bide_websocket_send(bide_websocket *ws, bide_websocket_kind kind, const void *data,
                                   size_t size)
{
    int r = bide__ws_hold(ws, "bide_websocket_send");

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_let_go(ws);
    }
    if (!kind_is_good(kind))
        return -EINVAL;
    if (kind == BIDE_WEBSOCKET_TEXT && bide__utf8_check(0, data, size) != 0)
        return -EILSEQ;
    bide_await bide__turn();
    r = bide_await send_whole(ws, kind, data, size);
    return r == -ESHUTDOWN ? bide_await refuse(ws, r) : r;
}

bide_async int bide_websocket_send_text(bide_websocket *ws, const char *text)
{
    return bide_await bide_websocket_send(ws, BIDE_WEBSOCKET_TEXT, text, strlen(text));
}

/* A part is to be sent. 0: it goes on; 1: it begins a message; or -EBUSY. */
static int part_begin(bide_websocket *ws)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    int r = s->sends_part ? -EBUSY : !s->in_parts;
    s->sends_part |= r == 0;
    bide__ws_unlock(ws);
    return r;
}

/* With the turn. */
static void parts_begin(bide_websocket *ws, bide_websocket_kind kind)
{
    bide__ws_lock(ws);
    ws->shared.in_parts = ws->shared.sends_part = true;
    ws->shared.part_kind = kind;
    bide__ws_unlock(ws);
}

/* The part has been sent, or not. The message has ended if it was the last, or if nothing of it was
 * sent. */
static void part_end(bide_websocket *ws, bool is_over)
{
    bide__ws_lock(ws);
    ws->shared.sends_part = false;
    is_over &= ws->shared.in_parts;
    if (is_over)
        ws->shared.in_parts = false;
    bide__ws_unlock(ws);
    if (is_over)
        bide_semaphore_release(&ws->turn, 1);
}

static bide_async int send_part(bide_websocket *ws, bide_websocket_kind kind, const void *data,
                                size_t size, bool is_last)
{
    int r = part_begin(ws);

    if (r == 1) {
        r = bide_await take_turn(ws);
        if (r < 0)
            return r;
        parts_begin(ws, kind);
        r = bide__ws_message_begin(ws, is_last ? size : SIZE_MAX);
    } else if (r == 0 && kind != ws->shared.part_kind) {
        r = -EINVAL;
    } else if (r < 0) {
        return r;
    }
    uint64_t sent = bide_websocket_sent(ws); /* with the turn: no other message is counted now */
    bide_defer {
        part_end(ws, !ws->out.has_begun || bide_websocket_sent(ws) != sent ||
                         bide__ws_unsendable(ws) < 0);
    }
    if (r < 0)
        return r;
    bide__utf8 text = kind == BIDE_WEBSOCKET_TEXT ? bide__utf8_check(ws->out.text, data, size) : 0;
    if (text == BIDE__UTF8_BAD || (is_last && text != 0))
        return -EILSEQ;
    r = bide__ws_unsendable(ws);
    if (r < 0)
        return r;
    ws->out.next_text = text;
    return bide_await bide__ws_write_message(ws, kind, data, size, is_last);
}

bide_async int bide_websocket_send_part(bide_websocket *ws, bide_websocket_kind kind,
                                        const void *data, size_t size, bool is_last)
{
    int r = bide__ws_hold(ws, "bide_websocket_send_part");

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_let_go(ws);
    }
    if (!kind_is_good(kind))
        return -EINVAL;
    bide_await bide__turn();
    r = bide_await send_part(ws, kind, data, size, is_last);
    return r == -ESHUTDOWN ? bide_await refuse(ws, r) : r;
}

bide_async int bide_websocket_ping(bide_websocket *ws, const void *data, size_t size)
{
    int r = bide__ws_hold(ws, "bide_websocket_ping");

    if (r < 0)
        return r;
    bide_defer {
        bide__ws_let_go(ws);
    }
    if (size > BIDE__WS_CONTROL_MAX)
        return -EINVAL;
    bide_await bide__turn();
    r = bide__ws_unsendable(ws);
    if (r == -ESHUTDOWN)
        return bide_await refuse(ws, r);
    if (r < 0 && r != -EPIPE)
        return r;
    if (bide__ws_is_ended(ws))
        return -EPIPE;
    bide__ws_say_ping(ws, data, size);
    return bide_await bide__ws_flush(ws);
}
