/*
 * exchange/body.c: the body of the request, as handlers read it.
 *
 * How the bytes come is the connection's. Here is counted how many there are, and that no more are
 * taken than are allowed: after as many, one more is asked for, to know whether the body ends
 * there. The first error stays.
 */
#include "lib/async.h"

#include "extra/http/exchange/exchange.h"

bide_async ssize_t bide_http_body_read(bide_http_exchange *x, void *buffer, size_t size);
bide_async int bide_http_body_all(bide_http_exchange *x, char **data, size_t *size);

static ssize_t fail(bide_http_exchange *x, ssize_t error)
{
    x->body.error = (int)error;
    return error;
}

/* What a read of the connection has brought. */
static ssize_t came(bide_http_exchange *x, ssize_t n)
{
    if (n < 0)
        return fail(x, n);
    if (n == 0)
        x->body.ended = true;
    x->body.got += (uint64_t)n;
    if (x->body.length >= 0 && x->body.got == (uint64_t)x->body.length)
        x->body.ended = true;
    return n;
}

static bide_async ssize_t read_alone(bide_http_exchange *x, void *buffer, size_t size)
{
    x->body.is_read = true;
    bide_defer {
        x->body.is_read = false;
    }
    return bide_await (*x->ops->read)(x, buffer, size);
}

bide_async ssize_t bide_http_body_read(bide_http_exchange *x, void *buffer, size_t size)
{
    char more;
    if (x->body.is_read)
        return -EBUSY;
    if (x->body.error != 0)
        return x->body.error;
    if (x->body.ended || size == 0)
        return 0;
    if (x->reply.stage == BIDE__HTTP_UPGRADED)
        return -EPROTO;
    if (x->body.length >= 0 && (uint64_t)x->body.length > x->body.max)
        return fail(x, -EMSGSIZE);
    uint64_t left = x->body.max - x->body.got;
    bool full = x->body.got >= x->body.max;
    if (full) {
        buffer = &more;
        size = 1;
    } else if (size > left) {
        size = (size_t)left;
    }
    ssize_t n = bide_await read_alone(x, buffer, size);
    if (full && n > 0)
        return fail(x, -EMSGSIZE);
    return came(x, n);
}

enum { ALL_FIRST = 2048 };

/* Room for at least one more byte, and the zero byte behind. What is not small is on the heap,
 * where it can grow without leaving its old places behind. */
static int grow(bide_http_exchange *x)
{
    size_t room = x->body.all_room == 0 ? ALL_FIRST : x->body.all_room * 2;
    if (x->body.length >= 0) {
        room = (size_t)x->body.length + 1;
        if (x->body.all_room >= room)
            return 0;
    }
    char *all = bide__alloc(room);
    if (all == NULL)
        return -ENOMEM;
    if (x->body.all_size > 0)
        memcpy(all, x->body.all, x->body.all_size);
    bide__free(x->body.all, x->body.all_room);
    x->body.all = all;
    x->body.all_room = room;
    return 0;
}

/* A short body of known length goes to the memory that is there. */
static char *place_for_short(bide_http_exchange *x)
{
    size_t room = (size_t)(x->room_end - x->room);
    if (x->body.length < 0 || (uint64_t)x->body.length >= room)
        return NULL;
    return bide_http_alloc(x, (size_t)x->body.length + 1);
}

static int begin_all(bide_http_exchange *x)
{
    if (x->body.error != 0)
        return x->body.error;
    if (x->body.length >= 0 && (uint64_t)x->body.length > x->body.max)
        return (int)fail(x, -EMSGSIZE);
    if (x->body.whole == NULL && x->body.all == NULL) {
        x->body.whole = place_for_short(x);
        if (x->body.whole == NULL)
            return grow(x);
    }
    return 0;
}

/* Where the next bytes go, and how many; one byte stays free. */
static char *place(const bide_http_exchange *x, size_t *size)
{
    size_t room = x->body.whole != NULL ? (size_t)x->body.length : x->body.all_room - 1;
    char *begin = x->body.whole != NULL ? x->body.whole : x->body.all;
    *size = room - x->body.all_size;
    return begin + x->body.all_size;
}

bide_async int bide_http_body_all(bide_http_exchange *x, char **data, size_t *size)
{
    size_t room;
    int rc = begin_all(x);
    while (rc == 0 && !x->body.ended) {
        char *to = place(x, &room);
        if (room == 0) {
            rc = grow(x);
            continue;
        }
        ssize_t n = bide_await bide_http_body_read(x, to, room);
        if (n < 0)
            rc = (int)n;
        else
            x->body.all_size += (size_t)n;
    }
    if (rc < 0)
        return rc;
    char *end = place(x, &room);
    *end = 0;
    *data = end - x->body.all_size;
    if (size != NULL)
        *size = x->body.all_size;
    return 0;
}
