/*
 * receive.c: what a connection has received, and the leaf that reads it. See io.h.
 *
 * The driver's buffers are links of a ring; `last` is the newest, and its `next` the oldest. A
 * buffer is given back as soon as it is empty. `end` tells what follows the last byte: 0, the end,
 * which stays; or an error, which is told once. Nothing is received while there is one of them.
 *
 * A cancelled read leaves all this as it is, and has nothing to do with the driver. A read that
 * goes without the driver's buffers, by a call, is only made while RECEIVE is not armed, and
 * `plain` is above 0, so that it will not be armed during the call: otherwise the two would take
 * bytes out of order.
 *
 *   plain   is set to         when
 *           PLAIN_BUFFERS     the driver had no buffer free, or could not be asked
 *           PLAIN_LARGE       a read looks which is large, and there is nothing to copy
 *           1 less            a read looks which is not, and there is nothing to copy
 *           PLAIN_LARGE       a read which is large gets much, by RECEIVE; that is cancelled then
 */
#include "runtime/io/registration.h"

/* ---- the queue ---- */

void bide__fd_received(struct bide__fd *f, const struct bide__event *event)
{
    if (event->result > 0) {
        struct bide__buffer *b = event->buffer;
        b->next = f->last != NULL ? f->last->next : b;
        if (f->last != NULL)
            f->last->next = b;
        f->last = b;
        f->held++;
    } else if (event->result == -ENOBUFS) {
        f->plain = PLAIN_BUFFERS;
    } else if (event->result != -ECANCELED) {
        f->end = event->result;
    }
    if (event->last)
        f->guess |= BIDE__READ;
    if (event->result == -ECANCELED)
        return;
    f->ready |= BIDE__READ;
    bide__fd_wake(f, 0);
}

struct bide__buffer *bide__fd_take_buffers(struct bide__fd *f)
{
    struct bide__buffer *last = f->last;
    f->last = NULL;
    f->held = 0;
    return last;
}

void bide__fd_give_back(struct bide__driver *driver, struct bide__buffer *last)
{
    if (last == NULL)
        return;
    struct bide__buffer *b = last->next;
    for (;;) {
        struct bide__buffer *next = b->next; /* it is the driver's in a moment */
        bool more = b != last;
        driver->ops->give_back(driver, b);
        if (!more)
            return;
        b = next;
    }
}

/* Takes the oldest buffer, which is empty, out of the queue. */
static void drop_first(struct bide__fd *f)
{
    struct bide__buffer *first = f->last->next;
    if (first == f->last)
        f->last = NULL;
    else
        f->last->next = first->next;
    f->held--;
    f->driver->ops->give_back(f->driver, first);
}

static size_t copy(char *to, size_t size, const struct bide__buffer *b)
{
    size_t n = size < b->size ? size : b->size;
    memcpy(to, b->data, n);
    return n;
}

static ssize_t take(struct bide__fd *f, const struct bide__fd_read *read)
{
    char *to = read->buffer;
    size_t done = 0;

    while (f->last != NULL && done < read->size) {
        struct bide__buffer *first = f->last->next;
        size_t n = copy(to + done, read->size - done, first);
        done += n;
        first->data += n;
        first->size -= (uint32_t)n;
        if (first->size == 0)
            drop_first(f);
    }
    return (ssize_t)done;
}

static ssize_t peek(const struct bide__fd *f, const struct bide__fd_read *read)
{
    const struct bide__buffer *b = f->last;
    char *to = read->buffer;
    size_t done = 0;

    do {
        b = b->next;
        done += copy(to + done, read->size - done, b);
    } while (b != f->last && done < read->size);
    return (ssize_t)done;
}

/* ---- a read ---- */

/* Nothing has come, and no operation of the driver may bring something. */
static bool may_choose(const struct bide__fd *f)
{
    return f->held == 0 && f->end == NOT_ENDED && !is_reading(f);
}

/* Does this read go without the driver's buffers? */
static void choose(struct bide__fd *f, size_t size)
{
    if (size >= LARGE_BYTES && f->plain < PLAIN_LARGE)
        f->plain = PLAIN_LARGE;
    else if (size < LARGE_BYTES && f->plain > 0)
        f->plain--;
}

/* Much comes, and is wanted: then it costs less to copy it once. */
static void stop_receiving(struct bide__fd *f)
{
    f->plain = PLAIN_LARGE;
    if (f->armed & ~f->ending & bit_of(BIDE__OP_RECEIVE))
        bide__fd_disarm(f, BIDE__OP_RECEIVE, f->fd);
}

/* What is there is the result. `ready` says whether there is more. */
static ssize_t result_of(struct bide__fd *f, const struct bide__fd_read *read)
{
    ssize_t n;

    if (f->held > 0) {
        n = read->peek ? peek(f, read) : take(f, read);
    } else {
        n = f->end;
        if (n < 0 && !read->peek)
            f->end = NOT_ENDED;
    }
    if (may_choose(f) && read->size >= LARGE_BYTES)
        f->plain = PLAIN_LARGE; /* the next one will be large as well */
    else if (n >= MUCH_BYTES && read->size >= LARGE_BYTES)
        stop_receiving(f);
    if (f->held == 0 && f->end == NOT_ENDED)
        f->ready &= (uint8_t)~BIDE__READ;
    (void)bide__fd_settle(f); /* nobody waits */
    return n;
}

/* With the lock. */
static int look(struct bide_cx *cx, struct bide__fd_leaf *leaf, const struct bide__fd_read *read,
                ssize_t *n)
{
    struct bide__fd *f = leaf->fd;

    if (!bide__fd_is_of(leaf) || !reads_by_op(f) || f->fd < 0)
        return bide__fd_look(cx, leaf, true);
    if (may_choose(f) && !bide__fd_stands(leaf))
        choose(f, read->size);
    for (;;) {
        bool by_op = is_reading(f) || f->plain == 0;
        int r = bide__fd_look(cx, leaf, !by_op);
        if (r != 0)
            return r;
        if (f->held > 0 || f->end != NOT_ENDED) {
            *n = result_of(f, read);
            return 0;
        }
        if (!by_op)
            return BIDE__FD_CALL;
        f->ready &= (uint8_t)~BIDE__READ; /* readiness was reported, or it was taken meanwhile */
    }
}

int bide__fd_leaf_receive(struct bide_cx *cx, struct bide__fd_leaf *leaf,
                          const struct bide__fd_read *read, ssize_t *n, struct bide__fd_call *call)
{
    struct bide__fd *f = leaf->fd;

    lock(f);
    bool by_op = reads_by_op(f);
    int r = look(cx, leaf, read, n);
    if (r == 0 && !by_op)
        r = BIDE__FD_CALL;
    if (r != 1)
        bide__fd_stop(leaf);
    if (r == BIDE__FD_CALL)
        bide__fd_call_begin(leaf, call);
    unlock(f);
    return r;
}

size_t bide__fd_leaf_receive_more(struct bide__fd_leaf *leaf, void *buffer, size_t size)
{
    const struct bide__fd_read read = {buffer, size, false};
    struct bide__fd *f = leaf->fd;
    ssize_t n = 0;

    lock(f);
    if (bide__fd_is_of(leaf) && f->fd >= 0 && f->held > 0)
        n = result_of(f, &read);
    unlock(f);
    return (size_t)n;
}
