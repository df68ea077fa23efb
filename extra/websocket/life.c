/*
 * life.c: options, the life of a connection, and what can be asked about it.
 *
 * A connection begins with a buffer for what comes, of SMALL bytes, and one for what goes, in which
 * all control frames have room: so a pong or an end never lacks memory. holders is 1 for the owner
 * and 1 for each call. The owner's free closes the stream, which ends what calls wait for; the last
 * one to go frees the memory.
 */
#include "extra/websocket/internal.h"

#include <string.h>

enum {
    SMALL = 1024,
    /* Three control frames with the longest heads. */
    CONTROLS = 3 * (BIDE__WS_CONTROL_MAX + 6) + 7,
};

/* ---- buffers ---- */

int bide__ws_reserve(struct bide__ws_buffer *b, size_t size, size_t most)
{
    size_t there = b->end - b->begin;

    if (b->data != NULL && b->room - b->end >= size)
        return 0;
    if (b->data != NULL && b->room - there >= size) {
        memmove(b->data, b->data + b->begin, there);
    } else {
        size_t room = b->room > 0 ? b->room : 64;
        while (room - there < size)
            room *= 2;
        if (room > most && most - there >= size && most > there)
            room = most;
        unsigned char *data = bide__alloc(room + 1);
        if (data == NULL)
            return -ENOMEM;
        if (there > 0)
            memcpy(data, b->data + b->begin, there);
        bide__free(b->data, b->room + 1);
        b->data = data;
        b->room = room;
    }
    b->begin = 0;
    b->end = there;
    return 0;
}

void bide__ws_buffer_free(struct bide__ws_buffer *b)
{
    bide__free(b->data, b->room + 1);
    *b = (struct bide__ws_buffer){0};
}

/* ---- options ---- */

int bide__ws_options_check(const bide_websocket_options *o)
{
    if (o == NULL)
        return 0;
    const bide_websocket_deflate_options *d = &o->deflate;
    bool bits = (d->send_bits == 0 || (d->send_bits >= 9 && d->send_bits <= 15)) &&
                (d->receive_bits == 0 || (d->receive_bits >= 9 && d->receive_bits <= 15));
    bool good = bits && d->memory_level <= 9 && d->level <= 9 &&
                (o->send_max == 0 || (o->send_max >= 126 && o->send_max <= PTRDIFF_MAX / 4)) &&
                o->message_max <= PTRDIFF_MAX / 4;
    return good ? 0 : -EINVAL;
}

static int64_t time_or(bide_duration time, bide_duration otherwise)
{
    return time.ns < 0 ? INT64_MAX : time.ns > 0 ? time.ns : otherwise.ns;
}

static void set_options(bide_websocket *ws, const bide_websocket_options *o)
{
    static const bide_websocket_options none = {0};

    if (o == NULL)
        o = &none;
    ws->message_max = o->message_max > 0 ? o->message_max : (size_t)1 << 20;
    ws->frame_max = o->frame_max > 0 ? o->frame_max : 16 << 20;
    ws->fragments_max = o->fragments_max > 0 ? o->fragments_max : 131072;
    ws->send_max = o->send_max > 0 ? o->send_max : 65536;
    ws->message_timeout_ns = time_or(o->message_timeout, BIDE_S(60));
    ws->ping_interval_ns = time_or(o->ping_interval, BIDE_S(30));
    ws->pong_timeout_ns = time_or(o->pong_timeout, BIDE_S(30));
    ws->send_timeout_ns = time_or(o->send_timeout, BIDE_S(30));
    ws->close_timeout_ns = time_or(o->close_timeout, BIDE_S(5));
    ws->size_min = o->deflate.size_min > 0 ? o->deflate.size_min : 64;
    ws->memory_level = o->deflate.memory_level > 0 ? o->deflate.memory_level : 8;
    ws->level = o->deflate.level > 0 ? o->deflate.level : 6;
}

/* ---- the connection ---- */

static void free_connection(bide_websocket *ws)
{
    bide_shutdown_hook_remove(&ws->hook);
    bide_token_drop(ws->stopping);
    bide__ws_inflate_free(ws->in.inflate);
    bide__ws_deflate_free(ws->out.deflate);
    bide__ws_buffer_free(&ws->in.bytes);
    bide__ws_buffer_free(&ws->in.message);
    bide__ws_buffer_free(&ws->out.bytes);
    if (ws->subprotocol != NULL)
        bide__free(ws->subprotocol, strlen(ws->subprotocol) + 1);
    bide__free(ws, sizeof *ws);
}

void bide__ws_abandon(bide_websocket *ws)
{
    free_connection(ws);
}

static int copy_subprotocol(bide_websocket *ws, const char *subprotocol)
{
    if (subprotocol == NULL || subprotocol[0] == '\0')
        return 0;
    size_t size = strlen(subprotocol) + 1;
    ws->subprotocol = bide__alloc(size);
    if (ws->subprotocol == NULL)
        return -ENOMEM;
    memcpy(ws->subprotocol, subprotocol, size);
    return 0;
}

static void stop(void *argument)
{
    bide_token_cancel(argument);
}

