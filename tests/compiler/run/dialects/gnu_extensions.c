/* GNU C inside async functions: asm, ranges, __extension__, attributes, vectors, empty structs, int128,
 * nested conditionals, local labels, pragmas. */
#include <bide/bide.h>
#include <stdarg.h>
#include <stdio.h>

typedef int four __attribute__((vector_size(16)));
struct empty {
};
struct flexible {
    int n;
    int rest[];
};
struct __attribute__((packed)) packed {
    char c;
    int i;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

static int add_all(int n, ...)
{
    va_list list;
    va_start(list, n);
    int sum = 0;
    while (n--)
        sum += va_arg(list, int);
    va_end(list);
    return sum;
}

static async int assembly(int n)
{
    int out = await later(n);
    __asm__ volatile("" : "+r"(out) : : "memory");
    await bide_yield();
    __asm__("" : "=r"(out) : "0"(out + 1));
    return out;
}

static async int vectors(int n)
{
    four v = {1, 2, 3, n};
    await bide_yield();
    v += (four){10, 10, 10, await later(10)};
    return v[0] + v[3];
}

static async long long wide(void)
{
    __int128 big = (__int128)await later(3) << 70;
    await bide_yield();
    return (long long)(big >> 68);
}

static async int odd_things(int n)
{
    __label__ local;
    struct empty nothing = {};
    struct packed p = {'p', await later(4)};
    int array[] = {[0 ... 3] = n, [4] = 9};
    static struct flexible f = {2, {5, 6}};
    __extension__ int extended = await later(1);
    int unused __attribute__((unused)) = 3;
    (void)nothing;
    await bide_yield();
    if (n > 100)
        goto local;
    n += p.i + array[2] + f.rest[1] + extended;
local:;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
    short s = await later(70000 + n);
#pragma GCC diagnostic pop
    return s - 4464 + (int)__builtin_expect(await later(1), 1) + (int)__builtin_offsetof(struct packed, i);
}

static async int swap(void)
{
    int a = await later(1), b = await later(2);
    a ^= b, b ^= a, a ^= b;
    return a * 10 + b;
}

async int main(void)
{
    printf("%d %d %lld %d %d\n", await assembly(5), await vectors(4), await wide(),
           await odd_things(7), await swap());
    printf("%d\n", add_all(3, await later(1), 2, await later(3)));
    return 0;
}
