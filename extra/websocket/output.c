/*
 * output.c: what is to be sent: messages to frames (RFC 6455, 5 and 6.1; RFC 7692, 7.2.1), control
 * frames between them, and who may write.
 *
 * A frame is made in the buffer, masked or compressed on its way there, and then sent as it is; so
 * from then on it does not need the caller's data, and goes out as a whole whatever becomes of the
 * call. A message that is larger than send_max is several frames, made one after another.
 *
 * The last four bytes of what was compressed are held back, since at the end of the message they
 * are 00 00 ff ff and are not sent.
 */
#include "extra/websocket/internal.h"

#include <string.h>

/* ---- who writes ---- */

int bide__ws_write_begin(bide_websocket *ws)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    int r = s->closed ? -EBADF : s->unsent;
    if (r == 0 && s->writing) {
        s->waiters++;
        r = 1;
    }
    if (r == 0)
        s->writing = true;
    bide__ws_unlock(ws);
    return r;
}

void bide__ws_write_wait_is_over(bide_websocket *ws)
{
    bide__ws_lock(ws);
    ws->shared.waiters--;
    bide__ws_unlock(ws);
}

void bide__ws_write_end(bide_websocket *ws)
{
    bide__ws_lock(ws);
    ws->shared.writing = false;
    bool waits = ws->shared.waiters > 0;
    bide__ws_unlock(ws);
    if (waits)
        bide_notify_one(&ws->written);
}

/* Under the lock. */
static bool control_is_due(const struct bide__ws_shared *s)
{
    return !s->end_is_put && (s->pongs_size > 0 || s->ping.is_due || s->end_is_said);
}

bool bide__ws_must_write(bide_websocket *ws)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    bool must = !s->writing && s->unsent == 0 &&
                (control_is_due(s) || ws->out.bytes.begin < ws->out.bytes.end);
    bide__ws_unlock(ws);
    return must;
}

void bide__ws_wrote(bide_websocket *ws, size_t size)
{
    struct bide__ws_buffer *b = &ws->out.bytes;

    b->begin += size;
    if (b->begin == b->end)
        b->begin = b->end = 0;
}

void bide__ws_write_failed(bide_websocket *ws, int error)
{
    bide__ws_lock(ws);
    if (ws->shared.unsent == 0)
        ws->shared.unsent = error;
    bide__ws_unlock(ws);
}

/* ---- keys ---- */

/* The key of a frame, which nobody could have foretold (RFC 6455, 10.3). The system is asked for
 * those of several frames at once. */
static int draw_key(bide_websocket *ws, unsigned char key[4])
{
    struct bide__ws_out *out = &ws->out;

    if (out->keys_left < 4) {
        ssize_t n = bide__door.getrandom(out->keys, sizeof out->keys, 0);
        if (n < 4)
            return n < 0 ? (int)n : -EAGAIN;
        out->keys_left = (size_t)n;
    }
    out->keys_left -= 4;
    memcpy(key, out->keys + out->keys_left, 4);
    memset(out->keys + out->keys_left, 0, 4);
    return 0;
}

static int begin_head(bide_websocket *ws, unsigned opcode, bool is_last, struct bide__ws_head *head)
{
    *head = (struct bide__ws_head){
        .opcode = (unsigned char)opcode, .is_last = is_last, .is_masked = ws->is_client};
    return ws->is_client ? draw_key(ws, head->key) : 0;
}

/* Puts a head and a payload behind what is there; there is room. */
static void put(struct bide__ws_buffer *b, const struct bide__ws_head *head,
                const unsigned char *data)
{
    size_t size = (size_t)head->size;

    b->end += bide__ws_head_write(b->data + b->end, head);
    if (head->is_masked)
        bide__ws_mask(b->data + b->end, data, size, head->key, 0);
    else if (size > 0 && data != b->data + b->end)
        memcpy(b->data + b->end, data, size);
    b->end += size;
}

/* ---- control frames ---- */

/* Under the lock: takes the oldest pong. */
static void next_pong(struct bide__ws_shared *s, struct bide__ws_control *c)
{
    size_t used = s->pongs[0] + 1u;

    c->size = s->pongs[0];
    memcpy(c->data, s->pongs + 1, c->size);
    s->pongs_size -= used;
    memmove(s->pongs, s->pongs + used, s->pongs_size);
}

