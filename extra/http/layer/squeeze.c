/*
 * squeeze.c: zlib and brotli behind one face; squeeze.h specifies it.
 *
 * Both libraries give their memory back without its size, which the door wants; so each block has
 * its size in front.
 *
 * A brotli of the year 2020, such as Debian's, ends the process when it finds no memory in the
 * middle of a stream. So where there is none our allocator does not return to it, but jumps out of
 * it, and from then on the stream is broken. Therefore its blocks are in a list: they are freed
 * without its help.
 */
#include "lib/runtime.h"

#include "extra/http/layer/squeeze.h"

#include <brotli/encode.h>
#include <setjmp.h>
#include <zlib.h>

enum {
    GZIP_LEVEL = 6,
    BROTLI_LEVEL = 4,
    WINDOW_BITS_MOST = 15,
    WINDOW_BITS_LEAST = 9,
    WINDOW_GZIP = 16, /* added: with the head of gzip in place of zlib's */
    BROTLI_WINDOW_MOST = 18,
    BROTLI_WINDOW_LEAST = 10,
    MEMORY_LEVEL = 8,
};

struct squeeze {
    enum http_coding coding;
    bool is_finished, is_broken;
    z_stream gzip;
    BrotliEncoderState *brotli;
    struct block *blocks; /* brotli's */
    jmp_buf no_memory;    /* set while brotli runs */
};

/* ---- memory ---- */

struct block {
    struct block *next, *previous;
    size_t size;
    _Alignas(16) char data[];
};

static struct block *block_new(size_t size)
{
    struct block *b = bide__alloc(sizeof *b + size);
    if (b != NULL)
        b->size = size;
    return b;
}

static void block_free(struct block *b)
{
    bide__free(b, sizeof *b + b->size);
}

static struct block *block_of(void *data)
{
    return (struct block *)(void *)((char *)data - offsetof(struct block, data));
}

static voidpf gzip_alloc(voidpf opaque, uInt items, uInt size)
{
    struct block *b = block_new((size_t)items * size);
    (void)opaque;
    return b != NULL ? b->data : NULL;
}

static void gzip_free(voidpf opaque, voidpf data)
{
    (void)opaque;
    if (data != NULL)
        block_free(block_of(data));
}

static void *brotli_alloc(void *squeeze, size_t size)
{
    struct squeeze *s = squeeze;
    struct block *b = block_new(size);

    if (b == NULL)
        longjmp(s->no_memory, 1);
    b->previous = NULL;
    b->next = s->blocks;
    if (b->next != NULL)
        b->next->previous = b;
    s->blocks = b;
    return b->data;
}

static void brotli_free(void *squeeze, void *data)
{
    struct squeeze *s = squeeze;

    if (data == NULL)
        return;
    struct block *b = block_of(data);
    if (b->previous != NULL)
        b->previous->next = b->next;
    else
        s->blocks = b->next;
    if (b->next != NULL)
        b->next->previous = b->previous;
    block_free(b);
}

/* ---- life ---- */

static int window_bits(size_t size_hint, int least, int most)
{
    int bits = least;
    while (bits < most && (size_hint == 0 || (size_t)1 << bits < size_hint))
        bits++;
    return bits;
}

static int begin_gzip(struct squeeze *s, unsigned level, size_t size_hint)
{
    int bits = window_bits(size_hint, WINDOW_BITS_LEAST, WINDOW_BITS_MOST);

    s->gzip.zalloc = gzip_alloc;
    s->gzip.zfree = gzip_free;
    int r = deflateInit2(&s->gzip, level == 0 ? GZIP_LEVEL : (int)level, Z_DEFLATED,
                         bits + WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    return r == Z_OK ? 0 : -ENOMEM;
}

static int begin_brotli(struct squeeze *s, unsigned level, size_t size_hint)
{
    if (setjmp(s->no_memory) != 0)
        return -ENOMEM;
    uint32_t bits = (uint32_t)window_bits(size_hint, BROTLI_WINDOW_LEAST, BROTLI_WINDOW_MOST);
    s->brotli = BrotliEncoderCreateInstance(brotli_alloc, brotli_free, s);
    if (s->brotli == NULL)
        return -ENOMEM;
    BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_QUALITY, level == 0 ? BROTLI_LEVEL : level);
    BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_LGWIN, bits);
    if (size_hint > 0 && size_hint < UINT32_MAX)
        BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_SIZE_HINT, (uint32_t)size_hint);
    return 0;
}

