/*
 * lib/iter/consume.c: what uses an iterator to its end: collect, fold, for_each_concurrent.
 *
 * The last two are nodes over the iterator, which is only borrowed.
 */
#define BIDE__UNTYPED
#include "lib/async.h"

#include <bide/iter.h>

void *bide__iter_folded(void *it, void (*f)(void), void (*caller)(void), void *all);

bide_async int bide_iter_collect(void *it, size_t item_size, void *items, size_t most,
                                 size_t *count)
{
    int rc = 1;

    while (*count < most && rc > 0) {
        rc = bide_await bide_next(it, (char *)items + *count * item_size);
        if (rc > 0)
            ++*count;
    }
    return rc;
}

bide_async int bide_iter_fold(void *it, void (*f)(void), void (*caller)(void), void *all)
{
    void *node = bide__iter_folded(bide_iter_borrowed(it), f, caller, all);
    bide_defer {
        bide_iter_drop(node);
    }

    return bide_await bide_next(node, NULL);
}

bide_async int bide_for_each_concurrent(void *it, size_t limit, const void *f, size_t state_at,
                                        void *state)
{
    void *calls =
        bide_iter_buffered(bide_iter_borrowed(it), limit, false, sizeof(int), f, state_at, state);
    bide_defer {
        bide_await bide_iter_close(calls);
    }
    int rc, result = 0;

    do
        rc = bide_await bide_next(calls, &result);
    while (rc > 0 && result >= 0);
    return rc > 0 ? result : rc;
}
