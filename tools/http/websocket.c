/*
 * fuzz: sources extra/websocket extra/http/message
 * fuzz: libraries bide-websocket bide-http-server bide-tls bide-json
 * fuzz: flags -Lbuild/lib -l:libbide-http-server.a -l:libbide-tls.a -l:libbide-json.a
 * fuzz: flags -l:libbide-metrics.a -l:libbide.a -luring -lz -lssl -lcrypto -ljansson -lm -lnghttp2
 * fuzz: flags -lbrotlienc
 *
 * WebSocket: what comes from the peer, on either side, whole and in parts, plain and compressed.
 * The first byte of the input chooses that. The laws: however the rest is cut, the same messages
 * and the same end come out, no message is larger than its limit, and text is UTF-8.
 */
#include "extra/websocket/internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 5000 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What has come out, as a sum. */
struct outcome {
    uint64_t sum;
    unsigned messages;
    int result;
};

static void add(struct outcome *o, const void *data, size_t size)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < size; i++)
        o->sum = (o->sum ^ p[i]) * UINT64_C(0x100000001b3);
}

static void take_message(struct outcome *o, const bide_websocket_message *m, bool in_parts)
{
    must(m->data[m->size] == '\0');
    must(in_parts || (m->is_first && m->is_last && m->size <= MESSAGE_MAX));
    must(in_parts || m->kind != BIDE_WEBSOCKET_TEXT ||
         bide__utf8_check(0, (const unsigned char *)m->data, m->size) == 0);
    add(o, m->data, m->size);
    if (m->is_last) {
        add(o, &m->kind, sizeof m->kind);
        o->messages++;
    }
}

/* Gives `piece` bytes at a time; 0: as many as there is room for. */
static struct outcome feed(const uint8_t *data, size_t size, unsigned how, size_t piece)
{
    const bide_websocket_options options = {
        .message_max = MESSAGE_MAX, .frame_max = 20000, .fragments_max = 50};
    const struct bide__ws_way way = {how & 4 ? 15 : 0, how & 8};
    const struct bide__ws_agreed agreed = {how & 4, way, way};
    bool in_parts = how & 2;
    struct outcome o = {.sum = 1};
    bide_websocket_message m;
    bide_websocket *ws;
    unsigned code;

    if (bide__ws_new(NULL, how & 1, &options, &agreed, NULL, NULL, &ws) < 0)
        return o;
    ws->in.wants_parts = in_parts;
    for (;;) {
        while ((o.result = bide__ws_step(ws, in_parts, &m, &code)) == 1)
            take_message(&o, &m, in_parts);
        unsigned char *to;
        size_t room;
        if (o.result != 0 || size == 0 || bide__ws_fill_begin(ws, &to, &room) < 0)
            break;
        size_t n = room < size ? room : size;
        if (piece > 0 && n > piece)
            n = piece;
        memcpy(to, data, n);
        bide__ws_fill_came(ws, n);
        data += n;
        size -= n;
    }
    add(&o, ws->end_reason, strlen(ws->end_reason));
    add(&o, &ws->end_code, sizeof ws->end_code);
    bide__ws_abandon(ws);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unsigned how = data[0];
    struct outcome whole = feed(data + 1, size - 1, how, 0);
    for (size_t piece = 1; piece < 40; piece += 1 + how % 7) {
        struct outcome cut = feed(data + 1, size - 1, how, piece);
        /* What is compressed may be wrong twice: as such, and as text. Which is found first is left
         * open. */
        bool both_wrong = how & 4 && cut.result < 0 && whole.result < 0;
        must((both_wrong || cut.result == whole.result) && cut.messages == whole.messages);
        /* In parts, more may be handed out before what is wrong is found. */
        must(cut.sum == whole.sum || both_wrong || (how & 2 && whole.result < 0));
    }
    return 0;
}