/* Under the lock: takes the control frame that is due next; its opcode. 0: none is. */
static unsigned next_control(struct bide__ws_shared *s, struct bide__ws_control *c)
{
    if (!control_is_due(s))
        return 0;
    if (s->pongs_size > 0) {
        next_pong(s, c);
        return BIDE__WS_PONG;
    }
    struct bide__ws_control *from = s->ping.is_due ? &s->ping : &s->end;
    c->size = from->size;
    memcpy(c->data, from->data, from->size);
    s->end_is_put = from == &s->end;
    s->ping.is_due = false;
    return s->end_is_put ? BIDE__WS_CLOSE : BIDE__WS_PING;
}

bool bide__ws_put_controls(bide_websocket *ws)
{
    struct bide__ws_buffer *b = &ws->out.bytes;
    struct bide__ws_control c;
    struct bide__ws_head head;

    if (b->begin < b->end)
        return true;
    for (;;) {
        bide__ws_lock(ws);
        unsigned opcode = next_control(&ws->shared, &c);
        bide__ws_unlock(ws);
        if (opcode == 0)
            return b->begin < b->end;
        int r = begin_head(ws, opcode, true, &head);
        if (r < 0) {
            bide__ws_write_failed(ws, r);
            return false;
        }
        head.size = c.size;
        put(b, &head, c.data);
        if (b->room - b->end < 2 * (BIDE__WS_CONTROL_MAX + 6)) /* as many as it began with */
            return true;
    }
}

void bide__ws_say_pong(bide_websocket *ws, const struct bide__ws_control *ping)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    if (sizeof s->pongs - s->pongs_size < ping->size + 1u)
        s->pongs_size = 0;
    s->pongs[s->pongs_size] = ping->size;
    memcpy(s->pongs + s->pongs_size + 1, ping->data, ping->size);
    s->pongs_size += ping->size + 1u;
    bide__ws_unlock(ws);
}

void bide__ws_say_ping(bide_websocket *ws, const void *data, size_t size)
{
    bide__ws_lock(ws);
    struct bide__ws_control *c = &ws->shared.ping;
    c->is_due = true;
    c->size = (unsigned char)size;
    if (size > 0)
        memcpy(c->data, data, size);
    bide__ws_unlock(ws);
}

void bide__ws_say_end(bide_websocket *ws, unsigned code, const char *reason, size_t size)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    if (!s->end_is_said) {
        s->end_is_said = true;
        s->end_ns = bide__clock_ns();
        s->end.size = code != 0 ? (unsigned char)(size + 2) : 0;
        s->end.data[0] = (unsigned char)(code >> 8);
        s->end.data[1] = (unsigned char)code;
        if (size > 0)
            memcpy(s->end.data + 2, reason, size);
    }
    bide__ws_unlock(ws);
}

/* ---- messages ---- */

bool bide__ws_shutdown_begun(const bide_websocket *ws)
{
    return ws->stopping != NULL && bide_token_is_cancelled(ws->stopping);
}

int bide__ws_unsendable(bide_websocket *ws)
{
    struct bide__ws_shared *s = &ws->shared;

    bide__ws_lock(ws);
    int r = s->closed                                        ? -EBADF
            : s->unsent != 0                                 ? s->unsent
            : s->shutdown_is_told                            ? -ESHUTDOWN
            : s->end_is_said || s->end_has_come || s->is_cut ? -EPIPE
                                                             : 0;
    bide__ws_unlock(ws);
    return r == 0 && bide__ws_shutdown_begun(ws) ? -ESHUTDOWN : r;
}

bool bide__ws_is_ended(bide_websocket *ws)
{
    bide__ws_lock(ws);
    bool is = ws->shared.end_is_said || ws->shared.end_has_come;
    bide__ws_unlock(ws);
    return is;
}

void bide__ws_cut(bide_websocket *ws)
{
    bide__ws_lock(ws);
    ws->shared.is_cut = true;
    bide__ws_unlock(ws);
}

