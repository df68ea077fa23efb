/* Small programs that awaitsmith has found: what the compiler once got wrong. */
#include <bide/bide.h>
#include <stdio.h>

/* Labels of a block, next to locals that a debugger is shown. */
static async int local_labels(int x)
{
    int y[2] = {x}, *p = y;
    {
        __label__ out, again;
        __label__ more;
    again:
        await bide_yield();
        if (y[0] < 3)
            goto more;
        goto out;
    more:
        ++*p;
        goto again;
    out:;
    }
    for (int i = 0; i < 2; i++) {
        __label__ next;
        if (i == 0)
            goto next;
        await bide_yield();
        y[1] += i;
    next:;
    }
    return y[0] * 10 + y[1];
}

async int main(void)
{
    printf("%d\n", await local_labels(0));
    return 0;
}
