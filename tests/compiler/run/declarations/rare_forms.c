/* flags: -Wno-shadow -Wno-dangling-else -Wno-parentheses -Wno-empty-body */
/* Rare forms of C: values of statement expressions after labels, sizes of one local in the types of
 * others, declarations in for-clauses of every kind, dangling else, parameters and results of all
 * forms. */
#include "../step.h"
#include <string.h>
#include <stdbool.h>
static async int twice(int n)
{
    return await step(n) * 2;
}
static async int labelled(int n)
{
    int a = ({
        int t = await step(n);
        if (t > 2)
            goto done;
        t += 10;
done:
        t;
    });
    int b = ({
        int t = n;
        if (t > 2)
            goto end;
        t += await step(10);
end:
        t + 1;
    });
    int c = ({
        switch (await step(n)) {
        case 1: n++;
        }
        n;
    });
    return a * 10000 + b * 100 + c;
}
static async int sizes(int n)
{
    char buf[10] = "abc";
    char *p = buf;
    char copy[sizeof buf];
    int list[sizeof(buf) / sizeof(buf[0])] = {await step(1)};
    __typeof__(buf) twin;
    typedef char buf_t[sizeof copy];
    typedef __typeof__(*p) elem;
    enum { N = sizeof buf, M = sizeof(__typeof__(await twice(1))) };
    struct s {
        char b[sizeof buf];
        elem e;
        unsigned f : sizeof(elem);
    } s = {"q", 'e', 1};
    static char kept[sizeof copy];
    buf_t bt;
    await step(0);
    memcpy(copy, p, sizeof copy);
    memcpy(twin, copy, sizeof twin);
    memcpy(kept, twin, sizeof kept);
    memcpy(bt, kept, sizeof bt);
    switch (await step(10)) {
    case sizeof buf: n++; break;
    case sizeof(int): break;
    }
    await step(0);
    return (int)sizeof(s.b) + N + M + list[0] + bt[1] + s.e + n + (int)(sizeof list / sizeof *list);
}
static async int enums(int n)
{
    enum colour { RED = 1, GREEN = sizeof(int), BLUE = GREEN + 1 } c = RED;
    enum colour *pc = &c;
    await step(0);
    *pc = await step(1) ? GREEN : BLUE;
    {
        enum { RED = 100 };
        n += RED;
        await step(0);
        n += RED;
    }
    return c * n;
}
static async int fors(void)
{
    int r = 0;
    for (struct {
             int a;
             char b[2];
         } s = {await step(3), "x"};
         s.a > await step(0); s.a--)
        r += s.b[0];
    for (int i = 0, *p = &i; *p < await step(3); ++*p)
        r += i;
    for (;;) {
        if (await step(1))
            break;
    }
    return r;
}
static async int dangling(int n)
{
    if (n)
        if (await step(n) > 1)
            return 1;
        else
            return 2;
    else
        return 3;
}
static async int ifs(int n)
{
    if (await step(n))
        ;
    else
        n = 10;
    if (n == 1) {
    } else if (await step(n) == 2)
        n = 20;
    else if (({
                 int q = await step(n);
                 q == 3;
             }))
        n = 30;
    else
        n = 40;
    return n;
}
static async bool flag(void)
{
    return await step(256);
}
static async struct anon {
    int a;
} * anon(void)
{
    return NULL;
}
static async int (*fp(void))(int)
{
    await step(0);
    return NULL;
}
static async int (*arr(void))[3]
{
    static int a[3] = {1, 2, 3};
    await step(0);
    return &a;
}
static async const volatile char *cv(void)
{
    return "q";
}
static async void *vp(const void *restrict p)
{
    await step(0);
    return (void *)p;
}
static async int unnamed(int, int b);
static async int unnamed(int a __attribute__((unused)), int b)
{
    return await step(b);
}
static async int params(int a[3], int f(int), const char s[const restrict static 2], int m[][3],
                        int (*g)(int))
{
    await step(0);
    return a[1] + f(2) + s[1] + m[1][2] + g(3);
}
static int sq(int n)
{
    return n * n;
}
static async long double ld(void)
{
    return 1.5L + await step(1);
}
static async _Complex float cf(void)
{
    return 1.5f + (float)await step(1);
}
static async int compare(const char *a)
{
    return strcmp(a, "x") == 0 ? await step(1) : await step(2);
}
async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d %d %d\n", await labelled(1), await labelled(2), await labelled(3));
        printf("%d %d %d\n", await sizes(3), await enums(2), await fors());
        printf("%d%d%d\n", await dangling(0), await dangling(1), await dangling(2));
        printf("%d %d %d %d\n", await ifs(0), await ifs(1), await ifs(2), await ifs(3));
        int m[2][3] = {{0}, {1, 2, 7}};
        printf("%d %d %d %d %c %d\n", await flag(), (await anon()) == NULL, (await fp()) == NULL,
               (*await arr())[1], *await cv(), *(int *)await vp(m[1]));
        printf("%d %d %.1Lf %.1f %d\n", await unnamed(1, 2), await params(m[1], sq, "ab", m, sq),
               await ld(), (double)__real__ await cf(), await compare("x"));
    }
    return 0;
}