static void free_blocks(struct squeeze *s)
{
    for (struct block *next; s->blocks != NULL; s->blocks = next) {
        next = s->blocks->next;
        block_free(s->blocks);
    }
}

int bide__http_squeeze_new(enum http_coding coding, unsigned level, size_t size_hint,
                           struct squeeze **squeeze)
{
    struct squeeze *s = bide__alloc(sizeof *s);

    *squeeze = NULL;
    if (s == NULL)
        return -ENOMEM;
    memset(s, 0, sizeof *s);
    s->coding = coding;
    int r =
        coding == CODING_GZIP ? begin_gzip(s, level, size_hint) : begin_brotli(s, level, size_hint);
    if (r < 0) {
        free_blocks(s);
        bide__free(s, sizeof *s);
        return r;
    }
    *squeeze = s;
    return 0;
}

void bide__http_squeeze_free(struct squeeze *s)
{
    if (s == NULL)
        return;
    if (s->coding == CODING_GZIP)
        deflateEnd(&s->gzip);
    free_blocks(s);
    bide__free(s, sizeof *s);
}

/* ---- work ---- */

/* zlib counts in unsigned int. */
static uInt at_most(size_t size)
{
    return size > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)size;
}

static long gzip_step(struct squeeze *s, enum squeeze_mode mode, const void **data, size_t *size,
                      void *out, size_t room)
{
    static const int flushes[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    uInt given = at_most(*size);

    s->gzip.next_in = (Bytef *)(uintptr_t)*data;
    s->gzip.avail_in = given;
    s->gzip.next_out = out;
    s->gzip.avail_out = at_most(room);
    uInt had = s->gzip.avail_out;
    int r = deflate(&s->gzip, given == *size ? flushes[mode] : Z_NO_FLUSH);
    if (given > 0)
        *data = (const char *)*data + (given - s->gzip.avail_in);
    *size -= given - s->gzip.avail_in;
    s->is_finished = r == Z_STREAM_END;
    /* Z_BUF_ERROR: there was nothing to do. */
    return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? (long)(had - s->gzip.avail_out)
                                                              : -ENOMEM;
}

/* A call takes input or gives output; it is made until there is room and nothing to do. */
static void brotli_work(struct squeeze *s, BrotliEncoderOperation operation, const uint8_t **in,
                        size_t *size, uint8_t *out, size_t *left)
{
    do {
        if (BrotliEncoderCompressStream(s->brotli, operation, size, in, left, &out, NULL) !=
            BROTLI_TRUE)
            s->is_broken = true;
    } while (!s->is_broken && *left > 0 &&
             (*size > 0 || BrotliEncoderHasMoreOutput(s->brotli) == BROTLI_TRUE));
}

static long brotli_step(struct squeeze *s, enum squeeze_mode mode, const void **data, size_t *size,
                        void *out, size_t room)
{
    static const BrotliEncoderOperation operations[] = {
        BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH};
    size_t left = room;
    const uint8_t *in = *data;

    if (s->is_broken || setjmp(s->no_memory) != 0) {
        s->is_broken = true;
        return -ENOMEM;
    }
    brotli_work(s, operations[mode], &in, size, out, &left);
    if (s->is_broken)
        return -ENOMEM;
    *data = in;
    s->is_finished = BrotliEncoderIsFinished(s->brotli) == BROTLI_TRUE;
    return (long)(room - left);
}

long bide__http_squeeze_step(struct squeeze *s, enum squeeze_mode mode, const void **data,
                             size_t *size, void *out, size_t room)
{
    if (s->is_finished)
        return 0;
    return s->coding == CODING_GZIP ? gzip_step(s, mode, data, size, out, room)
                                    : brotli_step(s, mode, data, size, out, room);
}
