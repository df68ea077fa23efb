/* Futures as values in branches: driven a part at a time, with a guard, moved into a branch. */
#include <bide/bide.h>
#include <stdio.h>
static async int after(int turns, int value)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
    return value;
}
async int main(void)
{
    bide_future(int) f = bide_lazy(after(5, 7));
    int got = 0, rounds = 0;
    while (got == 0) {
        await bide_select_biased(({ int k = await bide_get(f); got = k; }), after(1, 0));
        rounds++;
    }
    bide_future(int) g = bide_lazy(after(3, 8));
    int w = 1, n = 0;
    while (w != 0)
        w = await bide_select_biased(bide_if(rounds > 0, n = bide_get(g)), ({ await after(1, 0); n--; }));
    printf("%d %d %d\n", got, rounds > 1, n);
    bide_future(int) h = bide_lazy(after(0, 3));
    await bide_join(({ bide_future(int) mine = bide_move(h); got = await bide_get(mine); }), bide_if(0, bide_join(after(1, 1), ({ n++; }))));
    printf("%d %d\n", got, n);
    return 0;
}
