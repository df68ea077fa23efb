/*
 * input.c: what was received: frames to messages (RFC 6455, 5 and 8; RFC 7692, 7.2.2).
 *
 * Everything is taken as it comes, so that what is wrong is found at its first byte: bits without a
 * meaning, a length above a limit, text that is not UTF-8. A message that lies in the buffer as a
 * whole, in one frame and not compressed, is unmasked there and handed out without a copy. Another
 * one grows in `message`; when much of it is still to come, the stream is read straight into that.
 *
 * Limits. The length of a frame is checked when its head is there, and that of a message too,
 * before there is memory for it. What is inflated is checked as it grows: there is never memory for
 * more than twice message_max, whatever the peer has compressed.
 */
#include "extra/websocket/internal.h"

#include <zlib.h>

#include <string.h>

enum {
    SMALL = 1024,
    LARGE = 16384,     /* of the buffer, when much comes */
    DIRECT_MIN = 2048, /* the rest of a frame that is read straight into the message */
    GROWTH = 65536,    /* what a message gets ahead of its bytes, at most */
    PIECE = 16384,     /* of a compressed message that is received in parts */
    KEPT_MAX = 65536,  /* of a message's memory that stays for the next one */
};

/* What the caller of bide__ws_step gets. */
struct step {
    bool in_parts;
    bide_websocket_message *m;
    unsigned code;
};

static int fail(struct step *s, int error)
{
    s->code = error == -EILSEQ     ? BIDE_WEBSOCKET_NOT_TEXT
              : error == -EMSGSIZE ? BIDE_WEBSOCKET_TOO_LARGE
              : error == -ENOMEM   ? BIDE_WEBSOCKET_SERVER_ERROR
                                   : BIDE_WEBSOCKET_PROTOCOL;
    return error;
}

/* ---- handing out ---- */

static void take_zero_back(struct bide__ws_in *in)
{
    if (in->zero != NULL)
        *in->zero = in->under_zero;
    in->zero = NULL;
}

static int hand_out(struct bide__ws_in *in, struct step *s, unsigned char *data, size_t size,
                    bool is_last)
{
    in->zero = data + size;
    in->under_zero = *in->zero;
    *in->zero = '\0';
    *s->m = (bide_websocket_message){.kind = in->kind,
                                     .is_first = in->is_first,
                                     .is_last = is_last,
                                     .data = (char *)data,
                                     .size = size};
    in->is_first = false;
    in->in_parts = s->in_parts && !is_last;
    if (is_last)
        in->in_message = false;
    return 1;
}

/* What has grown in `message`. An empty message may have none. */
static int hand_out_grown(struct bide__ws_in *in, struct step *s, bool is_last)
{
    struct bide__ws_buffer *b = &in->message;
    size_t size = b->end;

    b->begin = b->end = 0;
    if (size == 0)
        return hand_out(in, s, in->bytes.data + in->bytes.begin, 0, is_last);
    return hand_out(in, s, b->data, size, is_last);
}

/* The message is whole: its text must not end within a character. */
static int end_message(struct bide__ws_in *in, struct step *s)
{
    in->state = BIDE__WS_AT_HEAD;
    return in->kind == BIDE_WEBSOCKET_TEXT && in->text != 0 ? fail(s, -EILSEQ) : 0;
}

static int check_text(struct bide__ws_in *in, struct step *s, const unsigned char *data,
                      size_t size)
{
    if (in->kind != BIDE_WEBSOCKET_TEXT)
        return 0;
    in->text = bide__utf8_check(in->text, data, size);
    return in->text == BIDE__UTF8_BAD ? fail(s, -EILSEQ) : 0;
}

/* ---- heads ---- */

static struct bide__ws_way way_in(const bide_websocket *ws)
{
    return ws->is_client ? ws->agreed.server : ws->agreed.client;
}

static int begin_message(bide_websocket *ws, const struct bide__ws_head *head)
{
    struct bide__ws_in *in = &ws->in;

    if (in->in_message || (head->is_compressed && way_in(ws).bits == 0))
        return -EPROTO;
    in->in_message = in->is_first = true;
    in->in_parts = false;
    in->is_compressed = head->is_compressed;
    in->kind = head->opcode == BIDE__WS_TEXT ? BIDE_WEBSOCKET_TEXT : BIDE_WEBSOCKET_BINARY;
    in->text = 0;
    in->fragments = 0;
    in->holds_more = false;
    in->message_ns = 0;
    in->message.begin = in->message.end = 0;
    if (in->message.room > KEPT_MAX)
        bide__ws_buffer_free(&in->message);
    return in->is_compressed ? bide__ws_inflate_begin(&in->inflate, way_in(ws).bits) : 0;
}

