/*
 * h1/write.c: what is to be sent is gathered in `out`, and sent: without a wait, if there is room
 * at once, and otherwise with a time limit for each step. A write that does not proceed for so long
 * fails with -ETIMEDOUT.
 *
 * `writing` is set while a call waits to write. Another one, of the other branch, waits for its
 * end.
 */
#include "lib/async.h"

#include "extra/http/h1/inside.h"

#include "extra/http/h1/async.h"

bide_async ssize_t bide__fd_send_file(bide_stream *stream, int file, uint64_t at, size_t size);

bool bide__h1_put(struct bide__h1 *h, const void *data, size_t size)
{
    struct bide__h1_kit *kit = h->kit;
    if (size > BIDE__H1_OUT - kit->out_end)
        return false;
    memcpy(kit->out + kit->out_end, data, size);
    kit->out_end += size;
    return true;
}

static void sent(struct bide__h1_kit *kit, size_t size)
{
    kit->out_begin += size;
    if (kit->out_begin == kit->out_end)
        kit->out_begin = kit->out_end = 0;
}

int bide__h1_flush_now(struct bide__h1 *h)
{
    size_t size = bide__h1_unsent(h);
    if (size == 0)
        return 0;
    if (h->writing)
        return -EAGAIN;
    ssize_t n = bide__stream_try_write(h->c->stream, h->kit->out + h->kit->out_begin, size);
    if (n < 0)
        return (int)n;
    sent(h->kit, (size_t)n);
    return (size_t)n == size ? 0 : -EAGAIN;
}

static void end_writing(struct bide__h1 *h)
{
    h->writing = false;
    bide_notify_all(&h->written); /* one that finds nothing left to be sent would wake no other */
}

/* How a step with a limit has ended. */
static int step_ended(struct bide__h1 *h, int rc)
{
    if (rc == -ETIMEDOUT)
        bide__http_refused(h->c->home, BIDE__HTTP_REFUSED_WRITE_TIMEOUT);
    return rc;
}

bide_async int bide__h1_flush(struct bide__h1 *h)
{
    while (h->writing)
        bide_await bide_notify_wait(&h->written);
    int rc = bide__h1_flush_now(h);
    if (rc != -EAGAIN)
        return rc;
    h->writing = true;
    bide_defer {
        end_writing(h);
    }
    while (bide__h1_unsent(h) > 0) {
        ssize_t n = 0;
        const char *data = h->kit->out + h->kit->out_begin;
        rc = bide_await bide_timeout(h->settings->o.write_timeout,
                                     n = bide_stream_write(h->c->stream, data, bide__h1_unsent(h)));
        if (n > 0)
            sent(h->kit, (size_t)n);
        else if (rc < 0 || n < 0)
            return rc < 0 ? step_ended(h, rc) : (int)n;
    }
    return 0;
}

/* So many bytes of the pieces were written. Returns how many pieces are left; the first ones are
 * moved on. */
static size_t advance(struct iovec **pieces, size_t count, size_t n)
{
    while (count > 0 && n >= (*pieces)->iov_len) {
        n -= (*pieces)->iov_len;
        ++*pieces;
        count--;
    }
    if (count > 0) {
        (*pieces)->iov_base = (char *)(*pieces)->iov_base + n;
        (*pieces)->iov_len -= n;
    }
    return count;
}

bide_async int bide__h1_send(struct bide__h1 *h, struct iovec *pieces, size_t count)
{
    while (h->writing)
        bide_await bide_notify_wait(&h->written);
    h->writing = true;
    bide_defer {
        end_writing(h);
    }
    struct bide__h1_kit *kit = h->kit;
    pieces[0] = (struct iovec){kit->out + kit->out_begin, bide__h1_unsent(h)};
    count = advance(&pieces, count, 0);
    while (count > 0) {
        ssize_t n = 0;
        int rc = bide_await bide_timeout(h->settings->o.write_timeout,
                                         n = bide_stream_writev(h->c->stream, pieces, count));
        if (n <= 0 && (rc < 0 || n < 0))
            return rc < 0 ? step_ended(h, rc) : (int)n;
        count = advance(&pieces, count, (size_t)n);
    }
    kit->out_begin = kit->out_end = 0;
    return 0;
}

bide_async ssize_t bide__h1_send_some_file(struct bide__h1 *h, int fd, uint64_t at, size_t size)
{
    ssize_t n = bide_await bide__h1_flush(h);
    if (n < 0)
        return n;
    h->writing = true;
    bide_defer {
        end_writing(h);
    }
    int rc = bide_await bide_timeout(h->settings->o.write_timeout,
                                     n = bide__fd_send_file(h->c->stream, fd, at, size));
    return rc < 0 && n == 0 ? step_ended(h, rc) : n;
}
