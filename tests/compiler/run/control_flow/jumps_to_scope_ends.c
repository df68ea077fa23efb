/* Jumps over, into and to the end of blocks that run code at their end; labels of a block. */
#include <bide/bide.h>
#include <stdio.h>

/* Labels of a block, next to locals that a debugger can show. */
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

static async int same(int x)
{
    await bide_yield();
    return x;
}

/* A computed goto that awaits, as the body of an if and of a while. */
static async int computed(int x)
{
    int turns = 0;
    void *const way[] = {&&first, &&second, &&third};
    goto *way[x];
first:
    await bide_yield();
second:
    if (turns++ < 3)
        goto *way[await same(0)];
    while (turns < 9)
        goto *way[await same(2)];
third:
    return turns;
}

/* Blocks that only a later jump reaches, and that run code at their ends. */
static async int jumped_to(int x)
{
    int n = 0, undone = 0;
    if (1)
        goto in;
    while (n < 3) {
        bide_scope (s) {
            (void)bide_scope_spawn(s, same(n));
        }
        {
            defer {
                undone += await same(10);
            }
            await bide_yield();
        }
    in:
        n++;
    }
    goto last;
first: {
    defer {
        undone += await same(100);
    }
    n += x;
}
    goto end;
last:
    goto first;
end:
    return undone + n;
}

async int main(void)
{
    printf("%d\n", await local_labels(0));
    printf("%d\n", await computed(1));
    printf("%d\n", await jumped_to(5));
    return 0;
}
