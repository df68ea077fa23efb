/* Declarations of scalars: every storage class and qualifier, each live over awaits. */
#include "../step.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

static _Thread_local int per_thread = 5;

static async int qualifiers(int x, const int fixed, int *const restrict out)
{
    const int c = x + 1;
    const int d = await step(c) + c;
    volatile int v = x;
    _Atomic int a = 3;
    atomic_int b = x;
    register int r = x * 2;
    auto int u = 7;
    static int calls;
    static const char *const names[] = {"zero", "one"};
    static _Thread_local int local_thread = 1;
    extern int outside;
    int unset;
    bool flag = x > 1;
    const bool sure = true;
    int *p = &u;
    int *const q = p;
    const int *pc = &c;
    await step(0);
    calls++;
    v += await step(c);
    a += await step(2);
    atomic_fetch_add(&b, await step(d));
    r += await step(r);
    *q += await step(1);
    unset = r;
    per_thread += await step(1);
    per_thread = 5 + calls; /* here it may be another thread's */
    local_thread = 6 * calls - 5;
    local_thread += per_thread;
    *out = *pc + fixed;
    printf("%d %d %d %d %d %d %d %d %s %d %d %d %d\n", c, d, v, a, b, r, u, calls,
           names[calls & 1], outside, unset, flag && sure, local_thread);
    return *p + *out;
}

int outside = 41;

static async int inferred(int x)
{
    __auto_type a = await step(x) + 1L;
    __auto_type b = a * 2;
    __auto_type c = &x;
    __typeof__(x) d = await step(x);
    __typeof__(a + d) e = a;
    __typeof__(&d) f = &d;
    typeof(int[3]) g = {1, await step(2), 3};
    __auto_type h = g;
    await step(0);
    *f += *c;
    return (int)(a + b + d + e + g[1] + h[2]) * 10 + (sizeof a == sizeof(long)) +
           (sizeof d == sizeof(int));
}

static async int many(void)
{
    int a = 1, b = await step(a + 1), *c = &b, d[2] = {b, await step(4)}, e;
    unsigned long long f = 1ull << 40, g = f + (unsigned)await step(1);
    float h = 1.5f;
    double i = (double)h + await step(1), j = i;
    char k = 'x', *l = &k;
    signed char m = -1;
    uint8_t n = 255;
    int32_t o = (int32_t)await step(-3);
    _Complex double z = 1.0 + 2.0i;
    e = await step(5);
    z += await step(1);
    *l = (char)(k + await step(1));
    n++;
    m -= (signed char)await step(1);
    printf("%d %d %d %d %d %llu %.1f %.1f %.1f %c %d %d %d %.0f %.0f\n", a, *c, d[0], d[1], e, g - f,
           (double)h, i, j, k, m, n, o, __real__ z, __imag__ z);
    return e;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int out = 0;
        printf("%d\n", await qualifiers(2, 9, &out));
        printf("%d\n", await inferred(3));
        await many();
    }
    return 0;
}