static int take_head(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->bytes;
    struct bide__ws_head head;
    int n = bide__ws_head_read(b->data + b->begin, b->end - b->begin, &head);

    if (n < 0)
        return fail(s, n);
    if (n == 0)
        return 0;
    if (head.is_masked == ws->is_client)
        return fail(s, -EPROTO);
    if (head.opcode >= BIDE__WS_CLOSE) {
        in->state = BIDE__WS_IN_CONTROL;
        in->control.size = 0;
    } else {
        int r = 0;
        if (head.opcode != BIDE__WS_MORE)
            r = begin_message(ws, &head);
        else if (!in->in_message || head.is_compressed)
            r = -EPROTO;
        if (r < 0)
            return fail(s, r);
        in->state = BIDE__WS_IN_DATA;
        bool too_large =
            !s->in_parts && !in->is_compressed && head.size > ws->message_max - in->message.end;
        if (++in->fragments > ws->fragments_max || head.size > ws->frame_max || too_large)
            return fail(s, -EMSGSIZE);
    }
    in->head = head;
    in->at = 0;
    b->begin += (size_t)n;
    return 1;
}

/* ---- control frames ---- */

static int end_comes(bide_websocket *ws, struct step *s)
{
    const struct bide__ws_control *c = &ws->in.control;
    unsigned code = BIDE_WEBSOCKET_NO_CODE;

    if (c->size >= 2) {
        code = (unsigned)c->data[0] << 8 | c->data[1];
        if (!bide__ws_code_is_good(code))
            return fail(s, -EPROTO);
        if (bide__utf8_check(0, c->data + 2, c->size - 2u) != 0)
            return fail(s, -EILSEQ);
        memcpy(ws->end_reason, c->data + 2, c->size - 2u);
        ws->end_reason[c->size - 2] = '\0';
    } else if (c->size == 1) {
        return fail(s, -EPROTO);
    }
    ws->end_code = code;
    bide__ws_lock(ws);
    ws->shared.end_has_come = true;
    bide__ws_unlock(ws);
    return 2;
}

static int take_control(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->bytes;
    struct bide__ws_control *c = &in->control;
    size_t there = b->end - b->begin, n = in->head.size < there ? (size_t)in->head.size : there;

    memcpy(c->data + c->size, b->data + b->begin, n);
    c->size += (unsigned char)n;
    b->begin += n;
    in->head.size -= n;
    if (in->head.size > 0)
        return 0;
    if (in->head.is_masked)
        bide__ws_mask(c->data, c->data, c->size, in->head.key, 0);
    in->state = BIDE__WS_AT_HEAD;
    if (in->head.opcode == BIDE__WS_CLOSE)
        return end_comes(ws, s);
    if (in->head.opcode == BIDE__WS_PING)
        bide__ws_say_pong(ws, c);
    return -EAGAIN; /* go on */
}

/* ---- data ---- */

/* Of the memory for a message. */
static size_t limit(const bide_websocket *ws)
{
    return ws->in.wants_parts ? PIECE : ws->message_max + 1;
}

/* Makes `message` larger, for at least one byte more. */
static int grow(bide_websocket *ws, uint64_t wanted)
{
    struct bide__ws_buffer *b = &ws->in.message;
    size_t most = limit(ws), ahead = b->end > GROWTH ? b->end : GROWTH;

    if (b->data != NULL && b->room > b->end)
        return 0;
    if (most > b->end && ahead > most - b->end)
        ahead = most - b->end;
    return bide__ws_reserve(b, wanted > ahead ? ahead : wanted > 0 ? (size_t)wanted : 1, most);
}

static int append(bide_websocket *ws, struct step *s, const unsigned char *data, size_t size)
{
    struct bide__ws_buffer *b = &ws->in.message;

    if (bide__ws_reserve(b, size, limit(ws)) < 0)
        return fail(s, -ENOMEM);
    if (size > 0)
        memcpy(b->data + b->end, data, size);
    b->end += size;
    return 0;
}

