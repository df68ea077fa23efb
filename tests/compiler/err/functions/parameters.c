#include <bide/bide.h>

static async int one(void)
{
    await bide_yield();
    return 1;
}

/* flags: -Wno-vla-parameter -Wno-unknown-warning-option */
async int declared(int n, int (*a)[n]);
async int star(int n, int a[*][*]);
async int unnamed(int n, int (*)[n]);

static async int awaits(int n, int a[await one()])
{
    return n + a[0];
}

static async int calls(int n, int a[n += one()])
{
    return n + a[0];
}

static async int variable(int n, int a[n][n])
{
    return a[0][0];
}

static async int fine(int n, int a[n], int (*f)(int (*)[n]), int b[sizeof(int[n])])
{
    await bide_yield();
    return a[0] + b[0] + !f;
}