/* A token of its own, since all connections that wait for one would share its lock. */
static int watch(bide_websocket *ws, bide_shutdown *shutdown, bide_token *above)
{
    int r = 0;

    if (above != NULL)
        r = bide_token_child(above, &ws->stopping);
    else if (shutdown != NULL)
        r = bide_token_new(&ws->stopping);
    if (r == 0 && shutdown != NULL) {
        ws->hook = (bide_shutdown_hook){.run = stop, .argument = ws->stopping};
        bide_shutdown_add_hook(shutdown, &ws->hook);
    }
    return r;
}

int bide__ws_new(bide_stream *stream, bool is_client, const bide_websocket_options *options,
                 const struct bide__ws_agreed *agreed, const char *subprotocol, bide_token *above,
                 bide_websocket **out)
{
    *out = NULL;
    bide_websocket *ws = bide__alloc(sizeof *ws);
    if (ws == NULL)
        return -ENOMEM;
    memset(ws, 0, sizeof *ws);
    ws->stream = stream;
    ws->is_client = is_client;
    ws->agreed = *agreed;
    ws->turn = (bide_semaphore)BIDE_SEMAPHORE_INIT(1);
    ws->shared.holders = 1;
    ws->end_code = BIDE_WEBSOCKET_CUT;
    ws->in.is_new = true;
    set_options(ws, options);
    if (bide__ws_reserve(&ws->in.bytes, SMALL, SIZE_MAX) < 0 ||
        bide__ws_reserve(&ws->out.bytes, CONTROLS, SIZE_MAX) < 0 ||
        copy_subprotocol(ws, subprotocol) < 0 ||
        watch(ws, options != NULL ? options->shutdown : NULL, above) < 0) {
        free_connection(ws);
        return -ENOMEM;
    }
    *out = ws;
    return 0;
}

int bide__ws_ahead(bide_websocket *ws, const void *data, size_t size)
{
    struct bide__ws_buffer *b = &ws->in.bytes;

    if (size == 0)
        return 0;
    if (bide__ws_reserve(b, size, SIZE_MAX) < 0)
        return -ENOMEM;
    memcpy(b->data + b->end, data, size);
    b->end += size;
    return 0;
}

int bide_websocket_of_stream(bide_stream *stream, bide_websocket_role role, const void *ahead,
                             size_t size, const bide_websocket_options *options,
                             bide_websocket **ws)
{
    struct bide__ws_agreed agreed = {0};

    *ws = NULL;
    if ((role != BIDE_WEBSOCKET_SERVER && role != BIDE_WEBSOCKET_CLIENT) ||
        bide__ws_options_check(options) < 0)
        return -EINVAL;
    bool is_client = role == BIDE_WEBSOCKET_CLIENT;
    if (options != NULL && options->deflate.on) {
        const bide_websocket_deflate_options *d = &options->deflate;
        struct bide__ws_way ours = {(unsigned char)(d->send_bits > 0 ? d->send_bits : 15),
                                    d->send_alone};
        struct bide__ws_way theirs = {(unsigned char)(d->receive_bits > 0 ? d->receive_bits : 15),
                                      d->receive_alone};
        agreed =
            (struct bide__ws_agreed){true, is_client ? ours : theirs, is_client ? theirs : ours};
    }
    int r = bide__ws_new(stream, is_client, options, &agreed, NULL, NULL, ws);
    if (r == 0 && (r = bide__ws_ahead(*ws, ahead, size)) < 0) {
        bide__ws_abandon(*ws);
        *ws = NULL;
    }
    return r;
}

/* Of the descriptor below, in whatever layer of TLS. */
static int refusal(const bide_stream *stream, const char *name)
{
    const bide_stream *below;
    while ((below = bide_tls_transport(stream)) != NULL)
        stream = below;
    const struct bide__fd *fd = bide__stream_registration(stream);
    return fd != NULL ? bide__fd_refusal(fd, name) : 0;
}

int bide__ws_hold(bide_websocket *ws, const char *name)
{
    bide__ws_lock(ws);
    int r = ws->shared.closed ? -EBADF : refusal(ws->stream, name);
    if (r == 0)
        ws->shared.holders++;
    bide__ws_unlock(ws);
    return r;
}

void bide__ws_let_go(bide_websocket *ws)
{
    bide__ws_lock(ws);
    bool last = --ws->shared.holders == 0;
    bide__ws_unlock(ws);
    if (last)
        free_connection(ws);
}

void bide_websocket_free(bide_websocket *ws)
{
    if (ws == NULL)
        return;
    bide__ws_lock(ws);
    ws->shared.closed = true;
    bide__ws_unlock(ws);
    bide_stream_close(ws->stream);
    bide_semaphore_close(&ws->turn);
    bide_notify_all(&ws->written);
    bide_notify_all(&ws->over);
    bide__ws_let_go(ws);
}

/* ---- questions ---- */

unsigned bide_websocket_end_code(const bide_websocket *ws)
{
    return ws->end_code;
}

const char *bide_websocket_end_reason(const bide_websocket *ws)
{
    return ws->end_reason;
}

const char *bide_websocket_subprotocol(const bide_websocket *ws)
{
    return ws->subprotocol != NULL ? ws->subprotocol : "";
}

bool bide_websocket_is_compressed(const bide_websocket *ws)
{
    return ws->agreed.on;
}

uint64_t bide_websocket_sent(const bide_websocket *ws)
{
    return __atomic_load_n(&ws->shared.sent, __ATOMIC_RELAXED);
}

bide_stream *bide_websocket_stream(const bide_websocket *ws)
{
    return ws->stream;
}