/* The frame has been taken. -EAGAIN: go on. */
static int end_frame(struct bide__ws_in *in)
{
    static const unsigned char tail[4] = {0, 0, 0xff, 0xff};

    in->state = BIDE__WS_AT_HEAD;
    if (in->is_compressed && in->head.is_last) {
        in->state = BIDE__WS_AT_TAIL;
        in->piece = tail;
        in->piece_size = sizeof tail;
    }
    return -EAGAIN;
}

/* Inflates the piece to `message`, or a part of it. -EAGAIN: the piece is used up, and zlib holds
 * nothing back: the peer may wait for an answer to what it has flushed. */
static int inflate_piece(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->message;
    ssize_t n;
    size_t room;

    do {
        uint64_t more = s->in_parts ? PIECE : in->piece_size * 4;
        if (grow(ws, more < SMALL ? SMALL : more) < 0)
            return fail(s, -ENOMEM);
        room = b->room - b->end;
        n = bide__ws_inflate(in->inflate, &in->piece, &in->piece_size, b->data + b->end, room);
        if (n < 0)
            return fail(s, (int)n);
        in->holds_more = (size_t)n == room;
        if (check_text(in, s, b->data + b->end, (size_t)n) < 0)
            return -EILSEQ;
        b->end += (size_t)n;
        if (!s->in_parts && b->end > ws->message_max)
            return fail(s, -EMSGSIZE);
        if (s->in_parts && b->end > 0)
            return hand_out_grown(in, s, false);
    } while (in->holds_more);
    return -EAGAIN;
}

static int take_tail(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    int r = inflate_piece(ws, s);

    if (r != -EAGAIN)
        return r;
    /* Only between two blocks may the message end. */
    if (!(in->inflate->data_type & 128))
        return fail(s, -EPROTO);
    if (way_in(ws).alone)
        bide__ws_inflate_reset(in->inflate);
    r = end_message(in, s);
    return r < 0 ? r : hand_out_grown(in, s, true);
}

static int take_plain(bide_websocket *ws, struct step *s, unsigned char *data, size_t size)
{
    struct bide__ws_in *in = &ws->in;
    bool is_last = in->head.size == 0 && in->head.is_last;

    if (check_text(in, s, data, size) < 0 || (is_last && end_message(in, s) < 0))
        return -EILSEQ;
    if (in->head.size == 0)
        in->state = BIDE__WS_AT_HEAD;
    if (in->message.end == 0 && (is_last || (s->in_parts && size > 0)))
        return hand_out(in, s, data, size, is_last);
    if (append(ws, s, data, size) < 0)
        return -ENOMEM;
    if (is_last || (s->in_parts && in->message.end > 0))
        return hand_out_grown(in, s, is_last);
    return -EAGAIN;
}

static int take_data(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->bytes;

    if (in->is_compressed && (in->piece_size > 0 || in->holds_more))
        return inflate_piece(ws, s);
    size_t there = b->end - b->begin, n = in->head.size < there ? (size_t)in->head.size : there;
    if (n == 0 && in->head.size > 0)
        return 0;
    unsigned char *data = b->data + b->begin;
    if (in->head.is_masked)
        bide__ws_mask(data, data, n, in->head.key, in->at);
    in->at = (in->at + (unsigned)(n & 3)) & 3;
    in->head.size -= n;
    b->begin += n;
    if (!in->is_compressed)
        return take_plain(ws, s, data, n);
    in->piece = data;
    in->piece_size = n;
    return n > 0 ? inflate_piece(ws, s) : -EAGAIN;
}

/* What the stream has given to `message` is unmasked already. */
static int take_direct(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->message;
    size_t from = b->end - in->direct;

    in->direct = 0;
    if (check_text(in, s, b->data + from, b->end - from) < 0)
        return -EILSEQ;
    bool is_last = in->head.size == 0 && in->head.is_last;
    if (is_last && end_message(in, s) < 0)
        return -EILSEQ;
    if (in->head.size == 0)
        in->state = BIDE__WS_AT_HEAD;
    return is_last || s->in_parts ? hand_out_grown(in, s, is_last) : -EAGAIN;
}

