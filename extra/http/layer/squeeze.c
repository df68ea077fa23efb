/*
 * squeeze.c: zlib and brotli behind one face; squeeze.h specifies it.
 *
 * Both libraries give their memory back without its size, which the door wants; so each block has
 * its size in front.
 *
 * A brotli of the year 2020, such as Debian's, ends the process when it finds no memory in the
 * middle of a stream. So where there is none our allocator does not return to it, but jumps out of
 * it, and from then on the stream is broken. Therefore the blocks are in a list: they are freed
 * without its help.
 *
 * A stream that has ended keeps its blocks for the next one: the same response needs the same
 * sizes, so it allocates nothing. Those of the home are a few, and none has more than KEPT_MOST
 * bytes.
 */
#include "extra/http/exchange/exchange.h"
#include "extra/http/layer/squeeze.h"

#include "lib/sync/wait.h"

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
    SPARES_MOST = 4, /* of a home */
    KEPT_MOST = 4 << 20,
    WASTE_MOST = 4, /* a block is at most so many times as large as what is asked for */
};

struct squeeze {
    struct bide__http_home *home; /* NULL: it is not kept */
    struct squeeze *next;         /* of those that the home keeps */
    size_t bytes;                 /* of all blocks */
    struct block *used, *spare;

    enum http_coding coding;
    bool is_finished, is_broken;
    z_stream gzip;
    BrotliEncoderState *brotli;
    jmp_buf no_memory; /* set while brotli runs */
};

/* ---- memory ---- */

struct block {
    struct block *next, *previous;
    size_t size;
    _Alignas(16) char data[];
};

/* Takes the smallest spare one that is large enough, and not much too large, out of the list. */
static struct block *take_spare(struct squeeze *s, size_t size)
{
    struct block **best = NULL;

    for (struct block **at = &s->spare; *at != NULL; at = &(*at)->next)
        if ((*at)->size >= size && (*at)->size / WASTE_MOST <= size &&
            (best == NULL || (*at)->size < (*best)->size))
            best = at;
    if (best == NULL)
        return NULL;
    struct block *b = *best;
    *best = b->next;
    return b;
}

static struct block *block_new(struct squeeze *s, size_t size)
{
    struct block *b = take_spare(s, size);

    if (b == NULL) {
        b = bide__alloc(sizeof *b + size);
        if (b == NULL)
            return NULL;
        b->size = size;
        s->bytes += sizeof *b + size;
    }
    b->previous = NULL;
    b->next = s->used;
    if (b->next != NULL)
        b->next->previous = b;
    s->used = b;
    return b;
}

static void block_spare(struct squeeze *s, struct block *b)
{
    if (b->previous != NULL)
        b->previous->next = b->next;
    else
        s->used = b->next;
    if (b->next != NULL)
        b->next->previous = b->previous;
    b->next = s->spare;
    s->spare = b;
}

static struct block *block_of(void *data)
{
    return (struct block *)(void *)((char *)data - offsetof(struct block, data));
}

static voidpf gzip_alloc(voidpf squeeze, uInt items, uInt size)
{
    struct block *b = block_new(squeeze, (size_t)items * size);
    return b != NULL ? b->data : NULL;
}

static void *brotli_alloc(void *squeeze, size_t size)
{
    struct squeeze *s = squeeze;
    struct block *b = block_new(s, size);

    if (b == NULL)
        longjmp(s->no_memory, 1);
    return b->data;
}

static void give_back(void *squeeze, void *data)
{
    if (data != NULL)
        block_spare(squeeze, block_of(data));
}

void *bide__http_squeeze_room(struct squeeze *s, size_t size)
{
    struct block *b = block_new(s, size);
    return b != NULL ? b->data : NULL;
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
    s->gzip.zfree = give_back;
    s->gzip.opaque = s;
    int r = deflateInit2(&s->gzip, level == 0 ? GZIP_LEVEL : (int)level, Z_DEFLATED,
                         bits + WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    return r == Z_OK ? 0 : -ENOMEM;
}

static int begin_brotli(struct squeeze *s, unsigned level, size_t size_hint)
{
    if (setjmp(s->no_memory) != 0)
        return -ENOMEM;
    uint32_t bits = (uint32_t)window_bits(size_hint, BROTLI_WINDOW_LEAST, BROTLI_WINDOW_MOST);
    s->brotli = BrotliEncoderCreateInstance(brotli_alloc, give_back, s);
    if (s->brotli == NULL)
        return -ENOMEM;
    BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_QUALITY, level == 0 ? BROTLI_LEVEL : level);
    BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_LGWIN, bits);
    if (size_hint > 0 && size_hint < UINT32_MAX)
        BrotliEncoderSetParameter(s->brotli, BROTLI_PARAM_SIZE_HINT, (uint32_t)size_hint);
    return 0;
}

static void free_all(struct squeeze *s)
{
    for (struct block *b = s->spare, *next; b != NULL; b = next) {
        next = b->next;
        bide__free(b, sizeof *b + b->size);
    }
    bide__free(s, sizeof *s);
}

static void free_list(void *list)
{
    for (struct squeeze *s = list, *next; s != NULL; s = next) {
        next = s->next;
        free_all(s);
    }
}

/* One that the home keeps. NULL: there is none. */
static struct squeeze *take_kept(struct bide__http_home *home)
{
    if (home == NULL)
        return NULL;
    lock_take(&home->lock);
    struct squeeze *s = home->squeezes;
    if (s != NULL) {
        home->squeezes = s->next;
        home->squeeze_count--;
    }
    lock_give(&home->lock);
    return s;
}

static bool keep(struct squeeze *s)
{
    struct bide__http_home *home = s->home;

    if (home == NULL || s->bytes > KEPT_MOST)
        return false;
    lock_take(&home->lock);
    bool has_room = home->squeeze_count < SPARES_MOST;
    if (has_room) {
        s->next = home->squeezes;
        home->squeezes = s;
        home->squeeze_count++;
        home->squeezes_free = free_list;
    }
    lock_give(&home->lock);
    return has_room;
}

static struct squeeze *make(struct bide__http_home *home)
{
    struct squeeze *s = take_kept(home);

    if (s == NULL) {
        s = bide__alloc(sizeof *s);
        if (s == NULL)
            return NULL;
        s->bytes = 0;
        s->used = s->spare = NULL;
    }
    s->home = home;
    s->next = NULL;
    memset(&s->coding, 0, sizeof *s - offsetof(struct squeeze, coding));
    return s;
}

int bide__http_squeeze_new(struct bide__http_home *home, enum http_coding coding, unsigned level,
                           size_t size_hint, struct squeeze **squeeze)
{
    struct squeeze *s = make(home);

    *squeeze = NULL;
    if (s == NULL)
        return -ENOMEM;
    s->coding = coding;
    int r =
        coding == CODING_GZIP ? begin_gzip(s, level, size_hint) : begin_brotli(s, level, size_hint);
    if (r < 0) {
        bide__http_squeeze_free(s);
        return r;
    }
    *squeeze = s;
    return 0;
}

/* The libraries have nothing but their blocks. */
void bide__http_squeeze_free(struct squeeze *s)
{
    if (s == NULL)
        return;
    while (s->used != NULL)
        block_spare(s, s->used);
    if (!keep(s))
        free_all(s);
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
