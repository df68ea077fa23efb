/* What an adaptor of iterators calls must be a plain function whose parameters are known. */
#include <bide/bide.h>

#include <stdio.h>

static async int twice(int n)
{
    await bide_yield();
    return 2 * n;
}

static int old();

async int misuse(bide_iter(int) it)
{
    int n = 0;
    it = bide_iter_map(it, twice);
    it = bide_iter_then(it, twice);
    it = bide_iter_map(it, n);
    it = bide_iter_map(it, old);
    return await bide_next(it, &n);
}

/* Nothing is wrong with these. */
static int same(int n)
{
    return n;
}

async int use(bide_iter(int) it, int (*pointer)(int))
{
    int (*const table[])(int) = {same, pointer};
    int n = 0;
    it = bide_iter_map(it, same);
    it = bide_iter_map(it, &same);
    it = bide_iter_map(it, *pointer);
    it = bide_iter_then(bide_iter_map(it, table[1]), bide_ref(twice));
    return await bide_next(it, &n);
}
