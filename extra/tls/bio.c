/*
 * bio.c: the encrypted bytes of a stream, and the BIO through which OpenSSL gets at them.
 *
 * OpenSSL asks for a header of 5 bytes, and then for just the rest of the record. If that is not
 * there, `wanted` says how much is missing: so a stream that waits between two records does so with
 * its small buffer, and the large one exists only while a record is on its way. If the last receive
 * has filled the large one, more is likely to be there, and it is tried once more; if there is
 * nothing, it goes before the stream waits.
 *
 * What is to be sent is a list of blocks. A block is freed as soon as it was sent.
 *
 * The BIO takes everything it is given, unless there is no memory. How much that can be is limited
 * by those who call OpenSSL: a write takes BIDE__TLS_WRITE bytes and waits until they are sent, and
 * a read that finds more than that to be sent receives no more before it is sent. If nothing can be
 * sent any more, nothing is kept.
 */
#include "extra/tls/internal.h"

#include <string.h>

enum { BLOCK = 512 };

/* ---- to be sent ---- */

static struct bide__tls_block *new_block(size_t room)
{
    struct bide__tls_block *b = bide__alloc(sizeof *b + room);

    if (b != NULL)
        *b = (struct bide__tls_block){.room = room};
    return b;
}

static void free_block(struct bide__tls_block *b)
{
    if (b != NULL)
        bide__free(b, sizeof *b + b->room);
}

int bide__tls_out_reserve(struct bide__tls *s, size_t size)
{
    s->spare = new_block(size);
    return s->spare != NULL ? 0 : -ENOMEM;
}

void bide__tls_out_unreserve(struct bide__tls *s)
{
    free_block(s->spare);
    s->spare = NULL;
}

/* A block with room for so many bytes, at the end of the list; NULL: no memory. */
static struct bide__tls_block *block_for(struct bide__tls *s, size_t size)
{
    struct bide__tls_block *b = s->last;

    if (b != NULL && b->room - b->end >= size)
        return b;
    if (s->spare != NULL && s->spare->room >= size) {
        b = s->spare;
        s->spare = NULL;
    } else if ((b = new_block(size > BLOCK ? size : BLOCK)) == NULL) {
        return NULL;
    }
    if (s->last != NULL)
        s->last->next = b;
    else
        s->first = b;
    s->last = b;
    return b;
}

static int out_write(BIO *bio, const char *data, int size)
{
    struct bide__tls *s = BIO_get_data(bio);
    size_t n = size > 0 ? (size_t)size : 0;

    BIO_clear_retry_flags(bio);
    if (n == 0 || s->unsent != 0)
        return size;
    struct bide__tls_block *b = block_for(s, n);
    if (b == NULL) {
        s->lacks_memory = true;
        return -1;
    }
    memcpy(b->data + b->end, data, n);
    b->end += n;
    s->out_size += n;
    return size;
}

void bide__tls_out_sent(struct bide__tls *s, size_t size)
{
    struct bide__tls_block *b = s->first;

    b->begin += size;
    s->out_size -= size;
    if (b->begin < b->end)
        return;
    s->first = b->next;
    if (s->first == NULL)
        s->last = NULL;
    free_block(b);
}

/* ---- received ---- */

static int in_read(BIO *bio, char *to, int size)
{
    struct bide__tls *s = BIO_get_data(bio);
    size_t there = s->in_end - s->in_begin, n = size > 0 ? (size_t)size : 0;

    BIO_clear_retry_flags(bio);
    if (there == 0) {
        s->wanted = n;
        BIO_set_retry_read(bio);
        return -1;
    }
    if (n > there)
        n = there;
    memcpy(to, (s->large != NULL ? s->large : s->small) + s->in_begin, n);
    s->in_begin += n;
    if (s->in_begin == s->in_end) {
        s->in_begin = s->in_end = 0;
        bide__free(s->large, BIDE__TLS_LARGE);
        s->large = NULL;
    }
    return (int)n;
}

/* ---- the BIO ---- */

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static BIO_METHOD *method; /* made once, and kept */

static const BIO_METHOD *method_of_ours(void)
{
    pthread_mutex_lock(&mutex);
    int type = method == NULL ? BIO_get_new_index() : -1;
    BIO_METHOD *made = type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "bide");
    if (made != NULL) {
        BIO_meth_set_read(made, in_read);
        BIO_meth_set_write(made, out_write);
        BIO_meth_set_ctrl(made, control);
        BIO_meth_set_create(made, create);
        method = made;
    }
    const BIO_METHOD *result = method;
    pthread_mutex_unlock(&mutex);
    return result;
}

BIO *bide__tls_bio_new(struct bide__tls *s)
{
    const BIO_METHOD *ours = method_of_ours();
    BIO *bio = ours == NULL ? NULL : BIO_new(ours);

    if (bio != NULL)
        BIO_set_data(bio, s);
    return bio;
}

void bide__tls_buffers_free(struct bide__tls *s)
{
    struct bide__tls_block *b, *next;

    for (b = s->first; b != NULL; b = next) {
        next = b->next;
        free_block(b);
    }
    s->first = s->last = NULL;
    bide__free(s->large, BIDE__TLS_LARGE);
    s->large = NULL;
}
