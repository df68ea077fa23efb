/*
 * frame.c: the head of a frame (RFC 6455, 5.2), and the codes of an end (7.4).
 */
#include "extra/websocket/internal.h"

static uint64_t number(const unsigned char *data, unsigned width)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < width; i++)
        n = n << 8 | data[i];
    return n;
}

static bool opcode_is_good(unsigned opcode)
{
    return opcode <= BIDE__WS_BINARY || (opcode >= BIDE__WS_CLOSE && opcode <= BIDE__WS_PONG);
}

int bide__ws_head_read(const unsigned char *data, size_t size, struct bide__ws_head *head)
{
    if (size >= 1) {
        *head = (struct bide__ws_head){
            .opcode = data[0] & 15, .is_last = data[0] & 0x80, .is_compressed = data[0] & 0x40};
        if (data[0] & 0x30 || !opcode_is_good(head->opcode))
            return -EPROTO;
    }
    if (size < 2)
        return 0;
    unsigned brief = data[1] & 127, width = brief == 126 ? 2 : brief == 127 ? 8 : 0;
    head->is_masked = data[1] & 0x80;
    bool is_control = head->opcode >= BIDE__WS_CLOSE;
    if (is_control && (width != 0 || !head->is_last || head->is_compressed))
        return -EPROTO;
    size_t need = 2 + width + (head->is_masked ? 4u : 0);
    if (size < 2 + width)
        return 0;
    head->size = width == 0 ? brief : number(data + 2, width);
    /* The least number of bytes that serves, and never the highest bit. */
    if ((width == 2 && head->size < 126) ||
        (width == 8 && (head->size < 65536 || head->size > INT64_MAX)))
        return -EPROTO;
    if (size < need)
        return 0;
    for (unsigned i = 0; head->is_masked && i < 4; i++)
        head->key[i] = data[2 + width + i];
    return (int)need;
}

size_t bide__ws_head_size(uint64_t size, bool is_masked)
{
    return (size < 126 ? 2u : size < 65536 ? 4u : 10u) + (is_masked ? 4u : 0);
}

size_t bide__ws_head_write(unsigned char *to, const struct bide__ws_head *head)
{
    unsigned width = head->size < 126 ? 0 : head->size < 65536 ? 2 : 8;
    unsigned brief = width == 0 ? (unsigned)head->size : width == 2 ? 126 : 127;

    to[0] = (unsigned char)(head->opcode | (head->is_last ? 0x80u : 0) |
                            (head->is_compressed ? 0x40u : 0));
    to[1] = (unsigned char)(brief | (head->is_masked ? 0x80u : 0));
    for (unsigned i = 0; i < width; i++)
        to[2 + i] = (unsigned char)(head->size >> 8 * (width - 1 - i));
    for (unsigned i = 0; head->is_masked && i < 4; i++)
        to[2 + width + i] = head->key[i];
    return 2 + width + (head->is_masked ? 4u : 0);
}

bool bide__ws_code_is_good(unsigned code)
{
    if (code >= 3000)
        return code <= 4999;
    return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}