static int take(bide_websocket *ws, struct step *s)
{
    struct bide__ws_in *in = &ws->in;

    switch (in->state) {
    case BIDE__WS_AT_HEAD: {
        int r = take_head(ws, s);
        return r == 1 ? -EAGAIN : r;
    }
    case BIDE__WS_IN_CONTROL: return take_control(ws, s);
    case BIDE__WS_AT_TAIL: return take_tail(ws, s);
    case BIDE__WS_IN_DATA: break;
    }
    if (in->direct > 0)
        return take_direct(ws, s);
    int r = take_data(ws, s);
    if (r == -EAGAIN && in->state == BIDE__WS_IN_DATA && in->is_compressed && in->head.size == 0)
        return end_frame(in);
    return r;
}

int bide__ws_step(bide_websocket *ws, bool in_parts, bide_websocket_message *m, unsigned *code)
{
    struct bide__ws_in *in = &ws->in;
    struct step s = {.in_parts = in_parts, .m = m};
    int r;

    *code = 0;
    if (in->failed < 0)
        return in->failed;
    if (ws->shared.end_has_come)
        return 2;
    if (in->in_parts && !in_parts)
        return -EBUSY;
    take_zero_back(in);
    /* What an interrupted bide_websocket_recv has left is the first part. */
    if (in_parts && in->in_message && !in->in_parts && in->message.end > 0 && in->direct == 0 &&
        in->state != BIDE__WS_AT_TAIL)
        return hand_out_grown(in, &s, false);
    /* Its head may have been taken by a bide_websocket_recv_part, which was cancelled. */
    bool too_large = !in_parts && in->state == BIDE__WS_IN_DATA && !in->is_compressed &&
                     in->head.size + in->message.end > ws->message_max;
    r = too_large ? fail(&s, -EMSGSIZE) : -EAGAIN;
    while (r == -EAGAIN)
        r = take(ws, &s);
    if (r < 0)
        in->failed = r;
    *code = s.code;
    return r;
}

/* ---- filling ---- */

static bool is_direct(const struct bide__ws_in *in)
{
    return in->state == BIDE__WS_IN_DATA && !in->is_compressed && !in->in_parts &&
           !in->wants_parts && in->bytes.begin == in->bytes.end && in->head.size >= DIRECT_MIN;
}

int bide__ws_fill_begin(bide_websocket *ws, unsigned char **data, size_t *size)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = &in->bytes;

    take_zero_back(in);
    in->is_direct = is_direct(in);
    if (in->is_direct) {
        if (grow(ws, in->head.size) < 0)
            return -ENOMEM;
        b = &in->message;
        size_t room = b->room - b->end;
        *data = b->data + b->end;
        *size = in->head.size < room ? (size_t)in->head.size : room;
        return 0;
    }
    if (b->begin == b->end) {
        b->begin = b->end = 0;
        if (in->was_full && b->room < LARGE)
            (void)bide__ws_reserve(b, b->room * 2, LARGE); /* else it takes more steps */
    } else if (bide__ws_reserve(b, SMALL / 2, SIZE_MAX) < 0) {
        return -ENOMEM;
    }
    *data = b->data + b->end;
    *size = b->room - b->end;
    return 0;
}

void bide__ws_fill_came(bide_websocket *ws, size_t size)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer *b = in->is_direct ? &in->message : &in->bytes;

    in->is_new = true;
    if (!in->is_direct) {
        b->end += size;
        in->was_full = b->end == b->room;
        return;
    }
    unsigned char *data = b->data + b->end;
    if (in->head.is_masked)
        bide__ws_mask(data, data, size, in->head.key, in->at);
    in->at = (in->at + (unsigned)(size & 3)) & 3;
    in->head.size -= size;
    b->end += size;
    in->direct += size;
}

void bide__ws_trim(bide_websocket *ws)
{
    struct bide__ws_in *in = &ws->in;
    struct bide__ws_buffer small = {0};

    take_zero_back(in);
    if (in->in_message)
        return;
    bide__ws_buffer_free(&in->message);
    if (in->bytes.room <= SMALL || in->bytes.begin < in->bytes.end ||
        bide__ws_reserve(&small, SMALL, SMALL) < 0)
        return;
    bide__ws_buffer_free(&in->bytes);
    in->bytes = small;
}
