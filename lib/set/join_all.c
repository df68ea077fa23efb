/*
 * join_all.c: bide_join_all: the results of all children of a future set, each at its own place.
 */
#include "lib/async.h"

#include <bide/set.h>

#include <errno.h>

#undef bide_future_set_next

bide_async int bide__join_all(struct bide__future_set *set, void *out, size_t stride, size_t count)
{
    int error = 0, rc;

    if (bide__future_set_ids(set) > count)
        return -ENOSPC;
    do {
        uint64_t id = UINT64_MAX;
        rc = bide_await bide_future_set_next(set, out, stride, &id);
        if (rc < 0 && error == 0)
            error = rc;
        if (id == UINT64_MAX) /* no child has ended */
            break;
    } while (rc != 0);
    return error;
}
