/* The address of a local in a future that leaves the function. */
/* exit: 0 */
#include <bide/bide.h>

async int count(int *n);

bide_future(int) returned(void)
{
    int n = 0;
    bide_future(int) f = bide_lazy(count(&n));
    return bide_move(f);
}

void kept(bide_future(int) *out)
{
    *out = bide_lazy(count((int[1]){0}));
}

async int far(int ***out, int n)
{
    **out = &n;
    return n;
}
