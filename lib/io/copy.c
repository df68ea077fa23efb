/*
 * lib/io/copy.c: the object of a copy, its counts, and whether it goes through a buffer or a pipe.
 *
 * The buffer starts small and grows while reads fill it. When some of the largest size were full,
 * much is coming, and it is worth a pipe: splice(2) moves pages from a socket or a pipe into it and
 * out again, and copies nothing. When little comes at a time, the buffer costs less again.
 *
 * splice(2) waits in a socket unless that is non-blocking by itself, so foreign sockets that are
 * not, and whatever has to be asked before each call, are copied by the buffer.
 */
#include "lib/io/copy.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

enum {
    FIRST_BYTES = 8192,
    MOST_BYTES = BIDE__PIPE_BYTES,
    MUCH_READS = 4,
    SMALL_BYTES = 8192,
    SMALL_READS = 8
};

int bide_copy_new(bide_stream *from, bide_stream *to, bide_copy **copy)
{
    *copy = NULL;
    if (from == to)
        return -EINVAL;
    bide_copy *c = bide__alloc(sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    *c = (bide_copy){.from = from, .to = to, .pipe = {-1, -1}};
    *copy = c;
    return 0;
}

static void close_pipe(bide_copy *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->pipe[i] >= 0)
            bide__door.close(c->pipe[i]);
        c->pipe[i] = -1;
    }
}

void bide_copy_free(bide_copy *copy)
{
    if (copy == NULL)
        return;
    close_pipe(copy);
    bide__free(copy->buffer, copy->size);
    bide__free(copy, sizeof *copy);
}

int bide__copy_begin(bide_copy *c)
{
    lock_take(&c->lock);
    bool busy = c->busy;
    c->busy = true;
    lock_give(&c->lock);
    return busy ? -EBUSY : 0;
}

void bide__copy_end(bide_copy *c)
{
    lock_take(&c->lock);
    c->busy = false;
    lock_give(&c->lock);
}

/* ---- counts ---- */

static uint64_t held_of(const bide_copy *c)
{
    return c->end - c->start + c->in_pipe;
}

uint64_t bide_copy_read(const bide_copy *copy)
{
    return atomic_load_explicit(&copy->read, memory_order_relaxed);
}

uint64_t bide_copy_written(const bide_copy *copy)
{
    return atomic_load_explicit(&copy->written, memory_order_relaxed);
}

/* Only the call that is under way writes them. */
static void count(_Atomic uint64_t *n, size_t more)
{
    uint64_t before = atomic_load_explicit(n, memory_order_relaxed);
    atomic_store_explicit(n, before + more, memory_order_relaxed);
}

void bide__copy_got(bide_copy *c, size_t size, bool in_buffer)
{
    if (in_buffer) {
        c->start = 0;
        c->end = size;
    } else {
        c->in_pipe = size;
    }
    if (c->splices) {
        c->small = size < SMALL_BYTES ? c->small + 1 : 0;
        if (c->small >= SMALL_READS) {
            c->splices = false;
            c->much = 0;
        }
    } else {
        c->is_full = size == c->size;
        if (c->is_full && size == MOST_BYTES)
            c->much++;
        else if (c->much > 0)
            c->much--;
    }
    count(&c->read, size);
}

void bide__copy_wrote(bide_copy *c, size_t size)
{
    if (c->in_pipe > 0)
        c->in_pipe -= size;
    else
        c->start += size;
    count(&c->written, size);
}

/* ---- how the next read is made ---- */

/* Whether splice(2) with it never waits. */
static bool may_splice(const bide_stream *stream)
{
    if (bide__fd_stream_registration(stream) == NULL)
        return false;
    int way = bide__fd_stream_way(stream);
    if (way != BIDE__FD_SOCKET && way != BIDE__FD_OWN_PIPE && way != BIDE__FD_PLAIN)
        return false;
    int flags = bide__door.fcntl(bide__fd_stream_own(stream), F_GETFL, 0);
    return flags >= 0 && flags & O_NONBLOCK;
}

static void begin_splicing(bide_copy *c)
{
    c->cannot = !may_splice(c->from) || !may_splice(c->to);
    if (!c->cannot && c->pipe[0] < 0 && bide__door.pipe2(c->pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
        c->pipe[0] = c->pipe[1] = -1;
        c->much = 0; /* there may be a descriptor later */
        return;
    }
    c->splices = !c->cannot;
    c->small = 0;
}

void bide__copy_cannot(bide_copy *c)
{
    c->cannot = true;
    c->splices = false;
    close_pipe(c);
}

int bide__copy_unsplice(bide_copy *c)
{
    ssize_t n = bide__door.read(c->pipe[0], c->buffer, c->size);
    if (n < 0)
        return (int)n;
    c->in_pipe = 0;
    c->start = 0;
    c->end = (size_t)n;
    bide__copy_cannot(c);
    return 0;
}

/* With no memory for a larger buffer it keeps what it has. */
static int grow(bide_copy *c)
{
    size_t size = c->buffer == NULL ? FIRST_BYTES : 2 * c->size;
    char *buffer = bide__alloc(size);
    if (buffer == NULL)
        return c->buffer != NULL ? 0 : -ENOMEM;
    bide__free(c->buffer, c->size);
    c->buffer = buffer;
    c->size = size;
    c->is_full = false;
    return 0;
}

int bide__copy_prepare(bide_copy *c)
{
    if (c->splices)
        return 0;
    if (c->buffer == NULL || (c->is_full && c->size < MOST_BYTES))
        return grow(c);
    if (c->much >= MUCH_READS && !c->cannot)
        begin_splicing(c);
    return 0;
}

/* ---- out of the copy ---- */

ssize_t bide_copy_take(bide_copy *copy, void *buffer, size_t size)
{
    ssize_t n = bide__copy_begin(copy);
    if (n < 0)
        return n;
    uint64_t held = held_of(copy);
    if (size > held)
        size = (size_t)held;
    n = (ssize_t)size;
    if (size > 0 && copy->in_pipe > 0)
        n = bide__door.read(copy->pipe[0], buffer, size);
    else if (size > 0)
        memcpy(buffer, copy->buffer + copy->start, size);
    if (n > 0)
        bide__copy_wrote(copy, (size_t)n);
    bide__copy_end(copy);
    return n;
}
