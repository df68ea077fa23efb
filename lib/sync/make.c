/*
 * lib/sync/make.c: bide_once_make.
 */
#include "lib/async.h"

#include "lib/sync/once.h"

bide_async int bide__once_make(bide_once *once, bide_async_fn(int, void *) make, void *value,
                               const char *place)
{
    int r = bide_await bide__once_begin(once, place);
    if (r <= 0)
        return r;

    bool made = false;
    bide_defer {
        bide__once_end(once, made);
    }
    r = bide_await (*make)(value);
    made = r >= 0;
    return r < 0 ? r : 0;
}
