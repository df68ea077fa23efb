/* The array in a struct that a call returns decays to a pointer into an object without a name. The
 * object lives to the end of the full expression, also across awaits. */
#include "../step.h"
struct arr { int v[4]; struct { char s[8]; int g[2][2]; } in; };
static struct arr plain(int a) { return (struct arr){{a, a + 1, a + 2, a + 3}, {"text", {{1, 2}, {3, a}}}}; }
static async struct arr mk(int a) { await step(0); return plain(a); }
static async int sum(const int *p, int n) { int r = 0; for (int i = 0; i < n; i++) r += p[i] * await step(i + 1); return r; }
static async int one(const char *s, int i) { await step(0); return s[await step(i)]; }
static async int t(int n)
{
    int r = (await mk(1)).v[(await mk(2)).v[await step(0)]];
    r += await sum((await mk(3)).v, 4) + await sum(plain(4).v, 4) + await sum(&plain(5).v[1], 3) + await sum(plain(5).v + 2, await step(2));
    r += await one(plain(1).in.s, 1) + await one((await mk(1)).in.s + await step(1), 1);
    r += plain(6).in.g[await step(1)][await step(1)] + plain(n).v[await step(2)] + (await mk(3)).in.g[1][await step(1)];
    const int *p = (n ? plain(7) : plain(8)).v; (void)p;
    r += (n ? plain(7) : await mk(8)).v[await step(1)] + ({ struct arr a = plain(2); a; }).v[await step(3)];
    int q = 0;
    q = await sum(plain(9).v, await step(3));
    int k = 0;
    await bide_join(k = sum(plain(9).v, await step(3)), one((await mk(1)).in.s, 2), step(1));
    return r + q + k;
}
async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d\n", await t(1));
    return 0;
}
