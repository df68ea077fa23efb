/* Operands that are not evaluated, _Generic, typeof and macros with awaits in them. */
#include "../step.h"

static int calls;

static async long count(void)
{
    await step(0);
    return ++calls;
}

static async char *text(void)
{
    calls++;
    await step(0);
    return "t";
}

#define TWICE(x) ((x) + (x))
#define MAX(a, b) \
    ({ \
        __typeof__(a) max_a = (a); \
        __typeof__(b) max_b = (b); \
        max_a > max_b ? max_a : max_b; \
    })
#define EACH(i, n) for (int i = 0; i < (n); i++)
#define KIND(x) _Generic((x), int: 1, long: 2, const int *: 3, int *: 4, char *: 5, default: 6)

static async int sizes(void)
{
    int a = (int)sizeof(await count());
    int b = (int)sizeof await text();
    int c = (int)_Alignof(__typeof__(await count()));
    __typeof__(await count()) d = 5;
    __typeof__(await text()) e = "e";
    int f = __builtin_types_compatible_p(__typeof__(await count()), long);
    await step(0);
    return (a == sizeof(long)) * 100000 + (b == sizeof(char *)) * 10000 + (c > 0) * 1000 +
           (int)d * 100 + (e[0] == 'e') * 10 + f;
}

static async int generics(void)
{
    const int fixed = await step(1);
    int plain = 2;
    int *p = &plain;
    const int *pc = &fixed;
    await step(0);
    printf("%d%d%d%d%d%d%d ", KIND(fixed), KIND(plain), KIND(p), KIND(pc), KIND(&fixed),
           KIND(&plain), KIND(await text()));
    long v = _Generic(await count(), long: await count(), default: await text() != NULL);
    v += _Generic(plain, int: await step(10), default: await count());
    v += __builtin_choose_expr(1, await step(100), await count());
    return (int)v;
}

static async int macros(void)
{
    int sum = TWICE(await step(3)) + MAX(await step(4), await step(9));
    EACH(i, await step(3))
        sum += await step(i);
    return sum + (int)MAX(await count(), 2L);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        calls = 0;
        printf("%d ", await sizes());
        printf("%d\n", calls);
        printf("%d %d", await generics(), calls);
        printf(" %d %d\n", await macros(), calls);
    }
    return 0;
}
