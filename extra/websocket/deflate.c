/*
 * deflate.c: zlib for permessage-deflate (RFC 7692), with the door's memory.
 *
 * zlib's free does not tell the size, which the door wants, so each block keeps its own in front.
 */
#include "extra/websocket/internal.h"

#include <zlib.h>

#include <stddef.h>

/* ---- memory ---- */

struct block {
    size_t size;
    _Alignas(max_align_t) unsigned char data[];
};

static void *take(void *opaque, unsigned count, unsigned size)
{
    size_t all = sizeof(struct block) + (size_t)count * size;
    struct block *b = bide__alloc(all);

    (void)opaque;
    if (b == NULL)
        return NULL;
    b->size = all;
    return b->data;
}

static void give(void *opaque, void *p)
{
    struct block *b = (struct block *)(void *)((unsigned char *)p - offsetof(struct block, data));

    (void)opaque;
    bide__free(b, b->size);
}

static z_stream *new_stream(void)
{
    z_stream *z = bide__alloc(sizeof *z);

    if (z != NULL)
        *z = (z_stream){.zalloc = take, .zfree = give};
    return z;
}

int bide__ws_inflate_begin(z_stream **z, unsigned bits)
{
    if (*z != NULL)
        return 0;
    z_stream *made = new_stream();
    if (made == NULL)
        return -ENOMEM;
    /* A sender that was asked for 8 bits may use 9: zlib does. */
    if (inflateInit2(made, -(int)(bits < 9 ? 9 : bits)) != Z_OK) {
        bide__free(made, sizeof *made);
        return -ENOMEM;
    }
    *z = made;
    return 0;
}

int bide__ws_deflate_begin(z_stream **z, unsigned bits, unsigned memory_level, unsigned level)
{
    if (*z != NULL)
        return 0;
    z_stream *made = new_stream();
    if (made == NULL)
        return -ENOMEM;
    if (deflateInit2(made, (int)level, Z_DEFLATED, -(int)bits, (int)memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        bide__free(made, sizeof *made);
        return -ENOMEM;
    }
    *z = made;
    return 0;
}

void bide__ws_inflate_free(z_stream *z)
{
    if (z != NULL) {
        inflateEnd(z);
        bide__free(z, sizeof *z);
    }
}

void bide__ws_deflate_free(z_stream *z)
{
    if (z != NULL) {
        deflateEnd(z);
        bide__free(z, sizeof *z);
    }
}

/* ---- work ---- */

/* zlib counts in unsigned. */
static unsigned part(size_t size)
{
    return size < 1u << 30 ? (unsigned)size : 1u << 30;
}

ssize_t bide__ws_inflate(z_stream *z, const unsigned char **data, size_t *size, unsigned char *to,
                         size_t room)
{
    size_t had = part(room);
    int r;

    z->next_out = to;
    z->avail_out = part(room);
    do {
        unsigned in = part(*size);
        z->next_in = (unsigned char *)(uintptr_t)*data;
        z->avail_in = in;
        r = inflate(z, Z_SYNC_FLUSH);
        *data += in - z->avail_in;
        *size -= in - z->avail_in;
        /* A block may be marked as the last one and yet be followed by others, which refer to the
         * same window (RFC 7692, 7.2.3.5). */
        if (r == Z_STREAM_END && inflateResetKeep(z) != Z_OK)
            r = Z_STREAM_ERROR;
        if (r == Z_MEM_ERROR)
            return -ENOMEM;
        if (r != Z_OK && r != Z_BUF_ERROR && r != Z_STREAM_END)
            return -EPROTO;
    } while (r != Z_BUF_ERROR && *size > 0 && z->avail_out > 0);
    return (ssize_t)(had - z->avail_out);
}

size_t bide__ws_deflate(z_stream *z, const unsigned char **data, size_t *size, unsigned char *to,
                        size_t room, bool flush)
{
    size_t had = part(room);

    z->next_out = to;
    z->avail_out = part(room);
    do {
        unsigned in = part(*size);
        z->next_in = (unsigned char *)(uintptr_t)*data;
        z->avail_in = in;
        /* Only Z_BUF_ERROR may come, which says that there is nothing to do. */
        (void)deflate(z, flush && in == *size ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        *data += in - z->avail_in;
        *size -= in - z->avail_in;
    } while (*size > 0 && z->avail_out > 0);
    return had - z->avail_out;
}

void bide__ws_inflate_reset(z_stream *z)
{
    if (z != NULL)
        (void)inflateReset(z);
}

void bide__ws_deflate_reset(z_stream *z)
{
    if (z != NULL)
        (void)deflateReset(z);
}
