/* The lengths in the declarations of parameters are evaluated once, in order, when the function
 * begins; they may use the parameters before them.
 * one thread: a task has not begun when its spawn returns. */
#include "../step.h"
#include <bide/bide.h>
#include <stdio.h>
/* flags: -Wno-shadow */

static int calls, order[8], outer = 7;

static int size(int k)
{
    order[calls++] = k;
    return k;
}

static async int entered(int n, int a[n += 1])
{
    await step(0);
    return n + a[0];
}

static async int in_order(int m, int a[size(m)], int b[static size(2)], int c[const size(3)])
{
    int before = calls;
    await step(0);
    return before * 10 + calls + a[0] + b[0] + c[0];
}

/* The length names the variable of the file, which the next parameter hides. */
static async int hidden(int a[outer++], int outer)
{
    await step(0);
    return outer + a[0];
}

static async int several(int n, int a[n += 1][2], int *b[n *= 2], char c[n > 6 ? (n -= 1) : n++])
{
    await step(0);
    return n + a[0][0] + *b[0] + c[0];
}

/* The lengths in an inner prototype are not evaluated; the length in a sizeof is. */
static async int nested(int n, int f(int b[n++]), int a[sizeof(int[n += 3])],
                        int (*g)(int (*)[n++]))
{
    await step(0);
    return n + f(a) + !g;
}

static async int by_address(int k, int a[k++])
{
    int *p = &k;
    await step(0);
    (*p)++;
    return k + a[0];
}

static async int without_effect(const int k, int a[k], int b[k * 2 + 1])
{
    await step(0);
    return k + a[0] + b[0];
}

static int first(int b[1])
{
    return b[0];
}

async int main(void)
{
    int v[8] = {1}, vv[2][2] = {{1}}, *p[1] = {v};
    char c[1] = {1};

    int n = await entered(5, v);
    printf("%d\n", n);
    n = await in_order(1, v, v, v);
    printf("%d %d%d%d\n", n, order[0], order[1], order[2]);
    n = await hidden(v, 3);
    printf("%d %d\n", n, outer);
    n = await several(3, vv, p, c);
    printf("%d\n", n);
    n = await nested(3, first, v, 0);
    printf("%d\n", n);
    n = await by_address(3, v);
    printf("%d\n", n);
    n = await without_effect(3, v, v);
    printf("%d\n", n);

    /* The body begins when the task or the future begins, not when it is made. */
    bide_scope(s)
    {
        bide_task(int) t = bide_scope_spawn(s, hidden(v, 1));
        printf("spawned: %d\n", outer);
        if (await bide_task_join(t, &n) == 0)
            printf("%d %d\n", n, outer);
    }
    bide_future(int) f = bide_lazy(hidden(v, 2));
    printf("lazy: %d\n", outer);
    n = await bide_get(f);
    printf("%d %d\n", n, outer);
    bide_async_fn(int, int, int *) q = bide_ref(entered);
    n = await (*q)(5, v);
    printf("%d\n", n);
    await bide_join(n = entered(1, v), ({ calls = await by_address(2, v); }));
    printf("%d %d\n", n, calls);
    return 0;
}