void bide__ws_say_shutdown(bide_websocket *ws)
{
    bide__ws_lock(ws);
    ws->shared.shutdown_is_told = true;
    bide__ws_unlock(ws);
    bide__ws_say_end(ws, BIDE_WEBSOCKET_GOING_AWAY, NULL, 0);
}

static struct bide__ws_way way_out(const bide_websocket *ws)
{
    return ws->is_client ? ws->agreed.client : ws->agreed.server;
}

int bide__ws_message_begin(bide_websocket *ws, size_t size)
{
    struct bide__ws_out *out = &ws->out;

    out->has_begun = false;
    out->tail_size = 0;
    out->text = out->next_text = 0;
    out->is_compressed = way_out(ws).bits > 0 && size >= ws->size_min;
    if (!out->is_compressed)
        return 0;
    return bide__ws_deflate_begin(&out->deflate, way_out(ws).bits, ws->memory_level, ws->level);
}

static int put_plain(bide_websocket *ws, struct bide__ws_head *head, const unsigned char **data,
                     size_t *size, bool ends)
{
    struct bide__ws_buffer *b = &ws->out.bytes;
    size_t n = *size < ws->send_max ? *size : ws->send_max;
    bool is_last = ends && n == *size;

    if (bide__ws_reserve(b, BIDE__WS_HEAD_MAX + n, SIZE_MAX) < 0)
        return -ENOMEM;
    head->size = n;
    head->is_last = is_last;
    put(b, head, *data);
    *data += n;
    *size -= n;
    return *size > 0;
}

/* The payload is made where it will be if the head has the most bytes, and then moved. */
static int put_compressed(bide_websocket *ws, struct bide__ws_head *head,
                          const unsigned char **data, size_t *size, bool ends)
{
    struct bide__ws_out *out = &ws->out;
    struct bide__ws_buffer *b = &out->bytes;
    size_t room = *size + 64 < ws->send_max ? *size + 64 : ws->send_max, n = out->tail_size;
    bool is_done;

    if (bide__ws_reserve(b, BIDE__WS_HEAD_MAX + room + sizeof out->tail, SIZE_MAX) < 0)
        return -ENOMEM;
    unsigned char *to = b->data + b->end + BIDE__WS_HEAD_MAX;
    memcpy(to, out->tail, n);
    do {
        size_t more = bide__ws_deflate(out->deflate, data, size, to + n, room - n, true);
        n += more;
        is_done = *size == 0 && n < room;
    } while (n < room && !is_done);
    /* An empty message for which zlib had nothing to flush: a block without its end (7.2.3.6). */
    bool is_empty = n == 0 && is_done && ends;
    if (is_empty)
        to[n++] = 0;
    out->tail_size = is_empty ? 0 : n < sizeof out->tail ? n : sizeof out->tail;
    n -= out->tail_size;
    memcpy(out->tail, to + n, out->tail_size);
    head->size = n;
    head->is_last = is_done && ends;
    head->is_compressed = !out->has_begun;
    size_t head_size = bide__ws_head_size(n, head->is_masked);
    memmove(b->data + b->end + head_size, to, n);
    put(b, head, b->data + b->end + head_size);
    if (head->is_last && way_out(ws).alone)
        bide__ws_deflate_reset(out->deflate);
    return !is_done;
}

int bide__ws_put_frame(bide_websocket *ws, bide_websocket_kind kind, const unsigned char **data,
                       size_t *size, bool ends)
{
    struct bide__ws_out *out = &ws->out;
    struct bide__ws_head head;
    unsigned opcode = out->has_begun ? BIDE__WS_MORE : (unsigned)kind;

    int r = begin_head(ws, opcode, false, &head);
    if (r < 0)
        return r;
    r = out->is_compressed ? put_compressed(ws, &head, data, size, ends)
                           : put_plain(ws, &head, data, size, ends);
    out->has_begun |= r >= 0;
    if (r == 0)
        out->text = out->next_text;
    if (r == 0 && ends)
        __atomic_store_n(&ws->shared.sent, ws->shared.sent + 1, __ATOMIC_RELAXED);
    return r;
}
